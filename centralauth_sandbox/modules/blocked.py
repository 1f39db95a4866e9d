"""Which errors blocked users get, and when: local blocks and global ones.

Making and lifting blocks is in :mod:`.blocks` and :mod:`.globalblocks`.
"""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass
from typing import Any

from ..call import Call
from ..errors import ApiError
from ..globalblocks import GlobalBlock
from ..records import Block
from ..titles import Title, is_address

Json = dict[str, Any]

_EMAIL_LOCALLY = (
    'You can use the "Email this user" feature if a valid email address is specified '
    'in your [[Special:Preferences|preferences]] and you have not been blocked from '
    'using it.'
)
_EMAIL = (
    'You cannot use the "Email this user" feature unless a valid email address is '
    'specified in your [[Special:Preferences|account preferences]] and you have not '
    'been blocked from using it.'
)
_DETAILS = 'Please include all above details in any queries you make.'

#: What the text of a global block begins with, by the end of its key.
_INTRODUCTIONS = {
    'user': 'Your account has been blocked on all wikis.',
    'temp': 'Your account has been blocked on all wikis.',
    'ip': 'Your IP address has been blocked on all wikis.',
    'range': 'Your IP address is in a range which has been blocked on all wikis.',
    'xff': 'One or more proxy servers used by your request is globally blocked',
    'autoblock': 'Your IP address has been automatically globally blocked because it '
    'was used by another user, who was blocked by {}.',
    'autoblock-xff': 'One or more proxy servers used by your request has been '
    'automatically globally blocked because it was used by another user, who was '
    'blocked by {}.',
}


@dataclass(frozen=True, slots=True)
class Applied:
    """The block that applies to who is asking.

    :ivar kind: the end of the message's key if it is global, or an empty string
    :ivar by: who made it, as this wiki names them, with the number they have here
    """

    block: Block | GlobalBlock
    kind: str
    by: tuple[str, int]


def check_block(
    call: Call, title: Title | None = None, *, spread: bool = False
) -> None:
    """Refuse users who are blocked.

    :param title: the page that is written to; a block may be from some pages only
    :param spread: whether the address of who tried is blocked, too, if the block is
        one that does that
    :raises ApiError: blocked.
    """
    applied = block_of(call)
    if applied is None:
        return
    if title == Title(3, call.user) and _may_talk(applied.block):
        return
    pages = applied.block.pages if isinstance(applied.block, Block) else ()
    if pages and title not in pages:
        return
    if spread and isinstance(applied.block, GlobalBlock):
        call.farm.global_blocks.spread(applied.block, call.session.address)
    raise blocked(call, applied)


def check_blocker(call: Call, target: str) -> None:
    """Refuse to let users who are blocked block and unblock others.

    They may block the user who blocked them, and themselves with a right of its own.

    :raises ApiError: ipbblocked or ipbnounblockself.
    """
    applied = block_of(call)
    if applied is None or target == applied.by[0]:
        return
    if isinstance(applied.block, Block) and applied.block.pages:
        return
    if target != call.user:
        raise ApiError(
            'ipbblocked',
            'You cannot block or unblock other users because you are yourself blocked.',
            key='ipbblocked',
        )
    if 'unblockself' not in call.rights:
        raise ApiError(
            'ipbnounblockself',
            'You are not allowed to unblock yourself.',
            key='ipbnounblockself',
        )


def block_of(call: Call) -> Applied | None:
    """Return the block that applies to who is asking; a local one comes first."""
    session = call.session
    local = call.wiki.blocks.get(call.user)
    if local is not None and not _over(call, local):
        return Applied(local, '', (local.by, local.by_id))
    if not call.farm.current:
        return None
    account = session.account
    found = call.farm.global_blocks.applying(
        session.address,
        session.proxies,
        account,
        exempt='ipblock-exempt' in call.rights,
        named=account is not None and not account.temporary,
    )
    if found is None:
        return None
    block = found.block
    return Applied(block, _kind(call, block, found.proxy), _blocker(call, block))


def block_info(call: Call, applied: Applied) -> Json:
    """Return a block as userinfo and error messages show it."""
    block, (by, by_id) = applied.block, applied.by
    info = {
        'blockid': block.id,
        'blockedby': by,
        'blockedbyid': by_id,
        'blockreason': block.reason,
        'blockedtimestamp': block.timestamp,
        'blockexpiry': _end(block),
        'blockpartial': isinstance(block, Block) and bool(block.pages),
        'blocknocreate': block.nocreate,
        'blockanononly': block.anononly,
        'blockemail': block.noemail,
        'blockowntalk': isinstance(block, GlobalBlock) or not block.allowusertalk,
        'blockedtimestampformatted': _written(block.timestamp),
    }
    if call.farm.current and block.expiry != 'infinity':
        end = _written(block.expiry)
        info |= {'blockexpiryformatted': end, 'blockexpiryrelative': end}
    return info


