"""The proxy before wikis: what it passes on, writes down and breaks."""

from __future__ import annotations

import json
import shlex
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from centralauth_sandbox import Proxy, Sandbox
from centralauth_sandbox.control import CommandError
from centralauth_sandbox.faults import ANSWER_KINDS, FaultError
from centralauth_sandbox.hooks import SandboxHooks
from centralauth_sandbox.seeds import OPERATOR
from centralauth_sandbox.serving import LARGEST_BODY

LOCK = 'setglobalaccountstatus'
NAME = 'Spambot 00001'
#: What the proxy cannot see, or sees under its own clock.
OWN = {'serial', 'time', 'monotonic', 'arrived', 'ended', 'bytes', 'kind'}


@pytest.fixture(scope='module')
def farm() -> Iterator[Sandbox]:
    """Wikis that know nothing of the proxy before them."""
    with Sandbox(wikis=2, accounts=60, penalty=0) as sandbox:
        yield sandbox


@pytest.fixture(scope='module')
def running(farm: Sandbox) -> Iterator[Proxy]:
    """A proxy before them."""
    upstreams = {code: wiki.address for code, wiki in farm.wikis.items()}
    hooks = SandboxHooks(farm.wikis['meta'].server, farm.key)
    with Proxy(upstreams, programs=hooks) as proxy:
        yield proxy


@pytest.fixture
def proxy(running: Proxy) -> Proxy:
    """The proxy before the wikis as they were seeded."""
    running.reset()
    return running


class Client:
    """Somebody who sends plain requests to one wiki."""

    def __init__(self, through: Sandbox | Proxy, code: str = 'meta') -> None:
        """Not logged in."""
        self.address = through.wikis[code].address
        self.session = requests.Session()
        self.token = ''

    def send(self, **params: Any) -> requests.Response:
        """Send a request."""
        params |= {'format': 'json', 'formatversion': '2'}
        return self.session.post(self.address, data=params, timeout=240)

    def ask(self, **params: Any) -> Any:
        """Send a request and decode its answer."""
        return self.send(**params).json()

    def tokens(self, type: str) -> str:
        """Return a token."""
        answer = self.ask(action='query', meta='tokens', type=type)
        return str(answer['query']['tokens'][f'{type}token'])

    def log_in(self, password: str, name: str = OPERATOR) -> Client:
        """Log in with the main password."""
        answer = self.ask(
            action='clientlogin',
            username=name,
            password=password,
            loginreturnurl='http://x.example/',
            logintoken=self.tokens('login'),
        )
        assert answer['clientlogin']['status'] == 'PASS'
        self.token = self.tokens(LOCK)
        return self

    def lock(self, **params: Any) -> requests.Response:
        """Lock an account."""
        return self.send(
            action=LOCK,
            user=NAME,
            locked='lock',
            reason='r',
            token=self.token,
            **params,
        )


def locked(farm: Sandbox) -> bool:
    """Tell whether the account is locked."""
    return farm.call(lambda state: state.accounts[NAME].locked)


def test_its_journal_is_that_of_the_wikis(farm: Sandbox, proxy: Proxy) -> None:
    """Who did what, in which order and with what result, without any help of theirs."""
    password = farm.credentials.operator
    client = Client(proxy).log_in(password)
    client.lock()
    client.send(action=LOCK, user='Nobody there', locked='lock', token='x')
    client.ask(action='query', meta='userinfo|siteinfo')
    minted = client.ask(action='centralauthtoken')
    token = minted['centralauthtoken']['centralauthtoken']
    other = Client(proxy, 'aa')
    other.ask(action='query', meta='userinfo', centralauthtoken=token)
    bot = Client(proxy, 'aa')
    name = f'{OPERATOR}@bot'
    login = {'lgname': name, 'lgpassword': farm.credentials.bot}
    bot.ask(action='login', lgtoken=bot.tokens('login'), **login)
    bot.ask(action='edit', title='A', text='b', token=bot.tokens('csrf'))
    bot.ask(action='edit', title='A', text='b', token=bot.tokens('csrf'))
    with pytest.raises(AssertionError):
        Client(proxy).log_in('no password')
    Client(proxy).ask(action='nonsense')
    fields = set(proxy.journal.entries()[0].__slots__) - OWN
    told, known = (
        [{name: getattr(entry, name) for name in fields} for entry in j.entries()]
        for j in (proxy.journal, farm.journal)
    )
    assert len(told) == len(known)
    for seen, done in zip(told, known, strict=True):
        assert seen == done
    for secret in password, farm.credentials.bot, client.token, token:
        assert secret not in proxy.journal.lines()


