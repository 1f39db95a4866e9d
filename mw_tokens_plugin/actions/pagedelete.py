"""Deleting pages on many wikis, and restoring them, as actions of a campaign.

They decide what to skip, look at each page once more right before it is deleted,
and reconcile by the deletion log; naming and reading pages is other modules' concern.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from typing import Any

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    Blocked,
    CentralAuthTokenRefused,
    NotAttached,
    OutcomeUnknown,
    SessionError,
)
from mw_tokens_plugin.messages import message, quantity
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.deletionlog import LogEntry, own_deletions, since
from mw_tokens_plugin.targets.pages import (
    TEMPLATE_NAMESPACE,
    Page,
    Revision,
    read_deleted,
    read_deleted_versions,
    read_deletions,
    read_history,
    read_page,
    read_pages,
)
from mw_tokens_plugin.targets.wikis import (
    FAILURES,
    Wikis,
    search_in,
    split,
    wiki_by_wiki,
)

#: Pages with more revisions, or versions of a file, are none for a mass deletion, and
#: could not be restored: this many of each can be named in one request.
MOST_REVISIONS = 50

#: What is said of a target that may have been sent, and of which nobody will know.
UNKNOWN = 'may have been sent'

#: After so long a wiki has lost the job that was to delete the rest of a page.
_GIVE_UP_AFTER = timedelta(days=1)

#: What the wiki says of a page that is gone.
_GONE = frozenset({'missingtitle', 'nosuchpageid', 'cantdelete'})


@dataclass(frozen=True, slots=True)
class PageGuards:
    """Which pages are never deleted.

    :ivar max_authors: pages with more authors are skipped
    :ivar max_revisions: pages with more revisions are skipped, and files with more
        versions
    :ivar begun_by: only pages that one of these accounts has begun; empty for any
    :ivar wikis: databases on which a right that is no global one is used too; if any
        are named, pages on others are skipped
    :ivar excluded: pages that are skipped, as ``database:Title``
    :ivar not_wikis: databases that are left out
    """

    max_authors: int = 1
    max_revisions: int = 10
    begun_by: frozenset[str] = frozenset()
    wikis: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    not_wikis: frozenset[str] = frozenset()


class CrosswikiDelete(Action):
    """Delete pages, each wiki in series and the wikis side by side.

    The targets are named ``database:Title``.

    .. version-added:: 0.1
    """

    kind = 'crosswiki_delete'
    wording = 'delete-page'
    fixed = frozenset({'title', 'page_id', 'revisions', 'versions'})
    #: A restoration since the first plan counts, however often it is planned again.
    kept = frozenset({'looked_at'})
    done = frozenset({SkipReason.NO_PAGE})
    before = 'campaign-before-deleted'

    def __init__(
        self,
        wikis: Wikis,
        *,
        reason: str,
        guards: PageGuards,
        reasons: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
        again: bool = False,
        problems: Mapping[str, str] | None = None,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]] = lambda names: {},
    ) -> None:
        """Say why, and what to skip.

        :param wikis: the wikis that can be reached
        :param reason: for the log
        :param reasons: those for wikis of some languages, by language code
        :param tags: change tags for the log entries
        :param again: whether some targets of the campaign have been decided on before
        :param problems: why wikis could not be searched, by the targets that stand for
            these searches; '' for a search of which the pages are targets now
        :param recorded: returns targets of the campaign by their names, with what is
            known of them from before
        """
        self.wikis = wikis
        self.guards = guards
        self._again = again
        self._problems = {} if problems is None else problems
        self._recorded = recorded
        self._left_out = _LeftOut(guards.not_wikis)
        self._reason = reason
        self._reasons = reasons or {}
        self._tags = tags
        #: The pages of the plan, by database and number: titles have many spellings.
        self._planned: set[tuple[str, int]] = set()
        self._excluded: dict[str, set[str]] = {}

    def describe(self) -> str:
        """Say in a word or two what is done to a page."""
        return message('campaign-verb-delete-page')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        sysops = facts.get('sysops')
        more = ['...'] if facts.get('more') else []
        yes = message('campaign-yes')
        return {
            message('campaign-column-sysops'): '' if sysops is None else str(sysops),
            message('campaign-column-revisions'): _count(facts, 'revisions'),
            message('campaign-column-versions'): _count(facts, 'versions'),
            message('campaign-column-authors'): ', '.join(
                [*(facts.get('authors') or ()), *more]
            ),
            message('campaign-column-redirect'): yes if facts.get('redirect') else '',
            message('campaign-column-protected'): ', '.join(
                facts.get('protection') or ()
            ),
            message('campaign-column-embedded'): yes if facts.get('embedded') else '',
            message('campaign-column-talk'): (
                message('campaign-talk-stays') if facts.get('talk') else ''
            ),
            message('campaign-column-newest'): (
                message('campaign-newest-hidden') if facts.get('newest_hidden') else ''
            ),
            message('campaign-column-moved-to'): facts.get('moved_to') or '',
            message('campaign-column-refusal'): facts.get('refusal') or '',
            message('campaign-column-no-undo'): facts.get('not_restorable') or '',
        }

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some pages, which are read in batches, wiki by wiki.

        Pages with more than one revision, or version of a file, cost one more read
        each, since a wiki lists the history of one page at a time.
        """
        pages = []
        for name in names:
            database = split(name)[0]
            about = {'wiki': database}
            if database in self.guards.not_wikis:
                facts = _still_unknown(self._recorded([name]).get(name))
                yield Decision(
                    name, skipped=SkipReason.LEFT_OUT, facts={**about, **facts}
                )
            elif self.guards.wikis and database not in self.guards.wikis:
                yield Decision(name, skipped=SkipReason.NOT_NAMED, facts=about)
            elif search_in(name) is None:
                pages.append(name)
            elif problem := self._problems.get(name, 'not searched yet'):
                facts = {**about, 'problem': problem}
                yield Decision(name, skipped=SkipReason.NO_ANSWER, facts=facts)
            else:
                yield Decision(name, skipped=SkipReason.SEARCHED, facts=about)
        again, self._again = self._again, True
        yield from wiki_by_wiki(pages, self._plan_wiki, wikis=self.wikis, again=again)

    def apply(self, target: Target) -> Outcome:
        """Delete one page, if it still has the revisions that it was planned with.

        A file goes with its page, in one entry of the log. ``action=delete`` has no
        way to say which revisions and versions are meant, so they are compared right
        before. In the moment between the two requests somebody may still save the
        page; it is named by its number, so that another page which took its title
        meanwhile is not hit.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        try:
            return self._delete(target, split(target.name)[0])
        except Blocked as error:
            if not error.partial:
                raise
            # The other pages of the wiki are not concerned.
            return Outcome(
                State.FAILED,
                detail=str(error),
                error_class=type(error).__name__,
            )

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether deletions of unknown outcome took effect; None if not."""
        for target in targets:
            yield target, self._left_out.reconciled(target, self._reconcile)

    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        guards = self.guards
        titles = [split(name)[1] for name in names]
        standing, pages = self.wikis.look(database, 'delete', titles)
        skipped = standing.skipped
        about: dict[str, Any] = {'wiki': database, 'sysops': standing.sysops}
        if standing.problem:
            about['problem'] = standing.problem
        if skipped is None and standing.is_local and database not in guards.wikis:
            skipped = SkipReason.WIKI_SET
        elif skipped is None and standing.read_only is not None:
            skipped, about['problem'] = SkipReason.READ_ONLY, standing.read_only
        if skipped is not None:
            for name in names:
                yield Decision(name, skipped=skipped, facts=about)
            return
        site = self.wikis.site(database)
        before = self._recorded(names)
        for name, page in zip(names, pages, strict=True):
            skipped = self._skip_unread(database, page)
            if skipped is None:
                has_history = not page.whole or _had_history(before.get(name))
                if has_history or page.namespace == TEMPLATE_NAMESPACE:
                    most = guards.max_revisions
                    page = read_history(site, most, page.title) or page
                skipped = self._skip_reason(page)
                self._planned.add((database, page.id))
            facts = {**about, **page.facts()}
            yield Decision(name, skipped=skipped, facts=facts, partition=database)

    def _skip_unread(self, database: str, page: Page) -> SkipReason | None:
        if page.invalid or page.interwiki:
            return SkipReason.INTERWIKI if page.interwiki else SkipReason.NO_TITLE
        if not page.exists:
            return SkipReason.NO_FILE_PAGE if page.versions else SkipReason.NO_PAGE
        if page.title in self._excluded_on(database):
            return SkipReason.EXCLUDED
        return SkipReason.TWICE if (database, page.id) in self._planned else None

    def _excluded_on(self, database: str) -> set[str]:
        """Return the titles that are skipped, as the wiki writes them."""
        if database not in self._excluded:
            titles = [
                title
                for wiki, title in map(split, sorted(self.guards.excluded))
                if wiki == database
            ]
            pages = read_pages(self.wikis.site(database), titles)
            self._excluded[database] = {page.title for page in pages if page.exists}
        return self._excluded[database]

    def _skip_reason(self, page: Page) -> SkipReason | None:
        guards = self.guards
        most = guards.max_revisions
        if page.refusal:
            return SkipReason.PAGE_REFUSED
        if page.is_being_deleted:
            return SkipReason.BEING_DELETED
        if not page.whole or max(len(page.revisions), len(page.versions)) > most:
            return SkipReason.REVISIONS
        if any(version.sha1 is None for version in page.versions):
            return SkipReason.FILE
        if len(page.authors) > guards.max_authors:
            return SkipReason.AUTHORS
        if guards.begun_by and not page.creators <= guards.begun_by:
            return (
                SkipReason.FIRST_HIDDEN
                if None in page.creators
                else SkipReason.NOT_FIRST
            )
        return None

    def _delete(self, target: Target, database: str) -> Outcome:
        site = self.wikis.site(database)
        planned = target.decision.facts
        most = max(len(planned['revisions']), len(planned['versions']))
        page, log = read_page(site, most, planned['title'], planned['page_id'])
        if page is None:
            return _gone(site, target)
        now = page.facts()
        if now['revisions'][:-1][: len(planned['revisions'])] == planned['revisions']:
            # They were imported, which the newest one does not tell.
            whole = read_history(site, MOST_REVISIONS, planned['title'])
            detail = (
                'skipped: it has older revisions than the plan shows. "pwb campaign '
                'retry-failed" makes a plan with all of them'
            )
            facts = whole.facts() if whole and whole.id == page.id else {}
            facts.pop('looked_at', None)
            return Outcome(
                State.FAILED,
                detail=detail,
                facts=facts,
                reason_code=SkipReason.CHANGED_SINCE.name,
            )
        if any(now[key] != planned[key] for key in self.fixed):
            return Outcome(
                State.FAILED,
                detail='changed since the plan, and skipped',
                reason_code=SkipReason.CHANGED_SINCE.name,
            )
        if restored := _restored_since(log, planned.get('looked_at')):
            by = restored.user or 'others'
            detail = f'deleted and restored since the plan, by {by}; skipped'
            code = SkipReason.CHANGED_SINCE.name
            return Outcome(State.FAILED, detail=detail, reason_code=code)
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
            return _gone(site, target)
        return _deletion(site, planned, answer)

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether a deletion took effect, or will."""
        site = self.wikis.site(split(target.name)[0])
        planned = target.decision.facts
        title, page_id = planned['title'], planned['page_id']
        page, log = read_page(site, MOST_REVISIONS, title, page_id, deleted=True)
        log = since(log, planned.get('looked_at'))
        is_gone = page is None
        for entry in log:
            # What we deleted may have been restored since: it is done all the same.
            # Else an entry about a page that is there is about a version of its file.
            is_gone = is_gone or entry.action == 'restore'
            # The number is missing if the page was gone, and its file was not.
            is_same = is_gone and entry.page_id in (0, page_id)
            if is_same and entry.is_by(target, 'delete'):
                return _deleted(planned, entry.id, entry.title, ', found in the log')
        if page is None:
            for entry in own_deletions(site, target, page_id, planned.get('looked_at')):
                return _deleted(planned, entry.id, entry.title, ', found in the log')
            return _gone(site, target)
        is_restored = _restored_since(log, None) is not None
        vanishes = _is_vanishing(page, planned, site.has_right('deletedhistory'))
        if not vanishes or is_restored:
            return None
        if _is_given_up(target, page):
            detail = (
                f'the wiki began to delete it on {target.started_at:%Y-%m-%d} and has '
                f'not finished: {quantity(len(page.revisions), "revision")} left. '
                'Delete or restore it by hand'
            )
            return Outcome(
                State.FAILED, changed=True, detail=detail, reason_code='INCOMPLETE'
            )
        return _UNDER_WAY

    def _reason_on(self, site: PluginSite) -> str:
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
        """Say which campaign is undone.

        :param wikis: the wikis that can be reached
        :param reason: for the log
        :param recorded: returns the targets of that campaign by their names
        :param again: whether some targets have been decided on before
        :param not_wikis: databases that are left out
        """
        self.wikis = wikis
        self._again = again
        self._not_wikis = not_wikis
        self._left_out = _LeftOut(not_wikis)
        self._reason = reason
        self._recorded = recorded

    def describe(self) -> str:
        """Say in a word or two what is done to a page."""
        return message('campaign-verb-restore-page')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        return {
            message('campaign-column-revisions'): _count(facts, 'revisions'),
            message('campaign-column-versions'): _count(facts, 'versions'),
        }

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on pages that the campaign has deleted."""
        kept = [name for name in names if split(name)[0] not in self._not_wikis]
        for name in set(names).difference(kept):
            yield Decision(
                name, skipped=SkipReason.LEFT_OUT, facts={'wiki': split(name)[0]}
            )
        again, self._again = self._again, True
        yield from wiki_by_wiki(kept, self._plan_wiki, wikis=self.wikis, again=again)

    def apply(self, target: Target) -> Outcome:
        """Restore one page, if nothing has happened to it since the plan.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        database = split(target.name)[0]
        (deleted,) = self._recorded([target.name]).values()
        skipped, by, file_ids = self._look(deleted)
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
        raise OutcomeUnknown(
            f'{site} answered action=undelete without saying what it restored.'
        )

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether restorations of unknown outcome took effect; None if not."""
        for target in targets:
            yield target, self._left_out.reconciled(target, self._reconcile)

    def _reconcile(self, target: Target) -> Outcome | None:
        site = self.wikis.site(split(target.name)[0])
        title = _title_in_archive(target)
        there, entries = read_deletions(site, title)
        for entry in entries:
            # What we restored may have been deleted since: it is done all the same.
            is_later = entry.id > target.decision.facts['log_entry']
            if is_later and entry.is_by(target, 'restore'):
                return _restored(target, entry.restored)
        if there and _is_whole(site, title, target):
            restored = (e.user for e in entries if e.action == 'restore')
            by = next(restored, None) or 'others'
            return Outcome(State.DONE, detail=f'restored meanwhile, by {by}')
        return None

    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        read_only = self.wikis.standing(database, 'undelete').read_only
        for name, target in self._recorded(names).items():
            if read_only is not None:
                facts = {**_recorded_facts(target), 'problem': read_only}
                yield Decision(name, skipped=SkipReason.READ_ONLY, facts=facts)
                continue
            skipped, by, _file_ids = self._look(target)
            facts = {**_recorded_facts(target), 'changed_by': by}
            yield Decision(name, skipped=skipped, facts=facts, partition=database)

    def _look(self, target: Target) -> tuple[SkipReason | None, str | None, list[int]]:
        """Tell why a page is not to be restored, who changed it since, and file ids."""
        database = split(target.name)[0]
        standing = self.wikis.standing(database, 'undelete')
        if standing.skipped is not None:
            return standing.skipped, None, []
        site = self.wikis.site(database)
        page, deleted, entry = read_deleted(site, _title_in_archive(target))
        by = entry.user if entry is not None else None
        if page.exists or page.versions:
            if entry is None or entry.action != 'restore':
                # Who has made a page, the log of deletions does not tell.
                by = None
            is_back = _is_back(page, deleted, target)
            return SkipReason.ALREADY if is_back else SkipReason.PAGE_EXISTS, by, []
        # The entry that the deletion itself was answered with, if it was answered.
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
        skipped, file_ids = _chosen(site, _title_in_archive(target), facts)
        return skipped, None, file_ids


