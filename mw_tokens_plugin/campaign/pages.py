"""Reading pages of a wiki, with files, what was deleted of them, and the deletion log.

It returns frozen records; what is to be done with a page is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mw_tokens_plugin.protocol.globalaccounts import timestamp
from mw_tokens_plugin.site.requests import refusals

#: The number of the namespace of files, on every wiki.
FILE_NAMESPACE = 6


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a page; its author is None where that is hidden."""

    id: int
    time: str
    user: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file, which has no number before it is deleted.

    :ivar sha1: None where its content is hidden: before such a version is deleted, the
        wiki tells it to nobody
    :ivar id: its number among what was deleted
    """

    time: str
    sha1: str | None
    user: str | None = None
    id: int = 0

    @property
    def key(self) -> tuple[str, str | None]:
        """What tells it from others of the same file, deleted or not."""
        return self.time, self.sha1


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was read.

    :ivar id: its number; 0 if there is none
    :ivar revisions: the newest first
    :ivar versions: those of the file that it is about, the newest first; none where
        the file is shared by another wiki
    :ivar whole: whether these are all of its revisions and versions
    """

    title: str
    id: int = 0
    revisions: tuple[Revision, ...] = ()
    versions: tuple[Version, ...] = ()
    whole: bool = False
    invalid: bool = False
    redirect: bool = False

    @property
    def exists(self) -> bool:
        """Whether there is such a page."""
        return self.id > 0

    @property
    def authors(self) -> list[str]:
        """Who has written it or uploaded the file, the latest first."""
        names = [revision.user for revision in self.revisions]
        names += [version.user for version in self.versions]
        return list(dict.fromkeys(name or '(hidden)' for name in names))

    @property
    def beginners(self) -> set[str | None]:
        """Who has begun it: the first author, and who uploaded the file first."""
        authors = {revision.user for revision in self.revisions[-1:]}
        return authors | {version.user for version in self.versions[-1:]}

    def facts(self) -> dict[str, Any]:
        """Return what the ledger keeps of it, to tell it again and to restore it."""
        return {
            'title': self.title,
            'page_id': self.id,
            'revisions': [[r.id, r.time] for r in self.revisions],
            'versions': [list(v.key) for v in self.versions],
            'authors': self.authors,
            'redirect': self.redirect,
        }


@dataclass(frozen=True, slots=True)
class LogEntry:
    """The latest entry of a page in the deletion log."""

    id: int
    action: str
    user: str | None
    comment: str | None
    timestamp: datetime


def read_pages(site: Any, titles: Sequence[str]) -> Iterator[Page]:
    """Read many pages with their latest revision and version only, in their order."""
    size = 500 if site.has_right('apihighlimits') else 50
    for start in range(0, len(titles), size):
        batch = titles[start : start + size]
        items: dict[str, dict[str, Any]] = {}
        spelt: dict[str, str] = {}
        # A second version tells that the first is not all of them.
        parameters: dict[str, Any] = {'titles': batch, 'iilimit': 2, **_WANTED}
        while True:
            answer = _query(site, **parameters)
            query = answer['query']
            spelt |= {n['from']: n['to'] for n in query.get('normalized', ())}
            for item in query['pages']:
                _add(items.setdefault(item['title'], {}), item)
            more = answer.get('continue', {})
            # Of a single file, more versions are offered than were asked for.
            if not more or 'iistart' in more:
                break
            parameters.update(more)
        for title in batch:
            yield _page(items[spelt.get(title, title)])


def read_page(site: Any, most: int, **which: Any) -> Page | None:
    """Read a page with its latest revisions; None if there is none.

    https://www.mediawiki.org/wiki/API:Revisions
    https://www.mediawiki.org/wiki/API:Imageinfo

    :param most: how many revisions, and versions of a file, are wanted; one more is
        looked for, to know whether these are all
    :param which: ``titles`` or ``pageids``
    """
    answer = _query(site, rvlimit=most + 1, iilimit=most + 1, **_WANTED, **which)
    (item,) = answer['query']['pages']
    page = _page(item)
    whole = max(len(page.revisions), len(page.versions)) <= most
    return replace(page, whole=whole) if page.exists else None


