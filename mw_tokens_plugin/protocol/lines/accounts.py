"""Which accounts an item of a list names, in MediaWiki's form.

Items without links are read here: names, IP addresses, and lines of logs. Links are
left to :mod:`.links`, and what a line is to :mod:`.grammar`. No wiki is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import partial
from urllib.parse import unquote

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.addresses import cidrs_between
from mw_tokens_plugin.protocol.lines.grammar import Line
from mw_tokens_plugin.protocol.lines.links import Normalise, linked_names
from mw_tokens_plugin.protocol.lines.printed import without_facts
from mw_tokens_plugin.protocol.lines.signs import (
    DATE,
    LINK_WORD,
    LOG_CREATED,
    LOG_START,
    USER_PAGE,
    holds_link,
    ip_address,
    title_in,
    trimmed,
)
from mw_tokens_plugin.protocol.names import (
    AccountKind,
    Capital,
    first_letter,
    kind_of,
    normalise_name,
)

#: The links after a name, in brackets; in other languages they are known by signs.
_GROUP = re.compile(rf'{LINK_WORD}(?:[\s|.·•,/]+{LINK_WORD})*|.*[|·•].*', re.IGNORECASE)
#: The same as browsers copy it, without signs that style sheets add.
_COPIED = re.compile(r'(?<=\S) talk contribs(?: block)?$', re.IGNORECASE)
_QUOTED = re.compile(
    "'''(.+)'''|''(.+)''|\"([^\"]+)\"|[“„]([^“”„]+)[”“]|«([^«»]+)»|‘([^‘’]+)’"
    r'|<(nowiki|bdi|code|tt|kbd|b|i|u|small|span)\b[^<>]*>(.+)</\7>',
    re.IGNORECASE,
)
_STRUCK = re.compile(r'</?(?:s|del|strike)\b', re.IGNORECASE)
#: A range by its first and last address, and one with signs in place of numbers.
_RANGE = re.compile(r'([0-9A-Fa-f:.]{2,60})\s*[-–—]\s*([0-9A-Fa-f:.]{2,60})')
_WILDCARD = re.compile(r'(?P<known>(?:\d{1,3}\.){1,3})(?:[*xX](?:\.|$)){1,3}(?<!\.)')
#: Ranges that a message lists.
_MAX_CIDRS = 20
_ENCODED = re.compile('%[0-9A-Fa-f]{2}')
#: Cells of several columns; "1,000" is a number.
_COLUMNS = re.compile(r'\t|^"[^"]*"\s*[,;]|(?<!\d),(?=\S)|,(?!\d{3}\b)\S|[,;]$')


def accounts_of(line: Line, *, capital: Capital = first_letter) -> tuple[str, ...]:
    """Return the accounts that an item of a list names, in MediaWiki's form.

    .. version-added:: 0.1

    :param line: an item, as :func:`.read_line` returns it
    :param capital: writes a first letter as the wiki does
    :raises InvalidInput: it names nobody, or could mean several things
    """
    if not line.exact:
        return accounts_in(line.content, capital=capital)
    return (normalise_name(line.content, capital=capital),)


def accounts_in(text: str, *, capital: Capital = first_letter) -> tuple[str, ...]:
    """Return the accounts that an item of a list names, in MediaWiki's form.

    It reads links to pages of users, addresses of such pages, templates that name
    accounts, lines of logs, and a name with the links that MediaWiki shows after it.

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
    if re.search('[\u2502\u2503]', item) and not holds_link(item):
        raise InvalidInput(
            f'{text!r} is a row of a table, where a name may be broken: use the files '
            'that "pwb campaign report" writes.'
        )
    normalise = partial(normalise_name, capital=capital)
    read = linked_names if holds_link(item) else _plain_names
    names = read(item, normalise)
    return tuple(dict.fromkeys(names))


def is_interpreted(
    text: str, names: Sequence[str], *, capital: Capital = first_letter
) -> bool:
    """Return whether the names in a line differ from the line itself.

    .. version-added:: 0.1

    :param text: the line
    :param names: the names that were read from it
    :param capital: writes a first letter as the wiki does
    """
    plain = ' '.join(unicodedata.normalize('NFC', text).replace('_', ' ').split())
    return len(names) != 1 or capital(plain[:1]) + plain[1:] != names[0]


