#!/usr/bin/env python3
"""Lock, unlock or hide global accounts in bulk, with a plan, guards and a record.

The script acts on the central wiki of the farm, whatever wiki is the default one.
It shows a plan, asks for confirmation, and can be stopped or killed at any moment and
resumed: nothing is done twice.

Names are given as arguments, or by:

-file:FILE        Names in a file in UTF-8, one a line; "#" begins a comment, and
                  "User:" and wikilinks are accepted.

-                 The same from standard input; -always or -simulate is required.

-prefix:TEXT      All global accounts whose names begin so.

-page:TITLE       Those in the open lock requests of a page of the central wiki, such
                  as "Steward requests/Global"; with -hide, in the requests to hide.
                  The reason is a link to the request unless another one is given.

Others can edit a page and choose names, so -prefix and -page never run on -always
alone: -simulate keeps the plan, somebody looks at it, and -resume -always carries out
exactly that. For a page there are more options:

-section:HEADING  Only the request with this heading, or those under it.

-requester:NAME   Only what this account has added, by the history of the page.

-close            When all is done, mark the requests that are done, in one edit.

-ip-file:FILE     Write the IP addresses and temporary accounts that the requests name
                  to a file for Special:MassGlobalBlock, instead of listing them.

What is done, and why:

-reason:TEXT      The reason for the log. It is required, though it may be empty.

-reasons          List the wiki's own reasons, and stop.

-unlock           Unlock instead of locking.

-hide:LEVEL       Lock and hide the accounts: "lists" or "suppressed". The API cannot
                  undo that; it is confirmed by typing it, at a terminal.

-undo:CAMPAIGN    Unlock what a campaign has locked and nobody has changed since.

Guards:

-not:FILE         Names that are held back, in a file like that of -file.

-max-edits:N      Hold back accounts with more than N global edits; default 50.

-max:N            Refuse a plan with more than N accounts. Without a terminal it is
                  100 unless given.

-skip-bad-lines   Pass over lines that hold no name. Otherwise they are listed, and
                  nothing is done.

-always           Do not ask for confirmation. Without a terminal it is required.

-simulate         Stop after the plan, and keep it: -resume carries out exactly that.

The record:

-campaign:NAME    The name of the campaign; by default script, date and time.

-resume           Go on with -campaign:NAME, or with the only one that is unfinished.

-ledger:URL       The database of all campaigns, an SQLAlchemy URL or the path of an
                  SQLite file; by default in pywikibot's data directory.

Exit codes: 0 everything done; 1 some accounts failed or were held back; 2 usage;
3 not authorised; 4 stopped by a guard; 75 try again later; 130 interrupted.

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pywikibot
from pywikibot import config
from pywikibot.exceptions import NoUsernameError
from rich.console import Console

from mw_tokens_plugin.campaign.command import (
    MAX_UNATTENDED,
    Command,
    Consent,
    begin,
)
from mw_tokens_plugin.campaign.globallock import (
    GlobalLock,
    Guards,
    UndoGlobalLock,
)
from mw_tokens_plugin.campaign.launch import ExitCode, run_script
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.pagetargets import (
    RequestedLock,
    RequestedUndo,
    Selection,
    batches,
    mark_requests,
    select,
    write_addresses,
)
from mw_tokens_plugin.campaign.records import Campaign, State
from mw_tokens_plugin.campaign.report import Reporter
from mw_tokens_plugin.campaign.targets import (
    BadLine,
    names_in_arguments,
    names_in_file,
    names_in_stream,
)
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    PermissionDenied,
    SessionError,
    SessionLost,
    StoppedByGuard,
    TokensPluginError,
)
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel
from mw_tokens_plugin.protocol.names import normalise_name, normalise_prefix
from mw_tokens_plugin.requestpage import RequestKind

_REASONS_PAGE = 'Centralauth-admin-status-reasons'
_KINDS = (GlobalLock.kind, UndoGlobalLock.kind)


@dataclass
class Options:
    """What the command line asks for."""

    names: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    stdin: bool = False
    prefixes: list[str] = field(default_factory=list)
    page: str | None = None
    sections: list[str] = field(default_factory=list)
    requesters: list[str] = field(default_factory=list)
    close: bool = False
    ip_file: str | None = None
    reason: str | None = None
    reasons: bool = False
    unlock: bool = False
    hide: HiddenLevel | None = None
    undo: str | None = None
    exclude: list[str] = field(default_factory=list)
    max_edits: int | None = None
    longest: int | None = None
    skip_bad_lines: bool = False
    always: bool = False
    campaign: str | None = None
    resume: bool = False
    ledger: str | None = None

    @property
    def has_targets(self) -> bool:
        """Whether the command line names any accounts."""
        return self.has_names or self.page is not None

    @property
    def has_names(self) -> bool:
        """Whether it names them itself, not by a page."""
        return bool(self.names or self.files or self.stdin or self.prefixes)

    @property
    def untrusted(self) -> bool:
        """Whether others can add to the accounts that it names."""
        return bool(self.prefixes) or self.page is not None


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    return run_script(_run, args)


def _run(arguments: list[str]) -> ExitCode:
    _check_discretion(arguments)
    options = parse(pywikibot.handle_args(arguments))
    interactive = sys.stdin.isatty() and not options.stdin
    _check(options, interactive)
    reporter = Reporter(Console(highlight=False))
    site = pywikibot.Site().central_site()
    if options.reasons:
        return _list_reasons(site, reporter)
    ledger = Ledger(options.ledger or _default_ledger())
    try:
        if options.resume:
            campaign = _to_resume(ledger, site, options)
            _check_looked_at(ledger, options, campaign)
            _log_in(site, campaign.options)
            _compare_page(site, campaign, reporter)
        elif options.undo is not None:
            _log_in(site, {})
            campaign = _begin_undo(ledger, site, options)
        else:
            if options.untrusted:
                _log_in(site, {})
            begun = _begin(ledger, site, options, reporter)
            if begun is None:
                return ExitCode.DONE
            campaign = begun
            try:
                _log_in(site, campaign.options)
            except (SessionError, PermissionDenied):
                line = _resume_line(options, campaign)
                reporter.line(f'The names are kept. To go on: {line}')
                raise
        code = Command(
            ledger,
            _action(ledger, site, campaign),
            site,
            reporter,
            _consent(options, campaign, interactive),
            resume_line=_resume_line(options, campaign),
            undo_line=_undo_line(options, campaign),
        ).run(campaign)
        _close(ledger, site, options, campaign, reporter)
        return code
    finally:
        ledger.close()


def parse(args: Iterable[str]) -> Options:
    """Read the command line.

    :param args: what pywikibot has left of it
    :raises InvalidInput: it cannot be understood
    """
    options = Options()
    for argument in args:
        name, colon, value = argument.partition(':')
        match name, bool(colon):
            case '-', False:
                options.stdin = True
            case '-file', True:
                options.files.append(value)
            case '-prefix', True:
                options.prefixes.append(value)
            case '-page', True:
                if options.page is not None:
                    raise InvalidInput('Give one -page: at a time.')
                options.page = value
            case '-section', True:
                options.sections.append(value)
            case '-requester', True:
                options.requesters.append(normalise_name(value))
            case '-close', False:
                options.close = True
            case '-ip-file', True:
                options.ip_file = value
            case '-reason', True:
                options.reason = value
            case '-reasons', False:
                options.reasons = True
            case '-unlock', False:
                options.unlock = True
            case '-hide', True:
                options.hide = _level(value)
            case '-undo', True:
                options.undo = value
            case '-not', True:
                options.exclude.append(value)
            case '-max-edits', True:
                options.max_edits = _number(name, value)
            case '-max', True:
                options.longest = _number(name, value)
            case '-skip-bad-lines', False:
                options.skip_bad_lines = True
            case '-always', False:
                options.always = True
            case '-campaign', True:
                options.campaign = _campaign_name(value)
            case '-resume', False:
                options.resume = True
            case '-ledger', True:
                options.ledger = value
            case _ if argument.startswith('-'):
                raise InvalidInput(
                    f'{argument!r} is not understood. "pwb global_lock -help" lists '
                    'all options; those with a value are written -name:value.'
                )
            case _:
                options.names.append(argument)
    return options


def _check_discretion(arguments: list[str]) -> None:
    """Keep names that are to be hidden off the command line.

    pywikibot writes it to its log of commands, and everybody on the machine sees it.
    """
    hides = any(argument.startswith('-hide:') for argument in arguments)
    if hides and any(not argument.startswith('-') for argument in arguments):
        raise InvalidInput(
            'Names that are to be hidden do not belong on the command line, which '
            'others can read: give them by -file:FILE.'
        )


def _check(options: Options, interactive: bool) -> None:
    """Refuse what does not go together, before anything is sent."""
    if options.reasons:
        return
    modes = [options.resume, options.undo is not None, options.has_targets]
    if sum(modes) == 0:
        raise InvalidInput(
            'No accounts were named: give names, -file:FILE, -prefix:TEXT, '
            '-page:TITLE, or - for standard input.'
        )
    if sum(modes) > 1:
        raise InvalidInput(
            '-resume and -undo take their accounts from the ledger: name no others, '
            'and give only one of the two.'
        )
    changing = (options.unlock, options.hide, options.exclude, options.max_edits)
    if not options.has_targets and any(
        value not in (None, False, []) for value in changing
    ):
        raise InvalidInput(
            '-unlock, -hide, -not and -max-edits belong to a new plan, not to -resume '
            'or -undo.'
        )
    if options.resume and options.reason is not None:
        raise InvalidInput(
            '-resume keeps the reason of its campaign: leave -reason out.'
        )
    _check_page(options)
    if not options.resume and options.reason is None and options.page is None:
        raise InvalidInput(
            'A reason is required: -reason:TEXT. "pwb global_lock -reasons" lists the '
            "wiki's own; -reason: alone leaves it empty."
        )
    if options.unlock and options.hide:
        raise InvalidInput('-unlock and -hide do not go together.')
    if (
        options.untrusted
        and not config.simulate
        and (options.always or not interactive)
    ):
        raise InvalidInput(
            'Others can add names there, so -page and -prefix never run on -always '
            'alone: give -simulate, look at the plan, and carry it out with -resume '
            '-always. At a terminal, leave -always out.'
        )
    if not interactive and not options.always and not config.simulate:
        raise InvalidInput(
            'Nobody can be asked without a terminal: give -always, or -simulate to '
            'keep the plan.'
        )
    if options.hide and not interactive and not config.simulate:
        raise InvalidInput(
            '-hide is confirmed by typing, so it needs a terminal. -simulate keeps '
            'the plan here; -resume carries it out there.'
        )


def _check_page(options: Options) -> None:
    """Refuse what does not go together with a page, or needs one."""
    if options.page is None:
        if options.sections or options.requesters or options.ip_file:
            raise InvalidInput('-section, -requester and -ip-file need a -page:TITLE.')
        if options.close and not options.resume:
            raise InvalidInput(
                '-close needs a -page:TITLE, or -resume of a campaign that has one.'
            )
        return
    if options.has_names:
        raise InvalidInput(
            '-page takes its accounts from the requests alone: name no others.'
        )
    if options.unlock:
        raise InvalidInput(
            '-page takes requests to lock. To unlock somebody is weighed one by one: '
            'give the names.'
        )


def _list_reasons(site: Any, reporter: Reporter) -> ExitCode:
    """List the reasons that the wiki's own form offers."""
    text = site.mediawiki_message(_REASONS_PAGE)
    for line in text.splitlines():
        if found := re.match(r'\*\*\s*(.+)', line):
            reporter.line(f'  {found[1]}')
        elif found := re.match(r'\*\s*(.+)', line):
            reporter.line(found[1])
    return ExitCode.DONE


