"""What a line of a list is: blank, a comment, markup, or an item.

Signs of lists, comments, headings and tables are read here; lines that could mean
several things are refused. Which accounts an item names is left to
:mod:`~mw_tokens_plugin.protocol.lines.accounts`.

https://www.mediawiki.org/wiki/Help:Lists
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.lines.printed import (
    ENGLISH,
    Printed,
    target_in_row,
    without_facts,
)
from mw_tokens_plugin.protocol.lines.signs import (
    ADDRESSED,
    HTML_COMMENT,
    INVISIBLE,
    LINKED,
    TOKEN,
    USER_LINK,
    USER_PAGE,
    WIKILINK,
    holds_link,
    ip_address,
    trimmed,
)
from mw_tokens_plugin.protocol.lookalikes import unmarked
from mw_tokens_plugin.protocol.names import AccountKind, decoded, kind_of

#: Characters of a line; those that name several hundred accounts are shorter.
MAX_LENGTH = 20_000

#: Characters that other programs read as the end of a line.
_BREAK = re.compile('[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]')
#: Characters that reverse the order in which letters are displayed.
_OVERRIDE = re.compile('[\u202d\u202e]')
_HEADING = re.compile('=+[^=].*=+')
_RULE = re.compile('-{4,}|={3,}')
#: Typed signs before an item; none of them is part of a name when a blank follows.
_BULLETS = re.compile(r'[•·‣◦▪●○‧∙]\s*(?=\S)')
_DASH = re.compile(r'[-–—+]\s+(?=\S)')
_NUMBER = re.compile(r'\(?(\d{1,7})[.)]\s+(?=\S)')
_SIGNS = re.compile('[*:;][*:;#]*')
#: The end of a word in a list of addresses.
_AFTER_WORD = re.compile(r'[\s,;]')
#: An address of IPv4 as servers for both versions log it.
_MAPPED = re.compile(r'::ffff:(\d{1,3}(?:\.\d{1,3}){3})', re.ASCII | re.IGNORECASE)
#: What can come before the link of an item, such as bold type.
_WRAPPING = re.compile('(?:\'{2,}|["“„«‘(\\s]|<[a-z]+[^<>]*>)+', re.IGNORECASE)

#: What an item that people have written has before it or around it.
_MARKED = re.compile(r'[*:;#+•·‣◦▪●○‧∙–—-]+\s|.*(?:\[\[|\{\{|//)|.*[|·]|\S+\t')
#: Words that may mean that a name is not to be acted on.
_AGAINST = re.compile(
    r"\b(?:(?:do|does|should|must|is|are|was)(?: not|n['’]?t)|except|unlock|innocent|"
    r'victim|withdrawn|false positive|not (?:this|him|her|it|them|an?))\b',
    re.IGNORECASE,
)
#: The start or the end of a comment, or of text that is struck out.
_OPENING = re.compile(r'<!--|-->|</?(?:s|del|strike)\b[^<>]*>', re.IGNORECASE)


class LineKind(enum.Enum):
    """What a line of a list is.

    .. version-added:: 0.1
    """

    BLANK = 'blank'
    COMMENT = 'comment'
    #: A heading, a rule, or markup of a table.
    MARKUP = 'markup'
    ITEM = 'item'


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list.

    .. version-added:: 0.1

    :ivar content: the content of an item, without the sign or number before it
    :ivar number: the number before an item, if it might be a part of the name
    :ivar exact: whether a program has written the line, so that the content is the
        target itself
    """

    kind: LineKind
    content: str = ''
    number: int | None = None
    exact: bool = False


