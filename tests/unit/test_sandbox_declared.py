"""What the sandbox declares it obeys, or says that it does not."""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from centralauth_sandbox import Farm
from centralauth_sandbox.api import Api
from centralauth_sandbox.call import ACTIONS, QUERIES
from centralauth_sandbox.declarations import Declarations
from centralauth_sandbox.exchange import Request
from centralauth_sandbox.unimitated import UNIMITATED

#: Parameters that no module has to read, and why.
ELSEWHERE = {
    'continue': 'what is left is known by it; lists that end have none',
    'limit': 'read where something is listed',
    'token': 'checked before the module is run',
    'tags': 'nobody may apply any: refused where values are read',
}
#: The same for single modules: what they would change is not there.
NO_EFFECT = {
    'block newblock': 'the wikis do not have several blocks of one account',
    'converttitles': 'no language of the wikis has variants',
    'query exportschema': 'goes with export, which is refused',
    'clientlogin preservestate': 'no login keeps a state for an account to be created',
    'createaccount preservestate': 'an account is created in one step',
    'help modules': 'there is one page of help',
    'move ignorewarnings': 'no file of a shared repository is in the way',
    'paraminfo pagesetmodule': 'deprecated; the same is told by modules',
    'paraminfo formatmodules': 'deprecated; no format has parameters',
    'query+allmessages lang': 'messages are there in English, to which wikis fall back',
    'query+exturlusage expandurl': 'no link is relative to a protocol',
    'query+globalusers localgroups': 'CentralAuth takes no notice of it either',
    'query+imageinfo metadataversion': 'files have no metadata',
    'query+imageinfo extmetadatalanguage': 'files have no metadata',
    'query+imageinfo extmetadatafilter': 'files have no metadata',
    'query+langlinks': 'there are no links between languages',
    'query+siteinfo showalldb': 'each wiki has one database',
    'query+watchlistraw prop': 'nobody is told of changes',
}


#: Most modules call the same helpers, and finding the end of a function takes time.
source_of = functools.cache(inspect.getsource)


def read_by(function: Callable[..., Any]) -> str:
    """Return the source of a module of the API, and of all that it calls."""
    seen: set[object] = set()
    waiting = [inspect.unwrap(function)]
    text = ''
    while waiting:
        found = waiting.pop()
        if found in seen:
            continue
        seen.add(found)
        source = source_of(found)
        text += source
        module = sys.modules[found.__module__]
        for name in set(re.findall(r'\b(_?[A-Za-z]\w+)\b', source)):
            other = getattr(module, name, None)
            if isinstance(other, (str, bytes)) or other is None:
                continue
            if inspect.isfunction(other) and 'centralauth_sandbox' in other.__module__:
                waiting.append(other)
            elif inspect.ismodule(other) and '.modules.' in other.__name__:
                text += source_of(other)
            elif isinstance(other, (tuple, list, frozenset)):
                text += repr(other)
    return text


def unread(declared: Declarations) -> Iterator[str]:
    """Yield the parameters that modules declare and do not read."""
    for path, module in declared.modules.items():
        name = path.rpartition('+')[2]
        function = (QUERIES if path.startswith('query+') else ACTIONS).get(name)
        if function is None:
            assert path == 'main'
            continue
        source = read_by(function)
        for parameter in module.parameters:
            known = re.search(rf"""['"]{re.escape(parameter.name)}['"]""", source)
            if known or (path, parameter.name) in UNIMITATED:
                continue
            if parameter.name in ELSEWHERE or parameter.later:
                continue
            yield f'{path} {parameter.name}'


@pytest.mark.parametrize('current', [False, True], ids=['1.43', 'today'])
def test_a_parameter_is_read_or_refused(current: bool) -> None:
    """A bot that passes its tests here does not rely on what was ignored in silence."""
    declared = Declarations(current, client=True, repository=True, filters=True)
    found = {
        item
        for item in unread(declared)
        if not {item, item.split()[0], item.split()[1]} & NO_EFFECT.keys()
    }
    assert found == set()


