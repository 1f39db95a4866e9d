"""What ``pwb campaign`` does: list, show, report and forget campaigns, and try again.

Resuming and undoing one is left to the script that runs campaigns of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import pywikibot

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Target
from mw_tokens_plugin.campaign.report.console import Reporter, terminal
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.campaign.report.wording import reason_line
from mw_tokens_plugin.campaign.upgrades import VERSION
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.cli.declaration import CampaignOptions
from mw_tokens_plugin.cli.kinds import script_for
from mw_tokens_plugin.cli.launch import handle_args
from mw_tokens_plugin.cli.lines import Lines
from mw_tokens_plugin.cli.run import check_complete, found, open_ledger, sealer_of
from mw_tokens_plugin.cli.table import parse
from mw_tokens_plugin.cli.whereabouts import place_of, site_of
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded, naming
from mw_tokens_plugin.protocol.display import displayable

#: What is left to the script that runs the campaign.
_BY_SCRIPT = ('resume', 'retry-failed', 'undo')


def manage(cls: type[Any], arguments: list[str]) -> ExitCode:
    """Do what the command line asks for.

    :param cls: the options, whose ``others`` are those that another script reads
    """
    options = parse(cls, arguments, 'pwb campaign')
    options = replace(options, arguments=tuple(arguments))
    if options.names[:1] and options.names[0] in _BY_SCRIPT:
        others: tuple[str, ...] = options.others
        if options.names[0] == 'retry-failed' and others:
            # Whose plan it is, and on which wiki, is asked before the script starts.
            handle_args(others)
    else:
        # With these pywikibot opens the wiki, which nothing here needs.
        left = handle_args(options.others) if options.others else []
        parse(CampaignOptions, left, 'pwb campaign')
        others = ()
    if not options.names:
        raise InvalidInput(
            'Say what to do: list, show, stage, report, resume, retry-failed, undo, '
            'forget or upgrade.'
        )
    command, *words = options.names
    if '' in words:
        raise InvalidInput(
            f'pwb campaign {command}: the name of a campaign, or another word, is '
            'empty. Is a variable of the shell not set?'
        )
    # A ledger that is not there yet has no campaign, which is an answer.
    ledger = open_ledger(
        options, create=command == 'stage', upgrade=command == 'upgrade'
    )
    try:
        if command == 'list':
            return _list(ledger, options, words)
        if command == 'stage' and len(words) == 1:
            print(_stage(ledger.find(words[0])))
            return ExitCode.DONE
        if command == 'upgrade' and not words:
            about = {'place': ledger.location, 'version': VERSION}
            _reporter(options).line(message('campaign-ledger-version', **about))
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
                    reporter = _reporter(options)
                    reporter.line(message('campaign-none-failed'))
                    for line in _to_go_on(ledger, options, campaign):
                        reporter.line(line, urgent=True)
                    return ExitCode.DONE
                if script_for(campaign.action) is None:
                    _reporter(options).line(message('campaign-listed-again'))
                    return ExitCode.DONE
                mode = ['-resume', f'-campaign:{campaign.name}']
            case _:
                raise InvalidInput(
                    f'"{" ".join([command, campaign.name, *words])}" is not '
                    'understood: see pwb campaign -help.'
                )
        script = script_for(campaign.action)
        if script is None:
            began = f' ({displayable(campaign.script)})' if campaign.script else ''
            raise InvalidInput(
                f'The campaign {campaign.name!r} is a {displayable(campaign.action)}, '
                'which no script that is installed here runs: use the one that began '
                f'it{began}.'
            )
    finally:
        ledger.close()
    passed = [a for a in arguments if a not in (command, campaign.name)]
    return script.main(*mode, *passed)


def _list(ledger: Ledger, options: CampaignOptions, words: list[str]) -> ExitCode:
    if words:
        raise InvalidInput(f'pwb campaign list takes no {words[0]!r}.')
    reporter = _reporter(options)
    reporter.hide_names = NameFilter(ledger)
    # One row that is not understood hides no others.
    campaigns = ledger.campaigns(lambda error: reporter.line(str(error), urgent=True))
    ambiguous = _ambiguous(campaigns)
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
                about=_about(campaign, ambiguous),
                stage=message(f'campaign-stage-{_stage(campaign)}'),
                numbers=numbers,
            )
        )
    if not campaigns:
        reporter.line(message('campaign-no-campaigns', place=ledger.location))
    return ExitCode.DONE


def _show(ledger: Ledger, options: CampaignOptions, campaign: Campaign) -> ExitCode:
    reporter = _reporter(options)
    reporter.hide_names = NameFilter(ledger)
    others = ledger.campaigns(lambda error: None)
    reporter.line(_about(campaign, _ambiguous(others)))
    reporter.line(reason_line(campaign))
    for word in ('created', 'planned', 'confirmed', 'finished'):
        moment: datetime | None = getattr(campaign, f'{word}_at')
        if moment is not None:
            reporter.line(
                message(f'campaign-{word}-at', time=f'{moment:%Y-%m-%d %H:%M}')
            )
    if ledger.counts(campaign)[State.PLANNED]:
        # Others may read it than those who may see all names of the plan.
        reporter.shows_hidden = False
        reporter.plan(
            lambda number: message('campaign-to-do-do', number=number),
            ledger.targets(campaign, State.PLANNED),
            (),
            _columns(campaign),
            everything=True,
        )
    reporter.summary(
        Summary.read(ledger, campaign), _remarks(ledger, options, campaign)
    )
    return ExitCode.DONE


def _columns(campaign: Campaign) -> Callable[[Target], Mapping[str, str]]:
    """Return what a plan shows of the targets of a campaign."""
    script = script_for(campaign.action)
    return script.kinds[campaign.action].columns if script else lambda target: {}


def _remarks(
    ledger: Ledger, options: CampaignOptions, campaign: Campaign
) -> Iterator[str]:
    """Yield what can be done with a campaign."""
    yield message('campaign-ledger', place=ledger.location)
    for partition, error in ledger.partition_errors(campaign).items():
        yield message('campaign-postponed', partition=partition, error=error)
    if _is_undone_by_script(campaign) and ledger.changed_count(campaign):
        line = Lines(options).about('undo', campaign, '-reason:TEXT')
        yield message('campaign-to-undo', line=line)
    yield from _to_go_on(ledger, options, campaign)
    if ledger.retryable(campaign):
        line = Lines(options).about('retry-failed', campaign)
        yield message('campaign-to-retry', line=line)


def _is_undone_by_script(campaign: Campaign) -> bool:
    """Tell whether a script that is installed here undoes campaigns of this kind."""
    # Whatever is wrong with the scripts of others, the campaign is shown.
    with suppress(InvalidInput):
        script = script_for(campaign.action)
        if script is not None:
            return bool(script.kinds[campaign.action].undone_by(campaign))
    return False


def _to_go_on(
    ledger: Ledger, options: CampaignOptions, campaign: Campaign
) -> Iterator[str]:
    """Yield the command that resumes a campaign, if something is left to do."""
    counts = ledger.counts(campaign)
    if counts[State.LISTED] or counts[State.PLANNED] or counts[State.LEASED]:
        line = Lines(options).about('resume', campaign)
        yield message('campaign-to-resume', line=line)


def _report(
    ledger: Ledger, options: CampaignOptions, campaign: Campaign, directory: str
) -> ExitCode:
    with naming(directory):
        files = write_report(ledger, campaign, expanded(directory))
    for file in files:
        _reporter(options).line(str(file))
    return ExitCode.DONE


def _plan_failed_again(
    ledger: Ledger, options: CampaignOptions, campaign: Campaign, simulate: bool
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


def _check_own(ledger: Ledger, options: CampaignOptions, campaign: Campaign) -> None:
    """Refuse to put back into the plan what -always will not agree to.

    :raises StoppedByGuard: another key has planned it
    """
    site = site_of(campaign, options.arguments)
    sealer = sealer_of(ledger, campaign, site)
    for state in (State.FAILED, State.SKIPPED):
        for target in ledger.targets(campaign, state):
            skipped = target.decision.skipped if state is State.SKIPPED else None
            if skipped is not None and not skipped.is_transient:
                continue
            if sealer.vouched(target) is None:
                line = Lines(options).about('retry-failed', campaign)
                raise StoppedByGuard(
                    f'What has failed of {campaign.name!r} was not planned with your '
                    'key, and -always does not agree to what others have put into the '
                    'ledger: nothing was changed. Look at it first, at a terminal or '
                    f'with -simulate: {line}'
                )


def _forget(ledger: Ledger, options: CampaignOptions, campaign: Campaign) -> ExitCode:
    if ledger.counts(campaign)[State.LEASED]:
        raise StoppedByGuard(
            f'Some targets of {campaign.name!r} may have been sent, and this was not '
            'checked yet: resume it first, so that nothing is lost.'
        )
    _confirm(options, message('campaign-confirm-forget', name=campaign.name))
    with at_work(ledger, campaign, account=campaign.operator, workers=0):
        ledger.forget(campaign)
    _reporter(options).line(message('campaign-forgotten', name=campaign.name))
    return ExitCode.DONE


def _confirm(options: CampaignOptions, question: str) -> None:
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


def _reporter(options: CampaignOptions) -> Reporter:
    return Reporter(terminal(), quiet=options.quiet)


def _ambiguous(campaigns: Iterable[Campaign]) -> set[str]:
    """Return the names that campaigns on several wikis give to their wikis."""
    places: dict[str, set[tuple[str, str]]] = {}
    for campaign in campaigns:
        if campaign.api is not None:
            places.setdefault(campaign.wiki, set()).add(place_of(campaign.api))
    return {wiki for wiki, there in places.items() if len(there) > 1}


def _about(campaign: Campaign, ambiguous: Collection[str]) -> str:
    """Return what a campaign is, in one line.

    :param ambiguous: the names of wikis that need the address as well
    """
    wiki = campaign.wiki
    if wiki in ambiguous and campaign.api is not None:
        wiki = f'{wiki} ({campaign.api})'
    return message(
        'campaign-about',
        action=campaign.action,
        wiki=wiki,
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
