"""Restoring the pages that a campaign has deleted on many wikis, as an action.

It decides what to skip, restores exactly the recorded revisions and file versions, and
reconciles by the deletion log. Deleting is left to
:mod:`mw_tokens_plugin.actions.pagedelete`, and reading pages to
:mod:`mw_tokens_plugin.targets`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.actions.crosswiki import SkippedWikis, count
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import AmbiguousWrite
from mw_tokens_plugin.messages import message, quantity
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.bywiki import plan_by_wiki
from mw_tokens_plugin.targets.deletionlog import LogEntry, newest_since
from mw_tokens_plugin.targets.pagenames import split
from mw_tokens_plugin.targets.pagerecords import Page, Revision
from mw_tokens_plugin.targets.pages import (
    MAX_REVISIONS,
    read_all_deleted,
    read_deleted,
    read_deleted_versions,
    read_deletions,
    read_gone,
    read_page,
)
from mw_tokens_plugin.targets.wikis import Wikis

#: Fewer pages are read one by one: that is cheaper.
_FEW = 3
#: Requests that are sent at most for the log of a wiki since the deletions.
_MAX_LOG_REQUESTS = 10


class UndoCrosswikiDelete(Action):
    """Restore the revisions and file versions that a campaign has deleted, no others.

    .. version-added:: 0.1
    """

    kind = 'undo_crosswiki_delete'
    wording = 'restore-page'

    def __init__(
        self,
        wikis: Wikis,
        *,
        reason: str,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]],
        again: bool = False,
        not_wikis: Collection[str] = (),
    ) -> None:
        """Set which campaign is undone.

        :param wikis: the wikis that can be reached
        :param reason: for the log
        :param recorded: returns the targets of that campaign by their names
        :param again: whether some targets have been decided on before
        :param not_wikis: databases that are skipped
        """
        self.wikis = wikis
        self._again = again
        self._not_wikis = not_wikis
        self._skipped_wikis = SkippedWikis(not_wikis)
        self._reason = reason
        self._recorded = recorded

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-restore-page')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        return {
            message('campaign-column-revisions'): count(facts, 'revisions'),
            message('campaign-column-versions'): count(facts, 'versions'),
        }

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on pages that the campaign has deleted."""
        selected = [name for name in names if split(name)[0] not in self._not_wikis]
        for name in set(names).difference(selected):
            yield Decision(
                name, skipped=SkipReason.LEFT_OUT, facts={'wiki': split(name)[0]}
            )
        again, self._again = self._again, True
        yield from plan_by_wiki(
            selected, self._plan_wiki, wikis=self.wikis, again=again
        )

    def apply(self, target: Target) -> Outcome:
        """Restore one page, if nothing has happened to it since the plan.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        database = split(target.name)[0]
        (deleted,) = self._recorded([target.name]).values()
        skipped, by, file_ids = self._look(deleted, target.decision.facts)
        if skipped is SkipReason.ALREADY:
            detail = f'restored meanwhile, by {by or "others"}'
            return Outcome(State.DONE, detail=detail)
        if skipped is not None:
            return Outcome(
                State.FAILED,
                detail=f'changed since the plan: {skipped.value}',
                reason_code=skipped.name,
            )
        revisions = target.decision.facts['revisions']
        # Each list restores what it names and nothing else: without `fileids` the
        # versions would stay deleted, and without both everything would come back.
        parameters: dict[str, Any] = {
            'title': _title_in_archive(deleted),
            'timestamps': sorted({moment for _number, moment in revisions}),
            'reason': self._reason,
        }
        if file_ids:
            parameters['fileids'] = file_ids
        site = self.wikis.site(database)
        answer = send_once(site, 'undelete', parameters)
        count, files = answer.get('revisions'), answer.get('fileversions')
        if isinstance(count, int) and isinstance(files, int):
            return _restored(target, (count, files))
        raise AmbiguousWrite(
            f'{site} answered action=undelete without saying what it restored.'
        )

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether restorations of unknown outcome took effect; None if not."""
        for target in targets:
            yield target, self._skipped_wikis.reconciled(target, self._reconcile)

    def _reconcile(self, target: Target) -> Outcome | None:
        site = self.wikis.site(split(target.name)[0])
        title = _title_in_archive(target)
        there, entries = read_deletions(site, title)
        for entry in entries:
            # Our restoration counts even if the page was deleted again since.
            is_later = entry.id > target.decision.facts['log_entry']
            if is_later and entry.is_by(target, 'restore'):
                return _restored(target, entry.restored)
        if there and _is_whole(site, title, target):
            restored = (e.user for e in entries if e.action == 'restore')
            by = next(restored, None) or 'others'
            return Outcome(State.DONE, detail=f'restored meanwhile, by {by}')
        return None

    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        standing = self.wikis.standing(database, 'undelete')
        recorded = self._recorded(names)
        if standing.skipped is not None or standing.read_only is not None:
            for name, target in recorded.items():
                facts = {**_recorded_facts(target), 'changed_by': None}
                if standing.read_only is not None:
                    facts['problem'] = standing.read_only
                skipped = standing.skipped
                if standing.read_only is not None:
                    skipped = SkipReason.READ_ONLY
                yield Decision(name, skipped=skipped, facts=facts, partition=database)
            return
        site = self.wikis.site(database)
        known = _read_many(site, list(recorded.values()))
        for name, target in recorded.items():
            skipped, by, file_ids = self._judge(
                site, target, known.get(name) or self._read(site, target)
            )
            facts = {**_recorded_facts(target), 'changed_by': by}
            if file_ids:
                facts['file_ids'] = file_ids
            yield Decision(name, skipped=skipped, facts=facts, partition=database)

    def _look(
        self, target: Target, planned: Mapping[str, Any]
    ) -> tuple[SkipReason | None, str | None, list[int]]:
        """Return why a page is skipped right before it is restored.

        Everybody may read that it is gone, and that the latest entry about it is still
        that of the deletion: then nothing has happened to what was deleted.

        :param planned: the facts that the plan of the undo has
        """
        database = split(target.name)[0]
        standing = self.wikis.standing(database, 'undelete')
        if standing.skipped is not None:
            return standing.skipped, None, []
        site = self.wikis.site(database)
        file_ids = planned.get('file_ids') or []
        if file_ids or not planned['versions']:
            entry = read_gone(site, _title_in_archive(target))
            if entry is not None and _is_entry_of(entry, target):
                return None, None, file_ids
        return self._judge(site, target, self._read(site, target))

    def _read(self, site: PluginSite, target: Target) -> _Deleted:
        """Return what was deleted of a page."""
        return _Deleted(*read_deleted(site, _title_in_archive(target)))

    def _judge(
        self, site: PluginSite, target: Target, found: _Deleted
    ) -> tuple[SkipReason | None, str | None, list[int]]:
        """Return why a page is skipped, who changed it since, and its file ids."""
        page, deleted, entry = found.page, found.revisions, found.entry
        by = entry.user if entry is not None else None
        if page.exists or page.versions:
            if entry is None or entry.action != 'restore':
                # The deletion log does not show who has created a page.
                by = None
            is_back = _is_back(page, deleted, target)
            return SkipReason.ALREADY if is_back else SkipReason.PAGE_EXISTS, by, []
        # The log entry that the answer to the deletion named, if it was answered.
        if entry is None or not _is_entry_of(entry, target):
            return SkipReason.CHANGED_SINCE, by, []
        facts = target.decision.facts
        recorded = dict(map(tuple, facts['revisions']))
        if not recorded.keys() <= {revision.id for revision in deleted}:
            return SkipReason.CHANGED_SINCE, None, []
        moments = set(recorded.values())
        if any(r.time in moments and r.id not in recorded for r in deleted):
            return SkipReason.MIXED, None, []
        if not facts['versions']:
            return None, None, []
        skipped, file_ids = _file_ids(site, _title_in_archive(target), facts)
        return skipped, None, file_ids