def _unwrapped(text: str) -> str:
    """Return an item without quotes or formatting around it.

    :raises InvalidInput: it is struck out
    """
    text = trimmed(text)
    if _STRUCK.search(text):
        raise InvalidInput(f'{text!r} is struck out.')
    while found := _QUOTED.fullmatch(text):
        text = trimmed(found[found.lastindex or 0])
    return text


def _plain_names(text: str, normalise: Normalise) -> list[str]:
    """Return the names in an item without links.

    :raises InvalidInput: it could mean several things
    """
    log = LOG_START.match(text)
    name = text[log.end() :] if log else text
    created = LOG_CREATED.search(name) if log else None
    if created:
        name = name[: created.start()].removeprefix('User account ')
    name, links = _without_links(name)
    if addresses := _addresses(name):
        return addresses
    if log and (
        not links or _without_links(name)[1] or re.search(r'[ (（]talk\b', name)
    ):
        raise InvalidInput(f'{text!r} is a line of a log, and does not name one user.')
    if page := USER_PAGE.fullmatch(title_in(name)):
        if re.search(r'[\s,;]user(?:[ _]talk)?\s*:', page['name'], re.IGNORECASE):
            raise InvalidInput(f'{text!r} names several users: give one a line.')
        return [normalise(_unquoted(page['name']))]
    if re.fullmatch(DATE, name):
        raise InvalidInput(f'{text!r} may be the date of some lines of a log.')
    if _COLUMNS.search(name):
        raise InvalidInput(
            f'{text!r} has columns: give one name a line, or name the column by '
            '-column:. A name with a comma in it is written [[User:...]].'
        )
    return [normalise(_unquoted(name))]


def _without_links(name: str) -> tuple[str, bool]:
    """Return a name without the links after it, and whether there were any."""
    if copied := _COPIED.search(name):
        return name[: copied.start()], True
    rest, end = name.rstrip(), None
    while rest.endswith((')', '）')):
        start = max(rest.rfind('('), rest.rfind('（'))
        if start < 0:
            break
        group, rest = rest[start + 1 : -1], rest[:start].rstrip()
        if _GROUP.fullmatch(group):
            # More groups of links can follow the first one.
            end = rest
    return (name, False) if end is None else (end, True)


def _unquoted(name: str) -> str:
    """Return a name that was copied from a URL; no real name has an encoded byte.

    :raises InvalidInput: it is not encoded in UTF-8
    """
    if not _ENCODED.search(name):
        return name
    try:
        return unquote(name, errors='strict')
    except UnicodeDecodeError:
        raise InvalidInput(f'{name!r} is not encoded in UTF-8.') from None


def _addresses(text: str) -> list[str]:
    """Return the IP addresses that a text consists of; an empty list for other texts.

    Names of temporary accounts have no blanks, so they can be among them.

    :raises InvalidInput: it has words besides, or is a range of addresses
    """
    if (ends := _RANGE.fullmatch(text)) and any(map(ip_address, ends.groups())):
        raise InvalidInput(_instead_of_range(text, cidrs_between(*ends.groups())))
    words = re.split(r'[\s,;]+', text.strip(' ,;'))
    found = [ip_address(word) or _temporary(word) for word in words]
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
    if wildcard := _WILDCARD.fullmatch(text):
        start = re.sub(r'[*xX]', '0', text)
        bits = 8 * wildcard['known'].count('.')
        raise InvalidInput(
            f'{text!r} is a range of addresses: write it as {start}/{bits}.'
        )
    return []


def _temporary(word: str) -> str | None:
    return word if kind_of(word) is AccountKind.TEMPORARY else None


def _instead_of_range(text: str, cidrs: Sequence[str]) -> str:
    """Say how a range is given that is written with its first and last address."""
    if not cidrs:
        return f'{text!r} is not a range of addresses: write ranges as 192.0.2.0/24.'
    shown = ', '.join(cidrs[:_MAX_CIDRS])
    if len(cidrs) > _MAX_CIDRS:
        shown += f' and {len(cidrs) - _MAX_CIDRS} more'
    return f'{text!r} is a range of addresses: give it as CIDR, one a line: {shown}.'
