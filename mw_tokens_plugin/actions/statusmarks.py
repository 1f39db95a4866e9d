"""Giving requests on a page the status that an operator names, with a remark.

Nothing is done about what they ask for. Marking what a campaign has done is in
:mod:`mw_tokens_plugin.actions.marking`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    InternalApiError,
    InvalidInput,
    StateConflict,
    TokensPluginError,
)
from mw_tokens_plugin.messages import message, wiki_message
from mw_tokens_plugin.requestpages import Closing, Request
from mw_tokens_plugin.site.mixins import PluginMixin
from mw_tokens_plugin.site.pageedit import save_page
from mw_tokens_plugin.targets.requests import in_sections

#: What can be said of a request: the word of its status, empty if that stays.
STATUSES = {
    'done': 'done',
    'already done': 'already done',
    'not done': 'not done',
    'on hold': 'on hold',
    'partly': '',
}
#: How often the page is edited; it is read again before each edit.
_ATTEMPTS = 4


def mark_status(
    site: PluginMixin,
    title: str,
    sections: Collection[str],
    status: str,
    remark: str,
    agrees: Callable[[Sequence[str]], bool],
) -> str | None:
    """Give open requests a status, and a line with a remark, in one edit.

    The page is read again before each edit, and after a lost answer; nothing is written
    twice.

    :param sections: the headings of the requests, or those above them
    :param status: one of :data:`STATUSES`
    :param agrees: asks about the requests, which it is told by what to call them
    :return: the result in a sentence; None if nobody has agreed
    :raises InvalidInput: a request is closed, or has no status
    :raises StateConflict: others edited it at the same moment again and again
    :raises AmbiguousWrite: the answer was lost, and again, and the page shows no mark
    """
    key = status.replace(' ', '-')
    line = f': {wiki_message(site, f"global_lock-mark-{key}")} {remark}'.rstrip()
    word = STATUSES[status]
    chosen: set[tuple[str, str]] | None = None
    failure: TokensPluginError | None = None
    for _attempt in range(_ATTEMPTS):
        context, page, found = in_sections(site, title, sections)
        if chosen is None:
            _check(found)
            if not agrees([label for label, _ in found]):
                return None
            chosen = {(label, request.heading) for label, request in found}
        there = [r for label, r in found if (label, r.heading) in chosen]
        left = [
            r for r in there if r.is_open and f'\n{line} ' not in r.span.of(page.text)
        ]
        about = {'title': context.title, 'status': status}
        if not left:
            number = len(there)
            # What was sent has arrived, if anything was.
            key = 'saved' if failure is not None else 'already'
            return message(f'global_lock-mark-{key}', number=number, **about)
        closings = [Closing(r, line, done=False, status=word) for r in left]
        number = len(closings)
        summary = wiki_message(
            site, 'global_lock-summary-mark', number=number, status=status
        )
        try:
            save_page(site, context, page.closed(closings), summary=summary)
        except (StateConflict, AmbiguousWrite, InternalApiError) as error:
            failure = error
            continue
        return message('global_lock-mark-saved', number=number, **about)
    assert failure is not None
    raise failure


def _check(found: Sequence[tuple[str, Request]]) -> None:
    """Refuse requests that cannot be marked.

    :raises InvalidInput: there is one, or none at all
    """
    for label, request in found:
        if request.status is None:
            raise InvalidInput(
                f'{label}: it has no {{{{Status}}}}, so mark it by hand.'
            )
        if not request.is_open:
            raise InvalidInput(
                f'{label}: it is not open any more. Name open requests by -section.'
            )