def _log_in(site: Any, options: Any) -> None:
    """Log in, and see to it that the account may do what is asked for.

    :raises SessionLost: the login failed
    :raises PermissionDenied: a right is missing
    """
    said = ''
    if not site.logged_in():
        try:
            site.login()
        except NoUsernameError as error:
            said = f': {" ".join(str(error).split())}'
    if not site.logged_in():
        raise SessionLost(
            f'Logging in to {site} as {site.username()} failed{said}. Check the name '
            'in user-config.py and the password.'
        )
    needed = ['centralauth-lock']
    if options.get('hidden'):
        needed.append('centralauth-suppress')
    for right in needed:
        if not site.has_right(right):
            raise PermissionDenied(
                'permissiondenied',
                f'{site.username()} lacks the right {right} in this session. It comes '
                'with a global group such as steward; a bot password or OAuth '
                'consumer needs a grant that contains it.',
                str(site),
            )


def _stored(options: Options) -> dict[str, Any]:
    """Return what the ledger keeps, so that -resume does the same."""
    excluded = [
        name
        for path in options.exclude
        for name in _good(names_in_file(path), skip=False, discreet=False)
    ]
    return {
        'locked': not options.unlock,
        'hidden': options.hide and options.hide.value,
        'max_edits': 50 if options.max_edits is None else options.max_edits,
        'excluded': excluded,
        'untrusted': options.untrusted,
    }


