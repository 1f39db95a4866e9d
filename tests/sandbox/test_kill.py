"""Killed at any moment and started again, a campaign finishes and does nothing twice.

Locking a locked account leaves no trace on the wiki, so this is judged on the journal
of the sandbox: it knows every request that reached it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.journal import Entry
from mw_tokens_plugin.campaign.ledger import Ledger

from .desk import Desk
from .farms import Farm
from .night import reads
from .night_accounts import AccountWatch
from .night_blocks import REASON, BlockWatch, parts_of_report
from .night_pages import DeletionWatch, Place, write_pages
from .night_scripts import Witness
from .night_seeds import is_long

LOCK = 'setglobalaccountstatus'
NAMES = [f'Spambot {number:05}' for number in range(1, 41)]
USUAL = ('-reason:Spam-only account', '-always', '-campaign:killed')

#: Campaigns of each script, of which each is killed once or twice.
CAMPAIGNS = {
    'global_lock': 14,
    'crosswiki_delete': 10,
    'global_delete': 6,
    'global_block': 5,
}
#: How many run side by side.
AT_ONCE = 5

#: What else goes wrong with a write there, and how often.
FAULTS = {
    'half': 0.05,
    'drop': 0.05,
    'expire-csrf': 0.03,
    'expire-centralauthtokens': 0.03,
    'lose-session': 0.01,
}

#: How often a campaign may be started again before it counts as stuck.
MOST_STARTS = 12


@pytest.fixture
def slow(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, far enough away for a signal to hit a write under way."""
    sandbox.command('set-delay', seconds=0.01)
    yield sandbox
    sandbox.command('set-delay', seconds=0.0)


def listed(desk: Any, names: Sequence[str] = NAMES) -> str:
    """Write the names into a file, and return the argument that reads it."""
    (desk.directory / 'names.txt').write_text('\n'.join(names), encoding='utf-8')
    return '-file:names.txt'


def judge(
    entries: list[Entry], kills: Sequence[int] = (), names: Sequence[str] = NAMES
) -> int:
    """Hold a journal against the promise, and return how many answers were lost.

    After a write took effect there is no second one for that account, and after a
    write whose answer was lost, or whose sender was killed, none before a read.

    :param kills: serial numbers of the last requests before the kills
    :param names: the accounts, all of which must be locked at the end
    """
    effects: dict[str, int] = defaultdict(int)
    unknown: set[str] = set()
    lost = 0
    for entry in entries:
        unknown -= reads(entry)
        if entry.action == LOCK:
            assert entry.target not in unknown, f'{entry.target} was written unread'
            assert not effects[entry.target], f'{entry.target} was written twice'
            effects[entry.target] += bool(entry.effect)
            lost += not entry.answered
            last = entry
            if not entry.answered:
                unknown.add(entry.target)
        if entry.serial in kills and any(effects.values()):
            unknown.add(last.target)
    assert sorted(name for name, count in effects.items() if count) == list(names)
    return lost


