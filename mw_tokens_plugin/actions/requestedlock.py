"""Locking and blocking what a request page names, some of it hidden.

It hides names only; all else is that of :mod:`mw_tokens_plugin.actions.globallock` and
:mod:`mw_tokens_plugin.actions.blockplan`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mw_tokens_plugin.actions.blockplan import PlanGlobalBlock
from mw_tokens_plugin.actions.globallock import (
    GlobalLock,
    changed_by_others,
    planned,
)
from mw_tokens_plugin.actions.liftblock import LiftGlobalBlock
from mw_tokens_plugin.actions.locklog import LockWatch
from mw_tokens_plugin.actions.undolock import UndoGlobalLock
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Decision, Outcome, Target
from mw_tokens_plugin.campaign.report.hiding import hiding
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.fields import as_timestamp
from mw_tokens_plugin.protocol.globalaccounts import HiddenLevel
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.redaction import redactor


class _HidesNames(Action):
    """An action on targets of which some names must not be shown."""

    def __init__(
        self, site: PluginMixin, *, hidden_names: Collection[str], **how: Any
    ) -> None:
        """Set what is done to every target.

        :param hidden_names: names that must not be shown
        :param how: as for the action without hidden names
        """
        super().__init__(site, **how)  # type: ignore[call-arg]
        self._hidden_names = frozenset(hidden_names)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, which costs as few reads as the wiki allows."""
        with redactor.hiding(
            dict.fromkeys(self._hidden_names.intersection(names), '#hidden')
        ):
            for decision in super().plan(names):  # type: ignore[safe-super]
                is_hidden = decision.name in self._hidden_names
                yield replace(decision, hidden=True) if is_hidden else decision


class RequestedLock(_HidesNames, GlobalLock):
    """Lock accounts of which some names must not be shown.

    .. version-added:: 0.1
    """


class RequestedUnlock(RequestedLock):
    """Unlock accounts for which a request asks, judged by their last lock.

    .. version-added:: 0.1
    """

    #: Another lock is one that nobody has judged.
    fixed = GlobalLock.fixed | {'log_entry'}

    def __init__(self, site: PluginMixin, **how: Any) -> None:
        """Set what is done to every account.

        :param how: as for :class:`RequestedLock`
        """
        super().__init__(site, **how)
        self._watch = LockWatch(site)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some accounts, and read who has locked them; one read for each."""
        for decision in super().plan(names):
            if decision.skipped is not None:
                yield decision
                continue
            with redactor.hiding({decision.name: '#hidden'} if decision.hidden else {}):
                entry = self._latest_entry(planned(decision.facts))
            facts = {
                'locked_by': (entry and entry.by) or '',
                'locked_at': as_timestamp(entry.timestamp) if entry else '',
                'locked_why': (entry and entry.comment) or '',
                'log_entry': entry.log_id if entry else 0,
            }
            yield replace(decision, facts={**decision.facts, **facts})

    def knows(self, target: Target) -> bool:
        """Tell that a target is always looked at again.

        Somebody may have locked the account for another reason since the request was
        judged.
        """
        return False

    def look_again(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read what others have locked and unlocked since the request was judged."""
        older = [target for target in targets if not self._is_recent(target)]
        ended = {
            target.id: outcome
            for target, outcome in (super().look_again(older) if older else ())
        }
        with hiding(targets):
            for target, changed in changed_by_others(self, self._watch, targets):
                yield target, ended.get(target.id) or changed

    def typed(self, targets: Iterable[Target]) -> str:
        """Return what the operator types who has judged the request."""
        return self.wording

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of an account and of its last lock."""
        facts = target.decision.facts
        hidden = facts.get('hidden')
        level = '' if hidden is None else HiddenLevel(hidden).name.lower()
        locked = str(facts.get('locked_at') or '')[:10]
        if facts.get('log_entry') == 0:
            locked = message('campaign-no-log-entry')
        return {
            message('campaign-column-locked'): locked,
            message('campaign-column-locked-by'): facts.get('locked_by') or '',
            message('campaign-column-locked-why'): facts.get('locked_why') or '',
            message('campaign-column-hidden'): level
            and message(f'campaign-hidden-{level}'),
            **super().columns(target),
        }


class RequestedBlock(_HidesNames, PlanGlobalBlock):
    """Block targets of which some names must not be shown.

    .. version-added:: 0.1
    """


class RequestedLift(_HidesNames, LiftGlobalBlock):
    """Lift blocks of targets of which some names must not be shown.

    .. version-added:: 0.1
    """


class RequestedUndo(UndoGlobalLock):
    """Undo a campaign on accounts of which some names must not be shown.

    .. version-added:: 0.1
    """
