"""From names to decisions: the batched check before anything is written.

It reads the wiki through the action and writes the ledger; it changes nothing on the
wiki.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any, Protocol

from mw_tokens_plugin.campaign.ledger import Ledger, now
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Held,
    Outcome,
    State,
    Target,
)

#: A plan older than this is checked again before it is carried out.
FRESH = timedelta(days=1)

#: Targets decided on between two commits: the largest batch that a wiki lists.
_BATCH = 500


class Action(Protocol):
    """What is done to every target of a campaign.

    .. version-added:: 0.1

    :cvar kind: what the ledger calls campaigns of this kind
    :cvar noun: what a target is, in the singular
    :cvar fixed: facts that must not differ when a plan is checked again: what somebody
        has agreed to is done to nothing else
    :cvar kept: facts that stay as the first plan has them
    """

    kind: str
    noun: str = 'target'
    fixed: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()

    def describe(self) -> str:
        """Say in a word or two what is done to a target."""

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target, by heading."""
        return {}

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, after reading what must be known of them."""

    def apply(self, target: Target) -> Outcome:
        """Make the write for one target."""

    def settle(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not."""


def make_plan(
    ledger: Ledger,
    campaign: Campaign,
    action: Action,
    watch: Callable[[], object] = lambda: None,
) -> Campaign:
    """Decide on every target that is listed, and mark the campaign as planned.

    It can be interrupted at any moment and called again.

    :param watch: called after each decision
    """
    _decide_on(ledger, campaign, action, State.LISTED, watch)
    return ledger.mark(campaign, 'planned_at')


def check_again(
    ledger: Ledger,
    campaign: Campaign,
    action: Action,
    watch: Callable[[], object] = lambda: None,
) -> Campaign:
    """Decide anew on every target still to be done.

    Nothing is added to the plan, and what has changed is held back.
    """
    _decide_on(ledger, campaign, action, State.PLANNED, watch)
    return ledger.mark(campaign, 'planned_at')


def is_stale(campaign: Campaign) -> bool:
    """Tell whether a plan is too old to be carried out unchecked."""
    return campaign.planned_at is None or now() - campaign.planned_at > FRESH


def _decide_on(
    ledger: Ledger,
    campaign: Campaign,
    action: Action,
    state: State,
    watch: Callable[[], object],
) -> None:
    def decisions(batch: Mapping[str, Mapping[str, Any]]) -> Iterator[Decision]:
        for decision in action.plan(list(batch)):
            yield _compared(decision, batch[decision.name], action)
            watch()

    targets = ledger.targets(campaign, state)
    while batch := {t.name: t.decision.facts for t in islice(targets, _BATCH)}:
        ledger.decide(campaign, decisions(batch))


def _compared(
    decision: Decision, before: Mapping[str, Any], action: Action
) -> Decision:
    """Hold a target back that is not what an earlier plan was made for."""
    if decision.held is not None and decision.held.may_pass:
        # To be compared with what is there another time.
        return replace(decision, facts={**before, **decision.facts})
    if decision.held is None and any(
        name in before and before[name] != decision.facts.get(name)
        for name in action.fixed
    ):
        return replace(decision, held=Held.CHANGED_SINCE)
    kept = {name: before[name] for name in action.kept if name in before}
    return replace(decision, facts={**decision.facts, **kept}) if kept else decision
