"""From the pieces of a page to its requests.

What headings, templates and signatures mean is left to the modules named after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from mw_tokens_plugin.protocol.markup import Mark, Tag
from mw_tokens_plugin.protocol.names import decoded
from mw_tokens_plugin.protocol.wikitext import Node, NodeKind, Span
from mw_tokens_plugin.requestpages.addresses import REORDERING, addresses_in
from mw_tokens_plugin.requestpages.headings import (
    Section,
    acts_asked,
    kind_asked,
    kind_if_agreed,
    kinds_of_section,
)
from mw_tokens_plugin.requestpages.inline import (
    displayed,
    plain_heading,
    template_name,
    title_of,
)
from mw_tokens_plugin.requestpages.leftovers import DECIDING, leftovers_in
from mw_tokens_plugin.requestpages.model import (
    CLOSED,
    OPEN,
    Problem,
    Request,
    RequestKind,
    Standing,
    Status,
)
from mw_tokens_plugin.requestpages.pieces import Piece
from mw_tokens_plugin.requestpages.signatures import first_signature
from mw_tokens_plugin.requestpages.templates import (
    NAMING,
    hides_a_name,
    is_sign,
    names_in,
    status_of,
)
from mw_tokens_plugin.requestpages.visibility import STRIKING

#: Characters of a request; a longer one is never certain.
MAX_REQUEST = 200_000
#: Brackets within one another in a request that can be certain.
MAX_DEPTH = 40
#: Brackets and tags without an end in a request that can be certain.
MAX_UNCLOSED = 100


# Requests that were read, by their text and what is around it.
KnownRequests = dict[tuple[object, ...], Request]


@dataclass(frozen=True, slots=True)
class _Boxes:
    """Boxes around several archived requests.

    :ivar headings: the places of the headings in them
    :ivar tops: the places of templates with which they begin between two requests
    """

    headings: frozenset[int]
    tops: frozenset[int]


def _boxes_in(text: str, pieces: Sequence[Piece]) -> _Boxes:
    headings: set[int] = set()
    tops: set[int] = set()
    top: int | None = None
    # Headings since then, and whether anything else was before the first one.
    inner: list[int] = []
    has_more = False
    for piece in pieces:
        if piece.inside or piece.struck:
            continue
        name = template_name(text, piece.what)
        if name == 'archive top':
            top, inner, has_more = piece.span.start, [], False
        elif name == 'archive bottom' and top is not None:
            headings.update(inner)
            if inner and not has_more:
                tops.add(top)
            top = None
        elif piece.is_a(NodeKind.HEADING):
            inner.append(piece.span.start)
        elif not inner and not piece.is_a(NodeKind.COMMENT):
            has_more = has_more or bool(piece.span.of(text).strip())
    return _Boxes(frozenset(headings), frozenset(tops))


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of a page that is one request.

    :ivar page: the text of the page
    :ivar title: the heading as it is displayed
    :ivar pieces: the heading and everything below it
    :ivar end: the place where the part ends
    :ivar whole: its text; of the last part, with text that an unclosed comment hides
    :ivar is_last: whether it is the last part of the page
    :ivar above: the headings of sections that it is in, the outermost first
    :ivar has_sections: whether the page has sections for requests of some kinds
    :ivar boxes: the boxes of archived requests on the page
    """

    page: str
    title: str
    pieces: Sequence[Piece]
    end: int
    whole: str
    is_last: bool
    above: tuple[Section, ...]
    has_sections: bool
    boxes: _Boxes

    @property
    def is_archived(self) -> bool:
        """Whether it begins in a box of archived requests."""
        return self.pieces[0].span.start in self.boxes.headings

    @property
    def depends_on_the_page(self) -> bool:
        """Whether other parts of the page can change what it says."""
        return (
            self.is_last
            or self.is_archived
            or any(
                p.struck or p.may_be_struck or p.may_be_hidden or p.inside
                for p in self.pieces
            )
        )


