"""What scripts write on a wiki: translated where it can be, English anywhere else."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from pywikibot import i18n

from mw_tokens_plugin.campaign.messages import ENGLISH, message

PACKAGE = next(name for name in ('scripts', 'mw_tokens_scripts') if find_spec(name))
BUNDLES = Path(str(find_spec(f'{PACKAGE}.i18n').origin)).parent  # type: ignore[union-attr]
NUMBERS = {'done': 3, 'partly': 1, 'total': 3}


@pytest.fixture(autouse=True)
def pywikibots_own() -> Iterator[None]:
    """Give pywikibot its package of messages back."""
    before = i18n._messages_package_name
    yield
    i18n.set_messages_package(before)


def texts(language: str) -> dict[str, str]:
    """Return the messages in one language, of all scripts."""
    found: dict[str, str] = {}
    for path in BUNDLES.glob(f'*/{language}.json'):
        found |= json.loads(path.read_text('utf-8'))
    del found['@metadata']
    return found


def parameters(text: str) -> set[str]:
    return set(re.findall(r'%\((\w+)\)d', text))


def test_the_english_bundle_is_what_is_used_without_one() -> None:
    assert texts('en') == ENGLISH


def test_each_message_is_explained_to_translators_with_all_its_numbers() -> None:
    explained = texts('qqq')
    assert explained.keys() == ENGLISH.keys()
    for key, text in ENGLISH.items():
        assert parameters(explained[key]) == parameters(text), key


@pytest.mark.parametrize('package', [f'{PACKAGE}.i18n', 'nowhere.i18n', 'json'])
def test_it_is_the_same_with_the_bundle_and_without(package: str) -> None:
    """As `pwb` sets it, where there is none, and where it is one of others."""
    i18n.set_messages_package(package)
    said = message('en', 'global_lock-done-lock', total=1)
    assert said == "'''Done''': the account is locked."
    said = message('en', 'global_lock-done-hide', total=2)
    assert said == "'''Done''': all 2 accounts are locked and hidden."
    for key in ENGLISH:
        wanted = {name: NUMBERS[name] for name in parameters(ENGLISH[key])}
        assert '%' not in message('fr', key, **wanted)


def test_a_wiki_gets_its_own_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / 'of_a_test' / 'i18n' / 'global_lock'
    bundle.mkdir(parents=True)
    for folder in (bundle.parent, bundle.parents[1]):
        (folder / '__init__.py').touch()
    translated = {'global_lock-summary': '%(done)d erledigt, %(partly)d teilweise'}
    (bundle / 'de.json').write_text(json.dumps(translated))
    monkeypatch.setattr(sys, 'path', [*sys.path, str(tmp_path)])
    i18n.set_messages_package('of_a_test.i18n')
    said = message('de', 'global_lock-summary', done=2, partly=1)
    assert said == '2 erledigt, 1 teilweise'
    # This one nobody has translated yet.
    said = message('de', 'global_lock-done-lock', total=1)
    assert said == "'''Done''': the account is locked."
