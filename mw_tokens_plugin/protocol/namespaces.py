"""What a wiki calls its namespaces, brought into English in texts that name accounts.

Lists of accounts are pasted from wikis in any language; what follows from a namespace
is known of the English names alone. No wiki is asked here.

https://www.mediawiki.org/wiki/Manual:Namespace
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

#: What may stand before a title in a line.
_BEFORE = r'(?:^|(?<=[\s\[|=:/*#;,"\'(\u200e\u200f]))'


class LocalNamespaces:
    """The names of namespaces in the language of a wiki.

    .. version-added:: 0.1
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        """Prepare to look for them.

        :param names: by the English name, all names and aliases that the wiki knows
        """
        self._english: dict[str, str] = {}
        for english, local in names.items():
            for name in local:
                self._english[_folded(name)] = english
                # As it stands in an address, where it is not of ASCII letters.
                self._english[_folded(quote(name.replace(' ', '_')))] = english
        words = sorted(filter(None, self._english), key=len, reverse=True)
        either = '|'.join(re.escape(w).replace(r'\ ', '[ _]+') for w in words)
        self._pattern = re.compile(
            rf'{_BEFORE}(?P<name>{either})[ _]*(?P<colon>:|%3A)', re.IGNORECASE
        )

    def in_english(self, text: str) -> str:
        """Return a text with the English names of namespaces in their places.

        >>> LocalNamespaces({'User': ['Benutzer']}).in_english('[[Benutzer:A]]')
        '[[User:A]]'

        :param text: a line of a list
        """
        return self._pattern.sub(
            lambda found: f'{self._english[_folded(found["name"])]}{found["colon"]}',
            text,
        )


def _folded(name: str) -> str:
    return ' '.join(name.replace('_', ' ').split()).casefold()
