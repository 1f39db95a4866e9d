"""Sessions that end on the server, and what it costs to go on.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

import pytest
import pywikibot
from pywikibot.site import APISite

from .client import Client, page
from .wiki import Wiki


def warm(site: APISite) -> pywikibot.Page:
    """Return a page, after everything was fetched that a write needs."""
    one = page(site, 'before')
    assert site.tokens.csrf
    return one


def write(one: pywikibot.Page) -> None:
    """Edit a page with one request, without reading anything first."""
    site = one.site
    site.simple_request(
        action='edit', title=one.title(), text='after', token=site.tokens.csrf
    ).submit()


@pytest.mark.parametrize('login', ['main password', 'bot password'])
def test_lost(client: Client, wiki: Wiki, login: str) -> None:
    site = client.site(wiki, wiki.bot if login == 'bot password' else None)
    one = warm(site)
    wiki.end_sessions(remembered=True)
    wiki.forget()
    write(one)
    print([(s.what, s.result) for s in wiki.sent()])
    assert 0


def test_revived(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    one = warm(site)
    wiki.end_sessions(remembered=False)
    wiki.forget()
    write(one)
    print([(s.what, s.result) for s in wiki.sent()])
    assert 0
