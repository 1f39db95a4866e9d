"""The one policy by which a whole target is tried again.

What may be tried again without reading the wiki first is the engine's concern; here
it is only how often, how long, and after which pause.

https://tenacity.readthedocs.io/
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import tenacity

from mw_tokens_plugin.exceptions import (
    InternalApiError,
    OutcomeUnknown,
    RateLimited,
    ReadOnly,
    WikiUnreachable,
)

#: Failures that pass; all others are final for the target or for the campaign.
PASSING = (InternalApiError, OutcomeUnknown, RateLimited, ReadOnly, WikiUnreachable)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a target is tried.

    :ivar attempts: writes at most
    :ivar seconds: from the first attempt on, no new one begins after this
    :ivar pause: seconds before the second attempt; doubles each time
    :ivar longest_pause: seconds
    :ivar sleep: waits for some seconds
    :ivar should_stop: whether the operator wants to stop; then there is no other try
    """

    attempts: int = 6
    seconds: float = 180.0
    pause: float = 1.0
    longest_pause: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    should_stop: Callable[[], bool] = lambda: False

    def retrying(self) -> tenacity.Retrying:
        """Return the attempts for one target, as tenacity iterates over them.

        What the last attempt raised is raised when there are no more.
        """
        exhausted = tenacity.stop_any(
            tenacity.stop_after_attempt(self.attempts),
            tenacity.stop_before_delay(self.seconds),
        )
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PASSING),
            stop=lambda state: self.should_stop() or exhausted(state),
            wait=self._wait,
            sleep=self.sleep,
            reraise=True,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Wait as long as the server asks, or ever longer, with jitter."""
        error = state.outcome and state.outcome.exception()
        asked = getattr(error, 'retry_after', 0.0)
        backoff = tenacity.wait_exponential(
            multiplier=self.pause, max=self.longest_pause
        ) + tenacity.wait_random(0, self.pause)
        return max(float(asked), backoff(state))
