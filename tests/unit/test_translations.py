"""Translations: each says what the English message says, with the same parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pywikibot import config

from mw_tokens_plugin import messages
from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.messages import message, translations, wiki_message
from mw_tokens_plugin.protocol.lines import read_line
from mw_tokens_plugin.targets.lists import _printed

FOLDERS = Path(messages.__file__).with_name('i18n')
#: Each file of a translation.
FILES = sorted(
    path for path in FOLDERS.glob('*/*.json') if path.stem not in ('en', 'qqq')
)
#: Parts of messages that readers type, or copy, as they are.
TYPED = re.compile(
    r'(?<![\w-])-[a-z][a-z-]+(?::[A-Z]+)?|"list"|\[y/N\]|\{\{Status\}\}|Special:\w+'
    r'|\b(?:pwb \w+|global_lock|global_block|crosswiki_delete|retry-failed)\b'
    r'|user-config\.py|put_throttle|/64'
)


def texts(path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.read_text('utf-8'))
    assert found.pop('@metadata')
    return found


def pairs() -> Iterator[tuple[str, str, str]]:
    """Yield the key, the English text and the translation of each message."""
    for path in FILES:
        english = texts(path.with_name('en.json'))
        for key, text in texts(path).items():
            yield key, english[key], text


def chosen(text: str, number: int) -> str:
    """Return a German text for a number, by the rule of German, not by pywikibot's."""
    return re.sub(
        r'\{\{PLURAL:%\(\w+\)d\|([^|{}]*)\|([^|{}]*)\}\}',
        lambda found: found[1 if number == 1 else 2],
        text,
    )


@pytest.mark.parametrize('path', FILES, ids=lambda path: '/'.join(path.parts[-2:]))
def test_a_translation_has_keys_of_the_english_file_in_its_order(path: Path) -> None:
    """One that is missing is in English, so nobody who adds a message waits for it."""
    english = list(texts(path.with_name('en.json')))
    known = list(texts(path))
    assert known == [key for key in english if key in known]


def test_nothing_is_left_to_be_translated_into_german() -> None:
    """CONTRIBUTING.md says how; a release waits for what is named here."""
    missing = {
        key
        for path in FOLDERS.glob('*/en.json')
        for key in texts(path)
        if 'de' not in messages._texts(key)
    }
    assert missing == set()


def test_what_is_inserted_into_a_message_is_inserted_into_its_translations() -> None:
    assert FILES
    for key, english, text in pairs():
        found = [set(re.findall(r'%\(\w+\)[ds]', each)) for each in (english, text)]
        assert found[0] == found[1], key
        # A sign of its own would end the whole program; the help has no parameters.
        left = re.sub(r'%\(\w+\)[ds]', '', text)
        assert '%' not in left or key.startswith('help-'), key


def test_what_is_typed_stays_as_it_is_in_translations() -> None:
    for key, english, text in pairs():
        # The help is broken into lines by hand.
        both = (' '.join(each.split()) for each in (english, text))
        found = [sorted(set(TYPED.findall(each))) for each in both]
        assert found[0] == found[1], key


@pytest.mark.parametrize('number', [0, 1, 2])
def test_german_nouns_agree_with_their_numbers(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is a plural, as in English: "0 Ziele"."""
    monkeypatch.setattr(config, 'userinterface_lang', 'de')
    tried = 0
    for path in FILES:
        for key, text in texts(path).items():
            if path.stem != 'de' or 'PLURAL' not in text:
                continue
            names = set(re.findall(r'%\((\w+)\)d', text))
            about = dict.fromkeys(names, number)
            words = dict.fromkeys(re.findall(r'%\((\w+)\)s', text), 'x')
            said = message(key, **about, **words)
            assert said == chosen(text, number) % {**about, **words}
            tried += 1
    assert tried > 90
    # Written out, since a rule may be wrong twice in the same way.
    forms = {
        'campaign-confirm-few-lock': (
            'Wirklich 0 Konten schließen? [y/N]',
            'Wirklich 1 Konto schließen? [y/N]',
            'Wirklich 2 Konten schließen? [y/N]',
        ),
        'campaign-before-done': (
            'Du hattest seit der Erstellung des Plans bereits 0 Ziele erledigt.',
            'Du hattest seit der Erstellung des Plans bereits 1 Ziel erledigt.',
            'Du hattest seit der Erstellung des Plans bereits 2 Ziele erledigt.',
        ),
        'global_block-expiring': (
            '0 Sperren enden in dieser Zeit. Um sie zu verlängern, gib auch -modify '
            '-expiry:TIME an.',
            '1 Sperre endet in dieser Zeit. Um sie zu verlängern, gib auch -modify '
            '-expiry:TIME an.',
            '2 Sperren enden in dieser Zeit. Um sie zu verlängern, gib auch -modify '
            '-expiry:TIME an.',
        ),
    }
    for key, expected in forms.items():
        assert message(key, number=number) == expected[number]


def test_german_labels_are_aligned_in_a_column() -> None:
    """As in English, where the texts behind them begin eleven columns from the left."""
    aligned = [
        text
        for path in FILES
        if path.stem == 'de'
        for text in texts(path).values()
        if re.match(r'[^%:]+: {2,}%', text)
    ]
    assert len(aligned) > 15
    assert {text.index('%') for text in aligned} == {16}


def test_a_wiki_is_written_to_in_its_own_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in that of who runs the script: others read the page."""
    marks = {}
    for terminal in 'de', 'en':
        monkeypatch.setattr(config, 'userinterface_lang', terminal)
        for wiki in 'de', 'en', 'bar', 'fr':
            site = SimpleNamespace(lang=wiki)
            marks[terminal, wiki] = wiki_message(site, 'global_lock-mark-done')
    for terminal in 'de', 'en':
        assert marks[terminal, 'de'] == marks[terminal, 'bar'] == "'''Erledigt'''."
        assert marks[terminal, 'en'] == marks[terminal, 'fr'] == "'''Done'''."


@pytest.mark.parametrize('language', ['en', 'de'])
def test_what_was_printed_in_another_language_is_read_as_the_same_targets(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colleagues share lists, and each has a language of their own."""
    monkeypatch.setattr(config, 'userinterface_lang', language)
    about = {'target': 'Foo', 'why': 'found by reading'}
    printed = [
        message('campaign-one-done', **about),
        message('campaign-one-done-why', **about),
        message('campaign-one-failed', **about),
        message('campaign-one-failed-why', **{**about, 'why': 'RateLimited: wait'}),
        *(
            line
            for reason in SkipReason
            for why in [message(f'campaign-skipped-{reason.name.lower()}')]
            for line in (f'Foo ({why})', f'Foo ({why}: more)', f'Foo: {why}')
        ),
        f'Foo ({message("campaign-column-edits")} 3)',
        f'Foo ({message("campaign-column-registered")} 2026-11-01; x 1)',
        f'Foo ({message("campaign-column-sysops")} 1; x 2)',
        f'Foo ({message("campaign-column-revisions")} 1; x 2)',
    ]
    for reader in 'en', 'de':
        monkeypatch.setattr(config, 'userinterface_lang', reader)
        _printed.cache_clear()
        for line in printed:
            assert read_line(line, printed=_printed()).content == 'Foo', line


def test_a_message_that_nobody_has_translated_is_in_english(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(config, 'userinterface_lang', 'de')
    assert message('campaign-yes') == 'ja'
    known = messages._bundle('campaign')
    monkeypatch.setitem(known, 'campaign-yes', {'en': 'yes'})
    assert message('campaign-yes') == 'yes'
    assert translations('campaign-yes') == ('yes',)
