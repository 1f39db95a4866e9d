"""Names in a ledger that must not be shown, kept out of all that a script says.

One way for the console, the logs, the report and the log of outcomes; only the plan
that somebody confirms at a terminal shows them.
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


def labels(targets: Iterable[Target]) -> dict[str, str]:
    """Return what to show in the place of each name that must not be shown.

    An account may have been renamed since it was listed; both of its names count.

    :param targets: of which some may be shown
    """
    found = {}
    for target in targets:
        if target.decision.hidden:
            for name in (target.name, target.decision.facts.get('name')):
                if name:
                    found[str(name)] = target.label
    return found


def discreet(target: Target, text: str | None) -> str:
    """Return a text about a target without its name, if that must not be shown.

    :param text: what was said of it
    """
    return HiddenNames(labels([target])).replace(text or '')


def hiding(targets: Iterable[Target]) -> AbstractContextManager[None]:
    """Keep names that must not be shown out of what is logged meanwhile."""
    return redactor.hiding(labels(targets))


def without_hidden_names(
    ledger: Ledger, campaign: Campaign, veil: Veil | None = None
) -> Campaign:
    """Return a campaign in whose own words no hidden name stands.

    :param veil: that of the ledger, if it was read before
    """
    veil = veil or Veil(ledger)
    names = HiddenNames(labels(ledger.hidden(campaign)))

    def clean(text: str) -> str:
        return veil(names.replace(text))

    return replace(campaign, reason=clean(campaign.reason), name=clean(campaign.name))


class Veil:
    """Takes out the names that any campaign of a ledger knows to be hidden.

    .. version-added:: 0.1
    """

    def __init__(self, ledger: Ledger) -> None:
        """Read them."""
        self._ledger = ledger
        self.refresh()

    def refresh(self) -> None:
        """Read them again, as planning may have found more."""
        names = labels(self._ledger.hidden())
        self._names = HiddenNames(dict.fromkeys(names, '(hidden)'))

    def __call__(self, text: str) -> str:
        """Return a text without them."""
        return self._names.replace(text)

    def over(self, target: Target) -> Target:
        """Return a target in which they do not stand; what it is named by counts."""
        if not self._names or target.decision.hidden:
            return target
        facts = self._without(dict(target.decision.facts))
        decision = replace(target.decision, name=self(target.name), facts=facts)
        detail = target.detail and self(target.detail)
        return replace(target, decision=decision, detail=detail)

    def _without(self, fact: Any) -> Any:
        if isinstance(fact, str):
            return self(fact)
        if isinstance(fact, list):
            return [self._without(each) for each in fact]
        if isinstance(fact, Mapping):
            return {self(key): self._without(each) for key, each in fact.items()}
        return fact
