"""Two wikis at once, and several threads on one."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import pywikibot
import requests
from pywikibot.comms import http

from .client import Client, page, post
from .wiki import Wiki


def edit(one: pywikibot.Page, text: str) -> None:
    token = one.site.tokens.csrf
    one.site.simple_request(
        action='edit', title=one.title(), text=text, token=token
    ).submit()


def edit_often(one: pywikibot.Page) -> None:
    for number in range(5):
        edit(one, f'edit {number}')


def warm_pages(client: Client, wikis: list[Wiki]) -> list[pywikibot.Page]:
    """Return a page of each wiki, after everything was fetched that a write needs."""
    pages = [page(client.site(wiki), 'before') for wiki in wikis]
    for one, wiki in zip(pages, wikis, strict=True):
        assert one.site.tokens.csrf
        wiki.forget()
    return pages


def test_tokens_belong_to_one_wiki(client: Client, wikis: list[Wiki]) -> None:
    one, other = warm_pages(client, wikis)
    assert one.site.tokens.csrf.wiki != other.site.tokens.csrf.wiki
    for mine, theirs in (one, other), (other, one):
        answer = post(
            mine.site,
            action='edit',
            title=mine.title(),
            text='lost',
            token=theirs.site.tokens.csrf,
        )
        assert answer['error']['code'] == 'badtoken'


def test_in_turn(client: Client, wikis: list[Wiki]) -> None:
    pages = warm_pages(client, wikis)
    for number in range(5):
        for one in pages:
            edit(one, f'edit {number}')
    for wiki in wikis:
        assert [(s.what, s.result) for s in wiki.sent()] == [('edit', 'ok')] * 5


def test_at_the_same_time(client: Client, wikis: list[Wiki]) -> None:
    pages = warm_pages(client, wikis)
    with ThreadPoolExecutor(len(pages)) as threads:
        list(threads.map(edit_often, pages))
    for wiki in wikis:
        assert [(s.what, s.result) for s in wiki.sent()] == [('edit', 'ok')] * 5


@pytest.mark.only('mediawiki')
def test_a_lost_session_is_renewed_where_it_was_lost(
    client: Client, wikis: list[Wiki]
) -> None:
    """The wikis of the sandbox share their logins, so they lose them together."""
    pages = warm_pages(client, wikis)
    wikis[0].end_sessions(remembered=True)
    for one in pages:
        edit(one, 'after')
    lost, kept = ([sent.action for sent in wiki.sent()] for wiki in wikis)
    assert lost.count('clientlogin') == 1
    assert kept == ['edit']


def warm_pages_of_one(client: Client, wiki: Wiki) -> list[pywikibot.Page]:
    """Return four pages of one wiki, after all was fetched that a write needs."""
    site = client.site(wiki)
    pages = [page(site, 'before') for _ in range(4)]
    assert site.tokens.csrf
    return pages


def edit_together(pages: list[pywikibot.Page]) -> None:
    with ThreadPoolExecutor(len(pages)) as threads:
        list(threads.map(lambda one: edit(one, 'after'), pages))


def test_threads_share_a_login(client: Client, wiki: Wiki) -> None:
    pages = warm_pages_of_one(client, wiki)
    wiki.end_sessions(remembered=True)
    wiki.forget()
    edit_together(pages)
    sent = Counter((sent.what, sent.result) for sent in wiki.sent())
    assert 1 <= sent.pop(('edit', 'assertuserfailed')) <= 4
    assert sent == {
        ('query+userinfo', 'ok'): 2,
        ('query+tokens', 'ok'): 1,
        ('clientlogin', 'ok'): 1,
        ('query+tokens|userinfo', 'ok'): 1,
        ('edit', 'ok'): 4,
    }


def test_threads_share_a_renewal(client: Client, wiki: Wiki) -> None:
    pages = warm_pages_of_one(client, wiki)
    wiki.end_sessions(remembered=False)
    wiki.forget()
    edit_together(pages)
    sent = Counter((sent.action, sent.result) for sent in wiki.sent())
    assert sent['edit', 'ok'] == 4
    assert sent['clientlogin', 'ok'] == 0


@pytest.mark.only('mediawiki')
def test_remembered_login_begins_a_session_for_each_request(
    client: Client, wiki: Wiki
) -> None:
    """Requests under way at once leave one session, and tokens of another."""
    site = client.site(wiki)
    one = page(site, 'before')
    wiki.end_sessions(remembered=False)
    tokens = []
    with requests.Session() as first, requests.Session() as second:
        for session in first, second:
            session.cookies.update(http.cookie_jar)
        for session in first, second:
            answer = post(site, session, action='query', meta='tokens')
            tokens.append(answer['query']['tokens']['csrftoken'])
        results = [
            post(site, second, action='edit', title=one.title(), text=text, token=token)
            for text, token in zip(('lost', 'after'), tokens, strict=True)
        ]
    assert results[0]['error']['code'] == 'badtoken'
    assert results[1]['edit']['result'] == 'Success'
