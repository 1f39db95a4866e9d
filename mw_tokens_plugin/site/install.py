"""Patching pywikibot's site class in place, after checking that every seam is there.

In place, since pywikibot tells sites apart by the name of their class: that reaches
all families, and all sites that exist already. Nothing is patched where a seam is
missing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import wraps
from importlib import import_module
from typing import Any

#: What the plugin relies on inside pywikibot: module, class, and the names in it.
SEAMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        'pywikibot.site._apisite',
        'APISite',
        (
            '_relogin',
            '_request',
            '_request_class',
            'data_repository',
            'get_tokens',
            'image_repository',
            'interwiki',
            'is_oauth_token_available',
            'login',
            'logout',
            'simple_request',
            'tokens',
            'userinfo',
        ),
    ),
    (
        'pywikibot.site._datasite',
        'DataSite',
        ('_cache_entity_namespaces', 'get_repo_for_entity_type'),
    ),
    ('pywikibot.site._tokenwallet', 'TokenWallet', ('__getitem__', 'update_tokens')),
    (
        'pywikibot.data.api',
        'Request',
        (
            '__setitem__',
            '_add_defaults',
            '_bad_token',
            '_get_request_params',
            '_http_param_string',
            '_http_request',
            '_internal_api_error',
            '_json_loads',
            '_logged_in',
            '_ratelimited',
            '_relogin',
            '_use_get',
            '_userinfo_query',
            'submit',
            'wait',
        ),
    ),
    ('pywikibot.data.api', 'CachedRequest', ('submit',)),
    ('pywikibot.data.api._requests', 'CachedRequest', ('submit',)),
    ('pywikibot.data.api._requests', 'Request', ('create_simple',)),
    ('pywikibot.data.api._requests', 'WRITE_ACTIONS', ()),
    ('pywikibot.comms.http', 'PywikibotCookieJar', ('_lock', 'load', 'save')),
    ('pywikibot.comms.http', 'cookie_jar', ('_cookies', '_cookies_lock', 'filename')),
    ('pywikibot.comms.http', 'error_handling_callback', ()),
    ('pywikibot.comms.http', 'get_authentication', ()),
    ('pywikibot.comms.http', 'requests_oauthlib', ()),
    (
        'pywikibot.comms.http',
        'session',
        ('auth', 'hooks', 'prepare_request', 'rebuild_auth'),
    ),
    ('pywikibot.data.api', '_invalidate_superior_cookies', ()),
    ('pywikibot.exceptions', 'APIError', ()),
    ('pywikibot.exceptions', 'APIMWError', ()),
    ('pywikibot.exceptions', 'ApiTimeoutError', ()),
    ('pywikibot.exceptions', 'EditConflictError', ()),
    ('pywikibot.exceptions', 'Error', ()),
    ('pywikibot.exceptions', 'MaxlagTimeoutError', ()),
    ('pywikibot.exceptions', 'OtherPageSaveError', ()),
    ('pywikibot.exceptions', 'UserRightsError', ()),
    ('pywikibot.family', 'Family', ('apipath', 'code_aliases', 'dbName', 'hostname')),
    ('pywikibot.family', 'SingleSiteFamily', ('interface',)),
    ('pywikibot.family', 'WikimediaFamily', ()),
    (
        'pywikibot.login',
        'ClientLoginManager',
        ('_login_parameters', 'keyword', 'login_to_site', 'mapping'),
    ),
    ('pywikibot.login', 'LoginManager', ('login', 'readPassword')),
    ('pywikibot.login', 'LoginStatus', ('IN_PROGRESS',)),
    ('pywikibot.throttle', 'Throttle', ('waittime',)),
    (
        'pywikibot.userinterfaces.terminal_interface_base',
        'TerminalHandler',
        ('sharedlock',),
    ),
)


def missing_seams() -> Iterator[str]:
    """Yield the dotted names that this pywikibot does not have."""
    for module, holder, names in SEAMS:
        try:
            owner = getattr(import_module(module), holder)
        except (ImportError, AttributeError):
            yield f'{module}.{holder}'
            continue
        for name in names:
            if not hasattr(owner, name):
                yield f'{module}.{holder}.{name}'


def install(session: Any = None) -> None:
    """Patch ``APISite``, once.

    :param session: pywikibot's HTTP session, if somebody has replaced it since: the new
        one may send through it
    """
    missing = list(missing_seams())
    if missing:
        warnings.warn(
            'mw_tokens_plugin leaves pywikibot untouched: this release of it lacks '
            f'{", ".join(missing)}. Look for a newer mw_tokens_plugin.',
            RuntimeWarning,
            stacklevel=2,
        )
        return
    from pywikibot.comms import http
    from pywikibot.site import APISite

    from mw_tokens_plugin.site import cookiefile
    from mw_tokens_plugin.site.attendedlogin import install_conversation
    from mw_tokens_plugin.site.bearer import install_bearer
    from mw_tokens_plugin.site.cleanlogs import install_redaction
    from mw_tokens_plugin.site.cookies import AccountCookies
    from mw_tokens_plugin.site.failures import with_plain_wait
    from mw_tokens_plugin.site.foreign.outgoing import install_authentication
    from mw_tokens_plugin.site.forks import install_fork_hook
    from mw_tokens_plugin.site.mixins import PluginMixin
    from mw_tokens_plugin.site.oldwikis import install_login
    from mw_tokens_plugin.site.reasons import install_reasons
    from mw_tokens_plugin.site.requestclasses import (
        install_direct_requests,
        request_class,
    )
    from mw_tokens_plugin.site.secretsources import note_exchange
    from mw_tokens_plugin.site.transport import (
        keep_secrets_at_home,
        limit_time,
        with_few_redirects,
        within_limits,
    )

    if PluginMixin in APISite.__bases__:
        return
    relogin = APISite._relogin
    APISite.__bases__ += (PluginMixin,)
    APISite.tokens = _wallet_property(relogin, APISite.tokens.__doc__)
    for name, ours in (
        ('server_time', PluginMixin.server_time),
        ('get_tokens', PluginMixin.get_tokens),
        ('_request_class', staticmethod(request_class)),
    ):
        # What somebody has put there, such as a dry mode, stays.
        if getattr(APISite, name).__module__ == APISite.__module__:
            setattr(APISite, name, ours)
    APISite.login = _attended_login(APISite.login)
    APISite.logout = _shared_logout(APISite.logout)
    http.PywikibotCookieJar.save = cookiefile.save
    AccountCookies.divide(http.cookie_jar)
    install_fork_hook()
    hooks = (note_exchange, with_plain_wait, with_few_redirects, within_limits)
    for each in {id(each): each for each in (http.session, session) if each}.values():
        each.hooks['response'].extend(hooks)
        install_authentication(each)
        keep_secrets_at_home(each)
        limit_time(each)
    install_redaction()
    install_direct_requests()
    install_bearer()
    _note_passwords()
    install_login()
    install_conversation()
    install_reasons()


def _note_passwords() -> None:
    """Let each password be known as a secret before anything is done with it."""
    from pywikibot.login import LoginManager

    from mw_tokens_plugin.site.attendedlogin import Carried
    from mw_tokens_plugin.site.redaction import redactor
    from mw_tokens_plugin.site.secretsources import note_password_file, noted_password

    read = LoginManager.readPassword

    @wraps(read)
    def read_password(self: Any) -> None:
        note_password_file()
        read(self)

    log_in = LoginManager.login

    @wraps(log_in)
    def logged_in(self: Any, *args: Any, **kwargs: Any) -> bool:
        try:
            done: bool = log_in(self, *args, **kwargs)
            return done
        except Carried as carried:
            raise carried.error from None
        except Exception as error:
            # It quotes what the wiki says of a login that it refuses.
            redactor.clean_error(error)
            raise

    LoginManager.password = noted_password()
    LoginManager.readPassword = read_password
    LoginManager.login = logged_in


def _wallet_property(relogin: Any, doc: str | None) -> property:
    from mw_tokens_plugin.site.session import Session
    from mw_tokens_plugin.site.wallet import TypedTokenWallet

    def tokens(self: Any) -> TypedTokenWallet:
        """Return the wallet with the tokens of this site's user."""
        wallet = self._tokens
        if not isinstance(wallet, TypedTokenWallet):
            # setdefault-like: of two threads, both get the wallet that was kept.
            with self._pagemutex:
                wallet = self._tokens
                if not isinstance(wallet, TypedTokenWallet):
                    wallet = TypedTokenWallet(self, Session(self, relogin))
                    self._tokens = wallet
        return wallet

    def drop_tokens(self: Any) -> None:
        """Drop all tokens; they are fetched again when needed."""
        self._tokens.clear()

    return property(tokens, None, drop_tokens, doc)


