"""One account or wiki that cannot be read is skipped by name, and stops no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mw_tokens_plugin.sandbox import Sandbox

from .desk import Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
USUAL = ('-reason:Spam', '-always')
SPAM = [f'Spambot {number:05}' for number in range(1, 6)]


def lose_database(sandbox: Sandbox, *names: str, edits: int = 0) -> None:
    """Attach accounts to a wiki whose database is gone from the farm."""

    def change(farm: Any) -> None:
        farm.gone.add('gonewiki')
        for name in names:
            account = farm.accounts[name]
            local = next(iter(account.attached.values()))
            account.attached['gonewiki'] = local
            local.editcount += edits

    sandbox.call(change)


def changed(sandbox: Sandbox, action: str) -> list[str]:
    found = sandbox.journal.entries(action=action)
    return sorted(entry.target for entry in found if entry.effect)


def test_an_account_on_a_wiki_that_is_gone_stops_no_other(
    pwb: Script, stage: tuple[Any, Sandbox]
) -> None:
    """Whoever might be a member there is skipped; a new account is nobody's."""
    _, sandbox = stage
    lose_database(sandbox, SPAM[1])
    lose_database(sandbox, SPAM[2], edits=11)
    run = pwb('global_lock', *SPAM, *USUAL, '-campaign:wave')
    assert run.code == 1, run.said
    assert changed(sandbox, 'setglobalaccountstatus') == sorted({*SPAM} - {SPAM[2]}), (
        run.said
    )
    why = 'the wiki cannot read this account: it breaks down'
    assert f'{SPAM[2]}: {why}' in run.out, run.said
    sandbox.call(lambda farm: farm.gone.clear())
    sandbox.call(lambda farm: farm.accounts[SPAM[2]].attached.pop('gonewiki'))
    sandbox.call(lambda farm: farm.accounts[SPAM[1]].attached.pop('gonewiki'))
    run = pwb('campaign', 'retry-failed', 'wave', '-always')
    assert run.code == 0, run.said
    assert changed(sandbox, 'setglobalaccountstatus') == SPAM


def test_an_account_that_is_read_with_an_error_stops_no_other(
    pwb: Script, stage: tuple[Any, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mw_tokens_plugin.campaign import launch

    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.1)
    _, sandbox = stage
    lose_database(sandbox, SPAM[0])
    sandbox.faults.arm(kind='http', target=SPAM[3], action='query', times=0)
    run = pwb('global_delete', *SPAM, *USUAL)
    assert run.code == 1, run.said
    assert changed(sandbox, 'deleteglobalaccount') == [SPAM[1], SPAM[2], SPAM[4]]
    for name in (SPAM[0], SPAM[3]):
        assert f'{name}: the wiki cannot read this account: ' in run.out
