"""What has changed on the wiki since a plan was looked at, for its operator.

What is compared is what the plan shows of a target. What follows for the plan is left
to :mod:`mw_tokens_plugin.campaign.plan`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Campaign, Decision, State, Target
from mw_tokens_plugin.campaign.report.hiding import without_own_name
from mw_tokens_plugin.campaign.report.wording import why_skipped
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.lookalikes import marked

#: Targets that are listed.
MAX_LISTED = 100


class PlanChanges:
    """The differences between a plan that is kept and what the wiki says now."""

    def __init__(self, action: Action, campaign: Campaign) -> None:
        """Know of none yet.

        :param campaign: as it was planned
        """
        self._action = action
        self._planned_at = campaign.planned_at
        self._changed = 0
        self._unread = 0
        self._listed: list[str] = []
        self._listed_unread: list[str] = []

    def note(self, target: Target, decision: Decision) -> None:
        """Compare a target of the plan with a new decision on it."""
        if target.state not in (State.PLANNED, State.LEASED):
            return
        now = Target(target.id, decision, target.state)
        if decision.skipped is not None and decision.skipped.is_transient:
            self._unread += 1
            if self._unread <= MAX_LISTED:
                self._listed_unread.append(_line(target, now, why_skipped(now)))
            return
        what = self._differences(target, now)
        if not what:
            return
        self._changed += 1
        if self._changed <= MAX_LISTED:
            self._listed.append(_line(target, now, what))

    def lines(self) -> Iterator[str]:
        """Yield how many have changed, and which."""
        if self._planned_at is None:
            return
        about = {'time': f'{self._planned_at:%Y-%m-%d %H:%M}'}
        if self._changed:
            yield message('campaign-changed', number=self._changed, **about)
        else:
            yield message('campaign-unchanged', **about)
        yield from self._listed
        if more := self._changed - len(self._listed):
            yield message('campaign-changed-more', number=more)
        if self._unread:
            yield message('campaign-changed-unread', number=self._unread)
            yield from self._listed_unread
            if more := self._unread - len(self._listed_unread):
                yield message('campaign-changed-more', number=more)

    def _differences(self, before: Target, now: Target) -> str:
        """Return what the plan would show otherwise; empty if nothing."""
        if now.decision.skipped is not None:
            return message('campaign-changed-skipped', why=why_skipped(now))
        facts = before.decision.facts
        if now.decision.facts.get('found_done') and not facts.get('found_done'):
            return message('campaign-changed-done')
        old, new = self._action.columns(before), self._action.columns(now)
        found = [
            message(
                'campaign-changed-from',
                what=heading,
                before=old.get(heading) or '-',
                now=new.get(heading) or '-',
            )
            for heading in dict.fromkeys([*old, *new])
            if (old.get(heading) or '') != (new.get(heading) or '')
        ]
        return '; '.join(found)


def _line(target: Target, now: Target, words: str) -> str:
    """Return what is said of one target."""
    name = marked(now.label if now.decision.hidden else target.label)
    return f'  {name}: {without_own_name(now, words)}'
