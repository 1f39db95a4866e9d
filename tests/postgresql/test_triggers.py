"""Triggers of PostgreSQL that work against a run."""

from __future__ import annotations

from unit.test_triggers import (  # noqa: F401
    test_what_a_trigger_puts_back_keeps_no_run_busy_and_is_written_once,
    test_what_a_trigger_refuses_ends_a_run_in_one_sentence,
)
