"""Requests to another wiki, each with a centralauthtoken of its own, in the URL.

A token is minted for one transmission, right before it and after the throttle; a
repetition gets another one. Minting them is the work of
:mod:`~mw_tokens_plugin.site.foreign.tokens`, and which of two dead tokens is renewed is
in the table of :mod:`~mw_tokens_plugin.site.recovery`.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlencode

import pywikibot
from pywikibot import config

from mw_tokens_plugin.exceptions import CentralAuthTokenRefused
from mw_tokens_plugin.protocol.responses import refusal
from mw_tokens_plugin.site.anonymous import asks_anybody, lowered_limits
from mw_tokens_plugin.site.credentials import Secret, check
from mw_tokens_plugin.site.foreign.tokens import CentralAuthTokens
from mw_tokens_plugin.site.foreign.uploads import (
    UploadRequest,
    UploadSite,
    refused_tokens,
)
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.recovery import LOGGED_OUT, Remedy, Tried, http_remedy
from mw_tokens_plugin.site.requests import CachedTokenRequest
from mw_tokens_plugin.site.traffic import Traffic
from mw_tokens_plugin.site.writes import SingleSendRequest

#: HTTP statuses with which a wiki, or what is before it, refuses anonymous readers.
_NOT_FOR_EVERYBODY = frozenset({401, 403, 429})


class Login(Protocol):
    """The login of a home site, as the other wikis that it reaches know it.

    :ivar is_logged_out: whether the home site was logged out on purpose
    """

    home: PluginSite
    tokens: CentralAuthTokens
    traffic: Traffic
    is_logged_out: bool

    def site(
        self, where: Any, *, auth: str, reads: str, create_account: bool
    ) -> PluginSite:
        """Return the site for another wiki, the same one for the same question."""


class CentralAuthSite(UploadSite, Protocol):
    """A site whose requests carry centralauthtokens."""

    home_login: Login
    reads: str
    answers_nobody: bool
    _paraminfo: Any

    def read_identity(self) -> None:
        """Read who the other wiki takes us for."""


class CentralAuthRequest(UploadRequest):
    """A request that carries a centralauthtoken of its own, in the URL.

    It is minted for one transmission, right before it and after the throttle; a
    repetition gets another one.
    """

    site: CentralAuthSite
    #: Fresh centralauthtokens that were refused in a row.
    _refused = 0
    _sent_anonymously = False
    _answers_of_proxies = 0

    def _add_defaults(self) -> None:
        """Leave out the question who asks, where no name is given."""
        named = 'userinfo' in self._params.get('meta', ())
        super()._add_defaults()
        if self.action != 'query' or named:
            return
        if self._is_anonymous(frozenset({'userinfo'})):
            rest = [name for name in self._params['meta'] if name != 'userinfo']
            self._params.pop('uiprop', None)
            if rest:
                self._params['meta'] = rest
            else:
                del self._params['meta']
            # pywikibot asks for as much as the account may have.
            lowered = list(lowered_limits(self._params, self.site._paraminfo))
            self._params.update({name: [str(most)] for name, most in lowered})

    def _get_request_params(
        self, use_get: bool, paramstring: str
    ) -> tuple[bool, str, str | bytes | None, dict[str, str]]:
        """Put a centralauthtoken into the URL of this one transmission."""
        self._sent_anonymously = self._is_anonymous()
        if self._sent_anonymously:
            return super()._get_request_params(use_get, paramstring)
        check(self.site, (Secret.CENTRALAUTHTOKEN,))
        login = self.site.home_login
        session = self.site.tokens.session
        asked = super()._get_request_params(use_get, paramstring)
        generation = session.generation
        if self.mime is not None:
            # A file takes its time to arrive, for which the token must be young.
            login.tokens.forget_ahead()
        parameter = urlencode({'centralauthtoken': login.tokens.take()})
        use_get, uri, *_ = asked
        too_long = use_get and len(uri) + len(parameter) > config.maximum_GET_length
        if too_long or session.generation != generation:
            # Minting may have renewed the home session, and with it died the token
            # that is in the parameters.
            asked = super()._get_request_params(
                use_get and not too_long, self._http_param_string()
            )
        use_get, uri, body, headers = asked
        if self.mime is None:
            login.tokens.fetch_ahead(self.site.throttle.waittime(write=True))
        return use_get, f'{uri}{"&" if "?" in uri else "?"}{parameter}', body, headers

    def _is_somebody(self) -> bool:
        """Tell that the site is always used as an account."""
        return True

    def _is_anonymous(self, besides: frozenset[str] = frozenset()) -> bool:
        """Tell whether this request is sent as nobody."""
        if self.site.home_login.is_logged_out:
            return not self.write and 'token' not in self._params
        is_for_nobody = self.as_nobody and self.site.answers_nobody
        if not is_for_nobody and self.site.reads != 'anonymous':
            return False
        if self.write or 'token' in self._params:
            return False
        return asks_anybody(self.action, self._params, besides)

    def _not_answered(self, response: Any, body: object) -> None:
        """Try once more with another token where something before the API refuses.

        :raises HttpRefusal: it refuses that too
        """
        # pywikibot waits as long as a 429 says, and 413 is about the body.
        status = response.status_code
        if status in _NOT_FOR_EVERYBODY and self._reads_as_account(f'HTTP {status}'):
            # How long everybody has to wait does not concern the account.
            self.site.throttle.retry_after = 0
            return
        if 400 <= status < 500 and status not in (413, 429):
            chosen = http_remedy(self._tried())
            self._answers_of_proxies += 1
            if chosen is Remedy.RENEW_CENTRALAUTHTOKEN:
                self._tell_of_renewal()
                return
        super()._not_answered(response, body)

    def _logged_in(self, code: str) -> bool:
        """Send a read as the account that the wiki refuses to answer to everybody.

        :raises NotAttached: the account has no local one, and none can be made
        """
        if code == 'readapidenied' and self._reads_as_account(code):
            return False
        if code in LOGGED_OUT and not self._sent_anonymously:
            # The token was accepted: it says whether there is an account at all.
            self.site.read_identity()
        return super()._logged_in(code)

    def _relogin(self, message: str = '') -> None:
        """Log in again, unless the wiki has no account for the login.

        :raises NotAttached: it has none, and makes none
        """
        if not self._sent_anonymously:
            self.site.read_identity()
        super()._relogin(message)

    def _may_be_nobody(self, code: str) -> bool:
        """Take a refusal for one: the token that each request carries says who asks."""
        return False

    def _reads_as_account(self, reason: str) -> bool:
        """Send reads as the account from now on, if this one was sent without a login.

        :return: whether that is so
        """
        if not self._sent_anonymously or self.site.home_login.is_logged_out:
            return False
        if self.site.reads == 'anonymous' or self.site.answers_nobody:
            self.site.reads = 'authenticated'
            self.site.answers_nobody = False
            pywikibot.info(
                f'{self.site} refuses reads without a login ({reason}): they are sent '
                f'as {self.site.username()} from now on.'
            )
        self._forget_error()
        return True

    def _tell_of_renewal(self) -> None:
        pywikibot.info(f'Renewing the centralauthtoken for {self.site}.')

    def _refused_before(self, response: Any, hint: str = '') -> Exception:
        """Say what the reason may be."""
        if response.status_code in (400, 401, 403):
            hint = 'A proxy before it may refuse centralauthtokens.'
        return super()._refused_before(response, hint)

    def _tried(self) -> Tried:
        """Say what was tried with centralauthtokens, too."""
        return replace(
            super()._tried(),
            has_centralauthtoken=not self._is_anonymous(),
            centralauthtokens=self._refused,
            http_refusals=self._answers_of_proxies,
        )

    def _apply_remedy(self, chosen: Remedy, code: str) -> bool:
        """Renew the one of the two tokens that is dead.

        :raises CentralAuthTokenRefused: fresh ones were refused, again and again
        :raises RenameInProgress: the operator is being renamed
        :raises BadUsername: the operator's name is not usable there
        """
        if chosen is Remedy.REFUSE_OPERATOR:
            raise refusal(code, str(self.last_error['info']), str(self.site))
        self._check_arrival(chosen)
        if chosen is Remedy.GIVE_UP_CENTRALAUTHTOKENS:
            self.site.home_login.tokens.forget_ahead()
            raise CentralAuthTokenRefused(
                refused_tokens(self.site, self._refused + 1, self._timed)
            )
        if chosen is not Remedy.RENEW_CENTRALAUTHTOKEN:
            return super()._apply_remedy(chosen, code)
        self._tell_of_renewal()
        self.site.home_login.tokens.forget_ahead()
        self._refused += 1
        self._forget_error()
        # A local account that was just created is not ready at once.
        pywikibot.sleep(0.1 * (self._refused - 1))
        return True


class CachedCentralAuthRequest(CentralAuthRequest, CachedTokenRequest):
    """A :class:`CentralAuthRequest` whose answer pywikibot keeps on disk."""


class SingleSendCentralAuthRequest(SingleSendRequest, CentralAuthRequest):
    """A write on another wiki that is sent once.

    What is refused because of a token has certainly not taken effect, and is sent
    again with a new one.
    """
