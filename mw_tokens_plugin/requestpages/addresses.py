"""Addresses and temporary accounts that a request for blocks names outside templates.

They count where nothing else is on their line: as items of lists, links or lists with
commas. Those in sentences are left to :mod:`.leftovers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.markup import Tag
from mw_tokens_plugin.protocol.mentions import addresses
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    decoded,
    kind_of,
    normalise_name,
)
from mw_tokens_plugin.protocol.wikitext import NodeKind, Span
from mw_tokens_plugin.requestpages.inline import displayed, template_name
from mw_tokens_plugin.requestpages.model import Named, Standing
from mw_tokens_plugin.requestpages.pieces import Piece
from mw_tokens_plugin.requestpages.templates import NAMING
from mw_tokens_plugin.requestpages.visibility import STRIKING, is_shown

#: Embeddings, overrides and isolates of a direction; names may have other marks.
REORDERING = re.compile('[\u202a-\u202e\u2066-\u2069]')
#: The signs of a list; a colon indents a reply.
_ITEM = re.compile(r'[ \t]*[*#]*[ \t]*')
_BETWEEN = re.compile(r"(?:[\s,;&()'\u200e\u200f\u2022\u00b7]|\band\b)*", re.IGNORECASE)
#: What links beside an address may say of it.
_LABELS = frozenset('block log, blocks, contribs, contributions, log, talk'.split(', '))


def addresses_in(
    text: str, body: Sequence[Piece], *, hiding: bool = False
) -> Iterator[Named]:
    """Yield the addresses and temporary accounts that stand alone on their lines.

    :param body: the pieces of a request, without its heading
    :param hiding: whether the request asks to hide them
    """
    for line in _lines(text, body):
        for name, span in _named_on(text, line) or ():
            yield Named(name, kind_of(name), Standing.REQUESTED, hiding, span)


_Part = tuple[Piece, Span]


def _lines(text: str, body: Sequence[Piece]) -> Iterator[list[_Part]]:
    """Yield the parts of each line; what goes on over several is in the first one."""
    line: list[_Part] = []
    for piece in body:
        start = piece.span.start
        if piece.what is not None:
            line.append((piece, piece.span))
            continue
        for number, part in enumerate(piece.span.of(text).split('\n')):
            if number:
                yield line
                line = []
            if part:
                line.append((piece, Span(start, start + len(part))))
            start += len(part) + 1
    yield line


def _named_on(text: str, line: Sequence[_Part]) -> list[tuple[str, Span]] | None:
    """Return whom a line names; None if there is anything else on it."""
    found: list[tuple[str, Span]] = []
    for number, (piece, span) in enumerate(line):
        what, whole = piece.what, span.of(text)
        if (
            piece.struck
            or piece.may_be_struck
            or piece.may_be_hidden
            or piece.inside
            or piece.cell is not None
            or REORDERING.search(decoded(whole))
        ):
            return None
        if what is None:
            names = _in_text(whole, begins=number == 0)
        elif isinstance(what, Tag):
            names = [] if is_shown(what) and what.name not in STRIKING else None
        elif piece.is_a(NodeKind.LINK):
            names = _in_link(whole, piece)
        elif piece.is_a(NodeKind.COMMENT):
            names = []
        else:
            names = [] if template_name(text, what) in NAMING else None
        if names is None:
            return None
        found += [(name, span) for name in names]
    return found


def _in_text(text: str, *, begins: bool) -> list[str] | None:
    """Return the addresses in a text without other words.

    :param begins: whether it begins the line
    """
    start = _ITEM.match(text) if begins else None
    rest = decoded(text[start.end() :] if start else text)
    names = []
    for address in list(addresses(rest)):
        try:
            name = normalise_name(address)
        except InvalidName:
            return None
        before, _, rest = rest.partition(address)
        if kind_of(name) is AccountKind.ACCOUNT or not _BETWEEN.fullmatch(before):
            return None
        names.append(name)
    return names if _BETWEEN.fullmatch(rest) else None


def _in_link(link: str, piece: Piece) -> list[str] | None:
    """Return the address that a link leads to, if it is displayed as that."""
    if not piece.users:
        return None
    target, bar, label = link[2:-2].partition('|')
    try:
        name = normalise_name(piece.users[0][1])
        # A range has a slash, which could begin a subpage.
        named = {normalise_name(each) for each in addresses(unquote(target))}
        if kind_of(name) is AccountKind.ACCOUNT or named != {name}:
            return None
        shown = displayed(label) if bar else name
        if shown.lower() in _LABELS:
            return []
        return [name] if normalise_name(shown) == name else None
    except InvalidName:
        return None
