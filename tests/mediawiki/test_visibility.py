"""Names in requests that are certain can be read below their headings in MediaWiki."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from random import Random

import pytest
import requests

from mw_tokens_plugin.requestpages import RequestPage

from .client import Client, post
from .wiki import Wiki

PAGE = """== Requests for global (un)lock and (un)hiding ==
=== Global lock for A ===
{{Status}}
%s
=== Global lock for B ===
{{Status}}
*{{MultiLock|Ox B}}
"""
HIDING = [
    f'<{tag} style="display:none">'
    for tag in ('b', 'blockquote', 'div', 'li', 'p', 'span', 'table', 'td')
]
#: Pieces that hide, end what hides, or keep its end from counting.
PIECES = [
    *HIDING,
    *(tag.replace('<', '</').replace(' style="display:none"', '') for tag in HIDING),
    *('<rp>', '</rp>', '<div>', '<ul>', '</ul>', '<p>', '<nowiki>', '</nowiki>'),
    *('<!--', '-->', '<includeonly>', '</includeonly>', '<noinclude>', '</noinclude>'),
    *('\n', '\n* ', '\n: ', '\n{|\n|', '\n|-\n|', '\n|}\n', '__TOC__', '[[x|', ']]'),
    *('\n{| style="display:none"\n|', '\n| style="display:none" |', '{{lc:', '}}'),
    *(' {| hidden\n|', '{{!}}', '<', '[[Category:', '-{', '}-', '<pre>', '</pre>'),
]
#: Pieces that strike out, or seem to have no content, or divide the page otherwise.
PIECES += [
    *('<s>', '</s>', '<strike>', '</strike>', '<del>', '</del>', '<s/>', '<del />'),
    *('<b style="display:none"/>', '<div hidden />', '<i>', '</i>', '<br />', '<td/>'),
    *('<small>' * 6, '</small>', '-{<s>}-', '-{<div style="display:none">\n}-'),
    *('[[x|<s>]]', '{{lc:<s>}}', '\n;', '<tr>', '</tr>', '</td>', '<caption>'),
]
#: Pieces that are headings for readers alone, or are displayed elsewhere.
PIECES += [
    *('\n<!-- x -->=== y ===\n', '\n=== y ==={{lc:}}\n', '\n__NOTOC__=== y ===\n'),
    *('\n{{lc:=== y}} ===\n', '\n<noinclude>=== y ===\n', '<h3>y</h3>'),
    *('\n==== y ====\n', '\n{|\n|-\n', '\n<!-- -->= y =\n', '\n=y='),
]
#: Elements without an end in MediaWiki's HTML.
EMPTY = frozenset({'br', 'hr', 'img', 'input', 'link', 'meta', 'wbr'})


#: Elements whose content is not displayed, or struck out.
UNREAD = frozenset({'rp', 'style', 's', 'strike', 'del'})


#: Stands before headings.
END = '\0'


class Reader(HTMLParser):
    """Reads what browsers display, and do not strike out.

    :ivar text: all of it, with a sign before headings that end a request
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = ''
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and whether it is displayed."""
        has = dict(attrs)
        hides = 'display:none' in (has.get('style') or '') or 'hidden' in has
        if tag in ('h1', 'h2', 'h3') and has.get('id') != 'mw-toc-heading':
            self.text += END
        if tag not in EMPTY:
            self._open.append((tag, hides or tag in UNREAD))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep a text that is displayed."""
        if not any(hides for _, hides in self._open):
            self.text += data


@pytest.mark.only('mediawiki')
def test_names_that_are_certain_are_displayed_below_their_headings(
    client: Client, wiki: Wiki
) -> None:
    """The wiki lacks the template, so that a text in its place is the name."""
    site = client.site(wiki)
    random, session, certain = Random(1), requests.Session(), 0
    while certain < 100:
        before, after = (random.choices(PIECES, k=random.randint(0, 3)) for _ in '12')
        text = PAGE % ''.join([*before, '{{MultiLock|Ox A}}', *after])
        names = [
            n for r in RequestPage.parse(text).requests if r.is_certain for n in r.names
        ]
        if not names:
            continue
        certain += 1
        text = re.sub(r'\{\{MultiLock\|(.*?)\}\}', r'\1', text)
        answer = post(
            site,
            session,
            action='parse',
            text=text,
            prop='text',
            contentmodel='wikitext',
        )
        reader = Reader()
        reader.feed(answer['parse']['text'])
        below = {part.partition('[')[0]: part for part in reader.text.split(END)}
        unseen = [n for n in names if n not in below[f'Global lock for {n[-1]}']]
        assert unseen == [], text
