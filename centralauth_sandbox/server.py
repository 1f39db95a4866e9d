"""The sandbox over HTTP: one address a wiki, journal, faults, artificial delay.

What the wikis answer is the business of :mod:`.api`; :class:`Sandbox` runs all of it in
a thread of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from email.utils import formatdate
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from . import access, control, errors, multipart
from .ages import AGES
from .api import Api, lagged
from .call import Answer, Call, Request
from .configuration import write_configuration
from .crowd import Crowd
from .errors import ApiError
from .farm import Farm, Wiki
from .faults import (
    BROKEN_KINDS,
    ERROR_KINDS,
    FARM_KINDS,
    Facts,
    Fault,
    Faults,
    strike,
    target_of,
)
from .files import LARGEST
from .journal import Entry, Journal, public
from .layout import Layout, address_of_nothing, addressed, hosts_of
from .modules.status import cas_failure, central_readonly, state_mismatch
from .seeds import Credentials, seeder
from .web import show

Result = TypeVar('Result')

FLAVOURS = (*AGES, '1.43', 'current')
MAX_WIKIS = 250
_LONGEST_URL = 8000
_TOKENS = frozenset({'token', 'logintoken', 'lgtoken'})
_DEFAULT_STATUS = {
    'empty': 200,
    'html': 200,
    'http': 502,
    'gateway': 504,
    'retry-after': 429,
}
#: What a gateway of Wikimedia answers in the place of a wiki that takes too long.
_GATEWAY = '{"httpCode":504,"httpReason":"upstream request timeout"}'
_REASONS = {429: 'Too Many Requests', 502: 'Bad Gateway', 503: 'Service Unavailable'}


class Sandbox:
    """A running farm.

    A context manager: entering starts it, leaving ends it.  Its `journal` and `faults`
    may be used from any thread; what touches `farm` goes through :meth:`call`.

    :param wikis: how many.
    :param mediawiki: `1.19`, `1.22`, `1.23` or `1.43` for wikis of that release;
        else today's.
    :param delay: seconds every answer is late.
    :param accounts: how many spam accounts.
    :param port: the same on every address; 0 for any that is free.
    :param password: derive all passwords from this one.
    :param seed: what the spam accounts are made of.
    :param penalty: seconds that a dead centralauthtoken costs; default: three in 1.43,
        none today.
    :param data: add the wiki `data`, a Wikibase repository for the others.
    :param farm: a farm made elsewhere; then `delay`, `port`, `network` and
        `credentials` are all that counts.
    :param network: the first three numbers of all addresses. Cookies do not tell ports
        apart, so two farms for one client need two of them.
    :param credentials: those with which `farm` was seeded.
    :param hosts: names in `Host` besides addresses of loopback, such as those of a
        proxy in front of it; more can be added to the attribute at any time.
    :param generator: what the wikis say that they run, such as `MediaWiki 1.31.0`;
        default: the release that they imitate.

    .. version-added:: 0.1

    :ivar key: what requests for `/sandbox/` have to bring in the header `Sandbox-Key`
    """

    def __init__(
        self,
        wikis: int = 3,
        mediawiki: str = 'current',
        delay: float = 0.0,
        accounts: int = 400,
        *,
        port: int = 0,
        password: str | None = None,
        seed: int = 1,
        penalty: float | None = None,
        data: bool = False,
        farm: Farm | None = None,
        network: str = '127.0.0',
        credentials: Credentials | None = None,
        hosts: Iterable[str] = (),
        generator: str = '',
    ) -> None:
        """Initializer."""
        self.key = secrets.token_urlsafe(24)
        self.hosts = {host.lower() for host in hosts}
        self.credentials = credentials or Credentials.generate(password)
        self._network = network
        if farm is None:
            layout = Layout(
                release=mediawiki if mediawiki in AGES else '', generator=generator
            )
            farm = Farm(
                codes_of(wikis),
                seeder(self.credentials, accounts, seed),
                current=mediawiki == 'current',
                data=data,
                layouts=dict.fromkeys(codes_of(wikis), layout),
            )
            if penalty is not None:
                farm.penalty = penalty
        self.farm = farm
        self.delay = delay
        self.journal = Journal()
        self.faults = Faults()
        self._crowd = Crowd()
        self._port = port
        self._api = Api(farm)
        self._runners: list[web.ServerRunner] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def wikis(self) -> dict[str, Wiki]:
        return self.farm.wikis

    def __enter__(self) -> Sandbox:
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

    def call(self, function: Callable[[Farm], Result]) -> Result:
        """Run a function on the farm between two requests; return what it returns."""
        assert self._loop is not None
        outcome: Future[Result] = Future()

        def run() -> None:
            try:
                outcome.set_result(function(self.farm))
            except BaseException as error:  # noqa: BLE001  # the caller gets it
                outcome.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return outcome.result()

    def command(self, name: str, /, **values: Any) -> dict[str, Any]:
        """Carry out one of the commands of :mod:`.control`."""
        return self.call(lambda farm: control.run_command(self, name, values))

    def reset(self) -> None:
        """Restore the seeded state, clear the journal and disarm all faults."""
        self.command('reset')

    def summary(self, since: int = 0) -> dict[str, Any]:
        """Return the counters."""
        return self.call(lambda farm: self.journal.summary(farm, since))

    def write_configuration(
        self, directory: Path | str, *, plugin: bool = True, bot: bool = False
    ) -> None:
        """Write the files with which pywikibot finds this sandbox."""
        write_configuration(
            Path(directory),
            self.farm,
            self.credentials,
            self.key,
            plugin=plugin,
            bot=bot,
        )

    async def start(self) -> None:
        """Listen, within a running event loop."""
        for number, wikis in enumerate(hosts_of(self.farm.wikis.values()), 1):
            host = f'{self._network}.{number}'
            for wiki in wikis:
                wiki.host, wiki.server = host, address_of_nothing(host)
            if wikis[0].layout.gone:
                continue
            server = web.Server(
                self._handler(wikis),
                request_factory=_new_request,
                access_log_class=_NoLog,
                max_line_size=65536,
                max_field_size=65536,
                keepalive_timeout=3600,
            )
            runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1)
            await runner.setup()
            self._runners.append(runner)
            site = web.TCPSite(
                runner, host, self._port, backlog=1024, reuse_address=True
            )
            await site.start()
            for wiki in wikis:
                wiki.server = f'http://{host}:{runner.addresses[0][1]}'

    async def stop(self) -> None:
        """Stop listening; connections end."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

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

    def _handler(self, wikis: list[Wiki]) -> Callable[[web.BaseRequest], Any]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if not access.is_asked_by_its_name(request, self.hosts):
                return access.stranger(request.headers.get('Host', ''))
            path = request.url.raw_path
            wiki = addressed(wikis, path)
            if wiki.layout.deleted:
                return _response(_http_answer(404, 'Not Found'))
            if path == f'{wiki.layout.script_path}/api.php':
                return await self._answer(wiki, request)
            if path.startswith('/sandbox/'):
                refused = access.may_command(request, self.key, self.hosts)
                return refused or await control.handle(self, request)
            return show(wiki, request, self.journal)

        return handle

    async def _answer(self, wiki: Wiki, request: web.BaseRequest) -> web.StreamResponse:
        """Answer an API request, with its delay and its faults."""
        asked = await _read(request)
        if self.delay:
            await asyncio.sleep(self.delay)
        await self._overlap(wiki, request, asked)
        user, hit = self._find_faults(wiki, asked) if len(self.faults) else ('', [])
        for fault in hit:
            if fault.kind == 'slow' and fault.when == 'before':
                await asyncio.sleep(fault.seconds)
        # From here to the journal nothing waits: its order is that of the effects.
        started = time.monotonic()
        broken = next((f for f in hit if _breaks(f, 'before')), None)
        ran = broken is None
        if len(request.raw_path) > _LONGEST_URL:
            answer = _http_answer(414, 'Request-URI Too Large')
        elif request.method == 'TRACE':
            answer = _http_answer(405, 'Not Allowed')
        elif ran:
            answer = self._carry_out(wiki, asked, user, hit)
        else:
            answer = Answer(user=user, code='not-carried-out')
        broken = broken or next((f for f in hit if _breaks(f, 'after')), None)
        response = _response(answer) if broken is None else _broken(broken)
        if response is not None:
            # Logs are compared with it: both are of one clock.
            response.headers['Date'] = formatdate(self.farm.clock(), usegmt=True)
        params = asked.given
        sent = _sent(response, answer, broken)
        self.journal.write(
            Entry(
                serial=self.journal.next_serial(),
                time=self.farm.clock(),
                monotonic=started,
                wiki=wiki.code,
                method=request.method,
                action=params.get('action', ''),
                params=public(params),
                user=answer.user,
                kind=answer.kind,
                target=answer.target or target_of(params),
                centralauthtoken=answer.token,
                status=response.status if response else 0,
                result=answer.code or 'ok',
                effect=answer.effect,
                fault=tuple(fault.kind for fault in hit),
                answered=broken is None,
                bytes=sent,
            )
        )
        if answer.wait:
            await asyncio.sleep(answer.wait)
        for fault in hit:
            if fault.kind == 'slow' and fault.when == 'after':
                await asyncio.sleep(fault.seconds)
        if response is None:
            half = broken is not None and broken.kind == 'half'
            return _hang_up(request, answer if half else None)
        if 'gzip' in request.headers.get('Accept-Encoding', '') and sent > 512:
            _compress(response)
        return response

    async def _overlap(
        self, wiki: Wiki, request: web.BaseRequest, asked: Request
    ) -> None:
        """Let a change of an account take its time while others make changes."""
        crowded = self._crowd.joined(wiki.code, id(request.transport))
        if asked.given.get('action') in ('setglobalaccountstatus', 'globalblock'):
            asked.arrived = self.farm.changes
            if crowded:
                await asyncio.sleep(self.farm.overlap)

    def _find_faults(self, wiki: Wiki, asked: Request) -> tuple[str, list[Fault]]:
        """Return who is asking, and the faults that hit."""
        params = asked.given
        user = self.farm.sessions.peek(
            wiki, asked.headers.get('Cookie', ''), params.get('centralauthtoken', '')
        )
        return user, self.faults.take(
            Facts(
                wiki=wiki.code,
                method=asked.method,
                action=params.get('action', ''),
                user=user,
                target=target_of(params),
                has_token=not _TOKENS.isdisjoint(params),
                has_maxlag='maxlag' in params,
            )
        )

    def _carry_out(
        self, wiki: Wiki, asked: Request, user: str, hit: list[Fault]
    ) -> Answer:
        def happen(when: str) -> Callable[[Call], ApiError] | None:
            """Let faults happen to the farm; return the error to send, if any."""
            failure = None
            for fault in hit:
                if fault.when != when:
                    continue
                if fault.kind == 'cas-race' and blocking:
                    self.farm.global_blocks.lost_races += when == 'before'
                elif fault.kind in FARM_KINDS:
                    strike(
                        fault,
                        self.farm,
                        user,
                        asked.given.get('centralauthtoken', ''),
                    )
                elif fault.kind in ERROR_KINDS:
                    failure = partial(_failure, fault)
            return failure

        blocking = asked.given.get('action') == 'globalblock'
        answer = self._api.handle(wiki, asked, happen('before'))
        failure = happen('after')
        if failure is not None:
            self._api.replace(wiki, asked, answer, failure)
        return answer