class Client:
    """The operator of a small farm, asking the API directly."""

    def __init__(self) -> None:
        """Log in."""
        self.farm = Farm.empty(['meta'])
        self.wiki = self.farm.central
        self.farm.add_account(
            'Op', password='p', groups=['steward'], local_groups={'*': ['sysop']}
        )
        self.farm.add_account('Other', password='p')
        self._api = Api(self.farm)
        self._jar: dict[str, str] = {}
        self.log_in('Op')

    def log_in(self, name: str) -> None:
        """Become somebody."""
        self._jar.clear()
        token = self.tokens('login')
        login = {'username': name, 'password': 'p', 'loginreturnurl': 'http://x/'}
        self.ask(action='clientlogin', logintoken=token, **login)

    def tokens(self, type: str = 'csrf') -> str:
        """Return a token."""
        answer = self.ask(action='query', meta='tokens', type=type)
        return str(answer['query']['tokens'][f'{type}token'])

    def ask(self, **params: object) -> Any:
        """Send a request and decode its answer."""
        form = {name: str(value) for name, value in params.items()}
        cookies = '; '.join(f'{name}={value}' for name, value in self._jar.items())
        form |= {'format': 'json', 'formatversion': '2'}
        answer = self._api.handle(
            self.wiki, Request('POST', {}, form, {'Cookie': cookies})
        )
        for name, value in answer.headers:
            if name == 'Set-Cookie':
                key, _, rest = value.partition('=')
                self._jar[key] = rest.partition(';')[0]
        return json.loads(answer.body)

    def write(self, action: str, **params: object) -> Any:
        """Send a write; return its answer or the code of its error."""
        answer = self.ask(action=action, token=self.tokens(), **params)
        return answer['error']['code'] if 'error' in answer else answer[action]

    def titles(self, **params: object) -> list[str]:
        """Return the titles that a list, a property or a generator gives."""
        query = self.ask(action='query', **params).get('query', {})
        items: list[Any] = next(
            (query[key] for key in (params.get('list'), 'pages') if key in query), []
        )
        if 'prop' in params:
            items = [item for page in items for item in page.get(params['prop'], ())]
        return [item['title'] for item in items]


TEXTS = {
    'A': '[[B]] [[C]] {{T}} [[File:X.png|thumb]] [[:File:Y.png]] [[Category:K]]',
    'B': '[[A]]' + 'x' * 100,
    'C': '#REDIRECT [[B]]',
    'D': '[[C]]',
    'E': '[[Category:K]]',
    'Template:T': 't',
    'Category:K': '__HIDDENCAT__',
    'Category:L': '[[Category:K]]',
    'Talk:A': '[[B]]',
}


@pytest.fixture(scope='module')
def client() -> Client:
    """The operator, and some pages that refer to each other."""
    client = Client()
    for title, text in TEXTS.items():
        client.wiki.edit(title, text, user='Other', user_id=2)
    return client


MEMBERS = ['A', 'E']
BACKWARDS = ['Talk:A', 'C', 'A']
LISTS: list[tuple[dict[str, object], list[str]]] = [
    ({'prop': 'links', 'titles': 'A'}, ['B', 'C', 'File:Y.png']),
    ({'prop': 'links', 'titles': 'A', 'plnamespace': 6}, ['File:Y.png']),
    ({'prop': 'links', 'titles': 'A', 'pltitles': 'C|D'}, ['C']),
    ({'prop': 'links', 'titles': 'A', 'pldir': 'descending'}, ['File:Y.png', 'C', 'B']),
    ({'prop': 'links', 'titles': 'A', 'pllimit': 1}, ['B']),
    ({'prop': 'images', 'titles': 'A'}, ['File:X.png']),
    ({'prop': 'templates', 'titles': 'A', 'tlnamespace': 0}, []),
    ({'prop': 'categories', 'titles': 'A', 'clshow': 'hidden'}, ['Category:K']),
    ({'prop': 'categories', 'titles': 'A', 'clshow': '!hidden'}, []),
    ({'generator': 'links', 'titles': 'D'}, ['C']),
    ({'generator': 'images', 'titles': 'A'}, ['File:X.png']),
    ({'generator': 'templates', 'titles': 'A'}, ['Template:T']),
    ({'generator': 'links', 'pageids': 0}, []),
    ({'list': 'allpages', 'apdir': 'descending', 'apfrom': 'B'}, ['B', 'A']),
    ({'list': 'allpages', 'apdir': 'descending', 'apto': 'D'}, ['E', 'D']),
    ({'list': 'allpages', 'apminsize': 100}, ['B']),
    ({'list': 'allpages', 'apmaxsize': 6}, ['D']),
    ({'list': 'allpages', 'apfilterlanglinks': 'withlanglinks'}, []),
    ({'list': 'allpages', 'apprtype': 'move'}, []),
    ({'list': 'backlinks', 'bltitle': 'B', 'blnamespace': 0}, ['A', 'C']),
    (
        {'list': 'backlinks', 'bltitle': 'B', 'bldir': 'descending'},
        ['Talk:A', 'C', 'A'],
    ),
    ({'list': 'embeddedin', 'eititle': 'Template:T', 'eidir': 'descending'}, ['A']),
    ({'list': 'categorymembers', 'cmtitle': 'Category:K'}, ['Category:L', 'A', 'E']),
    (
        {'list': 'categorymembers', 'cmtitle': 'Category:K', 'cmtype': 'page'},
        ['A', 'E'],
    ),
    (
        {'list': 'categorymembers', 'cmtitle': 'Category:K', 'cmdir': 'desc'},
        ['E', 'A', 'Category:L'],
    ),
    ({'list': 'search', 'srsearch': 'b', 'srwhat': 'title'}, ['B']),
    ({'list': 'search', 'srsearch': 'redirect', 'srwhat': 'text'}, ['C']),
    ({'list': 'search', 'srsearch': '[[c]]', 'sroffset': 1}, ['D']),
    ({'list': 'recentchanges', 'rcexcludeuser': 'Other'}, []),
    ({'list': 'recentchanges', 'rcshow': 'redirect'}, ['C']),
    ({'list': 'recentchanges', 'rcshow': 'anon'}, []),
    ({'list': 'recentchanges', 'rctag': 'x'}, []),
    ({'list': 'recentchanges', 'rctoponly': 1, 'rclimit': 1}, ['Talk:A']),
    ({'list': 'usercontribs', 'ucuser': 'Other', 'uctag': 'x'}, []),
    ({'list': 'usercontribs', 'ucuser': 'Other', 'ucshow': 'patrolled'}, []),
    ({'list': 'usercontribs', 'uciprange': '10.0.0.0/8'}, []),
    ({'list': 'logevents', 'leprefix': 'User:Nobody'}, []),
    ({'list': 'logevents', 'letag': 'x'}, []),
]


