"""MediaWiki's own functions, asked through one PHP process for many texts at a time.

What can be asked is in ``oracle.php``; the tests compare it with the client and the
sandbox.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class Oracle:
    """A PHP process that answers line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take a process that runs."""
        self._process = process

    def ask(self, about: str, texts: Iterable[Any]) -> list[Any]:
        """Return what MediaWiki makes of each text.

        :param about: the name of a function in ``oracle.php``
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([about, list(texts)]) + '\n')
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line.startswith('['):
            raise RuntimeError(f'PHP does not answer: {line}')
        found: list[Any] = json.loads(line)
        return found


@contextmanager
def oracle(environment: Mapping[str, str]) -> Iterator[Oracle]:
    """Start PHP with the environment of a wiki."""
    script = HERE / 'oracle.php'
    with subprocess.Popen(
        ['php', str(script)],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding='utf-8',
    ) as process:
        try:
            yield Oracle(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)
