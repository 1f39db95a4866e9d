"""Tests that need a server of their own, which not every machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def is_asked_for(config: pytest.Config, folder: Path) -> bool:
    """Tell whether pytest was called for the tests in a folder, not for all."""
    paths = [Path(argument.partition('::')[0]).resolve() for argument in config.args]
    return any(path.is_relative_to(folder) for path in paths)


def need(problem: str) -> None:
    """Skip a test where something is missing, but fail in continuous integration.

    :param problem: what is missing; empty if nothing is
    """
    if problem and os.environ.get('CI'):
        pytest.fail(problem)
    elif problem:
        pytest.skip(problem)
