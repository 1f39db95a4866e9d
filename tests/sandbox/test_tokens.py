"""The wallet and the requests: tokens are fetched once, renewed once, never leaked."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pywikibot import config
from pywikibot.exceptions import APIError, ApiTimeoutError, OtherPageSaveError
from pywikibot.login import LoginStatus

from centralauth_sandbox import Sandbox
from mw_tokens_plugin import Token, TokenType
from mw_tokens_plugin.exceptions import (
    BadToken,
    NoTokenNeeded,
    PermissionDenied,
    SessionLost,
    TokenUnavailable,
    UnknownModule,
    UnknownTokenType,
)

from .desk import Desk
from .farms import Farm

OPERATOR = 'Sandbox Operator'
LOCK = 'setglobalaccountstatus'

TYPES = (
    'csrf',
    'rollback',
    'userrights',
    'patrol',
    'watch',
    'login',
    'createaccount',
    'setglobalaccountstatus',
    'deleteglobalaccount',
)


def steps(sandbox: Sandbox) -> list[str]:
    """Return what was asked of the sandbox, in order, with the refusals."""
    said = []
    for entry in sandbox.journal.entries():
        word = entry.action
        if word == 'query':
            word = entry.params.get('meta') or entry.params.get('list') or 'query'
            parts = set(word.split('|')) - {'userinfo'}
            # Which wiki it is comes along with its first tokens.
            parts -= {'siteinfo'} if 'tokens' in parts else set()
            word = '|'.join(p for p in word.split('|') if p in parts) or 'userinfo'
        if word == 'tokens':
            word += f'={entry.params.get("type", "")}'
        said.append(word if entry.result == 'ok' else f'{word}: {entry.result}')
    return said


def warm(site: Any, sandbox: Sandbox) -> None:
    """Log in, fetch what is fetched once, and begin a new journal."""
    site.login()
    site.tokens.for_action(LOCK)
    sandbox.journal.clear()


# Tokens


@pytest.mark.parametrize('name', TYPES)
def test_each_type_is_an_attribute_and_an_item(site: Any, name: str) -> None:
    site.login()
    token = getattr(site.tokens, name)
    assert isinstance(token, Token)
    assert token.type == TokenType(name)
    assert (token.wiki, token.user) == (str(site), site.user())
    assert site.tokens[name] is token
    assert str(token) not in repr(token)


def test_one_fetch_serves_all_types_and_all_uses(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    site.login()
    sandbox.journal.clear()
    for name in spambots(5):
        site.set_global_account_status(name, locked=True, reason='test')
    for name in set(TYPES) - {'login', 'createaccount'}:
        assert getattr(site.tokens, name)
    assert sandbox.summary()['token_fetches'] == {'*': 1}


def test_the_wiki_itself_says_which_token_a_module_wants(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    monkeypatch.setattr(config, 'API_config_expiry', 0)  # nothing from the disk
    site.login()
    sandbox.journal.clear()
    for _ in range(3):
        assert site.tokens.for_action(LOCK).type == LOCK
        assert site.tokens.for_action('delete').type == 'csrf'
    asked = [e.params['modules'] for e in sandbox.journal.entries(action='paraminfo')]
    assert asked == [LOCK, 'delete']


def test_modules_without_a_token_and_unknown_ones_are_told_apart(site: Any) -> None:
    site.login()
    with pytest.raises(NoTokenNeeded, match='query'):
        site.tokens.for_action('query')
    with pytest.raises(UnknownModule, match='unheardof'):
        site.tokens.for_action('unheardof')
    with pytest.raises(UnknownTokenType, match='unheardof'):
        site.tokens['unheardof']


def test_threads_that_want_a_token_at_once_cause_one_fetch(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    sandbox.journal.clear()
    sandbox.command('set-delay', seconds=0.02)
    try:
        with ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(lambda _: site.tokens.csrf, range(16)))
    finally:
        sandbox.command('set-delay', seconds=0.0)
    assert sandbox.summary()['token_fetches'] == {'*': 1}
    assert len({id(token) for token in tokens}) == 1


def test_nobody_is_handed_the_token_of_anonymous_callers(site: Any) -> None:
    site.login = lambda *args, **kwargs: None  # a site that stays logged out
    for name in sorted(set(TYPES) - {'login', 'createaccount'}):
        with pytest.raises(TokenUnavailable):
            site.tokens[name]
    assert site.tokens.login


def test_neither_tokens_nor_wallets_are_pickled(site: Any) -> None:
    site.login()
    token = site.tokens.csrf
    with pytest.raises(TypeError, match='never stored'):
        pickle.dumps(token)
    # pywikibot itself pickles sites, for its caches; the secrets stay behind.
    stored = pickle.dumps(site)
    assert token.encode() not in stored
    assert site.tokens.csrf is token


# Refused tokens


def test_badtoken_renews_the_type_that_failed_once_and_no_other(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    kept = site.tokens.csrf
    sandbox.faults.arm(kind='expire-csrf', action=LOCK)
    (name,) = spambots(1)
    sandbox.journal.clear()
    assert site.set_global_account_status(name, locked=True, reason='test').state.locked
    assert steps(sandbox) == [f'{LOCK}: badtoken', f'tokens={LOCK}', LOCK]
    assert site.tokens.csrf is kept
    assert site.tokens.dropped == {LOCK: 1}


def test_a_token_that_is_refused_twice_ends_with_one_renewal(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    sandbox.faults.arm(kind='expire-csrf', action=LOCK, times=0)
    (name,) = spambots(1)
    sandbox.journal.clear()
    with pytest.raises(BadToken, match='Log in again'):
        site.set_global_account_status(name, locked=True, reason='test')
    refused = f'{LOCK}: badtoken'
    assert steps(sandbox) == [refused, f'tokens={LOCK}', refused]


def test_pages_are_edited_through_a_dead_token_too(site: Any, sandbox: Sandbox) -> None:
    import pywikibot

    warm(site, sandbox)
    page = pywikibot.Page(site, 'Spam page edited')
    page.text = 'one'
    sandbox.faults.arm(kind='expire-csrf', action='edit')
    page.save(summary='test', quiet=True)
    edits = [e for e in sandbox.journal.entries(action='edit') if e.effect]
    assert len(edits) == 1
    assert sandbox.summary()['token_fetches'] == {'csrf': 1}


def test_tokens_given_as_plain_text_are_renewed_as_their_type(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    (name,) = spambots(1)
    parameters = {
        'action': LOCK,
        'user': name,
        'locked': 'lock',
        'reason': 'test',
        'token': str.__str__(site.tokens[LOCK]),
    }
    sandbox.faults.arm(kind='expire-csrf', action=LOCK)
    sandbox.journal.clear()
    answer = site.simple_request(**parameters).submit()
    assert 'locked' in answer[LOCK]
    assert steps(sandbox) == [f'{LOCK}: badtoken', f'tokens={LOCK}', LOCK]


@pytest.mark.parametrize('where', ['home', 'foreign'])
def test_parameters_may_be_used_again_when_their_token_is_dead(
    site: Any, sandbox: Sandbox, where: str
) -> None:
    """As bots do with requests of their own making, of which nobody keeps the token."""
    from pywikibot.data import api

    site.login()
    acting = site if where == 'home' else site.foreign_site('aa')
    parameters = {
        'action': 'edit',
        'title': 'Spam page again',
        'token': acting.tokens['csrf'],
    }
    for number in range(3):
        parameters['text'] = f'version {number}'
        assert api.Request(site=acting, parameters=parameters).submit()['edit']
        sandbox.command('expire-csrf', user=OPERATOR)
    edits = [e.result for e in sandbox.journal.entries(action='edit')]
    assert edits == ['ok', 'badtoken', 'ok', 'badtoken', 'ok']


def test_a_token_of_unknown_origin_is_replaced_by_what_the_module_wants(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    (name,) = spambots(1)
    answer = site.simple_request(
        action=LOCK, user=name, locked='lock', reason='test', token='0' * 40 + '+\\'
    ).submit()
    assert 'locked' in answer[LOCK]


# Lost sessions


def test_a_lost_session_costs_one_login_and_one_token_fetch(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    sandbox.faults.arm(kind='lose-session', action=LOCK, remembered=True)
    (name,) = spambots(1)
    sandbox.journal.clear()
    site.set_global_account_status(name, locked=True, reason='test')
    assert steps(sandbox) == [
        f'{LOCK}: assertuserfailed',
        'userinfo',
        'tokens=login',
        'clientlogin',
        'userinfo',
        'tokens=*',
        LOCK,
    ]


def test_a_remembered_session_revives_without_a_login(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    sandbox.faults.arm(kind='lose-session', action=LOCK)
    (name,) = spambots(1)
    sandbox.journal.clear()
    site.set_global_account_status(name, locked=True, reason='test')
    assert steps(sandbox) == [f'{LOCK}: badtoken', 'tokens=*', LOCK]


def test_a_session_that_is_lost_right_after_a_login_is_given_up(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    sandbox.faults.arm(kind='lose-session', action=LOCK, remembered=True, times=0)
    (name,) = spambots(1)
    sandbox.journal.clear()
    with pytest.raises(SessionLost, match='again right after logging in'):
        site.set_global_account_status(name, locked=True, reason='test')
    summary = sandbox.summary()
    assert summary['logins'] == 1
    assert summary['by_action'][LOCK] == 2
    assert 'setstatus' not in summary['effects']


@pytest.mark.parametrize(
    'fault',
    [
        {'kind': 'readonly'},
        {'kind': 'ratelimited'},
        {'kind': 'http', 'status': 502},
        {'kind': 'drop'},
    ],
    ids=lambda fault: fault['kind'],
)
def test_a_login_that_a_wiki_does_not_take_now_is_no_refusal(
    site: Any,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    """The session is lost while the wiki is down: try again later, says pywikibot."""
    monkeypatch.setattr(config, 'retry_wait', 0)
    monkeypatch.setattr(config, 'max_retries', 0)
    warm(site, sandbox)
    sandbox.command('end-sessions', user=OPERATOR)
    sandbox.faults.arm(action='clientlogin', times=0, **fault)
    with pytest.raises(ApiTimeoutError, match='Maximum retries attempted'):
        list(site.allusers(total=1, group='sysop'))
    for number in range(3):
        # As pywikibot has it.
        with pytest.raises(OtherPageSaveError, match='Maximum retries attempted'):
            edit(site, number)
    sandbox.faults.clear()
    edit(site, 'at last')
    edits = [e.user for e in sandbox.journal.entries(action='edit') if e.effect]
    assert edits == [OPERATOR]


def edit(site: Any, number: object) -> None:
    """Save a page, with pywikibot's own code."""
    import pywikibot

    page = pywikibot.Page(site, 'Spam page daemon')
    page.text = f'version {number}'
    page.save(summary='test', quiet=True)


