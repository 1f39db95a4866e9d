"""Lines of lists as people paste them: comments, headings, and items with names.

It tells what a line is and which accounts it names, and refuses what could mean
several things. Where lines come from is for others to know, and no wiki is asked.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit

import mwparserfromhell
from mwparserfromhell.nodes import Template

from mw_tokens_plugin import exceptions
from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.lookalikes import unmarked
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    Capital,
    decoded,
    first_letter,
    kind_of,
    normalise_name,
)

#: Brings a name to MediaWiki's form.
_Name = Callable[[str], str]

#: Characters of a line; those that name several hundred accounts are shorter.
MAX_LENGTH = 20_000


class LineKind(enum.Enum):
    """What a line of a list is."""

    BLANK = 'blank'
    COMMENT = 'comment'
    #: A heading, a rule, or markup of a table.
    MARKUP = 'markup'
    ITEM = 'item'


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list.

    :ivar content: what an item holds, without the sign or the number before it
    :ivar number: the number before an item that might be a part of its name
    :ivar exact: whether a program has written it, and it holds a target as it is
    """

    kind: LineKind
    content: str = ''
    number: int | None = None
    exact: bool = False


def read_line(
    text: str, *, strict: bool = False, reasons: Collection[str] = ()
) -> Line:
    """Tell what a line of a list is.

    A ``#`` with a blank behind it begins a comment, unless a list item follows:
    ``# [[User:X]]`` is one. ``*`` begins an item if a blank, a link or a template
    follows it; otherwise it is a part of the name.

    .. version-added:: 0.1

    :param text: the line
    :param strict: refuse comments that look like an item, since nothing may be
        overlooked, and not words that tell to leave an item alone
    :param reasons: why plans hold targets back, in their words
    :raises InvalidInput: it could mean several things
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f'{text[:40]!r}... has more than {MAX_LENGTH} characters.')
    whole = unmarked(_trimmed(text), but=_INVISIBLE)
    if _OVERRIDE.search(text if '&' not in text else decoded(text)):
        # Said without the characters, as a terminal would obey them.
        raise InvalidInput(
            f'{whole!r} has a character that reverses what is shown (U+202D or '
            'U+202E), so a reader sees another name: remove it.'
        )
    if not whole:
        return Line(LineKind.BLANK)
    if _BREAK.search(whole):
        raise InvalidInput(
            f'{whole!r} holds a line break of another kind: save the file with those '
            'of Unix or Windows.'
        )
    shown = _trimmed(_HTML_COMMENT.sub(' ', whole))
    if '<!--' in shown or '-->' in shown:
        raise InvalidInput(f'{whole!r} is a part of a comment of several lines.')
    if not shown:
        return Line(LineKind.COMMENT)
    if shown.startswith('#'):
        return _after_hash(shown, strict=strict)
    if _RULE.fullmatch(shown) or _is_table_markup(shown):
        return Line(LineKind.MARKUP)
    if _HEADING.fullmatch(shown):
        if _holds_link(shown):
            raise InvalidInput(f'{shown!r} is a heading with a name in it.')
        return Line(LineKind.MARKUP)
    if reported := _REPORTED.fullmatch(f'{shown} '):
        cell = reported['target'].strip()
        if found := _NOWIKI.fullmatch(cell):
            cell = decoded(found[1])
        return Line(LineKind.ITEM, cell, exact=True)
    if shown.startswith('|'):
        return Line(LineKind.ITEM, _cell(shown))
    if not strict and _holds_link(shown):
        words = _TOKEN.sub('', _without_comment(shown))
        if _AGAINST.search(words):
            raise InvalidInput(f'{shown!r} has words that may speak against it.')
    target = without_facts(shown, reasons)
    if target != shown and not _MARKED.match(target):
        return Line(LineKind.ITEM, target, exact=True)
    return _item(_without_comment(shown))


def accounts_of(line: Line, *, capital: Capital = first_letter) -> tuple[str, ...]:
    """Return the accounts that an item of a list names, in MediaWiki's form.

    .. version-added:: 0.1

    :param line: an item, as :func:`read_line` returns it
    :param capital: writes a first letter as the wiki does
    :raises InvalidInput: it names nobody, or could mean several things
    """
    if not line.exact:
        return accounts_in(line.content, capital=capital)
    return (normalise_name(line.content, capital=capital),)


def is_interpreted(
    text: str, names: Sequence[str], *, capital: Capital = first_letter
) -> bool:
    """Tell whether the names in a line are more than the line as it stands.

    .. version-added:: 0.1

    :param capital: writes a first letter as the wiki does
    """
    plain = ' '.join(unicodedata.normalize('NFC', text).replace('_', ' ').split())
    return len(names) != 1 or capital(plain[:1]) + plain[1:] != names[0]


def accounts_in(text: str, *, capital: Capital = first_letter) -> tuple[str, ...]:
    """Return the accounts that an item of a list names, in MediaWiki's form.

    It reads links to pages of users, addresses of such pages, templates that name
    accounts, lines of logs, and a name with the links that MediaWiki puts behind it.

    .. version-added:: 0.1

    >>> accounts_in('[[User:Example bot|Example bot]] (talk | contribs)')
    ('Example bot',)

    :param text: the content of the item
    :param capital: writes a first letter as the wiki does
    :raises InvalidInput: it names nobody, or could mean several things
    """
    item = _unwrapped(without_facts(text))
    if '~~~' in item:
        raise InvalidInput(f'{text!r} holds a signature.')
    if re.search('[\u2502\u2503]', item) and not _holds_link(item):
        raise InvalidInput(
            f'{text!r} is a row of a table, where a name may be broken: use the files '
            'that "pwb campaign report" writes.'
        )
    name = partial(normalise_name, capital=capital)
    names = _linked(item, name) if _holds_link(item) else _plain(item, name)
    return tuple(dict.fromkeys(names))


def without_facts(text: str, reasons: Collection[str] = ()) -> str:
    """Return a target without what plans, logs and summaries say of it.

    .. version-added:: 0.1

    >>> without_facts('done: Example bot (found by reading)')
    'Example bot'

    :param reasons: why plans hold targets back, in their words
    """
    if _WIKILINK.fullmatch(text.strip()):
        return text
    if outcome := _OUTCOME.match(text):
        return _DETAIL.sub('', text[outcome.end() :])
    # A tabulator stands in lists of pages alone, which say nothing else.
    if '\t' in text:
        return text
    if facts := _FACTS.search(text):
        return text[: facts.start()]
    held = [_held(text, reason) for reason in reasons if reason in text]
    return max(held, key=len) if any(held) else _FAILURE.sub('', text)


def _held(text: str, reason: str) -> str:
    """Return a target before the reason why it is held back; '' if none is there.

    A plan says it in brackets and a summary behind a colon; both may say more.
    """
    why = re.escape(reason)
    found = re.match(rf'(.+)(?: \({why}(?:[:;] .*)?\)|: {why}(?:: .*)?)$', text)
    return found[1] if found else ''


def left_open(text: str, before: str = '') -> str:
    """Return the sign of a comment, or of what is struck out, that a line leaves open.

    .. version-added:: 0.1

    >>> left_open('<s>[[User:X]]'), left_open('[[User:Y]]</s>', '<s>')
    ('<s>', '')

    :param before: what the lines before have left open
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
    """Return the one link in an item of a list, or the item if it holds none.

    .. version-added:: 0.1

    :raises InvalidInput: there are several links, or words before the link
    """
    links = list(_WIKILINK.finditer(text))
    if not links:
        return text
    if len(links) > 1 or links[0].start():
        raise InvalidInput(f'{text!r} does not begin with its only link.')
    return links[0][0]


