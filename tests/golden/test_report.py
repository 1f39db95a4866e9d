"""The files of a report, letter by letter, and what must never be in them.

``UPDATE_GOLDEN=1`` writes the expected files anew; read them before committing them.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
)
from mw_tokens_plugin.campaign.report.contents import Contents, Row
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.outcomelog import JsonLog
from mw_tokens_plugin.campaign.report.page import write_html
from mw_tokens_plugin.campaign.schema import attempts, campaigns, targets
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.targets.lists import Entry, ListReader

HERE = Path(__file__).parent / 'report'
SUFFIXES = ('json', 'csv', 'wiki', 'html')

SECRET = 'Real Name of Somebody'
START = datetime(2026, 3, 1, 3, 0)

TARGETS = [
    Decision('Spambot 1', central_id=11, facts={'edits': 2, 'home': 'metawiki'}),
    Decision('=HYPERLINK("http://x")', central_id=12),
    Decision('<script>alert(1)</script> | [[x]] {{y}}', central_id=13),
    Decision('Gone', central_id=14),
    Decision(SECRET, central_id=15, hidden=True, facts={'name': SECRET}),
    Decision(f'{SECRET} II', hidden=True),
    Decision('Admin', central_id=16, skipped=SkipReason.GLOBAL_GROUP),
    Decision(
        'Touched',
        skipped=SkipReason.CHANGED_SINCE,
        facts={'changed_by': 'Sandbox Colleague'},
    ),
    Decision('Later', central_id=17),
    Decision('\u202eright-to-left, \u00e9\u4e2d', central_id=18),
]


@pytest.fixture
def campaign(ledger: Ledger) -> Campaign:
    """A campaign in which everything has happened, at fixed times."""
    made = ledger.create(
        'wave-7',
        action='global_lock',
        wiki='meta:meta',
        operator='Sandbox Operator',
        reason=f'Spam, see [[Requests#{SECRET}]] & <more>',
        options={'excluded': [SECRET]},
    )
    ledger.add(made, [decision.name for decision in TARGETS])
    ledger.decide(made, TARGETS)
    leased = {t.name: t for t in ledger.lease(made, 'run/0', 8)}
    later = leased.pop('Later')
    ledger.note_attempt(
        leased['Spambot 1'], START, 'AmbiguousWrite: lost', 'AmbiguousWrite'
    )
    ledger.note_attempt(leased[SECRET], START, f'RateLimited: {SECRET}', 'RateLimited')
    ended = {
        'Gone': Outcome(
            State.FAILED,
            detail='NoSuchAccount: nosuchuser: no Gone',
            error_class='NoSuchAccount',
        ),
        SECRET: Outcome(
            State.FAILED,
            detail=f'CannotHide: {SECRET}, {SECRET.replace(" ", "_")}, {quote(SECRET)}',
            error_class='CannotHide',
        ),
        'Spambot 1': Outcome(State.DONE, detail='done meanwhile by Sandbox Colleague'),
    }
    for name, target in leased.items():
        ledger.record(target, ended.get(name, Outcome(State.DONE, changed=True)))
    ledger.unlease([later])
    _fix_times(ledger)
    found = ledger.find('wave-7')
    assert found is not None
    return found


def _fix_times(ledger: Ledger) -> None:
    with ledger.database.begin() as connection:
        connection.execute(sa.update(campaigns).values(created_at=START))
        connection.execute(
            sa.update(campaigns).values(
                planned_at=START, confirmed_at=START + timedelta(seconds=9)
            )
        )
        for row in connection.execute(sa.select(targets)).all():
            begun = START + timedelta(seconds=10 + 7 * row.id)
            ended = row.ended_at and begun + timedelta(seconds=2, milliseconds=row.id)
            connection.execute(
                sa.update(targets)
                .where(targets.c.id == row.id)
                .values(started_at=row.started_at and begun, ended_at=ended)
            )
        for row in connection.execute(sa.select(attempts)).all():
            connection.execute(
                sa.update(attempts)
                .where(attempts.c.id == row.id)
                .values(ended_at=START + timedelta(seconds=30 * row.id))
            )


@pytest.fixture
def report(ledger: Ledger, campaign: Campaign, tmp_path: Path) -> dict[str, Path]:
    """The files by their suffixes."""
    paths = write_report(ledger, campaign, tmp_path / 'new' / 'report')
    return {path.suffix[1:]: path for path in paths}


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_a_report_is_as_it_was_read_and_found_good(
    report: dict[str, Path], suffix: str
) -> None:
    assert set(report) == set(SUFFIXES)
    expected = HERE / f'wave-7.{suffix}'
    found = report[suffix].read_bytes()
    if os.environ.get('UPDATE_GOLDEN'):
        expected.parent.mkdir(exist_ok=True)
        expected.write_bytes(found)
    assert found.decode() == expected.read_bytes().decode()


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_no_hidden_name_is_in_it_whatever_its_spelling(
    report: dict[str, Path], suffix: str
) -> None:
    text = report[suffix].read_text('utf-8')
    assert 'Somebody' not in text
    assert '#15' in text


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_what_one_campaign_hides_no_other_one_shows(
    ledger: Ledger, tmp_path: Path, suffix: str
) -> None:
    for name, target, hidden in (
        ('first', 'Somebody hidden', True),
        ('second', 'aawiki:User:Somebody hidden/Spam', False),
    ):
        made = ledger.create(
            name,
            action='a',
            wiki='w',
            operator='o',
            reason='Spam of [[User:Somebody_hidden]]',
            options={},
        )
        ledger.add(made, [target])
        facts = {
            'authors': ['Somebody hidden'],
            'title': 'User:Somebody hidden/Spam',
            'page_id': 7,
        }
        ledger.decide(made, [Decision(target, hidden=hidden, facts=facts)])
        ledger.lease(made, 'run/0', 1)
    for leased in ledger.targets(made):
        detail = 'ApiRefusal: Somebody hidden is not to be seen'
        ledger.record(leased, Outcome(State.FAILED, detail=detail))
    paths = write_report(ledger, made, tmp_path / 'report')
    text = next(path for path in paths if path.suffix[1:] == suffix).read_text('utf-8')
    assert 'Somebody' not in text
    assert 'aawiki:User:(hidden)/Spam' in text


def test_only_its_owner_can_read_it(report: dict[str, Path]) -> None:
    folder = report['csv'].parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {f.name for f in folder.iterdir()} == {f.name for f in report.values()}
    for path in report.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_names_bring_along_stays_text(report: dict[str, Path]) -> None:
    page = report['html'].read_text('utf-8')
    assert '<script' not in page
    assert 'http' not in page.replace('http-equiv', '').replace('http://x', '')
    with report['csv'].open(encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    assert rows[1]['target'].startswith("'=")
    assert len(rows) == len(TARGETS)


def test_a_report_names_the_very_targets_when_it_is_read_as_a_list(
    ledger: Ledger, tmp_path: Path
) -> None:
    """No name is taken for the markup, the number or the remark that it looks like."""
    names = [
        *('1. Foo', '2. Bar', '- Dash', '*Star', '=Eq=', '=1+1', "'=1", "''=1"),
        *('"Quoted"', "''Bold''", '\\xabX\\xbb', 'A, B', 'A;B', 'A=B', 'A & B', '! X'),
        *('Foo (talk)', 'Done: X', 'Foo (found by reading)', 'X (edits 3)', '; X'),
        *('10:31 Foo', '2026-11-01', 'Foo: RateLimited: x', '\\u2022 X', 'Amp;'),
    ]
    made = ledger.create(
        'odd', action='a', wiki='w', operator='o', reason='x', options={}
    )
    ledger.add(made, names)
    ledger.decide(made, [Decision(name, central_id=7) for name in names])
    log = io.StringIO()
    for target in ledger.lease(made, 'run/0', 99):
        outcome = Outcome(State.FAILED, detail='ApiRefusal: two\\nlines, "quoted')
        ledger.record(target, outcome)
        JsonLog(log, made).outcome(target, outcome)
    paths = {p.suffix: p for p in write_report(ledger, made, tmp_path / 'report')}
    (tmp_path / 'log').write_text(log.getvalue(), encoding='utf-8')
    for path in (paths['.csv'], paths['.wiki'], tmp_path / 'log'):
        read = [e for e in ListReader().file(str(path)) if isinstance(e, Entry)]
        assert sorted(entry.name for entry in read) == sorted(names), path.name


def test_no_name_or_reason_is_markup_or_a_formula(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Whoever may write to the ledger chooses them, and vandals choose names."""
    tricks = [
        *('__NOINDEX__', '{{delete}}', '[[Category:X]]', '~~~~', '</nowiki>{{x}}'),
        *(
            '\uff3f\uff3fNOTOC\uff3f\uff3f',
            '-{R|x}-',
            'RFC 1',
            '{{{1}}}',
            '|}',
            '|-\n| x',
        ),
        *('https://evil.example', '<ref>x</ref>', '&#91;&#91;x]]', "''x''", '<!--'),
        *(' =1+1', '\u202e=1', '\uff1d1', '\t=1', '\r=1', '@x', '+1', '-1'),
        *('a\u2028=1', '=1\n=2'),
    ]
    for number, trick in enumerate(tricks):
        made = ledger.create(
            f'x{number}',
            action=trick,
            wiki=trick,
            operator=f'O]]{trick}[[',
            reason=trick,
            options={},
        )
        ledger.add(made, ['Name', f'Name {trick}'])
        ledger.decide(made, [Decision('Name'), Decision(f'Name {trick}')])
        for target in ledger.lease(made, 'run/0', 9):
            ledger.record(target, Outcome(State.FAILED, detail=trick))
        paths = {p.suffix: p for p in write_report(ledger, made, tmp_path / 'report')}
        text = paths['.wiki'].read_text('utf-8')
        bare = re.sub('<nowiki>[^<]*</nowiki>', '', text)
        assert not re.search(
            r'__|\[\[|\{\{|~~|-\{|RFC|https:|ref|\'\'|<|&|\uff3f', bare
        )
        assert (bare.count('|-'), bare.count('|}'), bare.count('\n|')) == (2, 1, 5), (
            trick
        )
        with paths['.csv'].open(encoding='utf-8', newline='') as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 2
        for cell in (cell for row in rows for cell in row.values()):
            shown = unicodedata.normalize('NFKC', re.sub('[\\s\u202e]', '', cell))
            assert cell.isdigit() or shown[:1] not in ('=', '+', '-', '@'), trick
            assert not re.search('[\\t\r\n\u2028]', cell[:1])
        page = paths['.html'].read_text('utf-8')
        assert '<ref' not in page and '<!--' not in page


