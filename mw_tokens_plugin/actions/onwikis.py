"""What reverting on many wikis, and undoing that, have in common.

It skips the wikis that are left out, plans the rest wiki by wiki, and reads what a wiki
allows. What is done to one target is left to
:mod:`mw_tokens_plugin.actions.pagerevert` and its neighbours.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

from mw_tokens_plugin.actions.crosswiki import SkippedWikis
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Decision, Outcome, SkipReason, Target
from mw_tokens_plugin.targets.bywiki import plan_by_wiki
from mw_tokens_plugin.targets.contributions import Actor
from mw_tokens_plugin.targets.pagenames import split


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
        named: frozenset[str] = frozenset(),
        not_wikis: frozenset[str] = frozenset(),
    ) -> None:
        """Set on which wikis it acts.

        :param actor: reads the wikis
        :param reason: for the log
        :param again: whether some targets have been decided on before
        :param named: the only databases on which it acts, if there are any
        :param not_wikis: databases that are skipped
        """
        self.wikis = actor.wikis
        self._actor = actor
        self._reason = reason
        self._again = again
        self._named = named
        self._not_wikis = not_wikis
        self._skipped_wikis = SkippedWikis(not_wikis)

    @abstractmethod
    def _plan_wiki(self, database: str, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets of one wiki."""

    @abstractmethod
    def _reconcile(self, target: Target) -> Outcome | None:
        """Read whether the operator has written a target; None if not."""

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, wiki by wiki."""
        selected = []
        for name in names:
            database = split(name)[0]
            if database in self._not_wikis:
                skipped = SkipReason.LEFT_OUT
            elif self._named and database not in self._named:
                skipped = SkipReason.NOT_NAMED
            else:
                selected.append(name)
                continue
            yield Decision(name, skipped=skipped, facts={'wiki': database})
        again, self._again = self._again, True
        yield from plan_by_wiki(
            selected, self._plan_wiki, wikis=self.wikis, again=again
        )

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not."""
        for target in targets:
            yield target, self._skipped_wikis.reconciled(target, self._reconcile)
