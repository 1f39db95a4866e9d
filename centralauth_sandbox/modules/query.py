"""`action=query`: which pages are meant, its submodules, generators and continuing.

The submodules are elsewhere; each gets the values of its parameters and writes its
part of the answer.
"""

from __future__ import annotations

from typing import Any
from unicodedata import normalize
from urllib.parse import quote

from .. import errors
from ..call import QUERIES, Call, Values, action
from ..errors import ApiError
from ..records import Page
from ..titles import Title, interwiki_prefix, parse_title
from . import oldtokens

Json = dict[str, Any]


class PageSet:
    """The pages a query is about, in order, each with its part of the answer.

    Missing pages have negative numbers for ids, invalid titles too.
    """

    def __init__(self, call: Call) -> None:
        """Initializer."""
        self.call = call
        #: Links to other projects are shown with their addresses.
        self.iwurl = False
        self.parts: dict[int, Json] = {}
        self.pages: dict[int, Page] = {}
        self.missing: dict[int, Title] = {}
        self.revisions: dict[int, list[int]] = {}
        self.normalized: list[Json] = []
        self.interwiki: list[Json] = []
        self.redirects: list[Json] = []
        self.badrevids: dict[str, Json] = {}

    def add(self, page: Page) -> None:
        """Add a page that exists."""
        if page.id not in self.pages:
            self.pages[page.id] = page
            self.parts[page.id] = {
                'pageid': page.id,
                'ns': page.title.namespace,
                'title': str(page.title),
            }

    def add_title(self, text: str, follow: bool = False) -> None:
        """Add whatever a title names."""
        title = parse_title(text)
        if title is None and (prefix := interwiki_prefix(text)):
            item: Json = {'title': text, 'iw': prefix}
            if self.iwurl:
                there = text.partition(':')[2].replace(' ', '_')
                item['url'] = f'https://{prefix}.invalid/wiki/{there}'
            self.interwiki.append(item)
            return
        if title is None:
            self.parts[-len(self.parts) - 1] = {
                'title': text,
                'invalidreason': 'The requested page title contains invalid characters '
                'or is empty.',
                'invalid': True,
            }
            return
        if str(title) != text:
            item = {'from': text, 'to': str(title)}
            if self.call.version == 2:
                encoded = normalize('NFC', text) != text
                item = {'fromencoded': encoded, **item}
                if encoded:
                    item['from'] = quote(text, safe='')
            self.normalized.append(item)
        page = self.call.wiki.pages.get(title)
        if page is not None and follow and page.latest.text.startswith('#REDIRECT [['):
            target = page.latest.text.partition('[[')[2].partition(']]')[0]
            self.redirects.append({'from': str(title), 'to': target})
            self.add_title(target)
        elif page is not None:
            self.add(page)
        elif title not in self.missing.values():
            id = -len(self.parts) - 1
            self.missing[id] = title
            part: Json = {'ns': title.namespace, 'title': str(title), 'missing': True}
            if title.namespace < 0:
                part = {'ns': title.namespace, 'title': str(title), 'special': True}
            elif _system_message(title) or _file_exists(self.call, title):
                part['known'] = True
            self.parts[id] = part

    def add_id(self, id: int) -> None:
        """Add a page by its number."""
        page = self.call.wiki.page_ids.get(id)
        if page is None:
            self.parts[-len(self.parts) - 1] = {'pageid': id, 'missing': True}
        else:
            self.add(page)

    def add_revision(self, id: int) -> None:
        """Add the page of a revision."""
        for page in self.call.wiki.page_ids.values():
            if any(revision.id == id for revision in page.revisions):
                self.add(page)
                self.revisions.setdefault(page.id, []).append(id)
                return
        self.badrevids[str(id)] = {'revid': id, 'missing': True}

    def write(self, output: Json) -> None:
        """Write the pages into an answer."""
        if self.normalized:
            output['normalized'] = self.normalized
        if self.interwiki:
            output['interwiki'] = self.interwiki
        if self.redirects:
            output['redirects'] = self.redirects
        if self.badrevids:
            output['badrevids'] = (
                list(self.badrevids.values())
                if self.call.version == 2
                else {
                    id: {'revid': part['revid']} for id, part in self.badrevids.items()
                }
            )
        if not self.parts:
            return
        if self.call.version == 2:
            output['pages'] = list(self.parts.values())
        else:
            output['pages'] = {str(id): part for id, part in self.parts.items()}


