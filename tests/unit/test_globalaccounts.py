"""What a wiki tells of an account is read the same in both formatversions."""

from __future__ import annotations

import hashlib

import pytest

from mw_tokens_plugin import AccountState, HiddenLevel
from mw_tokens_plugin.exceptions import StateUnknown, UnexpectedAnswer
from mw_tokens_plugin.protocol.globalaccounts import (
    from_globaluserinfo,
    from_globalusers,
    from_log_event,
    from_status_answer,
    statecheck,
)


@pytest.mark.parametrize(
    ('answer', 'state'),
    [
        ({'locked': '', 'hidden': ''}, AccountState(True)),
        ({'hidden': ''}, AccountState(False)),
        ({'locked': True, 'hidden': ''}, AccountState(True)),
        ({'locked': False, 'hidden': 'lists'}, AccountState(False, HiddenLevel.LISTS)),
        (
            {'locked': True, 'hidden': 'suppressed'},
            AccountState(True, HiddenLevel.SUPPRESSED),
        ),
    ],
    ids=['v1 locked', 'v1 unlocked', 'v2 locked', 'v2 hidden', 'v2 suppressed'],
)
def test_the_new_state_is_read_from_the_answer(
    answer: dict[str, object], state: AccountState
) -> None:
    assert from_status_answer({'user': 'X', **answer}).state == state


@pytest.mark.parametrize('answer', [{}, {'user': 'X', 'hidden': 'halfway'}])
def test_an_answer_of_another_form_is_not_taken_for_a_state(
    answer: dict[str, object],
) -> None:
    with pytest.raises(UnexpectedAnswer):
        from_status_answer(answer)


def test_globaluserinfo_has_no_hidden_level() -> None:
    account = from_globaluserinfo('X', {'id': 7, 'name': 'X', 'hidden': ''})
    assert account.hidden is HiddenLevel.UNKNOWN
    with pytest.raises(StateUnknown, match='leave out expected='):
        statecheck(7, 'X', account.state)


def test_a_missing_account_is_one_that_does_not_exist() -> None:
    assert not from_globaluserinfo('X', {'missing': ''}).exists
    assert not from_globalusers({'name': 'X', 'missing': True}).exists
    assert not from_globalusers({'name': '<', 'invalid': True}).exists


def test_attached_wikis_and_their_groups_are_read() -> None:
    account = from_globaluserinfo(
        'X',
        {
            'id': 7,
            'name': 'X',
            'home': 'aawiki',
            'registration': '2026-11-22T03:50:36Z',
            'editcount': 12,
            'groups': [],
            'merged': [
                {
                    'wiki': 'aawiki',
                    'url': 'http://a',
                    'editcount': 12,
                    'groups': ['sysop'],
                    'registration': '2025-01-02T03:04:05Z',
                    'method': 'login',
                },
                {'wiki': 'bbwiki', 'editcount': '0', 'blocked': {}},
            ],
        },
    )
    assert account.local_groups == {'aawiki': ('sysop',)}
    assert account.attached is not None
    assert [a.blocked for a in account.attached] == [False, True]
    assert [a.edit_count for a in account.attached] == [12, 0]
    assert [a.method for a in account.attached] == ['login', None]
    first, second = (a.registration for a in account.attached)
    assert first is not None
    assert (first.isoformat(), second) == ('2025-01-02T03:04:05+00:00', None)
    assert account.registration is not None
    assert account.registration.isoformat() == '2026-11-22T03:50:36+00:00'


def test_globalusers_tells_the_hidden_level() -> None:
    item = {'centralid': 7, 'name': 'X', 'locked': True, 'hidden': True}
    assert from_globalusers(item).state == AccountState(True, HiddenLevel.LISTS)
    item['suppressed'] = True
    assert from_globalusers(item).state == AccountState(True, HiddenLevel.SUPPRESSED)


@pytest.mark.parametrize(
    ('state', 'text'),
    [
        (AccountState(False), '94:Spam 1::0'),
        (AccountState(True), '94:Spam 1::1'),
        (AccountState(True, HiddenLevel.LISTS), '94:Spam 1:lists:1'),
    ],
)
def test_statecheck_is_the_digest_that_the_wiki_makes(
    state: AccountState, text: str
) -> None:
    assert statecheck(94, 'Spam 1', state) == hashlib.md5(text.encode()).hexdigest()


def test_log_entries_are_read() -> None:
    entry = from_log_event(
        {
            'logid': 6,
            'title': 'User:Spam 0001@global',
            'params': {'added': ['locked'], 'removed': []},
            'user': 'Stew',
            'timestamp': '2026-11-22T04:24:33Z',
            'comment': 'r',
        }
    )
    assert (entry.name, entry.by, entry.added) == ('Spam 0001', 'Stew', ('locked',))


@pytest.mark.parametrize(
    ('added', 'removed', 'expected'),
    [
        ('locked, hidden', '(none)', (('locked', 'hidden'), ())),
        ('(none)', 'locked', ((), ('locked',))),
        (['locked'], None, (('locked',), ())),
    ],
)
def test_entries_of_the_log_from_long_ago_are_read(
    added: object, removed: object, expected: tuple[tuple[str, ...], ...]
) -> None:
    event = {'logid': 6, 'title': 'User:Spam@global', 'user': 'Stew', 'comment': ''}
    event |= {'timestamp': '2010-11-22T04:24:33Z'}
    entry = from_log_event({**event, 'params': {'added': added, 'removed': removed}})
    assert (entry.added, entry.removed) == expected