@pytest.mark.parametrize(
    ('asked', 'expected'), LISTS, ids=[str(list(asked.items())) for asked, _ in LISTS]
)
def test_lists_are_narrowed_and_ordered_as_asked(
    client: Client, asked: Mapping[str, object], expected: list[str]
) -> None:
    assert client.titles(**asked) == expected


@pytest.mark.parametrize(
    'asked',
    [
        {'list': 'backlinks', 'bltitle': 'B', 'bllimit': 1},
        {'list': 'categorymembers', 'cmtitle': 'Category:K', 'cmlimit': 1},
        {'list': 'search', 'srsearch': 'b', 'srlimit': 1},
        {'prop': 'links', 'titles': 'A|B|D', 'pllimit': 1},
        {'list': 'allpages', 'aplimit': 2, 'apdir': 'descending'},
    ],
    ids=str,
)
def test_what_does_not_fit_comes_with_the_next_request(
    client: Client, asked: dict[str, object]
) -> None:
    """A list ends, and nothing is in it twice or missing."""
    limit = next(name for name in asked if name.endswith('limit'))
    whole = client.titles(**asked | {limit: 'max'})
    found: list[str] = []
    more: dict[str, object] = {}
    while True:
        found += client.titles(**asked, **more)
        more = client.ask(action='query', **asked, **more).get('continue')
        if not more:
            break
        assert len(found) < 20
    assert found == whole


def test_redirects_are_followed_in_lists_of_links(client: Client) -> None:
    asked = {'list': 'backlinks', 'bltitle': 'B', 'blredirect': 1, 'blnamespace': 0}
    links = client.ask(action='query', **asked)['query']['backlinks']
    assert [item['title'] for item in links[1]['redirlinks']] == ['A', 'D']


def test_sections_are_read_and_edited_by_their_numbers() -> None:
    client = Client()
    text = 'lead\n\n== one ==\n1\n\n=== one a ===\n1a\n\n== two ==\n2'
    client.write('edit', title='S', text=text)
    for number, expected in {0: 'lead', 1: text[6:35], 3: '== two ==\n2'}.items():
        asked = {'prop': 'revisions', 'rvprop': 'content', 'rvslots': 'main'}
        answer = client.ask(action='query', titles='S', rvsection=number, **asked)
        (revision,) = answer['query']['pages'][0]['revisions']
        assert revision['slots']['main']['content'] == expected
    client.write('edit', title='S', section='2', text='=== new ===\nx')
    client.write('edit', title='S', section='new', sectiontitle='three', text='3')
    client.write('edit', title='S', section='0', appendtext=' more')
    page = client.wiki.page('S')
    assert page is not None and page.latest.text == (
        'lead more\n\n== one ==\n1\n\n=== new ===\nx\n\n== two ==\n2\n\n'
        '== three ==\n\n3'
    )
    assert client.write('edit', title='S', section='9', text='') == 'nosuchsection'
    assert client.write('edit', title='S', section='x', text='') == 'invalidsection'


