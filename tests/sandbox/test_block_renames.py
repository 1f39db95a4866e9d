"""A campaign of global blocks is about accounts, whatever their names are by now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign import batch

from .colleagues import lift_block, set_block
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


def attach(farm: Any, name: str, is_attached: bool) -> None:
    """Let an account be attached on the central wiki, or not."""
    account, db = farm.accounts[name], farm.central.db
    is_there = db in account.attached
    if is_there and not is_attached:
        account.attached.pop(db).central = None
    if is_attached and not is_there:
        farm.attach(account, farm.central)


def rename(sandbox: Sandbox, *names: str) -> None:
    """Let each account get the name of the next one, and the last that of the first."""
    for name in names:
        sandbox.command('rename', user=name, to=f'Tmp {name}')
    for name, new in zip(names, names[1:] + names[:1], strict=True):
        sandbox.command('rename', user=f'Tmp {name}', to=new)


def ends(sandbox: Sandbox) -> dict[int, tuple[str, int]]:
    """Return when the block of each account ends, by central id, and its number."""
    found: dict[int, tuple[str, int]] = sandbox.call(
        lambda farm: {b.account: (b.expiry[:4], b.id) for b in farm.global_blocks}
    )
    return found


@pytest.mark.parametrize('number', [2, 3])
def test_accounts_that_swap_their_names_keep_their_own_blocks(
    global_block: Script, sandbox: Sandbox, number: int
) -> None:
    """Each name is in the block of another account of the same list."""
    names = spam(*range(1, number + 2))
    for year, name in enumerate(names, 2095):
        end = f'-expiry:{year}-01-01'
        assert global_block(name, end, '-reason:R', '-always').code == 0
    rename(sandbox, *names[:-1])
    before = ends(sandbox)
    change = ('-modify', '-reason:Other', '-always', '-campaign:changed')
    assert global_block(*names, *change).code == 0
    assert ends(sandbox) == before and {b.reason for b in blocks(sandbox).values()} == {
        'Other'
    }
    assert global_block('-undo:changed', *BACK).code == 0
    assert ends(sandbox) == before
    assert global_block(*names[1:], *LIFT, '-campaign:lifted').code == 0
    assert {*ends(sandbox)} == {account(sandbox, names[0])}
    rename(sandbox, *names)
    assert global_block('-undo:lifted', *BACK).code == 0
    kept = {id: end for id, (end, _) in before.items()}
    assert {id: end for id, (end, _) in ends(sandbox).items()} == kept


@pytest.mark.parametrize('is_attached', [True, False])
def test_an_undo_is_not_misled_by_what_others_with_the_name_went_through(
    global_block: Script, sandbox: Sandbox, is_attached: bool
) -> None:
    """MediaWiki changes the names in the log only for accounts of the central wiki."""
    name, other, *lifted = spam(1, 2, 3, 4)
    for one in (name, other, *lifted):
        sandbox.call(partial(attach, name=one, is_attached=is_attached))
    assert global_block(name, *MADE, '-campaign:made').code == 0
    assert global_block(*lifted, *MADE).code == 0
    assert global_block(*reversed(lifted), *LIFT, '-campaign:lifted').code == 0
    for old, new in ((name, other), lifted):
        move_on(sandbox, 'taken', old, new)
    assert global_block(name, *MADE, '-campaign:other').code == 0
    assert global_block(name, *LIFT).code == 0
    set_block(sandbox, name, expiry='2099-01-01T00:00:00Z')
    lift_block(sandbox, name)
    run = global_block('-undo:made', *BACK)
    assert run.code == 0 and f"its name is now 'Gone {name}'" in run.out, run.said
    assert not blocks(sandbox)
    assert global_block('-undo:lifted', *BACK).code == 0
    assert sorted(blocks(sandbox)) == sorted([f'Gone {lifted[0]}', lifted[0]])


def test_a_block_is_lifted_once_and_not_if_its_account_is_protected(
    global_block: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    """However it is named, and whoever has the name in it by now."""
    name, other, kept, another, moved = spam(*range(1, 6))
    for one in (name, kept, moved):
        block(sandbox, one)
    number, protected, stray = (
        f'#{blocks(sandbox)[n].id}' for n in (name, kept, moved)
    )
    move_on(sandbox, 'taken', kept, other)
    move_on(sandbox, 'taken', moved, another)
    path = tmp_path / 'protected.txt'
    path.write_text(f'Gone {kept}', encoding='utf-8')
    protect = (f'-not:{path}', '-campaign:lifted')
    run = global_block(number, name, protected, stray, *LIFT, *protect)
    assert f'{number} (the same as another target: {name})' in run.out, run.said
    assert f'{protected} (listed in -not or -protect)' in run.out
    assert sorted(writes(sandbox)) == [stray, name]
    # The log of renames tells who that was.
    assert global_block('-undo:lifted', *BACK).code == 0
    assert sorted(writes(sandbox)[2:]) == [f'Gone {moved}', name]


@pytest.mark.parametrize('where', ['both', 'first', 'second', 'none'])
def test_an_undo_that_was_planned_restores_accounts_that_have_swapped_their_names(
    global_block: Script, sandbox: Sandbox, where: str
) -> None:
    """Also if only the entries about one of them have its new name."""
    names = spam(1, 2)
    for name, which in zip(names, ('first', 'second'), strict=True):
        is_attached = where in ('both', which)
        sandbox.call(partial(attach, name=name, is_attached=is_attached))
    assert global_block(*names, *MADE).code == 0
    assert global_block(*names, *LIFT, '-campaign:lifted').code == 0
    plan = ('-undo:lifted', *BACK, '-simulate', '-campaign:undo')
    assert global_block(*plan).code == 0
    rename(sandbox, *names)
    run = global_block('-resume', '-campaign:undo', '-always')
    assert run.code == 0, run.said
    assert sorted(blocks(sandbox)) == names
    rename(sandbox, *names)
    made = global_block(*names, *LIFT, '-campaign:again')
    assert made.code == 0, made.said
    rename(sandbox, *names)
    run = global_block('-undo:again', *BACK)
    if where in ('both', 'none'):
        assert run.code == 0 and sorted(blocks(sandbox)) == names, run.said
    elif run.code == 0:
        # The entries are of moments that can be told apart.
        assert sorted(blocks(sandbox)) == names, run.said
    else:
        # By now, entries of both have both names.
        assert 'the log does not tell it from another account of' in run.out
        assert run.code == 1 and len(blocks(sandbox)) <= 1, run.said
