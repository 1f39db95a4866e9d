"""The templates that name accounts, and ``{{Status}}``.

Names elsewhere in a request are left to :mod:`.leftovers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.names import AccountKind, kind_of, normalise_name
from mw_tokens_plugin.protocol.wikitext import VERBATIM, Node, NodeKind, Parameter, Span
from mw_tokens_plugin.requestpages.inline import (
    inline_nodes,
    page_name,
    rendered,
    template_name,
    without_comments,
)
from mw_tokens_plugin.requestpages.model import Named, Standing, Status
from mw_tokens_plugin.requestpages.pieces import Piece

#: Templates for locks and blocks, and the keys of their parameters that are names.
LOCKING = {
    'lockhide': re.compile('1'),
    'lh': re.compile('1'),
    'multilock': re.compile(r'[1-9]\d*'),
    'multilockhide': re.compile(r'[1-9]\d*'),
    'luxotool': re.compile('1'),
    'ip': re.compile('1'),
}
#: All templates that name users.
NAMING = {
    **LOCKING,
    'sultool': re.compile('1'),
    'checkuser': re.compile('1'),
    'sock list': re.compile(r'[1-9]\d*'),
    'cu request': re.compile(r'user name ?\d*'),
}
_FLAG = 'hidename'
#: How their names are written, but for the first letter: other titles may be missing
#: on the wiki, or anything else.
_USUAL = frozenset(
    name[1:]
    for name in (
        *(name for name in NAMING if name != 'ip'),
        *(
            'IP',
            'LockHide',
            'LH',
            'MultiLock',
            'MultiLockHide',
            'MultiLockhide',
            'LuxoTool',
        ),
        *('SULtool', 'SULTool', 'SulTool', 'CheckUser', 'Sock List', 'CU request'),
        *('CU Request', 'cu Request'),
    )
)


def is_sign(text: str, piece: Piece) -> bool:
    """Return whether a piece shows that the heading above it is that of a request."""
    name = template_name(text, piece.what)
    return name == 'status' or name in NAMING


#: The name of a template, in wikitext that is not displayed like other text.
OPENING = re.compile(r'\{\{([^{}|<>\[\]]+)')


def hides_a_name(text: str, piece: Piece) -> bool:
    """Return whether a piece has templates that name users inside other markup."""
    what = piece.what
    if not isinstance(what, Node):
        return False
    if piece.inside and template_name(text, what) in NAMING:
        return True
    if (
        what.kind in (NodeKind.EXTENSION, NodeKind.IGNORED)
        and what.name not in VERBATIM
    ):
        content = without_comments(what.content.of(text)) if what.content else ''
        names = OPENING.findall(content)
        return any(page_name(name, Span(0, len(name))) in NAMING for name in names)
    return any(page_name(text, name) in NAMING for name in what.templates)


def status_of(text: str, template: Node) -> Status:
    """Return the record of a ``{{Status}}``."""
    assert template.content is not None
    span = template.span
    chosen: Span | None = None
    for parameter in template.parameters(text):
        if _key(parameter) == '1':
            chosen = parameter.value
    if chosen is None:
        at = template.content.end
        around = f'{text[span.start : at]}|', text[at : span.end]
        return Status('', span, 'done'.join(around), span.of(text), around)
    old = chosen.of(text)
    word = without_comments(old).strip().lower()
    comments = ''.join(
        node.span.of(old) for node in inline_nodes(old) if node.kind is NodeKind.COMMENT
    )
    before = old[: len(old) - len(old.lstrip())]
    after = old[len(old.rstrip()) :] if old.strip() else ''
    start, end = text[span.start : chosen.start], text[chosen.end : span.end]
    around = f'{start}{before}', f'{comments}{after}{end}'
    word = ' '.join(word.split())
    return Status(word, span, 'done'.join(around), ''.join(around), around)


def names_in(text: str, body: Sequence[Piece], *, hiding: bool) -> Iterator[Named]:
    """Yield the names in the templates of a request.

    :param hiding: whether the request asks to hide them
    """
    templates = [
        (p, k) for p in body if not p.inside if (k := template_name(text, p.what))
    ]
    beside = any(kind in LOCKING for _, kind in templates)
    for piece, kind in templates:
        if kind not in NAMING:
            yield from _to_be_hidden(text, piece)
            continue
        hidden = hiding or any(_is_flag(text, p) for p in piece.node.parameters(text))
        is_usual = _is_usual(text, piece.node)
        mentioned = beside and kind not in LOCKING
        for span in _naming(text, piece.node, NAMING[kind]):
            written = rendered(span.of(text))
            if written.struck or piece.struck:
                standing = Standing.STRUCK
            elif mentioned:
                standing = Standing.MENTIONED
            else:
                standing = Standing.REQUESTED
            try:
                if written.text is None or not is_usual:
                    raise InvalidName('a template makes it')
                name = normalise_name(written.text)
            except InvalidName:
                name, standing = span.of(text).strip(), Standing.UNREADABLE
            yield Named(name, kind_of(name), standing, hidden, span)
        if kind in LOCKING and not piece.struck:
            for parameter in unread_parameters(text, piece.node, kind):
                span, standing = parameter.span, Standing.UNREADABLE
                name = span.of(text).strip()
                yield Named(name, AccountKind.ACCOUNT, standing, hidden, span)


def _to_be_hidden(text: str, piece: Piece) -> Iterator[Named]:
    """Yield what an unknown template asks to hide: its name may be misspelt."""
    parameters = list(piece.node.parameters(text))
    if not any(_is_flag(text, parameter) for parameter in parameters):
        return
    for parameter in parameters:
        value = parameter.value
        if _is_flag(text, parameter) or not value.of(text).strip():
            continue
        standing = Standing.MENTIONED
        try:
            name = normalise_name(rendered(value.of(text)).text or '')
        except InvalidName:
            name, standing = value.of(text).strip(), Standing.UNREADABLE
        yield Named(name, kind_of(name), standing, hidden=True, span=value)


def _is_usual(text: str, template: Node) -> bool:
    """Return whether a template's name is written as its title is."""
    assert template.content is not None
    name = without_comments(template.content.of(text)).replace('_', ' ').strip()
    name = re.sub(r'^:?template:', '', name, flags=re.IGNORECASE).strip()
    return name.isascii() and name[1:] in _USUAL


