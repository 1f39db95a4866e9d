"""Which schedules are played: five of each test's, all, those asked for, or some drawn.

The five are the same in every run, so that it is the change that makes a test fail; CI
draws others for each commit.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

#: What is given as ``--seeds`` to play all of them.
ALL = 'all'

#: What is played where nothing is given.
FEW = '5@tests'

#: From so many on it is a long run, of all that there is.
LONG = 100

Seeds = Sequence[int]


def parametrize(
    metafunc: pytest.Metafunc, shares: Iterable[tuple[Any, ...]], few: str = FEW
) -> None:
    """Give a test its seeds, each share of which may be played by another worker.

    :param shares: the values of `seeds`, or of `flavour` and `seeds`
    :param few: what is played where nothing is asked for
    """
    if 'seeds' not in metafunc.fixturenames:
        return
    shares = list(shares)
    wanted = metafunc.config.getoption('seeds') or few
    chosen = choose([share[-1] for share in shares], wanted)
    played = [(*about, s) for (*about, _), s in zip(shares, chosen, strict=True) if s]
    names = [name for name in ('flavour', 'seeds') if name in metafunc.fixturenames]
    metafunc.parametrize(names, played, ids=['-'.join(map(_words, s)) for s in played])


def choose(shares: Sequence[range], wanted: str) -> list[Seeds]:
    """Choose the seeds that are played of each share.

    :param wanted: ``all``, a number, two numbers with a hyphen between them, or how
        many are drawn by a word: ``25@word``, of each share one at least
    """
    if wanted == ALL:
        return [*shares]
    count, drawn, word = wanted.partition('@')
    if not drawn:
        first, _, last = wanted.partition('-')
        seeds = range(int(first), int(last or first) + 1)
        # Those beyond all shares are played as well, as if they were of the first.
        own = next((n for n, s in enumerate(shares) if seeds.start in s), 0)
        return [seeds if n == own else () for n in range(len(shares))]
    chosen: list[Seeds] = []
    for number, share in enumerate(shares):
        part = max(1, (int(count) + number) // len(shares))
        chance = random.Random(f'{word} {share.start}')
        chosen.append(sorted(chance.sample(share, min(part, len(share)))))
    return chosen


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


def is_long(wanted: str | None) -> bool:
    """Tell whether all is to be played of what is drawn otherwise than by seeds."""
    count, drawn, _ = (wanted or '').partition('@')
    return wanted == ALL or (bool(drawn) and int(count) >= LONG)


def enough(seeds: Seeds) -> int:
    """Return how many answers must be lost at least; few schedules may lose none."""
    return max(0, (len(seeds) - 20) // 10)


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f'{len(value)}-seeds-{value[0]}-{value[-1]}'
