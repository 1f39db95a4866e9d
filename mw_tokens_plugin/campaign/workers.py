"""Which runs are active on a campaign, on whichever host, and which ones are dead.

That is judged by the heartbeats in the ledger alone (:mod:`.heartbeats`). The targets
that a dead run had leased are left to the engine.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from mw_tokens_plugin.campaign.database import Database
from mw_tokens_plugin.campaign.heartbeats import (
    BEAT,
    MAX_SILENCE,
    PATIENCE,
    alive,
    beats,
    clock_since_boot,
)
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.campaign.schema import runs
from mw_tokens_plugin.exceptions import CampaignBusy, LedgerFailure, StoppedByGuard

#: Seconds without the ledger after which a run ends.
GIVE_UP_AFTER = 30.0


class ActiveRun:
    """One process that is active on a campaign.

    .. version-added:: 0.1

    :ivar id: what its leases are marked with
    :ivar account: whose writes it makes, as ``user@wiki``
    :ivar joined: whether others may be active on the campaign too
    :ivar after_beat: called after each heartbeat that the ledger has kept
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: Campaign,
        account: str,
        joined: bool,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = clock_since_boot,
    ) -> None:
        """Belong to a campaign; :func:`at_work` begins and ends it."""
        self.id = uuid.uuid4().hex
        self.account = account
        self.joined = joined
        self.after_beat: Callable[[], object] = lambda: None
        self._ledger = ledger
        self._campaign = campaign
        self._sleep = sleep
        self._evicted = False
        self._failure: LedgerFailure | None = None
        self._clock = clock
        self._last_beat = clock()
        self._done = threading.Event()

    def owner(self, worker: int) -> str:
        """Return the mark of one of its workers."""
        return f'{self.id}/{worker}'

    @property
    def recovery_owner(self) -> str:
        """The mark of leases that it has taken over from dead runs, and reads first."""
        return f'{self.id}/heir'

    def is_alive(self) -> bool:
        """Tell whether other runs still count it as alive.

        :raises CampaignBusy: another run took it for dead, and has its targets now
        :raises LedgerFailure: no heartbeat could be written for long
        """
        silence = self._clock() - self._last_beat
        if self._evicted:
            raise CampaignBusy(
                f'This run was silent for more than {PATIENCE:.0f} s, and another one '
                f'has taken over its part of {self._campaign.name!r}.'
            )
        if self._failure is not None and silence > GIVE_UP_AFTER:
            raise self._failure
        return silence < MAX_SILENCE

    def other_owners(self) -> tuple[set[str], set[str]]:
        """Return the workers of other runs that hold leases: the dead and the living.

        It watches their heartbeats for :data:`PATIENCE` seconds, if there are any.
        """
        owners = {
            owner
            for owner in self._ledger.owners(self._campaign)
            if not owner.startswith(self.id)
        }
        if not owners:
            return set(), set()
        others = (runs.c.campaign_id == self._campaign.id) & (runs.c.id != self.id)
        found = alive(self._ledger.database.begin, others, self._sleep)
        living = {owner for owner in owners if owner.partition('/')[0] in found}
        return owners - living, living

    def beat(self) -> None:
        """Send heartbeats until it ends."""
        while not self._done.wait(BEAT):
            with suppress(LedgerFailure):
                self.sign()

    def sign(self) -> None:
        """Send one heartbeat.

        :raises LedgerFailure: it could not be written
        """
        # Others count from its arrival, and the answer may come much later.
        moment = self._clock()
        try:
            with self._ledger.database.begin() as connection:
                signed = connection.execute(
                    sa.update(runs)
                    .where(runs.c.id == self.id)
                    .values(beats=runs.c.beats + 1)
                )
        except LedgerFailure as error:
            self._failure = error
            raise
        self._failure = None
        self._evicted = not signed.rowcount
        self._last_beat = moment
        if signed.rowcount:
            self.after_beat()

    def is_of(self, campaign: Campaign) -> bool:
        """Tell whether it is active on a campaign."""
        return campaign.id == self._campaign.id

    def begin(self, workers: int) -> None:
        """Send heartbeats from now on.

        :param workers: how many workers it has
        """
        with self._ledger.database.begin() as connection:
            connection.execute(
                sa.insert(runs).values(
                    id=self.id,
                    campaign_id=self._campaign.id,
                    account=self.account,
                    workers=workers,
                    beats=0,
                )
            )
        self._thread = threading.Thread(target=self.beat, daemon=True)
        self._thread.start()

    def set_workers(self, workers: int) -> None:
        """Have more workers, or fewer.

        :raises LedgerFailure: the ledger failed
        """
        with self._ledger.database.begin() as connection:
            connection.execute(
                sa.update(runs).where(runs.c.id == self.id).values(workers=workers)
            )

    def end(self) -> None:
        """Send no more heartbeats."""
        if self._done.is_set():
            return
        self._done.set()
        self._thread.join()
        # A run that cannot be deleted sends no heartbeats, so others find it dead.
        with suppress(LedgerFailure), self._ledger.database.begin() as connection:
            connection.execute(sa.delete(runs).where(runs.c.id == self.id))


