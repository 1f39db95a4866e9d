"""What travels to foreign sites: each token once, and what becomes of a refused one."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pywikibot.exceptions import APIError
from pywikibot.exceptions import Error as PywikibotError
from pywikibot.throttle import Throttle

from centralauth_sandbox import Sandbox
from centralauth_sandbox.errors import ApiError
from mw_tokens_plugin.exceptions import (
    BadUsername,
    CentralAuthTokenRefused,
    HttpRefusal,
    NoCentralAuthToken,
    RenameInProgress,
    SessionError,
    SessionLost,
)
from mw_tokens_plugin.site.requests import TokenRequest

from .desk import Desk
from .farms import Farm
from .foreign import OPERATOR, Wire, clear_journal, mints, steps, wired, write_pages


class Unhurried(Throttle):
    """A throttle that never lets anybody wait."""

    @staticmethod
    def wait(seconds: float) -> None:
        """Go on."""


@pytest.fixture
def wire(farm: Farm) -> Iterator[Wire]:
    """All that is sent, which is held to what must always be so."""
    hosts = {url.split('/')[2] for c, url in farm.wikis.items() if c != farm.central}
    with wired() as wire:
        yield wire
        wire.check(hosts)


@pytest.fixture
def foreign(
    site: Any, sandbox: Sandbox, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Another wiki with warm caches, where nothing waits."""
    from pywikibot import config

    monkeypatch.setattr(config, 'retry_wait', 0)
    sandbox.command('set-lifetimes', penalty=0.0)
    foreign = site.foreign_site('aa')
    foreign._throttle = Unhurried(foreign)
    write_pages(sandbox, 'aa', *(f'Spam page {letter}' for letter in 'ABCDEFGH'))
    delete(foreign, 'H')
    clear_journal(sandbox)
    yield foreign
    sandbox.command('set-lifetimes', penalty=3.0)


def delete(foreign: Any, letter: str) -> None:
    """Delete a page, with pywikibot's own code."""
    import pywikibot

    pywikibot.Page(foreign, f'Spam page {letter}').delete('test', prompt=False)


def deleted(sandbox: Sandbox) -> list[str]:
    """Return who has deleted pages."""
    return [e.user for e in sandbox.journal.entries(action='delete') if e.effect]


# The usual way


def test_a_write_costs_two_requests(foreign: Any, sandbox: Sandbox) -> None:
    for letter in 'ABCDEF':
        delete(foreign, letter)
    foreign.home_login.tokens.take()  # waits for the one that is under way
    assert deleted(sandbox) == [OPERATOR] * 6
    assert len(sandbox.journal.entries(wiki='aa')) == 6
    assert mints(sandbox) <= 6 + 1


def test_the_csrf_token_outlives_the_centralauthtokens(
    foreign: Any, sandbox: Sandbox
) -> None:
    token = foreign.tokens.csrf
    for letter in 'ABCDEF':
        delete(foreign, letter)
    assert foreign.tokens.csrf is token
    assert sandbox.summary()['token_fetches'] == {}


def test_tokens_travel_in_the_url_alone(foreign: Any, wire: Wire) -> None:
    delete(foreign, 'A')
    (sent,) = [sent for sent in wire.sent if sent.body.get('title') == 'Spam page A']
    assert sent.method == 'POST'
    assert set(sent.url) == {'centralauthtoken'}
    assert sent.body['assertuser'] == OPERATOR


def test_tokens_of_older_wikis_are_hexadecimal_and_work_too(
    old_site: Any, old_sandbox: Sandbox
) -> None:
    write_pages(old_sandbox, 'aa', 'Spam page A')
    with wired() as wire:
        delete(old_site.foreign_site('aa'), 'A')
    assert deleted(old_sandbox) == [OPERATOR]
    assert all(re.fullmatch('[0-9a-f]{33,}', token) for token in wire.tokens())


def test_threads_share_a_site_and_no_token(
    foreign: Any, sandbox: Sandbox, wire: Wire
) -> None:
    titles = [f'Spam page {number}' for number in range(40)]
    write_pages(sandbox, 'aa', *titles)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda title: delete(foreign, title[10:]), titles))
    assert deleted(sandbox) == [OPERATOR] * 40
    # One ahead for each thread is the most that is minted in vain.
    assert len(wire.tokens()) <= mints(sandbox) + 1 <= 40 + 1 + 8 + 1


