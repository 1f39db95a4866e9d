"""A ledger that an older version has left in the middle is upgraded and finished."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign import heartbeats
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import State
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.cli.kinds import campaign_scripts

from .desk import Run

LEDGERS = Path(__file__).parents[1] / 'ledgers'
OPERATOR = 'Sandbox Operator'
LOCK = 'setglobalaccountstatus'


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def restore(version: int, path: Path) -> None:
    """Make the ledger that an older version has left."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((LEDGERS / f'version{version}.sql').read_text())
    path.chmod(0o600)


def live_through(farm: Any) -> dict[str, int]:
    """Do to the farm what the ledger says was done, and return the central ids.

    The killed runs had sent one write more than they could record.
    """
    for names, locked, reason in (
        (spam(61, 62, 63, 64, 65, 66), True, 'Cross-wiki spam'),
        (spam(61, 62, 63, 64), False, 'Locked by mistake'),
        (spam(1, 2, 4, 5, 6, 7, 8, 9), True, 'Spam-only account'),
    ):
        for name in names:
            farm.set_status(
                farm.accounts[name],
                locked=locked,
                hidden='',
                wiki=farm.central,
                operator=OPERATOR,
                reason=reason,
            )
    return {name: account.id for name, account in farm.accounts.items()}


@pytest.fixture
def first_version(
    ledger_file: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The ledger of the first version, as if it had been left right now."""
    monkeypatch.setattr(heartbeats, 'PATIENCE', 0.0)
    restore(1, ledger_file)
    ids = sandbox.call(live_through)
    moment = datetime.now(timezone.utc).replace(tzinfo=None).isoformat(' ')
    with closing(sqlite3.connect(ledger_file)) as connection, connection:
        for column in ('target.started_at', 'target.ended_at', 'campaign.planned_at'):
            table, _, name = column.partition('.')
            change = f'UPDATE {table} SET {name}=? WHERE {name} NOTNULL'
            connection.execute(change, (moment,))
        connection.create_function('id_of', 1, lambda name: ids.get(name.decode()))
        connection.execute(
            'UPDATE target SET central_id=id_of(name), '
            "facts=json_set(facts, '$.central_id', id_of(name))"
            ' WHERE central_id NOTNULL'
        )
    return ledger_file


def test_campaigns_of_the_first_version_are_resumed_and_undone(
    pwb: Callable[..., Run], first_version: Path, sandbox: Sandbox
) -> None:
    """Nothing is sent twice, and what was done then can be undone now."""

    def sent() -> list[str | None]:
        return [e.target for e in sandbox.journal.entries(action=LOCK) if e.effect]

    run = pwb('campaign', 'show', 'spam')
    assert f'{first_version}.version-1' in run.said
    assert 'ReadOnly 1' in run.out
    copy = Path(f'{first_version}.version-1')
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        tables = {
            row[0] for row in connection.execute('SELECT name FROM sqlite_master')
        }
    assert 'target' in tables and 'ledger_version' not in tables
    # Nobody has sealed it, so it is looked at first.
    for name in ('spam', 'undo-earlier'):
        resume = ('global_lock', '-resume', f'-campaign:{name}')
        assert pwb(*resume, '-always').code == 4
        assert pwb(*resume, '-simulate').code == 0
        code = pwb(*resume, '-always').code
        # One target had failed, and stays so.
        assert code == (1 if name == 'spam' else 0)
    assert sent() == [*spam(10, 11, 12, 13, 57, 58, 59), *spam(65, 66)]
    with closing(Ledger(str(first_version))) as ledger:
        wave, undo = ledger.find('spam'), ledger.find('undo-earlier')
        assert wave is not None and undo is not None
        counts = ledger.counts(wave)
        assert (counts[State.DONE], counts[State.FAILED]) == (15, 1)
        assert ledger.changed_count(wave) == 15
        assert ledger.changed_count(undo) == 6
    run = pwb('global_lock', '-undo:spam', '-reason:wrong list', '-simulate')
    assert run.code == 0, run.said
    run = pwb('global_lock', '-resume', '-always')
    assert run.code == 0, run.said
    locked = sandbox.call(
        lambda farm: [a.name for a in farm.accounts.values() if a.locked]
    )
    assert not set(locked) & set(spam(*range(1, 67)))


def test_what_the_second_version_has_sealed_stays_sealed(
    ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every state that a target can be in."""
    monkeypatch.setattr(heartbeats, 'PATIENCE', 0.0)
    restore(2, ledger_file)
    key = Key(bytes.fromhex((LEDGERS / 'campaign-key').read_text()))
    states = set()
    with closing(Ledger(str(ledger_file))) as ledger:
        for campaign in ledger.campaigns():
            sealer = Sealer(key, ledger, campaign, f'{OPERATOR}@sandbox:meta')
            for target in ledger.targets(campaign):
                assert sealer.vouched(target) is not None, target
                states.add(target.state)
    assert states == set(State) - {State.LISTED}


@pytest.mark.parametrize(
    'script, target',
    [
        ('global_lock', 'Spambot 00001'),
        ('global_delete', 'Spambot 00001'),
        ('crosswiki_delete', 'aawiki:Spam page 00001 1'),
    ],
)
def test_options_that_an_older_version_did_not_store_have_their_defaults(
    pwb: Callable[..., Run], ledger_file: Path, script: str, target: str
) -> None:
    """A campaign that it has left is planned, whatever was added since."""
    run = pwb(script, target, '-reason:spam', '-campaign:old', '-simulate')
    assert run.code == 0, run.said
    kind = campaign_script(script).kinds[script]
    with closing(sqlite3.connect(ledger_file)) as connection, connection:
        [[stored]] = connection.execute('SELECT options FROM campaign')
        options = required(json.loads(stored), kind.stored)
        change = 'UPDATE campaign SET options=?'
        connection.execute(change, (json.dumps(options),))
    run = pwb(script, '-resume', '-campaign:old', '-simulate')
    assert run.code == 0, run.said
    assert target in run.out


def required(options: dict[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return only the options that a campaign has to have."""
    return {
        name: required(options[name], kind) if is_record(kind) else options[name]
        for name, kind in shape.items()
        if name in options
    }


def is_record(kind: Any) -> bool:
    return isinstance(kind, Mapping) and set(kind) != {str}


def campaign_script(name: str) -> Any:
    return next(s for s in campaign_scripts() if s.title == name)


def test_what_somebody_wrote_into_an_older_ledger_does_not_stop_the_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, 'PATIENCE', 0.0)
    path = tmp_path / 'old.sqlite3'
    restore(2, path)
    odd = ('[' * 9**5, '{"log_entry": 1%s}' % ('0' * 30), '"\\ud800"', '{x')
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, facts in enumerate(odd, 1):
            row = (facts, number)
            connection.execute('UPDATE target SET facts=? WHERE id=?', row)
    with closing(Ledger(str(path))) as ledger:
        assert ledger.campaigns()
