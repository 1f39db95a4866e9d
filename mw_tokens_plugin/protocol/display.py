"""Text from outside, made safe to show: its control characters are escaped.

Reasons in a shared ledger, error texts of wikis and gateways, and names can hold
characters that move a terminal's cursor, rename its window, or reorder letters. Names
that look like others are left to :mod:`.lookalikes`.
"""

from __future__ import annotations

import re

#: Control characters (C0 without tab and line feed, DEL, C1), line and paragraph
#: separators, bidirectional embeddings, overrides and isolates, and lone surrogates.
_CONTROLS = re.compile(
    '[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]'
)
_CONTROLS_AND_BLANKS = re.compile(f'[\t\n]|{_CONTROLS.pattern}')
_SHORT = {'\t': '\\t', '\n': '\\n', '\r': '\\r'}


def find_control(text: str) -> str | None:
    r"""Return the first character that must not be shown as it is, escaped.

    Tabs and line feeds count, too.

    .. version-added:: 0.1

    >>> find_control('spam\x1b[2J')
    '\\x1b'

    :param text: text from outside
    :return: None if there is no such character
    """
    found = _CONTROLS_AND_BLANKS.search(text)
    return found and _escape(found)


def displayable(text: str, *, lines: bool = False) -> str:
    r"""Return a text with its control characters escaped, as in ``\x1b``.

    .. version-added:: 0.1

    >>> displayable('spam\x1b]0;title\x07')
    'spam\\x1b]0;title\\x07'

    :param text: text from outside
    :param lines: whether line feeds are kept, for text that has several lines
    """
    text = _CONTROLS.sub(_escape, text)
    return text if lines else text.replace('\n', '\\n')


def _escape(found: re.Match[str]) -> str:
    if found[0] in _SHORT:
        return _SHORT[found[0]]
    number = ord(found[0])
    return f'\\x{number:02x}' if number < 0x100 else f'\\u{number:04x}'
