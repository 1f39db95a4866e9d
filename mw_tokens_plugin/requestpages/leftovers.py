"""Texts in a request that may name somebody, in a form that is not acted on.

Names in templates for them are left to :mod:`.templates`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from urllib.parse import unquote

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.markup import Mark, MarkKind
from mw_tokens_plugin.protocol.mentions import addresses, users_in_urls
from mw_tokens_plugin.protocol.names import decoded, normalise_name
from mw_tokens_plugin.protocol.wikitext import Node, NodeKind, Span
from mw_tokens_plugin.requestpages.inline import (
    displayed,
    rendered,
    template_name,
    title_of,
    without_comments,
)
from mw_tokens_plugin.requestpages.model import Leftover, Named, Standing
from mw_tokens_plugin.requestpages.pieces import Piece
from mw_tokens_plugin.requestpages.signatures import signatures_in
from mw_tokens_plugin.requestpages.templates import (
    LOCKING,
    NAMING,
    OPENING,
    unread_parameters,
)

#: Templates that comment on a request, or show their parameters as they are.
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
#: Those of them that name the author of a comment, or somebody to notify.
_SIGNING = frozenset(
    'int, ping, re, reply, reply to, replyto, rto, unsigned, unsigned ip, unsigned2, '
    'unsignedip'.split(', ')
)
#: Those of them that reject a request, whatever its status is.
DECIDING = frozenset(
    'archive top, closed, declined, not done, notdone, withdrawn'.split(', ')
)
#: An item of a list that consists of a few words, like a name.
_ITEM = re.compile(r'[*#][*#:]*[ \t]*([^\s*#:{}|\[\]<>/][^{}|\[\]<>/#]{0,59})')
_URL = re.compile(r'(?:https?:)?//([^\s<>"\[\]{}|]+)', re.IGNORECASE)
#: What is meant for a template that names users, and is displayed as it is written, for
#: want of a bracket.
_NEARLY = re.compile(
    r'(?<![\[{])[\[{]{1,9} ?(?:template: ?)?('
    + '|'.join(name.replace(' ', '[ _]') for name in NAMING)
    + r') ?[|:\]]',
    re.IGNORECASE,
)
#: A user that is named without a link; where the name ends is not known.
_USER = re.compile(
    r'(?<![\w/@:])(?:user|user[ _]talk|special):\w[^\n]{0,60}', re.IGNORECASE
)
#: The example user in the form for new requests.
_PLACEHOLDER = 'Foo'


def leftovers_in(
    text: str,
    pieces: Sequence[Piece],
    named: Sequence[Named],
) -> Iterator[Leftover]:
    """Yield texts that may name somebody, and are neither in ``named`` nor struck out.

    Signatures do not count, nor does the user who signed first, nor who is pinged.

    :param pieces: those of the request, its heading first
    :param named: the names in its templates
    """
    known = {n.name for n in named if n.standing is not Standing.UNREADABLE}
    signed = signatures_in(text, pieces[1:])
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
    text: str, pieces: Sequence[Piece], signed: Collection[int]
) -> Iterator[_Mention]:
    """Yield texts that may name somebody, and the user that they name if known."""
    head, *body = pieces
    for written, user in head.users:
        yield written, user, head.span
    for address in addresses(displayed(title_of(text, head.node))):
        yield address, address, head.span
    headers = _headers(body)
    cells: dict[int, list[Piece]] = {}
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
        elif what.kind in (NodeKind.LINK, NodeKind.ARGUMENT):
            if nearly := _NEARLY.match(text, start, piece.span.end):
                yield nearly[0], None, piece.span
            for written, user in piece.users:
                yield written, user, piece.span
            for address in addresses(unquote(piece.span.of(text))):
                yield address, address, piece.span
        elif what.kind is NodeKind.TEMPLATE:
            yield from _in_template(text, piece)
        elif what.kind in (NodeKind.EXTENSION, NodeKind.CONVERSION):
            content = piece.span.of(text)
            if OPENING.search(content) or '[[' in content or _has_address(content):
                yield piece.span.of(text), None, piece.span
    for inner in cells.values():
        whole = ' '.join(' '.join(p.span.of(text) for p in inner).split())
        if any(map(str.isalnum, whole)):
            yield whole, None, inner[0].span


def _in_text(text: str, piece: Piece) -> Iterator[_Mention]:
    """Yield the users that addresses in a text name, and items that may be names."""
    plain = piece.span.of(text)
    for url, user in users_in_urls(plain):
        yield url, user, piece.span
    for found in _URL.finditer(plain):
        for address in addresses(unquote(found[1])):
            yield found[0], address, piece.span
    for named in _USER.finditer(plain):
        yield named[0], None, piece.span
    plain = decoded(plain) if '&' in plain else plain
    for nearly in _NEARLY.finditer(plain):
        # The name after it may be one that must not be shown.
        yield nearly[0], None, piece.span
    for address in addresses(plain):
        yield address, address, piece.span
    start = piece.span.start
    for line in piece.span.of(text).split('\n'):
        end = start + len(line)
        is_whole = (start == 0 or text[start - 1] == '\n') and (
            end == len(text) or text[end] == '\n'
        )
        item = _ITEM.fullmatch(line.rstrip()) if is_whole else None
        if item and not item[1].endswith(('.', '!', '?', ';', ',', ':')):
            yield item[1], item[1], Span(start, end)
        start = end + 1


def _in_template(text: str, piece: Piece) -> Iterator[_Mention]:
    """Yield an unknown template, or parameters of a known one that may be names."""
    kind = template_name(text, piece.what)
    assert kind is not None
    if kind in _REMARKS:
        if kind not in _SIGNING and _has_address(piece.span.of(text)):
            yield piece.span.of(text), None, piece.span
        return
    if kind not in NAMING:
        is_page = ':' in kind or kind.startswith('/')
        values = (p.value.of(text) for p in piece.node.parameters(text))
        # Such as "{{LockHide Name}}".
        is_nearly = kind.startswith(tuple(f'{name} ' for name in NAMING))
        if (
            is_page
            or is_nearly
            or any(without_comments(value).strip() for value in values)
        ):
            yield piece.span.of(text), None, piece.span
    elif kind != 'cu request':
        for parameter in unread_parameters(text, piece.node, kind, overridden=True):
            value = rendered(parameter.value.of(text)).text
            yield parameter.span.of(text).strip(), value, parameter.span
        if kind not in LOCKING:
            for parameter in unread_parameters(text, piece.node, kind):
                yield parameter.span.of(text).strip(), None, parameter.span


def _has_address(content: str) -> bool:
    return any(True for _ in addresses(decoded(content)))


def _headers(body: Sequence[Piece]) -> frozenset[int]:
    """Return the places of those cells that are headers of rows or columns."""
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
