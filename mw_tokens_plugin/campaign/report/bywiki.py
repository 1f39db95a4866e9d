"""What a campaign of several steps does on each wiki, counted.

The plan at the terminal and the page of a report show the same numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mw_tokens_plugin.campaign.records import SkipReason, Target
from mw_tokens_plugin.messages import message

#: The steps of this package, which have headings of their own.
_STEPS = frozenset(
    'lock globalblock localblock edits files moves delete revdel'.split()
)


@dataclass(slots=True)
class OnWiki:
    """The targets on one wiki.

    :ivar steps: those to be done or done, by what is done
    :ivar skipped: those that are skipped although something would be to do, by reason
    """

    steps: Counter[str] = field(default_factory=Counter)
    skipped: Counter[SkipReason] = field(default_factory=Counter)


def by_wiki(targets: Iterable[Target]) -> dict[str, OnWiki]:
    """Return the numbers of targets by the database name of their wiki.

    Those of no single wiki, such as global accounts, come first, under ''.
    """
    found: dict[str, OnWiki] = {}
    for target in targets:
        decision = target.decision
        reason = decision.skipped
        if reason is not None and reason.is_satisfied:
            continue
        counts = found.setdefault(str(decision.facts.get('wiki') or ''), OnWiki())
        if reason is None:
            counts.steps[decision.kind] += 1
        else:
            counts.skipped[reason] += 1
    return dict(sorted(found.items()))


def heading(step: str) -> str:
    """Return what stands above the numbers of a step."""
    return message(f'campaign-table-{step}') if step in _STEPS else step


def why_skipped(counts: OnWiki) -> str:
    """Return why targets on a wiki are skipped, with their numbers."""
    return '; '.join(
        f'{number} {message(f"campaign-skipped-{reason.name.lower()}")}'
        for reason, number in counts.skipped.most_common()
    )
