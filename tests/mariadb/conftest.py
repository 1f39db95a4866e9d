"""The server, started once; without one the tests are skipped, but not in CI."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import MariaDB, missing


@pytest.fixture(scope='session')
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB that cares for speed, not for what a loss of power leaves."""
    if problem := missing():
        if os.environ.get('CI'):
            pytest.fail(problem)
        pytest.skip(problem)
    with (
        tempfile.TemporaryDirectory(prefix='mw_tokens_mariadb.') as directory,
        MariaDB(
            Path(directory), '--innodb-flush-log-at-trx-commit=0', '--skip-log-bin'
        ) as server,
    ):
        yield server


@pytest.fixture
def url(mariadb: MariaDB) -> str:
    """An empty database."""
    return mariadb.new_database()
