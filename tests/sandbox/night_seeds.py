"""Which schedules are played: a part of each test's, all, or those that are asked for.

The part is the same in every run; all of them are what ``tox run -e nights`` plays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

#: What is given as ``--seeds`` to play all of them.
ALL = 'all'

#: Where nothing is given, one in so many is played.
PART = 8


def parametrize(metafunc: pytest.Metafunc, shares: Iterable[tuple[Any, ...]]) -> None:
    """Give a test its seeds, each share of which may be played by another worker.

    :param shares: the values of `seeds`, or of `flavour` and `seeds`
    """
    if 'seeds' not in metafunc.fixturenames:
        return
    shares = list(shares)
    wanted = metafunc.config.getoption('seeds')
    if wanted is None:
        shares = [(*about, seeds[: len(seeds) // PART]) for *about, seeds in shares]
    elif wanted != ALL:
        first, _, last = wanted.partition('-')
        seeds = range(int(first), int(last or first) + 1)
        *about, _ = next((s for s in shares if seeds.start in s[-1]), shares[0])
        shares = [(*about, seeds)]
    names = [name for name in ('flavour', 'seeds') if name in metafunc.fixturenames]
    metafunc.parametrize(names, shares, ids=['-'.join(map(_words, s)) for s in shares])


@contextmanager
def told(schedule: Any, said: Iterable[str] = ()) -> Iterator[None]:
    """Say how to play a schedule again, if it fails.

    :param said: what was said until then
    """
    try:
        yield
    except BaseException:
        print(*said, sep='\n')
        print(f'It failed with {schedule}')
        print(f'To play it again: --seeds={schedule.seed}')
        raise


def _words(value: Any) -> str:
    if isinstance(value, range):
        return f'seeds-{value.start}-{value.stop - 1}'
    return str(value)
