"""The names of namespaces in any language, translated to English in pasted lists.

Lists of accounts are pasted from wikis in any language, and the modules that read them
know the English names only. Asking the wiki for its names is left to
:mod:`mw_tokens_plugin.site.localnames`.

https://www.mediawiki.org/wiki/Manual:Namespace
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

#: What can precede a title in a line.
_BEFORE = r'(?:^|(?<=[\s\[|=:/*#;,"\'(\u200e\u200f]))'


class LocalNamespaces:
    """The names of namespaces in the language of a wiki.

    .. version-added:: 0.1
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        """Prepare to search for them.

        :param names: the names and aliases on the wiki, by the English name
        """
        self._english: dict[str, str] = {}
        for english, local in names.items():
            for name in local:
                self._english[_folded(name)] = english
                # As in a web address, if it has other letters than ASCII.
                self._english[_folded(quote(name.replace(' ', '_')))] = english
        words = sorted(filter(None, self._english), key=len, reverse=True)
        either = '|'.join(re.escape(w).replace(r'\ ', '[ _]+') for w in words)
        self._pattern = re.compile(
            rf'{_BEFORE}(?P<name>{either})[ _]*(?P<colon>:|%3A)', re.IGNORECASE
        )

    def in_english(self, text: str) -> str:
        """Return a text with the English names of namespaces instead.

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
