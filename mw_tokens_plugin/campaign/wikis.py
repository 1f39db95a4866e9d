"""The wikis that one login reaches, as a campaign over many of them needs them.

It knows them by their database names, and what may be done there; it writes to none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from mw_tokens_plugin.campaign.records import Decision, Held
from mw_tokens_plugin.campaign.retry import PASSING
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    CentralAuthTokenRefused,
    HttpRefusal,
    InvalidInput,
    NotAttached,
    NotInFarm,
    UnexpectedAnswer,
)
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount
from mw_tokens_plugin.protocol.names import decoded
from mw_tokens_plugin.site.family import Place, place_of_code
from mw_tokens_plugin.site.homelogin import home_login
from mw_tokens_plugin.site.requests import refusals

#: Characters that are in no title: control characters, and halves of characters.
_NOT_TEXT = re.compile('[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]')

#: What MediaWiki takes for blanks in titles.
_BLANKS = re.compile('[ _\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+')

#: What looks like an entity, which is in no title.
_ENTITY = re.compile('&(?=[A-Za-z0-9\x80-\U0010ffff]+;)')


@dataclass(frozen=True, slots=True)
class Standing:
    """What the operator is on one wiki.

    :ivar held: why nothing is to be done there; None if it may be
    :ivar is_local: whether the right is a local one only, of no global group
    :ivar sysops: how many active sysops the wiki has of its own
    """

    held: Held | None
    is_local: bool = False
    sysops: int = 0


class Wikis:
    """The wikis on which the operator has an account.

    Threads may share it.

    .. version-added:: 0.1
    """

    def __init__(self, home: Any) -> None:
        """Ask nothing yet.

        :param home: the site whose login is used everywhere
        """
        self.home = home
        self._standings: dict[tuple[str, str], Standing] = {}
        self._databases: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        """Yield their database names."""
        return iter(self._accounts)

    def database(self, where: str) -> str:
        """Return the database name of a wiki.

        :param where: its database name, code, ``family:code``, or URL
        :raises InvalidInput: there is no such wiki, or no account on it
        """
        family = self.home.family
        is_code = where in family.langs or where in family.code_aliases
        if where in self._accounts and not is_code:
            return where
        if where not in self._databases:
            self._databases[where] = self._at(where)
        return self._databases[where]

    def site(self, database: str) -> Any:
        """Return the site of a wiki, used with the home login.

        :raises NotAttached: the operator has no account there
        """
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

        :param right: what is to be done takes this one
        """
        key = database, right
        if key not in self._standings:
            self._standings[key] = self._standing(database, right)
        return self._standings[key]

    def page(self, text: str) -> str:
        """Return a page as ``database:Title``, from how people write it.

        :param text: wiki and title with a tabulator between them, ``database:Title``,
            an interwiki link, or a URL
        :raises InvalidInput: it is none of them, or no such wiki is known
        """
        text = text.strip()
        wiki, tab, title = text.partition('\t')
        if tab:
            if '\t' in title.strip():
                raise InvalidInput(f'{text!r} has more columns than wiki and title.')
            return named(self.database(wiki.strip()), decoded(title))
        if '://' in text:
            return self._page_at(text)
        link = text.removeprefix('[[').removesuffix(']]').partition('|')[0]
        return self._linked(decoded(link).strip().lstrip(':'), text)

    @cached_property
    def _accounts(self) -> dict[str, AttachedAccount]:
        account = self.home.global_account(self.home.username())
        return {attached.wiki: attached for attached in account.attached or ()}

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        """The interwiki prefixes of the home wiki, and where they lead."""
        return {
            item['prefix']: item['url'] for item in self.home.siteinfo['interwikimap']
        }

    def _at(self, where: Any) -> str:
        """Return the database name of the wiki that has a code, a URL or a place."""
        wikis = home_login(self.home).wikis
        place = where if isinstance(where, Place) else wikis.find(where)
        account = wikis.account_at(place)
        if account is None:
            raise InvalidInput(
                f'{where} is none of the wikis on which {self.home.username()} has an '
                'account.'
            )
        return account.wiki

    def _page_at(self, url: str) -> str:
        """Return the page that a URL shows."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise InvalidInput(f'{url} is not an address: {error}.') from None
        database = self._at(url)
        # As PHP does, the last of several; but the path comes first.
        title = parse_qs(parts.query).get('title', [''])[-1]
        script = str(self.home.siteinfo['script'])
        article = str(self.home.siteinfo['articlepath']).partition('$1')[0]
        for before in (f'{script}/', article):
            if parts.path != script and parts.path.startswith(before):
                title = unquote(parts.path.removeprefix(before)) or title
                break
        if not title:
            raise InvalidInput(f'{url} is not the address of a page.')
        return named(database, title)

    def _linked(self, link: str, text: str) -> str:
        """Return the page that an interwiki link leads to, such as ``w:de:Title``."""
        prefix, colon, rest = link.partition(':')
        url = self._prefixes.get(prefix.strip().lower())
        if url is not None:
            url = urljoin(self.home.base_url('/'), url)
        database = prefix.strip()
        if colon and database in self._accounts:
            # As plans and reports write it.
            if url is not None and self._at(url) != database:
                raise InvalidInput(
                    f'{text!r} may be a page of {database} or an interwiki link: write '
                    'wiki, tabulator and title.'
                )
            return named(database, rest)
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
                return named(self._at(place_of_code(code, family)), title)
        return named(self._at(url), rest.lstrip(':'))

    def _standing(self, database: str, right: str) -> Standing:
        try:
            site = self.site(database)
        except (NotAttached, NotInFarm):
            return Standing(Held.NO_ACCOUNT)
        with refusals(site):
            answer = site.simple_request(
                action='query',
                meta='globaluserinfo',
                guiprop='rights',
                guiuser=site.username(),
                list='allusers',
                augroup='sysop',
                auactiveusers=True,
                aulimit='max',
                formatversion=2,
            ).submit()
        with expected_form(f'What {site} says of rights'):
            sysops = {user['name'] for user in items_of(answer, 'query', 'allusers')}
            rights = list(answer['query']['globaluserinfo'].get('rights', ()))
        if not site.has_right(right):
            return Standing(Held.NO_RIGHT)
        return Standing(
            None,
            is_local=right not in rights,
            sysops=len(sysops - {site.username()}),
        )


def wiki_by_wiki(
    names: Sequence[str],
    decide: Callable[[str, Sequence[str]], Iterator[Decision]],
) -> Iterator[Decision]:
    """Decide on the targets of one wiki after the other, where one may not work.

    .. version-added:: 0.1

    :param names: targets, as ``database:Title``
    :param decide: returns the decisions on some targets of a wiki
    :raises TokensPluginError: none of the wikis worked
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(split(name)[0], []).append(name)
    decisions: list[Decision] = []
    failures = 0
    for database, group in groups.items():
        try:
            decisions += decide(database, group)
        except (
            *PASSING,
            ApiRefusal,
            CentralAuthTokenRefused,
            HttpRefusal,
            UnexpectedAnswer,
        ) as error:
            failures += 1
            if failures == len(groups):
                raise
            no_answer = isinstance(error, (*PASSING, UnexpectedAnswer))
            held = Held.NO_ANSWER if no_answer else Held.REFUSED
            facts = {'wiki': database}
            decisions += [Decision(n, held=held, facts=facts) for n in group]
    yield from decisions


def named(database: str, title: str) -> str:
    """Return ``database:Title``, the name of a target.

    Blanks are read as MediaWiki does it. Whether a page can have such a title is the
    wiki's question.

    :raises InvalidInput: there is no title
    """
    title = unicodedata.normalize('NFC', title.strip('\t\n\r ')).partition('#')[0]
    title = _BLANKS.sub(' ', _NOT_TEXT.sub('\ufffd', title)).strip(' ')
    # The wiki reads entities in what it is asked, and this one is none.
    title = _ENTITY.sub('&amp;', title)
    if not title:
        raise InvalidInput(f'A page of {database} without a title.')
    return f'{database}:{title}'


def split(name: str) -> tuple[str, str]:
    """Return the database name and the title in the name of a target."""
    database, _, title = name.partition(':')
    return database, title