class _LeftOut:
    """Wikis on which nothing more is done, and what may have been sent is only read."""

    def __init__(self, databases: Collection[str]) -> None:
        self._databases = databases
        self._silent: set[str] = set()

    def reconciled(
        self, target: Target, reconcile: Callable[[Target], Outcome | None]
    ) -> Outcome | None:
        """Return what became of a target, which is not sent again on these wikis.

        :raises TokensPluginError: it cannot be read on another wiki
        """
        database = split(target.name)[0]
        if database not in self._databases:
            return reconcile(target)
        if database not in self._silent:
            try:
                outcome = reconcile(target)
            except SessionError as error:
                if not isinstance(error, NotAttached | CentralAuthTokenRefused):
                    raise
                self._silent.add(database)
            except FAILURES:
                self._silent.add(database)
            else:
                if outcome is None:
                    detail = 'not done; its wiki is skipped by -not-wikis'
                    return Outcome(State.FAILED, detail=detail)
                if outcome.state is not State.LEASED:
                    return outcome
        detail = f'{UNKNOWN}; its wiki is skipped by -not-wikis'
        return Outcome(State.FAILED, detail=detail, facts={'unknown': True})


def _still_unknown(target: Target | None) -> dict[str, Any]:
    """Return the facts of a target of which nobody knows whether it was done."""
    facts = {} if target is None else target.decision.facts
    return {**facts, 'problem': UNKNOWN} if facts.get('unknown') else {}


