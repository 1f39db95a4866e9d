"""The wikis that one login reaches, as a campaign over many of them needs them.

It finds their sites by their database names, and what the operator may do there. It
writes to none; the actions do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from mw_tokens_plugin.campaign.parallel import in_parallel
from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.exceptions import (
    CentralAuthTokenRefused,
    InvalidInput,
    NotAttached,
    NotInFarm,
    SessionError,
    WrongWiki,
)
from mw_tokens_plugin.protocol.answers import expected_form, items_of, part_of
from mw_tokens_plugin.protocol.fields import flag
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount, GlobalAccount
from mw_tokens_plugin.site.family import Place
from mw_tokens_plugin.site.foreign.login import home_login
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.targets.pagerecords import Page
from mw_tokens_plugin.targets.pages import read_pages
from mw_tokens_plugin.targets.problems import FAILURES, problem_of

__all__ = ['Result', 'Standing', 'Wikis']

Result = TypeVar('Result')


@dataclass(frozen=True, slots=True)
class Standing:
    """What the operator may do on one wiki.

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

    def refusal(self) -> tuple[SkipReason | None, dict[str, Any]]:
        """Return why nothing is done there at present, and what is known of that."""
        if self.skipped is None and self.read_only is not None:
            return SkipReason.READ_ONLY, {'problem': self.read_only}
        return self.skipped, {'problem': self.problem} if self.problem else {}


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

    def __iter__(self) -> Iterator[str]:
        """Yield their database names.

        :raises InvalidInput: the home wiki cannot list them
        """
        if self.accounts is None:
            raise InvalidInput(
                f'{self.home} cannot list the wikis on which '
                f'{self.home.username()} has an account: name them in -wikis:.'
            )
        return iter(self.accounts)

    def database(self, where: str) -> str:
        """Return the database name of a wiki.

        :param where: its database name, code, ``family:code``, or URL
        :raises InvalidInput: there is no such wiki, or no account on it
        """
        family = self.home.family
        is_code = where in family.langs or where in family.code_aliases
        if where in (self.accounts or ()) and not is_code:
            return where
        if where not in self._databases:
            self._databases[where] = self._database(where)
        return self._databases[where]

    def site(self, database: str) -> PluginSite:
        """Return the site of a wiki, used with the home login.

        :raises NotAttached: the operator has no account there
        """
        if self.accounts is None:
            with suppress(WrongWiki):
                site = self._asked_site(database)
                if site.tokens.wiki.identify().database == database:
                    return site
            # The name is another wiki's code.
            site = self._sites[database] = self._searched_site(database)
            return site
        account = self.accounts.get(database)
        if account is None:
            raise NotAttached(f'{self.home.username()} has no account on {database}.')
        return self.home.foreign_site(account)

    def standing(self, database: str, right: str) -> Standing:
        """Return what the operator may do on a wiki, which costs one read.

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
                return Standing(SkipReason.NO_ACCOUNT, problem=problem_of(error).words)
            with refusals(site):
                answer = site.simple_request(
                    action='query', formatversion=2, **_about_operator(site)
                ).submit()
            self._standings[key] = _standing(site, right, answer)
        return self._standings[key]

    def look(
        self, database: str, right: str, titles: Sequence[str]
    ) -> tuple[Standing, Iterable[Page]]:
        """Return what the operator may do on a wiki, with some of its pages.

        Both come in one read, if there are not too many pages.

        :param right: the right that is needed there
        """
        key = database, right
        if key in self._standings:
            return self._standings[key], read_pages(self.site(database), titles)
        try:
            site = self.site(database)
        except NotAttached as error:
            return Standing(SkipReason.NO_ACCOUNT, problem=problem_of(error).words), ()

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

    @cached_property
    def account(self) -> GlobalAccount:
        """The operator's global account."""
        return self.home.global_account(self.home.username())

    @cached_property
    def accounts(self) -> dict[str, AttachedAccount] | None:
        """The operator's accounts; None where the home wiki cannot list them."""
        attached = self.account.attached
        return None if attached is None else {each.wiki: each for each in attached}

    def _database(self, where: str) -> str:
        if self.accounts is None:
            return self._asked_site(where).tokens.wiki.identify().database
        return self.at(where)

    def at(self, where: Any) -> str:
        """Return the database name of the wiki that has a code, a URL or a place."""
        wikis = home_login(self.home).wikis
        place = where if isinstance(where, Place) else wikis.find(where)
        account = wikis.account_at(place)
        if account is None:
            raise InvalidInput(
                f'{where} is not a wiki on which {self.home.username()} has an account.'
            )
        return str(account.wiki)

    def pages_at(self, database: str) -> str:
        """Return the beginning of addresses of pages on a wiki, which is not asked.

        :return: titles follow it; '' if it is not known
        """
        api = self.api_of(database)
        return f'{api.removesuffix("api.php")}index.php?title=' if api else ''

    def api_of(self, database: str) -> str:
        """Return the address of the API of a wiki, which is not asked.

        :return: '' if it is not known
        """
        account = (self.accounts or {}).get(database)
        if account is None:
            return ''
        try:
            place = home_login(self.home).wikis.find(account)
        except (NotInFarm, WrongWiki):
            return ''
        return '' if place.is_guessed else place.api

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
                if site.tokens.wiki.identify().database == database:
                    return site
        raise NotInFarm(
            f'{database!r} is not a wiki of the family {self.home.family.name!r} on '
            f'which {self.home.username()} is known to have an account.'
        )

    def _check_login(self) -> None:
        """Raise an error if the login on the home wiki is gone.

        :raises SessionError: it is gone
        """
        login = home_login(self.home)
        if login.kind() == 'centralauthtoken':
            login.tokens.probe()
        elif not self.home.logged_in():
            self.home.login()


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
