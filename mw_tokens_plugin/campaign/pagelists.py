"""Where the pages of a campaign over many wikis come from, other than written lists.

Pages that generators find, pages of one title, and pages that accounts have begun;
whether they are deleted is the plan's question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from pywikibot.pagegenerators import GeneratorFactory

from mw_tokens_plugin.campaign.pages import read_pages
from mw_tokens_plugin.campaign.retry import PASSING
from mw_tokens_plugin.campaign.targets import BadLine
from mw_tokens_plugin.campaign.wikis import Wikis, named
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    NotAttached,
    NotInFarm,
    UnexpectedAnswer,
)
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.site.requests import refusals


def generated(
    wikis: Wikis, databases: Iterable[str], arguments: Sequence[str]
) -> Iterator[str]:
    """Yield what pywikibot's page generators find on each wiki.

    https://www.mediawiki.org/wiki/Manual:Pywikibot/Pagegenerators

    :param arguments: the options of generators and filters
    :raises InvalidInput: pywikibot knows none of that name
    """
    for database in databases:
        factory = GeneratorFactory(site=wikis.site(database))
        for argument in arguments:
            if not factory.handle_arg(argument):
                raise InvalidInput(
                    f'{argument!r} is not understood; pywikibot has no page generator '
                    'of that name either.'
                )
        pages = factory.getCombinedGenerator(preload=False)
        if pages is None:
            raise InvalidInput(f'{" ".join(arguments)} lists no pages.')
        for page in pages:
            if page.site != factory.site:
                raise InvalidInput(
                    f'{page.title(as_link=True, insite=wikis.home)} is not on '
                    f'{database}, for which it was listed. Generators list pages of '
                    '-wikis alone; name others by links.'
                )
            yield named(database, page.title(with_section=False))


def of_title(
    wikis: Wikis, databases: Iterable[str], title: str
) -> Iterator[str | BadLine]:
    """Yield the pages of one title, on the wikis that have one.

    https://www.mediawiki.org/wiki/API:Query
    """
    for number, database in enumerate(databases, start=1):
        (page,) = read_pages(wikis.site(database), [title])
        if page.invalid or page.interwiki:
            problem = f'{title!r} is not a possible title on {database}'
            yield BadLine('-same-title', number, problem)
        elif page.exists:
            yield named(database, page.title)


def begun_by(
    wikis: Wikis,
    name: str,
    *,
    databases: Collection[str],
    left: Callable[[str], None],
    unreachable: Callable[[str, str], None],
) -> Iterator[str]:
    """Yield the pages that an account has begun, on wikis where it is attached.

    IP addresses are attached nowhere, and temporary accounts may not be: they are
    looked for on all wikis. A redirect that it left behind by moving somebody's page is
    none of them.

    https://www.mediawiki.org/wiki/API:Usercontribs
    https://www.mediawiki.org/wiki/API:Logevents

    :param name: the account or IP address, in MediaWiki's form
    :param databases: only these wikis; empty for all
    :param left: told of each page that it only edited or moved
    :param unreachable: told of each wiki that cannot be searched, and why
    :raises InvalidInput: there is no such account
    """
    for database in _wikis_of(wikis, name):
        if databases and database not in databases:
            continue
        try:
            site = wikis.site(database)
            begun, touched = _contributions(site, name)
            moves = list(_moves(site, name))
        except (NotAttached, NotInFarm):
            unreachable(database, 'you have no account there')
            continue
        except (*PASSING, UnexpectedAnswer) as error:
            unreachable(database, str(error))
            continue
        for source, target in moves:
            touched[target] = None
            if target not in begun and source in begun:
                touched[source] = begun.pop(source)
        for title in touched:
            if title not in begun:
                left(named(database, title))
        for title in begun:
            yield named(database, title)


def _wikis_of(wikis: Wikis, name: str) -> Iterator[str]:
    """Yield the wikis on which an account may have edited.

    :raises InvalidInput: there is no such account
    """
    kind = kind_of(name)
    if kind is not AccountKind.IP:
        account = wikis.home.global_account(name)
        if account.exists:
            yield from (a.wiki for a in account.attached or () if a.edit_count)
            return
    if kind is AccountKind.ACCOUNT:
        raise InvalidInput(f'There is no global account {name!r}.')
    yield from wikis


def _contributions(site: Any, name: str) -> tuple[dict[str, None], dict[str, None]]:
    """Return the pages that an account has begun, and all that it has edited."""
    begun: dict[str, None] = {}
    touched: dict[str, None] = {}
    for answer in _queried(
        site, list='usercontribs', ucuser=name, ucprop='ids|title', uclimit='max'
    ):
        for edit in items_of(answer, 'query', 'usercontribs'):
            with expected_form(f'A contribution on {site}'):
                touched[edit['title']] = None
                if not edit['parentid']:
                    begun[edit['title']] = None
    return begun, touched


def _moves(site: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the old and the new title of all pages that an account has moved."""
    for answer in _queried(
        site, list='logevents', letype='move', leuser=name, lelimit='max'
    ):
        for entry in items_of(answer, 'query', 'logevents'):
            params = entry.get('params')
            if (
                'title' in entry
                and isinstance(params, dict)
                and ('target_title' in params)
            ):
                yield entry['title'], params['target_title']


def _queried(site: Any, **parameters: Any) -> Iterator[dict[str, Any]]:
    while True:
        with refusals(site):
            answer: dict[str, Any] = site.simple_request(
                action='query', formatversion=2, **parameters
            ).submit()
        yield answer
        if 'continue' not in answer:
            return
        parameters.update(answer['continue'])
