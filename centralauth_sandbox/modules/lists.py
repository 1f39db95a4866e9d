"""Lists of pages: all of them, those that refer to one, those that hold some words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import dropwhile

from ..call import Call, Values, query
from ..farm import Wiki
from ..records import Page
from ..titles import first_upper, parse_title
from .query import Json, redirect_target


@query('allpages')
def allpages(call: Call, values: Values) -> None:
    """List pages by title."""
    first = first_upper(values['continue'] or values['from'] or '')
    last, prefix = first_upper(values['to'] or ''), first_upper(values['prefix'] or '')
    backwards = values['dir'] == 'descending'
    if backwards and values['from'] is not None and values['continue'] is None:
        first = first_upper(values['from'])

    def fits(page: Page) -> bool:
        name, size = page.title.name, page.latest.size
        if page.title.namespace != values['namespace'] or not name.startswith(prefix):
            return False
        begun = not first or (name <= first if backwards else name >= first)
        ended = bool(last) and (name < last if backwards else name > last)
        kinds = values['prtype']
        return (
            begun
            and not ended
            and _redirect_fits(page, values['filterredir'])
            # There are no links between languages.
            and values['filterlanglinks'] != 'withlanglinks'
            and (values['minsize'] is None or size >= values['minsize'])
            and (values['maxsize'] is None or size <= values['maxsize'])
            and (not kinds or any(kind in page.protection for kind in kinds))
        )

    pages = sorted(
        filter(fits, call.wiki.pages.values()),
        key=lambda page: page.title.name,
        reverse=backwards,
    )
    _list_pages(
        call,
        values,
        pages,
        'allpages',
        lambda page: page.title.name.replace(' ', '_'),
    )


@query('backlinks')
def backlinks(call: Call, values: Values) -> None:
    """List pages that link to a page."""
    _referring(call, values, 'backlinks', _LINK)


@query('embeddedin')
def embeddedin(call: Call, values: Values) -> None:
    """List pages that embed a template."""
    _referring(call, values, 'embeddedin', r'\{{\{{\s*(?:Template:)?{}\s*[}}|]')


@query('categorymembers')
def categorymembers(call: Call, values: Values) -> None:
    """List the pages of a category."""
    pages = [
        page
        for page in _referrers(call, values, r'\[\[\s*{}\s*[\]|]')
        if _kind(page) in values['type']
    ]
    backwards = values['dir'] in ('desc', 'descending', 'older')
    by_time = values['sort'] == 'timestamp'
    pages.sort(
        key=lambda page: (
            page.latest.timestamp if by_time else _KINDS.index(_kind(page)),
            page.title.name.upper(),
        ),
        reverse=backwards,
    )
    _list_pages(call, values, pages, 'categorymembers', _page_number, _member)


_KINDS = ('subcat', 'page', 'file')


def _kind(page: Page) -> str:
    return {14: 'subcat', 6: 'file'}.get(page.title.namespace, 'page')


def _member(page: Page, prop: list[str]) -> Json:
    shown: dict[str, Json] = {
        'ids': {'pageid': page.id},
        'title': {'ns': page.title.namespace, 'title': str(page.title)},
        'sortkey': {'sortkey': page.title.name.upper().encode().hex()},
        'sortkeyprefix': {'sortkeyprefix': ''},
        'type': {'type': _kind(page)},
        'timestamp': {'timestamp': page.latest.timestamp},
    }
    return {k: v for name in shown if name in prop for k, v in shown[name].items()}


@query('search')
def search(call: Call, values: Values) -> None:
    """List pages whose text or title holds some words."""
    needle, what = values['search'].lower(), values['what']
    namespaces = {int(number) for number in values['namespace'] or (0,)}

    def fits(page: Page) -> bool:
        text, name = page.latest.text.lower(), page.title.name.lower()
        if what == 'nearmatch':
            return bool(name == needle)
        return bool(needle in name or (what != 'title' and needle in text))

    pages = [
        page
        for page in call.wiki.pages.values()
        if page.title.namespace in namespaces and fits(page)
    ]
    if not values['generating']:
        values['output']['searchinfo'] = {'totalhits': len(pages)}
    end = values['offset'] + values['limit']
    if end < len(pages):
        call.continuation[f'{values["@prefix"]}offset'] = str(end)
    _list_pages(
        call, values, pages[values['offset'] : end], 'search', _page_number, _hit
    )


def _hit(page: Page, prop: list[str]) -> Json:
    text = page.latest.text
    shown = {
        'size': page.latest.size,
        'wordcount': len(text.split()),
        'snippet': escape(text[:100]),
        'timestamp': page.latest.timestamp,
    }
    item = {'ns': page.title.namespace, 'title': str(page.title), 'pageid': page.id}
    return item | {name: value for name, value in shown.items() if name in prop}


def _list_pages(
    call: Call,
    values: Values,
    pages: Iterable[Page],
    name: str,
    resume: Callable[[Page], str],
    describe: Callable[[Page, list[str]], Json] | None = None,
) -> None:
    """Put pages into the answer, or hand them on, up to the limit.

    :param resume: what a request that continues is to begin with.
    :param describe: what is told of a page, if not just which it is.
    """
    found: list[Json] = []
    after = values['continue'] if 'offset' not in values else None
    if after:
        pages = dropwhile(lambda page: resume(page) != after, pages)
    for count, page in enumerate(pages):
        if count == values['limit']:
            call.continuation[f'{values["@prefix"]}continue'] = resume(page)
            break
        if values['generating']:
            values['pageset'].add(page)
        elif describe is not None:
            found.append(describe(page, values['prop']))
        else:
            found.append(_which(page))
    if not values['generating']:
        values['output'][name] = found


def _which(page: Page) -> Json:
    return {
        'pageid': page.id,
        'ns': page.title.namespace,
        'title': str(page.title),
    }


_LINK = r'\[\[\s*:?{}\s*[\]|#]'


def _referring(call: Call, values: Values, name: str, pattern: str) -> None:
    pages = _referrers(call, values, pattern)
    if values['dir'] == 'descending':
        pages.reverse()
    follows = bool(values.get('redirect'))

    def describe(page: Page, prop: object = None) -> Json:
        item = _which(page)
        if follows and redirect_target(page) is not None:
            expression = _expression(_LINK, str(page.title))
            item['redirect'] = True
            item['redirlinks'] = [_which(p) for p in _matching(call.wiki, expression)]
        return item

    _list_pages(call, {'prop': []} | values, pages, name, _page_number, describe)


def _referrers(call: Call, values: Values, pattern: str) -> list[Page]:
    """Return the pages that refer to the one that is named, by their numbers."""
    target = parse_title(values['title'] or '')
    if target is None and values['pageid'] is not None:
        page = call.wiki.page_ids.get(values['pageid'])
        target = page.title if page else None
    embedded = target is not None and 'Template' in pattern
    text = target.name if target and embedded else str(target)
    return [
        page
        for page in _matching(call.wiki, _expression(pattern, text))
        if _redirect_fits(page, values.get('filterredir') or 'all')
        and (not values['namespace'] or page.title.namespace in values['namespace'])
    ]


def _expression(pattern: str, title: str) -> re.Pattern[str]:
    escaped = re.escape(title).replace(r'\ ', '[ _]')
    return re.compile(pattern.format(escaped), re.IGNORECASE)


def _matching(wiki: Wiki, expression: re.Pattern[str]) -> Iterator[Page]:
    for page in wiki.page_ids.values():
        if expression.search(page.latest.text):
            yield page


def _page_number(page: Page) -> str:
    return str(page.id)


def _redirect_fits(page: Page, wanted: str) -> bool:
    redirect = page.latest.text.startswith('#REDIRECT')
    return wanted == 'all' or redirect == (wanted == 'redirects')
