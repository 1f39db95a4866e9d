"""The rest of CentralAuth's API: lists, groups, wiki sets, renames, the log.

Locking, deleting and creating are in :mod:`.test_globalaccounts`.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from centralauth_sandbox.records import WikiSet as SandboxWikiSet
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    BadToken,
    InvalidInput,
    InvalidName,
    NoSuchAccount,
    PermissionDenied,
    ReadOnly,
)

from .test_globalaccounts import lock

RIGHTS = 'globaluserrights'
OPERATOR = 'Sandbox Operator'


def sent(sandbox: Sandbox, action: str = RIGHTS) -> list[dict[str, str]]:
    return [entry.params for entry in sandbox.journal.entries(action=action)]


def groups_of(sandbox: Sandbox, name: str) -> set[str]:
    return sandbox.call(lambda farm: set(farm.accounts[name].groups))


# The list of all accounts


def names(site: Any, **limits: Any) -> list[str]:
    return [account.name for account in site.all_global_accounts(**limits)]


def test_accounts_from_one_name_to_another(stage: tuple[Any, Sandbox]) -> None:
    site, _ = stage
    assert names(site, start='Spambot 00003', end='Spambot 00005') == [
        'Spambot 00003',
        'Spambot 00004',
        'Spambot 00005',
    ]
    assert names(site, prefix='Spambot 0000', start='Spambot 00008') == [
        'Spambot 00008',
        'Spambot 00009',
    ]
    assert names(site, start='Spambot 00005', end='Spambot 00003') == []


def test_members_of_a_global_group(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    found = list(site.all_global_accounts(group='global-sysop'))
    assert {account.name for account in found} == sandbox.call(
        lambda farm: {
            name
            for name, account in farm.accounts.items()
            if 'global-sysop' in account.groups and not account.hidden
        }
    )
    assert found
    assert all('global-sysop' in account.groups for account in found)


def test_an_unknown_group_is_refused_where_the_wiki_lists_everybody(
    stage: tuple[Any, Sandbox],
) -> None:
    site, sandbox = stage
    with pytest.raises(InvalidInput, match="no global group 'nosuch'"):
        names(site, group='nosuch')
    assert sandbox.summary()['by_query']['globalallusers'] == 1


@pytest.mark.parametrize('locked', [True, False])
def test_accounts_by_whether_they_are_locked(
    stage: tuple[Any, Sandbox], locked: bool
) -> None:
    site, sandbox = stage
    lock(site, 'Spambot 00002')
    found = names(site, locked=locked)
    assert found == sandbox.call(
        lambda farm: [
            name
            for name in farm.names
            if farm.accounts[name].locked is locked and not farm.accounts[name].hidden
        ]
    )
    assert ('Spambot 00002' in found) is locked


def test_hidden_accounts_are_listed_for_nobody(stage: tuple[Any, Sandbox]) -> None:
    site, _ = stage
    site.login()
    assert site.global_account('Hidden From Lists').exists
    assert names(site, prefix='Hidden From') == []


def test_what_the_list_tells_of_an_account(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    (listed,) = site.all_global_accounts(prefix='Local Admin')
    known = site.global_account('Local Admin')
    assert listed.central_id == known.central_id
    here = {wiki.wiki for wiki in known.attached}
    assert listed.exists_locally is ('metawiki' in here)
    elsewhere = sandbox.call(
        lambda farm: next(
            name
            for name, account in farm.accounts.items()
            if 'bbwiki' not in account.attached and not account.hidden
        )
    )
    (listed,) = pywikibot.Site('bb').all_global_accounts(start=elsewhere, end=elsewhere)
    assert not listed.exists_locally


# Groups


def test_the_global_groups_and_their_rights(stage: tuple[Any, Sandbox]) -> None:
    site, _ = stage
    groups = {group.name: group.rights for group in site.global_groups()}
    assert set(groups) == {'global-bot', 'global-sysop', 'steward'}
    assert 'centralauth-lock' in groups['steward']
    assert 'centralauth-lock' not in groups['global-sysop']


def test_groups_are_given_and_taken(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    name = 'Spambot 00003'
    change = site.set_global_groups(
        'spambot_00003', add=['global-bot', 'global-sysop'], reason='trusted'
    )
    assert (change.name, set(change.added), change.removed) == (
        name,
        {'global-bot', 'global-sysop'},
        (),
    )
    assert change.central_id == site.global_account(name).central_id
    assert set(site.global_account(name).groups) == {'global-bot', 'global-sysop'}
    change = site.set_global_groups(
        name, add=['global-bot'], remove=['global-sysop'], reason='less'
    )
    assert (change.added, change.removed) == (('global-bot',), ('global-sysop',))
    assert groups_of(sandbox, name) == {'global-bot'}
    with pytest.raises(FrozenInstanceError):
        change.name = 'another'


def test_an_expiry_is_sent_for_what_is_added(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    site.set_global_groups(
        'Spambot 00003', add=['global-bot'], expiry='1 week', reason='for a while'
    )
    site.set_global_groups('Spambot 00003', add=['global-bot'], reason='for ever')
    first, second = sent(sandbox)
    assert (first['expiry'], first['add']) == ('1 week', 'global-bot')
    assert 'expiry' not in second
    assert {params['assertuser'] for params in (first, second)} == {OPERATOR}


def test_unknown_groups_are_refused_where_the_wiki_passes_over_them(
    stage: tuple[Any, Sandbox],
) -> None:
    site, sandbox = stage
    for change in ({'add': ['nosuch', 'global-bot']}, {'remove': ['nosuch']}):
        with pytest.raises(InvalidInput, match='no global group nosuch'):
            site.set_global_groups('Spambot 00003', reason='test', **change)
    with pytest.raises(InvalidInput, match='Nothing to do'):
        site.set_global_groups('Spambot 00003', reason='test')
    with pytest.raises(InvalidName):
        site.set_global_groups('A|B', add=['global-bot'], reason='test')
    assert sent(sandbox) == []


def test_refusals_of_groups(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    with pytest.raises(NoSuchAccount):
        site.set_global_groups('Nobody Of That Name', add=['global-bot'], reason='r')
    sandbox.command('demote', user=OPERATOR)
    with pytest.raises(PermissionDenied):
        site.set_global_groups('Spambot 00003', add=['global-bot'], reason='r')
    assert groups_of(sandbox, 'Spambot 00003') == set()


@pytest.mark.parametrize(
    ('fault', 'kind', 'times'),
    [
        ({'kind': 'readonly'}, ReadOnly, 1),
        ({'kind': 'expire-csrf', 'times': 0}, BadToken, 2),
        ({'kind': 'half'}, AmbiguousWrite, 1),
        ({'kind': 'http', 'status': 502, 'when': 'after'}, AmbiguousWrite, 1),
    ],
    ids=['readonly', 'badtoken', 'half', '502'],
)
@pytest.mark.parametrize('action', [RIGHTS, 'deleteglobalaccount'])
def test_what_failed_is_not_repeated(
    stage: tuple[Any, Sandbox],
    action: str,
    fault: dict[str, Any],
    kind: type[Exception],
    times: int,
) -> None:
    site, sandbox = stage
    site.login()
    sandbox.faults.arm(action=action, **fault)
    with pytest.raises(kind):
        if action == RIGHTS:
            site.set_global_groups('Spambot 00003', add=['global-bot'], reason='r')
        else:
            site.delete_global_account('Spambot 00003', reason='r')
    assert len(sent(sandbox, action)) == times


def test_each_module_is_sent_the_type_of_token_that_it_wants(
    stage: tuple[Any, Sandbox],
) -> None:
    site, sandbox = stage
    site.set_global_groups('Spambot 00003', add=['global-bot'], reason='r')
    lock(site, 'Spambot 00004')
    site.delete_global_account('Spambot 00005', reason='r')
    wanted = {
        RIGHTS: 'userrights',
        'setglobalaccountstatus': 'setglobalaccountstatus',
        'deleteglobalaccount': 'deleteglobalaccount',
        'createlocalaccount': 'csrf',
    }
    for action, token_type in wanted.items():
        assert site.tokens.token_type_of(action) == token_type
    assert 'badtoken' not in sandbox.summary()['errors']


def test_simulated_groups_are_not_sent(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.login()
    monkeypatch.setattr(pywikibot.config, 'simulate', True)
    change = site.set_global_groups('Spambot 00003', add=['global-bot'], reason='r')
    assert change.added == ('global-bot',)
    assert sent(sandbox) == []


# Wiki sets and renames


def test_wiki_sets(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    assert list(site.wiki_sets()) == []
    sandbox.call(
        lambda farm: farm.wiki_sets.extend(
            [
                SandboxWikiSet('Opted-out', 'optout', ('bbwiki',)),
                SandboxWikiSet('Small wikis', 'optin', ('aawiki', 'bbwiki')),
            ]
        )
    )
    out, small = site.wiki_sets()
    assert (out.id, out.name, out.opt_out) == (1, 'Opted-out', True)
    assert (out.included, out.excluded) == (('metawiki', 'aawiki'), ('bbwiki',))
    assert (small.name, small.opt_out) == ('Small wikis', False)
    assert (small.included, small.excluded) == (('aawiki', 'bbwiki'), ('metawiki',))


def test_renames_under_way(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    assert list(site.global_rename_status()) == []
    sandbox.call(lambda farm: setattr(farm.accounts['Spambot 00003'], 'renaming', True))
    (rename,) = site.global_rename_status()
    assert rename.old == 'Spambot 00003'
    list(site.global_rename_status('spambot_00003'))
    *_, last = sandbox.journal.entries(action='query')
    assert last.params['grsuser'] == 'Spambot 00003'
    with pytest.raises(InvalidName):
        list(site.global_rename_status('<b>'))


# The log of locks


def test_the_lock_log_of_all_and_of_one(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    for number in (1, 2, 3):
        lock(site, f'Spambot 0000{number}')
    lock(site, 'Spambot 00002', locked=False)
    newest, *_ = entries = list(site.lock_log(total=4))
    assert [(e.name, e.added, e.removed) for e in entries] == [
        ('Spambot 00002', (), ('locked',)),
        ('Spambot 00003', ('locked',), ()),
        ('Spambot 00002', ('locked',), ()),
        ('Spambot 00001', ('locked',), ()),
    ]
    assert (newest.by, newest.comment) == (OPERATOR, 'test')
    assert newest.timestamp.utcoffset() is not None
    ids = [entry.log_id for entry in site.lock_log('Spambot 00002')]
    assert ids == [entries[0].log_id, entries[2].log_id]
    assert list(site.lock_log('Spambot 00009')) == []
    sandbox.journal.clear()
    assert len(list(site.lock_log(total=1))) == 1
    (asked,) = sandbox.journal.entries()
    assert asked.params['lelimit'] == '1'


def test_the_lock_log_goes_on_where_an_answer_ends(site: Any, sandbox: Sandbox) -> None:
    sandbox.command('demote', user=OPERATOR)  # 500 entries an answer
    site.login()
    for number in range(1, 511):
        sandbox.command('lock', user=f'Spambot {number:05}')
    sandbox.journal.clear()
    entries = list(site.lock_log(total=505))
    assert [e.name for e in entries] == [f'Spambot {n:05}' for n in range(510, 5, -1)]
    assert sandbox.summary()['by_query']['logevents'] == 2


def test_a_hidden_account_is_not_in_the_lock_log(stage: tuple[Any, Sandbox]) -> None:
    site, _ = stage
    lock(site, 'Spambot 00006', hidden='lists')
    assert list(site.lock_log('Spambot 00006')) == []
