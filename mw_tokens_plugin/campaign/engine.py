"""The loop of a campaign: lease, act, reconcile, record.

Theory of operation. The engine leases PLANNED targets for its workers, and records them
as DONE or FAILED. Nothing else changes these states while a run is active. A lease is
committed before a write is sent, and the outcome after it, so whatever is found LEASED
may have been sent: its owner may have been killed. What always holds:

- A target whose write may have taken effect is reconciled (read from the wiki)
  before it is sent again, and before it is recorded as failed.
- What certainly was not sent is given back: it is PLANNED again.
- Only the owner of a lease records an outcome. The leases of a dead run get a new one,
  the recovery owner of another run, which reconciles them first.
- A stage ends before anything of the next one is leased.
- A partition has one worker at a time; when it does not work, the others continue.
- Nothing is sent once the operator wants to stop: that is checked after every pause.
- Nothing is sent without the operator's seal, nor if the wiki was read more than ten
  minutes ago.

How to find out whether a write took effect is left to the action, how long a target is
tried to :mod:`.retry`, and which runs are alive to :mod:`.workers`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from pywikibot.exceptions import Error as PywikibotError

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target, now
from mw_tokens_plugin.campaign.retry import TRANSIENT, RetryPolicy
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.workers import ActiveRun
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    CentralAuthTokenRefused,
    HttpRefusal,
    InternalApiError,
    InvalidInput,
    LostRace,
    NotAttached,
    OutcomeUnknown,
    PermissionDenied,
    ReadOnly,
    StoppedByGuard,
    TokensPluginError,
    UnexpectedAnswer,
)
from mw_tokens_plugin.messages import quantity

#: Targets leased at a time. After a kill, this many are read before being sent.
LEASE = 50

#: How old a read of the wiki may be when a write is sent.
FRESH = timedelta(minutes=10)

#: Workers that a run which has joined others leaves something to.
_OTHERS = 4

#: Partitions that fail in a row before the whole campaign stops.
MAX_CONSECUTIVE_FAILURES = 3

#: Errors that leave it open whether the write took effect.
_UNKNOWN = (OutcomeUnknown, InternalApiError, UnexpectedAnswer)

#: Errors that concern one target only; all others would affect every target.
_FINAL = (ApiRefusal, InvalidInput, UnexpectedAnswer)
_STOPPING = (PermissionDenied, *TRANSIENT)

#: Errors with which one wiki of several refuses everything from this operator.
_REFUSING = (PermissionDenied, CentralAuthTokenRefused, HttpRefusal, NotAttached)

#: Errors that end a run in order, and are in its :class:`Finish`.
_ERRORS = (TokensPluginError, PywikibotError)


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
        self._sealer = sealer
        self._key_id = None if sealer is None else sealer.key_id
        self._unsealed = 0
        self._ledger = ledger
        self._campaign = campaign
        self._action = action
        self._run = run
        self._workers = workers
        self._policy = policy or RetryPolicy()
        self._pace = pace
        self._guard = guard
        self._should_stop = should_stop
        self._observe = observe
        self._sleep = sleep
        self._observing = threading.Lock()
        self._wait_for_others = wait_for_others
        self._before_pause = before_pause
        self._failure: Exception | None = None
        self._deciding = threading.Lock()
        self._skipped_partitions: dict[str, Exception] = {}
        self._refused: dict[str, Exception] = {}
        #: Partitions in which a target has ended in this run.
        self._worked: set[str] = set()
        #: Partitions that did not work, or refused, since the last target that ended.
        self._down_in_a_row: set[str] = set()
        self._refused_in_a_row: set[str] = set()
        #: Writes that the wiki has accepted and runs later.
        self._accepted: list[Target] = []
        #: The stage whose targets are leased; see :meth:`Ledger.stage`.
        self._stage = 0

    def run(self) -> Finish:
        """Work until nothing is left, or something stops it."""
        if not self._run.joined:
            self._reconcile_dead()
        waited: set[int] = set()
        while not self._is_over():
            self._stage = self._ledger.stage(self._campaign)
            self._work_all()
            # Other runs may leave leases behind, or give some back.
            if self._reconcile_dead():
                continue
            if self._is_over():
                break
            # So may the wiki, which can lose what it has accepted.
            if accepted := {target.id for target in self._accepted}:
                if waited & accepted:
                    self._failure = self._still_accepted()
                    break
                waited |= accepted
                self._wait_for_wiki()
                continue
            self._fail_refused()
            if self._ledger.stage(self._campaign) <= self._stage:
                break
        counts = self._ledger.counts(self._campaign)
        left = counts[State.PLANNED] + counts[State.LEASED]
        not_agreed_to = None
        if counts[State.PLANNED] and self._sealer and not self._is_over():
            self._failure = not_agreed_to = self._not_agreed_to(counts[State.PLANNED])
        return Finish(
            self._failure,
            interrupted=bool(left) and self._should_stop(),
            is_not_agreed_to=not_agreed_to is not None,
            skipped_partitions=dict(self._skipped_partitions),
            refused=dict(self._refused),
        )

    def reconcile_left(self) -> None:
        """Find out whether writes of killed runs took effect, before anything is sent.

        :raises TokensPluginError: the wiki could not be read
        """
        self._reconcile_dead()
        if self._failure is not None:
            raise self._failure

    def _not_agreed_to(self, planned: int) -> StoppedByGuard | None:
        """Return the error for planned targets that were skipped for their seals."""
        skipped_partitions = self._skipped_partitions.keys() | self._refused.keys()
        if skipped_partitions and not self._unsealed:
            return None
        number = quantity(planned, 'target')
        return StoppedByGuard(
            f'{number} of {self._campaign.name!r} in the ledger '
            f'{"is" if planned == 1 else "are"} not as you agreed to: somebody else '
            'has added or changed them. They were skipped; resume without -always to '
            'check them.'
        )

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
        if self._failure is not None and not isinstance(self._failure, _ERRORS):
            raise self._failure

    def _fail_refused(self) -> None:
        """Give up what is left in partitions that refused, if others worked.

        Where nothing else worked either, it stays planned: the operator can resume it
        when the reason is gone.
        """
        if not self._worked - self._refused.keys():
            return
        for partition in self._refused:
            self._ledger.fail_planned(
                self._campaign, partition, f'not sent: {partition} refuses you'
            )

    def _reconcile_dead(self) -> bool:
        """Find out whether writes of killed runs took effect.

        :return: whether there are or were other runs with leases
        """
        dead, living = self._run.other_owners()
        recovery_owner = self._run.recovery_owner
        try:
            for owner in dead:
                while not self._is_over() and (
                    batch := self._ledger.take_over(
                        self._campaign, recovery_owner, owner, LEASE
                    )
                ):
                    self._reconcile_all(batch)
                self._ledger.leave_partition(self._campaign, owner)
        except _ERRORS as error:
            self._failure = error
        if living:
            self._wait_for_others()
        return bool(dead or living)

    def _reconcile_all(self, batch: Sequence[Target]) -> None:
        groups: dict[tuple[str | None, str], list[Target]] = {}
        for target in batch:
            group = (target.decision.partition, target.kind)
            groups.setdefault(group, []).append(target)
        for (partition, kind), targets in groups.items():
            # What cannot be read stays leased, and is read first by another run.
            if (
                partition not in self._skipped_partitions
                and partition not in self._refused
            ):
                with self._skipping(partition):
                    action = self._action.of(kind)
                    for target, outcome in action.reconcile(targets):
                        if outcome is None:
                            self._ledger.unlease([target])
                        elif _checked(outcome, action).state is State.LEASED:
                            self._keep_leased(target)
                        else:
                            self._record(target, outcome)

    def _keep_leased(self, target: Target) -> None:
        """Keep a target leased, to be read again when all others are done."""
        kept = self._ledger.keep_leased(target, self._run.recovery_owner)
        with self._deciding:
            self._accepted.append(kept)

    def _wait_for_wiki(self) -> None:
        """Read again what the wiki has accepted, until that is done.

        What is not done in the end stays leased: the next run reads it.
        """
        for pause in self._policy.pauses():
            if not self._accepted or self._is_over():
                break
            self._before_pause(self._accepted[0], self._still_accepted(), pause)
            self._sleep(pause)
            if self._is_over():
                break
            waiting, self._accepted = self._accepted, []
            try:
                self._reconcile_all(waiting)
            except _ERRORS as error:
                self._failure = error
        if self._accepted and not self._is_over():
            self._failure = self._still_accepted()

    def _still_accepted(self) -> OutcomeUnknown:
        number = quantity(len(self._accepted), 'write')
        return OutcomeUnknown(
            f'The wiki has accepted {number} and not run yet, the first for '
            f'{self._accepted[0].label}. Nothing is sent again: -resume reads later '
            'whether it took effect.'
        )

    @contextmanager
    def _skipping(self, partition: str | None) -> Iterator[None]:
        """Continue with the other partitions when this one does not work.

        If several in a row do not work, the campaign stops.
        """
        try:
            yield
        except TRANSIENT as error:
            if partition is None:
                raise
            with self._deciding:
                self._skipped_partitions[partition] = error
                # That some are read-only tells nothing of the others.
                if not isinstance(error, ReadOnly):
                    self._down_in_a_row.add(partition)
                if len(self._down_in_a_row) == MAX_CONSECUTIVE_FAILURES:
                    raise
        except _REFUSING as error:
            if partition is None:
                raise
            with self._deciding:
                self._refused[partition] = error
                self._refused_in_a_row.add(partition)
                if len(self._refused_in_a_row) == MAX_CONSECUTIVE_FAILURES:
                    raise

    def _work(self, worker: int) -> None:
        """Write for targets until none is left."""
        owner = self._run.owner(worker)
        ledger, campaign = self._ledger, self._campaign
        try:
            while not self._is_over() and (
                partition := ledger.take_partition(
                    campaign,
                    owner,
                    [*self._skipped_partitions, *self._refused],
                    self._key_id,
                    self._stage,
                )
            ):
                try:
                    with self._skipping(partition):
                        self._work_in(partition, owner, LEASE)
                finally:
                    error = self._skipped_partitions.get(
                        partition
                    ) or self._refused.get(partition)
                    words = None if error is None else _words(error)
                    ledger.leave_partition(campaign, owner, words)
            self._work_in(None, owner, self._lease_size())
        except Exception as error:
            # An error in an action stops the other workers too.
            self._failure = self._failure or error
            if not isinstance(error, _ERRORS):
                raise

    def _work_quietly(self, worker: int) -> None:
        """Work in a thread of its own, which leaves all errors to the main thread."""
        with suppress(Exception):
            self._work(worker)

    def _lease_size(self) -> int:
        """Return a size so small that all workers have something until the end."""
        workers = max(self._workers, _OTHERS if self._run.joined else 1)
        if workers == 1:
            return LEASE
        left = self._ledger.counts(self._campaign)[State.PLANNED]
        return min(LEASE, max(1, left // (2 * workers)))

    def _work_in(self, partition: str | None, owner: str, size: int) -> None:
        """Lease the targets of one partition, and write for them."""
        while not self._is_over() and (
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
            self._work_on(leased)

    def _looks(self, leased: Sequence[Target]) -> _Looks:
        """Return when targets were read; give back those that nobody has confirmed."""
        if self._sealer is None:
            return _Looks(leased, {})
        made: dict[int, datetime] = {}
        agreed, others = [], []
        for target in leased:
            # Leased, it is what was decided on.
            plan = self._sealer.vouched(target)
            if plan is not None and plan.confirmed:
                made[target.id] = plan.made_at
                agreed.append(target)
            else:
                others.append(target)
        if others:
            self._ledger.break_seals(others)
            with self._deciding:
                self._unsealed += len(others)
        return _Looks(agreed, made)

    def _look_again(self, target: Target, looks: _Looks) -> Outcome | None:
        """Let the action read again what was read too long ago.

        That is all of its batch, from this one on.

        :return: how the target ends without a write, if it does
        """
        moment = looks.made.get(target.id)
        if moment is not None and not timedelta() <= now() - moment < FRESH:
            left = looks.targets[looks.targets.index(target) :]
            same = [each for each in left if each.kind == target.kind]
            for each, outcome in self._action.of(target.kind).look_again(same):
                looks.made[each.id] = now()
                if outcome is not None:
                    looks.outcomes[each.id] = outcome
        return looks.outcomes.get(target.id)

    def _is_over(self) -> bool:
        return self._failure is not None or self._should_stop()

    def _work_on(self, leased: Sequence[Target]) -> None:
        """Carry out some targets, as long as it is not to be stopped."""
        looks = self._looks(leased)
        leased = looks.targets
        for position, target in enumerate(leased):
            try:
                if not self._wait(target):
                    raise _Stopped(may_be_sent=False)
                self._guard()
                outcome = self._try(target, looks)
            except _Stopped as stopped:
                self._ledger.unlease(leased[position + stopped.may_be_sent :])
                return
            except _Unreconciled as error:
                # This one may have been sent: it stays leased, and is read first.
                self._ledger.unlease(leased[position + 1 :])
                raise error.reason from error.reason.__cause__
            except _ERRORS:
                self._ledger.unlease(leased[position:])
                raise
            if outcome.state is State.LEASED:
                self._keep_leased(target)
            else:
                self._record(target, outcome, vouched=self._sealer is not None)

    def _wait(self, target: Target) -> bool:
        """Wait for the pace, watching out for an order to stop meanwhile."""
        end = time.monotonic() + self._pace(target)
        while not self._is_over():
            left = end - time.monotonic()
            if left <= 0 and self._run.is_alive():
                return True
            self._sleep(min(left, 0.2) if left > 0 else 0.05)
        return False

    def _try(self, target: Target, looks: _Looks) -> Outcome:
        """Try one target as long as the policy allows.

        :raises _Stopped: the operator wants to stop
        :raises _Unreconciled: it may have been sent, and could not be read
        """
        action = self._action.of(target.kind)
        # Whether the last attempt may have taken effect, and whether any may.
        is_unknown = was_unknown = False
        try:
            for attempt in self._policy.retrying(partial(self._tell_pause, target)):
                with attempt:
                    is_first = attempt.retry_state.attempt_number == 1
                    if not is_first and self._is_over():
                        raise _Stopped(may_be_sent=is_unknown)
                    if is_unknown and (outcome := self._reconcile(target)):
                        return outcome
                    if not is_first:
                        # Another attempt is another write of the account.
                        if not self._wait(target):
                            raise _Stopped(may_be_sent=is_unknown)
                        self._guard()
                    if outcome := self._look_again(target, looks):
                        return outcome
                    is_unknown = True
                    started = self._ledger.clock()
                    try:
                        return _checked(action.apply(target), action)
                    except TokensPluginError as error:
                        is_unknown = isinstance(error, _UNKNOWN)
                        was_unknown |= is_unknown
                        if isinstance(error, TRANSIENT):
                            self._ledger.note_attempt(
                                target,
                                started,
                                _words(error),
                                error_class=type(error).__name__,
                                reason_code=_code(error),
                            )
                        raise
        except _ERRORS as error:
            if is_unknown or (was_unknown and _is_final(error)):
                return self._last_look(target, error)
            if _is_final(error):
                return _failed(error)
            raise
        raise AssertionError('tenacity ended without a result')

    def _tell_pause(self, target: Target, error: Exception, seconds: float) -> None:
        with self._observing:
            self._before_pause(target, error, seconds)

    def _reconcile(self, target: Target) -> Outcome | None:
        ((_, outcome),) = self._action.of(target.kind).reconcile([target])
        return outcome

    def _last_look(self, target: Target, error: Exception) -> Outcome:
        """Read the outcome of a target that may have been sent and is not tried again.

        :raises _Unreconciled: it could not be read
        """
        # Otherwise the wiki works, but not for this target: the others continue.
        if not isinstance(error, InternalApiError | LostRace) and not _is_final(error):
            raise _Unreconciled(error) from error
        try:
            reconciled = self._reconcile(target)
        except _ERRORS as failure:
            raise _Unreconciled(failure) from failure
        return reconciled or _failed(error)

    def _record(
        self, target: Target, outcome: Outcome, *, vouched: bool | None = None
    ) -> None:
        """Record how a target ended.

        :param vouched: whether the operator's seal vouches for it as it is here; None
            to look
        """
        self._down_in_a_row.clear()
        self._refused_in_a_row.clear()
        if target.decision.partition is not None:
            self._worked.add(target.decision.partition)
        if outcome.is_earlier:
            outcome = self._credited(target, outcome)
        seal, sealer = None, self._sealer
        # What nobody agreed to may still be in the hands of a run that is dead, and
        # what somebody else has written is not vouched for as one's own.
        if sealer is not None and sealer.is_ours(target):
            if vouched is None:
                vouched = sealer.vouched(target) is not None
            seal = sealer.ended if vouched else None
        if self._ledger.record(target, outcome, seal):
            if outcome.hidden:
                # From now on its name is shown nowhere.
                hidden = replace(target.decision, hidden=True)
                target = replace(target, decision=hidden)
            with self._observing:
                self._observe(target, outcome)

    def _credited(self, target: Target, outcome: Outcome) -> Outcome:
        """Leave to another campaign what it has done, so that each undoes its own."""
        for name, other in self._ledger.done_elsewhere(self._campaign, target):
            is_later = other.ended_after(target.decision.facts.get('looked_at'))
            if is_later and other.log_id in (None, outcome.log_id):
                detail = f'done by the campaign {name}'
                return Outcome(State.DONE, detail=detail)
        return outcome


@dataclass(slots=True)
class _Looks:
    """What is known of a batch of targets from before their writes.

    :ivar targets: those to which the operator has agreed
    :ivar made: when each was read the last time, by its number; missing where that does
        not matter
    :ivar outcomes: those that end without a write, by their numbers
    """

    targets: Sequence[Target]
    made: dict[int, datetime]
    outcomes: dict[int, Outcome] = field(default_factory=dict)


class _Unreconciled(Exception):
    """Carries an error past the handlers of those that are safe to repeat."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