def codes_of(count: int) -> list[str]:
    """Return the codes of a farm of so many wikis: meta, aa, bb, ..., ab, ac, ..."""
    if not 1 <= count <= MAX_WIKIS:
        raise ValueError(f'a farm has 1 to {MAX_WIKIS} wikis')
    letters = 'abcdefghijklmnopqrstuvwxyz'
    pairs = [a + a for a in letters]
    pairs += [a + b for a in letters for b in letters if a != b]
    return ['meta', *pairs[: count - 1]]


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
        client_max_size=LARGEST + 2**20,
    )


async def _read(request: web.BaseRequest) -> Request:
    """Return a request to the API, with all of its body."""
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


def _breaks(fault: Fault, when: str) -> bool:
    return fault.when == when and fault.kind in BROKEN_KINDS


def _failure(fault: Fault, call: Call) -> ApiError:
    """Return the API error of a fault."""
    if fault.kind == 'maxlag':
        return lagged('db-fake2', fault.seconds or 7.3)
    if fault.kind == 'readonly':
        return errors.readonly(fault.reason)
    if fault.kind == 'ratelimited':
        return errors.rate_limited()
    if fault.kind == 'cas-race':
        return cas_failure(call)
    if fault.kind == 'state-mismatch':
        return state_mismatch(call)
    return central_readonly(call, fault.reason)


