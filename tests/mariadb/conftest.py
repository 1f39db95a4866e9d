"""The server, started once by ``pytest tests/mariadb``.

Without one the tests are skipped, but not in continuous integration; ``pytest`` for the
whole project starts none, and does not collect them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from needed import is_asked_for, need

from .server import MariaDB, missing

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave them out where nobody has asked for a MariaDB."""
    return None if is_asked_for(config, HERE) else True


@pytest.fixture(scope='session')
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB that cares for speed, not for what a loss of power leaves."""
    need(missing())
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
