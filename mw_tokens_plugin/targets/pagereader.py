"""Which page people mean: by wiki and title, an interwiki link, or an address.

It reads how pages are written in lists and on the command line. Finding wikis is left
to
:mod:`mw_tokens_plugin.targets.wikis`, and taking addresses apart to
:mod:`mw_tokens_plugin.targets.pageaddresses`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from urllib.parse import urljoin, urlsplit

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.names import decoded
from mw_tokens_plugin.site.family import host_of, place_of_code
from mw_tokens_plugin.site.foreign.login import home_login
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.targets.pageaddresses import Addresses
from mw_tokens_plugin.targets.pagenames import named, search_name
from mw_tokens_plugin.targets.problems import FAILURES, WikiProblem, problem_of
from mw_tokens_plugin.targets.wikis import Wikis

__all__ = ['PageReader']


class PageReader:
    """Reads which pages are meant.

    .. version-added:: 0.1
    """

    def __init__(self, wikis: Wikis) -> None:
        """Keep the wikis; no request is sent.

        :param wikis: the wikis that can be reached
        """
        self._wikis = wikis
        self._home = wikis.home
        self._known_addresses: dict[str, Addresses | WikiProblem] = {}

    def page(
        self, text: str, *, later: Callable[[str, WikiProblem], None] | None = None
    ) -> str:
        """Return a page as ``database:Title``, from how people write it.

        :param text: wiki and title with a tabulator between them, ``database:Title``,
            an interwiki link, or a URL
        :param later: called with an address on a wiki that does not answer, and why;
            then a search that stands for it is returned
        :raises InvalidInput: it is in none of these forms, or the wiki is not known
        """
        text = text.strip()
        wiki, tab, title = text.partition('\t')
        if tab:
            if '\t' in title.strip():
                raise InvalidInput(f'{text!r} has more columns than wiki and title.')
            return named(self._wikis.database(wiki.strip()), decoded(title))
        if '://' in text:
            return self._page_at(text, later)
        link = text.removeprefix('[[').removesuffix(']]').partition('|')[0]
        return self._linked(decoded(link).strip().lstrip(':'), text)

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        """The interwiki prefixes of the home wiki, and where they lead."""
        return {
            item['prefix']: item['url'] for item in self._home.siteinfo['interwikimap']
        }

    def _wiki_at(self, url: str) -> str:
        """Return the database name of the wiki that an address belongs to.

        Several wikis may be on one host; then each says where its pages are.

        :param url: of a page, or of an interwiki prefix
        :raises InvalidInput: there is none with an account
        """
        if self._wikis.accounts is None:
            return self._wikis.database(url)
        protocol = self._home.protocol()
        host = host_of(url, protocol)
        there = [
            n
            for n, a in self._wikis.accounts.items()
            if host_of(a.url, protocol) == host
        ]
        if host and len(there) > 1:
            path = urlsplit(url).path
            # Which addresses are its own is not known of one that does not answer.
            known = {name: self._addresses(name) for name in there}
            fits = {
                name: own.fit(path)
                for name, own in known.items()
                if isinstance(own, Addresses)
            }
            closest = max(fits.values(), default=0)
            if closest and list(fits.values()).count(closest) == 1:
                return max(fits, key=lambda name: fits[name])
        return self._wikis.at(url)

    def _addresses(self, database: str) -> Addresses | WikiProblem:
        """Return where a wiki has its pages; why it does not answer, if it does not."""
        if database not in self._known_addresses:
            try:
                site = self._wikis.site(database)
                site.tokens.wiki.identify()
                found: Addresses | WikiProblem = Addresses.of(site.tokens.wiki.general)
            except FAILURES as error:
                found = problem_of(error)
            self._known_addresses[database] = found
        return self._known_addresses[database]

    def _page_at(
        self, url: str, later: Callable[[str, WikiProblem], None] | None
    ) -> str:
        """Return the page that a URL shows."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise InvalidInput(f'{url} is not an address: {error}.') from None
        database = self._wiki_at(url)
        addresses = self._addresses(database)
        if isinstance(addresses, WikiProblem):
            if later is not None:
                name = search_name(database, 'url', url)
                later(name, addresses)
                return name
            raise InvalidInput(
                f'{url}: only its wiki can tell which page this is '
                f'({addresses.words}). Write wiki, tabulator and title.'
            )
        shown = addresses.page_at(parts.path, parts.query)
        title = shown.title
        if shown.page_id:
            title = self._numbered(database, 'pageids', shown.page_id)
        if shown.revision and not self._is_special(database, title):
            title = self._numbered(database, 'revids', shown.revision) or title
        if not title:
            raise InvalidInput(f'{url} is not the address of a page.')
        return named(database, title)

    def _is_special(self, database: str, title: str) -> bool:
        """Tell whether a title is that of a special page, where no revision counts."""
        space, colon, _name = title.replace('_', ' ').strip(' :').partition(':')
        if not colon:
            return False
        site = self._wikis.site(database)
        with refusals(site):
            names = {str(name).casefold() for name in site.namespaces.SPECIAL}
        return space.strip().casefold() in names

    def _numbered(self, database: str, name: str, number: int) -> str:
        """Return the title of the page with a number, or of a revision's page.

        :return: '' if there is none
        """
        site = self._wikis.site(database)
        with refusals(site):
            answer = site.simple_request(
                action='query', formatversion=2, **{name: number}
            ).submit()
        for page in (answer.get('query') or {}).get('pages', ()):
            if 'missing' not in page and 'title' in page:
                return str(page['title'])
        return ''

    def _linked(self, link: str, text: str) -> str:
        """Return the page that an interwiki link leads to, such as ``w:de:Title``."""
        prefix, colon, rest = link.partition(':')
        url = self._prefixes.get(prefix.strip().lower())
        if url is not None:
            url = urljoin(self._home.base_url('/'), url)
        database = prefix.strip()
        if colon and database in (self._wikis.accounts or ()):
            # As plans and reports write it.
            if url is not None and self._wiki_at(url) != database:
                raise InvalidInput(
                    f'{text!r} may be a page of {database} or an interwiki link: write '
                    'wiki, tabulator and title.'
                )
            return named(database, rest)
        if colon and url is None and self._wikis.accounts is None:
            return named(self._wikis.database(database), rest)
        if not colon or url is None:
            raise InvalidInput(
                f'{text!r} names no wiki: write wiki, tabulator and title, '
                'database:Title, an interwiki link, or a URL.'
            )
        code, colon, title = rest.lstrip(':').partition(':')
        if colon:
            # A second prefix leads to another language of the same project.
            family = home_login(self._home).wikis.find(url).family
            if (code := code.strip().lower()) in family.langs:
                if self._wikis.accounts is None:
                    return named(self._wikis.database(f'{family.name}:{code}'), title)
                return named(self._wikis.at(place_of_code(code, family)), title)
        return named(self._wiki_at(url), rest.lstrip(':'))
