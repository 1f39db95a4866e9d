"""Lists of what was done: logs, recent changes, contributions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..call import Call, Values, query
from ..records import Change, LogEntry, Page, Revision
from ..titles import Network, Title, network_of, parse_title, within
from .query import Json, redirect_target
from .watching import is_autopatrolled, is_patrolled


@query('logevents')
def logevents(call: Call, values: Values) -> None:
    """List log entries, the newest first."""
    type, action = values['type'], values['action']
    if action:
        type, _, action = action.partition('/')
    title = parse_title(values['title']) if values['title'] else None
    after = int(values['continue'].rpartition('|')[2]) if values['continue'] else None
    private = 'suppressionlog' in call.rights
    newer = values['dir'] == 'newer'
    entries: Iterable[LogEntry] = call.wiki.log
    ids: list[int] | None = values.get('ids')
    found: list[Json] = []
    for entry in entries if newer else reversed(call.wiki.log):
        if ids is not None and entry.id not in ids:
            continue
        if (entry.type == 'suppress' and not private) or (type and entry.type != type):
            continue
        if action and action != '*' and entry.action != action:
            continue
        if (title is not None and entry.title != title) or _outside(entry, values):
            continue
        if values['user'] and entry.user != values['user']:
            continue
        # No entry has any tag.
        if values['tag'] is not None or not _begins(entry.title, values['prefix']):
            continue
        if values['namespace'] not in (None, entry.title.namespace):
            continue
        if after is not None and (entry.id < after if newer else entry.id > after):
            continue
        if title is not None and _is_suppressed(call, entry):
            continue
        if len(found) == values['limit']:
            stamp = re.sub(r'\D', '', entry.timestamp)
            call.continuation['lecontinue'] = f'{stamp}|{entry.id}'
            break
        found.append(_log_item(call, entry, values['prop']))
    values['output']['logevents'] = found


@query('recentchanges')
def recentchanges(call: Call, values: Values) -> None:
    """List recent changes, the newest first."""
    after = int(values['continue'].rpartition('|')[2]) if values['continue'] else None
    newer = values['dir'] == 'newer'
    found: list[Json] = []
    changes: Iterable[Change] = call.wiki.changes
    for change in changes if newer else reversed(call.wiki.changes):
        if change.type not in values['type'] or _outside(change, values):
            continue
        if values['namespace'] and change.title.namespace not in values['namespace']:
            continue
        if not _is_shown(call, change, values['show'] or ()):
            continue
        user = author_of(change)
        if values['user'] and user[0] != values['user']:
            continue
        if user[0] == values['excludeuser'] or values['tag'] is not None:
            continue
        page = call.wiki.page_ids.get(change.page_id)
        is_top = page is not None and page.latest is change.revision
        if values['toponly'] and not is_top:
            continue
        if values['title'] and change.title != parse_title(values['title']):
            continue
        secret = change.log is not None and _is_suppressed(call, change.log)
        if values['title'] and secret:
            continue
        if after is not None and (change.id < after if newer else change.id > after):
            continue
        if len(found) == values['limit']:
            stamp = re.sub(r'\D', '', change.timestamp)
            prefix = values['@prefix']
            call.continuation[f'{prefix}continue'] = f'{stamp}|{change.id}'
            break
        if values['generating']:
            if change.revision is not None and values['generaterevisions']:
                values['pageset'].add_revision(change.revision.id)
            elif page:
                values['pageset'].add(page)
        else:
            found.append(_change_item(call, change, user, values['prop']))
    if not values['generating']:
        values['output']['recentchanges'] = found


@query('usercontribs')
def usercontribs(call: Call, values: Values) -> None:
    """List the edits of users, the newest first."""
    users = values['user']
    by_id = [
        call.wiki.account_ids[id].name
        for id in values['userids'] or ()
        if id in call.wiki.account_ids
    ]
    wanted = set(users or by_id)
    prefix = values['userprefix']
    network = network_of(values['iprange']) if values['iprange'] else None
    skip = int(values['continue'] or 0)
    edits = [
        change
        for change in call.wiki.changes
        if change.revision is not None
        and (
            change.revision.user in wanted
            or (bool(prefix) and change.revision.user.startswith(prefix))
            or (network is not None and _is_within(change.revision.user, network))
        )
        and change.page_id in call.wiki.page_ids
        and ('user' not in change.revision.hidden or 'deletedhistory' in call.rights)
    ]
    if values['dir'] == 'older':
        edits.reverse()
    found: list[Json] = []
    for position, change in enumerate(edits[skip:], skip):
        if len(found) == values['limit']:
            call.continuation['uccontinue'] = str(position)
            break
        revision = change.revision
        assert revision is not None
        if values['namespace'] and change.title.namespace not in values['namespace']:
            continue
        if _outside(change, values):
            continue
        page = call.wiki.page_ids[change.page_id]
        facts = {
            'top': page.latest is revision,
            'new': revision.parent == 0,
            'minor': revision.minor,
            'patrolled': is_patrolled(call, change),
            'autopatrolled': is_autopatrolled(call, change),
        }
        if not _fits(facts, values['show'] or ()) or values['tag'] is not None:
            continue
        if values['toponly'] and not facts['top']:
            continue
        item: Json = {'userid': revision.user_id, 'user': revision.user}
        for prop, shown in _contribution(page, revision, facts).items():
            if prop in values['prop']:
                item |= shown
        found.append(item)
    values['output']['usercontribs'] = found


def _contribution(
    page: Page, revision: Revision, facts: Mapping[str, bool]
) -> dict[str, Json]:
    """Return what can be told of an edit, by the name of the property."""
    before = next((r.size for r in page.revisions if r.id == revision.parent), 0)
    return {
        'ids': {
            'pageid': page.id,
            'revid': revision.id,
            'parentid': revision.parent,
        },
        'title': {'ns': page.title.namespace, 'title': str(page.title)},
        'timestamp': {'timestamp': revision.timestamp},
        'flags': {name: facts[name] for name in ('new', 'minor', 'top')},
        'comment': {'comment': revision.comment},
        'parsedcomment': {'parsedcomment': revision.comment},
        'patrolled': {name: facts[name] for name in ('patrolled', 'autopatrolled')},
        'size': {'size': revision.size},
        'sizediff': {'sizediff': revision.size - before},
        'tags': {'tags': []},
    }


def _is_within(name: str, network: Network) -> bool:
    address = network_of(name)
    return address is not None and within(address, network)


def _begins(title: Title, prefix: str | None) -> bool:
    wanted = parse_title(prefix) if prefix else None
    return wanted is None or (
        title.namespace == wanted.namespace and title.name.startswith(wanted.name)
    )


def _outside(item: LogEntry | Change, values: Values) -> bool:
    """Say whether an item lies beyond the `start` and `end` asked for."""
    start, end = values['start'], values['end']
    if values['dir'] == 'older':
        start, end = end, start
    return bool((start and item.timestamp < start) or (end and item.timestamp > end))


def _log_item(call: Call, entry: LogEntry, prop: list[str]) -> Json:
    item: Json = {}
    if 'ids' in prop:
        item['logid'] = entry.id
    secret = _is_suppressed(call, entry)
    if entry.id in call.wiki.suppressed_log:
        item |= {'actionhidden': True, 'suppressed': True}
    if 'title' in prop and not secret:
        item |= {'ns': entry.title.namespace, 'title': str(entry.title)}
    if 'ids' in prop and not secret:
        page = call.wiki.pages.get(entry.title)
        item |= {'pageid': page.id if page else 0, 'logpage': entry.page_id}
    if 'details' in prop and not secret:
        item['params'] = entry.params
    if 'type' in prop:
        item |= {'type': entry.type, 'action': entry.action}
    if 'user' in prop:
        item['user'] = entry.user
    if 'userid' in prop:
        item['userid'] = entry.user_id
    if 'timestamp' in prop:
        item['timestamp'] = entry.timestamp
    if 'comment' in prop:
        item['comment'] = entry.comment
    if 'parsedcomment' in prop:
        item['parsedcomment'] = entry.comment
    if 'tags' in prop:
        item['tags'] = []
    return item


def _is_suppressed(call: Call, entry: LogEntry) -> bool:
    """Say whether it must not be told whom an entry is about."""
    return entry.id in call.wiki.suppressed_log and not {
        'suppressrevision',
        'viewsuppressed',
    } & set(call.rights)


def author_of(change: Change) -> tuple[str, int]:
    """Return who made a change: name and number."""
    if change.revision is not None:
        return change.revision.user, change.revision.user_id
    assert change.log is not None
    return change.log.user, change.log.user_id


def _is_shown(call: Call, change: Change, show: Iterable[str]) -> bool:
    """Say whether a change is patrolled, or not, as it is wanted."""
    patrolled = is_patrolled(call, change)
    page = call.wiki.page_ids.get(change.page_id)
    facts = {
        'patrolled': patrolled,
        'unpatrolled': not patrolled,
        'autopatrolled': is_autopatrolled(call, change),
        'anon': not author_of(change)[1],
        'bot': bool(change.revision and change.revision.bot),
        'minor': bool(change.revision and change.revision.minor),
        'redirect': page is not None and redirect_target(page) is not None,
    }
    return _fits(facts, show)


def _fits(facts: Mapping[str, bool], show: Iterable[str]) -> bool:
    return all(
        facts[name.removeprefix('!')] != name.startswith('!')
        for name in show
        if name.removeprefix('!') in facts
    )


def _change_item(
    call: Call, change: Change, user: tuple[str, int], prop: list[str]
) -> Json:
    revision, log = change.revision, change.log
    item: Json = {'type': change.type}
    secret = log is not None and _is_suppressed(call, log)
    if log is not None and log.id in call.wiki.suppressed_log:
        item |= {'actionhidden': True, 'suppressed': True}
    if 'title' in prop and not secret:
        item |= {'ns': change.title.namespace, 'title': str(change.title)}
    if 'ids' in prop:
        item |= {
            'pageid': change.page_id,
            'revid': revision.id if revision else 0,
            'old_revid': revision.parent if revision else 0,
            'rcid': change.id,
        }
    if 'user' in prop:
        item['user'] = user[0]
    if 'userid' in prop:
        item['userid'] = user[1]
    if 'flags' in prop:
        item |= {
            'bot': bool(revision and revision.bot),
            'new': change.type == 'new',
            'minor': bool(revision and revision.minor),
        }
    if 'patrolled' in prop:
        patrolled = is_patrolled(call, change)
        item |= {
            'patrolled': patrolled,
            'unpatrolled': not patrolled,
            'autopatrolled': change.id not in call.wiki.patrolled
            and is_autopatrolled(call, change),
        }
    if 'sizes' in prop:
        item |= {'oldlen': 0, 'newlen': revision.size if revision else 0}
    if 'timestamp' in prop:
        item['timestamp'] = change.timestamp
    comment = revision.comment if revision else log.comment if log else ''
    item |= {name: comment for name in ('comment', 'parsedcomment') if name in prop}
    if 'sha1' in prop and revision is not None:
        item['sha1'] = revision.sha1
    if 'redirect' in prop:
        page = call.wiki.page_ids.get(change.page_id)
        item['redirect'] = page is not None and redirect_target(page) is not None
    if 'tags' in prop:
        item['tags'] = []
    if 'loginfo' in prop and log and not secret:
        item |= {
            'logid': log.id,
            'logtype': log.type,
            'logaction': log.action,
            'logparams': log.params,
        }
    return item
