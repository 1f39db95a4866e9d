"""Start the sandbox for the replay, and print how much of the recordings it replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from .exceptions import EXCEPTIONS
from .stage import Stage, running_stage

REPLAYED = pytest.StashKey[dict[str, Counter[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPLAYED] = {}


@pytest.fixture(scope='session')
def replayed(pytestconfig: pytest.Config) -> dict[str, Counter[str]]:
    """Where each replay writes down how many exchanges it replayed, of how many."""
    return pytestconfig.stash[REPLAYED]


@pytest.fixture(scope='session')
def recorded_farm() -> Iterator[Stage]:
    """The farm of the recordings, shared by all replays."""
    with running_stage() as stage:
        yield stage


@pytest.fixture
def stage(recorded_farm: Stage) -> Stage:
    """The farm of the recordings, in the state in which each recording began."""
    recorded_farm.reset()
    return recorded_farm


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    counts = config.stash[REPLAYED]
    if not counts:
        return
    terminalreporter.section('recorded exchanges, replayed against the sandbox')
    for name, count in [*counts.items(), ('all', sum(counts.values(), Counter()))]:
        terminalreporter.line(
            f'{name}: {count["exact"]} of {count["all"]} as recorded, '
            f'{count["excepted"]} excepted'
        )
    for name, reasons in EXCEPTIONS.items():
        if name in counts:
            for reason, number in Counter(reasons.values()).items():
                terminalreporter.line(f'excepted in {name}, {number} times: {reason}')
