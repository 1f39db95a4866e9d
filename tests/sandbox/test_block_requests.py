"""Requests for global blocks on a page: chosen, carried out and marked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.requestpages import RequestKind
from mw_tokens_plugin.targets.requests import select

from .desk import Desk, Run
from .test_global_block import block, blocks, spam
from .test_request_pages import PAGE, TITLE, save, text

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')
Script = Callable[..., Run]
WEEK = ('-expiry:1 week', '-anononly')
TEMPORARY = '~2026-60001-44'


@pytest.fixture
def global_block(pwb: Script) -> Script:
    return partial(pwb, 'global_block')


BLOCKS = """\
== Requests for global (un)block ==
=== Global block for [[Special:Contributions/198.51.100.61|198.51.100.61]] ===
{{Status}} <!-- Do not remove this template -->
* {{Luxotool|198.51.100.61}}
A local block (1 week) has not helped. Three months, please? --[[User:Ann|Ann]] \
([[User talk:Ann|talk]]) 07:15, 9 November 2026 (UTC)
=== Global block for 2001:DB8:77:1::/64 and 2 others ===
{{status|}}
* {{Luxotool|2001:db8:77:1::/64}}
* {{IP|2001:db8:77:2:0:0:0:9}}
* [[Special:Contribs/192.0.2.90]]
Same person. {{ping|Ann}} fyi. \
--[[Special:Contributions/203.0.113.200|203.0.113.200]] 08:00, 9 November 2026 (UTC)
=== Global block for several addresses ===
{{Status}}
* {{lsg|192.0.2.140}}
* {{ipcheck|ip=192.0.2.141|asn=AS64500}}
* {{Luxotool|1=192.0.2.142|note=hosting, see 192.0.2.0/24}}
{| class="wikitable"
| 192.0.2.143 || webhost
|}
Hosting. --[[User:Bob|Bob]] 20:02, 12 November 2026 (UTC)
=== Global unblock for 192.0.2.77 ===
{{Status}}
* {{Luxotool|192.0.2.77}}
It is mine now. --[[User:Bob|Bob]] 20:02, 12 November 2026 (UTC)
"""


def test_requests_for_blocks_are_carried_out_and_what_is_not_understood_stays_open(
    global_block: Script, sandbox: Sandbox
) -> None:
    save(sandbox, BLOCKS)
    plan = global_block(PAGE, '-close', *WEEK, '-simulate', '-campaign:week')
    assert plan.code == 0, plan.said
    assert 'has not helped. Three months, please?' in plan.out
    for left in ('192.0.2.141', '192.0.2.143', 'note=hosting, see 192.0.2.0/24'):
        assert left in plan.out
    assert '203.0.113.200' not in plan.out.split('To block')[1]
    assert 'run it with -unblock' in plan.out
    assert not blocks(sandbox)
    run = global_block('-resume', '-always', '-campaign:week')
    assert run.code == 0, run.said
    assert sorted(blocks(sandbox)) == [
        *('192.0.2.142', '192.0.2.90', '198.51.100.61'),
        *('2001:DB8:77:1:0:0:0:0/64', '2001:DB8:77:2:0:0:0:9'),
    ]
    marked = text(sandbox)
    assert marked.count('{{Status|done}}') + marked.count('{{status|done}}') == 2
    assert ": '''Done''': all 3 are blocked globally." in marked
    assert "'''Partly done''': 1 of the" in marked


def test_a_request_to_unblock_is_decided_at_a_terminal_by_who_blocked_and_why(
    global_block: Script, desk: Desk, sandbox: Sandbox
) -> None:
    save(sandbox, BLOCKS)
    block(sandbox, '192.0.2.77', days=3, anononly=True, reason='Spam of May')
    appeal = (PAGE, '-unblock', '-close', '-section:Global unblock for 192.0.2.77')
    for refused in (global_block(*appeal), global_block(*appeal, '-simulate')):
        assert refused.code == 2, refused.said
    desk.script = 'global_block'
    run = desk.talk(*appeal, answers=[('[y/N]', 'y'), ('unblock', 'unblock')])
    assert run.code == 0, run.out
    assert 'Spam of May' in run.out
    assert not blocks(sandbox)
    assert "'''Done''': it is free from global blocks." in text(sandbox)


def test_a_heading_left_as_the_form_has_it_is_asked_about(
    site: Any, sandbox: Sandbox
) -> None:
    either = """
