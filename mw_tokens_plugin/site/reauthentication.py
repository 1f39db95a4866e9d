"""Confirming a login that is alive, before something security-sensitive.

Up to MediaWiki 1.46 one logs in again, and everything is allowed for a while. From 1.47
a login is confirmed for each operation apart, with a token for that, and by a code of
an authenticator app instead of the password where there is one. All other tokens of
the session are new afterwards, as after a login.

https://www.mediawiki.org/wiki/Manual:$wgReauthenticateTime
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pywikibot
from pywikibot.exceptions import APIError
from pywikibot.login import ClientLoginManager, LoginStatus

from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    InvalidInput,
    SessionLost,
)
from mw_tokens_plugin.protocol.answers import part_of
from mw_tokens_plugin.protocol.authmanager import (
    Ask,
    AuthRequest,
    Done,
    Failed,
    Field,
    FieldType,
    Flow,
    Form,
    Message,
    Required,
    Restart,
    State,
    Step,
    form_from_authmanagerinfo,
)
from mw_tokens_plugin.protocol.authmanager.factors import CHOICE
from mw_tokens_plugin.protocol.authmanager.typed import plain
from mw_tokens_plugin.site.attendedlogin import WRONG_PASSWORD, AttendedLogin
from mw_tokens_plugin.site.logindialog import LoginDialog
from mw_tokens_plugin.site.loginreturn import LoginReturn
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.site.secretsources import note_values
from mw_tokens_plugin.site.session import is_attended, unattended
from mw_tokens_plugin.site.settings import settings

#: What helps where nobody is there: just logging in does not.
_WITHOUT_TERMINAL = (
    'Start again at a terminal, where it is asked for: nothing else confirms a login '
    'but a password file and otp_command in user-config.py.'
)

#: The field that says which login is confirmed, and for what.
_ELEVATED = 'elevatedSecurityToken'
_CODE = 'OATHToken'
#: What is typed to give the password instead of a code.
_PASSWORD = 'password'  # noqa: S105  # a word

#: How often the wiki is asked for a token, and how many passwords are tried.
_MAX_BEGINNINGS = 3

#: Stands for any operation.
_ANY = 'any'

_STALE = 'authmanager-elevatedsecurity'


def confirm_login(site: PluginSite, operation: str) -> None:
    """Let the login be recent enough for an operation.

    :param operation: what the wiki calls it; '' where it does not say so
    :raises LoginNeedsInput: a password or code is needed, and there is no terminal
    :raises SessionLost: the wiki refused it
    :raises InvalidInput: the wiki has to be told the operation
    """
    session = site.tokens.session
    with session.lock, unattended():
        # Before 1.47 it is answered as if any login was asked for.
        info = authmanagerinfo(site, _about('login', operation or _ANY), own=True)
        if not _token_in(info):
            manager = ClientLoginManager(site=site, user=site.username())
            if not manager.login(retry=True):
                raise SessionLost(f'{site} refused the password of {site.username()}.')
        elif operation:
            with session.traffic.halted():
                _confirm(site, operation, info)
        else:
            raise InvalidInput(
                f'{site} confirms logins for each operation apart: name it, as the '
                'error does that asks for it (MustReauthenticate.operation).'
            )
        session.generation += 1
        site._loginstatus = LoginStatus.NOT_LOGGED_IN
        site.login()


def authmanagerinfo(
    site: PluginSite, parameters: Mapping[str, str], *, own: bool = False
) -> dict[str, Any]:
    """Return what a wiki says of logging in.

    :param own: whether it is asked as the user who is logged in
    """
    query: dict[str, Any] = {
        'action': 'query',
        'meta': 'authmanagerinfo',
        'formatversion': 2,
        **parameters,
    }
    if own:
        query |= {'assert': 'user', 'assertuser': site.username()}
    with refusals(site):
        request = site._request(parameters=query)
        # Wikis before 1.47 warn of a parameter that they do not know.
        request._warning_handler = lambda *_: True
        answer = request.submit()
    return dict(part_of(answer, 'query').get('authmanagerinfo') or {})


def _about(what: str, operation: str) -> dict[str, str]:
    """Return the parameters by which the form of a step is asked for."""
    parameters = {'amirequestsfor': what}
    if what == 'login':
        parameters['amireauthenticate'] = operation
    return parameters


def _confirm(site: PluginSite, operation: str, info: Mapping[str, Any]) -> None:
    user = str(site.username())
    manager = ClientLoginManager(site=site, user=user)
    attended = is_attended()
    dialog = LoginDialog(
        site,
        user,
        attended=attended,
        command=settings.otp_command,
        unattended=_WITHOUT_TERMINAL,
    )
    way_back = LoginReturn(attended=attended)
    before = site._loginstatus
    site._loginstatus = LoginStatus.IN_PROGRESS
    pywikibot.info(f'{site} wants the login of {user} confirmed for {operation}.')
    try:
        Confirmation(site, user, operation, dialog, way_back, manager, info).run()
        manager.storecookiedata()
    finally:
        way_back.close()
        # A refusal logs nobody out.
        site._loginstatus = before


class Confirmation(AttendedLogin):
    """The confirmation of one login for one operation."""

    def __init__(
        self,
        site: PluginSite,
        user: str,
        operation: str,
        dialog: LoginDialog,
        way_back: LoginReturn,
        manager: ClientLoginManager,
        info: Mapping[str, Any],
    ) -> None:
        """Prepare to confirm the login.

        :param operation: for what
        :param manager: knows the password, if a file has it
        :param info: what the wiki asks for
        """
        parameters = {'action': 'clientlogin', 'loginreauthenticate': operation}
        super().__init__(site, user, parameters, dialog, way_back)
        self._operation = operation
        self._manager = manager
        self._info: Mapping[str, Any] = info
        self._passwords = 0

    def _begin(self, captcha: dict[str, str]) -> None:
        """Send the first step, once: it may have a code that is good once."""
        self._beginnings += 1
        info, self._info = self._info, {}
        info = info or authmanagerinfo(self._site, _about('login', self._operation))
        token = _token_in(info)
        note_values(filter(None, (token,)), 'token')
        form = form_from_authmanagerinfo(info)
        values = {_ELEVATED: token, **captcha, **self._proof(form)}
        self._flow = Flow(_form_of(values), Restart.AS_FAIL)
        self._flow.submit({})
        parameters = {
            **self._first,
            **values,
            'logintoken': self._site.tokens['login'],
            'formatversion': 2,
        }
        self._send_once(parameters)

    def _proof(self, form: Form) -> dict[str, str]:
        """Return what shows who it is: a code, or else the password."""
        field = next((each for each in form.fields if each.name == _CODE), None)
        if field is not None and not self._passwords:
            reply = self._dialog.reply(Ask(_code_or_password(field)))
            if reply.requests is None:
                return {_CODE: str(reply.values[_CODE])}
        password = self._manager.password
        if self._passwords or not password:
            password = self._dialog.password(self._user)
        self._passwords += 1
        note_values((password,), 'password')
        return {'username': self._user, 'password': password}

    def _failed(self, step: Failed) -> None:
        """Begin again with another token or password, or raise."""
        may_begin = self._beginnings < _MAX_BEGINNINGS
        if step.code.startswith(_STALE) and may_begin:
            self._dialog.not_used()
            self._begin({})
        elif step.code == WRONG_PASSWORD and may_begin and is_attended():
            pywikibot.info(plain(step.message) or step.code)
            self._begin({})
        else:
            try:
                super()._failed(step)
            except APIError as error:
                if error.code != 'FAIL':
                    raise
                raise self._refusal(error.info, step.code) from error

    def _offers(self, what: str) -> Form:
        """Return the form of a step, as the wiki tells it; without fields for none."""
        info = authmanagerinfo(self._site, _about(what, self._operation))
        return form_from_authmanagerinfo(info)

    def _look(self, lost: AmbiguousWrite) -> None:
        """Find out how far it is, after an answer was lost."""
        pywikibot.warning(f'{lost} Looking how far the login is.')
        info = authmanagerinfo(
            self._site,
            {
                'amirequestsfor': 'login-continue',
                'amisecuritysensitiveoperation': self._operation,
            },
        )
        form = form_from_authmanagerinfo(info)
        step: Step
        if info.get('securitysensitiveoperationstatus') == 'ok':
            step, state = Done(self._user), State.DONE
        elif form.fields:
            step, state = Ask(form), State.ASKED
        else:
            # The session may be another one.
            self._new_token()
            self._begin({})
            return
        self._flow = Flow.resumed(state, step, Restart.AS_FAIL)


def _token_in(info: Mapping[str, Any]) -> str:
    """Return the token for a confirmation, which forms leave out as a secret."""
    for request in info.get('requests') or ():
        value = (request.get('fields') or {}).get(_ELEVATED, {}).get('value')
        if isinstance(value, str) and value:
            return value
    return ''


def _form_of(values: Mapping[str, str]) -> Form:
    """Return a form that is filled in with some values."""
    fields = tuple(
        Field(name, FieldType.STRING, value=value, optional=True)
        for name, value in values.items()
    )
    return Form((AuthRequest('login', Required.REQUIRED, fields=fields),))


def _code_or_password(code: Field) -> Form:
    """Return a form that asks for a code, and lets the password be chosen instead."""
    choice = Field(
        CHOICE,
        FieldType.SELECT,
        options={_PASSWORD: Message(text='the password, then another factor')},
        optional=True,
    )
    return Form(
        (
            AuthRequest('code', Required.REQUIRED, fields=(code,)),
            AuthRequest('choice', Required.OPTIONAL, fields=(choice,)),
        )
    )
