"""How targets end: recorded with the operator's seal, and shown.

Which outcome a target has is up to the engine, and how it is stored to :mod:`.leases`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, Outcome, State, Target
from mw_tokens_plugin.campaign.seals import Sealer


class Outcomes:
    """Records the outcomes of a run, and tells the reporter of them."""

    def __init__(
        self,
        ledger: Ledger,
        campaign: Campaign,
        sealer: Sealer | None,
        observe: Callable[[Target, Outcome], None],
        before_pause: Callable[[Target, Exception, float], None],
    ) -> None:
        """Set what is called with outcomes and pauses, by one worker at a time."""
        self._ledger = ledger
        self._campaign = campaign
        self._sealer = sealer
        self._observe = observe
        self._before_pause = before_pause
        self._telling = threading.Lock()

    def record(
        self, target: Target, outcome: Outcome, *, vouched: bool | None = None
    ) -> None:
        """Record how a target ended.

        :param vouched: whether the operator's seal vouches for it as it is here; None
            to look
        :raises LedgerFailure: the ledger does not keep it
        """
        if outcome.is_earlier:
            outcome = self._credited(target, outcome)
        seal, sealer = None, self._sealer
        # What nobody agreed to may still be leased by a run that is dead, and what
        # somebody else has written is not vouched for as one's own.
        if sealer is not None and sealer.is_ours(target):
            if vouched is None:
                vouched = sealer.vouched(target) is not None
            seal = sealer.ended if vouched else None
        if self._ledger.record(target, outcome, seal):
            if outcome.hidden:
                # From now on its name is shown nowhere.
                hidden = replace(target.decision, hidden=True)
                target = replace(target, decision=hidden)
            with self._telling:
                self._observe(target, outcome)
        elif self._ledger.is_leased(target):
            # No other run has taken it over.
            raise self._ledger.forgetful()

    def fail_planned(self, partition: str, detail: str) -> None:
        """Record as failed what is planned in a partition."""
        self._ledger.fail_planned(self._campaign, partition, detail, self._failure_seal)

    def _failure_seal(self, target: Target) -> str | None:
        sealer = self._sealer
        if sealer is None or sealer.vouched(target) is None:
            return None
        return sealer.ended(replace(target, state=State.FAILED))

    def tell_pause(self, target: Target, error: Exception, seconds: float) -> None:
        """Tell for how long nothing is sent, and why."""
        with self._telling:
            self._before_pause(target, error, seconds)

    def _credited(self, target: Target, outcome: Outcome) -> Outcome:
        """Leave to another campaign what it has done, so that each undoes its own."""
        for name, other in self._ledger.done_elsewhere(self._campaign, target):
            is_later = other.ended_after(target.decision.facts.get('looked_at'))
            if not is_later or other.log_id not in (None, outcome.log_id):
                continue
            if other.decision.facts.get('then') != target.decision.facts.get('then'):
                # It has made something else of it.
                continue
            # Else anybody could leave out of an undo what a row says of another one.
            if self._sealer is None or self._sealer.has_ended(name, other):
                detail = f'done by the campaign {name}'
                return Outcome(State.DONE, detail=detail)
        return outcome
