"""What stops a campaign that goes wrong, or that somebody wants to stop.

Guards are called before every target, and raise an error to stop the campaign. Whether
a single target is skipped is left to the plan.
"""

from __future__ import annotations

import re
import shlex
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mw_tokens_plugin.campaign.records import Campaign, Outcome, State
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import quantity

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.ledger import Ledger
    from mw_tokens_plugin.site.pluginsite import PluginSite

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

    def __str__(self) -> str:
        """Return what :meth:`parse` reads."""
        return f'{self.number}%' if self.is_percentage else str(self.number)

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
        """Count in the ledger what ends from now on, in all runs.

        :param clock: seconds
        """
        self._ledger = ledger
        self._campaign = campaign
        self._threshold = threshold
        self._looks = _Bounded(_COUNT_EVERY, clock)
        self._before = ledger.counts(campaign)
        self._failed = self._done = 0

    def observe(self, outcome: Outcome) -> None:
        """Count an outcome of this run at once."""
        if outcome.state is State.FAILED:
            self._failed += 1
        else:
            self._done += 1

    def check(self) -> None:
        """Compare, and look what the other runs have done, if it is time.

        :raises StoppedByGuard: too many have failed
        """
        if self._looks.is_due():
            self._count()
        if self._threshold.is_passed(self._failed, self._done):
            raise StoppedByGuard(
                f'Of {quantity(self._failed + self._done, "target")}, {self._failed} '
                'failed: more failures than -max-failures allows. Find out why, then '
                'resume.'
            )

    def _count(self) -> None:
        counts, before = self._ledger.counts(self._campaign), self._before
        self._failed = counts[State.FAILED] - before[State.FAILED]
        self._done = counts[State.DONE] - before[State.DONE]


class StopPage:
    """Stops a campaign as soon as a page of the wiki is changed."""

    def __init__(
        self,
        site: PluginSite,
        title: str,
        revision: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember the page as it was when it was named.

        :param revision: the number of its latest revision then
        :param clock: seconds
        """
        self._site = site
        self._title = title
        self._revision = revision
        self._looks = _Bounded(_LOOK_EVERY, clock)

    def observe(self, outcome: Outcome) -> None:
        """Leave the outcomes to others."""

    def check(self) -> None:
        """Look, if it is time.

        :raises StoppedByGuard: the page was changed
        """
        if self._looks.is_due():
            self.look()

    def look(self) -> None:
        """Look now.

        :raises StoppedByGuard: the page was changed
        """
        if page_revision(self._site, self._title) != self._revision:
            again = shlex.quote(f'-stop-page:{self._title}')
            raise StoppedByGuard(
                f'{self._title} on {self._site} was changed, which stops the campaign. '
                f'Read there why. If it may continue: -resume {again}.'
            )


def page_revision(site: PluginSite, title: str) -> int:
    """Return the number of the latest revision of a page; 0 if there is none.

    https://www.mediawiki.org/wiki/API:Info

    :raises InvalidInput: it is no title of one page
    """
    answer = site.simple_request(
        action='query', titles=title, prop='info', formatversion=2
    ).submit()
    pages = answer.get('query', {}).get('pages', ())
    if len(pages) != 1 or pages[0].get('invalid'):
        raise InvalidInput(f'-stop-page:{title} is not the title of a page.')
    return int(pages[0].get('lastrevid', 0))


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
