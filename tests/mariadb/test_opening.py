"""A ledger that cannot be opened: what has to be corrected, and what works later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.exceptions import TokensPluginError

from .server import MariaDB

SECRET = 'Planted-Secret'


def _without_server(url: str) -> str:
    return url.partition('?')[0] + '?unix_socket=/nowhere/at/all'


@pytest.mark.parametrize(
    ('change', 'code'),
    [
        (lambda url: url.replace('root@', f'nobody:{SECRET}@'), 2),
        (lambda url: url.replace('/test', '/nosuch'), 2),
        (lambda url: f'{url}&nonsense={SECRET}', 2),
        (_without_server, 75),
        (lambda url: f'mariadb+pymysql://u:{SECRET}@127.0.0.1:1/x', 75),
        (lambda url: f'mariadb+pymysql://u:{SECRET}@no-such-host.invalid/x', None),
    ],
    ids=['password', 'database', 'option', 'socket', 'port', 'host'],
)
def test_what_is_wrong_is_told_from_what_works_later(
    change: Callable[[str], str], code: int | None, url: str
) -> None:
    with pytest.raises(TokensPluginError, match='cannot be opened') as caught:
        Ledger(change(url))
    assert SECRET not in str(caught.value)
    # Without any name server no name is known to be wrong.
    assert exit_code_of(caught.value) in ((2, 75) if code is None else (code,))


def test_too_many_connections_are_transient(mariadb: MariaDB, url: str) -> None:
    """They are what a shared server has too few of."""
    mariadb.execute("CREATE USER few@localhost IDENTIFIED BY ''")
    mariadb.execute('GRANT ALL ON *.* TO few@localhost WITH MAX_USER_CONNECTIONS 1')
    few = url.replace('root@', 'few@')
    with (
        sa.create_engine(few).connect(),
        pytest.raises(TokensPluginError) as caught,
    ):
        Ledger(few)
    assert exit_code_of(caught.value) == 75


def test_a_server_is_known_as_one(url: str) -> None:
    """Names that must not be known are refused there, if others may read it."""
    ledger = Ledger(url)
    assert ledger.database.is_on_server
    ledger.close()
