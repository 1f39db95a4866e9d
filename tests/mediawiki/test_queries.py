"""Tokens and the server's time ride on other queries, each in one request.

https://www.mediawiki.org/wiki/API:Tokens
https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import pywikibot
from pywikibot.site import APISite

from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    InvalidInput,
    StateConflict,
    UnknownTokenType,
)
from mw_tokens_plugin.site.errortexts import sentence
from mw_tokens_plugin.site.queries import EditContext
from mw_tokens_plugin.site.refusals import refusals

from .client import Client, edit_anonymously, page, post
from .wiki import Wiki


def fresh_site(client: Client, wiki: Wiki) -> APISite:
    """Return a site that is logged in, knows the wiki's release, and holds no token."""
    site = client.site(wiki)
    assert site.mw_version >= '1.39'
    # pywikibot asks for it once, before the first query in formatversion 1.
    assert not site.has_extension('nosuch')
    wiki.forget()
    return site


def asked(wiki: Wiki) -> list[str]:
    return [sent.what for sent in wiki.sent()]


def edit(site: APISite, context: EditContext, text: str) -> dict[str, Any]:
    """Edit a page as the documentation says."""
    with refusals(site):
        answer: dict[str, Any] = site.simple_request(
            action='edit', text=text, **context.parameters()
        ).submit()['edit']
    return answer


def text_of(site: APISite, title: str) -> str:
    text: str = pywikibot.Page(site, title).text
    return text


def wait_for_the_next_second(site: APISite, moment: datetime) -> None:
    """Wait until the wiki's clock is beyond the second of some moment."""
    deadline = time.monotonic() + 240
    while site.server_time() <= moment.replace(tzinfo=None):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# Prefetching


def test_several_types_are_fetched_in_one_request(client: Client, wiki: Wiki) -> None:
    site = fresh_site(client, wiki)
    site.tokens.prefetch('csrf', 'rollback', 'watch')
    # Which wiki it is, is asked in the same request.
    assert asked(wiki) == ['query+siteinfo|tokens|userinfo']
    (sent,) = wiki.sent()
    assert sent.params['type'] == 'csrf|rollback|watch'
    for name in 'csrf', 'rollback', 'watch':
        assert site.tokens[name].type == name
    assert len(wiki.sent()) == 1


def test_only_what_is_not_held_is_fetched(client: Client, wiki: Wiki) -> None:
    site = fresh_site(client, wiki)
    site.tokens.prefetch('csrf')
    kept = site.tokens.csrf
    wiki.forget()
    site.tokens.prefetch('csrf')
    assert asked(wiki) == []
    site.tokens.prefetch('csrf', 'patrol')
    (sent,) = wiki.sent()
    assert sent.params['type'] == 'patrol'
    assert site.tokens.csrf is kept


def test_a_type_that_the_wiki_lacks_leaves_the_others(
    client: Client, wiki: Wiki
) -> None:
    site = fresh_site(client, wiki)
    with pytest.raises(UnknownTokenType, match='nosuch'):
        site.tokens.prefetch('csrf', 'nosuch')
    assert len(wiki.sent()) == 1
    assert site.tokens.csrf
    assert len(wiki.sent()) == 1


# Tokens beside any query


QUERIES: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]] = {
    'nothing else': ({}, lambda query: True),
    'prop': (
        {'prop': 'info', 'titles': 'Main Page'},
        lambda query: query['pages'],
    ),
    'several props': (
        {'prop': ['info', 'revisions'], 'titles': 'Main Page', 'rvprop': 'ids'},
        lambda query: query['pages'],
    ),
    'list': (
        {'list': 'recentchanges', 'rclimit': 1},
        lambda query: query['recentchanges'] is not None,
    ),
    'generator': (
        {'generator': 'allpages', 'gaplimit': 2, 'prop': 'info'},
        lambda query: query['pages'],
    ),
    'one meta': ({'meta': 'siteinfo'}, lambda query: query['general']['generator']),
    'metas as text': (
        {'meta': 'siteinfo|userinfo'},
        lambda query: query['general'] and query['userinfo'],
    ),
    'metas as a list': (
        {'meta': ['siteinfo', 'userinfo'], 'siprop': 'namespaces'},
        lambda query: query['namespaces'] and query['userinfo'],
    ),
}


