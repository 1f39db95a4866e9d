"""What stands in the place of a file of pywikibot is said, and waited for by nobody."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from pywikibot import config

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.cli.launch import run_script
from mw_tokens_plugin.cli.passwords import password_problem
from mw_tokens_plugin.cli.pywikibotfiles import check_files
from mw_tokens_plugin.exceptions import InvalidInput


@pytest.mark.parametrize(
    'name', ['throttle.ctrl', 'pywikibot-A.lwp', 'pywikibot.lwp', 'logs/commands.log']
)
@pytest.mark.parametrize(
    ('make', 'why'), [(os.mkfifo, 'it is not a file'), (os.mkdir, 'Is a directory')]
)
def test_what_is_no_file_is_named(
    name: str, make: object, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, 'base_dir', str(tmp_path))
    (tmp_path / 'logs').mkdir()
    check_files()
    assert callable(make)
    make(tmp_path / name)
    with pytest.raises(InvalidInput, match=f'{name} cannot be used: {why}'):
        check_files()


def test_so_is_a_password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, 'base_dir', str(tmp_path))
    monkeypatch.setattr(config, 'password_file', 'user-password.py')
    os.mkfifo(tmp_path / 'user-password.py')
    assert 'is not a file' in (password_problem() or '')


def test_a_full_disk_is_looked_for_where_pywikibot_writes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It does not say which of its files it could not write."""

    def write(arguments: list[str]) -> ExitCode:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    code = run_script(write, ['-x'], script=__file__, name='test_pywikibotfiles')
    assert code is ExitCode.TRY_AGAIN
    said = capsys.readouterr().err
    assert f'A file in {config.base_dir} cannot be used: No space left' in said
