"""The options of campaigns as a ledger has them: known names, types and ranges only.

A ledger may be written by others, or by another version; what an option means is the
business of the script that carries the campaign out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from mw_tokens_plugin.actions.globaldelete import GlobalDelete
from mw_tokens_plugin.actions.globallock import GlobalLock, UndoGlobalLock
from mw_tokens_plugin.actions.pagedelete import (
    MOST_REVISIONS,
    CrosswikiDelete,
    UndoCrosswikiDelete,
)
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.exceptions import InvalidInput

Check = Callable[[Any], bool]


def check_options(campaign: Campaign, own: Collection[str] = ()) -> Campaign:
    """Return a campaign if its options are ones that its script could have stored.

    :param own: options of a script that is none of this package's, which are texts
    :raises InvalidInput: they are not
    """
    known = _KINDS.get(campaign.action, dict.fromkeys(own, _is_text))
    known = {**known, 'untrusted': _is_flag, 'stop_page': _is_stop_page}
    problem = _problem(campaign.options, known, _NEEDED.get(campaign.action, own))
    if problem:
        raise InvalidInput(
            f'The campaign {campaign.name!r} has options that this script does not '
            f'understand ({problem}): another version wrote them into the ledger, or '
            'somebody by hand. Nothing was sent.'
        )
    return campaign


def _problem(
    options: Mapping[str, Any], known: Mapping[str, Check], needed: Collection[str]
) -> str:
    """Say what is wrong with some options; empty if nothing is."""
    for name in sorted(set(needed) - options.keys()):
        return f'{name} is missing'
    for name, value in options.items():
        if name not in known:
            return f'{name!r} is unknown'
        if not known[name](value):
            return f'{name} has a value that it cannot have'
    return ''


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(most: int | None = None) -> Check:
    def check(value: Any) -> bool:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return is_number and value >= 0 and (most is None or value <= most)

    return check


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_one_of(*values: Any) -> Check:
    return lambda value: value in values and not isinstance(value, int | list)


def _has(parts: Mapping[str, Check], *needed: str) -> Check:
    return lambda value: (
        isinstance(value, Mapping) and not _problem(value, parts, needed)
    )


def _are_reasons(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value.values()))


def _is_stop_page(value: Any) -> bool:
    page = _has({'title': _is_text, 'revision': _is_number()}, 'title', 'revision')
    return value is None or page(value)


def _is_request_page(value: Any) -> bool:
    """Tell whether it may be the page that a campaign was made from."""
    return _has(_PAGE, *_PAGE)(value)


def _are_requests(value: Any) -> bool:
    return isinstance(value, list) and all(map(_has(_REQUEST, *_REQUEST), value))


_REQUEST: dict[str, Check] = {
    'heading': _is_text,
    'names': _are_texts,
    'agreed': _is_flag,
}
_PAGE: dict[str, Check] = {
    'title': _is_text,
    'revision': _is_number(),
    'kind': _is_text,
    'hidden': _are_texts,
    'requests': _are_requests,
    'close': _is_flag,
}


_UNDO: dict[str, Check] = {'undone': _is_text, 'record': _is_text}

#: What the options of each kind are.
_KINDS: dict[str, dict[str, Check]] = {
    GlobalLock.kind: {
        'locked': _is_flag,
        'hidden': _is_one_of(None, 'lists', 'suppressed'),
        'max_edits': _is_number(),
        'excluded': _are_texts,
        'ignored_groups': _are_texts,
        'page': _is_request_page,
    },
    UndoGlobalLock.kind: _UNDO,
    GlobalDelete.kind: {
        'max_wikis': _is_number(),
        'max_edits': _is_number(),
        'with_groups': _is_flag,
        'with_locked': _is_flag,
        'excluded': _are_texts,
        'ignored_groups': _are_texts,
    },
    CrosswikiDelete.kind: {
        'reasons': _are_reasons,
        'tags': _are_texts,
        'guards': _has(
            {
                'max_authors': _is_number(),
                'max_revisions': _is_number(MOST_REVISIONS),
                'wikis': _are_texts,
                'begun_by': _are_texts,
                'excluded': _are_texts,
                'not_wikis': _are_texts,
            }
        ),
        'generators': _are_texts,
        'not_wikis': _are_texts,
    },
    UndoCrosswikiDelete.kind: {**_UNDO, 'not_wikis': _are_texts},
}

#: Those that are always there.
_NEEDED = {
    GlobalLock.kind: ('locked', 'hidden', 'max_edits', 'excluded'),
    UndoGlobalLock.kind: ('undone',),
    GlobalDelete.kind: ('excluded',),
    CrosswikiDelete.kind: ('reasons', 'tags', 'guards'),
    UndoCrosswikiDelete.kind: ('undone',),
}