@pytest.mark.parametrize('version', [1, 2])
@pytest.mark.parametrize('case', QUERIES)
def test_tokens_ride_on_any_query(
    client: Client, wiki: Wiki, case: str, version: int
) -> None:
    site = fresh_site(client, wiki)
    query, found = QUERIES[case]
    types = ('csrf', 'rollback')
    answer = site.query_with_tokens(types, **query, formatversion=version)
    assert found(answer['query'])
    assert len(wiki.sent()) == 1
    # They are good, and none is fetched for this.
    for name in types:
        checked = post(site, action='checktoken', type=name, token=site.tokens[name])
        assert checked['checktoken']['result'] == 'valid'
    again = site.query_with_tokens(types, **query, formatversion=version)
    assert 'tokens' not in again.get('query', {})
    *_, last = wiki.sent()
    assert 'tokens' not in last.params['meta'].split('|')
    assert len(wiki.sent()) == 4


def test_types_are_named_in_one_place(client: Client, wiki: Wiki) -> None:
    site = fresh_site(client, wiki)
    with pytest.raises(InvalidInput, match='types='):
        site.query_with_tokens(['csrf'], meta='tokens')
    with pytest.raises(InvalidInput, match='types='):
        site.query_with_tokens(['csrf'], type='rollback')
    assert asked(wiki) == []


@pytest.mark.parametrize('remembered', [True, False], ids=['for good', 'revives'])
def test_a_query_whose_session_was_lost_brings_tokens_that_work(
    client: Client, wiki: Wiki, remembered: bool
) -> None:
    site = fresh_site(client, wiki)
    title = page(site, 'before').title()
    dead = site.tokens.csrf
    site.tokens.drop(dead)
    wiki.end_sessions(remembered=remembered)
    site.query_with_tokens(['csrf', 'watch'], prop='info', titles=title)
    token = site.tokens.csrf
    assert token != dead
    wiki.forget()
    site.simple_request(action='edit', title=title, text='after', token=token).submit()
    assert [(s.what, s.result) for s in wiki.sent()] == [('edit', 'ok')]
    history = pywikibot.Page(site, title).revisions(total=5)
    assert {r.user for r in history} == {wiki.operator.name}


# The server's time


def test_the_servers_time(client: Client, wiki: Wiki) -> None:
    site = fresh_site(client, wiki)

    def now() -> str:
        stamp: str = post(site, action='query', curtimestamp=1)['curtimestamp']
        return stamp

    before, found, after = now(), site.server_time(), now()
    assert before <= found.isoformat() <= after
    _, sent, _ = wiki.sent()
    assert 'siprop' not in sent.params


# Edits that notice conflicts


def test_an_edit_costs_two_requests(client: Client, wiki: Wiki) -> None:
    """One to read all that it needs, the token too, and the edit."""
    site = client.site(wiki)
    title = page(site, 'before').title()
    site = fresh_site(client, wiki)
    context = site.edit_context(title, text=True)
    assert len(wiki.sent()) == 1
    assert (context.title, context.text) == (title, 'before')
    assert context.token is site.tokens.csrf
    assert edit(site, context, 'after')['result'] == 'Success'
    assert [(s.action, s.result) for s in wiki.sent()] == [
        ('query', 'ok'),
        ('edit', 'ok'),
    ]
    assert text_of(site, title) == 'after'


def test_a_wiki_of_which_nothing_is_known_is_asked_once_too(
    client: Client, wiki: Wiki
) -> None:
    site = client.site(wiki)
    title = page(site, 'before').title()
    site = client.site(wiki)
    assert not site.siteinfo.is_cached('generator')
    wiki.forget()
    context = site.edit_context(title)
    assert len(wiki.sent()) == 1
    assert context.compares_revisions


