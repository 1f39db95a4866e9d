"""The whole login with a main password: second factors, captchas, new passwords.

It sends what the table of states says, and hands the answers to it. What is answered
to the wiki's questions is decided in :mod:`.logindialog`.

Theory of operation
-------------------
pywikibot calls ``ClientLoginManager.login_to_site()``, which is replaced here for
``action=clientlogin``; bot passwords and wikis before MediaWiki 1.27 are left to it.
The first step is sent as pywikibot sends it, and again where no answer comes. All later
ones carry codes that are good once, so they are sent once: where the answer is lost, it
is looked whether the login has succeeded, and else what the wiki still asks for.

https://www.mediawiki.org/wiki/API:Login#Method_2._clientlogin
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import pywikibot
from pywikibot.data import api
from pywikibot.exceptions import APIError
from pywikibot.login import LoginStatus
from pywikibot.tools import normalize_username

from mw_tokens_plugin.exceptions import (
    AmbiguousWrite,
    ApiRefusal,
    InvalidInput,
    LoginRefused,
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
    Redirect,
    Required,
    Restart,
    State,
    Step,
    Submission,
    form_from_authmanagerinfo,
)
from mw_tokens_plugin.protocol.authmanager.factors import CHOICE, wants_captcha
from mw_tokens_plugin.protocol.authmanager.typed import plain
from mw_tokens_plugin.site.logindialog import (
    LoginDialog,
    limited,
    warn_of_password_file,
)
from mw_tokens_plugin.site.loginreturn import LoginReturn
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.refusals import proven, refusals
from mw_tokens_plugin.site.replacements import mentions
from mw_tokens_plugin.site.secretsources import note_return
from mw_tokens_plugin.site.session import is_attended
from mw_tokens_plugin.site.settings import settings

#: Steps after which a login is given up, since the wiki may ask for ever.
MAX_STEPS = 50
#: How often a login is begun again, since the wiki has forgotten it.
_MAX_BEGINNINGS = 3
#: Captchas that are shown in one login.
_MAX_CAPTCHAS = 3
#: Login tokens that are tried for one step.
_MAX_TOKENS = 3

#: What a wiki says to a wrong password, and to a right one where it wants a captcha.
WRONG_PASSWORD = 'wrongpassword'  # noqa: S105  # the name of a message
_THROTTLED = 'login-throttled'

#: Parameters of the first request that are no fields.
_NO_FIELDS = frozenset({'action', 'loginreturnurl', 'logintoken'})


class Carried(Exception):
    """A refusal that is taken past pywikibot, which would ask for another password.

    :ivar error: the refusal
    """

    def __init__(self, error: ApiRefusal) -> None:
        """Keep the refusal."""
        super().__init__()
        self.error = error


class AttendedLogin:
    """One login with a main password."""

    def __init__(
        self,
        site: PluginSite,
        user: str,
        parameters: dict[str, str],
        dialog: LoginDialog,
        way_back: LoginReturn,
    ) -> None:
        """Prepare to log in.

        :param site: the wiki
        :param user: who logs in
        :param parameters: those with which pywikibot begins a login
        :param dialog: answers what the wiki asks for
        :param way_back: where the wiki sends a browser back to
        """
        self._site = site
        self._user = user
        self._first = {**parameters, 'loginreturnurl': way_back.url}
        self._dialog = dialog
        self._way_back = way_back
        self._beginnings = 0
        self._captchas = 0
        self._flow = Flow(Form())

    def run(self) -> None:
        """Log in.

        :raises LoginRefused: the wiki refused
        :raises LoginNeedsInput: it asks for something, and nobody is there
        :raises RateLimited: there were too many logins
        :raises APIError: the wiki has an error
        """
        self._begin({})
        for _ in range(MAX_STEPS):
            step = self._flow.step
            if isinstance(step, Done):
                return
            if isinstance(step, Failed):
                self._failed(step)
            elif isinstance(step, Redirect):
                self._redirected(step)
            else:
                self._asked(step)
        raise self._refusal(f'it has asked {MAX_STEPS} times.', '')

    def _begin(self, captcha: dict[str, str]) -> None:
        """Send the first step.

        :param captcha: the fields that answer a captcha
        """
        self._beginnings += 1
        parameters = {**self._first, **captcha}
        self._flow = Flow(_first_form(parameters), Restart.AS_FAIL)
        self._flow.submit({})
        request = self._site._request(use_get=False, parameters=parameters)
        for last in (*[False] * (_MAX_TOKENS - 1), True):
            try:
                answer = request.submit()
                break
            except APIError as error:
                if error.code != 'badtoken' or last:
                    raise
                request['logintoken'] = self._new_token()
        self._receive(answer)

    def _asked(self, step: Ask) -> None:
        reply = self._dialog.reply(step)
        try:
            submission = self._flow.submit(reply.values, reply.requests)
        except InvalidInput as error:
            pywikibot.info(f'{error} Once more, please.')
            return
        self._continue(submission)

    def _redirected(self, step: Redirect) -> None:
        url = self._way_back.wait(step, self._dialog.ask)
        note_return(url)
        try:
            submission = self._flow.returned(url)
        except InvalidInput as error:
            pywikibot.info(str(error))
            return
        self._continue(submission)

    def _continue(self, submission: Submission) -> None:
        """Send a later step, once."""
        parameters = {
            'action': 'clientlogin',
            'logincontinue': '1',
            'logintoken': self._site.tokens['login'],
            'formatversion': 2,
        }
        self._send_once(parameters, submission.fields)

    def _send_once(
        self, parameters: dict[str, Any], fields: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Send a step with what is good once, and take the answer."""
        for last in (*[False] * (_MAX_TOKENS - 1), True):
            request = self._site.single_send_request(
                site=self._site, parameters=parameters, use_get=False
            )
            request.fields = fields
            try:
                answer = request.submit()
                break
            except AmbiguousWrite as error:
                self._look(error)
                return
            except APIError as error:
                self._dialog.not_used()
                if error.code != 'badtoken' or last:
                    raise
                parameters['logintoken'] = self._new_token()
        self._receive(answer)

    def _receive(self, answer: dict[str, Any]) -> None:
        with proven(self._site):
            self._flow.receive(answer.get('clientlogin'))

    def _look(self, lost: AmbiguousWrite) -> None:
        """Find out how far the login is, after an answer was lost."""
        pywikibot.warning(f'{lost} Looking how far the login is.')
        parameters = {'action': 'query', 'meta': 'userinfo', 'formatversion': 2}
        with refusals(self._site):
            answer = self._site._request(parameters=parameters).submit()
        info = part_of(answer, 'query').get('userinfo') or {}
        step: Step
        if info.get('name') == normalize_username(self._user):
            step, state = Done(self._user), State.DONE
        elif (form := self._offers('login-continue')).fields:
            step, state = Ask(form), State.ASKED
        else:
            self._begin({})
            return
        self._flow = Flow.resumed(state, step, Restart.AS_FAIL)

    def _failed(self, step: Failed) -> None:
        """Begin again where that may help, or raise.

        :raises LoginRefused: the wiki refused
        :raises RateLimited: there were too many logins
        :raises APIError: the password is wrong
        """
        said = plain(step.message) or step.code
        if step.not_in_progress and self._beginnings < _MAX_BEGINNINGS:
            pywikibot.info(f'{self._site} has forgotten the login: once more.')
            self._begin({})
            return
        if step.code == _THROTTLED:
            raise limited(step.code, said, self._site)
        may_be_captcha = step.code == WRONG_PASSWORD or 'captcha' in step.code
        form = self._offers('login') if may_be_captcha else Form()
        if not wants_captcha(form):
            if step.code == WRONG_PASSWORD:
                # Bots know it as pywikibot says it.
                raise APIError('FAIL', str(step.message or ''))
            raise self._refusal(said, step.code)
        if self._captchas == _MAX_CAPTCHAS:
            raise self._refusal(
                f'{said} It asks for a captcha, and does not say whether that or the '
                'password is wrong. Log in with a browser to find out.',
                'captcha',
            )
        if self._captchas:
            pywikibot.info(said)
        self._captchas += 1
        self._begin(self._dialog.captcha(form))

    def _offers(self, what: str) -> Form:
        """Return the form of a step, as the wiki tells it; without fields for none."""
        parameters = {
            'action': 'query',
            'meta': 'authmanagerinfo',
            'amirequestsfor': what,
            'formatversion': 2,
        }
        with refusals(self._site):
            answer = self._site._request(parameters=parameters).submit()
        info = part_of(answer, 'query').get('authmanagerinfo') or {}
        return form_from_authmanagerinfo(info)

    def _new_token(self) -> str:
        api._invalidate_superior_cookies(self._site.family)
        self._site.tokens.clear()
        return str(self._site.tokens['login'])

    def _refusal(self, said: str, code: str) -> LoginRefused:
        about = f'FAIL, {code}' if code else 'FAIL'
        return LoginRefused(
            f'{self._site} refuses the login of {self._user} ({about}): {said}', code
        )


