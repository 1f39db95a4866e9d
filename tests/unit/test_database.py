"""A ledger is opened only where it is safe, and its file is its owner's alone."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign.database import Database, _works_later
from mw_tokens_plugin.campaign.schema import budgets
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    LedgerFailure,
    TokensPluginError,
)


def test_only_its_owner_can_read_a_file(tmp_path: Path) -> None:
    path = tmp_path / 'new folder' / 'ledger.sqlite3'
    database = Database(str(path))
    with database.begin() as connection:
        connection.execute(sa.insert(budgets).values(account='A', next_at=0))
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


@pytest.mark.parametrize(
    'url',
    [
        'nosuch://x',
        '/proc/nosuch/ledger',
        'sqlite:////proc/x',
        'mysql+pymysql://u:secret@localhost/x?nonsense=1',
    ],
)
def test_a_ledger_that_cannot_be_opened_is_a_clear_error(url: str) -> None:
    with pytest.raises(InvalidInput, match='cannot be opened') as caught:
        Database(url)
    assert 'secret' not in str(caught.value)


def test_a_host_of_an_unknown_name_is_the_same_error_for_all_databases() -> None:
    """One to correct; without any name server, one that may go away."""
    pytest.importorskip('psycopg')
    errors = []
    for kind in ('mysql+pymysql', 'mariadb+pymysql', 'postgresql+psycopg'):
        with pytest.raises(TokensPluginError, match='cannot be opened') as caught:
            Database(f'{kind}://u:secret@no-such-host.invalid/x')
        assert 'secret' not in str(caught.value)
        errors.append(type(caught.value))
    assert errors in ([InvalidInput] * 3, [LedgerFailure] * 3)


@pytest.mark.parametrize(
    ('said', 'later'),
    [
        ("failed to resolve host 'h': [Errno -2] Name or service not known", False),
        (f"failed to resolve host 'h': [Errno {socket.EAI_AGAIN}] Try again", True),
        ('could not translate host name "h" to address: No such host is known', False),
        ('could not translate host name "h": Temporary failure in it', True),
    ],
)
def test_a_name_that_is_unknown_is_told_from_one_that_could_not_be_asked_for(
    said: str, later: bool
) -> None:
    """Only the text tells, with each driver of PostgreSQL."""
    assert _works_later(sa.exc.OperationalError('', {}, Exception(said))) is later


def test_a_database_that_everybody_can_read_is_refused() -> None:
    with pytest.raises(InvalidInput, match='Everybody can read'):
        Database('mysql+pymysql://u:secret@tools.db/s1__campaigns_p')