def _configured_user(site: Any) -> str | None:
    """Return whom pywikibot logs in on a site that was made without a user."""
    from pywikibot import config

    names = config.usernames[site.family.name] or config.usernames['*']
    name: str | None = names.get(site.code) or names.get('*')
    return name


def _attended_login(login: Any) -> Any:
    from mw_tokens_plugin.site.cookies import logging_in
    from mw_tokens_plugin.site.oauthrefusals import told_by_oauth
    from mw_tokens_plugin.site.session import unattended
    from mw_tokens_plugin.site.settings import settings

    @wraps(login)
    def attended(
        self: Any, autocreate: bool = False, user: str | None = None, **options: Any
    ) -> None:
        session = self.tokens.session
        session.reset()
        if not options.get('cookie_only'):
            # Cookies are kept by account, so the account must be known before a login.
            user = user or self.username() or _configured_user(self)
            if settings.home and not self.logged_in():
                from mw_tokens_plugin.site.foreign.onelogin import adopt

                if adopt(self, user, autocreate=autocreate):
                    return
        acting = logging_in(user or self.username())
        with session.lock, acting, unattended(), told_by_oauth(self):
            login(self, autocreate, user, **options)
        shared = self.tokens.home_login
        if shared is not None and self.logged_in():
            shared.is_logged_out = False

    return attended


def _shared_logout(logout: Any) -> Any:
    @wraps(logout)
    def shared_logout(self: Any) -> None:
        logout(self)
        shared = self.tokens.home_login
        if shared is not None:
            shared.log_out()

    return shared_logout
