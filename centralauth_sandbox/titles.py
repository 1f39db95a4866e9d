"""Titles of pages and names of users, normalised by MediaWiki's rules.

Knows the namespaces of a plain wiki and of a Wikibase repository, and does not tell the
wikis that have them; does not know which pages exist. :func:`speak` says, before each
request, in which language they are named.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

NAMESPACES = {
    -2: 'Media',
    -1: 'Special',
    0: '',
    1: 'Talk',
    2: 'User',
    3: 'User talk',
    4: 'Project',
    5: 'Project talk',
    6: 'File',
    7: 'File talk',
    8: 'MediaWiki',
    9: 'MediaWiki talk',
    10: 'Template',
    11: 'Template talk',
    12: 'Help',
    13: 'Help talk',
    14: 'Category',
    15: 'Category talk',
}
#: Those that a Wikibase repository has besides.
ENTITY_NAMESPACES = {
    120: 'Item',
    121: 'Item talk',
    122: 'Property',
    123: 'Property talk',
}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAMES = NAMESPACES | ENTITY_NAMESPACES
_MODELS = {120: 'wikibase-item', 122: 'wikibase-property'}
INTERWIKI = frozenset({'wikipedia', 'mw', 'mediawikiwiki', 'commons', 'wikidata'})
_NUMBERS = {name.lower(): number for number, name in _NAMES.items() if name}
_NUMBERS |= {'image': 6, 'image talk': 7}
_ILLEGAL = re.compile(
    r'[\[\]{}|<>#\x00-\x1f\x7f\ufffd-\uffff]|%[0-9A-Fa-f]{2}|~~~|&[A-Za-z0-9\x80-\U0010ffff]+;'
)
#: What may be in a title, but not in the name of an account.
_TROUBLEMAKERS = re.compile(
    '[/\x80-\x9f\xa0\u2000-\u200f\u2028-\u202f\u3000\ue000-\uf8ff]'
)
_LIKE_ADDRESS = re.compile(r'(\d{1,3}\.){3}(\d{1,3}|xxx)', re.ASCII)
#: Others than Python's library, MediaWiki knows neither zones nor dots in IPv6.
_ADDRESS = re.compile(
    r'(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]+)(?:/(?:0|[1-9]\d*))?', re.ASCII
)
_BLANKS = re.compile(
    r'[ _\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+'
)
#: As MediaWiki names them in German; English names do as well.
_GERMAN = {
    -2: 'Medium',
    -1: 'Spezial',
    0: '',
    1: 'Diskussion',
    2: 'Benutzer',
    3: 'Benutzer Diskussion',
    4: 'Projekt',
    5: 'Projekt Diskussion',
    6: 'Datei',
    7: 'Datei Diskussion',
    8: 'MediaWiki',
    9: 'MediaWiki Diskussion',
    10: 'Vorlage',
    11: 'Vorlage Diskussion',
    12: 'Hilfe',
    13: 'Hilfe Diskussion',
    14: 'Kategorie',
    15: 'Kategorie Diskussion',
}
_LOCAL = {'en': _NAMES, 'de': _NAMES | _GERMAN}
_LOCAL_NUMBERS = {
    'en': _NUMBERS,
    'de': _NUMBERS | {name.lower(): number for number, name in _GERMAN.items() if name},
}
_language: ContextVar[str] = ContextVar('language', default='en')
_INVISIBLE = re.compile('[\u200e\u200f\u202a-\u202e]')


@dataclass(frozen=True, slots=True)
class Title:
    """A page's namespace and name."""

    namespace: int
    name: str

    def __str__(self) -> str:
        prefix = local_name(self.namespace)
        return f'{prefix}:{self.name}' if prefix else self.name

    @property
    def model(self) -> str:
        """What the content of the page is."""
        return _MODELS.get(self.namespace, 'wikitext')


def speak(language: str) -> None:
    """Name the namespaces in a language from now on, within this thread."""
    _language.set(language if language in _LOCAL else 'en')


def local_name(namespace: int) -> str:
    """Return what a namespace is called here."""
    return _LOCAL[_language.get()][namespace]


