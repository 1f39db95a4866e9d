"""What the engine makes of errors that no wiki gives."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    State,
    Target,
)
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.exceptions import OutcomeUnknown, ReadOnly, WikiUnreachable

NAMES = [f'N{number}' for number in range(40)]


class Counting:
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

    def settle(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        yield from ((target, None) for target in targets)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(str(tmp_path / 'ledger.sqlite3'))
    yield opened
    opened.close()


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
        wiki = target.decision.lane or ''
        self._check(wiki)
        self.busy[wiki] += 1
        assert self.busy[wiki] == 1, f'two workers on {wiki}'
        time.sleep(0.001)
        self.busy[wiki] -= 1
        return super().apply(target)

    def settle(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            self._check(target.decision.lane or '')
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
    ledger.decide(made, [Decision(name, lane=name[:2]) for name in names])
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
    assert finish.left_alone == {'bb': action.broken['bb']}
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
    action.broken['bb'] = OutcomeUnknown('No answer came from bb.')
    carry_out(ledger, many, action)
    assert ledger.counts(many)[State.LEASED] == 1
    # It cannot be read the next time either, and then it can.
    again = carry_out(ledger, many, action)
    assert list(again.left_alone) == ['bb']
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
    assert list(finish.left_alone) == WIKIS[:3]
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

    def settle(
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
    assert isinstance(finish.error, OutcomeUnknown)
    assert 'accepted 10 writes' in str(finish.error)
    assert ledger.counts(campaign)[State.LEASED] == 10
    assert carry_out(ledger, campaign, action) == Finish()
    assert len(action.applied) == 40
    assert ledger.counts(campaign)[State.DONE] == 40
