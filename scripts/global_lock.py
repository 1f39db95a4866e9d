#!/usr/bin/env python3
"""Lock, unlock or hide global accounts in bulk, with a plan, guards and a record.

The script acts on the central wiki of the farm, whatever wiki is the default one.
It shows a plan, asks for confirmation, and can be stopped or killed at any moment and
resumed: nothing is done twice.

Names are given as arguments, or by:

-file:FILE        Names in a file in UTF-8, one a line, as they are or as pasted from a
                  wiki: links, templates of request pages, lines of logs. "# " begins a
                  comment.

-                 The same from standard input; -always or -simulate is required.

-prefix:TEXT      All global accounts whose names begin so.

-page:TITLE       Those in the open lock requests of a page of the central wiki, such
                  as "Steward requests/Global"; with -hide, in the requests to hide.
                  The reason is a link to the request unless another one is given.

Others can edit a page and choose names, so -prefix and -page never run on -always
alone: -simulate keeps the plan, somebody looks at it, and -resume -always carries out
exactly that. For a page there are more options:

-section:HEADING  Only the request with this heading, or those under it; or the one
                  that the plan calls "request 3", by these words.

-requester:NAME   Only what this account has added, by the history of the page.

-close            When all is done, mark the requests that are done, in one edit.

-ip-file:FILE     Write the IP addresses and temporary accounts that the requests name
                  to a file for Special:MassGlobalBlock, instead of listing them.

What is done, and why:

-reason:TEXT      The reason for the log. It is required, though it may be empty;
                  -summary:TEXT is the same.

-reasons          List the wiki's own reasons, and stop.

-unlock           Unlock instead of locking.

-hide:LEVEL       Lock and hide the accounts: "lists" or "suppressed". The API cannot
                  undo that; it is confirmed by typing it, at a terminal.

-undo:CAMPAIGN    Unlock what a campaign has locked and nobody has changed since.

Guards:

-not:FILE         Names that are to be skipped in this run, in a file like that of
                  -file. Each must be a target or an account that exists.

-protect:FILE     The same as a standing list, which may name anybody. It can be set in
                  user-config.py for all runs, too.

-max-edits:N      Hold back accounts with more than N global edits; default 50.

-ignore-groups:A,B
                  Groups on single wikis whose members are not held back for that, such
                  as "member" where everybody gets it.

-max:N            Refuse a plan with more than N accounts. Without a terminal it is
                  100 unless given.

&campaign;

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pywikibot
from pywikibot import config

from mw_tokens_plugin.actions.globallock import (
    GlobalLock,
    Guards,
    UndoGlobalLock,
)
from mw_tokens_plugin.actions.marking import mark_requests
from mw_tokens_plugin.actions.requestedlock import RequestedLock, RequestedUndo
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.campaign.undone import Undone
from mw_tokens_plugin.cli.arguments import check_arguments, options_in
from mw_tokens_plugin.cli.launch import ExitCode, handle_args, run_script
from mw_tokens_plugin.cli.login import log_in
from mw_tokens_plugin.cli.options import (
    HELP,
    SharedOptions,
    found,
    not_understood,
    number,
)
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard, TokensPluginError
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel
from mw_tokens_plugin.protocol.lookalikes import marked
from mw_tokens_plugin.protocol.names import normalise_name, normalise_prefix
from mw_tokens_plugin.requestpages import RequestKind
from mw_tokens_plugin.site.batches import batches
from mw_tokens_plugin.targets.addresses import (
    MAX_ADDRESSES,
    check_is_new,
    write_addresses,
)
from mw_tokens_plugin.targets.exclusions import existing_accounts
from mw_tokens_plugin.targets.requests import (
    Selection,
    select,
)

#: What pywikibot's -help puts into the docstring.
docuReplacements = {'&campaign;': HELP.strip('\n')}

_REASONS_PAGE = 'Centralauth-admin-status-reasons'
_SCRIPT = 'global_lock'
#: Names that are shown when a request is asked about.
_ASKED_WITH_NAMES = 10
_KINDS = (GlobalLock.kind, UndoGlobalLock.kind)


@dataclass
class Options(SharedOptions):
    """What the command line asks for."""

    prefixes: list[str] = field(default_factory=list)
    page: str | None = None
    sections: list[str] = field(default_factory=list)
    requesters: list[str] = field(default_factory=list)
    close: bool = False
    ip_file: str | None = None
    reasons: bool = False
    unlock: bool = False
    hide: HiddenLevel | None = None
    max_edits: int | None = None
    ignored_groups: list[str] = field(default_factory=list)

    @property
    def has_targets(self) -> bool:
        """Whether the command line names any accounts."""
        return self.has_names or self.page is not None

    @property
    def has_names(self) -> bool:
        """Whether it names them itself, not by a page."""
        return bool(self.targets or self.files or self.stdin or self.prefixes)

    @property
    def untrusted(self) -> bool:
        """Whether others can add to the accounts that it names."""
        return bool(self.prefixes) or self.page is not None


def main(*args: str) -> ExitCode:
    """Run the script.

    :param args: command line arguments; those of the process if none are given
    :return: the exit code
    """
    return run_script(
        _run,
        args,
        script=__file__,
        name='global_lock',
        opposite='pwb global_lock -unlock',
    )


def _run(arguments: list[str]) -> ExitCode:
    _check_discretion(arguments)
    options = parse(handle_args(arguments))
    options.arguments = arguments
    _check(options)
    reporter = options.reporter()
    if options.reasons:
        return _list_reasons(pywikibot.Site().central_site(), reporter)
    site, ledger = options.open_all()
    try:
        if options.resume:
            campaign = options.resumed(ledger, site, _KINDS)
            options.check_seen(ledger, campaign)
            _log_in(site, campaign.options)
            _compare_page(site, campaign, reporter)
        elif options.undo is not None:
            _log_in(site, {})
            campaign = _begin_undo(ledger, site, options)
        else:
            if options.untrusted or options.exclude:
                _log_in(site, {})
            begun = _begin(ledger, site, options, reporter)
            if begun is None:
                return ExitCode.DONE
            campaign = begun
            try:
                _log_in(site, campaign.options)
            except Exception:
                line = options.resume_line(_SCRIPT, campaign)
                reporter.line(message('campaign-kept', line=line), urgent=True)
                raise
        _check_can_be_typed(options, campaign)
        hidden = campaign.options.get('hidden')
        code = options.carry_out(
            _SCRIPT,
            ledger,
            campaign,
            _action(ledger, site, campaign, _standing(site, options, campaign)),
            site,
            reporter,
            twice=f'hide {hidden}' if hidden else '',
            can_undo=campaign.options.get('locked') is True,
        )
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
    args = list(args)
    known = options_in(__doc__) | options_in(HELP)
    repeatable = ('-prefix', '-section', '-requester')
    check_arguments(args, known, script=f'pwb {_SCRIPT}', repeatable=repeatable)
    for argument in args:
        name, colon, value = argument.partition(':')
        match name, bool(colon):
            case '-prefix', True:
                options.prefixes.append(value)
            case '-page', True:
                options.page = value
            case '-section', True:
                options.sections.append(value)
            case '-requester', True:
                if not value.strip():
                    raise InvalidInput('-requester: names nobody.')
                options.requesters.append(normalise_name(value))
            case '-close', False:
                options.close = True
            case '-ip-file', True:
                options.ip_file = expanded(value)
            case '-reasons', False:
                options.reasons = True
            case '-unlock', False:
                options.unlock = True
            case '-hide', True:
                options.hide = _level(value)
            case '-max-edits', True:
                options.max_edits = number(name, value)
            case '-ignore-groups', True:
                options.ignored_groups += filter(None, value.split(','))
            case _ if not options.take(argument):
                raise not_understood(_SCRIPT, argument)
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


def _check(options: Options) -> None:
    """Refuse what does not go together, before anything is sent."""
    if options.reasons:
        return
    options.check(
        new=options.has_targets,
        how='No accounts were named: give names, -file:FILE, -prefix:TEXT, '
        '-page:TITLE, or - for standard input.',
    )
    guards = (options.max_edits, options.ignored_groups or None)
    changing = (options.unlock, options.hide, *guards)
    if not options.has_targets and any(v not in (None, False) for v in changing):
        raise InvalidInput(
            '-unlock, -hide, -max-edits and -ignore-groups belong to a new plan, not '
            'to -resume or -undo.'
        )
    _check_page(options)
    if options.page is None:
        options.check_reason('"pwb global_lock -reasons" lists the wiki\'s own; ')
    if options.unlock and options.hide:
        raise InvalidInput('-unlock and -hide do not go together.')
    if options.untrusted:
        options.check_looked_at('-page and -prefix')
    options.check_consent()
    if options.hide and not options.is_interactive and not config.simulate:
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
    if options.ip_file is not None:
        check_is_new(options.ip_file)


def _list_reasons(site: Any, reporter: Reporter) -> ExitCode:
    """List the reasons that the wiki's own form offers."""
    text = site.mediawiki_message(_REASONS_PAGE)
    for line in text.splitlines():
        if found := re.match(r'\*\*\s*(.+)', line):
            reporter.line(f'  {found[1]}')
        elif found := re.match(r'\*\s*(.+)', line):
            reporter.line(found[1])
    return ExitCode.DONE


