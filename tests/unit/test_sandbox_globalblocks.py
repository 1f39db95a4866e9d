"""Global blocks in the sandbox: what has no recording, and what depends on time.

What was recorded of GlobalBlocking is compared in the contract tests.
"""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
import requests

from centralauth_sandbox import Farm, Sandbox
from centralauth_sandbox.globalblocks import DAY, GlobalBlock
from centralauth_sandbox.titles import Title

ADDRESS = '198.51.100.7'


@pytest.fixture
def farm() -> Farm:
    return Farm.empty(seed=_seed, clock=lambda: 1_800_000_000.0)


def _seed(farm: Farm) -> None:
    steward: dict[str, Any] = {'groups': ['steward'], 'password': 'secret'}
    farm.add_account('Steward', local_groups={'*': ['sysop']}, **steward)
    farm.add_account('Vandal', password='secret')
    farm.add_account('Other', password='secret')


def block(farm: Farm, target: str, **values: Any) -> GlobalBlock:
    """Block somebody for a week."""
    account = farm.accounts.get(target)
    now = farm.timestamp()
    made = GlobalBlock(
        farm.global_blocks.next_id(),
        target,
        account.id if account else 0,
        farm.accounts['Steward'].id,
        'metawiki',
        'spam',
        now,
        farm.timestamp(farm.clock() + 7 * DAY),
        **values,
    )
    farm.global_blocks.keep(made)
    return made


def applying(farm: Farm, address: str, user: str = '', **values: Any) -> int:
    """Return the number of the block that applies; 0 for none."""
    values = {'named': bool(user), **values}
    values = {'proxies': (), 'exempt': False, **values}
    found = farm.global_blocks.applying(address, account=farm.find(user), **values)
    return found.block.id if found else 0


def test_the_narrowest_block_that_forbids_creating_accounts_is_told(farm: Farm) -> None:
    wide = block(farm, '198.51.0.0/16')
    narrow = block(farm, '198.51.100.0/24')
    assert applying(farm, ADDRESS) == narrow.id
    single = block(farm, ADDRESS, nocreate=False)
    assert applying(farm, ADDRESS) == narrow.id
    assert applying(farm, ADDRESS, exempt=True) == 0
    own = block(farm, 'Vandal')
    assert applying(farm, ADDRESS, 'Vandal', exempt=True) == own.id
    assert applying(farm, '198.51.3.3') == wide.id
    assert applying(farm, '192.0.2.1', proxies=['198.51.3.3']) == wide.id
    farm.global_blocks.lift(narrow)
    farm.global_blocks.lift(wide)
    assert applying(farm, ADDRESS) == single.id


def test_blocks_of_addresses_for_nobodies_spare_accounts(farm: Farm) -> None:
    number = block(farm, ADDRESS, anononly=True).id
    assert applying(farm, ADDRESS) == number
    assert applying(farm, ADDRESS, 'Other') == 0
    assert applying(farm, ADDRESS, '~2026-1', named=False) == number


def test_an_address_is_blocked_for_a_day_and_goes_with_its_account(farm: Farm) -> None:
    blocks, parent = farm.global_blocks, block(farm, 'Vandal', autoblock=True)
    blocks.spread(parent, ADDRESS)
    blocks.spread(parent, ADDRESS)
    (child,) = [each for each in blocks if each.parent]
    assert child.expiry == farm.timestamp(farm.clock() + DAY)
    assert applying(farm, ADDRESS, 'Other') == child.id
    farm.advance(DAY)
    assert applying(farm, ADDRESS, 'Other') == 0
    blocks.spread(parent, ADDRESS)
    assert applying(farm, ADDRESS, 'Other') == child.id
    blocks.lift(parent)
    assert list(blocks) == []


class Operator:
    """A client that is logged in on a wiki.

    :param address: from where it asks
    """

    def __init__(self, sandbox: Sandbox, user: str, wiki: str = 'meta') -> None:
        self.url = sandbox.wikis[wiki].address
        self.session = requests.Session()
        self.session.trust_env = False
        token = self._token('login')
        given = {'username': user, 'password': 'secret', 'logintoken': token}
        self.ask(action='clientlogin', loginreturnurl=self.url, **given)

    def __enter__(self) -> Operator:
        return self

    def __exit__(self, *args: object) -> None:
        self.session.close()

    def ask(self, address: str = '', **params: str) -> Any:
        headers = {'X-Forwarded-For': address} if address else {}
        params |= {'format': 'json', 'formatversion': '2'}
        return self.session.post(self.url, params, headers=headers).json()

    def write(self, address: str = '', **params: str) -> Any:
        return self.ask(address, token=self._token('csrf'), **params)

    def block(self, target: str, **params: str) -> Any:
        params = {'expiry': '1 week', 'reason': 'spam'} | params
        return self.write(action='globalblock', target=target, **params)

    def _token(self, kind: str) -> str:
        answer = self.ask(action='query', meta='tokens', type=kind)
        token: str = answer['query']['tokens'][f'{kind}token']
        return token


