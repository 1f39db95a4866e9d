"""What was decided and done, durable: campaigns, targets and attempts in a database.

It stores and counts; when to write what is the engine's business. SQLite by default;
any database that SQLAlchemy knows by its URL.

https://docs.sqlalchemy.org/en/20/core/
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Held,
    Outcome,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import InvalidInput

_metadata = sa.MetaData()

#: Large enough for central ids; SQLite counts rows only in plain integers.
_Number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')

_campaigns = sa.Table(
    'campaign',
    _metadata,
    sa.Column('id', _Number, primary_key=True),
    sa.Column('name', sa.String(190), nullable=False, unique=True),
    sa.Column('action', sa.String(40), nullable=False),
    sa.Column('wiki', sa.String(190), nullable=False),
    sa.Column('operator', sa.String(255), nullable=False),
    sa.Column('reason', sa.Text, nullable=False),
    sa.Column('options', sa.JSON, nullable=False),
    sa.Column('created_at', sa.DateTime, nullable=False),
    sa.Column('planned_at', sa.DateTime),
    sa.Column('confirmed_at', sa.DateTime),
    sa.Column('finished_at', sa.DateTime),
    sa.Column('holder', sa.String(64)),
    sa.Column('beats', _Number, nullable=False, default=0),
)

_targets = sa.Table(
    'target',
    _metadata,
    sa.Column('id', _Number, primary_key=True),
    sa.Column('campaign_id', _Number, sa.ForeignKey('campaign.id'), nullable=False),
    # Names are compared byte by byte, whatever the database's collation.
    sa.Column('name', sa.LargeBinary(255), nullable=False),
    sa.Column('central_id', _Number),
    sa.Column('hidden', sa.Boolean, nullable=False, default=False),
    sa.Column('state', sa.String(10), nullable=False),
    sa.Column('held', sa.String(20)),
    sa.Column('facts', sa.JSON),
    sa.Column('attempts', sa.Integer, nullable=False, default=0),
    sa.Column('changed', sa.Boolean),
    sa.Column('detail', sa.Text),
    sa.Column('started_at', sa.DateTime),
    sa.Column('ended_at', sa.DateTime),
    sa.UniqueConstraint('campaign_id', 'name'),
    sa.Index('target_by_state', 'campaign_id', 'state', 'id'),
)

#: Attempts after which there was another one; the last is in the target itself.
_attempts = sa.Table(
    'attempt',
    _metadata,
    sa.Column('id', _Number, primary_key=True),
    sa.Column('target_id', _Number, sa.ForeignKey('target.id'), nullable=False),
    sa.Column('started_at', sa.DateTime, nullable=False),
    sa.Column('ended_at', sa.DateTime, nullable=False),
    sa.Column('detail', sa.Text, nullable=False),
)

#: Rows written or read in one go.
_CHUNK = 500


class Ledger:
    """The record of all campaigns.

    .. version-added:: 0.1
    """

    def __init__(self, url: str) -> None:
        """Open the database, and make its tables if they are not there.

        A new SQLite file can be read by its owner only.

        :param url: an SQLAlchemy URL, or the path of an SQLite file
        :raises InvalidInput: it cannot be opened
        """
        try:
            parsed = sa.make_url(
                url if '://' in url else f'sqlite:///{Path(url).absolute()}'
            )
            if parsed.get_backend_name() == 'sqlite' and parsed.database:
                _touch_private(parsed.database)
            self._engine = sa.create_engine(parsed, connect_args=_arguments(parsed))
            if parsed.get_backend_name() == 'sqlite':
                sa.event.listen(self._engine, 'connect', _set_up_sqlite)
            _metadata.create_all(self._engine)
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            reason = getattr(error, 'orig', None) or error
            raise InvalidInput(
                f'The ledger {_without_password(url)} cannot be opened: {reason}'
            ) from None
        self.location = parsed.database or str(parsed)
        self._outcome = (
            sa.update(_targets)
            .where(_targets.c.id == sa.bindparam('target'))
            .values(
                state=sa.bindparam('state'),
                changed=sa.bindparam('changed'),
                detail=sa.bindparam('detail'),
                ended_at=sa.bindparam('ended_at'),
            )
        )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

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
    ) -> Campaign:
        """Begin a campaign.

        :raises InvalidInput: there is one of that name
        """
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    sa.insert(_campaigns).values(
                        name=name,
                        action=action,
                        wiki=wiki,
                        operator=operator,
                        reason=reason,
                        options=options,
                        created_at=now(),
                    )
                )
        except sa.exc.IntegrityError:
            raise InvalidInput(
                f'There is a campaign {name!r} already: give another name, or '
                f'-campaign:{name} -resume to go on with it.'
            ) from None
        campaign = self.find(name)
        assert campaign is not None
        return campaign

    def find(self, name: str) -> Campaign | None:
        """Return a campaign by its name."""
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(_campaigns).where(_campaigns.c.name == name)
            ).one_or_none()
        return None if row is None else _campaign(row)

    def unfinished(self, action: str, wiki: str) -> list[Campaign]:
        """Return the campaigns of one kind on one wiki that are not finished."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_campaigns)
                .where(_campaigns.c.action == action)
                .where(_campaigns.c.wiki == wiki)
                .where(_campaigns.c.finished_at.is_(None))
                .order_by(_campaigns.c.id)
            ).all()
        return [_campaign(row) for row in rows]

    def mark(self, campaign: Campaign, moment: str) -> Campaign:
        """Write down that a moment of a campaign has come.

        :param moment: ``planned_at``, ``confirmed_at`` or ``finished_at``
        """
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_campaigns)
                .where(_campaigns.c.id == campaign.id)
                .values({moment: now()})
            )
        found = self.find(campaign.name)
        assert found is not None
        return found

    def forget(self, campaign: Campaign) -> None:
        """Delete a campaign that never began."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.delete(_targets).where(_targets.c.campaign_id == campaign.id)
            )
            connection.execute(
                sa.delete(_campaigns).where(_campaigns.c.id == campaign.id)
            )

    def holder(self, campaign: Campaign) -> tuple[str | None, int]:
        """Return which run holds a campaign, and how often it has given a sign."""
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(_campaigns.c.holder, _campaigns.c.beats).where(
                    _campaigns.c.id == campaign.id
                )
            ).one()
        return row.holder, row.beats

    def take(self, campaign: Campaign, run: str, beats: int) -> bool:
        """Make a run the holder, if nobody has given a sign since ``beats``."""
        with self._engine.begin() as connection:
            result = connection.execute(
                sa.update(_campaigns)
                .where(_campaigns.c.id == campaign.id, _campaigns.c.beats == beats)
                .values(holder=run, beats=beats + 1)
            )
        return bool(result.rowcount)

    def beat(self, campaign: Campaign, run: str) -> None:
        """Give a sign that a run is alive."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_campaigns)
                .where(_campaigns.c.id == campaign.id, _campaigns.c.holder == run)
                .values(beats=_campaigns.c.beats + 1)
            )

    def release(self, campaign: Campaign, run: str) -> None:
        """Let go of a campaign."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_campaigns)
                .where(_campaigns.c.id == campaign.id, _campaigns.c.holder == run)
                .values(holder=None)
            )

    # Targets

    def add(self, campaign: Campaign, names: Iterable[str]) -> int:
        """List targets, each once, and return how many were new."""
        names = iter(names)
        added = 0
        while chunk := list(dict.fromkeys(islice(names, _CHUNK))):
            keys = [name.encode() for name in chunk]
            with self._engine.begin() as connection:
                known = set(
                    connection.scalars(
                        sa.select(_targets.c.name)
                        .where(_targets.c.campaign_id == campaign.id)
                        .where(_targets.c.name.in_(keys))
                    )
                )
                new = [
                    {'campaign_id': campaign.id, 'name': key, 'state': 'listed'}
                    for key in keys
                    if key not in known
                ]
                if new:
                    connection.execute(sa.insert(_targets), new)
                added += len(new)
        return added

    def decide(self, campaign: Campaign, decisions: Iterable[Decision]) -> None:
        """Write down what the plan says of targets that are listed or planned."""
        rows = [
            {
                'key': decision.name.encode(),
                'central_id': decision.central_id,
                'hidden': decision.hidden,
                'state': (State.HELD if decision.held else State.PLANNED).value,
                'held': decision.held and decision.held.name,
                'facts': dict(decision.facts),
            }
            for decision in decisions
        ]
        if not rows:
            return
        statement = (
            sa.update(_targets)
            .where(_targets.c.campaign_id == campaign.id)
            .where(_targets.c.name == sa.bindparam('key'))
            .values(
                central_id=sa.bindparam('central_id'),
                hidden=sa.bindparam('hidden'),
                state=sa.bindparam('state'),
                held=sa.bindparam('held'),
                facts=sa.bindparam('facts'),
            )
        )
        with self._engine.begin() as connection:
            connection.execute(statement, rows)

    def lease(self, campaign: Campaign, size: int) -> list[Target]:
        """Take the next targets; from now on they may have been sent.

        :param size: how many at most
        """
        moment = now()
        with (
            self._engine.connect() as connection,
            _flushed_to_disk(connection),
            connection.begin(),
        ):
            targets = self._page(connection, campaign, State.PLANNED, 0, size)
            if targets:
                connection.execute(
                    sa.update(_targets)
                    .where(_targets.c.id.in_([target.id for target in targets]))
                    .values(
                        state=State.LEASED.value,
                        attempts=_targets.c.attempts + 1,
                        started_at=moment,
                    )
                )
        return targets

    def unlease(self, targets: Sequence[Target]) -> None:
        """Give back targets for which certainly nothing was sent."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_targets)
                .where(_targets.c.id.in_([target.id for target in targets]))
                .where(_targets.c.state == State.LEASED.value)
                .values(state=State.PLANNED.value, attempts=_targets.c.attempts - 1)
            )

    def record(self, target: Target, outcome: Outcome) -> None:
        """Write down how a target ended, and with it its last attempt."""
        with self._engine.begin() as connection:
            connection.execute(
                self._outcome,
                {
                    'target': target.id,
                    'state': outcome.state.value,
                    'changed': outcome.changed,
                    'detail': outcome.detail,
                    'ended_at': now(),
                },
            )

    def note_attempt(self, target: Target, started_at: datetime, detail: str) -> None:
        """Write down an attempt after which there will be another one."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.insert(_attempts).values(
                    target_id=target.id,
                    started_at=started_at,
                    ended_at=now(),
                    detail=detail,
                )
            )
            connection.execute(
                sa.update(_targets)
                .where(_targets.c.id == target.id)
                .values(attempts=_targets.c.attempts + 1)
            )

    def targets(self, campaign: Campaign, state: State) -> Iterator[Target]:
        """Yield the targets in a state, in the order in which they were named.

        It reads page by page, so they may change state meanwhile.
        """
        last = 0
        while True:
            with self._engine.connect() as connection:
                page = self._page(connection, campaign, state, last, _CHUNK)
            yield from page
            if len(page) < _CHUNK:
                return
            last = page[-1].id

    def named(self, campaign: Campaign, names: Sequence[str]) -> dict[str, Target]:
        """Return some targets of a campaign by their names."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_targets)
                .where(_targets.c.campaign_id == campaign.id)
                .where(_targets.c.name.in_([name.encode() for name in names]))
            ).all()
        return {target.name: target for target in map(_target, rows)}

    def counts(self, campaign: Campaign) -> dict[State, int]:
        """Return how many targets are in each state."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_targets.c.state, sa.func.count())
                .where(_targets.c.campaign_id == campaign.id)
                .group_by(_targets.c.state)
            ).all()
        found = {State(state): count for state, count in rows}
        return {state: found.get(state, 0) for state in State}

    def held_counts(self, campaign: Campaign) -> dict[Held, int]:
        """Return how many targets are held back, by reason."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(_targets.c.held, sa.func.count())
                .where(_targets.c.campaign_id == campaign.id)
                .where(_targets.c.state == State.HELD.value)
                .group_by(_targets.c.held)
            ).all()
        return {Held[held]: count for held, count in rows}

    def changed_count(self, campaign: Campaign) -> int:
        """Return how many targets this campaign itself has changed."""
        with self._engine.connect() as connection:
            return (
                connection.scalar(
                    sa.select(sa.func.count())
                    .select_from(_targets)
                    .where(_targets.c.campaign_id == campaign.id)
                    .where(_targets.c.state == State.DONE.value)
                    .where(_targets.c.changed)
                )
                or 0
            )

    @staticmethod
    def _page(
        connection: sa.Connection,
        campaign: Campaign,
        state: State,
        after: int,
        size: int,
    ) -> list[Target]:
        rows = connection.execute(
            sa.select(_targets)
            .where(_targets.c.campaign_id == campaign.id)
            .where(_targets.c.state == state.value)
            .where(_targets.c.id > after)
            .order_by(_targets.c.id)
            .limit(size)
        ).all()
        return [_target(row) for row in rows]