def read_line(text: str, *, strict: bool = False, printed: Printed = ENGLISH) -> Line:
    """Return what a line of a list is.

    A ``#`` with a blank after it begins a comment, unless a list item follows:
    ``# [[User:X]]`` is one. ``*`` begins an item if a blank, a link or a template
    follows it; otherwise it is a part of the name.

    .. version-added:: 0.1

    :param text: the line
    :param strict: for lists of exclusions, of which nothing may be overlooked: refuse
        comments that look like an item, and accept words such as "do not lock"
    :param printed: the words with which campaigns print targets
    :raises InvalidInput: the line could mean several things
    """
    whole = _checked(text)
    if not whole:
        return Line(LineKind.BLANK)
    content = trimmed(HTML_COMMENT.sub(' ', whole))
    if '<!--' in content or '-->' in content:
        raise InvalidInput(f'{whole!r} is a part of a comment of several lines.')
    if not content:
        return Line(LineKind.COMMENT)
    if content.startswith('#'):
        return _after_hash(content, strict=strict)
    if _is_markup(content):
        return Line(LineKind.MARKUP)
    if (reported := target_in_row(content)) is not None:
        return Line(LineKind.ITEM, reported, exact=True)
    if content.startswith('|'):
        return Line(LineKind.ITEM, _cell(content))
    if not strict:
        _check_words(content)
    target = without_facts(content, printed)
    if target != content and not _MARKED.match(target):
        return Line(LineKind.ITEM, target, exact=True)
    return _item(_without_comment(content))


def left_open(text: str, before: str = '') -> str:
    """Return the sign of a comment, or of struck out text, that a line leaves open.

    .. version-added:: 0.1

    >>> left_open('<s>[[User:X]]'), left_open('[[User:Y]]</s>', '<s>')
    ('<s>', '')

    :param text: the line
    :param before: the sign that the lines before have left open
    """
    for found in _OPENING.finditer(text):
        sign = found[0].lower()
        if before == '<!--':
            before = '' if sign == '-->' else before
        elif sign.startswith('</'):
            before = ''
        elif not before and sign != '-->':
            before = sign
    return before


def reference_in(text: str) -> str:
    """Return the only link in an item of a list, or the item if it has no link.

    .. version-added:: 0.1

    :param text: the content of the item
    :raises InvalidInput: there are several links, or words before the link
    """
    links = list(WIKILINK.finditer(text))
    if not links:
        return text
    if len(links) > 1 or links[0].start():
        raise InvalidInput(f'{text!r} does not begin with its only link.')
    return links[0][0]


