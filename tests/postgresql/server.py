"""A PostgreSQL of one's own: in a new directory, reached by its socket alone.

https://www.postgresql.org/docs/current/app-initdb.html
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote_plus

from databaseserver import MAX_WAIT, DatabaseServer

#: What it never runs as.
_ROOT = 0


def missing() -> str:
    """Say what is not installed; empty if nothing is."""
    for program in ('initdb', 'postgres'):
        if _path(program) is None:
            return f'{program} is missing: install the Debian package postgresql'
    if importlib.util.find_spec('psycopg') is None:
        return 'psycopg is missing: install mw_tokens_plugin[postgresql]'
    if os.geteuid() == _ROOT and _user() is None:
        return 'PostgreSQL does not run as root, and there is no user "postgres"'
    return ''


class PostgreSQL(DatabaseServer):
    """A server that lives as long as the context."""

    program = 'postgres'

    def __init__(self, directory: Path) -> None:
        """Prepare an empty database.

        :param directory: a new one, short enough for the path of a socket
        """
        super().__init__(directory)
        self._data = directory / 'data'
        self.user = _user() if os.geteuid() == _ROOT else None
        if self.user is not None:
            shutil.chown(directory, self.user)
        subprocess.run(
            [
                *(str(_path('initdb')), '--auth=trust', '--encoding=UTF8'),
                *('--locale=C', '--no-sync', '--username=ledger'),
                f'--pgdata={self._data}',
            ],
            check=True,
            capture_output=True,
            timeout=MAX_WAIT,
            user=self.user,
            cwd=directory,
        )

    def command(self) -> list[str]:
        """Return what starts it."""
        return [
            *(str(_path('postgres')), '-D', str(self._data)),
            # It cares for speed, not for what a loss of power leaves.
            *('-c', 'fsync=off', '-c', 'listen_addresses='),
            *('-c', f'unix_socket_directories={self.directory}'),
        ]

    def url(self, database: str = 'postgres') -> str:
        """Return the URL of a database."""
        host = quote_plus(str(self.directory))
        return f'postgresql+psycopg://ledger@/{database}?host={host}'


def _user() -> str | None:
    try:
        return pwd.getpwnam('postgres').pw_name
    except KeyError:
        return None


def _path(program: str) -> str | None:
    """Return where a program is; Debian has a folder for each version."""
    folders = sorted(Path('/usr/lib/postgresql').glob('*/bin'), reverse=True)
    return shutil.which(program, path=os.pathsep.join(map(str, folders))) or (
        shutil.which(program)
    )
