"""What was decided and done: campaigns and their targets, as the database has them.

It stores and counts; when to write what is the engine's business.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.database import Database, Row
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Step,
    Target,
)
from mw_tokens_plugin.campaign.schema import (
    attempts,
    campaigns,
    partitions,
    plans,
    runs,
    targets,
)
from mw_tokens_plugin.campaign.storedrows import check_columns, check_facts
from mw_tokens_plugin.exceptions import InvalidInput, LedgerFailure
from mw_tokens_plugin.messages import quantity
from mw_tokens_plugin.site.batches import batches
from mw_tokens_plugin.site.redaction import redactor

#: Rows written or read in one go.
_CHUNK = 500

#: The mark of a worker that there is not.
_NOBODY = 'nobody/0'

#: How often rows are added that other runs are just adding.
_TRIES = 10


class Ledger:
    """The record of all campaigns.

    .. version-added:: 0.1

    :raises LedgerFailure: the database failed
    """

    def __init__(self, url: str, *, create: bool = True, upgrade: bool = False) -> None:
        """Open the database.

        :param url: an SQLAlchemy URL, or the path of an SQLite file
        :param create: whether an SQLite file may be a new one
        :param upgrade: whether tables of an older version on a server are upgraded
        :raises InvalidInput: it cannot be opened
        """
        self.database = Database(url, create=create, upgrade=upgrade)
        self.location = self.database.location
        #: What tells when an attempt begins and ends; to be compared with a wiki's
        #: logs, it has to be the wiki's clock.
        self.clock: Callable[[], datetime] = now
        self._closing: list[Callable[[], object]] = []
        self._outcome = (
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

    def close(self) -> None:
        """Close the database, after all that was to be done before."""
        while self._closing:
            self._closing.pop()()
        self.database.close()

    def before_closing(self, end: Callable[[], object]) -> None:
        """Have something ended before the database is closed."""
        self._closing.append(end)

    # Campaigns

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
        """
        row = sa.insert(campaigns).values(
            name=name,
            action=action,
            wiki=wiki,
            operator=operator,
            reason=reason,
            options=options,
            created_at=now(),
            api=api,
            wikiid=wikiid,
            script=script,
            version=metadata.version('mw_tokens_plugin'),
            stages=stages,
        )
        # Another process may begin one of that name at the same moment.
        there = self.find(name)
        if there is None and not self.database.inserted(row):
            there = self._found(name)
        if there is not None:
            raise self._taken(there, action, operator)
        return self._found(name)

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
            f'{about}, or -resume to resume it{"" if there.confirmed_at else again}.'
        )

    def find(self, name: str) -> Campaign | None:
        """Return a campaign by its name.

        :raises InvalidInput: this version cannot read it
        """
        with self.database.begin() as connection, _readable(f'The campaign {name!r}'):
            row = connection.execute(
                sa.select(campaigns).where(campaigns.c.name == name)
            ).one_or_none()
            return None if row is None else _campaign(row)

    def campaigns(
        self, unreadable: Callable[[InvalidInput], object] | None = None
    ) -> list[Campaign]:
        """Return all campaigns, the oldest first.

        :param unreadable: told of each that this version cannot read, and of which then
            nothing is returned
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
        return self._found(campaign.name)

    def mark(self, campaign: Campaign, moment: str) -> Campaign:
        """Write down that a moment of a campaign has come.

        :param moment: ``listed_at``, ``planned_at``, ``confirmed_at`` or
            ``finished_at``
        """
        return self._set_moment(campaign, moment, now())

    def keep(self, campaign: Campaign, name: str, value: Any) -> Campaign:
        """Keep something more among the options of a campaign."""
        options = {**campaign.options, name: value}
        with self.database.begin() as connection:
            connection.execute(
                sa.update(campaigns)
                .where(campaigns.c.id == campaign.id)
                .values(options=options)
            )
        return self._found(campaign.name)

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

    # Targets

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
        for chunk in batches(steps, _CHUNK):
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
        """Add the seals of somebody else to targets that are still as they were.

        :param seals: what was decided, which differs in nothing that is sealed, and
            its seal
        """
        rows = [
            {
                'key': decision.name.encode(),
                'of': decision.kind,
                'seal': f'{seal} ',
                'facts': dict(decision.facts),
            }
            for decision, seal in sorted(
                seals, key=lambda sealed: sealed[0].name.encode()
            )
        ]
        if not rows:
            return
        old = sa.func.coalesce(targets.c.seals, sa.literal(''))
        self.database.execute(
            sa.update(targets)
            .where(targets.c.campaign_id == campaign.id)
            .where(targets.c.name == sa.bindparam('key'))
            .where(targets.c.kind == sa.bindparam('of'))
            .where(
                (targets.c.state == State.PLANNED.value)
                | (targets.c.state == State.LEASED.value)
            )
            .values(
                seals=sa.bindparam('seal', type_=sa.Text) + old,
                facts=sa.bindparam('facts'),
            ),
            rows,
        )

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

    def take_partition(
        self,
        campaign: Campaign,
        owner: str,
        besides: Collection[str] = (),
        key_id: str | None = None,
        stage: int = 0,
    ) -> str | None:
        """Take a partition in which something is to be done, if there is a free one.

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
                # A partition that another worker is just taking is passed over.
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
        """
        with self.database.begin() as connection:
            connection.execute(
                sa.update(partitions)
                .where(partitions.c.campaign_id == campaign.id)
                .where(partitions.c.owner == owner)
                .values(owner=None, error=_without_secrets(error))
            )

    def partition_errors(self, campaign: Campaign) -> dict[str, str]:
        """Return why partitions that did not work the last time did not."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(partitions.c.name, partitions.c.error)
                .where(partitions.c.campaign_id == campaign.id)
                .where(partitions.c.error.is_not(None))
                .order_by(partitions.c.name)
            ).all()
        return {row.name: row.error for row in rows}

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
                # Rows that another worker is just taking are passed over.
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
        return [_target(row, campaign.action) for row in rows]

    def stage(self, campaign: Campaign) -> int:
        """Return the first stage with targets that have not ended; 0 if there is none.

        Once it is past a stage it never returns to that one while runs are at work:
        what has ended is put back into the plan only where nobody is.
        """
        if campaign.stages == 1:
            return 0
        open_states = (State.LISTED.value, State.PLANNED.value, State.LEASED.value)
        with self.database.begin() as connection:
            return (
                connection.scalar(
                    sa.select(sa.func.min(targets.c.stage))
                    .where(targets.c.campaign_id == campaign.id)
                    .where(targets.c.state.in_(open_states))
                )
                or 0
            )

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
        with _readable(f'The campaign {campaign.name!r}'):
            if not all(isinstance(owner, str | None) for owner in found):
                raise ValueError('an owner is no text')
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
        return [_target(row, campaign.action) for row in mine]

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
        if seal is not None and (is_other or outcome.state is State.DONE):
            ended = replace(
                target,
                decision=replace(target.decision, facts=facts, hidden=hidden),
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
                self._outcome,
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

    def keep_leased(self, target: Target, owner: str) -> Target:
        """Let another owner of the same run keep a target that is to be read again.

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

    def fail_planned(self, campaign: Campaign, partition: str, detail: str) -> int:
        """Record as failed what is planned in a partition, and return how many."""
        with self.database.begin() as connection:
            result = connection.execute(
                sa.update(targets)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.partition == partition)
                .where(targets.c.state == State.PLANNED.value)
                .values(
                    state=State.FAILED.value,
                    changed=False,
                    detail=_without_secrets(detail),
                    reason_code=SkipReason.REFUSED.name,
                    ended_at=self.clock(),
                )
            )
        return result.rowcount

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

    def retryable(self, campaign: Campaign) -> int:
        """Return how many targets :meth:`plan_again` would list anew."""
        skipped = self.skip_counts(campaign)
        passing = sum(count for reason, count in skipped.items() if reason.is_transient)
        return self.counts(campaign)[State.FAILED] + passing

    def plan_again(self, campaign: Campaign) -> int:
        """List what has failed, or could not be read, anew, and return how many."""
        with self.database.begin() as connection:
            result = connection.execute(
                sa.update(targets)
                .where(targets.c.campaign_id == campaign.id)
                .where(
                    (targets.c.state == State.FAILED.value)
                    | (targets.c.state == State.SKIPPED.value)
                    & targets.c.skipped.in_(
                        [skipped.name for skipped in SkipReason if skipped.is_transient]
                    )
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

    def targets(
        self, campaign: Campaign, state: State | None = None
    ) -> Iterator[Target]:
        """Yield the targets in the order in which they were named.

        It reads page by page, so they may change state meanwhile.

        :param state: only those in this state
        """
        last = 0
        while True:
            with self.database.begin() as connection:
                page = self._page(connection, campaign, state, last, _CHUNK)
            yield from (_target(row, campaign.action) for row in page)
            if len(page) < _CHUNK:
                return
            last = page[-1].id

    def named(
        self, campaign: Campaign, names: Sequence[str], kind: str = ''
    ) -> dict[str, Target]:
        """Return some targets of a campaign by their names.

        :param kind: that of the targets, in a campaign that does several things
        """
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(targets)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.name.in_([name.encode() for name in names]))
                .where(targets.c.kind == kind)
            ).all()
        found = [_target(row, campaign.action) for row in rows]
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
            # A lock is no double of an unlock.
            names = {
                row.id: row.name
                for row in connection.execute(others)
                if isinstance(row.options, Mapping)
                and row.options.get('locked') == campaign.options.get('locked')
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
            yield names[row.campaign_id], _target(row, campaign.action)

    def counts(self, campaign: Campaign) -> dict[State, int]:
        """Return how many targets are in each state."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(targets.c.state, sa.func.count())
                .where(targets.c.campaign_id == campaign.id)
                .group_by(targets.c.state)
            ).all()
        with _readable(f'The campaign {campaign.name!r}'):
            found = {_state(state): count for state, count in rows}
        return {state: found.get(state, 0) for state in State}

    def skip_counts(self, campaign: Campaign) -> dict[SkipReason, int]:
        """Return how many targets are skipped, by reason."""
        with self.database.begin() as connection:
            rows = connection.execute(
                sa.select(targets.c.skipped, sa.func.count())
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.state == State.SKIPPED.value)
                .group_by(targets.c.skipped)
            ).all()
        with _readable(f'The campaign {campaign.name!r}'):
            return {_skip_reason(skipped): count for skipped, count in rows}

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

    def hidden(self, campaign: Campaign | None = None) -> Iterator[Target]:
        """Yield the targets whose names must not be shown, in no order.

        :param campaign: only those of this one
        """
        query = sa.select(targets).where(targets.c.hidden)
        if campaign is not None:
            query = query.where(targets.c.campaign_id == campaign.id)
        with self.database.begin() as connection:
            rows = connection.execution_options(yield_per=_CHUNK).execute(query)
            yield from (_target(row) for row in rows)

    def ends(self, campaign: Campaign, state: State) -> Iterator[datetime]:
        """Yield when the targets in a state ended, in no order."""
        with self.database.begin() as connection:
            yield from connection.execution_options(yield_per=_CHUNK).scalars(
                sa.select(targets.c.ended_at)
                .where(targets.c.campaign_id == campaign.id)
                .where(targets.c.state == state.value)
                .where(targets.c.ended_at.is_not(None))
            )

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
                    .limit(_CHUNK)
                ).all()
            yield from ((row.ended_at, row.error_class or '') for row in page)
            if len(page) < _CHUNK:
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
        return Counter({name or '': count for name, count in rows})

    def span(self, campaign: Campaign) -> tuple[datetime | None, datetime | None]:
        """Return when the first target was begun, and when the last one ended."""
        with self.database.begin() as connection:
            row = connection.execute(
                sa.select(
                    sa.func.min(targets.c.started_at), sa.func.max(targets.c.ended_at)
                ).where(targets.c.campaign_id == campaign.id)
            ).one()
        return row[0], row[1]

    def _found(self, name: str) -> Campaign:
        campaign = self.find(name)
        assert campaign is not None
        return campaign

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

    def _set_moment(
        self, campaign: Campaign, moment: str, value: datetime | None
    ) -> Campaign:
        with self.database.begin() as connection:
            connection.execute(
                sa.update(campaigns)
                .where(campaigns.c.id == campaign.id)
                .values({moment: value})
            )
        return self._found(campaign.name)

    @staticmethod
    def _page(
        connection: sa.Connection,
        campaign: Campaign,
        state: State | None,
        after: int,
        size: int,
        owner: str | None = None,
    ) -> Sequence[Row]:
        query = (
            sa.select(targets)
            .where(targets.c.campaign_id == campaign.id)
            .where(targets.c.id > after)
            .order_by(targets.c.id)
            .limit(size)
        )
        if state is not None:
            query = query.where(targets.c.state == state.value)
        if owner is not None:
            query = query.where(targets.c.owner == owner)
        return connection.execute(query).all()