# What a line is

#: What pasted text has at its ends and nobody sees: a byte order mark, blanks without
#: a width, isolates of directions.
_INVISIBLE = '\ufeff\u200b\u2060\u2066\u2067\u2068\u2069'
#: What other programs take for the end of a line.
_BREAK = re.compile('[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]')
_DIRECTION = re.compile('[\u200e\u200f\u202a-\u202e]')
#: What makes a reader see all letters in the other order.
_OVERRIDE = re.compile('[\u202d\u202e]')
_HTML_COMMENT = re.compile('<!--.*?-->')
_HEADING = re.compile('=+[^=].*=+')
_RULE = re.compile('-{4,}|={3,}')
_WIKILINK = re.compile(r'\[\[[^\[\]]*\]\]')
_LINKED = ('[[', '{{')
_ADDRESSED = ('http://', 'https://', '//', '[http', '[//')
#: Signs before an item that are typed, and that are none of a name with a blank.
_BULLETS = re.compile(r'[•·‣◦▪●○‧∙]\s*(?=\S)')
_DASH = re.compile(r'[-–—+]\s+(?=\S)')
_NUMBER = re.compile(r'\(?(\d{1,7})[.)]\s+(?=\S)')
_SIGNS = re.compile('[*:;][*:;#]*')
#: What may stand before the link of an item, such as bold type.
_WRAPPING = re.compile('(?:\'{2,}|["“„«‘(\\s]|<[a-z]+[^<>]*>)+', re.IGNORECASE)


