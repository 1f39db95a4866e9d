"""Users that a text may mention: by links, web addresses and IP addresses.

No wiki is asked, so only English names of special pages are known, which work on every
wiki. Whether somebody is really meant is left to the caller.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from urllib.parse import unquote

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.names import Capital, decoded, normalise_name

#: The prefixes of a link, such as those of other wikis.
_PREFIXES = re.compile(r'\s*:?(?:[\w.-]+\s*:\s*)*?(?=(?:user|special)[^:]*:)', re.I)
_USER = re.compile(r'(?:user|user[ _]+talk)\s*:\s*(.*)', re.IGNORECASE | re.DOTALL)
_SPECIAL = re.compile(
    r'special\s*:\s*(?:block|ca|centralauth|c|contribs|contributions|'
    r'deletedcontributions|emailuser|globalblock|globalcontributions|globalrenameuser|'
    r'globaluserrights|listfiles|log|multilock|multiglobalblock|unblock|userrights)\s*'
    r'/(?:[a-z]+/(?=.))?(.*)',
    re.IGNORECASE | re.DOTALL,
)
_QUERY = re.compile(r'[?&](?:user|username|target|wptarget|account)=([^&#\s]+)', re.I)
_URL = re.compile(r'(?<![\w/])(?:https?:)?//[^\s<>"\[\]{}|]+', re.IGNORECASE)
_NUMBERS = re.compile(
    r'(?<![G-Zg-z])[0-9A-Fa-f:.]{3,60}(?:/\d{1,3}|[.*xX]+(?![\w.])|-\d{1,5}(?![\d.]))?'
    r'|~\d{4}-[\d-]*\d'
)
#: What is meant as an address of IPv4, or several, whether there are such or not.
_QUAD = re.compile(
    r'\d{1,5}(?:\.\d{1,5}){2}\.(?:\d{1,5}|\*|[xX]{1,3}(?!\w))'
    r'(?:[:/-]\d{1,5}(?![\d.]))?'
)
#: Links and templates, which are read elsewhere.
_EXPLICIT = re.compile(r'\[\[[^\[\]]*\]\]|\{\{[^{}]*\}\}|\[(?:https?:)?//[^\[\]]*\]')
#: Separators between a name and other words; names may contain some of them, too.
_SEPARATORS = re.compile(
    '([\\s,;:|/&()\\[\\]{}<>"=?@#\u2014\u201c\u201d\u201e\xab\xbb\u3001\uff0c\uff1a\uff1b\uff08\uff09]+)'
)
#: The same for titles, in which blanks are common.
_PAGE_SEPARATORS = re.compile(r'([,;()\u3001\uff0c\uff1b\uff08\uff09]+|\band\b)')
#: Characters that can be next to a name without a blank.
_AROUND = "'`*~.!?-\u2013\u2018\u2019"
#: Words of a name that is searched for in a text.
_MAX_WORDS = 10
_TEMPORARY = re.compile(r'~\d{4}-[\d-]*\d')


def linked_user(target: str, namespaces: Collection[str] = ()) -> str | None:
    """Return the user that a link leads to, as it is written.

    That is a user's page or a page about a user, such as ``Special:CentralAuth``. A
    subpage belongs to its user.

    .. version-added:: 0.1

    >>> linked_user(':m:User talk:Example/Archive')
    'Example'

    :param target: the target of a link within a wiki, without its label
    :param namespaces: names of the namespaces of users and their talk, in lower case
    :return: None if it leads to another page
    """
    target = unquote(target)
    name, colon, page = target.lstrip(' :').partition(':')
    if colon and ' '.join(name.replace('_', ' ').lower().split()) in namespaces:
        target = f'User:{page}'
    if query := _QUERY.search(target):
        return query[1].replace('+', ' ')
    prefixes = _PREFIXES.match(target)
    rest = target[prefixes.end() :] if prefixes else target
    if special := _SPECIAL.match(rest):
        # Ranges of addresses are written with a slash, too.
        return special[1].partition('#')[0].strip() or None
    if user := _USER.match(rest):
        return re.split('[/#]', user[1], maxsplit=1)[0].strip() or None
    return None


def users_in_urls(text: str) -> Iterator[tuple[str, str]]:
    """Yield the web addresses in a text that lead to a user, and that user.

    .. version-added:: 0.1

    :param text: plain text
    """
    for url in _URL.finditer(text):
        address = url[0].rstrip('.,;:!?)')
        path = address.partition('//')[2].partition('/')[2]
        title = re.search(r'[?&]title=([^&#]+)', path)
        path, question, query = path.partition('?')
        for part in (title[1] if title else '', path.removeprefix('wiki/'), path):
            if user := linked_user(part):
                yield address, user
                break
        else:
            if question and (user := linked_user(f'?{query}')):
                yield address, user


def addresses(text: str) -> Iterator[str]:
    """Yield the IP addresses, ranges and temporary accounts that a text mentions.

    Web addresses are skipped. What only looks like an address of IPv4 is yielded as it
    is written, such as one with a port.

    .. version-added:: 0.1

    :param text: plain text
    """
    for found in _NUMBERS.finditer(_URL.sub(' ', text)):
        word = found[0].rstrip('.:')
        if _TEMPORARY.fullmatch(word):
            yield word
            continue
        # A colon may end the word before.
        plain = word if word.startswith('::') else word.lstrip(':')
        if plain.count(':') > 1 and _is_address(plain.partition('-')[0]):
            yield plain
        else:
            yield from (quad[0] for quad in _QUAD.finditer(word))


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def possible_names(text: str, *, capital: Capital) -> Iterator[str]:
    """Yield every name that a text may hold beside links and templates.

    Most of them are not names of accounts: compare them with names that are known.

    .. version-added:: 0.1

    :param text: plain text
    :param capital: writes the first letter of a name as the wiki does
    """
    for words in _runs(text, _SEPARATORS):
        for name in dict.fromkeys((words, words.strip(_AROUND))):
            with suppress(InvalidName):
                yield normalise_name(name, capital=capital)


def possible_pages(text: str) -> Iterator[str]:
    """Yield texts that may be titles of pages, beside links, as they are written.

    .. version-added:: 0.1

    :param text: plain text
    """
    return (run.strip() for run in _runs(text, _PAGE_SEPARATORS) if ':' in run)


def _runs(text: str, separators: re.Pattern[str]) -> Iterator[str]:
    """Yield all pieces of a text between any two of its separators."""
    plain = unquote(decoded(_URL.sub(' ', _EXPLICIT.sub(' ', text)))).replace('_', ' ')
    parts = separators.split(plain)
    ends = [at for at in range(0, len(parts), 2) if parts[at]]
    for first, start in enumerate(ends):
        for end in ends[first : first + _MAX_WORDS]:
            yield ''.join(parts[start : end + 1])
