"""The seals of one target as a column of the ledger has them: a text of bounded length.

What a seal vouches for, and whether it is right, is in :mod:`.seals`.
"""

from __future__ import annotations

import re

#: Seals of a target that are read and kept; there is one for each operator who joined.
_MAX_SEALS = 40

#: Seals of one key that are kept: two runs of one operator may have a plan each.
_MAX_OF_KEY = 2

#: The number of the key, that of the plan, and a digest.
_SEAL = re.compile(r'[0-9a-f]{12}:[0-9a-z]{12}:[0-9a-f]{32}')


def seals_in(text: str | None) -> list[str]:
    """Return the seals of a target, the latest first; others may have written there."""
    return (text or '').split()[:_MAX_SEALS]


def with_seal(seal: str, text: object) -> str:
    """Return a seal and the others that a target has, without the oldest of its key.

    Each look at a plan adds one, so they would fill the column.

    :param text: what the column has, which others may have written
    """
    own, others = _parts(seal.partition(':')[0], text)
    return ' '.join([seal, *own[: _MAX_OF_KEY - 1], *others][:_MAX_SEALS])


def replaced(seals: str, text: object) -> str:
    """Return the seals of one key in place of those that it has, and the others."""
    _own, others = _parts(seals.partition(':')[0], text)
    return ' '.join([*seals.split(), *others][:_MAX_SEALS])


def _parts(key_id: str, text: object) -> tuple[list[str], list[str]]:
    """Return the seals of a key in a text, and those of others."""
    seals = [
        seal
        for seal in seals_in(text if isinstance(text, str) else None)
        if _SEAL.fullmatch(seal)
    ]
    own = [seal for seal in seals if seal.startswith(f'{key_id}:')]
    return own, [seal for seal in seals if seal not in own]
