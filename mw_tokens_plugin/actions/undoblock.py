"""Undoing a campaign of global blocks, as an action.

It gives each target what it had before, if what it has now is the campaign's work, as
:mod:`.blockhistory` finds it. A block that was changed gets its former settings back by
another change: lifting it and blocking again would cancel the exemptions of wikis,
which belong to its number. The write is that of :mod:`.globalblock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timezone
from typing import Any

from mw_tokens_plugin.actions.accountfacts import read_at, skipped_now
from mw_tokens_plugin.actions.blockdisplay import block_columns
from mw_tokens_plugin.actions.blockedaccounts import accounts_of, is_hidden
from mw_tokens_plugin.actions.blockhistory import (
    BlockHistory,
    Standing,
    own_local_blocks,
)
from mw_tokens_plugin.actions.blockreads import (
    Blocks,
    block_facts,
    is_account,
    number_in,
    read_block,
)
from mw_tokens_plugin.actions.globalblock import SECONDS, SetGlobalBlock
from mw_tokens_plugin.actions.localblocks import (
    lift_local_block,
    local_blocks_left,
)
from mw_tokens_plugin.campaign.putback import OwnWrites
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.site.mixins import PluginMixin

#: What is left as others have made it.
_OTHERS = (
    SkipReason.ALREADY,
    SkipReason.CHANGED_SINCE,
    SkipReason.CHANGED_AGAIN,
)


class UndoGlobalBlock(SetGlobalBlock):
    """Give each target the block that it had before a campaign, or none.

    .. version-added:: 0.1
    """

    kind = 'undo_global_block'
    restores = True
    wording = 'undo-block'

    def __init__(
        self,
        site: PluginMixin,
        *,
        reason: str,
        undone: Campaign,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]],
        others: OwnWrites | None = None,
    ) -> None:
        """Set which campaign is undone.

        :param site: the central wiki
        :param reason: for the log, of what is lifted
        :param undone: the campaign
        :param recorded: returns its targets by their names
        :param others: tells what other campaigns of the ledger have written
        """
        super().__init__(site, reason=reason)
        self._undone = undone
        self._recorded = recorded
        self._history = BlockHistory(site, undone, others)
        #: The newest entry of the log when targets were looked at again.
        self._seen: dict[int, int] = {}

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on targets that the campaign has changed."""
        recorded = self._recorded(names)
        named = {name: _named(recorded[name]) for name in names}
        looked_at = self.moment()
        hidden = set()
        accounts = accounts_of(self.site, list(recorded.values()))
        for name, target in recorded.items():
            if (account := accounts.get(target.id)) is not None:
                named[name] = account.name or named[name]
                hidden |= {name} if is_hidden(account) else set()
        blocks = Blocks.read(self.site, list(named.values()), covering=False)
        own = {name: blocks.own.get(named[name]) for name in names}
        writes = self._history.writes(recorded)
        standings = self._history.standings(writes, named, own)
        local = own_local_blocks(self.site, self._undone, recorded, named, writes)
        operator = self.site.username() or ''
        for name in names:
            target, block, state = recorded[name], own[name], standings[name]
            facts: dict[str, Any] = {
                'now': block and block_facts(block),
                'then': None,
                'target': named[name],
                'local': local.get(name),
                'log_entry': self._history.log.newest,
            }
            skipped = self._decide(target, state, block, facts)
            if block is None and name in hidden:
                skipped = SkipReason.HIDDEN_BLOCK
            elif skipped is None and block is None and _is_unknown(target, facts):
                skipped = SkipReason.UNKNOWN_ACCOUNT
            if skipped is SkipReason.CHANGED_SINCE and state.is_contested:
                skipped = SkipReason.CONTESTED
            elif skipped is SkipReason.CHANGED_SINCE:
                facts['changed_by'] = state.by
                if state.by == operator:
                    skipped = SkipReason.CHANGED_AGAIN
            if skipped in _OTHERS and facts['local'] is not None:
                # Nobody else has touched the local half.
                skipped = None
            self._read.add(name)
            decision = Decision(
                name,
                target.decision.central_id,
                target.decision.hidden or name in hidden,
                skipped=skipped,
                facts=facts,
            )
            yield read_at(looked_at, decision)

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read blocks again before writes by a plan that is not fresh."""
        by_name = {target.name: target for target in targets}
        for decision in self.plan(list(by_name)):
            target = by_name[decision.name]
            self._names[target.id] = str(decision.facts['target'])
            self._seen[target.id] = decision.facts['log_entry']
            is_skipped = decision.skipped is not None
            outcome = skipped_now(decision.skipped) if decision.skipped else None
            if outcome is not None and decision.hidden:
                outcome = replace(outcome, hidden=True)
            # What is done already is found by the write itself, which reads as well.
            is_done = is_skipped and decision.skipped in self.done
            yield target, None if is_done else outcome

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target, by heading."""
        return block_columns(target)

    def apply(self, target: Target) -> Outcome:
        """Undo the global half, then the local one, if there is one."""
        target = self._as_of_now(target)
        facts = target.decision.facts
        if facts['local'] is None:
            return self._apply_globally(target)
        if 'changed_by' in facts:
            who = facts['changed_by'] or 'somebody else'
            detail = f'changed since by {who}: only its block on {self.site} was lifted'
            code = SkipReason.CHANGED_SINCE.name
            outcome = Outcome(
                State.FAILED, changed=True, detail=detail, reason_code=code
            )
        elif facts['now'] is None and facts['then'] is None:
            outcome = Outcome(State.DONE, changed=True)
        else:
            outcome = self._apply_globally(target)
            if outcome.state is not State.DONE:
                return outcome
        return self._lift_local(target, outcome)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not all did."""
        ids = [i for t in targets if (i := t.decision.facts['local']) is not None]
        left = local_blocks_left(self.site, ids)
        planned = {target.id: target for target in targets}
        now = [self._as_of_now(target) for target in targets]
        for target, outcome in super().reconcile(now):
            is_left = target.decision.facts['local'] in left
            yield planned[target.id], None if is_left else outcome

    def _changed_meanwhile(self, target: Target, block: GlobalBlock | None) -> Outcome:
        """Say how a target ends whose block is not the planned one any more."""
        if target.decision.facts['local'] is not None and self._is_found(target, block):
            # Only the local half was left by an attempt before this one.
            return Outcome(State.DONE, changed=True)
        outcome = super()._changed_meanwhile(target, block)
        is_left = outcome.is_earlier and target.decision.facts['local'] is not None
        if is_left and block is None and self._has_lifted(target):
            return Outcome(State.DONE, changed=True)
        return outcome

    def _has_lifted(self, target: Target) -> bool:
        """Tell whether an attempt of this run has lifted the global half."""
        entry = self._own_entry(target, None)
        if entry is None or target.started_at is None:
            return False
        began = target.started_at.replace(tzinfo=timezone.utc)
        return entry.timestamp >= began - SECONDS

    def _apply_globally(self, target: Target) -> Outcome:
        """Undo the global half, unless somebody was faster."""
        facts = target.decision.facts
        if facts['now'] is None and facts['then'] is None:
            return Outcome(State.DONE, detail='its former block has ended by itself')
        if facts['now'] is None and facts.get('log_entry') is not None:
            # No block tells that it was made and lifted again since the plan.
            name, seen = (
                self._name(target),
                self._seen.get(target.id, facts['log_entry']),
            )
            with hiding([target]):
                entries = self.site.global_block_log(name, total=1)
                latest = next(entries, None)
            if latest is not None and latest.log_id > seen:
                return self._changed_meanwhile(target, read_block(self.site, name))
        return super().apply(target)

    def _decide(
        self,
        target: Target,
        state: Standing,
        block: GlobalBlock | None,
        facts: dict[str, Any],
    ) -> SkipReason | None:
        """Return why a target is skipped, or put into its facts what it gets back.

        ==========  ===================  ==========================================
        it has      whose work that is   and what it had before
        ==========  ===================  ==========================================
        nothing     anybody's            nothing, or it has ended: nothing to do
        a block     others'              just that: nothing to do; else it is left
        nothing     others'              a block: it is left
        a block     the campaign's       is restored, or the block is lifted
        nothing     the campaign's       is blocked again until the same end
        ==========  ===================  ==========================================
        """
        before = target.decision.facts['now']
        former = None if before is None else BlockSettings.from_facts(before)
        if former is not None and former.end(self.now()) <= self.now():
            former = None
        if block is None and former is None:
            return SkipReason.ALREADY
        if state.owner != self._undone.id:
            # A local half is undone by a write that would touch this one, too.
            is_same = (
                block is not None
                and former is not None
                and facts['local'] is None
                and former.was_written(block)
                and may_be_reason(block.reason, before['reason'])
            )
            return SkipReason.ALREADY if is_same else SkipReason.CHANGED_SINCE
        if former is not None:
            if block is None and before['target'] is None:
                return SkipReason.AUTOMATIC
            facts['then'] = {**former.facts(), 'reason': before['reason']}
        return None

    def _as_of_now(self, target: Target) -> Target:
        """Return a target that gets nothing back if that has ended since the plan."""
        then = target.decision.facts['then']
        if then is None or not self._has_ended(then):
            return target
        facts = {**target.decision.facts, 'then': None}
        return replace(target, decision=replace(target.decision, facts=facts))

    def _lift_local(self, target: Target, outcome: Outcome) -> Outcome:
        number = target.decision.facts['local']
        error = lift_local_block(self.site, number, self.reason)
        if error is None:
            return outcome
        done = 'undone globally' if outcome.state is State.DONE else 'changed since'
        detail = f'{done}, but not on {self.site} itself: {error.code}: {error.info}'
        return replace(
            outcome, state=State.FAILED, detail=detail, reason_code=error.code
        )


def _named(target: Target) -> str:
    """Return the name of what was blocked, which may have been given by its number."""
    before = target.decision.facts['now']
    # The block of an account that was renamed before has its old name.
    is_number = bool(number_in(target.name))
    return (is_number and before and before['target']) or target.name


def _is_unknown(target: Target, facts: Mapping[str, Any]) -> bool:
    """Tell whether nobody knows whose name a target's is now."""
    return not target.decision.central_id and is_account(facts['target'])
