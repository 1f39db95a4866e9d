"""What is sent with requests to other wikis: no cookie, and nothing of ~/.netrc.

It is set in the HTTP library's session of pywikibot, where it leaves all other requests
as they are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pywikibot.comms import http
from requests import PreparedRequest, Request

from mw_tokens_plugin.site import cookierules
from mw_tokens_plugin.site.meanwhile import Meanwhile

#: What a request is given last, and returned as.
Authentication = Callable[[PreparedRequest], PreparedRequest]


class _Present(threading.local):
    """How the request of this thread is authenticated; None as the library does."""

    authentication: Authentication | None = None


_present = _Present()


def authenticated(by: Authentication | None) -> Meanwhile:
    """Let the requests of this thread be authenticated in one way and no other.

    :param by: None for what the library does by itself
    """
    return Meanwhile(_present, 'authentication', by)


def as_it_is(request: PreparedRequest) -> PreparedRequest:
    """Add nothing: the cookies of the session are all there is."""
    return request


def without_cookies(request: PreparedRequest) -> PreparedRequest:
    """Leave out the cookies, too: the token in the URL says who asks."""
    request.headers.pop('Cookie', None)
    return request


def signed(keys: tuple[str, ...]) -> Authentication:
    """Return what signs a request with the keys of an OAuth consumer, and adds no more.

    :param keys: those of the consumer, and of its access token
    """
    # It is an extra, which has signed the requests to the home wiki as well.
    sign = http.requests_oauthlib.OAuth1(*keys)

    def authenticate(request: PreparedRequest) -> PreparedRequest:
        request.headers.pop('Cookie', None)
        made: PreparedRequest = sign(request)
        return made

    return authenticate


def install_authentication(session: Any) -> None:
    """Put it into a session of the HTTP library that has nothing in that place."""
    prepare = session.prepare_request

    def prepare_request(request: Request) -> PreparedRequest:
        if request.auth is None and session.auth is None:
            # None leaves it to the library.
            request.auth = _present.authentication
        prepared: PreparedRequest = prepare(request)
        given = (*(request.headers or ()), *session.headers)
        if 'Cookie' in prepared.headers and 'cookie' not in map(str.lower, given):
            cookierules.send(prepared)
        return prepared

    session.__dict__['prepare_request'] = prepare_request
