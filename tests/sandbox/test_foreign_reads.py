"""Reads of other wikis as nobody: with nobody's limits, and nothing of the account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pywikibot
from pywikibot.data import api
from pywikibot.pagegenerators import PreloadingGenerator

from mw_tokens_plugin.sandbox import Sandbox

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
