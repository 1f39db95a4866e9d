"""A server on loopback that answers like no wiki does, and remembers what it got."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hostile:
    """A server and what it answers.

    :ivar answer: writes the answer to a request, which it is given
    :ivar received: all requests with their headers and bodies, as they came
    :ivar host: its host and port
    """

    def __init__(self) -> None:
        """Listen on any port."""
        self.answer: Callable[[BaseHTTPRequestHandler], None] = plain(b'{}')
        self.received: list[str] = []
        hostile = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self) -> None:
                size = int(self.headers.get('Content-Length', 0))
                body = self.rfile.read(size).decode('latin-1')
                hostile.received.append(f'{self.requestline}\n{self.headers}\n{body}')
                self.close_connection = True
                with suppress(OSError):  # nobody wants to hear the rest of it
                    hostile.answer(self)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.daemon_threads = True
        self._server.hostile = self  # type: ignore[attr-defined]
        self.host = f'127.0.0.1:{self._server.server_port}'
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def hostile_server() -> Iterator[Hostile]:
    """Run such a server."""
    server = Hostile()
    try:
        yield server
    finally:
        server.close()


def plain(
    body: bytes, status: int = 200, **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what answers with a body and some headers."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        sent = {
            'Connection': 'close',
            'Content-Length': str(len(body)),
            'Content-Type': 'application/json',
        }
        more = {name.replace('_', '-'): value for name, value in headers.items()}
        for name, value in (sent | more).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(
    piece: bytes, pause: Callable[[], object] = lambda: None
) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what answers with the same piece for ever."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header('Content-Type', 'application/json')
        handler.end_headers()
        while True:
            handler.wfile.write(piece)
            pause()

    return answer