class _Stopped(Exception):
    """The operator wants to stop before the next attempt.

    :ivar may_be_sent: whether the target has to be read before it is sent again
    """

    def __init__(self, *, may_be_sent: bool) -> None:
        super().__init__()
        self.may_be_sent = may_be_sent


def _checked(outcome: Outcome, action: Action) -> Outcome:
    """Return what an action has returned, if a target can end so.

    :raises TypeError: otherwise it would be written to again and again
    """
    may_be = (State.DONE, State.FAILED, State.SKIPPED, State.LEASED)
    if not isinstance(outcome, Outcome) or outcome.state not in may_be:
        raise TypeError(
            f'An error in the campaign script: {type(action).__name__} returns no '
            'Outcome that is DONE, FAILED or LEASED.'
        )
    return outcome


def _is_final(error: BaseException) -> bool:
    """Tell whether an error concerns one target alone."""
    return isinstance(error, _FINAL) and not isinstance(error, _STOPPING)


def _failed(error: Exception) -> Outcome:
    """Return the outcome of a target that an error has ended."""
    return Outcome(
        State.FAILED,
        detail=_words(error),
        error_class=type(error).__name__,
        reason_code=_code(error),
    )


def _code(error: Exception) -> str | None:
    """Return the wiki's code for an error, if it has one."""
    code = getattr(error, 'code', None)
    return code[:80] if isinstance(code, str) else None


def _words(error: BaseException) -> str:
    return f'{type(error).__name__}: {error}'
