"""The proxy before wikis that were not made for it, with the farm.toml of the docs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from centralauth_sandbox import Proxy
from centralauth_sandbox.faults import FaultError

from .farmfile import ROOT, farm_file
from .installation import MediaWiki
from .wiki import Wiki

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture
def proxy(
    wiki: Wiki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxy]:
    """The proxy, as the file describes the wiki that is installed."""
    assert isinstance(wiki, MediaWiki)
    for name, value in wiki.environment().items():
        monkeypatch.setenv(name, value)
    file = tmp_path / 'farm.toml'
    file.write_text(farm_file(wiki), 'utf-8')
    with Proxy.from_file(file) as proxy:
        yield proxy


class Operator:
    """The operator, logged in by plain requests through the proxy."""

    def __init__(self, proxy: Proxy, wiki: Wiki) -> None:
        """Log in."""
        self.address = proxy.wikis['wiki'].address
        self.name = wiki.operator.name
        self.session = requests.Session()
        answer = self.ask(
            action='clientlogin',
            username=self.name,
            password=wiki.operator.password,
            loginreturnurl='http://127.0.0.1/',
            logintoken=self.token('login'),
        )
        assert answer['clientlogin']['status'] == 'PASS', answer

    def ask(self, **params: str) -> dict[str, Any]:
        """Send a request and decode its answer."""
        params |= {'format': 'json', 'formatversion': '2'}
        answer = self.session.post(self.address, data=params, timeout=240)
        found: dict[str, Any] = json.loads(answer.content)
        return found

    def token(self, type: str = 'csrf') -> str:
        """Return a token."""
        answer = self.ask(action='query', meta='tokens', type=type)
        return str(answer['query']['tokens'][f'{type}token'])

    def edit(self, text: str, **params: str) -> dict[str, Any]:
        """Edit a page."""
        return self.ask(
            action='edit', title='Proxy', text=text, token=self.token(), **params
        )


def code(answer: dict[str, Any]) -> str:
    return str(answer.get('error', {}).get('code', 'ok'))


@pytest.mark.only('mediawiki')
def test_faults_and_journal_before_a_real_wiki(wiki: Wiki, proxy: Proxy) -> None:
    """An edit whose answer is lost has happened, and both journals show it."""
    operator = Operator(proxy, wiki)
    wiki.forget()
    proxy.journal.clear()
    proxy.faults.arm(kind='drop', when='after', action='edit')
    with pytest.raises(requests.ConnectionError):
        operator.edit('lost')
    proxy.faults.arm(kind='http', status=503, action='edit')
    with pytest.raises(json.JSONDecodeError):
        operator.edit('never')
    assert 'nochange' in operator.edit('lost')['edit']
    edits = proxy.journal.entries(action='edit')
    assert [(e.user, e.effect, e.answered) for e in edits] == [
        (operator.name, 'edit', False),
        (operator.name, '', False),
        (operator.name, '', True),
    ]
    assert [sent.what for sent in wiki.sent()].count('edit') == 2
    operator.session.close()


@pytest.mark.only('mediawiki')
def test_faults_of_state_are_played_by_the_hooks(wiki: Wiki, proxy: Proxy) -> None:
    """They are programs of whoever runs the wiki, at the request that a rule names."""
    operator = Operator(proxy, wiki)
    for fault, expected in (
        ({'kind': 'readonly', 'reason': 'maintenance'}, 'readonly'),
        ({'kind': 'lose-session'}, 'assertuserfailed'),
    ):
        proxy.faults.arm(action='edit', **fault)
        assert code(operator.edit(f'{fault}', **{'assert': 'user'})) == expected
    operator = Operator(proxy, wiki)
    assert code(operator.edit('it has ended', **{'assert': 'user'})) == 'ok'
    try:
        proxy.faults.arm(kind='demote', action='protect')
        target = {'title': 'Proxy', 'protections': 'edit=sysop'}
        answer = operator.ask(action='protect', token=operator.token(), **target)
        assert code(answer) == 'permissiondenied'
    finally:
        for group in 'sysop', 'bureaucrat', 'interface-admin':
            proxy.command('promote', user=operator.name, group=group)
    answer = operator.ask(action='protect', token=operator.token(), **target)
    assert code(answer) == 'ok'
    proxy.command('wipe-sessions')
    asked = operator.ask(action='query', assertuser=operator.name)
    assert code(asked) == 'assertnameduserfailed'
    with pytest.raises(FaultError, match="no hook 'lock'"):
        proxy.faults.arm(kind='lock-operator')
    operator.session.close()


@pytest.mark.only('mediawiki')
def test_what_the_docs_show_is_a_farm_file(tmp_path: Path) -> None:
    """Each block on the page can be read."""
    page = (ROOT / 'docs' / 'real_farm.md').read_text('utf-8')
    for block in page.split('```toml\n')[1:]:
        assert tomllib.loads(block.partition('```')[0])['wikis']