#: What the job queue of the wiki is deleting: some revisions are gone, and no entry of
#: the log says so yet.
_UNDER_WAY = Outcome(State.LEASED, detail='being deleted by the wiki')


def _deletion(
    site: PluginSite, planned: Mapping[str, Any], answer: Mapping[str, Any]
) -> Outcome:
    """Judge the answer to a deletion: what proves it is the number of its log entry.

    An answer about another title is that of a page which was moved right before, or is
    not an answer to this request: the log tells.

    https://www.mediawiki.org/wiki/API:Delete

    :raises OutcomeUnknown: there is no proof
    """
    title = answer.get('title')
    if title not in (None, planned['title']):
        raise OutcomeUnknown(
            f'{site} answered action=delete for {planned["title"]!r} with {title!r}.'
        )
    if answer.get('scheduled'):
        return _UNDER_WAY
    number = answer.get('logid')
    if not isinstance(number, int):
        raise OutcomeUnknown(
            f'{site} answered action=delete without an entry of its log: '
            f'{planned["title"]!r} was edited or deleted at the same moment.'
        )
    return _deleted(planned, number, planned['title'])


def _deleted(
    planned: Mapping[str, Any], log_id: int, title: str, remark: str = ''
) -> Outcome:
    """Return the outcome of a deletion of our own.

    :param log_id: the number of its entry in the log
    :param title: the one that the page had when it was deleted
    """
    facts: dict[str, Any] = {}
    detail = f'log entry {log_id}{remark}'
    if title != planned['title']:
        facts['deleted_as'] = title
        detail += f'; it was moved just before, and deleted as {title!r}'
    return Outcome(State.DONE, changed=True, detail=detail, facts=facts, log_id=log_id)


