"""Lists of local accounts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..call import Call, Values, query
from ..farm import Wiki
from ..records import Account, LocalAccount
from ..rights import implicit_groups, rights_of
from ..titles import canonical_user, first_upper
from .blocked import local_block_info
from .changes import author_of
from .query import Json


@query('allusers')
def allusers(call: Call, values: Values) -> None:
    """List local accounts by name."""
    prop = values['prop'] or ()
    prefix = first_upper(values['prefix'] or '')
    first = first_upper(values['from'] or '')
    found: list[Json] = []
    last, backwards = first_upper(values['to'] or ''), values['dir'] == 'descending'
    names = sorted(call.wiki.accounts, reverse=backwards)
    actions = _recent_actions(call) if values['activeusers'] else {}
    for name in names:
        local = call.wiki.accounts[name]
        if (
            not name.startswith(prefix)
            or _is_before(name, first, backwards)
            or _is_hidden(call.wiki, local)
        ):
            continue
        if values['group'] and not local.groups & set(values['group']):
            continue
        if values['witheditsonly'] and not local.editcount:
            continue
        if last and (name < last if backwards else name > last):
            continue
        if values['activeusers'] and not (recent := actions.get(name)):
            continue
        if len(found) == values['limit']:
            call.continuation['aufrom'] = name
            break
        item = {'userid': local.id, 'name': name} | _user_item(call, local, prop)
        if values['activeusers']:
            item['recentactions'] = recent
        found.append(item)
    values['output']['allusers'] = found


def _is_before(name: str, first: str, backwards: bool) -> bool:
    """Say whether a list that begins with a name comes to another one later."""
    return bool(first) and (name > first if backwards else name < first)


def _recent_actions(call: Call) -> Counter[str]:
    """Count what accounts have done within 30 days."""
    since = call.farm.timestamp(call.farm.clock() - 30 * 86400)
    return Counter(
        author_of(change)[0]
        for change in call.wiki.changes
        if change.timestamp >= since
        and (change.log is None or change.log.type != 'newusers')
    )


@query('users')
def users(call: Call, values: Values) -> None:
    """Tell about local accounts."""
    prop = values['prop'] or ()
    found: list[Json] = []
    for name in values['users'] or ():
        canonical = canonical_user(name)
        local = call.wiki.accounts.get(canonical) if canonical else None
        if local is None:
            missing = 'missing' if canonical else 'invalid'
            item: Json = {'name': canonical or name, missing: True}
            if 'cancreate' in prop and canonical:
                item['cancreate'] = canonical not in call.farm.accounts
        else:
            item = {'userid': local.id, 'name': local.name}
            item |= _user_item(call, local, prop, values['attachedwiki'])
        found.append(item)
    for id in values['userids'] or ():
        by_id = call.wiki.account_ids.get(id)
        found.append(
            {'userid': id, 'name': by_id.name} | _user_item(call, by_id, prop)
            if by_id
            else {'userid': id, 'missing': True}
        )
    values['output']['users'] = found


def _is_hidden(wiki: Wiki, local: LocalAccount) -> bool:
    block = wiki.blocks.get(local.name)
    return block is not None and block.hidename


def _user_item(
    call: Call, local: LocalAccount, prop: Any, attachedwiki: str | None = None
) -> Json:
    item: Json = {}
    account = local.central
    if 'editcount' in prop:
        item['editcount'] = local.editcount
    if 'registration' in prop:
        item['registration'] = local.registration
    if 'groups' in prop:
        item['groups'] = implicit_groups(local.groups)
    if 'implicitgroups' in prop:
        item['implicitgroups'] = ['*', 'user', 'autoconfirmed']
    if 'groupmemberships' in prop:
        item['groupmemberships'] = [
            {'group': group, 'expiry': 'infinity'} for group in sorted(local.groups)
        ]
    if 'rights' in prop:
        groups = account.groups if account else frozenset()
        farm = call.farm
        more = farm.rights_besides(groups)
        rights = rights_of(groups, local.groups, today=farm.current, more=more)
        item['rights'] = list(rights)
    hidden = _is_hidden(call.wiki, local)
    if hidden:
        item['hidden'] = True
    block = call.wiki.blocks.get(local.name)
    if 'blockinfo' in prop and block:
        item |= local_block_info(call, block)
    if 'emailable' in prop:
        item['emailable'] = False
    if 'gender' in prop:
        item['gender'] = 'unknown'
    if 'centralids' in prop:
        item['centralids'] = {
            'CentralAuth': 0 if hidden or account is None else account.id,
            'local': 0 if hidden else local.id,
        }
        item['attachedlocal'] = {'CentralAuth': account is not None, 'local': True}
        if attachedwiki is not None:
            item['attachedwiki'] = {
                'CentralAuth': _attached(account, attachedwiki),
                'local': attachedwiki == call.wiki.db,
            }
    return item


def _attached(account: Account | None, db: str) -> bool:
    return account is not None and db in account.attached
