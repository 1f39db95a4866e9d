"""A ledger whose password stands in a file, as on Toolforge, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from mw_tokens_plugin.campaign.ledger import Ledger

from .server import MariaDB


def test_name_and_password_are_read_from_a_file(
    mariadb: MariaDB, url: str, tmp_path: Path
) -> None:
    """The command line, which others can read, tells no password then."""
    mariadb.execute("CREATE USER tool@localhost IDENTIFIED BY 'open sesame'")
    database = url.rpartition('/test')[2].partition('?')[0]
    mariadb.execute(f'GRANT ALL ON test{database}.* TO tool@localhost')
    credentials = tmp_path / 'replica.my.cnf'
    credentials.touch(mode=0o600)
    credentials.write_text('[client]\nuser = tool\npassword = open sesame\n')
    named = url.replace('root@', '') + f'&read_default_file={credentials}'
    ledger = Ledger(named)
    try:
        with ledger.database.begin() as connection:
            who = connection.exec_driver_sql('SELECT CURRENT_USER()').scalar()
        assert who == 'tool@localhost'
        assert 'sesame' not in ledger.location
    finally:
        ledger.close()
