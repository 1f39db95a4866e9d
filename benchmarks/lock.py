"""Compare ``pwb global_lock`` with a bare loop that sends the same POSTs.

Both run against one sandbox in a process of its own, in turns, and the medians of the
pairs are printed, with the requests that the sandbox counted. ``--memory N`` plans N
accounts instead and prints the peak memory of the process.

The bare loop logs in, fetches a token, and sends one POST after the other over one
kept-alive connection, with no check, no record and no way back. Its targets are the
same in number, and fresh in every round.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from farm import Farm, started

from mw_tokens_plugin.campaign.ledger import Ledger

REASON = 'benchmark'


@dataclass(frozen=True)
class Round:
    """How long N locks took.

    :ivar locking: seconds from the first lock to the last
    :ivar whole: seconds of the whole process; the bare loop has none of its own
    """

    locking: float
    whole: float


def main() -> None:
    """Run what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--targets', type=int, default=200, help='locks in a round')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--delays', type=int, nargs='+', default=[25, 0], metavar='MS')
    parser.add_argument('--memory', type=int, metavar='N')
    arguments = parser.parse_args()
    if arguments.memory:
        _memory(arguments.memory)
        return
    for delay in arguments.delays:
        _compare(delay, arguments.targets, arguments.rounds)


def _compare(delay: int, targets: int, rounds: int) -> None:
    with started(f'--delay={delay}', f'--accounts={targets * 2 * rounds + 1}') as farm:
        names = iter(range(1, targets * 2 * rounds + 2))
        _lock_by_script(farm, [_name(next(names))])  # fills the caches
        ours: list[Round] = []
        bare: list[Round] = []
        for _ in range(rounds):
            bare.append(_lock_bare(farm, [_name(next(names)) for _ in range(targets)]))
            before = farm.summary()
            ours.append(
                _lock_by_script(farm, [_name(next(names)) for _ in range(targets)])
            )
            counted = _difference(before, farm.summary())
    loop = statistics.median(r.locking for r in bare)
    locking = statistics.median(r.locking for r in ours)
    ratios = [o.locking / b.locking for o, b in zip(ours, bare, strict=True)]
    whole = statistics.median(r.whole for r in ours)
    print(f'{targets} locks, {delay} ms of delay, medians of {rounds} rounds')
    for label, seconds in (
        ('bare loop with requests', loop),
        ('global_lock, locking', locking),
        ('global_lock, from start to end', whole),
    ):
        print(f'  {label:32}{seconds:8.3f} s {seconds / targets * 1e3:8.2f} ms each')
    print(f'  {"ratio of locking":32}{statistics.median(ratios):8.2f}')
    print(f'  {"difference":32}{(locking - loop) / targets * 1e3:8.2f} ms each')
    print(f'  its requests: {counted}')


def _memory(targets: int) -> None:
    with started('--delay=0', f'--accounts={targets}') as farm:
        names = [_name(number) for number in range(1, targets + 1)]
        _lock_by_script(farm, names, '-simulate')
        plan = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        _lock_by_script(farm, None, '-resume')
        print(f'{targets} names, largest process but for the sandbox')
        print(f'  {"plan":32}{plan:8.0f} MB')
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f'  {"plan and locking":32}{peak:8.0f} MB')


def _lock_bare(farm: Farm, names: list[str]) -> Round:
    session = requests.Session()

    def call(**parameters: str) -> dict[str, dict[str, dict[str, str]]]:
        answer = session.post(
            farm.api, {**parameters, 'format': 'json', 'formatversion': '2'}, timeout=60
        )
        return dict(answer.json())

    def token(kind: str) -> str:
        answer = call(action='query', meta='tokens', type=kind)
        return answer['query']['tokens'][f'{kind}token']

    call(
        action='clientlogin',
        username='Sandbox Operator',
        password=farm.password,
        loginreturnurl='http://localhost/',
        logintoken=token('login'),
    )
    lock = token('setglobalaccountstatus')
    start = time.perf_counter()
    for name in names:
        answer = call(
            action='setglobalaccountstatus',
            user=name,
            locked='lock',
            reason=REASON,
            token=lock,
            assertuser='Sandbox Operator',
        )
        assert answer['setglobalaccountstatus']['locked'], answer
    seconds = time.perf_counter() - start
    return Round(seconds, seconds)


def _lock_by_script(farm: Farm, names: list[str] | None, *options: str) -> Round:
    # The throttle counts processes that have just ended, and waits for them.
    (farm.folder / 'throttle.ctrl').unlink(missing_ok=True)
    if names is not None:
        (farm.folder / 'names.txt').write_text('\n'.join(names), encoding='utf-8')
        campaign = f'round{time.time_ns()}'
        options += ('-file:names.txt', f'-reason:{REASON}', f'-campaign:{campaign}')
    start = time.perf_counter()
    done = subprocess.run(
        [
            Path(sys.executable).with_name('pwb'),
            'global_lock',
            '-always',
            '-max:1000000',
            *options,
        ],
        cwd=farm.folder,
        env={**os.environ, 'PYWIKIBOT_DIR': str(farm.folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f'global_lock ended with {done.returncode}:\n{done.stderr[-2000:]}')
    whole = time.perf_counter() - start
    if names is None or '-simulate' in options:
        return Round(whole, whole)
    ledger = Ledger(str(farm.folder / 'campaigns' / 'ledger.sqlite3'))
    found = ledger.find(campaign)
    assert found and found.confirmed_at and found.finished_at
    ledger.close()
    return Round((found.finished_at - found.confirmed_at).total_seconds(), whole)


def _difference(before: dict[str, object], after: dict[str, object]) -> str:
    old, new = before['by_action'], after['by_action']
    assert isinstance(old, dict) and isinstance(new, dict)
    counts = {k: v - old.get(k, 0) for k, v in new.items() if v != old.get(k, 0)}
    return json.dumps(counts)


def _name(number: int) -> str:
    return f'Spambot {number:05}'


if __name__ == '__main__':
    main()
