"""Global blocks as actions of a campaign: making, changing and lifting them.

Theory of operation. A plan has what it found of each target (``now``: its block, or
nothing) and what is wanted (``then``: settings, or nothing), so one class brings
targets from one to the other. The API expects no state: it refuses a second block of a
target, but a change or a lift is preceded by a read of just that block, and nothing is
sent if that is not the planned one any more. Whether a lost write took effect is read
from the block, which bears who made it, when and why, and else from the log.

Which settings are asked for, and who is skipped, is decided in :mod:`.blockplan`, and
undoing in :mod:`.undoblock`. Retrying and recording is left to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from mw_tokens_plugin.actions.accountfacts import skipped_now
from mw_tokens_plugin.actions.blockedaccounts import (
    Present,
    name_of,
    read_present,
)
from mw_tokens_plugin.actions.blocklog import CLOCKS, BlockLog
from mw_tokens_plugin.actions.blockreads import (
    block_facts,
    is_account,
    is_own_block,
    number_in,
    read_block,
    reason_given,
)
from mw_tokens_plugin.actions.localblocks import local_blocks
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Outcome,
    SkipReason,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.exceptions import (
    AlreadyBlocked,
    AmbiguousWrite,
    LocalBlockFailed,
    LostRace,
    NotBlocked,
    StateConflict,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.addresses import network_of
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.fields import as_timestamp, timestamp
from mw_tokens_plugin.protocol.globalblocks import (
    GlobalBlock,
    GlobalBlockLogEntry,
    LocalBlock,
    parse_expiry,
)
from mw_tokens_plugin.site.mixins import PluginMixin

#: How the log calls what makes a block, and what lifts it.
_MADE = frozenset({'gblock', 'modify'})
_LIFTED = frozenset({'gunblock'})

#: How far the time of a block and that of its entry in the log may differ.
SECONDS = timedelta(seconds=10)

_FOUND = Outcome(State.DONE, changed=True, detail='found by reading')


class SetGlobalBlock(Action):
    """Bring the global block of each target into the planned state.

    :cvar restores: whether it is for the accounts of an earlier campaign, whatever
        names they have now
    :ivar site: the central wiki
    :ivar reason: for the log; if it is empty, that of the block is kept
    """

    fixed = frozenset({'central_id', 'now'})
    kept = frozenset({'looked_at'})
    done = frozenset({SkipReason.ALREADY})
    wording = 'block'
    restores = False

    def __init__(
        self,
        site: PluginMixin,
        *,
        reason: str,
        excluded: Callable[[str], SkipReason | None] = lambda name: None,
    ) -> None:
        """Set what holds for every target.

        :param site: the central wiki
        :param reason: for the log
        :param excluded: returns why a target is skipped now that a standing list names
        """
        self.site = site
        self.reason = reason
        self._excluded = excluded
        #: The present names of targets that were renamed since the plan.
        self._names: dict[int, str] = {}
        #: Accounts without a block that this process has read.
        self._read: set[str] = set()

    def describe(self) -> str:
        """Return a word or two for what is done."""
        return message(f'campaign-verb-{self.wording}')

    def changed_since(
        self, before: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> SkipReason | None:
        """Return why a target is not what an earlier plan was made for; None if it is.

        Nobody has changed one whose block has ended by itself.
        """
        now = facts.get('now')
        if now is None and self._has_ended(before.get('now')):
            before = {**before, 'now': None}
        is_same = before.get('central_id') == facts.get('central_id')
        if 'central_id' in before and not is_same:
            return SkipReason.OTHER_ACCOUNT
        skipped = super().changed_since(before, facts)
        is_own = skipped is not None and now and now['by'] == self.site.username()
        return SkipReason.CHANGED_AGAIN if is_own else skipped

    def knows(self, target: Target) -> bool:
        """Tell whether a target is read right before its write, or was by this process.

        A kept plan may be resumed at once, and the name be that of another account.
        """
        has_block = target.decision.facts['now'] is not None
        is_named = target.decision.central_id and is_account(name_of(target))
        return has_block or not is_named or target.name in self._read

    def apply(self, target: Target) -> Outcome:
        """Send the write for one target, if its block still is as it was planned.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        facts = target.decision.facts
        # What is named by its number is not listed by that.
        whom = (facts['now'] or {}).get('target') if number_in(target.name) else None
        if (skipped := self._excluded(whom or target.name)) is not None:
            return _skipped(skipped)
        with hiding([target]):
            if facts['now'] is not None or facts.get('found_done'):
                block = read_block(self.site, self._name(target))
                if not self._is_as_planned(target, block):
                    outcome = self._found_otherwise(target)
                    if outcome is not None:
                        return outcome
            return self._telling_name(target, self._write(target))

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not."""
        with hiding(targets):
            presents = read_present(self.site, targets)
            log: Mapping[str, Sequence[GlobalBlockLogEntry]] | None = None
            for target in targets:
                present = presents[target.id]
                self._names[target.id], block = present.name, present.block
                if self._is_found(target, block):
                    found = self._with_local(target, _FOUND)
                    yield target, _seen(present, found)
                    continue
                if log is None:
                    log = self._own_log(targets, presents)
                entries = _entries_of(target, present.name, log)
                since = None
                if self._is_as_planned(target, block):
                    # The operator's campaigns just before may have done the like.
                    since = timestamp(target.decision.facts.get('looked_at'))
                    entries = entries[-1:]
                if any(self._is_own(entry, target, since) for entry in entries):
                    found = self._with_local(target, _FOUND)
                    yield target, _seen(present, found)
                elif not self._is_as_planned(target, block) and self._is_wanted(
                    target, block
                ):
                    found = self._done_meanwhile(target, block)
                    yield target, _seen(present, found)
                else:
                    yield target, None

    def now(self) -> datetime:
        """Return the present time by the wiki's clock."""
        return self.site.tokens.session.clock.now().replace(tzinfo=timezone.utc)

    def moment(self) -> str:
        """Return the present time by the wiki's clock, as its log writes it."""
        return as_timestamp(self.now())

    def local(self, target: Target, then: BlockSettings) -> LocalBlock | None:
        """Return the block on the central wiki itself that is made as well."""
        return None

    def _write(self, target: Target) -> Outcome:
        now, then = target.decision.facts['now'], _then(target)
        name = number_in(self._name(target)) or self._name(target)
        reason = self._reason_for(target)
        if then is None:
            try:
                self.site.global_unblock(name, reason=reason)
            except NotBlocked as error:
                return self._lost_race(target, error)
            return Outcome(State.DONE, changed=True)
        local = self.local(target, then)
        # A change would change a local block of others, too, beyond undoing.
        is_local_left = (
            local is not None
            and now is not None
            and any(True for _ in local_blocks(self.site, [self._name(target)]))
        )
        try:
            self.site.global_block(
                name,
                reason=reason,
                modify=now is not None,
                local=None if is_local_left else local,
                **then.facts(),
            )
        except (AlreadyBlocked, LostRace) as error:
            return self._lost_race(target, error)
        except LocalBlockFailed as error:
            detail = (
                f'blocked globally, but not on {self.site} itself: {error.code}: '
                f'{error.info}'
            )
            return Outcome(
                State.FAILED, changed=True, detail=detail, reason_code=error.code
            )
        if is_local_left:
            detail = (
                f'changed globally; on {self.site} itself there is a block already, '
                'which was left as it is'
            )
            code = SkipReason.BLOCKED_OTHERWISE.name
            return Outcome(State.FAILED, changed=True, detail=detail, reason_code=code)
        return Outcome(State.DONE, changed=True)

    def _telling_name(self, target: Target, outcome: Outcome) -> Outcome:
        """Return an outcome that tells the name of a target, if it was renamed."""
        name = self._name(target)
        is_told = outcome.detail or target.decision.hidden or number_in(target.name)
        if is_told or name == target.name:
            return outcome
        return replace(outcome, detail=f'its name is now {name!r}')

    def _reason_for(self, target: Target) -> str:
        return reason_given(target, self.reason)

    def _lost_race(self, target: Target, error: StateConflict) -> Outcome:
        """Say how a target ends that somebody else has changed before the write.

        :raises AmbiguousWrite: it is shown as it was planned all the same
        """
        if (outcome := self._found_otherwise(target)) is not None:
            return outcome
        if isinstance(error, AlreadyBlocked) and self._is_hidden_account(target):
            # No list names it, and another attempt would be refused as well.
            return Outcome(
                State.FAILED,
                detail=f'skipped: {error.info}',
                reason_code=SkipReason.HIDDEN_BLOCK.name,
                hidden=True,
            )
        # The databases lag.
        raise AmbiguousWrite(f'{error} It is not shown yet.') from None

    def _found_otherwise(self, target: Target) -> Outcome | None:
        """Read who a target is now, and how it ends if its block is not as planned.

        :return: None if it is as planned, perhaps under another name
        """
        present = read_present(self.site, [target])[target.id]
        self._names[target.id] = present.name
        if not self._is_as_planned(target, present.block):
            return _seen(present, self._changed_meanwhile(target, present.block))
        return self._unreachable(target, present)

    def _unreachable(self, target: Target, present: Present) -> Outcome | None:
        """Say how a target ends that cannot be written to as it is now, if it does."""
        if present.is_hidden and not target.decision.hidden:
            return replace(_skipped(SkipReason.HIDDEN_BLOCK), hidden=True)
        is_unknown = present.account is None and is_account(name_of(target))
        if is_unknown and not present.is_named:
            return _skipped(SkipReason.UNKNOWN_ACCOUNT)
        return self._renamed(target, present.name)

    def _renamed(self, target: Target, name: str) -> Outcome | None:
        """Say how a target ends that has another name now, if it must be left."""
        if name == name_of(target):
            return None
        if (skipped := self._excluded(name)) is not None:
            return _skipped(skipped)
        (account,) = self.site.global_accounts([name_of(target)])
        if not account.exists or self.restores:
            return None
        # What was confirmed is no longer what the name says.
        outcome = skipped_now(SkipReason.OTHER_ACCOUNT)
        return replace(outcome, detail=f'{outcome.detail}, and its own is {name!r}')

    def _name(self, target: Target) -> str:
        """Return the present name of a target, as far as it is known."""
        return self._names.get(target.id) or name_of(target)

    def _is_hidden_account(self, target: Target) -> bool:
        """Tell whether a target is an account that is hidden now."""
        name = self._name(target)
        if not is_account(name):
            return False
        (account,) = self.site.global_accounts([name])
        return account.exists and account.is_hidden

    def _is_as_planned(self, target: Target, block: GlobalBlock | None) -> bool:
        now = target.decision.facts['now']
        return bool(now == (None if block is None else block_facts(block)))

    def _is_wanted(self, target: Target, block: GlobalBlock | None) -> bool:
        """Tell whether a block is as the target's write would make it."""
        then = _then(target)
        if then is None or block is None:
            return then is None and block is None
        reason = self._asked_reason(target)
        is_reason = not reason or may_be_reason(block.reason, reason)
        return is_reason and then.is_met(block, self.now())

    def _asked_reason(self, target: Target) -> str:
        """Return the reason that a target's block is to have; empty if any will do."""
        return str((target.decision.facts['then'] or {}).get('reason') or '')

    def _has_ended(self, now: Mapping[str, Any] | None) -> bool:
        """Tell whether a block has ended that the ledger has."""
        return now is not None and parse_expiry(now['expiry']) <= self.now()

    def _changed_meanwhile(self, target: Target, block: GlobalBlock | None) -> Outcome:
        """Say how a target ends whose block is not the planned one any more."""
        is_wanted = self._is_wanted(target, block)
        if is_wanted and self._may_be_own_since_plan(target, block):
            entry = self._own_entry(target, block)
            if entry is not None or block is not None:
                # The ledger may be a copy from before it was sent.
                outcome = Outcome(
                    State.DONE,
                    changed=True,
                    detail='already done by you since the plan',
                    log_id=None if entry is None else entry.log_id,
                    is_earlier=True,
                )
                return self._with_local(target, outcome)
        if is_wanted:
            return self._done_meanwhile(target, block)
        how = 'not blocked any more' if block is None else f'by {_who(block)}'
        if block is None and self._has_ended(target.decision.facts['now']):
            how = 'its block has ended'
        return Outcome(
            State.FAILED,
            detail=f'changed since the plan ({how}), and skipped',
            reason_code=SkipReason.CHANGED_SINCE.name,
        )

    def _done_meanwhile(self, target: Target, block: GlobalBlock | None) -> Outcome:
        detail = f'done meanwhile by {_who(block)}'
        if block is None and self._has_ended(target.decision.facts['now']):
            detail = 'its block has ended by itself'
        return self._with_local(target, Outcome(State.DONE, detail=detail))

    def _with_local(self, target: Target, outcome: Outcome) -> Outcome:
        """Return how a target ends whose global half is done, which was not answered.

        The local half is made after it, and can fail alone.
        """
        then = _then(target)
        if then is None or self.local(target, then) is None:
            return outcome
        there = [i.get('by') for i in local_blocks(self.site, [self._name(target)])]
        if target.operator in there or (there and not outcome.changed):
            return outcome
        why = f'blocked by {there[0] or "somebody else"}' if there else 'not blocked'
        detail = f'{outcome.detail}; but on {self.site} itself it is {why}'
        return replace(
            outcome, state=State.FAILED, detail=detail, reason_code='NO_LOCAL_BLOCK'
        )

    def _may_be_own_since_plan(self, target: Target, block: GlobalBlock | None) -> bool:
        planned = timestamp(target.decision.facts.get('looked_at'))
        if planned is None or target.operator is None:
            return False
        return block is None or (
            block.timestamp >= planned
            and block.by == target.operator
            and may_be_reason(block.reason, self._reason_for(target))
        )

    def _own_entry(
        self, target: Target, block: GlobalBlock | None
    ) -> GlobalBlockLogEntry | None:
        """Return what the log has of the operator's last such write since the plan.

        :param block: what it has made, if anything
        """
        planned = timestamp(target.decision.facts.get('looked_at'))
        if planned is None:
            return None
        name = self._name(target)
        log = BlockLog(self.site, target.operator).read([name], planned)
        entries = (
            entry
            for entry in reversed(_entries_of(target, name, log))
            if entry.action in log_actions(target)
            and may_be_reason(entry.comment, self._reason_for(target))
            and (block is None or abs(entry.timestamp - block.timestamp) <= SECONDS)
        )
        return next(entries, None)

    def _is_found(self, target: Target, block: GlobalBlock | None) -> bool:
        """Tell whether a block shows that a target's own write took effect."""
        then = _then(target)
        if then is None or block is None or self._is_as_planned(target, block):
            return False
        is_own = is_own_block(block, target, self._reason_for(target))
        return is_own and then.was_written(block)

    def _is_own(
        self, entry: GlobalBlockLogEntry, target: Target, since: datetime | None
    ) -> bool:
        """Tell whether an entry of the log is that of a target's own write.

        :param since: when it was made at the earliest, if that is known
        """
        if since is not None and entry.timestamp < since:
            return False
        # What is older than the plan of an undo may be of the same second.
        if entry.log_id <= (target.decision.facts.get('log_entry') or 0):
            return False
        then = _then(target)
        is_ours = target.may_have_written_at(entry.timestamp, by=entry.by)
        is_same = entry.action in log_actions(target)
        is_same = is_same and (then is None or then.was_logged(entry))
        return is_ours and is_same and self._is_reason(entry, target)

    def _is_reason(self, entry: GlobalBlockLogEntry, target: Target) -> bool:
        return may_be_reason(entry.comment, self._reason_for(target))

    def _own_log(
        self, targets: Sequence[Target], presents: Mapping[int, Present]
    ) -> dict[str, list[GlobalBlockLogEntry]]:
        """Return what the operators have done since their attempts, by present name."""
        found: dict[str, list[GlobalBlockLogEntry]] = {}
        names = [presents[target.id].name for target in targets]
        for operator in {target.operator for target in targets}:
            starts = [t.started_at for t in targets if t.operator == operator]
            if operator is None or None in starts:
                continue
            first = min(start for start in starts if start is not None)
            since = first.replace(tzinfo=timezone.utc) - CLOCKS
            log = BlockLog(self.site, operator).read(names, since)
            for name, entries in log.items():
                found.setdefault(name, []).extend(entries)
        return found


