"""The server's clock is told by its answers, whatever this machine's clock says."""

from __future__ import annotations

from datetime import datetime

import pytest

from mw_tokens_plugin.site.clock import ServerClock

#: 27 November 2026, 10:00:00 UTC.
TEN = 1795773600.0


def clock(here: float) -> ServerClock:
    return ServerClock(lambda: here)


def test_before_the_first_answer_this_machine_tells_the_time() -> None:
    assert clock(TEN).now() == datetime(2026, 11, 27, 10)


@pytest.mark.parametrize('here', [TEN, TEN - 7200, TEN + 86400])
def test_the_latest_answer_tells_the_time(here: float) -> None:
    """Of a second that has begun, half has passed on average."""
    server = clock(here)
    server.heard('Fri, 27 Nov 2026 08:00:00 GMT')
    server.heard('Fri, 27 Nov 2026 10:00:00 GMT')
    assert server.now() == datetime(2026, 11, 27, 10, 0, 0, 500_000)


@pytest.mark.parametrize('date', [None, '', 'yesterday', 'Fri, 99 Nov 2026 10:00:00'])
def test_an_answer_that_tells_no_time_changes_nothing(date: str | None) -> None:
    server = clock(TEN)
    server.heard(date)
    assert server.now() == datetime(2026, 11, 27, 10)
