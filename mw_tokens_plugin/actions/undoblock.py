"""Undoing a campaign of global blocks, as an action.

It decides which blocks nobody has changed since, and what each target had before. A
block that was changed gets its former settings back by another change: lifting it and
blocking again would cancel the exemptions of wikis, which belong to its number. The
write is that of :mod:`.globalblock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mw_tokens_plugin.actions.accountfacts import read_at, skipped_now
from mw_tokens_plugin.actions.blockplan import block_columns
from mw_tokens_plugin.actions.blockreads import (
    Blocks,
    block_facts,
    is_own_block,
    number_in,
)
from mw_tokens_plugin.actions.globalblock import SetGlobalBlock
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.exceptions import ApiRefusal
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.site.batches import batches, max_values, query
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.writes import send_once


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
    ) -> None:
        """Set which campaign is undone.

        :param site: the central wiki
        :param reason: for the log
        :param undone: the campaign
        :param recorded: returns its targets by their names
        """
        super().__init__(site, reason=reason)
        self._undone = undone
        self._recorded = recorded

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
        local = self._local_blocks(recorded)
        for name in names:
            target, block = recorded[name], blocks.own.get(named[name])
            facts: dict[str, Any] = {
                'now': block and block_facts(block),
                'then': None,
                'target': named[name],
                'local': local.get(name),
            }
            skipped = self._decide(target, block, facts)
            if block is None and name in hidden:
                skipped = SkipReason.HIDDEN_BLOCK
            if skipped is SkipReason.CHANGED_SINCE:
                facts['changed_by'] = block and block.by
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
        outcome = super().apply(target)
        if outcome.state is State.DONE and target.decision.facts['local'] is not None:
            return self._lift_local(target, outcome)
        return outcome

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not all did."""
        ids = [i for t in targets if (i := t.decision.facts['local']) is not None]
        left = {item['id'] for item in self._read_local(bkids=ids)} if ids else set()
        for target, outcome in super().reconcile(targets):
            is_left = target.decision.facts['local'] in left
            yield target, None if is_left else outcome

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

    def _decide(
        self, target: Target, block: GlobalBlock | None, facts: dict[str, Any]
    ) -> SkipReason | None:
        """Return why a target is skipped, or put into its facts what it gets back."""
        before, after = target.decision.facts['now'], target.decision.facts['then']
        former = None
        if before is not None:
            former = BlockSettings.from_facts(before)
            if former.end(self.now()) <= self.now():
                former = None
        if after is None:
            # It was lifted.
            if block is not None:
                return SkipReason.CHANGED_SINCE
            if former is None or before['target'] is None:
                return SkipReason.ALREADY
        elif block is None:
            return SkipReason.ALREADY if former is None else SkipReason.CHANGED_SINCE
        elif not self._is_as_left(target, block):
            return SkipReason.CHANGED_SINCE
        facts['then'] = None if former is None else former.facts()
        return None

    def _is_as_left(self, target: Target, block: GlobalBlock) -> bool:
        """Tell whether a block is as the campaign has left it."""
        before, after = target.decision.facts['now'], target.decision.facts['then']
        reason = self._undone.reason or (before['reason'] if before else '')
        is_ours = is_own_block(block, target, reason)
        return is_ours and BlockSettings.from_facts(after).was_written(block)

    def _local_blocks(self, recorded: Mapping[str, Target]) -> dict[str, int]:
        """Return the numbers of the blocks that were made on the central wiki, too."""
        if not self._undone.options.get('also_local'):
            return {}
        found = {}
        new = [n for n, t in recorded.items() if t.decision.facts['now'] is None]
        for names in batches(new, max_values(self.site)):
            for item in self._read_local(bkusers=names):
                target = recorded.get(item.get('user', ''))
                made = timestamp(item.get('timestamp'))
                if target is None or made is None:
                    continue
                is_ours = target.may_have_written_at(made, by=item.get('by'))
                if is_ours and may_be_reason(item.get('reason'), self._undone.reason):
                    found[target.name] = int(item['id'])
        return found

    def _read_local(self, **whom: Any) -> Sequence[Mapping[str, Any]]:
        answer = query(
            self.site,
            list='blocks',
            bkprop=['id', 'user', 'by', 'timestamp', 'reason'],
            bklimit='max',
            **whom,
        )
        return items_of(answer, 'query', 'blocks')

    def _lift_local(self, target: Target, outcome: Outcome) -> Outcome:
        number = target.decision.facts['local']
        try:
            send_once(self.site, 'unblock', {'id': number, 'reason': self.reason})
        except ApiRefusal as error:
            if error.code in ('nosuchblockid', 'cantunblock'):
                # Somebody else was faster.
                return outcome
            detail = (
                f'undone globally, but not on {self.site} itself: {error.code}: '
                f'{error.info}'
            )
            return replace(
                outcome, state=State.FAILED, detail=detail, reason_code=error.code
            )
        return outcome


def _named(target: Target) -> str:
    """Return the name of what was blocked, which may have been given by its number."""
    before = target.decision.facts['now']
    # The block of an account that was renamed before has its old name.
    is_number = bool(number_in(target.name))
    return (is_number and before and before['target']) or target.name
