"""Sentences about an action and about a target, for the console and the report.

Actions of this package have sentences of their own, which can be translated; those of
others are described by a word that they provide.
"""

from __future__ import annotations

from collections.abc import Iterator

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.campaign.records import Campaign, Target
from mw_tokens_plugin.campaign.report.hiding import without_own_name
from mw_tokens_plugin.campaign.tally import Comparison
from mw_tokens_plugin.messages import message


def to_do(action: Action, number: int) -> str:
    """Return the heading of the targets that a plan will do."""
    return _message('campaign-to-do', action, number)


def not_to_do(number: int) -> str:
    """Return the heading of the targets that a plan skips."""
    return message('campaign-not-to-do', number=number)


def confirm_few(action: Action, number: int) -> str:
    """Return the question before a short plan, answered with ``y`` or ``n``."""
    return _message('campaign-confirm-few', action, number)


def confirm_many(action: Action, number: int) -> str:
    """Return the question before a long plan, answered with its number."""
    return _message('campaign-confirm-many', action, number)


def reason_line(campaign: Campaign) -> str:
    """Return what was given as the reason of a campaign."""
    return message('campaign-reason', reason=shown_reason(campaign))


def shown_reason(campaign: Campaign) -> str:
    """Return the reason of a campaign, or what is said where it has none."""
    if not campaign.reason and campaign.action == 'global_block':
        # Without one, blocks are only changed.
        return message('campaign-reasons-kept')
    return campaign.reason or message('campaign-none')


def compared_lines(compared: Comparison, campaign: Campaign) -> Iterator[str]:
    """Yield how the targets in a ledger differ from what the operator has sealed."""
    name = campaign.name
    if compared.lost:
        yield message('campaign-lost', number=compared.lost, name=name)
    if more := compared.ended_by_others:
        yield message('campaign-ended-by-others', number=more, name=name)
    if compared.is_uncounted:
        yield message('campaign-uncounted', name=name)


def colleagues_lines(compared: Comparison, campaign: Campaign) -> Iterator[str]:
    """Yield what colleagues have recorded, which is no reason to worry."""
    if number := compared.by_colleagues:
        yield message('campaign-by-colleagues', number=number, name=campaign.name)


def why_skipped(target: Target) -> str:
    """Return why a target is skipped; empty if it is not."""
    reason = target.decision.skipped
    if reason is None:
        return ''
    why = message(f'campaign-skipped-{reason.name.lower()}')
    return without_own_name(target, f'{why}: {target.remark}' if target.remark else why)


def why_failed(target: Target) -> str:
    """Return how a target ended, in English."""
    return without_own_name(target, target.detail)


def duration(seconds: float) -> str:
    """Return roughly how long something takes."""
    if seconds < 90:
        return message('campaign-seconds', number=f'{seconds:.0f}')
    if seconds < 5400:
        return message('campaign-minutes', number=f'{seconds / 60:.0f}')
    return message('campaign-hours', number=f'{seconds / 3600:.1f}')


def _message(key: str, action: Action, number: int) -> str:
    if action.wording:
        return message(f'{key}-{action.wording}', number=number)
    return message(key, verb=action.describe(), number=number)
