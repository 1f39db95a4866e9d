"""A server that answers too much, too slowly or elsewhere gets and does nothing."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from pywikibot import config
from pywikibot.comms import http

from mw_tokens_plugin.exceptions import AmbiguousWrite, WikiUnreachable
from mw_tokens_plugin.site import transport
from mw_tokens_plugin.site.requests import TokenRequest

from .hostile import Hostile, endless, hostile_server, plain

SPAMBOT = 'Spambot 00001'
Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def server() -> Iterator[Hostile]:
    """A server that answers as the test says."""
    with hostile_server() as server:
        yield server


@pytest.fixture
def misled(site: Any, server: Hostile, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A site that is logged in, and whose address is that of the server now."""
    monkeypatch.setattr(TokenRequest, 'deadline', 0.0)
    site.login()
    site.tokens.prefetch('csrf', 'setglobalaccountstatus')
    site.tokens.for_action('setglobalaccountstatus')
    monkeypatch.setattr(site.family, 'langs', {site.code: server.host})
    return site


def lock(site: Any) -> None:
    site.set_global_account_status(SPAMBOT, locked=True, reason='test')


def read(site: Any) -> Any:
    parameters = {'action': 'query', 'meta': 'siteinfo', 'formatversion': 2}
    return site._request(parameters=parameters, use_get=True).submit()


