"""Types of tokens that extensions bring, and wikis that change: no code knows them.

https://www.mediawiki.org/wiki/Manual:Hooks/ApiQueryTokensRegisterTypes
"""

from __future__ import annotations

from typing import Any

import pytest
from pywikibot import config
from pywikibot.site import APISite
from sandbox.apicache import let_days_pass

from mw_tokens_plugin import TokenType
from mw_tokens_plugin.exceptions import UnknownModule

from .client import Client
from .wiki import Wiki

pytestmark = pytest.mark.only('mediawiki')


def act(site: APISite) -> dict[str, Any]:
    """Use the module of the tests' own extension."""
    token = site.tokens.for_action('farmtoken')
    answer: dict[str, Any] = site.simple_request(
        action='farmtoken', token=token, formatversion=2
    ).submit()
    return answer


def test_a_type_of_an_extension_lives_on_the_wallet(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    token = site.tokens['farm']
    assert token.type == TokenType('farm')
    assert token not in (site.tokens.csrf, site.tokens.rollback)
    assert site.tokens['farm'] is token
    site.tokens.prefetch('farm', 'csrf')
    assert site.tokens['farm'] is token
    with pytest.raises(AttributeError, match=r"site\.tokens\['farm'\]"):
        _ = site.tokens.farm


def test_the_extensions_module_takes_it(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    assert site.tokens.token_type_of('farmtoken') == 'farm'
    wiki.forget()
    assert act(site)['farmtoken']['done']
    sent = [(s.action, s.result) for s in wiki.sent() if s.action != 'query']
    assert sent == [('farmtoken', 'ok')]


def test_any_module_is_posted_to_whatever_its_answer_is_called(
    client: Client, wiki: Wiki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none in a simulation, though pywikibot knows of its own list alone."""
    site = client.site(wiki)
    assert site.post('farmtoken') == {'farmtoken': {'done': True}}
    wiki.forget()
    assert site.post('farmtoken', under='other') == {'other': {'done': True}}
    assert [(s.action, s.result) for s in wiki.sent()] == [('farmtoken', 'ok')]
    monkeypatch.setattr(config, 'simulate', True)
    assert site.post('farmtoken')['farmtoken']['result'] == 'Success'
    assert len(wiki.sent()) == 1


def test_it_is_renewed_like_any_other(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    dead = site.tokens['farm']
    wiki.end_sessions(remembered=False)
    wiki.forget()
    assert act(site)['farmtoken']['done']
    assert [(s.action, s.result) for s in wiki.sent()] == [
        ('farmtoken', 'badtoken'),
        ('query', 'ok'),
        ('farmtoken', 'ok'),
    ]
    assert site.tokens['farm'] is not dead


def test_an_upgraded_wiki_is_asked_anew(client: Client, wiki: Any) -> None:
    """What is on pywikibot's disk for 30 days is another release's."""
    assert client.site(wiki).tokens.token_type_of('farmtoken') == 'farm'
    wiki.upgrade('1.40.0', 'csrf')
    let_days_pass(2)
    site = client.site(wiki)
    assert site.tokens.token_type_of('farmtoken') == 'csrf'
    wiki.forget()
    assert act(site)['farmtoken']['done']
    sent = [(s.action, s.result) for s in wiki.sent() if s.action != 'query']
    assert sent == [('farmtoken', 'ok')]


def test_a_module_that_was_missing_is_found_once_it_is_installed(
    client: Client, wiki: Any
) -> None:
    let_days_pass(31)
    wiki.install_farmtoken(False)
    with pytest.raises(UnknownModule):
        client.site(wiki).tokens.for_action('farmtoken')
    wiki.install_farmtoken(True)
    assert act(client.site(wiki))['farmtoken']['done']
