"""Whether a tag may hide its content from readers, by its attributes.

Only attributes known to be harmless are accepted; style sheets are not read.
"""

from __future__ import annotations

import re

from mw_tokens_plugin.protocol.markup import EMPTY, Tag, tags
from mw_tokens_plugin.protocol.wikitext import VERBATIM, Node, NodeKind

#: Tags whose content is displayed like the text around them.
TRANSPARENT = frozenset(
    'b big blockquote center dd div dl dt em font i li noinclude ol onlyinclude p '
    'small span strong table tbody td th tr tt u ul var'.split()
)
STRIKING = frozenset({'s', 'strike', 'del'})
#: Headings that divide a page for its readers alone.
HEADINGS = frozenset(f'h{level}' for level in range(1, 7))
#: An attribute, after every blank was reduced to one space.
_ATTRIBUTE = re.compile(
    r"""[ ](?P<name>[^\s"'>/=]+)(?:[ ]?=[ ]?("[^"]*"|'[^']*'|[^\s"'=<>`]+))?"""
)
#: Attributes that hide nothing.
_HARMLESS_ATTRIBUTES = frozenset(
    'align begin border cellpadding cellspacing clear colspan dir end lang name '
    'reversed rowspan scope start title type valign value'.split()
)
#: Classes of MediaWiki itself that hide nothing; collapsed content can be opened.
_HARMLESS_CLASSES = frozenset(
    'mw-collapsed mw-collapsible plainlinks sortable wikitable'.split()
)
_HARMLESS_STYLES = frozenset(
    'clear column-count column-width columns float font-style font-weight '
    'text-align'.split()
)

#: Templates that stand for signs of tables: https://www.mediawiki.org/wiki/Help:Magic_words
_SIGN = re.compile(r'\{\{\s*(?:[|!=)(+-]|\([(!]|[!)]\)|![!+-])\s*\}\}')
#: Such a sign where it is one of a table within another template.
_SIGN_IN_TABLE = re.compile(rf'(?:\{{|\n[ \t]*){_SIGN.pattern}')
#: Signs of a table, which count in brackets that turn out to be no link.
_TABLE = re.compile(r'\n[ \t]*(?::*[ \t]*\{\||[|!])')
#: A heading that is displayed as one, although it is in a template or the like.
_HEADING = re.compile(
    r'(?:\n|[|{\[>]|[^=]=)[ \t]*={1,6}[^=\n|{}<]+={1,6}[ \t]*(?=\n|[|}\]<]|\Z)'
)
#: What converts names, in a language with variants: flags are before the "|".
_RULE = re.compile(r'-\{[^{}]*?\|')
_FUNCTION = re.compile(r'\{\{\s*(?:(?:safe)?subst:\s*)?#')
_COMMENT = re.compile(r'<!--.*?(?:-->|\Z)', re.DOTALL)
#: The beginning of a tag that ends after the value that it is in.
_HALF_TAG = re.compile(r'<(?:[A-Za-z/][^<>|]*)?(?:\||\}\})')


def may_open(text: str, node: Node) -> bool:
    """Return whether a construct may begin something that hides what follows it.

    Or strikes it out.

    Templates are judged by what the page gives to them, or gets from a parser function.
    What a template itself has on its own page is not known. A tag that is opened in the
    text of a link, or in the content of an extension tag, ends with neither.
    """
    is_verbatim = node.kind is NodeKind.EXTENSION and node.name in VERBATIM
    inner = _COMMENT.sub('', node.span.of(text))
    if not is_verbatim and (_HEADING.search(inner) or _has_rule(inner)):
        return True
    if node.kind is NodeKind.CONVERSION:
        # It is plain text on wikis without variants.
        return re.search(r'[<\n]', inner) is not None
    if node.kind is NodeKind.LINK:
        return _TABLE.search(inner) is not None or _opens(inner, either=False)
    if node.kind in (NodeKind.COMMENT, NodeKind.TEXT, NodeKind.HEADING):
        return node.kind is NodeKind.HEADING and _has_rule(node.span.of(text))
    if node.kind is NodeKind.EXTENSION and node.name not in VERBATIM:
        return _opens(node.content.of(text) if node.content else '', either=False)
    if node.kind not in (NodeKind.TEMPLATE, NodeKind.ARGUMENT):
        return False
    if (
        _HALF_TAG.search(inner)
        or _SIGN.fullmatch(inner)
        or _SIGN_IN_TABLE.search(inner)
    ):
        return True
    either = node.kind is NodeKind.ARGUMENT or _FUNCTION.match(inner) is not None
    return _opens(inner, either=either)


def _has_rule(text: str) -> bool:
    """Return whether a text may say how names are displayed from there on.

    https://www.mediawiki.org/wiki/Writing_systems/Syntax
    """
    return _RULE.search(text) is not None


def _opens(text: str, *, either: bool) -> bool:
    """Return whether a text opens a tag that may hide what follows.

    :param either: whether only a part of it may count: of two results of a function,
        one may have the beginning alone
    """
    return any(
        not tag.closes
        and tag.name not in EMPTY
        and (either or tag.partner is None)
        and (tag_may_hide(tag) or tag.name in STRIKING)
        for tag in tags(_COMMENT.sub('', text))
    )


def tag_may_hide(tag: Tag) -> bool:
    """Return whether a tag may hide its content; browsers never display ``<rp>``."""
    return tag.name == 'rp' or may_hide(tag.attributes)


def may_hide(attributes: str) -> bool:
    """Return whether the attributes of a tag may hide its content."""
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


def is_shown(tag: Tag) -> bool:
    """Return whether the content of a tag is displayed like the text around it."""
    return (
        tag.partner is not None
        and tag.name in TRANSPARENT | STRIKING
        and not may_hide(tag.attributes)
    )