@dataclass(frozen=True, slots=True)
class _Deleted:
    """What was deleted of a page.

    :ivar page: as it is now
    :ivar revisions: those that are deleted
    :ivar entry: the latest one in the deletion log
    """

    page: Page
    revisions: tuple[Revision, ...]
    entry: LogEntry | None


def _read_many(site: PluginSite, targets: Sequence[Target]) -> dict[str, _Deleted]:
    """Return what was deleted of pages, as far as few requests tell it, by names."""
    moments = [target.decision.facts.get('looked_at') or '' for target in targets]
    if len(targets) < _FEW or not all(moments):
        return {}
    newest = newest_since(site, min(moments), max_requests=_MAX_LOG_REQUESTS)
    titles = {target.name: _title_in_archive(target) for target in targets}
    # An older entry than those that were read may be the latest one of the others.
    asked = [title for title in titles.values() if title in newest]
    found = read_all_deleted(site, asked)
    return {
        name: _Deleted(*found[title], newest[title])
        for name, title in titles.items()
        if title in found
    }


def _restored(target: Target, counts: tuple[int, int] | None) -> Outcome:
    """Return the outcome of a restoration, by what came back.

    The contents of a file may be lost: MediaWiki restores what it has, and removes the
    rest from the archive as well.

    :param counts: revisions and file versions; None if that is not known
    """
    facts = target.decision.facts
    wanted = len(facts['revisions']), len(facts['versions'])
    counts = wanted if counts is None else counts
    if counts[0] < wanted[0] or counts[1] < wanted[1]:
        detail = (
            f'only {counts[0]} of {quantity(wanted[0], "revision")} and {counts[1]} of '
            f'{quantity(wanted[1], "file version")} came back'
        )
        return Outcome(
            State.FAILED, changed=True, detail=detail, reason_code='INCOMPLETE'
        )
    detail = quantity(counts[0], 'revision')
    if wanted[1]:
        detail += f', {quantity(counts[1], "file version")}'
    if title := facts.get('deleted_as'):
        detail += f', as {title!r}'
    return Outcome(State.DONE, changed=True, detail=detail)


