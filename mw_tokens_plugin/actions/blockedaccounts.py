"""Whom the targets of a campaign of global blocks are now, and which blocks they have.

An account is not its name: it may have been renamed or hidden since the plan, and
another one may have the name. So it is read by its central id, and a block that no name
finds by its number. What follows from that is decided by the actions.

https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mw_tokens_plugin.actions.blockreads import Blocks, is_account
from mw_tokens_plugin.campaign.records import Target
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount, HiddenLevel
from mw_tokens_plugin.protocol.globalblocks import GlobalBlock
from mw_tokens_plugin.site.mixins import PluginMixin


@dataclass(frozen=True, slots=True)
class Present:
    """What a target is now.

    :ivar name: its present name; that of the plan, where the account is not known
    :ivar account: None for what is no account, and where its central id is not known
    :ivar block: the block that it has
    :ivar is_named: whether the name finds the block, and not its number alone
    """

    name: str
    account: GlobalAccount | None = None
    block: GlobalBlock | None = None
    is_named: bool = True

    @property
    def is_hidden(self) -> bool:
        """Whether its name must not be shown: it is hidden, or not found any more."""
        return self.account is not None and is_hidden(self.account)


def is_hidden(account: GlobalAccount) -> bool:
    """Tell whether an account read by its id is hidden, or does not exist any more."""
    return not account.exists or account.hidden is not HiddenLevel.NONE


def name_of(target: Target) -> str:
    """Return the name of what is blocked; of one named by its number, the number."""
    return str(target.decision.facts.get('target') or target.name)


def accounts_of(
    site: PluginMixin, targets: Sequence[Target]
) -> dict[int, GlobalAccount]:
    """Return what those are now that are accounts of known ids, by target number."""
    ids = {
        target.id: target.decision.central_id
        for target in targets
        if target.decision.central_id and is_account(name_of(target))
    }
    wanted = list(dict.fromkeys(filter(None, ids.values())))
    found = site.global_accounts_by_id(wanted) if wanted else ()
    accounts = dict(zip(wanted, found, strict=True))
    return {number: accounts[id] for number, id in ids.items() if id}


def read_present(site: PluginMixin, targets: Sequence[Target]) -> dict[int, Present]:
    """Return what some targets are now, by their numbers in the ledger.

    It costs as few reads as the wiki allows: for a target whose block is gone three.

    :param site: the central wiki
    """
    accounts = accounts_of(site, targets)
    names = {}
    for target in targets:
        account = accounts.get(target.id)
        is_known = account is not None and account.exists
        names[target.id] = account.name if account and is_known else name_of(target)
    asked = list(dict.fromkeys(names.values()))
    own = Blocks.read(site, asked, covering=False).own
    planned = {t.id: t.decision.facts.get('now') for t in targets}
    missing = {
        now['id']
        for number, now in planned.items()
        if now is not None
        and ((block := own.get(names[number])) is None or block.id != now['id'])
    }
    left = {b.id: b for b in site.global_blocks(ids=sorted(missing))} if missing else {}
    found = {}
    for number, name in names.items():
        block, now = own.get(name), planned[number]
        by_number = left.get(now['id']) if now is not None else None
        found[number] = Present(
            name, accounts.get(number), by_number or block, by_number is None
        )
    return found
