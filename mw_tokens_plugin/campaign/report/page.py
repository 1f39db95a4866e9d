"""The page of a report: HTML by jinja2, in the language of the operator.

The template lays out the records; all values are escaped, wherever they are placed.
Rows are written as they are read, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from mw_tokens_plugin.campaign.records import SkipReason, State
from mw_tokens_plugin.campaign.report.bywiki import heading, why_skipped
from mw_tokens_plugin.campaign.report.contents import OPEN, Contents, Row, Step
from mw_tokens_plugin.campaign.report.texts import readable, safe
from mw_tokens_plugin.campaign.report.wording import shown_reason
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.lookalikes import marked

if TYPE_CHECKING:
    import jinja2

#: Sizes of the chart: its width, and the heights of its area and its bars.
_WIDTH, _HIGH, _LOW = 720.0, 160.0, 40.0

#: Between the area and the bars, and above the highest bar.
_GAP, _TOP = 8, 15

#: Pieces of text that are joined before they are written.
_BUFFERED = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """The errors of one step in the chart."""

    x: float
    y: float
    width: float
    height: float
    errors: int
    until: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Targets that are done as an area, and errors as bars below it.

    :ivar line: the points of the line above the area
    :ivar bars: the errors
    :ivar done: how many targets are done
    :ivar errors: how many errors the step with the most has
    :ivar start: when it starts
    :ivar end: when it ends
    """

    line: str
    bars: tuple[Bar, ...]
    done: int
    errors: int
    start: str
    end: str
    width: float = _WIDTH
    high: float = _HIGH
    base: float = _HIGH + _GAP + _LOW


@dataclass(frozen=True, slots=True)
class Tile:
    """A number at the top of the page."""

    kind: str
    text: str
    number: int
    remark: str = ''


@dataclass(frozen=True, slots=True)
class Section:
    """A table of targets.

    :ivar rows: can be read once
    """

    title: str
    rows: Iterable[Row]
    is_open: bool


def write_html(contents: Contents, file: TextIO) -> None:
    """Write a report as one page of HTML that needs no other file."""
    campaign = contents.campaign
    facts = {
        message('report-wiki'): campaign.wiki,
        message('report-operator'): campaign.operator,
        message('report-reason'): shown_reason(campaign),
        message('report-planned'): readable(campaign.planned_at),
        message('report-confirmed'): readable(campaign.confirmed_at),
        message('report-finished'): (
            readable(campaign.finished_at) or message('report-not-yet')
        ),
    }
    wikis = contents.by_wiki()
    template = _environment().get_template('report.html.jinja')
    page = template.stream(
        title=f'{campaign.action} {campaign.name}',
        facts=facts,
        tiles=_tiles(contents),
        chart=_chart(contents.steps(), contents.counts[State.DONE]),
        reasons={_reason(each): number for each, number in contents.skipped.items()},
        errors=contents.errors(),
        wikis=wikis,
        steps={step: heading(step) for w in wikis.values() for step in w.steps},
        sections=_sections(contents),
    )
    page.enable_buffering(_BUFFERED)
    file.writelines(page)


def _environment() -> jinja2.Environment:
    # Most runs write no report, and need not wait for the import.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__ or ''),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Applied to all that is inserted, before it is escaped.
        finalize=lambda value: safe(value) if type(value) is str else value,
    )
    environment.globals['message'] = message
    shown = {
        'marked': marked,
        'readable': readable,
        'explained': _explained,
        'why_skipped': why_skipped,
    }
    environment.filters |= shown
    return environment


def _explained(row: Row) -> str:
    """Return why a target was skipped or failed; errors are in English."""
    if row.skipped is None or not row.why.startswith(row.skipped.value):
        return row.why
    return _reason(row.skipped) + row.why.removeprefix(row.skipped.value)


def _reason(skipped: SkipReason) -> str:
    return message(f'campaign-skipped-{skipped.name.lower()}')


def _tiles(contents: Contents) -> list[Tile]:
    counts = contents.counts
    others = counts[State.DONE] - contents.changed
    remark = message('report-by-others', number=others) if others else ''
    left = sum(counts[state] for state in OPEN)
    return [
        Tile('done', message('report-tile-done'), counts[State.DONE], remark),
        Tile('failed', message('report-tile-failed'), counts[State.FAILED]),
        Tile('skipped', message('report-tile-skipped'), counts[State.SKIPPED]),
        Tile('remaining', message('report-tile-remaining'), left),
    ]


def _sections(contents: Contents) -> Iterator[Section]:
    """Yield the tables that are not empty, the targets to check first."""
    titles = {
        State.FAILED: message('report-failed'),
        State.SKIPPED: message('report-skipped'),
        State.LEASED: message('report-remaining-leased'),
        State.PLANNED: message('report-remaining-planned'),
        State.LISTED: message('report-remaining-listed'),
        State.DONE: message('report-done'),
    }
    for state, title in titles.items():
        rows = contents.rows(state)
        first = next(rows, None)
        if first is not None:
            yield Section(title, chain([first], rows), state is not State.DONE)


def _chart(steps: list[Step], done: int) -> Chart | None:
    if not steps:
        return None
    errors = max(step.errors for step in steps)
    width, base = _WIDTH / len(steps), _HIGH + _GAP + _LOW
    points, bars = [(0.0, _HIGH)], []
    for number, step in enumerate(steps):
        points.append(((number + 1) * width, _HIGH - _HIGH * step.done / max(done, 1)))
        if step.errors:
            tall = (_LOW - _TOP) * step.errors / errors
            until = readable(step.until)
            bars.append(
                Bar(
                    number * width + 1, base - tall, width - 2, tall, step.errors, until
                )
            )
    first, last = steps[0].until, steps[-1].until
    start = first - (last - first) / max(len(steps) - 1, 1)
    return Chart(
        line=' '.join(f'{x:.1f},{y:.1f}' for x, y in points),
        bars=tuple(bars),
        done=done,
        errors=errors,
        start=readable(start),
        end=readable(last),
    )
