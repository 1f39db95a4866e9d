"""A ledger is opened only where it is safe, and its file is its owner's alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign.database import Database
from mw_tokens_plugin.campaign.schema import budgets
from mw_tokens_plugin.exceptions import InvalidInput


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
        'postgresql://u:secret@h/x',
    ],
)
def test_a_ledger_that_cannot_be_opened_is_a_clear_error(url: str) -> None:
    with pytest.raises(InvalidInput, match='cannot be opened') as caught:
        Database(url)
    assert 'secret' not in str(caught.value)


def test_a_database_that_everybody_can_read_is_refused() -> None:
    with pytest.raises(InvalidInput, match='Everybody can read'):
        Database('mysql+pymysql://u:secret@tools.db/s1__campaigns_p')
