"""Wikitext, parsed as MediaWiki's preprocessor does, in one pass.

It finds comments, templates, links, headings and extension tags; HTML tags and tables
are left to :mod:`~mw_tokens_plugin.protocol.markup`. Anybody can write the text, so the
time is proportional to its length, whatever it nests or leaves open, and nothing here
is recursive.

Theory of operation: a stack holds the open constructs. Only the construct on top can be
closed, by its own closing brackets; other brackets are plain text. A construct that is
still open at the end is plain text, too, but constructs that were closed inside of it
count. Constructs are kept as offsets, so nothing is copied when they nest.

https://www.mediawiki.org/wiki/Preprocessor_ABNF
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace


class NodeKind(enum.Enum):
    """What a node is."""

    TEXT = 'text'
    COMMENT = 'comment'
    TEMPLATE = 'template'
    ARGUMENT = 'argument'
    LINK = 'link'
    HEADING = 'heading'
    #: A tag of an extension, with its content.
    EXTENSION = 'extension'
    #: ``<includeonly>``, with its content: readers of the page do not see it.
    IGNORED = 'ignored'
    #: ``-{...}-``: what is displayed of it depends on the reader's variant.
    CONVERSION = 'conversion'


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the text at this place."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a template.

    :ivar key: the name as it is written; the number of a parameter without a name
    :ivar named: whether it has a name and a ``=``
    :ivar span: the place of name and value
    """

    key: str
    named: bool
    span: Span
    value: Span


@dataclass(frozen=True, slots=True)
class Node:
    """A construct that is in no other one, or the text between two of them.

    :ivar name: the tag of an extension, in lower case
    :ivar level: the level of a heading
    :ivar content: a template's name; a heading's title; an extension tag's content
    :ivar pipes: the places of the ``|`` of a template
    :ivar equals: the place of the first ``=`` of each of its parameters, if it has one
    :ivar depth: the depth of brackets and headings nested in it, itself counted
    :ivar templates: the names of templates inside of it
    """

    kind: NodeKind
    span: Span
    name: str = ''
    level: int = 0
    content: Span | None = None
    pipes: tuple[int, ...] = ()
    equals: tuple[int | None, ...] = ()
    depth: int = 0
    templates: tuple[Span, ...] = ()

    def parameters(self, text: str) -> Iterator[Parameter]:
        """Yield the parameters of a template.

        :param text: the text that was parsed
        """
        ends = (*self.pipes, self.span.end - len('}}'))[1:]
        number = 0
        for pipe, end, equals in zip(self.pipes, ends, self.equals, strict=True):
            span = Span(pipe + 1, end)
            if equals is None:
                number += 1
                yield Parameter(str(number), False, span, span)
            else:
                key = text[pipe + 1 : equals]
                yield Parameter(key, True, span, Span(equals + 1, end))


#: Extension tags whose content is not wikitext, but plain text, code or data.
VERBATIM = frozenset(
    'categorytree ce charinsert chem graph hiero imagemap inputbox langconvert '
    'mapframe maplink math nowiki pre score source syntaxhighlight templatedata '
    'templatestyles timeline'.split()
)
_EXTENSIONS = VERBATIM | frozenset(
    'gallery indicator poem ref references section'.split()
)
#: Their opening tags, and comments; ``<noinclude>`` and ``<onlyinclude>`` are text.
_ELEMENT = re.compile(
    f'<(?:(?P<name>{"|".join(sorted(_EXTENSIONS))}|includeonly)(?=\\s|/>|>)'
    '|(?P<comment>!--))',
    re.IGNORECASE | re.ASCII,
)
_LANGUAGE = '-{'


@dataclass(slots=True)
class _Open:
    """A construct that is not closed yet.

    :ivar count: the number of opening characters
    :ivar dash: whether a dash is before its opening braces
    :ivar depth: the depth of the constructs closed in it, itself counted
    :ivar comment_end: where the last comment in it ends
    :ivar visible_end: where the text before that and adjacent comments ends
    """

    opening: str
    closing: str
    start: int
    count: int
    dash: bool = False
    pipes: list[int] = field(default_factory=list)
    equals: list[int | None] = field(default_factory=list)
    comment_end: int = -1
    visible_end: int = -1
    depth: int = 1

    @property
    def searched(self) -> str:
        """The characters with a meaning here, besides those that always have one."""
        if self.opening in '\n[':
            return ''
        return '|=' if self.pipes and self.equals[-1] is None else '|'


