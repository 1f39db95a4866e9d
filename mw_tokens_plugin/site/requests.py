"""Request classes that renew refused tokens and lost sessions, and send writes once.

Transport failures of reads and maxlag stay with pywikibot's own Request; what is done
about a write of unknown outcome is for the caller to decide.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

import pywikibot
import requests
from pywikibot import config
from pywikibot.comms import http
from pywikibot.data import api
from pywikibot.data.api._requests import CachedRequest, Request
from pywikibot.exceptions import (
    APIError,
    FatalServerError,
    MaxlagTimeoutError,
)
from pywikibot.login import LoginStatus

from mw_tokens_plugin.exceptions import (
    BadToken,
    Blocked,
    HttpRefusal,
    InvalidInput,
    LostRace,
    NoTokenNeeded,
    OutcomeUnknown,
    RateLimited,
    SessionLost,
    TokenUnavailable,
    UnexpectedAnswer,
    UnknownModule,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.answers import (
    first_line,
    is_answer,
    may_be_answer,
    retry_after,
)
from mw_tokens_plugin.protocol.responses import readable, refusal
from mw_tokens_plugin.protocol.tokens import ANONYMOUS, Token
from mw_tokens_plugin.site.cookies import acting_as
from mw_tokens_plugin.site.credentials import carried, check
from mw_tokens_plugin.site.errortexts import sentence
from mw_tokens_plugin.site.foreign.outgoing import authenticated
from mw_tokens_plugin.site.recovery import LOGGED_OUT, Remedy, Tried, remedy
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.secretsources import note_configuration, note_parameter
from mw_tokens_plugin.site.session import NOBODY
from mw_tokens_plugin.site.transport import body_of, waiting_for_api, within_limits

#: The parameters of core and its AuthManager modules that hold a token.
_TOKEN_PARAMETERS = ('token', 'linktoken', 'logintoken', 'createtoken', 'lgtoken')

#: Those of callers that are not logged in yet.
_LOGIN_TOKENS = frozenset({'logintoken', 'lgtoken'})

#: Modules of which the campaigns read the results: anything but a mapping proves none.
_MAPPINGS = frozenset(
    'delete undelete globaluserrights setglobalaccountstatus linkaccount'.split()
)


#: Refusals by HTTP that concern the moment: the request was too slow, too early, or one
#: of too many.
_REFUSED_FOR_NOW = frozenset({408, 425, 429})


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


class TokenRequest(Request):  # type: ignore[misc]
    """A request that knows which token it carries.

    The name ends in "Request" and there is no ``__init__``: pywikibot takes the
    constructor's arguments from the classes for which both holds.

    :cvar deadline: seconds after which a wiki that does not answer a read counts as
        unreachable; None leaves it to pywikibot, which tries for some 20 minutes
    """

    deadline: float | None = None
    #: Whether it logs in again where the session is lost.
    may_log_in = True
    #: Errors that the caller has an answer to: they are raised without a warning. One
    #: that ends in "_" stands for all that begin so.
    expected_errors: frozenset[str] = frozenset()
    #: Whether pywikibot asks for what extensions know of pages, too, and for that first
    #: which extensions the wiki has.
    asks_extensions = True

    mime: dict[str, tuple[Any, ...]] | None

    _token: Token | None = None
    _token_parameter: str = 'token'
    #: The session in which this request was last sent.
    _generation = 0
    #: The session in which this request's token was renewed; once is enough.
    _renewed_in: int | None = None
    #: Tokens that were refused while other requests were on their way.
    _refusals = 0
    #: When the first try was sent that the wiki broke down over.
    _broken_since: float | None = None
    #: When the first of several tries was sent that were not answered.
    _first_failure: float | None = None
    _sent_at = 0.0
    #: Login tokens that the wiki refused.
    _login_tokens = 0
    #: Whether an answer has brought cookies.
    _has_cookies = False
    #: Who was logged in when this request was last sent.
    _asker: str | None = None

    def __setitem__(self, key: str, value: Any) -> None:
        """Remember a token before pywikibot makes it plain text."""
        if isinstance(value, Token):
            self._token = value
            self._token_parameter = key
        note_parameter(self.action, key, value)
        super().__setitem__(key, value)

    def _add_defaults(self) -> None:
        """Let all that carries a token assert who it is made by.

        A session that was lost makes an anonymous edit otherwise, which publishes the
        operator's IP address. pywikibot knows of some actions only that they write.

        :raises TokenUnavailable: the token is the one of anonymous callers
        """
        carried = self._params.keys() & set(_TOKEN_PARAMETERS) - _LOGIN_TOKENS
        if self.write or (carried and self._is_somebody()):
            for name in carried:
                if self._params[name] == [ANONYMOUS]:
                    raise TokenUnavailable(
                        f'action={self.action} on {self.site} was given the token of '
                        'callers that are not logged in. Nothing was sent; take the '
                        'token from site.tokens.'
                    )
            # Not user(), which is None while another thread logs in.
            user = self.site.username()
            if user is not None and self._params.get('assert') != ['anon']:
                self._params.setdefault('assert', ['user'])
                self._params.setdefault('assertuser', [user])
        properties = None if self.asks_extensions else self._params.pop('prop', None)
        super()._add_defaults()
        if properties is not None:
            self._params['prop'] = properties

    def _is_somebody(self) -> bool:
        """Tell whether the site is used as an account, or is just logging in."""
        return self.site._loginstatus not in NOBODY

    def _get_request_params(
        self, use_get: bool, paramstring: str
    ) -> tuple[bool, str, str | bytes | None, dict[str, str]]:
        """Swap a token that died since it was attached; it runs once a transmission."""
        check(self.site, carried(self.action, self._params))
        if self._token is not None:
            live = self.site.tokens[self._token.type]
            if live is not self._token:
                self[self._token_parameter] = live
                paramstring = self._http_param_string()
        session = self.site.tokens.session
        self._generation, self._asker = session.generation, self.site.user()
        answer: tuple[bool, str, str | bytes | None, dict[str, str]]
        parts = self.mime
        self.mime = parts and {
            name: _ending(name, part) for name, part in parts.items()
        }
        try:
            answer = super()._get_request_params(use_get, paramstring)
        finally:
            self.mime = parts
        session.traffic.sending(self)
        return answer

    def __str__(self) -> str:
        """Describe the request without its secrets."""
        return redactor.clean(super().__str__())

    def submit(self) -> dict[str, Any]:
        """Send it, until there is an answer."""
        if self.action in ('login', 'clientlogin'):
            self.site.tokens.session.logins += 1
        try:
            with acting_as(self.site.username()):
                answer: dict[str, Any] = super().submit()
                if self._shows_who_asks(answer):
                    self._succeeded()
            return answer
        except Exception as error:
            redactor.clean_error(error)
            raise
        finally:
            self.site.tokens.session.traffic.answered(self)

    def _shows_who_asks(self, answer: dict[str, Any]) -> bool:
        """Tell whether a success means that the account is logged in."""
        if 'assertuser' in self._params:
            return True
        query = answer.get('query')
        info = query.get('userinfo') if isinstance(query, dict) else None
        return isinstance(info, dict) and info.get('name') == self.site.username()

    def _succeeded(self) -> None:
        """Note that the session is of use, and keep the cookies that revived it."""
        http.cookie_jar.proven(may_differ=self._has_cookies)
        self._proves_session()

    def _proves_session(self) -> None:
        """Note that the session is of use.

        Fetching tokens proves nothing: it only prepares for something else.
        """
        prepares = 'tokens' in self._params.get('meta', ())
        if not prepares and self.action != 'centralauthtoken':
            self.site.tokens.session.proven(self._generation)

    def _http_request(
        self,
        use_get: bool,
        uri: str,
        data: Any,
        headers: dict[str, str] | None,
        paramstring: str,
    ) -> tuple[requests.Response | None, bool]:
        """Note when the answer has come, and what time it is on the server.

        :raises OutcomeUnknown: it is a write, and was answered with a redirect
        :raises WikiUnreachable: so was something else that is not sent elsewhere
        """
        session = self.site.tokens.session
        note_configuration()
        if not session.has_heard:
            session.heard(self._host, self._generation)
        try:
            with (
                waiting_for_api(),
                authenticated(getattr(self.site, 'authentication', None)),
            ):
                answer = self._transmit(use_get, uri, data, headers, paramstring)
        finally:
            session.traffic.landed(self)
        if answer[0] is not None:
            session.clock.heard(answer[0].headers.get('Date'))
            if 'Set-Cookie' in answer[0].headers:
                self._has_cookies = True
                session.heard(self._host, self._generation)
            if target := getattr(answer[0], 'not_followed_to', None):
                raise self._redirected(target)
        return answer

    @property
    def _host(self) -> str:
        return urlsplit(self.site.base_url('')).hostname or ''

    def _may_write(self) -> bool:
        """Tell whether it changes something, as far as is known."""
        tokens = set(_TOKEN_PARAMETERS) - _LOGIN_TOKENS
        return bool(self.write) or not tokens.isdisjoint(self._params)

    def _redirected(self, host: str) -> OutcomeUnknown | WikiUnreachable:
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
        """Wait before the next try, and keep no login of another thread waiting."""
        self.site.tokens.session.traffic.landed(self)
        # It ends up in the error that is raised after the last try.
        if 'uri' in kwargs:
            kwargs['uri'] = redactor.clean(str(kwargs['uri']))
        super().wait(delay, **kwargs)

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
        except Exception as error:
            if isinstance(error, ValueError):
                self._check_address(uri)
            self._pause_or_give_up(started, _reason(error))
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
            callbacks=[_received],
        )
        if response.status_code >= 500:
            # Who waits then can be interrupted; pywikibot's throttle can not.
            self.site.throttle.retry_after = 0
        return response

    def _check_address(self, uri: str) -> None:
        """Tell an address of our own that is none from one of a redirect.

        :raises InvalidInput: the family file is to be corrected
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
        self, started: float, reason: str, asked: float = 0.0, *, limited: bool = False
    ) -> None:
        """Wait before the next try, or raise if it would end after the deadline.

        :param started: when the request was sent that was not answered
        :param reason: why, in a few words
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
                failure = WikiUnreachable(
                    f'{self.site} does not answer ({reason}). Check the address in the '
                    'family file and the network, then start again.'
                )
            failure.retry_after = asked
            raise failure
        pywikibot.warning(
            f'{self.site} does not answer ({reason}); trying again in {pause:.0f} s.'
        )
        self.site.tokens.session.traffic.landed(self)
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
        if not may_be_answer(
            self.action, body, response.status_code
        ) or self._lacks_the_query(body):
            self._not_answered(response, body)
            return None
        self._first_failure = None
        return readable(body) if isinstance(body, dict) else body or {}

    def _lacks_the_query(self, body: Any) -> bool:
        """Tell whether nothing is there of what pywikibot asks in every query.

        Where a query is continued, what has been answered once may be left out.
        """
        return (
            self.action == 'query'
            and 'userinfo' in self._params.get('meta', ())
            and 'continue' not in self._params
            and body.keys().isdisjoint({'query', 'error', 'errors'})
        )

    def _not_answered(self, response: requests.Response, body: object) -> None:
        """Wait before the next try, after something else than the API has answered.

        :param body: the decoded body; None if it is not JSON
        :raises HttpRefusal: the next try would be refused too
        :raises OutcomeUnknown: it is a write, and may have been carried out
        """
        status = response.status_code
        limited = status == 429
        what = _what(response, body)
        is_final = 400 <= status < 500 and status not in _REFUSED_FOR_NOW
        if is_final and not _is_guess(self.site):
            raise self._refused_before(response)
        if body is not None and self._may_write():
            raise self._unknown(what)
        if self.deadline is not None:
            asked = _asked_to_wait(response)
            self._pause_or_give_up(self._sent_at, what, asked, limited=limited)
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
        said = _said(response)
        if not hint and status in (404, 410):
            hint = f'There is no api.php at {self.site.base_url(self.site.apipath())}.'
        if status == 413:
            size = int(response.request.headers.get('Content-Length', 0))
            hint = f'It takes no request of {size:,} bytes; give a smaller chunk_size.'
        return HttpRefusal(
            f'{self.site} refused the request with HTTP {status}'
            f'{f": {said}" if said else "."} {hint or "It was not sent again."} Check '
            'the address in the family file and user_agent_description in '
            'user-config.py.',
            status,
        )

    def _unknown(self, what: str) -> OutcomeUnknown:
        """Return what is raised where a write was answered by something else.

        :param what: what the answer was
        """
        return OutcomeUnknown(
            f'{self.site} answered action={self.action} with {what}; it may have been '
            'carried out.'
        )

    def _userinfo_query(self, result: dict[str, Any]) -> bool:
        """Send a read again that was answered to nobody, as the session was lost.

        pywikibot takes that answer where another thread is logging in by then.
        """
        query = result.get('query')
        info = query.get('userinfo') if isinstance(query, dict) else None
        name = info.get('name') if isinstance(info, dict) else None
        asker = self._asker
        if None not in (name, asker) and name != asker == self.site.username():
            self._relogin()
            return True
        again: bool = super()._userinfo_query(result)
        return again

    def _logged_in(self, code: str) -> bool:
        """Do what the table says about a dead token or session.

        It is the first that pywikibot asks about an error, before it warns of it.

        :return: whether the error is to be looked at further; else the request is sent
            again
        :raises SessionLost: the session is lost, and renewing it did not help or was
            tried too often; or the wiki refuses every login token
        """
        groups = tuple(each for each in self.expected_errors if each.endswith('_'))
        if code in self.expected_errors or (groups and code.startswith(groups)):
            raise APIError(**self.last_error)
        if code in LOGGED_OUT:
            return not self._renew_session(code)
        if 'assertuser' in self._params and code != 'badtoken':
            # Who asks is looked at before all else that can be refused.
            self._proves_session()
        tried = self._tried()
        chosen = self._remedy(code)
        if tried.is_login and code == 'badtoken':
            self._login_tokens += 1
        if self._carry_out(chosen, code):
            return False
        goes_on: bool = super()._logged_in(code)
        return goes_on

    def _renew_session(self, code: str) -> bool:
        """Log in again when the wiki has lost the session.

        :return: whether the request is sent again
        :raises SessionLost: it did not help, or was tried too often
        """
        if not self.may_log_in:
            return False
        session = self.site.tokens.session
        if self._remedy(code) is not Remedy.RENEW_SESSION:
            session.renew(self._generation)  # it says why not
        self._adopt_token()
        session.renew(self._generation)
        # A second loss is a new one, which pywikibot would take for the same error.
        self._forget_error()
        return True

    def _relogin(self, message: str = '') -> None:
        """Log in again, once for all threads."""
        self.site.tokens.session.renew(self._generation)

    def _bad_token(self, code: str) -> bool:
        """Leave it: what can be done about it has been tried by now."""
        return False

    def _remedy(self, code: str) -> Remedy:
        return remedy(code, str(self.last_error['info']), self._tried())

    def _tried(self) -> Tried:
        """Return what the table needs to know of this request."""
        session = self.site.tokens.session
        return Tried(
            is_login=self.action in ('login', 'clientlogin')
            and self.site._loginstatus == LoginStatus.IN_PROGRESS,
            has_token=self._token is not None
            or not self._params.keys().isdisjoint(_TOKEN_PARAMETERS),
            session_can_be_renewed=self.may_log_in
            and session.can_renew(self._generation),
            overlapped=session.traffic.overlapped(self),
            renewed_token=self._renewed_in == session.generation,
            refusals=self._refusals,
            login_tokens=self._login_tokens,
        )

    def _carry_out(self, chosen: Remedy, code: str) -> bool:
        """Renew what is to be renewed, or raise.

        :param code: the API's error code
        :return: whether the request is sent again
        """
        if chosen is Remedy.GIVE_UP_LOGIN:
            raise SessionLost(
                f'{self.site} refuses every login token: it does not keep its '
                'sessions. Try again later.'
            )
        if chosen is not Remedy.RENEW_TOKEN:
            return False
        self._adopt_token()
        if self._token is None:
            return False
        session = self.site.tokens.session
        if session.traffic.answered(self):
            # Another request may have begun the session that is the present one.
            self._refusals += 1
        else:
            self._renewed_in = session.generation
        api._invalidate_superior_cookies(self.site.family)
        self.site.tokens.drop(self._token)
        self._forget_error()
        return True

    def _forget_error(self) -> None:
        """Let the next error be a new one: pywikibot gives up at the second alike."""
        self.last_error: dict[str, Any] = dict.fromkeys(['code', 'info'])

    def _adopt_token(self) -> None:
        """Find the type of a token that was given as plain text."""
        if self._token is not None:
            return
        for parameter in _TOKEN_PARAMETERS:
            if parameter in self._params:
                break
        else:
            return
        wallet = self.site.tokens
        token_type = wallet.type_held(self._params[parameter][0])
        if token_type is None:
            with contextlib.suppress(NoTokenNeeded, UnknownModule):
                token_type = wallet.token_type_of(self.action)
        if token_type is not None:
            self[parameter] = wallet[token_type]


class CachedTokenRequest(TokenRequest, CachedRequest):  # type: ignore[misc]
    """A :class:`TokenRequest` whose answer pywikibot keeps on disk."""


class SingleSendRequest(TokenRequest):
    """A write that is sent once, and sent again only after a refusal.

    pywikibot repeats a request whose answer was lost, although it may have been
    carried out. Here that raises, and so does everything else that would have to wait:
    the caller reads the wiki first, or waits by a policy of its own.

    :ivar fields: what a form adds to the parameters, as it is: a name may come several
        times, and no log and no text of the request shows it
    """

    fields: tuple[tuple[str, str], ...] = ()

    def _get_request_params(
        self, use_get: bool, paramstring: str
    ) -> tuple[bool, str, str | bytes | None, dict[str, str]]:
        """Add the fields to the body, after pywikibot has logged it."""
        use_get, uri, body, headers = super()._get_request_params(use_get, paramstring)
        if self.fields:
            check(self.site, carried(self.action, dict(self.fields)))
            assert isinstance(body, str)
            body = f'{body}&{urlencode(self.fields)}'
        return use_get, uri, body, headers

    def _transmit(
        self,
        use_get: bool,
        uri: str,
        data: Any,
        headers: dict[str, str] | None,
        paramstring: str,
    ) -> tuple[requests.Response, bool]:
        """Send it, and raise where no answer comes back.

        :raises OutcomeUnknown: it may have been carried out
        :raises WikiUnreachable: it was certainly not sent
        """
        try:
            return self._fetch(use_get, uri, data, headers), use_get
        except Exception as error:
            # The error itself is left out of the traceback: it quotes the whole URL.
            if _never_connected(error):
                raise WikiUnreachable(
                    f'{self.site} cannot be reached ({_reason(error)}); '
                    f'action={self.action} was not sent.'
                ) from None
            raise OutcomeUnknown(
                f'The answer of {self.site} to action={self.action} was lost '
                f'({_reason(error)}); it may have been carried out.'
            ) from None

    def _json_loads(self, response: requests.Response) -> dict[str, Any]:
        """Read the answer, and raise where it is none of the API.

        :raises RateLimited: a proxy refused it
        :raises OutcomeUnknown: it is not an answer of the API to this action
        """
        body = body_of(response)
        if is_answer(self.action, body):
            return readable(body) if isinstance(body, dict) else {}
        failure: RateLimited | OutcomeUnknown
        if response.status_code == 429:
            failure = RateLimited('http-429', 'too many requests', str(self.site))
        else:
            failure = self._unknown(_what(response, body))
        failure.retry_after = _asked_to_wait(response)
        raise failure

    def _internal_api_error(self, code: str, error: object, result: object) -> bool:
        """Let it raise: pywikibot would send some of these again."""
        return False

    def _ratelimited(self) -> NoReturn:
        """Let it raise: the caller has a policy for waiting."""
        raise refusal('ratelimited', self.last_error['info'], str(self.site))


@contextlib.contextmanager
def refusals(site: Any) -> Iterator[None]:
    """Turn pywikibot's errors into the plugin's, one class for each kind.

    :param site: the site that is talked to
    :raises ApiRefusal: one of its subclasses
    :raises BadToken: the token was refused, and its renewal too
    :raises SessionLost: the session is gone for good
    """
    try:
        yield
    except APIError as error:
        if error.code in LOGGED_OUT:
            raise SessionLost(
                f'{site} has ended the session and renewing it did not help: '
                f'{error.info} Check the account, then start again.'
            ) from error
        if error.code == 'badtoken':
            raise BadToken(
                f'{site} refused the token, and a fresh one too: {error.info} '
                'Log in anew, then start again.'
            ) from error
        refused = refusal(error.code, error.info, str(site))
        if not isinstance(refused, LostRace):
            refused = refusal(error.code, _words(site, error), str(site))
        if isinstance(refused, Blocked):
            info = error.other.get('blockinfo')
            refused.partial = isinstance(info, dict) and bool(info.get('blockpartial'))
        raise refused from error
    except MaxlagTimeoutError as error:
        raise refusal('readonly', f'its databases lag: {error}', str(site)) from error


def _words(site: Any, error: APIError) -> str:
    """Return what the wiki says of an error, asked for if it named a message alone."""
    message = error.other.get('message')
    if not isinstance(message, dict) or 'key' not in message:
        return str(error.info)
    found = sentence(site, message['key'], message['params'])
    return found or str(error.info)


@contextlib.contextmanager
def proven(site: Any) -> Iterator[None]:
    """Take a success that does not say what was done for an unknown outcome.

    :param site: the site that was written to
    :raises OutcomeUnknown: the answer has another form
    """
    try:
        yield
    except UnexpectedAnswer as error:
        raise OutcomeUnknown(
            f'{site} does not say what it did: {error} It may have been carried out.'
        ) from error


def send_once(
    site: Any,
    action: str,
    parameters: dict[str, Any],
    *,
    token_parameter: str = 'token',
    fields: tuple[tuple[str, str], ...] = (),
    proof: str | None = None,
    expected: frozenset[str] = frozenset(),
) -> Any:
    """Send a write with the token that its module wants, and return its answer.

    :param site: where to
    :param action: the API module
    :param parameters: all but ``action``, the token and ``formatversion``
    :param token_parameter: what the module calls the token
    :param fields: of a form, sent as they are and never logged
    :param proof: what every success of the module tells, as a text
    :param expected: errors that the caller has an answer to, so that none is warned of
    :return: the value under the module's name, of whatever type it is; the whole answer
        where the module answers under other names
    :raises ApiRefusal: the wiki refused
    :raises OutcomeUnknown: the answer was lost, or lacks the proof; it may have been
        carried out
    """
    whole = {
        'action': action,
        token_parameter: site.tokens.for_action(action),
        'formatversion': 2,
        **parameters,
    }
    with refusals(site):
        request = site.single_send_request(site=site, parameters=whole)
        request.fields = fields
        request.expected_errors = expected
        answer = request.submit()
    # Some modules answer a list or a text, and those of Wikibase under other names.
    value = answer.get(action, answer)
    needs_mapping = proof is not None or action in _MAPPINGS
    told = proof is None or config.simulate
    if (
        value is None
        or (needs_mapping and (not isinstance(value, dict) or value is answer))
        or not (told or isinstance(value.get(proof), str))
    ):
        raise OutcomeUnknown(
            f'{site} answered action={action} without a result; it may have been '
            'carried out.'
        )
    return value


def _ending(name: str, part: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keep the carriage return with which a file ends.

    pywikibot lets a line feed follow, and PHP takes both for the end of the part. Of
    chunks it knows that by itself: https://phabricator.wikimedia.org/T132676
    """
    content, *how = part
    is_cut_off = isinstance(content, bytes) and content.endswith(b'\r')
    return (content + b'\r', *how) if is_cut_off and name != 'chunk' else part


