"""The files that linking an account reads and writes: fields, a return, its state.

All of it is as secret as a password, so only their owner may be able to read the files.
What the values mean is left to :mod:`mw_tokens_plugin.protocol.authmanager`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import (
    check_replaceable,
    expanded,
    read_private,
    replacing,
)

#: Environment variables with this prefix are fields.
FIELD_VARIABLE = 'MW_TOKENS_FIELD_'


def take_fields(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Remove the fields from the environment, and return them by their names.

    Programs that are started later, such as a browser, do not inherit them.

    .. version-added:: 0.1

    :param environment: ``os.environ``
    """
    names = [name for name in environment if name.startswith(FIELD_VARIABLE)]
    return {name.removeprefix(FIELD_VARIABLE): environment.pop(name) for name in names}


def fields_in(files: Iterable[str]) -> dict[str, str]:
    """Return the fields in files, by their names.

    .. version-added:: 0.1

    :param files: their paths; what a later file says counts
    :raises InvalidInput: a line is invalid, or the file cannot be read, or others can
        read it
    """
    fields: dict[str, str] = {}
    for file in files:
        for number, line in enumerate(_read('-fields', file).splitlines(), 1):
            name, equals, value = line.partition('=')
            if not line.strip() or line.lstrip().startswith('#'):
                continue
            if not equals or not name.strip():
                # The line may be a secret, so it is not shown.
                raise InvalidInput(f'{file}, line {number}: write "name = value".')
            fields[name.strip()] = value.strip()
    return fields


def return_in(place: str) -> str:
    """Return the address that the user was sent back to.

    .. version-added:: 0.1

    :param place: the file that holds it, or "-" for standard input
    :raises InvalidInput: it cannot be read, others can read it, or it is empty
    """
    try:
        if place == '-':
            text = sys.stdin.readline()
        else:
            text = _read('-return', expanded(place))
    except UnicodeDecodeError:
        text = ''
    if not text.strip():
        raise InvalidInput(f'-return:{place} holds no address.')
    return text.strip()


class StateFile:
    """The file that keeps a conversation for another run; or none.

    .. version-added:: 0.1

    :ivar path: None if the conversation is not kept
    """

    def __init__(self, path: Path | None) -> None:
        """Keep the path."""
        self.path = path

    @property
    def option(self) -> str:
        """The option that names it, quoted for a shell; '' if there is none."""
        return '' if self.path is None else shlex.quote(f'-state:{self.path}')

    def check(self) -> None:
        """Check that it can be written.

        :raises InvalidInput: it cannot
        """
        if self.path is not None:
            with self._writing(self.path):
                check_replaceable(self.path)

    def read(self) -> str | None:
        """Return what was written; None if there is no such file.

        :raises InvalidInput: it cannot be read, or others can read it
        """
        if self.path is None or not os.path.exists(self.path):
            return None
        return _read('-state', str(self.path))

    def write(self, text: str) -> None:
        """Replace the file, whole or not at all.

        :raises InvalidInput: it cannot be written
        """
        if self.path is not None:
            with self._writing(self.path), replacing(self.path) as file:
                file.write(text)

    def remove(self) -> None:
        """Remove the file, if there is one."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()

    @staticmethod
    @contextmanager
    def _writing(path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or error
            raise InvalidInput(f'-state:{path} cannot be written: {why}.') from None


def _read(option: str, path: str) -> str:
    """Return the text of a file with secrets.

    :raises InvalidInput: it cannot be read, or others can read it
    """
    try:
        return read_private(path)
    except InvalidInput as error:
        raise InvalidInput(f'{option}: {error}') from None
