"""Whose the present global block of a target is, or who has lifted the last one.

The log of global blocks is replayed. Each entry is that of a write in the ledger, or
else somebody else's. After the write of a campaign, what there is is that campaign's;
after an undo, that of whose it was before what is undone. What the log does not explain
belongs to nobody here: others may have acted on another wiki, which has a log of its
own, or by the number of a block.

One rule follows: an undo touches only what is its campaign's at the end. What is done
with it is decided in :mod:`.undoblock`. The half on the central wiki itself, which that
log does not tell of, is told by its author, its time and its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cmp_to_key
from typing import Any

from mw_tokens_plugin.actions.blockdisplay import is_local_alone
from mw_tokens_plugin.actions.blockedaccounts import name_of
from mw_tokens_plugin.actions.blocklog import CLOCKS, BlockLog
from mw_tokens_plugin.actions.blockreads import (
    block_facts,
    is_account,
    number_in,
    reason_given,
)
from mw_tokens_plugin.actions.globalblock import SECONDS, log_actions
from mw_tokens_plugin.actions.localblocks import local_blocks
from mw_tokens_plugin.campaign.putback import OwnWrites, Write
from mw_tokens_plugin.campaign.records import (
    Campaign,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.protocol.globalblocks import (
    GlobalBlock,
    GlobalBlockLogEntry,
    parse_expiry,
)
from mw_tokens_plugin.site.mixins import PluginMixin

#: How exactly this machine knows the wiki's time, which is told in whole seconds.
_EXACT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was last done to a target.

    :ivar owner: the number of the campaign whose work it is; None if it is nobody's
        here
    :ivar entry: the latest entry of the log, if there is one
    :ivar by: who did it, as far as that is known
    :ivar is_contested: whether the log may tell of another account instead
    """

    owner: int | None = None
    entry: GlobalBlockLogEntry | None = None
    by: str | None = None
    is_contested: bool = False


class BlockHistory:
    """What the log and the ledger have of the targets of a campaign, since it began.

    .. version-added:: 0.1
    """

    def __init__(
        self, site: PluginMixin, undone: Campaign, others: OwnWrites | None
    ) -> None:
        """Read nothing yet.

        :param site: the central wiki
        :param others: tells what other campaigns of the ledger have written
        """
        self._site = site
        self._undone = undone
        self._others = others
        #: Whose the entries of the log are that this has read.
        self.log = BlockLog(site)
        #: What was written to others that have had the same names.
        self._rivals: list[Write] = []

    def writes(self, recorded: Mapping[str, Target]) -> dict[str, list[Write]]:
        """Return what was written to each target, first by the campaign itself.

        :param recorded: the targets of the campaign by their names
        """
        found = {name: [Write(self._undone, t)] for name, t in recorded.items()}
        self._rivals = [first for (first,) in found.values()]
        since = _since(found)
        if self._others is None or since is None:
            return found
        of_key = {key: name for name, t in recorded.items() for key in keys_of(t)}
        names = {name_of(target) for target in recorded.values()}
        for write in self._others.others(
            self._undone,
            names | of_key.keys(),
            lambda target: keys_of(target) | {name_of(target)},
            since.replace(tzinfo=None),
        ):
            self._rivals.append(write)
            for name in {of_key[k] for k in keys_of(write.target) if k in of_key}:
                found[name].append(write)
        return found

    def standings(
        self,
        writes: Mapping[str, Sequence[Write]],
        named: Mapping[str, str],
        own: Mapping[str, GlobalBlock | None],
    ) -> dict[str, Standing]:
        """Return what was last done to each target, and by which campaign.

        :param writes: as :meth:`writes` returns them
        :param named: the present names of accounts and addresses, by the same
        :param own: the blocks that there are
        """
        since = _since(writes)
        logged: Mapping[str, Sequence[GlobalBlockLogEntry]] = {}
        if since is not None:
            logged = self.log.read(named.values(), since)
        now = self._site.tokens.session.clock.now().replace(tzinfo=timezone.utc)
        found = {}
        for name, block in own.items():
            keys = {key for write in writes[name] for key in keys_of(write.target)}
            names = {key for key in keys if isinstance(key, str) and number_in(key)}
            if block is not None:
                names.add(f'#{block.id}')
            was = name_of(writes[name][0].target)
            if was not in self.log.renames.former(named[name]):
                # The log does not tell how it came by its present name.
                names.add(was)
            entries = self._entries_of(named[name], names, writes[name], logged)
            state = standing(entries, writes[name], block, now)
            owners = map(self.log.renames.owners, entries)
            is_contested = state.owner is None and any(len(o) > 1 for o in owners)
            found[name] = replace(state, is_contested=is_contested)
        return found

    def _entries_of(
        self,
        name: str,
        others: Collection[str],
        writes: Sequence[Write],
        logged: Mapping[str, Sequence[GlobalBlockLogEntry]],
    ) -> list[GlobalBlockLogEntry]:
        """Return the entries about a target, the oldest first.

        :param name: its present one
        :param others: numbers of its blocks
        """
        entries = [entry for one in {name, *others} for entry in logged.get(one, ())]
        entries.sort(key=lambda entry: entry.log_id)
        owners = {e.log_id: self.log.renames.owners(e) for e in entries}
        shared = {one for some in owners.values() if len(some) > 1 for one in some}
        if not shared:
            return entries
        # What was written to others explains those entries that may be about them.
        entries += (
            e for one in shared - {name} for e in logged[one] if e not in entries
        )
        entries.sort(key=lambda entry: entry.log_id)
        rivals = [write for write in self._rivals if write not in writes]
        explained = _explained(
            entries,
            [*writes, *rivals],
            lambda entry, write: (
                entry.log_id in owners
                if write in writes
                else owners.get(entry.log_id) != frozenset({name})
            ),
        )
        return [e for e, w in explained if e.log_id in owners and w not in rivals]


