"""A long night in short: one campaign after the other on a farm where all goes wrong.

What goes wrong follows from a seed. Whether nothing was lost and nothing doubled is
judged by the journal and the accounts of the sandbox, never by the client's word.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pywikibot import config
from pywikibot.exceptions import Error as PywikibotError
from pywikibot.throttle import Throttle

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm as FarmState
from centralauth_sandbox.journal import Entry
from mw_tokens_plugin.actions.globallock import GlobalLock, Guards
from mw_tokens_plugin.campaign.budget import Budget
from mw_tokens_plugin.campaign.engine import Engine, Finish
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.plan import make_plan
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.workers import at_work
from mw_tokens_plugin.exceptions import TokensPluginError

from .farms import Farm

LOCK = 'setglobalaccountstatus'
REASON = 'Spam-only account'
COLLEAGUE = 'Sandbox Colleague'

MOST_TARGETS = 8

#: How often a campaign is started again at most, as its operator would.
MOST_RUNS = 12
#: From this start on nothing more goes wrong: the night has an end.
DAWN = 8

#: All waits are so much shorter than they are at night.
SCALE = 0.0005
POLICY = RetryPolicy(
    seconds=20.0,
    pause=1.0 * SCALE,
    longest_pause=60.0 * SCALE,
    sleep=lambda seconds: time.sleep(scaled(seconds)),
)

#: How an answer is lost.
LOST = ['drop', 'drop', 'half', 'empty', 'html', 'http', 'gateway', 'gateway']

#: How this machine's clock is set anew, again and again: mostly never.
_JUMPS: list[list[float]] = [[]] * 8 + [[3600.0], [-3600.0, 1e6]]

#: The HTTP status which says that nothing was carried out.
TOO_MANY = 429

_ACTIONS = frozenset({LOCK, 'query', 'paraminfo', 'login', 'clientlogin', 'logout'})

Fault = dict[str, Any]

#: Stands for the last of the accounts, whichever it is.
_ONE = 'last'


def scaled(seconds: float) -> float:
    """Return how long a pause of a campaign lasts at night.

    Those of a second and more are what a server asks for; all others are scaled.
    """
    return seconds * SCALE if seconds >= 1 else seconds


class ScaledThrottle(Throttle):
    """pywikibot's throttle, with shorter waits where a server asks for some."""

    _asked = 0.0

    @property
    def retry_after(self) -> float:
        """Seconds that the server asked to wait, scaled."""
        return self._asked * SCALE

    @retry_after.setter
    def retry_after(self, seconds: float) -> None:
        self._asked = seconds


@contextmanager
def scaled_waits() -> Iterator[None]:
    """Shorten pywikibot's own waits by its own configuration."""
    scaled = {'retry_wait': 5 * SCALE, 'retry_max': 15 * SCALE, 'max_retries': 6}
    before = {name: getattr(config, name) for name in scaled}
    vars(config).update(scaled)
    try:
        yield
    finally:
        vars(config).update(before)


@dataclass
class Schedule:
    """What goes wrong with one campaign, as a seed has it.

    :ivar faults: before the plan is made, and while it is carried out
    :ivar meanwhile: how many accounts a colleague locks between the plan and the locks
    :ivar vanished: how many accounts are renamed then
    :ivar missing: how many names there are no accounts of
    :ivar workers: threads
    :ivar jumps: seconds by which this machine's clock is wrong, one moment after the
        other
    :ivar hopeless: whether nobody helps an operator who was demoted or locked
    """

    seed: int
    targets: int
    faults: list[Fault]
    planning: bool
    meanwhile: int
    vanished: int
    missing: int
    workers: int
    jumps: list[float]
    hopeless: bool

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """Draw a schedule."""
        chance = random.Random(seed)
        targets = chance.randint(3, MOST_TARGETS)
        makers = chance.choices(list(_MAKERS), list(_MAKERS.values()), k=4)
        faults = [
            {'seed': seed, **make(chance, targets)}
            for make in makers[: chance.randint(1, 4)]
        ]
        return cls(
            seed,
            targets,
            faults,
            planning=chance.random() < 0.25,
            meanwhile=chance.choice([0, 0, 0, 1, 2]),
            vanished=chance.choice([0, 0, 0, 0, 0, 1]),
            missing=chance.choice([0, 0, 0, 1]),
            workers=chance.choice([1, 1, 1, 2, 3]),
            jumps=[0.0, *chance.choice(_JUMPS)],
            hopeless=chance.random() < 0.1,
        )

    def vanishing(self, names: list[str]) -> list[str]:
        """Return the accounts that are renamed."""
        return names[self.meanwhile : self.meanwhile + self.vanished]


