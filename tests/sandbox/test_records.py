"""What an operator is told of a campaign: before it, at its end, and afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm

from .desk import Desk, Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
Script = Callable[..., Run]
USUAL = ('-reason:Spam-only account', '-always')


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


@pytest.fixture
def skipped(sandbox: Sandbox) -> dict[str, str]:
    """Accounts that are skipped, and why."""
    stewards = sandbox.call(
        lambda farm: [n for n, a in farm.accounts.items() if a.groups and n[0] == 'S']
    )
    return {stewards[-1]: 'in a global group', 'Nobody': 'no such global account'}


def test_who_was_skipped_is_named_with_the_reason(
    pwb: Script, skipped: dict[str, str]
) -> None:
    """Whether the run was quiet or not, and in what shows the campaign afterwards."""
    names = [*spam(1), *skipped]
    for mode in ('-quiet', '-campaign:again'):
        run = pwb('global_lock', *names, *USUAL, mode, '-max-edits:1000000')
        assert run.code == 1, run.said
        for name, why in skipped.items():
            assert f'  {name}: {why}' in run.out
    show = pwb('campaign', 'show', 'again')
    for name, why in skipped.items():
        assert f'  {name}: {why}' in show.out
    # It is done already, so nothing is left undone: told in full afterwards only.
    already = f'  {spam(1)[0]}: already in that state'
    assert already in show.out
    assert already not in run.out.partition('Campaign again\n')[2]


def test_a_summary_names_some_and_says_how_to_see_all(
    pwb: Script, sandbox: Sandbox
) -> None:
    nobodies = [f'Nobody {number}' for number in range(30)]
    run = pwb('global_lock', *nobodies, *USUAL, '-campaign:many')
    summary = run.out.partition('\nCampaign many\n')[2]
    assert summary.count('Nobody') == 20
    assert '... and 10 more. To see all: pwb campaign show many' in summary
    assert pwb('campaign', 'show', 'many').out.count('  Nobody') == 30


def test_what_was_not_done_is_shown_with_its_log(pwb: Script, sandbox: Sandbox) -> None:
    """But for what must not be shown."""
    secret, failing, public = spam(1, 2, 3)
    sandbox.call(lambda farm: setattr(farm.accounts[secret], 'locked', True))
    names = [secret, failing, public, 'Nobody & all']
    assert pwb('global_lock', *names, '-reason:x', '-simulate', '-campaign:l').code == 0
    sandbox.call(lambda farm: farm.accounts.pop(failing))
    assert pwb('global_lock', '-resume', '-always').code == 1
    run = pwb('campaign', 'show', 'l')
    index = f'{sandbox.wikis["meta"].server}/w/index.php?title=Special%3ALog&type='
    page = f'{index}globalauth&page=User%3A'
    assert f'    {page}Nobody+%26+all%40global\n' in run.out
    assert f'    {page}Spambot+00002%40global\n' in run.out
    assert run.out.count(index) == 3
    # Its log shows when it was locked, and by whom.
    assert f'    {page}Spambot+00001%40global\n' in run.out
    block = ('-expiry:1 week', '-anononly', '-reason:x', '-always', '-campaign:b')
    assert pwb('global_block', '127.0.0.9', *block).code == 1
    run = pwb('campaign', 'show', 'b')
    assert f'    {index}gblblock&page=User%3A127.0.0.9\n' in run.out


def test_a_kept_plan_can_be_seen_in_full(
    pwb: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Also of a plan that is longer than what is listed before it is confirmed."""
    names = tmp_path / 'names.txt'
    names.write_text('\n'.join(spam(*range(1, 251))))
    run = pwb('global_lock', f'-file:{names}', '-reason:x', '-simulate', '-campaign:k')
    assert run.out.count('  Spambot') == 200
    assert '... and 50 more. To see all: pwb campaign show k' in run.out
    show = pwb('campaign', 'show', 'k')
    assert show.out.count('  Spambot') == 250


