"""The summary of a campaign, in lines: what was done, and what was not and why.

How the lines are shown is left to the console.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, State, Target
from mw_tokens_plugin.campaign.report.wording import why_failed, why_skipped
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.lookalikes import marked

#: Failed and skipped targets that the summary of a run names.
MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What a campaign came to.

    .. version-added:: 0.1

    :ivar name: the campaign's name
    :ivar counts: targets in each state
    :ivar changed: how many it changed itself
    :ivar skip_counts: skipped targets, by reason
    :ivar retries: attempts that met a transient error, by its class
    :ivar failed: targets that failed; can be read once
    :ivar skipped: targets that were skipped, satisfied or not; can be read once
    """

    name: str
    counts: Mapping[State, int]
    changed: int
    skip_counts: Mapping[SkipReason, int]
    retries: Mapping[str, int]
    failed: Iterable[Target]
    skipped: Iterable[Target]

    @classmethod
    def read(cls, ledger: Ledger, campaign: Campaign) -> Summary:
        """Return what a ledger knows of a campaign."""
        return cls(
            name=campaign.name,
            counts=ledger.counts(campaign),
            changed=ledger.changed_count(campaign),
            skip_counts=ledger.skip_counts(campaign),
            retries=ledger.retries(campaign),
            failed=ledger.targets(campaign, State.FAILED),
            skipped=ledger.targets(campaign, State.SKIPPED),
        )

    @property
    def remaining(self) -> int:
        """How many targets remain to be done."""
        states = (State.PLANNED, State.LEASED, State.LISTED)
        return sum(self.counts[state] for state in states)

    @property
    def unsatisfied(self) -> int:
        """How many skipped targets are not as they were to become."""
        return sum(n for why, n in self.skip_counts.items() if not why.is_satisfied)

    @property
    def is_complete(self) -> bool:
        """Whether nothing remains undone."""
        return not (self.remaining or self.counts[State.FAILED] or self.unsatisfied)

    def lines(
        self, more: str = '', link: Callable[[Target], str] = lambda target: ''
    ) -> Iterator[str]:
        """Yield what there is to say, with the targets that remain undone by name.

        :param more: the command that shows all of them; empty to name all here
        :param link: returns an address to look at for a target, or nothing
        """
        yield message('campaign-name', name=self.name)
        done = self.counts[State.DONE]
        if others := done - self.changed:
            yield message('campaign-done-others', number=done, others=others)
        else:
            yield message('campaign-done', number=done)
        for reason, number in self.skip_counts.items():
            why = message(f'campaign-skipped-{reason.name.lower()}')
            yield message('campaign-skipped', number=number, reason=why)
        skipped = self.skipped
        if more:
            # The rest of a long ledger is not read.
            unsatisfied = (t for t in skipped if not _is_satisfied(t))
            skipped = islice(unsatisfied, min(self.unsatisfied, MAX_NAMED))
        yield from _named(skipped, why_skipped, self.unsatisfied, more, link)
        if failed := self.counts[State.FAILED]:
            yield message('campaign-failed', number=failed)
        yield from _named(
            islice(self.failed, MAX_NAMED if more else None),
            why_failed,
            failed,
            more,
            link,
        )
        if self.remaining:
            yield message('campaign-remaining', number=self.remaining)
        if self.retries:
            classes = (
                f'{name} {number}' for name, number in sorted(self.retries.items())
            )
            total = sum(self.retries.values())
            yield message('campaign-retries', number=total, classes=', '.join(classes))


def _named(
    targets: Iterable[Target],
    why: Callable[[Target], str],
    number: int,
    more: str,
    link: Callable[[Target], str],
) -> Iterator[str]:
    for target in targets:
        yield f'  {marked(target.label)}: {why(target)}'
        if not target.decision.hidden and (address := link(target)):
            yield f'    {address}'
    if more and number > MAX_NAMED:
        yield message('campaign-more', number=number - MAX_NAMED, line=more)


def _is_satisfied(target: Target) -> bool:
    skipped = target.decision.skipped
    return skipped is None or skipped.is_satisfied
