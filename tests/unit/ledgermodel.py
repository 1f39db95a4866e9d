"""A model of runs that share a ledger, in one process and by a clock of its own.

Each run is the engine itself, in a thread that is stopped after each transaction of the
ledger, each read and each write, so that one thread moves at a time and everything
that happens follows from what hypothesis draws. A run may be stopped for any time there
or be killed, its connection may break before or after a commit, its heartbeats may
not reach the ledger, and clocks jump.

What a wiki without keys for repeated requests lets nobody promise is left out: a run
is never stopped between its last look at its heartbeats and the arrival of the write.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mw_tokens_plugin.campaign import engine
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    State,
    Step,
    Target,
)
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.schema import partitions, runs
from mw_tokens_plugin.campaign.stopping import ERRORS
from mw_tokens_plugin.campaign.workers import ActiveRun, at_work
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    LedgerFailure,
    WikiUnreachable,
)

#: Seconds of real time within which a run gets to its next stop.
_HANGS = 120

#: Targets by their stages and partitions.
TARGETS = {
    'A': (0, None),
    'B': (0, None),
    'C': (0, 'aawiki'),
    'D': (0, 'aawiki'),
    'E': (0, 'bbwiki'),
    'F': (1, None),
    'G': (1, 'aawiki'),
}

#: What a wiki makes of a write: whether it takes effect, and what comes back.
ANSWERS: dict[str, tuple[bool, Callable[[], Exception] | None]] = {
    'done': (True, None),
    'answer lost': (True, lambda: AmbiguousWrite('the answer was lost')),
    'write lost': (False, lambda: AmbiguousWrite('the write was lost')),
    'not reached': (False, lambda: WikiUnreachable('not reached')),
    'refused': (False, lambda: ApiRefusal('refused', 'No.')),
}

#: Where a run can be told to wait.
STOPS = ('guarded', 'written', 'read', 'asleep')

#: Moves after which a run is told to wait wherever it is.
_FAR, _LONG = 80, 400

_NUMBERS = count(1)


class Killed(BaseException):
    """The process is gone."""


class Wiki:
    """What has arrived at the wiki, and what must always hold of it."""

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        self.refused: set[str] = set()
        #: All writes, in their order.
        self.written: list[str] = []
        #: Targets that were written, or may have been, and not read since.
        self._unread: set[str] = set()
        #: What follows is decided by the answers in this order.
        self.answers: list[str] = []

    def write(self, name: str) -> None:
        assert name not in self._unread, f'{name} was written twice without a read'
        assert not self.effects[name], f'{name} was written though it was done'
        self.written.append(name)
        answer = self.answers.pop(0) if self.answers else 'done'
        takes_effect, error = ANSWERS[answer]
        self.effects[name] += takes_effect
        if takes_effect or answer == 'write lost':
            self._unread.add(name)
        if answer == 'refused':
            self.refused.add(name)
        if error is not None:
            raise error()

    def read(self, name: str) -> Outcome | None:
        self._unread.discard(name)
        if not self.effects[name]:
            return None
        return Outcome(State.DONE, changed=True)


class Writing(Action):
    """The action of one run."""

    kind = 'a'

    def __init__(self, model: LedgerModel, run: SimulatedRun) -> None:
        self._model = model
        self._run = run

    def describe(self) -> str:
        return 'write'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from map(Decision, names)

    def apply(self, target: Target) -> Outcome:
        try:
            self._model.check(target, self._run)
            self._model.wiki.write(target.name)
        except AssertionError as error:
            self._run.error = error
            raise Killed from error
        finally:
            self._run.stop('written')
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            outcome = self._model.wiki.read(target.name)
            self._run.stop('read')
            yield target, outcome


class Silent(ActiveRun):
    """A run whose heartbeats, clock and number are the model's."""

    time: ClassVar[Callable[[], float]]
    numbers: ClassVar[Iterator[int]]

    def __init__(self, *about: Any, **more: Any) -> None:
        more['clock'] = lambda: Silent.time()
        super().__init__(*about, **more)
        # The same story must happen again whenever it is told.
        self.id = f'run{next(Silent.numbers)}'

    def beat(self) -> None:
        """Leave them to the model."""


