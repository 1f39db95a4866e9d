"""What a wiki means where it refuses a login by OAuth, in words that help.

It says the same of an access token that has expired, was revoked, or never was one, and
nothing at all where a valid login has no account. Which requests that concerns is left
to :mod:`.requests`.

https://www.mediawiki.org/wiki/Extension:OAuth
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from pywikibot.comms import http
from pywikibot.exceptions import NoUsernameError

from mw_tokens_plugin.exceptions import (
    LoginRefused,
    TokensPluginError,
)
from mw_tokens_plugin.site.bearer import Bearer

#: How the codes of all such refusals begin.
REFUSED = 'mwoauth-invalid-authorization'
#: A cookie does not fit the login.
BAD_COOKIE = f'{REFUSED}-jwt'
_NO_ACCOUNT = f'{REFUSED}-invalid-user'
_LOCKED = f'{REFUSED}-blocked-user'
_DISABLED = f'{REFUSED}-not-approved'
_ELSEWHERE = f'{REFUSED}-wrong-wiki'

#: The code of a login that the wiki takes for nobody's, without an error.
NOBODY = 'oauth-nobody'
#: Of logins that are good, and have no account on the wiki.
WITHOUT_ACCOUNT = frozenset({NOBODY, _NO_ACCOUNT})

#: Seconds by which the wiki's clock is known too inexactly to tell.
_ROUNDED = 1.0

_ANEW = (
    'Get a new one on Special:OAuthConsumerRegistration, and write it into '
    'user-config.py.'
)


def is_repeated_nonce(info: str) -> bool:
    """Tell whether a signature came twice, which is no fault of the keys.

    :param info: what the wiki says
    """
    return 'Nonce already used' in info


def oauth_refusal(site: Any, code: str, info: str) -> LoginRefused:
    """Return the error for a login by OAuth that a wiki refuses.

    It is pywikibot's own for the same, whatever the reason is.

    :param site: the wiki
    :param code: the error code
    :param info: what the wiki says
    """
    user = site.username()
    if code == _NO_ACCOUNT:
        return LoginRefused(
            f'{user} has no account on {site}, and logging in by OAuth makes none '
            'there. Log in there once with a browser.',
            code,
        )
    if code == _LOCKED:
        why = 'the account is locked or blocked. Ask who did it.'
    elif code == _DISABLED:
        why = (
            'the consumer is not approved, or was disabled. Ask those who manage '
            'OAuth on that farm, or propose another one.'
        )
    elif code == _ELSEWHERE:
        why = 'the consumer is for other wikis. Propose one that is for all of them.'
    else:
        given = http.get_authentication(site.base_url(''))
        keys = getattr(site, 'keys', given)
        now = site.tokens.session.clock.seconds()
        why = why_refused(keys if isinstance(keys, Bearer) else None, info, now)
    return LoginRefused(
        f'{site} refuses the OAuth login of {user}: {why} It says: {info}', code
    )


def why_refused(bearer: Bearer | None, said: str, now: float) -> str:
    """Return why a wiki refuses credentials, and what to do about it.

    :param bearer: the access token; None for the keys of OAuth 1.0a
    :param said: what the wiki says
    :param now: the wiki's time in seconds since the epoch
    """
    if bearer is None:
        return (
            'its keys are unknown there, or the consumer was revoked. '
            'Special:OAuthManageMyGrants lists those that are good.'
        )
    if not bearer.claims:
        return (
            'the access token in user-config.py is incomplete, or none at all. Copy it '
            'once more, in one line.'
        )
    if 'did not approve' in said:
        return f'the access token was revoked. {_ANEW}'
    expires, begins = bearer.moment('exp'), bearer.moment('nbf')
    if expires is not None and expires <= now + _ROUNDED:
        return f'the access token expired {_day(expires)}. {_ANEW}'
    if begins is not None and begins > now + _ROUNDED:
        return f'the access token is not good before {_day(begins)}.'
    return (
        'the access token has not expired, so it was replaced, is of another farm, or '
        f'was not copied as it is. {_ANEW}'
    )


def no_account(site: Any) -> str:
    """Return what to tell where a wiki takes a valid login for nobody's.

    :param site: the wiki
    """
    or_else = ', or has no OAuth' if site.is_oauth_token_available() else ''
    return (
        f'{site.username()} has no account on {site}, and the wiki makes none: it may '
        f'be read-only, or keep your IP address from creating accounts{or_else}. Log '
        'in there once with a browser to see why.'
    )


@contextmanager
def told_by_oauth(site: Any) -> Iterator[None]:
    """Say what is the matter where OAuth is configured, and nobody is logged in.

    :param site: the site that is logged in to
    :raises LoginRefused: its code is :data:`NOBODY`
    """
    try:
        yield
    except NoUsernameError as error:
        if isinstance(error, TokensPluginError) or not site.is_oauth_token_available():
            raise
        if 'anon' not in site.userinfo:
            raise
        raise LoginRefused(no_account(site), NOBODY) from error


def _day(moment: float) -> str:
    try:
        day = datetime.fromtimestamp(moment, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return 'in another age'
    return f'on {day:%Y-%m-%d at %H:%M} UTC'
