"""A night of deletions of global accounts, which nobody can undo.

Judged by what the wiki itself saw, request by request.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from centralauth_sandbox import Sandbox
from centralauth_sandbox.journal import Entry
from centralauth_sandbox.records import Account

from .farms import Farm
from .night import Fault, reads
from .night_scripts import (
    COLLEAGUE,
    Deed,
    Faults,
    ScriptNight,
    Watch,
    draw_deeds,
    draw_disk,
)

#: As many as a plan may have unless told otherwise.
MOST_TARGETS = 7
MOST_FAULTS = 4


class Content(NamedTuple):
    """What there is under a name."""

    central_id: int
    locked: bool
    groups: frozenset[str]
    edits: int


@dataclass(frozen=True)
class Schedule:
    """What goes wrong with one campaign, as a seed has it.

    :ivar disk: kilobytes that a file may have in the first runs; 0 for any number
    :ivar simulated: whether the plan is made by a run of its own
    """

    seed: int
    targets: int
    workers: int
    simulated: bool
    faults: list[Fault]
    deeds: list[Deed]
    disk: list[int]

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """Draw a schedule."""
        chance = random.Random(seed)
        targets = chance.randint(3, MOST_TARGETS)
        return cls(
            seed,
            targets,
            workers=chance.randint(1, 3),
            simulated=chance.random() < 0.5,
            faults=[
                fault
                for fault in Faults(_DELETE, targets, ['meta']).draw(
                    seed, chance, MOST_FAULTS
                )
                if fault['kind'] not in ELSEWHERE
            ],
            deeds=draw_deeds(chance, targets, DEEDS),
            disk=draw_disk(chance),
        )


_DELETE = 'deleteglobalaccount'
DEEDS = ('lock', 'edit', 'promote', 'delete', 'replace', 'replace and lock')

#: Faults that only other wikis than the central one meet.
ELSEWHERE = frozenset({'expire-centralauthtokens', 'autocreate-race'})


class AccountNight(ScriptNight):
    """Campaigns against accounts, each with accounts of its own."""

    def __init__(self, farm: Farm, sandbox: Sandbox, home: Path, folder: Path) -> None:
        """Take a farm whose accounts nobody else needs."""
        super().__init__(farm, sandbox, home, folder)
        self._numbers = itertools.count(1)

    def play(self, schedule: Schedule) -> None:
        """Delete, and judge it."""
        self.said.clear()
        name = f'accounts-{schedule.seed}'
        names = [f'Spambot {next(self._numbers):05}' for _ in range(schedule.targets)]
        watch = AccountWatch(self, names, schedule.deeds, planned_in=name)
        self.arm(schedule.faults)
        first = ['global_delete', *names, '-reason:By mistake', '-always']
        if schedule.simulated:
            first.append('-simulate')
        campaign = self.carry_through(
            name,
            (*first, f'-campaign:{name}'),
            f'-workers:{schedule.workers}',
            '-quiet',
            disk=schedule.disk,
        )
        watch.end()
        watch.judge(self.reported(campaign))
        self.count(campaign, watch)


class AccountWatch(Watch[str]):
    """What the wiki sees of a campaign against accounts."""

    write = _DELETE
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
            name, planned = change.where, self.planned[change.where]
            assert change.after is None, f'nobody asked for {change}'
            assert name not in ours, f'deleted twice: {change}'
            if change.before != planned:
                self.check_window(change, looks)
            ours.append(name)
        self.judge_rest(ours, reported)

    def look(self) -> dict[str, Content]:
        """Return the accounts that are there."""
        accounts = self.farm.accounts
        return {
            name: _content(accounts[name]) for name in self._targets if name in accounts
        }

    def elsewhere(self) -> dict[int, tuple[str, bool]]:
        """Return all accounts that nobody has named."""
        return {
            account.id: (account.home, account.locked)
            for account in self.farm.accounts.values()
            if account.name not in self._targets and self._operator not in account.name
        }

    def do(self, what: str, target: str) -> None:
        """Let a colleague do something to an account."""
        farm, account = self.farm, self.farm.accounts.get(target)
        if what in ('delete', 'replace', 'replace and lock'):
            if account is not None:
                farm.delete_account(account, farm.central, COLLEAGUE, 'mine')
            account = None
            if what != 'delete':
                account = farm.add_account(target, wikis=[farm.central.code])
        if account is None:
            return
        if what == 'promote':
            account.groups |= {'global-sysop'}
        if what == 'edit':
            local = next(iter(account.attached.values()))
            local.editcount += 1
        if 'lock' in what:
            farm.set_status(
                account,
                locked=True,
                hidden='',
                wiki=farm.central,
                operator=COLLEAGUE,
                reason='spam',
            )

    def read(self, entry: Entry) -> set[str]:
        """Return the accounts that an answer tells the state of."""
        if not entry.answered or entry.result != 'ok':
            return set()
        return reads(entry) & set(self._targets)

    def shown(self, entry: Entry) -> set[str]:
        """Return the accounts of which an answer shows all that is compared."""
        return self.read(entry)

    def meant(self, entry: Entry) -> str:
        """Return the account that is to be deleted."""
        name = entry.params['user']
        assert name in self._targets, f'nobody asked for {entry}'
        return name

    def name_of(self, target: str) -> str:
        """Return what the campaign calls an account."""
        return target


def _content(account: Account) -> Content:
    return Content(account.id, account.locked, account.groups, account.editcount)