class Place:
    """A connection to the database, and the run that uses it.

    :ivar breaks: it breaks before the next commit, or after it
    :ivar delay: lets time pass until the answer to a commit comes back
    """

    def __init__(self, url: str) -> None:
        self.ledger = Ledger(url)
        self.run: SimulatedRun | None = None
        self.breaks: str | None = None
        self.delay: Callable[[], None] = lambda: None
        database = self.ledger.database
        self._begin = database.begin
        setattr(database, 'begin', self._watched)  # noqa: B010  # mypy
        dialect: Any = database.engine.dialect
        self._commit = dialect.do_commit
        dialect.do_commit = self._breaking

    @contextmanager
    def _watched(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        run = self.run
        if run is not None:
            run.live()
        with self._begin(durable=durable) as connection:
            yield connection
        self.delay()
        if run is not None:
            run.stop('committed')

    def _breaking(self, connection: Any) -> None:
        how, self.breaks = self.breaks, None
        if how != 'before a commit':
            self._commit(connection)
        if how is not None:
            dialect: Any = self.ledger.database.engine.dialect
            if dialect.name != 'sqlite':
                connection.driver_connection.close()
            raise dialect.dbapi.OperationalError(2013, 'the connection was lost')


class SimulatedRun:
    """One run of the engine, which moves only when it is told to.

    :ivar is_stopped: whether its process is stopped, heartbeats and all
    :ivar is_mute: whether its heartbeats do not reach the ledger
    :ivar until: until when it sleeps
    """

    def __init__(self, model: LedgerModel, place: Place, *, joins: bool) -> None:
        self._model = model
        self._place = place
        self._joins = joins
        self.is_stopped = False
        self.is_mute = False
        self.is_over = False
        self.until = 0.0
        self.at = 'the start'
        self.active: ActiveRun | None = None
        self.error: BaseException | None = None
        self._killed = False
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._main, daemon=True)
        place.run = self
        self._thread.start()

    def step(self) -> None:
        """Let it move to its next stop."""
        self._go.release()
        assert self._back.acquire(timeout=_HANGS), f'it hangs after {self.at}'
        if self.is_over:
            self._thread.join()
            self._place.run = self._place.breaks = None

    def kill(self) -> None:
        """End it where it is, and let it write nothing more."""
        self._killed = True
        while not self.is_over:
            self.step()

    @property
    def owners(self) -> set[str]:
        """Its marks in the ledger."""
        if self.active is None:
            return set()
        return {self.active.owner(0), self.active.recovery_owner}

    def live(self) -> None:
        """End the thread of the run if it was killed."""
        if self._killed and threading.current_thread() is self._thread:
            raise Killed

    def stop(self, at: str) -> None:
        """Let the thread of the run wait here for the model."""
        if threading.current_thread() is self._thread:
            self.live()
            self.at = at
            self._back.release()
            self._go.acquire()
            self.live()

    def sleep(self, seconds: float) -> None:
        self.until = self._model.clock + seconds
        self.stop('asleep')

    def beat(self, delay: Callable[[], None] = lambda: None) -> None:
        """Send a heartbeat, if it can.

        :param delay: lets time pass until its answer comes back
        """
        if self.active and not (self.is_over or self.is_stopped or self.is_mute):
            self._place.delay = delay
            with suppress(LedgerFailure):
                self.active.sign()
            self._place.delay = lambda: None

    def break_connection(self, how: str) -> None:
        self._place.breaks = how

    def _main(self) -> None:
        self._go.acquire()
        try:
            self.live()
            self._work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  # judged by the model
            self.error = error
        self.is_over = True
        self._back.release()

    def _work(self) -> None:
        model, ledger = self._model, self._place.ledger
        with at_work(
            ledger,
            model.campaign,
            account='o@w',
            join=self._joins,
            sleep=self.sleep,
        ) as self.active:
            engine.Engine(
                ledger,
                model.campaign,
                Writing(model, self),
                self.active,
                policy=RetryPolicy(sleep=self.sleep, clock=lambda: model.clock),
                guard=lambda: self.stop('guarded'),
                wait_for_others=lambda: self.sleep(1),
                sleep=self.sleep,
            ).run()


