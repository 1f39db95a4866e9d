"""How many targets of a campaign an operator's key has sealed, and how many it has not.

Seals show that a target was changed. Only their number shows that one was deleted, so
that is sealed as well: in the table of plans, in a row of its own for each key. Which
seals are right is left to :mod:`.seals`, and what follows from a difference to scripts.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

#: The id of the row, which no plan has: a mark of the key and account, and two numbers.
_ID = re.compile(r'[0-9a-f]{8}=([0-9a-f]{1,10})\+([0-9a-f]{1,10})')


@dataclass(frozen=True, slots=True, order=True)
class Tally:
    """What one key knows of the number of targets.

    :ivar own: those that it has sealed
    :ivar ended_by_others: those that had ended without its seal when its operator
        was told so
    """

    own: int = 0
    ended_by_others: int = 0

    @classmethod
    def of(cls, row_id: str) -> Tally | None:
        """Read the id of a row; None if it is that of a plan."""
        found = _ID.fullmatch(str(row_id))
        return cls(int(found[1], 16), int(found[2], 16)) if found else None

    def row_id(self, mark: str) -> str:
        """Return the id of its row."""
        return f'{mark}={self.own:x}+{self.ended_by_others:x}'


def mark_of(key_id: str, account: str) -> str:
    """Return with what the ids of rows begin that are of one account of a key."""
    return hashlib.sha256(f'{key_id} {account}'.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the targets in a ledger are, compared with what a key has sealed.

    :ivar found: how many there are
    :ivar missing: targets that the key has sealed and that are not there any more as it
        has sealed them
    :ivar ended: targets that have ended without its seal since its operator was told
        how many there are
    :ivar of_colleagues: targets that others have sealed who have plans of the campaign
        too, and this key has not
    :ivar is_uncounted: whether others have deleted how many the key has sealed
    """

    found: Tally
    missing: int = 0
    ended: int = 0
    of_colleagues: int = 0
    is_uncounted: bool = False

    @property
    def is_other(self) -> bool:
        """Whether there is a difference that the operator has not been told."""
        return bool(self.missing or self.ended or self.is_uncounted)

    @property
    def by_colleagues(self) -> int:
        """How many of the differences are what colleagues have recorded."""
        return min(self.of_colleagues, max(self.missing, self.ended))

    @property
    def lost(self) -> int:
        """How many targets others have deleted, changed or ended, but no colleagues."""
        return max(0, self.missing - self.of_colleagues)

    @property
    def ended_by_others(self) -> int:
        """How many targets of others have ended, but not by colleagues."""
        return max(0, self.ended - max(self.missing, self.of_colleagues))
