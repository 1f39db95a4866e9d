"""Credentials leave for the wikis of the farm alone, whoever asks and however."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.seeds import BOT_GRANTS
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    NotInFarm,
    TokensPluginError,
)
from mw_tokens_plugin.site import credentials
from mw_tokens_plugin.site.credentials import Recipient, Secret, Vouched
from mw_tokens_plugin.site.family import family_of_one, place_of_code
from mw_tokens_plugin.site.foreign.directory import AttachedWikis
from mw_tokens_plugin.site.foreign.vouching import Voucher

from .farms import Farm
from .foreign import Wire, wired
from .hostile import hostile_server, plain

KEYS = ('consumer', 'consumer secret', 'access', 'access secret')
MODES = ('centralauthtoken', 'password', 'oauth')


@pytest.fixture
def home(site: Any) -> Any:
    """The central wiki, logged in to with the main password."""
    site.login()
    return site


@pytest.fixture
def wire() -> Iterator[Wire]:
    """All that this process sends."""
    with wired() as wire:
        yield wire


@pytest.fixture
def authenticate(farm: Farm, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Configure an OAuth consumer for the home wiki; return what is configured.

    Without arguments it is one that the farm knows.
    """
    from pywikibot import config

    host = farm.wikis['meta'].split('/')[2]
    monkeypatch.setattr(config, 'authenticate', {})

    def configure(*items: str) -> dict[str, tuple[str, ...]]:
        name = farm.operator.name
        config.authenticate[host] = items or sandbox.call(
            lambda state: state.consumers.add(name, BOT_GRANTS)
        )
        configured: dict[str, tuple[str, ...]] = config.authenticate
        return configured

    return configure


class Address:
    """A site as far as it says where it is, and who vouches for it."""

    def __init__(
        self, address: str, vouched: Vouched | None, path: str = '/w/api.php'
    ) -> None:
        """Be at an address."""
        self.address = address
        self.path = path
        self.vouched = vouched

    def base_url(self, path: str) -> str:
        return urljoin(f'{self.address}/', path)

    def apipath(self) -> str:
        return self.path


def test_each_secret_goes_to_those_that_its_rule_names_and_to_no_other() -> None:
    """And there is a rule for each, so that none is sent without one."""
    vouched = Vouched('https://aa.example', 'the home wiki')
    plain: Any = type('Plain', (), {'base_url': Address.base_url})()
    sites: dict[Recipient, list[Any]] = {
        Recipient.HOME: [plain],
        Recipient.VOUCHED: [
            Address('https://aa.example', vouched),
            Address('https://AA.example:443', vouched),
        ],
        Recipient.UNKNOWN: [
            Address('https://aa.example', None),
            Address('http://aa.example', vouched),
            Address('https://aa.example:8443', vouched),
            Address('https://bb.example', vouched),
            Address('https://aa.example@bb.example', vouched),
            Address('ftp://aa.example', vouched),
            # As pywikibot joins them, these lead elsewhere.
            Address('https://aa.example', vouched, '//bb.example/w/api.php'),
            Address('https://aa.example', vouched, 'https://bb.example/w/api.php'),
        ],
    }
    assert {rule.secret for rule in credentials.TABLE} == set(Secret)
    for rule in credentials.TABLE:
        assert Recipient.UNKNOWN not in rule.recipients
        for what, there in sites.items():
            for site in there:
                if what in rule.recipients:
                    credentials.check(site, (rule.secret,))
                    continue
                with pytest.raises(NotInFarm, match='nothing was sent'):
                    credentials.check(site, (rule.secret,))


def test_a_wiki_is_where_its_api_is() -> None:
    """Whatever host stands before a path that names another one."""
    family = family_of_one('x', 'http://aa.example', 'http', '//bb.example:81/w')
    place = place_of_code('x', family)
    assert place.host == 'bb.example:81'
    assert place.api == family.base_url('x', family.apipath('x'))