def test_edits_obey_what_goes_along_with_them() -> None:
    client = Client()
    client.wiki.edit('Old', '#REDIRECT [[New]]', user='Other')
    client.wiki.edit('New', 'text', user='Other')
    client.write('edit', title='Old', appendtext=' more', redirect=1, watchlist='watch')
    page = client.wiki.page('New')
    assert page is not None and page.latest.text == 'text more'
    watched = client.ask(action='query', list='watchlistraw')['watchlistraw']
    assert [item['title'] for item in watched] == ['New', 'Talk:New']
    client.write('delete', title='New', unwatch=1)
    assert client.ask(action='query', list='watchlistraw')['watchlistraw'] == []
    assert client.write('edit', title='Old', text='', redirect=1) == (
        'redirect-appendonly'
    )
    json_text = {'text': '{}', 'contentformat': 'application/json'}
    assert client.write('edit', title='Old', **json_text) == 'badformat'
    assert client.write('edit', title='Old', text='x', tags='t') == 'badtags'


def test_pages_are_watched_for_a_while() -> None:
    client = Client()
    until = '2100-01-01T00:00:00Z'
    sent = {'titles': 'A', 'expiry': until, 'token': client.tokens('watch')}
    (item,) = client.ask(action='watch', **sent)['watch']
    assert item['expiry'] == until
    watched = {'action': 'query', 'list': 'watchlistraw'}
    assert len(client.ask(**watched)['watchlistraw']) == 2
    past = '2000-01-01T00:00:00Z'
    client.wiki.watched_until = dict.fromkeys(client.wiki.watched_until, past)
    assert client.ask(**watched)['watchlistraw'] == []


def test_titles_are_protected_from_creation() -> None:
    client = Client()
    create = {'title': 'Nothing', 'protections': 'create=sysop', 'expiry': 'infinite'}
    assert client.write('protect', **create)['protections'][0]['create'] == 'sysop'
    asked = {'prop': 'info', 'inprop': 'protection', 'titles': 'Nothing'}
    (page,) = client.ask(action='query', **asked)['query']['pages']
    assert page['protection'] == [
        {'type': 'create', 'level': 'sysop', 'expiry': 'infinity'}
    ]
    client.log_in('Other')
    assert client.write('edit', title='Nothing', text='x') == 'protectedtitle'
    client.log_in('Op')
    client.write('edit', title='Nothing', text='x')
    assert client.write('protect', **create) == 'create-titleexists'
    edit = {'title': 'Nothing', 'protections': 'edit=sysop', 'cascade': 1}
    assert client.write('protect', **edit)['cascade'] is True


def test_what_is_not_imitated_is_refused_in_words(client: Client) -> None:
    for asked in (
        {'list': 'pagepropnames'},
        {'prop': 'imageinfo', 'titles': 'File:X.png', 'iiurlwidth': 100},
        {'export': 1},
    ):
        error = client.ask(action='query', **asked)['error']
        assert error['code'] == 'notimplemented'
        assert 'The sandbox does not imitate' in error['info']
    # What is so anyway is no such parameter.
    same = {'prop': 'imageinfo', 'titles': 'File:X.png', 'iiurlwidth': -1}
    assert 'error' not in client.ask(action='query', **same)
    described = client.ask(action='paraminfo', modules='query+pagepropnames')
    (module,) = described['paraminfo']['modules']
    assert [p['name'] for p in module['parameters']] == ['limit', 'continue']


def test_purges_tell_what_they_renew(client: Client) -> None:
    (page,) = client.ask(action='purge', titles='A', forcelinkupdate=1)['purge']
    assert page['linkupdate'] is True
    (page,) = client.ask(action='purge', generator='links', titles='D')['purge']
    assert page['title'] == 'C'
    (page,) = client.ask(action='purge', titles='A')['purge']
    assert 'linkupdate' not in page


def test_the_wiki_tells_what_its_special_pages_are_called(client: Client) -> None:
    answer = client.ask(action='query', meta='siteinfo', siprop='specialpagealiases')
    names = {item['realname']: item['aliases'] for item in answer['query'].popitem()[1]}
    assert names['Contributions'] == ['Contributions', 'Contribs']
