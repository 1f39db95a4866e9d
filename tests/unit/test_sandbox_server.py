"""The sandbox over real HTTP: broken answers, journal, commands, pages, files."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from centralauth_sandbox import Sandbox
from centralauth_sandbox.control import CommandError
from centralauth_sandbox.directories import NotOurs
from centralauth_sandbox.seeds import OPERATOR

PYWIKIBOT = Path(__file__).with_name('sandbox_pywikibot.py')


@pytest.fixture(scope='module')
def running() -> Iterator[Sandbox]:
    """Return a sandbox that runs for all tests of this file."""
    with Sandbox(wikis=2, accounts=60, penalty=0) as sandbox:
        yield sandbox


class Operator:
    """The operator, logged in with plain requests."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Initializer."""
        self.address = sandbox.wikis['meta'].address
        self._session = requests.Session()
        token = self.ask(action='query', meta='tokens', type='login')
        self.ask(
            action='clientlogin',
            username=OPERATOR,
            password=sandbox.credentials.operator,
            loginreturnurl='http://x.example/',
            logintoken=token['query']['tokens']['logintoken'],
        )
        token = self.ask(action='query', meta='tokens', type='setglobalaccountstatus')
        self.token = token['query']['tokens']['setglobalaccountstatustoken']

    def send(self, **params: Any) -> requests.Response:
        """Send a request."""
        params |= {'format': 'json', 'formatversion': '2'}
        return self._session.post(self.address, data=params, timeout=240)

    def ask(self, **params: Any) -> dict[str, Any]:
        """Send a request and decode its answer."""
        decoded: dict[str, Any] = self.send(**params).json()
        return decoded

    def lock(self, name: str, **params: Any) -> requests.Response:
        """Lock an account."""
        return self.send(
            action='setglobalaccountstatus',
            user=name,
            locked='lock',
            reason='r',
            token=self.token,
            **params,
        )

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """Return the sandbox as it was seeded."""
    running.reset()
    return running


@pytest.fixture
def operator(sandbox: Sandbox) -> Iterator[Operator]:
    """Return the operator, logged in."""
    operator = Operator(sandbox)
    yield operator
    operator.close()


NAME = 'Spambot 00001'


def locked(sandbox: Sandbox) -> bool:
    """Say whether the account under test is locked."""
    return sandbox.call(lambda farm: farm.accounts[NAME].locked)


@pytest.mark.parametrize('when', ['before', 'after'])
def test_a_dropped_connection(sandbox: Sandbox, operator: Operator, when: str) -> None:
    sandbox.faults.arm(kind='drop', when=when, action='setglobalaccountstatus')
    with pytest.raises(requests.ConnectionError):
        operator.lock(NAME)
    assert locked(sandbox) == (when == 'after')
    (entry,) = sandbox.journal.entries(action='setglobalaccountstatus')
    assert entry.effect == ('setstatus' if when == 'after' else '')
    assert (entry.answered, entry.fault) == (False, ('drop',))


def test_half_an_answer(sandbox: Sandbox, operator: Operator) -> None:
    sandbox.faults.arm(kind='half', action='setglobalaccountstatus')
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        operator.lock(NAME)
    assert locked(sandbox)


@pytest.mark.parametrize(
    ('fault', 'status', 'carried_out'),
    [
        ({'kind': 'html'}, 200, False),
        ({'kind': 'html', 'status': 503, 'when': 'after'}, 503, True),
        ({'kind': 'empty', 'when': 'after'}, 200, True),
        ({'kind': 'http'}, 502, False),
        ({'kind': 'http', 'status': 504, 'when': 'after'}, 504, True),
        ({'kind': 'retry-after', 'seconds': 7}, 429, False),
        ({'kind': 'retry-after', 'status': 503}, 503, False),
    ],
)
def test_answers_that_are_none(
    sandbox: Sandbox,
    operator: Operator,
    fault: dict[str, Any],
    status: int,
    carried_out: bool,
) -> None:
    sandbox.faults.arm(action='setglobalaccountstatus', **fault)
    response = operator.lock(NAME)
    assert response.status_code == status
    with pytest.raises(ValueError):
        response.json()
    assert ('Retry-After' in response.headers) == (fault['kind'] == 'retry-after')
    assert locked(sandbox) == carried_out


