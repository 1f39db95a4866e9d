"""A login is confirmed in the middle of what wants it recent, which then goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pywikibot
from person import Answers, Person, sit_down

import mw_tokens_plugin
from centralauth_sandbox.loginsteps import Factors, new_recovery_codes, new_secret
from mw_tokens_plugin.exceptions import (
    InvalidInput,
    LoginNeedsInput,
    LoginRefused,
    MustReauthenticate,
    PermissionDenied,
)
from mw_tokens_plugin.protocol.authmanager import Done

if TYPE_CHECKING:
    from centralauth_sandbox import Sandbox

    from .farms import Farm

RETURN = 'http://127.0.0.1:9/return'
SCRIPT = 'MediaWiki:Common.js'


@dataclass
class Operator:
    """The account that is logged in, on wikis that want logins confirmed."""

    sandbox: Sandbox
    name: str = 'Sandbox Operator'

    @property
    def factors(self) -> Factors:
        return self.sandbox.farm.accounts[self.name].factors

    @property
    def password(self) -> str:
        return self.sandbox.farm.accounts[self.name].password

    def code(self) -> str:
        return self.sandbox.farm.logins.code_now(self.factors.totp[0])

    def have_app(self) -> None:
        self.factors.totp = [new_secret()]
        self.factors.recovery_codes = new_recovery_codes()

    def drop(self, when: str) -> None:
        """Have an app, and lose the next step, before or after it is taken."""
        self.have_app()
        self.sandbox.faults.arm(kind='drop', when=when, action='clientlogin', nth=1)

    def password_after(self, seconds: float) -> str:
        self.sandbox.farm.advance(seconds)
        return self.password

    @property
    def confirmations(self) -> list[dict[str, str]]:
        """The first steps that were sent to confirm a login."""
        entries = self.sandbox.journal.entries()
        return [e.params for e in entries if 'loginreauthenticate' in e.params]


@pytest.fixture
def operator(sandbox: Sandbox, site: Any) -> Operator:
    """The operator, logged in on wikis as from MediaWiki 1.47."""
    sandbox.farm.provider.each_operation = True
    site.login()
    return Operator(sandbox)


@pytest.fixture
def person(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Person:
    """A person at a terminal, for whom no file has the password."""
    monkeypatch.setattr(pywikibot.config, 'password_file', None)
    return sit_down(monkeypatch)


def link(site: Any) -> None:
    linking = site.link_account(return_url=RETURN)
    assert linking.submit({'farmcode': 'pass'}) == Done()


def save(site: Any) -> None:
    page = pywikibot.Page(site, SCRIPT)
    page.text = f'{page.text}//'
    page.save('a script', quiet=True)
    assert pywikibot.Page(site, SCRIPT).text.endswith('//')


def unlink(site: Any) -> None:
    site.unlink_account(site.linked_accounts()[0].id)


def change_password(site: Any) -> None:
    site.post(
        'changeauthenticationdata',
        changeauthrequest='MediaWiki\\Auth\\PasswordAuthenticationRequest',
        password='one that is new',
        retype='one that is new',
    )


#: Operation -> what wants it.
CALLS: dict[str, Callable[[Any], None]] = {
    'LinkAccounts': link,
    'UnlinkAccount': unlink,
    'editsitejscss': save,
    'ChangeCredentials': change_password,
}


def test_a_code_alone_confirms_each_operation(
    operator: Operator, person: Person, site: Any
) -> None:
    """What was interrupted goes on, and everything else writes on."""
    operator.have_app()
    before = site.tokens.csrf
    for count, (operation, call) in enumerate(CALLS.items(), 1):
        person.answers = [('Authenticator code', operator.code())]
        call(site)
        assert not person.answers
        assert f'confirmed for {operation}.' in person.heard
        sent = operator.confirmations
        assert [each['loginreauthenticate'] for each in sent] == list(CALLS)[:count]
        assert 'password' not in sent[-1]
        # The next code is another one.
        operator.sandbox.farm.advance(30)
    assert site.tokens.session.generation == len(CALLS)
    assert before != site.tokens.csrf


#: Name -> what is set up, what is asked and answered, what is heard.
CONVERSATIONS: dict[
    str,
    tuple[Callable[[Operator], object], Callable[[Operator], Answers], list[str]],
] = {
    'the password': (
        lambda o: None,
        lambda o: [('Password for', o.password)],
        ['wants the login of Sandbox Operator confirmed for editsitejscss'],
    ),
    'a wrong password, nothing, the right one': (
        lambda o: None,
        lambda o: [('Password', 'wrong'), ('Password', ''), ('Password', o.password)],
        ['Incorrect username or password'],
    ),
    'a wrong code, then the right one': (
        lambda o: o.have_app(),
        lambda o: [('code', '12 34 56'), ('code', o.code)],
        ['Two-factor authentication failed.', 'password (the password, then'],
    ),
    'the password, then a recovery code': (
        lambda o: o.have_app(),
        lambda o: [
            ('Authenticator code', 'password'),
            ('Password for', o.password),
            ('Authenticator code', 'recoverycodes'),
            ('Recovery code', o.factors.recovery_codes[0]),
        ],
        [],
    ),
    'an answer that is lost before it is taken': (
        lambda o: o.drop('before'),
        lambda o: [('code', o.code), ('code', lambda: later(o))],
        ['Looking how far the login is'],
    ),
    'an answer that is lost after it was taken': (
        lambda o: o.drop('after'),
        # The answer would have brought the cookies of a new session.
        lambda o: [('code', o.code), ('code', lambda: later(o))],
        ['Looking how far the login is'],
    ),
    'a token that has become too old': (
        lambda o: None,
        lambda o: [
            ('Password', lambda: o.password_after(301)),
            ('Password', o.password),
        ],
        [],
    ),
}


def later(operator: Operator) -> str:
    """The code of the next half minute."""
    operator.sandbox.farm.advance(30)
    return operator.code()


@pytest.mark.parametrize('name', CONVERSATIONS)
def test_a_login_is_confirmed_with_what_the_wiki_asks_for(
    name: str, operator: Operator, person: Person, site: Any
) -> None:
    prepare, answers, heard = CONVERSATIONS[name]
    prepare(operator)
    person.answers = answers(operator)
    save(site)
    assert not person.answers
    for part in heard:
        assert part in person.heard


REFUSALS: dict[str, tuple[Callable[[Operator], Answers], str]] = {
    'wrong passwords': (lambda o: [('Password', 'wrong')] * 3, 'Incorrect username'),
    'no password': (lambda o: [('Password', '')] * 5, 'No password was given'),
}


@pytest.mark.parametrize('name', REFUSALS)
def test_who_cannot_confirm_a_login_stays_logged_in(
    name: str, operator: Operator, person: Person, site: Any
) -> None:
    answers, sentence = REFUSALS[name]
    person.answers = answers(operator)
    with pytest.raises(LoginRefused, match=sentence):
        save(site)
    assert not person.answers
    assert site.user() == operator.name
    assert site.tokens.csrf
    pywikibot.Page(site, 'A page').exists()


def test_a_login_that_is_too_old_is_given_anew_before_1_47(
    sandbox: Sandbox, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, one logs in again, and everything is allowed for a while."""
    site.login()
    operator = Operator(sandbox)
    operator.have_app()
    sandbox.farm.advance(301)
    person = sit_down(monkeypatch)
    person.answers = [('Authenticator code', operator.code)]
    link(site)
    unlink(site)
    assert not person.answers
    assert not operator.confirmations


