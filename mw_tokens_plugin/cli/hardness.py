"""Whether blocks of addresses stop users with an account, as operators say it.

They say so by options or once in ``user-config.py``; nothing is assumed.
"""

from __future__ import annotations

from typing import Any

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.site.settings import settings

__all__ = ['check_said', 'how_hard', 'usual_hardness']


def usual_hardness() -> bool | None:
    """Return what ``enable(address_blocks=...)`` says; None if it says nothing."""
    return {'hard': True, 'soft': False}.get(settings.address_blocks)


def how_hard(options: Any) -> bool | None:
    """Return whether blocks of addresses stop users with an account; None if unsaid."""
    if options.anononly or options.hardblock:
        return bool(options.hardblock)
    return usual_hardness()


def check_said(is_hard: bool | None, where: str) -> None:
    """Refuse addresses of which nobody says it.

    :param is_hard: what is said
    :param where: where the addresses are, in words
    :raises InvalidInput: nothing is said
    """
    if is_hard is None:
        raise InvalidInput(
            f'There are addresses {where}: give -anononly, which lets users with an '
            'account edit there, or -hardblock, which does not. '
            "enable(address_blocks='hard') in user-config.py sets a default."
        )