@pytest.mark.parametrize('auth', MODES)
def test_a_site_whose_address_changes_gets_nothing_any_more(
    home: Any,
    sandbox: Sandbox,
    running_old_sandbox: Sandbox,
    wire: Wire,
    authenticate: Any,
    monkeypatch: pytest.MonkeyPatch,
    auth: str,
) -> None:
    """Nobody vouches for where its family file leads now."""
    if auth == 'oauth':
        authenticate()
    foreign = home.foreign_site('aa', auth=auth)
    evil = running_old_sandbox.wikis['aa'].server.removeprefix('http://')
    langs = {**foreign.family.langs, 'aa': evil}
    monkeypatch.setattr(type(foreign.family), 'langs', langs)
    wire.sent.clear()
    with pytest.raises(TokensPluginError, match='nothing was sent'):
        foreign.simple_request(action='purge', titles='A', token='secret+\\').submit()
    assert not [sent for sent in wire.sent if sent.host == evil]


@pytest.mark.parametrize('auth', [*MODES, 'auto'])
def test_a_stranger_gets_no_oauth_keys_and_no_password(
    site: Any,
    running_old_sandbox: Sandbox,
    authenticate: Any,
    wire: Wire,
    auth: str,
) -> None:
    """From no mode, though it answers like a wiki where the account is."""
    authenticate()
    evil = running_old_sandbox.wikis['aa'].server
    with pytest.raises(NotInFarm):
        site.foreign_site(f'{evil}/wiki/A', auth=auth, create_account=True)
    host = evil.removeprefix('http://')
    assert not [sent for sent in wire.sent if sent.host == host]


@pytest.mark.parametrize('general', [[], {'centralidlookupprovider': []}, None])
def test_a_wiki_that_says_nonsense_of_itself_gets_nothing_and_a_sentence(
    home: Any, monkeypatch: pytest.MonkeyPatch, general: object
) -> None:
    """Though the home wiki lists it: PHP makes a list of what is empty."""
    voucher = Voucher(AttachedWikis(home, home.username()))
    with hostile_server() as hostile:
        told = {'batchcomplete': True, 'query': {'general': general, 'users': []}}
        hostile.answer = plain(json.dumps(told).encode())
        monkeypatch.setattr(voucher, '_listed_hosts', lambda: {hostile.host})
        family = family_of_one('odd', f'http://{hostile.host}', 'http', '/w')
        with pytest.raises(TokensPluginError):
            voucher.check(place_of_code('odd', family), create_account=True)
    assert len(hostile.received) == 1


# pywikibot warns of three and of five itself.
@pytest.mark.filterwarnings('ignore:config.authenticate')
@pytest.mark.parametrize('items', [KEYS[:2], KEYS[:3], KEYS + KEYS[:1]])
@pytest.mark.usefixtures('sandbox')
def test_an_oauth_entry_that_has_not_four_items_is_refused(
    home: Any, farm: Farm, authenticate: Any, wire: Wire, items: tuple[str, ...]
) -> None:
    """Two are HTTP Basic, which would be sent to the other wiki in the clear."""
    configured = dict(authenticate(*items))
    with pytest.raises(InvalidInput, match='OAuth'):
        home.foreign_site('aa', auth='oauth')
    there = farm.wikis['aa'].split('/')[2]
    assert not [sent for sent in wire.sent if sent.host == there]
    from pywikibot import config

    assert config.authenticate == configured


