"""Answering what a login asks for: by the person at the terminal, or by a command.

Which answer follows from which question is decided here; sending it is left to
:mod:`.attendedlogin`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urljoin

import pywikibot
from pywikibot import config

from mw_tokens_plugin.exceptions import (
    LoginNeedsInput,
    LoginRefused,
    RateLimited,
)
from mw_tokens_plugin.protocol.authmanager import Ask, Field, FieldType, Form, Value
from mw_tokens_plugin.protocol.authmanager.factors import (
    CAPTCHA,
    CHOICE,
    SKIP,
    Factor,
    Question,
    code_as_sent,
    question_in,
    seconds_in,
)
from mw_tokens_plugin.protocol.authmanager.typed import TICKED, clean, plain, value_of
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.otpcommand import code_of
from mw_tokens_plugin.site.secretsources import note_values
from mw_tokens_plugin.site.session import WITHOUT_TERMINAL

#: What a wiki says when it does not check a code, since there were too many.
THROTTLED = 'oathauth-throttled'
#: How many seconds to wait then, since the wiki does not say.
_THROTTLED_FOR = 60.0

#: Seconds for which a code of an authenticator app is shown.
_PERIOD = 30.0
#: Codes of the command that are tried in one login.
_MAX_COMMANDS = 2
#: Answers of the person that cannot be sent.
_MAX_INVALID = 5

#: What the wiki calls the factor that needs a browser.
_KEY = 'webauthn'

#: Codes that were sent, by wiki and account: each is good for one login.
_SENT: dict[tuple[str, str], set[str]] = {}

#: Waits for some seconds.
pause = time.sleep

_NO_CHARACTERS = '(no characters will be shown)'


@dataclass(frozen=True, slots=True)
class Reply:
    """What is filled in.

    :ivar values: the fields by name
    :ivar requests: the ids of the only requests that are filled in; None for all
    """

    values: Mapping[str, Value]
    requests: tuple[str, ...] | None = None


class LoginDialog:
    """The answers to what one login asks for."""

    def __init__(
        self,
        site: WikiSite,
        user: str,
        *,
        attended: bool,
        command: Sequence[str] = (),
        unattended: str = WITHOUT_TERMINAL,
    ) -> None:
        """Prepare to answer.

        :param site: the wiki
        :param user: who logs in
        :param attended: whether there is a person at a terminal
        :param command: prints codes of the authenticator app; empty if there is none
        :param unattended: what helps where nobody is there
        """
        self._site = site
        self._user = user
        self._attended = attended
        self._command = command
        self._unattended = unattended
        self._sent = _SENT.setdefault((str(site), user), set())
        self._last_code = ''
        self._commands = 0
        #: What was set instead of the password with which the login began.
        self.new_password: str | None = None

    def reply(self, step: Ask) -> Reply:
        """Return what to fill in.

        :raises LoginNeedsInput: only a person could answer, and nobody is there
        :raises LoginRefused: nothing that could be typed is an answer
        :raises RateLimited: too many codes were sent, and nobody is there who waits
        """
        question = question_in(step.form)
        said = plain(step.message)
        if step.code == THROTTLED:
            self.not_used()
            if not self._attended:
                raise limited(step.code, said, self._site, _THROTTLED_FOR)
        self._last_code = ''
        if said:
            pywikibot.info(said)
        if step.code == THROTTLED:
            pywikibot.info('No code is accepted for a minute, or up to ten of them.')
        if question.factor is Factor.SECURITY_KEY:
            return self._instead_of_key(question)
        if question.factor is Factor.NEW_PASSWORD:
            return self._password(question)
        if question.factor is Factor.OTHER:
            return Reply(self._fields(step.form.fields))
        return self._code(step, question)

    def not_used(self) -> None:
        """Note that the wiki has not checked the last code."""
        self._sent.discard(self._last_code)

    def ask(self, question: str, *, hidden: bool = False) -> str:
        """Ask the person, and return the answer.

        :raises LoginNeedsInput: nobody is there
        """
        if not self._attended:
            self._refuse(f'asks: "{question}"')
        return str(pywikibot.input(question, password=hidden)).strip()

    def captcha(self, form: Form) -> dict[str, str]:
        """Show a captcha, and return the fields that answer it.

        :param form: what the wiki offers for logging in
        :raises LoginNeedsInput: nobody is there
        :raises LoginRefused: only a browser can show it
        """
        if not self._attended:
            self._refuse('asks for a captcha, and then refuses the right password, too')
        names = [each.name for each in form.fields]
        shown = names.index(CAPTCHA)
        (request,) = (
            r for r in form.requests if any(f.name == CAPTCHA for f in r.fields)
        )
        about = request.metadata if isinstance(request.metadata, dict) else {}
        if 'javascript' in str(about.get('mime')):
            raise LoginRefused(
                f'{self._site} asks for a captcha that only a browser can show. Wait, '
                'log in from another address, or use a bot password or OAuth.',
                'captcha',
            )
        given: dict[str, str] = {}
        for each in request.fields:
            if each.type is FieldType.HIDDEN:
                given[each.name] = each.value or ''
            elif each.type is FieldType.NULL:
                pywikibot.info(plain(each.label))
                pywikibot.info(self._shown(each.value or ''))
        label = plain(form.fields[shown].label) or 'Captcha'
        return {**given, CAPTCHA: self.ask(label)}

    def _shown(self, riddle: str) -> str:
        """Return a captcha as it is shown: its question, or where its picture is."""
        if riddle.startswith('/') or '://' in riddle:
            riddle = urljoin(self._site.base_url(self._site.path()), riddle)
        return displayable(riddle)

    def _code(self, step: Ask, question: Question) -> Reply:
        """Return a code that has not been sent yet, or the choice of another factor."""
        by_command = question.factor is Factor.TOTP and bool(self._command)
        if by_command and self._commands < _MAX_COMMANDS and step.code != THROTTLED:
            self._commands += 1
            return self._with_code(question, self._code_of_command())
        if by_command and not self._attended:
            raise LoginRefused(
                f'{self._site} refuses the codes of otp_command in user-config.py: '
                f'{plain(step.message) or step.code} Check that they are those of '
                f'{self._user}, and the clock of this machine.',
                step.code,
            )
        if not self._attended:
            self._refuse(f'asks for {question.factor.value}')
        others = {key: text for key, text in question.others.items() if key != _KEY}
        if others:
            listed = ', '.join(f'{key} ({text})' for key, text in others.items())
            pywikibot.info(f'To use another factor, type its name: {listed}.')
        (field,) = (each for each in step.form.fields if each.name == question.name)
        label = plain(field.label) or question.factor.value
        for _ in range(_MAX_INVALID):
            typed = self.ask(
                f'{label} for {self._user} on {self._site} {_NO_CHARACTERS}',
                hidden=True,
            )
            if typed in others:
                return Reply({CHOICE: typed}, (question.chooser,))
            code = code_as_sent(question.factor, typed)
            if code in self._sent:
                pywikibot.info(
                    'That code has been sent already, and is good once. Wait for the '
                    'next one.'
                )
            elif code:
                return self._with_code(question, code)
        raise LoginRefused(f'No code was given for {self._user} on {self._site}.')

    def _with_code(self, question: Question, code: str) -> Reply:
        note_values((code,), question.name)
        self._sent.add(code)
        self._last_code = code
        return Reply({question.name: code})

    def _code_of_command(self) -> str:
        """Return a code of the command that has not been sent yet."""
        code = code_of(self._command)
        for _ in range(_MAX_COMMANDS):
            if code not in self._sent:
                return code
            pywikibot.info('Waiting for the next code, since this one has been used.')
            pause(_PERIOD - time.time() % _PERIOD + 1)
            code = code_of(self._command)
        if code not in self._sent:
            return code
        raise LoginRefused(
            'The otp_command in user-config.py prints the same code again and again: '
            'it must print those of an authenticator app.'
        )

    def _instead_of_key(self, question: Question) -> Reply:
        """Return the choice of another factor than a security key."""
        others = question.others
        pywikibot.info(
            f'{self._site} asks for a security key, which only browsers can use.'
        )
        if not others:
            raise LoginRefused(
                f'{self._user} has no other second factor on {self._site} than the '
                'security key. Log in with a bot password or OAuth, or add an '
                'authenticator app on Special:AccountSecurity.',
                _KEY,
            )
        if self._command and 'totp' in others:
            return Reply({CHOICE: 'totp'}, (question.chooser,))
        if not self._attended:
            self._refuse('asks for a security key')
        listed = ', '.join(f'{key} ({text})' for key, text in others.items())
        pywikibot.info(f'The other factors of {self._user}: {listed}.')
        chosen = next(iter(others))
        for _ in range(_MAX_INVALID if len(others) > 1 else 0):
            chosen = self.ask('Which of them, by its name?')
            if chosen in others:
                break
        if chosen not in others:
            raise LoginRefused(f'{chosen!r} is no factor of {self._user}.')
        return Reply({CHOICE: chosen}, (question.chooser,))

    def _password(self, question: Question) -> Reply:
        """Return a new password, or that it is left as it is."""
        if not self._attended:
            if not question.can_skip:
                self._refuse('asks for a new password')
            pywikibot.warning(
                f'{self._site} suggests to change the password of {self._user}.'
            )
            return Reply({SKIP: True})
        skip = ', nothing to leave it as it is' if question.can_skip else ''
        for _ in range(_MAX_INVALID):
            new = self._hidden(f'New password for {self._user}{skip} {_NO_CHARACTERS}')
            if not new and question.can_skip:
                return Reply({SKIP: True})
            if not new:
                continue
            if new == self._hidden(f'The same again {_NO_CHARACTERS}'):
                self.new_password = new
                return Reply({'password': new, 'retype': new})
            pywikibot.info('The two are not the same.')
        raise LoginRefused(f'No new password was given for {self._user}.')

    def password(self, user: str) -> str:
        """Ask for the password.

        :raises LoginNeedsInput: nobody is there
        :raises LoginRefused: none was given
        """
        if not self._attended:
            self._refuse('asks for the password')
        for _ in range(_MAX_INVALID):
            given = self._hidden(
                f'Password for {user} on {self._site} {_NO_CHARACTERS}'
            )
            if given:
                return given
        raise LoginRefused(f'No password was given for {user} on {self._site}.')

    def _hidden(self, question: str) -> str:
        """Ask for a password, whose blanks count."""
        given = str(pywikibot.input(question, password=True))
        note_values(filter(None, (given,)), 'password')
        return given

    def _fields(self, fields: Sequence[Field]) -> dict[str, Value]:
        """Ask for the fields of a form that is not known by name."""
        if not self._attended:
            self._refuse('asks for something that it has not asked for before')
        values: dict[str, Value] = {}
        for each in fields:
            label = plain(each.label) or each.name
            if each.type is FieldType.NULL:
                pywikibot.info(label)
            elif each.type is not FieldType.HIDDEN:
                for key, option in each.options.items():
                    pywikibot.info(f'  {clean(key)}: {plain(option)}')
                hint = ' [y/N]' if each.type in TICKED else ''
                typed = self.ask(f'{label}{hint}', hidden=each.sensitive)
                if typed or each.type in TICKED:
                    values[each.name] = value_of(each, typed)
        return values

    def _refuse(self, what: str) -> NoReturn:
        """Refuse to answer where nobody is there.

        :param what: what the login does
        """
        raise LoginNeedsInput(
            f'The login of {self._user} on {self._site} {what}, and there is no '
            f'terminal. {self._unattended}'
        )


def limited(
    code: str, sentence: str, site: WikiSite, seconds: float = 0.0
) -> RateLimited:
    """Return the error for a login that the wiki accepts later.

    :param code: the name of the wiki's message
    :param sentence: the message
    :param seconds: how long to wait, where the sentence does not say so
    """
    failure = RateLimited(code, sentence, str(site))
    failure.retry_after = seconds_in(sentence) or seconds
    return failure


def warn_of_password_file(user: str) -> None:
    """Say that the password in a file is no longer the right one."""
    if config.password_file:
        pywikibot.warning(
            f'The password of {user} has been changed: write the new one into '
            f'{config.password_file}, else the next login is refused.'
        )
