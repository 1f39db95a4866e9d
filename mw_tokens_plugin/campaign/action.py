"""The contract between the engine and what is done to each target of a campaign.

An action knows one kind of write: how targets are planned, how one is written, and how
to find out whether a write took effect whose answer was lost. It keeps nothing that a
restart would need: all of that is in the target, which the ledger stores.

Who calls what, and when:

1. :meth:`Action.plan`, by the plan: for all targets that are listed, in batches, and
   for planned ones when the plan is checked again. It only reads.
2. :meth:`Action.look_again`, by the engine: right before the writes of a plan that was
   made more than a few minutes ago. It only reads.
3. :meth:`Action.apply`, by the engine: once for each attempt, in the thread of the
   worker that has leased the target. It is the only method that writes.
4. :meth:`Action.reconcile`, by the engine: for targets whose write may have taken
   effect, before anything else is sent for them. It only reads.

Several workers call the methods of one action at the same time, but never two of them
for the same target, nor for two targets of the same partition.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from mw_tokens_plugin.campaign.records import Decision, Outcome, SkipReason, Target

__all__ = ['Action']


class Action(ABC):
    """What is done to every target of a campaign.

    .. version-added:: 0.1

    :cvar kind: what the ledger calls campaigns of this kind
    :ivar wording: names the messages about what is done, such as ``lock-hide`` for
        ``campaign-to-do-lock-hide``; empty to describe it by :meth:`describe`
    :cvar fixed: facts that must not differ when a plan is checked again: a target that
        differs is not the one that was confirmed
    :cvar kept: facts that stay as the first plan has them
    :cvar before: the message that some targets were done by the operator before
    :cvar done: the reasons for skipping a target that was done since it was planned
    """

    kind: ClassVar[str]
    wording: str = ''
    fixed: ClassVar[frozenset[str]] = frozenset()
    kept: ClassVar[frozenset[str]] = frozenset()
    before: str = 'campaign-before-done'
    done: ClassVar[frozenset[SkipReason]] = frozenset()

    @abstractmethod
    def describe(self) -> str:
        """Return what is done to a target, in a word or two, such as ``lock``."""

    @abstractmethod
    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Yield one decision for each name, in any order.

        A target that must not be written to is skipped, with a reason. One that could
        not be read is skipped with a reason that is transient, rather than raised.

        :param names: at most 500 of them
        :raises TokensPluginError: nothing can be read; the plan stays incomplete, and
            is resumed later
        """

    @abstractmethod
    def apply(self, target: Target) -> Outcome:
        """Write once for one target, and never send anything again.

        :return: DONE; FAILED where the target must not be written to any more; LEASED
            where the wiki has accepted the write and runs it later
        :raises AmbiguousWrite: the write may have taken effect: the engine calls
            :meth:`reconcile` before it tries again
        :raises TokensPluginError: it was refused; by the class of the error the engine
            tries again, records a failure or stops
        """

    @abstractmethod
    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect.

        :param targets: leased ones, of one partition, at most 50
        :return: each target with its outcome; None where nothing was written, so that
            it may be sent
        :raises TokensPluginError: it cannot be read: the targets stay leased
        """

    def of(self, kind: str) -> Action:
        """Return the action for targets of a kind, where there are several kinds.

        :param kind: that of a target; empty where the campaign does one thing
        """
        return self

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target besides its name, by heading."""
        return {}

    def overview(
        self, planned: Iterable[Target], skipped: Iterable[Target]
    ) -> Iterator[str]:
        """Yield lines that the operator reads above the plan.

        :param planned: all that are planned
        :param skipped: all that are skipped
        """
        return iter(())

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield lines that the operator reads under the plan.

        :param targets: all that are planned
        """
        return iter(())

    def remarks_on_skipped(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield lines under the plan for those who can do what this campaign skips.

        :param targets: all that are skipped
        """
        return iter(())

    def typed(self, targets: Iterable[Target]) -> str:
        """Return what has to be typed to confirm the plan, besides; empty if nothing.

        :param targets: all that are planned
        """
        return ''

    def changed_since(
        self, before: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> SkipReason | None:
        """Return why a target is not what an earlier plan was made for; None if it is.

        :param before: the facts that it had there
        :param facts: those that it has now
        """
        is_changed = any(n in before and before[n] != facts.get(n) for n in self.fixed)
        return SkipReason.CHANGED_SINCE if is_changed else None

    def knows(self, target: Target) -> bool:
        """Tell whether a target of a fresh plan need not be looked at again.

        It does where others may have taken its name, and no read comes before a write.
        """
        return True

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read, right before writes by a plan that is not fresh, which to skip now.

        An action whose :meth:`apply` reads each target before it writes does not need
        it.

        :return: how a target ends without a write; None if it is written
        """
        return ((target, None) for target in targets)
