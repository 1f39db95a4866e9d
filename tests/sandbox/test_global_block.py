"""Blocking accounts, addresses and ranges globally: plans, guards, changes and undo."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from centralauth_sandbox.globalblocks import GlobalBlock
from mw_tokens_plugin.campaign import batch
from mw_tokens_plugin.campaign.ledger import Ledger

from .desk import Desk, Run
from .farms import Farm, Login
from .night_scripts import hurried_scripts

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

BLOCK = 'globalblock'
#: All that a consumer needs.
_GRANTS = ['basic', 'globalblock']
Script = Callable[..., Run]
USUAL = ('-reason:Open proxy', '-expiry:1 week', '-always')
LIFT = ('-unblock', '-reason:x', '-always')


@pytest.fixture
def global_block(pwb: Script) -> Script:
    return partial(pwb, 'global_block')


def blocks(sandbox: Sandbox) -> dict[str, Any]:
    """Return the global blocks there are, by target."""
    found: dict[str, Any] = sandbox.call(
        lambda farm: {block.target: block for block in farm.global_blocks}
    )
    return found


def log(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return what the log of global blocks has, the oldest first."""
    found: list[tuple[str, str]] = sandbox.call(
        lambda farm: [
            (entry.action, entry.title.name)
            for entry in farm.wikis['meta'].log
            if entry.type == 'gblblock'
        ]
    )
    return found


def writes(sandbox: Sandbox) -> list[str]:
    """Return for whom writes were sent, in order."""
    return [entry.target for entry in sandbox.journal.entries(action=BLOCK)]


def spam(*numbers: int) -> list[str]:
    return [f'Spambot {number:05}' for number in numbers]


def block(
    sandbox: Sandbox, target: str, *, days: float = 7, by: int = 2, **more: Any
) -> None:
    """Let a colleague have blocked somebody."""

    def make(farm: Any) -> None:
        account = farm.accounts.get(target)
        moment = farm.clock()
        kept = GlobalBlock(
            farm.global_blocks.next_id(),
            target,
            account.id if account else 0,
            by,
            'metawiki',
            more.pop('reason', 'Theirs'),
            farm.timestamp(moment - 3600),
            farm.timestamp(moment + days * 86400),
            **more,
        )
        farm.global_blocks.keep(kept)

    sandbox.call(make)


PROXIES = """open proxies seen today, thanks!
192.0.2.17:3128
 192.0.2.17
http://198.51.100.23:8080
- 198.51.100.24 (residential proxy, port 5060)
198.51.100.77/25
203.0.113.5, 203.0.113.6 203.0.113.7
203.0.113.5-203.0.113.9
192.0.2.256
[[Special:Contributions/203.0.113.80]]
https://meta.wikimedia.org/wiki/Special:GlobalBlockList/203.0.113.81
"""

MIXED = """{{MultiLock|Spambot 00001|Spambot 00002|~2026-40417-33}}
* {{Luxotool|192.0.2.44}}
* [[User:~2026-40417-34]]
~2026-40417-35 (talk | contribs)
User:Spambot 00003
12:04, 3 November 2026 192.0.2.45 (talk) (block)
#48123
--~~~~
"""

GUARDED = """198.51.100.0/24
198.51.100.200
198.51.100.0/15
2001:db8::/18
192.0.2.10
192.0.2.0/28
127.0.0.1
10.20.30.0/24
fe80::1
203.0.113.128/25
"""

PROTECTED = """# campus network, agreed with local admins
192.0.2.8/29
203.0.113.250
2001:db8:ffff::/48
"""


@pytest.fixture
def hurried() -> Iterator[None]:
    """Waits are short."""
    with hurried_scripts():
        yield


