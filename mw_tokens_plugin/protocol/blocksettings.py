"""The settings of a global block: compared with others, and as facts of a ledger.

Which settings a campaign asks for, and what follows from a difference, is left to the
actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from mw_tokens_plugin.protocol.expiries import ends_at
from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.globalblocks import (
    INFINITY,
    GlobalBlock,
    GlobalBlockLogEntry,
)

__all__ = ['BlockSettings']

#: How far two ends may be apart that mean the same: a part of the time until then, but
#: neither less nor more than this.
_PART = 20
_LEAST, _MOST = timedelta(minutes=10), timedelta(days=1)

#: Clocks differ by so much, and a request takes so long.
_SECONDS = timedelta(seconds=150)


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """What a global block does, and until when.

    .. version-added:: 0.1

    :ivar expiry: a text such as ``1 week``, which counts from the write on; a moment
        as the API writes it; or ``infinity``
    """

    expiry: str
    anon_only: bool = False
    account_creation: bool = False
    autoblock: bool = False
    block_email: bool = False

    @classmethod
    def of(cls, block: GlobalBlock) -> BlockSettings:
        """Return those of a block."""
        return cls(
            expiry_of(block.expiry),
            block.anon_only,
            block.account_creation,
            block.autoblock,
            block.block_email,
        )

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> BlockSettings:
        """Return what :meth:`facts` has made facts of; others are ignored."""
        return cls(**{name: facts[name] for name in cls.__slots__})

    def facts(self) -> dict[str, Any]:
        """Return them as JSON has them."""
        return asdict(self)

    def end(self, since: datetime) -> datetime:
        """Return when a block ends that is made at a moment.

        :raises ValueError: the expiry is none
        """
        end = ends_at(self.expiry, since)
        if end is None:
            raise ValueError(f'{self.expiry!r} is not an expiry')
        return end

    def is_like(self, other: BlockSettings) -> bool:
        """Tell whether they differ in nothing but the expiry."""
        return replace(self, expiry=other.expiry) == other

    def is_as_strict(self, other: BlockSettings) -> bool:
        """Tell whether nobody can do more under them than under others."""
        return not (
            (self.anon_only and not other.anon_only)
            or (self.account_creation and not other.account_creation)
            or (other.autoblock and not self.autoblock)
            or (other.block_email and not self.block_email)
        )

    def is_met(self, block: GlobalBlock, now: datetime) -> bool:
        """Tell whether a block has these settings, and ends at about the right time."""
        if not self.is_like(BlockSettings.of(block)):
            return False
        wanted = self.end(now)
        return _near(wanted, block.expiry, _tolerance(wanted, now))

    def was_written(self, block: GlobalBlock) -> bool:
        """Tell whether a block is what a write with these settings has made of it."""
        wanted = self.end(block.timestamp)
        same = _near(wanted, block.expiry, _SECONDS)
        return same and self.is_like(BlockSettings.of(block))

    def was_logged(self, entry: GlobalBlockLogEntry) -> bool:
        """Tell whether an entry of the log shows a write with these settings.

        Of old entries, which show none, it is not denied.
        """
        if entry.expiry is None:
            return True
        flags = {
            'anon-only': self.anon_only,
            'allow-account-creation': self.account_creation,
            'enable-autoblock': self.autoblock,
            'block-email': self.block_email,
        }
        same = _near(self.end(entry.timestamp), entry.expiry, _SECONDS)
        return same and all(
            (name in entry.flags) is is_set for name, is_set in flags.items()
        )

    def ends_no_sooner(self, other: BlockSettings, now: datetime) -> bool:
        """Tell whether they last about as long as others, or longer."""
        ours, theirs = self.end(now), other.end(now)
        return ours >= theirs or _near(ours, theirs, _tolerance(theirs, now))


def expiry_of(moment: datetime) -> str:
    """Return the end of a block as text, as :class:`BlockSettings` has it."""
    if moment == INFINITY:
        return 'infinity'
    return as_timestamp(moment.astimezone(timezone.utc))


def _tolerance(end: datetime, now: datetime) -> timedelta:
    if end == INFINITY:
        return timedelta()
    return min(max((end - now) / _PART, _LEAST), _MOST)


def _near(one: datetime, two: datetime, tolerance: timedelta) -> bool:
    return abs(one - two) <= tolerance
