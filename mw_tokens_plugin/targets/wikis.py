"""The wikis that one login reaches, as a campaign over many of them needs them.

It finds their sites by their database names, and what the operator may do there. It
writes to none; the actions do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from pywikibot.exceptions import Error as PywikibotError
from pywikibot.exceptions import ServerError

from mw_tokens_plugin.campaign.parallel import in_parallel
from mw_tokens_plugin.campaign.records import Decision, SkipReason
from mw_tokens_plugin.campaign.retry import TRANSIENT
from mw_tokens_plugin.exceptions import (
    CentralAuthTokenRefused,
    InvalidInput,
    NotAttached,
    NotInFarm,
    SessionError,
    TokensPluginError,
    UnexpectedAnswer,
    WrongWiki,
)
from mw_tokens_plugin.protocol.answers import expected_form, items_of, part_of
from mw_tokens_plugin.protocol.fields import flag
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount
from mw_tokens_plugin.protocol.names import decoded
from mw_tokens_plugin.site.family import Place, host_of, place_of_code
from mw_tokens_plugin.site.foreign.login import home_login
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.targets.pageaddresses import Addresses
from mw_tokens_plugin.targets.pages import Page, read_pages

__all__ = [
    'FAILURES',
    'Problem',
    'Result',
    'Standing',
    'Wikis',
    'named',
    'problem_of',
    'search_in',
    'search_name',
    'split',
    'wiki_by_wiki',
]

Result = TypeVar('Result')

#: Errors that concern one wiki, and say nothing about the others.
FAILURES = (TokensPluginError, PywikibotError)

#: Errors that may be gone in a while; all others must be corrected by the operator.
_TRANSIENT = (*TRANSIENT, UnexpectedAnswer, ServerError)

#: Characters that no title has: control characters, and surrogates.
_NOT_TEXT = re.compile('[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]')

#: Characters that MediaWiki reads as blanks in titles.
_BLANKS = re.compile('[ _\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+')

#: What looks like an entity, which no title has.
_ENTITY = re.compile('&(?=[A-Za-z0-9\x80-\U0010ffff]+;)')


@dataclass(frozen=True, slots=True)
class Standing:
    """What the operator is on one wiki.

    :ivar skipped: why nothing is done there; None if it may be
    :ivar read_only: why the wiki takes no writes at present; None if it does
    :ivar is_local: whether the right comes from a local group only
    :ivar sysops: how many active sysops the wiki has of its own
    :ivar problem: more about why nothing is done there
    """

    skipped: SkipReason | None
    read_only: str | None = None
    is_local: bool = False
    sysops: int = 0
    problem: str = ''


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a wiki cannot be searched, or a target not be looked at.

    :ivar skipped: which kind of problem it is
    :ivar words: what is wrong, in one line
    """

    skipped: SkipReason
    words: str


