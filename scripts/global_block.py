#!/usr/bin/env python3
"""Block accounts, addresses and ranges globally, with a plan, guards and an undo.

The script acts on the central wiki of the farm, whatever wiki is the default one. It
shows a plan, asks for confirmation, and can be stopped or killed at any moment and
resumed: nothing is done twice. Wikis can be configured to apply no global blocks.

What holds for accounts alone, or for addresses alone, never makes a mixed list fail:
-anononly is for addresses, and autoblocks are for accounts.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mw_tokens_plugin.cli.accounts import (
    account_guards,
    block_expiry,
    block_log,
    check_end,
    check_not_past,
)
from mw_tokens_plugin.cli.recorded import RECORDED
from mw_tokens_plugin.cli.requests import (
    STORED,
    RequestOptions,
    check_appeal,
    close_requests,
    compare_page,
)
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.cli.table import listed as in_words
from mw_tokens_plugin.cli.table import table
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.site.settings import settings

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.globalblock import SetGlobalBlock
    from mw_tokens_plugin.actions.undoblock import UndoGlobalBlock
    from mw_tokens_plugin.campaign.records import Campaign, Target
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run

_RIGHTS = {'globalblock': 'globalblock'}
_ONLY = ('accounts', 'addresses')
#: What -expiring alone obeys; all else would be ignored.
_OF_LISTS = {'expiring', 'reason_matches', 'only', 'ledger', 'always', 'quiet'}
#: Guards against new blocks.
_OF_BLOCKS = {'max_edits', 'ignore_groups', 'max_range'}
#: What -modify can change, besides the reason.
_CHANGES = (
    *('expiry', 'anononly', 'hardblock', 'no_autoblock'),
    *('allow_account_creation', 'alsolocal'),
)


def span(text: str) -> str:
    """Read a span of time."""
    from mw_tokens_plugin.protocol.expiries import length_of

    if length_of(text) is None:
        raise ValueError('give a span such as 30d or "2 weeks".')
    return text


def bits(text: str) -> int:
    """Read the length of a prefix."""
    if not re.fullmatch(r'/?\d{1,3}', text):
        raise ValueError('give the prefixes for IPv4 and IPv6, such as 22,44.')
    return int(text.lstrip('/'))


def _are_prefixes(numbers: Sequence[int]) -> bool:
    return len(numbers) == 2 and numbers[0] <= 32 and numbers[1] <= 128


def kind(text: str) -> str:
    """Read which targets are taken."""
    if text not in _ONLY:
        raise ValueError('give "accounts" or "addresses".')
    return text


@dataclass(frozen=True, kw_only=True)
class Options(RequestOptions):
    """What the command line asks for."""

    reason_hint: ClassVar[str] = 'Everybody who is blocked reads it. '
    reason_list: ClassVar[str] = 'Globalblocking-block-reason-dropdown'

    page: str | None = option(
        'Those in the open requests for blocks of a page of the central wiki, such as '
        '"Steward requests/Global"; with -unblock, in the one of -section. The reason '
        'is a link to the request unless another one is given.',
        value='TITLE',
        names_targets=True,
        by_others=True,
        gives_reason=True,
        excludes=('names', 'file', 'stdin', 'prefix', *RECORDED, 'expiring'),
        because='its requests name all targets, so name no others.',
    )
    only: str | None = option(
        'Only the accounts of the list, or only its addresses: "accounts" or '
        '"addresses". The public log links those that are blocked together.',
        value='KIND',
        read=kind,
        group='Targets',
    )
    expiring: str | None = option(
        'Blocks that end within this time, such as 30d. They are listed; with -modify '
        'they are renewed, and with -unblock lifted.',
        value='TIME',
        read=span,
        names_targets=True,
        gives_reason=True,
    )
    reason_matches: str | None = option(
        'Of those only the ones whose reason has this text; capitals do not matter.',
        value='TEXT',
        group='Targets',
        needs=('expiring',),
    )
    expiry: str | None = option(
        'When the blocks end: "31 hours", "6 months", 2027-01-31, "infinite" (accounts '
        'only), or @NAME as user-config.py explains it. Required to block.',
        value='TIME',
        read=block_expiry,
        stored='expiry',
        excludes=('unblock',),
    )
    unblock: bool = option(
        'Lift blocks. Targets may be numbers of blocks, as "#41".',
        stored='unblock',
        excludes=('modify',),
    )
    modify: bool = option(
        'Change blocks that are there. What is not named stays as it is; targets that '
        'are not blocked are blocked, if all is given that a new block needs.',
        also='-reblock',
        stored='modify',
        gives_reason=True,
    )
    allow_weaker: bool = option(
        'With -modify: also where a block becomes shorter or looser.',
        stored='allow_weaker',
        needs=('modify',),
    )
    anononly: bool = option(
        'Of addresses: users with an account can edit all the same, temporary accounts '
        'cannot. This or -hardblock is required for addresses.',
        stored='anononly',
        excludes=('hardblock', 'unblock'),
    )
    hardblock: bool = option(
        'Of addresses: nobody can edit there, with an account or without.',
        stored='hardblock',
        excludes=('unblock',),
    )
    no_autoblock: bool = option(
        'Of accounts: do not block addresses from which they try to edit.',
        stored='no_autoblock',
        excludes=('unblock',),
    )
    allow_account_creation: bool = option(
        'Let accounts be created all the same.',
        stored='allow_account_creation',
        excludes=('unblock',),
    )
    alsolocal: bool = option(
        'Block on the central wiki itself as well; of addresses only those without an '
        'account.',
        stored='also_local',
        rights={'block': 'blockusers'},
        excludes=('unblock',),
    )
    local_hardblock: bool = option(
        'There also those with an account.',
        stored='local_hardblock',
        needs=('alsolocal',),
    )
    max_range: tuple[int, ...] = option(
        'The widest ranges to block, of IPv4 and IPv6; default 24,48. Wider ones than '
        '20,36 are confirmed by typing.',
        value='V4,V6',
        read=bits,
        separated=True,
        group='Guards',
        stored='max_range',
    )

    def check(self) -> None:
        """Refuse what does not go together."""
        if self.max_range and not _are_prefixes(self.max_range):
            raise InvalidInput(
                '-max-range takes two numbers, up to 32 for IPv4 and 128 for IPv6, as '
                '22,44.'
            )
        if not self.is_new:
            if self.undo is not None and not (self.reason or '').strip():
                raise InvalidInput('Global blocks need a reason: -reason:TEXT.')
            return
        check_not_past('-expiry', self.expiry)
        lists = self.only_lists
        if self.expiry is None and not (self.modify or self.unblock or lists):
            raise InvalidInput(
                'A new block needs -expiry:TIME, such as -expiry:"1 week"; there is no '
                'default.'
            )
        if lists:
            self._check_obeyed(
                self.given - _OF_LISTS,
                '-expiring alone lists blocks, and ignores',
                'leave that out, or give -modify or -unblock.',
            )
            if self.names:
                raise InvalidInput(
                    '-expiring alone lists blocks: name no others, or give -modify.'
                )
        if self.unblock:
            self._check_obeyed(
                self.given & _OF_BLOCKS, '-unblock ignores', 'leave that out.'
            )
        has_change = any(getattr(self, name) for name in _CHANGES)
        if self.modify and not (has_change or self.reason or self.page):
            raise InvalidInput(
                '-modify changes nothing unless it is said what: give -expiry, '
                '-reason, -anononly, -hardblock, -no-autoblock, '
                '-allow-account-creation or -alsolocal.'
            )
        if self.page is not None and self.unblock:
            check_appeal(self, 'unblock', 'the block')
        has_reason = (self.reason or '').strip() or (self.reason is None and self.page)
        if not (self.modify or lists or has_reason):
            raise InvalidInput(
                'A global block needs a reason that is not empty: -reason:TEXT. '
                f'{self.reason_hint}'
            )

    @property
    def only_lists(self) -> bool:
        """Whether blocks are listed, and none is written."""
        lists = self.expiring is not None and self.undo is None and not self.resume
        return lists and not (self.modify or self.unblock)

    def _check_obeyed(self, ignored: Collection[str], why: str, then: str) -> None:
        """Refuse options that would be ignored."""
        rows = table(type(self)).values()
        if names := [about.name for field, about in rows if field.name in ignored]:
            raise InvalidInput(f'{why} {in_words(names)}: {then}')


def targets(run: Run[Options]) -> Listing:
    """List whom the command line names."""
    from mw_tokens_plugin.cli import blocklists

    return blocklists.targets(run)


def appeal(campaign: Campaign) -> str:
    """Return what has to be typed to lift blocks because a page asks for it."""
    options = campaign.options
    return 'unblock' if options.get('unblock') and options.get('page') else ''


def check_expiry(run: Run[Options], campaign: Campaign) -> Campaign:
    """Refuse to resume a plan whose blocks would have ended by now."""
    check_end(run, campaign.name, campaign.options.get('expiry'), campaign)
    return compare_page(run, campaign)


def block(run: Run[Options], campaign: Campaign) -> SetGlobalBlock:
    """Return what a campaign does."""
    from mw_tokens_plugin.actions.addressguards import AddressGuards
    from mw_tokens_plugin.actions.blockplan import Wanted
    from mw_tokens_plugin.actions.globallock import Guards
    from mw_tokens_plugin.actions.requestedlock import RequestedBlock, RequestedLift
    from mw_tokens_plugin.cli.blocklists import ranges_of

    stored = run.stored(campaign)
    guards = Guards(**account_guards(run, campaign))
    how: dict[str, Any] = {
        'reason': campaign.reason,
        'addresses': AddressGuards.of(guards.excluded, stored['max_range']),
        'guards': guards,
        'hidden_names': (stored.get('page') or {'hidden': ()})['hidden'],
    }
    if stored['unblock']:
        return RequestedLift(run.site, **how)
    said = stored['anononly'] or stored['hardblock']
    wanted = Wanted(
        expiry=stored['expiry'],
        anon_only=stored['anononly'] if said else None,
        new_anon_only={'hard': False, 'soft': True}.get(settings.address_blocks),
        autoblock=False if stored['no_autoblock'] else None,
        account_creation=stored['allow_account_creation'] or None,
        modify=stored['modify'],
        allow_weaker=stored['allow_weaker'],
        local=stored['also_local'],
        local_hard=stored['local_hardblock'],
    )
    return RequestedBlock(
        run.site, wanted=wanted, ranges=lambda: ranges_of(run, campaign), **how
    )


def undo_block(run: Run[Options], campaign: Campaign) -> UndoGlobalBlock:
    """Return what a campaign does that undoes another one."""
    from mw_tokens_plugin.actions.undoblock import UndoGlobalBlock
    from mw_tokens_plugin.campaign.putback import OwnWrites

    undone, recorded = run.undone(campaign)
    others = OwnWrites(run.ledger, campaign, run.sealer)
    return UndoGlobalBlock(
        run.site,
        reason=campaign.reason,
        undone=undone,
        recorded=recorded,
        others=others,
    )


def finish(run: Run[Options], campaign: Campaign) -> None:
    """Say what is left to do, and mark the requests."""
    from mw_tokens_plugin.cli.blocklists import tell_uncovered

    tell_uncovered(run, campaign)
    close_requests(run, campaign)


def columns(target: Target) -> Any:
    """Return what a kept plan shows of a target, by heading."""
    from mw_tokens_plugin.actions import blockdisplay

    return blockdisplay.block_columns(target)


SCRIPT = CampaignScript(
    'global_block',
    Options,
    targets,
    {
        'global_block': Kind(
            block,
            module='globalblock',
            rights=_RIGHTS,
            confirm=appeal,
            before=check_expiry,
            after=finish,
            undo='undo_global_block',
            skips_listed=True,
            columns=columns,
            log=block_log,
            stored={'excluded': [str], 'page?': STORED},
        ),
        'undo_global_block': Kind(
            undo_block,
            rights=_RIGHTS,
            after=close_requests,
            columns=columns,
            log=block_log,
        ),
    },
    noun='target',
    names='names and addresses',
    opposite='pwb global_block -unblock',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
