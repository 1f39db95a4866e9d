"""Where the names of targets come from: arguments, files and standard input.

It reads lists, and counts what each of their lines is. What a line means is left to
:mod:`mw_tokens_plugin.protocol.lines`, and which targets exist to the plan.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO

from pywikibot.exceptions import InvalidTitleError, SiteDefinitionError

from mw_tokens_plugin.campaign.records import SkipReason
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.messages import message, quantity, translations
from mw_tokens_plugin.protocol.cells import from_cell
from mw_tokens_plugin.protocol.lines import (
    Line,
    LineKind,
    Printed,
    accounts_of,
    is_interpreted,
    left_open,
    read_line,
    reference_in,
    without_facts,
)
from mw_tokens_plugin.protocol.lookalikes import marked
from mw_tokens_plugin.protocol.mentions import possible_names, possible_pages
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    Capital,
    first_letter,
    kind_of,
    normalise_name,
)
from mw_tokens_plugin.targets.columns import cell_reader

#: Turns what people write into a name in its canonical form, or several.
Parse = Callable[[str], str | Sequence[str]]

#: Interpreted lines that are kept to be shown, for each source.
MAX_SHOWN = 20

#: Bad lines that are listed.
MAX_REFUSED = 100

#: How the list begins that a campaign's report writes as CSV.
_REPORT = 'target,central_id,state,'


@dataclass(frozen=True, slots=True)
class Entry:
    """A target that is named in a line."""

    source: str
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that names no target."""

    source: str
    number: int
    problem: str


@dataclass(slots=True)
class Source:
    """How the lines of one source were read.

    :ivar title: the file, or what else it is called
    :ivar names: how many targets it names, repetitions included
    :ivar kinds: how many of them are accounts, temporary accounts, IP addresses; empty
        where the targets are something else
    :ivar markup: headings and other lines that cannot name anything
    :ivar interpreted: how many lines say more than a name
    :ivar shown: the first of these, with the names in them
    :ivar other_names: further names that lines may hold, by line number; only of a
        list that is read strictly
    """

    title: str
    names: int = 0
    kinds: dict[AccountKind, int] = field(default_factory=dict)
    comments: int = 0
    markup: int = 0
    refused: int = 0
    interpreted: int = 0
    shown: list[tuple[str, str]] = field(default_factory=list)
    other_names: dict[int, list[str]] = field(default_factory=dict)


def valid_entries(
    entries: Iterable[Entry | BadLine], *, skip: bool, hidden: bool = False
) -> Iterator[Entry]:
    """Yield the targets, and list the bad lines.

    :param skip: whether bad lines are skipped instead of being an error
    :param hidden: whether their text must not be shown
    :raises InvalidInput: there were bad lines, and they are not to be skipped
    """
    bad = 0
    for entry in entries:
        if isinstance(entry, Entry):
            yield entry
            continue
        bad += 1
        if bad > MAX_REFUSED:
            continue
        problem = message('campaign-bad-name') if hidden else entry.problem
        about = {'source': entry.source, 'number': entry.number, 'problem': problem}
        print(message('campaign-bad-line', **about), file=sys.stderr)
    if bad > MAX_REFUSED:
        more = message('campaign-more-bad-lines', number=bad - MAX_REFUSED)
        print(more, file=sys.stderr)
    if bad and not skip:
        raise InvalidInput(
            f'{quantity(bad, "bad line")}; nothing was sent. Correct that, or skip bad '
            'lines of targets with -skip-bad-lines.'
        )


def valid_names(
    entries: Iterable[str | Entry | BadLine], *, skip: bool, hidden: bool = False
) -> Iterator[str]:
    """Yield the names of the targets, and list the bad lines.

    :param entries: what was read, or names that were found otherwise
    :param skip: whether bad lines are skipped instead of being an error
    :param hidden: whether their text must not be shown
    :raises InvalidInput: there were bad lines, and they are not to be skipped
    """
    read = (Entry('', 0, each) if isinstance(each, str) else each for each in entries)
    for entry in valid_entries(read, skip=skip, hidden=hidden):
        yield entry.name


