"""A sandbox in a process of its own, for programs that measure."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

#: The checkout.
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Farm:
    """A sandbox in another process.

    :ivar folder: with a configuration of pywikibot's
    :ivar wikis: addresses of the wikis, which end in a slash, by their codes
    :ivar passwords: by what is logged in with
    """

    folder: Path
    wikis: dict[str, str]
    passwords: dict[str, str]

    @property
    def api(self) -> str:
        """The address of the central wiki's API."""
        return f'{self.wikis["meta"]}w/api.php'

    @property
    def password(self) -> str:
        """The operator's."""
        return self.passwords['Sandbox Operator']

    def summary(self) -> dict[str, Any]:
        """Return what it has counted."""
        return dict(self._get('summary').json())

    def taken(self) -> list[dict[str, Any]]:
        """Return the requests since this was last asked."""
        journal = self._get('journal')
        self.command('clear-journal')
        return [json.loads(line) for line in journal.text.splitlines()]

    def command(self, name: str, **values: float) -> None:
        """Let the sandbox do something."""
        self._post('command', {'command': name, **values})

    def arm(self, **fault: str | int) -> None:
        """Let something go wrong."""
        self._post('faults', fault)

    def address(self, name: str) -> str:
        """Return the address of something that the sandbox offers beside its wikis."""
        return f'{self.wikis["meta"]}sandbox/{name}'

    @property
    def _key(self) -> dict[str, str]:
        """The header with which the sandbox is commanded."""
        text = (self.folder / 'sandbox-key').read_text('utf-8')
        name, _, value = text.strip().partition(': ')
        return {name: value}

    def _get(self, name: str) -> requests.Response:
        answer = requests.get(self.address(name), headers=self._key, timeout=60)
        answer.raise_for_status()
        return answer

    def _post(self, name: str, body: Any) -> None:
        requests.post(
            self.address(name), json=body, headers=self._key, timeout=60
        ).raise_for_status()


@contextmanager
def started(*arguments: str) -> Iterator[Farm]:
    """Start a sandbox, and end it.

    :param arguments: the sandbox's options
    """
    with tempfile.TemporaryDirectory(prefix='mw_tokens_benchmark.') as folder:
        process = subprocess.Popen(
            [
                sys.executable,
                '-m',
                'centralauth_sandbox',
                *arguments,
                f'--directory={folder}',
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            farm = _farm(Path(folder), process)
            use_checkout(farm.folder)
            yield farm
        finally:
            process.terminate()
            process.wait(10)


def use_checkout(folder: Path) -> None:
    """Let ``pwb`` find the scripts of the checkout, however the package is installed.

    :param folder: with a configuration of pywikibot's
    """
    (folder / 'scripts').symlink_to(ROOT / 'scripts')
    with (folder / 'user-config.py').open('a', encoding='utf-8') as file:
        file.write("user_script_paths = ['scripts']\n")


def _farm(folder: Path, process: subprocess.Popen[str]) -> Farm:
    """Read what the sandbox says of itself."""
    assert process.stdout is not None
    farm = Farm(folder, {}, {})
    for line in process.stdout:
        words = line.split()
        if words and words[0].endswith('wiki') and len(words) > 1:
            farm.wikis[words[0].removesuffix('wiki')] = words[1]
        elif words[:1] == ['Sandbox'] and len(words) > 2:
            farm.passwords[' '.join(words[:2])] = words[2]
        if 'PYWIKIBOT_DIR' in line:
            break
    return farm