def test_a_page_shows_hostile_values_as_text(ledger: Ledger, tmp_path: Path) -> None:
    """Whatever they hold, its elements and attributes are those of any other page."""
    tricks = [
        *('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' x='"),
        *('javascript:alert(1)', '<a href="javascript:alert(1)">x</a>', '--></style>'),
        *('</title></main></html>', '{{ 7 * 7 }}', '{% raw %}', '{# x #}', '&lt;b&gt;'),
        *('%(name)s', '{{PLURAL:2|a|b}}', '\x1b[2J', '\x00', 'x\r\ny', '</bdi>x'),
    ]
    pages = []
    for number, trick in enumerate(['plain', *tricks]):
        made = ledger.create(
            f'h{number} {trick}',
            action=trick,
            wiki=trick,
            operator=trick,
            reason=trick,
            options={},
        )
        names = ['Name', f'Name {trick}']
        ledger.add(made, names)
        ledger.decide(made, [Decision(name, facts={'x': trick}) for name in names])
        for target in ledger.lease(made, 'run/0', 9):
            ledger.note_attempt(target, START, f'{trick}: {trick}')
            ledger.record(target, Outcome(State.FAILED, detail=trick))
        _fix_times(ledger)
        paths = {p.suffix: p for p in write_report(ledger, made, tmp_path / 'report')}
        page = Outline()
        page.feed(paths['.html'].read_text('utf-8'))
        pages.append((trick, page))
    plain = pages[0][1]
    for trick, page in pages[1:]:
        assert page.tags == plain.tags, trick
        assert page.attributes == plain.attributes, trick
        assert not page.attributes & {'href', 'src', 'style', 'srcdoc', 'action'}
        shown = displayable(trick.replace('\n', ' '))
        for line in (' '.join(shown.split()), f'Name {" ".join(shown.split())}'):
            assert line in page.text, trick


class Outline(HTMLParser):
    """The elements of a page, the names of their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    @property
    def text(self) -> str:
        return ' '.join(''.join(self._text).split())


def test_a_page_is_written_while_its_targets_are_read(
    ledger: Ledger, campaign: Campaign
) -> None:
    """Memory does not grow with their number."""
    file = io.StringIO()
    written = []

    class Many(Contents):
        def rows(self, state: State | None = None) -> Iterator[Row]:
            row = next(super().rows())
            for _ in range(2000 if state is State.FAILED else 0):
                yield row
                written.append(file.tell())

    write_html(Many(ledger, campaign), file)
    unwritten = max(b - a for a, b in itertools.pairwise(written))
    assert unwritten < file.tell() / 10


def test_templates_are_imported_only_when_a_report_is_written() -> None:
    code = (
        'import sys, mw_tokens_plugin.cli.command\n'
        'import mw_tokens_plugin.campaign.report.export\n'
        'sys.exit("jinja2" in sys.modules)'
    )
    environment = {**os.environ, 'PYWIKIBOT_NO_USER_CONFIG': '2'}
    subprocess.run([sys.executable, '-c', code], env=environment, check=True)


def test_an_operator_is_linked(ledger: Ledger, tmp_path: Path) -> None:
    for number, name in enumerate(('Example (WMF)', "O'Neil", 'Jörg 2', '日本')):
        made = ledger.create(
            f'o{number}', action='a', wiki='w', operator=name, reason='x', options={}
        )
        ledger.add(made, ['Name'])
        (path,) = (
            path
            for path in write_report(ledger, made, tmp_path / 'report')
            if path.suffix == '.wiki'
        )
        assert f' by [[User:{name}]] on w' in path.read_text('utf-8')


def test_a_second_report_replaces_the_first(
    ledger: Ledger, campaign: Campaign, report: dict[str, Path]
) -> None:
    (target,) = ledger.lease(campaign, 'run/0', 1)
    ledger.record(target, Outcome(State.DONE, changed=True))
    write_report(ledger, campaign, report['json'].parent)
    states = {
        row['target']: row['state']
        for row in json.loads(report['json'].read_text('utf-8'))['targets']
    }
    assert states['Later'] == 'done'


def test_the_log_has_one_object_for_each_finished_target(
    ledger: Ledger, campaign: Campaign
) -> None:
    stream = io.StringIO()
    log = JsonLog(stream, campaign, clock=lambda: START)
    for state in (State.DONE, State.FAILED):
        for target in ledger.targets(campaign, state):
            log.outcome(target, Outcome(state, bool(target.changed), target.detail))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 7
    assert lines[0] == {
        'time': '2026-03-01T03:00:00.000Z',
        'campaign': 'wave-7',
        'target': 'Spambot 1',
        'central_id': 11,
        'state': 'done',
        'changed': False,
        'detail': 'done meanwhile by Sandbox Colleague',
    }
    assert 'Somebody' not in stream.getvalue()