def _is_whole(site: PluginSite, title: str, target: Target) -> bool:
    """Tell whether a page has all that was recorded of it."""
    page, _log = read_page(site, MAX_REVISIONS, title)
    there = page.facts() if page else {}
    return page is not None and all(
        each in there[key]
        for key in ('revisions', 'versions')
        for each in target.decision.facts[key]
    )


def _is_back(page: Page, deleted: Sequence[Revision], target: Target) -> bool:
    """Tell whether a page is the one that was deleted, restored with all it had.

    It does not compare the versions of a file.
    """
    facts = target.decision.facts
    recorded = {number for number, _time in facts['revisions']}
    is_same = page.id == facts['page_id'] and not facts['versions']
    return is_same and recorded.isdisjoint(revision.id for revision in deleted)


def _is_entry_of(entry: LogEntry, target: Target) -> bool:
    """Tell whether a log entry is that of a deletion which the ledger records."""
    return entry.action == 'delete' and entry.id == target.log_id


def _recorded_facts(target: Target) -> dict[str, Any]:
    """Return the facts that an undo needs of a deletion, with the id of its entry."""
    return {**target.decision.facts, 'log_entry': target.log_id}


def _title_in_archive(target: Target) -> str:
    """Return the title that a page had when the campaign deleted it."""
    facts = target.decision.facts
    return str(facts.get('deleted_as') or facts['title'])


def _file_ids(
    site: PluginSite, title: str, facts: Mapping[str, Any]
) -> tuple[SkipReason | None, list[int]]:
    """Return the ids of the versions of a file that a campaign has deleted.

    The wiki does not say which deletion a version belongs to, so they are found by
    their time and hash.

    :return: why the page is skipped, if it is; the ids
    """
    recorded = Counter(map(tuple, facts['versions']))
    deleted = read_deleted_versions(site, title)
    found = [version for version in deleted if version.key in recorded]
    now_there = Counter(version.key for version in found)
    if any(now_there[key] < recorded[key] for key in recorded):
        return SkipReason.CHANGED_SINCE, []
    if now_there != recorded:
        return SkipReason.MIXED, []
    return None, [version.id for version in found]