def now() -> datetime:
    """Return the present moment in UTC, without a zone, as databases keep it."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def _campaign(row: sa.Row[Any]) -> Campaign:
    return Campaign(
        id=row.id,
        name=row.name,
        action=row.action,
        wiki=row.wiki,
        operator=row.operator,
        reason=row.reason,
        options=row.options,
        created_at=row.created_at,
        planned_at=row.planned_at,
        confirmed_at=row.confirmed_at,
        finished_at=row.finished_at,
    )


def _target(row: sa.Row[Any]) -> Target:
    return Target(
        id=row.id,
        decision=Decision(
            name=row.name.decode(),
            central_id=row.central_id,
            hidden=row.hidden,
            held=row.held and Held[row.held],
            facts=row.facts or {},
        ),
        state=State(row.state),
        attempts=row.attempts,
        changed=row.changed,
        detail=row.detail,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _touch_private(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _arguments(url: sa.URL) -> dict[str, Any]:
    return {'timeout': 30} if url.get_backend_name() == 'sqlite' else {}


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Keep readers out of the writer's way.

    With a write-ahead log a killed process loses nothing; a machine that loses power
    may lose the last outcomes, which are then read from the wiki again.
    """
    connection.execute('PRAGMA journal_mode = WAL')
    connection.execute('PRAGMA synchronous = NORMAL')


@contextmanager
def _flushed_to_disk(connection: sa.Connection) -> Iterator[None]:
    """Let a lease outlive a loss of power: without it a write would be repeated."""
    if connection.dialect.name != 'sqlite':
        yield
        return
    connection.exec_driver_sql('PRAGMA synchronous = FULL')
    connection.commit()
    try:
        yield
    finally:
        connection.exec_driver_sql('PRAGMA synchronous = NORMAL')
        connection.commit()


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return url
