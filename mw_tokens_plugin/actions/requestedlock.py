"""Locking and blocking what a request page names, some of it hidden.

It hides names only; all else is that of :mod:`mw_tokens_plugin.actions.globallock` and
:mod:`mw_tokens_plugin.actions.blockplan`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mw_tokens_plugin.actions.blockplan import PlanGlobalBlock
from mw_tokens_plugin.actions.globallock import GlobalLock
from mw_tokens_plugin.actions.liftblock import LiftGlobalBlock
from mw_tokens_plugin.actions.undolock import UndoGlobalLock
from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Decision
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
