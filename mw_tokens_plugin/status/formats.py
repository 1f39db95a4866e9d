"""The state of names as JSON, CSV and wikitext, for programs, spreadsheets and pages.

They are in English. Names that must not be shown are replaced before, by
:mod:`.records`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TextIO

from mw_tokens_plugin.campaign.report.texts import safe, to_json
from mw_tokens_plugin.campaign.report.wikitext import MAX_ROWS, nowiki
from mw_tokens_plugin.protocol.cells import as_cell
from mw_tokens_plugin.status.records import DETAILS, Status

__all__ = ['FORMATS', 'Words', 'texts']

#: How a value is written: yes, no, and that it is not readable.
Words = Callable[[object], str]


def english(value: object) -> str:
    """Return a value as a cell has it."""
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    return '' if value is None else str(value)


def texts(status: Status, words: Words = english) -> dict[str, str]:
    """Return what is known of a name as text, by the names of the fields.

    :param words: writes single values
    """
    cells = {
        key: words(value)
        for key, value in status.items()
        if isinstance(value, bool | str | int | None)
    }
    cells['covered_by'] = '; '.join(
        f'{each.range} {each.expiry}' for each in status.covered_by
    )
    cells['edits_by_wiki'] = '; '.join(
        f'{wiki} {count}' for wiki, count in (status.edits_by_wiki or {}).items()
    )
    groups = [*(status.groups or ())]
    for wiki, names in (status.local_groups or {}).items():
        groups += [f'{name}@{wiki}' for name in names]
    cells['groups'] = ', '.join(groups)
    cells.pop('local_groups', None)
    return cells


def columns(details: bool) -> list[str]:
    """Return the fields that a table has.

    :param details: whether there are those that cost a request for each name
    """
    names = [key for key in Status.__dataclass_fields__ if key != 'local_groups']
    return [key for key in names if details or key not in DETAILS]


def write_json(found: Sequence[Status], file: TextIO, *, details: bool) -> None:
    """Write a list with an object for each name."""
    wanted = {*columns(details), *(['local_groups'] if details else ())}
    rows = [
        {key: value for key, value in asdict(status).items() if key in wanted}
        for status in found
    ]
    file.write(f'{to_json(rows, indent=1)}\n')


def write_csv(found: Sequence[Status], file: TextIO, *, details: bool) -> None:
    """Write a table for spreadsheets."""
    names = columns(details)
    writer = csv.DictWriter(file, names, extrasaction='ignore', lineterminator='\r\n')
    writer.writeheader()
    for status in found:
        cells = texts(status).items()
        writer.writerow({key: as_cell(_line(text)) for key, text in cells})


def write_wikitext(found: Sequence[Status], file: TextIO, *, details: bool) -> None:
    """Write a table for a page of a wiki, without the columns that are empty."""
    rows = [texts(status) for status in found]
    names = [key for key in columns(details) if any(row[key] for row in rows)]
    headings = ' !! '.join(name.replace('_', ' ') for name in names)
    file.write(f'{{| class="wikitable sortable"\n! {headings}\n')
    for row in rows[:MAX_ROWS]:
        cells = ' || '.join(nowiki(_line(row[name])) for name in names)
        file.write(f'|-\n| {cells}\n')
    if (more := len(found) - MAX_ROWS) > 0:
        file.write(f'|-\n| colspan="{len(names)}" | and {more} more\n')
    file.write('|}\n')


#: What writes each format but the table.
FORMATS: Mapping[str, Callable[..., None]] = {
    'json': write_json,
    'csv': write_csv,
    'wikitext': write_wikitext,
}


def _line(text: str) -> str:
    return safe(re.sub(r'[\r\n]+', ' ', text))
