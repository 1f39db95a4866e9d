"""A ledger that others can write lends nobody the operator's hands."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pywikibot import config

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Step
from mw_tokens_plugin.campaign.sealkey import FILE, Key
from mw_tokens_plugin.campaign.seals import Sealer

from .desk import Desk, Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
DELETE = 'deleteglobalaccount'
Script = Callable[..., Run]
USUAL = ('-reason:Spam-only account', '-always')
STEWARD = 'Sandbox Colleague'
INNOCENT = 'Spambot 00009'


#: The operator's own targets are locked, and nobody else.
OWN = None


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def written(sandbox: Sandbox) -> list[str]:
    """Return whom anything was sent about."""
    entries = sandbox.journal.entries()
    return [str(e.target) for e in entries if e.action in (LOCK, DELETE)]


class Colleague:
    """Somebody who can write the ledger, and nothing else of the operator's."""

    def __init__(self, ledger: Ledger, sandbox: Sandbox) -> None:
        self._ledger = ledger
        self._sandbox = sandbox

    def __call__(self, statement: str, **values: Any) -> None:
        with self._ledger.database.begin() as connection:
            connection.execute(sa.text(statement), values)

    def set_option(self, name: str, value: Any) -> None:
        campaign = self._ledger.find('wave')
        assert campaign is not None
        options = {**campaign.options, name: value}
        if value is None:
            del options[name]
        self('UPDATE campaign SET options=:o', o=json.dumps(options))

    def add(self, name: str, state: str, seals: str | None = None) -> None:
        central_id = self._sandbox.farm.accounts[name].id
        facts = {
            'name': name,
            'central_id': central_id,
            'locked': False,
            'hidden': '',
            'looked_at': '2020-01-01T00:00:00Z',
        }
        self(
            'INSERT INTO target (campaign_id, name, central_id, hidden, state, facts,'
            ' attempts, seals) SELECT id, :name, :number, 0, :state, :facts, 0, :seals'
            ' FROM campaign',
            name=name.encode(),
            number=central_id,
            state=state,
            facts=json.dumps(facts),
            seals=seals,
        )

    def confirm(self) -> None:
        self('UPDATE campaign SET confirmed_at=planned_at')


def add_planned(colleague: Colleague) -> None:
    colleague.add(STEWARD, 'planned')


def add_planned_with_the_seal_of_another(colleague: Colleague) -> None:
    with colleague._ledger.database.begin() as connection:
        seal = connection.scalar(sa.text('SELECT max(seals) FROM target'))
    colleague.add(STEWARD, 'planned', seal)


def add_listed(colleague: Colleague) -> None:
    colleague.add(INNOCENT, 'listed')


def release_the_held(colleague: Colleague) -> None:
    colleague("UPDATE target SET state='planned', held=NULL WHERE state='held'")


def release_the_held_as_sealed(colleague: Colleague) -> None:
    colleague("UPDATE target SET state='planned' WHERE state='held'")


def put_another_in_its_place(colleague: Colleague) -> None:
    other = colleague._sandbox.farm.accounts[STEWARD].id
    facts = {'name': STEWARD, 'central_id': other, 'locked': False, 'hidden': ''}
    colleague(
        "UPDATE target SET facts=:facts, central_id=:id WHERE state='planned'",
        facts=json.dumps(facts),
        id=other,
    )


def forge_a_plan(colleague: Colleague) -> None:
    add_planned_with_the_seal_of_another(colleague)
    colleague('UPDATE plan SET confirmed=1')


def column(name: str, value: str) -> Callable[[Colleague], None]:
    return lambda colleague: colleague(f'UPDATE campaign SET {name}=:v', v=value)


def option(name: str, value: Any) -> Callable[[Colleague], None]:
    return lambda colleague: colleague.set_option(name, value)


