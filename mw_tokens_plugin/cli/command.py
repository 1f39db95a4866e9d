"""One campaign as an operator runs it: plan, confirm, write, sum up.

The scripts share it. What is done to a target is left to the action.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.budget import Budget
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.guards import FailureGuard, StopPage, page_revision
from mw_tokens_plugin.campaign.heartbeats import PATIENCE
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import check_again, is_stale, make_plan, renew
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.campaign.report.wording import (
    confirm_few,
    confirm_many,
    duration,
    reason_line,
    to_do,
)
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import ActiveRun, at_work
from mw_tokens_plugin.cli.declaration import MAX_WORKERS, CampaignOptions, Kind
from mw_tokens_plugin.cli.launch import handled, stop_signals
from mw_tokens_plugin.cli.lines import Lines
from mw_tokens_plugin.cli.login import account_of
from mw_tokens_plugin.cli.streams import leave_terminal, say
from mw_tokens_plugin.cli.tracebacks import internal_error
from mw_tokens_plugin.exceptions import (
    CampaignBusy,
    InvalidInput,
    LedgerFailure,
    StoppedByGuard,
)
from mw_tokens_plugin.messages import message

#: Plans up to this long are confirmed by "y", longer ones by typing their number.
FEW = 5

#: What is typed instead of the number to see the whole plan.
_LIST = 'list'

#: Characters of a reason that MediaWiki keeps (``COMMENT_CHARACTER_LIMIT``).
MAX_REASON = 500

#: Longest plan without a terminal, where the operator names no other.
MAX_UNATTENDED = 100


@dataclass(kw_only=True)
class Command:
    """Runs one campaign for an operator.

    .. version-added:: 0.1

    :ivar site: the central wiki
    :ivar options: what the operator has asked for, and agreed to
    :ivar lines: the commands that are printed
    :ivar sealer: judges what the operator has agreed to
    :ivar name_filter: refreshed when the plan has found more names to hide
    :ivar observe: gets every outcome, besides the reporter
    """

    ledger: Ledger
    site: Any
    reporter: Reporter
    options: CampaignOptions
    lines: Lines
    kind: Kind
    action: Action
    sealer: Sealer
    name_filter: NameFilter
    observe: Callable[[Target, Outcome], None]

    #: Outcomes of this run, and how many targets the operator had done before it.
    _ended: Counter[State] = field(default_factory=Counter)
    _done_before: int = 0
    #: How many targets the plan had that the operator was shown.
    _shown: int = 0
    #: What stops a campaign, while it writes.
    _guarding: list[FailureGuard | StopPage] = field(default_factory=list)
    _stop: bool = False
    _writes: bool = False
    _waits_for_others: bool = False

    def run(self, campaign: Campaign, run: ActiveRun | None = None) -> ExitCode:
        """Plan, confirm and run a campaign whose targets are listed.

        :param run: the one that is active on it already
        :raises CampaignBusy: another run is active on it
        :raises StoppedByGuard: the plan is too long, or was not confirmed
        :raises TokensPluginError: planning was not possible
        """
        # Attempts are compared with the logs of the wiki, so its clock tells the time.
        self.ledger.clock = self.site.tokens.session.clock.now
        options = self.options
        try:
            with (
                at_work(
                    self.ledger,
                    campaign,
                    account=account_of(self.site),
                    workers=options.workers,
                    max_workers=None if options.insist else MAX_WORKERS,
                    join=options.join,
                    run=run,
                    waiting=lambda: self._say(
                        'campaign-watching', seconds=round(PATIENCE)
                    ),
                ) as active,
                handled(self._stop_in_order, signal.SIGINT, *stop_signals()),
            ):
                return self._run(campaign, active)
        except KeyboardInterrupt:
            self._say('campaign-interrupted', line=self.lines.resume(campaign))
            return ExitCode.INTERRUPTED
        except Exception as error:
            is_internal = exit_code_of(error) is ExitCode.INTERNAL
            if is_internal or isinstance(error, LedgerFailure):
                line = self.lines.resume(campaign)
                self._say('campaign-to-resume', urgent=True, line=line)
            raise

    def _run(self, campaign: Campaign, run: ActiveRun) -> ExitCode:
        finish = Finish()
        if campaign.finished_at is None:
            campaign = self._keep_stop_page(campaign)
            engine = self._engine(campaign, run)
            if self._may_be_sent_by_others(campaign) and not run.joined:
                # What no run has leased any more is asked for with the rest.
                engine.reconcile_left()
            campaign = self._planned(campaign)
            if config.simulate and self._to_do(campaign):
                # The operator sees the plan, even if others have listed it.
                if not self.options.quiet:
                    self.sealer.adopt()
                self._say('campaign-simulated', line=self.lines.resume(campaign))
                return ExitCode.DONE
            # Where others have done it all meanwhile, there is nothing to agree to.
            is_gone = self.sealer.planned and not self._to_do(campaign)
            if not is_gone and not self._is_confirmed(campaign):
                self._confirm(campaign)
                self.sealer.confirm()
                campaign = self.ledger.mark(campaign, 'confirmed_at')
            finish = self._write(campaign, engine)
            if isinstance(finish.error, CampaignBusy) and not self._to_do(campaign):
                self._say('campaign-finished-by-others', urgent=True)
                finish = Finish()
            if isinstance(finish.error, LedgerFailure):
                return self._sum_up_without_ledger(campaign, finish.error)
            if finish.is_whole and not self._to_do(campaign):
                campaign = self.ledger.mark(campaign, 'finished_at')
        self.reporter.summary(
            Summary.read(self.ledger, campaign),
            self._remarks(campaign, finish),
            more=self.lines.about('show', campaign),
        )
        return self._code(campaign, finish)

    # The plan

    def _is_confirmed(self, campaign: Campaign) -> bool:
        """Tell whether this operator has agreed to all that is left to do."""
        if campaign.confirmed_at is None:
            return False
        if not self._to_do(campaign):
            return True
        return self.sealer.is_confirmed and not self.sealer.has_pending

    def _planned(self, campaign: Campaign) -> Campaign:
        """Plan what this operator has not planned yet, and show it.

        :raises StoppedByGuard: the plan is too long
        """
        ledger, sealer = self.ledger, self.sealer
        before = ledger.counts(campaign)
        listed, planned = before[State.LISTED], before[State.PLANNED]
        is_new = campaign.planned_at is None or bool(listed)
        stale = not is_new and is_stale(campaign)
        foreign = sum(
            sealer.vouched(target) is None
            for state in ([State.LEASED] if stale else [State.PLANNED, State.LEASED])
            if before[state]
            for target in ledger.targets(campaign, state)
        )
        was_confirmed = self._is_confirmed(campaign)
        if not (is_new or stale or foreign) and was_confirmed:
            return campaign
        if stale:
            self._say('campaign-stale')
        if is_new or stale:
            sealer.begin(confirmed=stale and was_confirmed)
        # Some actions look at what is listed in -not and -protect by themselves.
        listed_to_skip = campaign.options.get('excluded') or ()
        excluded = frozenset(() if self.kind.skips_listed else listed_to_skip)
        if is_new:
            watch = self.reporter.watch('campaign-planning', total=listed)
            campaign = make_plan(
                ledger, campaign, self.action, watch, sealer, excluded=excluded
            )
        if stale or foreign:
            watch = self.reporter.watch('campaign-planning', total=foreign or planned)
            campaign = check_again(
                *(ledger, campaign, self.action, watch, sealer),
                only_unsealed=not stale,
                excluded=excluded,
            )
        if not was_confirmed:
            renew(ledger, campaign, sealer)
        self._show(campaign)
        most = self._max_targets()
        if most is not None and self._shown > most:
            line = self.lines.resume(campaign)
            raise StoppedByGuard(
                f'The plan has {self._shown} targets, and -max is {most}; nothing was '
                f'sent. To run it: {line} -max:{self._shown}'
            )
        return campaign

    def _max_targets(self) -> int | None:
        options, most = self.options, self.kind.max_targets
        if options.max is not None:
            return options.max
        return most if most is not None or options.is_interactive else MAX_UNATTENDED

    def _show(self, campaign: Campaign) -> None:
        """Show the plan, and what has to be known of it."""
        user, by = str(self.site.username()), campaign.operator
        if self.sealer.has_pending:
            key = 'campaign-of-colleague' if by != user else 'campaign-not-sealed'
            self._say(key, urgent=True, operator=by)
        self.name_filter.refresh()
        self._shown = sum(1 for _ in self._in_plan(campaign))
        wiki = f'{self.site} ({self.site.base_url("")})'
        self._say('campaign-heading', name=campaign.name, wiki=wiki)
        at_terminal = self.reporter.interactive
        shown = campaign if at_terminal else self.name_filter.campaign(campaign)
        self.reporter.line(reason_line(shown), plan=at_terminal)
        for reason in (campaign.reason, *campaign.options.get('reasons', {}).values()):
            if len(reason) > MAX_REASON:
                self._say('campaign-reason-long', number=len(reason), most=MAX_REASON)
        self._show_targets(campaign)
        for remark in self.action.remarks(self._in_plan(campaign)):
            self.reporter.line(remark)
        self._say_duration(self._shown)

    def _show_targets(self, campaign: Campaign, *, everything: bool = False) -> None:
        self.reporter.plan(
            lambda number: to_do(self.action, number),
            self._in_plan(campaign),
            self.ledger.targets(campaign, State.SKIPPED),
            self.action.columns,
            more=self.lines.about('show', campaign),
            everything=everything,
        )

    def _in_plan(self, campaign: Campaign) -> Iterator[Target]:
        """Yield what this operator is asked to agree to, or has agreed to before.

        That includes what another run has leased, which may be killed, or was; and what
        is about to be agreed to and is not there at the moment: it may have been done
        meanwhile, or somebody has taken it out of sight to put it back later.
        """
        missing = dict(self.sealer.pending)
        for state in (State.PLANNED, State.LEASED):
            for target in self.ledger.targets(campaign, state):
                if self.sealer.vouched(target) is not None:
                    missing.pop((target.name, target.kind), None)
                    yield target
        for decision in missing.values():
            yield Target(0, decision, State.PLANNED)

    def _confirm(self, campaign: Campaign) -> None:
        if not self._shown:
            if self.sealer.planned:
                raise StoppedByGuard(
                    f'What was planned for {campaign.name!r} is not in the ledger any '
                    'more: somebody else is changing it, or has done it. Nothing was '
                    f'sent. To look again: {self.lines.resume(campaign, asks=True)}'
                )
            return
        always = self.options.always
        if self.sealer.has_pending and always:
            line = self.lines.resume(campaign, asks=True)
            raise StoppedByGuard(
                f'{campaign.name!r} is not what you have agreed to, and -always does '
                'not agree to what others have put into the ledger: nothing was sent. '
                f'Look at it first, at a terminal or with -simulate: {line}'
            )
        typed = self.kind.confirm(campaign)
        is_final = bool(typed)
        typed = typed or self.action.typed(self._in_plan(campaign))
        if typed and not self.options.is_interactive:
            raise InvalidInput(
                f'The plan of {campaign.name!r} is confirmed by typing "{typed}": '
                f'run it at a terminal. {self.lines.resume(campaign, asks=True)}'
            )
        agreed = always or self._agrees(campaign)
        if agreed and typed:
            key = 'campaign-confirm-twice' if is_final else 'campaign-confirm-typed'
            question = message(key, words=typed)
            agreed = self._answer(question) == typed
        if not agreed:
            raise StoppedByGuard(
                'Not confirmed; nothing was sent. The plan is kept: '
                f'{self.lines.resume(campaign)}'
            )

    def _agrees(self, campaign: Campaign) -> bool:
        """Ask the operator to agree to the plan."""
        number = self._shown
        if number <= FEW:
            answer = self._answer(confirm_few(self.action, number))
            return answer.lower() in ('y', 'yes')
        while True:
            question = confirm_many(self.action, number)
            if (answer := self._answer(question)) != _LIST:
                return answer == str(number)
            self._show_targets(campaign, everything=True)
            # Others may have resumed it meanwhile.
            number = sum(1 for _ in self._in_plan(campaign))

    def _answer(self, question: str) -> str:
        try:
            return str(pywikibot.input(question)).strip()
        except EOFError:
            return ''

    def _may_be_sent_by_others(self, campaign: Campaign) -> bool:
        """Tell whether something may have been sent for which no own seal vouches."""
        return any(
            self.sealer.vouched(target) is None
            for target in self.ledger.targets(campaign, State.LEASED)
        )

    # The writes

    def _write(self, campaign: Campaign, engine: Engine) -> Finish:
        self._guarding += self._guards(campaign)
        self._writes = True
        with self.reporter.progress(self.action.describe(), self._to_do(campaign)):
            return engine.run()

    def _engine(self, campaign: Campaign, run: ActiveRun) -> Engine:
        budgets: dict[str, Budget] = {}

        def pace(target: Target) -> float:
            # Each of many wikis has a pace of its own, as pywikibot's throttle does it.
            wiki = (target.decision.partition if self.kind.by_wiki else None) or ''
            if wiki not in budgets:
                who = f'{account_of(self.site)} {wiki}'.rstrip()
                budgets[wiki] = Budget(self.ledger.database, who, self._interval)
            throttled: float = self.site.throttle.waittime(write=True)
            return max(budgets[wiki].reserve(), throttled)

        def check() -> None:
            for guard in self._guarding:
                guard.check()

        def observe(target: Target, outcome: Outcome) -> None:
            for guard in self._guarding:
                guard.observe(outcome)
            self._ended[outcome.state] += 1
            self._done_before += outcome.is_earlier
            self.reporter.outcome(target, outcome)
            self.observe(target, outcome)

        return Engine(
            self.ledger,
            campaign,
            self.action,
            run,
            workers=self.options.workers,
            policy=RetryPolicy(sleep=self._sleep, should_stop=lambda: self._stop),
            pace=pace,
            guard=check,
            should_stop=lambda: self._stop,
            observe=observe,
            wait_for_others=self._say_waiting_for_others,
            before_pause=self._say_pause,
            sleep=self._sleep,
            sealer=self.sealer,
        )

    def _guards(self, campaign: Campaign) -> list[FailureGuard | StopPage]:
        """Return what stops a campaign that goes wrong, or that somebody stops.

        :raises StoppedByGuard: the page that stops it has been changed already
        """
        guards: list[FailureGuard | StopPage] = []
        if (threshold := self.options.max_failures) is not None:
            guards.append(FailureGuard(self.ledger, campaign, threshold))
        if stop := campaign.options.get('stop_page'):
            page = StopPage(self.site, stop['title'], stop['revision'])
            page.look()
            guards.append(page)
        return guards

    def _keep_stop_page(self, campaign: Campaign) -> Campaign:
        """Remember the page that stops a campaign, as it is when it is named."""
        title = self.options.stop_page
        if title is None:
            return campaign
        stop = {'title': title, 'revision': page_revision(self.site, title)}
        return self.sealer.keep('stop_page', lambda _old: stop)

    def _interval(self) -> float:
        """Return the operator's pause between two writes.

        pywikibot multiplies it by its processes on this wiki; the budget holds for
        all of them together.
        """
        throttle = self.site.throttle
        delay = throttle.get_delay(write=True) / throttle.process_multiplicity
        return float(delay)

    def _sleep(self, seconds: float) -> None:
        """Sleep, but not through an order to stop."""
        end = time.monotonic() + seconds
        while not self._stop and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _stop_in_order(self, number: int, frame: FrameType | None) -> None:
        """Finish the current target on the first signal, stop at once on the next."""
        leave_terminal()
        if self._stop and number == getattr(signal, 'SIGHUP', None):
            # A shell and the system may both tell that the terminal is gone.
            return
        if self._stop or not self._writes:
            raise KeyboardInterrupt
        self._stop = True
        say(message('campaign-stopping'))

    # The end

    def _sum_up_without_ledger(
        self, campaign: Campaign, error: LedgerFailure
    ) -> ExitCode:
        """Tell what this run has done, where the ledger does not any more."""
        done, failed = self._ended[State.DONE], self._ended[State.FAILED]
        self.reporter.line('', urgent=True)
        for key, about in (
            ('campaign-name', {'name': campaign.name}),
            ('campaign-this-run', {'done': done, 'failed': failed}),
            ('campaign-ledger', {'place': self.ledger.location}),
            ('campaign-stopped', {'error': str(error)}),
            ('campaign-to-resume', {'line': self.lines.resume(campaign)}),
        ):
            self._say(key, urgent=True, **about)
        return exit_code_of(error)

    def _remarks(self, campaign: Campaign, finish: Finish) -> Iterator[str]:
        tokens, lines = self.site.tokens, self.lines
        renewed, sessions = sum(tokens.dropped.values()), tokens.session.renewals
        if renewed or sessions:
            yield message('campaign-renewed', tokens=renewed, sessions=sessions)
        if self._done_before:
            yield message(self.action.before, number=self._done_before)
        yield message('campaign-ledger', place=self.ledger.location)
        if self.kind.undone_by(campaign) and self.ledger.changed_count(campaign):
            yield message('campaign-to-undo', line=lines.undo(campaign))
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
            line = lines.resume(campaign, asks=finish.is_not_agreed_to)
            yield message('campaign-to-resume', line=line)
        elif self.ledger.retryable(campaign):
            line = lines.about('retry-failed', campaign)
            yield message('campaign-to-retry', line=line)

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
        skipped = self.ledger.skip_counts(campaign)
        undone = self.ledger.counts(campaign)[State.FAILED] + sum(
            count for reason, count in skipped.items() if not reason.is_satisfied
        )
        return ExitCode.FAILED if undone else ExitCode.DONE

    def _to_do(self, campaign: Campaign) -> int:
        counts = self.ledger.counts(campaign)
        return counts[State.PLANNED] + counts[State.LEASED]

    # What the operator reads

    def _say(self, key: str, *, urgent: bool = False, **about: object) -> None:
        self.reporter.line(message(key, **about), urgent=urgent)

    def _say_duration(self, number: int) -> None:
        throttle = self.site.throttle
        delay = throttle.get_delay(write=True)
        if number < 2 or delay < 0.01:
            return
        others = throttle.process_multiplicity
        parallel = self.options.workers if self.kind.by_wiki else 1
        time = duration(number * delay / parallel)
        self._say('campaign-duration', time=time, throttle=config.put_throttle)
        if others > 1:
            file = throttle.ctrlfilename
            self._say('campaign-processes', number=others, file=file)
        if config.put_throttle > 1:
            time = duration(number * others / parallel)
            self._say('campaign-duration-faster', time=time)

    def _say_pause(self, target: Target, error: Exception, seconds: float) -> None:
        about = str(error)
        if target.decision.hidden:
            about = about.replace(target.name, target.label)
        time = duration(seconds)
        self._say('campaign-pause', target=target.label, time=time, error=about)

    def _say_waiting_for_others(self) -> None:
        if not self._waits_for_others:
            self._waits_for_others = True
            self._say('campaign-waiting')
