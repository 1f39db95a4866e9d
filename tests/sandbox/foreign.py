"""What the tests of foreign sites share: a look at the wire, and prepared farms."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.site.foreign.tokens import MINTER

OPERATOR = 'Sandbox Operator'

_PART = re.compile(r'name="(\w+)"\n(?:[\w-]+: .*\n)*\n(.*)')


@dataclass(frozen=True, slots=True)
class Sent:
    """One transmission, as it left this process."""

    method: str
    host: str
    url: dict[str, str]
    body: dict[str, str]
    authorization: str | None
    cookie: str | None

    @property
    def token(self) -> str | None:
        """The centralauthtoken in the URL."""
        return self.url.get('centralauthtoken')

    @property
    def is_write(self) -> bool:
        """Whether it would change something."""
        return 'token' in self.body and self.action != 'clientlogin'

    @property
    def action(self) -> str:
        """The API module."""
        return self.body.get('action') or self.url.get('action', '')


class Wire(HTTPAdapter):
    """Sends what it is given, and remembers it; answers or not."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        super().__init__(pool_maxsize=32)
        self.sent: list[Sent] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send it."""
        address = urlsplit(request.url or '')
        body = _text(request.body) or ''
        self.sent.append(
            Sent(
                method=str(request.method),
                host=address.netloc,
                url=_parsed(address.query),
                body=_parsed(body) if '\n' not in body else _parts(body),
                authorization=_text(request.headers.get('Authorization')),
                cookie=_text(request.headers.get('Cookie')),
            )
        )
        return super().send(request, *args, **kwargs)

    def tokens(self) -> list[str]:
        """Return all centralauthtokens that were sent, in order."""
        return [sent.token for sent in self.sent if sent.token is not None]

    def check(self, foreign_hosts: set[str], operator: str = OPERATOR) -> None:
        """Assert what must hold for all that was sent to the other wikis."""
        tokens = self.tokens()
        assert len(set(tokens)) == len(tokens), 'a centralauthtoken was sent twice'
        for sent in self.sent:
            assert 'centralauthtoken' not in sent.body
            if sent.host in foreign_hosts and sent.is_write:
                assert sent.token, f'{sent.action} went out without a centralauthtoken'
                assert sent.body.get('assertuser') == operator
                assert sent.body.get('assert') == 'user'
                assert sent.body['token'] != '+\\'
                assert sent.authorization is None


@contextmanager
def wired() -> Iterator[Wire]:
    """Watch what this process's pywikibot sends."""
    from pywikibot.comms import http

    wire, before = Wire(), http.session.get_adapter('http://127.0.0.1/')
    http.session.mount('http://', wire)
    try:
        yield wire
    finally:
        http.session.mount('http://', before)


def steps(sandbox: Sandbox, wiki: str | None = None) -> list[str]:
    """Return what was asked of the sandbox, in order, with the refusals."""
    said = []
    for entry in sandbox.journal.entries():
        if wiki not in (None, entry.wiki):
            continue
        word = entry.action
        if word == 'query':
            names = [
                name
                for key in ('meta', 'list', 'prop', 'generator')
                for name in entry.params.get(key, '').split('|')
                if name
            ]
            # Which wiki it is comes along with its first tokens.
            if 'tokens' in names:
                names = [name for name in names if name != 'siteinfo']
            word = '|'.join(n for n in names if n != 'userinfo') or 'userinfo'
        said.append(word if entry.result == 'ok' else f'{word}: {entry.result}')
    return said


def mints(sandbox: Sandbox) -> int:
    """Return how many centralauthtokens the home wiki was asked for."""
    return len(sandbox.journal.entries(action='centralauthtoken'))


def clear_journal(sandbox: Sandbox) -> None:
    """Forget what was sent, also that for which a token is being minted ahead."""
    for thread in threading.enumerate():
        if thread.name == MINTER:
            thread.join(60)
    sandbox.journal.clear()


def write_pages(sandbox: Sandbox, wiki: str, *titles: str) -> None:
    """Create pages, as a spambot does."""

    def write(farm: Any) -> None:
        for title in titles:
            farm.wikis[wiki].edit(title, 'Buy cheap stuff!', user='Spambot 00001')

    sandbox.call(write)


def forget_account(sandbox: Sandbox, wiki: str, name: str = OPERATOR) -> None:
    """Make an account one that never was on a wiki."""

    def forget(farm: Any) -> None:
        place = farm.wikis[wiki]
        local = place.accounts.pop(name)
        del place.account_ids[local.id]
        del farm.accounts[name].attached[place.db]

    sandbox.call(forget)


def detach_account(sandbox: Sandbox, wiki: str, name: str = OPERATOR) -> None:
    """Leave the local account of that name to somebody else."""

    def detach(farm: Any) -> None:
        place = farm.wikis[wiki]
        place.accounts[name].central = None
        place.accounts[name].unlisted = True
        del farm.accounts[name].attached[place.db]

    sandbox.call(detach)


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode('latin-1')
    assert isinstance(value, str | None)
    return value


def _parsed(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, True).items()}


def _parts(text: str) -> dict[str, str]:
    """Return the small parts of a body with files."""
    return dict(_PART.findall(text.replace('\r\n', '\n')))
