"""What pages are: facts about them, and what they link to."""

from __future__ import annotations

import re

from ..call import Call, Json, Values, query
from ..records import Page
from ..titles import Title, parse_title
from .permissions import refusals
from .query import PageSet


@query('info')
def info(call: Call, values: Values) -> None:
    """Add basic facts to the pages."""
    prop = values['prop'] or ()
    pageset: PageSet = values['pageset']
    for id, part in pageset.parts.items():
        page = pageset.pages.get(id)
        if part.get('invalid') or 'title' not in part:
            continue
        title = page.title if page else pageset.missing.get(id)
        part |= {
            'contentmodel': title.model if title else 'wikitext',
            'pagelanguage': 'en',
            'pagelanguagehtmlcode': 'en',
            'pagelanguagedir': 'ltr',
        }
        if page is not None:
            part |= {
                'touched': page.touched,
                'lastrevid': page.latest.id,
                'length': page.latest.size,
            }
            if page.latest.text.startswith('#REDIRECT'):
                part['redirect'] = True
            if len(page.revisions) == 1:
                part['new'] = True
        if 'talkid' in prop and title and title.namespace % 2 == 0:
            talk = call.wiki.pages.get(Title(title.namespace + 1, title.name))
            if talk is not None:
                part['talkid'] = talk.id
        if 'protection' in prop:
            protection = page.protection if page else {}
            part['protection'] = [
                {'type': kind, 'level': level, 'expiry': expiry}
                for kind, (level, expiry) in protection.items()
            ]
            part['restrictiontypes'] = protectable(page.title) if page else ['create']
        if 'watched' in prop:
            part['watched'] = title in call.wiki.watched.get(call.user, ())
        if 'url' in prop:
            url = call.wiki.url(part['title'])
            part |= {'fullurl': url, 'editurl': url, 'canonicalurl': url}
        if 'displaytitle' in prop:
            part['displaytitle'] = part['title']
        if values['testactions'] and title is not None:
            part['actions'] = _tested(call, values, page, title)


def _tested(call: Call, values: Values, page: Page | None, title: Title) -> Json:
    """Return which actions are permitted, or what they would be refused with."""
    found = {name: refusals(call, page, title, name) for name in values['testactions']}
    if values['testactionsdetail'] == 'boolean':
        return {name: not refused for name, refused in found.items()}
    return {
        name: [call.told(error) for error in refused] for name, refused in found.items()
    }


@query('categories')
def categories(call: Call, values: Values) -> None:
    """Add the categories that the pages name."""
    _add_links(values['pageset'], 'categories', r'\[\[\s*(Category:[^\]|]+)')


@query('templates')
def templates(call: Call, values: Values) -> None:
    """Add the templates that the pages embed."""
    _add_links(values['pageset'], 'templates', r'\{\{\s*([^{}|#]+?)\s*[|}]', 10)


@query('transcludedin')
def transcludedin(call: Call, values: Values) -> None:
    """Add the pages that embed the pages."""
    pageset: PageSet = values['pageset']
    embedding = _embedding(call)
    first = int(values['continue'] or 0)
    left: int = values['limit']
    for id, part in pageset.parts.items():
        page = pageset.pages.get(id)
        title = page.title if page else pageset.missing.get(id)
        for user in sorted(embedding.get(title, ()), key=lambda page: page.id):
            redirect = user.latest.text.startswith('#REDIRECT')
            wanted = 'redirect' if redirect else '!redirect'
            spaces = values['namespace']
            if wanted not in (values['show'] or [wanted]) or user.id < first:
                continue
            if spaces is not None and user.title.namespace not in spaces:
                continue
            if not left:
                call.continuation[f'{values["@prefix"]}continue'] = str(user.id)
                return
            left -= 1
            item: dict[str, Json] = {
                'pageid': {'pageid': user.id},
                'title': {'ns': user.title.namespace, 'title': str(user.title)},
                'redirect': {'redirect': redirect},
            }
            shown = [item[name] for name in item if name in values['prop']]
            merged = {key: value for each in shown for key, value in each.items()}
            part.setdefault('transcludedin', []).append(merged)


def _embedding(call: Call) -> dict[Title | None, list[Page]]:
    """Return the pages that embed each page."""
    expression = re.compile(r'\{\{\s*([^{}|#]+?)\s*[|}]')
    found: dict[Title | None, list[Page]] = {}
    for page in call.wiki.pages.values():
        for name in set(expression.findall(page.latest.text)):
            title = parse_title(name)
            if title is not None and not title.namespace and not name.startswith(':'):
                title = Title(10, title.name)
            if title is not None:
                found.setdefault(title, []).append(page)
    return found


@query('links')
def links(call: Call, values: Values) -> None:
    """Add the pages that the pages link to."""
    _add_links(values['pageset'], 'links', r'\[\[\s*(?!Category:)([^\]|#]+)')


@query('categoryinfo')
@query('images')
@query('langlinks')
def nothing(call: Call, values: Values) -> None:
    """Add nothing: nobody looks for categories, images and translations here."""


def protectable(title: Title) -> list[str]:
    """Return what an existing page can be protected from."""
    return ['edit', 'move', *(['upload'] if title.namespace == 6 else [])]


def _add_links(pageset: PageSet, name: str, pattern: str, namespace: int = 0) -> None:
    expression = re.compile(pattern)
    for id, page in pageset.pages.items():
        titles = {
            title
            for match in expression.findall(page.latest.text)
            if (title := parse_title(match))
        }
        found = [
            Title(namespace, title.name) if namespace and not title.namespace else title
            for title in titles
        ]
        if found:
            pageset.parts[id][name] = [
                {'ns': title.namespace, 'title': str(title)}
                for title in sorted(found, key=str)
            ]
