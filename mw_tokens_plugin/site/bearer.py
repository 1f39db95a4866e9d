"""Access tokens of OAuth 2.0, the bearers: how they are configured, sent and refused.

pywikibot signs requests with the four keys of OAuth 1.0a and knows no bearer. An entry
of ``authenticate`` with an access token alone is one here; what is signed is left to
pywikibot, and which host may get a bearer to :mod:`.credentials`.

https://www.mediawiki.org/wiki/OAuth/Owner-only_consumers#OAuth_2
"""

from __future__ import annotations

import re
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from pywikibot import config
from requests import PreparedRequest
from requests.auth import AuthBase

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.webtokens import claims_in, moment_in

#: The scheme, as MediaWiki compares it: in any other case of letters it takes a request
#: for one without a login, and says nothing.
SCHEME = 'Bearer'

#: What may stand in the header. https://www.rfc-editor.org/rfc/rfc6750#section-2.1
_TOKEN = re.compile(r'[\w.~+/-]+=*', re.ASCII)
#: A JSON Web Token, which all access tokens of MediaWiki are.
_JWT = re.compile(r'[\w-]+\.[\w-]+\.[\w-]+', re.ASCII)
_WITH_SCHEME = re.compile(r'bearer\s+', re.IGNORECASE)


class Bearer(AuthBase):
    """Authenticates requests with an access token.

    :ivar token: the secret
    """

    def __init__(self, token: str) -> None:
        """Keep the token."""
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add it to a request."""
        request.headers['Authorization'] = f'{SCHEME} {self.token}'
        return request

    def __eq__(self, other: object) -> bool:
        """Tell whether it is the same token."""
        return isinstance(other, Bearer) and other.token == self.token

    def __hash__(self) -> int:
        """Return the hash of the token."""
        return hash(self.token)

    def __repr__(self) -> str:
        """Return what it is, without the secret."""
        return 'Bearer(...)'

    @property
    def claims(self) -> dict[str, Any]:
        """What the token says of itself; nothing if it cannot be read."""
        return claims_in(self.token)

    def moment(self, claim: str) -> float | None:
        """Return a moment that the token names, in seconds since the epoch.

        :param claim: ``exp``, when it expires, or ``nbf``, from when on it is good
        """
        return moment_in(self.claims, claim)


def bearer_in(entry: object) -> str | None:
    """Return the access token that an entry of ``authenticate`` is meant to be.

    It stands there alone, behind the word "Bearer", or behind the two keys that the
    wiki shows along with it. Two items are a name and a password otherwise, and four
    the keys of OAuth 1.0a.

    :param entry: the value
    :return: the token, whether or not it can be one; None if something else is meant
    """
    items = [entry] if isinstance(entry, str) else entry
    if not isinstance(items, list | tuple):
        return None
    texts = [each.strip() for each in items if isinstance(each, str)]
    if len(texts) != len(items):
        return None
    if len(texts) == 1:
        return _WITH_SCHEME.sub('', texts[0], count=1)
    if len(texts) == 2 and texts[0].lower() == SCHEME.lower():
        return texts[1]
    if len(texts) == 3 and _JWT.fullmatch(texts[2]):
        return texts[2]
    return None


def configured_bearers() -> dict[str, str]:
    """Return all access tokens in ``authenticate``, by their hosts."""
    found = {host: bearer_in(entry) for host, entry in config.authenticate.items()}
    return {host: token for host, token in found.items() if token is not None}


def check_bearers() -> None:
    """Refuse what is meant to be an access token, and cannot be one.

    :raises InvalidInput: there is one in ``authenticate``
    """
    for host, token in configured_bearers().items():
        _checked(host, token)


def bearer_for(uri: str) -> Bearer | None:
    """Return the access token that is configured for an address.

    :param uri: the address
    :raises InvalidInput: what is configured cannot be one
    """
    try:
        host = urlsplit(uri).netloc
    except ValueError:
        # Whoever sends to it is told that it is no address.
        return None
    parts = host.split('.')
    # As pywikibot finds an entry.
    for name in (host, *('.'.join(['*', *parts[i + 1 :]]) for i in range(len(parts)))):
        if name in config.authenticate:
            token = bearer_in(config.authenticate[name])
            return None if token is None else _checked(name, token)
    return None


def _checked(host: str, token: str) -> Bearer:
    if not _TOKEN.fullmatch(token):
        raise InvalidInput(
            f'authenticate[{host!r}] in user-config.py is no access token of OAuth '
            '2.0: copy it once more, in one line. docs/credentials.md shows what each '
            'kind of login looks like there.'
        )
    return Bearer(token)


def is_oauth(authorization: str | bytes) -> bool:
    """Tell whether a header is one of OAuth, of either version.

    :param authorization: the header
    """
    words = authorization.split(None, 1)
    return bool(words) and words[0].lower() in ('oauth', b'oauth', 'bearer', b'bearer')


def with_scheme(authorization: str | bytes) -> str | bytes:
    """Return a header with the scheme in the letters that MediaWiki knows.

    :param authorization: the header, such as one of ``extra_headers``
    """
    text = authorization if isinstance(authorization, str) else None
    if text is None or not _WITH_SCHEME.match(text):
        return authorization
    return _WITH_SCHEME.sub(f'{SCHEME} ', text, count=1)


def install_bearer() -> None:
    """Let pywikibot take an access token for a login by OAuth."""
    from pywikibot.comms import http
    from pywikibot.site import APISite

    theirs, is_available = http.get_authentication, APISite.is_oauth_token_available

    @wraps(theirs)
    def get_authentication(uri: str) -> Any:
        found = bearer_for(uri)
        return theirs(uri) if found is None else found

    @wraps(is_available)
    def is_oauth_token_available(self: Any) -> bool:
        if getattr(self, '_oauth_disabled', False):
            return False
        if isinstance(http.get_authentication(self.base_url('')), Bearer):
            return True
        return bool(is_available(self))

    http.get_authentication = get_authentication
    APISite.is_oauth_token_available = is_oauth_token_available
