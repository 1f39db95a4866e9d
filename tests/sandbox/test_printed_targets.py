"""What a program prints as a target, its list reader reads as the same target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.campaign.ledger import Ledger

from .desk import Run
from .foreign import write_pages

Script = Callable[..., Run]

#: Titles that look like markup, like numbers, or like what programs say of a page.
TITLES = (
    *('Spam page A', 'Spam page: B (x)', 'User:Foo/bar', 'Talk:Spam page A', 'C++'),
    *("Spam '''x'''", '1. Spam', '*Star', '-Dash', 'Spam, page', '\u00dcn\u00ef code'),
    *('Spam (revisions 1)', 'A (talk)', '"Quoted"', 'A; B', '=Eq=', '! X', 'done: X'),
    *('X: RateLimited: y', 'A & B', 'A?b', 'A/B\\C', ';X', '\u2022 Bullet', 'A=B'),
    *('X (no such page)', 'X (active sysops 1; revisions 1)', 'A \u2014 B', "''It''"),
    *('2026-11-01', 'Category:Spam: it', 'Foo (no such page; revisions 3)'),
)

#: Names of accounts of the same kind.
NAMES = (
    *(
        'Foo (talk)',
        'Foo (edits)',
        '1 Foo',
        '*Foo',
        "'Foo'",
        'A, Foo',
        'Foo: RateLimited',
    ),
    *('Done: Foo', 'Foo (in a global group)x', '=Foo', 'Foo (2)'),
)


def _printed(out: str) -> str:
    """Return the lines of a plan or a summary in which targets stand."""
    lines = [line for line in out.splitlines() if line.startswith(('  ', 'done: '))]
    return '\n'.join(line for line in lines if not line.startswith('   '))


def _planned(ledger: Ledger) -> set[str]:
    """Return the targets of the latest campaign."""
    (*_, latest) = ledger.campaigns()
    return {target.name for target in ledger.targets(latest)}


def test_pages_are_read_as_they_are_printed(
    pwb: Script, sandbox: Sandbox, ledger: Ledger, tmp_path: Path
) -> None:
    """By plans, whether they are to be done or skipped, and by runs and summaries."""
    write_pages(sandbox, 'aa', *TITLES[:-1])
    pages = tmp_path / 'pages.txt'
    pages.write_text(''.join(f'aawiki\t{title}\n' for title in TITLES), 'utf-8')
    spared = tmp_path / 'spared.txt'
    spared.write_text('aawiki\tC++\naawiki\tA & B\n', 'utf-8')
    lists = (f'-file:{pages}', f'-not:{spared}')
    usual = ('crosswiki_delete', '-reason:x')
    first = pwb(*usual, *lists, '-simulate', '-campaign:one')
    expected = _planned(ledger)
    assert len(expected) == len(TITLES), first.said
    again = tmp_path / 'again.txt'
    again.write_text(_printed(first.out), 'utf-8')
    second = pwb(*usual, f'-file:{again}', '-simulate', '-campaign:two')
    assert second.code == 0, second.said
    assert _planned(ledger) == expected
    done = pwb(*usual, *lists, '-always', '-campaign:three')
    again.write_text(_printed(done.out), 'utf-8')
    third = pwb(*usual, f'-file:{again}', '-simulate', '-campaign:four')
    assert third.code in (0, 1), third.said
    assert _planned(ledger) == expected
    shown = pwb('campaign', 'show', 'three')
    again.write_text(_printed(shown.out), 'utf-8')
    fourth = pwb(*usual, f'-file:{again}', '-simulate', '-campaign:five')
    assert fourth.code in (0, 1), fourth.said
    assert _planned(ledger) <= expected


def test_accounts_are_read_as_they_are_printed(
    pwb: Script, sandbox: Sandbox, ledger: Ledger, tmp_path: Path
) -> None:
    """Of all who lock and delete them, skipped or not."""

    def make(farm: Any) -> None:
        for name in NAMES:
            farm.add_account(name)

    sandbox.call(make)
    names = [*NAMES, 'No Such Account', 'Prolific Editor', 'Sandbox Operator']
    source = tmp_path / 'names.txt'
    source.write_text(''.join(f'[[User:{name}]]\n' for name in names), 'utf-8')
    for script in 'global_lock', 'global_delete':
        usual = (script, '-reason:x', '-simulate')
        first = pwb(*usual, f'-file:{source}', f'-campaign:{script}1')
        expected = _planned(ledger)
        assert len(expected) == len(names), first.said
        again = tmp_path / f'{script}.txt'
        again.write_text(_printed(first.out), 'utf-8')
        pwb(*usual, f'-file:{again}', f'-campaign:{script}2')
        assert _planned(ledger) == expected
