"""A night of global blocks, each of which leaves one entry in a public log.

Judged by what the wiki itself saw, request by request.
"""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from centralauth_sandbox import Sandbox
from centralauth_sandbox.farm import Farm as SandboxFarm
from centralauth_sandbox.globalblocks import GlobalBlock
from centralauth_sandbox.journal import Entry
from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.campaign.records import Campaign

from .farms import Farm
from .night import Fault
from .night_scripts import (
    COLLEAGUE,
    Deed,
    Faults,
    ScriptNight,
    Watch,
    draw_deeds,
    draw_disk,
)

#: As many as a plan may have.
MOST_TARGETS = 7
MOST_FAULTS = 4

WRITE = 'globalblock'
DEEDS = ('block', 'lift', 'change')

#: Faults that only other wikis, or other writes, meet.
ELSEWHERE = frozenset({'expire-centralauthtokens', 'autocreate-race'})

REASON = 'Long-term abuse'
DAY = 86400


class Content(NamedTuple):
    """The block that a target has."""

    id: int
    by: int
    expiry: str
    anononly: bool
    autoblock: bool


@dataclass(frozen=True)
class Schedule:
    """What goes wrong with one campaign, as a seed has it.

    :ivar blocked: which of the targets are blocked before
    :ivar simulated: whether the plan is made by a run of its own
    """

    seed: int
    targets: int
    blocked: list[int]
    workers: int
    simulated: bool
    faults: list[Fault]
    deeds: list[Deed]
    disk: list[int]

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """Draw a schedule."""
        chance = random.Random(f'blocks {seed}')
        targets = chance.randint(3, MOST_TARGETS)
        drawn = Faults(WRITE, targets, ['meta']).draw(seed, chance, MOST_FAULTS)
        return cls(
            seed,
            targets,
            blocked=[n for n in range(targets) if chance.random() < 0.3],
            workers=chance.randint(1, 3),
            simulated=chance.random() < 0.5,
            faults=[fault for fault in drawn if fault['kind'] not in ELSEWHERE],
            deeds=draw_deeds(chance, targets, DEEDS),
            disk=draw_disk(chance),
        )


class BlockNight(ScriptNight):
    """Campaigns of global blocks, each with targets of its own."""

    def __init__(self, farm: Farm, sandbox: Sandbox, home: Path, folder: Path) -> None:
        """Take a farm whose accounts nobody else needs."""
        super().__init__(farm, sandbox, home, folder)
        self._numbers = itertools.count(1)

    def play(self, schedule: Schedule) -> None:
        """Block, and judge it."""
        self.said.clear()
        name = f'blocks-{schedule.seed}'
        names = [self._target() for _ in range(schedule.targets)]

        def block(farm: SandboxFarm) -> None:
            for number in schedule.blocked:
                make_block(farm, names[number], 100)

        self.sandbox.call(block)
        watch = BlockWatch(self, names, schedule.deeds, planned_in=name)
        self.arm(schedule.faults)
        first = ['global_block', *names, f'-reason:{REASON}', '-always', '-modify']
        first += ['-expiry:3 years', '-hardblock', f'-campaign:{name}']
        if schedule.simulated:
            first.append('-simulate')
        campaign = self.carry_through(
            name, first, f'-workers:{schedule.workers}', '-quiet', disk=schedule.disk
        )
        watch.end()
        watch.judge(self.reported(campaign))
        self.count(campaign, watch)

    def reported(self, campaign: Campaign) -> dict[str, dict[str, Any]]:
        """Return what the two parts of the report say of each target."""
        code = self.start('campaign', 'report', campaign.name, str(self.folder))
        assert code is ExitCode.DONE, self.said[-1]
        return parts_of_report(self.folder, campaign.name)

    def _target(self) -> str:
        number = next(self._numbers)
        if number % 2:
            return f'Spambot {number // 2 + 1:05}'
        return f'198.51.{number // 256}.{number % 256}'


class BlockWatch(Watch[str]):
    """What the wiki sees of a campaign of global blocks."""

    write = WRITE
    in_series = False

    def judge(
        self, reported: dict[str, dict[str, Any]], kills: Collection[int] = ()
    ) -> None:
        """Hold what happened against the promise.

        :param kills: serial numbers of the last requests before somebody was killed
        """
        looks = self.judge_requests(kills)
        ours: list[str] = []
        for change in self.ours():
            name = change.where
            assert change.after is not None, f'nobody asked for {change}'
            assert change.after.by == 1, change
            assert name not in ours, f'blocked twice: {change}'
            if change.before != self.planned.get(name):
                self.check_window(change, looks)
            ours.append(name)
        # The log is public: each block has one entry there.
        logged = Counter(
            entry.title.name
            for entry in self.farm.central.log
            if entry.type == 'gblblock' and entry.title.name in self._targets
            if entry.user != COLLEAGUE
        )
        assert logged == Counter(ours), logged
        self.judge_rest(ours, reported)

    def look(self) -> dict[str, Content]:
        """Return the blocks that there are."""
        return {
            block.target: _content(block)
            for block in self.farm.global_blocks
            if block.target in self._targets
        }

    def elsewhere(self) -> dict[int, Content]:
        """Return all blocks of which nobody has spoken."""
        return {
            block.id: _content(block)
            for block in self.farm.global_blocks
            if block.target not in self._targets
        }

    def do(self, what: str, target: str) -> None:
        """Let a colleague do something to a block."""
        blocks = self.farm.global_blocks
        account = self.farm.accounts.get(target)
        found = blocks.find(target, account.id if account else 0)
        if what == 'lift' and found is not None:
            blocks.lift(found)
        elif what == 'change' or (what == 'block' and found is None):
            make_block(self.farm, target, 110, found)

    def read(self, entry: Entry) -> set[str]:
        """Return the targets that an answer tells the block of."""
        if not entry.answered or entry.result != 'ok':
            return set()
        asked = str(entry.params.get('bgtargets', ''))
        return {*asked.replace('\x1f', '|').split('|')} & set(self._targets)

    def shown(self, entry: Entry) -> set[str]:
        """Return the targets of which an answer shows all that is compared."""
        return self.read(entry)

    def meant(self, entry: Entry) -> str:
        """Return the target that is to be blocked."""
        name = str(entry.params['target'])
        assert name in self._targets, f'nobody asked for {entry}'
        return name

    def name_of(self, target: str) -> str:
        """Return what the campaign calls a target."""
        return target


def parts_of_report(folder: Path, name: str = 'killed') -> dict[str, dict[str, Any]]:
    """Return what the two parts of a report say of each target."""
    paths = folder.glob(f'{name}-a*.json')
    parts = [json.loads(path.read_text('utf-8'))['targets'] for path in paths]
    assert len(parts) == 2
    return {row['target']: row for rows in parts for row in rows}


def make_block(
    farm: Any, target: str, days: float, found: GlobalBlock | None = None
) -> None:
    """Let a colleague block a target, or change its block."""
    account, moment = farm.accounts.get(target), farm.clock()
    farm.global_blocks.keep(
        GlobalBlock(
            found.id if found else farm.global_blocks.next_id(),
            target,
            account.id if account else 0,
            2,
            farm.central.db,
            'Mine',
            farm.timestamp(moment),
            farm.timestamp(moment + days * DAY),
            autoblock=account is not None,
        )
    )


def _content(block: GlobalBlock) -> Content:
    return Content(block.id, block.by, block.expiry, block.anononly, block.autoblock)
