"""Deleting global accounts: who may, whom it skips, and that none is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import State, now
from mw_tokens_plugin.campaign.schema import campaigns

from .desk import Desk, Run
from .farms import Farm

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

DELETE = 'deleteglobalaccount'
Script = Callable[..., Run]
USUAL = ('-reason:Created by mistake', '-always')


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def deleted(sandbox: Sandbox) -> list[str]:
    """Return who was really deleted, in order."""
    return [e.target for e in sandbox.journal.entries(action=DELETE) if e.effect]


def writes(sandbox: Sandbox) -> int:
    return len(sandbox.journal.entries(action=DELETE))


@pytest.fixture
def global_delete(pwb: Script) -> Script:
    return partial(pwb, 'global_delete')


def test_accounts_are_deleted_and_what_they_were_is_recorded(
    global_delete: Script, sandbox: Sandbox, ledger: Ledger
) -> None:
    before = {n: sandbox.farm.accounts[n] for n in spam(1, 2)}
    attached = {name: sorted(a.attached) for name, a in before.items()}
    run = global_delete(*spam(1, 2), *USUAL, '-campaign:gone')
    assert run.code == 0, run.said
    assert deleted(sandbox) == spam(1, 2)
    assert not set(spam(1, 2)) & set(sandbox.farm.accounts)
    campaign = ledger.find('gone')
    assert campaign is not None
    for target in ledger.targets(campaign, State.DONE):
        facts = target.decision.facts
        assert facts['home'] == before[target.name].home
        assert sorted(facts['attached']) == attached[target.name]
        assert facts['groups'] == []
    assert f'attached {", ".join(attached[spam(1)[0]])}' in run.out


def test_it_works_on_both_kinds_of_wikis(
    global_delete: Script, stage: tuple[Any, Sandbox]
) -> None:
    _site, sandbox = stage
    run = global_delete(*spam(3), 'Nobody here', *USUAL)
    assert run.code == 1, run.said
    assert deleted(sandbox) == spam(3)
    assert 'no such global account' in run.out


@pytest.mark.parametrize(
    ('name', 'why', 'told'),
    [
        ('Already Locked', 'locked', '-with-locked'),
        ('Global Helper', 'in a global group', '-with-groups'),
        ('Local Admin', 'in a group on a wiki', '-with-groups'),
        ('Prolific Editor', 'too many edits', '-max-edits:5000'),
        ('Spambot 00001', 'too many wikis', '-max-wikis:5'),
    ],
)
def test_it_holds_back_whom_nobody_should_delete_unless_told(
    global_delete: Script, sandbox: Sandbox, name: str, why: str, told: str
) -> None:
    strict = () if told != '-max-wikis:5' else ('-max-wikis:0',)
    run = global_delete(name, *USUAL, *strict)
    assert run.code == 1, run.said
    assert why in run.out
    assert not writes(sandbox)
    run = global_delete(name, *USUAL, told, '-campaign:told')
    assert run.code == 0, run.said
    assert deleted(sandbox) == [name]


def test_it_never_deletes_its_own_account(
    global_delete: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / 'not.txt').write_text(spam(4)[0], encoding='utf-8')
    run = global_delete(
        'Sandbox Operator', *spam(4), '-with-groups', f'-not:{tmp_path}/not.txt', *USUAL
    )
    assert run.code == 1
    assert 'the operator itself' in run.out
    assert 'listed in -not' in run.out
    assert not writes(sandbox)


def test_a_plan_of_more_than_ten_is_refused(
    global_delete: Script, sandbox: Sandbox
) -> None:
    run = global_delete(*spam(*range(1, 12)), *USUAL, '-campaign:many')
    assert run.code == 4, run.said
    assert '-max is 10' in run.err
    assert not writes(sandbox)
    assert global_delete('-resume', '-always', '-max:11').code == 0
    assert deleted(sandbox) == spam(*range(1, 12))


@pytest.mark.parametrize('who', ['bot', 'sysop'])
def test_who_cannot_do_it_is_told_what_it_takes(
    global_delete: Script, farm: Farm, sandbox: Sandbox, tmp_path: Path, who: str
) -> None:
    """The right is in no grant, so a bot password of a steward has not got it."""
    from pywikibot import config

    if who == 'bot':
        password = tmp_path / 'user-password.py'
        name, app = farm.bot.name.split('@')
        password.write_text(
            f'({name!r}, BotPassword({app!r}, {farm.bot.password!r}))\n',
            encoding='utf-8',
        )
        password.chmod(0o600)
        config.password_file = str(password)
    else:
        config.usernames[farm.family]['*'] = farm.sysop.name
    run = global_delete(*spam(1), *USUAL)
    assert run.code == 3, run.said
    assert 'centralauth-unmerge' in run.err
    assert 'main password' in run.err
    assert not writes(sandbox)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['-undo:x', *USUAL], 'cannot be restored'),
        ([*USUAL], 'No accounts were named'),
        (['X', '-always'], 'reason is required'),
        (['X', '-reason:x'], 'without a terminal'),
        (['-prefix:Spambot', *USUAL], 'never run on -always alone'),
        (['X', *USUAL, '-lock'], 'not understood'),
        (['X', *USUAL, '-workers:0'], 'nothing would be done'),
        (['X', *USUAL, '-join'], 'needs a -resume'),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_what_is_not_understood_is_refused_in_a_sentence(
    global_delete: Script, sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    run = global_delete(*arguments)
    assert run.code == 2, run.said
    assert words in run.err
    assert 'Traceback' not in run.said
    assert not writes(sandbox)


@pytest.mark.parametrize('days', [0, 2])
def test_an_account_that_has_become_somebody_since_the_plan_is_left_alone(
    global_delete: Script, sandbox: Sandbox, ledger: Ledger, days: int
) -> None:
    """Whatever the limits allow, what was looked at was another account."""
    run = global_delete(
        *spam(1, 2), *USUAL, '-with-groups', '-simulate', '-campaign:old'
    )
    assert run.code == 0, run.said
    sandbox.command('promote', user=spam(1)[0])
    with ledger.database.begin() as connection:
        planned = now() - timedelta(days=days)
        connection.execute(sa.update(campaigns).values(planned_at=planned))
    run = global_delete('-resume', '-always')
    assert run.code == 1, run.said
    assert 'changed since' in run.out
    assert deleted(sandbox) == spam(2)


def test_an_account_that_was_locked_since_the_plan_is_not_freed(
    global_delete: Script, sandbox: Sandbox
) -> None:
    assert global_delete(*spam(1, 2), *USUAL, '-simulate').code == 0
    sandbox.command('lock', user=spam(1)[0])
    run = global_delete('-resume', '-always')
    assert run.code == 1, run.said
    assert 'changed since the plan' in run.out
    assert deleted(sandbox) == spam(2)


def test_a_colleagues_deletion_counts_as_done(
    global_delete: Script, sandbox: Sandbox, ledger: Ledger
) -> None:
    assert global_delete(*spam(1, 2), *USUAL, '-simulate', '-campaign:c').code == 0
    sandbox.call(
        lambda farm: farm.delete_account(
            farm.accounts[spam(1)[0]], farm.central, 'Sandbox Colleague', 'mine'
        )
    )
    run = global_delete('-resume', '-always')
    assert run.code == 0, run.said
    assert 'deleted meanwhile by Sandbox Colleague' in run.out
    assert deleted(sandbox) == spam(2)
    campaign = ledger.find('c')
    assert campaign is not None
    assert ledger.changed_count(campaign) == 1


@pytest.mark.parametrize('kind', ['drop', 'half'])
def test_a_lost_answer_is_settled_by_reading(
    global_delete: Script, sandbox: Sandbox, ledger: Ledger, kind: str
) -> None:
    sandbox.faults.arm(kind=kind, when='after', action=DELETE, nth=1)
    sandbox.faults.arm(kind='drop', when='before', action=DELETE, nth=3)
    run = global_delete(*spam(1, 2, 3), *USUAL, '-campaign:lost')
    assert run.code == 0, run.said
    assert deleted(sandbox) == spam(1, 2, 3)
    # The second of them was sent twice: its first request never arrived.
    assert writes(sandbox) <= 4
    campaign = ledger.find('lost')
    assert campaign is not None
    assert ledger.changed_count(campaign) == 3


def test_killed_and_resumed_it_deletes_nobody_twice(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.script = 'global_delete'
    names = spam(*range(1, 9))
    sandbox.faults.arm(kind='slow', when='after', seconds=60.0, action=DELETE, nth=4)
    process = desk.start(*names, *USUAL, '-campaign:killed')
    desk.wait(process, lambda: writes(sandbox) == 4)
    process.kill()
    process.communicate()
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    assert deleted(sandbox) == names
    assert writes(sandbox) == len(names)


def test_quiet_says_nothing_unless_something_is_left_undone(
    global_delete: Script, tmp_path: Path
) -> None:
    run = global_delete(*spam(1), *USUAL, '-quiet', f'-log-json:{tmp_path}/log')
    assert run.code == 0, run.said
    assert run.out == ''
    assert spam(1)[0] in (tmp_path / 'log').read_text(encoding='utf-8')
    run = global_delete('Nobody', *USUAL, '-quiet', '-campaign:second')
    assert run.code == 1
    assert 'no such global account' in run.out
    assert global_delete(*spam(2), '-reason:x', '-quiet').code == 2


def test_the_name_of_a_hidden_account_is_not_shown(
    global_delete: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / 'names').write_text('Hidden From Lists', encoding='utf-8')
    run = global_delete(f'-file:{tmp_path}/names', *USUAL, f'-report:{tmp_path}/report')
    assert run.code == 0, run.said
    assert deleted(sandbox) == ['Hidden From Lists']
    assert 'Hidden From Lists' not in run.said
    reports = [path.read_text('utf-8') for path in (tmp_path / 'report').iterdir()]
    assert reports
    assert not any('Hidden From Lists' in text for text in reports)


def test_a_report_that_could_not_be_written_stops_the_run_before_anything_is_sent(
    global_delete: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / 'file').touch()
    run = global_delete(*spam(1), *USUAL, f'-report:{tmp_path}/file')
    assert run.code == 2, run.said
    assert f'{tmp_path}/file' in run.err
    assert not sandbox.journal.entries(action=DELETE)


def test_a_report_that_cannot_be_written_does_not_hide_what_was_done(
    desk: Desk, sandbox: Sandbox
) -> None:
    """The folder was there at the start, and is gone at the end."""
    desk.script = 'global_delete'
    report = desk.directory / 'report'
    sandbox.faults.arm(kind='slow', seconds=2.0, action=DELETE)
    process = desk.start(*spam(1), *USUAL, f'-report:{report}')
    desk.wait(process, lambda: _is_leased(desk))
    shutil.rmtree(report, ignore_errors=True)
    report.touch()
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    assert deleted(sandbox) == spam(1)
    assert 'The report could not be written' in out


def _is_leased(desk: Desk) -> bool:
    """Tell whether a target is on its way to the wiki."""
    if not desk.ledger.exists():
        return False
    ledger = Ledger(str(desk.ledger))
    try:
        return any(ledger.counts(c)[State.LEASED] for c in ledger.campaigns())
    finally:
        ledger.close()


def test_help_says_who_can_run_it(desk: Desk) -> None:
    desk.script = 'global_delete'
    run = desk.run('-help')
    assert run.code == 0, run.said
    assert 'centralauth-unmerge' in run.out
    assert '-workers:N' in run.out
    assert '&campaign;' not in run.out
