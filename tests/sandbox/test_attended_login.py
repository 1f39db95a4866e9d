"""Logging in with all that wikis ask for besides the password, by pywikibot's login."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from person import Answers, Person, sit_down
from pywikibot.exceptions import NoUsernameError

import mw_tokens_plugin
from centralauth_sandbox.loginsteps import Factors, new_recovery_codes, new_secret
from mw_tokens_plugin.exceptions import (
    LoginNeedsInput,
    LoginRefused,
    RateLimited,
    SessionLost,
)
from mw_tokens_plugin.site import attendedlogin, logindialog

from .desk import HIDDEN, Desk, Run

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .farms import Farm

KEY_ONLY = 'no other second factor'


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    """A person at a terminal."""
    return sit_down(monkeypatch)


@dataclass
class Operator:
    """The account that logs in, with what its login takes."""

    sandbox: Sandbox
    factors: Factors
    name: str = 'Sandbox Operator'
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, periods: int = 0) -> str:
        """What the app shows, or shows later."""
        logins = self.sandbox.farm.logins
        return logins.code_now(self.factors.totp[0], periods)

    def mailed(self) -> str:
        """The code in the newest mail."""
        return self.sandbox.farm.logins.mails[-1][1]

    def try_codes(self, count: int) -> None:
        """Let somebody try codes of this account."""
        for _ in range(count):
            self.sandbox.farm.logins.note_code(self.name, '127.0.0.1')

    def code_after(self, seconds: float) -> str:
        """What the app shows after a while."""
        self.sandbox.farm.advance(seconds)
        return self.code()

    def try_passwords(self) -> None:
        """Let too many logins of this account be tried."""
        logins = self.sandbox.farm.logins
        logins.password_limit = (1, 120)
        logins.attempts.note('login', f'{self.name} 127.0.0.1')

    def be_asked_for_captchas(self) -> None:
        logins = self.sandbox.farm.logins
        logins.captcha_after = 1
        logins.attempts.note('wrong', '127.0.0.1')

    def have_new_password_forced(self) -> None:
        self.factors.totp, self.factors.recovery_codes = [], []
        self.factors.password = 'forced'

    def have_key_instead_of_app(self) -> None:
        self.factors.totp = []
        self.factors.security_key = True

    @property
    def tries(self) -> list[dict[str, str]]:
        """The logins and steps that were sent."""
        entries = self.sandbox.journal.entries()
        return [e.params for e in entries if e.action == 'clientlogin']


@pytest.fixture
def operator(sandbox: Sandbox) -> Operator:
    """The operator, with an app and recovery codes; the farm's time stands still."""
    farm, codes = sandbox.farm, new_recovery_codes()
    factors = Factors(totp=[new_secret()], recovery_codes=list(codes))
    farm.accounts['Sandbox Operator'].factors = factors
    return Operator(sandbox, factors, recovery_codes=codes)


