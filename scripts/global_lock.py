#!/usr/bin/env python3
"""Lock, unlock or hide global accounts in bulk, with a plan, guards and a record.

The script acts on the central wiki of the farm, whatever wiki is the default one.
It shows a plan, asks for confirmation, and can be stopped or killed at any moment and
resumed: nothing is done twice.

Others can edit a page and choose names, so -prefix and -page never run on -always
alone: -simulate keeps the plan, somebody looks at it, and -resume -always runs exactly
that.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mw_tokens_plugin.cli.accounts import (
    AccountOptions,
    account_columns,
    account_guards,
    named_accounts,
)
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.cli.table import When
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard, TokensPluginError
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel
from mw_tokens_plugin.protocol.names import normalise_name

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.globallock import GlobalLock
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.campaign.report.console import Reporter
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.site.mixins import TypedSite
    from mw_tokens_plugin.targets.requests import Selection

_REASONS_PAGE = 'Centralauth-admin-status-reasons'
#: Names that are shown when a request is asked about.
_ASKED_WITH_NAMES = 10
_LOCKS = {'centralauth-lock': 'setglobalaccountstatus'}


def level(text: str) -> HiddenLevel:
    """Read how far accounts are hidden."""
    if text == 'none':
        raise ValueError(
            'the API cannot make a hidden account visible again: use '
            'Special:CentralAuth. -hide takes "lists" or "suppressed".'
        )
    if text not in ('lists', 'suppressed'):
        raise ValueError('give "lists" or "suppressed".')
    return HiddenLevel(text)


def new_file(text: str) -> str:
    """Read the name of a file that is not there yet."""
    from mw_tokens_plugin.targets.addresses import check_is_new

    check_is_new(path := expanded(text))
    return path


def list_reasons(site: TypedSite, reporter: Reporter) -> None:
    """List the reasons that the wiki's own form offers."""
    for line in site.mediawiki_message(_REASONS_PAGE).splitlines():
        if found := re.match(r'\*\*\s*(.+)', line):
            reporter.line(f'  {found[1]}')
        elif found := re.match(r'\*\s*(.+)', line):
            reporter.line(found[1])


@dataclass(frozen=True, kw_only=True)
class Options(AccountOptions):
    """What the command line asks for."""

    reason_hint: ClassVar[str] = '"pwb global_lock -reasons" lists the wiki\'s own; '

    page: str | None = option(
        'Those in the open lock requests of a page of the central wiki, such as '
        '"Steward requests/Global"; with -hide, in the requests to hide. The reason is '
        'a link to the request unless another one is given.',
        value='TITLE',
        names_targets=True,
        by_others=True,
        gives_reason=True,
        excludes=('names', 'file', 'stdin', 'prefix', 'unlock'),
        because='its requests to lock name all accounts, so name no others. Requests '
        'to unlock are judged one by one: give the names.',
    )
    section: tuple[str, ...] = option(
        'Only the request with this heading, or those under it; or the one that the '
        'plan calls "request 3", by these words.',
        value='HEADING',
        group='Targets',
        repeat=True,
        needs=('page',),
    )
    requester: tuple[str, ...] = option(
        'Only what this account has added, by the history of the page.',
        value='NAME',
        read=normalise_name,
        group='Targets',
        repeat=True,
        needs=('page',),
    )
    ip_file: str | None = option(
        'Write the IP addresses and temporary accounts that the requests name to a '
        'file for Special:MassGlobalBlock, instead of listing them.',
        value='FILE',
        read=new_file,
        group='Targets',
        needs=('page',),
    )
    close: bool = option(
        'When all is done, mark the requests that are done, in one edit.',
        when=When.ALWAYS,
        needs=('page', 'resume'),
        rights={'edit': 'editpage'},
    )
    reasons: bool = option(
        "List the wiki's own reasons, and stop.", instead=list_reasons
    )
    unlock: bool = option(
        'Unlock instead of locking.', group='What is done', excludes=('hide',)
    )
    hide: HiddenLevel | None = option(
        'Lock and hide the accounts: "lists" or "suppressed". The API cannot undo '
        'that; it is confirmed by typing it, at a terminal.',
        value='LEVEL',
        read=level,
        stored='hidden',
        keeps_names_private=True,
        rights={'centralauth-suppress': 'setglobalaccountstatus'},
    )

    def check(self) -> None:
        """Refuse what does not go together."""
        from pywikibot import config

        if self.hide and not self.is_interactive and not config.simulate:
            raise InvalidInput(
                '-hide is confirmed by typing, so it needs a terminal. -simulate keeps '
                'the plan here; -resume runs it there.'
            )


def targets(run: Run[Options]) -> Listing:
    """List the accounts that the command line, or a page, names."""
    from mw_tokens_plugin.targets.exclusions import existing_accounts

    options = run.options
    stored: dict[str, Any] = {'locked': not options.unlock}
    about: dict[str, Any] = {
        'existing': existing_accounts(run.site),
        'counted': lambda number: message('global_lock-names', number=number),
    }
    if options.page is None:
        return CampaignScript.Listing(named_accounts(run), stored=stored, **about)
    selection = select_requests(run.site, options, options.page)
    return CampaignScript.Listing(
        selection.names,
        reason=selection.reason,
        stored={**stored, 'page': {**selection.stored(), 'close': options.close}},
        lines=lines_about(selection, options.ip_file),
        nothing=message('global_lock-no-request'),
        **about,
    )


