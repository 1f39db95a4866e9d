"""Lifting global blocks: plans, by target or by the number of a block.

The write is that of :mod:`.globalblock`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mw_tokens_plugin.actions.accountfacts import read_at
from mw_tokens_plugin.actions.addressguards import AddressGuards
from mw_tokens_plugin.actions.blockdisplay import (
    Census,
    block_columns,
    like_address,
    made_by,
)
from mw_tokens_plugin.actions.blocklog import present_names
from mw_tokens_plugin.actions.blockreads import (
    Blocks,
    block_facts,
    is_account,
    number_in,
)
from mw_tokens_plugin.actions.globalblock import SetGlobalBlock
from mw_tokens_plugin.actions.globallock import Guards
from mw_tokens_plugin.campaign.records import Decision, SkipReason, Target
from mw_tokens_plugin.protocol.addresses import network_of
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.targets.accounts import read_accounts


class LiftGlobalBlock(SetGlobalBlock):
    """Lift the global blocks of accounts, addresses and ranges, or by their numbers.

    .. version-added:: 0.1
    """

    kind = 'global_block'
    done = frozenset({SkipReason.NOT_BLOCKED})
    wording = 'unblock'

    def __init__(
        self,
        site: PluginMixin,
        *,
        reason: str,
        addresses: AddressGuards,
        guards: Guards,
    ) -> None:
        """Set what is never lifted."""
        super().__init__(site, reason=reason, excluded=self._excluded_reason)
        self.guards = guards
        self.addresses = addresses
        #: By which target each block is lifted.
        self._lifted: dict[int, str] = {}

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets."""
        looked_at = self.moment()
        asked = []
        for name in names:
            if (reason := self._excluded_reason(name)) is None:
                asked.append(name)
            else:
                yield Decision(name, skipped=reason)
        blocks = Blocks.read(self.site, asked)
        numbered = {
            name: block.target
            for name, block in blocks.own.items()
            if number_in(name) and block.target is not None
        }
        owners = self._owners({n: blocks.own[n] for n in numbered})
        accounts = self._accounts([*asked, *numbered.values(), *owners.values()])
        unknown = {
            n for n, whom in numbered.items() if is_account(whom)
        } - owners.keys()
        protected = self._protected() if unknown else set()
        # A block is lifted by the name of its target, if that is listed as well.
        for name in sorted(asked, key=number_in):
            block, network = blocks.own.get(name), network_of(name)
            facts: dict[str, Any] = {'now': block and block_facts(block), 'then': None}
            skipped = None if block is not None else SkipReason.NOT_BLOCKED
            in_block = numbered.get(name, name)
            whom = owners.get(name, in_block)
            account = accounts.get(whom)
            is_hidden = account is not None and account.is_hidden
            if name in numbered:
                skipped = self._excluded_reason(whom) or self._excluded_reason(in_block)
                if block is not None and block.id in protected:
                    skipped = SkipReason.EXCLUDED
                # It is not to be shown beside the number either.
                facts |= {'name': whom} if is_hidden else {}
            elif is_hidden:
                skipped = SkipReason.HIDDEN_BLOCK
            elif skipped is not None:
                facts |= like_address(name)
            around = next(blocks.covering(network), None) if network else None
            if skipped is not None and around is not None:
                skipped = SkipReason.COVERED
                facts['problem'] = f'{around.target}, {made_by(block_facts(around))}'
            if skipped is None and block is not None:
                other = self._lifted.setdefault(block.id, name)
                if other != name:
                    skipped, facts['problem'] = SkipReason.TWICE, other
            # The name in a block may be that of another account now.
            is_known = account is not None and name not in unknown
            number = account.central_id if account and is_known else None
            facts['central_id'] = number
            decision = Decision(
                name, number, hidden=is_hidden, skipped=skipped, facts=facts
            )
            yield read_at(looked_at, decision)

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield what an operator may not expect: the log shows all of them."""
        found = Census()
        for target in targets:
            found.count(target)
        yield from found.remarks(outlives_temporary=False)

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target, by heading."""
        return block_columns(target)

    def _accounts(self, names: Iterable[str]) -> dict[str, GlobalAccount]:
        """Return the accounts among some targets that can be read."""
        wanted = list(dict.fromkeys(filter(is_account, names)))
        found = read_accounts(self.site, wanted, self.site.global_accounts)
        return {
            name: account
            for name, account in found
            if not isinstance(account, Exception) and account.exists
        }

    def _owners(self, numbered: Mapping[str, GlobalBlock]) -> dict[str, str]:
        """Return the present names of accounts by the numbers of their blocks.

        Those that were renamed since are looked for in the log of renames.
        """
        left = {n: b for n, b in numbered.items() if b.target and is_account(b.target)}
        found: dict[str, str] = {}
        for is_first in (True, False):
            former = {str(b.target): b.timestamp for b in left.values()}
            now = (
                {n: n for n in former} if is_first else present_names(self.site, former)
            )
            names = list(dict.fromkeys(now.values()))
            own = Blocks.read(self.site, names, covering=False).own
            for number, block in list(left.items()):
                name = now[str(block.target)]
                if name in own and own[name].id == block.id:
                    found[number] = name
                    del left[number]
        return found

    def _protected(self) -> set[int]:
        """Return which blocks have the accounts that are never unblocked."""
        names = filter(is_account, self.guards.excluded)
        return {block.id for block in self.site.global_blocks(names)}

    def _excluded_reason(self, name: str) -> SkipReason | None:
        if name in self.guards.excluded:
            return SkipReason.EXCLUDED
        network = network_of(name)
        return None if network is None else self.addresses.excluded(network)
