"""pywikibot's own scripts do the same with the plugin as without it."""

from __future__ import annotations

import importlib.util
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from needed import is_asked_for, need

from .differences import DIFFERENCES, ELSEWHERE, unlike
from .stage import Done, staged
from .stories import STORIES

#: How many commands of each story are run, if not all are asked for.
DRAWN = 10


@pytest.fixture
def _has_scripts(request: pytest.FixtureRequest) -> None:
    missing = importlib.util.find_spec('pywikibot_scripts') is None
    problem = 'pywikibot-scripts is not installed' if missing else ''
    if is_asked_for(request.config, Path(__file__).parent):
        need(problem)
    elif problem:
        pytest.skip(problem)


def drawn(name: str, wanted: str | None) -> list[str]:
    """Return a part of a story: some commands with what precedes them."""
    lines = [line for line in STORIES[name] if line]
    if wanted == 'all':
        return lines
    chance = random.Random(f'{name} {wanted}' if wanted else name)
    places = [n for n, line in enumerate(lines) if line[0] not in '!*']
    chosen = set(chance.sample(places, min(DRAWN, len(places))))
    # A fault or command to the sandbox belongs to what follows.
    for place in sorted(chosen):
        before = place - 1
        while before >= 0 and lines[before][0] in '!*':
            chosen.add(before)
            before -= 1
    return [line for n, line in enumerate(lines) if n in chosen]


@pytest.mark.faults
@pytest.mark.usefixtures('_has_scripts')
@pytest.mark.parametrize('name', STORIES)
def test_a_story_ends_alike(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In exit codes, output and requests of each command, and on the wiki."""
    lines = drawn(name, request.config.getoption('seeds'))
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        stages = [
            stack.enter_context(staged(tmp_path / mode, plugin=mode == 'plugin'))
            for mode in ('plain', 'plugin')
        ]
        plain, plugin = pool.map(lambda stage: list(stage.play(lines)), stages)
        states = [stage.state() for stage in stages]
    wrong = list(_unlike(plain, plugin))
    assert not wrong, '\n'.join(wrong)
    assert states[0] == states[1]
    requests = [sum(len(each.requests) for each in done) for done in (plain, plugin)]
    # Which tokens there are is asked once more now and then, the rest less often.
    assert requests[1] <= requests[0] + 3, requests


def _unlike(plain: list[Done], plugin: list[Done]) -> Iterator[str]:
    for one, other in zip(plain, plugin, strict=True):
        for difference in unlike(one, other):
            yield f'{one.command}: {difference}'


def test_the_stories_are_long_and_do_something() -> None:
    commands = [line for lines in STORIES.values() for line in lines]
    assert len([line for line in commands if line and line[0] not in '!*']) >= 265


def test_each_difference_is_documented() -> None:
    page = Path(__file__).parents[2] / 'docs' / 'bots.md'
    table = page.read_text('utf-8').partition('## With the plugin and without it')[2]
    assert set(re.findall(r'^\| `(\w+)` \|', table, re.MULTILINE)) == (
        DIFFERENCES.keys() | ELSEWHERE
    )
