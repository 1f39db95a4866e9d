"""The listener for a browser's return, on loopback and with unfriendly neighbours."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import requests

from mw_tokens_plugin.site.listener import MAX_CONNECTIONS, ReturnListener

#: Seconds after which a test has failed; nothing in them takes long.
PATIENCE = 240


@contextmanager
def waiting(listener: ReturnListener) -> Iterator[Future[str | None]]:
    """Wait for the return in another thread."""
    outcome: Future[str | None] = Future()

    def wait() -> None:
        outcome.set_result(listener.wait(lambda url: 'state=good' in url, PATIENCE))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield outcome
    finally:
        thread.join(PATIENCE)


def connected(listener: ReturnListener) -> socket.socket:
    parts = urlsplit(listener.url)
    assert parts.hostname
    return socket.create_connection((parts.hostname, parts.port or 0), PATIENCE)


def drip(connection: socket.socket, ended: threading.Event) -> None:
    """Send a byte now and then, for as long as somebody takes it."""
    with suppress(OSError):
        while not ended.wait(0.02):
            connection.sendall(b'G')


def test_the_browser_is_answered_whoever_else_is_connected() -> None:
    """Clients that are silent or slow hold nobody up, however many there are."""
    ended = threading.Event()
    with ReturnListener() as listener, waiting(listener) as outcome, ExitStack() as all:
        all.callback(ended.set)
        for number in range(MAX_CONNECTIONS + 20):
            connection = all.enter_context(connected(listener))
            if number % 20 == 0:
                threading.Thread(
                    target=drip, args=(connection, ended), daemon=True
                ).start()
        got = requests.get(f'{listener.url}?state=good', timeout=PATIENCE)
        assert (got.status_code, 'close this page' in got.text) == (200, True)
        assert outcome.result(PATIENCE) == f'{listener.url}?state=good'


def test_a_byte_now_and_then_does_not_keep_a_connection() -> None:
    """Its time is counted from its beginning, not from the last byte."""
    ended = threading.Event()
    with (
        ReturnListener(patience=0.5) as listener,
        waiting(listener) as outcome,
        connected(listener) as slow,
    ):
        thread = threading.Thread(target=drip, args=(slow, ended), daemon=True)
        thread.start()
        # It ends by itself, as nobody takes its bytes any more.
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert not outcome.done()
        requests.get(f'{listener.url}?state=good', timeout=PATIENCE)
        assert outcome.result(PATIENCE)


@pytest.mark.parametrize(
    ('status', 'request_of'),
    [
        (400, lambda path, host: 'nonsense\r\n\r\n'),
        (400, lambda path, host: f'GET {path} HTTP/1.1 x\r\nHost: {host}\r\n\r\n'),
        (400, lambda path, host: 'GET /' + 'a' * 100_000 + ' HTTP/1.1\r\n\r\n'),
        (421, lambda path, host: f'GET {path} HTTP/1.1\r\n\r\n'),
        (
            421,
            lambda path, host: (
                f'GET {path} HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n'
            ),
        ),
        (
            431,
            lambda path, host: f'GET {path} HTTP/1.1\r\n' + 'A: b\r\n' * 200 + '\r\n',
        ),
        (404, lambda path, host: f'GET //x{path} HTTP/1.1\r\nHost: {host}\r\n\r\n'),
        (501, lambda path, host: f'HEAD {path} HTTP/1.1\r\nHost: {host}\r\n\r\n'),
    ],
)
def test_what_is_no_return_is_refused(
    status: int, request_of: Callable[[str, str], str]
) -> None:
    with ReturnListener() as listener, waiting(listener) as outcome:
        parts = urlsplit(listener.url)
        with connected(listener) as connection:
            with suppress(OSError):
                text = request_of(f'{parts.path}?state=good', parts.netloc)
                connection.sendall(text.encode())
            answer = connection.recv(100)
        assert answer.split()[1] == str(status).encode()
        assert not outcome.done()
        requests.get(f'{listener.url}?state=good', timeout=PATIENCE)
        assert outcome.result(PATIENCE)


def test_a_browser_that_hangs_up_has_come_back_all_the_same() -> None:
    with ReturnListener() as listener, waiting(listener) as outcome:
        parts = urlsplit(listener.url)
        head = f'GET {parts.path}?state=good HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n'
        connection = connected(listener)
        connection.sendall(head.encode())
        connection.close()
        assert outcome.result(PATIENCE) == f'{listener.url}?state=good'


def test_waiting_ends_in_time_and_can_be_begun_again() -> None:
    with ReturnListener() as listener:
        began = time.monotonic()
        with connected(listener):
            assert listener.wait(lambda url: True, 0.2) is None
        assert time.monotonic() - began < PATIENCE
        with waiting(listener) as outcome:
            requests.get(f'{listener.url}?state=good', timeout=PATIENCE)
            assert outcome.result(PATIENCE)
