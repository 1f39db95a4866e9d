"""The ledger on PostgreSQL: all that holds on SQLite, and what holds on servers."""

from __future__ import annotations

from mariadb import test_ledger, test_upgrades
from unit.test_ledger import *  # noqa: F403

test_locked = test_ledger.test_what_another_worker_is_just_taking_is_passed_over
test_at_once = test_ledger.test_many_connections_do_all_at_once_and_none_fails
# By the clock of the database, not by that of the test.
test_writes_of_an_account_keep_one_pace = (
    test_ledger.test_writes_of_an_account_keep_one_pace
)
test_upgrade = test_upgrades.test_an_older_ledger_is_refused_until_it_is_upgraded
