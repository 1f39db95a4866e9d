"""Targets in the ledger: listed, decided on, and put back into the plan.

Which worker has them is in :mod:`.leases`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import sqlalchemy as sa

from mw_tokens_plugin.campaign.leases import Leases
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    SkipReason,
    State,
    Step,
    Target,
)
from mw_tokens_plugin.campaign.rowstore import CHUNK
from mw_tokens_plugin.campaign.schema import (
    partitions,
    targets,
)
from mw_tokens_plugin.campaign.sealtexts import with_seal
from mw_tokens_plugin.exceptions import ContentRefused
from mw_tokens_plugin.site.batches import batches

#: Targets that have failed since a wiki is against their content, page or title.
_IS_REFUSED = sa.func.coalesce(targets.c.error_class, '') == ContentRefused.__name__


class TargetRows(Leases):
    """The part of the ledger that writes targets before anybody works on them."""

    def add(
        self,
        campaign: Campaign,
        names: Iterable[str | Step],
        seal: Callable[[Step], str] | None = None,
    ) -> int:
        """List targets, each once for each kind, and return how many were new.

        :param names: with the kind and the stage where the campaign has several
        :param seal: returns the seal of one that is listed
        """
        steps = (n if isinstance(n, Step) else Step(n) for n in names)
        added = 0
        for chunk in batches(steps, CHUNK):
            rows = {
                (step.name.encode(), step.kind): {
                    'state': 'listed',
                    'stage': step.stage,
                    'seals': seal and seal(step),
                }
                for step in reversed(chunk)
            }
            known = (
                sa.select(targets.c.name, targets.c.kind)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.name.in_({name for name, _kind in rows}))
            )
            if not all(0 <= step.stage < campaign.stages for step in chunk):
                raise ValueError(f'{campaign.name} has {campaign.stages} stages')
            added += self._add_missing(
                targets,
                ('name', 'kind'),
                dict.fromkeys((s.name.encode(), s.kind) for s in chunk),
                known,
                campaign,
                rows,
            )
        return added

    def decide(
        self,
        campaign: Campaign,
        decisions: Iterable[Decision],
        seal: Callable[[Decision], str] | None = None,
    ) -> None:
        """Write down what the plan says of targets that are listed or planned.

        :param seal: returns the seal of a decision
        """
        rows = [
            {
                'key': decision.name.encode(),
                'of': decision.kind,
                'central_id': decision.central_id,
                'hidden': decision.hidden,
                'state': (State.SKIPPED if decision.skipped else State.PLANNED).value,
                'skip': decision.skipped and decision.skipped.name,
                'facts': dict(decision.facts),
                'part': decision.partition,
                'seals': seal and seal(decision),
            }
            for decision in decisions
        ]
        if not rows:
            return
        statement = (
            sa.update(targets)
            .where(targets.c.campaign_id == campaign.id)
            .where(targets.c.name == sa.bindparam('key'))
            .where(targets.c.kind == sa.bindparam('of'))
            # Other runs may have taken some of them since they were read.
            .where(
                (targets.c.state == State.LISTED.value)
                | (targets.c.state == State.PLANNED.value)
            )
            .values(
                central_id=sa.bindparam('central_id'),
                hidden=sa.bindparam('hidden'),
                state=sa.bindparam('state'),
                skipped=sa.bindparam('skip'),
                facts=sa.bindparam('facts'),
                partition=sa.bindparam('part'),
                seals=sa.bindparam('seals'),
            )
        )
        needed = {row['part'] for row in rows if row['part'] is not None}
        # They come first: a target that is planned must be found in its partition.
        if needed:
            known = sa.select(partitions.c.name).where(
                partitions.c.campaign_id == campaign.id
            )
            names = [(name,) for name in sorted(needed)]
            self._add_missing(partitions, ('name',), names, known, campaign)
        # In one order for all runs: else two of them wait for each other's rows.
        rows.sort(key=lambda row: (row['key'], row['of']))
        self.database.execute(statement, rows)

    def add_seals(
        self, campaign: Campaign, seals: Iterable[tuple[Decision, str]]
    ) -> None:
        """Add seals to targets that are still as they were.

        :param seals: what was decided, which differs in nothing that is sealed, and
            its seal
        """
        sealed = {(d.name.encode(), d.kind): (d, seal) for d, seal in seals}
        if sealed:
            self.database.transact(partial(_add_seals, campaign, sealed))

    def break_seals(self, leased: Sequence[Target]) -> None:
        """Give back targets whose seals are not right, so that nobody leases them."""
        if not leased:
            return
        self.unlease(leased)
        with self.database.begin() as connection:
            connection.execute(
                sa.update(targets)
                .where(targets.c.id.in_([target.id for target in leased]))
                .where(targets.c.state == State.PLANNED.value)
                .values(seals=None)
            )

    def retryable(self, campaign: Campaign) -> int:
        """Return how many targets :meth:`plan_again` would list again."""
        skipped = self.skip_counts(campaign)
        transient = sum(
            count for reason, count in skipped.items() if reason.is_transient
        )
        left = self.in_part(campaign) + self.refused_for_good(campaign)
        return self.counts(campaign)[State.FAILED] + transient - left

    def in_part(self, campaign: Campaign) -> int:
        """Return how many targets have failed after a part was done."""
        return self._failed(campaign, targets.c.changed)

    def refused_for_good(self, campaign: Campaign) -> int:
        """Return how many targets have failed of what a wiki would refuse again."""
        return self._failed(campaign, _IS_REFUSED & targets.c.changed.is_not(sa.true()))

    def _failed(self, campaign: Campaign, condition: sa.ColumnElement[bool]) -> int:
        """Return how many targets have failed in a certain way."""
        with self.database.begin() as connection:
            count = connection.scalar(
                sa.select(sa.func.count())
                .select_from(targets)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.state == State.FAILED.value)
                .where(condition)
            )
        return count or 0

    def plan_again(self, campaign: Campaign) -> int:
        """List again what has failed or could not be read, and return how many.

        What has failed after a part was done stays as it is: a new plan would find that
        part done, and an undo would not know of it any more. So does what a wiki has
        refused for what it is: a filter that only warns lets the second attempt pass.
        """
        retried = [skipped.name for skipped in SkipReason if skipped.is_retried]
        with self.database.begin() as connection:
            result = connection.execute(
                sa.update(targets)
                .where(targets.c.campaign_id == campaign.id)
                .where(
                    (targets.c.state == State.FAILED.value)
                    & targets.c.changed.is_not(sa.true())
                    & ~_IS_REFUSED
                    | (targets.c.state == State.SKIPPED.value)
                    & targets.c.skipped.in_(retried)
                )
                .values(
                    state=State.LISTED.value,
                    detail=None,
                    ended_at=None,
                    error_class=None,
                    reason_code=None,
                )
            )
        return result.rowcount


def _add_seals(
    campaign: Campaign,
    sealed: Mapping[tuple[bytes, str], tuple[Decision, str]],
    connection: sa.Connection,
) -> None:
    """Add seals within a transaction, so that none that others add is lost."""
    here = (
        (targets.c.campaign_id == campaign.id)
        & targets.c.name.in_({name for name, _kind in sealed})
        & targets.c.state.in_((State.PLANNED.value, State.LEASED.value))
    )
    if connection.dialect.name == 'sqlite':
        # A write first: SQLite has no locks on rows, only the writer's.
        connection.execute(sa.update(targets).where(here).values(seals=targets.c.seals))
    rows = connection.execute(
        sa.select(targets.c.id, targets.c.name, targets.c.kind, targets.c.seals)
        .where(here)
        # In one order for all runs: else two of them wait for each other's rows.
        .order_by(targets.c.name, targets.c.kind)
        .with_for_update()
    ).all()
    found = [(row, *sealed[row.name, row.kind]) for row in rows if row[1:3] in sealed]
    if found:
        connection.execute(
            sa.update(targets)
            .where(targets.c.id == sa.bindparam('target'))
            .values(seals=sa.bindparam('all'), facts=sa.bindparam('facts')),
            [
                {
                    'target': row.id,
                    'all': with_seal(seal, row.seals),
                    'facts': dict(decision.facts),
                }
                for row, decision, seal in found
            ],
        )
