"""Letters whose case, or whose existence, came with a release of Unicode after 14.

Python and PHP are made of different ones: Python 3.10 of 13, 3.11 of 14, 3.12 of 15,
3.13 of 15.1 and 3.14 of 16; PHP 8.2 of 14, and 8.4 of 16.

https://www.unicode.org/Public/UCD/latest/ucd/DerivedAge.txt
"""

from __future__ import annotations

#: The first and the last of the letters, by the release of Unicode.
RANGES = {
    '14.0': ((0x2C2F, 0x2C2F), (0x2C5F, 0x2C5F), (0xA7C0, 0xA7C1), (0xA7D0, 0xA7D9)),
    '14.0, Vithkuqi': ((0x10570, 0x105BC),),
    '16.0': (
        *((0x019B, 0x019B), (0x0264, 0x0264), (0x1C89, 0x1C8A), (0xA7CB, 0xA7CD)),
        (0xA7DA, 0xA7DC),
    ),
    '16.0, Garay': ((0x10D50, 0x10D85),),
    '17.0': ((0xA7CE, 0xA7CF), (0xA7D2, 0xA7D5)),
    '17.0, Beria Erfe': ((0x16EA0, 0x16ED3),),
}

CHANGED = frozenset(
    chr(point)
    for ranges in RANGES.values()
    for first, last in ranges
    for point in range(first, last + 1)
)
