"""How a wiki writes the first letters of names, where wikis differ.

It asks the wiki, once for each letter; what holds for all wikis is known by
:mod:`mw_tokens_plugin.protocol.names`.
"""

from __future__ import annotations

from mw_tokens_plugin.exceptions import ApiRefusal
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.protocol.fields import text
from mw_tokens_plugin.protocol.names import first_letter, is_settled
from mw_tokens_plugin.site.pluginsite import SiteBase
from mw_tokens_plugin.site.refusals import refusals


class FirstLettersMixin(SiteBase):
    """The part of a site that knows its first letters.

    .. version-added:: 0.1
    """

    def first_letter(self, letter: str) -> str:
        """Return a letter as this wiki writes it at the beginning of a name.

        Releases of MediaWiki, languages and settings differ in some letters, such as
        Georgian ones. Those cost one request each; a wiki that refuses to tell is taken
        for one like Wikimedia's.

        https://www.mediawiki.org/wiki/Manual:$wgOverrideUcfirstCharacters

        :param letter: one character
        """
        if is_settled(letter) and (letter != 'i' or self.siteinfo['lang'] == 'en'):
            return first_letter(letter)
        known: dict[str, str] = self.__dict__.setdefault('_first_letters', {})
        if letter not in known:
            known[letter] = self._asked_first_letter(letter)
        return known[letter]

    def _asked_first_letter(self, letter: str) -> str:
        try:
            with refusals(self):
                answer = self.simple_request(
                    action='query', titles=f'User:{letter}x', formatversion=2
                ).submit()
        except ApiRefusal:
            return first_letter(letter)
        with expected_form(f'What {self} says of a title'):
            (page,) = items_of(answer, 'query', 'pages')
            title = text(page, 'title').partition(':')[2]
        return title.removesuffix('x') or first_letter(letter)