@pytest.mark.parametrize('where', ['home', 'foreign'])
def test_a_daemon_may_lose_its_session_now_and_then_for_ever(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    hours = iter(range(0, 10**9, 3600))
    site.login()
    monkeypatch.setattr(site.tokens.session, '_timer', lambda: next(hours))
    acting = site if where == 'home' else site.foreign_site('aa')
    for day in range(5):
        sandbox.command('end-sessions', user=OPERATOR)
        edit(acting, day)
    edits = [e.user for e in sandbox.journal.entries(action='edit') if e.effect]
    assert edits == [OPERATOR] * 5


@pytest.mark.parametrize('where', ['home', 'foreign'])
def test_the_third_loss_within_minutes_is_told_by_all_ways_to_write(
    site: Any, sandbox: Sandbox, where: str
) -> None:
    """It is never taken for a problem of the page, and logging in starts over."""
    import pywikibot

    site.login()
    acting = site if where == 'home' else site.foreign_site('aa')

    def lose() -> None:
        sandbox.command('end-sessions', user=OPERATOR)

    for number in range(2):
        lose()
        edit(acting, number)
    lose()
    told = 'ended the session 3 times within 10 minutes'
    with pytest.raises(SessionLost, match=told):
        edit(acting, 'lost')
    with pytest.raises(SessionLost, match=told):
        acting.simple_request(
            action='edit', title='Lost', text='x', token=acting.tokens.csrf
        ).submit()
    with pytest.raises(SessionLost, match=told):
        pywikibot.Page(acting, 'Spam page daemon').delete('test', prompt=False)
    acting.login()
    for number in range(2):
        edit(acting, f'after {number}')
        lose()
    acting.login()
    edit(acting, 'at last')
    edits = [e.user for e in sandbox.journal.entries(action='edit') if e.effect]
    assert edits == [OPERATOR] * 5


def test_two_accounts_take_turns_in_one_process(
    farm: Farm, sandbox: Sandbox, desk: Desk
) -> None:
    """They share the cookies, so each change looks like a lost session."""
    farm.configure(desk.directory, plugin=True)
    passwords = f'({OPERATOR!r}, {farm.operator.password!r})\n'
    passwords += f'({farm.sysop.name!r}, {farm.sysop.password!r})\n'
    (desk.directory / 'user-password.py').write_text(passwords, encoding='utf-8')
    run = desk.python(f"""
import pywikibot
sites = [pywikibot.Site(user=name) for name in ({OPERATOR!r}, {farm.sysop.name!r})]
for number in range(12):
    page = pywikibot.Page(sites[number % 2], 'Spam page turns')
    page.text = 'version %d' % number
    page.save(summary='test', quiet=True)
for number in range(6):
    site = sites[number % 2]
    site.simple_request(
        action='edit', title='Spam page turns', appendtext='x', token=site.tokens.csrf
    ).submit()
""")
    assert run.code == 0, run.said
    edits = [e.user for e in sandbox.journal.entries(action='edit') if e.effect]
    assert edits == [OPERATOR, farm.sysop.name] * 9
    assert sandbox.summary()['logins'] == 2


def test_a_login_waits_for_the_late_answer_that_would_undo_it(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    warm(site, sandbox)
    names = spambots(2)
    sandbox.command('end-sessions', user=OPERATOR)
    sandbox.journal.clear()
    # The answer to a request of a dead session takes the cookies away.
    sandbox.faults.arm(kind='slow', action='paraminfo', when='after', seconds=1.0)
    read = site.simple_request(action='paraminfo', modules='main')
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(read.submit)
        for _ in range(500):
            if sandbox.journal.entries(action='paraminfo'):
                break
            time.sleep(0.01)
        for name in names:
            site.set_global_account_status(name, locked=True, reason='test')
            late.result()
    assert [e.result for e in sandbox.journal.entries(action=LOCK)] == [
        'assertuserfailed',
        'ok',
        'ok',
    ]


def test_a_login_does_not_wait_for_what_waits_to_be_tried_again(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_waited = []

    def log_in() -> None:
        with site.tokens.session.traffic.halted():
            pass

    def sleep(_: float) -> None:
        login = threading.Thread(target=log_in, daemon=True)
        login.start()
        login.join(240)
        has_waited.append(login.is_alive())

    site.login()
    for module in ('pywikibot', 'pywikibot.data'):
        monkeypatch.setattr(f'{module}.sleep', sleep, raising=False)
    sandbox.faults.arm(kind='http', action='paraminfo')
    answer = site.simple_request(action='paraminfo', modules='main').submit()
    assert answer['paraminfo']
    assert has_waited == [False]


def test_two_threads_that_lose_the_session_log_in_once(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]], farm: Farm
) -> None:
    warm(site, sandbox)
    names = spambots(6)
    sandbox.command('end-sessions', user=OPERATOR)
    sandbox.journal.clear()

    def lock(name: str) -> bool:
        change = site.set_global_account_status(name, locked=True, reason='test')
        return bool(change.state.locked)

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(lock, names))
    assert farm.locked(names) == names
    assert sandbox.summary()['logins'] == 1
    locks = sandbox.journal.entries(action=LOCK)
    assert sum(bool(entry.effect) for entry in locks) == len(names)


