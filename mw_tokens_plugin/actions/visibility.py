"""Which parts of revisions are hidden, and who has changed that last, by the log.

Hiding and showing them is left to :mod:`mw_tokens_plugin.actions.hiderevisions`.

https://www.mediawiki.org/wiki/API:Logevents
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mw_tokens_plugin.protocol.answers import expected_form, items_of
from mw_tokens_plugin.site.anonymous import MAX_VALUES
from mw_tokens_plugin.site.batches import batches
from mw_tokens_plugin.targets.contributions import PublicReader
from mw_tokens_plugin.targets.deletionlog import LogEntry, entries

#: What can be hidden, with the flag that a hidden part has in a revision.
PARTS = {'content': 'sha1hidden', 'comment': 'commenthidden', 'user': 'userhidden'}

#: What is asked of a revision.
_WANTED = ['ids', 'user', 'comment', 'sha1']


@dataclass(slots=True)
class Visibility:
    """What a wiki says of some revisions of one page.

    :ivar hidden: which parts of each are hidden; those that are gone are missing
    :ivar suppressed: those that are hidden from administrators, too
    :ivar changes: the newest entry of the log about each, where there is one
    """

    hidden: dict[int, frozenset[str]] = field(default_factory=dict)
    suppressed: set[int] = field(default_factory=set)
    changes: dict[int, LogEntry] = field(default_factory=dict)


def hidden_parts(
    reader: PublicReader, database: str, ids: Iterable[int]
) -> dict[int, frozenset[str]]:
    """Return which parts of revisions are hidden; those that are gone are missing."""
    found = Visibility()
    for batch in batches(sorted(set(ids)), MAX_VALUES):
        for page in reader.pages(database, revids=batch, rvprop=_WANTED):
            _add(found, page)
    return found.hidden


def visibility(
    reader: PublicReader, database: str, title: str, ids: Sequence[int]
) -> Visibility:
    """Return what is hidden of revisions of a page, and who has changed that last.

    It costs one request; two where the page has another title now.

    :param title: the one that the page had when they were changed
    """
    found = Visibility()
    titles = {title}
    for batch in batches(sorted(set(ids)), MAX_VALUES):
        log = _log_about(title) if not found.hidden else {}
        revisions = {'prop': 'revisions', 'rvprop': _WANTED, 'revids': batch}
        for answer in reader.answers(database, **revisions, **log):
            for page in _pages_in(answer):
                _add(found, page)
                titles.add(str(page.get('title') or title))
            _add_changes(found, ids, answer)
            # Older entries are not read.
            if log:
                break
    for other in sorted(titles - {title}):
        for answer in reader.answers(database, **_log_about(other)):
            _add_changes(found, ids, answer)
            break
    return found


def _log_about(title: str) -> dict[str, Any]:
    return {
        'list': 'logevents',
        'letitle': title,
        'leaction': 'delete/revision',
        'lelimit': 50,
    }


def _pages_in(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    is_there = 'pages' in (answer.get('query') or {})
    return list(items_of(answer, 'query', 'pages')) if is_there else []


def _add(found: Visibility, page: Mapping[str, Any]) -> None:
    with expected_form('What a wiki says of revisions'):
        for item in page.get('revisions') or ():
            parts = (part for part, flag in PARTS.items() if item.get(flag))
            found.hidden[item['revid']] = frozenset(parts)
            if item.get('suppressed'):
                found.suppressed.add(item['revid'])


def _add_changes(
    found: Visibility, ids: Iterable[int], answer: Mapping[str, Any]
) -> None:
    if 'logevents' not in (answer.get('query') or {}):
        return
    for entry in entries(answer):
        for number in ids:
            # An entry whose parameters are hidden may be about any of them.
            if entry.revisions is None or number in entry.revisions:
                known = found.changes.get(number)
                if known is None or known.id < entry.id:
                    found.changes[number] = entry
