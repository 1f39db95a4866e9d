"""Whether what came back is an answer of the API: one rule for all modules.

Gateways answer in JSON too, with any HTTP status. A decoded body is an answer of the
API to an action if it is a mapping that holds the module's key, or an error of one of
the shapes that MediaWiki and its extensions give. Nothing follows from anything else:
a write may have been carried out, and a read is asked again.

https://www.mediawiki.org/wiki/API:Errors_and_warnings
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Where the answer of a module is, if not under the module's own name.
_KEYS: Mapping[str, frozenset[str]] = {
    'query': frozenset({'query', 'batchcomplete', 'continue', 'query-continue'}),
    'echomarkread': frozenset({'query'}),
    'echomarkseen': frozenset({'query'}),
    'thank': frozenset({'result'}),
}

#: Modules of core, CentralAuth and GlobalBlocking of which it is known that they
#: answer under these keys, whatever they do. Others may answer under any key.
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


def is_answer(action: str, body: object) -> bool:
    """Tell whether a decoded body is an answer of the API to an action.

    :param action: the API module
    :param body: the decoded body; None where it was not JSON
    """
    if action == 'logout' and body in ({}, []):
        return True
    if not isinstance(body, Mapping):
        return False
    if 'error' in body or 'errors' in body:
        return is_error(body.get('error', body.get('errors')))
    if action == 'query':
        # An empty list is an empty mapping in PHP.
        query = body.get('query', {})
        if not isinstance(query, Mapping) and query != []:
            return False
    if action.startswith('wb') and 'success' in body:
        return True
    return not _KEYS.get(action, {action}).isdisjoint(body)


def may_be_answer(action: str, body: object, status: int) -> bool:
    """Tell whether a body can be an answer, also to a module that is not known.

    Extensions may answer under any key. It is for requests of other code, where a
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
    """Tell whether a value of ``error`` or ``errors`` has a shape that wikis give.

    Codes of the API are words. Gateways give numbers, or a mere text.

    :param error: the value
    """
    if isinstance(error, Mapping) and 'code' in error:
        return _is_code(error['code']) and isinstance(error.get('info'), str)
    found = list(error_items(error))
    return bool(found) and all(_is_code(item.get('code')) for item in found)


def error_items(error: object) -> Iterator[Mapping[str, Any]]:
    """Yield the single errors of an answer, whatever they are nested in.

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


def _is_code(code: object) -> bool:
    return isinstance(code, str) and any(letter.isalpha() for letter in code)
