"""Reverting the latest edits of one actor on many wikis, as an action of a campaign.

All names given are one actor: a page gets back its last revision by none of them. Where
``action=rollback`` would stop at another one of them, and where the operator lacks that
right, one edit with ``undo`` does the same. Undoing that is left to
:mod:`mw_tokens_plugin.actions.undorevert`, and finding out what they have edited to
:mod:`mw_tokens_plugin.targets.contributions`.

https://www.mediawiki.org/wiki/API:Rollback
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from mw_tokens_plugin.actions.crosswiki import outcome_of_block
from mw_tokens_plugin.actions.onwikis import OnWikis
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    Blocked,
    ContentRefused,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.answers import items_of
from mw_tokens_plugin.protocol.fields import flag, optional_text, timestamp
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import (
    Actor,
    EditedPage,
    Period,
    RevisionFacts,
)
from mw_tokens_plugin.targets.pagenames import split

#: What a wiki answers where the page is not as it was planned any more.
CHANGED = frozenset(
    'alreadyrolled onlyauthor missingtitle nosuchpageid editconflict undofailure '
    'nosuchrevid revwrongpage'.split()
)

#: The summary where the wiki has none of its own for hidden authors.
_NAMELESS = 'Reverted edits by a hidden user'

#: More reverts on one wiki flood its recent changes.
_MANY = 20


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one page before the operator's rights are.

    :ivar skipped: why nothing is done; None where it is to be reverted
    """

    skipped: SkipReason | None
    facts: Mapping[str, Any]