def _without_secrets(detail: str | None) -> str | None:
    """Return what was said of a target, whoever said it, without secrets."""
    return None if detail is None else redactor.without_secrets(detail)


def stored(facts: Mapping[str, Any]) -> Any:
    """Return facts as they come back from a database."""
    return json.loads(json.dumps(dict(facts))) if facts else {}


def now() -> datetime:
    """Return the present moment in UTC, without a zone, as databases keep it."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Say in a sentence what cannot be read, which others may have written.

    :raises InvalidInput: a value is none that this version knows
    """
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        if isinstance(error, InvalidInput):
            raise
        words = str(error).partition('\n')[0]
        raise InvalidInput(
            f'{what} in the ledger cannot be read ({words}): another version of this '
            'program wrote it, or somebody by hand. Nothing was done with it.'
        ) from None


def _sealed_by(key_id: str | None) -> sa.ColumnElement[bool]:
    """Return the condition that a target has a seal of a key, if one is named."""
    if key_id is None:
        return sa.true()
    return targets.c.seals.contains(f'{key_id}:', autoescape=True)


def _in_stage(campaign: Campaign, stage: int) -> sa.ColumnElement[bool]:
    """Return the condition that a target is of a stage, if there are several."""
    return sa.true() if campaign.stages == 1 else targets.c.stage == stage


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise ValueError(f'the state {name!r} of a target is unknown') from None