@pytest.mark.parametrize(
    ('fault', 'code'),
    [
        ({'kind': 'maxlag'}, 'maxlag'),
        ({'kind': 'readonly'}, 'readonly'),
        ({'kind': 'ratelimited'}, 'ratelimited'),
        ({'kind': 'cas-race'}, 'internal_api_error_RuntimeException'),
        ({'kind': 'state-mismatch'}, 'centralauth-state-mismatch'),
        ({'kind': 'expire-csrf'}, 'badtoken'),
        ({'kind': 'lose-session'}, 'assertnameduserfailed'),
        ({'kind': 'session-store-down'}, 'assertnameduserfailed'),
        ({'kind': 'demote'}, 'permissiondenied'),
        ({'kind': 'lock-operator'}, 'assertnameduserfailed'),
        ({'kind': 'rename-operator'}, 'assertnameduserfailed'),
        ({'kind': 'clock-jump', 'seconds': 7200.0}, 'assertnameduserfailed'),
    ],
)
def test_answers_that_are_errors(
    sandbox: Sandbox, operator: Operator, fault: dict[str, Any], code: str
) -> None:
    sandbox.faults.arm(action='writes', **fault)
    error = operator.lock(NAME, assertuser=OPERATOR, maxlag='5').json()['error']
    assert (error if isinstance(error, dict) else error[0][0])['code'] == code
    assert not locked(sandbox)


def test_a_parallel_lock_may_have_won(sandbox: Sandbox, operator: Operator) -> None:
    sandbox.faults.arm(kind='cas-race', when='after', action='writes')
    assert 'error' in operator.lock(NAME).json()
    assert locked(sandbox)


def test_the_journal_knows_no_secrets(sandbox: Sandbox, operator: Operator) -> None:
    operator.lock(NAME)
    address = sandbox.wikis['aa'].server
    headers = {'Sandbox-Key': sandbox.key}
    journal = requests.get(
        f'{address}/sandbox/journal', headers=headers, timeout=10
    ).text
    assert journal.count('\n') == len(sandbox.journal) == 4
    assert operator.token not in journal
    assert sandbox.credentials.operator not in journal
    assert NAME in journal


def test_the_counters_count(sandbox: Sandbox, operator: Operator) -> None:
    before = sandbox.summary()
    operator.lock(NAME)
    operator.lock(NAME)
    operator.lock('Nobody there')
    after = sandbox.summary()
    assert after['by_action']['setglobalaccountstatus'] == 3
    assert after['locked'] == before['locked'] + 1
    assert after['globalauth_log_entries'] == before['globalauth_log_entries'] + 1
    assert after['errors'] == {'nosuchuser': 1}
    assert after['logins'] == 1


def test_faults_and_commands_over_http(sandbox: Sandbox) -> None:
    address = f'{sandbox.wikis["meta"].server}/sandbox'
    with requests.Session() as session:
        session.headers['Sandbox-Key'] = sandbox.key
        armed = session.post(f'{address}/faults', json={'kind': 'http'}, timeout=240)
        assert armed.json()['faults'][0]['kind'] == 'http'
        refused = session.post(f'{address}/faults', json={'kind': 'x'}, timeout=240)
        assert (refused.status_code, 'unknown kind' in refused.text) == (400, True)
        for garbage in b'{', b'\xff', b'[' * 100_000:
            got = session.post(f'{address}/faults', data=garbage, timeout=240)
            assert got.status_code == 400
        assert (
            session.get(f'{address}/journal?since=\xb2', timeout=240).status_code == 400
        )
        session.delete(f'{address}/faults', timeout=240)
        assert sandbox.faults.armed() == []
        done = session.post(
            f'{address}/command', json={'command': 'lock', 'user': NAME}, timeout=10
        )
        assert done.status_code == 200
        assert locked(sandbox)
        wrong: list[dict[str, Any]] = [
            {'command': 'x'},
            {'command': 'lock'},
            {'command': 'lock', 'a': 1},
        ]
        for values in wrong:
            refused = session.post(f'{address}/command', json=values, timeout=240)
            assert refused.status_code == 400
            assert refused.json()['error']


def test_accounts_are_hidden_detached_and_read_stale_by_command(
    sandbox: Sandbox, operator: Operator
) -> None:
    """What colleagues, merges and caches do behind the back of an operator."""
    sandbox.command('hide', user=NAME, level='suppressed')
    sandbox.command('lock', user=NAME)
    sandbox.faults.arm(kind='stale-read', target=NAME, seconds=60.0)
    asked = {'action': 'query', 'meta': 'globaluserinfo', 'guiuser': NAME}
    found = operator.ask(**asked)['query']['globaluserinfo']
    assert (found['hidden'], found.get('locked', False)) == (True, False)
    wiki = sandbox.wikis['meta']
    assert wiki.db in sandbox.farm.accounts[NAME].attached
    sandbox.command('detach', user=NAME, wiki='meta')
    assert wiki.db not in sandbox.farm.accounts[NAME].attached
    for command, values in {
        'hide': {'user': NAME, 'level': 'deeply'},
        'detach': {'user': NAME, 'wiki': 'meta'},
    }.items():
        with pytest.raises(CommandError):
            sandbox.command(command, **values)


