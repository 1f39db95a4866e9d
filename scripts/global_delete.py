#!/usr/bin/env python3
"""Delete global accounts, with a plan, guards and a record; there is no undo.

The local accounts survive, each with the password that the global one had, but no
longer belong together, and the global name is free for anybody to register. Deleting a
locked account releases it: lock accounts of spammers (global_lock), do not delete them.

The right that it takes, centralauth-unmerge, is in no grant: it needs a login with the
main password, of a member of a global group such as steward. Bot passwords and OAuth
cannot do it.

&options;

.. version-added:: 0.1
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mw_tokens_plugin.cli.accounts import (
    AccountOptions,
    account_columns,
    account_guards,
    account_log,
    named_accounts,
)
from mw_tokens_plugin.cli.script import CampaignScript, Kind, option
from mw_tokens_plugin.cli.table import number
from mw_tokens_plugin.exceptions import InvalidInput

if TYPE_CHECKING:
    from mw_tokens_plugin.actions.globaldelete import GlobalDelete
    from mw_tokens_plugin.campaign.records import Campaign
    from mw_tokens_plugin.cli.declaration import Listing
    from mw_tokens_plugin.cli.run import Run


@dataclass(frozen=True, kw_only=True)
class Options(AccountOptions):
    """What the command line asks for."""

    max_wikis: int = option(
        'Skip accounts attached to more than N wikis.',
        5,
        value='N',
        read=number,
        group='Guards',
        stored='max_wikis',
    )
    with_groups: bool = option(
        'Do not skip members of global or local groups.',
        group='Guards',
        stored='with_groups',
    )
    with_locked: bool = option(
        'Do not skip locked accounts, although this unlocks them.',
        group='Guards',
        stored='with_locked',
    )

    def check(self) -> None:
        """Refuse what cannot be done."""
        if self.undo is not None:
            raise InvalidInput(
                'A global account that was deleted cannot be restored. Its home wiki, '
                'attached wikis and groups are in the ledger; Special:MergeAccount '
                'makes a new one of the local accounts.'
            )


def targets(run: Run[Options]) -> Listing:
    """List the accounts that the command line names."""
    from mw_tokens_plugin.targets.exclusions import existing_accounts

    existing = existing_accounts(run.site)
    return CampaignScript.Listing(named_accounts(run), existing=existing)


def delete(run: Run[Options], campaign: Campaign) -> GlobalDelete:
    """Return what a campaign does."""
    from mw_tokens_plugin.actions.globaldelete import DeletionGuards, GlobalDelete

    stored = run.stored(campaign)
    guards = DeletionGuards(
        **account_guards(run, campaign),
        max_wikis=stored['max_wikis'],
        with_groups=stored['with_groups'],
        with_locked=stored['with_locked'],
    )
    return GlobalDelete(run.site, reason=campaign.reason, guards=guards)


SCRIPT = CampaignScript(
    'global_delete',
    Options,
    targets,
    {
        'global_delete': Kind(
            delete,
            module='deleteglobalaccount',
            rights={'centralauth-unmerge': None},
            max_targets=10,
            skips_listed=True,
            columns=account_columns,
            log=account_log,
            stored={'excluded': [str]},
        )
    },
    noun='account',
)
main = SCRIPT.main

if __name__ == '__main__':
    sys.exit(main())
