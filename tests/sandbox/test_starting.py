"""What goes wrong before the first target has an exit code that says who has to act.

No such start ends with 1, which is for targets that failed, and none shows a secret in
any stream or file.
"""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from centralauth_sandbox import Fault

from .desk import NAMESPACE, Desk, Run, _take_terminal

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .farms import Farm

LOCK = 'setglobalaccountstatus'
SECRET = 'Planted-Secret'
LEDGER = f'-ledger:mysql+pymysql://x:{SECRET}@127.0.0.1:1/x?user=u&password={SECRET}'
TARGETS = ('Spambot 00001', 'Spambot 00002')
USUAL = (*TARGETS, '-reason:x', '-always')

#: A start of each script that would do something.
STARTS = {
    'global_lock': USUAL,
    'global_delete': USUAL,
    'global_block': (*USUAL, '-expiry:1 week'),
    'global_status': TARGETS,
    'crosswiki_delete': ('aawiki\tSpam page 00003 2', '-reason:x', '-always'),
    'link_account': ('-list',),
    'campaign': ('list',),
    'token_doctor': (),
    'own': (*TARGETS, '-reason:x', '-always'),
}

#: A campaign of one's own, in which a bug can be planted.
OWN = """
import os
import sys
import warnings

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Decision, Outcome, State
from mw_tokens_plugin.cli.script import CampaignScript, Kind


class Count(Action):
    kind = 'count'

    def __init__(self, run, campaign):
        self.done = 0

    def describe(self):
        return 'count'

    def plan(self, names):
        if os.environ.get('BUG') == 'plan':
            raise KeyError('token=0123456789abcdef0123456789abcdef+\\\\')
        for name in names:
            yield Decision(name)

    def apply(self, target):
        self.done += 1
        if os.environ.get('BUG') == 'apply' and self.done == 2:
            raise ZeroDivisionError('a bug\x1b[31m')
        return Outcome(State.DONE, changed=True)

    def reconcile(self, targets):
        for target in targets:
            yield target, None


def targets(run):
    return CampaignScript.Listing(run.named(str.strip))


SCRIPT = CampaignScript(
    __file__, CampaignScript.Options, targets, {'count': Kind(Count)}
)

if __name__ == '__main__':
    sys.exit(SCRIPT.main())
"""


needs_namespaces = pytest.mark.skipif(
    shutil.which(NAMESPACE[0]) is None
    or bool(subprocess.run([*NAMESPACE, 'true'], capture_output=True).returncode),
    reason='mounting needs namespaces, which this machine does not give to users',
)


def configure(desk: Desk, text: str) -> None:
    with (desk.directory / 'user-config.py').open('a') as file:
        file.write(f'\n{text}\n')


def passwords(text: str) -> Callable[[Desk], Any]:
    return lambda desk: (desk.directory / 'user-password.py').write_text(text)


def damage(name: str, content: bytes) -> Callable[[Desk], Any]:
    return lambda desk: (desk.directory / name).write_bytes(content)


def config(text: str) -> Callable[[Desk], None]:
    return lambda desk: configure(desk, text)


