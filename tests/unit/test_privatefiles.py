"""Files of the operator that only the operator may read, among other users' tricks."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import (
    check_replaceable,
    open_private,
    read_private,
    replacing,
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='needs a second user')

STRANGER = 12345


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def planted(tmp_path: Path, kind: str) -> Path:
    """Return what somebody has put in the place of a file."""
    path = tmp_path / 'planted'
    if kind == 'link':
        path.symlink_to(tmp_path / 'victim')
    elif kind == 'pipe':
        os.mkfifo(path)
    elif kind == 'folder':
        path.mkdir()
    else:
        path.write_text('theirs', 'utf-8')
        path.chmod(0o666)
        os.chown(path, STRANGER, STRANGER)
    return path


KINDS = ['link', 'pipe', 'folder', pytest.param('theirs', marks=needs_root)]


@pytest.mark.parametrize('kind', KINDS)
def test_nothing_is_written_into_what_others_have_planted(
    tmp_path: Path, kind: str
) -> None:
    """Nor does anything wait for the other end of a pipe."""
    (tmp_path / 'victim').write_text('mine', 'utf-8')
    path = planted(tmp_path, kind)
    for how in 'append', 'overwrite', 'new':
        with pytest.raises(OSError) as caught:
            open_private(path, how)  # type: ignore[arg-type]
        assert caught.value.filename == str(path)
    assert (tmp_path / 'victim').read_text('utf-8') == 'mine'
    if kind == 'theirs':
        assert path.read_text('utf-8') == 'theirs'
    else:
        with pytest.raises(OSError):
            check_replaceable(path)


@pytest.mark.parametrize('kind', KINDS)
def test_nothing_is_read_from_what_others_have_planted(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / 'victim').write_text('mine', 'utf-8')
    (tmp_path / 'victim').chmod(0o600)
    path = planted(tmp_path, kind)
    path.chmod(0o600)
    with pytest.raises(InvalidInput, match='cannot be read: ') as caught:
        read_private(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('bits', [0o640, 0o604, 0o620, 0o602, 0o777])
def test_a_file_of_ones_own_is_closed_to_others(tmp_path: Path, bits: int) -> None:
    path = tmp_path / 'log.json'
    path.write_text('before\n', 'utf-8')
    path.chmod(bits)
    with pytest.raises(InvalidInput, match='chmod 600'):
        read_private(path)
    with open_private(path, 'append') as file:
        file.write('after\n')
    assert (mode(path), read_private(path)) == (0o600, 'before\nafter\n')
    path.chmod(bits)
    with open_private(path, 'overwrite') as file:
        file.write('anew\n')
    assert (mode(path), read_private(path)) == (0o600, 'anew\n')


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    victim, path = tmp_path / 'victim', tmp_path / 'report.csv'
    victim.write_text('mine', 'utf-8')
    path.symlink_to(victim)
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write('half')
        raise ZeroDivisionError
    assert path.is_symlink()
    with replacing(path) as file:
        file.write('whole')
    assert (path.is_symlink(), mode(path), read_private(path)) == (
        False,
        0o600,
        'whole',
    )
    assert victim.read_text('utf-8') == 'mine'
    assert sorted(each.name for each in tmp_path.iterdir()) == ['report.csv', 'victim']


def test_an_error_names_the_file_that_was_meant(tmp_path: Path) -> None:
    """Not the one beside it that was to take its place."""
    path = tmp_path / 'nosuch' / 'report.csv'
    with pytest.raises(FileNotFoundError) as caught, replacing(path):
        pass
    assert caught.value.filename == str(path)
    with pytest.raises(OSError) as full, replacing(tmp_path / 'report.csv'):
        raise OSError(errno.ENOSPC, 'No space left on device')
    assert full.value.filename == str(tmp_path / 'report.csv')


def test_what_the_shell_has_opened_is_read_and_written(tmp_path: Path) -> None:
    """As by ``-fields:<(command)`` and ``-log-json:/dev/stderr``."""
    reading, writing = os.pipe()
    with open_private(f'/dev/fd/{writing}', 'append') as file:
        file.write('farmcode = pass')
    os.close(writing)
    assert read_private(f'/dev/fd/{reading}') == 'farmcode = pass'
    os.close(reading)
    open_private('/dev/null', 'append').close()
