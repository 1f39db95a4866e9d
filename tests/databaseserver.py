"""What servers of databases have in common: started once, in a new directory.

How each is made and reached is in the folders of their tests.
"""

from __future__ import annotations

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import sqlalchemy as sa

#: Seconds within which a server must answer.
MAX_WAIT = 60

Server = TypeVar('Server', bound='DatabaseServer')


class DatabaseServer(ABC):
    """A server that lives as long as the context.

    :cvar program: what is started
    :ivar log: what it complains of
    """

    program: str

    def __init__(self, directory: Path) -> None:
        """Note where it is to be.

        :param directory: a new one, short enough for the path of a socket
        """
        self.directory = directory
        self.log = directory / 'log'
        self.user: str | None = None
        self._databases = 0

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts it."""

    @abstractmethod
    def url(self, database: str = '') -> str:
        """Return the URL of a database; the one that always exists by default."""

    def __enter__(self: Server) -> Server:
        """Start it, and wait until it answers."""
        with self.log.open('w') as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                user=self.user,
                cwd=self.directory,
            )
        end = time.monotonic() + MAX_WAIT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__(None, None, None)
                raise RuntimeError(
                    f'{self.program} did not start: {self.log.read_text()}'
                )
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
            self._process.wait(MAX_WAIT)
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
        """Execute a statement as the server's first user, outside a transaction."""
        engine = sa.create_engine(
            self.url(), poolclass=sa.NullPool, isolation_level='AUTOCOMMIT'
        )
        with engine.connect() as connection:
            connection.execute(sa.text(statement))

    def _answers(self) -> bool:
        try:
            self.execute('SELECT 1')
        except sa.exc.OperationalError:
            return False
        return True
