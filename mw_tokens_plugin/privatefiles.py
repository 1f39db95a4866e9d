"""Files of the operator that only the operator may read: their paths, and opening them.

What is written to them is the business of others.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TextIO

from mw_tokens_plugin.exceptions import InvalidInput

__all__ = [
    'check_appendable',
    'check_folder',
    'check_replaceable',
    'expanded',
    'naming',
    'open_private',
    'others_can_read',
    'read_private',
    'replaced_by',
    'replacing',
]

#: What group and others may do with a file.
_OTHERS = 0o077

#: Names of what the process has open already.
_DESCRIPTOR = re.compile(r'/dev/(?:fd/\d+|stdin|stdout|stderr)|/proc/self/fd/\d+')


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
            f'{path}: there is no such home directory. Write the path in full.'
        ) from None


def open_private(
    path: str | Path, how: Literal['append', 'new', 'overwrite']
) -> TextIO:
    """Open a file for writing text that only its owner can read.

    Whoever else may write to its folder cannot divert what is written: symbolic links
    are not followed, and a file of another user is refused. One of one's own that
    others could read is closed to them.

    .. version-added:: 0.1

    :param how: behind what is there, to a file that must not be there, or in the place
        of what is there
    :raises OSError: it cannot be opened
    """
    flags = os.O_WRONLY | os.O_CREAT
    flags |= {'append': os.O_APPEND, 'new': os.O_EXCL, 'overwrite': 0}[how]
    descriptor, found = _opened(path, flags)
    if stat.S_ISREG(found.st_mode):
        if found.st_mode & _OTHERS:
            os.fchmod(descriptor, 0o600)
        if how == 'overwrite':
            os.ftruncate(descriptor, 0)
    return open(descriptor, 'w', encoding='utf-8', newline='\n')


@contextmanager
def replacing(path: str | Path) -> Iterator[TextIO]:
    """Write a private file whole or not at all, in the place of what is there.

    .. version-added:: 0.1

    :raises OSError: it cannot be written
    """
    with replaced_by(path) as part, open_private(part, 'overwrite') as file:
        yield file


@contextmanager
def replaced_by(path: str | Path) -> Iterator[Path]:
    """Return the path of a new file, which afterwards takes the place of what is there.

    The file exists already, empty and readable by its owner alone.

    .. version-added:: 0.1

    :raises OSError: it cannot be written
    """
    path = Path(path)
    part = path.with_name(f'.{secrets.token_hex(8)}.part')
    with naming(path):
        try:
            open_private(part, 'new').close()
            yield part
            part.replace(path)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename == str(part):
                error.filename = str(path)
            raise


def read_private(path: str | Path) -> str:
    """Return the text of a file that holds a secret.

    Nobody else may have written it, or be able to read it: otherwise it is refused
    before the secret is used.

    .. version-added:: 0.1

    :raises InvalidInput: it cannot be read, or others have to do with it
    """
    try:
        descriptor, found = _opened(path, os.O_RDONLY)
        with open(descriptor, 'rb') as file:
            if stat.S_ISREG(found.st_mode) and found.st_mode & _OTHERS:
                raise InvalidInput(
                    f'{path} can be read or written by others on this machine, and it '
                    f'holds a secret: run "chmod 600 {shlex.quote(str(path))}", and '
                    'change the secret if somebody may have read it.'
                )
            return file.read().decode('utf-8-sig')
    except UnicodeDecodeError:
        raise InvalidInput(f'{path} cannot be read: it is not in UTF-8.') from None
    except OSError as error:
        why = error.strerror or str(error)
        raise InvalidInput(f'{path} cannot be read: {why}.') from None


def _opened(path: str | Path, flags: int) -> tuple[int, os.stat_result]:
    """Open a file of one's own, and return its descriptor and what it is.

    :raises OSError: it is no file, or not one's own, or cannot be opened
    """
    path = str(path)
    if _DESCRIPTOR.fullmatch(path):
        # What the shell has opened, as by <(command), is not looked up by a name.
        descriptor = os.open(path, flags)
        return descriptor, os.fstat(descriptor)
    if os.path.islink(path):
        raise OSError(errno.ELOOP, 'it is a symbolic link, which is not followed', path)
    # A pipe without another end would keep everybody waiting.
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    descriptor = os.open(path, flags, mode=0o600)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            if found.st_uid != os.geteuid():
                raise OSError(errno.EPERM, 'it belongs to another user', path)
        elif not stat.S_ISCHR(found.st_mode):
            raise OSError(errno.EINVAL, 'it is not a file', path)
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, found


def check_appendable(path: str) -> None:
    """Refuse a file that cannot be appended to; it is made if it is not there.

    .. version-added:: 0.1

    :raises OSError: it cannot be opened
    """
    open_private(path, 'append').close()


def check_folder(folder: str) -> None:
    """Refuse a folder in which no file can be written; it is made if it is not there.

    .. version-added:: 0.1

    :raises OSError: no file can be written there
    """
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    attempt = Path(folder, f'.{secrets.token_hex(8)}.part')
    try:
        with naming(folder), open_private(attempt, 'new') as file:
            # A full disk may still take the name of a file.
            file.write('can be written to\n' * 256)
    finally:
        attempt.unlink(missing_ok=True)


def check_replaceable(path: str | Path) -> None:
    """Refuse a path to which :func:`replacing` could not write; nothing is changed.

    .. version-added:: 0.1

    :raises OSError: no file can be written there
    """
    path = Path(path)
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise OSError(errno.EINVAL, 'it is not a file', str(path))
    attempt = path.with_name(f'.{secrets.token_hex(8)}.part')
    with naming(path):
        try:
            open_private(attempt, 'new').close()
        except OSError as error:
            if error.filename == str(attempt):
                error.filename = str(path)
            raise
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


def others_can_read(path: Path) -> bool:
    """Tell whether anybody but its owner may read a file.

    .. version-added:: 0.1

    :param path: the file; one that is not there is read by nobody
    """
    with suppress(OSError):
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    return False
