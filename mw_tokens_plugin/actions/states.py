"""Actions that bring each target into a state, and back again.

A state is a value that JSON can hold, such as levels of protection. This class decides
what is skipped, reconciles lost answers, and undoes a campaign by giving each target
the state that it had before. How a state is read and written is left to the subclass.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
)
from mw_tokens_plugin.site.batches import query
from mw_tokens_plugin.site.writes import send_once

__all__ = ['SetState']


class SetState(Action):
    """Bring each target into a state, and back where another campaign is undone.

    .. version-added:: 0.1

    :ivar site: the central wiki
    :ivar reason: for the log
    :ivar stored: the options that the ledger has
    """

    #: What is done, in a word.
    verb: ClassVar[str]
    #: The state that targets are brought into.
    state: ClassVar[Any] = ''

    fixed = frozenset({'before'})

    def __init__(self, run: Any, campaign: Campaign, step: str = '') -> None:
        """Read what the ledger has of a campaign.

        :param run: the :class:`mw_tokens_plugin.cli.run.Run`
        :param step: which one it is, in a campaign of several steps
        """
        self.site, self.reason = run.site, campaign.reason
        self.stored: Mapping[str, Any] = run.stored(campaign)
        undoes = 'undone' in campaign.options
        self._recorded = run.undone(campaign)[1] if undoes else None
        self._step = step

    def describe(self) -> str:
        """Return what is done to a target."""
        return self.verb

    def wanted(self, now: Any) -> Any:
        """Return the state that a target is brought into, if nothing is undone.

        :param now: the state that it is in
        """
        return self.state

    @abstractmethod
    def read(self, name: str) -> Any:
        """Return the state of a target; None if there is no such target."""

    @abstractmethod
    def write(self, name: str, state: Any) -> None:
        """Bring a target into a state, by one write.

        :raises TokensPluginError: it was refused, or its answer was lost
        """

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Return the part ``query`` of what the wiki answers.

        :raises TokensPluginError: the wiki refused
        """
        found: dict[str, Any] = query(self.site, **parameters)['query']
        return found

    def send(self, action: str, **parameters: Any) -> None:
        """Send a write, once.

        :raises TokensPluginError: it was refused, or its answer was lost
        """
        send_once(self.site, action, parameters)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, which are read one by one."""
        for name in names:
            now, after, reason = self.read(name), None, None
            if now is None:
                reason = SkipReason.NOT_FOUND
            elif now == (after := self._wanted(name, now)):
                reason = SkipReason.ALREADY
            elif self._recorded is not None and now != self._was(name, 'after'):
                reason = SkipReason.CHANGED_SINCE
            yield Decision(name, skipped=reason, facts={'before': now, 'after': after})

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target."""
        facts = target.decision.facts
        return {'now': _shown(facts.get('before')), 'then': _shown(facts.get('after'))}

    def apply(self, target: Target) -> Outcome:
        """Write for one target, if it is still as it was planned."""
        facts, now = target.decision.facts, self.read(target.name)
        if now == facts['after']:
            return Outcome(State.DONE, detail='done otherwise since the plan')
        if now != facts['before']:
            return Outcome(State.FAILED, detail='changed since the plan')
        self.write(target.name, facts['after'])
        return Outcome(State.DONE, changed=True)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes of unknown outcome took effect; None if not."""
        for target in targets:
            done = self.read(target.name) == target.decision.facts['after']
            outcome = Outcome(State.DONE, changed=True, detail='found by reading')
            yield target, outcome if done else None

    def _wanted(self, name: str, now: Any) -> Any:
        return self.wanted(now) if self._recorded is None else self._was(name, 'before')

    def _was(self, name: str, fact: str) -> Any:
        assert self._recorded is not None
        return self._recorded([name], self._step)[name].decision.facts[fact]


def _shown(state: Any) -> str:
    if state is None or isinstance(state, str):
        return state or ''
    return json.dumps(state, ensure_ascii=False)
