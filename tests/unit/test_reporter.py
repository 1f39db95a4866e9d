"""What takes long shows that it goes on, and how far it is."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from mw_tokens_plugin.campaign.report.console import Reporter


@pytest.mark.parametrize('terminal', [True, False])
def test_a_long_list_shows_every_few_seconds_how_far_it_is(terminal: bool) -> None:
    moment = 0.0

    def names() -> Iterator[str]:
        nonlocal moment
        for number in range(60):
            moment += 0.5
            yield f'Spambot {number}'

    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, color_system=None, width=80)
    reporter = Reporter(console, clock=lambda: moment)
    assert len(list(reporter.counted(names(), 'campaign-listing'))) == 60
    lines = out.getvalue().splitlines()
    assert lines == [f'Listing targets: {n} so far.' for n in range(10, 61, 10)]
    step = reporter.watch('campaign-planning', total=3)
    for _ in range(3):
        moment += 4
        step()
    assert 'Planning: 2 of 3.' in out.getvalue()
    assert 'Planning: 3 of 3.' not in out.getvalue()


def test_nothing_is_said_where_it_is_to_be_quiet() -> None:
    out = io.StringIO()
    reporter = Reporter(Console(file=out), quiet=True, clock=iter(range(99)).__next__)
    list(reporter.counted(['A'] * 20, 'campaign-listing'))
    assert not out.getvalue()
