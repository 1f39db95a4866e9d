"""All pages: the commands that they show are understood by the scripts of today."""

from __future__ import annotations

import fcntl
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sandbox.desk import script

import mw_tokens_plugin.exceptions
from centralauth_sandbox import Fault, Sandbox
from mw_tokens_plugin.cli.options import CampaignOptions
from mw_tokens_plugin.cli.recorded import RECORDED
from mw_tokens_plugin.cli.table import parse, table

from .blocks import ROOT, blocks_in
from .reader import Reader
from .test_pages import prepare

SCRIPTS = [
    path.stem
    for path in sorted((ROOT / 'scripts').glob('*.py'))
    if hasattr(script(path.stem), 'Options')
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
            parse(script(name).Options, mine, f'pwb {name}')


def test_such_commands_are_found() -> None:
    found = [command for page in PAGES for command in commands(page)]
    assert {name for name, _ in found} >= {'global_lock', 'token_doctor'}
    assert len(found) > 20


@pytest.mark.parametrize('name', SCRIPTS)
def test_the_options_of_a_script_are_on_its_page(name: str) -> None:
    page = (ROOT / 'docs' / f'{name}.md').read_text('utf-8')
    common = set() if name == 'campaign' else set(table(CampaignOptions))
    # These are on the page about lists.
    common |= {f'-{field}' for field in RECORDED}
    own = set(table(script(name).Options)) - common
    assert [o for o in own if not re.search(rf'[`\s]{o}\b', page)] == []


def test_the_help_of_a_script_shows_all_its_options() -> None:
    """But -undo where nothing can be undone."""
    for name in SCRIPTS:
        text = str(script(name).__doc__)
        options = table(script(name).Options)
        shown = [o for o in options if re.search(rf'^{o}(?![\w-])', text, re.MULTILINE)]
        missing = {'-undo'} if name == 'global_delete' else set()
        assert set(options) - set(shown) == missing, name


def test_each_error_is_explained() -> None:
    text = (ROOT / 'docs' / 'errors.md').read_text('utf-8')
    # A name, when it is raised, and what to do.
    row = r'^\| `(\w+)`[^|\n]*\|[^|\n]*\|[^|\n]*\|$'
    explained = re.findall(row, text, re.MULTILINE)
    module = mw_tokens_plugin.exceptions
    # By the name that each has now.
    errors = {getattr(module, name).__name__ for name in module.__all__}
    errors.remove('TokensPluginError')
    assert set(explained) == errors
    assert len(explained) == len(errors)


@pytest.fixture
def stewardry(tmp_path: Path) -> Iterator[tuple[Path, Sandbox, Callable[[int], str]]]:
    """The folder of the script for cron, the wikis, and the script itself."""
    (block, *_) = blocks_in('docs/toolforge.md')
    folder = tmp_path / 'stewardry'
    folder.mkdir()
    (folder / 'lock-new.sh').write_text(f'{block.text}\n')
    reader = Reader(tmp_path)

    def start(code: int) -> str:
        return reader.do(replace(block, text='sh stewardry/lock-new.sh', code=code))

    with Sandbox(accounts=20) as sandbox:
        prepare(folder, sandbox)
        (folder / 'spambots.txt').rename(folder / 'new.txt')
        yield folder, sandbox, start


def locks(sandbox: Sandbox) -> int:
    """Return how many locks were sent."""
    return int(sandbox.summary()['by_action'].get('setglobalaccountstatus', 0))


def test_the_script_for_cron_does_what_it_says(
    stewardry: tuple[Path, Sandbox, Callable[[int], str]],
) -> None:
    folder, sandbox, start = stewardry
    # Runs are minutes apart, else a list waits for the next one.
    _put_first(folder, 'date', f'cat "{folder}/clock"')
    # The second time there is nothing to do, the third time there is again.
    times = enumerate((((), 8), ((), 8), (('Spambot 00001',), 9)))
    for number, (names, sent) in times:
        (folder / 'clock').write_text(f'20260101-00000{number}')
        if names:
            (folder / 'new.txt').write_text('\n'.join(names))
        start(0)
        assert locks(sandbox) == sent
        assert not (folder / 'at-work').exists()


def test_a_bad_list_does_not_hold_up_the_next(
    stewardry: tuple[Path, Sandbox, Callable[[int], str]],
) -> None:
    folder, sandbox, start = stewardry
    good = (folder / 'new.txt').read_text()
    (folder / 'new.txt').write_text('Spambot 00001\nno <name>\n')
    said = start(2)
    (bad,) = folder.glob('wave-*.txt')
    assert f'Correct {bad.name}' in said
    assert not (folder / 'at-work').exists()
    (folder / 'new.txt').write_text(good)
    start(0)
    assert locks(sandbox) == 8
    # What it says helps.
    bad.write_text('Spambot 00001')
    bad.rename(folder / 'new.txt')
    start(0)
    assert locks(sandbox) == 9


def test_a_run_that_was_stopped_is_gone_on_with(
    stewardry: tuple[Path, Sandbox, Callable[[int], str]],
) -> None:
    folder, sandbox, start = stewardry
    # Killed before there was a campaign.
    (folder / 'new.txt').rename(folder / 'wave-1.txt')
    (folder / 'at-work').write_text('wave-1')
    sandbox.faults.arm(Fault('demote', action='setglobalaccountstatus', nth=3))
    assert 'Somebody has to check it' in start(3)
    assert (folder / 'at-work').exists()
    sandbox.command('promote', user='Sandbox Operator')
    start(0)
    assert locks(sandbox) == 9  # one of them was refused
    assert not (folder / 'at-work').exists()


#: What may be wrong before the first target, and the exit code of the script.
BROKEN: dict[str, tuple[Callable[[Path], object], int]] = {
    'open passwords': (lambda d: (d / 'user-password.py').chmod(0o644), 2),
    'unknown language': (
        lambda d: _append(d / 'user-config.py', "family = 'wikipedia'; mylang = 'xx'"),
        2,
    ),
    'no account': (lambda d: _append(d / 'user-config.py', 'usernames.clear()'), 2),
    'wrong syntax': (lambda d: _append(d / 'user-config.py', 'x = ('), 70),
    'a bug': (
        lambda d: _append(d / 'rehearsed_meta_family.py', 'central_wiki = 1 / 0'),
        70,
    ),
    'a damaged file': (lambda d: (d / 'throttle.ctrl').write_bytes(b'\xff'), 2),
    'a damaged ledger': (
        lambda d: (d / 'campaigns' / 'ledger.sqlite3').write_bytes(b'\xff' * 9999),
        2,
    ),
    'no scripts': (lambda d: _put_first(d, 'pwb', 'exit 0'), 70),
}


def _put_first(folder: Path, name: str, does: str) -> Path:
    """Let the shell find another program of that name."""
    path = folder.parent / 'wiki' / 'bin' / name
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\n{does}\n')
    path.chmod(0o755)
    return path


def _append(path: Path, text: str) -> None:
    path.write_text(f'{path.read_text()}\n{text}\n')


def test_no_list_is_lost_where_nothing_works(
    stewardry: tuple[Path, Sandbox, Callable[[int], str]], tmp_path: Path
) -> None:
    folder, sandbox, start = stewardry
    whole = tmp_path / 'whole'
    (folder / 'campaigns').mkdir(exist_ok=True)
    shutil.copytree(folder, whole)
    for how, (spoil, code) in BROKEN.items():
        spoil(folder)
        try:
            said = start(code)
        except AssertionError as error:
            raise AssertionError(how) from error
        (wave,) = folder.glob('wave-*.txt')
        assert (folder / 'at-work').read_text().strip() == wave.stem, (how, said)
        assert wave.read_text() == (whole / 'new.txt').read_text(), how
        assert 'kept' in said, how
        assert not locks(sandbox), how
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
    # What was wrong is corrected: the same list is worked on.
    shutil.rmtree(tmp_path / 'wiki')
    shutil.copy(whole / 'new.txt', folder / 'wave-1.txt')
    (folder / 'at-work').write_text('wave-1')
    start(0)
    assert locks(sandbox) == 8
    assert (folder / 'new.txt').exists()


def test_an_internal_error_is_not_repeated_for_ever(
    stewardry: tuple[Path, Sandbox, Callable[[int], str]],
) -> None:
    folder, sandbox, start = stewardry
    family = folder / 'rehearsed_meta_family.py'
    good = family.read_text()
    _append(family, 'Family.protocol = lambda self, code: 1 / 0')
    assert 'delete the file halted' in start(70)
    family.write_text(good)
    before = len(sandbox.journal.entries())
    assert start(70) == ''
    assert len(sandbox.journal.entries()) == before
    (folder / 'halted').unlink()
    start(0)
    assert locks(sandbox) == 8


def test_two_runs_do_not_take_the_same_list(
    stewardry: tuple[Path, Sandbox, Callable[[int], str]],
) -> None:
    folder, sandbox, start = stewardry
    with (folder / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert start(75) == ''
    assert (folder / 'new.txt').exists()
    assert not (folder / 'at-work').exists()
    start(0)
    assert locks(sandbox) == 8


def test_a_list_is_not_written_over_another(
    stewardry: tuple[Path, Sandbox, Callable[[int], str]],
) -> None:
    folder, sandbox, start = stewardry
    # A clock that stands still.
    clock = _put_first(folder, 'date', 'echo 20260101-000000')
    start(0)
    (folder / 'new.txt').write_text('Spambot 00001')
    start(0)
    assert (folder / 'new.txt').read_text() == 'Spambot 00001'
    assert len((folder / 'wave-20260101-000000.txt').read_text().splitlines()) == 8
    clock.unlink()
    start(0)
    assert locks(sandbox) == 9