@pytest.mark.parametrize(
    ('change', 'code'),
    [
        # What is the operator's own may be done, once the others are skipped.
        (add_planned, OWN),
        (add_planned_with_the_seal_of_another, OWN),
        (forge_a_plan, 4),
        (release_the_held, OWN),
        (release_the_held_as_sealed, OWN),
        (put_another_in_its_place, 1),
        (add_listed, 4),
        (column('reason', 'Because I can'), 4),
        (column('operator', 'Somebody Else'), 4),
        (column('api', 'http://127.0.0.99/w/api.php'), 2),
        (column('api', 'http://[no'), 2),
        (column('wikiid', 'otherwiki'), 2),
        (column('wiki', 'elsewhere:meta'), 2),
        (column('action', 'global_delete'), 2),
        (column('action', 'undo_global_lock'), 2),
        (column('action', 'scripts.global_lock:main'), 2),
        (option('excluded', []), 4),
        (option('max_edits', 10**9), 4),
        (option('locked', False), 1),
        (option('hidden', 'suppressed'), 2),
        (option('untrusted', True), 4),
        (option('stop_page', None), 4),
        (option('max_edits', '50'), 2),
        (option('max_edits', -1), 2),
        (option('excluded', 'Nobody'), 2),
        (option('hidden', ['lists']), 2),
        (option('script', '/tmp/evil.py'), 2),
    ],
    ids=lambda value: getattr(value, '__name__', None),
)
def test_what_a_colleague_writes_is_never_run_by_always(
    pwb: Script,
    ledger: Ledger,
    sandbox: Sandbox,
    tmp_path: Path,
    change: Callable[[Colleague], None],
    code: int | None,
) -> None:
    """Not even the second time, though it was planned again meanwhile."""
    spared = tmp_path / 'not.txt'
    spared.write_text(spam(3)[0], 'utf-8')
    page = '-stop-page:User:Sandbox Operator/stop'
    targets = (*spam(1, 2, 3), f'-not:{spared}')
    if change in (release_the_held, release_the_held_as_sealed):
        targets += (STEWARD,)
    run = pwb('global_lock', *targets, *USUAL, page, '-simulate', '-campaign:wave')
    assert run.code == 0, run.said
    colleague = Colleague(ledger, sandbox)
    change(colleague)
    colleague.confirm()
    for _ in range(2):
        for script in (
            ('campaign', 'resume', 'wave'),
            (
                'global_lock',
                '-resume',
                '-campaign:wave',
            ),
        ):
            run = pwb(*script, '-always')
            assert code is OWN or run.code == code, run.said
            assert 'Traceback' not in run.said
    assert sorted(written(sandbox)) == ([] if code is not OWN else spam(1, 2))


def trigger(when: str, change: str) -> str:
    """Return what makes a change in the very moment of another one."""
    return f'CREATE TRIGGER at_once AFTER {when} BEGIN UPDATE {change}; END'


@pytest.mark.parametrize('when', ['INSERT', 'UPDATE'])
def test_what_a_colleague_changes_at_once_is_neither_done_nor_shown(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, when: str
) -> None:
    """Whoever is fast enough, or lets the database do it, changes what was written."""
    stop = 'User:Sandbox Operator/stop'
    change = (
        "campaign SET reason='Because I can', options=json_set(options,"
        " '$.max_edits', 1000000, '$.locked', json('false'), '$.stop_page', NULL)"
    )
    Colleague(ledger, sandbox)(trigger(f'{when} ON campaign', change))
    run = pwb('global_lock', *spam(1), *USUAL, '-campaign:wave', f'-stop-page:{stop}')
    assert 'Because I can' not in run.said
    assert 'Reason:    Spam-only account' in run.out
    sent = sandbox.journal.entries(action=LOCK)
    assert [(e.params['locked'], e.params['reason']) for e in sent] == [
        ('lock', 'Spam-only account')
    ]
    # Nobody resumes what it was made into.
    run = pwb('global_lock', '-resume', '-campaign:wave', '-always')
    assert 'marked' not in run.said and written(sandbox) == spam(1)


