"""The result of a transmission: what was answered, or why no answer has come.

It puts that into words, and takes secrets out of them; what follows is decided by the
requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import requests
from pywikibot.comms import http

from mw_tokens_plugin.protocol.answers import first_line, retry_after
from mw_tokens_plugin.site.redaction import redactor

#: What urllib3 calls that; it is a part of the HTTP library, not of ours to import.
_NOT_CONNECTED = ('NewConnectionError', 'NameResolutionError')


def raise_failure(response: requests.Response | Exception) -> None:
    """Raise what a transmission ended with, without reporting it."""
    if isinstance(response, requests.RequestException):
        raise response
    if isinstance(response, ValueError):
        # pywikibot would take the address of a redirect for that of the wiki.
        raise requests.exceptions.InvalidURL(str(response))
    if isinstance(response, Exception):
        http.error_handling_callback(response)


def with_plain_wait(response: requests.Response, **_: Any) -> None:
    """Turn a date in ``Retry-After`` into seconds: pywikibot stumbles over it.

    It is a hook of the session of the HTTP library.

    https://requests.readthedocs.io/en/latest/user/advanced/#event-hooks
    """
    if 'Retry-After' in response.headers:
        response.headers['Retry-After'] = f'{math.ceil(seconds_to_wait(response))}'


def seconds_to_wait(response: requests.Response) -> float:
    """Return how long the server asks to wait; 0 if it does not ask."""
    headers = response.headers
    return retry_after(headers.get('Retry-After'), headers.get('Date'))


def description_of(response: requests.Response, body: object) -> str:
    """Say what was answered in the place of the API's answer."""
    kind = 'no JSON' if body is None else 'JSON that is not an answer of the API'
    kind = getattr(response, 'cut_off', kind)
    message = message_in(response)
    quoted = f' ({message})' if message else ''
    return f'HTTP {response.status_code} and {kind}{quoted}'


def message_in(response: requests.Response) -> str:
    """Return the first line of an answer, in whatever form it is."""
    # It is cut off, and half a secret would be found no more.
    text = redactor.clean(response.content[:100_000].decode('utf-8', 'replace'))
    return redactor.clean(first_line(text))


def never_connected(error: BaseException) -> bool:
    """Tell failures before the connection was made from all others."""
    return isinstance(error, requests.ConnectTimeout) or any(
        type(each).__name__ in _NOT_CONNECTED for each in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        # urllib3 puts the reason behind a text, or into an attribute.
        inner = [each for each in error.args if isinstance(each, BaseException)]
        found = inner[-1] if inner else error.__cause__ or vars(error).get('reason')
        error = found if isinstance(found, BaseException) else None


def reason_of(error: BaseException) -> str:
    """Say in a few words why a connection failed."""
    *_, innermost = _chain(error)
    reason = getattr(innermost, 'reason', None) or innermost
    text = redactor.clean(str(reason)).rpartition(': ')[2] or type(reason).__name__
    return text.strip('\')" ')
