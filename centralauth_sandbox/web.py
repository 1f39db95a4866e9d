"""The web pages of a wiki, for people who want to see what a campaign did.

They are rendered here, whole and escaped, without scripts and foreign resources; they
change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape
from itertools import islice
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web

from .farm import Wiki
from .journal import Entry, Journal
from .records import Account, LogEntry, Page
from .titles import speak

ROWS = 50

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem;
       padding: 0 1rem 3rem; color: #202122; background: #f8f9fa; }
h1 { font-weight: 600; font-size: 1.6rem; } a { color: #36c; }
nav a { margin-right: 1rem; } nav b { margin-right: 1rem; }
table { border-collapse: collapse; width: 100%; background: #fff; }
th, td { border: 1px solid #c8ccd1; padding: .25rem .5rem; text-align: left;
         vertical-align: top; }
th { background: #eaecf0; } .locked { color: #b32424; font-weight: 600; }
.hidden { color: #705000; } .small { color: #54595d; font-size: .85rem; }
pre { white-space: pre-wrap; background: #fff; border: 1px solid #c8ccd1;
      padding: .75rem; } form { margin: .75rem 0; }
"""


#: No scripts, frames or guesses of a type: what wikis show comes from their users.
_HEADERS = {
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
}


def show(wiki: Wiki, request: web.BaseRequest, journal: Journal) -> web.Response:
    """Answer a request that is not for the API."""
    response = _shown(wiki, request, journal)
    response.headers.update(_HEADERS)
    return response


def _shown(wiki: Wiki, request: web.BaseRequest, journal: Journal) -> web.Response:
    speak(wiki.language)
    path = request.url.path
    query = request.url.query
    wanted = query.get('filter', '')
    start = int(query['start']) if query.get('start', '').isdecimal() else 0
    version = wiki.files.at(request.url.raw_path)
    if version is not None:
        return web.Response(body=version.content, content_type=version.mime)
    root = wiki.layout.article_root
    if path.startswith(root) and root != '/':
        return _show_page(wiki, path.removeprefix(root))
    if path == '/idp':
        return _show_provider(wiki, query.get('state', ''))
    if path == '/pages':
        return _answer(wiki, 'Pages', _pages(wiki, wanted, start))
    if path == '/logs':
        return _answer(wiki, 'Logs', _logs(wiki, wanted, start))
    if path == '/journal':
        return _answer(wiki, 'Journal', _requests(journal, wanted, start))
    if path == '/':
        return _answer(wiki, 'Global accounts', _accounts(wiki, wanted, start))
    if path.startswith(root):
        return _show_page(wiki, path.removeprefix(root))
    return _answer(wiki, 'No such page', '<p>There is nothing here.</p>', 404)


def _answer(wiki: Wiki, title: str, body: str, status: int = 200) -> web.Response:
    farm = wiki.farm
    locked = sum(account.locked for account in farm.accounts.values())
    links = ''.join(
        f'<a href="{path}">{name}</a>'
        for path, name in (
            ('/', 'Accounts'),
            ('/pages', 'Pages'),
            ('/logs', 'Logs'),
            ('/journal', 'Journal'),
            (wiki.url('Main Page'), 'Main page'),
        )
    )
    shown = list(islice(farm.wikis.values(), 12))
    wikis = ''.join(
        f'<b>{escape(each.db)}</b>'
        if each is wiki
        else f'<a href="{escape(each.server)}/">{escape(each.db)}</a>'
        for each in shown
    )
    if len(farm.wikis) > len(shown):
        wikis += f'and {len(farm.wikis) - len(shown)} more'
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<link rel="EditURI" type="application/rsd+xml" href="{_rsd(wiki)}">'
        f'<title>{escape(title)} - {escape(wiki.db)}</title><style>{_STYLE}</style>'
        f'</head><body><h1>{escape(title)}</h1><nav>{links}</nav><nav>{wikis}</nav>'
        f'<p class="small">A sandbox: {len(farm.accounts)} global accounts, {locked} '
        f'locked; {len(wiki.pages)} pages and {len(wiki.log)} log entries on this '
        f'wiki.</p>{body}</body></html>'
    )
    return web.Response(text=page, content_type='text/html', status=status)


