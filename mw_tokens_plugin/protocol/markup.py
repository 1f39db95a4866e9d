"""HTML tags and tables in wikitext, which MediaWiki parses after the preprocessor.

The time is proportional to the length of the text, as in MediaWiki. Templates, links
and headings are left to :mod:`~mw_tokens_plugin.protocol.wikitext`.

https://www.mediawiki.org/wiki/Help:Tables
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mw_tokens_plugin.protocol.wikitext import Node, NodeKind, Span, parse

#: The signs that replace comments, links and all other constructs.
COMMENT, LINK, OTHER = '\x01', '\ufffb', '\ufffc'

#: Tags that never have content.
EMPTY = frozenset({'br', 'hr', 'wbr'})
_TAG = re.compile(
    rf'<{COMMENT}*(?P<closes>/?){COMMENT}*(?P<name>[A-Za-z][^\s/<>]*)'
    r'(?P<attributes>[^<>]*)>'
)
#: What stands before it may come to nothing, such as a template.
_TABLE = re.compile(rf':*[ \t{OTHER}]*\{{\|')
_BLANK = ' \t\r'


@dataclass(frozen=True, slots=True)
class Tag:
    """An HTML tag.

    :ivar name: in lower case
    :ivar closes: whether it is a closing tag
    :ivar is_empty: whether it has no content
    :ivar partner: the index of the tag that closes or opens it; None if there is none
    """

    span: Span
    name: str
    attributes: str
    closes: bool
    is_empty: bool
    partner: int | None = None


class MarkKind(enum.Enum):
    """What a mark in a table begins, or the end of the table."""

    TABLE = 'table'
    CAPTION = 'caption'
    ROW = 'row'
    HEADER = 'header'
    CELL = 'cell'
    END = 'end'


@dataclass(frozen=True, slots=True)
class Mark:
    """The markup that begins a part of a table, with its attributes."""

    kind: MarkKind
    span: Span
    attributes: str = ''


def masked(text: str, nodes: Sequence[Node]) -> str:
    """Return a text in which signs replace everything that is not plain text.

    Every character keeps its place. Titles of headings are plain text, too.

    :param nodes: the text, parsed
    """
    parts = []
    for node in nodes:
        whole = node.span.of(text)
        if node.kind is NodeKind.TEXT:
            parts.append(whole)
        elif node.kind is NodeKind.HEADING and node.content is not None:
            title = node.content.of(text)
            before = OTHER * (node.content.start - node.span.start)
            after = OTHER * (node.span.end - node.content.end)
            parts += [before, masked(title, parse(title, begins_line=False)), after]
        else:
            sign = {NodeKind.COMMENT: COMMENT, NodeKind.LINK: LINK}.get(
                node.kind, OTHER
            )
            parts.append(sign * len(whole))
    return ''.join(parts)


def tags(mask: str) -> list[Tag]:
    """Return the HTML tags of a text, with their partners.

    A tag is closed by the next closing tag of its name; those that were opened in
    between are not closed.

    :param mask: the text, masked
    """
    found: list[Tag] = []
    opened: list[int] = []
    names: Counter[str] = Counter()
    for number, tag in enumerate(_TAG.finditer(mask)):
        name = tag['name'].replace(COMMENT, '').lower()
        attributes = tag['attributes'].replace(COMMENT, '').rstrip()
        closes = bool(tag['closes'])
        # MediaWiki ignores the "/" at the end of all others, as browsers do.
        is_empty = not closes and name in EMPTY
        partner = None
        if closes and names[name]:
            while found[opened[-1]].name != name:
                names[found[opened.pop()].name] -= 1
            partner = opened.pop()
            names[name] -= 1
            found[partner] = replace(found[partner], partner=number)
        elif not closes and not is_empty:
            opened.append(number)
            names[name] += 1
        span = Span(*tag.span())
        found.append(
            Tag(span, name, attributes.rstrip('/ '), closes, is_empty, partner)
        )
    return found


def tables(mask: str) -> Iterator[Mark]:
    """Yield the marks in the tables of a text, and the ends of tables.

    :param mask: the text, masked
    """
    if COMMENT not in mask:
        yield from _tables(mask)
        return
    # Comments are gone before there are tables.
    places = [place for place, sign in enumerate(mask) if sign != COMMENT]
    for mark in _tables(mask.replace(COMMENT, '')):
        start, end = mark.span.start, mark.span.end
        yield replace(mark, span=Span(places[start], places[end - 1] + 1))


def _tables(mask: str) -> Iterator[Mark]:
    depth, end = 0, 0
    for line in mask.split('\n'):
        start, end = end, end + len(line) + 1
        line = line.rstrip(_BLANK)
        begin = start + len(line) - len(line.lstrip(_BLANK))
        line = line.lstrip(_BLANK)
        if table := _TABLE.match(line):
            depth += 1
            whole = Span(begin, begin + len(line))
            yield Mark(MarkKind.TABLE, whole, line[table.end() :])
        elif not depth or not line.startswith(('|', '!')):
            continue
        elif line.startswith('|}'):
            depth -= 1
            yield Mark(MarkKind.END, Span(begin, begin + 2))
        elif line.startswith('|-'):
            attributes = line[1:].lstrip('-')
            yield Mark(MarkKind.ROW, Span(begin, begin + len(line)), attributes)
        elif line.startswith('|+'):
            yield _cell(MarkKind.CAPTION, begin, 2, line[2:])
        else:
            kind = MarkKind.HEADER if line.startswith('!') else MarkKind.CELL
            between = r'\|\||!!' if kind is MarkKind.HEADER else r'\|\|'
            size = 1
            for part in re.split(between, line[1:]):
                yield _cell(kind, begin, size, part)
                begin += size + len(part)
                size = 2


def _cell(kind: MarkKind, begin: int, size: int, text: str) -> Mark:
    """Return a cell with the attributes before its text, if there are any.

    :param size: of the sign that begins it
    """
    attributes, bar, _ = text.partition('|')
    if not bar or LINK in attributes:
        return Mark(kind, Span(begin, begin + size))
    return Mark(kind, Span(begin, begin + size + len(attributes) + 1), attributes)
