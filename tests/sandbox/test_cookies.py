"""What other hosts set as cookies changes no other wiki's session, nor the file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pywikibot.comms import http

from mw_tokens_plugin.site.cookierules import taking_cookies_of
from mw_tokens_plugin.site.credentials import Vouched

from .hostile import Hostile, hostile_server

HOME, EVIL = 'meta.example.org', 'evil.example.org'
NAMED: Any = SimpleNamespace()
ATTACHED: Any = SimpleNamespace(vouched=Vouched(f'http://{EVIL}', 'the home wiki'))
Ask = Callable[..., str]


@pytest.fixture
def hosts(site: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    """A proxy of the network that stands for every host."""
    with hostile_server() as server:
        proxies = {'http': f'http://{server.host}'}
        monkeypatch.setattr(http.session, 'proxies', proxies)
        monkeypatch.setenv('NO_PROXY', '')
        yield server


@pytest.fixture
def ask(hosts: Hostile) -> Ask:
    """Ask a host that sets cookies, as a site or as any code; return what it got."""

    def ask(host: str, *cookies: str, site: Any = None) -> str:
        hosts.answer = setting(cookies)
        with taking_cookies_of(site) if site else nullcontext():
            http.session.get(f'http://{host}/w/api.php')
        lines = hosts.received[-1].splitlines()
        return next((line for line in lines if line.startswith('Cookie: ')), '')

    return ask


def setting(cookies: Sequence[str]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what answers with nothing but cookies."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for cookie in cookies:
            handler.send_header('Set-Cookie', cookie)
        handler.send_header('Content-Length', '0')
        handler.send_header('Connection', 'close')
        handler.end_headers()

    return answer


OTHERS = [
    'metaSession=stolen; Domain=example.org; Path=/',
    'metaSession=stolen; Domain=.example.org; Path=/w/',
    'metaSession=stolen; Domain=meta.example.org; Path=/',
    'central=stolen; Domain=example.org; Path=/',
    'central=; Domain=example.org; Path=/; Max-Age=0',
    'central=; Domain=example.org; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT',
    'dotted=; Domain=meta.example.org; Path=/; Max-Age=0',
]


@pytest.mark.parametrize('sender', [ATTACHED, None], ids=['attached', 'any code'])
def test_a_wiki_beside_the_home_wiki_leaves_its_session_alone(
    ask: Ask, sender: Any
) -> None:
    ask(
        HOME,
        'metaSession=own; Path=/',
        'central=own; Domain=example.org; Path=/',
        'dotted=own; Domain=meta.example.org; Path=/',
        site=NAMED,
    )
    for cookie in OTHERS:
        ask(EVIL, cookie, site=sender)
        got = ask(HOME, site=NAMED).removeprefix('Cookie: ')
        own = ['central=own', 'dotted=own', 'metaSession=own']
        assert sorted(got.split('; ')) == own, cookie


def test_what_the_home_wiki_sets_for_itself_goes_to_no_host_below_it(ask: Ask) -> None:
    ask('example.org', 'homeSession=own; Path=/', site=NAMED)
    assert ask(EVIL, site=ATTACHED) == ''
    assert ask('example.org', site=NAMED) == 'Cookie: homeSession=own'


def test_a_wiki_keeps_a_login_of_its_own_beside_one_for_all(ask: Ask) -> None:
    """It gets one cookie of a name, the one that it has set last."""
    ask(HOME, 'central=all; Domain=example.org; Path=/', site=NAMED)
    assert ask(EVIL, 'central=own; Domain=example.org; Path=/', site=ATTACHED) == (
        'Cookie: central=all'
    )
    assert ask(EVIL, 'central=; Domain=example.org; Path=/; Max-Age=0') == (
        'Cookie: central=own'
    )
    assert ask(EVIL) == ask(HOME) == 'Cookie: central=all'


ODD = [
    'a, metaSession=stolen; Path=/',
    'a b=c; Path=/',
    'a=b; x, metaSession=stolen; x domain=".example.org"; x path="/"',
    'a=b; Path=/; Max-Age=99999999999999999999',
    'a=b; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT',
    f'a={"b" * 5000}; Path=/',
    'a=b; Path=/\\", metaSession=stolen; Domain=evil.example.org',
    'a="b\\", metaSession=\\"stolen"; Path=/',
]


def test_no_cookie_spoils_the_file_or_adds_another_one_to_it(ask: Ask) -> None:
    for cookie in ODD:
        http.cookie_jar.clear()
        http.cookie_jar.load('somebody')
        ask(HOME, 'metaSession=own; Path=/', site=NAMED)
        ask(EVIL, cookie, cookie.replace('a', 'z', 1), site=NAMED)
        http.cookie_jar.save(ignore_discard=True)
        file = Path(str(http.cookie_jar.filename))
        assert len(file.read_text('utf-8')) < 5000, cookie
        other: Any = http.PywikibotCookieJar()
        super(http.PywikibotCookieJar, other).load(str(file), ignore_discard=True)
        found = {(c.domain, c.name) for c in other}
        assert {name for domain, name in found if EVIL not in domain} == {'metaSession'}
        assert found == {(c.domain, c.name) for c in http.cookie_jar}, cookie
        assert {c.value for c in other if c.name == 'metaSession'} == {'own'}, cookie
        latest = time.time() + 401 * 24 * 3600
        assert all(c.expires is None or c.expires < latest for c in other), cookie


def test_a_host_fills_neither_the_file_nor_the_memory(ask: Ask) -> None:
    for start in range(0, 400, 80):
        ask(EVIL, *(f'c{number}=x; Path=/' for number in range(start, start + 80)))
    assert sum(cookie.domain == EVIL for cookie in http.cookie_jar) == 180
