"""Reading and changing global accounts: every refusal is a class of its own."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from mw_tokens_plugin import AccountState, HiddenLevel
from mw_tokens_plugin.exceptions import (
    AccountSuppressed,
    AlreadyExists,
    AmbiguousWrite,
    ApiRefusal,
    BadToken,
    CannotHide,
    CannotLock,
    InvalidInput,
    InvalidName,
    LostRace,
    NoSuchAccount,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    StateConflict,
    StateUnknown,
    UnknownModule,
    WikiUnreachable,
)
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.targets.accounts import read_accounts

from .farms import Farm

LOCK = 'setglobalaccountstatus'
SPAMBOT = 'Spambot 00001'


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's setting of how long pywikibot waits before it tries again."""
    monkeypatch.setattr(pywikibot.config, 'retry_wait', 0)


def lock(site: Any, name: str = SPAMBOT, **values: Any) -> Any:
    """Lock an account."""
    values.setdefault('locked', True)
    return site.set_global_account_status(name, reason='test', **values)


# Refusals that every farm gives


def test_an_account_that_does_not_exist(site: Any) -> None:
    with pytest.raises(NoSuchAccount) as caught:
        lock(site, 'Nobody Of That Name')
    assert (caught.value.code, caught.value.wiki) == ('nosuchuser', str(site))
    assert not site.global_account('Nobody Of That Name').exists


