"""A whole campaign for somebody who reads German: nothing is left in English."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from pywikibot import config

from mw_tokens_plugin import messages
from mw_tokens_plugin.cli.helptext import translated
from mw_tokens_plugin.cli.kinds import OWN

from .desk import Desk, Run, script

Script = Callable[..., Run]

#: Words that English sentences are made of, and German ones are not.
ENGLISH = re.compile(
    r'\b(?:the|is|are|were|of|and|to|too|or|by|with|has|have|from|this|its?|not|such'
    r'|already|nothing|until)\b',
    re.IGNORECASE,
)
#: What is in no language: commands, paths, addresses, options, what has to be typed,
#: and names.
NEUTRAL = re.compile(
    r'\bpwb .*|"[^"]*"|\S*/\S+|(?<!\w)-[a-z][\w:-]*|\w+_\w+(?:[-.]\w+)*|<[^>]*>'
    '|Already Locked'
)


def left_in_english(text: str) -> list[str]:
    """Return the lines of a text that have words of English."""
    lines = [NEUTRAL.sub('', line) for line in text.splitlines()]
    return [line for line in lines if ENGLISH.search(line)]


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak German; what is not translated yet is left out."""
    monkeypatch.setattr(config, 'userinterface_lang', 'de')
    for folder in Path(messages.__file__).with_name('i18n').iterdir():
        for texts in messages._bundle(folder.name).values():
            if 'de' not in texts:
                monkeypatch.setitem(texts, 'de', '…')


@pytest.mark.faults
@pytest.mark.usefixtures('german')
def test_a_campaign_speaks_german_from_its_list_to_its_report(
    pwb: Script, tmp_path: Path
) -> None:
    """Locks, blocks, their undo, what is said of them later, and the page about them.

    Files for programs and for wikis are in English, whoever writes them.
    """
    names, report = tmp_path / 'names.txt', tmp_path / 'report'
    names.write_text(
        'Spambot 00001\n[[User:Spambot 00002]] (talk)\nNiemand Da\nProlific Editor\n'
        'Already Locked\n192.0.2.1\n~2026-1\n# Sammlung\n',
        'utf-8',
    )
    spared = tmp_path / 'spared.txt'
    spared.write_text('Spambot 00002\n', 'utf-8')
    lists = (f'-file:{names}', f'-not:{spared}')
    said = {}
    for number, line in enumerate(
        [
            ('global_lock', *lists, '-reason:Spam', '-simulate', '-campaign:eins'),
            ('global_lock', '-resume', '-campaign:eins', '-always'),
            ('campaign', 'list'),
            ('campaign', 'show', 'eins'),
            ('campaign', 'report', 'eins', str(report)),
            ('campaign', 'save', 'eins', 'all', str(tmp_path / 'alle.txt')),
            ('campaign', 'retry-failed', 'eins'),
            ('global_lock', '-undo:eins', '-always', '-reason:Irrtum'),
            ('global_status', 'Spambot 00001', '192.0.2.1'),
            (
                *('global_block', '192.0.2.1', '2001:db8::/48', 'Spambot 00003'),
                *('-anononly', '-expiry:2030-01-01', '-reason:Spam', '-always'),
                '-campaign:zwei',
            ),
            ('global_block', '-undo:zwei', '-always', '-reason:Irrtum'),
            ('campaign', 'forget', 'zwei', '-always'),
        ]
    ):
        run = pwb(*line)
        assert run.code in (0, 1), run.said
        said[number] = run.out
    assert left_in_english('\n'.join(said.values())) == []
    assert 'Zu schließen: 1\n  Spambot 00001 (registriert ' in said[0]
    assert '  Prolific Editor (zu viele Bearbeitungen; registriert ' in said[0]
    assert 'erledigt: Spambot 00001\n' in said[1]
    assert 'Erledigt:       1\n' in said[1]
    assert 'Übersprungen:   1 (kein solches globales Konto)\n' in said[3]
    html = (report / 'eins.html').read_text('utf-8')
    assert '<html lang="de">' in html
    assert '<td>zu viele Bearbeitungen</td>' in html
    shown = re.sub('(?s)<style.*?</style>|<[^>]*>', '', html)
    assert left_in_english(shown) == []
    # What others read, or programs.
    assert ',too many edits\n' in (report / 'eins.csv').read_text('utf-8')
    assert '|| too many edits\n' in (report / 'eins.wiki').read_text('utf-8')
    assert pwb('campaign', 'stage', 'eins').out == 'finished\n'


@pytest.mark.usefixtures('german')
@pytest.mark.parametrize(
    'name', [*OWN, 'campaign', 'global_status', 'link_account', 'token_doctor']
)
def test_the_help_of_each_script_is_in_german_and_as_wide_as_in_english(
    name: str,
) -> None:
    module = script(name).__name__
    assert import_module(module).__doc__
    help = translated(module, missing='…')
    assert left_in_english(help) == []
    assert max(map(len, help.splitlines())) <= 88
    # All options are there, in the order of the English help.
    options = re.compile(
        '^-[a-z-]*(?::\\w+)?(?:, -[a-z-]+:\\w+)?(?= {2}|$)', re.MULTILINE
    )
    english = str(import_module(module).__doc__)
    assert options.findall(help) == options.findall(english)


def test_the_language_is_what_the_configuration_says_or_else_the_terminal(
    desk: Desk, tmp_path: Path
) -> None:
    """The variable goes before LANG, and user-config.py before both."""
    desk.script = 'token_doctor'
    config_file = desk.directory / 'user-config.py'
    written = config_file.read_text('utf-8')
    german, english = 'Sagen, was deine Anmeldung kann', 'Tell what your login can do'
    by_variable = {'PYWIKIBOT_USERINTERFACE_LANG': 'de'}
    assert desk.run('-help', environment=by_variable).out.startswith(german)
    config_file.write_text(f"{written}\nuserinterface_lang = 'en'\n", 'utf-8')
    assert desk.run('-help', environment=by_variable).out.startswith(english)
    config_file.write_text(written, 'utf-8')
    neutral = Path('/usr/lib/locale/C.utf8')
    if not neutral.is_dir():
        pytest.skip('no locale can be made here')
    # Which letters there are is the same everywhere; its name is all that matters.
    locales = tmp_path / 'locales'
    locales.mkdir()
    (locales / 'de_AT.UTF-8').symlink_to(neutral)
    by_terminal = {'LC_ALL': '', 'LANG': 'de_AT.UTF-8', 'LOCPATH': str(locales)}
    assert desk.run('-help', environment=by_terminal).out.startswith(german)