# Reads


def test_reads_are_those_of_the_account(foreign: Any, sandbox: Sandbox) -> None:
    list(foreign.allpages(total=3))
    users = {e.user for e in sandbox.journal.entries(wiki='aa')}
    assert users == {OPERATOR}


def test_anonymous_reads_cost_no_token_and_no_login(
    site: Any, sandbox: Sandbox
) -> None:
    foreign = site.foreign_site('aa', reads='anonymous')
    list(foreign.allpages(total=1))
    clear_journal(sandbox)
    for _ in range(5):
        assert len(list(foreign.allpages(total=3))) == 3
    entries = sandbox.journal.entries()
    assert [e.wiki for e in entries] == ['aa'] * 5
    assert {e.user for e in entries} == {''}
    assert foreign.user() == OPERATOR


def test_anonymous_reads_are_not_those_that_need_the_account(
    site: Any, sandbox: Sandbox
) -> None:
    import pywikibot

    foreign = site.foreign_site('aa', reads='anonymous')
    write_pages(sandbox, 'aa', 'Spam page A')
    page = pywikibot.Page(foreign, 'Spam page A')
    assert page.exists()
    page.delete('test', prompt=False)
    clear_journal(sandbox)
    assert list(page.loadDeletedRevisions())
    del foreign.userinfo
    assert foreign.userinfo['name'] == OPERATOR
    needy = [
        e.user
        for e in sandbox.journal.entries(wiki='aa', action='query')
        if 'deletedrevisions' in e.params.get('prop', '')
        or e.params.get('meta') == 'userinfo'
    ]
    assert len(needy) >= 2 and set(needy) == {OPERATOR}


def test_anonymous_reading_and_writing_as_somebody_go_together(
    site: Any, sandbox: Sandbox, wire: Wire
) -> None:
    import pywikibot

    foreign = site.foreign_site('aa', reads='anonymous')
    for number in range(3):
        page = pywikibot.Page(foreign, f'Spam page new {number}')
        page.text = 'one'
        page.save(summary='test', quiet=True)
        page.text = 'two'
        page.save(summary='test', quiet=True)
    edits = [e.user for e in sandbox.journal.entries(action='edit') if e.effect]
    assert edits == [OPERATOR] * 6
    assert sandbox.summary()['logins'] == 1


# Tokens that are refused


def test_a_dead_centralauthtoken_is_minted_anew(foreign: Any, sandbox: Sandbox) -> None:
    csrf = foreign.tokens.csrf
    sandbox.faults.arm(kind='expire-centralauthtokens', action='delete')
    delete(foreign, 'A')
    assert steps(sandbox, 'aa') == ['delete: badtoken', 'delete']
    assert foreign.tokens.csrf is csrf


def test_a_dead_csrf_token_is_fetched_anew(foreign: Any, sandbox: Sandbox) -> None:
    sandbox.faults.arm(kind='expire-csrf', action='delete')
    delete(foreign, 'A')
    assert steps(sandbox, 'aa') == ['delete: badtoken', 'tokens', 'delete']
    assert foreign.tokens.dropped == {'csrf': 1}


def test_both_dead_at_once_are_both_renewed(foreign: Any, sandbox: Sandbox) -> None:
    sandbox.faults.arm(kind='expire-centralauthtokens', action='delete')
    sandbox.faults.arm(kind='expire-csrf', action='delete')
    delete(foreign, 'A')
    assert deleted(sandbox) == [OPERATOR]
    assert steps(sandbox, 'aa') == [
        'delete: badtoken',
        'delete: badtoken',
        'tokens',
        'delete',
    ]