def test_a_held_token_is_not_fetched_again(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    one = page(site, 'before')
    token = site.tokens.csrf
    wiki.forget()
    context = site.edit_context(one)
    assert context.token is token
    assert context.text is None
    (sent,) = wiki.sent()
    assert 'tokens' not in sent.params['meta'].split('|')


@pytest.mark.parametrize('by', ['somebody else', 'oneself'])
def test_an_edit_in_between_is_a_conflict(client: Client, wiki: Wiki, by: str) -> None:
    """Within the same second, too."""
    site = client.site(wiki)
    one = page(site, 'first line\n')
    context = site.edit_context(one)
    if by == 'oneself':
        page_again = pywikibot.Page(site, one.title())
        page_again.text = 'their line\n'
        page_again.save(quiet=True)
    else:
        edit_anonymously(one, 'their line\n')
    with pytest.raises(StateConflict):
        edit(site, context, 'my line\n')
    assert text_of(site, one.title()) == 'their line'


@pytest.mark.parametrize(
    ('theirs', 'mine', 'merged'),
    [
        ('a\nb\nc\nTHEIRS', 'MINE\nb\nc\nd', 'MINE\nb\nc\nTHEIRS'),
        ('a\nb\nc\nd\ntheirs', 'a\nb\nmine\nc\nd', 'a\nb\nmine\nc\nd\ntheirs'),
        ('a\nSAME\nc\nd', 'a\nSAME\nc\nMINE', 'a\nSAME\nc\nMINE'),
        ('b\nc\nd', 'a\nb\nd', 'b\nd'),
        # They touch.
        ('a\nTHEIRS\nc\nd', 'a\nb\nMINE\nd', None),
        ('a\ntheirs\nb\nc\nd', 'a\nmine\nb\nc\nd', None),
        ('a\nb\nc\nd\ntheirs', 'a\nb\nc\nd\nmine', None),
        ('a\nc\nd', 'a\nMINE\nc\nd', None),
    ],
)
def test_edits_that_do_not_touch_are_merged(
    client: Client, wiki: Wiki, theirs: str, mine: str, merged: str | None
) -> None:
    site = client.site(wiki)
    one = page(site, 'a\nb\nc\nd')
    context = site.edit_context(one)
    edit_anonymously(one, theirs)
    if merged is None:
        with pytest.raises(StateConflict):
            edit(site, context, mine)
    else:
        assert edit(site, context, mine)['result'] == 'Success'
    assert text_of(site, one.title()) == (theirs if merged is None else merged)


def test_old_wikis_go_by_the_time_of_the_revision(client: Client, wiki: Wiki) -> None:
    """What is sent to those before 1.35 is understood by newer ones too."""
    site = client.site(wiki)
    one = page(site, 'first line\n')
    read = site.edit_context(one)
    old = EditContext(
        title=read.title,
        base_revision=read.base_revision,
        base_timestamp=read.base_timestamp,
        start_timestamp=read.start_timestamp,
        token=read.token,
        compares_revisions=False,
    )
    assert 'baserevid' not in old.parameters()
    wait_for_the_next_second(site, read.start_timestamp)
    edit_anonymously(one, 'their line\n')
    with pytest.raises(StateConflict):
        edit(site, old, 'my line\n')


def test_a_page_that_is_missing_is_only_created(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    title = f'Missing {secrets.token_hex(8)}'
    context = site.edit_context(title, text=True)
    assert (context.base_revision, context.text) == (None, None)
    edit_anonymously(pywikibot.Page(site, title), 'theirs')
    with pytest.raises(ApiRefusal) as caught:
        edit(site, context, 'mine')
    assert caught.value.code == 'articleexists'
    assert text_of(site, title) == 'theirs'
    other = f'Missing {secrets.token_hex(8)}'
    assert edit(site, site.edit_context(other), 'mine')['result'] == 'Success'
    assert text_of(site, other) == 'mine'


def test_a_page_that_was_deleted_meanwhile_stays_deleted(
    client: Client, wiki: Wiki
) -> None:
    """The server's time of the reading tells it, not this machine's."""
    site = client.site(wiki)
    title = f'Missing {secrets.token_hex(8)}'
    context = site.edit_context(title)
    created = pywikibot.Page(site, title)
    created.text = 'created meanwhile'
    created.save(quiet=True)
    wait_for_the_next_second(site, context.start_timestamp)
    created.delete('and deleted', prompt=False)
    with pytest.raises(ApiRefusal) as caught:
        edit(site, context, 'mine')
    assert caught.value.code == 'pagedeleted'
    assert not pywikibot.Page(site, title).exists()


def test_titles_that_no_page_can_have(client: Client, wiki: Wiki) -> None:
    with pytest.raises(InvalidInput, match='is not a page of'):
        client.site(wiki).edit_context('A <b> title')


def test_a_message_is_asked_for_once_with_places_for_its_parameters(
    client: Client, wiki: Wiki
) -> None:
    site = fresh_site(client, wiki)
    for count in ('3', '4'):
        found = sentence(site, 'timeouterror-text', [count])
        assert found == f'The maximum request time of {count} seconds was exceeded.'
    assert sentence(site, 'no-such-message-at-all', []) is None
    assert len(asked(wiki)) == 2