def _rsd(wiki: Wiki) -> str:
    """Return where the wiki says which API it has, as its pages tell."""
    return escape(f'{wiki.address.removeprefix("http:")}?action=rsd')


def _accounts(wiki: Wiki, wanted: str, start: int) -> str:
    farm = wiki.farm
    found = [
        account for name in farm.names if _fits(account := farm.accounts[name], wanted)
    ]
    rows = (
        (
            str(account.id),
            _name(account),
            _state(account),
            escape(account.home),
            str(account.editcount),
            escape(', '.join(sorted(account.groups))),
            escape(', '.join(sorted(account.attached))),
        )
        for account in found[start : start + ROWS]
    )
    head = ('id', 'name', 'state', 'home', 'edits', 'global groups', 'attached on')
    hint = 'part of a name, or: locked, hidden, open'
    return (
        _filter(wanted, hint) + _table(head, rows) + _paging(wanted, start, len(found))
    )


def _pages(wiki: Wiki, wanted: str, start: int) -> str:
    found = sorted(
        (
            page
            for page in wiki.pages.values()
            if wanted.lower() in str(page.title).lower()
        ),
        key=lambda page: str(page.title),
    )
    rows = (
        (
            str(page.id),
            _link(str(page.title)),
            str(len(page.revisions)),
            escape(page.latest.user),
            escape(page.touched),
        )
        for page in found[start : start + ROWS]
    )
    table = _table(('id', 'title', 'revisions', 'last author', 'touched'), rows)
    return (
        _filter(wanted, 'part of a title') + table + _paging(wanted, start, len(found))
    )


def _logs(wiki: Wiki, wanted: str, start: int) -> str:
    found = [
        entry
        for entry in reversed(wiki.log)
        if wanted.lower()
        in f'{entry.type}/{entry.action} {entry.title} {entry.user}'.lower()
    ]
    rows = (_log_row(entry) for entry in found[start : start + ROWS])
    table = _table(('id', 'time', 'what', 'by', 'target', 'details', 'reason'), rows)
    hint = 'part of a type, a target or a user'
    return _filter(wanted, hint) + table + _paging(wanted, start, len(found))


def _requests(journal: Journal, wanted: str, start: int) -> str:
    found = [
        entry
        for entry in reversed(journal.entries())
        if wanted.lower()
        in f'{entry.action} {entry.user} {entry.target} '
        f'{entry.result} {" ".join(entry.fault)}'.lower()
    ]
    rows = (_journal_row(entry) for entry in found[start : start + ROWS])
    head = (
        'no',
        'time',
        'wiki',
        'request',
        'by',
        'target',
        'result',
        'effect',
        'fault',
    )
    hint = 'part of an action, a user, a target, a result'
    return (
        _filter(wanted, hint) + _table(head, rows) + _paging(wanted, start, len(found))
    )


def _show_page(wiki: Wiki, name: str) -> web.Response:
    title = name.replace('_', ' ')
    page = wiki.page(title)
    if page is None:
        return _answer(wiki, title, '<p>There is no page of this title.</p>', 404)
    return _answer(wiki, str(page.title), _page_body(page))


def _show_provider(wiki: Wiki, state: str) -> web.Response:
    """Show the identity provider's page, with the ways back from it."""
    back = wiki.farm.provider.expected.get(state)
    if back is None:
        return _answer(wiki, 'Identity provider', '<p>Nobody is expected.</p>', 404)
    joint = '&' if urlsplit(back).query else '?'
    links = ''.join(
        f'<p><a id="{name}" href="{escape(back + joint + urlencode(carried))}">'
        f'{name.capitalize()}</a></p>'
        for name, carried in (
            ('approve', {'state': state}),
            ('deny', {'error': 'access_denied', 'state': state}),
        )
    )
    question = '<p>Shall your account here be linked?</p>'
    return _answer(wiki, 'Identity provider', question + links)