def test_a_kept_plan_that_is_looked_at_again_says_what_has_changed(
    pwb: Script, sandbox: Sandbox
) -> None:
    """It reads the wiki, and neither adds to the plan nor loses what it cannot read."""
    names = spam(*range(1, 7))

    def look() -> str:
        run = pwb('global_lock', '-resume', '-simulate')
        assert run.code == 0, run.said
        return run.out

    def change(farm: Farm) -> None:
        accounts = [farm.accounts[name] for name in names]
        accounts[0].groups = frozenset({'global-sysop'})
        accounts[1].locked = True
        next(iter(accounts[2].attached.values())).editcount += 20
        accounts[4].hidden = 'suppressed'

    assert pwb('global_lock', *names, '-reason:x', '-simulate').code == 0
    assert 'No target of the plan has changed since 20' in look()
    sandbox.call(change)
    said = look()
    assert 'To lock: 5\n' in said
    assert '3 targets of the plan have changed since 20' in said
    assert f'{names[0]}: no longer in the plan: in a global group' in said
    assert f'{names[1]}: already in that state' in said
    assert re.search(rf'{names[2]}: .*edits: \d+ -> \d+', said)
    # What was shown once is what the next look is compared with.
    assert 'No target of the plan has changed since 20' in look()
    # An account with some edits is read with those of each wiki.
    gone = sandbox.call(lambda farm: list(farm.accounts[names[2]].attached))
    sandbox.call(lambda farm: farm.gone.update(gone))
    said = look()
    assert '1 could not be read now, and stays in the plan.\n' in said
    assert f'  {names[2]}: the wiki cannot read this account: ' in said
    assert 'To lock: 5\n' in said
    sandbox.call(lambda farm: farm.gone.clear())
    assert not sandbox.journal.entries(action=LOCK)
    assert pwb('global_lock', '-resume', '-always').code == 1
    locked = [e.target for e in sandbox.journal.entries(action=LOCK) if e.effect]
    assert sorted(locked) == names[2:]