#: Name -> what is set up, what is asked and answered, and what is heard.
CONVERSATIONS: dict[
    str,
    tuple[Callable[[Operator], object], Callable[[Operator], Answers], list[str]],
] = {
    'a code': (
        lambda o: None,
        lambda o: [('Authenticator code', o.code)],
        ['recoverycodes (Recovery codes)'],
    ),
    'a code as people copy it': (
        lambda o: None,
        lambda o: [
            ('code', lambda: f'{o.code()[:3]}\N{NO-BREAK SPACE}-{o.code()[3:]}')
        ],
        [],
    ),
    'a wrong code, nothing, then the right one': (
        lambda o: None,
        lambda o: [('code', '12 34'), ('code', ''), ('code', o.code)],
        ['Two-factor authentication failed.'],
    ),
    'a recovery code in the place of a code': (
        lambda o: None,
        lambda o: [('code', o.recovery_codes[3].lower())],
        [],
    ),
    'a recovery code by choice': (
        lambda o: None,
        lambda o: [
            ('Authenticator code', 'recoverycodes'),
            ('Recovery code', o.recovery_codes[0]),
        ],
        ['totp (Authenticator app)'],
    ),
    'a code by e-mail, after that of the app': (
        lambda o: setattr(o.factors, 'mailed', True),
        lambda o: [('code', o.code), ('Verification code', o.mailed)],
        ['A verification code has been sent to your email address'],
    ),
    'a code after the wiki was left alone': (
        lambda o: o.try_codes(10),
        lambda o: [('code', o.code), ('code', lambda: o.code_after(61))],
        ['Too many attempts!', 'for a minute'],
    ),
    'a recovery code in the place of the security key': (
        lambda o: o.have_key_instead_of_app(),
        lambda o: [('Recovery code', o.recovery_codes[1])],
        ['a security key, which only browsers can use', 'Recovery codes'],
    ),
    'the password is left as it is': (
        lambda o: setattr(o.factors, 'password', 'suggested'),
        lambda o: [('code', o.code), ('New password', '')],
        ['click "Skip" to change it later'],
    ),
    'the password is changed': (
        lambda o: setattr(o.factors, 'password', 'temporary'),
        lambda o: [
            ('code', o.code),
            *[('New password', ''), ('New password', 'short')],
            *[('The same again', 'shirt'), ('New password', 'short')],
            *[('The same again', 'short'), ('New password', ' a longer one ')],
            ('The same again', ' a longer one '),
        ],
        ['The two are not the same', 'at least 8 characters', 'has been changed'],
    ),
}


@pytest.mark.parametrize('name', CONVERSATIONS)
def test_a_login_takes_what_the_wiki_asks_for(
    name: str, operator: Operator, person: Person, site: Any
) -> None:
    prepare, answers, heard = CONVERSATIONS[name]
    prepare(operator)
    person.answers = answers(operator)
    site.login()
    assert site.user() == operator.name
    assert not person.answers
    for part in heard:
        assert part in person.heard
    assert site.tokens.csrf  # and it writes


def test_a_changed_password_is_the_one_of_the_next_login(
    operator: Operator, person: Person, site: Any
) -> None:
    operator.factors.totp = []
    operator.factors.recovery_codes = []
    operator.factors.password = 'forced'
    person.answers = [('New password', 'another one'), ('The same', 'another one')]
    site.login()
    assert operator.sandbox.farm.accounts[operator.name].password == 'another one'


def test_a_code_that_was_used_is_not_sent_again(
    operator: Operator, person: Person, farm: Farm, site: Any
) -> None:
    """Today's wikis count all codes, and refuse those that were used."""
    first = operator.code()
    person.answers = [('code', first)]
    site.login()
    site.logout()
    operator.sandbox.farm.sessions.end_account(
        operator.sandbox.farm.accounts[operator.name].id
    )
    person.answers = [('code', first), ('code', lambda: operator.code(1))]
    site.login()
    assert 'has been sent already' in person.heard
    sent = [each for each in operator.tries if 'OATHToken' in each]
    assert len(sent) == 2


@pytest.mark.parametrize('when', ['before', 'after'])
def test_a_code_whose_answer_was_lost_is_not_sent_again(
    when: str, operator: Operator, person: Person, site: Any
) -> None:
    """It may have been used: it is looked how far the login is."""
    code = operator.code()
    operator.sandbox.faults.arm(kind='drop', when=when, action='clientlogin', nth=2)
    person.answers = [('code', code), ('code', code)]
    person.answers += [('code', lambda: operator.code(1))]
    site.login()
    assert site.user() == operator.name
    assert 'Looking how far the login is' in person.heard
    assert 'has been sent already' in person.heard
    sent = [each for each in operator.tries if 'OATHToken' in each]
    assert len(sent) == 2


def test_a_login_that_the_wiki_has_forgotten_begins_again(
    operator: Operator, person: Person, site: Any
) -> None:
    def late() -> str:
        operator.sandbox.farm.sessions.wipe()
        return operator.code()

    person.answers = [('code', late), ('code', lambda: operator.code(1))]
    site.login()
    assert site.user() == operator.name
    assert 'has forgotten the login' in person.heard


