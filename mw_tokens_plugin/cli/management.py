"""What ``pwb campaign`` does: list, show, report and forget campaigns, and try again.

Resuming and undoing one is left to the script that runs campaigns of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pywikibot

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.records import Campaign, State, Target, now
from mw_tokens_plugin.campaign.report.console import Reporter, terminal
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.groups import save_group
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.campaign.report.wording import reason_line
from mw_tokens_plugin.campaign.upgrades import VERSION
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.cli.forgetting import old_campaigns
from mw_tokens_plugin.cli.kinds import script_for
from mw_tokens_plugin.cli.launch import handle_args
from mw_tokens_plugin.cli.ledgers import (
    check_complete,
    found,
    open_ledger,
    sealer_of,
)
from mw_tokens_plugin.cli.lines import Lines
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.script import CampaignScript
from mw_tokens_plugin.cli.table import parse
from mw_tokens_plugin.cli.whereabouts import place_of, site_of
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded, naming
from mw_tokens_plugin.protocol.display import displayable

#: What is left to the script that runs the campaign.
_BY_SCRIPT = ('resume', 'retry-failed', 'undo')
#: What is left of "forget" with ``-older-than``.
_FORGET_OLD = 'forget -older-than'
#: What reads the ledger alone.
_READING = ('list', 'report', 'save', 'show', 'stage')


class _Shared(CampaignOptions):
    """The options of all scripts; the names are those of campaigns."""

    takes_names = False


def manage(cls: type[Any], arguments: list[str]) -> ExitCode:
    """Do what the command line asks for.

    :param cls: the options, whose ``others`` are those that another script reads
    """
    options = parse(cls, arguments, 'pwb campaign')
    options = replace(options, arguments=tuple(arguments))
    names = options.names
    if options.older_than is not None:
        if names != ('forget',):
            raise InvalidInput(
                '-older-than belongs to "pwb campaign forget" without a name.'
            )
        names = (_FORGET_OLD,)
    verb, words = _what_to_do(names)
    others: tuple[str, ...] = options.others
    if verb not in _BY_SCRIPT:
        left = handle_args(others) if others else []
        parse(_Shared, left, 'pwb campaign')
    elif verb == 'retry-failed' and others:
        # Whose plan it is, and on which wiki, is asked before the script starts.
        handle_args(others)
    do, _ = _VERBS[verb]
    with closing(Management(verb, options, simulate='-simulate' in others)) as here:
        starts = do(here, *words)
    if starts is None:
        return ExitCode.DONE
    script, mode = starts
    # The script reads the rest of the command line.
    mode += [word for word in arguments if word not in (verb, words[0])]
    return script.main(*mode)


def _what_to_do(names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the first word of a command line, and the others.

    :raises InvalidInput: they are not what can be done
    """
    if not names:
        *verbs, last = (verb for verb in _VERBS if verb != _FORGET_OLD)
        raise InvalidInput(f'Say what to do: {", ".join(verbs)} or {last}.')
    verb, *words = names
    if verb not in _VERBS:
        raise InvalidInput(f'{verb!r} is not understood: see pwb campaign -help.')
    if '' in words:
        raise InvalidInput(
            f'pwb campaign {verb}: the name of a campaign, or another word, is empty. '
            'Is a variable of the shell not set?'
        )
    _, needed = _VERBS[verb]
    if len(words) < len(needed):
        asked = 'Which campaign?' if not words else 'Which part, and where to?'
        if len(needed) == 2:
            asked = 'Where to?' if words else asked
        raise InvalidInput(f'{asked} pwb campaign {verb} {" ".join(needed)}')
    if len(words) > len(needed):
        raise InvalidInput(f'pwb campaign {verb} takes no {words[len(needed)]!r}.')
    return verb, tuple(words)


#: The script that does the rest, and the options for it.
Start = tuple[CampaignScript, list[str]]