def test_what_is_taken_out_of_sight_is_shown_all_the_same(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """Else it could be put back when the plan that it was not in is agreed to."""
    colleague = Colleague(ledger, sandbox)
    usual = (*USUAL, '-campaign:wave')
    assert pwb('global_lock', *spam(2), *usual, '-simulate').code == 0
    colleague("UPDATE target SET state='done'")
    for name in (INNOCENT, *spam(1)):
        colleague.add(name, 'planned')
    hidden = f"target SET state='done' WHERE name=CAST('{INNOCENT}' AS BLOB)"
    colleague(trigger('UPDATE OF facts ON target', hidden))
    colleague.confirm()
    resume = ('global_lock', '-resume', '-campaign:wave')
    run = pwb(*resume, '-always')
    assert run.code == 4, run.said
    assert f'  {INNOCENT}' in run.out
    colleague("UPDATE target SET state='planned' WHERE state='done'")
    assert pwb(*resume, '-always').code == 4
    # What a quiet run does not show is not agreed to either.
    assert pwb(*resume, '-simulate', '-quiet', '-always').code == 0
    assert pwb(*resume, '-always').code == 4
    assert INNOCENT not in written(sandbox)


def test_what_an_earlier_plan_had_is_not_confirmed_with_a_later_one(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """Somebody can remove it before the later one is shown, and put it back then."""
    colleague = Colleague(ledger, sandbox)
    usual = (*USUAL, '-campaign:wave')
    assert pwb('global_lock', *spam(1), *usual, '-simulate').code == 0
    colleague.add(INNOCENT, 'planned')
    resume = ('global_lock', '-resume', '-campaign:wave', '-always')
    run = pwb(*resume, '-simulate')
    assert run.code == 0 and f'  {INNOCENT}' in run.out
    there = f"name=CAST('{INNOCENT}' AS BLOB)"
    colleague(f"UPDATE target SET state='done' WHERE {there}")
    back = f"target SET state='planned' WHERE {there}"
    colleague(trigger('UPDATE OF confirmed ON plan WHEN new.confirmed', back))
    run = pwb(*resume)
    assert f'  {INNOCENT}' not in run.out
    assert run.code == 4, run.said
    # It is not run by -always later either.
    colleague('DROP TRIGGER at_once')
    for state in ('planned', 'listed'):
        colleague(f"UPDATE target SET state='{state}' WHERE {there}")
        assert pwb(*resume).code == 4
    assert written(sandbox) == spam(1)


def test_what_others_end_while_it_is_planned_is_not_agreed_to(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """It is told of, as nothing is left to do; nor is it done if it is put back."""
    colleague = Colleague(ledger, sandbox)
    colleague(trigger('UPDATE OF facts ON target', "target SET state='done'"))
    run = pwb('global_lock', *spam(1, 2), *USUAL, '-campaign:wave')
    assert (run.code, written(sandbox)) == (1, [])
    assert '2 targets of wave are not in the ledger as your key' in run.said
    with ledger.database.begin() as connection:
        agreed = connection.scalars(sa.text('SELECT confirmed FROM plan')).all()
    assert not any(agreed)


def test_what_others_choose_is_shown_before_always_runs_it(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """Even if a colleague takes it out of sight, and confirms it in the ledger."""
    hidden = f"target SET state='held' WHERE name=CAST('{INNOCENT}' AS BLOB)"
    colleague = Colleague(ledger, sandbox)
    colleague(trigger('UPDATE OF facts ON target', hidden))
    prefix = f'-prefix:{INNOCENT[:-1]}'
    run = pwb('global_lock', prefix, *USUAL[:1], '-simulate', '-campaign:wave')
    assert run.code == 0, run.said
    assert f'  {INNOCENT}' in run.out
    # What was never decided on can be put back, too.
    colleague("UPDATE target SET state='listed' WHERE state='held'")
    colleague.confirm()
    run = pwb('global_lock', '-resume', '-campaign:wave', '-always')
    assert run.code == 4, run.said
    assert INNOCENT not in written(sandbox)


def as_listed(ledger: Ledger, colleague: Colleague, directory: Path) -> None:
    """Put back what the ledger had before the undo was planned, with its seal."""
    undo = ledger.find('undo')
    assert undo is not None
    account = f'{undo.operator}@{undo.wiki}'
    sealer = Sealer(Key.of(directory), ledger, undo, account)
    colleague(
        "UPDATE target SET state='listed', facts=NULL, central_id=NULL, seals=:seal"
        ' WHERE campaign_id=:id',
        seal=sealer.listed(Step(spam(1)[0])),
        id=undo.id,
    )
    colleague('UPDATE campaign SET planned_at=NULL WHERE id=:id', id=undo.id)


@pytest.mark.parametrize('is_planned', [True, False])
def test_an_undo_is_of_what_was_recorded_when_it_was_begun(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, is_planned: bool
) -> None:
    """Not of what a colleague has made of it since, such as the lock of another."""
    assert pwb('global_lock', *spam(1), *USUAL, '-campaign:wave').code == 0
    undo = ('-undo:wave', '-campaign:undo', '-simulate')
    assert pwb('global_lock', *undo, *USUAL).code == 0
    sandbox.command('lock', user=INNOCENT, by=STEWARD)
    colleague = Colleague(ledger, sandbox)
    entry = sandbox.farm.central.log[-1].id
    other = sandbox.farm.accounts[INNOCENT].id
    facts = {'name': INNOCENT, 'central_id': other}
    colleague(
        'UPDATE target SET central_id=:id, facts=:facts, log_id=:log'
        " WHERE state='done'",
        id=other,
        log=entry,
        facts=json.dumps(facts),
    )
    if not is_planned:
        as_listed(ledger, colleague, Path(config.base_dir))
    before = written(sandbox)
    run = pwb('global_lock', '-resume', '-campaign:undo', '-always')
    assert run.code == 4, run.said
    assert 'was changed after the undo began' in run.said
    assert written(sandbox) == before
    assert sandbox.farm.accounts[INNOCENT].locked


def test_an_undo_by_always_is_of_no_lock_that_a_row_alone_says_is_ours(
    pwb: Script, ledger: Ledger, sandbox: Sandbox
) -> None:
    """Whose write it was anybody can write there, until it is sealed."""
    usual = ('-reason:by command', '-always')
    begin = (*spam(1, 2), '-campaign:wave', '-simulate')
    assert pwb('global_lock', *begin, *usual).code == 0
    sandbox.command('lock', user=spam(1)[0], by=STEWARD)
    Colleague(ledger, sandbox)(
        "UPDATE target SET state='leased', owner='dead/0', account=:account,"
        " started_at='2020-01-01 00:00:00.000000' WHERE name=:name",
        account=f'{STEWARD}@sandbox:meta',
        name=spam(1)[0].encode(),
    )
    run = pwb('campaign', 'resume', 'wave', '-always')
    assert run.code == 1 and 'as your key recorded' in run.said
    run = pwb('global_lock', '-undo:wave', *usual)
    assert run.code == 4, run.said
    assert 'was not recorded with your key' in run.said
    assert sandbox.farm.accounts[spam(1)[0]].locked


@pytest.mark.parametrize('name', ['action', 'wiki', 'wikiid', 'name'])
def test_what_a_colleague_writes_is_no_line_of_an_error(
    pwb: Script, ledger: Ledger, sandbox: Sandbox, name: str
) -> None:
    """Such as one that says that all is done."""
    for campaign in ('wave', 'wave-2'):
        begin = (*spam(1), f'-campaign:{campaign}', '-simulate')
        assert pwb('global_lock', *begin, *USUAL).code == 0
    forged = 'Done:      99'
    Colleague(ledger, sandbox)(
        f'UPDATE campaign SET {name}={name}||:v', v=f'\n{forged}'
    )
    for script in (
        ('campaign', 'resume', 'wave'),
        ('global_lock', '-resume', '-campaign:wave'),
        ('global_lock', '-resume'),
    ):
        run = pwb(*script, '-always')
        assert run.code != 0 and 'Traceback' not in run.said, run.said
        assert not [line for line in run.said.splitlines() if line.startswith(forged)]


def test_what_a_colleague_has_begun_is_done_when_it_was_looked_at(
    desk: Desk, sandbox: Sandbox
) -> None:
    """At a terminal it asks, even for what was confirmed by another key."""
    assert desk.run(*spam(1, 2), *USUAL, '-simulate', '-campaign:wave').code == 0
    with closing(Ledger(str(desk.ledger))) as opened:
        found = opened.find('wave')
        assert found is not None
        opened.mark(found, 'confirmed_at')
    (desk.directory / FILE).unlink()
    resume = ('-resume', '-campaign:wave')
    run = desk.talk(*resume, answers=[('[y/N]', 'n')])
    assert run.code == 4, run.said
    assert 'it was planned again so that you can check it' in run.out
    # Saying no agrees to nothing.
    run = desk.run(*resume, '-always')
    assert run.code == 4, run.said
    assert not written(sandbox)
    run = desk.talk(*resume, answers=[('[y/N]', 'y')])
    assert run.code == 0, run.said
    assert written(sandbox) == spam(1, 2)


DISTRIBUTION = """
from pathlib import Path

from mw_tokens_plugin.cli.script import CampaignScript, Kind


class Script(CampaignScript):
    def main(self, *args):
        Path({log!r}).write_text(' '.join(args))
        return 0


def no_targets(run):
    return Script.Listing(())


KINDS = dict.fromkeys(('their_kind', 'global_lock'), Kind(None))
SCRIPT = Script('their_script', Script.Options, no_targets, KINDS)
"""


def install(folder: Path, name: str, log: Path) -> None:
    """Make what installing a distribution with a script makes."""
    (folder / f'{name}.py').write_text(DISTRIBUTION.format(log=str(log)))
    about = folder / f'{name}-1.dist-info'
    about.mkdir()
    (about / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1')
    text = f'[mw_tokens_plugin.campaigns]\ntheir_script = {name}:SCRIPT'
    (about / 'entry_points.txt').write_text(text)


def test_scripts_of_others_are_found_by_what_their_distributions_declare(
    pwb: Script,
    ledger: Ledger,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And none is started where two claim one kind, or a row names one itself."""
    log = tmp_path / 'started'
    for name, kind in (
        ('theirs', 'their_kind'),
        ('named', 'theirs:SCRIPT'),
        ('ours', 'global_lock'),
    ):
        ledger.create(
            name,
            action=kind,
            operator='Sandbox Operator',
            wiki='sandbox:meta',
            reason='',
            options={},
        )
    run = pwb('campaign', 'resume', 'theirs')
    assert run.code == 2 and 'use the one that began it' in run.err
    for folder, name in (('a', 'theirs'), ('b', 'others')):
        (tmp_path / folder).mkdir()
        install(tmp_path / folder, name, log)
    monkeypatch.syspath_prepend(tmp_path / 'a')
    assert pwb('campaign', 'resume', 'theirs', '-always').code == 0
    assert log.read_text().startswith('-resume -campaign:theirs -always')
    log.unlink()
    assert pwb('campaign', 'resume', 'named').code == 2
    run = pwb('campaign', 'resume', 'ours')
    assert run.code == 2 and 'mw_tokens_plugin, theirs' in run.err
    monkeypatch.syspath_prepend(tmp_path / 'b')
    run = pwb('campaign', 'resume', 'theirs')
    assert run.code == 2 and 'others, theirs' in run.err
    assert not log.exists()