class RevertEdits(OnWikis):
    """Give pages back the last revision that is not by the actor.

    The targets are named ``database:Title``.

    .. version-added:: 0.1
    """

    kind = 'crosswiki_rollback'
    wording = 'revert-page'
    fixed = frozenset({'page_id', 'latest', 'restores'})
    #: The right that is needed on a wiki.
    right: ClassVar[str] = 'edit'

    def __init__(
        self,
        actor: Actor,
        *,
        mark_bot: bool = False,
        hidden: Collection[str] = (),
        **limits: Any,
    ) -> None:
        """Set whose edits are reverted, and where.

        :param mark_bot: whether recent changes hide them, with the edits reverted
        :param hidden: accounts whose names no summary may show
        :param limits: as for :class:`.OnWikis`; without a reason the summary is that
            of each wiki
        """
        super().__init__(actor, **limits)
        self._mark_bot = mark_bot
        self._hidden = hidden
        self._nameless: dict[str, str] = {}

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-revert-page')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        number = facts.get('edits')
        how = facts.get('how')
        return {
            message('campaign-column-edits'): '' if number is None else str(number),
            message('campaign-column-by'): ', '.join(facts.get('authors') or ()),
            message('campaign-column-restores'): _restores(facts),
            message('campaign-column-how'): message(f'campaign-how-{how}')
            if how
            else '',
        }

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Suggest to hide many reverts on one wiki from its recent changes."""
        numbers: dict[str, int] = {}
        for target in targets:
            database = split(target.name)[0]
            numbers[database] = numbers.get(database, 0) + 1
        for database, number in numbers.items():
            if number > _MANY and not self._mark_bot:
                yield message('campaign-mark-bot', wiki=database, number=number)

    def remarks_on_skipped(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield what is for deletion, and what other administrators can be told."""
        targets = list(targets)
        theirs = {
            target.name
            for target in targets
            if target.decision.skipped is SkipReason.FOR_DELETION
        }
        if number := len(theirs):
            yield message('campaign-for-deletion', number=number)
        yield from super().remarks_on_skipped(targets)

    def apply(self, target: Target) -> Outcome:
        """Revert the edits on one page, if nobody else has edited it since.

        The wiki itself checks that: a rollback names the author of the last revision,
        and an edit the number of that revision.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        try:
            return self._revert(target)
        except Blocked as error:
            return outcome_of_block(error)
        except ApiRefusal as error:
            if error.code not in CHANGED:
                raise
            return self._reconcile(target) or changed_outcome(
                self._actor, target, error.code, self._actor.names
            )

    def changed_since(
        self, before: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> SkipReason | None:
        """Return why a page is not what an earlier plan was made for."""
        skipped = super().changed_since(before, facts)
        is_theirs = facts.get('latest_user') in self._actor.names
        return SkipReason.EDITED_AGAIN if skipped and is_theirs else skipped

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        found = dict(self._found(database, names))
        to_do = [name for name, each in found.items() if each.skipped is None]
        is_wanted = bool(to_do) and outside is None
        refused, about = self._may_not(database, self.right, is_wanted=is_wanted)
        skipped, how = outside or refused, ''
        if is_wanted and skipped is None:
            has_right = self.wikis.site(database).has_right('rollback')
            how = 'rollback' if has_right else 'edit'
        for name, each in found.items():
            facts = {**about, **each.facts}
            if each.skipped is not None:
                is_theirs = each.skipped is SkipReason.FOR_DELETION
                why = outside if outside and is_theirs else each.skipped
                facts.pop('problem', None)
                yield Decision(name, skipped=why, facts=facts)
                continue
            if skipped is None:
                is_alone = len(set(facts['authors'])) == 1
                facts['how'] = how if is_alone else 'edit'
            yield Decision(name, skipped=skipped, facts=facts, partition=database)

    def _found(
        self, database: str, names: Sequence[str]
    ) -> Iterator[tuple[str, Found]]:
        """Yield what is to be done to pages of a wiki, which is read as nobody."""
        pages = self._actor.pages(database)
        known = {name: pages.get(split(name)[1]) for name in names}
        there = {name: page for name, page in known.items() if page is not None}
        decided = {
            name: each
            for name, page in there.items()
            if (each := _by_contributions(page, self._period)) is not None
        }
        asked = {name: page for name, page in there.items() if name not in decided}
        ids = [
            number
            for page in asked.values()
            for number in (page.edits[0].id, page.latest_run()[-1].parent)
        ]
        revisions = self._actor.revisions(database, ids)
        overtaken = [
            page.page_id for page in asked.values() if not page.edits[0].is_top
        ]
        newest = self._actor.newest(database, overtaken)
        for name in names:
            if name not in there:
                yield name, Found(SkipReason.NO_PAGE, {})
            elif name in decided:
                yield name, decided[name]
            else:
                page = there[name]
                latest = revisions.get(page.edits[0].id)
                if not page.edits[0].is_top:
                    latest = newest.get(page.page_id)
                yield name, self._judge(database, page, latest, revisions)

    def _judge(
        self,
        database: str,
        page: EditedPage,
        latest: RevisionFacts | None,
        revisions: Mapping[int, RevisionFacts],
    ) -> Found:
        """Return what is to be done to a page by what is known of its revisions.

        :param latest: its newest revision; None if it is gone
        """
        run = page.latest_run()
        ids = [edit.id for edit in run]
        facts: dict[str, Any] = {
            'title': page.title,
            'page_id': page.page_id,
            'edits': len(run),
            'authors': list(dict.fromkeys(edit.user for edit in run)),
            'what': 'revert',
        }
        if latest is None:
            return Found(SkipReason.NO_PAGE, facts)
        before = revisions.get(run[-1].parent)
        if before is None or before.user in self._actor.names:
            # There are more edits of theirs than were listed, or a part is deleted.
            history = self._actor.history(database, page.page_id)
            older = [each for each in history if each.id <= page.edits[0].id]
            before = next(
                (each for each in older if each.user not in self._actor.names), None
            )
            if before is None and latest.id != page.edits[0].id:
                facts['changed_by'] = latest.user
                return Found(SkipReason.EDITED_SINCE, facts)
            if before is None:
                is_theirs = bool(older) and older[-1].parent == 0
                why = SkipReason.FOR_DELETION if is_theirs else SkipReason.REVISIONS
                return Found(why, {**facts, 'what': 'delete'} if is_theirs else facts)
            theirs = [each for each in older if each.id > before.id]
            facts['edits'] = len(theirs)
            facts['authors'] = list(dict.fromkeys(each.user for each in theirs))
            ids = [each.id for each in theirs]
        facts |= {
            'latest': latest.id,
            'latest_user': latest.user,
            'restores': before.id,
            'restores_user': before.user,
            'restores_time': before.time,
            'sha1': before.sha1,
            'latest_sha1': latest.sha1,
            **self._details(ids),
        }
        if address := self.wikis.pages_at(database):
            ends = f'diff={latest.id}&oldid={before.id}'
            facts['diff'] = f'{address.removesuffix("title=")}{ends}'
        if before.sha1 is not None and latest.sha1 == before.sha1:
            return Found(SkipReason.ALREADY, facts)
        if latest.id != page.edits[0].id:
            facts['changed_by'] = latest.user
            return Found(SkipReason.EDITED_SINCE, facts)
        if before.sha1 is None:
            return Found(SkipReason.TEXT_HIDDEN, facts)
        return Found(None, facts)

    def _details(self, ids: Sequence[int]) -> dict[str, Any]:
        """Return more facts of a page.

        :param ids: the revisions that are reverted
        """
        return {}

    def _revert(self, target: Target) -> Outcome:
        facts = target.decision.facts
        database = split(target.name)[0]
        site = self.wikis.site(database)
        parameters: dict[str, Any] = {'pageid': facts['page_id']}
        if summary := self._reason or self._summary_without_name(database, facts):
            parameters['summary'] = summary
        if facts['how'] == 'rollback':
            parameters['user'] = facts['latest_user']
            if self._mark_bot:
                parameters['markbot'] = True
            answer = send_once(site, 'rollback', parameters)
            keys = ('revid', 'old_revid', 'last_revid')
            return _reverted(site, 'rollback', facts, _values(answer, keys))
        return undo_edits(
            site,
            facts,
            latest=facts['latest'],
            restores=facts['restores'],
            parameters=parameters,
            mark_bot=self._mark_bot,
        )

    def _summary_without_name(self, database: str, facts: Mapping[str, Any]) -> str:
        """Return the summary where that of the wiki would show a hidden name; or ''.

        The wiki has one of its own for edits whose author is hidden on each page.
        """
        if set(self._hidden).isdisjoint(facts['authors']):
            return ''
        if database not in self._nameless:
            asked = {'meta': 'allmessages', 'ammessages': 'revertpage-nouser'}
            how = {'amenableparser': True, 'uselang': 'content'}
            (answer, *_) = self._actor.reader.answers(database, **asked, **how)
            found = items_of(answer, 'query', 'allmessages')
            texts = (optional_text(each, 'content') for each in found)
            self._nameless[database] = next(filter(None, texts), _NAMELESS)
        text = self._nameless[database]
        return text.replace('$1', str(facts.get('restores_user') or ''))

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether the edits on a page were reverted by the operator."""
        facts = target.decision.facts
        database = split(target.name)[0]
        for each in self._actor.history(database, facts['page_id']):
            if each.id <= facts['latest']:
                break
            moment = timestamp(each.time)
            if (
                each.sha1 == facts['sha1']
                and moment is not None
                and target.may_have_written_at(moment, by=each.user)
            ):
                return replace(
                    _done(each.id, each.parent, facts['restores']),
                    detail=f'revision {each.id}, found in the history',
                )
        return None


