"""One run of a campaign script: what its functions get, and the steps of every run.

Options, site and ledger; login; the targets of a new campaign, or one that is resumed
or undone; then plan, confirmation and the writes, which are in :mod:`.command`.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign import workers
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.ledgerurl import holds_password, in_full
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Outcome,
    State,
    Step,
    Target,
    now,
)
from mw_tokens_plugin.campaign.report.console import Reporter, terminal
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.outcomelog import JsonLog
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer, agreed
from mw_tokens_plugin.campaign.undone import (
    Undone,
    changed_targets,
    record_of,
    undo_steps,
)
from mw_tokens_plugin.cli.command import Command
from mw_tokens_plugin.cli.declaration import CampaignOptions, Declaration, Kind, Listing
from mw_tokens_plugin.cli.launch import handle_args
from mw_tokens_plugin.cli.lines import Lines
from mw_tokens_plugin.cli.login import account_of, log_in
from mw_tokens_plugin.cli.privatewords import check_names_are_private
from mw_tokens_plugin.cli.storedoptions import check_options, plain, with_defaults
from mw_tokens_plugin.cli.table import given, parse, table
from mw_tokens_plugin.cli.whereabouts import api_of, check_place, is_elsewhere, site_of
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import naming, open_private
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.protocol.names import AccountKind
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.settings import settings
from mw_tokens_plugin.targets.exclusions import Exclusions
from mw_tokens_plugin.targets.lists import ListReader, Parse, valid_names

__all__ = [
    'Opt',
    'Run',
    'T',
    'check_complete',
    'found',
    'open_ledger',
    'run_campaign',
    'sealer_of',
]

T = TypeVar('T')
#: The options of a script.
Opt = TypeVar('Opt', bound=CampaignOptions)

#: Unfinished campaigns that are named where one has to be chosen.
_LATEST = 3


def run_campaign(script: Declaration, arguments: list[str]) -> ExitCode:
    """Do what a command line asks of a campaign script."""
    check_names_are_private(script.options, arguments)
    options = parse(script.options, handle_args(arguments), f'pwb {script.title}')
    options = replace(options, arguments=tuple(arguments))
    for about in given(options):
        if about.instead is not None:
            site = pywikibot.Site().central_site()
            about.instead(site, Reporter(terminal(), quiet=options.quiet))
            return ExitCode.DONE
    script.check(options)
    run = Run(script, options)
    with closing(run.ledger):
        return run.work()


class Run(Generic[Opt]):
    """One run of a campaign script.

    .. version-added:: 0.1

    :ivar script: the declaration
    :ivar options: what the command line asks for
    :ivar site: the central wiki
    :ivar ledger: the record of all campaigns
    :ivar reporter: what shows the campaign to the operator
    :ivar lines: the commands that are printed
    """

    def __init__(self, script: Declaration, options: Opt) -> None:
        """Open site and ledger.

        What resumes a campaign, or undoes one, does so on that campaign's own wiki,
        whatever the default one is.
        """
        self.script = script
        self.options = options
        self.lines = Lines(options, *script.command.split(' ', 1))
        self.reporter = Reporter(terminal(), quiet=options.quiet)
        name = options.campaign if options.resume else options.undo
        if name is None:
            self.site: Any = site_of(None, options.arguments)
            self.ledger = open_ledger(options)
        else:
            self.ledger = open_ledger(options, create=False)
            try:
                self.site = site_of(self.ledger.find(name), options.arguments)
            except BaseException:
                self.ledger.close()
                raise
        self._shared: dict[Callable[[Any], Any], Any] = {}
        self._parse: Parse | None = None
        self._reader: ListReader | None = None
        self._exclusions = Exclusions()
        self._active: workers.ActiveRun | None = None

    # What the functions of a declaration use

    def named(
        self, parse: Parse | None = None, *, numbers: bool = False
    ) -> Iterator[str]:
        """Return the targets that are given as arguments, in files and on stdin.

        :param parse: reads one target, or several; without it they are accounts
        :param numbers: whether numbers of blocks are targets, as ``#41``
        :raises InvalidInput: when iterated, if there are bad lines that are not to be
            skipped
        """
        options, self._parse = self.options, parse
        reader = self._reader = ListReader(
            parse, column=options.column, numbers=numbers, **self._spelling()
        )

        def entries() -> Iterator[Any]:
            yield from reader.arguments(options.names)
            for path in options.file:
                yield from reader.file(path)
            if options.stdin:
                yield from reader.stream(sys.stdin.buffer, 'standard input')

        return valid_names(
            entries(), skip=options.skip_bad_lines, hidden=options.hides_names
        )

    def listed_to_skip(self, *, hidden: bool | None = None) -> list[str]:
        """Return the targets in the files of ``-not`` and in standing lists.

        :param hidden: whether bad lines are not shown; by default as the options say
        :raises InvalidInput: a list cannot be read, or a line of it
        """
        # Those of user-config.py name accounts.
        standing = settings.protected if self._parse is None else ()
        self._exclusions = Exclusions.read(
            self.options.not_,
            [*standing, *self.options.protect],
            self._parse,
            hidden=self.options.hides_names if hidden is None else hidden,
            **self._spelling(),
        )
        return self._exclusions.names

    def standing(self, *, hidden: bool | None = None) -> list[str]:
        """Return the names in standing lists that may be newer than a plan.

        :param hidden: as for :meth:`listed_to_skip`
        """
        return self.listed_to_skip(hidden=hidden) if self.options.resume else []

    def stored(self, campaign: Campaign) -> dict[str, Any]:
        """Return the options that a campaign has, or would have had by default."""
        return with_defaults(self.script, campaign)

    def undone(
        self, campaign: Campaign
    ) -> tuple[Campaign, Callable[..., dict[str, Target]]]:
        """Return the campaign that one undoes, and what tells its record by names.

        :raises StoppedByGuard: the record is not what it was when the undo was made
        """
        undone = found(self.ledger, campaign.options['undone'])
        return undone, Undone(self.ledger, campaign, undone).named

    def is_started(self, campaign: Campaign) -> bool:
        """Tell whether any target of a campaign was decided on before."""
        counts = self.ledger.counts(campaign)
        return any(counts[state] for state in State if state is not State.LISTED)

    def shared(self, make: Callable[[Any], T]) -> T:
        """Return what a function makes for this run; it is called once."""
        if make not in self._shared:
            self._shared[make] = make(self)
        made: T = self._shared[make]
        return made

    def new_name(self, kind: str = '') -> str:
        """Return the name for a new campaign, of the script's first kind by default."""
        # To the microsecond: two runs may start in the same second.
        moment = f'{datetime.now(timezone.utc):%Y%m%d-%H%M%S-%f}'
        return self.options.campaign or f'{kind or self.script.kind}-{moment}'

    def sealer(self, campaign: Campaign) -> Sealer:
        """Return what seals a campaign with the operator's key."""
        return sealer_of(self.ledger, campaign, self.site)

    def keep(
        self, campaign: Campaign, name: str, change: Callable[[Any], Any]
    ) -> Campaign:
        """Store an option of a campaign that may be changed, sealed as before.

        :param change: returns the new value for the present one, which may be None;
            another run may have changed it since the campaign was read
        """
        return self.sealer(campaign).keep(name, change)

    def ended(self, campaign: Campaign) -> Campaign:
        """Return a campaign as it is after the run, but for what was agreed to."""
        return agreed(campaign, found(self.ledger, campaign.name))

    def active_on(self, campaign: Campaign) -> AbstractContextManager[object]:
        """Be active on a campaign, unless this run is since it made it.

        :raises CampaignBusy: another run is active on it
        """
        if self._active is not None and self._active.is_of(campaign):
            return nullcontext()
        return workers.at_work(
            self.ledger, campaign, account=campaign.operator, workers=0
        )

    # The way that all take

    def work(self) -> ExitCode:
        """Log in, find or make the campaign, and run it."""
        options = self.options
        if options.resume:
            campaign = self._resumed()
            self._check_planned(campaign)
            self._log_in(campaign)
        else:
            self._log_in(None)
            made = self._new() if options.undo is None else self._undo(options.undo)
            if made is None:
                return ExitCode.DONE
            campaign = made
        kind = self.script.kinds[campaign.action]
        if options.resume or options.undo is not None:
            campaign = kind.before(self, campaign)
        if kind.confirm(campaign) and not (options.is_interactive or config.simulate):
            raise InvalidInput(
                f'The campaign {campaign.name!r} is confirmed by typing what it does: '
                'resume it at a terminal.'
            )
        code = self._command(campaign, kind)
        kind.after(self, campaign)
        return code

    def _log_in(self, campaign: Campaign | None) -> None:
        """Log in, and check the rights that are needed on the central wiki.

        :param campaign: the one that is resumed
        """
        kinds = self.script.kinds
        kind = kinds[campaign.action if campaign else self.script.kind]
        if kind.by_wiki:
            log_in(self.site, {})
            return
        rights = dict(kind.rights)
        for field, about in table(self.script.options).values():
            is_given = field.name in self.options.given
            if campaign is not None:
                is_given = bool(campaign.options.get(about.stored))
            if about.stored and is_given:
                rights.update(about.rights)
        log_in(self.site, rights)

    def _new(self) -> Campaign | None:
        """List the targets of a new campaign; None if there is nothing to do."""
        options = self.options
        listing = self.script.targets(self)
        for line in listing.lines:
            self.reporter.line(line)
        if listing.nothing and not listing.names:
            self.reporter.line(listing.nothing)
            return None
        stored = {
            about.stored: plain(getattr(options, field.name))
            for field, about in table(type(options)).values()
            if about.stored
        }
        stored |= {
            'excluded': self.listed_to_skip(),
            'untrusted': options.chosen_by_others,
        }
        listing = replace(listing, stored={**stored, **listing.stored})
        campaign, number = self.begin(self.script.kind, listing)
        if listing.counted is not None:
            self.reporter.line(listing.counted(number))
        return campaign

    def _undo(self, name: str) -> Campaign:
        """Make a campaign that undoes what another one has changed.

        :raises StoppedByGuard: what it has changed is not known yet
        """
        undone = found(self.ledger, name)
        kind = self.script.kinds.get(undone.action)
        if kind is None:
            raise InvalidInput(
                f'The campaign {name!r} is a {displayable(undone.action)}, which '
                'another script runs.'
            )
        undoes = kind.undone_by(undone)
        if not undoes:
            raise InvalidInput(
                f'The campaign {undone.name!r} has changed nothing that this script '
                'could undo.'
            )
        if self.ledger.counts(undone)[State.LEASED]:
            raise StoppedByGuard(
                f'Some targets of {undone.name!r} may have been sent, and were not '
                'read since, so not all of it would be undone: resume it first, or let '
                'it finish.'
            )
        if is_elsewhere(undone, self.site):
            check_place(self.ledger, undone, self.site)
        sealer = self.sealer(undone)
        steps: list[Step] = []
        own = True

        def recorded() -> Iterator[Target]:
            nonlocal own
            for target in changed_targets(self.ledger, undone):
                own = own and sealer.vouched(target) is not None
                steps.extend(undo_steps(undone, [target]))
                yield target

        record = record_of(undone, recorded())
        if not own and self.options.always and not config.simulate:
            raise StoppedByGuard(
                f'What {undone.name!r} has done was not recorded with your key, so '
                '-undo never runs on -always alone: give -simulate, look at the plan, '
                'and run it with -resume -always. At a terminal, leave -always out.'
            )
        stored = {'undone': undone.name, 'untrusted': not own, 'record': record}
        return self.begin(undoes, Listing((), stored=stored), steps, undone)[0]

    def begin(
        self,
        kind: str,
        listing: Listing,
        undo_steps: Iterable[Step] = (),
        undone: Campaign | None = None,
    ) -> tuple[Campaign, int]:
        """Make a campaign with its targets; without a valid target there is none.

        :param kind: what the ledger calls campaigns of this kind
        :param undone: the campaign that it undoes, by these steps
        :return: the campaign, and how many targets it has
        :raises InvalidInput: there is no target, or a campaign of that name
        """
        ledger, stages = self.ledger, self.script.kinds[kind].steps or ('',)
        listed = undo_steps or (
            Step(name, step, stage)
            for name in listing.names
            for stage, step in enumerate(stages)
        )
        name = listing.name or self.new_name(kind)
        if self.options.replace and (old := ledger.find(name)):
            try:
                # A list that cannot be read replaces nothing.
                listed = list(listed)
            except BaseException:
                self._say_read()
                raise
            _forget_unconfirmed(ledger, old)
        operator = self.site.username() or ''
        campaign, started = None, now()
        reason = self.options.reason
        try:
            campaign = ledger.create(
                name,
                action=kind,
                wiki=str(self.site),
                operator=operator,
                reason=(listing.reason if reason is None else reason) or '',
                options=dict(listing.stored),
                api=api_of(self.site),
                wikiid=undone.wikiid if undone else None,
                script=self.script.title,
                # What is undone has its stages, in the opposite order.
                stages=undone.stages if undone else len(stages),
            )
            # From now on nobody else may delete it, or take it for left behind.
            self._active = workers.begin_work(ledger, campaign, account_of(self.site))
            sealer = self.sealer(campaign)
            sealer.begin()
            try:
                counted = self.reporter.counted(listed, 'campaign-listing')
                number = ledger.add(campaign, counted, sealer.listed)
            finally:
                self._say_read()
            if not number:
                raise InvalidInput('Nothing was named: there is nothing to do.')
            for line in self._exclusions.check(
                ledger,
                campaign,
                listing.existing,
                hidden=self.options.hides_names,
                covering=listing.covering,
            ):
                self.reporter.line(line)
        except BaseException as error:
            if campaign is None and not isinstance(error, Exception):
                # A signal can come when it is in the ledger, and not known here yet.
                campaign = _made_since(ledger, name, operator, started)
            if self._active is not None:
                self._active.end()
            if campaign is not None:
                ledger.forget(campaign)
            raise
        return ledger.mark(campaign, 'listed_at'), number

    def _resumed(self) -> Campaign:
        """Return the campaign to be resumed.

        :raises InvalidInput: there is none, or it is not clear which
        """
        ledger, site, kinds = self.ledger, self.site, self.script.kinds
        if self.options.campaign is not None:
            campaign = found(ledger, self.options.campaign)
            if campaign.action not in kinds:
                raise InvalidInput(
                    f'The campaign {campaign.name!r} is a '
                    f'{displayable(campaign.action)}, which another script runs.'
                )
            if is_elsewhere(campaign, site):
                check_place(ledger, campaign, site)
        else:
            unfinished = [
                campaign
                for kind in kinds
                for campaign in ledger.unfinished(kind, str(site))
                if not is_elsewhere(campaign, site)
            ]
            # One that was started comes before plans that were not confirmed.
            confirmed = [campaign for campaign in unfinished if campaign.confirmed_at]
            chosen = confirmed if len(confirmed) == 1 else unfinished
            if len(chosen) != 1:
                latest = ', '.join(displayable(c.name) for c in unfinished[-_LATEST:])
                raise InvalidInput(
                    f'{len(unfinished)} campaigns are unfinished, the latest being '
                    f'{latest}: say -campaign:NAME. "pwb campaign list" shows all.'
                    if unfinished
                    else f'No campaign on {site} is unfinished: nothing to resume.'
                )
            (campaign,) = chosen
        return check_options(self.script, check_complete(campaign))

    def _check_planned(self, campaign: Campaign) -> None:
        """Refuse -always for a plan that nobody can have checked.

        :raises StoppedByGuard: others could choose its targets, and it is not finished
        """
        if not (self.options.always and campaign.options.get('untrusted')):
            return
        if campaign.planned_at is None or self.ledger.counts(campaign)[State.LISTED]:
            raise StoppedByGuard(
                f'A part of {campaign.name!r} is not planned yet, and others could '
                'choose its targets, so nobody has looked at it: resume it with '
                '-simulate first.'
            )

    def _command(self, campaign: Campaign, kind: Kind) -> ExitCode:
        """Plan, confirm and write."""
        action = kind.make(self, campaign)
        known, sealer = campaign, self.sealer(campaign)
        campaign = check_place(self.ledger, campaign, self.site)
        if campaign != known:
            sealer.move_to(campaign)
        names = NameFilter(self.ledger)
        self.reporter.hide_names = redactor.hide_names = names
        active, self._active = self._active, None
        if active is not None and not active.is_of(campaign):
            active = None
        with _logged(self.options.log_json, campaign, names) as observe:
            command = Command(
                ledger=self.ledger,
                site=self.site,
                reporter=self.reporter,
                options=self.options,
                lines=self.lines,
                kind=kind,
                action=action,
                sealer=sealer,
                name_filter=names,
                observe=observe,
            )
            code = command.run(campaign, active)
        if self.options.report is not None:
            self._write_report(campaign, self.options.report)
        return code

    def _write_report(self, campaign: Campaign, folder: str) -> None:
        try:
            files = write_report(self.ledger, found(self.ledger, campaign.name), folder)
        except OSError as error:
            line = message(
                'campaign-no-report',
                error=f'{error.filename or folder}: {error.strerror}',
                line=self.lines.about('report', campaign, 'DIR'),
            )
            self.reporter.line(line, urgent=True)
        else:
            words = ', '.join(map(str, files))
            self.reporter.line(message('campaign-report', files=words))

    def _spelling(self) -> dict[str, Any]:
        """Return how names are written on the wiki."""
        if self._parse is not None:
            return {}
        return {'capital': self.site.first_letter, 'english': self.site.in_english}

    def _say_read(self) -> None:
        """Tell how the lines of all lists were read."""
        for source in self._reader.sources if self._reader else ():
            kinds, count = source.kinds, source.interpreted
            others = source.comments + source.markup + source.refused + count
            if source.title == 'argument' and not others:
                continue
            about = {
                word: getattr(source, word)
                for word in ('names', 'comments', 'markup', 'refused')
            }
            self._say('campaign-source', source=source.title, **about)
            temporary = kinds.get(AccountKind.TEMPORARY, 0)
            addresses = kinds.get(AccountKind.IP, 0)
            if temporary or addresses:
                about = {'temporary': temporary, 'addresses': addresses}
                self._say('campaign-source-kinds', **about)
            if not count:
                continue
            if self.options.hides_names or not self.reporter.interactive:
                self._say('campaign-interpreted', number=count)
                continue
            for line, names in source.shown:
                self._say('campaign-interpreted-line', line=line, names=names)
            if more := count - len(source.shown):
                self._say('campaign-interpreted-more', number=more)

    def _say(self, key: str, **about: object) -> None:
        self.reporter.line(message(key, **about))


