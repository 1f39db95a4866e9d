"""Moving pages back that one actor has moved on many wikis, as actions of a campaign.

A page that was moved several times gets the title that it had before the first of these
moves, over the redirect that was left there. What is moved back can be moved again, as
the actor left it. Which pages were moved is found out by
:mod:`mw_tokens_plugin.targets.contributions`.

https://www.mediawiki.org/wiki/API:Move
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mw_tokens_plugin.actions.crosswiki import outcome_of_block
from mw_tokens_plugin.actions.onwikis import OnWikis, UndoOnWikis
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import AmbiguousWrite, ApiRefusal, Blocked
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.site.writes import send_once
from mw_tokens_plugin.targets.contributions import MovedPage, Period, TitleFacts
from mw_tokens_plugin.targets.deletionlog import about, entries
from mw_tokens_plugin.targets.pagenames import split

#: What a wiki answers where the page is not as it was planned any more.
_CHANGED = frozenset('articleexists missingtitle nosuchpageid selfmove'.split())


class _Move(OnWikis):
    """Move pages, each from one title to another."""

    fixed = frozenset({'page_id', 'title', 'origin'})

    @abstractmethod
    def _ends(self, facts: Mapping[str, Any]) -> tuple[str, str]:
        """Return the title that a page has, and the one that it gets."""

    @abstractmethod
    def _leaves_redirect(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether a redirect is left behind."""

    @abstractmethod
    def _moved(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        """Yield what is known of targets before their pages are read."""

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        ends = self._ends(facts) if 'origin' in facts else ('', '')
        return {
            message('campaign-column-by'): ', '.join(facts.get('authors') or ()),
            message('campaign-column-title'): ends[1],
        }

    def apply(self, target: Target) -> Outcome:
        """Move one page, if it is still where the plan has it.

        It is named by its number, so that no other page of its title is moved.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        facts = target.decision.facts
        database = split(target.name)[0]
        source, to = self._ends(facts)
        # The API has no parameter for the title that it is expected to have.
        if outcome := self._look(target, database, source, to):
            return outcome
        parameters: dict[str, Any] = {
            'fromid': facts['page_id'],
            'to': to,
            'reason': self._reason,
        }
        if not self._leaves_redirect(facts):
            parameters['noredirect'] = True
        site = self.wikis.site(database)
        try:
            answer = send_once(site, 'move', parameters)
        except Blocked as error:
            return outcome_of_block(error)
        except ApiRefusal as error:
            if error.code not in _CHANGED:
                raise
            return self._look(target, database, source, to) or _changed(error.code)
        if not isinstance(answer, Mapping) or answer.get('from') != source:
            raise AmbiguousWrite(
                f'{site} answered action=move for {source!r} without that title.'
            )
        return _done(f'from {source!r} to {to!r}')

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        found = list(self._moved(database, names))
        asked = [each for each in found if each.skipped is None]
        pages = self._actor.titles(
            database, ids=[each.facts['page_id'] for each in asked]
        )
        at = {page.page_id: page for page in pages}
        ends = {each.name: self._ends(each.facts) for each in asked}
        there = {
            page.title: page
            for page in self._actor.titles(
                database, titles=[to for _source, to in ends.values()]
            )
        }
        skipped = {
            each.name: _skip(
                at.get(each.facts['page_id']),
                *ends[each.name],
                there,
                is_single=bool(each.facts.get('single')),
            )
            for each in asked
        }
        is_wanted = outside is None and None in skipped.values()
        refused, about_wiki = self._may_not(database, 'move', is_wanted=is_wanted)
        for each in found:
            why = each.skipped or skipped[each.name] or outside or refused
            facts = {**about_wiki, **each.facts}
            yield Decision(each.name, skipped=why, facts=facts, partition=database)

    def _look(
        self, target: Target, database: str, source: str, to: str
    ) -> Outcome | None:
        """Return how a target ends whose page is elsewhere; None if it is not."""
        number = target.decision.facts['page_id']
        page = next(iter(self._actor.titles(database, ids=[number])), None)
        if page is None:
            return _changed('gone')
        if page.title == source:
            return None
        if page.title == to:
            return self._reconcile(target) or _changed('moved')
        return _changed(f'moved to {page.title!r}')

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read where a page is, and whether the operator has moved it there."""
        facts = target.decision.facts
        database = split(target.name)[0]
        source, to = self._ends(facts)
        pages = self._actor.titles(database, ids=[facts['page_id']])
        if not any(page.title == to for page in pages):
            return None
        for answer in self._actor.reader.answers(database, **about(source, 'move')):
            for entry in entries(answer):
                is_ours = entry.target_title == to and target.may_have_written_at(
                    entry.timestamp, by=entry.user
                )
                if is_ours and entry.page_id == facts['page_id']:
                    return _done(f'log entry {entry.id}, found in the log')
            break
        return Outcome(State.DONE, detail='moved there meanwhile, by others')


class MoveBack(_Move):
    """Move pages back to the titles that they had before the actor moved them.

    The targets are named ``database:Title``, by the titles that they have now.

    .. version-added:: 0.1
    """

    kind = 'crosswiki_moveback'

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-move-back')

    def _ends(self, facts: Mapping[str, Any]) -> tuple[str, str]:
        return facts['title'], facts['origin']

    def _leaves_redirect(self, facts: Mapping[str, Any]) -> bool:
        return False

    def _moved(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        by_title = {page.title: page for page in self._actor.moved(database)}
        for name in names:
            page = by_title.get(split(name)[1])
            if page is None:
                yield Decision(name, skipped=SkipReason.NO_PAGE)
            else:
                why = _of_other_time(page, self._period)
                yield Decision(name, skipped=why, facts=_facts(page))


class UndoMoveBack(UndoOnWikis, _Move):
    """Move pages again that a campaign has moved back.

    .. version-added:: 0.1
    """

    kind = 'undo_crosswiki_moveback'

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-move-again')

    def _ends(self, facts: Mapping[str, Any]) -> tuple[str, str]:
        return facts['origin'], facts['title']

    def _leaves_redirect(self, facts: Mapping[str, Any]) -> bool:
        return bool(facts.get('redirect'))

    def _moved(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        for name, target in self._recorded(names).items():
            yield Decision(name, facts=dict(target.decision.facts))


def _facts(page: MovedPage) -> dict[str, Any]:
    return {
        'title': page.title,
        'page_id': page.page_id,
        'origin': page.origin,
        'authors': list(page.users),
        'redirect': page.leaves_redirect,
        'single': page.is_single,
        'what': 'move',
    }


def _of_other_time(page: MovedPage, period: Period) -> SkipReason | None:
    if page.time < period.since:
        return SkipReason.BEFORE_SINCE
    return None if period.has(page.time) else SkipReason.AFTER_UNTIL


def _skip(
    page: TitleFacts | None,
    source: str,
    to: str,
    there: Mapping[str, TitleFacts],
    *,
    is_single: bool,
) -> SkipReason | None:
    """Return why a page is not moved; None if it is.

    :param there: the pages that have the titles to which pages are moved
    :param is_single: whether a redirect there was left by the only move
    """
    if page is None:
        return SkipReason.NO_PAGE
    if page.title == to:
        return SkipReason.ALREADY
    if page.title != source:
        return SkipReason.MOVED_SINCE
    other = there.get(to)
    # A redirect to the page that nobody has edited is replaced.
    is_left = other is not None and other.is_redirect and other.is_new
    is_free = other is None or (is_left and is_single)
    return None if is_free else SkipReason.PAGE_EXISTS


def _done(detail: str) -> Outcome:
    return Outcome(State.DONE, changed=True, detail=detail)


def _changed(why: str) -> Outcome:
    return Outcome(
        State.FAILED,
        detail=f'changed since the plan, and skipped ({why})',
        reason_code=SkipReason.CHANGED_SINCE.name,
    )
