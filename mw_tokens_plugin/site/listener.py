"""A server on loopback that waits for one browser to come back from a redirect.

It hands the address over and judges it by its path, host and what its caller asks; what
the address means is not its concern.

https://www.rfc-editor.org/rfc/rfc8252#section-7.3
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from urllib.parse import urlsplit

#: Seconds that one browser may take to say what it wants.
_SLOWEST = 5.0

_HOST = '127.0.0.1'
_PAGE = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{0}</title>'
    '<h1>{0}</h1></html>'
)


class ReturnListener:
    """Listens on loopback until it is closed, and takes one return.

    The path of its address cannot be guessed, so that no other page can make a browser
    bring something that was not asked for.

    .. version-added:: 0.1

    :ivar url: the address that the user is to be sent back to
    """

    def __init__(self, url: str | None = None, port: int = 0) -> None:
        """Listen.

        :param url: the address of an earlier listener, which is used again
        :param port: where to listen, if there is no such address; 0 for any port
        :raises OSError: the port is taken
        """
        parts = urlsplit(url or f'http://{_HOST}:{port}/{secrets.token_urlsafe(24)}')
        self._server = _Server(
            (_HOST, 80 if parts.port is None else parts.port), _Handler
        )
        self._server.path = parts.path
        self.url = f'{self._server.origin}{parts.path}'

    def __enter__(self) -> ReturnListener:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._server.server_close()

    def wait(self, accept: Callable[[str], bool], seconds: float) -> str | None:
        """Return the address that somebody came back to; None if nobody did in time.

        Everything else is refused meanwhile: other methods, hosts and paths, and
        addresses that are not accepted.

        :param accept: whether an address belongs to what is awaited
        :param seconds: how long to wait
        """
        server, end = self._server, time.monotonic() + seconds
        server.accept, server.returned = accept, None
        while server.returned is None and (left := end - time.monotonic()) > 0:
            server.timeout = left
            server.handle_request()
        return server.returned


class _Server(HTTPServer):
    """The listener's server, which serves one browser after the other."""

    path: str
    accept: Callable[[str], bool]
    returned: str | None = None

    @property
    def origin(self) -> str:
        return f'http://{_HOST}:{self.server_address[1]}'

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a browser that hung up."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server
    timeout = _SLOWEST
    server_version, sys_version = 'listener', ''

    def do_GET(self) -> None:
        """Take the return, or refuse."""
        url = f'{self.server.origin}{self.path}'
        if self.headers.get('Host') != urlsplit(url).netloc:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST)
        elif not hmac.compare_digest(
            urlsplit(url).path.encode(), self.server.path.encode()
        ):
            self._answer(HTTPStatus.NOT_FOUND)
        elif not self.server.accept(url):
            self._answer(HTTPStatus.FORBIDDEN)
        else:
            self._answer(HTTPStatus.OK, 'You can close this page now.')
            self.server.returned = url

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the address is a secret."""

    def _answer(self, status: HTTPStatus, text: str = '') -> None:
        body = _PAGE.format(text or status.phrase).encode()
        self.send_response(status)
        for name, value in (
            ('Content-Type', 'text/html; charset=utf-8'),
            ('Content-Length', str(len(body))),
            ('Content-Security-Policy', "default-src 'none'"),
            ('Cache-Control', 'no-store'),
            ('Referrer-Policy', 'no-referrer'),
            ('Connection', 'close'),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