def test_a_group_of_targets_is_a_list_for_the_next_wave(
    pwb: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Never with a name that must not be shown, by whatever campaign it is hidden."""
    names, file = tmp_path / 'names.txt', tmp_path / 'next.csv'
    secret = spam(4)[0]
    sandbox.call(lambda farm: setattr(farm.accounts[secret], 'hidden', 'suppressed'))
    more = ['~2026-1234-5', '192.0.2.1', 'Nobody at all']
    names.write_text('\n'.join([*spam(1, 2, 3), secret, *more]))
    run = pwb('global_lock', f'-file:{names}', '-reason:x', '-always', '-campaign:one')
    assert run.code == 1, run.said
    for group, listed, hidden in (
        ('temporary', ['~2026-1234-5'], False),
        ('done', spam(1, 2, 3), True),
        ('skipped', more, False),
        ('all', [*spam(1, 2, 3), *more], True),
    ):
        file.unlink(missing_ok=True)
        run = pwb('campaign', 'save', 'one', group, str(file))
        assert run.code == 0, run.said
        assert file.stat().st_mode & 0o077 == 0
        text = file.read_text()
        assert secret not in text
        assert [row.split(',')[0] for row in text.splitlines()][1:] == listed
        assert ('1 target has a name' in run.out) is hidden, group
    run = pwb('campaign', 'save', 'one', 'all', str(file))
    assert run.code == 2 and 'exists' in run.err
    run = pwb('campaign', 'save', 'one', 'planned', str(tmp_path / 'x'))
    assert run.code == 2 and 'temporary (1)' in run.err
    block = ('-expiry:1 week', '-anononly', '-reason:x', '-always')
    run = pwb('global_block', f'-file:{file}', *block, '-only:addresses')
    assert run.code == 0, run.said
    assert 'To block: 1' in run.out


def test_names_to_be_hidden_are_not_in_what_shows_a_plan(
    desk: Desk, sandbox: Sandbox
) -> None:
    """The interactive plan alone shows them."""
    names = desk.directory / 'names.txt'
    names.write_text(spam(1)[0])
    run = desk.talk(
        f'-file:{names}',
        '-hide:lists',
        '-reason:x',
        '-simulate',
        '-campaign:h',
        answers=[],
    )
    assert run.code == 0, run.said
    assert spam(1)[0] in run.out
    desk.script = 'campaign'
    show = desk.talk('show', 'h', answers=[])
    assert 'To do: 1' in show.out
    assert spam(1)[0] not in show.out


def test_a_long_plan_can_be_read_before_it_is_agreed_to(
    desk: Desk, sandbox: Sandbox
) -> None:
    names = desk.directory / 'names.txt'
    names.write_text('\n'.join(spam(*range(1, 221))))
    run = desk.talk(
        f'-file:{names}',
        '-reason:x',
        answers=[('to see them all', 'list'), ('to see them all', 'no')],
    )
    assert run.code == 4, run.said
    first, again, _ = run.out.split('to see them all')
    last = spam(220)[0]
    assert last not in first
    assert last in again
    assert not sandbox.journal.entries(action=LOCK)


def test_a_plan_that_nobody_confirmed_can_be_made_again(
    pwb: Script, sandbox: Sandbox
) -> None:
    def simulate(name: str, *more: str) -> Run:
        return pwb(
            'global_lock', name, '-reason:x', '-campaign:wave', '-simulate', *more
        )

    one, two = spam(1, 2)
    assert simulate(one).code == 0
    refused = simulate(two)
    assert refused.code == 2
    assert '-replace' in refused.err
    replaced = simulate(two, '-replace')
    assert replaced.code == 0, replaced.said
    # Nor does a list that cannot be read cost the plan that is there.
    assert simulate('a|b', '-replace').code == 2
    assert pwb('global_lock', '-resume', '-campaign:wave', '-always').code == 0
    assert [e.target for e in sandbox.journal.entries(action=LOCK)] == [two]
    # Now it is a record.
    kept = simulate(one, '-replace')
    assert kept.code == 2
    assert 'was confirmed, so it is kept' in kept.err


def test_a_campaign_that_is_planned_again_is_kept_for_its_undo(
    pwb: Script, sandbox: Sandbox
) -> None:
    """Though the plan with what had failed was not confirmed yet."""
    one, two = spam(1, 2)
    usual = ('-reason:x', '-campaign:wave')
    assert pwb('global_lock', one, two, *usual, '-simulate').code == 0
    gone = sandbox.call(lambda farm: farm.accounts.pop(two))
    assert pwb('global_lock', '-resume', '-campaign:wave', '-always').code == 1
    sandbox.call(lambda farm: farm.accounts.update({two: gone}))
    assert pwb('campaign', 'retry-failed', 'wave', '-simulate').code == 0
    kept = pwb('global_lock', spam(3)[0], *usual, '-simulate', '-replace')
    assert kept.code == 2 and 'so it is kept' in kept.err, kept.said
    again = pwb('global_lock', spam(3)[0], *usual, '-simulate')
    assert again.code == 2 and '-replace' not in again.err
    assert pwb('global_lock', '-undo:wave', '-reason:x', '-always').code == 0
    assert not sandbox.farm.accounts[one].locked


@pytest.mark.parametrize('columns', ['0', '30', '60', '200'])
def test_a_plan_fits_every_terminal(desk: Desk, sandbox: Sandbox, columns: str) -> None:
    """No name is broken in two, whatever the terminal says of its width."""
    run = desk.talk(*spam(1, 2), '-reason:x', '-simulate', answers=[], columns=columns)
    assert run.code == 0, run.said
    for name in spam(1, 2):
        assert name in run.out