def test_a_sysop_without_the_right(
    farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    (name,) = spambots(1)
    with pytest.raises(PermissionDenied) as caught:
        lock(farm.site(user=farm.sysop.name), name)
    assert caught.value.code == 'permissiondenied'
    assert not farm.is_locked(name)


def test_an_account_that_somebody_changed(
    site: Any, farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    (name,) = spambots(1)
    read = site.global_account(name)
    lock(site, name, expected=read)
    with pytest.raises(StateConflict):
        lock(site, name, expected=read)
    with pytest.raises(StateConflict):
        lock(site, name, expected=AccountState(locked=False))
    lock(site, name, locked=False, expected=AccountState(locked=True))
    assert not farm.is_locked(name)


def test_locking_again_succeeds_and_leaves_no_entry(
    site: Any, farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    (name,) = spambots(1)
    assert lock(site, name).state == AccountState(locked=True)
    entries = list(site.lock_log(name, total=10))
    assert (entries[0].name, entries[0].by) == (name, farm.operator.name)
    assert (entries[0].comment, entries[0].added) == ('test', ('locked',))
    assert lock(site, name).state.locked
    assert list(site.lock_log(name)) == entries


def test_the_entries_of_locks_are_read_by_their_numbers(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    names = spambots(3)
    for name in names[:2]:
        lock(site, name)
    ids = [account.lock_log_id for account in site.global_accounts(names)]
    last = sandbox.journal.next_serial()
    found = list(site.lock_log_entries(filter(None, ids)))
    assert {entry.log_id: entry.name for entry in found} == {
        ids[0]: names[0],
        ids[1]: names[1],
    }
    assert ids[2] is None
    sent = sandbox.journal.entries(last)
    assert sum('leids' in entry.params for entry in sent) == 1
    assert list(site.lock_log_entries([])) == []


def test_an_older_wiki_is_not_asked_for_entries_by_their_numbers(old_site: Any) -> None:
    """It would ignore the numbers, and list its whole log."""
    with pytest.raises(UnknownModule):
        list(old_site.lock_log_entries([1]))


@pytest.mark.parametrize(
    'spelling',
    [
        lambda name: name.replace(' ', '_'),
        lambda name: name[0].lower() + name[1:],
        lambda name: f'  {name} ',
        lambda name: f'User:{name}',
        lambda name: f'[[User:{name}|{name}]]',
    ],
    ids=['underscores', 'lower case', 'blanks', 'prefix', 'wikilink'],
)
def test_names_are_sent_as_the_wiki_keeps_them(
    site: Any,
    farm: Farm,
    spambots: Callable[[int], list[str]],
    spelling: Callable[[str], str],
) -> None:
    (name,) = spambots(1)
    assert lock(site, spelling(name)).name == name
    assert farm.is_locked(name)
    assert site.global_account(spelling(name)).locked


def test_what_the_api_cannot_do_is_refused_before_anything_is_sent(
    site: Any, farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    (name,) = spambots(1)
    with pytest.raises(InvalidInput, match='Special:CentralAuth'):
        lock(site, name, hidden='')
    with pytest.raises(InvalidInput, match='lists or suppressed'):
        lock(site, name, hidden='everywhere')
    with pytest.raises(InvalidInput, match='Nothing to do'):
        lock(site, name, locked=None)
    with pytest.raises(InvalidName, match='IP address'):
        lock(site, '192.0.2.7')
    assert not farm.is_locked(name)


def test_names_by_prefix(site: Any, farm: Farm) -> None:
    first, second = farm.unlocked(2)
    assert [a.name for a in site.all_global_accounts(prefix=first)] == [first]
    listed = site.all_global_accounts(prefix=farm.accounts, locked=False)
    assert {first, second} <= {account.name for account in listed}


# Names and states of the sandbox


@pytest.mark.parametrize(
    'name',
    [
        'Ünïcode Пример 例',
        unicodedata.normalize('NFD', 'Émile Zola'),
        'émile_Zola',
        'O\'Brien "Quote" & Co',
        'Under_score_name',
        '\u1e9e sharp',
        'Emoji 😀 user',
    ],
)
def test_hard_names_are_locked(stage: tuple[Any, Sandbox], name: str) -> None:
    site, sandbox = stage
    change = lock(site, name)
    assert sandbox.call(lambda farm: farm.accounts[change.name].locked)
    assert not change.name.startswith('é')


def test_what_is_known_of_an_account(stage: tuple[Any, Sandbox]) -> None:
    site, _ = stage
    account = site.global_account('local Admin')
    assert account.exists and not account.locked
    assert (account.name, account.edit_count) == ('Local Admin', 40)
    assert account.local_groups == {'aawiki': ('sysop',)}
    assert account.registration is not None and account.central_id
    assert site.global_account('Global Helper').groups == ('global-sysop',)
    assert site.global_account('Already Locked').locked
    assert list(site.global_accounts_by_id([account.central_id, 999999])) != []


def test_accounts_are_found_by_their_central_ids(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    known = site.global_account('Local Admin')
    sandbox.command('rename', user='Local Admin', to='Local Renamed')
    found, nobody = site.global_accounts_by_id([known.central_id, 999999])
    assert (found.name, found.central_id) == ('Local Renamed', known.central_id)
    assert (nobody.exists, nobody.central_id) == (False, 999999)


def test_the_level_of_hidden_accounts_where_the_wiki_tells_it(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    listed = site.global_account('Hidden From Lists')
    suppressed = site.global_account('Suppressed Name')
    assert listed.hidden is HiddenLevel.LISTS
    assert suppressed.hidden is HiddenLevel.SUPPRESSED
    change = lock(site, suppressed.name, hidden='lists', expected=suppressed)
    assert change.state == AccountState(locked=True, hidden=HiddenLevel.LISTS)


def test_the_level_of_hidden_accounts_where_the_wiki_does_not(
    old_site: Any, old_sandbox: Sandbox
) -> None:
    old_site.login()
    account = old_site.global_account('Hidden From Lists')
    assert account.hidden is HiddenLevel.UNKNOWN
    old_sandbox.journal.clear()
    with pytest.raises(StateUnknown, match='leave out expected='):
        lock(old_site, account.name, expected=account)
    assert not old_sandbox.journal.entries(action=LOCK)
    assert lock(old_site, account.name).state.hidden is HiddenLevel.LISTS


def test_hiding_and_what_the_wiki_answers(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    change = lock(site, hidden=HiddenLevel.SUPPRESSED)
    assert change.state == AccountState(locked=True, hidden=HiddenLevel.SUPPRESSED)
    assert sandbox.call(lambda farm: farm.accounts[SPAMBOT].hidden) == 'suppressed'


def test_accounts_with_many_edits_are_not_hidden(
    stage: tuple[Any, Sandbox], running_farm: Farm
) -> None:
    site, _ = stage
    prolific = running_farm.person('prolific')
    with pytest.raises(CannotHide) as caught:
        lock(site, prolific, hidden='lists')
    assert caught.value.code == 'centralauth-admin-too-many-edits'
    assert not site.global_account(prolific).locked


def test_an_error_that_is_a_key_is_told_in_a_sentence(
    stage: tuple[Any, Sandbox],
) -> None:
    """A report is read by people; the wiki knows the words, and is asked once."""
    site, sandbox = stage
    for _ in range(2):
        with pytest.raises(CannotHide) as caught:
            lock(site, 'Prolific Editor', hidden='lists')
        assert caught.value.info == (
            'The global account "Prolific Editor" has over 1,000 edits and cannot be '
            'hidden.'
        )
    reads = sandbox.journal.entries(action='query')
    assert [e.params.get('meta', '') for e in reads].count('allmessages|userinfo') == 1
    # What the wiki has no words for keeps its key.
    with pytest.raises(AlreadyExists, match='centralauth-createlocal-already-exists'):
        site.create_local_account('Prolific Editor', reason='test')


def test_the_wiki_never_locks_the_operator_or_temporary_accounts(
    site: Any, sandbox: Sandbox
) -> None:
    for name in ('Sandbox Operator', '~2026-1'):
        with pytest.raises(ApiRefusal) as caught:
            lock(site, name)
        assert isinstance(caught.value, CannotLock | NoSuchAccount)
        assert not sandbox.farm.accounts[name].locked


def test_suppressed_accounts_do_not_exist_for_others(
    stage: tuple[Any, Sandbox],
) -> None:
    sysop = pywikibot.Site(user='Plain Sysop')
    sysop.login()
    assert not sysop.global_account('Suppressed Name').exists


# Refusals for a time, and answers that are lost

#: Answers of what stands before a wiki, any of which may follow a write that was made.
GATEWAYS: list[dict[str, Any]] = [
    {},
    {'status': 200},
    {'status': 403},
    {'status': 200, 'body': '{}'},
    {'status': 200, 'body': '[]'},
    {'status': 200, 'body': 'null'},
    {'status': 200, 'body': '"timeout"'},
    {'status': 200, 'body': '{"query": {}}'},
    {'status': 200, 'body': '{"error": "upstream request timeout"}'},
    {'status': 200, 'body': '{"error": null}'},
    {'status': 502, 'body': '{"error": {"code": 502, "message": "Bad Gateway"}}'},
    {'status': 200, 'body': '{"errors": [{"code": "503", "message": "Try later"}]}'},
    {'status': 200, 'body': '{"setglobalaccountstatus": null}'},
    {'status': 200, 'body': '{"setglobalaccountstatus": ["locked"]}'},
    {'status': 200, 'body': '{"setglobalaccountstatus": {}}'},
    {'status': 200, 'body': '[' * 100_000},
]


@pytest.mark.parametrize(
    ('fault', 'kind'),
    [
        ({'kind': 'readonly'}, ReadOnly),
        ({'kind': 'centralauth-readonly'}, ReadOnly),
        ({'kind': 'ratelimited'}, RateLimited),
        ({'kind': 'retry-after', 'status': 429, 'seconds': 7.0}, RateLimited),
        ({'kind': 'cas-race'}, LostRace),
        ({'kind': 'demote'}, PermissionDenied),
        ({'kind': 'expire-csrf', 'times': 0}, BadToken),
        ({'kind': 'drop'}, AmbiguousWrite),
        ({'kind': 'drop', 'when': 'after'}, AmbiguousWrite),
        ({'kind': 'half'}, AmbiguousWrite),
        ({'kind': 'empty', 'when': 'after'}, AmbiguousWrite),
        ({'kind': 'html', 'when': 'after'}, AmbiguousWrite),
        ({'kind': 'http', 'status': 500, 'when': 'after'}, AmbiguousWrite),
        ({'kind': 'http', 'status': 502}, AmbiguousWrite),
        ({'kind': 'http', 'status': 503, 'when': 'after'}, AmbiguousWrite),
        ({'kind': 'http', 'status': 504, 'when': 'after'}, AmbiguousWrite),
        *(
            ({'kind': 'gateway', 'when': 'after', **gateway}, AmbiguousWrite)
            for gateway in GATEWAYS
        ),
    ],
    ids=lambda value: (
        '-'.join(map(str, value.values())) if isinstance(value, dict) else None
    ),
)
def test_one_class_for_each_kind_of_failure(
    stage: tuple[Any, Sandbox], fault: dict[str, Any], kind: type[Exception]
) -> None:
    """What failed is not repeated, neither by the plugin nor by pywikibot."""
    site, sandbox = stage
    site.login()
    assert site.tokens.for_action(LOCK)
    sandbox.faults.arm(action=LOCK, **fault)
    with pytest.raises(kind) as caught:
        lock(site)
    sent = sandbox.journal.entries(action=LOCK)
    # A refused token is renewed once, and then sent.
    assert len(sent) == (2 if kind is BadToken else 1)
    carried_out = sandbox.call(lambda farm: farm.accounts[SPAMBOT].locked)
    assert carried_out == (fault.get('when') == 'after' or fault['kind'] == 'half')
    assert str(site) in str(caught.value)
    if fault['kind'] == 'retry-after':
        assert vars(caught.value)['retry_after'] == 7


def test_a_lag_of_the_databases_is_waited_for(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.login()
    waited: list[float] = []
    monkeypatch.setattr(site.throttle, 'wait', waited.append)
    sandbox.faults.arm(kind='maxlag', action=LOCK, seconds=0.1)
    assert lock(site).state.locked
    # The header of the answer asks for five seconds, as MediaWiki's does.
    assert {round(seconds) for seconds in waited if seconds > 0} == {5}
    sent = sandbox.journal.entries(action=LOCK)
    assert [entry.result for entry in sent] == ['maxlag', 'ok']


def test_a_wiki_that_cannot_be_reached_was_sent_nothing(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.login()
    assert site.tokens.for_action(LOCK)
    # A port on which nobody listens.
    monkeypatch.setitem(site.family.langs, site.code, '127.0.0.1:9')
    with pytest.raises(WikiUnreachable, match='was not sent'):
        lock(site)


def test_a_reads_lost_answer_is_asked_for_again(
    site: Any, sandbox: Sandbox, no_waiting: None
) -> None:
    site.login()
    sandbox.journal.clear()
    sandbox.faults.arm(kind='half', action='query')
    assert site.global_account(SPAMBOT).exists
    assert sandbox.summary()['by_query']['globaluserinfo'] == 2


# Deleting and creating


def test_a_deleted_account_is_gone(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    site.delete_global_account('spambot_00002', reason='test')
    assert not site.global_account('Spambot 00002').exists
    with pytest.raises(NoSuchAccount):
        site.delete_global_account('Spambot 00002', reason='test')
    assert len(sandbox.journal.entries(action='deleteglobalaccount')) == 2


def test_a_deletion_whose_answer_is_lost_is_not_repeated(
    stage: tuple[Any, Sandbox],
) -> None:
    site, sandbox = stage
    sandbox.faults.arm(kind='half', action='deleteglobalaccount')
    with pytest.raises(AmbiguousWrite):
        site.delete_global_account('Spambot 00002', reason='test')
    assert len(sandbox.journal.entries(action='deleteglobalaccount')) == 1
    assert not site.global_account('Spambot 00002').exists


def test_local_accounts_are_created_once(stage: tuple[Any, Sandbox]) -> None:
    site, sandbox = stage
    one, two, *_ = sandbox.call(
        lambda farm: [
            name
            for name, account in farm.accounts.items()
            if name.startswith('Spambot') and 'bbwiki' not in account.attached
        ]
    )
    other = pywikibot.Site('bb')
    with pytest.raises(NoSuchAccount):
        other.create_local_account('Nobody Of That Name', reason='test')
    lock(site, two, hidden='suppressed')
    with pytest.raises(AccountSuppressed):
        other.create_local_account(two, reason='test')
    other.create_local_account(one.replace(' ', '_'), reason='test')
    assert 'bbwiki' in {a.wiki for a in site.global_account(one).attached}
    with pytest.raises(AlreadyExists):
        other.create_local_account(one, reason='test')


# Batches


@pytest.mark.parametrize(
    ('demoted', 'batch'), [(False, 500), (True, 50)], ids=['highlimits', 'others']
)
def test_many_accounts_are_read_in_batches(
    site: Any, sandbox: Sandbox, demoted: bool, batch: int
) -> None:
    if demoted:
        sandbox.command('demote', user='Sandbox Operator')
    site.login()
    assert site.has_right('apihighlimits') is not demoted
    site.lists_global_users()
    sandbox.journal.clear()
    names = [f'Spambot {number:05}' for number in range(1, 551)]
    found = list(site.global_accounts([*names, 'Nobody Of That Name']))
    assert [account.name for account in found] == [*names, 'Nobody Of That Name']
    assert [account.exists for account in found] == [True] * 550 + [False]
    asked = [e for e in sandbox.journal.entries() if e.params.get('list')]
    assert len(asked) == -(-551 // batch)
    assert sandbox.summary()['requests'] == len(asked)


def test_without_a_list_each_account_is_read_by_itself(
    old_site: Any, old_sandbox: Sandbox
) -> None:
    old_site.login()
    assert not old_site.lists_global_users()
    old_sandbox.journal.clear()
    names = [f'Spambot {number:05}' for number in range(1, 8)]
    found = list(old_site.global_accounts(names))
    assert [account.name for account in found] == names
    assert all(account.attached for account in found)
    assert old_sandbox.summary()['by_query']['globaluserinfo'] == 7
    assert old_sandbox.summary()['requests'] == 7


def test_a_plan_without_a_list_has_three_reads_in_flight(
    old_site: Any, old_sandbox: Sandbox
) -> None:
    """Each waits until two others have begun; the answers keep their order."""
    old_site.login()
    assert not old_site.lists_global_users()
    together = threading.Barrier(3)

    def read(names: Sequence[str]) -> list[Any]:
        together.wait(timeout=60)
        return list(old_site.global_accounts(names))

    names = ['Nobody Of That Name', *(f'Spambot {n:05}' for n in range(1, 6))]
    old_sandbox.journal.clear()
    found = list(read_accounts(old_site, names, read))
    assert [name for name, _ in found] == names
    assert [getattr(each, 'exists', None) for _, each in found] == [False] + 5 * [True]
    assert old_sandbox.summary()['requests'] == len(names)


def test_the_list_of_names_goes_on_where_an_answer_ends(
    site: Any, sandbox: Sandbox
) -> None:
    sandbox.command('demote', user='Sandbox Operator')  # 500 names an answer
    site.login()
    sandbox.journal.clear()
    names = [account.name for account in site.all_global_accounts(prefix='Spambot ')]
    assert names == [f'Spambot {number:05}' for number in range(1, 601)]
    assert sandbox.summary()['by_query']['globalallusers'] == 2


def test_simulated_writes_are_not_sent(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    site.login()
    monkeypatch.setattr(config, 'simulate', True)
    assert lock(site).state == AccountState(locked=True)
    assert not sandbox.journal.entries(action=LOCK)


def test_an_expected_account_costs_no_read(site: Any, sandbox: Sandbox) -> None:
    site.login()
    account = site.global_account(SPAMBOT)
    assert site.tokens.for_action(LOCK)
    sandbox.journal.clear()
    with pytest.raises(StateConflict):
        lock(site, expected=replace(account, locked=True))
    assert lock(site, expected=account).state.locked
    assert set(sandbox.summary()['by_action']) == {LOCK}


def test_a_failed_global_block_says_of_what_it_failed(
    site: Any, sandbox: Sandbox
) -> None:
    """Its errors have no code of their own, but lists under the module's name."""
    site.login()
    block = {
        'action': 'globalblock',
        'target': '192.0.2.7',
        'expiry': '1 day',
        'reason': 'test',
        'token': site.tokens.csrf,
    }
    site.simple_request(**block).submit()
    with pytest.raises(ApiRefusal, match='already blocked') as caught, refusals(site):
        site.simple_request(**block).submit()
    assert caught.value.code == 'globalblocking-block-alreadyblocked'


@pytest.mark.parametrize('body', ['{}', '{"ACTION": {}}', '{"ACTION": "done"}'])
@pytest.mark.parametrize(
    ('action', 'write'),
    [
        ('deleteglobalaccount', lambda s: s.delete_global_account(SPAMBOT, reason='t')),
        ('createlocalaccount', lambda s: s.create_local_account(SPAMBOT, reason='t')),
        (
            'globaluserrights',
            lambda s: s.set_global_groups(SPAMBOT, add=['steward'], reason='t'),
        ),
        ('unlinkaccount', lambda s: s.unlink_account('x')),
    ],
)
def test_a_success_without_its_proof_is_an_unknown_outcome(
    site: Any, sandbox: Sandbox, action: str, write: Callable[[Any], Any], body: str
) -> None:
    site.login()
    body = body.replace('ACTION', action)
    sandbox.faults.arm(kind='gateway', status=200, body=body, action=action)
    with pytest.raises(AmbiguousWrite):
        write(site)
