"""An own campaign that brings targets into a state: what it writes, and what not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from mw_tokens_plugin.actions.states import SetState
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    Outcome,
    SkipReason,
    State,
    Target,
    now,
)


class Protect(SetState):
    """Protection of pages, in a dictionary that stands for the wiki."""

    kind = 'protect'
    verb = 'protect'
    state = 'sysop'

    def __init__(self, wiki: dict[str, Any], before: dict[str, Any] | None = None):
        """Get the states now, and those before a campaign that is undone."""
        options = {} if before is None else {'undone': 'x'}
        campaign = Campaign(1, 'c', 'protect', 'w', 'o', 'r', options, now())
        facts = before or {}

        def recorded(names: list[str], _step: str) -> dict[str, Target]:
            return {
                name: planned(name, facts[name], self.state, State.DONE)
                for name in names
            }

        run = SimpleNamespace(
            site=None, stored=lambda _: {}, undone=lambda _: (None, recorded)
        )
        super().__init__(run, campaign)
        self.wiki = wiki

    def read(self, name: str) -> Any:
        return self.wiki.get(name)

    def write(self, name: str, state: Any) -> None:
        self.wiki[name] = state


def planned(name: str, before: Any, after: Any, state: State = State.LEASED) -> Target:
    facts = {'before': before, 'after': after}
    return Target(1, Decision(name, facts=facts), state)


def test_the_plan_says_why_a_target_is_skipped() -> None:
    pages = {'A': 'all', 'B': 'sysop'}
    plan = {each.name: each.skipped for each in Protect(pages).plan(['A', 'B', 'C'])}
    already, missing = SkipReason.ALREADY, SkipReason.NOT_FOUND
    assert plan == {'A': None, 'B': already, 'C': missing}
    undo = Protect({'A': 'sysop', 'B': 'user'}, {'A': 'all', 'B': 'all'})
    plan = {each.name: each.skipped for each in undo.plan(['A', 'B'])}
    assert plan == {'A': None, 'B': SkipReason.CHANGED_SINCE}


@pytest.mark.parametrize(
    ('now', 'state', 'changed', 'after'),
    [
        ('all', State.DONE, True, 'sysop'),
        # Others were faster, or want something else.
        ('sysop', State.DONE, False, 'sysop'),
        ('user', State.FAILED, False, 'user'),
        (None, State.FAILED, False, None),
    ],
)
def test_only_what_is_as_it_was_planned_is_written(
    now: Any, state: State, changed: bool, after: Any
) -> None:
    action = Protect({'A': now})
    target = planned('A', 'all', 'sysop')
    outcome = action.apply(target)
    assert (outcome.state, outcome.changed) == (state, changed)
    assert action.wiki == {'A': after}
    assert action.columns(target) == {'now': 'all', 'then': 'sysop'}


def test_a_lost_answer_is_found_by_reading() -> None:
    action = Protect({'A': 'sysop', 'B': 'all'})
    names = ('A', 'B')
    targets = [
        replace(planned(name, 'all', 'sysop'), id=i) for i, name in enumerate(names)
    ]
    found = Outcome(State.DONE, changed=True, detail='found by reading')
    assert [outcome for _, outcome in action.reconcile(targets)] == [found, None]