def _is_vanishing(
    page: Page, planned: Mapping[str, Any], archive_is_known: bool
) -> bool:
    """Tell whether a part of a page was deleted, and the rest is still there."""
    there = {revision.id for revision in page.revisions}
    wanted = {number for number, _time in planned['revisions']}
    if not archive_is_known:
        return there < wanted
    gone = wanted - there
    return bool(gone) and gone <= {revision.id for revision in page.deleted}


def _gone(site: PluginSite, target: Target) -> Outcome:
    """Say who has deleted a page since the plan, and if another one is in its place.

    :raises OutcomeUnknown: the wiki contradicts itself
    """
    planned = target.decision.facts
    there, log = read_deletions(site, planned['title'])
    if there == planned['page_id']:
        raise OutcomeUnknown(
            f'{site} says that {planned["title"]!r} is gone, and shows it: its '
            'databases lag.'
        )
    deletions = [
        entry
        for entry in since(log, planned.get('looked_at'))
        if entry.action == 'delete' and entry.page_id in (0, planned['page_id'])
    ]
    latest = next(iter(deletions), None)
    if latest and latest.page_id and latest.is_by(target, 'delete'):
        # The ledger may be a copy from before it was sent.
        ours = _deleted(
            planned, latest.id, latest.title, ', made by you since the plan'
        )
        return replace(ours, is_earlier=True)
    by = (latest and latest.user) or 'others'
    if there:
        detail = f'deleted meanwhile by {by}, and there is another page of that title'
        code = SkipReason.PAGE_EXISTS.name
        return Outcome(State.FAILED, detail=detail, reason_code=code)
    return Outcome(State.DONE, detail=f'gone meanwhile, by {by}')


