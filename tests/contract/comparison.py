"""Tell how a live answer differs from the recorded one.

What cannot be equal (tokens, times, request ids) is compared by its form only;
everything else, down to the wording of messages, by its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .jwt import readable

#: Numbered by each wiki as it goes along: the type is compared, not the value.
COUNTERS = frozenset(
    {
        'blockid',
        'last_revid',
        'lastrevid',
        'logid',
        'newrevid',
        'old_revid',
        'oldrevid',
        'pageid',
        'parentid',
        'rcid',
        'revid',
    }
)

#: Of the software that the wikis ran on: the type is compared, not the value.
SOFTWARE = frozenset({'author', 'dbversion', 'logo', 'phpversion'})

#: What the samples have instead of a stack trace.
CUT = '…'

#: The order of these has no meaning.
UNORDERED = frozenset({'groups', 'rights'})

FORMS = (
    (re.compile(r'\b[0-9a-f]{40}\+\\'), '<token>'),
    # The end is the central id of the account, which is compared.
    (re.compile(r'\b[0-9a-f]{32}(?=[0-9a-f]{1,3}\b)'), '<centralauthtoken of> '),
    (re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'), '<time>'),
    (re.compile(r'\d\d:\d\d, \d\d? [A-Z][a-z]+ \d{4}'), '<time>'),
    (re.compile(r'\b20\d{12}\|\d+'), '<time|id>'),
    (re.compile(r'^20\d{12}$'), '<time>'),
    (re.compile(r'^\[[0-9a-f]{24}\]'), '[<request>]'),
    (re.compile(r'Block ID #\d+'), 'Block ID #<id>'),
    (re.compile(r'(?<=called in )/\S*?(?=extensions/)'), ''),
)


def differences(recorded: Any, live: Any, where: str = '') -> Iterator[str]:
    """Yield a sentence for each difference between two decoded answers."""
    key = where.rpartition('/')[2]
    if recorded == CUT and isinstance(live, str):
        return
    if type(recorded) is not type(live):
        yield f'{where}: {_brief(live)} instead of {_brief(recorded)}'
    elif isinstance(recorded, dict):
        for name in recorded:
            if name not in live:
                yield f'{where}/{name}: missing, was {_brief(recorded[name])}'
            else:
                yield from differences(recorded[name], live[name], f'{where}/{name}')
        for name in live.keys() - recorded.keys():
            yield f'{where}/{name}: not in the recording, is {_brief(live[name])}'
    elif isinstance(recorded, list):
        yield from _list_differences(recorded, live, where)
    elif key not in COUNTERS | SOFTWARE and form(recorded) != form(live):
        yield f'{where}: {_brief(live)} instead of {_brief(recorded)}'


def form(value: Any) -> Any:
    """Replace in a string what differs between any two farms."""
    if isinstance(value, str):
        value = readable(value)
        for pattern, name in FORMS:
            value = pattern.sub(name, value)
    return value


def _list_differences(
    recorded: list[Any], live: list[Any], where: str
) -> Iterator[str]:
    key = where.rpartition('/')[2]
    if key in UNORDERED and all(isinstance(item, str) for item in recorded + live):
        lacking = sorted(set(recorded) - set(live))
        excess = sorted(set(live) - set(recorded))
        if lacking or excess:
            yield f'{where}: lacks {lacking}, has {excess} in excess'
        return
    if len(recorded) != len(live):
        yield f'{where}: {len(live)} items instead of {len(recorded)}'
    for number, pair in enumerate(zip(recorded, live, strict=False)):
        yield from differences(*pair, f'{where}/{number}')


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f'{text[:120]}…'