_CLOSING = {'{': '}', '[': ']', _LANGUAGE: '}-', '\n': '\n'}
#: Patterns of the next character with a meaning, by the additional characters.
_NEXT = {
    (closing, more): re.compile(f'[\\[{{<\n{re.escape(closing[:1] + more)}]|-(?={{)')
    for closing in ('', *_CLOSING.values())
    for more in ('', '|', '|=')
}


def parse(text: str, *, begins_line: bool = True) -> list[Node]:
    """Return the constructs of a text and the texts between them, in their order.

    https://www.mediawiki.org/wiki/Preprocessor_ABNF

    :param text: wikitext
    :param begins_line: whether it begins a line, so that it can begin with a heading
    """
    found = sorted(
        _Scanner(text, begins_line).closed(),
        key=lambda node: (node.span.start, -node.span.end),
    )
    nodes: list[Node] = []
    end = 0
    inside: list[Span] = []
    for node in found:
        if node.span.start < end:
            if node.kind is NodeKind.TEMPLATE and node.content is not None:
                inside.append(node.content)
            continue
        _add_inside(nodes, inside)
        inside = []
        if node.span.start > end:
            nodes.append(Node(NodeKind.TEXT, Span(end, node.span.start)))
        nodes.append(node)
        end = node.span.end
    _add_inside(nodes, inside)
    if end < len(text):
        nodes.append(Node(NodeKind.TEXT, Span(end, len(text))))
    return nodes


def _add_inside(nodes: list[Node], inside: list[Span]) -> None:
    if inside:
        nodes[-1] = replace(nodes[-1], templates=tuple(inside))


class _Scanner:
    """Reads a text once, and keeps what is open on a stack."""

    def __init__(self, text: str, begins_line: bool) -> None:
        self._text = text
        self._position = 0
        self._line_starts = begins_line
        self._stack: list[_Open] = []
        #: Tags that the rest of the text does not close.
        self._endless: set[str] = set()

    def closed(self) -> Iterator[Node]:
        """Yield all closed constructs, inner ones before those around them."""
        while (letter := self._advance()) is not None:
            top = self._stack[-1] if self._stack else None
            node = None
            if letter == '\n':
                node = self._end_line(top)
            elif letter == '<':
                node = self._read_element(top)
            elif letter == '|':
                assert top is not None
                top.pipes.append(self._position)
                top.equals.append(None)
                self._position += 1
            elif letter == '=':
                assert top is not None
                top.equals[-1] = self._position
                self._position += 1
            elif top and self._text.startswith(top.closing, self._position):
                node = self._close(top, letter)
            else:
                self._open(letter)
            if node is not None:
                yield node

    def _advance(self) -> str | None:
        """Move to the next character with a meaning, and return it.

        The end of the text has that of a line while a heading is open, otherwise None.
        """
        if self._line_starts:
            self._start_line()
        top = self._stack[-1] if self._stack else None
        searched = (top.closing, top.searched) if top else ('', '')
        found = _NEXT[searched].search(self._text, self._position)
        if found is not None:
            self._position = found.start()
            return found[0][0]
        if top is None or top.opening != '\n':
            return None
        self._position = len(self._text)
        return '\n'

    def _start_line(self) -> None:
        """Open a heading, if the line begins like one."""
        self._line_starts = False
        top = self._stack[-1] if self._stack else None
        count = _run(self._text, self._position, '=', 6)
        # A single sign can be that between a parameter's name and its value.
        if count > 1 or (count and not (top and '=' in top.searched)):
            self._stack.append(_Open('\n', '\n', self._position, count))
            self._position += count

    def _end_line(self, top: _Open | None) -> Node | None:
        """End a line; if a heading is open, end that first, and stay at the place."""
        if top is None or top.opening != '\n':
            self._position += 1
            self._line_starts = True
            return None
        self._stack.pop()
        self._deepen(top.depth)
        return _heading(self._text, top, self._position)

    def _read_element(self, top: _Open | None) -> Node | None:
        """Read a comment or an extension tag, or pass a sign that begins neither."""
        node, self._position = _element(self._text, self._position, self._endless)
        if (
            node is not None
            and node.kind is NodeKind.COMMENT
            and top is not None
            and self._position < len(self._text)
        ):
            _note_comment(self._text, top, node.span)
        return node

    def _close(self, top: _Open, letter: str) -> Node | None:
        """Close the innermost open brackets, if there are enough closing ones."""
        if top.opening == _LANGUAGE:
            count = 2
        else:
            limit = min(top.count, 3 if top.opening == '{' else 2)
            count = _run(self._text, self._position, letter, limit)
        self._position += count
        if count < 2:
            return None
        self._stack.pop()
        node = _bracketed(top, count, self._position)
        top.count -= count
        if top.count == 1 and top.dash:
            top.opening, top.closing, top.count = _LANGUAGE, '}-', 2
            top.start -= 1
            top.dash = False
        if top.count >= 2:
            top.pipes, top.equals = [], []
            top.comment_end = top.visible_end = -1
            self._stack.append(top)
        self._deepen(top.depth)
        return node

    def _open(self, letter: str) -> None:
        """Open brackets, if there are at least two."""
        if letter not in '-{[':
            self._position += 1
            return
        # Of "-{{" the braces count first.
        dash = letter == '-' and self._text.startswith('{', self._position + 2)
        start = self._position + dash
        opening = _LANGUAGE if letter == '-' and not dash else self._text[start]
        count = (
            2
            if opening == _LANGUAGE
            else _run(self._text, start, opening, len(self._text))
        )
        if count >= 2:
            self._stack.append(_Open(opening, _CLOSING[opening], start, count, dash))
        self._position = start + count

    def _deepen(self, depth: int) -> None:
        """Count a closed construct as nested in the open one."""
        if self._stack:
            self._stack[-1].depth = max(self._stack[-1].depth, depth + 1)


