"""How fast a body is sent to another wiki, and how much one request may carry there.

It measures; what is done with the pieces is decided in :mod:`.uploads`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pywikibot import config

from mw_tokens_plugin.site.foreign.tokens import LIFETIME, SAFE_AGE

#: Bytes of the first piece, while the rate is not known.
FIRST_PIECE = 64 * 1024
#: Bytes of the largest piece: proxies and PHP limit the size of bodies.
MAX_PIECE = 4 * 1024**2
#: Bytes below which a piece is not cut, unless the wiki wants larger ones.
MIN_PIECE = 4 * 1024

#: Bytes that are enough to measure a rate.
_MEASURABLE = 16 * 1024
#: Seconds for which a measured rate is relied on.
_MAX_AGE = 600.0


def seconds_to_send() -> float:
    """Return how long the sending of one body may take.

    A token is certainly good for that long, and the socket does not time out.
    """
    limits = config.socket_timeout
    if not isinstance(limits, tuple):
        limits = (limits,)
    return min([LIFETIME, *(float(limit) for limit in limits if limit)])


class TimedBody(bytes):
    """The body of a request, which knows how long its sending took.

    It is sent in blocks, since it can be read. What looks at the request sees bytes.
    """

    def __new__(
        cls,
        content: bytes,
        limit: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> TimedBody:
        """Start the clock.

        :param limit: seconds after which the sending is abandoned
        :param clock: seconds
        """
        body = super().__new__(cls, content)
        body._limit, body._clock = limit, clock
        body._started = clock()
        body._seconds = None
        body._sent = body._position = 0
        return body

    _limit: float | None
    _clock: Callable[[], float]
    _started: float
    _seconds: float | None
    _position: int
    _sent: int

    #: Whether the sending was abandoned.
    abandoned = False

    def read(self, size: int = -1) -> bytes:
        """Return the next block, after the one before was sent.

        :raises TimeoutError: it takes too long
        """
        self._sent = self._position
        spent = self._clock() - self._started
        if self._position >= len(self):
            self._seconds, self._position = spent, 0
            return b''
        if self._limit is not None and spent > self._limit:
            self._seconds, self.abandoned = spent, True
            raise TimeoutError('sending takes too long')
        end = len(self) if size < 0 else self._position + size
        block = self[self._position : end]
        self._position += len(block)
        return block

    @property
    def sent(self) -> int:
        """Bytes that were sent."""
        return self._sent

    @property
    def seconds(self) -> float:
        """How long the sending took, or takes up to now."""
        if self._seconds is None:
            return self._clock() - self._started
        return self._seconds


class Line:
    """How much of a file one request may carry to a wiki.

    .. version-added:: 0.1
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._rate: float | None = None
        self._measured = 0.0
        self._allowed = FIRST_PIECE
        self._ceiling = MAX_PIECE

    @property
    def rate(self) -> float | None:
        """Bytes a second of the latest body that was accepted; None if not known."""
        if self._clock() - self._measured > _MAX_AGE:
            return None
        return self._rate

    def size(self, smallest: int = MIN_PIECE) -> int:
        """Return how many bytes the next piece has.

        :param smallest: bytes that the wiki takes at least
        """
        rate = self.rate
        if rate is None and self._rate is not None:
            self._rate = None
            self._allowed = min(self._allowed, FIRST_PIECE)
        size = self._allowed
        if rate is not None:
            size = min(size, int(rate * _seconds_aimed_at()))
        return min(max(size, smallest), self._ceiling)

    def accepted(self, size: int, wanted: int, seconds: float, body: int) -> None:
        """Learn from a body that has arrived.

        :param size: bytes of the piece
        :param wanted: bytes that it might have had
        :param seconds: how long the sending took
        :param body: bytes that were sent
        """
        if size < min(_MEASURABLE, wanted):
            return
        self._rate = body / max(seconds, 0.001)
        self._measured = self._clock()
        self._allowed = 2 * size if size >= wanted else wanted

    def failed(self, size: int, sent: int = 0, seconds: float = 0.0) -> None:
        """Learn from a piece that has not arrived.

        :param size: bytes of the piece
        :param sent: bytes that were sent before it failed
        :param seconds: how long that took
        """
        self._allowed = size // 2
        if sent and seconds > _seconds_aimed_at():
            self._allowed = min(
                self._allowed, int(sent / seconds * _seconds_aimed_at())
            )

    def limited(self, size: int) -> None:
        """Learn that no larger pieces are taken.

        :param size: bytes
        """
        self._ceiling = min(self._ceiling, max(size, 1))


def _seconds_aimed_at() -> float:
    """Return how long the sending of a piece should take."""
    return min(SAFE_AGE, seconds_to_send()) / 2