def _begin(
    ledger: Ledger, site: Any, options: Options, reporter: Reporter
) -> Campaign | None:
    """List the targets of a new campaign; None if a page asks for nothing."""
    selection = None
    names: Iterable[str]
    stored = _stored(options)
    if options.page is None:
        names = _good(
            _named(site, options),
            skip=options.skip_bad_lines,
            discreet=options.hide is not None,
        )
    else:
        selection = _select(site, options)
        _show(selection, options, reporter)
        names = selection.names
        if not names:
            reporter.line('No open request on it is to be carried out.')
            return None
        stored['page'] = {**selection.stored(), 'close': options.close}
    reason = options.reason
    if reason is None:
        reason = selection.reason if selection else ''
    campaign, number = begin(
        ledger,
        options.campaign or _new_name(GlobalLock.kind),
        names,
        action=GlobalLock.kind,
        wiki=str(site),
        operator=site.username() or '',
        reason=reason,
        options=stored,
    )
    reporter.line(f'{number} different names.')
    return campaign


def _select(site: Any, options: Options) -> Selection:
    return select(
        site,
        options.page or '',
        RequestKind.HIDE if options.hide else RequestKind.LOCK,
        sections=options.sections,
        requesters=options.requesters,
    )


def _show(selection: Selection, options: Options, reporter: Reporter) -> None:
    """Show what a page asks for, and hand over what only a block reaches."""
    for line in selection.lines():
        reporter.line(line)
    if not selection.addresses:
        return
    count = f'{len(selection.addresses)} IP addresses and temporary accounts'
    if options.ip_file is not None:
        files = write_addresses(options.ip_file, selection.addresses)
        reporter.line(f'{count}, for Special:MassGlobalBlock: {", ".join(files)}')
        return
    for batch in batches(selection.shown_addresses):
        reporter.line('')
        reporter.line(f'For Special:MassGlobalBlock ({len(batch)} of {count}):')
        for address in batch:
            reporter.line(address)
        reporter.line('')
    if unshown := len(selection.addresses) - len(selection.shown_addresses):
        reporter.line(f'{unshown} more are not to be shown: -ip-file:FILE has them.')


