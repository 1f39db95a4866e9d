"""Who has added what a request page asks for, from the page's history.

Signatures are text that anybody can write, so they do not count. Which requests are
acted on is left to :mod:`mw_tokens_plugin.targets.requests`.

https://www.mediawiki.org/wiki/API:Revisions
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

from mw_tokens_plugin.requestpages import KnownRequests, Request, RequestPage
from mw_tokens_plugin.site.batches import continued
from mw_tokens_plugin.site.mixins import PluginMixin

#: Revisions that are searched for who added a request.
MAX_REVISIONS = 500
#: Characters of old revisions that are read for that.
MAX_TEXT = 100_000_000
#: Revisions whose texts are read at a time.
_TEXTS = 20
#: Tags of revisions that undo others.
_REVERTING = frozenset({'mw-manual-revert', 'mw-rollback', 'mw-undo'})


class Doubt(enum.Enum):
    """Why the history of a page does not tell who added something.

    .. version-added:: 0.1
    """

    #: It cannot be seen, has gaps, or goes back too far.
    HISTORY = 'history'
    #: Its author cannot be seen.
    AUTHOR = 'author'
    #: Requests with one heading cannot be told apart.
    HEADINGS = 'headings'
    #: It was restored, and it is not certain from where.
    RESTORED = 'restored'
    #: A revision that changes nothing: the page was moved, protected or imported.
    UNCHANGED = 'unchanged'


def added_by(
    site: PluginMixin,
    title: str,
    revision: int,
    page: RequestPage,
    wanted: Mapping[int, Iterable[str]],
) -> dict[int, dict[str, frozenset[str | Doubt]]]:
    """Find out who added names to requests, from the history of the page.

    An account that changed a request's heading, or opened the request again, counts as
    having added it. One that restored it counts as well as its first author, but not
    where all of the page was gone and it brought the page back unchanged.

    :param page: that revision, parsed
    :param wanted: names, by where their request starts in that revision
    :return: all accounts that have added each name, and doubts where the history does
        not tell
    """
    history = _History(site, title, revision, page)
    found: dict[int, dict[str, frozenset[str | Doubt]]] = {n: {} for n in wanted}
    steps = [
        _Step(0, request.span.start, request, frozenset(wanted[request.span.start]))
        for request in page.requests
        if request.span.start in wanted
    ]
    if not history.is_there:
        doubtful = frozenset({Doubt.HISTORY})
        return {
            start: dict.fromkeys(names, doubtful) for start, names in wanted.items()
        }
    # All go back from the latest revision together, so that each is read only once.
    heapify(steps)
    while steps:
        step = heappop(steps)
        history.forget(step.position)
        for way in _ways_back(history, step):
            if isinstance(way, _Step):
                heappush(steps, way)
            else:
                found[step.start] |= way
    return found


class _History:
    """The revisions of a page, from the latest back; texts are read as needed."""

    def __init__(
        self, site: PluginMixin, title: str, revision: int, latest: RequestPage
    ) -> None:
        """List the revisions.

        :param latest: that revision, parsed
        """
        self._site = site
        answer = site.query_with_tokens(
            (),
            prop='revisions',
            titles=title,
            rvstartid=revision,
            rvlimit=MAX_REVISIONS,
            rvprop=['ids', 'user', 'sha1', 'tags'],
        )
        self._items = answer['query']['pages'][0].get('revisions') or []
        self._pages: dict[int, RequestPage | None] = {0: latest}
        self._known: KnownRequests = {}
        self._namespaces = latest.namespaces
        self._left = MAX_TEXT
        self._damage: dict[int, tuple[int, frozenset[str | Doubt]] | None] = {}
        self.is_there = bool(self._items) and self._items[0]['revid'] == revision

    def author(self, position: int) -> str | Doubt:
        """Return who saved a revision."""
        item = self._items[position]
        if item.get('userhidden') or not item.get('user'):
            return Doubt.AUTHOR
        return str(item['user'])

    def page(self, position: int) -> RequestPage | None:
        """Return the page as it was; None if that cannot be seen."""
        if position not in self._pages:
            start = position - position % _TEXTS
            some = self._items[start : start + _TEXTS]
            texts = dict(_texts(self._site, [item['revid'] for item in some]))
            for number, item in enumerate(some, start):
                if number < position:
                    continue
                text = texts.get(item['revid'])
                self._left -= len(text or '')
                # What is too large to be read counts as hidden.
                parsed = None
                if text is not None and self._left >= 0:
                    parsed = RequestPage.parse(text, self._known, self._namespaces)
                self._pages.setdefault(number, parsed)
        return self._pages[position]

    def forget(self, position: int) -> None:
        """Drop the texts of all revisions that are later than a position."""
        for number in [n for n in self._pages if n < position]:
            del self._pages[number]

    def before(self, position: int) -> int | Doubt | None:
        """Return which revision one is based on; None if it is the first one."""
        parent = self._items[position].get('parentid')
        if not parent:
            return None if parent == 0 else Doubt.HISTORY
        if not self._follows(position):
            return Doubt.HISTORY
        if self._is_equal(position, position + 1):
            return Doubt.UNCHANGED
        return position + 1

    def before_damage(self, position: int) -> tuple[int, frozenset[str | Doubt]] | None:
        """Return where the text was the same before a blanking, and who did that."""
        if position not in self._damage:
            self._damage[position] = self._find_damage(position)
        return self._damage[position]

    def restores(self, position: int) -> bool:
        """Tell whether a revision undoes others, by the wiki's own tags."""
        return not _REVERTING.isdisjoint(self._items[position].get('tags', ()))

    def _find_damage(self, position: int) -> tuple[int, frozenset[str | Doubt]] | None:
        gone = position
        by = set()
        while self._follows(gone) and self._is_gone(position, gone + 1):
            gone += 1
            by.add(self.author(gone))
        if not by or not self._follows(gone) or not self._is_equal(position, gone + 1):
            return None
        return gone + 1, frozenset(by)

    def earlier(self, position: int) -> int | None:
        """Return the latest older revision with the same text, if there is one."""
        return next(
            (
                older
                for older in range(position + 1, len(self._items))
                if self._is_equal(position, older)
            ),
            None,
        )

    def _follows(self, position: int) -> bool:
        """Tell whether the next older revision is the one before for certain."""
        if position + 1 >= len(self._items):
            return False
        parent = self._items[position].get('parentid')
        return bool(parent == self._items[position + 1]['revid'])

    def _is_equal(self, position: int, older: int) -> bool:
        digest = self._items[position].get('sha1')
        return digest is not None and digest == self._items[older].get('sha1')

    def _is_gone(self, position: int, older: int) -> bool:
        """Tell whether nothing of a revision was on the page then.

        On a page with nothing but requests, withdrawing the last one looks the same.
        """
        now, then = self.page(position), self.page(older)
        if now is None or then is None:
            return False
        around, end = [], 0
        for request in now.requests:
            around.append(now.text[end : request.span.start])
            end = request.span.end
        around.append(now.text[end:])
        return any(map(str.strip, around)) and _lines(now).isdisjoint(_lines(then))


