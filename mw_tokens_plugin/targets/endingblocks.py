"""Global blocks that are about to end, and how they are listed.

Whether they are renewed or lifted is decided by the script, and how by the actions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta, timezone

from mw_tokens_plugin.protocol.addresses import network_of
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.site.mixins import PluginMixin


def ending_blocks(
    site: PluginMixin, length: timedelta, words: str = ''
) -> Iterator[GlobalBlock]:
    """Yield blocks that are about to end.

    .. version-added:: 0.1

    :param site: the central wiki
    :param length: within how much time they end
    :param words: a text in their reason; capitals do not matter
    """
    now = site.tokens.session.clock.now().replace(tzinfo=timezone.utc)
    words = words.casefold()
    for block in site.global_blocks():
        is_near = now < block.expiry <= now + length
        if is_near and not block.automatic and words in block.reason.casefold():
            yield block


def unknown_targets(site: PluginMixin, blocks: Iterable[GlobalBlock]) -> set[str]:
    """Return the targets of blocks that are hidden accounts, or are none any more.

    Lists of blocks have the names of hidden accounts for everybody, and the old names
    of renamed accounts, which others may have now.
    """
    ids = {
        block.target: block.id
        for block in blocks
        if block.target is not None and network_of(block.target) is None
    }
    names = sorted(ids)
    known = {
        account.name
        for account in (site.global_accounts(names) if names else ())
        if account.exists and not account.is_hidden
    }
    theirs = {block.id for block in site.global_blocks(sorted(known))}
    return {name for name, id in ids.items() if name not in known or id not in theirs}


def lines_about(
    blocks: Iterable[GlobalBlock], unknown: Collection[str]
) -> Iterator[str]:
    """Yield a line about each block, those that end first at the top.

    :param unknown: targets that are not shown
    """
    for block in sorted(blocks, key=lambda block: block.expiry):
        end = f'{block.expiry:%Y-%m-%d %H:%M}'
        whom = f'#{block.id}' if block.target in unknown else block.target
        yield f'  {end}  {whom}  ({block.by}: {block.reason})'
