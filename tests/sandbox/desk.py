"""An operator's desk: a directory with a configuration, where scripts are started.

Each start is a process of its own, with or without a terminal.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import forked

import mw_tokens_plugin
from mw_tokens_plugin.campaign.ledger import Ledger

#: The directory of the package under test, which a process has to find first.
ROOT = Path(mw_tokens_plugin.__file__).parents[1]

#: How a question ends whose answer pywikibot does not show.
HIDDEN = '(no characters will be shown)'

#: Seconds after which a process hangs, on a machine that does much else.
LONGEST = 240

#: Runs a command where it may mount what it likes, and nobody else sees it.
NAMESPACE = ('unshare', '--user', '--map-root-user', '--mount')

_ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')

_CTRL_C = '\x03'


def script(name: str = 'global_lock') -> ModuleType:
    """Return a script, from the checkout or as it is installed."""
    checkout = (ROOT / 'scripts' / f'{name}.py').exists()
    return import_module(f'{"scripts" if checkout else "mw_tokens_scripts"}.{name}')


@dataclass(frozen=True, slots=True)
class Run:
    """How a script ended, and all that it said."""

    code: int
    out: str
    err: str = ''

    @property
    def said(self) -> str:
        """Both streams."""
        return self.out + self.err


class Desk:
    """A directory with a configuration, and the processes started there.

    :ivar script: what is started there
    :ivar directory: where pywikibot finds its configuration
    :ivar ledger: the default ledger
    :ivar forks: whether what runs to its end need not import the libraries
    """

    forks = True

    def __init__(self, directory: Path, name: str = 'global_lock') -> None:
        """Make the scripts known, as a checkout is used."""
        self.script = name
        self.directory = directory
        self.ledger = directory / 'campaigns' / 'ledger.sqlite3'
        (directory / 'scripts').symlink_to(Path(script().__file__ or '').parent)
        self._started: list[subprocess.Popen[str]] = []

    def python(self, code: str, *args: str, **environment: str) -> Run:
        """Run some code in a process of its own."""
        python = str(forked.programs() / 'python')
        return self._run([python, '-c', code, *args], None, environment)

    def run(
        self,
        *args: str,
        stdin: bytes | None = None,
        timeout: float = LONGEST,
        environment: dict[str, str] | None = None,
        largest_file: int | None = None,
    ) -> Run:
        """Run the script without a terminal.

        :param largest_file: kilobytes that a file may have, as if the disk were full
        """
        command = [*self._forked, *args]
        if largest_file is not None:
            limited = f'ulimit -f {largest_file}; exec "$@"'
            command = ['bash', '-c', limited, '', *self._pwb, *args]
        return self._run(command, stdin, environment or {}, timeout)

    def run_in(self, setup: str, *args: str) -> Run:
        """Run the script where a shell has prepared a namespace of its own.

        :param setup: commands for the shell, which may mount what it likes
        """
        command = [*NAMESPACE, 'sh', '-c', f'set -e; {setup}; exec "$@"', '']
        return self._run([*command, *self._pwb, *args], None, {})

    def run_as(self, command: Sequence[str], stdin: bytes | None = None) -> Run:
        """Run a command line of one's own without a terminal."""
        return self._run(command, stdin, {})

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start the script without a terminal, and do not wait for it."""
        process = subprocess.Popen(
            [*self._pwb, *args],
            cwd=self.directory,
            env=self._environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def wait(self, process: subprocess.Popen[str], event: Callable[[], object]) -> None:
        """Wait until something has happened, while a process runs."""
        if not self.reaches(process, event):
            raise AssertionError(f'it ended too early: {process.communicate()}')

    def reaches(
        self, process: subprocess.Popen[str], event: Callable[[], object]
    ) -> bool:
        """Wait until something has happened, or a process has ended without it."""
        end = time.monotonic() + LONGEST
        while not event():
            if process.poll() is not None:
                return False
            assert time.monotonic() < end, 'it never happened'
            time.sleep(0.005)
        return True

    def hear(self, process: subprocess.Popen[str], words: str) -> None:
        """Read what a process complains of until it says some words."""
        assert process.stderr is not None
        for line in process.stderr:
            if words in line:
                return
        raise AssertionError(f'it never said {words!r}')

    def has_campaign(self, name: str) -> bool:
        """Tell whether the ledger knows a campaign."""
        if not self.ledger.exists():
            return False
        ledger = Ledger(str(self.ledger))
        try:
            return ledger.find(name) is not None
        finally:
            ledger.close()

    def talk(
        self, *args: str, answers: Sequence[tuple[str, str]], columns: str = '160'
    ) -> Run:
        """Run the script at a terminal.

        :param answers: a text to wait for, and what is typed then
        :param columns: how wide the terminal says that it is
        """
        # A fork is not in the session of the terminal: what is typed after Ctrl-C would
        # reach it before the signal does.
        interrupts = any(_CTRL_C in typed for _, typed in answers)
        program = self._pwb if interrupts else self._forked
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [*program, *args],
                cwd=self.directory,
                env=self._environment({'COLUMNS': columns, 'TERM': 'dumb'}),
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
            os.close(theirs)
            said = _converse(ours, answers)
            return Run(process.wait(LONGEST), _ESCAPES.sub('', said))
        finally:
            os.close(ours)

    @property
    def _pwb(self) -> tuple[str, str]:
        return str(Path(sys.executable).with_name('pwb')), self.script

    @property
    def _forked(self) -> tuple[str, str]:
        """What runs the script to its end, with less to import."""
        return (
            str(forked.programs() / 'pwb') if self.forks else self._pwb[0]
        ), self.script

    def close(self) -> None:
        """End what is still running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def _run(
        self,
        command: Sequence[str],
        stdin: bytes | None,
        environment: dict[str, str],
        timeout: float = LONGEST,
    ) -> Run:
        given: Any = (
            {'stdin': subprocess.DEVNULL} if stdin is None else {'input': stdin}
        )
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self._environment(environment),
            capture_output=True,
            timeout=timeout,
            check=False,
            **given,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('PYWIKIBOT_', 'MW_TOKENS_'))
        }
        path = str(ROOT)
        return {
            **kept,
            'PYWIKIBOT_DIR': str(self.directory),
            'PYTHONPATH': path,
            # Neither the scripts nor what they do may warn of anything.
            'PYTHONWARNINGS': 'error',
            **more,
        }


def _take_terminal() -> None:
    """Make it the terminal whose Ctrl-C is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _wait_until_hidden(terminal: int, end: float) -> None:
    """Wait until nothing that is typed is shown: all that was typed before is lost."""
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        assert time.monotonic() < end, 'what is typed is shown'
        time.sleep(0.005)


def _converse(terminal: int, answers: Sequence[tuple[str, str]]) -> str:
    """Read until the other side hangs up, and type the answers meanwhile."""
    waiting = list(answers)
    said, seen = b'', 0
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # what a terminal reads when the last process has left it
            break
        if not piece:
            break
        said += piece
        if waiting and (at := said.find(waiting[0][0].encode(), seen)) >= 0:
            prompt, answer = waiting.pop(0)
            seen = at + len(prompt)
            if prompt.endswith(HIDDEN):
                _wait_until_hidden(terminal, end)
            os.write(terminal, answer.encode() + b'\n')
    assert not waiting, f'never asked: {waiting}; it said: {said.decode()}'
    return said.decode()
