"""Requests on a page of the central wiki: chosen, carried out and marked."""

from __future__ import annotations

import re
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.titles import parse_title
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.requestpages import RequestKind, RequestPage
from mw_tokens_plugin.targets import requesters
from mw_tokens_plugin.targets.requests import select

from .desk import Run

LOCK = 'setglobalaccountstatus'
TITLE = 'Steward requests/Global'
PAGE = f'-page:{TITLE}'
Script = Callable[..., Run]

ABOVE = """\
== Requests for global (un)block ==

=== Global block for some addresses ===
{{Status}} <!-- Do not remove this template -->
* {{Luxotool|192.0.2.1}}
* {{Luxotool|2001:DB8::/32}}
* {{LockHide|~2026-123-4}}
Vandalism. [[User:Ann|Ann]] 07:42, 21 November 2026 (UTC)

== Requests for global (un)lock and (un)hiding ==

"""
LIST = """\
=== Global lock for spambots ===
{{Status|<!-- do not change this line -->}}
{{Collapse top|User list}}
* {{MultiLock|Spambot 00001|User:spambot_00002}}
{{Collapse bottom}}
Spambots.  [[User:Ann|Ann]] 07:42, 21 November 2026 (UTC)

"""
ONE = """\
=== Global lock for Spambot 00003 ===
{{Status|in progress}}
*{{LockHide|1=Spambot 00003|2=en}}
Spam. [[User:Bob|Bob]] 07:50, 21 November 2026 (UTC)
:Is it? [[User:Ann|Ann]] 07:51, 21 November 2026 (UTC)

<!-- new requests go above this line -->
"""
OTHERS = """\
=== Global unlock for Spambot 00004 ===
{{Status}}
* {{LockHide|Spambot 00004}}
=== Spambot 00005 ===
{{Status}}
* {{LockHide|Spambot 00005}}
=== Global lock for Spambot 00006 ===
{{Status|not done}}
* {{LockHide|Spambot 00006}}
"""
BELOW = '\n== See also ==\n* [[Stewards]]'


def spam(*numbers: int) -> list[str]:
    """Return the names of some spam accounts of the sandbox."""
    return [f'Spambot {number:05}' for number in numbers]


def written(sandbox: Sandbox) -> list[str]:
    """Return whose state was really changed, in order."""
    return [e.target for e in sandbox.journal.entries(action=LOCK) if e.effect]


def save(sandbox: Sandbox, text: str, user: str = 'Ann') -> int:
    """Save the page as somebody, and return the number of the revision."""
    return int(sandbox.call(lambda farm: farm.central.edit(TITLE, text, user=user).id))


def text(sandbox: Sandbox) -> str:
    """Return what is on the page now."""
    return str(sandbox.call(lambda farm: _page(farm).latest.text))


def edits(sandbox: Sandbox) -> list[Any]:
    """Return the revisions that the operator has made, with their summaries."""
    return [
        revision
        for revision in sandbox.call(lambda farm: list(_page(farm).revisions))
        if revision.user == 'Sandbox Operator'
    ]


def move(sandbox: Sandbox, source: str, target: str) -> None:
    """Move a page as somebody, leaving a redirect."""

    def do(farm: Any) -> None:
        wiki = farm.central
        mover = wiki.accounts['Sandbox Operator']
        wiki.move(wiki.page(source), parse_title(target), mover, 'better', True)

    sandbox.call(do)


def _page(farm: Any) -> Any:
    return farm.central.pages[parse_title(TITLE)]


# Never trusted


@pytest.mark.parametrize('source', [PAGE, '-prefix:Spambot'])
def test_what_others_can_add_to_never_runs_on_always_alone(
    global_lock: Script, sandbox: Sandbox, desk: Any, source: str
) -> None:
    save(sandbox, ABOVE + LIST)
    run = global_lock(source, '-reason:test', '-always')
    assert run.code == 2, run.said
    assert '-simulate' in run.err
    assert 'never run on -always alone' in run.err
    assert global_lock(source, '-reason:test').code == 2
    at_terminal = desk.talk(source, '-reason:test', '-always', answers=[])
    assert at_terminal.code == 2, at_terminal.out
    assert not sandbox.journal.entries(action=LOCK)


def test_a_plan_that_was_looked_at_is_carried_out_and_no_later_one(
    global_lock: Script, sandbox: Sandbox, ledger: Ledger
) -> None:
    revision = save(sandbox, ABOVE + LIST + OTHERS)
    run = global_lock(PAGE, '-simulate', '-campaign:seen')
    assert run.code == 0, run.said
    assert f'revision {revision}' in run.out
    assert '  Global lock for spambots (2 names)' in run.out
    assert not sandbox.journal.entries(action=LOCK)
    campaign = ledger.find('seen')
    assert campaign is not None
    assert campaign.options['page']['revision'] == revision
    later = ABOVE + LIST.replace('|Spambot 00001', '|Spambot 00009|Spambot 00001')
    save(sandbox, later, 'Mallory')
    run = global_lock('-resume', '-campaign:seen', '-always')
    assert run.code == 0, run.said
    assert f'has changed since revision {revision}' in run.out
    assert written(sandbox) == spam(1, 2)
    sent = sandbox.journal.entries(action=LOCK)
    assert {e.params['reason'] for e in sent} == {
        f'[[Special:PermanentLink/{revision}#Global lock for spambots|{TITLE}]]'
    }


def test_a_plan_that_was_never_finished_is_not_carried_out_unseen(
    global_lock: Script, sandbox: Sandbox, ledger_file: Path
) -> None:
    """As a kill leaves it while the accounts are still being read."""
    save(sandbox, ABOVE + LIST)
    assert global_lock(PAGE, '-simulate', '-campaign:half').code == 0
    with sqlite3.connect(ledger_file) as connection:
        connection.execute('UPDATE campaign SET planned_at = NULL')
        connection.execute("UPDATE target SET state = 'listed' WHERE id = 2")
    connection.close()
    run = global_lock('-resume', '-campaign:half', '-always')
    assert run.code == 4, run.said
    assert 'nobody has looked at it' in run.err
    assert not sandbox.journal.entries(action=LOCK)
    assert global_lock('-resume', '-campaign:half', '-simulate').code == 0
    assert global_lock('-resume', '-campaign:half', '-always').code == 0
    assert written(sandbox) == spam(1, 2)


def test_at_a_terminal_the_plan_is_confirmed(desk: Any, sandbox: Sandbox) -> None:
    save(sandbox, ABOVE + LIST)
    run = desk.talk(PAGE, '-close', answers=[('[y/N]', 'y')])
    assert run.code == 0, run.out
    assert written(sandbox) == spam(1, 2)
    assert text(sandbox).count('{{Status|done') == 1


# Choosing


def test_what_is_not_certainly_a_lock_request_is_listed_and_left(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST + ONE + OTHERS + BELOW)
    run = global_lock(PAGE, '-simulate', '-campaign:x')
    assert run.code == 0, run.said
    assert '  Global lock for Spambot 00003 (1 name; in progress)' in run.out
    assert 'skipped: Global unlock for Spambot 00004: it asks for: unlock' in (run.out)
    assert 'skipped: Spambot 00005: its heading does not say' in run.out
    assert 'Spambot 00006' not in run.out
    assert global_lock('-resume', '-campaign:x', '-always').code == 0
    assert written(sandbox) == spam(1, 2, 3)


