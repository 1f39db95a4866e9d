"""Who is asking: told by tokens, signatures and cookies, and limited by the origin.

What the checks before a module make of that is in :mod:`.checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from . import errors, formats
from .call import Call
from .errors import ApiError, HttpError
from .exchange import Answer, Request
from .sessioncookies import parse_cookies
from .sessions import digest

if TYPE_CHECKING:
    from .farm import Wiki
    from .records import Account

_NONE: Mapping[str, str] = MappingProxyType({})
_EXPOSED = (
    'MediaWiki-API-Error, Retry-After, X-Database-Lag, MediaWiki-Login-Suppressed'
)


def find_session(call: Call, request: Request) -> None:
    """Settle who is asking, by tokens, cookies and the origin."""
    wiki, given, sessions = call.wiki, call.given, call.farm.sessions
    origin = given.get('origin')
    cookies = parse_cookies(request.headers.get('Cookie', ''))
    authorization = request.headers.get('Authorization', '')
    if 'callback' in given or origin == '*' or 'Treat-as-Untrusted' in request.headers:
        call.session = sessions.nobody(wiki, cookies)
        call.session.suppressed = True
        call.answer.headers.append(('MediaWiki-Login-Suppressed', 'true'))
    elif 'centralauthtoken' in given and call.takes('centralauthtoken'):
        token = given['centralauthtoken']
        if authorization.startswith(('OAuth ', 'Bearer')):
            sessions.expire_centralauthtoken(token)
            raise _two_sessions(call.farm.current)
        _spend(call, token, 'parameter')
    elif authorization.startswith('CentralAuthToken ') and authorization[17:]:
        token = authorization[17:].strip()
        _spend(call, token, 'header', cookies)
    else:
        session = call.farm.consumers.resolve(wiki, authorization, cookies)
        if session and sessions.has_bot_session(wiki, cookies):
            raise _two_sessions(call.farm.current, 'central cookie-based')
        call.session = session or sessions.resolve(wiki, cookies)
    if origin:
        _check_origin(call, origin, request)


def preflight(wiki: Wiki, request: Request) -> Answer:
    """Answer a CORS preflight; it touches neither session nor token."""
    answer = Answer(content_type='text/html; charset=UTF-8')
    origin = request.query.get('origin')
    if origin is None:
        return answer
    if origin not in {each.server for each in wiki.farm.wikis.values()}:
        answer.headers.append(('MediaWiki-CORS-Rejection', 'Origin mismatch'))
        return answer
    wanted = request.headers.get('Access-Control-Request-Headers', '')
    answer.headers += [
        ('Access-Control-Allow-Origin', origin),
        ('Access-Control-Allow-Credentials', 'true'),
        ('Access-Control-Allow-Methods', 'POST, GET, HEAD'),
        ('Access-Control-Allow-Headers', wanted),
    ]
    return answer


def _spend(
    call: Call, token: str, way: str, cookies: Mapping[str, str] = _NONE
) -> None:
    """Use up a centralauthtoken, whose session the request is in from then on."""
    call.answer.token = digest(token)
    session = call.farm.sessions.spend(call.wiki, token, way)
    if session is not None:
        if way == 'parameter' or call.farm.current:
            _refuse_renamed(session.account)
        call.session = session
    elif way == 'parameter' or call.farm.current:
        call.answer.wait = call.farm.penalty
        raise errors.dead_centralauthtoken()
    else:
        # In 1.43 a dead one in the header was nobody's, and no error.
        call.session = call.farm.sessions.nobody(call.wiki, cookies)


def _refuse_renamed(account: Account | None) -> None:
    if account is not None and account.renaming:
        raise ApiError(
            'renameinprogress',
            'The user is being renamed, cannot use.',
            module='',
        )


def _check_origin(call: Call, origin: str, request: Request) -> None:
    headers = call.answer.headers
    if origin == '*':
        headers += [
            ('Access-Control-Allow-Origin', '*'),
            ('Access-Control-Allow-Credentials', 'false'),
            ('Access-Control-Expose-Headers', _EXPOSED),
        ]
        return
    if origin != request.headers.get('Origin'):
        raise HttpError(403, "'origin' parameter does not match Origin header\n")
    if origin not in {wiki.server for wiki in call.farm.wikis.values()}:
        headers.append(('MediaWiki-CORS-Rejection', 'Origin mismatch'))
        return
    headers += [
        ('Access-Control-Allow-Origin', origin),
        ('Access-Control-Allow-Credentials', 'true'),
        ('Access-Control-Expose-Headers', _EXPOSED),
    ]


def _two_sessions(
    current: bool, other: str = 'CentralAuthApiSessionProvider'
) -> HttpError:
    """Return the answer to OAuth beside something else that says who asks."""
    if current:
        return HttpError(
            400,
            formats.page(
                'Bad Request',
                '<h1>Bad Request</h1><p>Cannot combine multiple request '
                'authentication types: MediaWiki\\Extension\\OAuth\\SessionProvider '
                f'sessions and {other} sessions.</p>',
            ),
            'text/html; charset=utf-8',
        )
    return HttpError(
        500,
        formats.page('Internal error', 'Conflicting sessions'),
        headers={
            'MediaWiki-API-Error': 'internal_api_error_MediaWiki\\Session\\'
            'SessionOverflowException',
        },
    )
