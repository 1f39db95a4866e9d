"""A MariaDB of one's own: in a new directory, reached by its socket alone.

https://mariadb.com/kb/en/mariadb-install-db/
"""

from __future__ import annotations

import getpass
import importlib.util
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote_plus

import sqlalchemy as sa

#: Seconds within which it must answer.
_LONGEST = 60

_USER = f'--user={getpass.getuser()}'


def missing() -> str:
    """Say what is not installed; empty if nothing is."""
    for program in ('mariadbd', 'mariadb-install-db'):
        if _path(program) is None:
            return f'{program} is missing: install the Debian package mariadb-server'
    if importlib.util.find_spec('pymysql') is None:
        return 'PyMySQL is missing: install mw_tokens_plugin[mariadb]'
    return ''


class MariaDB:
    """A server that lives as long as the context.

    :ivar log: what it complains of
    """

    def __init__(self, directory: Path, *options: str) -> None:
        """Prepare an empty database.

        :param directory: a new one, short enough for the path of a socket
        :param options: more options of the server
        """
        self._data = directory / 'data'
        self._socket = directory / 'socket'
        self.log = directory / 'log'
        self._options = options
        self._databases = 0
        subprocess.run(
            [
                str(_path('mariadb-install-db')),
                '--no-defaults',
                '--auth-root-authentication-method=normal',
                '--skip-test-db',
                f'--datadir={self._data}',
                _USER,
            ],
            check=True,
            capture_output=True,
            timeout=_LONGEST,
        )

    def __enter__(self) -> MariaDB:
        """Start it, and wait until it answers."""
        with self.log.open('w') as log:
            self._process = subprocess.Popen(
                [
                    str(_path('mariadbd')),
                    '--no-defaults',
                    f'--datadir={self._data}',
                    f'--socket={self._socket}',
                    f'--pid-file={self._data}/pid',
                    '--skip-networking',
                    '--innodb-buffer-pool-size=32M',
                    _USER,
                    *self._options,
                ],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _LONGEST
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__(None, None, None)
                raise RuntimeError(f'mariadbd did not start: {self.log.read_text()}')
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
        """Execute a statement as root."""
        engine = sa.create_engine(self.url(), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text(statement))

    def url(self, database: str = '') -> str:
        """Return the URL of a database."""
        socket = quote_plus(str(self._socket))
        return f'mariadb+pymysql://root@localhost/{database}?unix_socket={socket}'

    def _answers(self) -> bool:
        try:
            self.execute('SELECT 1')
        except sa.exc.OperationalError:
            return False
        return True


def _path(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path='/usr/sbin:/usr/bin')
