"""The versions of a ledger's tables, and how an older ledger becomes a current one.

Theory of operation. A ledger has its version in the table ``ledger_version``; one
without that table has version 1, and one without any table is new. Upgrades are
functions, numbered by the version that they lead to, and run in order. What must always
hold:

- One process at a time makes or changes tables: it has the database's own lock.
- No run is active meanwhile: the operator waits for runs that send heartbeats, not the
  program.
- On SQLite and PostgreSQL all upgrades are one transaction. MariaDB commits each change
  of a table, so every step first looks whether it was made before.
- Old seals stay right: no upgrade changes what they cover.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from mw_tokens_plugin.campaign import schema
from mw_tokens_plugin.campaign.heartbeats import alive
from mw_tokens_plugin.exceptions import CampaignBusy, InvalidInput
from mw_tokens_plugin.protocol.fields import is_storable

Upgrade = Callable[[sa.Connection], None]

#: Rows that are rewritten at once.
_CHUNK = 500

#: Seconds to wait for another process that makes or upgrades the tables.
_LONGEST = 300


def version_of(connection: sa.Connection) -> int | None:
    """Return the version of a ledger's tables; None if it has none yet.

    .. version-added:: 0.1
    """
    there = sa.inspect(connection)
    if not there.has_table(schema.campaigns.name):
        return None
    if not there.has_table(schema.versions.name):
        return 1
    number = connection.scalar(sa.select(sa.func.max(schema.versions.c.number)))
    return 1 if number is None else int(number)


def bring_up_to_date(
    engine: sa.Engine, *, allowed: bool, copy: Callable[[int], object]
) -> int | None:
    """Make the tables of a new ledger, or upgrade those of an older one.

    .. version-added:: 0.1

    :param allowed: whether an older one may be upgraded
    :param copy: makes a copy of an older one, which gets its version
    :return: the version that it had; None if it was new
    :raises InvalidInput: it was made by a newer version, or may not be upgraded
    :raises CampaignBusy: a run is active on it
    """
    with engine.connect() as connection:
        found = version_of(connection)
    if found == VERSION:
        return found
    with _alone(engine) as connection:
        # Only here no other process is in the middle of making it.
        found = version_of(connection)
        if found is None:
            schema.metadata.create_all(connection)
            _set_version(connection)
    if found is None or found == VERSION:
        return found
    _check(found, allowed)
    if alive(engine.begin, sa.true()):
        raise CampaignBusy(
            f'it has tables of version {found}, which must be upgraded, and another '
            'run is active on it. Try again when that has ended.'
        )
    with _alone(engine) as connection:
        # Another process may have been faster.
        found = version_of(connection) or VERSION
        if found < VERSION:
            _check_rows(connection)
            copy(found)
            schema.metadata.create_all(connection)
            for number in range(found + 1, VERSION + 1):
                UPGRADES[number](connection)
            _set_version(connection)
    return found


def _set_version(connection: sa.Connection) -> None:
    connection.execute(sa.delete(schema.versions))
    connection.execute(sa.insert(schema.versions).values(number=VERSION))


def _check(found: int, allowed: bool) -> None:
    if found < 1:
        raise InvalidInput(
            f'it says that its tables have version {found}, which no version of '
            'mw_tokens_plugin has written: somebody changed it by hand.'
        )
    if found > VERSION:
        raise InvalidInput(
            f'it was made by a newer version of mw_tokens_plugin (its tables have '
            f'version {found}, and this one knows {VERSION}). Update this one.'
        )
    if not allowed:
        raise InvalidInput(
            f'its tables have version {found}, and this version of mw_tokens_plugin '
            f'needs {VERSION}. Update mw_tokens_plugin for all who use the ledger, '
            'make a backup, then run "pwb campaign upgrade".'
        )


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection whose transaction no other process makes tables beside."""
    name = engine.dialect.name
    with engine.connect() as connection:
        if name == 'sqlite':
            connection.exec_driver_sql('BEGIN IMMEDIATE')
        elif name == 'postgresql':
            connection.execute(sa.text(f'SELECT pg_advisory_xact_lock({_LOCK})'))
        else:
            # Its names are the server's, not the database's.
            database = hashlib.sha256(str(engine.url.database).encode()).hexdigest()
            lock = {'name': f'ledger {database[:40]}', 'longest': _LONGEST}
            got = connection.scalar(sa.text('SELECT GET_LOCK(:name, :longest)'), lock)
            if not got:
                raise CampaignBusy(
                    'another process is upgrading it. Try again when that has ended.'
                )
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        finally:
            if name not in ('sqlite', 'postgresql'):
                release = sa.text('SELECT RELEASE_LOCK(:name)')
                # A connection that is lost has no lock.
                with suppress(sa.exc.SQLAlchemyError):
                    connection.execute(release, {'name': lock['name']})
                    connection.commit()


#: Any number that other programs do not use.
_LOCK = 7_391_046_182


def _to_2(connection: sa.Connection) -> None:
    """Add where wikis are, and seals."""
    _add_columns(connection, 'campaign', 'api', 'wikiid')
    _add_columns(connection, 'target', 'seals')


