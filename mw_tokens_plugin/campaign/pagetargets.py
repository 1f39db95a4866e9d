"""Targets from a steward request page, and the page again when they are done.

It chooses requests, finds out who added them and marks them; anybody can edit such a
page, so nothing here is permission to act.

https://www.mediawiki.org/wiki/API:Revisions
https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from mw_tokens_plugin.campaign.globallock import GlobalLock, UndoGlobalLock
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import (
    Campaign,
    Decision,
    State,
    Target,
)
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    OutcomeUnknown,
    StateConflict,
    TokensPluginError,
)
from mw_tokens_plugin.messages import written
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.requestpage import Closing, Request, RequestKind, RequestPage
from mw_tokens_plugin.site.pageedit import save_page
from mw_tokens_plugin.site.redaction import redactor

#: Lines that Special:MassGlobalBlock takes at a time.
BATCH = 200

#: Revisions that are looked through for who added a request.
HISTORY = 500
#: Revisions whose texts are read at a time.
_TEXTS = 20
#: How often the page is read anew when others edit it at the same moment.
_ATTEMPTS = 4
#: Longest reason with the heading of a request in it.
_LONGEST_REASON = 250


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
        yield f'{self.title}, revision {self.revision}:'
        for taken in self.taken:
            status = taken.request.status and taken.request.status.word
            count = f'{len(taken.names)} name' + 's' * (len(taken.names) != 1)
            yield f'  {taken.label} ({count}{"; " if status else ""}{status or ""})'
        for passed in self.passed:
            yield f'  passed over: {passed.label}: {passed.why}'


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
    labels = _labels(page)
    chosen = [r for r in _in_sections(page.requests, sections) if r.is_open]
    passed = [
        Passed(labels[r.span.start], why) for r in chosen if (why := _why_not(r, kind))
    ]
    certain = [r for r in chosen if not _why_not(r, kind)]
    blocks = [r for r in chosen if r.is_certain and r.kind is RequestKind.BLOCK]
    accepted = {r.span.start: r.names for r in (*certain, *blocks)}
    if requesters:
        authors = added_by(site, context.title, context.base_revision, page, accepted)
        for request in (*certain, *blocks):
            label = labels[request.span.start]
            by = authors[request.span.start]
            accepted[request.span.start] = tuple(
                name for name in request.names if by[name] in requesters
            )
            others = {by[name] for name in request.names} - set(requesters)
            passed += [Passed(label, _added_by(page, other)) for other in others]
    passed += [
        Passed(labels[r.span.start], f'{len(r.unreadable)} names are not readable')
        for r in certain
        if r.unreadable
    ]
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
                if kind_of(name) is not AccountKind.ACCOUNT
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
) -> dict[int, dict[str, str | None]]:
    """Find out who added names to requests, from the history of the page.

    Whoever changed a request's heading, or opened it anew, counts as having added it;
    whoever undid somebody's damage does not.

    :param page: that revision, parsed
    :param wanted: names, by where their request starts in that revision
    :return: the author for each name; None where the history does not tell
    """
    requests = {r.span.start: r for r in page.requests if r.span.start in wanted}
    pending = [(start, name) for start, names in wanted.items() for name in names]
    seen: dict[tuple[int, str], str | None] = {}
    found: dict[int, dict[str, str | None]] = {start: {} for start in wanted}
    for user, text in _history(site, title, revision):
        older = None if text is None else RequestPage.parse(text)
        for start, name in list(pending):
            if older is None:
                found[start][name] = None
            elif _asks_for(older, requests[start], name):
                seen[start, name] = user
                continue
            else:
                found[start][name] = seen.get((start, name))
            pending.remove((start, name))
        if not pending:
            break
    for start, name in pending:
        found[start][name] = seen.get((start, name))
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


def write_addresses(path: str, addresses: Sequence[str]) -> list[str]:
    """Write IP addresses and temporary accounts to files, one a line.

    :param path: the first batch; the next ones are this name with ``.2``, ``.3``...
    :return: the files
    :raises InvalidInput: a file cannot be written
    """
    files = []
    for number, batch in enumerate(batches(addresses), start=1):
        name = path if number == 1 else f'{path}.{number}'
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            descriptor = os.open(name, flags, 0o600)
            with os.fdopen(descriptor, 'w', encoding='utf-8') as file:
                os.fchmod(descriptor, 0o600)
                file.writelines(f'{address}\n' for address in batch)
        except OSError as error:
            raise InvalidInput(
                f'{name} cannot be written: {error.strerror or error}.'
            ) from None
        files.append(name)
    return files


def mark_requests(site: Any, ledger: Ledger, campaign: Campaign) -> str:
    """Mark the requests of a campaign on their page, in one edit.

    A request is done when everybody it names now is in the state that it asks for;
    where only some are, it gets a note and stays open. The page is read anew before
    the edit, and again when somebody else edits it at the same moment.

    :return: what became of it, in a sentence
    :raises StateConflict: others edited it at the same moment again and again
    :raises OutcomeUnknown: the answer was lost, and again; read the page first
    :raises ApiRefusal: the wiki refused
    """
    stored = campaign.options['page']
    title = stored['title']
    said = f'{title}: nothing is left to mark.'
    failure: TokensPluginError | None = None
    for _ in range(_ATTEMPTS):
        context = site.edit_context(title, text=True)
        page = RequestPage.parse(context.text or '')
        if page.problem:
            raise InvalidInput(f'{title} cannot be marked: {page.problem}.')
        closings = list(_closings(site, page, ledger, campaign))
        if not closings:
            return said
        done = sum(closing.done for closing in closings)
        partly = len(closings) - done
        counts = f'{done} done, {partly} partly done'
        summary = written(site, 'global_lock-summary', done=done, partly=partly)
        text = page.closed(closings)
        try:
            saved = save_page(site, context, text, summary=summary)
        except StateConflict as error:
            failure = error
            continue
        except OutcomeUnknown as error:
            failure, said = error, f'{title}: {counts}; found by reading.'
            continue
        said = f'{title}: {counts} (Special:Diff/{saved.revision}).'
        if saved.is_merged:
            said += ' Somebody edited it at the same moment: look at that edit.'
        return said
    assert failure is not None
    raise failure


# Choosing


def _in_sections(
    requests: Iterable[Request], sections: Collection[str]
) -> list[Request]:
    requests = list(requests)
    wanted = {' '.join(s.replace('_', ' ').split()) for s in sections}
    if not wanted:
        return requests
    there = {r.heading for r in requests} | {r.section for r in requests}
    if missing := wanted - there:
        raise InvalidInput(
            f'{len(missing)} of the sections that -section names have no request, and '
            'are none. Give the heading as it is displayed.'
        )
    return [r for r in requests if wanted & {r.heading, r.section}]


def _why_not(request: Request, kind: RequestKind) -> str | None:
    """Return why a request is not acted on, if it is not of one kind for certain."""
    if not request.is_certain:
        return '; '.join(problem.value for problem in request.problems)
    if request.kind is kind:
        return None
    assert request.kind is not None
    hint = {
        RequestKind.HIDE: '; -hide:LEVEL takes those',
        RequestKind.BLOCK: '; only addresses and temporary accounts are listed',
    }
    return f'it asks for: {request.kind.value}{hint.get(request.kind, "")}'


def _added_by(page: RequestPage, user: str | None) -> str:
    if user is None:
        return 'the history does not tell who added it'
    shown = 'an account that is to be hidden' if user in _hidden(page) else user
    return f'added by {shown}'


def _labels(page: RequestPage) -> dict[int, str]:
    """Return what to call each request, without names that must not be shown."""
    hidden = {name.casefold() for name in _hidden(page)}
    return {
        request.span.start: f'request {number} (names hidden)'
        if request.hidden_names
        or any(name in _folded(request.heading) for name in hidden)
        else request.heading
        for number, request in enumerate(page.requests, start=1)
    }


def _folded(text: str) -> str:
    return text.replace('_', ' ').casefold()


def _hidden(page: RequestPage) -> frozenset[str]:
    return frozenset(name for r in page.requests for name in r.hidden_names)


# Who added it


def _asks_for(page: RequestPage, request: Request, name: str) -> bool:
    return any(
        other.heading == request.heading
        and other.kind is request.kind
        and other.is_open
        and other.is_certain
        and name in other.names
        for other in page.requests
    )


def _history(
    site: Any, title: str, revision: int
) -> Iterator[tuple[str | None, str | None]]:
    """Yield author and text of each revision, from the latest back.

    What was reverted is left out: a revision equal to an older one says nothing new.
    The text is None where it cannot be seen, or is too far back.
    """
    answer = site.query_with_tokens(
        (),
        prop='revisions',
        titles=title,
        rvstartid=revision,
        rvlimit=HISTORY,
        rvprop=['ids', 'user', 'sha1'],
    )
    revisions = answer['query']['pages'][0].get('revisions') or []
    oldest = {r['sha1']: i for i, r in enumerate(revisions) if 'sha1' in r}
    kept = []
    position = 0
    while position < len(revisions):
        position = oldest.get(revisions[position].get('sha1'), position)
        kept.append(revisions[position])
        position += 1
    for start in range(0, len(kept), _TEXTS):
        some = kept[start : start + _TEXTS]
        texts = dict(_texts(site, [r['revid'] for r in some]))
        for item in some:
            yield item.get('user'), texts.get(item['revid'])
    if not revisions or revisions[-1].get('parentid'):
        yield None, None


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
                yield item['revid'], item['slots']['main'].get('content')
        if 'continue' not in answer:
            return
        query = {**query, **answer['continue']}


# Marking


def _closings(
    site: Any, page: RequestPage, ledger: Ledger, campaign: Campaign
) -> Iterator[Closing]:
    """Yield what is to be written under the requests as they are now."""
    stored = campaign.options['page']
    kind = RequestKind(stored['kind'])
    planned: dict[str, set[str]] = {}
    for item in stored['requests']:
        planned.setdefault(item['heading'], set()).update(item['names'])
    for request in page.requests:
        asked = planned.get(request.heading, set()).intersection(request.names)
        if not (asked and request.is_open and request.kind is kind):
            continue
        if not request.is_certain:
            continue
        targets = ledger.named(campaign, list(request.names)).values()
        done = sum(map(_is_finished, targets))
        total = len(request.names) + len(request.unreadable)
        if done == total:
            line = written(site, f'global_lock-done-{kind.value}', total=total)
            yield Closing(request, f': {line}', done=True)
        elif done:
            line = written(
                site, f'global_lock-partly-{kind.value}', done=done, total=total
            )
            if f': {line}' not in request.span.of(page.text):
                yield Closing(request, f': {line}', done=False)


def _is_finished(target: Target) -> bool:
    held = target.decision.held
    return target.state is State.DONE or (
        target.state is State.HELD and held is not None and held.is_satisfied
    )


def _hiding(targets: Iterable[Target]) -> AbstractContextManager[None]:
    return redactor.hiding({t.name: t.label for t in targets if t.decision.hidden})
