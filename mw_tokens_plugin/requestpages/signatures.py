"""Signatures in a request: whose they claim to be, and from when.

Anybody can write one; who has really edited the page is left to others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.mentions import linked_user
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.protocol.wikitext import NodeKind
from mw_tokens_plugin.requestpages.inline import template_name
from mw_tokens_plugin.requestpages.model import Signature
from mw_tokens_plugin.requestpages.pieces import Piece

#: Characters of a signature after its last link.
_MAX_LENGTH = 200
#: Text between a user's link and the time in a signature.
_SIGNED = re.compile(r'[\W_]*(?:\([^()]{0,60}\)[\W_]*)?')
#: A time in a signature of MediaWiki, in any language.
_TIME = re.compile(r'\d{1,2}[:.]\d\d(?:[:.]\d\d)?,? [^\n()\[\]{}|]{3,40} ?\(\w{2,6}\)')


def signatures_in(text: str, body: Sequence[Piece]) -> dict[int, str]:
    """Return the users of signatures, by the places of their links.

    A signature is the last link to a user in a line, followed by a time. A link that
    begins an item of a list is not a signature.
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
            since += plain.partition('\n')[0][:_MAX_LENGTH]
            time = _TIME.search(since)
            if time and links:
                name = links[-1][0]
                mine = [p for user, p in links if user.casefold() == name.casefold()]
                if _SIGNED.fullmatch(since[: time.start()]) and not _begins_item(
                    text, mine[0]
                ):
                    found.update(dict.fromkeys(mine, name))
            if time or '\n' in plain or len(since) >= _MAX_LENGTH:
                links.clear()
                since = ''
    return found


def _signer(text: str, piece: Piece) -> str | None:
    """Return the user that a link leads to, or whose page is included."""
    if piece.is_a(NodeKind.LINK):
        user = piece.users[0][1] if piece.users else None
    elif piece.is_a(NodeKind.TEMPLATE):
        user = linked_user(template_name(text, piece.what) or '')
    else:
        return None
    return user and user.strip().replace('_', ' ')


def _begins_item(text: str, position: int) -> bool:
    """Return whether a place is the start of an item of a list."""
    before = text[max(position - 20, 0) : position].rpartition('\n')[2]
    return re.fullmatch(r'[*#:]*[*#][*#:]*\s*', before) is not None


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


def first_signature(text: str) -> Signature | None:
    """Return the first signature in a text with a time in English; None without one."""
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