def _page_body(page: Page) -> str:
    protection = ', '.join(f'{k}: {level}' for k, (level, _) in page.protection.items())
    shown = (
        f'<p class="small">Protected: {escape(protection)}</p>' if protection else ''
    )
    rows = (
        (str(r.id), escape(r.timestamp), escape(r.user), str(r.size), escape(r.comment))
        for r in islice(reversed(page.revisions), ROWS)
    )
    table = _table(('revision', 'time', 'user', 'bytes', 'summary'), rows)
    return f'{shown}<pre>{escape(page.latest.text)}</pre><h2>History</h2>{table}'


def _fits(account: Account, wanted: str) -> bool:
    states = {
        'locked': account.locked,
        'hidden': bool(account.hidden),
        'open': not account.locked and not account.hidden,
    }
    return states.get(wanted, wanted.lower() in account.name.lower())


def _name(account: Account) -> str:
    return _link(f'User:{account.name}', account.name)


def _state(account: Account) -> str:
    parts = []
    if account.locked:
        parts.append('<span class="locked">locked</span>')
    if account.hidden:
        parts.append(f'<span class="hidden">hidden ({escape(account.hidden)})</span>')
    return ', '.join(parts) or 'open'


def _log_row(entry: LogEntry) -> tuple[str, ...]:
    details = '; '.join(
        f'{key}: {", ".join(value) if isinstance(value, list) else value}'
        for key, value in entry.params.items()
        if value
    )
    return (
        str(entry.id),
        escape(entry.timestamp),
        escape(f'{entry.type}/{entry.action}'),
        escape(entry.user),
        escape(str(entry.title)),
        escape(details),
        escape(entry.comment),
    )


def _journal_row(entry: Entry) -> tuple[str, ...]:
    parts = [
        entry.params[key] for key in ('meta', 'list', 'prop') if key in entry.params
    ]
    asked = ' '.join([entry.method, entry.action, *parts])
    when = time.strftime('%H:%M:%S', time.gmtime(entry.time))
    by = f'{entry.user} ({entry.kind})' if entry.user else entry.kind
    return (
        str(entry.serial),
        when,
        escape(entry.wiki),
        escape(asked),
        escape(by),
        escape(entry.target),
        escape(entry.result),
        escape(entry.effect),
        escape(', '.join(entry.fault)),
    )


def _link(title: str, text: str = '') -> str:
    return (
        f'<a href="/wiki/{quote(title.replace(" ", "_"))}">{escape(text or title)}</a>'
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; its cells are HTML already."""
    top = ''.join(f'<th>{cell}</th>' for cell in head)
    body = ''.join(
        f'<tr>{"".join(f"<td>{cell}</td>" for cell in row)}</tr>' for row in rows
    )
    return f'<table><tr>{top}</tr>{body}</table>'


def _filter(wanted: str, hint: str) -> str:
    return (
        f'<form><input name="filter" value="{escape(wanted)}" size="40" '
        f'placeholder="{escape(hint)}"> <button>Show</button></form>'
    )


def _paging(wanted: str, start: int, total: int) -> str:
    last = min(start + ROWS, total)
    links = []
    for text, at in ('earlier', start - ROWS), ('later', start + ROWS):
        if -ROWS < at < total and at != start:
            target = escape(urlencode({'filter': wanted, 'start': max(at, 0)}))
            links.append(f'<a href="?{target}">{text}</a>')
    shown = f'{start + 1} to {last} of {total}' if total else 'nothing'
    return f'<p class="small">{shown} {" ".join(links)}</p>'
