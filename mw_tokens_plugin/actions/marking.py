"""Marking the requests of a campaign on their page, when they are done.

The page and the accounts are read again, and only their present state is written.
Reading and changing the text of the page is left to
:mod:`mw_tokens_plugin.requestpages`.

https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mw_tokens_plugin.actions.blockedaccounts import read_present
from mw_tokens_plugin.actions.blockreads import Blocks, is_account
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import Campaign, SkipReason, Target
from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    InternalApiError,
    InvalidInput,
    StateConflict,
    TokensPluginError,
    UnknownModule,
)
from mw_tokens_plugin.messages import message, wiki_message
from mw_tokens_plugin.protocol.addresses import network_of
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount, HiddenLevel
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.requestpages import Closing, Request, RequestKind, RequestPage
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.pageedit import save_page
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.targets.requests import read_page, redirect_of

#: Why a target is skipped that is blocked, but not as it should be.
_OTHERWISE = (SkipReason.BLOCKED_OTHERWISE, SkipReason.WEAKER)

#: How often the page is edited; it is read again before each edit.
_ATTEMPTS = 4


def mark_requests(site: PluginMixin, ledger: Ledger, campaign: Campaign) -> str:
    """Mark the requests of a campaign on their page.

    A request is done when all that it names is now in the state that it asks for:
    accounts are locked, and addresses and temporary accounts are blocked globally, if
    it asks for a lock. Where only some are, or where it may name others, it gets a
    note and stays open. The page and the accounts are read again before each edit.

    All of it is one edit. A wiki merges it with what others save at the same moment,
    if that is on other lines; so the merged page is read, and what was marked too early
    is opened again in another edit.

    :return: the result, in some sentences
    :raises StateConflict: others edited it at the same moment again and again
    :raises AmbiguousWrite: the answer was lost, and again, and the page shows no mark
    :raises ApiRefusal: the wiki refused
    """
    title = campaign.options['page']['title']
    #: What was or may have been written, and not been read since.
    unread: list[Closing] = []
    sentences: list[str] = []
    found = ''
    failure: TokensPluginError | None = None
    for attempt in range(_ATTEMPTS + 1):
        context = site.edit_context(title, text=True)
        page = read_page(site, context.text or '')
        if page.problem:
            raise InvalidInput(f'{title} cannot be marked: {page.problem}.')
        if target := redirect_of(site, title, page):
            moved = message('global_lock-page-moved', title=title, target=target)
            return ' '.join([*sentences, moved])
        marks = _marks(site, page, ledger, campaign, unread)
        if not marks.closings:
            if found:
                sentences.append(found)
            elif not sentences and not marks.left:
                sentences.append(message('global_lock-none-to-mark', title=title))
            return ' '.join([*sentences, *marks.left])
        if attempt == _ATTEMPTS:
            # The result of the last edit has been read.
            break
        done = sum(closing.done for closing in marks.closings)
        reopened = sum(closing.reopens for closing in marks.closings)
        partly = len(marks.closings) - done - reopened
        about = {'title': title, 'done': done, 'partly': partly}
        key = 'global_lock-summary-reopened' if reopened else 'global_lock-summary'
        summary = wiki_message(site, key, done=done, partly=partly, reopened=reopened)
        text = page.closed(marks.closings)
        unread = [*unread, *(c for c in marks.closings if c.done)]
        try:
            saved = save_page(site, context, text, summary=summary)
        except StateConflict as error:
            failure = error
            continue
        except (AmbiguousWrite, InternalApiError) as error:
            failure = error
            found = message('global_lock-marked-found', **about)
            continue
        found = ''
        if done or partly:
            about['revision'] = saved.revision
            sentences.append(message('global_lock-marked', **about))
        if reopened:
            sentences.append(message('global_lock-marked-reopened', number=reopened))
        if not saved.is_merged:
            return ' '.join([*sentences, *marks.left])
        sentences.append(message('global_lock-marked-merged'))
    if sentences:
        return ' '.join([*sentences, message('global_lock-marked-unread', title=title)])
    assert failure is not None
    raise failure


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is written, and messages about requests that stay as they are."""

    closings: tuple[Closing, ...]
    left: tuple[str, ...]


def _marks(
    site: PluginMixin,
    page: RequestPage,
    ledger: Ledger,
    campaign: Campaign,
    unread: Iterable[Closing],
) -> _Marks:
    """Return what is written under the requests as they are now.

    :param unread: what may have closed some of them before they were as they are now
    """
    stored = campaign.options['page']
    kind = RequestKind(stored['kind'])

    def key(what: str, request: Request) -> str:
        return f'global_lock-{what}-{_state_of(request, kind)}'

    planned: dict[str, set[str]] = {}
    for item in stored['requests']:
        planned.setdefault(item['heading'], set()).update(item['names'])
    agreed = {item['heading'] for item in stored['requests'] if item.get('agreed')}
    there = [
        request
        for request in page.requests
        if planned.get(request.heading, set()).intersection(request.names)
    ]
    asked = [
        r
        for r in there
        if r.is_open
        and (
            (r.is_certain and r.kind is kind)
            or (r.may_ask_for(kind) and r.heading in agreed)
        )
    ]
    closed = [r for r in there if _was_closed(page, r, unread)]
    finished = _finished(site, page, ledger, campaign, [*asked, *closed])
    closings = []
    untouched = 0
    for request in [*asked, *closed]:
        done = len(finished.intersection(request.names))
        others = set(request.others) - finished
        total = len(request.names) + len(others) + len(request.unknown)
        if request in closed:
            if done < total:
                about = {'done': done, 'total': total}
                line = wiki_message(site, key('reopened', request), **about)
                closings.append(Closing(request, f': {line}', False, reopens=True))
        elif done == total:
            line = wiki_message(site, key('done', request), total=total)
            closings.append(Closing(request, f': {line}', done=True))
        elif done:
            about = {'done': done, 'total': total}
            line = wiki_message(site, key('partly', request), **about)
            if f': {line}' not in request.span.of(page.text):
                closings.append(Closing(request, f': {line}', done=False))
        else:
            untouched += 1
    left = []
    if untouched:
        left.append(message(f'global_lock-none-{kind.value}', number=untouched))
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
        left.append(message('global_lock-requests-gone', gone=gone, total=total))
    return _Marks(tuple(closings), tuple(left))