def requests_in(
    text: str, pieces: Sequence[Piece], known: KnownRequests
) -> Iterator[Request]:
    """Yield the requests of a page, in their order there.

    :param text: the text of the page
    :param pieces: its pieces
    :param known: requests that need not be read again; new ones are added
    """
    for part in _parts(text, pieces):
        key = (part.whole, *part.above, part.has_sections)
        depends = part.depends_on_the_page
        request = None if depends else known.get(key)
        if request is None:
            request = _request(part)
        if not depends:
            known[key] = request
        yield _moved(request, part.pieces[0].span.start)


def _parts(text: str, pieces: Sequence[Piece]) -> Iterator[_Part]:
    """Yield the parts of a page that are requests.

    A heading is that of a request if a sign of one follows it before the next heading,
    or if it is in a section for requests. Headings below it are parts of the request.
    """
    heads = [i for i, piece in enumerate(pieces) if piece.is_a(NodeKind.HEADING)]
    titles = [displayed(title_of(text, pieces[head].node)) for head in heads]
    sections = list(map(kinds_of_section, titles))
    boxes = _boxes_in(text, pieces)
    above: list[Section] = []
    #: The level of the present request.
    within: int | None = None
    for position, head in enumerate(heads):
        level = pieces[head].node.level
        if within is not None and level > within:
            continue
        while above and above[-1].level >= level:
            above.pop()
        following = heads[position + 1] if position + 1 < len(heads) else len(pieces)
        title, kinds = titles[position], sections[position]
        has_sign = any(is_sign(text, p) for p in pieces[head + 1 : following])
        if not has_sign and not (above and above[-1].kinds and not kinds):
            within = None
            above.append(Section(level, title, kinds))
            continue
        within = level
        last = next(
            (
                each
                for each in heads[position + 1 :]
                if pieces[each].node.level <= level
            ),
            len(pieces),
        )
        first_status = next(
            (
                number
                for number in range(head + 1, last)
                if template_name(text, pieces[number].what) == 'status'
            ),
            head,
        )
        if kinds and first_status > following:
            # A request without a heading, above all others of the section.
            last, within = following, None
            above.append(Section(level, title, kinds))
        is_last = last == len(pieces)
        end = pieces[-1].span.end if is_last else pieces[last].span.start
        whole = text[pieces[head].span.start : len(text) if is_last else end]
        mine = pieces[head:last]
        yield _Part(
            text,
            title,
            mine,
            end,
            whole,
            is_last,
            tuple(above[:-1] if within is None else above),
            any(sections),
            boxes,
        )


def _moved(request: Request, start: int) -> Request:
    """Return a request at another place of a page.

    :param start: the place of its heading
    """
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


def _request(part: _Part) -> Request:
    """Return the request that a part of a page is."""
    text = part.page
    head, *body = part.pieces
    statuses = [
        p for p in body if not p.inside and template_name(text, p.what) == 'status'
    ]
    kind, problem = kind_asked(
        plain_heading(title_of(text, head.node)), part.above, part.has_sections
    )
    # Names in a request to hide them must not be shown, even before they are hidden.
    hiding = not {RequestKind.HIDE, None}.isdisjoint(acts_asked(part.title.lower()))
    named = tuple(names_in(text, body, hiding=hiding))
    either = None
    if kind is None:
        either = kind_if_agreed(part.title, part.above, part.has_sections)
    if RequestKind.BLOCK in (kind, either) or kind is RequestKind.UNBLOCK:
        bare = addresses_in(text, body, hiding=hiding)
        named = tuple(sorted((*named, *bare), key=lambda each: each.span.start))
    problems = [problem] if problem else []
    problems += _problems(part, statuses)
    if not any(n.standing is Standing.REQUESTED for n in named):
        problems.append(Problem.NOBODY)
    span = Span(head.span.start, part.end)
    foot = _foot(text, part.pieces)
    return Request(
        heading=part.title,
        section=part.above[-1].title if part.above else None,
        kind=kind,
        status=_status(text, statuses),
        named=named,
        leftovers=tuple(leftovers_in(text, part.pieces, named)),
        either=either,
        signature=first_signature(span.of(text)),
        problems=tuple(problems),
        heading_span=head.span,
        span=Span(span.start, max(part.end, foot)),
        foot=foot,
    )


