"""The database that holds all campaigns: how it is opened, and its transactions.

SQLite by default, and MariaDB or PostgreSQL by URL. Its tables are in :mod:`.schema`
and :mod:`.upgrades`; what is written, and when, is left to the engine.

https://docs.sqlalchemy.org/en/20/core/
"""

from __future__ import annotations

import configparser
import os
import shlex
import socket
import sqlite3
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from pywikibot import config

from mw_tokens_plugin.campaign.errorcodes import exit_code_of, is_refusal, is_veto
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledgerfile import (
    is_read_only,
    keep_copy,
    open_to_read,
    prepare,
)
from mw_tokens_plugin.campaign.ledgerurl import LedgerPlace
from mw_tokens_plugin.campaign.storedrows import decoded
from mw_tokens_plugin.campaign.upgrades import bring_up_to_date
from mw_tokens_plugin.exceptions import CampaignBusy, InvalidInput, LedgerFailure
from mw_tokens_plugin.privatefiles import others_can_read
from mw_tokens_plugin.site.inflight import in_flight
from mw_tokens_plugin.site.settings import settings

Row = sa.Row[Any]

Result = TypeVar('Result')

#: How often something is done that another process is just doing.
_TRIES = 10

#: Words of what SQLite and PostgreSQL say of a wrong account, password or name of a
#: database, and of files that are no ledger.
_REFUSALS = (
    *('unable to open', 'readonly', 'not a database', 'malformed'),
    *('authentication failed', 'does not exist', 'pg_hba.conf', 'permission denied'),
)

#: What drivers of PostgreSQL say of a name that no server of names knows, and with what
#: that has failed for now (``EAI_AGAIN``).
_UNRESOLVED = ('failed to resolve host', 'could not translate host name')
_UNRESOLVED_NOW = (f'[Errno {socket.EAI_AGAIN}]', 'temporary failure')

#: Why a ledger does not keep what is written into it.
RULES = 'somebody has given its tables rules or triggers'

#: With what SQLite begins to complain of bytes that are no text.
_NO_TEXT = 'Could not decode to UTF-8'