def _trimmed(text: str) -> str:
    text = _DIRECTION.sub('', text).strip()
    while text != (text := text.strip(_INVISIBLE).strip()):
        pass
    return text


def _after_hash(text: str, *, strict: bool) -> Line:
    rest = text.lstrip('#')
    body = rest.strip()
    if not body:
        return Line(LineKind.COMMENT)
    wrapped = _WRAPPING.match(body)
    if body[wrapped.end() if wrapped else 0 :].startswith(_LINKED):
        return Line(LineKind.ITEM, _without_comment(body))
    signs = _SIGNS.match(body)
    if signs and (_is_item(body[signs.end() :]) or not body[signs.end() :]):
        return _item(_without_comment(body))
    if signs or not rest[0].isspace():
        raise InvalidInput(
            f'{text!r} is neither a comment, which has a blank after "#", nor a list '
            'item such as "# [[User:...]]".'
        )
    if _USER_LINK.search(body) or (
        strict and (_is_explicit(body) or _holds_link(body))
    ):
        raise InvalidInput(
            f'{text!r} may be a comment or a list item: write "# [[User:...]]", or '
            'leave the line out.'
        )
    return Line(LineKind.COMMENT)


def _is_item(rest: str) -> bool:
    """Tell whether what follows a sign makes it the sign of a list."""
    return rest[:1].isspace() or rest.startswith((*_LINKED, *_ADDRESSED))


def _item(text: str) -> Line:
    """Return a line without the sign of a list before it."""
    if signs := _SIGNS.match(text):
        rest = text[signs.end() :]
        if not rest:
            return Line(LineKind.MARKUP)
        if not _is_item(rest) and set(signs[0]) != {':'}:
            return Line(LineKind.ITEM, text)
        rest = rest.strip()
        if (again := _SIGNS.match(rest)) and _is_item(rest[again.end() :]):
            raise InvalidInput(f'{text!r} begins with two signs of a list.')
        return _item(rest) if _NUMBER.match(rest) else Line(LineKind.ITEM, rest)
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


def _is_explicit(text: str) -> bool:
    """Tell whether a text says by itself that it names somebody."""
    return (
        text.startswith((*_LINKED, *_ADDRESSED))
        or _USER_PAGE.match(text) is not None
        or kind_of(text) is AccountKind.TEMPORARY
        or _address(re.split(r'[\s,;]', text, maxsplit=1)[0]) is not None
    )


def _without_comment(text: str) -> str:
    """Return a line without the comment behind it."""
    for comment in re.finditer(r'\s#+(?=\s|$)', text):
        before = text[: comment.start()]
        if before.count('[[') != before.count(']]'):
            continue
        if _holds_link(text[comment.end() :]):
            raise InvalidInput(f'{text!r} has a name in its comment.')
        return before.strip()
    return text


def _is_table_markup(text: str) -> bool:
    if text.startswith('!'):
        return '!!' in text[1:] and not _holds_link(text)
    return text.startswith(('{|', '|-', '|+')) or text == '|}'


def _cell(row: str) -> str:
    """Return the cell of a table's row that names somebody."""
    cells = [cell for cell in row[1:].split('||') if _holds_link(cell)]
    if len(cells) != 1:
        raise InvalidInput(
            f'{row!r} is a row of a table, and does not name one user by a link.'
        )
    (cell,) = cells
    before, bar, after = cell.partition('|')
    # Attributes of the cell, such as style="...".
    return after.strip() if bar and not _holds_link(before) else cell.strip()


