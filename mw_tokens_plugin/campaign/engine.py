"""The loop of a campaign: lease, write, reconcile, record.

Theory of operation. The engine leases PLANNED targets for its workers, and records them
as DONE or FAILED. Nothing else changes these states while a run is active. A lease is
committed before a write is sent, and the outcome after it, so whatever is found LEASED
may have been sent: its owner may have been killed. What always holds:

- A target whose write may have taken effect is reconciled (read from the wiki)
  before it is sent again, and before it is recorded as failed.
- What certainly was not sent is given back: it is PLANNED again.
- Only the owner of a lease records an outcome. The leases of a dead run get a new one,
  the recovery owner of another run, which reconciles them first.
- A stage ends before anything of the next one is leased, by no hand but a run's.
- A partition has one worker at a time; when it does not work, the others continue.
- Nothing is sent once the operator wants to stop: that is checked after every pause.
- Nothing is sent without the operator's seal, nor if the wiki was read more than ten
  minutes ago.

How one target is written is left to :mod:`.writing`, what dead runs have left behind
to :mod:`.reconciling`, seals and the age of the plan to :mod:`.batch`, and which wikis
do not work to :mod:`.partitions`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.batch import Batch, agreed
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.outcomes import Outcomes
from mw_tokens_plugin.campaign.partitions import Partitions
from mw_tokens_plugin.campaign.reconciling import Reconciler
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.campaign.returning import Returning
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.stopping import ERRORS, Stopping
from mw_tokens_plugin.campaign.workers import ActiveRun
from mw_tokens_plugin.campaign.writing import Halted, Writer, description
from mw_tokens_plugin.exceptions import StoppedByGuard
from mw_tokens_plugin.messages import quantity

#: Targets leased at a time. After a kill, this many are read before being sent.
LEASE = 50

#: Workers that a run which has joined others leaves something to.
_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run of the engine ended.

    :ivar error: what stopped it, if something did
    :ivar interrupted: whether the operator stopped it
    :ivar skipped_partitions: partitions that did not work, and why
    :ivar refused: partitions that refused the operator, and why
    :ivar is_not_agreed_to: whether targets are left that the operator has not confirmed
    """

    error: Exception | None = None
    interrupted: bool = False
    is_not_agreed_to: bool = False
    skipped_partitions: Mapping[str, Exception] = field(default_factory=dict)
    refused: Mapping[str, Exception] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it worked on everything that there was to do."""
        return (
            self.error is None and not self.interrupted and not self.skipped_partitions
        )


class Engine:
    """Runs the plan of one campaign.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: Campaign,
        action: Action,
        run: ActiveRun,
        *,
        workers: int = 1,
        policy: RetryPolicy | None = None,
        pace: Callable[[Target], float] = lambda target: 0.0,
        guard: Callable[[], None] = lambda: None,
        should_stop: Callable[[], bool] = lambda: False,
        observe: Callable[[Target, Outcome], None] = lambda target, outcome: None,
        wait_for_others: Callable[[], None] = lambda: None,
        before_pause: Callable[[Target, Exception, float], None] = (
            lambda target, error, seconds: None
        ),
        sleep: Callable[[float], None] = time.sleep,
        sealer: Sealer | None = None,
    ) -> None:
        """Get everything that the loop needs.

        :param run: the active run, whose heartbeats keep the leases
        :param workers: how many threads work in parallel
        :param policy: how long a target is tried
        :param pace: returns the seconds to wait before a write for a target
        :param guard: raises :exc:`StoppedByGuard` to stop the campaign; called before
            every target
        :param should_stop: whether the operator wants to stop
        :param observe: called with every outcome, by one worker at a time
        :param wait_for_others: called when nothing is left but what other runs have
            leased
        :param before_pause: told before every pause after which a target is tried
            again: which one, why, and how many seconds
        :param sleep: waits for some seconds
        :param sealer: judges whether the operator has agreed to a target; without one
            the ledger is trusted
        """
        self._ledger = ledger
        self._campaign = campaign
        self._action = action
        self._run = run
        self._workers = workers
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self._wait_for_others = wait_for_others
        self._sealer = sealer
        self._key_id = None if sealer is None else sealer.key_id
        self._has_unsealed = False
        #: The stage whose targets are leased; see :meth:`Ledger.stage`.
        self._stage = 0
        self._stopping = Stopping(should_stop)
        self._partitions = Partitions()
        self._returning = Returning()
        #: What this run has ended and others have put back into the plan.
        self._put_back: dict[int, Target] = {}
        self._outcomes = Outcomes(ledger, campaign, sealer, observe, before_pause)
        self._reconciler = Reconciler(
            ledger,
            campaign,
            action,
            run,
            self._stopping,
            self._partitions,
            self._record,
            self._returning,
        )
        self._writer = Writer(
            ledger,
            action,
            run,
            self._stopping,
            self._policy,
            pace,
            guard,
            self._outcomes.tell_pause,
            sleep,
        )

    def run(self) -> Finish:
        """Work until nothing is left, or something stops it."""
        if not self._run.joined:
            self._take_over()
        while not self._stopping.is_over():
            if not self._enter_stage():
                break
            self._work_all()
            # Other runs may leave leases behind, or give some back. So may the wiki,
            # which can lose what it has accepted.
            if self._take_over() or self._wait_for_wiki():
                continue
            if self._stopping.is_over():
                break
            for partition in self._partitions.given_up:
                self._outcomes.fail_planned(
                    partition, f'not sent: {partition} refuses you'
                )
            if self._ledger.stage(self._campaign) <= self._stage:
                break
        return self._finish()

    def reconcile_left(self) -> None:
        """Find out whether writes of killed runs took effect, before anything is sent.

        :raises TokensPluginError: the wiki could not be read
        """
        self._take_over()
        if self._stopping.failure is not None:
            raise self._stopping.failure

    def _enter_stage(self) -> bool:
        """Go to the first open stage, unless others have ended those before it."""
        before, self._stage = self._stage, self._ledger.stage(self._campaign)
        if self._stage > before and self._sealer is not None:
            error = self._sealer.skipped_stages(joined=self._run.joined)
            if error is not None:
                self._stopping.fail(error)
                return False
        return True

    def _finish(self) -> Finish:
        counts = self._ledger.counts(self._campaign)
        left = counts[State.PLANNED] + counts[State.LEASED]
        not_agreed_to = None
        if counts[State.PLANNED] and self._sealer and not self._stopping.is_over():
            not_agreed_to = self._not_agreed_to(counts[State.PLANNED])
        if self._put_back and not self._stopping.is_over():
            not_agreed_to = Returning.error([*self._put_back.values()])
        elif (
            counts[State.LEASED] and not self._stopping.is_over() and self._holds_any()
        ):
            self._stopping.fail(self._ledger.forgetful())
        return Finish(
            self._stopping.failure or not_agreed_to,
            interrupted=bool(left) and self._stopping.is_wanted(),
            is_not_agreed_to=not_agreed_to is not None,
            skipped_partitions=dict(self._partitions.skipped),
            refused=dict(self._partitions.refused),
        )

    def _holds_any(self) -> bool:
        """Tell whether this run has leased targets again that it has ended."""
        owners = self._ledger.owners(self._campaign)
        is_here = any(owner.startswith(self._run.id) for owner in owners)
        return is_here and not self._partitions.closed

    def _not_agreed_to(self, planned: int) -> StoppedByGuard | None:
        """Return the error for planned targets that were skipped for their seals."""
        if self._partitions.closed and not self._has_unsealed:
            return None
        number = quantity(planned, 'target')
        return StoppedByGuard(
            f'{number} of {self._campaign.name!r} in the ledger '
            f'{"is" if planned == 1 else "are"} not as you agreed to: somebody else '
            'has added or changed them. They were skipped; resume without -always to '
            'check them.'
        )

    def _take_over(self) -> bool:
        return self._reconciler.take_over(self._wait_for_others)

    def _wait_for_wiki(self) -> bool:
        return self._reconciler.wait_for_wiki(
            self._policy, self._sleep, self._outcomes.tell_pause
        )

    # Workers

    def _work_all(self) -> None:
        """Let all workers work until none of them finds anything to do.

        Their threads are daemons: a second Ctrl-C waits for none of them.
        """
        if self._workers == 1:
            self._work(0)
            return
        threads = [
            threading.Thread(target=self._work_quietly, args=(worker,), daemon=True)
            for worker in range(self._workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        failure = self._stopping.failure
        if failure is not None and not isinstance(failure, ERRORS):
            raise failure

    def _work_quietly(self, worker: int) -> None:
        """Work in a thread of its own, which leaves all errors to the main thread."""
        with suppress(Exception):
            self._work(worker)

    def _work(self, worker: int) -> None:
        """Write for targets until none is left.

        An error stops the other workers too.
        """
        owner = self._run.owner(worker)
        try:
            while not self._stopping.is_over() and (
                partition := self._ledger.take_partition(
                    self._campaign,
                    owner,
                    [*self._partitions.closed],
                    self._key_id,
                    self._stage,
                )
            ):
                try:
                    with self._partitions.skipping(partition):
                        self._work_in(partition, owner, LEASE)
                finally:
                    error = self._partitions.closed.get(partition)
                    why = None if error is None else description(error)
                    self._ledger.leave_partition(self._campaign, owner, why)
            self._work_in(None, owner, self._lease_size())
        except Exception as error:
            self._stopping.fail(error)
            if not isinstance(error, ERRORS):
                raise

    def _lease_size(self) -> int:
        """Return a size so small that all workers have something until the end."""
        workers = max(self._workers, _OTHERS if self._run.joined else 1)
        if workers == 1:
            return LEASE
        left = self._ledger.counts(self._campaign)[State.PLANNED]
        return min(LEASE, max(1, left // (2 * workers)))

    def _work_in(self, partition: str | None, owner: str, size: int) -> None:
        """Lease the targets of one partition, and write for them."""
        while not self._stopping.is_over() and (
            leased := self._ledger.lease(
                self._campaign,
                owner,
                size,
                self._run.account,
                partition,
                self._key_id,
                self._stage,
            )
        ):
            if (error := self._returning.take(leased)) is not None:
                self._leave(leased)
                raise error
            leased = self._without_ended(leased)
            batch, others = agreed(leased, self._action, self._sealer)
            if others:
                self._ledger.break_seals(others)
                self._has_unsealed = True
            self._work_on(batch)

    def _without_ended(self, leased: Sequence[Target]) -> list[Target]:
        """Return what this run has not ended yet.

        The rest, which others have put back into the plan, stays leased: the next run
        reads whether it was sent.
        """
        for target in filter(self._returning.is_ended, leased):
            self._ledger.keep_leased(target, self._run.recovery_owner)
            self._put_back[target.id] = target
        return [target for target in leased if target.id not in self._put_back]

    def _leave(self, leased: Sequence[Target]) -> None:
        """Give back targets before a run stops that others put back into the plan.

        What this run has ended stays leased, so that the next one reads it.

        :raises CampaignBusy: another run took this one for dead, and went on
        """
        unsent = [each for each in leased if not self._returning.is_ended(each)]
        self._ledger.unlease(unsent)
        self._run.is_alive()

    def _work_on(self, batch: Batch) -> None:
        """Write for leased targets; what was certainly not sent is given back."""
        for position, target in enumerate(batch.targets):
            try:
                outcome = self._writer.write(target, batch)
            except Halted as halted:
                self._ledger.unlease(batch.targets[position + halted.may_be_sent :])
                if halted.reason is None:
                    return
                raise halted.reason from halted.reason.__cause__
            if outcome.state is State.LEASED:
                self._reconciler.keep(target)
            else:
                self._record(target, outcome, vouched=self._sealer is not None)

    def _record(
        self, target: Target, outcome: Outcome, *, vouched: bool | None = None
    ) -> None:
        self._partitions.has_worked(target.decision.partition)
        self._returning.end(target)
        self._outcomes.record(target, outcome, vouched=vouched)
