"""Cells of tables for spreadsheets, which calculate what looks like a formula.

An apostrophe before such a cell keeps it text, and is taken off again where a table is
read as a list.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import unicodedata

from mw_tokens_plugin.protocol.lookalikes import is_invisible

#: What a formula begins with.
_FORMULA = frozenset('=+-@')


def as_cell(text: str) -> str:
    """Return a text as a spreadsheet leaves it alone.

    .. version-added:: 0.1

    >>> as_cell('=1+1')
    "'=1+1"

    :param text: the content of a cell
    """
    return f"'{text}" if _is_calculated(text) else text


def from_cell(cell: str) -> str:
    """Return the text that :func:`as_cell` has made a cell of.

    .. version-added:: 0.1
    """
    is_marked = cell.startswith("'") and _is_calculated(cell[1:])
    return cell[1:] if is_marked else cell


def _is_calculated(text: str) -> bool:
    """Tell whether a spreadsheet could take a text for a formula.

    Some pass over blanks and what is not displayed before it, and take wide and small
    forms of its signs for the signs. What has an apostrophe already gets one more, so
    that it can be read again.
    """
    if text.lstrip("'").startswith(('\t', '\r', '\n')):
        return True
    for character in text:
        if character == "'" or character.isspace() or is_invisible(character):
            continue
        return unicodedata.normalize('NFKC', character)[:1] in _FORMULA
    return False