def parse_title(text: str) -> Title | None:
    """Return the title that a text names, or None where it names none."""
    return _parsed_title(text, _language.get())


def canonical_user(text: str) -> str | None:
    """Return the normalised name of an account, or None if it cannot be one."""
    return _canonical_user(text, _language.get())


@lru_cache(maxsize=4096)
def _parsed_title(text: str, language: str) -> Title | None:
    if '\ufffd' in text:
        return None
    return _parse(unicodedata.normalize('NFC', text).partition('#')[0], 0)


@lru_cache(maxsize=16384)
def _canonical_user(text: str, language: str) -> str | None:
    title = _parse(unicodedata.normalize('NFC', text), 2)
    if title is None or title.namespace != 2:
        return None
    name = title.name
    if _TROUBLEMAKERS.search(name) or _LIKE_ADDRESS.fullmatch(name) or is_address(name):
        return None
    # As a title it would be another one: there is a second namespace in it.
    return name if _parse(name, 0) == Title(0, name) else None


def _parse(text: str, namespace: int) -> Title | None:
    """Return a title; `namespace` is that of a text that names none."""
    text = _BLANKS.sub(' ', _INVISIBLE.sub('', text)).strip(' ')
    if text.startswith(':'):
        namespace, text = 0, text[1:].strip(' ')
    prefix, colon, rest = text.partition(':')
    if colon:
        prefix = prefix.strip(' ').lower()
        if prefix in INTERWIKI:
            return None
        if (number := _LOCAL_NUMBERS[_language.get()].get(prefix)) is not None:
            # A line break at the end is lost with a namespace, and illegal without.
            namespace, text = number, re.sub(r'(?<! )\n\Z', '', rest.strip(' '))
    if not text or _ILLEGAL.search(text) or len(text.encode()) > 255:
        return None
    parts = text.split('/')
    if parts[0] in ('.', '..') or text.startswith(':') or {'.', '..'} & set(parts[1:]):
        return None
    return Title(namespace, unicodedata.normalize('NFC', upper_first(text)))


def interwiki_prefix(text: str) -> str:
    """Return the prefix of a title that is one of another wiki; '' if it is not."""
    prefix, colon, _ = text.strip().removeprefix(':').partition(':')
    prefix = prefix.strip().lower()
    return prefix if colon and prefix in INTERWIKI else ''


def is_address(text: str) -> bool:
    """Say whether a text is an IP address or a range of them."""
    return network_of(text) is not None


def network_of(text: str) -> Network | None:
    """Return the range that a text names; an address is a range of one."""
    if not _ADDRESS.fullmatch(text):
        return None
    address, slash, bits = text.partition('/')
    if '.' in address:
        # MediaWiki drops leading zeros, which Python refuses.
        address = '.'.join(part.lstrip('0') or '0' for part in address.split('.'))
    try:
        return ipaddress.ip_network(address + slash + bits, strict=False)
    except ValueError:
        return None


def within(inner: Network, outer: Network) -> bool:
    """Say whether a range is part of another, or the same."""
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def canonical_address(text: str) -> str | None:
    """Return an IP address or a range as MediaWiki writes it, or None if it is none.

    A range that is named by an address in its midst stays so.
    """
    text = _INVISIBLE.sub('', text).replace('_', ' ').strip()
    prefix, colon, rest = text.partition(':')
    if colon and prefix.strip().lower() == 'user':
        text = rest.strip()
    if not is_address(text):
        return None
    address, slash, bits = text.partition('/')
    plain = network_of(address)
    assert plain is not None
    return written_address(plain.network_address) + slash + bits


def written_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Return an address as MediaWiki writes it: IPv6 in full, and in capitals."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return ':'.join(f'{int(part, 16):X}' for part in address.exploded.split(':'))


def upper_first(text: str) -> str:
    """Return a text with its first letter as in a title, which may be two letters.

    ``ა`` has no such form and stays, though it has an upper case.
    """
    return text[:1].title() + text[1:]


def first_upper(text: str) -> str:
    """Return the beginning of a title, as it is written."""
    text = text.replace('_', ' ')
    return text[:1].upper() + text[1:]
