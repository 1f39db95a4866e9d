"""Statements that are compiled once for all ledgers of a process.

A script has one ledger, and compiles each statement once; a test process has a thousand
ledgers, and would compile them for each, which takes a tenth of its time.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

#: More are not kept: statements that differ each time.
_MOST = 5_000


class _Shared(dict[Any, Any]):
    """Compiled statements of all SQLite files, whose dialects are the same."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_any(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self) >= _MOST:
            self.clear()
        super().__setitem__(_of_any(key), compiled)


def _of_any(key: Any) -> Any:
    dialect, *rest = key
    return type(dialect), *rest


_SHARED = _Shared()


def share() -> None:
    """Let all engines for SQLite from now on share what they compile."""

    @sa.event.listens_for(sa.Engine, 'engine_connect')
    def begin(connection: sa.Connection) -> None:
        if connection.dialect.name == 'sqlite':
            connection.execution_options(compiled_cache=_SHARED)