#: How a desk is spoilt, the exit code that follows, and what is said.
SPOILT: dict[str, tuple[Callable[[Desk], Any], int, str]] = {
    'unknown language': (config("mylang = 'xx'"), 2, 'no wiki sandbox:xx'),
    'unknown family': (config("family = 'nofam'"), 2, 'no wiki nofam:'),
    'no user name': (config('usernames.clear()'), 2, 'names no account'),
    'a comma': (
        passwords(f"('Sandbox Operator', '{SECRET}'),"),
        2,
        '1 has a comma',
    ),
    'a wrong line': (passwords(f"\n'{SECRET}'"), 2, 'line 2 does not have'),
    'no line': (passwords(f"('Another', '{SECRET}')"), 2, 'has no line for Sandbox Op'),
    'an open file': (
        lambda desk: (desk.directory / 'user-password.py').chmod(0o644),
        2,
        'can be read by others',
    ),
    'a damaged throttle.ctrl': (
        damage('throttle.ctrl', b'\xff\xfe'),
        2,
        'throttle.ctrl, which is damaged',
    ),
    'numbers without an end in throttle.ctrl': (
        damage('throttle.ctrl', b'x 1 1e999 sandbox:meta\n'),
        2,
        'throttle.ctrl, which is damaged',
    ),
    'damaged cookies': (
        damage('pywikibot-Sandbox_Operator.lwp', b'#LWP-Cookies-2.0\n\xff\xfe'),
        2,
        'Operator.lwp, which is damaged',
    ),
    'a folder for cookies': (
        lambda desk: (desk.directory / 'pywikibot-Sandbox_Operator.lwp').mkdir(),
        2,
        'Operator.lwp cannot be used: Is a directory',
    ),
    'a pipe for cookies': (
        lambda desk: os.mkfifo(desk.directory / 'pywikibot-Sandbox_Operator.lwp'),
        2,
        'Operator.lwp cannot be used: it is not a file',
    ),
    'a file for logs': (damage('logs', b''), 2, 'logs'),
    'a bug in the family': (
        lambda desk: (desk.directory / 'sandbox_family.py').write_text(
            (desk.directory / 'sandbox_family.py')
            .read_text()
            .replace("return 'http'", f"raise ZeroDivisionError('password={SECRET}')")
        ),
        70,
        'Something unforeseen happened: ZeroDivisionError: password=***.',
    ),
}
#: Those that all scripts meet.
EVERYWHERE = ('unknown language', 'no user name', 'a comma', 'a bug in the family')


@pytest.fixture(autouse=True)
def _hang_up_is_heard() -> Iterator[None]:
    """Let scripts hear of a terminal that is closed, also in tests run by nohup."""
    previous = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, previous)


def files(desk: Desk) -> dict[str, str]:
    """Return what all files of a desk hold that the script may have written."""
    return {
        path.name: path.read_text('utf-8', 'replace')
        for path in desk.directory.rglob('*')
        if path.is_file()
        and path.name not in ('user-password.py', 'sandbox_family.py')
        and path.suffix != '.pyc'
        and 'scripts' not in path.relative_to(desk.directory).parts
    }


def check(desk: Desk, run: Run, code: int, words: str) -> None:
    assert run.code == code, run.said
    assert words in run.err
    assert 'Traceback' not in run.said
    assert SECRET not in run.said
    assert 'ERROR: ' in run.err.splitlines()[-1]
    assert not [name for name, text in files(desk).items() if SECRET in text]


@pytest.mark.parametrize('how', SPOILT)
def test_a_start_that_fails_says_who_has_to_act(
    how: str, desk: Desk, sandbox: Sandbox
) -> None:
    spoil, code, words = SPOILT[how]
    spoil(desk)
    check(desk, desk.run(*USUAL), code, words)
    assert not sandbox.journal.entries(action=LOCK)


@pytest.mark.parametrize('name', [name for name in STARTS if name != 'global_lock'])
def test_so_does_every_script(name: str, farm: Farm, tmp_path: Path) -> None:
    for how in EVERYWHERE:
        directory = tmp_path / how.replace(' ', '-')
        directory.mkdir()
        farm.configure(directory)
        desk = Desk(directory, name)
        # One of them shows what is imported before pywikibot finds the fault.
        desk.forks = how != 'a comma'
        (directory / 'own.py').write_text(OWN)
        spoil, code, words = SPOILT[how]
        spoil(desk)
        run = desk.run(*STARTS[name])
        assert SECRET not in run.said
        assert not [n for n, text in files(desk).items() if SECRET in text]
        if name == 'campaign' and how != 'a comma':
            # It needs no wiki.
            assert run.code == 0, run.said
        elif name == 'global_status' and how == 'no user name':
            # What everybody may read needs no login, but a way to contact you.
            assert run.code == 2 and 'does not say whom to contact' in run.said
            configure(desk, "user_agent_description = 'https://example.org/bot'")
            run = desk.run(*STARTS[name])
            assert run.code == 0, run.said
        elif name == 'token_doctor' and how != 'a bug in the family':
            # It tells what it finds, as its output.
            assert run.code == (3 if 'name' in how else 2), run.said
            assert words in run.said
        else:
            assert run.code == code, (how, run.said)
            assert words in run.err
            assert 'Traceback' not in run.said


