"""Where the names of accounts come from: arguments, files and standard input.

It reads and checks text; which of the accounts exist is the plan's question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mw_tokens_plugin.exceptions import InvalidInput, InvalidName
from mw_tokens_plugin.protocol.names import normalise_name


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that names no account."""

    source: str
    number: int
    problem: str


def names_in_file(path: str) -> Iterator[str | BadLine]:
    """Yield the names in a file, in MediaWiki's form.

    :param path: a text file in UTF-8, one name a line
    :raises InvalidInput: it cannot be read, or is not UTF-8
    """
    try:
        with Path(path).open('rb') as file:
            yield from names_in_stream(file, path)
    except OSError as error:
        raise InvalidInput(
            f'{path} cannot be read: {error.strerror or error}.'
        ) from None


def names_in_stream(stream: BinaryIO, source: str) -> Iterator[str | BadLine]:
    """Yield the names in a binary stream, in MediaWiki's form.

    Empty lines and what follows a ``#`` are passed over, as is the ``*`` of a list.

    :param stream: text in UTF-8, one name a line
    :param source: what to call it in messages
    :raises InvalidInput: it is not UTF-8
    """
    for number, raw in enumerate(stream, start=1):
        try:
            line = raw.decode('utf-8-sig' if number == 1 else 'utf-8')
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f'{source}, line {number}: byte {error.start + 1} is not UTF-8. Save '
                'the file as UTF-8; nothing was sent.'
            ) from None
        text = line.partition('#')[0].strip().lstrip('*').strip()
        if text:
            yield _parsed(text, source, number)


def names_in_arguments(arguments: Iterable[str]) -> Iterator[str | BadLine]:
    """Yield names given on the command line, in MediaWiki's form.

    :param arguments: one name each
    """
    for number, argument in enumerate(arguments, start=1):
        yield _parsed(argument, 'argument', number)


def _parsed(text: str, source: str, number: int) -> str | BadLine:
    try:
        return normalise_name(text)
    except InvalidName as error:
        return BadLine(source, number, str(error))
