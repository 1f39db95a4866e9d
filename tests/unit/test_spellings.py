"""A name that must not be shown is in no text, however it is spelled there."""

from __future__ import annotations

import html
import io
import json
import logging
import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Decision, Outcome, State
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.outcomelog import JsonLog
from mw_tokens_plugin.protocol.spellings import HiddenNames
from mw_tokens_plugin.site.cleanlogs import install_redaction
from mw_tokens_plugin.site.redaction import redactor

NAMES = [
    *(
        'Bad name 1',
        'Émile Ünïcode',
        'ნინო ტესტი',
        '坏名字',
        'Плохое имя',
        'ǆorđe test',
    ),
    *(
        'שם רע',
        'اسم سيء',
        'O\'Neil "x" y',
        'C++ dev',
        'ßtraße',
        'İstanbul x',
        '한국 사용자',
    ),
    *('नमस्ते बुरा', 'ไม่ดี', '😀 smile', '!!!', 'a&b <c>', '100% bad', 'Back\\slash', 'Ox'),
]
#: How names are written by what this package talks to, reads or prints.
SPELLINGS: list[Callable[[str], str]] = [
    str,
    str.upper,
    repr,
    ascii,
    json.dumps,
    quote,
    quote_plus,
    html.escape,
    lambda name: name[0].lower() + name[1:],
    lambda name: name.replace(' ', '_'),
    lambda name: quote(name.replace(' ', '_')),
    lambda name: quote(quote(name)),
    lambda name: repr(name.encode()),
    lambda name: html.escape(html.escape(name)),
    lambda name: unicodedata.normalize('NFD', name),
    lambda name: unicodedata.normalize('NFC', name),
    lambda name: ''.join(f'&#{ord(letter)};' for letter in name),
    lambda name: ''.join(f'&#x{ord(letter):x};' for letter in name),
    lambda name: name.replace(' ', '\n    '),
    lambda name: name.replace(' ', "'\n '"),
    lambda name: name.replace(' ', '\u3000'),
    lambda name: f'{name[:1]}\n  {name[1:]}',
    '\u200e'.join,
]


@pytest.mark.parametrize('name', NAMES)
def test_no_spelling_of_a_hidden_name_is_left(name: str) -> None:
    hidden = HiddenNames({name: '#7'})
    for spelled in (spelling(name) for spelling in SPELLINGS):
        shown = hidden.replace(f'before: {spelled}, after')
        assert shown.startswith('before: '), spelled
        assert shown.endswith(', after'), spelled
        assert '#7' in shown, spelled
        assert HiddenNames({name: '#7'}).replace(shown) == shown, spelled


LETTERS = st.characters(exclude_categories=['Cc', 'Cs', 'Cn', 'Co'])


@given(
    st.text(LETTERS, min_size=4, max_size=20).filter(
        lambda n: any(map(str.isalnum, n))
    ),
    st.sampled_from(SPELLINGS),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_names_of_every_alphabet_are_found_in_every_text(
    name: str, spelling: Callable[[str], str], before: str, after: str
) -> None:
    hidden = HiddenNames({name: ''})
    shown = hidden.replace(f'{before} {spelling(name)} {after}')
    assert name not in shown


def test_short_names_hide_words_not_parts_of_words() -> None:
    hidden = HiddenNames({'Ox': '#1', 'Spambot 1': '#2', 'Spambot 12': '#3'})
    text = 'Oxen, foxes, ox; (Ox) User:Ox_ and Spambot_12, spambot 1'
    assert hidden.replace(text) == 'Oxen, foxes, #1; (#1) User:#1_ and #3, #2'


def test_all_that_a_script_says_hides_the_same_names(tmp_path: Path) -> None:
    """Also the present name of a renamed account, found while planning."""
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    made = ledger.create(
        'wave', action='global_lock', wiki='w', operator='O', reason='', options={}
    )
    ledger.add(made, ['Bad name 1', 'Shown'])
    name_filter = NameFilter(ledger)
    facts = {'name': 'Worse name'}
    bad = Decision('Bad name 1', central_id=7, hidden=True, facts=facts)
    ledger.decide(made, [bad, Decision('Shown', facts={'x': ['worse%20name']})])
    name_filter.refresh()
    said = 'Bad_name_1 and worse%20name, WORSE NAME'
    out = io.StringIO()
    for terminal in (False, True):
        reporter = Reporter(Console(file=out, force_terminal=terminal, width=100))
        reporter.hide_names = name_filter
        reporter.line(said)
        (target,) = ledger.hidden(made)
        reporter.outcome(target, Outcome(State.FAILED, detail=said))
    log = io.StringIO()
    JsonLog(log, made, hide_names=name_filter).outcome(
        target, Outcome(State.FAILED, detail=said)
    )
    install_redaction()
    redactor.hide_names = name_filter
    try:
        record = logging.getLogRecordFactory()(
            'pywiki', logging.WARNING, __file__, 1, said, (), None
        )
        logged = record.getMessage()
    finally:
        redactor.hide_names = None
    leased = ledger.lease(made, 'run/0', 2)
    for each in leased:
        ledger.record(each, Outcome(State.FAILED, detail=said))
    files = [file.read_text('utf-8') for file in write_report(ledger, made, tmp_path)]
    ledger.close()
    for text in (out.getvalue(), log.getvalue(), logged, *files):
        assert 'bad' not in text.lower()
        assert 'worse' not in text.lower()


@pytest.mark.parametrize(
    ('name', 'text', 'shown'),
    [
        # Short ones in ASCII as words, at each end of a text too.
        ('Ox', 'fox oxo an ox', 'fox oxo an #1'),
        ('Ox', 'Ox', '#1'),
        ('a+b', 'xa+by a+b ab', 'xa+by #1 #1'),
        ('a!b', 'xa!by', 'x#1y'),
        ('Spam', 'xspamx', 'x#1x'),
        ('Vandal', 'xVandalx', 'x#1x'),
        ('ñoé', 'xñoéx NOE', 'xñoéx #1'),
        ('坏', '这坏的', '这#1的'),
        # Of signs alone, which make no difference elsewhere.
        ('++', 'a ++ b', 'a #1 b'),
        # With marks that are combined with its last letter.
        ('Spam', 'Spam\u0301\u0302\u0303x', '#1x'),
        ('Spam', 'Spam\u0301', '#1'),
    ],
)
def test_where_a_name_is_hidden(name: str, text: str, shown: str) -> None:
    assert HiddenNames({name: '#1'}).replace(text) == shown
