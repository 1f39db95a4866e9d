"""Whose the present global block of a target is, or who has lifted the last one.

The log of global blocks is replayed. Each entry is that of a write in the ledger, or
else somebody else's. After the write of a campaign, what there is is that campaign's;
after an undo, that of whose it was before what is undone. What the log does not explain
belongs to nobody here: others may have acted on another wiki, which has a log of its
own, or by the number of a block.

One rule follows: an undo touches only what is its campaign's at the end. What is done
with it is decided in :mod:`.undoblock`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cmp_to_key
from typing import Any

from mw_tokens_plugin.actions.blockdisplay import is_local_alone
from mw_tokens_plugin.actions.blockreads import (
    block_facts,
    number_in,
    reason_given,
)
from mw_tokens_plugin.actions.globalblock import CLOCKS, log_actions, name_of
from mw_tokens_plugin.campaign.putback import Write
from mw_tokens_plugin.campaign.records import Target, may_be_reason
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.protocol.globalblocks import (
    GlobalBlock,
    GlobalBlockLogEntry,
    parse_expiry,
)
from mw_tokens_plugin.site.mixins import PluginMixin

#: How far the time of a block and that of its entry in the log may differ.
_SECONDS = timedelta(seconds=10)

#: How exactly this machine knows the wiki's time, which is told in whole seconds.
_EXACT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was last done to a target.

    :ivar owner: the number of the campaign whose work it is; None if it is nobody's
        here
    :ivar entry: the latest entry of the log, if there is one
    :ivar by: who did it, as far as that is known
    """

    owner: int | None = None
    entry: GlobalBlockLogEntry | None = None
    by: str | None = None


class BlockLog:
    """The log of global blocks since a moment, of which only new entries are read."""

    def __init__(self, site: PluginMixin) -> None:
        """Read nothing yet.

        :param site: the central wiki
        """
        self._site = site
        self._since: datetime | None = None
        self._entries: dict[int, GlobalBlockLogEntry] = {}

    def read(self, since: datetime) -> list[GlobalBlockLogEntry]:
        """Return its entries since a moment, the oldest first.

        :param since: a moment by the wiki's clock, with its time zone
        """
        begin = since
        if self._since is not None and self._since <= since:
            latest = max((e.timestamp for e in self._entries.values()), default=since)
            begin = max(since, latest - CLOCKS)
        else:
            self._since = since
        found = self._site.global_block_log(since=begin)
        self._entries.update((entry.log_id, entry) for entry in found)
        return [self._entries[number] for number in sorted(self._entries)]


def names_of(target: Target) -> set[str]:
    """Return the names of what a target's write has changed, but not the number."""
    now = target.decision.facts.get('now') or {}
    names = {target.name, name_of(target), now.get('target')}
    return {name for name in names if name and not number_in(name)}


def numbers_of(target: Target) -> set[str]:
    """Return the number of the block that a target's write has found, as in the log."""
    now = target.decision.facts.get('now')
    return {f'#{now["id"]}'} if now else set()


def standing(
    entries: Sequence[GlobalBlockLogEntry],
    writes: Sequence[Write],
    block: GlobalBlock | None,
    now: datetime,
) -> Standing:
    """Return what was last done to a target, and by which campaign.

    :param entries: those of the target, the oldest first
    :param writes: what the ledger has of it
    :param block: what there is
    :param now: the present time by the wiki's clock
    """
    state, before = Standing(), dict[int, Standing]()
    for entry, write in _explained(entries, writes):
        owner = None
        if write is not None and write.undone is None:
            owner = write.campaign.id
            is_known = state.entry is not None and _has_found(write, state.entry, entry)
            before[owner] = state if is_known else Standing()
        elif write is not None and state.owner is not None:
            # Else nobody knows what it has put back.
            is_its = state.owner == write.undone
            owner = before[state.owner].owner if is_its else None
        state = Standing(owner, entry, entry.by)
    shown = None if block is None else block_facts(block)
    if state.entry is None or not _is_explained(state.entry, shown, now):
        return replace(state, owner=None, by=None if block is None else block.by)
    return state


def _explained(
    entries: Sequence[GlobalBlockLogEntry], writes: Iterable[Write]
) -> Iterator[tuple[GlobalBlockLogEntry, Write | None]]:
    """Yield entries of the log with the writes that have made them.

    Equal writes are told apart by the time, by what they have found, and last by their
    order.
    """
    begun = sorted(writes, key=cmp_to_key(_order))
    pairs = sorted(
        (
            _distance(entry, write.target),
            number > 0 and not _has_found(write, entries[number - 1], entry),
            number,
            place,
        )
        for number, entry in enumerate(entries)
        for place, write in enumerate(begun)
        if _is_entry_of(entry, write)
    )
    found: dict[int, int] = {}
    for _, _, number, place in pairs:
        if number not in found and place not in found.values():
            found[number] = place
    for number, entry in enumerate(entries):
        yield entry, begun[found[number]] if number in found else None


def _start(target: Target) -> datetime:
    return (target.started_at or datetime.min).replace(tzinfo=timezone.utc)


def _order(one: Write, other: Write) -> int:
    """Compare which write came first, as exactly as moments are known."""
    since = _start(one.target) - _start(other.target)
    if abs(since) <= _EXACT:
        return one.campaign.id - other.campaign.id
    return 1 if since > timedelta() else -1


def _has_found(
    write: Write, before: GlobalBlockLogEntry, entry: GlobalBlockLogEntry
) -> bool:
    """Tell whether a write has found what the entry before its own has left."""
    return _is_explained(before, write.target.decision.facts['now'], entry.timestamp)


def _distance(entry: GlobalBlockLogEntry, target: Target) -> timedelta:
    """Return by how much an entry is too early or too late for a write."""
    start = _start(target)
    end = start if target.ended_at is None else target.ended_at
    early, late = (
        start - entry.timestamp,
        entry.timestamp - end.replace(tzinfo=timezone.utc),
    )
    return max(early - _EXACT, late - _EXACT, timedelta())


def _is_entry_of(entry: GlobalBlockLogEntry, write: Write) -> bool:
    """Tell whether an entry of the log may be that of a write."""
    target, facts = write.target, write.target.decision.facts
    if is_local_alone(facts):
        return False
    planned, then = timestamp(facts.get('looked_at')), facts['then']
    return (
        entry.action in log_actions(target)
        and target.may_have_written_at(entry.timestamp, by=entry.by)
        and (planned is None or entry.timestamp >= planned - _SECONDS)
        and may_be_reason(entry.comment, reason_given(target, write.campaign.reason))
        and (then is None or BlockSettings.from_facts(then).was_logged(entry))
    )


def _is_explained(
    entry: GlobalBlockLogEntry, block: Mapping[str, Any] | None, now: datetime
) -> bool:
    """Tell whether what there is at a moment is what the log has last.

    :param block: as the ledger has it
    """
    is_lifted = entry.action == 'gunblock'
    if block is None:
        has_ended = entry.expiry is not None and entry.expiry <= now + _SECONDS
        return is_lifted or has_ended
    made = parse_expiry(block['timestamp'])
    return (
        not is_lifted
        and entry.by == block['by']
        and abs(made - entry.timestamp) <= _SECONDS
        and may_be_reason(entry.comment, block['reason'])
        and (entry.expiry is None or entry.expiry == parse_expiry(block['expiry']))
        and BlockSettings.from_facts(block).was_logged(entry)
    )
