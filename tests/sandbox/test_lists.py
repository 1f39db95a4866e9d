"""Lists as operators paste them, in whole scripts: nothing is silently left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox

from .desk import Desk, Run

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

LOCK = 'setglobalaccountstatus'
Script = Callable[..., Run]
USUAL = ('-reason:Spam-only account', '-always')

MIXED = """\
{{MultiLock|Spambot 00001|Spambot 00002|~2026-40417-33}}
* {{Luxotool|192.0.2.44}}
* [[User:~2026-40417-34]]
~2026-40417-35 (talk | contribs)
# [[User:Spambot 00003]]
User:Spambot 00004
12:04, 3 November 2026 192.0.2.45 (talk) (block)
# a comment
== Spambots ==
#48123
--~~~~
"""


def locked(sandbox: Sandbox) -> list[str]:
    return [e.target for e in sandbox.journal.entries(action=LOCK) if e.effect]


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def test_every_line_is_accounted_for(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / 'list.txt'
    file.write_text(MIXED, encoding='utf-8')
    refused = global_lock(f'-file:{file}', *USUAL)
    assert refused.code == 2, refused.said
    assert f'{file}, line 10:' in refused.err
    assert f'{file}, line 11:' in refused.err
    assert not locked(sandbox)
    run = global_lock(f'-file:{file}', *USUAL, '-skip-bad-lines')
    assert run.code == 1, run.said
    assert locked(sandbox) == spam(1, 2, 3, 4)
    assert (
        f'{file}: 9 names, 1 comment, 1 other line without a name, 2 refused.'
    ) in run.out
    assert 'Temporary accounts among them: 3; IP addresses: 2.' in run.out
    assert '7 lines contain more than a name' in run.out
    for name in '~2026-40417-33', '~2026-40417-35', '192.0.2.44', '192.0.2.45':
        assert f'  {name} (' in run.out


def test_at_a_terminal_it_is_shown_how_lines_were_understood(
    desk: Desk, sandbox: Sandbox
) -> None:
    file = desk.directory / 'list.txt'
    lines = [f'* [[User:{name}]]' for name in spam(*range(1, 31))]
    file.write_text('\n'.join([*lines, 'Spambot 00031']), encoding='utf-8')
    run = desk.talk(f'-file:{file}', '-reason:x', '-simulate', answers=[])
    assert run.code == 0, run.said
    assert '* [[User:Spambot 00001]] -> Spambot 00001' in run.out
    assert '... and 10 more lines like these.' in run.out
    hidden = (f'-file:{file}', '-reason:x', '-simulate', '-hide:lists')
    run = desk.talk(*hidden, answers=[])
    assert run.code == 0, run.said
    assert '->' not in run.out
    assert '30 lines contain more than a name' in run.out


def test_a_name_that_begins_with_an_asterisk_is_that_name(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    def add(farm: Any) -> None:
        farm.add_account('*Starlit')
        farm.add_account('Starlit')

    sandbox.call(add)
    file = tmp_path / 'list.txt'
    file.write_text('*Starlit\n', encoding='utf-8')
    run = global_lock(f'-file:{file}', *USUAL)
    assert run.code == 0, run.said
    assert locked(sandbox) == ['*Starlit']


def test_first_letters_are_those_of_mediawiki(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Upper case would be another name: title case is what the wiki keeps."""
    names = [
        '\u10dc\u10d8\u10dc\u10dd \u10e2\u10d4\u10e1\u10e2\u10d8',
        '\u01c5or\u0111e',
    ]

    def add(farm: Any) -> None:
        for name in names:
            farm.add_account(name)

    sandbox.call(add)
    file = tmp_path / 'list.txt'
    file.write_text('\n'.join([names[0], '\u01c6or\u0111e']), encoding='utf-8')
    run = global_lock(f'-file:{file}', *USUAL)
    assert run.code == 0, run.said
    assert locked(sandbox) == names


