"""What stops a campaign that goes wrong, or that somebody wants to stop.

Guards are asked before every target and raise; they decide on no single target.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard

#: Seconds between two looks at the ledger, or at a page of the wiki.
_COUNT_EVERY = 1.0
_LOOK_EVERY = 30.0

#: Targets that must have ended before a percentage says anything.
_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many targets may fail: a number, or a part of those that have ended.

    .. version-added:: 0.1
    """

    number: int
    is_percentage: bool = False

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Read ``10`` or ``5%``.

        :raises InvalidInput: it is neither
        """
        found = re.fullmatch(r'(\d+)(%?)', text)
        if found is None or (found[2] and int(found[1]) > 100):
            raise InvalidInput(f'{text!r}: give a number or a percentage, as 10 or 5%.')
        return cls(int(found[1]), bool(found[2]))

    def is_passed(self, failed: int, done: int) -> bool:
        """Tell whether too many have failed."""
        if not self.is_percentage:
            return failed > self.number
        ended = failed + done
        return ended >= _ENOUGH and failed * 100 > self.number * ended


class FailureGuard:
    """Stops a campaign of which too much fails."""

    def __init__(
        self,
        ledger: Ledger,
        campaign: Campaign,
        threshold: Threshold,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Count from the ledger, so that all runs count together.

        :param clock: seconds
        """
        self._ledger = ledger
        self._campaign = campaign
        self._threshold = threshold
        self._looks = _Bounded(_COUNT_EVERY, clock)

    def check(self) -> None:
        """Look, if it is time.

        :raises StoppedByGuard: too many have failed
        """
        if not self._looks.is_due():
            return
        counts = self._ledger.counts(self._campaign)
        failed, done = counts[State.FAILED], counts[State.DONE]
        if self._threshold.is_passed(failed, done):
            raise StoppedByGuard(
                f'{failed} targets have failed, {done} are done: more failures than '
                '-max-failures allows. Find out why, then go on.'
            )


class StopPage:
    """Stops a campaign as soon as a page of the wiki is changed.

    https://www.mediawiki.org/wiki/API:Info
    """

    def __init__(
        self, site: Any, title: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Remember the page as it is now.

        :param clock: seconds
        """
        self._site = site
        self._title = title
        self._revision = self._latest_revision()
        self._looks = _Bounded(_LOOK_EVERY, clock)

    def check(self) -> None:
        """Look, if it is time.

        :raises StoppedByGuard: the page was changed
        """
        if self._looks.is_due() and self._latest_revision() != self._revision:
            raise StoppedByGuard(
                f'{self._title} on {self._site} was changed, which stops the campaign. '
                'Read there why.'
            )

    def _latest_revision(self) -> int:
        answer = self._site.simple_request(
            action='query', titles=self._title, prop='info', formatversion=2
        ).submit()
        (page,) = answer['query']['pages']
        if page.get('invalid'):
            raise InvalidInput(f'-stop-page:{self._title} is not a title of a page.')
        return int(page.get('lastrevid', 0))


class _Bounded:
    """Says every so many seconds that it is time, to one of the threads that ask."""

    def __init__(self, interval: float, clock: Callable[[], float]) -> None:
        self._interval = interval
        self._clock = clock
        self._last = clock()
        self._lock = threading.Lock()

    def is_due(self) -> bool:
        with self._lock:
            due = self._clock() - self._last >= self._interval
            if due:
                self._last = self._clock()
            return due