def _restored_since(log: Sequence[LogEntry], moment: str | None) -> LogEntry | None:
    """Return the latest restoration since a moment."""
    return next((e for e in since(log, moment) if e.action == 'restore'), None)


def _restored(target: Target, counts: tuple[int, int] | None) -> Outcome:
    """Judge a restoration by what came back.

    The contents of a file may be lost: MediaWiki restores what it has, and takes the
    rest out of the archive all the same.

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
    """Tell whether a page has all that was to be restored of it."""
    page, _log = read_page(site, MOST_REVISIONS, title)
    there = page.facts() if page else {}
    return page is not None and all(
        each in there[key]
        for key in ('revisions', 'versions')
        for each in target.decision.facts[key]
    )


def _is_back(page: Page, deleted: Sequence[Revision], target: Target) -> bool:
    """Tell whether a page is the one that was deleted, restored with all it had.

    Of a file this does not tell how many of its versions are back.
    """
    facts = target.decision.facts
    recorded = {number for number, _time in facts['revisions']}
    is_same = page.id == facts['page_id'] and not facts['versions']
    return is_same and recorded.isdisjoint(revision.id for revision in deleted)


def _is_entry_of(entry: LogEntry, target: Target) -> bool:
    """Tell whether a log entry is that of a deletion which the ledger records."""
    return entry.action == 'delete' and entry.id == target.log_id


def _recorded_facts(target: Target) -> dict[str, Any]:
    """Return what an undo must know of a deletion, with the number of its entry."""
    return {**target.decision.facts, 'log_entry': target.log_id}


def _title_in_archive(target: Target) -> str:
    """Return the title that a page had when the campaign deleted it."""
    facts = target.decision.facts
    return str(facts.get('deleted_as') or facts['title'])


def _chosen(
    site: PluginSite, title: str, facts: Mapping[str, Any]
) -> tuple[SkipReason | None, list[int]]:
    """Choose the deleted versions of a file that a campaign has deleted, by number.

    The wiki does not say which deletion a version went with: time and content tell.
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


def _is_given_up(target: Target, page: Page) -> bool:
    """Tell whether the wiki has lost the job that was to delete the rest of a page."""
    moment = timestamp(page.looked_at)
    if target.started_at is None or moment is None:
        return False
    return moment - target.started_at.replace(tzinfo=timezone.utc) > _GIVE_UP_AFTER


def _had_history(target: Target | None) -> bool:
    """Tell whether a page had more than one revision when it was last read."""
    return target is not None and len(target.decision.facts.get('revisions') or ()) > 1


def _count(facts: Mapping[str, Any], key: str) -> str:
    """Return how many there are, with a plus sign where not all were read."""
    number = len(facts.get(key) or ())
    return f'{number or ""}{"+" if number and facts.get("more") else ""}'
