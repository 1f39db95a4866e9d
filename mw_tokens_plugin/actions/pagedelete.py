"""Deleting pages on many wikis, as an action of a campaign.

It decides what to skip, reads each page again right before it is deleted, and
reconciles by the deletion log. Restoring is left to
:mod:`mw_tokens_plugin.actions.pagerestore`, and naming and reading pages to
:mod:`mw_tokens_plugin.targets`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.actions.crosswiki import (
    SkippedWikis,
    count,
    outcome_of_block,
    still_unknown,
)
from mw_tokens_plugin.actions.pagefates import (
    UNDER_WAY,
    is_given_up,
    is_partly_deleted,
    outcome_of_answer,
    outcome_of_entry,
    outcome_of_missing,
    restored_since,
)
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import ApiRefusal, Blocked
from mw_tokens_plugin.messages import message, quantity
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.bywiki import plan_by_wiki
from mw_tokens_plugin.targets.deletionlog import LogEntry, own_deletions, since
from mw_tokens_plugin.targets.pagenames import search_in, split
from mw_tokens_plugin.targets.pagerecords import Page
from mw_tokens_plugin.targets.pages import (
    MAX_REVISIONS,
    TEMPLATE_NAMESPACE,
    read_history,
    read_page,
    read_pages,
)
from mw_tokens_plugin.targets.problems import WikiProblem
from mw_tokens_plugin.targets.scope import Scope, for_local_administrators
from mw_tokens_plugin.targets.wikis import Wikis

#: What is said of a search that no run of this campaign has made since.
_NOT_SEARCHED = WikiProblem(SkipReason.NO_ANSWER, 'not searched yet')

#: The error codes for a page that is gone.
_GONE = frozenset({'missingtitle', 'nosuchpageid', 'cantdelete'})


@dataclass(frozen=True, slots=True)
class PageGuards:
    """Which pages are never deleted.

    :ivar max_authors: pages with more authors are skipped
    :ivar max_revisions: pages with more revisions are skipped, and files with more
        versions
    :ivar begun_by: only pages that one of these accounts has created; empty for any
    :ivar only_author: whether pages are skipped that others have edited, too, however
        many of these accounts have; instead of ``max_authors``
    :ivar talk: whether talk pages may have been created by others
    :ivar wikis: databases on which a right from a local group is used too; if any are
        named, pages on others are skipped
    :ivar excluded: pages that are skipped, as ``database:Title``
    :ivar not_wikis: databases that are skipped
    """

    max_authors: int
    max_revisions: int
    begun_by: frozenset[str] = frozenset()
    only_author: bool = False
    talk: bool = False
    wikis: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    not_wikis: frozenset[str] = frozenset()


class CrosswikiDelete(Action):
    """Delete pages: those of a wiki one by one, several wikis in parallel.

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
        scope: Scope | None = None,
        reasons: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
        again: bool = False,
        problems: Mapping[str, WikiProblem | None] | None = None,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]] = lambda names: {},
    ) -> None:
        """Set the reason, and what is skipped.

        :param wikis: the wikis that can be reached
        :param reason: for the log
        :param scope: the wikis on which it acts; None for all of them
        :param reasons: those for wikis of some languages, by language code
        :param tags: change tags for the log entries
        :param again: whether some targets of the campaign have been decided on before
        :param problems: why wikis could not be searched, by the targets that stand for
            these searches; None for a search of which the pages are targets now
        :param recorded: returns targets of the campaign by their names, with what is
            known of them from before
        """
        self.wikis = wikis
        self.guards = guards
        self._scope = scope
        self._again = again
        self._problems = {} if problems is None else problems
        self._recorded = recorded
        self._skipped_wikis = SkippedWikis(guards.not_wikis)
        self._reason = reason
        self._reasons = reasons or {}
        self._tags = tags
        #: The pages of the plan, by database and number: titles have many spellings.
        self._planned: set[tuple[str, int]] = set()
        self._excluded: dict[str, set[str]] = {}

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-delete-page')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        sysops = facts.get('sysops')
        more = ['...'] if facts.get('more') else []
        yes = message('campaign-yes')
        return {
            message('campaign-column-sysops'): '' if sysops is None else str(sysops),
            message('campaign-column-revisions'): count(facts, 'revisions'),
            message('campaign-column-versions'): count(facts, 'versions'),
            message('campaign-column-authors'): ', '.join(
                [*(facts.get('authors') or ()), *more]
            ),
            message('campaign-column-redirect'): yes if facts.get('redirect') else '',
            message('campaign-column-protected'): ', '.join(
                facts.get('protection') or ()
            ),
            message('campaign-column-embedded'): yes if facts.get('embedded') else '',
            message('campaign-column-talk'): (
                message('campaign-talk-stays')
                if facts.get('talk') and not self.guards.talk
                else ''
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
                facts = still_unknown(self._recorded([name]).get(name))
                yield Decision(
                    name, skipped=SkipReason.LEFT_OUT, facts={**about, **facts}
                )
            elif self.guards.wikis and database not in self.guards.wikis:
                yield Decision(name, skipped=SkipReason.NOT_NAMED, facts=about)
            elif search_in(name) is None:
                if self._scope and (outside := self._scope.reason(database)):
                    yield Decision(name, skipped=outside, facts=about)
                else:
                    pages.append(name)
            elif problem := self._problems.get(name, _NOT_SEARCHED):
                facts = {**about, 'problem': problem.words}
                yield Decision(name, skipped=problem.skipped, facts=facts)
            else:
                yield Decision(name, skipped=SkipReason.SEARCHED, facts=about)
        again, self._again = self._again, True
        yield from plan_by_wiki(pages, self._plan_wiki, wikis=self.wikis, again=again)

    def remarks_on_skipped(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield what the administrators of other wikis can be told."""
        return for_local_administrators(self.wikis, targets)

    def apply(self, target: Target) -> Outcome:
        """Delete one page, if it still has the revisions that it was planned with.

        A file is deleted with its page, in one log entry. ``action=delete`` has no
        parameter for the expected revisions and versions, so they are compared right
        before. Between the two requests somebody may still save the page. It is
        deleted by its id, so that another page of the same title is never deleted.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        try:
            return self._delete(target, split(target.name)[0])
        except Blocked as error:
            return outcome_of_block(error)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether deletions of unknown outcome took effect; None if not."""
        for target in targets:
            yield target, self._skipped_wikis.reconciled(target, self._reconcile)

    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        guards = self.guards
        titles = [split(name)[1] for name in names]
        standing, pages = self.wikis.look(database, 'delete', titles)
        skipped, more = standing.refusal()
        about: dict[str, Any] = {'wiki': database, 'sysops': standing.sysops}
        is_allowed = standing.skipped is None
        if is_allowed and standing.is_local and database not in guards.wikis:
            skipped = SkipReason.WIKI_SET
        else:
            about |= more
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
                    limit = guards.max_revisions
                    page = read_history(site, limit, page.title) or page
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
        limit = guards.max_revisions
        if page.refusal:
            return SkipReason.PAGE_REFUSED
        if page.is_being_deleted:
            return SkipReason.BEING_DELETED
        if not page.whole or max(len(page.revisions), len(page.versions)) > limit:
            return SkipReason.REVISIONS
        if any(version.sha1 is None for version in page.versions):
            return SkipReason.FILE
        if guards.only_author:
            if not guards.begun_by.issuperset(page.authors):
                return SkipReason.OTHER_AUTHORS
        elif len(page.authors) > guards.max_authors:
            return SkipReason.AUTHORS
        if guards.talk and page.namespace % 2:
            return None
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
        limit = max(len(planned['revisions']), len(planned['versions']))
        asked = (limit, planned['title'], planned['page_id'])
        page, log = read_page(site, *asked, as_nobody=True)
        if page is None or self._changed(site, page, log, planned) is not None:
            # Not everybody may see all of it.
            page, log = read_page(site, *asked)
        if page is None:
            return outcome_of_missing(site, target)
        if (changed := self._changed(site, page, log, planned)) is not None:
            return changed
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
            return outcome_of_missing(site, target)
        return outcome_of_answer(site, planned, answer)

    def _changed(
        self,
        site: PluginSite,
        page: Page,
        log: Sequence[LogEntry],
        planned: Mapping[str, Any],
    ) -> Outcome | None:
        """Return how a page ends that is not as it was planned; None if it is."""
        now = page.facts()
        if now['revisions'][:-1][: len(planned['revisions'])] == planned['revisions']:
            # They were imported, which the newest one does not show.
            whole = read_history(site, MAX_REVISIONS, planned['title'])
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
        if restored := restored_since(log, planned.get('looked_at')):
            by = restored.user or 'others'
            detail = f'deleted and restored since the plan, by {by}; skipped'
            code = SkipReason.CHANGED_SINCE.name
            return Outcome(State.FAILED, detail=detail, reason_code=code)
        return None

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether a deletion took effect, or will."""
        site = self.wikis.site(split(target.name)[0])
        planned = target.decision.facts
        title, page_id = planned['title'], planned['page_id']
        page, log = read_page(site, MAX_REVISIONS, title, page_id, deleted=True)
        log = since(log, planned.get('looked_at'))
        is_gone = page is None
        for entry in log:
            # Our deletion counts even if the page was restored since.
            # Otherwise an entry about an existing page is about a version of its file.
            is_gone = is_gone or entry.action == 'restore'
            # The page id is missing if only the file was left.
            is_same = is_gone and entry.page_id in (0, page_id)
            if is_same and entry.is_by(target, 'delete'):
                return outcome_of_entry(
                    planned, entry.id, entry.title, ', found in the log'
                )
        if page is None:
            for entry in own_deletions(site, target, page_id, planned.get('looked_at')):
                return outcome_of_entry(
                    planned, entry.id, entry.title, ', found in the log'
                )
            return outcome_of_missing(site, target)
        can_read_archive = site.has_right('deletedhistory')
        if restored_since(log, None) or not is_partly_deleted(
            page, planned, can_read_archive
        ):
            return None
        if is_given_up(target, page):
            detail = (
                f'the wiki began to delete it on {target.started_at:%Y-%m-%d} and has '
                f'not finished: {quantity(len(page.revisions), "revision")} left. '
                'Delete or restore it by hand'
            )
            return Outcome(
                State.FAILED, changed=True, detail=detail, reason_code='INCOMPLETE'
            )
        return UNDER_WAY

    def _reason_on(self, site: PluginSite) -> str:
        """Return the reason in the language of a wiki."""
        language = str(site.siteinfo['lang'])
        for code in (language, language.partition('-')[0]):
            if code in self._reasons:
                return self._reasons[code]
        return self._reason


def _had_history(target: Target | None) -> bool:
    """Tell whether a page had more than one revision when it was last read."""
    return target is not None and len(target.decision.facts.get('revisions') or ()) > 1
