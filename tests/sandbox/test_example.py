"""The example of a campaign of your own, as it stands on its page."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pywikibot import Page

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.actions.steps import Steps
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.cli.script import Kind

from .farms import Farm, existing

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

EXAMPLE = Path(__file__).parents[2] / 'examples' / 'protect_pages.py'
MOVE = ('sysop', '2099-01-01T00:00:00Z')
PAGES = ('Target page', 'Talk:Target page', 'Other page', 'Talk:Other page')


@pytest.fixture
def example(farm: Farm) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location('protect_pages', EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules['protect_pages'] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules['protect_pages']


@pytest.fixture
def pages(sandbox: Sandbox) -> None:
    """Pages of which the last one is missing; two are protected."""

    def write(farm: Any) -> None:
        for title in PAGES[:3]:
            farm.central.edit(title, 'Text', user='Plain Sysop')
        farm.central.page(PAGES[0]).protection['move'] = MOVE
        farm.central.page(PAGES[2]).protection['edit'] = ('sysop', 'infinity')

    sandbox.call(write)


def states(sandbox: Sandbox) -> list[tuple[str, str]]:
    found = []
    for title in PAGES[:3]:
        page = existing(sandbox.farm.central.page(title))
        level = page.protection.get('edit', ('all', ''))[0]
        assert page.protection.get('move') == (MOVE if title == PAGES[0] else None)
        found.append((page.latest.text.replace('Text', ''), level))
    return found


BEFORE = [('', 'all'), ('', 'all'), ('', 'sysop')]
MARKED = [('{{Protected}}', 'all')] * 2 + [('{{Protected}}', 'sysop')]
AFTER = [('{{Protected}}', 'sysop')] * 3


@pytest.mark.usefixtures('pages')
def test_its_steps_are_taken_resumed_and_undone(
    example: ModuleType,
    sandbox: Sandbox,
    ledger: Ledger,
    ledger_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What else protects a page stays, and a page that is not there is not done."""
    usual = ('-always', f'-ledger:{ledger_file}')

    def attached(farm: Any) -> Any:
        return farm.accounts['Sandbox Operator'].attached['metawiki']

    groups = sandbox.call(lambda farm: attached(farm).groups)
    # By then somebody has taken the right away.
    sandbox.faults.arm(kind='demote', action='protect', nth=2)
    names = *PAGES[::2], 'Tarpet page'
    code = example.SCRIPT.main(*names, '-reason:War', '-campaign:war', *usual)
    said = capsys.readouterr().out
    assert code == 3, said
    assert 'not found' in said and 'already in that state' in said
    assert [mark for mark, _ in states(sandbox)] == [m for m, _ in MARKED]
    assert states(sandbox) not in (BEFORE, AFTER)
    sandbox.call(lambda farm: setattr(attached(farm), 'groups', groups))
    assert example.SCRIPT.main('-resume', *usual) == 1
    assert states(sandbox) == AFTER
    found = ledger.find('war')
    assert found is not None
    assert (found.script, found.stages) == ('protect_pages', 2)
    assert ledger.changed_count(found) == 5
    assert example.SCRIPT.main('-undo:war', '-reason:Peace', *usual) == 0
    assert states(sandbox) == BEFORE
    sent = [e.action for e in sandbox.journal.entries() if e.effect]
    kinds = [action for action in sent if action in ('edit', 'protect')]
    assert kinds == ['edit'] * 3 + ['protect'] * 4 + ['edit'] * 3