def test_a_database_is_refused_without_a_secret(desk: Desk, sandbox: Sandbox) -> None:
    run = desk.run(*USUAL, LEDGER)
    check(desk, run, 75, 'cannot be opened')
    assert '//x:***@127.0.0.1:1/x?user=u&password=***' in run.err
    # All users of the machine have read it.
    assert 'can read the password in -ledger' in run.err
    # Nor does pywikibot's log of commands hold one, whatever option it was meant for.
    before = len(sandbox.journal.entries())
    wrong = LEDGER.replace('-ledger', '-leger')
    apart = LEDGER.removeprefix('-ledger:')
    run = desk.run(*USUAL, wrong, f'-return:{SECRET}', apart)
    check(desk, run, 2, 'not understood')
    log = desk.directory / 'logs' / 'commands.log'
    assert '"-leger:***" "-return:***" "***"' in log.read_text()
    # That is said although no wiki may answer: none is asked.
    assert len(sandbox.journal.entries()) == before
    run = desk.run('-help', LEDGER)
    assert run.code == 0, run.said
    assert SECRET not in log.read_text()
    assert not sandbox.journal.entries(action=LOCK)


@needs_namespaces
@pytest.mark.parametrize(
    'option',
    ['-ledger:{}/ledger', '-log-json:{}/log', '-report:{}/report'],
)
def test_a_disk_that_takes_no_file_is_found_out_before_the_first_target(
    option: str, desk: Desk, sandbox: Sandbox
) -> None:
    disk = desk.directory / 'disk'
    disk.mkdir()
    option = option.format(disk)
    mount = f'mount -t tmpfs -o size=64k,nr_inodes=8 none {disk}'
    run = desk.run_in(f'{mount}; mount -o remount,ro {disk}', *USUAL, option)
    check(desk, run, 2, str(disk))
    fill = f'for n in 1 2 3 4 5 6 7; do echo > {disk}/$n; done'
    run = desk.run_in(f'{mount}; {fill}', *USUAL, option)
    check(desk, run, 75, str(disk))
    assert not sandbox.journal.entries(action=LOCK)


@needs_namespaces
def test_a_folder_of_pywikibot_that_is_read_only(desk: Desk) -> None:
    folder = desk.directory
    run = desk.run_in(
        f'mount --bind {folder} {folder}; mount -o remount,ro,bind {folder}',
        *USUAL,
    )
    check(desk, run, 2, 'Read-only file system')


