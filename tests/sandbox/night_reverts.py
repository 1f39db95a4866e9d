"""A night of reverts on many wikis, and of restoring what they reverted.

Judged by the histories of the pages: the client never testifies for itself, but for
what it tells its operator.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from centralauth_sandbox.farm import Farm as FarmState
from centralauth_sandbox.journal import Entry
from centralauth_sandbox.records import Page, Revision

from .night import Fault
from .night_pages import Place
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

VANDALS = ('Spambot 00001', 'Spambot 00002')
LOCAL = 'Plain Sysop'
WIKIS = ('meta', 'aa', 'bb', 'cc')
MOST_FAULTS = 4
WRITES = ('rollback', 'edit')
DEEDS = ('edit', 'mend', 'delete')
GOOD = 'A good text'


@dataclass(frozen=True)
class Schedule:
    """What goes wrong with one campaign and with its undoing, as a seed has it.

    :ivar pages: on which wiki each page is, and which vandals edit it, one after the
        other
    :ivar disk: kilobytes that a file may have in the first runs; 0 for any number
    :ivar simulated: whether the plan is made by a run of its own
    :ivar hides: whether what is reverted is hidden, too
    """

    seed: int
    pages: tuple[tuple[str, tuple[str, ...]], ...]
    workers: int
    simulated: bool
    faults: list[Fault]
    deeds: list[Deed]
    disk: list[int]
    is_undone: bool
    undo_faults: list[Fault]
    undo_deeds: list[Deed]
    hides: bool

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """Draw a schedule."""
        chance = random.Random(seed)
        wikis = chance.sample(WIKIS, chance.randint(2, len(WIKIS)))
        pages = tuple(
            (wiki, tuple(chance.choices(VANDALS, k=chance.randint(1, 3))))
            for wiki in wikis
            for _ in range(chance.randint(1, 2))
        )
        number = len(pages)
        faults = [
            Faults(write, number, wikis).draw(seed, chance, MOST_FAULTS)
            for write in (chance.choice(WRITES), 'edit')
        ]
        deeds = [
            [
                # Pages are not looked at one by one, but all of a wiki at once.
                replace(deed, after=chance.choice(['write', 'read']))
                for deed in draw_deeds(chance, number, DEEDS)
            ]
            for _ in range(2)
        ]
        return cls(
            seed,
            pages,
            workers=chance.randint(1, 3),
            simulated=chance.random() < 0.5,
            faults=faults[0],
            deeds=deeds[0],
            disk=draw_disk(chance),
            is_undone=chance.random() < 0.6,
            undo_faults=faults[1],
            undo_deeds=deeds[1],
            hides=chance.random() < 0.4,
        )


class RevertNight(ScriptNight):
    """Campaigns against edits, each on pages of its own, and many undone at last."""

    def play(self, schedule: Schedule) -> None:
        """Revert, restore, and judge both."""
        self.said.clear()
        name = f'reverts-{schedule.seed}'
        more = (f'-workers:{schedule.workers}', '-quiet')
        places = [
            Place(wiki, f'Night {schedule.seed} page {number}')
            for number, (wiki, _) in enumerate(schedule.pages)
        ]
        self.sandbox.call(lambda farm: self._write(farm, places, schedule))
        first = ['crosswiki_rollback', *VANDALS, '-since:2h', '-reason:Abuse']
        first += ['-always', f'-campaign:{name}']
        if schedule.hides:
            first.append('-revdel:content,user')
        if schedule.simulated:
            first.append('-simulate')
        watch = RevertWatch(self, places, schedule.deeds, planned_in=name)
        self.arm(schedule.faults)
        campaign = self.carry_through(name, first, *more, disk=schedule.disk)
        watch.end()
        reported = self.reported(campaign)
        ours = watch.judge(reported, dict.fromkeys(places, GOOD), 1)
        watch.judge_hidden(ours if schedule.hides else [])
        self.count(campaign, watch)
        if ours and schedule.is_undone:
            bad = {place: watch.vandalised(place) for place in ours}
            first = ['crosswiki_rollback', f'-undo:{name}', '-reason:Mistake']
            first += ['-always', f'-campaign:{name}-undo']
            undo = RevertWatch(
                self, ours, schedule.undo_deeds, planned_in=f'{name}-undo'
            )
            undo.touched |= watch.touched
            self.arm(schedule.undo_faults)
            campaign = self.carry_through(f'{name}-undo', first, *more)
            undo.end()
            undo.judge(self.reported(campaign), bad, 2)
            undo.judge_hidden([])
            self.count(campaign, undo)
        self.sandbox.call(forget_pages)

    def _write(
        self, farm: FarmState, places: Sequence[Place], schedule: Schedule
    ) -> None:
        """Let vandals edit good pages."""
        operator = farm.accounts[self.operator]
        farm.added_rights = dict.fromkeys(operator.groups, ('deleterevision',))
        for place, (code, vandals) in zip(places, schedule.pages, strict=True):
            wiki = farm.wikis[code]
            for name in vandals:
                if name not in wiki.accounts:
                    farm.attach(farm.accounts[name], wiki)
            wiki.edit(place.title, GOOD, user=LOCAL)
            for number, name in enumerate(vandals):
                wiki.edit(place.title, f'Bad {number}', user=name)


class RevertWatch(Watch[Place]):
    """What becomes of the pages of a campaign."""

    write = 'rollback'

    def look(self) -> dict[Place, tuple[int, ...]]:
        """Return the revisions of the pages that are there."""
        return {
            place: tuple(revision.id for revision in page.revisions)
            for place in self._targets
            if (page := self._page(place)) is not None
        }

    def elsewhere(self) -> dict[Place, int]:
        """Return all pages that nobody has named."""
        return {
            place: page.latest.id
            for wiki in self.farm.wikis.values()
            for page in wiki.pages.values()
            if (place := Place(wiki.code, str(page.title))) not in self._targets
        }

    def do(self, what: str, target: Place) -> None:
        """Let a colleague do something to a page."""
        page = self._page(target)
        if page is None:
            return
        wiki = self.farm.wikis[target.wiki]
        if what == 'delete':
            wiki.delete(page, COLLEAGUE, 'mine')
        else:
            text = GOOD if what == 'mend' else f'By a colleague, on {target}'
            # Without a change there is no revision.
            if text != page.latest.text:
                wiki.edit(target.title, text, user=COLLEAGUE)

    def read(self, entry: Entry) -> set[Place]:
        """Return nothing: the histories are judged."""
        return set()

    def shown(self, entry: Entry) -> set[Place]:
        """Return nothing: the wikis themselves refuse what has changed."""
        return set()

    def concerned(self, change: Change[Place]) -> Place:
        """Return the page that a change concerns."""
        return change.where

    def meant(self, entry: Entry) -> Place:
        """Return the page that is written."""
        raise NotImplementedError

    def name_of(self, target: Place) -> str:
        """Return what the campaign calls a page."""
        return target.target

    def vandalised(self, place: Place) -> str:
        """Return the text that the campaign has reverted."""
        page = self._page(place)
        revisions = page.revisions if page else ()
        found = [each for each in revisions if each.user in VANDALS]
        return found[-1].text if found else ''

    def judge(
        self,
        reported: dict[str, dict[str, Any]],
        wanted: dict[Place, str],
        nth: int,
    ) -> list[Place]:
        """Hold the histories against the promise, and return what was done.

        Nobody is overwritten but the vandals, nothing is done twice, and what the
        report calls done is what the history has.

        :param wanted: the text that each page gets
        :param nth: the how manieth revision of the operator it is
        """
        assert self.elsewhere() == self._others, 'something else was touched'
        assert set(reported) >= set(map(self.name_of, self._targets))
        done = []
        for place in self._targets:
            row = reported[place.target]
            page = self._page(place)
            story = f'{place}: {row}; {page and page.revisions}; {self._changes}'
            if page is None:
                assert place in self.touched, story
                continue
            own = [each for each in page.revisions if each.user == self._operator]
            assert len(own) <= nth, f'written twice: {story}'
            if len(own) == nth:
                before = self._before(page, own[-1])
                author = VANDALS if nth == 1 else (self._operator,)
                assert before.user in author, f'overwritten: {story}'
                assert own[-1].text == wanted[place], story
                assert (row['state'], row['changed']) == ('done', True), story
                done.append(place)
            else:
                assert not row['changed'] and row['why'], story
                assert place in self.touched, f'left undone: {story}'
        return done

    def judge_hidden(self, places: Collection[Place]) -> None:
        """See that just the edits of vandals are hidden, on some of these pages.

        :param places: those of which edits may be hidden
        """
        for place in self._targets:
            page = self._page(place)
            for revision in page.revisions if page else ():
                may_be = place in places and revision.user in VANDALS
                hidden = revision.hidden
                story = f'{place}: {page and page.revisions}; {self._changes}'
                assert not hidden or may_be, f'hidden: {story}'
                assert hidden in (frozenset(), {'content', 'user'}), story

    def _page(self, place: Place) -> Page | None:
        return self.farm.wikis[place.wiki].page(place.title)

    def _before(self, page: Page, revision: Revision) -> Revision:
        return next(each for each in page.revisions if each.id == revision.parent)


def forget_pages(farm: FarmState) -> None:
    """Delete all that the vandals have edited: another campaign would find it."""
    for wiki in farm.wikis.values():
        for page in list(wiki.page_ids.values()):
            if any(revision.user in VANDALS for revision in page.revisions):
                wiki.delete(page, LOCAL, 'over')
