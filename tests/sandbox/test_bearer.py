"""A login by an access token of OAuth 2.0: one line in user-config.py for all wikis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pywikibot
from pywikibot import config
from pywikibot.comms import http
from pywikibot.exceptions import NoUsernameError
from requests import PreparedRequest
from requests.cookies import create_cookie

from centralauth_sandbox import Sandbox
from centralauth_sandbox.seeds import BOT_GRANTS
from mw_tokens_plugin.campaign.errorcodes import exit_code_of
from mw_tokens_plugin.doctor import LoginKind, examine
from mw_tokens_plugin.exceptions import InvalidInput, LoginRefused, NotAttached
from mw_tokens_plugin.site.bearer import bearer_in, is_oauth, with_scheme

from .desk import Run
from .farms import Farm
from .foreign import OPERATOR, Sent, Wire, wired

JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiIxIn0.c2lnbmF0dXJl'


@pytest.fixture
def wire() -> Iterator[Wire]:
    """All that this process sends."""
    with wired() as wire:
        yield wire


@pytest.fixture
def token(farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """An access token that is configured for the home wiki."""
    found: str = sandbox.call(
        lambda state: state.consumers.add_bearer(OPERATOR, BOT_GRANTS)
    )
    configure(farm, monkeypatch, (found,))
    monkeypatch.setattr(config, 'password_file', None)
    return found


def configure(farm: Farm, monkeypatch: pytest.MonkeyPatch, entry: Any) -> None:
    host = farm.wikis['meta'].split('/')[2]
    monkeypatch.setattr(config, 'authenticate', {host: entry})


def save(site: Any, title: str = 'Spam page') -> None:
    page = pywikibot.Page(site, title)
    page.text = 'by a bearer'
    page.save(quiet=True)


def sent_to(wire: Wire, farm: Farm, code: str) -> list[Sent]:
    host = farm.wikis[code].split('/')[2]
    return [each for each in wire.sent if each.host == host]


@pytest.mark.parametrize(
    ('entry', 'token'),
    [
        (JWT, JWT),
        ((JWT,), JWT),
        ([f' {JWT}\n'], JWT),
        (f'Bearer {JWT}', JWT),
        ((f'bearer {JWT}',), JWT),
        (('bearer', JWT), JWT),
        (('key', 'secret', JWT), JWT),
        (('garbage',), 'garbage'),
        (('',), ''),
        (('name', 'password'), None),
        (('key', 'secret', 'access'), None),
        (('key', 'secret', 'access', 'access secret'), None),
        (('a', 'b', 'c', 'd', 'e'), None),
        ((1,), None),
        ((), None),
        (None, None),
    ],
)
def test_an_access_token_is_found_however_it_was_copied(
    entry: object, token: str | None
) -> None:
    assert bearer_in(entry) == token


def test_the_scheme_has_the_letters_that_the_wiki_knows() -> None:
    """In others the wiki takes a request for one without a login."""
    for given in ('bearer abc', 'BEARER  abc', 'Bearer abc'):
        assert with_scheme(given) == 'Bearer abc'
        assert is_oauth(given)
    others: list[str | bytes] = ['Basic abc', 'bearerabc', b'OAuth x="y"']
    assert [with_scheme(each) for each in others] == others
    assert is_oauth(b'OAuth x="y"') and not is_oauth('Basic abc') and not is_oauth('')


@pytest.mark.parametrize('entry', [('two words',), ('line\nline',), ('é',), ''])
def test_what_can_be_no_access_token_is_refused_before_it_is_sent(
    pwb: Callable[..., Run],
    farm: Farm,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    entry: Any,
) -> None:
    configure(farm, monkeypatch, entry)
    wire.sent.clear()
    run = pwb('token_doctor')
    assert run.code == 2
    assert 'is no access token of OAuth 2.0' in run.err
    assert 'words' not in run.said and not wire.sent
    with pytest.raises(InvalidInput):
        farm.site().login()


def test_all_is_done_with_the_access_token_on_other_wikis_too(
    token: str, farm: Farm, sandbox: Sandbox, wire: Wire
) -> None:
    """And nothing else says who asks, or could: MediaWiki refuses two logins."""
    for code in ('meta', 'aa'):
        host = farm.wikis[code].split('/')[2].partition(':')[0]
        name = f'{code}wiki_BPsession'
        http.cookie_jar.set_cookie(create_cookie(name, '0' * 32, domain=host))
    site = farm.site()
    site.login()
    foreign = site.foreign_site('aa')
    for each in (site, foreign):
        save(each)
        assert each.user() == OPERATOR
    assert 'OAuth' in repr(foreign)
    assert token not in repr(foreign) + repr(foreign.authentication)
    for code in ('meta', 'aa'):
        sent = sent_to(wire, farm, code)
        assert sent
        assert {each.authorization for each in sent} == {f'Bearer {token}'}
        assert not [each for each in sent if 'session' in (each.cookie or '').lower()]
        writes = [each for each in sent if each.is_write]
        assert [each.body.get('assertuser') for each in writes] == [OPERATOR]
    assert not wire.tokens()
    assert {e.user for e in sandbox.journal.entries() if e.effect} == {OPERATOR}
    host = farm.wikis['aa'].split('/')[2]
    assert host not in config.authenticate


def test_a_bearer_among_the_extra_headers_is_sent_as_one(
    farm: Farm, sandbox: Sandbox, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it was written in lower case, which logs nobody in, without an error."""
    token = sandbox.call(lambda farm: farm.consumers.add_bearer(OPERATOR, BOT_GRANTS))
    monkeypatch.setattr(config, 'extra_headers', {'Authorization': f'bearer {token}'})
    site = farm.site()
    site.login()
    save(site)
    assert {each.authorization for each in wire.sent} == {f'Bearer {token}'}
    assert {e.user for e in sandbox.journal.entries() if e.effect} == {OPERATOR}