def _entries_of(
    target: Target, name: str, log: Mapping[str, Sequence[GlobalBlockLogEntry]]
) -> list[GlobalBlockLogEntry]:
    """Return what a log has of a target, the oldest first.

    :param name: its present one
    """
    now, names = target.decision.facts['now'], {name}
    if now:
        # A block that was lifted by its number has that in the log.
        names.add(f'#{now["id"]}')
        names |= {now['target']} if network_of(now['target'] or '') else set()
    entries = [entry for one in names for entry in log.get(one, ())]
    return sorted(entries, key=lambda entry: entry.log_id)


def log_actions(target: Target) -> frozenset[str]:
    """Return how the log calls what a target's write does."""
    return _LIFTED if target.decision.facts['then'] is None else _MADE


def _skipped(skipped: SkipReason) -> Outcome:
    return Outcome(
        State.FAILED, detail=f'skipped: {skipped.value}', reason_code=skipped.name
    )


def _seen(present: Present, outcome: Outcome) -> Outcome:
    """Return the outcome for a target that may be hidden now."""
    return replace(outcome, hidden=True) if present.is_hidden else outcome


def _then(target: Target) -> BlockSettings | None:
    then = target.decision.facts['then']
    return None if then is None else BlockSettings.from_facts(then)


def _who(block: GlobalBlock | None) -> str:
    return (block and block.by) or 'somebody else'
