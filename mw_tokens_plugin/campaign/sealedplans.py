"""The rows of sealed plans: what one key has sealed of a campaign as a whole.

They are in one table of the ledger: a row for each plan, and one with how many targets
the key has sealed (:mod:`.tally`). All are bound to the campaign and to the account
that runs it, and what has a wrong seal is not read. The seals of targets, and what
follows from all of them, are left to :mod:`.seals`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, now
from mw_tokens_plugin.campaign.schema import plans, targets
from mw_tokens_plugin.campaign.sealcontent import CHANGEABLE, Plan, canonical
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.tally import Tally, mark_of

#: Accounts of a campaign whose plans are looked for.
_MAX_ACCOUNTS = 20

#: Of the options that may change, those that each version has sealed, set or not.
_ALWAYS_SEALED = ('not_wikis', 'stop_page')


class SealedPlans:
    """The plans and the tally of one key in one campaign.

    .. version-added:: 0.1

    :ivar of_colleagues: with what the seals of targets begin that other keys have made
        in the plans that were read, rightly or not
    """

    def __init__(
        self, key: Key, ledger: Ledger, campaign: Campaign, account: str
    ) -> None:
        """Set what the seals are bound to.

        :param account: who carries the campaign out
        """
        self._key = key
        self._ledger = ledger
        self._campaign = campaign
        self._account = account
        # What may change is not a part of it.
        self._bound = _bound_to(campaign)
        self.of_colleagues: set[str] = set()

    def key_of(self, plan: Plan, account: str | None = None) -> bytes:
        """Return the key for the seals of the targets of a plan.

        :param account: who carries it out, if not the present account
        """
        return self._key.seal(canonical(['plan', self._header(account), plan.id]))

    def read(
        self, connection: sa.Connection, campaign: Campaign, account: str | None = None
    ) -> list[Plan]:
        """Return the plans that the key has sealed for the campaign.

        :param campaign: with the options that may change as they were sealed
        :param account: for whom, if not for the present account
        """
        rows = connection.execute(
            sa.select(plans).where(plans.c.campaign_id == campaign.id)
        ).all()
        found = []
        for row in rows:
            if row.key_id != self._key.id:
                self.of_colleagues.add(f'{row.key_id}:{row.id}')
                continue
            plan = Plan(row.id, row.made_at, row.confirmed)
            # SQLite keeps anything in any column.
            is_moment = isinstance(plan.made_at, datetime)
            if is_moment and is_same(row.seal, self._seal(plan, campaign, account)):
                found.append(plan)
        return found

    def other_accounts(self, connection: sa.Connection) -> list[str]:
        """Return the other accounts that may have run a part of the campaign."""
        campaign = self._campaign
        found = connection.scalars(
            sa.select(targets.c.account)
            .where(targets.c.campaign_id == campaign.id)
            .where(targets.c.account.is_not(None))
            .distinct()
            .limit(_MAX_ACCOUNTS + 1)
        )
        accounts = {account for account in found if isinstance(account, str)}
        accounts.add(f'{campaign.operator}@{campaign.wiki}')
        return sorted(accounts - {self._account})[:_MAX_ACCOUNTS]

    def write(self, plan: Plan, campaign: Campaign) -> None:
        """Add a plan.

        :param campaign: with its options as they are sealed
        """
        self._ledger.database.execute(
            sa.insert(plans).values(
                campaign_id=campaign.id,
                id=plan.id,
                key_id=self._key.id,
                made_at=plan.made_at,
                confirmed=plan.confirmed,
                seal=self._seal(plan, campaign),
            )
        )

    def update(self, connection: sa.Connection, plan: Plan, campaign: Campaign) -> None:
        """Change a plan, or the options with which it is sealed."""
        connection.execute(
            sa.update(plans)
            .where(plans.c.campaign_id == campaign.id)
            .where(plans.c.id == plan.id)
            .values(
                made_at=plan.made_at,
                confirmed=plan.confirmed,
                seal=self._seal(plan, campaign),
            )
        )

    def tally(self, connection: sa.Connection) -> Tally | None:
        """Return how many targets the key has sealed; None if it has not counted."""
        return max(self._tallies(connection).values(), default=None)

    def change_tally(self, change: Callable[[Tally | None], Tally]) -> Tally:
        """Write another tally; other runs of the operator may do so at the same time.

        :param change: returns the new one for the present one
        """
        campaign_id, key_id = self._campaign.id, self._key.id
        mark = mark_of(key_id, self._account)

        def write(connection: sa.Connection) -> Tally:
            self._ledger.locked_options(connection, self._campaign)
            old = self._tallies(connection)
            new = change(max(old.values(), default=None))
            # Those of other accounts of this key stay; earlier versions had one mark.
            mine = plans.c.id.startswith(f'{mark}=') | plans.c.id.in_(old)
            connection.execute(
                sa.delete(plans).where(plans.c.campaign_id == campaign_id).where(mine)
            )
            connection.execute(
                sa.insert(plans).values(
                    campaign_id=campaign_id,
                    id=new.row_id(mark),
                    key_id=key_id,
                    made_at=now(),
                    confirmed=False,
                    seal=self._seal_of_tally(new),
                )
            )
            return new

        return self._ledger.database.transact(write)

    def _tallies(self, connection: sa.Connection) -> dict[str, Tally]:
        """Return what the key has counted for this account, by rows."""
        rows = connection.execute(
            sa.select(plans.c.id, plans.c.seal)
            .where(plans.c.campaign_id == self._campaign.id)
            .where(plans.c.key_id == self._key.id)
        ).all()
        found = {row.id: (Tally.of(row.id), row.seal) for row in rows}
        return {
            row_id: tally
            for row_id, (tally, seal) in found.items()
            if tally and is_same(seal, self._seal_of_tally(tally))
        }

    def _seal(self, plan: Plan, campaign: Campaign, account: str | None = None) -> str:
        options = campaign.options
        changing = [options.get(name) for name in _ALWAYS_SEALED]
        changing += [campaign.api, campaign.wikiid]
        # Versions without these have sealed the rest alone.
        newer = CHANGEABLE.difference(_ALWAYS_SEALED) & options.keys()
        if newer:
            changing.append({name: options[name] for name in newer})
        about = [plan.id, plan.made_at.isoformat(), bool(plan.confirmed)]
        return self._key.seal(
            canonical(['sealed', self._header(account), changing, about])
        ).hex()

    def _seal_of_tally(self, tally: Tally) -> str:
        numbers = [tally.own, tally.ended_by_others]
        return self._key.seal(canonical(['tally', self._header(), numbers])).hex()

    def _header(self, account: str | None = None) -> list[Any]:
        """Return all that must be the same for a seal to count."""
        about, stages = self._bound
        return [*about, account or self._account, *stages]


def is_same(seal: object, right: str) -> bool:
    """Compare a stored seal, which may be anything, with the right one."""
    there = str(seal).encode('utf-8', 'surrogateescape')
    return secrets.compare_digest(there, right.encode())


def _bound_to(campaign: Campaign) -> tuple[list[Any], list[Any]]:
    """Return to what of a campaign seals are bound, before and after the account."""
    options = {k: v for k, v in campaign.options.items() if k not in CHANGEABLE}
    about = [
        campaign.name,
        campaign.created_at.isoformat(),
        campaign.action,
        campaign.wiki,
        campaign.operator,
        campaign.reason,
        options,
    ]
    # Versions without stages have sealed only what is above.
    return about, [] if campaign.stages == 1 else [campaign.stages]
