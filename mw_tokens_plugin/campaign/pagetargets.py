"""Targets from a steward request page, and the page again when they are done.

It chooses requests, finds out who added them and marks them; anybody can edit such a
page, so nothing here is permission to act.

https://www.mediawiki.org/wiki/API:Revisions
https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

import enum
import ipaddress
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

from mw_tokens_plugin.campaign.globallock import GlobalLock, UndoGlobalLock
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, Decision
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    OutcomeUnknown,
    StateConflict,
    TokensPluginError,
)
from mw_tokens_plugin.messages import said, written
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount, HiddenLevel
from mw_tokens_plugin.protocol.names import AccountKind, folded, kind_of
from mw_tokens_plugin.requestpage import Closing, Request, RequestKind, RequestPage
from mw_tokens_plugin.site.pageedit import save_page
from mw_tokens_plugin.site.redaction import redactor

#: Lines that Special:MassGlobalBlock takes at a time.
BATCH = 200
#: Shortest prefixes of ranges that it blocks, by the version of the protocol
#: (``$wgGlobalBlockingCIDRLimit``).
_WIDEST = {4: 16, 6: 19}

#: Revisions that are looked through for who added a request.
HISTORY = 500
#: Revisions whose texts are read at a time.
_TEXTS = 20
#: Tags of revisions that undo others.
_REVERTING = frozenset({'mw-manual-revert', 'mw-rollback', 'mw-undo'})
#: How often the page is read anew when others edit it at the same moment.
_ATTEMPTS = 4
#: Longest reason with the heading of a request in it.
_LONGEST_REASON = 250
#: Longest status that is repeated to the operator.
_LONGEST_STATUS = 30


class Doubt(enum.Enum):
    """Why the history of a page does not tell who added something.

    .. version-added:: 0.1
    """

    #: It cannot be seen, does not hang together, or goes back too far.
    HISTORY = 'history'
    #: Its author cannot be seen.
    AUTHOR = 'author'
    #: Requests with one heading cannot be told apart.
    HEADINGS = 'headings'
    #: It was restored, and it is not certain from where.
    RESTORED = 'restored'
    #: A revision that changes nothing: the page was moved, protected or imported.
    UNCHANGED = 'unchanged'


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that is acted on, and those of its names that are."""

    label: str
    request: Request
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """A request, or a part of one, that is not acted on."""

    label: str
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What one revision of a page asks for.

    .. version-added:: 0.1

    :ivar revision: its number
    :ivar addresses: IP addresses and temporary accounts, which only a block reaches
    :ivar hidden: all names on the page that must not be shown in public
    """

    title: str
    revision: int
    kind: RequestKind
    taken: tuple[Taken, ...]
    passed: tuple[Passed, ...]
    addresses: tuple[str, ...]
    hidden: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """All names that are acted on, each once."""
        return tuple(dict.fromkeys(name for t in self.taken for name in t.names))

    @property
    def shown_addresses(self) -> tuple[str, ...]:
        """Those of the addresses that may be shown."""
        return tuple(a for a in self.addresses if a not in self.hidden)

    @property
    def reason(self) -> str:
        """A permanent link to the request; to the page if there are several."""
        link = f'Special:PermanentLink/{self.revision}'
        if len(self.taken) == 1:
            (taken,) = self.taken
            whole = f'[[{link}#{taken.request.heading}|{self.title}]]'
            if (
                taken.label == taken.request.heading
                and not set('[]{}|<>#') & set(taken.label)
                and len(whole) <= _LONGEST_REASON
            ):
                return whole
        return f'[[{link}|{self.title}]]'

    def stored(self) -> dict[str, Any]:
        """Return what a campaign keeps of it, for the ledger alone."""
        return {
            'title': self.title,
            'revision': self.revision,
            'kind': self.kind.value,
            'hidden': sorted(self.hidden),
            'requests': [
                {'heading': t.request.heading, 'names': t.names} for t in self.taken
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield what the operator reads of it, without names to be hidden."""
        yield said('global_lock-page', title=self.title, revision=self.revision)
        for taken in self.taken:
            status = taken.request.status.word if taken.request.status else ''
            number = said('global_lock-request-names', number=len(taken.names))
            details = '; '.join(filter(None, [number, status]))
            yield f'  {taken.label} ({details})'
        for passed in self.passed:
            line = said('global_lock-passed', label=passed.label, why=passed.why)
            yield f'  {line}'