def _status(text: str, statuses: Sequence[Piece]) -> Status | None:
    """Return the status; of several one that may be open, so that it is not closed."""
    found = [status_of(text, piece.node) for piece in statuses]
    return next((s for s in found if s.word not in CLOSED), next(iter(found), None))


def _problems(part: _Part, statuses: Sequence[Piece]) -> Iterator[Problem]:
    """Yield what is uncertain about a request, besides its heading and names.

    :param statuses: its templates ``{{Status}}``
    """
    text = part.page
    head, *body = part.pieces
    if len(statuses) != 1:
        yield Problem.SEVERAL_STATUSES if statuses else Problem.NO_STATUS
    if head.struck or any(p.struck for p in statuses):
        yield Problem.STRUCK
    if any(hides_a_name(text, piece) for piece in part.pieces):
        yield Problem.INSIDE
    divided = accumulate(body, lambda before, p: before or p.divides, initial=False)
    if head.may_be_hidden or any(
        p.may_be_hidden or is_divided or _is_far_to_the_right(text, p)
        for p, is_divided in zip(body, divided, strict=False)
        if is_sign(text, p)
    ):
        yield Problem.MAY_BE_HIDDEN
    if (
        len(statuses) == 1
        and status_of(text, statuses[0].node).word in OPEN
        and (
            part.is_archived
            or any(
                template_name(text, p.what) in DECIDING
                for p in body
                if not p.struck and p.span.start not in part.boxes.tops
            )
        )
    ):
        yield Problem.DECIDED
    if (
        head.may_be_struck
        or any(_is_endless_strike(p.what) for p in part.pieces)
        or any(p.may_be_struck for p in body if is_sign(text, p))
    ):
        yield Problem.ENDLESS_STRIKE
    if any(
        template_name(text, p.what) in NAMING
        and REORDERING.search(decoded(p.span.of(text)))
        for p in body
    ):
        yield Problem.REORDERED
    if _is_complex(part.whole, part.pieces):
        yield Problem.COMPLEX


def _is_far_to_the_right(text: str, piece: Piece) -> bool:
    """Return whether a piece is in a list that is too deep to be seen."""
    line = text.rfind('\n', 0, piece.span.start) + 1
    return re.match(r'[*#:;]{31}', text[line : line + 31]) is not None


def _is_endless_strike(what: Node | Tag | Mark | None) -> bool:
    return (
        isinstance(what, Tag)
        and what.name in STRIKING
        and not (what.closes or what.is_empty or what.partner is not None)
    )


def _is_complex(text: str, pieces: Sequence[Piece]) -> bool:
    """Return whether MediaWiki, which has limits too, may read a request otherwise."""
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


def _foot(text: str, pieces: Sequence[Piece]) -> int:
    """Return the end of the last line of a request that is not empty.

    Comments, rules and categories between two requests, or after the last one, belong
    to the page, not to the request before.
    """
    foot = pieces[0].span.end
    # Whether nothing on this line belongs to the request so far.
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
                content = line.strip()
                if is_fresh and content.startswith('----'):
                    content = content.strip('-')
                if content:
                    is_fresh = False
                    foot = start + len(line.rstrip())
                start += len(line) + 1
        elif isinstance(piece.what, Tag) and piece.what.partner is not None:
            continue
        elif not (is_fresh and _is_of_the_page(text, piece)):
            is_fresh = False
            foot = piece.span.end
    # Tags that are closed on this line are closed before a new line is added.
    closing = _CLOSING.match(text, foot)
    return closing.end() if closing else foot


def _is_of_the_page(text: str, piece: Piece) -> bool:
    """Return whether a piece at the start of a line is a comment, rule or category."""
    if isinstance(piece.what, Tag):
        return piece.what.name == 'hr'
    return piece.is_a(NodeKind.COMMENT) or (
        piece.is_a(NodeKind.LINK)
        and _CATEGORY.match(text, piece.span.start) is not None
    )
