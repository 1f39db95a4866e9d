"""The script as operators meet it: inputs, plan, guards, resuming, undoing, errors."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.site.settings import settings

from .desk import Desk, Run
from .farms import Farm

# Within one process there are sites before the second run begins.
pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
Script = Callable[..., Run]
Names = Callable[[int], list[str]]

#: Given to each run that is not about them.
USUAL = ('-reason:Spam-only account', '-always')


def spam(*numbers: int) -> list[str]:
    """Return the names of some spam accounts of the sandbox."""
    return [f'Spambot {number:05}' for number in numbers]


def written(sandbox: Sandbox) -> list[str]:
    """Return whose state was really changed, in order."""
    return [e.target for e in sandbox.journal.entries(action=LOCK) if e.effect]


def writes(sandbox: Sandbox) -> int:
    """Return how many locks were sent, whatever became of them."""
    return len(sandbox.journal.entries(action=LOCK))


# Whom


def test_names_on_the_command_line_are_locked(
    global_lock: Script, farm: Farm, spambots: Names
) -> None:
    names = spambots(3)
    run = global_lock(*names, *USUAL)
    assert run.code == 0, run.said
    assert farm.locked(names) == names
    assert str(farm.site()) in run.out
    assert 'Done:      3' in run.out


def test_a_file_is_read_as_people_write_it(
    global_lock: Script, farm: Farm, spambots: Names, tmp_path: Path
) -> None:
    names = spambots(5)
    one, two, three, four, five = names
    lines = [
        '\ufeff# a comment',
        '',
        one,
        f'User:{two}  # another',
        f'* [[User:{three}]]',
        four.replace(' ', '_'),
        five[0].lower() + five[1:],
        f'[[User:{one}|the first again]]',
    ]
    file = tmp_path / 'names.txt'
    file.write_text('\r\n'.join(lines), encoding='utf-8')
    run = global_lock(f'-file:{file}', *USUAL)
    assert run.code == 0, run.said
    assert '5 different names.' in run.out
    assert farm.locked(names) == names


def test_a_bad_line_stops_the_run_before_anything_is_sent(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / 'names.txt'
    file.write_text('Spambot 00001\nno|name\n\nUser:\n', encoding='utf-8')
    run = global_lock(f'-file:{file}', *USUAL, '-campaign:bad')
    assert run.code == 2, run.said
    assert 'line 2' in run.err and 'line 4' in run.err
    assert not sandbox.journal.entries(action=LOCK)
    run = global_lock(f'-file:{file}', *USUAL, '-campaign:bad', '-skip-bad-lines')
    assert run.code == 0, run.said
    assert written(sandbox) == spam(1)


def test_other_encodings_are_refused(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / 'names.txt'
    file.write_bytes('Spambot 00001\nÉmile Zola\n'.encode('latin-1'))
    run = global_lock(f'-file:{file}', *USUAL)
    assert run.code == 2
    assert 'line 2' in run.err and 'UTF-8' in run.err
    assert 'Traceback' not in run.said
    assert not sandbox.journal.entries(action=LOCK)


def test_a_missing_file_is_a_clear_error(global_lock: Script) -> None:
    run = global_lock('-file:/nowhere/names.txt', *USUAL)
    assert run.code == 2
    assert '/nowhere/names.txt cannot be read' in run.err


def test_standard_input(desk: Any, farm: Farm, spambots: Names) -> None:
    names = spambots(2)
    text = '\n'.join(names).encode()
    run = desk.run('-', '-reason:test', stdin=text)
    assert run.code == 2
    assert '-always' in run.err
    run = desk.run('-', '-reason:test', '-always', stdin=text)
    assert run.code == 0, run.said
    assert farm.locked(names) == names


def test_all_accounts_that_begin_so(global_lock: Script, sandbox: Sandbox) -> None:
    """Anybody can register such a name, so the plan is looked at in between."""
    run = global_lock('-prefix:spambot_0000', '-reason:test', '-simulate')
    assert run.code == 0, run.said
    assert not sandbox.journal.entries(action=LOCK)
    run = global_lock('-resume', '-always')
    assert run.code == 0, run.said
    assert sorted(written(sandbox)) == spam(*range(1, 10))
    run = global_lock('-prefix:Nobody begins so', '-reason:test', '-simulate')
    assert run.code == 2
    assert 'nothing to do' in run.err


# What


def test_a_reason_is_required_but_may_be_empty(
    global_lock: Script, sandbox: Sandbox
) -> None:
    run = global_lock(*spam(1), '-always')
    assert run.code == 2
    assert '-reasons' in run.err
    assert not sandbox.journal.entries(action=LOCK)
    assert global_lock(*spam(1), '-always', '-reason:').code == 0
    (sent,) = sandbox.journal.entries(action=LOCK)
    assert sent.params['reason'] == ''


def test_the_wikis_own_reasons_are_listed(
    global_lock: Script, sandbox: Sandbox
) -> None:
    run = global_lock('-reasons')
    assert run.code == 0
    assert '  Spam-only account\n' in run.out
    assert '\nAbuse\n' in run.out


def test_unlocking(global_lock: Script, farm: Farm, spambots: Names) -> None:
    names = spambots(2)
    assert global_lock(*names, *USUAL).code == 0
    run = global_lock(*names, '-unlock', '-reason:mistake', '-always', '-campaign:un')
    assert run.code == 0, run.said
    assert farm.locked(names) == []


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([*USUAL], 'No accounts were named'),
        (['X', *USUAL, '-resume'], 'name no others'),
        (['-file:x', *USUAL, '-unlock', '-hide:lists'], 'do not go together'),
        (['-file:x', *USUAL, '-hide:none'], 'Special:CentralAuth'),
        (['-file:x', *USUAL, '-hide:lists'], 'needs a terminal'),
        (['X', *USUAL, '-hide:lists'], 'do not belong on the command line'),
        (['X', *USUAL, '-max:many'], 'give a number'),
        (['X', *USUAL, '-maximum:3'], 'not understood'),
        (['X', *USUAL, '-campaign:a/b'], 'letters'),
        (['X', *USUAL, '-campaign:-wave'], 'must not begin'),
        (['-undo:X', *USUAL, '-campaign:-always'], 'must not begin'),
        (['-resume', '-reason:test', '-always'], 'leave -reason out'),
        (['-resume', '-always'], 'nothing to resume'),
        (['-resume', '-always', '-campaign:unheardof'], 'has no campaign'),
        (['-undo:unheardof', *USUAL], 'has no campaign'),
        (['-undo:x', '-always'], 'reason is required'),
        (['X', '-reason:test'], 'without a terminal'),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_what_is_not_understood_is_refused_in_a_sentence(
    global_lock: Script, sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    run = global_lock(*arguments)
    assert run.code == 2, run.said
    assert words in run.err
    assert len([line for line in run.err.splitlines() if 'ERROR' in line]) == 1
    assert 'Traceback' not in run.said
    assert not sandbox.journal.entries(action=LOCK)


def test_it_acts_on_the_central_wiki_whatever_the_default_is(
    global_lock: Script,
    farm: Farm,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pywikibot import config

    other = next(code for code in farm.wikis if code != farm.central)
    monkeypatch.setattr(config, 'mylang', other)
    run = global_lock(*spam(1), *USUAL)
    assert run.code == 0, run.said
    assert f'{farm.family}:{farm.central}' in run.out
    (sent,) = sandbox.journal.entries(action=LOCK)
    assert sent.wiki == farm.central


def test_every_write_says_why_and_who(global_lock: Script, sandbox: Sandbox) -> None:
    assert global_lock(*spam(1, 2), *USUAL).code == 0
    sent = sandbox.journal.entries(action=LOCK)
    assert {e.params['reason'] for e in sent} == {'Spam-only account'}
    assert {e.params['assertuser'] for e in sent} == {'Sandbox Operator'}
    assert all('statecheck' in e.params for e in sent)


# Guards

SKIPPED = {
    'Nobody Of That Name': 'no such global account',
    '~2026-1': 'a temporary account: use global_block',
    '192.0.2.7': 'an IP address: use global_block',
    '2001:DB8:0:0:0:0:0:7': 'an IP address: use global_block',
    'Spambot 00003': 'listed in -not or -protect',
}


def test_guards_hold_back_whom_a_slip_would_hit(
    global_lock: Script,
    stage: tuple[Any, Sandbox],
    running_farm: Farm,
    tmp_path: Path,
) -> None:
    site, sandbox = stage
    person = running_farm.person
    skipped = {
        person('prolific'): 'too many edits',
        person('admin'): 'in a group on a wiki',
        person('helper'): 'in a global group',
        running_farm.operator.name: 'the operator itself',
        person('locked'): 'already in that state',
        **SKIPPED,
    }
    spared = tmp_path / 'spared.txt'
    spared.write_text('spambot_00003\n', encoding='utf-8')
    reader = person('reader')
    run = global_lock(*skipped, reader, *spam(1), f'-not:{spared}', *USUAL)
    assert run.code == 1, run.said
    lines = run.out.splitlines()
    for name, why in skipped.items():
        assert any(line.startswith(f'  {name} ({why}') for line in lines), name
    assert sorted(written(sandbox)) == sorted([reader, *spam(1)])
    for why in set(skipped.values()):
        count = list(skipped.values()).count(why)
        assert f'Skipped:   {count} ({why})' in run.out
    if site.lists_global_users():
        # Only those with more than 10 edits are asked for the groups on all wikis.
        assert sandbox.summary()['by_query']['globaluserinfo'] == 2


def test_accounts_that_are_locked_already_are_no_failure(
    global_lock: Script, farm: Farm, sandbox: Sandbox
) -> None:
    run = global_lock(farm.person('locked'), *spam(1), *USUAL)
    assert run.code == 0, run.said
    assert written(sandbox) == spam(1)
    assert writes(sandbox) == 1


def test_more_edits_can_be_allowed(
    global_lock: Script, farm: Farm, sandbox: Sandbox
) -> None:
    prolific = farm.person('prolific')
    run = global_lock(prolific, *USUAL, '-max-edits:999999')
    assert run.code == 0, run.said
    assert written(sandbox) == [prolific]
    run = global_lock(farm.person('reader'), *USUAL, '-max-edits:11', '-campaign:few')
    assert run.code == 1


def test_a_plan_that_is_too_long_is_refused_whole(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    run = global_lock(*spam(1, 2, 3), *USUAL, '-max:2', '-campaign:long')
    assert run.code == 4, run.said
    assert '-max:3' in run.err
    file = tmp_path / 'names.txt'
    file.write_text('\n'.join(spam(*range(1, 102))), encoding='utf-8')
    assert global_lock(f'-file:{file}', *USUAL, '-campaign:longer').code == 4
    assert not sandbox.journal.entries(action=LOCK)
    run = global_lock('-resume', '-campaign:long', '-max:3', '-always')
    assert run.code == 0, run.said
    assert sorted(written(sandbox)) == spam(1, 2, 3)


def test_the_plan_says_how_long_it_takes(desk: Any, spambots: Names) -> None:
    config = desk.directory / 'user-config.py'
    config.write_text(config.read_text('utf-8') + 'put_throttle = 10\n', 'utf-8')
    run = desk.run(*spambots(3), '-reason:test', '-simulate')
    assert run.code == 0, run.said
    assert 'This takes about 30 s, as put_throttle is 10' in run.out
    assert 'With -pt:1 it takes about 3 s' in run.out


# At a terminal


def test_a_few_are_confirmed_with_y(desk: Any, sandbox: Sandbox) -> None:
    refused = desk.talk(*spam(1, 2), '-reason:test', answers=[('[y/N]', 'n')])
    assert refused.code == 4, refused.out
    assert not sandbox.journal.entries(action=LOCK)
    agreed = desk.talk('-resume', answers=[('[y/N]', 'y')])
    assert agreed.code == 0, agreed.out
    assert written(sandbox) == spam(1, 2)


def test_more_are_confirmed_by_typing_their_number(desk: Any, sandbox: Sandbox) -> None:
    names = spam(*range(1, 8))
    wrong = desk.talk(*names, '-reason:test', answers=[('number 7', 'y')])
    assert wrong.code == 4, wrong.out
    assert not sandbox.journal.entries(action=LOCK)
    agreed = desk.talk('-resume', answers=[('number 7', '7')])
    assert agreed.code == 0, agreed.out
    assert sorted(written(sandbox)) == names


def test_hiding_is_confirmed_twice(desk: Any, sandbox: Sandbox) -> None:
    file = desk.directory / 'names.txt'
    file.write_text(spam(1)[0], encoding='utf-8')
    arguments = (f'-file:{file}', '-hide:suppressed', '-reason:test')
    doubt = [('[y/N]', 'y'), ('cannot undo', 'yes')]
    refused = desk.talk(*arguments, '-campaign:one', answers=doubt)
    assert refused.code == 4, refused.out
    assert not sandbox.journal.entries(action=LOCK)
    certain = [('cannot undo', 'hide suppressed')]
    agreed = desk.talk('-resume', '-campaign:one', '-always', answers=certain)
    assert agreed.code == 0, agreed.out
    assert sandbox.call(lambda farm: farm.accounts[spam(1)[0]].hidden) == 'suppressed'


def test_names_to_be_hidden_are_shown_at_the_terminal_only(
    desk: Any, sandbox: Sandbox
) -> None:
    """Output without a terminal ends up in mails of cron, which others read."""
    (name,) = spam(1)
    file = desk.directory / 'names.txt'
    file.write_text(f'{name}\nSuppressed Name\nno|name\n', encoding='utf-8')
    config = desk.directory / 'user-config.py'
    noisy = "log = ['*']\ndebug_log = ['']\nverbose_output = 3\n"
    config.write_text(config.read_text('utf-8') + noisy, 'utf-8')
    hidden = f'-file:{file}', '-skip-bad-lines', '-hide:lists', '-reason:test'
    planned = desk.run(*hidden, '-simulate', '-campaign:quiet')
    assert planned.code == 0, planned.said
    said = planned.said
    sandbox.faults.arm(kind='half', action=LOCK)
    twice = [('cannot undo', 'hide lists')]
    shown = desk.talk('-resume', '-campaign:quiet', '-always', answers=twice)
    assert shown.code == 0, shown.out
    assert name in shown.out
    assert sandbox.call(lambda farm: farm.accounts[name].hidden) == 'lists'
    said += desk.run('-resume', '-campaign:quiet', '-simulate').said
    logs = [
        path.read_text('utf-8', 'replace')
        for path in (desk.directory / 'logs').rglob('*')
        if path.is_file()
    ]
    assert any(LOCK in log for log in logs), 'the logs are not noisy'
    for text in (said, *logs):
        for spelling in (name, name.replace(' ', '_'), name.replace(' ', '+')):
            assert spelling not in text
        assert 'Suppressed Name' not in text
        assert 'no|name' not in text


# Simulating and resuming


def test_a_simulated_plan_is_carried_out_as_it_was_shown(
    global_lock: Script, sandbox: Sandbox
) -> None:
    run = global_lock(*spam(1, 2), 'Local Admin', '-reason:test', '-simulate')
    assert run.code == 0, run.said
    assert f'  {spam(1)[0]}' in run.out
    assert not sandbox.journal.entries(action=LOCK)
    assert '-resume' in run.out
    sandbox.journal.clear()
    run = global_lock('-resume', '-always')
    assert run.code == 1, run.said  # for the one that is skipped
    assert sorted(written(sandbox)) == spam(1, 2)
    assert not sandbox.journal.entries(action='query', method='GET')
    assert 'globalusers' not in sandbox.summary()['by_query']


def test_a_plan_older_than_a_day_is_checked_again(
    global_lock: Script, sandbox: Sandbox, ledger_file: Path
) -> None:
    assert global_lock(*spam(1, 2, 3), '-reason:test', '-simulate').code == 0
    with sqlite3.connect(ledger_file) as connection:
        connection.execute(
            "UPDATE campaign SET planned_at = datetime(planned_at, '-25 hours')"
        )
    connection.close()
    sandbox.command('lock', user=spam(1)[0])
    sandbox.call(lambda farm: farm.accounts[spam(2)[0]].__setattr__('groups', {'x'}))
    sandbox.journal.clear()
    run = global_lock('-resume', '-always')
    assert run.code == 1, run.said
    assert 'more than a day old' in run.out
    assert 'in a global group' in run.out
    assert written(sandbox) == spam(3)
    assert writes(sandbox) == 1


def test_several_unfinished_campaigns_are_told_apart_by_name(
    global_lock: Script, sandbox: Sandbox
) -> None:
    for number, name in enumerate(('one', 'two'), start=1):
        run = global_lock(*spam(number), '-reason:x', '-simulate', f'-campaign:{name}')
        assert run.code == 0
    run = global_lock('-resume', '-always')
    assert run.code == 2
    assert 'one, two' in run.err
    assert global_lock('-resume', '-campaign:two', '-always').code == 0
    assert written(sandbox) == spam(2)
    assert global_lock(*spam(3), *USUAL, '-campaign:two').code == 2


def test_a_finished_campaign_is_not_done_again(
    global_lock: Script, sandbox: Sandbox
) -> None:
    assert global_lock(*spam(1), *USUAL, '-campaign:once').code == 0
    sandbox.command('lock', user=spam(1)[0], locked=False)
    sandbox.journal.clear()
    assert global_lock('-resume', '-campaign:once', '-always').code == 0
    assert not sandbox.journal.entries(action=LOCK)


def test_what_a_colleague_locks_meanwhile_counts_as_done(
    global_lock: Script, sandbox: Sandbox
) -> None:
    assert global_lock(*spam(1, 2), '-reason:test', '-simulate').code == 0
    sandbox.command('lock', user=spam(1)[0])
    run = global_lock('-resume', '-always')
    assert run.code == 0, run.said
    assert '1 of them not by this campaign' in run.out
    assert 'Sandbox Colleague' in run.out
    assert written(sandbox) == spam(2)


def test_what_changed_since_the_plan_passes_the_guards_again(
    global_lock: Script, sandbox: Sandbox
) -> None:
    """Hidden meanwhile: its state is another one, so the write is refused first."""
    assert global_lock(*spam(1, 2), '-reason:test', '-simulate').code == 0

    def hide_and_promote(farm: Any) -> None:
        account = farm.accounts[spam(1)[0]]
        account.hidden = 'lists'
        account.groups = frozenset({'steward'})

    sandbox.call(hide_and_promote)
    run = global_lock('-resume', '-always')
    assert run.code == 1, run.said
    assert 'skipped: ' in run.out
    assert written(sandbox) == spam(2)


# Undoing


def test_undoing_unlocks_what_nobody_touched_since(
    global_lock: Script, sandbox: Sandbox
) -> None:
    sandbox.command('lock', user=spam(5)[0])
    locked = global_lock(*spam(1, 2, 3, 4, 5), *USUAL, '-campaign:wrong')
    assert locked.code == 0, locked.said
    sandbox.command('lock', user=spam(1)[0], locked=False)
    sandbox.command('lock', user=spam(1)[0], by='Sandbox Colleague')
    sandbox.command('lock', user=spam(2)[0], locked=False)
    sandbox.command('rename', user=spam(3)[0], to='Renamed Since')
    sandbox.journal.clear()
    run = global_lock('-undo:wrong', '-reason:a mistake', '-always')
    assert run.code == 1, run.said
    assert (
        f'  {spam(1)[0]} (changed since by somebody else: Sandbox Colleague'
    ) in run.out
    assert f'  {spam(2)[0]} (already in that state' in run.out
    assert spam(5)[0] not in run.out
    assert sorted(written(sandbox)) == ['Renamed Since', spam(4)[0]]
    reasons = {e.params['reason'] for e in sandbox.journal.entries(action=LOCK)}
    assert reasons == {'a mistake'}
    assert not sandbox.call(lambda farm: farm.accounts['Renamed Since'].locked)


def test_a_lock_that_a_colleague_renews_between_plan_and_undo_stays(
    global_lock: Script, sandbox: Sandbox
) -> None:
    """The account looks as it was planned: only the log tells it, however fresh."""
    names = spam(1, 2, 3)
    assert global_lock(*names, *USUAL, '-campaign:wrong').code == 0
    usual = ('-undo:wrong', '-reason:a mistake', '-campaign:back')
    assert global_lock(*usual, '-simulate').code == 0
    for change in (False, True):
        sandbox.command('lock', user=names[1], locked=change, by='Sandbox Colleague')
    # What the undo wants is done already.
    sandbox.command('lock', user=names[2], locked=False, by='Sandbox Colleague')
    sandbox.journal.clear()
    run = global_lock('-resume', '-always')
    assert run.code == 1, run.said
    assert sorted(written(sandbox)) == [names[0]]
    words = 'changed since the plan by Sandbox Colleague, and skipped'
    assert f'{names[1]}: {words}' in run.out
    assert 'Done:      2 (1 of them not by this campaign)' in run.out


def test_undoing_locks_costs_hardly_more_requests_than_writes(
    global_lock: Script, sandbox: Sandbox
) -> None:
    """Entries of the log are read in batches, for plan and writes alike."""
    names = spam(*range(10, 110))
    assert global_lock(*names, *USUAL, '-campaign:many').code == 0
    sandbox.journal.clear()
    run = global_lock('-undo:many', '-reason:a mistake', '-always')
    assert run.code == 0, run.said
    assert len(written(sandbox)) == 100
    sent = Counter(e.action for e in sandbox.journal.entries())
    # Besides the login, of which a longer list has one, too.
    assert sum(sent.values()) <= 1.1 * len(names) + 6, sent


def test_unlocking_and_undos_can_be_undone_as_often_as_one_likes(
    global_lock: Script,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each undoes what the one before has done, and locks nobody whom a slip hits."""
    names = spam(1, 2, 3, 4)

    def locked() -> list[str]:
        return sandbox.call(lambda f: [n for n in names if f.accounts[n].locked])

    def undo(name: str, code: int, *more: str) -> str:
        about = (f'-undo:{name}', f'-campaign:un{name}', '-reason:x', '-always')
        run = global_lock(*about, *more)
        assert run.code == code, run.said
        assert f'To undo:   pwb global_lock -undo:un{name} ' in run.out
        return run.out

    for name in names:
        sandbox.command('lock', user=name)
    unlock = ('-unlock', '-reason:y', '-always', '-campaign:lock')
    assert global_lock(*names, *unlock).code == 0
    # Somebody has locked one again, one has become a helper, one is protected now.
    sandbox.command('lock', user=names[0], by='Sandbox Colleague')

    def promote(farm: Any) -> None:
        farm.accounts[names[1]].groups = frozenset({'global-sysop'})

    sandbox.call(promote)
    protected = tmp_path / 'protected.txt'
    protected.write_text(names[2])
    monkeypatch.setattr(settings, 'protected', [str(protected)])
    said = undo('lock', 1)
    assert 'To lock: 1\n' in said
    assert f'{names[0]} (already in that state' in said
    assert f'{names[1]} (in a global group' in said
    assert f'{names[2]} (listed in -not or -protect' in said
    assert locked() == [names[0], names[3]]
    assert 'To unlock: 1\n' in undo('unlock', 0)
    assert locked() == [names[0]]
    assert 'To lock: 1\n' in undo('ununlock', 0)
    assert locked() == [names[0], names[3]]
    # The first of them has nothing to undo any more.
    again = ('-undo:lock', '-reason:x', '-always')
    run = global_lock(*again)
    assert f'{names[3]} (already in that state' in run.out, run.said
    sandbox.command('lock', user=names[3], locked=False, by='Sandbox Colleague')
    run = global_lock(*again)
    assert f'{names[3]} (changed since by somebody else' in run.out, run.said