def _log_in(site: Any, options: Mapping[str, Any]) -> None:
    """Log in, and see to it that the account may do what is asked for."""
    rights = ['centralauth-lock']
    if options.get('hidden'):
        rights.append('centralauth-suppress')
    log_in(
        site,
        rights,
        'It comes with a global group such as steward; a bot password or OAuth '
        'consumer needs a grant that contains it.',
    )


def _stored(site: Any, options: Options) -> dict[str, Any]:
    """Return what the ledger keeps, so that -resume does the same."""
    return {
        'locked': not options.unlock,
        'hidden': options.hide and options.hide.value,
        'max_edits': 50 if options.max_edits is None else options.max_edits,
        'ignored_groups': options.ignored_groups,
        'excluded': options.excluded(
            capital=site.first_letter,
            english=site.in_english,
            discreet=options.hide is not None,
        ),
        'untrusted': options.untrusted,
    }


def _begin(
    ledger: Ledger, site: Any, options: Options, reporter: Reporter
) -> Campaign | None:
    """List the targets of a new campaign; None if a page asks for nothing."""
    selection = None
    names: Iterable[str]
    stored = _stored(site, options)
    if options.page is None:
        names = _named(site, options)
    else:
        selection = _select(site, options)
        _show(selection, options, reporter)
        names = selection.names
        if not names:
            reporter.line(message('global_lock-no-request'))
            return None
        stored['page'] = {**selection.stored(), 'close': options.close}
    campaign, number = options.begin(
        ledger,
        site,
        GlobalLock.kind,
        names,
        stored,
        reporter=reporter,
        reason=selection.reason if selection else None,
        exist=existing_accounts(site),
        discreet=options.hide is not None,
    )
    reporter.line(message('global_lock-names', number=number))
    return campaign


