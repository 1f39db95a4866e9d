"""The plugin's errors from pywikibot's own methods, where it knows the reason.

Requests raise them by themselves; but some methods of pywikibot's sites replace what a
request raises by a sentence, or look at the user's rights before they send anything.

What is raised by requests is in :mod:`.refusals`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import isgenerator
from typing import Any

from pywikibot.exceptions import (
    APIError,
    ApiTimeoutError,
    Error,
    OtherPageSaveError,
    UserRightsError,
)

from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    PermissionDenied,
    TokensPluginError,
    _join_pywikibot,
)
from mw_tokens_plugin.site.base import WikiSite

#: The methods of pywikibot's sites that do so, by their class.
METHODS = {
    'APISite': (
        'blockuser',
        'delete',
        'deleterevs',
        'editpage',
        'is_uploaddisabled',
        'merge_history',
        'movepage',
        'patrol',
        'protect',
        'review_revision',
        'rollbackpage',
        'unblockuser',
        'undelete',
        'upload',
        'watch',
    ),
    'DataSite': (
        '_wbset_action',
        'addClaim',
        'add_form',
        'changeClaimTarget',
        'editEntity',
        'editQualifier',
        'editSource',
        'edit_form_elements',
        'linkTitles',
        'mergeItems',
        'mergeLexemes',
        'removeClaims',
        'removeSources',
        'remove_form',
        'remove_qualifiers',
        'save_claim',
        'set_redirect_target',
    ),
}

#: Classes of errors of saving a page, by that of the plugin.
_OF_SAVING: dict[type[TokensPluginError], Any] = {}


def install_reasons() -> None:
    """Let pywikibot and its bots know the plugin's errors.

    Its saves in the background tell of no others, and its thread dies of those. Saves
    in the foreground raise them as they are: wrapped, they would be taken for problems
    of the page.
    """
    import pywikibot.site

    _join_pywikibot()
    # Where it is raised cannot be imported yet.
    OtherPageSaveError.__new__ = _unwrapped
    for kind, names in METHODS.items():
        owner = getattr(pywikibot.site, kind)
        for name in names:
            setattr(owner, name, _telling(getattr(owner, name)))


def _unwrapped(cls: type[Exception], *args: Any) -> Any:
    """Return the plugin's error itself in the place of one that wraps it.

    It is one of saving a page as well, if pywikibot's error for the same reason would
    be wrapped. Those of lost sessions and their kind rarely concern only that page.
    """
    ours = [each for each in args if isinstance(each, TokensPluginError)]
    if not ours:
        return Exception.__new__(cls, *args)
    page, error = args[0], ours[0]
    if isinstance(error, APIError | ApiTimeoutError):
        error.__class__ = _of_saving(type(error))
        vars(error).update(
            page=page, title=str(page), site=page.site, reason=str(error)
        )
    return error


def _of_saving(kind: type[TokensPluginError]) -> Any:
    """Return a class of errors that is one of saving a page as well.

    Scripts of pywikibot show the ``args`` of those, which are a sentence.
    """
    if issubclass(kind, OtherPageSaveError):
        return kind
    if kind in _OF_SAVING:
        return _OF_SAVING[kind]
    members = {
        '__doc__': kind.__doc__,
        # It is complete already, and has other arguments than that of pywikibot.
        '__init__': lambda self, *args: None,
        '__module__': kind.__module__,
        '__reduce__': lambda self: (kind, BaseException.__reduce__(self)[1]),
        'args': property(str),
    }
    made = type(kind.__name__, (kind, OtherPageSaveError), members)
    # Of two threads, both get the class that was kept.
    return _OF_SAVING.setdefault(kind, made)


def _telling(method: Any) -> Any:
    """Return a method that raises the plugin's errors."""

    @wraps(method)
    def telling(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _reasons(self):
            answer = method(self, *args, **kwargs)
        return _items(self, answer) if isgenerator(answer) else answer

    return telling


def _items(site: WikiSite, items: Generator[Any, Any, Any]) -> Iterator[Any]:
    with _reasons(site):
        yield from items


@contextmanager
def _reasons(site: WikiSite) -> Iterator[None]:
    """Raise the plugin's error in the place of what pywikibot makes of it."""
    try:
        yield
    except TokensPluginError:
        raise
    except UserRightsError as error:
        raise PermissionDenied('permissiondenied', str(error), str(site)) from error
    except Error as error:
        known = error.__context__
        if not isinstance(known, ApiRefusal):
            raise
        if type(error) is not Error and not isinstance(known, type(error)):
            raise  # it is about the page
        for name in ('page', 'title', 'site'):
            if hasattr(error, name):
                setattr(known, name, getattr(error, name))
        raise known from known.__cause__