def test_a_captcha_is_shown_where_the_password_seems_wrong(
    operator: Operator, person: Person, site: Any
) -> None:
    """The wiki refuses the right password then, and does not say why."""
    logins = operator.sandbox.farm.logins
    logins.captcha_after = 1
    logins.attempts.note('wrong', '127.0.0.1')

    def answer() -> str:
        *_, newest = logins._captchas
        return logins.solution(newest)

    person.answers = [('CAPTCHA', 'wrong'), ('CAPTCHA', answer)]
    person.answers += [('code', operator.code)]
    site.login()
    assert site.user() == operator.name
    assert ' =' in person.heard


def test_a_login_that_redirects_waits_for_the_browser(
    operator: Operator, person: Person, site: Any
) -> None:
    operator.factors.totp, operator.factors.recovery_codes = [], []
    operator.factors.redirect = True

    def browse() -> str:
        ((state, address),) = operator.sandbox.farm.provider.expected.items()
        page = requests.get(f'{address}?state={state}', timeout=240)
        assert 'You can close this page' in page.text
        return ''

    person.answers = [('Press Enter', browse)]
    site.login()
    assert site.user() == operator.name
    assert '/idp?state=' in person.heard


REFUSALS: dict[
    str, tuple[Callable[[Operator], object], Callable[[Operator], Answers], Any, str]
] = {
    'the wrong password': (
        lambda o: setattr(o.sandbox.farm.accounts[o.name], 'password', 'another'),
        lambda o: [],
        NoUsernameError,
        'FAIL on .*Incorrect username or password entered',
    ),
    'too many logins': (
        lambda o: o.try_passwords(),
        lambda o: [],
        RateLimited,
        'wait 2 minutes',
    ),
    'a security key alone': (
        lambda o: setattr(
            o.sandbox.farm.accounts[o.name], 'factors', Factors(security_key=True)
        ),
        lambda o: [],
        LoginRefused,
        KEY_ONLY,
    ),
    'too many wrong codes from the mail': (
        lambda o: setattr(
            o.sandbox.farm.accounts[o.name], 'factors', Factors(mailed=True)
        ),
        lambda o: [('code', f'{number}') for number in range(4)],
        LoginRefused,
        'Too many failures!',
    ),
    'a locked account': (
        lambda o: setattr(o.sandbox.farm.accounts[o.name], 'locked', True),
        lambda o: [],
        LoginRefused,
        'globally locked',
    ),
}


@pytest.mark.parametrize('name', REFUSALS)
def test_a_refused_login_says_what_the_wiki_says(
    name: str, operator: Operator, person: Person, site: Any
) -> None:
    """Bots of pywikibot catch it as they did."""
    prepare, answers, kind, sentence = REFUSALS[name]
    prepare(operator)
    person.answers = answers(operator)
    with pytest.raises(kind, match=sentence) as refused:
        site.login()
    if kind is RateLimited:
        assert refused.value.retry_after == 120
    elif kind is LoginRefused:
        assert isinstance(refused.value, NoUsernameError)
        assert isinstance(refused.value, SessionLost)
    assert not person.answers


#: Others that fail, after secrets were typed.
FAILING: dict[
    str, tuple[Callable[[Operator], object], Callable[[Operator], Answers]]
] = {
    **{name: (prepare, answers) for name, (prepare, answers, *_) in REFUSALS.items()},
    'a code that is not enough, as the mailed ones are wrong': (
        lambda o: setattr(o.factors, 'mailed', True),
        lambda o: [('code', o.code()), *[('Verification', '135790')] * 4],
    ),
    'wrong codes, and then none': (
        lambda o: None,
        lambda o: [
            *[('code', '246801'), ('code', 'WRONGWRONGWRONG7')],
            *[('code', '')] * 5,
        ],
    ),
    'a recovery code that was used': (
        lambda o: o.have_key_instead_of_app(),
        lambda o: [('Recovery', 'ABCDEFGHIJKLMNOP'), *[('Recovery', '')] * 5],
    ),
    'passwords that are not the same': (
        lambda o: o.have_new_password_forced(),
        lambda o: [('New', 'Typed-Once-1'), ('The same', 'Typed-Twice-2')] * 5,
    ),
    'captchas that are not solved': (
        lambda o: o.be_asked_for_captchas(),
        lambda o: [('CAPTCHA', '12345678')] * 3,
    ),
}