def test_a_gateway_that_fails_once_ends_no_start(
    global_lock: Callable[..., Run],
    farm: Farm,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever request it is."""
    import pywikibot
    from pywikibot import config

    paused: list[float] = []
    monkeypatch.setattr(pywikibot, 'sleep', paused.append)
    for nth in range(1, 30):
        farm.choose(Path(config.base_dir))
        sandbox.faults.arm(Fault('gateway', nth=nth, status=503))
        run = global_lock(*TARGETS, '-reason:x', '-simulate')
        assert run.code in (0, 75), (nth, run.said)
        assert 'Traceback' not in run.said
        if sandbox.faults.armed():
            break
    assert nth > 5
    assert len(paused) >= 5
    sandbox.faults.clear()


@pytest.mark.parametrize('closed', ['<&-', '<&- >&- 2>&-'])
def test_closed_streams_end_no_campaign(
    closed: str, desk: Desk, farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    names = spambots(1)
    command = ['sh', '-c', f'exec "$@" {closed}', '', *desk._pwb, *names, '-reason:x']
    run = desk.run_as([*command, '-always'])
    assert run.code == 0, run.said
    assert run.err in ('', 'Logging in to sandbox:meta as Sandbox Operator\n')
    assert farm.locked(names) == names
    # Nobody can be asked.
    assert desk.run_as(command).code == 2


def test_a_full_disk_behind_the_streams_changes_no_exit_code(
    desk: Desk, farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    names = spambots(1)
    command = ['sh', '-c', 'exec "$@" > /dev/full 2>&1', '', *desk._pwb]
    assert desk.run_as([*command, *names, '-reason:x', '-always']).code == 0
    assert farm.locked(names) == names
    assert desk.run_as([*command, '-nonsense']).code == 2


def test_a_log_that_fails_later_stops_the_run_before_the_next_target(
    desk: Desk, farm: Farm, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    names = spambots(3)
    run = desk.run(*names, '-reason:x', '-always', '-log-json:/dev/full')
    assert run.code == 75, run.said
    assert '/dev/full cannot be used: No space left' in run.err
    assert 'Traceback' not in run.said
    assert len(farm.locked(names)) == 1
    assert desk.run('-resume', '-always').code == 0
    assert len(sandbox.journal.entries(action=LOCK)) == 3


# Internal errors


@pytest.mark.parametrize(('bug', 'done'), [('plan', 0), ('apply', 1)])
def test_an_internal_error_leaves_a_private_traceback_and_the_line_to_resume(
    bug: str, done: int, farm: Farm, tmp_path: Path
) -> None:
    directory = tmp_path / 'desk'
    directory.mkdir()
    farm.configure(directory)
    (directory / 'own.py').write_text(OWN)
    desk = Desk(directory, 'own')
    desk.forks = False
    run = desk.run('A', 'B', 'C', '-reason:x', '-always', environment={'BUG': bug})
    assert run.code == 70, run.said
    assert 'Traceback' not in run.said
    assert '0123456789abcdef' not in run.said
    (path,) = (directory / 'logs').glob('internal-error-*')
    assert f'The details are in {path}' in run.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert 'own.py' in text and 'Traceback' in text
    assert '\x1b' not in text
    assert '0123456789abcdef' not in text
    assert 'own.py -resume -campaign:' in run.out
    # The ledger is right: when the bug is gone, the rest is done, and nothing twice.
    run = desk.run('-resume', '-always')
    assert run.code == 0, run.said
    assert 'Done:      3' in run.out


# The name of a script


@pytest.mark.parametrize(
    ('typed', 'own', 'hint'),
    [
        ('global_unlock', 'global_lock', 'pwb global_lock -unlock'),
        ('global_lok.py', 'global_lock', 'pwb global_lock -help'),
        ('crosswiki_undelete', 'crosswiki_delete', 'pwb crosswiki_delete -undo:'),
        ('global_delet', 'global_delete', 'pwb global_delete -help'),
        ('own_campaing', 'own_campaign', 'pwb own_campaign -help'),
        ('campaing', 'campaign', 'pwb campaign -help'),
    ],
)
def test_a_misspelt_script_never_acts(
    typed: str, own: str, hint: str, desk: Desk, sandbox: Sandbox
) -> None:
    configure(desk, 'pwb_autostart_waittime = 0')
    (desk.directory / 'own_campaign.py').write_text(OWN)
    pwb, _ = desk._forked
    before = len(sandbox.journal.entries())
    # Where several are similar, pwb asks which.
    run = desk.run_as([pwb, typed, *USUAL], b'1\n')
    check(desk, run, 2, f'{own!r}, which was started in its place')
    assert hint in run.err
    assert len(sandbox.journal.entries()) == before
    assert not desk.ledger.exists()


def test_a_script_runs_however_its_own_name_is_given(desk: Desk) -> None:
    (pwb, _), (forked, _) = desk._pwb, desk._forked
    for command in (
        [forked, 'global_lock.py'],
        [forked, 'scripts/global_lock.py'],
        [forked, '-lang:meta', '-nolog', 'global_lock'],
        [pwb, '-user:Sandbox Operator', 'global_lock'],
        [sys.executable, 'scripts/global_lock.py'],
    ):
        run = desk.run_as([*command, 'Spambot 00001', '-reason:x', '-simulate'])
        assert run.code == 0, (command, run.said)
        assert 'Warning' not in run.said


# Paths and signals


def test_a_tilde_is_the_home_directory_in_every_option(
    desk: Desk, farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    home = desk.directory / 'home'
    home.mkdir()
    name, kept = spambots(2)
    (home / 'names').write_text(f'{name}\n{kept}\n')
    (home / 'kept').write_text(kept)
    run = desk.run(
        *('-file:~/names', '-not:~/kept', '-reason:x', '-always', '-ledger:~/ledger'),
        *('-log-json:~/log', '-report:~/report'),
        environment={'HOME': str(home)},
    )
    assert run.code == 1, run.said
    assert farm.locked([name, kept]) == [name]
    assert {path.name for path in home.iterdir()} >= {'ledger', 'log', 'report'}
    assert not list(desk.directory.rglob('~*'))


def start_slowly(desk: Desk, sandbox: Sandbox) -> subprocess.Popen[str]:
    """Start a run, and wait until it waits for the answer to its first write."""
    sandbox.faults.arm(Fault('slow', action=LOCK, seconds=2))
    process = desk.start(*USUAL)
    desk.wait(process, lambda: not sandbox.faults.armed())
    return process


def test_a_hang_up_ends_the_run_in_order(desk: Desk, sandbox: Sandbox) -> None:
    process = start_slowly(desk, sandbox)
    # The shell tells of a terminal that is closed, and so does the system.
    process.send_signal(signal.SIGHUP)
    desk.hear(process, 'Stopping')
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 130, (out, err)
    assert 'pwb global_lock -resume -campaign:' in out
    assert 'done: Spambot 00001' in out
    assert 'Traceback' not in err
    assert desk.run('-resume', '-always').code == 0
    assert len(sandbox.journal.entries(action=LOCK)) == 2


def test_a_run_that_is_to_outlive_its_terminal_does_so(
    desk: Desk, sandbox: Sandbox
) -> None:
    with ExitStack() as stack:
        # What nohup does.
        previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        stack.callback(signal.signal, signal.SIGHUP, previous)
        process = start_slowly(desk, sandbox)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, (out, err)


def test_a_terminal_that_is_gone_is_no_error(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.faults.arm(Fault('slow', action=LOCK, seconds=2))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*desk._pwb, *USUAL],
        cwd=desk.directory,
        env=desk._environment({'TERM': 'dumb'}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(theirs)
    # Somebody has to read, or it could not go on.
    while sandbox.faults.armed():
        assert process.poll() is None
        if select.select([ours], [], [], 0.01)[0]:
            os.read(ours, 65536)
    os.close(ours)
    assert process.wait(240) == 130
    assert desk.run('-resume', '-always').code == 0
    assert len(sandbox.journal.entries(action=LOCK)) == 2


@pytest.mark.parametrize(
    'damaged',
    [
        b'#LWP-Cookies-2.0\nSet-Cookie3: x\n',
        b'#LWP-Cookies-2.0\nSet-Cookie3: a=b; domain=x; path="/"; version=none\n',
        b'#LWP-Cookies-2.0\n' + b'# \n' * 9000 + b'\xff\xfe',
        b'',
    ],
    ids=['cookie', 'version', 'far inside', 'empty'],
)
def test_cookies_that_are_no_cookies_cost_a_login(
    global_lock: Callable[..., Run], sandbox: Sandbox, damaged: bytes
) -> None:
    from pywikibot import config

    Path(config.base_dir, 'pywikibot-Sandbox_Operator.lwp').write_bytes(damaged)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        run = global_lock('Spambot 00001', '-reason:test', '-always')
    assert run.code == 0, run.said
    assert 'Traceback' not in run.said + ''.join(str(w.message) for w in caught)
    assert sandbox.summary()['logins'] == 1
