"""A ledger that was put back to a backup: what the operator has done stays theirs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign import batch, plan

from .desk import Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
NAMES = [f'Spambot {number:05}' for number in range(1, 5)]
PAGES = [f'aawiki\tSpam page {number}' for number in range(1, 4)]
USUAL = ('-reason:Spam-only account', '-always')

Script = Callable[..., Run]


def copy(ledger: Path, to: Path) -> None:
    """Make a backup as the docs say."""
    with closing(sqlite3.connect(ledger)) as one, closing(sqlite3.connect(to)) as two:
        one.backup(two)


@pytest.fixture
def restored(
    pwb: Script, ledger_file: Path, tmp_path: Path
) -> Callable[[str, list[str]], None]:
    """Carry out a campaign, and forget that by a ledger from before."""

    def carry_out(name: str, targets: list[str]) -> None:
        run = pwb(name, *targets, *USUAL, '-simulate', '-campaign:wave')
        assert run.code == 0, run.said
        copy(ledger_file, tmp_path / 'backup')
        assert pwb(name, '-resume', '-always').code == 0
        for path in tmp_path.glob(f'{ledger_file.name}*'):
            path.unlink()
        (tmp_path / 'backup').chmod(0o600)
        (tmp_path / 'backup').rename(ledger_file)

    return carry_out


@pytest.mark.parametrize('age', ['fresh', 'older', 'stale'])
def test_what_was_locked_before_is_the_operators_own_and_can_be_undone(
    pwb: Script,
    restored: Callable[[str, list[str]], None],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    age: str,
) -> None:
    """By a plan of today and an older one; what a colleague has locked is theirs."""
    restored('global_lock', NAMES)

    def by_a_colleague(farm: Any) -> None:
        account = farm.accounts[NAMES[3]]
        for user, locked in (('Sandbox Operator', False), ('Sandbox Colleague', True)):
            how = {'hidden': '', 'wiki': farm.central, 'reason': 'checked'}
            farm.set_status(account, locked=locked, operator=user, **how)

    sandbox.call(by_a_colleague)
    entries = len(sandbox.journal.entries(action=LOCK))
    if age == 'older':
        monkeypatch.setattr(batch, 'FRESH', timedelta())
    if age == 'stale':
        monkeypatch.setattr(plan, 'FRESH', timedelta())
    run = pwb('global_lock', '-resume', '-always')
    assert run.code == 0, run.said
    assert 'You had already locked 3 accounts since the plan was made.' in run.out
    sent = sandbox.journal.entries(action=LOCK)[entries:]
    assert not any(entry.effect for entry in sent)
    assert bool(sent) is (age == 'fresh')
    monkeypatch.undo()
    run = pwb('global_lock', '-undo:wave', '-reason:wrong list', '-always')
    assert run.code == 0, run.said
    assert (
        'Done:      4 (1 of them not by this campaign)'
        in pwb('campaign', 'show', 'wave').out
    )
    assert 'Done:      3' in run.out
    locked = [name for name in NAMES if sandbox.farm.accounts[name].locked]
    assert locked == NAMES[3:]


def test_nobody_takes_a_lock_out_of_its_undo_by_another_record_of_it(
    pwb: Script,
    restored: Callable[[str, list[str]], None],
    sandbox: Sandbox,
    ledger_file: Path,
) -> None:
    """A campaign that somebody has written into the ledger has done nothing."""
    restored('global_lock', NAMES[:1])
    with closing(sqlite3.connect(ledger_file)) as database:
        for table, ours in (('campaign', "id=77, name='x'"), ('target', 'id=77')):
            database.execute(f'CREATE TEMP TABLE copied AS SELECT * FROM {table}')
            database.execute(f'UPDATE copied SET {ours}')
            if table == 'target':
                database.execute(
                    "UPDATE copied SET campaign_id=77, state='done', changed=1,"
                    " account='Sandbox Operator@sandbox:meta',"
                    " ended_at='2100-01-01 00:00:00.000000'"
                )
            database.execute(f'INSERT INTO {table} SELECT * FROM copied')
            database.execute('DROP TABLE copied')
        database.commit()
    run = pwb('global_lock', '-resume', '-campaign:wave', '-always')
    assert run.code == 0 and 'not by this campaign' not in run.out, run.said
    assert pwb('global_lock', '-undo:wave', *USUAL).code == 0
    assert not sandbox.farm.accounts[NAMES[0]].locked


@pytest.mark.parametrize('stale', [False, True])
def test_what_was_deleted_before_is_the_operators_own(
    pwb: Script,
    restored: Callable[[str, list[str]], None],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    stale: bool,
) -> None:
    restored('global_delete', NAMES[1:3])
    if stale:
        monkeypatch.setattr(plan, 'FRESH', timedelta())
    sandbox.journal.clear()
    run = pwb('global_delete', '-resume', '-always')
    assert run.code == 0, run.said
    assert 'You had already deleted 2 targets since the plan was made.' in run.out
    assert not sandbox.journal.entries(action='deleteglobalaccount')


@pytest.mark.parametrize('stale', [False, True])
def test_pages_that_were_deleted_before_can_be_restored(
    pwb: Script,
    restored: Callable[[str, list[str]], None],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    stale: bool,
) -> None:
    def write(farm: Any) -> None:
        for page in PAGES:
            title = page.partition('\t')[2]
            farm.wikis['aa'].edit(title, 'Buy!', user='Spambot 00001')

    sandbox.call(write)
    restored('crosswiki_delete', PAGES)
    if stale:
        monkeypatch.setattr(plan, 'FRESH', timedelta())
    sandbox.journal.clear()
    run = pwb('crosswiki_delete', '-resume', '-always')
    assert run.code == 0, run.said
    assert 'You had already deleted 3 targets since the plan was made.' in run.out
    assert not sandbox.journal.entries(action='delete')
    run = pwb('crosswiki_delete', '-undo:wave', '-reason:wrong list', '-always')
    assert run.code == 0, run.said
    assert 'Done:      3' in run.out
