"""Steward request pages: read into frozen records, and mark requests as done.

It works on a page's text alone: what is certain is said of each request, but whether
to act on it is for others to decide, and nothing is read from or sent to a wiki.

https://meta.wikimedia.org/wiki/Steward_requests/Global
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from mw_tokens_plugin.exceptions import InvalidInput, InvalidName
from mw_tokens_plugin.protocol.markup import (
    EMPTY,
    OTHER,
    Mark,
    MarkKind,
    Tag,
    masked,
    tables,
    tags,
)
from mw_tokens_plugin.protocol.mentions import (
    addresses,
    linked_user,
    users_in_urls,
)
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    decoded,
    kind_of,
    normalise_name,
)
from mw_tokens_plugin.protocol.wikitext import (
    VERBATIM,
    Kind,
    Node,
    Parameter,
    Span,
    parse,
)

#: What ``{{Status|...}}`` holds while a request is open.
OPEN = frozenset({'', 'hold', 'onhold', 'on hold', 'in progress', 'inprogress'})
#: What it holds afterwards. Any other word is taken for neither.
CLOSED = frozenset(
    'already, already done, archived, closed, completed, declined, denied, done, '
    'duplicate, expired, failed, fixed, invalid, moved, no action, not done, notdone, '
    'partially done, partly done, redundant, rejected, resolved, stale, successful, '
    'unsuccessful, withdrawn'.split(', ')
)


#: Longest page that is read, in characters; wikis keep no longer ones.
MAX_PAGE = 2_097_152
#: Longest request that can be certain, in characters.
MAX_REQUEST = 200_000
#: How deep brackets may be nested in a certain request.
MAX_DEPTH = 40
#: Brackets and tags without an end that a request may have to be certain.
MAX_UNCLOSED = 100


class RequestKind(enum.Enum):
    """What a request asks for.

    .. version-added:: 0.1
    """

    LOCK = 'lock'
    UNLOCK = 'unlock'
    #: To lock and hide, or to hide.
    HIDE = 'hide'
    BLOCK = 'block'
    UNBLOCK = 'unblock'


class Standing(enum.Enum):
    """What a name in a request is there for."""

    REQUESTED = 'requested'
    #: Struck out, that is, withdrawn.
    STRUCK = 'struck out'
    #: In a template that is not for what is asked for, beside one that is.
    MENTIONED = 'mentioned'
    #: Not the name of any account.
    UNREADABLE = 'unreadable'


class Problem(enum.Enum):
    """Why a request is not certainly one of its kind.

    .. version-added:: 0.1
    """

    NO_KIND = 'its heading does not say what is asked for'
    NO_API = 'it asks for what the API cannot do'
    OTHER_SECTION = 'it stands in a section that is not for what it asks'
    NO_STATUS = 'it has no {{Status}}'
    SEVERAL_STATUSES = 'it has more than one {{Status}}'
    STRUCK = 'it is struck out'
    INSIDE = 'names stand inside something else'
    VEILED = 'a tag may hide parts of it from its readers'
    DECIDED = 'a template in it says that it is withdrawn, declined or closed'
    ENDLESS_STRIKE = 'something is struck out without an end'
    NOBODY = 'it names nobody'
    REORDERED = 'characters in its names change the order in which they are read'
    #: More is open or nested than anybody writes by hand.
    COMPLEX = 'it is too complex to be read'


@dataclass(frozen=True, slots=True)
class Named:
    """One name in a request.

    .. version-added:: 0.1

    :ivar name: the name in MediaWiki's form; as it is written if it is unreadable
    :ivar kind: what it stands for: only accounts can be locked
    :ivar hidden: it must not be shown in public
    :ivar span: where its parameter's value stands
    """

    name: str
    kind: AccountKind
    standing: Standing
    hidden: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Leftover:
    """What may name somebody in a request, in a form that is not acted on.

    .. version-added:: 0.1

    :ivar text: as it is written, on one line
    :ivar name: whom it names, in MediaWiki's form; None if that is not known
    """

    text: str
    name: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Status:
    """The ``{{Status}}`` of a request.

    :ivar word: what it holds, in small letters and without comments
    :ivar span: where the template stands
    :ivar when_done: the template as it is when the request is done
    :ivar when_open: the template as it is while the request is open
    """

    word: str
    span: Span
    when_done: str
    when_open: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What the first signature in a request claims; anybody can write it."""

    name: str | None
    moment: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as a page has it.

    .. version-added:: 0.1

    :ivar heading: its heading as it is displayed
    :ivar section: the nearest heading that it stands under; None if there is none
    :ivar kind: what it asks for; None if that is not certain
    :ivar status: None if it has none
    :ivar leftovers: links, unknown templates, table cells and the like that may name
        others, and on which nobody acts
    :ivar lock_or_unlock: whether its heading asks for both, as the form of such a page
        has it
    :ivar signature: who asked and when, by its own words
    :ivar problems: why it is not certainly a request of its kind; empty if it is
    :ivar span: where it stands, with its heading
    :ivar foot: where a line under it begins
    """

    heading: str
    section: str | None
    kind: RequestKind | None
    status: Status | None
    named: tuple[Named, ...]
    leftovers: tuple[Leftover, ...]
    lock_or_unlock: bool
    signature: Signature | None
    problems: tuple[Problem, ...]
    heading_span: Span
    span: Span
    foot: int

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody; what has no status may be."""
        return self.status is None or self.status.word in OPEN

    @property
    def is_closed(self) -> bool:
        """Whether it is done with; what has an unknown status is not open either."""
        return self.status is not None and self.status.word in CLOSED

    @property
    def is_certain(self) -> bool:
        """Whether nothing is doubtful about what it asks for."""
        return self.kind is not None and self.status is not None and not self.problems

    @property
    def names(self) -> tuple[str, ...]:
        """Those for whom it asks, each once."""
        return tuple(
            dict.fromkeys(
                named.name
                for named in self.named
                if named.standing is Standing.REQUESTED
            )
        )

    @property
    def hidden_names(self) -> frozenset[str]:
        """Names in it that must not be shown in public."""
        hidden = frozenset(named.name for named in self.named if named.hidden)
        if not hidden:
            return hidden
        return hidden | {rest.name for rest in self.leftovers if rest.name}

    @property
    def unreadable(self) -> tuple[Named, ...]:
        """What stands where a name should, and is none."""
        return tuple(n for n in self.named if n.standing is Standing.UNREADABLE)

    @property
    def others(self) -> tuple[str, ...]:
        """Accounts that are named or linked, and for which it does not clearly ask."""
        others = [n.name for n in self.named if n.standing is Standing.MENTIONED]
        others += [rest.name for rest in self.leftovers if rest.name]
        return tuple(name for name in dict.fromkeys(others) if name not in self.names)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What may name somebody, but nobody can tell whom, as it is written."""
        unknown = [n.name for n in self.unreadable]
        unknown += [rest.text for rest in self.leftovers if not rest.name]
        return tuple(dict.fromkeys(unknown))

    @property
    def not_taken(self) -> tuple[str, ...]:
        """All that may name others or cannot be read, for somebody to look at."""
        mentioned = [n.name for n in self.named if n.standing is Standing.MENTIONED]
        rest = [n.name for n in self.unreadable]
        rest += [left.text for left in self.leftovers if left.name not in self.names]
        return tuple(dict.fromkeys(n for n in mentioned if n not in self.names)) + (
            *dict.fromkeys(rest),
        )

    @property
    def may_be_a_lock(self) -> bool:
        """Whether only its heading leaves open what it asks for, and somebody may say.

        That is so if its templates are those for locks, and nothing is left over.
        """
        return (
            self.lock_or_unlock
            and self.problems == (Problem.NO_KIND,)
            and not self.unknown
            and not self.others
        )


# Requests that were read, by their text and what is around it.
KnownRequests = dict[tuple[object, ...], Request]


@dataclass(frozen=True, slots=True)
class Closing:
    """What is to be written under a request.

    :ivar line: one line of wikitext, without the signature
    :ivar done: whether its status becomes ``done``; otherwise it stays as it is
    :ivar reopens: whether its status is emptied, as it was closed too early
    """

    request: Request
    line: str
    done: bool
    reopens: bool = False


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request page.

    .. version-added:: 0.1

    :ivar problem: why nothing can be told of it; None if it could be read
    :ivar namespaces: what its wiki calls pages of users
    """

    text: str = field(repr=False)
    requests: tuple[Request, ...]
    problem: str | None = None
    namespaces: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def hidden_names(self) -> frozenset[str]:
        """All names on it that must not be shown in public."""
        return frozenset(name for r in self.requests for name in r.hidden_names)

    @classmethod
    def parse(
        cls,
        text: str,
        known: KnownRequests | None = None,
        namespaces: Collection[str] = (),
    ) -> RequestPage:
        """Read a page; it never fails, and takes time in proportion to the length.

        :param text: its wikitext
        :param known: requests of other revisions, which need not be read again; those
            of this one are added
        :param namespaces: what the wiki calls pages of users and their talk besides the
            English names, in small letters
        """
        if len(text) > MAX_PAGE:
            return cls(text, (), f'it is longer than {MAX_PAGE} characters')
        known = {} if known is None else known
        pieces = _pieces(text, namespaces)
        requests = tuple(_requests(text, pieces, known))
        return cls(text, requests, namespaces=frozenset(namespaces))

    def closed(self, closings: Iterable[Closing]) -> str:
        """Return the text with lines under some requests, and some of them done.

        Every other character stays as it is.

        :param closings: at most one for each request
        :raises InvalidInput: the page would not read as it should then
        """
        closings = list(closings)
        text = self.text
        edits: list[tuple[Span, str]] = []
        for closing in closings:
            request = closing.request
            if re.search('[\r\n]|~~~', closing.line):
                raise InvalidInput('The note is not one line without a signature.')
            foot = Span(request.foot, request.foot)
            edits.append((foot, f'\n{closing.line} ~~~~'))
            if closing.done and request.status is not None:
                edits.append((request.status.span, request.status.when_done))
            elif closing.reopens and request.status is not None:
                edits.append((request.status.span, request.status.when_open))
        for span, new in sorted(edits, key=lambda e: e[0].start, reverse=True):
            text = text[: span.start] + new + text[span.end :]
        words = {c.request.span: 'done' for c in closings if c.done}
        words |= {c.request.span: '' for c in closings if c.reopens}
        wanted = [_gist(r, words.get(r.span)) for r in self.requests]
        then = RequestPage.parse(text, namespaces=self.namespaces).requests
        if closings and [_gist(r) for r in then] != wanted:
            raise InvalidInput(
                'The requests cannot be marked without changing what the page says: '
                'do it by hand.'
            )
        return text


