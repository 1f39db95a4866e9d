"""Transmitting a request: how long to wait, and what is an answer of the API.

A wiki that does not answer is asked again until a deadline, if there is one; without
one, and for maxlag, pywikibot decides. Which token a request carries, and what is done
about a refusal, is the work of :mod:`~mw_tokens_plugin.site.requests`.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pywikibot
import requests
from pywikibot.comms import http
from pywikibot.data.api._requests import Request
from pywikibot.exceptions import ApiTimeoutError, FatalServerError

from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    HttpRefusal,
    InvalidInput,
    RateLimited,
    ReadOnly,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.answers import may_be_answer
from mw_tokens_plugin.protocol.legacy import lacks_tokens
from mw_tokens_plugin.protocol.oldanswers import in_second_version
from mw_tokens_plugin.protocol.responses import readable, refusal
from mw_tokens_plugin.site.failures import (
    description_of,
    message_in,
    never_connected,
    raise_failure,
    reason_of,
    seconds_to_wait,
)
from mw_tokens_plugin.site.inflight import in_flight
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.transport import (
    body_of,
    latest_error_status,
    latest_failure,
    waiting_for_api,
)

#: The parameters of core and its AuthManager modules that hold a token.
TOKEN_PARAMETERS = ('token', 'linktoken', 'logintoken', 'createtoken', 'lgtoken')

#: All but those of callers that are not logged in yet.
WRITE_TOKENS = frozenset(TOKEN_PARAMETERS) - {'logintoken', 'lgtoken'}

#: Refusals by HTTP that concern the moment: the request was too slow, too early, or one
#: of too many.
_REFUSED_FOR_NOW = frozenset({408, 425, 429})

#: What every wiki says of itself when it is asked; pywikibot relies on it.
_ALWAYS_SAID = frozenset({'general', 'namespaces', 'namespacealiases'})

#: What a wiki answers while its databases do not work, or when one is gone for good.
_MAY_WORK_AGAIN = frozenset(
    f'internal_api_error_{name}'
    for name in (
        'DBConnectionError',
        'DBQueryError',
        'DBQueryTimeoutError',
        'DBUnexpectedError',
        'ReadOnlyError',
    )
)


class TransmittedRequest(Request):  # type: ignore[misc]
    """A request that waits for its answer in a way that can be told.

    The name ends in "Request" and there is no ``__init__``: pywikibot takes the
    constructor's arguments from the classes for which both holds.

    :cvar deadline: seconds after which a wiki that does not answer a read counts as
        unreachable; None leaves it to pywikibot, which tries for some 20 minutes
    """

    deadline: float | None = None

    site: PluginSite
    mime: dict[str, tuple[Any, ...]] | None

    #: When the first try was sent that the wiki broke down over.
    _broken_since: float | None = None
    #: When the first of several tries was sent that were not answered.
    _first_failure: float | None = None
    _sent_at = 0.0
    #: Whether the last answer was that there were too many requests.
    _is_limited = False
    #: What the last answer was, if it was none of the API.
    _other_answer: str | None = None
    #: Whether it is a write, and one of several tries may have taken effect.
    _may_have_arrived = False

    def _get_request_params(
        self, use_get: bool, paramstring: str
    ) -> tuple[bool, str, str | bytes | None, dict[str, str]]:
        """Prepare one transmission."""
        prepared: tuple[bool, str, str | bytes | None, dict[str, str]]
        parts = self.mime
        if parts is not None:
            self.mime = {name: _ending(name, part) for name, part in parts.items()}
        try:
            prepared = super()._get_request_params(use_get, paramstring)
        finally:
            self.mime = parts
        return prepared

    def _http_request(
        self,
        use_get: bool,
        uri: str,
        data: Any,
        headers: dict[str, str] | None,
        paramstring: str,
    ) -> tuple[requests.Response | None, bool]:
        """Transmit it, and hold the answer to the limits of the API's."""
        with waiting_for_api():
            return self._transmit(use_get, uri, data, headers, paramstring)

    def _may_write(self) -> bool:
        """Tell whether it changes something, as far as is known."""
        return bool(self.write) or not WRITE_TOKENS.isdisjoint(self._params)

    def _redirected(self, host: str) -> AmbiguousWrite | WikiUnreachable:
        """Return what is raised where an answer leads to somewhere else.

        :param host: where to
        """
        sends_password = self.action in ('login', 'clientlogin')
        if self._may_write() and not sends_password:
            return self._unknown(f'a redirect to {host}, which was not followed')
        return WikiUnreachable(
            f'{self.site} redirects action={self.action} to {host}, which was not '
            'followed. Correct the protocol and the address in the family file, then '
            'start again.'
        )

    def wait(self, delay: int | None = None, **kwargs: Any) -> None:
        """Wait before the next try, and keep no login of another thread waiting.

        :raises AmbiguousWrite: it was tried often enough, and one of the tries may have
            taken effect
        :raises WikiUnreachable: it was tried often enough
        :raises RateLimited: the wiki asked for a slower pace all the time
        :raises ReadOnly: the wiki took no writes all the time
        """
        self.site.tokens.session.traffic.landed(self)
        in_flight.leave()
        # It ends up in the error that is raised after the last try.
        if 'uri' in kwargs:
            kwargs['uri'] = redactor.clean(str(kwargs['uri']))
        # There is none while a file is sent in pieces, by requests of their own.
        last: dict[str, Any] = getattr(self, 'last_error', {})
        code, info = last.get('code'), str(last.get('info'))
        # It is called with the address where no answer came at all.
        if 'uri' in kwargs:
            status = latest_error_status()
            self._other_answer = None if status is None else f'HTTP {status}'
            self._is_limited = False
        if 'uri' in kwargs or self._other_answer is not None:
            # That error was the answer to an earlier try.
            code, info = None, ''
        if self._is_limited:
            code, info = 'ratelimited', 'too many requests'
        elif last and code is None and self._may_write():
            failure = latest_failure() if 'uri' in kwargs else None
            if failure is None or not never_connected(failure):
                self._may_have_arrived = True
        try:
            super().wait(delay, **kwargs)
        except ApiTimeoutError as error:
            known = self._given_up(code, info)
            if known is None:
                raise
            raise known from error

    def _given_up(self, code: str | None, info: str) -> Exception | None:
        """Return what is raised after the last try; None leaves that to pywikibot.

        :param code: how the wiki refused the last one; None if there was no answer
        :param info: the wiki's explanation
        """
        failure: Exception
        answered = self._other_answer
        # A chunk of a file that is put aside publishes nothing.
        if self._may_have_arrived and 'stash' not in self._params:
            how = f'answered with {answered}' if answered else 'did not answer'
            return AmbiguousWrite(
                f'{self.site} {how}: action={self.action} was sent more than once, and '
                'may have taken effect. Read what it did before it is sent again.'
            )
        if self.action in ('login', 'clientlogin'):
            return None  # pywikibot would take a refusal for a wrong password
        if code is None:
            return WikiUnreachable(self._unreachable(answered))
        failure = refusal(code, info, str(self.site))
        return failure if isinstance(failure, ReadOnly | RateLimited) else None

    def _unreachable(self, answered: str | None, reason: str = '') -> str:
        """Say that a wiki was tried often enough.

        :param answered: what it answered; None if nothing
        :param reason: why it did not, if that is known
        """
        if answered:
            return (
                f'{self.site} answers with {answered}. Try again later; if that does '
                'not help, check the address in the family file.'
            )
        known = f' ({reason})' if reason else ''
        return (
            f'{self.site} does not answer{known}. Check the address in the family file '
            'and the network, then start again.'
        )

    def _transmit(
        self,
        use_get: bool,
        uri: str,
        data: Any,
        headers: dict[str, str] | None,
        paramstring: str,
    ) -> tuple[requests.Response | None, bool]:
        """Give up on an unreachable wiki after the deadline, if there is one."""
        if self.deadline is None:
            answer: tuple[requests.Response | None, bool]
            answer = super()._http_request(use_get, uri, data, headers, paramstring)
            return answer
        started = time.monotonic()
        try:
            response = self._fetch(use_get, uri, data, headers)
        except FatalServerError:
            raise
        except Exception as error:  # noqa: BLE001  # all that requests raises
            if isinstance(error, ValueError):
                self._check_address(uri)
            self._pause_or_give_up(started, reason=reason_of(error))
            return None, use_get
        if response.status_code == 414 and use_get:
            return None, False
        self._sent_at = started
        return response, use_get

    def _fetch(
        self, use_get: bool, uri: str, data: Any, headers: dict[str, str] | None
    ) -> requests.Response:
        """Transmit it, and return the answer whatever its status is."""
        response: requests.Response = http.request(
            self.site,
            uri=uri,
            method='GET' if use_get else 'POST',
            data=data,
            headers=headers,
            # pywikibot's own would report each refused connection as an error.
            default_error_handling=False,
            callbacks=[raise_failure],
        )
        if response.status_code >= 500:
            # Who waits then can be interrupted; pywikibot's throttle can not.
            self.site.throttle.retry_after = 0
        return response

    def _check_address(self, uri: str) -> None:
        """Tell an address of our own that is none from one of a redirect.

        :raises InvalidInput: the address in the family file is wrong
        """
        try:
            # Not with its query, in which there may be a centralauthtoken.
            address = self.site.base_url(uri.partition('?')[0])
            requests.Request('GET', address).prepare()
        except ValueError as error:
            raise InvalidInput(
                f'{self.site} has no address that can be asked ({error}). Correct the '
                'address in the family file.'
            ) from None

    def _pause_or_give_up(
        self,
        started: float,
        answered: str | None = None,
        reason: str = '',
        asked: float = 0.0,
        *,
        limited: bool = False,
    ) -> None:
        """Wait before the next try, or raise if it would end after the deadline.

        :param started: when the request was sent that was not answered
        :param answered: what was answered instead; None if nothing
        :param reason: why nothing was, in a few words
        :param asked: seconds that the server asks to wait
        :param limited: whether it says that there were too many requests
        """
        assert self.deadline is not None
        if self._first_failure is None:
            self._first_failure = started
        waited = time.monotonic() - self._first_failure
        pause = max(min(max(1.0, waited), 5.0), asked)
        if waited + pause > self.deadline:
            failure: RateLimited | WikiUnreachable
            if limited:
                failure = RateLimited('http-429', 'too many requests', str(self.site))
            else:
                failure = WikiUnreachable(self._unreachable(answered, reason))
            failure.retry_after = asked
            raise failure
        how = f'answers with {answered}' if answered else f'does not answer ({reason})'
        pywikibot.warning(f'{self.site} {how}; trying again in {pause:.0f} s.')
        self.site.tokens.session.traffic.landed(self)
        in_flight.leave()
        pywikibot.sleep(pause)

    def _internal_api_error(self, code: str, error: Any, result: Any) -> bool:
        """Ask a wiki that breaks down again, but not after the deadline.

        :raises WikiUnreachable: it was asked for long enough
        """
        if self.deadline is None or code not in _MAY_WORK_AGAIN:
            again: bool = super()._internal_api_error(code, error, result)
            return again
        if self._broken_since is None:
            self._broken_since = self._sent_at
        self._first_failure = self._broken_since
        self._pause_or_give_up(self._sent_at, f'the error {code}')
        return True

    def _json_loads(self, response: requests.Response) -> dict[str, Any] | None:
        """Read an answer of the API; anything else is none, and asked for again."""
        body = body_of(response)
        is_old = isinstance(body, dict) and lacks_tokens(body)
        if not is_old and (
            not may_be_answer(self.action, body, response.status_code)
            or self._lacks_the_query(body)
        ):
            self._not_answered(response, body)
            return None
        self._first_failure = self._other_answer = None
        self._is_limited = False
        if isinstance(body, dict):
            body = in_second_version(body, wanted='formatversion' in self._params)
        return readable(body) if isinstance(body, dict) else body or {}

    def _lacks_the_query(self, body: Any) -> bool:
        """Tell whether something is missing that every wiki answers.

        Where a query is continued, what has been answered once may be left out.
        """
        if self.action != 'query' or not body.keys().isdisjoint({'error', 'errors'}):
            return False
        meta = self._params.get('meta', ())
        if 'continue' in self._params or 'continue' in body:
            return False
        if 'siteinfo' in meta:
            asked = _ALWAYS_SAID.intersection(self._params.get('siprop', ['general']))
            said = dict(body.get('query') or {})
            if not asked <= said.keys() or ('general' in asked and not said['general']):
                return True
        return 'userinfo' in meta and 'query' not in body

    def _not_answered(self, response: requests.Response, body: object) -> None:
        """Wait before the next try, after something else than the API has answered.

        :param body: the decoded body; None if it is not JSON
        :raises HttpRefusal: the next try would be refused too
        :raises AmbiguousWrite: it is a write, and may have taken effect
        """
        status = response.status_code
        limited = self._is_limited = status == 429
        what = self._other_answer = description_of(response, body)
        is_final = 400 <= status < 500 and status not in _REFUSED_FOR_NOW
        if is_final and not _is_guess(self.site):
            raise self._refused_before(response)
        if body is not None and self._may_write():
            raise self._unknown(what)
        if self.deadline is not None:
            asked = seconds_to_wait(response)
            self._pause_or_give_up(self._sent_at, what, asked=asked, limited=limited)
            return
        if body is None:
            # What is not JSON at all is known to pywikibot.
            with contextlib.suppress(ValueError, RecursionError):
                super()._json_loads(response)
                return
        pywikibot.warning(f'{self.site} answered with {what}; trying again.')
        self.wait()

    def _refused_before(self, response: requests.Response, hint: str = '') -> Exception:
        """Return what is raised where something before the API refuses.

        :param hint: a sentence on what the reason may be
        """
        status = response.status_code
        message = message_in(response)
        if not hint and status in (404, 410):
            hint = f'There is no api.php at {self.site.base_url(self.site.apipath())}.'
        if status == 413:
            size = int(response.request.headers.get('Content-Length', 0))
            hint = f'It takes no request of {size:,} bytes; give a smaller chunk_size.'
        quoted = f': {message}' if message else '.'
        return HttpRefusal(
            f'{self.site} refused the request with HTTP {status}{quoted} '
            f'{hint or "It was not sent again."} Check the address in the family file '
            'and user_agent_description in user-config.py.',
            status,
        )

    def _unknown(self, what: str) -> AmbiguousWrite:
        """Return what is raised where a write was answered by something else.

        :param what: what the answer was
        """
        return AmbiguousWrite(
            f'{self.site} answered action={self.action} with {what}; it may have taken '
            'effect.'
        )


def _ending(name: str, part: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keep the carriage return with which a file ends.

    pywikibot lets a line feed follow, and PHP takes both for the end of the part. Of
    chunks it knows that by itself: https://phabricator.wikimedia.org/T132676
    """
    content, *how = part
    is_cut_off = isinstance(content, bytes) and content.endswith(b'\r')
    return (content + b'\r', *how) if is_cut_off and name != 'chunk' else part


def _is_guess(site: PluginSite) -> bool:
    """Tell whether pywikibot is only trying out whether there is a wiki."""
    return type(site.family).__name__ == 'AutoFamily'
