"""The options that all campaign scripts share, at work in one of them."""

from __future__ import annotations

import copy
import json
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pywikibot import bot, config

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign import batch, guards, workers
from mw_tokens_plugin.campaign.heartbeats import alive
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, now
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.cli.declaration import Kind, Listing
from mw_tokens_plugin.cli.ledgers import open_ledger
from mw_tokens_plugin.cli.lines import Lines
from mw_tokens_plugin.cli.newcampaign import begin
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.run import Run as ScriptRun
from mw_tokens_plugin.cli.script import CampaignScript
from mw_tokens_plugin.cli.table import parse
from mw_tokens_plugin.exceptions import CampaignBusy, InvalidInput
from mw_tokens_plugin.site.requests import TokenRequest
from mw_tokens_plugin.site.settings import settings

from .desk import Run, script
from .farms import Farm

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
Script = Callable[..., Run]
STEWARD = frozenset({'steward'})
USUAL = ('-reason:Spam-only account', '-always')


def fail(*_: Any) -> Any:
    pytest.fail('Nobody calls this.')


def always(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def no_targets(run: Any) -> Listing:
    return Listing(())


OWN = CampaignScript('own', CampaignOptions, no_targets, {'a': Kind(fail)})


def started(ledger: Ledger, file: Path) -> ScriptRun[CampaignOptions]:
    """Return a run of a script that uses an open ledger."""
    run = ScriptRun(OWN.name, OWN.kinds, CampaignOptions(reason='x', ledger=str(file)))
    run.ledger.close()
    run.ledger = ledger
    return run


def spam(count: int) -> list[str]:
    return [f'Spambot {number:05}' for number in range(1, count + 1)]


def effects(sandbox: Sandbox) -> list[str]:
    return sorted(e.target for e in sandbox.journal.entries(action=LOCK) if e.effect)


def test_workers_share_a_campaign(global_lock: Script, sandbox: Sandbox) -> None:
    run = global_lock(*spam(20), *USUAL, '-workers:3')
    assert run.code == 0, run.said
    assert effects(sandbox) == spam(20)
    assert len(sandbox.journal.entries(action=LOCK)) == 20


def test_more_workers_than_is_polite_must_be_insisted_on(
    global_lock: Script, sandbox: Sandbox
) -> None:
    run = global_lock(*spam(8), *USUAL, '-workers:4')
    assert run.code == 4, run.said
    assert '-insist' in run.err
    assert not effects(sandbox)
    run = global_lock(*spam(8), *USUAL, '-workers:4', '-insist')
    assert run.code == 0, run.said
    assert effects(sandbox) == spam(8)


def test_a_campaign_at_work_can_be_joined(
    global_lock: Script,
    sandbox: Sandbox,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert global_lock(*spam(3), *USUAL, '-simulate', '-campaign:shared').code == 0
    campaign = ledger.find('shared')
    assert campaign is not None
    colleague = 'Sandbox Colleague@sandbox:meta'
    with at_work(ledger, campaign, account=colleague) as active:
        # The heartbeat for which it is watched comes at once.
        monkeypatch.setattr(
            workers,
            'alive',
            lambda begin, which, sleep: alive(begin, which, lambda _: active.sign()),
        )
        assert global_lock('-resume', '-always').code == 75
        assert not effects(sandbox)
        run = global_lock('-resume', '-always', '-join')
    assert run.code == 0, run.said
    assert effects(sandbox) == spam(3)


def test_too_many_failures_stop_it(global_lock: Script, sandbox: Sandbox) -> None:
    names = spam(30)
    assert global_lock(*names, *USUAL, '-simulate').code == 0

    def delete(farm: Any) -> None:
        for name in names:
            farm.delete_account(farm.accounts[name], farm.central, 'Somebody', 'test')

    sandbox.call(delete)
    run = global_lock('-resume', '-always', '-max-failures:2')
    assert run.code == 4, run.said
    assert 'more failures than -max-failures allows' in run.out
    assert len(sandbox.journal.entries(action=LOCK)) == 3
    assert '-max-failures:2 -always' in run.out
    # What the operator has seen does not count again.
    run = global_lock('-resume', '-always', '-max-failures:2')
    assert run.code == 4, run.said
    assert len(sandbox.journal.entries(action=LOCK)) == 6


@pytest.mark.parametrize('title', ['[[no]]', 'A|B'])
def test_a_stop_page_must_be_a_page(
    global_lock: Script, sandbox: Sandbox, title: str
) -> None:
    run = global_lock(*spam(1), *USUAL, f'-stop-page:{title}')
    assert run.code == 2, run.said
    assert 'not the title of a page' in run.err
    assert not effects(sandbox)
    run = global_lock('-resume', '-always', '-stop-page:User:Sandbox Operator/stop')
    assert run.code == 0, run.said


def test_a_stop_page_holds_until_it_is_named_anew(
    global_lock: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, '_LOOK_EVERY', 0.0)
    page = 'User:Sandbox Operator/stop'
    # Asked for here, where a farm that has none can skip the test.
    call = sandbox.call
    stop = f'-stop-page:{page}'

    def write() -> None:
        for _ in range(1000):
            if len(effects(sandbox)) > 2:
                break
            time.sleep(0.01)
        call(lambda farm: farm.central.edit(page, 'Stop!', user='Sandbox Colleague'))

    colleague = threading.Thread(target=write)
    colleague.start()
    sandbox.command('set-delay', seconds=0.02)
    try:
        run = global_lock(*spam(30), *USUAL, stop)
    finally:
        sandbox.command('set-delay', seconds=0.0)
        colleague.join()
    assert run.code == 4, run.said
    assert 'Read there why' in run.out
    done = effects(sandbox)
    assert len(done) < 30
    run = global_lock('-resume', '-always')
    assert run.code == 4, run.said
    assert effects(sandbox) == done
    run = global_lock('-resume', '-always', stop)
    assert run.code == 0, run.said
    assert effects(sandbox) == spam(30)


def test_every_outcome_is_a_line_of_json(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / 'log.jsonl'
    run = global_lock(*spam(2), *USUAL, f'-log-json:{file}', '-campaign:logged')
    assert run.code == 0, run.said
    lines = [json.loads(line) for line in file.read_text('utf-8').splitlines()]
    assert [line['target'] for line in lines] == spam(2)
    assert {line['state'] for line in lines} == {'done'}
    assert {line['campaign'] for line in lines} == {'logged'}
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize('option', ['-log-json', '-health-file'])
def test_a_log_that_cannot_be_written_is_found_out_first(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path, option: str
) -> None:
    run = global_lock(*spam(1), *USUAL, f'{option}:{tmp_path}/nowhere/log')
    assert run.code == 2, run.said
    assert 'nowhere/log cannot be used' in run.err
    assert not sandbox.journal.entries(action=LOCK)


@pytest.mark.parametrize('option', ['-ledger:', '-log-json:', '-report:'])
def test_an_empty_variable_of_a_shell_names_no_place(option: str) -> None:
    with pytest.raises(InvalidInput, match=f'{option} says nothing'):
        parse(CampaignOptions, [option], 'pwb global_lock')


@pytest.mark.parametrize(
    ('ledger_place', 'shown'),
    [
        ('own.sqlite3', '{folder}/own.sqlite3'),
        ('sqlite:///own.sqlite3?timeout=3', 'sqlite:///{folder}/own.sqlite3?timeout=3'),
        ('mysql+pymysql://u:secret@h/db', 'mysql+pymysql://u:***@h/db'),
    ],
)
def test_a_printed_command_means_the_same_files_in_every_folder(
    ledger: Ledger,
    site: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ledger_place: str,
    shown: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [f'-ledger:{ledger_place}', '-log-json:log', '-report:../r']
    options = parse(CampaignOptions, given, 'pwb global_lock')
    arguments = ('-dir:~', '-user:Sandbox Colleague', *given)
    options = replace(options, arguments=arguments)
    campaign = ledger.create(
        'wave', action='a', wiki=str(site), operator='x', reason='', options={}
    )
    lines = Lines(options, 'global_lock')
    words = shlex.split(lines.resume(campaign))
    assert f'-log-json:{tmp_path}/log' in words
    assert f'-report:{tmp_path.parent}/r' in words
    assert f'-ledger:{shown.format(folder=tmp_path)}' in words
    # Who resumes it is who has begun it, from the same configuration.
    for line in lines.resume(campaign), lines.about('undo', campaign):
        words = shlex.split(line)
        assert '-user:Sandbox Colleague' in words
        assert f'-dir:{config.base_dir}' in words


def test_a_ledger_of_user_config_is_the_same_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / name for name in ('config', 'elsewhere')]
    for folder in folders:
        folder.mkdir(mode=0o700)
    monkeypatch.setattr(config, 'base_dir', str(folders[0]))
    monkeypatch.setattr(settings, 'ledger', 'own.sqlite3')
    for folder in folders:
        monkeypatch.chdir(folder)
        open_ledger(CampaignOptions()).close()
    assert not list(folders[1].iterdir())


def test_nothing_is_resumed_from_a_ledger_that_is_not_there(
    pwb: Script, tmp_path: Path
) -> None:
    place = tmp_path / 'misspelt.sqlite3'
    options = CampaignOptions(resume=True, campaign='wave', ledger=str(place))
    with pytest.raises(InvalidInput, match='There is no ledger'):
        ScriptRun(OWN.name, OWN.kinds, options)
    assert not place.exists()


def test_a_report_is_written_in_the_end(global_lock: Script, tmp_path: Path) -> None:
    run = global_lock(*spam(2), *USUAL, f'-report:{tmp_path}/r', '-campaign:told')
    assert run.code == 0, run.said
    text = (tmp_path / 'r' / 'told.csv').read_text('utf-8')
    assert all(name in text for name in spam(2))
    assert str(tmp_path / 'r' / 'told.html') in run.out


@pytest.mark.parametrize('moment', ['before', 'after'])
def test_a_signal_while_a_campaign_is_begun_leaves_none_behind(
    ledger: Ledger, ledger_file: Path, site: Any, moment: str
) -> None:
    """Also where it comes when the ledger has it already; one of a colleague stays."""

    class Interrupted(Ledger):
        def create(self, name: str, **about: Any) -> Campaign:
            if moment == 'after':
                super().create(name, **about)
            raise KeyboardInterrupt

    about: Any = {'action': 'a', 'wiki': 'w', 'reason': '', 'options': {}}
    ledger.create('theirs', operator='Somebody Else', **about)
    interrupted = Interrupted(str(ledger_file))
    run = started(interrupted, ledger_file)
    for name in ('ours', 'theirs'):
        with pytest.raises((KeyboardInterrupt, InvalidInput)):
            begin(run, 'a', Listing(['A'], name=name))
    interrupted.close()
    assert [campaign.name for campaign in ledger.campaigns()] == ['theirs']


def test_nobody_deletes_the_record_of_a_run_that_still_lists_its_targets(
    ledger: Ledger, ledger_file: Path, site: Any
) -> None:
    """It gives signs of life from its first moment on."""
    begun = Ledger(str(ledger_file))
    run = started(begun, ledger_file)
    seen: list[bool] = []

    def names() -> Iterator[str]:
        yield 'A'
        campaign = ledger.find('new')
        assert campaign is not None and run.active is not None
        alive = run.active.sign
        with (
            pytest.raises(CampaignBusy, match='Another run is active'),
            at_work(ledger, campaign, account='x', sleep=lambda seconds: alive()),
        ):
            pass
        seen.append(True)
        yield 'B'

    begin(run, 'a', Listing(names(), name='new'))
    assert seen == [True]
    begun.close()
    campaign = ledger.find('new')
    assert campaign is not None
    # A run that has ended is not waited for.
    with at_work(ledger, campaign, account='x', sleep=fail):
        pass


def test_a_ledger_that_fails_in_mid_run_leaves_a_summary_and_a_way_on(
    global_lock: Script, sandbox: Sandbox, ledger: Ledger
) -> None:
    names = spam(4)
    assert global_lock(*names, *USUAL, '-simulate', '-campaign:wave').code == 0
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON target WHEN NEW.state='done' AND"
            " (SELECT count(*) FROM target WHERE state='done')=2"
            " BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
        )
    run = global_lock('-resume', '-campaign:wave', '-always')
    assert run.code not in (0, 1), run.said
    assert 'This run:  2 done, 0 failed' in run.out
    assert 'the disk is full' in run.out
    assert 'To resume: pwb global_lock -resume -campaign:wave -always' in run.out
    assert 'Traceback' not in run.said
    assert effects(sandbox) == names[:3]
    with ledger.database.begin() as connection:
        connection.exec_driver_sql('DROP TRIGGER full')
    run = global_lock('-resume', '-campaign:wave', '-always')
    assert run.code == 0, run.said
    assert 'Done:      4' in run.out and 'not by this' not in run.out
    assert effects(sandbox) == names
    assert len(sandbox.journal.entries(action=LOCK)) == 4


def test_two_campaigns_on_the_same_accounts_are_each_undone_alone(
    global_lock: Script, pwb: Script, sandbox: Sandbox
) -> None:
    for name in ('first', 'second'):
        run = global_lock(*spam(2), *USUAL, '-simulate', f'-campaign:{name}')
        assert run.code == 0, run.said
    assert global_lock('-resume', '-campaign:first', '-always').code == 0
    run = global_lock('-resume', '-campaign:second', '-always')
    assert run.code == 0, run.said
    assert 'WARNING' not in run.said
    assert 'done by the campaign first' in run.out
    assert 'Done:      2 (2 of them not by this campaign)' in run.out
    run = pwb('global_lock', '-undo:second', '-reason:Wrong list', '-always')
    assert (run.code, 'there is nothing to undo' in run.err) == (2, True), run.said
    assert pwb('campaign', 'undo', 'first', '-reason:Wrong', '-always').code == 0
    assert len(effects(sandbox)) == 4


def test_who_has_become_a_steward_since_the_plan_is_left_alone(
    global_lock: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a plan of ten minutes ago, at the cost of one look at them all."""
    reads = {}
    for minutes, numbers in ((0, (11, 12, 13)), (11, (1, 2, 3))):
        names = [f'Spambot {number:05}' for number in numbers]
        run = global_lock(*names, *USUAL, '-simulate', f'-campaign:wave{minutes}')
        assert run.code == 0, run.said
        if minutes:
            sandbox.farm.accounts[names[1]].groups = STEWARD
        moment = now() + timedelta(minutes=minutes)
        monkeypatch.setattr(batch, 'now', always(moment))
        sandbox.journal.clear()
        run = global_lock('-resume', f'-campaign:wave{minutes}', '-always')
        queries = sandbox.journal.entries(action='query')
        looks = ('globalusers', 'globaluserinfo')
        asked = [e.params.get('list', '') + e.params.get('meta', '') for e in queries]
        reads[minutes] = sum(any(look in words for look in looks) for words in asked)
        assert run.code == (1 if minutes else 0), run.said
    assert 'skipped: in a global group' in run.out
    assert effects(sandbox) == [names[0], names[2]]
    assert reads == {0: 0, 11: 1}


def test_what_others_have_changed_since_an_undo_was_planned_is_left_alone(
    global_lock: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a plan of ten minutes ago, whoever has locked or unlocked meanwhile."""
    again, free, ours = spam(3)
    assert global_lock(*spam(3), *USUAL, '-campaign:wave').code == 0
    undo = ('-undo:wave', '-reason:a mistake', '-campaign:back')
    run = global_lock(*undo, '-simulate')
    assert run.code == 0, run.said
    for name in (again, free):
        sandbox.command('lock', user=name, locked=False, by='Sandbox Colleague')
    sandbox.command('lock', user=again, by='Sandbox Colleague')
    monkeypatch.setattr(batch, 'now', always(now() + timedelta(minutes=11)))
    # The action goes by the wiki's clock.
    sandbox.call(lambda farm: farm.advance(661))
    sandbox.journal.clear()
    run = global_lock('-resume', '-campaign:back', '-always')
    assert run.code == 1, run.said
    assert effects(sandbox) == [ours]
    accounts = sandbox.farm.accounts
    assert [accounts[name].locked for name in spam(3)] == [True, False, False]
    assert f'{again}: changed since the plan, and skipped' in run.out
    assert 'Done:      2 (1 of them not by this campaign)' in run.out


def test_what_an_option_sets_holds_for_that_script_alone(
    farm: Farm, ledger_file: Path, sandbox: Sandbox
) -> None:
    """A bot may call the scripts from Python, and go on with its own work."""
    before = copy.deepcopy(_plain(config))
    deadline = TokenRequest.deadline
    lock = script('global_lock').main
    usual = (*spam(1), *USUAL, f'-ledger:{ledger_file}')
    options = [
        'simulate',
        'verbose',
        'nolog',
        'log:mine.log',
        'debug:comm',
        'user:Other',
    ]
    options += ['pt:7', 'maxlag:9', 'cc:no', 'max_retries:3']
    code = lock(*usual, '-simulate', '-campaign:looked-at')
    assert (code, effects(sandbox)) == (0, [])
    lock(*usual, *(f'-{option}' for option in options), '-campaign:not-begun')
    assert _plain(config) == before
    assert TokenRequest.deadline == deadline
    assert bot._user_override is None
    assert lock(*usual, '-campaign:done') == 0
    assert effects(sandbox) == spam(1)


def _plain(module: ModuleType) -> dict[str, object]:
    kinds = (bool, int, float, str, list, dict, tuple, type(None))
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, kinds) and not name.startswith('__')
    }
