"""Questions of a login in the middle of a run: seen, and ended by Ctrl-C.

A bar that moves would cover the question, and a campaign takes the first Ctrl-C for the
wish to stop after the present target, which nobody learns while an answer is awaited.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: What is shown at present, as functions that take it away and show it again.
_SHOWN: list[tuple[Callable[[], object], Callable[[], object]]] = []

#: One question at a time.
_asking = threading.RLock()


@contextmanager
def shown(hide: Callable[[], object], show: Callable[[], object]) -> Iterator[None]:
    """Take something off the screen whenever a question is asked in the block.

    :param hide: takes it away
    :param show: shows it again
    """
    entry = (hide, show)
    _SHOWN.append(entry)
    try:
        yield
    finally:
        _SHOWN.remove(entry)


@contextmanager
def asking() -> Iterator[None]:
    """Let a question be seen, and Ctrl-C end it, while the block runs."""
    with _asking:
        hidden = list(_SHOWN)
        for hide, _ in hidden:
            hide()
        # Only the main thread may change what a signal does.
        is_main = threading.current_thread() is threading.main_thread()
        before = (
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if is_main
            else None
        )
        try:
            yield
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)
            for _, show in hidden:
                show()
