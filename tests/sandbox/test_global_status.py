"""`pwb global_status`: what it tells, to whom, and in how many requests."""

from __future__ import annotations

import csv
import html
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from mw_tokens_plugin.campaign.report import console
from mw_tokens_plugin.cli import launch
from mw_tokens_plugin.protocol.globalblocks import INFINITY
from mw_tokens_plugin.site.requests import TokenRequest
from mw_tokens_plugin.status import reading, watching
from mw_tokens_plugin.status.records import NOT_READABLE, Status

from .desk import script

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .desk import Run
    from .farms import Farm

SPAMBOTS = [f'Spambot {number:05}' for number in range(1, 501)]
#: Accounts of the sandbox whose names must not be shown.
HIDDEN = ('Hidden From Lists', 'Suppressed Name')
LISTS = ('globalusers', 'logevents', 'globalblocks')


@pytest.fixture
def status(pwb: Callable[..., Run]) -> Callable[..., Run]:
    """Run the script within this process."""
    return partial(pwb, 'global_status')


def lock(sandbox: Sandbox, names: Iterable[str], reason: str = 'Spam') -> None:
    """Have a colleague lock accounts, on the central wiki."""

    def change(farm: Any) -> None:
        for name in names:
            farm.set_status(
                farm.accounts[name],
                locked=True,
                hidden='',
                wiki=farm.central,
                operator='Sandbox Colleague',
                reason=reason,
            )

    sandbox.call(change)


