"""A section about a campaign on a page of the central wiki, for colleagues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Fault, Sandbox
from centralauth_sandbox.titles import parse_title

from .desk import Run

# Within one process there are sites before the second run begins.
pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
LOCK = 'setglobalaccountstatus'
TITLE = 'Stewards/Reports'
PAGE = f'-report-page:{TITLE}'


def text(sandbox: Sandbox, title: str = TITLE) -> str:
    """Return what is on a page of the central wiki; empty if there is none."""

    def read(farm: Any) -> str:
        page = farm.central.pages.get(parse_title(title))
        return '' if page is None else str(page.latest.text)

    return sandbox.call(read)


def edits(sandbox: Sandbox) -> int:
    """Return how many edits have changed something."""
    return sum(bool(e.effect) for e in sandbox.journal.entries(action='edit'))


def save(sandbox: Sandbox, content: str, title: str = TITLE) -> None:
    """Save a page of the central wiki as a colleague."""
    sandbox.call(lambda farm: farm.central.edit(title, content, user='Ann'))


def test_colleagues_read_numbers_and_no_names_and_an_undo_is_told(
    pwb: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    secret = 'Spambot 00004'
    sandbox.call(lambda farm: setattr(farm.accounts[secret], 'hidden', 'suppressed'))
    save(sandbox, 'Reports of stewards.')
    file = tmp_path / 'names.txt'
    file.write_text('\n'.join(['Spambot 00001', 'Nobody at all', secret]))
    usual = (f'-file:{file}', f'-reason:Spam {{{{of}}}} {secret}', PAGE)
    run = pwb('global_lock', *usual, '-campaign:Spambot-00001', '-simulate')
    assert run.code == 0 and not edits(sandbox), run.said
    run = pwb('global_lock', '-resume', '-campaign:Spambot-00001', '-always')
    assert run.code == 1, run.said
    assert f'The report is on [[{TITLE}]]' in run.out
    first = text(sandbox)
    assert first.startswith('Reports of stewards.\n\n== global_lock, ')
    for line in (
        'By [[User:Sandbox Operator]]',
        '<nowiki>Spam {{of}} account #',
        ': Done: 2. Failed: 0. Skipped: 1.\n* skipped: 1, no such global account\n',
    ):
        assert line in first
    for word in ('Spambot', 'Nobody'):
        assert word not in first
    # What others have written around it stays, and so do earlier sections.
    save(sandbox, f'{first}: Well done. ~~~~')
    run = pwb(
        'global_lock', '-undo:Spambot-00001', '-reason:', '-always', '-campaign:u'
    )
    assert run.code == 1, run.said
    second = text(sandbox)
    assert second.startswith('Reports of stewards.\n\n== global_lock, ')
    assert second.endswith(': Well done. ~~~~') and second.count('==') == 2
    assert ': Undone by [[User:Sandbox Operator]], begun at ' in second
    assert '(UTC): 1 of 2.\n' in second
    assert edits(sandbox) == 2
    # Nothing has changed: nothing is saved.
    assert pwb('global_lock', '-resume', '-campaign:u', '-always').code == 1
    assert edits(sandbox) == 2
    run = pwb('global_lock', 'Spambot 00005', '-reason:x', '-always', PAGE)
    assert run.code == 0, run.said
    assert text(sandbox).startswith(second) and text(sandbox).count('==') == 4


def test_names_are_listed_where_that_was_agreed_to_once(
    sandbox: Sandbox, desk: Any
) -> None:
    names = ('Spambot 00001', 'Spambot 00002', 'Spambot 00003')
    usual = (*names, '-reason:test', PAGE, '-report-names')
    run = desk.run(*usual, '-always')
    assert run.code == 2 and 'confirmed at a terminal' in run.err, run.said
    run = desk.run(*usual, '-hide:lists')
    assert run.code == 2, run.said
    run = desk.run(*usual, '-simulate', '-campaign:a')
    assert run.code == 0, run.said
    run = desk.run('-resume', '-campaign:a', '-always')
    assert run.code == 2 and 'at a terminal' in run.err, run.said
    asked = 'be listed there? [y/N]'
    run = desk.talk('-resume', '-campaign:a', answers=[(asked, 'n')])
    assert run.code == 4, run.out
    assert not sandbox.journal.entries(action=LOCK)
    # Stopped in the middle, and resumed without another question.
    sandbox.faults.arm(Fault('demote', action=LOCK, nth=2))
    run = desk.talk('-resume', '-campaign:a', answers=[(asked, 'y'), ('y/N]', 'y')])
    assert run.code == 3 and not text(sandbox), run.out
    sandbox.command('promote', user='Sandbox Operator')
    sandbox.call(lambda farm: setattr(farm.accounts[names[2]], 'hidden', 'lists'))
    run = desk.run('-resume', '-campaign:a', '-always')
    assert run.code == 0, run.said
    page = text(sandbox)
    assert f'| {names[0]} || done' in page and f'| {names[1]} || done' in page
    # A colleague has hidden it in the meantime.
    assert names[2] not in page and ': Not named here: 1.\n' in page
    # What it has undone is told on the same page, and so is what undoes that.
    for number, (undone, code) in enumerate((('a', 1), ('undo1', 0)), start=1):
        name = f'-campaign:undo{number}'
        run = desk.run(f'-undo:{undone}', '-reason:', '-always', name)
        assert run.code == code, run.said
    for word in ('Undone', 'Done again'):
        begun = f': {word} by [[User:Sandbox Operator]], begun at '
        assert text(sandbox).count(begun) == 1 and text(sandbox).count('==') == 2
    assert f'| {names[0]} || done' in text(sandbox)


def test_addresses_are_never_listed(sandbox: Sandbox, desk: Any) -> None:
    desk.script = 'global_block'
    sandbox.call(lambda farm: farm.add_account('~2026-1-2'))
    arguments = ('192.0.2.7', '~2026-1-2', '-expiry:1 week', '-anononly')
    usual = ('-reason:test', PAGE, '-report-names', '-campaign:b')
    answers = [('be listed there? [y/N]', 'y'), ('[y/N]', 'y')]
    run = desk.talk(*arguments, *usual, answers=answers)
    assert run.code == 0, run.out
    page = text(sandbox)
    assert '| <nowiki>~2026-1-2</nowiki> || done' in page
    assert '192.0.2' not in page and ': Not named here: 1.' in page


def test_a_campaign_does_not_depend_on_its_page(
    pwb: Script,
    sandbox: Sandbox,
    site: Any,
    numbers: Iterator[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lock(page: str = PAGE) -> Run:
        name = f'Spambot {next(numbers):05}'
        return pwb('global_lock', name, '-reason:test', '-always', page)

    # Found out before anything is written: there is no such page.
    save(sandbox, f'#REDIRECT [[{TITLE}]]', 'Old reports')
    for title, said in (
        ('Old reports', f'it leads to, {TITLE}'),
        ('MediaWiki:Common.css', 'holds wikitext'),
        ('Special:Log', 'holds wikitext'),
        ('A|B', 'holds wikitext'),
        ('aa:Reports', 'holds wikitext'),
    ):
        run = lock(f'-report-page:{title}')
        assert run.code == 2 and said in run.err, run.said
    assert not sandbox.journal.entries(action=LOCK)
    # Found out after that: the edit is refused, or its answer is lost.
    sandbox.faults.arm(Fault('http', action='edit', status=500, times=0))
    run = lock()
    assert run.code == 0, run.said
    assert f'The section on [[{TITLE}]] could not be written' in run.said
    assert not text(sandbox)
    sandbox.faults.clear()
    sections = 0
    for when in ('before', 'after'):
        sandbox.faults.arm(Fault('drop', action='edit', when=when))
        run = lock()
        assert run.code == 0 and 'The report is on' in run.out, run.said
        assert text(sandbox).count('==') == (sections := sections + 2)
    # A colleague has saved the page after it was read.
    read = site.edit_context

    def read_and_be_late(*args: Any, **how: Any) -> Any:
        context = read(*args, **how)
        if how and 'too late' not in text(sandbox):
            save(sandbox, f'{text(sandbox)}\n\n== Another ==\ntoo late')
        return context

    monkeypatch.setattr(site, 'edit_context', read_and_be_late)
    run = lock()
    assert run.code == 0 and 'The report is on' in run.out, run.said
    assert text(sandbox).count('==') == sections + 4 and 'too late' in text(sandbox)


@pytest.fixture
def numbers() -> Iterator[int]:
    """The numbers of accounts that no campaign has named yet."""
    return iter(range(1, 20))
