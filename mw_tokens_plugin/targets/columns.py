"""Cells of one column in a list with columns, as spreadsheets and reports write them.

What the cells name is left to :mod:`.lists`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import quantity

#: Stands for the line after the one whose cells are read.
_NEXT = 'next'


def cell_reader(heading: str, column: str) -> Callable[[str], str]:
    """Return a function that returns the cell of a column in a line.

    :param heading: the first line, which shows what separates the columns
    :param column: the number or the heading of the column
    :raises InvalidInput: there is no such column
    """
    delimiter = max('\t,;', key=heading.count)

    def cells(line: str) -> tuple[list[str], bool]:
        """Return the cells, and whether the last one continues in the next line."""
        try:
            read = list(csv.reader([line.strip('\r\n'), _NEXT], delimiter=delimiter))
        except csv.Error as error:
            raise InvalidInput(f'A line has no columns: {error}.') from None
        return read[0], len(read) == 1

    found, is_open = cells(heading)
    titles = [cell.strip().casefold() for cell in found]
    if column.isdecimal():
        index = int(column) - 1
        is_open = False
    elif titles.count(column.casefold()) > 1:
        raise InvalidInput(
            f'-column:{column}: the first line has several such headings. Give the '
            'number of the column.'
        )
    elif column.casefold() in titles:
        index = titles.index(column.casefold())
    else:
        # The headings may be names that must not be shown.
        raise InvalidInput(
            f'-column:{column}: the first line has no such heading. It has '
            f'{quantity(len(titles), "column")}; a number will do, too.'
        )

    def cell(line: str) -> str:
        nonlocal is_open
        continues = is_open
        found, is_open = cells('"' + line if continues else line)
        if continues or is_open:
            raise InvalidInput(
                f'{line.strip()!r} is a part of a cell of several lines: give it in '
                'one line, or correct the quotation marks.'
            )
        if not 0 <= index < len(found) or not found[index].strip():
            raise InvalidInput(f'{line.strip()!r} has nothing in that column.')
        return found[index]

    return cell