def _close(
    ledger: Ledger,
    site: Any,
    options: Options,
    campaign: Campaign,
    reporter: Reporter,
) -> None:
    """Mark the requests of a campaign on their page, if it is finished."""
    page = campaign.options.get('page')
    if not page:
        if options.close:
            raise InvalidInput(f'The campaign {campaign.name!r} has no page to mark.')
        return
    finished = _found(ledger, campaign.name)
    if config.simulate or finished.finished_at is None:
        return
    if not (options.close or page['close']):
        return
    try:
        reporter.line(mark_requests(site, ledger, finished))
    except TokensPluginError:
        line = _resume_line(options, campaign)
        reporter.line(f'The requests are not marked. To try that again: {line} -close')
        raise


def _begin_undo(ledger: Ledger, site: Any, options: Options) -> Campaign:
    undone = _found(ledger, options.undo or '')
    if undone.action != GlobalLock.kind or undone.options.get('locked') is not True:
        raise InvalidInput(f'The campaign {undone.name!r} has locked nobody.')
    campaign, _number = begin(
        ledger,
        options.campaign or _new_name(UndoGlobalLock.kind),
        (t.name for t in ledger.targets(undone, State.DONE) if t.changed),
        action=UndoGlobalLock.kind,
        wiki=str(site),
        operator=site.username() or '',
        reason=options.reason or '',
        options={'undone': undone.name},
    )
    return campaign


