"""Whole sentences about what an action does: the heading of its plan, and questions.

Actions of this package have sentences of their own, which can be translated; those of
others are described by a word that they bring along.
"""

from __future__ import annotations

from mw_tokens_plugin.campaign.action import Action
from mw_tokens_plugin.messages import message


def to_do(action: Action, number: int) -> str:
    """Return the heading of the targets that a plan will do."""
    return _message('campaign-to-do', action, number)


def confirm_few(action: Action, number: int) -> str:
    """Return the question before a short plan, answered with ``y`` or ``n``."""
    return _message('campaign-confirm-few', action, number)


def confirm_many(action: Action, number: int) -> str:
    """Return the question before a long plan, answered with its number."""
    return _message('campaign-confirm-many', action, number)


def _message(key: str, action: Action, number: int) -> str:
    if action.wording:
        return message(f'{key}-{action.wording}', number=number)
    return message(key, verb=action.describe(), number=number)
