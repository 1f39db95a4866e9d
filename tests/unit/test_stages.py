"""Campaigns that do several things: a stage ends before the next one begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.actions.steps import Steps
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    State,
    Step,
    Target,
)
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.undone import is_changed, undo_steps
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    InvalidInput,
    StoppedByGuard,
    WikiUnreachable,
)

NAMES = [f'{wiki}{number}' for wiki in ('aa', 'bb', 'cc') for number in range(4)]

#: What is done to every name, one after the other.
KINDS = ('lock', 'delete', 'report')

OURS, THEIRS = Key(b'1' * 32), Key(b'2' * 32)


class Composed(Action):
    """An action of several kinds, which looks at the ledger before each write.

    :ivar writes: the kind and the name of each write, in their order
    :ivar down: wikis that do not answer
    :ivar refused: names that the wiki refuses
    """

    kind = 'composed'

    def __init__(self, ledger: Ledger, campaign: Campaign) -> None:
        self.writes: list[tuple[str, str]] = []
        self.down: set[str] = set()
        self.refused: set[str] = set()
        self.reconciled: list[str] = []
        self._kind = ''
        self._ledger = ledger
        self._campaign = campaign

    def of(self, kind: str) -> Composed:
        part = type(self)(self._ledger, self._campaign)
        part.__dict__ |= {**self.__dict__, '_kind': kind}
        return part

    def describe(self) -> str:
        return 'do several things'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        for name in names:
            # Accounts are locked on one wiki; pages are deleted on many.
            wiki = name[:2] if self._kind == 'delete' else None
            yield Decision(name, partition=wiki, facts={'plan': self._kind})

    def apply(self, target: Target) -> Outcome:
        assert target.kind == self._kind == target.decision.facts['plan']
        if target.name[:2] in self.down:
            raise WikiUnreachable(f'{target.name[:2]} does not answer.')
        if target.name in self.refused:
            raise ApiRefusal('no', 'it is refused', 'w')
        for other in self._ledger.targets(self._campaign):
            ended = other.state in (State.DONE, State.FAILED, State.SKIPPED)
            assert ended or other.stage >= target.stage, f'{other} has not ended'
        self.writes.append((self._kind, target.name))
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            assert target.kind == self._kind
            self.reconciled.append(target.name)
            yield target, None


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(str(tmp_path / 'ledger.sqlite3'))
    yield opened
    opened.close()


@pytest.fixture
def campaign(ledger: Ledger) -> Campaign:
    """One whose targets are named in no order of stages."""
    made = ledger.create(
        'wave',
        action='composed',
        wiki='w',
        operator='o',
        reason='r',
        options={},
        stages=len(KINDS),
    )
    steps = [Step(n, kind, s) for n in NAMES for s, kind in enumerate(KINDS)]
    assert ledger.add(made, steps) == len(steps)
    assert ledger.add(made, steps) == 0
    return make_plan(ledger, made, Composed(ledger, made))


def carry_out(
    ledger: Ledger, campaign: Campaign, action: Action, workers: int = 1
) -> Finish:
    with at_work(ledger, campaign, account='o@w') as run:
        policy = RetryPolicy(attempts=1, pause=0.0)
        engine = Engine(ledger, campaign, action, run, workers=workers, policy=policy)
        return engine.run()


@pytest.mark.parametrize('workers', [1, 3])
def test_each_stage_ends_before_the_next_one_and_undo_goes_back(
    ledger: Ledger, campaign: Campaign, workers: int
) -> None:
    action = Composed(ledger, campaign)
    assert carry_out(ledger, campaign, action, workers) == Finish()
    expected = [(kind, name) for kind in KINDS for name in NAMES]
    assert sorted(action.writes) == sorted(expected)
    assert [kind for kind, _ in action.writes] == [kind for kind, _ in expected]
    undo = ledger.create(
        'undo',
        action='composed',
        wiki='w',
        operator='o',
        reason='r',
        options={},
        stages=campaign.stages,
    )
    ledger.add(undo, undo_steps(campaign, filter(is_changed, ledger.targets(campaign))))
    action = Composed(ledger, undo)
    make_plan(ledger, undo, action)
    assert carry_out(ledger, undo, action, workers) == Finish()
    assert sorted(action.writes) == sorted(expected)
    assert [kind for kind, _ in action.writes] == [kind for kind, _ in expected][::-1]


def test_runs_that_join_are_in_the_same_stage(
    ledger: Ledger, campaign: Campaign
) -> None:
    """Whoever finds nothing left in a stage waits for the others there."""
    action = Composed(ledger, campaign)

    def join(_: int) -> Finish:
        own = Ledger(ledger.location)
        with at_work(own, campaign, account='o@w', join=True) as run:
            finish = Engine(own, campaign, action, run).run()
        own.close()
        return finish

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(join, range(2))) == [Finish(), Finish()]
    assert len(action.writes) == len(set(action.writes)) == len(KINDS) * len(NAMES)


def test_what_a_killed_run_has_left_in_a_stage_is_read_before_the_next_one(
    ledger: Ledger, campaign: Campaign
) -> None:
    first, *_ = ledger.lease(campaign, 'dead/0', 2)
    ledger.record(first, Outcome(State.DONE, changed=True))
    assert ledger.lease(campaign, 'dead/0', 2, stage=2) != []
    action = Composed(ledger, campaign)
    # What was leased too early, by a mistake, is read like everything else.
    assert carry_out(ledger, campaign, action) == Finish()
    assert sorted(action.reconciled) == [NAMES[0], NAMES[1], NAMES[1]]
    assert ('lock', NAMES[0]) not in action.writes
    assert len(action.writes) == len(KINDS) * len(NAMES) - 1


def test_a_stage_of_which_something_is_left_is_followed_by_no_other(
    ledger: Ledger, campaign: Campaign
) -> None:
    """Until the wiki answers again."""
    action = Composed(ledger, campaign)
    action.down.add('bb')
    with ledger.database.begin() as connection:
        connection.exec_driver_sql("UPDATE target SET state='done' WHERE kind='lock'")
    finish = carry_out(ledger, campaign, action)
    assert list(finish.skipped_partitions) == ['bb']
    assert {kind for kind, _ in action.writes} == {'delete'}
    action.down.clear()
    assert carry_out(ledger, campaign, action) == Finish()
    assert len(action.writes) == 2 * len(NAMES)


@pytest.mark.parametrize(
    'change',
    [
        "UPDATE target SET kind='other'",
        'UPDATE target SET stage=0',
        'UPDATE campaign SET stages=1',
    ],
)
@pytest.mark.parametrize('is_planned', [False, True])
def test_nobody_else_can_change_what_is_done_to_a_target_or_when(
    ledger: Ledger, is_planned: bool, change: str
) -> None:
    campaign = ledger.create(
        'x', action='a', wiki='w', operator='o', reason='r', options={}, stages=2
    )
    sealer = Sealer(Key(b'k' * 32), ledger, campaign, 'o@w')
    sealer.begin(confirmed=True)
    ledger.add(campaign, [Step('A', 'lock', 1)], sealer.listed)
    if is_planned:
        make_plan(ledger, campaign, Composed(ledger, campaign), sealer=sealer)
    (target,) = ledger.targets(campaign)
    assert sealer.vouched(target) is not None
    with ledger.database.begin() as connection:
        connection.execute(sa.text(change))
    found = ledger.find('x')
    assert found is not None
    (target,) = ledger.targets(found)
    assert Sealer(Key(b'k' * 32), ledger, found, 'o@w').vouched(target) is None


def test_a_stage_that_the_campaign_does_not_have_is_a_mistake(
    ledger: Ledger, campaign: Campaign
) -> None:
    with pytest.raises(ValueError, match='has 3 stages'):
        ledger.add(campaign, [Step('A', 'lock', 3)])


def test_a_step_or_a_stage_that_somebody_has_made_up_is_refused(
    ledger: Ledger, campaign: Campaign
) -> None:
    with pytest.raises(InvalidInput, match=r"the step 'evil\\x1b', which"):
        Steps({'lock': Composed(ledger, campaign)}).of('evil\x1b')
    for stage in (-1, campaign.stages):
        target = Target(1, Decision('aa0', stage=stage), State.DONE, changed=True)
        with pytest.raises(InvalidInput, match='of a stage that the campaign'):
            list(undo_steps(campaign, [target]))


#: What somebody can make of a target, so that its stage seems to have ended.
ENDED = [
    "UPDATE target SET state='done', changed=1 WHERE {}",
    "UPDATE target SET state='done', seals=NULL WHERE {}",
    "UPDATE target SET state='failed' WHERE {}",
    "UPDATE target SET state='held', held='ALREADY' WHERE {}",
    'DELETE FROM target WHERE {}',
]


@pytest.mark.parametrize('change', ENDED)
@pytest.mark.parametrize('where', ['stage=0', "stage=0 AND name=CAST('aa0' AS BLOB)"])
def test_a_stage_that_others_have_ended_by_hand_is_followed_by_no_other(
    ledger: Ledger, change: str, where: str
) -> None:
    campaign, sealer = sealed(ledger)
    action = Composed(ledger, campaign)
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(change.format(where))
    finish = run_sealed(ledger, campaign, action, OURS)
    assert isinstance(finish.error, StoppedByGuard)
    assert 'so the next step was not started' in str(finish.error)
    assert {kind for kind, _ in action.writes} <= {'lock'}
    # When the operator has seen that and agrees, the others are done.
    sealer.compare()
    sealer.confirm()
    assert run_sealed(ledger, campaign, action, OURS).error is None
    assert {kind for kind, _ in action.writes} >= {'delete', 'report'}


def test_stages_that_were_ended_in_order_are_followed_by_the_next(
    ledger: Ledger,
) -> None:
    """By a run that was stopped and resumed, and although some targets failed."""
    campaign, _ = sealed(ledger)
    action = Composed(ledger, campaign)
    action.refused.add('aa0')
    stopped = run_sealed(ledger, campaign, action, OURS, most=len(NAMES) + 2)
    assert stopped.interrupted
    assert run_sealed(ledger, campaign, action, OURS).error is None
    assert len(action.writes) == len(KINDS) * (len(NAMES) - 1)


def test_a_colleague_who_joins_goes_on_with_the_next_stage(ledger: Ledger) -> None:
    """One who does not is shown first what has ended without the own key."""
    campaign, _ = sealed(ledger)
    colleague = Sealer(THEIRS, ledger, campaign, 'o@w')
    for target in list(ledger.targets(campaign)):
        seal = colleague.decided(target.decision, own=False)
        ledger.add_seals(campaign, [(target.decision, seal)])
    colleague.confirm()
    action = Composed(ledger, campaign)
    assert run_sealed(ledger, campaign, action, OURS, most=len(NAMES)).interrupted
    finish = run_sealed(ledger, campaign, action, THEIRS)
    assert isinstance(finish.error, StoppedByGuard)
    assert run_sealed(ledger, campaign, action, THEIRS, join=True).error is None
    assert len(action.writes) == len(KINDS) * len(NAMES)


def sealed(ledger: Ledger) -> tuple[Campaign, Sealer]:
    """Return a campaign that its operator has planned and confirmed."""
    made = ledger.create(
        'sealed',
        action='composed',
        wiki='w',
        operator='o',
        reason='r',
        options={},
        stages=len(KINDS),
    )
    sealer = Sealer(OURS, ledger, made, 'o@w')
    sealer.begin()
    steps = [Step(n, kind, s) for n in NAMES for s, kind in enumerate(KINDS)]
    sealer.count(ledger.add(made, steps, sealer.listed))
    made = make_plan(ledger, made, Composed(ledger, made), sealer=sealer)
    sealer.confirm()
    return made, sealer


def run_sealed(
    ledger: Ledger,
    campaign: Campaign,
    action: Composed,
    key: Key,
    *,
    join: bool = False,
    most: int | None = None,
) -> Finish:
    """Run a campaign as the operator with a key.

    :param most: stop after so many writes
    """
    with at_work(ledger, campaign, account='o@w', join=join) as run:
        return Engine(
            ledger,
            campaign,
            action,
            run,
            policy=RetryPolicy(attempts=1, pause=0.0),
            should_stop=lambda: len(action.writes) == most,
            sealer=Sealer(key, ledger, campaign, 'o@w'),
        ).run()
