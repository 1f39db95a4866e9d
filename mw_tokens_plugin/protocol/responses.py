"""From an API error of any shape to one class of exception.

It reads answers only. What is retried, and when, is left to
:mod:`mw_tokens_plugin.site.requests` and the engine of campaigns.

https://www.mediawiki.org/wiki/API:Errors_and_warnings
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from mw_tokens_plugin.exceptions import (
    AccountSuppressed,
    AlreadyBlocked,
    AlreadyExists,
    ApiRefusal,
    BadBlockSetting,
    BadExpiry,
    BadUsername,
    Blocked,
    CannotHide,
    CannotLock,
    CannotReauthenticate,
    ContentRefused,
    GloballyBlocked,
    InternalApiError,
    LostRace,
    MustReauthenticate,
    NoSuchAccount,
    NotBlocked,
    PermissionDenied,
    RangeTooWide,
    RateLimited,
    ReadOnly,
    RenameInProgress,
)
from mw_tokens_plugin.protocol.answers import error_items

#: The names of arguments of pywikibot's own errors.
_ARGUMENTS = frozenset({'self', 'mediawiki_exception_class_name'})

_CLASSES: dict[str, type[ApiRefusal]] = {
    'nosuchuser': NoSuchAccount,
    'baduser': NoSuchAccount,
    'invaliduser': NoSuchAccount,
    'invaliduserid': NoSuchAccount,
    'permissiondenied': PermissionDenied,
    'centralauth-admin-not-authorized': PermissionDenied,
    'mwoauth-invalid-authorization-blocked-user': Blocked,
    'blocked': Blocked,
    'autoblocked': Blocked,
    'ipbblocked': Blocked,
    'torblock-blocked': Blocked,
    'reauthenticate': MustReauthenticate,
    'cannotreauthenticate': CannotReauthenticate,
    'editconflict': LostRace,
    'centralauth-state-mismatch': LostRace,
    'globalblocking-block-failure': LostRace,
    'globalblocking-block-alreadyblocked': AlreadyBlocked,
    'globalblocking-notblocked': NotBlocked,
    'globalblocking-notblocked-id': NotBlocked,
    'globalblocking-block-target-invalid': NoSuchAccount,
    'globalblocking-bigrange': RangeTooWide,
    'cidrtoobroad': RangeTooWide,
    'globalblocking-block-anononly-on-account': BadBlockSetting,
    'globalblocking-block-enable-autoblock-on-ip': BadBlockSetting,
    'globalblocking-block-modifying-global-autoblock': BadBlockSetting,
    'cannot-modify-global-autoblock': BadBlockSetting,
    'globalblocking-block-expiryinvalid': BadExpiry,
    'badexpiry': BadExpiry,
    'badexpiry-past': BadExpiry,
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


#: Error codes of what a wiki has against just this content, page or title: those of
#: core, and how those of extensions begin. A wiki that has no code for the answer of a
#: hook says that it aborted the action.
_CONTENT = frozenset(
    'captcha spamblacklist spamdetected spamprotectiontext protectedpage '
    'protectedtitle protectednamespace protectednamespace-interface '
    'cascadeprotected cantedit customcssprotected customjsprotected '
    'customjsonprotected mycustomcssprotected mycustomjsprotected '
    'mycustomjsonprotected sitecssprotected sitejsprotected sitejsonprotected '
    'hookaborted contenttoobig contentnotallowedhere no-direct-editing '
    'nonfilenamespace filetypemismatch immobilenamespace '
    'verification-error filetype-banned fileexists-shared-forbidden'.split()
)
_CONTENT_OF_EXTENSIONS = ('abusefilter-', 'titleblacklist-', 'spam-blacklisted-')

#: Error codes of blocks that are keys of messages: those of GlobalBlocking, where it
#: does not call them ``blocked``, and core's.
_GLOBAL_BLOCK = re.compile(r'(wikimedia-)?globalblocking-(ip)?blocked', re.ASCII)
_BLOCK = re.compile(r'(auto|system)?blockedtext', re.ASCII)


#: The key of an error's text, by the format of errors.
_TEXTS = ('text', '*', 'html')

#: The form of a message's key; instead of a key there may be a sentence.
_KEY = re.compile(r'[\w.-]+')


def error_mapping(error: object) -> dict[str, Any]:
    """Return the first error of an answer as a mapping with ``code`` and ``info``.

    CentralAuth answers with a list of lists where a Status failed, GlobalBlocking with
    a list under the module's name, and every wiki with a list where ``errorformat`` is
    not ``bc``; a plain mapping is returned as it is. Where an error has only the key of
    a message, that is in ``message``, with its parameters. The module's name above an
    error is in ``nested_in``.

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
        data = item.get('data')
        found = {
            **(data if isinstance(data, Mapping) else {}),
            'code': code,
            'info': _text_of(item) or code,
        }
        has_text = any(isinstance(item.get(name), str) for name in _TEXTS)
        if isinstance(error, Mapping):
            lists = (name for name, value in error.items() if isinstance(value, list))
            found['nested_in'] = next(lists, '')
        key = None if has_text else item.get('message') or item.get('key')
        if isinstance(key, str) and _KEY.fullmatch(key):
            found['message'] = {'key': key, 'params': _parameters(item)}
        return found
    return {'code': 'Unknown', 'info': f'an error of unknown shape: {error!r}'}


