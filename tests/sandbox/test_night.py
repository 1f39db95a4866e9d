"""Everything that can go wrong in a long night, over and over: nothing is lost.

A thousand schedules of faults, drawn from seeds, over real HTTP with short waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.sandbox import Sandbox
from mw_tokens_plugin.sandbox.faults import KINDS

from .farms import Farm
from .night import MOST_TARGETS, Night, Schedule, scaled_waits

#: Faults that only other wikis than the central one meet.
_ELSEWHERE = {'expire-centralauthtokens', 'autocreate-race'}


@pytest.fixture
def night(flavour: str, seeds: range, tmp_path: Path) -> Iterator[Night]:
    """A night on a farm of its own."""
    directory = Path(os.environ['PYWIKIBOT_DIR'])
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    accounts = MOST_TARGETS * len(seeds)
    with (
        Sandbox(wikis=1, accounts=accounts, mediawiki=flavour) as sandbox,
        scaled_waits(),
    ):
        farm = Farm.of_sandbox(sandbox, f'night{flavour[0]}')
        farm.introduce(directory)
        farm.choose(directory)
        yield Night(farm, sandbox, ledger, directory)
    ledger.close()


@pytest.mark.faults
@pytest.mark.parametrize(
    ('flavour', 'seeds'),
    [('current', range(800)), ('1.43', range(800, 1000))],
    ids=['current', '1.43'],
)
def test_nothing_is_lost_and_nothing_is_done_twice(
    night: Night, seeds: range, capfd: pytest.CaptureFixture[str]
) -> None:
    for seed in seeds:
        schedule = Schedule.of(seed)
        try:
            night.play(schedule)
        except BaseException:
            print(f'It failed with {schedule}')
            raise
        capfd.readouterr()
    with capfd.disabled():
        print(f'\n{night.judgement}')
    # The night was one.
    assert set(night.judgement.kinds) == set(KINDS) - _ELSEWHERE
    assert night.judgement.lost > len(seeds) / 10
