"""Whole scripts under faults: started in this process, helped, and resumed to the end.

What is judged, and by which rules, is the business of the night that uses it.
"""

from __future__ import annotations

import io
import itertools
import json
import random
import re
import resource
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pytest
import pywikibot
from pywikibot.site import _basesite

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm as FarmState
from centralauth_sandbox.journal import Entry, Journal
from centralauth_sandbox.sessionrecords import Session
from mw_tokens_plugin.campaign import heartbeats
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, State, Target
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.cli import launch, writing

from .desk import script
from .farms import Farm
from .night import LOST, SCALE, Fault, ScaledThrottle, scaled, scaled_waits

COLLEAGUE = 'Sandbox Colleague'

#: How often a script is started at most, as its operator would.
MOST_STARTS = 10
#: From this start on nothing more goes wrong.
DAWN = 4

#: How a run may end: by itself, or as one that is to be resumed.
_ENDS = {
    ExitCode.DONE,
    ExitCode.FAILED,
    ExitCode.NOT_AUTHORISED,
    ExitCode.TRY_AGAIN,
}

#: What a target says that has failed for good: nothing is to be tried again.
CHANGED = 'changed since the plan'


@contextmanager
def hurried_scripts() -> Iterator[None]:
    """Shorten all that whole scripts wait for."""
    sleep = pywikibot.sleep

    def policy(*, sleep: Callable[[float], None], **more: Any) -> RetryPolicy:
        return RetryPolicy(
            sleep=lambda seconds: sleep(scaled(seconds)),
            pause=SCALE,
            longest_pause=60 * SCALE,
            seconds=20.0,
            **more,
        )

    with scaled_waits(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(pywikibot, 'sleep', lambda seconds: sleep(seconds * SCALE))
        patch.setattr(_basesite, 'Throttle', ScaledThrottle)
        patch.setattr(writing, 'RetryPolicy', policy)
        # Its first pause is a second, by the clock that is not scaled.
        patch.setattr(launch, 'UNREACHABLE_AFTER', 1.03)
        patch.setattr(heartbeats, 'PATIENCE', 0.01)
        yield


_READS = frozenset('query paraminfo login clientlogin logout centralauthtoken'.split())

#: What is said of targets where an operator who was demoted is refused.
_REFUSED = (
    SkipReason.NO_RIGHT.value,
    SkipReason.WIKI_SET.value,
    # Where the rights were read before that.
    f'{SkipReason.REFUSED.value}: permissiondenied ',
)

What = TypeVar('What', bound=Hashable)


@dataclass(frozen=True, slots=True)
class Change(Generic[What]):
    """What became of something, and by or after which request.

    :ivar is_ours: whether it was that request, and not a colleague
    """

    serial: int
    is_ours: bool
    where: What
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Deed:
    """What a colleague does to a target while the campaign is at work.

    :ivar which: its number
    :ivar after: right after a look at this very target (`look`), or after any `write`
        or `read` of the campaign
    :ivar nth: after which of them
    """

    what: str
    which: int
    after: str
    nth: int


@dataclass
class Tally:
    """What the schedules have met, for the end."""

    kinds: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    lost: int = 0


class Witness(Journal):
    """A journal that lets things happen right after a request, and remembers when."""

    def __init__(self) -> None:
        super().__init__()
        #: Told of every request, in the thread of the sandbox.
        self.heard: Callable[[Entry], None] = lambda entry: None
        #: Whatever it raised, for the thread that judges.
        self.failure: BaseException | None = None

    def write(self, entry: Entry) -> None:
        super().write(entry)
        try:
            self.heard(entry)
        except BaseException as error:  # noqa: BLE001  # raised at the end
            self.failure = self.failure or error


class Scene(Protocol):
    """Where a campaign is watched.

    :ivar witness: the journal of the sandbox
    :ivar operator: whose campaign it is
    """

    sandbox: Sandbox
    witness: Witness
    operator: str

    @property
    def ledger(self) -> Ledger:
        """The ledger of its campaigns."""


class ScriptNight:
    """Scripts on a farm where all goes wrong."""

    def __init__(self, farm: Farm, sandbox: Sandbox, home: Path, folder: Path) -> None:
        """Take a farm whose accounts and pages nobody else needs.

        :param home: pywikibot's own directory
        :param folder: for the ledger, the lists and the reports
        """
        self.sandbox = sandbox
        self.folder = folder
        self.operator = farm.operator.name
        self.tally = Tally()
        self.witness = sandbox.journal = Witness()
        self._farm = farm
        self._home = home
        self._path = folder / 'ledger.sqlite3'
        self.ledger = Ledger(str(self._path))
        self._groups = sandbox.call(self._groups_of_operator)
        self.said: list[str] = []

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def arm(self, faults: Sequence[Fault]) -> None:
        """Let things go wrong from now on."""
        for fault in faults:
            if fault['kind'] == 'autocreate-race':
                self._visit(fault['wiki'])
            self.sandbox.faults.arm(**fault)

    def carry_through(
        self, name: str, first: Sequence[str], *more: str, disk: Sequence[int] = ()
    ) -> Campaign:
        """Start a script, and go on with its campaign until that has ended.

        :param name: the campaign
        :param first: the script, and what it is started with
        :param more: what every run is given
        :param disk: kilobytes that a file may have in the first runs; 0 for any number
        """
        limits = itertools.chain(disk, itertools.repeat(0))
        for number in range(MOST_STARTS):
            if number == DAWN:
                self._end_faults()
            line = self._next_line(name, first)
            if line is None:
                break
            code = self.start(*line, *more, largest_file=next(limits))
            self.tally.ends[code.name] += 1
            assert code in _ENDS or self._is_half_listed(name), self.said[-1]
            if code not in (ExitCode.DONE, ExitCode.FAILED) or self._is_stale():
                self._begin_anew()
                self._help()
        self._end_faults()
        self._help()
        campaign = self.ledger.find(name)
        assert campaign is not None and campaign.finished_at, self.said[-1]
        return campaign

    def start(self, name: str, *args: str, largest_file: int = 0) -> ExitCode:
        """Start a script once."""
        stream = io.StringIO()
        with _full_disk(largest_file), redirect_stdout(stream), redirect_stderr(stream):
            code: ExitCode = script(name).main(*args, f'-ledger:{self._path}')
        self.said.append(f'$ {name} {" ".join(args)}\n{stream.getvalue()}({code!r})')
        assert 'Traceback' not in self.said[-1]
        return code

    def reported(self, campaign: Campaign) -> dict[str, dict[str, Any]]:
        """Return what the report says of each target."""
        code = self.start('campaign', 'report', campaign.name, str(self.folder))
        assert code is ExitCode.DONE, self.said[-1]
        path = self.folder / f'{campaign.name}.json'
        rows = json.loads(path.read_text())['targets']
        # What is done to a page first, where several things are.
        return {row['target']: row for row in reversed(rows)}

    def count(self, campaign: Campaign, watch: Watch[Any]) -> None:
        """Remember what was met, for the end."""
        entries = watch.entries
        self.tally.deeds.update(watch.met)
        for target in self.ledger.targets(campaign):
            skipped = target.decision.skipped
            why = skipped.value if skipped else (target.detail or '').partition(':')[0]
            words = re.sub(r'\d+', 'N', f'{target.state.value}: {why}')
            self.tally.outcomes[words] += 1
        self.tally.requests += len(entries)
        self.tally.kinds.update(kind for entry in entries for kind in entry.fault)
        self.tally.lost += sum(
            entry.action == watch.write and not entry.answered for entry in entries
        )

    def _next_line(self, name: str, first: Sequence[str]) -> Sequence[str] | None:
        """Return what the operator starts next; None if nothing is left to be done."""
        campaign = self.ledger.find(name)
        if campaign is None:
            return first
        if campaign.listed_at is None:
            self.ledger.forget(campaign)
            return first
        if campaign.finished_at is None:
            return first[0], '-resume', f'-campaign:{name}', '-always'
        if any(map(_is_worth_a_try, self.ledger.targets(campaign))):
            return 'campaign', 'retry-failed', name, '-always'
        return None

    def _is_half_listed(self, name: str) -> bool:
        campaign = self.ledger.find(name)
        return campaign is not None and campaign.listed_at is None

    def _is_stale(self) -> bool:
        """Tell whether the session was renewed, which a run does a few times only."""
        # Those that are there; to make one, the wiki would be asked.
        sites = pywikibot._sites.values()
        return any(site.tokens.session.generation for site in sites)

    def _begin_anew(self) -> None:
        """Be a new process, which has to log in again."""
        self._farm.choose(self._home)

    def _end_faults(self) -> None:
        self.sandbox.faults.clear()
        self.sandbox.call(lambda farm: setattr(farm.sessions, 'autocreate_race', 0.0))

    def _groups_of_operator(self, farm: FarmState) -> tuple[Any, dict[str, Any]]:
        account = farm.accounts[self.operator]
        local = {code: each.groups for code, each in account.attached.items()}
        return account.groups, local

    def _help(self) -> None:
        """Give the operator back what the night took."""

        def help_out(farm: FarmState) -> None:
            farm.sessions.down = False
            if self.operator not in farm.accounts:
                farm.rename_account(f'{self.operator} (renamed)', self.operator)
            account = farm.accounts[self.operator]
            account.locked = False
            account.groups, local = self._groups
            for code, each in account.attached.items():
                each.groups = local[code]

        self.sandbox.call(help_out)

    def _visit(self, code: str) -> None:
        """Let the operator visit a wiki for the first time, right now."""

        def visit(farm: FarmState) -> None:
            account, wiki = farm.accounts[self.operator], farm.wikis[code]
            local = wiki.accounts.pop(account.name)
            del wiki.account_ids[local.id], account.attached[wiki.db]
            farm.sessions.log_in(Session(wiki), account, remember=False)
            account.attached[wiki.db].groups = local.groups

        self.sandbox.call(visit)


def _is_worth_a_try(target: Target) -> bool:
    """Tell whether a target has failed of something that passes."""
    if target.state is State.FAILED:
        return CHANGED not in (target.detail or '')
    skipped = target.decision.skipped
    return skipped is not None and skipped.is_transient


@contextmanager
def _full_disk(kilobytes: int) -> Iterator[None]:
    """Let no file become longer than this, as if the disk were full."""
    if not kilobytes:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _ignore(entry: Entry) -> None:
    """Let nothing happen."""


@dataclass
class _Seen(Generic[What]):
    """What is known after some of the requests.

    :ivar done: targets of which a write took effect
    :ivar unknown: those of which nobody knows
    :ivar looked: when each was last looked at
    :ivar written: the last write to each wiki
    :ivar looks: the last look before each write
    """

    done: set[What] = field(default_factory=set)
    unknown: set[What] = field(default_factory=set)
    looked: dict[What, int] = field(default_factory=dict)
    written: dict[str, tuple[int, What]] = field(default_factory=dict)
    looks: dict[int, int] = field(default_factory=dict)

    def forget(self, targets: Collection[What]) -> None:
        """Know no more what became of some targets."""
        self.unknown |= set(targets)
        for target in targets:
            self.looked.pop(target, None)


class Watch(Generic[What]):
    """All that the wikis see of one campaign, and what a colleague does meanwhile.

    What a target is, and what it looks like, is the business of the subclasses.

    :ivar planned: the targets as they were before the campaign
    :ivar touched: the targets that somebody else has changed
    :ivar entries: the requests
    :ivar met: what a colleague did, and how often it came too late to be noticed
    """

    #: The action that carries the campaign out.
    write: str
    #: Whether only one write at a time is made to a wiki.
    in_series = True

    def __init__(
        self,
        night: Scene,
        targets: Sequence[What],
        deeds: Sequence[Deed] = (),
        *,
        planned: dict[What, Any] | None = None,
        planned_in: str = '',
    ) -> None:
        """Begin to look.

        :param planned: the targets as they were before an earlier campaign
        :param planned_in: the campaign that a target has to be in the plan of, before a
            colleague does something to it
        """
        self.touched: set[What] = set()
        self.entries: list[Entry] = []
        self.met: Counter[str] = Counter()
        self._night = night
        self._operator = night.operator
        self._targets = targets
        self._deeds = list(deeds)
        self._campaign = planned_in
        self._requests: Counter[str] = Counter()
        self._changes: list[Change[What]] = []
        night.sandbox.call(self._begin)
        self.planned = planned or self._now

    def end(self) -> None:
        """Look no more, and let nothing more happen."""
        witness = self._night.witness
        self._night.sandbox.call(lambda farm: setattr(witness, 'heard', _ignore))
        if witness.failure is not None:
            raise witness.failure
        self.entries = witness.entries()
        self.touched |= {
            self.concerned(change) for change in self._changes if not change.is_ours
        }

    # What the subclasses know

    def look(self) -> dict[What, Any]:
        """Return what there is of the targets."""
        raise NotImplementedError

    def elsewhere(self) -> Any:
        """Return all that nobody has named."""
        raise NotImplementedError

    def do(self, what: str, target: What) -> None:
        """Let a colleague do something to a target."""
        raise NotImplementedError

    def read(self, entry: Entry) -> set[What]:
        """Return the targets that an answer tells something of."""
        raise NotImplementedError

    def shown(self, entry: Entry) -> set[What]:
        """Return the targets of which an answer shows all that is compared."""
        raise NotImplementedError

    def meant(self, entry: Entry) -> What:
        """Return the target of a write."""
        raise NotImplementedError

    def concerned(self, change: Change[What]) -> What:
        """Return the target that a change concerns."""
        return change.where

    def name_of(self, target: What) -> str:
        """Return what the campaign calls a target."""
        raise NotImplementedError

    # What happens, in the thread of the sandbox

    def _begin(self, farm: FarmState) -> None:
        self.farm = farm
        self._now = self.look()
        self._others = self.elsewhere()
        self._night.witness.clear()
        self._night.witness.heard = self._hear

    def _hear(self, entry: Entry) -> None:
        """Remember what a request has changed, and let a colleague do his deeds."""
        self._note(entry.serial, is_ours=True, expected=bool(entry.effect))
        heard = ['read'] if entry.action == 'query' else []
        heard += ['write'] if entry.action == self.write else []
        heard += [f'look {self.name_of(target)}' for target in self.shown(entry)]
        self._requests.update(heard)
        for deed in list(self._deeds):
            target = self._targets[deed.which % len(self._targets)]
            name = self.name_of(target)
            after = f'look {name}' if deed.after == 'look' else deed.after
            is_due = after in heard and self._requests[after] >= deed.nth
            if is_due and self._is_planned(name):
                self._deeds.remove(deed)
                self.do(deed.what, target)
                self._note(entry.serial, is_ours=False)
                self.met[f'{deed.what} after a {deed.after}'] += 1

    def _is_planned(self, name: str) -> bool:
        if not self._campaign:
            return True
        campaign = self._night.ledger.find(self._campaign)
        if campaign is None:
            return False
        target = self._night.ledger.named(campaign, [name], None).get(name)
        # Those of a wiki that did not answer have next to none.
        return target is not None and len(target.decision.facts) > 2

    def _note(self, serial: int, *, is_ours: bool, expected: bool = True) -> None:
        """Remember what has changed since the last time."""
        now = self.look()
        for where in self._now.keys() | now.keys():
            before, after = self._now.get(where), now.get(where)
            if before != after:
                assert expected, f'{where} changed without a request'
                self._changes.append(Change(serial, is_ours, where, before, after))
        self._now = now

    # What is judged

    def ours(self) -> Iterator[Change[What]]:
        """Yield what the campaign has changed."""
        return (change for change in self._changes if change.is_ours)

    def judge_requests(self, kills: Collection[int] = ()) -> dict[int, int]:
        """Hold the requests against the promise; return what was seen before each.

        After a write took effect there is no second one for that target; after a write
        of unknown outcome none before a read. Before each there was a look, and where
        writes are made in series nothing else was written to that wiki in between.

        :param kills: serial numbers of the last requests before somebody was killed
        :return: for each write the serial number of the last look
        """
        seen: _Seen[What] = _Seen()
        for entry in self.entries:
            assert entry.action in {*_READS, self.write}, f'nobody asked for {entry}'
            seen.unknown -= self.read(entry)
            seen.looked |= dict.fromkeys(self.shown(entry), entry.serial)
            if entry.action == self.write:
                self._judge_write(entry, seen)
            if entry.serial in kills:
                seen.forget({target for _, target in seen.written.values()})
        return seen.looks

    def _judge_write(self, entry: Entry, seen: _Seen[What]) -> None:
        target = self.meant(entry)
        story = self.story(target)
        assert entry.effect == '' or entry.user == self._operator, entry
        assert target not in seen.done, f'{target} was written again: {story}'
        assert target not in seen.unknown, f'{target} was written unread: {story}'
        assert target in seen.looked, f'{target} was written without a look: {story}'
        look = seen.looked[target]
        last, other = seen.written.get(entry.wiki, (0, target))
        if self.in_series and other != target:
            assert last < look, f'{target} waited for {other}: {story}'
        seen.written[entry.wiki] = entry.serial, target
        seen.looks[entry.serial] = look
        if entry.effect:
            seen.done.add(target)
        if _is_unknown(entry):
            seen.forget({target})

    def check_window(self, change: Change[What], looks: dict[int, int]) -> None:
        """See that a change which was overlooked came after the last look."""
        target = self.concerned(change)
        theirs = [
            each.serial
            for each in self._changes
            if not each.is_ours
            and each.serial < change.serial
            and self.concerned(each) == target
        ]
        story = self.story(target)
        assert theirs, f'{change} is not what was planned: {story}'
        assert looks[change.serial] <= theirs[-1], f'{change} was to be seen: {story}'
        self.met['in the window'] += 1

    def judge_rest(
        self,
        ours: Collection[What],
        reported: dict[str, dict[str, Any]],
    ) -> None:
        """See that nothing is left but what the report gives a reason for."""
        assert self.elsewhere() == self._others, 'something else was touched'
        assert set(reported) == set(map(self.name_of, self._targets))
        for target in self._targets:
            row = reported[self.name_of(target)]
            told = f'{target}: {row["state"]}, {row["changed"]}, {row["why"]}'
            story = f'{told}; {self.story(target)}'
            if target in ours:
                assert (row['state'], row['changed']) == ('done', True), story
                continue
            assert not row['changed'], f'not done by us: {story}'
            assert row['why'], f'nobody is told why: {story}'
            if target not in self.touched:
                assert row['state'] != 'done', f'not done: {story}'
                assert row['why'].startswith(_REFUSED), f'lost: {story}'

    def story(self, target: What) -> str:
        """Tell what happened to a target."""
        lines = [
            f'{e.serial} {e.action} {e.result} {e.effect} {e.status} {e.fault}'
            for e in self.entries
            if target in self.read(e)
            or (e.action == self.write and self.meant(e) == target)
        ]
        lines += [str(c) for c in self._changes if self.concerned(c) == target]
        return '\n'.join(['', *lines])


def _is_breakdown(entry: Entry) -> bool:
    """Tell whether a wiki broke down, so that nobody knows what was carried out."""
    return entry.result.startswith('internal_api_error') and (
        'ReadOnly' not in entry.result
    )


def _is_unknown(entry: Entry) -> bool:
    """Tell whether a write may have been carried out, for all that its sender knows."""
    lost = not entry.answered and entry.status != 429
    return lost or _is_breakdown(entry)


# What colleagues do, and what goes wrong.


def draw_deeds(chance: random.Random, targets: int, what: Sequence[str]) -> list[Deed]:
    """Draw what a colleague does to one or two of the targets, if anything."""
    return [
        Deed(
            chance.choice(what),
            which,
            chance.choice(['look', 'write', 'read']),
            chance.choice([1, 1, 2, 3, 5]),
        )
        for which in chance.sample(range(targets), min(targets, 2))
        if chance.random() < 0.5
    ]


def draw_disk(chance: random.Random) -> list[int]:
    """Draw how many kilobytes a file may have in the first runs; 0 for any number."""
    if chance.random() < 0.85:
        return []
    return [chance.choice([0, chance.randint(40, 160)]), chance.randint(40, 160)]


@dataclass(frozen=True, slots=True)
class Faults:
    """Draws faults for a campaign.

    :ivar write: the API action that carries it out
    :ivar targets: how many it has
    :ivar wikis: those that it writes to
    """

    write: str
    targets: int
    wikis: Sequence[str]

    def draw(self, seed: int, chance: random.Random, most: int) -> list[Fault]:
        """Draw some faults; answers are lost on most nights, one in ten."""
        makers = chance.choices(list(_MAKERS), list(_MAKERS.values()), k=most)
        faults = [make(self, chance) for make in makers[: chance.randint(1, most)]]
        if chance.random() < 0.6:
            lost = {'kind': 'drop', 'when': 'after', 'probability': 0.1, 'times': 0}
            faults.append({**lost, 'action': self.write})
        return [{'seed': seed, **fault} for fault in faults]

    def which(self, chance: random.Random) -> Fault:
        """Hit one certain write, or each of some kind with some probability."""
        if chance.random() < 0.5:
            return {'action': self.write, 'nth': chance.randint(1, self.targets)}
        action = chance.choice([self.write, self.write, 'query', '', *_MINT])
        return {
            'action': action,
            'probability': chance.choice([0.1, 0.3, 0.6]),
            'times': chance.randint(1, 6),
        }

    def lost(self, chance: random.Random) -> Fault:
        kind = chance.choice(LOST)
        when = chance.choice(['after', 'after', 'before'])
        return {'kind': kind, 'when': when, **self.which(chance)}

    def broken_server(self, chance: random.Random) -> Fault:
        status = chance.choice([500, 502, 503, 504])
        kind, when = chance.choice(['html', 'http']), chance.choice(['before', 'after'])
        return {'kind': kind, 'status': status, 'when': when, **self.which(chance)}

    def gateway(self, chance: random.Random) -> Fault:
        status, when = chance.choice([200, 504]), chance.choice(['before', 'after'])
        return {'kind': 'gateway', 'status': status, 'when': when, **self.which(chance)}

    def too_many(self, chance: random.Random) -> Fault:
        return {'kind': 'retry-after', 'seconds': 5.0, **self.which(chance)}

    def refused(self, chance: random.Random) -> Fault:
        kinds = ['maxlag', 'ratelimited', 'readonly', 'centralauth-readonly']
        return {'kind': chance.choice(kinds), **self.which(chance)}

    def read_only_wiki(self, chance: random.Random) -> Fault:
        """Let one wiki be read only for a while, or all night."""
        wiki, times = chance.choice(self.wikis), chance.choice([0, 3, 5, 9])
        return {'kind': 'readonly', 'wiki': wiki, 'times': times, 'action': self.write}

    def unreachable_wiki(self, chance: random.Random) -> Fault:
        """Let one wiki not answer for a while."""
        kind = chance.choice(['drop', 'http', 'html', 'empty'])
        status = {} if kind == 'drop' else {'status': 503}
        wiki, times = chance.choice(self.wikis), chance.choice([4, 12, 40])
        return {'kind': kind, 'wiki': wiki, 'times': times, **status}

    def breakdown(self, chance: random.Random) -> Fault:
        when = chance.choice(['before', 'after'])
        which = {**self.which(chance), 'action': self.write}
        return {'kind': 'cas-race', 'when': when, **which}

    def expired(self, chance: random.Random) -> Fault:
        kind = chance.choice(['expire-csrf', *['expire-centralauthtokens'] * 2])
        when = chance.choice(['before', 'after'])
        return {'kind': kind, 'when': when, **self.which(chance)}

    def new_account(self, chance: random.Random) -> Fault:
        """Let the account of one wiki be so new that tokens fail there."""
        seconds = chance.choice([0.05, 0.1, 0.2])
        wiki = chance.choice(self.wikis)
        return {'kind': 'autocreate-race', 'seconds': seconds, 'wiki': wiki}

    def session_ended(self, chance: random.Random) -> Fault:
        remembered = chance.random() < 0.6
        return {'kind': 'lose-session', 'remembered': remembered, **self.one(chance)}

    def operator_hit(self, chance: random.Random) -> Fault:
        kinds = ['demote', 'lock-operator', 'rename-operator', 'session-store-down']
        return {'kind': chance.choice(kinds), **self.one(chance)}

    def clock_jump(self, chance: random.Random) -> Fault:
        seconds = chance.choice([61.0, 3700.0, 86400.0])
        return {'kind': 'clock-jump', 'seconds': seconds, **self.which(chance)}

    def slow(self, chance: random.Random) -> Fault:
        when = chance.choice(['before', 'after'])
        return {'kind': 'slow', 'seconds': 0.02, 'when': when, **self.one(chance)}

    def one(self, chance: random.Random) -> Fault:
        """Hit one certain request, be it a write or another."""
        action = chance.choice([self.write, self.write, '', *_MINT])
        return {'action': action, 'nth': chance.randint(1, self.targets)}


_MINT = ['centralauthtoken']

_MAKERS: dict[Callable[[Faults, random.Random], Fault], int] = {
    Faults.lost: 10,
    Faults.broken_server: 4,
    Faults.gateway: 2,
    Faults.too_many: 3,
    Faults.refused: 4,
    Faults.read_only_wiki: 2,
    Faults.unreachable_wiki: 2,
    Faults.breakdown: 3,
    Faults.expired: 4,
    Faults.new_account: 2,
    Faults.session_ended: 3,
    Faults.operator_hit: 2,
    Faults.clock_jump: 2,
    Faults.slow: 1,
}
