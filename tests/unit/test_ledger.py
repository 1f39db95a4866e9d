"""The ledger forgets nothing that was decided or done."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign import heartbeats
from mw_tokens_plugin.campaign.budget import Budget
from mw_tokens_plugin.campaign.healthfile import HealthFile
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    now,
)
from mw_tokens_plugin.campaign.schema import runs, versions
from mw_tokens_plugin.campaign.upgrades import VERSION
from mw_tokens_plugin.campaign.workers import ActiveRun, at_work
from mw_tokens_plugin.exceptions import (
    CampaignBusy,
    InvalidInput,
    LedgerFailure,
    StoppedByGuard,
)


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Where there is not even a folder yet."""
    return tmp_path / 'new folder' / 'ledger.sqlite3'


def begin(ledger: Ledger, *names: str, campaign: str = 'wave') -> Campaign:
    made = ledger.create(
        campaign, action='a', wiki='w', operator='o', reason='r', options={'x': [1]}
    )
    ledger.add(made, names)
    return made


def plan_all(ledger: Ledger, campaign: Campaign) -> None:
    ledger.decide(
        campaign,
        [Decision(t.name) for t in list(ledger.targets(campaign, State.LISTED))],
    )


def test_a_name_is_a_target_once_whatever_its_letters(ledger: Ledger) -> None:
    campaign = begin(ledger, 'A', 'B', 'A', '\u00c9', 'E', 'a')
    assert ledger.add(campaign, ['B', 'C']) == 1
    names = [target.name for target in ledger.targets(campaign, State.LISTED)]
    assert names == ['A', 'B', '\u00c9', 'E', 'a', 'C']


def test_reading_all_targets_takes_work_in_proportion_to_their_number(
    ledger: Ledger,
) -> None:
    """Counted in steps of the database: pages that sort all of them each are seen."""
    if ledger.database.engine.dialect.name != 'sqlite':
        pytest.skip('only SQLite counts its steps')
    work = []
    for number in (2000, 8000):
        campaign = begin(ledger, *map(str, range(number)), campaign=f'of {number}')
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        pool: Any = ledger.database.engine.raw_connection
        connection = pool()
        connection.driver_connection.set_progress_handler(count, 100)
        connection.close()
        assert sum(1 for _ in ledger.targets(campaign)) == number
        work.append(steps)
    assert 0 < work[1] < 5 * work[0], work


def test_decisions_come_back_as_they_went_in(ledger: Ledger) -> None:
    campaign = begin(ledger, 'A', 'B')
    act = Decision('A', central_id=7, facts={'edits': 3, 'groups': ['x']})
    hold = Decision('B', hidden=True, skipped=SkipReason.EDITS)
    ledger.decide(campaign, [act, hold])
    (planned,) = ledger.targets(campaign, State.PLANNED)
    (skipped,) = ledger.targets(campaign, State.SKIPPED)
    assert planned.decision == act
    assert skipped.decision == hold
    assert skipped.label == 'account #hidden'
    assert ledger.skip_counts(campaign) == {SkipReason.EDITS: 1}


def test_what_a_wiki_refuses_for_good_is_not_put_back_into_the_plan(
    ledger: Ledger,
) -> None:
    """Neither is what was done in part; all else that has failed is."""
    campaign = begin(ledger, *'ABCD')
    plan_all(ledger, campaign)
    failed: dict[str, dict[str, Any]] = {
        'A': {'error_class': 'ContentRefused'},
        'B': {'error_class': 'ApiRefusal'},
        'C': {},
        'D': {'error_class': 'ContentRefused', 'changed': True},
    }
    for target in ledger.lease(campaign, 'one', 4):
        ledger.record(target, Outcome(State.FAILED, **failed[target.name]))
    assert ledger.retryable(campaign) == 2
    assert ledger.refused_for_good(campaign) == ledger.in_part(campaign) == 1
    assert ledger.plan_again(campaign) == 2
    listed = ledger.targets(campaign, State.LISTED)
    assert [target.name for target in listed] == ['B', 'C']


