"""Queries of the ledger that only read: targets, counts, times and errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

import sqlalchemy as sa

from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.campaign.rows import (
    readable,
    skip_reason_of,
    state_of,
    target_of,
)
from mw_tokens_plugin.campaign.rowstore import CHUNK, RowStore
from mw_tokens_plugin.campaign.schema import (
    attempts,
    campaigns,
    partitions,
    targets,
)
from mw_tokens_plugin.campaign.storedrows import (
    checked_moment,
    checked_text,
)


class Queries(RowStore):
    """The part of the ledger that only reads."""

    def targets(
        self, campaign: Campaign, state: State | None = None
    ) -> Iterator[Target]:
        """Yield the targets in the order in which they were named.

        It reads page by page, so they may change state meanwhile.

        :param state: only those in this state
        """
        last, end = 0, None
        if state is None:
            last, end = self._range(campaign)
        while True:
            with self.database.begin() as connection:
                page = self._page(connection, campaign, state, last, CHUNK, end=end)
            yield from (target_of(row, campaign.action) for row in page)
            if len(page) < CHUNK:
                return
            last = page[-1].id

    def _range(self, campaign: Campaign) -> tuple[int, int]:
        """Return the numbers between which those of all targets are."""
        first, last = sa.func.min(targets.c.id), sa.func.max(targets.c.id)
        mine = targets.c.campaign_id == campaign.id
        with self.database.begin() as connection:
            row = connection.execute(sa.select(first, last).where(mine)).one()
        return (row[0] or 1) - 1, row[1] or 0

    def named(
        self, campaign: Campaign, names: Sequence[str], kind: str | None = ''
    ) -> dict[str, Target]:
        """Return some targets of a campaign by their names.

        :param kind: that of the targets, in a campaign that does several things; one
            of each name if it is None
        """
        of_kind = sa.true() if kind is None else targets.c.kind == kind
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(targets)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.name.in_([name.encode() for name in names]))
                .where(of_kind)
            ).all()
        found = [target_of(row, campaign.action) for row in rows]
        return {target.name: target for target in found}

    def done_elsewhere(
        self, campaign: Campaign, target: Target
    ) -> Iterator[tuple[str, Target]]:
        """Yield what other campaigns of the same kind have changed.

        :param target: of the campaign, and leased
        :return: the names of such campaigns, and their targets of the same name
        """
        others = (
            sa.select(campaigns.c.id, campaigns.c.name, campaigns.c.options)
            .where(campaigns.c.id != campaign.id)
            .where(campaigns.c.action == campaign.action)
            .where(campaigns.c.wiki == campaign.wiki)
            .where(campaigns.c.api.is_not_distinct_from(campaign.api))
        )
        with self.database.begin() as connection:
            # A lock is no double of an unlock, and so it is with blocks.
            names = {
                row.id: row.name
                for row in connection.execute(others)
                if isinstance(row.options, Mapping)
                and all(
                    row.options.get(name) == campaign.options.get(name)
                    for name in ('locked', 'unblock')
                )
            }
            rows = connection.execute(
                sa.select(targets)
                .where(targets.c.campaign_id.in_(names))
                .where(targets.c.name == target.name.encode())
                .where(targets.c.kind == target.kind)
                .where(targets.c.state == State.DONE.value)
                .where(targets.c.changed)
                .where(targets.c.account == target.account)
            ).all()
        for row in rows:
            yield names[row.campaign_id], target_of(row, campaign.action)

    def partition_errors(self, campaign: Campaign) -> dict[str, str]:
        """Return why partitions that did not work the last time did not."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(partitions.c.name, partitions.c.error)
                .where(partitions.c.campaign_id == campaign.id)
                .where(partitions.c.error.is_not(None))
                .order_by(partitions.c.name)
            ).all()
        with self._readable(campaign):
            return {
                checked_text(row.name, 'name'): checked_text(row.error, 'error')
                for row in rows
            }

    def counts(self, campaign: Campaign) -> dict[State, int]:
        """Return how many targets are in each state."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(targets.c.state, sa.func.count())
                .where(targets.c.campaign_id == campaign.id)
                .group_by(targets.c.state)
            ).all()
        with self._readable(campaign):
            found = {state_of(state): count for state, count in rows}
        return {state: found.get(state, 0) for state in State}

    def to_do(self, campaign: Campaign) -> int:
        """Return how many targets are planned and have not ended."""
        counts = self.counts(campaign)
        return counts[State.PLANNED] + counts[State.LEASED]

    def skip_counts(self, campaign: Campaign) -> dict[SkipReason, int]:
        """Return how many targets are skipped, by reason."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(targets.c.skipped, sa.func.count())
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.state == State.SKIPPED.value)
                .group_by(targets.c.skipped)
            ).all()
        with self._readable(campaign):
            return {skip_reason_of(skipped): count for skipped, count in rows}

    def changed_count(self, campaign: Campaign) -> int:
        """Return how many targets this campaign itself has changed."""
        with self.database.begin() as connection:
            return (
                connection.scalar(
                    sa.select(sa.func.count())
                    .select_from(targets)
                    .where(targets.c.campaign_id == campaign.id)
                    .where(targets.c.state == State.DONE.value)
                    .where(targets.c.changed)
                )
                or 0
            )

    def has_changed(self, campaign: Campaign) -> bool:
        """Tell whether this campaign has changed a target, if only in part."""
        ended = (State.DONE.value, State.FAILED.value)
        with self.database.begin() as connection:
            found = connection.scalar(
                sa.select(targets.c.id)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.state.in_(ended))
                .where(targets.c.changed)
                .limit(1)
            )
        return found is not None

    def hidden(self, campaign: Campaign | None = None) -> Iterator[Target]:
        """Yield the targets whose names must not be shown, in no order.

        And accounts that are no targets themselves, but have edited what is one.

        :param campaign: only those of this one
        """
        for name in self._hidden_actors(campaign):
            yield Target(0, Decision(name, hidden=True), State.SKIPPED)
        query = sa.select(targets).where(targets.c.hidden)
        if campaign is not None:
            query = query.where(targets.c.campaign_id == campaign.id)
        with self.database.begin() as connection:
            rows = connection.execution_options(yield_per=CHUNK).execute(query)
            yield from (target_of(row) for row in rows)

    def _hidden_actors(self, campaign: Campaign | None) -> list[str]:
        """Return the hidden accounts whose deeds campaigns are about.

        :param campaign: only those of this one
        """
        names = campaigns.c.options['hidden_actors']
        query = sa.select(names).where(campaigns.c.action.like('%crosswiki%'))
        if campaign is not None:
            query = query.where(campaigns.c.id == campaign.id)
        with self.database.begin() as connection:
            found = connection.scalars(query).all()
        lists = [each for each in found if isinstance(each, list)]
        return [name for each in lists for name in each if isinstance(name, str)]

    def ends(self, campaign: Campaign, state: State) -> Iterator[datetime]:
        """Yield when the targets in a state ended, in no order."""
        with self._readable(campaign), self.database.begin() as connection:
            moments = connection.execution_options(yield_per=CHUNK).scalars(
                sa.select(targets.c.ended_at)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.state == state.value)
                .where(targets.c.ended_at.is_not(None))
            )
            for moment in moments:
                if checked_moment(moment, 'ended_at') is not None:
                    yield moment

    def errors(self, campaign: Campaign) -> Iterator[tuple[datetime, str]]:
        """Yield when attempts failed, and the class of the error or the reason.

        These are all attempts, the last ones of failed targets too.
        """
        last = 0
        while True:
            with self.database.begin() as connection:
                page = connection.execute(
                    sa.select(
                        attempts.c.id, attempts.c.ended_at, attempts.c.error_class
                    )
                    .join(targets, targets.c.id == attempts.c.target_id)
                    .where(targets.c.campaign_id == campaign.id)
                    .where(attempts.c.id > last)
                    .order_by(attempts.c.id)
                    .limit(CHUNK)
                ).all()
            with self._readable(campaign):
                failures = [
                    (moment, checked_text(row.error_class, 'error_class'))
                    for row in page
                    if (moment := checked_moment(row.ended_at, 'ended_at'))
                ]
            yield from failures
            if len(page) < CHUNK:
                break
            last = page[-1].id
        for target in self.targets(campaign, State.FAILED):
            if target.ended_at is not None:
                yield target.ended_at, target.error_class or target.reason_code or ''

    def retries(self, campaign: Campaign) -> Counter[str]:
        """Count the attempts that met a transient error, by its class."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(attempts.c.error_class, sa.func.count())
                .join(targets, targets.c.id == attempts.c.target_id)
                .where(targets.c.campaign_id == campaign.id)
                .group_by(attempts.c.error_class)
            ).all()
        found: Counter[str] = Counter()
        with self._readable(campaign):
            for name, count in rows:
                found[checked_text(name, 'error_class')] += count
        return found

    def span(self, campaign: Campaign) -> tuple[datetime | None, datetime | None]:
        """Return when the first target was begun, and when the last one ended."""
        with self.database.begin() as connection:
            row = connection.execute(
                sa.select(
                    sa.func.min(targets.c.started_at), sa.func.max(targets.c.ended_at)
                ).where(targets.c.campaign_id == campaign.id)
            ).one()
        with self._readable(campaign):
            return (
                checked_moment(row[0], 'started_at'),
                checked_moment(row[1], 'ended_at'),
            )

    @staticmethod
    def _readable(campaign: Campaign) -> AbstractContextManager[None]:
        """Say in a sentence that something of a campaign cannot be read."""
        return readable(f'The campaign {campaign.name!r}')
