"""Marking the requests of a campaign on their page, when they are done.

Page and accounts are read anew, and only what is so now is written.

https://www.mediawiki.org/wiki/API:Edit
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.pagetargets import redirect_of
from mw_tokens_plugin.campaign.records import Campaign
from mw_tokens_plugin.exceptions import (
    InternalApiError,
    InvalidInput,
    OutcomeUnknown,
    StateConflict,
    TokensPluginError,
)
from mw_tokens_plugin.messages import said, written
from mw_tokens_plugin.protocol.globalaccounts import GlobalAccount, HiddenLevel
from mw_tokens_plugin.protocol.names import AccountKind, kind_of
from mw_tokens_plugin.requestpage import Closing, Request, RequestKind, RequestPage
from mw_tokens_plugin.site.pageedit import save_page
from mw_tokens_plugin.site.redaction import redactor

#: How often the page is edited, each time after it was read anew.
_ATTEMPTS = 4


def mark_requests(site: Any, ledger: Ledger, campaign: Campaign) -> str:
    """Mark the requests of a campaign on their page, in one edit.

    A request is done when everybody it names is in the state that it asks for, both
    now; where only some are, it gets a note and stays open. The page and the accounts
    are read anew before the edit, and again when somebody else edits the page at the
    same moment.

    :return: what became of it, in some sentences
    :raises StateConflict: others edited it at the same moment again and again
    :raises OutcomeUnknown: the answer was lost, and again, and the page shows no mark
    :raises ApiRefusal: the wiki refused
    """
    title = campaign.options['page']['title']
    found = ''
    failure: TokensPluginError | None = None
    for attempt in range(_ATTEMPTS + 1):
        context = site.edit_context(title, text=True)
        page = RequestPage.parse(context.text or '')
        if page.problem:
            raise InvalidInput(f'{title} cannot be marked: {page.problem}.')
        if target := redirect_of(site, title, page):
            return said('global_lock-page-moved', title=title, target=target)
        marks = _marks(site, page, ledger, campaign)
        if not marks.closings:
            said_so = found or (
                '' if marks.left else said('global_lock-none-to-mark', title=title)
            )
            return ' '.join(filter(None, [said_so, *marks.left]))
        if attempt == _ATTEMPTS:
            # What the last edit came to has been read.
            break
        done = sum(closing.done for closing in marks.closings)
        partly = len(marks.closings) - done
        summary = written(site, 'global_lock-summary', done=done, partly=partly)
        text = page.closed(marks.closings)
        try:
            saved = save_page(site, context, text, summary=summary)
        except StateConflict as error:
            failure = error
            continue
        except (OutcomeUnknown, InternalApiError) as error:
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
    discreet = {t.name for t in recorded if t.decision.hidden} | page.hidden_names
    level = campaign.options['hidden']
    wanted = HiddenLevel(level) if level else HiddenLevel.NONE
    with redactor.hiding(dict.fromkeys(discreet.intersection(names), '#hidden')):
        return {
            name
            for name, account in zip(names, site.global_accounts(names), strict=True)
            if _is_so(account, wanted)
        }


def _is_so(account: GlobalAccount, wanted: HiddenLevel) -> bool:
    return account.exists and account.locked and account.hidden.may_be(wanted)
