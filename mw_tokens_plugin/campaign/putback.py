"""What other campaigns have done to the targets of one that is undone.

Where several campaigns have changed a target one after the other, undoing the last of
them makes it what the one before has left, by a write that is none of that one's own.
What was undone once, or was made again by a later campaign, is none of its own either.
Comparing states is left to the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Target
from mw_tokens_plugin.campaign.seals import Sealer
from mw_tokens_plugin.campaign.undone import Undone, is_changed
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard

#: How exactly moments are known: a wiki tells its time in whole seconds.
_PRECISION = timedelta(seconds=2)
#: How far the clocks of this machine and of the wiki may differ.
_CLOCKS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PutBack:
    """What one undo has put back of one target.

    .. version-added:: 0.1

    :ivar undo: the campaign that undoes another one
    :ivar target: its target
    :ivar before: what the plan of the campaign that it undoes has found of that
    """

    undo: Campaign
    target: Target
    before: Any


class OtherUndos:
    """The undos in a ledger besides the one that is running, and later campaigns.

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

    def of(
        self, names: Collection[str], name_of: Callable[[Target], str]
    ) -> Iterator[tuple[str, PutBack]]:
        """Yield what was put back of some targets, the latest first.

        What others could have written into the ledger does not count.

        :param name_of: returns which of the names a target of an undo is
        """
        for undo in reversed(self._ledger.campaigns(lambda error: None)):
            if undo.action != self._undo.action or undo.id == self._undo.id:
                continue
            undone = self._ledger.find(str(undo.options.get('undone', '')))
            if undone is None:
                continue
            sealer = self._sealer_of(undo)
            found = [
                target
                for target in self._ledger.targets(undo, State.DONE)
                if target.changed
                and name_of(target) in names
                and sealer.vouched(target) is not None
            ]
            if not found:
                continue
            try:
                record = Undone(self._ledger, undo, undone)
                recorded = record.named([target.name for target in found])
            except (StoppedByGuard, InvalidInput):
                # It is not what it was when it was undone.
                continue
            for target in found:
                before = recorded[target.name].decision.facts.get('now')
                yield name_of(target), PutBack(undo, target, before)

    def undone(self, campaign: Campaign, names: Collection[str]) -> set[str]:
        """Return which targets of a campaign another undo has undone already."""
        found: set[str] = set()
        for undo in self._ledger.campaigns(lambda error: None):
            if undo.action != self._undo.action or undo.id == self._undo.id:
                continue
            # One that is older was of a campaign that had this name before.
            is_of_this = undo.options.get('undone') == campaign.name
            if is_of_this and undo.id > campaign.id:
                ended = self._vouched(undo, names)
                found.update(n for n, t in ended.items() if t.state is State.DONE)
        return found

    def later(
        self, campaign: Campaign, recorded: Mapping[str, Target]
    ) -> Iterator[tuple[Campaign, Target]]:
        """Yield what other campaigns have changed after a campaign, and is not undone.

        :param recorded: the targets of the campaign by their names
        """
        ends = {n: t.ended_at for n, t in recorded.items() if t.ended_at is not None}
        for other in self._ledger.campaigns(lambda error: None):
            where = (campaign.action, campaign.wiki, campaign.api)
            is_of_same = (other.action, other.wiki, other.api) == where
            if not ends or not is_of_same or other.id == campaign.id:
                continue
            if other.finished_at and other.finished_at < min(ends.values()) - _CLOCKS:
                continue
            found = {
                name: target
                for name, target in self._vouched(other, list(ends)).items()
                if is_changed(target) and _is_after(other, target, campaign, ends[name])
            }
            if found:
                undone = self.undone(other, list(found))
                yield from ((other, found[name]) for name in found.keys() - undone)

    def _vouched(self, campaign: Campaign, names: Collection[str]) -> dict[str, Target]:
        """Return those targets that have ended by what nobody else has written."""
        found = self._ledger.named(campaign, list(names))
        ended = {
            n: t for n, t in found.items() if t.state in (State.DONE, State.FAILED)
        }
        if not ended:
            return {}
        sealer = self._sealer_of(campaign)
        return {n: t for n, t in ended.items() if sealer.vouched(t) is not None}


def _is_after(
    other: Campaign, target: Target, campaign: Campaign, end: datetime
) -> bool:
    """Tell whether a campaign has written a target after another one, as it seems.

    :param target: as the first one has it
    :param end: when the target ended in the second one
    """
    if target.started_at is None:
        return False
    since = target.started_at - end
    return other.id > campaign.id if abs(since) < _PRECISION else since > timedelta()