def outcome(client: Client) -> tuple[Any, ...]:
    """Return what a client sees of an answer."""
    try:
        answer = client.lock()
    except requests.RequestException as error:
        return (type(error),)
    names = 'Retry-After', 'Content-Type', 'Location'
    headers = [answer.headers.get(name) for name in names]
    return (answer.status_code, headers, answer.text)


FAULTS: list[dict[str, Any]] = [
    *({'kind': kind, 'seconds': 0.01} for kind in ANSWER_KINDS),
    *({'kind': kind, 'seconds': 0.01, 'when': 'after'} for kind in ANSWER_KINDS),
    {'kind': 'gateway', 'status': 200, 'body': 'no healthy upstream'},
    {'kind': 'http', 'status': 302, 'location': 'http://127.0.0.1/x'},
    {'kind': 'retry-after', 'status': 503, 'retry_after': 'soon'},
]


@pytest.mark.parametrize('fault', FAULTS, ids=lambda f: '-'.join(map(str, f.values())))
def test_a_fault_is_the_same_on_the_farm_and_before_it(
    farm: Sandbox, proxy: Proxy, fault: dict[str, Any]
) -> None:
    seen = []
    for place in farm, proxy:
        proxy.reset()
        client = Client(place).log_in(farm.credentials.operator)
        client.session.headers['Accept-Encoding'] = ''
        client.session.max_redirects = 0
        place.faults.arm(action=LOCK, **fault)
        found = outcome(client)
        (entry,) = place.journal.entries(action=LOCK)
        seen.append((found, locked(farm), entry.fault, entry.answered, entry.effect))
        assert place.faults.armed() == []
    assert seen[0] == seen[1]


def test_retry_after_is_a_number_or_a_date(proxy: Proxy) -> None:
    client = Client(proxy)
    proxy.faults.arm(kind='retry-after', seconds=7.0)
    proxy.faults.arm(kind='retry-after', seconds=7.0, nth=2, retry_after='date')
    found = [client.send(action='query').headers for _ in range(2)]
    assert found[0]['Retry-After'] == '7'
    waits = [parsedate_to_datetime(found[1][n]) for n in ('Retry-After', 'Date')]
    assert (waits[0] - waits[1]).total_seconds() == pytest.approx(7, abs=1)


def test_a_truncated_answer_ends_early_and_says_nothing_of_it(proxy: Proxy) -> None:
    client = Client(proxy)
    whole = client.send(action='query', meta='siteinfo')
    proxy.faults.arm(kind='truncated')
    part = client.send(action='query', meta='siteinfo')
    assert whole.text.startswith(part.text) and 0 < len(part.text) < len(whole.text)


def test_overlapping_requests_are_recognised(proxy: Proxy) -> None:
    first, second = Client(proxy), Client(proxy)
    proxy.faults.arm(kind='slow', when='after', seconds=0.2, action='paraminfo')
    thread = threading.Thread(target=first.ask, kwargs={'action': 'paraminfo'})
    thread.start()
    while not proxy.journal.entries():
        thread.join(0.001)
    second.ask(action='query')
    thread.join()
    second.ask(action='query')
    slow, inside, later = proxy.journal.entries()
    assert slow.overlaps(inside) and inside.overlaps(slow)
    assert not slow.overlaps(later) and not later.overlaps(inside)


