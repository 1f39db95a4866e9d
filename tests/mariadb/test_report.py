"""The files of a report are the same, letter by letter, from a ledger on MariaDB."""

from golden.test_report import *  # noqa: F403
