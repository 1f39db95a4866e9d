"""What the command lines of the sandbox and of the proxy have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def number(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a number from one to another."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f'{text} is not between {low} and {high}')
        return value

    parse.__name__ = 'number'
    return parse


#: A port, or 0 for any that is free.
port = number(0, 65535)
#: Milliseconds by which answers are late.
delay = number(0, 60000)
