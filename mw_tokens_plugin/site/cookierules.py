"""Which cookies of an answer are kept, and which go along with a request.

A host may set cookies for its parent domain, and with them those of other wikis. Only
wikis that the operator has named may do so; all others have cookies of their own alone.
Where cookies are kept is left to :mod:`.cookies`.

https://www.rfc-editor.org/rfc/rfc6265
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from contextlib import suppress
from http.cookiejar import (  # type: ignore[attr-defined]
    Cookie,
    CookieJar,
    DefaultCookiePolicy,
    eff_request_host,
)
from typing import Any

from requests import PreparedRequest
from requests.cookies import MockRequest

from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.credentials import OPERATOR
from mw_tokens_plugin.site.meanwhile import Meanwhile

#: Letters of a name and its value, and cookies of a host: what browsers keep.
_MAX_LENGTH, _MAX_NUMBER = 4096, 180
#: Seconds for which a cookie is kept at most; no file can hold a year of five digits.
_MAX_AGE = 400 * 24 * 3600
#: Any other name becomes several cookies, of any wiki, once it is read from the file.
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


#: How the names of cookies end that say who is logged in.
_LOGIN = ('session', 'token', 'user', 'userid', 'username')


class _Present(threading.local):
    """Whether answers in this thread may set cookies for their parent domain."""

    takes_wide = False


_present = _Present()


def taking_cookies_of(site: WikiSite) -> Meanwhile:
    """Let a wiki set cookies for its domain meanwhile, if the operator has named it.

    :param site: the site that this thread sends a request to
    """
    is_named = getattr(site, 'vouched', OPERATOR) is OPERATOR
    return Meanwhile(_present, 'takes_wide', is_named)


def take(jar: CookieJar, response: Any, request: Any) -> None:
    """Put the cookies of an answer into a jar, and remove those that it ends.

    :param jar: the jar, with its policy
    :param response: the answer, as the standard library's jar gets it
    :param request: the request, likewise
    """
    if 'Set-Cookie' not in response.info():
        return
    answer = _Answer(jar._policy)  # type: ignore[attr-defined]
    made = answer.make_cookies(response, request)
    host = eff_request_host(request)[1]
    for domain, path, name in answer.ended:
        if domain == host or f'.{host}'.endswith(domain):
            with suppress(KeyError):
                jar.clear(domain if _present.takes_wide else host, path, name)
    allowed = [c for c in made if answer._policy.set_ok(c, request)]  # type: ignore[attr-defined]
    kept = {(c.domain, c.path, c.name) for c in jar}
    number = Counter(domain for domain, *_ in kept)
    for cookie in filter(_can_be_kept, allowed):
        if not _present.takes_wide:
            _confine(cookie, host)
        # They would be lines of the file.
        cookie._rest = {}  # type: ignore[attr-defined]
        if cookie.expires is not None:
            cookie.expires = int(min(cookie.expires, time.time() + _MAX_AGE))
        if (cookie.domain, cookie.path, cookie.name) not in kept:
            if number[cookie.domain] >= _MAX_NUMBER:
                continue
            number[cookie.domain] += 1
        jar.set_cookie(cookie)


def send(prepared: PreparedRequest) -> None:
    """Let only those cookies go along that the host of a request may get.

    The library would send those of a host to all hosts below it as well.

    :param prepared: the request, with what the library has chosen
    """
    jar: Any = prepared._cookies
    # It also decides which cookies a redirect may set.
    jar.set_policy(_POLICY)
    hosts = eff_request_host(MockRequest(prepared))
    host = hosts[1]
    cookies = list(jar)
    own = {(c.name, c.path) for c in cookies if c.domain == host}
    # PHP takes the first of several with one name.
    doubles = [c for c in cookies if c.domain_specified and (c.name, c.path) in own]
    if not doubles and not any(_is_from_above(c, hosts) for c in cookies):
        # What the library has chosen is right.
        return
    for cookie in doubles:
        jar.clear(cookie.domain, cookie.path, cookie.name)
    del prepared.headers['Cookie']
    prepared.prepare_cookies(jar)


def without_login(prepared: PreparedRequest) -> None:
    """Leave out the cookies of a login, beside something else that says who asks.

    MediaWiki refuses a request with two logins. All other cookies go back to the host
    that has set them: some tell a gateway how many requests an account may send.

    :param prepared: the request
    """
    sent = prepared.headers.get('Cookie')
    if not isinstance(sent, str):
        return
    kept = [pair for pair in sent.split('; ') if not _is_of_login(pair)]
    if kept:
        prepared.headers['Cookie'] = '; '.join(kept)
    else:
        del prepared.headers['Cookie']


def _is_of_login(pair: str) -> bool:
    return pair.partition('=')[0].lower().endswith(_LOGIN)


def _is_from_above(cookie: Cookie, hosts: tuple[str, str]) -> bool:
    """Tell whether a cookie is that of a host alone which is above that of a request.

    :param hosts: the host as it is written, and as the library compares it
    """
    above = f'.{cookie.domain}'
    return not cookie.domain_specified and any(host.endswith(above) for host in hosts)


class _OwnCookies(DefaultCookiePolicy):
    """Returns cookies of a host to no other, and takes none for a domain."""

    def __init__(self) -> None:
        super().__init__(strict_ns_domain=self.DomainStrictNonDomain)

    def set_ok(self, cookie: Cookie, request: Any) -> bool:
        """Return whether a redirect may set it for the request that follows."""
        return not cookie.domain_specified and super().set_ok(cookie, request)


_POLICY = _OwnCookies()


class _Answer(CookieJar):
    """Reads the cookies of one answer, and notes those that it ends.

    The library's jar ends cookies of any wiki, whatever its policy says.

    :ivar ended: their domains, paths and names
    """

    def __init__(self, policy: Any) -> None:
        super().__init__(policy)
        self.ended: list[tuple[str, str, str]] = []

    def clear(self, *where: Any) -> None:
        """Note it."""
        self.ended.append(where)


def _can_be_kept(cookie: Cookie) -> bool:
    length = len(cookie.name) + len(cookie.value or '')
    return length <= _MAX_LENGTH and _NAME.fullmatch(cookie.name) is not None


def _confine(cookie: Cookie, host: str) -> None:
    """Make a cookie one of its host alone."""
    cookie.domain = host
    cookie.domain_specified = cookie.domain_initial_dot = False
