"""`list=globalusers`: many global accounts in one request, which today's wikis have.

What it tells is read from the database, so it is never stale.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..call import Call, Values, query
from ..records import Account
from ..titles import canonical_user
from .accounts import may_see, rights_of_groups

Json = dict[str, Any]


@query('globalusers')
def globalusers(call: Call, values: Values) -> None:
    """Tell about accounts by their names or numbers."""
    names, ids = values['users'], values['centralids']
    if names is None and ids is None:
        raise errors.one_of(['guscentralids', 'gususers'])
    if names is not None and ids is not None:
        raise errors.not_together(['gususers', 'guscentralids'])
    found: dict[str | int, Json] = {}
    for given in names or ():
        name = canonical_user(given)
        if name is None or name == '0':
            found.setdefault(given, {'name': given, 'invalid': True})
        else:
            account = call.farm.accounts.get(name)
            missing = {'name': name, 'missing': True}
            found.setdefault(name, _item(call, account, values) or missing)
    for id in ids or ():
        account = call.farm.account_ids.get(id)
        missing = {'centralid': id, 'missing': True}
        found.setdefault(id, _item(call, account, values) or missing)
    values['output']['globalusers'] = _that_fit(call, list(found.values()), found)


def _item(call: Call, account: Account | None, values: Values) -> Json | None:
    """Return what the user may see of an account; None if that is nothing."""
    if account is None or not may_see(call, account):
        return None
    prop = values['prop'] or ()
    item: Json = {'centralid': account.id, 'name': account.name}
    if account.hidden:
        item['hidden' if account.hidden == 'lists' else 'suppressed'] = True
    if 'locked' in prop:
        item['locked'] = account.locked
        if account.locked and account.lock_log:
            item['locklogid'] = account.lock_log
    if 'editcount' in prop:
        item['editcount'] = account.editcount
    if 'registration' in prop:
        item['registration'] = account.registration
    if 'localinfo' in prop:
        local = account.attached.get(call.wiki.db)
        item['localinfo'] = (
            {'attached': True, 'localid': local.id, 'timestamp': local.attached}
            if local
            else {'attached': False}
            if call.version == 2
            else []
        )
    # With or without `guslocalgroups`, which is a mistake of CentralAuth.
    groups = sorted(call.wiki.counting(account.groups))
    if 'groups' in prop:
        item['groups'] = groups
    if 'groupmemberships' in prop:
        item['groupmemberships'] = [
            {'group': group, 'expiry': account.expiries.get(group, 'infinity')}
            for group in groups
        ]
    if 'rights' in prop:
        item['rights'] = rights_of_groups(account, call.wiki)
    return item


def _that_fit(call: Call, items: list[Json], asked: Any) -> list[Json]:
    """Return the first ones that are no more than a result may be.

    The continuation names all that were asked for again, and never comes to an end.
    """
    size = 0
    for number, item in enumerate(items):
        size += _size(item)
        if size > call.farm.max_result_size:
            key = 'gususers' if call.given.get('gususers') else 'guscentralids'
            call.continuation[key] = '|'.join(map(str, asked))
            call.warn(
                'truncatedresult',
                'This result was truncated because it would otherwise be larger than '
                f'the limit of {call.farm.max_result_size} bytes.',
                at='result',
            )
            return items[:number]
    return items


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    if isinstance(value, bool):
        return int(value)
    return len(str(value).encode())
