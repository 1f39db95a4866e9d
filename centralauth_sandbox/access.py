"""Who may ask the sandbox: no page of the web through a browser, and no stranger.

Any page can have the browser of its reader send requests to loopback. It can do so
under a host name of its own that it has pointed there (DNS rebinding), and then read
the answers too; no such request has an address of loopback in `Host`. What is under
`/sandbox/` is for those who have its key, which is kept in a file.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from .directories import KEY


def is_asked_by_its_name(request: web.BaseRequest, hosts: Collection[str]) -> bool:
    """Tell whether a request was sent to an address of loopback, or an allowed host.

    :param hosts: other names, with a port or for any port.
    """
    found = request.headers.getall('Host', [])
    return len(found) == 1 and _is_known(f'http://{found[0]}', hosts)


def may_command(
    request: web.BaseRequest, key: str, hosts: Collection[str]
) -> web.Response | None:
    """Return what a request for `/sandbox/` is refused with; None if it may be made."""
    origin = request.headers.get('Origin')
    if origin is not None and not _is_known(origin, hosts):
        return _refusal(403, 'no page of another site may command the sandbox')
    sent = request.headers.get(KEY, '').encode('utf-8', 'surrogateescape')
    if not hmac.compare_digest(sent, key.encode()):
        sentence = f'send the header in the file "sandbox-key": {KEY}: ...'
        return _refusal(401, sentence)
    return None


def stranger(host: str) -> web.Response:
    """Return the answer to somebody who asks under another name."""
    sentence = f'this is no sandbox for the host {host!r}: allow it by --host'
    return _refusal(421, sentence)


def _is_known(url: str, hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(url)
        name = parts.hostname or ''
        # A port that is not a number is a ValueError.
        if parts.port == 0 or '@' in parts.netloc or parts.path or parts.query:
            return False
        if {name, parts.netloc.lower()}.intersection(hosts):
            return True
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _refusal(status: int, sentence: str) -> web.Response:
    response = web.json_response({'error': sentence}, status=status)
    if status == 401:
        response.headers['WWW-Authenticate'] = KEY
    return response