def _was_closed(page: RequestPage, request: Request, unread: Iterable[Closing]) -> bool:
    """Tell whether a request was closed by what was written just now."""
    return request.is_closed and any(
        closing.request.heading == request.heading
        and f'\n{closing.line} ' in request.span.of(page.text)
        for closing in unread
    )


def _finished(
    site: PluginMixin,
    page: RequestPage,
    ledger: Ledger,
    campaign: Campaign,
    requests: Iterable[Request],
) -> set[str]:
    """Return the names in requests that are now in the state that these ask for."""
    kind = RequestKind(campaign.options['page']['kind'])
    names = list(dict.fromkeys(n for r in requests for n in (*r.names, *r.others)))
    recorded = _recorded(ledger, campaign, names)
    hidden = {t.name for t in recorded if t.decision.hidden} | page.hidden_names
    level = campaign.options.get('hidden')
    wanted = HiddenLevel(level) if level else HiddenLevel.NONE
    of_accounts = kind in (RequestKind.LOCK, RequestKind.HIDE)
    locked = [n for n in names if of_accounts and kind_of(n) is AccountKind.ACCOUNT]
    others = [n for n in names if n not in set(locked)]
    with redactor.hiding(dict.fromkeys(hidden.intersection(names), '#hidden')):
        if kind is RequestKind.UNLOCK:
            accounts = [n for n in names if kind_of(n) is AccountKind.ACCOUNT]
            found = _accounts(site, accounts, recorded)
            return {n for n, a in found.items() if a.exists and not a.locked}
        finished = {
            name
            for name, account in _accounts(site, locked, recorded).items()
            if _is_so(account, wanted)
        }
        blocked = _blocked(site, others, recorded)
        if kind is RequestKind.UNBLOCK:
            return set(others) - blocked
        # These are blocked, but not as the operator has asked for.
        otherwise = {t.name for t in recorded if _is_otherwise(t)}
        return finished | blocked - otherwise


def _is_otherwise(target: Target) -> bool:
    """Tell whether a target was found blocked with other settings than wanted."""
    is_meddled = target.reason_code == SkipReason.CHANGED_SINCE.name
    return is_meddled or target.decision.skipped in _OTHERWISE


def _recorded(ledger: Ledger, campaign: Campaign, names: list[str]) -> list[Target]:
    """Return what is recorded of names, in the campaign of their blocks as well."""
    found = [*ledger.named(campaign, names).values()]
    following = campaign.options.get('then')
    then = ledger.find(following['name']) if following else None
    return found if then is None else [*found, *ledger.named(then, names).values()]


def _accounts(
    site: PluginMixin, names: list[str], recorded: Iterable[Target]
) -> dict[str, GlobalAccount]:
    """Return what accounts are now, by the names on the page.

    :param recorded: what the campaign has found, whose names others may have now
    """
    ids = {t.name: t.decision.central_id for t in recorded if t.decision.central_id}
    found = dict(zip(names, site.global_accounts(names), strict=True))
    moved = {n: i for n, i in ids.items() if n in found and found[n].central_id != i}
    if moved:
        accounts = site.global_accounts_by_id(moved.values())
        found.update(zip(moved, accounts, strict=True))
    return found


def _blocked(
    site: PluginMixin, names: list[str], recorded: Iterable[Target]
) -> set[str]:
    """Return which of some names are blocked globally now, or are in such a range.

    :param recorded: what the campaign has found, whose names others may have now
    """
    if not names:
        return set()
    known = [t for t in recorded if t.decision.central_id and is_account(t.name)]
    try:
        blocks = Blocks.read(site, names)
        present = read_present(site, known) if known else {}
    except UnknownModule:
        return set()
    networks = {name: network_of(name) for name in names}
    found = {
        name
        for name, network in networks.items()
        if name in blocks.own
        or (network is not None and any(True for _ in blocks.covering(network)))
    }
    for target in known:
        (found.add if present[target.id].block else found.discard)(target.name)
    return found & set(names)


def _state_of(request: Request, kind: RequestKind) -> str:
    """Return the word for the state that a request asks for, as messages have it."""
    names = (*request.names, *request.others)
    if kind not in (RequestKind.LOCK, RequestKind.HIDE) or all(
        kind_of(name) is AccountKind.ACCOUNT for name in names
    ):
        return kind.value
    return f'{kind.value}-mixed'


def _is_so(account: GlobalAccount, wanted: HiddenLevel) -> bool:
    return account.exists and account.locked and account.hidden.may_be(wanted)