def _gist(request: Request, word: str | None = None) -> tuple[object, ...]:
    """Return what marking requests must not change.

    :param word: what its status becomes
    """
    if word is None:
        word = request.status.word if request.status else None
    standing = [(n.name, n.standing, n.hidden) for n in request.named]
    return request.heading, request.kind, word, standing, request.problems


# From nodes to pieces that follow one another

#: Tags whose content is displayed like the text around them.
_TRANSPARENT = frozenset(
    'b big blockquote center dd div dl dt em font i li noinclude ol onlyinclude p '
    'small span strong table tbody td th tr tt u ul var'.split()
)
_STRIKING = frozenset({'s', 'strike', 'del'})
#: Blanks are single ones.
_ATTRIBUTE = re.compile(
    r"""[ ](?P<name>[^\s"'>/=]+)(?:[ ]?=[ ]?("[^"]*"|'[^']*'|[^\s"'=<>`]+))?"""
)
#: What tags may say without hiding anything from those who read the page.
_HARMLESS_ATTRIBUTES = frozenset(
    'align begin border cellpadding cellspacing clear colspan dir end lang name '
    'reversed rowspan scope start title type valign value'.split()
)
#: Classes whose look is MediaWiki's own; what is collapsed can be opened.
_HARMLESS_CLASSES = frozenset(
    'mw-collapsed mw-collapsible plainlinks sortable wikitable'.split()
)
_HARMLESS_STYLES = frozenset(
    'clear column-count column-width columns float font-style font-weight '
    'text-align'.split()
)
#: Tags that end with their paragraph at the latest; many signatures leave one open.
_SHORT = frozenset({'p', 'span'})


