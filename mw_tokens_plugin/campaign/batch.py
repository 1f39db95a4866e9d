"""Leased targets right before their writes: which the operator has agreed to, and when.

Nothing is written without a seal of the operator, nor by a plan that was made more than
ten minutes ago, before the action has read the wiki again. Making and judging seals is
left to :mod:`.seals`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Outcome, Target, now
from mw_tokens_plugin.campaign.seals import Sealer

#: How old a read of the wiki may be when a write is sent.
FRESH = timedelta(minutes=10)


def agreed(
    leased: Sequence[Target], action: Action, sealer: Sealer | None
) -> tuple[Batch, list[Target]]:
    """Return what the operator has agreed to, and the targets that nobody vouches for.

    :param sealer: judges it; without one the ledger is trusted
    """
    if sealer is None:
        return Batch(leased, action, {}), []
    made: dict[int, datetime] = {}
    ours, others = [], []
    for target in leased:
        # Leased, it is what was decided on.
        plan = sealer.vouched(target)
        if plan is not None and plan.confirmed:
            made[target.id] = plan.made_at
            ours.append(target)
        else:
            others.append(target)
    return Batch(ours, action, made), others


class Batch:
    """Targets of one worker, in the order of their writes.

    :ivar targets: those that the operator has agreed to
    """

    def __init__(
        self, targets: Sequence[Target], action: Action, made: Mapping[int, datetime]
    ) -> None:
        """Get targets that may be written to.

        :param made: when each was read the last time, by its number; missing where that
            does not matter
        """
        self.targets = targets
        self._action = action
        self._made = dict(made)
        self._read: set[int] = set()
        self._outcomes: dict[int, Outcome] = {}

    def look_again(self, target: Target) -> Outcome | None:
        """Let the action read again what was read too long ago.

        That is this target, and all later ones of its kind.

        :return: how the target ends without a write, if it does
        """
        made_at = self._made.get(target.id)
        is_fresh = made_at is None or timedelta() <= now() - made_at < FRESH
        is_known = target.id in self._read or self._action.of(target.kind).knows(target)
        if not is_fresh or not is_known:
            later = self.targets[self.targets.index(target) :]
            same = [each for each in later if each.kind == target.kind]
            for each, outcome in self._action.of(target.kind).look_again(same):
                self._made[each.id] = now()
                self._read.add(each.id)
                if outcome is not None:
                    self._outcomes[each.id] = outcome
        return self._outcomes.get(target.id)