def install_conversation() -> None:
    """Let pywikibot's login with a main password have as many steps as it takes."""
    from pywikibot.login import ClientLoginManager

    log_in = ClientLoginManager.login_to_site
    if log_in.__module__ != ClientLoginManager.__module__:
        return  # somebody else's goes first
    if mentions(ClientLoginManager, CHOICE):
        return  # pywikibot lets another factor be chosen, so it knows the rest, too

    @wraps(log_in)
    def login_to_site(self: Any) -> None:
        if self.login_name is None or self.password is None:
            log_in(self)
            return
        self.site._loginstatus = LoginStatus.IN_PROGRESS
        parameters = self._login_parameters(self.login_name, self.password)
        if self.action != 'clientlogin':
            log_in(self)
            return
        attended = is_attended()
        dialog = LoginDialog(
            self.site, self.login_name, attended=attended, command=settings.otp_command
        )
        way_back = LoginReturn(attended=attended)
        try:
            AttendedLogin(
                self.site, self.login_name, parameters, dialog, way_back
            ).run()
        except ApiRefusal as error:
            raise Carried(error) from error
        finally:
            way_back.close()
        if dialog.new_password is not None:
            self.password = dialog.new_password
            warn_of_password_file(self.login_name)

    ClientLoginManager.login_to_site = login_to_site


def _first_form(parameters: dict[str, str]) -> Form:
    """Return the form of the first step, filled in with what is sent."""
    fields = tuple(
        Field(name, FieldType.STRING, value=value, optional=True)
        for name, value in parameters.items()
        if name not in _NO_FIELDS
    )
    return Form((AuthRequest('login', Required.REQUIRED, fields=fields),))