def _to_3(connection: sa.Connection) -> None:
    """Add stages, and facts that were in sentences and among the facts of plans."""
    _add_columns(connection, 'campaign', 'script', 'version', 'stages')
    names = ('kind', 'stage', 'log_id', 'error_class', 'reason_code')
    _add_columns(connection, 'target', *names)
    _add_columns(connection, 'attempt', 'error_class', 'reason_code')
    indexes = {i['name'] for i in sa.inspect(connection).get_indexes('target')}
    if 'target_by_step' not in indexes:
        step = next(i for i in schema.targets.indexes if i.name == 'target_by_step')
        step.create(connection)
    if 'target_by_name' in indexes:
        at = '' if connection.dialect.name in ('sqlite', 'postgresql') else ' ON target'
        connection.exec_driver_sql(f'DROP INDEX target_by_name{at}')
    # Those know by it what they undo, which is a fact of their plan.
    restoring = {
        str(number)
        for number in connection.scalars(
            sa.select(schema.campaigns.c.id).where(
                schema.campaigns.c.action == 'undo_crosswiki_delete'
            )
        )
    }
    _rewrite(
        connection,
        'target',
        _READ['target'],
        partial(_target_to_3, restoring),
    )
    _rewrite(connection, 'attempt', _READ['attempt'], _attempt_to_3)


def _target_to_3(restoring: Collection[str], row: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if row.state == 'failed':
        values |= _error_in(row.detail)
    try:
        facts = json.loads(row.facts or '{}')
    except (ValueError, RecursionError):
        # An error is raised when it is read.
        return values
    is_own = isinstance(facts, dict) and str(row.campaign_id) not in restoring
    number = facts.get('log_entry') if is_own else None
    if isinstance(number, int) and is_storable(number):
        values['log_id'] = facts.pop('log_entry')
        values['facts'] = json.dumps(facts)
    return values


def _attempt_to_3(row: Any) -> dict[str, Any]:
    return _error_in(row.detail)


def _error_in(detail: Any) -> dict[str, Any]:
    """Return the class of an error, with which older versions began a sentence."""
    found = re.match(r'([A-Z]\w*): (?:([\w-]+) on )?', str(detail))
    if found is None:
        return {}
    values = {'error_class': found[1][:80]}
    if found[2]:
        values['reason_code'] = found[2][:80]
    return values


#: Columns that are read to rewrite rows, by table.
_READ = {
    'target': ('campaign_id', 'facts', 'state', 'detail'),
    'attempt': ('detail',),
}

#: Columns that :func:`_rewrite` sets.
_REWRITTEN = ('log_id', 'error_class', 'reason_code')

#: By the version that each leads to.
UPGRADES: dict[int, Upgrade] = {2: _to_2, 3: _to_3}

#: The version of the tables in :mod:`.schema`.
VERSION = max(UPGRADES)


def _add_columns(connection: sa.Connection, table: str, *names: str) -> None:
    """Add columns that are not there."""
    there = {each['name'] for each in sa.inspect(connection).get_columns(table)}
    prepare = connection.dialect.identifier_preparer
    for name in names:
        if name not in there:
            column = schema.metadata.tables[table].c[name]
            added = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            quoted = prepare.quote(table)
            connection.exec_driver_sql(f'ALTER TABLE {quoted} ADD COLUMN {added}')


def _rewrite(
    connection: sa.Connection,
    table: str,
    names: tuple[str, ...],
    change: Callable[[Any], dict[str, Any]],
) -> None:
    """Change rows one after the other.

    :param names: the columns that are read, as texts
    :param change: returns the new values of a row, by column
    """
    rows = sa.table(table, *map(sa.column, ('id', *names, *_REWRITTEN)))
    for row in _read(connection, table, names):
        if values := change(row):
            connection.execute(
                sa.update(rows).where(rows.c.id == row.id).values(values)
            )


def _check_rows(connection: sa.Connection) -> None:
    """Read all that will be rewritten, before anything is changed.

    :raises InvalidInput: a row cannot be read
    """
    for table, names in _READ.items():
        for _row in _read(connection, table, names):
            pass


def _read(
    connection: sa.Connection, table: str, names: tuple[str, ...]
) -> Iterator[SimpleNamespace]:
    """Yield the rows of a table, with some columns as texts.

    :raises InvalidInput: one of them is no text, which SQLite stores as well
    """
    rows = sa.table(table, *map(sa.column, ('id', *names)))
    kind: Any = sa.LargeBinary if connection.dialect.name == 'sqlite' else sa.Text
    read = [sa.cast(rows.c[name], kind).label(name) for name in names]
    last = 0
    while page := connection.execute(
        sa.select(rows.c.id, *read)
        .where(rows.c.id > last)
        .order_by(rows.c.id)
        .limit(_CHUNK)
    ).all():
        for row in page:
            values = row._asdict()
            for name in names:
                values[name] = _text(values[name], table, row.id, name)
            yield SimpleNamespace(**values)
        last = page[-1].id


def _text(value: Any, table: str, number: int, name: str) -> Any:
    """Return a value from the database as text, or None."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise InvalidInput(
            f'the row {number} of its table {table!r} has a value of {name!r} that is '
            'not valid text, so nothing was upgraded, and the older version of '
            'mw_tokens_plugin can still use the ledger. Correct or delete that row, '
            'then open the ledger again.'
        ) from None
