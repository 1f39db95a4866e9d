"""The writes of a campaign as an operator runs them: paced, guarded, and stopped.

The loop itself is :mod:`mw_tokens_plugin.campaign.engine`.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.budget import Budget
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.guards import FailureGuard, StopPage, page_revision
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.report.wording import duration
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import ActiveRun
from mw_tokens_plugin.cli.declaration import Kind
from mw_tokens_plugin.cli.login import account_of
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.run import Run
from mw_tokens_plugin.cli.streams import leave_terminal, say
from mw_tokens_plugin.messages import message


@dataclass
class Writing:
    """What one run writes for a campaign.

    :ivar observe: gets every outcome, besides the reporter
    :ivar ended: how many targets have ended in this run, by their state
    :ivar done_before: how many of these the operator had done before it
    """

    run: Run[CampaignOptions]
    kind: Kind
    action: Action
    sealer: Sealer
    observe: Callable[[Target, Outcome], None]
    ended: Counter[State] = field(default_factory=Counter)
    done_before: int = 0

    #: What stops a campaign, while it writes.
    _guards: list[FailureGuard | StopPage] = field(default_factory=list)
    #: The pace on each of many wikis, or on all.
    _budgets: dict[str, Budget] = field(default_factory=dict)
    _stop: bool = False
    _is_writing: bool = False
    _waits_for_others: bool = False

    def engine(self, campaign: Campaign, active: ActiveRun) -> Engine:
        """Return the engine for a campaign; :meth:`write` starts it.

        :param active: the run that is active on the campaign
        """
        return Engine(
            self.run.ledger,
            campaign,
            self.action,
            active,
            workers=self.run.options.workers,
            policy=RetryPolicy(sleep=self._sleep, should_stop=lambda: self._stop),
            pace=self._pace,
            guard=self._check,
            should_stop=lambda: self._stop,
            observe=self._ended,
            wait_for_others=self._say_waiting_for_others,
            before_pause=self._say_pause,
            sleep=self._sleep,
            sealer=self.sealer,
        )

    def keep_stop_page(self, campaign: Campaign) -> Campaign:
        """Remember the page that stops a campaign, as it is when it is named."""
        title = self.run.options.stop_page
        if title is None:
            return campaign
        stop = {'title': title, 'revision': page_revision(self.run.site, title)}
        return self.sealer.keep('stop_page', lambda _old: stop)

    def write(self, campaign: Campaign, engine: Engine) -> Finish:
        """Write, until all is done or something stops it.

        :raises StoppedByGuard: the page that stops it has been changed already
        """
        run = self.run
        if (threshold := run.options.max_failures) is not None:
            self._guards.append(FailureGuard(run.ledger, campaign, threshold))
        if stop := campaign.options.get('stop_page'):
            page = StopPage(run.site, stop['title'], stop['revision'])
            page.look()
            self._guards.append(page)
        self._is_writing = True
        with run.reporter.progress(self.action.describe(), run.ledger.to_do(campaign)):
            return engine.run()

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Finish the current target on the first signal, stop at once on the next."""
        leave_terminal()
        if self._stop and number == getattr(signal, 'SIGHUP', None):
            # A shell and the system may both tell that the terminal is gone.
            return
        if self._stop or not self._is_writing:
            raise KeyboardInterrupt
        self._stop = True
        say(message('campaign-stopping'))

    def _pace(self, target: Target) -> float:
        """Return the seconds to wait before the next write, as pywikibot's throttle."""
        site = self.run.site
        wiki = (target.decision.partition if self.kind.by_wiki else None) or ''
        if wiki not in self._budgets:
            who = f'{account_of(site)} {wiki}'.rstrip()
            self._budgets[wiki] = Budget(self.run.ledger.database, who, self._interval)
        throttled: float = site.throttle.waittime(write=True)
        return max(self._budgets[wiki].reserve(), throttled)

    def _interval(self) -> float:
        """Return the operator's pause between two writes.

        pywikibot multiplies it by its processes on this wiki; the budget holds for
        all of them together.
        """
        throttle = self.run.site.throttle
        delay = throttle.get_delay(write=True) / throttle.process_multiplicity
        return float(delay)

    def _check(self) -> None:
        for guard in self._guards:
            guard.check()

    def _ended(self, target: Target, outcome: Outcome) -> None:
        for guard in self._guards:
            guard.observe(outcome)
        self.ended[outcome.state] += 1
        self.done_before += outcome.is_earlier
        self.run.reporter.outcome(target, outcome)
        self.observe(target, outcome)

    def _sleep(self, seconds: float) -> None:
        """Sleep, but not through an order to stop."""
        end = time.monotonic() + seconds
        while not self._stop and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _say_pause(self, target: Target, error: Exception, seconds: float) -> None:
        about = str(error)
        if target.decision.hidden:
            about = about.replace(target.name, target.label)
        time = duration(seconds)
        self.run.reporter.say(
            'campaign-pause', target=target.label, time=time, error=about
        )

    def _say_waiting_for_others(self) -> None:
        if not self._waits_for_others:
            self._waits_for_others = True
            self.run.reporter.say('campaign-waiting')
