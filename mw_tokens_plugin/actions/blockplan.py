"""Plans of global blocks: which settings each target gets, and which are skipped.

It reads accounts and blocks in batches, compares them with what the operator has named,
and finds ranges of the list that cover others of it. The write is that of
:mod:`.globalblock`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from mw_tokens_plugin.actions.accountfacts import (
    WIKIS_UNKNOWN,
    account_facts,
    read_at,
    skipped_now,
    unreadable,
)
from mw_tokens_plugin.actions.accountguards import (
    established_reason,
    local_group_reason,
)
from mw_tokens_plugin.actions.addressguards import AddressGuards, is_typed
from mw_tokens_plugin.actions.blockdisplay import (
    TEMPORARY_DAYS,
    Census,
    block_columns,
    block_in_words,
    like_address,
    shown_settings,
)
from mw_tokens_plugin.actions.blockedaccounts import Present, accounts_of
from mw_tokens_plugin.actions.blockreads import (
    Blocks,
    block_facts,
    read_block,
    too_wide,
)
from mw_tokens_plugin.actions.globalblock import SetGlobalBlock
from mw_tokens_plugin.actions.globallock import Guards
from mw_tokens_plugin.actions.localblocks import local_blocks
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    Target,
    may_be_reason,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.addresses import (
    Network,
    NetworkSet,
    covers,
    network_of,
    written,
)
from mw_tokens_plugin.protocol.blocksettings import BlockSettings
from mw_tokens_plugin.protocol.expiries import ends_at
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.protocol.globalblocks import INFINITY, GlobalBlock, LocalBlock
from mw_tokens_plugin.site.foreign.ownaddress import own_address
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.targets.accounts import read_accounts


@dataclass(frozen=True, slots=True)
class Wanted:
    """The settings that an operator has named; None for those that were not.

    :ivar expiry: as :class:`.BlockSettings` has it
    :ivar anon_only: of addresses
    :ivar new_anon_only: the same of those that are not blocked yet, where the operator
        has named neither; None if they are not to be blocked then
    :ivar autoblock: of accounts
    :ivar account_creation: of all
    :ivar modify: whether blocks that are there are changed
    :ivar allow_weaker: whether blocks may become shorter or looser by that
    :ivar local: whether the central wiki itself blocks as well
    :ivar local_hard: whether that stops accounts at blocked addresses, too
    """

    expiry: str | None = None
    anon_only: bool | None = None
    new_anon_only: bool | None = None
    autoblock: bool | None = None
    account_creation: bool | None = None
    modify: bool = False
    allow_weaker: bool = False
    local: bool = False
    local_hard: bool = False

    def settings(
        self, now: BlockSettings | None, *, is_address: bool
    ) -> BlockSettings | None:
        """Return the settings of a target; None if too little was named for a block.

        :param now: those of its block, of which what was not named is kept
        """
        anon_only = self.anon_only
        if now is None:
            anon_only = self.new_anon_only if anon_only is None else anon_only
            if self.expiry is None or (is_address and anon_only is None):
                return None
        kept = now or BlockSettings('', autoblock=not is_address)
        named: dict[str, Any] = {
            'expiry': self.expiry,
            'account_creation': self.account_creation,
            # The other kind of target never has this setting.
            'anon_only': anon_only if is_address else None,
            'autoblock': None if is_address else self.autoblock,
        }
        return replace(kept, **{k: v for k, v in named.items() if v is not None})


class PlanGlobalBlock(SetGlobalBlock):
    """Block accounts, addresses and ranges, or change their blocks.

    .. version-added:: 0.1
    """

    kind = 'global_block'

    def __init__(
        self,
        site: PluginMixin,
        *,
        reason: str,
        wanted: Wanted,
        guards: Guards,
        addresses: AddressGuards,
        ranges: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Set what is blocked how, and who never is.

        :param site: the central wiki
        :param guards: which accounts are skipped
        :param addresses: which addresses are skipped
        :param ranges: returns all ranges that are listed
        """
        super().__init__(site, reason=reason, excluded=self._excluded_reason)
        self.wanted = wanted
        self.guards = guards
        self.addresses = addresses
        self._ranges = ranges
        self._listed: _ListedRanges | None = None
        self._own: Network | None = None
        self._asked_own = False
        if wanted.modify:
            self.wording = 'modify-block'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, which costs as few reads as the wiki allows."""
        looked_at = self.moment()
        listed = self._listed_ranges(names)
        rest = [name for name in names if name not in listed.decisions]
        known = (listed.decisions[name] for name in names if name in listed.decisions)
        for decision in (*known, *self._decisions(rest)):
            if decision.central_id and decision.skipped is None:
                self._read.add(decision.name)
            yield read_at(looked_at, self._unless_covered(decision, listed))

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read targets again before writes by a plan that is not fresh."""
        accounts = accounts_of(self.site, targets)
        by_name = {}
        for target in targets:
            self._read.add(target.name)
            outcome, account = None, accounts.get(target.id)
            if account is not None:
                present = Present(account.name or target.name, account)
                self._names[target.id] = present.name
                outcome = self._unreachable(target, present)
            if outcome is None:
                by_name[self._name(target)] = target
            else:
                yield target, outcome
        for decision in self.plan(list(by_name)):
            target = by_name[decision.name]
            if decision.skipped is None:
                yield target, None
                continue
            block = read_block(self.site, decision.name)
            is_blocked = decision.skipped in (
                SkipReason.ALREADY,
                SkipReason.BLOCKED_OTHERWISE,
            )
            if is_blocked and not self._is_as_planned(target, block):
                yield target, self._changed_meanwhile(target, block)
            else:
                yield target, skipped_now(decision.skipped)

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target, by heading."""
        return block_columns(target)

    def typed(self, targets: Iterable[Target]) -> str:
        """Return what has to be typed, where ranges are very wide."""
        wide = [t.name for t in targets if (n := network_of(t.name)) and is_typed(n)]
        if not wide:
            return ''
        return f'block {wide[0] if len(wide) == 1 else f"{len(wide)} wide ranges"}'

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield whom the plan hits, and what an operator may not expect."""
        found = Census()
        for target in targets:
            found.count(target)
        yield from found.remarks(self._lasts_longer_than(TEMPORARY_DAYS))
        if found.targets and self.wanted.local:
            yield message('global_block-also-local', wiki=self.site)
        if found.addresses and self._own_address() is None:
            yield message('global_block-own-unknown')

    def local(self, target: Target, then: BlockSettings) -> LocalBlock | None:
        """Return the block on the central wiki itself that is made as well."""
        if not self.wanted.local:
            return None
        is_address = network_of(target.name) is not None
        return LocalBlock(
            anon_only=is_address and not self.wanted.local_hard,
            account_creation=then.account_creation,
        )

    def _asked_reason(self, target: Target) -> str:
        return self.reason if self.wanted.modify else ''

    def _lasts_longer_than(self, days: int) -> bool:
        now = self.now()
        end = self.wanted.expiry and ends_at(self.wanted.expiry, now)
        return bool(end and end > now + timedelta(days=days))

    def _excluded_reason(self, name: str) -> SkipReason | None:
        if name in self.guards.excluded:
            return SkipReason.EXCLUDED
        network = network_of(name)
        if network is None:
            return None
        return self.addresses.never(network) or self.addresses.excluded(network)

    def _decisions(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, without regard to others of the list."""
        asked: list[str] = []
        networks: dict[str, Network] = {}
        for name in names:
            network = network_of(name)
            if network is not None:
                skipped = self.addresses.never(network)
            elif name == self.guards.operator:
                skipped = SkipReason.OPERATOR
            else:
                skipped = self._excluded_reason(name)
            if skipped is not None:
                yield Decision(name, skipped=skipped)
            elif network is None:
                asked.append(name)
            else:
                networks[name] = network
        accounts: dict[str, GlobalAccount] = {}
        for decision, account in self._read_accounts(asked):
            if decision.skipped is None:
                assert account is not None
                accounts[decision.name] = account
            else:
                yield decision
        widest = too_wide(self.site, networks.values())
        for name, network in list(networks.items()):
            skipped = self._skip_range(network, widest)
            if skipped is not None:
                del networks[name]
                yield Decision(name, skipped=skipped)
        blocks = Blocks.read(self.site, [*accounts, *networks])
        locally = set(blocks.own)
        if self.wanted.local:
            there = local_blocks(self.site, blocks.own)
            locally = {str(item.get('user')) for item in there}
        for name, account in accounts.items():
            yield self._decide(name, blocks, account, None, locally)
        for name, network in networks.items():
            yield self._decide(name, blocks, None, network, locally)

    def _read_accounts(
        self, names: Sequence[str]
    ) -> Iterator[tuple[Decision, GlobalAccount | None]]:
        for name, account in read_accounts(self.site, names, self.site.global_accounts):
            if isinstance(account, Exception):
                yield unreadable(name, account), None
                continue
            skipped = (
                established_reason(account, self.guards.max_edits)
                if account.exists
                else SkipReason.MISSING
            )
            if skipped is None:
                account, skipped = local_group_reason(
                    self.site, account, self.guards.ignored_groups
                )
            facts = account_facts(account)
            if skipped is SkipReason.UNREADABLE:
                facts['problem'] = WIKIS_UNKNOWN
            if skipped is SkipReason.MISSING:
                facts |= like_address(name)
            hidden = account.is_hidden
            yield (
                Decision(
                    name, account.central_id, hidden, skipped=skipped, facts=facts
                ),
                account,
            )

    def _skip_range(
        self, network: Network, widest: Mapping[int, int]
    ) -> SkipReason | None:
        if network.prefixlen <= widest.get(network.version, -1):
            return SkipReason.TOO_WIDE
        own = self._own_address()
        if own is not None and covers(network, own):
            return SkipReason.OWN_ADDRESS
        guards = self.addresses
        skipped = guards.excluded(network) or guards.too_wide(network)
        if skipped is not None:
            return skipped
        expiry = self.wanted.expiry
        is_infinite = expiry and ends_at(expiry, self.now()) == INFINITY
        return SkipReason.NO_END if is_infinite else None

    def _own_address(self) -> Network | None:
        """Return where the wiki sees this machine; None if it does not tell."""
        if not self._asked_own:
            self._own = network_of(own_address(self.site) or '')
            self._asked_own = True
        return self._own

    def _decide(
        self,
        name: str,
        blocks: Blocks,
        account: GlobalAccount | None,
        network: Network | None,
        locally: Collection[str],
    ) -> Decision:
        """Compare what a target has with what was asked for.

        :param locally: those of the blocked targets whose local half is not missing
        """
        block = blocks.own.get(name)
        now = None if block is None else BlockSettings.of(block)
        kept = now if self.wanted.modify else None
        then = self.wanted.settings(kept, is_address=network is not None)
        if block is None and not self.reason:
            then = None
        facts: dict[str, Any] = {
            **({} if account is None else account_facts(account)),
            'now': None if block is None else block_facts(block),
            'then': None if then is None else then.facts(),
        }
        skipped = self._skip_reason(block, now, then)
        lacks_local = skipped is SkipReason.ALREADY and name not in locally
        if lacks_local:
            skipped = None if self.wanted.modify else SkipReason.BLOCKED_OTHERWISE
        is_hidden = account is not None and account.is_hidden
        if skipped is SkipReason.NOT_BLOCKED and is_hidden:
            skipped = SkipReason.HIDDEN_BLOCK
        elif skipped is SkipReason.NOT_BLOCKED:
            facts['problem'] = message('global_block-too-little')
        if skipped is SkipReason.BLOCKED_OTHERWISE and lacks_local:
            facts['problem'] = message('global_block-no-local')
        elif skipped in (SkipReason.BLOCKED_OTHERWISE, SkipReason.WEAKER):
            facts['problem'] = message(
                'global_block-otherwise',
                now=shown_settings(facts['now']),
                then=shown_settings(facts['then']),
            )
        if skipped is None and block is None and network and then:
            for around in blocks.covering(network):
                if _is_enough(BlockSettings.of(around), then, self):
                    skipped = SkipReason.COVERED
                    facts['problem'] = block_in_words(around)
                    break
        return Decision(
            name,
            central_id=None if account is None else account.central_id,
            hidden=is_hidden,
            skipped=skipped,
            facts=facts,
        )

    def _skip_reason(
        self,
        block: GlobalBlock | None,
        now: BlockSettings | None,
        then: BlockSettings | None,
    ) -> SkipReason | None:
        if then is None:
            return SkipReason.NOT_BLOCKED
        if block is None or now is None:
            return None
        moment, modify = self.now(), self.wanted.modify
        is_same = not self.reason or may_be_reason(block.reason, self.reason)
        if then.is_met(block, moment) and (is_same or not modify):
            return SkipReason.ALREADY
        if not modify:
            return SkipReason.BLOCKED_OTHERWISE
        is_weaker = not _is_enough(then, now, self)
        return SkipReason.WEAKER if is_weaker and not self.wanted.allow_weaker else None

    def _listed_ranges(self, names: Sequence[str]) -> _ListedRanges:
        """Return what is decided on the ranges of the whole list.

        :param names: some targets; without an address among them nothing is read
        """
        if self._listed is None:
            if not any(network_of(name) for name in names):
                return _ListedRanges({}, NetworkSet(()))
            found = {d.name: d for d in self._decisions(list(self._ranges()))}
            blocked = (
                network_of(name)
                for name, decision in found.items()
                if decision.skipped in (None, SkipReason.ALREADY)
            )
            self._listed = _ListedRanges(found, NetworkSet(filter(None, blocked)))
        return self._listed

    def _unless_covered(self, decision: Decision, listed: _ListedRanges) -> Decision:
        """Skip a target that a wider range of the list covers."""
        network = network_of(decision.name)
        if decision.skipped is not None or network is None or decision.facts['now']:
            return decision
        then = BlockSettings.from_facts(decision.facts['then'])
        for around in listed.blocked.covering(network):
            if around == network:
                continue
            facts = listed.decisions[written(around)].facts
            if _is_enough(BlockSettings.from_facts(facts['then']), then, self):
                return replace(
                    decision,
                    skipped=SkipReason.COVERED,
                    facts={**decision.facts, 'problem': written(around)},
                )
        return decision


@dataclass(frozen=True, slots=True)
class _ListedRanges:
    """What is decided on the ranges of a list.

    :ivar blocked: those that are blocked at the end
    """

    decisions: Mapping[str, Decision]
    blocked: NetworkSet


def _is_enough(
    settings: BlockSettings, others: BlockSettings, action: SetGlobalBlock
) -> bool:
    """Tell whether a block is as strict as another one, and ends no sooner."""
    if not settings.is_as_strict(others):
        return False
    return settings.ends_no_sooner(others, action.now())
