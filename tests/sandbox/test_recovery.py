"""Whatever may have been carried out is read before it is called a failure.

Gateways answer in the wiki's place, answers are lost and races too: nothing is lost,
nothing is done twice, and undoing covers all that was done.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox
from centralauth_sandbox.rights import GLOBAL_GROUPS, rights_of
from mw_tokens_plugin.actions.globallock import GlobalLock, Guards
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, State, Target
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel

from .desk import LONGEST, Desk, Run
from .farms import Farm, Login

pytestmark = [
    pytest.mark.faults,
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
]

Script = Callable[..., Run]

LOCK = 'setglobalaccountstatus'
#: Writes of each campaign, all of which go wrong.
MANY = 50

#: What stands in the place of every answer to a write.
GATEWAYS = [
    pytest.param([{'when': 'after'}], id='all-carried-out'),
    pytest.param(
        [
            {'when': 'before', 'probability': 0.5, 'seed': 1},
            {'when': 'after', 'probability': 0.7, 'seed': 2, 'status': 200,
             'body': '{"status": "accepted"}'},
        ],
        id='some-carried-out',
    ),
]  # fmt: skip


def spam(count: int, start: int = 1) -> list[str]:
    return [f'Spambot {number:05}' for number in range(start, start + count)]


def effects(sandbox: Sandbox, action: str) -> Counter[tuple[str, str]]:
    """Return how often each target was really changed."""
    entries = sandbox.journal.entries(action=action)
    return Counter((e.wiki, e.target) for e in entries if e.effect)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait between two attempts."""
    monkeypatch.setattr(RetryPolicy, '_wait', lambda policy, state: 0.0)


@pytest.fixture
def listed(tmp_path: Path) -> Callable[[list[str]], str]:
    """Write targets into a file, and return the argument that reads it."""

    def write(lines: list[str]) -> str:
        path = tmp_path / 'targets.txt'
        path.write_text('\n'.join(lines), encoding='utf-8')
        return f'-file:{path}'

    return write


def arm(sandbox: Sandbox, faults: list[dict[str, Any]], action: str) -> None:
    for fault in faults:
        sandbox.faults.arm(**{'kind': 'gateway', 'action': action, 'times': 0, **fault})


class Job:
    """A script whose every write meets a gateway, and what undoes it."""

    def __init__(self, pwb: Script, sandbox: Sandbox, listed: Any) -> None:
        self.pwb = pwb
        self.sandbox = sandbox
        self.listed = listed

    def run(self, action: str, faults: list[dict[str, Any]], *args: str) -> int:
        """Carry a campaign out, and return how many targets were changed, each once."""
        self.sandbox.journal.clear()
        arm(self.sandbox, faults, action)
        run = self.pwb(*args, '-always', '-max:100', '-pt:0')
        assert run.code == 0, run.said
        assert 'FAILED' not in run.out
        self.sandbox.faults.clear()
        changed = effects(self.sandbox, action)
        assert set(changed.values()) == {1}
        return len(changed)


@pytest.fixture
def job(pwb: Script, sandbox: Sandbox, listed: Any, at_once: None) -> Job:
    return Job(pwb, sandbox, listed)


@pytest.mark.parametrize('faults', GATEWAYS)
def test_locks_behind_a_gateway_are_all_done_once_and_all_undone(
    job: Job, faults: list[dict[str, Any]]
) -> None:
    names = job.listed(spam(MANY))
    usual = ('global_lock', '-reason:Spam', '-campaign:gate')
    assert job.run(LOCK, faults, *usual, names) == MANY
    accounts = job.sandbox.farm.accounts
    assert all(accounts[name].locked for name in spam(MANY))
    undo = ('global_lock', '-undo:gate', '-reason:Mistake')
    assert job.run(LOCK, faults, *undo) == MANY
    assert not any(accounts[name].locked for name in spam(MANY))


