"""Processes share one campaign on a PostgreSQL, and are killed at random moments."""

from __future__ import annotations

from mariadb.test_workers import *  # noqa: F403
