"""A MariaDB of one's own: in a new directory, reached by its socket alone.

https://mariadb.com/kb/en/mariadb-install-db/
"""

from __future__ import annotations

import getpass
import importlib.util
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote_plus

from databaseserver import MAX_WAIT, DatabaseServer

_USER = f'--user={getpass.getuser()}'


def missing() -> str:
    """Say what is not installed; empty if nothing is."""
    for program in ('mariadbd', 'mariadb-install-db'):
        if _path(program) is None:
            return f'{program} is missing: install the Debian package mariadb-server'
    if importlib.util.find_spec('pymysql') is None:
        return 'PyMySQL is missing: install mw_tokens_plugin[mariadb]'
    return ''


class MariaDB(DatabaseServer):
    """A server that lives as long as the context."""

    program = 'mariadbd'

    def __init__(self, directory: Path, *options: str) -> None:
        """Prepare an empty database.

        :param directory: a new one, short enough for the path of a socket
        :param options: more options of the server
        """
        super().__init__(directory)
        self._data = directory / 'data'
        self._socket = directory / 'socket'
        self._options = options
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
            timeout=MAX_WAIT,
        )

    def command(self) -> list[str]:
        """Return what starts it."""
        return [
            str(_path('mariadbd')),
            '--no-defaults',
            f'--datadir={self._data}',
            f'--socket={self._socket}',
            f'--pid-file={self._data}/pid',
            '--skip-networking',
            '--innodb-buffer-pool-size=32M',
            _USER,
            *self._options,
        ]

    def url(self, database: str = '') -> str:
        """Return the URL of a database."""
        socket = quote_plus(str(self._socket))
        return f'mariadb+pymysql://root@localhost/{database}?unix_socket={socket}'


def _path(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path='/usr/sbin:/usr/bin')