def _to_resume(ledger: Ledger, site: Any, options: Options) -> Campaign:
    if options.campaign is not None:
        campaign = _found(ledger, options.campaign)
        if campaign.action not in _KINDS or campaign.wiki != str(site):
            raise InvalidInput(
                f'The campaign {campaign.name!r} is a {campaign.action} on '
                f'{campaign.wiki}, not one for this script on {site}.'
            )
        return campaign
    unfinished = [c for kind in _KINDS for c in ledger.unfinished(kind, str(site))]
    # One that was under way comes before plans that nobody has confirmed.
    confirmed = [campaign for campaign in unfinished if campaign.confirmed_at]
    if len(confirmed) == 1:
        return confirmed[0]
    if len(unfinished) != 1:
        names = ', '.join(campaign.name for campaign in unfinished)
        raise InvalidInput(
            f'Several campaigns are unfinished ({names}): say -campaign:NAME.'
            if unfinished
            else f'No campaign on {site} is unfinished: nothing to resume.'
        )
    return unfinished[0]


def _check_looked_at(ledger: Ledger, options: Options, campaign: Campaign) -> None:
    """Refuse -always for a plan that nobody can have looked at."""
    if not (options.always and campaign.options.get('untrusted')):
        return
    if campaign.planned_at is None or ledger.counts(campaign)[State.LISTED]:
        raise StoppedByGuard(
            f'The plan of {campaign.name!r} was never finished, and others could add '
            'names to it, so nobody has looked at it: resume it with -simulate first.'
        )


def _compare_page(site: Any, campaign: Campaign, reporter: Reporter) -> None:
    """Say if the page has changed since a plan that is still to be carried out."""
    page = campaign.options.get('page')
    if not page or campaign.confirmed_at or campaign.finished_at:
        return
    latest = site.edit_context(page['title']).base_revision
    if latest != page['revision']:
        reporter.line(
            f'{page["title"]} has changed since revision {page["revision"]} '
            f'(Special:Diff/{page["revision"]}/cur); the plan is still that of then.'
        )


def _found(ledger: Ledger, name: str) -> Campaign:
    campaign = ledger.find(name)
    if campaign is None:
        raise InvalidInput(f'{ledger.location} has no campaign {name!r}.')
    return campaign


def _action(ledger: Ledger, site: Any, campaign: Campaign) -> GlobalLock:
    """Return what a campaign does, as the ledger has it."""
    if campaign.action == UndoGlobalLock.kind:
        undone = _found(ledger, campaign.options['undone'])
        undo = RequestedUndo if undone.options.get('page') else UndoGlobalLock
        return undo(
            site,
            reason=campaign.reason,
            operator=site.username(),
            undone=undone,
            recorded=lambda names: ledger.named(undone, names),
        )
    stored = campaign.options
    how: dict[str, Any] = {
        'reason': campaign.reason,
        'guards': Guards(
            operator=site.username(),
            max_edits=stored['max_edits'],
            excluded=frozenset(stored['excluded']),
        ),
        'locked': stored['locked'],
        'hidden': stored['hidden'] and HiddenLevel(stored['hidden']),
    }
    if page := stored.get('page'):
        return RequestedLock(site, discreet=page['hidden'], **how)
    return GlobalLock(site, **how)


