"""A server on loopback that waits for one browser to come back from a redirect.

It checks the path and the host of the address; what else the address must have, and
what it means, is left to the caller.

https://www.rfc-editor.org/rfc/rfc8252#section-7.3
"""

from __future__ import annotations

import asyncio
import hmac
import io
import re
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException, parse_headers
from types import TracebackType
from urllib.parse import urlsplit

#: Seconds that a connection may last, until the end of the answer.
MAX_SECONDS = 5.0
#: Connections at the same time; another one ends the oldest.
MAX_CONNECTIONS = 64
#: Bytes of a request; an address of a provider may be some thousand characters long.
MAX_BYTES = 64 * 1024

_HOST = '127.0.0.1'
_PAGE = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{0}</title>'
    '<h1>{0}</h1></html>'
)
_ANSWER = (
    'HTTP/1.1 {status.value} {status.phrase}\r\n'
    'Content-Type: text/html; charset=utf-8\r\n'
    'Content-Length: {length}\r\n'
    "Content-Security-Policy: default-src 'none'\r\n"
    'Cache-Control: no-store\r\n'
    'Referrer-Policy: no-referrer\r\n'
    'Connection: close\r\n\r\n'
)
_REQUEST_LINE = re.compile(r'([A-Z]+) (\S+) HTTP/1\.[01]')


class ReturnListener:
    """Listens on loopback until it is closed, and accepts one return.

    The path of its address cannot be guessed, so no other page can make a browser send
    a forged return. Connections are served in parallel, each for a few seconds in all,
    so none can block the browser.

    https://www.rfc-editor.org/rfc/rfc8252#section-7.3

    .. version-added:: 0.1

    :ivar url: the address to which the provider sends the user back
    """

    def __init__(
        self, url: str | None = None, port: int = 0, *, patience: float = MAX_SECONDS
    ) -> None:
        """Start to listen.

        :param url: the address of an earlier listener, which is used again
        :param port: the port of a new address; 0 for any port
        :param patience: seconds that a connection may last
        :raises OSError: the port is in use
        """
        self._patience = patience
        parts = urlsplit(url or f'http://{_HOST}:{port}/{secrets.token_urlsafe(24)}')
        self._socket = socket.create_server(
            (_HOST, 80 if parts.port is None else parts.port),
            backlog=2 * MAX_CONNECTIONS,
        )
        self._path = parts.path
        self._origin = f'http://{_HOST}:{self._socket.getsockname()[1]}'
        self.url = f'{self._origin}{self._path}'

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
        self._socket.close()

    def wait(self, accept: Callable[[str], bool], seconds: float) -> str | None:
        """Return the address that somebody came back to; None if nobody did in time.

        All other requests are refused: other methods, hosts and paths, and addresses
        that are not accepted.

        :param accept: returns whether an address is the one that is awaited
        :param seconds: how long to wait
        """
        return asyncio.run(self._wait(accept, seconds))

    async def _wait(self, accept: Callable[[str], bool], seconds: float) -> str | None:
        returned: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        tasks: dict[asyncio.Task[None], None] = {}

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks[task] = None
            if len(tasks) > MAX_CONNECTIONS:
                next(iter(tasks)).cancel()
            try:
                # The client hung up, was too slow, or the oldest of too many.
                with suppress(OSError, asyncio.TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(
                        self._serve(reader, writer, accept, returned), self._patience
                    )
            finally:
                del tasks[task]
                writer.transport.abort()

        # The server closes its socket, and this one is needed for another wait.
        server = await asyncio.start_server(
            serve, sock=self._socket.dup(), limit=MAX_BYTES
        )
        try:
            return await asyncio.wait_for(returned, seconds)
        except asyncio.TimeoutError:
            return None
        finally:
            server.close()

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        accept: Callable[[str], bool],
        returned: asyncio.Future[str],
    ) -> None:
        """Answer one request, and keep its address if that is awaited."""
        status, url = HTTPStatus.BAD_REQUEST, ''
        with suppress(
            asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError
        ):
            head = await reader.readuntil(b'\r\n\r\n')
            status, url = self._checked(head, accept)
        accepted = status is HTTPStatus.OK
        text = 'You can close this page now.' if accepted else status.phrase
        body = _PAGE.format(text).encode()
        head = _ANSWER.format(status=status, length=len(body)).encode()
        try:
            writer.write(head + body)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        finally:
            # The browser has come back, even if it does not wait for the answer.
            if accepted and not returned.done():
                returned.set_result(url)

    def _checked(
        self, head: bytes, accept: Callable[[str], bool]
    ) -> tuple[HTTPStatus, str]:
        """Return the status for a request, and its address.

        :raises ValueError: it is not a request
        """
        line, _, rest = head.decode('latin-1').partition('\r\n')
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            return HTTPStatus.BAD_REQUEST, ''
        method, target = match.groups()
        try:
            headers = parse_headers(io.BytesIO(rest.encode('latin-1')))
        except HTTPException:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, ''
        url = f'{self._origin}{target}'
        if method != 'GET':
            return HTTPStatus.NOT_IMPLEMENTED, ''
        if headers.get_all('Host') != [urlsplit(self._origin).netloc]:
            return HTTPStatus.MISDIRECTED_REQUEST, ''
        path = target.partition('?')[0]
        if not hmac.compare_digest(path.encode(), self._path.encode()):
            return HTTPStatus.NOT_FOUND, ''
        if not accept(url):
            return HTTPStatus.FORBIDDEN, ''
        return HTTPStatus.OK, url