def test_faults_of_state_are_played_by_hooks(farm: Sandbox, proxy: Proxy) -> None:
    """They hit the farm itself, at the request that a rule names."""
    for fault, code in (
        ({'kind': 'demote'}, 'permissiondenied'),
        ({'kind': 'lose-session'}, 'assertnameduserfailed'),
        ({'kind': 'lock-operator'}, 'assertnameduserfailed'),
        ({'kind': 'readonly'}, 'readonly'),
        ({'kind': 'maxlag'}, 'maxlag'),
    ):
        proxy.reset()
        client = Client(proxy).log_in(farm.credentials.operator)
        proxy.faults.arm(action='writes', **fault)
        asserted = {'assertuser': OPERATOR, 'maxlag': '5'}
        error = client.lock(**asserted).json()['error']
        assert error['code'] == code
        assert not locked(farm)
    # It lasted no longer than the request.
    assert 'error' not in client.lock(**asserted).json()
    with pytest.raises(FaultError, match='only the sandbox itself'):
        proxy.faults.arm(kind='cas-race')
    with pytest.raises(CommandError, match='no account'):
        proxy.command('lock', user='Nobody')


def test_hooks_are_programs_of_the_farm(farm: Sandbox, tmp_path: Path) -> None:
    """A test that needs a hook learns that it is missing, or that it failed."""
    log = tmp_path / 'log'
    note = shlex.join(['sh', '-c', f'echo "$FARM_COMMAND $FARM_USER" >>{log}'])
    fail = shlex.join(['sh', '-c', 'echo first; echo no such user >&2; exit 3'])
    upstreams = {'meta': farm.wikis['meta'].address}
    with Proxy(upstreams, programs={'demote': note, 'lock': fail}) as proxy:
        client = Client(proxy).log_in(farm.credentials.operator)
        proxy.faults.arm(kind='demote', action=LOCK)
        assert client.lock().status_code == 200
        proxy.command('demote', user='A "quoted" name; true')
        with pytest.raises(CommandError, match='exit code 3: no such user'):
            proxy.command('lock', user='x')
        with pytest.raises(CommandError, match="no hook 'promote'"):
            proxy.command('promote', user='x')
        with pytest.raises(FaultError, match="no hook 'end-sessions'"):
            proxy.faults.arm(kind='lose-session')
        proxy.faults.arm(kind='lock-operator')
        refused = client.lock()
        assert (refused.status_code, 'hook' in refused.text) == (500, True)
    lines = log.read_text('utf-8').splitlines()
    assert lines == [f'demote {OPERATOR}', 'demote A "quoted" name; true']


def test_files_and_long_texts_pass(farm: Sandbox, proxy: Proxy) -> None:
    client = Client(proxy).log_in(farm.credentials.operator)
    content = b'\x89PNG\r\n\x1a\n' + bytes(range(256)) * 8000
    fields = {'action': 'upload', 'filename': 'A.png', 'format': 'json'}
    fields |= {'token': client.tokens('csrf'), 'comment': 'c', 'ignorewarnings': '1'}
    sent = client.session.post(
        client.address, data=fields, files={'file': ('A.png', content)}, timeout=30
    )
    assert sent.json()['upload']['result'] == 'Success', sent.text
    asked = {'action': 'query', 'titles': 'File:A.png', 'prop': 'imageinfo'}
    (page,) = client.ask(**asked, iiprop='url')['query']['pages']
    url = page['imageinfo'][0]['url']
    assert url.startswith(proxy.wikis['meta'].server)
    assert requests.get(url, timeout=240).content == content
    text = 'ä' * 300_000
    client.ask(action='edit', title='Long', text=text, token=client.tokens('csrf'))
    stored = farm.call(lambda state: state.wikis['meta'].page('Long'))
    assert stored is not None and stored.latest.text == text


