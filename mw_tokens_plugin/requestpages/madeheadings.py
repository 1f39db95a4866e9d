"""Headings that a wiki makes after it has taken templates and comments out of a line.

They cannot be edited as sections, but readers see them divide the page. Headings of the
preprocessor are left to :mod:`~mw_tokens_plugin.protocol.wikitext`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from mw_tokens_plugin.protocol.markup import LINK, OTHER
from mw_tokens_plugin.protocol.wikitext import Node, NodeKind

#: What is gone before the wiki looks for headings: switches, and tags for inclusion.
_GONE = re.compile(r'__\w+?__|</?(?:noinclude|onlyinclude)\b[^<>]*>', re.IGNORECASE)
_LINE = re.compile(rf'^{OTHER}*=[^\n]+=[{OTHER} \t]*$', re.MULTILINE)
#: Signs of a heading at an end of what is given to a template or parser function.
_GIVEN_SIGNS = re.compile(r'(?:[|:\n]|[^=]=)[ \t]*==|[|:\n][ \t]*=|==[ \t]*[|}\n]')


def made_headings(text: str, nodes: Sequence[Node]) -> Iterator[int]:
    """Yield the places of lines that become headings, although no node is one there.

    :param nodes: the text, parsed
    """
    parts: list[str] = []
    starts: list[int] = []
    places: list[int] = []
    length = 0
    for node in nodes:
        for part, place in _remains(text, node):
            parts.append(part)
            starts.append(length)
            places.append(place)
            length += len(part)
    for line in _LINE.finditer(''.join(parts)):
        number = bisect_right(starts, line.start()) - 1
        yield places[number] + line.start() - starts[number]


def _remains(text: str, node: Node) -> Iterator[tuple[str, int]]:
    """Yield what remains of a node when the wiki looks for headings, and its places."""
    start = node.span.start
    if node.kind is NodeKind.TEXT:
        whole, end = node.span.of(text), 0
        for gone in _GONE.finditer(whole):
            yield whole[end : gone.start()], start + end
            end = gone.end()
        yield whole[end:], start + end
    elif node.kind in (NodeKind.TEMPLATE, NodeKind.ARGUMENT):
        inner = node.span.of(text)
        # It may come to nothing, to several lines, or to a part of a heading.
        yield OTHER, start
        if '\n' in inner:
            yield f'\n{OTHER}', start
        if _GIVEN_SIGNS.search(inner):
            yield f'={OTHER}', start
    elif node.kind not in (NodeKind.COMMENT, NodeKind.IGNORED):
        yield LINK, start