def test_hidden_names_are_those_of_targets_and_of_abusers(ledger: Ledger) -> None:
    """What others have made of the options hides nothing, and stops nobody."""
    target = begin(ledger, 'Target')
    ledger.decide(target, [Decision('Target', hidden=True)])
    made = {
        'named': ['An abuser', 'B'],
        'none': None,
        'odd': {'C': 1},
        'numbers': [1, 'D'],
    }
    for name, value in made.items():
        ledger.create(
            name,
            action='undo_crosswiki_rollback',
            wiki='w',
            operator='o',
            reason='r',
            options={'hidden_actors': value},
        )
    begin(ledger, campaign='another')
    hidden = {each.name for each in ledger.hidden()}
    assert hidden == {'Target', 'An abuser', 'B', 'D'}
    named = ledger.find('named')
    assert [each.label for each in ledger.hidden(named)] == ['account #hidden'] * 2
    assert [each.name for each in ledger.hidden(target)] == ['Target']


def test_a_lease_is_there_for_the_next_process_to_see(ledger: Ledger, url: str) -> None:
    campaign = begin(ledger, *'ABC')
    plan_all(ledger, campaign)
    leased = ledger.lease(campaign, 'one/0', 2)
    other = Ledger(url)
    assert [t.name for t in other.targets(campaign, State.LEASED)] == ['A', 'B']
    assert [t.name for t in other.lease(campaign, 'two/0', 2)] == ['C']
    assert other.owners(campaign) == {'one/0', 'two/0'}
    ledger.unlease(leased[1:])
    assert [t.name for t in other.targets(campaign, State.PLANNED)] == ['B']
    (back,) = other.targets(campaign, State.PLANNED)
    assert (back.attempts, back.owner) == (0, None)


def test_what_was_taken_over_is_recorded_by_its_new_owner_only(ledger: Ledger) -> None:
    campaign = begin(ledger, *'AB')
    plan_all(ledger, campaign)
    late, _ = ledger.lease(campaign, 'dead/0', 2)
    inherited, _ = ledger.take_over(campaign, 'heir/0', 'dead/0', 2)
    assert not ledger.record(late, Outcome(State.FAILED))
    ledger.unlease([late])
    assert ledger.owners(campaign) == {'heir/0'}
    assert ledger.record(inherited, Outcome(State.DONE))
    assert ledger.take_over(campaign, 'heir/0', 'dead/0', 2) == []


def test_threads_that_lease_at_once_share_no_target(ledger: Ledger) -> None:
    campaign = begin(ledger, *(f'N{number}' for number in range(300)))
    plan_all(ledger, campaign)

    def work(worker: int) -> list[str]:
        names: list[str] = []
        while leased := ledger.lease(campaign, f'run/{worker}', 7):
            for target in leased:
                assert ledger.record(target, Outcome(State.DONE, changed=True))
            names += [target.name for target in leased]
        return names

    with ThreadPoolExecutor(4) as pool:
        names = [name for part in pool.map(work, range(4)) for name in part]
    assert sorted(names) == sorted(f'N{number}' for number in range(300))


def test_outcomes_are_counted(ledger: Ledger) -> None:
    campaign = begin(ledger, *'ABC')
    plan_all(ledger, campaign)
    a, b, _c = ledger.lease(campaign, 'one/0', 3)
    ledger.note_attempt(a, now(), 'lost')
    ledger.record(a, Outcome(State.DONE, changed=True))
    ledger.record(b, Outcome(State.FAILED, detail='no'))
    counts = ledger.counts(campaign)
    assert (counts[State.DONE], counts[State.FAILED], counts[State.LEASED]) == (1, 1, 1)
    assert ledger.changed_count(campaign) == 1
    (done,) = ledger.targets(campaign, State.DONE)
    assert (done.attempts, done.changed) == (2, True)
    assert ledger.named(campaign, ['B', 'nobody'])['B'].detail == 'no'


def test_pages_do_not_skip_targets_that_change_meanwhile(ledger: Ledger) -> None:
    campaign = begin(ledger, *(f'N{number}' for number in range(1200)))
    for target in islice(ledger.targets(campaign, State.LISTED), 700):
        ledger.decide(campaign, [Decision(target.name)])
    assert ledger.counts(campaign)[State.PLANNED] == 700
    assert sum(1 for _ in ledger.targets(campaign, State.LISTED)) == 500


def test_two_campaigns_of_one_name_are_refused(ledger: Ledger) -> None:
    begin(ledger)
    with pytest.raises(InvalidInput, match='-resume to resume it'):
        begin(ledger)


