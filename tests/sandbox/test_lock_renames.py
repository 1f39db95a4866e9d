"""A campaign of locks is about accounts, whatever their names are by now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from centralauth_sandbox import Sandbox

from .desk import Run
from .test_block_renames import move_on
from .test_global_block import spam
from .test_request_pages import PAGE, save, text

pytestmark = [
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
    pytest.mark.usefixtures('hurried'),
]

Script = Callable[..., Run]
USUAL = ('-reason:x', '-always')

REQUESTS = """\
== Requests for global (un)lock and (un)hiding ==
=== Global lock for Spambot 00001 ===
{{Status}}
* {{LockHide|Spambot 00001}}
Spam. --[[User:Bob|Bob]] 20:02, 12 November 2026 (UTC)
=== Global lock for Spambot 00002 ===
{{Status}}
* {{LockHide|Spambot 00002}}
* {{LockHide|Spambot 00003}}
Spam. --[[User:Bob|Bob]] 20:02, 12 November 2026 (UTC)
"""


def locked(sandbox: Sandbox, name: str) -> bool:
    found: bool = sandbox.call(lambda farm: farm.accounts[name].locked)
    return found


def test_a_lock_is_for_the_account_that_was_planned(
    pwb: Script, sandbox: Sandbox
) -> None:
    """Neither is another one locked for its name, nor taken for the planned one."""
    renamed, taken, mistaken = spam(1, 2, 3)
    hidden, done = spam(4, 5)
    save(sandbox, REQUESTS)
    plan = pwb('global_lock', PAGE, '-close', *USUAL, '-simulate', '-campaign:kept')
    assert plan.code == 0, plan.said
    status: dict[str, dict[str, Any]] = {
        hidden: {'locked': False, 'hidden': 'lists'},
        done: {'locked': True, 'hidden': ''},
    }

    def change(farm: Any) -> None:
        about = {'wiki': farm.central, 'operator': 'Sandbox Colleague', 'reason': 'r'}
        for name, state in status.items():
            farm.set_status(farm.accounts[name], **state, **about)

    sandbox.call(change)
    move_on(sandbox, 'renamed', renamed, '')
    move_on(sandbox, 'taken', taken, hidden)
    move_on(sandbox, 'taken', mistaken, done)
    run = pwb('global_lock', '-resume', '-campaign:kept', '-always')
    assert run.code == 1, run.said
    assert run.out.count('the name is that of another account now') == 4
    assert locked(sandbox, f'Gone {renamed}')
    assert not locked(sandbox, taken)
    assert not locked(sandbox, f'Gone {mistaken}')
    # Only what is done to them is put under the requests for them.
    first, second = text(sandbox).split('=== Global lock for Spambot 00002')
    assert "'Done'" in first
    assert "one'" not in second


def test_a_renamed_account_does_not_count_as_deleted(
    pwb: Script, sandbox: Sandbox
) -> None:
    renamed, taken = spam(6, 7)
    plan = (renamed, taken, *USUAL, '-simulate', '-campaign:gone')
    assert pwb('global_delete', *plan).code == 0
    move_on(sandbox, 'renamed', renamed, '')
    move_on(sandbox, 'taken', taken, spam(8)[0])
    run = pwb('global_delete', '-resume', '-campaign:gone', '-always')
    assert run.code == 1, run.said
    for name in (renamed, taken):
        assert f"{name}: renamed to 'Gone {name}' since the plan" in run.out, run.said
        assert f'Gone {name}' in sandbox.farm.accounts
