"""Every token type of MediaWiki itself, fetched by the wallet and used in a write.

Each write has to be carried out, and to reach the wiki once: a token of the wrong type
would cost a ``badtoken`` first.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
import pywikibot
from pywikibot.exceptions import APIError
from pywikibot.site import APISite

from mw_tokens_plugin.site.writes import send_once

from .client import Client, edit_anonymously, page
from .wiki import Wiki

#: What a write is known to have done.
Done = Callable[[], bool]


def edit(site: APISite) -> Done:
    written = page(site, 'written')
    return lambda: fresh(written).text == 'written'


def delete(site: APISite) -> Done:
    unwanted = page(site, 'unwanted')
    unwanted.delete('not wanted', prompt=False)
    return lambda: not fresh(unwanted).exists()


def undelete(site: APISite) -> Done:
    missed = page(site, 'missed')
    missed.delete('not wanted', prompt=False)
    # The object remembers revisions that it knew before.
    restored = fresh(missed)
    restored.undelete('wanted after all')
    return lambda: fresh(missed).text == 'missed'


def move(site: APISite) -> Done:
    there, moved = page(site), page(site, 'moved')
    moved.move(there.title(), 'better name', movetalk=False, noredirect=True)
    return lambda: fresh(there).text == 'moved'


def protect(site: APISite) -> Done:
    precious = page(site, 'precious')
    precious.protect('precious', {'edit': 'sysop'})
    return lambda: fresh(precious).protection()['edit'][0] == 'sysop'


def block(site: APISite) -> Done:
    vandal = pywikibot.User(site, address())
    vandal.block('1 hour', 'vandal', anononly=False)
    return lambda: bool(blocks_of(vandal))


def unblock(site: APISite) -> Done:
    reformed = pywikibot.User(site, address())
    reformed.block('1 hour', 'vandal', anononly=False)
    # Not User.unblock(), which asks for a right that MediaWiki does not have.
    site.simple_request(
        action='unblock',
        user=reformed.username,
        reason='reformed',
        token=site.tokens.for_action('unblock'),
    ).submit()
    return lambda: not blocks_of(reformed)


def rollback(site: APISite) -> Done:
    spoilt = page(site, 'good')
    edit_anonymously(spoilt, 'bad')
    known = fresh(spoilt)
    site.loadrevisions(known, total=2)
    site.rollbackpage(known)
    return lambda: fresh(spoilt).text == 'good'


def patrol(site: APISite) -> Done:
    dubious = page(site)
    edit_anonymously(dubious, 'dubious')
    list(site.patrol(revid=fresh(dubious).latest_revision_id))
    changes = site.recentchanges(patrolled=True, total=20)
    return lambda: dubious.title() in [change['title'] for change in changes]


def userrights(site: APISite) -> Done:
    trusted = pywikibot.User(site, site.user())
    site.simple_request(
        action='userrights',
        user=trusted.username,
        add='bot',
        reason='trusted',
        token=site.tokens.userrights,
    ).submit()
    return lambda: 'bot' in trusted.groups(refresh=True)


def watch(site: APISite) -> Done:
    dear = page(site, 'dear', watch='nochange')
    dear.watch()
    return lambda: dear.title() in [p.title() for p in site.watched_pages(force=True)]


def createaccount(site: APISite) -> Done:
    name, password = f'Newcomer {secrets.token_hex(4)}', secrets.token_urlsafe(18)
    site.simple_request(
        action='createaccount',
        username=name,
        password=password,
        retype=password,
        createreturnurl='http://127.0.0.1/',
        createtoken=site.tokens.createaccount,
    ).submit()
    return lambda: pywikibot.User(site, name).isRegistered(refresh=True)


@pytest.mark.parametrize(
    ('act', 'token_type'),
    [
        (edit, 'csrf'),
        (delete, 'csrf'),
        (undelete, 'csrf'),
        (move, 'csrf'),
        (protect, 'csrf'),
        (block, 'csrf'),
        (unblock, 'csrf'),
        (rollback, 'rollback'),
        (patrol, 'patrol'),
        (userrights, 'userrights'),
        (watch, 'watch'),
        (createaccount, 'createaccount'),
    ],
    ids=lambda value: getattr(value, '__name__', value),
)
def test_token_is_used(
    client: Client,
    wiki: Wiki,
    act: Callable[[APISite], Done],
    token_type: str,
) -> None:
    module = act.__name__
    site = client.site(wiki)
    wiki.forget()
    done = act(site)
    assert [s.result for s in wiki.sent() if s.action == module] == ['ok']
    assert [s for s in wiki.sent() if s.result != 'ok'] == []
    assert done()
    assert site.tokens.token_type_of(module) == token_type
    assert site.tokens.for_action(module) is site.tokens[token_type]


def test_protecting_a_page_removes_the_protections_that_are_not_listed(
    client: Client, wiki: Wiki
) -> None:
    """So a campaign that sets one level of protection has to send the others, too."""
    site = client.site(wiki)
    dear = page(site, 'dear')
    for protections, left in (
        ({'edit': 'sysop', 'move': 'autoconfirmed'}, {'edit', 'move'}),
        ({'edit': 'autoconfirmed'}, {'edit'}),
        ({}, set()),
    ):
        dear.protect('dear', protections)
        assert set(fresh(dear).protection()) == left
    with pytest.raises(APIError, match='toofewexpiries'):
        site.simple_request(
            action='protect',
            title=dear.title(),
            protections='edit=sysop|move=sysop|edit=all',
            expiry='infinity|1 day',
            token=site.tokens['csrf'],
        ).submit()


def test_writes_on_a_warm_wallet_cost_one_request_each(
    client: Client, wiki: Wiki
) -> None:
    site = client.site(wiki)
    pages = [page(site, 'first') for _ in range(5)]
    assert site.tokens.csrf
    wiki.forget()
    for one in pages:
        site.simple_request(
            action='edit', title=one.title(), text='second', token=site.tokens.csrf
        ).submit()
    assert [sent.what for sent in wiki.sent()] == ['edit'] * 5
    assert {fresh(one).text for one in pages} == {'second'}


def test_a_list_is_an_answer_to_what_is_sent_once(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    title = page(site, 'watched').title()
    (watched,) = send_once(site, 'watch', {'titles': title})
    assert watched['title'] == title and watched['watched'] is True
    asked = {'prop': 'info', 'inprop': 'watched', 'titles': f'{title}|Never watched'}
    first, second = (
        site.simple_request(action='query', formatversion=n, **asked).submit()
        for n in (1, 2)
    )
    pages = {each['title']: each for each in second['query']['pages']}
    assert pages[title]['watched'] is True
    assert pages['Never watched']['watched'] is False
    # The first version of the format has no booleans.
    pages = {each['title']: each for each in first['query']['pages'].values()}
    assert pages[title]['watched'] == ''
    assert 'watched' not in pages['Never watched']


def test_tokens_are_fetched_together(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    wiki.forget()
    types = [site.tokens[name].type for name in ('csrf', 'patrol', 'rollback')]
    types += [site.tokens.userrights.type, site.tokens.watch.type]
    assert types == ['csrf', 'patrol', 'rollback', 'userrights', 'watch']
    # Which wiki it is, is asked in the same request.
    assert [s.what for s in wiki.sent()] == ['query+siteinfo|tokens|userinfo']


def fresh(page: pywikibot.Page) -> pywikibot.Page:
    """Return the page as the wiki has it now."""
    return pywikibot.Page(page.site, page.title())


def blocks_of(user: pywikibot.User) -> list[dict[str, Any]]:
    """Return the blocks of exactly that name or address."""
    return list(user.site.blocks(users=user.username))


def address() -> str:
    """Return an address for documentation that no other test uses."""
    return f'2001:DB8:0:0:0:0:0:{secrets.randbelow(0xFFFF):X}'