def test_unfinished_campaigns_are_found(ledger: Ledger) -> None:
    first, second = begin(ledger, campaign='1'), begin(ledger, campaign='2')
    ledger.mark(first, 'finished_at')
    assert ledger.unfinished('a', 'w') == [second]
    assert ledger.unfinished('a', 'elsewhere') == []


class Watch:
    """Stands in for the seconds during which other runs are watched."""

    def __init__(self, *alive: ActiveRun) -> None:
        self.alive = alive
        self.times = 0

    def __call__(self, seconds: float) -> None:
        self.times += 1
        for run in self.alive:
            run.sign()


def test_several_may_begin_a_new_ledger_at_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Ledger(url), range(8)))
    for ledger in opened:
        assert ledger.campaigns() == []
        ledger.close()


def plan_partitions(ledger: Ledger, campaign: Campaign, *partitions: str) -> None:
    """Put each target into a partition that its name begins with."""
    ledger.decide(
        campaign,
        [
            Decision(f'{partition}:{n}', partition=partition)
            for partition in partitions
            for n in range(2)
        ],
    )


def test_a_lane_has_one_worker(ledger: Ledger, url: str) -> None:
    campaign = begin(ledger, 'a:0', 'a:1', 'b:0', 'b:1', 'C')
    other = Ledger(url)
    plan_partitions(ledger, campaign, 'a', 'b')
    ledger.decide(campaign, [Decision('C')])
    assert ledger.take_partition(campaign, 'one/0') == 'a'
    assert other.take_partition(campaign, 'two/0') == 'b'
    assert ledger.take_partition(campaign, 'three/0') is None
    leased = other.lease(campaign, 'two/0', 9, partition='b')
    assert [target.name for target in leased] == ['b:0', 'b:1']
    assert [target.name for target in ledger.lease(campaign, 'three/0', 9)] == ['C']
    assert ledger.owners(campaign) == {'one/0', 'two/0', 'three/0'}
    ledger.leave_partition(campaign, 'one/0')
    assert ledger.take_partition(campaign, 'three/0', ['a']) is None
    assert ledger.take_partition(campaign, 'three/0') == 'a'
    other.close()


def test_lanes_that_did_not_work_come_last_the_next_time(ledger: Ledger) -> None:
    campaign = begin(ledger, 'a:0', 'a:1', 'b:0', 'b:1')
    plan_partitions(ledger, campaign, 'a', 'b')
    assert ledger.take_partition(campaign, 'one/0') == 'a'
    ledger.leave_partition(campaign, 'one/0', 'ReadOnly: maintenance')
    assert ledger.partition_errors(campaign) == {'a': 'ReadOnly: maintenance'}
    assert ledger.take_partition(campaign, 'two/0') == 'b'
    assert ledger.take_partition(campaign, 'three/0') == 'a'
    ledger.leave_partition(campaign, 'three/0')
    assert ledger.partition_errors(campaign) == {}


def test_a_plan_that_is_late_takes_nothing_back(ledger: Ledger) -> None:
    """Another run has begun with some of the targets meanwhile."""
    campaign = begin(ledger, 'A', 'B', 'C')
    plan_all(ledger, campaign)
    done, _leased = ledger.lease(campaign, 'one/0', 2)
    ledger.record(done, Outcome(State.DONE, changed=True))
    ledger.decide(
        campaign, [Decision(name, skipped=SkipReason.ALREADY) for name in 'ABC']
    )
    states = {t.name: t.state for t in ledger.targets(campaign)}
    assert states == {'A': State.DONE, 'B': State.LEASED, 'C': State.SKIPPED}


def test_a_lane_in_which_nothing_is_to_be_done_is_not_taken(ledger: Ledger) -> None:
    campaign = begin(ledger, 'a:0', 'a:1')
    plan_partitions(ledger, campaign, 'a')
    assert ledger.take_partition(campaign, 'one/0') == 'a'
    ledger.lease(campaign, 'one/0', 2, partition='a')
    ledger.leave_partition(campaign, 'one/0')
    assert ledger.take_partition(campaign, 'two/0') is None
    ledger.forget(campaign)


