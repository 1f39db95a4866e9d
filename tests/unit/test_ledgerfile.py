"""The file of a ledger on a machine with other users."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path

import pytest

from mw_tokens_plugin.campaign.database import Database
from mw_tokens_plugin.campaign.ledgerfile import prepare
from mw_tokens_plugin.exceptions import InvalidInput

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='needs a second user')

STRANGER = 12345
#: Somebody besides the one who runs the tests, and a group with that member.
MEMBER = next(
    user
    for user in pwd.getpwall()
    if user.pw_uid not in (0, os.geteuid()) and user.pw_gid not in (0, os.getegid())
)
GROUP = grp.getgrgid(MEMBER.pw_gid)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger as it is made, in a folder as it is made."""
    path = tmp_path / 'campaigns' / 'ledger.sqlite3'
    Database(str(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    return path


@pytest.mark.parametrize('what', ['ledger', 'folder'])
@pytest.mark.parametrize('bits', [0o666, 0o622, 0o777, 0o602])
def test_a_ledger_that_others_can_write_to_is_refused(
    ledger: Path, what: str, bits: int
) -> None:
    """They could put accounts into a plan that is confirmed already."""
    path = ledger if what == 'ledger' else ledger.parent
    path.chmod(bits | 0o100)
    with pytest.raises(InvalidInput, match='can write to') as caught:
        Database(str(ledger))
    assert f'chmod go-w {path}' in str(caught.value)
    path.chmod(bits & ~0o022 | 0o100)
    Database(str(ledger)).close()


@needs_root
@pytest.mark.parametrize('what', ['ledger', 'folder', 'link', '-journal', '-wal'])
def test_a_ledger_of_somebody_else_is_refused(ledger: Path, what: str) -> None:
    """So is one beside which others have put what SQLite would believe."""
    named = path = {'ledger': ledger, 'folder': ledger.parent}.get(
        what, ledger.with_name(ledger.name + what)
    )
    if what == 'link':
        path.symlink_to(ledger)
    else:
        named = ledger
        path.touch() if what.startswith('-') else None
    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(InvalidInput, match='belongs to another user'):
        Database(str(named))


def test_a_folder_that_is_reached_by_a_link_is_looked_at(ledger: Path) -> None:
    link = ledger.parent.with_name('link')
    link.symlink_to(ledger.parent)
    Database(str(link / ledger.name)).close()
    ledger.parent.chmod(0o777)
    with pytest.raises(InvalidInput, match='can write to'):
        Database(str(link / ledger.name))


def test_a_folder_in_which_nobody_replaces_files_of_others_will_do(
    ledger: Path,
) -> None:
    """Such as /tmp."""
    ledger.parent.chmod(0o1777)
    Database(str(ledger)).close()
    Database(str(ledger.with_name('new'))).close()


@needs_root
def test_a_team_shares_a_ledger_where_it_says_so(ledger: Path) -> None:
    for path, bits in (ledger, 0o660), (ledger.parent, 0o2770):
        os.chown(path, MEMBER.pw_uid, GROUP.gr_gid)
        path.chmod(bits)
    for other in None, 'nosuchgroup', 'root':
        with pytest.raises(InvalidInput):
            prepare(str(ledger), other)
    prepare(str(ledger), GROUP.gr_name)
    ledger.chmod(0o666)
    with pytest.raises(InvalidInput, match='can write to'):
        prepare(str(ledger), GROUP.gr_name)


@needs_root
@pytest.mark.parametrize('suffix', ['', '-wal'])
def test_whom_a_folder_gives_its_group_is_not_in_the_team(
    ledger: Path, suffix: str
) -> None:
    """Anybody's file gets the group of a folder with the set-group-ID bit."""
    os.chown(ledger.parent, -1, GROUP.gr_gid)
    ledger.parent.chmod(0o3777)
    planted = ledger.with_name(f'{ledger.name}{suffix}')
    planted.touch()
    os.chown(planted, STRANGER, GROUP.gr_gid)
    planted.chmod(0o660)
    with pytest.raises(InvalidInput, match='belongs to another user'):
        prepare(str(ledger), GROUP.gr_name)


@needs_root
def test_a_group_of_ones_own_is_nobody_else(ledger: Path) -> None:
    """Many systems give each user one, and let new files be written by it."""
    ledger.chmod(0o660)
    ledger.parent.chmod(0o770)
    Database(str(ledger)).close()
    os.chown(ledger, -1, GROUP.gr_gid)
    with pytest.raises(InvalidInput, match='can write to'):
        Database(str(ledger))


def test_a_ledger_that_others_can_read_is_told_of(
    ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ledger.chmod(0o644)
    Database(str(ledger)).close()
    # Nobody gets into its folder.
    assert 'can read' not in capfd.readouterr().err
    ledger.parent.chmod(0o755)
    Database(str(ledger)).close()
    assert f'chmod 600 {ledger}' in capfd.readouterr().err
    ledger.chmod(0o600)
    Database(str(ledger)).close()
    assert 'can read' not in capfd.readouterr().err
