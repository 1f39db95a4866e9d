"""What all parts of the ledger use: the database, a clock, and how rows are added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.database import RULES, Database, Row
from mw_tokens_plugin.campaign.records import (
    Campaign,
    State,
    now,
)
from mw_tokens_plugin.campaign.schema import (
    targets,
)
from mw_tokens_plugin.exceptions import LedgerFailure

#: Rows written or read in one go.
CHUNK = 500

#: How often rows are added that other runs are just adding.
_TRIES = 10


class RowStore:
    """Rows of one database."""

    def __init__(self, database: Database) -> None:
        """Use a database that is open."""
        self.database = database
        self.location = database.location
        #: What tells when an attempt begins and ends; to be compared with a wiki's
        #: logs, it has to be the wiki's clock.
        self.clock: Callable[[], datetime] = now

    def _add_missing(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        keys: Iterable[tuple[Any, ...]],
        known: sa.Select[Any],
        campaign: Campaign,
        values: Mapping[Any, Mapping[str, Any]] | None = None,
    ) -> int:
        """Add rows of a campaign that are not there, and return how many.

        Another run may add some of them at the same moment; then it looks again.

        :param columns: what tells one of them from the others
        :param keys: the values of these columns
        :param known: selects these columns of those that are there
        :param values: what else such a row has
        """
        more = values or {}
        for _ in range(_TRIES):
            with self.database.begin() as connection:
                there = {tuple(row) for row in connection.execute(known)}
            rows = [
                {
                    'campaign_id': campaign.id,
                    **dict(zip(columns, key, strict=True)),
                    **more.get(key, {}),
                }
                for key in keys
                if key not in there
            ]
            if not rows or self.database.inserted(sa.insert(table), rows):
                return len(rows)
        raise LedgerFailure(
            f'The ledger {self.location} is being written by others again and again. '
            'Try again later.'
        )

    def forgetful(self) -> LedgerFailure:
        """Return the error for a row that is not as it was written just now."""
        return self.database.failure(f'does not keep what is written into it: {RULES}')

    @staticmethod
    def _page(
        connection: sa.Connection,
        campaign: Campaign,
        state: State | None,
        after: int,
        size: int,
        owner: str | None = None,
        end: int | None = None,
    ) -> Sequence[Row]:
        number: sa.ColumnElement[int] = targets.c.campaign_id
        if end is not None:
            # No index has the campaign and the number alone. With one of the campaign
            # each page would read and sort all of its targets.
            number = number + 0
        query = (
            sa.select(targets)
            .where(number == campaign.id)
            .where(targets.c.id > after)
            .order_by(targets.c.id)
            .limit(size)
        )
        if state is not None:
            query = query.where(targets.c.state == state.value)
        if end is not None:
            query = query.where(targets.c.id <= end)
        if owner is not None:
            query = query.where(targets.c.owner == owner)
        return connection.execute(query).all()
