"""The options that all campaign scripts share: read, checked and explained once.

What a script has beyond them, and what its campaign does, is its own business.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pywikibot
from pywikibot import config

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.guards import Threshold
from mw_tokens_plugin.campaign.ledger import Ledger, now
from mw_tokens_plugin.campaign.ledgerurl import (
    holds_password,
    in_full,
    without_secrets,
)
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.report.console import Reporter, terminal
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.outcomelog import JsonLog
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.undone import changed_targets, record_of
from mw_tokens_plugin.campaign.workers import (
    Run,
    at_work,
    begin_work,
    too_many_workers,
)
from mw_tokens_plugin.cli.command import (
    MAX_UNATTENDED,
    MAX_WORKERS,
    Command,
    Consent,
)
from mw_tokens_plugin.cli.launch import ExitCode
from mw_tokens_plugin.cli.storedoptions import check_options
from mw_tokens_plugin.cli.whereabouts import (
    api_of,
    check_place,
    is_elsewhere,
    site_of,
    words_for,
)
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import (
    check_appendable,
    check_folder,
    expanded,
    naming,
    open_private,
)
from mw_tokens_plugin.protocol.display import displayable, find_control
from mw_tokens_plugin.protocol.names import AccountKind, Capital, first_letter
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.settings import settings
from mw_tokens_plugin.targets.exclusions import Exclusions, Exist
from mw_tokens_plugin.targets.lists import (
    BadLine,
    Entry,
    ListReader,
    Parse,
    valid_names,
)

#: Unfinished campaigns that are named where one has to be chosen.
_LATEST = 3

#: What ``-help`` shows of them, where a script's docstring says ``&campaign;``.
HELP = f"""
-skip-bad-lines   Skip lines of lists that could not be read. Otherwise they are listed,
                  and nothing is done.

-column:NAME      The column with the targets, by its heading or number, where a list
                  has columns separated by commas, semicolons or tabulators.

-always           Do not ask for confirmation. Without a terminal it is required.

-simulate         Stop after the plan, and keep it: -resume carries out exactly that.

-max-failures:N   Stop when more than N targets have failed; 5% is possible too.

-stop-page:TITLE  Stop when this page of the central wiki is changed by anybody, in
                  this run and all that go on with it, until it is named anew.

How many at a time:

-workers:N        Work on N targets side by side; 1 unless given. More than
                  {MAX_WORKERS} in all runs of an account are refused, unless it is
                  said twice:

-insist           Have more workers than is polite.

-join             With -resume: help a run that is at work, instead of leaving it to it.

The record:

-campaign:NAME    The name of the campaign; by default script, date and time.

-replace          Make the plan of -campaign:NAME again, which nobody has confirmed.

-resume           Go on with -campaign:NAME, or with the only one that is unfinished.

-ledger:URL       The database of all campaigns, an SQLAlchemy URL or the path of an
                  SQLite file; by default that of enable(ledger=URL) in
                  user-config.py, or one in pywikibot's data directory.

-quiet            Say nothing unless something is left undone.

-log-json:FILE    Append a line of JSON to the file for every target that is done.

-report:DIR       Write what the campaign came to as JSON, CSV, wikitext and HTML.