@pytest.mark.parametrize('name', FAILING)
def test_nothing_of_a_login_that_fails_is_shown(
    name: str,
    operator: Operator,
    person: Person,
    farm: Farm,
    site: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in logs of any level, nor in the error, its traceback and its causes."""
    prepare, answers = FAILING[name]
    prepare(operator)
    person.answers = answers(operator)
    secrets = {each for _, each in person.answers if isinstance(each, str)}
    if 'CAPTCHA' in [part for part, _ in person.answers]:
        secrets.clear()  # a riddle's answer is none
    secrets |= {farm.operator.password, *operator.factors.totp}
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger='pywiki')
    with pytest.raises(Exception) as failed:
        site.login()
    assert not person.answers
    shown = [*traceback.format_exception(failed.value), caplog.text, person.heard]
    assert 'clientlogin' in caplog.text
    mails = {code for _, code in operator.sandbox.farm.logins.mails}
    for secret in filter(None, secrets | mails):
        assert not any(secret in text for text in shown if len(secret) > 4), secret


UNATTENDED: dict[str, tuple[Factors, str]] = {
    'an app': (Factors(totp=[new_secret()]), 'a code of the authenticator app'),
    'mail': (Factors(mailed=True), 'the code that was sent by e-mail'),
    'a key': (Factors(security_key=True, recovery_codes=['A']), 'a security key'),
    'a new password': (Factors(password='forced'), 'a new password'),
    'a redirect': (Factors(redirect=True), 'Press Enter'),
}


@pytest.mark.parametrize('name', UNATTENDED)
def test_without_a_terminal_a_script_says_what_to_use(
    name: str, operator: Operator, pwb: Callable[..., Run]
) -> None:
    factors, what = UNATTENDED[name]
    operator.sandbox.farm.accounts[operator.name].factors = factors
    run = pwb('global_lock', 'Spambot 00001', '-reason:t', '-always')
    assert run.code == 3, run.said
    assert what in run.err
    assert 'bot password or OAuth' in run.err
    assert 'Traceback' not in run.said


def test_a_suggestion_to_change_the_password_stops_no_cron_job(
    operator: Operator, pwb: Callable[..., Run]
) -> None:
    operator.sandbox.farm.accounts[operator.name].factors = Factors(
        password='suggested'
    )
    run = pwb('global_lock', 'Spambot 00001', '-reason:t', '-always')
    assert run.code == 0, run.said


@pytest.fixture
def otp_command(operator: Operator, tmp_path: Path) -> Iterator[Path]:
    """A file from which a command prints the code, as a password manager does."""
    path = tmp_path / 'code'
    path.write_text(f'{operator.code()}\n', 'utf-8')
    mw_tokens_plugin.enable(otp_command=f'cat {path}')
    yield path


def test_a_command_gives_the_code(
    operator: Operator,
    otp_command: Path,
    site: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A code that was used is waited out; nobody has to be there."""
    site.login()
    assert site.user() == operator.name
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        otp_command.write_text(operator.code(1), 'utf-8')

    monkeypatch.setattr(logindialog, 'pause', wait)
    site.logout()
    operator.sandbox.farm.sessions.end_account(
        operator.sandbox.farm.accounts[operator.name].id
    )
    site.login()
    assert site.user() == operator.name
    assert len(waited) == 1
    assert 0 < waited[0] <= 31


@pytest.mark.parametrize(
    ('command', 'why'),
    [
        ('/nowhere/otp', 'cannot be run: No such file'),
        ('false', 'ended with the exit code 1'),
        ('true', 'printed no code'),
        (['printf', 'the secret is out\\n'], 'printed no code'),
    ],
)
def test_a_command_that_fails_is_named(
    command: Any, why: str, operator: Operator, site: Any
) -> None:
    mw_tokens_plugin.enable(otp_command=command)
    with pytest.raises(LoginNeedsInput, match=why) as failed:
        site.login()
    assert 'secret' not in str(failed.value)


def test_wrong_codes_of_a_command_are_not_tried_for_ever(
    operator: Operator, tmp_path: Path, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tmp_path / 'count'
    count.write_text('')
    script = f'echo x >> {count}; printf "%06d" $(wc -l < {count})'
    mw_tokens_plugin.enable(otp_command=['sh', '-c', script])
    with pytest.raises(LoginRefused, match='refuses the codes of otp_command'):
        site.login()
    assert len([each for each in operator.tries if 'OATHToken' in each]) == 2


def test_an_operator_logs_in_at_a_terminal(
    operator: Operator, desk: Desk, farm: Farm
) -> None:
    """What is typed is shown nowhere, and written nowhere."""
    code = operator.recovery_codes[2]
    who = f' for {operator.name} on {farm.family}:meta {HIDDEN}'
    run = desk.talk(
        'Spambot 00001',
        '-reason:t',
        '-log:a.log',
        '-v',
        '-debug',
        answers=[
            (f'Authenticator code{who}', 'recoverycodes'),
            (f'Recovery code{who}', 'WRONGWRONGWRONG7'),
            (f'Recovery code{who}', code),
            ('[y/N', 'y'),
        ],
    )
    assert run.code == 0, run.said
    log = (desk.directory / 'logs' / 'a.log').read_text('utf-8')
    assert 'clientlogin' in log
    for secret in (code, 'WRONGWRONGWRONG7', farm.operator.password):
        assert secret not in run.said + log


def test_a_question_in_mid_campaign_is_seen_and_ended_by_ctrl_c(
    operator: Operator, desk: Desk, farm: Farm, spambots: Callable[[int], list[str]]
) -> None:
    """The bar is gone while it is asked, and the campaign can be resumed."""
    names = spambots(40)
    (desk.directory / 'names').write_text('\n'.join(names), 'utf-8')
    who = f' for {operator.name} on {farm.family}:meta {HIDDEN}'
    operator.sandbox.faults.arm(
        kind='lose-session', remembered=True, action='setglobalaccountstatus', nth=5
    )
    run = desk.talk(
        '-file:names',
        '-reason:t',
        '-always',
        answers=[
            (f'Authenticator code{who}', operator.recovery_codes[0]),
            (f'Authenticator code{who}', '\x03'),
        ],
    )
    assert run.code == 130, run.said
    assert '-resume' in run.said
    assert 'Traceback' not in run.said
    assert 4 <= len(farm.locked(names)) < 40


def test_too_many_logins_end_a_script_for_now(
    operator: Operator, pwb: Callable[..., Run]
) -> None:
    operator.try_passwords()
    run = pwb('global_lock', 'Spambot 00001', '-reason:t', '-always')
    assert run.code == 75, run.said
    assert 'wait 2 minutes' in run.err


class _Manager:
    """Stands for the login of pywikibot 11.9, which knows one field of a form."""

    def login_to_site(self) -> str:
        return 'one'


class _Newer:
    """Stands for that of a later release, which lets another factor be chosen."""

    def login_to_site(self) -> str:
        return self._chosen({'newModule': 'recoverycodes', 'OATHToken': ''})

    def _chosen(self, fields: dict[str, str]) -> str:
        return ' '.join(fields)


@pytest.mark.parametrize(('manager', 'stays'), [(_Manager, False), (_Newer, True)])
def test_a_pywikibot_that_knows_the_whole_login_makes_it_itself(
    manager: type[Any], stays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = manager.login_to_site
    monkeypatch.setattr(manager, 'login_to_site', theirs)
    monkeypatch.setattr('pywikibot.login.ClientLoginManager', manager)
    attendedlogin.install_conversation()
    assert (manager.login_to_site is theirs) is stays
