"""The contents of a report on a campaign: frozen records, read from the ledger.

Hidden names are replaced here, so that no format can show one. Targets are read page by
page, so that memory does not grow with their number. How the records are laid out in a
file is left to the module of each format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, State, Target
from mw_tokens_plugin.campaign.report.bywiki import OnWiki, by_wiki
from mw_tokens_plugin.campaign.report.hiding import NameFilter, without_own_name

#: States of targets that remain to be done.
OPEN = (State.LEASED, State.PLANNED, State.LISTED)

#: Parts into which the time of a campaign is divided.
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """What a report says of one target.

    :ivar label: its name, or what is shown instead
    :ivar central_id: the number of its global account, if it is one
    :ivar state: how far it is
    :ivar changed: whether this campaign changed it; None if it has not ended
    :ivar attempts: how many attempts it took
    :ivar started_at: when the first of them began, in UTC
    :ivar ended_at: when it was done or failed, in UTC
    :ivar why: why it was skipped or failed, in English
    :ivar facts: what the plan read of it; None if its name must not be shown
    :ivar step: what is done to it, where a campaign does several things; else empty
    :ivar skipped: why it was skipped; ``why`` begins with that
    """

    label: str
    central_id: int | None
    state: State
    changed: bool | None
    attempts: int
    started_at: datetime | None
    ended_at: datetime | None
    why: str
    facts: Mapping[str, Any] | None
    step: str = ''
    skipped: SkipReason | None = None

    @property
    def diff(self) -> str:
        """The address of the change that is undone; empty if there is none."""
        address = str((self.facts or {}).get('diff') or '')
        # Others may have written the ledger.
        return address if address.startswith(('https://', 'http://')) else ''

    @property
    def shown(self) -> str:
        """The label, with what is done to it if that is not always the same."""
        return f'{self.label} ({self.step})' if self.step else self.label


@dataclass(frozen=True, slots=True)
class Step:
    """What ended in one part of the time.

    :ivar until: its end, in UTC
    :ivar done: targets that are done by then, from the start on
    :ivar errors: attempts that failed in it
    """

    until: datetime
    done: int
    errors: int


class Contents:
    """What all files of a report say, without any hidden name.

    :ivar campaign: the campaign
    :ivar counts: targets in each state
    :ivar changed: how many targets this campaign changed itself
    :ivar skipped: skipped targets, by reason
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: Campaign,
        part: Callable[[Target], bool] | None = None,
    ) -> None:
        """Read what does not depend on the number of targets.

        :param part: tells which targets are in it; by default all of them are
        """
        self._ledger = ledger
        self._part = part
        self._filter = NameFilter(ledger)
        self._partition_errors = ledger.partition_errors(campaign)
        self.campaign = self._filter.campaign(campaign)
        self.counts: Mapping[State, int] = ledger.counts(campaign)
        self.changed = ledger.changed_count(campaign)
        self.skipped: Mapping[SkipReason, int] = ledger.skip_counts(campaign)
        if part is not None:
            self._count_part()

    def rows(self, state: State | None = None) -> Iterator[Row]:
        """Yield targets in the order in which they were listed.

        :param state: only those in this state
        """
        return map(self._row, self._targets(state))

    def by_wiki(self) -> dict[str, OnWiki]:
        """Return what a campaign of several steps does on each wiki; else nothing."""
        return by_wiki(self._targets()) if self.campaign.stages > 1 else {}

    def errors(self) -> dict[str, int]:
        """Count the errors of all attempts by class, the most frequent first."""
        if self._part is not None:
            # They are not kept by target, and may name one of another part.
            return {}
        found = Counter(
            self._filter(error) for _, error in self._ledger.errors(self.campaign)
        )
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def steps(self) -> list[Step]:
        """Return progress and errors over time."""
        start, end = self._ledger.span(self.campaign)
        if self._part is not None:
            return []
        if start is None or end is None:
            return []
        width = max((end - start) / _STEPS, timedelta(milliseconds=1))

        def at(moment: datetime) -> int:
            return min(max(int((moment - start) / width), 0), _STEPS - 1)

        done = Counter(map(at, self._ledger.ends(self.campaign, State.DONE)))
        errors = Counter(at(when) for when, _ in self._ledger.errors(self.campaign))
        steps, so_far = [], 0
        for number in range(_STEPS):
            so_far += done[number]
            until = start + (number + 1) * width
            steps.append(Step(until, so_far, errors[number]))
        return steps

    def _targets(self, state: State | None = None) -> Iterator[Target]:
        targets = self._ledger.targets(self.campaign, state)
        return targets if self._part is None else filter(self._part, targets)

    def _count_part(self) -> None:
        """Count the targets that are in it."""
        counts, skipped = Counter(dict.fromkeys(State, 0)), Counter[SkipReason]()
        self.changed = 0
        for target in self._targets():
            counts[target.state] += 1
            is_done = target.state is State.DONE
            self.changed += bool(is_done and target.changed)
            if target.decision.skipped is not None:
                skipped[target.decision.skipped] += 1
        self.counts, self.skipped = counts, skipped

    def _row(self, target: Target) -> Row:
        error = self._partition_errors.get(target.decision.partition or '')
        if error is not None and target.state in OPEN:
            target = replace(target, detail=f'postponed: {error}')
        target = self._filter.target(target)
        decision = target.decision
        return Row(
            label=target.label,
            central_id=decision.central_id,
            state=target.state,
            changed=target.changed,
            attempts=target.attempts,
            started_at=target.started_at,
            ended_at=target.ended_at,
            why=_why(target),
            facts=None if decision.hidden else decision.facts,
            step=target.kind,
            skipped=decision.skipped,
        )


def _why(target: Target) -> str:
    if target.decision.skipped is None:
        return target.detail or ''
    why, remark = target.decision.skipped.value, target.remark
    return without_own_name(target, f'{why}: {remark}' if remark else why)
