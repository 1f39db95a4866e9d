"""What the answer of a wiki says that it did, as a proxy can tell.

The sandbox knows what it did; of another wiki it is read from the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .exchange import Request

#: How writes are called in the journal, where not by their action.
_EFFECTS = {
    'clientlogin': 'login',
    'setglobalaccountstatus': 'setstatus',
    'wbeditentity': 'edit',
}
#: Actions that change nothing, though some of them want a token.
_READS = frozenset(
    {'query', 'paraminfo', 'help', 'centralauthtoken', 'tokens', 'parse', 'compare'}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says: the code of its error, and its effect."""

    data: Any
    code: str
    effect: str


def read(asked: Request, status: int, body: bytes) -> Reading:
    """Read the answer to a request."""
    action = asked.given.get('action', '')
    if status != 200:
        return Reading(None, f'http-{status}', '')
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        code = 'not-json' if asked.given.get('format', 'jsonfm') == 'json' else ''
        return Reading(None, code, '')
    if not isinstance(data, dict):
        return Reading(data, '', '')
    code = _error(data) or _refused_login(data)
    changes = action and action not in _READS and asked.method == 'POST'
    effect = _effect(action, data) if changes and not code else ''
    return Reading(data, code, effect)


def _error(data: Mapping[str, Any]) -> str:
    found = data.get('error') or data.get('errors')
    while isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, Mapping):
        return str(found.get('code') or found.get('message') or 'error')
    return str(found) if found else ''


def _refused_login(data: Mapping[str, Any]) -> str:
    login, client = data.get('login'), data.get('clientlogin')
    if isinstance(login, Mapping) and login.get('result') not in ('Success', None):
        return f'login-{login["result"]}'
    if isinstance(client, Mapping) and client.get('status') == 'FAIL':
        return f'login-{client.get("messagecode", "FAIL")}'
    return ''


def _effect(action: str, data: Mapping[str, Any]) -> str:
    done = data.get(action)
    details = done if isinstance(done, Mapping) else {}
    if 'nochange' in details:
        return ''
    if details.get('result') in ('Continue', 'Warning'):
        return 'stash'
    if action == 'clientlogin' and details.get('status') != 'PASS':
        return ''
    return _EFFECTS.get(action, action)
