"""Files of the operator that only the operator may read: their paths, and opening them.

What is written to them is the business of others.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mw_tokens_plugin.exceptions import InvalidInput


def expanded(path: str) -> str:
    """Return a path with a ``~`` at its beginning replaced by the home directory.

    Shells do that only at the beginning of a word, not after ``-file:``.

    .. version-added:: 0.1

    :raises InvalidInput: there is no such user
    """
    try:
        return str(Path(path).expanduser()) if path.startswith('~') else path
    except RuntimeError:
        raise InvalidInput(
            f'{path}: nobody has that home directory. Write the path in full.'
        ) from None


def open_private(path: str | Path, flags: int) -> TextIO:
    """Open a file for writing text; one that is new can be read by its owner only.

    .. version-added:: 0.1

    :param flags: those of :func:`os.open` besides ``O_WRONLY`` and ``O_CREAT``
    :raises OSError: it cannot be opened
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, mode=0o600)
    return os.fdopen(
        descriptor, 'a' if flags & os.O_APPEND else 'w', encoding='utf-8', newline='\n'
    )


def check_appendable(path: str) -> None:
    """Refuse a file that cannot be appended to; it is made if it is not there.

    .. version-added:: 0.1

    :raises OSError: it cannot be opened
    """
    open_private(path, os.O_APPEND).close()


def check_folder(folder: str) -> None:
    """Refuse a folder in which no file can be written; it is made if it is not there.

    .. version-added:: 0.1

    :raises OSError: no file can be written there
    """
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    attempt = Path(folder, f'.{secrets.token_hex(8)}.part')
    try:
        with naming(folder), open_private(attempt, os.O_EXCL) as file:
            # A full disk may still take the name of a file.
            file.write('can be written to\n' * 256)
    finally:
        attempt.unlink(missing_ok=True)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Let an error of the system say which file it is about.

    .. version-added:: 0.1
    """
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