#: What a log of a campaign says before a target.
_OUTCOME = re.compile('^(?:done|FAILED): (?=.)')
#: Errors with which targets fail.
_ERRORS = [
    name
    for name, item in vars(exceptions).items()
    if isinstance(item, type) and item.__module__ == exceptions.__name__
]
_ERROR = rf'(?:{"|".join(_ERRORS)}): .*'
#: What a log of a campaign says behind a target.
_DETAIL = re.compile(
    r' \((?:log entry \d|found by reading|(?:done|gone|changed) [^()]*)[^()]*\)$'
    rf'| \({_ERROR}\)$'
)
#: What a plan shows of an account or a page. Titles and names can end with brackets
#: too, so several facts are wanted of a page.
_FACTS = re.compile(
    r' \((?:[^()]*; )?edits \d+(?:; [^()]*)?\)$'
    r'| \((?:[^()]*; )?registered \d{4}-\d\d-\d\d(?:; [^()]*)?\)$'
    r'| \((?:[^()]*; )?(?:active sysops|revisions) \d+; [^()]*\)$'
)
#: What a summary says of a target that failed.
_FAILURE = re.compile(rf': {_ERROR}$')
#: A row of a campaign's report in wikitext, with its state and its time.
_REPORTED = re.compile(
    r'\|(?P<target>[^|]+|<nowiki>.*?</nowiki>)\|\| [a-z ]+ \|\| '
    r'(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)? ?\|\| .*'
)

_NOWIKI = re.compile('<nowiki>(.*)</nowiki>')
#: What a list has before an item, or around it, where people have written it.
_MARKED = re.compile(r'[*:;#+•·‣◦▪●○‧∙–—-]+\s|.*(?:\[\[|\{\{|//)|.*[|·]|\S+\t')

# The accounts in an item

