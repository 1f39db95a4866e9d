"""Somebody who does what a page says, in one folder, at a terminal if need be."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import forked
from sandbox.desk import _converse, _take_terminal, script

from .blocks import Block

#: Seconds after which a command hangs.
LONGEST = 240

#: Runs pieces of code, one after the other, as somebody types them at Python's prompt.
_PROMPT = """
import json, sys, traceback
names = {'__name__': '__main__'}
for line in sys.stdin:
    try:
        exec(compile(json.loads(line), '<the page>', 'exec'), names)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        print(chr(0) + '1', flush=True)
    else:
        print(chr(0) + '0', flush=True)
"""


def _question(answer: str) -> str:
    """Return how the question ends that an answer is for."""
    if answer == 'y':
        return '[y/N]'
    return 'anything else to stop' if answer.isdecimal() else 'to continue'


class Reader:
    """Runs blocks one after the other, as they stand on their page."""

    def __init__(self, folder: Path) -> None:
        """Begin in a folder that the reader has prepared."""
        self._folder = folder
        self._place = folder / '.place'
        # The scripts of this checkout, whatever else is installed.
        library = folder / '.library'
        library.mkdir()
        found = Path(str(script().__file__)).parent
        (library / 'mw_tokens_scripts').symlink_to(found)
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('PYWIKIBOT_', 'MW_TOKENS_'))
        }
        self._environment['HOME'] = str(folder)
        self._environment['COLUMNS'] = '160'
        paths = [str(library), str(found.parent)]
        self._environment['PYTHONPATH'] = os.pathsep.join(paths)
        programs = [str(forked.programs()), str(Path(sys.executable).parent)]
        programs.append(os.environ['PATH'])
        self._environment['PATH'] = os.pathsep.join(programs)
        self._prompt: subprocess.Popen[str] | None = None
        self._running: list[subprocess.Popen[str]] = []

    def do(self, block: Block) -> str:
        """Do what a block says, compare what comes of it, and return that."""
        if block.background:
            self._start(block)
            return ''
        code, said = (
            self._run_python(block)
            if block.language == 'python'
            else self._talk(block)
            if block.answers
            else self._run(block)
        )
        assert code == block.code, f'{block} ended with {code}:\n{said}'
        missing = not_said(block, said)
        assert missing is None, f'{block} did not print {missing!r}:\n{said}'
        return said

    def leave_python(self) -> None:
        """End Python, so that the next piece of code has to stand for itself."""
        if self._prompt is not None:
            self._prompt.communicate()
            self._prompt = None

    def close(self) -> None:
        """Leave: end what is still running, as Ctrl-C does."""
        self.leave_python()
        for process in self._running:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=LONGEST)

    def _run(self, block: Block) -> tuple[int, str]:
        done = subprocess.run(
            self._shell(block),
            **self._surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST,
        )
        self._follow()
        return done.returncode, done.stdout

    def _talk(self, block: Block) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        surroundings = self._surroundings()
        surroundings['env'] = {**self._environment, 'TERM': 'dumb'}
        try:
            process = subprocess.Popen(
                self._shell(block),
                **surroundings,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
            os.close(theirs)
            answers = [(_question(answer), answer) for answer in block.answers]
            said = _converse(ours, answers)
            return process.wait(LONGEST), said.replace('\r\n', '\n')
        finally:
            os.close(ours)
            self._follow()

    def _run_python(self, block: Block) -> tuple[int, str]:
        if self._prompt is None:
            self._prompt = subprocess.Popen(
                [str(forked.programs() / 'python'), '-c', _PROMPT],
                **self._surroundings(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        prompt = self._prompt
        assert prompt.stdin is not None and prompt.stdout is not None
        hangs = threading.Timer(LONGEST, prompt.kill)
        hangs.start()
        said = ''
        try:
            prompt.stdin.write(json.dumps(block.text) + '\n')
            prompt.stdin.flush()
            for line in prompt.stdout:
                if line.startswith('\0'):
                    return int(line[1:]), said
                said += line
            return -1, said
        finally:
            hangs.cancel()

    def _start(self, block: Block) -> None:
        process = subprocess.Popen(
            ['bash', '-c', f'exec {block.text}'],
            **self._surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._running.append(process)
        assert process.stdout is not None
        hangs = threading.Timer(LONGEST, process.kill)
        hangs.start()
        said = ''
        try:
            while not_said(block, said) is not None:
                line = process.stdout.readline()
                assert line, f'{block} ended too early:\n{said}'
                said += line
        finally:
            hangs.cancel()

    def _shell(self, block: Block) -> list[str]:
        """Run all lines in one shell, and remember where that ends up."""
        remember = f'trap \'pwd > "{self._place}"\' EXIT'
        return ['bash', '-e', '-c', f'{remember}\n{block.text}']

    def _surroundings(self) -> dict[str, Any]:
        return {'cwd': self._folder, 'env': self._environment, 'text': True}

    def _follow(self) -> None:
        self._folder = Path(self._place.read_text().strip())


def not_said(block: Block, said: str) -> str | None:
    """Return the first line that a block was to print and did not; None if it did.

    :param said: what it has printed
    """
    lines = iter(' '.join(line.split()) for line in said.splitlines())
    for expected in block.expected:
        parts = map(re.escape, ' '.join(expected.split()).split('…'))
        pattern = re.compile('.*'.join(parts))
        if expected.strip() != '…' and not any(map(pattern.fullmatch, lines)):
            return expected
    return None
