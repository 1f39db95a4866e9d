"""A page as a sequence of pieces, each with the effect of the tags around it.

What a piece means for a request is left to :mod:`.reading`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mw_tokens_plugin.protocol.markup import (
    COMMENT,
    EMPTY,
    OTHER,
    Mark,
    MarkKind,
    Tag,
    masked,
    tables,
    tags,
)
from mw_tokens_plugin.protocol.wikitext import Node, NodeKind, Span, parse
from mw_tokens_plugin.requestpages.inline import includes_a_page, linked_users
from mw_tokens_plugin.requestpages.madeheadings import made_headings
from mw_tokens_plugin.requestpages.visibility import (
    HEADINGS,
    STRIKING,
    TRANSPARENT,
    may_hide,
    may_open,
    tag_may_hide,
)

#: Tags that end with their paragraph at the latest; many signatures do not close them.
_SHORT = frozenset({'del', 'p', 'span'})
#: Tags that can be in a paragraph, so that it is one.
_INLINE = frozenset(
    'b bdi big br code del em font i ins kbd s small span strike strong sub sup tt u '
    'var wbr'.split()
)
#: Tags around a paragraph that leave it one.
_AROUND_PARAGRAPHS = _INLINE | {'div', 'noinclude', 'onlyinclude', 'p'}
#: A line that may be no paragraph, whatever its tags are.
_NO_PARAGRAPH = re.compile(r'[ \t:]*(?:[|!]|\{\|)|.*__', re.DOTALL)
#: Tags of lists: the signs of lists open and close them, too.
_ITEMS = frozenset({'dd', 'dt', 'li'})
#: Within so many of them, names are too small to be read, or too far to the right.
_MAX_SMALL, _MAX_AROUND = 5, 30
#: Elements that a table consists of, and those of them with content of their own.
_CELLS = frozenset({'caption', 'td', 'th'})
_PARTS_OF_TABLES = _CELLS | {'tbody', 'tfoot', 'thead', 'tr'}
_ELEMENTS = {
    MarkKind.TABLE: 'table',
    MarkKind.END: 'table',
    MarkKind.CAPTION: 'caption',
    MarkKind.ROW: 'tr',
    MarkKind.HEADER: 'th',
    MarkKind.CELL: 'td',
}
_INCLUSION = re.compile('</?(?:noinclude|onlyinclude)[^<>]*>', re.IGNORECASE)
#: A tag of which a template makes the name.
_MADE_TAG = re.compile(f'<[/{COMMENT}]*{OTHER}')


@dataclass(frozen=True, slots=True)
class Piece:
    """A construct, or the text between two of them.

    :ivar what: None if it is text
    :ivar struck: whether it is struck out
    :ivar may_be_struck: whether a tag before it, without an end, may strike it out
    :ivar may_be_hidden: whether a tag or table around it may hide it from readers
    :ivar inside: whether it is in a tag that is not displayed like other text
    :ivar divides: whether readers may see another part of the page begin in it
    :ivar cell: the place of the table cell that it is in; None if it is in none
    :ivar users: links to users, as they are written, and the users
    """

    what: Node | Tag | Mark | None
    span: Span
    struck: bool = False
    may_be_struck: bool = False
    may_be_hidden: bool = False
    inside: bool = False
    divides: bool = False
    cell: int | None = None
    users: tuple[tuple[str, str], ...] = ()

    def is_a(self, kind: NodeKind) -> bool:
        """Return whether it is a node of a kind."""
        return isinstance(self.what, Node) and self.what.kind is kind

    @property
    def node(self) -> Node:
        """The node that it is."""
        assert isinstance(self.what, Node)
        return self.what


def visible_pieces(text: str, namespaces: Collection[str]) -> list[Piece]:
    """Return the pieces of a page, as far as it is displayed.

    :param namespaces: names of the namespaces of users and their talk, in lower case
    """
    nodes = []
    for node in parse(text):
        if _hides_the_rest(text, node):
            break
        nodes.append(node)
    end = nodes[-1].span.end if nodes else 0
    mask = masked(text[:end], nodes)
    whats: list[Node | Tag | Mark] = [n for n in nodes if n.kind is not NodeKind.TEXT]
    html = tags(mask)
    # These tags are gone before there are tables.
    plain = _INCLUSION.sub(lambda tag: COMMENT * len(tag[0]), mask)
    whats += [*html, *tables(plain)]
    whats.sort(key=lambda what: (what.span.start, -what.span.end))
    pieces = []
    around = _Around(mask, html, all_may_be_hidden=any(map(_is_stylesheet, nodes)))
    made = _MADE_TAG.search(mask)
    dividers = deque(made_headings(text, nodes))
    is_displaced = False
    position = 0
    for what in whats:
        if what.span.start > position:
            pieces.append(around.piece(None, Span(position, what.span.start)))
        piece = around.piece(what, what.span, inside=what.span.start < position)
        piece = replace(
            piece,
            users=linked_users(text, what, namespaces),
            # Somebody's page may hide what follows it here, or have a heading.
            divides=_is_heading_tag(what) or includes_a_page(text, what),
        )
        pieces.append(piece)
        if piece.is_a(NodeKind.HEADING) and around.is_displaced and not is_displaced:
            is_displaced = True
            _hide(pieces, around.first_table)
            around.hide_the_rest()
        # A tag in a heading is inside it.
        position = max(position, what.span.end)
        around.enter(what)
        if isinstance(what, Node) and (
            may_open(text, what) or (made and made.end() <= what.span.end)
        ):
            around.hide_the_rest()
    if position < end:
        pieces.append(around.piece(None, Span(position, end)))
    for number, piece in enumerate(pieces):
        while dividers and dividers[0] < piece.span.end:
            pieces[number] = replace(piece, divides=True)
            dividers.popleft()
    return pieces


def _is_heading_tag(what: Node | Tag | Mark) -> bool:
    return isinstance(what, Tag) and what.name in HEADINGS


def _hide(pieces: list[Piece], since: int) -> None:
    """Take all pieces from a place on for hidden, perhaps."""
    for number in range(len(pieces) - 1, -1, -1):
        if pieces[number].span.start < since:
            break
        pieces[number] = replace(pieces[number], may_be_hidden=True)


def _has_no_end(tag: Tag) -> bool:
    return not (tag.closes or tag.is_empty or tag.partner is not None)


def _hides_the_rest(text: str, node: Node) -> bool:
    """Return whether nothing is displayed from here to the end of the page."""
    if node.kind is NodeKind.COMMENT:
        return not node.span.of(text).endswith('-->') or len(node.span.of(text)) < 7
    content = node.content
    return (
        node.kind is NodeKind.IGNORED
        and content is not None
        and content.start < content.end == node.span.end
    )


def _is_stylesheet(node: Node) -> bool:
    """Return whether a node changes how all of the page looks."""
    return node.kind is NodeKind.EXTENSION and node.name == 'templatestyles'


@dataclass(slots=True)
class _Table:
    """An open table: which of its parts may be hidden, and the open cell."""

    table: bool
    row: bool = False
    cell: bool = False
    begin: int | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page, and the tags in it that are not inline.

    :ivar others: their places; -1 if it may be no paragraph for other reasons
    """

    start: int = 0
    end: int = 0
    others: frozenset[int] = frozenset()


