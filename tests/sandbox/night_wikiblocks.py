"""A night of blocks on many wikis, and of lifting them again.

Judged by the blocks of the wikis, after each request: the client never testifies for
itself, but for what it tells its operator.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from centralauth_sandbox.farm import Farm as FarmState
from centralauth_sandbox.journal import Entry
from centralauth_sandbox.records import Block
from centralauth_sandbox.titles import Title

from .night import Fault
from .night_pages import Place
from .night_reverts import VANDALS, forget_pages
from .night_scripts import (
    COLLEAGUE,
    Change,
    Deed,
    Faults,
    ScriptNight,
    Watch,
    draw_deeds,
    draw_disk,
)

WIKIS = ('meta', 'aa', 'bb', 'cc')
MOST_FAULTS = 4
DEEDS = ('block', 'change', 'lift')


@dataclass(frozen=True)
class Schedule:
    """What goes wrong with one campaign and with its undoing, as a seed has it.

    :ivar places: who has edited on which wiki
    :ivar disk: kilobytes that a file may have in the first runs; 0 for any number
    :ivar simulated: whether the plan is made by a run of its own
    """

    seed: int
    places: tuple[Place, ...]
    workers: int
    simulated: bool
    faults: list[Fault]
    deeds: list[Deed]
    disk: list[int]
    is_undone: bool
    undo_faults: list[Fault]
    undo_deeds: list[Deed]

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """Draw a schedule."""
        chance = random.Random(seed)
        wikis = chance.sample(WIKIS, chance.randint(2, len(WIKIS)))
        every = [Place(wiki, f'User:{name}') for wiki in wikis for name in VANDALS]
        places = tuple(chance.sample(every, chance.randint(2, len(every))))
        faults = [
            Faults(write, len(places), wikis).draw(seed, chance, MOST_FAULTS)
            for write in ('block', 'unblock')
        ]
        deeds = [
            [
                # Blocks are not looked at one by one, but all of a wiki at once.
                replace(deed, after=chance.choice(['write', 'read']))
                for deed in draw_deeds(chance, len(places), DEEDS)
            ]
            for _ in range(2)
        ]
        return cls(
            seed,
            places,
            workers=chance.randint(1, 3),
            simulated=chance.random() < 0.5,
            faults=faults[0],
            deeds=deeds[0],
            disk=draw_disk(chance),
            is_undone=chance.random() < 0.6,
            undo_faults=faults[1],
            undo_deeds=deeds[1],
        )


class WikiBlockNight(ScriptNight):
    """Campaigns against abusers on several wikis, and many undone at last."""

    def play(self, schedule: Schedule) -> None:
        """Block, lift, and judge both."""
        self.said.clear()
        name = f'wikiblocks-{schedule.seed}'
        more = (f'-workers:{schedule.workers}', '-quiet')
        self.sandbox.call(lambda farm: _vandalise(farm, schedule.places))
        first = ['crosswiki_block', *VANDALS, '-since:30d', '-expiry:infinite']
        first += ['-reason:Abuse', '-always', f'-campaign:{name}']
        if schedule.simulated:
            first.append('-simulate')
        watch = WikiBlockWatch(self, schedule.places, schedule.deeds, planned_in=name)
        self.arm(schedule.faults)
        campaign = self.carry_through(name, first, *more, disk=schedule.disk)
        watch.end()
        ours = watch.judge(self.reported(campaign))
        self.count(campaign, watch)
        if ours and schedule.is_undone:
            first = ['crosswiki_block', f'-undo:{name}', '-reason:Mistake']
            first += ['-always', f'-campaign:{name}-undo']
            undo = WikiBlockWatch(
                self, ours, schedule.undo_deeds, planned_in=f'{name}-undo'
            )
            undo.write = 'unblock'
            undo.touched |= watch.touched
            self.arm(schedule.undo_faults)
            campaign = self.carry_through(f'{name}-undo', first, *more)
            undo.end()
            undo.judge(self.reported(campaign))
            self.count(campaign, undo)
        self.sandbox.call(_forget)


class WikiBlockWatch(Watch[Place]):
    """What becomes of the blocks of a campaign."""

    write = 'block'

    def look(self) -> dict[Place, Block]:
        """Return the blocks that there are of the targets."""
        return {
            place: block
            for place in self._targets
            if (block := self._blocks(place).get(_user(place))) is not None
        }

    def elsewhere(self) -> dict[Place, Block]:
        """Return the blocks of all that nobody has named."""
        return {
            place: block
            for wiki in self.farm.wikis.values()
            for name, block in wiki.blocks.items()
            if (place := Place(wiki.code, f'User:{name}')) not in self._targets
        }

    def do(self, what: str, target: Place) -> None:
        """Let a colleague block somebody, change the block, or lift it."""
        blocks, user = self._blocks(target), _user(target)
        there = blocks.get(user)
        wiki = self.farm.wikis[target.wiki]
        if what == 'block' and there is None:
            number, now = wiki.next_id('block'), self.farm.timestamp()
            blocks[user] = Block(number, user, COLLEAGUE, 0, 'mine', now)
        elif what == 'change' and there is not None:
            now = self.farm.timestamp()
            blocks[user] = replace(there, by=COLLEAGUE, reason='mine', timestamp=now)
        elif what == 'lift' and there is not None:
            del blocks[user]
            wiki.write_log('block', 'unblock', COLLEAGUE, Title(2, user), 'mine')

    def read(self, entry: Entry) -> set[Place]:
        """Return nothing: the blocks are judged."""
        return set()

    def shown(self, entry: Entry) -> set[Place]:
        """Return nothing: the wikis themselves refuse a second block."""
        return set()

    def meant(self, entry: Entry) -> Place:
        """Return the target of a write."""
        raise NotImplementedError

    def name_of(self, target: Place) -> str:
        """Return what the campaign calls a user of a wiki."""
        return target.target

    def judge(self, reported: dict[str, dict[str, Any]]) -> list[Place]:
        """Hold the blocks against the promise, and return what was done.

        Nobody is blocked or unblocked twice, no block of a colleague is touched, and
        what the report calls done is what the wikis have seen.
        """
        assert self.elsewhere() == self._others, 'somebody else was touched'
        assert set(reported) >= set(map(self.name_of, self._targets))
        done = []
        for place in self._targets:
            row = reported[place.target]
            ours = [change for change in self.ours() if change.where == place]
            story = f'{place}: {row}; {self._changes}'
            assert len(ours) <= 1, f'written twice: {story}'
            for change in ours:
                before = change.before
                assert (before is None) is (self.write == 'block'), story
                if before is not None and before.by != self._operator:
                    self._check_looked(change, story)
                assert (row['state'], row['changed']) == ('done', True), story
                done.append(place)
            if not ours:
                assert not row['changed'], f'not done by us: {story}'
                is_done = (place in self.look()) is (self.write == 'block')
                assert is_done or row['why'], f'nobody is told why: {story}'
                assert place in self.touched, f'left undone: {story}'
        return done

    def _check_looked(self, change: Change[Place], story: str) -> None:
        """See that a block which was overlooked was changed after the last look.

        The API lifts a block by its number, which a change does not touch.
        """
        theirs = [
            each.serial
            for each in self._changes
            if not each.is_ours
            and each.where == change.where
            and each.serial < change.serial
        ]
        looks = [
            entry.serial
            for entry in self.entries
            if entry.wiki == change.where.wiki
            and 'bkids' in entry.params
            and entry.serial < change.serial
        ]
        assert theirs and looks and looks[-1] <= theirs[-1], f'overlooked: {story}'
        self.met['in the window'] += 1

    def _blocks(self, place: Place) -> dict[str, Block]:
        return self.farm.wikis[place.wiki].blocks


def _user(place: Place) -> str:
    return place.title.removeprefix('User:')


def _vandalise(farm: FarmState, places: tuple[Place, ...]) -> None:
    """Let the abusers edit."""
    for place in places:
        wiki, name = farm.wikis[place.wiki], _user(place)
        if name not in wiki.accounts:
            farm.attach(farm.accounts[name], wiki)
        wiki.edit(f'Page of {name}', 'Bad', user=name, user_id=wiki.accounts[name].id)


def _forget(farm: FarmState) -> None:
    """Let nobody be blocked, and nothing be found of what they did."""
    for wiki in farm.wikis.values():
        for name in VANDALS:
            wiki.blocks.pop(name, None)
    forget_pages(farm)
