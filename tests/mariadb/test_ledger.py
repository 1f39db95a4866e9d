"""The ledger on MariaDB: all that holds on SQLite, and what only a server can do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from unit import test_ledger
from unit.test_ledger import *  # noqa: F403

from mw_tokens_plugin.campaign.budget import Budget
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Outcome, State, now
from mw_tokens_plugin.exceptions import LedgerFailure

from .server import MariaDB


def test_what_another_worker_is_just_taking_is_passed_over(
    ledger: Ledger, url: str
) -> None:
    """SKIP LOCKED: a worker that hangs in the middle of a lease stops nobody."""
    campaign = test_ledger.begin(ledger, *'ABCD')
    test_ledger.plan_all(ledger, campaign)
    taking = Ledger(url)
    with taking.database.begin() as connection:
        connection.exec_driver_sql('SELECT name FROM target WHERE id=1 FOR UPDATE')
        leased = ledger.lease(campaign, 'one/0', 3)
    assert [target.name for target in leased] == ['B', 'C', 'D']
    assert [target.name for target in ledger.lease(campaign, 'two/0', 3)] == ['A']
    taking.close()


def test_many_connections_do_all_at_once_and_none_fails(
    ledger: Ledger, url: str
) -> None:
    """Leasing, giving back, noting and recording deadlock nobody."""
    names = [f'N{number}' for number in range(400)]
    campaign = test_ledger.begin(ledger, *names)
    test_ledger.plan_all(ledger, campaign)
    start = threading.Barrier(8)

    def work(worker: int) -> list[str]:
        own = Ledger(url)
        done = []
        start.wait()
        while leased := own.lease(campaign, f'run{worker}/0', 9):
            own.unlease(leased[7:])
            for target in leased[:7]:
                own.note_attempt(target, now(), 'once more')
                assert own.record(target, Outcome(State.DONE, changed=True))
                done.append(target.name)
            own.counts(campaign)
        own.close()
        return done

    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(work, range(8)))
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert ledger.changed_count(campaign) == len(names)


# In the place of the one that passes a clock in.
def test_writes_of_an_account_keep_one_pace(  # type: ignore[no-redef]
    ledger: Ledger, url: str
) -> None:
    """By the database's own clock, and from the first moment on."""
    start = threading.Barrier(6)

    def reserve(worker: int) -> float:
        own = Ledger(url)
        budget = Budget(own.database, 'x', lambda: 100.0, clock=pytest.fail)
        start.wait()
        wait = budget.reserve()
        own.close()
        return wait

    with ThreadPoolExecutor(6) as pool:
        waits = sorted(pool.map(reserve, range(6)))
    # The database's clock goes on between two of them.
    assert [round(wait / 100 + 0.4) for wait in waits] == [0, 1, 2, 3, 4, 5]


def test_a_lost_connection_is_one_sentence_and_then_a_new_one(
    ledger: Ledger, mariadb: MariaDB
) -> None:
    campaign = test_ledger.begin(ledger, 'A')
    with (
        pytest.raises(LedgerFailure, match='Nothing was sent'),
        ledger.database.begin() as connection,
    ):
        number = connection.exec_driver_sql('SELECT CONNECTION_ID()').scalar_one()
        mariadb.execute(f'KILL {number}')
        connection.exec_driver_sql('SELECT 1')
    assert ledger.counts(campaign)[State.LISTED] == 1
