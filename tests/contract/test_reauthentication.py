"""The sandbox wants logins confirmed as MediaWiki does, before 1.47 and from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from centralauth_sandbox.farm import Farm
from centralauth_sandbox.loginsteps import Factors, new_recovery_codes, new_secret
from centralauth_sandbox.records import BotPassword
from centralauth_sandbox.server import Sandbox

from .comparison import differences
from .samples import SAMPLES
from .stage import NOON, PASSWORD

BOT_SECRET = 'a' * 32


@dataclass
class Story:
    """What a recording does not say by itself.

    :ivar users: who is logged in from an exchange on; '' for nobody
    :ivar before: what happens before an exchange
    """

    users: Mapping[int, str]
    before: Mapping[int, Callable[[Farm], object]] = field(default_factory=dict)


def _age(seconds: float) -> Callable[[Farm], object]:
    return lambda farm: setattr(farm.provider, 'reauthenticate_after', seconds)


STORIES = {
    'r_reauthentication': Story(
        {0: '', 6: 'Plain', 19: 'Totp', 26: 'foreign', 36: 'Bot@app', 66: 'Plain'}
        | {76: 'Bot@app', 92: 'Plain', 104: 'Bot@app', 130: 'Plain'},
        {
            0: _age(300),
            66: lambda farm: farm.advance(301),
            104: lambda farm: setattr(farm.provider, 'needs_login', True),
        },
    ),
    'v_reauthentication_tip': Story(
        {0: '', 4: 'Plain', 58: 'Totp', 78: 'Bot@app', 87: 'Totp'},
        {
            51: _age(3),
            53: lambda farm: farm.advance(4),
            54: _age(-1),
            56: _age(3600),
        },
    ),
}


class Player:
    """Sends the requests of a recording, with codes and tokens that are good now."""

    def __init__(self, sandbox: Sandbox, story: Story) -> None:
        self.farm, self.story = sandbox.farm, story
        self.farm.provider.enabled = False
        self.farm.provider.reauthenticate_after = 3600
        self.totp = new_secret()
        factors = Factors(totp=[self.totp], recovery_codes=new_recovery_codes())
        for user in ('Plain', 'Totp', 'Bot'):
            self.farm.add_account(user, password=PASSWORD)
        self.farm.accounts['Totp'].factors = factors
        bots = self.farm.accounts['Bot'].bots
        bots['app'] = BotPassword(BOT_SECRET, frozenset({'basic'}))
        self.jars = {'': requests.Session()}
        self.user = ''
        #: What was recorded -> what it is now.
        self.live: dict[str, str] = {}

    def differences(self, row: dict[str, Any]) -> list[str]:
        """Send the request of an exchange; return what is answered otherwise."""
        index, wiki = row['index'], row['wiki']
        self.farm.logins.forget_codes()
        if happens := self.story.before.get(index):
            happens(self.farm)
        self.user = self.story.users.get(index, self.user)
        session = self._session(wiki)
        api = f'{self.farm.wikis[wiki].server}/w/api.php'
        query = self._params(row.get('url_params', {}), api, index)
        if 'body_params' in row:
            body = self._params(row['body_params'], api, index)
            found = session.post(api, params=query, data=body).json()
        else:
            found = session.get(api, params=query).json()
        self._note(row['json'], found)
        return list(differences(_comparable(row['json']), _comparable(found)))

    def _session(self, wiki: str) -> requests.Session:
        """Return the cookies of who is logged in."""
        if self.user not in self.jars and self.user != 'foreign':
            session = self.jars[self.user] = requests.Session()
            self._log_in(session)
        return self.jars.get(self.user) or requests.Session()

    def _log_in(self, session: requests.Session) -> None:
        api = f'{self.farm.wikis["meta"].server}/w/api.php'
        data = {'format': 'json', 'action': 'clientlogin', 'loginreturnurl': api}
        if '@' in self.user:
            data = {'format': 'json', 'action': 'login', 'lgname': self.user}
            data |= {'lgpassword': BOT_SECRET}
            data['lgtoken'] = self._token(session, api, 'login')
        else:
            data |= {'username': self.user, 'password': PASSWORD}
            data['logintoken'] = self._token(session, api, 'login')
        session.post(api, data=data)
        if self.user == 'Totp':
            more = {'format': 'json', 'action': 'clientlogin', 'logincontinue': '1'}
            more |= {'logintoken': data['logintoken'], 'OATHToken': self._code()}
            assert session.post(api, data=more).json()['clientlogin']['status'] == (
                'PASS'
            )
            self.farm.logins.forget_codes()

    def _code(self) -> str:
        return self.farm.logins.code_now(self.totp)

    def _token(self, session: requests.Session, api: str, kind: str) -> str:
        params = {'action': 'query', 'meta': 'tokens', 'type': kind, 'format': 'json'}
        found = session.get(api, params=params).json()['query']['tokens']
        return str(found[f'{kind}token'])

    def _params(
        self, recorded: Mapping[str, str], api: str, index: int
    ) -> dict[str, str]:
        session = self.jars.get(self.user) or requests.Session()
        live = dict(recorded)
        for name, value in recorded.items():
            if value == 'PASSWORD':
                live[name] = PASSWORD
            elif name == 'OATHToken' and value == '646633':
                live[name] = self._code()
            elif name == 'logintoken':
                live[name] = self._token(session, api, 'login')
            elif name in ('token', 'linktoken', 'changeauthtoken'):
                # One that was refused was of before the login was confirmed.
                if index not in DEAD_TOKENS:
                    self.live[value] = self._token(session, api, 'csrf')
                live[name] = self.live.get(value, '0' * 40 + '+\\')
            elif name == 'elevatedSecurityToken':
                live[name] = self.live.get(value, value)
            elif name == 'centralauthtoken':
                live[name] = self._minted()
        return live

    def _minted(self) -> str:
        api = f'{self.farm.wikis["meta"].server}/w/api.php'
        params = {'action': 'centralauthtoken', 'format': 'json'}
        found = self.jars['Plain'].get(api, params=params).json()
        return str(found['centralauthtoken']['centralauthtoken'])

    def _note(self, recorded: Any, found: Any) -> None:
        """Note which token is given in the place of a recorded one."""
        if isinstance(recorded, dict) and isinstance(found, dict):
            for key, value in recorded.items():
                if key == 'value' and isinstance(value, str):
                    self.live[value] = str(found.get(key))
                self._note(value, found.get(key))
        elif isinstance(recorded, list) and isinstance(found, list):
            for one, other in zip(recorded, found, strict=False):
                self._note(one, other)


#: Exchanges with a csrf token of before a login was confirmed.
DEAD_TOKENS = (35,)


@pytest.mark.parametrize('name', STORIES)
def test_the_sandbox_wants_logins_confirmed_as_recorded(name: str) -> None:
    rows = json.loads((SAMPLES / 'login' / f'{name}.json').read_text('utf-8'))
    faults = []
    farm = Farm.empty(current=name[0] == 'v', clock=lambda: NOON)
    farm.provider.each_operation = farm.current
    with Sandbox(farm=farm) as sandbox:
        player = Player(sandbox, STORIES[name])
        for row in rows:
            found = player.differences(row)
            if found:
                faults += [f'[{row["index"]}] {row["note"]}', *found]
    assert not faults, '\n'.join(['', *faults])


def _comparable(answer: Any) -> Any:
    """Return an answer without the address of the wiki, and ids in another order."""
    if isinstance(answer, list):
        return [_comparable(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    kept = {key: _comparable(value) for key, value in answer.items()}
    for name in ('docref', '*'):
        if isinstance(kept.get(name), str) and kept[name].startswith('See '):
            del kept[name]
    if 'name' in kept and 'id' in kept:
        del kept['id']
    return kept