@pytest.mark.parametrize('auth', MODES)
def test_nothing_of_netrc_and_no_cookie_of_others_goes_to_another_wiki(
    home: Any,
    farm: Farm,
    wire: Wire,
    authenticate: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    auth: str,
) -> None:
    """And OAuth keys stay those of the one site, for all of the process."""
    import pywikibot
    from pywikibot import config
    from pywikibot.comms import http
    from requests.cookies import create_cookie

    there = farm.wikis['aa'].split('/')[2]
    host = there.partition(':')[0]
    netrc = tmp_path / 'netrc'
    netrc.write_text(f'machine {host} login me password sesame\n', 'utf-8')
    netrc.chmod(0o600)
    monkeypatch.setenv('NETRC', str(netrc))
    http.cookie_jar.set_cookie(create_cookie('other', 'secret', domain=host))
    if auth == 'oauth':
        authenticate()
    wire.sent.clear()
    foreign = home.foreign_site('aa', auth=auth)
    page = pywikibot.Page(foreign, 'Spam page')
    page.text = 'one'
    page.save(summary='test', quiet=True)
    sent = [each for each in wire.sent if each.host == there]
    assert sent
    for each in sent:
        is_signed = (each.authorization or '').startswith('OAuth ')
        assert is_signed if auth == 'oauth' else each.authorization is None
        if auth != 'password':
            assert each.cookie is None
    assert there not in config.authenticate
    # pywikibot's own sites are as they were.
    wire.sent.clear()
    plain = pywikibot.Site('aa', farm.family)
    plain.simple_request(action='query', meta='siteinfo').submit()
    assert wire.sent[-1].authorization == 'Basic bWU6c2VzYW1l'


def test_one_login_reaches_all_of_wikimedia_without_a_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By database name, by code and by URL, as before: nothing has to be configured."""
    from pywikibot import config
    from pywikibot.family import Family, WikimediaFamily

    from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount
    from mw_tokens_plugin.site.foreign import directory as attached

    families = [Family.load(name) for name in config.family_files]
    wikimedia = [each for each in families if isinstance(each, WikimediaFamily)]
    home: Any = SimpleNamespace(
        family=Family.load('meta'), code='meta', protocol=lambda: 'https'
    )
    hosts: dict[str, list[str]] = {}
    for family in wikimedia:
        for code in family.langs:
            if code not in family.code_aliases:
                hosts.setdefault(family.hostname(code), []).append(f'{family}:{code}')
    assert len(hosts) > 700
    accounts = tuple(
        AttachedAccount(f'{number}wiki', f'https://{host}', 0, (), None, None, False)
        for number, host in enumerate(hosts)
    )
    wikis = attached.AttachedWikis(home, 'Operator')
    monkeypatch.setattr(wikis, 'accounts', lambda: accounts)
    monkeypatch.setattr(attached, 'fetch_as_nobody', None)
    for account, (host, names) in zip(accounts, hosts.items(), strict=True):
        for where in (account, account.wiki, f'https://{host}/wiki/Page', *names):
            place = wikis.find(where)
            assert (place.host, place.meant) == (host, frozenset({account.wiki}))
            assert wikis.account_at(place) is account
        vouched = Voucher(wikis).check(place, create_account=False)
        assert vouched.address == f'https://{host}'


def test_a_token_that_was_minted_by_hand_is_sent_by_hand(home: Any, farm: Farm) -> None:
    """As it is in plain pywikibot."""
    import pywikibot

    answer = home.simple_request(action='centralauthtoken').submit()
    token = answer['centralauthtoken']['centralauthtoken']
    plain = pywikibot.Site('aa', farm.family)
    asked = plain.simple_request(
        action='query', meta='userinfo', centralauthtoken=token
    ).submit()
    assert asked['query']['userinfo']['name'] == farm.operator.name


def test_nothing_is_sent_past_the_table() -> None:
    """The package talks to wikis in the requests that ask it, or else as nobody."""
    senders = re.compile(r'\bhttp\.(fetch|request)\(|\brequests\.(get|post|Session)\(')
    package = Path(credentials.__file__).parents[1]
    found = {
        path.name
        for path in package.rglob('*.py')
        if 'sandbox' not in path.parts and senders.search(path.read_text('utf-8'))
    }
    # A notice goes to no wiki, and has a session without anything of a login.
    assert found == {'transmission.py', 'probing.py', 'notices.py'}