def test_whoever_is_in_a_list_of_exclusions_is_spared(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    spared = tmp_path / 'not.txt'
    spared.write_text('# [[User:Spambot 00001]]\nQuiet Reader\n', encoding='utf-8')
    standing = tmp_path / 'standing.txt'
    standing.write_text('Nobody Of That Name\n* Spambot 00002\n', encoding='utf-8')
    lists = (f'-not:{spared}', f'-protect:{standing}')
    run = global_lock(*spam(1, 2, 3), *lists, *USUAL)
    assert run.code == 1, run.said
    assert locked(sandbox) == spam(3)
    count = '2 entries, 0 comments; 1 of the entries is a target as written.'
    for option in lists:
        assert f'{option}: {count}' in run.out
    spared.write_text('Spambot 00003', encoding='utf-8')
    run = global_lock(*spam(3), f'-not:{spared}', '-unlock', *USUAL)
    assert run.code == 1, run.said
    assert locked(sandbox) == spam(3)


@pytest.mark.parametrize(
    ('option', 'text', 'words'),
    [
        (
            '-not',
            'Spambot 00001 (my test account)',
            "'Spambot 00001 (my test account)'",
        ),
        ('-not', 'Quiet Reader\nNobody', 'line 2:'),
        ('-not', '# User:Spambot 00001', 'may be a comment or a list item'),
        ('-not', 'a|b', 'line 1:'),
        ('-protect', 'a|b', 'line 1:'),
    ],
)
def test_an_exclusion_that_would_protect_nobody_stops_everything(
    global_lock: Script,
    sandbox: Sandbox,
    tmp_path: Path,
    option: str,
    text: str,
    words: str,
) -> None:
    file = tmp_path / 'spared.txt'
    file.write_text(text, encoding='utf-8')
    run = global_lock(
        *spam(1), f'{option}:{file}', *USUAL, '-skip-bad-lines', '-campaign:one'
    )
    assert run.code == 2, run.said
    assert words in run.err
    assert not locked(sandbox)
    # Nothing is kept that -resume would carry out.
    assert global_lock('-resume', '-campaign:one', '-always').code == 2


def test_no_target_that_a_standing_list_may_mean_is_locked_in_silence(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A line that is read as the name of nobody protects nobody."""
    file = tmp_path / 'protected.txt'
    meant = [
        'Benutzer:Spambot 00001',
        'Quiet Reader, Spambot 00001',
        'Quiet Reader and spambot_00001',
        'Spambot 00001 (our test account)',
        "'Spambot 00001'.",
        'Spambot 00001@aawiki',
        '[[User:Quiet Reader]] with Spambot 00001',
        '# Spambot 00001',
        '== Spambot 00001 ==',
    ]
    other = ['[[User:Spambot 00001 (WMF)]]', 'Quiet # not Spambot 00001', '# see above']
    file.write_text('\n'.join(meant + other), encoding='utf-8')
    run = global_lock(*spam(1), f'-protect:{file}', *USUAL)
    assert run.code == 2, run.said
    lines = [
        line for line in run.err.splitlines() if 'This line contains a target' in line
    ]
    assert [line.partition(':')[0] for line in lines] == [
        f'{file}, line {number}' for number, _ in enumerate(meant, start=1)
    ]
    assert not locked(sandbox)
    file.write_text('\n'.join(other), encoding='utf-8')
    run = global_lock(*spam(1), f'-protect:{file}', *USUAL)
    assert run.code == 0, run.said


def test_a_standing_list_can_be_set_for_all_runs(desk: Desk, sandbox: Sandbox) -> None:
    standing = desk.directory / 'protected.txt'
    standing.write_text('Spambot 00001\nNobody\n', encoding='utf-8')
    config = desk.directory / 'user-config.py'
    line = f"__import__('mw_tokens_plugin').enable(protect={str(standing)!r})\n"
    config.write_text(config.read_text('utf-8') + line, 'utf-8')
    run = desk.run(*spam(1, 2), *USUAL)
    assert run.code == 1, run.said
    assert locked(sandbox) == spam(2)
    # A plan may be older than the entry.
    assert desk.run(*spam(3, 4), '-reason:x', '-simulate', '-campaign:old').code == 0
    standing.write_text('Spambot 00001\n[[User:Spambot 00003]]\n', encoding='utf-8')
    run = desk.run('-resume', '-campaign:old', '-always')
    assert run.code == 1, run.said
    assert 'Spambot 00003: skipped: listed in -not or -protect' in run.out
    assert locked(sandbox) == spam(2, 4)


def test_a_report_and_a_plan_are_lists(
    global_lock: Script, pwb: Script, tmp_path: Path
) -> None:
    """What a program prints, it can read."""
    report = tmp_path / 'r'
    first = global_lock(*spam(1, 2), *USUAL, '-campaign:one', f'-report:{report}')
    assert first.code == 0, first.said
    for number, ending in enumerate(('csv', 'wiki'), start=1):
        file = report / f'one.{ending}'
        undo = (f'-file:{file}', '-unlock', '-reason:x', '-simulate', '-skip-bad-lines')
        run = global_lock(*undo, f'-campaign:undo{number}')
        assert run.code == 0, run.said
        assert '2 different names' in run.out, ending
        assert 'To unlock: 2' in run.out, ending
    plan = tmp_path / 'plan.txt'
    lines = [line for line in run.out.splitlines() if line.startswith('  Spambot')]
    plan.write_text('\n'.join(lines), encoding='utf-8')
    run = global_lock(f'-file:{plan}', '-unlock', '-reason:x', '-simulate')
    assert 'To unlock: 2' in run.out


# Options


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['-reason:a', '-reason:b'], '-reason is given twice'),
        (['-reason:a', '-summary:b'], '-reason is given twice'),
        (['-reason:a', '-workers:1', '-workers:2'], '-workers is given twice'),
        (['-reason:a', '-max-edits:1', '-max-edits:1'], '-max-edits is given twice'),
        (['-reason:a\nb'], 'control character'),
        (['-reason:a\x1b]0;b'], 'control character \\x1b'),
        (['-summary:a\u202eb'], 'control character'),
        (['-undo', '-reason:a'], '-undo:CAMPAIGN'),
        (['-resume:one'], '-resume -campaign:NAME'),
        (['--file=x', '-reason:a'], '-file:x'),
        (['-file=x', '-reason:a'], '-file:x'),
        (['--always', '-reason:a'], 'write -always'),
        (['-reson:a'], 'Is -reason:TEXT meant?'),
        (['-max-edit:5'], 'Is -max-edits:N meant?'),
        (['-unlok'], 'Is -unlock meant?'),
        (['-ledger', '-reason:a'], '-ledger:URL'),
        (['-always:yes', '-reason:a'], 'takes no value'),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else '',
)
def test_options_that_would_be_misunderstood_are_refused(
    global_lock: Script, sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    run = global_lock(*spam(1), *arguments, '-always')
    assert run.code == 2, run.said
    assert words in run.err
    assert not sandbox.journal.entries(action=LOCK)


@pytest.mark.parametrize(
    ('script', 'arguments', 'words'),
    [
        ('global_delete', ['X', '-max-wiki:3'], 'Is -max-wikis:N meant?'),
        ('global_delete', ['X', '-max-wikis:3', '-max-wikis:4'], 'given twice'),
        ('crosswiki_delete', ['aa:X', '-max-author:3'], 'Is -max-authors:N meant?'),
        ('crosswiki_delete', ['-wikis:aa', '-prefixindx:X'], 'not understood'),
        ('crosswiki_delete', ['-wikis:aa', '-same-titel:X'], 'Is -same-title:TITLE'),
        ('crosswiki_delete', ['aa:X', '-reason-de:a', '-reason-de:b'], 'given twice'),
        ('crosswiki_delete', ['aa:X', '-reason-de:a\nb'], 'control character'),
        ('link_account', ['-unlnk:x'], 'Is -unlink:ID meant?'),
        ('link_account', ['-state:a', '-state:b'], '-state is given twice'),
        ('token_doctor', ['-fro:global_lock'], 'Is -for:SCRIPT meant?'),
        ('token_doctor', ['-json:yes'], 'takes no value'),
        ('campaign', ['list', '-leger:x'], 'Is -ledger:URL meant?'),
        ('campaign', ['list', '-ledger=x'], 'write -ledger:x'),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else None,
)
def test_every_script_names_the_option_that_may_be_meant(
    pwb: Script, script: str, arguments: list[str], words: str
) -> None:
    run = pwb(script, *arguments)
    assert run.code == 2, run.said
    assert words in run.err


def test_a_reason_is_sent_as_a_wiki_keeps_it(
    global_lock: Script, sandbox: Sandbox
) -> None:
    run = global_lock(*spam(1), '-summary:  Spa\u0308m ', '-always')
    assert run.code == 0, run.said
    (sent,) = sandbox.journal.entries(action=LOCK)
    assert sent.params['reason'] == 'Sp\u00e4m'
    run = global_lock(*spam(2), f'-reason:{"x" * 501}', '-simulate')
    assert 'The reason has 501 characters; wikis store only the first 500.' in run.out


# Pages


def test_pages_that_an_address_or_a_temporary_account_has_begun_are_found(
    pwb: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    who = {'192.0.2.7': 'aa', '~2026-1234': 'bb', '2001:DB8:0:0:0:0:0:7': 'aa'}

    def write(farm: Any) -> None:
        for user, wiki in who.items():
            farm.wikis[wiki].edit(f'Spam by {user}', 'x', user=user)
            farm.wikis[wiki].edit(f'Talk:Spam by {user}', 'x', user='Sandbox Sysop')

    sandbox.call(write)
    for number, (user, written) in enumerate(
        [('192.0.2.007', '192.0.2.7'), ('2001:db8::7', '2001:DB8:0:0:0:0:0:7')]
    ):
        left = tmp_path / f'left{number}'
        run = pwb(
            *('crosswiki_delete', f'-from-user:{user}', '-wikis:aa', '-reason:x'),
            *('-simulate', f'-to-revert:{left}'),
        )
        assert run.code == 0, run.said
        assert f'  aawiki:Spam by {written} (' in run.out
        assert 'Talk:Spam' not in run.out
    run = pwb(
        *('crosswiki_delete', '-from-user:~2026-1234', '-reason:x', '-simulate'),
        f'-to-revert:{tmp_path}/left',
    )
    assert run.code == 0, run.said
    assert '  bbwiki:Spam by ~2026-1234 (' in run.out
    run = pwb('crosswiki_delete', '-from-user:192.0.2.0/24', '-reason:x', '-simulate')
    assert run.code == 2, run.said


def test_pages_are_read_as_a_plan_writes_them(
    pwb: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    file, spared = tmp_path / 'pages.txt', tmp_path / 'spared.txt'
    sandbox.call(lambda farm: farm.wikis['aa'].edit('Spam', 'x', user='Sandbox Sysop'))
    sandbox.call(lambda farm: farm.wikis['aa'].edit('Kept', 'x', user='Sandbox Sysop'))
    file.write_text(
        '# pages\n  aawiki:Spam (active sysops 1; revisions 1)\n# [[aa:Kept]]\n',
        'utf-8',
    )
    spared.write_text('# aa:Kept\n# [[:aa:Kept]]\n', 'utf-8')
    lists = (f'-file:{file}', f'-not:{spared}')
    run = pwb('crosswiki_delete', *lists, '-reason:x', '-always')
    assert run.code == 1, run.said
    assert '  aawiki:Kept (listed in -not or -protect' in run.out
    assert 'done: aawiki:Spam' in run.out
    assert f'{file}: 2 names, 1 comment' in run.out
    count = '1 entry, 1 comment; 1 of the entries is a target as written.'
    assert f'{spared}: {count}' in run.out
    meant = ['# aa:Kept', 'aawiki:Kept (ours)', 'aa:Main Page, aa:Kept']
    spared.write_text('\n'.join([*meant, '[[aa:Main Page]] and aa:Kept']), 'utf-8')
    run = pwb(
        'crosswiki_delete', 'aa:Kept', f'-protect:{spared}', '-reason:x', '-always'
    )
    assert run.code == 2, run.said
    assert run.err.count('This line contains a target') == 4, run.err
    spared.write_text('aa:Kept\naa:No such page\n', 'utf-8')
    run = pwb('crosswiki_delete', 'aa:Kept', lists[1], '-reason:x', '-always')
    assert run.code == 2, run.said
    assert 'line 2' in run.err