def changed_outcome(
    actor: Actor, target: Target, code: str, names: Collection[str]
) -> Outcome:
    """Return the outcome for a page that somebody has edited since the plan.

    :param actor: reads who has
    :param code: what the wiki has answered
    :param names: those whose edits are meant
    """
    database, facts = split(target.name)[0], target.decision.facts
    newest = actor.newest(database, [facts['page_id']]).get(facts['page_id'])
    by = newest and newest.user
    detail = f'changed since the plan, and skipped ({code})'
    if by and newest and newest.id > facts.get('written', facts.get('latest', 0)):
        again = 'edited again' if by in names else 'changed'
        detail = f'{again} since the plan by {by}, and skipped ({code})'
    return Outcome(State.FAILED, detail=detail, reason_code=code)


def undo_edits(
    site: PluginSite,
    facts: Mapping[str, Any],
    *,
    latest: int,
    restores: int,
    parameters: Mapping[str, Any],
    base: int = 0,
    mark_bot: bool = False,
) -> Outcome:
    """Give a page back an older revision by one edit, unless somebody has edited it.

    https://www.mediawiki.org/wiki/API:Edit

    :param facts: those of the target, with the number of the page
    :param latest: the revision that the page has
    :param restores: the one that it gets back
    :param parameters: page and summary
    :param base: the newest revision, where it is another one of the same text
    :raises AmbiguousWrite: the answer proves nothing
    """
    answer = send_once(
        site,
        'edit',
        {
            **parameters,
            'undo': latest,
            'undoafter': restores,
            'baserevid': base or latest,
            'nocreate': True,
            **({'bot': True} if mark_bot else {}),
        },
    )
    answer = answer if isinstance(answer, Mapping) else {}
    result = answer.get('result')
    if result == 'Failure':
        # A captcha, or a filter of the wiki's own.
        code = str(answer.get('code') or _first_key(answer) or 'failure')
        words = str(answer.get('info') or answer.get('warning') or code)
        raise ContentRefused(code, words, str(site))
    if result == 'Success' and flag(answer, 'nochange'):
        return Outcome(State.DONE, detail='reverted meanwhile')
    numbers = _values(answer, ('newrevid', 'oldrevid'))
    return _reverted(site, 'edit', facts, [*numbers, restores])