#: Templates that name users, and whether all their parameters do.
_TEMPLATES = {
    **dict.fromkeys(('lockhide', 'lh', 'luxotool', 'sultool', 'checkuser'), False),
    **dict.fromkeys(('user', 'userlinks', 'vandal', 'ipvandal', 'ip'), False),
    **dict.fromkeys(('multilock', 'multilockhide', 'sock list'), True),
}
#: Opening signs in a template beyond which it is not read.
_MAX_OPENED = 100
#: Special pages that are about the user whose name follows.
_SPECIAL = (
    'block centralauth checkuser contribs contributions createlocalaccount '
    'deletedcontributions emailuser globalblock globalblocklist globalcontributions '
    'globalrenameuser globaluserrights listfiles log unblock userrights'
).split()
#: A kind of log, which MediaWiki tells from a user by its small letters.
_LOG_TYPE = r'log/(?-i:[a-z*][a-z-]*)\s*(?:$|[\]|?#])'
_USER_PAGE = re.compile(
    r'\s*:*(?:[a-z][a-z0-9-]*\s*:\s*:?)*?(?:user(?:[ _]talk)?\s*:'
    rf'|special\s*:\s*(?!{_LOG_TYPE})(?:{"|".join(_SPECIAL)})/)\s*(?P<name>.+)',
    re.IGNORECASE,
)
#: A link or a template that names a user, wherever it stands.
_USER_LINK = re.compile(
    rf'\[\[(?=[^\[\]]*\]\]){_USER_PAGE.pattern}'
    rf'|\{{\{{\s*(?:{"|".join(_TEMPLATES)})\s*\|',
    re.IGNORECASE,
)
_SPECIAL_PAGE = re.compile(rf'special\s*:\s*(?:{"|".join(_SPECIAL)})', re.IGNORECASE)
_TOKEN = re.compile(
    r'\{\{(?P<template>[^{}]*)\}\}|\[\[(?P<link>[^\[\]]*)\]\]'
    r'|\[(?P<labelled>(?:https?:)?//[^\s\[\]]+)[^\[\]]*\]'
    r'|(?<!\S)(?P<url>(?:https?:)?//\S+)',
    re.IGNORECASE,
)
#: Words in the links that MediaWiki puts behind a name.
_BEHIND = (
    r'(?:talk|contribs|contributions|block|unblock|change|logs?|global|locks?|deleted|'
    r'user|rights)'
)
#: What is in a group of such links; in other languages it is known by its signs.
_GROUP = re.compile(rf'{_BEHIND}(?:[\s|.·•,/]+{_BEHIND})*|.*[|·•].*', re.IGNORECASE)
#: The same as a browser copies it where signs between the links are only displayed.
_COPIED = re.compile(r'(?<=\S) talk contribs(?: block)?$', re.IGNORECASE)
_TIME = r'\d{1,2}:\d\d(?::\d\d)?'
_DATE = r'(?:\d{1,2}\.? \w+,? \d{4}|\w+ \d{1,2},? \d{4}|\d{4}-\d\d-\d\d)'
#: How a line of a log begins.
_LOG = re.compile(
    rf'(?:\([^()]*log\);?\s*)?(?:{_TIME}(?:,? {_DATE})?|{_DATE}(?:T|,? ){_TIME}Z?)'
    r'(?![\w:])\s*(?:\([^()]*log\)\s*)?(?:\.\s?\.)?\s*',
    re.IGNORECASE,
)
#: How one ends that tells of an account's creation.
_CREATED = re.compile(
    r'\s*\b(?:user account )?(?:was )?created(?: automatically)?\.?$', re.IGNORECASE
)
_BETWEEN = re.compile(rf'(?:[\s,;.·•|/&()]|\band\b|{_BEHIND})*', re.IGNORECASE)
#: A time and a year, in the order and the words of any language, as in a signature.
_CLOCK = r'\b\d{1,2}[:.h]\d\d(?!\d)'
_SIGNED = re.compile(rf'\(UTC\)|{_CLOCK}.*\d{{4}}|\d{{4}}.*{_CLOCK}', re.IGNORECASE)
#: Words behind a name that may name somebody else.
_FURTHER = re.compile(
    r'[^\w,;&+/]*(?:[,;&+/、，；]|\band\b)\W*\w'
    r'|.*\b(?:user(?:[ _]talk)?|special)\s*:\s*\S',
    re.IGNORECASE,
)
#: Words behind a name that may mean that it is not one of the list.
_AGAINST = re.compile(
    r"\b(?:(?:do|does|should|must|is|are|was)(?: not|n['’]?t)|except|unlock|innocent|"
    r'victim|withdrawn|false positive|not (?:this|him|her|it|them|an?))\b',
    re.IGNORECASE,
)
#: What parts the words behind an address from it, which may else be a part of a name.
_PARTED = re.compile(r'\s*(?:[-–—,;:|<>#=]|//)')
#: A blank in an address, as it is written there.
_WRITTEN_BLANK = re.compile(r'_|%20|\+')
_QUOTED = re.compile(
    "'''(.+)'''|''(.+)''|\"([^\"]+)\"|[“„]([^“”„]+)[”“]|«([^«»]+)»|‘([^‘’]+)’"
    r'|<(nowiki|bdi|code|tt|kbd|b|i|u|small|span)\b[^<>]*>(.+)</\7>',
    re.IGNORECASE,
)
_STRUCK = re.compile(r'</?(?:s|del|strike)\b', re.IGNORECASE)
#: What begins or ends a comment, or what is struck out.
_OPENING = re.compile(r'<!--|-->|</?(?:s|del|strike)\b[^<>]*>', re.IGNORECASE)
_ENCODED = re.compile('%[0-9A-Fa-f]{2}')
_PAGE_IN_PATH = re.compile(r'/((?:user(?:[ _]talk)?|special):.*)', re.IGNORECASE)
#: Cells of several columns; "1,000" is a number.
_COLUMNS = re.compile(r'\t|^"[^"]*"\s*[,;]|(?<!\d),(?=\S)|,(?!\d{3}\b)\S|[,;]$')
_PORT = re.compile(r'\[?([0-9A-Fa-f:.]+?)\]?(?<=[\].\d]):\d{1,5}|\[([0-9A-Fa-f:]+)\]')


def _holds_link(text: str) -> bool:
    return any(sign in text for sign in _LINKED) or _TOKEN.search(text) is not None


def _unwrapped(text: str) -> str:
    text = _trimmed(text)
    if _STRUCK.search(text):
        raise InvalidInput(f'{text!r} is struck out.')
    while found := _QUOTED.fullmatch(text):
        text = _trimmed(found[found.lastindex or 0])
    return text


