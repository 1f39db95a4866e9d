"""Targets that come back into the hands of a run, which would keep it busy without end.

Others can put into a ledger again what a run takes out of it, or let the database do
that. What is done with targets that come back is left to the engine.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from mw_tokens_plugin.campaign.numbersets import NumberSet
from mw_tokens_plugin.campaign.records import Target
from mw_tokens_plugin.exceptions import StoppedByGuard
from mw_tokens_plugin.messages import quantity

#: How often a run takes the same target, or what the same dead run has left behind:
#: runs that die one after the other leave a target behind a few times.
_MOST = 10


class Returning:
    """The targets that one run has leased, and those that it has ended.

    .. version-added:: 0.1
    """

    def __init__(self) -> None:
        #: Targets that the run has had, and how often it has had some of them again.
        self._taken = NumberSet()
        self._had: Counter[int | str] = Counter()
        self._ended = NumberSet()
        self._counting = threading.Lock()

    def end(self, target: Target) -> None:
        """Take note that the run has ended a target."""
        self._ended.add(target.id)

    def is_ended(self, target: Target) -> bool:
        """Tell whether the run has ended a target, so that it may have been sent."""
        return target.id in self._ended

    def take(self, targets: Sequence[Target]) -> StoppedByGuard | None:
        """Count that the run has these targets; return the error if it is too often."""
        with self._counting:
            for target in targets:
                if target.id in self._taken:
                    self._had[target.id] += 1
                self._taken.add(target.id)
        back = [target for target in targets if self._had[target.id] >= _MOST]
        return self.error(back) if back else None

    @staticmethod
    def error(back: Sequence[Target]) -> StoppedByGuard:
        """Return the error for targets that others put back."""
        number = quantity(len(back), 'target')
        come, they = ('comes', 'it') if len(back) == 1 else ('come', 'them')
        return StoppedByGuard(
            f'{number} that this run has ended, or taken out of the plan, {come} back: '
            f'somebody else puts {they} into the ledger again, the first being '
            f'{back[0].label}. Nothing more was sent for {they}.'
        )

    def take_from(self, dead: str) -> StoppedByGuard | None:
        """Count that the run takes over what a dead one has left behind.

        :return: the error if that does not change anything
        """
        with self._counting:
            self._had[dead] += 1
        if self._had[dead] <= _MOST:
            return None
        return StoppedByGuard(
            'What a dead run has left behind cannot be taken over: somebody else puts '
            'it into the ledger again. Nothing more was sent.'
        )