def read_deleted(
    site: Any, title: str
) -> tuple[Page, tuple[Revision, ...], LogEntry | None]:
    """Read what was deleted of a page, and what the log says of it, in one request.

    https://www.mediawiki.org/wiki/API:Deletedrevisions

    :return: the page as it is now, the deleted revisions, the latest entry
    """
    answer = _query(
        site,
        titles=title,
        prop=['info', 'deletedrevisions', 'imageinfo'],
        drvprop=['ids', 'timestamp', 'user'],
        drvlimit='max',
        iiprop=_WANTED['iiprop'],
        **_log_of(title),
    )
    (item,) = answer['query']['pages']
    deleted = tuple(map(_revision, item.get('deletedrevisions', ())))
    return _page(item), deleted, next(_entries(answer), None)


def read_deleted_versions(site: Any, title: str) -> Iterator[Version]:
    """Read all deleted versions of a file, whoever deleted them and when.

    MediaWiki 1.39 shows them to everybody, and does not say in which deletion they
    went. A version that is deleted again has another number than before.

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
    while True:
        answer = _query(site, **parameters)
        yield from map(_version, answer['query']['filearchive'])
        if 'continue' not in answer:
            return
        parameters.update(answer['continue'])


def read_deletions(
    site: Any, title: str, page_id: int | None = None
) -> tuple[int, list[LogEntry]]:
    """Read which page exists, and the latest entries in the deletion log.

    https://www.mediawiki.org/wiki/API:Logevents

    :param title: which page the log is about
    :param page_id: the page that is looked for; the one of this title if not given
    :return: the number of the page, or 0
    """
    which = {'titles': title} if page_id is None else {'pageids': page_id}
    answer = _query(site, prop='info', **which, **_log_of(title))
    (item,) = answer['query']['pages']
    return _page(item).id, list(_entries(answer))


#: What is asked of pages, and of the files that they are about.
_WANTED: dict[str, Any] = {
    'prop': ['info', 'revisions', 'imageinfo'],
    'rvprop': ['ids', 'timestamp', 'user'],
    'iiprop': ['timestamp', 'user', 'sha1', 'canonicaltitle'],
}


def _log_of(title: str) -> dict[str, Any]:
    return {
        'list': 'logevents',
        'letype': 'delete',
        'letitle': title,
        'lelimit': 5,
    }


def _query(site: Any, **parameters: Any) -> dict[str, Any]:
    with refusals(site):
        answer: dict[str, Any] = site.simple_request(
            action='query', formatversion=2, **parameters
        ).submit()
    return answer


def _add(item: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what a further answer says of a page."""
    for key, value in more.items():
        if isinstance(value, list):
            item.setdefault(key, []).extend(value)
        else:
            item[key] = value


def _page(item: Mapping[str, Any]) -> Page:
    """Read one item of ``pages``, which has the latest revision only."""
    title = item.get('title', '')
    versions = tuple(_versions(item))
    if 'missing' in item or 'pageid' not in item:
        return Page(title=title, versions=versions, invalid='invalid' in item)
    revisions = tuple(map(_revision, item.get('revisions', ())))
    # A page that was imported or restored may be called new and have a history.
    first = bool(revisions) and not item['revisions'][-1].get('parentid')
    return Page(
        title=title,
        id=item['pageid'],
        revisions=revisions,
        versions=versions,
        whole=first and bool(item.get('new')) and len(versions) <= 1,
        redirect=bool(item.get('redirect')),
    )


def _revision(item: Mapping[str, Any]) -> Revision:
    return Revision(item['revid'], item['timestamp'], _author(item))


def _versions(item: Mapping[str, Any]) -> Iterator[Version]:
    """Yield the versions that are deleted with a page.

    Those of another repository are not. Neither are those that a redirect shows, which
    are its target's.
    """
    versions = item.get('imageinfo', ())
    # The title is not told with a version that is hidden, which the first never is.
    if item.get('imagerepository') == 'local' and (
        versions[0].get('canonicaltitle') == item['title']
    ):
        yield from map(_version, versions)


def _version(item: Mapping[str, Any]) -> Version:
    return Version(
        time=item.get('timestamp', ''),
        sha1=item.get('sha1'),
        user=_author(item),
        id=item.get('id', 0),
    )


def _author(item: Mapping[str, Any]) -> str | None:
    """Return an author who is not hidden: some operators are told hidden ones too."""
    return None if item.get('userhidden') else item.get('user')


def _entries(answer: Mapping[str, Any]) -> Iterator[LogEntry]:
    for event in answer['query']['logevents']:
        moment = timestamp(event.get('timestamp'))
        if moment is not None:
            yield LogEntry(
                id=event['logid'],
                action=event.get('action', ''),
                user=event.get('user'),
                comment=event.get('comment'),
                timestamp=moment,
            )
