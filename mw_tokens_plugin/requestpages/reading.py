"""From the pieces of a page to its requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mw_tokens_plugin.protocol.markup import Mark, Tag
from mw_tokens_plugin.protocol.names import decoded
from mw_tokens_plugin.protocol.wikitext import Kind, Node, Span
from mw_tokens_plugin.requestpages.headings import (
    Section,
    acts_asked,
    is_lock_or_unlock,
    kind_asked,
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
    OPEN,
    Problem,
    Request,
    RequestKind,
    Standing,
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

#: Longest request that can be certain, in characters.
MAX_REQUEST = 200_000
#: How deep brackets may be nested in a certain request.
MAX_DEPTH = 40
#: Brackets and tags without an end that a request may have to be certain.
MAX_UNCLOSED = 100


# Requests that were read, by their text and what is around it.
KnownRequests = dict[tuple[object, ...], Request]


def requests_in(
    text: str, pieces: Sequence[Piece], known: KnownRequests
) -> Iterator[Request]:
    """Yield the requests of a page, in the order in which they stand there.

    :param known: requests that need not be read again; new ones are added
    """
    heads = [i for i, piece in enumerate(pieces) if piece.is_a(Kind.HEADING)]
    titles = [displayed(title_of(text, pieces[head].node)) for head in heads]
    sections = list(map(kinds_of_section, titles))
    has_sections = any(sections)
    #: The sections that a heading stands in: level, and what is asked for there.
    above: list[Section] = []
    within: int | None = None
    for position, head in enumerate(heads):
        level = pieces[head].node.level
        if within is not None and level > within:
            continue
        while above and above[-1].level >= level:
            above.pop()
        following = heads[position + 1] if position + 1 < len(heads) else len(pieces)
        title, kinds = titles[position], sections[position]
        signs = any(is_sign(text, p) for p in pieces[head + 1 : following])
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
            key = (whole, *above, has_sections)
            depends = is_last or any(p.struck or p.veiled or p.inside for p in mine)
            request = None if depends else known.get(key)
            if request is None:
                is_complex = _is_complex(whole, mine)
                request = _request(
                    text, title, mine, end, above, has_sections, is_complex
                )
            if not depends:
                known[key] = request
            yield _moved(request, pieces[head].span.start)
        else:
            within = None
            above.append(Section(level, title, kinds))


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


def _request(
    text: str,
    title: str,
    pieces: Sequence[Piece],
    end: int,
    above: Sequence[Section],
    has_sections: bool,
    is_complex: bool,
) -> Request:
    head, *body = pieces
    span = Span(head.span.start, end)
    statuses = [
        p for p in body if not p.inside and template_name(text, p.what) == 'status'
    ]
    kind, problem = kind_asked(
        plain_heading(title_of(text, head.node)), above, has_sections
    )
    problems = [problem] if problem else []
    if len(statuses) != 1:
        problems.append(Problem.SEVERAL_STATUSES if statuses else Problem.NO_STATUS)
    if head.struck or any(p.struck for p in statuses):
        problems.append(Problem.STRUCK)
    if any(hides_a_name(text, piece) for piece in pieces):
        problems.append(Problem.INSIDE)
    if head.veiled or any(p.veiled for p in body if is_sign(text, p)):
        problems.append(Problem.VEILED)
    if (
        len(statuses) == 1
        and status_of(text, statuses[0].node).word in OPEN
        and any(template_name(text, p.what) in DECIDING for p in body if not p.struck)
    ):
        problems.append(Problem.DECIDED)
    if any(_is_endless_strike(piece.what) for piece in pieces):
        problems.append(Problem.ENDLESS_STRIKE)
    if any(
        template_name(text, p.what) in NAMING
        and _REORDERING.search(decoded(p.span.of(text)))
        for p in body
    ):
        problems.append(Problem.REORDERED)
    if is_complex:
        problems.append(Problem.COMPLEX)
    # What a request to hide names is not to be shown before it is hidden either.
    hiding = not {RequestKind.HIDE, None}.isdisjoint(acts_asked(title.lower()))
    named = tuple(names_in(text, body, hiding=hiding))
    foot = _foot(text, pieces)
    if not any(n.standing is Standing.REQUESTED for n in named):
        problems.append(Problem.NOBODY)
    signature = first_signature(span.of(text))
    leftovers = leftovers_in(text, pieces, named)
    return Request(
        heading=title,
        section=above[-1].title if above else None,
        kind=kind,
        status=status_of(text, statuses[0].node) if statuses else None,
        named=named,
        leftovers=tuple(leftovers),
        lock_or_unlock=kind is None and is_lock_or_unlock(title, above, has_sections),
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
        and what.name in STRIKING
        and not (what.closes or what.is_empty or what.partner is not None)
    )


def _is_complex(text: str, pieces: Sequence[Piece]) -> bool:
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


def _foot(text: str, pieces: Sequence[Piece]) -> int:
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


def _is_of_the_page(text: str, piece: Piece) -> bool:
    """Tell whether what begins a line may be a comment, a rule or a category."""
    if isinstance(piece.what, Tag):
        return piece.what.name == 'hr'
    return piece.is_a(Kind.COMMENT) or (
        piece.is_a(Kind.LINK) and _CATEGORY.match(text, piece.span.start) is not None
    )
