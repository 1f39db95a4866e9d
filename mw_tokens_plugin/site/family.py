"""Which wikis share one login, where they are, and which one of them is the central.

It knows families, and the list of attached wikis that it is given; it asks no wiki.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pywikibot
from pywikibot import config
from pywikibot.exceptions import UnknownFamilyError
from pywikibot.family import Family, SingleSiteFamily, WikimediaFamily
from pywikibot.site import DataSite

from mw_tokens_plugin.exceptions import NotCentral, NotInFarm
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount

#: A host name or address, with a port or not; no name of a user before it.
_HOST = re.compile(r'(\[[0-9a-f:.]+\]|[\w.-]+)(:[0-9]+)?')


class SharedLogin:
    """A mixin for the families of a farm whose wikis share one login.

    ::

        class Family(SharedLogin, pywikibot.family.Family):
            name = 'example'
            central_wiki = 'meta'

    The two attributes without the mixin say the same.

    .. version-added:: 0.1

    :cvar shared_login: whether the wikis of the family share one login
    :cvar central_wiki: the wiki with the global accounts, as ``code`` or
        ``family:code``
    """

    shared_login = True
    central_wiki: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a wiki is, and what pywikibot calls it.

    :ivar host: with the port
    :ivar interface: the class of its site objects
    """

    code: str
    family: Any
    host: str
    interface: type[Any]

    @property
    def api(self) -> str:
        """The address of its API."""
        return f'{self.family.protocol(self.code)}://{self.host}' + str(
            self.family.apipath(self.code)
        )

    def __str__(self) -> str:
        """Return the site's name, as pywikibot writes it."""
        return f'{self.family}:{self.code}'


def central_site(site: Any) -> Any:
    """Return the site on which the global accounts of a farm are managed.

    For Wikimedia's families that is Meta. Any other family file says so with an
    attribute, ``central_wiki = 'meta'`` (a code of the same family) or
    ``central_wiki = 'family:code'``.

    .. version-added:: 0.1

    :param site: any site of the farm
    :raises NotCentral: the family does not say
    """
    where = _central_wiki(site.family)
    if where is None:
        raise NotCentral(
            f'It is not known on which wiki the family {site.family.name!r} keeps its '
            "global accounts. Add a line central_wiki = 'CODE' to its family file."
        )
    family, _, code = where.rpartition(':')
    return pywikibot.Site(code, family, user=site.username())


def same_farm(home: Any, place: Place) -> bool | None:
    """Tell whether a wiki shares its login with another; None if no family says.

    :param home: a site
    :param place: the other wiki
    """
    if getattr(place.family, 'shared_login', None) is False:
        return False
    if home.family == place.family and getattr(place.family, 'shared_login', False):
        return True
    centrals = _central_wiki(home.family), _central_wiki(place.family)
    return None if None in centrals else centrals[0] == centrals[1]


def host_of(url: str | None) -> str:
    """Return the host of an address, with its port; '' if it is none of the web.

    :param url: what a wiki says where another one is
    """
    try:
        address = urlsplit(url or '')
    except ValueError:
        return ''
    host = address.netloc.lower()
    is_web = address.scheme in ('', 'http', 'https') and _HOST.fullmatch(host)
    return host if is_web else ''


def place_of(
    home: Any, where: Any, attached: Callable[[], Iterable[AttachedAccount]]
) -> Place:
    """Find a wiki by any of its names.

    :param home: the site from which it is named
    :param where: a code of the same family, ``family:code``, a database name, a URL,
        or a site object
    :param attached: returns the wikis to which the account is attached, which are
        found by their database names and URLs without any family file
    :raises NotInFarm: there is no such wiki
    """
    if not isinstance(where, str):
        # pywikibot makes a data repository one, whatever the family says.
        data = DataSite if isinstance(where, DataSite) else None
        return _place(where.code, where.family, data)
    if '://' in where:
        return _place_of_url(home, where, attached)
    family, colon, code = where.rpartition(':')
    if colon:
        return _place_of_name(family, code, where)
    own = home.family.code_aliases.get(where, where)
    if own in home.family.langs:
        return _place(own, home.family)
    for account in attached():
        if account.wiki == where and account.url:
            return _place_of_url(home, account.url, attached)
    raise NotInFarm(
        f'{where!r} is no code of the family {home.family.name!r}, and no database '
        f'name of a wiki to which {home.username()} is attached. Give family:code or '
        'the URL.'
    )


def _central_wiki(family: Any) -> str | None:
    """Return the central wiki as ``family:code``; None if the family says none."""
    where = getattr(family, 'central_wiki', None)
    if where:
        return str(where) if ':' in where else f'{family.name}:{where}'
    return 'meta:meta' if isinstance(family, WikimediaFamily) else None


def _place(code: str, family: Any, interface: type[Any] | None = None) -> Place:
    if interface is None:
        interface = family.interface(code)
    if isinstance(interface, str):
        interface = getattr(pywikibot.site, interface)
    # With https it may be another one than the family's hostname().
    host = urlsplit(family.base_url(code, '/')).netloc.lower()
    return Place(code, family, host, interface)


def _place_of_name(family: str, code: str, where: str) -> Place:
    try:
        loaded = Family.load(family)
    except UnknownFamilyError:
        raise NotInFarm(f'{where!r}: pywikibot knows no family {family!r}.') from None
    code = loaded.code_aliases.get(code, code)
    if code not in loaded.langs:
        raise NotInFarm(f'{where!r}: the family {family!r} has no wiki {code!r}.')
    return _place(code, loaded)


def _place_of_url(
    home: Any, url: str, attached: Callable[[], Iterable[AttachedAccount]]
) -> Place:
    host = host_of(url)
    for family in _families(home):
        for code in family.langs:
            if host and family.hostname(code).lower() == host:
                return _place(code, family)
    for account in attached():
        if account.url and host and host_of(account.url) == host:
            if home.protocol() == 'https' and urlsplit(account.url).scheme == 'http':
                raise NotInFarm(
                    f'{home} says that {account.wiki} is at http://{host}, and would '
                    'itself be talked to by https. Add the wiki to a family file.'
                )
            return _place(account.wiki, _family_of_one(account.wiki, account.url, home))
    if not host:
        raise NotInFarm(
            'The address is not one of http or https without a user name, so it is '
            'not used. Give family:code.'
        )
    raise NotInFarm(
        f'{url} is in no family file, and none of the wikis to which '
        f'{home.username()} is attached.'
    )


def _family_of_one(name: str, url: str, home: Any) -> Any:
    """Return a family for a wiki that is in none.

    It is none of pywikibot's AutoFamily, for which one answer that is not JSON means
    that there is no wiki.
    """
    address = urlsplit(url)
    members = {
        'name': name,
        'domain': address.netloc,
        'protocol': lambda self, code: address.scheme or home.protocol(),
        # A farm has its scripts in the same place everywhere.
        'scriptpath': lambda self, code: home.scriptpath(),
        'dbName': lambda self, code: name,
    }
    return type('Family', (SingleSiteFamily,), members)()


def _families(home: Any) -> Iterator[Any]:
    yield home.family
    for name in config.family_files:
        if name != home.family.name:
            yield Family.load(name)
