"""Global blocks: `action=globalblock` and `list=globalblocks`, of GlobalBlocking.

Only the wiki that was asked logs a block; whom one applies to is the business of
:mod:`..globalblocks`, and the errors they get of :mod:`.blocked`.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..call import Call, Values, action, query
from ..errors import ApiError
from ..globalblocks import WIDEST, GlobalBlock, range_of, too_wide
from ..records import Account
from ..titles import Title, canonical_user, is_address, network_of
from .blocked import check_blocker
from .blocks import place
from .status import central_readonly

Json = dict[str, Any]

#: parameter -> how the log names it
_FLAGS = {
    'anononly': 'anon-only',
    'allow-account-creation': 'allow-account-creation',
    'enable-autoblock': 'enable-autoblock',
    'block-email': 'block-email',
}


class _Refusal(Exception):
    """What a global block fails with; it is reported beside the usual errors."""

    def __init__(self, code: str, message: str) -> None:
        """Initializer."""
        super().__init__(code)
        self.code = code
        self.message = message


class _Target:
    """What to block or unblock.

    :ivar shown: as it was given, and as the answer and the log name it
    :ivar kept: as the block keeps it
    :ivar block: the block that it has
    """

    def __init__(self, call: Call, values: Values) -> None:
        """Initializer.

        :raises _Refusal: if it cannot be blocked
        """
        blocks, id = call.farm.global_blocks, values['id']
        self.shown = self.kept = values['target'] or f'#{id}'
        self.account: Account | None = None
        named = blocks.get(id) if id is not None else None
        if named is not None:
            self.kept = named.target
        elif id is not None:
            raise _Refusal(
                'globalblocking-notblocked-id',
                f'No global block exists with the ID {self.shown}.',
            )
        if is_address(self.kept):
            self._narrow()
        else:
            self.account = _visible(call, self.kept)
            if self.account is None:
                raise _Refusal(
                    'globalblocking-block-target-invalid',
                    f'The username, IP address, or IP range ({self.shown}) you entered '
                    'is invalid.',
                )
        found = named or blocks.find(self.kept, self.account_id)
        self.block = found if found in list(blocks) else None

    @property
    def account_id(self) -> int:
        return self.account.id if self.account else 0

    def _narrow(self) -> None:
        network = network_of(self.kept)
        if network is None or too_wide(network):
            version = network.version if network else 4
            raise _Refusal(
                'globalblocking-bigrange',
                f'The range you specified ({self.shown}) exceeds the limits. The '
                f'IPv{version} limit is a /{WIDEST[version]} range.',
            )
        self.kept = range_of(self.kept)


@action('globalblock')
def globalblock(call: Call, values: Values) -> None:
    """Block an account or an address on all wikis, or lift such a block."""
    call.need('globalblock', 'make and remove global blocks')
    _require_one(values, 'id', 'target')
    _require_one(values, 'expiry', 'unblock')
    if values['id'] is not None and values['alsolocal']:
        raise errors.not_together(['id', 'alsolocal'])
    call.answer.target = values['target'] or f'#{values["id"]}'
    try:
        call.result['globalblock'] = (
            _unblock(call, values) if values['unblock'] else _block(call, values)
        )
    except _Refusal as refusal:
        call.answer.code = refusal.code
        error = {'code': refusal.code, 'message': refusal.message}
        call.result['error'] = {'globalblock': [error]}


@query('globalblocks')
def globalblocks(call: Call, values: Values) -> None:
    """List global blocks, the newest first."""
    given = [f'bg{key}' for key in ('addresses', 'targets', 'ip') if values[key]]
    if len(given) > 1:
        raise errors.not_together(given)
    newer = values['dir'] == 'newer'
    found: list[Json] = []
    wanted = _wanted(call, values)
    for block in sorted(wanted, key=lambda b: (b.timestamp, b.id), reverse=not newer):
        if len(found) == values['limit']:
            # A second, which that of many blocks may be: then this never ends.
            call.continuation['bgstart'] = block.timestamp
            break
        found.append(_item(call, block, values['prop']))
    values['output']['globalblocks'] = found


def _block(call: Call, values: Values) -> Json:
    blocks, id = call.farm.global_blocks, values['id']
    named = blocks.get(id) if id is not None else None
    if named is not None and named.parent:
        raise ApiError(
            'cannot-modify-global-autoblock',
            'You cannot modify global autoblocks',
            key='globalblocking-apierror-cannot-modify-global-autoblock',
        )
    target = _Target(call, values)
    blocks.purge()
    if values['anononly'] and target.account:
        raise _Refusal(
            'globalblocking-block-anononly-on-account',
            'Blocks on accounts cannot only apply to anonymous users.',
        )
    if values['enable-autoblock'] and not target.account:
        raise _Refusal(
            'globalblocking-block-enable-autoblock-on-ip',
            'Autoblocks can only be enabled for blocks on accounts.',
        )
    existing = target.block
    if blocks.lost_races or (existing and existing.made > call.arrived):
        blocks.lost_races = max(blocks.lost_races - 1, 0)
        blocks.next_id()
        raise _Refusal(
            'globalblocking-block-failure',
            f'An error occurred while attempting to globally block {target.shown}. '
            'Please try again.',
        )
    if existing is not None and not values['modify']:
        raise _Refusal(
            'globalblocking-block-alreadyblocked',
            f'{target.shown} is already blocked globally. You can view the existing '
            'block on the [[Special:GlobalBlockList|list of global blocks]], or modify '
            'the settings of the existing block by re-submitting this form.',
        )
    number = existing.id if existing else blocks.next_id()
    if call.farm.readonly:
        raise central_readonly(call, call.farm.readonly)
    account, expiry = call.session.account, values['expiry']
    blocks.keep(
        GlobalBlock(
            number,
            target.kept,
            target.account_id,
            account.id if account else 0,
            call.wiki.db,
            values['reason'],
            call.farm.timestamp(),
            expiry,
            anononly=values['anononly'],
            nocreate=not values['allow-account-creation'],
            autoblock=values['enable-autoblock'],
            noemail=values.get('block-email', False),
        )
    )
    flags = [name for key, name in _FLAGS.items() if values.get(key)]
    end = 'infinity' if expiry == 'infinity' else expiry.translate(_DIGITS)
    params = {'expiry': end, 'flags': flags}
    kind = 'modify' if existing else 'gblock'
    _log(call, kind, target.shown, values['reason'], params)
    call.answer.effect = 'globalblock'
    result: Json = {'user': target.shown, 'blocked': ''}
    # That of emails is not told.
    result |= {key: '' for key in _FLAGS if key != 'block-email' and values[key]}
    result['expiry'] = 'infinite' if expiry == 'infinity' else expiry
    if values['alsolocal']:
        _block_locally(call, values, target.kept, modified=existing is not None)
        result['blockedlocally'] = True
    return result


def _unblock(call: Call, values: Values) -> Json:
    target = _Target(call, values)
    if target.block is None:
        raise _Refusal(
            'globalblocking-notblocked',
            f'The user ({target.shown}) you entered is not globally blocked.',
        )
    if call.farm.readonly:
        raise central_readonly(call, call.farm.readonly)
    call.farm.global_blocks.lift(target.block)
    _log(call, 'gunblock', target.shown, values['reason'])
    call.answer.effect = 'globalblock'
    return {'user': target.shown, 'unblocked': ''}


def _block_locally(call: Call, values: Values, target: str, *, modified: bool) -> None:
    """Block on this wiki, too; if that fails, the global block stands."""
    if 'block' not in call.rights:
        raise _Refusal(
            'badaccess-group0',
            'You are not allowed to execute the action you have requested.',
        )
    try:
        check_blocker(call, target)
    except ApiError as error:
        raise _Refusal(error.code, error.info) from None
    if not is_address(target) and target not in call.wiki.accounts:
        refused = errors.no_such_user(target)
        raise _Refusal(refused.key, refused.summary)
    if target in call.wiki.blocks and not modified:
        raise _Refusal('ipb_already_blocked', f'"{target}" is already blocked.')
    place(
        call,
        target,
        values['expiry'],
        values['reason'],
        values['expiry'],
        anononly=values['localanononly'],
        nocreate=not values['local-allow-account-creation'],
        autoblock=True,
        noemail=values['localblocksemail'],
        allowusertalk=not values['localblockstalk'],
    )


def _log(
    call: Call, kind: str, target: str, reason: str, params: Json | None = None
) -> None:
    name = canonical_user(target) or target
    call.wiki.write_log('gblblock', kind, call.user, Title(2, name), reason, params)


def _require_one(values: Values, *names: str) -> None:
    given = [name for name in names if values[name] not in (None, False)]
    if not given:
        raise errors.one_of(list(names))
    if len(given) > 1:
        raise errors.not_together(given)


def _visible(call: Call, name: str) -> Account | None:
    """Return a global account, if who is asking may know of it."""
    account = call.farm.accounts.get(name)
    if account is None or (
        account.hidden and 'centralauth-suppress' not in call.rights
    ):
        return None
    return account


def _wanted(call: Call, values: Values) -> list[GlobalBlock]:
    """Return the blocks that are asked for."""
    blocks = call.farm.global_blocks
    if values['ip'] is not None:
        network = network_of(values['ip'])
        if network is None:
            raise ApiError(
                'invalidip', 'IP parameter is not valid.', key='apierror-badip'
            )
        if too_wide(network):
            version = f'IPv{network.version}'
            widest = WIDEST[network.version]
            raise ApiError(
                'cidrtoobroad',
                f'{version} CIDR ranges broader than /{widest} are not accepted.',
                params=[version, widest],
            )
        found = [block for block in blocks.covering(network) if not block.parent]
    else:
        found = list(blocks)
    targets = values['targets'] or values['addresses']
    if targets:
        accounts = {_public_id(call, name) for name in targets if not is_address(name)}
        addresses = {name for name in targets if is_address(name)}
        # Unknown accounts beside numbers are as if they were not there.
        if accounts - {0} or addresses or not values['ids']:
            found = [
                block
                for block in found
                if (block.account and block.account in accounts)
                or (block.target in addresses and not block.parent)
            ]
    if values['ids']:
        found = [block for block in found if block.id in values['ids']]
    start, end = values['start'], values['end']
    if values['dir'] == 'older':
        start, end = end, start
    return [
        block
        for block in found
        if (not start or block.timestamp >= start)
        and (not end or block.timestamp <= end)
    ]


def _public_id(call: Call, name: str) -> int:
    """Return the central id of an account that is not hidden, or 0.

    The name has to be in its normal form.
    """
    account = call.farm.accounts.get(name)
    return 0 if account is None or account.hidden else account.id


def _item(call: Call, block: GlobalBlock, prop: list[str]) -> Json:
    item: Json = {}
    if 'id' in prop:
        item['id'] = str(block.id)
    if 'target' in prop or 'address' in prop:
        if not block.parent:
            item['target' if 'target' in prop else 'address'] = block.target
        item |= {
            'anononly': block.anononly,
            'account-creation-disabled': block.nocreate,
            **({'block-email': block.noemail} if call.farm.block_email else {}),
            'autoblocking-enabled': block.autoblock,
            'automatic': bool(block.parent),
        }
    if 'by' in prop:
        by = call.farm.account_ids.get(block.by)
        item['by'] = by.name if by and not by.hidden else None
        item['bywiki'] = block.by_wiki
    if 'timestamp' in prop:
        item['timestamp'] = block.timestamp
    if 'expiry' in prop:
        item['expiry'] = block.expiry
    if 'reason' in prop:
        item['reason'] = block.reason
    if 'range' in prop and block.range and not block.parent:
        item['rangestart'], item['rangeend'] = block.range
    return item


_DIGITS = {ord(letter): None for letter in '-:TZ'}
