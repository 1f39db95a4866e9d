"""How many requests of an account are in flight at the same time: three, to be polite.

https://www.mediawiki.org/wiki/API:Etiquette asks for one after the other; each one more
is more work at the same time for servers that everybody shares.

Theory of operation
-------------------
Each transmission takes a lane of its account, and leaves it when the answer has come;
who finds none free waits. All threads of a process share the lanes, whichever sites
they use, and whatever they send: reads, writes, tokens, logins. That begins with the
ledger of campaigns: how many threads another bot has is for its author to say.

Processes share them by a file, in which each lane of an account is a byte: who has
locked the byte has the lane. The system frees what a dead process had locked. What one
process may do to another is bounded: who waits too long, since a process with a lane
was suspended, goes without one.

https://docs.python.org/3/library/fcntl.html#fcntl.lockf
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mw_tokens_plugin.site import forks

#: Requests of an account that may be in flight.
LANES = 3

#: Seconds between two looks whether another process has left a lane.
_LOOK_AGAIN = 0.01
#: Seconds after which a lane is no longer waited for.
_PATIENCE = 120.0

#: Bytes of the file that an account has.
_ROOM = 256


class InFlight:
    """The requests that are in flight, by account."""

    def __init__(self) -> None:
        """Share lanes with no other process yet."""
        self._changed = threading.Condition()
        self._taken: dict[str, set[int]] = {}
        self._of_thread = threading.local()
        self._lanes = LANES
        self._path: str | None = None
        self._file: int | None = None
        forks.note(self)

    def after_fork(self) -> None:
        """Have nothing in flight; the locks are those of the parent."""
        forks.free(self._changed)
        self._taken = {}
        self._of_thread = threading.local()

    def share(self, path: str) -> None:
        """Have lanes from now on, and share them with all processes that do the same.

        Where the file cannot be made, as on a disk that is full, the lanes are those of
        this process alone.

        :param path: the file, in the place of an earlier one; '' for none
        """
        with self._changed:
            if path == self._path:
                return
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            opened = None
            if path:
                with suppress(OSError):
                    opened = os.open(path, flags, 0o600)
            # The old one stays open: some of its lanes may be taken.
            self._path, self._file = path, opened

    def allow(self, lanes: int) -> None:
        """Have more lanes than is polite, since the operator insists.

        :param lanes: how many at least
        """
        with self._changed:
            self._lanes = max(self._lanes, min(lanes, _ROOM))
            self._changed.notify_all()

    @contextmanager
    def lane(self, account: str) -> Iterator[None]:
        """Have a request in flight while the block runs, or until it is left.

        :param account: whose request it is
        """
        held = self._of_thread.__dict__
        if 'lane' in held or self._path is None:
            yield
            return
        held['lane'] = self._enter(account)
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Have no request in flight in this thread any more."""
        lane = self._of_thread.__dict__.pop('lane', None)
        if lane is None:
            return
        account, number, file = lane
        if file is not None:
            with suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_UN, 1, _place(account, number))
        with self._changed:
            self._taken.get(account, set()).discard(number)
            self._changed.notify()

    def _enter(self, account: str) -> tuple[str, int, int | None]:
        """Wait for a lane; return it, with the file in which it is locked."""
        since = time.monotonic()
        with self._changed:
            taken = self._taken.setdefault(account, set())
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(taken) < self._lanes, _PATIENCE)
                is_over = time.monotonic() - since > _PATIENCE
                for number in range(_ROOM if is_over else self._lanes):
                    file = self._file
                    if number in taken:
                        continue
                    if is_over:
                        file = None
                    if file is None or _locked(file, _place(account, number)):
                        taken.add(number)
                        return account, number, file
                # Who waits lets others of this process look, too.
            time.sleep(_LOOK_AGAIN)


def _place(account: str, lane: int) -> int:
    """Return where in the file the lane of an account is."""
    digest = hashlib.sha256(account.encode()).digest()
    return int.from_bytes(digest[:5], 'big') * _ROOM + lane


def _locked(file: int, place: int) -> bool:
    """Lock a byte, unless another process has it; tell whether it is ours.

    A file system without locks stops nobody.
    """
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN)
    return True


#: Those of this process.
in_flight = InFlight()
