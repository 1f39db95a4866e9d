"""Undoing all that abusers did on many wikis, as one campaign.

Judged on the pages, files and accounts of the sandbox, and on its journal.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from centralauth_sandbox import Sandbox
from centralauth_sandbox.records import WikiSet
from centralauth_sandbox.titles import parse_title
from mw_tokens_plugin.campaign.ledger import Ledger

from .desk import Run
from .farms import Farm
from .night_seeds import is_long

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

Script = Callable[..., Run]

SOCK, OTHER = 'Spambot 00001', 'Spambot 00002'
LOCAL = 'Plain Sysop'
PNG = b'\x89PNG\r\n\x1a\n'
USUAL = (SOCK, OTHER, '-reason:Cross-wiki abuse', '-since:7d', '-always')

#: Nine wikis: two on which the operator has no rights, one that is read-only, one out
#: of scope, and five others. The home wiki comes besides.
NO_RIGHTS, READ_ONLY, OUT = ('aa', 'bb'), 'cc', 'dd'
OPEN = ('ee', 'ff', 'gg', 'hh', 'ii')
WIKIS = (*NO_RIGHTS, READ_ONLY, OUT, *OPEN)


@pytest.fixture(scope='module')
def _ten() -> Iterator[Farm]:
    with Sandbox(wikis=10, accounts=20) as sandbox:
        farm = Farm.of_sandbox(sandbox, 'tensandbox')
        farm.introduce(Path(os.environ['PYWIKIBOT_DIR']))
        yield farm


@pytest.fixture
def farm(_ten: Farm) -> Farm:
    """The farm of ten wikis, as if nothing had happened."""
    _ten.restore()
    _ten.choose(Path(os.environ['PYWIKIBOT_DIR']))
    return _ten


@pytest.fixture
def cleanup(pwb: Script) -> Script:
    return partial(pwb, 'crosswiki_cleanup')


def abuse(farm: Any) -> None:
    """Let two accounts make 40 edits, 6 moves, 5 pages and 3 uploads on nine wikis."""
    for code in WIKIS:
        wiki = farm.wikis[code]
        for page in list(wiki.page_ids.values()):
            # What the farm begins with.
            wiki.delete(page, LOCAL, 'over')
        for name in (SOCK, OTHER, LOCAL):
            if name not in wiki.accounts:
                farm.attach(farm.accounts[name], wiki)
    by = {
        code: lambda title, text, user, wiki=farm.wikis[code]: wiki.edit(
            title, text, user=user, user_id=wiki.accounts[user].id
        )
        for code in WIKIS
    }
    for number in range(20):
        code = WIKIS[number % len(WIKIS)]
        by[code](f'Page {number}', 'Good', LOCAL)
        by[code](f'Page {number}', 'Bad', (SOCK, OTHER)[number % 2])
        by[code](f'Page {number}', 'Worse', SOCK)
    by['ee']('Page 4', 'Worse, a typo mended', LOCAL)
    for number in range(5):
        by[WIKIS[number]](f'User:Spam {number}', 'Buy!', OTHER)
    for number in range(6):
        code = WIKIS[number + 3]
        wiki = farm.wikis[code]
        by[code](f'Town {number}', 'Good', LOCAL)
        title = parse_title(f'Rude town {number}')
        page = wiki.page(f'Town {number}')
        wiki.move(page, title, wiki.accounts[SOCK], '', True)
    for number, who in enumerate((LOCAL, SOCK, OTHER)):
        wiki = farm.wikis[OPEN[number]]
        title = parse_title('File:Map.png')
        for user in dict.fromkeys((who, SOCK)):
            content = PNG + f'{number} {user}'.encode()
            local = wiki.accounts[user]
            wiki.upload(title, content, operator=local, comment='', text='A map')
            farm.advance(3)
    farm.wiki_sets = [WikiSet('Small wikis', 'optout', (f'{OUT}wiki',))]
    others = WikiSet('Theirs', 'optout', tuple(f'{code}wiki' for code in NO_RIGHTS))
    farm.restricted_groups['steward'] = others
    farm.wikis[READ_ONLY].readonly = 'Maintenance'


def state(sandbox: Sandbox, code: str) -> dict[str, tuple[str, str]]:
    """Return what readers see of a wiki: texts, and the newest versions of files."""
    wiki = sandbox.farm.wikis[code]
    files = {name: found[-1].content for name, found in wiki.files.versions.items()}
    return {
        str(title): (page.latest.text, files.get(title.name, b'').decode('latin-1'))
        for title, page in wiki.pages.items()
    }


def everything(sandbox: Sandbox) -> dict[str, dict[str, tuple[str, str]]]:
    """Return what readers see of all wikis."""
    return {code: state(sandbox, code) for code in WIKIS}


def expected(sandbox: Sandbox) -> dict[str, dict[str, tuple[str, str]]]:
    """Return what readers are to see in the end: what was good, and what is left."""
    after = everything(sandbox)
    for code in (*NO_RIGHTS, *OPEN):
        for title, (_, file) in list(after[code].items()):
            if title.startswith('Page ') and title != 'Page 4':
                after[code][title] = ('Good', file)
            elif title.startswith('Rude '):
                del after[code][title]
                after[code][title.removeprefix('Rude ').capitalize()] = ('Good', file)
            elif title.startswith('User:Spam') and code in OPEN:
                del after[code][title]
    content = (PNG + f'0 {LOCAL}'.encode()).decode('latin-1')
    after['ee']['File:Map.png'] = ('A map', content)
    for code in ('ff', 'gg'):
        del after[code]['File:Map.png']
    return after


def locked(sandbox: Sandbox) -> set[str]:
    """Return which of the abusers are locked."""
    return {name for name in (SOCK, OTHER) if sandbox.farm.accounts[name].locked}


def written(sandbox: Sandbox) -> Counter[str]:
    """Return which writes took effect."""
    ignored = {'login', 'centralauthtoken', 'logout'}
    return Counter(
        entry.effect
        for entry in sandbox.journal.entries()
        if entry.effect and entry.effect not in ignored
    )


def test_all_that_they_did_is_undone_and_the_undo_leaves_it_as_they_had(
    cleanup: Script, pwb: Script, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Nine wikis become as before, but for what the plan says and why."""
    sandbox.call(abuse)
    before, after = everything(sandbox), expected(sandbox)
    report = tmp_path / 'report'
    plan = cleanup(*USUAL, '-campaign:farm', '-simulate', f'-report:{report}')
    assert everything(sandbox) == before and not locked(sandbox), plan.said
    table = [line.split() for line in plan.out.splitlines()]
    assert 'wiki locks reverts files moves deletions skipped'.split() in table
    assert ['all', 'wikis', '2'] in table
    assert 'eewiki 1 1 1 1 1 somebody else has edited it since'.split() in table
    assert 'ccwiki 3 the wiki is read-only'.split() in table
    assert plan.out.count('e-mails, thanks') == 1
    for line in (
        'For the administrators of ddwiki, 4 things to do',
        '* [[:Rude town 0]]: move back [[:Town 0]] ',
        '* [[:User:Spam 3]]: delete <code><nowiki>{{delete|1=Cross-wiki abuse}}',
        'For the administrators of aawiki, 1 thing to do',
    ):
        assert plan.out.count(line) == 1, line
    page = sandbox.farm.wikis['dd'].page('Page 3')
    assert page
    ids = [revision.id for revision in page.revisions]
    assert f'* [[:Page 3]]: revert [[Special:Diff/{ids[0]}/{ids[-1]}]] ' in plan.out
    # Where nobody acts, nothing was read with a login.
    assert {entry.user for entry in sandbox.journal.entries(wiki=OUT)} == {''}
    html = (report / 'farm.html').read_text()
    assert f'?diff={ids[-1]}&amp;oldid={ids[0]}"' in html
    assert '<td>eewiki</td>' in html

    run = cleanup('-resume', '-always')
    assert run.code == 1, run.said
    assert everything(sandbox) == after, run.said
    assert locked(sandbox) == {SOCK, OTHER}
    made = written(sandbox)
    assert sum(made.values()) == 26, made
    first = [e for e in sandbox.journal.entries() if e.effect][-26:]
    assert {e.action for e in first[:2]} == {'setglobalaccountstatus'}

    undo = cleanup('-undo:farm', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert everything(sandbox) == before
    assert not locked(sandbox)
    assert pwb('campaign', 'show', 'farm').code == 0


class Killed(BaseException):
    """Somebody has killed the process."""


@dataclass
class Killer:
    """Kills a script before it sends a request, or after the answer has come.

    :ivar left: how many requests it may send; 0 for any number
    :ivar is_late: whether the last of them is sent
    :ivar is_armed: whether it is still to kill
    """

    left: int = 0
    is_late: bool = False
    is_armed: bool = False

    def send(self, send: Callable[..., Any], *args: Any, **how: Any) -> Any:
        """Send a request, unless it is the one."""
        is_main = threading.current_thread() is threading.main_thread()
        self.left -= bool(self.left) and is_main
        is_now = self.left == 0 and is_main and self.is_armed
        if is_now:
            self.is_armed = False
            if not self.is_late:
                raise Killed
        answer = send(*args, **how)
        if is_now:
            raise Killed
        return answer

    def arm(self, chance: random.Random) -> None:
        """Choose when to kill next."""
        self.left, self.is_late = chance.randint(3, 25), chance.random() < 0.6
        self.is_armed = True


@pytest.mark.usefixtures('hurried')
def test_killed_at_random_moments_it_ends_all_the_same(
    cleanup: Script,
    sandbox: Sandbox,
    farm: Farm,
    ledger: Ledger,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each write is made once, by whichever run, and so is each of the undo."""
    killer = Killer()
    send = requests.Session.send
    monkeypatch.setattr(
        requests.Session, 'send', lambda *args, **how: killer.send(send, *args, **how)
    )

    def carry_through(name: str, *first: str) -> None:
        for number in range(8):
            campaign = ledger.find(name)
            if campaign is not None and campaign.finished_at:
                break
            line = first if campaign is None else ('-resume', '-always')
            killer.is_armed = False
            if number < 3:
                killer.arm(chance)
            try:
                said.append(cleanup(*line, f'-campaign:{name}').said)
            except Killed:
                kills.append(name)
                said.append('killed')
                farm.choose(Path(os.environ['PYWIKIBOT_DIR']))
        assert campaign and campaign.finished_at, '\n'.join(said)

    kills: list[str] = []
    seeds = range(100 if is_long(pytestconfig.getoption('seeds')) else 2)
    for seed in seeds:
        chance, said = random.Random(seed), [f'seed {seed}']
        farm.restore()
        sandbox.call(abuse)
        before, after = everything(sandbox), expected(sandbox)
        carry_through(f'farm-{seed}', *USUAL)
        assert everything(sandbox) == after, '\n'.join(said)
        assert locked(sandbox) == {SOCK, OTHER}
        made = written(sandbox)
        assert sum(made.values()) == 26, (made, said)
        carry_through(f'undo-{seed}', f'-undo:farm-{seed}', '-reason:No', '-always')
        assert everything(sandbox) == before, '\n'.join(said)
        assert not locked(sandbox)
        assert sum(written(sandbox).values()) == 52, said
    assert kills


@pytest.fixture
def history(sandbox: Sandbox) -> Callable[..., None]:
    """Give a page its history: pairs of an author and a text."""

    def save(code: str, title: str, *edits: tuple[str, str]) -> None:
        def change(farm: Any) -> None:
            wiki = farm.wikis[code]
            for user, text in edits:
                if user in farm.accounts and user not in wiki.accounts:
                    farm.attach(farm.accounts[user], wiki)
                local = wiki.accounts.get(user)
                wiki.edit(title, text, user=user, user_id=local.id if local else 0)

        sandbox.call(change)

    return save


def empty(farm: Any) -> None:
    """Delete all pages, and let the abusers be new."""
    for name in (SOCK, OTHER):
        farm.accounts[name].registration = farm.timestamp()
    for wiki in farm.wikis.values():
        for page in list(wiki.page_ids.values()):
            wiki.delete(page, LOCAL, 'over')


def test_a_global_sysop_does_what_may_be_done_and_is_told_whom_to_ask(
    cleanup: Script, sandbox: Sandbox, farm: Farm, history: Callable[..., None]
) -> None:
    """Each wiki is left to those who look after it; others lock the accounts."""

    def begin(state: Any) -> None:
        empty(state)
        operator = state.accounts[farm.operator.name]
        operator.groups = frozenset({'global-sysop'})
        more = (
            'rollback',
            'undelete',
            'deletedhistory',
            'suppressredirect',
            'reupload',
        )
        state.added_rights = {'global-sysop': more}
        for local in operator.attached.values():
            local.groups = frozenset()
        state.wiki_sets = [WikiSet('Theirs', 'optout', ('bbwiki', 'metawiki'))]

    sandbox.call(begin)
    history('aa', 'Harbour', (LOCAL, 'Good'), (OTHER, 'Bad'), (SOCK, 'Worse'))
    history('aa', 'Lighthouse', (LOCAL, 'Good'), (SOCK, 'Bad'), (LOCAL, 'Bad (typo)'))
    history('aa', f'User:{SOCK}', (SOCK, 'Me'))
    history('bb', 'Bridge', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('bb', 'Cheap bridges', (SOCK, 'Buy!'))
    history('cc', 'Old town', (LOCAL, 'Good'))
    history('meta', 'Well', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('ee', 'Mill', (LOCAL, 'Old'), (OTHER, 'A good edit'))
    request = '=== Global lock for X ===\n{{status}}\n* {{LockHide|1=%s}}\n~~~~'
    history('meta', 'Steward requests/Global', (LOCAL, request % OTHER))

    def more(state: Any) -> None:
        wiki = state.wikis['cc']
        target, by = (
            parse_title('Rude town'),
            wiki.accounts[SOCK]
            if (SOCK in wiki.accounts)
            else state.attach(state.accounts[SOCK], wiki),
        )
        wiki.move(wiki.page('Old town'), target, by, '', True)
        for user in (LOCAL, SOCK):
            wiki.upload(
                parse_title('File:Map.png'),
                PNG + user.encode(),
                operator=wiki.accounts[user],
                comment='',
                text='A map',
            )
            state.advance(3)
        mill = state.wikis['ee'].page('Mill')
        mill.revisions[-1].timestamp = '2025-03-02T08:00:00Z'

    sandbox.call(more)
    names = (SOCK, OTHER, '-reason:Cross-wiki abuse', '-always', '-campaign:farm')
    run = cleanup(*names)
    assert run.code == 1, run.said
    harbour = sandbox.farm.wikis['aa'].page('Harbour')
    assert harbour and [r.text for r in harbour.revisions][2:] == ['Worse', 'Good']
    texts = {
        code: {t: text for t, (text, _) in state(sandbox, code).items()}
        for code in ('meta', 'aa', 'bb', 'cc', 'ee')
    }
    assert texts['aa'] == {'Harbour': 'Good', 'Lighthouse': 'Bad (typo)'}
    assert texts['bb'] == {'Bridge': 'Bad', 'Cheap bridges': 'Buy!'}
    assert texts['cc'] == {'Old town': 'Good', 'File:Map.png': 'A map'}
    assert texts['meta']['Well'] == 'Bad' and texts['ee']['Mill'] == 'A good edit'
    versions = sandbox.farm.wikis['cc'].files.versions['Map.png']
    assert [v.content.removeprefix(PNG) for v in versions] == [
        LOCAL.encode(),
        SOCK.encode(),
        LOCAL.encode(),
    ]
    assert 'eewiki:Mill: edited only before -since' in run.out
    assert 'bbwiki, 2 things to do' in run.out
    assert not locked(sandbox)
    assert f'Requested on Steward requests/Global already: {OTHER}.' in run.out
    asked = run.out.partition('A request to paste on Steward requests/Global:\n')[2]
    assert asked.startswith(
        f'=== Global lock for {SOCK} ===\n{{{{status}}}}\n'
        f'* {{{{LockHide|1={SOCK}}}}}\nCross-wiki abuse ~~~~\n'
    )
    assert f'LockHide|1={OTHER}' not in run.out
    before = texts
    undo = cleanup('-undo:farm', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert state(sandbox, 'aa')['Harbour'][0] == 'Worse'
    assert f'User:{SOCK}' in state(sandbox, 'aa')
    assert state(sandbox, 'cc')['Rude town'][0] == 'Good', before


def test_what_they_have_done_since_is_planned_again(
    cleanup: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """Names, steps, reasons and wikis are those of the earlier campaign."""
    sandbox.call(empty)
    history('ee', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('ff', 'Mill', (LOCAL, 'Good'), (SOCK, 'Bad'))
    how = ('-steps:rollback', '-reason-rollback:Vandalism', '-not-wikis:ff')
    names = (SOCK, '-reason:Abuse', '-always', '-since:7d', '-campaign:first')
    run = cleanup(*names, *how)
    assert run.code == 0 and not locked(sandbox), run.said
    harbour = sandbox.farm.wikis['ee'].page('Harbour')
    assert harbour and harbour.latest.comment == 'Vandalism'
    history('ee', 'Harbour', (SOCK, 'Bad again'))
    history('gg', 'Well', (LOCAL, 'Good'), (OTHER, 'Bad'))
    run = cleanup('-again:first', OTHER, '-always', '-campaign:second')
    assert run.code == 0, run.said
    assert harbour.latest.text == 'Good' and harbour.latest.comment == 'Vandalism'
    assert state(sandbox, 'gg') == {'Well': ('Good', '')}
    assert state(sandbox, 'ff') == {'Mill': ('Bad', '')}
    assert run.out.count('done: ') == 2
    other = cleanup('-again:nobody', '-always')
    assert other.code == 2 and "no campaign 'nobody'" in other.said.lower(), other.said


def test_all_steps_are_taken_and_undone(
    cleanup: Script, sandbox: Sandbox, farm: Farm, history: Callable[..., None]
) -> None:
    """Blocks come first, and hiding last; an address is blocked if that is named."""
    address, temporary = '192.0.2.77', '~2026-40417-33'

    def begin(state: Any) -> None:
        empty(state)
        groups = state.accounts[farm.operator.name].groups
        state.added_rights = dict.fromkeys(groups, ('deleterevision', 'globalblock'))
        state.add_account(temporary, wikis=['ee'])

    sandbox.call(begin)
    history('ee', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'), (address, 'Worse'))
    steps = '-steps:lock,block,localblock,rollback,delete,revdel'
    run = cleanup(
        *(SOCK, address, temporary, steps, '-expiry:1 week', '-anononly'),
        *('-revdel:content', '-reason:Abuse', '-reason-lock:Spam', '-since:7d'),
        *('-always', '-campaign:all'),
    )
    assert run.code == 0, run.said
    page = sandbox.farm.wikis['ee'].page('Harbour')
    assert page and page.latest.text == 'Good'
    assert [bool(r.hidden) for r in page.revisions] == [False, True, True, False]
    effects = list(written(sandbox).items())
    assert written(sandbox)['globalblock'] == 2, effects
    assert written(sandbox)['block'] == 2 and locked(sandbox) == {SOCK}
    undo = cleanup('-undo:all', '-reason:Mistake', '-always')
    assert undo.code == 0, undo.said
    assert page.latest.text == 'Worse' and not any(r.hidden for r in page.revisions)
    assert not locked(sandbox)
    assert not {SOCK, address}.intersection(sandbox.farm.wikis['ee'].blocks)


@pytest.mark.parametrize('when', ['plan', 'run', 'undo'])
def test_names_that_are_hidden_meanwhile_are_shown_nowhere(
    cleanup: Script, sandbox: Sandbox, history: Callable[..., None], when: str
) -> None:
    """What is to be pasted in public does not name them either."""
    sandbox.call(empty)
    history('ee', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('ee', f'User:{SOCK}', (SOCK, 'Me'))
    history('dd', 'Mill', (LOCAL, 'Good'), (SOCK, 'Bad'))

    def hide(farm: Any) -> None:
        farm.accounts[SOCK].hidden = 'lists'

    theirs = WikiSet('Theirs', 'optout', ('ddwiki',))
    sandbox.call(lambda farm: setattr(farm, 'wiki_sets', [theirs]))
    if when == 'plan':
        sandbox.call(hide)
    first = cleanup(*USUAL, '-campaign:hidden', '-simulate')
    assert (SOCK in first.said) is (when != 'plan'), first.said
    if when == 'run':
        sandbox.call(hide)
    run = cleanup('-resume', '-always')
    assert (SOCK in run.said) is (when == 'undo'), run.said
    harbour = sandbox.farm.wikis['ee'].page('Harbour')
    assert harbour and harbour.latest.text == 'Good', run.said
    assert (SOCK in harbour.latest.comment) is False
    sandbox.call(hide)
    undo = cleanup('-undo:hidden', '-reason:Mistake', '-always')
    assert SOCK not in undo.said
    assert harbour.latest.text == 'Bad', undo.said


@pytest.mark.parametrize(
    ('words', 'why'),
    [
        (('Nobody of that name',), "no global account 'Nobody of that name'"),
        ((SOCK, '-wikis:nowiki'), 'nowiki'),
        ((SOCK, '-steps:hide'), 'give some of lock, block, localblock'),
        ((SOCK, '-steps:localblock'), '-steps:localblock needs -expiry'),
        ((SOCK, '-steps:revdel'), 'both -steps:rollback,revdel'),
        ((SOCK, '-revdel:content'), 'both -steps:rollback,revdel'),
        ((SOCK, '-reason-lok:Spam'), '-reason-lok: give some of'),
        ((SOCK, '-steps:delete', '-reason-lock:Spam'), 'not among the steps'),
        ((SOCK, '-reason-lock:A', '-reason-lock:B'), 'given twice'),
        (('~2026-40417-33',), 'Temporary accounts cannot be locked: give -expiry'),
        (('192.0.2.7', '-steps:block', '-expiry:1 week'), 'give -anononly'),
        ((), 'No accounts were named'),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(
    cleanup: Script, sandbox: Sandbox, words: tuple[str, ...], why: str
) -> None:
    """Nothing is planned, and nothing written."""
    run = cleanup(*words, '-reason:Abuse', '-since:7d', '-always')
    assert run.code == 2 and why in run.said, run.said
    assert not written(sandbox)


def test_accounts_that_are_renamed_meanwhile_are_stopped_and_never_mistaken(
    cleanup: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """Their edits are planned again under the new name; the undo knows both."""
    sandbox.call(empty)
    history('ee', 'Harbour', (LOCAL, 'Good'), (SOCK, 'Bad'))
    history('ff', f'User:{SOCK}', (SOCK, 'Me'))
    assert cleanup(*USUAL, '-campaign:first', '-simulate').code == 0
    bare = cleanup(*USUAL, '-steps:rollback', '-campaign:bare', '-simulate')
    assert bare.code == 0, bare.said
    sandbox.call(lambda farm: farm.rename_account(SOCK, 'Quite Another'))
    run = cleanup('-resume', '-campaign:first', '-always')
    renamed = sandbox.farm.accounts['Quite Another']
    assert renamed.locked and SOCK not in run.said, run.said
    history('ee', 'Harbour', ('Quite Another', 'Bad again'))
    again = cleanup('-again:first', '-always', '-campaign:second')
    assert again.code == 0 and 'done: eewiki:Harbour' in again.out, again.said
    assert state(sandbox, 'ee')['Harbour'] == ('Good', '')
    bare = cleanup('-again:bare', '-simulate', '-campaign:third')
    assert 'of bare that cannot be found any more, renamed or hidden: 1' in bare.out
    assert SOCK not in bare.said
    undo = cleanup('-undo:first', '-reason:Mistake', '-always')
    assert not renamed.locked, undo.said


def test_a_wiki_that_could_not_be_read_is_read_again(
    cleanup: Script, pwb: Script, sandbox: Sandbox, history: Callable[..., None]
) -> None:
    """Whatever the steps are: the others are done meanwhile, and it is named."""
    sandbox.call(empty)
    for code in ('ee', 'ff'):
        history(code, 'User:Spam', (SOCK, 'Buy!'))
    refused = {'kind': 'gateway', 'status': 403, 'action': 'query', 'wiki': 'ee'}
    sandbox.faults.arm(**refused, times=100)
    run = cleanup(SOCK, '-steps:delete', *USUAL[2:], '-campaign:first')
    assert run.code == 1 and 'eewiki is skipped and can be read again' in run.out
    assert (state(sandbox, 'ff'), len(state(sandbox, 'ee'))) == ({}, 1)
    sandbox.faults.clear()
    run = pwb('campaign', 'retry-failed', 'first', '-always')
    assert run.code == 0 and state(sandbox, 'ee') == {}, run.said
    undo = pwb('campaign', 'undo', 'first', '-reason:Mistake', '-always')
    assert undo.code == 0 and len(state(sandbox, 'ee')) == 1, undo.said
