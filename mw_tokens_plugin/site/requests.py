"""Requests that renew refused tokens and lost sessions, and are sent again then.

Theory of operation
-------------------
Each transmission of a request happens in a session, which :class:`.session.Session`
numbers, and carries at most one token for its module. pywikibot calls, in this order:

1. ``_get_request_params()``, after the throttle: the request notes the session's number
   and who is logged in, and swaps a token that died since it was attached;
2. ``_http_request()``: the answer is awaited, and what it tells of the server's time
   and of the session's cookies is passed on;
3. where the wiki refuses, ``_logged_in()``, which asks the table of :mod:`.recovery`
   and does what that says: it drops the token, or lets the session be renewed.

What must always hold:

- what a request changes of itself (its token, how often it was renewed) is its own;
  what is shared, the session and the wallet change under their own locks;
- what carries a token asserts who it is made by, so a lost session makes no anonymous
  edit;
- no token is attached that is not the wallet's at the moment of the transmission;
- pywikibot gives up at the second error that is like the one before, so an error that
  has led to a renewal is forgotten.

How an answer is awaited and read is the work of :mod:`.transmission`, writes that are
sent once that of :mod:`.writes`.
"""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import urlsplit

import requests
from pywikibot import config
from pywikibot.comms import http
from pywikibot.data import api
from pywikibot.data.api._requests import CachedRequest
from pywikibot.exceptions import APIError, MaxlagTimeoutError
from pywikibot.login import LoginStatus

from mw_tokens_plugin.exceptions import (
    NoTokenNeeded,
    SessionLost,
    TokensPluginError,
    TokenUnavailable,
    UnknownModule,
)
from mw_tokens_plugin.protocol.oldmodules import has_no_paths
from mw_tokens_plugin.protocol.tokens import ANONYMOUS, Token
from mw_tokens_plugin.site.bearer import bearer_for
from mw_tokens_plugin.site.cookierules import taking_cookies_of
from mw_tokens_plugin.site.cookies import acting_as
from mw_tokens_plugin.site.credentials import carried, check
from mw_tokens_plugin.site.foreign.outgoing import authenticated
from mw_tokens_plugin.site.inflight import in_flight
from mw_tokens_plugin.site.oauthrefusals import (
    BAD_COOKIE,
    REFUSED,
    is_repeated_nonce,
    oauth_refusal,
)
from mw_tokens_plugin.site.oldwikis import modules_described
from mw_tokens_plugin.site.recovery import (
    LOGGED_OUT,
    Remedy,
    Tried,
    may_be_logged_out,
    remedy,
)
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.refusals import as_ours
from mw_tokens_plugin.site.secretsources import note_configuration, note_parameter
from mw_tokens_plugin.site.session import NOBODY, is_attended
from mw_tokens_plugin.site.transmission import (
    TOKEN_PARAMETERS,
    WRITE_TOKENS,
    TransmittedRequest,
)

#: How often a login is confirmed for one request, since threads may do it for others.
_MAX_CONFIRMATIONS = 3


