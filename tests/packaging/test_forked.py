"""A script that a test runs as a fork is a process like any other."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from forked import programs

_SHOWN = """
import os, sys, warnings
assert 'pywikibot' not in sys.modules
print(sys.argv, os.getcwd(), os.environ['MADE_UP'], sys.stdin.read())
print('wrong', file=sys.stderr)
try:
    warnings.warn('old', DeprecationWarning)
except DeprecationWarning:
    sys.exit(7)
"""


def _run(
    code: str, *args: str, folder: Path, **environment: str
) -> tuple[int, str, str]:
    done = subprocess.run(
        [programs() / 'python', '-c', code, *args],
        cwd=folder,
        env={**os.environ, **environment},
        input='typed',
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_it_has_its_own_arguments_folder_environment_and_streams(
    tmp_path: Path,
) -> None:
    made_up = {'MADE_UP': 'x', 'PYTHONWARNINGS': 'error'}
    code, out, err = _run(_SHOWN, 'a b', 'é', folder=tmp_path, **made_up)
    assert (code, out, err) == (
        7,
        f"['-c', 'a b', 'é'] {tmp_path} x typed\n",
        'wrong\n',
    )


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_as_it_ended(number: signal.Signals, tmp_path: Path) -> None:
    code, _, _ = _run(f'import os; os.kill(os.getpid(), {number})', folder=tmp_path)
    assert code == -number


def test_a_signal_reaches_it(tmp_path: Path) -> None:
    waits = "import time; print('begun', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [programs() / 'python', '-c', waits],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == 'begun\n'
        process.send_signal(signal.SIGINT)
        assert 'KeyboardInterrupt' in process.stderr.read()
    assert process.returncode == -signal.SIGINT


def test_what_python_is_told_about_itself_is_obeyed(tmp_path: Path) -> None:
    code = 'import sys; print(sys.stdout.encoding)'
    told = {'PYTHONIOENCODING': 'latin-1'}
    assert _run(code, folder=tmp_path, **told)[1] == 'iso8859-1\n'


_LOGGED = """
import sys
from pywikibot import bot, config
config.log = sys.argv[1:]
bot.init_handlers()
assert all(name in sys.modules for name in ('pywikibot.page', 'pywikibot.site'))
"""


def test_its_log_begins_as_pywikibots_do(tmp_path: Path) -> None:
    """The header is left out only where nobody gets it."""
    told = {'PYWIKIBOT_DIR': str(tmp_path), 'PYWIKIBOT_NO_USER_CONFIG': '2'}
    for log, headers in ('*', 1), ('other', 0):
        code, _, err = _run(_LOGGED, log, folder=tmp_path, **told)
        assert code == 0, err
        written = [path.read_text() for path in tmp_path.glob('logs/*.log')]
        assert ''.join(written).count('Logging header') == headers
        assert sum(text.count('pywikibot/page/') for text in written) >= headers
        for path in tmp_path.glob('logs/*.log'):
            path.unlink()
