"""The way that every run of a campaign script takes, from the login to the exit code.

The targets of a new campaign are listed, or one is resumed or undone; then it is
planned, confirmed, written and summed up. What is done to a target is left to the
action.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pywikibot import config

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Finish
from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.healthfile import HealthFile
from mw_tokens_plugin.campaign.heartbeats import PATIENCE
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.outcomelog import JsonLog
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import ActiveRun, at_work
from mw_tokens_plugin.cli.comparing import Comparing
from mw_tokens_plugin.cli.declaration import Kind, Listing
from mw_tokens_plugin.cli.launch import handled, stop_signals
from mw_tokens_plugin.cli.ledgers import found, to_resume
from mw_tokens_plugin.cli.login import account_of, check_account, log_in
from mw_tokens_plugin.cli.newcampaign import listed, undoing
from mw_tokens_plugin.cli.notices import Notices
from mw_tokens_plugin.cli.options import MAX_WORKERS, CampaignOptions
from mw_tokens_plugin.cli.planning import Planning
from mw_tokens_plugin.cli.reasons import with_whole_reason
from mw_tokens_plugin.cli.reportpage import check_page, write_section
from mw_tokens_plugin.cli.run import Run
from mw_tokens_plugin.cli.storedoptions import check_options
from mw_tokens_plugin.cli.table import table
from mw_tokens_plugin.cli.tracebacks import internal_error
from mw_tokens_plugin.cli.useragent import check_contact
from mw_tokens_plugin.cli.whereabouts import check_place
from mw_tokens_plugin.cli.writing import Writing
from mw_tokens_plugin.exceptions import (
    CampaignBusy,
    InvalidInput,
    LedgerFailure,
    StoppedByGuard,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import naming, open_private
from mw_tokens_plugin.site.inflight import in_flight
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.settings import settings


def work(
    run: Run[CampaignOptions], targets: Callable[[Run[CampaignOptions]], Listing]
) -> ExitCode:
    """Log in, find or make the campaign, and run it.

    :param targets: lists the targets of a new campaign
    """
    options = run.options
    if options.resume:
        campaign = to_resume(run.ledger, options.campaign, run.kinds, run.site)
        check_options(run.kinds[campaign.action], type(options), campaign)
        check_planned(run, campaign)
        _log_in(run, campaign)
    else:
        _log_in(run, None)
        check_page(run)
        run.options = options = with_whole_reason(options, run.site)
        if options.undo is None:
            listing = targets(run)
            made = listed(run, listing)
            if made is None and listing.otherwise is not None:
                return listing.otherwise()
        else:
            made = undoing(run, options.undo)
        if made is None:
            return ExitCode.DONE
        campaign = made
    kind = run.kinds[campaign.action]
    if options.resume or options.undo is not None:
        campaign = kind.before(run, campaign)
    if kind.confirm(campaign) and not (options.is_interactive or config.simulate):
        raise InvalidInput(
            f'The campaign {campaign.name!r} is confirmed by typing what it does: '
            'resume it at a terminal.'
        )
    code = run_campaign(run, campaign, kind)
    later = kind.after(run, campaign)
    return later if later and code in (ExitCode.DONE, ExitCode.FAILED) else code


def check_planned(run: Run[CampaignOptions], campaign: Campaign) -> None:
    """Refuse -always for a plan that nobody can have checked.

    :raises StoppedByGuard: others could choose its targets, and it is not finished
    """
    if not (run.options.always and campaign.options.get('untrusted')):
        return
    if campaign.planned_at is None or run.ledger.counts(campaign)[State.LISTED]:
        raise StoppedByGuard(
            f'A part of {campaign.name!r} is not planned yet, and others could choose '
            'its targets, so nobody has looked at it: resume it with -simulate first.'
        )


def _log_in(run: Run[CampaignOptions], campaign: Campaign | None) -> None:
    """Log in, and check the rights that are needed on the central wiki.

    :param campaign: the one that is resumed
    """
    check_account(run.site)
    check_contact(run.site)
    kind = run.kinds[campaign.action if campaign else run.kind]
    rights: dict[str, str | None] = {}
    if not kind.by_wiki:
        rights.update(kind.rights)
        for field, about in table(type(run.options)).values():
            is_given = field.name in run.options.given
            if campaign is not None:
                is_given = bool(campaign.options.get(about.stored))
            if about.stored and is_given:
                rights.update(about.rights)
    log_in(run.site, rights, '' if kind.by_wiki else kind.module)


def run_campaign(run: Run[CampaignOptions], campaign: Campaign, kind: Kind) -> ExitCode:
    """Plan, confirm and write; then write the report."""
    action = kind.make(run, campaign)
    known, sealer = campaign, run.sealer(campaign)
    campaign = check_place(run.ledger, campaign, run.site)
    if campaign != known:
        sealer.move_to(campaign)
    names = NameFilter(run.ledger)
    run.reporter.hide_names = redactor.hide_names = names
    with _logged(run.options.log_json, campaign, names) as observe:
        notices = _notices(run, names)
        command = Command(run, kind, action, sealer, names, observe, notices)
        try:
            code = command.start(campaign)
        except Exception as error:
            if not config.simulate:
                kind_of_error = type(error).__name__
                notices.ended(campaign, exit_code_of(error), kind_of_error)
            raise
        if not config.simulate:
            notices.ended(campaign, code, command.error)
    if not config.simulate:
        write_section(run, campaign, code)
    if run.options.report is not None:
        _write_report(run, campaign, run.options.report)
    return code


def _notices(run: Run[CampaignOptions], names: NameFilter) -> Notices:
    """Return what tells another program how a campaign goes, if one is named."""

    def failed(why: str) -> None:
        run.reporter.say('campaign-no-notice', urgent=True, why=why)

    return Notices(run.options.notify or settings.notify, run.ledger, names, failed)


def _write_report(run: Run[CampaignOptions], campaign: Campaign, folder: str) -> None:
    try:
        files = write_report(run.ledger, found(run.ledger, campaign.name), folder)
    except OSError as error:
        run.reporter.say(
            'campaign-no-report',
            urgent=True,
            error=f'{error.filename or folder}: {error.strerror}',
            line=run.lines.about('report', campaign, 'DIR'),
        )
    else:
        run.reporter.say('campaign-report', files=', '.join(map(str, files)))


def _health(path: str | None, campaign: Campaign) -> Callable[[], None]:
    """Return what is called while the run is alive."""
    return (lambda: None) if path is None else HealthFile(path, campaign.name)


@contextmanager
def _logged(
    path: str | None, campaign: Campaign, names: NameFilter
) -> Iterator[Callable[[Target, Outcome], None]]:
    """Yield what writes each outcome to a file, if one was named.

    :raises OSError: it cannot be written to
    """
    if path is None:
        yield lambda target, outcome: None
        return
    file = open_private(path, 'append')
    log = JsonLog(file, campaign, hide_names=names)

    def write(target: Target, outcome: Outcome) -> None:
        with naming(path):
            log.outcome(target, outcome)

    try:
        yield write
    finally:
        with naming(path):
            file.close()


@dataclass
class Command:
    """Runs one campaign, whose targets are listed, for an operator.

    :ivar sealer: judges what the operator has agreed to
    :ivar names: refreshed when the plan has found more names to hide
    :ivar observe: gets every outcome, besides the reporter
    :ivar notices: tells another program how it goes
    :ivar error: the class of the error that has stopped it; empty if none has
    """

    run: Run[CampaignOptions]
    kind: Kind
    action: Action
    sealer: Sealer
    names: NameFilter
    observe: Callable[[Target, Outcome], None]
    notices: Notices
    error: str = ''

    def __post_init__(self) -> None:
        """Plan and write nothing yet."""
        usual = self.run, self.kind, self.action, self.sealer
        self._comparing = Comparing(self.run, self.kind, self.sealer)
        self._planning = Planning(*usual, self.names, self._comparing)
        self._writing = Writing(*usual, self.observe)

    def start(self, campaign: Campaign) -> ExitCode:
        """Plan, confirm and run it.

        :raises CampaignBusy: another run is active on it
        :raises StoppedByGuard: the plan is too long, or was not confirmed
        :raises TokensPluginError: planning was not possible
        """
        run, options, reporter = self.run, self.run.options, self.run.reporter
        # Attempts are compared with the logs of the wiki, so its clock tells the time.
        run.ledger.clock = run.site.tokens.session.clock.now
        if options.insist:
            in_flight.allow(options.workers)
        active = run.active
        if active is not None and not active.is_of(campaign):
            active = None
        try:
            with (
                at_work(
                    run.ledger,
                    campaign,
                    account=account_of(run.site),
                    workers=options.workers,
                    max_workers=None if options.insist else MAX_WORKERS,
                    join=options.join,
                    run=active,
                    waiting=lambda: reporter.say(
                        'campaign-watching', seconds=round(PATIENCE)
                    ),
                    after_beat=_health(options.health_file, campaign),
                ) as at_it,
                handled(self._writing.stop, signal.SIGINT, *stop_signals()),
            ):
                return self._take(campaign, at_it)
        except KeyboardInterrupt:
            reporter.say('campaign-interrupted', line=run.lines.resume(campaign))
            return ExitCode.INTERRUPTED
        except Exception as error:
            is_internal = exit_code_of(error) is ExitCode.INTERNAL
            if is_internal or isinstance(error, LedgerFailure):
                line = run.lines.resume(campaign)
                reporter.say('campaign-to-resume', urgent=True, line=line)
            raise

    def _take(self, campaign: Campaign, active: ActiveRun) -> ExitCode:
        run, ledger, finish = self.run, self.run.ledger, Finish()
        remaining = ledger.to_do(campaign) + ledger.counts(campaign)[State.LISTED]
        # Others may have marked it as finished.
        if campaign.finished_at is None or remaining:
            campaign = self._writing.keep_stop_page(campaign)
            engine = self._writing.engine(campaign, active)
            if self._may_be_sent_by_others(campaign) and not active.joined:
                # What no run has leased any more is asked for with the rest.
                engine.reconcile_left()
            campaign = self._planning.plan(campaign)
            if config.simulate and ledger.to_do(campaign):
                # The operator sees the plan, even if others have listed it.
                if not run.options.quiet:
                    self.sealer.adopt()
                run.reporter.say('campaign-simulated', line=run.lines.resume(campaign))
                return ExitCode.DONE
            # Where others have done it all meanwhile, there is nothing to agree to.
            is_gone = self.sealer.planned and not ledger.to_do(campaign)
            if not is_gone and not self._planning.is_confirmed(campaign):
                self._planning.confirm(campaign)
                self.sealer.confirm()
                campaign = ledger.mark(campaign, 'confirmed_at')
            if ledger.to_do(campaign):
                self.notices.started(campaign)
            finish = self._writing.write(campaign, engine)
            self.error = type(finish.error).__name__ if finish.error else ''
            if isinstance(finish.error, CampaignBusy) and not ledger.to_do(campaign):
                run.reporter.say('campaign-finished-by-others', urgent=True)
                finish = Finish()
            if isinstance(finish.error, LedgerFailure):
                return self._sum_up_without_ledger(campaign, finish.error)
            if finish.error is None or finish.is_not_agreed_to:
                ended = sum(self._writing.ended.values())
                self._comparing.tell_after(campaign, ended)
            if finish.is_whole and not ledger.to_do(campaign):
                campaign = ledger.mark(campaign, 'finished_at')
        elif run.options.resume:
            # Others may have ended or deleted all of it, and marked it so.
            self._comparing.tell_after(campaign, 0)
        run.reporter.summary(
            Summary.read(ledger, campaign),
            self._remarks(campaign, finish),
            more=run.lines.about('show', campaign),
        )
        code = self._code(campaign, finish)
        is_lost = self._comparing.lost and code is ExitCode.DONE
        return ExitCode.FAILED if is_lost else code

    def _may_be_sent_by_others(self, campaign: Campaign) -> bool:
        """Tell whether something may have been sent for which no own seal vouches."""
        return any(
            self.sealer.vouched(target) is None
            for target in self.run.ledger.targets(campaign, State.LEASED)
        )

    def _sum_up_without_ledger(
        self, campaign: Campaign, error: LedgerFailure
    ) -> ExitCode:
        """Tell what this run has done, where the ledger does not any more."""
        run, ended, say = self.run, self._writing.ended, self.run.reporter.say
        done, failed = ended[State.DONE], ended[State.FAILED]
        run.reporter.line('', urgent=True)
        say('campaign-name', urgent=True, name=campaign.name)
        say('campaign-this-run', urgent=True, done=done, failed=failed)
        say('campaign-ledger', urgent=True, place=run.ledger.location)
        say('campaign-stopped', urgent=True, error=str(error))
        say('campaign-to-resume', urgent=True, line=run.lines.resume(campaign))
        return exit_code_of(error)

    def _remarks(self, campaign: Campaign, finish: Finish) -> Iterator[str]:
        """Yield what the operator reads below the summary."""
        tokens, lines, ledger = self.run.site.tokens, self.run.lines, self.run.ledger
        renewed, sessions = sum(tokens.dropped.values()), tokens.session.renewals
        if renewed or sessions:
            yield message('campaign-renewed', tokens=renewed, sessions=sessions)
        if done_before := self._writing.done_before:
            yield message(self.action.before, number=done_before)
        yield message('campaign-ledger', place=ledger.location)
        if self.kind.undone_by(campaign) and ledger.has_changed(campaign):
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
        if not finish.is_whole or ledger.to_do(campaign):
            line = lines.resume(campaign, asks=finish.is_not_agreed_to)
            yield message('campaign-to-resume', line=line)
        elif ledger.retryable(campaign):
            line = lines.about('retry-failed', campaign)
            yield message('campaign-to-retry', line=line)

    def _code(self, campaign: Campaign, finish: Finish) -> ExitCode:
        ledger = self.run.ledger
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
        if ledger.to_do(campaign):
            refused = bool(finish.refused)
            return ExitCode.NOT_AUTHORISED if refused else ExitCode.TRY_AGAIN
        skipped = ledger.skip_counts(campaign)
        undone = ledger.counts(campaign)[State.FAILED] + sum(
            count for reason, count in skipped.items() if not reason.is_satisfied
        )
        return ExitCode.FAILED if undone else ExitCode.DONE
