"""Which partitions of a campaign do not work, or refuse the operator, in one run.

One that does not work is skipped, and the others continue. Several of them in a row
mean that something is wrong with all, so that the campaign stops. Which worker has
which partition is left to :mod:`.leases`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mw_tokens_plugin.campaign.retry import TRANSIENT
from mw_tokens_plugin.exceptions import (
    CentralAuthTokenRefused,
    GloballyBlocked,
    HttpRefusal,
    NotAttached,
    PermissionDenied,
    ReadOnly,
    UnexpectedAnswer,
)

#: Partitions that fail in a row before the whole campaign stops.
MAX_CONSECUTIVE_FAILURES = 3

#: Errors of one wiki of several that does not work.
_BROKEN = (*TRANSIENT, UnexpectedAnswer)
#: Errors with which one wiki of several refuses everything from this operator.
_REFUSING = (PermissionDenied, CentralAuthTokenRefused, HttpRefusal, NotAttached)


class Partitions:
    """The partitions in which a run works, as far as it has met them.

    :ivar skipped: those that did not work, and why
    :ivar refused: those that refused the operator, and why
    """

    def __init__(self) -> None:
        self.skipped: dict[str, Exception] = {}
        self.refused: dict[str, Exception] = {}
        #: Those that did not work, or refused, since the last target that ended.
        self._skipped_in_a_row: set[str] = set()
        self._refused_in_a_row: set[str] = set()
        #: Those in which a target has ended.
        self._worked: set[str] = set()
        self._deciding = threading.Lock()

    @property
    def closed(self) -> dict[str, Exception]:
        """Those in which this run does nothing more, and why."""
        with self._deciding:
            return {**self.refused, **self.skipped}

    @property
    def given_up(self) -> list[str]:
        """Those whose targets have failed, since they refused while others worked.

        Where nothing else worked either, the targets stay planned: the operator can
        resume them when the reason is gone.
        """
        return list(self.refused) if self._worked - self.refused.keys() else []

    def has_worked(self, partition: str | None) -> None:
        """Take note that a target has ended."""
        self._skipped_in_a_row.clear()
        self._refused_in_a_row.clear()
        if partition is not None:
            self._worked.add(partition)

    @contextmanager
    def skipping(self, partition: str | None) -> Iterator[None]:
        """Let the other partitions continue when this one does not work.

        :param partition: None where the campaign has only one
        :raises GloballyBlocked: somebody has stopped the operator on all of them
        :raises TokensPluginError: none of the last few partitions worked
        """
        try:
            yield
        except (*_BROKEN, *_REFUSING) as error:
            if isinstance(error, GloballyBlocked):
                raise
            if partition is None or self._is_hopeless(partition, error):
                raise

    def _is_hopeless(self, partition: str, error: Exception) -> bool:
        """Close a partition, and tell whether too many were closed in a row."""
        with self._deciding:
            if isinstance(error, _BROKEN):
                self.skipped[partition] = error
                # That some are read-only tells nothing of the others.
                if not isinstance(error, ReadOnly):
                    self._skipped_in_a_row.add(partition)
                return len(self._skipped_in_a_row) == MAX_CONSECUTIVE_FAILURES
            self.refused[partition] = error
            self._refused_in_a_row.add(partition)
            return len(self._refused_in_a_row) == MAX_CONSECUTIVE_FAILURES