def test_reads_survive_a_lost_session_too(site: Any, sandbox: Sandbox) -> None:
    warm(site, sandbox)
    sandbox.command('end-sessions', user=OPERATOR)
    assert site.global_account('Spambot 00001').exists


def test_a_read_is_never_answered_to_nobody_while_another_thread_logs_in(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(site, sandbox)
    sandbox.command('end-sessions', user=OPERATOR)
    traffic, logins = site.tokens.session.traffic, [True]
    landed = traffic.landed

    def land(request: object) -> None:
        landed(request)
        if logins:
            # What a login in another thread does first, as soon as answers have come.
            logins.pop()
            del site.userinfo
            site._loginstatus = LoginStatus.IN_PROGRESS

    monkeypatch.setattr(traffic, 'landed', land)
    answer = site.simple_request(action='query', meta='userinfo').submit()
    assert answer['query']['userinfo']['name'] == OPERATOR
    assert site.user() == OPERATOR


# Acting as nobody


def test_after_a_logout_on_the_server_nothing_is_edited_anonymously(
    site: Any, sandbox: Sandbox
) -> None:
    import pywikibot

    warm(site, sandbox)
    page = pywikibot.Page(site, 'Spam page anonymous')
    page.text = 'one'
    token = site.tokens.csrf
    sandbox.command('end-sessions', user=OPERATOR)
    page.save(summary='test', quiet=True)
    assert token is not site.tokens.csrf
    edits = sandbox.journal.entries(action='edit')
    assert [e.user for e in edits if e.effect] == [OPERATOR]
    assert all(e.params['assertuser'] == OPERATOR for e in edits)


def test_a_session_that_cannot_be_had_back_leaves_pages_untouched(
    site: Any, sandbox: Sandbox
) -> None:
    import pywikibot

    warm(site, sandbox)
    page = pywikibot.Page(site, 'Spam page anonymous')
    page.text = 'one'
    sandbox.faults.arm(kind='lose-session', action='edit', remembered=True, times=0)
    with pytest.raises(SessionLost):
        page.save(summary='test', quiet=True)
    assert not [e for e in sandbox.journal.entries() if e.effect.startswith('edit')]


@pytest.mark.parametrize('where', ['home', 'foreign'])
def test_whatever_carries_a_token_asserts_who_sends_it(
    site: Any, sandbox: Sandbox, where: str
) -> None:
    """Also actions that pywikibot does not take for writes, as extensions have them."""
    site.login()
    acting = site if where == 'home' else site.foreign_site('aa')
    sandbox.journal.clear()
    for action in ('changecontentmodel', 'undelete', 'unheardof'):
        request = {'action': action, 'title': 'Spam page', 'tags': ''}
        with pytest.raises(TokenUnavailable, match='not logged in'):
            acting.simple_request(**request, token='+\\').submit()
        assert not sandbox.journal.entries(action=action)
        with pytest.raises(APIError):
            acting.simple_request(**request, token=acting.tokens.csrf).submit()
        (sent,) = sandbox.journal.entries(action=action)
        assert (sent.params['assert'], sent.params['assertuser']) == ('user', OPERATOR)


def test_every_write_asserts_who_makes_it(
    site: Any, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    import pywikibot

    site.login()
    (name,) = spambots(1)
    site.set_global_account_status(name, locked=True, reason='test')
    page = pywikibot.Page(site, 'Spam page asserted')
    page.text = 'one'
    page.save(summary='test', quiet=True)
    page.delete(summary='test', prompt=False)
    page.undelete(summary='test')
    writes = [
        entry
        for entry in sandbox.journal.entries()
        if 'token' in entry.params and entry.action != 'login'
    ]
    assert {e.action for e in writes} == {LOCK, 'edit', 'delete', 'undelete'}
    assert {e.params.get('assertuser') for e in writes} == {OPERATOR}


# Kinds of sites


def test_sites_of_every_class_carry_the_plugin(farm: Farm) -> None:
    from pywikibot.site import DataSite

    site = DataSite(farm.central, farm.family)
    site.login()
    assert isinstance(site.tokens.csrf, Token)
    assert site.central_site() == farm.site()


def test_the_other_wikis_know_which_one_is_central(farm: Farm) -> None:
    others = [code for code in farm.wikis if code != farm.central]
    for code in others:
        assert farm.site(code).central_site() == farm.site()


# Reads that only some may make


@pytest.mark.faults
def test_a_read_that_only_some_may_make_tells_a_lost_session_from_a_missing_right(
    site: Any, sandbox: Sandbox
) -> None:
    """The wiki says of both that it is denied."""

    def deleted() -> Any:
        query = {'action': 'query', 'prop': 'deletedrevisions', 'titles': 'Sandbox'}
        return site.simple_request(**query).submit()

    reads: dict[str, Callable[[], Any]] = {
        'watchlistraw': lambda: list(site.watched_pages(force=True)),
        'deletedrevisions': deleted,
        'post': lambda: site.post('centralauthtoken'),
        'request': lambda: site.simple_request(action='centralauthtoken').submit(),
    }
    for name, read in reads.items():
        warm(site, sandbox)
        sandbox.command('end-sessions', user=OPERATOR)
        read()
        logins = sandbox.journal.entries(action='clientlogin')
        assert [each.result for each in logins] == ['ok'], name
        # It is a loss of its own: nothing has to be counted together.
        site.tokens.session.reset()
    sandbox.command('demote', user=OPERATOR)
    sandbox.journal.clear()
    with pytest.raises(PermissionDenied):
        deleted()
    assert steps(sandbox) == ['userinfo: permissiondenied'] * 2
    asserted = [each.params.get('assertuser') for each in sandbox.journal.entries()]
    assert asserted == [None, OPERATOR]
