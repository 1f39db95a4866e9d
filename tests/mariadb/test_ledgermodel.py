"""Runs that share a ledger on MariaDB: all that holds on SQLite."""

from __future__ import annotations

import pytest
from unit.test_ledgermodel import *  # noqa: F403


@pytest.fixture  # type: ignore[no-redef]
def examples() -> int:
    return 50