@pytest.fixture
def mumbling(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wiki whose refusals do not say which token they mean, as raced ones do not."""
    from centralauth_sandbox import errors

    def mumble(*args: object) -> ApiError:
        return ApiError('badtoken', '\u29fcbadtoken\u29fd')

    monkeypatch.setattr(errors, 'dead_centralauthtoken', mumble)
    monkeypatch.setattr(errors, 'bad_token', mumble)


@pytest.mark.parametrize(
    ('kind', 'said'),
    [
        ('expire-centralauthtokens', ['delete: badtoken', 'delete']),
        ('expire-csrf', ['delete: badtoken', 'delete: badtoken', 'tokens', 'delete']),
    ],
)
def test_where_the_text_does_not_tell_both_are_tried(
    foreign: Any, sandbox: Sandbox, mumbling: None, kind: str, said: list[str]
) -> None:
    sandbox.faults.arm(kind=kind, action='delete')
    delete(foreign, 'A')
    assert steps(sandbox, 'aa') == said


def test_reads_have_one_token_to_blame(
    foreign: Any, sandbox: Sandbox, mumbling: None
) -> None:
    list(foreign.allpages(total=1))
    sandbox.faults.arm(
        kind='expire-centralauthtokens', wiki='aa', action='query', times=3
    )
    clear_journal(sandbox)
    assert list(foreign.allpages(total=2))
    results = [e.result for e in sandbox.journal.entries(wiki='aa')]
    assert results == ['badtoken'] * 3 + ['ok']


@pytest.mark.parametrize(
    ('kind', 'error', 'most'),
    [
        ('expire-centralauthtokens', CentralAuthTokenRefused, 4),
        ('expire-csrf', APIError, 2),
    ],
)
def test_what_stays_refused_ends_in_an_error(
    foreign: Any, sandbox: Sandbox, kind: str, error: type[Exception], most: int
) -> None:
    sandbox.faults.arm(kind=kind, wiki='aa', action='delete', times=0)
    with pytest.raises(error):
        delete(foreign, 'A')
    assert len(sandbox.journal.entries(action='delete')) == most
    assert deleted(sandbox) == []


# Transmissions that fail


@pytest.mark.parametrize(
    'fault',
    [
        {'kind': 'http', 'status': 503},
        {'kind': 'http', 'status': 504},
        {'kind': 'html', 'status': 200},
        {'kind': 'empty'},
        {'kind': 'drop'},
        {'kind': 'drop', 'when': 'after'},
        {'kind': 'half'},
        {'kind': 'retry-after', 'status': 429},
    ],
    ids=lambda fault: '-'.join(str(value) for value in fault.values()),
)
def test_each_repetition_of_a_read_has_a_token_of_its_own(
    foreign: Any, sandbox: Sandbox, wire: Wire, fault: dict[str, Any]
) -> None:
    list(foreign.allpages(total=1))
    sandbox.faults.arm(wiki='aa', action='query', times=2, **fault)
    clear_journal(sandbox)
    wire.sent.clear()
    assert len(list(foreign.allpages(total=3))) == 3
    reads = [sent for sent in wire.sent if 'generator' in sent.body]
    # After answers that are no JSON, pywikibot asks for half as many, so twice.
    assert 3 <= len(reads) <= 4
    assert len({sent.token for sent in reads}) == len(reads)


def test_a_write_that_waited_for_the_databases_has_a_new_token(
    foreign: Any, sandbox: Sandbox, wire: Wire
) -> None:
    sandbox.faults.arm(kind='maxlag', action='delete', times=2)
    delete(foreign, 'A')
    assert steps(sandbox, 'aa') == ['delete: maxlag', 'delete: maxlag', 'delete']


def test_a_lost_answer_of_the_home_wiki_is_asked_for_again(
    foreign: Any, sandbox: Sandbox
) -> None:
    for kind in ('drop', 'html'):
        sandbox.faults.arm(kind=kind, when='after', action='centralauthtoken', times=2)
    for letter in 'ABC':
        delete(foreign, letter)
    assert deleted(sandbox) == [OPERATOR] * 3


@pytest.mark.parametrize('status', [400, 401, 403, 404])
def test_a_proxy_that_refuses_tokens_is_asked_twice_and_not_for_ever(
    foreign: Any, sandbox: Sandbox, status: int
) -> None:
    sandbox.faults.arm(kind='http', status=status, wiki='aa', times=1)
    delete(foreign, 'A')
    assert deleted(sandbox) == [OPERATOR]
    clear_journal(sandbox)
    sandbox.faults.arm(kind='http', status=status, wiki='aa', times=0)
    why = 'no api.php at' if status == 404 else 'proxy'
    with pytest.raises(HttpRefusal, match=f'HTTP {status}.*{why}') as caught:
        delete(foreign, 'B')
    assert caught.value.status == status
    assert len(sandbox.journal.entries(wiki='aa')) == 2


def test_a_write_that_is_sent_once_is_not_repeated_here_either(
    foreign: Any, sandbox: Sandbox
) -> None:
    from mw_tokens_plugin.exceptions import AmbiguousWrite

    sandbox.faults.arm(kind='drop', when='after', action='delete')
    request = foreign.single_send_request(
        site=foreign,
        parameters={
            'action': 'delete',
            'title': 'Spam page A',
            'token': foreign.tokens.csrf,
        },
    )
    with pytest.raises(AmbiguousWrite):
        request.submit()
    assert len(sandbox.journal.entries(action='delete')) == 1


def test_a_long_get_becomes_a_post_with_the_token_in_the_url(
    foreign: Any, sandbox: Sandbox, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    monkeypatch.setattr(config, 'enable_GET_without_SSL', True)
    monkeypatch.setattr(config, 'maximum_GET_length', 2000)
    foreign.simple_request(action='query', prop='info', titles='A' * 100).submit()
    wire.sent.clear()
    for length in (100, 1850, 3000):
        foreign.simple_request(
            action='query', prop='info', titles='A' * length
        ).submit()
    reads = [sent for sent in wire.sent if sent.token]
    methods = [sent.method for sent in reads]
    assert methods == ['GET', 'POST', 'POST']
    assert [set(sent.url) for sent in reads[1:]] == [{'centralauthtoken'}] * 2


# Sessions that end


def test_a_lost_home_session_is_renewed_once_and_all_foreign_tokens_with_it(
    foreign: Any, site: Any, sandbox: Sandbox
) -> None:
    second = site.foreign_site('bb')
    write_pages(sandbox, 'bb', 'Spam page A', 'Spam page B')
    delete(second, 'A')
    before = foreign.tokens.csrf, second.tokens.csrf
    clear_journal(sandbox)
    sandbox.command('end-sessions', user=OPERATOR)
    delete(foreign, 'A')
    delete(second, 'B')
    assert deleted(sandbox) == [OPERATOR] * 2
    assert sandbox.summary()['logins'] == 1
    assert foreign.tokens.csrf is not before[0]
    assert second.tokens.csrf is not before[1]
    refused = [e.result for e in sandbox.journal.entries() if e.result != 'ok']
    # What was minted ahead is dropped with the session that it was minted in.
    assert refused.count('badtoken') <= 1


def test_a_session_that_revives_by_itself_needs_no_login(
    foreign: Any, sandbox: Sandbox
) -> None:
    sandbox.faults.arm(kind='lose-session', action='delete')
    delete(foreign, 'A')
    assert deleted(sandbox) == [OPERATOR]
    assert sandbox.summary()['logins'] == 0


def test_a_mint_ahead_leaves_logging_in_to_who_needs_the_token(
    foreign: Any, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """A login in the background could ask for a code, and nobody would see it."""
    tokens = foreign.home_login.tokens
    tokens.take()
    sandbox.command('end-sessions', user=OPERATOR)
    tokens.fetch_ahead(0)
    capfd.readouterr()
    with pytest.raises(SessionError):
        tokens._ahead.future.result()
    assert 'WARNING' not in capfd.readouterr().err
    assert sandbox.summary()['logins'] == 0
    delete(foreign, 'A')
    assert deleted(sandbox) == [OPERATOR]
    assert sandbox.summary()['logins'] == 1


def test_a_mint_that_is_late_begins_no_session_beside_the_new_one(
    foreign: Any, sandbox: Sandbox
) -> None:
    # How late it must be to do harm depends on the machine.
    for letter, late in zip('ABCDEFG', range(4, 25, 3), strict=True):
        sandbox.faults.arm(kind='lose-session', action='delete')
        sandbox.faults.arm(kind='slow', action='centralauthtoken', seconds=late / 2000)
        delete(foreign, letter)
        foreign.home_login.tokens.forget_ahead()
    assert deleted(sandbox) == [OPERATOR] * 7
    assert sandbox.summary()['logins'] == 0


def test_threads_that_lose_the_home_session_log_in_once(
    foreign: Any, sandbox: Sandbox
) -> None:
    titles = [f'Spam page {number}' for number in range(16)]
    write_pages(sandbox, 'aa', *titles)
    sandbox.command('end-sessions', user=OPERATOR)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda title: delete(foreign, title[10:]), titles))
    assert deleted(sandbox) == [OPERATOR] * 16
    assert sandbox.summary()['logins'] == 1


def test_a_session_that_is_lost_again_and_again_ends_in_an_error(
    foreign: Any, sandbox: Sandbox
) -> None:
    sandbox.faults.arm(kind='lose-session', remembered=True, wiki='aa', times=0)
    with pytest.raises((SessionLost, CentralAuthTokenRefused)):
        delete(foreign, 'A')
    assert deleted(sandbox) == []
    assert sandbox.summary()['logins'] <= 2
    assert len(sandbox.journal) < 40


# The operator


def locked(sandbox: Sandbox) -> None:
    sandbox.command('lock', user=OPERATOR)


def renamed(sandbox: Sandbox) -> None:
    sandbox.command('rename', user=OPERATOR, to='Somebody Else')


def out_of_reach(sandbox: Sandbox) -> None:
    sandbox.command('session-store', down=True)


@pytest.mark.parametrize('event', [locked, renamed, out_of_reach])
def test_an_operator_who_can_do_nothing_any_more_is_told_soon(
    foreign: Any, sandbox: Sandbox, event: Callable[[Sandbox], None]
) -> None:
    event(sandbox)
    with pytest.raises(SessionError, match='sandbox:'):
        delete(foreign, 'A')
    assert deleted(sandbox) == []
    assert len(sandbox.journal) < 40


def test_a_rename_in_progress_is_an_error_of_its_own(
    foreign: Any, sandbox: Sandbox
) -> None:
    tokens = foreign.home_login.tokens
    tokens.probe()  # one is at hand when the rename begins

    def begin(farm: Any) -> None:
        farm.accounts[OPERATOR].renaming = True

    sandbox.call(begin)
    with pytest.raises(RenameInProgress, match='sandbox:aa'):
        delete(foreign, 'A')
    assert len(sandbox.journal.entries(action='delete')) == 1


def test_a_name_that_is_not_usable_there_is_an_error_of_its_own(
    foreign: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from centralauth_sandbox import errors

    monkeypatch.setattr(
        errors,
        'dead_centralauthtoken',
        lambda: ApiError('badusername', 'The username is not usable on this wiki.'),
    )
    sandbox.faults.arm(kind='expire-centralauthtokens', action='delete')
    with pytest.raises(BadUsername, match='not usable'):
        delete(foreign, 'A')
    assert len(sandbox.journal.entries(action='delete')) == 1


def test_a_login_that_loses_its_right_to_tokens_is_told_so(
    foreign: Any, site: Any, sandbox: Sandbox, farm: Farm
) -> None:
    """The session is renewed with what the configuration names by then."""
    from pathlib import Path

    from pywikibot import config

    name, _, app = farm.bot.name.partition('@')
    line = f'({name!r}, BotPassword({app!r}, {farm.bot.password!r}))\n'
    Path(str(config.password_file)).write_text(line, 'utf-8')
    sandbox.command('end-sessions', user=OPERATOR)
    with pytest.raises(NoCentralAuthToken, match='main password'):
        delete(foreign, 'A')
    assert deleted(sandbox) == []


# The end of the program

_LAST_SAVES = """
import atexit, threading, time
import pywikibot

site = pywikibot.Site().foreign_site('aa')

def save(title, **how):
    page = pywikibot.Page(site, 'Last save ' + title)
    page.text = 'one'
    page.save(summary='test', quiet=True, **how)

def worker(name):
    threading.main_thread().join()
    for number in range(3):
        save(name + str(number))

save('first')
atexit.register(lambda: [save('exit' + str(number)) for number in range(3)])
for name in ('left', 'right'):
    threading.Thread(target=worker, args=(name,)).start()
for number in range(5):
    save('later' + str(number), asynchronous=True)
"""


def test_saves_are_made_while_the_program_ends(
    farm: Farm, sandbox: Sandbox, desk: Desk
) -> None:
    """By pywikibot's thread, by others that outlive the main one, and at exit."""
    farm.configure(desk.directory, plugin=True)
    run = desk.python(_LAST_SAVES)
    assert run.code == 0, run.said
    assert 'Traceback' not in run.said and 'not saved' not in run.said
    saved = {e.target for e in sandbox.journal.entries(action='edit') if e.effect}
    names = [f'{kind}{n}' for kind in ('left', 'right', 'exit') for n in range(3)]
    names += ['first', *(f'later{n}' for n in range(5))]
    assert saved == {f'Last save {name}' for name in names}


# Secrets

_NOISY = """
import io, json, logging, sys
import pywikibot
from pywikibot.comms import http
from requests.adapters import HTTPAdapter

class Wire(HTTPAdapter):
    tokens = []
    def send(self, request, *args, **kwargs):
        if 'centralauthtoken=' in request.url:
            self.tokens.append(request.url.partition('centralauthtoken=')[2])
        return super().send(request, *args, **kwargs)

http.session.mount('http://', Wire())
pywikibot.handle_args(['-log:noisy.log', '-debug', '-verbose'])
logging.getLogger('urllib3').setLevel(logging.DEBUG)
logging.getLogger('urllib3').addHandler(logging.StreamHandler())
pywikibot.config.retry_wait = 0
site = pywikibot.Site().foreign_site('aa')
page = pywikibot.Page(site, 'Spam page noisy')
page.text = 'one'
page.save(summary='test')
list(site.allpages(total=3))
print(repr(site), vars(site), vars(site.home_login), vars(site.home_login.tokens))
page.delete('test', prompt=False)
secrets = {token.partition('&')[0] for token in Wire.tokens}
secrets |= {str.__str__(token) for token in site.tokens._tokens.values()}
with open('secrets.json', 'w') as file:
    json.dump(sorted(secrets), file)
"""


@pytest.mark.parametrize('kind', ['none', 'drop', 'html', 'expire-centralauthtokens'])
def test_nothing_that_is_printed_or_written_shows_a_token(
    farm: Farm, sandbox: Sandbox, desk: Desk, kind: str
) -> None:
    import json

    farm.configure(desk.directory, plugin=True)
    if kind != 'none':
        sandbox.faults.arm(kind=kind, wiki='aa', action='query', nth=6)
    run = desk.python(_NOISY)
    assert run.code == 0, run.said
    secrets = json.loads((desk.directory / 'secrets.json').read_text('utf-8'))
    assert len(secrets) > 5
    (desk.directory / 'secrets.json').unlink()
    files = [f for f in desk.directory.rglob('*') if f.is_file() and f.suffix != '.lwp']
    assert any('noisy.log' in file.name for file in files)
    said = run.said.encode() + b''.join(file.read_bytes() for file in files)
    assert b'centralauthtoken' in said
    assert [secret for secret in secrets if secret.encode() in said] == []


@pytest.fixture
def secure_port(tmp_path: Path) -> Iterator[int]:
    """A server whose certificate nobody has signed."""
    if shutil.which('openssl') is None:
        pytest.skip('needs openssl to make a certificate')
    key, certificate = tmp_path / 'key.pem', tmp_path / 'certificate.pem'
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-nodes', '-newkey', 'rsa:2048'),
            *('-subj', '/CN=a', '-keyout', str(key), '-out', str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(('127.0.0.1', 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures('sandbox')
@pytest.mark.parametrize('deadline', [None, 0.0])
def test_no_error_of_the_network_shows_an_unspent_centralauthtoken(
    farm: Farm,
    secure_port: int,
    monkeypatch: pytest.MonkeyPatch,
    deadline: float | None,
) -> None:
    from pywikibot import config

    monkeypatch.setattr(config, 'max_retries', 0)
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(TokenRequest, 'deadline', deadline)
    home = farm.site()
    home.login()
    foreign = home.foreign_site('aa')
    here = str(home.hostname())
    there = 'http', here

    def hostname(self: Any, code: str) -> str:
        return here if code == 'meta' else there[1]

    def protocol(self: Any, code: str) -> str:
        return 'http' if code == 'meta' else there[0]

    monkeypatch.setattr(type(home.family), 'hostname', hostname)
    monkeypatch.setattr(type(home.family), 'protocol', protocol)
    shown = []
    for address in (
        ('https', f'127.0.0.1:{secure_port}'),
        ('http', f'{"a" * 70}.invalid'),
        ('http', '127.0.0.1:1'),
        ('http', '127.0.0.1:99999'),
    ):
        there = address
        with pytest.raises((OSError, PywikibotError)) as failed:
            foreign.simple_request(action='query', titles='A').submit()
        error: BaseException | None = failed.value
        while error is not None:
            request = getattr(error, 'request', None)
            shown += [str(error), repr(error), str(request and request.url)]
            error = error.__cause__ or error.__context__
        shown += traceback.format_exception(failed.value)
    assert not [text for text in shown if re.search(r'token=(?!\*\*\*)', text)]
