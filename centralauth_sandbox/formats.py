"""How an answer is written: formatversion=1, XML, serialized PHP, HTML.

What is in it was settled before.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .farm import Wiki


#: Of what CentralAuth answers, values that were no flags before MediaWiki 1.25.
_PLAIN = frozenset({'setglobalaccountstatus'})


def first_version(value: Any, *, raw: bool = False) -> Any:
    """Lay out flags as formatversion=1 does: there and empty, or not there.

    :param raw: whether an extension's own truth values are left as they are
    """
    if isinstance(value, dict):
        return {
            key: item
            if raw and key in _PLAIN
            else ('' if item is True else first_version(item))
            for key, item in value.items()
            if item is not False or key == 'variantarticlepath'
        }
    if isinstance(value, list):
        return [first_version(item) for item in value]
    return value


def to_xml(tag: str, value: Any) -> str:
    if isinstance(value, dict):
        attributes, children, text = '', '', ''
        for key, item in value.items():
            if key == '*':
                text = html.escape(str(item))
            elif isinstance(item, (dict, list)):
                children += to_xml(key, item)
            else:
                attributes += f' {key}="{html.escape(str(item))}"'
        inner = children + text
        return (
            f'<{tag}{attributes}>{inner}</{tag}>' if inner else f'<{tag}{attributes} />'
        )
    if isinstance(value, list):
        inner = ''.join(to_xml(tag[:1], item) for item in value)
        return f'<{tag}>{inner}</{tag}>' if inner else f'<{tag} />'
    return f'<{tag}>{html.escape(str(value))}</{tag}>'


def to_php(value: Any) -> str:
    if value is None:
        return 'N;'
    if isinstance(value, bool):
        return f'b:{int(value)};'
    if isinstance(value, int):
        return f'i:{value};'
    if isinstance(value, float):
        return f'd:{value};'
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    items = value.items() if isinstance(value, dict) else enumerate(value)
    inner = ''.join(to_php(key) + to_php(item) for key, item in items)
    return f'a:{len(value)}:{{{inner}}}'


def page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html class="client-nojs" lang="en" dir="ltr">\n<head>\n'
        f'<meta charset="UTF-8">\n<title>{title}</title>\n</head>\n'
        f'<body>{body}</body>\n</html>\n'
    )


def help_page(wiki: Wiki) -> str:
    return page(
        f'MediaWiki API help - {wiki.db}',
        '<p>This is a sandbox that imitates a farm of MediaWiki wikis.</p>',
    )
