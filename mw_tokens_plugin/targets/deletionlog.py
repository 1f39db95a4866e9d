"""The deletion log of a wiki: who deleted and restored a page, and since when.

It reads and compares entries; what follows for a campaign is decided by the actions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from mw_tokens_plugin.campaign.records import Target
from mw_tokens_plugin.protocol.answers import expected_form, items_of, part_of
from mw_tokens_plugin.protocol.fields import number, timestamp
from mw_tokens_plugin.site.batches import continued
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import refusals


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of the log about one page.

    :ivar title: the title that the page had then
    :ivar page_id: the id that the page had then; 0 where the log does not say
    :ivar restored: how many revisions and file versions a restoration brought back;
        None where the log does not say
    :ivar target_title: the new title, for a move
    :ivar revisions: those of which something was hidden or shown; None where the log
        does not say
    """

    id: int
    action: str
    user: str | None
    comment: str | None
    timestamp: datetime
    title: str = ''
    page_id: int = 0
    restored: tuple[int, int] | None = None
    target_title: str | None = None
    revisions: frozenset[int] | None = None

    def is_by(self, target: Target, action: str) -> bool:
        """Tell whether the user who sent the write for a target made this entry.

        The comment is not compared: the wiki shortens it, and extensions rewrite it.
        """
        return self.action == action and self.user == target.operator


def about(title: str, log_type: str | None = 'delete') -> dict[str, Any]:
    """Return the parameters that add the latest entries of a page to a query.

    https://www.mediawiki.org/wiki/API:Logevents

    :param log_type: None for all logs
    """
    parameters = {'list': 'logevents', 'letitle': title, 'lelimit': 50}
    return parameters if log_type is None else {**parameters, 'letype': log_type}


def entries(answer: Mapping[str, Any]) -> Iterator[LogEntry]:
    """Yield the entries in an answer, the newest first."""
    for event in listed(answer, 'logevents'):
        with expected_form('An entry of the deletion log'):
            moment = timestamp(event.get('timestamp'))
            if moment is None:
                continue
            # Each type of log has its own; the count of an import is a number.
            params = _mapping(event.get('params'))
            count = _mapping(params.get('count'))
            entry = LogEntry(
                id=number(event, 'logid'),
                action=event.get('action', ''),
                user=event.get('user'),
                comment=event.get('comment'),
                timestamp=moment,
                title=event.get('title', ''),
                page_id=event.get('logpage', 0),
                restored=(count.get('revisions', 0), count.get('files', 0))
                if count
                else None,
                target_title=params.get('target_title'),
                revisions=frozenset(map(int, params['ids']))
                if event.get('action') == 'revision' and 'ids' in params
                else None,
            )
        yield entry


def since(found: Sequence[LogEntry], moment: str | None) -> list[LogEntry]:
    """Return the entries that were made at a moment or later.

    :param moment: by the wiki's clock; None for all of them
    """
    begin = timestamp(moment)
    return [e for e in found if begin is None or e.timestamp >= begin]


def own_deletions(
    site: PluginSite, target: Target, page_id: int, moment: str | None
) -> Iterator[LogEntry]:
    """Yield what the operator deleted of a page since a moment, whatever its title.

    A page is deleted by its id, and may be moved between the plan and its deletion:
    then the log of the planned title does not show it.
    """
    parameters: dict[str, Any] = {
        'list': 'logevents',
        'leaction': 'delete/delete',
        'leuser': target.operator,
        'lelimit': 'max',
    }
    if moment is not None:
        parameters['leend'] = moment
    for answer in continued(site, ask=ask, **parameters):
        for entry in entries(answer):
            if entry.page_id == page_id and entry.is_by(target, 'delete'):
                yield entry


def newest_since(
    site: PluginSite, moment: str, *, max_requests: int
) -> dict[str, LogEntry]:
    """Return the newest entry about each page of a wiki, since a moment.

    :param max_requests: how many requests are sent at most: older entries are left out
    :return: the entries, by titles
    """
    found: dict[str, LogEntry] = {}
    which = {'list': 'logevents', 'letype': 'delete', 'leend': moment}
    answers = continued(site, ask=ask, as_nobody=True, lelimit='max', **which)
    for answer in islice(answers, max_requests):
        for entry in entries(answer):
            found.setdefault(entry.title, entry)
    return found


def ask(
    site: PluginSite, *, as_nobody: bool = False, **parameters: Any
) -> dict[str, Any]:
    """Return the answer to a query, with what it found under ``query``.

    :param as_nobody: whether a public wiki is asked without a login, where that is
        cheaper
    :raises UnexpectedAnswer: it is not that of a query
    """
    request = site.simple_request(action='query', formatversion=2, **parameters)
    request.asks_extensions = False
    request.as_nobody = as_nobody
    with refusals(site):
        answer: dict[str, Any] = request.submit()
    query = answer.get('query') or {}
    return {**answer, 'query': part_of({'query': query}, 'query')}


def listed(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the items of a list in the answer to a query, which may be missing.

    :raises UnexpectedAnswer: it is not a list of such items
    """
    return items_of(answer, 'query', key) if key in answer['query'] else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