#: What is put behind the names of accounts that are renamed.
_LEFT = ' (left)'


@dataclass
class Judgement:
    """What the schedules have met, for the end."""

    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    lost: int = 0
    requests: int = 0


class Night:
    """Campaigns under faults, each with accounts of its own."""

    def __init__(
        self, farm: Farm, sandbox: Sandbox, ledger: Ledger, directory: Path
    ) -> None:
        """Take a farm whose accounts nobody else needs.

        :param directory: pywikibot's own
        """
        self._farm = farm
        self._sandbox = sandbox
        self._ledger = ledger
        self._directory = directory
        self._numbers = itertools.count(1)
        self._operator = farm.operator.name
        self._groups = sandbox.call(self._groups_of_operator)
        self._site: Any = None
        self.judgement = Judgement()

    def play(self, schedule: Schedule) -> None:
        """Run one campaign until it ends, and judge it."""
        sandbox = self._sandbox
        names = [f'Spambot {next(self._numbers):05}' for _ in range(schedule.targets)]
        unknown = [f'Nobody {schedule.seed} {n}' for n in range(schedule.missing)]
        campaign = self._ledger.create(
            f'night-{schedule.seed}',
            action=GlobalLock.kind,
            wiki='w',
            operator=self._operator,
            reason=REASON,
            options={},
        )
        self._ledger.add(campaign, [*names, *unknown])
        before = sandbox.call(_touched)
        sandbox.journal.clear()
        clock = itertools.cycle(schedule.jumps)
        if schedule.planning:
            self._arm(schedule, names[-1])
        finish, helped = Finish(), True
        for number in range(MOST_RUNS):
            if number == DAWN or not helped:
                sandbox.faults.clear()
            self.judgement.runs += 1
            finish = self._start(campaign, schedule, lambda: next(clock), names)
            campaign = self._ledger.find(campaign.name) or campaign
            if finish == Finish() and campaign.planned_at:
                break
            # As in a new process, which has to log in again.
            self._site = None
            helped = not schedule.hopeless or not self._is_helpless()
            if not helped:
                break
            self._help()
        self.judgement.kinds.update(
            kind for e in sandbox.journal.entries() for kind in e.fault
        )
        sandbox.faults.clear()
        judge(sandbox.journal.entries(), names)
        self._compare(before, names)
        self._check_ledger(
            campaign,
            names,
            unknown,
            finish,
            vanished=schedule.vanishing(names),
            complete=helped,
        )
        if not helped:
            self._help()

    def _start(
        self,
        campaign: Campaign,
        schedule: Schedule,
        clock: Callable[[], float],
        names: list[str],
    ) -> Finish:
        """Start the campaign once, or go on with it."""
        try:
            site = self._logged_in()
            action = GlobalLock(site, reason=REASON, guards=Guards(self._operator))
            with at_work(
                self._ledger, campaign, account=f'{self._operator}@{site}'
            ) as run:
                if campaign.planned_at is None:
                    campaign = make_plan(self._ledger, campaign, action)
                    for name in names[: schedule.meanwhile]:
                        self._sandbox.command('lock', user=name, by=COLLEAGUE)
                    for name in schedule.vanishing(names):
                        self._sandbox.command('rename', user=name, to=name + _LEFT)
                    if not schedule.planning:
                        self._arm(schedule, names[-1])
                budget = Budget(
                    self._ledger.database,
                    campaign.name,
                    lambda: 0.4 * SCALE,
                    # pywikibot's operator has no say in when a clock is put right.
                    clock=lambda: 1.7e9 + clock(),
                )
                return Engine(
                    self._ledger,
                    campaign,
                    action,
                    run,
                    workers=schedule.workers,
                    policy=POLICY,
                    pace=lambda target: budget.reserve(),
                    observe=self._observe,
                ).run()
        except (TokensPluginError, PywikibotError) as error:
            return Finish(error)

    def _logged_in(self) -> Any:
        """Return the central wiki, as a process that goes on or a new one has it."""
        if self._site is None or self._site.tokens.session.generation:
            self._farm.choose(self._directory)
            self._site = self._farm.site()
            self._site._throttle = ScaledThrottle(self._site)
        if not self._site.logged_in():
            self._site.login()
        return self._site

    def _arm(self, schedule: Schedule, last: str) -> None:
        for fault in schedule.faults:
            whom = {'target': last} if fault.get('target') == _ONE else {}
            self._sandbox.faults.arm(**{**fault, **whom})

    def _observe(self, target: Target, outcome: Outcome) -> None:
        why = (outcome.detail or '').partition(':')[0]
        self.judgement.outcomes[f'{outcome.state.value} {why}'.strip()] += 1

    def _groups_of_operator(self, farm: FarmState) -> tuple[Any, dict[str, Any]]:
        account = farm.accounts[self._operator]
        local = {code: each.groups for code, each in account.attached.items()}
        return account.groups, local

    def _is_helpless(self) -> bool:
        def look(farm: FarmState) -> bool:
            account = farm.accounts.get(self._operator)
            return (
                farm.sessions.down
                or account is None
                or account.locked
                or account.groups != self._groups[0]
            )

        return self._sandbox.call(look)

    def _help(self) -> None:
        """Give the operator back what the night took."""

        def help_out(farm: FarmState) -> None:
            farm.sessions.down = False
            renamed = f'{self._operator} (renamed)'
            if self._operator not in farm.accounts:
                farm.rename_account(renamed, self._operator)
            account = farm.accounts[self._operator]
            account.locked = False
            account.groups, local = self._groups
            for code, each in account.attached.items():
                each.groups = local[code]

        self._sandbox.call(help_out)

    def _compare(self, before: set[str], names: list[str]) -> None:
        """See that nobody else was touched."""
        after = self._sandbox.call(_touched)
        strangers = (after ^ before) - set(names) - {self._operator}
        assert not strangers - {f'{self._operator} (renamed)'}, strangers

    def _check_ledger(
        self,
        campaign: Campaign,
        names: list[str],
        unknown: list[str],
        finish: Finish,
        *,
        vanished: list[str],
        complete: bool,
    ) -> None:
        """See that the ledger says of every target what became of it."""
        entries = self._sandbox.journal.entries(action=LOCK)
        self.judgement.requests += len(self._sandbox.journal)
        self.judgement.lost += sum(not entry.answered for entry in entries)
        ours = {_original(entry.target) for entry in entries if entry.effect}
        locked = self._sandbox.call(_touched)
        told = self._ledger.named(campaign, [*names, *unknown])
        assert set(told) == {*names, *unknown}
        for name in unknown:
            # Before the end of the plan it is still only listed.
            assert told[name].decision.skipped or not complete, told[name]
        for name in names:
            target = told[name]
            if target.state is State.DONE:
                assert name in locked, f'{name} is not done'
                assert target.changed is (name in ours), (
                    f'{name} was{"" if name in ours else " not"} done by us: {target}'
                )
            elif target.decision.skipped:
                assert name in locked - ours, f'{name} was held back: {target}'
            elif target.state is State.FAILED:
                # Named with its reason, and told apart from what only looked so.
                assert name not in locked and target.detail, target
                assert name in (names[-1], *vanished), f'{name} failed: {target}'
            else:
                assert not complete, f'{name} was lost: {target}, {finish.error!r}'
                assert finish.error, f'{name} is left, and nobody said why'
                if name in ours:
                    # It goes on by reading what became of it.
                    assert target.state is State.LEASED, target
        counts = self._ledger.counts(campaign)
        assert not complete or not counts[State.LEASED] + counts[State.PLANNED]


