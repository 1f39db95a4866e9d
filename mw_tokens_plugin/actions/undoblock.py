"""Undoing a campaign of global blocks, as an action.

It decides which blocks are unchanged since, and what each target had before. A
block that was changed gets its former settings back by another change: lifting it and
blocking again would cancel the exemptions of wikis, which belong to its number. What
the undo of a later campaign has put back counts as what this one has left; what a later
campaign has made, or another undo of this one has put back, does not. The write is that
of :mod:`.globalblock`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timezone
from typing import Any

from mw_tokens_plugin.actions.accountfacts import read_at, skipped_now
from mw_tokens_plugin.actions.blockdisplay import block_columns
from mw_tokens_plugin.actions.blockreads import (
    Blocks,
    block_facts,
    block_of,
    is_own_block,
    number_in,
    reason_given,
)
from mw_tokens_plugin.actions.globalblock import CLOCKS, SetGlobalBlock, name_of
from mw_tokens_plugin.actions.localblocks import (
    lift_local_block,
    local_blocks,
    local_blocks_left,
)
from mw_tokens_plugin.campaign.putback import OtherUndos, PutBack
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock, GlobalBlockLogEntry
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
    wording = 'undo-block'

    def __init__(
        self,
        site: PluginMixin,
        *,
        reason: str,
        undone: Campaign,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]],
        others: OtherUndos | None = None,
    ) -> None:
        """Set which campaign is undone.

        :param site: the central wiki
        :param reason: for the log, of what is lifted
        :param undone: the campaign
        :param recorded: returns its targets by their names
        :param others: tells what was put back by the undos of later campaigns
        """
        super().__init__(site, reason=reason)
        self._undone = undone
        self._recorded = recorded
        self._others = others

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on targets that the campaign has changed."""
        recorded = self._recorded(names)
        named = {name: _named(recorded[name]) for name in names}
        looked_at = self.moment()
        blocks = Blocks.read(self.site, list(named.values()), covering=False)
        renamed, hidden = self._changed_accounts(recorded, named, blocks)
        if renamed:
            named |= renamed
            found = Blocks.read(self.site, list(renamed.values()), covering=False)
            blocks = replace(blocks, own={**blocks.own, **found.own})
        local = self._local_blocks(recorded, named)
        operator = self.site.username() or ''
        put_back = self._put_back(recorded, named, blocks, operator)
        undone = self._others.undone(self._undone, names) if self._others else set()
        again = self._made_again(recorded, named, blocks)
        gone = undone | again.keys()
        for name in undone | {name for name, is_local in again.items() if is_local}:
            local.pop(name, None)
        latest = self._latest_entries(recorded, named, blocks, undone)
        for name in names:
            target, block = recorded[name], blocks.own.get(named[name])
            facts: dict[str, Any] = {
                'now': block and block_facts(block),
                'then': None,
                'target': named[name],
                'local': local.get(name),
            }
            left = None if name in gone else put_back.get(name, block)
            entry = latest.get(name)
            skipped = self._decide(
                target,
                left,
                block,
                facts,
                is_undone=name in undone,
                has_lapsed=name not in undone and self._has_lapsed(target, entry),
            )
            if block is None and name in hidden:
                skipped = SkipReason.HIDDEN_BLOCK
            if skipped is SkipReason.CHANGED_SINCE:
                by = self._ended_by(entry) if block is None else block.by
                facts['changed_by'] = by
                if by == operator:
                    skipped = SkipReason.CHANGED_AGAIN
            if skipped in _OTHERS and facts['local'] is not None:
                # Nobody else has touched the local half.
                skipped = None
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
            is_skipped = decision.skipped is not None
            outcome = skipped_now(decision.skipped) if decision.skipped else None
            # What is done already is found by the write itself, which reads as well.
            is_done = is_skipped and decision.skipped in self.done
            yield by_name[decision.name], None if is_done else outcome

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target, by heading."""
        return block_columns(target)

    def apply(self, target: Target) -> Outcome:
        """Undo the global half, then the local one, if there is one."""
        facts = target.decision.facts
        if facts['local'] is None:
            return super().apply(target)
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
            outcome = super().apply(target)
            if outcome.state is not State.DONE:
                return outcome
        return self._lift_local(target, outcome)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not all did."""
        ids = [i for t in targets if (i := t.decision.facts['local']) is not None]
        left = local_blocks_left(self.site, ids)
        for target, outcome in super().reconcile(targets):
            is_left = target.decision.facts['local'] in left
            yield target, None if is_left else outcome

    def _changed_meanwhile(self, target: Target, block: GlobalBlock | None) -> Outcome:
        """Say how a target ends whose block is not the planned one any more."""
        if target.decision.facts['local'] is not None and self._is_found(target, block):
            # Only the local half was left by an attempt before this one.
            return Outcome(State.DONE, changed=True)
        return super()._changed_meanwhile(target, block)

    def _changed_accounts(
        self, recorded: Mapping[str, Target], named: Mapping[str, str], blocks: Blocks
    ) -> tuple[dict[str, str], set[str]]:
        """Return which accounts have another name now, and which are hidden.

        Only those without a block are read: it could be there all the same.
        """
        missing = {
            name: target.decision.central_id
            for name, target in recorded.items()
            if target.decision.central_id and named[name] not in blocks.own
        }
        accounts = self.site.global_accounts_by_id(missing.values()) if missing else ()
        renamed, hidden = {}, set()
        for name, account in zip(missing, accounts, strict=False):
            if account.exists and account.name != named[name]:
                renamed[name] = account.name
            if account.exists and account.hidden is not HiddenLevel.NONE:
                hidden.add(name)
        return renamed, hidden

    def _put_back(
        self,
        recorded: Mapping[str, Target],
        named: Mapping[str, str],
        blocks: Blocks,
        operator: str,
    ) -> dict[str, GlobalBlock]:
        """Return the blocks that the campaign has left and undos have put back.

        They are as they were when the campaign had left them.
        """
        changed = {
            named[name]: name
            for name, target in recorded.items()
            if target.decision.facts['then'] is not None
            and (block := blocks.own.get(named[name])) is not None
            and block.by == operator
            and not self._is_as_left(target, block)
        }
        if not changed or self._others is None:
            return {}
        by_name: dict[str, list[PutBack]] = {}
        for whom, one in self._others.of(changed, name_of):
            by_name.setdefault(whom, []).append(one)
        found = {}
        for whom, undos in by_name.items():
            name = changed[whom]
            for block in _earlier(blocks.own[whom], undos):
                if self._is_as_left(recorded[name], block):
                    found[name] = block
                    break
        return found

    def _made_again(
        self, recorded: Mapping[str, Target], named: Mapping[str, str], blocks: Blocks
    ) -> dict[str, bool]:
        """Return which targets have the block of a later campaign, made just after.

        And whether that has made a block on the central wiki itself as well.
        """
        here = {name: t for name, t in recorded.items() if named[name] in blocks.own}
        if self._others is None or not here:
            return {}
        return {
            target.name: target.state is State.DONE
            and campaign.options.get('also_local') is True
            for campaign, target in self._others.later(self._undone, here)
            if target.decision.facts['then'] is not None
            and _is_left(target, blocks.own[named[target.name]], campaign)
        }

    def _latest_entries(
        self,
        recorded: Mapping[str, Target],
        named: Mapping[str, str],
        blocks: Blocks,
        undone: Collection[str],
    ) -> dict[str, GlobalBlockLogEntry]:
        """Return what was last done to targets that are not blocked any more.

        Only those are read that had a block before and after the campaign.
        """
        names = {
            name: {named[name], before['target'], f'#{before["id"]}'}
            for name, target in recorded.items()
            if (before := target.decision.facts['now']) is not None
            and named[name] not in blocks.own
            and (target.decision.facts['then'] is not None or name in undone)
        }
        starts = [s for name in names if (s := recorded[name].started_at) is not None]
        if not starts:
            return {}
        since = min(starts).replace(tzinfo=timezone.utc) - CLOCKS
        latest: dict[str, GlobalBlockLogEntry] = {}
        for entry in self.site.global_block_log(since=since):
            latest.setdefault(entry.target, entry)
        return {
            name: max(found, key=lambda entry: entry.log_id)
            for name, whom in names.items()
            if (found := [latest[one] for one in whom if one in latest])
        }

    def _ended_by(self, entry: GlobalBlockLogEntry | None) -> str | None:
        """Return who has lifted a block, or made one that has ended by itself.

        :param entry: what was last done to the target
        """
        if entry is None or (entry.expiry is not None and entry.expiry > self.now()):
            return None
        return entry.by

    def _has_lapsed(self, target: Target, entry: GlobalBlockLogEntry | None) -> bool:
        """Tell whether the block that the campaign has left has ended by itself.

        :param entry: what was last done to the target
        """
        after = target.decision.facts['then']
        if after is None or entry is None or entry.expiry is None:
            return False
        is_ours = target.may_have_written_at(entry.timestamp, by=entry.by)
        is_ours = is_ours and may_be_reason(entry.comment, self._reason_of(target))
        is_ours = is_ours and BlockSettings.from_facts(after).was_logged(entry)
        return is_ours and entry.expiry <= self.now()

    def _decide(
        self,
        target: Target,
        left: GlobalBlock | None,
        block: GlobalBlock | None,
        facts: dict[str, Any],
        *,
        is_undone: bool,
        has_lapsed: bool,
    ) -> SkipReason | None:
        """Return why a target is skipped, or put into its facts what it gets back.

        :param left: its block as the campaign has left it, if an undo has put it back
        :param is_undone: whether another undo has done that already
        :param has_lapsed: whether it has no block since that of the campaign has ended
        """
        before, after = target.decision.facts['now'], target.decision.facts['then']
        former = None
        if before is not None:
            former = BlockSettings.from_facts(before)
            if former.end(self.now()) <= self.now():
                former = None
        if after is None:
            # It was lifted.
            if block is not None:
                return self._changed(former, block, facts)
            if former is None:
                return SkipReason.ALREADY
            if before['target'] is None:
                return SkipReason.AUTOMATIC
            if is_undone:
                return SkipReason.CHANGED_SINCE
        elif block is None:
            if former is None:
                return SkipReason.ALREADY
            if not has_lapsed:
                return SkipReason.CHANGED_SINCE
        elif left is None or not self._is_as_left(target, left):
            return self._changed(former, block, facts)
        if former is not None:
            facts['then'] = {**former.facts(), 'reason': before['reason']}
        return None

    def _changed(
        self, former: BlockSettings | None, block: GlobalBlock, facts: Mapping[str, Any]
    ) -> SkipReason:
        """Return why a block is skipped that is not as the campaign has left it."""
        # A local half is undone by a write that would touch this one, too.
        if former is not None and former.was_written(block) and facts['local'] is None:
            return SkipReason.ALREADY
        return SkipReason.CHANGED_SINCE

    def _is_as_left(self, target: Target, block: GlobalBlock) -> bool:
        """Tell whether a block is as the campaign has left it."""
        return _is_left(target, block, self._undone)

    def _local_blocks(
        self, recorded: Mapping[str, Target], named: Mapping[str, str]
    ) -> dict[str, int]:
        """Return the numbers of the blocks that were made on the central wiki, too.

        One that was there before is never changed, so what is the operator's is new,
        unless another campaign has made it just before.
        """
        if not self._undone.options.get('also_local'):
            return {}
        by_name = {
            named[name]: target
            for name, target in recorded.items()
            # What has failed after the global half has made no local one.
            if target.state is not State.FAILED
        }
        if not by_name:
            return {}
        found = {}
        for item in local_blocks(self.site, by_name):
            target = by_name.get(item.get('user', ''))
            made = timestamp(item.get('timestamp'))
            if target is None or made is None:
                continue
            is_ours = target.may_have_written_at(made, by=item.get('by'))
            if is_ours and may_be_reason(item.get('reason'), self._reason_of(target)):
                found[target.name] = int(item['id'])
        return found

    def _reason_of(self, target: Target) -> str:
        """Return the reason that the campaign has given for a target."""
        return reason_given(target, self._undone.reason)

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


def _is_left(target: Target, block: GlobalBlock, campaign: Campaign) -> bool:
    """Tell whether a block is as the write of a campaign has left it."""
    after = target.decision.facts['then']
    is_ours = is_own_block(block, target, reason_given(target, campaign.reason))
    return is_ours and BlockSettings.from_facts(after).was_written(block)


def _earlier(block: GlobalBlock, undos: Sequence[PutBack]) -> Iterator[GlobalBlock]:
    """Yield what a block was before the campaigns that were undone.

    :param undos: those that may have made the block what it is
    """
    for undo in undos:
        then, before = undo.target.decision.facts['then'], undo.before
        if then is None or before is None:
            continue
        given = reason_given(undo.target, undo.undo.reason)
        is_ours = is_own_block(block, undo.target, given)
        if is_ours and BlockSettings.from_facts(then).was_written(block):
            yield (former := block_of(before))
            yield from _earlier(former, [other for other in undos if other != undo])


def _named(target: Target) -> str:
    """Return the name of what was blocked, which may have been given by its number."""
    before = target.decision.facts['now']
    # The block of an account that was renamed before has its old name.
    is_number = bool(number_in(target.name))
    return (is_number and before and before['target']) or target.name
