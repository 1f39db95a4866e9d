"""Titles of pages and names of users, normalised by MediaWiki's rules.

Knows the namespaces of a plain English wiki and of a Wikibase repository, and does not
tell the wikis that have them; does not know which pages exist.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
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
_NAMES = NAMESPACES | ENTITY_NAMESPACES
_MODELS = {120: 'wikibase-item', 122: 'wikibase-property'}
INTERWIKI = frozenset({'wikipedia', 'mw', 'mediawikiwiki', 'commons', 'wikidata'})
_NUMBERS = {name.lower(): number for number, name in _NAMES.items() if name}
_NUMBERS |= {'image': 6, 'image talk': 7}
_ILLEGAL_TITLE = re.compile(r'[\[\]{}|<>\x00-\x1f\x7f\ufffd]|%[0-9A-Fa-f]{2}')
_ILLEGAL_NAME = re.compile(r'[\[\]{}|<>#@:/=\x00-\x1f\x7f\ufffd]')
_BLANKS = re.compile(
    r'[ _\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+'
)
_INVISIBLE = re.compile('[\u200e\u200f\u202a-\u202e]')


@dataclass(frozen=True, slots=True)
class Title:
    """A page's namespace and name."""

    namespace: int
    name: str

    def __str__(self) -> str:
        prefix = _NAMES[self.namespace]
        return f'{prefix}:{self.name}' if prefix else self.name

    @property
    def model(self) -> str:
        """What the content of the page is."""
        return _MODELS.get(self.namespace, 'wikitext')


@lru_cache(maxsize=4096)
def parse_title(text: str) -> Title | None:
    """Return the title that a text names, or None where it names none."""
    text = _BLANKS.sub(' ', _INVISIBLE.sub('', unicodedata.normalize('NFC', text)))
    text = text.partition('#')[0].strip().removeprefix(':').strip()
    namespace = 0
    prefix, colon, rest = text.partition(':')
    if colon:
        prefix = prefix.strip().lower()
        if prefix in INTERWIKI:
            return None
        if prefix in _NUMBERS:
            namespace, text = _NUMBERS[prefix], rest.strip()
    if not text or _ILLEGAL_TITLE.search(text) or len(text.encode()) > 255:
        return None
    if text in ('.', '..') or text.startswith(('./', '../', ':')):
        return None
    return Title(namespace, _upper_first(text))


@lru_cache(maxsize=16384)
def canonical_user(text: str) -> str | None:
    """Return the normalised name of an account, or None if it cannot be one."""
    text = unicodedata.normalize('NFC', text)
    text = _BLANKS.sub(' ', _INVISIBLE.sub('', text)).strip()
    prefix, colon, rest = text.partition(':')
    if colon and prefix.strip().lower() == 'user':
        text = rest.strip()
    if not text or _ILLEGAL_NAME.search(text) or len(text.encode()) > 235:
        return None
    if is_address(text):
        return None
    return _upper_first(text)


def is_address(text: str) -> bool:
    """Say whether a text is an IP address or a range of them."""
    if not text[:1].isalnum() and text[:1] != ':':
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _upper_first(text: str) -> str:
    first = text[0].upper()
    return (first if len(first) == 1 else text[0]) + text[1:]
