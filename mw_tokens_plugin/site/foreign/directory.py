"""Which wikis a login reaches, and where each one is.

Names become places here, by the families and by what the home wiki lists; a wiki that
shares its host with others is asked, without a login, which one it is. Whether it may
get a credential is left to :mod:`.vouching`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import requests

from mw_tokens_plugin.exceptions import (
    InvalidInput,
    NotAttached,
    NotInFarm,
    WrongWiki,
)
from mw_tokens_plugin.protocol.answers import is_answer
from mw_tokens_plugin.protocol.globalaccounts import (
    AttachedAccount,
    GlobalAccount,
)
from mw_tokens_plugin.site.family import (
    Place,
    declared_database,
    family_of_one,
    host_of,
    meant_databases,
    place_named,
    place_of_code,
    places_by_host,
)
from mw_tokens_plugin.site.foreign.probing import fetch_as_nobody
from mw_tokens_plugin.site.identity import Identity, identity_in
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.transport import body_of

#: Where the pages of a wiki say that its API is.
#: https://www.mediawiki.org/wiki/API:Rsd
_EDIT_URI = re.compile(
    r'<link\b[^>]*\brel="EditURI"[^>]*\bhref="([^"]+)"', re.IGNORECASE
)

#: How much of a page is searched for that.
_MAX_HEAD = 100_000

#: Where the API of most wikis is.
_SCRIPT_PATHS = ('/w', '')


class AttachedWikis:
    """The wikis that the login of a home wiki reaches.

    .. version-added:: 0.1
    """

    def __init__(self, home: PluginSite, user: str) -> None:
        """Ask nothing yet.

        :param home: the site whose login is used
        :param user: whose login it is
        """
        self.home = home
        self.user = user
        self._account: GlobalAccount | None = None
        self._places: dict[str, list[Place]] | None = None
        #: The accounts by their hosts, and of which list that is.
        self._hosts: dict[str, list[AttachedAccount]] = {}
        self._indexed: tuple[AttachedAccount, ...] | None = None
        self._answers: dict[str, Identity | None] = {}
        #: Addresses with an API that tells nobody which wiki is there.
        self._private: set[str] = set()

    # Which wikis

    def accounts(self) -> tuple[AttachedAccount, ...]:
        """Return the local accounts of the login's global account."""
        return self.account().attached or ()

    def account(self) -> GlobalAccount:
        """Return the login's global account.

        :raises NotAttached: there is none
        """
        if self._account is None:
            account = self.home.global_account(self.user)
            if not account.exists:
                raise NotAttached(
                    f'{self.user} has no global account on {self.home}. '
                    'Log in with one that has.'
                )
            self._account = account
        return self._account

    def forget_account(self) -> None:
        """Let the accounts be listed again, since one is about to be created."""
        self._account = None

    # Where they are

    def find(self, where: Any) -> Place:
        """Find a wiki by any of its names.

        :param where: a code of the home wiki's family, ``family:code``, a database
            name, a URL, a site object, or an item of ``GlobalAccount.attached``
        :return: where it is; ``meant`` is the database name that it must have
        :raises NotInFarm: there is no such wiki
        :raises WrongWiki: the name is that of more than one, or it is not certain which
            one it is
        """
        if isinstance(where, AttachedAccount):
            return self._place_of_account(where)
        if not isinstance(where, str):
            return self._meant(place_of_code(where.code, where.family, where))
        if '://' in where:
            return self._place_of_url(where)
        if ':' in where:
            return self._meant(place_named(where))
        return self._place_of_word(where)

    def account_at(self, place: Place) -> AttachedAccount | None:
        """Return the account on the wiki that is at a place; None if there is none.

        :raises WrongWiki: it is not certain which of several that is
        """
        accounts = self._accounts_at(place.host)
        if not accounts:
            return None
        if len(accounts) == 1 and len(self._places_at(place.host)) <= 1:
            return accounts[0]
        names = {each.wiki: each for each in accounts}
        name = declared_database(place.family, place.code)
        if name not in names:
            name = self._asked(place).database
        return names.get(str(name))

    def look_around(self, place: Place) -> Place:
        """Find the API of a wiki of which it was only guessed where it is.

        :param place: where it is not
        :raises InvalidInput: it is nowhere else either
        """
        root = f'{place.protocol}://{place.host}'
        is_alone = len(self._accounts_at(place.host)) == 1
        for path in (*_SCRIPT_PATHS, *self._paths_in_page(root)):
            api = f'{root}{path}/api.php'
            identity = self._ask(api)
            is_meant = identity is not None and identity.database in place.meant
            # A private wiki says nothing more to nobody; it will as soon as it is known
            # who asks, before anything is written.
            if is_meant or (api in self._private and is_alone):
                return replace(place, family=self._family(place.code, root, path))
        raise InvalidInput(
            f'There is no api.php of {place.code} at {place.api}, and none was found '
            'elsewhere on that host. Name the wiki in a family file, with its '
            'scriptpath().'
        )

    def _place_of_word(self, where: str) -> Place:
        """Return the wiki of a code or a database name, if that is but one."""
        family = self.home.family
        code = family.code_aliases.get(where, where)
        account = next((each for each in self.accounts() if each.wiki == where), None)
        if code in family.langs:
            place = self._meant(place_of_code(code, family))
            is_another = account is not None and self.account_at(place) != account
            if is_another or (account is None and self._is_declared(where, code)):
                raise WrongWiki(
                    f'{where!r} is the code of {place} in its family file, and the '
                    'database name of another wiki. Name the one that is meant as '
                    f'family:code, such as {family.name}:{code}.'
                )
            return place
        if account is not None:
            return self._place_of_account(account)
        raise NotInFarm(
            f'{where!r} is no code of the family {family.name!r}, and no database '
            f'name of a wiki to which {self.user} is attached. Give family:code or '
            'the URL.'
        )

    def _is_declared(self, database: str, code: str) -> bool:
        """Tell whether the family file gives a database name to another code."""
        family = self.home.family
        return any(
            each != code and declared_database(family, each) == database
            for each in family.langs
        )

    def _place_of_account(self, account: AttachedAccount) -> Place:
        """Return where the wiki of an account is, which the home wiki lists."""
        host = self._host(account.url)
        if not host:
            raise NotInFarm(
                f'{self.home} gives no address of {account.wiki} that can be used. Add '
                'the wiki to a family file.'
            )
        meant = frozenset({account.wiki})
        places = self._places_at(host)
        is_alone = len(self._accounts_at(host)) <= 1
        if is_alone and len(places) == 1:
            return replace(places[0], meant=meant)
        declared = [
            each
            for each in places
            if declared_database(each.family, each.code) == account.wiki
        ]
        if len(declared) == 1:
            return replace(declared[0], meant=meant)
        # One that does not answer may be it, unless another one is.
        asked = [(each, self._ask(each.api)) for each in places if not declared]
        for place, identity in asked:
            if identity is not None and identity.database == account.wiki:
                return replace(place, meant=meant)
        if declared or any(identity is None for _, identity in asked):
            raise self._uncertain(account.wiki, host)
        self._check_scheme(account)
        family = self._family(account.wiki, str(account.url), self.home.scriptpath())
        guess = place_of_code(account.wiki, family)
        guess = replace(guess, meant=meant, is_guessed=True)
        if is_alone and not places:
            return guess
        # Several wikis are at that host, so it is not left to chance.
        identity = self._ask(guess.api)
        if identity is not None and identity.database == account.wiki:
            return guess
        return self.look_around(guess)

    def _place_of_url(self, url: str) -> Place:
        host = self._host(url)
        if not host:
            raise NotInFarm(
                'The address is not one of http or https without a user name, so it is '
                'not used. Give family:code.'
            )
        places, accounts = self._places_at(host), self._accounts_at(host)
        if len(places) == 1 and len(accounts) <= 1:
            return self._meant(places[0])
        if not places and len(accounts) == 1:
            return self._place_of_account(accounts[0])
        if not places and not accounts:
            raise NotInFarm(
                f'{url} is in no family file, and none of the wikis to which '
                f'{self.user} is attached.'
            )
        path = urlsplit(url).path
        below = {
            str(each.family.scriptpath(each.code)): each
            for each in places
            if f'{path}/'.startswith(f'{each.family.scriptpath(each.code)}/')
        }
        longest = max(below, key=len, default='')
        script = re.match(r'(?:/[^/]+)?(?=/)', path)
        if len(places) < len(accounts) and script and script[0] != longest:
            return self._place_at(url, host, script[0])
        if not below:
            raise self._uncertain(url, host)
        return self._meant(below[longest])

    def _place_at(self, url: str, host: str, script_path: str) -> Place:
        """Return the wiki of a URL whose API is in no family file."""
        root = f'{urlsplit(url).scheme}://{host}'
        identity = self._ask(f'{root}{script_path}/api.php')
        for account in self._accounts_at(host):
            if identity is not None and identity.database == account.wiki:
                family = self._family(account.wiki, root, script_path)
                place = place_of_code(account.wiki, family)
                return replace(place, meant=frozenset({account.wiki}))
        raise self._uncertain(url, host)

    def _meant(self, place: Place) -> Place:
        """Return a place with the database name that the wiki there must have."""
        account = self.account_at(place)
        names = meant_databases(place.family, place.code)
        return replace(place, meant=frozenset({account.wiki}) if account else names)

    def _accounts_at(self, host: str) -> list[AttachedAccount]:
        accounts = self.accounts()
        if self._indexed is not accounts:
            hosts: dict[str, list[AttachedAccount]] = {}
            for each in accounts:
                hosts.setdefault(self._host(each.url), []).append(each)
            # What cannot be used as an address is none at all.
            hosts.pop('', None)
            self._hosts, self._indexed = hosts, accounts
        return self._hosts.get(host, [])

    def _places_at(self, host: str) -> list[Place]:
        if self._places is None:
            self._places = places_by_host(self.home)
        return self._places.get(host, [])

    def _host(self, url: str | None) -> str:
        return host_of(url, self.home.protocol())

    def _family(self, wiki: str, url: str, script_path: str) -> Any:
        return family_of_one(wiki, url, self.home.protocol(), script_path)

    def _check_scheme(self, account: AttachedAccount) -> None:
        """Send a secure login to secure addresses only, where no family says more."""
        if self.home.protocol() == 'https' and str(account.url).startswith('http:'):
            raise NotInFarm(
                f'{self.home} says that {account.wiki} is at http://'
                f'{self._host(account.url)}, and would itself be talked to by https. '
                'Add the wiki to a family file.'
            )

    def _asked(self, place: Place) -> Identity:
        """Return which of the wikis on its host one is.

        :raises WrongWiki: it does not say
        """
        identity = self._ask(place.api)
        if identity is None:
            raise self._uncertain(str(place), place.host)
        return identity

    def _uncertain(self, wiki: str, host: str) -> WrongWiki:
        names = ', '.join(each.wiki for each in self._accounts_at(host))
        return WrongWiki(
            f'Several wikis are at {host} ({names}), and it is not certain which one '
            f'{wiki} is. Give each of them its database name in the family file '
            '(dbName).'
        )

    def _ask(self, api: str) -> Identity | None:
        """Ask an address, as nobody, which wiki is there; None if none says."""
        if api not in self._answers:
            parameters = {
                'action': 'query',
                'meta': 'siteinfo',
                'format': 'json',
                'formatversion': 2,
            }
            try:
                response = fetch_as_nobody(f'{api}?{urlencode(parameters)}')
            except requests.RequestException:
                return None  # it may answer later
            answer = body_of(response)
            is_one = response.status_code == 200 and is_answer('query', answer)
            if is_one and 'error' in answer:
                self._private.add(api)
            self._answers[api] = identity_in(answer) if is_one else None
        return self._answers[api]

    def _paths_in_page(self, root: str) -> Iterable[str]:
        """Yield the script path that a page of a host tells, if it is on that host."""
        try:
            response = fetch_as_nobody(f'{root}/')
        except requests.RequestException:
            return
        head = response.content[:_MAX_HEAD].decode('utf-8', 'replace')
        for link in _EDIT_URI.findall(head):
            try:
                address = urlsplit(urljoin(root, link.replace('&amp;', '&')))
            except ValueError:
                continue
            is_here = host_of(address.geturl()) == host_of(root)
            # At its beginning, two slashes stand before a host.
            is_here = is_here and not address.path.startswith('//')
            if is_here and address.path.endswith('/api.php'):
                yield address.path.removesuffix('/api.php')
