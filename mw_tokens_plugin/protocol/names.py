"""Account names, brought to MediaWiki's form before they are sent.

The API modules for global accounts compare names letter by letter, so the normalisation
that MediaWiki does elsewhere is done here. No wiki is asked: whether an account exists
is left to others.

https://www.mediawiki.org/wiki/Manual:Page_title
"""

from __future__ import annotations

import enum
import re
import sys
import unicodedata
from collections.abc import Callable
from html.entities import html5
from urllib.parse import unquote

from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.addresses import canonical_address, network_of

__all__ = [
    'MAX_BYTES',
    'AccountKind',
    'Capital',
    'decoded',
    'first_letter',
    'folded',
    'is_settled',
    'kind_of',
    'normalise_name',
    'normalise_prefix',
]

#: Bytes of an account's name in UTF-8 (``$wgMaxNameChars``).
MAX_BYTES = 255

#: Characters of a text with a name in it: a link, with its label.
_MAX_LENGTH = 2000

_TEMPORARY = re.compile(r'~\d{4}-[\d-]+')
#: Every kind of blank that titles treat as a space.
_BLANKS = re.compile(
    '[ _\\u00a0\\u1680\\u180e\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+'
)
#: Direction marks, which MediaWiki drops from titles.
_MARKS = re.compile('[\\u200e\\u200f\\u202a-\\u202e]')
#: What no account's name contains. Signs that only new names must not have (``@``,
#: ``:``, ``=``) are allowed: old accounts have them.
_FORBIDDEN = re.compile(
    '[#<>\\[\\]|{}/\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200d\\ud800-\\uf8ff\\ufffd-\\uffff]'
    # Four tildes are a signature, and an encoded byte would not survive in a URL.
    '|~~~|%[0-9A-Fa-f]{2}'
)
#: What may be an address or a range; few names match.
_ADDRESS_LIKE = re.compile(r'(?:[\d.]+|(?=[^:]*:)[0-9A-Fa-f:.]+)(?:/\d+)?')
#: What MediaWiki treats as an IPv4 address, or a hidden one, in the place of a name.
_IPV4_LIKE = re.compile(r'\d{1,3}(?:\.\d{1,3}){2}\.(?:xxx|\d{1,3})', re.ASCII)
#: Namespaces that every wiki has: text with such a prefix is the title of a page.
_NAMESPACE = re.compile(
    '(?:media|special|talk|(?:user|project|file|image|mediawiki|template|help|category)'
    '(?: talk)?) *:',
    re.IGNORECASE,
)
#: First letters that differ from Unicode's title case on the wikis of Wikimedia
#: (``$wgOverrideUcfirstCharacters``).
_FIRST_LETTERS = {'\u00df': '\u00df'}
#: Characters by name or number; what lacks its semicolon is plain text to MediaWiki.
_ENTITY = re.compile(
    '&(?:#(?P<decimal>[0-9]+)|#[xX](?P<hexadecimal>[0-9A-Fa-f]+)'
    '|(?P<named>[A-Za-z0-9\\u0080-\\U0010ffff]+));'
)
#: What MediaWiki puts in the place of characters that no page can contain.
_REPLACEMENT = '\ufffd'
_NOT_IN_PAGES = re.compile(
    '[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]'
)
_TAG = re.compile(r'</?[A-Za-z][^<>]*>')
#: Letters in Unicode that are not displayed.
_INVISIBLE_LETTERS = frozenset('\u115f\u1160')
_WIKILINK = re.compile(r'\[\[([^\[\]|]*)(?:\|[^\[\]]*)?\]\]')
_PREFIX = re.compile(
    rf' *(?::+ *)?(?:(?!{_NAMESPACE.pattern})[a-z][a-z0-9-]* *: *)*'
    r'(?:user *:|special *: *centralauth */) *',
    re.IGNORECASE,
)
#: The end of names in the log of global accounts.
_SUFFIX = '@global'


#: Returns a first letter as a wiki writes it; it may be more than one letter.
Capital = Callable[[str], str]


class AccountKind(enum.Enum):
    """Kinds of users; only accounts can have a global account.

    .. version-added:: 0.1
    """

    ACCOUNT = 'account'
    TEMPORARY = 'temporary account'
    IP = 'IP address'


def first_letter(letter: str) -> str:
    """Return a letter as it is at the beginning of a title, on Wikimedia's wikis.

    That is Unicode's title case, which differs from upper case for some digraphs and
    for Georgian letters. Up to 1.39 MediaWiki uses the upper case; a wiki can have
    other exceptions than Wikimedia's.

    https://www.mediawiki.org/wiki/Manual:$wgOverrideUcfirstCharacters

    .. version-added:: 0.1

    >>> first_letter('\u01c6'), first_letter('\u10d0')
    ('\u01c5', '\u10d0')

    :param letter: one character
    """
    return _FIRST_LETTERS.get(letter) or letter.title()


def is_settled(letter: str) -> bool:
    """Return whether every wiki writes a first letter in the same way.

    .. version-added:: 0.1

    :param letter: one character
    """
    upper = letter.upper()
    return len(upper) == 1 and first_letter(letter) == upper == letter.title()


