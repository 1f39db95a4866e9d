"""What every site object gains for accounts elsewhere that are linked to one's own.

The methods send what the table of :mod:`..protocol.authmanager` says, once, and return
what is to be done next; asking the user is left to the caller.

https://www.mediawiki.org/wiki/API:Linkaccount
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from pywikibot import config
from pywikibot.login import ClientLoginManager, LoginStatus

from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    CannotReauthenticate,
    FlowLost,
    InternalApiError,
    InvalidInput,
    MustReauthenticate,
    NotLinked,
    OutcomeUnknown,
    PermissionDenied,
    SessionError,
    SessionLost,
    StoppedByGuard,
    TokenError,
    WikiUnreachable,
)
from mw_tokens_plugin.protocol.answers import part_of
from mw_tokens_plugin.protocol.authmanager import (
    AuthRequest,
    Failed,
    Flow,
    Form,
    Restart,
    State,
    Step,
    Submission,
    Value,
    form_from_authmanagerinfo,
    load,
    save,
)
from mw_tokens_plugin.site.base import SiteBase
from mw_tokens_plugin.site.inputs import text_of, words
from mw_tokens_plugin.site.requests import proven, refusals, send_once
from mw_tokens_plugin.site.secretsources import note_return, note_values
from mw_tokens_plugin.site.session import unattended

_FORMATS = ('html', 'none', 'raw', 'wikitext')

#: What the wiki calls linking and unlinking where it asks for a recent login.
_LINK, _UNLINK = 'LinkAccounts', 'UnlinkAccount'

_WHAT_TO_DO: Mapping[type[ApiRefusal], str] = {
    MustReauthenticate: 'Give the password again (site.reauthenticate()), and begin '
    'anew.',
    CannotReauthenticate: 'Log in with the main password on this wiki itself.',
    PermissionDenied: 'Bot passwords and OAuth may not do this: log in with the main '
    'password.',
}


class LinkingMixin(SiteBase):
    """Accounts of third-party providers, linked to the account that is logged in.

    .. version-added:: 0.1
    """

    def linkable_accounts(
        self, *, message_format: str = 'wikitext', merge_fields: bool = False
    ) -> Form:
        """Return what the providers want to know that accounts can be linked of.

        https://www.mediawiki.org/wiki/API:Authmanagerinfo

        :param message_format: ``html``, ``none``, ``raw`` or ``wikitext``
        :param merge_fields: ask for one list of fields for all providers
        :return: a form without requests, if there is no provider
        :raises ApiRefusal: the wiki refused
        """
        options = {'amimergerequestfields': merge_fields}
        return form_from_authmanagerinfo(self._offers('link', message_format, options))

    def linked_accounts(
        self, *, message_format: str = 'wikitext'
    ) -> tuple[AuthRequest, ...]:
        """Return what is linked and can be unlinked, by its id.

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
        """Begin to link an account, or go on where it was left; nothing is sent yet.

        ::

            link = site.link_account(return_url='https://example.org/return')
            link.submit({'username': 'me'})
            while isinstance(link.step, (Ask, Redirect)):
                ...  # link.submit(fields), link.returned(url)

        The conversation lives in the session: it can be saved and gone on with in
        another process that uses the same cookies, and is lost with them.

        https://www.mediawiki.org/wiki/API:Linkaccount

        :param return_url: where a provider sends the user back to, absolute
        :param requests: the ids of those requests that are to be filled in, if not
            any
        :param message_format: ``html``, ``none``, ``raw`` or ``wikitext``
        :param merge_fields: ask for one list of fields for all requests
        :param restart: how to take the answer RESTART
        :param saved: what :meth:`AccountLink.save` returned; then the others do not
            count
        :raises InvalidInput: there is no provider, or no such request, or the saved
            state is another wiki's or user's, or this is a foreign site
        :raises MustReauthenticate: the login is too old
        :raises CannotReauthenticate: not with this kind of login
        :raises ApiRefusal: the wiki refused
        """
        self._refuse_foreign()
        if saved is not None:
            return AccountLink.load(self, saved)
        _check_url(return_url)
        offered = self._offers(
            'link',
            message_format,
            {'amimergerequestfields': merge_fields},
            operation=_LINK,
        )
        form = form_from_authmanagerinfo(offered)
        if not form.requests:
            raise InvalidInput(f'{self} has no provider of accounts to be linked.')
        ids = None if requests is None else list(words(requests, 'requests'))
        if ids is not None:
            form = form.only(ids)
        options = {
            'linkreturnurl': return_url,
            'linkrequests': ids,
            'linkmessageformat': message_format,
            'linkmergerequestfields': merge_fields,
        }
        return AccountLink(self, Flow(form, restart), options)

    def unlink_account(self, request: str) -> None:
        """Unlink an account that is linked.

        MediaWiki takes this for a change of the password: all bot passwords of the
        account on this wiki become invalid.

        https://www.mediawiki.org/wiki/API:Manage_authentication_data

        :param request: its id, from :meth:`linked_accounts`
        :raises NotLinked: no such account is linked
        :raises MustReauthenticate: the login is too old
        :raises CannotReauthenticate: not with this kind of login
        :raises InvalidInput: this is a foreign site
        :raises OutcomeUnknown: the answer was lost; read what is linked first
        """
        self._refuse_foreign()
        try:
            with _advised():
                whom = {'request': text_of(request, 'request')}
                send_once(self, 'unlinkaccount', whom, proof='status')
        except ApiRefusal as error:
            if error.code != 'badrequest':
                raise
            raise NotLinked(
                error.code, f'no account {request!r} is linked', error.wiki
            ) from error

    def reauthenticate(self) -> None:
        """Give the password again, although the session is alive.

        Wikis ask for it before anything security-sensitive, by default five minutes
        after the last time, or when a session was revived by what the browser
        remembers. pywikibot's own ``login()`` finds the session alive, and even after
        ``logout()`` revives it from its cookie file.

        :raises LoginNeedsInput: a password or code is needed, and nobody is there
        :raises SessionLost: the wiki refused the password
        :raises InvalidInput: this is a foreign site
        """
        self._refuse_foreign()
        session = self.tokens.session
        with session.lock, unattended():
            manager = ClientLoginManager(site=self, user=self.username())
            if not manager.login(retry=True):
                raise SessionLost(f'{self} refused the password of {self.username()}.')
            session.generation += 1
            self._loginstatus = LoginStatus.NOT_LOGGED_IN
            self.login()

    def _offers(
        self,
        what: str,
        message_format: str,
        options: Mapping[str, Any],
        *,
        operation: str | None = None,
    ) -> dict[str, Any]:
        """Ask what can be linked or unlinked, and whether the login is recent enough.

        :raises MustReauthenticate: it is not
        :raises CannotReauthenticate: this kind of login never is
        """
        if message_format not in _FORMATS:
            raise InvalidInput(
                f'There is no message format {message_format!r}; there are '
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
        with refusals(self):
            answer = self.simple_request(**parameters).submit()
        info: dict[str, Any] = dict(
            part_of(answer, 'query').get('authmanagerinfo') or {}
        )
        kinds = {'reauth': MustReauthenticate, 'fail': CannotReauthenticate}
        status = str(info.get('securitysensitiveoperationstatus', ''))
        kind = kinds.get(status)
        if kind is not None:
            code = {'reauth': 'reauthenticate'}.get(status, 'cannotreauthenticate')
            with _advised():
                raise kind(code, 'this login does not allow it.', str(self))
        return info

    def _refuse_foreign(self) -> None:
        if hasattr(self, 'home_login'):
            raise InvalidInput(
                f'{self} is reached with tokens of another wiki, and accounts are '
                'linked in a session that lasts: wikis refuse it where a recent login '
                'is asked for. Log in on this wiki itself.'
            )


class AccountLink:
    """The linking of one account, under way.

    .. version-added:: 0.1

    :ivar return_url: where the provider sends the user back to
    """

    def __init__(self, site: Any, flow: Flow, options: Mapping[str, Any]) -> None:
        """Keep the site, the table's state, and the parameters of all requests."""
        self._site = site
        self._flow = flow
        self._options = dict(options)

    @property
    def step(self) -> Step:
        """What is to be done next."""
        return self._flow.step

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._flow.state

    @property
    def return_url(self) -> str:
        """Where the provider sends the user back to."""
        return str(self._options['linkreturnurl'])

    def submit(self, values: Mapping[str, Value]) -> Step:
        """Send a form that was filled in.

        After a refusal the same can be submitted again; after an answer that was lost
        it cannot.

        :param values: the fields by name: text; one option of a select; a list of
            options of a multiselect; True or False for a checkbox or button
        :return: what is to be done next
        :raises InvalidInput: a value does not fit; nothing was sent
        :raises FlowLost: the session was lost meanwhile: begin anew
        :raises MustReauthenticate: the login has become too old
        :raises CannotReauthenticate: not with this kind of login
        :raises ApiRefusal: the wiki refused
        :raises OutcomeUnknown: the answer was lost, or is none that the API gives:
            look at what is linked
        :raises StoppedByGuard: pywikibot simulates: it would have been sent
        """
        return self._send(self._flow.submit(values))

    def returned(self, url: str) -> Step:
        """Go on after the user has come back.

        :param url: the whole address that the user was sent back to
        :return: what is to be done next
        :raises InvalidInput: it is not the way back, or belongs to another attempt
        :raises TokensPluginError: as :meth:`submit` does
        """
        note_return(url)
        ours, theirs = urlsplit(self.return_url), urlsplit(url.strip())
        if ours[:3] != theirs[:3]:
            raise InvalidInput(
                f'The address to come back to is {self.return_url}, with something '
                'behind it; this is another one.'
            )
        return self._send(self._flow.returned(url.strip()))

    def save(self) -> str:
        """Return all of it as JSON, without tokens and without what was filled in.

        It is as valuable as the link in an e-mail: keep it where others cannot read.
        """
        return json.dumps(
            {
                'wiki': str(self._site),
                'user': self._site.user(),
                'options': self._options,
                'flow': save(self._flow),
            }
        )

    @classmethod
    def load(cls, site: Any, saved: str) -> AccountLink:
        """Return what was saved, to go on with it.

        :param site: the same wiki, with the same session
        :param saved: what :meth:`save` returned
        :raises InvalidInput: it is something else, or of another wiki or user
        """
        try:
            data = json.loads(saved)
            options = {name: data['options'][name] for name in _OPTIONS}
            flow, whose = load(data['flow']), (data['wiki'], data['user'])
            _check_url(options['linkreturnurl'])
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidInput(f'This is no saved state: {error}') from None
        if site.user() is None:
            site.login()
        if whose != (str(site), site.user()):
            raise InvalidInput(
                f'The saved state is of {whose[1]} on {whose[0]}, and this is '
                f'{site.user()} on {site}.'
            )
        return cls(site, flow, options)

    def _send(self, submission: Submission) -> Step:
        parameters = {
            name: self._options[name]
            for name in ('linkmessageformat', 'linkmergerequestfields')
        }
        if submission.is_first:
            parameters['linkreturnurl'] = self.return_url
            if self._options['linkrequests'] is not None:
                parameters['linkrequests'] = self._options['linkrequests']
        else:
            parameters['linkcontinue'] = True
        try:
            self._check_names(submission)
            if config.simulate:
                # Nobody can tell what the wiki would have answered.
                raise StoppedByGuard('This is a simulation: nothing was sent.')
            note_values(submission.secrets, 'code')
            with _advised():
                answer = send_once(
                    self._site,
                    'linkaccount',
                    parameters,
                    token_parameter='linktoken',
                    fields=submission.fields,
                )
        except (InternalApiError, OutcomeUnknown):
            # A lost race is both a refusal and an unknown outcome.
            raise
        except (
            ApiRefusal,
            InvalidInput,
            SessionError,
            StoppedByGuard,
            TokenError,
            WikiUnreachable,
        ):
            self._flow.refused()
            raise
        with proven(self._site):
            step = self._flow.receive(answer)
        if isinstance(step, Failed) and step.not_in_progress:
            raise FlowLost(
                f'{self._site} knows of no linking that is under way: the session it '
                'lived in was lost, or it has ended. Begin anew.'
            )
        return step

    def _check_names(self, submission: Submission) -> None:
        """Let no field change the request itself.

        :raises InvalidInput: one would
        """
        taken = set(_OF_JSON)
        for module in ('main', 'linkaccount'):
            described = self._site.tokens.module_info(module) or {}
            prefix = described.get('prefix', '')
            taken |= {prefix + each['name'] for each in described.get('parameters', ())}
        for name, _ in submission.fields:
            if name.partition('[')[0] in taken:
                raise InvalidInput(
                    f'A field is called {name!r}, like a parameter of the API: it is '
                    'not sent.'
                )


#: What the format has of its own, which a field must not change either.
#: https://www.mediawiki.org/wiki/API:Data_formats
_OF_JSON = ('ascii', 'callback', 'formatversion', 'utf8')

_OPTIONS = (
    'linkreturnurl',
    'linkrequests',
    'linkmessageformat',
    'linkmergerequestfields',
)


@contextmanager
def _advised() -> Iterator[None]:
    """Add to a refusal what to do about it."""
    try:
        yield
    except PermissionDenied as error:
        error.info = f'{error.info} {_WHAT_TO_DO.get(type(error), "")}'.strip()
        raise


def _check_url(url: object) -> None:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ('http', 'https') or not parts.hostname:
        raise InvalidInput(
            f'return_url={url!r}: give the absolute address that the user comes back '
            'to, such as http://127.0.0.1:8000/return.'
        )
