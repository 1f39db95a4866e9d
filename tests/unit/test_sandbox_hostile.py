"""The proxy between clients and wikis that keep to no rules, and what it is told."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from centralauth_sandbox import Proxy, Sandbox
from centralauth_sandbox.__main__ import main
from centralauth_sandbox.faults import FaultError

PATIENCE = 60.0
API = '/w/api.php?action=query'
CHUNKED = f'POST {API} HTTP/1.1\nTransfer-Encoding: chunked'
ELSEWHERE = 'https://a.example/' + 'b' * 9000
HINTS = b'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'
ERROR = json.dumps({'error': {'code': 'badtoken', 'info': 'x' * 2000}}).encode()


def reply(body: bytes = b'{}', status: str = '200 OK', **headers: object) -> bytes:
    """Return an answer as bytes."""
    usual = {'Content_Type': 'application/json', 'Connection': 'close'}
    headers = {**usual, 'Content_Length': len(body), **headers}
    lines = [f'{n.replace("_", "-")}: {value}' for n, value in headers.items()]
    return '\r\n'.join([f'HTTP/1.1 {status}', *lines, '', '']).encode() + body


class Upstream:
    """A server that answers each request with the bytes it was told, then hangs up."""

    def __init__(self) -> None:
        """Listen."""
        self._socket = socket.create_server(('127.0.0.66', 0))
        self.address = f'http://127.0.0.66:{self._socket.getsockname()[1]}'
        self.seen: list[bytes] = []
        self.plays = reply()
        self._ends = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection, connection.makefile('rb') as file:
                head = b''
                while line := file.readline():
                    head += line
                    if line == b'\r\n':
                        break
                if not head:
                    if self._ends:
                        return
                    continue
                length = re.search(rb'(?i)content-length: (\d+)', head)
                self.seen.append(head + file.read(int(length[1]) if length else 0))
                connection.sendall(self.plays)

    def close(self) -> None:
        """Stop listening."""
        self._ends = True
        with socket.create_connection(self._socket.getsockname()):
            pass
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope='module')
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope='module')
def running(upstream: Upstream) -> Iterator[Proxy]:
    with Proxy({'x': f'{upstream.address}/w/api.php'}, network='127.0.16') as proxy:
        yield proxy


@pytest.fixture
def proxy(running: Proxy, upstream: Upstream) -> Proxy:
    """The proxy, before a server that answers as usual."""
    running.reset()
    upstream.plays = reply()
    upstream.seen.clear()
    return running


def connect(proxy: Proxy) -> socket.socket:
    host, port = proxy.wikis['x'].server.removeprefix('http://').split(':')
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def ask(proxy: Proxy, head: str, body: bytes = b'') -> bytes:
    """Send a request as it is; return all that comes until the connection ends."""
    with connect(proxy) as client:
        client.sendall(with_host(proxy, head) + body)
        return rest_of(client)


def with_host(proxy: Proxy, head: str) -> bytes:
    first, *lines = head.split('\n')
    host = proxy.wikis['x'].server.removeprefix('http://')
    fields = [f'Host: {host}', *lines]
    if 'Connection:' not in head:
        fields.append('Connection: close')
    return '\r\n'.join([first, *fields, '', '']).encode()


def rest_of(client: socket.socket) -> bytes:
    found = b''
    while piece := client.recv(65536):
        found += piece
    return found


@pytest.mark.parametrize('path', [API, '/w/index.php'])
@pytest.mark.parametrize(
    ('plays', 'begin', 'end'),
    [
        (reply(Content_Length=500), b'', b''),
        (b'HTT', b'', b''),
        (b'nonsense\r\n\r\n', b'', b''),
        (reply(Set_Cookie='a=' + 'b' * 20000), b'HTTP/1.1 200 ', b'{}'),
        (reply(status='302 Found', Location=ELSEWHERE), b'HTTP/1.1 302 ', b'{}'),
        (reply(b'', '204 No Content'), b'HTTP/1.1 204 ', b'\r\n\r\n'),
        (HINTS + reply(), b'HTTP/1.1 200 ', b'{}'),
        (reply(Connection='X-Hop, close', X_Hop='hop'), b'HTTP/1.1 200 ', b'{}'),
    ],
    ids=['half', 'cut', 'nonsense', 'cookie', 'elsewhere', 'empty', 'hints', 'hop'],
)
def test_what_a_wiki_answers_is_passed_on_or_lost(
    proxy: Proxy, upstream: Upstream, path: str, plays: bytes, begin: bytes, end: bytes
) -> None:
    """An answer that is none, or not whole, ends the connection."""
    upstream.plays = plays
    found = ask(proxy, f'GET {path} HTTP/1.1')
    if begin:
        assert found.startswith(begin) and found.endswith(end)
    else:
        # What passes in a stream may have begun.
        assert not found or (path != API and b'Content-Length: 500' in found)
    assert b'hop' not in found
    if path == API:
        (entry,) = proxy.journal.entries()
        assert entry.answered is bool(begin)
        assert (entry.result == 'no-answer') is not bool(begin)


@pytest.mark.parametrize(
    ('encoding', 'body', 'result'),
    [
        ('gzip', gzip.compress(ERROR), 'badtoken'),
        ('deflate', zlib.compress(ERROR), 'badtoken'),
        ('gzip', gzip.compress(ERROR)[:-20], 'not-json'),
        ('br', b'\x8b' + bytes(range(256)) * 4, 'not-json'),
    ],
    ids=['gzip', 'deflate', 'damaged', 'brotli'],
)
def test_a_compressed_answer_is_read_and_compressed_once(
    proxy: Proxy, upstream: Upstream, encoding: str, body: bytes, result: str
) -> None:
    upstream.plays = reply(body, Content_Encoding=encoding)
    fields = f'Accept-Encoding: {encoding}'
    found = ask(proxy, f'GET {API}&format=json HTTP/1.1\n{fields}')
    head, _, sent = found.partition(b'\r\n\r\n')
    (entry,) = proxy.journal.entries()
    assert entry.result == result
    if result == 'not-json':
        assert sent == body and f'Content-Encoding: {encoding}'.encode() in head
    elif b'Content-Encoding: gzip' in head:
        assert gzip.decompress(sent) == ERROR
    else:
        assert sent == ERROR and b'Content-Encoding' not in head


def test_requests_arrive_as_they_were_sent(proxy: Proxy, upstream: Upstream) -> None:
    form = 'Content-Type: application/x-www-form-urlencoded'
    chunks = b'5\r\nactio\r\n7\r\nn=query\r\n0\r\n\r\n'
    assert ask(proxy, f'{CHUNKED}\n{form}', chunks).endswith(b'{}')
    assert upstream.seen[0].endswith(b'\r\n\r\naction=query')
    upstream.plays = reply(b'', Content_Length=2)
    head = ask(proxy, f'HEAD {API} HTTP/1.1')
    assert head.startswith(b'HTTP/1.1 200 ') and head.endswith(b'\r\n\r\n')
    upstream.plays = reply()
    hop = 'Connection: X-Hop, close\nX-Hop: 1\nUpgrade: websocket\nX-End: 1'
    ask(proxy, f'GET {API}&t=%zz%ff%2B+a;b[]= HTTP/1.1\n{hop}')
    assert upstream.seen[2].startswith(f'GET {API}&t=%zz%ff%2B+a;b[]= HTTP'.encode())
    assert b'X-End' in upstream.seen[2]
    assert b'X-Hop' not in upstream.seen[2] and b'websocket' not in upstream.seen[2]
    for again in range(3):
        assert ask(proxy, f'GET {API}&again={again} HTTP/1.0').endswith(b'{}')
    with connect(proxy) as client:
        one = with_host(proxy, f'GET {API} HTTP/1.1\nConnection: keep-alive')
        client.sendall(one * 2 + with_host(proxy, f'GET {API} HTTP/1.1'))
        assert rest_of(client).count(b'HTTP/1.1 200 ') == 3
    assert len(upstream.seen) == len(proxy.journal.entries()) == 9


@pytest.mark.parametrize(
    ('head', 'body', 'status'),
    [
        ('CONNECT a.example:443 HTTP/1.1', b'', 405),
        (CHUNKED, b'zz\r\na\r\n', 400),
        (f'GET {API} HTTP/1.1\nX: {"a" * 100_000}', b'', 400),
        (f'{CHUNKED}\nContent-Length: 1', b'', 400),
    ],
    ids=['tunnel', 'chunks', 'long', 'lengths'],
)
def test_what_is_no_request_is_refused_without_a_word(
    proxy: Proxy,
    upstream: Upstream,
    head: str,
    body: bytes,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client is told, and nothing is printed in the terminal of the proxy."""
    assert ask(proxy, head, body).split()[1] == str(status).encode()
    assert not upstream.seen and not caplog.records


