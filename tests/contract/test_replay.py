"""The sandbox answers as MediaWiki 1.43 with CentralAuth answered."""

from __future__ import annotations

from collections import Counter

import pytest

from .exceptions import EXCEPTIONS
from .replay import Replay
from .samples import load, recordings
from .scripts import SCRIPTS
from .stage import Stage


@pytest.mark.parametrize('name', recordings())
def test_the_sandbox_answers_as_recorded(
    name: str, stage: Stage, replayed: dict[str, Counter[str]]
) -> None:
    """Every exchange is answered as recorded, but for those that are listed."""
    excepted = EXCEPTIONS.get(name, {})
    count = replayed[name] = Counter()
    faults = []
    replay = Replay(stage, SCRIPTS[name])
    try:
        for exchange in load(name):
            found = replay.differences(exchange)
            count['all'] += 1
            if exchange.index in excepted:
                count['excepted'] += 1
                if not found:
                    faults.append(f'[{exchange.index}] is listed, but as recorded')
            elif found:
                faults.append(f'[{exchange.index}] {exchange.note}')
                faults.extend(f'    {difference}' for difference in found)
            else:
                count['exact'] += 1
    finally:
        replay.close()
    assert not faults, '\n' + '\n'.join(faults)


def test_every_listed_exception_exists() -> None:
    """The list of exceptions names only recordings and exchanges that exist."""
    for name, reasons in EXCEPTIONS.items():
        assert set(reasons) <= set(range(len(load(name)))), name
