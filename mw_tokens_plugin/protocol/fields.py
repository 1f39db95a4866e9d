"""Single values of the API's answers, in both formatversions.

A missing value is None or empty; a value of another type raises :exc:`ValueError`,
which :func:`.answers.expected_form` turns into the plugin's own exception. Which values
an answer has is left to the modules that read it.

https://www.mediawiki.org/wiki/API:Data_formats
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any


def flag(item: Mapping[str, Any], name: str) -> bool:
    """Read a boolean: an empty string is true in formatversion 1."""
    value = item.get(name)
    if value is None:
        return False
    if not isinstance(value, bool | str):
        raise ValueError(f'{name} is {value!r}')
    return value is not False


def text(item: Mapping[str, Any], name: str) -> str:
    """Read a text that must be there."""
    value = item[name]
    if not isinstance(value, str):
        raise ValueError(f'{name} is {value!r}')
    return value


def optional_text(item: Mapping[str, Any], name: str) -> str | None:
    """Read a text that may be missing."""
    return None if item.get(name) is None else text(item, name)


def number(item: Mapping[str, Any], name: str) -> int:
    """Read a number that must be there; some modules send digits."""
    value = item[name]
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f'{name} is {value!r}')
    found = int(value)
    if not is_storable(found):
        raise ValueError(f'{name} is a number that no database has')
    return found


def is_storable(value: int) -> bool:
    """Return whether databases, which hold the numbers of wikis, can hold a number."""
    return -(2**63) <= value < 2**63


def optional_number(item: Mapping[str, Any], name: str) -> int | None:
    """Read a number that may be missing, or an empty text."""
    return None if item.get(name) in (None, '') else number(item, name)


def texts(item: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Read a list of texts, which PHP sends as a mapping where its keys have gaps."""
    value = item.get(name)
    if value is None:
        return ()
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError(f'{name} is {value!r}')
    return tuple(value)


def timestamp(value: object) -> datetime | None:
    """Read a time stamp; None for absent or unreadable ones."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.replace('Z', '+00:00'))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def as_timestamp(moment: datetime) -> str:
    """Write a moment in UTC as :func:`timestamp` reads it, and as the API wants it."""
    # %Y has fewer than four digits for early years.
    return f'{moment.year:04}-{moment:%m-%dT%H:%M:%SZ}'
