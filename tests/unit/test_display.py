"""Nothing from outside moves a terminal's cursor or reorders what is read."""

from __future__ import annotations

import io
import logging
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Decision, Outcome, State, Target
from mw_tokens_plugin.campaign.report.console import Reporter
from mw_tokens_plugin.campaign.report.export import write_report
from mw_tokens_plugin.campaign.report.summary import Summary
from mw_tokens_plugin.cli.launch import run_script
from mw_tokens_plugin.exceptions import ApiRefusal
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import displayable, find_control
from mw_tokens_plugin.site.cleanlogs import install_redaction

#: A window's title, C1's control sequence introducer, an override and an isolate.
TRICK = 'a\x1b]0;x\x07b\x9b2Jc\u202ed\u2066e\u2028f\x00'


def is_harmful(letter: str) -> bool:
    bidi = unicodedata.bidirectional(letter) in {
        *('LRE', 'RLE', 'LRO', 'RLO', 'PDF', 'LRI', 'RLI', 'FSI', 'PDI')
    }
    control = unicodedata.category(letter) in {'Cc', 'Zl', 'Zp', 'Cs'}
    return bidi or (control and letter not in '\t\n')


@given(st.text() | st.text(alphabet=TRICK + '\n\t'))
def test_whatever_is_shown_has_no_control_characters(text: str) -> None:
    shown = displayable(text, lines=True)
    assert not any(map(is_harmful, shown))
    assert '\n' not in displayable(text)
    assert (shown == text) is not any(map(is_harmful, text))
    assert (find_control(text) is None) is not (
        any(map(is_harmful, text)) or bool({'\t', '\n'} & set(text))
    )


def test_messages_and_errors_show_tricks_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On a terminal and elsewhere, and in what pywikibot's loggers are told."""
    assert not any(map(is_harmful, message('campaign-reason', reason=TRICK + '\n')))
    for terminal in (False, True):
        file = io.StringIO()
        console = Console(
            file=file, force_terminal=terminal, color_system=None, width=200
        )
        reporter = Reporter(console)
        reporter.line(TRICK)
        target = Target(1, Decision(TRICK), State.PLANNED)
        reporter.plan('To lock: {}'.format, [target], [], lambda t: {'reason': TRICK})
        reporter.outcome(target, Outcome(State.FAILED, detail=TRICK))
        assert file.getvalue().count('\\u202e') == 5
        assert not any(map(is_harmful, file.getvalue()))

    def refuse(arguments: list[str]) -> ExitCode:
        raise ApiRefusal('code', TRICK, 'wiki')

    code = run_script(refuse, ['-x'], script=__file__, name='test_display')
    assert code is not ExitCode.DONE
    shown = capsys.readouterr().err
    assert '\\x1b]0;x\\x07' in shown
    assert not any(map(is_harmful, shown))
    install_redaction()
    record = logging.getLogRecordFactory()(
        'pywiki', logging.WARNING, __file__, 1, 'the wiki says %s', (TRICK,), None
    )
    assert not any(map(is_harmful, record.getMessage()))


def test_reports_hold_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    """Also where somebody else has written into a ledger that is shared."""
    ledger = Ledger(str(tmp_path / 'ledger.sqlite3'))
    made = ledger.create(
        'c', action='global_lock', wiki='w', operator='O', reason=TRICK, options={}
    )
    ledger.add(made, [TRICK])
    ledger.decide(made, [Decision(TRICK)])
    files = write_report(ledger, made, tmp_path)
    ledger.close()
    for file in files:
        text = file.read_text('utf-8')
        assert not {'\x1b', '\x07', '\x9b', '\x00'} & set(text), file


def test_a_plan_shows_what_only_later_targets_have() -> None:
    """As where the first one is not blocked yet, and the second one is."""
    rows: dict[str, dict[str, str]] = {
        'A': {'then': 'a week', 'edits': ''},
        'B': {'now': 'a day', 'then': 'a month', 'edits': '7'},
        'C': {'target': 'D', 'now': 'a year', 'then': 'a month'},
    }
    targets = [Target(1, Decision(name), State.PLANNED) for name in rows]
    file = io.StringIO()
    reporter = Reporter(Console(file=file, force_terminal=True, width=200))
    reporter.plan('To block: {}'.format, targets, [], lambda t: rows[t.name])
    shown = file.getvalue()
    places = [shown.index(word) for word in ('target', 'now', 'then', 'edits')]
    assert places == sorted(places)
    assert all(text in shown for row in rows.values() for text in row.values())


def test_what_a_wiki_says_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In the summary, in errors that end a script, and in warnings of pywikibot."""
    forged = 'no\nDone: 400\r\nCampaign wave'
    for terminal in (False, True):
        file = io.StringIO()
        reporter = Reporter(Console(file=file, force_terminal=terminal, width=200))
        target = Target(1, Decision('A'), State.FAILED, detail=forged)
        reporter.outcome(target, Outcome(State.FAILED, detail=forged))
        counts = dict.fromkeys(State, 0) | {State.FAILED: 1}
        summary = Summary('wave', counts, 0, {}, {}, [target], [])
        reporter.summary(summary, [forged])
        reporter.plan('To lock: {}'.format, [target], [], lambda t: {'reason': forged})
        lines = [line.strip() for line in file.getvalue().splitlines()]
        assert 'Done: 400' not in lines
        assert lines.count('Campaign wave') == 1

    def refuse(arguments: list[str]) -> ExitCode:
        raise ApiRefusal('code', forged, 'wiki')

    run_script(refuse, ['-x'], script=__file__, name='test_display')
    shown = capsys.readouterr().err
    assert 'no\\nDone: 400\\r\\nCampaign wave' in shown
    assert shown.count('\n') == 1
    install_redaction()
    record = logging.getLogRecordFactory()(
        'pywiki', logging.WARNING, 'x', 1, 'API error: %s', (forged,), None
    )
    assert '\nDone' not in record.getMessage()
