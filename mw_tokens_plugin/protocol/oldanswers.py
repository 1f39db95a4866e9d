"""Answers of wikis that know no ``formatversion=2``, in the form that was asked for.

Before MediaWiki 1.25 it is ignored. Only what a wiki says of itself is turned round,
without which pywikibot can do nothing on it.

https://www.mediawiki.org/wiki/API:Siteinfo
https://www.mediawiki.org/wiki/API:Data_formats
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Parameters that go along with other requests; old wikis warn of them and go on.
_OPTIONAL = frozenset(
    'assert assertuser continue curtimestamp formatversion requestid rvslots '
    'type'.split()
)

_UNKNOWN = re.compile(r"Unrecognized parameters?: ('\w+'(?:, '\w+')*)")

#: Keys of what siteinfo tells in the place of ``*``.
_NAMES = {'namespacealiases': 'alias', 'languages': 'name', 'skins': 'name'}


def in_second_version(answer: Mapping[str, Any], *, wanted: bool) -> dict[str, Any]:
    """Return an answer with what a wiki says of itself as ``formatversion=2`` has it.

    Warnings that such a wiki does not know the parameter, or another that it can do
    without, are left out.

    :param answer: the decoded body, which stays as it is
    :param wanted: whether that format was asked for
    """
    found = dict(answer)
    query = answer.get('query')
    if wanted and isinstance(query, Mapping) and _is_first_version(query):
        found['query'] = {name: _turned(name, part) for name, part in query.items()}
    warnings = answer.get('warnings')
    if isinstance(warnings, Mapping) and 'main' in warnings:
        if not (left := _without_optional(warnings)):
            del found['warnings']
        else:
            found['warnings'] = left
    return found


def _is_first_version(query: Mapping[str, Any]) -> bool:
    """Tell whether a part of siteinfo has the form of ``formatversion=1``."""
    spaces, general = query.get('namespaces'), query.get('general')
    if isinstance(spaces, Mapping):
        items = [item for item in spaces.values() if isinstance(item, Mapping)]
        return bool(items) and all('name' not in item for item in items)
    if isinstance(general, Mapping):
        return 'magiclinks' not in general
    return any(
        isinstance(query.get(name), list)
        and any(isinstance(i, Mapping) and '*' in i for i in query[name])
        for name in _NAMES
    )


def _turned(name: str, part: Any) -> Any:
    if name == 'namespaces' and isinstance(part, Mapping):
        return {
            number: _named(space, 'name') if isinstance(space, Mapping) else space
            for number, space in part.items()
        }
    if name in _NAMES and isinstance(part, list):
        return [
            _named(item, _NAMES[name]) if isinstance(item, Mapping) else item
            for item in part
        ]
    if name == 'general' and isinstance(part, Mapping):
        general = _named(part, '')
        for key in 'thumblimits', 'imagelimits':
            listed = general.get(key) or []
            if isinstance(listed, list):
                general[key] = dict(enumerate(listed))
        if not isinstance(general.get('magiclinks'), Mapping):
            general['magiclinks'] = {}
        return general
    return part


def _named(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an item of siteinfo with its name, and its flags as truth values."""
    found = {
        key: True if value == '' and key not in ('*', *_TEXTS) else value
        for key, value in item.items()
    }
    if name and '*' in found:
        found[name] = found.pop('*')
    return found


#: Texts of siteinfo that may be empty.
_TEXTS = frozenset(
    'articlepath scriptpath script canonical name linkprefix linktrail server base '
    'linkprefixcharset fallback8bitEncoding logo sitename timezone'.split()
)


def _without_optional(warnings: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out that the wiki does not know what it can do without."""
    left = dict(warnings)
    told = warnings['main']
    if isinstance(told, Mapping) and isinstance(told.get('*'), str):
        lines = [line for line in told['*'].splitlines() if not _is_optional(line)]
        left['main'] = {**told, '*': '\n'.join(lines)}
        if not lines:
            del left['main']
    return left


def _is_optional(line: str) -> bool:
    match = _UNKNOWN.fullmatch(line)
    names = set(re.findall(r'\w+', match[1])) if match else {line}
    return names <= _OPTIONAL
