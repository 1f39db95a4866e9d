"""Names that must not be known are not written where others may read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mw_tokens_plugin.campaign.database import Database

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .desk import Run

NAME = 'Spambot 00007'
REFUSED = 'whoever can read that server'


@pytest.fixture
def on_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ledger be one of a server, which one of SQLite stands for."""
    monkeypatch.setattr(Database, 'is_on_server', True)


@pytest.mark.usefixtures('on_server')
def test_a_ledger_on_a_server_refuses_names_that_are_to_be_hidden(
    pwb: Callable[..., Run], sandbox: Sandbox, ledger_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / 'names'
    file.write_text(NAME, 'utf-8')
    wanted = f'-file:{file}', '-hide:lists', '-reason:t', '-simulate'
    run = pwb('global_lock', *wanted)
    assert run.code == 2, run.said
    assert REFUSED in run.err
    assert NAME not in run.said
    assert NAME.encode() not in ledger_file.read_bytes()
    assert pwb('global_lock', *wanted, '-ledger-is-private').code == 0


@pytest.mark.usefixtures('on_server')
def test_a_ledger_on_a_server_refuses_campaigns_about_hidden_abusers(
    pwb: Callable[..., Run], sandbox: Sandbox, site: Any, ledger_file: Path
) -> None:
    sandbox.call(lambda farm: setattr(farm.accounts[NAME], 'hidden', 'lists'))
    wanted = '-simulate', '-always', '-reason:t', '-wikis:all', '-since:2000-01-01'
    run = pwb('crosswiki_rollback', NAME, *wanted)
    assert run.code == 2, run.said
    assert REFUSED in run.err
    assert NAME.encode() not in ledger_file.read_bytes()
    run = pwb('crosswiki_rollback', NAME, *wanted, '-ledger-is-private')
    assert REFUSED not in run.said


def test_a_file_of_ones_own_takes_them(pwb: Callable[..., Run], tmp_path: Path) -> None:
    file = tmp_path / 'names'
    file.write_text(NAME, 'utf-8')
    run = pwb('global_lock', f'-file:{file}', '-hide:lists', '-reason:t', '-simulate')
    assert run.code == 0, run.said
