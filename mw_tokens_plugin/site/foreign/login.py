"""What a home site knows of the other wikis that its login reaches, and their sites.

It decides with which login another wiki is used, and makes the site object once; which
wiki a name means is left to :mod:`.directory`, and who vouches for it to
:mod:`.vouching`.
"""

from __future__ import annotations

import threading
from typing import Any

import pywikibot
from pywikibot.comms import http
from pywikibot.exceptions import NoUsernameError

from mw_tokens_plugin.exceptions import (
    HttpRefusal,
    InvalidInput,
    LoginRefused,
    NoCentralAuthToken,
    SessionLost,
)
from mw_tokens_plugin.protocol.globalaccounts import AttachedAccount
from mw_tokens_plugin.site import forks
from mw_tokens_plugin.site.bearer import Bearer
from mw_tokens_plugin.site.credentials import Vouched
from mw_tokens_plugin.site.family import Place, meant_databases
from mw_tokens_plugin.site.foreign.directory import AttachedWikis
from mw_tokens_plugin.site.foreign.site import ForeignMixin, OAuthMixin, OwnLoginMixin
from mw_tokens_plugin.site.foreign.tokens import CentralAuthTokens
from mw_tokens_plugin.site.foreign.vouching import Voucher
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.traffic import Traffic

#: The kinds of credentials, as ``auth=`` names them.
KINDS = ('auto', 'centralauthtoken', 'password', 'oauth')

#: What HTTP says where there is no api.php.
_NOT_THERE = (404, 410)

#: What follows from kinds of login that get no centralauthtoken.
_KINDS_EXPLAINED = {
    'password': 'a bot password gets no centralauthtoken, so other wikis are logged in '
    'to with that bot password.',
    'oauth': 'OAuth gets no centralauthtoken, so requests to other wikis are made '
    'with the same consumer.',
}


def home_login(home: PluginSite) -> HomeLogin:
    """Return what is known of the login that a site has at present.

    :param home: the site on which the login is made
    """
    wallet = home.tokens
    with wallet.session.lock:
        login = wallet.home_login
        if not isinstance(login, HomeLogin) or login.user != home.username():
            login = wallet.home_login = HomeLogin(home)
        return login


