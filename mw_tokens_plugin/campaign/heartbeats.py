"""Which runs send heartbeats to the ledger, on whichever host they are.

A run counts up a number while it is active. Whether that number grows is watched for
some seconds, as process ids and clocks say nothing across hosts. What follows from a
dead run is left to :mod:`.workers`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import sqlalchemy as sa

from mw_tokens_plugin.campaign.schema import runs

#: Seconds between two heartbeats.
BEAT = 1.0
#: Seconds without a heartbeat after which a run counts as dead.
PATIENCE = 5.0
#: Seconds without a heartbeat after which a run stops sending writes, since others may
#: soon take it for dead.
MAX_SILENCE = PATIENCE * 0.6

#: Begins a transaction.
Begin = Callable[[], AbstractContextManager[sa.Connection]]


def clock_since_boot() -> float:
    """Return seconds that count on while the machine is suspended, if the system can.

    Others take its runs for dead in the meantime.
    """
    if sys.platform == 'linux':
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def beats(begin: Begin, which: sa.ColumnElement[bool]) -> dict[str, int]:
    """Return how many heartbeats runs have sent, by their ids."""
    query = sa.select(runs.c.id, runs.c.beats).where(which)
    with begin() as connection:
        return {row.id: row.beats for row in connection.execute(query)}


def alive(
    begin: Begin,
    which: sa.ColumnElement[bool],
    sleep: Callable[[float], None] | None = None,
) -> set[str]:
    """Return the runs that send a heartbeat while they are watched.

    It takes :data:`PATIENCE` seconds if there are any; the dead ones are deleted. One
    that sends a heartbeat at the last moment is not: it would not know that it is gone
    before it sends the next.
    """
    before = beats(begin, which)
    if not before:
        return set()
    (sleep or time.sleep)(PATIENCE)
    with begin() as connection:
        connection.execute(
            sa.delete(runs)
            .where(runs.c.id == sa.bindparam('run'))
            .where(runs.c.beats == sa.bindparam('number')),
            [{'run': run, 'number': number} for run, number in before.items()],
        )
    return set(beats(begin, which))
