"""Where the names of targets come from: arguments, files and standard input.

It reads and checks text; which of the targets exist is the plan's question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.names import normalise_name

#: Brings what people write to the one form of a name.
Parse = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that names no target."""

    source: str
    number: int
    problem: str


def names_in_file(path: str, parse: Parse = normalise_name) -> Iterator[str | BadLine]:
    """Yield the names in a file, in MediaWiki's form.

    :param path: a text file in UTF-8, one name a line
    :raises InvalidInput: it cannot be read, or is not UTF-8
    """
    try:
        with Path(path).open('rb') as file:
            yield from names_in_stream(file, path, parse)
    except OSError as error:
        raise InvalidInput(
            f'{path} cannot be read: {error.strerror or error}.'
        ) from None


def names_in_stream(
    stream: BinaryIO, source: str, parse: Parse = normalise_name
) -> Iterator[str | BadLine]:
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
            yield _parsed(text, source, number, parse)


def names_in_arguments(
    arguments: Iterable[str], parse: Parse = normalise_name
) -> Iterator[str | BadLine]:
    """Yield names given on the command line, in MediaWiki's form.

    :param arguments: one name each
    """
    for number, argument in enumerate(arguments, start=1):
        yield _parsed(argument, 'argument', number, parse)


def _parsed(text: str, source: str, number: int, parse: Parse) -> str | BadLine:
    try:
        return parse(text)
    except InvalidInput as error:
        return BadLine(source, number, str(error))
