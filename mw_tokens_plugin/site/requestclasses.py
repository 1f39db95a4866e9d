"""Which class a request is of: the plugin's, joined with those of others.

A request made by hand (``api.Request(site=...)``, or a bot's own subclass of it) is
renewed and signed like one of ``site.simple_request()``. What other code has put in the
place of ``pywikibot.data.api.Request``, such as a dry mode, is respected: its methods
are called before those of the plugin.
"""

from __future__ import annotations

from typing import Any

import pywikibot
from pywikibot.data import api
from pywikibot.data.api._requests import CachedRequest, Request
from pywikibot.site import BaseSite

from mw_tokens_plugin.site.requests import CachedTokenRequest, TokenRequest

#: Those that were made, by what they are made of: making one takes its time.
_SUBCLASSES: dict[tuple[type[Any], type[Any]], type[Any]] = {}


def effective(ours: type[TokenRequest]) -> Any:
    """Return what is used in the place of one of the plugin's classes.

    It is that class, unless somebody has replaced those of pywikibot.

    :param ours: a class of the plugin
    """
    if _are_pywikibots():
        return ours
    is_cached = issubclass(ours, CachedRequest)
    return joined(api.CachedRequest if is_cached else api.Request, ours)


def request_class(kwargs: dict[str, Any]) -> Any:
    """Choose the class for a request, as ``APISite._request_class`` does.

    :param kwargs: the request's arguments; with an ``expiry`` it is a cached one
    """
    plain = kwargs.get('expiry') is None
    return effective(TokenRequest if plain else CachedTokenRequest)


def install_direct_requests() -> None:
    """Let requests that are made by hand be of the class that their site uses."""
    Request.__new__ = _made


def _made(cls: type[Any], *args: Any, **kwargs: Any) -> Any:
    """Make a request, as ``Request.__new__``; its constructor runs afterwards."""
    site = kwargs.get('site')
    if site is None:
        site = next((each for each in args if isinstance(each, BaseSite)), None)
    if site is None and cls is Request:
        site = pywikibot.Site()  # as the constructor does
    own = getattr(type(site), '_own_request', None)
    if own is None:
        return object.__new__(cls)
    chosen = joined(cls, own)
    if not _are_pywikibots() and issubclass(cls, TokenRequest):
        chosen = effective(chosen)
        if not isinstance(chosen, type) or not issubclass(chosen, cls):
            return chosen(*args, **kwargs)
    return object.__new__(chosen)


def _are_pywikibots() -> bool:
    """Tell whether the classes in pywikibot's places are its own."""
    return api.Request is Request and api.CachedRequest is CachedRequest


def joined(theirs: Any, ours: type[TokenRequest]) -> Any:
    """Return a class that is both; theirs alone if it is no class of requests.

    :param theirs: the class of a request, or what is used in its place
    :param ours: a class of the plugin
    """
    if theirs is ours:
        return ours
    if not isinstance(theirs, type) or not issubclass(theirs, Request):
        return theirs
    if issubclass(ours, theirs):
        return ours
    return theirs if issubclass(theirs, ours) else _subclass(theirs, ours)


def _subclass(theirs: Any, ours: type[TokenRequest]) -> type[Any]:
    """Return a class that has the methods of both, theirs first."""
    made = _SUBCLASSES.get((theirs, ours))
    if made is None:
        members = {'__module__': theirs.__module__, '__doc__': theirs.__doc__}
        made = type(theirs.__name__, (theirs, ours), members)
        # Of two threads, both get the class that was kept.
        made = _SUBCLASSES.setdefault((theirs, ours), made)
    return made
