"""Which accounts are too well established to be locked or blocked.

What a group or an edit count means is decided here alone; which accounts are excluded
by name, and what is written, is left to the actions.
"""

from __future__ import annotations

from mw_tokens_plugin.actions.accountfacts import is_in_local_group
from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.targets.accounts import read_accounts

#: Accounts with more edits than this are asked for their groups on all wikis.
ESTABLISHED_EDITS = 10


def established_reason(
    account: GlobalAccount, max_edits: int | None
) -> SkipReason | None:
    """Return why an account is skipped, by what lists of accounts show.

    :param max_edits: accounts with more global edits are skipped
    """
    if account.groups:
        return SkipReason.GLOBAL_GROUP
    if max_edits is not None and (account.edit_count or 0) > max_edits:
        return SkipReason.EDITS
    return None


def local_group_reason(
    site: PluginMixin, account: GlobalAccount, ignored: frozenset[str]
) -> tuple[GlobalAccount, SkipReason | None]:
    """Return an account with its groups on all wikis, and whether it is skipped.

    That costs a read for those that have more than a few edits.

    :param site: the central wiki
    :param ignored: groups that do not count
    """
    if account.edit_count is not None and account.edit_count <= ESTABLISHED_EDITS:
        return account, None
    # The listing does not contain the groups on each wiki.
    if account.attached is None:
        ((_, found),) = read_accounts(
            site, [account.name], lambda names: map(site.global_account, names)
        )
        account = account if isinstance(found, Exception) else found
    if is_in_local_group(account, ignored):
        return account, SkipReason.LOCAL_GROUP
    return account, SkipReason.UNREADABLE if account.attached is None else None
