"""A section about a campaign on a page of a wiki: its text, and its place in the page.

It has numbers, and names of accounts and pages only where that was agreed to; never
addresses, which readers could link to the accounts beside them. Saving the page is left
to the caller.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, State, Target
from mw_tokens_plugin.campaign.report.contents import OPEN
from mw_tokens_plugin.campaign.report.hiding import NameFilter
from mw_tokens_plugin.campaign.report.texts import to_the_minute
from mw_tokens_plugin.campaign.report.wikitext import nowiki, user_link
from mw_tokens_plugin.messages import wiki_message
from mw_tokens_plugin.protocol.addresses import network_of

#: Names in a section; colleagues who want more have the log.
MAX_NAMES = 500


def section_of(
    site: Any,
    ledger: Ledger,
    campaign: Campaign,
    undos: Sequence[tuple[Campaign, Campaign]] = (),
    *,
    names: frozenset[int] | None = None,
) -> str:
    """Return the text of the section about a campaign, without its heading.

    :param site: the wiki, in whose language it is
    :param undos: the campaigns that undo it, or that undo one of these, each with the
        one that it undoes
    :param names: the numbers of the targets that are named; None to name none
    """
    shown = NameFilter(ledger)

    def in_words(key: str, **about: object) -> str:
        return wiki_message(site, f'campaign-page-{key}', **about)

    def lines() -> Iterator[str]:
        kept = shown.campaign(campaign)
        counts = ledger.counts(campaign)
        operator = user_link(campaign.operator)
        yield in_words('by', user=operator, begun=to_the_minute(campaign.created_at))
        if kept.reason:
            yield in_words('reason', reason=nowiki(kept.reason))
        yield in_words(
            'counts',
            done=counts[State.DONE],
            failed=counts[State.FAILED],
            skipped=counts[State.SKIPPED],
        )
        for reason, number in ledger.skip_counts(campaign).items():
            why = wiki_message(site, f'campaign-skipped-{reason.name.lower()}')
            yield f'* {in_words("skipped", number=number, reason=why)}'
        if left := sum(counts[state] for state in OPEN):
            yield in_words('left', number=left)
        again: set[int] = set()
        for undo, undone in undos:
            is_undo = undone.id == campaign.id or undone.id in again
            if not is_undo:
                again.add(undo.id)
            yield in_words(
                'undone' if is_undo else 'redone',
                user=user_link(undo.operator),
                begun=to_the_minute(undo.created_at),
                done=ledger.changed_count(undo),
                changed=ledger.changed_count(undone),
            )

    said = ''.join(
        line + '\n' if line.startswith('*') else f': {line}\n' for line in lines()
    )
    if names is None:
        return said
    rows = [
        f'|-\n| {nowiki(shown.target(target).label)} || {_result(site, target)}\n'
        for target in named(ledger, campaign)
        if target.id in names
    ]
    more = sum(ledger.counts(campaign).values()) - len(rows)
    headings = f'! {in_words("target")} !! {in_words("result")}\n'
    table = f'{{| class="wikitable"\n{headings}{"".join(rows)}|}}\n' if rows else ''
    return said + table + (f': {in_words("more", number=more)}\n' if more else '')


def named(ledger: Ledger, campaign: Campaign) -> Iterator[Target]:
    """Yield the targets that a section may name, those to check first."""
    left = MAX_NAMES
    for state in (State.FAILED, State.SKIPPED, *OPEN, State.DONE):
        for target in ledger.targets(campaign, state):
            if target.decision.hidden or network_of(target.name) is not None:
                continue
            if not left:
                return
            left -= 1
            yield target


def placed(text: str, campaign: Campaign, heading: str, section: str) -> str:
    """Return the text of a page with the section about a campaign.

    It takes the place of what was there before, and leaves alone what others have
    written below it.
    """
    # The name might be that of a target, and page histories are kept.
    made = f'{campaign.created_at.isoformat()} {campaign.wiki} {campaign.name}'
    mark = hashlib.sha256(made.encode()).hexdigest()[:16]
    begin, end = f'<!-- campaign {mark} -->', f'<!-- end of campaign {mark} -->'
    whole = f'{begin}\n{section}{end}'
    pattern = f'{re.escape(begin)}.*?{re.escape(end)}'
    new, number = re.subn(pattern, lambda _: whole, text, count=1, flags=re.DOTALL)
    if number:
        return new
    before = f'{text.rstrip()}\n\n' if text.strip() else ''
    return f'{before}== {heading} ==\n{whole}\n'


def _result(site: Any, target: Target) -> str:
    """Return how a target has ended, without any name or address."""
    if target.decision.skipped is not None:
        key = f'campaign-skipped-{target.decision.skipped.name.lower()}'
        return wiki_message(site, key)
    state = target.state if target.state not in OPEN else State.PLANNED
    return wiki_message(site, f'campaign-page-{state.name.lower()}')
