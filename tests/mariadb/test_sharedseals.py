"""Seals of several operators on MariaDB: all that holds on SQLite."""

from __future__ import annotations

from unit.test_sharedseals import *  # noqa: F403
