"""What some accounts and addresses have done on many wikis, as if they were one actor.

Each wiki is asked as nobody where it lets everybody read: a look mints no token, and
creates no account there. What follows from what is found is left to the actions.

https://www.mediawiki.org/wiki/API:Usercontribs
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.answers import expected_form, is_answer, items_of
from mw_tokens_plugin.protocol.fields import flag, number, optional_text, text
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.site.anonymous import MAX_VALUES
from mw_tokens_plugin.site.batches import batches, continued
from mw_tokens_plugin.site.foreign.probing import fetch_as_nobody
from mw_tokens_plugin.site.transport import body_of
from mw_tokens_plugin.targets.deletionlog import ask
from mw_tokens_plugin.targets.wikis import Wikis

__all__ = [
    'Actor',
    'Edit',
    'EditedPage',
    'FileFacts',
    'Move',
    'MovedPage',
    'Period',
    'PublicReader',
    'RevisionFacts',
    'TitleFacts',
]

#: The most revisions of one page that are searched for one by somebody else.
MAX_HISTORY = 50


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of the actor.

    :ivar parent: the revision before it; 0 for the first one of a page
    :ivar is_top: whether it is the newest revision of its page
    """

    id: int
    parent: int
    page_id: int
    title: str
    user: str
    time: str
    is_top: bool
    namespace: int = 0


@dataclass(frozen=True, slots=True)
class EditedPage:
    """A page, and what the actor has edited of it, the newest edit first."""

    title: str
    page_id: int
    edits: tuple[Edit, ...]

    @property
    def is_creation(self) -> bool:
        """Whether all that is known of it is its only revision, by the actor."""
        return (
            len(self.edits) == 1 and not self.edits[0].parent and self.edits[0].is_top
        )

    def latest_run(self) -> list[Edit]:
        """Return the newest edit, and those before it without one of anybody else."""
        by_id = {edit.id: edit for edit in self.edits}
        run = [self.edits[0]]
        while (before := by_id.get(run[-1].parent)) is not None:
            run.append(before)
        return run


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """What is known of one revision.

    :ivar user: None where it is hidden
    :ivar sha1: None where the text is hidden
    """

    id: int
    parent: int
    page_id: int
    user: str | None
    time: str
    sha1: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a page by the actor.

    :ivar leaves_redirect: whether its old title became a redirect
    """

    id: int
    page_id: int
    source: str
    target: str
    user: str
    time: str
    leaves_redirect: bool


@dataclass(frozen=True, slots=True)
class MovedPage:
    """A page that the actor has moved, with all of its latest moves in a row.

    :ivar title: where the latest of them has put it
    :ivar origin: where it was before the first of them
    :ivar time: when the latest was made
    :ivar leaves_redirect: whether its first title became a redirect
    :ivar is_single: whether it was moved once, so that this redirect leads to it
    """

    page_id: int
    title: str
    origin: str
    users: tuple[str, ...]
    time: str
    leaves_redirect: bool
    is_single: bool = True

    @classmethod
    def of(cls, moves: Sequence[Move]) -> MovedPage:
        """Put moves of one page together, the newest of which is the first."""
        latest, run = moves[0], [moves[0]]
        for move in moves[1:]:
            if move.target != run[-1].source:
                # Others have moved it in between.
                break
            run.append(move)
        users = tuple(dict.fromkeys(move.user for move in run))
        first, page_id = run[-1], latest.page_id
        return cls(
            *(page_id, latest.target, first.source, users, latest.time),
            leaves_redirect=first.leaves_redirect,
            is_single=len(run) == 1,
        )


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """The title that a page has now.

    :ivar is_new: whether it has one revision only
    """

    page_id: int
    title: str
    is_redirect: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One version of a file.

    :ivar sha1: None where its content is hidden
    :ivar archive_name: how the wiki calls it; '' for the newest
    """

    time: str
    user: str | None
    sha1: str | None
    archive_name: str

    @property
    def key(self) -> tuple[str, str | None]:
        """What identifies it among the versions of its file."""
        return self.time, self.sha1


@dataclass(frozen=True, slots=True)
class Period:
    """When the edits were made that are meant, as the API writes moments.

    :ivar until: '' for now
    """

    since: str
    until: str = ''

    def has(self, moment: str) -> bool:
        """Tell whether a moment lies in it."""
        return self.since <= moment and (not self.until or moment <= self.until)


