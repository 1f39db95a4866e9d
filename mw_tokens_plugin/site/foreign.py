"""``foreign_site()``: another wiki of the farm, acted on with the home wiki's login.

The site it returns is a full site of pywikibot whose requests carry single-use
centralauthtokens; where a login gets none, it is a plain site with a login of its own.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pywikibot
import requests
from pywikibot import config
from pywikibot.comms import http
from pywikibot.exceptions import APIError, NoUsernameError
from pywikibot.login import LoginStatus

from mw_tokens_plugin.exceptions import (
    CentralAuthTokenRefused,
    InvalidInput,
    NoCentralAuthToken,
    NotAttached,
    NotInFarm,
    SessionLost,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.answers import expected_form, is_answer, part_of
from mw_tokens_plugin.protocol.globalaccounts import (
    AttachedAccount,
    GlobalAccount,
    from_globaluserinfo,
)
from mw_tokens_plugin.protocol.responses import refusal
from mw_tokens_plugin.site.anonymous import asks_anybody, lowered_limits
from mw_tokens_plugin.site.centralauth import CentralAuthTokens
from mw_tokens_plugin.site.family import Place, host_of, place_of, same_farm
from mw_tokens_plugin.site.recovery import Remedy, Tried, http_remedy
from mw_tokens_plugin.site.requestclasses import effective
from mw_tokens_plugin.site.requests import (
    CachedTokenRequest,
    SingleSendRequest,
    body_of,
    fetch_as_nobody,
    refusals,
)
from mw_tokens_plugin.site.session import Session
from mw_tokens_plugin.site.traffic import Traffic
from mw_tokens_plugin.site.uploads import (
    Line,
    UploadRequest,
    refused_tokens,
)
from mw_tokens_plugin.site.wallet import TypedTokenWallet

#: The kinds of credentials, as ``auth=`` names them.
KINDS = ('auto', 'centralauthtoken', 'password', 'oauth')

#: What follows from kinds of login that get no centralauthtoken.
_KINDS_EXPLAINED = {
    'password': 'a bot password gets no centralauthtoken, so other wikis are logged in '
    'to with that bot password.',
    'oauth': 'OAuth gets no centralauthtoken, so requests to other wikis are signed '
    'with the same consumer.',
}


def home_login(home: Any) -> HomeLogin:
    """Return what is known of the login that a site has at present.

    :param home: the site on which the login is made
    """
    wallet = home.tokens
    with wallet.session.lock:
        login: HomeLogin | None = wallet.home_login
        if login is None or login.user != home.username():
            login = wallet.home_login = HomeLogin(home)
        return login


class HomeLogin:
    """What a home site knows of the other wikis that its login reaches.

    .. version-added:: 0.1

    :ivar user: whose login it is; the home site may be used as somebody else later
    :ivar tokens: the centralauthtokens of the login
    :ivar traffic: the requests that are made with it on all other wikis
    """

    def __init__(self, home: Any) -> None:
        """Ask nothing yet."""
        self.home = home
        self.tokens = CentralAuthTokens(home)
        self.traffic = Traffic()
        self._sites: dict[tuple[str, ...], Any] = {}
        self._account: GlobalAccount | None = None
        self._listed: frozenset[str] | None = None
        self._kind: str | None = None
        self.user = home.username()
        self._lock = threading.RLock()

    def site(self, where: Any, *, auth: str, reads: str, create_account: bool) -> Any:
        """Return the site for another wiki, the same one for the same question."""
        if auth not in KINDS:
            raise InvalidInput(f'auth={auth!r} is none of {", ".join(KINDS)}.')
        if reads not in ('authenticated', 'anonymous'):
            raise InvalidInput(f"reads={reads!r}: give 'authenticated' or 'anonymous'.")
        with self._lock:
            if not self.home.logged_in():
                self.home.login()
            if not self.home.logged_in():
                raise SessionLost(
                    f'{self.user} is not logged in on {self.home}, and '
                    'logging in failed. Check the name and the password.'
                )
            place = place_of(self.home, where, self.attached)
            if (place.code, str(place.family)) == (
                self.home.code,
                str(self.home.family),
            ):
                return self.home
            kind = self.kind() if auth == 'auto' else auth
            key = (
                str(place.family),
                place.code,
                place.interface.__name__,
                kind,
                reads,
            )
            if key not in self._sites:
                # No credentials leave for a wiki that is not of this farm.
                self._check_attached(place, create_account)
                if kind == 'centralauthtoken':
                    site = _class_for(ForeignMixin, place)(self, place, reads)
                else:
                    site = self._plain_site(place, kind)
                self._sites[key] = site
                pywikibot.log(f'Using {site!r}.')
            return self._sites[key]

    def kind(self) -> str:
        """Return what the home login can be used for, learned by asking once."""
        if self._kind is None:
            if self.home.is_oauth_token_available():
                self._kind = 'oauth'
            else:
                try:
                    self.tokens.probe()
                    self._kind = 'centralauthtoken'
                except NoCentralAuthToken:
                    self._kind = 'password'
            if explained := _KINDS_EXPLAINED.get(self._kind):
                pywikibot.info(f'{self.home}: {explained}')
        return self._kind

    def attached(self) -> tuple[AttachedAccount, ...]:
        """Return the local accounts of the home login's global account."""
        return self._global_account().attached or ()

    def _global_account(self) -> GlobalAccount:
        if self._account is None:
            account = self.home.global_account(self.user)
            if not account.exists:
                raise NotAttached(
                    f'{self.user} has no global account on {self.home}. '
                    'Log in with one that has.'
                )
            self._account = account
        return self._account

    def _check_attached(self, place: Place, create_account: bool) -> None:
        """Refuse what could not work, before the first write."""
        if place.host in {host_of(account.url) for account in self.attached()}:
            return
        # A wiki cannot vouch for itself: what it says of the account is public.
        shares = same_farm(self.home, place)
        if shares is None:
            shares = place.host in self._listed_hosts()
        if shares:
            known, is_taken = self._knows_account(place)
            shares = known is not False
            if shares and is_taken:
                where = f'{place.family.path(place.code)}?title=Special:MergeAccount'
                raise NotAttached(
                    f'The account {self.user} on {place} is not attached to the '
                    'global one. Log in there and merge it, at '
                    f'{place.family.protocol(place.code)}://{place.host}{where}, then '
                    'start again.'
                )
        if not shares:
            raise NotInFarm(
                f'{place} shares no login with {self.home}, as far as is known there. '
                'If it does, add the same central_wiki to both of their family files.'
            )
        if not create_account:
            raise NotAttached(
                f'{self.user} has no account on {place} yet. Give '
                'create_account=True to have it created by the first visit.'
            )
        self._account = None

    def _listed_hosts(self) -> frozenset[str]:
        """Return the hosts of the farm's wikis, if the home wiki has a list of them.

        https://www.mediawiki.org/wiki/Extension:SiteMatrix
        """
        if self._listed is None:
            request = self.home._request(
                parameters={
                    'action': 'sitematrix',
                    'smsiteprop': 'url',
                    'smlangprop': 'site',
                    'smlimit': 'max',
                    'formatversion': 2,
                }
            )
            # It is an extension, which most farms do not have.
            request.expected_errors = frozenset({'badvalue', 'unknown_action'})
            try:
                matrix = part_of(request.submit(), 'sitematrix')
            except APIError:
                matrix = {}
            with expected_form(f'The list of wikis of {self.home}'):
                # Languages have their wikis under a name; others are a list.
                self._listed = frozenset(
                    host_of(wiki['url'])
                    for group in matrix.values()
                    if not isinstance(group, int)
                    for wiki in (group['site'] if isinstance(group, dict) else group)
                    if 'nonglobal' not in wiki
                )
        return self._listed

    def _knows_account(self, place: Place) -> tuple[bool | None, bool]:
        """Ask a wiki, as nobody, what it knows of the account.

        https://www.mediawiki.org/wiki/API:Siteinfo
        https://www.mediawiki.org/wiki/API:Globaluserinfo
        https://www.mediawiki.org/wiki/API:Users

        :return: whether it knows the same global account, which is None if nobody may
            read that wiki; and whether it has a local account of that name
        :raises WikiUnreachable: it does not answer
        """
        account = self._global_account()
        parameters = {
            'action': 'query',
            'meta': 'siteinfo|globaluserinfo',
            'siprop': 'general',
            'guiuser': account.name,
            'list': 'users',
            'ususers': account.name,
            'format': 'json',
            'formatversion': 2,
        }
        unreachable = WikiUnreachable(
            f'{place} at {place.host} does not answer as a wiki does. Check the '
            'address in the family file and the network, then start again.'
        )
        try:
            response = fetch_as_nobody(f'{place.api}?{urlencode(parameters)}')
        except requests.RequestException as error:
            raise unreachable from error
        if response.status_code == 401:
            return None, False
        answer = body_of(response)
        if response.status_code >= 300 or not is_answer('query', answer):
            raise unreachable
        query = answer.get('query')
        if not query:
            return None, False
        if query.get('general', {}).get('centralidlookupprovider') != 'CentralAuth':
            return False, False
        if 'globaluserinfo' not in query:
            return False, False
        there = from_globaluserinfo(account.name, query['globaluserinfo'])
        is_same = (there.central_id, there.home, there.registration) == (
            account.central_id,
            account.home,
            account.registration,
        )
        with expected_form(f'What {place} says of its local account'):
            return is_same, any('userid' in user for user in query.get('users', ()))

    def _plain_site(self, place: Place, kind: str) -> Any:
        """Return a site that logs in by itself, with the same credentials."""
        if kind == 'oauth':
            credentials = http.get_authentication(self.home.base_url(''))
            if credentials is None:
                raise InvalidInput(
                    f"auth='oauth', and no OAuth consumer is configured for "
                    f'{self.home}. Add it to authenticate in user-config.py.'
                )
            config.authenticate.setdefault(place.host, credentials)
        made = _class_for(OwnLoginMixin, place)
        try:
            site = made(place.code, place.family, self.user)
            site.login()
        except NoUsernameError as error:
            raise _no_login(self.home, place) from error
        if not site.logged_in():
            raise _no_login(self.home, place)
        return site