def _received(response: requests.Response | Exception) -> None:
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
        response.headers['Retry-After'] = f'{math.ceil(_asked_to_wait(response))}'


def _asked_to_wait(response: requests.Response) -> float:
    headers = response.headers
    return retry_after(headers.get('Retry-After'), headers.get('Date'))


def fetch_as_nobody(url: str) -> requests.Response:
    """Return what anybody gets at an address, without following a redirect.

    No cookie goes along, nor comes back, and no password of ``~/.netrc``; of the
    headers that ``user-config.py`` adds, those without credentials do.

    :param url: the whole address
    :raises requests.RequestException: there is no answer, or somebody has replaced
        pywikibot's requests, so that nothing may be sent without them
    """
    if api.Request is not Request:
        raise requests.ConnectionError("pywikibot's requests are replaced by others")
    session = requests.Session()
    session.adapters = http.session.adapters
    session.proxies, session.cert = http.session.proxies, http.session.cert
    session.verify = http.session.verify
    session.hooks['response'].append(within_limits)
    headers = {'user-agent': http.user_agent()} | {
        name: value
        for name, value in config.extra_headers.items()
        if name.lower() not in ('authorization', 'cookie', 'proxy-authorization')
    }
    with waiting_for_api():
        return session.get(
            url,
            headers=headers,
            # Where there is none at all, ~/.netrc is searched for one.
            auth=lambda request: request,
            timeout=config.socket_timeout,
            allow_redirects=False,
        )