def _values(answer: Any, keys: Sequence[str]) -> list[Any]:
    """Return what an answer has under some keys."""
    found = answer if isinstance(answer, Mapping) else {}
    return [found.get(key) for key in keys]


def _first_key(answer: Mapping[str, Any]) -> str:
    """Return what an edit that has failed names besides its result."""
    return next((key for key in answer if key != 'result'), '')


def _reverted(
    site: PluginSite, action: str, facts: Mapping[str, Any], numbers: Sequence[Any]
) -> Outcome:
    """Return the outcome of a revert that the wiki has answered.

    :param numbers: the new revision, the one before it, and the one restored
    :raises AmbiguousWrite: the answer lacks one of them
    """
    for number in numbers:
        if type(number) is not int or number <= 0:
            raise AmbiguousWrite(
                f'{site} answered action={action} for page {facts["page_id"]} without '
                'the numbers of its revisions.'
            )
    return _done(*numbers)


def _done(written: int, reverted: int, restored: int) -> Outcome:
    facts = {'written': written, 'reverted': reverted, 'restored': restored}
    detail = f'revision {written}'
    return Outcome(State.DONE, changed=True, detail=detail, facts=facts)


def _by_contributions(page: EditedPage, period: Period) -> Found | None:
    """Return what follows from the contributions alone; None if more must be read."""
    newest, run = page.edits[0], page.latest_run()
    facts: dict[str, Any] = {
        'title': page.title,
        'page_id': page.page_id,
        'edits': len(page.edits),
        'authors': list(dict.fromkeys(edit.user for edit in page.edits)),
    }
    if newest.time < period.since:
        return Found(SkipReason.BEFORE_SINCE, facts)
    if not period.has(newest.time):
        return Found(SkipReason.AFTER_UNTIL, facts)
    if not run[-1].parent and newest.is_top:
        return Found(SkipReason.FOR_DELETION, {**facts, 'what': 'delete'})
    return None


def _restores(facts: Mapping[str, Any]) -> str:
    """Return which revision a page gets back, as the plan shows it."""
    if 'restores' not in facts:
        return ''
    return ' '.join(
        str(facts.get(key) or '')
        for key in ('restores', 'restores_user', 'restores_time')
    ).strip()
