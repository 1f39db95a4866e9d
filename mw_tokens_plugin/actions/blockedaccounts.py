"""Whom the targets of a campaign of global blocks are now, and which blocks they have.

An account is not its name: it may have been renamed or hidden since the plan, and
another one may have the name. So it is read by its central id, and a block that no name
finds by its number. What follows from that is decided by the actions.

https://www.mediawiki.org/wiki/Extension:GlobalBlocking/API
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mw_tokens_plugin.actions.blockreads import Blocks, is_account, number_in
from mw_tokens_plugin.campaign.records import Target
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
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
    return not account.exists or account.is_hidden


def name_of(target: Target) -> str:
    """Return the name of what is blocked; of one named by its number, the number."""
    return str(target.decision.facts.get('target') or target.name)


def accounts_of(
    site: PluginMixin, targets: Sequence[Target]
) -> dict[int, GlobalAccount]:
    """Return what those are now that are accounts of known ids, by target number."""
    ids = {t.id: t.decision.central_id for t in targets}
    wanted = list(dict.fromkeys(filter(None, ids.values())))
    found = site.global_accounts_by_id(wanted) if wanted else ()
    accounts = dict(zip(wanted, found, strict=True))
    return {number: accounts[id] for number, id in ids.items() if id}


def read_present(site: PluginMixin, targets: Sequence[Target]) -> dict[int, Present]:
    """Return what some targets are now, by their numbers in the ledger.

    An account has the block that its present name finds, and only where no name can
    find one, the block is looked for by its number. It costs as few reads as the wiki
    allows: for a target whose block is gone three.

    :param site: the central wiki
    """
    accounts = accounts_of(site, targets)
    names, unfound = {}, {}
    for target in targets:
        account, name = accounts.get(target.id), name_of(target)
        if account is not None and account.exists and not number_in(name):
            name = account.name
        is_found = account is not None and not is_hidden(account)
        if not is_found and is_account(name) and target.decision.facts.get('now'):
            unfound[target.id] = target.decision.facts['now']['id']
        names[target.id] = name
    asked = list(dict.fromkeys(n for i, n in names.items() if i not in unfound))
    own = Blocks.read(site, asked, covering=False).own
    ids = sorted(unfound.values())
    left = {b.id: b for b in site.global_blocks(ids=ids)} if ids else {}
    found = {}
    for number, name in names.items():
        is_named = number not in unfound
        block = own.get(name) if is_named else left.get(unfound[number])
        found[number] = Present(name, accounts.get(number), block, is_named)
    return found
