"""Restoring what a campaign has reverted on many wikis, as an action.

A page gets back the revision that was reverted, where nobody has touched it since.
Reverting is left to :mod:`mw_tokens_plugin.actions.pagerevert`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from mw_tokens_plugin.actions.crosswiki import outcome_of_block
from mw_tokens_plugin.actions.onwikis import UndoOnWikis
from mw_tokens_plugin.actions.pagerevert import CHANGED, changed_outcome, undo_edits
from mw_tokens_plugin.campaign.records import (
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import ApiRefusal, Blocked
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.fields import timestamp
from mw_tokens_plugin.targets.contributions import Actor, RevisionFacts
from mw_tokens_plugin.targets.pagenames import split


class UndoRevertEdits(UndoOnWikis):
    """Give pages back the revisions that a campaign has reverted.

    .. version-added:: 0.1
    """

    kind = 'undo_crosswiki_rollback'
    wording = 'unrevert-page'
    fixed = frozenset({'page_id', 'written', 'reverted'})

    def __init__(
        self,
        actor: Actor,
        *,
        mark_bot: bool = False,
        abusers: Collection[str] = (),
        shown: Callable[[Sequence[str]], Mapping[str, Target]] = lambda names: {},
        **undo: Any,
    ) -> None:
        """Set which campaign is undone.

        :param abusers: those whose edits were reverted
        :param shown: returns targets of the step that shows what the campaign has
            hidden, as it was recorded, by their names
        :param mark_bot: whether recent changes hide the edits
        :param undo: as for :class:`.UndoOnWikis`; without a reason the summary is that
            of each wiki
        """
        super().__init__(actor, **undo)
        self._mark_bot = mark_bot
        self._abusers = abusers
        self._shown = shown

    def describe(self) -> str:
        """Return a word or two for what is done to a page."""
        return message('campaign-verb-unrevert-page')

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a page, by heading."""
        facts = target.decision.facts
        return {
            message('campaign-column-restores'): str(facts.get('reverted') or ''),
            message('campaign-column-by'): ', '.join(facts.get('authors') or ()),
        }

    def apply(self, target: Target) -> Outcome:
        """Restore one page, if nobody has edited it since the plan.

        :raises TokensPluginError: the wiki refused, or its answer was lost
        """
        facts = target.decision.facts
        parameters: dict[str, Any] = {'pageid': facts['page_id']}
        if self._reason:
            parameters['summary'] = self._reason
        try:
            return undo_edits(
                self.wikis.site(split(target.name)[0]),
                facts,
                latest=facts['written'],
                restores=facts['reverted'],
                parameters=parameters,
                base=facts.get('base', 0),
                mark_bot=self._mark_bot,
            )
        except Blocked as error:
            return outcome_of_block(error)
        except ApiRefusal as error:
            if error.code not in CHANGED:
                raise
            return self._reconcile(target) or changed_outcome(
                self._actor, target, error.code, self._abusers
            )

    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        recorded, shown = self._recorded(names), self._shown(names)
        pages = {name: each.decision.facts for name, each in recorded.items()}
        newest = self._actor.newest(
            database, [facts['page_id'] for facts in pages.values()]
        )
        reverted = self._actor.revisions(
            database,
            [facts[key] for facts in pages.values() for key in ('written', 'reverted')],
        )
        standing = self.wikis.standing(database, 'edit')
        for name, known in pages.items():
            facts = {**known, 'wiki': database}
            now = newest.get(facts['page_id'])
            before = reverted.get(facts['reverted'])
            skipped = standing.skipped
            if standing.read_only is not None:
                skipped = skipped or SkipReason.READ_ONLY
                facts['problem'] = standing.read_only
            if now is None:
                skipped = SkipReason.NO_PAGE
            elif not _has_same_text(now, reverted.get(facts['written'])):
                is_back = before and before.sha1 and before.sha1 == now.sha1
                skipped = SkipReason.ALREADY if is_back else SkipReason.CHANGED_SINCE
                if not is_back and now.user in self._abusers:
                    skipped = SkipReason.EDITED_AGAIN
                facts['changed_by'] = now.user
            elif (sha1 := _text_of(before, facts, is_shown=name in shown)) is None:
                skipped = SkipReason.TEXT_HIDDEN
            else:
                facts |= {'sha1': sha1, 'base': now.id}
            yield Decision(name, skipped=skipped, facts=facts, partition=database)

    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether a page has got back what was reverted."""
        facts = target.decision.facts
        database = split(target.name)[0]
        for each in self._actor.history(database, facts['page_id']):
            if each.id <= facts['written']:
                break
            moment = timestamp(each.time)
            if (
                each.sha1 == facts['sha1']
                and moment is not None
                and target.may_have_written_at(moment, by=each.user)
            ):
                detail = f'revision {each.id}, found in the history'
                return Outcome(State.DONE, changed=True, detail=detail)
        return None


def _text_of(
    before: RevisionFacts | None, facts: Mapping[str, Any], *, is_shown: bool
) -> str | None:
    """Return the hash of the text that a page gets back; None where it is hidden.

    :param before: the revision that has it; None if it is gone
    :param is_shown: whether this undo shows it before
    """
    if before is not None and before.sha1 is None and is_shown:
        return facts.get('latest_sha1')
    return None if before is None else before.sha1


def _has_same_text(now: RevisionFacts, written: RevisionFacts | None) -> bool:
    """Tell whether a page has the text that the campaign gave it.

    Its newest revision is another one if it was moved or protected since.
    """
    if written is None or now.id == written.id:
        return written is not None
    return written.sha1 is not None and now.sha1 == written.sha1
