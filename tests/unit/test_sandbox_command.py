"""Starting the sandbox from the command line, and ending it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import mw_tokens_plugin
from centralauth_sandbox.__main__ import _password, main

COMMAND = [sys.executable, '-m', 'centralauth_sandbox']
ROOT = str(Path(mw_tokens_plugin.__file__).parents[1])

#: A web server that is not installed.
NO_SERVER = """
import runpy, sys
sys.modules['aiohttp'] = None
sys.argv = ['sandbox']
runpy.run_module('centralauth_sandbox', run_name='__main__')
"""

#: A client that hangs up before its answer has come, just before the sandbox ends.
HANGING_UP = """
import socket, time
from urllib.parse import urlsplit
from centralauth_sandbox import Sandbox

with Sandbox(wikis=1, accounts=0) as sandbox:
    sandbox.faults.arm(kind='slow', when='after', seconds=60.0)
    address = urlsplit(sandbox.farm.central.server)
    with socket.create_connection((address.hostname, address.port)) as client:
        head = 'GET /w/api.php?action=query HTTP/1.1', 'Host: 127.0.0.1', '', ''
        client.sendall('\\r\\n'.join(head).encode())
        while not sandbox.journal.entries():
            time.sleep(0.01)
    # The loop gets to know that the client is gone.
    for _ in range(20):
        sandbox.call(lambda farm: None)
"""


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, 'PYTHONPATH': ROOT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_missing_web_server_is_one_sentence(tmp_path: Path) -> None:
    done = run(sys.executable, '-c', NO_SERVER, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "sandbox: its web server is missing: pip install 'mw_tokens_plugin[sandbox]'"
    ]


def test_the_farm_is_there_without_a_web_server(tmp_path: Path) -> None:
    code = NO_SERVER.partition('sys.argv')[0]
    code += 'from centralauth_sandbox import Farm, Fault; Farm.empty()'
    done = run(sys.executable, '-c', code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, '')


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    done = run(*COMMAND, '--wikis', '0', cwd=tmp_path)
    assert done.returncode == 2
    assert '0 is not between 1 and 250' in done.stderr


def test_a_password_is_read_from_a_file_and_is_no_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Arguments can be read by all users of the machine."""
    for words in (['--password', 'sesame'], ['--password=sesame'], ['--password']):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert 'name that by --password-file' in capsys.readouterr().err
    file = tmp_path / 'password'
    file.write_text('sesame\n', 'utf-8')
    file.chmod(0o644)
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'link').symlink_to(file)
    (tmp_path / 'empty').touch(mode=0o600)
    for name in 'password', 'pipe', 'link', 'empty', 'nosuch':
        with pytest.raises((OSError, ValueError)):
            _password(str(tmp_path / name))
    done = run(*COMMAND, '--password-file', 'password', cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        'sandbox: --password-file cannot be used: password is not for you alone: '
        'chmod 600\n'
    )
    file.chmod(0o600)
    assert _password(str(file)) == 'sesame'
    assert _password(None) is None


def test_the_directory_is_told_so_that_it_works_anywhere(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, '--wikis', '1', '--accounts', '0', '--directory', 'here'],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': ROOT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ''
        for line in process.stdout:
            said = line.strip()
            if said.startswith('PYWIKIBOT_DIR='):
                break
        assert said == f'PYWIKIBOT_DIR={tmp_path.resolve() / "here"}'
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=240)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, errors) == (0, '')
    assert 'The sandbox has ended.' in out
    assert (tmp_path / 'here' / 'user-config.py').exists()


def test_it_ends_without_noise_where_a_client_hung_up(tmp_path: Path) -> None:
    done = run(sys.executable, '-X', 'dev', '-c', HANGING_UP, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, '')
