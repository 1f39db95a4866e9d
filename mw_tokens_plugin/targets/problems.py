"""What is wrong with one wiki of many.

It sorts errors by what an operator can do; what follows from them is left to the
callers.
"""

from __future__ import annotations

from dataclasses import dataclass

from pywikibot.exceptions import Error as PywikibotError
from pywikibot.exceptions import ServerError

from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.campaign.retry import TRANSIENT
from mw_tokens_plugin.exceptions import TokensPluginError, UnexpectedAnswer

__all__ = ['FAILURES', 'WikiProblem', 'problem_of']

#: Errors that concern one wiki, and say nothing about the others.
FAILURES = (TokensPluginError, PywikibotError)

#: Errors that may be gone in a while; all others must be corrected by the operator.
_TRANSIENT = (*TRANSIENT, UnexpectedAnswer, ServerError)


@dataclass(frozen=True, slots=True)
class WikiProblem:
    """Why a wiki cannot be searched, or a target cannot be read.

    :ivar skipped: which kind of problem it is
    :ivar words: what is wrong, in one line
    """

    skipped: SkipReason
    words: str


def problem_of(error: Exception) -> WikiProblem:
    """Return what is wrong with a wiki, by its error."""
    transient = isinstance(error, _TRANSIENT)
    skipped = SkipReason.NO_ANSWER if transient else SkipReason.REFUSED
    return WikiProblem(skipped, ' '.join(str(error).split()))