def judge(entries: Sequence[Entry], names: list[str]) -> None:
    """Hold a journal against the promise.

    After a write took effect there is no second one for that account; after a write
    whose answer was lost, or told of a breakdown, none before a read that was answered.
    """
    effects: Counter[str] = Counter()
    unknown: set[str] = set()
    for each in entries:
        entry = replace(each, target=_original(each.target))
        assert entry.action in _ACTIONS, f'nobody asked for {entry.action}'
        if entry.action != LOCK:
            if entry.answered and entry.result == 'ok':
                unknown -= reads(entry)
            continue
        assert entry.target in names, f'nobody asked for {entry.target}'
        said = f'{entry.target} was written again at {entry.serial}'
        assert entry.target not in unknown, f'{said}, unread: {_told(entries, entry)}'
        assert not effects[entry.target], f'{said}: {_told(entries, entry)}'
        effects[entry.target] += bool(entry.effect)
        lost = not entry.answered and entry.status != TOO_MANY
        if lost or _is_breakdown(entry.result):
            unknown.add(entry.target)


def reads(entry: Entry) -> set[str]:
    """Return the accounts whose state a request reads."""
    if entry.action != 'query':
        return set()
    by_name, by_id = '', ''
    if 'globalusers' in entry.params.get('list', ''):
        by_name = entry.params.get('gususers', '')
        by_id = entry.params.get('guscentralids', '')
    elif 'globaluserinfo' in entry.params.get('meta', ''):
        by_name = entry.params.get('guiuser', '')
        by_id = entry.params.get('guiid', '')
    ids = set(by_id.lstrip('\x1f').split('\x1f' if '\x1f' in by_id else '|'))
    names = set(by_name.lstrip('\x1f').split('\x1f' if '\x1f' in by_name else '|'))
    named = {name for number, name in _by_id().items() if number in ids}
    return named | set(map(_original, names))