def rows(run: Run) -> dict[str, dict[str, Any]]:
    """Return what a run has written as JSON, by name."""
    assert run.code == 0, run.said
    return {row['name']: row for row in json.loads(run.out)}


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the script write as to a wide terminal."""
    wide = partial(Console, force_terminal=True, width=400, color_system=None)
    monkeypatch.setattr(console, 'terminal', lambda: wide(highlight=False))


# Requests


def test_500_names_cost_three_requests_with_high_limits_and_thirty_without(
    status: Callable[..., Run], sandbox: Sandbox, tmp_path: Path
) -> None:
    lock(sandbox, SPAMBOTS)
    path = tmp_path / 'names.txt'
    path.write_text('\n'.join(SPAMBOTS))
    for login, requests in ((), 30), (('-login',), 3):
        last = sandbox.journal.next_serial()
        found = rows(status(f'-file:{path}', '-format:json', *login))
        sent = sandbox.journal.entries(last)
        lists = Counter(entry.params.get('list') for entry in sent)
        assert [lists[each] for each in LISTS] == [requests // 3] * 3
        assert {entry.user for entry in sent if entry.params.get('list')} == {
            'Sandbox Operator' if login else ''
        }
        # What the wiki says of itself is read once, however long the list is.
        assert len(sent) - requests < 10
        assert len(found) == 500
        assert {row['lock_reason'] for row in found.values()} == {'Spam'}


def test_details_cost_one_request_for_each_account(
    status: Callable[..., Run], sandbox: Sandbox
) -> None:
    names = ['Prolific Editor', 'Local Admin', 'Global Helper', 'Nobody Here']
    last = sandbox.journal.next_serial()
    found = rows(status(*names, '192.0.2.1', '-details', '-format:json'))
    sent = sandbox.journal.entries(last)
    assert sum('guiuser' in entry.params for entry in sent) == 3
    prolific, admin, helper, nobody, address = found.values()
    assert sorted(prolific['edits_by_wiki'].values()) == [500, 700]
    assert prolific['edits'] == 1200
    assert prolific['home']
    assert 'sysop' in str(admin['local_groups'])
    assert helper['groups'] == ['global-sysop']
    assert nobody['home'] is address['home'] is None


def test_an_account_that_cannot_be_read_stops_no_other(
    status: Callable[..., Run], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, 'UNREACHABLE_AFTER', 0.1)
    sandbox.faults.arm(kind='http', target=SPAMBOTS[1], action='query', times=0)
    run = status(*SPAMBOTS[:3], '-details', '-format:json')
    assert run.code == 1
    found = json.loads(run.out)
    assert [bool(row['problem']) for row in found] == [False, True, False]
    assert [row['home'] == NOT_READABLE for row in found] == [False, True, False]


# What is told


def test_a_lock_is_told_with_who_when_and_why(
    status: Callable[..., Run], sandbox: Sandbox
) -> None:
    lock(sandbox, SPAMBOTS[:2], 'Spam-only account')
    entry = sandbox.call(lambda farm: farm.central.log[-1])
    sandbox.call(lambda farm: farm.central.suppressed_log.add(entry.id))
    found = rows(status(*SPAMBOTS[:3], 'Already Locked', '-format:json'))
    locked, unreadable, unlocked, unlogged = found.values()
    assert (locked['locked_by'], locked['lock_reason']) == (
        'Sandbox Colleague',
        'Spam-only account',
    )
    assert locked['locked_since'] == entry.timestamp
    assert unlocked['locked'] is False
    assert unlocked['locked_since'] is unlocked['lock_reason'] is None
    for row in (unreadable, unlogged):
        assert row['locked'] is True
        fields = ('locked_since', 'locked_by', 'lock_reason')
        assert {row[field] for field in fields} == {NOT_READABLE}


def test_blocks_are_told_and_the_ranges_that_cover_addresses(
    status: Callable[..., Run], site: Any, sandbox: Sandbox
) -> None:
    site.login()
    site.global_block('192.0.2.0/24', expiry=INFINITY, reason='Proxy', anon_only=True)
    site.global_block('192.0.2.7', expiry='1 day', reason='Open proxy')
    site.global_block('2001:db8::/32', expiry='2040-02-03T00:00:00Z', reason='VPN')
    site.global_block('~2026-1', expiry='1 week', reason='Spam')
    site.logout()
    # With an address of IPv6 and 50 values a request, each is asked for alone.
    found = rows(
        status('192.0.2.7', '2001:db8:1::/48', '~2026-1', '10.0.0.0/8', '-format:json')
    )
    address, wide, temporary, private = found.values()
    assert (address['kind'], wide['kind'], temporary['kind']) == (
        'address',
        'range',
        'temporary',
    )
    assert (address['blocked'], address['block_reason']) == (True, 'Open proxy')
    assert address['blocked_by'] == 'Sandbox Operator'
    (around,) = address['covered_by']
    assert (around['range'], around['expiry']) == ('192.0.2.0/24', 'infinity')
    assert around['anon_only']
    assert wide['blocked'] is False
    assert wide['covered_by'][0]['expiry'] == '2040-02-03T00:00:00Z'
    assert temporary['exists'] is temporary['blocked'] is True
    assert private['blocked'] is False
    assert private['exists'] is private['locked'] is private['hidden'] is None


def test_a_range_that_is_too_wide_to_be_asked_about_is_told_with_others(
    status: Callable[..., Run],
) -> None:
    found = rows(status('2001:d00::/17', '2001:db8::1', '-format:json'))
    assert [row['blocked'] for row in found.values()] == [False, False]


def test_nothing_is_guessed_without_the_right_to_know(
    status: Callable[..., Run],
) -> None:
    """A hidden account looks like one that does not exist."""
    found = rows(status('Suppressed Name', 'Nobody Here', '-format:json'))
    hidden, nobody = found.values()
    assert {**hidden, 'name': ''} == {**nobody, 'name': ''}
    assert hidden['exists'] == NOT_READABLE
    found = rows(status('Nobody Here', '-login', '-format:json'))
    assert found['Nobody Here']['exists'] is False


def test_an_older_wiki_tells_the_same_by_more_requests(
    pwb: Callable[..., Run], old_farm: Farm, old_sandbox: Sandbox
) -> None:
    lock(old_sandbox, SPAMBOTS[:1])
    names = (SPAMBOTS[0], SPAMBOTS[1], HIDDEN[0], '192.0.2.7')
    found = json.loads(pwb('global_status', *names, '-login', '-format:json').out)
    locked, unlocked, hidden, address = found
    assert (locked['locked_by'], locked['lock_reason']) == ('Sandbox Colleague', 'Spam')
    assert unlocked['locked'] is False
    assert hidden['hidden'] == 'yes'
    assert address['blocked'] == NOT_READABLE


# Names that must not be shown


@pytest.mark.parametrize('form', ['table', 'json', 'csv', 'wikitext'])
def test_hidden_names_are_in_no_output_but_the_table_at_a_terminal(
    form: str,
    status: Callable[..., Run],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock(sandbox, SPAMBOTS[:1], f'Sock of {HIDDEN[1]}')
    names = (SPAMBOTS[0], *HIDDEN)
    options = ('-login', '-details') + (() if form == 'table' else (f'-format:{form}',))
    run = status(*names, *options)
    assert run.code == 0
    ids = sandbox.call(lambda farm: [farm.accounts[name].id for name in HIDDEN])
    assert all(f'#{number}' in run.out for number in ids)
    # In the reason of another account, too.
    assert f'Sock of account #{ids[1]}' in html.unescape(run.out)
    assert not any(name in run.said for name in HIDDEN)
    at_terminal(monkeypatch)
    run = status(*names, *options)
    assert all((name in run.out) is (form == 'table') for name in HIDDEN)
    # Who may read the log of suppressions is told of that lock, too.
    assert ('seeded' in run.out) is (form == 'table')


# Formats


def test_tables_hold_names_as_text_whatever_they_look_like(
    status: Callable[..., Run], sandbox: Sandbox, tmp_path: Path
) -> None:
    names = ['=1+1', "''x''", '-2']
    sandbox.call(lambda farm: [farm.add_account(name) for name in names])
    path = tmp_path / 'names.txt'
    path.write_text(''.join(f'[[User:{name}]]\n' for name in names))
    run = status(f'-file:{path}', '-format:csv')
    table = list(csv.DictReader(io.StringIO(run.out)))
    assert [row['name'] for row in table] == ["'=1+1", "''x''", "'-2"]
    assert {row['exists'] for row in table} == {'yes'}
    wikitext = status(f'-file:{path}', '-format:wikitext').out
    assert '<nowiki>=1+1</nowiki> || account || ' in wikitext
    assert "| ''" not in wikitext
    assert 'lock reason' not in wikitext
    # A table can be a list again.
    path.write_text(run.out)
    again = rows(status(f'-file:{path}', '-column:name', '-format:json'))
    assert [*again][::2] == names[::2]


def test_each_line_of_a_list_is_accounted_for(
    status: Callable[..., Run], tmp_path: Path
) -> None:
    path = tmp_path / 'names.txt'
    path.write_text('# seen today\nspambot_00001\nno <name>\nUser:Spambot 00001\n')
    run = status(f'-file:{path}')
    assert (run.code, run.out) == (2, '')
    assert 'line 3' in run.err
    run = status(f'-file:{path}', '-skip-bad-lines')
    assert run.code == 1
    assert run.out.startswith('Spambot 00001: exists yes; locked no')
    assert run.out.count('\n') == 1
    assert '2 names, 1 comment' in run.err


@pytest.mark.parametrize(
    ('args', 'words'),
    [
        (('-format:json',), 'No names were given'),
        (('A', '-format:xml'), 'give one of json, csv, wikitext'),
        (('A', '-watch:0'), 'from 1 to 1440'),
        (('A', '-watch:5', '-format:json'), 'do not go together'),
        (('A', '-column:x'), '-column'),
        (('details',), 'Is -details meant?'),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    args: tuple[str, ...], words: str, status: Callable[..., Run], sandbox: Sandbox
) -> None:
    last = sandbox.journal.next_serial()
    run = status(*args)
    assert run.code == 2
    assert words in run.err
    assert sandbox.journal.entries(last) == []


def test_too_long_a_list_is_refused(
    status: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script('global_status'), 'MAX_NAMES', 2)
    assert status(*SPAMBOTS[:2], SPAMBOTS[0]).code == 0
    run = status(*SPAMBOTS[:3])
    assert run.code == 2
    assert 'split the list' in run.err


# Watching


def test_watching_tells_what_has_changed_and_no_hidden_name(
    site: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenRequest, 'deadline', 0.1)
    site.login()
    names = [*SPAMBOTS[:3], HIDDEN[0]]
    said: list[str] = []

    def hide(farm: Any) -> None:
        farm.accounts[SPAMBOTS[1]].hidden = 'lists'
        farm.accounts[HIDDEN[0]].locked = True

    def recover() -> None:
        sandbox.faults.clear()
        sandbox.call(hide)

    waits: Iterator[Callable[[], object]] = iter(
        [
            lambda: lock(sandbox, SPAMBOTS[:1]),
            lambda: sandbox.faults.arm(kind='http', action='query', times=0),
            recover,
        ]
    )

    def pause(seconds: float) -> None:
        assert seconds == 300
        wait = next(waits, None)
        if wait is None:
            raise KeyboardInterrupt
        said.append('--')
        wait()

    def read() -> list[Status]:
        return reading.read(site, names)

    with pytest.raises(KeyboardInterrupt):
        watching.watch(
            read(), read, said.append, minutes=5, shows_hidden=False, pause=pause
        )
    _, locked, _, silent, _, *hidden = said
    assert 'It is asked again the next time.' in silent
    assert locked.startswith(f'{SPAMBOTS[0]}: locked: no -> yes; locked since: nothing')
    ids = [status.central_id for status in read()]
    assert hidden == [
        f'account #{ids[1]}: hidden: no -> lists',
        f'account #{ids[3]}: locked: no -> yes',
    ]