== Requests for global (un)block ==
=== Global block/unblock for [[Special:Contributions/192.0.2.9|192.0.2.9]] ===
{{Status}}
* 192.0.2.9
"""
    save(sandbox, either)
    asked: list[Any] = []

    def offer(*about: Any) -> bool:
        asked.append(about)
        return len(asked) > 1

    for selected in ((), ('192.0.2.9',)):
        chosen = select(site, TITLE, RequestKind.BLOCK, offer=offer)
        assert chosen.names == selected
    assert asked == [('Global block/unblock for 192.0.2.9', ('192.0.2.9',))] * 2
    assert [item['agreed'] for item in chosen.stored()['requests']] == [True]
    save(sandbox, f'{either}See 192.0.2.10, too.')
    assert not select(site, TITLE, RequestKind.BLOCK, offer=offer).names
    assert len(asked) == 2


LOCKS = f"""\
== Requests for global (un)block ==
== Requests for global (un)lock and (un)hiding ==
=== Global lock for Spambot 00001 and others ===
{{{{Status}}}}
{{{{MultiLock|Spambot 00001|Spambot 00002|<s>Spambot 00009</s>|{TEMPORARY}}}}}
* {{{{LockHide|1=spambot_00003}}}}
* {{{{Luxotool|192.0.2.201}}}}
Long-term abuse. <s>Spambot 00009</s> is somebody else, sorry. \
--[[User:Ann|Ann]] ([[User talk:Ann|talk]]) 06:06, 15 November 2026 (UTC)
=== Global lock for [[User:Spambot 00004|Spambot 00004]] ===
{{{{Status|done}}}}
* {{{{LockHide|Spambot 00004}}}}
:{{{{done}}}} --[[User:Bob|Bob]] 06:40, 15 November 2026 (UTC)
=== Global lock ===
{{{{Status}}}}
* {{{{LockHide|Spambot 00005|hidename=1}}}}
--[[User:Bob|Bob]] 06:20, 15 November 2026 (UTC)
"""


def locked(sandbox: Sandbox) -> list[str]:
    entries = sandbox.journal.entries(action='setglobalaccountstatus')
    return [entry.target for entry in entries if entry.effect]


def test_what_a_request_for_locks_names_besides_is_blocked_in_a_second_campaign(
    pwb: Script, sandbox: Sandbox
) -> None:
    sandbox.call(lambda farm: farm.add_account(TEMPORARY))
    save(sandbox, LOCKS)
    usual = (PAGE, '-close', '-simulate')
    alone = pwb('global_lock', *usual, '-campaign:alone')
    assert alone.code == 0, alone.said
    for other in ('(a temporary account', '(an IP address'):
        assert f'{other}: use global_block)' in alone.out
    month = (*usual, '-globalblock:1 month', '-campaign:both')
    unsaid = pwb('global_lock', *month)
    assert unsaid.code == 2
    assert '-anononly' in unsaid.err
    plan = pwb('global_lock', *month, '-anononly')
    assert plan.code == 0, plan.said
    assert 'To lock: 4' in plan.out
    assert 'To block: 2' in plan.out
    assert 'so that everybody can link them' in plan.out
    assert 'request 3' in plan.out
    assert spam(5)[0] not in plan.said and spam(9)[0] not in plan.said
    run = pwb('global_lock', '-resume', '-always', '-campaign:both')
    assert run.code == 0, run.said
    assert locked(sandbox) == spam(1, 2, 3, 5)
    found = blocks(sandbox)
    assert sorted(found) == ['192.0.2.201', TEMPORARY]
    assert found['192.0.2.201'].anononly
    marked = text(sandbox)
    assert marked.count('{{Status|done}}') == 3
    assert 'locked or blocked globally' in marked
    assert spam(5)[0] not in run.said
    # Both are finished: nothing is left to do, or to mark again.
    assert pwb('global_lock', '-resume', '-always', '-campaign:both').code == 0
    assert text(sandbox) == marked
    undone = pwb('global_block', '-undo:both-blocks', '-reason:x', '-always')
    assert undone.code == 0, undone.said
    assert not blocks(sandbox)


def test_lists_are_split_in_the_same_way_and_each_half_can_be_missing(
    pwb: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = ('-globalblock:1 month', '-hardblock', '-reason:Spam', '-always')
    assert pwb('global_lock', *spam(1), *usual).code == 0
    assert not blocks(sandbox)
    alone = pwb('global_lock', '192.0.2.7', *usual)
    assert alone.code == 0, alone.said
    assert locked(sandbox) == spam(1)
    assert list(blocks(sandbox)) == ['192.0.2.7']
    assert 'To undo:   pwb global_block -undo:' in alone.out
    # Killed between the two campaigns.
    with monkeypatch.context() as patched:
        patched.setattr('mw_tokens_plugin.cli.following.listed', _killed)
        with pytest.raises(SystemExit):
            pwb('global_lock', *spam(2), '192.0.2.8', *usual, '-campaign:killed')
    assert locked(sandbox) == spam(1, 2)
    # What is not blocked yet is not finished.
    assert pwb('campaign', 'stage', 'killed').out == 'confirmed\n'
    told = pwb('campaign', 'list').out
    assert 'in progress (1 done, 1 to block in killed-blocks)' in told
    undo = ('-undo:killed', '-reason:x', '-simulate', '-campaign:undo')
    early = pwb('global_lock', *undo)
    assert 'The blocks of killed-blocks are not finished' in early.out, early.said
    resumed = pwb('global_lock', '-resume', '-campaign:killed', '-always')
    assert resumed.code == 0, resumed.said
    assert sorted(blocks(sandbox)) == ['192.0.2.7', '192.0.2.8']
    assert pwb('campaign', 'stage', 'killed').out == 'finished\n'
    undone = pwb('global_lock', *undo, '-replace')
    assert 'pwb campaign undo killed-blocks -reason:TEXT' in undone.out, undone.said
    forgotten = pwb('campaign', 'forget', 'killed-blocks', '-always')
    assert 'killed is in progress without it' in forgotten.out, forgotten.said
    again = (*spam(3), *usual[:-1], '-simulate', '-campaign:again')
    for address in ('192.0.2.20', '192.0.2.21'):
        plan = pwb('global_lock', address, *again, '-replace')
        assert plan.code == 0, plan.said
    report = tmp_path / 'report'
    run = pwb(
        'global_lock', '-resume', '-campaign:again', '-always', f'-report:{report}'
    )
    assert run.code == 0, run.said
    assert sorted(blocks(sandbox)) == ['192.0.2.21', '192.0.2.7', '192.0.2.8']
    texts = [path.read_text('utf-8') for path in report.rglob('*') if path.is_file()]
    assert any('192.0.2.21' in text for text in texts)
    assert not any(spam(3)[0] in text and '192.0.2.21' in text for text in texts)
    for expiry, words in (('soon', 'give a span'), ('2020-01-01', 'in the past')):
        until = f'-globalblock:{expiry}'
        refused = pwb('global_lock', *spam(4), until, '-reason:x', '-always')
        assert refused.code == 2
        assert words in refused.err


def test_requests_are_marked_by_the_locks_even_if_blocks_were_resumed_alone(
    pwb: Script, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never as done where a colleague has blocked otherwise since the plan."""
    sandbox.call(lambda farm: farm.add_account(TEMPORARY))
    save(sandbox, LOCKS)
    plan = (PAGE, '-close', '-simulate', '-globalblock:1 month', '-anononly')
    assert pwb('global_lock', *plan, '-campaign:both').code == 0
    with monkeypatch.context() as patched:
        patched.setattr('mw_tokens_plugin.cli.following.run_campaign', _killed)
        with pytest.raises(SystemExit):
            pwb('global_lock', '-resume', '-campaign:both', '-always')
    resume = 'pwb campaign resume both'
    assert f'To resume: {resume}' in pwb('campaign', 'show', 'both').out
    block(sandbox, '192.0.2.201')
    alone = pwb('global_block', '-resume', '-campaign:both-blocks', '-always')
    assert alone.code == 1, alone.said
    assert f'not marked yet. To mark them: {resume}' in alone.out
    assert text(sandbox) == LOCKS
    for _ in range(2):
        # One of the blocks was not made, however often it is asked for.
        marked = pwb('global_lock', '-resume', '-campaign:both', '-always')
        assert marked.code == 1, marked.said
        assert 'Campaign both-blocks' in marked.out
    assert "'''Partly done''': 4 of the 5" in text(sandbox)
    assert 'To resume' not in pwb('campaign', 'show', 'both').out
    # Of the blocks only that which is tried again is left to do.
    assert pwb('campaign', 'retry-failed', 'both-blocks', '-always').code == 4
    assert '4 done, 1 to block in both-blocks' in pwb('campaign', 'list').out


def _killed(*args: object) -> None:
    raise SystemExit(137)


def test_a_name_that_a_broken_template_asks_to_hide_is_not_shown(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Neither in the heading or text of the request, nor as something ignored."""
    for broken in (
        '* {{Luxotool|Ox Defamed|hidename=1',
        '<nowiki>{{LockHide|Ox Defamed|hidename}}</nowiki>',
        '<pre>{{LockHide|Ox Defamed|hidename = yes}}</pre>',
    ):
        page = '== Global block for Ox Defamed ==\n{{Status}}\n'
        save(sandbox, f'{page}* {{{{Luxotool|198.51.100.9}}}}\n{broken}')
        run = global_block(PAGE, '-simulate', *WEEK)
        assert '  198.51.100.9 (' in run.out, run.said
        assert 'Defamed' not in run.said