class LedgerModel(RuleBasedStateMachine):
    """What may happen to runs that share a campaign."""

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self.clock = 1000.0
        self.wiki = Wiki()
        self.runs: list[SimulatedRun] = []
        self._places = places
        #: By how much the clocks of machines are wrong.
        self._wrong = timedelta()
        self._ledger = places[-1].ledger
        Silent.time = lambda: self.clock
        Silent.numbers = count(1)
        for place in places:
            place.ledger.clock = self._now
            if place.run is not None:
                # Of a story that has failed.
                place.run.kill()
        self._ledger.database.execute(sa.delete(runs))
        self.campaign = self._planned()

    # What happens

    @initialize(number=st.integers(1, 2))
    def begin(self, number: int) -> None:
        for _ in range(number):
            self.start(joins=True)

    @precondition(lambda self: len(self._active()) < len(self._places) - 1)
    @rule(joins=st.sampled_from([True, True, False]))
    def start(self, joins: bool) -> None:
        free = next(place for place in self._places if place.run is None)
        self.runs.append(SimulatedRun(self, free, joins=joins))

    @precondition(lambda self: self._moving())
    @rule(data=st.data(), steps=st.integers(1, 40))
    def move(self, data: st.DataObject, steps: int) -> None:
        """Let a run do something."""
        self._move(self._drawn(data, self._moving()), steps)

    @precondition(lambda self: self._moving())
    @rule(data=st.data(), at=st.sampled_from(STOPS))
    def move_to(self, data: st.DataObject, at: str) -> None:
        """Let a run get to some point."""
        self._move_to(self._drawn(data, self._moving()), at)

    @precondition(lambda self: len(self._moving()) > 1)
    @rule(data=st.data(), at=st.sampled_from(STOPS), is_stopped=st.booleans())
    def fall_silent(self, data: st.DataObject, at: str, is_stopped: bool) -> None:
        """Let a run be silent while another one works, which may take it for dead."""
        silent = self._drawn(data, self._moving())
        self._move_to(silent, at)
        silent.is_mute, silent.is_stopped = not is_stopped, is_stopped
        self._overtake(data, silent)
        silent.is_mute = silent.is_stopped = False
        self._move(silent, data.draw(st.integers(0, 10)))

    @precondition(lambda self: len(self._moving()) > 1)
    @rule(data=st.data(), at=st.sampled_from(STOPS))
    def answer_slowly(self, data: st.DataObject, at: str) -> None:
        """Let another run work while the answer to a heartbeat is on its way."""
        run = self._drawn(data, self._moving())
        self._move_to(run, at)

        def delay() -> None:
            run.is_mute = True
            self._overtake(data, run)
            run.is_mute = False

        run.beat(delay)
        self._move(run, data.draw(st.integers(0, 10)))

    @rule(answers=st.lists(st.sampled_from([*ANSWERS]), max_size=3))
    def choose_answers(self, answers: list[str]) -> None:
        self.wiki.answers = answers

    @precondition(lambda self: self._moving())
    @rule(data=st.data(), how=st.sampled_from(['before a commit', 'after a commit']))
    def break_connection(self, data: st.DataObject, how: str) -> None:
        self._drawn(data, self._moving()).break_connection(how)

    @precondition(lambda self: self._active())
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        self._drawn(data, self._active()).kill()

    @precondition(lambda self: self._active())
    @rule(data=st.data())
    def stop_or_continue(self, data: st.DataObject) -> None:
        """As by SIGSTOP, and by SIGCONT."""
        run = self._drawn(data, self._active())
        run.is_stopped = not run.is_stopped

    @precondition(lambda self: self._active())
    @rule(data=st.data())
    def cut_heartbeats(self, data: st.DataObject) -> None:
        run = self._drawn(data, self._active())
        run.is_mute = not run.is_mute

    @rule(seconds=st.integers(1, 8))
    def wait(self, seconds: int) -> None:
        self._pass(seconds)

    @rule(hours=st.integers(-48, 48))
    def set_clocks(self, hours: int) -> None:
        self._wrong = timedelta(hours=hours)

    # What must hold

    def check(self, target: Target, run: SimulatedRun) -> None:
        """Hold the ledger against a write that is sent now."""
        assert run.active is not None
        owner, here = run.active.owner(0), {}
        for each in self._ledger.targets(self.campaign):
            here[each.name] = each
        found = here[target.name]
        assert (found.state, found.owner) == (State.LEASED, owner)
        stage, partition = TARGETS[target.name]
        earlier = [n for n, (number, _) in TARGETS.items() if number < stage]
        assert all(here[n].state in (State.DONE, State.FAILED) for n in earlier)
        if partition is not None:
            with self._ledger.database.begin() as connection:
                holder = connection.scalar(
                    sa.select(partitions.c.owner)
                    .where(partitions.c.campaign_id == self.campaign.id)
                    .where(partitions.c.name == partition)
                )
            assert holder == owner

    def teardown(self) -> None:
        """Let one more run finish what is left, and compare all with the wiki."""
        for run in self._active():
            run.kill()
        self.wiki.answers = []
        self.start(joins=False)
        last = self.runs[-1]
        for _ in range(5000):
            if last.is_over:
                break
            self._move(last, 1)
        assert last.is_over, 'it does not come to an end'
        recorded = {each.name: each for each in self._ledger.targets(self.campaign)}
        assert recorded.keys() == TARGETS.keys()
        for name, target in recorded.items():
            assert target.owner is None
            if self.wiki.effects[name]:
                assert target.state is State.DONE and target.changed
            else:
                assert target.state is State.FAILED and name in self.wiki.refused
        counts = self._ledger.counts(self.campaign)
        assert sum(counts.values()) == len(TARGETS)

    # Its parts

    def _active(self) -> list[SimulatedRun]:
        return [run for run in self.runs if not run.is_over]

    def _moving(self) -> list[SimulatedRun]:
        return [run for run in self._active() if not run.is_stopped]

    @staticmethod
    def _drawn(data: st.DataObject, runs: Sequence[SimulatedRun]) -> SimulatedRun:
        return runs[data.draw(st.integers(0, len(runs) - 1))]

    def _move(self, run: SimulatedRun, steps: int) -> None:
        for _ in range(steps):
            if run.is_over:
                return
            if run.at == 'asleep' and run.until > self.clock:
                self._pass(run.until - self.clock)
            run.step()
            if run.error is not None and not isinstance(run.error, ERRORS):
                raise run.error

    def _move_to(self, run: SimulatedRun, at: str) -> None:
        for _ in range(_FAR):
            self._move(run, 1)
            if run.is_over or run.at == at:
                break

    def _overtake(self, data: st.DataObject, silent: SimulatedRun) -> None:
        """Let another run work, and wait when it has written what was not its own."""
        others = [run for run in self._moving() if run is not silent]
        if not others:
            return
        run = self._drawn(data, others)
        steps = data.draw(st.integers(1, _LONG))
        leased = self._ledger.targets(self.campaign, State.LEASED)
        theirs = {each.name for each in leased if each.owner in silent.owners}
        before = len(self.wiki.written)
        for _ in range(steps):
            self._move(run, 1)
            if run.is_over or not theirs.isdisjoint(self.wiki.written[before:]):
                return

    def _pass(self, seconds: float) -> None:
        """Let time pass, in which all runs that live send their heartbeats."""
        end = self.clock + seconds
        while self.clock + 1 <= end:
            self.clock += 1
            for run in self._active():
                run.beat()
        self.clock = end

    def _now(self) -> datetime:
        return datetime(2026, 1, 1) + timedelta(seconds=self.clock) + self._wrong

    def _planned(self) -> Campaign:
        ledger = self._ledger
        campaign = ledger.create(
            f'model {next(_NUMBERS)}',
            action='a',
            wiki='w',
            operator='o',
            reason='r',
            options={},
            stages=2,
        )
        ledger.add(campaign, [Step(n, '', stage) for n, (stage, _) in TARGETS.items()])
        ledger.decide(
            campaign,
            [Decision(name, partition=where) for name, (_, where) in TARGETS.items()],
        )
        return campaign
