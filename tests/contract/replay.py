"""Send recorded exchanges again, and compare what comes back.

It knows sessions and secrets; which session an exchange belongs to, and what happens to
the farm in between, is told to it by a `Script`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import requests
from requests.cookies import RequestsCookieJar

from .comparison import CUT, differences, form
from .jwt import JWT, centralauthtoken_in
from .samples import Exchange
from .stage import BOT_PASSWORD, PASSWORD, Stage

Event = Callable[[Stage], None]
Forgery = Callable[[Stage, str], str]

#: The jar of a client that keeps no cookies.
COOKIELESS = '-'

#: The token that an action wants, where it is not csrf.
TOKEN_TYPES = {
    'clientlogin': 'login',
    'createaccount': 'createaccount',
    'deleteglobalaccount': 'deleteglobalaccount',
    'globaluserrights': 'userrights',
    'login': 'login',
    'rollback': 'rollback',
    'setglobalaccountstatus': 'setglobalaccountstatus',
}

COMPARED_HEADERS = (
    'Access-Control-Allow-Credentials',
    'Access-Control-Allow-Headers',
    'Access-Control-Allow-Methods',
    'Access-Control-Allow-Origin',
    'Access-Control-Expose-Headers',
    'Location',
    'MediaWiki-API-Error',
    'MediaWiki-CORS-Rejection',
    'MediaWiki-Login-Suppressed',
    'Retry-After',
    'X-Database-Lag',
)

TOKEN = re.compile(r'(?P<core>[0-9a-f]{40})(?P<end>\+\\?)')
CENTRALAUTHTOKEN = re.compile(r'(?P<random>[0-9a-f]{32})(?P<id>[0-9a-f]{1,3})', re.I)
WRAPPED = re.compile(f'(?-i:{JWT.pattern})|{CENTRALAUTHTOKEN.pattern}', re.I)
AUTHORIZATION = 'CentralAuthToken '
MINT = 'centralauthtoken'


@dataclass(frozen=True)
class Script:
    """What the recording of one file does not say by itself.

    :param jars: the cookie jar that is used from an exchange on. Its name begins with
        the account that is logged in (``Stew``, ``Stew@locker`` for a bot password;
        ``anonymous`` for none), and is made unique by what follows a slash.
    :param homes: the jar in which centralauthtokens are minted from an exchange on,
        instead of one named as the account that the token belongs to
    :param before: what happens to the farm before an exchange, and before the tokens
        that it sends are fetched
    :param meanwhile: what happens between the fetching and the sending
    :param types: the type of a token that was not meant for the action
    :param sources: the jar in which a token was fetched, if not in the exchange's own
    :param addresses: from where the requests come, from an exchange on, as in
        `X-Forwarded-For`
    :param forged: what was done to the centralauthtoken of an exchange
    """

    jars: Mapping[int, str] = field(default_factory=lambda: {0: 'Stew'})
    homes: Mapping[int, str] = field(default_factory=dict)
    before: Mapping[int, Event] = field(default_factory=dict)
    meanwhile: Mapping[int, Event] = field(default_factory=dict)
    types: Mapping[int, str] = field(default_factory=dict)
    sources: Mapping[int, str] = field(default_factory=dict)
    addresses: Mapping[int, str] = field(default_factory=dict)
    forged: Mapping[int, Forgery] = field(default_factory=dict)


class Replay:
    """One recording, being sent again to the stage.

    :param stage: the farm, seeded as it was when the recording was made
    :param script: sessions and events of this recording
    """

    def __init__(self, stage: Stage, script: Script) -> None:
        self.stage = stage
        self.script = script
        self._jars: dict[tuple[str, str], requests.Session] = {}
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        for session in self._jars.values():
            session.close()

    def differences(self, exchange: Exchange) -> list[str]:
        """Send an exchange; return what differs, a sentence for each."""
        index = exchange.index
        self._happen(self.script.before, index)
        jar = _latest(self.script.jars, index, 'Stew')
        session = self._session(jar, exchange.wiki)
        url = self._live(exchange, exchange.url_params)
        body = self._live(exchange, exchange.body_params)
        headers = self._live(exchange, exchange.headers_sent)
        self._happen(self.script.meanwhile, index)
        response = self._send(session, exchange, url, body, headers)
        self.stage.calm()
        return list(self._compare(exchange, response))

    def log_in(self, jar: str, wiki: str = 'meta', **params: str) -> None:
        """Log in (again) in the jar of that name."""
        session = self._jars[jar, wiki]
        account = jar.partition('/')[0]
        token = self._fetch(session, wiki, 'login')
        if '@' in account:
            answer = self._post(
                session,
                wiki,
                action='login',
                lgname=account,
                lgpassword=BOT_PASSWORD,
                lgtoken=token,
            )
            assert answer['login']['result'] == 'Success', answer
        else:
            answer = self._post(
                session,
                wiki,
                action='clientlogin',
                username=account,
                password=PASSWORD,
                logintoken=token,
                loginreturnurl=self.stage.base_urls[wiki],
                **params,
            )
            assert answer['clientlogin']['status'] == 'PASS', answer

    def look_alive(self, jar: str, wiki: str = 'meta') -> None:
        """Use a session, so that it does not expire."""
        self._get(self._session(jar, wiki), wiki, meta='userinfo')

    def fetch_ahead(self, recorded: str, jar: str, kind: str) -> None:
        """Fetch the token that stands for a recorded one, in the jar of that name."""
        if kind == 'centralauth':
            answer = self._get(self._session(jar, 'meta'), 'meta', action=MINT)
            self._tokens[recorded] = answer[MINT][MINT]
        else:
            token = self._fetch(self._session(jar, 'meta'), 'meta', kind)
            self._tokens[recorded[:-2]] = token[:-2]

    def cookies(self, jar: str, wiki: str = 'meta') -> RequestsCookieJar:
        """Return the cookies in the jar of that name."""
        return self._session(jar, wiki).cookies

    def log_out(self, jar: str, wiki: str = 'meta') -> None:
        """Log out in the jar of that name."""
        session = self._session(jar, wiki)
        token = self._fetch(session, wiki, 'csrf')
        assert self._post(session, wiki, action='logout', token=token) == {}

    def _happen(self, events: Mapping[int, Event], index: int) -> None:
        if index in events:
            self.stage.replay = self
            events[index](self.stage)

    def _session(self, jar: str, wiki: str) -> requests.Session:
        if jar == COOKIELESS:
            self._jars.pop((jar, wiki), requests.Session()).close()
        if (jar, wiki) not in self._jars:
            session = self._jars[jar, wiki] = requests.Session()
            session.trust_env = False
            if jar != COOKIELESS and not jar.startswith('anonymous'):
                self.log_in(jar, wiki)
        return self._jars[jar, wiki]

    def _live(
        self, exchange: Exchange, recorded: dict[str, str] | None
    ) -> dict[str, str] | None:
        """Replace recorded secrets and addresses by live ones."""
        if recorded is None:
            return None
        live = {}
        for name, value in recorded.items():
            if isinstance(value, list):
                live[name] = value
                continue
            if name.endswith('token') and name != 'centralauthtoken':
                value = TOKEN.sub(partial(self._token, exchange), value)
            elif name == 'centralauthtoken' or value.startswith(AUTHORIZATION):
                value = WRAPPED.sub(self._minted(exchange), value)
            elif name in {'password', 'lgpassword'}:
                bot = '@' in value or '@' in recorded.get('lgname', '')
                value = value.replace('PASSWORD', BOT_PASSWORD if bot else PASSWORD)
            live[name] = self.stage.to_live(value)
        return live

    def _token(self, exchange: Exchange, match: re.Match[str]) -> str:
        if match['core'] not in self._tokens:
            params = exchange.params
            default = TOKEN_TYPES.get(params.get('action', ''), 'csrf')
            kind = self.script.types.get(exchange.index, default)
            self._tokens[match['core']] = self._fetch_as(exchange, kind)[:-2]
        return self._tokens[match['core']] + match['end']

    def _fetch_as(self, exchange: Exchange, kind: str) -> str:
        """Fetch a token in the session that the exchange was made in."""
        match = WRAPPED.search(exchange.params.get('centralauthtoken', ''))
        if match and exchange.index not in self.script.sources:
            minted = self._mint(exchange.index, _bare(match[0]))
            query = {'meta': 'tokens', 'type': kind, 'centralauthtoken': minted}
            nobody = self._session(COOKIELESS, exchange.wiki)
            answer = self._get(nobody, exchange.wiki, **query)
            return str(answer['query']['tokens'][f'{kind}token'])
        jar = _latest(self.script.jars, exchange.index, 'Stew')
        jar = self.script.sources.get(exchange.index, jar)
        return self._fetch(self._session(jar, exchange.wiki), exchange.wiki, kind)

    def _minted(self, exchange: Exchange) -> Callable[[re.Match[str]], str]:
        """Return what puts live centralauthtokens in the place of recorded ones."""
        forge = self.script.forged.get(exchange.index)

        def replace(match: re.Match[str]) -> str:
            recorded = _bare(match[0])
            if not recorded:
                return match[0]
            if recorded not in self._tokens:
                self._tokens[recorded] = self._mint(exchange.index, recorded)
            live = self._tokens[recorded]
            if not JWT.match(match[0]):
                live = _bare(live)
                live = (
                    live.upper() if match[0] == recorded.upper() != recorded else live
                )
            return forge(self.stage, live) if forge else live

        return replace

    def _mint(self, index: int, recorded: str) -> str:
        account = self.stage.account_of_id[int(recorded[32:], 16)]
        home = _latest(self.script.homes, index, account)
        if home.partition('/')[0] != account:
            home = account
        answer = self._get(self._session(home, 'meta'), 'meta', action=MINT)
        return str(answer[MINT][MINT])

    def _fetch(self, session: requests.Session, wiki: str, kind: str) -> str:
        answer = self._get(session, wiki, meta='tokens', type=kind)
        return str(answer['query']['tokens'][f'{kind}token'])

    def _get(self, session: requests.Session, wiki: str, **params: str) -> Any:
        params = {'action': 'query', 'format': 'json', **params}
        return session.get(self.stage.api_urls[wiki], params=params).json()

    def _post(self, session: requests.Session, wiki: str, **params: str) -> Any:
        params = {'format': 'json', **params}
        return session.post(self.stage.api_urls[wiki], data=params).json()

    def _send(
        self,
        session: requests.Session,
        exchange: Exchange,
        url: dict[str, str] | None,
        body: dict[str, str] | None,
        headers: dict[str, str] | None,
    ) -> requests.Response:
        address = self.stage.api_urls[exchange.wiki]
        came_from = _latest(self.script.addresses, exchange.index, '')
        if url:
            address += '?' + urlencode(url)
        return session.request(
            exchange.method,
            address,
            data=None if body is None else urlencode(body, doseq=True),
            headers={
                **({} if body is None else FORM),
                **({'X-Forwarded-For': came_from} if came_from else {}),
                **(headers or {}),
            },
            allow_redirects=False,
            timeout=30,
        )

    def _compare(
        self, exchange: Exchange, response: requests.Response
    ) -> Iterator[str]:
        text = self.stage.to_recorded(response.text)
        if response.status_code != exchange.status:
            yield f'HTTP status: {response.status_code} instead of {exchange.status}'
        yield from self._compare_headers(exchange, response)
        if exchange.json is not None:
            try:
                live = response.json()
            except ValueError:
                yield f'not JSON: {text[:200]!r}'
                return
            self._learn(exchange.json, live)
            live = self.stage.to_recorded(live)
            yield from differences(exchange.json, live)
        elif exchange.text and not exchange.text.lstrip().startswith('<'):
            recorded, cut, _ = exchange.text.partition(CUT)
            if form(text[: len(recorded)] if cut else text) != form(recorded):
                yield f'text: {text[:200]!r} instead of {exchange.text!r}'
        elif bool(exchange.text) != bool(text):
            yield f'text: {text[:200]!r} instead of {exchange.text!r}'

    def _compare_headers(
        self, exchange: Exchange, response: requests.Response
    ) -> Iterator[str]:
        recorded = exchange.response_headers
        for name in COMPARED_HEADERS:
            live = response.headers.get(name)
            if live is not None:
                live = self.stage.to_recorded(live)
            if live != recorded.get(name):
                yield f'{name}: {live!r} instead of {recorded.get(name)!r}'
        if response.status_code >= 300 and 'MediaWiki-API-Error' not in recorded:
            return  # made by the web server in front of MediaWiki
        kind = response.headers.get('Content-Type', '').lower()
        if kind != recorded.get('Content-Type', '').lower():
            yield f'Content-Type: {kind!r} instead of {recorded.get("Content-Type")!r}'
        cookies = sorted(set(_cookies_set(response)))
        if exchange.set_cookie is not None and cookies != exchange.set_cookie:
            yield f'cookies set: {cookies} instead of {exchange.set_cookie}'

    def _learn(self, recorded: Any, live: Any) -> None:
        """Remember which live token stands for which recorded one."""
        if isinstance(recorded, dict) and isinstance(live, dict):
            for name in recorded.keys() & live.keys():
                self._learn(recorded[name], live[name])
        elif isinstance(recorded, str) and isinstance(live, str):
            if TOKEN.fullmatch(recorded) and live.endswith('+\\'):
                self._tokens[recorded[:-2]] = live[:-2]
            elif WRAPPED.fullmatch(recorded):
                self._tokens[_bare(recorded)] = live


FORM = {'Content-Type': 'application/x-www-form-urlencoded'}


def _bare(token: str) -> str:
    """Return a centralauthtoken without what it may be wrapped in."""
    return centralauthtoken_in(token) if JWT.match(token) else token.lower()


def _latest(table: Mapping[int, str], index: int, default: str) -> str:
    """Return what the table says from an exchange on."""
    return table[max(known)] if (known := [i for i in table if i <= index]) else default


def _cookies_set(response: requests.Response) -> Iterator[str]:
    for line in response.raw.headers.getlist('Set-Cookie'):
        name, _, value = line.partition('=')
        if name not in {'cpPosIndex', 'UseDC'}:
            yield f'-{name}' if value.startswith('deleted') else name
