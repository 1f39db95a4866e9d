"""Reading global accounts for a plan, where the wiki may fail to answer for some.

An account that cannot be read is yielded with its error, and does not affect the
others. What follows from that is decided by the action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from mw_tokens_plugin.campaign.parallel import in_parallel
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    BadUsername,
    InternalApiError,
    NoSuchAccount,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    RenameInProgress,
    UnexpectedAnswer,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.site.mixins import PluginMixin

Key = TypeVar('Key', str, int)

#: What may be about one account, and what is about the operator or the wiki.
_ABOUT_ACCOUNT = (ApiRefusal, UnexpectedAnswer, WikiUnreachable)
_ABOUT_OTHERS = (
    BadUsername,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    RenameInProgress,
)


def read_accounts(
    site: PluginMixin,
    keys: Sequence[Key],
    read: Callable[[Sequence[Key]], Iterable[GlobalAccount]],
) -> Iterator[tuple[Key, GlobalAccount | Exception]]:
    """Yield each account, or the error that the wiki answers in its place.

    :param site: the central wiki
    :param keys: names or central ids
    :param read: reads some of them, in their order
    :raises TokensPluginError: the wiki does not work at all
    """
    if not site.lists_global_users():
        # Each costs a request anyway, so that a few are read at a time.
        yield from _read_singly(site, keys, read)
        return
    works = False

    def some(part: Sequence[Key]) -> Iterator[tuple[Key, GlobalAccount | Exception]]:
        nonlocal works
        try:
            found = list(read(part))
        except _ABOUT_OTHERS:
            raise
        except _ABOUT_ACCOUNT as error:
            if not works:
                _check_works(site, error)
                works = True
            if len(part) == 1:
                yield part[0], error
                return
            half = len(part) // 2
            yield from some(part[:half])
            yield from some(part[half:])
        else:
            works = True
            yield from zip(part, found, strict=True)

    if keys:
        yield from some(keys)


def _read_singly(
    site: PluginMixin,
    keys: Sequence[Key],
    read: Callable[[Sequence[Key]], Iterable[GlobalAccount]],
) -> Iterator[tuple[Key, GlobalAccount | Exception]]:
    def one(key: Key) -> GlobalAccount:
        (account,) = read([key])
        return account

    works = False
    for key, found in in_parallel(one, keys):
        if isinstance(found, Exception):
            is_about_it = isinstance(found, _ABOUT_ACCOUNT)
            if not is_about_it or isinstance(found, _ABOUT_OTHERS):
                raise found
            if not works:
                _check_works(site, found)
        works = True
        yield key, found


def does_not_exist(error: Exception) -> bool:
    """Tell whether an error says that there can be no such account."""
    if isinstance(error, ApiRefusal):
        return isinstance(error, NoSuchAccount) or error.code.startswith('baduser')
    return False


def _check_works(site: PluginMixin, error: Exception) -> None:
    """Raise the error again if the wiki cannot read the operator's account either.

    :raises TokensPluginError: it cannot
    """
    operator = site.username()
    if not operator:
        raise error
    try:
        site.global_account(operator)
    except (InternalApiError, UnexpectedAnswer, WikiUnreachable):
        raise error from None
