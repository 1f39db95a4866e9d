"""The file that describes a farm: its wikis, and what changes their state.

The sandbox writes one for itself; for any other farm, its operator does. Who may log
in, and what tests may touch there, is read by the tests alone.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .addresses import origin_of
from .commands import COMMANDS
from .directories import read_key
from .hooks import Hooks, Programs, SandboxHooks

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class FarmFileError(ValueError):
    """A file that describes no farm; the message says why."""


@dataclass(frozen=True, slots=True)
class FarmFile:
    """What a proxy needs to know of a farm.

    :ivar wikis: by code, the address of each wiki's api.php
    """

    wikis: Mapping[str, str]
    hooks: Hooks


def read(path: Path) -> FarmFile:
    """Read a file like `tests/farm.example.toml`.

    :raises FarmFileError: it describes no farm.
    """
    try:
        data = tomllib.loads(path.read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise FarmFileError(f'{path}: {error}') from None
    wikis = _texts(path, data, 'wikis')
    if not wikis:
        raise FarmFileError(f'{path}: [wikis] names no api.php')
    programs = _texts(path, data, 'hooks')
    if isinstance(data.get('reset'), str):
        programs = {'reset': data['reset'], **programs}
    if unknown := programs.keys() - COMMANDS.keys():
        known = ', '.join(sorted(COMMANDS))
        raise FarmFileError(
            f'{path}: no hook is called {sorted(unknown)[0]!r}; there are: {known}'
        )
    key = data.get('sandbox_key')
    if key is not None and programs:
        raise FarmFileError(f'{path}: a sandbox has its own hooks')
    if key is None:
        try:
            return FarmFile(wikis, Programs(programs))
        except ValueError as error:
            raise FarmFileError(f'{path}: {error}') from None
    server = origin_of(next(iter(wikis.values())))
    try:
        return FarmFile(wikis, SandboxHooks(server, read_key(path.parent / str(key))))
    except OSError as error:
        raise FarmFileError(f'{path}: sandbox_key: {error}') from None


def _texts(path: Path, data: Mapping[str, Any], name: str) -> dict[str, str]:
    table = data.get(name, {})
    if not isinstance(table, dict) or not all(
        isinstance(value, str) for value in table.values()
    ):
        raise FarmFileError(f'{path}: [{name}] is a table of texts')
    return table
