"""The imitated action API, asked directly: sessions, tokens, lifetimes, statuses.

The answers that MediaWiki was recorded to give are compared in the contract tests; here
is what has no recording, and what depends on time.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from centralauth_sandbox import Farm, Fault
from centralauth_sandbox.api import Api
from centralauth_sandbox.exchange import Request
from centralauth_sandbox.seeds import OPERATOR, TWOFACTOR, Credentials, seeder
from centralauth_sandbox.strikes import strike

CREDENTIALS = Credentials.generate('secret')


class Client:
    """A browser of sorts: keeps cookies, one jar a wiki."""

    def __init__(self, current: bool = True) -> None:
        """Initializer."""
        self.now = 1_800_000_000.0
        self.farm = Farm(
            ['meta', 'aa', 'bb'],
            seeder(CREDENTIALS, 120),
            current=current,
            clock=lambda: self.now,
        )
        self._api = Api(self.farm)
        self._cookies: dict[str, dict[str, str]] = {'meta': {}, 'aa': {}, 'bb': {}}
        self.wait = 0.0

    def ask(self, wiki: str = 'meta', cat: str = '', **params: Any) -> dict[str, Any]:
        """Send a request and return the decoded answer."""
        jar = self._cookies[wiki]
        cookies = '; '.join(f'{name}={value}' for name, value in jar.items())
        form = {'format': 'json', 'formatversion': '2'}
        form |= {name: str(value) for name, value in params.items()}
        query = {'centralauthtoken': cat} if cat else {}
        request = Request('POST', query, form, {'Cookie': cookies})
        answer = self._api.handle(self.farm.wikis[wiki], request)
        for name, value in answer.headers:
            if name == 'Set-Cookie':
                key, _, rest = value.partition('=')
                jar.pop(key, None)
                if 'Max-Age=0' not in rest:
                    jar[key] = rest.partition(';')[0]
        self.wait = answer.wait
        decoded: dict[str, Any] = json.loads(answer.body)
        return decoded

    def token(self, type: str, wiki: str = 'meta', cat: str = '') -> str:
        """Fetch a token."""
        answer = self.ask(wiki, cat, action='query', meta='tokens', type=type)
        token: str = answer['query']['tokens'][f'{type}token']
        return token

    def log_in(self, wiki: str = 'meta', **params: Any) -> dict[str, Any]:
        """Log the operator in with the main password."""
        values = {'username': OPERATOR, 'password': CREDENTIALS.operator} | params
        answer = self.ask(
            wiki,
            action='clientlogin',
            loginreturnurl='http://x.example/',
            logintoken=self.token('login', wiki),
            **values,
        )
        step: dict[str, Any] = answer['clientlogin']
        return step

    def who(self, wiki: str = 'meta', cat: str = '') -> str:
        """Return the name the wiki knows the client by, or the error."""
        answer = self.ask(wiki, cat, action='query', meta='userinfo')
        if 'error' in answer:
            code: str = answer['error']['info']
            return code
        name: str = answer['query']['userinfo']['name']
        return name

    def mint(self) -> str:
        """Fetch a centralauthtoken."""
        answer = self.ask(action='centralauthtoken')
        token: str = answer['centralauthtoken']['centralauthtoken']
        return token

    def lock(self, user: str, **params: Any) -> dict[str, Any]:
        """Lock an account with a fresh token."""
        return self.ask(
            action='setglobalaccountstatus',
            user=user,
            reason='r',
            token=self.token('setglobalaccountstatus'),
            **({'locked': 'lock'} | params),
        )


@pytest.fixture
def client() -> Client:
    """Return a client of today's farm, logged in on the central wiki."""
    client = Client()
    assert client.log_in()['status'] == 'PASS'
    return client


DEAD = 'The centralauthtoken is not valid.'


def test_a_session_slides_and_dies_when_idle(client: Client) -> None:
    for _ in range(3):
        client.now += 3000
        assert client.who() == OPERATOR
    client.now += 3600
    assert client.who() == '127.0.0.1'