@pytest.fixture
def listed(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / f'list{len(list(tmp_path.iterdir()))}.txt'
        path.write_text(text, 'utf-8')
        return str(path)

    return write


def test_addresses_are_read_as_they_are_pasted_and_covered_ones_skipped(
    global_block: Script, sandbox: Sandbox, listed: Callable[[str], str]
) -> None:
    file = f'-file:{listed(PROXIES)}'
    refused = global_block(file, *USUAL, '-hardblock')
    assert refused.code == 2
    assert '203.0.113.5/32, 203.0.113.6/31, 203.0.113.8/31' in refused.err
    run = global_block(file, *USUAL, '-hardblock', '-skip-bad-lines')
    assert run.code == 1, run.said
    assert sorted(blocks(sandbox)) == [
        *('192.0.2.17', '198.51.100.0/25', '203.0.113.5', '203.0.113.6'),
        *('203.0.113.7', '203.0.113.80', '203.0.113.81'),
    ]
    for number in (23, 24):
        assert f'198.51.100.{number}: covered by a wider block: 198.51.' in run.out
    assert 'Open proxies seen today, thanks!: no such global account' in run.out


def test_names_that_look_like_addresses_are_told_from_them(
    global_block: Script, sandbox: Sandbox
) -> None:
    """To MediaWiki they are names; a plan says which addresses they may stand for."""
    meant = {
        '192.0.2.1.': '192.0.2.1',
        '192.0.2.\uff18': '192.0.2.8',
        '2001:db8::1%eth0': '2001:DB8:0:0:0:0:0:1',
    }
    for words in ((*USUAL, '-hardblock'), LIFT):
        run = global_block(*meant, *words)
        assert run.code == 1, run.said
        for address in meant.values():
            assert f'to block the address, write {address}' in run.out
    assert not writes(sandbox)


def test_a_mixed_list_gets_for_each_kind_the_settings_of_that_kind(
    global_block: Script,
    sandbox: Sandbox,
    listed: Callable[[str], str],
    tmp_path: Path,
) -> None:
    temporary = [f'~2026-40417-{number}' for number in (33, 34, 35)]
    sandbox.call(lambda farm: [farm.add_account(name) for name in temporary])
    file = f'-file:{listed(MIXED)}'
    usual = (file, '-reason:x', '-expiry:6 months', '-always', '-skip-bad-lines')
    unsaid = global_block(*usual)
    assert unsaid.code == 2
    assert '-anononly' in unsaid.err and '-hardblock' in unsaid.err
    run = global_block(*usual, '-anononly', f'-report:{tmp_path}/report')
    assert run.code == 0, run.said
    # No file has both kinds.
    texts = [path.read_text('utf-8') for path in (tmp_path / 'report').iterdir()]
    assert len(texts) == 8
    assert not any(spam(1)[0] in text and '192.0.2.44' in text for text in texts)
    assert '#48123' in run.err and '--~~~~' in run.err
    found = blocks(sandbox)
    addresses = {'192.0.2.44', '192.0.2.45'}
    assert set(found) == {*spam(1, 2, 3), *temporary, *addresses}
    for target, made in found.items():
        assert made.anononly is (target in addresses)
        assert made.autoblock is (target not in addresses)
    # The public log links them, and temporary accounts do not live so long.
    assert '-only:accounts' in run.out
    assert 'end after 90 days' in run.out


def test_what_must_not_be_blocked_is_skipped_with_the_reason(
    global_block: Script, sandbox: Sandbox, listed: Callable[[str], str]
) -> None:
    run = global_block(
        f'-file:{listed(GUARDED)}', f'-not:{listed(PROTECTED)}', *USUAL, '-anononly'
    )
    assert run.code == 1, run.said
    assert list(blocks(sandbox)) == ['198.51.100.0/24']
    reasons = {
        '198.51.100.200': 'covered by a wider block',
        '198.50.0.0/15': 'wider than the ranges that the wiki lets',
        '2001:0:0:0:0:0:0:0/18': 'wider than the ranges that the wiki lets',
        '192.0.2.10': 'listed in -not or -protect',
        '192.0.2.0/28': 'contains what -not or -protect lists',
        '127.0.0.1': 'a loopback, private or link-local address',
        '10.20.30.0/24': 'a loopback, private or link-local address',
        'FE80:0:0:0:0:0:0:1': 'a loopback, private or link-local address',
        '203.0.113.128/25': 'contains what -not or -protect lists',
    }
    for target, why in reasons.items():
        assert f'{target}: {why}' in run.out
    assert '3 entries, 1 comment; 2 of the entries concern targets.' in run.out
    assert 'Without effect in this run: 2001:DB8:FFFF:0:0:0:0:0/48' in run.out


def test_established_accounts_and_wide_ranges_are_skipped_unless_told(
    global_block: Script, sandbox: Sandbox
) -> None:
    names = ['Global Helper', 'Local Admin', 'Prolific Editor', 'Sandbox Operator']
    run = global_block(
        *(*names, 'Nobody here', '198.51.0.0/22', '2001:db8::/44', *spam(1)),
        *('-anononly', *USUAL),
    )
    assert run.code == 1, run.said
    assert list(blocks(sandbox)) == spam(1)
    for why in ('in a global group', 'in a group on a wiki', 'too many edits'):
        assert why in run.out
    for why in ('the operator itself', 'no such global account', '-max-range allows'):
        assert why in run.out
    wide = ('198.51.0.0/22', '-max-range:22,44', '-anononly', *USUAL)
    assert global_block(*wide, '-campaign:wide').code == 0
    very = ('198.52.0.0/19', '-max-range:16,32', '-anononly', *USUAL)
    refused = global_block(*very, '-campaign:very')
    assert refused.code == 2, refused.said
    assert 'block 198.52.0.0/19' in refused.err
    infinite = ('-anononly', '-reason:x', '-expiry:infinite', '-always')
    run = global_block('192.0.2.1', *spam(2), *infinite)
    assert run.code == 1 and 'not blocked for ever' in run.out
    assert sorted(blocks(sandbox)) == ['198.51.0.0/22', *spam(1, 2)]


@pytest.mark.parametrize(
    ('own', 'left'),
    [
        ('203.0.113.7', ['2001:DB8:5:0:0:0:0:0/64', '203.0.113.8']),
        ('2001:db8:5::7', ['203.0.113.0/24']),
        ('nowhere', ['2001:DB8:5:0:0:0:0:0/64', '203.0.113.0/24']),
    ],
)
def test_the_own_address_is_not_blocked_as_far_as_the_wiki_tells(
    global_block: Script,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    own: str,
    left: list[str],
) -> None:
    from pywikibot import config

    monkeypatch.setattr(config, 'extra_headers', {'X-Forwarded-For': own})
    targets = ('203.0.113.7', '203.0.113.0/24', '203.0.113.8', '2001:db8:5::/64')
    run = global_block(*targets, *USUAL, '-hardblock')
    assert sorted(blocks(sandbox)) == left, run.said
    assert ('where you are yourself' in run.out) is (own != 'nowhere')
    assert ('could not be learnt' in run.out) is (own == 'nowhere')


def test_very_wide_ranges_are_confirmed_by_typing(
    global_block: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return 'y' if '[y/N]' in question else 'block 198.52.0.0/19'

    monkeypatch.setattr('sys.stdin.isatty', lambda: True, raising=False)
    monkeypatch.setattr(pywikibot, 'input', answer)
    words = ('198.52.0.0/19', '-max-range:16,32', '-anononly', *USUAL[:2])
    run = global_block(*words)
    assert run.code == 0, run.said
    assert 'Type "block 198.52.0.0/19"' in asked[-1] and len(asked) == 2
    assert list(blocks(sandbox)) == ['198.52.0.0/19']


@pytest.mark.parametrize(
    ('there', 'code', 'words'),
    [
        pytest.param({}, 0, 'already in that state', id='as asked'),
        pytest.param({'days': 1}, 1, 'blocked with other settings', id='shorter'),
        pytest.param({'nocreate': False}, 1, 'blocked with other', id='looser'),
        pytest.param({'target': '192.0.2.0/30'}, 1, '192.0.2.0/30, 20', id='covered'),
        pytest.param({'target': '192.0.2.0/30', 'days': 2}, 0, '', id='ends sooner'),
        pytest.param({'target': '192.0.2.0/30', 'anononly': True}, 0, '', id='soft'),
        pytest.param({'target': '192.0.2.1/32'}, 1, 'covered by', id='/32'),
    ],
)
def test_what_is_blocked_already_is_compared_with_what_is_asked_for(
    global_block: Script,
    sandbox: Sandbox,
    there: dict[str, Any],
    code: int,
    words: str,
) -> None:
    """A block that covers the target has to be as strict, and to end no sooner."""
    about = dict(there)
    block(sandbox, about.pop('target', '192.0.2.1'), **about)
    run = global_block('192.0.2.1', *USUAL, '-hardblock')
    assert run.code == code, run.said
    assert words in run.out
    assert len(writes(sandbox)) == (words == '')
    assert ('Nothing will be sent' in run.out) is (words != '')


def test_a_change_keeps_what_was_not_named_and_makes_no_block_weaker(
    global_block: Script, sandbox: Sandbox
) -> None:
    sandbox.call(lambda farm: setattr(farm, 'block_email', True))
    block(sandbox, spam(1)[0], days=3, autoblock=True, nocreate=False, noemail=True)
    block(sandbox, '192.0.2.1', days=3, anononly=True)
    block(sandbox, '192.0.2.2', days=30)
    targets = (*spam(1), '192.0.2.1', '192.0.2.2', '192.0.2.3', *spam(2))
    run = global_block(*targets, '-modify', '-reason:', '-expiry:2 weeks', '-always')
    assert run.code == 1, run.said
    assert '192.0.2.2: the block would become weaker: now 20' in run.out
    found = blocks(sandbox)
    account, address = found[spam(1)[0]], found['192.0.2.1']
    assert account.autoblock and not account.nocreate and account.noemail
    assert address.anononly
    assert account.reason == address.reason == 'Theirs'
    end = datetime.fromisoformat(address.expiry.replace('Z', '+00:00'))
    assert abs(end - datetime.now(timezone.utc) - timedelta(weeks=2)) < timedelta(1)
    # What was not blocked was blocked, but for want of a reason it could not be.
    assert spam(2)[0] not in found
    loose = ('192.0.2.2', '-modify', '-reason:x', '-anononly', '-always')
    assert global_block(*loose).code == 1
    assert global_block(*loose, '-allow-weaker').code == 0
    changed = blocks(sandbox)['192.0.2.2']
    assert changed.anononly and changed.id == found['192.0.2.2'].id
    # Whoever corrects a reason sees what it is.
    correct = ('192.0.2.2', '-modify', '-reason:Right', '-always', '-simulate')
    plan = global_block(*correct)
    assert f': {changed.reason}; then' in plan.out, plan.said


def test_an_undo_restores_what_there_was(
    global_block: Script, sandbox: Sandbox
) -> None:
    block(sandbox, '192.0.2.2', days=3, anononly=True)
    before = blocks(sandbox)['192.0.2.2']
    options = ('-modify', '-hardblock', *USUAL, '-campaign:made')
    made = global_block('192.0.2.1', '192.0.2.2', '192.0.2.3', *spam(1), *options)
    assert made.code == 0, made.said
    # A colleague has changed one meanwhile.
    for made_block in sandbox.farm.global_blocks:
        if made_block.target == '192.0.2.3':
            made_block.by = 2
    undone = global_block('-undo:made', '-reason:By mistake', '-always')
    assert undone.code == 1, undone.said
    assert '192.0.2.3: changed since by somebody else' in undone.out
    found = blocks(sandbox)
    assert sorted(found) == ['192.0.2.2', '192.0.2.3']
    restored = found['192.0.2.2']
    assert restored.id == before.id
    assert (restored.expiry, restored.anononly) == (before.expiry, True)
    again = global_block('-undo:made', '-reason:Twice', '-always')
    assert again.code == 1, again.said
    # What it has been given back is not what somebody else has changed.
    assert '192.0.2.2 (already in that state' in again.out
    assert sorted(blocks(sandbox)) == ['192.0.2.2', '192.0.2.3']


def test_blocks_are_lifted_by_target_or_number_and_that_is_undone(
    global_block: Script, sandbox: Sandbox
) -> None:
    block(sandbox, '192.0.2.1', days=3, anononly=True)
    block(sandbox, spam(1)[0], days=3, autoblock=True)
    block(sandbox, '198.51.100.0/24')
    before = blocks(sandbox)
    number, twice = before[spam(1)[0]].id, f'#{before["192.0.2.1"].id}'
    lift = ('-unblock', '-reason:Sorry', '-always')
    numbers = (f'#{number}', twice)
    run = global_block('192.0.2.1', *numbers, *spam(2), *lift, '-campaign:up')
    assert run.code == 1, run.said
    assert 'somebody else' not in run.out and len(log(sandbox)) == 2
    # They are linked by the log as those that are blocked.
    assert '-only:accounts' in run.out
    assert f'{spam(2)[0]}: not blocked' in run.out
    assert list(blocks(sandbox)) == ['198.51.100.0/24']
    covered = global_block('198.51.100.7', *lift)
    assert 'covered by a wider block: 198.51.100.0/24' in covered.out
    undone = global_block('-undo:up', '-reason:Not sorry', '-always')
    assert undone.code == 0, undone.said
    assert f'as before: {before["192.0.2.1"].reason})' in undone.out
    after = blocks(sandbox)
    assert sorted(after) == sorted(before)
    for target, made in after.items():
        assert made.expiry == before[target].expiry
        assert made.anononly == before[target].anononly
        # That is what whoever is blocked reads.
        assert made.reason == before[target].reason
    again = global_block('-undo:up', '-reason:Twice', '-always')
    assert again.code == 0, again.said
    assert blocks(sandbox) == after


def test_a_number_protects_nobody_less_and_its_target_is_shown(
    global_block: Script, sandbox: Sandbox, listed: Callable[[str], str]
) -> None:
    for target in ('192.0.2.1', *spam(1, 2, 3)):
        block(sandbox, target)
    hidden = spam(3)[0]
    sandbox.command('hide', user=hidden, level='suppressed')
    numbers = [f'#{made.id}' for made in blocks(sandbox).values()]
    protect = f'-not:{listed("192.0.2.1")}'
    lift = ('-unblock', '-reason:Sorry', protect, '-always', '-campaign:up')
    # Zeros before a number make no other one of it.
    again = f'#0{numbers[3][1:]}'
    run = global_block(*numbers, again, *lift)
    assert run.code == 1 and again not in run.out, run.said
    assert f'{numbers[0]}: listed in -not or -protect' in run.out
    assert f'{numbers[1]} (target {spam(1)[0]}' in run.out
    assert f'done: {numbers[3]}' in run.out
    assert 'Without effect' not in run.out
    assert list(blocks(sandbox)) == ['192.0.2.1']
    report = global_block('-undo:up', '-reason:Not sorry', '-always')
    # The log would name the hidden one, and nobody can tell who that was.
    assert report.code == 1, report.said
    assert f'{numbers[1]} (target {spam(1)[0]}; then' in report.out
    assert f'{numbers[3]} (the wiki does not tell which account' in report.out
    assert len(blocks(sandbox)) == 3
    assert hidden not in run.said + report.said


def test_an_automatic_block_is_lifted_for_good(
    global_block: Script, sandbox: Sandbox
) -> None:
    block(sandbox, spam(1)[0], autoblock=True)
    parent = blocks(sandbox)[spam(1)[0]]
    sandbox.call(lambda farm: farm.global_blocks.spread(parent, '192.0.2.7'))
    number = f'#{blocks(sandbox)["192.0.2.7"].id}'
    lift = global_block(number, '-unblock', '-reason:x', '-always', '-campaign:up')
    assert lift.code == 0, lift.said
    assert 'an address that is not shown' in lift.out
    undone = global_block('-undo:up', '-reason:x', '-always')
    assert undone.code == 1, undone.said
    assert f'{number}: a block that only the wiki itself can make' in undone.out
    assert list(blocks(sandbox)) == spam(1)
    assert '192.0.2.7' not in lift.said + undone.said


def test_the_local_half_is_made_reported_and_undone(
    global_block: Script, sandbox: Sandbox
) -> None:
    sandbox.call(lambda farm: farm.wikis['meta'].blocks.clear())
    local = ('-alsolocal', '-anononly', *USUAL)
    both = global_block('192.0.2.1', *local, '-campaign:both')
    assert both.code == 0, both.said
    assert '-alsolocal: sandbox:meta itself blocks them as well.' in both.out
    there: dict[str, Any] = sandbox.call(lambda farm: dict(farm.wikis['meta'].blocks))
    assert list(there) == ['192.0.2.1'] and there['192.0.2.1'].anononly
    assert global_block('-undo:both', '-reason:Sorry', '-always').code == 0
    assert not sandbox.call(lambda farm: dict(farm.wikis['meta'].blocks))
    assert not blocks(sandbox)
    # Now there is a local block of somebody else before.
    there['192.0.2.1'].by = 'Sandbox Colleague'
    sandbox.call(lambda farm: farm.wikis['meta'].blocks.update(there))
    run = global_block('192.0.2.1', *local, '-campaign:half')
    assert run.code == 1, run.said
    assert 'blocked globally, but not on sandbox:meta itself' in run.out
    assert list(blocks(sandbox)) == ['192.0.2.1']
    # What was there before stays, and what was made goes.
    assert global_block('-undo:half', '-reason:Sorry', '-always').code == 0
    assert not blocks(sandbox)
    left: dict[str, Any] = sandbox.call(lambda farm: dict(farm.wikis['meta'].blocks))
    assert list(left) == ['192.0.2.1']


def test_nobody_takes_the_local_half_out_of_an_undo(
    global_block: Script, sandbox: Sandbox, ledger: Ledger
) -> None:
    """By what the ledger says of the options of the campaign, or of its kind."""
    sandbox.call(lambda farm: farm.wikis['meta'].blocks.clear())
    both = ('192.0.2.1', '-alsolocal', '-anononly', *USUAL, '-campaign:both')
    assert global_block(*both).code == 0
    undo = ('-undo:both', '-campaign:undo', '-reason:Sorry', '-always', '-simulate')
    assert global_block(*undo).code == 0
    local = "options=json_set(options, '$.also_local', json('{}'))"
    undone = "finished_at=NULL, action='{}'"
    for name, words, other, own, code in (
        ('undo', local, 'false', 'true', 4),
        ('both', undone, 'undo_global_block', 'global_block', 2),
    ):
        for value in (other, own):
            change = f'UPDATE campaign SET {words.format(value)} WHERE id=1'
            with ledger.database.begin() as connection:
                connection.exec_driver_sql(change)
            if value == other:
                run = global_block('-resume', '-always', f'-campaign:{name}')
                assert run.code == code, run.said
    assert list(blocks(sandbox)) == ['192.0.2.1']
    assert global_block('-resume', '-always', '-campaign:undo').code == 0
    assert not blocks(sandbox)
    assert not sandbox.call(lambda farm: dict(farm.wikis['meta'].blocks))


def test_the_local_half_is_undone_whatever_others_did_to_the_global_one(
    global_block: Script, sandbox: Sandbox
) -> None:
    """And a local block of others is left, also where the global one is changed."""

    def there() -> dict[str, Any]:
        found: dict[str, Any] = sandbox.call(lambda f: dict(f.wikis['meta'].blocks))
        return found

    sandbox.call(lambda farm: farm.wikis['meta'].blocks.clear())
    names = [f'192.0.2.{number}' for number in range(1, 5)]
    for name in names[2:]:
        block(sandbox, name, anononly=True)
    made = ('-alsolocal', '-modify', '-anononly', '-reason:x', '-expiry:2 weeks')
    assert global_block(names[3], *made, '-always').code == 0
    theirs = there()[names[3]]
    theirs.by, theirs.expiry = 'Sandbox Colleague', 'infinity'
    renewed = (*made[:-1], '-expiry:3 weeks', '-always', '-campaign:both')
    run = global_block(*names, *renewed)
    assert run.code == 1, run.said
    assert f'{names[3]}: changed globally; on sandbox:meta itself' in run.out
    assert (
        there()[names[3]].expiry == 'infinity'
        and list(there()) == names[3:] + names[:3]
    )

    def meddle(farm: Any) -> None:
        for found in list(farm.global_blocks):
            if found.target == names[0]:
                farm.global_blocks.lift(found)
            elif found.target == names[1]:
                found.by = 2

    sandbox.call(meddle)
    undone = global_block('-undo:both', '-reason:Sorry', '-always')
    assert undone.code == 1, undone.said
    assert f'{names[1]}: changed since by Sandbox Colleague: only its' in undone.out
    assert list(there()) == names[3:]
    assert sorted(blocks(sandbox)) == names[1:]


def test_a_missing_local_half_is_never_passed_over(
    global_block: Script, sandbox: Sandbox, hurried: None
) -> None:
    """Neither in a plan, nor where the answer that told of it was lost."""

    def locally() -> list[str]:
        found: list[str] = sandbox.call(lambda farm: [*farm.wikis['meta'].blocks])
        return found

    sandbox.call(lambda farm: farm.wikis['meta'].blocks.clear())
    usual = ('-anononly', *USUAL)
    assert global_block('192.0.2.1', *spam(1), *usual).code == 0
    both = ('192.0.2.1', *spam(1), *usual, '-alsolocal')
    run = global_block(*both)
    assert run.code == 1 and not locally(), run.said
    assert run.out.count('not on the central wiki itself; -modify') == 4
    assert global_block(*both, '-modify').code == 0
    assert sorted(locally()) == ['192.0.2.1', *spam(1)]
    again = global_block(*both)
    assert again.code == 0 and 'already in that state' in again.out, again.said
    # One of two lost answers has told that somebody else has blocked there before.
    ours = sandbox.call(lambda farm: farm.wikis['meta'].blocks['192.0.2.1'])
    theirs = replace(ours, target='192.0.2.2', by='Sandbox Colleague')
    sandbox.call(lambda f: f.wikis['meta'].blocks.update({'192.0.2.2': theirs}))
    for nth in (1, 2):
        sandbox.faults.arm(kind='drop', when='after', action=BLOCK, nth=nth)
    lost = global_block('192.0.2.2', '192.0.2.3', *usual, '-alsolocal', '-campaign:l')
    assert lost.code == 1, lost.said
    assert '192.0.2.2: found by reading; but on sandbox:meta itself' in lost.out
    assert 'blocked by Sandbox Colleague' in lost.out
    assert lost.out.count('; but on') == 2 and '192.0.2.3' in locally()


def test_three_hundred_targets_cost_as_many_writes_and_few_reads(
    global_block: Script, sandbox: Sandbox, listed: Callable[[str], str]
) -> None:
    names = [
        *spam(*range(1, 101)),
        *(f'192.0.{n}.{n}' for n in range(2, 102)),
        *(f'2{n:03x}:{n:x}{n:x}:{n:x}::{n:x}:5' for n in range(100)),
    ]
    block(sandbox, '2A01:0:0:0:0:0:0:0/16')
    text = '\n'.join([*names, '2a01::1'])
    run = global_block(f'-file:{listed(text)}', *USUAL, '-anononly', '-max:300')
    assert run.code == 1 and '2A01:0:0:0:0:0:0:1: covered by' in run.out, run.said
    entries = sandbox.journal.entries()
    sent = [entry for entry in entries if entry.action == BLOCK]
    assert len(sent) == 300
    assert len(entries) - len(sent) <= 20


def test_a_second_operator_finds_the_blocks_of_the_first(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Both exit 0, and each target is blocked once."""
    names = [*spam(1, 2), '192.0.2.1', '192.0.2.2']
    for campaign in ('one', 'two'):
        plan = (*names, *USUAL, '-anononly', '-simulate', f'-campaign:{campaign}')
        assert global_block(*plan).code == 0
    block(sandbox, names[0], autoblock=True)
    # The wiki words it so where both come at the same moment.
    sandbox.faults.arm(kind='cas-race', action=BLOCK)
    for campaign in ('one', 'two'):
        run = global_block('-resume', f'-campaign:{campaign}', '-always')
        assert run.code == 0, run.said
        # What is read at once needs no pause.
        assert run.out.count('LostRace') == 0 and not run.err, run.said
    assert len(log(sandbox)) == len(names) - 1
    # What the first has made is not that of the second.
    assert global_block('-undo:two', '-reason:x', '-always').code == 2
    assert global_block('-undo:one', '-reason:x', '-always').code == 0
    assert list(blocks(sandbox)) == names[:1]


def test_blocks_of_hidden_and_renamed_accounts_are_no_riddle(
    global_block: Script, sandbox: Sandbox
) -> None:
    """No list finds the first by name, and the second have the name of that time."""

    def hide(farm: Any) -> None:
        about = {'wiki': farm.central, 'operator': 'Steward', 'reason': 'r'}
        farm.set_status(
            farm.accounts[names[0]], locked=False, hidden='suppressed', **about
        )

    names = spam(1, 2, 3, 4)
    block(sandbox, names[0], autoblock=True)
    block(sandbox, names[1], autoblock=True)
    sandbox.call(hide)
    sandbox.command('rename', user=names[1], to='Renamed before')
    whom = (names[0], 'Renamed before', *names[2:])
    run = global_block(*whom, *USUAL, '-campaign:made')
    assert run.code == 1, run.said
    assert 'is already blocked globally' in run.out
    # A number alone would look like that of a block, for -unblock.
    assert f'account #{sandbox.farm.accounts[names[0]].id}: ' in run.out
    assert 'Renamed before (already in that state' in run.out
    assert names[0] not in run.said
    assert writes(sandbox) == [names[0], *names[2:]]
    lift = global_block(names[0], '-unblock', '-reason:x', '-always')
    assert lift.code == 1, lift.said
    number = sandbox.farm.accounts[names[0]].id
    assert f'account #{number}: hidden, so its block cannot be read' in lift.out
    sandbox.command('rename', user=names[2], to='Renamed since')
    assert global_block('-undo:made', '-reason:x', '-always').code == 0
    assert sorted(blocks(sandbox)) == sorted(names[:2])


def test_a_lost_answer_is_settled_by_reading(
    global_block: Script, sandbox: Sandbox, hurried: None
) -> None:
    block(sandbox, spam(4)[0], autoblock=True, days=1)
    for nth in (1, 2, 4):
        sandbox.faults.arm(kind='drop', when='after', action=BLOCK, nth=nth)
    sandbox.faults.arm(kind='drop', when='before', action=BLOCK, nth=3)
    names = [*spam(1, 2, 3, 4), '192.0.2.1']
    run = global_block(*names, *USUAL, '-hardblock', '-modify', '-campaign:lost')
    assert run.code == 0, run.said
    made = [('gblock', name) for name in names]
    made[3] = ('modify', names[3])
    assert log(sandbox) == made
    sandbox.faults.arm(kind='half', when='after', action=BLOCK, nth=2)
    assert global_block('-undo:lost', '-reason:x', '-always').code == 0
    assert list(blocks(sandbox)) == [names[3]]
    assert len(log(sandbox)) == 2 * len(names)


def test_a_lost_write_is_not_taken_for_that_of_the_campaign_before(
    global_block: Script, sandbox: Sandbox, hurried: None
) -> None:
    """Also where that was the same operator's, for the same reason, a moment ago."""
    names = [*spam(1), '192.0.2.1']
    usual = ('-reason:x', '-hardblock', '-always')
    assert global_block(*names, *usual, '-expiry:1 week', '-campaign:a').code == 0
    # Each first write is lost on its way, so that it does not take effect.
    change = (*names, *usual, '-modify', '-expiry:1 month', '-campaign:b')
    again = (*names, *usual, '-expiry:1 year', '-campaign:c')
    for words in change, ('-undo:b', '-reason:y', '-always'), again:
        if words is again:
            assert global_block('-undo:a', '-reason:y', '-always').code == 0
        for nth in (1, 3):
            sandbox.faults.arm(kind='drop', when='before', action=BLOCK, nth=nth)
        run = global_block(*words)
        assert run.code == 0, run.said
        assert 'found by reading' not in run.out
    actions = ['gblock', 'modify', 'modify', 'gunblock', 'gblock']
    assert [action for action, _ in log(sandbox)[::2]] == actions
    assert all(made.expiry[:4] == '2027' for made in blocks(sandbox).values())


def test_a_plan_that_is_not_fresh_is_checked_before_it_is_written(
    global_block: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, 'FRESH', timedelta())
    names = [*spam(1, 2), '192.0.2.1', '192.0.2.2']
    assert global_block(*names, *USUAL, '-anononly', '-simulate').code == 0
    sandbox.command('promote', user=names[0])
    block(sandbox, names[1], autoblock=True)
    block(sandbox, names[2], days=1, anononly=True)
    run = global_block('-resume', '-always')
    assert run.code == 1, run.said
    assert log(sandbox) == [('gblock', names[3])]


@pytest.mark.parametrize('who', ['bot', 'oauth', 'sysop'])
def test_a_bot_password_or_oauth_with_the_grant_works_whatever_the_default_wiki_is(
    global_block: Script,
    farm: Farm,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    who: str,
) -> None:
    from pywikibot import config

    config.mylang = 'aa'
    if who == 'bot':
        password = tmp_path / 'user-password.py'
        name, app = farm.bot.name.split('@')
        line = f'({name!r}, BotPassword({app!r}, {farm.bot.password!r}))\n'
        password.write_text(line, 'utf-8')
        password.chmod(0o600)
        config.password_file = str(password)
    elif who == 'oauth':
        keys = sandbox.call(
            lambda state: state.consumers.add(farm.operator.name, _GRANTS)
        )
        hosts = [address.split('/')[2] for address in farm.wikis.values()]
        monkeypatch.setattr(config, 'authenticate', dict.fromkeys(hosts, keys))
    else:
        config.usernames[farm.family]['*'] = farm.sysop.name
    run = global_block('192.0.2.1', *spam(1), *USUAL, '-anononly')
    may = who != 'sysop'
    assert run.code == (0 if may else 3), run.said
    assert len(log(sandbox)) == (2 if may else 0)
    assert may or 'globalblock' in run.err


def test_a_farm_without_global_blocks_is_told_of_as_such(
    global_block: Script, old_farm: Farm
) -> None:
    """No grant would help there."""
    old_farm.choose(Path(os.environ['PYWIKIBOT_DIR']))
    run = global_block('192.0.2.1', *USUAL, '-anononly')
    assert run.code == 2, run.said
    assert "has no API module 'globalblock'" in run.err
    assert 'grant' not in run.said


def test_blocks_that_are_about_to_end_are_listed_and_renewed(
    global_block: Script, sandbox: Sandbox
) -> None:
    block(sandbox, '192.0.2.1', days=3, reason='Open Proxy')
    block(sandbox, '192.0.2.2', days=60, reason='Open proxy')
    block(sandbox, '192.0.2.3', days=3, reason='Spam')
    near = ('-expiring:30d', '-reason-matches:proxy', '-always')
    run = global_block(*near)
    assert run.code == 0, run.said
    assert '192.0.2.1  (Sandbox Colleague: Open Proxy)' in run.out
    assert '192.0.2.2' not in run.out and '192.0.2.3' not in run.out
    assert not writes(sandbox)
    renewed = global_block(*near, '-modify', '-expiry:6 months')
    assert renewed.code == 0, renewed.said
    assert writes(sandbox) == ['192.0.2.1']
    assert 'Reason:    (each block keeps its own)' in renewed.out
    assert blocks(sandbox)['192.0.2.1'].reason == 'Open Proxy'
    assert 'No block ends' in global_block(*near, '-modify', '-expiry:1 year').out


def test_the_list_of_what_ends_shows_no_hidden_name_and_needs_no_terminal(
    global_block: Script, sandbox: Sandbox
) -> None:
    for target in spam(1, 2):
        block(sandbox, target, days=3, autoblock=True)
    number = blocks(sandbox)[spam(2)[0]].id
    sandbox.command('hide', user=spam(2)[0], level='suppressed')
    run = global_block('-expiring:30d')
    assert run.code == 0, run.said
    renewed = global_block('-expiring:30d', '-modify', '-expiry:1 year', '-always')
    assert renewed.code == 0, renewed.said
    assert writes(sandbox) == spam(1)
    for said in (run.said, renewed.said):
        assert f'#{number}  (Sandbox Colleague: Theirs)' in said
        assert spam(2)[0] not in said


@pytest.mark.parametrize('default', [None, 'soft', 'hard'])
def test_a_change_blocks_new_targets_only_as_somebody_has_said(
    global_block: Script, sandbox: Sandbox, default: str | None
) -> None:
    """Who is blocked at an address is never guessed."""
    import mw_tokens_plugin

    if default:
        mw_tokens_plugin.enable(address_blocks=default)
    block(sandbox, '192.0.2.1', anononly=True)
    change = ('192.0.2.1', '192.0.2.2', *spam(1), '-modify', '-expiry:2 weeks')
    run = global_block(*change, '-reason:x', '-always')
    assert run.code == (0 if default else 1), run.said
    found = blocks(sandbox)
    assert found.pop('192.0.2.1').anononly and spam(1)[0] in found
    if default:
        assert found['192.0.2.2'].anononly is (default == 'soft')
    else:
        assert '192.0.2.2: not blocked: to block it, give' in run.out
    # Without a reason nothing new is blocked, and what there is keeps its own.
    more = global_block(*change[:2], '192.0.2.3', '-modify', '-hardblock', '-always')
    assert more.code == 1 and '192.0.2.3: not blocked' in more.out, more.said
    assert blocks(sandbox)['192.0.2.1'].reason == 'x'


def test_times_have_names_and_addresses_a_default_in_user_config(
    global_block: Script, sandbox: Sandbox
) -> None:
    import mw_tokens_plugin

    mw_tokens_plugin.enable(expiries={'proxy': '6 months'}, address_blocks='hard')
    run = global_block('192.0.2.1', '-reason:x', '-expiry:@proxy', '-always')
    assert run.code == 0, run.said
    assert not blocks(sandbox)['192.0.2.1'].anononly
    unknown = global_block('192.0.2.2', '-reason:x', '-expiry:@other', '-always')
    assert unknown.code == 2 and '@proxy' in unknown.err


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['X', '-reason:x', '-always'], 'A new block needs -expiry'),
        (['X', '-expiry:1 week', '-always'], 'needs a reason'),
        (['X', '-expiry:1 week', '-reason:', '-always'], 'reason that is not empty'),
        (['X', *USUAL, '-expiry:1 day'], 'twice'),
        (['X', '-reason:x', '-expiry:soon', '-always'], '"6 months"'),
        (['X', '-reason:x', '-expiry:2020-01-01', '-always'], 'in the past'),
        (['X', *USUAL, '-anononly', '-hardblock'], 'do not go together'),
        (['X', *USUAL, '-unblock'], 'do not go together'),
        (['X', *USUAL, '-allow-weaker'], 'needs a -modify'),
        (['X', '-modify', '-reason:', '-always'], '-modify changes nothing unless'),
        (['-expiring:9d', *USUAL], 'ignores -expiry and -reason: leave'),
        (['-expiring:9d', '-hardblock', '-always'], 'ignores -hardblock: leave that'),
        (['-expiring:9d', '-not:x', '-report:y', '-max:9'], 'ignores -not'),
        (['-expiring:9d', 'X', '-always'], 'name no others'),
        (['X', *LIFT, '-max-range:22,44'], '-unblock ignores -max-range'),
        (['X', *LIFT, '-max-edits:9', '-ignore-groups:a'], 'ignores -max-edits and'),
        (['192.0.2.0/33', *USUAL], 'a number from 0 to 32.'),
        (['2001:db8::/129', *USUAL], 'a number from 0 to 128.'),
        (['192.0.2.0/255.255.255.0', *USUAL], 'a number from 0 to 32.'),
        (['X', *USUAL, '-max-range:22'], 'two numbers'),
        (['X', *USUAL, '-max-range:48,24'], 'up to 32 for IPv4'),
        (['#41', *USUAL], 'looks like the number of a block, which only'),
        (['-undo:x', '-always', '-reason:'], 'need a reason'),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_what_is_not_understood_is_refused_in_a_sentence(
    global_block: Script, sandbox: Sandbox, arguments: Sequence[str], words: str
) -> None:
    run = global_block(*arguments)
    assert run.code == 2, run.said
    assert words in run.err
    assert not writes(sandbox)


def test_two_operators_at_once_block_each_target_once(
    global_block: Script, farm: Farm, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A colleague's process comes upon what this one is writing."""
    directory = tmp_path / 'colleague'
    directory.mkdir()
    colleague = Login('Sandbox Colleague', sandbox.credentials.colleague)
    farm.configure(directory, login=colleague)
    desk = Desk(directory, 'global_block')
    names = [*spam(*range(1, 51)), *(f'192.0.2.{n}' for n in range(1, 51))]
    process = desk.start(*names, *USUAL, '-anononly')
    desk.wait(process, lambda: writes(sandbox))
    run = global_block(*reversed(names), *USUAL, '-anononly')
    said = process.communicate(timeout=120)
    desk.close()
    assert (run.code, process.returncode) == (0, 0), (run.said, said)
    assert sorted(target for _, target in log(sandbox)) == sorted(names)
    assert {action for action, _ in log(sandbox)} == {'gblock'}


def test_an_undo_leaves_what_other_campaigns_have_made(
    global_block: Script, pwb: Script, sandbox: Sandbox
) -> None:
    """A local half that was there before is not taken for the campaign's own."""
    sandbox.call(lambda farm: farm.wikis['meta'].blocks.clear())
    local = ('-alsolocal', '-anononly', *USUAL)
    assert global_block('192.0.2.1', *local, '-campaign:first').code == 0
    longer = ('-modify', '-expiry:1 month', '-alsolocal', '-always', '-campaign:second')
    second = global_block('192.0.2.1', *longer)
    assert second.code == 1 and 'which was left as it is' in second.out, second.said
    # All has failed in part, and can be undone.
    assert 'To undo:   pwb global_block -undo:second' in second.out
    assert 'To undo:' in pwb('campaign', 'show', 'second').out
    undone = global_block('-undo:second', '-reason:x', '-always', '-campaign:undo')
    assert undone.code == 0, undone.said
    there = sandbox.call(lambda farm: [*farm.wikis['meta'].blocks])
    assert there == ['192.0.2.1'] and list(blocks(sandbox)) == there
    closing = global_block('-resume', '-campaign:undo', '-close', '-always')
    assert closing.code == 2 and 'no page to mark' in closing.err


def test_what_the_operator_has_changed_again_is_nobody_elses_change(
    global_block: Script, sandbox: Sandbox
) -> None:
    block(sandbox, '192.0.2.2', days=30, anononly=True)
    for change in (('-hardblock', '-campaign:a'), ('-expiry:2 months', '-campaign:b')):
        assert global_block('192.0.2.2', '-modify', *change, '-always').code == 0
    undone = global_block('-undo:a', '-reason:x', '-always')
    assert undone.code == 1, undone.said
    assert '192.0.2.2: changed since by your own account' in undone.out
    assert 'somebody else' not in undone.out


def test_a_chain_of_changes_is_undone_one_campaign_after_the_other(
    global_block: Script, sandbox: Sandbox
) -> None:
    """What an undo has put back is what the campaign before has left."""
    block(sandbox, '192.0.2.9', days=30, anononly=True)
    theirs = blocks(sandbox)['192.0.2.9']
    names = (*spam(1), '192.0.2.1', '192.0.2.9')
    modify = (*names, '-modify', '-always')
    steps: list[tuple[str, ...]] = [
        (*modify, '-hardblock', '-expiry:5 weeks', '-reason:x', '-campaign:a'),
        (*modify, '-expiry:7 weeks', '-campaign:b'),
        (*modify, '-allow-account-creation', '-allow-weaker', '-campaign:c'),
        (*names, '-unblock', '-reason:y', '-always', '-campaign:d'),
    ]
    seen = [{'192.0.2.9': _content(theirs)}]
    for step in steps:
        run = global_block(*step)
        assert run.code == 0, run.said
        seen.append({name: _content(made) for name, made in blocks(sandbox).items()})
    for campaign in 'dcba':
        seen.pop()
        undone = global_block(f'-undo:{campaign}', '-reason:Back', '-always')
        assert undone.code == 0, undone.said
        assert {n: _content(b) for n, b in blocks(sandbox).items()} == seen[-1]
    assert len(log(sandbox)) == 8 * len(names)


def test_what_was_put_back_and_then_changed_is_left(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Also where the change makes it look like what the campaign has left."""
    usual = ('-anononly', '-expiry:2030-01-31', '-always')
    names = ('192.0.2.1', '192.0.2.2', '192.0.2.3')
    assert global_block(*names, *usual, '-reason:x', '-campaign:a').code == 0
    change = ('-modify', '-hardblock', '-always', '-campaign:b')
    assert global_block(*names, *change).code == 0
    assert global_block('-undo:b', '-reason:Back', '-always').code == 0
    # The operator has blocked the first one anew, and a colleague the second.
    assert global_block(names[0], '-unblock', '-reason:y', '-always').code == 0
    assert global_block(names[0], *usual, '-reason:z').code == 0

    def touch(farm: Any) -> None:
        for found in farm.global_blocks:
            if found.target == names[1]:
                found.by = 2

    sandbox.call(touch)
    undone = global_block('-undo:a', '-reason:Back', '-always')
    assert undone.code == 1, undone.said
    assert f'{names[0]}: changed since by your own account' in undone.out
    assert f'{names[1]}: changed since by somebody else' in undone.out
    assert sorted(blocks(sandbox)) == [*names[:2]]


def test_an_undo_takes_nothing_for_its_own_that_was_undone_or_made_again(
    global_block: Script, sandbox: Sandbox
) -> None:
    """However soon the same was blocked again, for the same reason."""
    sandbox.call(lambda farm: farm.wikis['meta'].blocks.clear())
    names = ('192.0.2.1', '192.0.2.2', '192.0.2.3')
    block(sandbox, names[2], days=30)
    usual = ('-anononly', '-alsolocal', *USUAL)
    assert global_block(*names[:2], *usual, '-campaign:a').code == 0
    assert global_block(names[2], *LIFT, '-campaign:lift').code == 0
    assert global_block('-undo:lift', '-reason:x', '-always').code == 0

    def lift(farm: Any) -> None:
        for found in list(farm.global_blocks):
            if found.target in names[1:]:
                farm.global_blocks.lift(found)
        del farm.wikis['meta'].blocks[names[1]]

    sandbox.call(lift)
    again = global_block('-undo:lift', '-reason:x', '-always')
    assert again.code == 1 and f'{names[2]}: changed since' in again.out, again.said
    assert global_block(names[1], *usual, '-campaign:b').code == 0
    first = global_block('-undo:a', '-reason:x', '-always')
    own = 'changed since by your own account'
    assert first.code == 1 and f'{names[1]}: {own}' in first.out, first.said
    assert list(blocks(sandbox)) == [names[1]]
    assert global_block(names[0], *usual, '-campaign:c').code == 0
    second = global_block('-undo:a', '-reason:x', '-always')
    assert second.code == 1 and second.out.count(f': {own}') == 2, second.said
    assert sandbox.call(lambda farm: {*farm.wikis['meta'].blocks}) == {*names[:2]}
    for campaign in 'cb':
        undone = global_block(f'-undo:{campaign}', '-reason:x', '-always')
        assert undone.code == 0, undone.said
    assert not blocks(sandbox)
    assert not sandbox.call(lambda farm: dict(farm.wikis['meta'].blocks))


def test_a_block_that_was_shortened_is_restored_after_its_end(
    global_block: Script, pwb: Script, sandbox: Sandbox
) -> None:
    """But not one that somebody has lifted before, by its target or its number."""
    names = [f'192.0.2.{number}' for number in range(1, 5)]
    for name in names:
        block(sandbox, name, days=30, anononly=True)
    before = blocks(sandbox)
    weaker = ('-modify', '-allow-weaker', '-expiry:1 hour', '-always')
    assert global_block(*names, *weaker, '-campaign:a').code == 0
    lifted = (names[1], f'#{before[names[2]].id}')
    assert global_block(*lifted, *LIFT).code == 0
    sandbox.command('advance-clock', seconds=3700)
    block(sandbox, names[3], days=1)
    undone = global_block('-undo:a', '-reason:Back', '-always')
    assert undone.code == 1, undone.said
    for name in names[1:3]:
        assert f'{name}: changed since by your own account' in undone.out
    assert f'{names[3]}: changed since by somebody else' in undone.out
    found = blocks(sandbox)
    assert sorted(found) == [names[0], names[3]]
    assert _content(found[names[0]]) == _content(before[names[0]])


def test_what_a_range_would_have_covered_is_retried_with_it(
    global_block: Script, pwb: Script, sandbox: Sandbox
) -> None:
    plan = ('192.0.2.0/28', '192.0.2.3', '-hardblock', '-expiry:1 week', '-reason:x')
    made = global_block(*plan, '-simulate', '-campaign:range')
    assert '192.0.2.3 (covered by a wider block: 192.0.2.0/28)' in made.out, made.said
    # A colleague has blocked it meanwhile, but neither as long nor everybody.
    block(sandbox, '192.0.2.0/28', days=1, anononly=True)
    run = global_block('-resume', '-campaign:range', '-always', '-quiet')
    assert run.code == 1 and 'Not blocked: 1 target that a range' in run.out, run.said
    assert '(192.0.2.0/28). To decide on them again: pwb campaign retry' in run.out
    plan_again = pwb('campaign', 'retry-failed', 'range', '-simulate')
    assert 'To block: 1\n  192.0.2.3 ' in plan_again.out, plan_again.said
    run = global_block('-resume', '-campaign:range', '-always')
    assert run.code == 1 and 'Not blocked:' not in run.out, run.said
    assert sorted(blocks(sandbox)) == ['192.0.2.0/28', '192.0.2.3']


def _content(made: GlobalBlock) -> tuple[Any, ...]:
    return made.expiry, made.anononly, made.nocreate, made.autoblock, made.reason


def test_a_plan_is_not_run_when_its_blocks_would_have_ended(
    global_block: Script, sandbox: Sandbox, ledger: Ledger
) -> None:
    plan = ('192.0.2.1', '-reason:x', '-expiry:2999-01-01', '-hardblock', '-simulate')
    assert global_block(*plan, '-campaign:late').code == 0
    change = "UPDATE campaign SET options=json_set(options, '$.expiry', '2020-01-01')"
    with ledger.database.begin() as connection:
        connection.exec_driver_sql(change)
    run = global_block('-resume', '-campaign:late', '-always')
    assert run.code == 2 and not writes(sandbox), run.said
    assert 'would end at 2020-01-01, which is in the past now' in run.err


def test_only_takes_the_kind_of_numbers_and_of_what_ends(
    global_block: Script, sandbox: Sandbox
) -> None:
    for target in ('192.0.2.1', '192.0.2.2', *spam(1, 2)):
        block(sandbox, target)
    numbers = {target: f'#{made.id}' for target, made in blocks(sandbox).items()}
    listed = global_block('-expiring:8d', '-only:addresses')
    assert '2 blocks end' in listed.out and spam(1)[0] not in listed.out
    lift = ('-unblock', '-reason:x', '-always')
    both = (numbers['192.0.2.1'], numbers[spam(1)[0]])
    run = global_block(*both, '#999', '-only:accounts', *lift)
    assert '2 targets, and 1 left out by -only' in run.out, run.said
    assert sorted(blocks(sandbox)) == ['192.0.2.1', '192.0.2.2', spam(2)[0]]
    run = global_block(numbers[spam(2)[0]], '-only:addresses', *lift)
    assert run.code == 2, run.said
    assert '-only:addresses leaves out all that was named (1)' in run.err
    assert global_block(both[0], '-only:addresses', *lift).code == 0
    assert sorted(blocks(sandbox)) == ['192.0.2.2', spam(2)[0]]


def test_a_range_with_a_protected_address_is_not_lifted_either(
    global_block: Script, sandbox: Sandbox, listed: Callable[[str], str]
) -> None:
    block(sandbox, '192.0.2.0/24')
    number = f'#{blocks(sandbox)["192.0.2.0/24"].id}'
    lift = ('-unblock', '-reason:x', '-always', f'-not:{listed("192.0.2.7")}')
    for target in ('192.0.2.0/24', number):
        run = global_block(target, *lift)
        assert run.code == 1, run.said
        assert f'{target}: contains what -not or -protect lists' in run.out
    assert list(blocks(sandbox)) == ['192.0.2.0/24']
