"""What a request says in words, for people to read.

Nothing is read from it by programs, such as the length of a block.
"""

from __future__ import annotations

import re

from mw_tokens_plugin.protocol.mentions import addresses
from mw_tokens_plugin.protocol.wikitext import NodeKind
from mw_tokens_plugin.requestpages.inline import displayed, inline_nodes
from mw_tokens_plugin.requestpages.model import Request

_NO_PROSE = re.compile(r'[ \t]*(?:=|\{\||[|!]|----)')
_WORD = re.compile(r'[^\W\d_]{2}')


def prose_of(text: str, request: Request) -> str:
    """Return the sentences of a request as they are displayed, on one line.

    .. version-added:: 0.1

    :param text: the text of its page
    """
    lines = text[request.heading_span.end : request.span.end].split('\n')
    return ' '.join(displayed(line) for line in lines if _has_words(line))


def _has_words(line: str) -> bool:
    """Return whether a line has words beside links, templates and addresses."""
    if _NO_PROSE.match(line):
        return False
    texts = (n.span.of(line) for n in inline_nodes(line) if n.kind is NodeKind.TEXT)
    plain = ' '.join(texts)
    for address in list(addresses(plain)):
        plain = plain.replace(address, ' ')
    return _WORD.search(re.sub(r'</?[A-Za-z][^<>]*>', '', plain)) is not None
