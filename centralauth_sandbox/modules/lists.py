"""Lists of pages: all of them, those that refer to one, those that hold some words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from ..call import Call, Values, query
from ..farm import Wiki
from ..records import Page
from ..titles import first_upper, parse_title
from .query import Json

Item = TypeVar('Item')


@query('allpages')
def allpages(call: Call, values: Values) -> None:
    """List pages by title."""
    namespace = values['namespace']
    first = values['continue'] or values['from'] or ''
    prefix = values['prefix'] or ''
    pages = sorted(
        (p for t, p in call.wiki.pages.items() if t.namespace == namespace),
        key=lambda page: page.title.name,
    )
    if values['dir'] == 'descending':
        pages.reverse()
    _list_pages(
        call,
        values,
        (
            page
            for page in pages
            if page.title.name.startswith(first_upper(prefix))
            and _redirect_fits(page, values['filterredir'])
            and (not values['to'] or page.title.name <= first_upper(values['to']))
            and (not first or page.title.name.replace('_', ' ') >= first_upper(first))
        ),
        'allpages',
        lambda page: page.title.name.replace(' ', '_'),
    )


@query('backlinks')
def backlinks(call: Call, values: Values) -> None:
    """List pages that link to a page."""
    _referring(call, values, 'backlinks', r'\[\[\s*:?{}\s*[\]|#]')


@query('embeddedin')
def embeddedin(call: Call, values: Values) -> None:
    """List pages that embed a template."""
    _referring(call, values, 'embeddedin', r'\{{\{{\s*(?:Template:)?{}\s*[}}|]')


@query('categorymembers')
def categorymembers(call: Call, values: Values) -> None:
    """List the pages of a category."""
    _referring(call, values, 'categorymembers', r'\[\[\s*{}\s*[\]|]')


@query('search')
def search(call: Call, values: Values) -> None:
    """List pages whose text or title holds some words."""
    needle = values['search'].lower()
    namespaces = {int(number) for number in values['namespace'] or (0,)}
    pages = [
        page
        for page in call.wiki.pages.values()
        if page.title.namespace in namespaces
        and (needle in page.latest.text.lower() or needle in page.title.name.lower())
    ]
    if not values['generating']:
        values['output']['searchinfo'] = {'totalhits': len(pages)}
    _list_pages(call, values, pages, 'search', lambda page: '0')


def _list_pages(
    call: Call, values: Values, pages: Iterable[Page], name: str, resume: Any
) -> None:
    found: list[Json] = []
    for count, page in enumerate(pages):
        if count == values['limit']:
            call.continuation[f'{values["@prefix"]}continue'] = resume(page)
            break
        if values['generating']:
            values['pageset'].add(page)
        else:
            found.append(
                {
                    'pageid': page.id,
                    'ns': page.title.namespace,
                    'title': str(page.title),
                }
            )
    if not values['generating']:
        values['output'][name] = found


def _referring(call: Call, values: Values, name: str, pattern: str) -> None:
    target = parse_title(values['title'] or '')
    if target is None and values['pageid'] is not None:
        page = call.wiki.page_ids.get(values['pageid'])
        target = page.title if page else None
    text = target.name if target and name == 'embeddedin' else str(target)
    expression = re.compile(
        pattern.format(re.escape(text).replace(r'\ ', '[ _]')), re.IGNORECASE
    )
    pages = (
        page
        for page in _matching(call.wiki, expression)
        if _redirect_fits(page, values.get('filterredir') or 'all')
        and (not values['namespace'] or page.title.namespace in values['namespace'])
    )
    _list_pages(call, values, pages, name, _page_number)


def _matching(wiki: Wiki, expression: re.Pattern[str]) -> Iterator[Page]:
    for page in wiki.page_ids.values():
        if expression.search(page.latest.text):
            yield page


def _page_number(page: Page) -> str:
    return str(page.id)


def _redirect_fits(page: Page, wanted: str) -> bool:
    redirect = page.latest.text.startswith('#REDIRECT')
    return wanted == 'all' or redirect == (wanted == 'redirects')
