"""One pace for all writes of an account, whatever the number of its workers.

The next free moment is kept in the ledger, so that it holds for all processes and
hosts that share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from mw_tokens_plugin.campaign.database import Database
from mw_tokens_plugin.campaign.schema import budgets


class Budget:
    """Hands out moments at which an account may write.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        database: Database,
        account: str,
        interval: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Share the pace of an account.

        :param account: whose writes these are
        :param interval: returns the seconds between two writes; 0 sets no pace
        :param clock: seconds since the epoch, where the database has no clock
        """
        self._database = database
        self._account = account
        self._interval = interval
        self._clock = clock
        self._begun = False

    def reserve(self) -> float:
        """Take the next free moment, and return how many seconds away it is."""
        interval = self._interval()
        if interval <= 0:
            return 0.0
        self._begin()
        mine = budgets.c.account == self._account
        with self._database.begin() as connection:
            if connection.dialect.name == 'sqlite':
                # A write first: SQLite has no locks on rows, only the writer's.
                connection.execute(
                    sa.update(budgets).where(mine).values(next_at=budgets.c.next_at)
                )
            next_at = connection.scalar(
                sa.select(budgets.c.next_at).where(mine).with_for_update()
            )
            # Asked only now: waiting for the others' locks takes time.
            now = self._now(connection)
            if not isinstance(next_at, int | float):
                next_at = 0.0  # somebody has written there
            # A clock that was set back must not stop the work for hours.
            moment = min(max(now, next_at), now + _QUEUE * interval)
            connection.execute(
                sa.update(budgets).where(mine).values(next_at=moment + interval)
            )
        return float(moment - now)

    def _begin(self) -> None:
        """Make the account's row, unless it or another worker has made it."""
        if self._begun:
            return
        known = sa.select(budgets.c.account).where(budgets.c.account == self._account)
        with self._database.begin() as connection:
            is_there = connection.scalar(known) is not None
        if not is_there:
            self._database.inserted(
                sa.insert(budgets).values(account=self._account, next_at=0.0)
            )
        self._begun = True

    def _now(self, connection: sa.Connection) -> float:
        """Return the time by the database's clock, which all workers share."""
        query = _CLOCKS.get(connection.dialect.name)
        if query is None:
            return self._clock()
        return float(connection.scalar(sa.text(query)))


#: Moments that can be taken in advance at most: one for each worker that waits.
_QUEUE = 64

_CLOCKS = {
    'mysql': 'SELECT UNIX_TIMESTAMP(NOW(6))',
    'mariadb': 'SELECT UNIX_TIMESTAMP(NOW(6))',
    'postgresql': 'SELECT extract(epoch FROM clock_timestamp())',
}
