"""What answers in the place of a wiki is neither an answer nor the end of a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pywikibot import config
from pywikibot.exceptions import Error as PywikibotError

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.cli import launch
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    HttpRefusal,
    InvalidInput,
    RateLimited,
    TokensPluginError,
    WikiUnreachable,
)
from mw_tokens_plugin.site.requests import TokenRequest

from .apicache import let_days_pass
from .desk import Run

LOCK = 'setglobalaccountstatus'
SPAMBOT = 'Spambot 00001'
POLITE = (
    '<html><head><title>403</title></head>\n<body>\n'
    'Please set a user-agent and respect our robot policy.\n</body></html>'
)


@pytest.fixture(autouse=True)
def no_apicache() -> None:
    """Let no answer of another test stand in for one."""
    let_days_pass(100)


@contextmanager
def impatient(seconds: float = 0.0) -> Iterator[None]:
    """Give up on a wiki after so many seconds, as scripts do after 15."""
    TokenRequest.deadline = seconds
    try:
        yield
    finally:
        TokenRequest.deadline = None


READS: list[Callable[[Any], object]] = [
    lambda site: site.global_account(SPAMBOT),
    lambda site: list(site.global_accounts([SPAMBOT])),
    lambda site: list(site.lock_log(total=1)),
    lambda site: list(site.global_groups()),
    lambda site: site.tokens.prefetch('csrf'),
    lambda site: site.tokens.for_action('edit'),
    lambda site: site.edit_context('Project:Sandbox'),
    lambda site: site.server_time(),
    lambda site: site.siteinfo.get('general', cache=False),
]


@pytest.mark.parametrize('status', [200, 500, 504])
def test_reads_are_asked_again_and_then_the_wiki_is_unreachable(
    site: Any, sandbox: Sandbox, status: int
) -> None:
    site.login()
    for read in READS:
        sandbox.faults.arm(kind='gateway', status=status, times=0)
        with impatient(), pytest.raises(WikiUnreachable, match=f'HTTP {status} and'):
            read(site)
        sandbox.faults.clear()
        site.tokens.clear()
    account = site.global_account(SPAMBOT)
    sandbox.faults.arm(kind='gateway', status=status)
    with impatient(5.0):
        assert site.global_account(SPAMBOT) == account


@pytest.mark.parametrize('location', ['http://[::1', 'gopher://x/', 'http://a b:c/'])
def test_a_redirect_to_nowhere_is_the_gateways_fault(
    site: Any, sandbox: Sandbox, location: str
) -> None:
    site.login()
    sandbox.faults.arm(kind='http', status=302, location=location)
    with impatient(), pytest.raises(WikiUnreachable):
        site.global_account(SPAMBOT)


@pytest.mark.parametrize('host', ['[::1', 'a:b', ''])
def test_an_address_that_is_none_has_to_be_corrected(
    site: Any, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.login()
    monkeypatch.setattr(site.family, 'langs', {site.code: host})
    with impatient(), pytest.raises(InvalidInput, match='Correct the address'):
        site.global_account(SPAMBOT)


@pytest.mark.parametrize(
    'body', ['{"query": 7}', '{"query": {"tokens": "none"}}', '{"error": "timeout"}']
)
def test_no_answer_is_taken_for_one_that_it_resembles(
    site: Any, sandbox: Sandbox, body: str
) -> None:
    site.login()
    sandbox.faults.arm(kind='gateway', status=200, body=body)
    with impatient(5.0):
        assert site.global_account(SPAMBOT).exists


@pytest.mark.parametrize('status', [200, 504])
@pytest.mark.parametrize('action', ['', 'query', 'paraminfo', 'clientlogin'])
def test_a_gateway_at_the_start_is_a_reason_to_try_again_later(
    global_lock: Callable[..., Run],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    status: int,
) -> None:
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0)
    sandbox.faults.arm(kind='gateway', status=status, action=action, times=0)
    run = global_lock(SPAMBOT, '-reason:test', '-always')
    assert run.code == ExitCode.TRY_AGAIN, run.err
    assert 'Traceback' not in run.err
    sandbox.faults.clear()
    assert not sandbox.call(lambda farm: farm.accounts[SPAMBOT].locked)


def test_a_session_lost_while_no_login_is_taken_is_a_reason_to_try_again_later(
    global_lock: Callable[..., Run],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It does not mean that the operator is not authorised."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(config, 'max_retries', 0)
    sandbox.faults.arm(kind='lose-session', action=LOCK, remembered=True, when='before')
    sandbox.faults.arm(kind='readonly', action='clientlogin', nth=2)
    run = global_lock(SPAMBOT, '-reason:test', '-always')
    assert run.code == ExitCode.TRY_AGAIN, run.err
    assert 'Check the account' not in run.err
    sandbox.faults.clear()
    assert global_lock('-resume', '-always').code == ExitCode.DONE
    assert sandbox.summary()['effects']['setstatus'] == 1


def test_a_refusal_by_http_ends_a_script_with_its_own_words(
    global_lock: Callable[..., Run], sandbox: Sandbox
) -> None:
    for status, code in ((403, 3), (404, 2)):
        sandbox.faults.arm(kind='gateway', status=status, body=POLITE, times=0)
        sandbox.journal.clear()
        run = global_lock(SPAMBOT, '-reason:test', '-always')
        sandbox.faults.clear()
        assert run.code == code, run.said
        assert 'Please set a user-agent and respect our robot policy.' in run.err
        assert len(sandbox.journal.entries()) == 1


def test_a_refusal_by_http_is_final_and_told_in_its_own_words(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    sandbox.journal.clear()
    for body in (POLITE, 'Please set a user-agent and respect our robot policy.'):
        sandbox.faults.arm(kind='gateway', status=403, body=body, times=0)
        with pytest.raises(HttpRefusal, match=r'403.*respect our robot policy\.'):
            site.global_account(SPAMBOT)
        sandbox.faults.clear()
    assert len(sandbox.journal.entries()) == 2
    sandbox.faults.arm(kind='http', status=404, times=0)
    with pytest.raises(HttpRefusal, match=r'HTTP 404.*no api\.php at http') as caught:
        site.global_account(SPAMBOT)
    assert caught.value.status == 404
    # A write may have been made, even so.
    sandbox.faults.clear()
    sandbox.faults.arm(kind='gateway', status=403, body=POLITE, action=LOCK)
    with pytest.raises(AmbiguousWrite, match='respect our robot policy'):
        site.set_global_account_status(SPAMBOT, locked=True, reason='test')


def test_a_wait_that_is_asked_for_is_known_in_either_form(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    assert site.tokens.for_action(LOCK)
    site.throttle.wait = lambda seconds: None
    later = datetime.now(timezone.utc) + timedelta(seconds=90)
    for header in ('90', format_datetime(later, usegmt=True)):
        kinds = {429: RateLimited, 503: AmbiguousWrite}
        for status, kind in kinds.items():
            sandbox.faults.arm(
                kind='retry-after', status=status, retry_after=header, action=LOCK
            )
            with pytest.raises(kind) as caught:
                site.set_global_account_status(SPAMBOT, locked=True, reason='test')
            assert 60 < vars(caught.value)['retry_after'] <= 91
        kinds = {429: RateLimited, 503: WikiUnreachable}
        for status, kind in kinds.items():
            sandbox.faults.arm(kind='retry-after', status=status, retry_after=header)
            with impatient(20.0), pytest.raises(kind) as caught:
                site.global_account(SPAMBOT)
            assert 60 < vars(caught.value)['retry_after'] <= 91
    for nonsense in ('soon', '-5', 'nan', 'Thu, 99 Foo 2026 00:00:00 GMT'):
        sandbox.faults.arm(kind='retry-after', retry_after=nonsense, action=LOCK)
        with pytest.raises(RateLimited) as caught:
            site.set_global_account_status(SPAMBOT, locked=True, reason='test')
        assert caught.value.retry_after == 0


def test_a_bot_is_not_shown_a_traceback_over_a_date(
    site: Any,
    sandbox: Sandbox,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pywikibot expects a number there, whoever makes the request."""
    from pywikibot import config

    monkeypatch.setattr(config, 'retry_wait', 0)
    site.login()
    site.throttle.wait = lambda seconds: None
    now = format_datetime(datetime.now(timezone.utc), usegmt=True)
    sandbox.faults.arm(kind='retry-after', status=200, retry_after=now, action='query')
    capfd.readouterr()
    assert list(site.allpages(total=1))
    assert 'Traceback' not in ''.join(capfd.readouterr())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                'code info text message name id missing locked user userinfo * '
                'globaluserinfo tokens merged groups lag docref messages self'.split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
