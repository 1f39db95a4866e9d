"""The methods of site objects for linking accounts of third-party providers.

They ask what can be linked, start a conversation, and unlink. The conversation itself
is left to :mod:`.accountlink`, and asking the user to the caller.

https://www.mediawiki.org/wiki/API:Linkaccount
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    InvalidInput,
    NotLinked,
)
from mw_tokens_plugin.protocol.answers import part_of
from mw_tokens_plugin.protocol.authmanager import (
    AuthRequest,
    Flow,
    Form,
    Restart,
    form_from_authmanagerinfo,
)
from mw_tokens_plugin.site.accountlink import AccountLink, LinkParameters, advice
from mw_tokens_plugin.site.inputs import text_of, words
from mw_tokens_plugin.site.pluginsite import SiteBase
from mw_tokens_plugin.site.reauthentication import confirm_login
from mw_tokens_plugin.site.refusals import cannot_confirm, must_confirm, refusals
from mw_tokens_plugin.site.session import is_attended
from mw_tokens_plugin.site.writes import send_once

_FORMATS = ('html', 'none', 'raw', 'wikitext')

#: The name of linking where the wiki is asked whether the login is recent enough.
#: https://www.mediawiki.org/wiki/Manual:$wgReauthenticateTime
LINK = 'LinkAccounts'

_NOT_ALLOWED = 'this login does not allow it.'


class LinkingMixin(SiteBase):
    """Accounts of third-party providers, linked to the account that is logged in.

    .. version-added:: 0.1
    """

    def linkable_accounts(
        self, *, message_format: str = 'wikitext', merge_fields: bool = False
    ) -> Form:
        """Return what the providers ask for whose accounts can be linked.

        https://www.mediawiki.org/wiki/API:Authmanagerinfo

        :param message_format: ``html``, ``none``, ``raw`` or ``wikitext``
        :param merge_fields: ask for one list of fields for all providers
        :return: the form of the first step; without requests if there is no provider
        :raises MustReauthenticate: the login is too old
        :raises CannotReauthenticate: not with this kind of login
        :raises ApiRefusal: the wiki refused
        """
        options = {'amimergerequestfields': merge_fields}
        return form_from_authmanagerinfo(self._offers('link', message_format, options))

    def linked_accounts(
        self, *, message_format: str = 'wikitext'
    ) -> tuple[AuthRequest, ...]:
        """Return the accounts that are linked; ``id`` is what unlinking them takes.

        https://www.mediawiki.org/wiki/API:Authmanagerinfo

        :param message_format: ``html``, ``none``, ``raw`` or ``wikitext``
        :raises ApiRefusal: the wiki refused
        """
        offered = self._offers('unlink', message_format, {})
        return form_from_authmanagerinfo(offered).requests

    def link_account(
        self,
        *,
        return_url: str | None = None,
        requests: Iterable[str] | str | None = None,
        message_format: str = 'wikitext',
        merge_fields: bool = False,
        restart: Restart = Restart.AS_UI,
        saved: str | None = None,
    ) -> AccountLink:
        """Start to link an account, or resume it; nothing is sent yet.

        ::

            link = site.link_account(return_url='https://example.org/return')
            link.submit({'username': 'me'})
            while isinstance(link.step, (Ask, Redirect)):
                ...  # link.submit(fields), link.returned(url)

        The conversation belongs to the session: it can be saved and resumed in another
        process that uses the same cookies, and is lost with them.

        https://www.mediawiki.org/wiki/API:Linkaccount

        :param return_url: the absolute address that a provider sends the user back to
        :param requests: the ids of the requests that can be filled in; None for all
        :param message_format: ``html``, ``none``, ``raw`` or ``wikitext``
        :param merge_fields: ask for one list of fields for all requests
        :param restart: how to treat the answer RESTART
        :param saved: what :meth:`.AccountLink.save` returned; the other parameters are
            ignored then
        :raises InvalidInput: there is no provider, or no such request, or the saved
            state belongs to another wiki or user, or this is a foreign site
        :raises MustReauthenticate: the login is too old
        :raises CannotReauthenticate: not with this kind of login
        :raises ApiRefusal: the wiki refused
        """
        self._refuse_foreign()
        if saved is not None:
            return AccountLink.load(self, saved)
        ids = None if requests is None else list(words(requests, 'requests'))
        parameters = LinkParameters(return_url or '', ids, message_format, merge_fields)
        offered = self._offers(
            'link',
            message_format,
            {'amimergerequestfields': merge_fields},
            operation=LINK,
        )
        form = form_from_authmanagerinfo(offered)
        if not form.requests:
            raise InvalidInput(f'{self} has no provider whose accounts can be linked.')
        if ids is not None:
            form = form.only(ids)
        return AccountLink(self, Flow(form, restart), parameters)

    def unlink_account(self, request: str) -> None:
        """Unlink an account that is linked.

        MediaWiki treats this as a change of the password: all bot passwords of the
        account on this wiki become invalid.

        https://www.mediawiki.org/wiki/API:Manage_authentication_data

        :param request: its id, from :meth:`linked_accounts`
        :raises NotLinked: no such account is linked
        :raises MustReauthenticate: the login is too old
        :raises CannotReauthenticate: not with this kind of login
        :raises InvalidInput: this is a foreign site
        :raises ApiRefusal: the wiki refused
        :raises AmbiguousWrite: the answer was lost; look at what is linked
        """
        self._refuse_foreign()
        try:
            with advice():
                parameters = {'request': text_of(request, 'request')}
                send_once(self, 'unlinkaccount', parameters, proof='status')
        except ApiRefusal as error:
            if error.code != 'badrequest':
                raise
            raise NotLinked(
                error.code, f'no account {request!r} is linked', error.wiki
            ) from error

    def reauthenticate(self, operation: str = '') -> None:
        """Give the password again, although the session is alive.

        Wikis ask for it before anything security-sensitive, by default five minutes
        after the last time, and where cookies have revived a session. pywikibot's own
        ``login()`` is not enough: it finds the session alive, and even after
        ``logout()`` revives it from its cookie file.

        From MediaWiki 1.47 each operation is confirmed apart, and a login never
        suffices; a code of an authenticator app may be given instead of the password.

        https://www.mediawiki.org/wiki/Manual:$wgReauthenticateTime

        :param operation: for what, as :attr:`.MustReauthenticate.operation` says;
            wikis before 1.47 need none
        :raises LoginNeedsInput: a password or code is needed, and there is no terminal
        :raises SessionLost: the wiki refused the password
        :raises InvalidInput: this is a foreign site, or the wiki needs an operation
        """
        self._refuse_foreign()
        confirm_login(self, text_of(operation, 'operation'))

    def _offers(
        self,
        what: str,
        message_format: str,
        options: Mapping[str, Any],
        *,
        operation: str | None = None,
    ) -> dict[str, Any]:
        """Return what can be linked or unlinked.

        :param operation: check also that the login is recent enough for this
        :raises MustReauthenticate: the login is too old
        :raises CannotReauthenticate: no login of this kind is recent enough
        """
        if message_format not in _FORMATS:
            raise InvalidInput(
                f'The message format is {message_format!r}; it must be one of '
                f'{", ".join(_FORMATS)}.'
            )
        if self.user() is None:
            self.login()
        parameters = {
            'action': 'query',
            'meta': 'authmanagerinfo',
            'amirequestsfor': what,
            'amimessageformat': message_format,
            'formatversion': 2,
            **options,
        }
        if operation is not None:
            parameters['amisecuritysensitiveoperation'] = operation
        info = self._authmanagerinfo(parameters)
        if _status(info) == 'reauth' and is_attended():
            self.reauthenticate(operation or '')
            info = self._authmanagerinfo(parameters)
        if _status(info) == 'reauth':
            raise must_confirm(self, _NOT_ALLOWED, operation or '')
        if _status(info) == 'fail':
            raise cannot_confirm(self, _NOT_ALLOWED)
        return info

    def _authmanagerinfo(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        with refusals(self):
            answer = self.simple_request(**parameters).submit()
        return dict(part_of(answer, 'query').get('authmanagerinfo') or {})

    def _refuse_foreign(self) -> None:
        if hasattr(self, 'home_login'):
            raise InvalidInput(
                f'{self} is reached with tokens of another wiki, and accounts are '
                'linked in a session that lasts: wikis refuse it where a recent login '
                'is asked for. Log in on this wiki itself.'
            )


def _status(info: Mapping[str, Any]) -> str:
    """Return whether the login is recent enough: ok, reauth, fail; '' if not asked."""
    return str(info.get('securitysensitiveoperationstatus', ''))
