"""What lies between a client and a wiki: faults of transport, and the journal.

A farm's server and the proxy before other wikis both answer through it, so that a fault
means the same on either.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from aiohttp import web

from .exchange import Answer, Request
from .faults import BROKEN_KINDS, Facts, Fault, Faults, target_of
from .journal import Entry, Journal, public
from .serving import compress, hang_up, response_of

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
#: In how many pieces a slow body arrives.
_PIECES = 10


class Transport:
    """The way to some wikis and back.

    :param journal: where requests are written; another one may take its place.
    :param clock: the time there, by which answers are dated.
    """

    def __init__(
        self, journal: Journal, faults: Faults, clock: Callable[[], float]
    ) -> None:
        """Initializer."""
        self.journal = journal
        #: Grows when all starts again: requests from before have no effect then.
        self.generation = 0
        self._faults = faults
        self._clock = clock

    def take(self, wiki: str, asked: Request, user: str) -> list[Fault]:
        """Return the faults that hit a request."""
        params = asked.given
        return self._faults.take(
            Facts(
                wiki=wiki,
                method=asked.method,
                action=params.get('action', ''),
                user=user,
                target=target_of(params),
                has_token=not _TOKENS.isdisjoint(params),
                has_maxlag='maxlag' in params,
            )
        )

    async def answer(
        self,
        request: web.BaseRequest,
        asked: Request,
        wiki: str,
        user: str,
        hit: list[Fault],
        respond: Callable[[], Awaitable[Answer]],
        arrived: float,
        generation: int,
    ) -> web.StreamResponse:
        """Answer a request to the API, with the faults that hit it.

        :param respond: has the wiki answer; where it does not wait, the order of the
            journal is that of the effects. The status 0 stands for no answer at all.
        :param arrived: when the whole request was there.
        :param generation: the one when it was there.
        """
        await _wait(hit, 'before')
        if generation != self.generation:
            return hang_up(request)
        started = time.monotonic()
        broken = next((f for f in hit if _breaks(f, 'before')), None)
        if broken is None:
            answer = await respond()
            if generation != self.generation:
                return hang_up(request)
        else:
            answer = Answer(user=user, code='not-carried-out')
        broken = broken or next((f for f in hit if _breaks(f, 'after')), None)
        response: web.Response | None = None
        if broken is not None:
            response = _broken(broken, answer, self._clock())
        elif answer.status:
            response = response_of(answer)
        if response is not None:
            # Logs are compared with it: both are of one clock.
            date = formatdate(self._clock(), usegmt=True)
            response.headers.setdefault('Date', date)
        params = asked.given
        entry = Entry(
            serial=self.journal.next_serial(),
            time=self._clock(),
            monotonic=started,
            wiki=wiki,
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
            answered=broken is None and response is not None,
            bytes=(sent := _sent(response, answer, broken)),
            arrived=arrived,
        )
        self.journal.write(entry)
        try:
            if answer.wait:
                await asyncio.sleep(answer.wait)
            await _wait(hit, 'after')
            if response is None:
                half = broken is not None and broken.kind == 'half'
                return hang_up(request, answer if half else None)
            if 'gzip' in request.headers.get('Accept-Encoding', '') and sent > 512:
                compress(response)
            slow = next((fault for fault in hit if fault.kind == 'trickle'), None)
            if slow is not None:
                return await _trickle(request, response, slow.seconds)
            return response
        finally:
            entry.ended = time.monotonic()


async def _wait(hit: list[Fault], when: str) -> None:
    for fault in hit:
        if fault.kind == 'slow' and fault.when == when:
            await asyncio.sleep(fault.seconds)


def _breaks(fault: Fault, when: str) -> bool:
    return fault.when == when and fault.kind in BROKEN_KINDS


def _broken(fault: Fault, answer: Answer, now: float) -> web.Response | None:
    """Return the answer of a fault instead of the wiki's; None to hang up."""
    if fault.kind in ('drop', 'half'):
        return None
    if fault.kind == 'truncated':
        response = response_of(answer)
        response.body = answer.body[: len(answer.body) // 2]
        return response
    status = fault.status or _DEFAULT_STATUS[fault.kind]
    title = _REASONS.get(status, 'Something else')
    headers = {'Content-Type': 'text/html'}
    if fault.kind == 'retry-after':
        headers['Retry-After'] = _retry_after(fault, now)
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


def _retry_after(fault: Fault, now: float) -> str:
    seconds = fault.seconds or 1
    if fault.retry_after == 'date':
        return formatdate(now + seconds, usegmt=True)
    return fault.retry_after or f'{seconds:g}'


def _sent(response: web.Response | None, answer: Answer, broken: Fault | None) -> int:
    if response is not None:
        return len(response.body) if isinstance(response.body, bytes) else 0
    return len(answer.body) // 2 if broken and broken.kind == 'half' else 0


async def _trickle(
    request: web.BaseRequest, whole: web.Response, seconds: float
) -> web.StreamResponse:
    """Send a body in pieces, the last of which comes after so many seconds."""
    body = whole.body if isinstance(whole.body, bytes) else b''
    response = web.StreamResponse(status=whole.status, headers=whole.headers)
    response.content_length = len(body)
    await response.prepare(request)
    size = len(body) // _PIECES + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _PIECES)
        await response.write(body[start : start + size])
    await response.write_eof()
    return response
