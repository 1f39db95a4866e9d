"""What the campaigns of a ledger have written to the targets of one that is undone.

Where several campaigns have changed a target one after the other, undoing the last of
them makes it what the one before has left, by a write that is not its own.
So an undo has to know all of them. Comparing them with the wiki is left to the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Set
from dataclasses import dataclass
from datetime import datetime

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Target
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.undone import is_changed


@dataclass(frozen=True, slots=True)
class Write:
    """What a campaign has changed of one target.

    .. version-added:: 0.1

    :ivar undone: the number of the campaign that it undoes; None if it is no undo
    """

    campaign: Campaign
    target: Target
    undone: int | None = None


class OwnWrites:
    """The writes that a ledger tells of, for an undo.

    .. version-added:: 0.1
    """

    def __init__(
        self, ledger: Ledger, undo: Campaign, sealer_of: Callable[[Campaign], Sealer]
    ) -> None:
        """Read nothing yet.

        :param undo: the one that is running
        :param sealer_of: returns what judges the seals of a campaign
        """
        self._ledger = ledger
        self._undo = undo
        self._sealer_of = sealer_of

    def others(
        self,
        undone: Campaign,
        keys: Set[str | int],
        keys_of: Callable[[Target], Collection[str | int]],
        since: datetime,
    ) -> Iterator[Write]:
        """Yield what other campaigns, and undos of any, have changed.

        What others could have written into the ledger does not count.

        :param undone: the campaign that is undone, which is left out
        :param keys: what its targets are known by
        :param keys_of: returns that of a target
        :param since: campaigns that have ended before, by the wiki's clock, are left
            out
        """
        for campaign in self._ledger.campaigns(lambda error: None):
            is_undo = campaign.action == self._undo.action
            if not is_undo and campaign.action != undone.action:
                continue
            if campaign.id in (self._undo.id, undone.id):
                continue
            if campaign.wiki != undone.wiki or not _is_same(campaign.api, undone.api):
                continue
            _, ended = self._ledger.span(campaign)
            if ended is None or ended < since:
                continue
            former = self._undone_by(campaign) if is_undo else None
            if is_undo and former is None:
                continue
            found = [
                target
                for state in (State.DONE, State.FAILED)
                for target in self._ledger.targets(campaign, state)
                if is_changed(target) and not keys.isdisjoint(keys_of(target))
            ]
            if found:
                sealer = self._sealer_of(campaign)
                own = (target for target in found if sealer.vouched(target))
                yield from (Write(campaign, target, former) for target in own)

    def _undone_by(self, undo: Campaign) -> int | None:
        """Return which campaign an undo is of."""
        undone = self._ledger.find(str(undo.options.get('undone', '')))
        # One that is older was of a campaign that had this name before.
        return undone.id if undone is not None and undone.id < undo.id else None


def _is_same(one: str | None, other: str | None) -> bool:
    """Tell whether two addresses are the same; old ledgers did not keep them."""
    return one == other or None in (one, other)
