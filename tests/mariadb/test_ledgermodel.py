"""Runs that share a ledger on MariaDB: all that holds on SQLite."""

from __future__ import annotations

import pytest
from unit.test_ledgermodel import *  # noqa: F403


@pytest.fixture
def examples() -> int:  # type: ignore[no-redef]
    return 50
