"""IP addresses and ranges, in the one form in which MediaWiki keeps each of them.

It compares addresses and ranges with each other, too. Which of them may be blocked on a
wiki is left to that wiki, and where they are found in a text to :mod:`.lines`.

https://www.mediawiki.org/wiki/Help:Range_blocks
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

__all__ = [
    'Network',
    'NetworkSet',
    'canonical_address',
    'cidrs_between',
    'count_subnets',
    'covers',
    'is_public',
    'meant_address',
    'network_of',
    'parents',
    'written',
]

#: A range; one of a single address stands for the address.
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The widest ranges that GlobalBlocking lets anybody block, unless a farm says
#: otherwise (``$wgGlobalBlockingCIDRLimit``).
WIDEST: Mapping[int, int] = {4: 16, 6: 19}

#: The length of the prefix that one household or device gets in IPv6.
SUBNET = 64

_DOTTED = re.compile(r'\d{1,3}(?:\.\d{1,3}){3}', re.ASCII)
_IPV6 = re.compile('[0-9A-Fa-f:]{2,60}')
#: The interface of a local address, as systems show it.
_ZONE = re.compile(r'%[\w.-]+')
_BITS = re.compile(r'0|[1-9]\d{0,2}', re.ASCII)

#: Addresses that no wiki sees from outside: those of ``IPUtils::isPublic``, and the
#: unspecified address of IPv6.
_NOT_PUBLIC: tuple[Network, ...] = tuple(
    map(
        ipaddress.ip_network,
        (
            *('0.0.0.0/8', '10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16'),
            *('172.16.0.0/12', '192.168.0.0/16'),
            *('::/128', '::1/128', 'fc00::/7', 'fe80::/10'),
        ),
    )
)


def network_of(text: str) -> Network | None:
    """Return the address or range that a text is; None if it is neither.

    Host bits of a range are cleared, as MediaWiki clears them.

    .. version-added:: 0.1

    :param text: as people and wikis write it, without blanks around it
    """
    address, slash, bits = text.partition('/')
    if slash and not _BITS.fullmatch(bits):
        return None
    if _DOTTED.fullmatch(address):
        # MediaWiki drops leading zeros, which Python refuses.
        address = '.'.join(part.lstrip('0') or '0' for part in address.split('.'))
    elif not _IPV6.fullmatch(address):
        return None
    try:
        return ipaddress.ip_network(f'{address}{slash}{bits}', strict=False)
    except ValueError:
        return None


def written(network: Network) -> str:
    """Return an address or a range as MediaWiki writes it.

    A range of a single address is written as that address.

    .. version-added:: 0.1

    >>> written(ipaddress.ip_network('2001:db8::/32'))
    '2001:DB8:0:0:0:0:0:0/32'
    """
    start = network.network_address
    if isinstance(start, ipaddress.IPv6Address):
        groups = start.exploded.split(':')
        text = ':'.join(f'{int(group, 16):X}' for group in groups)
    else:
        text = str(start)
    return text if network.num_addresses == 1 else f'{text}/{network.prefixlen}'


def canonical_address(text: str) -> str | None:
    """Return an address or a range as MediaWiki writes it; None if it is neither.

    .. version-added:: 0.1

    >>> canonical_address('198.51.100.77/25'), canonical_address('192.0.2.9/32')
    ('198.51.100.0/25', '192.0.2.9')
    """
    network = network_of(text)
    return None if network is None else written(network)


def meant_address(name: str) -> str | None:
    """Return the address that the name of an account looks like; None if it is none.

    MediaWiki takes these for names: an address with a full stop after it, with digits
    of another width, or with the zone of an interface.

    .. version-added:: 0.1

    >>> meant_address('192.0.2.1.'), meant_address('fe80::1%eth0')
    ('192.0.2.1', 'FE80:0:0:0:0:0:0:1')
    """
    if network_of(name) is not None:
        return None
    text = unicodedata.normalize('NFKC', name).strip(' .,;')
    return canonical_address(_ZONE.sub('', text))


def covers(outer: Network, inner: Network) -> bool:
    """Tell whether a range contains another one, or is the same.

    .. version-added:: 0.1
    """
    if outer.version != inner.version or outer.prefixlen > inner.prefixlen:
        return False
    bits = outer.max_prefixlen - outer.prefixlen
    return int(outer.network_address) >> bits == int(inner.network_address) >> bits


def parents(network: Network) -> Iterator[str]:
    """Yield all targets of which a block covers a range, from the narrowest on.

    The first is the range itself. A single address has two: MediaWiki keeps blocks of
    an address and of the range that is only that address apart. The last ones are the
    widest that may be blocked.

    .. version-added:: 0.1
    """
    yield written(network)
    if network.num_addresses == 1:
        yield f'{written(network)}/{network.max_prefixlen}'
    for bits in range(network.prefixlen - 1, WIDEST[network.version] - 1, -1):
        yield written(network.supernet(new_prefix=bits))


def is_public(network: Network) -> bool:
    """Tell whether a range has only addresses that requests can come from.

    Loopback, private and link-local ones are none.

    .. version-added:: 0.1
    """
    return not any(
        covers(other, network) or covers(network, other) for other in _NOT_PUBLIC
    )


class NetworkSet:
    """Addresses and ranges, among which others are looked up fast.

    .. version-added:: 0.1
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        """Keep them."""
        self._starts: dict[int, list[int]] = {4: [], 6: []}
        #: By version and length of the prefix, their addresses.
        self._by_length: dict[tuple[int, int], dict[int, Network]] = {}
        for network in networks:
            start = int(network.network_address)
            known = self._by_length.setdefault((network.version, network.prefixlen), {})
            if start not in known:
                known[start] = network
                self._starts[network.version].append(start)
        for starts in self._starts.values():
            starts.sort()

    def covering(self, network: Network) -> Iterator[Network]:
        """Yield those that contain a range, or are the same."""
        start = int(network.network_address)
        for (version, length), known in self._by_length.items():
            if version != network.version or length > network.prefixlen:
                continue
            bits = network.max_prefixlen - length
            if found := known.get(start >> bits << bits):
                yield found

    def touches(self, network: Network) -> bool:
        """Tell whether any of them contains a range, or is inside it."""
        if any(True for _ in self.covering(network)):
            return True
        starts = self._starts[network.version]
        at = bisect_left(starts, int(network.network_address))
        return at < len(starts) and starts[at] <= int(network.broadcast_address)


def count_subnets(network: Network) -> int:
    """Return how many ranges of /64 a range of IPv6 takes up, or a part of one.

    .. version-added:: 0.1
    """
    return 1 << max(SUBNET - network.prefixlen, 0)


def cidrs_between(first: str, last: str) -> tuple[str, ...]:
    """Return the ranges that make up all addresses from one to another.

    .. version-added:: 0.1

    >>> cidrs_between('203.0.113.5', '203.0.113.9')
    ('203.0.113.5/32', '203.0.113.6/31', '203.0.113.8/31')

    :return: none if these are no two addresses in that order
    """
    start, end = network_of(first), network_of(last)
    if start is None or end is None or start.num_addresses * end.num_addresses != 1:
        return ()
    try:
        found = ipaddress.summarize_address_range(
            start.network_address, end.network_address
        )
        return tuple(
            f'{written(network).partition("/")[0]}/{network.prefixlen}'
            for network in found
        )
    except (TypeError, ValueError):
        return ()
