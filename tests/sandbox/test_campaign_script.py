"""Looking after campaigns of any kind, and running one of one's own."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign import heartbeats
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.schema import campaigns
from mw_tokens_plugin.campaign.workers import at_work

from .desk import NAMESPACE, Desk, Run
from .farms import Farm

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
Script = Callable[..., Run]
USUAL = ('-reason:Spam-only account', '-always')
VANDAL = 'Spambot 00001'
EXAMPLE = Path(__file__).parents[2] / 'examples' / 'custom_campaign.py'


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def locked(sandbox: Sandbox) -> list[str]:
    """Return whose state was really changed, in order."""
    return [e.target for e in sandbox.journal.entries(action=LOCK) if e.effect]


@pytest.fixture
def campaign(pwb: Script) -> Script:
    return partial(pwb, 'campaign')


@pytest.fixture
def half(global_lock: Script, sandbox: Sandbox) -> str:
    """A campaign with two targets, one of which has failed; it could be done now."""
    assert global_lock(*spam(1, 2), *USUAL, '-simulate', '-campaign:half').code == 0
    (gone,) = spam(2)
    account = sandbox.call(lambda farm: farm.accounts.pop(gone))
    assert global_lock('-resume', '-always').code == 1
    sandbox.call(lambda farm: farm.accounts.update({gone: account}))
    sandbox.journal.clear()
    return 'half'


def test_campaigns_are_listed_and_shown(
    campaign: Script, global_lock: Script, half: str
) -> None:
    assert global_lock(*spam(3), *USUAL, '-simulate', '-campaign:planned').code == 0
    run = campaign('list')
    assert run.code == 0, run.said
    first, second = run.out.splitlines()
    assert first.startswith('half: global_lock on sandbox:meta by Sandbox Operator')
    assert re.search(r', created 20\S+ \S+ UTC, finished 20\S+ \S+ \(1 done', first)
    assert 'planned (1 planned)' in second
    run = campaign('show', half)
    assert run.code == 0, run.said
    assert 'Reason:    Spam-only account' in run.out
    assert 'Failed:    1' in run.out
    assert spam(2)[0] in run.out
    assert 'pwb campaign retry-failed half' in run.out
    undo = f'To undo:   pwb campaign undo {half} -reason:TEXT'
    assert undo in run.out
    run = campaign('show', 'planned')
    assert 'pwb campaign resume planned' in run.out
    assert 'To undo' not in run.out
    assert campaign(*undo.split()[4:], '-always', '-campaign:back').code == 0
    # An undo can be undone, too.
    assert 'To undo' in campaign('show', 'back').out


def test_old_campaigns_that_nobody_needs_are_forgotten_together(
    campaign: Script, pwb: Script, global_lock: Script, ledger: Ledger
) -> None:
    """Not what is in progress, nor what another campaign will read."""
    simulate = ('-reason:x', '-simulate')
    assert global_lock(*spam(1), *USUAL, '-campaign:finished').code == 0
    assert global_lock(*spam(2), *USUAL, '-campaign:undone').code == 0
    assert global_lock('-undo:undone', *simulate, '-campaign:undo').code == 0
    for name in ('seen', 'young'):
        assert global_lock(*spam(3), *simulate, f'-campaign:{name}').code == 0
    assert global_lock(*spam(4), *simulate, '-campaign:begun').code == 0
    begun = ledger.find('begun')
    assert begun is not None
    ledger.mark(begun, 'confirmed_at')
    moments = ('created', 'listed', 'planned', 'confirmed', 'finished')
    old = datetime(2020, 1, 1)
    with ledger.database.begin() as connection:
        for column in (campaigns.c[f'{word}_at'] for word in moments):
            older = sa.update(campaigns).where(
                column.is_not(None), campaigns.c.name.not_in(['young', 'undo'])
            )
            connection.execute(older.values({column: old}))
    for wrong in (['list'], ['forget', 'seen']):
        assert campaign(*wrong, '-older-than:90d').code == 2
    assert campaign('forget', '-older-than:1h').code == 2
    # Nobody can be asked.
    assert campaign('forget', '-older-than:90d').code == 2
    run = campaign('forget', '-older-than:90d', '-always')
    assert run.code == 0, run.said
    assert 'Not forgotten: begun is not over' in run.out
    assert 'Not forgotten: undone is not over, or needed' in run.out
    assert [c.name for c in ledger.campaigns()] == ['undone', 'undo', 'young', 'begun']
    assert 'nothing to forget' in campaign('forget', '-older-than:90d', '-always').out


def test_campaigns_can_be_looked_at_where_nothing_can_be_written(
    desk: Desk, sandbox: Sandbox
) -> None:
    """Also what a run that was killed has left beside the file of the ledger."""
    if subprocess.run([*NAMESPACE, 'true'], check=False).returncode:
        pytest.skip('no namespaces for users')
    assert desk.run(*spam(1), *USUAL, '-campaign:one').code == 0
    desk.script, folder = 'campaign', desk.directory
    frozen = f'mount --bind {folder} {folder}; mount -o remount,ro,bind {folder}'
    run = desk.run_in(frozen, 'list')
    assert run.code == 0, run.said
    assert run.out.startswith('one: global_lock')
    run = desk.run_in(frozen, 'forget', 'one', '-always')
    assert run.code == 2 and 'Read-only' in run.err
    with closing(sqlite3.connect(desk.ledger)) as connection:
        connection.execute('PRAGMA wal_autocheckpoint = 0')
        connection.execute(f"UPDATE {campaigns.name} SET reason = 'as it is now'")
        connection.commit()
        assert Path(f'{desk.ledger}-wal').stat().st_size
        run = desk.run_in(frozen, 'show', 'one')
    assert run.code == 0, run.said
    assert 'as it is now' in run.out and 'Done:      1' in run.out


def test_campaigns_on_two_farms_of_one_family_name_are_told_apart(
    campaign: Script, ledger: Ledger
) -> None:
    """By the address, where the name of the wiki is the same."""
    about: dict[str, Any] = {'action': 'x', 'operator': 'Op', 'options': {}}
    for name, wiki, api in (
        ('old', 'farm:meta', None),
        ('live', 'farm:meta', 'https://meta.example.org/w/api.php'),
        ('again', 'farm:meta', 'http://META.example.org:80/w/api.php'),
        ('other', 'other:meta', 'https://meta.example.org/w/api.php'),
    ):
        ledger.create(name, wiki=wiki, api=api, reason='', **about)
    assert 'http' not in campaign('list').out
    api = 'https://staging.example.org/w/api.php'
    ledger.create('staging', wiki='farm:meta', api=api, reason='', **about)
    lines = campaign('list').out.splitlines()
    assert [('(http' in line) for line in lines] == [False, True, True, False, True]
    assert f'staging: x on farm:meta ({api}) by Op' in lines[4]
    assert f'x on farm:meta ({api}) by Op' in campaign('show', 'staging').out


def test_an_empty_ledger_has_nothing_to_list(campaign: Script, ledger: Ledger) -> None:
    run = campaign('list')
    assert run.code == 0
    assert 'has no campaigns' in run.out


def test_a_ledger_that_is_not_there_is_not_made(
    campaign: Script, ledger_file: Path
) -> None:
    run = campaign('list')
    assert run.code == 2
    assert 'There is no ledger' in run.err
    assert not ledger_file.exists()


@pytest.mark.parametrize('command', ['list', 'show half', 'forget half'])
def test_options_that_are_not_understood_are_refused(
    campaign: Script, half: str, command: str
) -> None:
    run = campaign(*command.split(), '-always', '-bogus:1')
    assert run.code == 2
    assert "'-bogus' is not understood" in run.err


def test_a_list_that_was_cut_off_is_not_resumed(
    campaign: Script, ledger: Ledger, half: str, sandbox: Sandbox
) -> None:
    """As it is after a kill while the names were read."""
    cut = ledger.create(
        'cut',
        action='global_lock',
        wiki='sandbox:meta',
        operator='o',
        reason='r',
        options={},
    )
    ledger.add(cut, spam(3))
    run = campaign('resume', 'cut', '-always')
    assert run.code == 4
    assert 'never completed' in run.err
    assert not sandbox.journal.entries(action=LOCK)
    assert campaign('forget', 'cut', '-always').code == 0


def test_stopped_while_the_names_are_read_it_leaves_no_campaign(
    desk: Desk, sandbox: Sandbox, tmp_path: Path
) -> None:
    names = tmp_path / 'names'
    os.mkfifo(names)
    process = desk.start(f'-file:{names}', *USUAL, '-campaign:stopped')
    desk.wait(process, lambda: desk.has_campaign('stopped'))
    process.terminate()
    _, err = process.communicate(timeout=240)
    assert process.returncode == 130, err
    assert 'Interrupted' in err
    assert not desk.has_campaign('stopped')


def test_what_was_changed_since_the_plan_is_not_done_on_trying_again(
    campaign: Script, sandbox: Sandbox, half: str
) -> None:
    """Somebody else has the name now."""
    (name,) = spam(2)

    def exchange(farm: Any) -> None:
        farm.rename_account(name, 'Spambot (renamed)')
        farm.add_account(name)

    sandbox.call(exchange)
    run = campaign('retry-failed', half, '-always')
    assert run.code == 1, run.said
    assert 'Skipped:   1 (changed since by somebody else)' in run.out
    assert not locked(sandbox)


def test_a_report_is_written_to_a_folder(
    campaign: Script, half: str, tmp_path: Path
) -> None:
    run = campaign('report', half, f'{tmp_path}/report')
    assert run.code == 0, run.said
    suffixes = {path.suffix for path in (tmp_path / 'report').iterdir()}
    assert {'.json', '.csv', '.html'} <= suffixes
    assert json.loads((tmp_path / 'report' / 'half.json').read_text('utf-8'))
    (tmp_path / 'file').touch()
    assert campaign('report', half, f'{tmp_path}/file').code == 2


def test_what_has_failed_is_tried_again(
    campaign: Script, sandbox: Sandbox, half: str
) -> None:
    run = campaign('retry-failed', half)
    assert run.code == 2
    assert 'give -always' in run.err
    run = campaign('retry-failed', half, '-always')
    assert run.code == 0, run.said
    assert locked(sandbox) == spam(2)
    run = campaign('retry-failed', half, '-always')
    assert run.code == 0
    assert 'No target failed' in run.out
    assert locked(sandbox) == spam(2)


def test_a_campaign_is_undone_by_its_own_script(
    campaign: Script, farm: Farm, sandbox: Sandbox, half: str
) -> None:
    run = campaign('undo', half, '-always')
    assert run.code == 2
    assert 'reason is required' in run.err
    run = campaign('undo', half, '-reason:wrong list', '-always')
    assert run.code == 0, run.said
    assert farm.locked(spam(1)) == []
    assert locked(sandbox) == spam(1)


def test_what_the_ledger_knows_is_told_without_the_wiki(
    desk: Desk, farm: Farm, sandbox: Sandbox
) -> None:
    assert desk.run(*spam(1), *USUAL, '-campaign:half').code == 0
    sandbox.journal.clear()
    desk.script = 'campaign'
    for words in (['list'], ['show', 'half'], ['report', 'half', 'files']):
        run = desk.run(*words)
        assert run.code == 0, run.said
    assert len(sandbox.journal) == 0


def test_at_a_terminal_it_asks(desk: Desk, sandbox: Sandbox) -> None:
    assert desk.run(*spam(1), *USUAL, '-campaign:half').code == 0
    desk.script = 'campaign'
    run = desk.talk('forget', 'half', answers=[('[y/N]', 'n')])
    assert run.code == 4, run.said
    assert desk.has_campaign('half')
    run = desk.talk('forget', 'half', answers=[('[y/N]', 'y')])
    assert run.code == 0, run.said
    assert not desk.has_campaign('half')


def test_forgotten_campaigns_are_gone(
    campaign: Script, ledger: Ledger, half: str
) -> None:
    assert campaign('forget', half).code == 2
    assert ledger.find(half) is not None
    run = campaign('forget', half, '-always')
    assert run.code == 0, run.said
    assert ledger.find(half) is None
    run = campaign('show', half)
    assert run.code == 2
    assert "has no campaign 'half'" in run.err


def test_a_campaign_at_work_is_left_alone(
    campaign: Script, ledger: Ledger, half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ledger.find(half)
    assert found is not None
    with at_work(ledger, found, account='Somebody@sandbox:meta') as run:
        # It sends a heartbeat while it is watched, however long that takes.
        watched = {**vars(time), 'sleep': lambda seconds: run.sign()}
        monkeypatch.setattr(heartbeats, 'time', SimpleNamespace(**watched))
        assert campaign('forget', half, '-always').code == 75
        assert campaign('retry-failed', half, '-always').code == 75
    assert ledger.find(half) is not None


def test_what_may_have_been_sent_is_not_forgotten(
    campaign: Script, global_lock: Script, ledger: Ledger
) -> None:
    assert global_lock(*spam(1), *USUAL, '-simulate', '-campaign:sent').code == 0
    found = ledger.find('sent')
    assert found is not None
    ledger.lease(found, 'dead/0', 1)
    run = campaign('forget', 'sent', '-always')
    assert run.code == 4
    assert 'may have been sent' in run.err


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([], 'Say what to do'),
        (['list', 'x'], "takes no 'x'"),
        (['show'], 'Which campaign'),
        (['show', 'unheardof'], 'has no campaign'),
        (['dance', 'half'], 'not understood'),
        (['report', 'half'], 'Where to'),
        (['resume', 'half', 'more'], "takes no 'more'"),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else None,
)
def test_what_is_not_understood_is_refused_in_a_sentence(
    campaign: Script, half: str, arguments: list[str], words: str
) -> None:
    run = campaign(*arguments)
    assert run.code == 2, run.said
    assert words in run.err
    assert 'Traceback' not in run.said


def test_a_killed_campaign_is_resumed_from_the_shell(
    desk: Desk, sandbox: Sandbox
) -> None:
    sandbox.faults.arm(kind='slow', when='after', seconds=60.0, action=LOCK, nth=3)
    process = desk.start(*spam(*range(1, 7)), *USUAL, '-campaign:night')
    desk.wait(process, lambda: len(sandbox.journal.entries(action=LOCK)) == 3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    desk.script = 'campaign'
    run = desk.run('resume', 'night', '-always')
    assert run.code == 0, run.said
    assert not run.err or 'Warning' not in run.err
    assert locked(sandbox) == spam(*range(1, 7))
    assert len(sandbox.journal.entries(action=LOCK)) == 6
    assert 'night: global_lock' in desk.run('list').out
    assert 'pwb campaign forget NAME' in desk.run('-help').out


# One of one's own


@pytest.fixture
def example(farm: Farm) -> Iterator[ModuleType]:
    """The example, which is no part of the package."""
    spec = importlib.util.spec_from_file_location('custom_campaign', EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules['custom_campaign'] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules['custom_campaign']


@pytest.fixture
def vandalised(sandbox: Sandbox, tmp_path: Path) -> str:
    """Two pages on each of two wikis with a vandal's edits, and one that is clean."""
    lines = []

    def write(farm: Any) -> None:
        for code in ('aa', 'bb'):
            for number in (1, 2):
                title = f'Article {number}'
                farm.wikis[code].edit(title, 'Good', user='Plain Sysop')
                farm.wikis[code].edit(title, 'Bad', user=VANDAL)
                farm.wikis[code].edit(title, 'Worse', user=VANDAL)
                lines.append(f'{code}wiki\t{title}')
        farm.wikis['aa'].edit('Clean', 'Good', user='Plain Sysop')
        lines.append('aawiki\tClean')

    sandbox.call(write)
    file = tmp_path / 'revert.txt'
    file.write_text('\n'.join(lines), encoding='utf-8')
    return str(file)


