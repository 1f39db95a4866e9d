"""A page as a sequence of pieces, each with the effect of the tags around it.

What a piece means for a request is left to :mod:`.reading`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mw_tokens_plugin.protocol.markup import (
    EMPTY,
    Mark,
    MarkKind,
    Tag,
    masked,
    tables,
    tags,
)
from mw_tokens_plugin.protocol.wikitext import Node, NodeKind, Span, parse
from mw_tokens_plugin.requestpages.inline import linked_users
from mw_tokens_plugin.requestpages.visibility import (
    STRIKING,
    TRANSPARENT,
    may_hide,
    may_open,
)

#: Tags that end with their paragraph at the latest; many signatures do not close them.
_SHORT = frozenset({'p', 'span'})


@dataclass(frozen=True, slots=True)
class Piece:
    """A construct, or the text between two of them.

    :ivar what: None if it is text
    :ivar struck: whether it is struck out
    :ivar may_be_hidden: whether a tag or table around it may hide it from readers
    :ivar inside: whether it is in a tag that is not displayed like other text
    :ivar cell: the place of the table cell that it is in; None if it is in none
    :ivar users: links to users, as they are written, and the users
    """

    what: Node | Tag | Mark | None
    span: Span
    struck: bool = False
    may_be_hidden: bool = False
    inside: bool = False
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
    whats += [*html, *tables(mask)]
    whats.sort(key=lambda what: (what.span.start, -what.span.end))
    pieces = []
    around = _Around(html, all_may_be_hidden=any(map(_is_stylesheet, nodes)))
    position = 0
    for what in whats:
        if what.span.start > position:
            pieces.append(around.piece(None, Span(position, what.span.start)))
        piece = around.piece(what, what.span, inside=what.span.start < position)
        pieces.append(replace(piece, users=linked_users(text, what, namespaces)))
        # A tag in a heading is inside it.
        position = max(position, what.span.end)
        around.enter(what)
        if isinstance(what, Node) and may_open(text, what):
            around.hide_the_rest()
    if position < end:
        pieces.append(around.piece(None, Span(position, end)))
    return pieces


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


class _Around:
    """The tags and tables around a place in a page."""

    def __init__(self, html: Sequence[Tag], *, all_may_be_hidden: bool) -> None:
        self._html = html
        self._struck = self._inside = self._hiding = 0
        self._to_the_end = all_may_be_hidden
        self._to_the_heading = False
        self._cell: int | None = None
        self._tables: list[_Table] = []
        self._hiding_tables = 0

    def piece(
        self, what: Node | Tag | Mark | None, span: Span, *, inside: bool = False
    ) -> Piece:
        """Return the piece at this place."""
        if isinstance(what, Node) and what.kind is NodeKind.HEADING:
            self._to_the_heading = False
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
            may_be_hidden=bool(
                self._hiding
                or self._to_the_end
                or self._to_the_heading
                or self._hiding_tables
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
            self._enter_table(what)
        elif isinstance(what, Tag):
            if what.name in ('td', 'tr', 'table'):
                is_cell = what.name == 'td' and not what.closes
                self._cell = what.span.start if is_cell else None
            if what.closes and what.partner is not None:
                self._count(self._html[what.partner], -1)
            elif what.partner is not None:
                self._count(what, 1)
            elif (
                not what.closes and what.name not in EMPTY and may_hide(what.attributes)
            ):
                # Its end is unknown, and it may hide everything up to there.
                self._to_the_heading = True
                self._to_the_end = self._to_the_end or what.name not in _SHORT

    def _count(self, tag: Tag, number: int) -> None:
        if tag.name in STRIKING:
            self._struck += number
        elif tag.name not in TRANSPARENT:
            self._inside += number
        if may_hide(tag.attributes):
            self._hiding += number

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
