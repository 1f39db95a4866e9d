"""What the engine makes of errors that no wiki gives."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from threading import Barrier, Thread, current_thread
from typing import Any

import pytest

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    State,
    Target,
)
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    Blocked,
    InternalApiError,
    InvalidInput,
    LostRace,
    RateLimited,
    ReadOnly,
    UnexpectedAnswer,
    WikiUnreachable,
)

NAMES = [f'N{number}' for number in range(40)]


class Counting(Action):
    """An action that remembers what it was applied to.

    :param mistaken: the target over which it fails in a way that nobody foresees
    """

    kind = 'counting'

    def __init__(self, mistaken: str = '') -> None:
        self.applied: list[str] = []
        self._mistaken = mistaken

    def describe(self) -> str:
        return 'count'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from map(Decision, names)

    def apply(self, target: Target) -> Outcome:
        self.applied.append(target.name)
        if target.name == self._mistaken:
            raise KeyError('nobody foresaw this')
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        yield from ((target, None) for target in targets)


@pytest.fixture
def campaign(ledger: Ledger) -> Campaign:
    made = ledger.create(
        'wave', action='a', wiki='w', operator='o', reason='r', options={}
    )
    ledger.add(made, NAMES)
    ledger.decide(made, map(Decision, NAMES))
    return made


@pytest.mark.parametrize('workers', [1, 3])
def test_a_mistake_in_an_action_stops_all_workers_and_is_shown(
    ledger: Ledger, campaign: Campaign, workers: int
) -> None:
    """What was being written then is read before it is written again."""
    action = Counting('N3')
    with at_work(ledger, campaign, account='x@w') as run:
        engine = Engine(ledger, campaign, action, run, workers=workers)
        with pytest.raises(KeyError, match='nobody foresaw this'):
            engine.run()
    assert ledger.named(campaign, ['N3'])['N3'].state is State.LEASED
    counts = ledger.counts(campaign)
    assert counts[State.DONE] == len(action.applied) - 1


class Odd(Counting):
    """An action that breaks the contract.

    :param made: what it plans
    :param outcome: what it returns of a write
    """

    def __init__(self, made: Sequence[str] = NAMES, outcome: Any = None) -> None:
        super().__init__()
        self._made, self._outcome = made, outcome

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from map(Decision, self._made)

    def apply(self, target: Target) -> Outcome:
        super().apply(target)
        return self._outcome  # type: ignore[no-any-return]


@pytest.mark.parametrize('outcome', [None, True, Outcome(State.PLANNED)])
def test_what_is_no_end_of_a_target_ends_the_run_after_one_write(
    ledger: Ledger, campaign: Campaign, outcome: Any
) -> None:
    """Otherwise it would be written to again and again."""
    action = Odd(outcome=outcome)
    with at_work(ledger, campaign, account='x@w') as run:
        engine = Engine(ledger, campaign, action, run)
        with pytest.raises(TypeError, match='Odd returns no Outcome'):
            engine.run()
    assert action.applied == NAMES[:1]


@pytest.mark.parametrize(
    ('made', 'problem'),
    [(NAMES[1:], 'all but 1 of'), ([*NAMES, 'other'], 'was not listed')],
)
def test_a_plan_has_a_decision_on_each_target_and_no_other(
    ledger: Ledger, made: list[str], problem: str
) -> None:
    """Otherwise the run would end as if everything were done."""
    campaign = ledger.create(
        'odd', action='a', wiki='w', operator='o', reason='r', options={}
    )
    ledger.add(campaign, NAMES)
    with pytest.raises(ValueError, match=rf'Odd\.plan\(\) yields .*{problem}'):
        make_plan(ledger, campaign, Odd(made))
    assert ledger.counts(campaign)[State.LISTED] == len(NAMES)


class Wikis(Counting):
    """Counting on wikis, each of which breaks down where it is said to.

    :ivar broken: what is raised on which of them
    :ivar busy: how many are at work on each of them at the moment
    """

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, Exception] = {}
        self.busy: Counter[str] = Counter()

    def apply(self, target: Target) -> Outcome:
        wiki = target.decision.partition or ''
        self._check(wiki)
        self.busy[wiki] += 1
        assert self.busy[wiki] == 1, f'two workers on {wiki}'
        time.sleep(0.001)
        self.busy[wiki] -= 1
        return super().apply(target)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            self._check(target.decision.partition or '')
            yield target, Outcome(State.DONE, changed=True, detail='found')

    def _check(self, wiki: str) -> None:
        if error := self.broken.get(wiki):
            raise error


WIKIS = ['aa', 'bb', 'cc', 'dd']
ONCE = RetryPolicy(attempts=1, pause=0.0)


@pytest.fixture
def many(ledger: Ledger) -> Campaign:
    """A campaign on four wikis, with ten targets each that take turns."""
    made = ledger.create(
        'many', action='a', wiki='w', operator='o', reason='r', options={}
    )
    names = [f'{wiki}:{number}' for number in range(10) for wiki in WIKIS]
    ledger.add(made, names)
    ledger.decide(made, [Decision(name, partition=name[:2]) for name in names])
    return made


def carry_out(
    ledger: Ledger, campaign: Campaign, action: Counting, workers: int = 1
) -> Finish:
    with at_work(ledger, campaign, account='x@w') as run:
        engine = Engine(ledger, campaign, action, run, workers=workers, policy=ONCE)
        return engine.run()


@pytest.mark.parametrize('workers', [1, 3])
def test_each_lane_is_worked_in_series(
    ledger: Ledger, many: Campaign, workers: int
) -> None:
    action = Wikis()
    assert carry_out(ledger, many, action, workers) == Finish()
    assert len(action.applied) == len(set(action.applied)) == 40


def test_runs_that_join_share_no_lane_and_end_together(
    ledger: Ledger, many: Campaign
) -> None:
    action, finished = Wikis(), []

    def join(_: int) -> int:
        with at_work(ledger, many, account='x@w', join=True) as run:
            finished.append(Engine(ledger, many, action, run, workers=2).run())
            return ledger.counts(many)[State.DONE]

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(join, range(2)))
    assert finished == [Finish(), Finish()]
    assert done == [40, 40]
    assert len(action.applied) == len(set(action.applied)) == 40


@pytest.mark.parametrize('workers', [1, 3])
def test_a_lane_that_does_not_work_is_left_alone(
    ledger: Ledger, many: Campaign, workers: int
) -> None:
    action = Wikis()
    action.broken['bb'] = WikiUnreachable('bb does not answer.')
    finish = carry_out(ledger, many, action, workers)
    assert finish.skipped_partitions == {'bb': action.broken['bb']}
    assert finish.error is None
    assert len(action.applied) == 30
    assert ledger.counts(many)[State.PLANNED] == 10
    action.broken.clear()
    assert carry_out(ledger, many, action) == Finish()
    assert len(action.applied) == len(set(action.applied)) == 40


def test_what_may_have_been_sent_to_it_is_read_by_the_next_run(
    ledger: Ledger, many: Campaign
) -> None:
    action = Wikis()
    action.broken['bb'] = AmbiguousWrite('No answer came from bb.')
    carry_out(ledger, many, action)
    assert ledger.counts(many)[State.LEASED] == 1
    # It cannot be read the next time either, and then it can.
    again = carry_out(ledger, many, action)
    assert list(again.skipped_partitions) == ['bb']
    assert ledger.counts(many)[State.LEASED] == 1
    action.broken.clear()
    assert carry_out(ledger, many, action) == Finish()
    assert len(action.applied) == 39
    assert ledger.counts(many)[State.DONE] == 40


def test_that_some_are_read_only_tells_nothing_of_the_others(
    ledger: Ledger, many: Campaign
) -> None:
    action = Wikis()
    for wiki in WIKIS[:3]:
        action.broken[wiki] = ReadOnly('readonly', 'maintenance', wiki)
    finish = carry_out(ledger, many, action)
    assert list(finish.skipped_partitions) == WIKIS[:3]
    assert finish.error is None
    assert {name[:2] for name in action.applied} == {'dd'}


def test_lanes_that_fail_in_a_row_stop_the_campaign(
    ledger: Ledger, many: Campaign
) -> None:
    action = Wikis()
    for wiki in WIKIS:
        action.broken[wiki] = WikiUnreachable(f'{wiki} does not answer.')
    finish = carry_out(ledger, many, action)
    assert finish.error is action.broken['cc']
    assert action.applied == []


@pytest.mark.parametrize('workers', [1, 3])
def test_every_target_is_applied_once(
    ledger: Ledger, campaign: Campaign, workers: int
) -> None:
    action = Counting()
    with at_work(ledger, campaign, account='x@w') as run:
        finish = Engine(ledger, campaign, action, run, workers=workers).run()
    assert finish == Finish()
    assert sorted(action.applied) == sorted(NAMES)
    assert ledger.changed_count(campaign) == len(NAMES)


class Queueing(Counting):
    """Counting on a wiki that accepts every fourth write and carries it out later.

    :ivar looks: how often each of them was read until it is found to be done
    """

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks
        self.read: Counter[str] = Counter()

    def apply(self, target: Target) -> Outcome:
        super().apply(target)
        state = State.DONE if int(target.name[1:]) % 4 else State.LEASED
        return Outcome(state, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            self.read[target.name] += 1
            done = self.read[target.name] >= self.looks
            state = State.DONE if done else State.LEASED
            yield target, Outcome(state, changed=True, facts={'number': 7})


@pytest.mark.parametrize('workers', [1, 3])
def test_what_a_wiki_carries_out_later_is_read_until_it_is_done(
    ledger: Ledger, campaign: Campaign, workers: int
) -> None:
    """It is sent once, keeps nothing waiting, and is not counted done before."""
    action = Queueing(looks=2)
    with at_work(ledger, campaign, account='x@w') as run:
        engine = Engine(
            ledger, campaign, action, run, workers=workers, sleep=lambda seconds: None
        )
        assert engine.run() == Finish()
    assert sorted(action.applied) == sorted(NAMES)
    assert set(action.read.values()) == {2}
    assert ledger.counts(campaign)[State.DONE] == 40
    assert ledger.named(campaign, ['N4'])['N4'].decision.facts == {'number': 7}


def test_what_a_wiki_has_not_carried_out_is_read_by_the_next_run(
    ledger: Ledger, campaign: Campaign
) -> None:
    action = Queueing(looks=2)
    finish = carry_out(ledger, campaign, action)
    assert isinstance(finish.error, AmbiguousWrite)
    assert 'accepted 10 writes' in str(finish.error)
    assert ledger.counts(campaign)[State.LEASED] == 10
    assert carry_out(ledger, campaign, action) == Finish()
    assert len(action.applied) == 40
    assert ledger.counts(campaign)[State.DONE] == 40


# Trying again


@pytest.mark.parametrize('ending', ['stop', 'error'])
def test_what_a_wiki_runs_later_stays_leased_if_the_run_ends_before(
    ledger: Ledger, campaign: Campaign, ending: str
) -> None:
    """Whether the operator stops it, or the wiki does not answer any more."""
    action, slept = Queueing(looks=9), list[float]()
    down = WikiUnreachable('down')

    def unreadable(targets: Sequence[Target]) -> Iterator[tuple[Target, None]]:
        raise down

    if ending == 'error':
        action.reconcile = unreadable  # type: ignore[method-assign]
    with at_work(ledger, campaign, account='x@w') as run:
        finish = Engine(
            ledger,
            campaign,
            action,
            run,
            sleep=slept.append,
            should_stop=lambda: ending == 'stop' and len(slept) == 2,
        ).run()
    assert finish.error is (down if ending == 'error' else None)
    assert finish.interrupted is (ending == 'stop')
    assert ledger.counts(campaign)[State.LEASED] == 10
    assert carry_out(ledger, campaign, Queueing(looks=1)) == Finish()
    assert ledger.counts(campaign)[State.DONE] == 40


def test_nothing_is_sent_while_it_is_unknown_what_a_killed_run_has_sent(
    ledger: Ledger, campaign: Campaign
) -> None:
    """Its targets stay leased until the wiki can be read."""
    ledger.lease(campaign, 'killed/0', 3)
    action = Failing()
    down = WikiUnreachable('down')

    def unreadable(targets: Sequence[Target]) -> Iterator[tuple[Target, None]]:
        raise down

    action.reconcile = unreadable  # type: ignore[method-assign]
    with at_work(ledger, campaign, account='x@w') as run:
        engine = Engine(ledger, campaign, action, run, policy=ONCE)
        assert engine.run().error is down
    with (
        at_work(ledger, campaign, account='x@w') as run,
        pytest.raises(WikiUnreachable),
    ):
        Engine(ledger, campaign, action, run, policy=ONCE).reconcile_left()
    assert action.applied == []
    assert ledger.counts(campaign)[State.LEASED] == 3
    working = Failing(done=True)
    assert carry_out(ledger, campaign, working) == Finish()
    assert working.reads == NAMES[:3]
    assert working.applied == NAMES[3:]


class Failing(Counting):
    """Counting where the first writes of one target fail.

    :ivar errors: what is still to be raised for it
    :ivar took_effect: whether its failed writes took effect all the same
    """

    def __init__(self, *errors: Exception, done: bool = False) -> None:
        super().__init__()
        self.errors = list(errors)
        self.took_effect = done
        self.reads: list[str] = []

    def apply(self, target: Target) -> Outcome:
        if target.name == 'N1' and self.errors:
            self.applied.append(target.name)
            raise self.errors.pop(0)
        return super().apply(target)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            self.reads.append(target.name)
            done = Outcome(State.DONE, changed=True, detail='found')
            yield target, done if self.took_effect else None


LIMITED = RateLimited('ratelimited', 'too many', 'w')
LOST = AmbiguousWrite('The answer was lost.')


@pytest.mark.parametrize('where', ['back-off', 'pace'])
@pytest.mark.parametrize(
    ('error', 'state'),
    [
        (LIMITED, State.PLANNED),
        (ReadOnly('readonly', 'maintenance', 'w'), State.PLANNED),
        # It may have been carried out: the next run reads it first.
        (LOST, State.LEASED),
        (InternalApiError('internal_api_error_X', 'broken', 'w'), State.LEASED),
    ],
)
def test_after_an_order_to_stop_nothing_more_is_sent(
    ledger: Ledger, campaign: Campaign, error: Exception, state: State, where: str
) -> None:
    """Whether it comes in a back-off or while waiting for the pace after it."""
    action, slept = Failing(error), list[str]()

    def is_waiting() -> bool:
        return action.applied[-1:] == ['N1']

    with at_work(ledger, campaign, account='x@w') as run:
        finish = Engine(
            ledger,
            campaign,
            action,
            run,
            policy=RetryPolicy(sleep=lambda seconds: slept.append('back-off')),
            pace=lambda target: 60.0 if is_waiting() else 0.0,
            sleep=lambda seconds: slept.append('pace'),
            should_stop=lambda: where in slept,
        ).run()
    assert finish.interrupted
    assert action.applied == ['N0', 'N1']
    assert ledger.named(campaign, ['N1'])['N1'].state is state


@pytest.mark.parametrize('at', [1, 2])
@pytest.mark.parametrize('asked', ['pace', 'guard'])
def test_an_error_of_what_is_asked_before_a_write_is_not_that_of_its_target(
    ledger: Ledger, campaign: Campaign, asked: str, at: int
) -> None:
    """Before the first attempt or another one, as when -stop-page cannot be read."""
    action = Failing(LIMITED)
    error = InvalidInput('That is not the title of a page.')

    def ask(number: int) -> None:
        if action.applied.count('N1') == number - 1 and 'N0' in action.applied:
            raise error

    def pace(target: Target) -> float:
        if asked == 'pace':
            ask(at)
        return 0.0

    with at_work(ledger, campaign, account='x@w') as run:
        finish = Engine(
            ledger,
            campaign,
            action,
            run,
            policy=RetryPolicy(sleep=lambda seconds: None),
            pace=pace,
            guard=lambda: ask(at) if asked == 'guard' else None,
        ).run()
    assert finish.error is error
    assert action.applied == ['N0', 'N1'][:at]
    assert ledger.named(campaign, ['N1'])['N1'].state is State.PLANNED


def test_a_mistake_in_an_action_is_shown_even_if_the_wiki_failed_before_it(
    ledger: Ledger, campaign: Campaign
) -> None:
    first: Queue[Thread] = Queue()
    both = Barrier(2)

    class Mistaken(Counting):
        def apply(self, target: Target) -> Outcome:
            both.wait(240)
            if target.name == 'N0':
                first.put(current_thread())
                raise WikiUnreachable('down')
            first.get(timeout=240).join(60)
            raise KeyError('nobody foresaw this')

    with at_work(ledger, campaign, account='x@w') as run:
        engine = Engine(ledger, campaign, Mistaken(), run, workers=2, policy=ONCE)
        with pytest.raises(KeyError, match='nobody foresaw this'):
            engine.run()


def test_every_pause_is_told_before_it_with_its_reason(
    ledger: Ledger, campaign: Campaign
) -> None:
    action, told = Failing(LIMITED, LOST), list[Any]()
    with at_work(ledger, campaign, account='x@w') as run:
        engine = Engine(
            ledger,
            campaign,
            action,
            run,
            policy=RetryPolicy(sleep=told.append),
            before_pause=lambda target, error, seconds: told.append(
                (target.name, error, seconds)
            ),
        )
        assert engine.run() == Finish()
    (first, slept, second, slept_again) = told
    assert first == ('N1', LIMITED, slept)
    assert second == ('N1', LOST, slept_again)


@pytest.mark.parametrize(
    ('errors', 'done', 'expected'),
    [
        # A refusal after a lost answer may be due to what that write has done.
        ([LOST, ApiRefusal('missingtitle', 'gone', 'w')], True, State.DONE),
        ([LOST, ApiRefusal('missingtitle', 'gone', 'w')], False, State.FAILED),
        ([UnexpectedAnswer('no state')], True, State.DONE),
        ([UnexpectedAnswer('no state')], False, State.FAILED),
        ([LostRace('editconflict', 'others', 'w')], True, State.DONE),
        ([LostRace('editconflict', 'others', 'w')], False, State.DONE),
        ([ApiRefusal('protected', 'no', 'w')], False, State.FAILED),
    ],
)
def test_what_may_have_been_carried_out_is_read_before_it_counts_as_failed(
    ledger: Ledger,
    campaign: Campaign,
    errors: list[Exception],
    done: bool,
    expected: State,
) -> None:
    action = Failing(*errors)
    read = action.reconcile

    def reconcile(targets: Sequence[Target]) -> Iterator[tuple[Target, Outcome | None]]:
        # What was lost shows only after the refusal that it led to.
        action.took_effect = done and not action.errors
        return read(targets)

    action.reconcile = reconcile  # type: ignore[method-assign]
    with at_work(ledger, campaign, account='x@w') as run:
        policy = RetryPolicy(sleep=lambda seconds: None)
        assert Engine(ledger, campaign, action, run, policy=policy).run() == Finish()
    target = ledger.named(campaign, ['N1'])['N1']
    assert target.state is expected
    assert bool(action.reads) is not isinstance(errors[0], ApiRefusal) or (
        isinstance(errors[0], LostRace)
    )
    assert ledger.counts(campaign)[State.DONE] == 39 + (expected is State.DONE)


# Wikis that refuse

BLOCKED = Blocked('blocked', 'You are blocked.', 'aa')


@pytest.mark.parametrize('workers', [1, 3])
@pytest.mark.parametrize('refusing', [['aa'], ['aa', 'bb']])
def test_where_every_wiki_refuses_all_stays_planned(
    ledger: Ledger, workers: int, refusing: list[str]
) -> None:
    """Fewer than stop a campaign at once, and resumed when the reason is gone."""
    campaign = ledger.create(
        'few', action='a', wiki='w', operator='o', reason='r', options={}
    )
    names = [f'{wiki}:{number}' for number in range(10) for wiki in refusing]
    ledger.add(campaign, names)
    ledger.decide(campaign, [Decision(name, partition=name[:2]) for name in names])
    action = Wikis()
    action.broken.update(dict.fromkeys(refusing, BLOCKED))
    finish = carry_out(ledger, campaign, action, workers)
    assert finish.refused == dict.fromkeys(refusing, BLOCKED)
    assert finish.error is None
    assert ledger.counts(campaign)[State.PLANNED] == len(names)
    assert list(ledger.partition_errors(campaign).values()) == [
        'Blocked: blocked on aa: You are blocked.'
    ] * len(refusing)
    action.broken.clear()
    assert carry_out(ledger, campaign, action, workers) == Finish()
    assert sorted(action.applied) == sorted(names)


def test_what_is_left_on_a_wiki_that_refuses_fails_where_others_worked(
    ledger: Ledger, many: Campaign
) -> None:
    action = Wikis()
    action.broken['bb'] = BLOCKED
    finish = carry_out(ledger, many, action)
    assert finish.refused == {'bb': BLOCKED}
    assert finish.is_whole
    details = {target.detail for target in ledger.targets(many, State.FAILED)}
    assert details == {'not sent: bb refuses you'}
    assert ledger.counts(many)[State.FAILED] == 10
    assert len(action.applied) == 30


def test_wikis_that_refuse_in_a_row_stop_the_campaign(
    ledger: Ledger, many: Campaign
) -> None:
    action = Wikis()
    for wiki in WIKIS:
        action.broken[wiki] = Blocked('blocked', 'You are blocked.', wiki)
    finish = carry_out(ledger, many, action)
    assert finish.error is action.broken['cc']
    assert ledger.counts(many)[State.PLANNED] == 40


# How long


class FakeTime:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def raising(error: Exception) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


def limited(retry_after: float) -> RateLimited:
    error = RateLimited('ratelimited', 'too many', 'w')
    error.retry_after = retry_after
    return error


@pytest.mark.parametrize(
    ('error', 'least', 'most'),
    [
        # The windows of most limits: none is over before.
        (limited(0.0), 60.0, 61.0),
        (limited(30.0), 30.0, 61.0),
        (WikiUnreachable('down'), 1.0, 61.0),
        (ReadOnly('readonly', 'maintenance', 'w'), 1.0, 61.0),
    ],
)
def test_a_target_is_tried_for_about_three_minutes(
    error: Exception, least: float, most: float
) -> None:
    """Bounded by time and not by tries, and a rate limit is left alone so long."""
    fake = FakeTime()
    policy = RetryPolicy(sleep=fake.sleep, clock=fake.monotonic)
    with pytest.raises(type(error)):
        policy.call(raising(error))
    assert all(least <= pause <= most for pause in fake.slept)
    assert 110 < fake.now <= policy.seconds < 240


@pytest.mark.parametrize(
    ('asked', 'waited'), [(300.0, [300.0]), (600.0, [600.0]), (86400.0, [])]
)
def test_a_server_is_given_the_time_that_it_asks_for(
    asked: float, waited: list[float]
) -> None:
    """Unless that is so long that it is for another run to wait."""
    fake = FakeTime()
    with pytest.raises(RateLimited):
        RetryPolicy(sleep=fake.sleep, clock=fake.monotonic).call(
            raising(limited(asked))
        )
    assert fake.slept == waited


def test_an_action_without_one_of_its_methods_cannot_be_made() -> None:
    """Whoever forgets how to reconcile learns it before anything is planned."""

    class Forgetful(Action):
        kind = 'forgetful'

        def describe(self) -> str:
            return 'forget'

        def plan(self, names: Sequence[str]) -> Iterator[Decision]:
            yield from map(Decision, names)

        def apply(self, target: Target) -> Outcome:
            return Outcome(State.DONE)

    with pytest.raises(TypeError, match='reconcile'):
        Forgetful()  # type: ignore[abstract]
