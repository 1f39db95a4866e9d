"""A farm of one's own: each wiki is told from the others, or nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from mw_tokens_plugin.exceptions import (
    InvalidInput,
    NotInFarm,
    TokensPluginError,
    WrongWiki,
)
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount
from mw_tokens_plugin.site.foreign.directory import AttachedWikis
from mw_tokens_plugin.site.foreign.vouching import Voucher
from mw_tokens_plugin.site.requests import TokenRequest

from .foreign import OPERATOR, forget_account
from .ownfarm import ALIVE, configure_both, same_page, writes

if TYPE_CHECKING:
    from collections.abc import Callable

    from centralauth_sandbox import Sandbox

    from .desk import Run
    from .farms import Farm

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')


def test_the_farm_is_what_it_is_said_to_be(own_farm: Farm) -> None:
    """Its wikis are told apart by what they say of themselves."""
    said = {}
    for code in ALIVE:
        answer = requests.get(
            own_farm.wikis[code],
            params={'action': 'query', 'meta': 'siteinfo', 'format': 'json'}
            | {'siprop': 'general|namespaces', 'formatversion': '2'},
            timeout=60,
        ).json()
        if 'error' in answer:
            assert answer['error']['code'] == 'readapidenied'
            continue
        general = answer['query']['general']
        name = answer['query']['namespaces']['2']['name']
        said[code] = (general['wikiid'], general['articlepath'], name)
        script = general['server'] + general['scriptpath'] + '/api.php'
        assert script == own_farm.wikis[code]
    assert said.keys() == set(ALIVE) - {'prv'}
    assert said['cc'] == ('ccwiki', '/cc/index.php/$1', 'User')
    assert said['de'] == ('dewiki', '/$1', 'Benutzer')
    assert said['ffwiki'][0] == 'eewiki'
    answer = requests.get(own_farm.wikis['del'], timeout=240)
    assert (answer.status_code, answer.headers['Content-Type']) == (404, 'text/html')
    with pytest.raises(requests.ConnectionError):
        requests.get(own_farm.wikis['gone'], timeout=240)


def test_pywikibot_works_on_it(own_farm: Farm, own_sandbox: Sandbox) -> None:
    import pywikibot

    same_page(own_sandbox)
    for code in ('meta', 'bb', 'cc', 'de', 'ffwiki', 'prv'):
        site = own_farm.site(code)
        site.login()
        page = pywikibot.Page(site, 'Benutzer:X' if code == 'de' else 'User:X')
        page.text = 'somebody'
        page.save('test', quiet=True)
    assert writes(own_sandbox) == dict.fromkeys(
        ('meta', 'bb', 'cc', 'de', 'ffwiki', 'prv'), 1
    )


def test_two_farms_fit_into_one_configuration(
    own_farm: Farm, second_farm: Farm, tmp_path: Path
) -> None:
    configure_both(tmp_path, own_farm, second_farm)
    text = (tmp_path / 'user-config.py').read_text('utf-8')
    assert all(f"family_files['{f.family}']" in text for f in (own_farm, second_farm))


# foreign_site()


def _known(
    kind: str, farm: Farm, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> Farm:
    """Let family files know a farm with database names, without, or one wiki of it."""
    from pywikibot import config

    known = farm
    if kind == 'no names':
        known = replace(farm, family='ownplain', databases={})
    if kind == 'one wiki':
        only = {'meta': farm.wikis['meta']}
        known = replace(farm, family='ownmeta', wikis=only, databases={})
    if known is not farm:
        monkeypatch.setattr(config, 'family_files', dict(config.family_files))
        del config.family_files[farm.family]
        known.introduce(directory)
    known.choose(directory)
    return known


@pytest.mark.parametrize('kind', ['names', 'no names', 'one wiki'])
def test_a_name_leads_to_the_wiki_that_is_meant_or_nowhere(
    kind: str,
    own_farm: Farm,
    own_sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With any family file, and whatever the name is: counted on all wikis."""
    import pywikibot

    farm = _known(kind, own_farm, tmp_path, monkeypatch)
    monkeypatch.setattr(TokenRequest, 'deadline', 0.5)
    home = farm.site()
    home.login()
    roots = {c: w.removesuffix('/api.php') for c, w in own_sandbox_urls(own_sandbox)}
    meant: dict[str, str | None] = {
        # Pages of its host tell where its API is.
        'bbwiki': 'bb',
        'ccwiki': 'cc' if kind != 'one wiki' else None,
        f'{roots["bb"]}/index.php/Shared_page': 'bb',
        f'{roots["cc"]}/index.php?title=Shared_page': 'cc',
        f'{roots["cc"]}/api.php': 'cc',
        f'{roots["cc"].removesuffix("/cc")}/dd/index.php/Shared_page': None,
        f'{roots["de"]}/Shared_page': 'de',
        'dewiki': 'de',
        'eewiki': 'ffwiki',
        # The code of one wiki and the database name of another.
        'ffwiki': None if kind != 'one wiki' else 'ff',
        'prvwiki': 'prv',
        'delwiki': None,
        'gonewiki': None,
    }
    if kind != 'one wiki':
        codes = ('aa', 'bb', 'cc', 'de', 'ff', 'prv')
        meant |= {code: code for code in codes}
        meant |= {f'{farm.family}:ffwiki': 'ffwiki', f'{farm.family}:cc': 'cc'}
    found: dict[str, str | None] = {}
    for where in meant:
        own_sandbox.journal.clear()
        try:
            page = pywikibot.Page(home.foreign_site(where), f'Spam page {len(found)}')
            page.text = 'one'
            page.save(summary='test', quiet=True)
        except TokensPluginError:
            assert not writes(own_sandbox)
            found[where] = None
            continue
        ((found[where], count),) = writes(own_sandbox).items()
        assert count == 1
    assert found == meant