class ListReader:
    """Reads lists of targets, and counts what their lines are.

    .. version-added:: 0.1

    :ivar sources: what was read, in its order
    """

    def __init__(
        self,
        parse: Parse | None = None,
        *,
        capital: Capital = first_letter,
        strict: bool = False,
        column: str = '',
        english: Callable[[str], str] = str,
        numbers: bool = False,
    ) -> None:
        """Read nothing yet.

        :param parse: reads one target, or several; without it they are accounts
        :param capital: writes the first letter of an account as the wiki does
        :param strict: refuse comments that may be targets
        :param column: the number or the heading of the column with the targets, in
            lists with columns
        :param english: brings the wiki's names of namespaces into English in a line
            with accounts
        :param numbers: whether numbers of blocks are targets, as ``#41``
        """
        self._numbers = numbers
        self.sources: list[Source] = []
        self._parse = parse
        self._capital = capital
        self._strict = strict
        self._column = column
        self._english = english if parse is None else str

    def entries(
        self, names: Iterable[str], files: Iterable[str], *, stdin: bool
    ) -> Iterator[Entry | BadLine]:
        """Yield all targets that a command line names, and lines that name none.

        :param names: its arguments
        :param files: the paths of its lists
        :param stdin: whether standard input is a list, too
        :raises InvalidInput: a list cannot be read
        """
        yield from self.arguments(names)
        for path in files:
            yield from self.file(path)
        if stdin:
            yield from self.stream(sys.stdin.buffer, 'standard input')

    def arguments(self, arguments: Iterable[str]) -> Iterator[Entry | BadLine]:
        """Yield the targets given on the command line."""
        arguments = list(arguments)
        if arguments:
            yield from self._read(enumerate(arguments, start=1), 'argument', column='')

    def file(self, path: str) -> Iterator[Entry | BadLine]:
        """Yield the targets in a file.

        :param path: a text file in UTF-8
        :raises InvalidInput: it cannot be read, or is not UTF-8
        """
        try:
            with Path(path).open('rb') as file:
                yield from self.stream(file, path)
        except OSError as error:
            raise InvalidInput(
                f'{path} cannot be read: {error.strerror or error}.'
            ) from None

    def stream(self, stream: BinaryIO, title: str) -> Iterator[Entry | BadLine]:
        """Yield the targets in a binary stream.

        :param stream: text in UTF-8
        :param title: what to call it in messages
        :raises InvalidInput: it is not UTF-8
        """
        yield from self._read(_lines(stream, title), title, column=self._column)

    def _read(
        self, lines: Iterable[tuple[int, str]], title: str, *, column: str
    ) -> Iterator[Entry | BadLine]:
        source = Source(title)
        self.sources.append(source)
        cell: Callable[[str], str] | None = None
        exact = False
        opened = ''
        last: int | None = None
        read = ((n, text, self._line(text)) for n, text in lines)
        for (number, text, line), following in pairwise(chain(read, [_END])):
            if number == 1 and (column or text.startswith(_REPORT)):
                cell = cell_reader(text, column or 'target')
                exact = text.startswith(_REPORT) and column in ('', 'target', '1')
                if not column.isdecimal():
                    source.markup += 1
                    continue
            before = opened
            if cell is None and (before or not _says_anything(line)):
                opened = left_open(text, before)
            if before and text.strip():
                line = InvalidInput(
                    f'{text.strip()!r} is inside a comment or struck-out text of '
                    'several lines.'
                )
            try:
                if cell is not None and text.strip():
                    value = cell(text)
                    if exact:
                        line = Line(LineKind.ITEM, from_cell(value), exact=True)
                    else:
                        is_quoted = value.startswith("''")
                        line = self._read_line(value if is_quoted else from_cell(value))
                if isinstance(line, InvalidInput):
                    raise line
                if not _is_counted(last, line.number, _number_of(following)):
                    raise InvalidInput(
                        f'{text.strip()!r} may be an item of a list or a name: write '
                        '[[User:...]].'
                    )
                last = line.number
                names = self._names(line, source)
            except InvalidInput as error:
                source.refused += 1
                yield BadLine(title, number, str(error))
                continue
            if names and self._is_interpreted(text, line, names):
                source.interpreted += 1
                if len(source.shown) < MAX_SHOWN:
                    source.shown.append((text.strip(), ', '.join(map(marked, names))))
            if self._strict:
                source.other_names[number] = self._other_names(text, line)
            for name in names:
                yield Entry(title, number, name)

    def _other_names(self, text: str, line: Line) -> list[str]:
        """Return the names that a line may hold; a comment may be one as a whole."""
        if self._parse is not None:
            pages = [text.strip().strip('# ')]
            if line.kind is LineKind.ITEM:
                pages = list(possible_pages(line.content))
            return [name for page in pages for name in self._parsed(page)]
        names: list[str] = []
        whole = text.strip()
        if line.kind is LineKind.ITEM:
            names += possible_names(line.content, capital=self._capital)
            # Quotation marks may belong to a name, and a number before it may not.
            wholes = [whole, _COUNTED.sub('', whole)]
        else:
            wholes = [whole.strip('#'), whole.strip('#*:;=<>!-|+{}')]
        for each in wholes:
            with suppress(InvalidInput):
                names.append(normalise_name(each, capital=self._capital))
        return names

    def _parsed(self, text: str) -> list[str]:
        try:
            return self._named_by(text)
        except InvalidInput:
            return []

    def _named_by(self, text: str) -> list[str]:
        """Return what a text names, as the function that reads targets says.

        :raises InvalidInput: nothing, or nothing that makes sense
        """
        assert self._parse is not None
        try:
            names = self._parse(text)
        except InvalidInput:
            raise
        except (InvalidTitleError, SiteDefinitionError, ValueError) as error:
            if isinstance(error, OSError):
                raise  # of the HTTP library
            raise InvalidInput(str(error) or f'{text!r} makes no sense.') from None
        found = [names] if isinstance(names, str) else list(names)
        if not found:
            raise InvalidInput(f'{text!r} names no target.')
        return found

    def _line(self, text: str) -> Line | InvalidInput:
        try:
            if text.startswith('{"'):
                # Written by -log-json.
                target = str(json.loads(text)['target'])
                return Line(LineKind.ITEM, target, exact=True)
            return self._read_line(text)
        except InvalidInput as error:
            return error
        except (ValueError, KeyError, TypeError):
            return InvalidInput(f'{text.strip()!r} is not JSON about a target.')

    def _read_line(self, text: str) -> Line:
        if number := _BLOCK.fullmatch(text):
            if self._numbers:
                return Line(LineKind.ITEM, f'#{int(number[1])}', exact=True)
            raise InvalidInput(
                f"'#{number[1]}' looks like the number of a block, which only "
                '"pwb global_block -unblock" takes.'
            )
        english = self._english(text)
        return read_line(english, strict=self._strict, printed=_printed())

    def _names(self, line: Line, source: Source) -> Sequence[str]:
        """Return the targets that a line names, and count them."""
        source.comments += line.kind is LineKind.COMMENT
        source.markup += line.kind is LineKind.MARKUP
        if line.kind is not LineKind.ITEM:
            return ()
        names: str | Sequence[str]
        if self._numbers and (number := _BLOCK.fullmatch(line.content)):
            names = (f'#{int(number[1])}',)
        elif self._parse is None:
            names = accounts_of(line, capital=self._capital)
            for kind in map(kind_of, names):
                source.kinds[kind] = source.kinds.get(kind, 0) + 1
        else:
            names = self._named_by(
                line.content
                if line.exact
                else without_facts(reference_in(line.content), _printed())
            )
        source.names += len(names)
        return names

    def _is_interpreted(self, text: str, line: Line, names: Sequence[str]) -> bool:
        if self._parse is None:
            text = self._english(text)
            return is_interpreted(text, names, capital=self._capital)
        return len(names) != 1 or line.content != text.strip()


