"""A request page is marked in one edit, on MediaWiki's own terms.

https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
import pywikibot
import requests

from mw_tokens_plugin.exceptions import InvalidInput, InvalidName, StateConflict
from mw_tokens_plugin.protocol.names import normalise_name
from mw_tokens_plugin.protocol.wikitext import NodeKind, parse
from mw_tokens_plugin.requestpages import Closing, RequestKind, RequestPage
from mw_tokens_plugin.site.pageedit import save_page
from mw_tokens_plugin.targets.requests import select

from .client import Client, page, post
from .wiki import Wiki

TEXT = """\
== Requests for global (un)lock and (un)hiding ==

=== Global lock for Émile &amp; co ===
{{Status|<!-- do not change -->}}
{{Collapse top|List}}
* {{MultiLock|Émile|User:b_c|<nowiki>Émile</nowiki>|1=Émile}}
{{Collapse bottom}}
Spam.\u200e \u3000 [[User:Ann|Ann]] 07:42, 21 November 2026 (UTC)

<!-- new ones above -->
== See also ==
* ''x''
|}}"""


def marked(text: str) -> str:
    """Return the page with its request done."""
    parsed = RequestPage.parse(text)
    (request,) = parsed.requests
    return parsed.closed([Closing(request, ": '''Done'''.", done=True)])


def edit_as_somebody(site: object, title: str, text: str) -> int:
    """Save the page as somebody who is not logged in."""
    saved = post(
        site, requests.Session(), action='edit', title=title, text=text, token='+\\'
    )
    return int(saved['edit']['newrevid'])


def test_every_other_byte_stays_and_the_line_is_signed(
    client: Client, wiki: Wiki
) -> None:
    site = client.site(wiki)
    title = page(site, TEXT).title()
    context = site.edit_context(title, text=True)
    assert context.text == TEXT
    saved = save_page(site, context, marked(context.text), summary='one | two')
    after = site.edit_context(title, text=True)
    assert saved.revision == after.base_revision
    assert not saved.is_merged
    start, end = marked(TEXT).split(": '''Done'''. ~~~~")
    assert after.text.startswith(start)
    assert after.text.endswith(end)
    signature = after.text[len(start) : len(after.text) - len(end)]
    if wiki.kind == 'mediawiki':
        assert re.fullmatch(r": '''Done'''\. \[\[User:.*\(UTC\)", signature), signature
    edits = [sent for sent in wiki.sent() if sent.action == 'edit']
    assert [sent.result for sent in edits] == ['ok', 'ok']
    assert edits[-1].params['summary'] == 'one | two'


def test_what_somebody_else_saved_meanwhile_is_not_lost(
    client: Client, wiki: Wiki
) -> None:
    """It happens within the same second, which timestamps cannot tell."""
    site = client.site(wiki)
    title = page(site, TEXT).title()
    context = site.edit_context(title, text=True)
    edit_as_somebody(site, title, TEXT.replace('{{Status|', '{{Status|not done'))
    with pytest.raises(StateConflict):
        save_page(site, context, marked(TEXT), summary='late')
    assert '{{Status|not done' in site.edit_context(title, text=True).text


@pytest.mark.only('mediawiki')
def test_edits_of_other_lines_are_brought_together(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    title = page(site, TEXT).title()
    context = site.edit_context(title, text=True)
    edit_as_somebody(site, title, TEXT.replace("* ''x''", "* ''y''"))
    saved = save_page(site, context, marked(TEXT), summary='late')
    assert saved.is_merged
    after = site.edit_context(title, text=True).text
    assert '{{Status|done<!-- do not change -->}}' in after
    assert "* ''y''" in after


def test_a_name_that_a_wiki_merges_into_a_marked_request_is_seen_there(
    client: Client, wiki: Wiki
) -> None:
    """So the request can be opened again, with its status as it was."""
    site = client.site(wiki)
    title = page(site, TEXT).title()
    context = site.edit_context(title, text=True)
    edit_as_somebody(site, title, TEXT.replace('|1=Émile', '|1=Émile|3=Added'))
    assert save_page(site, context, marked(TEXT), summary='late').is_merged
    context = site.edit_context(title, text=True)
    merged = RequestPage.parse(context.text)
    (request,) = merged.requests
    assert 'Added' in request.names
    assert request.is_closed
    assert "\n: '''Done'''. " in request.span.of(merged.text)
    closing = Closing(request, ": '''Not yet'''.", done=False, reopens=True)
    saved = save_page(site, context, merged.closed([closing]), summary='open again')
    assert not saved.is_merged
    after = site.edit_context(title, text=True).text
    (request,) = RequestPage.parse(after).requests
    assert request.is_open
    assert '{{Status|<!-- do not change -->}}' in after
    assert "'''Not yet'''" in after


def test_an_edit_of_the_same_account_counts_too(client: Client, wiki: Wiki) -> None:
    """Its owner may have the page open in a browser."""
    site = client.site(wiki)
    written = page(site, TEXT)
    context = site.edit_context(written.title(), text=True)
    written.text = TEXT.replace('{{Status|', '{{Status|not done')
    written.save(quiet=True)
    with pytest.raises(StateConflict):
        save_page(site, context, marked(TEXT), summary='late')


def test_who_added_a_request_is_read_from_the_history(
    client: Client, wiki: Wiki
) -> None:
    site = client.site(wiki)
    title = page(site, 'Nothing yet.').title()
    edit_as_somebody(site, title, TEXT)
    page_of_now = site.edit_context(title, text=True)
    save_page(site, page_of_now, TEXT + '\n.', summary='unrelated')
    somebody = '127.0.0.1'
    taken = select(site, title, RequestKind.LOCK, requesters=[somebody]).selected
    assert [each.names for each in taken] == [('Émile', 'B c')]
    mine = select(site, title, RequestKind.LOCK, requesters=[wiki.operator.name])
    assert mine.selected == ()
    assert [each.why for each in mine.skipped if 'added' in each.why] == [
        f'added by {somebody}'
    ]


def doubts(site: Any, title: str) -> tuple[int, list[str]]:
    """Return how many requests of somebody are taken, and why others are not."""
    found = select(site, title, RequestKind.LOCK, requesters=['127.0.0.1'])
    return len(found.selected), [p.why for p in found.skipped]


@pytest.mark.parametrize('noredirect', [False, True])
@pytest.mark.parametrize('reason', ['', 'better'])
def test_a_move_is_a_revision_of_the_page(
    client: Client, wiki: Wiki, noredirect: bool, reason: str
) -> None:
    """It has the same text, and the recent changes do not list it."""
    site = client.site(wiki)
    source = page(site, TEXT).title()
    target = f'{source} moved'
    before = site.edit_context(source, text=True)
    pywikibot.Page(site, source).move(target, summary=reason, noredirect=noredirect)
    comment = f'{wiki.operator.name} moved page [[{source}]] to [[{target}]]'
    comment += ' without leaving a redirect' if noredirect else ''
    comment += f': {reason}' if reason else ''
    latest, older = pywikibot.Page(site, target).revisions(total=2, content=True)
    assert older.revid == latest.parentid == before.base_revision
    assert latest.text == older.text == before.text
    assert (latest.comment, latest.minor) == (comment, True)
    left = pywikibot.Page(site, source)
    assert left.exists() is not noredirect
    if not noredirect:
        assert left.text == f'#REDIRECT [[{target}]]'
        assert left.latest_revision.comment == comment
    changes = [c for c in site.recentchanges(total=3) if c['title'] in (source, target)]
    assert [change['type'] for change in changes] == ['log', 'new']
    titles = [target] if noredirect else [source, target]
    mine = site.usercontribs(user=wiki.operator.name, total=len(titles) + 1)
    assert sorted(c['title'] for c in mine) == sorted([*titles, target])


def test_where_a_redirect_leads_is_said(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    there = page(site, TEXT).title()
    shortcut = page(site, f'#REDIRECT [[{there}]]').title()
    with pytest.raises(InvalidInput, match=f'is a redirect to {there}: give -page:'):
        select(site, shortcut, RequestKind.LOCK)


def test_what_a_page_held_under_another_title_is_nobodys(
    client: Client, wiki: Wiki
) -> None:
    """Else a draft that somebody has given up could be moved to where it counts."""
    site = client.site(wiki)
    draft = page(site, 'Nothing yet.')
    edit_as_somebody(site, draft.title(), TEXT)
    assert doubts(site, draft.title()) == (1, [])
    title = f'{draft.title()} moved'
    draft.move(title, summary='test')
    moved = 'the page was moved, protected or imported since'
    assert doubts(site, title) == (0, [moved])
    edit_as_somebody(site, title, TEXT + '.')
    assert doubts(site, title) == (0, [moved])


@pytest.mark.only('mediawiki')
def test_who_undoes_a_removal_is_not_the_one_who_asks(
    client: Client, wiki: Wiki
) -> None:
    """With edits in between, no revision is like an older one."""
    site = client.site(wiki)
    written = page(site, f'{TEXT}\n\n== Notes ==\nx')
    title = written.title()
    removed = edit_as_somebody(site, title, '== See also ==\n\n== Notes ==\nx')
    edit_as_somebody(site, title, '== See also ==\n\n== Notes ==\ny')
    answer = post(
        site,
        requests.Session(),
        action='edit',
        title=title,
        undo=str(removed),
        token='+\\',
    )
    assert answer['edit']['result'] == 'Success'
    assert site.edit_context(title, text=True).text == f'{TEXT}\n\n== Notes ==\ny'
    taken, why = doubts(site, title)
    assert taken == 0
    assert why == ['it was restored, and the history does not show who added it first']


#: Pieces of names, as far as they may be taken for entities.
BEFORE = ('A', 'A&amp;', 'A&')
PIECES = (
    '&reg', '&reg;', '&not', 'copy', '&ltd', 'eacute;', '&eacute;', '&foo;', '&Foo',
    '&#39;', '&#x27;', '&#128;', '&#0233;', '&#x110000;', '&#xd800;', '&;',
    '&hellip;', '&rlm;', '&NotEqualTilde;', '&lt;', '&nbsp;', '&amp;amp;', '&\u00e9;',
)  # fmt: skip


def titles(site: object, names: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yield names, and the titles of their user pages; None for bad ones."""
    for name in names:
        (found,) = post(
            site, requests.Session(), action='query', titles=f'User:{name}'
        )['query']['pages']
        invalid = found.get('invalid')
        yield name, None if invalid else found['title'].partition(':')[2]


