"""What the engine makes of errors that no wiki gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from mw_tokens_plugin.campaign.workers import at_work

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