def test_a_remembered_session_revives_with_other_tokens() -> None:
    client = Client()
    client.log_in(rememberMe='1')
    token = client.token('csrf')
    client.now += 4000
    assert client.who() == OPERATOR
    assert client.token('csrf') != token


def test_a_lost_session_can_log_in_again(client: Client) -> None:
    client.farm.sessions.end_account(client.farm.accounts[OPERATOR].id)
    assert client.who() == '127.0.0.1'
    assert client.log_in()['status'] == 'PASS'
    assert client.who() == OPERATOR


def test_an_expired_csrf_token_leaves_the_session_alone(client: Client) -> None:
    token = client.token('csrf')
    client.farm.sessions.expire_csrf(OPERATOR)
    answer = client.ask(action='checktoken', type='csrf', token=token)
    assert answer['checktoken']['result'] == 'invalid'
    # It is what the module is about, and not its own token.
    answer = client.ask(action='checktoken', type='csrf')
    assert answer['error']['code'] == 'missingparam'
    assert client.who() == OPERATOR


def test_a_centralauthtoken_is_wrapped_and_works_once(client: Client) -> None:
    """Its length and the order of its parts are as recorded; a dead one is free."""
    token = client.mint()
    header, payload, signature = token.split('.')
    assert decoded(header) == {'typ': 'JWT', 'alg': 'RS256'}
    assert list(decoded(payload)) == ['iss', 'exp', 'CAToken', 'sub', 'iat', 'jti']
    assert len(signature) == 342
    assert client.who('aa', token) == OPERATOR
    assert client.who('aa', token) == DEAD
    assert client.wait == 0.0


def test_what_is_wrapped_works_by_itself_and_once_too(client: Client) -> None:
    token = client.mint()
    bare = decoded(token.split('.')[1])['CAToken']
    assert client.who('aa', bare) == OPERATOR
    assert client.who('aa', token) == DEAD


@pytest.mark.parametrize('current', [True, False])
def test_a_fault_on_one_wiki_ends_the_token_of_its_request_alone(current: bool) -> None:
    """The others may be on their way to other wikis."""
    client = Client(current)
    client.log_in()
    struck, other, third = client.mint(), client.mint(), client.mint()
    fault = Fault('expire-centralauthtokens', wiki='aa')
    strike(fault, client.farm, OPERATOR, struck)
    assert client.who('aa', struck) == DEAD
    assert client.who('bb', other) == OPERATOR
    strike(Fault('expire-centralauthtokens'), client.farm, OPERATOR)
    assert client.who('bb', third) == DEAD


