"""Undos of global blocks, whatever operators, colleagues, renames and the clock do.

Each target of a world goes its own way. Judged by the log of global blocks alone, with
the knowledge of which run each entry was made in, and of who had its name just then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import pywikibot

from centralauth_sandbox import Sandbox
from mw_tokens_plugin.actions.globalblock import SetGlobalBlock

from .colleagues import COLLEAGUE, OPERATOR, lift_block, set_block
from .desk import Run
from .farms import Farm
from .night_seeds import Seeds, parametrize, told
from .test_global_block import spam

pytestmark = [
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
    pytest.mark.usefixtures('hurried'),
]

#: Worlds that are drawn, with so many targets each.
WORLDS = 70
ACCOUNTS = spam(*range(1, 9))
TARGETS = (
    *ACCOUNTS,
    *(f'192.0.2.{number}' for number in range(1, 21)),
    *('198.51.100.0/25', '2001:DB8:0:5:0:0:0:0/64'),
)
STEPS = 10

#: Ends of blocks: some of them come within a walk.
SOON, LATE = '1 hour', '2099-01-01'
HOUR = 3600


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc, [(range(WORLDS),)], few='1@tests')


class Content(NamedTuple):
    """What a block does, and until when."""

    expiry: str
    anononly: bool
    autoblock: bool
    reason: str


@dataclass(frozen=True)
class Version:
    """What a target has, by whose work.

    :ivar owner: the campaign; None for what a person has done by hand
    """

    owner: str | None = None
    content: Content | None = None


class Killed(BaseException):
    """The process is no more."""


class World:
    """Some targets, and all that is done to them, as a seed has it."""

    def __init__(
        self,
        seed: int,
        pwb: Callable[..., Run],
        farm: Farm,
        sandbox: Sandbox,
        patch: pytest.MonkeyPatch,
    ) -> None:
        self.seed = seed
        self._farm = farm
        self._chance = random.Random(f'walk {seed}')
        self._pwb = pwb
        self._sandbox = sandbox
        self._patch = patch
        self._said: list[str] = []
        self._seen = 0
        self._now = {target: Version() for target in TARGETS}
        #: What each campaign has found of the targets that it has changed.
        self._before: dict[str, dict[str, Version]] = {}
        self._operators = (farm.operator.name, farm.sysop.name)
        #: Who runs each campaign; they share a ledger.
        self._by: dict[str, str] = {}
        self._writers: dict[str, set[str]] = {target: set() for target in TARGETS}
        #: The targets of blocks by their numbers, as the log has them.
        self._numbers: dict[str, str] = {}
        #: What targets are called by now, by what they were called at the beginning.
        self._names = {target: target for target in TARGETS}
        self._ids: dict[int, str] = {}
        #: Which of the accounts are attached on the central wiki.
        self._attached = self._chance.choices(('all', 'none', 'some'), (5, 3, 1))[0]

    def play(self) -> None:
        """Go some steps."""
        for target in TARGETS:
            lift_block(self._sandbox, target)
        self._sandbox.call(self._promote)
        self._sandbox.call(self._settle)
        self._wait()
        self._new_entries()
        with told(self, self._said), ExitStack() as stack:
            stack.callback(self._rename, dict(zip(ACCOUNTS, ACCOUNTS, strict=True)))
            self._meddle(0.4)
            for number in range(STEPS):
                begun = [name for name, found in self._before.items() if found]
                if begun and self._chance.random() < 0.5:
                    self._undo(self._chance.choice(begun), number)
                else:
                    self._begin(f'{self.seed}-{number}')
                self._wait(HOUR if self._chance.random() < 0.15 else 0)
                self._meddle(0.2)

    def _promote(self, farm: Any) -> None:
        account = farm.central.accounts[self._farm.sysop.name]
        account.groups = type(account.groups)({*account.groups, 'steward'})

    def _settle(self, farm: Any) -> None:
        """Attach the accounts on the central wiki, or do not."""
        for name in ACCOUNTS:
            account, db = farm.accounts[name], farm.central.db
            self._ids[account.id] = name
            local = account.attached.pop(db, None)
            if local is not None:
                local.central = None
                del farm.central.accounts[name]
            if self._attached != 'none' and (
                self._attached == 'all' or self._chance.random() < 0.5
            ):
                farm.attach(account, farm.central, registration='2020-01-01T00:00:00Z')

    def _rename(self, names: dict[str, str]) -> None:
        """Give accounts other names, of which some may be those of each other."""

        def rename(farm: Any) -> None:
            for old in names:
                farm.rename_account(self._names[old], f'Renaming {old}')
            for old, new in names.items():
                farm.rename_account(f'Renaming {old}', new)

        self._sandbox.call(rename)
        self._names |= names
        self._said.append(f'names: {names}')

    def _move_on(self) -> None:
        """Let some accounts be renamed, with others taking their names, or swap."""
        chance, some = self._chance, list(ACCOUNTS)
        chance.shuffle(some)
        some = some[: chance.randint(1, 5)]
        named = [self._names[one] for one in some]
        new = f'Walker {self.seed} {chance.random()}'
        what = chance.choice(['ring', 'moved', 'apart'])
        if what == 'ring':
            self._rename(dict(zip(some, named[1:] + named[:1], strict=True)))
        elif what == 'moved':
            self._rename(dict(zip(some, [*named[1:], new], strict=True)))
        else:
            self._rename({one: f'{new} {place}' for place, one in enumerate(some)})

    def _begin(self, name: str) -> None:
        """Let the operator start a campaign."""
        chance = self._chance
        asked = chance.sample(TARGETS, chance.randint(5, len(TARGETS)))
        words = [self._names[target] for target in asked]
        if chance.random() < 0.3:
            ids = {target: number for number, target in self._numbers.items()}
            if chance.random() < 0.5:
                words = [ids.get(one, self._names[one]) for one in asked]
            words += ['-unblock', f'-reason:{chance.choice("xy")}']
        else:
            words.append(f'-reason:{chance.choice("xy")}')
            words.append(chance.choice(['-anononly', '-hardblock']))
            is_change = chance.random() < 0.6
            if is_change:
                words += ['-modify', '-allow-weaker']
            if not is_change or chance.random() < 0.7:
                words.append(f'-expiry:{chance.choice([SOON, LATE])}')
        self._before[name] = {}
        self._run(name, None, words)
        assert self._before[name].keys() <= {*asked}, 'others were written to'

    def _undo(self, undone: str, number: int) -> None:
        """Let the operator undo a campaign, and look at what has become of it."""
        words = [f'-undo:{undone}', '-reason:Back']
        name = f'{self.seed}-{number}'
        run = self._run(name, undone, words)
        assert run.code in (0, 1), run.said
        for target, former in self._before[undone].items():
            if self._writers[target] != {self._by[name]}:
                # Nobody relies on what others have put into a shared ledger.
                continue
            now = self._now[target]
            is_left = self._lasting(now.content) != self._lasting(former.content)
            # The name in a block that was lifted by its number may be another's.
            is_told = 'the wiki does not tell which account that was' in run.out
            if self._attached == 'some':
                is_told |= 'the log does not tell it from another' in run.out
            is_done = now.owner != undone or not is_left
            assert is_done or is_told, f'{target} is not restored'

    def _run(self, name: str, undone: str | None, words: Collection[str]) -> Run:
        """Run the script, which may be killed or wait, while others go on."""
        named = (*words, f'-campaign:{name}', '-always')
        resume = ('-resume', f'-campaign:{name}', '-always')
        self._by[name] = who = self._chance.choices(self._operators, (9, 1))[0]
        usernames: Any = pywikibot.config.usernames[self._farm.family]
        self._patch.setitem(usernames, '*', who)
        how = self._chance.random()
        # What a colleague has done is undone by a plan that somebody has seen.
        if how < 0.2 or (undone is not None and self._by[undone] != who):
            self._start(name, undone, *named, '-simulate')
            self._wait()
            self._meddle(0.2)
            named = resume
        elif how < 0.45:
            kill = self._chance.randint(1, 8), self._chance.random() < 0.5
            with self._patch.context() as patch, suppress(Killed):
                patch.setattr(SetGlobalBlock, '_write', _deadly(*kill))
                return self._start(name, undone, *named)
            self._said.append(f'killed at {kill}')
            self._follow(name, undone)
            self._wait()
            self._meddle(0.2)
            named = resume
        elif how < 0.7:
            nth, when = self._chance.randint(1, 5), self._chance.choice(WHEN)
            self._sandbox.faults.arm(
                kind='drop', when=when, action='globalblock', nth=nth
            )
        run = self._start(name, undone, *named)
        if self._chance.random() < 0.3:
            self._wait()
            self._meddle(0.2)
            words = ('retry-failed', name, '-always')
            self._start(name, undone, *words, script='campaign')
        return run

    def _start(
        self, name: str, undone: str | None, *words: str, script: str = 'global_block'
    ) -> Run:
        run = self._pwb(script, *words)
        self._said += [f'{words}: {run.code}', run.said]
        self._follow(name, undone)
        return run

    def _meddle(self, often: float) -> None:
        """Let people act by hand, each entry for itself."""
        chance = self._chance
        for target in TARGETS:
            if chance.random() >= often:
                continue
            by = OPERATOR if chance.random() < 0.2 else COLLEAGUE
            content = self._now[target].content
            what = chance.choice(['set', 'lift', 'again'])
            if what in ('lift', 'again'):
                by_number, name = chance.random() < 0.3, self._names[target]
                lift_block(self._sandbox, name, by=by, by_number=by_number)
            if what == 'again' and self._lasting(content) and content:
                self._set(target, by, content)
            elif what == 'set':
                soft = target not in ACCOUNTS and chance.random() < 0.5
                end = self._moment(chance.choice([HOUR, 100 * HOUR]))
                reason = chance.choice(['x', 'y', 'Theirs'])
                self._set(target, by, Content(end, soft, False, reason))
            self._said.append(f'{target}: {what} by {by}')
        self._follow(None, None)
        self._wait()
        if chance.random() < 0.7:
            self._move_on()

    def _set(self, target: str, by: int, content: Content) -> None:
        about = content._asdict()
        set_block(self._sandbox, self._names[target], by=by, **about)

    def _follow(self, name: str | None, undone: str | None) -> None:
        """Take notice of new entries of the log, which one run has made, or people."""
        new, names = self._new_entries(), {v: k for k, v in self._names.items()}
        for entry in new:
            target = self._numbers.get(entry.target) or names[entry.target]
            now, content = self._now[target], entry.content
            if name is not None:
                self._writers[target].add(self._by[name])
            if name is None:
                self._now[target] = Version(None, content)
            elif undone is None:
                assert target not in self._before[name], f'{target} is written twice'
                self._before[name][target] = now
                self._now[target] = Version(name, content)
            else:
                assert now.owner == undone, f'{target} is touched, which is {now}'
                former = self._before[undone][target]
                assert content == self._lasting(former.content), target
                self._now[target] = Version(former.owner, content)
        for target, version in self._now.items():
            there = self._contents().get(target)
            assert self._lasting(version.content) == there, target

    def _new_entries(self) -> list[Entry]:
        def read(farm: Any) -> list[Entry]:
            return [
                Entry(entry.id, entry.title.name, _content_of(entry))
                for entry in farm.central.log
                if entry.type == 'gblblock' and entry.id > self._seen
            ]

        found: list[Entry] = self._sandbox.call(read)
        self._seen = max((entry.id for entry in found), default=self._seen)
        numbers: dict[str, str] = self._sandbox.call(
            lambda farm: {
                f'#{b.id}': self._ids.get(b.account, b.target)
                for b in farm.global_blocks
            }
        )
        self._numbers |= numbers
        return found

    def _contents(self) -> dict[str, Content]:
        found: dict[str, Content] = self._sandbox.call(
            lambda farm: {
                self._ids.get(b.account, b.target): Content(
                    b.expiry, b.anononly, b.autoblock, b.reason
                )
                for b in farm.global_blocks
            }
        )
        return found

    def _lasting(self, content: Content | None) -> Content | None:
        """Return what is left of a block that may have ended."""
        has_ended = content is not None and content.expiry <= self._moment()
        return None if has_ended else content

    def _moment(self, later: float = 0) -> str:
        moment: str = self._sandbox.call(
            lambda farm: farm.timestamp(farm.clock() + later)
        )
        return moment

    def _wait(self, seconds: int = 0) -> None:
        """Let some time pass: more than the precision with which it is known."""
        self._sandbox.command('advance-clock', seconds=5 + seconds)


WHEN = ('before', 'after')


class Entry(NamedTuple):
    """An entry of the log of global blocks.

    :ivar content: the block that it has made; None where it was lifted
    """

    id: int
    target: str
    content: Content | None


def _content_of(entry: Any) -> Content | None:
    if entry.action == 'gunblock':
        return None
    expiry, flags = entry.params['expiry'], entry.params['flags']
    if expiry != 'infinity':
        digits = [expiry[:4], *(expiry[n : n + 2] for n in range(4, 14, 2))]
        expiry = '{}-{}-{}T{}:{}:{}Z'.format(*digits)
    soft, auto = 'anon-only' in flags, 'enable-autoblock' in flags
    return Content(expiry, soft, auto, entry.comment)


def _deadly(nth: int, is_sent: bool) -> Callable[..., Any]:
    """Return a write at which the process is killed, before or after it is sent."""
    write, count = SetGlobalBlock._write, [0]

    def killing(self: SetGlobalBlock, target: Any) -> Any:
        count[0] += 1
        if count[0] < nth:
            return write(self, target)
        if is_sent:
            write(self, target)
        raise Killed

    return killing


def test_an_undo_restores_what_its_campaign_did_last_and_touches_nothing_else(
    pwb: Callable[..., Run],
    farm: Farm,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    seeds: Seeds,
) -> None:
    for seed in seeds:
        World(seed, pwb, farm, sandbox, monkeypatch).play()
