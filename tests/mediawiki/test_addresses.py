"""Addresses and ranges become what MediaWiki itself makes of them.

https://github.com/wikimedia/mediawiki-libs-IPUtils
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
from random import Random
from typing import Any

import pytest

from mw_tokens_plugin.protocol.addresses import (
    WIDEST,
    canonical_address,
    covers,
    is_public,
    network_of,
    parents,
)

from .installation import PACKAGE

pytestmark = pytest.mark.only('mediawiki')

NOBODY = '0:0:0:0:0:0:0:0'

SCRIPT = """
require $argv[1] . '/vendor/autoload.php';
use Wikimedia\\IPUtils;
foreach ( json_decode( stream_get_contents( STDIN ) ) as [ $text, $other ] ) {
    if ( !IPUtils::isIPAddress( $text ) ) {
        $found[] = [ null, null, null ];
        continue;
    }
    $address = explode( '/', IPUtils::sanitizeIP( $text ) )[0];
    $plain = IPUtils::sanitizeIP( $text );
    $kept = str_contains( $plain, '/' ) ? IPUtils::sanitizeRange( $plain ) : $plain;
    $found[] = [ $kept, IPUtils::isPublic( $address ),
        IPUtils::isInRange( $address, $other ) ];
}
echo json_encode( $found );
"""


def asked_php(pairs: list[tuple[str, str]]) -> list[Any]:
    php = subprocess.run(
        ['php', '-r', SCRIPT, '--', str(PACKAGE)],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    found: list[Any] = json.loads(php.stdout)
    return found


def drawn(chance: Random) -> str:
    """Draw an address or a range, written as people do, now and then wrongly."""
    bits = chance.choice([None, None, *range(0, 33, 3), 31, 32, 33])
    if chance.random() < 0.5:
        parts = [chance.choice([0, 1, 10, 127, 172, 192, 255, 256]) for _ in range(4)]
        zeros = ['0' * (chance.random() < 0.1) + str(part) for part in parts]
        text = '.'.join(zeros[: chance.choice([4, 4, 4, 4, 3])])
    else:
        start = chance.choice(['2001:db8', 'fe80', '', 'fc00', '2a02'])
        number = int(ipaddress.IPv6Address(f'{start}::'))
        number |= chance.getrandbits(chance.choice([0, 8, 64, 100]))
        address = ipaddress.IPv6Address(number)
        text = chance.choice([str(address), address.exploded, str(address).upper()])
        bits = chance.choice([None, 19, 32, 48, 63, 64, 65, 127, 128, 129, bits])
    return text if bits is None else f'{text}/{bits}'


def test_addresses_and_ranges_are_written_as_mediawiki_writes_them() -> None:
    chance = Random(0)
    texts = sorted({drawn(chance) for _ in range(4000)})
    # MediaWiki reads "::/12" wrongly, and ranges whose address has leading zeros.
    texts = [text for text in texts if not text.startswith('::/')]
    texts = [
        t for t in texts if '/' not in t or '.0' not in f'.{t}'.replace('.0.', '..')
    ]
    outer = [
        f'{chance.choice(["192.0.2.0/24", "2001:DB8:0:0:0:0:0:0/32"])}' for _ in texts
    ]
    answers = asked_php(list(zip(texts, outer, strict=True)))
    differing = []
    for text, other, (kept, public, inside) in zip(texts, outer, answers, strict=True):
        ours, network = canonical_address(text), network_of(text)
        if kept is None or network is None:
            wanted: Any = (kept, None, None)
            found: Any = (ours, None, None)
        else:
            # A range of one address is the plain address here.
            single = network.num_addresses == 1
            # MediaWiki forgets the unspecified address, which is nobody's.
            public = public and canonical_address(text.partition('/')[0]) != NOBODY
            wanted = (kept.partition('/')[0] if single else kept, public, inside)
            around = network_of(other)
            assert around is not None
            address = network_of(text.partition('/')[0])
            assert address is not None
            found = (ours, is_public(address), covers(around, address))
        if found != wanted:
            differing.append((text, found, wanted))
    assert differing == []


def test_every_parent_of_an_address_is_a_range_that_mediawiki_writes_so() -> None:
    chance = Random(1)
    networks = [network_of(drawn(chance)) for _ in range(40)]
    pairs = [
        (parent, parent)
        for network in networks
        if network is not None and network.prefixlen >= WIDEST[network.version]
        for parent in parents(network)
    ]
    assert [kept for kept, _, _ in asked_php(pairs)] == [parent for parent, _ in pairs]