def begin_work(ledger: Ledger, campaign: Campaign, account: str) -> ActiveRun:
    """Return a run that is active on a new campaign while its targets are listed.

    .. version-added:: 0.1

    :param account: whose writes these will be
    """
    run = ActiveRun(ledger, campaign, account, joined=False)
    run.begin(0)
    ledger.before_closing(run.end)
    return run


@contextmanager
def at_work(
    ledger: Ledger,
    campaign: Campaign,
    *,
    account: str,
    workers: int = 1,
    max_workers: int | None = None,
    join: bool = False,
    run: ActiveRun | None = None,
    sleep: Callable[[float], None] = time.sleep,
    waiting: Callable[[], None] = lambda: None,
    after_beat: Callable[[], object] = lambda: None,
) -> Iterator[ActiveRun]:
    """Yield a run that is active on a campaign.

    :param account: whose writes these are
    :param workers: how many workers this run will have
    :param max_workers: how many the account may have on this ledger, in all runs
    :param join: whether other runs may be active on it too
    :param run: the one that is active on it already; it is ended as well
    :param waiting: called once if there is another run to be watched
    :param after_beat: called after each heartbeat that the ledger has kept
    :raises CampaignBusy: another run is alive, and this one is not to join it
    :raises StoppedByGuard: the account would have too many workers
    """
    database = ledger.database
    here = runs.c.campaign_id == campaign.id
    if not join and run is None and beats(database.begin, here):
        waiting()
        if alive(database.begin, here, sleep):
            raise CampaignBusy(
                f'Another run is active on the campaign {campaign.name!r}. Let it '
                'finish, stop it and try again, or help it with -join.'
            )
    if max_workers is not None:
        _check_number(database, account, workers, max_workers, sleep)
    if run is None:
        run = ActiveRun(ledger, campaign, account, joined=join, sleep=sleep)
        run.begin(workers)
    else:
        run.set_workers(workers)
    run.after_beat = after_beat
    try:
        yield run
    finally:
        run.end()


def _check_number(
    database: Database,
    account: str,
    workers: int,
    most: int,
    sleep: Callable[[float], None],
) -> None:
    """Refuse more workers than an account may have."""
    mine = runs.c.account == account
    count = sa.select(sa.func.coalesce(sa.func.sum(runs.c.workers), 0)).where(mine)
    with database.begin() as connection:
        busy = connection.scalar(count)
    if busy and busy + workers > most:
        # Some of them may have been killed.
        alive(database.begin, mine, sleep)
        with database.begin() as connection:
            busy = connection.scalar(count)
    if (busy or 0) + workers > most:
        raise too_many_workers(account, (busy or 0) + workers, most)


def too_many_workers(who: str, workers: int, most: int) -> StoppedByGuard:
    """Return the error for more workers than are polite."""
    return StoppedByGuard(
        f'{who} would have {workers} workers on this ledger, and {most} are polite: '
        'each is one more write at the same time, on databases that everybody shares. '
        'To have them anyway: -insist.'
    )
