"""The loop of a campaign: lease, act, settle, record.

Intent is in the ledger before a write is sent and its outcome after; what is unknown
in between is read from the wiki before anything is sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mw_tokens_plugin.campaign.ledger import Ledger, now
from mw_tokens_plugin.campaign.plan import Action
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.retry import PASSING, RetryPolicy
from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    BadToken,
    InternalApiError,
    InvalidInput,
    OutcomeUnknown,
    PermissionDenied,
    SessionError,
    TokensPluginError,
    UnexpectedAnswer,
)

#: Targets leased at a time. After a kill, this many are read before being sent.
LEASE = 50

#: Refusals that would meet every other target too.
_STOPPING = (BadToken, PermissionDenied, SessionError)


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run of the engine ended.

    :ivar error: what stopped it, if something did
    :ivar interrupted: whether the operator stopped it
    """

    error: TokensPluginError | None = None
    interrupted: bool = False


class Engine:
    """Carries out the plan of one campaign.

    .. version-added:: 0.1
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: Campaign,
        action: Action,
        *,
        policy: RetryPolicy | None = None,
        waittime: Callable[[], float] = lambda: 0.0,
        should_stop: Callable[[], bool] = lambda: False,
        observe: Callable[[Target, Outcome], None] = lambda target, outcome: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Get everything that the loop needs.

        :param policy: how often a target is tried
        :param waittime: seconds that the throttle would wait before a write
        :param should_stop: whether the operator wants to stop
        :param observe: told of every outcome
        :param sleep: waits for some seconds
        """
        self._ledger = ledger
        self._campaign = campaign
        self._action = action
        self._retrying = (policy or RetryPolicy()).retrying()
        self._waittime = waittime
        self._should_stop = should_stop
        self._observe = observe
        self._sleep = sleep

    def run(self) -> Finish:
        """Work until nothing is left, or something stops it."""
        try:
            self._settle_interrupted()
            while leased := self._ledger.lease(self._campaign, LEASE):
                if not self._carry_out_all(leased):
                    return Finish(interrupted=True)
        except (*PASSING, *_STOPPING) as error:
            return Finish(error=error)
        return Finish()

    def _settle_interrupted(self) -> None:
        """Find out what became of the writes of a run that was killed."""
        interrupted = list(self._ledger.targets(self._campaign, State.LEASED))
        for start in range(0, len(interrupted), LEASE):
            batch = interrupted[start : start + LEASE]
            for target, outcome in self._action.settle(batch):
                if outcome is None:
                    self._ledger.unlease([target])
                else:
                    self._record(target, outcome)

    def _carry_out_all(self, leased: Sequence[Target]) -> bool:
        """Carry out some targets; False if the operator stopped it."""
        for position, target in enumerate(leased):
            if not self._wait():
                self._ledger.unlease(leased[position:])
                return False
            try:
                outcome = self._carry_out(target)
            except _Unsettled as error:
                # This one may have been sent: it stays leased, and is read first.
                self._ledger.unlease(leased[position + 1 :])
                raise error.reason from error.reason.__cause__
            except (*PASSING, *_STOPPING):
                self._ledger.unlease(leased[position:])
                raise
            self._record(target, outcome)
        return True

    def _wait(self) -> bool:
        """Wait for the throttle, watching out for the operator meanwhile."""
        while not self._should_stop():
            if (seconds := self._waittime()) <= 0:
                return True
            self._sleep(min(seconds, 0.2))
        return False

    def _carry_out(self, target: Target) -> Outcome:
        unsettled = False
        started = now()
        try:
            for attempt in self._retrying:
                with attempt:
                    if unsettled:
                        ((_, outcome),) = self._action.settle([target])
                        if outcome is not None:
                            return outcome
                        unsettled = False
                    try:
                        started = now()
                        return self._action.apply(target)
                    except PASSING as error:
                        unsettled = isinstance(error, OutcomeUnknown | InternalApiError)
                        self._ledger.note_attempt(target, started, _words(error))
                        raise
        except PASSING as error:
            if isinstance(error, InternalApiError):
                # The wiki works, but not for this target: the others go on.
                ((_, settled),) = self._action.settle([target])
                return settled or Outcome(State.FAILED, detail=_words(error))
            if unsettled:
                raise _Unsettled(error) from error
            raise
        except _STOPPING:
            raise
        except (ApiRefusal, InvalidInput, UnexpectedAnswer) as error:
            return Outcome(State.FAILED, detail=_words(error))
        raise AssertionError('tenacity ended without a result')

    def _record(self, target: Target, outcome: Outcome) -> None:
        self._ledger.record(target, outcome)
        self._observe(target, outcome)


class _Unsettled(Exception):
    """Carries an error past the handlers of those that are safe to repeat."""

    def __init__(self, reason: TokensPluginError) -> None:
        super().__init__(reason)
        self.reason = reason


def _words(error: BaseException) -> str:
    return f'{type(error).__name__}: {error}'