@pytest.mark.parametrize('operation', CALLS)
def test_without_a_terminal_it_is_said_what_to_do(
    operation: str, operator: Operator, site: Any
) -> None:
    operator.sandbox.farm.provider.link(operator.name)
    advice = f"at a terminal.*reauthenticate.'{operation}'"
    with pytest.raises(MustReauthenticate, match=advice) as refused:
        CALLS[operation](site)
    assert refused.value.operation == operation
    assert not operator.confirmations


def test_a_bot_confirms_with_what_it_is_configured_with(
    operator: Operator, site: Any
) -> None:
    """A password file suffices, or a command that prints codes."""
    site.reauthenticate('editsitejscss')
    save(site)
    with pytest.raises(InvalidInput, match='name it'):
        site.reauthenticate()
    operator.have_app()
    needed = 'a code of the authenticator app.* Start again at a terminal'
    with pytest.raises(LoginNeedsInput, match=needed):
        site.reauthenticate('LinkAccounts')
    assert site.user() == operator.name
    mw_tokens_plugin.enable(otp_command=['echo', operator.code()])
    site.reauthenticate('LinkAccounts')
    link(site)


def test_another_wiki_is_not_confirmed_through_a_login(
    operator: Operator, person: Person, site: Any, farm: Farm
) -> None:
    """It is refused for good, and nobody is asked."""
    foreign = site.foreign_site('aa')
    with pytest.raises(PermissionDenied) as refused:
        foreign.post('edit', title=SCRIPT, text='//')
    assert 'main password on this wiki itself' in str(refused.value)
    assert not person.answers


def test_nothing_of_a_confirmation_is_shown(
    operator: Operator, person: Person, site: Any
) -> None:
    operator.have_app()
    code = operator.code()
    person.answers = [('code', 'password'), ('Password', operator.password)]
    person.answers += [('code', code)]
    save(site)
    shown = json.dumps(person.said)
    for secret in (code, operator.password):
        assert secret not in shown
