"""Locking and unlocking accounts that a request page names, some of them hidden.

It hides names only; all else is that of :mod:`mw_tokens_plugin.actions.globallock`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mw_tokens_plugin.actions.globallock import GlobalLock
from mw_tokens_plugin.actions.undolock import UndoGlobalLock
from mw_tokens_plugin.campaign.records import Decision
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.redaction import redactor


class RequestedLock(GlobalLock):
    """Lock accounts of which some names must not be shown.

    .. version-added:: 0.1
    """

    def __init__(
        self, site: PluginMixin, *, hidden_names: Collection[str], **how: Any
    ) -> None:
        """Set what is done to every account.

        :param hidden_names: names that must not be shown
        :param how: as for :class:`GlobalLock`
        """
        super().__init__(site, **how)
        self._hidden_names = frozenset(hidden_names)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some accounts, which costs as few reads as the wiki allows."""
        with redactor.hiding(
            dict.fromkeys(self._hidden_names.intersection(names), '#hidden')
        ):
            for decision in super().plan(names):
                is_hidden = decision.name in self._hidden_names
                yield replace(decision, hidden=True) if is_hidden else decision


class RequestedUndo(UndoGlobalLock):
    """Unlock accounts of which some names must not be shown.

    .. version-added:: 0.1
    """
