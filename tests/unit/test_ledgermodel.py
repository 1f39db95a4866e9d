"""Runs that share a ledger lose no target, and write none twice without reading it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from unit.ledgermodel import LedgerModel, Place, Silent

from mw_tokens_plugin.campaign import engine, workers

#: Runs at the same time, and one connection to look at what they do.
PLACES = 3 + 1


@pytest.fixture
def examples() -> int:
    """How many stories are told; servers are told more in their own tests."""
    return 30


def test_whatever_happens_to_runs_and_connections_each_target_is_written_once(
    url: str, examples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, 'ActiveRun', Silent)
    # Else one run would have all of them.
    monkeypatch.setattr(engine, 'LEASE', 2)
    places = [Place(url) for _ in range(PLACES)]
    model: Any = partial(LedgerModel, places)
    try:
        run_state_machine_as_test(
            model,
            settings=settings(
                max_examples=examples,
                stateful_step_count=40,
                phases=[Phase.generate],
                deadline=None,
                derandomize=True,
                database=None,
                print_blob=False,
                suppress_health_check=[*HealthCheck],
            ),
        )
    finally:
        for place in places:
            place.ledger.close()
