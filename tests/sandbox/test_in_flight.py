"""Few requests of an account are in flight at the same time, in all its processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from centralauth_sandbox.server import Sandbox
from mw_tokens_plugin.site import inflight, requests, transmission
from mw_tokens_plugin.site.inflight import LANES, InFlight

if TYPE_CHECKING:
    from .desk import Run

#: Seconds that a test waits for what certainly comes.
PATIENCE = 240.0

HOLDER = """
import sys
from mw_tokens_plugin.site.inflight import InFlight
here = InFlight()
here.share(sys.argv[1])
with here.lane('Operator'):
    print('in flight', flush=True)
    sys.stdin.read()
"""


class Gauge:
    """How many requests the wikis are answering."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def count(self, monkeypatch: pytest.MonkeyPatch) -> Gauge:
        answer = Sandbox._answer

        async def counted(sandbox: Sandbox, wiki: Any, request: Any) -> Any:
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                return await answer(sandbox, wiki, request)
            finally:
                self.now -= 1

        monkeypatch.setattr(Sandbox, '_answer', counted)
        return self


def test_threads_have_three_requests_in_flight(
    sandbox: Sandbox, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On whichever wikis, with the tokens that they mint, whatever they send."""
    here = InFlight()
    here.share(str(tmp_path / 'lanes'))
    for module in (requests, transmission):
        monkeypatch.setattr(module, 'in_flight', here)
    site.login()
    wikis = [site, *(site.foreign_site(code) for code in ('aa', 'bb'))]
    gauge = Gauge().count(monkeypatch)
    monkeypatch.setattr(sandbox, 'delay', 0.05)

    def work(number: int) -> None:
        wiki = wikis[number % len(wikis)]
        wiki.post('edit', title=f'Page {number}', text='text')
        wiki.simple_request(action='query', titles='A').submit()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    edits = [e for e in sandbox.journal.entries() if e.effect == 'edit']
    assert len(edits) == 9
    assert gauge.most <= LANES


def test_a_campaign_has_three_requests_in_flight(
    sandbox: Sandbox,
    pwb: Callable[..., Run],
    spambots: Callable[[int], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More if its operator insists."""
    gauge = Gauge().count(monkeypatch)
    monkeypatch.setattr(sandbox, 'delay', 0.02)
    names = spambots(12)
    run = pwb('global_lock', *names, '-reason:t', '-always', '-workers:3')
    assert run.code == 0, run.said
    assert gauge.most <= LANES


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start a process that has a request in flight."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, '-c', HOLDER, str(tmp_path / 'lanes')],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == 'in flight\n'
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_processes_of_a_ledger_share_the_lanes(
    tmp_path: Path, other_process: Callable[[], subprocess.Popen[str]]
) -> None:
    """One that is killed leaves its own; other accounts have theirs."""
    first, second = other_process(), other_process()
    here = InFlight()
    here.share(str(tmp_path / 'lanes'))
    entered = threading.Event()

    def wait() -> None:
        with here.lane('Operator'):
            entered.set()

    with here.lane('Operator'):
        thread = threading.Thread(target=wait)
        thread.start()
        with here.lane('Colleague'):
            pass  # the thread itself has one already
        assert not entered.is_set()
        first.kill()
        assert entered.wait(PATIENCE)
    thread.join(PATIENCE)
    for account in ('Operator', 'Colleague') * LANES:
        with here.lane(account):
            pass
    assert second.poll() is None


def test_a_process_that_is_stopped_keeps_others_waiting_for_a_while_only(
    tmp_path: Path,
    other_process: Callable[[], subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(LANES):
        other_process()
    here = InFlight()
    here.share(str(tmp_path / 'lanes'))
    monkeypatch.setattr(inflight, '_PATIENCE', 0.1)
    with here.lane('Operator'):
        pass


def test_a_place_without_locks_stops_nobody(tmp_path: Path) -> None:
    here = InFlight()
    for path in ('/proc/none/lanes', str(tmp_path)):
        here.share(path)
        with here.lane('Operator'):
            pass


def test_who_waits_before_the_next_try_has_nothing_in_flight() -> None:
    here = InFlight()
    held = [here.lane('Operator') for _ in range(LANES)]
    left = threading.Event()
    done = threading.Event()

    def hold(lane: Any) -> None:
        with lane:
            here.leave()
            left.set()
            done.wait(PATIENCE)

    threads = [threading.Thread(target=hold, args=(lane,)) for lane in held]
    for thread in threads:
        thread.start()
    assert left.wait(PATIENCE)
    for _ in range(LANES):
        with here.lane('Operator'):
            pass
    done.set()
    for thread in threads:
        thread.join(PATIENCE)