def select(
    site: Any,
    title: str,
    kind: RequestKind,
    *,
    sections: Collection[str] = (),
    requesters: Collection[str] = (),
) -> Selection:
    """Choose the open requests of one kind on a page.

    What is not certainly of that kind is passed over, and said so.

    :param site: the wiki with the page
    :param kind: what the requests are to ask for
    :param sections: only requests with these headings, or under them
    :param requesters: only what these accounts have added, by the page's history
    :raises InvalidInput: there is no such page or section, or it cannot be read
    :raises ApiRefusal: the wiki refused
    """
    if not title.strip() or set('|#[]{}<>') & set(title):
        raise InvalidInput(f'-page:{title} is not the title of a page.')
    context = site.edit_context(title, text=True)
    if context.text is None:
        raise InvalidInput(f'{site} has no page {context.title!r}.')
    page = RequestPage.parse(context.text)
    if page.problem:
        raise InvalidInput(f'{context.title} cannot be read: {page.problem}.')
    labels = _labels(page, discreet=kind is RequestKind.HIDE)
    wanted = _in_sections(page.requests, labels, sections)
    chosen = [r for r in wanted if r.is_open]
    certain = [r for r in chosen if _why_not(r, kind) is None]
    blocks = [r for r in chosen if r.is_certain and r.kind is RequestKind.BLOCK]
    passed = [
        Passed(labels[r.span.start], why)
        for r in wanted
        if (why := _unknown_status(page, r, labels) or _why_not(r, kind))
        and not r.is_closed
    ]
    accepted = {r.span.start: r.names for r in (*certain, *blocks)}
    if requesters:
        authors = added_by(site, context.title, context.base_revision, page, accepted)
        for request in (*certain, *blocks):
            label = labels[request.span.start]
            by = authors[request.span.start]
            accepted[request.span.start] = tuple(
                name for name in request.names if by[name].issubset(requesters)
            )
            others = frozenset[str | Doubt]().union(*by.values()) - set(requesters)
            passed += [Passed(label, why) for why in _added_by(page, others)]
    for request in (*certain, *blocks):
        label = labels[request.span.start]
        if count := len(request.unreadable):
            passed.append(Passed(label, said('global_lock-unreadable', number=count)))
        if count := sum(map(_is_too_wide, accepted[request.span.start])):
            ipv4, ipv6 = _WIDEST[4], _WIDEST[6]
            why = said('global_lock-too-wide', number=count, ipv4=ipv4, ipv6=ipv6)
            passed.append(Passed(label, why))
    return Selection(
        title=context.title,
        revision=context.base_revision,
        kind=kind,
        taken=tuple(
            Taken(labels[r.span.start], r, names)
            for r in certain
            if (names := accepted[r.span.start])
        ),
        passed=tuple(passed),
        addresses=tuple(
            dict.fromkeys(
                name
                for names in accepted.values()
                for name in names
                if kind_of(name) is not AccountKind.ACCOUNT and not _is_too_wide(name)
            )
        ),
        hidden=_hidden(page),
    )


