"""Which of several reasons a refused login names, and what makes a login ask for more.

Read in the sources: CentralAuth's `CentralAuthUser::authenticate` and
`CentralAuthPrimaryAuthenticationProvider` of REL1_39 to REL1_43 and of August 2026, its
`CentralAuthHooks::onAbortLogin` of REL1_23 and REL1_24 (REL1_19 and REL1_22 have none),
and MediaWiki's `BotPassword::login`: all look whether the account is locked before they
look at the password, or whatever the password is. The clientlogin of today's wikis is
recorded, too, see `test_logins.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from centralauth_sandbox import Farm, Sandbox
from centralauth_sandbox.api import Api
from centralauth_sandbox.exchange import Request
from centralauth_sandbox.layout import Layout
from centralauth_sandbox.loginsteps import Factors, new_secret
from centralauth_sandbox.records import BotPassword
from centralauth_sandbox.seeds import BOT, OPERATOR

from .stage import NOON, PASSWORD

LOCKED = 'You cannot log in because your account is globally locked.'
BOT_LOCKED = 'You cannot login with a bot password as your account is locked.'
WRONG = 'Incorrect username or password entered. Please try again.'
INVALID = 'The supplied credentials could not be authenticated.'
SECRET = 's' * 32


class Client:
    """Logs in to one wiki of a release, without a server."""

    def __init__(self, release: str) -> None:
        """Make a farm with an account that is locked, and one that is suppressed."""
        age = '' if release in ('1.43', 'today') else release
        self.farm = Farm(
            ['meta', 'aa'],
            lambda farm: None,
            clock=lambda: NOON,
            current=release == 'today',
            layouts={'aa': Layout(release=age)},
        )
        self.api = Api(self.farm)
        self.cookies: dict[str, str] = {}
        locked = self.farm.add_account('Locked', password=PASSWORD)
        locked.locked = True
        locked.bots['app'] = BotPassword(SECRET, frozenset())
        hidden = self.farm.add_account('Hidden', password=PASSWORD, wikis=['meta'])
        hidden.hidden = 'suppressed'
        self.farm.add_account('Member', password=PASSWORD)

    def ask(self, **params: str) -> dict[str, Any]:
        """Send a request to the wiki aa."""
        headers = {'Cookie': '; '.join(f'{k}={v}' for k, v in self.cookies.items())}
        request = Request('POST', {}, {'format': 'json'} | params, headers)
        answer = self.api.handle(self.farm.wikis['aa'], request)
        for name, value in answer.headers:
            if name == 'Set-Cookie':
                key, _, rest = value.partition('=')
                self.cookies[key] = rest.partition(';')[0]
        decoded: dict[str, Any] = json.loads(answer.body)
        return decoded

    def login(self, name: str, password: str) -> dict[str, Any]:
        """Log in in the way that all releases have; return what is said of it."""
        login = {'action': 'login', 'lgname': name, 'lgpassword': password}
        token = self.ask(**login)['login']['token']
        found: dict[str, Any] = self.ask(**login, lgtoken=token)['login']
        return found

    def clientlogin(self, name: str, password: str, **given: str) -> dict[str, Any]:
        """Take the first step of a login; return what is said of it."""
        token = self.ask(action='query', meta='tokens', type='login')
        step = {'action': 'clientlogin', 'loginreturnurl': 'http://x.example/'}
        step |= {'username': name, 'password': password, **given}
        found: dict[str, Any] = self.ask(
            **step, logintoken=token['query']['tokens']['logintoken']
        )['clientlogin']
        return found


@pytest.mark.parametrize(
    ('release', 'name', 'password', 'result', 'reason'),
    [
        (release, name, password, 'Failed', reason)
        for release in ('1.43', 'today')
        for name, password, reason in (
            ('Locked', PASSWORD, LOCKED),
            ('Locked', 'wrong', LOCKED),
            ('Locked@app', SECRET, BOT_LOCKED),
            ('Locked@app', 'w' * 32, BOT_LOCKED),
            ('Locked@nosuch', SECRET, BOT_LOCKED),
            ('Hidden', 'wrong', LOCKED),
            ('Nobody', 'wrong', WRONG),
            ('Bad[name]', 'wrong', INVALID),
        )
    ]
    + [
        (release, name, password, result, None)
        for release, result in (
            ('1.19', 'WrongPass'),
            ('1.22', 'WrongPass'),
            ('1.23', 'Blocked'),
            ('1.24', 'Blocked'),
        )
        for name, password in (
            ('Locked', PASSWORD),
            ('Locked', 'wrong'),
            ('Hidden', 'wrong'),
        )
    ],
)
def test_a_locked_account_is_named_so_whatever_the_password(
    release: str, name: str, password: str, result: str, reason: str | None
) -> None:
    found = Client(release).login(name, password)
    assert (found['result'], found.get('reason')) == (result, reason)


@pytest.mark.parametrize('release', ['1.43', 'today'])
@pytest.mark.parametrize('password', [PASSWORD, 'wrong'])
@pytest.mark.parametrize('name', ['Locked', 'Hidden'])
def test_clientlogin_says_that_it_is_locked(
    release: str, name: str, password: str
) -> None:
    found = Client(release).clientlogin(name, password)
    assert found['status'] == 'FAIL'
    assert found['messagecode'] == 'centralauth-login-error-locked'


def test_every_failed_login_counts_and_only_a_complete_one_is_forgotten() -> None:
    client = Client('today')
    farm = client.farm
    farm.logins.password_limit = (2, 60)
    farm.logins.captcha_after = 4
    farm.accounts['Member'].factors = Factors(totp=[new_secret()])
    found = [client.clientlogin('Member', PASSWORD) for _ in '123']
    # The password was right each time, but nobody has logged in.
    assert [each['status'] for each in found] == ['UI', 'UI', 'FAIL']
    assert found[2]['messagecode'] == 'login-throttled'
    # Those of a locked account are failed ones, too; a captcha comes before that.
    codes = [client.clientlogin('Locked', 'x')['messagecode'] for _ in '12']
    assert codes == ['centralauth-login-error-locked'] * 2
    farm.add_account('Other', password=PASSWORD)
    assert client.login('Other', PASSWORD)['result'] == 'Success'
    assert client.clientlogin('Other', '')['status'] == 'FAIL'
    for name in ('Other', 'Locked'):
        refused = client.clientlogin(name, PASSWORD)
        assert refused['messagecode'] in ('captcha-login-required', 'login-throttled')


@pytest.fixture(scope='module')
def running() -> Iterator[Sandbox]:
    """Return a farm that answers over HTTP."""
    with Sandbox(wikis=1, accounts=0) as sandbox:
        yield sandbox


def test_commands_give_an_account_what_a_login_asks_for(running: Sandbox) -> None:
    running.reset()
    api, server = running.wikis['meta'].address, running.farm.central.server
    headers = {'Sandbox-Key': running.key}

    def command(status: int = 200, **values: Any) -> dict[str, Any]:
        address = f'{server}/sandbox/command'
        answer = requests.post(address, json=values, headers=headers, timeout=240)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    user = 'Plain Sysop'
    session = requests.Session()

    def step(**params: str) -> dict[str, Any]:
        login = {'action': 'query', 'meta': 'tokens', 'type': 'login', 'format': 'json'}
        token = session.get(api, params=login).json()['query']['tokens']['logintoken']
        params |= {'action': 'clientlogin', 'format': 'json', 'logintoken': token}
        found: dict[str, Any] = session.post(api, data=params).json()['clientlogin']
        return found

    secret = new_secret()
    command(command='set-factors', user=user, totp=secret, recovery_codes=['A' * 16])
    command(command='set-factors', user=user, mailed=True)  # the others stay
    first = {'username': user, 'password': running.credentials.sysop}
    asked = step(**first, loginreturnurl='http://x.example/')
    assert 'OATHToken' in asked['requests'][0]['fields']
    code = running.farm.logins.code_now(secret)
    asked = step(logincontinue='1', OATHToken=code)
    assert asked['messagecode'] == 'emailauth-login-message'
    code = command(command='mailed-code', user=user)['code']
    assert step(logincontinue='1', token=code)['status'] == 'PASS'

    command(command='set-factors', user=user, totp='', recovery_codes=[], mailed=False)
    command(command='limit-logins', hits=1, seconds=60)
    session = requests.Session()
    assert step(**first, loginreturnurl='http://x.example/')['status'] == 'PASS'
    found = [
        step(username=user, password='x', loginreturnurl='http://x.example/')
        for _ in '12'
    ]
    assert [each['messagecode'] for each in found] == [
        'wrongpassword',
        'login-throttled',
    ]
    command(command='limit-logins')
    name, secret = f'{OPERATOR}@{BOT}', running.credentials.bot
    for result in 'Success', 'Failed':
        session = requests.Session()
        login = {'action': 'query', 'meta': 'tokens', 'type': 'login', 'format': 'json'}
        token = session.get(api, params=login).json()['query']['tokens']['logintoken']
        login = {'action': 'login', 'lgname': name, 'lgpassword': secret}
        login |= {'lgtoken': token, 'format': 'json'}
        assert session.post(api, data=login).json()['login']['result'] == result
        command(command='revoke-bot-password', user=OPERATOR, app=BOT)

    for values, sentence in (
        ({'totp': 'not base32'}, "'totp' is a secret in base32"),
        ({'totp': True}, "'totp' of set-factors is of the wrong type"),
        ({'password': 'weak'}, "'password' is one of"),
        ({'recovery_codes': [1]}, "'recovery_codes' is a list of texts"),
        ({'colour': 1}, "set-factors knows no 'colour'"),
    ):
        refused = command(400, command='set-factors', user=user, **values)
        assert refused['error'].startswith(sentence)
    assert (
        'no code'
        in command(400, command='mailed-code', user='Sandbox Operator')['error']
    )
