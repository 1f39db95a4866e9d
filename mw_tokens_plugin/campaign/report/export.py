"""A campaign as files for others: JSON, CSV, wikitext, and one page of HTML.

It reads the ledger page by page, so that memory stays flat; no name of an account that
is hidden, or was to be, gets into any of the files.
"""

from __future__ import annotations

import csv
import html
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from mw_tokens_plugin.campaign.ledger import Ledger, now
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.report.hiding import Veil, discreet, without_hidden_names
from mw_tokens_plugin.messages import quantity
from mw_tokens_plugin.privatefiles import replacing
from mw_tokens_plugin.protocol.cells import as_cell
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.protocol.lookalikes import marked

#: Rows of the table in wikitext; a page of a wiki holds no more than 2 MB.
WIKITEXT_ROWS = 2000

#: Cells and blocks end every change of direction, so those need not be escaped.
_CONTROLS = re.compile('[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029]')

#: What means nothing in wikitext but itself: letters, digits and a few signs. Two
#: underscores begin a switch such as NOINDEX, and some words with a number behind them
#: become links.
#: https://www.mediawiki.org/wiki/Help:Magic_links
_PLAIN = re.compile(r'(?!.*(?:__|\b(?:RFC|PMID|ISBN)\b))[\w .,/-]*')
#: Names that can stand in a link; all others are no names, or need an escape.
_LINKABLE = re.compile(r"(?:[^\W_]|[ .,()!?-]|'(?!'))+")

#: Columns of the chart.
_STEPS = 60


def write_report(
    ledger: Ledger, campaign: Campaign, directory: str | Path
) -> list[Path]:
    """Write a campaign into a directory, and return the files.

    They can be read by their owner only, and replace those of an earlier report.

    .. version-added:: 0.1

    :param directory: made if it is not there
    :raises OSError: it cannot be written to
    """
    folder = Path(directory)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    report = _Report(ledger, campaign)
    stem = re.sub(r'[^\w.-]', '_', campaign.name)
    written = []
    for suffix, write in _FORMATS.items():
        path = folder / f'{stem}.{suffix}'
        with replacing(path) as file:
            write(report, file)
        written.append(path)
    return written


class JsonLog:
    """One line of JSON for each target that has ended.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        file: TextIO,
        campaign: Campaign,
        clock: Callable[[], datetime] = now,
        veil: Callable[[str], str] = str,
    ) -> None:
        """Write to a file that is open.

        :param clock: the present moment in UTC
        :param veil: takes out names that must not be shown
        """
        self._file = file
        self._veil = veil
        self._campaign = campaign.name
        self._clock = clock
        self._lock = threading.Lock()

    def outcome(self, target: Target, outcome: Outcome) -> None:
        """Write how one target ended, at once."""
        line = {
            'time': _iso(self._clock()),
            'campaign': self._campaign,
            'target': self._veil(target.label),
            'central_id': target.decision.central_id,
            'state': outcome.state.value,
            'changed': outcome.changed,
            'detail': self._veil(discreet(target, outcome.detail)),
        }
        with self._lock:
            self._file.write(_json(line) + '\n')
            self._file.flush()


@dataclass(frozen=True, slots=True)
class _Step:
    """What ended in one part of the time.

    :ivar until: its end
    :ivar done: targets that are done by then, from the beginning on
    :ivar errors: attempts that failed in it
    """

    until: datetime
    done: int
    errors: int


class _Report:
    """What all files tell, read from the ledger when it is asked for."""

    def __init__(self, ledger: Ledger, campaign: Campaign) -> None:
        self._ledger = ledger
        self._veil = Veil(ledger)
        self.campaign = without_hidden_names(ledger, campaign, self._veil)
        self.partition_errors = ledger.partition_errors(campaign)
        self.counts = ledger.counts(campaign)
        self.changed = ledger.changed_count(campaign)
        self.skipped = ledger.skip_counts(campaign)

    def targets(self) -> Iterator[Target]:
        """Yield all targets in the order in which they were named."""
        return map(self._told, self._ledger.targets(self.campaign))

    def of(self, state: State) -> Iterator[Target]:
        return map(self._told, self._ledger.targets(self.campaign, state))

    def _told(self, target: Target) -> Target:
        """Return a target as others may see it, with why it was left out."""
        error = self.partition_errors.get(target.decision.partition or '')
        if error is not None and target.state in _OPEN:
            target = replace(target, detail=f'left out: {error}')
        return self._veil.over(target)

    def errors(self) -> dict[str, int]:
        """Count the errors of all attempts by their class, the frequent ones first."""
        found = Counter(
            self._veil(text.partition(':')[0])
            for _, text in self._ledger.errors(self.campaign)
        )
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def steps(self) -> list[_Step]:
        """Return progress and errors over time."""
        begin, end = self._ledger.span(self.campaign)
        if begin is None or end is None:
            return []
        width = max((end - begin) / _STEPS, timedelta(milliseconds=1))

        def at(moment: datetime) -> int:
            return min(max(int((moment - begin) / width), 0), _STEPS - 1)

        done = Counter(map(at, self._ledger.ends(self.campaign, State.DONE)))
        errors = Counter(at(when) for when, _ in self._ledger.errors(self.campaign))
        steps, so_far = [], 0
        for number in range(_STEPS):
            so_far += done[number]
            until = begin + (number + 1) * width
            steps.append(_Step(until, so_far, errors[number]))
        return steps


def _json(value: object, indent: int | None = None) -> str:
    """Return JSON in which control characters are escaped, those of C1 too."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return re.sub(
        '[\x7f-\x9f\\u2028\\u2029]', lambda found: f'\\u{ord(found[0]):04x}', text
    )


