"""With OAuth, too, a wiki that turns hostile gets and tells nothing more."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import quote, unquote

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from centralauth_sandbox import Sandbox
from centralauth_sandbox.seeds import BOT_GRANTS

from .farms import Farm
from .hostile import Hostile, hostile_server, plain

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Answer = Callable[[BaseHTTPRequestHandler], None]


class TakenOver(HTTPAdapter):
    """Lets another server answer for a host."""

    def __init__(self, host: str, by: str) -> None:
        """Start at once."""
        super().__init__()
        self._host, self._by = host, by

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request to the other server."""
        taken = request.copy()
        taken.url = str(request.url).replace(self._host, self._by, 1)
        response = super().send(taken, *args, **kwargs)
        response.request, response.url = request, str(request.url)
        return response


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def keys(farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A consumer that the farm knows."""
    from pywikibot import config

    keys = sandbox.call(
        lambda state: state.consumers.add(farm.operator.name, BOT_GRANTS)
    )
    host = farm.wikis['meta'].split('/')[2]
    monkeypatch.setattr(config, 'authenticate', {host: keys})
    monkeypatch.setattr(config, 'max_retries', 1)
    monkeypatch.setattr(config, 'retry_wait', 0)
    return keys


@pytest.fixture
def foreign(
    site: Any, farm: Farm, keys: Any, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The site of a wiki that is taken over by the server after it was used."""
    from pywikibot.comms import http

    there = farm.wikis['aa'].split('/')[2]
    foreign = site.foreign_site('aa', auth='oauth')
    assert foreign.user() == farm.operator.name
    http.session.mount(f'http://{there}', TakenOver(there, server.host))
    yield foreign
    del http.session.adapters[f'http://{there}']


def echo(form: Callable[[str], bytes], status: int = 200) -> Answer:
    """Return what answers with the header that proves who asks."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        plain(form(handler.headers['Authorization']), status)(handler)

    return answer


def error(text: str) -> bytes:
    return json.dumps({'error': {'code': 'odd', 'info': text}}).encode()


def warning(text: str) -> bytes:
    told = {'warnings': {'main': {'warnings': text}}, 'batchcomplete': True}
    return json.dumps({**told, 'query': {}}).encode()


ECHOES = {
    'error': echo(error),
    'signatures': echo(lambda t: error(' / '.join(re.findall('"([^"]*)"', t)))),
    'unquoted': echo(lambda t: error(unquote(t))),
    'quoted': echo(lambda t: error(quote(t))),
    'code': echo(lambda t: json.dumps({'error': {'code': t, 'info': 'x'}}).encode()),
    'warning': echo(warning),
    'page': echo(lambda t: f'<html><title>{t}</title>{t}'.encode(), 403),
    'failure': echo(lambda t: t.encode(), 500),
    'nonsense': echo(lambda t: json.dumps([t]).encode()),
}


@pytest.mark.parametrize('action', ['query', 'purge'])
def test_what_it_repeats_of_a_signature_is_shown_nowhere(
    foreign: Any,
    keys: tuple[str, ...],
    server: Hostile,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    action: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    for what, answer in ECHOES.items():
        server.received.clear()
        caplog.clear()
        server.answer = answer
        told = ''
        try:
            foreign.simple_request(action=action, titles='A').submit()
        except Exception as failure:  # noqa: BLE001  # whatever it is
            told = f'{failure!r} {failure} {vars(failure)}'
        said = told + caplog.text + ''.join(capfd.readouterr())
        sent = ' '.join(server.received)
        secrets = {*keys, *re.findall(r'oauth_signature="([^"]+)"', sent)}
        assert len(secrets) > len(keys)
        assert [s for s in secrets if s in said or unquote(s) in said] == [], what
        assert [s for s in (keys[1], keys[3]) if s in sent] == []


@pytest.mark.parametrize('action', ['query', 'purge'])
def test_no_signature_follows_a_redirect(
    foreign: Any, server: Hostile, elsewhere: Hostile, action: str
) -> None:
    there = f'http://{elsewhere.host}/w/api.php'
    for status in (301, 302, 303, 307, 308):
        server.answer = plain(b'', status, Location=there)
        with pytest.raises(Exception, match='redirect'):
            foreign.simple_request(action=action, titles='A').submit()
    assert elsewhere.received == []
