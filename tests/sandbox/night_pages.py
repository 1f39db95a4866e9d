"""A night of page deletions on many wikis, and of restoring what they deleted.

Judged by what the wikis themselves saw, request by request: the client never
testifies for itself, but for what it tells its operator.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from centralauth_sandbox.farm import Farm as FarmState
from centralauth_sandbox.journal import Entry
from centralauth_sandbox.records import Page
from centralauth_sandbox.titles import parse_title

from .night import Fault
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

VANDAL = 'Spambot 00001'
SYSOP = 'Plain Sysop'
REASON = 'Cross-wiki spam'
WIKIS = ('meta', 'aa', 'bb', 'cc')
MOST_FAULTS = 4

#: Seconds between two revisions of a page, which the API names by their seconds.
_STEP = 7


class Place(NamedTuple):
    """A title on a wiki."""

    wiki: str
    title: str

    @property
    def target(self) -> str:
        """What the campaign calls it."""
        return f'{self.wiki}wiki:{self.title}'


class Content(NamedTuple):
    """What there is under a title: the number of the page, and of its revisions."""

    page_id: int
    revisions: tuple[int, ...]


@dataclass(frozen=True)
class Schedule:
    """What goes wrong with one campaign and with its undoing, as a seed has it.

    :ivar pages: on which wiki each page is, and how many revisions it has
    :ivar libel: pages of which something else was deleted before, by others
    :ivar disk: kilobytes that a file may have in the first runs; 0 for any number
    :ivar simulated: whether the plan is made by a run of its own
    :ivar is_undone: whether all is restored in the end
    :ivar queue: how many requests the job queue waits before it deletes the next
        revision of a page; 0 if pages are deleted at once
    """

    seed: int
    pages: tuple[tuple[str, int], ...]
    libel: frozenset[int]
    workers: int
    simulated: bool
    faults: list[Fault]
    deeds: list[Deed]
    disk: list[int]
    is_undone: bool
    undo_faults: list[Fault]
    undo_deeds: list[Deed]
    queue: int

    @classmethod
    def of(cls, seed: int) -> Schedule:
        """Draw a schedule."""
        chance = random.Random(seed)
        wikis = chance.sample(WIKIS, chance.randint(2, len(WIKIS)))
        pages = tuple(
            (wiki, chance.choice([1, 1, 2, 3]))
            for wiki in wikis
            for _ in range(chance.randint(1, 2))
        )
        number = len(pages)
        drawn = cls(
            seed,
            pages,
            libel=frozenset(i for i in range(number) if chance.random() < 0.15),
            workers=chance.randint(1, 3),
            simulated=chance.random() < 0.5,
            faults=Faults('delete', number, wikis).draw(seed, chance, MOST_FAULTS),
            deeds=draw_deeds(chance, number, DEEDS),
            disk=draw_disk(chance),
            is_undone=chance.random() < 0.5,
            undo_faults=Faults('undelete', number, wikis).draw(
                seed, chance, MOST_FAULTS
            ),
            undo_deeds=draw_deeds(chance, number, UNDO_DEEDS),
            queue=chance.choice([0, 0, 0, chance.randint(1, 4)]),
        )
        # What somebody does to a page that is being deleted is deleted with it.
        return replace(drawn, deeds=[]) if drawn.queue else drawn


DEEDS = ('edit', 'delete', 'replace', 'move', 'protect')
UNDO_DEEDS = ('edit', 'restore', 'replace')


class PageNight(ScriptNight):
    """Campaigns against pages, each with pages of its own, and many undone at last."""

    def play(self, schedule: Schedule) -> None:
        """Delete, restore, and judge both."""
        self.said.clear()
        name = f'pages-{schedule.seed}'
        more = (f'-workers:{schedule.workers}', '-quiet')
        places = [
            Place(wiki, f'Night {schedule.seed} page {number}')
            for number, (wiki, _) in enumerate(schedule.pages)
        ]
        revisions = [number for _, number in schedule.pages]
        self.sandbox.call(
            lambda farm: write_pages(farm, places, revisions, schedule.libel)
        )
        listed = self.folder / 'pages.txt'
        listed.write_text(''.join(f'{p.wiki}wiki\t{p.title}\n' for p in places))
        first = ['crosswiki_delete', f'-file:{listed}', f'-reason:{REASON}', '-always']
        if schedule.simulated:
            first.append('-simulate')

        deletions = DeletionWatch(self, places, schedule.deeds, planned_in=name)
        deletions.delete_in_batches(schedule.queue)
        self.arm(schedule.faults)
        campaign = self.carry_through(
            name, (*first, f'-campaign:{name}'), *more, disk=schedule.disk
        )
        deletions.end()
        ours = deletions.judge(self.reported(campaign))
        deletions.delete_in_batches(0)
        self.count(campaign, deletions)
        if not ours or not schedule.is_undone:
            return

        restorations = RestorationWatch(
            self, ours, schedule.undo_deeds, planned=deletions.planned
        )
        restorations.touched |= deletions.touched
        self.arm(schedule.undo_faults)
        first = ['crosswiki_delete', f'-undo:{name}', '-reason:Mistake', '-always']
        name = f'{name}-undo'
        campaign = self.carry_through(name, (*first, f'-campaign:{name}'), *more)
        restorations.end()
        restorations.judge(self.reported(campaign))
        self.count(campaign, restorations)


class PageWatch(Watch[Place]):
    """What the wikis see of a campaign against pages."""

    def look(self) -> dict[Place, Content]:
        """Return the pages that are there, under their titles or moved."""
        found = {}
        for place in [*self._targets, *map(_moved, self._targets)]:
            page = self.farm.wikis[place.wiki].page(place.title)
            if page is not None:
                found[place] = _content(page)
        return found

    def elsewhere(self) -> dict[Place, Content]:
        """Return all pages that nobody has named."""
        named = {*self._targets, *map(_moved, self._targets)}
        return {
            place: _content(page)
            for wiki in self.farm.wikis.values()
            for page in wiki.pages.values()
            if (place := Place(wiki.code, str(page.title))) not in named
        }

    def do(self, what: str, target: Place) -> None:
        """Let a colleague do something to a page."""
        wiki = self.farm.wikis[target.wiki]
        page = wiki.page(target.title)
        if what == 'protect' and page is not None:
            page.protection['edit'] = ('sysop', 'infinity')
        if what in ('delete', 'replace') and page is not None:
            wiki.delete(page, COLLEAGUE, 'mine')
        if what in ('edit', 'replace'):
            wiki.edit(target.title, f'A page for {target}', user=COLLEAGUE)
        if what == 'move' and page is not None:
            to = parse_title(_moved(target).title)
            assert to is not None
            wiki.move(page, to, wiki.accounts[COLLEAGUE], 'better', redirect=False)
        if what == 'restore' and page is None:
            title = parse_title(target.title)
            assert title is not None
            wiki.undelete(title, COLLEAGUE, 'why?')

    def read(self, entry: Entry) -> set[Place]:
        """Return the pages that an answer tells something of."""
        if entry.action != 'query' or not entry.answered or entry.result != 'ok':
            return set()
        titles, ids = _values(entry, 'titles'), _values(entry, 'pageids')
        return {
            place
            for place in self._targets
            if place.wiki == entry.wiki
            and (
                not {place.title, _moved(place).title}.isdisjoint(titles)
                or str(self.planned[place].page_id) in ids
            )
        }

    def concerned(self, change: Change[Place]) -> Place:
        """Return the page that a change concerns, wherever that is now."""
        numbers = {each.page_id for each in (change.before, change.after) if each}
        for place in self._targets:
            is_same = self.planned[place].page_id in numbers
            if change.where == place or (is_same and change.where == _moved(place)):
                return place
        raise AssertionError(f'nobody asked for {change}')

    def name_of(self, target: Place) -> str:
        """Return what the campaign calls a page."""
        return target.target


class DeletionWatch(PageWatch):
    """What the wikis see of deletions."""

    write = 'delete'
    _queue = _wait = 0

    def delete_in_batches(self, queue: int) -> None:
        """Let the job queue delete all but the first revision of each page.

        :param queue: how many requests it waits before each; 0 for no batches
        """
        self._queue = self._wait = queue

        def change(farm: FarmState) -> None:
            for wiki in farm.wikis.values():
                wiki.deletions.batch = 1 if queue else 1000

        self._night.sandbox.call(change)

    def _hear(self, entry: Entry) -> None:
        super()._hear(entry)
        for wiki in self.farm.wikis.values():
            if wiki.deletions.jobs:
                self._wait -= 1
                if self._wait <= 0:
                    self._wait = self._queue
                    wiki.deletions.jobs.pop(0)()
                    self._note(entry.serial, is_ours=True)
                    self.met['deleted by the job queue'] += 1

    def judge(
        self, reported: dict[str, dict[str, Any]], kills: Collection[int] = ()
    ) -> list[Place]:
        """Hold what happened against the promise, and return what was deleted.

        :param kills: serial numbers of the last requests before somebody was killed
        """
        looks = self.judge_requests(kills)
        ours: list[Place] = []
        for change in self.ours():
            place, before = self.concerned(change), change.before
            planned = self.planned[place]
            if self._queue and change.after is not None:
                assert before and set(change.after.revisions) < set(before.revisions)
                continue
            assert change.after is None, f'nobody asked for {change}'
            assert before and before.page_id == planned.page_id, f'another: {change}'
            assert place not in ours, f'deleted twice: {change}'
            is_rest = self._queue and set(before.revisions) < set(planned.revisions)
            if (change.where, before) != (place, planned) and not is_rest:
                self.check_window(change, looks)
            ours.append(place)
        # A page that was moved in that window is found out as well.
        self.judge_rest(ours, reported)
        return [p for p in self._targets if reported[self.name_of(p)]['changed']]

    def shown(self, entry: Entry) -> set[Place]:
        """Return the pages whose revisions are listed."""
        prop = entry.params.get('prop', '')
        is_whole = 'revisions' in prop and 'pageids' in entry.params
        return self.read(entry) if is_whole else set()

    def meant(self, entry: Entry) -> Place:
        """Return the page that is to be deleted."""
        for place in self._targets:
            number = str(self.planned[place].page_id)
            if (place.wiki, number) == (entry.wiki, entry.params.get('pageid')):
                return place
        raise AssertionError(f'nobody asked for {entry}')


class RestorationWatch(PageWatch):
    """What the wikis see of restorations."""

    write = 'undelete'

    def judge(self, reported: dict[str, dict[str, Any]]) -> None:
        """Hold what happened against the promise."""
        looks = self.judge_requests()
        ours: list[Place] = []
        for change in self.ours():
            place = self.concerned(change)
            assert change.after is not None, f'nobody asked for {change}'
            assert place not in ours, f'restored twice: {change}'
            there = set(change.before.revisions if change.before else ())
            restored = set(change.after.revisions) - there
            assert restored == set(self.planned[place].revisions), change
            if change.before is not None:
                self.check_window(change, looks)
            ours.append(place)
        self.judge_rest(ours, reported)

    def shown(self, entry: Entry) -> set[Place]:
        """Return the pages whose deleted revisions are listed, or the log of them.

        That a deletion is the latest entry shows that nothing has happened since.
        """
        is_whole = 'deletedrevisions' in entry.params.get('prop', '')
        is_latest = 'logevents' in entry.params.get('list', '')
        return self.read(entry) if is_whole or is_latest else set()

    def meant(self, entry: Entry) -> Place:
        """Return the page that is to be restored."""
        there = Place(entry.wiki, entry.params['title'])
        for place in self._targets:
            if there in (place, _moved(place)):
                return place
        raise AssertionError(f'nobody asked for {entry}')


def _content(page: Page) -> Content:
    return Content(page.id, tuple(sorted(revision.id for revision in page.revisions)))


def _values(entry: Entry, name: str) -> list[str]:
    text = entry.params.get(name, '')
    return text.lstrip('\x1f').split('\x1f' if '\x1f' in text else '|')


def _moved(place: Place) -> Place:
    return Place(place.wiki, f'{place.title} (moved)')


def write_pages(
    farm: FarmState,
    places: Sequence[Place],
    revisions: Sequence[int],
    libel: Collection[int] = (),
) -> None:
    """Let a vandal write pages.

    :param revisions: how many each of them has
    :param libel: those of which others have deleted something before
    """
    second = farm.clock() - 50_000
    for number, place in enumerate(places):
        wiki = farm.wikis[place.wiki]
        if number in libel:
            deleted = wiki.edit(place.title, 'libel', user='Somebody')
            deleted.timestamp = farm.timestamp(second)
            page = wiki.page(place.title)
            assert page is not None
            wiki.delete(page, SYSOP, 'libel')
        for _ in range(revisions[number]):
            second += _STEP
            revision = wiki.edit(place.title, f'Buy! {second}', user=VANDAL)
            revision.timestamp = farm.timestamp(second)
