"""Reverting what abusers have edited on many wikis: targets, plan, undo.

Judged on the journal of the sandbox, and on its pages.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.journal import Entry
from centralauth_sandbox.records import WikiSet
from centralauth_sandbox.titles import parse_title

from .desk import Run
from .farms import Farm

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]

#: Two accounts of one abuser, and an address.
SOCK, OTHER, ADDRESS = 'Spambot 00001', 'Spambot 00002', '192.0.2.77'
LOCAL = 'Plain Sysop'
#: How each file of that format begins.
PNG = b'\x89PNG\r\n\x1a\n'
USUAL = (SOCK, OTHER, '-reason:Cross-wiki abuse', '-since:7d', '-always')
WRITES = ('rollback', 'edit')


@pytest.fixture
def rollback(pwb: Script) -> Script:
    return partial(pwb, 'crosswiki_rollback')


@pytest.fixture
def history(sandbox: Sandbox) -> Callable[..., None]:
    """Give a page its history: pairs of an author and a text."""

    def save(wiki: str, title: str, *edits: tuple[str, str]) -> None:
        def change(farm: Any) -> None:
            there = farm.wikis[wiki]
            for user, text in edits:
                if user in farm.accounts and user not in there.accounts:
                    farm.attach(farm.accounts[user], there)
                local = there.accounts.get(user)
                there.edit(title, text, user=user, user_id=local.id if local else 0)

        sandbox.call(change)

    return save


def text(sandbox: Sandbox, wiki: str, title: str) -> str:
    """Return what a page has now."""
    page = sandbox.farm.wikis[wiki].page(title)
    assert page is not None
    return page.latest.text


def writes(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    """Return which writes took effect on which wikis."""
    entries: list[Entry] = sandbox.journal.entries()
    return Counter((e.action, e.wiki) for e in entries if e.effect in WRITES)


def test_all_who_are_named_are_one_actor_and_the_undo_restores_their_edits(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """A rollback that would restore the edit of another sock is made as an edit."""
    history('aa', 'Harbour', (LOCAL, 'Good'), (OTHER, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Bridge', (LOCAL, 'Good'), (SOCK, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Lighthouse', (LOCAL, 'Good'), (SOCK, 'Bad'), (LOCAL, 'Bad, typo'))
    history('aa', 'Mended', (LOCAL, 'Good'), (SOCK, 'Bad'), (LOCAL, 'Good'))
    history('aa', 'User:Mine', (SOCK, 'Me'))
    history('bb', 'Well', (LOCAL, 'Good'), (SOCK, 'Old'), (LOCAL, 'Ok'), (OTHER, 'Bad'))
    history('bb', 'Road', (LOCAL, 'Good'), (ADDRESS, 'Bad'))
    run = rollback(*USUAL, ADDRESS, '-campaign:revert')
    assert run.code == 1, run.said
    assert text(sandbox, 'aa', 'Harbour') == 'Good'
    assert text(sandbox, 'aa', 'Bridge') == 'Good'
    assert text(sandbox, 'aa', 'Lighthouse') == 'Bad, typo'
    assert text(sandbox, 'aa', 'User:Mine') == 'Me'
    assert text(sandbox, 'bb', 'Well') == 'Ok'
    assert text(sandbox, 'bb', 'Road') == 'Good'
    made = writes(sandbox)
    assert made == {
        ('edit', 'aa'): 1,
        ('rollback', 'aa'): 1,
        ('rollback', 'bb'): 2,
    }
    assert 'aawiki:Lighthouse: somebody else has edited it since' in run.out
    assert 'aawiki:User:Mine: created by them, so it is for deletion' in run.out
    assert 'aawiki:Mended: already in that state' not in run.out.split('Campaign')[-1]
    page = sandbox.farm.wikis['bb'].page('Well')
    assert page and page.latest.comment == 'Cross-wiki abuse' and not page.latest.bot

    history('bb', 'Road', (LOCAL, 'Better'))
    undo = rollback('-undo:revert', '-reason:Mistake', '-always')
    assert undo.code == 1, undo.said
    assert text(sandbox, 'aa', 'Harbour') == 'Worse'
    assert text(sandbox, 'aa', 'Bridge') == 'Worse'
    assert text(sandbox, 'bb', 'Well') == 'Bad'
    assert text(sandbox, 'bb', 'Road') == 'Better'
    assert sum(writes(sandbox).values()) == sum(made.values()) + 3
    assert 'bbwiki:Road: ' in undo.out


def test_wikis_are_read_as_nobody_and_written_to_in_two_requests_a_page(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """Where nothing is to be done, nothing is minted, and no account is created."""
    for number in range(20):
        history('aa', f'Page {number}', (LOCAL, 'Good'), (SOCK, f'Bad {number}'))
    history('bb', 'Quiet', (LOCAL, 'Good'), (SOCK, 'Bad'), (LOCAL, 'Mended'))
    assert rollback(*USUAL, '-simulate').code == 0
    assert {e.user for e in sandbox.journal.entries(wiki='bb')} == {''}
    assert len(sandbox.journal.entries(wiki='bb')) <= 4
    before = max(e.serial for e in sandbox.journal.entries())
    run = rollback('-resume', '-always')
    assert run.code == 1, run.said
    sent = sandbox.journal.entries(since=before)
    assert writes(sandbox) == {('rollback', 'aa'): 20}
    assert len(sent) <= 2.2 * 20 + 5, Counter((e.wiki, e.action) for e in sent)


def test_what_changes_after_the_plan_is_left_alone(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """The wiki refuses what was edited since; a lost answer is read, not sent again."""
    history('aa', 'Rolled', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('aa', 'Undone', (LOCAL, 'Good'), (OTHER, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Lost', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('bb', 'Lost too', (LOCAL, 'Good'), (OTHER, 'Bad'), (SOCK, 'Worse'))
    assert rollback(*USUAL, '-simulate', '-campaign:late').code == 0
    history('aa', 'Rolled', (LOCAL, 'Other'))
    history('aa', 'Undone', (LOCAL, 'Other'))
    drop = {'kind': 'drop', 'when': 'after', 'times': 1}
    sandbox.faults.arm(**drop, action='edit', wiki='bb')
    sandbox.faults.arm(**drop, action='rollback', wiki='aa', nth=2)
    run = rollback('-resume', '-always')
    assert run.code == 1, run.said
    assert text(sandbox, 'aa', 'Rolled') == text(sandbox, 'aa', 'Undone') == 'Other'
    assert text(sandbox, 'aa', 'Lost') == text(sandbox, 'bb', 'Lost too') == 'Good'
    assert writes(sandbox) == {('rollback', 'aa'): 1, ('edit', 'bb'): 1}
    changed = f'changed since the plan by {LOCAL}, and skipped'
    assert f'aawiki:Rolled: {changed} (alreadyrolled)' in run.out
    assert f'aawiki:Undone: {changed}' in run.out
    undo = rollback('-undo:late', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert text(sandbox, 'aa', 'Lost') == 'Bad'
    assert text(sandbox, 'bb', 'Lost too') == 'Worse'


def test_an_abuser_who_edits_again_is_not_called_somebody_else(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    for title in ('Planned', 'Written', 'Later'):
        history('aa', title, (LOCAL, 'Good'), (SOCK, 'Bad'))
    assert rollback(*USUAL, '-simulate', '-campaign:again').code == 0
    history('aa', 'Planned', (SOCK, 'Worse'))
    run = rollback('-resume', '-simulate')
    again = 'edited again since by those whose edits are meant'
    assert f'aawiki:Planned ({again}' in run.out, run.said

    run = rollback('-resume', '-always')
    assert run.code == 1, run.said
    history('aa', 'Written', (OTHER, 'More'))
    plan = rollback('-undo:again', '-reason:x', '-simulate')
    assert f'aawiki:Written ({again}: {OTHER}' in plan.out, plan.said
    history('aa', 'Later', (SOCK, 'Even worse'))
    undo = rollback('-resume', '-always')
    assert f'aawiki:Later: edited again since the plan by {SOCK}' in undo.out, undo.said


def test_without_the_right_to_roll_back_edits_are_undone(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None], farm: Farm
) -> None:
    """A page that the wiki protects fails with its words, and is not sent again."""

    def demote(state: Any) -> None:
        account = state.accounts[farm.operator.name]
        account.groups = frozenset()
        state.wikis['aa'].accounts[account.name].groups = frozenset()
        state.wikis['aa'].page('Closed').protection['edit'] = ('sysop', 'infinity')

    history('aa', 'Open', (LOCAL, 'Good'), (SOCK, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Closed', (LOCAL, 'Good'), (SOCK, 'Bad'))
    sandbox.call(demote)
    run = rollback(*USUAL, '-markbot')
    assert run.code == 1, run.said
    assert text(sandbox, 'aa', 'Open') == 'Good'
    assert text(sandbox, 'aa', 'Closed') == 'Bad'
    assert 'This page has been protected' in run.out
    assert [e.target for e in sandbox.journal.entries(action='edit')].count(
        'Closed'
    ) == 1


def test_the_name_of_a_hidden_abuser_is_shown_nowhere(
    rollback: Script,
    pwb: Script,
    sandbox: Sandbox,
    history: Callable[..., None],
    tmp_path: Path,
) -> None:
    """Not among the authors, in titles or links, in reports, nor in the undo.

    It counts when somebody hides the account after the campaign, too.
    """
    sets = [WikiSet('Opted out', 'optout', ('bbwiki',))]

    def hide(name: str) -> None:
        sandbox.call(lambda farm: setattr(farm, 'wiki_sets', sets))
        sandbox.call(lambda farm: setattr(farm.accounts[name], 'hidden', 'lists'))

    history('aa', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('aa', f'User:{SOCK}', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('aa', 'Well', (LOCAL, 'Good'), (OTHER, 'Bad'))
    history('bb', f'User:{SOCK}/Page', (LOCAL, 'Good'), (SOCK, 'Bad'))
    hide(SOCK)
    run = rollback(*USUAL, '-campaign:secret', f'-report:{tmp_path}')
    assert run.code == 1, run.said
    assert text(sandbox, 'aa', 'Harbour') == text(sandbox, 'aa', 'Well') == 'Good'
    assert OTHER in run.out and 'what is done revert' in run.out
    hide(OTHER)
    undo = rollback('-undo:secret', '-reason:x', '-always', f'-report:{tmp_path}')
    assert undo.code == 0, undo.said
    assert text(sandbox, 'aa', 'Harbour') == 'Bad'
    said = [run.said, undo.said, pwb('campaign', 'show', 'secret').said]
    files = [file.read_text('utf-8') for file in tmp_path.glob('*secret*')]
    assert len(files) >= 4
    rows = json.loads((tmp_path / 'secret.json').read_text('utf-8'))['targets']
    assert {row['step'] for row in rows} == {'edits'}
    assert ',edits' in (tmp_path / 'secret.csv').read_text('utf-8')
    for name in (SOCK, SOCK.replace(' ', '_')):
        assert not any(name in each for each in [*said, *files])
    assert OTHER not in undo.said


def test_without_a_reason_no_summary_names_a_hidden_abuser(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """The default of a wiki would name whose edits were reverted."""
    history('aa', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('aa', 'Bridge', (LOCAL, 'Good'), (OTHER, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Well', (LOCAL, 'Good'), (OTHER, 'Bad'))
    sandbox.call(lambda farm: setattr(farm.accounts[SOCK], 'hidden', 'lists'))
    run = rollback(SOCK, OTHER, '-reason:', '-since:7d', '-always')
    assert run.code == 1, run.said
    summaries = {}
    for title in ('Harbour', 'Bridge', 'Well'):
        page = sandbox.farm.wikis['aa'].page(title)
        assert page and page.latest.text == 'Good'
        summaries[title] = page.latest.comment
    words = f'by a hidden user to last revision by [[User:{LOCAL}|{LOCAL}]]'
    assert words in summaries['Harbour'] and words in summaries['Bridge']
    assert SOCK not in ''.join(summaries.values()) and OTHER in summaries['Well']
    assert len(sandbox.journal.entries(action='query+allmessages')) <= 1


def hidden(sandbox: Sandbox, title: str) -> list[frozenset[str]]:
    """Return what is hidden of each revision of a page on the wiki `aa`."""
    page = sandbox.farm.wikis['aa'].page(title)
    return [revision.hidden for revision in page.revisions] if page else []


@pytest.fixture
def may_hide(sandbox: Sandbox, farm: Farm) -> None:
    """Let the operator hide revisions."""

    def change(state: Any) -> None:
        groups = state.accounts[farm.operator.name].groups
        state.added_rights = dict.fromkeys(groups, ('deleterevision',))

    sandbox.call(change)


@pytest.mark.usefixtures('may_hide')
@pytest.mark.parametrize('lost', [False, True], ids=['answered', 'lost'])
def test_what_was_reverted_is_hidden_and_the_undo_shows_just_that(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None], lost: bool
) -> None:
    """Nothing is hidden that was not reverted; what others have hidden stays so."""
    everything = frozenset({'content', 'comment', 'user'})
    history('aa', 'Harbour', (LOCAL, 'Good'), (OTHER, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Mill', (LOCAL, 'Good'), (SOCK, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Refused', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('aa', 'Lighthouse', (LOCAL, 'Good'), (SOCK, 'Bad'), (LOCAL, 'Bad, typo'))
    mill = sandbox.farm.wikis['aa'].page('Mill')
    assert mill
    sandbox.call(
        lambda farm: setattr(mill.revisions[1], 'hidden', frozenset({'comment'}))
    )
    parts = '-revdel:content,comment,user'
    assert rollback(*USUAL, parts, '-simulate', '-campaign:hide').code == 0
    history('aa', 'Refused', (LOCAL, 'Other'))
    if lost:
        drop = {'kind': 'drop', 'when': 'after', 'action': 'revisiondelete'}
        sandbox.faults.arm(**drop, wiki='aa', nth=1)
    run = rollback('-resume', '-always')
    assert run.code == 1, run.said
    none: frozenset[str] = frozenset()
    assert hidden(sandbox, 'Harbour') == [none, everything, everything, none]
    assert hidden(sandbox, 'Mill') == [none, {'comment'}, everything, none]
    assert not any(hidden(sandbox, 'Refused') + hidden(sandbox, 'Lighthouse'))
    assert (
        'aawiki:Refused: not reverted by this campaign, so nothing was hidden'
        in run.out
    )
    entries = sandbox.journal.entries(action='revisiondelete')
    assert [e.effect for e in entries] == ['revisiondelete'] * 2

    if lost:
        sandbox.faults.arm(**drop, wiki='aa', nth=1)
    undo = rollback('-undo:hide', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert not any(hidden(sandbox, 'Harbour'))
    assert hidden(sandbox, 'Mill')[:4] == [none, {'comment'}, none, none]
    assert text(sandbox, 'aa', 'Harbour') == text(sandbox, 'aa', 'Mill') == 'Worse'


@pytest.mark.usefixtures('may_hide')
def test_what_others_hide_between_plan_and_run_stays_theirs(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """A kept plan looks again when it is resumed, and the undo shows only its own."""
    history('aa', 'Mill', (LOCAL, 'Good'), (SOCK, 'Bad'), (SOCK, 'Worse'))
    mill = sandbox.farm.wikis['aa'].page('Mill')
    assert mill
    parts = '-revdel:content,comment,user'
    assert rollback(*USUAL, parts, '-simulate', '-campaign:hide').code == 0
    theirs = frozenset({'user'})
    sandbox.call(lambda farm: setattr(mill.revisions[1], 'hidden', theirs))
    run = rollback('-resume', '-always')
    # What SOCK has created is for deletion.
    assert run.code == 1, run.said
    everything = frozenset({'content', 'comment', 'user'})
    assert hidden(sandbox, 'Mill')[:3] == [frozenset(), theirs, everything]
    assert rollback('-undo:hide', '-reason:Mistake', '-always').code == 0
    assert hidden(sandbox, 'Mill')[:3] == [frozenset(), theirs, frozenset()]


@pytest.mark.usefixtures('may_hide')
def test_what_a_colleague_has_shown_and_hidden_again_is_not_shown_by_the_undo(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """Whose decision it is that a revision is hidden is told by the log alone."""
    for title in ('Mill', 'Well', 'Quay'):
        history('aa', title, (LOCAL, 'Good'), (SOCK, 'Bad'))
    # What SOCK has created is for deletion.
    run = rollback(*USUAL, '-revdel:content,user', '-campaign:hide')
    assert run.code == 1, run.said

    def hide(title: str) -> None:
        there = sandbox.farm.wikis['aa']
        page = there.page(title)
        assert page is not None
        # What was shown and hidden again looks as before.
        params = {'ids': [page.revisions[1].id]}
        for _ in range(2):
            there.write_log('delete', 'revision', LOCAL, page.title, '', params)

    sandbox.call(lambda farm: hide('Mill'))
    plan = rollback('-undo:hide', '-reason:Mistake', '-simulate')
    assert f'aawiki:Mill (changed since by somebody else: {LOCAL};' in plan.out
    sandbox.call(lambda farm: hide('Quay'))
    undo = rollback('-resume', '-always')
    assert undo.code == 1, undo.said
    assert f'aawiki:Quay: changed since the plan by {LOCAL}' in undo.out
    theirs = frozenset({'content', 'user'})
    assert hidden(sandbox, 'Mill')[1] == hidden(sandbox, 'Quay')[1] == theirs
    assert not any(hidden(sandbox, 'Well'))


@pytest.mark.usefixtures('may_hide')
def test_errors_of_single_revisions_are_read_although_the_wiki_says_success(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """The page is listed with the first of them, as failed."""
    history('aa', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'), (SOCK, 'Worse'))
    page = sandbox.farm.wikis['aa'].page('Harbour')
    assert page
    first, second = (revision.id for revision in page.revisions[1:])
    code = 'revdelete-hide-restricted'
    error = {'message': code, 'params': [], 'code': code, 'type': 'error'}
    items = [
        {'status': 'Success', 'id': first, 'errors': [error], 'warnings': []},
        {'status': 'Success', 'id': second},
    ]
    answer = {'revisiondelete': {'status': 'Success', 'items': items}}
    sandbox.faults.arm(
        kind='gateway', status=200, body=json.dumps(answer), action='revisiondelete'
    )
    run = rollback(*USUAL, '-revdel:content', '-campaign:part')
    assert run.code == 1, run.said
    assert f'aawiki:Harbour: 1 of 2 revisions: {code}' in run.out


def test_without_the_right_nothing_is_hidden_and_all_is_reverted(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    history('aa', 'Well', (LOCAL, 'Good'), (SOCK, 'Bad'))
    run = rollback(*USUAL, '-revdel:user')
    assert run.code == 1, run.said
    assert 'aawiki:Well: you lack the right on that wiki' in run.out
    assert text(sandbox, 'aa', 'Well') == 'Good'
    assert not sandbox.journal.entries(action='revisiondelete')


#: What wikis answer to edits that they do not want, whoever makes them.
REFUSALS: list[dict[str, Any]] = [
    *(
        {'error': {'code': code, 'info': f'Words of {code}.'}}
        for code in (
            'abusefilter-warning',
            'abusefilter-disallowed',
            'spamblacklist',
            'titleblacklist-forbidden',
            'protectedpage',
            'cascadeprotected',
            'hookaborted',
        )
    ),
    {'edit': {'result': 'Failure', 'captcha': {'type': 'simple', 'id': '1'}}},
    {'edit': {'result': 'Failure', 'code': 'filtered', 'info': 'Words of filtered.'}},
    {'edit': {'result': 'Failure', 'spamblacklist': 'spam.example'}},
]


def test_what_a_wiki_does_not_want_is_sent_once(
    rollback: Script,
    pwb: Script,
    sandbox: Sandbox,
    history: Callable[..., None],
) -> None:
    """Filters that only warn would let a second attempt pass; retry-failed makes none.

    Their words are shown, and what failed otherwise is tried again.
    """
    odd = {'error': {'code': 'oddity', 'info': 'Words of oddity.'}}
    answers = [*REFUSALS, odd]
    titles = [f'Refused {number}' for number in range(len(answers))]
    for title in titles:
        history('aa', title, (LOCAL, 'Good'), (OTHER, 'Bad'), (SOCK, 'Worse'))
    for nth, answer in enumerate(answers, 1):
        body = json.dumps(answer)
        sandbox.faults.arm(
            kind='gateway', status=200, body=body, action='edit', wiki='aa', nth=nth
        )
    run = rollback(*USUAL, '-campaign:refused')
    assert run.code == 1, run.said
    for code in ('abusefilter-warning', 'filtered', 'oddity'):
        assert f'Words of {code}.' in run.out
    again = pwb('campaign', 'retry-failed', 'refused', '-always')
    assert again.code == 1, again.said
    assert sorted(text(sandbox, 'aa', title) for title in titles)[:2] == [
        'Good',
        'Worse',
    ]
    none = pwb('campaign', 'retry-failed', 'refused', '-always')
    assert f'{len(REFUSALS)} targets failed since the wiki is against' in none.out
    sent = sandbox.journal.entries(action='edit', wiki='aa')
    assert len(sent) == len(answers) + 1


def test_what_is_out_of_scope_is_listed_for_others(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    sets = [WikiSet('Opted out', 'optout', ('bbwiki',))]
    sandbox.call(lambda farm: setattr(farm, 'wiki_sets', sets))
    history('meta', 'Well', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('aa', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('bb', 'Bridge', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('bb', 'Cheap bridges', (SOCK, 'Buy'))
    run = rollback(*USUAL)
    assert run.code == 1, run.said
    assert writes(sandbox) == {('rollback', 'aa'): 1}
    server = sandbox.farm.wikis['bb'].server
    for title in ('Bridge', 'Cheap_bridges'):
        assert run.out.count(f'{server}/w/index.php?title={title}\n') == 1
    assert {e.user for e in sandbox.journal.entries(wiki='bb')} == {''}
    named = rollback(*USUAL, '-wikis:bb,meta')
    assert writes(sandbox)['rollback', 'bb'] == 1, named.said
    assert text(sandbox, 'meta', 'Well') == 'Good'


def test_edits_of_another_time_or_namespace_are_left_alone(
    rollback: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """What is before -since is shown, or not even read where -since is given."""
    history('aa', 'Mill', (LOCAL, 'Good'), (SOCK, 'Fine'))

    def later(farm: Any) -> None:
        farm.advance(10 * 86400)
        for name in (SOCK, OTHER):
            farm.accounts[name].registration = farm.timestamp()

    sandbox.call(later)
    history('aa', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('aa', 'User:Somebody', (LOCAL, 'Good'), (SOCK, 'Bad'))
    run = rollback(*USUAL[:3], '-always', '-namespace:0', '-campaign:a')
    assert run.code == 1, run.said
    assert 'aawiki:Mill: edited only before -since' in run.out
    assert writes(sandbox) == {('rollback', 'aa'): 1}
    run = rollback(*USUAL, '-until:2d', '-campaign:b')
    assert 'Mill' not in run.out
    assert 'aawiki:User:Somebody: edited after -until' in run.out, run.said
    assert writes(sandbox) == {('rollback', 'aa'): 1}


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('No such account', '-since:7d'), "no global account 'No such account'"),
        (('192.0.2.0/24', '-since:7d'), '192.0.2.0/24 is a range'),
        ((SOCK, '-since:soon'), '-since:soon: give how long ago'),
        ((SOCK, '-namespace:User', '-since:7d'), '-namespace'),
        ((SOCK, '-revdel:text', '-since:7d'), '-revdel:text: give some of'),
        ((SOCK, '-max-edits:0'), f'{SOCK} has '),
        ((LOCAL,), f'{LOCAL} '),
        ((SOCK, '-wikis:nosuchwiki', '-since:7d'), 'nosuchwiki'),
    ],
)
def test_bad_input_is_refused_in_one_sentence(
    rollback: Script, sandbox: Sandbox, arguments: tuple[str, ...], words: str
) -> None:
    """Accounts that may be those of regular users need -since."""
    run = rollback(*arguments, '-reason:x', '-always')
    assert run.code == 2, run.said
    assert words in run.err, run.said
    assert not writes(sandbox)


@pytest.fixture
def move(sandbox: Sandbox) -> Callable[..., None]:
    """Let somebody move a page on the wiki `aa`."""

    def change(user: str, source: str, target: str, redirect: bool = True) -> None:
        def rename(farm: Any) -> None:
            wiki, to = farm.wikis['aa'], parse_title(target)
            if user not in wiki.accounts:
                farm.attach(farm.accounts[user], wiki)
            wiki.move(wiki.page(source), to, wiki.accounts[user], '', redirect)

        sandbox.call(rename)

    return change


def titles(sandbox: Sandbox, *words: str) -> dict[str, str]:
    """Return the pages of `aa` whose titles have some words, with what they have."""
    found = {str(t): p.latest.text for t, p in sandbox.farm.wikis['aa'].pages.items()}
    return {t: text for t, text in found.items() if any(w in t for w in words)}


def test_moves_are_moved_back_over_their_redirects_and_again_by_the_undo(
    rollback: Script,
    sandbox: Sandbox,
    history: Callable[..., None],
    move: Callable[..., None],
) -> None:
    """A page that was moved twice and edited gets back its first title and its text."""
    history('aa', 'Old town', (LOCAL, 'Good'), (SOCK, 'Bad'))
    move(SOCK, 'Old town', 'Rude town', redirect=False)
    move(OTHER, 'Rude town', 'Ruder town')
    history('aa', 'Old village', (LOCAL, 'Good'))
    move(SOCK, 'Old village', 'Rude village')
    for name in ('taken', 'kept'):
        history('aa', f'Old {name}', (LOCAL, 'Good'))
        move(SOCK, f'Old {name}', f'Rude {name}')
    history('aa', 'Old taken', (LOCAL, 'Another page'))
    move(LOCAL, 'Rude kept', 'Kept', redirect=False)
    before = titles(sandbox, 'Old', 'Rude', 'Kept')
    run = rollback(*USUAL, '-campaign:moves')
    assert run.code == 1, run.said
    assert titles(sandbox, 'Old', 'Rude', 'Kept') == {
        'Old town': 'Good',
        'Rude town': '#REDIRECT [[Ruder town]]',
        'Old village': 'Good',
        'Old taken': 'Another page',
        'Rude taken': 'Good',
        'Old kept': before['Old kept'],
        'Kept': 'Good',
    }
    assert 'aawiki:Rude taken: there is a new page' in run.out
    assert 'aawiki:Rude kept: somebody else has moved it since' in run.out
    # The other redirects are part of the moves.
    deletions = [line for line in run.out.splitlines() if ': created by them' in line]
    # Others were there before.
    moved = [line for line in deletions if 'Spam page' not in line]
    assert [line.split(':')[1] for line in moved] == ['Rude town']
    undo = rollback('-undo:moves', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert titles(sandbox, 'Old', 'Rude', 'Kept') == before
    moves = sandbox.journal.entries(action='move')
    assert len([entry for entry in moves if entry.effect]) == 4


@pytest.mark.parametrize('when', ['before', 'after'])
def test_a_lost_answer_to_a_move_is_looked_up_in_the_log(
    rollback: Script,
    sandbox: Sandbox,
    history: Callable[..., None],
    move: Callable[..., None],
    when: str,
) -> None:
    history('aa', 'Old town', (LOCAL, 'Good'))
    move(SOCK, 'Old town', 'Rude town')
    for campaign in (USUAL, ('-undo:moves', '-reason:Mistake', '-always')):
        sandbox.faults.arm(kind='drop', when=when, action='move', times=1)
        named = () if '-undo:moves' in campaign else ('-campaign:moves',)
        run = rollback(*campaign, *named)
        # There are pages for deletion, too.
        assert run.code == (1 if named else 0), run.said
        gone = 'Rude town' if named else 'nothing'
        assert gone not in titles(sandbox, 'town')
    assert set(titles(sandbox, 'town')) == {'Old town', 'Rude town'}
    moves = sandbox.journal.entries(action='move')
    assert len([entry for entry in moves if entry.effect]) == 2


def test_files_that_were_overwritten_get_their_version_back_and_none_is_deleted(
    rollback: Script, sandbox: Sandbox
) -> None:
    """A file of which all versions are theirs is for deletion."""
    names = ('Map.png', 'Theirs.png', 'Since.png')

    def overwrite(farm: Any) -> None:
        wiki = farm.wikis['aa']
        farm.attach(farm.accounts[SOCK], wiki)
        uploads = [(name, who) for name in names for who in (LOCAL, SOCK)]
        uploads.remove(('Theirs.png', LOCAL))
        for name, who in [*uploads, ('Since.png', LOCAL)]:
            content = PNG + f'{name} {who}'.encode()
            local, title = wiki.accounts[who], parse_title(f'File:{name}')
            wiki.upload(title, content, operator=local, comment='', text='A map')
            farm.advance(5)

    def newest() -> list[str]:
        files = sandbox.farm.wikis['aa'].files.versions
        return [files[n][-1].content.removeprefix(PNG).decode() for n in names]

    sandbox.call(overwrite)
    before = newest()
    drop = {'kind': 'drop', 'when': 'after', 'times': 1, 'action': 'filerevert'}
    sandbox.faults.arm(**drop)
    run = rollback(*USUAL, '-campaign:files')
    assert run.code == 1, run.said
    assert newest() == [f'Map.png {LOCAL}', *before[1:]], run.said
    assert 'aawiki:File:Since.png: somebody else has edited it since' in run.out
    created = {
        line.partition(': created by them')[0]
        for line in run.out.splitlines()
        if ': created by them' in line
    }
    assert '  aawiki:File:Theirs.png' in created
    assert f'For deletion: {len(created)} page' in run.out
    assert not sandbox.farm.wikis['aa'].files.archive
    undo = rollback('-undo:files', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert newest() == before
    sent = sandbox.journal.entries(action='filerevert')
    assert len([entry for entry in sent if entry.effect]) == 2
