"""Whether a response is an answer of the API: one rule for all modules.

Gateways answer in JSON too, with any HTTP status. A decoded body is an answer of the
API to an action if it is a mapping that holds the module's key, or an error of one of
the shapes that MediaWiki and its extensions give. Any other response proves nothing: a
write may have been processed, and a read can be repeated. What to do then is left to
:mod:`mw_tokens_plugin.site.requests`.

https://www.mediawiki.org/wiki/API:Errors_and_warnings
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

from mw_tokens_plugin.exceptions import TokensPluginError, UnexpectedAnswer

#: Seconds that a server can ask to wait; a longer time is an error of the server.
MAX_WAIT = 86_400.0

#: Characters of a page that are searched for its first line; length of that line.
_MAX_PAGE, _MIN_LINE, _MAX_LINE = 5_000, 30, 200

#: The keys of a module's answer, if that is not under the module's own name.
_KEYS: Mapping[str, frozenset[str]] = {
    'query': frozenset({'query', 'batchcomplete', 'continue', 'query-continue'}),
    'echomarkread': frozenset({'query'}),
    'echomarkseen': frozenset({'query'}),
    'thank': frozenset({'result'}),
}

#: Modules of core, CentralAuth and GlobalBlocking that are known to answer under these
#: keys only. Others may answer under any key.
_KNOWN = frozenset(
    'acquiretempusername block centralauthtoken changeauthenticationdata '
    'changecontentmodel checktoken clearhasmsg clientlogin compare createaccount '
    'createlocalaccount delete deleteglobalaccount edit emailuser expandtemplates '
    'filerevert globalblock globaluserrights imagerotate import linkaccount login '
    'managetags mergehistory move options paraminfo parse patrol protect purge query '
    'removeauthenticationdata resetpassword revisiondelete rollback '
    'setglobalaccountstatus setnotificationtimestamp setpagelanguage stashedit tag '
    'tokens unblock undelete unlinkaccount upload userrights validatepassword '
    'watch'.split()
)


#: What modules for logging in say of how far it has come; pywikibot relies on it.
_STATUS = {'clientlogin': 'status', 'login': 'result'}
#: Lists in what a wiki says of itself, with what each item names by its type.
_LISTS: Mapping[str, Mapping[str, type]] = {
    'namespacealiases': {'id': int, 'alias': str},
    'languages': {'name': str},
    'skins': {'name': str},
    'interwikimap': {'prefix': str, 'url': str},
    'extensions': {},
}
_NAMESPACE: Mapping[str, type] = {'id': int, 'name': str}


def is_answer(action: str, body: object) -> bool:
    """Return whether a decoded body is an answer of the API to an action.

    :param action: the API module
    :param body: the decoded body; None where it was not JSON
    """
    if action == 'logout' and body in ({}, []):
        return True
    if not isinstance(body, Mapping):
        return False
    if 'error' in body or 'errors' in body:
        return is_error(body.get('error', body.get('errors')))
    if action == 'query' and not _is_query(body.get('query', {})):
        return False
    if action in _STATUS and not _has_status(body.get(action), _STATUS[action]):
        return False
    if action.startswith('wb') and 'success' in body:
        return True
    return not _KEYS.get(action, {action}).isdisjoint(body)


def is_known(action: str) -> bool:
    """Tell whether it is known under which keys a module answers.

    :param action: the API module
    """
    return action in _KNOWN or action in _KEYS


def may_be_answer(action: str, body: object, status: int) -> bool:
    """Return whether a body can be an answer, also of an unknown module.

    Extensions may answer under any key. This is for requests of other code, where a
    wrong "no" would do harm.

    :param action: the API module
    :param body: the decoded body; None where it was not JSON
    :param status: the HTTP status
    """
    if is_answer(action, body):
        return True
    if action in _KNOWN or status >= 400 or not isinstance(body, Mapping | list):
        return False
    return not isinstance(body, Mapping) or body.keys().isdisjoint({'error', 'errors'})


def is_error(error: object) -> bool:
    """Return whether a value of ``error`` or ``errors`` has a shape that wikis give.

    Codes of the API are words. Gateways give numbers, or only a text.

    :param error: the value
    """
    if isinstance(error, Mapping) and 'code' in error:
        return _is_code(error['code']) and isinstance(error.get('info'), str)
    found = list(error_items(error))
    return bool(found) and all(_is_code(item.get('code')) for item in found)


def part_of(answer: Any, *path: str) -> Mapping[str, Any]:
    """Return a mapping in an answer.

    :param answer: the decoded body
    :param path: the keys that lead to it, such as ``query`` and ``globaluserinfo``
    :raises UnexpectedAnswer: it is missing, or is not a mapping
    """
    with expected_form(f'The answer, which should hold {".".join(path)},'):
        for key in path:
            answer = answer[key]
        if not isinstance(answer, Mapping):
            raise TypeError(f'a {type(answer).__name__}')
    return answer


def items_of(answer: Any, *path: str) -> list[Mapping[str, Any]]:
    """Return the items of a list in an answer.

    :param answer: the decoded body
    :param path: the keys that lead to it, such as ``query`` and ``logevents``
    :raises UnexpectedAnswer: it is missing, or is not a list of mappings
    """
    *parents, last = path
    value = part_of(answer, *parents).get(last)
    if not isinstance(value, list) or not all(isinstance(v, Mapping) for v in value):
        raise UnexpectedAnswer(f'The answer has no list {".".join(path)}.')
    return value


def error_items(error: object) -> Iterator[Mapping[str, Any]]:
    """Yield the single errors of an answer, however they are nested.

    A plain mapping with a ``code`` is one. Otherwise they are in lists, in lists of
    lists (CentralAuth), or in lists under a module's name (GlobalBlocking).

    :param error: the value of ``error`` or ``errors``
    """
    stack = [error]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        elif isinstance(value, Mapping):
            nested = [item for item in value.values() if isinstance(item, list)]
            if 'code' in value or 'message' in value or not nested:
                yield value
            else:
                stack.extend(reversed(nested))


@contextmanager
def expected_form(what: str) -> Iterator[None]:
    """Turn errors of reading a malformed answer into one exception.

    :param what: what is read, for the message
    :raises UnexpectedAnswer: reading failed
    """
    try:
        yield
    except TokensPluginError:
        # Some of them are ValueErrors or KeyErrors, too.
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise UnexpectedAnswer(
            f'{what} has a form that the API does not give '
            f'({type(error).__name__}: {str(error)[:_MAX_LINE]}).'
        ) from error


def retry_after(header: str | None, now: datetime | str | None = None) -> float:
    """Return the seconds that a server asks to wait, in either form of the header.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after

    :param header: the value of ``Retry-After``; None for none
    :param now: the time, or the header ``Date`` of the same answer; this machine's
        clock where there is none
    :return: seconds; 0 where it asks for nothing, or in an unknown form
    """
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        until = _moment(header)
        if until is None:
            return 0.0
        moment = _moment(now) if isinstance(now, str) else now
        seconds = (until - (moment or datetime.now(timezone.utc))).total_seconds()
    return min(max(seconds, 0.0), MAX_WAIT) if math.isfinite(seconds) else 0.0


def first_line(text: str) -> str:
    """Return the first informative line of a page, without its markup.

    :param text: HTML, JSON or plain text
    """
    text = text[:_MAX_PAGE]
    if re.match(r'\s*<', text):
        text = re.sub(r'<(script|style)\b.*?</\1', '', text, flags=re.I | re.S)
        text = unescape(re.sub(r'<[^<>]*>', '\n', text))
    lines: list[str] = []
    for line in text.splitlines():
        shown = ''.join(c if c.isprintable() else ' ' for c in line)
        words = ' '.join(shown.split())
        if words and words not in lines:
            lines.append(words)
        if len(' '.join(lines)) >= _MIN_LINE:
            # A heading such as "403 Forbidden" alone is not informative.
            break
    whole = ' '.join(lines)
    return whole if len(whole) <= _MAX_LINE else f'{whole[:_MAX_LINE]}...'


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _is_query(query: object) -> bool:
    """Return whether a value of ``query`` has the types that pywikibot relies on."""
    if query == []:
        # PHP encodes an empty mapping as a list.
        return True
    if not isinstance(query, Mapping):
        return False
    user = query.get('userinfo', {'name': ''})
    if not isinstance(user, Mapping) or not isinstance(user.get('name'), str):
        return False
    spaces = query.get('namespaces', {})
    return (
        all(
            isinstance(query.get(name, {}), Mapping) or query[name] == []
            for name in ('general', 'globaluserinfo', 'tokens')
        )
        and _is_release((query.get('general') or {}).get('generator', 'MediaWiki 1'))
        and isinstance(spaces, Mapping)
        and all(_has_types(each, _NAMESPACE) for each in spaces.values())
        and all(
            isinstance(found := query.get(name, []), list)
            and all(_has_types(each, types) for each in found)
            for name, types in _LISTS.items()
        )
    )


def _is_release(generator: object) -> bool:
    """Return whether a wiki says what it runs, in words of which the second tells."""
    return isinstance(generator, str) and len(generator.split()) > 1


def _has_types(item: object, types: Mapping[str, type]) -> bool:
    """Return whether an item has values of these types.

    Up to MediaWiki 1.24 texts are under "*".
    """
    return isinstance(item, Mapping) and all(
        type(item.get(name, item.get('*') if kind is str else None)) is kind
        for name, kind in types.items()
    )


def _has_status(value: object, name: str) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get(name), str)


def _is_code(code: object) -> bool:
    return isinstance(code, str) and any(letter.isalpha() for letter in code)