class _Around:
    """The tags and tables around a place in a page."""

    def __init__(
        self, mask: str, html: Sequence[Tag], *, all_may_be_hidden: bool
    ) -> None:
        self._mask = mask
        self._html = html
        #: How many open tags may keep text from being in paragraphs.
        self._blocks = 0
        self._line = _Line()
        #: How many tags before each one are never closed.
        self._unclosed = [0]
        #: The same of tags that are not inline: browsers ignore what else ends in them.
        self._open_blocks = [0]
        for tag in html:
            self._unclosed.append(self._unclosed[-1] + _has_no_end(tag))
            is_block = tag.name not in _INLINE
            self._open_blocks.append(
                self._open_blocks[-1] + (is_block and _has_no_end(tag))
            )
        self._struck = self._inside = self._hiding = self._small = self._around = 0
        self._to_the_end = all_may_be_hidden
        self._to_the_heading = False
        #: Whether a strike without an end goes on, and up to where.
        self._struck_to_the_end = self._struck_to_the_heading = False
        self._cell: int | None = None
        self._tables: list[_Table] = []
        self._hiding_tables = 0
        #: Of each open table, whether no cell is open in it; how many that are, and
        #: where the first table began.
        self._between_cells: list[bool] = []
        self._between = 0
        self.first_table = 0
        #: In which table tags that may hide something were opened.
        self._opened_in: dict[int, _Table | None] = {}

    def piece(
        self, what: Node | Tag | Mark | None, span: Span, *, inside: bool = False
    ) -> Piece:
        """Return the piece at this place."""
        if isinstance(what, Node) and what.kind is NodeKind.HEADING:
            self._to_the_heading = self._struck_to_the_heading = False
            self._cell = None
            for table in self._tables[-1:]:
                table.begin = None
        last = self._tables[-1] if self._tables else None
        cell = self._cell
        if last is not None:
            cell = last.begin
        return Piece(
            what,
            span,
            struck=self._struck > 0,
            may_be_struck=self._struck_to_the_end or self._struck_to_the_heading,
            may_be_hidden=bool(
                self._hiding
                or self._to_the_end
                or self._to_the_heading
                or self._hiding_tables
                or self._small > _MAX_SMALL
                or self._around > _MAX_AROUND
                or (last and (last.row or last.cell))
            ),
            inside=inside or self._inside > 0,
            cell=cell,
        )

    def hide_the_rest(self) -> None:
        """Take all that follows for hidden, perhaps."""
        self._to_the_end = True

    def enter(self, what: Node | Tag | Mark) -> None:
        """Move past a construct."""
        if isinstance(what, Mark):
            self._note_place(what)
            self._enter_table(what)
        elif isinstance(what, Tag):
            self._note_place(what)
            if what.name not in _AROUND_PARAGRAPHS and what.name not in EMPTY:
                if not what.closes:
                    self._blocks += 1
                elif what.partner is not None:
                    self._blocks -= 1
            if what.name in ('td', 'tr', 'table'):
                is_cell = what.name == 'td' and not what.closes
                self._cell = what.span.start if is_cell else None
            if what.closes and what.partner is not None:
                self._count(self._html[what.partner], -1)
                table = self._tables[-1] if self._tables else None
                if self._opened_in.pop(what.partner, table) is not table:
                    self._note_endless(self._html[what.partner])
            elif what.partner is not None:
                self._count(what, 1)
                if tag_may_hide(what) or what.name in STRIKING:
                    self._note_opened(what, what.partner)
            elif _has_no_end(what):
                self._small += what.name == 'small'
                # Its end is unknown, and it may hide everything up to there.
                self._to_the_heading |= tag_may_hide(what)
                self._struck_to_the_heading |= what.name in STRIKING
                if not (what.name in _SHORT and self._is_in_paragraph(what)):
                    self._note_endless(what)

    @property
    def is_displaced(self) -> bool:
        """Whether what is here is displayed before the table that it is in.

        https://html.spec.whatwg.org/multipage/parsing.html#foster-parent
        """
        return self._between > 0

    def _note_place(self, what: Tag | Mark) -> None:
        """Note whether a table or a cell begins or ends."""
        if isinstance(what, Mark):
            begins, name = what.kind is not MarkKind.END, _ELEMENTS[what.kind]
        else:
            begins, name = not what.closes, what.name
        if name == 'table' and begins:
            if not self._between_cells:
                self.first_table = what.span.start
            self._between_cells.append(True)
            self._between += 1
        elif name in _PARTS_OF_TABLES | {'table'} and self._between_cells:
            self._between -= self._between_cells.pop()
            if name != 'table':
                is_between = not (begins and name in _CELLS)
                self._between_cells.append(is_between)
                self._between += is_between

    def _note_endless(self, tag: Tag) -> None:
        """Take what a tag does for done to all that follows, perhaps."""
        self._to_the_end |= tag_may_hide(tag)
        self._struck_to_the_end |= tag.name in STRIKING

    def _count(self, tag: Tag, number: int) -> None:
        self._around += number
        if tag.name == 'small':
            self._small += number
        if tag.name in STRIKING:
            self._struck += number
        elif tag.name not in TRANSPARENT:
            self._inside += number
        if tag_may_hide(tag):
            self._hiding += number

    def _is_in_paragraph(self, tag: Tag) -> bool:
        """Return whether a tag is in a paragraph or an item of a list, and ends there.

        Each is at most what is between two headings.
        """
        others = self._line_of(tag).others
        return not self._blocks and others <= {tag.span.start}

    def _line_of(self, tag: Tag) -> _Line:
        """Return the line in which a tag begins; each line is read once."""
        if not self._line.start <= tag.span.start < self._line.end:
            start = self._mask.rfind('\n', 0, tag.span.start) + 1
            end = self._mask.find('\n', tag.span.end)
            end = len(self._mask) if end < 0 else end
            line = self._mask[start:end]
            others = {
                start + each.span.start
                for each in tags(line)
                if each.name not in _INLINE
            }
            if _NO_PARAGRAPH.match(line) or line.count('<') != line.count('>'):
                others.add(-1)
            self._line = _Line(start, end, frozenset(others))
        return self._line

    def _note_opened(self, tag: Tag, end: int) -> None:
        """Note where a tag that may hide something, or strikes it out, was opened.

        Browsers ignore its closing tag in another table, or while other tags are open.

        :param end: the number of its partner
        """
        start = self._html[end].partner
        assert start is not None
        self._opened_in[start] = self._tables[-1] if self._tables else None
        if tag.name in STRIKING and not tag_may_hide(tag):
            # It ends across other inline tags, and goes on in the items of a list.
            if self._open_blocks[end] > self._open_blocks[start + 1]:
                self._note_endless(tag)
        elif (
            tag.name in _ITEMS
            or self._unclosed[end] > self._unclosed[start + 1]
            # It may end in an item of a list, and not there.
            or (
                tag.name in _INLINE
                and self._html[end].span.start > self._line_of(tag).end
                and not self._is_in_paragraph(tag)
            )
        ):
            self._note_endless(tag)

    def _enter_table(self, mark: Mark) -> None:
        hides = may_hide(mark.attributes)
        if mark.kind is MarkKind.TABLE:
            last = self._tables[-1] if self._tables else None
            # A hidden cell hides the tables in it.
            hides = bool(hides or (last and (last.row or last.cell)))
            self._tables.append(_Table(hides))
            self._hiding_tables += hides
        elif mark.kind is MarkKind.END:
            self._hiding_tables -= self._tables.pop().table
        else:
            last = self._tables[-1]
            last.cell, last.begin = hides, mark.span.start
            if mark.kind is MarkKind.ROW:
                last.row, last.cell, last.begin = hides, False, None