def normalise_name(text: str, *, capital: Capital = first_letter) -> str:
    """Return the name of an account as MediaWiki keeps it.

    Underscores become blanks, blanks are collapsed and trimmed, direction marks are
    removed, the text is composed (NFC), and the first letter is capitalised. ``User:``
    and ``Special:CentralAuth/`` before it (with interwiki prefixes), ``@global`` after
    it, and a wikilink around it are removed, and HTML entities decoded. IP addresses
    are written as MediaWiki writes them.

    https://www.mediawiki.org/wiki/Manual:Page_title

    .. version-added:: 0.1

    >>> normalise_name('[[User:example_bot|talk]]')
    'Example bot'

    :param text: the name as people write it
    :param capital: writes the first letter as the wiki does
    :raises InvalidName: no account can have that name
    """
    name = decoded(text.strip())
    if len(name) > _MAX_LENGTH:
        raise InvalidName(f'{name[:40]!r}... is longer than {MAX_BYTES} bytes.')
    if link := _WIKILINK.fullmatch(name):
        name = link[1]
    name = _MARKS.sub('', unicodedata.normalize('NFC', name))
    name = _BLANKS.sub(' ', name).strip(' ')
    if prefix := _PREFIX.match(name):
        name = name[prefix.end() :]
    name = name.removesuffix(_SUFFIX).strip(' ')
    if not name:
        raise InvalidName(f'{text.strip()!r} holds no name.')
    if address := canonical_address(name):
        return address
    start, slash, _ = name.partition('/')
    if slash and (address_before := network_of(start.rstrip(' '))):
        raise InvalidName(
            f'{name!r} is not a range of addresses: after the slash of one of '
            f'IPv{address_before.version} there is a number from 0 to '
            f'{address_before.max_prefixlen}.'
        )
    for impossible in (_FORBIDDEN, _ENTITY):
        if bad := impossible.search(name):
            raise InvalidName(
                f'{name!r} is not a possible name: it contains {bad[0]!r}.'
            )
    if _IPV4_LIKE.fullmatch(name):
        raise InvalidName(f'{name!r} looks like an IP address, but is not one.')
    if name[0] == ':' or name in ('.', '..') or _NAMESPACE.match(name):
        raise InvalidName(
            f'{name!r} is the title of a page, not the name of an account.'
        )
    name = unicodedata.normalize('NFC', capital(name[0]) + name[1:])
    if len(name.encode()) > MAX_BYTES:
        raise InvalidName(f'{name[:40]!r}... is longer than {MAX_BYTES} bytes.')
    return name


def normalise_prefix(text: str, *, capital: Capital = first_letter) -> str:
    """Return the beginning of names, as MediaWiki keeps them.

    Unlike in a whole name, a blank at the end is significant, and kept.

    .. version-added:: 0.1

    :param text: the beginning of a name as people write it
    :param capital: writes the first letter as the wiki does
    :raises InvalidName: no account's name can have this beginning
    """
    name = normalise_name(text, capital=capital)
    return f'{name} ' if _BLANKS.search(text[-1:]) else name


def decoded(text: str) -> str:
    """Return a text with its HTML entities decoded.

    Entities without a semicolon, or with a name unknown to MediaWiki, stay as they are.

    .. version-added:: 0.1

    :param text: wikitext
    """
    return _ENTITY.sub(_character, text)


def folded(text: str) -> str:
    """Return the letters and digits of a text in which a name is searched for.

    Case, accents, width, blanks, signs, tags, percent-encoding and invisible characters
    make no difference, so different names may become equal.

    .. version-added:: 0.1

    :param text: a name, or what may contain one
    """
    text = unquote(unicodedata.normalize('NFKC', decoded(text)))
    # Each of folding and decomposing can make the other necessary again.
    text = unicodedata.normalize('NFKD', _TAG.sub('', text)).casefold()
    return ''.join(
        letter
        for letter in unicodedata.normalize('NFKD', text).casefold()
        if letter.isalnum() and letter not in _INVISIBLE_LETTERS
    )


def kind_of(name: str) -> AccountKind:
    """Return whether a name is that of an account, a temporary account or an address.

    :param name: a name in MediaWiki's form
    """
    if _TEMPORARY.fullmatch(name):
        return AccountKind.TEMPORARY
    if not _ADDRESS_LIKE.fullmatch(name):
        return AccountKind.ACCOUNT
    is_address = network_of(name) is not None
    return AccountKind.IP if is_address else AccountKind.ACCOUNT


def _character(entity: re.Match[str]) -> str:
    if (name := entity['named']) is not None:
        return html5.get(f'{name};', entity[0])
    hexadecimal = entity['hexadecimal']
    # No character has a number with more digits, leading zeros not counted.
    digits = (hexadecimal or entity['decimal']).lstrip('0') or '0'
    number = int(digits, 16 if hexadecimal else 10) if len(digits) <= 7 else -1
    character = chr(number) if 0 <= number <= sys.maxunicode else _REPLACEMENT
    return _NOT_IN_PAGES.sub(_REPLACEMENT, character)
