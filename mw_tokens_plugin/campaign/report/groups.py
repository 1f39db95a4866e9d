"""A group of the targets of a campaign as a list for the next one.

The list is the CSV of a report, in which names are read literally. Which groups there
are follows from states and reasons for skipping; what is hidden is in no list.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, Target
from mw_tokens_plugin.campaign.report.contents import Contents
from mw_tokens_plugin.campaign.report.datafiles import write_csv
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import open_private

#: The group of all targets.
ALL = 'all'


def groups_of(target: Target) -> list[str]:
    """Return the groups that a target is in."""
    skipped = target.decision.skipped
    reason = [] if skipped is None else [skipped.name.lower()]
    return [ALL, target.state.name.lower(), *reason]


def save_group(
    ledger: Ledger, campaign: Campaign, group: str, path: str | Path
) -> tuple[int, int]:
    """Write a group of targets into a new file, which only the owner can read.

    :return: how many there are, and how many were left out since they are hidden
    :raises InvalidInput: nothing is in that group
    :raises OSError: the file is there already, or cannot be written
    """
    names = NameFilter(ledger)
    counts: Counter[str] = Counter()
    shown: Counter[str] = Counter()

    def is_shown(target: Target) -> bool:
        return not target.decision.hidden and names(target.name) == target.name

    for target in ledger.targets(campaign):
        counts.update(groups_of(target))
        if is_shown(target):
            shown.update(groups_of(target))
    if not counts[group]:
        known = ', '.join(f'{name} ({number})' for name, number in counts.items())
        raise InvalidInput(
            f'The campaign {campaign.name!r} has no targets in the group {group!r}. '
            f'It has: {known or "none"}.'
        )
    contents = Contents(
        ledger, campaign, lambda t: group in groups_of(t) and is_shown(t)
    )
    with open_private(path, 'new') as file:
        write_csv(contents, file)
    return shown[group], counts[group] - shown[group]
