"""Reads of other wikis as nobody: with nobody's limits, and nothing of the account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from leftovers import end_mints
from pywikibot import config
from pywikibot.data import api
from pywikibot.pagegenerators import PreloadingGenerator

from centralauth_sandbox import Sandbox

from .desk import Desk
from .farms import Farm
from .foreign import OPERATOR, clear_journal, write_pages

_TITLES = [f'Spam page {number:03}' for number in range(60)]


def _raw(**parameters: Any) -> Callable[[Any], Any]:
    return lambda site: site.simple_request(action='query', **parameters).submit()


def _page(site: Any) -> Any:
    return pywikibot.Page(site, _TITLES[0])


#: Ways in which pywikibot and bots ask for as many rows as the account may have.
_READS: dict[str, Callable[[Any], Any]] = {
    'list': lambda s: list(s.allpages(prefix='Spam page')),
    'list of some': lambda s: list(s.allpages(total=1200)),
    'generator': lambda s: list(s.allpages(prefix='Spam', content=True)),
    'property': lambda s: list(_page(s).templates()),
    'generated links': lambda s: list(_page(s).linkedPages()),
    'backlinks': lambda s: list(_page(s).getReferences()),
    'revisions': lambda s: list(_page(s).revisions()),
    'texts': lambda s: list(_page(s).revisions(content=True)),
    'log': lambda s: list(s.logevents(total=700)),
    'changes': lambda s: list(s.recentchanges(total=700)),
    'contributions': lambda s: list(s.usercontribs(user=OPERATOR)),
    'category': lambda s: list(pywikibot.Category(s, 'Spam').members()),
    'preloaded': lambda s: list(
        PreloadingGenerator([pywikibot.Page(s, title) for title in _TITLES])
    ),
    'two lists': lambda s: list(
        api.QueryGenerator(
            site=s, parameters={'list': 'allpages|recentchanges', 'rcprop': 'title'}
        )
    ),
    'raw list': _raw(list='allpages', aplimit=5000),
    'raw property': _raw(prop='links', titles='Sandbox', pllimit='5000'),
    'raw generator': _raw(generator='allpages', gaplimit=5000, prop='info'),
    'raw texts': _raw(
        prop='revisions',
        titles='Sandbox',
        rvlimit=500,
        rvprop='content',
        rvslots='main',
    ),
    'raw unknown': _raw(list='nosuchlist|allpages', aplimit=5000),
}


def test_nobody_asks_for_more_than_nobody_gets(
    site: Any, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The account has ``apihighlimits``; rows are the same as it gets."""
    site.login()
    write_pages(sandbox, 'aa', *_TITLES)
    as_account = site.foreign_site('aa')
    as_nobody = site.foreign_site('aa', reads='anonymous')
    for label, read in _READS.items():
        expected = read(as_account)
        clear_journal(sandbox)
        caplog.clear()
        found = read(as_nobody)
        warned = [r.getMessage() for r in caplog.records if 'warning' in r.getMessage()]
        if label != 'raw unknown':
            assert warned == [], label
        assert not [each for each in warned if 'must be between' in each], label
        if isinstance(expected, list):
            assert found == expected, label
        users = {e.user for e in sandbox.journal.entries(wiki='aa', action='query')}
        if label != 'preloaded':
            assert users == {''}, label


def test_many_values_are_asked_for_as_the_account(site: Any, sandbox: Sandbox) -> None:
    """Nobody may give more than 50 of any parameter, whatever its name."""
    site.login()
    foreign = site.foreign_site('aa', reads='anonymous')
    names = [f'Spambot {number:05}' for number in range(1, 61)]
    answer = foreign.simple_request(
        action='query', list='users', ususers=names
    ).submit()
    assert len(answer['query']['users']) == 60
    assert 'warnings' not in answer


