"""What a key vouches for, and what an engine does with the rest."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign import batch
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import check_again, make_plan
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    now,
)
from mw_tokens_plugin.campaign.sealkey import FILE, Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard

NAMES = [f'N{number}' for number in range(60)]


class Applying(Action):
    """Remembers what it was to apply and to look at."""

    kind = 'a'

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.looks: list[int] = []
        self.found = {'edits': 1}

    def describe(self) -> str:
        return 'do'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from (Decision(name, 7, facts=self.found) for name in names)

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        self.looks.append(len(targets))
        for target in targets:
            left = Outcome(State.FAILED, detail='a steward now')
            yield target, left if target.name == 'N3' else None

    def apply(self, target: Target) -> Outcome:
        self.applied.append(target.name)
        return Outcome(State.DONE, changed=True, facts={'number': 5})

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        yield from ((target, None) for target in targets)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key.of(tmp_path)


@pytest.fixture
def campaign(ledger: Ledger, key: Key) -> Campaign:
    """A campaign that its operator has planned and agreed to."""
    made = ledger.create(
        'wave', action='a', wiki='w', operator='o', reason='r', options={'x': [1]}
    )
    sealer = Sealer(key, ledger, made, 'o@w')
    sealer.begin()
    ledger.add(made, NAMES, sealer.listed)
    made = make_plan(ledger, made, Applying(), sealer=sealer)
    assert not sealer.has_pending
    sealer.confirm()
    return ledger.mark(made, 'confirmed_at')


def run(
    ledger: Ledger,
    campaign: Campaign,
    action: Applying,
    key: Key,
    *,
    join: bool = False,
) -> Finish:
    sealer = Sealer(key, ledger, campaign, 'o@w')
    with at_work(ledger, campaign, account='o@w', join=join) as begun:
        return Engine(ledger, campaign, action, begun, sealer=sealer).run()


def test_what_was_agreed_to_is_done_by_the_next_process(
    ledger: Ledger, campaign: Campaign, key: Key, tmp_path: Path
) -> None:
    """Whose machine has the same key; without any more looks at the wiki."""
    action = Applying()
    copied = tmp_path / 'other machine'
    copied.mkdir()
    (copied / FILE).write_text((tmp_path / FILE).read_text())
    (copied / FILE).chmod(0o600)
    assert run(ledger, campaign, action, Key.of(copied)) == Finish()
    assert action.applied == NAMES
    assert action.looks == []
    sealer = Sealer(key, ledger, campaign, 'o@w')
    assert all(map(sealer.vouched, ledger.targets(campaign, State.DONE)))
    with ledger.database.begin() as connection:
        connection.execute(sa.text("UPDATE target SET state='planned'"))
    assert not any(map(sealer.vouched, ledger.targets(campaign)))


@pytest.mark.parametrize(
    'change',
    [
        {'name': 'other'},
        {'reason': 'other'},
        {'operator': 'other'},
        {'wiki': 'other'},
        {'action': 'other'},
        {'api': 'other'},
        {'wikiid': 'other'},
        {'options': {'x': [1, 2]}},
        {'options': {'x': [1], 'stop_page': None, 'not_wikis': ['a']}},
    ],
    ids=str,
)
def test_seals_hold_for_one_campaign_as_it_is(
    ledger: Ledger, campaign: Campaign, key: Key, change: dict[str, object]
) -> None:
    other = replace(campaign, **change)  # type: ignore[arg-type]
    sealer = Sealer(key, ledger, other, 'o@w')
    assert not any(map(sealer.vouched, ledger.targets(campaign)))
    assert not sealer.is_confirmed
    assert not Sealer(key, ledger, campaign, 'colleague@w').is_confirmed


@pytest.mark.parametrize(
    'change',
    [
        "name=X'58'",
        'central_id=8',
        'hidden=1',
        "facts='{}'",
        'seals=NULL',
        "seals=replace(seals, ':', ':0')",
        "seals=substr(seals, 1, 26) || 'é'",
        'seals=(SELECT seals FROM target WHERE id=2)',
    ],
)
def test_a_target_that_was_changed_is_left_alone_by_a_run_at_work(
    ledger: Ledger, campaign: Campaign, key: Key, change: str
) -> None:
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(f'UPDATE target SET {change} WHERE id=1')
    action = Applying()
    finish = run(ledger, campaign, action, key)
    assert isinstance(finish.error, StoppedByGuard)
    assert '1 target' in str(finish.error)
    assert action.applied == NAMES[1:]


def test_each_of_several_operators_agrees_once(
    ledger: Ledger, campaign: Campaign, key: Key, tmp_path: Path
) -> None:
    """And takes nothing away from the others by it."""
    (tmp_path / 'colleague').mkdir()
    theirs = Key.of(tmp_path / 'colleague')
    sealer = Sealer(theirs, ledger, campaign, 'o@w')
    check_again(ledger, campaign, Applying(), sealer=sealer, only_unsealed=True)
    assert sealer.has_pending and not sealer.is_confirmed
    # What was not agreed to counts for nothing, not even for the same key.
    assert not any(
        map(Sealer(theirs, ledger, campaign, 'o@w').vouched, ledger.targets(campaign))
    )
    sealer.confirm()
    actions = [Applying(), Applying()]

    def work(number: int) -> Finish:
        own = Ledger(ledger.location)
        try:
            return run(own, campaign, actions[number], (key, theirs)[number], join=True)
        finally:
            own.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [Finish(), Finish()]
    assert sorted(actions[0].applied + actions[1].applied) == sorted(NAMES)


def test_what_a_colleague_finds_otherwise_is_the_colleagues_to_do(
    ledger: Ledger, campaign: Campaign, key: Key, tmp_path: Path
) -> None:
    (tmp_path / 'colleague').mkdir()
    theirs = Key.of(tmp_path / 'colleague')
    sealer, action = Sealer(theirs, ledger, campaign, 'o@w'), Applying()
    action.found = {'edits': 2}
    check_again(ledger, campaign, action, sealer=sealer, only_unsealed=True)
    sealer.confirm()
    finish = run(ledger, campaign, action, key)
    assert isinstance(finish.error, StoppedByGuard)
    assert action.applied == []
    assert run(ledger, campaign, action, theirs) == Finish()
    assert action.applied == NAMES


def test_the_guards_look_again_by_a_plan_that_is_not_fresh(
    ledger: Ledger, campaign: Campaign, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for a batch, not for each target."""
    moment, action = now() + timedelta(minutes=11), Applying()
    monkeypatch.setattr(batch, 'now', lambda: moment)
    assert run(ledger, campaign, action, key) == Finish()
    assert action.looks == [50, 10]
    assert action.applied == [name for name in NAMES if name != 'N3']
    left = ledger.named(campaign, ['N3'])['N3']
    assert (left.state, left.detail) == (State.FAILED, 'a steward now')


