"""Names, headings and links as they are displayed within a line.

What a wiki alone can display, such as templates, is left out or marked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.markup import OTHER, Mark, Tag, masked, tags
from mw_tokens_plugin.protocol.mentions import linked_user
from mw_tokens_plugin.protocol.names import decoded, normalise_name
from mw_tokens_plugin.protocol.wikitext import Node, NodeKind, Span, parse
from mw_tokens_plugin.requestpages.visibility import STRIKING, is_shown


def title_of(text: str, heading: Node) -> str:
    """Return the wikitext of a heading, without the signs around it."""
    assert heading.content is not None
    return heading.content.of(text)


def template_name(text: str, what: Node | Tag | Mark | None) -> str | None:
    """Return the name of a template, if it is one."""
    if not isinstance(what, Node) or what.kind is not NodeKind.TEMPLATE:
        return None
    return page_name(text, what.content)


def page_name(text: str, span: Span | None) -> str:
    """Return the name of a template for comparison: casefolded, without prefix."""
    assert span is not None
    name = without_comments(span.of(text)).replace('_', ' ').strip().casefold()
    return re.sub(r'^:?template:', '', name).strip()


#: Prefixes that are no namespaces: what follows is displayed, or used otherwise.
_FUNCTIONS = frozenset(
    'anchorencode canonicalurl defaultsort displaytitle filepath formatnum fullurl '
    'gender grammar int lc lcfirst localurl ns padleft padright plural uc ucfirst '
    'urlencode'.split()
)


def includes_a_page(text: str, what: Node | Tag | Mark) -> bool:
    """Return whether it includes a page that is no template, such as one of a user."""
    name = template_name(text, what) or ''
    prefix, colon, _ = name.partition(':')
    if name.startswith('#'):
        return prefix == '#invoke'
    return name.startswith('/') or (bool(colon) and prefix.strip() not in _FUNCTIONS)


def linked_users(
    text: str, what: Node | Tag | Mark, namespaces: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return the links to users in a heading, or the link itself, with their users."""
    if not isinstance(what, Node) or what.kind not in (NodeKind.LINK, NodeKind.HEADING):
        return ()
    if what.kind is NodeKind.HEADING:
        title = title_of(text, what)
        links = [
            n.span.of(title) for n in inline_nodes(title) if n.kind is NodeKind.LINK
        ]
    else:
        links = [what.span.of(text)]
    targets = [without_comments(link[2:-2]).partition('|')[0] for link in links]
    return tuple(
        (link, user)
        for link, target in zip(links, targets, strict=True)
        if (user := linked_user(target, namespaces))
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it is displayed; without text where only a wiki can display it."""

    text: str | None
    struck: bool = False


def rendered(text: str) -> _Written:
    """Return a parameter's value as it is displayed."""
    if re.search(r'\n[^\S\n]*[*#:;|!]', text):
        return _Written(None)
    parts: list[str] = []
    struck = False
    for what, whole in _inline_parts(text):
        if isinstance(what, Tag):
            if not is_shown(what):
                return _Written(None)
            struck = struck or what.name in STRIKING
        elif what is None or what.kind is NodeKind.LINK:
            if what is not None and not _shows_its_target(whole):
                return _Written(None)
            parts.append(whole)
        elif template_name(text, what) == '=':
            parts.append('=')
        elif what.kind is NodeKind.EXTENSION and what.name == 'nowiki' and what.content:
            parts.append(what.content.of(text))
        elif what.kind is not NodeKind.COMMENT:
            return _Written(None)
    return _Written(''.join(parts), struck)


def _shows_its_target(link: str) -> bool:
    """Return whether a link to a user is displayed as that user."""
    target, bar, label = link[2:-2].partition('|')
    with suppress(InvalidName):
        return not bar or normalise_name(displayed(label)) == normalise_name(target)
    return False


#: The depth to which links and templates in a heading are parsed.
_MAX_DEPTH = 4
_EXTERNAL_LINK = re.compile(r'\[(?:[a-z]+:)?//[^\s\[\]]*([^\[\]\n]*)\]', re.IGNORECASE)


def displayed(text: str, depth: int = 0) -> str:
    """Return a heading as it is displayed; templates are approximated."""
    parts = []
    for node in inline_nodes(text):
        whole = node.span.of(text)
        if node.kind is NodeKind.TEXT:
            parts.append(whole)
        elif node.kind is NodeKind.COMMENT or depth >= _MAX_DEPTH:
            continue
        elif node.kind is NodeKind.LINK:
            target, bar, label = whole[2:-2].partition('|')
            parts.append(displayed(label if bar else target, depth + 1))
        elif node.kind is NodeKind.TEMPLATE:
            values = [p.value.of(text) for p in node.parameters(text)]
            parts.append(' '.join(displayed(v, depth + 1) for v in values if v))
        elif node.kind is NodeKind.EXTENSION and node.name == 'nowiki' and node.content:
            parts.append(node.content.of(text))
    shown = _EXTERNAL_LINK.sub(r'\1', re.sub(r'</?[A-Za-z][^<>]*>', '', ''.join(parts)))
    if depth:
        return shown
    return ' '.join(re.sub("'{2,}", '', decoded(shown)).split())


def plain_heading(text: str) -> str:
    """Return a heading with a sign for everything that may be displayed otherwise."""
    parts = []
    for what, whole in _inline_parts(text):
        if what is None:
            parts.append(decoded(whole))
        elif isinstance(what, Tag):
            if not is_shown(what) or what.name in STRIKING:
                parts.append(OTHER)
        elif what.kind is NodeKind.LINK:
            parts.append(displayed(whole))
        elif what.kind is not NodeKind.COMMENT:
            parts.append(OTHER)
    return re.sub("'{2,}", '', ''.join(parts))


def _inline_parts(text: str) -> Iterator[tuple[Node | Tag | None, str]]:
    """Yield the nodes and tags of a text, None for text between, and their wikitext."""
    nodes = inline_nodes(text)
    whats: list[Node | Tag] = [n for n in nodes if n.kind is not NodeKind.TEXT]
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


def inline_nodes(text: str) -> list[Node]:
    """Return the nodes of a text that is a part of a line."""
    return parse(text, begins_line=False)


def without_comments(text: str) -> str:
    """Return a text without the comments in it."""
    if '<!--' not in text:
        return text
    return ''.join(
        node.span.of(text)
        for node in inline_nodes(text)
        if node.kind is not NodeKind.COMMENT
    )
