"""The commands and pieces of code in a page of the documentation, in their order.

A comment before a block says what is special about it::

    <!-- run: types "12" -->              at a terminal, the answer to the question:
                                          a number, or y
    <!-- run: exits with 1 -->            the exit code, if it is not 0
    <!-- run: in another terminal -->     it goes on until the page ends
    <!-- not run: the reason -->

A block of text after one that is run is what that prints: each of its lines, in this
order, with "…" for anything.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r'```(\w*)(.*)')
_COMMENT = re.compile(r'<!-- (run|not run): (.+) -->')
_TYPES = re.compile(r'types "([^"]*)"')
_EXITS = re.compile(r'exits with (\d+)')
_BACKGROUND = 'in another terminal'


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page.

    :ivar line: where it begins
    :ivar language: what the fence says
    :ivar expected: lines that it prints
    :ivar reason: why it is not run; None if it is
    :ivar answers: what is typed at the terminal; without any, there is none
    """

    page: str
    line: int
    language: str
    text: str
    expected: tuple[str, ...] = ()
    reason: str | None = None
    answers: tuple[str, ...] = ()
    code: int = 0
    background: bool = False

    def __str__(self) -> str:
        """Say where it is."""
        return f'{self.page}:{self.line}'


def blocks_in(page: str) -> list[Block]:
    """Return the blocks of a page, with what they are to print.

    :param page: its path in the repository
    """
    lines = (ROOT / page).read_text('utf-8').splitlines()
    found: list[Block] = []
    comment, begun = '', 0
    for number, line in enumerate(lines, 1):
        fence = _FENCE.fullmatch(line.strip())
        if begun and line.strip() == '```':
            inside = lines[begun : number - 1]
            opening = _FENCE.fullmatch(lines[begun - 1].strip())
            assert opening is not None
            language = opening[1] + opening[2]
            if language == 'text' and found and not found[-1].reason:
                previous = found.pop()
                assert not previous.expected, f'{page}:{begun} has no block before it'
                expected = tuple(line for line in inside if line.strip())
                found.append(replace(previous, expected=expected))
            else:
                found.append(_block(page, begun, language, inside, comment))
            comment, begun = '', 0
        elif begun:
            continue
        elif fence:
            begun = number
        elif line.strip():
            comment = line.strip()
    return found


def _block(
    page: str, line: int, language: str, inside: list[str], comment: str
) -> Block:
    said = _COMMENT.fullmatch(comment)
    how, what = (said[1], said[2]) if said else ('run', '')
    exits = _EXITS.search(what)
    return Block(
        page,
        line,
        language,
        textwrap.dedent('\n'.join(inside)),
        reason=what if how == 'not run' else None,
        answers=tuple(_TYPES.findall(what)) if how == 'run' else (),
        code=int(exits[1]) if exits and how == 'run' else 0,
        background=how == 'run' and _BACKGROUND in what,
    )