def _what(response: requests.Response, body: object) -> str:
    """Say what was answered in the place of the API's answer."""
    kind = 'no JSON' if body is None else 'JSON that is not an answer of the API'
    kind = getattr(response, 'cut_off', kind)
    said = _said(response)
    return f'HTTP {response.status_code} and {kind}{f" ({said})" if said else ""}'


def _said(response: requests.Response) -> str:
    # It is cut off, and half a secret would be found no more.
    said = redactor.clean(response.content[:100_000].decode('utf-8', 'replace'))
    return redactor.clean(first_line(said))


def _is_guess(site: Any) -> bool:
    """Tell whether pywikibot is only trying out whether there is a wiki."""
    return type(site.family).__name__ == 'AutoFamily'


def _never_connected(error: BaseException) -> bool:
    """Tell failures before the connection was made from all others."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    return any(
        'NewConnectionError' in text or 'NameResolutionError' in text
        for text in map(repr, _chain(error))
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        # urllib3 puts the reason behind a text.
        inner = [each for each in error.args if isinstance(each, BaseException)]
        error = inner[-1] if inner else error.__cause__


def _reason(error: BaseException) -> str:
    """Say in a few words why a connection failed."""
    *_, innermost = _chain(error)
    reason = getattr(innermost, 'reason', None) or innermost
    text = redactor.clean(str(reason)).rpartition(': ')[2] or type(reason).__name__
    return text.strip('\')" ')