class Database:
    """A database with the tables of the ledger.

    .. version-added:: 0.1

    :ivar location: where it is, without a password
    :ivar is_shared: whether several processes can write to it at the same time
    :ivar may_have_sent: whether targets were leased through it, and so may have been
        sent
    """

    def __init__(
        self,
        url: str,
        *,
        create: bool = True,
        upgrade: bool = False,
        only_reads: bool = False,
    ) -> None:
        """Open the database, and make its tables if they are not there.

        A new SQLite file can be read by its owner only, and one that others can write
        to is refused. An SQLite file of an older version is upgraded, after a copy of
        it was made.

        :param url: an SQLAlchemy URL, or the path of an SQLite file
        :param create: whether an SQLite file may be a new one
        :param upgrade: whether tables of an older version on a server are upgraded
        :param only_reads: whether nothing will be written, so that a file will do that
            cannot be written to
        :raises InvalidInput: it cannot be opened, everybody could read it, or its
            tables are of another version
        :raises LedgerFailure: it cannot be opened now
        """
        self._place = place = LedgerPlace.parse(url)
        self.location = place.shown
        path = place.path
        if path and not create and not Path(path).exists():
            raise InvalidInput(
                f'There is no ledger {path}, so it has no campaign: look at -ledger.'
            )
        on_network = bool(path) and place.is_on_network
        self.is_shared = not on_network
        self.may_have_sent = False
        is_fixed = bool(path) and only_reads and Path(path).exists()
        is_fixed = is_fixed and is_read_only(path)
        more: dict[str, Any] = {}
        if is_fixed:
            more = {'creator': partial(open_to_read, path)}
        try:
            if path and not is_fixed:
                prepare(path, settings.ledger_group)
            if place.url.get_driver_name() == 'pymysql':
                _check_credentials(place.url.query)
            self.engine = sa.create_engine(
                place.url,
                connect_args={'timeout': 30} if path else {},
                json_deserializer=decoded,
                pool_pre_ping=not path,
                pool_size=20,
                # Else MariaDB locks the gaps between rows too, and workers that pass
                # over each other's rows run into deadlocks.
                isolation_level=None if path else 'READ COMMITTED',
                **more,
            )
            if path and not is_fixed:
                mode = 'DELETE' if on_network else 'WAL'
                sa.event.listen(self.engine, 'connect', _SqliteSetup(mode))
            if not is_fixed:
                self._share_lanes(path)
            bring_up_to_date(
                self.engine,
                allowed=upgrade or bool(path),
                copy=partial(keep_copy, path) if path else lambda version: None,
            )
        # Drivers raise anything for parameters that they do not understand.
        except Exception as error:  # noqa: BLE001  # see above
            reason = place.cleaned(_said(error))
            kind = LedgerFailure if _works_later(error) else InvalidInput
            raise kind(
                f'The ledger {self.location} cannot be opened: {reason}'
            ) from None

    def _share_lanes(self, path: str) -> None:
        """Let all processes of the ledger have few requests of an account in flight.

        With a ledger on a server, those of one machine do.

        :param path: the SQLite file; '' if it is none
        """
        if path:
            place = f'{os.path.realpath(path)}.in-flight'
        elif self.is_on_server:
            place = os.path.join(config.base_dir, 'ledger.in-flight')
        else:
            place = ''
        in_flight.share(place)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @property
    def is_on_server(self) -> bool:
        """Whether it is a database of a server, which others may be able to read."""
        return self.engine.dialect.name != 'sqlite'

    @property
    def can_skip_locked(self) -> bool:
        """Whether rows that another transaction has locked can be skipped."""
        return self.engine.dialect.name != 'sqlite'

    @contextmanager
    def begin(self, *, durable: bool = False) -> Iterator[sa.Connection]:
        """Yield a connection within a transaction, committed at the end.

        :param durable: whether it must outlive a loss of power; on SQLite that takes
            a few milliseconds
        :raises LedgerFailure: the database failed
        """
        try:
            with self.engine.connect() as connection:
                flush = durable and connection.dialect.name == 'sqlite'
                if flush:
                    _synchronous(connection, 'FULL')
                with connection.begin():
                    yield connection
                if flush:
                    _synchronous(connection, 'NORMAL')
        except sa.exc.SQLAlchemyError as error:
            reason = self._place.cleaned(_said(error))
            if reason.startswith(_NO_TEXT):
                raise self._unreadable(reason) from None
            if is_veto(error):
                happened = f'refuses what is written into it ({reason}): {RULES}'
            else:
                happened = f'failed: {reason}'
            raise self.failure(happened) from error
        except (ValueError, TypeError) as error:
            if isinstance(error, InvalidInput):
                raise
            if isinstance(error, TypeError) and _is_ours(error):
                raise
            # A value that its column cannot have: SQLite takes any.
            raise self._unreadable(str(error)) from None

    def failure(self, happened: str) -> LedgerFailure:
        """Return an error of the ledger, which says what follows from it.

        :param happened: what the ledger has done, or not done
        """
        what_follows = (
            'What was sent and not recorded is read from the wiki by -resume.'
            if self.may_have_sent
            else 'Nothing was sent.'
        )
        return LedgerFailure(f'The ledger {self.location} {happened}. {what_follows}')

    def _unreadable(self, reason: str) -> InvalidInput:
        return InvalidInput(
            f'The ledger {self.location} has a row that cannot be read ({reason}): '
            'somebody changed it by hand. Nothing was done with it.'
        )

    def inserted(
        self, statement: sa.Insert, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> bool:
        """Insert one row, or several, in a transaction of their own.

        After a conflict no database can continue the same transaction as if nothing had
        happened: PostgreSQL ends it, and MariaDB keeps its locks.

        :return: False if another process has inserted one of them meanwhile
        :raises LedgerFailure: the database failed
        """
        try:
            self.execute(statement, rows)
        except LedgerFailure as error:
            if isinstance(error.__cause__, sa.exc.IntegrityError):
                return False
            raise
        return True

    def execute(
        self,
        statement: sa.Executable,
        rows: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """Execute a statement for all rows, in a transaction of its own.

        :raises LedgerFailure: the database failed
        """
        self.transact(lambda connection: connection.execute(statement, rows))

    def transact(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Return what a function returns that is called within a transaction.

        Where two processes wait for each other's rows the database ends the
        transaction of one of them, which is then made again.

        :raises LedgerFailure: the database failed
        """
        for last in (*[False] * _TRIES, True):
            try:
                with self.begin() as connection:
                    return work(connection)
            except LedgerFailure as error:
                if last or not _is_deadlock(error.__cause__):
                    raise
        raise AssertionError('the last try returns or raises')


def _said(error: Exception) -> str:
    """Return what a driver says of an error, in one line.

    PostgreSQL adds lines, of which some show values of the row.
    """
    original = getattr(error, 'orig', None) or error
    primary = getattr(getattr(original, 'diag', None), 'message_primary', None)
    return ' '.join(str(primary or original).split())


def _is_ours(error: BaseException) -> bool:
    """Tell whether code of this package has raised an error."""
    *_, (frame, _line) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get('__name__', '')).startswith('mw_tokens_plugin.')


def _is_deadlock(error: BaseException | None) -> bool:
    """Tell whether a transaction was ended for the sake of another one."""
    cause = getattr(error, 'orig', None)
    code = getattr(cause, 'sqlstate', None) or getattr(cause, 'pgcode', None)
    if code is None and cause is not None and cause.args:
        code = cause.args[0]
    return code in _DEADLOCKS


#: What MariaDB and PostgreSQL call it.
_DEADLOCKS = (1213, '40P01', '40001')


class _SqliteSetup:
    """Keeps readers out of the writer's way, where the file system allows that.

    With a write-ahead log a killed process loses nothing; a machine that loses power
    may lose the last outcomes, which are then read from the wiki again.
    """

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def __call__(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f'PRAGMA journal_mode = {self._mode}')
        connection.execute('PRAGMA synchronous = NORMAL')


def _synchronous(connection: sa.Connection, level: str) -> None:
    connection.exec_driver_sql(f'PRAGMA synchronous = {level}')
    connection.commit()


def _works_later(error: Exception) -> bool:
    """Tell whether a database that cannot be opened may be opened later."""
    if isinstance(error, CampaignBusy):
        return True
    if isinstance(error, OSError):
        return exit_code_of(error) is ExitCode.TRY_AGAIN
    transient = sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError
    if not isinstance(error, transient):
        return False
    original = getattr(error, 'orig', None) or error
    if is_refusal(original):
        return False
    # PyMySQL's name for what has made the connection fail.
    cause = getattr(original, 'original_exception', None)
    if isinstance(cause, socket.gaierror):
        return cause.errno == socket.EAI_AGAIN
    said = str(original)
    if any(words in said for words in _UNRESOLVED):
        return any(words.lower() in said.lower() for words in _UNRESOLVED_NOW)
    return not any(words in said for words in _REFUSALS)


def _check_credentials(query: Mapping[str, object]) -> None:
    """Refuse a file with a password that PyMySQL would ignore, or show a line of.

    One that others can read is refused, too.

    :param query: the parameters of the database's URL
    :raises OSError: the file cannot be read
    :raises InvalidInput: it cannot be understood
    """
    path = query.get('read_default_file')
    if not isinstance(path, str):
        return
    if others_can_read(Path(path).expanduser()):
        raise InvalidInput(
            f'{path} can be read by others on this machine, and it holds a password: '
            f'run "chmod 600 {shlex.quote(path)}", and change the password if somebody '
            'may have read it.'
        )
    parser = configparser.RawConfigParser(allow_no_value=True)
    try:
        with open(os.path.expanduser(path), encoding='utf-8') as file:
            parser.read_file(file)
    except (configparser.Error, UnicodeDecodeError):
        problem = (
            'has a line that is neither "[client]" nor "name = value", or one twice'
        )
    else:
        section = query.get('read_default_group', 'client')
        if parser.has_section(str(section)):
            return
        problem = f'has no section "[{section}]"'
    raise InvalidInput(f'{path} {problem}. It is not shown, as it holds a password.')