def added_by(
    site: Any,
    title: str,
    revision: int,
    page: RequestPage,
    wanted: Mapping[int, Iterable[str]],
) -> dict[int, dict[str, frozenset[str | Doubt]]]:
    """Find out who added names to requests, from the history of the page.

    Whoever changed a request's heading, or opened it anew, counts as having added it,
    and whoever restored it does beside its first author. Where all of the page was
    gone, whoever brought it back unchanged does not.

    :param page: that revision, parsed
    :param wanted: names, by where their request starts in that revision
    :return: all who stand for each name, and doubts where the history does not tell
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
    # All from the latest revision back, so that each is read once and need not be kept.
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


class RequestedLock(GlobalLock):
    """Lock accounts of which some names must not be shown.

    .. version-added:: 0.1
    """

    def __init__(self, site: Any, *, discreet: Collection[str], **how: Any) -> None:
        """Say what is to be done to every account.

        :param discreet: names that must not be shown
        :param how: as for :class:`GlobalLock`
        """
        super().__init__(site, **how)
        self._kept = frozenset(discreet)

    def plan(self, names: Sequence[str]) -> Iterator[Decision]:
        """Decide on some accounts, which costs as few reads as the wiki allows."""
        with redactor.hiding(dict.fromkeys(self._kept.intersection(names), '#hidden')):
            for decision in super().plan(names):
                kept = decision.name in self._kept
                yield replace(decision, hidden=True) if kept else decision


class RequestedUndo(UndoGlobalLock):
    """Unlock accounts of which some names must not be shown.

    .. version-added:: 0.1
    """


def batches(addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield as many as Special:MassGlobalBlock takes at a time."""
    for start in range(0, len(addresses), BATCH):
        yield addresses[start : start + BATCH]


def check_is_new(path: str) -> None:
    """Refuse to write over a file.

    :raises InvalidInput: there is one of that name
    """
    if os.path.lexists(path):
        raise InvalidInput(f'{path} exists already: name another file.')


def write_addresses(path: str, addresses: Sequence[str]) -> list[str]:
    """Write IP addresses and temporary accounts to new files, one a line.

    :param path: the first batch; the next ones are this name with ``.2``, ``.3``...
    :return: the files
    :raises InvalidInput: a file is there already, or cannot be written
    """
    parts = {
        path if number == 1 else f'{path}.{number}': batch
        for number, batch in enumerate(batches(addresses), start=1)
    }
    for name in parts:
        check_is_new(name)
    for name, batch in parts.items():
        try:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, 'w', encoding='utf-8') as file:
                file.writelines(f'{address}\n' for address in batch)
        except OSError as error:
            raise InvalidInput(
                f'{name} cannot be written: {error.strerror or error}.'
            ) from None
    return list(parts)


def mark_requests(site: Any, ledger: Ledger, campaign: Campaign) -> str:
    """Mark the requests of a campaign on their page, in one edit.

    A request is done when everybody it names is in the state that it asks for, both
    now; where only some are, it gets a note and stays open. The page and the accounts
    are read anew before the edit, and again when somebody else edits the page at the
    same moment.

    :return: what became of it, in some sentences
    :raises StateConflict: others edited it at the same moment again and again
    :raises OutcomeUnknown: the answer was lost, and again; read the page first
    :raises ApiRefusal: the wiki refused
    """
    title = campaign.options['page']['title']
    found = ''
    failure: TokensPluginError | None = None
    for _ in range(_ATTEMPTS):
        context = site.edit_context(title, text=True)
        page = RequestPage.parse(context.text or '')
        if page.problem:
            raise InvalidInput(f'{title} cannot be marked: {page.problem}.')
        marks = _marks(site, page, ledger, campaign)
        if not marks.closings:
            said_so = found or (
                '' if marks.left else said('global_lock-none-to-mark', title=title)
            )
            return ' '.join(filter(None, [said_so, *marks.left]))
        done = sum(closing.done for closing in marks.closings)
        partly = len(marks.closings) - done
        summary = written(site, 'global_lock-summary', done=done, partly=partly)
        text = page.closed(marks.closings)
        try:
            saved = save_page(site, context, text, summary=summary)
        except StateConflict as error:
            failure = error
            continue
        except OutcomeUnknown as error:
            failure = error
            found = said(
                'global_lock-marked-found', title=title, done=done, partly=partly
            )
            continue
        result = said(
            'global_lock-marked',
            title=title,
            done=done,
            partly=partly,
            revision=saved.revision,
        )
        merged = [said('global_lock-marked-merged')] if saved.is_merged else []
        return ' '.join([result, *merged, *marks.left])
    assert failure is not None
    raise failure


# Choosing


