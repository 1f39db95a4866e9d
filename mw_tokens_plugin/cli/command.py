"""One campaign as an operator runs it: list, plan, confirm, carry out, sum up.

It is the part that the scripts share; what is done to a target is the action's
business, and how it is started the script's.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.budget import Budget
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.exitcodes import ExitCode, exit_code_of
from mw_tokens_plugin.campaign.guards import (
    FailureGuard,
    StopPage,
    Threshold,
    page_revision,
)
from mw_tokens_plugin.campaign.heartbeats import PATIENCE
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import check_again, is_stale, make_plan
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.report.console import Reporter, duration, reason_line
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.wording import confirm_few, confirm_many, to_do
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import Run, at_work
from mw_tokens_plugin.cli.launch import stop_signals
from mw_tokens_plugin.cli.streams import leave_terminal, say
from mw_tokens_plugin.cli.tracebacks import internal_error
from mw_tokens_plugin.exceptions import CampaignBusy, LedgerFailure, StoppedByGuard
from mw_tokens_plugin.messages import message

#: Plans up to this long are confirmed by "y", longer ones by typing their number.
FEW = 5

#: What is typed instead of the number to see the whole plan.
_LIST = 'list'

#: Workers that an account has at most, unless the operator insists. Each more of
#: them is one more write at the same time, on databases that everybody shares.
MAX_WORKERS = 3

#: Characters of a reason that MediaWiki keeps (``COMMENT_CHARACTER_LIMIT``).
MAX_REASON = 500

#: Longest plan without a terminal, where the operator names no other.
MAX_UNATTENDED = 100


@dataclass(frozen=True, slots=True)
class Consent:
    """What the operator has agreed to on the command line.

    :ivar always: carry the plan out without asking
    :ivar simulate: stop after the plan
    :ivar longest: refuse longer plans; None is no limit
    :ivar workers: how many threads work side by side
    :ivar join: help another run that is at work
    :ivar insist: have more workers than is polite
    :ivar max_failures: what stops a campaign that goes wrong
    :ivar stop_page: a page on the wiki whose change from now on stops the campaign;
        empty for none, None for the one that was named before
    :ivar twice: what cannot be undone and is asked for once more, as words to be
        typed; empty if nothing
    """

    always: bool = False
    simulate: bool = False
    longest: int | None = None
    workers: int = 1
    join: bool = False
    insist: bool = False
    max_failures: Threshold | None = None
    stop_page: str | None = None
    twice: str = ''


class Command:
    """Runs one campaign for an operator.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        ledger: Ledger,
        action: Action,
        site: Any,
        reporter: Reporter,
        consent: Consent,
        *,
        resume_line: str,
        undo_line: str = '',
        show_line: str = '',
        look_line: str = '',
        retry_line: str = '',
        side_by_side: bool = False,
        observe: Callable[[Target, Outcome], None] = lambda target, outcome: None,
        ask: Callable[[str], str] = pywikibot.input,
        policy: RetryPolicy | None = None,
        name_filter: NameFilter | None = None,
        sealer: Sealer | None = None,
    ) -> None:
        """Get everything that a run needs.

        :param site: the wiki that is written to
        :param resume_line: the command that goes on with this campaign
        :param undo_line: the command that undoes it; empty if none does
        :param show_line: the command that shows all of it
        :param look_line: the command that asks before it goes on
        :param retry_line: the command that does what has failed again
        :param side_by_side: whether each worker writes to a wiki of its own, where
            pywikibot's throttle keeps the pace; else all of them together keep it
        :param observe: told of every outcome, besides the reporter
        :param ask: asks the operator
        :param policy: how often a target is tried
        :param name_filter: refreshed when the plan has found more names to be hidden
        :param sealer: judges what the operator has agreed to; without one the ledger
            is trusted
        """
        self._sealer = sealer
        #: Outcomes of this run, and how many targets the operator had done before it.
        self._ended: Counter[State] = Counter()
        #: How many targets the plan had that the operator was shown.
        self._shown = 0
        #: What stops a campaign, while it is carried out.
        self._guarding: list[FailureGuard | StopPage] = []
        self._done_before = 0
        self._ledger = ledger
        self._action = action
        self._site = site
        self._reporter = reporter
        self._consent = consent
        self._resume_line = resume_line
        self._undo_line = undo_line
        self._show_line = show_line
        self._look_line = look_line or resume_line
        self._retry_line = retry_line
        self._side_by_side = side_by_side
        self._partitions = consent.workers if side_by_side else 1
        self._observe = observe
        self._name_filter = name_filter
        self._ask = ask
        self._policy = policy or RetryPolicy(
            sleep=self._sleep, should_stop=lambda: self._stop
        )
        self._stop = False
        self._at_work = False
        self._waits_for_others = False

    def run(self, campaign: Campaign, run: Run | None = None) -> ExitCode:
        """Plan, confirm and carry out a campaign whose targets are listed.

        :param run: the one that is at work on it already
        :raises CampaignBusy: another run is at work on it
        :raises StoppedByGuard: the plan is too long, or was not confirmed
        :raises TokensPluginError: planning was not possible
        """
        # Attempts are compared with the logs of the wiki, so its clock tells the time.
        self._ledger.clock = self._site.tokens.session.clock.now
        try:
            with (
                at_work(
                    self._ledger,
                    campaign,
                    account=self._account(),
                    workers=self._consent.workers,
                    max_workers=None if self._consent.insist else MAX_WORKERS,
                    join=self._consent.join,
                    run=run,
                    waiting=self._say_waiting,
                ) as begun,
                self._stopping_in_order(),
            ):
                return self._run(campaign, begun)
        except KeyboardInterrupt:
            self._reporter.line(message('campaign-interrupted', line=self._resume_line))
            return ExitCode.INTERRUPTED
        except Exception as error:
            if exit_code_of(error) is ExitCode.INTERNAL or isinstance(
                error, LedgerFailure
            ):
                line = message('campaign-to-resume', line=self._resume_line)
                self._reporter.line(line, urgent=True)
            raise

    def _run(self, campaign: Campaign, run: Run) -> ExitCode:
        finish = Finish()
        if campaign.finished_at is None:
            campaign = self._keep_stop_page(campaign)
            engine = self._engine(campaign, run)
            if self._is_in_other_hands(campaign) and not run.joined:
                # What nobody holds any more is asked for with the rest.
                engine.reconcile_left()
            campaign = self._planned(campaign)
            if self._consent.simulate and self._to_do(campaign):
                if self._sealer is not None:
                    # It is shown to be looked at, whoever has listed it.
                    self._sealer.adopt()
                self._reporter.line(
                    message('campaign-simulated', line=self._resume_line)
                )
                return ExitCode.DONE
            if not self._is_confirmed(campaign):
                self._confirm(campaign)
                if self._sealer is not None:
                    self._sealer.confirm()
                campaign = self._ledger.mark(campaign, 'confirmed_at')
            finish = self._try(campaign, engine)
            if isinstance(finish.error, CampaignBusy) and not self._to_do(campaign):
                self._reporter.line(message('campaign-finished-by-others'), urgent=True)
                finish = Finish()
            if isinstance(finish.error, LedgerFailure):
                return self._sum_up_without_ledger(campaign, finish)
            if finish.is_whole and not self._to_do(campaign):
                campaign = self._ledger.mark(campaign, 'finished_at')
        self._sum_up(campaign, finish)
        return self._code(campaign, finish)

    def _is_confirmed(self, campaign: Campaign) -> bool:
        """Tell whether this operator has agreed to all that is to be done."""
        if campaign.confirmed_at is None:
            return False
        sealer = self._sealer
        if sealer is None or not self._to_do(campaign):
            return True
        return sealer.is_confirmed and not sealer.has_pending

    def _planned(self, campaign: Campaign) -> Campaign:
        """Plan what is not planned yet, by this operator, and show it.

        :raises StoppedByGuard: the plan is too long
        """
        before = self._ledger.counts(campaign)
        listed, planned = before[State.LISTED], before[State.PLANNED]
        is_new = campaign.planned_at is None or bool(listed)
        stale = not is_new and is_stale(campaign)
        foreign = 0
        if self._sealer is not None:
            states = [State.LEASED] if stale else [State.PLANNED, State.LEASED]
            foreign = sum(
                self._sealer.vouched(target) is None
                for state in states
                if before[state]
                for target in self._ledger.targets(campaign, state)
            )
        was_confirmed = self._is_confirmed(campaign)
        if not (is_new or stale or foreign) and was_confirmed:
            return campaign
        if stale:
            self._reporter.line(message('campaign-stale'))
        if self._sealer is not None and (is_new or stale):
            self._sealer.begin(confirmed=stale and was_confirmed)
        if is_new:
            watch = self._reporter.watch('campaign-planning', total=listed)
            campaign = make_plan(
                self._ledger, campaign, self._action, watch, self._sealer
            )
        if stale or foreign:
            watch = self._reporter.watch('campaign-planning', total=foreign or planned)
            campaign = check_again(
                self._ledger,
                campaign,
                self._action,
                watch,
                self._sealer,
                only_unsealed=not stale,
            )
        self._say_whose(campaign)
        if self._name_filter is not None:
            self._name_filter.refresh()
        to_do = self._shown = sum(1 for _ in self._in_plan(campaign))
        self._reporter.line(
            message('campaign-heading', name=campaign.name, wiki=self._where())
        )
        if self._reporter.interactive:
            self._reporter.line(reason_line(campaign), plan=True)
        else:
            names = self._name_filter or NameFilter(self._ledger)
            self._reporter.line(reason_line(names.campaign(campaign)))
        for reason in (campaign.reason, *campaign.options.get('reasons', {}).values()):
            if len(reason) > MAX_REASON:
                about = {'number': len(reason), 'most': MAX_REASON}
                self._reporter.line(message('campaign-reason-long', **about))
        self._show_plan(campaign)
        self._say_duration(to_do)
        if self._consent.longest is not None and to_do > self._consent.longest:
            raise StoppedByGuard(
                f'The plan has {to_do} targets, and -max is {self._consent.longest}; '
                f'nothing was sent. To carry it out: {self._resume_line} -max:{to_do}'
            )
        return campaign

    def _say_whose(self, campaign: Campaign) -> None:
        """Say that others have begun, added or changed what is shown."""
        if self._sealer is None or not self._sealer.has_pending:
            return
        by = campaign.operator
        key = 'campaign-of-colleague' if by != self._user() else 'campaign-not-sealed'
        self._reporter.line(message(key, operator=by), urgent=True)

    def _show_plan(self, campaign: Campaign, *, everything: bool = False) -> None:
        self._reporter.plan(
            lambda number: to_do(self._action, number),
            self._in_plan(campaign),
            self._ledger.targets(campaign, State.SKIPPED),
            self._action.columns,
            more=self._show_line,
            everything=everything,
        )

    def _in_plan(self, campaign: Campaign) -> Iterator[Target]:
        """Yield what this operator is to agree to, or has agreed to before.

        That includes what a run has in its hands, which may be killed, or was.
        """
        for state in (State.PLANNED, State.LEASED):
            for target in self._ledger.targets(campaign, state):
                if self._sealer is None or self._sealer.vouched(target) is not None:
                    yield target

    def _confirm(self, campaign: Campaign) -> None:
        number = self._shown
        if not number:
            return
        if (
            self._sealer is not None
            and self._sealer.has_pending
            and self._consent.always
        ):
            raise StoppedByGuard(
                f'{campaign.name!r} is not what you have agreed to, and -always does '
                'not agree to what others have put into the ledger: nothing was sent. '
                f'Look at it first, at a terminal or with -simulate: {self._look_line}'
            )
        if not self._consent.always:
            if number <= FEW:
                answer = self._answer(confirm_few(self._action, number))
                agreed = answer.strip().lower() in ('y', 'yes')
            else:
                while True:
                    question = confirm_many(self._action, number)
                    if (answer := self._answer(question).strip()) != _LIST:
                        break
                    self._show_plan(campaign, everything=True)
                    # Others may have gone on meanwhile.
                    number = sum(1 for _ in self._in_plan(campaign))
                agreed = answer == str(number)
            if not agreed:
                raise StoppedByGuard(
                    f'Not confirmed; nothing was sent. The plan is kept: '
                    f'{self._resume_line}'
                )
        if self._consent.twice:
            answer = self._answer(
                message('campaign-confirm-twice', words=self._consent.twice)
            )
            if answer.strip() != self._consent.twice:
                raise StoppedByGuard(
                    f'Not confirmed; nothing was sent. The plan is kept: '
                    f'{self._resume_line}'
                )

    def _answer(self, question: str) -> str:
        try:
            return self._ask(question)
        except EOFError:
            return ''

    def _is_in_other_hands(self, campaign: Campaign) -> bool:
        """Tell whether something may have been sent for which no own seal vouches."""
        return self._sealer is not None and any(
            self._sealer.vouched(target) is None
            for target in self._ledger.targets(campaign, State.LEASED)
        )

    def _try(self, campaign: Campaign, engine: Engine) -> Finish:
        self._guarding += self._guards(campaign)
        self._at_work = True
        with self._reporter.progress(self._action.describe(), self._to_do(campaign)):
            return engine.run()

    def _engine(self, campaign: Campaign, run: Run) -> Engine:
        budgets: dict[str, Budget] = {}

        def pace(target: Target) -> float:
            # Wikis side by side have a pace each, as pywikibot's throttle does it.
            partition = (
                target.decision.partition if self._side_by_side else None
            ) or ''
            if partition not in budgets:
                who = f'{self._account()} {partition}'.rstrip()
                budgets[partition] = Budget(self._ledger.database, who, self._interval)
            throttled: float = self._site.throttle.waittime(write=True)
            return max(budgets[partition].reserve(), throttled)

        def check() -> None:
            for guard in self._guarding:
                guard.check()

        def observe(target: Target, outcome: Outcome) -> None:
            for guard in self._guarding:
                guard.observe(outcome)
            self._ended[outcome.state] += 1
            self._done_before += outcome.is_earlier
            self._reporter.outcome(target, outcome)
            self._observe(target, outcome)

        return Engine(
            self._ledger,
            campaign,
            self._action,
            run,
            workers=self._consent.workers,
            policy=self._policy,
            pace=pace,
            guard=check,
            should_stop=lambda: self._stop,
            observe=observe,
            wait_for_others=self._say_waiting_for_others,
            before_pause=self._say_pause,
            sleep=self._sleep,
            sealer=self._sealer,
        )

    def _guards(self, campaign: Campaign) -> list[FailureGuard | StopPage]:
        """Return what stops a campaign that goes wrong, or that somebody stops.

        :raises StoppedByGuard: the page that stops it has been changed already
        """
        guards: list[FailureGuard | StopPage] = []
        if self._consent.max_failures is not None:
            guards.append(
                FailureGuard(self._ledger, campaign, self._consent.max_failures)
            )
        if stop := campaign.options.get('stop_page'):
            page = StopPage(self._site, stop['title'], stop['revision'])
            page.look()
            guards.append(page)
        return guards

    def _keep_stop_page(self, campaign: Campaign) -> Campaign:
        """Remember the page that stops a campaign, as it is when it is named."""
        title = self._consent.stop_page
        if title is None:
            return campaign
        stop = title and {'title': title, 'revision': page_revision(self._site, title)}
        campaign = self._ledger.keep(campaign, 'stop_page', stop or None)
        if self._sealer is not None:
            self._sealer.move_to(campaign)
        return campaign

    def _user(self) -> str:
        return str(self._site.username())

    def _account(self) -> str:
        return f'{self._user()}@{self._site}'

    def _interval(self) -> float:
        """Return the operator's pause between two writes.

        pywikibot multiplies it by its processes on this wiki; the budget holds for
        all of them together.
        """
        throttle = self._site.throttle
        delay = throttle.get_delay(write=True) / throttle.process_multiplicity
        return float(delay)

    def _sum_up(self, campaign: Campaign, finish: Finish) -> None:
        ledger = self._ledger
        self._reporter.summary(
            campaign.name,
            ledger.counts(campaign),
            ledger.changed_count(campaign),
            ledger.skip_counts(campaign),
            ledger.retries(campaign),
            ledger.targets(campaign, State.FAILED),
            ledger.targets(campaign, State.SKIPPED),
            self._remarks(campaign, finish),
            more=self._show_line,
        )

    def _sum_up_without_ledger(self, campaign: Campaign, finish: Finish) -> ExitCode:
        """Say what this run has come to where the ledger does not tell any more."""
        assert finish.error is not None
        done, failed = self._ended[State.DONE], self._ended[State.FAILED]
        for line in (
            '',
            message('campaign-name', name=campaign.name),
            message('campaign-this-run', done=done, failed=failed),
            message('campaign-ledger', place=self._ledger.location),
            message('campaign-stopped', error=str(finish.error)),
            message('campaign-to-resume', line=self._resume_line),
        ):
            self._reporter.line(line, urgent=True)
        return exit_code_of(finish.error)

    def _remarks(self, campaign: Campaign, finish: Finish) -> Iterator[str]:
        tokens = self._site.tokens
        renewed, sessions = sum(tokens.dropped.values()), tokens.session.renewals
        if renewed or sessions:
            yield message('campaign-renewed', tokens=renewed, sessions=sessions)
        if self._done_before:
            yield message(self._action.before, number=self._done_before)
        yield message('campaign-ledger', place=self._ledger.location)
        if self._undo_line and self._ledger.changed_count(campaign):
            yield message('campaign-to-undo', line=self._undo_line)
        for partition, error in finish.skipped_partitions.items():
            yield message('campaign-postponed', partition=partition, error=error)
        for partition, error in finish.refused.items():
            if error is not finish.error:
                yield message('campaign-refused', partition=partition, error=error)
        if finish.error is not None:
            is_internal = exit_code_of(finish.error) is ExitCode.INTERNAL
            words = internal_error(finish.error) if is_internal else str(finish.error)
            yield message('campaign-stopped', error=words)
        if not finish.is_whole or self._to_do(campaign):
            line = self._look_line if finish.is_not_agreed_to else self._resume_line
            yield message('campaign-to-resume', line=line)
        elif self._retry_line and self._ledger.retryable(campaign):
            yield message('campaign-to-retry', line=self._retry_line)

    def _code(self, campaign: Campaign, finish: Finish) -> ExitCode:
        if finish.interrupted:
            return ExitCode.INTERRUPTED
        if finish.error is not None:
            code = exit_code_of(finish.error)
            # Other wikis may have worked: then it is not so that nothing was sent.
            is_of_partition = finish.error in finish.refused.values()
            if is_of_partition and code is ExitCode.USAGE:
                return ExitCode.NOT_AUTHORISED
            return code
        if finish.skipped_partitions:
            return ExitCode.TRY_AGAIN
        if finish.refused and self._to_do(campaign):
            return ExitCode.NOT_AUTHORISED
        skipped = self._ledger.skip_counts(campaign)
        undone = self._ledger.counts(campaign)[State.FAILED] + sum(
            count for reason, count in skipped.items() if not reason.is_satisfied
        )
        return ExitCode.FAILED if undone else ExitCode.DONE

    def _to_do(self, campaign: Campaign) -> int:
        counts = self._ledger.counts(campaign)
        return counts[State.PLANNED] + counts[State.LEASED]

    def _where(self) -> str:
        return f'{self._site} ({self._site.base_url("")})'

    def _say_duration(self, number: int) -> None:
        throttle = self._site.throttle
        delay = throttle.get_delay(write=True)
        if number < 2 or delay < 0.01:
            return
        others = throttle.process_multiplicity
        self._reporter.line(
            message(
                'campaign-duration',
                time=duration(number * delay / self._partitions),
                throttle=config.put_throttle,
            )
        )
        if others > 1:
            self._reporter.line(
                message('campaign-processes', number=others, file=throttle.ctrlfilename)
            )
        if config.put_throttle > 1:
            time = duration(number * others / self._partitions)
            self._reporter.line(message('campaign-duration-faster', time=time))

    def _say_waiting(self) -> None:
        self._reporter.line(message('campaign-watching', seconds=round(PATIENCE)))

    def _say_pause(self, target: Target, error: Exception, seconds: float) -> None:
        about = str(error)
        if target.decision.hidden:
            about = about.replace(target.name, target.label)
        self._reporter.line(
            message(
                'campaign-pause',
                target=target.label,
                time=duration(seconds),
                error=about,
            )
        )

    def _say_waiting_for_others(self) -> None:
        if not self._waits_for_others:
            self._waits_for_others = True
            self._reporter.line(message('campaign-waiting'))

    def _sleep(self, seconds: float) -> None:
        """Sleep, but not through an order to stop."""
        end = time.monotonic() + seconds
        while not self._stop and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    @contextmanager
    def _stopping_in_order(self) -> Iterator[None]:
        """Finish the target at hand on the first signal, stop at once on the next."""

        hangups = {getattr(signal, 'SIGHUP', None)}

        def stop(number: int, frame: FrameType | None) -> None:
            leave_terminal()
            if self._stop and number in hangups:
                # A shell and the system may both tell that the terminal is gone.
                return
            if self._stop or not self._at_work:
                raise KeyboardInterrupt
            self._stop = True
            say(message('campaign-stopping'))

        previous = {
            number: signal.signal(number, stop)
            for number in (signal.SIGINT, *stop_signals())
        }
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
