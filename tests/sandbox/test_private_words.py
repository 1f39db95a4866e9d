"""No spelling of -hide lets a name that must not be shown into pywikibot's logs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .desk import Desk, Run
from .farms import Farm

NAME, WORD = 'Ox Defamed', 'Defamed'
USUAL = ('-reason:test', '-always')


@pytest.mark.parametrize(
    'words',
    [
        *(f'{form} {NAME}' for form in ('-hide:lists', '--hide:lists', '--hide=lists')),
        *(f'{form} {NAME}' for form in ('-hide=lists', '-Hide:lists', '-hid:lists')),
        *(f'{form} {NAME}' for form in ('\u2014hide:lists', '\u2013hide=suppressed')),
        *(f'{form} {NAME}' for form in ('hide:lists', '-hidden:lists', '-hide')),
        *('-hide:lists --page={}', '-hide:lists -{}', '-hide:lists -page:{} -x'),
        *('-hide:lists -prefix:{}', '-hide:lists -page:P -section:{}'),
        *('-suppress:lists {}', '--suppress {}', '\u2014hide:lists -file:x'),
    ],
)
def test_it_is_refused_before_the_name_is_logged(
    global_lock: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    import pywikibot

    arguments = [word.format(NAME) for word in words.replace(NAME, '{}').split(' ')]
    line = ['global_lock', *arguments, *USUAL]
    # pywikibot logs both, the one in a log of commands and the other in each log.
    monkeypatch.setattr(pywikibot, 'argvu', list(line))
    monkeypatch.setattr(sys, 'argv', list(line))
    run = global_lock(*arguments, *USUAL)
    assert run.code == 2, run.said
    assert WORD not in f'{pywikibot.argvu} {run.said}'


def test_the_logs_of_a_refused_command_have_no_name(desk: Desk) -> None:
    """Nor the first lines of each log, where pywikibot writes the command line."""
    run = desk.run('-log', '-suppress=lists', NAME, *USUAL)
    assert run.code == 2, run.said
    logs = [path.read_text('utf-8') for path in (desk.directory / 'logs').iterdir()]
    assert '-suppress:***' in ''.join(logs)
    assert WORD not in run.said + ''.join(logs)


@pytest.mark.parametrize('before', ['-log', '-pt:0'])
def test_pwb_logs_no_name_before_the_script_begins(
    desk: Desk, farm: Farm, before: str
) -> None:
    """It does that if it has options itself; user-config.py enables the plugin."""
    farm.configure(desk.directory, plugin=True)
    pwb = str(Path(sys.executable).with_name('pwb'))
    run = desk.run_as([pwb, before, 'global_lock', '-hide:lists', NAME, *USUAL])
    assert run.code == 2, run.said
    assert 'do not belong on the command line' in run.said
    logs = [path.read_text('utf-8') for path in (desk.directory / 'logs').iterdir()]
    assert f'"{before}" "global_lock" "***"' in ''.join(logs)
    assert WORD not in run.said + ''.join(logs)


def test_what_keeps_no_names_private_is_logged_in_full(desk: Desk) -> None:
    run = desk.run(NAME, '-max:x', *USUAL)
    assert run.code == 2, run.said
    log = (desk.directory / 'logs' / 'commands.log').read_text('utf-8')
    assert f'"{NAME}" "-max:x" "-reason:test"' in log
