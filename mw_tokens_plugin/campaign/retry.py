"""The one policy by which a whole target is tried again.

It says how often, how long, and after which pause. What may be tried again without
reading the wiki first is left to the engine.

https://tenacity.readthedocs.io/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    InternalApiError,
    RateLimited,
    ReadOnly,
    WikiUnreachable,
)

T = TypeVar('T')

#: Transient failures; all others are final for the target or for the campaign.
TRANSIENT = (InternalApiError, AmbiguousWrite, RateLimited, ReadOnly, WikiUnreachable)

#: Seconds that a server may ask to wait; after longer ones another run tries again.
MAX_ASKED = 600.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a target is tried, which is bounded by time.

    :ivar attempts: writes at most; time is over long before, unless pauses are cut
    :ivar seconds: from the first attempt on, no new one begins after this
    :ivar pause: seconds before the second attempt; doubles each time
    :ivar longest_pause: seconds. It is also the pause for a wiki that limits the rate
        and does not say for how long: the window of most of its limits
    :ivar sleep: waits for some seconds
    :ivar should_stop: whether the operator wants to stop; then there is no other try
    :ivar clock: returns the time in seconds
    """

    attempts: int = 20
    seconds: float = 190.0
    pause: float = 1.0
    longest_pause: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    should_stop: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic

    def call(
        self,
        function: Callable[[], T],
        before_pause: Callable[[Exception, float], None] = lambda error, seconds: None,
    ) -> T:
        """Call a function until it returns, fails for good, or the time is over.

        After a pause the function must check whether the operator wants to stop.

        :param before_pause: called before every pause with the error and the seconds
        :return: what the function returns
        :raises TokensPluginError: as the last call of the function
        """
        started = self.clock()
        try:
            return function()
        except TRANSIENT as error:
            first: list[Exception] = [error]
        # Only what has failed pays for tenacity, whose first attempt this repeats.

        def attempt() -> T:
            if first:
                raise first.pop()
            return function()

        return self._retrying(started, before_pause)(attempt)

    def pauses(self) -> Iterator[float]:
        """Yield the pauses between looks at what takes its time, until time is over."""
        waited, pause = 0.0, self.pause
        for _ in range(self.attempts):
            if waited + pause > self.seconds:
                return
            yield pause
            waited += pause
            pause = min(2 * pause, self.longest_pause)

    def _retrying(
        self, started: float, before_pause: Callable[[Exception, float], None]
    ) -> tenacity.Retrying:
        """Return tenacity's loop for a function whose first attempt began at a time."""

        def tell(state: tenacity.RetryCallState) -> None:
            error = state.outcome and state.outcome.exception()
            assert isinstance(error, Exception) and state.next_action is not None
            before_pause(error, state.next_action.sleep)

        def stop(state: tenacity.RetryCallState) -> bool:
            if self.should_stop() or state.attempt_number >= self.attempts:
                return True
            left = started + self.seconds - self.clock()
            upcoming = state.upcoming_sleep
            if upcoming <= _asked_by_server(state):
                # The next attempt may begin later: the server has named the time.
                return left <= 0 or upcoming > MAX_ASKED
            return upcoming >= left

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TRANSIENT),
            stop=stop,
            wait=self._wait,
            sleep=self.sleep,
            before_sleep=tell,
            reraise=True,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Wait as long as the server asks, or ever longer, with jitter."""
        error = state.outcome and state.outcome.exception()
        asked = _asked_by_server(state)
        if isinstance(error, RateLimited) and not asked:
            asked = self.longest_pause
        backoff = tenacity.wait_exponential(
            multiplier=self.pause, max=self.longest_pause
        ) + tenacity.wait_random(0, self.pause)
        return max(asked, backoff(state))


def _asked_by_server(state: tenacity.RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    return float(getattr(error, 'retry_after', 0.0))
