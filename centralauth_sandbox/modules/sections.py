"""Sections of a page: the text from one heading to the next of its level or above."""

from __future__ import annotations

import re

from ..errors import ApiError

_HEADING = re.compile(r'^(={1,6})[^\n]*?[^=\n][^\n]*?\1[ \t]*$', re.MULTILINE)


def section_of(text: str, number: str) -> str:
    """Return a section with its subsections; 0 is what comes before all of them.

    :raises ApiError: no section has that number.
    """
    start, end = _place(text, number)
    return text[start:end].rstrip('\n')


def with_section(text: str, number: str, new: str) -> str:
    """Return a text with another section in the place of one.

    :raises ApiError: no section has that number.
    """
    start, end = _place(text, number)
    parts = (text[:start].rstrip('\n'), new.strip('\n'), text[end:].lstrip('\n'))
    return '\n\n'.join(part for part in parts if part)


def _place(text: str, number: str) -> tuple[int, int]:
    if not number.isdecimal():
        raise ApiError(
            'invalidsection',
            'The "section" parameter must be a valid section ID or "new".',
        )
    found = [(m.start(), len(m[1])) for m in _HEADING.finditer(text)]
    index = int(number)
    if index == 0:
        return 0, found[0][0] if found else len(text)
    if index > len(found):
        raise ApiError('nosuchsection', f'There is no section {number}.')
    start, level = found[index - 1]
    following = (at for at, depth in found[index:] if depth <= level)
    return start, next(following, len(text))
