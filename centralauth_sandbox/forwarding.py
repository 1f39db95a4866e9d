"""Requests as the wiki behind a proxy gets them, and its answers as clients get them.

What concerns one connection alone stays there; addresses are those that the other end
can use.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from .addresses import Addresses

#: The largest answer of an API that is read.
LARGEST_ANSWER = 256 * 2**20
#: Headers that concern one connection alone, besides those that `Connection` names.
_OF_CONNECTION = frozenset(
    (
        'connection keep-alive proxy-authenticate proxy-authorization '
        'proxy-connection te trailer transfer-encoding upgrade expect'
    ).split()
)
_ADDRESSES = ('location', 'content-location', 'origin', 'referer')
_OF_REQUEST = frozenset({'host', 'content-length', 'accept-encoding'})
Headers = list[tuple[str, str]]


def sent(request: web.BaseRequest, addresses: Addresses) -> Headers:
    """Return the headers of a request as the wiki gets them."""
    moved = _moved(request.headers, addresses.inward, addresses)
    return [(name, value) for name, value in moved if name.lower() not in _OF_REQUEST]


def received(reply: aiohttp.ClientResponse, addresses: Addresses) -> Headers:
    """Return the headers of an answer as the client gets them."""
    return _moved(reply.headers, addresses.outward, addresses)


def address(upstream: str, request: web.BaseRequest) -> Any:
    """Return the address of a request as the wiki knows it, escaped as it was."""
    parts = urlsplit(upstream)
    url = request.url.with_scheme(parts.scheme).with_host(parts.hostname or '')
    return url.with_port(parts.port)


async def whole(reply: aiohttp.ClientResponse) -> bytes:
    """Return the body of an answer.

    :raises aiohttp.ClientPayloadError: it is not whole, or too long.
    """
    pieces, size = [], 0
    async for piece in reply.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError('the answer is too long')
    return b''.join(pieces)


def unpacked(body: bytes, encoding: str) -> bytes | None:
    """Return a body that a wiki has compressed, though it was not asked to.

    None if it is compressed in an unknown way, or is not what it says.
    """
    if encoding.lower() not in ('gzip', 'x-gzip', 'deflate'):
        return None
    unpacking = zlib.decompressobj(wbits=47)
    try:
        found = unpacking.decompress(body, LARGEST_ANSWER)
    except zlib.error:
        return None
    return found if unpacking.eof else None


def _moved(headers: Any, move: Callable[[str], str], addresses: Addresses) -> Headers:
    dropped = _OF_CONNECTION | _listed(headers.getall('Connection', ()))
    found = []
    for name, value in headers.items():
        lower = name.lower()
        if lower in dropped:
            continue
        if lower in _ADDRESSES:
            found.append((name, move(value)))
        elif lower == 'set-cookie':
            found.append((name, addresses.cookie(value)))
        elif lower != 'strict-transport-security':
            found.append((name, value))
    return found


def _listed(values: Iterable[str]) -> set[str]:
    return {name.strip().lower() for value in values for name in value.split(',')}
