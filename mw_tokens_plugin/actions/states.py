"""Actions that bring each target into a state, and back again.

A state is a text, such as a level of protection. This class decides what is skipped,
reconciles lost answers, and undoes a campaign by giving each target the state that it
had before. How a state is read and written is left to the subclass.
"""

from __future__ import annotations

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
    #: The state that targets are brought into, or the option that tells it.
    state: ClassVar[str] = ''
    option: ClassVar[str] = ''

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

    def wanted(self, name: str) -> str:
        """Return the state that a target is brought into, if nothing is undone."""
        return str(self.stored[self.option]) if self.option else self.state

    @abstractmethod
    def read(self, name: str) -> str | None:
        """Return the state of a target; None if there is no such target."""

    @abstractmethod
    def write(self, name: str, state: str) -> None:
        """Bring a target into a state, by one write.

        :raises TokensPluginError: it was refused, or its answer was lost
        """

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some targets, which are read one by one."""
        for name in names:
            now, reason = self.read(name), None
            if now is None:
                reason = SkipReason.NO_PAGE
            elif now == self._wanted(name):
                reason = SkipReason.ALREADY
            elif self._recorded is not None and now != self._was_set(name):
                reason = SkipReason.CHANGED_SINCE
            after = self._wanted(name)
            yield Decision(name, skipped=reason, facts={'before': now, 'after': after})

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target."""
        facts = target.decision.facts
        return {'now': str(facts.get('before')), 'then': str(facts.get('after'))}

    def apply(self, target: Target) -> Outcome:
        """Write for one target, if it is still as it was planned."""
        facts, now = target.decision.facts, self.read(target.name)
        if now == facts['after']:
            return Outcome(State.DONE, detail='done by others since the plan')
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

    def _wanted(self, name: str) -> str:
        if self._recorded is None:
            return self.wanted(name)
        return str(self._fact(name, 'before'))

    def _was_set(self, name: str) -> str:
        return str(self._fact(name, 'after'))

    def _fact(self, name: str, fact: str) -> Any:
        assert self._recorded is not None
        return self._recorded([name], self._step)[name].decision.facts[fact]
