"""A page as pieces that follow one another, each with what is around it."""

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
from mw_tokens_plugin.protocol.wikitext import Kind, Node, Span, parse
from mw_tokens_plugin.requestpages.inline import linked_users
from mw_tokens_plugin.requestpages.visibility import STRIKING, TRANSPARENT, may_hide

#: Tags that end with their paragraph at the latest; many signatures leave one open.
_SHORT = frozenset({'p', 'span'})


@dataclass(frozen=True, slots=True)
class Piece:
    """A construct, or the text between two, and what is around it does to it.

    :ivar what: None if it is text
    :ivar inside: whether it stands in a tag that is not displayed like other text
    :ivar cell: in which cell of a table it stands, by where that begins
    :ivar users: links to users, as they are written, and to whom they lead
    """

    what: Node | Tag | Mark | None
    span: Span
    struck: bool = False
    veiled: bool = False
    inside: bool = False
    cell: int | None = None
    users: tuple[tuple[str, str], ...] = ()

    def is_a(self, kind: Kind) -> bool:
        """Tell whether it is a node of a kind."""
        return isinstance(self.what, Node) and self.what.kind is kind

    @property
    def node(self) -> Node:
        """The node that it is."""
        assert isinstance(self.what, Node)
        return self.what


def visible_pieces(text: str, namespaces: Collection[str]) -> list[Piece]:
    """Take a page apart, as far as it is displayed."""
    nodes = []
    for node in parse(text):
        if _hides_the_rest(text, node):
            break
        nodes.append(node)
    end = nodes[-1].span.end if nodes else 0
    mask = masked(text[:end], nodes)
    whats: list[Node | Tag | Mark] = [n for n in nodes if n.kind is not Kind.TEXT]
    html = tags(mask)
    whats += [*html, *tables(mask)]
    whats.sort(key=lambda what: (what.span.start, -what.span.end))
    pieces = []
    around = _Around(html, veils_all=any(map(_is_stylesheet, nodes)))
    position = 0
    for what in whats:
        if what.span.start > position:
            pieces.append(around.piece(None, Span(position, what.span.start)))
        piece = around.piece(what, what.span, inside=what.span.start < position)
        pieces.append(replace(piece, users=linked_users(text, what, namespaces)))
        # A tag in a heading stands in it.
        position = max(position, what.span.end)
        around.enter(what)
    if position < end:
        pieces.append(around.piece(None, Span(position, end)))
    return pieces


def _hides_the_rest(text: str, node: Node) -> bool:
    """Tell whether nothing is displayed from here to the end of the page."""
    if node.kind is Kind.COMMENT:
        return not node.span.of(text).endswith('-->') or len(node.span.of(text)) < 7
    content = node.content
    return (
        node.kind is Kind.IGNORED
        and content is not None
        and content.start < content.end == node.span.end
    )


def _is_stylesheet(node: Node) -> bool:
    """Tell whether a node says how all of the page looks."""
    return node.kind is Kind.EXTENSION and node.name == 'templatestyles'


@dataclass(slots=True)
class _Table:
    """What hides parts of a table, and which cell is open."""

    table: bool
    row: bool = False
    cell: bool = False
    begin: int | None = None


class _Around:
    """The tags and tables that stand around a place in a page."""

    def __init__(self, html: Sequence[Tag], *, veils_all: bool) -> None:
        self._html = html
        self._struck = self._inside = self._veils = 0
        self._to_the_end = veils_all
        self._to_the_heading = False
        self._cell: int | None = None
        self._tables: list[_Table] = []
        self._veiling_tables = 0

    def piece(
        self, what: Node | Tag | Mark | None, span: Span, *, inside: bool = False
    ) -> Piece:
        """Return what stands here, and what is around it does to it."""
        if isinstance(what, Node) and what.kind is Kind.HEADING:
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
            veiled=bool(
                self._veils
                or self._to_the_end
                or self._to_the_heading
                or self._veiling_tables
                or (last and (last.row or last.cell))
            ),
            inside=inside or self._inside > 0,
            cell=cell,
        )

    def enter(self, what: Node | Tag | Mark) -> None:
        """Go past what stands here."""
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
                # It ends somewhere, and may hide what is between.
                self._to_the_heading = True
                self._to_the_end = self._to_the_end or what.name not in _SHORT

    def _count(self, tag: Tag, number: int) -> None:
        if tag.name in STRIKING:
            self._struck += number
        elif tag.name not in TRANSPARENT:
            self._inside += number
        if may_hide(tag.attributes):
            self._veils += number

    def _enter_table(self, mark: Mark) -> None:
        veils = may_hide(mark.attributes)
        if mark.kind is MarkKind.TABLE:
            last = self._tables[-1] if self._tables else None
            # What hides a cell hides the tables in it.
            veils = bool(veils or (last and (last.row or last.cell)))
            self._tables.append(_Table(veils))
            self._veiling_tables += veils
        elif mark.kind is MarkKind.END:
            self._veiling_tables -= self._tables.pop().table
        else:
            last = self._tables[-1]
            last.cell, last.begin = veils, mark.span.start
            if mark.kind is MarkKind.ROW:
                last.row, last.cell, last.begin = veils, False, None
