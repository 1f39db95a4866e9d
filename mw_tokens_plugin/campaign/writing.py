"""The writes for one target: sent, tried again, and read from the wiki if unanswered.

Theory of operation. An attempt waits for the pace, asks the guards, and lets the action
write once, right after a look at whether other runs count this one as alive. Transient
errors are tried again as long as the policy allows. A write of unknown outcome is read
from the wiki before another attempt, and once more before the target counts as failed:
a refusal may be due to what an earlier attempt has done. What cannot be read stays
leased, and is read first by the next run.

Leasing targets and recording how they ended is left to the engine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.batch import Batch
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Outcome, State, Target
from mw_tokens_plugin.campaign.retry import TRANSIENT, RetryPolicy
from mw_tokens_plugin.campaign.stopping import ERRORS, Stopping
from mw_tokens_plugin.campaign.workers import ActiveRun
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    InternalApiError,
    InvalidInput,
    LostRace,
    PermissionDenied,
    TokensPluginError,
    UnexpectedAnswer,
)

#: Errors that leave it open whether the write took effect.
_UNKNOWN = (AmbiguousWrite, InternalApiError, UnexpectedAnswer)

#: Errors that concern one target only; all others would affect every target.
_FINAL = (ApiRefusal, InvalidInput, UnexpectedAnswer)
_STOPPING = (PermissionDenied, *TRANSIENT)


class Halted(Exception):
    """A target was left before it ended.

    :ivar may_be_sent: whether it has to be read before it is sent again
    :ivar reason: the error; None if the operator wants to stop
    """

    def __init__(self, *, may_be_sent: bool, reason: Exception | None = None) -> None:
        super().__init__()
        self.may_be_sent = may_be_sent
        self.reason = reason


class Writer:
    """Writes for one target after the other; workers share it."""

    def __init__(
        self,
        ledger: Ledger,
        action: Action,
        run: ActiveRun,
        stopping: Stopping,
        policy: RetryPolicy,
        pace: Callable[[Target], float],
        guard: Callable[[], None],
        before_pause: Callable[[Target, Exception, float], None],
        sleep: Callable[[float], None],
    ) -> None:
        """Get what :class:`~.engine.Engine` describes."""
        self._ledger = ledger
        self._action = action
        self._run = run
        self._stopping = stopping
        self._policy = policy
        self._pace = pace
        self._guard = guard
        self._before_pause = before_pause
        self._sleep = sleep

    def write(self, target: Target, batch: Batch) -> Outcome:
        """Try one target as long as the policy allows.

        :param batch: what the target was leased with
        :return: DONE, FAILED, or LEASED where the wiki runs the write later
        :raises Halted: it has not ended, and is left to another run
        """
        case = _Case(target, batch, self._action.of(target.kind))
        try:
            return self._policy.call(
                partial(self._attempt, case), partial(self._before_pause, target)
            )
        except ERRORS as error:
            if case.is_unknown or (case.was_unknown and _is_final(error)):
                return self._last_look(case, error)
            if _is_final(error):
                return _failed(error)
            raise Halted(may_be_sent=False, reason=error) from error

    def _attempt(self, case: _Case) -> Outcome:
        """Write once, or find out that nothing is left to write."""
        self._halt_if_over(case)
        if case.is_unknown and (outcome := case.reconcile()):
            return outcome
        with _halting(case):
            self._wait(case, self._pace(case.target))
            self._guard()
        if outcome := case.batch.look_again(case.target):
            return outcome
        with _halting(case):
            # The guard and the action have asked the wiki, which takes any time.
            self._wait(case)
        case.is_unknown = True
        started_at = self._ledger.clock()
        try:
            return checked(case.action.apply(case.target), case.action)
        except TokensPluginError as error:
            case.is_unknown = isinstance(error, _UNKNOWN)
            case.was_unknown |= case.is_unknown
            if isinstance(error, TRANSIENT):
                self._ledger.note_attempt(
                    case.target,
                    started_at,
                    description(error),
                    error_class=type(error).__name__,
                    reason_code=_code(error),
                )
            raise

    def _halt_if_over(self, case: _Case) -> None:
        if self._stopping.is_over():
            raise Halted(may_be_sent=case.is_unknown)

    def _wait(self, case: _Case, seconds: float = 0.0) -> None:
        """Wait some seconds, and until other runs count this one as alive."""
        end = time.monotonic() + seconds
        while True:
            self._halt_if_over(case)
            left = end - time.monotonic()
            if left <= 0 and self._run.is_alive():
                return
            self._sleep(min(left, 0.2) if left > 0 else 0.05)

    def _last_look(self, case: _Case, error: Exception) -> Outcome:
        """Read the outcome of a target that may have been sent and is not tried again.

        :raises Halted: it could not be read
        """
        # Otherwise the wiki works, but not for this target: the others continue.
        if not isinstance(error, InternalApiError | LostRace) and not _is_final(error):
            raise Halted(may_be_sent=True, reason=error) from error
        try:
            reconciled = case.reconcile()
        except ERRORS as failure:
            raise Halted(may_be_sent=True, reason=failure) from failure
        return reconciled or _failed(error)


@dataclass(slots=True)
class _Case:
    """A target, and what its attempts have shown.

    :ivar is_unknown: whether the last write may have taken effect
    :ivar was_unknown: whether any of them may
    """

    target: Target
    batch: Batch
    action: Action
    is_unknown: bool = False
    was_unknown: bool = False

    def reconcile(self) -> Outcome | None:
        """Read whether a write took effect; None if none did."""
        ((_, outcome),) = self.action.reconcile([self.target])
        return outcome


@contextmanager
def _halting(case: _Case) -> Iterator[None]:
    """Leave a target for errors that say nothing of it."""
    try:
        yield
    except TRANSIENT:
        raise
    except ERRORS as error:
        raise Halted(may_be_sent=case.is_unknown, reason=error) from error


def checked(outcome: Outcome, action: Action) -> Outcome:
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


def description(error: BaseException) -> str:
    """Return what the ledger keeps of an error."""
    return f'{type(error).__name__}: {error}'


def _is_final(error: BaseException) -> bool:
    """Tell whether an error concerns one target alone."""
    return isinstance(error, _FINAL) and not isinstance(error, _STOPPING)


def _failed(error: Exception) -> Outcome:
    """Return the outcome of a target that an error has ended."""
    return Outcome(
        State.FAILED,
        detail=description(error),
        error_class=type(error).__name__,
        reason_code=_code(error),
    )


def _code(error: Exception) -> str | None:
    """Return the wiki's code for an error, if it has one."""
    code = getattr(error, 'code', None)
    return code[:80] if isinstance(code, str) else None
