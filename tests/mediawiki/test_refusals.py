"""Writes that the wiki does not take now: the token stays, and nothing is repeated.

https://www.mediawiki.org/wiki/Manual:Maxlag_parameter
"""

from __future__ import annotations

from typing import Any

import pytest
import pywikibot
from pywikibot import config
from pywikibot.exceptions import ApiTimeoutError

from mw_tokens_plugin.exceptions import RateLimited, ReadOnly
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.site.writes import SingleSendRequest

from .client import Client, page
from .wiki import Wiki


def edit(one: pywikibot.Page, text: str) -> None:
    """Edit a page as a campaign does: sent once, with the plugin's errors."""
    site = one.site
    parameters: dict[str, Any] = {
        'action': 'edit',
        'title': one.title(),
        'text': text,
        'token': site.tokens.csrf,
    }
    with refusals(site):
        SingleSendRequest(site=site, parameters=parameters).submit()


def text_of(one: pywikibot.Page) -> str:
    text: str = pywikibot.Page(one.site, one.title()).text
    return text


def warm_page(client: Client, wiki: Wiki) -> pywikibot.Page:
    """Return a page, after everything was fetched that a write needs."""
    one = page(client.site(wiki), 'before')
    assert one.site.tokens.csrf
    wiki.forget()
    return one


def goes_on(one: pywikibot.Page, wiki: Wiki) -> None:
    """The token has survived what happened."""
    wiki.restore()
    wiki.forget()
    edit(one, 'after')
    assert [(sent.what, sent.result) for sent in wiki.sent()] == [('edit', 'ok')]
    assert text_of(one) == 'after'


def test_read_only(client: Client, wiki: Wiki) -> None:
    one = warm_page(client, wiki)
    wiki.read_only('The disks are being changed.')
    with pytest.raises(ReadOnly):
        edit(one, 'lost')
    assert [(sent.what, sent.result) for sent in wiki.sent()] == [('edit', 'readonly')]
    assert text_of(one) == 'before'
    goes_on(one, wiki)


def test_read_only_is_waited_for_by_ordinary_writes(client: Client, wiki: Wiki) -> None:
    one = warm_page(client, wiki)
    wiki.read_only('The disks are being changed.')
    request = one.site.simple_request(
        action='edit', title=one.title(), text='lost', token=one.site.tokens.csrf
    )
    with pytest.raises(ApiTimeoutError):
        request.submit()
    attempts = [(sent.what, sent.result) for sent in wiki.sent()]
    assert attempts == [('edit', 'readonly')] * (config.max_retries + 1)
    goes_on(one, wiki)


def test_rate_limit(client: Client, wiki: Wiki) -> None:
    one = warm_page(client, wiki)
    wiki.limit('edit', hits=2, seconds=600)
    edit(one, 'first')
    edit(one, 'second')
    with pytest.raises(RateLimited):
        edit(one, 'lost')
    results = [sent.result for sent in wiki.sent()]
    assert results == ['ok', 'ok', 'ratelimited']
    assert text_of(one) == 'second'
    goes_on(one, wiki)


def test_lag(client: Client, wiki: Wiki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, 'max_retries', 0)
    one = warm_page(client, wiki)
    wiki.lag(7)
    with pytest.raises(ReadOnly, match='lag'):
        edit(one, 'lost')
    (sent,) = wiki.sent()
    assert (sent.what, sent.result) == ('edit', 'maxlag')
    assert int(sent.params['maxlag']) < 7
    wiki.restore()
    # What the wiki asked for is not waited for, as its lag is over.
    one.site.throttle.retry_after = 0
    assert text_of(one) == 'before'
    goes_on(one, wiki)