def _run(text: str, position: int, letter: str, limit: int) -> int:
    """Return how often a character is repeated from a position on."""
    count = 0
    while count < limit and text.startswith(letter, position + count):
        count += 1
    return count


def _bracketed(top: _Open, count: int, end: int) -> Node:
    """Return the construct of the innermost opening brackets."""
    span = Span(top.start + top.count - count, end)
    if top.opening == '[':
        return Node(
            NodeKind.LINK, span, content=Span(span.start + 2, end - 2), depth=top.depth
        )
    if top.opening == _LANGUAGE:
        return Node(NodeKind.CONVERSION, span, depth=top.depth)
    kind = NodeKind.TEMPLATE if count == 2 else NodeKind.ARGUMENT
    name = Span(span.start + count, top.pipes[0] if top.pipes else end - count)
    return Node(
        kind,
        span,
        content=name,
        pipes=tuple(top.pipes),
        equals=tuple(top.equals),
        depth=top.depth,
    )


def _heading(text: str, top: _Open, end: int) -> Node | None:
    """Return the heading in a line that begins like one; None if it is not one."""
    last = _before(text, end, ' \t')
    if top.comment_end == last and top.comment_end >= 0:
        last = _before(text, top.visible_end, ' \t')
    signs = last - _before(text, last, '=')
    if last - signs <= top.start:
        signs = last - top.start
        level = min(6, (signs - 1) // 2) if signs > 2 else 0
    else:
        level = min(signs, top.count)
    if level <= 0:
        return None
    title = Span(top.start + level, last - level)
    return Node(
        NodeKind.HEADING,
        Span(top.start, last),
        level=level,
        content=title,
        depth=top.depth,
    )


def _before(text: str, end: int, letters: str) -> int:
    """Return where a run of some characters begins, by its end."""
    while end > 0 and text[end - 1] in letters:
        end -= 1
    return end


def _element(text: str, position: int, endless: set[str]) -> tuple[Node | None, int]:
    """Return the comment or extension tag at a position, and where it ends."""
    found = _ELEMENT.match(text, position)
    if found is None:
        return None, position + 1
    if found['comment']:
        end = text.find('-->', position + 4)
        end = len(text) if end < 0 else end + 3
        return Node(NodeKind.COMMENT, Span(position, end)), end
    name = found['name'].lower()
    end = -1 if '>' in endless else text.find('>', found.end())
    if end < 0:
        endless.add('>')
        return None, position + 1
    end += 1
    kind = NodeKind.IGNORED if name == 'includeonly' else NodeKind.EXTENSION
    if text[end - 2] == '/':
        return Node(kind, Span(position, end), name, content=Span(end, end)), end
    closing = (
        None
        if name in endless
        else re.compile(f'</{name}\\s*>', re.I | re.A).search(text, end)
    )
    if closing is not None:
        content = Span(end, closing.start())
        return Node(kind, Span(position, closing.end()), name, content=content), (
            closing.end()
        )
    if kind is NodeKind.IGNORED:
        content = Span(end, len(text))
        return Node(kind, Span(position, len(text)), name, content=content), len(text)
    endless.add(name)
    return None, end


def _note_comment(text: str, top: _Open, comment: Span) -> None:
    """Note a comment, because a heading can end before it."""
    before = _before(text, comment.start, ' \t')
    if top.comment_end != before:
        top.visible_end = before
    top.comment_end = comment.end
