"""Which campaigns of a ledger nobody needs any more, once they are old enough.

What was never confirmed, and what is finished, may go. Asking for it and deleting is
left to :mod:`.management`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State


def old_campaigns(
    ledger: Ledger,
    campaigns: Iterable[Campaign],
    before: datetime,
    is_over: Callable[[Campaign], bool],
) -> tuple[list[Campaign], list[Campaign]]:
    """Return which campaigns can be forgotten, and which are old and still needed.

    :param campaigns: all of the ledger
    :param before: what has changed since is not old
    :param is_over: tells whether all of a campaign is done, and of what follows it
    """
    everything = list(campaigns)
    old = [c for c in everything if last_change(c) < before]
    gone = [c for c in old if is_over(c) or not _is_begun(ledger, c)]
    while needed := _needed(everything, gone):
        gone = [c for c in gone if c.name not in needed]
    names = {c.name for c in gone}
    return gone, [c for c in old if c.name not in names]


def last_change(campaign: Campaign) -> datetime:
    """Return when a campaign was last planned, confirmed or finished."""
    moments = (
        campaign.created_at,
        campaign.listed_at,
        campaign.planned_at,
        campaign.confirmed_at,
        campaign.finished_at,
    )
    return max(moment for moment in moments if moment is not None)


def span(text: str) -> timedelta:
    """Read how old campaigns have to be.

    :raises ValueError: it is no span of time
    """
    from mw_tokens_plugin.protocol.expiries import length_of

    found = length_of(text)
    if found is None or found < timedelta(days=1):
        raise ValueError('give a day or more, such as 90d or "3 months".')
    return found


def _is_begun(ledger: Ledger, campaign: Campaign) -> bool:
    """Tell whether a campaign may have changed something, or is about to."""
    return ledger.is_record(campaign) or bool(ledger.counts(campaign)[State.LEASED])


def _needed(everything: Iterable[Campaign], gone: Iterable[Campaign]) -> set[str]:
    """Return those to be forgotten that others read which are to be kept."""
    names = {campaign.name for campaign in gone}
    needed = set()
    for campaign in everything:
        if campaign.name in names or campaign.finished_at is not None:
            continue
        undone = campaign.options.get('undone')
        then = (campaign.options.get('then') or {}).get('name')
        needed |= names & {undone, then}
    return needed
