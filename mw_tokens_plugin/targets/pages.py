"""Reading pages of a wiki, with files, and what was deleted of them.

It returns the records of :mod:`mw_tokens_plugin.targets.pagerecords`. What is done with
a page is left to the actions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from textwrap import shorten
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from mw_tokens_plugin.exceptions import WikiUnreachable
from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.protocol.fields import (
    as_timestamp,
    number,
    optional_number,
    optional_text,
    text,
    timestamp,
)
from mw_tokens_plugin.site.batches import batches, continued, max_values
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.targets.deletionlog import (
    LogEntry,
    about,
    ask,
    entries,
    listed,
)
from mw_tokens_plugin.targets.pagerecords import Page, Revision, Version

__all__ = [
    'MAX_REVISIONS',
    'TEMPLATE_NAMESPACE',
    'read_all_deleted',
    'read_deleted',
    'read_deleted_versions',
    'read_deletions',
    'read_gone',
    'read_history',
    'read_page',
    'read_pages',
]

#: The number of the namespace of templates, on every wiki.
TEMPLATE_NAMESPACE = 10

#: Revisions, and versions of a file, that a page may have to be deleted: one request
#: restores it, and cannot name more of them.
MAX_REVISIONS = 50

#: Characters that no title has, and that would change what is asked: they separate
#: titles, or the wiki replaces them before it reads the titles.
_UNASKABLE = re.compile('[\x00-\x1f\x7f|\ud800-\udfff\ufffd-\uffff]')

#: What is asked of pages, and of the files that they are about.
_WANTED: dict[str, Any] = {
    'prop': ['info', 'revisions', 'imageinfo'],
    'rvprop': ['ids', 'timestamp', 'user', 'sha1'],
    'iiprop': ['timestamp', 'user', 'sha1', 'canonicaltitle'],
    'curtimestamp': True,
}

#: What else is asked before a plan: what stays, and what the operator may do.
#: https://www.mediawiki.org/wiki/API:Info
_FOR_PLAN: dict[str, Any] = {
    'inprop': ['protection', 'talkid'],
    'intestactions': ['delete', 'undelete'],
    'intestactionsdetail': 'full',
}

#: What is asked of pages that were deleted.
_OF_DELETED: dict[str, Any] = {
    'prop': ['info', 'deletedrevisions', 'imageinfo'],
    'drvprop': ['ids', 'timestamp', 'user'],
    'drvlimit': 'max',
    'iiprop': _WANTED['iiprop'],
}

#: Refusals that are known to be about the page. The write itself shows those that are
#: about the operator or transient, such as a block or a rate limit.
_ABOUT_PAGE = re.compile('protected|toobig|toomanyrevisions')


def read_pages(
    site: PluginSite,
    titles: Sequence[str],
    *,
    also: Mapping[str, Any] | None = None,
    answered: Callable[[Mapping[str, Any]], None] = lambda answer: None,
) -> Iterator[Page]:
    """Read many pages with their latest revision and version only, in their order.

    A title that no page can have is yielded as invalid, and does not affect the others.

    :param also: parameters of what else is asked with the first batch
    :param answered: called with the answer to that
    """
    for given in batches(titles, max_values(site)):
        batch = [normalize('NFC', title) for title in given]
        asked = [title for title in batch if not _UNASKABLE.search(title)]
        items, spelt = _read_batch(site, asked, also or {}, answered)
        also = None
        for title in batch:
            item = items.get(_followed(spelt, title))
            if item is None and title in asked:
                raise WikiUnreachable(
                    f'{site} does not say what was asked of {title!r}.'
                )
            yield _page(item or {'title': title, 'invalid': True})


def read_history(site: PluginSite, limit: int, title: str) -> Page | None:
    """Read a page for a plan, with all that its latest revision does not show.

    :param limit: how many revisions, and versions of a file, are read at most; one
        more is asked for, to know whether these are all
    """
    more = {
        **_FOR_PLAN,
        'prop': [*_WANTED['prop'], 'transcludedin'],
        'tilimit': 1,
        **about(title, None),
    }
    page, log = _read(site, limit, {'titles': title, **more}, deleted=True)
    return page and replace(page, log=tuple(log))


def read_page(
    site: PluginSite,
    limit: int,
    title: str,
    page_id: int | None = None,
    *,
    deleted: bool = False,
    as_nobody: bool = False,
) -> tuple[Page | None, list[LogEntry]]:
    """Read a page with its latest revisions, and the deletion log of a title.

    https://www.mediawiki.org/wiki/API:Revisions
    https://www.mediawiki.org/wiki/API:Imageinfo

    :param limit: how many revisions, and versions of a file, are read at most; one
        more is asked for, to know whether these are all
    :param page_id: the id of the page; the page of this title if not given
    :param deleted: whether its deleted revisions are wanted, where they may be read
    :param as_nobody: whether a public wiki is asked without a login
    :return: the page, None if there is none; the latest entries
    """
    which: dict[str, Any] = (
        {'titles': title} if page_id is None else {'pageids': page_id}
    )
    which |= {**about(title), 'as_nobody': as_nobody}
    return _read(site, limit, which, deleted=deleted)


def read_all_deleted(
    site: PluginSite, titles: Sequence[str]
) -> dict[str, tuple[Page, tuple[Revision, ...]]]:
    """Read what was deleted of many pages, in as few requests as the wiki allows.

    :return: the pages as they are now, and their deleted revisions, by titles; those
        that the wiki spells otherwise are missing
    """
    found: dict[str, tuple[Page, tuple[Revision, ...]]] = {}
    for batch in batches(dict.fromkeys(titles), max_values(site)):
        items: dict[str, dict[str, Any]] = {}
        for answer in continued(site, ask=ask, titles=batch, **_OF_DELETED):
            for item in listed(answer, 'pages'):
                with expected_form(f'What {site} says of deleted pages'):
                    _add(items.setdefault(item['title'], {}), item)
            # For a single file, more versions are offered than were asked for.
            if 'iistart' in answer.get('continue', ()):
                break
        for title in batch:
            if title in items:
                page = _page(items[title])
                found[title] = page, page.deleted
    return found


def read_deleted(
    site: PluginSite, title: str
) -> tuple[Page, tuple[Revision, ...], LogEntry | None]:
    """Read what was deleted of a page, and what the log says of it, in one request.

    https://www.mediawiki.org/wiki/API:Deletedrevisions

    :return: the page as it is now, the deleted revisions, the latest entry
    """
    answer = ask(site, titles=title, **_OF_DELETED, **about(title))
    page = _page(_only(site, answer))
    return page, page.deleted, next(entries(answer), None)


def read_deleted_versions(site: PluginSite, title: str) -> Iterator[Version]:
    """Read all deleted versions of a file, from all of its deletions.

    MediaWiki 1.39 shows them to everybody, and does not say which deletion each
    belongs to. A version that is deleted again gets another id.

    https://www.mediawiki.org/wiki/API:Filearchive
    """
    name = title.partition(':')[2]
    parameters: dict[str, Any] = {
        'list': 'filearchive',
        'fafrom': name,
        'fato': name,
        'faprop': ['timestamp', 'sha1'],
        'falimit': 'max',
    }
    for answer in continued(site, ask=ask, **parameters):
        yield from map(_version, items_of(answer, 'query', 'filearchive'))


def read_deletions(site: PluginSite, title: str) -> tuple[int, list[LogEntry]]:
    """Read which page has a title, and the latest entries in the deletion log.

    :return: the id of the page, or 0
    """
    answer = ask(site, prop='info', titles=title, **about(title))
    return _page(_only(site, answer)).id, list(entries(answer))


def read_gone(site: PluginSite, title: str) -> LogEntry | None:
    """Read the latest entry about a page that is gone, as everybody may.

    :return: None if there is a page or a file of that title, or no entry
    """
    wanted = {'prop': ['info', 'imageinfo'], 'iiprop': _WANTED['iiprop']}
    answer = ask(site, as_nobody=True, titles=title, **wanted, **about(title))
    page = _page(_only(site, answer))
    return None if page.exists or page.versions else next(entries(answer), None)


def _read_batch(
    site: PluginSite,
    titles: Sequence[str],
    also: Mapping[str, Any],
    answered: Callable[[Mapping[str, Any]], None],
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return what a wiki says of some titles, and how it writes them itself."""
    items: dict[str, dict[str, Any]] = {}
    spelt: dict[str, str] = {}
    # A second version shows that the first is not the only one.
    if not titles:
        return items, spelt
    parameters = {'titles': titles, 'iilimit': 2, **_WANTED, **_FOR_PLAN, **also}
    for answer in continued(site, ask=ask, **parameters):
        if also:
            answered(answer)
            also = {}
        with expected_form(f'What {site} says of pages'):
            for step in listed(answer, 'normalized'):
                given = step['from']
                spelt[unquote(given) if step.get('fromencoded') else given] = step['to']
            for item in listed(answer, 'interwiki'):
                items[item['title']] = dict(item)
            for item in listed(answer, 'pages'):
                looked_at = {'curtimestamp': answer.get('curtimestamp')}
                _add(items.setdefault(item['title'], looked_at), item)
        # For a single file, more versions are offered than were asked for.
        if 'iistart' in answer.get('continue', ()):
            break
    return items, spelt


