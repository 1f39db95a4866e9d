"""What undoing an abuser's deeds on many wikis, and undoing that, have in common.

It skips the wikis that are left out, plans the rest wiki by wiki, and reads on which of
them it may act. What is done to one target is left to
:mod:`mw_tokens_plugin.actions.pagerevert` and its neighbours.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mw_tokens_plugin.actions.crosswiki import SkippedWikis, still_unknown
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Decision, Outcome, SkipReason, Target
from mw_tokens_plugin.targets.bywiki import plan_by_wiki
from mw_tokens_plugin.targets.contributions import Actor, Period
from mw_tokens_plugin.targets.pagenames import search_in, split
from mw_tokens_plugin.targets.problems import WikiProblem
from mw_tokens_plugin.targets.scope import Scope, for_local_administrators

_NOT_READ = WikiProblem(SkipReason.NO_ANSWER, 'its contributions were not read yet')


class OnWikis(Action):
    """An action on targets named ``database:Title``, of wikis that an actor was on.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        actor: Actor,
        *,
        reason: str,
        again: bool = False,
        period: Period | None = None,
        scope: Scope | None = None,
        named: frozenset[str] = frozenset(),
        not_wikis: frozenset[str] = frozenset(),
        problems: Mapping[str, WikiProblem | None] | None = None,
        earlier: Callable[[Sequence[str]], Mapping[str, Target]] = lambda names: {},
    ) -> None:
        """Set whose deeds are meant, and on which wikis it acts.

        :param actor: reads the wikis
        :param reason: for the log, and the summary of edits
        :param again: whether some targets have been decided on before
        :param period: when the deeds were done that are meant; None for any time
        :param scope: the wikis on which it acts; None for all of them
        :param named: the only databases on which it acts, if there are any
        :param not_wikis: databases that are skipped
        :param problems: why wikis could not be searched, by the targets that stand for
            these searches; None for a search of which the pages are targets now
        :param earlier: returns targets as an earlier plan has left them, by their names
        """
        self.wikis = actor.wikis
        self._actor = actor
        self._reason = reason
        self._again = again
        self._period = period or Period('')
        self._scope = scope
        self._named = named
        self._not_wikis = not_wikis
        self._skipped_wikis = SkippedWikis(not_wikis)
        self._problems = problems or {}
        self._earlier = earlier

    @abstractmethod
    def _plan_wiki(
        self, database: str, names: Sequence[str], outside: SkipReason | None
    ) -> Iterator[Decision]:
        """Decide on some targets of one wiki.

        :param outside: why nothing is done there that can be left to others
        """

    @abstractmethod
    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether the operator has written a target; None if not."""

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, wiki by wiki."""
        selected = []
        for name in names:
            database = split(name)[0]
            about = {'wiki': database}
            if database in self._not_wikis:
                facts = still_unknown(self._earlier([name]).get(name))
                skipped = SkipReason.LEFT_OUT
                yield Decision(name, skipped=skipped, facts={**about, **facts})
            elif self._named and database not in self._named:
                yield Decision(name, skipped=SkipReason.NOT_NAMED, facts=about)
            elif search_in(name) is None:
                selected.append(name)
            elif problem := self._problems.get(name, _NOT_READ):
                facts = {**about, 'problem': problem.words}
                yield Decision(name, skipped=problem.skipped, facts=facts)
            else:
                yield Decision(name, skipped=SkipReason.SEARCHED, facts=about)
        again, self._again = self._again, True
        # It reads the wiki sets at most once, before there are threads.
        outside = {
            database: self._scope.reason(database) if self._scope else None
            for database in dict.fromkeys(split(name)[0] for name in selected)
        }

        def decide(database: str, names: Sequence[str]) -> Iterator[Decision]:
            return self._plan_wiki(database, names, outside[database])

        yield from plan_by_wiki(selected, decide, wikis=self.wikis, again=again)

    def remarks_on_skipped(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield what the administrators of skipped wikis can be told."""
        yield from for_local_administrators(self.wikis, targets)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not."""
        for target in targets:
            yield target, self._skipped_wikis.reconciled(target, self._reconcile)

    def _may_not(
        self, database: str, right: str, *, is_wanted: bool
    ) -> tuple[SkipReason | None, dict[str, Any]]:
        """Return why the operator may not do it on a wiki, and what the plan shows.

        :param right: the right that is needed
        :param is_wanted: whether anything is to be done there; else nothing is read
        """
        about: dict[str, Any] = {'wiki': database}
        if not is_wanted:
            return None, about
        skipped, more = self.wikis.standing(database, right).refusal()
        return skipped, {**about, **more}


class UndoOnWikis(OnWikis):
    """An action that undoes what a campaign has done on wikis.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        actor: Actor,
        *,
        reason: str,
        recorded: Callable[[Sequence[str]], Mapping[str, Target]],
        again: bool = False,
        not_wikis: frozenset[str] = frozenset(),
    ) -> None:
        """Set which campaign is undone.

        :param actor: reads the wikis
        :param reason: for the log, and the summary of edits
        :param recorded: returns the targets of that campaign by their names
        :param again: whether some targets have been decided on before
        :param not_wikis: databases that are skipped
        """
        super().__init__(actor, reason=reason, again=again, not_wikis=not_wikis)
        self._recorded = recorded
