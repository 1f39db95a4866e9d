"""What a colleague takes out of a ledger, or ends there by hand, is told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.actions.globallock import GlobalLock
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Outcome, State

from .desk import Run
from .test_seals import LOCK, USUAL, Colleague, spam

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]

FIRST = f"name=CAST('{spam(1)[0]}' AS BLOB)"
DELETED = f'DELETE FROM target WHERE {FIRST}'
TOLD = 'target of wave is not in the ledger as your key recorded it'
UNCOUNTED = 'deleted from the ledger how many targets'


def sent(sandbox: Sandbox, **about: str) -> list[str | None]:
    entries = sandbox.journal.entries(action=LOCK)
    return [e.target for e in entries if about.items() <= e.params.items()]


@pytest.mark.parametrize(
    ('changes', 'told'),
    [
        ([f'UPDATE target SET changed=0 WHERE {FIRST}'], TOLD),
        ([f"UPDATE target SET state='failed' WHERE {FIRST}"], TOLD),
        ([f"UPDATE target SET state='held', held='ALREADY' WHERE {FIRST}"], TOLD),
        ([f'UPDATE target SET seals=NULL WHERE {FIRST}'], TOLD),
        ([DELETED], TOLD),
        ([DELETED, "DELETE FROM plan WHERE id LIKE '%=%'"], UNCOUNTED),
        ([DELETED, "UPDATE plan SET id=replace(id, '=3', '=2')"], UNCOUNTED),
        # Another one in its place is none of the operator's.
        ([f"UPDATE target SET name=x'41' WHERE {FIRST}"], TOLD),
    ],
)
def test_an_undo_tells_what_it_may_leave_out(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, changes: list[str], told: str
) -> None:
    """Nothing is undone on -always alone then, only when somebody has looked at it."""
    assert pwb('global_lock', *spam(1, 2, 3), *USUAL, '-campaign:wave').code == 0
    colleague = Colleague(ledger, sandbox)
    for change in changes:
        colleague(change)
    run = pwb('global_lock', '-undo:wave', *USUAL)
    assert run.code == 4, run.said
    assert told in run.said
    assert not sent(sandbox, locked='unlock')
    undo = ('-undo:wave', '-campaign:undo', '-simulate')
    run = pwb('global_lock', *undo, USUAL[0])
    assert run.code == 0 and told in run.said
    assert pwb('global_lock', '-resume', '-campaign:undo', '-always').code == 0
    assert set(sent(sandbox, locked='unlock')) >= set(spam(2, 3))


@pytest.mark.parametrize('was', [False, True])
def test_nobody_adds_to_an_undo_what_has_failed_or_takes_it_out(
    pwb: Script,
    ledger: Ledger,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    was: bool,
) -> None:
    """What was done in part is undone as well, so a row alone must not say so."""
    failed = Outcome(State.FAILED, changed=was, detail='refused')
    monkeypatch.setattr(GlobalLock, 'apply', lambda self, target: failed)
    assert pwb('global_lock', *spam(1, 2), *USUAL, '-campaign:wave').code == 1
    if was:
        run = pwb('global_lock', '-undo:wave', *USUAL, '-simulate')
        assert run.code == 0 and 'your key' not in run.said, run.said
    Colleague(ledger, sandbox)(f'UPDATE target SET changed={not was} WHERE {FIRST}')
    run = pwb('global_lock', '-undo:wave', *USUAL)
    assert run.code == 4 and TOLD in run.said, run.said


def test_a_whole_record_is_undone_without_another_word(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """Of a run that was resumed, in which some failed and others were skipped."""
    names = (*spam(1, 2, 3), 'Nobody')
    usual = (*USUAL, '-campaign:wave')
    assert pwb('global_lock', *names, *usual, '-simulate').code == 0
    sandbox.command('lock', user=spam(3)[0], by='Sandbox Colleague')
    run = pwb('global_lock', '-resume', '-campaign:wave', '-always')
    assert run.code == 1 and 'your key' not in run.said
    run = pwb('global_lock', '-undo:wave', *USUAL)
    assert run.code == 0 and 'your key' not in run.said, run.said
    assert sent(sandbox, locked='unlock') == spam(1, 2)


@pytest.mark.parametrize(
    'change',
    [
        DELETED,
        f"UPDATE target SET state='done', changed=0 WHERE {FIRST}",
        f"UPDATE target SET state='failed' WHERE {FIRST}",
        f"UPDATE target SET state='held', held='ALREADY' WHERE {FIRST}",
    ],
)
def test_what_was_confirmed_and_is_gone_is_told_at_the_end(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, change: str
) -> None:
    """Even by a quiet run; and the exit code says that not all is done."""
    usual = (*USUAL, '-campaign:wave')
    assert pwb('global_lock', *spam(1, 2, 3), *usual, '-simulate').code == 0
    Colleague(ledger, sandbox)(change)
    run = pwb('global_lock', '-resume', '-campaign:wave', '-always', '-quiet')
    assert run.code == 1 and run.said.count(TOLD) == 1, run.said
    assert sent(sandbox) == spam(2, 3)


def test_what_is_taken_away_while_it_is_planned_or_run_is_told(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    moments = [('UPDATE OF facts', [5]), ('UPDATE OF owner', [6])]
    # Where nothing is left, it is not told again at the end.
    moments.append(('UPDATE OF facts', []))
    for number, (when, others) in enumerate(moments, 1):
        name = f'wave{number}'
        gone = "state='planned' AND name=CAST('" + spam(number)[0] + "' AS BLOB)"
        Colleague(ledger, sandbox)(
            f'CREATE TRIGGER at_once{number} AFTER {when} ON target BEGIN'
            f' DELETE FROM target WHERE {gone}; END'
        )
        names = spam(*others, number)
        run = pwb('global_lock', *names, *USUAL, f'-campaign:{name}')
        told = f'1 target of {name} is not in the ledger'
        assert run.said.count(told) == 1, run.said
        assert run.code == 1


def test_a_campaign_that_others_call_finished_is_resumed_all_the_same(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    usual = (*USUAL, '-campaign:wave')
    assert pwb('global_lock', *spam(1, 2), *usual, '-simulate').code == 0
    Colleague(ledger, sandbox)(
        'UPDATE campaign SET finished_at=planned_at, confirmed_at=planned_at'
    )
    assert pwb('global_lock', '-resume', '-campaign:wave', '-always').code == 0
    assert sent(sandbox) == spam(1, 2)


@pytest.mark.parametrize(
    'change', ['DELETE FROM target', "UPDATE target SET state='done', changed=0"]
)
def test_what_others_have_ended_is_told_if_they_call_the_campaign_finished(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, change: str
) -> None:
    usual = (*USUAL, '-campaign:wave')
    assert pwb('global_lock', *spam(1), *usual, '-simulate').code == 0
    colleague = Colleague(ledger, sandbox)
    colleague('UPDATE campaign SET finished_at=planned_at, confirmed_at=planned_at')
    colleague(change)
    run = pwb('global_lock', '-resume', '-campaign:wave', '-always', '-quiet')
    assert run.code == 1 and run.said.count(TOLD) == 1, run.said
    assert not sent(sandbox)


def test_what_was_done_in_part_is_not_tried_again_and_can_be_undone(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new plan would find that part done, and the undo would miss it."""
    apply = GlobalLock.apply
    with monkeypatch.context() as patched:
        patched.setattr(
            GlobalLock,
            'apply',
            lambda self, target: replace(apply(self, target), state=State.FAILED),
        )
        run = pwb('global_lock', *spam(1), *USUAL, '-campaign:wave')
    assert run.code == 1 and 'retry-failed' not in run.said, run.said
    run = pwb('campaign', 'retry-failed', 'wave', '-always')
    assert '1 target failed after a part was done' in run.said, run.said
    assert pwb('global_lock', '-undo:wave', *USUAL).code == 0
    assert not sandbox.farm.accounts[spam(1)[0]].locked