def open_ledger(
    options: CampaignOptions, *, create: bool = True, upgrade: bool = False
) -> Ledger:
    """Open the ledger that is named, here or in user-config.py, or the usual one.

    :param create: whether one that is named may be new
    :param upgrade: whether tables of an older version on a server are upgraded
    """
    if options.ledger:
        if holds_password(options.ledger):
            pywikibot.warning(message('campaign-ledger-password'))
        return Ledger(options.ledger, create=create, upgrade=upgrade)
    if standing := settings.ledger:
        # Else each folder from which a script is started has a ledger of its own.
        place = in_full(standing, str(config.base_dir))
        return Ledger(place, upgrade=upgrade)
    return Ledger(str(config.datafilepath('campaigns', 'ledger.sqlite3')))


def sealer_of(ledger: Ledger, campaign: Campaign, site: Any) -> Sealer:
    """Return what seals a campaign with the operator's key.

    :param site: the central wiki
    """
    return Sealer(Key.of(config.base_dir), ledger, campaign, account_of(site))


def found(ledger: Ledger, name: str) -> Campaign:
    """Return a campaign by its name.

    :raises InvalidInput: there is none
    """
    campaign = ledger.find(name)
    if campaign is None:
        raise InvalidInput(f'{ledger.location} has no campaign {name!r}.')
    return campaign


