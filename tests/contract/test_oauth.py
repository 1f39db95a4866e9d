"""The sandbox takes an access token of OAuth 2.0 as MediaWiki does, and refuses others.

The recorded tokens are signed again with the sandbox's key: of the same claims, with
times that are to now as the recorded ones were to then.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests

from centralauth_sandbox.farm import Farm
from centralauth_sandbox.oauth import Consumer
from centralauth_sandbox.server import Sandbox

from .samples import SAMPLES
from .stage import NOON, PASSWORD

#: When the recordings were made, in the clock of the tokens.
RECORDED = 1_795_763_000

GRANTS = ['basic', 'editpage', 'highvolume', 'createeditmovepage']

#: Owners of consumers, by their number in the tokens, and the wikis they are on.
OWNERS = {
    '16': ('Locked', 'meta'),
    '24': ('OA', 'meta aa bb'),
    '25': ('OATotp', 'meta'),
    '29': ('MetaOnly1', 'meta'),
    '31': ('MetaOnly3', 'meta'),
    '32': ('MetaOnly5', 'meta'),
}
#: The owner of the keys of OAuth 1.0a.
SIGNER = 'MetaOnly4'


#: What happened before an exchange behind the back of the API.
BEFORE: Mapping[str, Mapping[int, Callable[[Player], Any]]] = {
    'r_oauth2_bearer': {
        5: lambda player: player.farm.sessions.wipe(),
        43: lambda player: player.attach('MetaOnly1', 'aa'),
        57: lambda player: setattr(player.owned['OATotp'], 'approved', False),
        58: lambda player: setattr(player.owned['OATotp'], 'approved', True),
        59: lambda player: setattr(player.owned['OATotp'], 'accepted', False),
    },
    'v_oauth_tip': {
        11: lambda player: setattr(player.farm.wikis['bb'], 'creates_accounts', False),
    },
}
#: Exchanges that were sent with cookies of somebody else.
WITH_COOKIES = {'r_oauth2_bearer': (29, 30, 31), 'v_oauth_tip': (21,)}
#: Writes with a token that was fetched before something happened.
STALE = {'r_oauth2_bearer': (5, 60), 'v_oauth_tip': ()}


class Player:
    """Sends the requests of a recording, with credentials that are good now."""

    farm: Farm
    owned: dict[str, Consumer]

    def __init__(self, farm: Farm, name: str) -> None:
        """Set the farm up as it was when the recording was made."""
        self.farm, self.name = farm, name
        farm.reset()
        for user, wikis in [*OWNERS.values(), (SIGNER, 'meta'), ('Plain', 'meta')]:
            farm.add_account(user, password=PASSWORD, wikis=wikis.split())
        farm.accounts['Locked'].locked = True
        self.owned = {
            user: farm.consumers.of(farm.consumers.add_bearer(user, GRANTS))
            for user, _ in OWNERS.values()
        }
        self.keys = farm.consumers.add(SIGNER, GRANTS)
        self.signed, self.signatures = 0, dict[str, str]()
        self.plain = requests.Session()
        self.csrf = ''

    def attach(self, user: str, code: str) -> None:
        """Give an owner a local account."""
        self.farm.attach(self.farm.accounts[user], self.farm.wikis[code])

    def play(self, row: dict[str, Any]) -> tuple[int, Any]:
        """Send the request of an exchange; return status and answer."""
        if happens := BEFORE[self.name].get(row['index']):
            happens(self)
        session = requests.Session()
        if row['index'] in WITH_COOKIES[self.name]:
            session = self._logged_in()
        api = f'{self.farm.wikis[row["wiki"]].server}/w/api.php'
        recorded = row.get('headers_sent', {})
        headers = self._headers(recorded)
        query, body = dict(row.get('url_params', {})), row.get('body_params')
        if body is None:
            found = session.get(api, params=query, headers=headers)
        else:
            body = dict(body)
            if len(body.get('token', '')) > 20:
                if row['index'] not in STALE[self.name]:
                    by = {} if session is self.plain else self._headers(recorded)
                    self.csrf = self._token(session, api, 'csrf', by)
                body['token'] = self.csrf
            found = session.post(api, params=query, data=body, headers=headers)
        answer: Any = found.text
        if 'json' in found.headers['Content-Type']:
            answer = found.json()
        return found.status_code, answer

    def _headers(self, recorded: Mapping[str, str]) -> dict[str, str]:
        return {name: self._authorization(value) for name, value in recorded.items()}

    def _logged_in(self) -> requests.Session:
        api = f'{self.farm.central.server}/w/api.php'
        token = self._token(self.plain, api, 'login', {})
        body = {'action': 'login', 'lgname': 'Plain', 'lgpassword': PASSWORD}
        self.plain.post(api, data={**body, 'lgtoken': token, 'format': 'json'})
        return self.plain

    @staticmethod
    def _token(
        session: requests.Session, api: str, kind: str, headers: Mapping[str, str]
    ) -> str:
        params = {'action': 'query', 'meta': 'tokens', 'type': kind, 'format': 'json'}
        answer = session.get(api, params=params, headers=headers).json()
        return str(answer['query']['tokens'][f'{kind}token'])

    def _authorization(self, recorded: str) -> str:
        """Return a header that is to this farm what the recorded one was to that."""
        scheme, _, token = recorded.partition(' ')
        if scheme == 'OAuth':
            self.signed += 1
            return (
                f'OAuth oauth_consumer_key="{self.keys[0]}", '
                f'oauth_token="{self.keys[2]}", oauth_nonce="{self.signed}"'
            )
        if token.count('.') != 2:
            return recorded
        _, payload, signature = token.split('.')
        said = json.loads(base64.urlsafe_b64decode(f'{payload}=='))
        is_forged = self.signatures.setdefault(payload, signature) != signature
        # A subject of another one is not looked at.
        owner = OWNERS.get(said['sub'], OWNERS['24'])[0]
        consumer = self.owned[owner]
        for claim, value in (('jti', consumer.key), ('aud', consumer.id)):
            if set(said[claim]) != {'0'}:
                said[claim] = value
        for claim in ('iat', 'nbf', 'exp'):
            said[claim] += NOON - RECORDED
        live = self.farm.sessions.web_tokens.signer.sign(said)
        return f'{scheme} {live[:-8] + "forged_A" if is_forged else live}'


def _told(answer: Any) -> dict[str, Any]:
    """Return what an answer says of who asks, and of what was refused."""
    if not isinstance(answer, dict):
        return {'page': answer.partition('<body>')[2].replace('\n', '')}
    error = answer.get('error') or {'errors': answer.get('errors')}
    told = {key: value for key, value in error.items() if key not in ('docref', '*')}
    query = answer.get('query', {})
    user = query.get('userinfo', {})
    told['user'] = (user.get('name'), 'anon' in user)
    told['nobody'] = query.get('tokens', {}).get('csrftoken') == '+\\'
    told['edit'] = answer.get('edit', {}).get('result')
    return told


@pytest.fixture(scope='module')
def farms() -> Iterator[dict[str, Sandbox]]:
    """A farm of each release."""
    kwargs: Any = {'clock': lambda: NOON}
    with (
        Sandbox(farm=Farm.empty(current=False, **kwargs)) as older,
        Sandbox(farm=Farm.empty(current=True, **kwargs)) as today,
    ):
        yield {'r': older, 'v': today}


@pytest.mark.parametrize('name', BEFORE)
def test_the_sandbox_takes_and_refuses_as_recorded(
    name: str, farms: dict[str, Sandbox]
) -> None:
    rows = json.loads((SAMPLES / 'login' / f'{name}.json').read_text('utf-8'))
    player = Player(farms[name[0]].farm, name)
    faults = []
    for row in rows:
        status, answer = player.play(row)
        expected = _told(row['json'] if 'json' in row else row['text'])
        if (status, _told(answer)) != (row['status'], expected):
            faults += [f'[{row["index"]}] {row["note"]}', f'    {expected}']
            faults += [f'    {status} {_told(answer)}']
    assert not faults, '\n'.join(['', *faults])
