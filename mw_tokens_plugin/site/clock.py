"""The server's clock, as its latest answer told it.

Only that clock can be compared with times in the wiki's logs: this machine's own clock
may be hours off.

https://www.rfc-editor.org/rfc/rfc9110#field.date
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache


class ServerClock:
    """Tells what time it is on the server, without asking it.

    :ivar offset: seconds by which the server is ahead of this machine
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Go by this machine's clock until the server has answered.

        :param clock: seconds since the epoch, by this machine
        """
        self.offset = 0.0
        self._clock = clock

    def heard(self, date: str | None) -> None:
        """Take the time from an answer that has just come.

        :param date: its header ``Date``, if it has one
        """
        server = None if date is None else _seconds(date)
        if server is not None:
            # It tells whole seconds, so on average it is half a second later.
            self.offset = server + 0.5 - self._clock()

    def seconds(self) -> float:
        """Return the server's present time in seconds since the epoch."""
        return self._clock() + self.offset

    def now(self) -> datetime:
        """Return the server's present time in UTC, without a zone."""
        here = datetime.fromtimestamp(self._clock(), timezone.utc)
        return here.replace(tzinfo=None) + timedelta(seconds=self.offset)


@lru_cache(maxsize=8)
def _seconds(date: str) -> float | None:
    """Return a moment in seconds since the epoch; answers of one second name one."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
