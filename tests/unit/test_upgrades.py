"""An older ledger in a file that cannot be upgraded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from unit.test_ledger import begin, make_older, plan_all

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import now
from mw_tokens_plugin.exceptions import InvalidInput


@pytest.mark.parametrize(
    ('table', 'name'),
    [('target', 'facts'), ('target', 'detail'), ('attempt', 'detail')],
)
def test_a_row_that_is_no_text_is_named_and_nothing_is_upgraded(
    tmp_path: Path, table: str, name: str
) -> None:
    """The older version can still use the ledger, and correct the row."""
    path = str(tmp_path / 'ledger.sqlite3')
    ledger = Ledger(path)
    campaign = begin(ledger, *'AB')
    plan_all(ledger, campaign)
    (first, _second) = ledger.lease(campaign, 'one/0', 2)
    ledger.note_attempt(first, now(), 'ReadOnly: readonly on w: maintenance')
    make_older(ledger, 2)
    ledger.close()

    def content() -> list[str]:
        with closing(sqlite3.connect(path)) as database:
            database.text_factory = bytes
            kept = database.execute('SELECT sql FROM sqlite_master').fetchall()
            rows = database.execute(f'SELECT * FROM {table}')
            return [*map(str, kept), *map(str, rows)]

    def set_to(value: bytes) -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(
                f'UPDATE {table} SET {name} = CAST(? AS TEXT) WHERE id = 1', (value,)
            )
            database.commit()

    set_to(b'\xff')
    before = content()
    with pytest.raises(InvalidInput) as caught:
        Ledger(path)
    (line,) = str(caught.value).splitlines()
    assert f"the row 1 of its table '{table}'" in line and repr(name) in line
    assert content() == before
    assert not list(tmp_path.glob('*version*'))
    set_to(b'{}')
    Ledger(path).close()
