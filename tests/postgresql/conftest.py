"""The server, started once by ``pytest tests/postgresql``.

Without one the tests are skipped, but not in continuous integration; ``pytest`` for the
whole project starts none.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import PostgreSQL, missing

HERE = Path(__file__).parent


@pytest.fixture(scope='session')
def postgresql(pytestconfig: pytest.Config) -> Iterator[PostgreSQL]:
    """A PostgreSQL that cares for speed, not for what a loss of power leaves."""
    if not _asked_for(pytestconfig):
        pytest.skip('a PostgreSQL is started by: pytest tests/postgresql')
    if problem := missing():
        if os.environ.get('CI'):
            pytest.fail(problem)
        pytest.skip(problem)
    with (
        tempfile.TemporaryDirectory(prefix='mw_tokens_pg.') as directory,
        PostgreSQL(Path(directory)) as server,
    ):
        yield server


@pytest.fixture
def url(postgresql: PostgreSQL) -> str:
    """An empty database."""
    return postgresql.new_database()


def _asked_for(config: pytest.Config) -> bool:
    paths = [Path(argument.partition('::')[0]).resolve() for argument in config.args]
    return any(path.is_relative_to(HERE) for path in paths)
