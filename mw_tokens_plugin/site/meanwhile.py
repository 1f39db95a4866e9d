"""A value that holds for one thread while something is done, and no longer.

It surrounds each request several times, where a generator as a context manager takes
three times as long.
"""

from __future__ import annotations

import threading


class Meanwhile:
    """Sets an attribute for this thread, and afterwards the value from before."""

    __slots__ = ('_before', '_name', '_own', '_value')

    def __init__(self, own: threading.local, name: str, value: object) -> None:
        """Change nothing yet.

        :param own: what each thread has of its own
        :param name: the attribute, which has a value already
        """
        self._own, self._name, self._value = own, name, value

    def __enter__(self) -> None:
        """Set it."""
        self._before = getattr(self._own, self._name)
        setattr(self._own, self._name, self._value)

    def __exit__(self, *_: object) -> None:
        """Set it back."""
        setattr(self._own, self._name, self._before)
