"""Addresses and ranges: one form of each, and which of them contain others."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mw_tokens_plugin.protocol.addresses import (
    Network,
    canonical_address,
    cidrs_between,
    count_subnets,
    covers,
    is_public,
    network_of,
    parents,
)


def network(text: str) -> Network:
    found = network_of(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ('text', 'kept'),
    [
        ('192.0.2.9', '192.0.2.9'),
        ('192.000.002.09/32', '192.0.2.9'),
        ('198.51.100.77/25', '198.51.100.0/25'),
        ('2001:db8::a', '2001:DB8:0:0:0:0:0:A'),
        ('2001:DB8:0:0:0:0:0:A/128', '2001:DB8:0:0:0:0:0:A'),
        ('2001:db8:1:2:3::/64', '2001:DB8:1:2:0:0:0:0/64'),
        ('::', '0:0:0:0:0:0:0:0'),
        *((text, None) for text in ('192.0.2.256', '192.0.2.1/33', '1.2.3', 'X')),
        *((text, None) for text in ('::/129', '192.0.2.1/', '192.0.2.1/255.0.0.0')),
        *((text, None) for text in ('fe80::1%eth0', '192.0.2.1/-1', '1.2.3.4/2/2')),
    ],
)
def test_every_address_and_range_has_one_form(text: str, kept: str | None) -> None:
    assert canonical_address(text) == kept


NETWORKS = st.one_of(
    st.builds(
        lambda number, bits: f'{ipaddress.IPv4Address(number)}/{bits}',
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda number, bits: f'{ipaddress.IPv6Address(number)}/{bits}',
        st.integers(0, 2**128 - 1),
        st.integers(0, 128),
    ),
)


@given(NETWORKS)
def test_what_was_written_is_read_back(text: str) -> None:
    kept = canonical_address(text)
    assert kept is not None
    assert canonical_address(kept) == canonical_address(kept.lower()) == kept


@given(NETWORKS, NETWORKS)
def test_a_range_covers_what_is_inside_it(one: str, two: str) -> None:
    outer, inner = network(one), network(two)
    assert covers(outer, outer)
    same = outer.version == inner.version
    assert covers(outer, inner) == (same and inner.subnet_of(outer))  # type: ignore[arg-type]


@given(NETWORKS)
def test_a_block_that_covers_a_range_is_one_of_its_parents(text: str) -> None:
    inner = network(text)
    found = list(parents(inner))
    assert len(set(found)) == len(found) <= 111
    assert all(covers(network(each), inner) for each in found)
    widest = {4: 16, 6: 19}[inner.version]
    lengths = {network(each).prefixlen for each in found}
    assert lengths == {*range(widest, inner.prefixlen), inner.prefixlen}


def test_an_address_has_also_the_range_of_it_alone_as_a_parent() -> None:
    assert list(parents(network('192.0.2.9')))[:3] == [
        '192.0.2.9',
        '192.0.2.9/32',
        '192.0.2.8/31',
    ]


@pytest.mark.parametrize(
    ('text', 'public'),
    [
        *((text, False) for text in ('127.0.0.1', '10.20.30.0/24', 'fe80::1', '::1')),
        *((text, False) for text in ('169.254.7.7', '172.16.0.0/12', 'fd00::/8')),
        *((text, False) for text in ('192.160.0.0/11', '0.0.0.0/0', '::/64')),
        *((text, True) for text in ('192.0.2.1', '172.32.0.0/16', '2001:db8::/32')),
    ],
)
def test_loopback_private_and_link_local_addresses_are_known(
    text: str, public: bool
) -> None:
    assert is_public(network(text)) is public


def test_a_range_by_its_ends_becomes_ranges_that_make_up_all_of_it() -> None:
    assert cidrs_between('203.0.113.5', '203.0.113.9') == (
        *('203.0.113.5/32', '203.0.113.6/31', '203.0.113.8/31'),
    )
    for ends in [
        *(('203.0.113.9', '203.0.113.5'), ('192.0.2.1', '::1'), ('x', 'y')),
        *(('x', '192.0.2.1'), ('192.0.2.1', 'x')),
        *(('192.0.2.0/24', '192.0.3.1'), ('192.0.2.1', '192.0.3.0/24')),
    ]:
        assert cidrs_between(*ends) == ()


def test_ranges_of_ipv6_are_counted_by_households() -> None:
    assert count_subnets(network('2001:db8::/48')) == 65536
    assert count_subnets(network('2001:db8::1')) == 1


@pytest.mark.parametrize('text', ['192.0.2.0/024', '192.0.2.0/', '2001:db8::/048'])
def test_what_is_no_range_to_mediawiki_is_none_here(text: str) -> None:
    assert network_of(text) is None
