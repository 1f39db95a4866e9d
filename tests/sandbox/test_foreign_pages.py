"""Unmodified code of pywikibot on a foreign site: pages, users, files, entities.

What the sandbox answers to uploads and to Wikibase is an imitation after the manuals;
there are no recordings of either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from centralauth_sandbox import Sandbox

from .farms import Farm
from .foreign import OPERATOR, wired, write_pages


@pytest.fixture
def foreign(site: Any, farm: Farm) -> Iterator[Any]:
    """A wiki that was never logged in to."""
    hosts = {url.split('/')[2] for c, url in farm.wikis.items() if c != farm.central}
    code = next(code for code in farm.wikis if code != farm.central)
    with wired() as wire:
        yield site.foreign_site(code)
        wire.check(hosts, farm.operator.name)
    assert not [s for s in wire.sent if s.host in hosts and s.action == 'clientlogin']


@pytest.fixture
def page(foreign: Any, farm: Farm) -> Iterator[Any]:
    """A page of some text, which is deleted in the end."""
    import pywikibot

    page = pywikibot.Page(foreign, f'{farm.pages}foreign')
    page.text = 'one'
    page.save(summary='test', quiet=True)
    yield page
    fresh = pywikibot.Page(foreign, page.title())
    if fresh.exists():
        fresh.delete('test', prompt=False)


def again(page: Any) -> Any:
    """Return the page as nobody has read it yet."""
    import pywikibot

    return pywikibot.Page(page.site, page.title())


def test_pages_are_saved_and_read(page: Any, farm: Farm) -> None:
    page.text = 'two'
    page.save(summary='test', quiet=True)
    assert again(page).text == 'two'
    assert again(page).latest_revision.user == farm.operator.name


def test_pages_are_deleted_and_undeleted(page: Any) -> None:
    page.delete('test', prompt=False)
    assert not again(page).exists()
    gone = again(page)
    assert len(list(gone.loadDeletedRevisions())) == 1
    gone.undelete('test')
    assert again(page).text == 'one'


def test_pages_are_moved(page: Any, farm: Farm) -> None:
    import pywikibot

    title = f'{farm.pages}foreign moved'
    page.move(title, summary='test', noredirect=True)
    moved = pywikibot.Page(page.site, title)
    assert moved.text == 'one'
    assert not pywikibot.Page(page.site, f'{farm.pages}foreign').exists()
    moved.delete('test', prompt=False)


def test_pages_are_protected(page: Any) -> None:
    page.protect(summary='test', protections={'edit': 'sysop'})
    assert again(page).protection()['edit'][0] == 'sysop'
    page.protect(summary='test', protections={'edit': ''})
    assert 'edit' not in again(page).protection()


def test_edits_are_rolled_back(foreign: Any, sandbox: Sandbox) -> None:
    import pywikibot

    def write(farm: Any) -> None:
        for user, text in (('Plain Sysop', 'good'), ('Spambot 00001', 'spam')):
            farm.wikis['aa'].edit('Spam page rolled', text, user=user)

    sandbox.call(write)
    page = pywikibot.Page(foreign, 'Spam page rolled')
    page.rollback()
    assert again(page).text == 'good'
    (rollback,) = sandbox.journal.entries(action='rollback')
    assert (rollback.user, rollback.kind) == (OPERATOR, 'centralauthtoken')


def test_users_are_blocked(foreign: Any, spambots: Callable[[int], list[str]]) -> None:
    import pywikibot

    (name,) = spambots(1)
    user = pywikibot.User(foreign, name)
    assert foreign.blockuser(user, expiry='1 day', reason='test')
    assert user.is_blocked(refresh=True)


def test_generators_yield_pages(foreign: Any, page: Any, farm: Farm) -> None:
    from pywikibot import pagegenerators

    names = [p.title() for p in foreign.allpages(prefix=farm.pages)]
    assert page.title() in names
    given = pagegenerators.GeneratorFactory(site=foreign)
    assert given.handle_arg(f'-prefixindex:{farm.pages}')
    found = list(pagegenerators.PreloadingGenerator(given.getCombinedGenerator()))
    assert page.title() in [p.title() for p in found]
    assert {p.site for p in found} == {foreign}
    assert all(p.site is foreign for p in found)


def test_pages_of_other_wikis_can_be_worked_on_in_turn(
    site: Any, sandbox: Sandbox
) -> None:
    import pywikibot

    for code in ('aa', 'bb', 'aa', 'bb'):
        write_pages(sandbox, code, 'Spam page everywhere')
        page = pywikibot.Page(site.foreign_site(code), 'Spam page everywhere')
        page.delete('test', prompt=False)
    deletions = [e for e in sandbox.journal.entries(action='delete') if e.effect]
    assert [e.wiki for e in deletions] == ['aa', 'bb', 'aa', 'bb']
    assert {e.user for e in deletions} == {OPERATOR}


def test_scripts_of_pywikibot_take_it_for_a_site(foreign: Any, page: Any) -> None:
    """Code that replaces text knows nothing of all this."""
    from pywikibot.bot import CurrentPageBot, SingleSiteBot

    class Replace(SingleSiteBot, CurrentPageBot):
        def treat_page(self) -> None:
            self.put_current(
                self.current_page.text.replace('one', 'replaced'),
                summary='test',
                show_diff=False,
                asynchronous=False,
            )

    Replace(site=foreign, generator=[again(page)], always=True).run()
    assert again(page).text == 'replaced'
