"""Lists: logs, recent changes, contributions, pages, local users.

They only read; lists of global accounts are in
:mod:`centralauth_sandbox.modules.accounts`, those of blocks in :mod:`.blocks` and
:mod:`.globalblocks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..call import Call, Values, query
from ..farm import Wiki
from ..records import Account, Change, LocalAccount, LogEntry, Page
from ..rights import implicit_groups, rights_of
from ..titles import canonical_user, parse_title
from .blocked import local_block_info
from .query import Json
from .watching import is_autopatrolled, is_patrolled

Item = TypeVar('Item')


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
        user = _author(change)
        if values['user'] and user[0] != values['user']:
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
            page = call.wiki.page_ids.get(change.page_id)
            if page:
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
    skip = int(values['continue'] or 0)
    edits = [
        change
        for change in call.wiki.changes
        if change.revision is not None
        and (
            change.revision.user in wanted
            or (bool(prefix) and change.revision.user.startswith(prefix))
        )
        and change.page_id in call.wiki.page_ids
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
        }
        if not _fits(facts, values['show'] or ()):
            continue
        found.append(
            {
                'userid': revision.user_id,
                'user': revision.user,
                'pageid': page.id,
                'revid': revision.id,
                'parentid': revision.parent,
                'ns': page.title.namespace,
                'title': str(page.title),
                'timestamp': revision.timestamp,
                **{name: facts[name] for name in ('new', 'minor', 'top')},
                'comment': revision.comment,
                'size': revision.size,
            }
        )
    values['output']['usercontribs'] = found


@query('allpages')
def allpages(call: Call, values: Values) -> None:
    """List pages by title."""
    namespace = values['namespace']
    first = values['continue'] or values['from'] or ''
    prefix = values['prefix'] or ''
    pages = sorted(
        (p for t, p in call.wiki.pages.items() if t.namespace == namespace),
        key=lambda page: page.title.name,
    )
    if values['dir'] == 'descending':
        pages.reverse()
    _list_pages(
        call,
        values,
        (
            page
            for page in pages
            if page.title.name.startswith(_first_upper(prefix))
            and _redirect_fits(page, values['filterredir'])
            and (not values['to'] or page.title.name <= _first_upper(values['to']))
            and (not first or page.title.name.replace('_', ' ') >= _first_upper(first))
        ),
        'allpages',
        lambda page: page.title.name.replace(' ', '_'),
    )


@query('backlinks')
def backlinks(call: Call, values: Values) -> None:
    """List pages that link to a page."""
    _referring(call, values, 'backlinks', r'\[\[\s*:?{}\s*[\]|#]')


@query('embeddedin')
def embeddedin(call: Call, values: Values) -> None:
    """List pages that embed a template."""
    _referring(call, values, 'embeddedin', r'\{{\{{\s*(?:Template:)?{}\s*[}}|]')


@query('categorymembers')
def categorymembers(call: Call, values: Values) -> None:
    """List the pages of a category."""
    _referring(call, values, 'categorymembers', r'\[\[\s*{}\s*[\]|]')


@query('search')
def search(call: Call, values: Values) -> None:
    """List pages whose text or title holds some words."""
    needle = values['search'].lower()
    namespaces = {int(number) for number in values['namespace'] or (0,)}
    pages = [
        page
        for page in call.wiki.pages.values()
        if page.title.namespace in namespaces
        and (needle in page.latest.text.lower() or needle in page.title.name.lower())
    ]
    if not values['generating']:
        values['output']['searchinfo'] = {'totalhits': len(pages)}
    _list_pages(call, values, pages, 'search', lambda page: '0')


@query('allusers')
def allusers(call: Call, values: Values) -> None:
    """List local accounts by name."""
    prop = values['prop'] or ()
    prefix = _first_upper(values['prefix'] or '')
    first = _first_upper(values['from'] or '')
    found: list[Json] = []
    names = sorted(call.wiki.accounts, reverse=values['dir'] == 'descending')
    for name in names:
        local = call.wiki.accounts[name]
        if not name.startswith(prefix) or name < first or _is_hidden(call.wiki, local):
            continue
        if values['group'] and not local.groups & set(values['group']):
            continue
        if values['witheditsonly'] and not local.editcount:
            continue
        if len(found) == values['limit']:
            call.continuation['aufrom'] = name
            break
        found.append({'userid': local.id, 'name': name} | _user_item(call, local, prop))
    values['output']['allusers'] = found


@query('users')
def users(call: Call, values: Values) -> None:
    """Tell about local accounts."""
    prop = values['prop'] or ()
    found: list[Json] = []
    for name in values['users'] or ():
        canonical = canonical_user(name)
        local = call.wiki.accounts.get(canonical) if canonical else None
        if local is None:
            missing = 'missing' if canonical else 'invalid'
            item: Json = {'name': canonical or name, missing: True}
            if 'cancreate' in prop and canonical:
                item['cancreate'] = canonical not in call.farm.accounts
        else:
            item = {'userid': local.id, 'name': local.name}
            item |= _user_item(call, local, prop, values['attachedwiki'])
        found.append(item)
    for id in values['userids'] or ():
        by_id = call.wiki.account_ids.get(id)
        found.append(
            {'userid': id, 'name': by_id.name} | _user_item(call, by_id, prop)
            if by_id
            else {'userid': id, 'missing': True}
        )
    values['output']['users'] = found


@query('deletedrevs')
def deletedrevs(call: Call, values: Values) -> None:
    """List deleted revisions, as long ago."""
    if 'token' in (values['prop'] or ()):
        call.deprecate('The value "token" to parameter "drprop" has been deprecated.')
    call.deprecate(
        '"list=deletedrevs" has been deprecated. Please use "prop=deletedrevisions" or '
        '"list=alldeletedrevisions" instead.'
    )
    pageset = values['pageset']
    wanted = set(pageset.missing.values()) | {p.title for p in pageset.pages.values()}
    values['output']['deletedrevs'] = [
        {
            'ns': title.namespace,
            'title': str(title),
            'revisions': [
                {'timestamp': r.timestamp, 'user': r.user, 'comment': r.comment}
                for r in reversed(revisions)
            ],
        }
        for title, revisions in call.wiki.archive.items()
        if title in wanted
    ]


def _list_pages(
    call: Call, values: Values, pages: Iterable[Page], name: str, resume: Any
) -> None:
    found: list[Json] = []
    for count, page in enumerate(pages):
        if count == values['limit']:
            call.continuation[f'{values["@prefix"]}continue'] = resume(page)
            break
        if values['generating']:
            values['pageset'].add(page)
        else:
            found.append(
                {
                    'pageid': page.id,
                    'ns': page.title.namespace,
                    'title': str(page.title),
                }
            )
    if not values['generating']:
        values['output'][name] = found


def _referring(call: Call, values: Values, name: str, pattern: str) -> None:
    target = parse_title(values['title'] or '')
    if target is None and values['pageid'] is not None:
        page = call.wiki.page_ids.get(values['pageid'])
        target = page.title if page else None
    text = target.name if target and name == 'embeddedin' else str(target)
    expression = re.compile(
        pattern.format(re.escape(text).replace(r'\ ', '[ _]')), re.IGNORECASE
    )
    pages = (
        page
        for page in _matching(call.wiki, expression)
        if _redirect_fits(page, values.get('filterredir') or 'all')
        and (not values['namespace'] or page.title.namespace in values['namespace'])
    )
    _list_pages(call, values, pages, name, _page_number)


def _matching(wiki: Wiki, expression: re.Pattern[str]) -> Iterator[Page]:
    for page in wiki.page_ids.values():
        if expression.search(page.latest.text):
            yield page


def _page_number(page: Page) -> str:
    return str(page.id)


def _redirect_fits(page: Page, wanted: str) -> bool:
    redirect = page.latest.text.startswith('#REDIRECT')
    return wanted == 'all' or redirect == (wanted == 'redirects')


def _first_upper(text: str) -> str:
    text = text.replace('_', ' ')
    return text[:1].upper() + text[1:]


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


def _author(change: Change) -> tuple[str, int]:
    if change.revision is not None:
        return change.revision.user, change.revision.user_id
    assert change.log is not None
    return change.log.user, change.log.user_id


def _is_shown(call: Call, change: Change, show: Iterable[str]) -> bool:
    """Say whether a change is patrolled, or not, as it is wanted."""
    patrolled = is_patrolled(call, change)
    facts = {
        'patrolled': patrolled,
        'unpatrolled': not patrolled,
        'autopatrolled': is_autopatrolled(call, change),
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
    if 'comment' in prop:
        item['comment'] = revision.comment if revision else log.comment if log else ''
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


def _is_hidden(wiki: Wiki, local: LocalAccount) -> bool:
    block = wiki.blocks.get(local.name)
    return block is not None and block.hidename


def _user_item(
    call: Call, local: LocalAccount, prop: Any, attachedwiki: str | None = None
) -> Json:
    item: Json = {}
    account = local.central
    if 'editcount' in prop:
        item['editcount'] = local.editcount
    if 'registration' in prop:
        item['registration'] = local.registration
    if 'groups' in prop:
        item['groups'] = implicit_groups(local.groups)
    if 'implicitgroups' in prop:
        item['implicitgroups'] = ['*', 'user', 'autoconfirmed']
    if 'groupmemberships' in prop:
        item['groupmemberships'] = [
            {'group': group, 'expiry': 'infinity'} for group in sorted(local.groups)
        ]
    if 'rights' in prop:
        groups = account.groups if account else frozenset()
        farm = call.farm
        more = farm.rights_besides(groups)
        rights = rights_of(groups, local.groups, today=farm.current, more=more)
        item['rights'] = list(rights)
    hidden = _is_hidden(call.wiki, local)
    if hidden:
        item['hidden'] = True
    block = call.wiki.blocks.get(local.name)
    if 'blockinfo' in prop and block:
        item |= local_block_info(call, block)
    if 'emailable' in prop:
        item['emailable'] = False
    if 'gender' in prop:
        item['gender'] = 'unknown'
    if 'centralids' in prop:
        item['centralids'] = {
            'CentralAuth': 0 if hidden or account is None else account.id,
            'local': 0 if hidden else local.id,
        }
        item['attachedlocal'] = {'CentralAuth': account is not None, 'local': True}
        if attachedwiki is not None:
            item['attachedwiki'] = {
                'CentralAuth': _attached(account, attachedwiki),
                'local': attachedwiki == call.wiki.db,
            }
    return item


def _attached(account: Account | None, db: str) -> bool:
    return account is not None and db in account.attached
