"""Blocking abusers on the wikis where they have edited: targets, plan, undo.

Judged on the blocks of the sandbox's wikis, and on its journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.records import Block, WikiSet

from .desk import Run
from .farms import Farm

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]
Change = Callable[[Callable[[Any], None]], None]

#: Two accounts of one abuser, and an address.
SOCK, OTHER, ADDRESS = 'Spambot 00001', 'Spambot 00002', '192.0.2.77'
LOCAL = 'Plain Sysop'
USUAL = (SOCK, OTHER, '-reason:Cross-wiki abuse', '-since:7d', '-always')
WEEK = '-expiry:1 week'
WRITES = ('block', 'unblock')


@pytest.fixture
def blocking(pwb: Script) -> Script:
    return partial(pwb, 'crosswiki_block')


@pytest.fixture
def edit(sandbox: Sandbox) -> Callable[..., None]:
    """Let somebody edit pages on some wikis."""

    def save(user: str, *wikis: str) -> None:
        def change(farm: Any) -> None:
            for code in wikis:
                there = farm.wikis[code]
                if user in farm.accounts and user not in there.accounts:
                    farm.attach(farm.accounts[user], there)
                local = there.accounts.get(user)
                number = local.id if local else 0
                there.edit(f'Page of {user}', 'Bad', user=user, user_id=number)

        sandbox.call(change)

    return save


def blocks(sandbox: Sandbox) -> dict[tuple[str, str], Any]:
    """Return the blocks of all wikis, by wiki and target."""
    return {
        (code, name): each
        for code, wiki in sandbox.farm.wikis.items()
        for name, each in wiki.blocks.items()
        if not each.hidename
    }


def writes(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    """Return which writes took effect on which wikis."""
    entries = sandbox.journal.entries()
    return Counter((e.action, e.wiki) for e in entries if e.effect in WRITES)


def place(sandbox: Sandbox, wiki: str, user: str) -> None:
    """Let an administrator of a wiki block somebody, or change the block."""

    def change(farm: Any) -> None:
        there = farm.wikis[wiki]
        now, old = farm.timestamp(), there.blocks.get(user)
        number = old.id if old else there.next_id('block')
        block = Block(number, user, LOCAL, 0, 'mine', now, 'infinity')
        there.blocks[user] = replace(block, anononly=user == ADDRESS)

    sandbox.call(change)


#: What undoes any campaign.
UNDO = ('campaign', 'undo')


def test_abusers_are_blocked_where_they_have_edited_and_the_undo_lifts_just_that(
    blocking: Script, pwb: Script, sandbox: Sandbox, edit: Callable[..., None]
) -> None:
    """They may edit their talk pages; no account can be made; blocks of others stay."""
    edit(SOCK, 'aa', 'bb')
    edit(OTHER, 'aa', 'meta')
    edit(ADDRESS, 'bb')
    place(sandbox, 'meta', OTHER)
    before = blocks(sandbox)
    run = blocking(*USUAL, ADDRESS, WEEK, '-anononly', '-campaign:stop')
    assert run.code == 1, run.said
    made = {key: each for key, each in blocks(sandbox).items() if key not in before}
    assert set(made) == {('aa', SOCK), ('aa', OTHER), ('bb', SOCK), ('bb', ADDRESS)}
    for (_, name), each in made.items():
        assert (each.reason, each.nocreate, each.allowusertalk) == (
            'Cross-wiki abuse',
            True,
            True,
        )
        assert each.autoblock is not each.anononly is (name == ADDRESS)
    assert blocks(sandbox)['meta', OTHER].reason == 'mine'
    assert f'metawiki:User:{OTHER}: blocked with other settings: {LOCAL}' in run.out
    again = blocking(*USUAL, WEEK, '-campaign:again')
    assert 'Skipped:   3 (already in that state)' in again.out, again.said
    assert sum(writes(sandbox).values()) == 4

    place(sandbox, 'aa', SOCK)
    sandbox.call(lambda farm: farm.wikis['aa'].blocks.pop(OTHER))
    undo = blocking('-undo:stop', '-reason:Mistake', '-always', '-campaign:lifted')
    assert undo.code == 1, undo.said
    for begin in (partial(blocking, '-undo:lifted'), partial(pwb, *UNDO, 'lifted')):
        run = begin('-reason:x', '-always')
        assert run.code == 2, run.said
        assert "'lifted' has undone 'stop', and cannot be undone" in run.err, run.said
    assert set(blocks(sandbox)) == {*before, ('aa', SOCK)}
    assert f'aawiki:User:{SOCK}: changed since by somebody else: {LOCAL}' in undo.out
    assert writes(sandbox)['unblock', 'bb'] == 2
    entries = sandbox.journal.entries(action='unblock')
    assert all('id' in e.params and 'user' not in e.params for e in entries)


def test_who_is_blocked_otherwise_gets_a_second_block_where_that_is_asked_for(
    blocking: Script, sandbox: Sandbox, edit: Callable[..., None]
) -> None:
    """The block of a colleague stays as it is, and the undo lifts the second one."""
    edit(SOCK, 'aa', 'bb')
    edit(OTHER, 'aa')
    sandbox.call(lambda farm: setattr(farm.wikis['aa'], 'multiblocks', True))
    for wiki, name in (('aa', SOCK), ('aa', OTHER), ('bb', SOCK)):
        place(sandbox, wiki, name)
    before = blocks(sandbox)

    def further() -> dict[str, list[str]]:
        there = sandbox.farm.wikis['aa'].further_blocks
        return {name: [b.reason for b in each] for name, each in there.items() if each}

    assert 'blocked with other settings' in blocking(*USUAL, WEEK).out
    plan = (*USUAL, WEEK, '-newblock', '-campaign:two')
    assert blocking(*plan, '-simulate').code == 0
    # A colleague acts between plan and write.
    sandbox.call(lambda farm: setattr(farm.wikis['aa'].blocks[OTHER], 'id', 999))
    sandbox.faults.arm(kind='drop', when='after', action='block', wiki='aa', nth=1)
    run = blocking('-resume', '-always')
    assert run.code == 1, run.said
    assert further() == {SOCK: ['Cross-wiki abuse']}
    assert f'aawiki:User:{OTHER}: changed since the plan, and skipped' in run.out
    assert 'the wiki allows no second block of a user (alreadyblocked)' in run.out
    assert before['aa', SOCK] is blocks(sandbox)['aa', SOCK]
    assert writes(sandbox) == {('block', 'aa'): 1}
    undo = blocking('-undo:two', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert not further() and before['aa', SOCK] is blocks(sandbox)['aa', SOCK]
    # Where it is gone, what was there before is no change by others.
    again = blocking('-undo:two', '-reason:Mistake', '-always')
    assert f'aawiki:User:{SOCK} (already in that state' in again.out, again.said


def test_a_block_costs_two_requests_and_lifting_it_three(
    blocking: Script, sandbox: Sandbox, edit: Callable[..., None]
) -> None:
    """A token, and the write; before a lift each block is looked at again."""
    names = [f'Spambot {number:05}' for number in range(1, 21)]
    for name in names:
        edit(name, 'aa')
    usual = ('-reason:x', '-since:7d', WEEK, '-wikis:aa', '-campaign:many')
    assert blocking(*names, *usual, '-simulate').code == 0
    for more, most in (('-resume',), 2.2), (('-undo:many', '-reason:x'), 3.2):
        before = max(e.serial for e in sandbox.journal.entries())
        run = blocking(*more, '-always')
        assert run.code == 0, run.said
        sent = sandbox.journal.entries(since=before)
        counted = Counter((e.wiki, e.action) for e in sent)
        assert len(sent) <= most * len(names) + 8, counted
    assert writes(sandbox) == {('block', 'aa'): 20, ('unblock', 'aa'): 20}


def test_lost_answers_and_late_colleagues_make_no_second_block(
    blocking: Script, sandbox: Sandbox, edit: Callable[..., None]
) -> None:
    """What was lost is read, also where the block was lifted again meanwhile."""
    edit(SOCK, 'aa', 'bb')
    edit(OTHER, 'bb', 'meta')
    drop = {'kind': 'drop', 'when': 'after', 'action': 'block'}
    assert blocking(*USUAL, WEEK, '-simulate', '-campaign:late').code == 0
    place(sandbox, 'meta', OTHER)
    sandbox.faults.arm(**drop, wiki='aa')
    sandbox.faults.arm(**drop, wiki='bb', times=2)
    run = blocking('-resume', '-always')
    assert run.code == 1, run.said
    assert writes(sandbox) == {('block', 'aa'): 1, ('block', 'bb'): 2}
    assert 'changed since the plan, and skipped (alreadyblocked)' in run.out
    assert blocks(sandbox)['meta', OTHER].reason == 'mine'
    sandbox.faults.arm(**{**drop, 'action': 'unblock'}, wiki='bb')
    undo = blocking('-undo:late', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert set(blocks(sandbox)) == {('meta', OTHER)}
    assert writes(sandbox)['unblock', 'bb'] == 2


def test_those_who_must_not_be_blocked_are_skipped_and_hidden_names_not_shown(
    blocking: Script,
    sandbox: Sandbox,
    edit: Callable[..., None],
    farm: Farm,
    tmp_path: Any,
) -> None:
    """The operator, members of groups, hidden accounts; and the rest is done."""
    hidden, member = 'Spambot 00003', 'Spambot 00004'
    for name in (SOCK, hidden, member, farm.operator.name):
        edit(name, 'aa')

    def change(state: Any) -> None:
        state.accounts[hidden].hidden = 'lists'
        state.wikis['aa'].accounts[member].groups = frozenset({'sysop'})

    sandbox.call(change)
    names = (SOCK, hidden, member, farm.operator.name)
    run = blocking(*names, '-reason:x', '-since:7d', WEEK, '-always', '-campaign:g')
    assert run.code == 1, run.said
    assert set(blocks(sandbox)) == {('aa', SOCK)}
    assert hidden not in run.said
    assert 'its name is hidden' in run.out
    assert f'aawiki:User:{member}: in a group on a wiki: sysop' in run.out
    assert f'aawiki:User:{farm.operator.name}: the operator itself' in run.out
    never = blocking('127.0.0.1', ADDRESS, '-reason:x', '-expiry:infinite', '-always')
    assert never.code == 2, never.said


def test_who_is_hidden_since_is_left_out_of_the_public_log(
    blocking: Script, sandbox: Sandbox, edit: Callable[..., None]
) -> None:
    """A kept plan that is resumed at once does so, and an undo."""
    for name in (SOCK, OTHER):
        edit(name, 'aa')
    usual = ('-reason:x', '-since:7d', WEEK, '-always')
    assert blocking(SOCK, *usual, '-simulate', '-campaign:kept').code == 0
    assert blocking(OTHER, *usual, '-campaign:done').code == 0

    def hide(state: Any) -> None:
        for name in (SOCK, OTHER):
            state.accounts[name].hidden = 'lists'

    sandbox.call(hide)
    run = blocking('-resume', '-campaign:kept', '-always')
    assert run.code == 1, run.said
    assert 'its name is hidden' in run.out and SOCK not in run.said
    undo = blocking('-undo:done', '-reason:x', '-always')
    assert undo.code == 1, undo.said
    assert 'its name is hidden' in undo.out and OTHER not in undo.said
    assert set(blocks(sandbox)) == {('aa', OTHER)}


def test_what_is_out_of_scope_is_listed_for_others_and_wikis_are_read_as_nobody(
    blocking: Script, sandbox: Sandbox, edit: Callable[..., None]
) -> None:
    """A look mints nothing, and whoever is out of scope is listed with a link."""
    sets = [WikiSet('Opted out', 'optout', ('bbwiki',))]
    sandbox.call(lambda farm: setattr(farm, 'wiki_sets', sets))
    edit(SOCK, 'aa', 'bb')
    sandbox.call(lambda farm: farm.advance(30 * 86400))
    edit(OTHER, 'bb')
    run = blocking(SOCK, OTHER, '-reason:x', '-since:60d', WEEK, '-always')
    assert run.code == 1, run.said
    assert set(blocks(sandbox)) == {('aa', SOCK)}
    assert f'[[:User:{SOCK}]]' in run.out
    assert {e.user for e in sandbox.journal.entries(wiki='bb')} == {''}
    late = blocking(OTHER, SOCK, '-reason:x', '-since:7d', WEEK, '-wikis:bb', '-always')
    assert late.code == 0, late.said
    assert set(blocks(sandbox)) == {('aa', SOCK), ('bb', OTHER)}


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ((SOCK, '-reason:x'), '-expiry:TIME'),
        ((SOCK, '-reason:x', '-expiry:2020-01-01'), 'in the past'),
        ((SOCK, WEEK), 'a reason that is not empty'),
        ((ADDRESS, '-reason:x', WEEK), '-anononly'),
        (('No such account', '-reason:x', '-since:7d', WEEK), 'no global account'),
    ],
)
def test_bad_input_is_refused_in_one_sentence(
    blocking: Script, sandbox: Sandbox, arguments: tuple[str, ...], words: str
) -> None:
    run = blocking(*arguments, '-always')
    assert run.code == 2, run.said
    assert words in run.err, run.said
    assert not writes(sandbox)
