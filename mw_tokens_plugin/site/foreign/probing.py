"""Reading an address without a login: no cookie, password or token is sent.

A wiki is asked so as long as it is not known whether it belongs to the farm. What its
answer means is left to the callers.
"""

from __future__ import annotations

import requests
from pywikibot import config
from pywikibot.comms import http

from mw_tokens_plugin.site.replacements import is_replaced
from mw_tokens_plugin.site.transport import waiting_for_api, within_limits


def fetch_as_nobody(url: str) -> requests.Response:
    """Return what anybody gets at an address, without following a redirect.

    No cookie goes along, nor comes back, and no password of ``~/.netrc``; of the
    headers that ``user-config.py`` adds, those without credentials do.

    :param url: the whole address
    :raises requests.RequestException: no answer has come, or somebody has replaced
        pywikibot's requests, so that nothing may be sent without them
    """
    if is_replaced():
        raise requests.ConnectionError("pywikibot's requests are replaced by others")
    session = requests.Session()
    session.adapters = http.session.adapters
    session.proxies, session.cert = http.session.proxies, http.session.cert
    session.verify = http.session.verify
    session.hooks['response'].append(within_limits)
    headers = {'user-agent': http.user_agent()} | {
        name: value
        for name, value in config.extra_headers.items()
        if name.lower() not in ('authorization', 'cookie', 'proxy-authorization')
    }
    with waiting_for_api():
        return session.get(
            url,
            headers=headers,
            # Where there is none at all, ~/.netrc is searched for one.
            auth=lambda request: request,
            timeout=config.socket_timeout,
            allow_redirects=False,
        )