def readable(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer in the only form that pywikibot reads without failing.

    Its error is a mapping that shares no key with the answer, and its warnings are a
    mapping by module. An answer in this form is not changed: bots read it.

    :param answer: an answer of the API
    """
    found = dict(answer)
    if 'error' not in found and 'errors' in found:
        found['error'] = found.pop('errors')
    if 'error' in found:
        error = error_mapping(found['error'])
        if not _is_number(error.get('lag', 0)):
            del error['lag']
        if not _is_list_of_names(error.get('messages', [])):
            del error['messages']
        for name in _ARGUMENTS:
            error.pop(name, None)
            found.pop(name, None)
        # pywikibot adds the rest of the answer to the error.
        found = {k: v for k, v in found.items() if k not in error} | {'error': error}
    if 'warnings' in found:
        found['warnings'] = _warnings(found['warnings'])
    return found


def refusal(code: str, info: str, wiki: str) -> ApiRefusal:
    """Return the exception for an API error, without raising it.

    :param code: the API's error code
    :param info: the API's explanation
    :param wiki: the wiki that answered
    """
    kind: type[ApiRefusal]
    if code.startswith('internal_api_error_'):
        # CentralAuth's own read-only mode has no error code, only an exception.
        kind = ReadOnly if 'ReadOnly' in code else InternalApiError
        if 'CAS update failed' in info:
            kind = LostRace
        elif code.endswith('NormalizedException') and 'Invalid username' in info:
            # Since 2026 CentralAuth fails with an exception for invalid names.
            kind = NoSuchAccount
    elif _GLOBAL_BLOCK.match(code):
        kind = GloballyBlocked
    elif _BLOCK.match(code):
        kind = Blocked
    elif code in _CONTENT or code.startswith(_CONTENT_OF_EXTENSIONS):
        kind = ContentRefused
    else:
        kind = _CLASSES.get(code, ApiRefusal)
    return kind(code, info, wiki)


def _warnings(value: object) -> Mapping[str, Any]:
    """Return warnings by module; with ``errorformat`` they are a list."""
    named: list[tuple[str, object]] = []
    if isinstance(value, Mapping):
        if all(map(_is_warning, value.values())):
            return value
        for module, warning in value.items():
            if isinstance(warning, Mapping):
                text = warning.get('warnings', warning.get('*', warning.get('html')))
                if isinstance(text, Mapping):
                    text = text.get('*')
                named.append((str(module), text))
    elif isinstance(value, list):
        named.extend(
            (str(item.get('module', 'main')), _text_of(item))
            for item in value
            if isinstance(item, Mapping)
        )
    texts: dict[str, list[str]] = {}
    for module, text in named:
        if isinstance(text, str) and text:
            texts.setdefault(module, []).append(text)
    return {module: {'warnings': '\n'.join(t)} for module, t in texts.items()}


def _is_warning(value: object) -> bool:
    """Return whether a warning has the form that pywikibot reads."""
    if not isinstance(value, Mapping):
        return False
    for name in ('warnings', '*'):
        if name in value:
            return isinstance(value[name], str)
    html = value.get('html')
    return isinstance(html, Mapping) and isinstance(html.get('*'), str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_list_of_names(value: object) -> bool:
    """Return whether Wikibase's messages have the form that pywikibot reads."""
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and isinstance(item.get('name'), str)
        for item in value
    )


def _text_of(item: Mapping[str, Any]) -> str:
    for key in _TEXTS:
        if isinstance(text := item.get(key), str):
            return text
    words = [str(item.get('message') or item.get('key') or ''), *_parameters(item)]
    return ' '.join(word for word in words if word)


def _parameters(item: Mapping[str, Any]) -> list[str]:
    """Return the parameters of a message, as texts."""
    found = item.get('params')
    texts = []
    for parameter in found if isinstance(found, list) else ():
        if isinstance(parameter, Mapping):
            # Such as {"num": 1000}.
            parameter = next(iter(parameter.values()), '')
        is_number = isinstance(parameter, int) and not isinstance(parameter, bool)
        texts.append(f'{parameter:,}' if is_number else str(parameter))
    return texts
