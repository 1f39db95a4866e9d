"""Writes whose outcome is read from the wiki before anything is sent for their targets.

They are those of dead runs, which may have been killed after sending them, and those
that the wiki has accepted and runs later. Trying again what had no effect is left to
the engine, and unanswered writes of this run to :mod:`.writing`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.partitions import Partitions
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.returning import Returning
from mw_tokens_plugin.campaign.stopping import ERRORS, Stopping
from mw_tokens_plugin.campaign.workers import ActiveRun
from mw_tokens_plugin.campaign.writing import checked
from mw_tokens_plugin.exceptions import AmbiguousWrite
from mw_tokens_plugin.messages import quantity

#: Targets read at a time.
_BATCH = 50


class Reconciler:
    """Reads whether writes took effect, and records or returns their targets."""

    def __init__(
        self,
        ledger: Ledger,
        campaign: Campaign,
        action: Action,
        run: ActiveRun,
        stopping: Stopping,
        partitions: Partitions,
        record: Callable[[Target, Outcome], None],
        returning: Returning,
    ) -> None:
        """Set what is called with each target that has ended."""
        self._ledger = ledger
        self._campaign = campaign
        self._action = action
        self._run = run
        self._stopping = stopping
        self._partitions = partitions
        self._record = record
        self._returning = returning
        #: What the wiki has accepted and not run yet; workers add to it.
        self._accepted: list[Target] = []
        self._adding = threading.Lock()
        #: Targets for which the wiki was waited for already.
        self._waited: set[int] = set()

    def keep(self, target: Target) -> None:
        """Keep a target leased, to be read again when all others are done."""
        kept = self._ledger.keep_leased(target, self._run.recovery_owner)
        with self._adding:
            self._accepted.append(kept)

    def take_over(self, wait_for_others: Callable[[], None]) -> bool:
        """Find out whether writes of dead runs took effect.

        :param wait_for_others: called if other runs that are alive have leases
        :return: whether there are or were other runs with leases
        """
        dead, living = self._run.other_owners()
        try:
            for owner in dead:
                if (error := self._returning.take_from(owner)) is not None:
                    raise error
                while not self._stopping.is_over() and (
                    batch := self._ledger.take_over(
                        self._campaign, self._run.recovery_owner, owner, _BATCH
                    )
                ):
                    if (error := self._returning.take(batch)) is not None:
                        raise error
                    self._reconcile(batch)
                self._ledger.leave_partition(self._campaign, owner)
        except ERRORS as error:
            self._stopping.fail(error)
        if living:
            wait_for_others()
        return bool(dead or living)

    def wait_for_wiki(
        self,
        policy: RetryPolicy,
        sleep: Callable[[float], None],
        before_pause: Callable[[Target, Exception, float], None],
    ) -> bool:
        """Read again what the wiki has accepted, until it has run that.

        What it has not run in the end stays leased: the next run reads it.

        :return: whether there was anything to wait for
        """
        if not self._accepted or self._stopping.is_over():
            return False
        accepted = {target.id for target in self._accepted}
        if not accepted & self._waited:
            self._waited |= accepted
            for pause in policy.pauses():
                before_pause(self._accepted[0], self._still_accepted(), pause)
                sleep(pause)
                if self._stopping.is_over():
                    return True
                waiting, self._accepted = self._accepted, []
                try:
                    self._reconcile(waiting)
                except ERRORS as error:
                    self._stopping.fail(error)
                if not self._accepted or self._stopping.is_over():
                    return True
        self._stopping.fail(self._still_accepted())
        return True

    def _reconcile(self, batch: Sequence[Target]) -> None:
        groups: dict[tuple[str | None, str], list[Target]] = {}
        for target in batch:
            group = (target.decision.partition, target.kind)
            groups.setdefault(group, []).append(target)
        for (partition, kind), targets in groups.items():
            # What cannot be read stays leased, and is read first by another run.
            if partition not in self._partitions.closed:
                with self._partitions.skipping(partition):
                    self._reconcile_group(targets, self._action.of(kind))

    def _reconcile_group(self, targets: Sequence[Target], action: Action) -> None:
        for target, outcome in action.reconcile(targets):
            if outcome is None:
                self._ledger.unlease([target])
            elif checked(outcome, action).state is State.LEASED:
                self.keep(target)
            else:
                self._record(target, outcome)

    def _still_accepted(self) -> AmbiguousWrite:
        number = quantity(len(self._accepted), 'write')
        return AmbiguousWrite(
            f'The wiki has accepted {number} and not run yet, the first for '
            f'{self._accepted[0].label}. Nothing is sent again: -resume reads later '
            'whether it took effect.'
        )
