"""Which wikis a login reaches, where each one is, and who says so.

Names become places here, by the families and by what the home wiki lists; a wiki that
shares its host with others is asked, as nobody, which one it is. No credential is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from pywikibot.exceptions import APIError

from mw_tokens_plugin.exceptions import (
    InvalidInput,
    NotAttached,
    NotInFarm,
    WikiUnreachable,
    WrongWiki,
)
from mw_tokens_plugin.protocol.answers import expected_form, is_answer, part_of
from mw_tokens_plugin.protocol.globalaccounts import (
    AttachedAccount,
    GlobalAccount,
    from_globaluserinfo,
)
from mw_tokens_plugin.site.credentials import Vouched
from mw_tokens_plugin.site.family import (
    Place,
    declared_database,
    family_of_one,
    host_of,
    meant_databases,
    place_named,
    place_of_code,
    places_by_host,
    same_farm,
)
from mw_tokens_plugin.site.identity import Identity, identity_in
from mw_tokens_plugin.site.requests import fetch_as_nobody
from mw_tokens_plugin.site.transport import body_of

#: Where the pages of a wiki say that its API is.
#: https://www.mediawiki.org/wiki/API:Rsd
_EDIT_URI = re.compile(
    r'<link\b[^>]*\brel="EditURI"[^>]*\bhref="([^"]+)"', re.IGNORECASE
)

#: How much of a page is searched for that.
_LONGEST_HEAD = 100_000

#: Where the API of most wikis is.
_SCRIPT_PATHS = ('/w', '')


class AttachedWikis:
    """The wikis that the login of a home wiki reaches.

    .. version-added:: 0.1
    """

    def __init__(self, home: Any, user: str) -> None:
        """Ask nothing yet.

        :param home: the site whose login is used
        :param user: whose login it is
        """
        self.home = home
        self.user = user
        self._account: GlobalAccount | None = None
        self._listed: frozenset[str] | None = None
        self._places: dict[str, list[Place]] | None = None
        #: The accounts by their hosts, and of which list that is.
        self._hosts: dict[str, list[AttachedAccount]] = {}
        self._indexed: tuple[AttachedAccount, ...] | None = None
        self._said: dict[str, Identity | None] = {}
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
        for path in (*_SCRIPT_PATHS, *self._told_by_page(root)):
            api = f'{root}{path}/api.php'
            said = self._ask(api)
            is_meant = said is not None and said.database in place.meant
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
        said = self._ask(guess.api)
        if said is not None and said.database == account.wiki:
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
        said = self._ask(f'{root}{script_path}/api.php')
        for account in self._accounts_at(host):
            if said is not None and said.database == account.wiki:
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
        said = self._ask(place.api)
        if said is None:
            raise self._uncertain(str(place), place.host)
        return said

    def _uncertain(self, wiki: str, host: str) -> WrongWiki:
        names = ', '.join(each.wiki for each in self._accounts_at(host))
        return WrongWiki(
            f'Several wikis are at {host} ({names}), and it is not certain which one '
            f'{wiki} is. Give each of them its database name in the family file '
            '(dbName).'
        )

    def _ask(self, api: str) -> Identity | None:
        """Ask an address, as nobody, which wiki is there; None if none says."""
        if api not in self._said:
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
            self._said[api] = identity_in(answer) if is_one else None
        return self._said[api]

    def _told_by_page(self, root: str) -> Iterable[str]:
        """Yield the script path that a page of a host tells, if it is on that host."""
        try:
            response = fetch_as_nobody(f'{root}/')
        except requests.RequestException:
            return
        head = response.content[:_LONGEST_HEAD].decode('utf-8', 'replace')
        for link in _EDIT_URI.findall(head):
            address = urlsplit(urljoin(root, link.replace('&amp;', '&')))
            is_here = host_of(address.geturl()) == host_of(root)
            if is_here and address.path.endswith('/api.php'):
                yield address.path.removesuffix('/api.php')

    # Who vouches

    def check(self, place: Place, create_account: bool) -> Vouched:
        """Refuse a wiki of another farm, and what could not work there.

        A wiki cannot vouch for itself: what it says of the account is public. So it is
        one of those that the home wiki lists, or the family files say so.

        :param create_account: whether a first visit may create the account
        :return: what lets credentials leave for its address
        :raises NotInFarm: it shares no login with the home wiki
        :raises NotAttached: the account has no account there, or one not attached
        """
        if not place.host:
            raise NotInFarm(
                f'{place} has no address of the web in its family file, or one with a '
                'user name. Correct the address there.'
            )
        if self.home.protocol() == 'https' and place.protocol != 'https':
            raise NotInFarm(
                f'{place} would be talked to by {place.protocol}, and {self.home} by '
                'https: whoever is between could take the login. Let its family file '
                "say protocol() = 'https'."
            )
        vouched = Vouched(f'{place.protocol}://{place.host}', str(self.home))
        if self.account_at(place) is not None:
            return vouched
        shares = same_farm(self.home, place)
        if shares is None:
            shares = place.host in self._listed_hosts()
        if shares:
            known, is_attached = self._knows_account(place)
            shares = known is not False
            if shares and is_attached:
                # Where the home wiki cannot list the wikis of the account.
                return vouched
            if shares and is_attached is False:
                where = f'{place.family.path(place.code)}?title=Special:MergeAccount'
                raise NotAttached(
                    f'The account {self.user} on {place} is not attached to the '
                    'global one. Log in there and merge it, at '
                    f'{place.protocol}://{place.host}{where}, then start again.'
                )
        if not shares:
            raise NotInFarm(
                f'{place} shares no login with {self.home}, as far as is known there. '
                'If it does, add the same central_wiki to both of their family files.'
            )
        if not create_account:
            raise NotAttached(
                f'{self.user} has no account on {place} yet. Give '
                'create_account=True to have it created by the first visit.'
            )
        self._account = None
        return vouched

    def _listed_hosts(self) -> frozenset[str]:
        """Return the hosts of the farm's wikis, if the home wiki has a list of them.

        https://www.mediawiki.org/wiki/Extension:SiteMatrix
        """
        if self._listed is None:
            request = self.home._request(
                parameters={
                    'action': 'sitematrix',
                    'smsiteprop': 'url',
                    'smlangprop': 'site',
                    'smlimit': 'max',
                    'formatversion': 2,
                }
            )
            # It is an extension, which most farms do not have.
            request.expected_errors = frozenset({'badvalue', 'unknown_action'})
            try:
                matrix = part_of(request.submit(), 'sitematrix')
            except APIError:
                matrix = {}
            with expected_form(f'The list of wikis of {self.home}'):
                # Languages have their wikis under a name; others are a list.
                self._listed = frozenset(
                    self._host(wiki['url'])
                    for group in matrix.values()
                    if not isinstance(group, int)
                    for wiki in (group['site'] if isinstance(group, dict) else group)
                    if 'nonglobal' not in wiki
                )
        return self._listed

    def _knows_account(self, place: Place) -> tuple[bool | None, bool | None]:
        """Ask a wiki, as nobody, what it knows of the account.

        https://www.mediawiki.org/wiki/API:Siteinfo
        https://www.mediawiki.org/wiki/API:Globaluserinfo
        https://www.mediawiki.org/wiki/API:Users

        :return: whether it knows the same global account, which is None if nobody may
            read that wiki; and whether its local account of that name is attached,
            which is None if it has none
        :raises WikiUnreachable: it does not answer
        """
        account = self.account()
        parameters = {
            'action': 'query',
            'meta': 'siteinfo|globaluserinfo',
            'siprop': 'general',
            'guiuser': account.name,
            'list': 'users',
            'ususers': account.name,
            'usprop': 'centralids',
            'format': 'json',
            'formatversion': 2,
        }
        unreachable = WikiUnreachable(
            f'{place} at {place.host} does not answer as a wiki does. Check the '
            'address in the family file and the network, then start again.'
        )
        try:
            response = fetch_as_nobody(f'{place.api}?{urlencode(parameters)}')
        except requests.RequestException as error:
            raise unreachable from error
        if response.status_code == 401:
            return None, None
        answer = body_of(response)
        if response.status_code >= 300 or not is_answer('query', answer):
            raise unreachable
        query = answer.get('query')
        if not query:
            return None, None
        if query.get('general', {}).get('centralidlookupprovider') != 'CentralAuth':
            return False, None
        if 'globaluserinfo' not in query:
            return False, None
        there = from_globaluserinfo(account.name, query['globaluserinfo'])
        is_same = (there.central_id, there.home, there.registration) == (
            account.central_id,
            account.home,
            account.registration,
        )
        with expected_form(f'What {place} says of its local account'):
            attached = [
                bool(user.get('attachedlocal', {}).get('CentralAuth'))
                for user in query.get('users', ())
                if 'userid' in user
            ]
        return is_same, attached[0] if attached else None