def _select(site: Any, options: Options) -> Selection:
    return select(
        site,
        options.page or '',
        RequestKind.HIDE if options.hide else RequestKind.LOCK,
        sections=options.sections,
        requesters=options.requesters,
        offer=_is_meant_to_lock if options.is_interactive else lambda *request: False,
    )


def _is_meant_to_lock(label: str, names: Sequence[str]) -> bool:
    """Ask whether a request is for a lock, where its heading speaks of both."""
    shown = ', '.join(map(marked, names[:_ASKED_WITH_NAMES]))
    question = message('global_lock-offer', label=label, number=len(names), names=shown)
    return pywikibot.input(question).strip().lower() in ('y', 'yes')


def _show(selection: Selection, options: Options, reporter: Reporter) -> None:
    """Show what a page asks for, and hand over what only a block reaches."""
    for line in selection.lines():
        reporter.line(line)
    if not selection.addresses:
        return
    count = len(selection.addresses)
    if options.ip_file is not None:
        files = write_addresses(options.ip_file, selection.addresses)
        reporter.line(
            message('global_lock-addresses-in', number=count, files=', '.join(files))
        )
        return
    for batch in batches(selection.shown_addresses, MAX_ADDRESSES):
        reporter.line('')
        reporter.line(message('global_lock-addresses', number=len(batch), total=count))
        for address in batch:
            reporter.line(address)
        reporter.line('')
    if unshown := len(selection.addresses) - len(selection.shown_addresses):
        reporter.line(message('global_lock-addresses-unshown', number=unshown))


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
    finished = found(ledger, campaign.name)
    if config.simulate or finished.finished_at is None:
        return
    if not (options.close or page['close']):
        return
    agreed = options.sealer(ledger, finished, site).is_confirmed
    if not agreed and (options.always or not options.close):
        # With nothing to do, nobody was asked.
        line = options.line(
            _SCRIPT,
            '-resume',
            f'-campaign:{finished.name}',
            '-close',
            wiki=campaign.wiki,
        )
        raise StoppedByGuard(
            f'You have not agreed to what {finished.name!r} in the ledger would mark '
            f'on {page["title"]}: nothing was marked. To mark it, look at that page '
            f'first, and leave -always out: {line}'
        )
    try:
        reporter.line(mark_requests(site, ledger, finished))
    except TokensPluginError:
        line = options.resume_line(_SCRIPT, campaign)
        reporter.line(message('global_lock-not-marked', line=f'{line} -close'))
        raise


