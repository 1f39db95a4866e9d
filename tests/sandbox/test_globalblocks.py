"""Global blocks through site objects: reading, making, changing and lifting them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from mw_tokens_plugin.protocol.globalblocks import INFINITY
from mw_tokens_plugin.sandbox import Sandbox

SPAMBOT = 'Spambot 00001'


def block(site: Any, target: Any, **values: Any) -> Any:
    """Block somebody for a day."""
    values = {'expiry': '1 day', 'reason': 'test', **values}
    return site.global_block(target, **values)


def only(site: Any, target: str) -> Any:
    """Return the one block of a target."""
    (found,) = site.global_blocks(target)
    return found


def test_a_block_is_read_as_it_was_made(site: Any, sandbox: Sandbox) -> None:
    until = datetime(2040, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
    made = block(site, 'user:spambot_00001', expiry=until, autoblock=True)
    found = only(site, SPAMBOT)
    assert (made.target, made.expiry, made.locally) == (SPAMBOT, until, False)
    assert (found.target, found.expiry, found.reason) == (SPAMBOT, until, 'test')
    assert (found.by, found.by_wiki) == (site.username(), 'metawiki')
    assert found.autoblock
    assert not (found.anon_only or found.account_creation or found.automatic)
    block(
        site,
        '2001:db8::1/32',
        expiry=INFINITY,
        anon_only=True,
        account_creation=True,
    )
    wide = only(site, '2001:DB8:0:0:0:0:0:0/32')
    assert (wide.expiry, wide.anon_only, wide.account_creation) == (
        INFINITY,
        True,
        True,
    )
    assert list(site.global_blocks(ip='2001:db8::5')) == [wide]
    assert list(site.global_blocks(ids=[found.id, wide.id, 999])) == [wide, found]
    assert list(site.global_blocks(limit=1)) == [wide]
    site.global_unblock(SPAMBOT, reason='test')
    site.global_unblock(wide.id, reason='test')
    assert list(site.global_blocks()) == []
