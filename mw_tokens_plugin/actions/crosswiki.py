"""What deleting, restoring and reverting pages on many wikis have in common.

It reads what happened on wikis that are skipped from now on, and counts what the plan
shows. The writes are left to :mod:`mw_tokens_plugin.actions.pagedelete` and
:mod:`mw_tokens_plugin.actions.pagerestore`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from mw_tokens_plugin.campaign.records import Outcome, State, Target
from mw_tokens_plugin.exceptions import (
    Blocked,
    CentralAuthTokenRefused,
    NotAttached,
    SessionError,
)
from mw_tokens_plugin.targets.pagenames import split
from mw_tokens_plugin.targets.problems import FAILURES

#: The detail of a target that may have been sent and cannot be read.
_UNKNOWN = 'may have been sent'


class SkippedWikis:
    """Wikis on which nothing more is sent; what may have been sent is only read."""

    def __init__(self, databases: Collection[str]) -> None:
        self._databases = databases
        self._unreachable: set[str] = set()

    def reconciled(
        self, target: Target, reconcile: Callable[[Target], Outcome | None]
    ) -> Outcome | None:
        """Return the outcome of a target, which is not sent again on these wikis.

        :raises TokensPluginError: it cannot be read on another wiki
        """
        database = split(target.name)[0]
        if database not in self._databases:
            return reconcile(target)
        if database not in self._unreachable:
            try:
                outcome = reconcile(target)
            except SessionError as error:
                if not isinstance(error, NotAttached | CentralAuthTokenRefused):
                    raise
                self._unreachable.add(database)
            except FAILURES:
                self._unreachable.add(database)
            else:
                if outcome is None:
                    detail = 'not done; its wiki is skipped by -not-wikis'
                    return Outcome(State.FAILED, detail=detail)
                if outcome.state is not State.LEASED:
                    return outcome
        detail = f'{_UNKNOWN}; its wiki is skipped by -not-wikis'
        return Outcome(State.FAILED, detail=detail, facts={'unknown': True})


def outcome_of_block(error: Blocked) -> Outcome:
    """Return how a target ends that a partial block keeps the operator from.

    Other pages of the wiki may be written.

    :raises Blocked: the block is not a partial one
    """
    if not error.partial:
        raise error
    name = type(error).__name__
    return Outcome(State.FAILED, detail=str(error), error_class=name)


def still_unknown(target: Target | None) -> dict[str, Any]:
    """Return the facts of a target whose outcome could not be read; else none."""
    facts = {} if target is None else target.decision.facts
    return {**facts, 'problem': _UNKNOWN} if facts.get('unknown') else {}


def count(facts: Mapping[str, Any], key: str) -> str:
    """Return how many there are, with a plus sign where not all were read."""
    number = len(facts.get(key) or ())
    return f'{number or ""}{"+" if number and facts.get("more") else ""}'
