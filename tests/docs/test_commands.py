"""All pages: the commands that they show are understood by the scripts of today."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox.desk import script

import mw_tokens_plugin.exceptions

from .blocks import ROOT, blocks_in
from .reader import Reader
from .test_pages import prepare

SCRIPTS = [
    path.stem
    for path in sorted((ROOT / 'scripts').glob('*.py'))
    if hasattr(script(path.stem), 'parse')
]
PAGES = ['README.md', *(str(p.relative_to(ROOT)) for p in (ROOT / 'docs').glob('*.md'))]

#: What pywikibot takes off the command line itself.
_GLOBAL = re.compile(r'-(simulate|pt:.*|family:.*|lang:.*|user:.*|log|help)$')
#: Where one command ends and another begins.
_BETWEEN = {'&&', '||', ';', '|', '\\', ';;'}


def commands(page: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands on a page: the name of a script, and the arguments."""
    for block in blocks_in(page):
        for line in block.text.splitlines():
            if block.language in ('', 'sh') and re.search(r'\bpwb \w+', line):
                words = shlex.split(re.sub(r'\$\w+', 'x', line), comments=True)
                yield from _scripts_in(words)


def _scripts_in(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    for number, word in enumerate(words[:-1]):
        if word.rpartition('/')[2] == 'pwb':
            end = next(
                (n for n in range(number, len(words)) if words[n] in _BETWEEN),
                len(words),
            )
            yield words[number + 1], words[number + 2 : end]


@pytest.mark.parametrize('page', PAGES)
def test_the_options_that_it_shows_exist(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # What an earlier run has left.
    (tmp_path / 'link.json').touch()
    for name, arguments in commands(page):
        if name in SCRIPTS:
            mine = [a for a in arguments if not _GLOBAL.match(a) and '>' not in a]
            script(name).parse(mine)


def test_such_commands_are_found() -> None:
    found = [command for page in PAGES for command in commands(page)]
    assert {name for name, _ in found} >= {'global_lock', 'token_doctor'}
    assert len(found) > 20


def test_each_error_is_explained() -> None:
    text = (ROOT / 'docs' / 'errors.md').read_text('utf-8')
    explained = re.findall(r'^\| `(\w+)`', text, re.MULTILINE)
    errors = set(mw_tokens_plugin.exceptions.__all__) - {'TokensPluginError'}
    assert set(explained) == errors
    assert len(explained) == len(errors)


def test_the_script_for_cron_does_what_it_says(tmp_path: Path) -> None:
    from mw_tokens_plugin.sandbox import Sandbox

    (block, *_) = blocks_in('docs/toolforge.md')
    folder = tmp_path / 'stewardry'
    folder.mkdir()
    reader = Reader(tmp_path)
    with Sandbox(accounts=20) as sandbox:
        prepare(folder, sandbox)
        (folder / 'spambots.txt').rename(folder / 'new.txt')
        # The second time there is nothing to do, the third time there is again.
        for names, locks in (((), 8), ((), 8), (('Spambot 00001',), 9)):
            if names:
                (folder / 'new.txt').write_text('\n'.join(names))
            reader.do(block)
            sent = sandbox.summary()['by_action']['setglobalaccountstatus']
            assert sent == locks
            assert not (folder / 'at-work').exists()
