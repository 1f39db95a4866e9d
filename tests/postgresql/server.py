"""A PostgreSQL of one's own: in a new directory, reached by its socket alone.

https://www.postgresql.org/docs/current/app-initdb.html
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote_plus

import sqlalchemy as sa

#: Seconds within which it must answer.
_LONGEST = 60

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


class PostgreSQL:
    """A server that lives as long as the context."""

    def __init__(self, directory: Path) -> None:
        """Prepare an empty database.

        :param directory: a new one, short enough for the path of a socket
        """
        self._directory = directory
        self._data = directory / 'data'
        self._databases = 0
        self._user = _user() if os.geteuid() == _ROOT else None
        if self._user is not None:
            shutil.chown(directory, self._user)
        subprocess.run(
            [
                *(str(_path('initdb')), '--auth=trust', '--encoding=UTF8'),
                *('--locale=C', '--no-sync', '--username=ledger'),
                f'--pgdata={self._data}',
            ],
            check=True,
            capture_output=True,
            timeout=_LONGEST,
            user=self._user,
            cwd=directory,
        )

    def __enter__(self) -> PostgreSQL:
        """Start it, and wait until it answers."""
        log = self._directory / 'log'
        with log.open('w') as file:
            self._process = subprocess.Popen(
                [
                    *(str(_path('postgres')), '-D', str(self._data)),
                    # It cares for speed, not for what a loss of power leaves.
                    *('-c', 'fsync=off', '-c', 'listen_addresses='),
                    *('-c', f'unix_socket_directories={self._directory}'),
                ],
                stdout=file,
                stderr=file,
                user=self._user,
                cwd=self._directory,
            )
        end = time.monotonic() + _LONGEST
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__(None, None, None)
                raise RuntimeError(f'postgres did not start: {log.read_text()}')
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(_LONGEST)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def new_database(self) -> str:
        """Make an empty database, and return its URL."""
        self._databases += 1
        name = f'test{self._databases}'
        self.execute(f'CREATE DATABASE {name}')
        return self.url(name)

    def execute(self, statement: str) -> None:
        """Execute a statement outside a transaction."""
        engine = sa.create_engine(
            self.url('postgres'), poolclass=sa.NullPool, isolation_level='AUTOCOMMIT'
        )
        with engine.connect() as connection:
            connection.execute(sa.text(statement))

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        host = quote_plus(str(self._directory))
        return f'postgresql+psycopg://ledger@/{database}?host={host}'

    def _answers(self) -> bool:
        try:
            self.execute('SELECT 1')
        except sa.exc.OperationalError:
            return False
        return True


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
