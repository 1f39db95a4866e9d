"""What the HTTP library may do with a request: redirects, and the limits of an answer.

Hooks of pywikibot's HTTP session. Only plain reads follow redirects, and only a few; an
answer of the API has a limit of size, of depth and of time. What an answer means is
decided in :mod:`~mw_tokens_plugin.site.requests`.

https://requests.readthedocs.io/en/latest/user/advanced/#event-hooks
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from mw_tokens_plugin.site.family import host_of
from mw_tokens_plugin.site.meanwhile import Meanwhile

#: Bytes that an answer of the API may have once it is unpacked: ten times of what
#: MediaWiki puts into one (``$wgAPIMaxResultSize``) and JSON makes of it.
MAX_BYTES = 128 * 1024 * 1024
#: Mappings and lists within each other; answers of the API have some ten.
MAX_DEPTH = 100
#: Digits of a number, where Python has no limit of its own.
MAX_DIGITS = 4300
#: Seconds from when a request was sent until the whole answer of the API is there,
#: and until the head of any other.
MAX_SECONDS = 300.0

_CHUNK = 16 * 1024
_PORTS = {'http': 80, 'https': 443}


class _Waiting(threading.local):
    """Whether this thread waits for an answer of the API."""

    for_api = False
    failure: Exception | None = None
    status: int | None = None


_waiting = _Waiting()


def waiting_for_api() -> Meanwhile:
    """Hold all answers that this thread gets meanwhile to the limits of the API's."""
    return Meanwhile(_waiting, 'for_api', True)


def with_few_redirects(response: requests.Response, **_: Any) -> None:
    """Let redirects lead plain reads alone, and those of the API to the same origin.

    Whatever is posted or carries a token goes where it was sent to, or nowhere.
    """
    if response.status_code < 300 or not response.is_redirect:
        return
    sent = response.request
    address = str(sent.url)
    is_read = sent.method in ('GET', 'HEAD') and 'token=' not in urlsplit(address).query
    try:
        target = urljoin(address, response.headers.get('Location', ''))
    except ValueError:
        target, is_read = '', False
    if not is_read or (_waiting.for_api and not is_same_origin(address, target)):
        del response.headers['Location']
        target = host_of(target) or 'an address not of the web'
        response.not_followed_to = target  # type: ignore[attr-defined]


def is_same_origin(address: str, target: str) -> bool:
    """Tell whether two addresses have one scheme, host and port."""
    try:
        one, other = urlsplit(address), urlsplit(target)
        ports = [part.port or _PORTS.get(part.scheme) for part in (one, other)]
    except ValueError:
        return False
    return (
        (one.scheme, one.hostname, ports[0]) == (other.scheme, other.hostname, ports[1])
        and other.scheme in _PORTS
        and '@' not in other.netloc
    )


def keep_secrets_at_home(session: requests.Session) -> None:
    """Let no cookie and no password follow a redirect to another origin.

    The library itself tells hosts apart, but not their ports.

    :param session: the session of the HTTP library
    """
    rebuild = session.rebuild_auth

    def rebuild_auth(
        prepared: requests.PreparedRequest, response: requests.Response
    ) -> None:
        # In which order the library tells what came before depends on its version.
        before: Any = response.request
        first = getattr(before, 'first_address', None) or str(before.url)
        prepared.first_address = first  # type: ignore[attr-defined]
        if is_same_origin(first, str(prepared.url)):
            rebuild(prepared, response)
            return
        for name in ('Authorization', 'Cookie'):
            prepared.headers.pop(name, None)

    session.__dict__['rebuild_auth'] = rebuild_auth


def within_limits(response: requests.Response, stream: bool = False, **_: Any) -> None:
    """Read an answer of the API until its limits.

    A larger answer gets no content, and a ``cut_off``. Other answers are read by the
    code that asked for them.
    """
    if stream or not _waiting.for_api:
        _lift_time_limit(response)
        return
    declared = response.headers.get('Content-Length', '')
    is_too_large = declared.isdecimal() and int(declared[:20]) > MAX_BYTES
    # Each packing may make a thousand bytes of one.
    is_packed_twice = ',' in response.headers.get('Content-Encoding', '')
    parts: list[bytes] = []
    if is_packed_twice:
        response.cut_off = 'an answer that is packed twice'  # type: ignore[attr-defined]
    elif is_too_large or not _read(response, parts):
        response.cut_off = (  # type: ignore[attr-defined]
            f'more than {MAX_BYTES // (1024 * 1024)} MB'
        )
    if hasattr(response, 'cut_off'):
        parts.clear()
        response.close()
    response._content = content = b''.join(parts)
    response._content_consumed = True
    _name_charset(response, content)


def _name_charset(response: requests.Response, content: bytes) -> None:
    """Set a character set in which the content can be decoded.

    The header may name any codec of Python, or one that cannot decode it.
    """
    named = response.headers.get('Content-Type', '')
    try:
        content.decode()
        charset = 'utf-8'
    except UnicodeDecodeError:
        charset = 'latin-1'
    kind = named.partition(';')[0] or 'text/plain'
    if named != (right := f'{kind}; charset={charset}'):
        response.headers['Content-Type'] = right