def decoded(part: str) -> dict[str, Any]:
    """Return what a part of a JSON Web Token says."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + '=='))
    return found


def test_a_tampered_wrapping_is_a_dead_token(client: Client) -> None:
    token = client.mint()
    head, payload, mac = token.split('.')
    other = client.mint().split('.')[1]
    for forged in (
        f'{head}.{payload}x.{mac}',
        f'{head}.{other}.{mac}',
        f'{head}.',
        'x',
    ):
        assert client.who('aa', forged) == DEAD
    assert client.who('aa', token) == OPERATOR


def test_the_older_flavour_does_not_wrap() -> None:
    client = Client(current=False)
    client.log_in()
    token = client.mint()
    assert '.' not in token
    assert client.who('aa', token) == OPERATOR
    assert client.who('aa', token) == DEAD
    assert client.wait == 3.0


def test_a_csrf_token_survives_across_centralauthtokens(client: Client) -> None:
    csrf = client.token('csrf', 'aa', client.mint())
    saved = client.ask(
        'aa', client.mint(), action='edit', title='A', text='x', token=csrf
    )
    assert saved['edit']['result'] == 'Success'


def test_the_first_use_on_a_wiki_creates_the_account(client: Client) -> None:
    account = client.farm.accounts[OPERATOR]
    local = account.attached.pop('bbwiki')
    del client.farm.wikis['bb'].accounts[local.name]
    client.farm.sessions.autocreate_race = 0.1
    first, second, third = client.mint(), client.mint(), client.mint()
    assert client.who('bb', first) == OPERATOR
    assert client.who('bb', second) == DEAD
    client.now += 0.2
    assert client.who('bb', third) == OPERATOR


def test_a_second_factor_is_asked_for_until_it_is_right() -> None:
    client = Client()
    step = client.log_in(username=TWOFACTOR, password=CREDENTIALS.twofactor)
    assert step['status'] == 'UI'
    assert list(step['requests'][0]['fields']) == ['OATHToken']
    token = client.token('login')
    wrong = client.ask(
        action='clientlogin', logincontinue='1', OATHToken='0', logintoken=token
    )
    assert wrong['clientlogin']['status'] == 'UI'
    right = client.ask(
        action='clientlogin',
        logincontinue='1',
        OATHToken=CREDENTIALS.code,
        logintoken=token,
    )
    assert right['clientlogin']['status'] == 'PASS'
    assert client.who() == TWOFACTOR


def test_globalusers_tells_about_many_at_once(client: Client) -> None:
    client.lock('Spambot 00001')
    answer = client.ask(
        action='query',
        list='globalusers',
        gususers='spambot_00001|Spambot 00001|Local Admin|Nobody there|10.0.0.1|A[b]',
        gusprop='locked|editcount|localinfo|groups',
    )
    users = answer['query']['globalusers']
    assert [user['name'] for user in users] == [
        'Spambot 00001',
        'Local Admin',
        'Nobody there',
        '10.0.0.1',
        'A[b]',
    ]
    assert users[0]['locked'] is True
    assert users[0]['locklogid'] == client.farm.central.log[-1].id
    assert users[1]['locked'] is False
    assert users[1]['editcount'] == 40
    assert users[2]['missing'] is True
    assert users[3]['invalid'] is True
    assert users[4]['invalid'] is True


def test_globalusers_is_limited_by_the_rights_of_who_asks() -> None:
    client = Client()
    names = '|'.join(f'Spambot {number:05}' for number in range(1, 101))
    answer = client.ask(action='query', list='globalusers', gususers=names)
    assert answer['error']['code'] == 'toomanyvalues'
    client.log_in()
    answer = client.ask(action='query', list='globalusers', gususers=names)
    assert len(answer['query']['globalusers']) == 100


def test_suppressed_accounts_are_missing_for_those_who_may_not_see_them() -> None:
    client = Client()
    asked = {'action': 'query', 'list': 'globalusers', 'gususers': 'Suppressed Name'}
    assert client.ask(**asked)['query']['globalusers'][0]['missing'] is True
    client.log_in()
    assert client.ask(**asked)['query']['globalusers'][0]['suppressed'] is True


def test_globalusers_is_unknown_to_the_older_flavour() -> None:
    client = Client(current=False)
    answer = client.ask(action='query', list='globalusers')
    assert 'Unrecognized value' in answer['warnings']['query']['warnings']


@pytest.mark.parametrize(
    ('user', 'code'),
    [
        ('~2026-1', 'centralauth-admin-cannot-lock-temporary-account'),
        (OPERATOR, 'centralauth-admin-cannot-lock-self'),
    ],
)
def test_todays_wikis_refuse_some_locks(client: Client, user: str, code: str) -> None:
    answer = client.lock(user)
    assert answer['error'][0][0]['code'] == code
    assert not client.farm.accounts[user].locked


def test_a_steward_who_lost_the_group_is_refused(client: Client) -> None:
    client.farm.accounts[OPERATOR].groups = frozenset()
    assert client.lock('Spambot 00001')['error']['code'] == 'permissiondenied'


def test_listing_continues_to_the_end(client: Client) -> None:
    asked: dict[str, Any] = {
        'action': 'query',
        'list': 'globalallusers',
        'aguprefix': 'Spambot',
        'agulimit': 50,
    }
    names: list[str] = []
    for _ in range(5):
        answer = client.ask(**asked)
        names += [user['name'] for user in answer['query']['globalallusers']]
        if 'continue' not in answer:
            break
        asked |= answer['continue']
    assert names == [f'Spambot {number:05}' for number in range(1, 121)]


def test_what_is_not_imitated_says_so(client: Client) -> None:
    assert client.ask(action='compare')['error']['code'] == 'notimplemented'


def test_the_reasons_are_a_page_and_a_message(client: Client) -> None:
    answer = client.ask(
        action='query',
        meta='allmessages',
        ammessages='Centralauth-admin-status-reasons',
    )
    text = answer['query']['allmessages'][0]['content']
    assert text.startswith('* Spam\n** Spam-only account\n')


# What operators meet


def state(client: Client, name: str) -> tuple[bool, bool]:
    """Return whether globaluserinfo and globalusers say that an account is locked."""
    answer = client.ask(
        action='query',
        meta='globaluserinfo',
        guiuser=name,
        list='globalusers',
        gususers=name,
        gusprop='locked',
    )['query']
    return (
        answer['globaluserinfo'].get('locked', False),
        answer['globalusers'][0]['locked'],
    )


def test_globaluserinfo_is_stale_for_a_moment_and_globalusers_never(
    client: Client,
) -> None:
    """Locked, read and unlocked within a second: it is still said to be locked."""
    name = spam(client)
    client.lock(name)
    assert state(client, name) == (True, True)
    client.lock(name, locked='unlock')
    assert state(client, name) == (True, False)
    client.now += 0.3
    assert state(client, name) == (False, False)


@pytest.mark.parametrize(('before', 'between'), [(2.0, 'read'), (0.0, 'unread')])
def test_globaluserinfo_is_not_stale_otherwise(
    client: Client, before: float, between: str
) -> None:
    name = spam(client)
    client.lock(name)
    if between == 'read':
        state(client, name)
    client.now += before
    client.lock(name, locked='unlock')
    assert state(client, name) == (False, False)


def test_a_lowered_level_is_told_by_the_log_of_suppression(client: Client) -> None:
    """And names and blocks come back on the wikis."""
    name = spam(client)
    for level in ('suppressed', 'lists'):
        client.lock(name, locked='', hidden=level)
        blocked = client.ask(action='query', list='blocks', bkusers=name)
        by = [block['by'] for block in blocked['query']['blocks']]
        assert by == ([f'global>{OPERATOR}'] if level == 'suppressed' else [])
    entry = client.farm.central.log[-1]
    assert (entry.type, entry.action) == ('suppress', 'setstatus')
    assert entry.params == {'added': ['hidden'], 'removed': ['oversighted']}


def test_a_block_of_the_wikis_own_outlives_a_suppression(client: Client) -> None:
    name = spam(client)
    client.ask(action='block', user=name, token=client.token('csrf'))
    for level in ('suppressed', 'lists'):
        client.lock(name, locked='', hidden=level)
    assert client.farm.central.blocks[name].by == OPERATOR


def test_a_hide_that_is_sent_again_is_a_conflict(client: Client) -> None:
    """With the sum of the state before: the first one had been carried out."""
    name = spam(client)
    account = client.farm.accounts[name]
    check = account.statecheck(account.state)
    sent = {'locked': '', 'hidden': 'lists', 'statecheck': check}
    assert 'error' not in client.lock(name, **sent)
    assert client.lock(name, **sent)['error']['code'] == 'editconflict'


def test_without_a_reason_today_nothing_is_done_at_all(client: Client) -> None:
    name = spam(client)
    token = client.token('setglobalaccountstatus')
    for locked in ('lock', 'unlock'):
        answer = client.ask(
            action='setglobalaccountstatus', user=name, locked=locked, token=token
        )
        assert answer['error']['code'] == 'internal_api_error_TypeError'
    assert not client.farm.accounts[name].locked


def test_a_local_account_that_is_not_attached_lets_no_token_in(client: Client) -> None:
    local = client.farm.accounts[OPERATOR].attached.pop('bbwiki')
    local.central = None
    assert client.who('bb', client.mint()) == DEAD
    found = client.ask(
        action='query', meta='globaluserinfo', guiprop='merged|unattached'
    )['query']['globaluserinfo']
    assert [item['wiki'] for item in found['unattached']] == ['bbwiki']
    assert 'bbwiki' not in [item['wiki'] for item in found['merged']]


def test_the_operator_blocks_and_unblocks_on_every_wiki(client: Client) -> None:
    for wiki in ('meta', 'aa', 'bb'):
        for action in ('block', 'unblock'):
            token = client.token('csrf', wiki, client.mint())
            answer = client.ask(
                wiki, client.mint(), action=action, user='192.0.2.1', token=token
            )
            assert action in answer, answer


def test_who_may_not_block_may_not_unblock(client: Client) -> None:
    client.ask(action='block', user='192.0.2.1', token=client.token('csrf'))
    client.farm.accounts[OPERATOR].groups = frozenset()
    client.farm.central.accounts[OPERATOR].groups = frozenset()
    answer = client.ask(action='unblock', user='192.0.2.1', token=client.token('csrf'))
    assert answer['error']['code'] == 'permissiondenied'


def spam(client: Client) -> str:
    """Return the name of an account that nobody has touched."""
    return next(name for name in client.farm.names if name.startswith('Spambot'))


def test_generated_pages_are_those_that_a_property_names(client: Client) -> None:
    """Pages that name none bring none, and those that are missing are told of."""
    wiki = client.farm.wikis['meta']
    wiki.edit('Kept', '[[Category:Kept]] [[Category:Old]] {{Box}}', user='A')
    wiki.edit('Category:Kept', 'x', user='A')
    wiki.edit('Plain', 'x', user='A')

    def generated(generator: str, **source: Any) -> dict[str, bool]:
        query = client.ask(action='query', generator=generator, **source)
        pages = query.get('query', {}).get('pages', [])
        return {page['title']: 'pageid' in page for page in pages}

    titles = {'titles': 'Kept|Plain|No such page'}
    found = generated('categories', **titles)
    assert found == {'Category:Kept': True, 'Category:Old': False}
    assert generated('templates', **titles) == {'Template:Box': False}
    assert generated('templates', pageids='0') == {}
    assert generated('categories', titles='Plain') == {}
    answer = client.ask(action='query', generator='imageusage', titles='File:A.png')
    assert answer['error']['code'] == 'notimplemented'


def test_contributions_are_shown_as_they_are_asked_for(client: Client) -> None:
    wiki = client.farm.wikis['meta']
    for title, user in ('One', 'A'), ('One', 'B'), ('Two', 'A'), ('Two', 'A'):
        wiki.edit(title, f'by {user}', user=user)

    def shown(show: str) -> list[str]:
        answer = client.ask(
            action='query', list='usercontribs', ucuser='A', ucshow=show
        )
        return [each['title'] for each in answer['query']['usercontribs']]

    assert shown('top') == ['Two']
    assert shown('!top') == ['Two', 'One']
    assert shown('new') == ['Two', 'One']
    assert shown('top|new') == []


def test_parameters_are_read_as_mediawiki_reads_them() -> None:
    """Lists, and moments in all forms; what MediaWiki refuses is refused."""
    client = Client()

    def titles(text: str) -> list[str]:
        pages = client.ask(action='query', titles=text)['query']['pages']
        return [page['title'] for page in pages]

    assert titles('Aa|Ab|Aa') == ['Aa', 'Ab']
    assert titles('\x1fAa\ufffdb\x1fAc') == ['Aa\ufffdb', 'Ac']
    assert client.ask(action='query', titles='\x1f') == {'batchcomplete': True}

    def error(**parameters: str) -> str:
        answer = client.ask(action='query', list='logevents', **parameters)
        code: str = answer.get('error', {'code': ''})['code']
        return code

    assert error(letitle='\x1fAa') == error(ledir='\x1folder') == 'badvalue'
    for moment in (
        *('20270101000000', '2027-01-01T00:00:00Z', '2027-01-01 00:00:00+01:00'),
        *('1800000000', '-1.5', '2027-13-32T25:61:61', 'now', '0', ''),
    ):
        assert error(lestart=moment) == '', moment
    for text in 'tomorrow', '2027-01-01', '10000-01-01T00:00:00Z', '9999999999999':
        assert error(lestart=text) == 'badtimestamp', text
