"""Measure a ledger of a million targets: on SQLite, MariaDB and PostgreSQL.

Each step runs in a process of its own, and the table has the time that it took, the
time per target, and the most memory that its process had. The action does nothing, so
all of it is the ledger's and the engine's. The servers are started by the program, from
Debian's packages mariadb-server and postgresql; no loss of power is cared for.

    python benchmarks/ledger.py                           # half an hour for each
    python benchmarks/ledger.py sqlite --targets 10000    # some of them, and smaller
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from farm import ROOT

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.engine import Engine
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import Campaign, Decision, Outcome, State, Target
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.campaign.sealkey import Key
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import at_work

DATABASES = ('sqlite', 'mariadb', 'postgresql')

#: What a run that was killed has left behind.
_LEFT = 50

_NAME, _ACCOUNT = 'million', 'o@w'
_KEY = Key(b'1' * 32)


def main() -> None:
    """Run the steps on the databases that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('databases', nargs='*', metavar='DATABASE')
    parser.add_argument('--targets', type=int, default=1_000_000)
    parser.add_argument('--written', type=int, help='how many of them are done')
    parser.add_argument('--step', nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    written = arguments.written or arguments.targets
    if arguments.step:
        step, url = arguments.step
        found = STEPS[step](url, arguments.targets, written)
        print(json.dumps({**found, 'cpu': time.process_time(), 'peak': _peak()}))
        return
    for database in arguments.databases or DATABASES:
        with ExitStack() as stack:
            _measure(database, _url(database, stack), arguments.targets, written)


def _measure(database: str, url: str, number: int, written: int) -> None:
    print(f'{database}, {number:,} targets')
    print(f'{"":12}{"seconds":>9}{"ms each":>9}{"its CPU":>9}{"MB":>6}')
    for step in STEPS:
        command = [sys.executable, __file__, '--step', step, url]
        done = subprocess.run(
            [*command, '--targets', str(number), '--written', str(written)],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
        seconds = found.pop('seconds')
        each = seconds * 1e3 / found.pop('of', number)
        cpu, peak = found.pop('cpu'), found.pop('peak')
        print(f'{step:12}{seconds:9.1f}{each:9.3f}{cpu:9.1f}{peak:6.0f}', flush=True)
        for what, values in found.items():
            print(f'{"":12}{what}: {values}', flush=True)


def _create(url: str, number: int, written: int) -> dict[str, Any]:
    ledger = Ledger(url)
    begun = time.perf_counter()
    campaign = ledger.create(
        _NAME, action='nothing', wiki='w', operator='o', reason='', options={}
    )
    sealer = Sealer(_KEY, ledger, campaign, _ACCOUNT)
    sealer.begin()
    added = ledger.add(
        campaign, map('Spambot {:07}'.format, range(number)), sealer.listed
    )
    sealer.count(added)
    ledger.mark(campaign, 'listed_at')
    assert added == number
    return {'seconds': time.perf_counter() - begun}


def _plan(url: str, number: int, written: int) -> dict[str, Any]:
    ledger, campaign = _open(url)
    begun = time.perf_counter()
    sealer = Sealer(_KEY, ledger, campaign, _ACCOUNT)
    campaign = make_plan(ledger, campaign, _Nothing(), sealer=sealer)
    sealer.confirm()
    ledger.mark(campaign, 'confirmed_at')
    return {'seconds': time.perf_counter() - begun}


def _lease(url: str, number: int, written: int) -> dict[str, Any]:
    """Work on one half, and be killed."""
    ledger, campaign = _open(url)
    action = _Nothing(written // 2)
    found = _run(ledger, campaign, action)
    left = ledger.lease(campaign, 'killed/0', _LEFT, _ACCOUNT)
    assert len(left) == _LEFT
    return found


def _resume(url: str, number: int, written: int) -> dict[str, Any]:
    """From the ledger's opening to the first write, after what may have been sent."""
    begun = time.perf_counter()
    ledger, campaign = _open(url)
    action = _Nothing(1)
    _run(ledger, campaign, action)
    return {
        'seconds': action.moments[0] - begun,
        'of': 1,
        'read again, since it may have been sent': len(action.reconciled),
    }


def _finish(url: str, number: int, written: int) -> dict[str, Any]:
    """Work on what is left."""
    ledger, campaign = _open(url)
    found = _run(ledger, campaign, _Nothing(written - written // 2 - 1))
    assert ledger.counts(campaign)[State.DONE] == written
    return found


def _report(url: str, number: int, written: int) -> dict[str, Any]:
    ledger, campaign = _open(url)
    begun = time.perf_counter()
    lines = list(Summary.read(ledger, campaign).lines('pwb campaign show'))
    summed_up = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        files = write_report(ledger, campaign, folder)
        size = sum(path.stat().st_size for path in files) / 1e6
    assert lines
    return {
        'seconds': time.perf_counter() - begun,
        'summary after': f'{summed_up:.1f} s',
        'files': f'{len(files)}, {size:.0f} MB',
    }


def _compare(url: str, number: int, written: int) -> dict[str, Any]:
    """Look whether others have changed anything, as at the end of a run."""
    ledger, campaign = _open(url)
    begun = time.perf_counter()
    compared = Sealer(_KEY, ledger, campaign, _ACCOUNT).compare()
    assert not compared.is_other, compared
    return {'seconds': time.perf_counter() - begun}


STEPS: dict[str, Callable[[str, int, int], dict[str, Any]]] = {
    'create': _create,
    'plan': _plan,
    'lease': _lease,
    'resume': _resume,
    'finish': _finish,
    'report': _report,
    'compare': _compare,
}


class _Nothing(Action):
    """An action that does nothing, and notes when.

    :ivar moments: of each first target of a tenth
    :ivar memory: of the process at each, in MB
    """

    kind = 'nothing'

    def __init__(self, most: int = 0) -> None:
        self.moments: list[float] = []
        self.memory: list[float] = []
        self.reconciled: list[str] = []
        self.most = most
        self.done = 0

    def describe(self) -> str:
        return 'do nothing'

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        for name in names:
            yield Decision(name, 7, facts={'name': name, 'locked': False})

    def apply(self, target: Target) -> Outcome:
        if self.done % max(self.most // 10, 1) == 0:
            self.moments.append(time.perf_counter())
            self.memory.append(_peak())
        self.done += 1
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        for target in targets:
            self.reconciled.append(target.name)
            yield target, None


def _run(ledger: Ledger, campaign: Campaign, action: _Nothing) -> dict[str, Any]:
    sealer = Sealer(_KEY, ledger, campaign, _ACCOUNT)
    begun = time.perf_counter()
    with at_work(ledger, campaign, account=_ACCOUNT) as run:
        finish = Engine(
            ledger,
            campaign,
            action,
            run,
            sealer=sealer,
            should_stop=lambda: action.done >= action.most,
        ).run()
    assert finish.error is None, finish.error
    seconds = time.perf_counter() - begun
    action.moments.append(time.perf_counter())
    tenth = max(action.most // 10, 1)
    pairs = zip(action.moments, action.moments[1:], strict=False)
    rates = [tenth / (after - before) for before, after in pairs]
    return {
        'seconds': seconds,
        'of': action.done,
        'targets a second, by tenths': ' '.join(f'{rate:.0f}' for rate in rates),
        'MB, by tenths': ' '.join(f'{mb:.0f}' for mb in action.memory),
    }


def _open(url: str) -> tuple[Ledger, Campaign]:
    ledger = Ledger(url)
    campaign = ledger.find(_NAME)
    assert campaign is not None
    return ledger, campaign


def _url(database: str, stack: ExitStack) -> str:
    """Return the URL of an empty ledger, whose server lives as long as the stack."""
    folder = tempfile.TemporaryDirectory(prefix='mw_tokens_benchmark.')
    directory = Path(stack.enter_context(folder))
    if database == 'sqlite':
        return str(directory / 'ledger.sqlite3')
    sys.path.insert(0, str(ROOT / 'tests'))
    if database == 'mariadb':
        from mariadb.server import MariaDB, missing

        make = MariaDB(directory, '--innodb-flush-log-at-trx-commit=0')
    else:
        from postgresql.server import PostgreSQL, missing

        make = PostgreSQL(directory)
    if problem := missing():
        raise SystemExit(problem)
    return stack.enter_context(make).new_database()


def _peak() -> float:
    """Return the most that this process has had, in MB; its parent's not counted."""
    status = Path('/proc/self/status').read_text()
    return int(status.partition('VmHWM:')[2].split()[0]) * 1024 / 1e6


if __name__ == '__main__':
    main()
