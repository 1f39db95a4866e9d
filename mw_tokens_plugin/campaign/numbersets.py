"""Sets of the numbers of targets, in little memory.

A campaign has its targets' numbers in a row, and a run may end a million of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

#: Numbers that share one whole number, a bit each.
_BITS = 256


class NumberSet:
    """A set of whole numbers that takes a bit or two for each of those in a row.

    .. version-added:: 0.1
    """

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        """Put some numbers into it."""
        self._parts: dict[int, int] = {}
        self._adding = threading.Lock()
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        """Put a number into it."""
        part, bit = divmod(number, _BITS)
        # Workers of one run share a set.
        with self._adding:
            self._parts[part] = self._parts.get(part, 0) | 1 << bit

    def __contains__(self, number: int) -> bool:
        """Tell whether a number is in it."""
        part, bit = divmod(number, _BITS)
        return bool(self._parts.get(part, 0) >> bit & 1)