def _in_sections(
    requests: Sequence[Request], labels: Mapping[int, str], sections: Collection[str]
) -> list[Request]:
    """Return the requests with some headings or labels, or under such headings."""
    wanted = {' '.join(s.replace('_', ' ').split()) for s in sections}
    if not wanted:
        return list(requests)
    by_heading = {r.heading for r in requests} | {r.section for r in requests}
    by_label = {
        name: request.span.start
        for number, request in enumerate(requests, start=1)
        for name in (f'request {number}', labels[request.span.start])
        if name not in by_heading
    }
    if missing := wanted - by_heading - by_label.keys():
        raise InvalidInput(
            f'{len(missing)} of the sections that -section names have no request, and '
            'are none. Give the heading as it is displayed, or "request" and its '
            'number.'
        )
    starts = {by_label[name] for name in wanted if name in by_label}
    return [
        r for r in requests if wanted & {r.heading, r.section} or r.span.start in starts
    ]


def _why_not(request: Request, kind: RequestKind) -> str | None:
    """Return why a request is not acted on, if it is not of one kind for certain."""
    if not request.is_certain:
        return '; '.join(
            said(f'global_lock-problem-{problem.name.lower()}')
            for problem in request.problems
        )
    if request.kind is kind:
        return None
    assert request.kind is not None
    return said(f'global_lock-asks-{request.kind.value}')


def _unknown_status(
    page: RequestPage, request: Request, labels: Mapping[int, str]
) -> str | None:
    """Return what to say of a status that is neither open nor closed."""
    if request.status is None or request.is_open or request.is_closed:
        return None
    word = request.status.word
    if (
        labels[request.span.start] != request.heading
        or len(word) > _LONGEST_STATUS
        or _tells_a_name(page, word)
    ):
        return said('global_lock-status-unknown')
    return said('global_lock-status-unknown-word', status=word)


def _added_by(page: RequestPage, others: Iterable[str | Doubt]) -> Iterator[str]:
    hidden = _hidden(page)
    for doubt in Doubt:
        if doubt in others:
            yield said(f'global_lock-doubt-{doubt.value}')
    for user in sorted(other for other in others if isinstance(other, str)):
        if user in hidden:
            yield said('global_lock-added-hidden')
        else:
            yield said('global_lock-added-by', user=user)


def _is_too_wide(name: str) -> bool:
    if kind_of(name) is not AccountKind.IP:
        return False
    network = ipaddress.ip_network(name, strict=False)
    return network.prefixlen < _WIDEST[network.version]


def _labels(page: RequestPage, *, discreet: bool) -> dict[int, str]:
    """Return what to call each request, without names that must not be shown."""
    return {
        request.span.start: said('global_lock-label-hidden', number=number)
        if discreet or request.hidden_names or _tells_a_name(page, request.heading)
        else request.heading
        for number, request in enumerate(page.requests, start=1)
    }


def _tells_a_name(page: RequestPage, text: str) -> bool:
    """Tell whether a text holds a name that must not be shown."""
    text = folded(text)
    return any(folded(name) in text for name in _hidden(page))


def _hidden(page: RequestPage) -> frozenset[str]:
    return frozenset(name for r in page.requests for name in r.hidden_names)


# Who added it


class _History:
    """The revisions of a page, from the latest back; texts are read as needed."""

    def __init__(
        self, site: Any, title: str, revision: int, latest: RequestPage
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
            rvlimit=HISTORY,
            rvprop=['ids', 'user', 'sha1', 'tags'],
        )
        self._items = answer['query']['pages'][0].get('revisions') or []
        self._pages: dict[int, RequestPage | None] = {0: latest}
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
                parsed = None if text is None else RequestPage.parse(text)
                self._pages.setdefault(number, parsed)
        return self._pages[position]

    def forget(self, position: int) -> None:
        """Drop the texts of all revisions later than one."""
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
        """Return the same text before all of the page was gone, and who did that."""
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
        """Tell whether nothing of a revision stood on the page then.

        Where requests are all that a page has, to withdraw the last one looks the same.
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


def _texts(site: Any, numbers: Sequence[int]) -> Iterator[tuple[int, str | None]]:
    query: dict[str, Any] = {
        'prop': 'revisions',
        'revids': numbers,
        'rvprop': ['ids', 'content'],
        'rvslots': 'main',
    }
    while True:
        answer = site.query_with_tokens((), **query)
        for page in answer['query'].get('pages', ()):
            for item in page.get('revisions', ()):
                main = item.get('slots', {}).get('main', {})
                yield item['revid'], main.get('content')
        if 'continue' not in answer:
            return
        query = {**query, **answer['continue']}


@dataclass(frozen=True, slots=True)
class _Step:
    """A revision in which a request asks for some names, and who stands for them.

    :ivar start: where the request starts in the latest revision
    :ivar gone_by: who took all of the page away meanwhile
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
    """Yield where to look next, and who stands for the names that end here."""
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
            # Whoever took the page away may have withdrawn the request.
            by |= {Doubt.HISTORY}
        yield dict.fromkeys(added, by)