def texts(sandbox: Sandbox) -> list[str]:
    return [
        page.latest.text
        for code in ('aa', 'bb')
        for number in (1, 2)
        if (page := sandbox.farm.wikis[code].page(f'Article {number}'))
    ]


def rollback(file: str) -> tuple[str, ...]:
    """Return what the example is told, in the words of somebody in a hurry."""
    return f'-vandal:{VANDAL.replace(" ", "_")}', f'-file:{file}', '-reason:Vandalism'


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([], 'No pages were named'),
        (['aawiki\tA', '-reason:x', '-always'], 'needs -vandal:'),
        (['-resume', '-vandal:X', '-always'], 'belongs to a new plan'),
        (['-undo:x', '-reason:x', '-always'], 'cannot undo'),
        (['aawiki\tA', '-vandal:X', '-always'], 'A reason is required'),
        (['aawiki\tA', '-vandal:X', '-bogus', '-always'], 'not understood'),
        (['aawiki\tA', '-vandal:X', '-reason:x'], 'without a terminal'),
    ],
)
def test_the_example_refuses_what_it_does_not_understand(
    example: ModuleType,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    assert example.main(*arguments, '-ledger:nowhere.sqlite3') == 2
    assert words in capsys.readouterr().err
    assert not Path('nowhere.sqlite3').exists()


def test_the_example_rolls_a_vandal_back_on_many_wikis(
    example: ModuleType,
    sandbox: Sandbox,
    vandalised: str,
    ledger_file: Path,
    ledger: Ledger,
) -> None:
    sandbox.faults.arm(kind='drop', when='after', action='rollback', nth=2)
    code = example.main(
        *rollback(vandalised), '-always', '-campaign:vandal', f'-ledger:{ledger_file}'
    )
    assert code == 0
    assert texts(sandbox) == ['Good'] * 4
    sent = sandbox.journal.entries(action='rollback')
    assert len(sent) == len([e for e in sent if e.effect]) == 4
    found = ledger.find('vandal')
    assert found is not None
    assert ledger.changed_count(found) == 4


def test_the_example_skips_what_is_listed_in_not(
    example: ModuleType,
    sandbox: Sandbox,
    vandalised: str,
    ledger_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An action need not know that there are such lists."""
    (tmp_path / 'not').write_text('aawiki\tArticle 1', encoding='utf-8')
    usual = ('-always', f'-not:{tmp_path}/not', f'-ledger:{ledger_file}')
    assert example.main(*rollback(vandalised), *usual) == 1
    assert texts(sandbox) == ['Worse', 'Good', 'Good', 'Good']
    assert 'listed in -not or -protect' in capsys.readouterr().out


def test_the_example_is_resumed_like_any_other(
    example: ModuleType, sandbox: Sandbox, vandalised: str, ledger_file: Path
) -> None:
    usual = ('-always', '-campaign:vandal', f'-ledger:{ledger_file}')
    sandbox.command('set-readonly', wiki='bb', reason='maintenance')
    assert example.main(*rollback(vandalised), *usual, '-simulate') == 0
    assert texts(sandbox) == ['Worse'] * 4
    sandbox.command('set-readonly', wiki='bb', reason='')
    assert example.main('-resume', *usual) == 0
    assert texts(sandbox) == ['Good'] * 4


@pytest.mark.parametrize('when', ['before', 'after'])
def test_the_example_behind_a_gateway_rolls_back_once(
    example: ModuleType,
    sandbox: Sandbox,
    vandalised: str,
    ledger: Ledger,
    ledger_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    """An action of one's own need not know what the answers of gateways are."""
    monkeypatch.setattr(RetryPolicy, '_wait', lambda policy, state: 0.0)
    for nth in (1, 2, 4, 6) if when == 'before' else (1, 2, 3, 4):
        sandbox.faults.arm(kind='gateway', when=when, action='rollback', nth=nth)
    usual = ('-always', '-campaign:gate', f'-ledger:{ledger_file}')
    assert example.main(*rollback(vandalised), *usual) == 0
    assert texts(sandbox) == ['Good'] * 4
    done = [e for e in sandbox.journal.entries(action='rollback') if e.effect]
    assert len(done) == 4
    found = ledger.find('gate')
    assert found is not None
    assert ledger.changed_count(found) == 4


def test_campaigns_of_ones_own_are_not_resumed_by_other_scripts(
    campaign: Script,
    example: ModuleType,
    sandbox: Sandbox,
    vandalised: str,
    ledger_file: Path,
) -> None:
    usual = ('-campaign:mine', f'-ledger:{ledger_file}')
    example.main(*rollback(vandalised), *usual, '-simulate')
    run = campaign('resume', 'mine')
    assert run.code == 2
    assert 'use the one that began it' in run.err
    assert campaign('show', 'mine').code == 0


def test_whoever_is_named_as_the_user_tries_again_what_they_have_planned(
    campaign: Script, sandbox: Sandbox, half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    monkeypatch.setitem(config.usernames, 'sandbox', {'*': 'Plain Sysop'})
    user = '-user:Sandbox Operator'
    run = campaign('retry-failed', half, user, '-always')
    assert run.code == 0, run.said
    assert locked(sandbox) == spam(2)


def test_what_has_failed_of_a_campaign_of_ones_own_is_listed_again(
    campaign: Script,
    example: ModuleType,
    sandbox: Sandbox,
    vandalised: str,
    ledger_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = ('-always', '-campaign:mine', f'-ledger:{ledger_file}')

    def edit(user: str) -> None:
        sandbox.call(
            lambda farm: farm.wikis['bb'].edit('Article 1', user, user=user) and None
        )

    assert example.main(*rollback(vandalised), *usual, '-simulate') == 0
    edit('Plain Sysop')
    assert example.main('-resume', *usual) == 1
    edit(VANDAL)
    run = campaign('retry-failed', 'mine', '-always')
    assert run.code == 0, run.said
    assert 'start the script that created this campaign' in run.out
    assert example.main('-resume', *usual) == 0
    assert texts(sandbox) == ['Good', 'Good', 'Plain Sysop', 'Good']


def test_an_empty_name_is_said_to_be_one(campaign: Callable[..., Run]) -> None:
    """As from a variable of the shell that is not set; "missing" would begin anew."""
    for words in ('stage', ''), ('show', ''), ('report', 'x', ''), ('forget', ''):
        run = campaign(*words)
        assert run.code == 2
        assert run.out == ''
        assert 'is empty. Is a variable of the shell not set?' in run.err