@cache
def _by_id() -> dict[str, str]:
    """Return the names of the sandbox's accounts by their central ids."""
    with Sandbox(wikis=1, accounts=200) as sandbox:
        return sandbox.call(
            lambda farm: {str(each.id): name for name, each in farm.accounts.items()}
        )


def _told(entries: Sequence[Entry], entry: Entry) -> list[str]:
    return [
        f'{e.serial} {e.action} {e.result} {e.effect} {e.status} {",".join(e.fault)}'
        for e in entries
        if e.target == entry.target or entry.target in reads(e)
    ]


def _is_breakdown(result: str) -> bool:
    return result.startswith('internal_api_error') and 'ReadOnly' not in result


def _touched(farm: FarmState) -> set[str]:
    touched = (a.name for a in farm.accounts.values() if a.locked or a.hidden)
    return set(map(_original, touched))


def _original(name: str) -> str:
    """Return the name that an account had in the plan."""
    return name.removesuffix(_LEFT)


# What goes wrong. Each returns a fault of the sandbox.


def _which(chance: random.Random, targets: int) -> Fault:
    """Hit one certain lock, or each with some probability."""
    if chance.random() < 0.5:
        return {'action': LOCK, 'nth': chance.randint(1, targets)}
    return {
        'action': chance.choice([LOCK, LOCK, LOCK, 'query', '']),
        'probability': chance.choice([0.1, 0.3, 0.6]),
        'times': chance.randint(1, 6),
    }


