"""Start the sandbox for the replay, and print how much of the recordings it replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from .exceptions import EXCEPTIONS
from .stage import Stage, running_stage

Counts = dict[tuple[str, str], Counter[str]]
REPLAYED = pytest.StashKey[Counts]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPLAYED] = {}


@pytest.fixture(scope='session')
def replayed(pytestconfig: pytest.Config) -> Counts:
    """Where each replay writes down how many exchanges it replayed, of how many."""
    return pytestconfig.stash[REPLAYED]


@pytest.fixture(scope='session')
def recorded_farm() -> Iterator[Callable[[str], Stage]]:
    """The farms of the recordings, one a release, each shared by all replays."""
    with ExitStack() as running:
        yield cache(lambda release: running.enter_context(running_stage(release)))


@pytest.fixture
def stage(release: str, recorded_farm: Callable[[str], Stage]) -> Stage:
    """The farm of the recordings, in the state in which each recording began."""
    stage = recorded_farm(release)
    stage.reset()
    return stage


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    counts = config.stash[REPLAYED]
    for release in dict.fromkeys(release for release, _ in counts):
        found = {name: count for (of, name), count in counts.items() if of == release}
        terminalreporter.section(f'exchanges recorded of {release}, replayed')
        for name, count in [*found.items(), ('all', sum(found.values(), Counter()))]:
            terminalreporter.line(
                f'{name}: {count["exact"]} of {count["all"]} as recorded, '
                f'{count["excepted"]} excepted'
            )
        for name, reasons in EXCEPTIONS[release].items():
            if name in found:
                for reason, number in Counter(reasons.values()).items():
                    terminalreporter.line(
                        f'excepted in {name}, {number} times: {reason}'
                    )
