"""The address from which a wiki sees this machine.

The API tells it only to clients without a login, as the name of the anonymous user.

https://www.mediawiki.org/wiki/API:Userinfo
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import requests

from mw_tokens_plugin.protocol.addresses import canonical_address
from mw_tokens_plugin.site.foreign.probing import fetch_as_nobody
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.transport import body_of


def own_address(site: PluginSite) -> str | None:
    """Return the address, as MediaWiki writes it; None if the wiki does not tell.

    A machine can have several, one of IPv4 and one of IPv6 for example: it is that of
    this one request.
    """
    parameters = {
        'action': 'query',
        'meta': 'userinfo',
        'format': 'json',
        'formatversion': 2,
    }
    api = site.base_url(site.apipath())
    try:
        answer = body_of(fetch_as_nobody(f'{api}?{urlencode(parameters)}'))
    except requests.RequestException:
        return None
    for key in ('query', 'userinfo', 'name'):
        answer = answer.get(key) if isinstance(answer, Mapping) else None
    return canonical_address(answer) if isinstance(answer, str) else None