def _checked(text: str) -> str:
    """Return a line without invisible characters at its ends.

    :raises InvalidInput: it is too long, or has a character that misleads readers
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f'{text[:40]!r}... has more than {MAX_LENGTH} characters.')
    whole = unmarked(trimmed(text), but=INVISIBLE)
    if _OVERRIDE.search(text if '&' not in text else decoded(text)):
        # The error does not show the character itself: a terminal would obey it.
        raise InvalidInput(
            f'{whole!r} has a character that reverses what is shown (U+202D or '
            'U+202E), so a reader sees another name: remove it.'
        )
    if _BREAK.search(whole):
        raise InvalidInput(
            f'{whole!r} holds a line break of another kind: save the file with those '
            'of Unix or Windows.'
        )
    return whole


def _is_markup(text: str) -> bool:
    """Return whether a line is a heading, a rule, or markup of a table.

    :raises InvalidInput: it is a heading with a name
    """
    if _RULE.fullmatch(text):
        return True
    if text.startswith('!'):
        return '!!' in text[1:] and not holds_link(text)
    if text.startswith(('{|', '|-', '|+')) or text == '|}':
        return True
    if not _HEADING.fullmatch(text):
        return False
    if holds_link(text):
        raise InvalidInput(f'{text!r} is a heading with a name in it.')
    return True


def _check_words(text: str) -> None:
    """Check that no words beside a link may mean that it must not be acted on.

    :raises InvalidInput: there are such words
    """
    if holds_link(text) and _AGAINST.search(TOKEN.sub('', _without_comment(text))):
        raise InvalidInput(f'{text!r} has words that may speak against it.')


def _after_hash(text: str, *, strict: bool) -> Line:
    """Return what a line is that begins with ``#``.

    :raises InvalidInput: it may be a comment or an item
    """
    rest = text.lstrip('#')
    body = rest.strip()
    if not body:
        return Line(LineKind.COMMENT)
    wrapped = _WRAPPING.match(body)
    if body[wrapped.end() if wrapped else 0 :].startswith(LINKED):
        return Line(LineKind.ITEM, _without_comment(body))
    signs = _SIGNS.match(body)
    if signs and (_is_item(body[signs.end() :]) or not body[signs.end() :]):
        return _item(_without_comment(body))
    if signs or not rest[0].isspace():
        raise InvalidInput(
            f'{text!r} is neither a comment, which has a blank after "#", nor a list '
            'item such as "# [[User:...]]".'
        )
    if USER_LINK.search(body) or (strict and (_is_explicit(body) or holds_link(body))):
        raise InvalidInput(
            f'{text!r} may be a comment or a list item: write "# [[User:...]]", or '
            'leave the line out.'
        )
    return Line(LineKind.COMMENT)


def _is_item(rest: str) -> bool:
    """Return whether the text after a sign makes it the sign of a list."""
    return rest[:1].isspace() or rest.startswith((*LINKED, *ADDRESSED))


def _item(text: str) -> Line:
    """Return an item without the sign of a list before it."""
    if signs := _SIGNS.match(text):
        return _after_signs(text, signs[0])
    if text.startswith('! '):
        raise InvalidInput(f'{text!r} may be the heading of a table or a name.')
    if bullet := _BULLETS.match(text):
        return Line(LineKind.ITEM, text[bullet.end() :])
    if dash := _DASH.match(text):
        rest = text[dash.end() :]
        if not _is_explicit(rest):
            raise InvalidInput(
                f'{text!r} may be a list item or a name: write [[User:...]].'
            )
        return Line(LineKind.ITEM, rest)
    if number := _NUMBER.match(text):
        rest = text[number.end() :]
        known = None if _is_explicit(rest) else int(number[1])
        return Line(LineKind.ITEM, rest, known)
    return Line(LineKind.ITEM, text)


def _after_signs(text: str, signs: str) -> Line:
    """Return what a line is that begins with ``*``, ``:`` or ``;``.

    :raises InvalidInput: it has two signs of a list
    """
    rest = text[len(signs) :]
    if not rest:
        return Line(LineKind.MARKUP)
    if signs == '::' and _begins_with_address(text):
        return Line(LineKind.ITEM, text)
    if not _is_item(rest) and set(signs) != {':'}:
        return Line(LineKind.ITEM, text)
    rest = rest.strip()
    if (again := _SIGNS.match(rest)) and _is_item(rest[again.end() :]):
        raise InvalidInput(f'{text!r} begins with two signs of a list.')
    return _item(rest) if _NUMBER.match(rest) else Line(LineKind.ITEM, rest)


def _begins_with_address(text: str) -> bool:
    """Return whether the colons before an item are those of an address.

    :raises InvalidInput: they may be signs of a list, or stand for IPv4
    """
    word = _AFTER_WORD.split(text, maxsplit=1)[0]
    if mapped := _MAPPED.fullmatch(word):
        raise InvalidInput(
            f'{word!r} is an IPv4 address in the form of IPv6: write {mapped[1]}.'
        )
    if (address := ip_address(word)) is None:
        return False
    if not set(word[2:]) & {':', '/'}:
        raise InvalidInput(
            f'{word!r} may be an address or an indented name: write {address}, or '
            f'[[User:{word[2:]}]].'
        )
    return True


def _is_explicit(text: str) -> bool:
    """Return whether a text is certainly a name, being a link or an address."""
    return (
        text.startswith((*LINKED, *ADDRESSED))
        or USER_PAGE.match(text) is not None
        or kind_of(text) is AccountKind.TEMPORARY
        or ip_address(_AFTER_WORD.split(text, maxsplit=1)[0]) is not None
    )


def _without_comment(text: str) -> str:
    """Return a line without the comment at its end.

    :raises InvalidInput: the comment has a name
    """
    for comment in re.finditer(r'\s#+(?=\s|$)', text):
        before = text[: comment.start()]
        if before.count('[[') != before.count(']]'):
            continue
        if holds_link(text[comment.end() :]):
            raise InvalidInput(f'{text!r} has a name in its comment.')
        return before.strip()
    return text


def _cell(row: str) -> str:
    """Return the cell of a table's row that has a name.

    :raises InvalidInput: not exactly one cell has a link
    """
    cells = [cell for cell in row[1:].split('||') if holds_link(cell)]
    if len(cells) != 1:
        raise InvalidInput(
            f'{row!r} is a row of a table, and does not name one user by a link.'
        )
    (cell,) = cells
    before, bar, after = cell.partition('|')
    # Attributes of the cell, such as style="...".
    return after.strip() if bar and not holds_link(before) else cell.strip()
