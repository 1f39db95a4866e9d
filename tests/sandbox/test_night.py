"""Everything that can go wrong in a long night, over and over: nothing is lost.

A thousand schedules of faults, drawn from seeds, over real HTTP with short waits.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.faults import KINDS
from mw_tokens_plugin.campaign.ledger import Ledger

from .farms import Farm
from .night import MOST_TARGETS, Night, Schedule, scaled_waits
from .night_seeds import Seeds, choose, enough, parametrize, told

#: Faults that only other wikis than the central one meet.
_ELSEWHERE = {
    *('expire-centralauthtokens', 'autocreate-race', 'stale-read'),
    *('truncated', 'trickle'),
}


@pytest.fixture
def night(flavour: str, seeds: Seeds, tmp_path: Path) -> Iterator[Night]:
    """A night on a farm of its own."""
    directory = Path(os.environ['PYWIKIBOT_DIR'])
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    accounts = MOST_TARGETS * len(seeds)
    with (
        Sandbox(wikis=1, accounts=accounts, mediawiki=flavour) as sandbox,
        scaled_waits(),
    ):
        farm = Farm.of_sandbox(sandbox, f'night{seeds[0]}')
        farm.introduce(directory)
        farm.choose(directory)
        yield Night(farm, sandbox, ledger, directory)
    ledger.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(
        metafunc,
        [
            ('current', range(250)),
            ('current', range(250, 500)),
            ('current', range(500, 750)),
            ('1.43', range(750, 1000)),
        ],
    )


@pytest.mark.faults
def test_nothing_is_lost_and_nothing_is_done_twice(
    night: Night, seeds: Seeds, capfd: pytest.CaptureFixture[str]
) -> None:
    for seed in seeds:
        schedule = Schedule.of(seed)
        with told(schedule):
            night.play(schedule)
        capfd.readouterr()
    print(night.judgement)
    assert night.judgement.lost >= enough(seeds)


@pytest.mark.parametrize(
    ('wanted', 'count'),
    [
        ('all', 1000),
        ('5@tests', 5),
        ('25@4fad', 25),
        ('200@nights', 200),
        ('7-9', 3),
    ],
)
def test_the_same_schedules_are_drawn_again_by_the_same_word(
    wanted: str, count: int
) -> None:
    shares = [range(start, start + 250) for start in range(0, 1000, 250)]
    chosen = choose(shares, wanted)
    assert chosen == choose(shares, wanted)
    assert len({seed for seeds in chosen for seed in seeds}) == count
    if '@' in wanted:
        for seeds, share in zip(chosen, shares, strict=True):
            assert seeds and set(seeds) <= set(share)
        assert chosen != choose(shares, f'{wanted}1')


def test_all_that_can_go_wrong_does() -> None:
    """The schedules have every fault of the sandbox that one wiki can meet."""
    kinds = Counter(
        fault['kind'] for seed in range(1000) for fault in Schedule.of(seed).faults
    )
    assert set(kinds) == set(KINDS) - _ELSEWHERE
    assert min(kinds.values()) >= 10, kinds
