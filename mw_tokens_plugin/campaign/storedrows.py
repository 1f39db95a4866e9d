"""Finding rows of a ledger with values that no version has written.

SQLite keeps anything in any column, and others may write there. What the options of a
campaign can be is in :mod:`mw_tokens_plugin.cli.storedoptions`, and what a row means in
:mod:`.ledger`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

Check = Callable[[Any], bool]

#: What a whole number that may be missing is.
_NUMBER = (int, type(None))

#: Mappings and lists within each other; those of this package have some five.
_MAX_LEVELS = 50

#: Beyond these years arithmetic with moments has no result.
_YEARS = range(1970, 2200)


def decoded(content: str | bytes) -> Any:
    """Return the value of a column with JSON.

    :param content: what the driver gives; that of PostgreSQL gives bytes
    :raises ValueError: it is no JSON, or has more levels than any version has written
    """
    text = content.decode() if isinstance(content, bytes) else content
    try:
        value = json.loads(text)
        is_flat = text.count('[') + text.count('{') <= _MAX_LEVELS
    except RecursionError:
        raise ValueError(f'it has more than {_MAX_LEVELS} levels') from None
    if not is_flat and _has_levels(value, _MAX_LEVELS):
        raise ValueError(f'it has more than {_MAX_LEVELS} levels')
    return value


def _has_levels(value: Any, number: int) -> bool:
    """Tell whether a value has more than some mappings and lists within each other."""
    if not isinstance(value, dict | list):
        return False
    items = value.values() if isinstance(value, dict) else value
    return not number or any(_has_levels(item, number - 1) for item in items)


def check_columns(
    row: Mapping[str, Any],
    texts: Collection[str],
    optional: Collection[str],
    moments: Collection[str],
    numbers: Collection[str] = (),
) -> None:
    """Refuse a row with a value of another type than its column's.

    :param texts: columns with a text
    :param optional: columns with a text or nothing
    :param moments: columns with a moment or nothing
    :param numbers: columns with a whole number or nothing
    :raises ValueError: there is such a value
    """
    for name in (*texts, *optional):
        value = row[name]
        if not isinstance(value, str) and (name in texts or value is not None):
            raise ValueError(f'{name} is no text')
    for name in numbers:
        if not isinstance(row[name], _NUMBER):
            raise ValueError(f'{name} is not a number')
    for name in moments:
        checked_moment(row[name], name)


def checked_moment(value: Any, name: str) -> datetime | None:
    """Return a moment, or nothing.

    :raises ValueError: it is neither, or one that no version has written
    """
    if value is None:
        return None
    if not isinstance(value, datetime) or value.year not in _YEARS:
        raise ValueError(f'{name} is no moment')
    return value


def checked_text(value: Any, name: str) -> str:
    """Return a text, which is empty for nothing.

    :raises ValueError: it is neither
    """
    if not isinstance(value, str | None):
        raise ValueError(f'{name} is no text')
    return value or ''


def checked_number(value: Any, name: str) -> int:
    """Return a whole number, which is 0 for nothing.

    :raises ValueError: it is neither
    """
    if not isinstance(value, int | None):
        raise ValueError(f'{name} is not a number')
    return value or 0


def check_facts(facts: Any, kind: str) -> None:
    """Refuse facts of a target that its script could not have stored.

    Those of scripts of other packages may be anything.

    :param kind: that of the campaign
    :raises ValueError: they are not
    """
    if not isinstance(facts, Mapping):
        raise ValueError('its facts are no facts')
    if kind not in _KINDS:
        return
    for name, value in facts.items():
        check = _FACTS.get(name)
        if check is not None and value is not None and not check(value):
            raise ValueError(f'the fact {name!r} has a value that it cannot have')


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def _are_texts_by_name(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_are_texts, value.values()))


def _are_authors(value: Any) -> bool:
    return isinstance(value, list) and all(a is None or _is_text(a) for a in value)


def _are_pairs(first: type) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, list) and all(
            isinstance(pair, list)
            and len(pair) == 2
            and isinstance(pair[0], first)
            and (pair[1] is None or isinstance(pair[1], str))
            for pair in value
        )

    return check


def _is_block(value: Any) -> bool:
    if not isinstance(value, Mapping) or not _SETTINGS.issubset(value):
        return False
    texts = ('target', 'by', 'timestamp', 'reason')
    return (
        _is_text(value['expiry'])
        and all(isinstance(value[name], bool) for name in _SETTINGS - {'expiry'})
        and all(isinstance(value.get(name), str | None) for name in texts)
    )


#: The settings of a global block.
_SETTINGS = frozenset(
    {'expiry', 'anon_only', 'account_creation', 'autoblock', 'block_email'}
)

#: The kinds of campaigns of this package.
_KINDS = frozenset(
    {
        'global_lock',
        'undo_global_lock',
        'global_block',
        'undo_global_block',
        'global_delete',
        'crosswiki_delete',
        'undo_crosswiki_delete',
        'crosswiki_rollback',
        'undo_crosswiki_rollback',
        'crosswiki_block',
        'undo_crosswiki_block',
        'crosswiki_cleanup',
        'undo_crosswiki_cleanup',
    }
)

_FACTS: dict[str, Check] = {
    **dict.fromkeys(('name', 'hidden', 'home', 'registration', 'looked_at'), _is_text),
    **dict.fromkeys(('central_id', 'edits', 'log_entry', 'locked'), _is_number),
    **dict.fromkeys(('problem', 'changed_by'), _is_text),
    **dict.fromkeys(('groups', 'attached', 'protection'), _are_texts),
    'local_groups': _are_texts_by_name,
    **dict.fromkeys(('wiki', 'title', 'deleted_as', 'moved_to'), _is_text),
    **dict.fromkeys(('refusal', 'not_restorable'), _is_text),
    **dict.fromkeys(('sysops', 'page_id', 'unknown', 'more'), _is_number),
    **dict.fromkeys(('now', 'then'), _is_block),
    'target': _is_text,
    **dict.fromkeys(('locked_by', 'locked_at', 'locked_why'), _is_text),
    **dict.fromkeys(
        ('latest', 'restores', 'written', 'reverted', 'base', 'single'), _is_number
    ),
    **dict.fromkeys(('user', 'last', 'ends', 'log_before'), _is_text),
    'block': _is_number,
    'latest_sha1': _is_text,
    'parts': _are_texts,
    **dict.fromkeys(('ids', 'changed_ids'), _are_numbers),
    **dict.fromkeys(('how', 'what', 'sha1', 'latest_user', 'restores_user'), _is_text),
    **dict.fromkeys(('origin', 'diff'), _is_text),
    **dict.fromkeys(('version', 'restores_version'), _are_authors),
    'local': _is_number,
    'authors': _are_authors,
    'revisions': _are_pairs(int),
    'versions': _are_pairs(str),
}
