"""Names that look like others are marked, and all others stay readable."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mw_tokens_plugin.campaign.records import Decision, Outcome, State, Target
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.exceptions import InvalidInput, InvalidName
from mw_tokens_plugin.protocol.lines import accounts_of, read_line
from mw_tokens_plugin.protocol.lookalikes import marked
from mw_tokens_plugin.protocol.names import normalise_name


@pytest.mark.parametrize(
    ('name', 'shown'),
    [
        ('Ad\u00admin', 'Ad<U+00AD>min'),
        ('Admin\ufe0f', 'Admin<U+FE0F>'),
        ('Admin\U000e0100', 'Admin<U+E0100>'),
        ('Admin\u3164', 'Admin<U+3164>'),
        ('\u115fAdmin\u1160', '<U+115F>Admin<U+1160>'),
        ('a\u2066b\u2069', 'a<U+2066>b<U+2069>'),
        ('Admin\u200d', 'Admin<U+200D>'),
        ('Admin\u2060', 'Admin<U+2060>'),
        ('Admin\u034f', 'Admin<U+034F>'),
        ('Admin\u2800', 'Admin<U+2800>'),
        ('\u0410dmin', '\u0410<U+0410>dmin'),
        ('Sp\u0430mb\u043et', 'Sp\u0430<U+0430>mb\u043e<U+043E>t'),
        ('\u0410\u0434\u043cin', '\u0410\u0434\u043ci<U+0069>n<U+006E>'),
        ('\u039fscar', '\u039f<U+039F>scar'),
        ('\u0531dmin', '\u0531<U+0531>dmin'),
        ('\u13daam', '\u13da<U+13DA>am'),
        ('\uff21dmin', '\uff21<U+FF21>dmin'),
        ('\U0001d400dmin', '\U0001d400<U+1D400>dmin'),
        ('\u0421\u043e bot', '\u0421<U+0421>\u043e<U+043E> bot'),
        ('\u05d0\u0627', '\u05d0\u0627<U+0627>'),
    ],
)
def test_what_could_pass_for_another_name_is_marked(name: str, shown: str) -> None:
    assert marked(name) == shown
    with pytest.raises(InvalidName):
        normalise_name(shown)


@given(
    st.text(
        alphabet='Aab \u0410\u0430\u00ad\ufe0f\u3164\u2066\u2060\u200d\uff21<U+0410>'
    )
)
def test_what_is_copied_out_of_a_plan_is_the_name_that_was_meant(name: str) -> None:
    """Or it is refused."""
    try:
        name = normalise_name(name)
    except InvalidName:
        return
    try:
        (read,) = accounts_of(read_line(f'  {marked(name)} (edits 3)'))
    except InvalidInput:
        return
    assert read == name


@pytest.mark.parametrize(
    'name',
    # As people write their names; no editor reorders these lines, which are short.
    [
        *('Plain Name', 'Straße', 'Ångström', 'Nguyễn Văn A', 'ʻOkina', 'µTorrent'),
        *('ﬁsh', '2.ª', 'Иван', 'Иван Smith', 'Иван-Bot', 'Петя 7', 'αβγ Bot'),
        *('ნინო', 'ＡＢＣ', '日本語abc', '東京タワー', '山田ヶ丘', '佐々木ひかり'),
        *('한국어漢字', 'ﾊﾝabc', 'ไทย', 'नमस्ते', '😀 smile'),
        *('مستخدم', 'Userعلي', 'שלום', 'חו״ל 12'),
        # How letters join is said by joiners, in Persian and in Hindi.
        *('\u0645\u06cc\u200c\u0634\u0648\u062f', '\u0915\u094d\u200d\u0937'),
    ],
)
def test_names_of_all_scripts_stay_readable(name: str) -> None:
    assert marked(name) == name


def test_marks_in_a_list_are_read_as_what_they_mark() -> None:
    for shown, name in (
        ('Ad<U+00AD>min (edits 3)', 'Ad\u00admin'),
        ('\u0410<U+0410>dmin', '\u0410dmin'),
    ):
        assert accounts_of(read_line(f'  {shown}')) == (name,)
    for forged in 'A<U+0042>', 'A<U+0041', 'A<U+110000>', 'Admin<U+2060>':
        with pytest.raises(InvalidInput):
            accounts_of(read_line(forged))


@pytest.mark.parametrize('terminal', [True, False])
def test_plans_outcomes_and_summaries_mark_them(terminal: bool) -> None:
    file = io.StringIO()
    reporter = Reporter(Console(file=file, force_terminal=terminal, width=200))
    target = Target(1, Decision('Sp\u0430m\u00adbot'), State.FAILED)
    reporter.plan('To lock: {}'.format, [target], [], lambda t: {})
    reporter.outcome(target, Outcome(State.FAILED, detail='why'))
    counts = dict.fromkeys(State, 0) | {State.FAILED: 1}
    reporter.summary(Summary('wave', counts, 0, {}, {}, [target], []), [])
    assert file.getvalue().count('Sp\u0430<U+0430>m<U+00AD>bot') == 3
