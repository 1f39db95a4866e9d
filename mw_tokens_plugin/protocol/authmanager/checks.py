"""Checks of values in an answer of AuthManager: their types, and limits of their size.

Answers hold texts of providers, so they are not trusted. What the values mean is left
to :mod:`.forms` and :mod:`mw_tokens_plugin.protocol.authmanager.steps`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mw_tokens_plugin.exceptions import UnexpectedAnswer

#: Characters of a text; a longer one is refused as a fault of the wiki.
MAX_TEXT_LENGTH = 65_536

#: Requests of a form, fields of a request, and options of a field.
MAX_ITEMS = 1_000

#: Characters of a value that an error shows.
_MAX_SHOWN = 80


def mapping(value: object, name: str) -> Mapping[Any, Any]:
    """Return a mapping.

    :param value: a part of an answer
    :param name: what it is called in errors; so it is in all functions here
    :raises UnexpectedAnswer: it is not a mapping
    """
    if not isinstance(value, Mapping):
        raise UnexpectedAnswer(f'{name} is {shown(value)} instead of a mapping.')
    return value


def items(value: object, name: str) -> list[Any]:
    """Return a list.

    :raises UnexpectedAnswer: it is not a list, or has too many items
    """
    if not isinstance(value, list):
        raise UnexpectedAnswer(f'{name} is {shown(value)} instead of a list.')
    check_number(value, name)
    return value


def check_number(values: Sequence[Any] | Mapping[Any, Any], name: str) -> None:
    """Check the number of items.

    :raises UnexpectedAnswer: there are too many
    """
    if len(values) > MAX_ITEMS:
        raise UnexpectedAnswer(f'The answer has {len(values)} {name}, too many.')


def text(value: object, name: str) -> str:
    """Return a text.

    :raises UnexpectedAnswer: it is not a text, is too long, or has a lone surrogate
    """
    if not isinstance(value, str):
        raise UnexpectedAnswer(f'{name} is {shown(value)} instead of a text.')
    if len(value) > MAX_TEXT_LENGTH:
        raise UnexpectedAnswer(f'{name} is a text of {len(value)} characters.')
    if not is_unicode(value):
        raise UnexpectedAnswer(f'{name} is {shown(value)}, which is not valid Unicode.')
    return value


def flag(data: Mapping[str, Any], name: str) -> bool:
    """Return a boolean; an empty string means true in formatversion 1.

    :param data: the mapping that holds it; a missing one is false
    :raises UnexpectedAnswer: it is something else
    """
    value = data.get(name, False)
    if not isinstance(value, bool) and value != '':
        raise UnexpectedAnswer(f'{name} is {shown(value)} instead of true or false.')
    return value is not False


def is_unicode(text: str) -> bool:
    """Return whether a text has no lone surrogates, which JSON can contain."""
    return not re.search('[\ud800-\udfff]', text)


def shown(value: object) -> str:
    """Return a value as errors show it: quoted, and cut where it is long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f'{text[:_MAX_SHOWN]}…'
