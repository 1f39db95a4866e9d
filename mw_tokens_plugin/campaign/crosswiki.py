"""Deleting pages on many wikis, and restoring them, as actions of a campaign.

They decide what to hold back, look at each page once more right before it is deleted,
and settle by the deletion log; naming and reading pages is other modules' concern.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.campaign.pages import (
    LogEntry,
    Page,
    read_deleted,
    read_deleted_versions,
    read_deletions,
    read_page,
    read_pages,
)
from mw_tokens_plugin.campaign.plan import Action
from mw_tokens_plugin.campaign.records import (
    Decision,
    Held,
    Outcome,
    State,
    Target,
)
from mw_tokens_plugin.campaign.wikis import Wikis, split, wiki_by_wiki
from mw_tokens_plugin.exceptions import ApiRefusal
from mw_tokens_plugin.messages import said
from mw_tokens_plugin.site.requests import send_once

#: Pages with more revisions, or versions of a file, are none for a mass deletion, and
#: could not be restored: this many of each can be named in one request.
MOST_REVISIONS = 50

#: What the wiki says of a page that is gone.
_GONE = frozenset({'missingtitle', 'nosuchpageid', 'cantdelete'})


@dataclass(frozen=True, slots=True)
class PageGuards:
    """Which pages are never deleted.

    :ivar max_authors: pages with more authors are held back
    :ivar max_revisions: pages with more revisions are held back, and files with more
        versions
    :ivar begun_by: only pages that one of these accounts has begun; empty for any
    :ivar wikis: databases on which a right that is no global one is used too
    :ivar excluded: pages that are held back, as ``database:Title``
    """

    max_authors: int = 1
    max_revisions: int = 10
    begun_by: frozenset[str] = frozenset()
    wikis: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


class CrosswikiDelete(Action):
    """Delete pages, each wiki in series and the wikis side by side.

    The targets are named ``database:Title``.

    .. version-added:: 0.1
    """

    kind = 'crosswiki_delete'
    noun = 'page'
    fixed = frozenset({'title', 'page_id', 'revisions', 'versions'})

    def __init__(
        self,
        wikis: Wikis,
        *,
        reason: str,
        guards: PageGuards,
        reasons: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        """Say why, and what to hold back.

        :param wikis: the wikis that can be reached
        :param reason: for the log
        :param reasons: those for wikis of some languages, by language code
        :param tags: change tags for the log entries
        """
        self.wikis = wikis
        self.guards = guards
        self._reason = reason
        self._reasons = reasons or {}
        self._tags = tags
        #: The pages of the plan, by database and number: titles have many spellings.
        self._planned: set[tuple[str, int]] = set()
        self._excluded: dict[str, set[str]] = {}

    def describe(self) -> str:
        """Say in a word or two what is done to a page."""
        return said('campaign-verb-delete')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        sysops = facts.get('sysops')
        return {
            'active sysops': '' if sysops is None else str(sysops),
            'revisions': _count(facts, 'revisions'),
            'file versions': _count(facts, 'versions'),
            'authors': ', '.join(facts.get('authors') or ()),
            'redirect': 'yes' if facts.get('redirect') else '',
        }

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some pages, which are read in batches, wiki by wiki.

        Pages with more than one revision, or version of a file, cost one more read
        each, since a wiki lists the history of one page at a time.
        """
        yield from wiki_by_wiki(names, self._plan_wiki)

    def apply(self, target: Target) -> Outcome:
        """Delete one page, if it still has the revisions that it was planned with.

        A file goes with its page, in one entry of the log. ``action=delete`` has no
        way to say which revisions and versions are meant, so they are compared right
        before. In the moment between the two requests somebody may still save the
        page; it is named by its number, so that another page which took its title
        meanwhile is not hit.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        database, title = split(target.name)
        return self._delete(target, database, title)

    def settle(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether deletions of unknown outcome took effect; None if not."""
        for target in targets:
            database, title = split(target.name)
            site = self.wikis.site(database)
            page_id = target.decision.facts['page_id']
            exists, entries = read_deletions(site, title, page_id)
            ours = _found(entries, target, 'delete', self._reason_on(site))
            # What we deleted may have been restored since: it is done all the same.
            if ours is not None:
                yield target, ours
            elif exists:
                yield target, None
            else:
                yield target, _gone(site, title)

    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        guards = self.guards
        standing = self.wikis.standing(database, 'delete')
        held = standing.held
        if held is None and standing.is_local and database not in guards.wikis:
            held = Held.WIKI_SET
        about = {'wiki': database, 'sysops': standing.sysops}
        if held is not None:
            for name in names:
                yield Decision(name, held=held, facts=about)
            return
        site = self.wikis.site(database)
        titles = [split(name)[1] for name in names]
        for name, page in zip(names, read_pages(site, titles), strict=True):
            held = self._held_unread(database, page)
            if held is None:
                if not page.whole:
                    most = guards.max_revisions
                    page = read_page(site, most, titles=page.title) or page
                held = self._held(page)
                self._planned.add((database, page.id))
            facts = {**about, **page.facts()}
            yield Decision(name, held=held, facts=facts, lane=database)

    def _held_unread(self, database: str, page: Page) -> Held | None:
        if page.invalid:
            return Held.NO_TITLE
        if not page.exists:
            return Held.NO_FILE_PAGE if page.versions else Held.NO_PAGE
        if page.title in self._excluded_on(database):
            return Held.EXCLUDED
        return Held.TWICE if (database, page.id) in self._planned else None

    def _excluded_on(self, database: str) -> set[str]:
        """Return the titles that are held back, as the wiki writes them."""
        if database not in self._excluded:
            titles = [
                title
                for wiki, title in map(split, sorted(self.guards.excluded))
                if wiki == database
            ]
            pages = read_pages(self.wikis.site(database), titles)
            self._excluded[database] = {page.title for page in pages}
        return self._excluded[database]

    def _held(self, page: Page) -> Held | None:
        guards = self.guards
        most = guards.max_revisions
        if not page.whole or max(len(page.revisions), len(page.versions)) > most:
            return Held.REVISIONS
        if any(version.sha1 is None for version in page.versions):
            return Held.FILE
        if len(page.authors) > guards.max_authors:
            return Held.AUTHORS
        if guards.begun_by and not page.beginners <= guards.begun_by:
            return Held.NOT_FIRST
        return None

    def _delete(self, target: Target, database: str, title: str) -> Outcome:
        site = self.wikis.site(database)
        planned = target.decision.facts
        most = max(len(planned['revisions']), len(planned['versions']))
        page = read_page(site, most, pageids=planned['page_id'])
        if page is None:
            return _gone(site, title)
        now = page.facts()
        if any(now[key] != planned[key] for key in self.fixed):
            return Outcome(State.FAILED, detail='changed since the plan, and held back')
        parameters: dict[str, Any] = {
            'pageid': page.id,
            'reason': self._reason_on(site),
        }
        if self._tags:
            parameters['tags'] = list(self._tags)
        try:
            answer = send_once(site, 'delete', parameters)
        except ApiRefusal as error:
            if error.code not in _GONE:
                raise
            return _gone(site, title)
        return Outcome(
            State.DONE, changed=True, detail=f'log entry {answer.get("logid")}'
        )

    def _reason_on(self, site: Any) -> str:
        """Return the reason in the language of a wiki."""
        language = str(site.siteinfo['lang'])
        for code in (language, language.partition('-')[0]):
            if code in self._reasons:
                return self._reasons[code]
        return self._reason


