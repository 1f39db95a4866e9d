"""Tokens before MediaWiki 1.24: `action=tokens`, and parameters `token` of queries.

A token is the same for the whole session. Most modules shared one, and each type was
only handed out to those who have the right; those of rollback and userrights were good
for one page and its last editor, or for one user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..ages import CSRF_TYPES
from ..call import Call, Values, action
from ..sessions import ANONYMOUS_TOKEN, sign
from ..titles import parse_title

Json = dict[str, Any]

#: Which right a type of token wanted, where it is not called like the type.
_RIGHTS = {
    'email': 'sendemail',
    'setglobalaccountstatus': 'centralauth-lock',
    'deleteglobalaccount': 'centralauth-unmerge',
    'unblock': 'block',
}
_FREE = frozenset({'watch', 'options', 'userrights'})
_OWN_SALT = frozenset(
    {'patrol', 'watch', 'setglobalaccountstatus', 'deleteglobalaccount'}
)


@action('tokens')
def tokens(call: Call, values: Values) -> None:
    """Hand out those that are good for any page."""
    found: Json = {}
    for kind in values['type']:
        value = _token_of(call, kind)
        if value is None:
            _refuse(call, kind)
        else:
            found[f'{kind}token'] = value
    # PHP makes a list of an empty mapping.
    call.result['tokens'] = found or []


def attach(call: Call, name: str, values: Values) -> None:
    """Add the tokens that a query asks for to what it has found."""
    output, pages = values['output'], values['pageset'].parts
    if name == 'deletedrevs' and 'token' in (values['prop'] or ()):
        for item in output.get(name, ()):
            item['token'] = _token_of(call, 'edit')
    for kind in values.get('token') or ():
        if name == 'info':
            items: Iterable[Json] = pages.values()
        elif name == 'revisions':
            items = [
                revision | {'@title': page['title'], '@of': revision}
                for page in pages.values()
                for revision in page.get('revisions', ())
            ]
        else:
            items = output.get(name, ())
        for item in items:
            target = item.pop('@of', item)
            subject = ''
            if kind == 'rollback':
                subject = f'{item["@title"]}|{_author(call, target)}'
            elif kind == 'userrights':
                if 'missing' in item or 'invalid' in item:
                    continue
                subject = item['name']
            value = _token_of(call, kind, subject)
            if value is None:
                _refuse(call, kind)
            else:
                target[f'{kind}token'] = value


def valid(call: Call, module: str, token: str) -> bool:
    """Say whether a token is the one that a module wants."""
    session = call.session
    if session.local is None:
        return token == ANONYMOUS_TOKEN
    assert session.stored is not None
    given, salt = call.given, 'csrf'
    if module in _OWN_SALT:
        salt = module
    elif module == 'rollback':
        title = parse_title(given.get('title', ''))
        salt = f'{title}|{given.get("user", "")}'
    elif module == 'userrights':
        salt = given.get('user', '')
    return token == sign(session.stored.secret, salt, '')


def _author(call: Call, revision: Json) -> str:
    for page in call.wiki.page_ids.values():
        for each in page.revisions:
            if each.id == revision.get('revid'):
                return each.user
    return ''


def _token_of(call: Call, kind: str, subject: str = '') -> str | None:
    """Return a token, or None if this user does not get it."""
    session = call.session
    if kind == 'centralauth':
        minted = session.kind == 'main'
        return call.farm.sessions.mint(session) if minted else None
    right = _RIGHTS.get(kind, kind)
    if kind == 'watch' and session.local is None:
        return None
    if kind not in _FREE and right not in session.rights:
        return None
    if session.local is None:
        return ANONYMOUS_TOKEN
    assert session.stored is not None
    salt = subject or ('csrf' if kind in CSRF_TYPES else kind)
    return sign(session.stored.secret, salt, '')


def _refuse(call: Call, kind: str) -> None:
    text = f"Action '{kind}' is not allowed for the current user"
    if not any(warned[2] == text for warned in call.warnings):
        call.warn('notallowed', text)
