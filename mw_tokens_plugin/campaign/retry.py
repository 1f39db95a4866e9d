"""The one policy by which a whole target is tried again.

It says how often, how long, and after which pause. What may be tried again without
reading the wiki first is left to the engine.

https://tenacity.readthedocs.io/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import tenacity

from mw_tokens_plugin.exceptions import (
    InternalApiError,
    OutcomeUnknown,
    RateLimited,
    ReadOnly,
    WikiUnreachable,
)

#: Transient failures; all others are final for the target or for the campaign.
TRANSIENT = (InternalApiError, OutcomeUnknown, RateLimited, ReadOnly, WikiUnreachable)

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
    """

    attempts: int = 20
    seconds: float = 190.0
    pause: float = 1.0
    longest_pause: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    should_stop: Callable[[], bool] = lambda: False

    def retrying(
        self,
        before_pause: Callable[[Exception, float], None] = lambda error, seconds: None,
    ) -> tenacity.Retrying:
        """Return the attempts for one target, as tenacity iterates over them.

        After the last attempt its error is raised. After a pause the caller must check
        whether the operator wants to stop.

        :param before_pause: called before every pause with the error and the seconds
        """

        def tell(state: tenacity.RetryCallState) -> None:
            error = state.outcome and state.outcome.exception()
            assert isinstance(error, Exception) and state.next_action is not None
            before_pause(error, state.next_action.sleep)

        exhausted = tenacity.stop_any(
            tenacity.stop_after_attempt(self.attempts),
            tenacity.stop_after_delay(self.seconds),
        )

        def stop(state: tenacity.RetryCallState) -> bool:
            return self.should_stop() or exhausted(state) or self._is_too_late(state)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TRANSIENT),
            stop=stop,
            wait=self._wait,
            sleep=self.sleep,
            before_sleep=tell,
            reraise=True,
        )

    def pauses(self) -> Iterator[float]:
        """Yield the pauses between looks at what takes its time, until time is over."""
        waited, pause = 0.0, self.pause
        for _ in range(self.attempts):
            if waited + pause > self.seconds:
                return
            yield pause
            waited += pause
            pause = min(2 * pause, self.longest_pause)

    def _is_too_late(self, state: tenacity.RetryCallState) -> bool:
        """Tell whether the next attempt would begin after the time that there is.

        One that the server itself has named the time for may begin later.
        """
        upcoming = state.upcoming_sleep
        if upcoming <= _asked_by_server(state):
            return upcoming > MAX_ASKED
        return (state.seconds_since_start or 0.0) + upcoming >= self.seconds

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
