"""Two operators at work at the same moment collide in the sandbox as on a wiki."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm

NAMES = [f'Spam {n:03}' for n in range(60)]
LOST = {'current': 'centralauth-state-mismatch', '1.43': 'internal_api_error_'}


def seed(farm: Farm) -> None:
    for name in ('Anna', 'Berta'):
        groups = ['steward']
        farm.add_account(name, password='p', groups=groups, local_groups={'*': groups})
    for name in NAMES:
        farm.add_account(name)


@pytest.fixture(params=['current', '1.43'])
def farm(request: pytest.FixtureRequest) -> Iterator[tuple[str, Sandbox]]:
    farm = Farm(['meta'], seed, current=request.param == 'current')
    # As long as a busy machine may take to send the second request.
    farm.overlap = 0.05
    with Sandbox(farm=farm) as sandbox:
        yield request.param, sandbox


class Steward:
    """A steward who is logged in, with a connection of her own."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self._session = requests.Session()
        self._address = sandbox.wikis['meta'].address
        token = self.ask(action='query', meta='tokens', type='login')
        self.ask(
            action='clientlogin',
            username=name,
            password='p',
            loginreturnurl='http://x.example/',
            logintoken=token['query']['tokens']['logintoken'],
        )
        kind = 'setglobalaccountstatus'
        token = self.ask(action='query', meta='tokens', type=kind)
        self._token = token['query']['tokens'][f'{kind}token']

    def ask(self, **params: str) -> Any:
        params |= {'format': 'json', 'formatversion': '2'}
        return self._session.post(self._address, data=params, timeout=240).json()

    def lock(self, name: str) -> str:
        """Lock an account; return the code of the error, or ok."""
        answer = self.ask(
            action='setglobalaccountstatus',
            user=name,
            locked='lock',
            reason='r',
            token=self._token,
        )
        error = answer.get('error', {'code': 'ok'})
        return str((error if isinstance(error, dict) else error[0][0])['code'])


def test_of_two_who_lock_one_account_at_once_one_loses(
    farm: tuple[str, Sandbox],
) -> None:
    """Each account is locked, and logged, once."""
    release, sandbox = farm
    both = [Steward(sandbox, name) for name in ('Anna', 'Berta')]
    together = Barrier(2)

    def lock_all(steward: Steward) -> list[str]:
        outcomes = []
        for name in NAMES:
            together.wait(240)
            outcomes.append(steward.lock(name))
        return outcomes

    with ThreadPoolExecutor(2) as pool:
        outcomes = Counter(
            tuple(sorted(pair)) for pair in zip(*pool.map(lock_all, both), strict=True)
        )
    met = sum(
        number
        for pair, number in outcomes.items()
        if 'ok' in pair and any(code.startswith(LOST[release]) for code in pair)
    )
    assert met >= len(NAMES) // 4, outcomes
    assert met + outcomes['ok', 'ok'] == len(NAMES), outcomes
    with_log = sandbox.call(
        lambda farm: [
            sum(entry.title.name == f'{name}@global' for entry in farm.central.log)
            for name in NAMES
        ]
    )
    assert with_log == [1] * len(NAMES)


def test_one_who_comes_later_sees_what_the_other_did(
    farm: tuple[str, Sandbox],
) -> None:
    _, sandbox = farm
    anna, berta = (Steward(sandbox, name) for name in ('Anna', 'Berta'))
    for name in NAMES[:10]:
        assert (anna.lock(name), berta.lock(name)) == ('ok', 'ok')
