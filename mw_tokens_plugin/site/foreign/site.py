"""``foreign_site()``: another wiki of the farm, acted on with the home wiki's login.

The site it returns is a full site of pywikibot whose requests carry single-use
centralauthtokens; where a login gets none, it is a plain site with a login of its own.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

from typing import Any, NoReturn
from urllib.parse import urlsplit

from pywikibot.login import LoginStatus
from pywikibot.site import DataSite

from mw_tokens_plugin.exceptions import (
    InvalidInput,
    LoginRefused,
    NotAttached,
    NotInFarm,
    SessionLost,
)
from mw_tokens_plugin.protocol.answers import part_of
from mw_tokens_plugin.site.bearer import Bearer
from mw_tokens_plugin.site.credentials import Secret, Vouched, check
from mw_tokens_plugin.site.family import Place, host_of
from mw_tokens_plugin.site.foreign.line import Line
from mw_tokens_plugin.site.foreign.outgoing import (
    Authentication,
    as_it_is,
    signed,
    without_cookies,
)
from mw_tokens_plugin.site.foreign.requests import (
    CachedCentralAuthRequest,
    CentralAuthRequest,
    Login,
    SingleSendCentralAuthRequest,
)
from mw_tokens_plugin.site.foreign.session import SharedSession
from mw_tokens_plugin.site.oauthrefusals import WITHOUT_ACCOUNT, no_account
from mw_tokens_plugin.site.pluginsite import PluginSite, SiteBase
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.site.requestclasses import effective
from mw_tokens_plugin.site.wallet import TypedTokenWallet


class OwnLoginMixin(SiteBase):
    """A site of another wiki that tells which login it is used with.

    .. version-added:: 0.1

    :cvar vouched: what lets credentials leave for its address; None if nothing does
    :cvar authentication: what its requests are given last
    """

    vouched: Vouched | None = None
    authentication: Authentication = staticmethod(as_it_is)

    def __repr__(self) -> str:
        """Return what it is, and what it is used with."""
        return f'<{type(self).__name__} {self} {self.credential}>'

    def __hash__(self) -> int:
        """Return the hash of the plain site, to which it is equal."""
        return hash(f'{type(self).__name__}({self.code!r}, {self.family.name!r})')

    def __copy__(self) -> OwnLoginMixin:
        """Return itself: a copy would be another user of the same login."""
        return self

    def __deepcopy__(self, memo: object) -> OwnLoginMixin:
        """Return itself, so that copies of its pages are its pages."""
        return self

    def __getstate__(self) -> NoReturn:
        """Refuse to be pickled: the class is made when it is needed."""
        raise TypeError(
            f'{self!r} cannot be pickled, nor can its pages: keep titles, and call '
            'foreign_site() again where they are read.'
        )

    @property
    def credential(self) -> str:
        """What its requests are made with."""
        if self.is_oauth_token_available():
            return f'through OAuth as {self.username()}'
        return f'through a login of its own as {self.username()}'


class OAuthMixin(OwnLoginMixin):
    """A site whose requests are made with the OAuth consumer of another one.

    pywikibot looks such keys up by host, for all of the process; these are its own.

    .. version-added:: 0.1

    :cvar keys: those of the consumer, and of its access token; or that token alone
    """

    keys: tuple[str, ...] | Bearer = ()

    @property
    def authentication(self) -> Authentication:  # type: ignore[override]
        """What its requests are given last."""
        check(self, (Secret.OAUTH,))
        return self.keys if isinstance(self.keys, Bearer) else signed(self.keys)

    def login(
        self,
        autocreate: bool = False,
        user: str | None = None,
        *,
        cookie_only: bool = False,
    ) -> None:
        """Find out whether the wiki takes the login for the account's.

        :raises NotAttached: it has no account for it, and makes none
        :raises LoginRefused: it refuses the login
        """
        try:
            super().login(autocreate, user, cookie_only=cookie_only)  # type: ignore[safe-super]
        except LoginRefused as error:
            if error.code in WITHOUT_ACCOUNT:
                raise NotAttached(str(error)) from error
            raise

    @property
    def _oauth_disabled(self) -> bool:
        """Keep away what is configured for its host."""
        return True

    @_oauth_disabled.setter
    def _oauth_disabled(self, value: bool) -> None:
        """Leave it as it is, although the base class sets it."""

    def is_oauth_token_available(self) -> bool:
        """Tell that OAuth says who asks, so that nobody logs in."""
        return True

    def _is_global_user_override(self) -> bool:
        """Tell that ``-user`` is of another site."""
        return False


class ForeignMixin(OwnLoginMixin):
    """A site whose requests are made with the login of another one.

    .. version-added:: 0.1

    :ivar home_login: the login that is used
    :ivar place: where it is, and which wiki it is meant to be
    :ivar reads: ``authenticated`` or ``anonymous``
    :ivar answers_nobody: whether the wiki is not known to be a private one
    :ivar upload_line: what is known of the way to that wiki
    """

    authentication: Authentication = staticmethod(without_cookies)
    single_send_request = SingleSendCentralAuthRequest
    _own_request = CentralAuthRequest

    answers_nobody = True

    def __init__(self, login: Login, place: Place, reads: str) -> None:
        """Read who we are on the other wiki, which creates the account there.

        All is set before the base class is, since that sends a request.
        """
        self.use_login(login, place, reads)
        super().__init__(place.code, place.family, login.home.username())  # type: ignore[call-arg]
        if isinstance(self, DataSite):
            # Of two threads, the second would find them half read.
            self._cache_entity_namespaces()

    def use_login(self, login: Login, place: Place, reads: str) -> None:
        """Use the site with a login from now on.

        :param login: that of the home wiki
        :param place: where the site is
        :param reads: ``authenticated`` or ``anonymous``
        """
        self.home_login = login
        self.place = place
        self.reads = reads
        self._foreign_tokens: TypedTokenWallet | None = None
        self.upload_line = Line()
        self._own_prefixes: dict[str, bool] = {}

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
            home = self.home_login.home.tokens.session
            session = SharedSession(self, home, self.home_login.traffic)
            wallet = TypedTokenWallet(self, session)
            wallet.wiki.expect(self.place.meant)
            self._foreign_tokens = wallet
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
        if self.home_login.is_logged_out or home.tokens.session.is_given_up:
            home.login()
            self.read_identity()
        elif not self.logged_in():
            self.read_identity()

    def forget_identity(self) -> None:
        """Take nobody for logged in, as after a logout."""
        del self.userinfo
        self._loginstatus = LoginStatus.NOT_LOGGED_IN
        self.tokens.clear()

    def foreign_site(self, where: Any, **options: Any) -> PluginSite:
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
        """Read userinfo, all tokens, and which wiki it is, in one request.

        :raises NotAttached: the account has no local one, and none can be made
        :raises SessionLost: the other wiki takes us for somebody else
        :raises WrongWiki: it is not the wiki that is meant
        """
        self._loginstatus = LoginStatus.IN_PROGRESS
        del self.userinfo
        with refusals(self):
            answer = self.simple_request(
                action='query',
                meta=['tokens', 'userinfo', 'siteinfo'],
                type='*',
                uiprop=['blockinfo', 'groups', 'hasmsg', 'ratelimits', 'rights'],
                formatversion=2,
            ).submit()
        self._userinfo = dict(part_of(answer, 'query', 'userinfo'))
        if not self.logged_in():
            self._loginstatus = LoginStatus.NOT_LOGGED_IN
            if 'anon' in self._userinfo and not self.home_login.is_logged_out:
                raise NotAttached(no_account(self))
            raise SessionLost(
                f'{self} takes a centralauthtoken of {self.username()} for '
                f'{self._userinfo.get("name")}. Log in on {self.home_login.home} again.'
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

    def interwiki(self, prefix: str) -> Any:
        """Return the site that a prefix of links leads to: itself, for its own.

        Any other is a plain site, as pywikibot makes it.
        """
        if prefix not in self._own_prefixes:
            self._own_prefixes[prefix] = self._is_own_prefix(prefix)
        if self._own_prefixes[prefix]:
            return self
        return super().interwiki(prefix)  # type: ignore[misc]

    def _is_own_prefix(self, prefix: str) -> bool:
        """Tell whether links with a prefix lead to this wiki."""
        url = next(
            (
                entry['url']
                for entry in self.siteinfo['interwikimap']
                if entry['prefix'] == prefix
            ),
            '',
        )
        try:
            address = urlsplit(url)
        except ValueError:
            return False
        path = f'{address.path}?{address.query}' if address.query else address.path
        script = self.path()
        return host_of(url) == host_of(self.base_url('')) and path.replace(
            '$1', '{}'
        ) in (self.articlepath, f'{script}/{{}}', f'{script}?title={{}}')

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