class Management:
    """The ledger of a command line, and a method for each thing that can be done."""

    def __init__(self, verb: str, options: Any, *, simulate: bool) -> None:
        """Open the ledger.

        :param simulate: whether the script that does the rest writes nothing
        """
        self._options = options
        self._simulate = simulate
        self._lines = Lines(options)
        self._reporter = Reporter(terminal(), quiet=options.quiet)
        # A ledger that is not there yet has no campaign, which is an answer.
        self._ledger = open_ledger(
            options,
            create=verb == 'stage',
            upgrade=verb == 'upgrade',
            only_reads=verb in _READING,
        )

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def list(self) -> None:
        """List all campaigns in the ledger."""
        ledger, reporter = self._ledger, self._reporter
        reporter.hide_names = NameFilter(ledger)
        # One row that is not understood hides no others.
        campaigns = ledger.campaigns(
            lambda error: reporter.line(str(error), urgent=True)
        )
        ambiguous = _ambiguous(campaigns)
        for campaign in campaigns:
            try:
                counts = ledger.counts(campaign)
                is_followed = self._is_followed(campaign)
            except InvalidInput as error:
                reporter.line(str(error), urgent=True)
                continue
            numbers = [
                message(f'campaign-count-{state.value}', number=count)
                for state, count in counts.items()
                if count
            ]
            if is_followed:
                then = campaign.options['then']
                about = {'number': self._to_follow(then), 'name': then['name']}
                numbers.append(message('campaign-count-following', **about))
            reporter.say(
                'campaign-listed',
                name=campaign.name,
                about=_about(campaign, ambiguous),
                created=_minute(campaign.created_at),
                stage=self._stage_in_words(campaign),
                numbers=', '.join(numbers),
            )
        if not campaigns:
            reporter.say('campaign-no-campaigns', place=ledger.location)

    def show(self, name: str) -> None:
        """Show what a campaign is, its plan, and the result so far."""
        ledger, reporter, campaign = self._ledger, self._reporter, self._found(name)
        reporter.hide_names = NameFilter(ledger)
        others = ledger.campaigns(lambda error: None)
        reporter.line(_about(campaign, _ambiguous(others)))
        reporter.line(reason_line(campaign))
        for word in ('created', 'planned', 'confirmed', 'finished'):
            moment: datetime | None = getattr(campaign, f'{word}_at')
            if moment is not None:
                reporter.line(message(f'campaign-{word}-at', time=_minute(moment)))
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
            Summary.read(ledger, campaign),
            self._remarks(campaign),
            link=partial(_log_of, campaign),
        )

    def stage(self, name: str) -> None:
        """Print how far a campaign is, in one word."""
        print(self._stage(self._ledger.find(name)))

    def report(self, name: str, folder: str) -> None:
        """Write a report of a campaign."""
        campaign = self._found(name)
        with naming(folder):
            files = write_report(self._ledger, campaign, expanded(folder))
        for file in files:
            self._reporter.line(str(file))

    def save(self, name: str, group: str, file: str) -> None:
        """Write a group of the targets of a campaign as a list."""
        campaign, path = self._found(name), expanded(file)
        with naming(path):
            number, hidden = save_group(self._ledger, campaign, group, path)
        self._reporter.say('campaign-saved', number=number, file=path)
        if hidden:
            self._reporter.say('campaign-saved-hidden', number=hidden)

    def upgrade(self) -> None:
        """Tell which version the ledger has, which opening it has upgraded."""
        place = self._ledger.location
        self._reporter.say('campaign-ledger-version', place=place, version=VERSION)

    def forget(self, name: str) -> None:
        """Delete all that the ledger knows of a campaign.

        :raises StoppedByGuard: some of it is not certain, or the operator says no
        """
        campaign = self._found(name)
        if self._ledger.counts(campaign)[State.LEASED]:
            raise StoppedByGuard(
                f'Some targets of {name!r} may have been sent, and this was not '
                'checked yet: resume it first, so that nothing is lost.'
            )
        self._confirm(message('campaign-confirm-forget', name=name))
        with at_work(self._ledger, campaign, account=campaign.operator, workers=0):
            self._ledger.forget(campaign)
        self._reporter.say('campaign-forgotten', name=name)
        for other in self._ledger.campaigns(lambda error: None):
            if (other.options.get('then') or {}).get('name') == name:
                self._reporter.say('campaign-forgotten-follower', leader=other.name)

    def forget_old(self) -> None:
        """Delete all that the ledger knows of campaigns that are over, or never began.

        :raises StoppedByGuard: the operator says no
        """
        age: timedelta = self._options.older_than
        campaigns = self._ledger.campaigns(self._say_error)
        gone, kept = old_campaigns(
            self._ledger,
            campaigns,
            now() - age,
            lambda campaign: self._stage(campaign) == 'finished',
        )
        self._reporter.hide_names = NameFilter(self._ledger)
        for campaign in gone:
            about, stage = _about(campaign, ()), self._stage_in_words(campaign)
            created = _minute(campaign.created_at)
            self._reporter.say(
                'campaign-old',
                name=campaign.name,
                about=about,
                created=created,
                stage=stage,
            )
        for campaign in kept:
            self._reporter.say('campaign-old-kept', name=campaign.name)
        if not gone:
            self._reporter.say('campaign-none-old')
            return
        self._confirm(message('campaign-confirm-forget-old', number=len(gone)))
        for campaign in gone:
            account = campaign.operator
            with at_work(self._ledger, campaign, account=account, workers=0):
                self._ledger.forget(campaign)
            self._reporter.say('campaign-forgotten', name=campaign.name)

    def undo(self, name: str) -> Start:
        """Return what undoes a campaign."""
        return _script(self._found(name)), [f'-undo:{name}']

    def resume(self, name: str) -> Start:
        """Return what resumes a campaign."""
        return _script(self._found(name)), ['-resume', f'-campaign:{name}']

    def retry_failed(self, name: str) -> Start | None:
        """Put failed targets back into the plan; return what resumes the campaign."""
        campaign = check_complete(self._found(name))
        if not self._ledger.retryable(campaign):
            if number := self._ledger.to_do(campaign):
                self._reporter.say('campaign-failed-planned', number=number)
            elif number := self._ledger.in_part(campaign):
                self._reporter.say('campaign-failed-in-part', number=number)
            elif number := self._ledger.refused_for_good(campaign):
                self._reporter.say('campaign-failed-for-good', number=number)
            else:
                self._reporter.say('campaign-none-failed')
            for line in self._to_resume(campaign):
                self._reporter.line(line, urgent=True)
            return None
        if not (self._simulate or self._options.always or self._options.is_interactive):
            # The script asks, when it has made the new plan.
            raise InvalidInput('Nobody can be asked without a terminal: give -always.')
        if self._options.always and not self._simulate:
            self._check_own(campaign)
        with at_work(self._ledger, campaign, account=campaign.operator, workers=0):
            self._ledger.reopen(campaign)
            self._ledger.plan_again(campaign)
        if script_for(campaign.action) is None:
            self._reporter.say('campaign-listed-again')
            return None
        return self.resume(name)

    def _say_error(self, error: Exception) -> None:
        self._reporter.line(str(error), urgent=True)

    def _found(self, name: str) -> Campaign:
        return found(self._ledger, name)

    def _remarks(self, campaign: Campaign) -> Iterator[str]:
        """Yield what can be done with a campaign."""
        ledger, about = self._ledger, self._lines.about
        yield message('campaign-ledger', place=ledger.location)
        for partition, error in ledger.partition_errors(campaign).items():
            yield message('campaign-postponed', partition=partition, error=error)
        following = ledger.find((campaign.options.get('then') or {}).get('name', ''))
        for each in filter(None, (campaign, following)):
            if _is_undone_by_script(each) and ledger.has_changed(each):
                line = about('undo', each, '-reason:TEXT')
                yield message('campaign-to-undo', line=line)
        yield from self._to_resume(campaign)
        if ledger.retryable(campaign):
            line = about('retry-failed', campaign)
            yield message('campaign-to-retry', line=line)

    def _to_resume(self, campaign: Campaign) -> Iterator[str]:
        """Yield the command that resumes a campaign, if something is left to do."""
        counts = self._ledger.counts(campaign)
        is_left = counts[State.LISTED] or counts[State.PLANNED] or counts[State.LEASED]
        if is_left or (campaign.finished_at and self._is_followed(campaign)):
            line = self._lines.about('resume', campaign)
            yield message('campaign-to-resume', line=line)

    def _is_followed(self, campaign: Campaign) -> bool:
        """Tell whether another campaign that follows this one is not finished."""
        if not (then := campaign.options.get('then')):
            return False
        following = self._ledger.find(then['name'])
        return following is None or following.finished_at is None

    def _to_follow(self, then: Mapping[str, Any]) -> int:
        """Return how many targets of a campaign that follows another one are left."""
        following = self._ledger.find(then['name'])
        if following is None or following.listed_at is None:
            return len(then['names'])
        counts = self._ledger.counts(following)
        return sum(counts[s] for s in (State.LISTED, State.PLANNED, State.LEASED))

    def _stage_in_words(self, campaign: Campaign) -> str:
        """Return how far a campaign is, for people."""
        stage, end = self._stage(campaign), campaign.finished_at
        if stage == 'finished' and end is not None:
            return message('campaign-stage-finished-at', time=_minute(end))
        return message(f'campaign-stage-{stage}')

    def _stage(self, campaign: Campaign | None) -> str:
        """Return how far a campaign is, with the one that follows it."""
        if campaign is None:
            return 'missing'
        if campaign.listed_at is None:
            return 'incomplete'
        if campaign.finished_at is not None and not self._is_followed(campaign):
            return 'finished'
        if campaign.confirmed_at is not None or campaign.finished_at is not None:
            return 'confirmed'
        return 'planned' if campaign.planned_at is not None else 'listed'

    def _check_own(self, campaign: Campaign) -> None:
        """Refuse to put back into the plan what -always will not agree to.

        :raises StoppedByGuard: another key has planned it
        """
        site = site_of(campaign, self._options.arguments)
        sealer = sealer_of(self._ledger, campaign, site)
        for state in (State.FAILED, State.SKIPPED):
            for target in self._ledger.targets(campaign, state):
                skipped = target.decision.skipped if state is State.SKIPPED else None
                if skipped is not None and not skipped.is_retried:
                    continue
                if skipped is None and target.is_refused_for_good:
                    continue
                if sealer.vouched(target) is None:
                    line = self._lines.about('retry-failed', campaign)
                    raise StoppedByGuard(
                        f'What has failed of {campaign.name!r} was not planned with '
                        'your key, and -always does not agree to what others have put '
                        'into the ledger: nothing was changed. Look at it first, at a '
                        f'terminal or with -simulate: {line}'
                    )

    def _confirm(self, question: str) -> None:
        """Ask the operator, unless told not to.

        :raises StoppedByGuard: the answer was no
        """
        if self._options.always:
            return
        if not self._options.is_interactive:
            raise InvalidInput('Nobody can be asked without a terminal: give -always.')
        try:
            answer = pywikibot.input(question)
        except EOFError:
            answer = ''
        if answer.strip().lower() not in ('y', 'yes'):
            raise StoppedByGuard('Not confirmed; nothing was changed.')