def test_a_client_that_hangs_up_or_waits_is_in_nobodys_way(
    proxy: Proxy, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(proxy) as slow:
        slow.sendall(
            with_host(proxy, f'POST {API} HTTP/1.1\nContent-Length: 10') + b'1'
        )
        assert ask(proxy, f'GET {API} HTTP/1.1').endswith(b'{}')
    assert ask(proxy, f'GET {API} HTTP/1.1').endswith(b'{}')
    assert len(upstream.seen) == 2 and not caplog.records


@pytest.mark.parametrize('path', [API, '/w/index.php'])
def test_a_client_is_told_to_go_on(proxy: Proxy, upstream: Upstream, path: str) -> None:
    """Some send a long body only after that."""
    with connect(proxy) as client:
        fields = 'Expect: 100-continue\nContent-Length: 4'
        client.sendall(with_host(proxy, f'POST {path} HTTP/1.1\n{fields}'))
        assert client.recv(65536) == b'HTTP/1.1 100 Continue\r\n\r\n'
        client.sendall(b'abcd')
        assert rest_of(client).endswith(b'{}')
    assert upstream.seen[0].endswith(b'\r\n\r\nabcd')


def test_the_sandbox_tells_it_too() -> None:
    with Sandbox(wikis=1, accounts=0, network='127.0.17') as sandbox:
        server = sandbox.farm.central.server.removeprefix('http://')
        host, port = server.split(':')
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            head = (
                f'POST /w/api.php HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n'
            )
            head += 'Content-Type: application/x-www-form-urlencoded\r\n'
            head += 'Content-Length: 12\r\nExpect: 100-continue\r\n\r\n'
            client.sendall(head.encode())
            assert client.recv(65536) == b'HTTP/1.1 100 Continue\r\n\r\n'
            client.sendall(b'action=query')
            assert b' 200 OK' in rest_of(client)


def test_a_thousand_rules_hit_what_they_name(proxy: Proxy) -> None:
    rules = [{'kind': 'drop', 'action': 'edit', 'target': f'P{n}'} for n in range(1000)]
    headers = {'Sandbox-Key': proxy.key}
    faults = f'{proxy.wikis["x"].server}/sandbox/faults'
    requests.post(faults, json=rules, headers=headers, timeout=PATIENCE)
    assert len(proxy.faults) == 1000
    address = proxy.wikis['x'].address
    asked = {'action': 'edit', 'title': 'P999', 'text': 'x', 'token': 'x'}
    with pytest.raises(requests.ConnectionError):
        requests.post(address, asked, timeout=PATIENCE)
    assert requests.post(address, asked, timeout=PATIENCE).text == '{}'


@pytest.mark.parametrize(
    ('rules', 'sentence'),
    [
        (b'', 'that is no JSON'),
        (b'\xff', 'that is no JSON'),
        (b'[' * 100_000, 'that is no JSON'),
        (b'[{"kind": "drop", "nth": ' + b'9' * 5000 + b'}]', 'that is no JSON'),
        (b'null', 'a fault is a JSON object'),
        (b'{"kind": "nope"}', "unknown kind 'nope'"),
        (b'{"kind": "drop", "colour": 1}', "unknown key 'colour'"),
        (b'{"kind": "slow", "seconds": NaN}', 'finite'),
        (b'{"kind": "slow", "seconds": -1}', 'not negative'),
        (b'{"kind": "drop", "start": 5, "end": 1}', "'end' is later than 'start'"),
        (b'{"kind": "http", "location": "a\\r\\nb"}', "'location' cannot be sent"),
        (b'{"kind": "retry-after", "retry_after": "a\\nb"}', 'cannot be sent'),
        (b'{"kind": "gateway", "body": "\\ud800"}', "'body' cannot be sent"),
        (b'{"kind": "drop", "wiki": "y"}', "no wiki is called 'y'"),
        (b'{"kind": "demote"}', "no hook 'demote'"),
    ],
    ids=lambda value: value if isinstance(value, str) else 'rules',
)
def test_bad_rules_are_one_sentence_that_names_the_file(
    tmp_path: Path, rules: bytes, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'rules.json'
    file.write_bytes(rules)
    upstream = 'x=http://127.0.0.1:1/w/api.php'
    assert main(['proxy', '--upstream', upstream, '--rules', str(file)]) == 2
    said = capsys.readouterr().err
    assert f'{file}: ' in said and sentence in said and said.count('\n') == 1


@pytest.mark.parametrize(
    ('upstreams', 'sentence'),
    [
        ({'x': 'http://a.example'}, 'is not the address of an api.php'),
        ({'x': 'http://a.example/w/api.php?b'}, 'is not the address of an api.php'),
        ({'x': 'http://a.example:99999/w/api.php'}, 'out of range'),
        ({'x': 'http://[::1/w/api.php'}, 'Invalid IPv6'),
        ({'x': 'http://me:secret@a.example/w/api.php'}, 'leave name and password out'),
        ({'': 'http://a.example/w/api.php'}, 'CODE=URL'),
        (dict.fromkeys('xy', 'http://a.example/w/api.php'), 'are the same wiki'),
    ],
)
def test_what_is_no_wiki_is_refused(upstreams: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        Proxy(upstreams)
    assert 'secret' not in str(refused.value)


def test_a_hook_that_nothing_calls_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'farm.toml'
    wikis = '[wikis]\nx = "http://a.example/w/api.php"\n[hooks]\n'
    for line, sentence in (
        ('rest = "x"', "no hook is called 'rest'; there are: advance-clock"),
        ('reset = "sh -c \'x"', "the hook 'reset': No closing quotation"),
        ('reset = ""', "the hook 'reset' names no program"),
    ):
        file.write_text(wikis + line, 'utf-8')
        assert main(['proxy', '--farm', str(file)]) == 2
        assert f'{file}: {sentence}' in capsys.readouterr().err


def test_faults_from_python_are_checked_too(proxy: Proxy) -> None:
    with pytest.raises(FaultError, match='no wiki'):
        proxy.faults.arm(kind='drop', wiki='y')