def code(answer: Any) -> str:
    """Return the code of either shape of errors."""
    error = answer.get('error', {})
    if 'globalblock' in error:
        (error,) = error['globalblock']
    found: str = error.get('code', '')
    return found


def edit(client: Operator, address: str = '') -> str:
    """Try to save a page; return what it is refused with."""
    return code(client.write(address, action='edit', title='Page', text='text'))


def test_of_two_operators_at_the_same_moment_one_is_told_to_try_again() -> None:
    farm = Farm.empty(seed=_seed)
    with Sandbox(farm=farm) as sandbox, Operator(sandbox, 'Steward') as one:
        with Operator(sandbox, 'Steward') as two:
            answers: list[Any] = []
            threads = [
                Thread(target=lambda c=client: answers.append(c.block('Vandal')))
                for client in (one, two)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        codes = sorted(code(answer) for answer in answers)
        assert codes[0] == ''
        assert codes[1] in {
            'globalblocking-block-failure',
            'globalblocking-block-alreadyblocked',
        }
        sandbox.faults.arm(kind='cas-race', action='globalblock')
        assert code(one.block('Other')) == 'globalblocking-block-failure'
        assert code(one.block('Other')) == ''


def test_who_is_blocked_can_write_on_no_wiki_until_it_is_lifted() -> None:
    with (
        Sandbox(farm=Farm.empty(seed=_seed)) as sandbox,
        Operator(sandbox, 'Steward') as steward,
        Operator(sandbox, 'Vandal', 'aa') as vandal,
        Operator(sandbox, 'Other', 'bb') as other,
    ):
        assert edit(vandal, ADDRESS) == ''
        assert code(steward.block('Vandal', **{'enable-autoblock': '1'})) == ''
        assert edit(vandal, ADDRESS) == 'blocked'
        assert edit(other, ADDRESS) == 'blocked'
        assert edit(other) == edit(steward, ADDRESS) == ''
        lift = {'action': 'globalblock', 'unblock': '1', 'reason': 'sorry'}
        assert code(steward.write(target='Vandal', **lift)) == ''
        assert edit(vandal, ADDRESS) == edit(other, ADDRESS) == ''


def test_the_log_does_not_tell_of_who_is_suppressed_until_they_are_not() -> None:
    with (
        Sandbox(farm=Farm.empty(seed=_seed)) as sandbox,
        Operator(sandbox, 'Steward') as steward,
    ):
        steward.block('Vandal')
        logs = {'action': 'query', 'list': 'logevents', 'letype': 'gblblock'}

        def told(**params: str) -> list[Any]:
            found = steward.ask(**logs, **params)['query']['logevents']
            return [entry.get('title') for entry in found]

        def hide(level: str) -> None:
            def change(farm: Farm) -> None:
                farm.set_status(
                    farm.accounts['Vandal'],
                    locked=False,
                    hidden=level,
                    wiki=farm.central,
                    operator='Steward',
                    reason='r',
                )

            sandbox.call(change)

        assert told() == told(letitle='User:Vandal') == ['User:Vandal']
        hide('suppressed')
        assert told() == [None]
        assert told(letitle='User:Vandal') == []
        hide('')
        assert told() == ['User:Vandal']


def test_release_1_43_was_recorded_without_global_blocks() -> None:
    with (
        Sandbox(farm=Farm.empty(current=False, seed=_seed)) as sandbox,
        Operator(sandbox, 'Steward') as steward,
    ):
        assert code(steward.block('Vandal')) == 'badvalue'


def test_a_rename_is_logged_and_changes_names_in_logs_where_one_is_attached(
    farm: Farm,
) -> None:
    """As RenameuserSQL does with the logs that GetLogTypesOnUser names."""
    farm.accounts['Other'].attached.pop('metawiki')
    for name in ('Vandal', 'Other'):
        title = Title(2, name)
        farm.central.write_log('gblblock', 'gblock', 'Steward', title, 'spam')
        farm.rename_account(name, f'{name} since', 'Steward')
    assert [(entry.type, str(entry.title)) for entry in farm.central.log] == [
        ('gblblock', 'User:Vandal since'),
        ('gblrename', 'Special:CentralAuth/Vandal since'),
        ('gblblock', 'User:Other'),
        ('gblrename', 'Special:CentralAuth/Other since'),
    ]
    names = {'olduser': 'Other', 'newuser': 'Other since'}
    assert farm.central.log[-1].params == names
