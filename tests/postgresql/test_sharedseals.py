"""Seals of several operators on PostgreSQL: all that holds on SQLite."""

from __future__ import annotations

from unit.test_sharedseals import *  # noqa: F403
