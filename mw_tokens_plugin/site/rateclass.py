"""Which class of requests a wiki's gateway counts the ones of a login in.

Some wikis put its name into the session's cookie, or into an access token. What the
class allows is said nowhere but in the refusals of the gateway, so it is only shown.

https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits
"""

from __future__ import annotations

from urllib.parse import urlsplit

from pywikibot.comms import http

from mw_tokens_plugin.protocol.webtokens import claims_in
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.bearer import bearer_for
from mw_tokens_plugin.site.cookies import acting_as

#: The claim, and the cookie that may have it.
_CLAIM = 'rlc'
_COOKIE = 'sessionjwt'


def rate_class(site: WikiSite) -> str | None:
    """Return the class; None if the wiki has named none.

    :param site: the wiki, logged in to
    """
    address = site.base_url('')
    bearer = bearer_for(address) if site.is_oauth_token_available() else None
    tokens = [bearer.token] if bearer else []
    with acting_as(site.username()):
        host = urlsplit(address).hostname or ''
        tokens += http.cookie_jar.named(_COOKIE, host)
    named = [claims_in(token).get(_CLAIM) for token in tokens]
    return next((each for each in named if isinstance(each, str) and each), None)