def _linked(text: str, name: _Name) -> list[str]:
    """Return the names in links, if the words around them leave no doubt."""
    tokens = list(_TOKEN.finditer(text))
    spans: list[tuple[int, int]] = []
    named: list[str] = []
    in_templates: set[str] = set()
    for token in tokens:
        names = _names_of(token, name)
        if names:
            spans.append(token.span())
            last = token
            named += names
        if token['template'] is not None:
            in_templates.update(names)
    if _TOKEN.sub('', text).find('{{') >= 0 or '[[' in _TOKEN.sub('', text):
        raise InvalidInput(f'{text!r} holds a link or a template without an end.')
    if not named:
        raise InvalidInput(f'{text!r} links to no page of a user.')
    before, behind = text[: spans[0][0]].strip(), text[spans[-1][1] :].strip()
    is_log = _LOG.fullmatch(before + ' ') is not None
    if before and not is_log:
        raise InvalidInput(f'{text!r} has words before the name.')
    words = _TOKEN.sub('', behind)
    if _SIGNED.search(words):
        raise InvalidInput(f'{text!r} looks like a signature.')
    if not _BETWEEN.fullmatch(behind) and (
        _FURTHER.match(words) or _may_go_on(last, behind)
    ):
        raise InvalidInput(
            f'{text!r} may name somebody else behind the name: give one name a line, '
            'and words in a comment behind " # ".'
        )
    if is_log and not _is_creation(behind):
        raise InvalidInput(
            f'{text!r} is a line of a log, where the user may be who did it.'
        )
    several = set(named)
    if len(several) > 1:
        gaps = [text[a[1] : b[0]] for a, b in zip(spans, spans[1:], strict=False)]
        if (
            is_log
            or not all(map(_BETWEEN.fullmatch, [*gaps, behind]))
            or (in_templates and several != in_templates)
        ):
            raise InvalidInput(f'{text!r} names several users in different ways.')
    return named


def _may_go_on(last: re.Match[str], behind: str) -> bool:
    """Tell whether words behind an address may belong to the name in it."""
    return (
        last['url'] is not None
        and _WRITTEN_BLANK.search(last['url']) is None
        and _PARTED.match(behind) is None
    )


def _is_creation(behind: str) -> bool:
    return _BETWEEN.fullmatch(_CREATED.sub('', behind)) is not None


def _names_of(token: re.Match[str], name: _Name) -> list[str]:
    """Return whom a link or a template names; nobody if it links elsewhere."""
    if token['template'] is not None:
        return _names_of_template(token['template'], name)
    if token['link'] is not None:
        page = _USER_PAGE.fullmatch(_title(token['link'].partition('|')[0]))
        return [name(page['name'])] if page else []
    return _names_of_url(token['labelled'] or token['url'].rstrip(',;'), name)


def _names_of_template(text: str, normalised: _Name) -> list[str]:
    # What is left open costs the parser time in the cube of its number.
    if sum(text.count(sign) for sign in '<[') > _MAX_OPENED:
        raise InvalidInput(f'{text[:40]!r}... is too complex: give one name a line.')
    parsed = mwparserfromhell.parse(f'{{{{{text}}}}}').nodes
    template = parsed[0] if len(parsed) == 1 else None
    if not isinstance(template, Template):
        raise InvalidInput(f'{{{{{text}}}}} is no template.')
    name = ' '.join(str(template.name).replace('_', ' ').split()).casefold()
    name = re.sub('^(?:subst:)?:?(?:template:)?', '', name).strip()
    if name not in _TEMPLATES:
        raise InvalidInput(
            f'{{{{{text}}}}} is no template that is known to name users.'
        )
    found: dict[str, str] = {}
    for parameter in template.params:
        key = str(parameter.name).strip().lower()
        value = _HTML_COMMENT.sub('', str(parameter.value)).strip()
        if 'hidename' in (key, value.lower()):
            continue
        if not key.isdecimal() or (key != '1' and not _TEMPLATES[name]):
            raise InvalidInput(
                f'{{{{{text}}}}} has the parameter {str(parameter).strip()!r}, which '
                'may or may not be a name.'
            )
        user = normalised(value) if value else ''
        if user and found.setdefault(key, user) != user:
            raise InvalidInput(
                f'{{{{{text}}}}} has two values for the parameter {key}, of which '
                'wikis show one.'
            )
    if not found:
        raise InvalidInput(f'{{{{{text}}}}} names nobody.')
    return list(found.values())


