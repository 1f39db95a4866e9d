"""Foreign sites as objects of pywikibot: links to them, copies of them, logging out."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import pywikibot
from pywikibot.exceptions import Error
from pywikibot.pagegenerators import GeneratorFactory

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.exceptions import SessionLost

from .farms import Farm
from .foreign import OPERATOR, clear_journal, steps, wired


def test_a_link_to_its_own_wiki_keeps_the_site(
    site: Any, sandbox: Sandbox, farm: Farm
) -> None:
    """And no second login is made; other wikis get the sites of plain pywikibot."""
    site.login()
    foreign = site.foreign_site('aa')
    assert foreign.siteinfo['interwikimap']
    clear_journal(sandbox)
    source = pywikibot.Page(foreign, 'Sandbox')
    own = [
        pywikibot.Link('aa:Foo', source=foreign),
        pywikibot.Link(':aa:Foo', source=foreign),
        pywikibot.Link('aa:User:Foo', source=source),
        pywikibot.Link('Foo', source=foreign),
        pywikibot.Link('bb:aa:Foo', source=site),
    ]
    assert [link.site is foreign for link in own] == [True] * 4 + [False]
    assert foreign.interwiki('aa') is foreign
    factory = GeneratorFactory(site=foreign)
    assert factory.handle_arg('-page:aa:Sandbox')
    (page,) = factory.getCombinedGenerator()
    assert page.site is foreign
    page.text += ' and more'
    page.save(summary='test', quiet=True)
    (edit,) = sandbox.journal.entries(wiki='aa', action='edit')
    assert edit.user == OPERATOR
    assert not sandbox.summary()['logins']
    for code in 'bb', 'meta':
        linked = foreign.interwiki(code)
        assert type(linked) is pywikibot.site.APISite
        assert linked == farm.site(code)
    with pytest.raises(KeyError):
        foreign.interwiki('nosuch')


def test_a_copy_of_a_site_is_the_site(site: Any) -> None:
    """So copies of pages stay pages of it; stored ones are refused in a sentence."""
    site.login()
    foreign = site.foreign_site('aa')
    page = pywikibot.Page(foreign, 'Sandbox')
    assert copy.copy(foreign) is foreign
    assert copy.deepcopy([foreign])[0] is foreign
    for copied in copy.copy(page), copy.deepcopy(page):
        assert copied == page and copied.site is foreign
        assert copied.text == page.text
    for each in foreign, page:
        with pytest.raises(TypeError, match='keep titles, and call foreign_site'):
            pickle.dumps(each)


def test_pages_of_plain_sites_are_pickled_as_without_the_plugin(site: Any) -> None:
    """Which is until its revisions are read; tokens are left out."""
    page = pywikibot.Page(site, 'Sandbox')
    site.login()
    token = str.__str__(site.tokens.csrf)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        stored = pickle.dumps([page, site], protocol)
        assert token[:20].encode() not in stored
        again, again_site = pickle.loads(stored)
        assert again_site == site and again.site is again_site
        assert again.text == 'Try things.'
    again.text += ' and more'
    again.save(summary='test', quiet=True)
    with pytest.raises(TypeError, match='mappingproxy'):
        # With the plugin or without it.
        pickle.dumps(again)


def test_other_wikis_are_logged_out_with_the_home_wiki(
    site: Any, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Then they read as nobody, and a write logs in, as on any site of pywikibot."""
    site.login()
    foreign = site.foreign_site('aa')
    page = pywikibot.Page(foreign, 'Sandbox')
    old = str.__str__(foreign.tokens.csrf)
    site.logout()
    assert (foreign.logged_in(), foreign.user()) == (False, None)
    clear_journal(sandbox)
    caplog.clear()
    assert page.exists() and page.text
    assert 'anon' in foreign.userinfo
    with pytest.raises(Error, match='attempted as IP'):
        foreign.simple_request(
            action='edit', title='Spam out', text='x', token=old
        ).submit()
    assert {entry.user for entry in sandbox.journal.entries(wiki='aa')} == {''}
    assert not sandbox.journal.entries(action='edit')
    page.text += ' and more'
    with wired() as wire:
        page.save(summary='test', quiet=True)
    wire.check({sandbox.wikis['aa'].server.removeprefix('http://')})
    (edit,) = sandbox.journal.entries(wiki='aa', action='edit')
    assert (edit.user, edit.result) == (OPERATOR, 'ok')
    assert site.logged_in() and foreign.logged_in()
    assert 'lost the session' not in caplog.text
    assert steps(sandbox, 'meta').count('clientlogin') == 1


def test_logging_in_again_brings_other_wikis_back(site: Any, sandbox: Sandbox) -> None:
    site.login()
    foreign = site.foreign_site('aa')
    site.logout()
    site.login()
    assert site.foreign_site('aa') is foreign
    assert foreign.logged_in() and foreign.user() == OPERATOR
    page = pywikibot.Page(foreign, 'Sandbox')
    page.text += ' and more'
    page.save(summary='test', quiet=True)
    site.logout()
    site.login()
    clear_journal(sandbox)
    page.get(force=True)
    assert {entry.user for entry in sandbox.journal.entries(wiki='aa')} == {OPERATOR}


def test_a_site_stays_with_the_user_with_whom_it_was_made(
    site: Any, sandbox: Sandbox
) -> None:
    """Nothing is written as the other one, nor is it said to be logged in."""
    site.login()
    foreign = site.foreign_site('aa')
    page = pywikibot.Page(foreign, 'Sandbox')
    site.logout()
    site.login(user='Plain Sysop')
    assert site.user() == 'Plain Sysop'
    assert not foreign.logged_in()
    clear_journal(sandbox)
    with pytest.raises(SessionLost, match='is used as Plain Sysop now'):
        page.put('x', summary='test')
    assert not sandbox.journal.entries(action='edit')