class CentralAuthRequest(UploadRequest):
    """A request that carries a centralauthtoken of its own, in the URL.

    It is minted for one transmission, right before it and after the throttle; a
    repetition gets another one.
    """

    #: Fresh centralauthtokens that were refused in a row.
    _refused = 0
    _answers_of_proxies = 0

    def _add_defaults(self) -> None:
        """Leave out the question who asks, where nobody is to be named."""
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
        if self._is_anonymous():
            return super()._get_request_params(use_get, paramstring)
        login: HomeLogin = self.site.home_login
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
        if self.site.reads != 'anonymous' or self.write or 'token' in self._params:
            return False
        return asks_anybody(self.action, self._params, besides)

    def _not_answered(self, response: Any, body: object) -> None:
        """Try once more with another token where something before the API refuses.

        :raises HttpRefusal: it refuses that too
        """
        # pywikibot waits as long as a 429 says, and 413 is about the body.
        status = response.status_code
        if 400 <= status < 500 and status not in (413, 429):
            chosen = http_remedy(self._tried())
            self._answers_of_proxies += 1
            if chosen is Remedy.RENEW_CENTRALAUTHTOKEN:
                self._tell_of_renewal()
                return
        super()._not_answered(response, body)

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

    def _carry_out(self, chosen: Remedy, code: str) -> bool:
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
            return super()._carry_out(chosen, code)
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

    What is refused because of a token was certainly not carried out, and is sent
    again with a new one.
    """


class SharedSession(Session):
    """The home session, as the wallet of another wiki sees it.

    All tokens of the other wikis die when the home wiki is logged in to anew.
    """

    def __init__(self, site: Any, login: HomeLogin) -> None:
        """Follow the home session, with a lock of its own."""
        self._home: Session = login.home.tokens.session
        super().__init__(site, lambda _: None, login.traffic)

    @property
    def generation(self) -> int:
        """The number of the home session."""
        return self._home.generation

    @generation.setter
    def generation(self, value: int) -> None:
        """Leave it to the home session."""

    def can_renew(self, seen: int) -> bool:
        """Ask the home session."""
        return self._home.can_renew(seen)

    def heard(self, host: str, seen: int) -> None:
        """Leave it: no cookie makes the session here."""

    @property
    def has_heard(self) -> bool:
        """Nothing is to be known of the cookies."""
        return True

    def proven(self, seen: int) -> None:
        """Tell the home session."""
        self._home.proven(seen)

    def renew(self, seen: int) -> None:
        """Renew the home session, and look who that is here."""
        self._home.renew(seen)
        with self.lock:
            self._site.read_identity()


class OwnLoginMixin:
    """A site of another wiki that tells which login it is used with.

    .. version-added:: 0.1
    """

    if TYPE_CHECKING:
        # The interface, which is known when the class is made.
        def __getattr__(self, name: str) -> Any: ...

    def __repr__(self) -> str:
        """Return what it is, and what it is used with."""
        return f'<{type(self).__name__} {self} {self.credential}>'

    def __hash__(self) -> int:
        """Return the hash of the plain site, to which it is equal."""
        return hash(f'{type(self).__name__}({self.code!r}, {self.family.name!r})')

    def __getstate__(self) -> Any:
        """Refuse to be pickled: the class is made when it is needed."""
        raise TypeError(f'{self!r} cannot be pickled.')

    @property
    def credential(self) -> str:
        """What its requests are made with."""
        if self.is_oauth_token_available():
            return f'through OAuth as {self.username()}'
        return f'through a login of its own as {self.username()}'


class ForeignMixin(OwnLoginMixin):
    """A site whose requests are made with the login of another one.

    .. version-added:: 0.1

    :ivar home_login: the login that is used
    :ivar reads: ``authenticated`` or ``anonymous``
    :ivar upload_line: what is known of the way to that wiki
    """

    single_send_request = SingleSendCentralAuthRequest
    _own_request = CentralAuthRequest

    def __init__(self, login: HomeLogin, place: Place, reads: str) -> None:
        """Read who we are on the other wiki, which creates the account there.

        All is set before the base class is, since that sends a request.
        """
        self.home_login = login
        self.reads = reads
        self._foreign_tokens: TypedTokenWallet | None = None
        self.upload_line = Line()
        super().__init__(place.code, place.family, login.home.username())  # type: ignore[call-arg]

    @property
    def credential(self) -> str:
        """What its requests are made with."""
        return (
            f'through a centralauthtoken of {self.username()} on {self.home_login.home}'
        )

    @property
    def tokens(self) -> TypedTokenWallet:
        """The tokens of this wiki, which outlive the centralauthtokens."""
        if self._foreign_tokens is None:
            session = SharedSession(self, self.home_login)
            self._foreign_tokens = TypedTokenWallet(self, session)
        return self._foreign_tokens

    @property
    def _oauth_disabled(self) -> bool:
        """Keep OAuth away: with both in one request MediaWiki breaks down."""
        return True

    @_oauth_disabled.setter
    def _oauth_disabled(self, value: bool) -> None:
        """Leave it as it is, although the base class sets it."""

    @staticmethod
    def _request_class(kwargs: dict[str, Any]) -> Any:
        """Choose the class for a request."""
        plain = kwargs.get('expiry') is None
        return effective(CentralAuthRequest if plain else CachedCentralAuthRequest)

    def login(
        self,
        autocreate: bool = False,
        user: str | None = None,
        *,
        cookie_only: bool = False,
    ) -> None:
        """Read who we are here; only the home wiki can be logged in to.

        :raises SessionLost: the other wiki takes us for somebody else
        """
        home = self.home_login.home
        if home.tokens.session.is_given_up:
            home.login()
            self.read_identity()
        elif not self.logged_in():
            self.read_identity()

    def foreign_site(self, where: Any, **options: Any) -> Any:
        """Return a site for a third wiki, with the same login."""
        return self.home_login.home.foreign_site(where, **options)

    def logout(self) -> None:
        """Refuse: the session is the home wiki's.

        :raises InvalidInput: always
        """
        raise InvalidInput(
            f'{self} has no session of its own: log out on {self.home_login.home}.'
        )

    def read_identity(self) -> None:
        """Read userinfo and all tokens, in one request.

        :raises SessionLost: the other wiki takes us for somebody else
        """
        self._loginstatus = LoginStatus.IN_PROGRESS
        del self.userinfo
        with refusals(self):
            answer = self.simple_request(
                action='query',
                meta=['tokens', 'userinfo'],
                type='*',
                uiprop=['blockinfo', 'groups', 'hasmsg', 'ratelimits', 'rights'],
                formatversion=2,
            ).submit()
        self._userinfo = dict(part_of(answer, 'query', 'userinfo'))
        if not self.logged_in():
            self._loginstatus = LoginStatus.NOT_LOGGED_IN
            raise SessionLost(
                f'{self} takes a centralauthtoken of {self.username()} for '
                f'{self._userinfo.get("name")}. Log in on {self.home_login.home} anew.'
            )
        self._loginstatus = LoginStatus.AS_USER
        self.tokens.keep((), answer)

    def _relogin(self) -> None:
        """Renew the home session."""
        session = self.tokens.session
        session.renew(session.generation)

    def data_repository(self) -> Any:
        """Return the data repository, as a foreign site too."""
        return self._sister(super().data_repository())  # type: ignore[misc]

    def image_repository(self) -> Any:
        """Return the image repository, as a foreign site too."""
        return self._sister(super().image_repository())  # type: ignore[misc]

    def get_repo_for_entity_type(self, entity_type: str) -> Any:
        """Return the repository for a type of entity, as a foreign site too."""
        return self._sister(super().get_repo_for_entity_type(entity_type))  # type: ignore[misc]

    @property
    def upload_rate(self) -> float | None:
        """Bytes a second of the latest upload that was accepted, if it is recent."""
        return self.upload_line.rate

    def _sister(self, site: Any) -> Any:
        """Return a wiki that belongs to this one, with the same login if it has one."""
        if site is None:
            return None
        if site == self and type(site).__name__ == type(self).__name__:
            return self
        try:
            return self.home_login.site(
                site, auth='centralauthtoken', reads=self.reads, create_account=False
            )
        except (NotInFarm, NotAttached):
            # Such as Wikimedia Commons for others' wikis: it can be read at least.
            return site


def _class_for(mixin: type[OwnLoginMixin], place: Place) -> type[Any]:
    """Return a class that pywikibot takes for the interface of a wiki.

    Its name is that of the interface, since pywikibot tells sites apart by it.
    """
    return type(place.interface.__name__, (mixin, place.interface), {})


def _no_login(home: Any, place: Place) -> SessionLost:
    return SessionLost(
        f'Logging in to {place} as {home.username()} failed. A bot password or an '
        'OAuth consumer must be of an account that is attached there.'
    )