@pytest.mark.usefixtures('pages')
def test_its_steps_keep_their_order_whatever_others_write_into_the_ledger(
    example: ModuleType,
    sandbox: Sandbox,
    ledger: Ledger,
    ledger_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not even when it is looked at, an order is that of the script."""
    usual = ('-always', f'-ledger:{ledger_file}')
    resume = ('-resume', '-campaign:war', *usual)
    new = (PAGES[0], '-reason:War', '-campaign:war', *usual, '-simulate')
    assert example.SCRIPT.main(*new) == 0

    def change(statement: str) -> None:
        with ledger.database.begin() as connection:
            connection.exec_driver_sql(statement)

    for there, back in (
        ('target SET stage=1-stage', 'target SET stage=1-stage'),
        ('campaign SET stages=1', 'campaign SET stages=2'),
    ):
        change(f'UPDATE {there}')
        for mode in ((), ('-simulate',)):
            assert example.SCRIPT.main(*resume, *mode) == 2
            assert 'Traceback' not in capsys.readouterr().err
        change(f'UPDATE {back}')
    change("UPDATE target SET state='done', changed=1 WHERE stage=0")
    assert example.SCRIPT.main(*resume) == 4
    said = capsys.readouterr()
    assert 'your key' in said.out and '-always does not agree' in said.err
    assert states(sandbox) == BEFORE
    # Shown and agreed to, what is left is done.
    assert example.SCRIPT.main(*resume, '-simulate') == 0
    assert 'your key' in capsys.readouterr().out
    example.SCRIPT.main(*resume)
    assert states(sandbox)[0] == ('', 'sysop')


@pytest.mark.usefixtures('pages')
def test_what_undoes_its_steps_may_be_declared_without_steps(
    example: ModuleType, sandbox: Sandbox, ledger_file: Path
) -> None:
    """The stages are those of the campaign that is undone, in the opposite order."""

    def undo(run: Any, campaign: Any) -> Steps:
        steps = example.STEPS.items()
        return Steps({step: make(run, campaign, step) for step, make in steps})

    kinds = {**example.KINDS, 'unprotect': Kind(undo)}
    script = replace(example.SCRIPT, kinds=kinds)
    usual = ('-always', f'-ledger:{ledger_file}')
    assert script.main(PAGES[0], '-reason:War', '-campaign:war', *usual) == 0
    assert script.main('-undo:war', '-reason:Peace', *usual) == 0
    assert states(sandbox) == BEFORE
    sent = [e.action for e in sandbox.journal.entries() if e.effect]
    kinds_sent = [action for action in sent if action in ('edit', 'protect')]
    assert kinds_sent == ['edit'] * 2 + ['protect'] * 4 + ['edit'] * 2


@pytest.mark.usefixtures('pages')
def test_its_own_rules_skip_with_their_own_words(
    example: ModuleType,
    sandbox: Sandbox,
    ledger_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the plan, in the summary, in each report and when it is resumed."""

    class Limited(example.Protect):  # type: ignore[name-defined,misc]
        def plan(self, names: Any) -> Iterator[Any]:
            for decision in super().plan(names):
                edits = Page(self.site, decision.name).revision_count()
                if edits > 1:
                    facts = {**decision.facts, 'problem': f'{edits} edits'}
                    own = SkipReason.OWN_RULE
                    yield replace(decision, skipped=own, facts=facts)
                else:
                    yield decision

    kinds = {'protect_pages': Kind(Limited)}
    script = replace(example.SCRIPT, kinds=kinds)
    sandbox.call(lambda f: f.central.edit(PAGES[1], 'More', user='Plain Sysop'))
    usual = (f'-ledger:{ledger_file}', '-campaign:war', f'-report:{tmp_path}')
    assert script.main(PAGES[0], '-reason:War', '-simulate', *usual) == 0
    said = capsys.readouterr().out
    assert f'{PAGES[1]} (by a rule of this campaign: 2 edits; now' in said
    assert script.main('-resume', '-always', *usual) == 1
    said = capsys.readouterr().out
    assert f'{PAGES[1]}: by a rule of this campaign: 2 edits' in said
    assert [level for _, level in states(sandbox)][:2] == ['sysop', 'all']
    for suffix in ('json', 'csv', 'wiki', 'html'):
        (report,) = tmp_path.glob(f'*.{suffix}')
        assert 'by a rule of this campaign: 2 edits' in report.read_text()


@pytest.mark.usefixtures('pages')
def test_bad_lines_and_exclusions_hold_for_its_own_targets_and_steps(
    example: ModuleType,
    ledger_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What its function refuses is a bad line, and what -not names is found."""

    def run(*arguments: str, **lists: str) -> tuple[int, str]:
        files = []
        for option, text in lists.items():
            (tmp_path / option).write_text(text)
            files.append(f'-{option}:{tmp_path / option}'.replace('not_:', 'not:'))
        usual = ('-reason:x', '-simulate', f'-ledger:{ledger_file}')
        code = example.SCRIPT.main(*files, *arguments, *usual)
        said = capsys.readouterr()
        return code, said.out + said.err

    bad = f'{PAGES[0]}\nBad[x\n'
    code, said = run(file=bad)
    assert code == 2 and 'line 2: ' in said and 'illegal char' in said
    assert run('-skip-bad-lines', file=bad)[0] == 0
    code, said = run(*PAGES[::2], not_=PAGES[0])
    assert code == 0 and '2 of the entries are targets' in said, said
    assert f'{PAGES[1]} (listed in -not' in said
    # A comment that may mean a target.
    code, said = run(*PAGES[::2], protect=f'{PAGES[2]}\n# {PAGES[0]}\n')
    assert code == 2 and 'line 2: ' in said, said
    code, said = run(PAGES[0], not_=PAGES[2])
    assert code == 2 and f'{PAGES[2]!r} is not a target.' in said


def test_it_is_short() -> None:
    assert len(EXAMPLE.read_text('utf-8').splitlines()) <= 60


@pytest.mark.usefixtures('pages')
def test_what_an_option_says_is_undone_without_saying_it_again(
    example: ModuleType,
    sandbox: Sandbox,
    ledger_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A state that consists of a stored option is found again by the undo."""

    class Noted(example.Mark):  # type: ignore[misc, name-defined]
        """Marks pages with the level."""

        @property
        def state(self) -> str:
            return f'{{{{Protected|{self.stored["level"]}}}}}'

    kinds = {'note': Kind(Noted, undo='unnote'), 'unnote': Kind(Noted)}
    script = replace(example.SCRIPT, kinds=kinds)
    usual = ('-always', f'-ledger:{ledger_file}')
    because = ('-reason:x', *usual)

    def text() -> str:
        return existing(sandbox.farm.central.page(PAGES[2])).latest.text

    new = (PAGES[2], '-level:steward', '-campaign:c')
    assert script.main(*new, '-simulate', *because) == 0
    assert script.main('-undo:c', *because) == 2
    assert "'c' has changed nothing" in capsys.readouterr().err
    assert script.main('-resume', *usual) == 0
    assert text() == '{{Protected|steward}}Text'
    assert script.main('-undo:c', '-campaign:u', '-simulate', *because) == 0
    assert script.main('-resume', '-campaign:u', *usual) == 0
    assert text() == 'Text'