def _lines(page: RequestPage) -> set[str]:
    return {line.strip() for line in page.text.splitlines() if line.strip()}


def _texts(
    site: PluginMixin, numbers: Sequence[int]
) -> Iterator[tuple[int, str | None]]:
    wanted: dict[str, Any] = {
        'prop': 'revisions',
        'revids': numbers,
        'rvprop': ['ids', 'content'],
        'rvslots': 'main',
    }
    for answer in continued(site, ask=_query, **wanted):
        for page in answer['query'].get('pages', ()):
            for item in page.get('revisions', ()):
                main = item.get('slots', {}).get('main', {})
                yield item['revid'], main.get('content')


def _query(site: PluginMixin, **parameters: Any) -> dict[str, Any]:
    return site.query_with_tokens((), **parameters)


@dataclass(frozen=True, slots=True)
class _Step:
    """A revision in which a request has some names, and who has added them since.

    :ivar start: where the request starts in the latest revision
    :ivar gone_by: who removed all of the page meanwhile
    """

    position: int
    start: int
    request: Request
    names: frozenset[str]
    by: frozenset[str | Doubt] = frozenset()
    gone_by: frozenset[str | Doubt] = frozenset()

    def __lt__(self, other: _Step) -> bool:
        """Tell whether it is of a later revision."""
        return self.position < other.position


def _ways_back(
    history: _History, step: _Step
) -> Iterator[_Step | dict[str, frozenset[str | Doubt]]]:
    """Yield where to look next, and who has added the names that end here."""
    if past := history.before_damage(step.position):
        position, by = past
        yield replace(step, position=position, gone_by=step.gone_by | by)
        return
    before = history.before(step.position)
    older = None if before is None else _matching(history, step, before)
    if isinstance(older, Doubt):
        yield dict.fromkeys(step.names, step.by | {older})
        return
    kept: frozenset[str] = frozenset()
    if (
        isinstance(before, int)
        and older is not None
        and older.is_open
        and older.is_certain
        and older.kind is step.request.kind
    ):
        kept = step.names.intersection(older.names)
        if kept:
            yield replace(step, position=before, request=older, names=kept)
    if added := step.names - kept:
        by = step.by | {history.author(step.position)}
        earlier = history.earlier(step.position)
        if earlier is not None:
            yield replace(step, position=earlier, names=added, by=by)
            return
        if history.restores(step.position):
            by |= {Doubt.RESTORED}
        if by & step.gone_by:
            # The account that removed the page may have withdrawn the request.
            by |= {Doubt.HISTORY}
        yield dict.fromkeys(added, by)


def _matching(
    history: _History, step: _Step, before: int | Doubt
) -> Request | Doubt | None:
    """Return what a request was in the revision before; None if it was not there.

    Headings can be equal. Then requests of the same text are the same request, and if
    one is left on either side, it has been edited.
    """
    if isinstance(before, Doubt):
        return before
    newer, older = history.page(step.position), history.page(before)
    if newer is None or older is None or older.problem:
        return Doubt.HISTORY
    now = [r for r in newer.requests if r.heading == step.request.heading]
    then = [r for r in older.requests if r.heading == step.request.heading]
    if not then:
        return None
    if len(now) == len(then) == 1:
        return then[0]
    text = _wording(newer, step.request)
    texts_now = Counter(_wording(newer, r) for r in now)
    texts_then = Counter(_wording(older, r) for r in then)
    if text in texts_then:
        if texts_then[text] != texts_now[text]:
            return Doubt.HEADINGS
        number = [r for r in now if _wording(newer, r) == text].index(step.request)
        return [r for r in then if _wording(older, r) == text][number]
    changed = [r for r in then if _wording(older, r) not in texts_now]
    if not changed:
        return None
    edited = [t for t in texts_now.elements() if t not in texts_then]
    return changed[0] if len(changed) == len(edited) == 1 else Doubt.HEADINGS


def _wording(page: RequestPage, request: Request) -> str:
    return page.text[request.span.start : request.foot]
