"""Triggers of a database that work against a run: it ends, and writes nothing twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    State,
    Target,
)
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.exceptions import LedgerFailure, StoppedByGuard

KEY = Key(b'1' * 32)


@dataclass
class Applying(Action):
    """Remembers what it was applied to, and finds that by reading."""

    partition: str | None = None
    applied: list[str] = field(default_factory=list)

    def describe(self) -> str:
        return 'do'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from (Decision(name, 7, partition=self.partition) for name in names)

    def apply(self, target: Target) -> Outcome:
        self.applied.append(target.name)
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            done = target.name in self.applied
            yield target, Outcome(State.DONE, changed=True) if done else None


def add_trigger(
    ledger: Ledger, table: str, when: str, values: Mapping[str, str]
) -> None:
    """Let the database set some columns of each row of a table that is changed."""
    name = f'at_once_{table}_{"_".join(values)}'
    dialect = ledger.database.engine.dialect.name
    sets = ' '.join(f'NEW.{column} = {value};' for column, value in values.items())
    if dialect == 'sqlite':
        sets = ', '.join(f'{column} = {value}' for column, value in values.items())
        where = 'id=new.id' if table == 'target' else 'name=new.name'
        statements = [
            f'CREATE TRIGGER {name} AFTER UPDATE ON {table} WHEN {when} BEGIN'
            f' UPDATE {table} SET {sets} WHERE {where}; END'
        ]
    elif dialect == 'postgresql':
        statements = [
            f'CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS'
            f' $$ BEGIN IF {when} THEN {sets} END IF; RETURN NEW; END $$',
            f'CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW'
            f' EXECUTE FUNCTION {name}()',
        ]
    else:
        sets = sets.replace('NEW.', 'SET NEW.')
        statements = [
            f'CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW'
            f' BEGIN IF {when} THEN {sets} END IF; END'
        ]
    with ledger.database.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def run(ledger: Ledger, campaign: Campaign, action: Applying) -> Finish:
    sealer = Sealer(KEY, ledger, campaign, 'o@w')
    with at_work(ledger, campaign, account='o@w') as begun:
        return Engine(ledger, campaign, action, begun, sealer=sealer).run()


ENDED = "old.state='leased' AND new.state='done'"
AS_PLANNED = {'state': "'planned'", 'seals': 'old.seals'}
AS_LEASED = {'state': "'leased'", 'owner': 'old.owner'}
AS_DEAD = {'state': "'leased'", 'owner': "'gone/0'"}
LEASED = "old.state='planned' AND new.state='leased'"


@pytest.mark.parametrize(
    ('triggers', 'times'),
    [
        ([('target', ENDED, AS_PLANNED)], 1),
        ([('target', ENDED, AS_LEASED)], 1),
        ([('target', ENDED, AS_DEAD)], 1),
        # It comes back whenever it was taken out of the plan.
        (
            [
                ('target', LEASED, {'central_id': 'old.central_id+1'}),
                ('target', 'new.seals IS NULL', {'seals': 'old.seals'}),
            ],
            0,
        ),
        ([('target', "new.state='leased'", {'owner': "'gone/0'"})], 0),
        ([('lane', 'new.owner IS NULL', {'owner': 'old.owner'})], 1),
    ],
    ids=[
        *('planned again', 'leased again', 'left by the dead', 'seals are restored'),
        *('owned by the dead', 'a partition is not left'),
    ],
)
def test_what_a_trigger_puts_back_keeps_no_run_busy_and_is_written_once(
    ledger: Ledger, triggers: list[tuple[str, str, dict[str, str]]], times: int
) -> None:
    is_lane = triggers[0][0] == 'lane'
    action = Applying('aawiki' if is_lane else None)
    campaign = ledger.create(
        'wave', action='a', wiki='w', operator='o', reason='r', options={}
    )
    sealer = Sealer(KEY, ledger, campaign, 'o@w')
    sealer.begin()
    ledger.add(campaign, 'ABC', sealer.listed)
    campaign = make_plan(ledger, campaign, action, sealer=sealer)
    sealer.confirm()
    for trigger in triggers:
        add_trigger(ledger, *trigger)
    for _ in range(2):
        try:
            error = run(ledger, campaign, action).error
        except LedgerFailure as failure:
            error = failure
        assert isinstance(error, StoppedByGuard | LedgerFailure)
        assert 'somebody' in str(error)
        assert action.applied == [*'ABC'] * times


def test_an_outcome_that_a_ledger_does_not_take_stops_the_run(ledger: Ledger) -> None:
    """It stays leased, so that the next run reads it, and nothing else is sent."""
    action = Applying()
    campaign = ledger.create(
        'wave', action='a', wiki='w', operator='o', reason='r', options={}
    )
    sealer = Sealer(KEY, ledger, campaign, 'o@w')
    sealer.begin()
    ledger.add(campaign, 'ABC', sealer.listed)
    campaign = make_plan(ledger, campaign, action, sealer=sealer)
    sealer.confirm()
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(
            'CREATE TRIGGER ignored BEFORE UPDATE OF detail ON target'
            ' BEGIN SELECT RAISE(IGNORE); END'
        )
    finish = run(ledger, campaign, action)
    assert isinstance(finish.error, LedgerFailure)
    assert 'does not keep what is written' in str(finish.error)
    assert action.applied == ['A']
    with ledger.database.begin() as connection:
        connection.execute(sa.text('DROP TRIGGER ignored'))
    assert run(ledger, campaign, action).error is None
    assert action.applied == [*'ABC']
    assert all(target.changed for target in ledger.targets(campaign))


def refuse(ledger: Ledger, table: str, when: str) -> None:
    """Let the database refuse each change of a row for which something holds."""
    dialect = ledger.database.engine.dialect.name
    head = f'CREATE TRIGGER refused BEFORE UPDATE ON {table}'
    statements = {
        'sqlite': [f"{head} WHEN {when} BEGIN SELECT RAISE(ABORT, 'no way'); END"],
        'postgresql': [
            'CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN'
            f" IF {when} THEN RAISE EXCEPTION 'no way'; END IF; RETURN NEW; END $$",
            f'{head} FOR EACH ROW EXECUTE FUNCTION refuse()',
        ],
    }.get(
        dialect,
        [
            f'{head} FOR EACH ROW BEGIN IF {when} THEN SIGNAL SQLSTATE'
            " '45000' SET MESSAGE_TEXT = 'no way'; END IF; END"
        ],
    )
    with ledger.database.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ('table', 'when', 'applied', 'what_follows'),
    [
        ('target', "new.state='leased'", 0, 'Nothing was sent.'),
        ('target', "new.state='done'", 1, 'is read from the wiki by -resume.'),
        ('lane', 'new.owner IS NULL', 3, 'is read from the wiki by -resume.'),
    ],
)
def test_what_a_trigger_refuses_ends_a_run_in_one_sentence(
    ledger: Ledger, table: str, when: str, applied: int, what_follows: str
) -> None:
    """Not with the traceback of an internal error, whatever the database calls it."""
    action = Applying('aawiki' if table == 'lane' else None)
    campaign = ledger.create(
        'wave', action='a', wiki='w', operator='o', reason='r', options={}
    )
    ledger.add(campaign, 'ABC')
    campaign = make_plan(ledger, campaign, action)
    refuse(ledger, table, when)
    with at_work(ledger, campaign, account='o@w') as begun:
        error = Engine(ledger, campaign, action, begun).run().error
    assert isinstance(error, LedgerFailure)
    said = str(error)
    assert 'no way' in said and 'rules or triggers' in said and '\n' not in said
    assert said.endswith(what_follows)
    assert exit_code_of(error) == 75
    assert len(action.applied) == applied


@pytest.mark.parametrize('then', ['DELETE FROM campaign', "SELECT RAISE(ABORT, 'no')"])
def test_a_campaign_that_a_ledger_does_not_take_is_one_sentence(
    ledger: Ledger, then: str
) -> None:
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(
            f'CREATE TRIGGER refused AFTER INSERT ON campaign BEGIN {then}; END'
        )
    with pytest.raises(LedgerFailure, match='does not keep'):
        ledger.create(
            'wave', action='a', wiki='w', operator='o', reason='r', options={}
        )