@cache
def _printed() -> Printed:
    """Return the words with which campaigns print targets, in every language.

    A colleague may have printed them, who reads another language.
    """
    ended = [
        text.partition('%')[0]
        for key in ('campaign-one-done', 'campaign-one-failed')
        for text in translations(key)
    ]
    reasons = [
        why
        for reason in SkipReason
        for why in translations(f'campaign-skipped-{reason.name.lower()}')
    ]
    sysops = translations('campaign-column-sysops')
    return Printed(
        outcomes=ended,
        edits=translations('campaign-column-edits'),
        registered=translations('campaign-column-registered'),
        counts=[*sysops, *translations('campaign-column-revisions')],
        reasons=reasons,
    )


#: The number of a block, as a target.
_BLOCK = re.compile(r'\s*(?:\*\s*)?#([0-9]{1,12})\s*')

#: A number before an item, without the blank that follows the number in a list.
_COUNTED = re.compile(r'\(?\d{1,7}[.)](?=\S)')


def _says_anything(line: Line | InvalidInput) -> bool:
    """Tell whether a line may hold any text, without opening a comment."""
    return isinstance(line, Line) and (line.exact or line.kind is LineKind.COMMENT)


_END: tuple[int, str, Line | InvalidInput] = (0, '', Line(LineKind.BLANK))


def _number_of(read: tuple[int, str, Line | InvalidInput]) -> int | None:
    line = read[2]
    return line.number if isinstance(line, Line) else None


def _is_counted(before: int | None, number: int | None, after: int | None) -> bool:
    """Tell whether the number before an item continues a numbered list."""
    return number is None or number - 1 == before or number + 1 == after


def _lines(stream: BinaryIO, title: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(stream, start=1):
        try:
            yield number, raw.decode('utf-8-sig' if number == 1 else 'utf-8')
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f'{title}, line {number}: byte {error.start + 1} is not UTF-8. Save '
                'the file as UTF-8; nothing was sent.'
            ) from None