#: What is under a heading, beside a request for a number, and what is listed of it.
MAY_NAME = {
    '*[[User:Spambot 00021]]': '[[User:Spambot 00021]]',
    '[[m:Special:CentralAuth/Spambot 00022|this]]': 'Spambot 00022|this]]',
    '{{MultiLock|Spambot 00023|Old=Name|Spambot 00023}}': 'Old=Name',
    '{{LockHide|1=Dropped One|1=Spambot 00023}}': '1=Dropped One',
    '{{sockpuppets|Somebody Else}}': '{{sockpuppets|Somebody Else}}',
    '{{User:Ann/list of socks}}': '{{User:Ann/list of socks}}',
    '{|\n| Name in a cell || x\n|}': 'Name in a cell',
    '# Name in a list': 'Name in a list',
    'https://meta.wikimedia.org/wiki/Special:Contributions/Linked_One': '/Linked_One',
    'And {{checkuser|Only Mentioned}}.': 'Only Mentioned',
    '192.0.2.77 too': '192.0.2.77',
    '* [[User:Listed]] 07:42, 21 November 2026 (UTC)': 'Listed',
}
#: What says nothing of whom a request is for.
SAYS_NOTHING = """\
Cross-wiki spam, see [[w:en:WP:SPI/Case]] and [[Special:Diff/1]]. <s>[[User:Struck]]</s>
{{Collapse top|List}}
{{Collapse bottom}}
-- [[User:Ann|Ann]] ([[User talk:Ann|talk]] · [[Special:Contributions/Ann|c]]) 07:42, \
21 November 2026 (UTC)
:{{ping|Ann}} @[[User:Ann]]: sure? <small>[[User:Bob|Bob]] (meta admin) 08:00, \
22 November 2026 (UTC)</small>
:: --[[Special:Contributions/203.0.113.200|203.0.113.200]] 08:10, 22 novembre 2026 (CET)
:Yes, [[User:Ann|Ann]] said so. {{unsigned|Carol|08:11}}
"""


def test_whoever_may_be_named_and_is_not_taken_keeps_the_request_open(
    global_lock: Script, sandbox: Sandbox
) -> None:
    """Each is listed; signatures, pings and remarks do not count."""
    page = ABOVE
    for number, rest in enumerate([*MAY_NAME, SAYS_NOTHING], start=1):
        name = f'Spambot {number:05}'
        page += f'=== Global lock for {name} ===\n{{{{Status}}}}\n'
        # The first is named by a template that names users in general.
        page += f'*{{{{{"sultool" if number == 1 else "LockHide"}|{name}}}}}\n{rest}\n'
    save(sandbox, page)
    run = global_lock(PAGE, '-simulate', '-close', '-campaign:page')
    assert run.code == 0, run.said
    for number, listed in enumerate(MAY_NAME.values(), start=1):
        (line,) = [
            line
            for line in run.out.splitlines()
            if f'Global lock for Spambot {number:05}: ignored' in line
        ]
        assert listed in line
    assert run.out.count('ignored, but may be') == len(MAY_NAME)
    run = global_lock('-resume', '-campaign:page', '-always')
    done = f'1 done, {len(MAY_NAME)} partly done'
    assert done in run.out, run.said
    assert text(sandbox).count('{{Status|done') == 1
    assert text(sandbox).rindex('{{Status|done') > text(sandbox).rindex('{{Status}}')


def test_a_master_who_is_locked_already_keeps_no_request_open(
    global_lock: Script, sandbox: Sandbox
) -> None:
    """Requests for socks link to their master; what counts is that all are locked."""
    save(sandbox, ABOVE + ONE.replace('Spam.', 'Sock of [[User:Already Locked]].'))
    run = global_lock(PAGE, '-simulate', '-close', '-campaign:page')
    assert 'ignored, but may be a name: [[User:Already Locked]]' in run.out
    run = global_lock('-resume', '-campaign:page', '-always')
    assert '1 done, 0 partly done' in run.out, run.said


def test_a_heading_left_as_the_form_has_it_is_asked_about_at_a_terminal(
    desk: Any, sandbox: Sandbox
) -> None:
    page = ABOVE + ONE.replace(
        'lock for Spambot 00003', 'lock/unlock for [[User:Foo|Foo]]'
    )
    save(sandbox, page + OTHERS)
    run = desk.run(PAGE, '-simulate', '-campaign:no')
    assert 'asks to lock or to unlock; at a terminal you are asked which' in run.out
    run = desk.talk(PAGE, '-campaign:never', answers=[('Treat it as', 'n')])
    assert written(sandbox) == []
    answers = [('Treat it as a request to lock', 'y'), ('[y/N]', 'y')]
    run = desk.talk(PAGE, '-close', '-campaign:page', answers=answers)
    assert run.code == 0, run.out
    assert written(sandbox) == spam(3)
    assert text(sandbox).count('{{Status|done') == 1


def test_a_request_outside_the_sections_for_requests_is_not_certain(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST + ONE.replace('===', '=='))
    run = global_lock(PAGE, '-simulate')
    assert 'Spambot 00003: it is in a section for other' in run.out
    assert '2 different names.' in run.out


def test_a_section_is_one_request_or_those_under_a_heading(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST + ONE)
    one = global_lock(PAGE, '-section:Global_lock_for Spambot 00003', '-simulate')
    assert one.code == 0, one.said
    assert '1 different name.' in one.out
    under = '-section:Requests for global (un)lock and (un)hiding'
    assert '3 different names.' in global_lock(PAGE, under, '-simulate').out
    none = global_lock(PAGE, '-section:Global lock', '-simulate')
    assert none.code == 2
    assert (
        'No request has, or is under, the heading given with -section. Give a '
        'heading as it is displayed, or "request" and its number.'
    ) in ' '.join(none.err.split())
    some = global_lock(PAGE, '-section:Global lock', under, '-simulate')
    assert some.code == 2
    assert '1 of the 2 headings given with -section' in ' '.join(some.err.split())


def test_a_page_without_requests_is_no_failure(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE)
    run = global_lock(PAGE, '-simulate')
    assert run.code == 0, run.said
    assert 'no open request' in run.out
    missing = global_lock('-page:No such page', '-simulate')
    assert missing.code == 2
    assert "has no page 'No such page'" in missing.err


@pytest.mark.parametrize(
    'written',
    [
        f'#REDIRECT [[{TITLE}]]',
        f'#REDIRECT [[{TITLE}]]\n\n=== Global lock ===\n{{{{LockHide|A}}}}',
    ],
    ids=['alone', 'with a request'],
)
def test_a_redirect_is_not_taken_for_a_page_without_requests(
    global_lock: Script, sandbox: Sandbox, written: str
) -> None:
    save(sandbox, ABOVE + LIST)
    sandbox.call(lambda farm: farm.central.edit('SRG', written, user='Ann'))
    run = global_lock('-page:SRG', '-simulate')
    assert run.code == 2, run.said
    said = ' '.join(run.err.split())
    assert f'SRG is a redirect to {TITLE}: give -page:{TITLE}.' in said