def test_a_key_is_a_private_file_that_is_made_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = {key.id for key in pool.map(lambda _: Key.of(tmp_path), range(8))}
    assert len(keys) == 1
    assert os.listdir(tmp_path) == [FILE]
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() not in repr(Key.of(tmp_path))
    file.chmod(0o640)
    with pytest.raises(InvalidInput, match='chmod 600'):
        Key.of(tmp_path)
    file.chmod(0o600)
    for text in ('', 'zz' * 32, '00' * 31):
        file.write_text(text)
        with pytest.raises(InvalidInput, match='not a key'):
            Key.of(tmp_path)
    file.rename(tmp_path / 'elsewhere')
    file.symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(InvalidInput, match='symbolic link'):
        Key.of(tmp_path)


def test_a_key_is_made_where_files_have_one_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, 'Operation not permitted')

    monkeypatch.setattr(os, 'link', no_links)
    assert Key.of(tmp_path).id == Key.of(tmp_path).id
    assert [path.name for path in tmp_path.iterdir()] == ['campaign-key']


@pytest.mark.parametrize('state', ['planned', 'leased'])
@pytest.mark.parametrize('skipped', ['NULL', 'held'])
def test_what_is_skipped_stays_skipped_whatever_its_state_is_set_to(
    ledger: Ledger, campaign: Campaign, key: Key, state: str, skipped: str
) -> None:
    sealer = Sealer(key, ledger, campaign, 'o@w')
    sealer.begin()
    decisions = [Decision('N1', skipped=SkipReason.GLOBAL_GROUP)]
    ledger.decide(campaign, decisions, lambda d: sealer.decided(d, own=True))
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE target SET state='{state}', held={skipped} WHERE held NOTNULL"
        )
    (target,) = ledger.named(campaign, ['N1']).values()
    assert target.decision.name == 'N1' and sealer.vouched(target) is None


@pytest.mark.parametrize('owner', ["'dead/1'", "''", 'NULL'])
def test_a_write_that_nobody_agreed_to_is_not_recorded_as_the_operators(
    ledger: Ledger, campaign: Campaign, key: Key, owner: str
) -> None:
    """Though the log has one: it may be another's, or of another campaign."""
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(
            'INSERT INTO target (campaign_id, name, hidden, state, attempts, owner,'
            " account, started_at) VALUES (1, X'58', 0, 'leased', 1, 'dead/1', 'o@w',"
            " '2020-01-01 00:00:00.000000')"
        )
        connection.exec_driver_sql(
            f"UPDATE target SET state='leased', account='o@w', owner={owner} WHERE id=1"
        )

    class Finding(Applying):
        def reconcile(
            self, targets: Sequence[Target]
        ) -> Iterator[tuple[Target, Outcome | None]]:
            yield from ((t, Outcome(State.DONE, changed=True)) for t in targets)

    assert run(ledger, campaign, Finding(), key) == Finish()
    sealer = Sealer(key, ledger, campaign, 'o@w')
    done = {t.name: sealer.vouched(t) for t in ledger.targets(campaign, State.DONE)}
    assert sorted(name for name, plan in done.items() if plan is None) == ['X']
    assert len(done) == len(NAMES) + 1


@pytest.mark.parametrize('failing', [False, True])
def test_what_has_ended_and_is_put_back_into_the_plan_is_not_done_again(
    ledger: Ledger, campaign: Campaign, key: Key, failing: bool
) -> None:
    """Not even with the seal that it had there, by whoever is that fast."""

    class Failing(Applying):
        def apply(self, target: Target) -> Outcome:
            super().apply(target)
            return Outcome(State.FAILED) if failing else Outcome(State.DONE)

    action = Failing()
    with ledger.database.begin() as connection:
        connection.execute(
            sa.text(
                'CREATE TRIGGER back AFTER UPDATE OF detail ON target'
                " WHEN new.state IN ('done', 'failed') BEGIN UPDATE target"
                " SET state='planned', owner=NULL, seals=old.seals WHERE id=new.id; END"
            )
        )
    finish = run(ledger, campaign, action, key)
    assert sorted(action.applied) == sorted(NAMES)
    assert isinstance(finish.error, StoppedByGuard)
    assert finish.is_not_agreed_to