def _read(response: requests.Response, parts: list[bytes]) -> bool:
    """Read an answer in parts; return whether it keeps to the limit of size."""
    size = 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > MAX_BYTES:
            return False
        parts.append(part)
    return True


def body_of(response: requests.Response) -> Any:
    """Return the decoded body of an answer; None if it is not JSON, or beyond limits.

    The API answers in UTF-8, whatever a header says.
    """
    if getattr(response, 'cut_off', None):
        return None
    content = response.content
    has_limit = getattr(sys, 'get_int_max_str_digits', int)() > 0
    options: dict[str, Any] = {} if has_limit else {'parse_int': _short_number}
    try:
        body = json.loads(_text_of(content), **options)
    except (ValueError, RecursionError):
        return None
    if _is_too_deep(content, body):
        return None
    return _whole_letters(body) if _HALF_LETTER.search(content) else body


def _text_of(content: bytes) -> str | bytes:
    """Spare the library to guess an encoding where there is but one that it can be."""
    is_utf_8 = content.startswith(b'{"')
    return content.decode('utf-8', 'surrogatepass') if is_utf_8 else content


#: What may be a half of a letter beyond the first 65,536, without the other one.
_HALF_LETTER = re.compile(rb'\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]')


def _whole_letters(body: Any) -> Any:
    """Replace halves of letters, which no file, database or terminal takes.

    MediaWiki has none; https://www.rfc-editor.org/rfc/rfc8259#section-8.2
    """
    text = json.dumps(body, ensure_ascii=False)
    whole = text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')
    return body if whole == text else json.loads(whole)


def _short_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError('a number has too many digits')
    return int(digits)


def _is_too_deep(content: bytes, body: Any) -> bool:
    if content.count(b'[') + content.count(b'{') <= MAX_DEPTH:
        return False
    level = [body]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def latest_error_status() -> int | None:
    """Return with which error of the server the latest request was answered, if any."""
    status = _waiting.status
    return status if status is not None and status >= 500 else None


def latest_failure() -> Exception | None:
    """Return why the latest request of this thread got no answer, if that is known."""
    return _waiting.failure


class TimedAdapter(HTTPAdapter):
    """Sends requests as usual, and waits a limited time for all of an answer.

    The library has a limit for each piece alone, so that a byte now and then keeps it
    waiting for ever.
    """

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, and note the status, or why there is no answer."""
        _waiting.failure = _waiting.status = None
        try:
            response = super().send(*args, **kwargs)
        except Exception as error:
            _waiting.failure = error
            raise
        _waiting.status = response.status_code
        return response

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **kwargs)
        _limit_time(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy."""
        return _limit_time(super().proxy_manager_for(proxy, **kwargs))


def limit_time(session: requests.Session) -> None:
    """Let a session wait a limited time for answers, if its adapters are its own.

    :param session: the session of the HTTP library
    """
    for prefix, adapter in list(session.adapters.items()):
        if type(adapter) is HTTPAdapter:
            session.mount(prefix, TimedAdapter())


def _limit_time(manager: Any) -> Any:
    manager.pool_classes_by_scheme = {
        scheme: _timed_pool(kind)
        for scheme, kind in manager.pool_classes_by_scheme.items()
    }
    return manager


@cache
def _timed_pool(kind: Any) -> Any:
    """Return the class of pools like others, whose connections limit the time."""
    if issubclass(kind.ConnectionCls, _Timed):
        return kind
    connection = type(kind.ConnectionCls.__name__, (_Timed, kind.ConnectionCls), {})
    return type(kind.__name__, (kind,), {'ConnectionCls': connection})


class _TimedResponse(HTTPResponse):
    """A response that is read until a moment, and no longer."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        """Begin to count: the request has been sent."""
        super().__init__(sock, *args, **kwargs)
        source: Any = self.fp.raw
        source.__class__ = _timed_source(source.__class__)
        source.socket = sock
        source.end = time.monotonic() + MAX_SECONDS
        self.source = source


class _Timed:
    """The part of a connection that makes such responses."""

    response_class = _TimedResponse


class _TimedSource:
    """The part of what reads from a socket that does so until a moment.

    :ivar socket: the socket
    :ivar end: that moment, by the monotonic clock; None for never
    """

    socket: Any
    end: float | None

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, waiting for it until the moment at the longest."""
        read: Callable[[Any], int | None] = super().readinto  # type: ignore[misc]
        if self.end is None:
            return read(buffer)
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f'the answer took more than {MAX_SECONDS:.0f} seconds')
        own = self.socket.gettimeout()
        if own is not None and own <= left:
            return read(buffer)
        self.socket.settimeout(left)
        try:
            return read(buffer)
        finally:
            self.socket.settimeout(own)


@cache
def _timed_source(kind: Any) -> Any:
    """Return the class of what reads like others, and does so until a moment."""
    return type(kind.__name__, (_TimedSource, kind), {})


def _lift_time_limit(response: requests.Response) -> None:
    source = getattr(getattr(response.raw, '_fp', None), 'source', None)
    if isinstance(source, _TimedSource):
        source.end = None
