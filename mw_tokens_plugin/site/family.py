"""Which wikis share one login, where they are, and which one of them is the central.

It knows families alone; it asks no wiki.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import pywikibot
import requests
from pywikibot import config
from pywikibot.exceptions import UnknownFamilyError
from pywikibot.family import Family, SingleSiteFamily, WikimediaFamily
from pywikibot.site import DataSite

from mw_tokens_plugin.exceptions import NotCentral, NotInFarm
from mw_tokens_plugin.site.base import WikiSite

_PORTS = {'http': 80, 'https': 443}

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

    :ivar host: in lower case, as it is sent, with the port if it is not the usual one
    :ivar interface: the class of its site objects
    :ivar meant: database names, of which the wiki must have one; none if that is not
        known
    :ivar is_guessed: whether it is not known where on the host its API is
    """

    code: str
    family: Any
    host: str
    interface: type[Any]
    meant: frozenset[str] = frozenset()
    is_guessed: bool = False

    @property
    def protocol(self) -> str:
        """By which protocol it is talked to."""
        return str(self.family.protocol(self.code))

    @property
    def api(self) -> str:
        """The address of its API."""
        path = urlsplit(self.family.base_url(self.code, self.family.apipath(self.code)))
        return f'{self.protocol}://{self.host}{path.path}'

    def __str__(self) -> str:
        """Return the site's name, as pywikibot writes it."""
        return f'{self.family}:{self.code}'


def central_site(site: WikiSite) -> Any:
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
            f'global accounts. {_where_to_say_it(site.family.name)}'
        )
    family, _, code = where.rpartition(':')
    central = pywikibot.Site(code, family, user=site.username())
    central.tokens.wiki.expect(meant_databases(central.family, central.code))
    return central


def same_farm(home: WikiSite, place: Place) -> bool | None:
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


def _where_to_say_it(name: str) -> str:
    """Say where a family has to name its central wiki."""
    file = str(config.family_files.get(name, ''))
    if '://' not in file:
        return f"Add a line central_wiki = 'CODE' to its family file{_in(file)}."
    return (
        f'user-config.py gives the address {file} in the place of a family file: write '
        "one with a line central_wiki = 'CODE', and give its path in family_files."
    )


def _in(file: str) -> str:
    return f', {file}' if file else ''


def farm_of(family: Any) -> str:
    """Return what tells the farm of a family from others.

    That is its central wiki, or the family itself where it names none.

    .. version-added:: 0.1

    :param family: a family of pywikibot
    """
    return _central_wiki(family) or str(family.name)


@lru_cache(maxsize=8192)
def host_of(url: str | None, protocol: str = 'https') -> str:
    """Return the host of an address as it is sent to; '' if it is not one of the web.

    It is in lower case and in ASCII, and has its port unless that is the usual one.

    :param url: what a wiki says where another one is
    :param protocol: of addresses that begin with ``//``
    """
    try:
        address = urlsplit(url or '')
        host = address.netloc.lower()
        if address.scheme not in ('', 'http', 'https') or not _HOST.fullmatch(host):
            return ''
        protocol = address.scheme or protocol
        request = requests.PreparedRequest()
        # What the HTTP library makes of it is what will be talked to.
        request.prepare_url(f'{protocol}://{host}/', None)
        sent = urlsplit(str(request.url))
        is_usual = sent.port == _PORTS.get(protocol)
    except (ValueError, requests.RequestException):
        return ''
    return sent.netloc.rpartition(':')[0] if is_usual else sent.netloc


def place_of_code(code: str, family: Any, site: WikiSite | None = None) -> Place:
    """Return the place of a wiki in a family.

    :param site: a site object of it, if there is one
    """
    if isinstance(site, DataSite):
        # pywikibot makes a data repository one, whatever the family says.
        interface: Any = DataSite
    else:
        interface = family.interface(code)
    if isinstance(interface, str):
        interface = getattr(pywikibot.site, interface)
    # With https it may be another one than the family's hostname(), and where the path
    # begins with two slashes it is named there.
    host = host_of(family.base_url(code, family.apipath(code)))
    return Place(code, family, host, interface)


def place_named(where: str) -> Place:
    """Return the place of a wiki that is named as ``family:code``.

    :raises NotInFarm: there is no such wiki
    """
    family, _, code = where.rpartition(':')
    try:
        loaded = Family.load(family)
    except UnknownFamilyError:
        raise NotInFarm(f'{where!r}: pywikibot knows no family {family!r}.') from None
    code = loaded.code_aliases.get(code, code)
    if code not in loaded.langs:
        raise NotInFarm(f'{where!r}: the family {family!r} has no wiki {code!r}.')
    return place_of_code(code, loaded)


def places_by_host(home: WikiSite) -> dict[str, list[Place]]:
    """Return all wikis of all family files by their hosts, those of the home first.

    A wiki that is in several of them is listed once.
    """
    found: dict[str, list[Place]] = {}
    # A file that does not work raises when one of its wikis is named.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for name in dict.fromkeys((home.family.name, *config.family_files)):
            with suppress(Exception):
                own = name == home.family.name
                for place in _places_of(home.family if own else Family.load(name)):
                    found.setdefault(place.host, []).append(place)
    # There are a thousand hosts, and few have more than one.
    return {
        host: places if len(places) == 1 else list(_by_api(places).values())
        for host, places in found.items()
    }


def _by_api(places: list[Place]) -> dict[str, Place]:
    # The first of several is the last that is put in.
    by_api = {place.api: place for place in reversed(places)}
    return dict(reversed(by_api.items()))


def _places_of(family: Any) -> Iterator[Place]:
    for code in family.langs:
        place = place_of_code(code, family)
        if place.host:
            yield place


def declared_database(family: Any, code: str) -> str | None:
    """Return the database name that a family file gives a wiki; None if it gives none.

    pywikibot's own makes one up of the code and the family's name.
    """
    if type(family).dbName is Family.dbName:
        return None
    return str(family.dbName(code))


def meant_databases(family: Any, code: str) -> frozenset[str]:
    """Return of which names the database of a wiki must have one, by its family file.

    Only where wikis share a host can one be taken for another; elsewhere the name may
    be that of a replica, and none is meant.
    """
    name = declared_database(family, code)
    host = family.hostname(code)
    is_shared = [each for each in family.langs if family.hostname(each) == host][1:]
    if name is None or not is_shared:
        return frozenset()
    return frozenset({name, name.removesuffix('_p')})


def family_of_one(name: str, url: str, protocol: str, script_path: str) -> Any:
    """Return a family for a wiki that is in none.

    It is not an AutoFamily of pywikibot, which takes one answer that is not JSON as
    proof that the wiki does not exist.

    :param name: of its database
    :param url: where the home wiki says it is
    :param protocol: of addresses that begin with ``//``
    :param script_path: where its API is
    """
    address = urlsplit(url)
    members = {
        'name': name,
        'domain': host_of(url, protocol),
        'protocol': lambda self, code: address.scheme or protocol,
        'scriptpath': lambda self, code: script_path,
        'dbName': lambda self, code: name,
    }
    return type('Family', (SingleSiteFamily,), members)()


def _central_wiki(family: Any) -> str | None:
    """Return the central wiki as ``family:code``; None if the family says none."""
    where = getattr(family, 'central_wiki', None)
    if where:
        return str(where) if ':' in where else f'{family.name}:{where}'
    return 'meta:meta' if isinstance(family, WikimediaFamily) else None
