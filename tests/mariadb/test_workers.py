"""Processes share one campaign on a MariaDB, and are killed or paused meanwhile."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sandbox.farms import Farm
from sandbox.night import LOCK, REASON, reads

import mw_tokens_plugin
from centralauth_sandbox import Sandbox
from centralauth_sandbox.journal import Entry
from mw_tokens_plugin.campaign.heartbeats import PATIENCE
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, Decision, State

TARGETS = 160
WORKERS = 4
KILLS = 6

#: Seconds after which something hangs.
LONGEST = 120

#: What a process says that was paused for so long that others have its targets.
TAKEN_OVER = 'another one has taken over'

NAMES = [f'Spambot {number:05}' for number in range(1, TARGETS + 1)]


@pytest.fixture
def farm() -> Iterator[Sandbox]:
    with Sandbox(wikis=1, accounts=TARGETS, delay=0.04) as sandbox:
        yield sandbox


@pytest.fixture
def campaign(ledger: Ledger, farm: Sandbox) -> Campaign:
    """A campaign whose plan is made."""
    made = ledger.create(
        'shared',
        action='global_lock',
        wiki='w',
        operator='Sandbox Operator',
        reason=REASON,
        options={},
    )
    ledger.add(made, NAMES)
    accounts = farm.call(lambda state: {n: state.accounts[n].id for n in NAMES})
    facts = {'locked': False, 'hidden': ''}
    ledger.decide(
        made,
        [
            Decision(n, number, facts={'name': n, 'central_id': number, **facts})
            for n, number in accounts.items()
        ],
    )
    return made


@dataclass
class Kill:
    """A process that was killed, and what it had in its hands.

    :ivar serial: of the last request that had reached the farm
    """

    serial: int
    leased: set[str]


class Workers:
    """The processes at work; new ones take the places of those that end."""

    def __init__(self, directory: Path, farm: Sandbox, url: str) -> None:
        self._directory = directory
        self._farm = farm
        self._url = url
        self._processes: list[subprocess.Popen[str]] = []
        Farm.of_sandbox(farm, 'shared').configure(directory)

    def start(self) -> subprocess.Popen[str]:
        root = str(Path(mw_tokens_plugin.__file__).parents[1])
        self._processes.append(
            subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name('worker.py')),
                    self._url,
                    'shared',
                ],
                cwd=self._directory,
                env={
                    **os.environ,
                    'PYWIKIBOT_DIR': str(self._directory),
                    'PYWIKIBOT_NO_USER_CONFIG': '0',
                    'PYTHONPATH': root,
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return self._processes[-1]

    def kill(self, ledger: Ledger, campaign: Campaign, chance: random.Random) -> Kill:
        """Kill a process that is at work, and say what it may have sent."""
        _wait_for(lambda: self._busy(ledger, campaign))
        process = chance.choice(self._busy(ledger, campaign))
        self._processes.remove(process)
        process.kill()
        process.communicate()
        leased = self.leased(ledger, campaign, process)
        # What was under way arrives; its heirs watch for longer than that.
        time.sleep(1)
        return Kill(self._farm.journal.entries()[-1].serial, leased)

    def pause(
        self, ledger: Ledger, campaign: Campaign, chance: random.Random
    ) -> subprocess.Popen[str]:
        """Stop a process that is at work, which does not end by that."""
        _wait_for(lambda: self._busy(ledger, campaign))
        process = chance.choice(self._busy(ledger, campaign))
        process.send_signal(signal.SIGSTOP)
        return process

    def leased(
        self, ledger: Ledger, campaign: Campaign, process: subprocess.Popen[str]
    ) -> set[str]:
        """Return which targets a process has leased."""
        run = self._run(process)
        return {
            target.name
            for target in ledger.targets(campaign, State.LEASED)
            if (target.owner or '').startswith(run)
        }

    def _busy(self, ledger: Ledger, campaign: Campaign) -> list[subprocess.Popen[str]]:
        owners = {owner.partition('/')[0] for owner in ledger.owners(campaign)}
        return [p for p in self._processes if self._run(p) in owners]

    def _run(self, process: subprocess.Popen[str]) -> str:
        path = self._directory / f'{process.pid}.run'
        return path.read_text() if path.exists() else ''

    def finish(self, *, paused: Collection[subprocess.Popen[str]] = ()) -> None:
        """Wait until all have ended in order.

        :param paused: those whose targets others may have by now
        """
        for process in self._processes:
            out, err = process.communicate(timeout=LONGEST)
            is_evicted = process in paused and TAKEN_OVER in err
            assert process.returncode == 0 or is_evicted, out + err

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


def test_killed_at_random_they_lose_nothing_and_double_nothing(
    ledger: Ledger, campaign: Campaign, farm: Sandbox, url: str, tmp_path: Path
) -> None:
    chance = random.Random(3)
    farm.faults.arm(kind='drop', when='after', action=LOCK, probability=0.03, times=0)
    workers = Workers(tmp_path, farm, url)
    kills = []
    try:
        for _ in range(WORKERS):
            workers.start()
        for number in range(KILLS):
            threshold = (number + 1) * TARGETS // (3 * KILLS)
            _wait_for(partial(_has_written, farm, threshold))
            time.sleep(chance.random() * 0.1)
            kills.append(workers.kill(ledger, campaign, chance))
            workers.start()
        workers.finish()
    finally:
        workers.close()
    at_work = sum(bool(kill.leased) for kill in kills)
    assert at_work > KILLS / 2, f'only {at_work} were killed at work'
    judge(farm.journal.entries(), kills)
    counts = ledger.counts(campaign)
    assert counts[State.DONE] == TARGETS, counts
    assert ledger.changed_count(campaign) == TARGETS


def test_one_that_was_taken_for_dead_sends_nothing_more(
    ledger: Ledger, campaign: Campaign, farm: Sandbox, url: str, tmp_path: Path
) -> None:
    """It hung while it waited for an answer; others have its targets meanwhile."""
    farm.faults.arm(kind='slow', seconds=20.0, when='after', action=LOCK, nth=10)
    workers = Workers(tmp_path, farm, url)
    try:
        hung = workers.start()
        _wait_for(partial(_has_written, farm, 10))
        hung.send_signal(signal.SIGSTOP)
        leased = workers.leased(ledger, campaign, hung)
        stopped = Kill(farm.journal.entries()[-1].serial, leased)
        assert leased
        others = [workers.start() for _ in range(WORKERS - 1)]
        for process in others:
            out, err = process.communicate(timeout=LONGEST)
            assert process.returncode == 0, out + err
        assert ledger.counts(campaign)[State.DONE] == TARGETS
        before = farm.journal.entries()[-1].serial
        hung.send_signal(signal.SIGCONT)
        _, err = hung.communicate(timeout=LONGEST)
    finally:
        workers.close()
    assert TAKEN_OVER in err and hung.returncode
    assert not farm.journal.entries(since=before, action=LOCK)
    judge(farm.journal.entries(), [stopped])


def test_paused_at_random_they_lose_nothing_and_double_nothing(
    ledger: Ledger, campaign: Campaign, farm: Sandbox, url: str, tmp_path: Path
) -> None:
    """Some pauses are too short to be noticed, and some as long as a dead one's."""
    chance = random.Random(5)
    workers = Workers(tmp_path, farm, url)
    try:
        for _ in range(WORKERS):
            workers.start()
        paused = []
        for number, seconds in enumerate((0.2, PATIENCE + 2, PATIENCE - 2)):
            _wait_for(partial(_has_written, farm, (number + 1) * 10))
            paused.append(workers.pause(ledger, campaign, chance))
            time.sleep(seconds)
            paused[-1].send_signal(signal.SIGCONT)
        workers.finish(paused=paused)
    finally:
        workers.close()
    judge(farm.journal.entries(), [])
    counts = ledger.counts(campaign)
    assert counts[State.DONE] == TARGETS, counts
    assert ledger.changed_count(campaign) == TARGETS


def judge(entries: list[Entry], kills: list[Kill]) -> None:
    """Hold the journal against the promise, for all workers together."""
    effects: Counter[str] = Counter()
    unknown: set[str] = set()
    left = list(kills)
    for entry in entries:
        while left and entry.serial > left[0].serial:
            unknown |= left.pop(0).leased
        if entry.answered and entry.result == 'ok':
            unknown -= reads(entry)
        if entry.action == LOCK:
            assert entry.target not in unknown, f'{entry.target} was written unread'
            assert not effects[entry.target], f'{entry.target} was written twice'
            effects[entry.target] += bool(entry.effect)
            if not entry.answered:
                unknown.add(entry.target)
    assert sorted(effects) == NAMES
    assert set(effects.values()) == {1}


def _has_written(farm: Sandbox, number: int) -> bool:
    return len(farm.journal.entries(action=LOCK)) >= number


def _wait_for(event: Callable[[], object]) -> None:
    end = time.monotonic() + LONGEST
    while not event():
        assert time.monotonic() < end, 'it never happened'
        time.sleep(0.01)
