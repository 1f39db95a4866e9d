"""Names and lists that bots pass to methods, read or refused with a sentence.

Whether there is such an account or group is left to the methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pywikibot
from pywikibot.site import BaseSite

from mw_tokens_plugin.exceptions import InvalidInput, InvalidName
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount

#: The namespace of the pages of users.
_USER = 2


def account_text(value: Any) -> str:
    """Return the name of an account, as it was given.

    :param value: a text, or a :class:`pywikibot.User`
    :raises InvalidName: it is neither
    """
    if isinstance(value, str):
        return value
    if _is_page(value) and value.namespace() == _USER:
        return str(value.title(with_ns=False, with_section=False))
    raise InvalidName(
        f'{value!r} is not the name of an account: give a text or a pywikibot.User.'
    )


def account_texts(values: Any) -> Iterator[str]:
    """Return the names of accounts, one by one as they are wanted.

    :param values: names as for :func:`account_text`, or a single one
    :raises InvalidInput: it is not iterable
    """
    single = isinstance(values, str) or _is_page(values)
    return map(account_text, [values] if single else _iterable(values, 'accounts'))


def account_ids(values: Any) -> Iterator[int]:
    """Return central ids, one by one as they are wanted.

    :param values: numbers, or texts of digits; or a single one
    :raises InvalidInput: it is not iterable, or an id is not a number
    """
    single = isinstance(values, (str, int))
    return map(_central_id, [values] if single else _iterable(values, 'central ids'))


def words(values: Any, what: str) -> tuple[str, ...]:
    """Return words, such as the names of groups or token types.

    :param values: words, or a single one
    :param what: what they are, for the error
    :raises InvalidInput: it is not iterable, or holds something else
    """
    found = (values,) if isinstance(values, str) else tuple(_iterable(values, what))
    for word in found:
        text_of(word, what)
    return found


def text_of(value: Any, what: str) -> str:
    """Return a text.

    :param value: what was given
    :param what: what it is, for the error
    :raises InvalidInput: it is no text
    """
    if not isinstance(value, str):
        raise InvalidInput(f'{what}: {value!r} is not a text.')
    return value


def reason_text(value: Any) -> str:
    """Return the reason for a write; without one, some modules break down.

    :raises InvalidInput: it is no text
    """
    if not isinstance(value, str):
        raise InvalidInput(
            f'reason={value!r}: give a text for the log. It may be empty.'
        )
    return value


def number_of(value: Any, what: str) -> int | None:
    """Return how many of something are wanted; None for all.

    :param what: the parameter, for the error
    :raises InvalidInput: it must be a number of 0 or more
    """
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise InvalidInput(f'{what}={value!r}: give a number, or None for all.')
    return number


def wiki_named(where: Any) -> Any:
    """Return what names a wiki.

    :param where: a text, a site object, or a local account
    :raises InvalidInput: it must be one of them
    """
    if not isinstance(where, (str, BaseSite, AttachedAccount)):
        raise InvalidInput(
            f'{where!r} does not name a wiki: give a code, family:code, a database '
            'name, a URL or a site object.'
        )
    return where


def _is_page(value: Any) -> bool:
    # Where the plugin is enabled in user-config.py, there are no pages yet.
    return isinstance(value, pywikibot.page.BasePage)


def _iterable(values: Any, what: str) -> Iterable[Any]:
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        raise InvalidInput(f'{what}: {values!r} is not a list of texts.')
    return values


def _central_id(value: Any) -> int:
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    raise InvalidInput(f'{value!r} is not a central id: give a number.')
