"""The state of names for the operator: a table at a terminal, else a line for each.

Names that must not be shown are replaced before, by :mod:`.records`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.protocol.lookalikes import marked
from mw_tokens_plugin.status.formats import columns, english, texts
from mw_tokens_plugin.status.records import NOT_READABLE, Status

__all__ = ['changes', 'show']

#: Columns in which every table fits.
_UNLIMITED = 100_000

#: Fields with a moment.
_MOMENTS = ('locked_since', 'blocked_since', 'block_expiry')


def show(found: Sequence[Status], console: Console, *, details: bool) -> None:
    """Show what is known of some names."""
    headings = _headings()
    rows = [_cells(status) for status in found]
    shown = [key for key in columns(details) if key in headings]
    used = [key for key in shown if any(row[key] for row in rows)]
    table = Table()
    for key in used:
        table.add_column(headings[key], overflow='fold')
    for row in rows:
        table.add_row(*(Text(row[key]) for key in used))
    unlimited = console.options.update(width=_UNLIMITED)
    fits = console.measure(table, options=unlimited).maximum <= console.width
    if console.is_terminal and fits:
        console.print(table)
        return
    for row in rows:
        about = [f'{headings[key]} {row[key]}' for key in used[1:] if row[key]]
        print(f'{row["name"]}: {"; ".join(about)}', file=console.file)


def changes(before: Sequence[Status], after: Sequence[Status]) -> Iterator[str]:
    """Yield a line for each name of which something is different than before."""
    headings = _headings()
    for one, other in zip(before, after, strict=True):
        old, new = _cells(one), _cells(other)
        nothing = message('global_status-nothing')
        differences = [
            message(
                'global_status-changed',
                field=headings[key],
                before=old[key] or nothing,
                after=new[key] or nothing,
            )
            for key in headings
            if key != 'name' and old[key] != new[key]
        ]
        if differences:
            yield f'{new["name"]}: {"; ".join(differences)}'


def _cells(status: Status) -> dict[str, str]:
    cells = texts(status, _words)
    cells['name'] = marked(status.name)
    for key in _MOMENTS:
        cells[key] = cells[key].replace('T', ' ').removesuffix('Z')
    levels = {'no': False, 'yes': True}
    cells['hidden'] = _words(levels.get(str(status.hidden), status.hidden))
    cells['kind'] = {
        'account': '',
        'temporary': message('global_status-kind-temporary'),
        'address': message('global_status-kind-address'),
        'range': message('global_status-kind-range'),
    }[status.kind]
    return {key: displayable(text) for key, text in cells.items()}


def _words(value: object) -> str:
    if value is True:
        return message('global_status-yes')
    if value is False:
        return message('global_status-no')
    if value == NOT_READABLE:
        return message('global_status-not-readable')
    return english(value)


def _headings() -> Mapping[str, str]:
    return {
        'name': message('global_status-name'),
        'kind': message('global_status-kind'),
        'exists': message('global_status-exists'),
        'locked': message('global_status-locked'),
        'locked_since': message('global_status-locked-since'),
        'locked_by': message('global_status-locked-by'),
        'lock_reason': message('global_status-lock-reason'),
        'hidden': message('global_status-hidden'),
        'blocked': message('global_status-blocked'),
        'blocked_since': message('global_status-blocked-since'),
        'block_expiry': message('global_status-block-expiry'),
        'blocked_by': message('global_status-blocked-by'),
        'block_reason': message('global_status-block-reason'),
        'covered_by': message('global_status-covered-by'),
        'home': message('global_status-home'),
        'edits': message('global_status-edits'),
        'edits_by_wiki': message('global_status-edits-by-wiki'),
        'groups': message('global_status-groups'),
        'problem': message('global_status-problem'),
    }
