"""A farm of its own for each mode, and what a command has done there.

Addresses, times and what else differs from run to run are left out of it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from centralauth_sandbox import Fault, Sandbox

from . import stories

RUNNER = Path(__file__).with_name('runner.py')

#: Seconds after which a command hangs.
LONGEST = 60

_ENABLED = "__import__('mw_tokens_plugin').enable()\n"

#: What is appended to the configuration: nobody waits for a farm on loopback.
_HASTE = "max_retries = 2\nretry_wait = 0\nconsole_encoding = 'utf-8'\n"

#: Where the wikis have their entities from.
_ENTITIES = """
    def entity_sources(self, code):
        return {kind: ('data', self.name) for kind in ('item', 'property')}
"""

_CODE = """import pywikibot
site = pywikibot.Site()
site.login()
print(site.user(), site.has_right('delete'), 'csrf' in site.tokens, len(site.tokens))
print(sorted(site.get_tokens([])), site.mw_version)
page = pywikibot.Page(site, 'Harbour')
page.text += ' in a shell'
page.save('s', asynchronous=True)
pywikibot.stopme()
site.logout()
print(site.user(), site.logged_in())
"""

#: What stands for what differs from run to run.
_VARYING = [
    (re.compile(pattern), stand_in)
    for pattern, stand_in in (
        (r'(?m)^(Execution|Read operation|Write operation) time: .*', 'DURATION'),
        (r'127\.\d+\.\d+\.\d+:\d+', 'HOST'),
        (r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\b20\d{12}\b', 'TIME'),
        (r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?', 'TIME'),
        (r'\d\d:\d\d(:\d\d)?(, \d+ \w+ \d{4})?( \(UTC\))?', 'CLOCK'),
        (r'\d+(\.\d+)? (second|minute|edits?/min)\w*', 'DURATION'),
        (r'0x[0-9a-f]+', 'ADDRESS'),
        (r'[0-9a-z]{12}\.[0-9a-z]{6}\.\d+(\.png)?', 'FILEKEY'),
    )
]

#: Parameters that say nothing about what is asked, or that are secret.
_LEFT_OUT = frozenset(
    'token lgtoken logintoken password lgpassword maxlag format requestid'.split()
)


@dataclass(frozen=True, slots=True)
class Done:
    """What one command has done.

    :ivar requests: all of them, each as a line, in their order
    :ivar writes: those that took effect
    """

    command: str
    code: int
    output: tuple[str, ...]
    requests: tuple[str, ...]
    writes: tuple[str, ...]


class Stage:
    """A farm, and a ``pwb`` in a folder that is configured for it."""

    def __init__(self, folder: Path, sandbox: Sandbox, *, plugin: bool) -> None:
        """Configure the folder, and start the process that commands are forked from."""
        self._folder = folder
        self._sandbox = sandbox
        sandbox.write_configuration(folder)
        with (folder / 'sandbox_family.py').open('a', encoding='utf-8') as file:
            file.write(_ENTITIES)
        config = folder / 'user-config.py'
        text = config.read_text('utf-8')
        assert _ENABLED in text
        config.write_text(
            (text if plugin else text.replace(_ENABLED, '')) + _HASTE, 'utf-8'
        )
        for name, content in _files().items():
            (folder / name).write_bytes(content)
        jobs, ends = os.pipe(), os.pipe()
        environment = {k: v for k, v in os.environ.items() if 'PYWIKIBOT' not in k}
        self._process = subprocess.Popen(
            [sys.executable, str(RUNNER), str(jobs[0]), str(ends[1])],
            cwd=folder,
            env=environment
            | {'PYWIKIBOT_DIR': str(folder), 'HOME': str(folder), 'TZ': 'UTC'}
            | {'PYTHONHASHSEED': '0', 'COLUMNS': '100', 'PYTHONIOENCODING': 'utf-8'},
            pass_fds=(jobs[0], ends[1]),
            start_new_session=True,
        )
        os.close(jobs[0])
        os.close(ends[1])
        self._jobs = open(jobs[1], 'w', encoding='utf-8')  # noqa: SIM115  # until close()
        self._ends = open(ends[0], encoding='utf-8')  # noqa: SIM115  # likewise

    def close(self) -> None:
        """End the process."""
        self._jobs.close()
        self._ends.close()
        self._process.wait(LONGEST)

    def play(self, lines: list[str]) -> Iterator[Done]:
        """Do what the lines of a story say, after the pages are written."""
        beginning = ['login', 'pagefromfile -file:pages.txt -notitle -summary:filed']
        for line in filter(None, [*beginning, *lines]):
            if line[0] in '!*':
                self._trouble(line[0], shlex.split(line[1:]))
            else:
                yield self._run(line)

    def state(self) -> list[str]:
        """Return what the farm has become: its pages, and its logs."""

        def collected(farm: Any) -> list[str]:
            found = []
            for wiki in farm.wikis.values():
                for page in wiki.pages.values():
                    last = page.latest
                    found.append(
                        f'{wiki.code} {page.title} {len(page.revisions)} {last.user}: '
                        f'{last.comment}: {last.text} {sorted(page.protection)}'
                    )
                found += [
                    f'{wiki.code} {entry.type}/{entry.action} {entry.title} '
                    f'{entry.user}: {entry.comment}'
                    for entry in wiki.log
                ]
            return found

        return [_plain(line) for line in self._sandbox.call(collected)]

    def _trouble(self, kind: str, words: list[str]) -> None:
        values: dict[str, Any] = dict(word.split('=', 1) for word in words[1:])
        for name, text in values.items():
            if text in ('true', 'false'):
                values[name] = text == 'true'
            elif name in ('nth', 'times', 'status'):
                values[name] = int(text)
            elif name == 'seconds':
                values[name] = float(text)
        if kind == '!':
            self._sandbox.faults.clear()
            self._sandbox.faults.arm(Fault(words[0], **values))
        else:
            self._sandbox.command(words[0], **values)

    def _run(self, line: str) -> Done:
        command, _, typed = line.partition(' <<<')
        answers, output = self._folder / 'answers', self._folder / 'output'
        answers.write_text(typed.strip().replace('/', '\n') + '\n', 'utf-8')
        output.write_bytes(b'')
        self._sandbox.journal.clear()
        job = {
            'arguments': shlex.split(command),
            'input': str(answers),
            'output': str(output),
        }
        alarm = threading.Timer(LONGEST, self._process.kill)
        alarm.start()
        print(json.dumps(job), file=self._jobs, flush=True)
        end = self._ends.readline()
        alarm.cancel()
        assert end, f'{line!r} hangs'
        entries = self._sandbox.journal.entries()
        said = output.read_text('utf-8', 'replace').replace(str(self._folder), 'FOLDER')
        return Done(
            line,
            int(end),
            tuple(_plain(said).splitlines()),
            tuple(map(_request, entries)),
            tuple(_request(entry) for entry in entries if entry.effect),
        )


@contextmanager
def staged(folder: Path, *, plugin: bool) -> Iterator[Stage]:
    """Start a farm, and a ``pwb`` for it."""
    folder.mkdir(mode=0o700)
    with Sandbox(wikis=3, accounts=10, data=True) as sandbox:
        stage = Stage(folder, sandbox, plugin=plugin)
        try:
            yield stage
        finally:
            stage.close()


def _request(entry: Any) -> str:
    """Write a request as a line."""
    parameters = []
    for name, value in sorted(entry.params.items()):
        if name in _LEFT_OUT:
            continue
        # Sets of Python have no order.
        parts = [value] if name == 'text' else sorted(value.split('|'))
        parameters.append(f'{name}={_plain("|".join(parts))}')
    words = (entry.wiki, entry.method, entry.action, entry.result, entry.effect)
    return ' '.join([*(word or '-' for word in words), *parameters])


def _plain(text: str) -> str:
    for pattern, stand_in in _VARYING:
        text = pattern.sub(stand_in, text)
    return text


def _files() -> dict[str, bytes]:
    pages = (
        f"{{{{-start-}}}}\n'''{title}'''\n{text}\n{{{{-stop-}}}}\n"
        for title, text in stories.PAGES.items()
    )
    texts = {'pages.txt': ''.join(pages), 'code.py': _CODE, **stories.FILES}
    return {name: text.encode() for name, text in texts.items()} | {
        'a.png': _png(b'\1\2\3'),
        'b.png': _png(b'\4\5\6'),
        'big.png': _png(b'\7\7\7') + bytes(5000),
    }


def _png(pixel: bytes) -> bytes:
    """Return a picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return (
            struct.pack('>I', len(data))
            + checked
            + struct.pack('>I', zlib.crc32(checked))
        )

    header = struct.pack('>IIBBBBB', 1, 1, 8, 2, 0, 0, 0)
    parts = (b'IHDR', header), (b'IDAT', zlib.compress(b'\0' + pixel)), (b'IEND', b'')
    return b'\x89PNG\r\n\x1a\n' + b''.join(chunk(*part) for part in parts)
