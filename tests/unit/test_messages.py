"""Messages: in the language of who reads them, English where there is none."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pywikibot import config

from mw_tokens_plugin import messages
from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.messages import message, quantity, wiki_message

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(Path(messages.__file__).with_name('i18n').iterdir())


def texts(folder: Path, language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / f'{language}.json').read_text('utf-8'))
    del found['@metadata']
    return found


def parameters(text: str) -> set[str]:
    """Return what a text speaks of."""
    return set(re.findall(r'%\((\w+)\)[sd]', text))


def uses() -> Iterator[tuple[str, set[str]]]:
    """Yield the key of each message in the sources, and the parameters it is given."""
    for path in [*ROOT.glob('mw_tokens_plugin/**/*.py'), *ROOT.glob('scripts/*.py')]:
        for node in ast.walk(ast.parse(path.read_text('utf-8'))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            position = {'message': 0, 'wiki_message': 1}.get(node.func.id)
            if position is None or len(node.args) <= position:
                continue
            key = node.args[position]
            if isinstance(key, ast.Constant):
                yield key.value, {word.arg or '' for word in node.keywords}


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda folder: folder.name)
def test_each_message_is_explained_to_translators_with_its_parameters(
    folder: Path,
) -> None:
    english, explained = texts(folder, 'en'), texts(folder, 'qqq')
    assert list(english) == sorted(english)
    assert list(explained) == list(english)
    for key, text in english.items():
        assert key.startswith(f'{folder.name}-')
        assert parameters(explained[key]) == parameters(text), key


def test_each_use_gives_what_its_message_speaks_of() -> None:
    known: dict[str, str] = {}
    for folder in FOLDERS:
        known |= texts(folder, 'en')
    used = list(uses())
    assert used
    for key, given in used:
        # Some are given together, under one name.
        assert given == parameters(known[key]) or '' in given, key


def test_each_reason_for_holding_back_has_its_words() -> None:
    for held in SkipReason:
        assert message(f'campaign-skipped-{held.name.lower()}') == held.value


def test_the_number_chooses_the_words() -> None:
    wiki = SimpleNamespace(lang='en')
    line = wiki_message(wiki, 'global_lock-done-lock', total=1)
    assert line == "'''Done''': the account is locked."
    line = wiki_message(wiki, 'global_lock-done-hide', total=2)
    assert line == "'''Done''': all 2 accounts are locked and hidden."


def test_each_reader_has_a_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'i18n' / 'script'
    folder.mkdir(parents=True)
    for language, text in {'en': '%(n)d done', 'de': '%(n)d erledigt'}.items():
        bundle = {'@metadata': {}, 'script-done': text}
        (folder / f'{language}.json').write_text(json.dumps(bundle), 'utf-8')
    monkeypatch.setattr(messages.resources, 'files', lambda package: tmp_path)
    messages._bundle.cache_clear()
    monkeypatch.setattr(config, 'userinterface_lang', 'en')
    assert message('script-done', n=2) == '2 done'
    assert wiki_message(SimpleNamespace(lang='de'), 'script-done', n=2) == '2 erledigt'
    # Where German is read too, and where nobody has translated it.
    monkeypatch.setattr(config, 'userinterface_lang', 'bar')
    assert message('script-done', n=2) == '2 erledigt'
    monkeypatch.setattr(config, 'userinterface_lang', 'qqq')
    assert message('script-done', n=2) == '2 done'
    messages._bundle.cache_clear()


def test_no_percent_sign_is_lost() -> None:
    name = '100%(s) {{PLURAL:%(number)d|sure}} %s'
    assert name in message('campaign-name', name=name)


def test_numbers_agree_with_their_nouns() -> None:
    assert [quantity(n, 'target') for n in (0, 1, 2, 1200)] == [
        '0 targets',
        '1 target',
        '2 targets',
        '1,200 targets',
    ]
