"""Every recorded answer about global accounts is read as what it says.

What is expected is read off the recorded answers by rules of its own: which error makes
which class, and when a flag is set in either format version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mw_tokens_plugin import exceptions
from mw_tokens_plugin.protocol import globalaccounts, globalgroups
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel
from mw_tokens_plugin.protocol.responses import error_mapping, refusal

from .samples import RELEASES, Exchange, load, recordings

OF_ACCOUNTS = ('i_createlocalaccount', 'n_globalusers', 'n_setglobalaccountstatus')
NAMES = [
    (release, name)
    for release in RELEASES
    for name in recordings(release)
    if name[0] in 'fgh' or name in OF_ACCOUNTS
]

#: Each code that was recorded, and its class.
CLASSES: dict[str, type[exceptions.ApiRefusal]] = {
    'nosuchuser': exceptions.NoSuchAccount,
    'invaliduser': exceptions.NoSuchAccount,
    'invaliduserid': exceptions.NoSuchAccount,
    'centralauth-createlocal-no-global-account': exceptions.NoSuchAccount,
    'permissiondenied': exceptions.PermissionDenied,
    'centralauth-admin-not-authorized': exceptions.PermissionDenied,
    'editconflict': exceptions.LostRace,
    'centralauth-admin-too-many-edits': exceptions.CannotHide,
    'centralauth-createlocal-already-exists': exceptions.AlreadyExists,
    'centralauth-createlocal-suppressed': exceptions.AccountSuppressed,
    'readonly': exceptions.ReadOnly,
    'internal_api_error_MediaWiki\\Extension\\CentralAuth\\CentralAuthReadOnlyError': (
        exceptions.ReadOnly
    ),
    'centralauth-admin-cannot-lock-self': exceptions.CannotLock,
    'centralauth-admin-cannot-lock-temporary-account': exceptions.CannotLock,
    'centralauth-state-mismatch': exceptions.LostRace,
    'internal_api_error_Wikimedia\\NormalizedException\\NormalizedException': (
        exceptions.NoSuchAccount
    ),
    'internal_api_error_RuntimeException': exceptions.LostRace,
    'internal_api_error_TypeError': exceptions.InternalApiError,
    # What a client did wrong has no class of its own.
    'baduser': exceptions.NoSuchAccount,
    'badvalue': exceptions.ApiRefusal,
    'badgenerator': exceptions.ApiRefusal,
    'badinteger': exceptions.ApiRefusal,
    'invalidparammix': exceptions.ApiRefusal,
    'toomanyvalues': exceptions.ApiRefusal,
    'missingparam': exceptions.ApiRefusal,
    'mustpostparams': exceptions.ApiRefusal,
    # These are dealt with before they would become one.
    'assertuserfailed': exceptions.ApiRefusal,
    'badtoken': exceptions.ApiRefusal,
    'maxlag': exceptions.ApiRefusal,
}

#: Queries of which nothing is read here.
OTHERS = {'siteinfo', 'users', 'blocks', 'userinfo', 'tokens'}
OTHER_ACTIONS = {'edit', 'paraminfo'}


def exchanges() -> list[Any]:
    return [
        pytest.param(exchange, id=f'{release}-{name}-{exchange.index}')
        for release, name in NAMES
        for exchange in load(name, release)
    ]


def is_set(item: dict[str, Any], flag: str, version: str) -> bool:
    """Tell whether a flag is set, by the rules of a format version."""
    return flag in item if version == '1' else item.get(flag, False) is not False


@pytest.mark.parametrize('exchange', exchanges())
def test_it_becomes_an_exception_or_a_record(exchange: Exchange) -> None:
    answer, params = exchange.json, exchange.params
    if 'error' in answer or 'errors' in answer:
        check_error(answer)
        return
    action = params['action']
    version = params.get('formatversion', '1')
    if action in OTHER_ACTIONS:
        return
    if action != 'query':
        WRITES[action](answer[action], version, params)
        return
    asked = '|'.join(params[key] for key in ('meta', 'list') if key in params)
    for name in set(asked.split('|')) - OTHERS:
        QUERIES[name](answer.get('query', {}).get(name), version)


def check_error(answer: dict[str, Any]) -> None:
    found = error_mapping(answer.get('error', answer.get('errors')))
    raised = refusal(found['code'], found['info'], 'sandbox:meta')
    assert type(raised) is CLASSES[found['code']]
    # Whatever the format, the words of the wiki are there, and are one sentence's.
    assert raised.code in str(answer).replace('\\\\', '\\')
    assert raised.info
    assert str(raised).startswith(f'{raised.code} on sandbox:meta: ')


def check_status(answer: dict[str, Any], version: str, params: dict[str, str]) -> None:
    change = globalaccounts.from_status_answer(answer)
    assert change.name == answer['user']
    assert change.state.locked is is_set(answer, 'locked', version)
    assert change.state.hidden.value == answer['hidden']
    if params.get('locked') and params['locked'] in ('lock', 'unlock'):
        assert change.state.locked is (params['locked'] == 'lock')
    if params.get('hidden'):
        assert change.state.hidden.value == params['hidden']


def check_done(answer: dict[str, Any], version: str, params: dict[str, str]) -> None:
    """Nothing is read of it: that there is a mapping means that it was done."""
    assert answer.get('user', answer.get('username')) is not None


def check_rights(answer: dict[str, Any], version: str, params: dict[str, str]) -> None:
    change = globalgroups.from_globaluserrights(answer)
    assert (change.name, change.central_id) == (answer['user'], answer['userid'])
    assert (list(change.added), list(change.removed)) == (
        answer['added'],
        answer['removed'],
    )
    if params.get('add') == 'nosuch':
        assert change.added == ()


def check_userinfo(info: dict[str, Any], version: str) -> None:
    account = globalaccounts.from_globaluserinfo('Asked for', info)
    assert account.exists is not is_set(info, 'missing', version)
    if not account.exists:
        assert account == globalaccounts.GlobalAccount('Asked for', exists=False)
        return
    assert (account.name, account.central_id) == (info['name'], info['id'])
    assert account.locked is is_set(info, 'locked', version)
    hidden = is_set(info, 'hidden', version)
    assert (account.hidden is HiddenLevel.UNKNOWN) is hidden
    assert (account.hidden is HiddenLevel.NONE) is not hidden
    assert account.home == info['home']
    assert account.registration is not None
    assert account.registration.strftime('%Y-%m-%dT%H:%M:%SZ') == info['registration']
    assert list(account.groups) == info.get('groups', [])
    assert account.edit_count == info.get('editcount')
    if 'merged' not in info:
        assert account.attached is None
        return
    assert account.attached is not None
    assert [(a.wiki, a.url, list(a.groups)) for a in account.attached] == [
        (item['wiki'], item['url'], item.get('groups', [])) for item in info['merged']
    ]
    assert [a.blocked for a in account.attached] == [
        'blocked' in item for item in info['merged']
    ]


def check_globalusers(items: list[dict[str, Any]] | None, version: str) -> None:
    """1.43 does not know the list, and answers nothing."""
    for item in items or ():
        account = globalaccounts.from_globalusers(item)
        assert account.lock_log_id == item.get('locklogid')
        missing = is_set(item, 'missing', version) or is_set(item, 'invalid', version)
        assert account.exists is not missing
        assert account.name == item.get('name', '')
        if missing:
            continue
        assert account.central_id == item['centralid']
        assert account.locked is is_set(item, 'locked', version)
        levels = {'hidden': HiddenLevel.LISTS, 'suppressed': HiddenLevel.SUPPRESSED}
        (expected,) = [
            level for key, level in levels.items() if is_set(item, key, version)
        ] or [HiddenLevel.NONE]
        assert account.hidden is expected
        assert list(account.groups) == item.get('groups', [])
        assert account.edit_count == item.get('editcount')


def check_allusers(items: list[dict[str, Any]], version: str) -> None:
    for item in items:
        listed = globalaccounts.from_globalallusers(item)
        assert (listed.name, listed.central_id) == (item['name'], item['id'])
        # Its flags are those of the first format version in the second one, too.
        assert listed.locked is is_set(item, 'locked', '1')
        assert listed.exists_locally is is_set(item, 'existslocally', '1')
        assert list(listed.groups) == item.get('groups', [])


def check_groups(items: list[dict[str, Any]], version: str) -> None:
    groups = list(map(globalgroups.from_globalgroups, items))
    assert [(g.name, list(g.rights)) for g in groups] == [
        (item['name'], item['rights']) for item in items
    ]
    assert {group.name for group in groups} >= {'steward', 'global-sysop'}


def check_wikisets(items: list[dict[str, Any]], version: str) -> None:
    for item in items:
        chosen = globalgroups.from_wikisets(item)
        # A text in 1.43.
        assert (chosen.id, chosen.name) == (int(item['id']), item['name'])
        assert chosen.opt_out is (item.get('type') == 'optout')
        # A list with gaps is a mapping, whose keys say nothing.
        for names, key in (
            (chosen.included, 'wikisincluded'),
            (chosen.excluded, 'wikisnotincluded'),
        ):
            listed = item.get(key, [])
            listed = listed.values() if isinstance(listed, dict) else listed
            assert list(names) == list(listed)


def check_no_renames(renames: None, version: str) -> None:
    """None was under way when it was recorded; then the query is left out."""
    assert renames is None


def check_log(events: list[dict[str, Any]], version: str) -> None:
    assert events
    for event in events:
        entry = globalaccounts.from_log_event(event)
        assert f'User:{entry.name}@global' == event['title']
        assert (entry.log_id, entry.by, entry.comment) == (
            event['logid'],
            event['user'],
            event['comment'],
        )
        assert list(entry.added) == event['params']['added']
        assert list(entry.removed) == event['params']['removed']
        assert entry.timestamp.strftime('%Y-%m-%dT%H:%M:%SZ') == event['timestamp']


WRITES = {
    'setglobalaccountstatus': check_status,
    'deleteglobalaccount': check_done,
    'createlocalaccount': check_done,
    'globaluserrights': check_rights,
}

QUERIES: dict[str, Callable[[Any, str], None]] = {
    'globaluserinfo': check_userinfo,
    'globalallusers': check_allusers,
    'globalusers': check_globalusers,
    'globalgroups': check_groups,
    'wikisets': check_wikisets,
    'globalrenamestatus': check_no_renames,
    'logevents': check_log,
}


def test_every_class_that_is_expected_was_recorded() -> None:
    """Else the list above says more than is known."""
    found = set()
    for release, name in NAMES:
        for exchange in load(name, release):
            for key in 'error', 'errors':
                if key in exchange.json:
                    found.add(error_mapping(exchange.json[key])['code'])
    assert found == set(CLASSES)


@pytest.mark.parametrize(
    ('name', 'first', 'second'),
    [
        # The same question, asked in both format versions.
        ('f_setglobalaccountstatus', range(5), range(5, 10)),
        ('f_setglobalaccountstatus', range(10, 23), range(24, 37)),
        ('h_query_global', range(11), range(40, 51)),
        ('h_query_global', (81, 83), (82, 84)),
        ('h_query_global', range(85, 93), range(93, 101)),
    ],
)
def test_both_format_versions_make_the_same_record(
    name: str, first: range, second: range
) -> None:
    recorded = load(name)
    for one, other in zip(first, second, strict=True):
        records = [read(recorded[index]) for index in (one, other)]
        assert records[0] == records[1], (one, other)


def read(exchange: Exchange) -> object:
    """Return what an answer is read as, without the names of accounts."""
    answer, action = exchange.json, exchange.params['action']
    if 'error' in answer:
        return type(refusal(answer['error']['code'], '', ''))
    if action == 'setglobalaccountstatus':
        return globalaccounts.from_status_answer(answer[action]).state
    if action == 'globaluserrights':
        return globalgroups.from_globaluserrights(answer[action])
    query = answer['query']
    if 'wikisets' in query:
        return list(map(globalgroups.from_wikisets, query['wikisets']))
    return globalaccounts.from_globaluserinfo('', query['globaluserinfo'])
