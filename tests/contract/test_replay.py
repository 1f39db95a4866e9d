"""The sandbox answers as MediaWiki with CentralAuth answered, in each release."""

from __future__ import annotations

from collections import Counter

import pytest

from . import scripts, scripts_tip
from .exceptions import EXCEPTIONS, LATER
from .replay import Replay
from .samples import RELEASES, load, recordings
from .stage import Stage

SCRIPTS = {'1.43': scripts.SCRIPTS, 'tip': scripts_tip.SCRIPTS}

REPLAYED = [
    (release, name)
    for release in RELEASES
    for name in recordings(release)
    if release != 'tip' or name not in LATER
]

#: A longer list would say that this is another wiki.
MOST_REASONS = 8
MOST_EXCEPTIONS = {'1.43': 62, 'tip': 80}


@pytest.mark.parametrize(('release', 'name'), REPLAYED)
def test_the_sandbox_answers_as_recorded(
    release: str,
    name: str,
    stage: Stage,
    replayed: dict[tuple[str, str], Counter[str]],
) -> None:
    """Every exchange is answered as recorded, but for those that are listed."""
    excepted = EXCEPTIONS[release].get(name, {})
    count = replayed[release, name] = Counter()
    faults = []
    replay = Replay(stage, SCRIPTS[release][name])
    try:
        for exchange in load(name, release):
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


@pytest.mark.parametrize('release', RELEASES)
def test_every_listed_exception_exists(release: str) -> None:
    """The list names only what exists, is not longer than it was, and gives reasons."""
    listed = EXCEPTIONS[release]
    for name, indexes in listed.items():
        assert set(indexes) <= set(range(len(load(name, release)))), name
    reasons = [reason for of in listed.values() for reason in of.values()]
    assert len(reasons) <= MOST_EXCEPTIONS[release]
    assert len(set(reasons)) <= MOST_REASONS