def _write_json(report: _Report, file: TextIO) -> None:
    campaign = report.campaign
    about = {
        'campaign': campaign.name,
        'action': campaign.action,
        'wiki': campaign.wiki,
        'operator': campaign.operator,
        'reason': campaign.reason,
        'created_at': _iso(campaign.created_at),
        'planned_at': _iso(campaign.planned_at),
        'confirmed_at': _iso(campaign.confirmed_at),
        'finished_at': _iso(campaign.finished_at),
        'counts': {state.value: count for state, count in report.counts.items()},
        'changed': report.changed,
        'held': {skipped.value: count for skipped, count in report.skipped.items()},
        'errors': report.errors(),
    }
    file.write(_json(about, indent=1)[:-2])
    file.write(',\n "targets": [')
    for number, target in enumerate(report.targets()):
        row: dict[str, Any] = {**_row(target), 'changed': target.changed}
        if not target.decision.hidden:
            # Whether authors are hidden, the wiki alone knows.
            facts = target.decision.facts.items()
            row['facts'] = {key: fact for key, fact in facts if key != 'authors'}
        file.write(',\n  ' if number else '\n  ')
        file.write(_json(row))
    file.write('\n ]\n}\n')


def _write_csv(report: _Report, file: TextIO) -> None:
    writer = csv.DictWriter(file, _COLUMNS, lineterminator='\r\n')
    writer.writeheader()
    for target in report.targets():
        writer.writerow({key: _cell(value) for key, value in _row(target).items()})


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking a name for a formula, and a row in one line."""
    if not isinstance(value, str):
        return '' if value is None else value
    return as_cell(_safe(re.sub(r'[\r\n]+', ' ', value)))


def _write_wikitext(report: _Report, file: TextIO) -> None:
    campaign = report.campaign
    counts = report.counts
    file.write(
        f'{_nowiki(campaign.action)} by {_user_link(campaign.operator)} on '
        f'{_nowiki(campaign.wiki)}: {counts[State.DONE]} done, '
        f'{counts[State.FAILED]} failed, {counts[State.SKIPPED]} held back. '
        f'Reason: {_nowiki(campaign.reason) or "(none)"}\n\n'
        '{| class="wikitable sortable"\n! Target !! Result !! When (UTC) !! Why\n'
    )
    left = WIKITEXT_ROWS
    for state in (State.FAILED, State.SKIPPED, *_OPEN, State.DONE):
        for target in report.of(state):
            if not left:
                break
            left -= 1
            file.write(
                f'|-\n| {_nowiki(target.label)} || {_WORDS[target.state]} || '
                f'{_readable(target.ended_at)} || {_nowiki(_why(target))}\n'
            )
    if (more := sum(counts.values()) - WIKITEXT_ROWS) > 0:
        file.write(f'|-\n| colspan="4" | and {more} more\n')
    file.write('|}\n')


def _nowiki(text: str) -> str:
    """Show a text as it is, whatever markup it holds."""
    text = _safe(text)
    if _PLAIN.fullmatch(text):
        return text
    return f'<nowiki>{html.escape(" ".join(text.split()))}</nowiki>'


def _user_link(name: str) -> str:
    """Return a link to a user, if a user can have that name."""
    return f'[[User:{name}]]' if _LINKABLE.fullmatch(name) else _nowiki(name)


def _html(text: str) -> str:
    return html.escape(_safe(text))


def _safe(text: str) -> str:
    """Escape what a terminal obeys, for whoever looks at a file with ``cat``."""
    return _CONTROLS.sub(lambda found: displayable(found[0]), text)


def _write_html(report: _Report, file: TextIO) -> None:
    campaign, counts = report.campaign, report.counts
    title = _html(f'{campaign.action} {campaign.name}')
    file.write(_HEAD.format(title=title))
    facts = {
        'Wiki': campaign.wiki,
        'Operator': campaign.operator,
        'Reason': campaign.reason or '(none)',
        'Planned': _readable(campaign.planned_at),
        'Confirmed': _readable(campaign.confirmed_at),
        'Finished': _readable(campaign.finished_at) or 'not yet',
    }
    file.write('<dl>\n')
    for term, text in facts.items():
        file.write(f'<div><dt>{term}</dt><dd>{_html(text)}</dd></div>\n')
    file.write('</dl>\n<ul class="tiles">\n')
    others = counts[State.DONE] - report.changed
    tiles = [
        ('done', counts[State.DONE], f'{others} of them by others' if others else ''),
        ('failed', counts[State.FAILED], ''),
        ('held', counts[State.SKIPPED], ''),
        ('left', sum(counts[state] for state in _OPEN), ''),
    ]
    for kind, number, remark in tiles:
        word = {'held': 'held back'}.get(kind, kind)
        file.write(
            f'<li class="{kind}"><b>{number:,}</b> {word}'
            f'{f"<small>{remark}</small>" if remark else ""}</li>\n'
        )
    file.write('</ul>\n')
    _write_chart(report.steps(), counts[State.DONE], file)
    _write_counts('Held back', {h.value: n for h, n in report.skipped.items()}, file)
    _write_counts('Errors met on the way', report.errors(), file)
    _write_section('Failed', report.of(State.FAILED), file, is_open=True)
    _write_section('Held back', report.of(State.SKIPPED), file, is_open=True)
    for state in _OPEN:
        _write_section(f'Left: {_WORDS[state]}', report.of(state), file, is_open=True)
    _write_section('Done', report.of(State.DONE), file, is_open=False)
    file.write('</main>\n</html>\n')


def _write_chart(steps: list[_Step], done: int, file: TextIO) -> None:
    """Draw the targets that are done as an area, and errors as bars below it."""
    if not steps:
        return
    errors = max(step.errors for step in steps)
    wide, high, low = 720.0, 160.0, 40.0
    step_wide = wide / len(steps)
    points = [(0.0, high)]
    points += [
        ((number + 1) * step_wide, high - high * step.done / max(done, 1))
        for number, step in enumerate(steps)
    ]
    line = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
    words = (
        f'{quantity(done, "target")} done over time, at most '
        f'{quantity(errors, "error")} in one step'
    )
    file.write(
        '<figure>\n<svg viewBox="-4 -14 728 244" role="img" '
        f'aria-label="{words}">\n<title>{words}</title>\n'
        f'<polygon class="area" points="{line} {wide:.1f},{high:.1f}"/>\n'
        f'<polyline class="line" points="{line}"/>\n'
        f'<path class="axis" d="M0 {high}H{wide}M0 {high + 8 + low}H{wide}"/>\n'
        f'<text x="0" y="-3">{done:,} done</text>\n'
        f'<text x="0" y="{high + 15:g}">errors, at most {errors:,}</text>\n'
    )
    base = high + 8 + low
    for number, step in enumerate(steps):
        if step.errors:
            tall = (low - 15) * step.errors / errors
            file.write(
                f'<rect class="bar" x="{number * step_wide + 1:.1f}" '
                f'y="{base - tall:.1f}" width="{step_wide - 2:.1f}" '
                f'height="{tall:.1f}"><title>{step.errors} until '
                f'{_readable(step.until)}</title></rect>\n'
            )
    begin = steps[0].until - (steps[-1].until - steps[0].until) / max(len(steps) - 1, 1)
    file.write(
        f'<text x="0" y="{base + 16:g}">{_readable(begin)}</text>\n'
        f'<text x="{wide:g}" y="{base + 16:g}" text-anchor="end">'
        f'{_readable(steps[-1].until)}</text>\n</svg>\n</figure>\n'
    )


def _write_counts(title: str, counts: dict[str, int], file: TextIO) -> None:
    if not counts:
        return
    file.write(f'<h2>{title}</h2>\n<table>\n')
    for text, number in counts.items():
        file.write(
            f'<tr><td>{_html(text)}</td><td class="number">{number:,}</td></tr>\n'
        )
    file.write('</table>\n')


def _write_section(
    title: str, targets: Iterator[Target], file: TextIO, *, is_open: bool
) -> None:
    first = next(targets, None)
    if first is None:
        return
    file.write(f'<details{" open" if is_open else ""}><summary>{title}</summary>\n')
    file.write('<table>\n<tr><th>Target</th><th>When (UTC)</th><th>Why</th></tr>\n')
    for target in chain([first], targets):
        file.write(
            f'<tr><td><bdi>{_html(marked(target.label))}</bdi></td>'
            f'<td>{_readable(target.ended_at)}</td>'
            f'<td>{_html(_why(target))}</td></tr>\n'
        )
    file.write('</table>\n</details>\n')


def _row(target: Target) -> dict[str, Any]:
    return {
        'target': target.label,
        'central_id': target.decision.central_id,
        'state': target.state.value,
        'changed': '' if target.changed is None else int(target.changed),
        'attempts': target.attempts,
        'started_at': _iso(target.started_at),
        'ended_at': _iso(target.ended_at),
        'why': _why(target),
    }


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


def _why(target: Target) -> str:
    if target.decision.skipped is not None:
        remark = target.remark
        why = target.decision.skipped.value + (f': {remark}' if remark else '')
    else:
        why = target.detail or ''
    return discreet(target, why)


def _iso(moment: datetime | None) -> str | None:
    return f'{moment.isoformat(timespec="milliseconds")}Z' if moment else None


def _readable(moment: datetime | None) -> str:
    return moment.strftime('%Y-%m-%d %H:%M:%S') if moment else ''


_OPEN = (State.LEASED, State.PLANNED, State.LISTED)

_WORDS = {
    State.LISTED: 'not looked at yet',
    State.PLANNED: 'to be done',
    State.SKIPPED: 'held back',
    State.LEASED: 'may have been sent',
    State.DONE: 'done',
    State.FAILED: 'failed',
}

_FORMATS: dict[str, Callable[[_Report, TextIO], None]] = {
    'json': _write_json,
    'csv': _write_csv,
    'wiki': _write_wikitext,
    'html': _write_html,
}

_HEAD = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --back: #fff; --text: #202122; --soft: #54595d;
 --line: #c8ccd1; --tile: #f8f9fa; --done: #14866d; --failed: #bf3c2c;
 --held: #ac6600; --left: #36c; }}
@media (prefers-color-scheme: dark) {{ :root {{ --back: #101418; --text: #eaecf0;
 --soft: #a2a9b1; --line: #404244; --tile: #1b2025; --done: #2fbf9b;
 --failed: #fd7865; --held: #ffb348; --left: #88a3e8; }} }}
body {{ background: var(--back); color: var(--text); margin: 2rem 1rem;
 font: 15px/1.5 system-ui, sans-serif; }}
main {{ max-width: 60rem; margin: auto; }}
h1 {{ font-size: 1.5rem; overflow-wrap: anywhere; }}
h2, summary {{ font-size: 1.1rem; font-weight: 600; margin: 1.5rem 0 .5rem; }}
summary {{ cursor: pointer; }}
dl {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr));
 gap: .5rem 1.5rem; }}
dt {{ color: var(--soft); font-size: .85rem; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
.tiles {{ display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; list-style: none; }}
.tiles li {{ flex: 1 1 8rem; background: var(--tile); padding: .6rem .9rem;
 border-left: 4px solid var(--kind); border-radius: 2px; }}
.tiles b {{ display: block; font-size: 1.6rem; line-height: 1.2; }}
.tiles small {{ display: block; color: var(--soft); }}
li.done {{ --kind: var(--done); }} li.failed {{ --kind: var(--failed); }}
li.held {{ --kind: var(--held); }} li.left {{ --kind: var(--left); }}
figure {{ margin: 1.5rem 0; }}
svg {{ width: 100%; height: auto; }}
svg text {{ font-size: 11px; fill: var(--soft); }}
.area {{ fill: var(--done); opacity: .18; }}
.line {{ fill: none; stroke: var(--done); stroke-width: 2; }}
.bar {{ fill: var(--failed); }}
.axis {{ stroke: var(--line); }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .3rem .6rem; vertical-align: top;
 border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }}
th {{ color: var(--soft); font-weight: 600; }}
td.number {{ text-align: right; width: 6rem; }}
td:nth-child(2):not(.number) {{ white-space: nowrap; }}
</style>
<main>
<h1>{title}</h1>
"""