def test_what_the_account_may_do_is_asked_as_the_account(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    foreign = site.foreign_site('aa', reads='anonymous')
    clear_journal(sandbox)
    foreign.simple_request(
        action='query', prop='info', titles='Sandbox', intestactions='edit'
    ).submit()
    (entry,) = sandbox.journal.entries(wiki='aa', action='query')
    assert entry.user == OPERATOR


@pytest.mark.parametrize('status', [401, 403, 429])
def test_what_is_refused_to_everybody_is_read_as_the_account(
    site: Any, sandbox: Sandbox, capfd: pytest.CaptureFixture[str], status: int
) -> None:
    """Once and for all, without waiting as long as everybody has to."""
    site.login()
    foreign = site.foreign_site('aa', reads='anonymous')
    list(foreign.allpages(total=1))
    sandbox.faults.arm(
        kind='http', status=status, retry_after='3600', wiki='aa', action='query'
    )
    sandbox.journal.clear()
    capfd.readouterr()
    assert list(foreign.allpages(total=1))
    assert list(foreign.allpages(total=1))
    asked = sandbox.journal.entries(wiki='aa', action='query')
    assert [entry.user for entry in asked][-2:] == [OPERATOR] * 2
    said = capfd.readouterr().err
    assert said.count('refuses reads without a login') == 1
    # pywikibot tells the status.
    assert said.count('WARNING') <= 1 and 'ERROR' not in said


def test_a_wiki_that_nobody_reads_without_an_account_is_read_as_one(
    own_farm: Farm, own_sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    site = own_farm.site()
    site.login()
    foreign = site.foreign_site('prv', reads='anonymous')
    capfd.readouterr()
    page = pywikibot.Page(foreign, 'Read by few')
    page.text = 'one'
    page.save(summary='test', quiet=True)
    assert pywikibot.Page(foreign, 'Read by few').text == 'one'
    assert own_sandbox.journal.entries(wiki='prv')[-1].user == OPERATOR
    said = capfd.readouterr().err
    assert said.count('refuses reads without a login') == 1
    assert 'WARNING' not in said and 'ERROR' not in said


_THIRTY_PAGES = """
import pywikibot
from pywikibot.pagegenerators import PreloadingGenerator

def edit(sites):
    for site in sites:
        pages = [pywikibot.Page(site, f'Bot page {n}') for n in range(5)]
        for page in PreloadingGenerator(pages):
            if not page.exists():
                page.text = '[[Category:Kept]]'
                page.save(summary='test', quiet=True)
            found = [*page.templates(), *page.categories(), *page.backlinks(total=5)]
            page.text += f' {len(found)}'
            page.save(summary='test', quiet=True)
"""


def test_a_bot_on_three_wikis_needs_no_more_than_plain_pywikibot_and_a_mint_a_write(
    desk: Desk,
) -> None:
    """With the logins, and the first contact with each wiki."""
    codes = ('aa', 'bb', 'cc')
    counts = {}
    with Sandbox(wikis=4, accounts=1) as sandbox:
        farm = Farm.of_sandbox(sandbox, 'readfarm')
        farm.introduce(Path(str(config.base_dir)))
        for reads in ('plain', 'anonymous', 'authenticated'):
            farm.restore()
            if reads == 'plain':
                farm.configure(desk.directory)
                sites = f'[pywikibot.Site(code) for code in {codes}]'
                run = desk.python(f'{_THIRTY_PAGES}\nedit({sites})')
                assert run.code == 0, run.said
            else:
                farm.choose(Path(str(config.base_dir)))
                names: dict[str, Any] = {}
                exec(_THIRTY_PAGES, names)  # noqa: S102  # the same code in both
                home = farm.site()
                names['edit']([home.foreign_site(code, reads=reads) for code in codes])
                end_mints()
                assert sandbox.summary()['logins'] == 1
            entries = sandbox.journal.entries()
            assert len([e for e in entries if e.effect == 'edit']) == 30
            counts[reads] = len(entries)
    assert counts['anonymous'] <= counts['plain'] + 30, counts
    # Otherwise each request to another wiki has a mint.
    assert counts['anonymous'] < counts['authenticated'] < 2 * counts['plain'], counts