class UndoCrosswikiDelete(Action):
    """Restore the revisions and file versions that a campaign has deleted, no others.

    .. version-added:: 0.1
    """

    kind = 'undo_crosswiki_delete'
    noun = 'page'

    def __init__(
        self,
        wikis: Wikis,
        *,
        reason: str,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]],
    ) -> None:
        """Say which campaign is undone.

        :param wikis: the wikis that can be reached
        :param reason: for the log
        :param recorded: returns the targets of that campaign by their names
        """
        self.wikis = wikis
        self._reason = reason
        self._recorded = recorded

    def describe(self) -> str:
        """Say in a word or two what is done to a page."""
        return said('campaign-verb-restore')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        return {
            'revisions': _count(facts, 'revisions'),
            'file versions': _count(facts, 'versions'),
        }

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on pages that the campaign has deleted."""
        yield from wiki_by_wiki(names, self._plan_wiki)

    def apply(self, target: Target) -> Outcome:
        """Restore one page, if nothing has happened to it since the plan.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        database, title = split(target.name)
        (deleted,) = self._recorded([target.name]).values()
        held, _by, file_ids = self._look(deleted)
        if held is not None:
            return Outcome(State.FAILED, detail=f'changed since the plan: {held.value}')
        revisions = target.decision.facts['revisions']
        # Each list restores what it names and nothing else: without `fileids` the
        # versions would stay deleted, and without both everything would come back.
        parameters: dict[str, Any] = {
            'title': title,
            'timestamps': sorted({moment for _number, moment in revisions}),
            'reason': self._reason,
        }
        if file_ids:
            parameters['fileids'] = file_ids
        answer = send_once(self.wikis.site(database), 'undelete', parameters)
        detail = f'{answer.get("revisions")} revisions'
        if file_ids:
            detail += f', {answer.get("fileversions")} file versions'
        return Outcome(State.DONE, changed=True, detail=detail)

    def settle(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether restorations of unknown outcome took effect; None if not."""
        for target in targets:
            database, title = split(target.name)
            site = self.wikis.site(database)
            there, entries = read_deletions(site, title)
            ours = _found(entries, target, 'restore', self._reason)
            # What we restored may have been deleted since: it is done all the same.
            if ours is not None:
                yield target, ours
            elif there and _is_whole(site, title, target):
                restored = (e.user for e in entries if e.action == 'restore')
                by = next(restored, None) or 'others'
                detail = f'restored meanwhile, by {by}'
                yield target, Outcome(State.DONE, detail=detail)
            else:
                yield target, None

    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        for name, target in self._recorded(names).items():
            held, by, _file_ids = self._look(target)
            facts = {**target.decision.facts, 'changed_by': by}
            yield Decision(name, held=held, facts=facts, lane=database)

    def _look(self, target: Target) -> tuple[Held | None, str | None, list[int]]:
        """Tell why a page is not to be restored, who changed it since, and file ids."""
        database, title = split(target.name)
        standing = self.wikis.standing(database, 'undelete')
        if standing.held is not None:
            return standing.held, None, []
        site = self.wikis.site(database)
        page, deleted, entry = read_deleted(site, title)
        by = entry.user if entry is not None else None
        if page.exists or page.versions:
            return Held.PAGE_EXISTS, by, []
        # The entry that the deletion itself was answered with, if it was answered.
        if entry is None or not _is_entry_of(entry, target):
            return Held.CHANGED_SINCE, by, []
        facts = target.decision.facts
        recorded = dict(map(tuple, facts['revisions']))
        if not recorded.keys() <= {revision.id for revision in deleted}:
            return Held.CHANGED_SINCE, None, []
        moments = set(recorded.values())
        if any(r.time in moments and r.id not in recorded for r in deleted):
            return Held.MIXED, None, []
        if not facts['versions']:
            return None, None, []
        held, file_ids = _chosen(site, facts)
        return held, None, file_ids


def _found(
    entries: Sequence[LogEntry], target: Target, action: str, reason: str
) -> Outcome | None:
    """Return the outcome of what was sent for a target, if the log has it."""
    for entry in entries:
        if (
            entry.action == action
            and entry.comment == reason
            and target.may_have_written_at(entry.timestamp, by=entry.user)
        ):
            detail = f'log entry {entry.id}, found in the log'
            return Outcome(State.DONE, changed=True, detail=detail)
    return None


def _gone(site: Any, title: str) -> Outcome:
    """Say who else has deleted a page, unless there is another one in its place."""
    there, entries = read_deletions(site, title)
    by = next((e.user for e in entries if e.action == 'delete'), None) or 'others'
    if there:
        detail = f'deleted meanwhile by {by}, and there is another page of that title'
        return Outcome(State.FAILED, detail=detail)
    return Outcome(State.DONE, detail=f'gone meanwhile, by {by}')


def _is_whole(site: Any, title: str, target: Target) -> bool:
    """Tell whether a page has all that was to be restored of it."""
    page = read_page(site, MOST_REVISIONS, titles=title)
    there = page.facts() if page else {}
    return page is not None and all(
        each in there[key]
        for key in ('revisions', 'versions')
        for each in target.decision.facts[key]
    )


def _is_entry_of(entry: LogEntry, target: Target) -> bool:
    """Tell whether a log entry is that of a deletion which the ledger records."""
    words = (target.detail or '').replace(',', ' ').split()
    return entry.action == 'delete' and words[:3] == ['log', 'entry', str(entry.id)]


def _chosen(site: Any, facts: Mapping[str, Any]) -> tuple[Held | None, list[int]]:
    """Choose the deleted versions of a file that a campaign has deleted, by number.

    The wiki does not say which deletion a version went with: time and content tell.
    """
    recorded = Counter(map(tuple, facts['versions']))
    deleted = read_deleted_versions(site, facts['title'])
    found = [version for version in deleted if version.key in recorded]
    counted = Counter(version.key for version in found)
    if any(counted[key] < recorded[key] for key in recorded):
        return Held.CHANGED_SINCE, []
    if counted != recorded:
        return Held.MIXED, []
    return None, [version.id for version in found]


def _count(facts: Mapping[str, Any], key: str) -> str:
    return str(len(facts.get(key) or ()) or '')