class TokenRequest(TransmittedRequest):
    """A request that knows which token it carries.

    The name ends in "Request" and there is no ``__init__``: pywikibot takes the
    constructor's arguments from the classes for which both holds.
    """

    #: Whether it logs in again where the session is lost.
    may_log_in = True
    #: Errors that the caller has an answer to: they are raised without a warning. One
    #: that ends in "_" stands for all that begin so.
    expected_errors: frozenset[str] = frozenset()
    #: Whether pywikibot asks for what extensions know of pages, too, and for that first
    #: which extensions the wiki has.
    asks_extensions = True
    #: Whether a read is sent without a login where the wiki answers everybody, and each
    #: request with one costs another request.
    as_nobody = False

    _token: Token | None = None
    _token_parameter: str = 'token'  # noqa: S105  # the name of a parameter
    #: The session in which this request was last sent.
    _generation = 0
    #: The session in which this request's token was renewed; once is enough.
    _renewed_in: int | None = None
    #: Tokens that were refused while other requests were on their way.
    _refusals = 0
    #: Login tokens that the wiki refused.
    _login_tokens = 0
    #: How often the login was confirmed for it.
    _confirmations = 0
    #: Whether an answer has brought cookies.
    _has_cookies = False
    #: Who was logged in when this request was last sent, if the answer may tell.
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
        operator's IP address, and so does a centralauthtoken where the account has no
        local one. pywikibot knows of some actions only that they write.

        :raises TokenUnavailable: the token is the one of anonymous callers
        """
        tokens = WRITE_TOKENS & self._params.keys()
        if not self._is_somebody():
            # Who creates an account has none yet.
            tokens -= {'createtoken'}
        if self.write or tokens:
            for name in tokens:
                if self._params[name] == [ANONYMOUS]:
                    raise TokenUnavailable(
                        f'action={self.action} on {self.site} was given the token of '
                        'callers that are not logged in. Nothing was sent; take the '
                        'token from site.tokens.'
                    )
            self._assert_user()
        properties = None if self.asks_extensions else self._params.pop('prop', None)
        super()._add_defaults()
        if properties is not None:
            self._params['prop'] = properties

    def _assert_user(self) -> None:
        """Let the wiki refuse it if it comes from anybody else."""
        # Not user(), which is None while another thread logs in.
        user = self.site.username()
        if user is not None and self._params.get('assert') != ['anon']:
            self._params.setdefault('assert', ['user'])
            self._params.setdefault('assertuser', [user])

    def _use_get(self) -> bool:
        """Send it by POST where pywikibot cannot read what the wiki says of modules.

        That is so before MediaWiki 1.25.
        """
        try:
            return bool(super()._use_get())
        except (AssertionError, KeyError, ValueError):
            return False

    def _is_somebody(self) -> bool:
        """Tell whether the site is used as an account, or is just logging in."""
        return self.site._loginstatus not in NOBODY

    def _get_request_params(
        self, use_get: bool, paramstring: str
    ) -> tuple[bool, str, str | bytes | None, dict[str, str]]:
        """Swap a token that died since it was attached; it runs once a transmission."""
        site: Any = self.site
        adopt = getattr(site, 'adopt_request', None)
        if adopt is not None and not isinstance(self, site._own_request):
            # The site has got another login since the request was made.
            adopt(self)
            return self._get_request_params(use_get, paramstring)
        check(self.site, carried(self.action, self._params))
        if self._token is not None:
            wallet = self.site.tokens
            said = self._encoded_items() if wallet.is_old else {}
            live = wallet.live(self._token, said)
            if live is not self._token:
                self[self._token_parameter] = live
                paramstring = self._http_param_string()
        session = self.site.tokens.session
        self._generation = session.generation
        self._asker = self.site.user() if self.action == 'query' else None
        prepared = super()._get_request_params(use_get, paramstring)
        session.traffic.sending(self)
        return prepared

    def __str__(self) -> str:
        """Describe the request without its secrets."""
        return redactor.clean(super().__str__())

    def submit(self) -> dict[str, Any]:
        """Send it, until there is an answer.

        :raises TokensPluginError: what the wiki says is known to the plugin; it is an
            APIError too
        :raises APIError: the wiki refused for another reason
        """
        try:
            return self._submit()
        except (APIError, MaxlagTimeoutError) as error:
            known = None
            if not isinstance(error, TokensPluginError) and not self._is_left(error):
                known = as_ours(self.site, error, self.action, only_known=True)
            if known is None:
                raise
            raise known from error

    def _is_left(self, error: Exception) -> bool:
        """Tell whether an error is left to who sends this, and knows pywikibot's."""
        is_login = self.action in ('login', 'clientlogin')
        return is_login or self._is_expected(getattr(error, 'code', ''))

    def _is_expected(self, code: str) -> bool:
        groups = tuple(each for each in self.expected_errors if each.endswith('_'))
        return code in self.expected_errors or (
            bool(groups) and code.startswith(groups)
        )

    def _submit(self) -> dict[str, Any]:
        if self.action in ('login', 'clientlogin'):
            self.site.tokens.session.logins += 1
        asks_modules = self.action == 'paraminfo' and 'mainmodule' not in self._params
        if asks_modules and self.site.tokens.is_old:
            return modules_described(self)
        try:
            with acting_as(self.site.username()):
                answer: dict[str, Any] = super().submit()
            if self._shows_who_asks(answer):
                self._succeeded()
            if asks_modules and has_no_paths(answer):
                return modules_described(self)
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
        with acting_as(self.site.username()):
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

        :raises AmbiguousWrite: it is a write, and was answered with a redirect
        :raises WikiUnreachable: so was something else that is not sent elsewhere
        :raises InvalidInput: what is configured as an access token can be none
        """
        session = self.site.tokens.session
        note_configuration()
        # Where it is none, pywikibot would try again and again.
        bearer_for(self.site.base_url(''))
        if not session.has_heard:
            session.heard(self._host, self._generation)
        try:
            with (
                # A site object without an account gets one when it is logged in.
                acting_as(self.site.username()),
                authenticated(getattr(self.site, 'authentication', None)),
                taking_cookies_of(self.site),
                in_flight.lane(str(self.site.username())),
            ):
                answer = super()._http_request(use_get, uri, data, headers, paramstring)
        finally:
            session.traffic.landed(self)
        # pywikibot waits so long before the next request, whatever was answered.
        throttle = self.site.throttle
        throttle.retry_after = min(throttle.retry_after, config.retry_max)
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

        :return: whether pywikibot handles the error further; else the request is sent
            again
        :raises SessionLost: the session is lost, and renewing it did not help or was
            tried too often; or the wiki refuses every login token, or OAuth
        """
        if self._is_expected(code):
            raise APIError(**self.last_error)
        info = str(self.last_error['info'])
        if code.startswith(REFUSED) and not is_repeated_nonce(info):
            if code == BAD_COOKIE and http.cookie_jar.forget('sessionjwt', self._host):
                self._forget_error()
                return False
            raise oauth_refusal(self.site, code, info)
        if code in LOGGED_OUT:
            return not self._renew_session(code)
        if code == 'reauthenticate' and self._confirms_login():
            return False
        if self._may_be_nobody(code):
            # It says then whether it has lost the session, and else the same again.
            self._assert_user()
            self._forget_error()
            return False
        if 'assertuser' in self._params and code != 'badtoken':
            # The wiki checks who asks before all else.
            self._proves_session()
        tried = self._tried()
        chosen = self._remedy(code)
        if tried.is_login and code == 'badtoken':
            self._login_tokens += 1
        if self._apply_remedy(chosen, code):
            return False
        goes_on: bool = super()._logged_in(code)
        return goes_on

    def _confirms_login(self) -> bool:
        """Let the person at the terminal confirm the login for what was refused.

        :return: whether the request is sent again
        :raises SessionLost: the wiki refused it
        """
        site: Any = self.site
        is_foreign = hasattr(site, 'home_login')
        if is_foreign or self._confirmations == _MAX_CONFIRMATIONS or not is_attended():
            return False
        self._confirmations += 1
        self._adopt_token()
        session = site.tokens.session
        with session.lock:
            # Another thread may have done it, or lost the session.
            if session.generation == self._generation:
                site.reauthenticate(str(self.last_error.get('operation') or ''))
        self._forget_error()
        return True

    def _may_be_nobody(self, code: str) -> bool:
        """Tell whether it may have been refused because the session was lost.

        Of a read that only some may make, the wiki does not say that.
        """
        return (
            self.may_log_in
            and self.site._loginstatus == LoginStatus.AS_USER
            and self._params.keys().isdisjoint({'assert', 'assertuser'})
            and may_be_logged_out(code)
        )

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
            or not self._params.keys().isdisjoint(TOKEN_PARAMETERS),
            session_can_be_renewed=self.may_log_in
            and session.can_renew(self._generation),
            overlapped=session.traffic.overlapped(self),
            renewed_token=self._renewed_in == session.generation,
            refusals=self._refusals,
            login_tokens=self._login_tokens,
        )

    def _apply_remedy(self, chosen: Remedy, code: str) -> bool:
        """Renew what the table says, or raise.

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
        for parameter in TOKEN_PARAMETERS:
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