def _lost(chance: random.Random, targets: int) -> Fault:
    return {
        'kind': chance.choice(LOST),
        'when': chance.choice(['after', 'after', 'before']),
        **_which(chance, targets),
    }


def _broken_server(chance: random.Random, targets: int) -> Fault:
    status = chance.choice([500, 502, 503, 504])
    kind = chance.choice(['html', 'http'])
    when = chance.choice(['before', 'after'])
    return {'kind': kind, 'status': status, 'when': when, **_which(chance, targets)}


def _gateway(chance: random.Random, targets: int) -> Fault:
    status, when = chance.choice([200, 504]), chance.choice(['before', 'after'])
    return {
        'kind': 'gateway',
        'status': status,
        'when': when,
        **_which(chance, targets),
    }


def _too_many(chance: random.Random, targets: int) -> Fault:
    which = _which(chance, targets)
    # A site that is just being made has no scaled throttle yet.
    seconds = 5.0 if which['action'] == LOCK else 5.0 * SCALE
    return {'kind': 'retry-after', 'seconds': seconds, **which}


def _refused(chance: random.Random, targets: int) -> Fault:
    kind = chance.choice(['maxlag', 'ratelimited', 'readonly', 'centralauth-readonly'])
    return {'kind': kind, **_which(chance, targets), 'action': LOCK}


def _read_only_for_a_while(chance: random.Random, targets: int) -> Fault:
    kind = chance.choice(['readonly', 'centralauth-readonly', 'maxlag'])
    end = chance.choice([0.01, 0.03, 0.08])
    return {'kind': kind, 'action': LOCK, 'times': 0, 'end': end}


def _breakdown(chance: random.Random, targets: int) -> Fault:
    kind = chance.choice(['cas-race', 'cas-race', 'state-mismatch'])
    when = chance.choice(['before', 'after'])
    return {'kind': kind, 'when': when, **_which(chance, targets), 'action': LOCK}


def _always_broken(chance: random.Random, targets: int) -> Fault:
    """Break down over one account whenever it is written."""
    return {'kind': 'cas-race', 'action': LOCK, 'times': 0, 'target': _ONE}


def _expired(chance: random.Random, targets: int) -> Fault:
    return {'kind': 'expire-csrf', **_which(chance, targets)}


def _session_ended(chance: random.Random, targets: int) -> Fault:
    return {
        'kind': 'lose-session',
        'remembered': chance.random() < 0.7,
        'action': LOCK,
        'nth': chance.randint(1, targets),
    }


def _operator_hit(chance: random.Random, targets: int) -> Fault:
    kinds = ['demote', 'lock-operator', 'rename-operator', 'session-store-down']
    nth = chance.randint(1, targets)
    return {'kind': chance.choice(kinds), 'action': LOCK, 'nth': nth}


def _clock_jump(chance: random.Random, targets: int) -> Fault:
    seconds = chance.choice([61.0, 3700.0, 86400.0])
    return {'kind': 'clock-jump', 'seconds': seconds, **_which(chance, targets)}


def _slow(chance: random.Random, targets: int) -> Fault:
    when = chance.choice(['before', 'after'])
    which = {'action': LOCK, 'nth': chance.randint(1, targets)}
    return {'kind': 'slow', 'seconds': 0.02, 'when': when, **which}


_MAKERS: dict[Callable[[random.Random, int], Fault], int] = {
    _lost: 10,
    _broken_server: 4,
    _gateway: 2,
    _too_many: 3,
    _refused: 4,
    _read_only_for_a_while: 2,
    _breakdown: 3,
    _always_broken: 1,
    _expired: 3,
    _session_ended: 2,
    _operator_hit: 2,
    _clock_jump: 2,
    _slow: 1,
}
