"""A proxy before any wikis: their requests in a journal, faults on the way to them.

Requests to the API are read whole, so that they can be counted and broken; all others
pass in a stream. The journal, the faults of transport and `/sandbox/` are those of the
sandbox.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from . import access, control, farmfile, forwarding, hooks, readings, serving
from .addresses import Addresses, by_host, origin_of
from .control import CommandError
from .exchange import Answer, Request, http_answer
from .faults import ANSWER_KINDS, Fault, FaultError, Faults
from .hooks import Hooks, Programs
from .identities import Identities
from .journal import Journal
from .transport import Transport

Json = dict[str, Any]

#: Idle connections are closed before a server closes them, which would lose a request.
_IDLE = 2.0
_PATIENCE = 30.0


@dataclass(slots=True)
class ProxiedWiki:
    """One wiki behind the proxy.

    :ivar upstream: the address of its api.php
    :ivar server: where the proxy offers it, without the path; '' until that is known
    """

    code: str
    upstream: str
    server: str = ''

    @property
    def address(self) -> str:
        """Where the proxy offers its api.php."""
        return self.server + self.path

    @property
    def path(self) -> str:
        """The path of its api.php."""
        return urlsplit(self.upstream).path


class Proxy(serving.Served):
    """A proxy on loopback, with an address for each host that has wikis.

    A context manager, as the sandbox is. Its `journal` and `faults` may be used from
    any thread.

    :param upstreams: by the code of a wiki, the address of its api.php.
    :param programs: what changes the state of the farm: the farm's hooks, or by the
        name of a command of the sandbox a command line for it.
    :param delay: seconds every answer is late.
    :param port: that of the first wiki; 0 for any that is free.
    :param network: the first three numbers of all addresses.
    :param hosts: names in `Host` besides addresses of loopback.

    .. version-added:: 0.1

    :ivar key: what requests for `/sandbox/` have to bring in the header `Sandbox-Key`
    """

    def __init__(
        self,
        upstreams: Mapping[str, str],
        *,
        programs: Hooks | Mapping[str, str] | None = None,
        delay: float = 0.0,
        port: int = 0,
        network: str = '127.0.9',
        hosts: Iterable[str] = (),
    ) -> None:
        """Initializer."""
        super().__init__()
        self.key = secrets.token_urlsafe(24)
        self.hosts = {host.lower() for host in hosts}
        self.delay = self._usual_delay = delay
        self.wikis = {
            code: ProxiedWiki(code, upstream)
            for code, upstream in _checked(upstreams).items()
        }
        if programs is None or isinstance(programs, Mapping):
            programs = Programs(programs or {})
        self.hooks: Hooks = programs
        self.journal = Journal()
        self.faults = Faults(check=self._check)
        self._transport = Transport(self.journal, self.faults, time.time)
        self._identities = Identities()
        self._addresses = Addresses({})
        self._client: aiohttp.ClientSession | None = None
        self._port = port
        self._network = network

    def command(self, name: str, /, **values: Any) -> Json:
        """Carry out a command, by a hook of the farm.

        :raises CommandError: there is no hook for it, or it failed.
        """
        assert self._loop is not None
        done = asyncio.run_coroutine_threadsafe(self.execute(name, values), self._loop)
        return done.result()

    def reset(self) -> None:
        """Clear the journal, disarm all faults, and have the farm restored.

        The latter only happens where it has a hook for that.
        """
        self.command('reset')

    def summary(self, since: int = 0) -> Json:
        """Return the counters."""
        return self.between_requests(lambda: self.counted(since))

    def counted(self, since: int) -> Json:
        """Count requests, in the thread of the proxy."""
        return self.journal.summary(since)

    async def execute(self, name: str, values: Json) -> Json:
        """Carry out a command, in the thread of the proxy."""
        if name == 'set-delay':
            seconds = values.get('seconds')
            if list(values) != ['seconds'] or not isinstance(seconds, (int, float)):
                raise CommandError("set-delay wants 'seconds'")
            self.delay = float(seconds)
        elif name == 'clear-journal':
            self.journal.clear()
        elif name == 'reset':
            self._transport.generation += 1
            if 'reset' in self.hooks:
                await self.hooks.execute(name, values)
            self.delay = self._usual_delay
            self.journal.clear()
            self.faults.clear()
        else:
            return await self.hooks.execute(name, values)
        return {'command': name, 'done': True}

    @classmethod
    def from_file(cls, path: Path, **options: Any) -> Proxy:
        """Return a proxy before the farm that a file describes.

        :raises FarmFileError: the file describes none.
        """
        farm = farmfile.read(path)
        return cls(farm.wikis, programs=farm.hooks, **options)

    async def start(self) -> None:
        """Listen, within a running event loop."""
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_PATIENCE),
            auto_decompress=False,
            skip_auto_headers=('User-Agent', 'Accept', 'Accept-Encoding'),
            max_line_size=serving.MAX_FIELD,
            max_field_size=serving.MAX_FIELD,
        )
        pairs: dict[str, str] = {}
        upstreams = dict.fromkeys(origin_of(w.upstream) for w in self.wikis.values())
        for number, origins in enumerate(by_host(upstreams).values(), 1):
            host = f'{self._network}.{number}'
            for place, origin in enumerate(origins):
                port = await self.listen(
                    host, self._port and self._port + place, self._handler(origin)
                )
                pairs[origin] = f'http://{host}:{port}'
        for wiki in self.wikis.values():
            wiki.server = pairs[origin_of(wiki.upstream)]
        self._addresses = Addresses(pairs)

    async def stop(self) -> None:
        """Stop listening; connections end."""
        await super().stop()
        if self._client is not None:
            await self._client.close()

    def _check(self, fault: Fault) -> None:
        if fault.wiki and fault.wiki not in self.wikis:
            raise FaultError(f'no wiki is called {fault.wiki!r}')
        if fault.kind not in ANSWER_KINDS:
            hooks.check(fault, self.hooks)

    def _handler(self, origin: str) -> serving.Handler:
        own = [w for w in self.wikis.values() if origin_of(w.upstream) == origin]

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if not access.is_asked_by_its_name(request, self.hosts):
                return access.stranger(request.headers.get('Host', ''))
            if request.method == 'CONNECT':
                return serving.response_of(http_answer(405, 'No Tunnels'))
            path = request.url.raw_path
            if path.startswith('/sandbox/'):
                refused = access.may_command(request, self.key, self.hosts)
                return refused or await control.handle(self, request)
            for wiki in own:
                if path == wiki.path:
                    return await self._answer(wiki, request)
            return await self._pass_on(origin, request)

        return handle

    async def _answer(
        self, wiki: ProxiedWiki, request: web.BaseRequest
    ) -> web.StreamResponse:
        """Answer an API request, with its delay and its faults."""
        body = await request.read()
        asked = await serving.read(request)
        arrived, generation = time.monotonic(), self._transport.generation
        if self.delay:
            await asyncio.sleep(self.delay)
        user, _, token = self._identities.of(asked)
        hit = self._transport.take(wiki.code, asked, user)

        async def respond() -> Answer:
            state = [fault for fault in hit if hooks.is_of_state(fault)]
            try:
                await self._strike(state, 'before', user, wiki.code)
                answer = await self._forward(wiki, request, asked, body)
                await self._strike(state, 'after', user, wiki.code)
                for fault in state:
                    await hooks.end(fault, wiki.code, self.hooks)
            except CommandError as error:
                answer = http_answer(500, str(error))
                answer.code = 'hook-failed'
            answer.token = token
            return answer

        return await self._transport.answer(
            request, asked, wiki.code, user, hit, respond, arrived, generation
        )

    async def _strike(
        self, faults: Iterable[Fault], when: str, user: str, wiki: str
    ) -> None:
        for fault in faults:
            if fault.when == when:
                await hooks.strike(fault, user, wiki, self.hooks)

    async def _forward(
        self, wiki: ProxiedWiki, request: web.BaseRequest, asked: Request, body: bytes
    ) -> Answer:
        """Have the wiki answer."""
        assert self._client is not None
        headers = forwarding.sent(request, self._addresses)
        headers.append(('Accept-Encoding', 'identity'))
        try:
            async with self._client.request(
                request.method,
                forwarding.address(wiki.upstream, request),
                headers=headers,
                data=body or None,
                allow_redirects=False,
            ) as reply:
                content = await forwarding.whole(reply)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return Answer(status=0, code='no-answer')
        left_out = {'content-type', 'content-length'}
        encoding = reply.headers.get('Content-Encoding', 'identity')
        plain = content if encoding == 'identity' else None
        if plain is None:
            plain = forwarding.unpacked(content, encoding)
        if plain is not None:
            content = self._addresses.in_answer(plain)
            left_out.add('content-encoding')
        reading = readings.read(asked, reply.status, content)
        cookies = reply.headers.getall('Set-Cookie', [])
        user, kind = self._identities.learn(asked, cookies, reading.data)
        return Answer(
            status=reply.status,
            content_type=reply.headers.get('Content-Type', 'application/octet-stream'),
            headers=[
                (name, value)
                for name, value in forwarding.received(reply, self._addresses)
                if name.lower() not in left_out
            ],
            body=content,
            code=reading.code,
            effect=reading.effect,
            target=user if reading.effect == 'login' else '',
            user=user,
            kind=kind,
        )

    async def _pass_on(
        self, origin: str, request: web.BaseRequest
    ) -> web.StreamResponse:
        """Pass on a request that is not for the API, and its answer, as they come."""
        assert self._client is not None
        headers = forwarding.sent(request, self._addresses)
        for name in 'Content-Length', 'Accept-Encoding':
            if name in request.headers:
                headers.append((name, request.headers[name]))
        try:
            async with self._client.request(
                request.method,
                forwarding.address(origin, request),
                headers=headers,
                data=request.content if request.can_read_body else None,
                allow_redirects=False,
            ) as reply:
                response = web.StreamResponse(status=reply.status, reason=reply.reason)
                for name, value in forwarding.received(reply, self._addresses):
                    response.headers.add(name, value)
                await response.prepare(request)
                async for piece in reply.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
                return response
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return serving.hang_up(request)


def _checked(upstreams: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses by their codes.

    :raises ValueError: one is not that of an api.php.
    """
    seen: dict[str, str] = {}
    for code, url in upstreams.items():
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(f'{url!r} is no address: {error}') from None
        if (
            parts.scheme not in ('http', 'https')
            or not parts.hostname
            or port == 0
            or parts.path in ('', '/')
            or parts.query
            or parts.fragment
        ):
            raise ValueError(f'{url!r} is not the address of an api.php')
        if parts.username is not None:
            raise ValueError(f'leave name and password out of the address of {code!r}')
        if not code:
            raise ValueError(f'name a code for {url!r}: CODE=URL')
        if url in seen:
            raise ValueError(f'{seen[url]!r} and {code!r} are the same wiki: {url}')
        seen[url] = code
    return dict(upstreams)
