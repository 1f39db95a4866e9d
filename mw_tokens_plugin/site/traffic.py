"""Which requests of a login are in flight, and which of them overlapped.

It knows neither tokens nor sessions; what follows is left to the callers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mw_tokens_plugin.site import forks


class Traffic:
    """The requests that are made with one login, from all threads.

    .. version-added:: 0.1
    """

    def __init__(self) -> None:
        """Begin with none."""
        # Taken as it is, since a condition takes it by way of two methods.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._unanswered: set[int] = set()
        self._overlapping: set[int] = set()
        self._on_wire: set[int] = set()
        self._halted_by: int | None = None
        forks.note(self)

    def after_fork(self) -> None:
        """Forget what other threads were doing."""
        forks.free(self._changed)
        for requests in (self._unanswered, self._overlapping, self._on_wire):
            requests.clear()
        self._halted_by = None

    def sending(self, request: object) -> None:
        """Note that a request is about to be sent, and wait while all are halted."""
        with self._lock:
            while self._halted_by not in (None, threading.get_ident()):
                self._changed.wait()
            self._on_wire.add(id(request))
            self._unanswered.add(id(request))
            if len(self._unanswered) > 1:
                self._overlapping |= self._unanswered

    def landed(self, request: object) -> None:
        """Note that an answer has come, or that none will."""
        with self._lock:
            self._on_wire.discard(id(request))
            self._changed.notify_all()

    def overlapped(self, request: object) -> bool:
        """Tell whether others were on their way while a request was."""
        with self._lock:
            return id(request) in self._overlapping

    def answered(self, request: object) -> bool:
        """Note that a request is done with.

        :return: whether others were on their way meanwhile. A login that is remembered
            begins a session for each of them, of which only one is kept.
        """
        with self._lock:
            self._unanswered.discard(id(request))
            overlapped = id(request) in self._overlapping
            self._overlapping.discard(id(request))
            if id(request) in self._on_wire:
                self.landed(request)
            return overlapped

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let nothing be sent but by this thread, as soon as all answers have come.

        The answer to a request of a dead session takes cookies away, which may be those
        of a new one.
        """
        with self._lock:
            self._halted_by = threading.get_ident()
            self._changed.wait_for(lambda: not self._on_wire)
        try:
            yield
        finally:
            with self._lock:
                self._halted_by = None
                self._changed.notify_all()