def own_local_blocks(
    site: PluginMixin,
    undone: Campaign,
    recorded: Mapping[str, Target],
    named: Mapping[str, str],
    writes: Mapping[str, Sequence[Write]],
) -> dict[str, int]:
    """Return the numbers of blocks on the central wiki itself that a campaign has made.

    One that was there before is never changed, so what is the operator's is new, unless
    another campaign has made it just after, or an undo has lifted the campaign's.
    """
    if not undone.options.get('also_local'):
        return {}
    # What has failed after the global half has made no local one.
    done = {named[n]: n for n, t in recorded.items() if t.state is not State.FAILED}
    found = {}
    for item in local_blocks(site, done) if done else ():
        name = done.get(item.get('user', ''))
        made, by = timestamp(item.get('timestamp')), item.get('by')
        if name is None or made is None:
            continue
        first, *others = writes[name]
        if not _has_made_locally(first, made, by) or not may_be_reason(
            item.get('reason'), reason_given(first.target, undone.reason)
        ):
            continue
        later = (w for w in others if _order(w, first) > 0)
        if not any(
            w.undone == undone.id or _has_made_locally(w, made, by) for w in later
        ):
            found[name] = int(item['id'])
    return found


def _has_made_locally(write: Write, made: datetime, by: str | None) -> bool:
    """Tell whether a campaign may have made a block on the central wiki itself."""
    return (
        write.undone is None
        and write.target.state is State.DONE
        and write.campaign.options.get('also_local') is True
        and _may_have_written_at(write.target, made, by)
    )


def _may_have_written_at(target: Target, moment: datetime, by: str | None) -> bool:
    """Tell whether a moment is that of a target's write."""
    begin = _begin(target)
    if target.log_id is None or begin is None or moment < begin:
        return target.may_have_written_at(moment, by=by)
    return replace(target, started_at=begin).may_have_written_at(moment, by=by)


def _since(writes: Mapping[str, Sequence[Write]]) -> datetime | None:
    """Return when a campaign may have written first; None if it never did.

    :param writes: by target, of which the first is the campaign's
    """
    known = [start for first, *_ in writes.values() if (start := _begin(first.target))]
    return min(known) - CLOCKS if known else None


def _begin(target: Target) -> datetime | None:
    """Return when a target may have been written to first; None if it never was."""
    if target.log_id is not None and (
        planned := timestamp(target.decision.facts.get('looked_at'))
    ):
        # It was found done by the operator, before the attempt that the ledger has.
        return planned
    start = target.started_at
    return None if start is None else start.replace(tzinfo=timezone.utc)


def keys_of(target: Target) -> set[str | int]:
    """Return what a target is by: central id or address, and the number of its block.

    An account is not its name, and a block stays what it is if it gets other settings.
    """
    now, central_id = target.decision.facts.get('now'), target.decision.central_id
    keys: set[str | int] = {central_id or name_of(target)}
    if now:
        keys.add(f'#{now["id"]}')
        if now['target'] and not is_account(now['target']):
            keys.add(now['target'])
    return keys


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
    entries: Sequence[GlobalBlockLogEntry],
    writes: Iterable[Write],
    may_be: Callable[[GlobalBlockLogEntry, Write], bool] = lambda entry, write: True,
) -> Iterator[tuple[GlobalBlockLogEntry, Write | None]]:
    """Yield entries of the log with the writes that have made them.

    Equal writes are told apart by the time, by what they have found, and last by their
    order.

    :param may_be: tells whether an entry can be about the target of a write
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
        if _is_entry_of(entry, write) and may_be(entry, write)
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
    if target.log_id is not None:
        return entry.log_id == target.log_id and entry.action in log_actions(target)
    return (
        entry.action in log_actions(target)
        and target.may_have_written_at(entry.timestamp, by=entry.by)
        and (planned is None or entry.timestamp >= planned - SECONDS)
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
        has_ended = entry.expiry is not None and entry.expiry <= now + SECONDS
        return is_lifted or has_ended
    made = parse_expiry(block['timestamp'])
    return (
        not is_lifted
        and entry.by == block['by']
        and abs(made - entry.timestamp) <= SECONDS
        and may_be_reason(entry.comment, block['reason'])
        and (entry.expiry is None or entry.expiry == parse_expiry(block['expiry']))
        and BlockSettings.from_facts(block).was_logged(entry)
    )