#: Where an answer can hold what nobody expects.
PLACES: list[Callable[[Any], Any]] = [
    lambda value: value,
    lambda value: {'error': value},
    lambda value: {'errors': value},
    lambda value: {'error': {'code': value, 'info': value}},
    lambda value: {'error': {'code': 'maxlag', 'info': 'x', 'lag': value}},
    lambda value: {'error': {'code': 'failed-save', 'info': 'x', 'messages': value}},
    lambda value: {'error': {'code': 'c', 'info': 'i', 'self': value}, 'self': value},
    lambda value: {'error': {'code': 'c', 'info': 'i'}, 'code': value, 'info': value},
    lambda value: {'warnings': value, 'query': {}, LOCK: {}},
    lambda value: {'warnings': {'main': value}, 'query': {}, LOCK: {}},
    lambda value: {'query': value},
    lambda value: {'query': {'globaluserinfo': value}},
    lambda value: {'query': {'globalusers': [value]}},
    lambda value: {'query': {'tokens': value}},
    lambda value: {LOCK: value},
]


@pytest.mark.parametrize('place', range(len(PLACES)))
def test_any_json_is_survived(site: Any, sandbox: Sandbox, place: int) -> None:
    site.login()
    assert site.tokens.for_action(LOCK) and site.lists_global_users()
    site.throttle.wait = lambda seconds: None

    @settings(
        deadline=None,
        max_examples=12,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(ANYTHING)
    def check(value: object) -> None:
        body = json.dumps(PLACES[place](value))
        for work in (
            lambda: list(site.global_accounts([SPAMBOT])),
            lambda: site.global_account(SPAMBOT),
            lambda: site.tokens.prefetch('rollback'),
            lambda: site.set_global_account_status(SPAMBOT, locked=True, reason='t'),
        ):
            sandbox.faults.clear()
            sandbox.faults.arm(kind='gateway', status=200, body=body, times=3)
            try:
                work()
            except (TokensPluginError, PywikibotError) as error:
                assert not isinstance(error, ApiRefusal) or error.code
            site.tokens.clear()
            sandbox.faults.clear()
            site.tokens.for_action(LOCK)

    with impatient():
        check()


@pytest.mark.parametrize(
    ('status', 'deadline'), [(302, None), (307, None), (301, 5.0), (308, 5.0)]
)
def test_nothing_but_plain_reads_follows_a_redirect_and_none_to_another_host(
    site: Any,
    sandbox: Sandbox,
    running_old_sandbox: Sandbox,
    status: int,
    deadline: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other host would answer all of it with a success."""
    monkeypatch.setattr(config, 'enable_GET_without_SSL', True)
    monkeypatch.setattr(config, 'maximum_GET_length', 2000)
    site.login()
    site.tokens.prefetch('csrf')
    elsewhere = running_old_sandbox.wikis['meta'].server
    host = elsewhere.removeprefix('http://')
    to_itself = f'{sandbox.wikis["meta"].server}/w/api.php?action=query&format=json'
    foreign = site.foreign_site('aa')

    def redirect(location: str, action: str) -> None:
        sandbox.faults.arm(kind='http', status=status, location=location, action=action)

    def lock() -> None:
        site.set_global_account_status(SPAMBOT, locked=True, reason='test')

    def post() -> None:
        site.simple_request(action='edit', title='A', token=site.tokens.csrf).submit()

    def read(where: Any) -> dict[str, Any]:
        parameters = {'action': 'query', 'meta': 'siteinfo', 'formatversion': 2}
        request = where._request(parameters=parameters, use_get=True)
        answer: dict[str, Any] = request.submit()
        return answer

    def login() -> None:
        site.logout()
        redirect(elsewhere, 'clientlogin')
        site.login()

    running_old_sandbox.journal.clear()
    TokenRequest.deadline = deadline
    try:
        for location in (elsewhere, to_itself):
            for action, send in (
                (LOCK, lock),
                ('edit', post),
                ('query', lambda: read(foreign)),
            ):
                named = location.split('/')[2]
                error = AmbiguousWrite if action != 'query' else WikiUnreachable
                redirect(location, action)
                with pytest.raises(error, match=f'redirect.* to {named}'):
                    send()
        redirect(elsewhere, 'query')
        with pytest.raises(WikiUnreachable, match=f'to {host}'):
            read(site)
        there = f'{to_itself}&meta=siteinfo|userinfo&formatversion=2'
        redirect(there, 'query')
        assert read(site)['query']['general']
        with pytest.raises(WikiUnreachable, match=f'to {host}'):
            login()
    finally:
        TokenRequest.deadline = None
    assert not running_old_sandbox.journal.entries()
    assert not sandbox.call(lambda farm: farm.accounts[SPAMBOT].locked)