@action('query')
def run_query(call: Call, values: Values) -> None:
    """Answer a query."""
    output: Json = {}
    values['output'] = output
    pageset = PageSet(call)
    pageset.iwurl = values['iwurl']
    given = [key for key in ('titles', 'pageids', 'revids') if values[key] is not None]
    if len(given) > 1:
        raise ApiError(
            'multisource',
            'Cannot use multiple page sources: ' + ', '.join(given) + '.',
        )
    for title in values['titles'] or ():
        pageset.add_title(title, values['redirects'])
    for id in values['pageids'] or ():
        pageset.add_id(id)
    for id in values['revids'] or ():
        pageset.add_revision(id)
    names = [*(values['prop'] or ()), *(values['list'] or ()), *(values['meta'] or ())]
    generator = values['generator']
    if generator:
        pageset = _generated(call, generator, output, pageset)
    for name in names:
        _run(call, name, output, pageset)
    call.path = 'query'
    pageset.write(output)
    if values['indexpageids'] and pageset.parts:
        output['pageids'] = [str(id) for id in pageset.parts]
    if call.continuation:
        only_lists = not values['prop'] and not generator
        call.continuation['continue'] = (
            '-||'
            if only_lists
            else (
                f'{"g" + generator if generator else ""}continue||'
                if generator
                else '||' + '|'.join(values['meta'] or ())
            )
        )
        if call.wiki.age is None or _goes_on_as_today(call):
            call.result['continue'] = dict(call.continuation)
        else:
            del call.continuation['continue']
            call.result['query-continue'] = _by_module(call, names)
    prefixes = {
        call.declarations.modules[f'query+{name}'].prefix
        for name in values['prop'] or ()
    }
    if call.wiki.age is None and not any(
        f'{prefix}continue' in call.continuation for prefix in prefixes
    ):
        call.result['batchcomplete'] = True
    if output:
        call.result['query'] = output


def _generated(call: Call, name: str, output: Json, source: PageSet) -> PageSet:
    """Return the pages that a generator names.

    :param source: the pages of which properties are generated from
    """
    _run(call, name, output, source, generating=True)
    if call.declarations.modules[f'query+{name}'].group != 'prop':
        return source
    pageset = PageSet(call)
    for part in source.parts.values():
        for item in part.get(name, ()):
            pageset.add_title(item['title'])
    return pageset


def _goes_on_as_today(call: Call) -> bool:
    """Say whether an old wiki is asked to continue by parameters that it names."""
    age = call.wiki.age
    return age is not None and age.continues and 'continue' in call.given


def _by_module(call: Call, names: list[str]) -> Json:
    """Return where a query goes on as MediaWiki told it up to 1.20."""
    modules = call.declarations.modules
    found: Json = {}
    for key, value in call.continuation.items():
        for name in names:
            prefix = modules[f'query+{name}'].prefix
            if key.removeprefix('g').startswith(prefix):
                found.setdefault(name, {})[key] = value
                break
    return found


def meant(call: Call, values: Values) -> PageSet:
    """Return the pages that an action is about, by whatever they are named."""
    path = call.path
    pageset = PageSet(call)
    for title in values['titles'] or ():
        pageset.add_title(title, values['redirects'])
    for id in values['pageids'] or ():
        pageset.add_id(id)
    for id in values['revids'] or ():
        pageset.add_revision(id)
    if values['generator']:
        pageset = _generated(call, values['generator'], {}, pageset)
    call.path = path
    return pageset


def purge_pages(call: Call, values: Values) -> list[Json]:
    """Return the pages that a purge is about."""
    pageset = meant(call, values)
    links = values['forcelinkupdate'] or values['forcerecursivelinkupdate']
    return [
        part
        if part.get('missing')
        else {
            'ns': part.get('ns', 0),
            'title': part['title'],
            'purged': True,
            **({'linkupdate': True} if links else {}),
        }
        for part in pageset.parts.values()
    ]


def _run(
    call: Call, name: str, output: Json, pageset: PageSet, generating: bool = False
) -> None:
    path = f'query+{name}'
    function = QUERIES.get(name)
    if function is None or path not in call.declarations.modules:
        raise ApiError(
            'notimplemented', f'The sandbox does not imitate {name} in action=query.'
        )
    call.path = path
    values = call.parse(path, 'g' if generating else '')
    values['output'] = output
    values['pageset'] = pageset
    values['generating'] = generating
    values['@prefix'] = ('g' if generating else '') + call.declarations.modules[
        path
    ].prefix
    function(call, values)
    if call.wiki.age is not None:
        oldtokens.attach(call, name, values)


def _file_exists(call: Call, title: Title) -> bool:
    return title.namespace == 6 and any(
        title.name in files.versions for files in (call.wiki.files, call.farm.shared)
    )


def _system_message(title: Title) -> bool:
    return title.namespace == 8 and title.name == 'Mainpage'


def redirect_target(page: Page) -> Title | None:
    """Return where a page redirects to; None if it does not."""
    if not page.latest.text.startswith('#REDIRECT [['):
        return None
    return parse_title(page.latest.text.partition('[[')[2].partition(']]')[0])


def page_or_title(call: Call, values: Values) -> tuple[Page | None, Title]:
    """Return the page that is named, or the title that no page has.

    :raises ApiError: if they name none that can exist.
    """
    title = parse_title(values['title'] or '')
    if values.get('pageid') is None and title and title not in call.wiki.pages:
        return None, title
    page = page_of(call, values)
    return page, page.title


def page_of(call: Call, values: Values, *, ids: bool = True) -> Page:
    """Return the page that `title` or `pageid` names.

    :raises ApiError: if they name none that exists.
    """
    title, id = values['title'], values.get('pageid') if ids else None
    if title is not None and id is not None:
        raise errors.not_together(['title', 'pageid'])
    if title is None and id is None:
        raise errors.one_of(['title', 'pageid'])
    if id is not None:
        page = call.wiki.page_ids.get(id)
        if page is None:
            raise ApiError('nosuchpageid', f'There is no page with ID {id}.')
        return page
    parsed = parse_title(title)
    if parsed is None:
        raise errors.invalid_title(title)
    page = call.wiki.pages.get(parsed)
    if page is None:
        raise errors.missing_title()
    return page