def select_requests(site: TypedSite, options: Options, title: str) -> Selection:
    """Return which requests of a page are acted on."""
    import pywikibot

    from mw_tokens_plugin.protocol.lookalikes import marked
    from mw_tokens_plugin.requestpages import RequestKind
    from mw_tokens_plugin.targets.requests import select

    def is_meant_to_lock(label: str, names: Sequence[str]) -> bool:
        """Ask whether a request is for a lock, where its heading speaks of both."""
        if not options.is_interactive:
            return False
        about = {'label': label, 'number': len(names)}
        shown = ', '.join(map(marked, names[:_ASKED_WITH_NAMES]))
        question = message('global_lock-offer', names=shown, **about)
        return pywikibot.input(question).strip().lower() in ('y', 'yes')

    return select(
        site,
        title,
        RequestKind.HIDE if options.hide else RequestKind.LOCK,
        sections=options.section,
        requesters=options.requester,
        offer=is_meant_to_lock,
    )


def lines_about(selection: Selection, file: str | None) -> Iterator[str]:
    """Yield what a page asks for, and the addresses, which only a block reaches."""
    from mw_tokens_plugin.site.batches import batches
    from mw_tokens_plugin.targets.addresses import MAX_ADDRESSES, write_addresses

    yield from selection.lines()
    addresses, shown = selection.addresses, selection.shown_addresses
    if not addresses:
        return
    count = len(addresses)
    if file is not None:
        files = ', '.join(write_addresses(file, addresses))
        yield message('global_lock-addresses-in', number=count, files=files)
        return
    for batch in batches(shown, MAX_ADDRESSES):
        heading = message('global_lock-addresses', number=len(batch), total=count)
        yield from ('', heading, *batch, '')
    if unshown := count - len(shown):
        yield message('global_lock-addresses-unshown', number=unshown)


def lock(run: Run[Options], campaign: Campaign) -> GlobalLock:
    """Return what a campaign does."""
    from mw_tokens_plugin.actions.globallock import GlobalLock, Guards
    from mw_tokens_plugin.actions.requestedlock import RequestedLock

    stored = run.stored(campaign)
    hidden = stored['hidden'] and HiddenLevel(stored['hidden'])
    guards = account_guards(run, campaign, hidden=hidden is not None)
    how: dict[str, Any] = {
        'reason': campaign.reason,
        'guards': Guards(**guards),
        'locked': stored['locked'],
        'hidden': hidden,
    }
    if page := stored.get('page'):
        return RequestedLock(run.site, hidden_names=page['hidden'], **how)
    return GlobalLock(run.site, **how)


def undo_lock(run: Run[Options], campaign: Campaign) -> GlobalLock:
    """Return what a campaign does that undoes another one."""
    from mw_tokens_plugin.actions.requestedlock import RequestedUndo
    from mw_tokens_plugin.actions.undolock import UndoGlobalLock

    undone, recorded = run.undone(campaign)
    undo = RequestedUndo if undone.options.get('page') else UndoGlobalLock
    return undo(
        run.site,
        reason=campaign.reason,
        operator=run.site.username() or '',
        undone=undone,
        recorded=recorded,
    )


def typed(campaign: Campaign) -> str:
    """Return what has to be typed, since the API cannot undo it."""
    hidden = campaign.options.get('hidden')
    return f'hide {hidden}' if hidden else ''


def compare_page(run: Run[Options], campaign: Campaign) -> Campaign:
    """Tell if the page has changed since a plan that was not confirmed yet."""
    page = campaign.options.get('page')
    if page and not campaign.confirmed_at and not campaign.finished_at:
        title, revision = page['title'], page['revision']
        if run.site.edit_context(title).base_revision != revision:
            run.reporter.say(
                'global_lock-page-changed', title=title, revision=str(revision)
            )
    return campaign


def close_requests(run: Run[Options], campaign: Campaign) -> None:
    """Mark the requests of a campaign on their page, if it is finished."""
    from pywikibot import config

    from mw_tokens_plugin.actions.marking import mark_requests

    options = run.options
    page = campaign.options.get('page')
    if not page and options.close:
        raise InvalidInput(f'The campaign {campaign.name!r} has no page to mark.')
    if not page or config.simulate or not (options.close or page['close']):
        return
    campaign = run.ended(campaign)
    if campaign.finished_at is None:
        return
    agreed = run.sealer(campaign).is_confirmed
    if not agreed and (options.always or not options.close):
        # With nothing to do, nobody was asked.
        words = ('-resume', f'-campaign:{campaign.name}', '-close')
        line = run.lines.line(*run.lines.command, *words, wiki=campaign.wiki)
        raise StoppedByGuard(
            f'You have not agreed to what {campaign.name!r} in the ledger would mark '
            f'on {page["title"]}: nothing was marked. To mark it, look at that page '
            f'first, and leave -always out: {line}'
        )
    try:
        run.reporter.line(mark_requests(run.site, run.ledger, campaign))
    except TokensPluginError:
        line = f'{run.lines.resume(campaign)} -close'
        run.reporter.say('global_lock-not-marked', line=line)
        raise


SCRIPT = CampaignScript(
    'global_lock',
    Options,
    targets,
    {
        'global_lock': Kind(
            lock,
            module='setglobalaccountstatus',
            rights=_LOCKS,
            confirm=typed,
            before=compare_page,
            after=close_requests,
            undo=lambda c: (
                'undo_global_lock' if c.options.get('locked') is True else ''
            ),
            skips_listed=True,
            columns=account_columns,
            stored={
                'locked': bool,
                'excluded': [str],
                'page?': {
                    'title': str,
                    'revision': int,
                    'kind': str,
                    'hidden': [str],
                    'requests': [{'heading': str, 'names': [str], 'agreed': bool}],
                    'close': bool,
                },
            },
        ),
        'undo_global_lock': Kind(
            undo_lock, rights=_LOCKS, after=close_requests, columns=account_columns
        ),
    },
    noun='account',
    opposite='pwb global_lock -unlock',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
