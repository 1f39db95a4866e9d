"""Other users who edit a wiki, so that requests made at the same moment overlap.

The sandbox carries requests out one by one, each in a millisecond; on a wiki they take
longer, and two operators who change one account at the same moment collide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

#: For how many seconds a connection counts after its last request.
ATTENTION = 2.0


class Crowd:
    """The connections of late, of each wiki."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Initializer."""
        self._clock = clock
        self._latest: dict[str, tuple[Hashable, float]] = {}
        self._before: dict[str, float] = {}

    def joined(self, wiki: str, connection: Hashable) -> bool:
        """Note a request; say whether others have been asking of late, too."""
        now = self._clock()
        latest, when = self._latest.get(wiki, (connection, now))
        if latest != connection:
            self._before[wiki] = when
        self._latest[wiki] = connection, now
        return now - self._before.get(wiki, -ATTENTION) < ATTENTION
