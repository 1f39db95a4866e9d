"""The sandbox asks for second factors and the like as MediaWiki's extensions do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import requests

from centralauth_sandbox.farm import Farm
from centralauth_sandbox.loginsteps import Attempts, Factors, new_secret
from centralauth_sandbox.server import Sandbox

from .comparison import differences
from .samples import SAMPLES
from .stage import NOON, PASSWORD

#: The codes of an app in the recordings, and for how many periods later they are.
CODES = {
    **dict.fromkeys(('228003', '942161', '013494', '350503', '158059', '271193'), 0),
    **dict.fromkeys(('066923', '589035', '038821'), 0),
    '431750': 1,
    '429451': -5,
    '658538': -4,
    '112057': -1,
    '677351': 5,
}
#: The same in recordings where it is of another account or moment.
OTHER_CODES = {('r_totp', '892637'): 4, ('r_totp_throttle', '892637'): 0}

RECOVERY_CODES = [
    *('7MGBMBG5OTU7VXGE', 'BUSIVYHTTZPPE5YT', 'ZC7HIQXJSDGLQKPX', '2JGNKX5ZQGNWWKPS'),
    *('MMQG2EOR26AXCR7X', 'W73CDDMU5LDDSO3D', 'QZFMQ656CMI66IE3', 'NRICCN6CHJ62ONIO'),
    *('4UZ75L26VO4UOBWP', 'IJN53YL44BAZT72C'),
]

#: Kinds of fields whose values are made up for each form.
MADE_UP = ('captchaId', 'captchaInfo', 'auth_info')


@dataclass
class Story:
    """What a recording does not say by itself.

    :ivar account: who logs in where the first step was not recorded
    :ivar accounts: others, from an exchange on
    :ivar before: what happens before an exchange
    :ivar remembers: exchanges before which used codes are not forgotten
    :ivar forgets_attempts: whether no exchange counts in the limits of later ones
    """

    account: str = 'Totp'
    accounts: Mapping[int, str] = field(default_factory=dict)
    before: Mapping[int, Callable[[Farm], object]] = field(default_factory=dict)
    remembers: frozenset[int] = frozenset()
    forgets_attempts: bool = False


def _password_state(state: str, farm: Farm) -> None:
    farm.accounts['Weak'].factors.password = state


def _mailed(farm: Farm) -> None:
    farm.accounts['Totp'].factors.mailed = True


def _no_attempts(farm: Farm) -> None:
    farm.logins.attempts = Attempts(farm.clock)


def _captchas(farm: Farm) -> None:
    farm.logins.captcha_after = 3


STORIES = {
    'r_totp': Story(
        accounts={11: 'TotpOnly', 15: 'Totp'},
        remembers=frozenset({18, 19, 20, 21, 22, 46, 51, 52, 53, 56, 57, 58, 59}),
        forgets_attempts=True,
    ),
    'r_recovery_codes': Story(accounts={24: 'Twodev'}, forgets_attempts=True),
    'r_totp_throttle': Story(
        'Multi', {16: 'Totp', 17: 'Multi'}, before={17: lambda farm: farm.advance(62)}
    ),
    'r_login_throttle': Story(
        before={
            0: lambda farm: setattr(farm.logins, 'password_limit', (3, 20)),
            11: lambda farm: farm.advance(21),
        }
    ),
    'r_account_states': Story(),
    'r_bot_password_throttle': Story(
        before={0: lambda farm: setattr(farm.logins, 'password_limit', (3, 60))}
    ),
    'r_captcha': Story('Capt', before={0: _captchas}),
    'r_change_password_steps': Story(
        'TempPw',
        {12: 'Weak'},
        before={
            12: partial(_password_state, 'suggested'),
            16: partial(_password_state, 'suggested'),
            22: partial(_password_state, 'forced'),
        },
    ),
    'r_emailauth': Story('Mail', before={15: _mailed}),
    'r_webauthn': Story('Multi', {5: 'Key', 18: 'KeyOnly'}),
    'v_oathauth_tip': Story(before={12: _no_attempts}),
    'v_captcha_tip': Story('Capt', before={0: _captchas}),
}


@pytest.fixture(scope='module')
def farms() -> Iterator[dict[str, Sandbox]]:
    """A farm of each release."""
    kwargs: Any = {'clock': lambda: NOON}
    with (
        Sandbox(farm=Farm.empty(current=False, **kwargs)) as older,
        Sandbox(farm=Farm.empty(current=True, **kwargs)) as today,
    ):
        yield {'r': older, 'v': today}


class Player:
    """Sends the requests of a recording, with codes and tokens that are good now."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        """Set the farm up as it was when the recording was made."""
        self.sandbox, self.farm, self.name = sandbox, sandbox.farm, name
        self.story = STORIES[name]
        self.jars: dict[str, tuple[requests.Session, str]] = {}
        self.session = requests.Session()
        self.captcha, self.answer = '', ''
        self.farm.reset()
        self.farm.provider.enabled = False
        self.secrets = {}
        for user, factors in {
            'Totp': Factors(recovery_codes=list(RECOVERY_CODES)),
            'TotpOnly': Factors(),
            'Multi': Factors(recovery_codes=list(RECOVERY_CODES), security_key=True),
            'Twodev': Factors(recovery_codes=['W73CDDMU5LDDSO3D']),
        }.items():
            self.secrets[user] = new_secret()
            factors.totp = [self.secrets[user]]
            self.farm.add_account(user, password=PASSWORD, factors=factors)
        for user, factors in {
            'Key': Factors(recovery_codes=list(RECOVERY_CODES), security_key=True),
            'KeyOnly': Factors(security_key=True),
            'Mail': Factors(mailed=True),
            'TempPw': Factors(password='temporary'),
            'Weak': Factors(password='suggested', shortest=40),
            'Capt': Factors(),
            'Throt': Factors(),
            'Plain': Factors(),
            'Plain2': Factors(),
            'Bot': Factors(),
            'Locked': Factors(),
        }.items():
            self.farm.add_account(user, password=PASSWORD, factors=factors)
        self.farm.accounts['Locked'].locked = True
        self.user = self.story.account

    def differences(self, row: dict[str, Any]) -> list[str]:
        """Send the request of an exchange; return what is answered otherwise."""
        index = row['index']
        named = row.get('body_params', {}).get('username')
        self.user = named or self.story.accounts.get(index, self.user)
        logins = self.farm.logins
        if index not in self.story.remembers:
            logins.forget_codes()
        if self.story.forgets_attempts:
            _no_attempts(self.farm)
        if happens := self.story.before.get(index):
            happens(self.farm)
        api = f'{self.farm.wikis[row["wiki"]].server}/w/api.php'
        query = self._live(row.get('url_params', {}), row)
        if 'body_params' not in row:
            found = self.session.get(api, params=query).json()
        else:
            body = self._live(row['body_params'], row)
            name = 'logintoken' if 'logintoken' in body else 'lgtoken'
            token = body.get(name)
            if token not in (None, 'x+\\'):
                if token not in self.jars:
                    self._begin(api, token, row)
                self.session, body[name] = self.jars[token]
            found = self.session.post(api, params=query, data=body).json()
        self._note_captcha(found)
        return list(differences(_comparable(row['json']), _comparable(found)))

    def _begin(self, api: str, token: str, row: dict[str, Any]) -> None:
        """Open the session of a token, with the first step that was not recorded."""
        session = requests.Session()
        login = {'action': 'query', 'meta': 'tokens', 'type': 'login', 'format': 'json'}
        live = session.get(api, params=login).json()['query']['tokens']['logintoken']
        self.jars[token] = session, live
        answer = row['json'].get('clientlogin', {})
        is_first = 'logincontinue' not in row['body_params']
        if is_first or answer.get('messagecode') == 'authmanager-authn-not-in-progress':
            return
        first = {'username': self.user, 'password': PASSWORD, 'logintoken': live}
        first |= {'action': 'clientlogin', 'loginreturnurl': api, 'format': 'json'}
        session.post(api, data=first)
        if 'RecoveryCode' in row['body_params'] and row['index'] not in SWITCHES:
            switch = {'newModule': 'recoverycodes', 'logintoken': live}
            switch |= {'action': 'clientlogin', 'logincontinue': '1'}
            session.post(api, data=switch)

    def _live(self, params: Mapping[str, str], row: dict[str, Any]) -> dict[str, str]:
        """Return parameters with the passwords and codes that are good now."""
        live, mails, index = dict(params), self.farm.logins.mails, row['index']
        for name, value in params.items():
            if value == 'PASSWORD':
                live[name] = PASSWORD
            elif name == 'OATHToken':
                live[name] = self._code(value)
            elif name == 'token' and mails and index not in OLD_MAILS + WRONG_MAILS:
                live[name] = value.replace(value.strip(), mails[-1][1])
            elif name == 'captchaId':
                live[name] = self.captcha
            elif name == 'captchaWord' and value not in ('', 'wrong'):
                live[name] = self.answer
        return live

    def _code(self, recorded: str) -> str:
        """Return a code of an app that is to now as the recorded one was to then."""
        for code in {
            *CODES,
            *(code for name, code in OTHER_CODES if name == self.name),
        }:
            if recorded.replace(' ', '').startswith((code, f'{code[:3]}-', code[:5])):
                periods = OTHER_CODES.get((self.name, code), CODES.get(code, 0))
                owner = 'Totp' if code == '228003' else self.user
                secret = self.secrets.get(owner) or new_secret()
                live = self.farm.logins.code_now(secret, periods)
                # Digit by digit: half of a new code may look like half of the old one.
                fresh = iter(live)
                return ''.join(next(fresh, c) if c.isdigit() else c for c in recorded)
        return recorded

    def _note_captcha(self, answer: dict[str, Any]) -> None:
        info = answer.get('query', {}).get('authmanagerinfo', {})
        for request in info.get('requests', ()):
            if 'captchaId' in request.get('fields', {}):
                self.captcha = request['fields']['captchaId']['value']
                self.answer = self.farm.logins.solution(self.captcha)


#: Exchanges with a mailed code that is wrong, or of an earlier mail.
WRONG_MAILS = (2, 3, 6, 7, 8, 9, 10)
OLD_MAILS = (12,)

#: Exchanges with a recovery code before another factor was chosen.
SWITCHES = (12, 14)


@pytest.mark.parametrize('name', STORIES)
def test_the_sandbox_asks_as_recorded(name: str, farms: dict[str, Sandbox]) -> None:
    rows = json.loads((SAMPLES / 'login' / f'{name}.json').read_text('utf-8'))
    player = Player(farms[name[0]], name)
    faults = []
    for row in rows:
        found = player.differences(row)
        if found:
            faults += [f'[{row["index"]}] {row["note"]}', *(f'    {f}' for f in found)]
    assert not faults, '\n'.join(['', *faults])


def _comparable(answer: Any) -> Any:
    """Return an answer without what is made up for each request."""
    if isinstance(answer, list):
        return [_comparable(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    kept = {
        key: {**value, 'value': '-'} if key in MADE_UP else _comparable(value)
        for key, value in answer.items()
        if key != 'docref'  # it has the address of the wiki
    }
    if 'name' in kept and 'id' in kept:
        del kept['id']  # of accounts, which were made in another order
    return kept
