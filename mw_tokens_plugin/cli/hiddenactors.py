"""Accounts whose deeds a campaign is about, and whose names must not be shown.

They are no targets, but stand in titles, and among the authors of pages. The ledger has
their names, so that whatever shows a campaign can replace them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.cli.run import Run

__all__ = ['STORED_HIDDEN', 'hidden_among', 'keep_hidden', 'store_hidden']

#: What the ledger stores of them, as types.
STORED_HIDDEN = {'hidden_actors?': [str]}


def hidden_among(
    run: Run[Any], names: Iterable[str], *, known: bool = False
) -> list[str]:
    """Return which accounts are hidden.

    :param known: whether they existed once: those that the wiki does not show any more
        count as hidden, too
    :raises TokensPluginError: one of them cannot be read
    """
    from mw_tokens_plugin.protocol.names import AccountKind, kind_of
    from mw_tokens_plugin.targets.accounts import read_accounts

    asked = sorted({n for n in names if kind_of(n) is AccountKind.ACCOUNT})
    if not asked:
        return []
    hidden = []
    for name, account in read_accounts(run.site, asked, run.site.global_accounts):
        if isinstance(account, Exception):
            # Nobody knows; what the ledger once calls hidden stays so for good.
            raise account
        if account.is_hidden if account.exists else known:
            hidden.append(name)
    return hidden


def store_hidden(run: Run[Any], names: Iterable[str]) -> Mapping[str, Any]:
    """Return what the ledger stores of a new campaign about some accounts.

    :raises InvalidInput: some are hidden, and others may read the ledger
    """
    from mw_tokens_plugin.cli.ledgers import check_secrecy

    hidden = hidden_among(run, names)
    if hidden:
        check_secrecy(run.options, run.ledger)
    return {'hidden_actors': hidden} if hidden else {}


def keep_hidden(run: Run[Any], campaign: Campaign, names: Iterable[str]) -> Campaign:
    """Store which accounts were hidden since a campaign was made.

    :param names: the accounts that it is about, or that the one which it undoes was
    """
    known = set(campaign.options.get('hidden_actors') or ())
    new = set(hidden_among(run, set(names) - known, known=True))
    if not new:
        return campaign
    with run.active_on(campaign):
        return run.sealer(campaign).keep(
            'hidden_actors', lambda old: sorted({*(old or ()), *new})
        )