def _begin_undo(ledger: Ledger, site: Any, options: Options) -> Campaign:
    undone = found(ledger, options.undo or '')
    if undone.action != GlobalLock.kind or undone.options.get('locked') is not True:
        raise InvalidInput(f'The campaign {undone.name!r} has locked nobody.')
    return options.begin_undo(ledger, site, UndoGlobalLock.kind, undone)


def _compare_page(site: Any, campaign: Campaign, reporter: Reporter) -> None:
    """Say if the page has changed since a plan that is still to be carried out."""
    page = campaign.options.get('page')
    if not page or campaign.confirmed_at or campaign.finished_at:
        return
    latest = site.edit_context(page['title']).base_revision
    if latest != page['revision']:
        reporter.line(
            message(
                'global_lock-page-changed',
                title=page['title'],
                revision=str(page['revision']),
            )
        )


def _standing(site: Any, options: Options, campaign: Campaign) -> list[str]:
    """Return the names in the standing lists, if they may be newer than a plan."""
    if not options.resume:
        return []
    hides = bool(campaign.options.get('hidden'))
    return options.excluded(
        capital=site.first_letter, english=site.in_english, discreet=hides
    )


def _action(
    ledger: Ledger, site: Any, campaign: Campaign, standing: Iterable[str]
) -> GlobalLock:
    """Return what a campaign does, as the ledger has it.

    :param standing: names that are left alone besides those of the plan
    """
    if campaign.action == UndoGlobalLock.kind:
        undone = found(ledger, campaign.options['undone'])
        undo = RequestedUndo if undone.options.get('page') else UndoGlobalLock
        return undo(
            site,
            reason=campaign.reason,
            operator=site.username(),
            undone=undone,
            recorded=Undone(ledger, campaign, undone).named,
        )
    stored = campaign.options
    how: dict[str, Any] = {
        'reason': campaign.reason,
        'guards': Guards(
            operator=site.username(),
            max_edits=stored['max_edits'],
            ignored_groups=frozenset(stored.get('ignored_groups', ())),
            excluded=frozenset([*stored['excluded'], *standing]),
        ),
        'locked': stored['locked'],
        'hidden': stored['hidden'] and HiddenLevel(stored['hidden']),
    }
    if page := stored.get('page'):
        return RequestedLock(site, discreet=page['hidden'], **how)
    return GlobalLock(site, **how)


def _check_can_be_typed(options: Options, campaign: Campaign) -> None:
    """Refuse to hide accounts where nobody can confirm it."""
    if not campaign.options.get('hidden') or config.simulate:
        return
    if not options.is_interactive:
        raise InvalidInput(
            f'The campaign {campaign.name!r} hides accounts, which is confirmed by '
            'typing: resume it at a terminal.'
        )


def _named(site: Any, options: Options) -> Iterator[str]:
    """Yield all names that the command line gives."""
    yield from options.named(
        capital=site.first_letter,
        english=site.in_english,
        discreet=options.hide is not None,
    )
    for prefix in options.prefixes:
        beginning = normalise_prefix(prefix, capital=site.first_letter)
        for account in site.all_global_accounts(prefix=beginning):
            yield account.name


def _level(value: str) -> HiddenLevel:
    if value == 'none' or not value:
        raise InvalidInput(
            'The API cannot make a hidden account visible again: use '
            'Special:CentralAuth. -hide takes "lists" or "suppressed".'
        )
    if value not in ('lists', 'suppressed'):
        raise InvalidInput(f'-hide:{value}: give "lists" or "suppressed".')
    return HiddenLevel(value)


if __name__ == '__main__':
    sys.exit(main())