def _http_answer(status: int, title: str) -> Answer:
    page = (
        f'<html>\n<head><title>{status} {title}</title></head>\n<body>\n'
        f'<center><h1>{status} {title}</h1></center>\n</body>\n</html>\n'
    )
    return Answer(status, 'text/html', body=page.encode(), code=f'http-{status}')


def _response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    response.headers['Content-Type'] = answer.content_type
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response


def _broken(fault: Fault) -> web.Response | None:
    """Return the answer of a fault instead of the wiki's; None to hang up."""
    if fault.kind in ('drop', 'half'):
        return None
    status = fault.status or _DEFAULT_STATUS[fault.kind]
    title = _REASONS.get(status, 'Something else')
    headers = {'Content-Type': 'text/html'}
    if fault.kind == 'retry-after':
        headers['Retry-After'] = fault.retry_after or f'{fault.seconds or 1:g}'
    if fault.kind == 'gateway':
        text = fault.body or _GATEWAY
        is_json = text.startswith(('{', '['))
        headers['Content-Type'] = 'application/json' if is_json else 'text/plain'
        return web.Response(status=status, body=text.encode(), headers=headers)
    if fault.location:
        headers['Location'] = fault.location
    page = f'<html><title>{title}</title><body><h1>{title}</h1></body></html>\n'
    body = page.encode()
    if fault.kind == 'empty':
        body, headers['Content-Type'] = b'', 'application/json'
    return web.Response(status=status, body=body, headers=headers)


def _sent(response: web.Response | None, answer: Answer, broken: Fault | None) -> int:
    if response is not None:
        return len(response.body) if isinstance(response.body, bytes) else 0
    return len(answer.body) // 2 if broken and broken.kind == 'half' else 0


def _hang_up(request: web.BaseRequest, half: Answer | None) -> web.StreamResponse:
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


def _compress(response: web.Response) -> None:
    assert isinstance(response.body, bytes)
    response.body = gzip.compress(response.body, 1)
    response.headers['Content-Encoding'] = 'gzip'


__all__ = ['FLAVOURS', 'MAX_WIKIS', 'Sandbox', 'codes_of']
