"""How a deletion of a page has ended, by what the wiki answers and by its log.

Deleting is left to :mod:`.pagedelete`, and reading pages and logs to
:mod:`mw_tokens_plugin.targets`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

from mw_tokens_plugin.campaign.records import Outcome, SkipReason, State, Target
from mw_tokens_plugin.exceptions import AmbiguousWrite
from mw_tokens_plugin.protocol.fields import is_storable, timestamp
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.targets.deletionlog import LogEntry, since
from mw_tokens_plugin.targets.pagerecords import Page
from mw_tokens_plugin.targets.pages import read_deletions

#: After this time the wiki has lost the job that deletes the rest of a page.
_GIVE_UP_AFTER = timedelta(days=1)

#: The outcome while the wiki's job queue deletes the page: some revisions are gone, and
#: there is no log entry yet.
UNDER_WAY = Outcome(State.LEASED, detail='being deleted by the wiki')


def outcome_of_answer(
    site: PluginSite, planned: Mapping[str, Any], answer: Mapping[str, Any]
) -> Outcome:
    """Return the outcome of a deletion by its answer, which the log entry's id proves.

    An answer about another title is about a page that was moved right before, or is not
    an answer to this request: then the log is read.

    https://www.mediawiki.org/wiki/API:Delete

    :raises AmbiguousWrite: the answer proves nothing
    """
    title = answer.get('title')
    if title not in (None, planned['title']):
        raise AmbiguousWrite(
            f'{site} answered action=delete for {planned["title"]!r} with {title!r}.'
        )
    if answer.get('scheduled'):
        return UNDER_WAY
    number = answer.get('logid')
    if type(number) is not int or number <= 0 or not is_storable(number):
        raise AmbiguousWrite(
            f'{site} answered action=delete without an entry of its log: '
            f'{planned["title"]!r} was edited or deleted at the same moment.'
        )
    return outcome_of_entry(planned, number, planned['title'])


def outcome_of_entry(
    planned: Mapping[str, Any], log_id: int, title: str, remark: str = ''
) -> Outcome:
    """Return the outcome of a deletion of our own.

    :param log_id: the id of its log entry
    :param title: the one that the page had when it was deleted
    """
    facts: dict[str, Any] = {}
    detail = f'log entry {log_id}{remark}'
    if title != planned['title']:
        facts['deleted_as'] = title
        detail += f'; it was moved just before, and deleted as {title!r}'
    return Outcome(State.DONE, changed=True, detail=detail, facts=facts, log_id=log_id)


def is_partly_deleted(
    page: Page, planned: Mapping[str, Any], archive_is_known: bool
) -> bool:
    """Tell whether a part of a page was deleted, and the rest is still there."""
    there = {revision.id for revision in page.revisions}
    wanted = {number for number, _time in planned['revisions']}
    if not archive_is_known:
        return there < wanted
    missing = wanted - there
    return bool(missing) and missing <= {revision.id for revision in page.deleted}


def outcome_of_missing(site: PluginSite, target: Target) -> Outcome:
    """Return the outcome for a page that somebody has deleted since the plan.

    :raises AmbiguousWrite: the wiki contradicts itself
    """
    planned = target.decision.facts
    there, log = read_deletions(site, planned['title'])
    if there == planned['page_id']:
        raise AmbiguousWrite(
            f'{site} says that {planned["title"]!r} is gone, and shows it: its '
            'databases lag.'
        )
    deletions = [
        entry
        for entry in since(log, planned.get('looked_at'))
        if entry.action == 'delete' and entry.page_id in (0, planned['page_id'])
    ]
    latest = next(iter(deletions), None)
    if latest and latest.page_id and latest.is_by(target, 'delete'):
        # The ledger may be a copy from before it was sent.
        ours = outcome_of_entry(
            planned, latest.id, latest.title, ', made by you since the plan'
        )
        return replace(ours, is_earlier=True)
    by = (latest and latest.user) or 'others'
    if there:
        detail = f'deleted meanwhile by {by}, and there is another page of that title'
        code = SkipReason.PAGE_EXISTS.name
        return Outcome(State.FAILED, detail=detail, reason_code=code)
    return Outcome(State.DONE, detail=f'gone meanwhile, by {by}')


def restored_since(log: Sequence[LogEntry], moment: str | None) -> LogEntry | None:
    """Return the latest restoration since a moment."""
    return next((e for e in since(log, moment) if e.action == 'restore'), None)


def is_given_up(target: Target, page: Page) -> bool:
    """Tell whether the wiki has lost the job that deletes the rest of a page."""
    moment = timestamp(page.looked_at)
    if target.started_at is None or moment is None:
        return False
    return moment - target.started_at.replace(tzinfo=timezone.utc) > _GIVE_UP_AFTER