Exit codes: 0 everything done; 1 some targets failed or were skipped; 2 usage or
configuration; 3 not authorised; 4 stopped by a guard; 70 internal error; 75 try again
later; 130 interrupted.
"""


@dataclass
class SharedOptions:
    """What the command line of any campaign script asks for.

    .. version-added:: 0.1

    :ivar targets: the arguments that are no options
    :ivar longest: the longest plan that is carried out
    :ivar arguments: the whole command line, in which a wiki may be named
    """

    targets: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    stdin: bool = False
    reason: str | None = None
    undo: str | None = None
    exclude: list[str] = field(default_factory=list)
    protect: list[str] = field(default_factory=list)
    column: str = ''
    longest: int | None = None
    skip_bad_lines: bool = False
    always: bool = False
    max_failures: Threshold | None = None
    stop_page: str | None = None
    workers: int = 1
    insist: bool = False
    join: bool = False
    campaign: str | None = None
    replace: bool = False
    resume: bool = False
    ledger: str | None = None
    quiet: bool = False
    log_json: str | None = None
    report: str | None = None
    arguments: Sequence[str] = ()
    _run: Run | None = None
    _reader: ListReader | None = None
    _exclusions: Exclusions = field(default_factory=Exclusions)

    def take(self, argument: str) -> bool:
        """Read one argument; False if it is none of these options.

        :raises InvalidInput: its value makes no sense
        """
        name, colon, value = argument.partition(':')
        match name, bool(colon):
            case '-', False:
                self.stdin = True
            case '-file', True:
                self.files.append(expanded(value))
            case '-column', True:
                self.column = value
            case '-reason' | '-summary', True:
                self.reason = checked_reason(name, value)
            case '-undo', True:
                self.undo = value
            case '-not', True:
                self.exclude.append(expanded(value))
            case '-protect', True:
                self.protect.append(expanded(value))
            case '-max', True:
                self.longest = number(name, value)
            case '-skip-bad-lines', False:
                self.skip_bad_lines = True
            case '-always', False:
                self.always = True
            case '-max-failures', True:
                self.max_failures = Threshold.parse(value)
            case '-stop-page', True:
                self.stop_page = value
            case '-workers', True:
                self.workers = number(name, value)
            case '-insist', False:
                self.insist = True
            case '-join', False:
                self.join = True
            case '-campaign', True:
                self.campaign = _campaign_name(value)
            case '-replace', False:
                self.replace = True
            case '-resume', False:
                self.resume = True
            case '-ledger', True:
                self.ledger = _place(name, value)
                if holds_password(value):
                    pywikibot.warning(message('campaign-ledger-password'))
            case '-quiet', False:
                self.quiet = True
            case '-log-json', True:
                self.log_json = expanded(_place(name, value))
            case '-report', True:
                self.report = expanded(_place(name, value))
            case _ if argument.startswith('-'):
                return False
            case _:
                self.targets.append(argument)
        return True

    def check(self, *, new: bool, how: str) -> None:
        """Refuse what does not go together, before anything is sent.

        :param new: whether the command line names any targets
        :param how: the words that say how they are named
        :raises OSError: a file that is to be written cannot be
        """
        if not (new or self.resume or self.undo is not None):
            raise InvalidInput(how)
        if new + self.resume + (self.undo is not None) > 1:
            raise InvalidInput(
                '-resume and -undo take their targets from the ledger: name no others, '
                'and give only one of the two.'
            )
        if (self.exclude or self.protect) and not new:
            raise InvalidInput(
                '-not and -protect belong to a new plan, not to -resume or -undo.'
            )
        if self.column and not (self.files or self.stdin):
            raise InvalidInput('-column names a column of -file:FILE: give that, too.')
        if self.resume and self.reason is not None:
            raise InvalidInput(
                '-resume keeps the reason of its campaign: leave -reason out.'
            )
        if self.replace and (self.campaign is None or self.resume):
            raise InvalidInput(
                '-replace makes the plan of a campaign again: give -campaign:NAME, and '
                'no -resume.'
            )
        if self.join and not self.resume:
            raise InvalidInput('-join helps a campaign that exists: give -resume too.')
        if not self.workers:
            raise InvalidInput('-workers:0: nothing would be done.')
        if self.workers > MAX_WORKERS and not self.insist:
            raise too_many_workers('This run', self.workers, MAX_WORKERS)
        if self.quiet and not self.always and not config.simulate:
            raise InvalidInput(
                '-quiet shows no plan that could be confirmed: give -always too.'
            )
        if self.log_json is not None:
            check_appendable(self.log_json)
        if self.report is not None:
            check_folder(self.report)

    def check_reason(self, hint: str = '') -> None:
        """Refuse a new campaign without a reason."""
        if self.reason is None and not self.resume:
            raise InvalidInput(
                f'A reason is required: -reason:TEXT. {hint}-reason: alone leaves it '
                'empty.'
            )

    def check_looked_at(self, sources: str) -> None:
        """Refuse targets that others choose where nobody would look at the plan.

        :param sources: the options that name such targets
        """
        if config.simulate or (self.is_interactive and not self.always):
            return
        raise InvalidInput(
            f'Others can add targets there, so {sources} never run on -always alone: '
            'give -simulate, look at the plan, and carry it out with -resume -always. '
            'At a terminal, leave -always out.'
        )

    def check_consent(self) -> None:
        """Refuse what would have to be asked where nobody is."""
        if not (self.is_interactive or self.always or config.simulate):
            raise InvalidInput(
                'Nobody can be asked without a terminal: give -always, or -simulate to '
                'keep the plan.'
            )

    @property
    def is_interactive(self) -> bool:
        """Whether somebody can be asked."""
        return sys.stdin.isatty() and not self.stdin

    def check_seen(self, ledger: Ledger, campaign: Campaign) -> None:
        """Refuse -always for a plan that nobody can have looked at.

        :raises StoppedByGuard: others could choose its targets, and it is not finished
        """
        if not (self.always and campaign.options.get('untrusted')):
            return
        if campaign.confirmed_at is not None:
            return
        if campaign.planned_at is None or ledger.counts(campaign)[State.LISTED]:
            raise StoppedByGuard(
                f'A part of {campaign.name!r} is not planned yet, and others could '
                'choose its targets, so nobody has looked at it: resume it with '
                '-simulate first.'
            )

    def named(
        self,
        parse: Parse | None = None,
        *,
        capital: Capital = first_letter,
        english: Callable[[str], str] = str,
        discreet: bool = False,
    ) -> Iterator[str]:
        """Yield the targets that are given as arguments, in files and on stdin.

        :param parse: reads one target, or several; without it they are accounts
        :param capital: writes the first letter of an account as the wiki does
        :param english: as for :class:`.targets.ListReader`
        :param discreet: whether bad lines are not to be shown
        :raises InvalidInput: there are bad lines, and they are not to be skipped
        """
        self._reader = ListReader(
            parse, capital=capital, column=self.column, english=english
        )
        yield from valid_names(
            self._entries(self._reader), skip=self.skip_bad_lines, discreet=discreet
        )

    def excluded(
        self,
        parse: Parse | None = None,
        *,
        capital: Capital = first_letter,
        english: Callable[[str], str] = str,
        discreet: bool = False,
    ) -> list[str]:
        """Return the targets that are to be left alone.

        :param parse: reads one target, or several; without it they are accounts
        :param capital: writes the first letter of an account as the wiki does
        :param english: as for :class:`.targets.ListReader`
        :param discreet: whether bad lines are not to be shown
        :raises InvalidInput: a list cannot be read, or a line of it
        """
        # Those of user-config.py name accounts.
        standing = [*(settings.protected if parse is None else ()), *self.protect]
        self._exclusions = Exclusions.read(
            self.exclude,
            standing,
            parse,
            capital=capital,
            discreet=discreet,
            english=english,
        )
        return self._exclusions.names

    def _entries(self, reader: ListReader) -> Iterator[Entry | BadLine]:
        yield from reader.arguments(self.targets)
        for path in self.files:
            yield from reader.file(path)
        if self.stdin:
            yield from reader.stream(sys.stdin.buffer, 'standard input')

    def open_ledger(self, *, create: bool = True, upgrade: bool = False) -> Ledger:
        """Open the ledger that is named, here or in user-config.py, or the usual one.

        :param create: whether one that is named may be new
        :param upgrade: whether tables of an older version on a server are upgraded
        """
        if self.ledger:
            return Ledger(self.ledger, create=create, upgrade=upgrade)
        if standing := settings.ledger:
            # Else each folder from which a script is started has a ledger of its own.
            place = in_full(standing, str(config.base_dir))
            return Ledger(place, upgrade=upgrade)
        return Ledger(str(config.datafilepath('campaigns', 'ledger.sqlite3')))

    def open_all(self) -> tuple[Any, Ledger]:
        """Return the central wiki and the ledger.

        What goes on with a campaign, or undoes one, does so on that campaign's own
        wiki, whatever the default one is.
        """
        name = self.campaign if self.resume else self.undo
        if name is None:
            site = site_of(None, self.arguments)
            return site, self.open_ledger()
        ledger = self.open_ledger(create=False)
        try:
            return site_of(ledger.find(name), self.arguments), ledger
        except BaseException:
            ledger.close()
            raise

    def sealer(self, ledger: Ledger, campaign: Campaign, site: Any) -> Sealer:
        """Return what seals a campaign with the operator's key.

        :param site: the central wiki
        """
        key = Key.of(config.base_dir)
        return Sealer(key, ledger, campaign, _account(site))

    def keep(
        self, ledger: Ledger, campaign: Campaign, site: Any, name: str, value: Any
    ) -> Campaign:
        """Keep something more among the options of a campaign, sealed as before.

        :param site: the central wiki
        """
        sealer = self.sealer(ledger, campaign, site)
        campaign = ledger.keep(campaign, name, value)
        sealer.move_to(campaign)
        return campaign

    def busy_with(
        self, ledger: Ledger, campaign: Campaign
    ) -> AbstractContextManager[object]:
        """Be at work on a campaign, unless this run has been since it began it.

        :raises CampaignBusy: another run is at work on it
        """
        if self._run is not None and self._run.is_of(campaign):
            return nullcontext()
        return at_work(ledger, campaign, account=campaign.operator, workers=0)

    def reporter(self) -> Reporter:
        """Return what shows the campaign to the operator."""
        return Reporter(terminal(), quiet=self.quiet)

    def begin(
        self,
        ledger: Ledger,
        site: Any,
        kind: str,
        names: Iterable[str],
        stored: dict[str, Any],
        *,
        reporter: Reporter,
        reason: str | None = None,
        name: str | None = None,
        exist: Exist | None = None,
        discreet: bool = False,
        wikiid: str | None = None,
    ) -> tuple[Campaign, int]:
        """Begin a campaign with its targets; without a valid target there is none.

        :param site: the central wiki
        :param kind: what the ledger calls campaigns of this kind
        :param names: its targets; what it raises undoes the beginning
        :param stored: what else the ledger keeps of it
        :param reason: the reason, where ``-reason`` is not given
        :param name: what it is called, if that was said before
        :param exist: returns which of some targets exist, for those of ``-not``
        :param discreet: whether targets are shown in the plan alone
        :param wikiid: what the wiki calls itself, if that was said before
        :return: the campaign, and how many targets it has
        :raises InvalidInput: there is no target, or a campaign of that name
        """
        name = name or self.new_name(kind)
        if self.replace and (old := ledger.find(name)):
            try:
                # A list that cannot be read replaces nothing.
                names = list(names)
            except BaseException:
                self._say_read(reporter, discreet=discreet)
                raise
            _forget_unconfirmed(ledger, old)
        operator = site.username() or ''
        campaign, started = None, now()
        try:
            campaign = ledger.create(
                name,
                action=kind,
                wiki=str(site),
                operator=operator,
                reason=(reason if self.reason is None else self.reason) or '',
                options=stored,
                api=api_of(site),
                wikiid=wikiid,
            )
            # From now on nobody else may delete it, or take it for left behind.
            self._run = begin_work(ledger, campaign, _account(site))
            sealer = self.sealer(ledger, campaign, site)
            sealer.begin()
            try:
                listed = reporter.counted(names, 'campaign-listing')
                number = ledger.add(campaign, listed, sealer.listed)
            finally:
                self._say_read(reporter, discreet=discreet)
            if not number:
                raise InvalidInput('Nothing was named: there is nothing to do.')
            for line in self._exclusions.check(
                ledger, campaign, exist or (lambda names: names), discreet=discreet
            ):
                reporter.line(line)
        except BaseException as error:
            if campaign is None and not isinstance(error, Exception):
                # A signal can come when it is in the ledger, and not known here yet.
                campaign = _begun(ledger, name, operator, since=started)
            if self._run is not None:
                self._run.end()
            if campaign is not None:
                ledger.forget(campaign)
            raise
        return ledger.mark(campaign, 'listed_at'), number

    def begin_undo(
        self, ledger: Ledger, site: Any, kind: str, undone: Campaign
    ) -> Campaign:
        """Begin a campaign that undoes what another one has changed.

        :param kind: what the ledger calls campaigns of this kind
        :raises StoppedByGuard: what it has changed is not known yet
        """
        if ledger.counts(undone)[State.LEASED]:
            raise StoppedByGuard(
                f'Some targets of {undone.name!r} may have been sent, and nobody has '
                'looked yet, so not all of it would be undone: resume it first, or let '
                'it finish.'
            )
        if is_elsewhere(undone, site):
            check_place(ledger, undone, site)
        sealer = self.sealer(ledger, undone, site)
        names, own = [], True

        def changed() -> Iterator[Target]:
            nonlocal own
            for target in changed_targets(ledger, undone):
                own = own and sealer.vouched(target) is not None
                names.append(target.name)
                yield target

        record = record_of(undone, changed())
        if not own and self.always and not config.simulate:
            raise StoppedByGuard(
                f'What {undone.name!r} has done was not recorded with your key, so '
                '-undo never runs on -always alone: give -simulate, look at the plan, '
                'and carry it out with -resume -always. At a terminal, leave -always '
                'out.'
            )
        campaign, _number = self.begin(
            ledger,
            site,
            kind,
            names,
            {'undone': undone.name, 'untrusted': not own, 'record': record},
            reporter=self.reporter(),
            wikiid=undone.wikiid,
        )
        return campaign

    def _say_read(self, reporter: Reporter, *, discreet: bool) -> None:
        """Say what became of the lines of all lists."""
        for source in self._reader.sources if self._reader else ():
            kinds, found = source.kinds, source.interpreted
            others = source.comments + source.markup + source.refused + found
            if source.title == 'argument' and not others:
                continue
            reporter.line(
                message(
                    'campaign-source',
                    source=source.title,
                    names=source.names,
                    comments=source.comments,
                    markup=source.markup,
                    refused=source.refused,
                )
            )
            temporary = kinds.get(AccountKind.TEMPORARY, 0)
            addresses = kinds.get(AccountKind.IP, 0)
            if temporary or addresses:
                reporter.line(
                    message(
                        'campaign-source-kinds',
                        temporary=temporary,
                        addresses=addresses,
                    )
                )
            if not found:
                continue
            if discreet or not reporter.interactive:
                reporter.line(message('campaign-interpreted', number=found))
                continue
            for line, names in source.shown:
                reporter.line(
                    message('campaign-interpreted-line', line=line, names=names)
                )
            if more := found - len(source.shown):
                reporter.line(message('campaign-interpreted-more', number=more))

    def new_name(self, kind: str) -> str:
        """Return the name for a new campaign."""
        # To the microsecond: two runs may begin in the same second.
        now = datetime.now(timezone.utc)
        return self.campaign or f'{kind}-{now:%Y%m%d-%H%M%S-%f}'

    def resumed(
        self,
        ledger: Ledger,
        site: Any,
        kinds: Sequence[str],
        own: Collection[str] = (),
    ) -> Campaign:
        """Return the campaign to go on with.

        :param kinds: the kinds of campaigns that the script carries out
        :param own: the options that a script of somebody else has stored
        :raises InvalidInput: there is none, or it is not clear which
        """
        if self.campaign is not None:
            campaign = found(ledger, self.campaign)
            if campaign.action not in kinds:
                raise InvalidInput(
                    f'The campaign {campaign.name!r} is a '
                    f'{displayable(campaign.action)}, which another script carries out.'
                )
            if is_elsewhere(campaign, site):
                check_place(ledger, campaign, site)
            return check_options(check_complete(campaign), own)
        unfinished = [
            campaign
            for kind in kinds
            for campaign in ledger.unfinished(kind, str(site))
            if not is_elsewhere(campaign, site)
        ]
        # One that was under way comes before plans that nobody has confirmed.
        confirmed = [campaign for campaign in unfinished if campaign.confirmed_at]
        if len(confirmed) == 1:
            return check_options(check_complete(confirmed[0]), own)
        if len(unfinished) != 1:
            names = (displayable(campaign.name) for campaign in unfinished[-_LATEST:])
            latest = ', '.join(names)
            raise InvalidInput(
                f'{len(unfinished)} campaigns are unfinished, the latest being '
                f'{latest}: say -campaign:NAME. "pwb campaign list" shows all.'
                if unfinished
                else f'No campaign on {site} is unfinished: nothing to resume.'
            )
        return check_options(check_complete(unfinished[0]), own)

    def line(self, script: str, *words: str, wiki: str | None = None) -> str:
        """Return a command line for the same ledger, for whatever folder.

        :param wiki: that of the campaign, as ``family:code``
        """
        start = 'python' if script.endswith('.py') else 'pwb'
        whole = [start, script, *words]
        if wiki is not None:
            whole += words_for(wiki, self.arguments)
        if self.ledger:
            # A password in it is for the operator to fill in again.
            place = without_secrets(in_full(self.ledger, os.getcwd()))
            whole.append(f'-ledger:{place}')
        return shlex.join(whole)

    def resume_line(
        self, script: str, campaign: Campaign, *, asks: bool = False
    ) -> str:
        """Return the command that goes on with a campaign.

        :param asks: whether it asks first, though these options do not
        """
        again = {
            f'-max-failures:{self.max_failures}': self.max_failures is not None,
            f'-workers:{self.workers}': self.workers != 1,
            '-insist': self.insist,
            '-quiet': self.quiet and not asks,
            f'-log-json:{os.path.abspath(self.log_json or "")}': bool(self.log_json),
            f'-report:{os.path.abspath(self.report or "")}': bool(self.report),
            '-always': self.always and not asks,
        }
        words = [word for word, is_given in again.items() if is_given]
        go_on = ('-resume', f'-campaign:{campaign.name}')
        return self.line(script, *go_on, *words, wiki=campaign.wiki)

    def carry_out(
        self,
        script: str,
        ledger: Ledger,
        campaign: Campaign,
        action: Action,
        site: Any,
        reporter: Reporter,
        *,
        twice: str = '',
        can_undo: bool = False,
        side_by_side: bool = False,
        longest: int | None = None,
    ) -> ExitCode:
        """Run a campaign as these options say.

        :param script: the script that goes on with it
        :param site: the central wiki
        :param twice: what the operator has to type besides; see :class:`Consent`
        :param can_undo: whether ``-undo`` can undo it
        :param side_by_side: see :class:`Command`
        :param longest: the longest plan where ``-max`` is not given
        """
        if self.longest is not None:
            longest = self.longest
        elif longest is None and not self.is_interactive:
            longest = MAX_UNATTENDED
        sealer = self.sealer(ledger, campaign, site)
        known = campaign
        campaign = check_place(ledger, campaign, site)
        if campaign != known:
            sealer.move_to(campaign)
        wiki = campaign.wiki
        undo = self.line(script, f'-undo:{campaign.name}', '-reason:TEXT', wiki=wiki)
        run, self._run = self._run, None
        consent = Consent(
            always=self.always,
            simulate=bool(config.simulate),
            longest=longest,
            workers=self.workers,
            join=self.join,
            insist=self.insist,
            max_failures=self.max_failures,
            stop_page=self.stop_page,
            twice=twice,
        )
        name_filter = NameFilter(ledger)
        reporter.hide_names = redactor.hide_names = name_filter
        with _written_down(self.log_json, campaign, name_filter) as observe:
            command = Command(
                ledger,
                action,
                site,
                reporter,
                consent,
                resume_line=self.resume_line(script, campaign),
                undo_line=undo if can_undo else '',
                show_line=self.line('campaign', 'show', campaign.name, wiki=wiki),
                look_line=self.resume_line(script, campaign, asks=True),
                retry_line=self.line(
                    'campaign', 'retry-failed', campaign.name, wiki=wiki
                ),
                side_by_side=side_by_side,
                observe=observe,
                name_filter=name_filter,
                sealer=sealer,
            )
            code = command.run(campaign, run if run and run.is_of(campaign) else None)
        if self.report is not None:
            self._write_report(ledger, campaign, reporter)
        return code

    def _write_report(
        self, ledger: Ledger, campaign: Campaign, reporter: Reporter
    ) -> None:
        assert self.report is not None
        try:
            files = write_report(ledger, found(ledger, campaign.name), self.report)
        except OSError as error:
            line = self.line(
                'campaign', 'report', campaign.name, 'DIR', wiki=campaign.wiki
            )
            reporter.line(
                message(
                    'campaign-no-report',
                    error=f'{error.filename or self.report}: {error.strerror}',
                    line=line,
                ),
                urgent=True,
            )
        else:
            reporter.line(message('campaign-report', files=', '.join(map(str, files))))


def _account(site: Any) -> str:
    return f'{site.username()}@{site}'


def found(ledger: Ledger, name: str) -> Campaign:
    """Return a campaign by its name.

    :raises InvalidInput: there is none
    """
    campaign = ledger.find(name)
    if campaign is None:
        raise InvalidInput(f'{ledger.location} has no campaign {name!r}.')
    return campaign


def _begun(
    ledger: Ledger, name: str, operator: str, *, since: datetime
) -> Campaign | None:
    """Return a campaign that was begun just now, and of which nothing is listed yet."""
    campaign = ledger.find(name)
    if campaign is None or campaign.operator != operator:
        return None
    is_new = campaign.listed_at is None and campaign.created_at >= since
    return campaign if is_new else None


def _forget_unconfirmed(ledger: Ledger, campaign: Campaign) -> None:
    """Make room for another plan of the same name.

    :raises InvalidInput: somebody has confirmed it, so that it is a record
    :raises CampaignBusy: another run is planning it
    """
    with at_work(ledger, campaign, account=campaign.operator, workers=0):
        if found(ledger, campaign.name).confirmed_at is not None:
            raise InvalidInput(
                f'The plan of {campaign.name!r} was confirmed, so it is kept: give '
                'another -campaign:NAME.'
            )
        ledger.forget(campaign)


def check_complete(campaign: Campaign) -> Campaign:
    """Refuse to go on with a list of which the rest was lost."""
    if campaign.listed_at is None:
        raise StoppedByGuard(
            f'The list of {campaign.name!r} was never completed: '
            f'"{shlex.join(["pwb", "campaign", "forget", campaign.name])}", and begin '
            'anew.'
        )
    return campaign


def checked_reason(name: str, text: str) -> str:
    """Return a reason as a wiki keeps it, but for its length.

    :param name: the option that gives it
    :raises InvalidInput: it holds a line break or another control character
    """
    reason = unicodedata.normalize('NFC', text).strip()
    if control := find_control(reason):
        raise InvalidInput(
            f'{name}: the reason holds the control character {control}: a log shows '
            'one line of plain text.'
        )
    return reason


def number(name: str, value: str) -> int:
    """Read the number that an option was given.

    :raises InvalidInput: it is none
    """
    if not value.isdecimal():
        raise InvalidInput(f'{name}:{value}: give a number, such as {name}:100.')
    return int(value)


def not_understood(script: str, argument: str) -> InvalidInput:
    """Return the error for an argument that no option explains."""
    return InvalidInput(
        f'{argument!r} is not understood. "pwb {script} -help" lists all options; '
        'those with a value are written -name:value.'
    )


def _place(name: str, value: str) -> str:
    """Return where something is; an empty variable of a shell must not change that."""
    if not value:
        raise InvalidInput(f'{name}: says nothing: name a place, or leave it out.')
    return value


def _campaign_name(value: str) -> str:
    if not re.fullmatch(r'[\w.-]{1,100}', value):
        raise InvalidInput(
            f'-campaign:{value}: use letters, digits, "-", "_" and ".", up to 100.'
        )
    return value


@contextmanager
def _written_down(
    path: str | None, campaign: Campaign, name_filter: NameFilter
) -> Iterator[Callable[[Target, Outcome], None]]:
    """Yield what writes each outcome to a file, if one was named.

    :raises OSError: it cannot be written to
    """
    if path is None:
        yield lambda target, outcome: None
        return
    file = open_private(path, 'append')
    log = JsonLog(file, campaign, hide_names=name_filter)

    def write(target: Target, outcome: Outcome) -> None:
        with naming(path):
            log.outcome(target, outcome)

    try:
        yield write
    finally:
        with naming(path):
            file.close()