#: What can be done, each with the method that does it and what has to be named.
_VERBS: Mapping[str, tuple[Callable[..., Start | None], tuple[str, ...]]] = {
    'list': (Management.list, ()),
    'show': (Management.show, ('NAME',)),
    'stage': (Management.stage, ('NAME',)),
    'report': (Management.report, ('NAME', 'DIR')),
    'save': (Management.save, ('NAME', 'GROUP', 'FILE')),
    'resume': (Management.resume, ('NAME',)),
    'retry-failed': (Management.retry_failed, ('NAME',)),
    'undo': (Management.undo, ('NAME',)),
    'forget': (Management.forget, ('NAME',)),
    'upgrade': (Management.upgrade, ()),
    _FORGET_OLD: (Management.forget_old, ()),
}


def _minute(moment: datetime) -> str:
    return f'{moment:%Y-%m-%d %H:%M}'


def _script(campaign: Campaign) -> CampaignScript:
    """Return the script that runs campaigns of this kind.

    :raises InvalidInput: none that is installed here does
    """
    script = script_for(campaign.action)
    if script is None:
        began = f' ({displayable(campaign.script)})' if campaign.script else ''
        raise InvalidInput(
            f'The campaign {campaign.name!r} is a {displayable(campaign.action)}, '
            'which no script that is installed here runs: use the one that began '
            f'it{began}.'
        )
    return script


def _columns(campaign: Campaign) -> Callable[[Target], Mapping[str, str]]:
    """Return what a plan shows of the targets of a campaign."""
    script = script_for(campaign.action)
    return script.kinds[campaign.action].columns if script else lambda target: {}


def _log_of(campaign: Campaign, target: Target) -> str:
    """Return the address of the log of a target; empty if it is not known."""
    with suppress(InvalidInput):
        script = script_for(campaign.action)
        page = script.kinds[campaign.action].log(target) if script else {}
        place = campaign.api or ''
        if page and place.endswith('/api.php'):
            return f'{place.removesuffix("api.php")}index.php?{urlencode(page)}'
    return ''


def _is_undone_by_script(campaign: Campaign) -> bool:
    """Tell whether a script that is installed here undoes campaigns of this kind."""
    # Whatever is wrong with the scripts of others, the campaign is shown.
    with suppress(InvalidInput):
        script = script_for(campaign.action)
        if script is not None:
            return bool(script.kinds[campaign.action].undone_by(campaign))
    return False


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
