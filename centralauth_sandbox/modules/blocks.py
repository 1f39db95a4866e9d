"""Local blocks: `action=block`, `action=unblock` and `list=blocks`.

There are no partial blocks, and several of one target on wikis with `multiblocks`
alone; the errors that blocked users get are in :mod:`.blocked`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .. import errors
from ..call import Call, Values, action, query
from ..errors import ApiError
from ..farm import Wiki
from ..records import Block, LocalAccount
from ..titles import (
    Title,
    canonical_user,
    is_address,
    network_of,
    within,
    written_address,
)
from .blocked import check_blocker

Json = dict[str, Any]

#: How a block is described, where it is the same in the answer.
_FLAGS = (
    'anononly',
    'nocreate',
    'autoblock',
    'noemail',
    'hidename',
    'allowusertalk',
)


@action('block')
def block(call: Call, values: Values) -> None:
    """Block a local account or an address."""
    call.need('block', 'block or unblock this user from editing')
    existing = _block_to_change(call, values)
    target, local = blockee(call, values, existing)
    call.answer.target = target
    expiry = expiry_of(call, values['expiry'])
    if values['noemail'] and not _may_block_email(call):
        raise ApiError(
            'cantblock-email',
            "You don't have permission to block users from sending email through the "
            'wiki.',
        )
    if values['partial']:
        raise ApiError('notimplemented', 'The sandbox makes no partial blocks.')
    check_blocker(call, target)
    flags = {name: values[name] for name in _FLAGS}
    there = of_target(call.wiki, target)
    is_new = bool(values.get('newblock')) and call.wiki.multiblocks
    if values['reblock'] and len(there) > 1:
        raise ApiError(
            'ambiguous-block',
            'The specified target has more than one active block. Please specify which '
            'block you want to act on with "id".',
        )
    if is_new:
        is_there = any(
            _is_same(each, expiry, values['reason'], flags) for each in there
        )
    else:
        is_there = bool(there) and existing is None and not values['reblock']
    if is_there:
        raise ApiError(
            'alreadyblocked', f'"{target}" is already blocked.', params=[target]
        )
    made = place(
        call,
        target,
        expiry,
        values['reason'],
        values['expiry'],
        existing=None if is_new else existing,
        is_new=is_new,
        **flags,
    )
    if watched := values['watchuser'] and (local is not None or '/' not in target):
        call.wiki.watched.setdefault(call.user, set()).add(Title(2, target))
    call.answer.effect = 'block'
    end = 'infinite' if expiry == 'infinity' else expiry
    result = {
        'user': target,
        'userID': local.id if local else 0,
        'expiry': end,
        'id': made.id,
        'reason': made.reason,
        **flags,
        'watchuser': watched,
        'partial': False,
        'pagerestrictions': None,
        'namespacerestrictions': None,
    }
    if call.farm.current:
        result |= {'watchlistexpiry': None, 'actionrestrictions': None}
    call.result['block'] = result


@action('unblock')
def unblock(call: Call, values: Values) -> None:
    """Lift a block."""
    if values['id'] is None and values['user'] is None and values['userid'] is None:
        raise errors.one_of(['id', 'user', 'userid'])
    call.need('block', 'unblock users')
    found = None
    if values['id'] is not None:
        found = _numbered(call, values['id'])
        name = f'#{values["id"]}'
    else:
        name, _ = blockee(call, values)
        found = call.wiki.blocks.get(name)
    check_blocker(call, found.target if found else name)
    if found is None and values['id'] is not None and call.farm.current:
        raise ApiError(
            'nosuchblockid',
            f'There is no block with ID {values["id"]}.',
            params=[str(values['id'])],
        )
    if found is None:
        raise ApiError(
            'cantunblock',
            f'Error: Block for {name} not found. It may have been removed already.',
            key='ipb_cant_unblock',
            params=[name],
        )
    if values['id'] is None and len(of_target(call.wiki, found.target)) > 1:
        words = 'The sandbox lifts one of several blocks by its number alone.'
        raise ApiError('notimplemented', words)
    _remove(call.wiki, found)
    call.answer.target = found.target
    local = call.wiki.accounts.get(found.target)
    call.wiki.write_log(
        'block', 'unblock', call.user, Title(2, found.target), values['reason']
    )
    call.answer.effect = 'unblock'
    call.result['unblock'] = {
        'id': found.id,
        'user': found.target,
        'userid': local.id if local else 0,
        'reason': values['reason'],
        'watchuser': values['watchuser'],
    }


@query('blocks')
def blocks(call: Call, values: Values) -> None:
    """List blocks."""
    if values['users'] is not None and values['ip'] is not None:
        raise errors.not_together(['bkusers', 'bkip'])
    if values['ip'] is not None and not is_address(values['ip']):
        raise ApiError('badip', 'IP parameter is not valid.', key='apierror-badip')
    show = set(values['show'] or ())
    if any(f'!{name}' in show for name in show):
        raise ApiError(
            'show',
            'Incorrect parameter - mutually exclusive values may not be supplied.',
        )
    newer = values['dir'] == 'newer'
    after = int(values['continue'].rpartition('|')[2]) if values['continue'] else None
    found: list[Json] = []
    ordered = sorted(_all(call.wiki), key=_age, reverse=not newer)
    for each in ordered:
        if not _wanted(call, values, each) or not _fits(each, show):
            continue
        if after is not None and (each.id < after if newer else each.id > after):
            continue
        if len(found) == values['limit']:
            stamp = each.timestamp.translate(_DIGITS)
            call.continuation['bkcontinue'] = f'{stamp}|{each.id}'
            break
        found.append(_item(call, each, values['prop']))
    values['output']['blocks'] = found


def place(
    call: Call,
    target: str,
    expiry: str,
    reason: str,
    duration: str,
    *,
    existing: Block | None = None,
    is_new: bool = False,
    anononly: bool = False,
    nocreate: bool = False,
    autoblock: bool = False,
    noemail: bool = False,
    hidename: bool = False,
    allowusertalk: bool = False,
) -> Block:
    """Block a target, in place of the block there is, and log it.

    :param duration: the expiry as it was asked for
    :param existing: the block that is changed, if there are several
    :param is_new: whether the others stay as they are
    """
    wiki = call.wiki
    if existing is None and not is_new:
        existing = wiki.blocks.get(target)
    address = is_address(target)
    made = Block(
        existing.id if existing else wiki.next_id('block'),
        target,
        call.user,
        call.session.user_id,
        reason,
        call.farm.timestamp(),
        expiry,
        nocreate,
        autoblock and not address,
        noemail and _may_block_email(call),
        allowusertalk,
        anononly and address,
        hidename,
    )
    further = wiki.further_blocks.setdefault(target, [])
    if existing in further:
        further[further.index(existing)] = made
    elif is_new and target in wiki.blocks:
        further.append(made)
    else:
        wiki.blocks[target] = made
    kind = 'reblock' if existing else 'block'
    params = {'duration': duration, 'flags': []}
    wiki.write_log('block', kind, call.user, Title(2, target), reason, params)
    return made


def blockee(
    call: Call, values: Values, existing: Block | None = None
) -> tuple[str, LocalAccount | None]:
    """Return the target that `user` or `userid` names, and its account.

    :param existing: the block that was named instead
    :raises ApiError: if it names none
    """
    if existing is not None:
        return existing.target, call.wiki.accounts.get(existing.target)
    if values['user'] is None and values['userid'] is None:
        raise errors.one_of(
            ['user', 'userid', 'id'] if 'id' in values else ['user', 'userid']
        )
    given = values['user'] or f'#{values["userid"]}'
    if given.startswith('#'):
        local = call.wiki.account_ids.get(int(given[1:]))
        if local is None:
            raise errors.no_such_user(given)
        return local.name, local
    if is_address(given):
        return given, None
    name = canonical_user(given) or given
    local = call.wiki.accounts.get(name)
    if local is None:
        raise errors.no_such_user(name)
    return name, local


def expiry_of(call: Call, text: str) -> str:
    """Return the end of a block or a protection.

    :raises ApiError: invalidexpiry
    """
    found = call.until(text) if text else 'infinity'
    if found is None:
        raise ApiError('invalidexpiry', 'Expiry time invalid.')
    return found


_DIGITS = {ord(letter): None for letter in '-:TZ'}


def _block_to_change(call: Call, values: Values) -> Block | None:
    """Return the block that is named by its number."""
    if values.get('id') is None:
        return None
    given = [name for name in ('id', 'user', 'userid') if values[name] is not None]
    if len(given) > 1:
        raise errors.not_together(given)
    found = _numbered(call, values['id'])
    if found is None:
        raise ApiError(
            'nosuchblockid',
            f'There is no block with the ID {values["id"]}.',
            params=[str(values['id'])],
        )
    return found


def _numbered(call: Call, id: int) -> Block | None:
    return next((b for b in _all(call.wiki) if b.id == id), None)


def of_target(wiki: Wiki, target: str) -> list[Block]:
    """Return the blocks of a target, the oldest first."""
    first = wiki.blocks.get(target)
    return [first, *wiki.further_blocks.get(target, ())] if first else []


def _all(wiki: Wiki) -> list[Block]:
    return [each for target in wiki.blocks for each in of_target(wiki, target)]


def _remove(wiki: Wiki, block: Block) -> None:
    left = [each for each in of_target(wiki, block.target) if each is not block]
    del wiki.blocks[block.target]
    if left:
        wiki.blocks[block.target], *wiki.further_blocks[block.target] = left


def _is_same(block: Block, expiry: str, reason: str, flags: Json) -> bool:
    same = all(getattr(block, name) == is_set for name, is_set in flags.items())
    return same and (block.expiry, block.reason) == (expiry, reason)


def _may_block_email(call: Call) -> bool:
    return call.wiki.user_email and 'blockemail' in call.rights


def _age(each: Block) -> tuple[str, int]:
    return each.timestamp, each.id


def _wanted(call: Call, values: Values, each: Block) -> bool:
    if each.hidename and 'hideuser' not in call.rights:
        return False
    if each.expiry <= call.farm.timestamp():
        return False
    if values['ip'] and not _applies(each.target, values['ip']):
        return False
    if values['users'] and each.target not in values['users']:
        return False
    if values['ids'] and each.id not in values['ids']:
        return False
    start, end = values['start'], values['end']
    if values['dir'] == 'older':
        start, end = end, start
    return (not start or each.timestamp >= start) and (not end or each.timestamp <= end)


def _fits(each: Block, show: set[str]) -> bool:
    """Say whether a block is of the kinds to show."""
    network = network_of(each.target)
    kinds = {
        'account': network is None,
        'ip': network is not None and network.num_addresses == 1,
        'range': network is not None and network.num_addresses > 1,
        'temp': each.expiry != 'infinity',
    }
    return all(kinds[name.removeprefix('!')] != name.startswith('!') for name in show)


def _item(call: Call, each: Block, prop: list[str]) -> Json:
    local = call.wiki.accounts.get(each.target)
    item: Json = {}
    if 'id' in prop:
        item['id'] = each.id
    if 'user' in prop:
        item['user'] = each.target
    if 'userid' in prop:
        item['userid'] = local.id if local else 0
    if 'by' in prop:
        item['by'] = each.by
    if 'byid' in prop:
        item['byid'] = each.by_id
    if 'timestamp' in prop:
        item['timestamp'] = each.timestamp
    if 'expiry' in prop:
        item['expiry'] = each.expiry
        if call.farm.current:
            item['duration-l10n'] = _duration(each)
    if 'reason' in prop:
        item['reason'] = each.reason
    if 'parsedreason' in prop:
        item['parsedreason'] = each.reason
    if 'range' in prop and (network := network_of(each.target)):
        item['rangestart'] = written_address(network[0])
        item['rangeend'] = written_address(network[-1])
    if 'flags' in prop:
        item |= {
            'automatic': False,
            'anononly': each.anononly,
            'nocreate': each.nocreate,
            'autoblock': each.autoblock,
            'noemail': each.noemail,
            'hidden': each.hidename,
            'allowusertalk': each.allowusertalk,
            'partial': False,
        }
    if 'restrictions' in prop:
        item['restrictions'] = []
    return item


def _duration(each: Block) -> str:
    """Return how long a block lasts, in words."""
    if each.expiry == 'infinity':
        return 'infinite'
    start, end = (
        datetime.fromisoformat(stamp.rstrip('Z'))
        for stamp in (each.timestamp, each.expiry)
    )
    seconds = int((end - start).total_seconds())
    parts = []
    for name, length in (('day', 86400), ('hour', 3600), ('minute', 60), ('second', 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f'{count} {name}' + ('' if count == 1 else 's'))
    return f'{", ".join(parts[:-1])} and {parts[-1]}' if parts[1:] else parts[0]


def _applies(target: str, address: str) -> bool:
    """Say whether a block is one of an address, or of a range around it."""
    around, asked = network_of(target), network_of(address)
    return around is not None and asked is not None and within(asked, around)
