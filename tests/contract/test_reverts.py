"""Reverts and moves are answered by the sandbox as MediaWiki was recorded to answer.

What is compared is what the campaigns read: the code of an error, its text where that
names no page, and the fields of a success.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralauth_sandbox import Farm
from centralauth_sandbox.api import Api
from centralauth_sandbox.exchange import Request
from centralauth_sandbox.seeds import OPERATOR, Credentials, seeder
from centralauth_sandbox.titles import parse_title

from .samples import load

RECORDED = {
    exchange.index: exchange for exchange in load('q_cleanup_of_one_abuser', 'tip')
}
CREDENTIALS = Credentials.generate('secret')
VANDAL, LOCAL = 'Spambot 00001', 'Plain Sysop'

#: Requests in their order, each with the recorded one that it is like. A name in
#: braces is the number of a revision, or of a page.
REQUESTS: list[tuple[int, dict[str, str]]] = [
    (69, {'action': 'rollback', 'title': 'Rolled', 'user': VANDAL, 'markbot': '1'}),
    (70, {'action': 'rollback', 'title': 'Rolled', 'user': VANDAL}),
    (73, {'action': 'rollback', 'title': 'Edited since', 'user': VANDAL}),
    (74, {'action': 'rollback', 'title': 'Created', 'user': VANDAL}),
    (76, {'action': 'rollback', 'title': 'No such page', 'user': VANDAL}),
    (77, {'action': 'rollback', 'title': 'Bad[t', 'user': VANDAL}),
    (85, {'action': 'rollback', 'pageid': '{page}', 'user': VANDAL}),
    (87, {'action': 'rollback', 'pageid': '999999', 'user': VANDAL}),
    (88, {'action': 'rollback', 'title': 'Undone', 'user': 'No such user'}),
    (98, {'action': 'edit', 'title': 'Edited since', 'undo': '{overtaken}'}),
    (
        100,
        {'action': 'edit', 'title': 'Undone', 'undo': '{bad}', 'undoafter': '{good}'},
    ),
    (
        101,
        {'action': 'edit', 'title': 'Undone', 'undo': '{bad}', 'undoafter': '{good}'},
    ),
    (107, {'action': 'edit', 'title': 'Created', 'undo': '{created}'}),
    (108, {'action': 'edit', 'title': 'Sandbox', 'undo': '{bad}'}),
    (109, {'action': 'edit', 'title': 'Sandbox', 'undo': '99999999'}),
    (110, {'action': 'edit', 'title': 'No such page', 'undo': '{bad}'}),
    (
        112,
        {
            'action': 'edit',
            'title': 'Edited since',
            'baserevid': '{overtaken}',
            'text': 'completely other',
        },
    ),
    (153, {'action': 'move', 'from': 'New', 'to': 'Old', 'noredirect': '1'}),
    (142, {'action': 'move', 'from': 'New', 'to': 'Old', 'noredirect': '1'}),
    (144, {'action': 'move', 'from': 'Old', 'to': 'Undone'}),
    (150, {'action': 'move', 'from': 'Newer', 'to': 'Older'}),
]


class Client:
    """The operator on one wiki of a farm.

    :ivar numbers: those of revisions and pages, by name
    """

    def __init__(self) -> None:
        """Log in, and let somebody vandalise pages."""
        farm = Farm(['meta', 'aa', 'bb'], seeder(CREDENTIALS, 5))
        self._api, self._wiki = Api(farm), farm.wikis['meta']
        self._cookies: dict[str, str] = {}
        answer = self.ask(
            action='clientlogin',
            loginreturnurl='http://x.example/',
            logintoken=self._token('login'),
            username=OPERATOR,
            password=CREDENTIALS.operator,
        )
        assert answer['clientlogin']['status'] == 'PASS', answer
        self.numbers: dict[str, int] = {}
        wiki = self._wiki
        for title in ('Rolled', 'Edited since', 'By number', 'Undone', 'Old', 'Older'):
            good = wiki.edit(title, 'Good', user=LOCAL)
            bad = wiki.edit(title, 'Bad', user=VANDAL)
            key = {'Edited since': 'overtaken', 'Undone': 'bad'}.get(title, title)
            self.numbers |= {key: bad.id, f'before {key}': good.id}
        self.numbers['good'] = self.numbers['before bad']
        wiki.edit('Edited since', 'Other', user=LOCAL)
        self.numbers['created'] = wiki.edit('Created', 'Mine', user=VANDAL).id
        for old, new in (('Old', 'New'), ('Older', 'Newer')):
            page, target = wiki.page(old), parse_title(new)
            assert page is not None and target is not None
            wiki.move(page, target, wiki.accounts[LOCAL], '', redirect=True)
        wiki.edit('Older', '#REDIRECT [[Undone]]', user=LOCAL)
        page = wiki.page('By number')
        assert page is not None
        self.numbers['page'] = page.id

    def ask(self, **params: str) -> dict[str, Any]:
        """Send a request and return the decoded answer."""
        cookies = '; '.join(f'{name}={value}' for name, value in self._cookies.items())
        form = {'format': 'json', 'formatversion': '2', **params}
        request = Request('POST', {}, form, {'Cookie': cookies})
        answer = self._api.handle(self._wiki, request)
        for name, value in answer.headers:
            if name == 'Set-Cookie':
                key, _, rest = value.partition('=')
                self._cookies[key] = rest.partition(';')[0]
        decoded: dict[str, Any] = json.loads(answer.body)
        return decoded

    def write(self, **params: str) -> dict[str, Any]:
        """Send a write with the token that it wants."""
        kind = 'rollback' if params['action'] == 'rollback' else 'csrf'
        return self.ask(**params, token=self._token(kind))

    def _token(self, kind: str) -> str:
        answer = self.ask(action='query', meta='tokens', type=kind)
        token: str = answer['query']['tokens'][f'{kind}token']
        return token


@pytest.fixture(scope='module')
def client() -> Client:
    return Client()


def told(answer: dict[str, Any], action: str) -> tuple[Any, ...]:
    """Return what campaigns read of an answer."""
    if 'error' in answer:
        return 'error', answer['error']['code']
    return 'success', sorted(answer[action])


def test_each_is_answered_as_recorded(client: Client) -> None:
    """The requests follow each other, as the recorded ones did."""
    found, recorded = {}, {}
    for index, params in REQUESTS:
        exchange = RECORDED[index]
        assert exchange.params['action'] == params['action'], index
        filled = {name: text.format(**client.numbers) for name, text in params.items()}
        found[index] = told(client.write(**filled), params['action'])
        recorded[index] = told(exchange.json, params['action'])
    assert found == recorded