def _consent(options: Options, campaign: Campaign, interactive: bool) -> Consent:
    hidden = campaign.options.get('hidden')
    if hidden and not interactive and not config.simulate:
        raise InvalidInput(
            f'The campaign {campaign.name!r} hides accounts, which is confirmed by '
            'typing: resume it at a terminal.'
        )
    longest = options.longest
    if longest is None and not interactive:
        longest = MAX_UNATTENDED
    return Consent(
        always=options.always,
        simulate=bool(config.simulate),
        longest=longest,
        twice=f'hide {hidden}' if hidden else '',
    )


def _resume_line(options: Options, campaign: Campaign) -> str:
    words = ['pwb', 'global_lock', '-resume', f'-campaign:{campaign.name}']
    if options.ledger:
        words.append(f'-ledger:{options.ledger}')
    if options.always:
        words.append('-always')
    return shlex.join(words)


def _undo_line(options: Options, campaign: Campaign) -> str:
    if campaign.action != GlobalLock.kind or campaign.options.get('locked') is not True:
        return ''
    words = ['pwb', 'global_lock', f'-undo:{campaign.name}', '-reason:TEXT']
    if options.ledger:
        words.append(f'-ledger:{options.ledger}')
    return shlex.join(words)


def _named(site: Any, options: Options) -> Iterator[str | BadLine]:
    """Yield all names that the command line gives."""
    yield from names_in_arguments(options.names)
    for path in options.files:
        yield from names_in_file(path)
    if options.stdin:
        yield from names_in_stream(sys.stdin.buffer, 'standard input')
    for prefix in options.prefixes:
        for account in site.all_global_accounts(prefix=normalise_prefix(prefix)):
            yield account.name


def _good(
    names: Iterable[str | BadLine], *, skip: bool, discreet: bool
) -> Iterator[str]:
    """Yield the names, and list the bad lines.

    :raises InvalidInput: there were bad lines, and they are not to be skipped
    """
    bad = 0
    for name in names:
        if isinstance(name, str):
            yield name
            continue
        bad += 1
        problem = 'no account can have this name.' if discreet else name.problem
        print(f'{name.source}, line {name.number}: {problem}', file=sys.stderr)
    if bad and not skip:
        raise InvalidInput(
            f'{bad} bad lines; nothing was sent. Mend them, or pass over them with '
            '-skip-bad-lines.'
        )


def _level(value: str) -> HiddenLevel:
    if value == 'none' or not value:
        raise InvalidInput(
            'The API cannot make a hidden account visible again: use '
            'Special:CentralAuth. -hide takes "lists" or "suppressed".'
        )
    if value not in ('lists', 'suppressed'):
        raise InvalidInput(f'-hide:{value}: give "lists" or "suppressed".')
    return HiddenLevel(value)


def _number(name: str, value: str) -> int:
    if not value.isdecimal():
        raise InvalidInput(f'{name}:{value}: give a number, such as {name}:100.')
    return int(value)


def _campaign_name(value: str) -> str:
    if not re.fullmatch(r'[\w.-]{1,100}', value):
        raise InvalidInput(
            f'-campaign:{value}: use letters, digits, "-", "_" and ".", up to 100.'
        )
    return value


def _new_name(kind: str) -> str:
    # To the microsecond: two runs may begin in the same second.
    return f'{kind}-{datetime.now(timezone.utc):%Y%m%d-%H%M%S-%f}'


def _default_ledger() -> str:
    return str(config.datafilepath('campaigns', 'ledger.sqlite3'))


if __name__ == '__main__':
    sys.exit(main())
