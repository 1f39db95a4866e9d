"""Watching pages and patrolling changes, and the list of the pages that one watches.

There is no recording of them: their answers are those of MediaWiki 1.39. No watching
expires, and an edit changes no watchlist.
"""

from __future__ import annotations

from typing import Any

from .. import errors
from ..call import Call, Values, action, query
from ..errors import ApiError
from ..records import Change
from ..titles import Title, parse_title
from .blocked import check_block
from .query import Json, meant

_LOG_IN = ApiError(
    'notloggedin', 'Please log in to view or edit items on your watchlist.'
)


@action('watch')
def watch(call: Call, values: Values) -> None:
    """Watch pages, and the pages on which they are talked about."""
    if call.session.local is None:
        raise _LOG_IN
    pageset = meant(call, values)
    if values['title'] is not None:
        pageset.add_title(values['title'])
    titles = {id: page.title for id, page in pageset.pages.items()} | pageset.missing
    items = [
        _watch(call, part, titles.get(id), values)
        for id, part in sorted(pageset.parts.items(), key=_position)
    ]
    if values['title'] is not None:
        (call.result['watch'],) = items
    else:
        call.result |= {'batchcomplete': True, 'watch': items}


@query('watchlistraw')
def watchlistraw(call: Call, values: Values) -> None:
    """List the pages that one watches."""
    if call.session.local is None:
        raise _LOG_IN
    titles = sorted(
        watched_by(call),
        key=_order,
        reverse=values['dir'] == 'descending',
    )
    if values['namespace']:
        titles = [t for t in titles if t.namespace in values['namespace']]
    first, last = (
        parse_title(values[key]) if values[key] else None
        for key in ('fromtitle', 'totitle')
    )
    if values['dir'] == 'descending':
        first, last = last, first
    titles = [
        title
        for title in titles
        if (first is None or _order(title) >= _order(first))
        and (last is None or _order(title) <= _order(last))
        # Nobody is told of changes, so no page counts as changed.
        and 'changed' not in (values['show'] or ())
    ]
    keys = [f'{title.namespace}|{title.name.replace(" ", "_")}' for title in titles]
    start = keys.index(values['continue']) if values['continue'] in keys else 0
    end = start + values['limit']
    if end < len(keys):
        call.continuation[f'{values["@prefix"]}continue'] = keys[end]
    for title in titles[start:end] if values['generating'] else ():
        values['pageset'].add_title(str(title))
    if not values['generating']:
        call.result['watchlistraw'] = [
            {'ns': title.namespace, 'title': str(title)} for title in titles[start:end]
        ]


@action('patrol')
def patrol(call: Call, values: Values) -> None:
    """Mark a change as patrolled."""
    given = {key: values[key] for key in ('rcid', 'revid') if values[key] is not None}
    if not given:
        raise errors.one_of(['rcid', 'revid'])
    if len(given) > 1:
        raise errors.not_together(['rcid', 'revid'])
    change = _change_of(call, values)
    call.answer.target = str(change.title)
    check_block(call, change.title)
    if 'patrol' not in call.rights:
        raise errors.admins_only()
    if not is_patrolled(call, change):
        call.wiki.patrolled.add(change.id)
        revision = change.revision
        params = {'curid': revision.id, 'previd': revision.parent} if revision else {}
        call.wiki.write_log(
            'patrol',
            'patrol',
            call.user,
            change.title,
            '',
            params | {'auto': False},
            change.page_id,
        )
        call.answer.effect = 'patrol'
    call.result['patrol'] = {
        'rcid': change.id,
        'ns': change.title.namespace,
        'title': str(change.title),
    }


def is_patrolled(call: Call, change: Change) -> bool:
    """Say whether a change was patrolled, or needs not be."""
    return change.revision is None or (
        change.id in call.wiki.patrolled or is_autopatrolled(call, change)
    )


def is_autopatrolled(call: Call, change: Change) -> bool:
    """Say whether somebody is trusted with a change."""
    if change.revision is None:
        return True
    author = call.wiki.accounts.get(change.revision.user)
    return author is not None and 'autopatrol' in author.all_rights


def _position(item: tuple[int, Json]) -> int:
    """Order pages as MediaWiki does: those that cannot be, then missing ones."""
    part = item[1]
    return (
        0 if 'invalid' in part or 'special' in part else 1 if 'missing' in part else 2
    )


def _watch(call: Call, part: Json, title: Title | None, values: Values) -> Json:
    unwatch, expiry = values['unwatch'], values['expiry']
    if title is None or 'special' in part:
        return part
    both = {
        Title(title.namespace & ~1, title.name),
        Title(title.namespace | 1, title.name),
    }
    watched = call.wiki.watched.setdefault(call.user, set())
    if unwatch:
        watched -= both
    else:
        watched |= both
    for each in both:
        call.wiki.watched_until.pop((call.user, each), None)
        if expiry not in (None, 'infinity') and not unwatch:
            call.wiki.watched_until[call.user, each] = expiry
    call.answer.effect = 'unwatch' if unwatch else 'watch'
    item: dict[str, Any] = {'title': str(title), 'ns': title.namespace}
    item['unwatched' if unwatch else 'watched'] = True
    if expiry is not None and not unwatch:
        item['expiry'] = expiry
    if 'missing' in part and not unwatch:
        item['missing'] = True
    return item


def _change_of(call: Call, values: Values) -> Change:
    rcid, revid = values['rcid'], values['revid']
    for change in call.wiki.changes:
        revision = change.revision
        if change.id == rcid or (revision is not None and revision.id == revid):
            return change
    if rcid is not None:
        raise ApiError('nosuchrcid', f'There is no recent change with ID {rcid}.')
    raise ApiError('nosuchrevid', f'There is no revision with ID {revid}.')


def watched_by(call: Call) -> set[Title]:
    """Return the pages that the user watches now."""
    now = call.farm.timestamp()
    return {
        title
        for title in call.wiki.watched.get(call.user, ())
        if call.wiki.watched_until.get((call.user, title), now) >= now
    }


def follow(call: Call, values: Values, title: Title) -> None:
    """Put a page on the watchlist with a change of it, or take it off."""
    wanted = values['watchlist']
    for name in ('watch', 'unwatch'):
        if values.get(name):
            wanted = name
    if wanted in ('watch', 'unwatch') and call.session.local is not None:
        both = {
            Title(title.namespace & ~1, title.name),
            Title(title.namespace | 1, title.name),
        }
        watched = call.wiki.watched.setdefault(call.user, set())
        call.wiki.watched[call.user] = (
            watched | both if wanted == 'watch' else watched - both
        )


def _order(title: Title) -> tuple[int, str]:
    return title.namespace, title.name
