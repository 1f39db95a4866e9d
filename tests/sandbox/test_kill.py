"""Killed at any moment and started again, a campaign finishes and does nothing twice.

Locking a locked account leaves no trace on the wiki, so this is judged on the journal
of the sandbox: it knows every request that reached it.
"""

from __future__ import annotations

import random
import signal
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from mw_tokens_plugin.sandbox import Sandbox
from mw_tokens_plugin.sandbox.journal import Entry

LOCK = 'setglobalaccountstatus'
NAMES = [f'Spambot {number:05}' for number in range(1, 41)]
USUAL = ('-reason:Spam-only account', '-always', '-campaign:killed')

#: How often a campaign may be started again before it counts as stuck.
MOST_STARTS = 12


@pytest.fixture
def slow(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, far enough away for a signal to hit a write under way."""
    sandbox.command('set-delay', seconds=0.01)
    yield sandbox
    sandbox.command('set-delay', seconds=0.0)


def listed(desk: Any) -> str:
    """Write the names into a file, and return the argument that reads it."""
    (desk.directory / 'names.txt').write_text('\n'.join(NAMES), encoding='utf-8')
    return '-file:names.txt'


def reads(entry: Entry) -> set[str]:
    """Return the accounts whose state a request reads."""
    if entry.action != 'query':
        return set()
    if 'globalusers' in entry.params.get('list', ''):
        names = entry.params.get('gususers', '')
        return set(names.lstrip('\x1f').split('\x1f' if '\x1f' in names else '|'))
    if 'globaluserinfo' in entry.params.get('meta', ''):
        return {entry.params.get('guiuser', '')}
    return set()


def judge(entries: list[Entry], kills: Sequence[int] = ()) -> int:
    """Hold a journal against the promise, and return how many answers were lost.

    After a write took effect there is no second one for that account, and after a
    write whose answer was lost, or whose sender was killed, none before a read.

    :param kills: serial numbers of the last requests before the kills
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
    assert sorted(name for name, count in effects.items() if count) == NAMES
    return lost


@pytest.mark.parametrize('seed', [1])
def test_killed_at_random_moments_it_finishes(
    desk: Any, slow: Sandbox, seed: int
) -> None:
    chance = random.Random(seed)
    for fault in (
        {'kind': 'half', 'probability': 0.05},
        {'kind': 'drop', 'probability': 0.05},
        {'kind': 'expire-csrf', 'probability': 0.03},
        {'kind': 'lose-session', 'probability': 0.01, 'remembered': True},
    ):
        slow.faults.arm(action=LOCK, times=0, seed=seed, **fault)
    start = (listed(desk), *USUAL)
    resume = ('-resume', '-campaign:killed', '-always')
    kills = []
    for _ in range(2):
        process = desk.start(*(resume if desk.has_campaign('killed') else start))
        after = len(slow.journal) + chance.randrange(10, 35)
        if desk.reaches(process, lambda after=after: len(slow.journal) >= after):
            process.kill()
            process.communicate()
            # What was under way arrives long before the next process has started.
            kills.append(slow.journal.entries()[-1].serial)
    assert kills
    for _ in range(MOST_STARTS):
        run = desk.run(*resume)
        if run.code == 0:
            break
        # Fewer than two sessions in a run are lost; else it stops, to be resumed.
        assert run.code in (3, 75), run.said
    assert run.code == 0, run.said
    lost = judge(slow.journal.entries(), kills)
    assert lost, 'no answer was lost: nothing was tested'


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
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert 'Traceback' not in err
    assert 'To go on:' in out
    assert 'Left:' in out
    done = len(slow.journal.entries(action=LOCK))
    assert done < len(NAMES)
    # Nothing is uncertain after an end in order: nothing has to be read again.
    slow.journal.clear()
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    assert 'watching it' not in run.out
    assert len(slow.journal.entries(action=LOCK)) == len(NAMES) - done
    assert 'globalusers' not in slow.summary()['by_query']


def test_a_second_ctrl_c_ends_it_at_once(desk: Any, slow: Sandbox) -> None:
    slow.faults.arm(kind='slow', seconds=60.0, when='after', action=LOCK, nth=10)
    process = desk.start(listed(desk), *USUAL)
    desk.wait(process, lambda: len(slow.journal.entries(action=LOCK)) == 10)
    process.send_signal(signal.SIGINT)
    desk.hear(process, 'Stopping after the account at hand')
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert 'Traceback' not in err
    assert '-resume' in out
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    judge(slow.journal.entries())
