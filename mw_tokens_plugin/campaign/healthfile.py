"""The file by which an orchestrator sees that a run is alive.

It is written after heartbeats that the ledger has kept, and so gets old when the
process hangs, when the ledger is gone, and when another run has taken this one for
dead. What is done about that is left to the orchestrator.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone

from mw_tokens_plugin.privatefiles import replacing

#: Seconds between two times that it is written.
EVERY = 5.0


class HealthFile:
    """Written again and again while a run is alive.

    .. version-added:: 0.1
    """

    def __init__(
        self, path: str, campaign: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Write nothing yet.

        :param campaign: the name of what the run works on
        """
        self._path = path
        self._campaign = campaign
        self._clock = clock
        self._last: float | None = None

    def __call__(self) -> None:
        """Write it, unless that was done just now.

        A file that cannot be written gets old, and a run does not end for that.
        """
        moment = self._clock()
        if self._last is not None and moment - self._last < EVERY:
            return
        self._last = moment
        at = datetime.now(timezone.utc).isoformat(timespec='seconds')
        with suppress(OSError), replacing(self._path) as file:
            json.dump({'campaign': self._campaign, 'alive_at': at}, file)
            file.write('\n')
