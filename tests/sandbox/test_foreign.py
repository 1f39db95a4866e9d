"""foreign_site(): which wikis it finds, which it refuses, and with which login."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mw_tokens_plugin
from centralauth_sandbox import Sandbox
from mw_tokens_plugin.exceptions import (
    CentralAuthTokenRefused,
    InvalidInput,
    NoCentralAuthToken,
    NotAttached,
    NotInFarm,
    SessionLost,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount
from mw_tokens_plugin.site.family import SharedLogin
from mw_tokens_plugin.site.foreign.directory import AttachedWikis

from .farms import Farm
from .foreign import (
    OPERATOR,
    Wire,
    clear_journal,
    detach_account,
    forget_account,
    mints,
    steps,
    wired,
    write_pages,
)

#: When the operator's account was made, where two farms have it.
_THEN = '2009-01-02T03:04:05Z'


@pytest.fixture
def home(site: Any) -> Any:
    """The central wiki, logged in to with the main password."""
    site.login()
    return site


@pytest.fixture
def no_penalty(sandbox: Sandbox) -> Iterator[None]:
    """Dead centralauthtokens cost no time."""
    sandbox.command('set-lifetimes', penalty=0.0)
    yield
    sandbox.command('set-lifetimes', penalty=3.0)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """All that this process sends."""
    with wired() as wire:
        yield wire


# Which wiki


def other(farm: Farm) -> str:
    """Return the code of a wiki that is not the central one."""
    return next(code for code in farm.wikis if code != farm.central)


def test_all_ways_to_name_a_wiki_lead_to_one_object(home: Any, farm: Farm) -> None:
    code = other(farm)
    foreign = home.foreign_site(code)
    (database,) = (
        account.wiki
        for account in home.global_account(home.user()).attached
        if account.url and farm.wikis[code].startswith(f'{account.url}/')
    )
    assert home.foreign_site(f'{farm.family}:{code}') is foreign
    assert home.foreign_site(database) is foreign
    assert home.foreign_site(farm.wikis[code]) is foreign
    assert home.foreign_site(farm.site(code)) is foreign
    assert home.foreign_site(foreign) is foreign


def test_it_acts_as_the_account_that_is_logged_in_at_home(
    home: Any, farm: Farm
) -> None:
    foreign = home.foreign_site(other(farm))
    assert foreign.user() == home.user() == farm.operator.name
    assert foreign.logged_in()
    assert foreign.has_right('delete')


def test_nothing_is_logged_in_to_but_the_home_wiki(home: Any, sandbox: Sandbox) -> None:
    assert home.foreign_site('aa').tokens.csrf
    logins = [e.wiki for e in sandbox.journal.entries() if e.effect == 'login']
    assert logins == ['meta']
    assert steps(sandbox, 'aa') == ['tokens']


def test_it_equals_the_plain_site_and_finds_its_things_in_dictionaries(
    home: Any, farm: Farm
) -> None:
    foreign, plain = home.foreign_site(other(farm)), farm.site(other(farm))
    assert foreign == plain and plain == foreign
    assert {plain: 'known'}[foreign] == 'known'
    assert type(foreign).__name__ == type(plain).__name__ == 'APISite'
    assert foreign is not plain
    assert foreign != home


@pytest.mark.usefixtures('sandbox')
def test_the_home_wiki_itself_is_the_home_site(home: Any) -> None:
    assert home.foreign_site('meta') is home


def test_the_interface_is_that_of_the_family(
    home: Any, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot.site import DataSite

    monkeypatch.setattr(type(home.family), 'interface', lambda self, code: 'DataSite')
    foreign = home.foreign_site(other(farm))
    assert isinstance(foreign, DataSite)
    assert type(foreign).__name__ == 'DataSite'
    assert foreign == DataSite(other(farm), farm.family)


def test_there_is_a_function_for_the_default_home(home: Any, farm: Farm) -> None:
    import pywikibot

    foreign = mw_tokens_plugin.foreign_site(other(farm))
    assert foreign is pywikibot.Site().foreign_site(other(farm))


@pytest.mark.usefixtures('sandbox')
def test_the_repr_tells_the_login_and_no_secret(home: Any, wire: Wire) -> None:
    foreign = home.foreign_site('aa')
    assert repr(foreign) == (
        f'<APISite {home.family}:aa through a centralauthtoken of {OPERATOR} on {home}>'
    )
    said = repr(vars(foreign)) + repr(vars(foreign.home_login.tokens))
    assert wire.tokens()
    assert not [token for token in wire.tokens() if token in said]


@pytest.mark.usefixtures('sandbox')
def test_foreign_sites_are_not_pickled(home: Any) -> None:
    with pytest.raises(TypeError, match='cannot be pickled'):
        pickle.dumps(home.foreign_site('aa'))


@pytest.mark.usefixtures('sandbox')
def test_there_is_nothing_to_log_out_from(home: Any) -> None:
    with pytest.raises(InvalidInput, match=f'log out on {home}'):
        home.foreign_site('aa').logout()


def test_another_user_at_home_gets_sites_of_its_own(home: Any, farm: Farm) -> None:
    sysop = farm.site(user=farm.sysop.name)
    theirs = sysop.foreign_site(other(farm))
    assert theirs.user() == farm.sysop.name
    assert home.foreign_site(other(farm)) is not theirs


@pytest.mark.parametrize('where', ['zz', 'zz:aa', 'sandbox:zz', 'http://127.0.0.99/'])
def test_unknown_wikis_are_refused_with_what_to_do(
    home: Any, sandbox: Sandbox, where: str
) -> None:
    clear_journal(sandbox)
    with pytest.raises(NotInFarm):
        home.foreign_site(where)
    assert mints(sandbox) == 0


@pytest.mark.usefixtures('sandbox')
def test_options_that_there_are_not_are_refused(home: Any) -> None:
    with pytest.raises(InvalidInput, match='must be one of auto, centralauthtoken'):
        home.foreign_site('aa', auth='magic')
    with pytest.raises(InvalidInput, match='authenticated'):
        home.foreign_site('aa', reads='never')


# Wikis in no family file


@pytest.fixture(scope='session')
def _large_sandbox() -> Iterator[Sandbox]:
    with Sandbox(wikis=101, accounts=0, penalty=0) as sandbox:
        yield sandbox


@pytest.fixture
def large_farm(
    farm: Farm, _large_sandbox: Sandbox, tmp_path: Path
) -> Iterator[tuple[Farm, Sandbox]]:
    """A hundred wikis and one, of which the family file knows the central one."""
    _large_sandbox.reset()
    whole = Farm.of_sandbox(_large_sandbox, 'largesandbox')
    known = Farm(
        family=whole.family,
        wikis={'meta': whole.wikis['meta']},
        central='meta',
        operator=whole.operator,
        sysop=whole.sysop,
        bot=whole.bot,
        accounts=whole.accounts,
        pages=whole.pages,
        sandbox=_large_sandbox,
    )
    known.introduce(tmp_path)
    known.choose(tmp_path)
    yield known, _large_sandbox
    from pywikibot import config

    del config.family_files['largesandbox']


def test_a_hundred_wikis_in_no_family_file_are_found_and_written_on(
    large_farm: tuple[Farm, Sandbox],
) -> None:
    import pywikibot

    known, sandbox = large_farm
    home = known.site()
    home.login()
    codes = [code for code in sandbox.wikis if code != 'meta']
    assert len(codes) == 100
    for code in codes:
        foreign = home.foreign_site(f'{code}wiki')
        assert foreign.user() == OPERATOR
    assert (
        home.foreign_site(f'{sandbox.wikis[codes[-1]].server}/w/index.php') is foreign
    )
    page = pywikibot.Page(foreign, 'Spam page far away')
    page.text = 'one'
    page.save(summary='test', quiet=True)
    edits = [(e.wiki, e.user) for e in sandbox.journal.entries() if e.effect == 'edit']
    assert edits == [(codes[-1], OPERATOR)]
    lists = [s for s in steps(sandbox, 'meta') if s == 'globaluserinfo']
    assert len(lists) == 1


def test_a_broken_answer_of_such_a_wiki_is_survived(
    large_farm: tuple[Farm, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    known, sandbox = large_farm
    monkeypatch.setattr(config, 'retry_wait', 0)
    foreign = known.site().foreign_site('aawiki')
    sandbox.faults.arm(kind='html', status=502, wiki='aa')
    assert [page.title() for page in foreign.allpages(total=1)] == ['Main Page']


@pytest.mark.parametrize(
    ('url', 'host'),
    [
        ('https://zz.example', 'zz.example'),
        ('https://ZZ.example:8443', 'zz.example:8443'),
        ('//zz.example', 'zz.example'),
        ('http://zz.example', None),
        ('ftp://zz.example', None),
        ('file://zz.example/etc/passwd', None),
        ('https://user:secret@zz.example', None),
        ('https://zz.example\\@evil.example', None),
        ('https://[zz', None),
    ],
)
def test_the_home_wiki_sends_a_secure_login_to_secure_addresses_only(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, url: str, host: str | None
) -> None:
    home = farm.site()
    monkeypatch.setattr(type(home.family), 'protocol', lambda self, code: 'https')
    there = AttachedAccount('zzwiki', url, 0, (), None, None, False)
    wikis = AttachedWikis(home, OPERATOR)
    monkeypatch.setattr(wikis, 'accounts', lambda: (there,))
    for where in ('zzwiki', f'https:{url}' if url.startswith('//') else url):
        if host is not None:
            assert wikis.find(where).api == f'https://{host}/w/api.php'
            continue
        with pytest.raises(NotInFarm) as refused:
            wikis.find(where)
        assert 'secret' not in str(refused.value)


# Wikis without an account of the operator


def test_a_wiki_without_an_account_is_refused_before_anything_is_sent_as_somebody(
    home: Any, sandbox: Sandbox
) -> None:
    forget_account(sandbox, 'aa')
    with pytest.raises(NotAttached, match='create_account=True'):
        home.foreign_site('aa')
    assert OPERATOR not in sandbox.call(lambda farm: farm.wikis['aa'].accounts)
    assert {e.user for e in sandbox.journal.entries(wiki='aa')} <= {''}


def test_a_first_visit_creates_the_account_if_told_so(
    home: Any, sandbox: Sandbox
) -> None:
    import pywikibot

    forget_account(sandbox, 'aa')
    foreign = home.foreign_site('aa', create_account=True)
    page = pywikibot.Page(foreign, 'Spam page first')
    page.text = 'one'
    page.save(summary='test', quiet=True)
    edits = [e.user for e in sandbox.journal.entries(action='edit') if e.effect]
    assert edits == [OPERATOR]
    assert home.foreign_site('aa') is foreign


def test_a_wiki_that_is_asked_as_nobody_gets_no_cookie_and_no_password(
    home: Any,
    sandbox: Sandbox,
    wire: Wire,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pywikibot import config
    from pywikibot.comms import http
    from requests.cookies import create_cookie

    from mw_tokens_plugin.site.foreign.probing import fetch_as_nobody

    there = sandbox.wikis['aa'].server.removeprefix('http://')
    host = there.partition(':')[0]
    netrc = tmp_path / 'netrc'
    netrc.write_text(f'machine {host} login me password sesame\n', 'utf-8')
    netrc.chmod(0o600)
    monkeypatch.setenv('NETRC', str(netrc))
    http.cookie_jar.set_cookie(create_cookie('session', 'secret', domain=host))
    forget_account(sandbox, 'aa')
    with pytest.raises(NotAttached, match='create_account=True'):
        home.foreign_site('aa')
    own = {'Authorization': 'Bearer secret', 'cookie': 'a=b', 'X-Debug': '1'}
    monkeypatch.setattr(config, 'extra_headers', own)
    fetch_as_nobody(f'http://{there}/w/api.php')
    asked = [(s.cookie, s.authorization) for s in wire.sent if s.host == there]
    assert asked == [(None, None)] * 2


def test_the_race_after_a_first_visit_is_survived(
    home: Any, sandbox: Sandbox, no_penalty: None, wire: Wire
) -> None:
    """Fresh tokens are refused for a moment after the account was created."""
    import pywikibot

    # A busy machine may be too slow for the moment.
    for _ in range(10):
        forget_account(sandbox, 'aa')
        home.tokens.home_login = None
        clear_journal(sandbox)
        sandbox.faults.arm(kind='autocreate-race', wiki='aa', seconds=0.15)
        foreign = home.foreign_site('aa', create_account=True)
        page = pywikibot.Page(foreign, 'Spam page raced')
        page.text = 'one'
        page.save(summary='test', quiet=True)
        results = [e.result for e in sandbox.journal.entries(wiki='aa')]
        if 'badtoken' in results:
            break
    assert 'badtoken' in results
    assert [e.user for e in sandbox.journal.entries(action='edit')] == [OPERATOR]
    wire.check({sandbox.wikis['aa'].server.removeprefix('http://')})


def test_an_account_that_belongs_to_somebody_else_is_never_used(
    home: Any, sandbox: Sandbox, no_penalty: None
) -> None:
    foreign = home.foreign_site('aa')
    detach_account(sandbox, 'aa')
    foreign.tokens.clear()
    clear_journal(sandbox)
    with pytest.raises(CentralAuthTokenRefused, match='Special:CentralAuth'):
        foreign.tokens.prefetch('csrf')
    assert steps(sandbox, 'aa').count('tokens: badtoken') == 4
    home.tokens.home_login = None
    for create_account in (False, True):
        clear_journal(sandbox)
        with pytest.raises(
            NotAttached, match=r'http.*/index\.php\?title=Special:Merge'
        ):
            home.foreign_site('aa', create_account=create_account)
        # A centralauthtoken would only be refused there.
        assert not any(e.centralauthtoken for e in sandbox.journal.entries(wiki='aa'))


def test_a_site_of_a_login_that_has_ended_does_not_act_as_the_next_user(
    home: Any, farm: Farm, sandbox: Sandbox
) -> None:
    foreign = home.foreign_site('aa')
    before = home.tokens.home_login
    home.logout()
    home.login(user=farm.sysop.name)
    clear_journal(sandbox)
    foreign.tokens.clear()
    foreign.home_login.tokens.forget_ahead()
    with pytest.raises(SessionLost, match='used as Plain Sysop now'):
        foreign.tokens.prefetch('csrf')
    assert not sandbox.journal.entries(action='centralauthtoken')
    other = home.foreign_site('aa')
    assert other is not foreign
    assert other.username() == farm.sysop.name
    assert (before.user, home.tokens.home_login.user) == (
        farm.operator.name,
        farm.sysop.name,
    )


def test_a_local_account_without_a_global_one_is_told_so(
    farm: Farm, sandbox: Sandbox
) -> None:
    def add(state: Any) -> None:
        state.strict = False
        state.central.add_account('Only Here', password='only here')

    sandbox.call(add)
    _password_file(farm, "('Only Here', 'only here')")
    home = farm.site(user='Only Here')
    with pytest.raises(NotAttached, match='no global account'):
        home.foreign_site('aa')


# Wikis outside the farm


@pytest.fixture
def stranger(sandbox: Sandbox, running_old_sandbox: Sandbox) -> Iterator[str]:
    """A wiki of another farm, in a family that says nothing of logins."""
    from pywikibot.family import Family, SingleSiteFamily

    running_old_sandbox.reset()
    # Its account is to look the same, whichever second each farm was made in.
    moment = sandbox.call(lambda farm: farm.accounts[OPERATOR].registration)
    running_old_sandbox.call(
        lambda farm: setattr(farm.accounts[OPERATOR], 'registration', moment)
    )
    address = running_old_sandbox.wikis['aa'].server.removeprefix('http://')
    members = {
        'name': 'stranger',
        'domain': address,
        'protocol': lambda self, code: 'http',
        'scriptpath': lambda self, code: '/w',
    }
    Family._families['stranger'] = type('Family', (SingleSiteFamily,), members)()
    yield 'stranger:stranger'
    del Family._families['stranger']


@pytest.mark.parametrize('auth', ['auto', 'password', 'centralauthtoken', 'oauth'])
@pytest.mark.parametrize('login', ['home', 'bot_home'])
def test_no_wiki_gets_a_secret_by_vouching_for_itself(
    request: pytest.FixtureRequest,
    stranger: str,
    running_old_sandbox: Sandbox,
    login: str,
    auth: str,
) -> None:
    """It claims the very same account, all of which is public."""
    home = request.getfixturevalue(login)
    running_old_sandbox.journal.clear()
    for where in (stranger, running_old_sandbox.wikis['aa'].server + '/wiki/A'):
        with pytest.raises(NotInFarm):
            home.foreign_site(where, auth=auth, create_account=True)
    assert not running_old_sandbox.journal.entries()


def test_a_wiki_in_the_list_of_the_home_wiki_is_one_of_its_farm(
    home: Any, stranger: str, sandbox: Sandbox, running_old_sandbox: Sandbox
) -> None:
    """It has no account yet; wikis with accounts of their own only are no part."""
    forget_account(running_old_sandbox, 'aa')
    for farm in (sandbox, running_old_sandbox):
        # They were seeded at different seconds.
        farm.call(lambda farm: setattr(farm.accounts[OPERATOR], 'registration', _THEN))
    server = running_old_sandbox.wikis['aa'].server
    language = {'code': 'aa', 'site': [{'url': server}]}
    for matrix, error in (
        ({'count': 1, '0': language}, 'create_account=True'),
        ({'count': 1, 'specials': [{'url': server}]}, 'create_account=True'),
        ({'count': 1, 'specials': [{'url': server, 'nonglobal': ''}]}, 'no login'),
        ({'count': 0}, 'no login'),
    ):
        body = json.dumps({'sitematrix': matrix})
        sandbox.faults.arm(kind='gateway', status=200, body=body, action='sitematrix')
        home.tokens.home_login = None
        with pytest.raises((NotAttached, NotInFarm), match=error):
            home.foreign_site(stranger)


def test_a_wiki_of_the_farm_may_say_that_it_knows_another_account(
    home: Any, stranger: str, running_old_sandbox: Sandbox
) -> None:
    from pywikibot.family import Family

    def age(state: Any) -> None:
        state.accounts[OPERATOR].registration = '2009-01-02T03:04:05Z'

    running_old_sandbox.call(age)
    type(Family._families['stranger']).central_wiki = 'sandbox:meta'
    running_old_sandbox.journal.clear()
    with pytest.raises(NotInFarm, match='shares no login'):
        home.foreign_site(stranger, create_account=True)
    (asked,) = running_old_sandbox.journal.entries()
    assert (asked.method, asked.user, asked.centralauthtoken) == ('GET', '', '')


def test_a_third_wiki_is_reached_with_the_same_login(
    home: Any, sandbox: Sandbox
) -> None:
    aa = home.foreign_site('aa')
    logins = sandbox.summary()['logins']
    assert aa.foreign_site('bb') is home.foreign_site('bb')
    assert aa.foreign_site('meta') is home
    assert sandbox.summary()['logins'] == logins


def test_what_nobody_may_ask_for_is_asked_as_somebody(
    home: Any, sandbox: Sandbox
) -> None:
    site = home.foreign_site('aa', reads='anonymous')
    clear_journal(sandbox)
    titles = [f'Page {number}' for number in range(60)]
    answer = site.simple_request(action='query', titles=titles, prop='info').submit()
    assert len(answer['query']['pages']) == 60
    list(site.recentchanges(patrolled=False, total=1))
    asked = [
        (e.params.get('prop') or e.params.get('list'), e.user)
        for e in sandbox.journal.entries(action='query')
        if e.wiki == 'aa' and {'prop', 'list'} & e.params.keys()
    ]
    assert asked == [('info', OPERATOR), ('recentchanges', OPERATOR)]


def test_a_wiki_that_nobody_answers_for_is_told_so(home: Any, stranger: str) -> None:
    from pywikibot.family import Family

    family = Family._families['stranger']
    type(family).domain = '127.0.0.1:1'
    with pytest.raises((WikiUnreachable, NotInFarm), match=r'127\.0\.0\.1:1|shares no'):
        home.foreign_site(stranger)


def test_families_that_name_different_central_wikis_are_not_asked(
    home: Any, stranger: str, running_old_sandbox: Sandbox
) -> None:
    from pywikibot.family import Family

    type(Family._families['stranger']).central_wiki = 'elsewhere'
    running_old_sandbox.journal.clear()
    with pytest.raises(NotInFarm):
        home.foreign_site(stranger)
    assert len(running_old_sandbox.journal) == 0


def test_the_mixin_says_that_a_family_shares_its_login() -> None:
    assert SharedLogin.shared_login is True
    assert SharedLogin.central_wiki is None


# Logins that get no centralauthtoken


def _password_file(farm: Farm, line: str) -> None:
    from pywikibot import config

    Path(str(config.password_file)).write_text(f'{line}\n', 'utf-8')


@pytest.fixture
def bot_home(farm: Farm) -> Any:
    """The central wiki, logged in to with the bot password."""
    name, _, app = farm.bot.name.partition('@')
    _password_file(farm, f'({name!r}, BotPassword({app!r}, {farm.bot.password!r}))')
    home = farm.site()
    home.login()
    return home


def test_a_bot_password_logs_in_on_the_other_wiki(
    bot_home: Any, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    import pywikibot

    write_pages(sandbox, 'aa', 'Spam page bot')
    capfd.readouterr()
    foreign = bot_home.foreign_site('aa')
    said = ''.join(capfd.readouterr())
    # What was to be expected is no reason for a warning.
    assert said.count('a bot password gets no centralauthtoken, so') == 1
    assert 'WARNING' not in said
    assert repr(foreign) == (
        f'<APISite sandbox:aa through a login of its own as {OPERATOR}>'
    )
    assert foreign is bot_home.foreign_site('aa', auth='password')
    pywikibot.Page(foreign, 'Spam page bot').delete('test', prompt=False)
    (deletion,) = sandbox.journal.entries(action='delete')
    assert (deletion.user, deletion.kind, deletion.effect) == (
        OPERATOR,
        'botpassword',
        'delete',
    )
    # One question, whatever the number of wikis.
    bot_home.foreign_site('bb')
    assert mints(sandbox) == 1


@pytest.mark.usefixtures('sandbox')
def test_a_bot_password_that_is_to_get_a_token_is_told_what_to_do(
    bot_home: Any,
) -> None:
    with pytest.raises(NoCentralAuthToken, match='main password'):
        bot_home.foreign_site('aa', auth='centralauthtoken')


def test_the_main_password_may_log_in_there_too(home: Any, sandbox: Sandbox) -> None:
    foreign = home.foreign_site('aa', auth='password')
    assert foreign.user() == OPERATOR
    assert mints(sandbox) == 0
    assert foreign is not home.foreign_site('aa')
    assert foreign == home.foreign_site('aa')


@pytest.mark.usefixtures('sandbox')
def test_oauth_is_sent_to_the_other_wiki_and_no_token_asked_for(
    home: Any, farm: Farm, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without consumers the sandbox has no OAuth, and takes us for nobody."""
    from pywikibot import config

    host = farm.wikis['meta'].split('/')[2]
    consumer = ('consumer', 'consumer secret', 'access', 'access secret')
    monkeypatch.setattr(config, 'authenticate', {host: consumer})
    assert home.is_oauth_token_available()
    with pytest.raises(NotAttached, match='or has no OAuth'):
        home.foreign_site('aa')
    there = farm.wikis['aa'].split('/')[2]
    signed = [s for s in wire.sent if s.host == there]
    assert signed and all('OAuth' in (s.authorization or '') for s in signed)
    assert not wire.tokens()


@pytest.mark.usefixtures('sandbox')
def test_oauth_without_a_consumer_is_told_so(home: Any) -> None:
    with pytest.raises(InvalidInput, match=r'authenticate in user-config\.py'):
        home.foreign_site('aa', auth='oauth')


@pytest.mark.usefixtures('sandbox')
def test_a_centralauthtoken_never_travels_with_oauth(
    home: Any, farm: Farm, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MediaWiki answers 500 to both together."""
    from pywikibot import config

    there = farm.wikis['aa'].split('/')[2]
    consumer = ('consumer', 'consumer secret', 'access', 'access secret')
    monkeypatch.setattr(config, 'authenticate', {there: consumer})
    foreign = home.foreign_site('aa', auth='centralauthtoken')
    assert foreign.user() == OPERATOR
    assert wire.tokens()
    assert [s.authorization for s in wire.sent if s.host == there] == [None]


@pytest.mark.usefixtures('sandbox')
def test_whoever_is_not_logged_in_is_told_so(farm: Farm) -> None:
    _password_file(farm, f'({OPERATOR!r}, "wrong")')
    with pytest.raises(Exception, match=r'(?i)log|password'):
        farm.site().foreign_site('aa')