def _skip_reason(name: str | None) -> SkipReason:
    try:
        return SkipReason[name or '']
    except KeyError:
        raise ValueError(f'{name!r} is no known reason to skip a target') from None


#: Columns of a campaign.
_TEXTS = ('name', 'action', 'wiki', 'operator', 'reason')
_MOMENTS = ('created_at', 'listed_at', 'planned_at', 'confirmed_at', 'finished_at')


#: Columns of a target.
_OPTIONAL = (
    *('partition', 'owner', 'account', 'detail', 'seals'),
    *('error_class', 'reason_code'),
)
_TARGET_MOMENTS = ('started_at', 'ended_at')
_NUMBERS = ('central_id', 'attempts', 'stage', 'log_id')


def _campaign(row: Row) -> Campaign:
    if not isinstance(row.options, Mapping):
        raise ValueError('its options are no options')
    optional = ('api', 'wikiid', 'script', 'version')
    check_columns(row, _TEXTS, optional, _MOMENTS, ('stages',))
    return Campaign(
        id=row.id,
        name=row.name,
        action=row.action,
        wiki=row.wiki,
        operator=row.operator,
        reason=row.reason,
        options=row.options,
        created_at=row.created_at,
        listed_at=row.listed_at,
        planned_at=row.planned_at,
        confirmed_at=row.confirmed_at,
        finished_at=row.finished_at,
        api=row.api,
        wikiid=row.wikiid,
        script=row.script,
        version=row.version,
        stages=row.stages,
    )


def _target(row: Row, kind: str = '') -> Target:
    with _readable('A target'):
        check_columns(row, ('state', 'kind'), _OPTIONAL, _TARGET_MOMENTS, _NUMBERS)
        facts = row.facts or {}
        check_facts(facts, row.kind or kind)
        return Target(
            id=row.id,
            decision=Decision(
                name=row.name.decode(),
                central_id=row.central_id,
                hidden=row.hidden,
                skipped=_skip_reason(row.skipped) if row.skipped else None,
                facts=facts,
                partition=row.partition,
                kind=row.kind,
                stage=row.stage,
            ),
            state=_state(row.state),
            owner=row.owner,
            account=row.account,
            attempts=row.attempts,
            changed=row.changed,
            detail=row.detail,
            started_at=row.started_at,
            ended_at=row.ended_at,
            seals=row.seals,
            log_id=row.log_id,
            error_class=row.error_class,
            reason_code=row.reason_code,
        )
