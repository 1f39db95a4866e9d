"""From an API error, however it is shaped, to one class of exception.

It reads answers only; what is tried again, and when, is decided elsewhere.

https://www.mediawiki.org/wiki/API:Errors_and_warnings
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mw_tokens_plugin.exceptions import (
    AccountSuppressed,
    AlreadyExists,
    ApiRefusal,
    BadUsername,
    Blocked,
    CannotHide,
    CannotLock,
    CannotReauthenticate,
    InternalApiError,
    LostRace,
    MustReauthenticate,
    NoSuchAccount,
    PermissionDenied,
    RateLimited,
    ReadOnly,
    RenameInProgress,
)
from mw_tokens_plugin.protocol.answers import error_items

_CLASSES: dict[str, type[ApiRefusal]] = {
    'nosuchuser': NoSuchAccount,
    'invaliduser': NoSuchAccount,
    'invaliduserid': NoSuchAccount,
    'permissiondenied': PermissionDenied,
    'centralauth-admin-not-authorized': PermissionDenied,
    'mwoauth-invalid-authorization-blocked-user': Blocked,
    'blocked': Blocked,
    'autoblocked': Blocked,
    'reauthenticate': MustReauthenticate,
    'cannotreauthenticate': CannotReauthenticate,
    'editconflict': LostRace,
    'centralauth-state-mismatch': LostRace,
    'globalblocking-block-failure': LostRace,
    'centralauth-admin-too-many-edits': CannotHide,
    'centralauth-admin-cannot-lock-self': CannotLock,
    'centralauth-admin-cannot-lock-temporary-account': CannotLock,
    'centralauth-createlocal-already-exists': AlreadyExists,
    'centralauth-createlocal-no-global-account': NoSuchAccount,
    'centralauth-createlocal-suppressed': AccountSuppressed,
    'badusername': BadUsername,
    'renameinprogress': RenameInProgress,
    'readonly': ReadOnly,
    'ratelimited': RateLimited,
}


def error_mapping(error: object) -> dict[str, Any]:
    """Return the first error of an answer as a mapping with ``code`` and ``info``.

    CentralAuth answers with a list of lists where a Status failed, GlobalBlocking with
    a list under the module's name, and every wiki with a list where ``errorformat`` is
    not ``bc``; a plain mapping is returned as it is.

    :param error: the value of ``error`` or ``errors``
    """
    if isinstance(error, Mapping) and 'code' in error:
        info = error.get('info', '')
        return {
            **error,
            'code': str(error['code']),
            'info': info if isinstance(info, str) else repr(info),
        }
    for item in error_items(error):
        code = str(item.get('code') or item.get('message') or 'Unknown')
        return {'code': code, 'info': _text_of(item) or code}
    return {'code': 'Unknown', 'info': f'an error of unknown shape: {error!r}'}


def refusal(code: str, info: str, wiki: str) -> ApiRefusal:
    """Return the exception for an API error; it is not raised here.

    :param code: the API's error code
    :param info: the API's explanation
    :param wiki: which wiki said so
    """
    kind: type[ApiRefusal]
    if code.startswith('internal_api_error_'):
        # CentralAuth's own read-only mode has no error code, only an exception.
        kind = ReadOnly if 'ReadOnly' in code else InternalApiError
        if 'CAS update failed' in info:
            kind = LostRace
    else:
        kind = _CLASSES.get(code, ApiRefusal)
    return kind(code, info, wiki)


def _text_of(item: Mapping[str, Any]) -> str:
    for key in ('text', '*', 'html'):
        if isinstance(text := item.get(key), str):
            return text
    words = [str(item.get('message') or item.get('key') or '')]
    parameters = item.get('params')
    for parameter in parameters if isinstance(parameters, list) else ():
        words.append(
            str(next(iter(parameter.values()), ''))
            if isinstance(parameter, Mapping)
            else str(parameter)
        )
    return ' '.join(word for word in words if word)