@dataclass(frozen=True, slots=True)
class _Piece:
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


def _pieces(text: str, namespaces: Collection[str]) -> list[_Piece]:
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
        pieces.append(replace(piece, users=_linked(text, what, namespaces)))
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
    ) -> _Piece:
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
        return _Piece(
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
            elif not what.closes and what.name not in EMPTY and _veils(what.attributes):
                # It ends somewhere, and may hide what is between.
                self._to_the_heading = True
                self._to_the_end = self._to_the_end or what.name not in _SHORT

    def _count(self, tag: Tag, number: int) -> None:
        if tag.name in _STRIKING:
            self._struck += number
        elif tag.name not in _TRANSPARENT:
            self._inside += number
        if _veils(tag.attributes):
            self._veils += number

    def _enter_table(self, mark: Mark) -> None:
        veils = _veils(mark.attributes)
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


def _veils(attributes: str) -> bool:
    """Tell whether the look of a tag may hide what is in it."""
    attributes = ''.join(f' {word}' for word in attributes.split())
    return bool(_ATTRIBUTE.sub('', attributes).strip()) or not all(
        _is_harmless(a['name'].lower(), (a[2] or '').strip('"\''))
        for a in _ATTRIBUTE.finditer(attributes)
    )


def _is_harmless(name: str, value: str) -> bool:
    if name == 'style':
        return all(map(_is_harmless_style, value.split(';')))
    if name == 'class':
        return _HARMLESS_CLASSES.issuperset(value.split())
    return name in _HARMLESS_ATTRIBUTES


def _is_harmless_style(rule: str) -> bool:
    name, colon, value = rule.partition(':')
    if not colon:
        return not name.strip()
    return (
        name.strip().lower() in _HARMLESS_STYLES
        and re.fullmatch(r'[\w\s.]*', value) is not None
    )


# From pieces to requests


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading with requests below it, and what they ask for if it says so."""

    level: int
    title: str
    kinds: frozenset[RequestKind] | None


def _requests(
    text: str, pieces: Sequence[_Piece], known: KnownRequests
) -> Iterator[Request]:
    heads = [i for i, piece in enumerate(pieces) if piece.is_a(Kind.HEADING)]
    titles = [_displayed(_title(text, pieces[head].node)) for head in heads]
    sections = list(map(_kinds_of_section, titles))
    #: The sections that a heading stands in: level, and what is asked for there.
    above: list[_Section] = []
    within: int | None = None
    for position, head in enumerate(heads):
        level = pieces[head].node.level
        if within is not None and level > within:
            continue
        while above and above[-1].level >= level:
            above.pop()
        following = heads[position + 1] if position + 1 < len(heads) else len(pieces)
        title, kinds = titles[position], sections[position]
        signs = any(_is_sign(text, p) for p in pieces[head + 1 : following])
        if signs or (above and above[-1].kinds and not kinds):
            within = level
            last = next(
                (
                    heads[later]
                    for later in range(position + 1, len(heads))
                    if pieces[heads[later]].node.level <= level
                ),
                len(pieces),
            )
            is_last = last == len(pieces)
            end = pieces[-1].span.end if is_last else pieces[last].span.start
            mine = pieces[head:last]
            # What an endless comment hides behind the last one counts, too.
            whole = text[pieces[head].span.start : len(text) if is_last else end]
            if is_last or any(p.struck or p.veiled or p.inside for p in mine):
                yield _request(
                    text,
                    title,
                    mine,
                    end,
                    above,
                    any(sections),
                    _is_complex(whole, mine),
                )
                continue
            key = (whole, *above, any(sections))
            if key not in known:
                known[key] = _request(
                    text,
                    title,
                    mine,
                    end,
                    above,
                    any(sections),
                    _is_complex(whole, mine),
                )
            yield _moved(known[key], pieces[head].span.start)
        else:
            within = None
            above.append(_Section(level, title, kinds))


def _moved(request: Request, start: int) -> Request:
    """Return a request as it is where it stands somewhere else on a page."""
    by = start - request.span.start
    if not by:
        return request

    def moved(span: Span) -> Span:
        return Span(span.start + by, span.end + by)

    status = request.status
    return replace(
        request,
        status=status and replace(status, span=moved(status.span)),
        named=tuple(replace(n, span=moved(n.span)) for n in request.named),
        leftovers=tuple(replace(n, span=moved(n.span)) for n in request.leftovers),
        heading_span=moved(request.heading_span),
        span=moved(request.span),
        foot=request.foot + by,
    )


def _title(text: str, heading: Node) -> str:
    assert heading.content is not None
    return heading.content.of(text)


def _request(
    text: str,
    title: str,
    pieces: Sequence[_Piece],
    end: int,
    above: Sequence[_Section],
    has_sections: bool,
    is_complex: bool,
) -> Request:
    head, *body = pieces
    span = Span(head.span.start, end)
    statuses = [p for p in body if not p.inside and _template(text, p.what) == 'status']
    kind, problem = _kind(_plain(_title(text, head.node)), above, has_sections)
    problems = [problem] if problem else []
    if len(statuses) != 1:
        problems.append(Problem.SEVERAL_STATUSES if statuses else Problem.NO_STATUS)
    if head.struck or any(p.struck for p in statuses):
        problems.append(Problem.STRUCK)
    if any(_hides_a_name(text, piece) for piece in pieces):
        problems.append(Problem.INSIDE)
    if head.veiled or any(p.veiled for p in body if _is_sign(text, p)):
        problems.append(Problem.VEILED)
    if (
        len(statuses) == 1
        and _status(text, statuses[0].node).word in OPEN
        and any(_template(text, p.what) in _DECIDING for p in body if not p.struck)
    ):
        problems.append(Problem.DECIDED)
    if any(_is_endless_strike(piece.what) for piece in pieces):
        problems.append(Problem.ENDLESS_STRIKE)
    if any(
        _template(text, p.what) in _NAMING
        and _REORDERING.search(decoded(p.span.of(text)))
        for p in body
    ):
        problems.append(Problem.REORDERED)
    if is_complex:
        problems.append(Problem.COMPLEX)
    # What a request to hide names is not to be shown before it is hidden either.
    hiding = not {RequestKind.HIDE, None}.isdisjoint(_asked(title.lower()))
    named = tuple(_named(text, body, hiding=hiding))
    foot = _foot(text, pieces)
    if not any(n.standing is Standing.REQUESTED for n in named):
        problems.append(Problem.NOBODY)
    signature = _signature(span.of(text))
    leftovers = _leftovers(text, pieces, named)
    return Request(
        heading=title,
        section=above[-1].title if above else None,
        kind=kind,
        status=_status(text, statuses[0].node) if statuses else None,
        named=named,
        leftovers=tuple(leftovers),
        lock_or_unlock=kind is None and _is_lock_or_unlock(title, above, has_sections),
        signature=signature,
        problems=tuple(problems),
        heading_span=head.span,
        span=Span(span.start, max(end, foot)),
        foot=foot,
    )


#: Embeddings, overrides and isolates of a direction, not the marks that names may have.
_REORDERING = re.compile('[\u202a-\u202e\u2066-\u2069]')


def _is_endless_strike(what: Node | Tag | Mark | None) -> bool:
    return (
        isinstance(what, Tag)
        and what.name in _STRIKING
        and not (what.closes or what.is_empty or what.partner is not None)
    )


def _is_complex(text: str, pieces: Sequence[_Piece]) -> bool:
    """Tell whether a request may look otherwise to MediaWiki, which has limits too."""
    unclosed = sum(
        isinstance(p.what, Tag) and not p.what.is_empty and p.what.partner is None
        for p in pieces
    )
    unclosed += sum(abs(text.count(a) - text.count(b)) for a, b in ('[]', '{}', '<>'))
    return (
        len(text) > MAX_REQUEST
        or unclosed > MAX_UNCLOSED
        or any(isinstance(p.what, Node) and p.what.depth > MAX_DEPTH for p in pieces)
    )


_CLOSING = re.compile(r'(?:[ \t]*</\w+[ \t]*>)+(?=[ \t]*(?:\n|\Z))')
_CATEGORY = re.compile(r'\[\[\s*category\s*:', re.IGNORECASE)


def _foot(text: str, pieces: Sequence[_Piece]) -> int:
    """Return where the last line ends that says something.

    Comments, rules and categories between two requests, or after the last one, belong
    to the page, not to the one before.
    """
    foot = pieces[0].span.end
    # Whether nothing on this line is the request's so far.
    is_fresh = False
    position = foot
    for piece in pieces[1:]:
        if piece.span.start < position:
            continue
        position = piece.span.end
        if piece.what is None:
            start = piece.span.start
            for number, line in enumerate(piece.span.of(text).split('\n')):
                is_fresh = is_fresh or number > 0
                says = line.strip()
                if is_fresh and says.startswith('----'):
                    says = says.strip('-')
                if says:
                    is_fresh = False
                    foot = start + len(line.rstrip())
                start += len(line) + 1
        elif isinstance(piece.what, Tag) and piece.what.partner is not None:
            continue
        elif not (is_fresh and _is_of_the_page(text, piece)):
            is_fresh = False
            foot = piece.span.end
    # What closes on this line is closed before the next one begins.
    closing = _CLOSING.match(text, foot)
    return closing.end() if closing else foot


def _is_of_the_page(text: str, piece: _Piece) -> bool:
    """Tell whether what begins a line may be a comment, a rule or a category."""
    if isinstance(piece.what, Tag):
        return piece.what.name == 'hr'
    return piece.is_a(Kind.COMMENT) or (
        piece.is_a(Kind.LINK) and _CATEGORY.match(text, piece.span.start) is not None
    )


# What is asked for

_ACT = re.compile(
    r'(?P<un>\(un-?\)|\bun-?|\b)'
    r'(?P<act>lock|block|hid(?=e|ing|den)|suppress|oversight)(?:e?s|ed|ing|e|den|ion)?\b'
)
_TO_WHOM = re.compile(r'\s(?:for|of|against|concerning)\s|:')
#: What may stand in a heading beside what is asked for.
_PLAIN = frozenset(
    ' a accounts account additional an and global globally mass more multiple new or '
    'please request requests several some spambot spambots the user users'.split(' ')
)
_DO = {
    'lock': RequestKind.LOCK,
    'block': RequestKind.BLOCK,
    'hid': RequestKind.HIDE,
    'suppress': RequestKind.HIDE,
    'oversight': RequestKind.HIDE,
}
_UNDO = {'lock': RequestKind.UNLOCK, 'block': RequestKind.UNBLOCK}


def _kinds_of_section(title: str) -> frozenset[RequestKind] | None:
    """Return what the requests below a heading ask for; None if it does not say."""
    title = title.lower()
    if not title.startswith('requests') or 'exempt' in title:
        return None
    return frozenset(kind for kind in _asked(title) if kind) or None


def _kind(
    title: str, above: Sequence[_Section], has_sections: bool
) -> tuple[RequestKind | None, Problem | None]:
    """Return what a request asks for, or why that is not certain.

    :param has_sections: whether the page has sections for requests of some kinds
    """
    what = _TO_WHOM.split(title.lower(), maxsplit=1)[0]
    asked = set(_asked(what)) if _is_plain(what) else set()
    if asked == {RequestKind.LOCK, RequestKind.HIDE}:
        asked = {RequestKind.HIDE}
    if len(asked) != 1:
        return None, Problem.NO_KIND
    (kind,) = asked
    if kind is None:
        return None, Problem.NO_API
    if not above and not has_sections:
        return kind, None
    allowed = next((s.kinds for s in reversed(above) if s.kinds), frozenset())
    if kind not in allowed:
        return None, Problem.OTHER_SECTION
    return kind, None


def _is_lock_or_unlock(
    title: str, above: Sequence[_Section], has_sections: bool
) -> bool:
    """Tell whether a heading asks for a lock or its opposite, where both belong."""
    what = _TO_WHOM.split(title.lower(), maxsplit=1)[0]
    both = {RequestKind.LOCK, RequestKind.UNLOCK}
    if not _is_plain(what) or set(_asked(what)) != both:
        return False
    if not above and not has_sections:
        return True
    allowed = next((s.kinds for s in reversed(above) if s.kinds), frozenset())
    return allowed.issuperset(both)


def _is_plain(words: str) -> bool:
    """Tell whether no word turns a request round, such as "appeal of" a lock."""
    return all(
        word in _PLAIN or _ACT.fullmatch(word)
        for word in re.split(r'[\s/&+,.;]+', words)
    )


def _asked(words: str) -> Iterator[RequestKind | None]:
    """Yield what some words ask for, None being to make something visible."""
    for found in _ACT.finditer(words):
        both = found['un'].startswith('(')
        if both or not found['un']:
            yield _DO[found['act']]
        if found['un']:
            yield _UNDO.get(found['act'])


# The templates

#: Templates that name users: which of their parameters do.
_LOCKING = {
    'lockhide': re.compile('1'),
    'lh': re.compile('1'),
    'multilock': re.compile(r'[1-9]\d*'),
    'multilockhide': re.compile(r'[1-9]\d*'),
    'luxotool': re.compile('1'),
}
_NAMING = {
    **_LOCKING,
    'sultool': re.compile('1'),
    'checkuser': re.compile('1'),
    'sock list': re.compile(r'[1-9]\d*'),
    'cu request': re.compile(r'user name ?\d*'),
}
_FLAG = 'hidename'


def _template(text: str, what: Node | Tag | Mark | None) -> str | None:
    """Return the name of a template, if it is one."""
    if not isinstance(what, Node) or what.kind is not Kind.TEMPLATE:
        return None
    return _name(text, what.content)


def _name(text: str, span: Span | None) -> str:
    assert span is not None
    name = _without_comments(span.of(text)).replace('_', ' ').strip().casefold()
    return re.sub(r'^:?template:', '', name).strip()


def _is_sign(text: str, piece: _Piece) -> bool:
    """Tell whether a piece shows that a heading is that of a request."""
    name = _template(text, piece.what)
    return name == 'status' or name in _NAMING


#: A template's name, in what holds wikitext but is not displayed like other text.
_OPENING = re.compile(r'\{\{([^{}|<>\[\]]+)')


def _hides_a_name(text: str, piece: _Piece) -> bool:
    """Tell whether templates that name users stand inside something else."""
    what = piece.what
    if not isinstance(what, Node):
        return False
    if piece.inside and _template(text, what) in _NAMING:
        return True
    if what.kind in (Kind.EXTENSION, Kind.IGNORED) and what.name not in VERBATIM:
        content = _without_comments(what.content.of(text)) if what.content else ''
        names = _OPENING.findall(content)
        return any(_name(name, Span(0, len(name))) in _NAMING for name in names)
    return any(_name(text, name) in _NAMING for name in what.templates)


def _status(text: str, template: Node) -> Status:
    assert template.content is not None
    span = template.span
    chosen: Span | None = None
    for parameter in template.parameters(text):
        if _key(parameter) == '1':
            chosen = parameter.value
    if chosen is None:
        at = template.content.end
        done = f'{text[span.start : at]}|done{text[at : span.end]}'
        return Status('', span, done, span.of(text))
    old = chosen.of(text)
    word = _without_comments(old).strip().lower()
    comments = ''.join(
        node.span.of(old) for node in _inline(old) if node.kind is Kind.COMMENT
    )
    before = old[: len(old) - len(old.lstrip())]
    after = old[len(old.rstrip()) :] if old.strip() else ''
    start, end = text[span.start : chosen.start], text[chosen.end : span.end]
    return Status(
        ' '.join(word.split()),
        span,
        f'{start}{before}done{comments}{after}{end}',
        f'{start}{before}{comments}{after}{end}',
    )


def _named(text: str, body: Sequence[_Piece], *, hiding: bool) -> Iterator[Named]:
    templates = [(p, k) for p in body if not p.inside if (k := _template(text, p.what))]
    beside = any(kind in _LOCKING for _, kind in templates)
    for piece, kind in templates:
        if kind not in _NAMING:
            continue
        hidden = hiding or any(_is_flag(text, p) for p in piece.node.parameters(text))
        mentioned = beside and kind not in _LOCKING
        for span in _naming(text, piece.node, _NAMING[kind]):
            written = _rendered(span.of(text))
            if written.struck or piece.struck:
                standing = Standing.STRUCK
            elif mentioned:
                standing = Standing.MENTIONED
            else:
                standing = Standing.REQUESTED
            try:
                if written.text is None:
                    raise InvalidName('it is made by a template')
                name = normalise_name(written.text)
            except InvalidName:
                name, standing = span.of(text).strip(), Standing.UNREADABLE
            yield Named(name, kind_of(name), standing, hidden, span)
        if kind in _LOCKING and not piece.struck:
            for parameter in _unread(text, piece.node, kind):
                span, standing = parameter.span, Standing.UNREADABLE
                name = span.of(text).strip()
                yield Named(name, AccountKind.ACCOUNT, standing, hidden, span)


def _naming(text: str, template: Node, wanted: re.Pattern[str]) -> list[Span]:
    """Return what names users; of two parameters with one key the last one counts."""
    found: dict[str, Span] = {}
    for parameter in template.parameters(text):
        key = _key(parameter)
        if not wanted.fullmatch(key) or _is_flag(text, parameter):
            continue
        if _without_comments(parameter.value.of(text)).strip():
            found[key] = parameter.value
        else:
            found.pop(key, None)
    return list(found.values())


def _unread(
    text: str, template: Node, kind: str, *, overridden: bool = False
) -> Iterator[Parameter]:
    """Yield the parameters of a template that are not for names, and may hold one.

    :param overridden: those instead that are for names, and of which a later one counts
    """
    naming = _naming(text, template, _NAMING[kind])
    for parameter in template.parameters(text):
        if parameter.value in naming or _is_harmless_value(text, parameter):
            continue
        if (_NAMING[kind].fullmatch(_key(parameter)) is not None) is overridden:
            yield parameter


#: A language or project, or a switch.
_HARMLESS_VALUE = re.compile('[a-z]{2}|[a-z_]{2,20}wiki|yes|true|false|off')


def _is_harmless_value(text: str, parameter: Parameter) -> bool:
    """Tell whether a parameter that is not for names cannot hold one either."""
    if _is_flag(text, parameter):
        return True
    value = _without_comments(parameter.value.of(text)).strip()
    if not value and parameter.named:
        # What stands before a stray sign may be meant as a name.
        return re.fullmatch(r'[\w -]{0,20}', parameter.key) is not None
    return not value or _HARMLESS_VALUE.fullmatch(value) is not None


def _key(parameter: Parameter) -> str:
    key = _without_comments(parameter.key)
    return ' '.join(key.replace('_', ' ').split()).lower()


def _is_flag(text: str, parameter: Parameter) -> bool:
    """Tell whether a parameter asks to hide the names, also without its ``=``."""
    value = _without_comments(parameter.value.of(text)).strip()
    if parameter.named:
        return _key(parameter) == _FLAG and bool(value)
    return value.casefold() == _FLAG


# What may name somebody and is not taken

#: Templates that say something of a request, or show what is in them as it is.
_REMARKS = frozenset(
    '=, !, already done, archive bottom, archive top, clear, closed, cob, collapse '
    'bottom, collapse top, collapsed, comment, cot, deferred, disagree, declined, '
    'done, edit conflict, ec, endorse, flag, hab, hat, hidden begin, hidden end, hold, '
    'in progress, int, neutral, no, not done, notdone, note, od, on hold, onhold, '
    'oppose, outdent, partially done, partly done, phab, question, re, reply, '
    'reply to, replyto, ping, rto, resolved, status, support, template link, thank '
    'you, thanks, tick, tl, tlc, tlp, tls, tlx, tracked, unsigned, unsigned ip, '
    'unsigned2, unsignedip, withdrawn, yes'.split(', ')
)
#: Those of them that speak against acting on a request, whatever its status is.
_DECIDING = frozenset(
    'archive top, closed, declined, not done, notdone, withdrawn'.split(', ')
)
#: Characters of a signature after its last link.
_LONGEST_SIGNATURE = 200
#: What stands between a user's link and the time in a signature.
_SIGNED = re.compile(r'[\W_]*(?:\([^()]{0,60}\)[\W_]*)?')
#: A time as MediaWiki signs with, in whatever language.
_TIME = re.compile(r'\d{1,2}[:.]\d\d(?:[:.]\d\d)?,? [^\n()\[\]{}|]{3,40} ?\(\w{2,6}\)')
#: An item of a list that is nothing but a few words, as a name would be.
_ITEM = re.compile(r'[*#][*#:]*[ \t]*([^\s*#:{}|\[\]<>/][^{}|\[\]<>/#]{0,59})')
#: The user in the form of a request page.
_PLACEHOLDER = 'Foo'


def _leftovers(
    text: str,
    pieces: Sequence[_Piece],
    named: Sequence[Named],
) -> Iterator[Leftover]:
    """Yield what may name somebody in a request, and is neither taken nor struck out.

    Signatures do not count, nor does who signed first, nor who is pinged.
    """
    known = {n.name for n in named if n.standing is not Standing.UNREADABLE}
    signed = _signatures(text, pieces[1:])
    if signed:
        with suppress(InvalidName):
            known.add(normalise_name(signed[min(signed)]))
    seen: set[str] = set()
    for written, user, span in _mentions(text, pieces, signed):
        name = None
        if user is not None:
            with suppress(InvalidName):
                name = normalise_name(user)
        shown = ' '.join(written.split())
        if name in known or (name or shown) in seen:
            continue
        if name == _PLACEHOLDER and span.start < pieces[0].span.end:
            continue
        seen.add(name or shown)
        yield Leftover(shown, name, span)


_Mention = tuple[str, str | None, Span]


def _mentions(
    text: str, pieces: Sequence[_Piece], signed: Collection[int]
) -> Iterator[_Mention]:
    """Yield what may name somebody, as it is written, and whom if that is told."""
    head, *body = pieces
    for written, user in head.users:
        yield written, user, head.span
    headers = _headers(body)
    cells: dict[int, list[_Piece]] = {}
    for piece in body:
        start = piece.span.start
        if piece.struck or start in signed or text[start - 1 : start] == '@':
            continue
        what = piece.what
        if what is None:
            yield from _in_text(text, piece)
            if piece.cell is not None and piece.cell not in headers:
                cells.setdefault(piece.cell, []).append(piece)
        elif not isinstance(what, Node):
            continue
        elif what.kind is Kind.LINK:
            for written, user in piece.users:
                yield written, user, piece.span
        elif what.kind is Kind.TEMPLATE:
            yield from _in_template(text, piece)
        elif what.kind is Kind.EXTENSION:
            content = what.content.of(text) if what.content else ''
            if _OPENING.search(content) or '[[' in content:
                yield piece.span.of(text), None, piece.span
    for inner in cells.values():
        whole = ' '.join(' '.join(p.span.of(text) for p in inner).split())
        if any(map(str.isalnum, whole)):
            yield whole, None, inner[0].span


def _in_text(text: str, piece: _Piece) -> Iterator[_Mention]:
    """Yield whom plain text names by addresses, and list items that may be names."""
    plain = piece.span.of(text)
    for url, user in users_in_urls(plain):
        yield url, user, piece.span
    for address in addresses(plain):
        yield address, address, piece.span
    start = piece.span.start
    for line in plain.split('\n'):
        end = start + len(line)
        is_whole = (start == 0 or text[start - 1] == '\n') and (
            end == len(text) or text[end] == '\n'
        )
        item = _ITEM.fullmatch(line.rstrip()) if is_whole else None
        if item and not item[1].endswith(('.', '!', '?', ';', ',', ':')):
            yield item[1], item[1], Span(start, end)
        start = end + 1


def _in_template(text: str, piece: _Piece) -> Iterator[_Mention]:
    """Yield what a template may name that is not known, or what is left over of one."""
    kind = _template(text, piece.what)
    assert kind is not None
    if kind in _REMARKS:
        return
    if kind not in _NAMING:
        is_page = ':' in kind or kind.startswith('/')
        values = (p.value.of(text) for p in piece.node.parameters(text))
        if is_page or any(_without_comments(value).strip() for value in values):
            yield piece.span.of(text), None, piece.span
    elif kind != 'cu request':
        for parameter in _unread(text, piece.node, kind, overridden=True):
            value = _rendered(parameter.value.of(text)).text
            yield parameter.span.of(text).strip(), value, parameter.span
        if kind not in _LOCKING:
            for parameter in _unread(text, piece.node, kind):
                yield parameter.span.of(text).strip(), None, parameter.span


def _linked(
    text: str, what: Node | Tag | Mark, namespaces: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return the links to users that something is, or has in it if it is a heading."""
    if not isinstance(what, Node) or what.kind not in (Kind.LINK, Kind.HEADING):
        return ()
    if what.kind is Kind.HEADING:
        title = _title(text, what)
        links = [n.span.of(title) for n in _inline(title) if n.kind is Kind.LINK]
    else:
        links = [what.span.of(text)]
    targets = [_without_comments(link[2:-2]).partition('|')[0] for link in links]
    return tuple(
        (link, user)
        for link, target in zip(links, targets, strict=True)
        if (user := linked_user(target, namespaces))
    )


def _headers(body: Sequence[_Piece]) -> frozenset[int]:
    """Return where the cells begin that only say what stands in a column."""
    headers: set[int] = set()
    row: list[int] = []
    for piece in body:
        if not isinstance(piece.what, Mark):
            continue
        if piece.what.kind is MarkKind.CELL:
            row.clear()
        elif piece.what.kind is MarkKind.HEADER:
            row.append(piece.span.start)
        elif piece.what.kind is MarkKind.CAPTION:
            headers.add(piece.span.start)
        else:
            headers.update(row)
            row.clear()
    return frozenset({*headers, *row})


def _signatures(text: str, body: Sequence[_Piece]) -> dict[int, str]:
    """Return where the links of signatures begin, and whose they are.

    A signature is the last user that a line links to before a time. What begins an
    item of a list is none.
    """
    found: dict[int, str] = {}
    links: list[tuple[str, int]] = []
    since = ''
    for piece in body:
        if user := _signer(text, piece):
            links.append((user, piece.span.start))
            since = ''
        elif piece.what is None:
            plain = piece.span.of(text)
            since += plain.partition('\n')[0][:_LONGEST_SIGNATURE]
            time = _TIME.search(since)
            if time and links:
                name = links[-1][0]
                mine = [p for user, p in links if user.casefold() == name.casefold()]
                if _SIGNED.fullmatch(since[: time.start()]) and not _begins_item(
                    text, mine[0]
                ):
                    found.update(dict.fromkeys(mine, name))
            if time or '\n' in plain or len(since) >= _LONGEST_SIGNATURE:
                links.clear()
                since = ''
    return found


def _signer(text: str, piece: _Piece) -> str | None:
    """Return the user whom a link leads to, or whose page is in its place."""
    if piece.is_a(Kind.LINK):
        user = piece.users[0][1] if piece.users else None
    elif piece.is_a(Kind.TEMPLATE):
        user = linked_user(_template(text, piece.what) or '')
    else:
        return None
    return user and user.strip().replace('_', ' ')


def _begins_item(text: str, position: int) -> bool:
    """Tell whether what stands somewhere begins an item of a list with a bullet."""
    before = text[max(position - 20, 0) : position].rpartition('\n')[2]
    return re.fullmatch(r'[*#:]*[*#][*#:]*\s*', before) is not None


# The text of names and headings


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it is displayed; without text where only a wiki could tell."""

    text: str | None
    struck: bool = False


def _rendered(text: str) -> _Written:
    """Return a parameter's value as it is displayed."""
    if re.search(r'\n[^\S\n]*[*#:;|!]', text):
        return _Written(None)
    parts: list[str] = []
    struck = False
    for what, whole in _inline_parts(text):
        if isinstance(what, Tag):
            if not _is_shown(what):
                return _Written(None)
            struck = struck or what.name in _STRIKING
        elif what is None or what.kind is Kind.LINK:
            parts.append(whole)
        elif _template(text, what) == '=':
            parts.append('=')
        elif what.kind is Kind.EXTENSION and what.name == 'nowiki' and what.content:
            parts.append(what.content.of(text))
        elif what.kind is not Kind.COMMENT:
            return _Written(None)
    return _Written(''.join(parts), struck)


def _is_shown(tag: Tag) -> bool:
    """Tell whether what a tag encloses is displayed like the text around it."""
    return (
        tag.partner is not None
        and tag.name in _TRANSPARENT | _STRIKING
        and not _veils(tag.attributes)
    )


#: How deep links and templates in a heading are taken apart.
_DEEPEST_HEADING = 4
_EXTERNAL_LINK = re.compile(r'\[(?:[a-z]+:)?//[^\s\[\]]*([^\[\]\n]*)\]', re.IGNORECASE)


def _displayed(text: str, depth: int = 0) -> str:
    """Return a heading as it is displayed, roughly where it holds templates."""
    parts = []
    for node in _inline(text):
        whole = node.span.of(text)
        if node.kind is Kind.TEXT:
            parts.append(whole)
        elif node.kind is Kind.COMMENT or depth >= _DEEPEST_HEADING:
            continue
        elif node.kind is Kind.LINK:
            target, bar, label = whole[2:-2].partition('|')
            parts.append(_displayed(label if bar else target, depth + 1))
        elif node.kind is Kind.TEMPLATE:
            values = [p.value.of(text) for p in node.parameters(text)]
            parts.append(' '.join(_displayed(v, depth + 1) for v in values if v))
        elif node.kind is Kind.EXTENSION and node.name == 'nowiki' and node.content:
            parts.append(node.content.of(text))
    shown = _EXTERNAL_LINK.sub(r'\1', re.sub(r'</?[A-Za-z][^<>]*>', '', ''.join(parts)))
    if depth:
        return shown
    return ' '.join(re.sub("'{2,}", '', decoded(shown)).split())


def _plain(text: str) -> str:
    """Return a heading with a sign in place of all that may be displayed otherwise."""
    parts = []
    for what, whole in _inline_parts(text):
        if what is None:
            parts.append(decoded(whole))
        elif isinstance(what, Tag):
            if not _is_shown(what) or what.name in _STRIKING:
                parts.append(OTHER)
        elif what.kind is Kind.LINK:
            parts.append(_displayed(whole))
        elif what.kind is not Kind.COMMENT:
            parts.append(OTHER)
    return re.sub("'{2,}", '', ''.join(parts))


def _inline_parts(text: str) -> Iterator[tuple[Node | Tag | None, str]]:
    """Yield the nodes and tags of a text and what is between, and how it is written."""
    nodes = _inline(text)
    whats: list[Node | Tag] = [n for n in nodes if n.kind is not Kind.TEXT]
    whats += tags(masked(text, nodes))
    position = 0
    for what in sorted(whats, key=lambda what: (what.span.start, -what.span.end)):
        if what.span.start < position:
            continue
        if what.span.start > position:
            yield None, text[position : what.span.start]
        yield what, what.span.of(text)
        position = what.span.end
    if position < len(text):
        yield None, text[position:]


def _inline(text: str) -> list[Node]:
    """Take a text apart that stands within a line."""
    return parse(text, begins_line=False)


def _without_comments(text: str) -> str:
    if '<!--' not in text:
        return text
    return ''.join(
        node.span.of(text) for node in _inline(text) if node.kind is not Kind.COMMENT
    )


_MONTHS = (
    'January February March April May June July August September October November '
    'December'
).split()
_MOMENT = re.compile(
    rf'(\d\d):(\d\d), (\d{{1,2}}) ({"|".join(_MONTHS)}) (\d{{4}}) \(UTC\)'
)
_BY = re.compile(
    r'\[\[\s*:?(?:[a-z-]+:)*(?:user(?:[ _]talk)?:|special:contributions/)'
    r'([^\]|#/]+)',
    re.IGNORECASE,
)


def _signature(text: str) -> Signature | None:
    for found in _MOMENT.finditer(text):
        hour, minute, day, month, year = found.groups()
        try:
            moment = datetime(
                int(year),
                _MONTHS.index(month) + 1,
                int(day),
                int(hour),
                int(minute),
                tzinfo=timezone.utc,
            )
        except ValueError:
            continue
        line = text[text.rfind('\n', 0, found.start()) + 1 : found.start()]
        links = _BY.findall(line)
        name = None
        if links:
            try:
                name = normalise_name(links[-1])
            except InvalidName:
                name = None
        return Signature(name, moment)
    return None
