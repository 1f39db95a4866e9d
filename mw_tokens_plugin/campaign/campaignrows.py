"""Campaigns in the ledger: created, found, changed and deleted.

What is written is returned as it was written, and not read again, since it will be
sealed, and somebody else may have changed it in the meantime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from importlib import metadata
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.queries import Queries
from mw_tokens_plugin.campaign.records import (
    Campaign,
    State,
    now,
)
from mw_tokens_plugin.campaign.rows import (
    campaign_of,
    readable,
    stored,
)
from mw_tokens_plugin.campaign.schema import (
    attempts,
    campaigns,
    partitions,
    plans,
    runs,
    targets,
)
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import quantity


class CampaignRows(Queries):
    """The part of the ledger that knows campaigns."""

    def create(
        self,
        name: str,
        *,
        action: str,
        wiki: str,
        operator: str,
        reason: str,
        options: dict[str, Any],
        api: str | None = None,
        wikiid: str | None = None,
        script: str | None = None,
        stages: int = 1,
    ) -> Campaign:
        """Begin a campaign.

        :param api: the address of the wiki's API
        :param wikiid: what the wiki calls itself
        :param script: the name of the script that begins it
        :param stages: how many stages its targets will have, one after the other
        :raises InvalidInput: there is one of that name
        :raises LedgerFailure: the ledger does not keep it
        """
        values: dict[str, Any] = {
            'name': name,
            'action': action,
            'wiki': wiki,
            'operator': operator,
            'reason': reason,
            'options': stored(options),
            'created_at': now(),
            'api': api,
            'wikiid': wikiid,
            'script': script,
            'version': metadata.version('mw_tokens_plugin'),
            'stages': stages,
        }
        # Another process may begin one of that name at the same moment.
        there = self.find(name)
        row = sa.insert(campaigns).values(values)
        if there is None and not self.database.inserted(row):
            there = self._existing(name)
        if there is not None:
            raise self._taken(there, action, operator)
        return Campaign(id=self._existing(name).id, **values)

    def _taken(self, there: Campaign, action: str, operator: str) -> InvalidInput:
        """Return the error for a second campaign of the same name."""
        number = quantity(sum(self.counts(there).values()), 'target')
        about = (
            f'There is a campaign {there.name!r} already: a {there.action} with '
            f'{number}, by {there.operator}. Give another name'
        )
        if (there.action, there.operator) != (action, operator):
            return InvalidInput(f'{about}; -campaign:NAME says it.')
        again = ', or -replace to make its plan again'
        return InvalidInput(
            f'{about}, or -resume to resume it{"" if self.is_record(there) else again}.'
        )

    def is_record(self, campaign: Campaign) -> bool:
        """Tell whether a campaign was confirmed, so that it may have changed something.

        Later plans of the same campaign may not be confirmed yet.
        """
        counts = self.counts(campaign)
        begun = counts[State.LEASED] + counts[State.DONE] + counts[State.FAILED]
        return campaign.confirmed_at is not None or begun > 0

    def find(self, name: str) -> Campaign | None:
        """Return a campaign by its name.

        :raises InvalidInput: this version cannot read it
        """
        with self.database.begin() as connection, readable(f'The campaign {name!r}'):
            row = connection.execute(
                sa.select(campaigns).where(campaigns.c.name == name)
            ).one_or_none()
            return None if row is None else campaign_of(row)

    def campaigns(
        self, unreadable: Callable[[InvalidInput], object] | None = None
    ) -> list[Campaign]:
        """Return all campaigns, the oldest first.

        :param unreadable: called for each that this version cannot read, and that then
            is not returned
        :raises InvalidInput: this version cannot read one of them
        """
        with self.database.begin() as connection:
            names = connection.scalars(
                sa.select(campaigns.c.name).order_by(campaigns.c.id)
            ).all()
        found = []
        for name in names:
            try:
                campaign = self.find(name)
            except InvalidInput as error:
                if unreadable is None:
                    raise
                unreadable(error)
            else:
                # Somebody may have deleted it meanwhile.
                found += [] if campaign is None else [campaign]
        return found

    def unfinished(self, action: str, wiki: str) -> list[Campaign]:
        """Return the campaigns of one kind on one wiki that are not finished.

        What this version cannot read is left out.
        """
        with self.database.begin() as connection:
            names = connection.scalars(
                sa.select(campaigns.c.name)
                .where(campaigns.c.action == action)
                .where(campaigns.c.wiki == wiki)
                .where(campaigns.c.finished_at.is_(None))
                .order_by(campaigns.c.id)
            ).all()
        found = []
        for name in names:
            with suppress(InvalidInput):
                if campaign := self.find(name):
                    found.append(campaign)
        return found

    def place(self, campaign: Campaign, api: str, wikiid: str) -> Campaign:
        """Keep where the wiki of a campaign is that was begun without saying so."""
        with self.database.begin() as connection:
            connection.execute(
                sa.update(campaigns)
                .where(campaigns.c.id == campaign.id)
                .values(api=api, wikiid=wikiid)
            )
        return replace(campaign, api=api, wikiid=wikiid)

    def mark(self, campaign: Campaign, moment: str) -> Campaign:
        """Write down that a moment of a campaign has come.

        :param moment: ``listed_at``, ``planned_at``, ``confirmed_at`` or
            ``finished_at``
        """
        return self._set_moment(campaign, moment, now())

    def locked_options(
        self, connection: sa.Connection, campaign: Campaign
    ) -> Mapping[str, Any]:
        """Return the options as they are now; nobody changes them in the meantime.

        :param connection: within a transaction, which ends the meantime
        :raises InvalidInput: this version cannot read them
        """
        mine = campaigns.c.id == campaign.id
        if connection.dialect.name == 'sqlite':
            # A write first: SQLite has no locks on rows, only the writer's.
            connection.execute(
                sa.update(campaigns).where(mine).values(options=campaigns.c.options)
            )
        with readable(f'The campaign {campaign.name!r}'):
            options = connection.scalar(
                sa.select(campaigns.c.options).where(mine).with_for_update()
            )
            if not isinstance(options, Mapping):
                raise ValueError('its options are no options')
        return options

    def set_options(
        self, connection: sa.Connection, campaign: Campaign, options: Mapping[str, Any]
    ) -> None:
        """Replace the options, after :meth:`locked_options`."""
        connection.execute(
            sa.update(campaigns)
            .where(campaigns.c.id == campaign.id)
            .values(options=stored(options))
        )

    def reopen(self, campaign: Campaign) -> Campaign:
        """Take back that a campaign is finished, and that its plan was agreed to."""
        self._set_moment(campaign, 'confirmed_at', None)
        return self._set_moment(campaign, 'finished_at', None)

    def forget(self, campaign: Campaign) -> None:
        """Delete a campaign with all that is known of it."""
        mine = sa.select(targets.c.id).where(targets.c.campaign_id == campaign.id)
        with self.database.begin() as connection:
            connection.execute(
                sa.delete(attempts).where(attempts.c.target_id.in_(mine))
            )
            connection.execute(
                sa.delete(targets).where(targets.c.campaign_id == campaign.id)
            )
            for table in (runs, partitions, plans):
                connection.execute(
                    sa.delete(table).where(table.c.campaign_id == campaign.id)
                )
            connection.execute(
                sa.delete(campaigns).where(campaigns.c.id == campaign.id)
            )

    def _existing(self, name: str) -> Campaign:
        campaign = self.find(name)
        if campaign is None:
            raise self.forgetful()
        return campaign

    def _set_moment(
        self, campaign: Campaign, moment: str, value: datetime | None
    ) -> Campaign:
        with self.database.begin() as connection:
            connection.execute(
                sa.update(campaigns)
                .where(campaigns.c.id == campaign.id)
                .values({moment: value})
            )
        moments: dict[str, Any] = {moment: value}
        return replace(campaign, **moments)
