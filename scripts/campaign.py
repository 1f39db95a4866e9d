#!/usr/bin/env python3
"""Look after campaigns: list, show, report, resume, retry, undo and forget them.

pwb campaign list                 All campaigns in the ledger, the oldest first.

pwb campaign show NAME            What a campaign is, its plan, and what it has come to,
                                  with all targets that failed or were skipped, and why.

pwb campaign stage NAME           How far it is, as one word for scripts: missing,
                                  incomplete, listed, planned, confirmed or finished.
                                  Exit code 0 alone proves nothing; these words do.

pwb campaign report NAME DIR      Write it to a folder as JSON, CSV, wikitext and HTML.

pwb campaign resume NAME          Go on with it, by the script that began it.

pwb campaign retry-failed NAME    Put the targets that have failed, or whose wiki did
                                  not answer, back into the plan, decide on them anew,
                                  and go on.

pwb campaign undo NAME -reason:TEXT
                                  Undo what it has done, where that is possible.

pwb campaign forget NAME          Delete all that the ledger knows of it. It can be
                                  neither undone nor resumed then.

pwb campaign upgrade              Upgrade the tables of a ledger on a database server to
                                  those of this version. Nobody may be at work on it,
                                  and all who use it need this version then. A ledger
                                  in a file is upgraded when it is opened.

All other options are those of the script that began the campaign, such as -always,
-simulate and -workers:N. These are read here:

-ledger:URL       The database of all campaigns, an SQLAlchemy URL or the path of an
                  SQLite file; by default that of enable(ledger=URL) in
                  user-config.py, or one in pywikibot's data directory.

-always           Do not ask before something is forgotten, or tried again. Without a
                  terminal it is required.

Exit codes: 0 everything done; 1 some targets failed or were skipped; 2 usage or
configuration; 3 not authorised; 4 stopped by a guard; 70 internal error; 75 try again
later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module

import pywikibot

from mw_tokens_plugin.actions.globaldelete import GlobalDelete
from mw_tokens_plugin.actions.globallock import (
    GlobalLock,
    UndoGlobalLock,
    account_columns,
)
from mw_tokens_plugin.actions.pagedelete import CrosswikiDelete, UndoCrosswikiDelete
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Target
from mw_tokens_plugin.campaign.report.console import reason_line
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.upgrades import VERSION
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.cli.arguments import check_arguments, options_in
from mw_tokens_plugin.cli.kinds import Start, script_for
from mw_tokens_plugin.cli.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.cli.options import (
    HELP,
    SharedOptions,
    check_complete,
    found,
    not_understood,
)
from mw_tokens_plugin.cli.whereabouts import site_of
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded, naming
from mw_tokens_plugin.protocol.display import displayable

#: The script that carries out each kind of campaign.
_SCRIPTS = {
    GlobalLock.kind: 'global_lock',
    UndoGlobalLock.kind: 'global_lock',
    GlobalDelete.kind: 'global_delete',
    CrosswikiDelete.kind: 'crosswiki_delete',
    UndoCrosswikiDelete.kind: 'crosswiki_delete',
}

#: What is shown of the targets of a kept plan.
_COLUMNS = dict.fromkeys(
    (GlobalLock.kind, UndoGlobalLock.kind, GlobalDelete.kind), account_columns
)

#: What is carried out by the script that began the campaign.
_PASSED_ON = ('resume', 'retry-failed', 'undo')


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    return run_script(
        _run,
        args,
        script=__file__,
        name='campaign',
    )


def _run(arguments: list[str]) -> ExitCode:
    options = SharedOptions(arguments=arguments)
    others = [argument for argument in arguments if not options.take(argument)]
    is_passed_on = any(word in _PASSED_ON for word in options.targets[:1])
    if others and not is_passed_on:
        # With these pywikibot opens the wiki, which nothing here needs.
        others = handle_args(others)
        known = options_in(__doc__) | options_in(HELP)
        check_arguments(others, known, script='pwb campaign')
    if not options.targets:
        raise InvalidInput(
            'Say what to do: list, show, stage, report, resume, retry-failed, undo, '
            'forget or upgrade.'
        )
    command, *words = options.targets
    if '' in words:
        raise InvalidInput(
            f'pwb campaign {command}: the name of a campaign, or another word, is '
            'empty. Is a variable of the shell not set?'
        )
    if others and not is_passed_on:
        raise not_understood('campaign', others[0])
    # A ledger that is not there yet has no campaign, which is an answer.
    ledger = options.open_ledger(
        create=command == 'stage', upgrade=command == 'upgrade'
    )
    try:
        if command == 'list':
            return _list(ledger, options, words)
        if command == 'upgrade' and not words:
            about = {'place': ledger.location, 'version': VERSION}
            options.reporter().line(message('campaign-ledger-version', **about))
            return ExitCode.DONE
        if command == 'stage' and len(words) == 1:
            print(_stage(ledger.find(words[0])))
            return ExitCode.DONE
        if not words:
            raise InvalidInput(f'Which campaign? pwb campaign {command} NAME')
        campaign = found(ledger, words.pop(0))
        match command, len(words):
            case 'show', 0:
                return _show(ledger, options, campaign)
            case 'report', 1:
                return _report(ledger, options, campaign, words[0])
            case 'report', _:
                raise InvalidInput('Where to? pwb campaign report NAME DIR')
            case 'forget', 0:
                return _forget(ledger, options, campaign)
            case 'undo', 0:
                mode = [f'-undo:{campaign.name}']
            case 'resume', 0:
                mode = ['-resume', f'-campaign:{campaign.name}']
            case 'retry-failed', 0:
                check_complete(campaign)
                simulate = '-simulate' in others
                if not _plan_failed_again(ledger, options, campaign, simulate):
                    reporter = options.reporter()
                    reporter.line(message('campaign-none-failed'))
                    for line in _to_go_on(ledger, options, campaign):
                        reporter.line(line, urgent=True)
                    return ExitCode.DONE
                if script_for(campaign.action, _own_scripts()) is None:
                    options.reporter().line(message('campaign-listed-again'))
                    return ExitCode.DONE
                mode = ['-resume', f'-campaign:{campaign.name}']
            case _:
                raise InvalidInput(
                    f'"{" ".join([command, campaign.name, *words])}" is not '
                    'understood: see pwb campaign -help.'
                )
        script = _script_of(campaign)
    finally:
        ledger.close()
    passed = [a for a in arguments if a not in (command, campaign.name)]
    return script(*mode, *passed)


def _script_of(campaign: Campaign) -> Start:
    """Return what the script that carries out a campaign starts with."""
    start = script_for(campaign.action, _own_scripts())
    if start is None:
        raise InvalidInput(
            f'The campaign {campaign.name!r} is a {displayable(campaign.action)}, '
            'which no script that is installed here carries out: use the one that '
            'began it.'
        )
    return start


def _own_scripts() -> dict[str, Start]:
    package = f'{__package__}.' if __package__ else ''

    def starting(name: str) -> Start:
        def start(*args: str) -> ExitCode:
            code: ExitCode = import_module(f'{package}{name}').main(*args)
            return code

        return start

    return {kind: starting(name) for kind, name in _SCRIPTS.items()}


def _list(ledger: Ledger, options: SharedOptions, words: list[str]) -> ExitCode:
    if words:
        raise InvalidInput(f'pwb campaign list takes no {words[0]!r}.')
    reporter = options.reporter()
    reporter.hide_names = NameFilter(ledger)
    # One row that is not understood hides no others.
    campaigns = ledger.campaigns(lambda error: reporter.line(str(error), urgent=True))
    for campaign in campaigns:
        try:
            counts = ledger.counts(campaign)
        except InvalidInput as error:
            reporter.line(str(error), urgent=True)
            continue
        numbers = ', '.join(
            message(f'campaign-count-{state.value}', number=count)
            for state, count in counts.items()
            if count
        )
        reporter.line(
            message(
                'campaign-listed',
                name=campaign.name,
                about=_about(campaign),
                stage=message(f'campaign-stage-{_stage(campaign)}'),
                numbers=numbers,
            )
        )
    if not campaigns:
        reporter.line(message('campaign-no-campaigns', place=ledger.location))
    return ExitCode.DONE


def _show(ledger: Ledger, options: SharedOptions, campaign: Campaign) -> ExitCode:
    reporter = options.reporter()
    reporter.hide_names = NameFilter(ledger)
    reporter.line(_about(campaign))
    reporter.line(reason_line(campaign))
    for word in ('created', 'planned', 'confirmed', 'finished'):
        moment: datetime | None = getattr(campaign, f'{word}_at')
        if moment is not None:
            reporter.line(
                message(f'campaign-{word}-at', time=f'{moment:%Y-%m-%d %H:%M}')
            )
    if ledger.counts(campaign)[State.PLANNED]:
        # It may be looked at by others than who may see all names of the plan.
        reporter.shows_hidden = False
        reporter.plan(
            lambda number: message('campaign-to-do-do', number=number),
            ledger.targets(campaign, State.PLANNED),
            (),
            _COLUMNS.get(campaign.action, _no_columns),
            everything=True,
        )
    reporter.summary(
        campaign.name,
        ledger.counts(campaign),
        ledger.changed_count(campaign),
        ledger.skip_counts(campaign),
        ledger.retries(campaign),
        ledger.targets(campaign, State.FAILED),
        ledger.targets(campaign, State.SKIPPED),
        _remarks(ledger, options, campaign),
    )
    return ExitCode.DONE


def _no_columns(target: Target) -> dict[str, str]:
    return {}


def _remarks(
    ledger: Ledger, options: SharedOptions, campaign: Campaign
) -> Iterator[str]:
    """Yield what can be done with a campaign."""
    yield message('campaign-ledger', place=ledger.location)
    for partition, error in ledger.partition_errors(campaign).items():
        yield message('campaign-postponed', partition=partition, error=error)
    yield from _to_go_on(ledger, options, campaign)
    if ledger.retryable(campaign):
        again = ('campaign', 'retry-failed', campaign.name)
        line = options.line(*again, wiki=campaign.wiki)
        yield message('campaign-to-retry', line=line)


def _to_go_on(
    ledger: Ledger, options: SharedOptions, campaign: Campaign
) -> Iterator[str]:
    """Yield the command that goes on with a campaign, if something is left of it."""
    counts = ledger.counts(campaign)
    if counts[State.LISTED] or counts[State.PLANNED] or counts[State.LEASED]:
        line = options.line('campaign', 'resume', campaign.name, wiki=campaign.wiki)
        yield message('campaign-to-resume', line=line)


def _report(
    ledger: Ledger, options: SharedOptions, campaign: Campaign, directory: str
) -> ExitCode:
    with naming(directory):
        files = write_report(ledger, campaign, expanded(directory))
    for file in files:
        options.reporter().line(str(file))
    return ExitCode.DONE


def _plan_failed_again(
    ledger: Ledger, options: SharedOptions, campaign: Campaign, simulate: bool
) -> int:
    """Put failed targets back into the plan, and return how many there were."""
    if not ledger.retryable(campaign):
        return 0
    if not (simulate or options.always or options.is_interactive):
        # The script asks, when it has made the new plan.
        raise InvalidInput('Nobody can be asked without a terminal: give -always.')
    if options.always and not simulate:
        _check_own(ledger, options, campaign)
    with at_work(ledger, campaign, account=campaign.operator, workers=0):
        ledger.reopen(campaign)
        return ledger.plan_again(campaign)


def _check_own(ledger: Ledger, options: SharedOptions, campaign: Campaign) -> None:
    """Refuse to put back into the plan what -always will not agree to.

    :raises StoppedByGuard: another key has planned it
    """
    site = site_of(campaign, options.arguments)
    sealer = options.sealer(ledger, campaign, site)
    for state in (State.FAILED, State.SKIPPED):
        for target in ledger.targets(campaign, state):
            skipped = target.decision.skipped if state is State.SKIPPED else None
            if skipped is not None and not skipped.is_transient:
                continue
            if sealer.vouched(target) is None:
                line = options.line(
                    'campaign', 'retry-failed', campaign.name, wiki=campaign.wiki
                )
                raise StoppedByGuard(
                    f'What has failed of {campaign.name!r} was not planned with your '
                    'key, and -always does not agree to what others have put into the '
                    'ledger: nothing was changed. Look at it first, at a terminal or '
                    f'with -simulate: {line}'
                )


def _forget(ledger: Ledger, options: SharedOptions, campaign: Campaign) -> ExitCode:
    if ledger.counts(campaign)[State.LEASED]:
        raise StoppedByGuard(
            f'Some targets of {campaign.name!r} may have been sent, and nobody has '
            'looked yet: resume it first, so that nothing is lost.'
        )
    _confirm(options, message('campaign-confirm-forget', name=campaign.name))
    with at_work(ledger, campaign, account=campaign.operator, workers=0):
        ledger.forget(campaign)
    options.reporter().line(message('campaign-forgotten', name=campaign.name))
    return ExitCode.DONE


def _confirm(options: SharedOptions, question: str) -> None:
    """Ask the operator, unless told not to.

    :raises StoppedByGuard: the answer was no
    """
    if options.always:
        return
    if not options.is_interactive:
        raise InvalidInput('Nobody can be asked without a terminal: give -always.')
    try:
        answer = pywikibot.input(question)
    except EOFError:
        answer = ''
    if answer.strip().lower() not in ('y', 'yes'):
        raise StoppedByGuard('Not confirmed; nothing was changed.')


def _about(campaign: Campaign) -> str:
    return message(
        'campaign-about',
        action=campaign.action,
        wiki=campaign.wiki,
        operator=campaign.operator,
    )


def _stage(campaign: Campaign | None) -> str:
    if campaign is None:
        return 'missing'
    if campaign.listed_at is None:
        return 'incomplete'
    if campaign.finished_at is not None:
        return 'finished'
    if campaign.confirmed_at is not None:
        return 'confirmed'
    return 'planned' if campaign.planned_at is not None else 'listed'


if __name__ == '__main__':
    sys.exit(main())
