"""Campaigns that another key has sealed, or none, as a team meets them each day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from pywikibot import config

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import now
from mw_tokens_plugin.campaign.sealkey import FILE

from .desk import Desk, Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
Script = Callable[..., Run]
USUAL = ('-reason:Spam-only account', '-always')
RESUME = ('-resume', '-campaign:wave')


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def locked(sandbox: Sandbox) -> list[str | None]:
    """Return whom a lock was sent for."""
    return [entry.target for entry in sandbox.journal.entries(action=LOCK)]


def kill(ledger: Ledger, *names: str) -> None:
    """Leave targets behind as a run does that was killed before it sent anything."""
    with ledger.database.begin() as connection:
        for name in names:
            connection.execute(
                sa.text(
                    "UPDATE target SET state='leased', owner='gone/0', attempts=1,"
                    ' account=:account, started_at=:now WHERE name=:name'
                ),
                {
                    'name': name.encode(),
                    'account': 'Sandbox Operator@sandbox:meta',
                    'now': now().isoformat(sep=' '),
                },
            )
        connection.execute(sa.text('UPDATE campaign SET confirmed_at=planned_at'))


def test_all_of_a_killed_colleague_is_shown_before_it_is_asked_for(
    desk: Desk, sandbox: Sandbox
) -> None:
    """What was in the hands of the killed run, too; it is locked after one question."""
    assert desk.run(*spam(1, 2, 3), *USUAL, '-simulate', '-campaign:wave').code == 0
    ledger = Ledger(str(desk.ledger))
    kill(ledger, *spam(2, 3))
    ledger.close()
    (desk.directory / FILE).unlink()
    run = desk.run(*RESUME, '-always')
    assert run.code == 4 and 'Look at it first' in run.err, run.said
    assert not locked(sandbox)
    run = desk.talk(*RESUME, answers=[('[y/N]', 'y')])
    assert run.code == 0, run.said
    assert 'To lock: 3' in run.out and 'Really lock 3 accounts?' in run.out
    assert sorted(map(str, locked(sandbox))) == spam(1, 2, 3)


def test_only_what_was_in_the_hands_of_a_killed_colleague(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """One look is enough, whether or not it had been sent."""
    run = pwb('global_lock', *spam(1, 2), *USUAL, '-simulate', '-campaign:wave')
    assert run.code == 0, run.said
    kill(ledger, *spam(1, 2))
    sandbox.command('lock', user=spam(2)[0], by='Sandbox Operator')
    Path(config.base_dir, FILE).unlink()
    run = pwb('global_lock', *RESUME, '-always')
    assert run.code == 4 and 'Spambot 00001' in run.out, run.said
    assert '-always' not in run.err.rpartition('-resume')[2]
    assert pwb('global_lock', *RESUME, '-simulate').code == 0
    run = pwb('global_lock', *RESUME, '-always')
    assert run.code == 0, run.said
    assert locked(sandbox) == spam(1)


def test_always_takes_nothing_out_of_what_has_failed_for_a_colleague(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """It would only leave a plan behind to which the colleague has to agree anew."""
    run = pwb('global_lock', *spam(1, 2), *USUAL, '-simulate', '-campaign:wave')
    assert run.code == 0, run.said
    two = spam(2)[0]
    gone = sandbox.call(lambda farm: farm.accounts.pop(two))
    assert pwb('global_lock', *RESUME, '-always').code == 1
    sandbox.call(lambda farm: farm.accounts.update({two: gone}))
    key = Path(config.base_dir, FILE)
    own = key.rename(key.with_name('own'))
    run = pwb('campaign', 'retry-failed', 'wave', '-always')
    assert run.code == 4 and 'nothing was changed' in run.err, run.said
    assert 'pwb campaign retry-failed wave' in run.err
    own.rename(key)
    assert pwb('campaign', 'retry-failed', 'wave', '-simulate').code == 0
    run = pwb('campaign', 'retry-failed', 'wave', '-always')
    assert 'the plan, which has 1 target still to do' in run.said
    assert 'pwb campaign resume wave' in run.said
    run = pwb('campaign', 'resume', 'wave', '-always')
    assert run.code == 0, run.said
    assert sandbox.farm.accounts[spam(2)[0]].locked


def test_an_account_hidden_since_the_plan_is_named_nowhere(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Neither is one that a colleague has locked and hidden meanwhile."""
    log = tmp_path / 'log.json'
    wave = ('-campaign:wave', f'-log-json:{log}')
    run = pwb('global_lock', *spam(1, 2, 3), *USUAL, '-simulate', *wave)
    assert run.code == 0, run.said
    for name in spam(1, 2):
        sandbox.command('hide', user=name, level='suppressed')
    sandbox.command('lock', user=spam(2)[0], by='Sandbox Colleague')
    run = pwb('global_lock', *RESUME, '-always', '-quiet', f'-log-json:{log}')
    assert run.code == 0, run.said
    run = pwb('campaign', 'show', 'wave')
    assert pwb('campaign', 'report', 'wave', str(tmp_path / 'report')).code == 0
    said = run.said + log.read_text('utf-8')
    for file in (tmp_path / 'report').iterdir():
        said += file.read_text('utf-8')
    assert 'Spambot 00003' in said
    for name in spam(1, 2):
        assert name not in said
        assert f'#{sandbox.farm.accounts[name].id}' in said
    assert pwb('global_lock', '-undo:wave', *USUAL).code == 1
    assert not sandbox.farm.accounts[spam(3)[0]].locked


def test_a_colleague_who_looks_does_not_stop_the_job_of_the_owner(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """Even if spammers have gone on spamming since the plan."""
    run = pwb('global_lock', *spam(1, 2), *USUAL, '-simulate', '-campaign:wave')
    assert run.code == 0, run.said
    for wiki in sandbox.farm.wikis.values():
        if local := wiki.accounts.get(spam(2)[0]):
            local.editcount += 1
    key = Path(config.base_dir, FILE)
    own = key.rename(key.with_name('own'))
    assert pwb('global_lock', *RESUME, '-simulate').code == 0
    own.replace(key)
    run = pwb('global_lock', *RESUME, '-always')
    assert run.code == 0, run.said
    assert locked(sandbox) == spam(1, 2)