def bomb(size: int, unit: bytes) -> bytes:
    """Return some kilobytes that become so many bytes of JSON."""
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(b'{"query": "')]
    block = unit * (1024 * 1024)
    parts += [packer.compress(block) for _ in range(size // len(block) + 1)]
    return b''.join([*parts, packer.compress(b'"}'), packer.flush()])


WRONG: dict[str, Callable[[], Answer]] = {
    'nested brackets': lambda: plain(b'[' * 200_000),
    'nested mappings': lambda: plain(b'{"query":' * 500 + b'1' + b'}' * 500),
    'digits': lambda: plain(b'{"query": {"a": %s}}' % (b'7' * 5000)),
    'a bomb': lambda: plain(bomb(9 * 2**20, b' '), Content_Encoding='gzip'),
    'no gzip': lambda: plain(b'{"query": {}}', Content_Encoding='gzip'),
    'half a gzip': lambda: plain(bomb(99, b' ')[:30], Content_Encoding='gzip'),
    'packed twice': lambda: plain(
        gzip.compress(bomb(2**20, b' ')), Content_Encoding='gzip, gzip'
    ),
    'latin-1': lambda: plain('{"query": "é"}'.encode('latin-1')),
    'a codec': lambda: plain(b'\xff{', Content_Type='text/html; charset=idna'),
    'no codec': lambda: plain(b'\xff{', Content_Type='text/xml; charset=rot13'),
    'nothing': lambda: plain(b'', Content_Type='text/xml'),
    'a lie': lambda: plain(b'{}', Content_Length='9' * 18),
    'half a body': lambda: plain(b'{"query"', Content_Length='99'),
    'without end': lambda: endless(b' ' * 65536),
}


def test_what_is_no_json_within_limits_is_no_answer(
    misled: Any, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, 'MAX_BYTES', 8 * 2**20)
    taken_for = []
    for kind, answer in WRONG.items():
        server.answer = answer()
        for send, failure in ((lock, AmbiguousWrite), (read, WikiUnreachable)):
            try:
                send(misled)
            except failure:
                continue
            taken_for.append((kind, send))
    assert taken_for == []


@pytest.mark.parametrize('part', ['head', 'body'])
def test_a_byte_now_and_then_is_not_waited_for_without_end(
    misled: Any, server: Hostile, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Each of them comes in time; all of them would take for ever."""
    monkeypatch.setattr(transport, 'MAX_SECONDS', 0.5)
    pause = partial(time.sleep, 0.05)
    body = endless(b' ', pause)

    def head(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b'HTTP/1.1 200 OK\r\nX: '[: 1 + len(server.received)])
            pause()

    server.answer = head if part == 'head' else body
    with pytest.raises(AmbiguousWrite):
        lock(misled)
    with pytest.raises(WikiUnreachable):
        read(misled)


def test_large_answers_and_downloads_are_taken_as_they_are(
    misled: Any, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result of the largest size, which JSON makes larger; a file without limits."""
    text = 'ж' * (6 * 1024 * 1024)
    server.answer = plain(
        json.dumps(
            {'query': {'general': {'generator': 'MediaWiki 1.43.0'}, 'export': text}}
        ).encode()
    )
    assert read(misled)['query']['export'] == text
    monkeypatch.setattr(transport, 'MAX_BYTES', 1000)
    monkeypatch.setattr(transport, 'MAX_SECONDS', 0.2)

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header('Content-Length', '400000')
        handler.end_headers()
        for _ in range(4):
            handler.wfile.write(b'x' * 100_000)
            time.sleep(0.1)

    server.answer = slow
    with http.fetch(f'http://{server.host}/file', stream=True) as response:
        assert sum(map(len, response.iter_content(10_000))) == 400_000


def tell_history_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the HTTP library tell of earlier answers as it did up to version 2.32."""
    rebuild = http.session.rebuild_auth

    def rebuild_auth(prepared: Any, response: Any) -> None:
        if response.history:
            response.history = [*response.history[1:], response]
        rebuild(prepared, response)

    monkeypatch.setattr(http.session, 'rebuild_auth', rebuild_auth)


@pytest.mark.parametrize('version', ['of today', '2.32'])
@pytest.mark.parametrize('method', ['GET', 'POST'])
def test_cookies_and_keys_follow_no_redirect_to_another_port(
    site: Any,
    server: Hostile,
    method: str,
    version: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cookies know no ports, so the library would send them along."""
    if version == '2.32':
        tell_history_as_before(monkeypatch)
    site.login()
    monkeypatch.setitem(config.authenticate, server.host, ('Name', 'the secret key'))
    if not any(each.domain == server.host.split(':')[0] for each in http.cookie_jar):
        pytest.skip('needs a farm whose central wiki is at 127.0.0.1')
    with hostile_server() as elsewhere:
        again = f'http://{elsewhere.host}/again'
        steps = iter([plain(b'', 302, Location=again), plain(b'{"file": 1}')])
        elsewhere.answer = lambda handler: next(steps)(handler)
        server.answer = plain(b'', 302, Location=f'http://{elsewhere.host}/')
        http.fetch(f'http://{server.host}/', method, data={'token': 'secret token'})
        assert len(elsewhere.received) == (2 if method == 'GET' else 0)
        got = '\n'.join(elsewhere.received)
    assert 'Cookie' not in got
    assert 'Authorization' not in got


def test_a_redirect_to_no_address_at_all_is_one_to_nowhere(
    misled: Any, server: Hostile
) -> None:
    server.answer = plain(b'', 302, Location='http://[')
    with pytest.raises(AmbiguousWrite, match='not of the web'):
        lock(misled)
    with pytest.raises(WikiUnreachable, match='not of the web'):
        read(misled)


def test_a_family_file_with_the_wrong_protocol_is_named(
    misled: Any, server: Hostile
) -> None:
    """Neither a read nor a write goes on to the secure address."""
    there = f'https://{server.host}/w/api.php'
    server.answer = plain(b'{"setglobalaccountstatus": {}}', 301, Location=there)
    with pytest.raises(AmbiguousWrite, match=f'a redirect to {server.host}'):
        lock(misled)
    with pytest.raises(WikiUnreachable, match='Correct the protocol'):
        read(misled)


@pytest.mark.parametrize(
    'wait', ['86400', '999999999999', 'Fri, 31 Dec 2099 23:59:59 GMT']
)
def test_no_answer_keeps_a_run_waiting_for_hours(
    site: Any, server: Hostile, monkeypatch: pytest.MonkeyPatch, wait: str
) -> None:
    """pywikibot would sleep as long as any answer asks, a good one too."""
    monkeypatch.setattr(site.family, 'langs', {site.code: server.host})
    body = json.dumps(
        {'batchcomplete': True, 'query': {'general': {'generator': 'MediaWiki 1.43.0'}}}
    ).encode()
    server.answer = plain(body, Retry_After=wait)
    read(site)
    assert 0 < site.throttle.retry_after <= config.retry_max
    site.throttle.retry_after = 0
