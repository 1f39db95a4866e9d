"""A request page: reading it, and marking its requests as done.

It works on text; reading the page from a wiki and saving it is left to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.wikitext import Span
from mw_tokens_plugin.requestpages.model import Request
from mw_tokens_plugin.requestpages.pieces import visible_pieces
from mw_tokens_plugin.requestpages.reading import KnownRequests, requests_in

#: Characters of a page; wikis do not store longer ones.
MAX_PAGE = 2_097_152


@dataclass(frozen=True, slots=True)
class Closing:
    """What to write under a request.

    .. version-added:: 0.1

    :ivar line: one line of wikitext, without the signature
    :ivar done: whether its status becomes ``done``
    :ivar reopens: whether its status becomes empty, because it was closed too early
    :ivar status: the word that its status becomes instead, such as ``on hold``
    """

    request: Request
    line: str
    done: bool
    reopens: bool = False
    status: str = ''


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request page.

    .. version-added:: 0.1

    :ivar problem: why the page could not be read; None if it could
    :ivar namespaces: the names of the namespaces of users on its wiki
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
        """Read a page; it never fails, and its time is proportional to the length.

        :param text: its wikitext
        :param known: requests of other revisions, which need not be read again; those
            of this one are added
        :param namespaces: the wiki's names of the namespaces of users and their talk,
            besides the English ones, in lower case
        """
        if len(text) > MAX_PAGE:
            return cls(text, (), f'it is longer than {MAX_PAGE} characters')
        known = {} if known is None else known
        pieces = visible_pieces(text, namespaces)
        requests = tuple(requests_in(text, pieces, known))
        return cls(text, requests, namespaces=frozenset(namespaces))

    def closed(self, closings: Iterable[Closing]) -> str:
        """Return the text with lines added under some requests, and some of them done.

        Every other character stays as it is.

        :param closings: at most one for each request
        :raises InvalidInput: the page would not be read as expected afterwards
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
            elif closing.status and request.status is not None:
                new = request.status.with_word(closing.status)
                edits.append((request.status.span, new))
        for span, new in sorted(edits, key=lambda e: e[0].start, reverse=True):
            text = text[: span.start] + new + text[span.end :]
        words = {c.request.span: 'done' for c in closings if c.done}
        words |= {c.request.span: '' for c in closings if c.reopens}
        words |= {c.request.span: c.status for c in closings if c.status}
        wanted = [_gist(r, words.get(r.span)) for r in self.requests]
        then = RequestPage.parse(text, namespaces=self.namespaces).requests
        if closings and [_gist(r) for r in then] != wanted:
            raise InvalidInput(
                'The requests cannot be marked without changing what the page says: '
                'mark them by hand.'
            )
        return text


def _gist(request: Request, word: str | None = None) -> tuple[object, ...]:
    """Return the parts of a request that marking must not change.

    :param word: its status afterwards; None for its present one
    """
    if word is None:
        word = request.status.word if request.status else None
    standing = [(n.name, n.standing, n.hidden) for n in request.named]
    return request.heading, request.kind, word, standing, request.problems
