"""The one place where names that must not be shown are replaced.

The console, the logs, the report and the log of outcomes all use it; only the plan that
somebody confirms at a terminal shows such names. How names are found in a text whatever
their spelling is left to ``protocol/spellings``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, Target
from mw_tokens_plugin.protocol.spellings import HiddenNames
from mw_tokens_plugin.site.redaction import redactor

#: What is shown instead of a name that another campaign hides.
HIDDEN = '(hidden)'


class NameFilter:
    """Replaces the names that any campaign of a ledger knows to be hidden.

    .. version-added:: 0.1
    """

    def __init__(self, ledger: Ledger) -> None:
        """Read the names from a ledger."""
        self._ledger = ledger
        self.refresh()

    def refresh(self) -> None:
        """Read the names again, since planning may have found more."""
        names = _labels(self._ledger.hidden())
        self._names = HiddenNames(dict.fromkeys(names, HIDDEN))

    def __call__(self, text: str) -> str:
        """Return a text without the names."""
        return self._names.replace(text)

    def campaign(self, campaign: Campaign) -> Campaign:
        """Return a campaign whose name and reason contain no hidden name."""
        own = HiddenNames(_labels(self._ledger.hidden(campaign)))

        def clean(text: str) -> str:
            return self(own.replace(text))

        return replace(
            campaign, reason=clean(campaign.reason), name=clean(campaign.name)
        )

    def target(self, target: Target) -> Target:
        """Return a target whose name, facts and detail contain no hidden name."""
        detail = target.detail and self(without_own_name(target, target.detail))
        if not self._names or target.decision.hidden:
            return replace(target, detail=detail)
        facts = self._facts(dict(target.decision.facts))
        decision = replace(target.decision, name=self(target.name), facts=facts)
        return replace(target, decision=decision, detail=detail)

    def _facts(self, fact: Any) -> Any:
        if isinstance(fact, str):
            return self(fact)
        if isinstance(fact, list):
            return [self._facts(each) for each in fact]
        if isinstance(fact, Mapping):
            return {self(key): self._facts(each) for key, each in fact.items()}
        return fact


def without_own_name(target: Target, text: str | None) -> str:
    """Return a text about a target without its name, if that must not be shown."""
    return HiddenNames(_labels([target])).replace(text or '')


def hiding(targets: Iterable[Target]) -> AbstractContextManager[None]:
    """Keep the names of hidden targets out of what is logged in the meantime."""
    return redactor.hiding(_labels(targets))


def _labels(targets: Iterable[Target]) -> dict[str, str]:
    """Return what is shown instead of each name that must not be shown.

    An account may have been renamed since it was listed; both of its names count.
    """
    found = {}
    for target in targets:
        if target.decision.hidden:
            for name in (target.name, target.decision.facts.get('name')):
                # The number of a block is no name.
                if name and not str(name).startswith('#'):
                    found[str(name)] = target.label
    return found