def test_campaigns_killed_at_random_moments_all_finish(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Each on a farm of its own, with answers, tokens and sessions lost meanwhile."""
    part = 1 if is_long(pytestconfig.getoption('seeds')) else 5
    scripts = [
        name for name, number in CAMPAIGNS.items() for _ in range(number // part)
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(
            pool.map(
                lambda seed: kill_and_resume(seed, scripts[seed], tmp_path / str(seed)),
                range(len(scripts)),
            )
        )
    assert sum(kills for kills, _ in ends) >= len(scripts)
    # A few may meet none.
    lost = sum(lost for _, lost in ends)
    assert lost or len(ends) < 20, 'no answer was lost: nothing was tested'


def kill_and_resume(seed: int, script: str, directory: Path) -> tuple[int, int]:
    """Play one campaign to its end; return how many kills and lost answers it met."""
    chance = random.Random(seed)
    wikis = 3 if script == 'crosswiki_delete' else 1
    directory.mkdir()
    with Sandbox(wikis=wikis, accounts=20, delay=0.005) as sandbox:
        farm = Farm.of_sandbox(sandbox, 'killed')
        farm.configure(directory)
        desk = Desk(directory, script)
        job = JOBS[script](Stage(sandbox, farm.operator.name, desk, chance))
        try:
            return _kill_and_resume(job, chance)
        except BaseException:
            print(f'{script}, seed {seed}')
            raise
        finally:
            desk.close()


class Stage:
    """Where a campaign is killed: a sandbox, and a desk of its own."""

    def __init__(
        self, sandbox: Sandbox, operator: str, desk: Desk, chance: random.Random
    ) -> None:
        self.sandbox = sandbox
        self.witness = sandbox.journal = Witness()
        self.operator = operator
        self.desk = desk
        self.chance = chance

    @property
    def ledger(self) -> Ledger:
        """The ledger at the desk, opened for the moment."""
        return Ledger(str(self.desk.ledger))

    def forget_half_a_list(self) -> bool:
        """Forget a campaign whose list was never completed, as one is told to."""
        if not self.desk.has_campaign('killed'):
            return False
        ledger = self.ledger
        try:
            campaign = ledger.find('killed')
            assert campaign is not None
            if campaign.listed_at is not None:
                return False
            refused = self.desk.run('-resume', '-campaign:killed', '-always')
            assert refused.code == 4, refused.said
            assert 'never completed' in refused.said
            ledger.forget(campaign)
            return True
        finally:
            ledger.close()


class LockJob:
    """Locks, which leave no trace on the wiki if nothing changes."""

    write = LOCK
    reason = 'Spam-only account'
    options: tuple[str, ...] = ()

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.names: list[str] = NAMES[: stage.chance.randrange(10, 20)]

    @property
    def lines(self) -> list[str]:
        """What is written into the list."""
        return self.names

    def judge(self, kills: Sequence[int]) -> None:
        """Hold the journal against the promise."""
        judge(self.stage.sandbox.journal.entries(), kills, self.names)


class AccountJob(LockJob):
    """Deletions of accounts, which cannot be undone."""

    write = AccountWatch.write
    reason = 'By mistake'

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.names = NAMES[: stage.chance.randrange(5, 9)]
        self.watch: AccountWatch | BlockWatch | DeletionWatch
        self.watch = AccountWatch(stage, self.names)

    def judge(self, kills: Sequence[int]) -> None:
        """Hold the journal, and what was reported, against the promise."""
        path = self.stage.desk.directory / 'report' / 'killed.json'
        rows = json.loads(path.read_text('utf-8'))['targets']
        self.watch.end()
        self.watch.judge({row['target']: row for row in rows}, kills)
        assert {row['state'] for row in rows} == {'done'}


class BlockJob(AccountJob):
    """Global blocks, each with one entry in a public log."""

    write = BlockWatch.write
    reason = REASON
    options = ('-expiry:3 years', '-hardblock')

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        number = stage.chance.randrange(3, 6)
        self.names = [*NAMES[:number], *(f'192.0.2.{n}' for n in range(1, number))]
        self.watch = BlockWatch(stage, self.names)

    def judge(self, kills: Sequence[int]) -> None:
        """Hold the journal, and what was reported, against the promise."""
        self.watch.end()
        self.watch.judge(parts_of_report(self.stage.desk.directory / 'report'), kills)


class PageJob(AccountJob):
    """Deletions of pages on several wikis, each with one worker."""

    write = DeletionWatch.write
    reason = 'Cross-wiki spam'

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.places = [
            Place(wiki, f'Spam {number}')
            for wiki in stage.sandbox.wikis
            for number in range(stage.chance.randrange(2, 4))
        ]
        revisions = [stage.chance.choice([1, 2]) for _ in self.places]
        stage.sandbox.call(lambda farm: write_pages(farm, self.places, revisions))
        self.watch = DeletionWatch(stage, self.places)

    @property
    def lines(self) -> list[str]:
        """What is written into the list."""
        return [f'{place.wiki}wiki\t{place.title}' for place in self.places]


JOBS = {
    'global_lock': LockJob,
    'global_delete': AccountJob,
    'global_block': BlockJob,
    'crosswiki_delete': PageJob,
}


def _kill_and_resume(job: LockJob, chance: random.Random) -> tuple[int, int]:
    stage, desk, sandbox = job.stage, job.stage.desk, job.stage.sandbox
    for kind, probability in FAULTS.items():
        sandbox.faults.arm(
            kind=kind,
            probability=probability,
            action=job.write,
            times=0,
            seed=chance.randrange(1000),
            remembered=True,
        )
    workers = chance.choice([1, 2]) if isinstance(job, PageJob) else 1
    more = (f'-workers:{workers}', '-report:report')
    new = (f'-reason:{job.reason}', '-always', '-campaign:killed', *more, *job.options)
    resume = ('-resume', '-campaign:killed', '-always', *more)
    kills: list[int] = []
    if chance.random() < 0.2:
        _kill_while_listing(job, new)
        kills.append(0)
        assert stage.forget_half_a_list()
    begun = False
    while len(kills) < 1 + (chance.random() < 0.2):
        process = desk.start(*(resume if begun else (listed(desk, job.lines), *new)))
        # From the very first reads of the plan on, or right after a write was made.
        after = len(sandbox.journal) + chance.randrange(
            4 if begun else 9, 9 + 2 * len(job.lines)
        )
        moment = chance.random() * 0.01
        write = chance.randint(1, len(job.lines)) if chance.random() < 0.5 else 0
        if write:
            sandbox.faults.arm(
                kind='slow', when='after', seconds=2.0, action=job.write, nth=write
            )
            write += len(sandbox.journal.entries(action=job.write))

        def is_time(after: int = after, write: int = write) -> bool:
            if write:
                return len(sandbox.journal.entries(action=job.write)) >= write
            return len(sandbox.journal) >= after

        if not desk.reaches(process, is_time):
            process.communicate()
            break
        time.sleep(0 if write else moment)
        process.kill()
        process.communicate()
        # What was under way arrives long before the next process has started.
        kills.append(sandbox.journal.entries()[-1].serial)
        stage.forget_half_a_list()
        begun = desk.has_campaign('killed')
    for _ in range(MOST_STARTS):
        begun = desk.has_campaign('killed')
        run = desk.run(*(resume if begun else (listed(desk, job.lines), *new)))
        if run.code == 0:
            break
        # Sessions are lost too often for one run; it stops, to be resumed.
        assert run.code in (3, 75), run.said
    assert run.code == 0, run.said
    job.judge(kills)
    writes = sandbox.journal.entries(action=job.write)
    return len(kills), sum(not entry.answered for entry in writes)


def _kill_while_listing(job: LockJob, arguments: Sequence[str]) -> None:
    """Kill a script that has read half of its list."""
    desk = job.stage.desk
    pipe = desk.directory / 'pipe'
    os.mkfifo(pipe)
    half = ''.join(f'{line}\n' for line in job.lines[: len(job.lines) // 2])
    # Opened for both, so that it waits for nobody, and does not end.
    descriptor = os.open(pipe, os.O_RDWR)
    try:
        os.write(descriptor, half.encode())
        process = desk.start('-file:pipe', *arguments)
        desk.wait(process, lambda: desk.has_campaign('killed'))
        process.kill()
        process.communicate()
    finally:
        os.close(descriptor)
    assert not job.stage.sandbox.journal.entries(action=job.write)


def test_killed_in_the_middle_of_a_write(desk: Any, slow: Sandbox) -> None:
    """The write takes effect, and the process that would record it is gone."""
    slow.faults.arm(kind='slow', when='after', seconds=60.0, action=LOCK, nth=10)
    process = desk.start(listed(desk), *USUAL)
    desk.wait(process, lambda: len(slow.journal.entries(action=LOCK)) == 10)
    process.kill()
    process.communicate()
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    judge(slow.journal.entries())
    assert len(slow.journal.entries(action=LOCK)) == len(NAMES)


def test_killed_while_the_plan_is_made(desk: Any, slow: Sandbox) -> None:
    slow.faults.arm(kind='slow', seconds=60.0, action='query', nth=6)
    process = desk.start(listed(desk), *USUAL)
    faults = slow.faults
    desk.wait(process, lambda: not len(faults))
    process.kill()
    process.communicate()
    assert not slow.journal.entries(action=LOCK)
    run = desk.run('-resume', '-campaign:killed', '-always')
    if run.code == 2:  # killed before the campaign was in the ledger
        run = desk.run(listed(desk), *USUAL)
    assert run.code == 0, run.said
    judge(slow.journal.entries())


@pytest.mark.parametrize(
    'order', [signal.SIGINT, signal.SIGTERM], ids=['ctrl-c', 'terminated']
)
def test_stopped_in_order_it_ends_after_the_account_at_hand(
    desk: Any, slow: Sandbox, order: signal.Signals
) -> None:
    process = desk.start(listed(desk), *USUAL)
    desk.wait(process, lambda: len(slow.journal.entries(action=LOCK)) >= 10)
    process.send_signal(order)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 130, out + err
    assert 'Traceback' not in err
    assert 'To resume:' in out
    assert 'Remaining:' in out
    done = len(slow.journal.entries(action=LOCK))
    assert done < len(NAMES)
    # Nothing is uncertain after an end in order: nothing has to be read again.
    slow.journal.clear()
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    assert 'watching it' not in run.out
    assert len(slow.journal.entries(action=LOCK)) == len(NAMES) - done
    assert 'globalusers' not in slow.summary()['by_query']


@pytest.mark.parametrize('workers', [1, 3])
def test_a_second_ctrl_c_ends_it_at_once(
    desk: Any, slow: Sandbox, workers: int
) -> None:
    """Whatever is being sent at that moment: it is read first by the next run."""
    for number in range(10 - workers, 10):
        slow.faults.arm(
            kind='slow', seconds=60.0, when='after', action=LOCK, nth=number + 1
        )
    process = desk.start(listed(desk), *USUAL, f'-workers:{workers}')
    desk.wait(process, lambda: len(slow.journal.entries(action=LOCK)) == 10)
    process.send_signal(signal.SIGINT)
    desk.hear(process, 'Stopping after the current target')
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 130, out + err
    assert 'Traceback' not in err
    assert '-resume' in out
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    judge(slow.journal.entries())


def test_ctrl_c_in_a_back_off_sends_nothing_more(desk: Any, slow: Sandbox) -> None:
    """The pause is told before it begins, and ends when somebody wants to stop."""
    slow.faults.arm(kind='retry-after', seconds=60.0, action=LOCK, nth=10)
    process = desk.start(listed(desk), *USUAL)
    desk.wait(process, lambda: len(slow.journal.entries(action=LOCK)) == 10)
    told = next(line for line in process.stdout if 'again in' in line)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 130, out + err
    assert ' again in 60 s: ' in told and 'too many requests' in told
    assert len(slow.journal.entries(action=LOCK)) == 10
    assert desk.run('-resume', '-always').code == 0
    done = [e.target for e in slow.journal.entries(action=LOCK) if e.effect]
    assert sorted(done) == NAMES


def test_a_run_that_was_taken_for_dead_sends_nothing_more(
    desk: Any, slow: Sandbox
) -> None:
    """Two processes hold one lease: one hung for long, the other has inherited it.

    The other one has finished the campaign, so there is nothing to be resumed.
    """
    slow.faults.arm(kind='slow', when='after', seconds=1.0, action=LOCK, nth=10)
    hung = desk.start(listed(desk), *USUAL)
    desk.wait(hung, lambda: len(slow.journal.entries(action=LOCK)) == 10)
    hung.send_signal(signal.SIGSTOP)
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    before = slow.journal.entries()[-1].serial
    hung.send_signal(signal.SIGCONT)
    out, err = hung.communicate(timeout=240)
    assert hung.returncode == 0, out + err
    assert 'Another run has taken over the rest of this campaign and finished it' in out
    assert '-resume' not in out
    assert 'Traceback' not in err
    assert not slow.journal.entries(since=before, action=LOCK)
    judge(slow.journal.entries())


def test_a_disk_that_is_full_for_the_ledger_loses_nothing(
    desk: Any, slow: Sandbox
) -> None:
    """What could not be recorded is read from the wiki, as soon as there is room."""
    run = desk.run(listed(desk), *USUAL, '-simulate')
    assert run.code == 0, run.said
    full = desk.run('-resume', '-campaign:killed', '-always', largest_file=120)
    assert full.code == 75, full.said
    assert 'Traceback' not in full.said
    assert 'What was sent and not recorded is read from the wiki' in full.said
    assert 0 < len(slow.journal.entries(action=LOCK)) < len(NAMES)
    stopped = slow.journal.entries()[-1].serial
    run = desk.run('-resume', '-campaign:killed', '-always')
    assert run.code == 0, run.said
    judge(slow.journal.entries(), [stopped])