def test_pages_for_people_are_escaped_and_short(sandbox: Sandbox) -> None:
    sandbox.call(
        lambda farm: farm.central.edit('Bad', '<script>x</script>', user='<b>')
    )
    server = sandbox.wikis['meta'].server
    for path in ('/', '/?filter=locked', '/pages', '/logs', '/journal', '/wiki/Bad'):
        page = requests.get(server + path, timeout=240)
        assert page.status_code == 200
        assert '<script' not in page.text
        assert '<td><b>' not in page.text
        assert "default-src 'none'" in page.headers['Content-Security-Policy']
        assert page.headers['X-Content-Type-Options'] == 'nosniff'
        assert len(page.text) < 30_000
    assert requests.get(f'{server}/wiki/Nope', timeout=240).status_code == 404


def test_answers_are_compressed_where_that_is_wanted(sandbox: Sandbox) -> None:
    address = sandbox.wikis['meta'].address
    params = {'action': 'paraminfo', 'modules': 'main', 'format': 'json'}
    plain = requests.get(
        address, params=params, headers={'Accept-Encoding': ''}, timeout=10
    )
    packed = requests.get(address, params=params, timeout=240)
    assert 'Content-Encoding' not in plain.headers
    assert packed.headers['Content-Encoding'] == 'gzip'
    assert plain.json() == packed.json()


def test_secrets_are_written_for_their_owner_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.write_configuration(tmp_path)
    sandbox.write_configuration(tmp_path)
    mode = stat.S_IMODE((tmp_path / 'user-password.py').stat().st_mode)
    assert mode == 0o600


def test_a_foreign_configuration_is_left_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = tmp_path / 'user-config.py'
    config.write_text("family = 'wikipedia'\n")
    with pytest.raises(NotOurs):
        sandbox.write_configuration(tmp_path)
    assert config.read_text() == "family = 'wikipedia'\n"
    assert os.listdir(tmp_path) == ['user-config.py']


def test_the_configuration_of_a_running_farm_is_left_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.write_configuration(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = _command('--accounts', '5', '--directory', str(tmp_path))
    said, complaint = done.communicate(timeout=240)
    assert done.returncode == 2, said
    assert complaint.startswith(f'sandbox: {tmp_path.resolve() / "user-config.py"} is')
    assert 'is running: not overwritten; name another --directory' in complaint
    assert complaint.count('\n') == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_configuration_of_a_farm_that_has_ended_is_written_over(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with Sandbox(wikis=2, accounts=5) as ended:
        ended.write_configuration(tmp_path)
    before = (tmp_path / 'sandbox_family.py').read_text('utf-8')
    sandbox.write_configuration(tmp_path)
    assert (tmp_path / 'sandbox_family.py').read_text('utf-8') != before


@pytest.mark.parametrize('bot', [False, True], ids=['main password', 'bot password'])
@pytest.mark.parametrize('mediawiki', ['1.43', 'current'])
def test_unmodified_pywikibot_works_on_it(
    tmp_path: Path, bot: bool, mediawiki: str
) -> None:
    with Sandbox(wikis=2, mediawiki=mediawiki, accounts=20) as sandbox:
        sandbox.write_configuration(tmp_path, plugin=False, bot=bot)
        environment = os.environ | {'PYWIKIBOT_DIR': str(tmp_path)}
        environment.pop('PYWIKIBOT_NO_USER_CONFIG', None)
        done = subprocess.run(
            [sys.executable, str(PYWIKIBOT)],
            cwd=tmp_path,
            env=environment | {'MW_TOKENS_DISABLE': '1'},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == 'all of it worked'
        kinds = {entry.kind for entry in sandbox.journal.entries(action='edit')}
        assert kinds == {'botpassword' if bot else 'main'}


def test_the_command_line_says_what_is_wrong() -> None:
    done = _command('--wikis', '0')
    assert done.wait(240) == 2
    assert done.stderr is not None
    assert 'not between 1 and 250' in done.stderr.read()
    done.stderr.close()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_when_told(tmp_path: Path, number: int) -> None:
    running = _command('--accounts', '5', '--directory', str(tmp_path))
    assert running.stdout is not None and running.stderr is not None
    with running.stdout as output, running.stderr:
        assert 'is running' in output.readline()
        for line in output:
            if 'PYWIKIBOT_DIR' in line:
                break
        assert (tmp_path / 'user-config.py').exists()
        running.send_signal(number)
        assert 'has ended' in output.read()
        assert running.wait(240) == 0


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-m', 'centralauth_sandbox', *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
