"""Messages: in the language of who reads them, English where there is none."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pywikibot import config

from mw_tokens_plugin import messages
from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.campaign.report.wording import (
    confirm_few,
    confirm_many,
    to_do,
)
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


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text('utf-8'))


def uses() -> Iterator[tuple[str, set[str]]]:
    """Yield the key of each message in the sources, and the parameters it is given."""
    for path in [*ROOT.glob('mw_tokens_plugin/**/*.py'), *ROOT.glob('scripts/*.py')]:
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            # Some classes have a method that shows a message.
            name = getattr(node.func, 'id', getattr(node.func, 'attr', ''))
            position = {'message': 0, 'wiki_message': 1, '_say': 0, 'say': 0}.get(name)
            if position is None or len(node.args) <= position:
                continue
            key = node.args[position]
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                given = {word.arg or '' for word in node.keywords}
                yield key.value, given - {'urgent'}


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


#: Where texts are made that an operator sees.
SHOWING = [
    *ROOT.glob('scripts/*.py'),
    *(
        path
        for part in ('cli', 'campaign', 'targets', 'actions', 'doctor')
        for path in ROOT.glob(f'mw_tokens_plugin/{part}/**/*.py')
        # These files are for others, and in English whoever writes them.
        if path.stem not in ('datafiles', 'wikitext')
    ),
]
#: Functions and methods that show their arguments to the operator, or ask for more.
SHOW = frozenset(
    'print say info output stdout warning error critical line remark write '
    'input input_yn input_choice input_list_choice ask _ask _answer getpass'.split()
)


def text_in(node: ast.AST) -> str:
    """Return the text that stands in the source, without what is inserted into it."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return ''.join(text_in(part) or '%' for part in parts)
        case ast.BinOp(left, _, right) | ast.IfExp(_, left, right):
            return text_in(left) + text_in(right)
    return ''


def is_message(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ('message', 'wiki_message')
    )


@pytest.mark.parametrize('path', SHOWING, ids=lambda path: path.stem)
def test_no_text_is_shown_that_cannot_be_translated(path: Path) -> None:
    """Neither a text in the source, nor a sentence put together from messages."""
    found = []
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(ast.Name(name) | ast.Attribute(_, name)) if name in SHOW:
                # Words of a command line are not translated.
                texts = [text_in(argument) for argument in node.args]
                found += [
                    t for t in texts if re.search(r'^[^-]*[^\W\d]{2,}[\s.:!?]', t)
                ]
            case ast.BinOp(left, ast.Add(), right):
                if is_message(left) or is_message(right):
                    found.append(ast.unparse(node))
            case ast.JoinedStr(parts):
                inserted = [p.value for p in parts if isinstance(p, ast.FormattedValue)]
                if any(map(is_message, inserted)) and re.search(
                    r'[^\W\d]{2,}', text_in(node)
                ):
                    found.append(ast.unparse(node))
    assert found == []


def test_each_message_is_used() -> None:
    """Under its key, or as one of those of a kind, whose end is known at run time."""
    patterns = set()
    for path in ROOT.glob('mw_tokens_plugin/**/*.py'), ROOT.glob('scripts/*.py'):
        for source in path:
            for node in ast.walk(tree(source)):
                match node:
                    case ast.Constant(str(text)) if '-' in text:
                        patterns.add(re.escape(text))
                    case ast.JoinedStr(parts) if '-' in text_in(parts[0]):
                        patterns.add(
                            ''.join(re.escape(text_in(part)) or '.*' for part in parts)
                        )
    for template in ROOT.glob('mw_tokens_plugin/**/*.jinja'):
        patterns |= set(re.findall(r"message\('([\w-]+)'", template.read_text('utf-8')))
    for key in ('to-do', 'confirm-few', 'confirm-many'):
        patterns.add(f'campaign-{key}-({"|".join(WORDINGS)})')
    used = re.compile('|'.join(patterns))
    known = [key for folder in FOLDERS for key in texts(folder, 'en')]
    assert [key for key in known if not used.fullmatch(key)] == []


#: What the actions of this package do.
WORDINGS = (
    *('block', 'modify-block', 'unblock', 'undo-block'),
    *('delete-account', 'delete-page', 'restore-page', 'hide', 'suppress'),
    *('revert-page', 'unrevert-page'),
    *(
        f'{lock}{hide}'
        for lock in ('lock', 'unlock')
        for hide in ('', '-hide', '-suppress')
    ),
)


@pytest.mark.parametrize('wording', WORDINGS)
def test_what_an_action_does_is_said_in_whole_sentences(wording: str) -> None:
    action: Any = SimpleNamespace(wording=wording, describe=lambda: '')
    assert to_do(action, 1).endswith(': 1')
    one, many = confirm_few(action, 1), confirm_few(action, 2)
    assert re.search(r' 1 (account|page|target|block)\?', one) and re.search(
        r' 2 \w+s\?', many
    )
    assert confirm_many(action, 12).startswith('Type the number 12 to ')
    assert message(f'campaign-verb-{wording}') in one


def test_an_action_of_somebody_else_is_described_by_its_own_word() -> None:
    action: Any = SimpleNamespace(wording='', describe=lambda: 'roll back')
    assert to_do(action, 3) == 'To roll back: 3'
    assert confirm_few(action, 1) == 'Run this plan (roll back: 1 target)? [y/N]'
    assert 'roll back' in confirm_many(action, 9)


def test_each_reason_for_skipping_has_its_words() -> None:
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
    monkeypatch.setattr('importlib.resources.files', lambda package: tmp_path)
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
