"""The seals of one target as a column of the ledger has them: a text of bounded length.

What a seal vouches for, and whether it is right, is in :mod:`.seals`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Seals of a target that are read and kept; there is one for each operator who joined.
_MAX_SEALS = 40

#: Seals of one key that are kept: two runs of one operator may have a plan each.
_MAX_OF_KEY = 2

#: What a seal consists of: the number of the key, that of the plan, and a digest.
_SEAL = re.compile(
    r'(?P<key>[0-9a-f]{12}):(?P<plan>[0-9a-z]{12}):(?P<digest>[0-9a-f]{32})'
)


def seals_in(text: str | None) -> Iterator[tuple[str, str, str]]:
    """Yield the key, the plan and the digest of each seal, the latest first."""
    for word in (text or '').split()[:_MAX_SEALS]:
        if found := _SEAL.fullmatch(word):
            yield found['key'], found['plan'], found['digest']


def with_seal(seal: str, text: object) -> str:
    """Return a seal and the others that a target has, without the oldest of its key.

    Each look at a plan adds one, so they would fill the column.

    :param text: what the column has, which others may have written
    """
    kept, key = [seal], seal.partition(':')[0]
    of_key = 1
    for each in seals_in(text if isinstance(text, str) else None):
        if each[0] == key:
            of_key += 1
            if of_key > _MAX_OF_KEY:
                continue
        kept.append(':'.join(each))
    return ' '.join(kept[:_MAX_SEALS])
