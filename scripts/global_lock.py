#!/usr/bin/env python3
"""Lock, unlock or hide global accounts in bulk, with a plan, guards and a record.

The script acts on the central wiki of the farm, whatever wiki is the default one.
It shows a plan, asks for confirmation, and can be stopped or killed at any moment and
resumed: nothing is done twice.

Others can edit a page and choose names, so -prefix, -page, -abuselog, -newusers and
-linksearch never run on -always alone: -simulate keeps the plan, somebody looks at it,
and -resume -always runs exactly that.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from mw_tokens_plugin.cli.accounts import (
    account_columns,
    account_guards,
    account_log,
    block_expiry,
    check_not_past,
    named_accounts,
)
from mw_tokens_plugin.cli.recorded import RECORDED
from mw_tokens_plugin.cli.requests import (
    STORED,
    RequestOptions,
    check_appeal,
    check_is_one,
    close_requests,
    compare_page,
    select_requests,
)
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.privatefiles import expanded
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.globallock import GlobalLock
    from mw_tokens_plugin.campaign.exitcodes import ExitCode
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run
    from mw_tokens_plugin.targets.requests import Selection

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


@dataclass(frozen=True, kw_only=True)
class Options(RequestOptions):
    """What the command line asks for."""

    reason_hint: ClassVar[str] = '"pwb global_lock -reasons" lists the wiki\'s own; '
    reason_list: ClassVar[str] = 'Centralauth-admin-status-reasons'

    page: str | None = option(
        'Those in the open lock requests of a page of the central wiki, such as '
        '"Steward requests/Global"; with -hide, in the requests to hide, and with '
        '-unlock, in the one of -section. The reason is a link to the request unless '
        'another one is given.',
        value='TITLE',
        names_targets=True,
        by_others=True,
        gives_reason=True,
        excludes=('names', 'file', 'stdin', 'prefix', *RECORDED),
        because='its requests name all accounts, so name no others.',
    )
    write_addresses: str | None = option(
        'Write the IP addresses and temporary accounts that the requests name to a '
        'file for Special:MassGlobalBlock, instead of listing them.',
        value='FILE',
        read=new_file,
        also='-ip-file',
        group='Targets',
        needs=('page',),
    )
    globalblock: str | None = option(
        'Then block the addresses and temporary accounts of the list globally until '
        'this time, as -expiry of global_block: in a second campaign, whose plan is '
        'confirmed on its own.',
        value='EXPIRY',
        read=block_expiry,
        stored='globalblock',
        rights={'globalblock': 'globalblock'},
        excludes=('unlock', 'hide'),
    )
    anononly: bool = option(
        'Of these blocks: users with an account can edit at the addresses all the '
        'same. This or -hardblock is required for addresses.',
        needs=('globalblock',),
        excludes=('hardblock',),
    )
    hardblock: bool = option(
        'Of these blocks: nobody can edit at the addresses.', needs=('globalblock',)
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
        if self.page is not None and self.unlock:
            check_appeal(self, 'unlock', 'the lock')
        check_not_past('-globalblock', self.globalblock)
        if self.globalblock and self.reason is not None and not self.reason.strip():
            raise InvalidInput('A global block needs a reason: -reason:TEXT.')


def targets(run: Run[Options]) -> Listing:
    """List the accounts that the command line, or a page, names."""
    from mw_tokens_plugin.requestpages import RequestKind
    from mw_tokens_plugin.targets.exclusions import existing_accounts

    options = run.options
    stored: dict[str, Any] = {'locked': not options.unlock}
    about: dict[str, Any] = {
        'existing': existing_accounts(run.site),
        'counted': lambda number: message('global_lock-names', number=number),
    }
    if options.page is None and options.globalblock is None:
        return CampaignScript.Listing(named_accounts(run), stored=stored, **about)
    if options.page is None:
        try:
            names = list(named_accounts(run))
        except BaseException:
            run.lists.show(run.reporter)
            raise
        return followed(run, CampaignScript.Listing(names, stored=stored, **about))
    kind = RequestKind.HIDE if options.hide else RequestKind.LOCK
    if options.unlock:
        kind = RequestKind.UNLOCK
    blocks = options.globalblock is not None
    selection = select_requests(run, kind, with_text=blocks or options.unlock)
    if options.unlock:
        check_is_one(selection, 'unlock')
    taken = frozenset(selection.names if blocks else ())
    listing = CampaignScript.Listing(
        selection.names,
        reason=selection.reason,
        stored={**stored, 'page': {**selection.stored(), 'close': options.close}},
        lines=lines_about(selection, options.write_addresses, taken),
        nothing=message('global_lock-no-request'),
        **about,
    )
    return followed(run, listing) if blocks else listing


def followed(run: Run[Options], listing: Listing) -> Listing:
    """Take addresses and temporary accounts out of a listing, to be blocked later."""
    from mw_tokens_plugin.cli.following import apart, block, to_follow
    from mw_tokens_plugin.protocol.addresses import network_of
    from mw_tokens_plugin.targets.exclusions import existing_targets

    options, name = run.options, run.new_name()
    accounts, others = apart(listing.names)
    hard = options.hardblock if options.anononly or options.hardblock else None
    then = to_follow(run, name, others, hard)
    if then is None:
        return listing
    lines = list(listing.lines)
    addresses = sum(network_of(other) is not None for other in others)
    if accounts and addresses:
        about = {'accounts': len(accounts), 'addresses': addresses}
        lines.append(message('global_lock-linked', **about))
    stored = {**listing.stored, 'then': then}
    page = {k: v for k, v in listing.stored.items() if k == 'page'}
    reason = listing.reason if options.reason is None else options.reason
    how = {'expiry': options.globalblock, 'reason': reason}
    return replace(
        listing,
        names=accounts,
        name=name,
        stored=stored,
        lines=lines,
        nothing=message('global_lock-no-account'),
        existing=existing_targets(run.site),
        otherwise=lambda: block(
            run, then, {**page, 'untrusted': options.chosen_by_others}, how
        ),
    )


def block_and_close(run: Run[Options], campaign: Campaign) -> ExitCode | None:
    """Block what is left over, and mark the requests when all is done."""
    from mw_tokens_plugin.cli.following import block_the_rest, blocks_left

    code = block_the_rest(run, campaign)
    close_requests(run, campaign, following=blocks_left(run, campaign))
    return code


def tell_of_blocks(run: Run[Options], campaign: Campaign) -> Campaign:
    """Tell of the blocks that an undo leaves as they are."""
    from mw_tokens_plugin.cli import following

    return following.tell_of_blocks(run, campaign)


def lines_about(
    selection: Selection, file: str | None, taken: Collection[str] = ()
) -> Iterator[str]:
    """Yield what a page asks for, and the addresses, which only a block reaches.

    :param taken: addresses that are blocked in a campaign
    """
    from mw_tokens_plugin.site.batches import batches
    from mw_tokens_plugin.targets.addresses import MAX_ADDRESSES, write_addresses

    yield from selection.lines()
    addresses = [a for a in selection.addresses if a not in taken]
    shown = [a for a in selection.shown_addresses if a not in taken]
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
    from mw_tokens_plugin.actions.requestedlock import RequestedLock, RequestedUnlock

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
        requested = RequestedLock if stored['locked'] else RequestedUnlock
        return requested(run.site, hidden_names=page['hidden'], **how)
    return GlobalLock(run.site, **how)


def undo_lock(run: Run[Options], campaign: Campaign) -> GlobalLock:
    """Return what a campaign does that undoes another one."""
    from mw_tokens_plugin.actions.requestedlock import RequestedUndo
    from mw_tokens_plugin.actions.undolock import UndoGlobalLock

    undone, recorded = run.undone(campaign)
    undo = RequestedUndo if undone.options.get('page') else UndoGlobalLock
    locks = bool(campaign.options.get('locks'))
    stored = run.stored(campaign)
    return undo(
        run.site,
        reason=campaign.reason,
        operator=run.site.username() or '',
        undone=undone,
        recorded=recorded,
        locked=locks,
        excluded=frozenset(run.lists.skipped(hidden=True) if locks else ()),
        ignored_groups=frozenset(stored.get('ignored_groups') or ()),
    )


def opposite(undone: Campaign) -> dict[str, bool]:
    """Return whether an undo of a campaign locks accounts.

    An undo can be undone itself.
    """
    options = undone.options
    if 'undone' in options:
        return {'locks': options.get('locks') is not True}
    return {'locks': options.get('locked') is False}


def typed(campaign: Campaign) -> str:
    """Return what has to be typed, since the API cannot undo it."""
    hidden = campaign.options.get('hidden')
    return f'hide {hidden}' if hidden else ''


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
            after=block_and_close,
            undo='undo_global_lock',
            skips_listed=True,
            columns=account_columns,
            log=account_log,
            stored={
                'locked': bool,
                'excluded': [str],
                'page?': STORED,
                'then?': {'name': str, 'names': [str], 'hard': (None, bool)},
            },
        ),
        'undo_global_lock': Kind(
            undo_lock,
            rights=_LOCKS,
            before=tell_of_blocks,
            undo='undo_global_lock',
            of_undone=opposite,
            stored={'locks?': bool},
            after=close_requests,
            columns=account_columns,
            log=account_log,
        ),
    },
    noun='account',
    opposite='pwb global_lock -unlock',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
