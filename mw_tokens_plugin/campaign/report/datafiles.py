"""The files of a report for programs: JSON and CSV."""

from __future__ import annotations

import csv
import re
from typing import Any, TextIO

from mw_tokens_plugin.campaign.report.contents import Contents, Row
from mw_tokens_plugin.campaign.report.texts import iso, safe, to_json
from mw_tokens_plugin.protocol.cells import as_cell

_COLUMNS = (
    'target',
    'central_id',
    'state',
    'changed',
    'attempts',
    'started_at',
    'ended_at',
    'why',
)


def write_json(contents: Contents, file: TextIO) -> None:
    """Write a report as one JSON object, a target to a line."""
    campaign = contents.campaign
    about = {
        'campaign': campaign.name,
        'action': campaign.action,
        'wiki': campaign.wiki,
        'operator': campaign.operator,
        'reason': campaign.reason,
        'created_at': iso(campaign.created_at),
        'planned_at': iso(campaign.planned_at),
        'confirmed_at': iso(campaign.confirmed_at),
        'finished_at': iso(campaign.finished_at),
        'counts': {state.value: count for state, count in contents.counts.items()},
        'changed': contents.changed,
        'held': {reason.value: count for reason, count in contents.skipped.items()},
        'errors': contents.errors(),
    }
    file.write(to_json(about, indent=1)[:-2])
    file.write(',\n "targets": [')
    for number, row in enumerate(contents.rows()):
        target: dict[str, Any] = {**_values(row), 'changed': row.changed}
        if row.step:
            target['step'] = row.step
        if row.facts is not None:
            # Only the wiki knows whether authors are hidden.
            facts = row.facts.items()
            target['facts'] = {key: fact for key, fact in facts if key != 'authors'}
        file.write(',\n  ' if number else '\n  ')
        file.write(to_json(target))
    file.write('\n ]\n}\n')


def write_csv(contents: Contents, file: TextIO) -> None:
    """Write a report as a table for spreadsheets."""
    more = ('step',) if contents.campaign.stages > 1 else ()
    columns = (*_COLUMNS, *more)
    writer = csv.DictWriter(file, columns, lineterminator='\r\n')
    writer.writeheader()
    for row in contents.rows():
        values = {**_values(row), 'step': row.step}
        writer.writerow({key: _cell(values[key]) for key in columns})


def _values(row: Row) -> dict[str, Any]:
    return {
        'target': row.label,
        'central_id': row.central_id,
        'state': row.state.value,
        'changed': '' if row.changed is None else int(row.changed),
        'attempts': row.attempts,
        'started_at': iso(row.started_at),
        'ended_at': iso(row.ended_at),
        'why': row.why,
    }


def _cell(value: object) -> object:
    """Keep a spreadsheet from reading a name as a formula, and a row in one line."""
    if not isinstance(value, str):
        return '' if value is None else value
    return as_cell(safe(re.sub(r'[\r\n]+', ' ', value)))
