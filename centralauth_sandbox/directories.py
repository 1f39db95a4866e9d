"""A directory of one's own, for what other processes need, and nobody else may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

#: The header with what commands need.
KEY = 'Sandbox-Key'


class NotOurs(OSError):
    """A directory holds the configuration of somebody else, or of a running farm."""


def check_is_ours(directory: Path) -> None:
    """Make a directory if it is not there, and refuse one that others have a hand in.

    What is written into it is run as code by pywikibot.
    """
    if directory.is_symlink():
        raise NotOurs(f'{directory} is a symbolic link, which is not followed')
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.stat()
    if found.st_uid != os.geteuid():
        raise NotOurs(f'{directory} belongs to another user')
    if found.st_mode & stat.S_IWOTH:
        raise NotOurs(f'others can write to {directory}')


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner may read."""
    path.unlink(missing_ok=True)
    # Others may put something into its place at this moment.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, 'w', encoding='utf-8') as file:
        file.write(text)


def write_key(directory: Path, key: str) -> None:
    """Write the file with the header that commands need."""
    write_private(directory / 'sandbox-key', f'{KEY}: {key}')


def read_key(path: Path) -> str:
    """Return the key in such a file."""
    return path.read_text('utf-8').partition(':')[2].strip()
