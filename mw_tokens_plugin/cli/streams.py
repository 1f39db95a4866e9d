"""The standard streams of a script, also where they are closed, full or hung up.

A campaign must not end because nobody reads what it says, and no file that it opens may
get the number of a stream.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pywikibot

_NAMES = ('stdin', 'stdout', 'stderr')

#: Numbers of the streams that were terminals when the script started.
_terminals: list[int] = []


@contextmanager
def prepared_streams() -> Iterator[None]:
    """Let a script print whatever it wants, and be heard where that is possible.

    .. version-added:: 0.1
    """
    _prepare()
    ui = pywikibot.bot.ui
    show = ui._print

    def show_if_possible(*args: object, **kwargs: object) -> None:
        with suppress(OSError):
            show(*args, **kwargs)

    ui._print = show_if_possible
    try:
        yield
    finally:
        # One script may start another: each takes back what it has put there.
        ui._print = show
        _settle()


def _prepare() -> None:
    """Open those that are closed, and let any name be printed in order."""
    for name in _NAMES:
        if getattr(sys, name) is None:
            mode = 'r' if name == 'stdin' else 'w'
            stream = open(os.devnull, mode, encoding='utf-8')  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f'__{name}__', stream)
        if getattr(pywikibot.bot.ui, name, '') is None:
            setattr(pywikibot.bot.ui, name, getattr(sys, name))
    _terminals[:] = [number for number in range(3) if os.isatty(number)]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot show must not end the campaign; and what
            # is said on both streams keeps its order in a log.
            stream.reconfigure(errors='backslashreplace', line_buffering=True)


def say(text: str) -> None:
    """Print to the error stream, if anybody reads it."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr)


def leave_terminal() -> None:
    """Send nothing more to a terminal that is gone, which would be an error."""
    for number in _terminals:
        if not os.isatty(number):
            _silence(number)


def _settle() -> None:
    """Give up what cannot be written, or Python would end with an exit code of its own.

    https://docs.python.org/3/library/sys.html#sys.exit
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                _silence(stream.fileno())


def _silence(number: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, number)
    os.close(nothing)
