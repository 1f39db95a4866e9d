"""Sessions that end on the server, and what it costs to go on: every request counted.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pywikibot
from pywikibot.site import APISite

from .client import Client, edit_anonymously, page
from .wiki import Wiki

#: How pywikibot logs in: is it logged in after all, login token, login, who is it.
LOGIN = [
    ('query+userinfo', 'ok'),
    ('query+tokens', 'ok'),
    ('clientlogin', 'ok'),
    ('query+userinfo', 'ok'),
]
BOT_LOGIN = [(what.replace('clientlogin', 'login'), code) for what, code in LOGIN]
TOKENS = ('query+tokens|userinfo', 'ok')


def requests(wiki: Wiki) -> list[tuple[str, str]]:
    return [(sent.what, sent.result) for sent in wiki.sent()]


def edit(one: pywikibot.Page) -> None:
    """Edit a page with one request, without reading anything first."""
    token = one.site.tokens.csrf
    one.site.simple_request(
        action='edit', title=one.title(), text='after', token=token
    ).submit()


def roll_back(one: pywikibot.Page) -> None:
    """Roll back what nobody did to a page, with one request."""
    # MediaWiki expects nobody's address there.
    token = one.site.tokens.rollback
    one.site.simple_request(
        action='rollback', title=one.title(), user='127.0.0.1', token=token
    ).submit()


def warm_page(site: APISite) -> pywikibot.Page:
    """Return a page, after everything was fetched that a write needs."""
    one = page(site, 'before')
    assert site.tokens.csrf
    assert site.tokens.rollback
    return one


@pytest.mark.parametrize(
    ('login', 'cost'),
    [('main password', LOGIN), ('bot password', BOT_LOGIN)],
    ids=['main password', 'bot password'],
)
def test_lost_session(
    client: Client, wiki: Wiki, login: str, cost: list[tuple[str, str]]
) -> None:
    site = client.site(wiki, wiki.bot if login == 'bot password' else None)
    one = warm_page(site)
    wiki.end_sessions(remembered=True)
    wiki.forget()
    edit(one)
    assert requests(wiki) == [
        ('edit', 'assertuserfailed'),
        *cost,
        TOKENS,
        ('edit', 'ok'),
    ]
    latest = pywikibot.Page(site, one.title()).latest_revision
    assert (latest.user, latest.text) == (wiki.operator.name, 'after')


def test_a_session_that_is_lost_before_a_read_of_few(
    client: Client, wiki: Wiki
) -> None:
    """Without it, a wiki denies such a read as it does to those without the right."""
    site = client.site(wiki)
    site.post('watch', titles='Main Page')
    reads: tuple[Callable[[], Any], ...] = (
        lambda: list(site.watched_pages(force=True)),
        lambda: site.post('query', list='watchlistraw'),
        lambda: site.post('query', prop='deletedrevisions', titles='Main Page'),
    )
    for read in reads:
        wiki.end_sessions(remembered=True)
        wiki.forget()
        assert read()
        assert requests(wiki).count(('clientlogin', 'ok')) == 1
        site.tokens.session.reset()


@pytest.mark.parametrize('login', ['main password', 'bot password'])
def test_no_other_write_pays_for_a_lost_session(
    client: Client, wiki: Wiki, login: str
) -> None:
    site = client.site(wiki, wiki.bot if login == 'bot password' else None)
    one, two, three = (warm_page(site) for _ in range(3))
    wiki.end_sessions(remembered=True)
    edit(one)
    wiki.forget()
    edit(two)
    edit(three)
    assert requests(wiki) == [('edit', 'ok')] * 2


@pytest.mark.parametrize(
    ('write', 'module'),
    [(edit, 'edit'), (roll_back, 'rollback')],
    ids=['edit', 'rollback'],
)
def test_session_that_revives_by_itself(
    client: Client, wiki: Wiki, write: Callable[[pywikibot.Page], None], module: str
) -> None:
    """pywikibot asks to be remembered, so only the tokens are dead: all of them."""
    site = client.site(wiki)
    one = warm_page(site)
    edit_anonymously(one, 'spoilt')
    wiki.end_sessions(remembered=False)
    wiki.forget()
    write(one)
    assert requests(wiki) == [(module, 'badtoken'), TOKENS, (module, 'ok')]
    edit(warm_page(site))
    assert [result for _, result in requests(wiki)].count('badtoken') == 1