def _names_of_url(url: str, name: _Name) -> list[str]:
    """Return whose page a URL shows; nobody if it shows another one."""
    try:
        parts = urlsplit(url if ':' in url.partition('/')[0] else f'https:{url}')
        query = parse_qs(parts.query, errors='strict')
        path, host = unquote(parts.path, errors='strict'), parts.hostname or ''
    except ValueError:
        return []
    if path in ('', '/') and not query and kind_of(host) is AccountKind.IP:
        return [name(host)]
    title = _title(''.join(query.get('title', [])[:1]))
    if not title and (found := _PAGE_IN_PATH.search(path)):
        title = _title(found[1])
    if 'diff' in query or 'oldid' in query:
        # It shows what somebody did there, who need not be its user.
        return []
    page = _USER_PAGE.fullmatch(title)
    named = [name(page['name'])] if page else []
    if special := _SPECIAL_PAGE.match(title):
        if 'page' in query and special[0].casefold().endswith('log'):
            # It shows what a user did to that page, which may be somebody else's.
            return []
        keys = ('target', 'wpTarget', 'username', 'user', 'ip')
        named += [name(user) for key in keys for user in query.get(key, ())]
    if len(set(named)) > 1:
        raise InvalidInput(f'{url!r} names several users in different ways.')
    return named[:1]


def _title(text: str) -> str:
    return _trimmed(text.replace('_', ' '))


def _plain(text: str, normalised: _Name) -> list[str]:
    """Return the names in a text without links."""
    log = _LOG.match(text)
    name = text[log.end() :] if log else text
    created = _CREATED.search(name) if log else None
    if created:
        name = name[: created.start()].removeprefix('User account ')
    name, links = _without_links(name)
    if addresses := _addresses(name):
        return addresses
    if log and (
        not links or _without_links(name)[1] or re.search(r'[ (（]talk\b', name)
    ):
        raise InvalidInput(f'{text!r} is a line of a log, and does not name one user.')
    if page := _USER_PAGE.fullmatch(_title(name)):
        if re.search(r'[\s,;]user(?:[ _]talk)?\s*:', page['name'], re.IGNORECASE):
            raise InvalidInput(f'{text!r} names several users: give one a line.')
        return [normalised(_unquoted(page['name']))]
    if re.fullmatch(_DATE, name):
        raise InvalidInput(f'{text!r} may be the date of some lines of a log.')
    if _COLUMNS.search(name):
        raise InvalidInput(
            f'{text!r} has columns: give one name a line, or name the column by '
            '-column:. A name with a comma in it is written [[User:...]].'
        )
    return [normalised(_unquoted(name))]


def _without_links(name: str) -> tuple[str, bool]:
    """Return a name without the links behind it, and whether there were any."""
    if copied := _COPIED.search(name):
        return name[: copied.start()], True
    rest, end = name.rstrip(), None
    while rest.endswith((')', '）')):
        start = max(rest.rfind('('), rest.rfind('（'))
        if start < 0:
            break
        group, rest = rest[start + 1 : -1], rest[:start].rstrip()
        if _GROUP.fullmatch(group):
            # What is behind the first links says more of the user.
            end = rest
    return (name, False) if end is None else (end, True)


def _unquoted(name: str) -> str:
    """Return a name that was copied from a URL; no name has an encoded byte in it."""
    if not _ENCODED.search(name):
        return name
    try:
        return unquote(name, errors='strict')
    except UnicodeDecodeError:
        raise InvalidInput(f'{name!r} is not encoded in UTF-8.') from None


def _addresses(text: str) -> list[str]:
    """Return the IP addresses of which a text consists; none if it does not."""
    words = re.split(r'[\s,;]+', text.strip(' ,;'))
    found = [_address(word) for word in words]
    if all(found):
        return [address for address in found if address]
    if found[0]:
        rest = text.strip().partition(words[0])[2].strip()
        if re.fullmatch(r'\([^()]*\)', rest):
            return [found[0]]
        raise InvalidInput(
            f'{text!r} begins with an IP address: give addresses alone, or a name as '
            '[[User:...]].'
        )
    if re.fullmatch(r'[\d.]{7,}\s*[-–]\s*[\d.]{7,}', text):
        raise InvalidInput(f'{text!r} is a range of addresses: give it as CIDR.')
    return []


def _address(word: str) -> str | None:
    """Return an address, without the port behind it; None if it is none."""
    if port := _PORT.fullmatch(word):
        word = port[1] or port[2]
    try:
        name = normalise_name(word)
    except InvalidInput:
        return None
    return name if kind_of(name) is AccountKind.IP else None