class HomeLogin:
    """What a home site knows of the other wikis that its login reaches.

    .. version-added:: 0.1

    :ivar user: whose login it is; the home site may be used as somebody else later
    :ivar is_logged_out: whether the home site was logged out on purpose
    :ivar wikis: the wikis that it reaches
    :ivar voucher: for which of them the home side vouches
    :ivar tokens: the centralauthtokens of the login
    :ivar traffic: the requests that are made with it on all other wikis
    :ivar adopted: plain sites that are used with it
    """

    def __init__(self, home: PluginSite) -> None:
        """Ask nothing yet."""
        self.home = home
        self.tokens = CentralAuthTokens(home)
        self.traffic = Traffic()
        self.user = home.username()
        self.is_logged_out = False
        self.wikis = AttachedWikis(home, self.user or '')
        self.voucher = Voucher(self.wikis)
        self.adopted: list[PluginSite] = []
        self._sites: dict[tuple[str, ...], PluginSite] = {}
        self._making: dict[tuple[str, ...], threading.Lock] = {}
        self._kind: str | None = None
        self._lock = threading.RLock()
        forks.note(self)
        home.tokens.wiki.expect(meant_databases(home.family, home.code))

    def after_fork(self) -> None:
        """Free the lock that another thread held."""
        forks.free(self._lock)

    def site(
        self, where: Any, *, auth: str, reads: str, create_account: bool
    ) -> PluginSite:
        """Return the site for another wiki, the same one for the same question."""
        if auth not in KINDS:
            raise InvalidInput(f'auth={auth!r} must be one of {", ".join(KINDS)}.')
        if reads not in ('authenticated', 'anonymous'):
            raise InvalidInput(f"reads={reads!r}: give 'authenticated' or 'anonymous'.")
        if not isinstance(create_account, bool):
            raise InvalidInput(
                f'create_account={create_account!r}: give True or False.'
            )
        with self._lock:
            if not self.home.logged_in():
                self.home.login()
            if not self.home.logged_in():
                raise SessionLost(
                    f'{self.user} is not logged in on {self.home}, and '
                    'logging in failed. Check the name and the password.'
                )
            place = self.wikis.find(where)
            if (place.code, place.family) == (self.home.code, self.home.family):
                self.home.tokens.wiki.expect(place.meant)
                return self.home
            kind = self.kind() if auth == 'auto' else auth
            key = (
                str(place.family),
                place.code,
                place.interface.__name__,
                kind,
                reads,
            )
            if key in self._sites:
                self._sites[key].tokens.wiki.expect(place.meant)
                if kind == 'centralauthtoken' and not self._sites[key].logged_in():
                    self._sites[key].login()
                return self._sites[key]
            # No credentials leave for a wiki that is not of this farm.
            vouched = self.voucher.check(place, create_account)
            if kind != 'centralauthtoken':
                return self._kept(key, self._made(place, vouched, kind, reads))
            making = self._making.setdefault(key, threading.Lock())
        # A wiki that takes its time keeps nobody from another one.
        with making:
            if key in self._sites:
                return self._sites[key]
            return self._kept(key, self._made(place, vouched, kind, reads))

    def _kept(self, key: tuple[str, ...], site: PluginSite) -> PluginSite:
        self._sites[key] = site
        pywikibot.log(f'Using {site!r}.')
        return site

    def log_out(self) -> None:
        """Log the other wikis out, since the home site was.

        Their tokens are dead, and reads are made as nobody, until somebody logs in.
        """
        session = self.home.tokens.session
        with session.lock:
            self.is_logged_out = True
            session.generation += 1
            for site in [*self._sites.values(), *self.adopted]:
                if isinstance(site, ForeignMixin):
                    site.forget_identity()

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
        return self.wikis.accounts()

    def _made(
        self, place: Place, vouched: Vouched, kind: str, reads: str
    ) -> PluginSite:
        """Make a site, elsewhere on the host if its API is not where it was guessed."""
        try:
            return self._site_at(place, vouched, kind, reads)
        except HttpRefusal as error:
            if not place.is_guessed or error.status not in _NOT_THERE:
                raise
        return self._site_at(self.wikis.look_around(place), vouched, kind, reads)

    def _site_at(
        self, place: Place, vouched: Vouched, kind: str, reads: str
    ) -> PluginSite:
        if kind == 'centralauthtoken':
            made = class_for(ForeignMixin, place.interface, vouched)
            site: PluginSite = made(self, place, reads)
            return site
        return self._plain_site(place, vouched, kind)

    def _plain_site(self, place: Place, vouched: Vouched, kind: str) -> PluginSite:
        """Return a site that logs in by itself, with the same credentials."""
        made = class_for(OwnLoginMixin, place.interface, vouched)
        if kind == 'oauth':
            keys = self.oauth_keys()
            made = class_for(OAuthMixin, place.interface, vouched, keys=keys)
        try:
            site: PluginSite = made(place.code, place.family, self.user)
            site.login()
        except LoginRefused:
            raise
        except NoUsernameError as error:
            raise _no_login(self.home, place) from error
        if not site.logged_in():
            raise _no_login(self.home, place)
        site.tokens.wiki.expect(place.meant)
        return site

    def oauth_keys(self) -> tuple[str, ...] | Bearer:
        """Return the keys of the home wiki's OAuth consumer, or its access token.

        :raises InvalidInput: there are none, or what there is are no such keys
        """
        address = self.home.base_url('')
        keys = http.get_authentication(address)
        if keys is None:
            raise InvalidInput(
                f"auth='oauth', and no OAuth consumer is configured for "
                f'{self.home}. Add it to authenticate in user-config.py.'
            )
        if isinstance(keys, Bearer):
            return keys
        if len(keys) != 4:
            raise InvalidInput(
                f"auth='oauth', and the entry for {self.home} in authenticate of "
                f'user-config.py has {len(keys)} items. OAuth 1.0a has four: the key '
                'and the secret of the consumer, and those of its access token; OAuth '
                '2.0 has one, the access token.'
            )
        return tuple(keys)


def class_for(
    mixin: type[Any], interface: type[Any], vouched: Vouched, **members: Any
) -> type[Any]:
    """Return a class that pywikibot takes for the interface of a wiki.

    Its name is that of the interface, since pywikibot tells sites apart by it. What
    vouches for the wiki is there before the site is made, which sends a request.

    :param mixin: with which login it is used
    :param interface: the class of the wiki's sites
    :param vouched: what lets credentials leave for its address
    :param members: further ones
    """
    members['vouched'] = vouched
    return type(interface.__name__, (mixin, interface), members)


def _no_login(home: PluginSite, place: Place) -> SessionLost:
    return SessionLost(
        f'Logging in to {place} as {home.username()} failed. A bot password or an '
        'OAuth consumer must be of an account that is attached there.'
    )