def check_complete(campaign: Campaign) -> Campaign:
    """Refuse to resume a list of which the rest was lost."""
    if campaign.listed_at is None:
        forget = shlex.join(['pwb', 'campaign', 'forget', campaign.name])
        raise StoppedByGuard(
            f'The list of {campaign.name!r} was never completed: "{forget}", and '
            'start again.'
        )
    return campaign


def _made_since(
    ledger: Ledger, name: str, operator: str, moment: datetime
) -> Campaign | None:
    """Return a campaign that was made just now, and of which nothing is listed yet."""
    campaign = ledger.find(name)
    if campaign is None or campaign.operator != operator:
        return None
    is_new = campaign.listed_at is None and campaign.created_at >= moment
    return campaign if is_new else None


def _forget_unconfirmed(ledger: Ledger, campaign: Campaign) -> None:
    """Make room for another plan of the same name.

    :raises InvalidInput: somebody has confirmed it, so that it is a record
    :raises CampaignBusy: another run is planning it
    """
    with workers.at_work(ledger, campaign, account=campaign.operator, workers=0):
        if found(ledger, campaign.name).confirmed_at is not None:
            raise InvalidInput(
                f'The plan of {campaign.name!r} was confirmed, so it is kept: give '
                'another -campaign:NAME.'
            )
        ledger.forget(campaign)


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
