"""What requests ask for, by their headings and sections.

English headings are known, as on Meta; what else is in a request is left to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mw_tokens_plugin.requestpages.model import Problem, RequestKind


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with requests below it.

    :ivar kinds: what they can ask for; None if the heading does not say
    """

    level: int
    title: str
    kinds: frozenset[RequestKind] | None


_ACT = re.compile(
    r'(?P<un>\(un-?\)|\bun-?|\b)'
    r'(?P<act>lock|block|hid(?=e|ing|den)|suppress|oversight)(?:e?s|ed|ing|e|den|ion)?\b'
)
_TO_WHOM = re.compile(r'\s(?:for|of|against|concerning)\s|:')
#: Words that do not change what a heading asks for.
_PLAIN = frozenset(
    ' a accounts account additional an and global globally mass more multiple new or '
    'please request requests several some spambot spambots the user users'.split(' ')
)
_DO = {
    'lock': RequestKind.LOCK,
    'block': RequestKind.BLOCK,
    'hid': RequestKind.HIDE,
    'suppress': RequestKind.HIDE,
    'oversight': RequestKind.HIDE,
}
_BOTH = {
    RequestKind.LOCK: {RequestKind.LOCK, RequestKind.UNLOCK},
    RequestKind.BLOCK: {RequestKind.BLOCK, RequestKind.UNBLOCK},
}
_UNDO = {'lock': RequestKind.UNLOCK, 'block': RequestKind.UNBLOCK}


def kinds_of_section(title: str) -> frozenset[RequestKind] | None:
    """Return what the requests below a heading can ask for; None if it does not say."""
    title = title.lower()
    if not title.startswith('requests') or 'exempt' in title:
        return None
    return frozenset(kind for kind in acts_asked(title) if kind) or None


def kind_asked(
    title: str, above: Sequence[Section], has_sections: bool
) -> tuple[RequestKind | None, Problem | None]:
    """Return what a request asks for, or why that is not certain.

    :param has_sections: whether the page has sections for requests of some kinds
    """
    what = _TO_WHOM.split(title.lower(), maxsplit=1)[0]
    asked = set(acts_asked(what)) if _is_plain(what) else set()
    if asked == {RequestKind.LOCK, RequestKind.HIDE}:
        asked = {RequestKind.HIDE}
    if len(asked) != 1:
        return None, Problem.NO_KIND
    (kind,) = asked
    if kind is None:
        return None, Problem.NO_API
    if not above and not has_sections:
        return kind, None
    allowed = next((s.kinds for s in reversed(above) if s.kinds), frozenset())
    if kind not in allowed:
        return None, Problem.OTHER_SECTION
    return kind, None


def kind_if_agreed(
    title: str, above: Sequence[Section], has_sections: bool
) -> RequestKind | None:
    """Return what a heading asks for that asks for the opposite as well.

    :return: a lock or a block, in a section for both; else None
    """
    what = _TO_WHOM.split(title.lower(), maxsplit=1)[0]
    asked = set(acts_asked(what)) if _is_plain(what) else set()
    for kind, both in _BOTH.items():
        if asked != both:
            continue
        if not above and not has_sections:
            return kind
        allowed = next((s.kinds for s in reversed(above) if s.kinds), frozenset())
        return kind if allowed.issuperset(both) else None
    return None


def _is_plain(words: str) -> bool:
    """Return whether no word can reverse a request, such as "appeal of" a lock."""
    return all(
        word in _PLAIN or _ACT.fullmatch(word)
        for word in re.split(r'[\s/&+,.;]+', words)
    )


def acts_asked(words: str) -> Iterator[RequestKind | None]:
    """Yield what some words ask for; None stands for making something visible."""
    for found in _ACT.finditer(words):
        both = found['un'].startswith('(')
        if both or not found['un']:
            yield _DO[found['act']]
        if found['un']:
            yield _UNDO.get(found['act'])