@pytest.mark.parametrize('word', ['pending', 'in_progress', 'Spambot 00009'])
def test_an_unknown_status_is_said(
    global_lock: Script, sandbox: Sandbox, word: str
) -> None:
    hidden = '=== Global lock ===\n{{LockHide|Spambot 00009|hidename=1}}\n'
    save(sandbox, ABOVE + LIST + ONE.replace('in progress', word) + hidden)
    run = global_lock(PAGE, '-simulate')
    assert run.code == 0, run.said
    said = 'Global lock for Spambot 00003: its {{Status}} is neither open nor closed'
    end = '' if '00009' in word else f': {word}'
    assert f'  skipped: {said}{end}\n' in run.out
    assert '2 different names.' in run.out


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['-page:A', '-page:B', '-simulate'], '-page is given twice'),
        (['-page:A', 'Name', '-simulate'], 'name no others'),
        (['-page:A', '-unlock', '-simulate'], 'one by one'),
        (['-page:A|B', '-simulate'], 'not the title'),
        (['Name', '-reason:x', '-simulate', '-close'], '-close needs'),
        (['Name', '-reason:x', '-simulate', '-section:x'], 'need a -page'),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_what_does_not_go_together_is_refused(
    global_lock: Script, sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    run = global_lock(*arguments)
    assert run.code == 2, run.said
    assert words in run.err


def test_hiding_takes_only_what_asks_for_it(
    global_lock: Script, sandbox: Sandbox
) -> None:
    hide = ONE.replace('Global lock for', 'Global lock and hide for')
    save(sandbox, ABOVE + LIST + hide)
    run = global_lock(PAGE, '-hide:lists', '-simulate')
    assert run.code == 0, run.said
    assert '1 different name.' in run.out
    assert 'skipped: request 2 (names hidden): it asks for: lock' in run.out


# What only a block reaches


def test_addresses_and_temporary_accounts_are_handed_over(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    among = LIST.replace('|User:spambot', '|~2026-7|198.51.100.7|User:spambot')
    save(sandbox, ABOVE + among)
    run = global_lock(PAGE, '-simulate')
    assert run.code == 0, run.said
    lines = run.out.splitlines()
    first = lines.index(
        'For Special:MassGlobalBlock (5 of 5 IP addresses and temporary accounts):'
    )
    addresses = (
        '~2026-7 198.51.100.7 192.0.2.1 2001:DB8:0:0:0:0:0:0/32 ~2026-123-4'.split()
    )
    assert lines[first + 1 : first + 6] == addresses
    assert '  ~2026-7 (a temporary account: use global_block)' in run.out
    assert '  198.51.100.7 (an IP address: use global_block)' in run.out
    file = tmp_path / 'addresses'
    run = global_lock(PAGE, '-simulate', f'-write-addresses:{file}')
    assert run.code == 0, run.said
    assert file.read_text('utf-8').splitlines() == addresses
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert 'For Special:MassGlobalBlock (' not in run.out


def test_a_batch_is_as_long_as_the_form_takes(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    many = [f'10.0.{n // 250}.{n % 250}' for n in range(450)]
    lines = ''.join(f'* {{{{Luxotool|{address}}}}}\n' for address in many)
    save(sandbox, ABOVE.replace('* {{Luxotool|192.0.2.1}}\n', lines) + LIST)
    file = tmp_path / 'addresses'
    run = global_lock(PAGE, '-simulate', f'-ip-file:{file}')
    assert run.code == 0, run.said
    files = [file, Path(f'{file}.2'), Path(f'{file}.3')]
    found = [each.read_text('utf-8').splitlines() for each in files]
    assert [len(each) for each in found] == [200, 200, 52]
    assert [address for each in found for address in each][:450] == many


def test_no_file_is_written_over(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path, ledger: Ledger
) -> None:
    """Nor is a part of the addresses written if one of the files is there already."""
    lines = ''.join(f'* {{{{Luxotool|10.0.0.{n}}}}}\n' for n in range(201))
    save(sandbox, ABOVE.replace('* {{Luxotool|192.0.2.1}}\n', lines) + LIST)
    file, second = tmp_path / 'addresses', tmp_path / 'addresses.2'
    for there, free in ((file, second), (second, file)):
        there.write_text('precious', 'utf-8')
        sandbox.journal.clear()
        run = global_lock(PAGE, '-simulate', '-campaign:x', f'-write-addresses:{file}')
        assert run.code == 2, run.said
        assert f'{there} exists already' in run.err
        assert there.read_text('utf-8') == 'precious'
        assert not free.exists()
        asked = any(TITLE in str(e.params) for e in sandbox.journal.entries())
        assert asked == (there is second)
        there.unlink()
    assert ledger.find('x') is None


def test_no_range_is_handed_over_that_cannot_be_blocked(
    global_lock: Script, sandbox: Sandbox
) -> None:
    wide = '0:0:0:0:0:0:0:0/0 2001:0:0:0:0:0:0:0/18 0.0.0.0/0 10.0.0.0/15'.split()
    narrow = '2001:0:0:0:0:0:0:0/19 10.1.0.0/16'.split()
    lines = ''.join(f'* {{{{Luxotool|{name}}}}}\n' for name in wide + narrow)
    save(sandbox, ABOVE.replace('* {{Luxotool|192.0.2.1}}\n', lines) + LIST)
    run = global_lock(PAGE, '-simulate')
    assert run.code == 0, run.said
    shown = run.out.splitlines()
    assert not set(wide) & set(shown)
    assert set(narrow) <= set(shown)
    assert (
        '  skipped: Global block for some addresses: 4 ranges are too wide to be '
        'blocked (the widest are /16, and /19 for IPv6)'
    ) in shown


# Who added it


def requested(site: Any, *requesters: str) -> dict[str, tuple[str, ...]]:
    """Return what is taken from the page, by request."""
    found = select(site, TITLE, RequestKind.LOCK, requesters=requesters)
    return {taken.label: taken.names for taken in found.selected}


def test_the_requester_is_the_author_of_the_revision_not_the_signature(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    save(sandbox, ABOVE)
    save(sandbox, ABOVE + LIST)
    forged = ONE.replace('[[User:Bob|Bob]]', '[[User:Ann|Ann]]')
    save(sandbox, ABOVE + LIST + forged, 'Mallory')
    save(sandbox, ABOVE + LIST + forged + BELOW, 'Ann')
    assert requested(site, 'Ann') == {'Global lock for spambots': tuple(spam(1, 2))}
    assert requested(site, 'Mallory') == {
        'Global lock for Spambot 00003': tuple(spam(3))
    }
    both = requested(site, 'Ann', 'Mallory')
    assert list(both) == ['Global lock for spambots', 'Global lock for Spambot 00003']
    found = select(site, TITLE, RequestKind.LOCK, requesters=['Ann'])
    assert '  skipped: Global lock for Spambot 00003: added by Mallory' in list(
        found.lines()
    )


def test_a_name_slipped_into_a_request_is_not_its_requesters(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    save(sandbox, LIST)
    save(sandbox, LIST.replace('|Spambot 00001', '|Victim|Spambot 00001'), 'Mallory')
    assert requested(site, 'Ann') == {'Global lock for spambots': tuple(spam(1, 2))}


def test_who_opens_a_request_again_or_turns_it_round_stands_for_it(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    status = '{{Status|<!-- do not change this line -->}}'
    save(sandbox, LIST)
    save(sandbox, LIST.replace(status, '{{Status|not done}}'), 'Steward')
    save(sandbox, LIST.replace(status, '{{Status}}'), 'Mallory')
    assert requested(site, 'Ann') == {}
    unlock = OTHERS[: OTHERS.index('=== Spambot 00005')]
    save(sandbox, unlock)
    save(sandbox, unlock.replace('unlock', 'lock'), 'Mallory')
    assert requested(site, 'Ann') == {}
    assert requested(site, 'Mallory') == {
        'Global lock for Spambot 00004': tuple(spam(4))
    }
    struck = ONE.replace('{{LockHide', '<s>{{LockHide').replace('2=en}}', '2=en}}</s>')
    save(sandbox, ONE)
    save(sandbox, struck)
    assert requested(site, 'Ann') == {}
    save(sandbox, ONE + '.', 'Mallory')
    assert requested(site, 'Ann') == {}


def test_who_undoes_damage_has_added_nothing(site: Any, sandbox: Sandbox) -> None:
    site.login()
    save(sandbox, ABOVE + LIST)
    save(sandbox, 'vandalised', 'Mallory')
    save(sandbox, 'worse', 'Mallory')
    save(sandbox, ABOVE + LIST, 'Bob')
    save(sandbox, ABOVE + LIST + ONE, 'Bob')
    assert requested(site, 'Ann') == {'Global lock for spambots': tuple(spam(1, 2))}


STATUS = '{{Status|<!-- do not change this line -->}}'
DECLINED = LIST.replace(STATUS, '{{Status|not done}}')
SHORTER = LIST.replace('|User:spambot_00002', '')


@pytest.mark.parametrize(
    ('before', 'between', 'left'),
    [
        pytest.param(ABOVE + LIST, [('Steward', ABOVE + DECLINED)], [], id='declined'),
        pytest.param(ABOVE + LIST, [('Ann', ABOVE + SHORTER)], [1], id='one name'),
        pytest.param(ABOVE + LIST + ONE, [('Ann', ABOVE + ONE)], [3], id='section'),
        pytest.param(LIST, [('Ann', '')], [], id='all that there was'),
        pytest.param(LIST, [('Steward', 'Nothing to do.')], [], id='replaced'),
        pytest.param(ABOVE + LIST, [('Ann', '')], [], id='blanked by herself'),
        pytest.param(
            ABOVE + LIST,
            [('Steward', ABOVE + DECLINED), ('Mallory', '')],
            [],
            id='declined, then blanked',
        ),
        pytest.param(
            ABOVE + LIST, [('Mallory', 'x\n{{Status}}\n')], [1, 2], id='replaced by all'
        ),
    ],
)
def test_who_brings_back_what_was_withdrawn_stands_for_it(
    site: Any,
    sandbox: Sandbox,
    before: str,
    between: list[tuple[str, str]],
    left: list[int],
) -> None:
    """Byte for byte, as an undo or a rollback does."""
    site.login()
    save(sandbox, before)
    for user, shown in between:
        save(sandbox, shown, user)
    save(sandbox, before, 'Mallory')
    found = select(site, TITLE, RequestKind.LOCK, requesters=['Ann'])
    assert list(found.names) == spam(*left)
    why = {passed.why for passed in found.skipped}
    if left != [1, 2]:
        assert why & {'added by Mallory', 'the history does not show who added it'}
    alone = select(site, TITLE, RequestKind.LOCK, requesters=['Mallory'])
    assert alone.names == ()


def test_who_reverts_a_removal_is_not_the_only_one_who_stands_for_it(
    site: Any, sandbox: Sandbox
) -> None:
    """Or somebody trusted would lend their name to whatever they bring back."""
    site.login()
    save(sandbox, ABOVE)
    save(sandbox, ABOVE + LIST, 'Mallory')
    save(sandbox, ABOVE, 'Another Mallory')
    save(sandbox, ABOVE + LIST, 'Bob')
    assert requested(site, 'Bob') == {}
    assert requested(site, 'Bob', 'Mallory')


HERS = SHORTER.replace('Spambots.', 'Hers.')
HIS = SHORTER.replace('Spambots.', 'His.')
#: It ends in another name, and is the only one like this.
THIRD = ONE.replace('Spambot 00003 ===', 'spambots ===')


@pytest.mark.parametrize(
    ('texts', 'hers'),
    [
        pytest.param([HIS + HERS], {'2': spam(1)}, id='before it'),
        pytest.param([HERS + HIS], {'1': spam(1)}, id='behind it'),
        pytest.param([HERS + HERS], {}, id='word for word'),
        pytest.param([HERS + HIS, HIS + HERS], {'2': spam(1)}, id='swapped'),
        pytest.param(
            [HERS + HIS, HIS + HERS.replace(STATUS, '{{Status|not done}}')],
            {},
            id='swapped and declined',
        ),
        pytest.param([HIS.replace('00001', '00002') + HERS + '.'], {}, id='changed'),
        pytest.param(
            [HIS + HERS, HIS.replace('His', 'hiS') + HERS.replace('Hers', 'herS')],
            {},
            id='both changed',
        ),
        pytest.param(
            [HERS.replace(STATUS, '{{Status|not done}}') + HIS], {}, id='declined'
        ),
        pytest.param([HIS + HERS, HERS], {'1': spam(1)}, id='his is archived'),
        pytest.param([HIS + HERS, HIS], {}, id='hers is archived'),
        pytest.param(
            [HERS + THIRD, HERS.replace('Hers.', 'Hers!') + THIRD],
            {'1': spam(1)},
            id='a remark is added',
        ),
    ],
)
def test_a_second_request_with_the_same_heading_is_not_taken_for_the_first(
    site: Any, sandbox: Sandbox, texts: list[str], hers: dict[str, list[str]]
) -> None:
    site.login()
    save(sandbox, ABOVE + HERS)
    for each in texts:
        save(sandbox, ABOVE + each, 'Mallory')
    found = select(site, TITLE, RequestKind.LOCK, requesters=['Ann'])
    page = RequestPage.parse(text(sandbox))
    numbers = {r.span: str(n) for n, r in enumerate(page.requests)}
    assert {numbers[t.request.span]: list(t.names) for t in found.selected} == hers
    if len(page.requests) > len(hers) + 1:
        assert {p.why for p in found.skipped} & {
            'added by Mallory',
            'requests with the same heading cannot be told apart in the history',
        }


def test_what_the_history_cannot_tell_is_passed_over(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.login()
    sandbox.call(lambda farm: farm.central.edit('Draft', ABOVE, user='Ann'))
    sandbox.call(lambda farm: farm.central.edit('Draft', ABOVE + LIST, user='Ann'))
    move(sandbox, 'Draft', TITLE)

    def why() -> list[str]:
        found = select(site, TITLE, RequestKind.LOCK, requesters=['Ann'])
        assert found.names == ()
        return [p.why for p in found.skipped if p.label == 'Global lock for spambots']

    assert why() == ['the page was moved, protected or imported since']
    save(sandbox, ABOVE + LIST + '.', 'Bob')
    sandbox.call(lambda farm: _page(farm).revisions.pop(2))
    assert why() == ['the history does not show who added it']
    monkeypatch.setattr(requesters, 'MAX_REVISIONS', 1)
    assert why() == ['the history does not show who added it']


def test_what_is_hidden_in_the_history_stands_for_nothing(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the wiki answers where an author, or a text, has been hidden."""
    site.login()
    save(sandbox, ABOVE)
    added = save(sandbox, ABOVE + LIST)
    read = site.query_with_tokens
    hidden: dict[str, Any] = {}

    def query(*args: Any, **how: Any) -> Any:
        answer = read(*args, **how)
        for item in answer['query']['pages'][0].get('revisions', ()):
            if item['revid'] == added:
                item.update(hidden)
        return answer

    monkeypatch.setattr(site, 'query_with_tokens', query)
    assert requested(site, 'Ann')
    hidden['userhidden'] = True
    found = select(site, TITLE, RequestKind.LOCK, requesters=['Ann'])
    assert [p.why for p in found.skipped][-1] == 'its author cannot be seen'
    assert found.names == ()
    save(sandbox, ABOVE + LIST + '.', 'Bob')
    hidden.clear()
    hidden['slots'] = {'main': {'texthidden': True}}
    found = select(site, TITLE, RequestKind.LOCK, requesters=['Ann', 'Bob'])
    assert [p.why for p in found.skipped][
        -1
    ] == 'the history does not show who added it'
    assert found.names == ()


@pytest.mark.parametrize(
    'first',
    [
        LIST.replace('{{MultiLock', '<!-- {{MultiLock').replace('2}}', '2}} -->'),
        LIST.replace('{{MultiLock', '<nowiki>{{MultiLock').replace(
            '}}\n{', '}}</nowiki>\n{'
        ),
        LIST.replace('{{MultiLock', '{{LockHide|Other}} {{sock list'),
        LIST.replace('* {{', '* <div class="x">{{').replace('2}}', '2}}</div>'),
        LIST.replace('spambots', 'others'),
        LIST.replace('00001|User:spambot_00002', '1|Spambot 2'),
    ],
    ids=['comment', 'nowiki', 'mentioned', 'veiled', 'heading', 'names'],
)
def test_who_turns_something_else_into_a_request_stands_for_it(
    site: Any, sandbox: Sandbox, first: str
) -> None:
    """Whatever signature stands below."""
    site.login()
    save(sandbox, ABOVE + first)
    save(sandbox, ABOVE + LIST, 'Mallory')
    assert requested(site, 'Ann') == {}
    assert requested(site, 'Mallory')


def test_a_longer_history_is_read_in_parts(site: Any, sandbox: Sandbox) -> None:
    site.login()
    save(sandbox, ABOVE + LIST)
    for number in range(45):
        save(sandbox, ABOVE + LIST + f'{number}', 'Bob')
    assert site.tokens.csrf
    sandbox.journal.clear()
    assert requested(site, 'Ann') == {'Global lock for spambots': tuple(spam(1, 2))}
    # The page, the list of its revisions, and three times the texts of some.
    assert len(sandbox.journal.entries(action='query')) == 5


def test_the_option_names_requesters(global_lock: Script, sandbox: Sandbox) -> None:
    save(sandbox, ABOVE)
    save(sandbox, ABOVE + LIST)
    save(sandbox, ABOVE + LIST + ONE, 'Mallory')
    run = global_lock(PAGE, '-requester:user:ann', '-simulate', '-campaign:ann')
    assert run.code == 0, run.said
    assert 'added by Mallory' in run.out
    assert global_lock('-resume', '-campaign:ann', '-always').code == 0
    assert written(sandbox) == spam(1, 2)


# Marking


def carry_out(global_lock: Script, *more: str, code: int = 0) -> Run:
    """Plan, look at it, and carry it out."""
    planned = global_lock(PAGE, '-simulate', '-campaign:page', *more)
    assert planned.code == 0, planned.said
    run = global_lock('-resume', '-campaign:page', '-always')
    assert run.code == code, run.said
    return run


def test_what_is_done_is_marked_in_one_edit_that_changes_nothing_else(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST + ONE + OTHERS + BELOW)
    run = carry_out(global_lock, '-close')
    assert 'Steward requests/Global: 2 done, 0 partly done' in run.out
    (edit,) = edits(sandbox)
    done = LIST.replace('{{Status|<!--', '{{Status|done<!--').replace(
        '07:42, 21 November 2026 (UTC)\n',
        "07:42, 21 November 2026 (UTC)\n: '''Done''': all 2 accounts are locked. "
        '~~~~\n',
    )
    one = ONE.replace('in progress', 'done').replace(
        '07:51, 21 November 2026 (UTC)\n',
        "07:51, 21 November 2026 (UTC)\n: '''Done''': the account is locked. ~~~~\n",
    )
    assert edit.text == ABOVE + done + one + OTHERS + BELOW
    assert edit.comment == 'Marking requests: 2 done, 0 partly done'
    again = global_lock('-resume', '-campaign:page', '-close', '-always')
    assert again.code == 0, again.said
    assert 'nothing is left to mark' in again.out
    assert len(edits(sandbox)) == 1


def test_without_close_the_page_stays_as_it_is(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST)
    carry_out(global_lock)
    assert edits(sandbox) == []
    run = global_lock('-resume', '-campaign:page', '-close', '-always', '-simulate')
    assert run.code == 0, run.said
    assert edits(sandbox) == []
    assert global_lock('-resume', '-campaign:page', '-close', '-always').code == 0
    assert len(edits(sandbox)) == 1


def test_no_page_is_marked_that_somebody_else_has_named(
    global_lock: Script, sandbox: Sandbox, ledger: Ledger
) -> None:
    """Not by -always, where nothing is to be done and so nobody is asked."""
    save(sandbox, ABOVE + LIST)
    carry_out(global_lock)
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(
            """UPDATE campaign SET options=replace(options, '"close": false',"""
            """ '"close": true'), finished_at=NULL"""
        )
    for words in ((), ('-campaign:page', '-close')):
        run = global_lock('-resume', *words, '-always')
        assert run.code == 4, run.said
        assert 'nothing was marked' in run.err
    assert edits(sandbox) == []


def test_what_is_done_in_part_gets_a_note_once_and_stays_open(
    global_lock: Script, sandbox: Sandbox
) -> None:
    part = LIST.replace('|User:spambot_00002', '|Already Locked|Local Admin|a/b')
    missing = ONE.replace('Spambot 00003', 'Nobody Of That Name')
    save(sandbox, ABOVE + part + missing)
    run = carry_out(global_lock, '-close', code=1)
    assert '0 done, 1 partly done' in run.out
    note = ": '''Partly done''': 2 of the 4 named here are locked. ~~~~\n"
    signed = '07:42, 21 November 2026 (UTC)\n'
    marked = ABOVE + part.replace(signed, signed + note) + missing.rstrip()
    assert text(sandbox) == marked
    again = global_lock('-resume', '-campaign:page', '-close', '-always')
    assert '1 request is left open: nobody named there is locked now.' in again.out
    assert text(sandbox) == marked


def test_a_request_that_grew_meanwhile_is_not_done(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST)
    assert global_lock(PAGE, '-simulate', '-close', '-campaign:page').code == 0
    save(sandbox, ABOVE + LIST.replace('|Spambot 00001', '|Victim|Spambot 00001'))
    assert global_lock('-resume', '-campaign:page', '-always').code == 0
    assert written(sandbox) == spam(1, 2)
    assert '2 of the 3 named here are locked' in text(sandbox)
    assert '{{Status|done' not in text(sandbox)


@pytest.mark.parametrize('conflicts', [1, 4])
def test_an_edit_conflict_is_met_by_reading_the_page_anew(
    global_lock: Script,
    sandbox: Sandbox,
    site: Any,
    monkeypatch: pytest.MonkeyPatch,
    conflicts: int,
) -> None:
    """Somebody edits between the reading and the writing; nothing of it is lost."""
    save(sandbox, ABOVE + LIST + BELOW)
    assert global_lock(PAGE, '-simulate', '-close', '-campaign:page').code == 0
    read, saved = site.edit_context, list[Any]()
    # It touches the line that is marked, else MediaWiki would merge the two edits.
    place = '{{Status|<!-- do not change this line -->}}\n'

    def read_and_be_late(*args: Any, **how: Any) -> Any:
        context = read(*args, **how)
        if how and len(saved) < conflicts:
            added = text(sandbox).replace(place, f'{place}edit {len(saved)}\n')
            saved.append(save(sandbox, added, 'Bob'))
        return context

    monkeypatch.setattr(site, 'edit_context', read_and_be_late)
    run = global_lock('-resume', '-campaign:page', '-always')
    assert written(sandbox) == spam(1, 2)
    assert len(saved) == conflicts
    late = ''.join(f'edit {number}\n' for number in reversed(range(conflicts)))
    if conflicts == 1:
        assert run.code == 0, run.said
        assert '{{Status|done' in text(sandbox)
        assert late in text(sandbox)
        assert len(edits(sandbox)) == 1
        return
    assert run.code == 75, run.said
    assert run.err.count('ERROR') == 1
    assert 'editconflict' in run.err
    assert '-resume -campaign:page' in run.out
    assert text(sandbox) == ABOVE + LIST.replace(place, place + late) + BELOW
    monkeypatch.undo()
    assert global_lock('-resume', '-campaign:page', '-always').code == 0
    assert '{{Status|done' in text(sandbox)


@pytest.mark.parametrize('lost', [False, True])
def test_what_was_added_while_marking_opens_the_request_again(
    global_lock: Script,
    sandbox: Sandbox,
    site: Any,
    monkeypatch: pytest.MonkeyPatch,
    lost: bool,
) -> None:
    """A wiki merges edits of different lines, so the merged page is read again."""
    save(sandbox, ABOVE + LIST + ONE + BELOW)
    assert global_lock(PAGE, '-simulate', '-close', '-campaign:page').code == 0
    read, late = site.edit_context, list[Any]()

    def read_and_be_late(*args: Any, **how: Any) -> Any:
        context = read(*args, **how)
        if how and not late:
            new = '* {{LockHide|Spambot 00009}}\n{{Collapse bottom}}'
            late.append(
                save(sandbox, text(sandbox).replace('{{Collapse bottom}}', new))
            )
            if lost:
                sandbox.faults.arm(kind='http', status=503, when='after', action='edit')
        return context

    monkeypatch.setattr(site, 'edit_context', read_and_be_late)
    run = global_lock('-resume', '-campaign:page', '-always')
    assert run.code == 0, run.said
    assert '1 request was changed while being marked, and is open again' in run.out
    now = text(sandbox)
    first, second = now.split('=== Global lock for Spambot 00003')
    assert '{{Status|<!-- do not change this line -->}}' in first
    assert '2 of the 3 named here are locked' in first
    assert 'Spambot 00009' in first
    assert '{{Status|done}}' in second
    assert len(edits(sandbox)) == 2


@pytest.mark.parametrize(
    ('faults', 'sent'),
    [
        ([{'kind': 'http', 'status': 503, 'when': 'before'}], 2),
        ([{'kind': 'http', 'status': 503, 'when': 'after'}], 1),
        ([{'kind': 'gateway', 'when': 'before'}], 2),
        ([{'kind': 'gateway', 'when': 'after'}], 1),
        ([{'kind': 'gateway', 'status': 200, 'body': '{}', 'when': 'after'}], 1),
        # The last edit that is sent may have been carried out, too.
        (
            [
                {'kind': 'gateway', 'when': 'before', 'times': 3},
                {'kind': 'gateway', 'when': 'after', 'nth': 4},
            ],
            4,
        ),
    ],
)
def test_when_the_answer_is_lost_the_page_is_read_before_anything_is_sent(
    global_lock: Script, sandbox: Sandbox, faults: list[dict[str, Any]], sent: int
) -> None:
    save(sandbox, ABOVE + LIST)
    assert global_lock(PAGE, '-simulate', '-close', '-campaign:page').code == 0
    for fault in faults:
        sandbox.faults.arm(action='edit', **fault)
    run = global_lock('-resume', '-campaign:page', '-always')
    assert run.code == 0, run.said
    assert '1 done, 0 partly done' in run.out
    assert len(edits(sandbox)) == 1
    assert len(sandbox.journal.entries(action='edit')) == sent


def test_a_page_that_cannot_be_edited_is_told_after_the_locks(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST)
    assert global_lock(PAGE, '-simulate', '-close', '-campaign:page').code == 0
    sandbox.faults.arm(kind='readonly', action='edit')
    run = global_lock('-resume', '-campaign:page', '-always')
    assert run.code == 75, run.said
    assert 'Done:      2' in run.out
    assert global_lock('-resume', '-campaign:page', '-always').code == 0
    assert '{{Status|done' in text(sandbox)
    assert len(written(sandbox)) == 2


def test_nobody_is_called_locked_who_is_not_locked_now(
    global_lock: Script, sandbox: Sandbox, site: Any
) -> None:
    """The campaign was undone in part, or altogether, before that."""
    page = ABOVE + LIST + ONE
    save(sandbox, page)
    carry_out(global_lock)
    site.login()
    site.set_global_account_status('Spambot 00001', reason='a mistake', locked=False)
    again = ('-resume', '-campaign:page', '-close', '-always')
    run = global_lock(*again)
    assert run.code == 0, run.said
    assert '1 done, 1 partly done' in run.out
    assert '1 of the 2 named here is locked. ~~~~' in text(sandbox)
    save(sandbox, page)
    assert global_lock('-undo:page', '-reason:a mistake', '-always').code == 0
    run = global_lock(*again)
    assert run.code == 0, run.said
    assert '2 requests are left open: nobody named there is locked now.' in run.out
    assert text(sandbox) == page


def test_hidden_means_hidden_as_far_as_was_asked(desk: Any, sandbox: Sandbox) -> None:
    hide = ONE.replace('Global lock for', 'Global lock and hide for')
    save(sandbox, ABOVE + hide)
    how = (PAGE, '-hide:suppressed', '-campaign:page')
    answers = [('[y/N]', 'y'), ('hide suppressed', 'hide suppressed')]
    run = desk.talk(*how, answers=answers)
    assert run.code == 0, run.out

    def show(farm: Any) -> None:
        farm.accounts['Spambot 00003'].hidden = 'lists'

    sandbox.call(show)
    run = desk.talk('-resume', '-campaign:page', '-close', answers=[])
    assert run.code == 0, run.out
    assert 'nobody named there is locked and hidden now' in run.out
    assert text(sandbox) == ABOVE + hide


def test_requests_that_are_gone_are_counted(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST + ONE)
    carry_out(global_lock)
    again = ('-resume', '-campaign:page', '-close', '-always')
    archived = ABOVE + LIST.replace('for spambots', 'for spam bots')
    save(sandbox, archived)
    run = global_lock(*again)
    assert run.code == 0, run.said
    assert '2 of 2 requests can no longer be found on the page' in run.out
    assert 'nothing is left' not in run.out
    assert text(sandbox) == archived
    save(sandbox, ABOVE + ONE)
    run = global_lock(*again)
    assert '1 done, 0 partly done' in run.out
    assert '1 of 2 requests can no longer be found on the page' in run.out
    sandbox.call(lambda farm: farm.central.delete(_page(farm), 'Bob', 'gone'))
    run = global_lock(*again)
    assert run.code == 0, run.said
    assert '2 of 2 requests can no longer be found' in run.out


def test_a_page_that_was_moved_away_is_said_and_not_marked(
    global_lock: Script, sandbox: Sandbox
) -> None:
    save(sandbox, ABOVE + LIST)
    carry_out(global_lock)
    move(sandbox, TITLE, 'Elsewhere')
    left = text(sandbox)
    run = global_lock('-resume', '-campaign:page', '-close', '-always')
    assert run.code == 0, run.said
    assert (
        f'{TITLE} is a redirect to Elsewhere now: mark the requests there by hand.'
    ) in ' '.join(run.out.split())
    assert text(sandbox) == left == '#REDIRECT [[Elsewhere]]'
    assert not sandbox.journal.entries(action='edit')


# Names that are not to be shown


def test_hidden_names_appear_nowhere_but_in_the_ledger_and_at_the_terminal(
    desk: Any, sandbox: Sandbox
) -> None:
    """Not in output, logs, the log of locks, the edit or its summary."""
    config = desk.directory / 'user-config.py'
    noisy = "log = ['*']\ndebug_log = ['']\nverbose_output = 3\n"
    config.write_text(config.read_text('utf-8') + noisy, 'utf-8')
    hidden = ONE.replace('|2=en', '|hidename=1').replace(
        '1=Spambot 00003', '1=User:spambot_00003'
    )
    also = LIST.replace('|Spambot 00001', '|Spambot 00001|Spambot 00003')
    page = ABOVE + also + hidden
    save(sandbox, page)
    sandbox.faults.arm(kind='readonly', action='edit')
    runs = [
        desk.run(PAGE, '-simulate', '-close', '-campaign:quiet'),
        desk.run('-resume', '-campaign:quiet', '-always'),
        desk.run('-resume', '-campaign:quiet', '-always'),
        desk.run('-undo:quiet', '-reason:a mistake', '-always'),
    ]
    assert [run.code for run in runs] == [0, 75, 0, 0], [run.said for run in runs]
    assert sorted(written(sandbox)) == sorted(spam(1, 2, 3) * 2)
    assert 'request 3 (names hidden)' in runs[0].out
    (edit,) = edits(sandbox)
    assert edit.text.count('{{Status|done') == 2
    # The page holds the name already; what is added does not.
    assert edit.text.count('00003') == page.count('00003')
    reasons = {e.params['reason'] for e in sandbox.journal.entries(action=LOCK)}
    logs = [
        path.read_text('utf-8', 'replace')
        for path in (desk.directory / 'logs').rglob('*')
        if path.is_file()
    ]
    assert any('Marking' in log for log in logs), 'the logs are quiet'
    said = [run.said for run in runs]
    for shown in (*said, *logs, edit.comment, *reasons):
        for spelling in ('Spambot 00003', 'spambot_00003', 'Spambot+00003'):
            assert spelling not in shown


def test_a_request_with_hidden_names_is_called_by_its_number(
    global_lock: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What its heading tells may be enough to know the names."""
    names = '* {{MultiLock|Spambot 00003|~2026-9|hidename=1}}\n'
    request = '=== Global lock for you know whom ===\n{{Status}}\n' + names
    revision = save(sandbox, ABOVE + request)
    file = tmp_path / 'addresses'
    planned = global_lock(PAGE, '-simulate', '-campaign:a')
    assert planned.code == 0, planned.said
    assert 'request 2 (names hidden) (2 names)' in planned.out
    assert f'Reason:    [[Special:PermanentLink/{revision}|{TITLE}]]\n' in planned.out
    assert '1 more must not be shown' in planned.out
    assert '~2026-9' not in planned.said
    assert 'you know whom' not in planned.said
    assert (
        global_lock(PAGE, '-simulate', f'-write-addresses:{file}', '-campaign:b').code
        == 0
    )
    assert '~2026-9' in file.read_text('utf-8').splitlines()


def test_a_heading_tells_no_hidden_name_however_it_is_spelt(
    global_lock: Script, sandbox: Sandbox
) -> None:
    """The request with that heading need not ask to hide anything itself."""
    hidden = '=== Global lock for one ===\n{{Status}}\n{{LockHide|Ébot 3|hidename=1}}\n'
    for spelling in ('Éb\u200eot 3', 'ébot_3', 'E\u0301bot\u00a03', 'Éb&#111;t 3'):
        request = ONE.replace('Spambot 00003 ===', f'{spelling} ===')
        revision = save(sandbox, ABOVE + hidden + request)
        run = global_lock(PAGE, '-section:request 3', '-simulate')
        assert run.code == 0, run.said
        assert '  request 3 (names hidden) (1 name; in progress)' in run.out
        assert f' [[Special:PermanentLink/{revision}|{TITLE}]]\n' in run.out
        assert 'bot 3' not in run.said.replace('\u00a0', ' ').replace('_', ' ')
        assert spelling not in run.said


#: Spellings of "Ugly Näme 34" that its readers take for it.
DISGUISES = (
    *(
        f'Ugly N{invisible}äme 34'
        for invisible in '\u00ad\u034f\u1160\u200b\u200d\u2060\u2066\u2069\ufe0f\ufeff'
    ),
    'Ugly N&shy;äme 34',
    'Ugly%20N%C3%A4me%2034',
    'Ugly<br>Näme<br />34',
    'Uglynäme34',
    'U.g.l.y N.ä.m.e 34',
    'Ugly Name XXXIV',
    '\uff35\uff47\uff4c\uff59 Näme 34',
    'Ug1y N\u04d3m\u0435 34',
    'Ugly (you know)',
)


def test_no_disguise_of_a_hidden_name_gets_into_labels_and_reasons(
    site: Any, sandbox: Sandbox
) -> None:
    site.login()
    hidden = (
        '=== Global lock for one ===\n{{Status|done}}\n'
        '* {{MultiLock|Ugly Näme 34|hidename=1}}\n'
    )
    for spelling in DISGUISES:
        request = ONE.replace('Spambot 00003 ===', f'{spelling} ===')
        revision = save(sandbox, ABOVE + hidden + request)
        found = select(site, TITLE, RequestKind.LOCK)
        (taken,) = found.selected
        assert taken.label == 'request 3 (names hidden)', spelling
        assert found.reason == f'[[Special:PermanentLink/{revision}|{TITLE}]]'
        status = ONE.replace('in progress', spelling)
        save(sandbox, ABOVE + hidden + status)
        found = select(site, TITLE, RequestKind.LOCK)
        label = 'Global lock for Spambot 00003'
        assert [p.why for p in found.skipped if p.label == label] == [
            'its {{Status}} is neither open nor closed'
        ], spelling


def test_another_spelling_of_a_hidden_name_is_hidden_too(
    global_lock: Script, sandbox: Sandbox
) -> None:
    hidden = '=== Global lock ===\n{{Status}}\n{{LockHide|Spambot 00002|hidename=1}}\n'
    disguised = LIST.replace('spambot_00002', 'Spam\u2060bot%2000002')
    save(sandbox, ABOVE + hidden + disguised)
    run = global_lock(PAGE, '-simulate')
    assert run.code == 0, run.said
    assert '2 different names.' in run.out
    assert '00002' not in run.said


@pytest.mark.parametrize(
    ('heading', 'is_shown'),
    [
        ('Global lock for several cross-wiki spambots', True),
        ('Global lock for Spambot 00003', True),
        ('Global lock for Spambot 00003 and other vandals', False),
        ('Global lock for Spambot 000033', False),
        ('Global lock for the friends of Bob', False),
        ('Global lock for 34', False),
    ],
)
@pytest.mark.parametrize('beside', ['', '|hidename=1'], ids=['plain', 'hidden'])
def test_beside_a_hidden_name_only_harmless_headings_are_shown(
    site: Any, sandbox: Sandbox, heading: str, is_shown: bool, beside: str
) -> None:
    site.login()
    other = f'=== Global lock ===\n{{{{Status}}}}\n* {{{{LockHide|Ugly{beside}}}}}\n'
    save(sandbox, ABOVE + other + ONE.replace('Global lock for Spambot 00003', heading))
    labels = [taken.label for taken in select(site, TITLE, RequestKind.LOCK).selected]
    shown = is_shown or not beside
    assert labels[1] == (heading if shown else 'request 3 (names hidden)')


def test_what_asks_to_hide_is_called_by_its_number(
    global_lock: Script, sandbox: Sandbox
) -> None:
    hide = ONE.replace('Global lock for', 'Global lock and hide for')
    revision = save(sandbox, ABOVE + LIST + hide)
    run = global_lock(PAGE, '-simulate')
    assert '  skipped: request 3 (names hidden): it asks for: hide;' in run.out
    assert '00003' not in run.said
    for section in ('request 3', 'request 3 (names hidden)'):
        run = global_lock(PAGE, '-hide:lists', f'-section:{section}', '-simulate')
        assert run.code == 0, run.said
        assert '  request 3 (names hidden) (1 name; in progress)' in run.out
        assert f' [[Special:PermanentLink/{revision}|{TITLE}]]\n' in run.out
        assert '00003' not in run.said
    run = global_lock(PAGE, '-section:request 9', '-simulate')
    assert run.code == 2, run.said


def test_a_request_to_unlock_is_decided_at_a_terminal_by_who_locked_and_why(
    global_lock: Script, desk: Any, sandbox: Sandbox
) -> None:
    """One at a time: the plan shows when that was, and how far an account is hidden."""
    second = OTHERS.replace('00004', '00009').partition('=== Spambot')[0]
    revision = save(sandbox, ABOVE + OTHERS + second + BELOW)
    (name,) = spam(4)
    sandbox.command('lock', user=name, by='Sandbox Colleague')
    heading = '-section:Global unlock for Spambot 00004'
    appeal = (PAGE, '-unlock', '-close', heading)
    for refused, words in (
        ((PAGE, '-unlock', '-simulate'), 'give -section:HEADING once'),
        ((*appeal, '-simulate'), 'run it at a terminal'),
        ((*appeal, '-always'), 'without -always'),
    ):
        run = global_lock(*refused)
        assert run.code == 2 and words in run.err, run.said
    above = (PAGE, '-unlock', '-section:Requests for global (un)lock and (un)hiding')
    run = desk.talk(*above, answers=[])
    assert run.code == 2 and 'the heading of one of them' in run.out, run.out
    run = desk.talk(*appeal, answers=[('[y/N]', 'n')])
    assert run.code == 4, run.out
    assert 'by command' in run.out and 'Sandbox Colleague' in run.out
    assert re.search(r'locked.*by.*reason.*hidden', run.out)
    assert not written(sandbox)
    twice = [('[y/N]', 'y'), ('Type "unlock" to continue', 'unlock')]
    # It is locked again, for a reason that nobody has judged.
    for change in (False, True):
        sandbox.command('lock', user=name, locked=change, by='Local Admin')
    run = desk.talk('-resume', '-close', answers=twice)
    assert run.code == 1, run.out
    assert 'changed since the plan by Local Admin, and skipped' in run.out
    assert not written(sandbox)
    run = desk.talk(*appeal, answers=twice)
    assert run.code == 0, run.out
    assert 'Local Admin' in run.out
    assert written(sandbox) == [name]
    (sent,) = (e for e in sandbox.journal.entries(action=LOCK) if e.effect)
    assert sent.params['reason'].startswith(f'[[Special:PermanentLink/{revision}#')
    assert "'''Done''': the account is unlocked." in text(sandbox)
    assert text(sandbox).count('{{Status|done}}') == 1


# Answered without doing what is asked for


def test_requests_get_a_status_and_a_remark_in_one_edit(
    global_lock: Script, desk: Any, sandbox: Sandbox
) -> None:
    """Nothing else on the page changes, and no account is touched."""
    before = ABOVE + LIST + ONE + OTHERS + BELOW
    save(sandbox, before)
    one = (PAGE, '-section:Global lock for Spambot 00003')
    two = (*one, '-section:Global unlock for Spambot 00004')
    remark = '-remark:Not enough [[evidence]].'
    run = global_lock(*one, '-mark:not done', remark, '-simulate')
    assert run.code == 0 and 'Nothing was written' in run.out, run.said
    run = desk.talk(*one, '-mark:not done', remark, answers=[('[y/N]', 'n')])
    assert run.code == 4, run.out
    assert not edits(sandbox)
    run = desk.talk(*one, '-mark:not done', remark, answers=[('[y/N]', 'y')])
    assert run.code == 0, run.out
    assert f'{TITLE}: 1 request marked as "not done".' in run.out
    line = "\n: '''Not done'''. Not enough [[evidence]]. "
    (edit,) = edits(sandbox)
    assert edit.comment == '1 request: not done'
    assert '{{Status|not done}}' in edit.text and line in edit.text
    plain = re.sub(rf'{re.escape(line)}.*', '', edit.text)
    assert plain.replace('{{Status|not done}}\n*{{', '{{Status|in progress}}\n*{{') == (
        before
    )
    # Both, or none: the first is not open any more.
    run = global_lock(*two, '-mark:on hold', '-always')
    assert run.code == 2 and 'not open any more' in run.err, run.said
    # All under one heading: with a remark alone the status stays.
    lists = (PAGE, '-section:Global lock for spambots', two[-1])
    for status, words in (('partly', '{{Status}}'), ('on hold', '{{Status|on hold')):
        run = global_lock(*lists, f'-mark:{status}', '-always')
        assert run.code == 0 and '2 requests marked' in run.out, run.said
        assert words in text(sandbox)
    assert text(sandbox).count("'''On hold'''.") == 2
    run = global_lock(*lists, '-mark:on hold', '-always')
    assert run.code == 0 and '2 requests are marked' in run.out, run.said
    assert 'nothing was written' in run.out
    run = global_lock(*lists, '-mark:already done', '-always')
    assert run.code == 0, run.said
    assert text(sandbox).count('{{Status|already done') == 2
    assert len(edits(sandbox)) == 4
    assert not sandbox.journal.entries(action=LOCK)


@pytest.mark.parametrize(('when', 'sent'), [('after', 1), ('before', 2)])
def test_a_status_whose_answer_is_lost_is_not_written_twice(
    global_lock: Script, sandbox: Sandbox, when: str, sent: int
) -> None:
    save(sandbox, ABOVE + LIST + BELOW)
    sandbox.faults.arm(action='edit', kind='gateway', when=when)
    section = '-section:Global lock for spambots'
    run = global_lock(PAGE, section, '-mark:on hold', '-always')
    assert run.code == 0, run.said
    assert '1 request marked' in run.out
    assert len(edits(sandbox)) == 1
    assert len(sandbox.journal.entries(action='edit')) == sent


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        (['-mark:on hold', '-always'], '-mark needs -page:TITLE and -section'),
        ([PAGE, '-mark:on hold', '-always'], '-mark needs -page:TITLE and -section'),
        ([PAGE, '-section:Missing', '-mark:done', '-always'], 'No request has'),
        ([PAGE, '-section:x', '-mark:maybe', '-always'], 'give one of done, already'),
        ([PAGE, '-section:x', '-mark:done', '-close', '-always'], 'leave -close out'),
        ([PAGE, '-section:x', '-mark:done'], 'Nobody can be asked'),
        ([PAGE, '-section:x', '-mark:done', '-remark:~~~~', '-always'], 'signature'),
        ([PAGE, '-section:x', '-remark:x', '-simulate'], '-remark needs a -mark'),
        (
            [
                PAGE,
                '-section:Global lock for Spambot 00003',
                '-mark:done',
                '-always',
                '-remark:{{LH|X}}',
            ],
            'mark them by hand',
        ),
    ],
)
def test_what_cannot_be_marked_is_refused(
    global_lock: Script, sandbox: Sandbox, given: list[str], words: str
) -> None:
    save(sandbox, ABOVE + ONE)
    run = global_lock(*given)
    assert run.code == 2, run.said
    assert words in run.err
    assert not edits(sandbox)
