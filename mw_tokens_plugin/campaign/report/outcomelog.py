"""The log of outcomes: a line of JSON for each target, as soon as it has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from mw_tokens_plugin.campaign.records import Campaign, Outcome, Target, now
from mw_tokens_plugin.campaign.report.hiding import without_own_name
from mw_tokens_plugin.campaign.report.texts import iso, to_json


class JsonLog:
    """One line of JSON for each target that has ended.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        file: TextIO,
        campaign: Campaign,
        clock: Callable[[], datetime] = now,
        hide_names: Callable[[str], str] = str,
    ) -> None:
        """Write to a file that is open.

        :param clock: the present moment in UTC
        :param hide_names: replaces names that must not be shown
        """
        self._file = file
        self._hide_names = hide_names
        self._campaign = campaign.name
        self._clock = clock
        self._lock = threading.Lock()

    def outcome(self, target: Target, outcome: Outcome) -> None:
        """Write how one target ended, at once."""
        line = {
            'time': iso(self._clock()),
            'campaign': self._campaign,
            'target': self._hide_names(target.label),
            'central_id': target.decision.central_id,
            'state': outcome.state.value,
            'changed': outcome.changed,
            'detail': self._hide_names(without_own_name(target, outcome.detail)),
        }
        with self._lock:
            self._file.write(to_json(line) + '\n')
            self._file.flush()