def own_sandbox_urls(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return where the API of each wiki is."""
    return [(code, wiki.address) for code, wiki in sandbox.wikis.items()]


@pytest.mark.parametrize('auth', ['centralauthtoken', 'password'])
def test_a_wiki_that_says_it_is_another_one_is_not_written_to(
    own_farm: Farm, own_sandbox: Sandbox, auth: str
) -> None:
    """Such as where an address was moved, or a proxy leads to another wiki."""
    home = own_farm.site()
    home.login()

    def move(farm: Any) -> None:
        farm.wikis['aa'].db = 'zzwiki'

    own_sandbox.call(move)
    try:
        with pytest.raises(WrongWiki, match=r'meant to be aawiki.*it is zzwiki'):
            home.foreign_site('aa', auth=auth).tokens.prefetch('csrf')
    finally:
        own_sandbox.call(lambda farm: setattr(farm.wikis['aa'], 'db', 'aawiki'))
    assert not writes(own_sandbox)


def test_the_home_wiki_is_checked_where_it_shares_its_host(
    own_farm: Farm, own_sandbox: Sandbox
) -> None:
    """The family file has mixed up two paths; no wiki is written to."""
    import pywikibot

    site = own_farm.site('cc')
    site.login()
    own_sandbox.call(lambda farm: setattr(farm.wikis['cc'], 'db', 'bbwiki'))
    try:
        # foreign_site() and all scripts begin so.
        from mw_tokens_plugin.site.foreign.login import home_login

        home_login(site)
        page = pywikibot.Page(site, 'Spam page')
        page.text = 'one'
        with pytest.raises(WrongWiki, match='meant to be ccwiki'):
            page.save(summary='test', quiet=True)
    finally:
        own_sandbox.call(lambda farm: setattr(farm.wikis['cc'], 'db', 'ccwiki'))
    assert not writes(own_sandbox)


def test_which_wiki_it_is_costs_no_request_of_its_own(
    own_farm: Farm, own_sandbox: Sandbox
) -> None:
    home = own_farm.site()
    home.login()
    home.tokens.csrf  # noqa: B018
    own_sandbox.journal.clear()
    foreign = home.foreign_site('aa')
    assert foreign.tokens.wiki.identity.database == 'aawiki'
    assert home.tokens.wiki.identity.database == 'metawiki'
    assert len(own_sandbox.journal.entries(wiki='aa')) == 1


def test_a_wiki_beside_one_that_has_an_account_is_not_that_one(
    own_farm: Farm, own_sandbox: Sandbox
) -> None:
    """The account is on bb alone: a first visit to cc is one, and asked for."""
    forget_account(own_sandbox, 'cc')
    home = own_farm.site()
    home.login()
    with pytest.raises(TokensPluginError):
        home.foreign_site('cc')
    assert not own_sandbox.journal.entries(wiki='cc', user=OPERATOR)
    assert home.foreign_site('bb').tokens.wiki.identity.database == 'bbwiki'


def test_a_wiki_without_a_family_file_whose_api_is_nowhere_is_told_so(
    own_farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pywikibot import config

    home = _known('one wiki', own_farm, tmp_path, monkeypatch).site()
    # A family file that does not work is no reason to know no wiki at all.
    (tmp_path / 'broken_family.py').write_text('1 / 0', 'utf-8')
    config.family_files['broken'] = str(tmp_path / 'broken_family.py')
    with pytest.raises(InvalidInput, match=r'no api\.php of delwiki at http.*/w/'):
        home.foreign_site('delwiki')


# Hosts, as people and wikis write them


@pytest.fixture
def odd_hosts() -> Iterator[Any]:
    """A family whose hosts are written in odd ways."""
    from pywikibot.family import Family

    langs = {
        'upper': 'DE.Farm.example',
        'idn': 'bücher.farm.example',
        'port': 'port.farm.example:443',
        'plain': 'http.farm.example',
    }
    members = {
        'name': 'odd',
        'langs': langs,
        'shared_login': True,
        'protocol': lambda self, code: 'http' if code == 'plain' else 'https',
    }
    Family._families['odd'] = type('Family', (Family,), members)()
    yield Family._families['odd']
    del Family._families['odd']


@pytest.mark.parametrize(
    ('code', 'url'),
    [
        ('upper', 'https://de.farm.example'),
        ('upper', '//DE.FARM.example:443'),
        ('idn', 'https://xn--bcher-kva.farm.example'),
        ('idn', 'https://BÜCHER.farm.example/'),
        ('port', 'https://port.farm.example'),
        ('port', '//port.farm.example'),
    ],
)
def test_one_host_is_written_in_many_ways(
    own_farm: Farm,
    odd_hosts: Any,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    url: str,
) -> None:
    """Or an account that is there is said not to be."""
    from pywikibot import config

    monkeypatch.setitem(config.family_files, 'odd', 'odd')
    wikis = AttachedWikis(own_farm.site(), OPERATOR)
    there = AttachedAccount('oddwiki', url, 0, (), None, None, False)
    monkeypatch.setattr(wikis, 'accounts', lambda: (there,))
    monkeypatch.setattr(wikis.home, 'protocol', lambda: 'https', raising=False)
    for where in (f'odd:{code}', 'oddwiki', url if '://' in url else f'https:{url}'):
        place = wikis.find(where)
        assert (str(place), wikis.account_at(place)) == (f'odd:{code}', there)
    vouched = Voucher(wikis).check(wikis.find('oddwiki'), create_account=False)
    assert vouched.address == place.api.rpartition('/w/')[0]


def test_a_secure_login_goes_to_no_wiki_that_is_talked_to_in_the_clear(
    own_farm: Farm, odd_hosts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if a family file says that it is one of the farm."""
    wikis = AttachedWikis(own_farm.site(), OPERATOR)
    url = 'https://http.farm.example'
    there = AttachedAccount('oddwiki', url, 0, (), None, None, False)
    monkeypatch.setattr(wikis, 'accounts', lambda: (there,))
    monkeypatch.setattr(wikis.home, 'protocol', lambda: 'https', raising=False)
    with pytest.raises(NotInFarm, match='by http, and ownfarm:meta by https'):
        Voucher(wikis).check(wikis.find('odd:plain'), create_account=True)


# Scripts


def test_pages_are_deleted_on_the_wikis_that_the_list_names_and_on_no_other(
    own_farm: Farm,
    own_sandbox: Sandbox,
    own_pwb: Callable[..., Run],
    tmp_path: Path,
) -> None:
    """Plan, undo and report name the same ones, and the journals of all wikis too."""
    names = same_page(own_sandbox)
    chosen = ('cc', 'de', 'ffwiki', 'prv')
    lines = [names[code] for code in chosen]
    lines += [f'{own_farm.wikis["bb"].removesuffix("api.php")}index.php/Shared_page']
    file = tmp_path / 'pages.txt'
    file.write_text('\n'.join(lines), 'utf-8')
    own_sandbox.journal.clear()
    run = own_pwb('crosswiki_delete', f'-file:{file}', '-reason:spam', '-always')
    assert run.code == 0, run.said
    deleted = dict.fromkeys((*chosen, 'bb'), 1)
    assert writes(own_sandbox) == deleted
    own_sandbox.journal.clear()
    name = run.said.partition('-undo:')[2].split()[0]
    run = own_pwb('crosswiki_delete', f'-undo:{name}', '-reason:sorry', '-always')
    assert run.code == 0, run.said
    assert writes(own_sandbox) == deleted


@pytest.mark.parametrize(
    ('code', 'line'),
    [('ff', 'ownfarm:ff\tShared page'), (None, 'ffwiki\tShared page')],
)
def test_a_name_means_no_other_wiki_where_the_home_wiki_cannot_list_them(
    own_sandbox: Sandbox,
    own_pwb: Callable[..., Run],
    tmp_path: Path,
    code: str | None,
    line: str,
) -> None:
    """A database is gone from the farm, and the list of accounts breaks down."""
    same_page(own_sandbox)
    own_sandbox.call(lambda farm: farm.gone.add('aawiki'))
    file = tmp_path / 'pages.txt'
    file.write_text(line, 'utf-8')
    run = own_pwb('crosswiki_delete', f'-file:{file}', '-reason:spam', '-always')
    assert run.code == (2 if code is None else 0), run.said
    assert writes(own_sandbox) == ({} if code is None else {code: 1})


@pytest.mark.parametrize(
    ('line', 'option'),
    [
        ('ffwiki\tShared page', None),
        ('bb', None),
        ('{evil}/wiki/Shared_page', None),
        ('secondfarm:aa\tShared page', None),
        ('ccwiki\tShared page', '-wikis:secondfarm:aa'),
    ],
)
def test_a_list_that_names_two_wikis_or_one_of_others_is_refused(
    own_sandbox: Sandbox,
    second_sandbox: Sandbox,
    own_pwb: Callable[..., Run],
    tmp_path: Path,
    line: str,
    option: str | None,
) -> None:
    """And a wiki of another farm is not even asked."""
    same_page(own_sandbox)
    file = tmp_path / 'pages.txt'
    file.write_text(line.format(evil=second_sandbox.wikis['aa'].server), 'utf-8')
    options = (option,) if option else ()
    usual = ('-reason:spam', '-always')
    second_sandbox.journal.clear()
    run = own_pwb('crosswiki_delete', f'-file:{file}', *options, *usual)
    assert run.code == 2, run.said
    assert not writes(own_sandbox)
    assert not second_sandbox.journal.entries()


def test_each_script_writes_to_the_wikis_that_it_names_and_to_no_other(
    own_farm: Farm,
    own_sandbox: Sandbox,
    second_farm: Farm,
    second_sandbox: Sandbox,
    own_pwb: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both farms have accounts of the same names; counted in all journals."""
    from pywikibot import config

    page = same_page(own_sandbox)
    same_page(second_sandbox)
    first, second, third = own_farm.unlocked(3)
    central = {'meta': 1}
    steps: tuple[tuple[tuple[str, ...], dict[str, int]], ...] = (
        (
            ('global_lock', first, second, '-reason:spam', '-campaign:locks'),
            {'meta': 2},
        ),
        (('campaign', 'show', 'locks'), {}),
        (('token_doctor', 'cc', 'de', 'ownfarm:ffwiki'), {}),
        (('link_account', '-timeout:60'), central),
        (('link_account', '-list'), {}),
        (('global_delete', third, '-reason:error', '-campaign:gone'), central),
        (('crosswiki_delete', *_wanted(page['cc']), '-campaign:pages'), {'cc': 1}),
        # The default is another farm from here on.
        (('family', second_farm.family), {}),
        (('campaign', 'undo', 'locks', '-reason:sorry'), {'meta': 2}),
        (('campaign', 'resume', 'pages'), {}),
        (('campaign', 'undo', 'pages', '-reason:sorry'), {'cc': 1}),
        (('campaign', 'list'), {}),
    )
    monkeypatch.setenv('MW_TOKENS_FIELD_farmcode', 'pass')
    for (name, *args), expected in steps:
        if name == 'family':
            config.family = args[0]
            continue
        asks = name not in ('token_doctor', 'link_account')
        asks &= args[0] not in ('show', 'list')
        for sandbox in (own_sandbox, second_sandbox):
            sandbox.journal.clear()
        run = own_pwb(name, *args, *(('-always',) if asks else ()))
        assert run.code == 0, run.said
        assert (name, args, writes(own_sandbox)) == (name, args, expected)
        assert not writes(second_sandbox)


def _wanted(line: str) -> tuple[str, ...]:
    wiki, _, title = line.partition('\t')
    return (f'{wiki}:{title}', '-reason:spam')


def test_no_script_writes_where_another_wiki_answers_for_the_central_one(
    own_farm: Farm,
    own_sandbox: Sandbox,
    own_pwb: Callable[..., Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It shares its host, and the paths are mixed up."""
    from pywikibot import config

    monkeypatch.setattr(config, 'family_files', dict(config.family_files))
    farm = replace(own_farm, family='ownmixed', central='cc')
    farm.introduce(tmp_path)
    farm.choose(tmp_path)
    same_page(own_sandbox)
    (name,) = own_farm.unlocked(1)
    own_sandbox.call(lambda farm: setattr(farm.wikis['cc'], 'db', 'bbwiki'))
    try:
        for script, target in (
            ('global_lock', name),
            ('global_delete', name),
            ('crosswiki_delete', 'dewiki:Shared page'),
        ):
            run = own_pwb(script, target, '-reason:spam', '-always')
            assert run.code == 2, run.said
            assert 'is meant to be ccwiki' in run.err
    finally:
        own_sandbox.call(lambda farm: setattr(farm.wikis['cc'], 'db', 'ccwiki'))
    assert not writes(own_sandbox)