def change(**values: bool) -> Callable[[Any, str], None]:
    def changed(farm: Any, token: str) -> None:
        for name, value in values.items():
            setattr(farm.consumers.of(token), name, value)

    return changed


def lock(farm: Any, token: str) -> None:
    farm.accounts[OPERATOR].locked = True


def nothing(farm: Any, token: str) -> None:
    """Leave the farm as it is."""


#: What can be wrong with an access token: what makes it so, which of them it is, the
#: error and what it says.
REFUSALS: dict[str, tuple[Callable[[Any, str], None], str, type[Exception], str]] = {
    'expired': (nothing, 'expired', LoginRefused, r'expired on 20\d\d-'),
    'not yet good': (nothing, 'later', LoginRefused, 'not good before on 20'),
    'revoked': (change(accepted=False), 'good', LoginRefused, 'was revoked. Get a new'),
    'disabled': (change(approved=False), 'good', LoginRefused, 'not approved, or was'),
    'of another farm': (nothing, 'strange', LoginRefused, 'has not expired, so it was'),
    'cut off': (nothing, 'cut', LoginRefused, 'incomplete, or none at all'),
    'of a locked account': (lock, 'good', LoginRefused, 'is locked or blocked. Ask'),
}


@pytest.mark.parametrize('case', REFUSALS)
def test_a_refused_access_token_is_told_by_what_is_wrong_with_it(
    token: str, farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """The wiki itself says the same of most of them."""
    make, which, kind, sentence = REFUSALS[case]
    tokens = {
        'good': token,
        'strange': token[:-8] + 'AAAAAAAA',
        'cut': token[:90],
        **sandbox.call(
            lambda farm: {
                'expired': farm.consumers.bearer(farm.consumers.of(token), -3600),
                'later': farm.consumers.bearer(farm.consumers.of(token), begins=7200.0),
            }
        ),
    }
    configure(farm, monkeypatch, (tokens[which],))
    sandbox.call(lambda farm: make(farm, token))
    with pytest.raises(kind, match=sentence) as refused:
        farm.site().login()
    assert exit_code_of(refused.value) == 3
    assert tokens[which] not in str(refused.value)


def test_an_access_token_that_is_revoked_while_a_script_runs_ends_it(
    token: str, farm: Farm, sandbox: Sandbox
) -> None:
    site = farm.site()
    site.login()
    save(site)
    sandbox.call(lambda farm: setattr(farm.consumers.of(token), 'accepted', False))
    with pytest.raises(LoginRefused, match='was revoked'):
        save(site, 'Spam page 2')


def test_a_lost_store_of_sessions_costs_a_new_token_and_nothing_else(
    token: str, farm: Farm, sandbox: Sandbox
) -> None:
    site = farm.site()
    site.login()
    save(site)
    sandbox.call(lambda farm: farm.sessions.wipe())
    save(site, 'Spam page 2')
    assert site.tokens.session.renewals == 0


def test_a_wiki_without_an_account_makes_one_or_says_that_it_does_not(
    token: str, farm: Farm, sandbox: Sandbox
) -> None:
    site = farm.site()
    site.login()

    def leave(state: Any) -> None:
        for code in ('aa', 'bb'):
            wiki = state.wikis[code]
            wiki.account_ids.pop(wiki.accounts.pop(OPERATOR).id)
            state.accounts[OPERATOR].attached.pop(wiki.db)
        state.wikis['bb'].creates_accounts = False

    sandbox.call(leave)
    with pytest.raises(NotAttached, match='create_account=True'):
        site.foreign_site('aa')
    save(site.foreign_site('aa', create_account=True))
    with pytest.raises(NotAttached, match='no account on sandbox:bb, and the wiki mak'):
        site.foreign_site('bb', create_account=True)
    assert {e.user for e in sandbox.journal.entries() if e.effect} == {OPERATOR}


def test_before_2026_wikis_make_no_account_for_an_access_token(
    old_farm: Farm, running_old_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = running_old_sandbox.call(
        lambda state: state.consumers.add_bearer(OPERATOR, BOT_GRANTS)
    )
    hosts = [address.split('/')[2] for address in old_farm.wikis.values()]
    monkeypatch.setattr(config, 'authenticate', dict.fromkeys(hosts, (token,)))

    def leave(state: Any) -> None:
        wiki = state.wikis['aa']
        wiki.account_ids.pop(wiki.accounts.pop(OPERATOR).id)

    running_old_sandbox.call(leave)
    with pytest.raises(LoginRefused, match='logging in by OAuth makes none'):
        old_farm.site('aa').login()
    with pytest.raises(NoUsernameError):
        old_farm.site('aa').login()
    home = old_farm.site()
    home.login()
    with pytest.raises(NotAttached, match='logging in by OAuth makes none'):
        home.foreign_site('aa', create_account=True)


def test_cookies_that_count_requests_are_sent_back_and_those_of_others_forgotten(
    token: str, farm: Farm, sandbox: Sandbox, wire: Wire
) -> None:
    """As the cookie sessionJwt does, by which gateways know an account."""
    sandbox.call(lambda farm: setattr(farm.consumers, 'jwt_cookies', True))
    site = farm.site()
    site.login()
    save(site.foreign_site('aa'))
    last = sent_to(wire, farm, 'aa')[-1]
    assert 'sessionJwt=' in (last.cookie or '')
    others = sandbox.call(
        lambda farm: farm.sessions.web_tokens.cookie(
            farm.accounts['Sandbox Colleague'], 3600
        )
    )
    for cookie in http.cookie_jar:
        if cookie.name == 'sessionJwt':
            cookie.value = others.partition('=')[2].partition(';')[0]
    save(site.foreign_site('aa'), 'Spam page 2')
    assert {e.user for e in sandbox.journal.entries() if e.effect} == {OPERATOR}


def test_the_doctor_and_the_scripts_know_the_login(
    token: str, site: Any, pwb: Callable[..., Run], sandbox: Sandbox
) -> None:
    found = examine(site)
    assert found.login is LoginKind.OAUTH2
    assert found.grants == tuple(sorted(BOT_GRANTS))
    assert found.recent_login is None
    assert found.foreign_site == 'oauth'
    run = pwb('global_lock', 'Spambot 00001', '-reason:spam', '-always')
    assert run.code == 0, run.said
    assert token not in run.said
    assert sandbox.call(lambda farm: farm.accounts['Spambot 00001'].locked)


def test_a_request_of_somebody_elses_making_is_left_as_it_is() -> None:
    """Only headers of OAuth are looked at, and cookies that somebody gave stay."""
    request = pywikibot.comms.http.requests.Request(
        'GET', 'http://127.0.0.1/', headers={'Cookie': 'x_session=1'}
    )
    request.headers['Authorization'] = 'Bearer abc'
    prepared: PreparedRequest = http.session.prepare_request(request)
    assert prepared.headers['Cookie'] == 'x_session=1'