def _naming(text: str, template: Node, wanted: re.Pattern[str]) -> list[Span]:
    """Return the values that name users; of two with one key the last one counts."""
    found: dict[str, Span] = {}
    for parameter in template.parameters(text):
        key = _key(parameter)
        if not wanted.fullmatch(key) or _is_flag(text, parameter):
            continue
        if without_comments(parameter.value.of(text)).strip():
            found[key] = parameter.value
        else:
            found.pop(key, None)
    return list(found.values())


def unread_parameters(
    text: str, template: Node, kind: str, *, overridden: bool = False
) -> Iterator[Parameter]:
    """Yield the parameters of a template that are not for names, and may be one.

    :param overridden: yield instead those for names that a later one overrides
    """
    naming = _naming(text, template, NAMING[kind])
    for parameter in template.parameters(text):
        if parameter.value in naming or _is_harmless_value(text, parameter):
            continue
        if (NAMING[kind].fullmatch(_key(parameter)) is not None) is overridden:
            yield parameter


#: A language or project, or a switch.
_HARMLESS_VALUE = re.compile('[a-z]{2}|[a-z_]{2,20}wiki|yes|true|false|off')


def _is_harmless_value(text: str, parameter: Parameter) -> bool:
    """Return whether a parameter that is not for names cannot be one."""
    if _is_flag(text, parameter):
        return True
    value = without_comments(parameter.value.of(text)).strip()
    if not value and parameter.named:
        # The text before a stray "=" may be meant as a name.
        return re.fullmatch(r'[\w -]{0,20}', parameter.key) is not None
    return not value or _HARMLESS_VALUE.fullmatch(value) is not None


def _key(parameter: Parameter) -> str:
    key = without_comments(parameter.key)
    return ' '.join(key.replace('_', ' ').split()).lower()


def _is_flag(text: str, parameter: Parameter) -> bool:
    """Return whether a parameter asks to hide the names, also without its ``=``."""
    value = without_comments(parameter.value.of(text)).strip()
    if parameter.named:
        return _key(parameter) == _FLAG and bool(value)
    return value.casefold() == _FLAG
