"""Cells that a spreadsheet would calculate are kept text, and are read as they were."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mw_tokens_plugin.protocol.cells import as_cell, from_cell

FORMULA = '1+cmd|calc'


@pytest.mark.parametrize(
    'before',
    [
        *('=', '+', '-', '@', '\t', '\r', '\n', ' =', '\xa0=', '\u3000=', '\u202e='),
        *('\u200f=', '\ufeff=', '\u2066=', '\u00ad=', '\uff1d', '\uff0b', '\uff0d'),
        *('\uff20', '\ufe66', '\ufe62', '\ufe6b', ' \uff1d', '\u202e \t@', "'=", "''+"),
        *('\x0b=', '\u034f=', '\u3164='),
    ],
)
def test_no_spreadsheet_takes_it_for_a_formula(before: str) -> None:
    assert as_cell(before + FORMULA) == f"'{before}{FORMULA}"


@pytest.mark.parametrize('text', ['', 'Name', '1-2', "'Tis", 'a=b', '\u202eName', '*x'])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert as_cell(text) == text


@example("'\t")
@given(st.text(alphabet="'=+-@\t \u202e\uff1d\uff0bab1") | st.text())
def test_what_is_written_is_read(text: str) -> None:
    assert from_cell(as_cell(text)) == text