class PublicReader:
    """Reads wikis of the farm as nobody, or else with the operator's login."""

    def __init__(self, wikis: Wikis) -> None:
        """Keep the wikis; no request is sent."""
        self._wikis = wikis
        self._private: set[str] = set()

    def pages(self, database: str, **which: Any) -> Iterator[dict[str, Any]]:
        """Yield what a wiki says of pages, with some of their revisions.

        :param which: parameters that name pages or revisions
        """
        parameters = {
            'prop': 'revisions',
            'rvprop': ['ids', 'user', 'timestamp', 'sha1'],
            **which,
        }
        for answer in self.answers(database, **parameters):
            if 'pages' in (answer.get('query') or {}):
                yield from map(dict, items_of(answer, 'query', 'pages'))

    def answers(self, database: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the answers to a query, which is continued.

        :raises TokensPluginError: the wiki cannot be read with a login either
        """
        api = self._wikis.api_of(database)
        more: Mapping[str, Any] = {}
        while api and database not in self._private:
            answer = _as_nobody(api, {**parameters, **more})
            if answer is None:
                self._private.add(database)
                break
            yield answer
            if 'continue' not in answer:
                return
            more = answer['continue']
        yield from continued(
            self._wikis.site(database), ask=ask, **{**parameters, **more}
        )


def _as_nobody(api: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the answer that everybody gets; None if nobody gets one."""
    words = {
        name: '|'.join(map(str, value)) if isinstance(value, list | tuple) else value
        for name, value in parameters.items()
    }
    query = {'action': 'query', 'format': 'json', 'formatversion': 2, **words}
    try:
        response = fetch_as_nobody(f'{api}?{urlencode(query)}')
    except requests.RequestException:
        return None
    answer = body_of(response)
    if response.status_code != 200 or not is_answer('query', answer):
        return None
    assert isinstance(answer, dict)
    return None if 'error' in answer or 'errors' in answer else answer


@dataclass
class Actor:
    """Accounts and addresses that are taken for one, and what they have edited.

    Each wiki is read once; threads may share it.

    .. version-added:: 0.1

    :ivar names: in MediaWiki's form
    :ivar namespaces: numbers of namespaces; none for all
    :ivar since: edits before are not even read; '' to read all
    """

    wikis: Wikis
    names: Sequence[str]
    namespaces: Sequence[int] = ()
    since: str = ''
    reader: PublicReader = field(init=False)
    _known: dict[str, dict[str, EditedPage]] = field(default_factory=dict)
    _moves: dict[str, list[MovedPage]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Read by the same wikis."""
        self.reader = PublicReader(self.wikis)

    def accounts(self) -> Iterator[GlobalAccount]:
        """Yield the global accounts among them.

        :raises InvalidInput: one of the accounts does not exist
        """
        for name in self.names:
            kind = kind_of(name)
            if kind is AccountKind.IP:
                continue
            account = self.wikis.home.global_account(name)
            if account.exists:
                yield account
            elif kind is AccountKind.ACCOUNT:
                raise InvalidInput(f'There is no global account {name!r}.')

    def edited_on(self, accounts: Iterable[GlobalAccount]) -> list[str]:
        """Return the wikis on which they may have done anything.

        The number of edits is no shortcut: a new version of a file does not count on
        all wikis.

        :param accounts: the global accounts among them
        """
        found: set[str] = set()
        accounts = list(accounts)
        if len(accounts) < len(self.names) or any(
            account.attached is None for account in accounts
        ):
            found.update(self.wikis)
        for account in accounts:
            found.update(each.wiki for each in account.attached or ())
        return sorted(found)

    def pages(self, database: str) -> dict[str, EditedPage]:
        """Return the pages of a wiki that they have edited, by title.

        :raises TokensPluginError: the wiki cannot be read
        """
        with self._lock:
            known = self._known.get(database)
        if known is None:
            known = {page.title: page for page in self._read(database)}
            with self._lock:
                self._known[database] = known
        return known

    def revisions(self, database: str, ids: Iterable[int]) -> dict[int, RevisionFacts]:
        """Return what a wiki says of some revisions, without those that are gone."""
        found: dict[int, RevisionFacts] = {}
        for batch in batches(sorted(set(ids)), MAX_VALUES):
            for page in self.reader.pages(database, revids=batch):
                found |= {each.id: each for each in _revisions_of(page)}
        return found

    def newest(self, database: str, pages: Iterable[int]) -> dict[int, RevisionFacts]:
        """Return the newest revision of each page that still exists, by its id."""
        found: dict[int, RevisionFacts] = {}
        for batch in batches(sorted(set(pages)), MAX_VALUES):
            for page in self.reader.pages(database, pageids=batch):
                found |= {each.page_id: each for each in _revisions_of(page)}
        return found

    def history(self, database: str, page_id: int) -> list[RevisionFacts]:
        """Return the newest revisions of a page, the newest first."""
        # More of them are not read: one request is enough.
        parameters = {'pageids': page_id, 'rvlimit': MAX_HISTORY}
        for page in self.reader.pages(database, **parameters):
            return list(_revisions_of(page))
        return []

    def moved(self, database: str) -> list[MovedPage]:
        """Return the pages that they have moved, where they have done anything.

        A move is an edit, too. The log can be asked for one name at a time.

        https://www.mediawiki.org/wiki/API:Logevents

        :raises TokensPluginError: the wiki cannot be read
        """
        with self._lock:
            known = self._moves.get(database)
        if known is None:
            pages = self.pages(database).values()
            users = {edit.user for page in pages for edit in page.edits}
            moves: dict[int, list[Move]] = {}
            for user in sorted(users):
                for move in self._read_moves(database, user):
                    moves.setdefault(move.page_id, []).append(move)
            known = [
                MovedPage.of(sorted(each, key=lambda move: move.id, reverse=True))
                for each in moves.values()
            ]
            with self._lock:
                self._moves[database] = known
        return known

    def versions(self, database: str, title: str) -> list[FileFacts]:
        """Return the newest versions of a file of the wiki, the newest first.

        https://www.mediawiki.org/wiki/API:Imageinfo
        """
        parameters = {
            'titles': title,
            'prop': 'imageinfo',
            'iiprop': ['timestamp', 'user', 'sha1', 'archivename', 'canonicaltitle'],
            'iilimit': MAX_HISTORY,
        }
        for page in self.reader.pages(database, **parameters):
            if page.get('imagerepository') == 'local':
                return list(_versions_of(page))
        return []

    def titles(
        self, database: str, *, ids: Iterable[int] = (), titles: Iterable[str] = ()
    ) -> Iterator[TitleFacts]:
        """Yield the titles of the pages that exist, by their numbers or titles."""
        which: list[tuple[str, list[Any]]] = [
            ('pageids', sorted(set(ids))),
            ('titles', sorted(set(titles))),
        ]
        for name, values in which:
            for batch in batches(values, MAX_VALUES):
                for page in self.reader.pages(database, prop='info', **{name: batch}):
                    if 'pageid' in page and 'missing' not in page:
                        yield _title_facts(page)

    def _read_moves(self, database: str, user: str) -> Iterator[Move]:
        parameters: dict[str, Any] = {
            'list': 'logevents',
            'letype': 'move',
            'leuser': user,
            'leprop': ['ids', 'title', 'user', 'timestamp', 'details', 'type'],
            'lelimit': 'max',
        }
        if self.since:
            parameters['leend'] = self.since
        for answer in self.reader.answers(database, **parameters):
            for item in items_of(answer, 'query', 'logevents'):
                params = item.get('params')
                # Whoever may not see what was moved where cannot move it back.
                if not isinstance(params, Mapping) or 'target_title' not in params:
                    continue
                is_wanted = not self.namespaces or item.get('ns') in self.namespaces
                if is_wanted and 'title' in item:
                    yield _move(item, params)

    def _read(self, database: str) -> Iterator[EditedPage]:
        parameters: dict[str, Any] = {
            'list': 'usercontribs',
            'ucuser': list(self.names),
            'ucprop': ['ids', 'title', 'timestamp', 'flags'],
            'uclimit': 'max',
        }
        if self.since:
            parameters['ucend'] = self.since
        if self.namespaces:
            parameters['ucnamespace'] = list(self.namespaces)
        pages: dict[int, list[Edit]] = {}
        for answer in self.reader.answers(database, **parameters):
            for item in items_of(answer, 'query', 'usercontribs'):
                edit = _edit(item)
                pages.setdefault(edit.page_id, []).append(edit)
        for page_id, edits in pages.items():
            edits.sort(key=lambda edit: edit.id, reverse=True)
            yield EditedPage(edits[0].title, page_id, tuple(edits))


@expected_form('A contribution')
def _edit(item: Mapping[str, Any]) -> Edit:
    return Edit(
        id=number(item, 'revid'),
        parent=number(item, 'parentid'),
        page_id=number(item, 'pageid'),
        title=text(item, 'title'),
        user=text(item, 'user'),
        time=text(item, 'timestamp'),
        is_top=flag(item, 'top'),
        namespace=number(item, 'ns'),
    )


@expected_form('An entry of the log of moves')
def _move(item: Mapping[str, Any], params: Mapping[str, Any]) -> Move:
    return Move(
        id=number(item, 'logid'),
        page_id=number(item, 'logpage'),
        source=text(item, 'title'),
        target=text(params, 'target_title'),
        user=text(item, 'user'),
        time=text(item, 'timestamp'),
        leaves_redirect=not flag(params, 'suppressredirect'),
    )


@expected_form('What a wiki says of a file')
def _versions_of(page: Mapping[str, Any]) -> Iterator[FileFacts]:
    for item in page.get('imageinfo') or ():
        yield FileFacts(
            time=text(item, 'timestamp'),
            user=None if item.get('userhidden') else optional_text(item, 'user'),
            sha1=None if item.get('filehidden') else optional_text(item, 'sha1'),
            archive_name=optional_text(item, 'archivename') or '',
        )


@expected_form('What a wiki says of a page')
def _title_facts(page: Mapping[str, Any]) -> TitleFacts:
    return TitleFacts(
        page_id=number(page, 'pageid'),
        title=text(page, 'title'),
        is_redirect=flag(page, 'redirect'),
        is_new=flag(page, 'new'),
    )


@expected_form('What a wiki says of revisions')
def _revisions_of(page: Mapping[str, Any]) -> Iterator[RevisionFacts]:
    for item in page.get('revisions') or ():
        yield RevisionFacts(
            id=number(item, 'revid'),
            parent=number(item, 'parentid'),
            page_id=number(page, 'pageid'),
            user=None if item.get('userhidden') else optional_text(item, 'user'),
            time=text(item, 'timestamp'),
            sha1=None if 'sha1hidden' in item else optional_text(item, 'sha1'),
        )
