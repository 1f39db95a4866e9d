"""The names of targets that are pages on many wikis, or stand for a search for pages.

It only puts names together and takes them apart: ``database:Title`` for a page, and
``database:#kind:object`` for a search. Whether there is such a page is left to the
wiki.
"""

from __future__ import annotations

import re
import unicodedata

from mw_tokens_plugin.exceptions import InvalidInput

__all__ = ['named', 'search_in', 'search_name', 'split']

#: Characters that no title has: control characters, and surrogates.
_NOT_TEXT = re.compile('[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]')

#: Characters that MediaWiki reads as blanks in titles.
_BLANKS = re.compile('[ _\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+')

#: What looks like an entity, which no title has.
_ENTITY = re.compile('&(?=[A-Za-z0-9\x80-\U0010ffff]+;)')


def named(database: str, title: str) -> str:
    """Return ``database:Title``, the name of a target.

    Blanks are read as in MediaWiki. Whether a page can have such a title is left to the
    wiki.

    :raises InvalidInput: there is no title
    """
    title = unicodedata.normalize('NFC', title.strip('\t\n\r ')).partition('#')[0]
    title = _BLANKS.sub(' ', _NOT_TEXT.sub('\ufffd', title)).strip(' ')
    # The wiki decodes entities in titles, and this is not meant as one.
    title = _ENTITY.sub('&amp;', title)
    if not title:
        raise InvalidInput(f'A page of {database} without a title.')
    return f'{database}:{title}'


def search_name(database: str, kind: str, what: str) -> str:
    """Return the name of the target that stands for a search on one wiki.

    No page can have such a title.

    :param kind: which search, as a word
    :param what: what is searched
    """
    return f'{database}:#{kind}:{what}'


def search_in(name: str) -> tuple[str, str, str] | None:
    """Return the wiki, the kind and the object of a search; None for a page."""
    database, title = split(name)
    if not title.startswith('#'):
        return None
    kind, _, what = title[1:].partition(':')
    return database, kind, what


def split(name: str) -> tuple[str, str]:
    """Return the database name and the title in the name of a target."""
    database, _, title = name.partition(':')
    return database, title