def _followed(steps: Mapping[str, str], title: str) -> str:
    """Follow the steps by which a wiki brings a title into its own form."""
    for _ in steps:
        if title not in steps:
            break
        title = steps[title]
    return title


def _read(
    site: PluginSite, limit: int, which: Mapping[str, Any], *, deleted: bool
) -> tuple[Page | None, list[LogEntry]]:
    parameters = {**_WANTED, 'rvlimit': limit + 1, 'iilimit': limit + 1, **which}
    if deleted and site.has_right('deletedhistory'):
        parameters['prop'] = [*parameters['prop'], 'deletedrevisions']
        parameters |= {'drvprop': ['ids', 'timestamp', 'user'], 'drvlimit': 'max'}
    answer = ask(site, **parameters)
    log = list(entries(answer))
    item = _only(site, answer)
    page = _page({'curtimestamp': answer.get('curtimestamp'), **item})
    if not page.exists:
        return None, log
    whole = max(len(page.revisions), len(page.versions)) <= limit
    return replace(page, whole=whole), log


def _only(site: PluginSite, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the only page in an answer, which may be one that does not exist.

    :raises WikiUnreachable: there is none
    """
    pages = listed(answer, 'pages')
    if len(pages) != 1 or pages[0].keys().isdisjoint({'title', 'pageid'}):
        raise WikiUnreachable(f'{site} does not say what was asked of a page.')
    return pages[0]


def _add(item: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what a further answer says of a page."""
    for key, value in more.items():
        if isinstance(value, list):
            item.setdefault(key, []).extend(value)
        else:
            item[key] = value


@expected_form('What a wiki says of a page')
def _page(item: Mapping[str, Any]) -> Page:
    """Read one item of ``pages``, which has the latest revision only."""
    title = optional_text(item, 'title') or ''
    space = optional_number(item, 'ns') or 0
    versions = tuple(_versions(item))
    deleted = tuple(map(_revision, item.get('deletedrevisions', ())))
    if 'missing' in item or 'pageid' not in item:
        return Page(
            title=title,
            versions=versions,
            # Special pages, and the namespace Media, have no pages.
            invalid='invalid' in item or space < 0,
            interwiki='iw' in item,
            deleted=deleted,
        )
    revisions = tuple(map(_revision, item.get('revisions', ())))
    # A page that was imported or restored may be called new and have a history.
    first = bool(revisions) and not revisions[-1].parent
    actions = item.get('actions', {})
    not_restorable = [
        _words(error)
        for error in actions.get('undelete', ())
        if _is_about_page(error) or 'permission' in error.get('code', '')
    ]
    refusals = filter(_is_about_page, actions.get('delete', ()))
    return Page(
        title=title,
        id=number(item, 'pageid'),
        namespace=space,
        revisions=revisions,
        versions=versions,
        whole=first and bool(item.get('new')) and len(versions) <= 1,
        redirect=bool(item.get('redirect')),
        talk='talkid' in item,
        protection=tuple(dict.fromkeys(map(_protection, item.get('protection', ())))),
        refusal=next(map(_words, refusals), ''),
        not_restorable=next(iter(not_restorable), ''),
        embedded=bool(item.get('transcludedin')),
        deleted=deleted,
        looked_at=_looked_at(item),
    )


def _looked_at(item: Mapping[str, Any]) -> str:
    """Return when the wiki was asked, by its clock; '' if it does not say."""
    said = optional_text(item, 'curtimestamp')
    moment = timestamp(said)
    if said and moment is None:
        raise ValueError(f'{said!r} is no moment')
    return as_timestamp(moment) if moment else ''


def _is_about_page(error: Mapping[str, Any]) -> bool:
    """Tell whether a refusal is about the page, and not about the operator."""
    info = (error.get('data') or {}).get('blockinfo') or {}
    return bool(info.get('blockpartial') or _ABOUT_PAGE.search(error.get('code', '')))


def _words(error: Mapping[str, Any]) -> str:
    """Return the beginning of what the wiki says, in one line."""
    return shorten(error.get('text', ''), 120, placeholder=' ...')


def _protection(item: Mapping[str, Any]) -> str:
    """Return one protection, such as ``edit=sysop``, with the page it comes from."""
    source = f' by {item["source"]}' if 'source' in item else ''
    return f'{item.get("type")}={item.get("level")}{source}'


def _revision(item: Mapping[str, Any]) -> Revision:
    return Revision(
        number(item, 'revid'),
        text(item, 'timestamp'),
        _author(item),
        parent=optional_number(item, 'parentid') or 0,
        # For the newest revision, a wiki shows the hash even if the text is hidden.
        hidden=not {'sha1hidden', 'suppressed'}.isdisjoint(item),
    )


def _versions(item: Mapping[str, Any]) -> Iterator[Version]:
    """Yield the versions that are deleted with a page.

    Those of another repository are not, and neither are those that a redirect shows,
    which belong to its target.
    """
    versions = item.get('imageinfo', ())
    # A hidden version has no title, but the first one is never hidden.
    if item.get('imagerepository') == 'local' and (
        versions[0].get('canonicaltitle') == item['title']
    ):
        yield from map(_version, versions)


@expected_form('What a wiki says of a version of a file')
def _version(item: Mapping[str, Any]) -> Version:
    return Version(
        time=optional_text(item, 'timestamp') or '',
        sha1=optional_text(item, 'sha1'),
        user=_author(item),
        id=optional_number(item, 'id') or 0,
    )


def _author(item: Mapping[str, Any]) -> str | None:
    """Return an author who is not hidden: some operators see hidden ones too."""
    return None if item.get('userhidden') else optional_text(item, 'user')
