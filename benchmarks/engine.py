"""Measure the engine: memory, overhead, resuming, workers, and processes on MariaDB.

Each part prints what it found and what is wanted. The sandbox runs in this process, the
workers in their own; throughput is read from the sandbox's journal, from the first lock
to the last. ``mariadb`` starts a server of its own, from Debian's mariadb-server.

    python benchmarks/engine.py                    # all parts, some ten minutes
    python benchmarks/engine.py overhead resume    # some of them
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from farm import ROOT, use_checkout

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    State,
    Target,
    now,
)
from mw_tokens_plugin.campaign.schema import targets
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import at_work

LOCK = 'setglobalaccountstatus'
REASON = 'benchmark'


def main() -> None:
    """Run the parts that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('parts', nargs='*', choices=[*_PARTS, []], metavar='PART')
    parser.add_argument('--targets', type=int, default=4000, help='on MariaDB')
    parser.add_argument('--work', nargs=4, help=argparse.SUPPRESS)
    parser.add_argument('--idle', help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        url, name, workers, interval = arguments.work
        _work(url, name, int(workers), float(interval))
    elif arguments.idle:
        _idle(arguments.idle)
    else:
        for part in arguments.parts or _PARTS:
            _PARTS[part](arguments)


def _memory(_: argparse.Namespace) -> None:
    """100,000 targets of an action that does nothing: what remains is the engine."""
    number = 100_000
    with _folder() as folder:
        url = str(folder / 'ledger.sqlite3')
        ledger = Ledger(url)
        _campaign(ledger, {f'N{i}': i for i in range(number)})
        ledger.close()
        found = _run([sys.executable, __file__, '--idle', url], folder)
        report = json.loads(found)
    print(f'{number:,} targets, an action that does nothing')
    _say('engine and ledger', f'{report["each"] * 1e3:.3f} ms each', '< 1 ms')
    _say('process at its largest', f'{report["peak"]:.0f} MB', '< 200 MB')
    _say('after each tenth', ' '.join(f'{mb:.0f}' for mb in report['tenths']), 'flat')


def _overhead(_: argparse.Namespace) -> None:
    """Real locks, less the time within pywikibot's submit()."""
    number = 2000
    with _folder() as folder, Sandbox(wikis=1, accounts=number) as sandbox:
        url, _campaign_made = _shared(sandbox, folder, _names(number))
        (report,) = _work_together(sandbox, folder, url, 1)
    print(f'{number:,} locks on the sandbox')
    each = (report['seconds'] - report['submit']) / number
    _say('outside submit()', f'{each * 1e3:.3f} ms each', '< 1 ms')
    _say('within submit()', f'{report["submit"] / number * 1e3:.3f} ms each', '')


def _resume(_: argparse.Namespace) -> None:
    """The script itself, from its start to its first lock."""
    number, left = 1_000_000, 1000
    with _folder() as folder, Sandbox(wikis=1, accounts=left) as sandbox:
        ledger = Ledger(str(folder / 'ledger.sqlite3'))
        wiki = f'{_family(sandbox, folder)}:meta'
        campaign = ledger.create(
            'million',
            action='global_lock',
            wiki=wiki,
            operator='Sandbox Operator',
            reason=REASON,
            options={
                'locked': True,
                'hidden': None,
                'max_edits': 50,
                'excluded': [],
                'untrusted': False,
            },
        )
        _add_done(ledger, campaign, number - left)
        account = f'Sandbox Operator@{wiki}'
        sealer = Sealer(Key.of(folder), ledger, campaign, account)
        sealer.begin(confirmed=True)
        _add_planned(ledger, campaign, _ids(sandbox, _names(left)), sealer)
        for moment in ('listed_at', 'planned_at', 'confirmed_at'):
            ledger.mark(campaign, moment)
        ledger.close()
        seconds = []
        for _round in range(3):
            (folder / 'throttle.ctrl').unlink(missing_ok=True)
            begun, before = time.monotonic(), len(sandbox.journal.entries(action=LOCK))
            process = subprocess.Popen(
                [
                    Path(sys.executable).with_name('pwb'),
                    'global_lock',
                    '-resume',
                    '-campaign:million',
                    '-always',
                    f'-ledger:{folder / "ledger.sqlite3"}',
                ],
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while len(locks := sandbox.journal.entries(action=LOCK)) == before:
                assert process.poll() is None, 'it ended without a lock'
                time.sleep(0.01)
            seconds.append(locks[before].monotonic - begun)
            process.terminate()
            process.wait(60)
    print(f'{number:,} targets, {left:,} of them left, resumed by pwb global_lock')
    text = ', '.join(f'{s:.2f}' for s in seconds)
    _say('first lock after', f'{text} s', '< 5 s')


def _workers(_: argparse.Namespace) -> None:
    """One thread and three at 100 ms of delay."""
    number, rates = 150, []
    for workers in (1, 3):
        with (
            _folder() as folder,
            Sandbox(wikis=1, accounts=number, delay=0.1) as sandbox,
        ):
            url, _campaign = _shared(sandbox, folder, _names(number))
            _work_together(sandbox, folder, url, 1, workers=workers)
            rates.append(_rate(sandbox, number))
    print(f'{number} locks at 100 ms of delay')
    _say('one worker', f'{rates[0]:.1f} locks a second', '')
    _say('three workers', f'{rates[1]:.1f} locks a second', '')
    _say('three, compared with one', f'{rates[1] / rates[0]:.2f} times', '>= 2.6')


def _mariadb(arguments: argparse.Namespace) -> None:
    """One process and four that share a ledger on MariaDB, at 50 ms of delay."""
    sys.path.insert(0, str(ROOT / 'tests'))
    from mariadb.server import MariaDB, missing

    if problem := missing():
        print(f'Left out: {problem}')
        return
    number, budget = arguments.targets, 100
    with _folder() as folder, MariaDB(folder / 'server') as server:
        rates = []
        for processes in (1, 4):
            sandbox = _on_mariadb(server, folder, number, processes, 1 / budget)
            rates.append(_rate(sandbox, number))
            most = _most_in_a_second(sandbox)
        print(f'{number:,} locks at 50 ms of delay, ledger on MariaDB')
        _say('one process', f'{rates[0]:.1f} locks a second', '')
        _say('four processes', f'{rates[1]:.1f} locks a second', '')
        _say('four, compared with one', f'{rates[1] / rates[0]:.2f} times', '>= 3')
        _say('done twice, or not at all', 'none', 'none')
        text = f'{most} at most in a second'
        _say(f'at a budget of {budget} a second', text, f'<= {budget}')
        few, low = 600, 30
        sandbox = _on_mariadb(server, folder, few, 4, 1 / low)
        most = _most_in_a_second(sandbox)
        rate = _rate(sandbox, few)
        _say(f'at a budget of {low} a second', f'{rate:.2f} on average', f'<= {low}')
        _say('', f'{most} at most in a second', f'<= {low}, and jitter')


def _on_mariadb(
    server: Any, folder: Path, number: int, processes: int, interval: float
) -> Sandbox:
    """Let processes share a campaign, and see that each target is done once."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        Sandbox(wikis=1, accounts=number, delay=0.05) as sandbox,
    ):
        url = server.new_database()
        ledger = Ledger(url)
        _family(sandbox, Path(own))
        campaign = _campaign(ledger, _ids(sandbox, _names(number)))
        _work_together(sandbox, Path(own), url, processes, interval=interval)
        assert ledger.counts(campaign)[State.DONE] == number
        ledger.close()
    locks = Counter(entry.target for entry in sandbox.journal.entries(action=LOCK))
    assert len(locks) == number and set(locks.values()) == {1}, 'done twice'
    return sandbox


def _work_together(
    sandbox: Sandbox,
    folder: Path,
    url: str,
    processes: int,
    *,
    workers: int = 1,
    interval: float = 0.0,
) -> list[dict[str, float]]:
    (folder / 'throttle.ctrl').unlink(missing_ok=True)
    command = [sys.executable, __file__, '--work', url, 'benchmark']
    command += [str(workers), str(interval)]
    started = [
        subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(processes)
    ]
    reports = []
    for process in started:
        out, _ = process.communicate()
        assert process.returncode == 0, out
        reports.append(json.loads(out.splitlines()[-1]))
    return reports


def _work(url: str, name: str, workers: int, interval: float) -> None:
    """Work on a campaign in this process, and print how long it took."""
    import pywikibot

    import mw_tokens_plugin
    from mw_tokens_plugin.actions.globallock import GlobalLock, Guards
    from mw_tokens_plugin.campaign.budget import Budget
    from mw_tokens_plugin.site.writes import SingleSendRequest

    mw_tokens_plugin.enable()
    site = pywikibot.Site()
    site.login()
    # As the plan does: else the first write is late, and meets those that are not.
    site.tokens.for_action(LOCK)
    spent = 0.0
    submit = SingleSendRequest.submit

    def timed(request: Any) -> Any:
        nonlocal spent
        begun = time.perf_counter()
        try:
            return submit(request)
        finally:
            spent += time.perf_counter() - begun

    SingleSendRequest.submit = timed
    ledger = Ledger(url)
    campaign = ledger.find(name)
    assert campaign is not None
    account = f'{site.username()}@{site}'
    budget = Budget(ledger.database, account, lambda: interval)
    action = GlobalLock(site, reason=REASON, guards=Guards(site.username()))
    with at_work(ledger, campaign, account=account, join=True) as run:
        begun = time.perf_counter()
        finish = Engine(
            ledger,
            campaign,
            action,
            run,
            workers=workers,
            pace=lambda target: budget.reserve(),
        ).run()
        seconds = time.perf_counter() - begun
    assert finish.error is None, finish.error
    print(json.dumps({'seconds': seconds, 'submit': spent}))


class _Nothing(Action):
    """An action that does nothing; it watches the memory of its process."""

    kind = 'nothing'

    def __init__(self, number: int) -> None:
        self.tenths: list[float] = []
        self._number = number
        self._done = 0

    def describe(self) -> str:
        return 'do nothing'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        yield from map(Decision, names)

    def apply(self, target: Target) -> Outcome:
        self._done += 1
        if self._done % (self._number // 10) == 0:
            pages = int(Path('/proc/self/statm').read_text().split()[1])
            self.tenths.append(pages * resource.getpagesize() / 1e6)
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        yield from ((target, None) for target in targets)


def _idle(url: str) -> None:
    ledger = Ledger(url)
    campaign = ledger.find('benchmark')
    assert campaign is not None
    number = ledger.counts(campaign)[State.PLANNED]
    action = _Nothing(number)
    with at_work(ledger, campaign, account='x@y') as run:
        begun = time.perf_counter()
        Engine(ledger, campaign, action, run).run()
        each = (time.perf_counter() - begun) / number
    assert ledger.counts(campaign)[State.DONE] == number
    print(json.dumps({'each': each, 'peak': _peak(), 'tenths': action.tenths}))


def _peak() -> float:
    """Return the most that this process has had, in MB; its parent's not counted."""
    status = Path('/proc/self/status').read_text()
    return int(status.partition('VmHWM:')[2].split()[0]) * 1024 / 1e6


def _shared(
    sandbox: Sandbox, folder: Path, names: Sequence[str]
) -> tuple[str, Campaign]:
    """Make a campaign on SQLite, and pywikibot's way to the sandbox."""
    _family(sandbox, folder)
    url = str(folder / 'ledger.sqlite3')
    ledger = Ledger(url)
    campaign = _campaign(ledger, _ids(sandbox, names))
    ledger.close()
    return url, campaign


def _family(sandbox: Sandbox, folder: Path) -> str:
    sandbox.write_configuration(folder)
    with (folder / 'user-config.py').open('a') as file:
        file.write('put_throttle = minthrottle = 0\n')
    use_checkout(folder)
    (path,) = folder.glob('*_family.py')
    return path.stem.removesuffix('_family')


def _campaign(ledger: Ledger, ids: dict[str, int]) -> Campaign:
    campaign = ledger.create(
        'benchmark',
        action='global_lock',
        wiki='w',
        operator='Sandbox Operator',
        reason=REASON,
        options={},
    )
    _add_planned(ledger, campaign, ids)
    return campaign


def _add_planned(
    ledger: Ledger,
    campaign: Campaign,
    ids: dict[str, int],
    sealer: Sealer | None = None,
) -> None:
    ledger.add(campaign, ids)
    state = {'locked': False, 'hidden': ''}
    ledger.decide(
        campaign,
        (
            Decision(name, number, facts={'name': name, 'central_id': number, **state})
            for name, number in ids.items()
        ),
        sealer and partial(sealer.decided, own=True),
    )


def _add_done(ledger: Ledger, campaign: Campaign, number: int) -> None:
    moment = now()
    for start in range(0, number, 10_000):
        rows = [
            {
                'campaign_id': campaign.id,
                'name': f'Done {i}'.encode(),
                'state': State.DONE.value,
                'changed': True,
                'attempts': 1,
                'started_at': moment,
                'ended_at': moment,
            }
            for i in range(start, min(start + 10_000, number))
        ]
        with ledger.database.begin() as connection:
            connection.execute(sa.insert(targets), rows)


def _ids(sandbox: Sandbox, names: Sequence[str]) -> dict[str, int]:
    return sandbox.call(lambda farm: {name: farm.accounts[name].id for name in names})


def _names(number: int) -> list[str]:
    return [f'Spambot {i:05}' for i in range(1, number + 1)]


def _rate(sandbox: Sandbox, number: int) -> float:
    times = [entry.monotonic for entry in sandbox.journal.entries(action=LOCK)]
    return (number - 1) / (times[-1] - times[0])


def _most_in_a_second(sandbox: Sandbox) -> int:
    times = [entry.monotonic for entry in sandbox.journal.entries(action=LOCK)]
    first, most = 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        'PYWIKIBOT_DIR': str(folder),
        'PYTHONPATH': str(ROOT),
    }


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix='mw_tokens_benchmark.') as name:
        yield Path(name)


def _say(what: str, found: str, wanted: str) -> None:
    print(f'  {what:30}{found:>40}   {wanted}', flush=True)


_PARTS = {
    'memory': _memory,
    'overhead': _overhead,
    'resume': _resume,
    'workers': _workers,
    'mariadb': _mariadb,
}


if __name__ == '__main__':
    main()
