"""Where the pages of a campaign over many wikis come from, other than written lists.

It finds pages by generators, by their title, and by the account that created them. A
search that cannot be made now becomes a target of its own, and is made again later.
Whether pages are deleted is left to the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain

import pywikibot
from pywikibot.exceptions import Error as PywikibotError
from pywikibot.pagegenerators import GeneratorFactory

from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.site.batches import continued
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.targets.lists import BadLine
from mw_tokens_plugin.targets.pagenames import named, search_in, search_name, split
from mw_tokens_plugin.targets.pagereader import PageReader
from mw_tokens_plugin.targets.pages import read_pages
from mw_tokens_plugin.targets.problems import WikiProblem, problem_of
from mw_tokens_plugin.targets.wikis import Wikis


@dataclass(frozen=True, slots=True)
class _Left:
    """A page that an account has only edited or moved."""

    name: str


#: What is found on one wiki: the names of pages, lines that name none, and at the end
#: an error that stops the whole search; or why nothing can be.
Found = Sequence[str | _Left | BadLine | InvalidInput] | WikiProblem


@dataclass(slots=True)
class Searches:
    """Searches for pages on many wikis, a few of them at a time.

    .. version-added:: 0.1

    :ivar wikis: the wikis that can be reached
    :ivar generators: the options of pywikibot's page generators and filters
    :ivar title_matches: a regular expression for the titles of the pages that an
        account has created; '' for all of them
    :ivar left: called with each page that an account has only edited or moved, by the
        thread that iterates over the results
    :ivar unreachable: called with each wiki that cannot be searched, and why
    :ivar problems: why searches could not be made, by the targets that stand for them;
        None for those that were made again
    """

    wikis: Wikis
    generators: Sequence[str] = ()
    title_matches: str = ''
    left: Callable[[str], None] = lambda page: None
    unreachable: Callable[[str, str], None] = lambda wiki, why: None
    problems: dict[str, WikiProblem | None] = field(default_factory=dict)
    _reader: PageReader = field(init=False)

    def __post_init__(self) -> None:
        """Read pages by the same wikis."""
        self._reader = PageReader(self.wikis)

    def page(self, text: str) -> str:
        """Return a page as ``database:Title``, from how people write it.

        An address on a wiki that does not answer becomes a search that is made later.

        :raises InvalidInput: it names no page
        """
        return self._reader.page(text, later=self.problems.__setitem__)

    def generated(self, databases: Iterable[str]) -> Iterator[str | BadLine]:
        """Yield what pywikibot's page generators find on each wiki.

        https://www.mediawiki.org/wiki/Manual:Pywikibot/Pagegenerators

        :raises InvalidInput: pywikibot knows none of that name
        """
        self._factory(self.wikis.home)
        return self._on_each(databases, 'generators', '')

    def of_title(self, databases: Iterable[str], title: str) -> Iterator[str | BadLine]:
        """Yield the pages of one title, on the wikis that have one.

        https://www.mediawiki.org/wiki/API:Query
        """
        return self._on_each(databases, 'same-title', title)

    def created_by(
        self, name: str, databases: Iterable[str] | None, *, without: Iterable[str] = ()
    ) -> Iterator[str | BadLine]:
        """Yield the pages that an account has created, on wikis where it is attached.

        IP addresses are attached nowhere, and temporary accounts may not be: they are
        looked for on all wikis. Redirects that are left behind by
        moving a page do not count.

        https://www.mediawiki.org/wiki/API:Usercontribs
        https://www.mediawiki.org/wiki/API:Logevents

        :param name: the account or IP address, in MediaWiki's form
        :param databases: only these wikis; None for all
        :param without: wikis that are not searched
        :raises InvalidInput: there is no such account
        """
        there = _wikis_of(self.wikis, name)
        if databases is not None:
            there = set(databases) if there is None else there.intersection(databases)
        where = set(self.wikis if there is None else there).difference(without)
        return self._on_each(sorted(where), 'from-user', name)

    def with_talk_pages(self, names: Iterable[str]) -> Iterator[str]:
        """Yield some pages, and then the talk pages that they have.

        :param names: pages, and searches that are made later
        """
        groups: dict[str, list[str]] = {}
        for name in names:
            yield name
            if search_in(name) is None:
                database, title = split(name)
                groups.setdefault(database, []).append(title)
        found = self.wikis.search(groups, lambda d: self._talk_pages(d, groups[d]))
        for database, result in found:
            if not isinstance(result, Exception):
                yield from result
                continue
            problem = problem_of(result)
            self.unreachable(database, problem.words)
            for title in groups[database]:
                name = search_name(database, 'talk', title)
                self.problems[name] = problem
                yield name

    def again(self, names: Iterable[str]) -> Iterator[str | BadLine]:
        """Yield what is found by searches that could not be made before.

        Those that can still not be made are yielded again.

        :param names: the targets that stand for them
        """
        for name in names:
            search = search_in(name)
            assert search is not None
            database, kind, what = search
            self.problems[name] = None
            yield from self._on_each([database], kind, what)

    def _on_each(
        self, databases: Iterable[str], kind: str, what: str
    ) -> Iterator[str | BadLine]:
        find = {
            'generators': self._generated,
            'same-title': self._of_title,
            'from-user': self._created_by,
            'talk': lambda database, title: self._talk_pages(database, [title]),
            'url': self._at_address,
        }[kind]
        for database, found in self.wikis.search(databases, lambda d: find(d, what)):
            if isinstance(found, Exception | WikiProblem):
                name = search_name(database, kind, what)
                problem = found if isinstance(found, WikiProblem) else problem_of(found)
                self.problems[name] = problem
                self.unreachable(database, problem.words)
                yield name
                continue
            for each in found:
                if isinstance(each, InvalidInput):
                    raise each
                if isinstance(each, _Left):
                    # Not by the threads that read: their lines would get mixed up.
                    self.left(each.name)
                else:
                    yield each

    def _factory(self, site: PluginSite) -> GeneratorFactory:
        factory = GeneratorFactory(site=site)
        for argument in chain.from_iterable(map(_arguments, self.generators)):
            if not factory.handle_arg(argument):
                raise InvalidInput(
                    f'{argument!r} is not understood; pywikibot has no page generator '
                    'of that name either.'
                )
        return factory

    def _generated(self, database: str, _what: str) -> Found:
        factory = self._factory(self.wikis.site(database))
        pages = factory.getCombinedGenerator(preload=False)
        if pages is None:
            words = ' '.join(self.generators)
            return [InvalidInput(f'{words} lists no pages.')]
        found: list[str | _Left | BadLine | InvalidInput] = []
        with refusals(factory.site):
            for page in pages:
                if page.site != factory.site:
                    link = page.title(as_link=True, insite=self.wikis.home)
                    error = InvalidInput(
                        f'{link} is not on {database}, for which it was listed. '
                        'Generators list pages of -wikis alone; name others by links.'
                    )
                    return [*found, error]
                found.append(named(database, page.title(with_section=False)))
        return found

    def _of_title(self, database: str, title: str) -> Found:
        (page,) = read_pages(self.wikis.site(database), [title])
        if page.invalid or page.interwiki:
            problem = f'{title!r} cannot be a title on {database}'
            return [BadLine('-same-title', 1, problem)]
        return [named(database, page.title)] if page.exists else []

    def _created_by(self, database: str, name: str) -> Found:
        site = self.wikis.site(database)
        created, touched = _contributions(site, name)
        for source, target in list(_moves(site, name)):
            touched[target] = None
            if target not in created and source in created:
                touched[source] = created.pop(source)
        if self.title_matches:
            matches = re.compile(self.title_matches).search
            created = {title: None for title in created if matches(title)}
            touched = {title: None for title in touched if matches(title)}
        left = [_Left(named(database, t)) for t in touched if t not in created]
        return [*left, *(named(database, title) for title in created)]

    def _talk_pages(self, database: str, titles: Sequence[str]) -> list[str]:
        """Return the talk pages of some pages, as far as they exist."""
        site = self.wikis.site(database)
        talk: list[str] = []
        for title in titles:
            # The plan tells of titles that no page can have.
            with suppress(PywikibotError):
                page = pywikibot.Page(site, title)
                if not page.isTalkPage() and (other := page.toggleTalkPage()):
                    talk.append(other.title())
        return [named(database, p.title) for p in read_pages(site, talk) if p.exists]

    def _at_address(self, _database: str, url: str) -> Found:
        problems: list[WikiProblem] = []
        try:
            name = self._reader.page(url, later=lambda _name, why: problems.append(why))
        except InvalidInput as error:
            # Its wiki answers now, and there is nothing to wait for.
            return WikiProblem(SkipReason.NO_ADDRESS, problem_of(error).words)
        return problems[0] if problems else [name]


def _wikis_of(wikis: Wikis, name: str) -> set[str] | None:
    """Return the wikis on which an account may have edited; None for all.

    :raises InvalidInput: there is no such account
    """
    kind = kind_of(name)
    if kind is not AccountKind.IP:
        account = wikis.home.global_account(name)
        if account.exists:
            if account.attached is None:
                return None
            return {a.wiki for a in account.attached if a.edit_count}
    if kind is AccountKind.ACCOUNT:
        raise InvalidInput(f'There is no global account {name!r}.')
    return None


def _contributions(
    site: PluginSite, name: str
) -> tuple[dict[str, None], dict[str, None]]:
    """Return the pages that an account has created, and all that it has edited."""
    created: dict[str, None] = {}
    touched: dict[str, None] = {}
    for answer in continued(
        site, list='usercontribs', ucuser=name, ucprop='ids|title', uclimit='max'
    ):
        for edit in items_of(answer, 'query', 'usercontribs'):
            with expected_form(f'A contribution on {site}'):
                touched[edit['title']] = None
                if not edit['parentid']:
                    created[edit['title']] = None
    return created, touched


def _moves(site: PluginSite, name: str) -> Iterator[tuple[str, str]]:
    """Yield the old and the new title of all pages that an account has moved."""
    for answer in continued(
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


def _arguments(argument: str) -> list[str]:
    """Return the options of pywikibot that an option of a script means."""
    name, _, domain = argument.partition(':')
    if name != '-linksearch':
        return [argument]
    # pywikibot reads the links of one protocol.
    return [f'-weblink:{protocol}://*.{domain}' for protocol in ('http', 'https')]
