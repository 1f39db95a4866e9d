"""Blocks on one wiki, as ``list=blocks`` tells of them.

It parses answers, and compares a block with what is wanted, or was written. Requests
are left to the actions.

https://www.mediawiki.org/wiki/API:Blocks
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from mw_tokens_plugin.protocol.answers import expected_form
from mw_tokens_plugin.protocol.blocksettings import BlockSettings, expiry_of
from mw_tokens_plugin.protocol.fields import (
    as_timestamp,
    flag,
    number,
    optional_text,
    timestamp,
)
from mw_tokens_plugin.protocol.globalblocks import parse_expiry

__all__ = ['WIKI_BLOCK_PROPERTIES', 'WikiBlock', 'end_of']

#: What is asked of each block.
WIKI_BLOCK_PROPERTIES = ('id', 'user', 'by', 'timestamp', 'expiry', 'reason', 'flags')


@dataclass(frozen=True, slots=True)
class WikiBlock:
    """A block of an account, an address or a range on one wiki.

    .. version-added:: 0.1

    :ivar id: its number, which stays when its settings are changed
    :ivar target: None for automatic blocks, whose address is not shown
    :ivar by: who made it, or changed it last; None if that account is hidden
    :ivar timestamp: when it was made or changed last
    :ivar settings: with the moment at which it ends
    :ivar block_talk: whether the user may not edit the own talk page either
    :ivar is_partial: whether it is of some pages, namespaces or actions only
    """

    id: int
    target: str | None
    by: str | None
    timestamp: datetime
    reason: str | None
    settings: BlockSettings
    block_talk: bool = False
    is_partial: bool = False

    @classmethod
    @expected_form('A block')
    def of(cls, item: Mapping[str, Any]) -> WikiBlock:
        """Return what an item of the list tells.

        :raises UnexpectedAnswer: the item has another form
        """
        made = timestamp(item.get('timestamp'))
        if made is None:
            raise ValueError('it has no moment')
        settings = BlockSettings(
            expiry_of(parse_expiry(item.get('expiry'))),
            anon_only=flag(item, 'anononly'),
            account_creation=not flag(item, 'nocreate'),
            autoblock=flag(item, 'autoblock'),
            block_email=flag(item, 'noemail'),
        )
        return cls(
            number(item, 'id'),
            optional_text(item, 'user'),
            optional_text(item, 'by'),
            made,
            optional_text(item, 'reason'),
            settings,
            block_talk=not flag(item, 'allowusertalk'),
            is_partial=flag(item, 'partial'),
        )

    def facts(self) -> dict[str, Any]:
        """Return what the ledger keeps of it."""
        return {
            **self.settings.facts(),
            'id': self.id,
            'target': self.target,
            'by': self.by,
            'timestamp': as_timestamp(self.timestamp.astimezone(timezone.utc)),
            'reason': self.reason,
        }

    def suffices(self, wanted: BlockSettings, *, block_talk: bool) -> bool:
        """Tell whether nobody can do more under it than under a wanted block."""
        now = datetime.now(timezone.utc)
        return (
            not self.is_partial
            and self.block_talk >= block_talk
            and self.settings.is_as_strict(wanted)
            and self.settings.ends_no_sooner(wanted, now)
        )

    def has(self, written: BlockSettings, *, block_talk: bool) -> bool:
        """Tell whether it has just these settings, and ends at that moment."""
        same = not self.is_partial and self.block_talk is block_talk
        return same and self.settings == written

    def is_like(self, wanted: BlockSettings, *, block_talk: bool) -> bool:
        """Tell whether it may be what a write with these settings has made."""
        written = replace(wanted, expiry=self.settings.expiry)
        return self.has(written, block_talk=block_talk)


def end_of(expiry: object) -> str:
    """Return when a block ends, as its settings have it.

    :param expiry: as the answer of ``action=block`` has it
    :raises ValueError: it is none
    """
    return expiry_of(parse_expiry(expiry))
