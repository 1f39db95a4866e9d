"""Locking and unlocking accounts that a request page names, some of them hidden."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mw_tokens_plugin.actions.globallock import GlobalLock, UndoGlobalLock
from mw_tokens_plugin.campaign.records import Decision
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.redaction import redactor


class RequestedLock(GlobalLock):
    """Lock accounts of which some names must not be shown.

    .. version-added:: 0.1
    """

    def __init__(
        self, site: PluginMixin, *, discreet: Collection[str], **how: Any
    ) -> None:
        """Say what is to be done to every account.

        :param discreet: names that must not be shown
        :param how: as for :class:`GlobalLock`
        """
        super().__init__(site, **how)
        self._kept = frozenset(discreet)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some accounts, which costs as few reads as the wiki allows."""
        with redactor.hiding(dict.fromkeys(self._kept.intersection(names), '#hidden')):
            for decision in super().plan(names):
                kept = decision.name in self._kept
                yield replace(decision, hidden=True) if kept else decision


class RequestedUndo(UndoGlobalLock):
    """Unlock accounts of which some names must not be shown.

    .. version-added:: 0.1
    """