def test_a_body_that_is_too_long_is_refused(proxy: Proxy) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(LARGEST_BODY // 2**20 + 2):
            yield bytes(2**20)

    sent = requests.post(proxy.wikis['meta'].address, data=endless(), timeout=240)
    assert sent.status_code == 413
    assert Client(proxy).send(action='query').status_code == 200


class Elsewhere(BaseHTTPRequestHandler):
    """A web server that redirects, and sets cookies for its domain."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self) -> None:
        """Answer with what was sent."""
        own = f'http://{self.headers["Host"]}'
        shown = {
            'cookie': self.headers['Cookie'],
            'origin': self.headers['Origin'],
            'server': own,
            'text': f'see {own}/x',
            'content': json.dumps({'server': own}),
        }
        body = json.dumps(shown).encode()
        self.send_response(302 if self.path.startswith('/w/api.php?') else 200)
        self.send_header('Location', f'{own}/w/index.php?a=%2Fb')
        self.send_header('Set-Cookie', f'a=1; Domain={own[7:16]}; Secure; path=/')
        self.send_header('Set-Cookie', 'b=2; path=/; HttpOnly; SameSite=None')
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of that server."""
    with ThreadingHTTPServer(('127.0.0.77', 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f'http://127.0.0.77:{server.server_port}'
        server.shutdown()
        thread.join()


def test_cookies_redirects_and_addresses_are_those_of_the_proxy(elsewhere: str) -> None:
    with Proxy({'x': f'{elsewhere}/w/api.php'}) as proxy, requests.Session() as client:
        own = proxy.wikis['x'].server
        client.headers['Origin'] = own
        client.get(proxy.wikis['x'].address, timeout=240)
        answer = client.get(f'{own}/w/api.php?format=json', timeout=240)
        assert answer.url == f'{own}/w/index.php?a=%2Fb'
        shown = answer.json()
        assert {*shown['cookie'].split('; ')} == {'a=1', 'b=2'}
        assert shown['origin'] == shown['server'] == elsewhere
        # Of the API's answers, what tells where the wiki is leads to the proxy, too.
        api = client.get(f'{own}/w/api.php', timeout=30, allow_redirects=False).json()
        assert api['server'] == own
        assert api['text'] == f'see {elsewhere}/x'
        assert json.loads(api['content']) == {'server': elsewhere}


def test_a_wiki_that_does_not_answer_is_a_lost_connection() -> None:
    with Proxy({'x': 'http://127.0.0.1:1/w/api.php'}) as proxy:
        with pytest.raises(requests.ConnectionError):
            Client(proxy, 'x').send(action='query')
        (entry,) = proxy.journal.entries()
        assert (entry.result, entry.answered, entry.status) == ('no-answer', False, 0)


def test_the_command_takes_a_farm_file_and_rules(farm: Sandbox, tmp_path: Path) -> None:
    farm.reset()
    farm.write_configuration(tmp_path / 'farm')
    rules = tmp_path / 'rules.json'
    rules.write_text('[{"kind": "http", "action": "query", "nth": 2}]', 'utf-8')
    command = [sys.executable, '-m', 'centralauth_sandbox', 'proxy', '--farm']
    command += [str(tmp_path / 'farm' / 'farm.toml'), '--rules', str(rules)]
    command += ['--directory', str(tmp_path / 'proxy')]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = server = ''
        for line in running.stdout:
            if line.startswith('  meta '):
                address = line.split()[1]
            if line.startswith('  commands '):
                server = line.split()[1]
            if 'sandbox-key' in line:
                break
        asked = {'action': 'query', 'format': 'json', 'meta': 'siteinfo'}
        found = [requests.get(address, asked, timeout=240).status_code for _ in '123']
        assert found == [200, 502, 200]
        key = tmp_path / 'proxy' / 'sandbox-key'
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        name, _, value = key.read_text('utf-8').partition(': ')
        headers = {name: value}
        wanted = {'command': 'lock', 'user': NAME}
        done = requests.post(
            f'{server}command', json=wanted, headers=headers, timeout=30
        )
        assert done.json() == {'command': 'lock', 'done': True}
        assert locked(farm)
        assert requests.get(f'{server}journal', timeout=240).status_code == 401
        running.terminate()
        assert 'has ended' in running.stdout.read()
    assert running.returncode == 0


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        ([], 'name an api.php by --upstream'),
        (['--upstream', 'ftp://x'], 'is not the address of an api.php'),
        (['--upstream', 'http://a.b/c', '--upstream', 'http://a.d/c'], 'two wikis'),
        (['--farm', '/nonexistent'], '/nonexistent: '),
        (['--farm', 'tests/farm.example.toml', '--upstream', 'http://a'], 'already'),
        (['--upstream', 'http://a/b', '--rules', '/nonexistent'], 'No such file'),
    ],
)
def test_bad_arguments_are_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from centralauth_sandbox.__main__ import main

    assert main(['proxy', *arguments]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count('\n') == 1
