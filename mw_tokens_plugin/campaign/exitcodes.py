"""The exit codes of all scripts, which operators' own programs read.

Which error ends a script with which of them is in :mod:`.errorcodes`.
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """The exit codes of all scripts.

    .. version-added:: 0.1
    """

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_AUTHORISED = 3
    GUARD = 4
    INTERNAL = 70
    TRY_AGAIN = 75
    INTERRUPTED = 130
