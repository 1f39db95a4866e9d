"""Global accounts: reading, attaching, their groups.

Locking, hiding and deleting them is in :mod:`.status`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

from .. import errors
from ..call import Call, Values, action, query
from ..errors import ApiError, InternalError
from ..farm import Wiki
from ..records import Account, LocalAccount, WikiSet
from ..rights import GLOBAL_GROUPS
from ..titles import Title, canonical_user
from .blocks import expiry_of
from .status import no_comment

Json = dict[str, Any]


@action('centralauthtoken')
def centralauthtoken(call: Call, values: Values) -> None:
    """Hand out a centralauthtoken."""
    session = call.session
    if session.suppressed:
        raise ApiError(
            'hascallback',
            'Tokens may not be obtained when the same-origin policy is not applied.',
        )
    if session.local is None:
        raise ApiError(
            'notloggedin', 'Anonymous users cannot obtain a centralauthtoken.'
        )
    if session.account is None:
        raise ApiError(
            'notattached',
            'Cannot obtain a centralauthtoken without an attached global account.',
        )
    if session.kind != 'main':
        raise ApiError(
            'badsession',
            'Can only obtain a centralauthtoken when using CentralAuth sessions.',
        )
    token = call.farm.sessions.mint(session)
    call.result['centralauthtoken'] = {'centralauthtoken': token}


@action('createlocalaccount')
def createlocalaccount(call: Call, values: Values) -> None:
    """Attach a global account to this wiki."""
    call.answer.target = given = values['username']
    call.need('centralauth-createlocal', 'forcibly create a local account')
    name = canonical_user(given)
    account = call.farm.accounts.get(name) if name else None
    if name is not None and name in call.wiki.accounts:
        call.status_error(
            'centralauth-createlocal-already-exists',
            'There already is a local account for the specified global account.',
        )
    elif account is None:
        call.status_error(
            'centralauth-createlocal-no-global-account',
            'There is no global account with the specified name.',
        )
    elif account.hidden == 'suppressed':
        call.status_error(
            'centralauth-createlocal-suppressed',
            'The global account is suppressed.',
        )
    elif values['reason'] is None and not call.farm.current:
        service = 'User/CentralAuthForcedLocalCreationService.php'
        raise no_comment(call, service, 97)
    else:
        local = call.farm.attach(account, call.wiki)
        call.farm.log_creation(call.wiki, local)
        call.answer.effect = 'createlocalaccount'
        call.result['createlocalaccount'] = {
            'username': given,
            'reason': values['reason'],
        }


@action('globaluserrights')
def globaluserrights(call: Call, values: Values) -> None:
    """Change the global groups of an account."""
    name = values['user'] or ''
    call.answer.target = name
    if name.startswith('#'):
        local = call.wiki.account_ids.get(int(name[1:]))
        account = local.central if local else None
    else:
        account = call.farm.find(name)
    if account is None:
        raise errors.no_such_user(name)
    added = values['add'] or []
    removed = [group for group in values['remove'] or () if group in account.groups]
    if added or removed:
        call.need('globalgroupmembership', 'edit the global groups of a user')
    groups = (account.groups | set(added)) - set(removed)
    until = _expiries(call, added, values['expiry'] or ['infinite'])
    account.expiries = {
        g: e for g, e in account.expiries.items() if g in groups
    } | until
    if groups != account.groups:
        title = Title(2, account.name)
        params = {'oldGroups': sorted(account.groups), 'newGroups': sorted(groups)}
        call.wiki.write_log(
            'gblrights', 'usergroups', call.user, title, values['reason'], params
        )
        account.groups = groups
        call.answer.effect = 'globaluserrights'
    call.result['globaluserrights'] = {
        'user': account.name,
        'userid': account.id,
        'added': added,
        'removed': removed,
    }


def _expiries(call: Call, groups: list[str], given: list[str]) -> dict[str, str]:
    """Return when memberships end that do."""
    expiries = given * len(groups) if len(given) == 1 else given
    if len(expiries) != len(groups):
        raise ApiError(
            'toofewexpiries',
            f'{len(expiries)} expiry timestamps were provided where {len(groups)} were '
            'needed.',
        )
    ends = {g: expiry_of(call, e) for g, e in zip(groups, expiries, strict=True)}
    return {group: end for group, end in ends.items() if end != 'infinity'}


@query('globaluserinfo')
def globaluserinfo(call: Call, values: Values) -> None:
    """Tell about one global account."""
    name, id = values['user'], values['id']
    if name is None and id is not None:
        found = call.farm.account_ids.get(id)
        if found is None:
            raise ApiError(
                'invaliduserid', f'User ID "{id}" is not valid.', params=[str(id)]
            )
        name = found.name
    elif name is None:
        name = call.user
        if call.session.local is None:
            raise ApiError('invaliduser', f'Invalid username "{name}".', params=[name])
    call.answer.target = name
    prop = values['prop'] or ()
    account = call.farm.accounts.get(name)
    part: Json = {}
    values['output']['globaluserinfo'] = part
    if account is None or not may_see(call, account):
        part['missing'] = True
    else:
        part |= {
            'home': account.home,
            'id': account.id,
            'registration': account.registration,
            'name': account.name,
        }
        state = account.cached_state(call.farm.clock())
        if state.locked:
            part['locked'] = True
        if state.hidden:
            part['hidden'] = True
        if 'groups' in prop:
            part['groups'] = sorted(account.groups)
        if 'rights' in prop:
            rights = set(rights_of_groups(account, call.wiki))
            if values['user'] is None and values['id'] is None:
                # Of oneself, unless one is named, those that count.
                rights = set(rights_of_groups(account, call.wiki, counting=True))
            part['rights'] = sorted(rights)
        if 'merged' in prop:
            if gone := sorted(call.farm.gone.intersection(account.attached)):
                raise InternalError(
                    'Wikimedia\\Rdbms\\DBConnectionError',
                    f"Cannot access the database: Unknown database '{gone[0]}'",
                    'sandbox',
                )
            part['merged'] = [
                _merged(call, db, account.attached[db])
                for db in sorted(account.attached)
            ]
        if 'editcount' in prop:
            part['editcount'] = account.editcount
    if 'unattached' in prop:
        part['unattached'] = [
            _unattached(wiki.db, local)
            for wiki in sorted(call.farm.wikis.values(), key=lambda wiki: wiki.db)
            if (local := wiki.accounts.get(name))
            and local.central is None
            and not local.unlisted
        ]


@query('globalallusers')
def globalallusers(call: Call, values: Values) -> None:
    """List global accounts by name."""
    limit, prop = values['limit'], values['prop'] or ()
    prefix = canonical_user(values['prefix']) if values['prefix'] else ''
    descending = values['dir'] == 'descending'
    found: list[Json] = []
    for name in _names(call, values, prefix or '', descending):
        account = call.farm.accounts[name]
        if account.hidden or not _in_groups(account, values):
            continue
        if values['excludetemp'] and account.temporary:
            continue
        if values['excludenamed'] and not account.temporary:
            continue
        if len(found) == limit:
            call.continuation['agufrom'] = name
            break
        item: Json = {'id': account.id, 'name': name}
        if 'groups' in prop:
            item['groups'] = sorted(account.groups)
        if 'existslocally' in prop and call.wiki.db in account.attached:
            item['existslocally'] = ''
        if 'lockinfo' in prop and account.locked:
            item['locked'] = ''
        found.append(item)
    values['output']['globalallusers'] = found


@query('globalgroups')
def globalgroups(call: Call, values: Values) -> None:
    """List the global groups."""
    values['output']['globalgroups'] = [
        {'name': name}
        | (
            {'rights': [*rights, *call.farm.rights_besides([name])]}
            if 'rights' in (values['prop'] or ())
            else {}
        )
        for name, rights in GLOBAL_GROUPS.items()
    ]


@query('wikisets')
def wikisets(call: Call, values: Values) -> None:
    """List the wiki sets."""
    prop = values['prop'] or ()
    found: list[Json] = []
    numbered = list(enumerate(call.farm.wiki_sets, 1))
    if values['orderbyname']:
        numbered.sort(key=lambda item: item[1].name)
    for id, chosen in numbered:
        if chosen.name < (values['from'] or ''):
            continue
        item: Json = {
            'id': id if call.farm.current else str(id),
            'name': chosen.name,
        }
        if 'type' in prop:
            item['type'] = chosen.type
        if 'wikisincluded' in prop:
            item['wikisincluded'] = _wikis(call, chosen, True)
        if 'wikisnotincluded' in prop:
            item['wikisnotincluded'] = _wikis(call, chosen, False)
        found.append(item)
    values['output']['wikisets'] = found[: values['limit']]


@query('globalrenamestatus')
def globalrenamestatus(call: Call, values: Values) -> None:
    """List renames under way."""
    renaming = [
        account.name
        for account in call.farm.accounts.values()
        if account.renaming and values['user'] in (None, account.name)
    ]
    if renaming:
        values['output']['globalrenamestatus'] = {
            name: {'from': name, 'to': name} for name in renaming
        }


def rights_of_groups(
    account: Account, wiki: Wiki, *, counting: bool = False
) -> list[str]:
    """Return the rights that an account's global groups give on a wiki.

    :param counting: only those that are not withheld for lack of a second factor.
    """
    groups = wiki.counting(account.groups)
    if counting and not account.factors.has_second:
        groups -= wiki.farm.second_factor_groups
    return [
        right
        for group in sorted(groups)
        for right in (*GLOBAL_GROUPS[group], *wiki.farm.rights_besides([group]))
    ]


def may_see(call: Call, account: Account) -> bool:
    """Say whether an account is there for who asks: hidden ones are not for all."""
    return not account.hidden or 'centralauth-suppress' in call.rights


def _wikis(call: Call, chosen: WikiSet, included: bool) -> list[str] | dict[str, str]:
    """Return the wikis in a set, or outside, as a PHP array is encoded."""
    wanted = included == (chosen.type == 'optin')
    found = {
        number: db
        for number, db in enumerate(call.farm.by_db)
        if (db in chosen.members) == wanted
    }
    if included or list(found) == list(range(len(found))):
        return list(found.values())
    return {str(number): db for number, db in found.items()}


def _merged(call: Call, db: str, local: LocalAccount) -> Json:
    wiki = call.farm.by_db[db]
    item: Json = {
        'wiki': db,
        'url': wiki.server,
        'id': local.id,
        'timestamp': local.attached,
        'method': local.method,
        'editcount': local.editcount,
        'registration': local.registration,
    }
    if local.groups:
        item['groups'] = sorted(local.groups)
    block = wiki.blocks.get(local.name)
    if block:
        item['blocked'] = {'expiry': block.expiry, 'reason': block.reason}
    return item


def _unattached(db: str, local: LocalAccount) -> Json:
    item: Json = {
        'wiki': db,
        'editcount': str(local.editcount),
        'registration': local.registration,
    }
    if local.groups:
        item['groups'] = sorted(local.groups)
    return item


def _names(call: Call, values: Values, prefix: str, descending: bool) -> list[str]:
    names = call.farm.names
    first, last = values['from'], values['to']
    if descending:
        first, last = last, first
    low = bisect_left(names, max(first or '', prefix))
    high = bisect_right(names, last) if last else len(names)
    if prefix:
        high = min(high, bisect_left(names, prefix + '\U0010ffff'))
    chosen = names[low:high]
    return chosen[::-1] if descending else chosen


def _in_groups(account: Account, values: Values) -> bool:
    wanted, unwanted = values['group'], values['excludegroup']
    if wanted and not account.groups & set(wanted):
        return False
    return not (unwanted and account.groups & set(unwanted))