@pytest.mark.only('mediawiki')
def test_entities_in_names_are_read_as_the_wiki_reads_them(
    client: Client, wiki: Wiki
) -> None:
    names = [''.join(pair) for pair in product(BEFORE, PIECES)]
    site = client.site(wiki)
    ours: list[str | None] = []
    for name in names:
        try:
            ours.append(normalise_name(name))
        except InvalidName:
            ours.append(None)
    assert list(zip(names, ours, strict=True)) == list(titles(site, names))


#: Pieces of wikitext that open, close, split and hide.
MARKUP = [
    *(
        '{',
        '{{',
        '{{{',
        '}',
        '}}',
        '}}}',
        '[',
        '[[',
        ']]',
        '|',
        '=',
        '\n',
        '\n=',
        '\n==',
    ),
    *(
        '==',
        ' == ',
        '==\n',
        '-{',
        '}-',
        '<!--',
        '-->',
        '<nowiki>',
        '</nowiki>',
        '<pre>',
    ),
    *('</pre>', '<pre/>', '<includeonly>', '</includeonly>', 'a', ' ', 'b', 'c=d', '<'),
]


def ours(text: str, *, begins_line: bool = True) -> Iterator[tuple[str, int]]:
    """Yield what stands in nothing else: parameters of templates, levels of headings.

    The preprocessor sees links and conversions, but leaves them in the text.
    """
    for node in parse(text, begins_line=begins_line):
        if node.kind is NodeKind.LINK and node.content is not None:
            yield from ours(node.content.of(text), begins_line=False)
        elif node.kind is NodeKind.CONVERSION:
            yield from ours(node.span.of(text)[2:-2], begins_line=False)
        elif node.kind in (
            NodeKind.TEMPLATE,
            NodeKind.ARGUMENT,
            NodeKind.HEADING,
            NodeKind.EXTENSION,
        ):
            yield node.kind.value, node.level or len(node.pipes)


def theirs(tree: str) -> list[tuple[str, int]]:
    """Return the same of the tree that MediaWiki's preprocessor has made."""
    names = {'tplarg': 'argument', 'h': 'heading', 'ext': 'extension'}
    return [
        (
            names.get(element.tag, element.tag),
            int(element.get('level') or len(element.findall('part'))),
        )
        for element in ElementTree.fromstring(tree)
        if element.tag in {'template', *names}
    ]


@pytest.mark.only('mediawiki')
def test_wikitext_is_taken_apart_as_the_wiki_does_it(
    client: Client, wiki: Wiki
) -> None:
    """Whatever is nested in what, left open, or hidden in comments."""
    site = client.site(wiki)
    random = Random(1)
    session = requests.Session()
    for _ in range(100):
        text = ''.join(random.choices(MARKUP, k=random.randint(2, 20))).strip()
        how = {'action': 'expandtemplates', 'prop': 'parsetree', 'text': text}
        answer = post(site, session, **how)
        tree = answer['expandtemplates']['parsetree']
        assert list(ours(text)) == theirs(tree), text