def test_what_a_colleague_has_carried_out_can_be_undone(
    desk: Any, sandbox: Sandbox
) -> None:
    """A ledger may be shared: its campaigns are resumed by whoever is awake.

    Each looks at the plan before, since anybody who can write the ledger could have
    changed it.
    """
    planned = desk.run(*spam(1, 2), '-reason:test', '-simulate', '-campaign:ours')
    assert planned.code == 0, planned.said
    colleague, password = 'Sandbox Colleague', sandbox.credentials.colleague
    config = desk.directory / 'user-config.py'
    before = config.read_text('utf-8')
    config.write_text(before.replace('Sandbox Operator', colleague), 'utf-8')
    passwords = desk.directory / 'user-password.py'
    line = f'({colleague!r}, {password!r})\n'
    passwords.write_text(passwords.read_text('utf-8') + line, 'utf-8')
    resume = ('-resume', '-campaign:ours')
    unseen = desk.run(*resume, '-always')
    assert unseen.code == 4, unseen.said
    assert 'Sandbox Operator started this campaign' in unseen.out
    assert f'pwb global_lock {" ".join(resume)}\n' in unseen.err
    assert not sandbox.journal.entries(action=LOCK)
    assert desk.run(*resume, '-simulate').code == 0
    carried_out = desk.run(*resume, '-always')
    assert carried_out.code == 0, carried_out.said
    config.write_text(before, 'utf-8')
    undo = ('-undo:ours', '-reason:a mistake', '-campaign:back')
    unseen = desk.run(*undo, '-always')
    assert unseen.code == 4, unseen.said
    assert desk.run(*undo, '-simulate').code == 0
    undone = desk.run('-resume', '-campaign:back', '-always')
    assert undone.code == 0, undone.said
    users = [e.user for e in sandbox.journal.entries(action=LOCK)]
    assert users == [colleague] * 2 + ['Sandbox Operator'] * 2


