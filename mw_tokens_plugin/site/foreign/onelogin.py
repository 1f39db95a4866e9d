"""One login for all wikis: plain sites that are used with the login of the home wiki.

Where ``enable(home=...)`` names a home wiki, a site that is to be logged in is turned,
in place, into one that :mod:`.login` would return for it: scripts of pywikibot go on
with the object that they have. Which wikis that can be is left to :mod:`.vouching`.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

import pywikibot
from pywikibot.exceptions import SiteDefinitionError, UnknownFamilyError
from pywikibot.tools import normalize_username

from mw_tokens_plugin.exceptions import InvalidInput, NotAttached, NotInFarm, WrongWiki
from mw_tokens_plugin.site.foreign.login import home_login
from mw_tokens_plugin.site.foreign.site import ForeignMixin, OAuthMixin, OwnLoginMixin
from mw_tokens_plugin.site.requestclasses import joined
from mw_tokens_plugin.site.settings import settings


class AdoptedMixin(ForeignMixin):
    """A site that was a plain one, and is used with the login of the home wiki.

    .. version-added:: 0.1
    """

    def adopt_request(self, request: Any) -> None:
        """Let a request that was made before be one of this site.

        :param request: it is sent again, or for the first time
        """
        request.__class__ = joined(type(request), self._own_request)

    def logout(self) -> None:
        """Log the home wiki out, and with it all wikis, as MediaWiki does."""
        self.home_login.home.logout()

    def __reduce__(self) -> tuple[Any, ...]:
        """Be unpickled as what the wiki's site is there, as plain sites are."""
        return pywikibot.Site, (self.code, self.family.name, self.username())

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Be unpickled likewise, whatever the protocol."""
        return self.__reduce__()


class _SecondBaseFirst(ABCMeta):
    """Lets the methods of the second of two bases go before those of the first one.

    An object can change its class only for one whose layout Python takes from the
    same base, and that is the first one.
    """

    def mro(cls) -> list[type[Any]]:
        """Return in which order methods are looked up."""
        if len(cls.__bases__) != 2:
            return super().mro()
        first, second = cls.__bases__
        rest = first.__mro__
        return [cls, *(each for each in second.__mro__ if each not in rest), *rest]


def _turned(interface: type[Any], mixin: type[Any], **members: Any) -> type[Any]:
    """Return a class that an object of another one can become.

    Its name is the same, since pywikibot tells sites apart by it.
    """
    return _SecondBaseFirst(interface.__name__, (interface, mixin), members)


def home_of(site: Any, user: str | None = None) -> Any:
    """Return the site whose login another one is used with; None for its own.

    :param site: the site that is to be logged in
    :param user: who is to be logged in there, unless that is configured
    :raises InvalidInput: there is no wiki that is called as ``enable()`` says
    """
    if not settings.home or isinstance(site, OwnLoginMixin):
        return None
    wanted = normalize_username(user) or site.username()
    try:
        home = pywikibot.Site(settings.home)
        if home.username() is None and wanted:
            home = pywikibot.Site(settings.home, user=wanted)
    except (SiteDefinitionError, UnknownFamilyError, ValueError) as error:
        raise InvalidInput(
            f'enable(home={settings.home!r}) in user-config.py: there is no such wiki '
            f"({error}). Name it as family and code, such as 'meta:meta'."
        ) from error
    is_itself = (home.family, home.code) == (site.family, site.code)
    if is_itself or wanted not in (None, home.username()):
        return None
    return home


def adopt(site: Any, user: str | None, *, autocreate: bool) -> bool:
    """Use a site with the login of the home wiki, if that reaches it.

    :param site: the site that is to be logged in
    :param user: who is to be logged in there, unless that is configured
    :param autocreate: whether its local account may be created
    :return: whether it is logged in; else it has to log in by itself
    :raises SessionLost: logging in to the home wiki failed
    :raises NotAttached: the wiki has no account for the login, and makes none
    """
    home = home_of(site, user)
    if home is None:
        return False
    login = home_login(home)
    if not home.logged_in():
        home.login()
    try:
        kind = login.kind() if home.logged_in() else 'none'
        if kind not in ('centralauthtoken', 'oauth'):
            return False
        place = login.wikis.find(site)
        vouched = login.voucher.check(place, autocreate)
    except (NotInFarm, NotAttached, WrongWiki) as error:
        pywikibot.log(f'{site} is logged in to by itself: {error}')
        return False
    before = type(site)
    if kind == 'oauth':
        if not site.is_oauth_token_available():
            keys = login.oauth_keys()
            site.__class__ = _turned(before, OAuthMixin, vouched=vouched, keys=keys)
            del site.userinfo
        return False
    site.__class__ = _turned(before, AdoptedMixin, vouched=vouched)
    site.use_login(login, place, 'authenticated')
    site._username = home.username()
    try:
        site.login()
    except BaseException:
        site.__class__ = before
        raise
    login.adopted.append(site)
    pywikibot.log(f'Using {site!r}.')
    return True
