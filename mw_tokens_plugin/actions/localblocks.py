"""Blocks on a wiki itself: reading and lifting them.

Those on the central wiki are one half of a global block, and made with it by
:mod:`.globalblock`; those on many wikis are made by :mod:`.wikiblock`.

https://www.mediawiki.org/wiki/API:Blocks
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from mw_tokens_plugin.exceptions import ApiRefusal
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.protocol.fields import number
from mw_tokens_plugin.protocol.localblocks import WIKI_BLOCK_PROPERTIES, WikiBlock
from mw_tokens_plugin.site.anonymous import MAX_VALUES
from mw_tokens_plugin.site.batches import batches, max_values, query
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import PublicReader

#: What a wiki answers where the block that is to be lifted is not there any more.
GONE = frozenset({'nosuchblockid', 'cantunblock'})


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


def wiki_blocks(
    reader: PublicReader,
    database: str,
    *,
    users: Iterable[str] = (),
    ids: Iterable[int] = (),
) -> tuple[list[WikiBlock], int]:
    """Return the blocks of some users of any wiki, or those of some numbers.

    :param reader: asks the wiki, as nobody where it is public
    :return: the blocks, and the number of the newest entry of the log of blocks: what
        is written later has a higher one
    """
    which: list[tuple[str, list[Any]]] = [
        ('bkusers', sorted(set(users))),
        ('bkids', sorted(set(ids))),
    ]
    found: list[WikiBlock] = []
    newest: list[int] = []
    for name, values in which:
        for batch in batches(values, MAX_VALUES):
            asked = {
                'list': ['blocks', 'logevents'],
                'bkprop': WIKI_BLOCK_PROPERTIES,
                'bklimit': 'max',
                name: batch,
                'letype': 'block',
                'leprop': 'ids',
                'lelimit': 1,
            }
            for answer in reader.answers(database, **asked):
                found += map(WikiBlock.of, items_of(answer, 'query', 'blocks'))
                log = items_of(answer, 'query', 'logevents')
                newest += [number(entry, 'logid') for entry in log]
                # The log itself is not read on.
                if 'bkcontinue' not in answer.get('continue', ()):
                    break
    # Entries that were read later may be newer than some of the blocks.
    return found, min(newest[:1], default=0)


def lift_local_block(
    site: PluginMixin, block_id: int, reason: str
) -> ApiRefusal | None:
    """Lift a block by its number.

    :return: why the wiki refused; None if the block is not there any more
    :raises AmbiguousWrite: the answer was lost
    """
    try:
        send_once(site, 'unblock', {'id': block_id, 'reason': reason})
    except ApiRefusal as error:
        # Somebody else may have been faster.
        return None if error.code in GONE else error
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
