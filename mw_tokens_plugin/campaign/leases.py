"""Which worker has which targets: leases, partitions, and how targets ended.

What is written, and when, is left to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.queries import Queries
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.campaign.rows import (
    stored,
    target_of,
)
from mw_tokens_plugin.campaign.schema import (
    attempts,
    partitions,
    targets,
)
from mw_tokens_plugin.campaign.storedrows import checked_number, checked_text
from mw_tokens_plugin.site.redaction import redactor

#: The mark of a worker that there is not.
_NOBODY = 'nobody/0'

#: Characters of what is said of a target; in UTF-8 they fit into MariaDB's TEXT.
_MAX_DETAIL = 4000

#: How a target ends, for its owner alone.
_OUTCOME = (
    sa.update(targets)
    .where(targets.c.id == sa.bindparam('target'))
    .where(targets.c.owner == sa.bindparam('by'))
    .values(
        state=sa.bindparam('state'),
        changed=sa.bindparam('changed'),
        detail=sa.bindparam('detail'),
        ended_at=sa.bindparam('ended_at'),
        log_id=sa.bindparam('log'),
        error_class=sa.bindparam('error'),
        reason_code=sa.bindparam('code'),
        seals=sa.func.coalesce(sa.bindparam('seal'), targets.c.seals),
        owner=None,
    )
)


class Leases(Queries):
    """The part of the ledger that workers use."""

    def take_partition(
        self,
        campaign: Campaign,
        owner: str,
        besides: Collection[str] = (),
        key_id: str | None = None,
        stage: int = 0,
    ) -> str | None:
        """Take a free partition in which targets are planned, if there is one.

        :param owner: the worker that takes it, which has no other
        :param besides: partitions that it does not want
        :param key_id: only those with targets that this key has sealed
        :param stage: only those with targets of this stage
        """
        to_do = (
            sa.exists()
            .where(targets.c.campaign_id == campaign.id)
            .where(targets.c.partition == partitions.c.name)
            .where(targets.c.state == State.PLANNED.value)
            .where(_sealed_by(key_id))
            .where(_in_stage(campaign, stage))
        )
        free = (
            sa.select(partitions.c.name)
            .where(partitions.c.campaign_id == campaign.id)
            .where(partitions.c.owner.is_(None))
            .where(partitions.c.name.not_in(besides))
            .where(to_do)
            # Those that did not work the last time come last.
            .order_by(partitions.c.error.is_not(None), partitions.c.name)
            .limit(1)
        )
        taken: Any = free.scalar_subquery()
        with self.database.begin() as connection:
            if self.database.can_skip_locked:
                # A partition that another worker is taking now is skipped.
                taken = connection.scalar(free.with_for_update(skip_locked=True))
            connection.execute(
                sa.update(partitions)
                .where(partitions.c.campaign_id == campaign.id)
                .where(partitions.c.name == taken)
                .values(owner=owner)
            )
            return connection.scalar(
                sa.select(partitions.c.name)
                .where(partitions.c.campaign_id == campaign.id)
                .where(partitions.c.owner == owner)
            )

    def leave_partition(
        self, campaign: Campaign, owner: str, error: str | None = None
    ) -> None:
        """Let others have the partition of a worker, if it has one.

        :param error: why it did not work, if it did not
        :raises LedgerFailure: the ledger does not keep that
        """
        with self.database.begin() as connection:
            connection.execute(
                sa.update(partitions)
                .where(partitions.c.campaign_id == campaign.id)
                .where(partitions.c.owner == owner)
                .values(owner=None, error=_without_secrets(error))
            )
            kept = connection.scalar(
                sa.select(partitions.c.name)
                .where(partitions.c.campaign_id == campaign.id)
                .where(partitions.c.owner == owner)
            )
        if kept is not None:
            # It would be taken again and again.
            raise self.forgetful()

    def lease(
        self,
        campaign: Campaign,
        owner: str,
        size: int,
        account: str | None = None,
        partition: str | None = None,
        key_id: str | None = None,
        stage: int = 0,
    ) -> list[Target]:
        """Take the next targets; from now on they may have been sent.

        :param owner: the worker that takes them, which has no others in this partition
        :param size: how many at most
        :param account: whose writes these will be
        :param partition: the partition of the worker; None takes those in none
        :param key_id: only targets that this key has sealed, rightly or not
        :param stage: only targets of this stage, as :meth:`stage` has returned it
        """
        here = (targets.c.campaign_id == campaign.id) & (
            targets.c.partition.is_(None)
            if partition is None
            else targets.c.partition == partition
        )
        next_ones = (
            sa.select(targets.c.id)
            .where(here)
            .where(targets.c.state == State.PLANNED.value)
            .where(_sealed_by(key_id))
            .where(_in_stage(campaign, stage))
            .order_by(targets.c.id)
            .limit(size)
        )
        taken: Any = next_ones
        with self.database.begin(durable=True) as connection:
            if self.database.can_skip_locked:
                # Rows that another worker is taking now are skipped.
                taken = connection.scalars(
                    next_ones.with_for_update(skip_locked=True)
                ).all()
            connection.execute(
                sa.update(targets)
                .where(targets.c.id.in_(taken))
                .where(targets.c.state == State.PLANNED.value)
                .values(
                    state=State.LEASED.value,
                    owner=owner,
                    account=account,
                    attempts=targets.c.attempts + 1,
                    started_at=self.clock(),
                )
            )
            rows = connection.execute(
                sa.select(targets)
                .where(here)
                .where(targets.c.state == State.LEASED.value)
                .where(targets.c.owner == owner)
                .order_by(targets.c.id)
            ).all()
        self.database.may_have_sent |= bool(rows)
        return [target_of(row, campaign.action) for row in rows]

    def stage(self, campaign: Campaign) -> int:
        """Return the first stage with targets that have not ended; 0 if there is none.

        It never returns to an earlier stage while runs are active: ended targets are
        put back into the plan only while no run is.
        """
        if campaign.stages == 1:
            return 0
        open_states = (State.LISTED.value, State.PLANNED.value, State.LEASED.value)
        with self.database.begin() as connection:
            first = connection.scalar(
                sa.select(sa.func.min(targets.c.stage))
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.state.in_(open_states))
            )
        with self._readable(campaign):
            return checked_number(first, 'stage')

    def owners(self, campaign: Campaign) -> set[str]:
        """Return the workers that have targets leased, or a partition."""
        with self.database.begin() as connection:
            found: set[str | None] = set(
                connection.scalars(
                    sa.select(targets.c.owner)
                    .where(targets.c.campaign_id == campaign.id)
                    .where(targets.c.state == State.LEASED.value)
                    .union(
                        sa.select(partitions.c.owner)
                        .where(partitions.c.campaign_id == campaign.id)
                        .where(partitions.c.owner.is_not(None))
                    )
                )
            )
            if None in found:
                # Somebody has written that by hand. It may have been sent.
                connection.execute(
                    sa.update(targets)
                    .where(targets.c.campaign_id == campaign.id)
                    .where(targets.c.state == State.LEASED.value)
                    .where(targets.c.owner.is_(None))
                    .values(owner=_NOBODY)
                )
        with self._readable(campaign):
            for owner in found:
                checked_text(owner, 'owner')
        return {_NOBODY if owner is None else owner for owner in found}

    def take_over(
        self, campaign: Campaign, owner: str, dead: str, size: int
    ) -> list[Target]:
        """Take over targets of a worker that is dead; they may have been sent.

        :param owner: the worker that takes them
        :param dead: the worker that had them
        :param size: how many at most
        """
        with self.database.begin(durable=True) as connection:
            rows = self._page(connection, campaign, State.LEASED, 0, size, dead)
            connection.execute(
                sa.update(targets)
                .where(targets.c.id.in_([row.id for row in rows]))
                .where(targets.c.owner == dead)
                .values(owner=owner)
            )
            mine = connection.execute(
                sa.select(targets)
                .where(targets.c.id.in_([row.id for row in rows]))
                .where(targets.c.owner == owner)
                .order_by(targets.c.id)
            ).all()
        return [target_of(row, campaign.action) for row in mine]

    def unlease(self, leased: Sequence[Target]) -> None:
        """Give back targets for which certainly nothing was sent."""
        if not leased:
            return
        with self.database.begin() as connection:
            connection.execute(
                sa.update(targets)
                .where(targets.c.id.in_([target.id for target in leased]))
                .where(targets.c.owner == leased[0].owner)
                .where(targets.c.state == State.LEASED.value)
                .values(
                    state=State.PLANNED.value,
                    owner=None,
                    attempts=targets.c.attempts - 1,
                )
            )

    def record(
        self,
        target: Target,
        outcome: Outcome,
        seal: Callable[[Target], str] | None = None,
    ) -> bool:
        """Write down how a target ended, and with it its last attempt.

        :param seal: returns the seal of a target that has ended
        :return: False if another worker has taken it over, which will find out
        """
        facts = target.decision.facts
        if outcome.facts:
            facts = stored({**facts, **outcome.facts})
        ended_at = self.clock()
        sealed = None
        hidden = target.decision.hidden or outcome.hidden
        is_other = bool(outcome.facts) or hidden != target.decision.hidden
        if seal is not None:
            decision = target.decision
            if is_other:
                decision = replace(decision, facts=facts, hidden=hidden)
            ended = replace(
                target,
                decision=decision,
                state=outcome.state,
                changed=outcome.changed,
                ended_at=ended_at,
                log_id=outcome.log_id,
            )
            sealed = seal(ended)
        with self.database.begin() as connection:
            if is_other:
                connection.execute(
                    sa.update(targets)
                    .where(targets.c.id == target.id)
                    .where(targets.c.owner == target.owner)
                    .values(facts=facts, hidden=hidden)
                )
            result = connection.execute(
                _OUTCOME,
                {
                    'target': target.id,
                    'by': target.owner,
                    'state': outcome.state.value,
                    'changed': outcome.changed,
                    'detail': _without_secrets(outcome.detail),
                    'ended_at': ended_at,
                    'log': outcome.log_id,
                    'error': outcome.error_class,
                    'code': outcome.reason_code,
                    'seal': sealed,
                },
            )
        return bool(result.rowcount)

    def is_leased(self, target: Target) -> bool:
        """Tell whether a target is in the hands of its owner."""
        with self.database.begin() as connection:
            owner = connection.scalar(
                sa.select(targets.c.owner)
                .where(targets.c.id == target.id)
                .where(targets.c.state == State.LEASED.value)
            )
        return owner is not None and owner == target.owner

    def keep_leased(self, target: Target, owner: str) -> Target:
        """Let another owner of the same run keep a target that must be read again.

        :return: the target as it is then; unchanged if another run has taken it over
        """
        with self.database.begin() as connection:
            result = connection.execute(
                sa.update(targets)
                .where(targets.c.id == target.id)
                .where(targets.c.owner == target.owner)
                .values(owner=owner)
            )
        return replace(target, owner=owner) if result.rowcount else target

    def fail_planned(
        self,
        campaign: Campaign,
        partition: str,
        detail: str,
        seal: Callable[[Target], str | None] | None = None,
    ) -> int:
        """Record as failed what is planned in a partition, and return how many.

        :param seal: returns the seals of one of them as failed; None to leave them
        """
        here = (
            (targets.c.campaign_id == campaign.id)
            & (targets.c.partition == partition)
            & (targets.c.state == State.PLANNED.value)
        )
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(targets).where(here)).all()
        planned = [target_of(row, campaign.action) for row in rows]
        if planned:
            statement = sa.update(targets).where(here)
            self.database.execute(
                statement.where(targets.c.id == sa.bindparam('target')).values(
                    state=State.FAILED.value,
                    changed=False,
                    detail=_without_secrets(detail),
                    reason_code=SkipReason.REFUSED.name,
                    ended_at=self.clock(),
                    seals=sa.func.coalesce(sa.bindparam('seal'), targets.c.seals),
                ),
                [{'target': t.id, 'seal': seal and seal(t)} for t in planned],
            )
        return len(planned)

    def note_attempt(
        self,
        target: Target,
        started_at: datetime,
        detail: str,
        error_class: str | None = None,
        reason_code: str | None = None,
    ) -> None:
        """Write down an attempt after which there will be another one."""
        with self.database.begin() as connection:
            connection.execute(
                sa.insert(attempts).values(
                    target_id=target.id,
                    started_at=started_at,
                    ended_at=self.clock(),
                    detail=_without_secrets(detail),
                    error_class=error_class,
                    reason_code=reason_code,
                )
            )
            connection.execute(
                sa.update(targets)
                .where(targets.c.id == target.id)
                .values(attempts=targets.c.attempts + 1)
            )


def _without_secrets(detail: str | None) -> str | None:
    """Return the detail of a target without secrets.

    A wiki may say more than a column has room for.
    """
    if detail is None:
        return None
    clean = redactor.without_secrets(detail)
    return clean if len(clean) <= _MAX_DETAIL else f'{clean[:_MAX_DETAIL]}...'


def _sealed_by(key_id: str | None) -> sa.ColumnElement[bool]:
    """Return the condition that a target has a seal of a key, if one is named."""
    if key_id is None:
        return sa.true()
    return targets.c.seals.contains(f'{key_id}:', autoescape=True)


def _in_stage(campaign: Campaign, stage: int) -> sa.ColumnElement[bool]:
    """Return the condition that a target is of a stage, if there are several."""
    return sa.true() if campaign.stages == 1 else targets.c.stage == stage
