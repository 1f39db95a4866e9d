"""Addresses of wikis, and those under which a proxy offers the same.

Only what tells where something is gets another address: headers, and certain fields of
the API's answers. What pages say passes unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

#: The fields of answers that are addresses, as `siteinfo` and others have them.
_FIELDS = (
    *('server', 'base', 'url', 'fullurl', 'editurl', 'canonicalurl', 'thumburl'),
    *('descriptionurl', 'descriptionshorturl', 'favicon', 'logo', 'repositoryurl'),
)
_FIELD = re.compile(
    rb'(?<!\\)"(?:' + '|'.join(_FIELDS).encode() + rb')":\s*"'
    rb'((?:https?:)?(?:\\?/){2}[^"\\/]+)(?=["\\/])'
)


class Addresses:
    """The addresses of some wikis, and those of the proxy before them.

    :param pairs: by the address of a wiki's server, that of the proxy; both without
        a path.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        """Initializer."""
        self._outward = {_key(theirs): ours for theirs, ours in pairs.items()}
        self._inward = {_key(ours): theirs for theirs, ours in pairs.items()}

    def outward(self, url: str) -> str:
        """Return an address that a wiki has sent as the client can use it."""
        return _moved(url, self._outward)

    def inward(self, url: str) -> str:
        """Return an address that a client has sent as the wiki knows it."""
        return _moved(url, self._inward)

    def in_answer(self, body: bytes) -> bytes:
        """Return the JSON of an answer with the addresses that the client can use."""

        def moved(found: re.Match[bytes]) -> bytes:
            text = found[1].decode('utf-8', 'replace')
            escaped = '\\/' in text
            new = self.outward(text.replace('\\/', '/'))
            # The other end knows by which scheme it has asked.
            if text.startswith(('//', '\\/')):
                new = new.partition(':')[2] if '://' in new else new
            new = new.replace('/', '\\/') if escaped else new
            start, end = found.start(1) - found.start(), found.end(1) - found.start()
            return found[0][:start] + new.encode() + found[0][end:]

        return _FIELD.sub(moved, body)

    @staticmethod
    def cookie(header: str) -> str:
        """Return a cookie as a client at another address keeps it.

        It is for the host that sets it, and that speaks HTTP: without `Domain`,
        `Secure` and the `SameSite=None` that needs it.
        """
        first, *attributes = header.split(';')
        kept = [part for part in attributes if not _bound(part)]
        return ';'.join([first, *kept])


def _bound(attribute: str) -> bool:
    name = attribute.strip().lower()
    return name.startswith('domain=') or name in ('secure', 'samesite=none')


def _moved(url: str, known: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    if not parts.netloc or (new := known.get(_key(url))) is None:
        return url
    rest = url.partition('//')[2][len(parts.netloc) :]
    return new + rest


def _key(url: str) -> str:
    """Return what two addresses of one server have in common."""
    parts = urlsplit(url)
    scheme = parts.scheme or 'http'
    try:
        port = parts.port or (443 if scheme == 'https' else 80)
    except ValueError:
        return ''
    # The same server answers by either scheme, if at the ports that are usual.
    return f'{parts.hostname}:{"" if port in (80, 443) else port}'


def origin_of(url: str) -> str:
    """Return the address of a server, without the path."""
    parts = urlsplit(url)
    return f'{parts.scheme}://{parts.netloc}'


def by_host(urls: Iterable[str]) -> dict[str, list[str]]:
    """Return addresses by the name of their host, in the order in which they come."""
    hosts: dict[str, list[str]] = {}
    for url in urls:
        hosts.setdefault(urlsplit(url).hostname or '', []).append(url)
    return hosts
