"""A web server on loopback in a thread of its own, for a farm as for a proxy.

It listens, reads the requests of clients and sends answers; what they mean is known
elsewhere.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

from . import multipart
from .exchange import Answer, Request

Result = TypeVar('Result')
Self = TypeVar('Self', bound='Served')
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

#: The largest body that is read: a file of the size that wikis take, and what goes
#: along with it.
LARGEST_BODY = 101 * 2**20
#: The longest first line, and the longest header.
MAX_FIELD = 65536

_LOG = logging.getLogger(__name__)


class Served:
    """Something that listens on loopback.

    A context manager: entering starts it in a thread, leaving ends it. A program that
    has an event loop of its own calls :meth:`start` and :meth:`stop` there.
    """

    def __init__(self) -> None:
        """Not started yet."""
        self._runners: list[web.ServerRunner] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self: Self) -> Self:
        """Start it in a thread."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(ready,), name='sandbox', daemon=True
        )
        self._thread.start()
        ready.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        assert self._loop is not None and self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def start(self) -> None:
        """Listen, within a running event loop."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop listening; connections end."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def listen(self, host: str, port: int, handler: Handler) -> int:
        """Hand the requests for an address to a handler; return the port.

        :param port: 0 for any that is free.
        """
        server = web.Server(
            _polite(handler),
            request_factory=_new_request,
            access_log_class=_NoLog,
            logger=_LOG,
            max_line_size=MAX_FIELD,
            max_field_size=MAX_FIELD,
            keepalive_timeout=3600,
        )
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, host, port, backlog=1024, reuse_address=True)
        await site.start()
        found: int = runner.addresses[0][1]
        return found

    def between_requests(self, function: Callable[[], Result]) -> Result:
        """Run a function in the thread that answers; return what it returns."""
        assert self._loop is not None
        outcome: Future[Result] = Future()

        def run() -> None:
            try:
                outcome.set_result(function())
            except BaseException as error:  # noqa: BLE001  # the caller gets it
                outcome.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return outcome.result()

    def _run(self, ready: Future[None]) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._loop = loop
        try:
            try:
                loop.run_until_complete(self.start())
            except BaseException as error:  # noqa: BLE001  # the caller gets it
                loop.run_until_complete(self.stop())
                ready.set_exception(error)
                return
            ready.set_result(None)
            loop.run_forever()
            loop.run_until_complete(self.stop())
        finally:
            # Some wait for clients that have hung up.
            waiting = asyncio.all_tasks(loop)
            for task in waiting:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
            loop.close()


def _polite(handler: Handler) -> Handler:
    """Send `100 Continue` to clients that wait for it."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if (
            request.headers.get('Expect', '').lower() == '100-continue'
            and request.version >= HttpVersion11
            and request.transport is not None
        ):
            request.transport.write(b'HTTP/1.1 100 Continue\r\n\r\n')
        try:
            return await handler(request)
        except ConnectionResetError:
            return hang_up(request)

    return handle


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Tell errors of the server from requests that are none, which clients learn."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


_LOG.addFilter(_is_our_fault)


class _NoLog(AbstractAccessLogger):
    """The journal is the access log."""

    def log(
        self, request: web.BaseRequest, response: web.StreamResponse, time: float
    ) -> None:
        """Log nothing."""

    @property
    def enabled(self) -> bool:
        return False


def _new_request(
    message: Any, payload: Any, protocol: Any, writer: Any, task: Any
) -> web.BaseRequest:
    """Return a request that may be as long as an upload."""
    return web.BaseRequest(
        message,
        payload,
        protocol,
        writer,
        task,
        asyncio.get_running_loop(),
        client_max_size=LARGEST_BODY,
    )


async def read(request: web.BaseRequest) -> Request:
    """Return a request to the API, with all of its body.

    :raises web.HTTPRequestEntityTooLarge: it is longer than :data:`LARGEST_BODY`.
    """
    form: dict[str, str] = {}
    files: dict[str, bytes] = {}
    body = await request.read()
    if request.content_type == 'multipart/form-data':
        form, files = multipart.parse(request.headers['Content-Type'], body)
    elif body and request.content_type == 'application/x-www-form-urlencoded':
        form = _parse(body.decode('utf-8', 'replace'))
    query = _parse(request.url.raw_query_string)
    return Request(request.method, query, form, request.headers, files)


def _parse(text: str) -> dict[str, str]:
    """Return parameters; a list in PHP's way is one text, with a separator."""
    found: dict[str, str] = {}
    for part in text.split('&') if text else ():
        name, _, value = part.replace('+', ' ').partition('=')
        name, value = _decode(name), _decode(value)
        if name.endswith('[]') and name in found:
            value = f'{found[name]}\x1f{value}'
        found[name] = value
    return found


def _decode(text: str) -> str:
    return unquote(text) if '%' in text else text


def response_of(answer: Answer) -> web.Response:
    """Return an answer as it is sent."""
    response = web.Response(status=answer.status, body=answer.body)
    response.headers['Content-Type'] = answer.content_type
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response


def compress(response: web.Response) -> None:
    """Send an answer in less space, unless the wiki has done so."""
    assert isinstance(response.body, bytes)
    if 'Content-Encoding' in response.headers:
        return
    response.body = gzip.compress(response.body, 1)
    response.headers['Content-Encoding'] = 'gzip'


def hang_up(request: web.BaseRequest, half: Answer | None = None) -> web.StreamResponse:
    """Close the connection, after half an answer if one is given."""
    transport = request.transport
    if transport is not None:
        if half is not None:
            head = (
                f'HTTP/1.1 {half.status} OK\r\nContent-Type: {half.content_type}\r\n'
                f'Content-Length: {len(half.body)}\r\n\r\n'
            )
            transport.write(head.encode() + half.body[: len(half.body) // 2])
        transport.close()
    return _Nothing()


class _Nothing(web.Response):
    """An answer of which nothing is sent, since the connection is closed."""

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send no head."""

    async def write_eof(self, data: bytes = b'') -> None:
        """Send no body."""