class Wikis:
    """The wikis on which the operator has an account.

    Threads may share it.

    .. version-added:: 0.1
    """

    def __init__(self, home: PluginSite) -> None:
        """Keep the home site; no request is sent.

        :param home: the site whose login is used everywhere
        """
        self.home = home
        self._standings: dict[tuple[str, str], Standing] = {}
        self._databases: dict[str, str] = {}
        self._sites: dict[str, PluginSite] = {}
        self._known_addresses: dict[str, Addresses | Problem] = {}

    def __iter__(self) -> Iterator[str]:
        """Yield their database names.

        :raises InvalidInput: the home wiki cannot list them
        """
        if self._accounts is None:
            raise InvalidInput(
                f'{self.home} cannot list the wikis on which '
                f'{self.home.username()} has an account: name them in -wikis:.'
            )
        return iter(self._accounts)

    def database(self, where: str) -> str:
        """Return the database name of a wiki.

        :param where: its database name, code, ``family:code``, or URL
        :raises InvalidInput: there is no such wiki, or no account on it
        """
        family = self.home.family
        is_code = where in family.langs or where in family.code_aliases
        if where in (self._accounts or ()) and not is_code:
            return where
        if where not in self._databases:
            self._databases[where] = self._database(where)
        return self._databases[where]

    def site(self, database: str) -> PluginSite:
        """Return the site of a wiki, used with the home login.

        :raises NotAttached: the operator has no account there
        """
        if self._accounts is None:
            with suppress(WrongWiki):
                site = self._asked_site(database)
                if site.tokens.identify().database == database:
                    return site
            # The name is another wiki's code.
            site = self._sites[database] = self._searched_site(database)
            return site
        account = self._accounts.get(database)
        if account is None:
            raise NotAttached(f'{self.home.username()} has no account on {database}.')
        return self.home.foreign_site(account)

    def standing(self, database: str, right: str) -> Standing:
        """Return what the operator is on a wiki, which costs one read.

        A global group has its rights only on the wikis of its wiki set; the wiki
        itself says which rights are global ones there.

        https://www.mediawiki.org/wiki/API:Globaluserinfo
        https://www.mediawiki.org/wiki/API:Allusers

        :param right: the right that is needed there
        """
        key = database, right
        if key not in self._standings:
            try:
                site = self.site(database)
            except NotAttached as error:
                return Standing(SkipReason.NO_ACCOUNT, problem=_in_one_line(error))
            with refusals(site):
                answer = site.simple_request(
                    action='query', formatversion=2, **_about_operator(site)
                ).submit()
            self._standings[key] = _standing(site, right, answer)
        return self._standings[key]

    def look(
        self, database: str, right: str, titles: Sequence[str]
    ) -> tuple[Standing, Iterable[Page]]:
        """Return what the operator is on a wiki, with some of its pages.

        Both come in one read, if there are not too many pages.

        :param right: the right that is needed there
        """
        key = database, right
        if key in self._standings:
            return self._standings[key], read_pages(self.site(database), titles)
        try:
            site = self.site(database)
        except NotAttached as error:
            return Standing(SkipReason.NO_ACCOUNT, problem=_in_one_line(error)), ()

        def answered(answer: Mapping[str, Any]) -> None:
            self._standings[key] = _standing(site, right, answer)

        also = _about_operator(site)
        pages = list(read_pages(site, titles, also=also, answered=answered))
        return self.standing(database, right), pages

    def search(
        self, databases: Iterable[str], find: Callable[[str], Result]
    ) -> Iterator[tuple[str, Result | Exception]]:
        """Yield what is found on each wiki, in their order, or why nothing can be.

        A few wikis are read at a time, each with one request.

        :param find: reads one wiki
        :raises SessionError: the login itself is gone
        """

        def found(database: str) -> Result:
            with home_login(self.home).tokens.minting_none_ahead():
                return find(database)

        for database, result in in_parallel(found, databases):
            if isinstance(result, Exception) and not isinstance(result, FAILURES):
                raise result
            if isinstance(result, SessionError) and not isinstance(
                result, NotAttached | CentralAuthTokenRefused
            ):
                self._check_login()
            yield database, result

    def page(
        self, text: str, *, later: Callable[[str, Problem], None] | None = None
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
            return named(self.database(wiki.strip()), decoded(title))
        if '://' in text:
            return self._page_at(text, later)
        link = text.removeprefix('[[').removesuffix(']]').partition('|')[0]
        return self._linked(decoded(link).strip().lstrip(':'), text)

    @cached_property
    def _accounts(self) -> dict[str, AttachedAccount] | None:
        """The operator's accounts; None where the home wiki cannot list them."""
        attached = self.home.global_account(self.home.username()).attached
        return None if attached is None else {each.wiki: each for each in attached}

    def _database(self, where: str) -> str:
        if self._accounts is None:
            return self._asked_site(where).tokens.identify().database
        return self._at(where)

    def _at(self, where: Any) -> str:
        """Return the database name of the wiki that has a code, a URL or a place."""
        wikis = home_login(self.home).wikis
        place = where if isinstance(where, Place) else wikis.find(where)
        account = wikis.account_at(place)
        if account is None:
            raise InvalidInput(
                f'{where} is not a wiki on which {self.home.username()} has an account.'
            )
        return str(account.wiki)

    def _asked_site(self, where: str) -> PluginSite:
        """Return the site of a wiki that must be asked for its database name."""
        if where not in self._sites:
            try:
                self._sites[where] = self.home.foreign_site(where)
            except NotInFarm:
                self._sites[where] = self._searched_site(where)
        return self._sites[where]

    def _searched_site(self, database: str) -> PluginSite:
        """Find a wiki of the home wiki's family by its database name.

        :raises NotInFarm: there is none
        """
        # Most database names begin with the code, so few wikis are asked.
        codes = sorted(self.home.family.langs, key=lambda c: not database.startswith(c))
        for code in codes:
            with suppress(*FAILURES):
                site = self.home.foreign_site(code)
                if site.tokens.identify().database == database:
                    return site
        raise NotInFarm(
            f'{database!r} is not a wiki of the family {self.home.family.name!r} on '
            f'which {self.home.username()} is known to have an account.'
        )

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        """The interwiki prefixes of the home wiki, and where they lead."""
        return {
            item['prefix']: item['url'] for item in self.home.siteinfo['interwikimap']
        }

    def _wiki_at(self, url: str) -> str:
        """Return the database name of the wiki that an address belongs to.

        Several wikis may be on one host; then each says where its pages are.

        :param url: of a page, or of an interwiki prefix
        :raises InvalidInput: there is none with an account
        """
        if self._accounts is None:
            return self.database(url)
        protocol = self.home.protocol()
        host = host_of(url, protocol)
        there = [
            n for n, a in self._accounts.items() if host_of(a.url, protocol) == host
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
        return self._at(url)

    def _addresses(self, database: str) -> Addresses | Problem:
        """Return where a wiki has its pages; why it does not answer, if it does not."""
        if database not in self._known_addresses:
            try:
                site = self.site(database)
                site.tokens.identify()
                found: Addresses | Problem = Addresses.of(site.tokens.general)
            except FAILURES as error:
                found = problem_of(error)
            self._known_addresses[database] = found
        return self._known_addresses[database]

    def _page_at(self, url: str, later: Callable[[str, Problem], None] | None) -> str:
        """Return the page that a URL shows."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise InvalidInput(f'{url} is not an address: {error}.') from None
        database = self._wiki_at(url)
        addresses = self._addresses(database)
        if isinstance(addresses, Problem):
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
        site = self.site(database)
        with refusals(site):
            names = {str(name).casefold() for name in site.namespaces.SPECIAL}
        return space.strip().casefold() in names

    def _numbered(self, database: str, name: str, number: int) -> str:
        """Return the title of the page with a number, or of a revision's page.

        :return: '' if there is none
        """
        site = self.site(database)
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
            url = urljoin(self.home.base_url('/'), url)
        database = prefix.strip()
        if colon and database in (self._accounts or ()):
            # As plans and reports write it.
            if url is not None and self._wiki_at(url) != database:
                raise InvalidInput(
                    f'{text!r} may be a page of {database} or an interwiki link: write '
                    'wiki, tabulator and title.'
                )
            return named(database, rest)
        if colon and url is None and self._accounts is None:
            return named(self.database(database), rest)
        if not colon or url is None:
            raise InvalidInput(
                f'{text!r} names no wiki: write wiki, tabulator and title, '
                'database:Title, an interwiki link, or a URL.'
            )
        code, colon, title = rest.lstrip(':').partition(':')
        if colon:
            # A second prefix leads to another language of the same project.
            family = home_login(self.home).wikis.find(url).family
            if (code := code.strip().lower()) in family.langs:
                if self._accounts is None:
                    return named(self.database(f'{family.name}:{code}'), title)
                return named(self._at(place_of_code(code, family)), title)
        return named(self._wiki_at(url), rest.lstrip(':'))

    def _check_login(self) -> None:
        """Raise an error if the login on the home wiki is gone.

        :raises SessionError: it is gone
        """
        login = home_login(self.home)
        if login.kind() == 'centralauthtoken':
            login.tokens.probe()
        elif not self.home.logged_in():
            self.home.login()


def wiki_by_wiki(
    names: Sequence[str],
    decide: Callable[[str, Sequence[str]], Iterable[Decision]],
    *,
    wikis: Wikis | None = None,
    again: bool = False,
) -> Iterator[Decision]:
    """Decide on the targets of many wikis, of which some may not work.

    .. version-added:: 0.1

    :param names: targets, as ``database:Title``
    :param decide: returns the decisions on some targets of a wiki
    :param wikis: reads a few of them at a time, in threads; without it one after the
        other is read
    :param again: whether others of the campaign have been decided on before
    :raises TokensPluginError: none of the wikis answered, and no target of the campaign
        was decided on before
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(split(name)[0], []).append(name)

    def decided(database: str) -> list[Decision]:
        return list(decide(database, groups[database]))

    if wikis is None:
        found = in_parallel(decided, groups, at_a_time=1)
    else:
        found = wikis.search(groups, decided)
    # These wikis are at fault only if another one works.
    waiting: list[Decision] | None = None if again else []
    for database, result in found:
        if not isinstance(result, Exception):
            yield from waiting or ()
            waiting = None
            yield from result
            continue
        if not isinstance(result, FAILURES):
            raise result
        problem = problem_of(result)
        facts = {'wiki': database, 'problem': problem.words}
        decisions = [
            Decision(n, skipped=problem.skipped, facts=facts) for n in groups[database]
        ]
        if waiting is None or problem.skipped is not SkipReason.NO_ANSWER:
            yield from decisions
        else:
            waiting += decisions
            last = result
    if waiting:
        raise last


def problem_of(error: Exception) -> Problem:
    """Return what an error says of its wiki."""
    transient = isinstance(error, _TRANSIENT)
    skipped = SkipReason.NO_ANSWER if transient else SkipReason.REFUSED
    return Problem(skipped, _in_one_line(error))


def _in_one_line(error: Exception) -> str:
    return ' '.join(str(error).split())


def _about_operator(site: PluginSite) -> dict[str, Any]:
    """Return the parameters that ask a wiki about the operator and itself."""
    return {
        'meta': ['globaluserinfo', 'siteinfo'],
        'siprop': 'general',
        'guiprop': 'rights',
        'guiuser': site.username(),
        'list': 'allusers',
        'augroup': 'sysop',
        'auactiveusers': True,
        'aulimit': 'max',
    }


def _standing(site: PluginSite, right: str, answer: Mapping[str, Any]) -> Standing:
    """Read the answer to what :func:`_about_operator` asks."""
    with expected_form(f'What {site} says of rights'):
        sysops = {user['name'] for user in items_of(answer, 'query', 'allusers')}
        rights = list(answer['query']['globaluserinfo'].get('rights', ()))
        general = part_of(answer, 'query', 'general')
        read_only = None
        if flag(general, 'readonly'):
            read_only = str(general.get('readonlyreason', ''))
    if not site.has_right(right):
        return Standing(SkipReason.NO_RIGHT, read_only)
    return Standing(
        None,
        read_only,
        is_local=right not in rights,
        sysops=len(sysops - {site.username()}),
    )


def named(database: str, title: str) -> str:
    """Return ``database:Title``, the name of a target.

    Blanks are read as in MediaWiki. Whether a page can have such a title is left to the
    wiki.

    :raises InvalidInput: there is no title
    """
    title = unicodedata.normalize('NFC', title.strip('\t\n\r ')).partition('#')[0]
    title = _BLANKS.sub(' ', _NOT_TEXT.sub('\ufffd', title)).strip(' ')
    # The wiki decodes entities in titles, and this is not meant as one.
    title = _ENTITY.sub('&amp;', title)
    if not title:
        raise InvalidInput(f'A page of {database} without a title.')
    return f'{database}:{title}'


def search_name(database: str, kind: str, what: str) -> str:
    """Return the name of the target that stands for a search on one wiki.

    No page can have such a title.

    :param kind: which search, as a word
    :param what: what is searched
    """
    return f'{database}:#{kind}:{what}'


def search_in(name: str) -> tuple[str, str, str] | None:
    """Return the wiki, the kind and the object of a search; None for a page."""
    database, title = split(name)
    if not title.startswith('#'):
        return None
    kind, _, what = title[1:].partition(':')
    return database, kind, what


def split(name: str) -> tuple[str, str]:
    """Return the database name and the title in the name of a target."""
    database, _, title = name.partition(':')
    return database, title
