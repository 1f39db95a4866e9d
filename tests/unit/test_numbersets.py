"""What a run remembers of its targets is right, and grows little with their number."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from mw_tokens_plugin.campaign.numbersets import NumberSet

_NUMBERS = st.integers(0, 600) | st.integers(2**62, 2**63 - 1)


@given(st.sets(_NUMBERS), st.sets(_NUMBERS))
def test_it_has_what_was_put_into_it_and_nothing_else(
    put: set[int], asked: set[int]
) -> None:
    numbers = NumberSet(put)
    assert {number for number in put | asked if number in numbers} == put


def test_numbers_in_a_row_take_less_than_a_byte_each() -> None:
    tracemalloc.start()
    numbers = NumberSet(range(5000, 105_000))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 104_999 in numbers
    assert size < 100_000
