"""A campaign of global blocks is about accounts, whatever their names are by now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign import batch

from .desk import Run
from .test_global_block import block, blocks, log, spam, writes

pytestmark = [
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
    pytest.mark.usefixtures('hurried'),
]

Script = Callable[..., Run]
MADE = ('-expiry:2099-01-01', '-reason:R', '-always')
LIFT = ('-unblock', '-reason:x', '-always')
BACK = ('-reason:u', '-always')


@pytest.fixture
def global_block(pwb: Script) -> Script:
    return partial(pwb, 'global_block')


def account(sandbox: Sandbox, name: str) -> int:
    """Return the central id of an account."""
    found: int = sandbox.call(lambda farm: farm.accounts[name].id)
    return found


def blocked(sandbox: Sandbox) -> set[int]:
    """Return the central ids of the accounts that are blocked."""
    found: set[int] = sandbox.call(lambda farm: {b.account for b in farm.global_blocks})
    return found


def move_on(sandbox: Sandbox, what: str, name: str, other: str) -> int:
    """Let an account be renamed or hidden; another one may take its name.

    :return: its central id
    """
    number = account(sandbox, name)
    if what == 'hidden':
        sandbox.command('hide', user=name, level='suppressed')
    else:
        sandbox.command('rename', user=name, to=f'Gone {name}')
    if what == 'taken':
        sandbox.command('rename', user=other, to=name)
    return number


@pytest.mark.parametrize('what', ['renamed', 'taken', 'hidden'])
def test_an_undo_of_lifting_blocks_the_account_that_was_blocked(
    global_block: Script, sandbox: Sandbox, what: str
) -> None:
    """Not whoever has the name now, and none whose name must not be shown."""
    names = spam(1, 2)
    assert global_block(*names, *MADE).code == 0
    number = blocks(sandbox)[names[1]].id
    assert global_block(names[0], f'#{number}', *LIFT, '-campaign:one').code == 0
    ids = {move_on(sandbox, what, n, o) for n, o in zip(names, spam(3, 4), strict=True)}
    run = global_block('-undo:one', *BACK)
    if what != 'hidden':
        assert run.code == 0, run.said
        assert blocked(sandbox) == ids
        return
    assert run.code == 1, run.said
    assert not blocks(sandbox)
    assert not any(name in run.said for name in names)
    assert f'account #{min(ids)}: hidden' in run.out
    assert len(log(sandbox)) == 4


@pytest.mark.parametrize('what', ['renamed', 'taken', 'hidden'])
def test_a_block_is_lifted_when_its_number_is_gone_not_its_name(
    global_block: Script, sandbox: Sandbox, what: str
) -> None:
    """A name that finds nothing is no sign of somebody else's work."""
    lifted, undone = spam(1, 2)
    assert global_block(lifted, undone, *MADE, '-campaign:made').code == 0
    kept = ('-simulate', '-campaign:lift')
    assert global_block(lifted, *LIFT, *kept).code == 0
    kept = ('-simulate', '-campaign:undo')
    assert global_block('-undo:made', *BACK, *kept).code == 0
    for name, other in zip((lifted, undone), spam(3, 4), strict=True):
        move_on(sandbox, what, name, other)
    run = global_block('-resume', '-campaign:lift', '-always')
    assert 'done meanwhile' not in run.out, run.said
    is_left = what != 'renamed'
    assert run.code == is_left and (lifted in blocks(sandbox)) == is_left
    if what == 'taken':
        assert f"that of another account now, and its own is 'Gone {lifted}'" in run.out
    if what == 'hidden':
        # The plan that was kept had been shown before.
        assert run.said.count(lifted) == 1 and 'hidden, so its block' in run.out
    run = global_block('-resume', '-campaign:undo', '-always')
    # An undo is for the very accounts that its campaign has changed.
    assert run.code == (what == 'hidden'), run.said
    assert sorted(blocks(sandbox)) == ([lifted, undone] if what == 'hidden' else [])


def test_each_of_a_list_has_its_own_block_whatever_name_is_in_it(
    global_block: Script, sandbox: Sandbox
) -> None:
    old, other, third = spam(1, 2, 3)
    assert global_block(old, *MADE).code == 0
    move_on(sandbox, 'renamed', old, '')
    run = global_block(old, f'Gone {old}', *LIFT)
    assert f'{old} (not blocked' in run.out, run.said
    assert not blocks(sandbox) and writes(sandbox)[-1] == f'Gone {old}'
    assert global_block(third, other, *MADE, '-campaign:made').code == 0
    move_on(sandbox, 'taken', third, other)
    run = global_block('-undo:made', *BACK)
    assert run.code == 0, run.said
    assert not blocks(sandbox)
    assert writes(sandbox)[-2:] == [f'Gone {third}', third]


def test_a_block_is_renewed_for_nobody_else(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Lists of blocks have old names, which others may have now."""
    names = spam(1, 2, 3)
    for name in names:
        block(sandbox, name, days=5)
    move_on(sandbox, 'taken', names[0], spam(4)[0])
    renew = ('-expiring:30d', '-modify', '-expiry:6 months', '-reason:y', '-always')
    run = global_block(*renew)
    assert run.code == 0, run.said
    assert sorted(writes(sandbox)) == names[1:]
    left = blocks(sandbox)[names[0]]
    assert f'#{left.id}' in run.out and left.reason == 'Theirs'


@pytest.mark.parametrize('is_fresh', [True, False])
@pytest.mark.parametrize('what', ['renamed', 'taken', 'hidden'])
def test_a_kept_plan_blocks_the_account_that_was_planned(
    global_block: Script,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    is_fresh: bool,
) -> None:
    names = spam(1, 2)
    plan = (*MADE, '-simulate', '-campaign:kept')
    assert global_block(*names, *plan).code == 0
    number = move_on(sandbox, what, names[0], spam(3)[0])
    if not is_fresh:
        monkeypatch.setattr(batch, 'FRESH', timedelta())
    run = global_block('-resume', '-campaign:kept', '-always')
    wanted = {account(sandbox, names[1])}
    if what == 'renamed':
        assert run.code == 0, run.said
        wanted.add(number)
    else:
        said = {'taken': 'that of another account now', 'hidden': 'hidden, so'}[what]
        assert run.code == 1 and said in run.out, run.said
        # The plan that was kept had been shown before.
        assert what == 'taken' or run.said.count(names[0]) == 1
    assert blocked(sandbox) == wanted


def test_the_local_half_of_a_renamed_account_is_undone(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Whose answer may be lost: that is no earlier work of the operator."""
    name = spam(1)[0]
    made = (name, *MADE, '-alsolocal', '-campaign:made')
    assert global_block(*made).code == 0
    move_on(sandbox, 'renamed', name, '')
    sandbox.faults.arm(kind='drop', when='after', action='unblock')
    run = global_block('-undo:made', *BACK)
    assert run.code == 0 and 'already done' not in run.said, run.said
    assert 'You had' not in run.out
    assert not blocks(sandbox)
    left = sandbox.call(lambda farm: {*farm.wikis['meta'].blocks})
    assert left.isdisjoint({name, f'Gone {name}'})
