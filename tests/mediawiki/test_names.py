"""Names of accounts become what MediaWiki itself makes of them.

https://www.mediawiki.org/wiki/Manual:$wgOverrideUcfirstCharacters
"""

from __future__ import annotations

import re
import sys
from itertools import product
from random import Random

import pytest

from centralauth_sandbox.titles import canonical_user
from mw_tokens_plugin.exceptions import InvalidName
from mw_tokens_plugin.protocol.names import normalise_name

from .client import Client
from .installation import MediaWiki
from .unicodes import CHANGED
from .wiki import Wiki

pytestmark = pytest.mark.only('mediawiki')

#: What names and mistakes in them are made of.
PIECES = (
    *(
        'a',
        'B',
        'spam',
        '1',
        '\u01c6',
        '\u10d0',
        '\u00df',
        '\ufb01',
        '\u1ff7',
        'e\u0301',
    ),
    *(' ', '  ', '_', '\u00a0', '\u1680', '\u180e', '\u2003', '\u2028', '\u3000'),
    *('\u200e', '\u202e', '\u200b', '\u00ad', '\u2069', '\u115f', '\ufeff', '\ufe0f'),
    *('\ue000', '\ufffd', '\uffff', '\U0001fffe', '\x7f', '\x85', '\t', '\n'),
    *('#', '/', '|', '<', '>', '{', '}', '~~~', '%41', '%', ':', '=', '@', '!', '"'),
    *('.', '..', '192.0.2.1', '192.0.2.256', '01.2.3.4', '2001:db8::1', '::', '/24'),
    *('*', '-', "'", '~2026-1', 'User:', 'user talk:', 'File:', 'Talk : ', 'Media:'),
)


def ours(text: str) -> str | None:
    try:
        return normalise_name(text)
    except InvalidName:
        return None


def theirs(wiki: Wiki, names: list[str]) -> list[str | None]:
    assert isinstance(wiki, MediaWiki)
    return wiki.canonical_names(names)


def in_the_sandbox(text: str, kept: str | None) -> bool:
    """Say whether the sandbox makes the same of a name.

    Unlike Wikimedia's wikis it writes a first sharp s as a plain MediaWiki was recorded
    to do; addresses are no names of accounts.
    """
    made = canonical_user(text)
    if made is None:
        return kept is None or canonical_user(kept) is None
    return made == (f'Ss{kept[1:]}' if kept and kept[0] == '\u00df' else kept)


def test_every_first_letter_is_written_as_mediawiki_writes_it(wiki: Wiki) -> None:
    points = (chr(n) for n in range(0x80, sys.maxunicode + 1))
    cased = [c for c in points if c.title() != c or c.upper() != c or c.lower() != c]
    names = [f'{letter}x' for letter in cased]
    different = {
        name[0]: kept
        for name, kept in zip(names, theirs(wiki, names), strict=True)
        if ours(name) != kept or not in_the_sandbox(name, kept)
    }
    assert not different.keys() - CHANGED


def test_odd_names_become_what_mediawiki_makes_of_them(wiki: Wiki) -> None:
    pairs = {''.join(pair) for pair in product(PIECES, repeat=2)}
    chosen = Random(0)
    longer = {
        ''.join(chosen.choices(PIECES, k=chosen.randint(3, 6))) for _ in range(9999)
    }
    names = sorted({name.strip() for name in pairs | longer})
    # Addresses that begin with "::" are no titles, and ranges are no users, but both
    # stand in lists. What stands before "User:" may be an interwiki prefix.
    names = [n for n in names if not re.search(r'^[\W_]*::|/|[^ ]:User:', n)]
    kept = dict(zip(names, theirs(wiki, names), strict=True))
    assert {name: ours(name) for name in names} == kept
    assert [name for name in names if not in_the_sandbox(name, kept[name])] == []


def test_a_wiki_that_writes_first_letters_otherwise_is_asked(
    client: Client, wiki: Wiki
) -> None:
    """MediaWiki 1.39 takes the upper case, in Georgian too."""
    assert isinstance(wiki, MediaWiki)
    site = client.site(wiki)
    letters = [
        '\u10d0',
        '\u01c6',
        '\u01c5',
        '\u00df',
        '\ufb01',
        '\u0149',
        '\u1fb3',
        'i',
    ]
    names = [f'{letter}x' for letter in letters]
    found = [normalise_name(name, capital=site.first_letter) for name in names]
    assert found == wiki.canonical_names(names, first_letters='own')
    assert found[:2] == ['\u1c90x', '\u01c4x']
    wiki.forget()
    for name in (*names, 'plain', '\u00e9t\u00e9'):
        normalise_name(name, capital=site.first_letter)
    assert not wiki.sent()
