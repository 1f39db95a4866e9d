"""How large the pieces of a file are, and what is taken for the rate of the line."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pywikibot import config

from mw_tokens_plugin.site.foreign.line import (
    FIRST_PIECE,
    MAX_PIECE,
    MIN_PIECE,
    Line,
    TimedBody,
)


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    return Line(clock)


def send(line: Line, rate: float, size: int | None = None) -> int:
    """Send a piece at a rate; return how large it was."""
    wanted = line.size()
    size = wanted if size is None else min(size, wanted)
    line.accepted(size, wanted, size / rate, size)
    return size


def test_pieces_grow_twofold_at_most_and_only_to_what_proxies_take(line: Line) -> None:
    sizes = [send(line, 1e9) for _ in range(9)]
    assert sizes[0] == FIRST_PIECE
    assert all(later <= 2 * sooner for sooner, later in pairwise(sizes))
    assert sizes[-1] == MAX_PIECE <= 8_000_000


def test_pieces_fit_the_rate(line: Line) -> None:
    for _ in range(9):
        send(line, 1e9)
    send(line, 100_000)
    assert line.rate == pytest.approx(100_000)
    assert line.size() == pytest.approx(250_000, abs=1)
    send(line, 1e9)
    # A burst is no reason to send much at once.
    assert line.size() == pytest.approx(500_000, abs=2)


def test_the_end_of_a_file_makes_the_next_pieces_neither_smaller_nor_larger(
    line: Line,
) -> None:
    for _ in range(3):
        send(line, 1e9)
    before = line.size()
    send(line, 1e9, size=20_000)
    assert line.size() == before
    send(line, 100.0, size=50)
    assert line.size() == before


def test_what_fails_is_no_rate_and_is_sent_in_halves(line: Line) -> None:
    for _ in range(4):
        send(line, 1e6)
    rate, size = line.rate, line.size()
    line.failed(size)
    assert (line.rate, line.size()) == (rate, size // 2)
    # What was sent before it was abandoned tells how much would have been in time.
    line.failed(size // 2, sent=50_000, seconds=5.0)
    assert line.size() == 25_000
    for _ in range(30):
        line.failed(line.size())
    assert line.size() == MIN_PIECE
    assert line.size(smallest=20_000) == 20_000


def test_a_limit_of_the_server_is_remembered(line: Line) -> None:
    line.limited(100_000)
    for _ in range(9):
        send(line, 1e9)
    assert line.size() == 100_000


def test_a_rate_is_forgotten_when_it_is_old(line: Line, clock: Clock) -> None:
    for _ in range(9):
        send(line, 1e9)
    clock.now += 3600
    assert line.rate is None
    assert line.size() == FIRST_PIECE


@pytest.mark.parametrize('limits', [0.5, (0.5, 45), (6, 0.5), (0.5, None)])
def test_pieces_are_sent_before_the_socket_times_out(
    line: Line, monkeypatch: pytest.MonkeyPatch, limits: object
) -> None:
    monkeypatch.setattr(config, 'socket_timeout', limits)
    send(line, 200_000)
    assert line.size() / 200_000 <= 0.25


def test_the_sending_of_a_body_is_timed_and_not_the_answer(clock: Clock) -> None:
    body = TimedBody(b'0123456789', clock=clock)
    assert body == b'0123456789' and len(body) == 10
    blocks = []
    while block := body.read(4):
        blocks.append(block)
        clock.now += 1
    assert b''.join(blocks) == body
    clock.now += 100
    assert (body.seconds, body.sent) == (3, 10)
    # It can be sent again.
    assert body.read() == body


def test_a_body_that_takes_too_long_is_abandoned(clock: Clock) -> None:
    body = TimedBody(b'0123456789', 5.0, clock)
    body.read(4)
    clock.now += 3
    body.read(4)
    clock.now += 3
    with pytest.raises(TimeoutError):
        body.read(4)
    clock.now += 100
    assert body.abandoned
    assert (body.seconds, body.sent) == (6, 8)