def test_what_may_have_been_sent_is_looked_up_before_it_is_undone(
    desk: Desk, global_lock: Script, sandbox: Sandbox
) -> None:
    sandbox.faults.arm(kind='slow', when='after', seconds=60.0, action=LOCK, nth=2)
    ledger = f'-ledger:{desk.directory / "ledger.sqlite3"}'
    process = desk.start(*spam(1, 2), *USUAL, '-campaign:killed', ledger)
    desk.wait(process, lambda: len(sandbox.journal.entries(action=LOCK)) == 2)
    process.kill()
    process.communicate()
    run = desk.run('-undo:killed', '-reason:a mistake', '-always', ledger)
    assert run.code == 4, run.said
    assert 'resume it first' in run.err
    assert desk.run('-resume', '-always', ledger).code == 0
    run = desk.run('-undo:killed', '-reason:a mistake', '-always', ledger)
    assert run.code == 0, run.said
    assert 'Done:      2' in run.out


def test_undoing_on_any_farm(global_lock: Script, farm: Farm, spambots: Names) -> None:
    names = spambots(3)
    assert global_lock(*names, *USUAL, '-campaign:wrong').code == 0
    assert farm.locked(names) == names
    run = global_lock('-undo:wrong', '-reason:a mistake', '-always')
    assert run.code == 0, run.said
    assert farm.locked(names) == []


