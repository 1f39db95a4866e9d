"""Several actions that each target of a campaign goes through, one after the other.

Each step plans and writes by its own action; their order is left to the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Decision, Outcome, Target
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message

__all__ = ['Steps']


class Steps(Action):
    """An action of several steps, of which each target takes one at a time.

    .. version-added:: 0.1
    """

    def __init__(self, actions: Mapping[str, Action]) -> None:
        """Keep the actions.

        :param actions: by the name of the step
        """
        self._actions = dict(actions)

    def of(self, kind: str) -> Action:
        """Return the action of a step.

        :raises InvalidInput: the campaign has no such step
        """
        if kind not in self._actions:
            raise InvalidInput(
                f'A target in the ledger is of the step {kind!r}, which '
                'this campaign does not have: another version wrote it, or somebody by '
                'hand. Nothing was done with it.'
            )
        return self._actions[kind]

    def describe(self) -> str:
        """Return what is done to a target in all."""
        words = dict.fromkeys(action.describe() for action in self._actions.values())
        return ', '.join(words)

    def columns(self, target: Target) -> Mapping[str, str]:
        """Return what the plan shows of a target, with what is done to it."""
        action = self.of(target.kind)
        step = {message('campaign-column-step'): action.describe()}
        return {**step, **action.columns(target)}

    def remarks(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield the lines of each step under the plan."""
        groups: dict[str, list[Target]] = {}
        for target in targets:
            groups.setdefault(target.kind, []).append(target)
        for kind, of_kind in groups.items():
            yield from self.of(kind).remarks(of_kind)

    def remarks_on_skipped(self, targets: Iterable[Target]) -> Iterator[str]:
        """Yield what the first step says about all that are skipped."""
        return next(iter(self._actions.values())).remarks_on_skipped(targets)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Refuse it: each step plans its own targets."""
        raise NotImplementedError('each step plans its own targets')

    def apply(self, target: Target) -> Outcome:
        """Write for one target."""
        return self.of(target.kind).apply(target)

    def reconcile(
        self, targets: Sequence[Target]
    ) -> Iterator[tuple[Target, Outcome | None]]:
        """Read whether writes took effect, each by the action of its step."""
        for target in targets:
            yield from self.of(target.kind).reconcile([target])
