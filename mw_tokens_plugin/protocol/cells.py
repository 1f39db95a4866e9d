"""Cells of tables for spreadsheets, which evaluate text that looks like a formula.

An apostrophe before such a cell keeps it a text, and is removed again where a table is
read as a list. Writing and reading tables is left to the caller.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import unicodedata

from mw_tokens_plugin.protocol.lookalikes import is_invisible

#: The first characters of formulas.
_FORMULA = frozenset('=+-@')


def as_cell(text: str) -> str:
    """Return a text so that a spreadsheet shows it and does not evaluate it.

    .. version-added:: 0.1

    >>> as_cell('=1+1')
    "'=1+1"

    :param text: the content of a cell
    """
    return f"'{text}" if _is_evaluated(text) else text


def from_cell(cell: str) -> str:
    """Return the text of a cell that :func:`as_cell` has made.

    .. version-added:: 0.1

    :param cell: the content of the cell
    """
    is_marked = cell.startswith("'") and _is_evaluated(cell[1:])
    return cell[1:] if is_marked else cell


def _is_evaluated(text: str) -> bool:
    """Return whether a spreadsheet could evaluate a text.

    Some ignore blanks and invisible characters before a formula, and accept wide and
    small forms of its signs. A text that has an apostrophe already gets another one, so
    that it can be read again.
    """
    if text.lstrip("'").startswith(('\t', '\r', '\n')):
        return True
    for character in text:
        if character == "'" or character.isspace() or is_invisible(character):
            continue
        return unicodedata.normalize('NFKC', character)[:1] in _FORMULA
    return False