def local_block_info(call: Call, block: Block) -> Json:
    """Return a local block of somebody as lists of users show it."""
    return block_info(call, Applied(block, '', (block.by, block.by_id)))


def blocked(call: Call, applied: Applied) -> ApiError:
    """Return the error for a user who is blocked."""
    block, (by, _) = applied.block, applied.by
    by = embedded(by)
    link = f'[[User:{applied.by[0]}|{by}]]'
    end = 'infinite' if block.expiry == 'infinity' else _written(block.expiry)
    address, start = call.session.address, _written(block.timestamp)
    target = embedded(_target(call, applied))
    write = _global_text if applied.kind else _local_text
    return ApiError(
        'blocked',
        write(call, applied, link, target, start, end),
        data={'blockinfo': block_info(call, applied)},
        key=f'globalblocking-blockedtext-{applied.kind}'
        if applied.kind
        else 'blockedtext',
        params=[link, block.reason, address, by, block.id, end, target, start],
    )


def embedded(text: str) -> str:
    """Return a name so that what it is written in does not turn it around."""
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind == 'L':
            return f'\u202a{text}\u202c'
        if kind in ('R', 'AL'):
            return f'\u202b{text}\u202c'
    return text


def _local_text(
    call: Call, applied: Applied, link: str, target: str, start: str, end: str
) -> str:
    block = applied.block
    given = (
        'The reason given is: {}' if call.farm.current else 'The reason given is {}.'
    )
    return (
        '<strong>Your username or IP address has been blocked.</strong>\n\n'
        f'The block was made by {link}.\n'
        f'{given.format(f"<em>{block.reason}</em>")}\n\n'
        f'*Start of block: {start}\n*Expiration of block: {end}\n'
        f'*Intended blockee: {target}\n\n'
        f'You can contact {link} or another '
        '[[Project:Administrators|administrator]] to discuss the block.\n'
        f'{_EMAIL_LOCALLY}\nYour current IP address is {call.session.address}.\n'
        f'Block ID #{block.id}.\n{_DETAILS}'
    )


def _global_text(
    call: Call, applied: Applied, link: str, target: str, start: str, end: str
) -> str:
    block, kind = applied.block, applied.kind
    automatic = kind.startswith('autoblock')
    lines = [f"'''{_INTRODUCTIONS[kind].format(link)}'''"]
    if automatic:
        lines.append(f'The reason given is:\n\n:<em>{block.reason}</em>.\n')
    else:
        lines.append(f'\nThe block was made by {link}.')
        lines.append(f'The reason given is: <em>{block.reason}</em>\n')
    lines.append(f'* Start of block: {start}\n* Expiration of block: {end}')
    if automatic:
        lines.append(f'*Intended blockee: {target}')
    lines.append(f'\nYou can contact {link} to discuss the block.')
    if kind != 'temp':
        lines.append(_EMAIL)
    address = f'Your current IP address is {call.session.address}.'
    proxy = f'The blocked proxy address was {target}.'
    lines.append(
        {
            'user': f'Your username is {target}.',
            'temp': f'Your username is {target}.',
            'ip': address,
            'range': f'{address} The blocked range is {target}.',
            'xff': proxy,
            'autoblock': f'{address} Block ID #{block.id}.',
            'autoblock-xff': f'{proxy} Block ID #{block.id}.',
        }[kind]
    )
    return '\n'.join([*lines, _DETAILS])


def _kind(call: Call, block: GlobalBlock, proxy: bool) -> str:
    if block.parent:
        return 'autoblock-xff' if proxy else 'autoblock'
    if proxy:
        return 'xff'
    if not is_address(block.target):
        account = call.session.account
        return 'temp' if account and account.temporary else 'user'
    return 'range' if '/' in block.target else 'ip'


def _target(call: Call, applied: Applied) -> str:
    return applied.block.target


def _blocker(call: Call, block: GlobalBlock) -> tuple[str, int]:
    account = call.farm.account_ids.get(block.by)
    if account is None:
        return '', 0
    local = account.attached.get(call.wiki.db)
    if local is not None and block.by_wiki in account.attached:
        return account.name, local.id
    return f'{block.by_wiki}>{account.name}', 0


def _end(block: Block | GlobalBlock) -> str:
    return 'infinite' if block.expiry == 'infinity' else block.expiry


def _may_talk(block: Block | GlobalBlock) -> bool:
    return isinstance(block, Block) and block.allowusertalk


def _over(call: Call, block: Block) -> bool:
    return block.expiry != 'infinity' and block.expiry <= call.farm.timestamp()


def _written(timestamp: str) -> str:
    when = time.strptime(timestamp, '%Y-%m-%dT%H:%M:%SZ')
    return time.strftime('%H:%M, %-d %B %Y', when)