# Failures


def test_an_account_that_fails_does_not_stop_the_others(
    global_lock: Script, sandbox: Sandbox
) -> None:
    assert global_lock(*spam(1, 2), '-reason:test', '-simulate').code == 0
    sandbox.call(lambda farm: farm.accounts.pop(spam(1)[0]))
    run = global_lock('-resume', '-always')
    assert run.code == 1, run.said
    assert f'FAILED: {spam(1)[0]}' in run.out
    assert 'nosuchuser' in run.out
    assert written(sandbox) == spam(2)


@pytest.mark.parametrize(
    'fault',
    [
        {'kind': 'drop', 'when': 'after'},
        {'kind': 'half'},
        {'kind': 'html', 'when': 'after'},
        {'kind': 'http', 'status': 503, 'when': 'after'},
    ],
    ids=lambda fault: fault['kind'],
)
def test_after_a_lost_answer_the_account_is_read_first(
    global_lock: Script, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.faults.arm(action=LOCK, **fault)
    run = global_lock(*spam(1, 2), *USUAL)
    assert run.code == 0, run.said
    assert written(sandbox) == spam(1, 2)
    assert writes(sandbox) == 2


def test_a_write_that_did_not_arrive_is_sent_again_after_reading(
    global_lock: Script, sandbox: Sandbox
) -> None:
    sandbox.faults.arm(kind='http', status=502, action=LOCK)
    run = global_lock(*spam(1), *USUAL)
    assert run.code == 0, run.said
    lists = [
        entry.params.get('list', entry.action)
        for entry in sandbox.journal.entries()
        if entry.action == LOCK or entry.params.get('list') == 'globalusers'
    ]
    assert lists == ['globalusers', LOCK, 'globalusers', LOCK]


def test_a_slower_pace_is_kept_when_the_wiki_asks_for_it(
    global_lock: Script, sandbox: Sandbox
) -> None:
    for number in (1, 3):
        sandbox.faults.arm(kind='retry-after', seconds=1.0, action=LOCK, nth=number)
    run = global_lock(*spam(1, 2), *USUAL)
    assert run.code == 0, run.said
    assert written(sandbox) == spam(1, 2)


def test_dead_tokens_and_lost_sessions_pass_unnoticed(
    global_lock: Script, sandbox: Sandbox
) -> None:
    names = spam(*range(1, 31))
    for number in (5, 20):
        sandbox.faults.arm(kind='expire-csrf', action=LOCK, nth=number)
    sandbox.faults.arm(kind='lose-session', action=LOCK, nth=12, remembered=True)
    run = global_lock(*names, *USUAL)
    assert run.code == 0, run.said
    assert sorted(written(sandbox)) == names
    assert 'Renewed:   2 tokens, 1 session' in run.out
    assert sandbox.summary()['logins'] == 2


def test_a_wrong_password(desk: Any, sandbox: Sandbox) -> None:
    passwords = desk.directory / 'user-password.py'
    passwords.write_text("('Sandbox Operator', 'not the one')\n", 'utf-8')
    run = desk.run(*spam(1), *USUAL)
    assert run.code == 3, run.said
    assert run.err.count('ERROR') == 1
    assert 'Traceback' not in run.said
    assert 'not the one' not in run.said
    assert not sandbox.journal.entries(action=LOCK)


def test_a_missing_right_is_noticed_before_the_plan(
    global_lock: Script, sandbox: Sandbox
) -> None:
    sandbox.command('demote', user='Sandbox Operator')
    run = global_lock(*spam(1), *USUAL)
    assert run.code == 3, run.said
    assert 'centralauth-lock' in run.err
    assert not sandbox.journal.entries(action=LOCK)


def test_a_right_that_is_lost_on_the_way_stops_the_run(
    global_lock: Script, sandbox: Sandbox
) -> None:
    sandbox.faults.arm(kind='demote', action=LOCK, nth=3)
    run = global_lock(*spam(1, 2, 3, 4), *USUAL, '-campaign:demoted')
    assert run.code == 3, run.said
    assert 'To resume:' in run.out
    assert writes(sandbox) == 3
    sandbox.command('promote', user='Sandbox Operator')
    import pywikibot

    pywikibot.Site().login()
    pywikibot._sites.clear()
    assert global_lock('-resume', '-campaign:demoted', '-always').code == 0
    assert written(sandbox) == spam(1, 2, 3, 4)


@pytest.mark.parametrize(
    'fault',
    [
        {'kind': 'lock-operator'},
        {'kind': 'rename-operator'},
        {'kind': 'session-store-down'},
        {'kind': 'lose-session', 'remembered': True, 'times': 0},
    ],
    ids=lambda fault: fault['kind'],
)
def test_a_session_that_is_gone_for_good_stops_the_run(
    desk: Any, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    """Nothing is written by nobody, and nobody is asked for a password."""
    sandbox.faults.arm(action=LOCK, nth=0 if 'times' in fault else 2, **fault)
    run = desk.run(*spam(1, 2, 3), *USUAL)
    assert run.code == 3, run.said
    assert 'Traceback' not in run.said
    assert 'To resume:' in run.out
    users = {e.user for e in sandbox.journal.entries(action=LOCK) if e.effect}
    assert users <= {'Sandbox Operator'}
    assert written(sandbox) in ([], spam(1))


def test_without_a_password_nobody_is_asked_for_one(
    desk: Any, sandbox: Sandbox
) -> None:
    (desk.directory / 'user-password.py').unlink()
    config = desk.directory / 'user-config.py'
    text = config.read_text('utf-8').replace("password_file = 'user-password.py'", '')
    config.write_text(text, 'utf-8')
    run = desk.run(*spam(1), *USUAL, stdin=b'')
    assert run.code == 3, run.said
    assert 'there is no terminal' in run.err
    assert 'Traceback' not in run.said


def test_ctrl_c_at_the_question_ends_it(desk: Any, sandbox: Sandbox) -> None:
    run = desk.talk(*spam(1), '-reason:test', answers=[('[y/N]', '\x03')])
    assert run.code == 130, run.out
    assert 'Traceback' not in run.out
    assert not sandbox.journal.entries(action=LOCK)
    assert desk.run('-resume', '-always').code == 0


@pytest.mark.parametrize('url', ['nosuch://database', '/proc/nowhere/ledger.sqlite3'])
def test_a_ledger_that_cannot_be_opened(desk: Any, sandbox: Sandbox, url: str) -> None:
    run = desk.run(*spam(1), *USUAL, f'-ledger:{url}')
    assert run.code == 2, run.said
    assert 'cannot be opened' in run.err
    assert 'Traceback' not in run.said
    assert not sandbox.journal.entries(action=LOCK)


def test_hiding_is_not_resumed_without_a_terminal(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / 'names.txt'
    file.write_text(spam(1)[0], encoding='utf-8')
    planned = global_lock(f'-file:{file}', '-hide:lists', '-reason:test', '-simulate')
    assert planned.code == 0, planned.said
    run = global_lock('-resume', '-always')
    assert run.code == 2, run.said
    assert 'at a terminal' in run.err
    assert not sandbox.journal.entries(action=LOCK)


def test_quiet_is_quiet_unless_something_is_left_undone(
    desk: Desk, sandbox: Sandbox
) -> None:
    """From cron: what is said is sent as a mail."""
    quiet = (*USUAL, '-quiet')
    sandbox.faults.arm(kind='lose-session', action=LOCK, remembered=True)
    run = desk.run(*spam(1, 2), *quiet)
    assert (run.code, run.said) == (0, '')
    run = desk.run('No such account', *quiet)
    assert run.code == 1
    assert 'no such global account' in run.out
    sandbox.faults.arm(kind='demote', action=LOCK)
    run = desk.run(*spam(3), *quiet)
    assert run.code == 3
    assert 'API error permissiondenied' in run.err


def test_a_bot_password_is_enough(desk: Any, farm: Farm, spambots: Names) -> None:
    names = spambots(2)
    name, _, app = farm.bot.name.partition('@')
    passwords = desk.directory / 'user-password.py'
    bot = f'BotPassword({app!r}, {farm.bot.password!r})'
    passwords.write_text(f'({name!r}, {bot})\n', 'utf-8')
    run = desk.run(*names, *USUAL)
    assert run.code == 0, run.said
    assert farm.locked(names) == names


#: A script that does not wait as long as it would.
_HURRIED = """
import sys
sys.argv[:] = {arguments}
from mw_tokens_plugin.cli import launch
from pywikibot.scripts.wrapper import run
launch.UNREACHABLE_AFTER = 0.1
sys.exit(run())
"""


def test_a_wiki_that_does_not_answer_ends_in_time(desk: Any, farm: Farm) -> None:
    # A port on which nobody listens.
    nowhere = dict.fromkeys(farm.wikis, 'http://127.0.0.1:9/w/api.php')
    replace(farm, wikis=nowhere).configure(desk.directory)
    run = desk.python(
        _HURRIED.format(arguments=['pwb', 'global_lock', *spam(1), *USUAL])
    )
    assert run.code == 75, run.said
    errors = [line for line in run.err.splitlines() if 'ERROR' in line]
    assert len(errors) == 1
    assert 'does not answer' in errors[0] and 'Check the address' in errors[0]
    assert 'Traceback' not in run.said


def test_a_read_only_wiki_is_a_reason_to_try_again_later(
    desk: Any, sandbox: Sandbox
) -> None:
    """The first account waits; at the operator's signal the run ends in order."""
    sandbox.command('set-central-readonly', reason='maintenance')
    process = desk.start(*spam(1, 2), *USUAL, '-campaign:later')
    desk.wait(process, lambda: sandbox.journal.entries(action=LOCK))
    process.terminate()
    out, err = process.communicate(timeout=240)
    assert process.returncode == 130, out + err
    assert 'To resume:' in out
    # The account at hand may be tried once more, but not over and over.
    assert writes(sandbox) <= 3
    sandbox.command('set-central-readonly')
    run = desk.run('-resume', '-campaign:later', '-always')
    assert run.code == 0, run.said
    assert written(sandbox) == spam(1, 2)


def test_one_run_at_a_time(desk: Any, sandbox: Sandbox) -> None:
    sandbox.command('set-delay', seconds=0.05)
    try:
        names = spam(*range(1, 601))
        file = desk.directory / 'names.txt'
        file.write_text('\n'.join(names), encoding='utf-8')
        first = desk.start(f'-file:{file}', *USUAL, '-campaign:mine', '-max:600')
        desk.wait(first, lambda: sandbox.journal.entries(action=LOCK))
        second = desk.run('-resume', '-campaign:mine', '-always', '-max:600')
        assert second.code == 75, second.said
        assert 'Another run is active' in second.err
        first.terminate()
        out, err = first.communicate(timeout=240)
        assert first.returncode == 130, out + err
    finally:
        sandbox.command('set-delay', seconds=0.0)
    locks = [entry.target for entry in sandbox.journal.entries(action=LOCK)]
    assert len(locks) == len(set(locks))


# Requests


def test_a_lock_costs_one_request(
    global_lock: Script, stage: tuple[Any, Sandbox]
) -> None:
    site, sandbox = stage
    assert global_lock(*spam(1), *USUAL, '-campaign:warming').code == 0
    sandbox.journal.clear()
    names = spam(*range(2, 42))
    run = global_lock(*names, 'Quiet Reader', *USUAL)
    assert run.code == 0, run.said
    total = len(names) + 1
    entries = sandbox.journal.entries()
    assert writes(sandbox) == total
    reads = len(entries) - total
    # One batch, and the groups of Quiet Reader on all wikis; or each by itself.
    limit = 2 + 1 + 1 if site.lists_global_users() else total + 2
    assert reads <= limit, [(e.action, e.params) for e in entries if e.action != LOCK]


def test_the_ledger_tells_what_was_done(
    global_lock: Script, ledger: Ledger, spambots: Names
) -> None:
    from mw_tokens_plugin.campaign.records import State

    names = spambots(2)
    assert global_lock(*names, *USUAL, '-campaign:told').code == 0
    campaign = ledger.find('told')
    assert campaign is not None and campaign.finished_at is not None
    targets = list(ledger.targets(campaign, State.DONE))
    assert [target.name for target in targets] == names
    assert all(t.changed and t.attempts == 1 and t.ended_at for t in targets)