@pytest.mark.parametrize('faults', GATEWAYS)
def test_deletions_of_accounts_behind_a_gateway_are_all_done_once(
    job: Job, faults: list[dict[str, Any]]
) -> None:
    names = job.listed(spam(MANY))
    usual = ('global_delete', '-reason:Spam', '-campaign:gate')
    assert job.run('deleteglobalaccount', faults, *usual, names) == MANY


@pytest.mark.parametrize('faults', GATEWAYS)
def test_pages_behind_a_gateway_are_all_deleted_once_and_all_restored(
    job: Job, faults: list[dict[str, Any]]
) -> None:
    titles = [f'Gate {number}' for number in range(MANY // 2)]

    def write(farm: Any) -> None:
        for code in ('aa', 'bb'):
            for title in titles:
                farm.wikis[code].edit(title, 'Buy!', user='Spambot 00001')

    job.sandbox.call(write)
    pages = job.listed([f'{code}wiki\t{t}' for code in ('aa', 'bb') for t in titles])
    usual = ('crosswiki_delete', '-reason:Spam', '-campaign:gate', '-workers:2')
    assert job.run('delete', faults, *usual, pages) == MANY
    undo = ('crosswiki_delete', '-undo:gate', '-reason:Mistake')
    assert job.run('undelete', faults, *undo) == MANY


# Hiding


class Hiding:
    """Campaigns that hide accounts, through the engine."""

    def __init__(self, site: Any, sandbox: Sandbox, ledger: Ledger) -> None:
        self.site = site
        self.sandbox = sandbox
        self.ledger = ledger
        self.operator = site.username()

    def plan(
        self, name: str, names: list[str], level: HiddenLevel | None, **how: Any
    ) -> tuple[Campaign, GlobalLock]:
        action = GlobalLock(
            self.site,
            reason='Bad name',
            guards=Guards(self.operator),
            hidden=level,
            **how,
        )
        campaign = self.ledger.create(
            name,
            action=GlobalLock.kind,
            wiki='w',
            operator=self.operator,
            reason='Bad name',
            options={},
        )
        self.ledger.add(campaign, names)
        self.sandbox.journal.clear()
        return make_plan(self.ledger, campaign, action), action

    def carry_out(self, campaign: Campaign, action: GlobalLock) -> dict[str, Target]:
        account = f'{self.operator}@{self.site}'
        with at_work(self.ledger, campaign, account=account) as run:
            engine = Engine(self.ledger, campaign, action, run)
            assert engine.run() == Finish()
        return {target.name: target for target in self.ledger.targets(campaign)}

    def level_of(self, name: str) -> str:
        level: str = self.sandbox.farm.accounts[name].hidden
        return level

    def writes(self) -> list[Any]:
        return self.sandbox.journal.entries(action=LOCK)


@pytest.fixture
def hiding(stage: tuple[Any, Sandbox], ledger: Ledger, at_once: None) -> Hiding:
    """On today's wikis, and on those that do not tell how far an account is hidden."""
    site, sandbox = stage
    site.login()
    return Hiding(site, sandbox, ledger)


def hide(sandbox: Sandbox, name: str, level: str, locked: bool = False) -> None:
    def change(farm: Any) -> None:
        account = farm.accounts[name]
        farm.set_status(
            account,
            locked=locked,
            hidden=level,
            wiki=farm.central,
            operator='Sandbox Colleague',
            reason='theirs',
        )

    sandbox.call(change)


def test_no_account_is_ever_hidden_less_than_it_was(hiding: Hiding) -> None:
    """Suppressed before the plan or after it, locked or not, known or not."""
    names = spam(5)
    fresh, suppressed, locked, later, lists = names
    hide(hiding.sandbox, suppressed, 'suppressed')
    hide(hiding.sandbox, locked, 'suppressed', locked=True)
    hide(hiding.sandbox, lists, 'lists')
    campaign, action = hiding.plan('hide', names, HiddenLevel.LISTS)
    hide(hiding.sandbox, later, 'suppressed')
    ended = hiding.carry_out(campaign, action)
    assert [hiding.level_of(name) for name in names] == [
        'lists',
        'suppressed',
        'suppressed',
        'suppressed',
        'lists',
    ]
    assert all(hiding.sandbox.farm.accounts[name].locked for name in names)
    told = (
        SkipReason.SUPPRESSED
        if hiding.site.lists_global_users()
        else SkipReason.ALREADY
    )
    assert ended[locked].decision.skipped is told
    assert {ended[name].state for name in (fresh, suppressed, later, lists)} == {
        State.DONE
    }
    # Each write says which state it expects.
    assert all(entry.params.get('statecheck') for entry in hiding.writes())


def test_a_level_that_is_not_known_is_raised_but_not_claimed(hiding: Hiding) -> None:
    """Where somebody else has suppressed the account, nothing is changed."""
    lists, suppressed = names = spam(2)
    hide(hiding.sandbox, lists, 'lists', locked=True)
    hide(hiding.sandbox, suppressed, 'suppressed', locked=True)
    ended = hiding.carry_out(*hiding.plan('hide', names, HiddenLevel.SUPPRESSED))
    assert [hiding.level_of(name) for name in names] == ['suppressed'] * 2
    assert ended[lists].changed
    assert not ended[suppressed].changed
    assert set(effects(hiding.sandbox, LOCK)) == {('meta', lists)}
    assert all(entry.params.get('statecheck') for entry in hiding.writes())


def test_a_hidden_account_is_unlocked_whatever_its_level(hiding: Hiding) -> None:
    names = spam(2)
    for name, level in zip(names, ('lists', 'suppressed'), strict=True):
        hide(hiding.sandbox, name, level, locked=True)
    hiding.carry_out(*hiding.plan('unlock', names, None, locked=False))
    accounts = hiding.sandbox.farm.accounts
    assert not any(accounts[name].locked for name in names)
    assert [hiding.level_of(name) for name in names] == ['lists', 'suppressed']
    assert all(entry.params.get('statecheck') for entry in hiding.writes())


@pytest.fixture(params=[True, False], ids=['log', 'no-log'])
def may_read_log(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[bool]:
    """Whether the operator may read the suppression log."""
    if not request.param:
        rest = tuple(r for r in GLOBAL_GROUPS['steward'] if r != 'suppressionlog')
        monkeypatch.setitem(GLOBAL_GROUPS, 'steward', rest)
    rights_of.cache_clear()
    yield request.param
    monkeypatch.undo()
    rights_of.cache_clear()


@pytest.mark.parametrize('level', [HiddenLevel.LISTS, HiddenLevel.SUPPRESSED])
def test_a_hide_whose_answer_was_lost_is_done_once(
    hiding: Hiding, level: HiddenLevel, may_read_log: bool
) -> None:
    """Also for those who may hide, and may not read the suppression log."""
    sandbox, names = hiding.sandbox, spam(6)
    campaign, action = hiding.plan('hide', names, level)
    for name, kind in zip(names, ['drop', 'half', 'gateway', 'cas-race'], strict=False):
        sandbox.faults.arm(kind=kind, when='after', action=LOCK, target=name)
    sandbox.faults.arm(kind='drop', when='before', action=LOCK, target=names[4])
    ended = hiding.carry_out(campaign, action)
    assert {hiding.level_of(name) for name in names} == {level.value}
    assert {target.state for target in ended.values()} == {State.DONE}
    assert effects(sandbox, LOCK) == {('meta', name): 1 for name in names}
    assert all(entry.params.get('statecheck') for entry in hiding.writes())
    if may_read_log:
        assert all(target.changed for target in ended.values())


# Races


def test_two_operators_lock_the_same_accounts_at_once(
    desk: Desk, farm: Farm, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Both are done: each account is locked, and logged, once; and undone by whom."""
    names, colleague = spam(200), 'Sandbox Colleague'
    other = tmp_path / 'other'
    other.mkdir()
    farm.configure(other, login=Login(colleague, sandbox.credentials.colleague))
    desks = {farm.operator.name: desk, colleague: Desk(other)}
    usual = ('-file:names.txt', '-reason:Spam', '-always', '-max:200', '-pt:0')
    # They go together through the first half, and meet in the middle of the other.
    orders = names, names[:100] + names[:99:-1]
    for each, order in zip(desks.values(), orders, strict=True):
        (each.directory / 'names.txt').write_text('\n'.join(order), encoding='utf-8')
        planned = each.run(*usual, '-campaign:both', '-simulate')
        assert planned.code == 0, planned.said
    # On a busy machine one of them may start long after the other: it is waited for.
    sandbox.faults.arm(kind='slow', action=LOCK, seconds=0.5, times=0)
    started = [
        each.start('-resume', '-always', '-max:200', '-pt:0') for each in desks.values()
    ]
    end = time.monotonic() + LONGEST
    while {e.user for e in sandbox.journal.entries(action=LOCK)} != set(desks):
        assert time.monotonic() < end, 'one of them has never begun'
        time.sleep(0.05)
    sandbox.faults.clear()
    # Whoever is ahead waits for the other, however the processor is shared.
    while all(process.poll() is None for process in started):
        sent = Counter(e.user for e in sandbox.journal.entries(action=LOCK))
        (ahead, most), (_, least) = sent.most_common()
        if most > least + 10 and not len(sandbox.faults):
            sandbox.faults.arm(kind='slow', action=LOCK, user=ahead, seconds=0.2)
        time.sleep(0.01)
    for process in started:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, out + err
        assert 'Done:      200' in out and 'FAILED' not in out
    assert effects(sandbox, LOCK) == {('meta', name): 1 for name in names}
    entries = sandbox.journal.entries(action=LOCK)
    assert {e.user for e in entries if e.effect} == set(desks), 'they did not overlap'
    assert {e.result for e in entries} > {'ok'}, 'they did not collide'
    for operator, each in desks.items():
        ours = {e.target for e in entries if e.effect and e.user == operator}
        sandbox.journal.clear()
        undone = each.run('-undo:both', '-reason:Mistake', *usual[2:])
        assert undone.code == 0, undone.said
        assert {name for _, name in effects(sandbox, LOCK)} == ours
    desks[colleague].close()


def test_an_account_that_others_delete_at_the_same_moment_is_done_by_them(
    job: Job, ledger: Ledger
) -> None:
    """The wiki says that there is no such account: that is no failure."""
    names, action = spam(3), 'deleteglobalaccount'

    def delete(farm: Any) -> None:
        account = farm.accounts[names[1]]
        farm.delete_account(account, farm.central, 'Sandbox Colleague', 'theirs')

    # Right after the last look at it, before the deletion is sent.
    write = job.sandbox.journal.write
    looks = []

    def hear(entry: Any) -> None:
        write(entry)
        if entry.action == 'query' and entry.params.get('guiuser') == names[1]:
            looks.append(entry)
            if len(looks) == 2:
                delete(job.sandbox.farm)

    job.sandbox.journal.write = hear  # type: ignore[method-assign]
    try:
        run = job.pwb('global_delete', *names, '-reason:Spam', '-always', '-campaign:x')
    finally:
        del job.sandbox.journal.write  # type: ignore[method-assign]
    assert run.code == 0, run.said
    assert 'deleted meanwhile by Sandbox Colleague' in run.out
    results = [e.result for e in job.sandbox.journal.entries(action=action)]
    assert results == ['ok', 'nosuchuser', 'ok']


# Clocks


@pytest.mark.parametrize('seconds', [-3 * 3600.0, 600.0, 5 * 3600.0])
def test_what_was_done_is_told_by_the_servers_clock(
    job: Job, ledger: Ledger, seconds: float
) -> None:
    """Whatever the clock of this machine says, our own writes are ours."""
    job.sandbox.command('advance-clock', seconds=seconds)
    names = spam(4)
    faults = [{'when': 'after'}]
    usual = ('global_lock', '-reason:Spam', '-campaign:clock')
    assert job.run(LOCK, faults, *usual, *names) == 4
    campaign = ledger.find('clock')
    assert campaign is not None
    assert ledger.changed_count(campaign) == 4
    undo = ('global_lock', '-undo:clock', '-reason:Mistake')
    assert job.run(LOCK, faults, *undo) == 4