def test_lanes_are_shared_out_without_two_in_one(ledger: Ledger, url: str) -> None:
    names = [f'{partition}:{number}' for partition in 'abcdefgh' for number in range(2)]
    campaign = begin(ledger, *names)
    plan_partitions(ledger, campaign, *'abcdefgh')
    own = [Ledger(url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(
            pool.map(lambda n: own[n].take_partition(campaign, f'run{n}/0'), range(8))
        )
    # Where the database passes over what is just being taken, somebody may have none.
    found = [partition for partition in taken if partition is not None]
    assert len(found) == len(set(found)) > 0
    for opened in own:
        opened.close()


def test_one_run_is_at_work_on_a_campaign(ledger: Ledger, url: str) -> None:
    campaign = begin(ledger)
    with at_work(ledger, campaign, account='x') as run:
        other = Ledger(url)
        with (
            pytest.raises(CampaignBusy, match='Another run'),
            at_work(other, campaign, account='x', sleep=Watch(run)),
        ):
            pass
        with at_work(other, campaign, account='x', sleep=Watch(run), join=True):
            pass
    never = Watch()
    with at_work(ledger, campaign, account='x', sleep=never):
        pass
    assert never.times == 0


def killed(ledger: Ledger, campaign: Campaign, workers: int = 1) -> None:
    """Leave behind what a run leaves that was killed."""
    with ledger.database.begin() as connection:
        connection.execute(
            sa.insert(runs).values(
                id='killed',
                campaign_id=campaign.id,
                account='x',
                workers=workers,
                beats=7,
            )
        )


def test_the_campaign_of_a_killed_run_can_be_taken(ledger: Ledger) -> None:
    campaign = begin(ledger, 'A')
    plan_all(ledger, campaign)
    killed(ledger, campaign)
    ledger.lease(campaign, 'killed/0', 1)
    watch = Watch()
    with at_work(ledger, campaign, account='x', sleep=watch) as run:
        assert run.other_owners() == ({'killed/0'}, set())
    assert watch.times == 1


def test_a_run_that_was_taken_for_dead_is_told(ledger: Ledger, url: str) -> None:
    campaign = begin(ledger)
    with at_work(ledger, campaign, account='x') as run:
        assert run.is_alive()
        with at_work(Ledger(url), campaign, account='x', sleep=Watch()):
            run.sign()
            with pytest.raises(CampaignBusy, match='taken over its part'):
                run.is_alive()


def test_a_run_that_cannot_give_signs_waits_and_then_gives_up(ledger: Ledger) -> None:
    campaign = begin(ledger)
    moment = 0.0
    run = ActiveRun(ledger, campaign, 'x', joined=False, clock=lambda: moment)
    with ledger.database.begin() as connection:
        connection.execute(sa.text('ALTER TABLE run RENAME TO gone'))
    with pytest.raises(LedgerFailure):
        run.sign()
    moment = 1.0
    assert run.is_alive()
    moment = 4.0
    assert not run.is_alive()
    moment = 31.0
    with pytest.raises(LedgerFailure, match='The ledger'):
        run.is_alive()


def test_a_heartbeat_counts_from_when_it_was_sent_not_from_its_answer(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others count from its arrival, so a slow answer must not make a run feel safe."""
    campaign = begin(ledger)
    moment = 0.0
    run = ActiveRun(ledger, campaign, 'x', joined=False, clock=lambda: moment)
    run.begin(1)
    transaction = ledger.database.begin

    @contextmanager
    def slow() -> Iterator[sa.Connection]:
        nonlocal moment
        with transaction() as connection:
            yield connection
        moment += heartbeats.PATIENCE

    with monkeypatch.context() as patched:
        patched.setattr(ledger.database, 'begin', slow)
        run.sign()
    assert not run.is_alive()
    run.end()


@pytest.mark.parametrize('moment', [2, 3])
def test_a_run_that_sends_a_heartbeat_at_the_last_moment_knows_whether_it_is_dead(
    ledger: Ledger, url: str, moment: int
) -> None:
    """Else it would write until the next heartbeat, beside the run that took over."""
    campaign = begin(ledger)
    late = ActiveRun(ledger, campaign, 'x', joined=True)
    late.begin(1)
    other = Ledger(url)
    number = 0

    @contextmanager
    def begins() -> Iterator[sa.Connection]:
        nonlocal number
        number += 1
        if number == moment:
            # The watcher has waited.
            late.sign()
        with other.database.begin() as connection:
            yield connection

    found = heartbeats.alive(begins, runs.c.id == late.id, lambda seconds: None)
    feels_alive = False
    with suppress(CampaignBusy):
        feels_alive = late.is_alive()
    assert feels_alive == (late.id in found)
    late.end()
    other.close()


def test_a_health_file_is_as_old_as_the_last_heartbeat_that_the_ledger_kept(
    ledger: Ledger, url: str, tmp_path: Path
) -> None:
    """So it tells of a ledger that is gone, and of a run that was taken for dead."""
    campaign = begin(ledger)
    path = tmp_path / 'health'
    moment = 0.0
    health = HealthFile(str(path), 'wave', clock=lambda: moment)

    def is_written() -> bool:
        nonlocal moment
        moment += 60
        path.unlink(missing_ok=True)
        with suppress(LedgerFailure):
            run.sign()
        return path.exists()

    with at_work(ledger, campaign, account='x', after_beat=health) as run:
        # The model of a process whose own heartbeats would come in between.
        run._done.set()
        run._thread.join()
        assert is_written()
        assert json.loads(path.read_text())['campaign'] == 'wave'
        assert path.stat().st_mode & 0o077 == 0
        path.unlink()
        run.sign()
        assert not path.exists(), 'it is not written every time'
        with ledger.database.begin() as connection:
            connection.execute(sa.text('ALTER TABLE run RENAME TO gone'))
        assert not is_written()
        with ledger.database.begin() as connection:
            connection.execute(sa.text('ALTER TABLE gone RENAME TO run'))
        assert is_written()
        heartbeats.alive(Ledger(url).database.begin, runs.c.id == run.id, Watch())
        assert not is_written()


def test_an_account_has_only_so_many_workers(ledger: Ledger) -> None:
    first, second = begin(ledger, campaign='1'), begin(ledger, campaign='2')
    with at_work(ledger, first, account='x', workers=2, max_workers=3) as run:
        with (
            pytest.raises(StoppedByGuard, match='-insist'),
            at_work(
                ledger,
                second,
                account='x',
                workers=2,
                max_workers=3,
                sleep=Watch(run),
            ),
        ):
            pass
        with at_work(ledger, second, account='y', workers=3, max_workers=3):
            pass


def test_killed_workers_do_not_count(ledger: Ledger) -> None:
    first, second = begin(ledger, campaign='1'), begin(ledger, campaign='2')
    killed(ledger, first, workers=3)
    with at_work(ledger, second, account='x', workers=3, max_workers=3, sleep=Watch()):
        pass


def test_writes_of_an_account_keep_one_pace(ledger: Ledger, url: str) -> None:
    clock = iter([100.0, 100.0, 100.5, 200.0, 50.0])
    one = Budget(ledger.database, 'x', lambda: 2.0, clock=lambda: next(clock))
    two = Budget(Ledger(url).database, 'x', lambda: 2.0, clock=lambda: next(clock))
    assert [one.reserve(), two.reserve(), one.reserve()] == [0.0, 2.0, 3.5]
    assert two.reserve() == 0.0
    # The clock was set back by far: nobody waits for it to come again.
    assert one.reserve() <= 64 * 2.0


def test_without_an_interval_there_is_no_pace(ledger: Ledger) -> None:
    assert Budget(ledger.database, 'x', lambda: 0.0, clock=pytest.fail).reserve() == 0


def test_a_failing_database_is_one_sentence(ledger: Ledger, url: str) -> None:
    campaign = begin(ledger, 'A')
    with ledger.database.begin() as connection:
        connection.execute(sa.text('ALTER TABLE target RENAME TO gone'))
    with pytest.raises(LedgerFailure, match='Nothing was sent'):
        ledger.counts(campaign)
    ledger.database.may_have_sent = True
    with pytest.raises(LedgerFailure, match='is read from the wiki by -resume'):
        ledger.counts(campaign)


def test_what_several_begin_plan_and_list_at_once_is_there_once(
    ledger: Ledger, url: str
) -> None:
    """Nobody's run ends because another one was faster."""
    rounds, runs = 5, 6
    own = [Ledger(url) for _ in range(runs)]
    start = threading.Barrier(runs, timeout=240)
    partitions = [f'wiki{number}' for number in range(20)]
    names = [f'{partition}:{number}' for partition in partitions for number in range(2)]

    def work(number: int) -> list[str]:
        mine, made = own[number], []
        for turn in range(rounds):
            start.wait()
            try:
                begin(mine, campaign=f'wave{turn}')
                made.append(f'wave{turn}')
            except InvalidInput as error:
                assert 'already' in str(error)
            start.wait()
            campaign = mine.find(f'wave{turn}')
            assert campaign is not None
            mine.add(campaign, names)
            # Each reads the wikis in an order of its own.
            order = names[number * 3 :] + names[: number * 3]
            mine.decide(
                campaign, [Decision(n, partition=n.split(':')[0]) for n in order]
            )
        return made

    with ThreadPoolExecutor(runs) as pool:
        made = [name for names in pool.map(work, range(runs)) for name in names]
    assert sorted(made) == [f'wave{turn}' for turn in range(rounds)]
    for campaign in ledger.campaigns():
        assert ledger.counts(campaign)[State.PLANNED] == len(names)
        taken = {
            ledger.take_partition(campaign, f'{n}/0')
            for n in range(len(partitions) + 1)
        }
        assert taken == {*partitions, None}
    for opened in own:
        opened.close()


# Ledgers of other versions, and of other people


def make_older(ledger: Ledger, version: int) -> None:
    """Take away what later versions have added."""
    added = {
        3: {
            'campaign': ['script', 'version', 'stages'],
            'target': ['kind', 'stage', 'log_id', 'error_class', 'reason_code'],
            'attempt': ['error_class', 'reason_code'],
        },
        2: {'campaign': ['api', 'wikiid'], 'target': ['seals']},
    }
    on = ' ON target' if ledger.database.engine.dialect.name == 'mariadb' else ''
    statements = [
        'CREATE UNIQUE INDEX target_by_name ON target (campaign_id, name)',
        f'DROP INDEX target_by_step{on}',
        'UPDATE ledger_version SET number=2',
    ]
    for number in range(VERSION, version, -1):
        for table, names in added[number].items():
            statements += [f'ALTER TABLE {table} DROP COLUMN {name}' for name in names]
    if version == 1:
        statements += ['DROP TABLE ledger_version', 'DROP TABLE plan']
    with ledger.database.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize('version', [1, 2])
def test_an_older_ledger_is_upgraded_by_one_of_all_who_open_it(
    ledger: Ledger, url: str, version: int
) -> None:
    """What it knows of logs and errors is found in the new columns."""
    before = begin(ledger, *'ABCD')
    plan_all(ledger, before)
    _a, _b, done, failed = ledger.lease(before, 'one/0', 9)
    ledger.unlease([_a, _b])
    ledger.record(done, Outcome(State.DONE, changed=True, facts={'log_entry': 7}))
    detail = 'NoSuchAccount: nosuchuser on w: There is no user by the name "D".'
    ledger.note_attempt(failed, now(), 'ReadOnly: readonly on w: maintenance')
    ledger.record(failed, Outcome(State.FAILED, detail=detail))
    make_older(ledger, version)
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: Ledger(url, upgrade=True), range(4)))
    for other in opened:
        found = other.find('wave')
        assert found == replace(before, version=None)
        (ended,) = other.targets(found, State.DONE)
        assert (ended.log_id, ended.decision.facts) == (7, {})
        (failure,) = other.targets(found, State.FAILED)
        about = (failure.error_class, failure.reason_code)
        assert about == ('NoSuchAccount', 'nosuchuser')
        assert other.retries(found) == {'ReadOnly': 1}
        assert (ended.kind, ended.stage) == ('', 0)
        assert [t.name for t in other.targets(found, State.PLANNED)] == ['A', 'B']
        other.close()
    placed = ledger.place(before, 'http://w/api.php', 'wwiki')
    assert (placed.api, placed.wikiid) == ('http://w/api.php', 'wwiki')
    ledger.add_seals(before, [(Decision('A'), 'key:plan:seal')])
    leased = ledger.lease(before, 'one/0', 9, key_id='key')
    assert [target.name for target in leased] == ['A']


def test_a_ledger_is_not_upgraded_while_somebody_is_at_work_on_it(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of the older version would write by rules that hold no more."""
    monkeypatch.setattr(heartbeats, 'PATIENCE', 0.0)
    campaign = begin(ledger, 'A')
    make_older(ledger, 2)
    with at_work(ledger, campaign, account='o@w') as run:

        def beat(seconds: float) -> None:
            run.sign()

        monkeypatch.setattr(time, 'sleep', beat)
        with pytest.raises(LedgerFailure, match='another run is active on it'):
            Ledger(url, upgrade=True)
    monkeypatch.undo()
    Ledger(url, upgrade=True).close()


def test_a_newer_ledger_is_refused_and_left_as_it_is(ledger: Ledger, url: str) -> None:
    with ledger.database.begin() as connection:
        connection.execute(sa.insert(versions).values(number=VERSION + 1))
    with pytest.raises(InvalidInput, match='newer version of mw_tokens_plugin'):
        Ledger(url)
    with ledger.database.begin() as connection:
        connection.execute(sa.delete(versions))
        connection.execute(sa.insert(versions).values(number=-5))
    with pytest.raises(InvalidInput, match='changed it by hand'):
        Ledger(url)


#: Changes by hand that every database takes, and what is said of the row.
STRANGE = [
    ("UPDATE target SET state='gone'", "the state 'gone' of a target is unknown"),
    ("UPDATE target SET state='held', held='X'", "'X' is no known reason"),
    ("UPDATE campaign SET options='[1]'", 'its options are no options'),
    ("UPDATE target SET facts='7'", 'its facts are no facts'),
    ("UPDATE target SET ended_at='9999-12-31 23:59:59.999'", 'ended_at is no'),
    ("UPDATE campaign SET planned_at='0001-01-01 00:00:00'", 'planned_at is no'),
]


@pytest.mark.parametrize(('change', 'words'), STRANGE)
def test_what_cannot_be_read_is_one_sentence_about_one_row(
    ledger: Ledger, change: str, words: str
) -> None:
    check_strange_row(ledger, change, words)


def check_strange_row(ledger: Ledger, change: str, words: str) -> None:
    campaign = begin(ledger, 'A')
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(change)
    begin(ledger, 'B', campaign='other')
    told: list[InvalidInput] = []

    def read() -> None:
        for found in ledger.campaigns(told.append):
            ledger.counts(found)
            ledger.skip_counts(found)
            ledger.owners(found)
            list(ledger.targets(found))

    with pytest.raises(InvalidInput, match=words):
        read()
        raise told[0]
    assert [c.name for c in ledger.unfinished('a', 'w')][-1] == 'other'
    ledger.forget(campaign)
    told.clear()
    read()
    assert not told


#: Facts of no kind of campaign of this package.
STRANGE_FACTS: dict[str, list[Any]] = {
    'local_groups': [1e308, [], {'aawiki': 5}, {'aawiki': [None]}],
    'groups': [5, {}, [5], 'sysop'],
    'attached': [True, [[]]],
    'authors': ['x', [5], {}],
    'protection': [7],
    'revisions': [5, [1], [[1]], [['x', 'y']], [[1, 2]], {}],
    'versions': [10**30, [[1, 2]], 'x'],
    'edits': ['x', [], {}],
    'central_id': ['x'],
    'title': [5, []],
    'registration': [5],
    'looked_at': [[]],
}


def test_facts_that_no_script_has_stored_are_one_sentence(ledger: Ledger) -> None:
    """What a script of somebody else stores may be anything."""
    rows = {'global_lock': 'wave', 'a': 'other'}
    for kind, name in rows.items():
        ledger.create(name, action=kind, wiki='w', operator='o', reason='', options={})
    campaigns = [ledger.find(name) for name in rows.values()]
    for fact, values in STRANGE_FACTS.items():
        for value in values:
            for campaign in campaigns:
                assert campaign is not None
                ledger.add(campaign, ['A'])
                ledger.decide(campaign, [Decision('A', facts={fact: value})])
            ours, theirs = campaigns
            assert ours is not None and theirs is not None
            with pytest.raises(InvalidInput, match=f"the fact '{fact}'"):
                list(ledger.targets(ours))
            (target,) = ledger.targets(theirs)
            assert target.decision.facts == {fact: value}


def test_a_name_that_is_taken_is_told_with_whose_it_is(ledger: Ledger) -> None:
    campaign = begin(ledger, *'AB')
    about: dict[str, Any] = {'wiki': 'w', 'reason': '', 'options': {}}
    with pytest.raises(InvalidInput, match=r'a a with 2 targets, by o.*-resume.*-rep'):
        begin(ledger)
    with pytest.raises(
        InvalidInput, match=r'by o\. Give another name; -campaign'
    ) as one:
        ledger.create('wave', action='a', operator='colleague', **about)
    assert '-resume' not in str(one.value)
    ledger.mark(campaign, 'confirmed_at')
    with pytest.raises(InvalidInput, match='-resume to resume it') as two:
        begin(ledger)
    assert '-replace' not in str(two.value)
