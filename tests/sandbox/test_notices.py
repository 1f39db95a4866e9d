"""Notices for other programs about how a campaign goes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Fault, Sandbox

from .desk import Run

# Within one process there are sites before the second run begins.
pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
LOCK = 'setglobalaccountstatus'


class Hook:
    """A program that takes notices.

    :ivar bodies: what was sent
    :ivar status: what it answers
    """

    def __init__(self) -> None:
        """Listen on loopback."""
        self.bodies: list[str] = []
        self.status = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # it is called so
                length = int(self.headers['Content-Length'])
                hook.bodies.append(self.rfile.read(length).decode())
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}/hook?key=s3cret'

    def take(self) -> list[dict[str, Any]]:
        """Return what was sent since."""
        found = [json.loads(body) for body in self.bodies]
        self.bodies.clear()
        return found

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A program that takes notices."""
    hook = Hook()
    yield hook
    hook.close()


def test_another_program_is_told_numbers_and_no_names(
    pwb: Script, sandbox: Sandbox, hook: Hook, tmp_path: Path
) -> None:
    secret = 'Spambot 00004'
    sandbox.call(lambda farm: setattr(farm.accounts[secret], 'hidden', 'suppressed'))
    file = tmp_path / 'names.txt'
    file.write_text('\n'.join(['Spambot 00001', 'Nobody at all', secret]))
    usual = (f'-file:{file}', f'-reason:Secret of {secret}', f'-notify:{hook.url}')
    run = pwb('global_lock', *usual, '-simulate', '-campaign:a')
    assert run.code == 0, run.said
    assert not hook.bodies
    run = pwb('global_lock', *usual, '-always', '-campaign:b')
    assert run.code == 1, run.said
    assert 's3cret' not in run.said
    for word in ('Spambot', 'Nobody', 'Secret', 'Operator'):
        assert not [body for body in hook.bodies if word in body]
    started, finished = hook.take()
    assert (started['event'], finished['event']) == ('started', 'finished')
    assert started['campaign'] == finished['campaign'] == 'b'
    assert started['targets']['planned'] == 2
    assert finished['targets']['done'] == 2 and finished['targets']['skipped'] == 1
    assert (finished['code'], finished['error']) == (1, '')
    # A guard stops it before anything is sent, or in the middle.
    names = ('Spambot 00005', 'Spambot 00006')
    run = pwb('global_lock', *names, *usual[1:], '-always', '-max:1')
    assert run.code == 4, run.said
    (stopped,) = hook.take()
    assert (stopped['event'], stopped['code']) == ('stopped', 4)
    assert stopped['error'] == 'StoppedByGuard'
    sandbox.faults.arm(Fault('demote', action=LOCK))
    run = pwb('global_lock', *names, *usual[1:], '-always')
    assert run.code == 3, run.said
    assert [notice['event'] for notice in hook.take()] == ['started', 'stopped']


def test_a_notice_that_cannot_be_delivered_changes_nothing(
    pwb: Script, sandbox: Sandbox, hook: Hook
) -> None:
    redirect = 'HTTP 302: a redirect, which is not followed'
    cases = [(500, 'HTTPError'), (302, redirect), (0, 'ConnectionError')]
    usual = ('-reason:x', '-always', f'-notify:{hook.url}')
    for number, (hook.status, why) in enumerate(cases, start=1):
        if not hook.status:
            hook.close()
        run = pwb('global_lock', f'Spambot {number:05}', *usual)
        assert run.code == 0, run.said
        assert f'could not be delivered ({why})' in run.out
        assert 's3cret' not in run.said
    assert len([e for e in sandbox.journal.entries(action=LOCK) if e.effect]) == 3
    run = pwb('global_lock', 'Spambot 00004', '-reason:x', '-notify:s3cret')
    assert run.code == 2 and 'https://' in run.err and 's3cret' not in run.err
