"""Blocking accounts, addresses and ranges globally: plans, guards, changes and undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from mw_tokens_plugin.sandbox import Sandbox

from .desk import Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

BLOCK = 'globalblock'
Script = Callable[..., Run]
USUAL = ('-reason:Open proxy', '-expiry:1 week', '-always')


@pytest.fixture
def global_block(pwb: Script) -> Script:
    return partial(pwb, 'global_block')


def blocks(sandbox: Sandbox) -> dict[str, Any]:
    """Return the global blocks there are, by target."""
    return sandbox.call(lambda farm: {b.target: b for b in farm.global_blocks})


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def test_a_mixed_list_is_blocked_each_kind_with_its_own_settings(
    global_block: Script, sandbox: Sandbox
) -> None:
    run = global_block(*spam(1), '192.0.2.1', '198.51.100.77/25', *USUAL, '-anononly')
    assert run.code == 0, run.said
    found = blocks(sandbox)
    assert sorted(found) == ['192.0.2.1', '198.51.100.0/25', 'Spambot 00001']
