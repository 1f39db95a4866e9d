"""What pages are: facts about them, and what they link to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ..call import Call, Json, Values, query
from ..records import Page
from ..titles import Title, parse_title
from .permissions import protectable, refusals
from .query import PageSet
from .watching import watched_by


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
            if page is None and title in call.wiki.protected_titles:
                protection = {'create': call.wiki.protected_titles[title]}
            part['protection'] = [
                {'type': kind, 'level': level, 'expiry': expiry}
                | ({'cascade': True} if page and kind in page.cascading else {})
                for kind, (level, expiry) in protection.items()
            ]
            part['restrictiontypes'] = protectable(page.title) if page else ['create']
        if 'watched' in prop:
            part['watched'] = title in watched_by(call)
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
    pattern = re.compile(r'\[\[\s*(Category:[^\]|]+)')
    show = values['show'] or ()

    def is_hidden(title: Title | None) -> bool:
        page = call.wiki.pages.get(title) if title else None
        return page is not None and '__HIDDENCAT__' in page.latest.text

    def fits(title: Title) -> bool:
        return all((name == 'hidden') == is_hidden(title) for name in show)

    _add_titles(
        call, values, 'categories', lambda page: filter(fits, _named(page, pattern))
    )
    prop = values['prop'] or ()
    for id, page in values['pageset'].pages.items():
        for item in values['pageset'].parts[id].get('categories', ()):
            if 'sortkey' in prop:
                key = page.title.name.upper().encode().hex()
                item |= {'sortkey': key, 'sortkeyprefix': ''}
            if 'timestamp' in prop:
                item['timestamp'] = page.touched
            if 'hidden' in prop:
                item['hidden'] = is_hidden(parse_title(item['title']))


@query('templates')
def templates(call: Call, values: Values) -> None:
    """Add the templates that the pages embed."""
    _add_titles(call, values, 'templates', _embedded)


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
    found: dict[Title | None, list[Page]] = {}
    for page in call.wiki.pages.values():
        for title in set(_embedded(page)):
            found.setdefault(title, []).append(page)
    return found


def _embedded(page: Page) -> Iterator[Title]:
    for name in re.findall(r'\{\{\s*([^{}|#]+?)\s*[|}]', page.latest.text):
        title = parse_title(name)
        if title is not None and not title.namespace and not name.startswith(':'):
            title = Title(10, title.name)
        if title is not None:
            yield title


@query('links')
def links(call: Call, values: Values) -> None:
    """Add the pages that the pages link to, but not the files that they show."""
    pattern = re.compile(r'\[\[\s*(?!Category:|File:|Image:)([^\]|#]+)', re.IGNORECASE)
    _add_titles(call, values, 'links', lambda page: _named(page, pattern))


@query('images')
def images(call: Call, values: Values) -> None:
    """Add the files that the pages show."""
    pattern = re.compile(r'\[\[\s*((?:File|Image):[^\]|]+)', re.IGNORECASE)
    _add_titles(call, values, 'images', lambda page: _named(page, pattern))


@query('categoryinfo')
@query('langlinks')
def nothing(call: Call, values: Values) -> None:
    """Add nothing: nobody looks for categories and translations here."""


def _named(page: Page, pattern: re.Pattern[str]) -> Iterator[Title]:
    """Yield what is named in links that look like this."""
    for match in pattern.findall(page.latest.text):
        title = parse_title(match)
        if title is not None:
            yield title


def _add_titles(
    call: Call, values: Values, name: str, titles_of: Callable[[Page], Iterable[Title]]
) -> None:
    """Add what pages refer to, as much as is wanted at once."""
    pageset: PageSet = values['pageset']
    wanted = values.get('titles' if name == 'links' else name)
    only = wanted and {parse_title(text) for text in wanted}
    spaces = values.get('namespace')
    keyed = [
        (f'{id}|{title.namespace}|{title.name}'.replace(' ', '_'), id, title)
        for id, page in pageset.pages.items()
        for title in sorted(
            set(titles_of(page)), key=_order, reverse=values['dir'] == 'descending'
        )
        if (not only or title in only) and (not spaces or title.namespace in spaces)
    ]
    keys = [key for key, _, _ in keyed]
    first = keys.index(values['continue']) if values['continue'] in keys else 0
    end = first + values['limit']
    if end < len(keyed):
        call.continuation[f'{values["@prefix"]}continue'] = keys[end]
    for _, id, title in keyed[first:end]:
        item = {'ns': title.namespace, 'title': str(title)}
        pageset.parts[id].setdefault(name, []).append(item)


def _order(title: Title) -> tuple[int, str]:
    return title.namespace, title.name
