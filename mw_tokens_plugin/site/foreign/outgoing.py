"""What is sent with requests to other wikis: no login of others, and no ~/.netrc.

It is set in the HTTP library's session of pywikibot, where it leaves all other requests
as they are, but for those with OAuth: no cookie of a login goes along with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pywikibot.comms import http
from requests import PreparedRequest, Request

from mw_tokens_plugin.site import cookierules
from mw_tokens_plugin.site.bearer import is_oauth, with_scheme
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
    sign: Authentication = http.requests_oauthlib.OAuth1(*keys)
    return sign


def install_authentication(session: Any) -> None:
    """Put it into a session of the HTTP library that has nothing in that place."""
    prepare = session.prepare_request

    def prepare_request(request: Request) -> PreparedRequest:
        if request.auth is None and session.auth is None:
            # None leaves it to the library.
            request.auth = _present.authentication
        prepared: PreparedRequest = prepare(request)
        given = (*(request.headers or ()), *session.headers)
        has_own = 'cookie' in map(str.lower, given)
        if 'Cookie' in prepared.headers and not has_own:
            cookierules.send(prepared)
        if authorization := prepared.headers.get('Authorization'):
            prepared.headers['Authorization'] = with_scheme(authorization)
            if not has_own and is_oauth(authorization):
                cookierules.without_login(prepared)
        return prepared

    session.__dict__['prepare_request'] = prepare_request
