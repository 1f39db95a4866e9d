"""What a wiki calls its namespaces, asked for when a text may hold one of them."""

from __future__ import annotations

import re

from mw_tokens_plugin.protocol.namespaces import LocalNamespaces
from mw_tokens_plugin.site.pluginsite import SiteBase

#: What may be a namespace, other than the English names for users.
_MAY_BE_LOCAL = re.compile(
    r'(?!.*\b(?:user|user[ _]talk|special)[ _]*:)'
    r'(?:[\d_]|(?!\n)\W)*[^\W\d_].*(?::|%3A)',
    re.IGNORECASE,
)


class LocalNamesMixin(SiteBase):
    """The part of a site that knows the names of its namespaces.

    .. version-added:: 0.1
    """

    def in_english(self, text: str) -> str:
        """Return a text with the English names of this wiki's namespaces.

        ``[[Benutzer:Example]]`` of a German wiki is ``[[User:Example]]``. The wiki is
        asked once, and only when a text may hold a namespace.

        https://www.mediawiki.org/wiki/Manual:Namespace

        :param text: a line of a list of accounts
        """
        if _MAY_BE_LOCAL.match(text) is None:
            return text
        known: LocalNamespaces | None = self.__dict__.get('_local_namespaces')
        if known is None:
            known = self.__dict__['_local_namespaces'] = LocalNamespaces(
                {
                    space.canonical_name: [str(name) for name in space]
                    for space in self.namespaces.values()
                    if space.canonical_name and space.id
                }
            )
        return known.in_english(text)
