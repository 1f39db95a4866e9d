"""An undo of global blocks touches what its campaign has done last, and no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign import plan
from mw_tokens_plugin.campaign.ledger import Ledger

from .colleagues import OPERATOR, lift_block, set_block
from .desk import Run
from .farms import Farm
from .test_global_block import block, blocks, log

pytestmark = [
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
    pytest.mark.usefixtures('hurried'),
]

Script = Callable[..., Run]
X = '192.0.2.1'
THEN = '2099-01-01T00:00:00Z'
MADE = (X, '-anononly', f'-expiry:{THEN}', '-reason:R', '-always')
LIFTED = (X, '-unblock', '-reason:x', '-always')
OWN = 'changed since by your own account'
OTHERS = 'changed since by somebody else'


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
    # It is the wiki's clock that counts, however wrong that of this machine is.
    sandbox.command('advance-clock', seconds=3 * 86400)
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
    words = ('-undo:one', '-reason:u', '-always', '-simulate', '-campaign:undo')
    assert global_block(*words).code == 0
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
    assert global_block(*correct, '-simulate', '-campaign:one').code == 0
    expiry = blocks(sandbox)[X].expiry
    set_block(sandbox, X, expiry=expiry, reason='Third', anononly=True)
    run = global_block('-resume', '-campaign:one', '-always')
    assert run.code == 1 and f'{X}: changed since' in run.out, run.said
    assert {b.reason for b in blocks(sandbox).values()} == {'Second', 'Third'}
    set_block(sandbox, '192.0.2.2', expiry=expiry, reason='Third', anononly=True)
    undone = undo(global_block, 'one')
    assert undone.code == 1, undone.said
    assert f'192.0.2.2: {OTHERS}' in undone.out


def test_a_block_that_has_ended_by_itself_was_changed_by_nobody(
    global_block: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old plan does what is asked for, where enough was said for a new block."""
    names = [f'192.0.2.{number}' for number in range(1, 7)]
    for name in names[:5]:
        block(sandbox, name, days=1, anononly=True)
    block(sandbox, names[5], days=40, anononly=True)
    renew = ('-modify', '-expiry:2 weeks', '-anononly', '-reason:x')
    cases: list[tuple[tuple[str, ...], str, int]] = [
        ((names[0], *renew), 'its block has ended', 1),
        ((names[1], '-modify', '-reason:Why'), 'its block has ended', 1),
        ((names[2], '-unblock', '-reason:x'), 'ended by itself', 0),
        ((names[3], *renew), 'done: ', 0),
        ((names[4], '-modify', '-reason:Why'), 'not blocked: to block it, give', 1),
        ((names[5], '-modify', '-reason:Why'), OWN, 1),
    ]
    for number, (words, _, _) in enumerate(cases):
        run = global_block(*words, '-simulate', f'-campaign:{number}')
        assert run.code == 0, run.said
    sandbox.command('advance-clock', seconds=86500)
    assert global_block(names[5], '-modify', '-reason:Own', '-always').code == 0
    for number, (words, said, code) in enumerate(cases):
        if names[3] in words:
            monkeypatch.setattr(plan, 'FRESH', timedelta())
        run = global_block('-resume', f'-campaign:{number}', '-always')
        assert said in run.out and 'somebody' not in run.out, run.said
        assert run.code == code
    assert sorted(blocks(sandbox)) == [names[3], names[5]]


def test_what_an_undo_gives_back_may_have_ended_since_its_plan(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Then there is nothing to give back, and what the campaign has made is lifted."""
    changed, lifted = X, '192.0.2.2'
    for name in (changed, lifted):
        block(sandbox, name, days=1, anononly=True)
    change = (changed, '-modify', f'-expiry:{THEN}', '-reason:x', '-always')
    assert global_block(*change, '-campaign:change').code == 0
    assert global_block(lifted, *LIFTED[1:], '-campaign:lift').code == 0
    undos = {'change': 'done: ', 'lift': 'its former block has ended by itself'}
    for name in undos:
        kept = (f'-undo:{name}', '-reason:u', '-always', '-simulate')
        assert global_block(*kept, f'-campaign:undo-{name}').code == 0
    sandbox.command('advance-clock', seconds=86500)
    for name, said in undos.items():
        run = global_block('-resume', f'-campaign:undo-{name}', '-always')
        assert run.code == 0 and said in run.out, run.said
    assert not blocks(sandbox)


def test_the_blocks_of_locks_are_named_and_end_in_the_future(
    pwb: Script, farm: Farm, sandbox: Sandbox, ledger: Ledger
) -> None:
    """Also where no lock was needed, or the plan has waited for too long."""
    names = (farm.person('locked'), X)
    usual = ('-globalblock:2999-01-01', '-hardblock', '-reason:Spam', '-campaign:both')
    assert pwb('global_lock', *names, *usual, '-simulate').code == 0
    change = "UPDATE campaign SET options=json_set(options, '$.globalblock', '{}')"
    change += " WHERE name='both'"
    for expiry, code in (('2020-01-01', 2), ('2999-01-01', 0)):
        with ledger.database.begin() as connection:
            connection.exec_driver_sql(change.format(expiry))
        run = pwb('global_lock', '-resume', '-campaign:both', '-always')
        assert run.code == code, run.said
        if code:
            assert "The blocks of 'both-blocks' would end at 2020-01-01" in run.err
        assert len(blocks(sandbox)) == (not code)
    undo = 'pwb campaign undo both-blocks -reason:TEXT'
    undone = pwb('global_lock', '-undo:both', '-reason:x', '-always')
    assert undone.code == 2 and undo in undone.err, undone.said
    assert f'To undo:   {undo}' in pwb('campaign', 'show', 'both').out
