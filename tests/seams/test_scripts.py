"""What scripts rely on in pywikibot's output and logs."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import pywikibot
from pywikibot import bot, login


def test_all_output_goes_through_one_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """There an error of a stream is caught that nobody reads any more."""
    shown: list[Any] = []
    monkeypatch.setattr(
        bot.ui, '_print', lambda text, stream: shown.append(text), raising=True
    )
    bot.ui.stream_output('something', bot.ui.stderr)
    assert shown == ['something']


def test_the_log_of_commands_is_written_from_one_list() -> None:
    """There passwords are masked first."""
    assert 'pywikibot.argvu' in inspect.getsource(bot.writeToCommandLogFile)
    assert isinstance(pywikibot.argvu, list)


def test_reading_options_makes_a_site_by_this_name() -> None:
    """It is replaced meanwhile, so that no wiki is asked."""
    assert 'pywikibot.Site()' in inspect.getsource(bot.handle_args)


def test_lines_of_a_password_file_are_judged_by_these_rules() -> None:
    """The file is judged by the same ones before pywikibot reads it."""
    source = inspect.getsource(login.LoginManager.readPassword)
    for rule in (
        "line.count(', ') > 4 or len(line) > 250",
        "line.replace('BotPassword', '')",
        'literal_eval(line)',
        '2 <= (entry_len := len(entry)) <= 4',
        'BotPassword(*entry[-1])',
    ):
        assert rule in source, rule
