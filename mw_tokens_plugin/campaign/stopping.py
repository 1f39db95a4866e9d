"""Whether a run of the engine is over: an error ended it, or the operator stops it.

What is done with the targets that are left then is up to the engine.
"""

from __future__ import annotations

from collections.abc import Callable

from pywikibot.exceptions import Error as PywikibotError

from mw_tokens_plugin.exceptions import TokensPluginError

#: Errors that end a run in order, and are in its :class:`~.engine.Finish`. All others
#: are mistakes in an action or in the engine, and are raised.
ERRORS = (TokensPluginError, PywikibotError)


class Stopping:
    """What all workers of a run ask before each write, and after each pause.

    :ivar failure: the first error that stopped the run, if one did
    :ivar is_wanted: tells whether the operator wants to stop
    """

    def __init__(self, is_wanted: Callable[[], bool]) -> None:
        self.failure: Exception | None = None
        self.is_wanted = is_wanted

    def fail(self, error: Exception) -> None:
        """Stop all workers because of an error; a mistake is not hidden by others."""
        if self.failure is None or not isinstance(error, ERRORS):
            self.failure = error

    def is_over(self) -> bool:
        """Tell whether nothing more must be sent."""
        return self.failure is not None or self.is_wanted()