def _matching(
    history: _History, step: _Step, before: int | Doubt
) -> Request | Doubt | None:
    """Return what a request was in the revision before; None if it was not there.

    Headings can be equal. What is the same word for word is the same request then, and
    a single one that is left on either side has been edited.
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


# Marking


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is to be written, and what to say of requests that stay as they are."""

    closings: tuple[Closing, ...]
    left: tuple[str, ...]


def _marks(site: Any, page: RequestPage, ledger: Ledger, campaign: Campaign) -> _Marks:
    """Return what is to be written under the requests as they are now."""
    stored = campaign.options['page']
    kind = RequestKind(stored['kind'])
    planned: dict[str, set[str]] = {}
    for item in stored['requests']:
        planned.setdefault(item['heading'], set()).update(item['names'])
    there = [
        request
        for request in page.requests
        if planned.get(request.heading, set()).intersection(request.names)
    ]
    asked = [r for r in there if r.is_open and r.is_certain and r.kind is kind]
    finished = _finished(site, page, ledger, campaign, asked)
    closings = []
    untouched = 0
    for request in asked:
        done = len(finished.intersection(request.names))
        total = len(request.names) + len(request.unreadable)
        if done == total:
            line = written(site, f'global_lock-done-{kind.value}', total=total)
            closings.append(Closing(request, f': {line}', done=True))
        elif done:
            line = written(
                site, f'global_lock-partly-{kind.value}', done=done, total=total
            )
            if f': {line}' not in request.span.of(page.text):
                closings.append(Closing(request, f': {line}', done=False))
        else:
            untouched += 1
    left = []
    if untouched:
        left.append(said(f'global_lock-none-{kind.value}', number=untouched))
    gone = sum(
        not any(
            request.heading == item['heading']
            and set(item['names']).intersection(request.names)
            and (request in asked or not request.is_open)
            for request in there
        )
        for item in stored['requests']
    )
    if gone:
        total = len(stored['requests'])
        left.append(said('global_lock-requests-gone', gone=gone, total=total))
    return _Marks(tuple(closings), tuple(left))


def _finished(
    site: Any,
    page: RequestPage,
    ledger: Ledger,
    campaign: Campaign,
    requests: Iterable[Request],
) -> set[str]:
    """Return who of those named in requests is as the campaign wants them, now."""
    names = [
        name
        for name in dict.fromkeys(name for r in requests for name in r.names)
        if kind_of(name) is AccountKind.ACCOUNT
    ]
    recorded = ledger.named(campaign, names).values()
    discreet = {t.name for t in recorded if t.decision.hidden} | _hidden(page)
    level = campaign.options['hidden']
    wanted = HiddenLevel(level) if level else HiddenLevel.NONE
    with redactor.hiding(dict.fromkeys(discreet.intersection(names), '#hidden')):
        return {
            name
            for name, account in zip(names, site.global_accounts(names), strict=True)
            if _is_so(account, wanted)
        }


def _is_so(account: GlobalAccount, wanted: HiddenLevel) -> bool:
    levels = list(HiddenLevel)
    is_hidden = levels.index(account.hidden) >= levels.index(wanted)
    return account.exists and account.locked and is_hidden
