"""The half of a global block that is on the central wiki itself: reading and lifting.

It is made together with the global one, by :mod:`.globalblock`.

https://www.mediawiki.org/wiki/API:Blocks
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mw_tokens_plugin.exceptions import ApiRefusal
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.site.batches import batches, max_values, query
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.writes import send_once


def local_blocks(
    site: PluginMixin, names: Collection[str]
) -> Iterator[Mapping[str, Any]]:
    """Yield the blocks of accounts, addresses and ranges on a wiki itself."""
    for batch in batches(names, max_values(site)):
        yield from _read(site, bkusers=batch)


def local_blocks_left(site: PluginMixin, ids: Collection[int]) -> set[int]:
    """Return which blocks of some numbers there still are."""
    return {
        int(item['id'])
        for batch in batches(ids, max_values(site))
        for item in _read(site, bkids=batch)
    }


def lift_local_block(site: PluginMixin, number: int, reason: str) -> ApiRefusal | None:
    """Lift a block by its number.

    :return: why the wiki refused; None if the block is not there any more
    :raises AmbiguousWrite: the answer was lost
    """
    try:
        send_once(site, 'unblock', {'id': number, 'reason': reason})
    except ApiRefusal as error:
        # Somebody else may have been faster.
        return None if error.code in ('nosuchblockid', 'cantunblock') else error
    return None


def _read(site: PluginMixin, **whom: Any) -> list[Mapping[str, Any]]:
    answer = query(
        site,
        list='blocks',
        bkprop=['id', 'user', 'by', 'timestamp', 'reason'],
        bklimit='max',
        **whom,
    )
    return list(items_of(answer, 'query', 'blocks'))
