"""An undo of global blocks touches what its campaign has done last, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from centralauth_sandbox import Sandbox

from .colleagues import OPERATOR, lift_block, set_block
from .desk import Run
from .night_scripts import hurried_scripts
from .test_global_block import block, blocks, log

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
X = '192.0.2.1'
THEN = '2099-01-01T00:00:00Z'
MADE = (X, '-anononly', f'-expiry:{THEN}', '-reason:R', '-always')
LIFTED = (X, '-unblock', '-reason:x', '-always')
OWN = 'changed since by your own account'
OTHERS = 'changed since by somebody else'


@pytest.fixture(autouse=True)
def _hurried() -> Iterator[None]:
    with hurried_scripts():
        yield


@pytest.fixture
def global_block(pwb: Script) -> Script:
    return partial(pwb, 'global_block')


def undo(global_block: Script, campaign: str) -> Run:
    return global_block(f'-undo:{campaign}', '-reason:u', '-always')


@pytest.mark.parametrize('who', ['own campaigns', 'a colleague', 'by number'])
def test_what_was_lifted_again_since_is_not_blocked_by_an_undo_of_lifting(
    global_block: Script, sandbox: Sandbox, who: str
) -> None:
    """Nobody may block because of a campaign whose last word was another's."""
    block(sandbox, X, days=40, anononly=True)
    before = blocks(sandbox)[X]
    assert global_block(*LIFTED, '-campaign:one').code == 0
    if who == 'own campaigns':
        assert global_block(*MADE, '-campaign:two').code == 0
        assert global_block(*LIFTED, '-campaign:three').code == 0
    else:
        set_block(sandbox, X, expiry=THEN)
        lift_block(sandbox, X, by_number=who == 'by number')
    run = undo(global_block, 'one')
    said = OWN if who == 'own campaigns' else OTHERS
    assert run.code == 1 and f'{X}: {said}' in run.out, run.said
    assert not blocks(sandbox)
    if who == 'own campaigns':
        # In the opposite order, each restores what it has found.
        for campaign in ('three', 'two', 'one'):
            run = undo(global_block, campaign)
            assert run.code == 0, run.said
        restored = blocks(sandbox)[X]
        assert (restored.reason, restored.expiry) == (before.reason, before.expiry)


def test_an_equal_block_of_a_colleague_is_not_taken_for_the_campaigns_own(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Though a later campaign's undo has put it back in the operator's name."""
    made = (*MADE, '-campaign:one')
    assert global_block(*made).code == 0
    lift_block(sandbox, X)
    set_block(sandbox, X, expiry=THEN, reason='R', anononly=True)
    change = (X, '-modify', '-hardblock', '-always', '-campaign:two')
    assert global_block(*change).code == 0
    assert undo(global_block, 'two').code == 0
    theirs = blocks(sandbox)[X]
    assert theirs.by == OPERATOR and theirs.anononly
    run = undo(global_block, 'one')
    assert run.code == 1 and f'{X}: {OWN}' in run.out, run.said
    assert blocks(sandbox) == {X: theirs}


def test_a_block_that_was_lifted_and_made_again_by_hand_is_left(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Also where the operator has done that at once, for the same reason."""
    assert global_block(*MADE, '-campaign:one').code == 0
    lift_block(sandbox, X, by=OPERATOR)
    set_block(sandbox, X, expiry=THEN, reason='R', by=OPERATOR, anononly=True)
    run = undo(global_block, 'one')
    assert run.code == 1 and f'{X}: {OWN}' in run.out, run.said
    assert list(blocks(sandbox)) == [X]


def test_nothing_is_blocked_again_that_somebody_has_lifted_since_the_plan(
    global_block: Script, sandbox: Sandbox
) -> None:
    """A target without a block looks the same before and after."""
    block(sandbox, X, days=40)
    assert global_block(*LIFTED, '-campaign:one').code == 0
    plan = ('-undo:one', '-reason:u', '-always', '-simulate', '-campaign:undo')
    assert global_block(*plan).code == 0
    set_block(sandbox, X, expiry=THEN)
    lift_block(sandbox, X)
    run = global_block('-resume', '-campaign:undo', '-always')
    assert run.code == 1 and 'changed since the plan' in run.out, run.said
    assert not blocks(sandbox)
    assert [action for action, _ in log(sandbox)] == ['gunblock', 'gblock', 'gunblock']


def test_a_reason_is_a_part_of_what_was_asked_for(
    global_block: Script, sandbox: Sandbox
) -> None:
    """A corrected one is no state that a target is in already."""
    for name in (X, '192.0.2.2'):
        block(sandbox, name, days=40, anononly=True, reason='First')
    correct = (X, '192.0.2.2', '-modify', '-reason:Second', '-always')
    plan = global_block(*correct, '-simulate', '-campaign:one')
    assert plan.code == 0, plan.said
    expiry = blocks(sandbox)[X].expiry
    set_block(sandbox, X, expiry=expiry, reason='Third', anononly=True)
    run = global_block('-resume', '-campaign:one', '-always')
    assert run.code == 1 and f'{X}: changed since' in run.out, run.said
    assert {b.reason for b in blocks(sandbox).values()} == {'Second', 'Third'}
    set_block(sandbox, '192.0.2.2', expiry=expiry, reason='Third', anononly=True)
    undone = undo(global_block, 'one')
    assert undone.code == 1, undone.said
    assert f'192.0.2.2: {OTHERS}' in undone.out
