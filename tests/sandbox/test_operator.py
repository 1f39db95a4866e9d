"""What happens to the operator while a campaign runs: it stops, says why, and resumes.

A campaign begins only if it can be seen who the operator is. Whoever is logged out
without a terminal, locked, blocked or renamed is told what the wiki says, with exit
code 3; what was not done yet is done by the resumed run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pywikibot
from pywikibot import config

from centralauth_sandbox import Sandbox
from centralauth_sandbox.loginsteps import Factors, new_secret
from centralauth_sandbox.records import Block
from centralauth_sandbox.seeds import BOT_GRANTS

from .desk import Run
from .farms import Farm
from .foreign import OPERATOR

#: The writes of each script, and what it is given.
SCRIPTS = {
    'global_lock': (
        'setglobalaccountstatus',
        [f'Spambot {number:05}' for number in range(1, 5)],
    ),
    'crosswiki_delete': (
        'delete',
        ['aa:Spam 1', 'aa:Spam 2', 'bb:Spam 1', 'meta:Spam 1'],
    ),
}


def use_password(farm: Farm, sandbox: Sandbox) -> None:
    """Log in with the main password."""


def use_bot_password(farm: Farm, sandbox: Sandbox) -> None:
    name, _, app = farm.bot.name.partition('@')
    bot = f'BotPassword({app!r}, {farm.bot.password!r})'
    Path(config.password_file).write_text(f'({name!r}, {bot})\n', 'utf-8')


def use_bearer(farm: Farm, sandbox: Sandbox) -> None:
    token = sandbox.call(lambda farm: farm.consumers.add_bearer(OPERATOR, BOT_GRANTS))
    host = farm.wikis['meta'].split('/')[2]
    config.authenticate = {host: (token,)}
    config.password_file = None


LOGINS = {
    'main password': use_password,
    'bot password': use_bot_password,
    'access token': use_bearer,
}


def lock(farm: Any) -> Callable[[], None]:
    account = farm.accounts[OPERATOR]
    account.locked = True
    return lambda: setattr(account, 'locked', False)


def rename(farm: Any) -> Callable[[], None]:
    farm.rename_account(OPERATOR, 'Somebody Else')
    return lambda: farm.rename_account('Somebody Else', OPERATOR)


def block(farm: Any) -> Callable[[], None]:
    by = 'Sandbox Colleague'
    for wiki in farm.wikis.values():
        wiki.blocks[OPERATOR] = Block(1, OPERATOR, by, 1, 'Gone mad', farm.timestamp())

    def unblock() -> None:
        for wiki in farm.wikis.values():
            wiki.blocks.clear()

    return unblock


def ask_for_a_code(farm: Any) -> Callable[[], None]:
    account = farm.accounts[OPERATOR]
    account.factors = Factors(totp=[new_secret()])
    farm.sessions.end_account(account.id)
    return lambda: setattr(account, 'factors', Factors())


def change_password(farm: Any) -> Callable[[], None]:
    account = farm.accounts[OPERATOR]
    before, account.password = account.password, 'a new one'
    farm.sessions.end_account(account.id)
    return lambda: setattr(account, 'password', before)


#: What happens, with which logins, in which script, and what must be said of it.
CASES: list[tuple[Callable[[Any], Callable[[], None]], str, str, str]] = [
    (lock, 'main password', 'global_lock', 'locked'),
    (lock, 'bot password', 'global_lock', 'locked'),
    (lock, 'access token', 'global_lock', 'a user who is blocked'),
    (lock, 'main password', 'crosswiki_delete', 'locked'),
    (lock, 'access token', 'crosswiki_delete', 'a user who is blocked'),
    (rename, 'main password', 'global_lock', 'password'),
    (rename, 'access token', 'global_lock', 'via OAuth as Somebody Else'),
    (block, 'main password', 'crosswiki_delete', 'Gone mad'),
    (block, 'access token', 'crosswiki_delete', 'Gone mad'),
    (ask_for_a_code, 'main password', 'crosswiki_delete', 'there is no terminal'),
    (change_password, 'main password', 'global_lock', 'Incorrect'),
]


@pytest.fixture(autouse=True)
def logins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test configure a login of its own."""
    for name in ('authenticate', 'password_file'):
        monkeypatch.setattr(config, name, getattr(config, name))


@pytest.mark.parametrize(
    ('event', 'login', 'name', 'sentence'),
    CASES,
    ids=lambda part: getattr(part, '__name__', None),
)
def test_it_stops_with_what_the_wiki_says_and_resumes(
    event: Callable[[Any], Callable[[], None]],
    login: str,
    name: str,
    sentence: str,
    farm: Farm,
    sandbox: Sandbox,
    pwb: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    LOGINS[login](farm, sandbox)
    action, targets = SCRIPTS[name]

    def prepare(farm: Any) -> None:
        for target in targets if name == 'crosswiki_delete' else ():
            code, _, title = target.partition(':')
            farm.wikis[code].edit(title, 'spam', user='Spambot 00001')

    sandbox.call(prepare)
    undo: list[Callable[[], None]] = []
    monkeypatch.setattr(
        'centralauth_sandbox.server.strike',
        lambda fault, farm, user, token='': undo.append(event(farm)),
        raising=False,
    )
    sandbox.faults.arm(kind='clock-jump', action=action, nth=2)
    run = pwb(name, *targets, '-reason:spam', '-always')
    assert run.code == 3, run.said
    assert sentence in run.said
    assert 'To resume:' in run.out
    assert 'Traceback' not in run.said
    done = [e for e in sandbox.journal.entries(action=action) if e.effect]
    assert len(done) == 1 and done[0].user == OPERATOR
    sandbox.call(lambda farm: undo[0]())
    pywikibot._sites.clear()
    run = pwb(name, '-resume', '-always')
    assert run.code == 0, run.said
    done = [e for e in sandbox.journal.entries(action=action) if e.effect]
    assert len(done) == len(targets) and {e.user for e in done} == {OPERATOR}


@pytest.mark.parametrize(
    'line',
    [
        ('global_lock', 'Spambot 00001', '-reason:r', '-always'),
        ('crosswiki_delete', 'aa:Sandbox', '-reason:r', '-simulate'),
        ('global_status', 'Spambot 00001'),
        ('link_account', '-list'),
    ],
    ids=lambda line: line[0],
)
def test_a_user_agent_without_a_contact_is_refused_at_the_start(
    line: tuple[str, ...],
    sandbox: Sandbox,
    pwb: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those who run the wiki could only stop the account."""
    monkeypatch.setattr(config, 'user_agent_format', '{script} {pwb}')
    run = pwb(*line)
    assert run.code == 2, run.said
    assert 'does not say whom to contact' in run.err
    assert not [e for e in sandbox.journal.entries() if e.effect]
    monkeypatch.setattr(config, 'user_agent_description', 'jo@example.org')
    monkeypatch.setattr(config, 'user_agent_format', '{pwb} ({script_comments})')
    assert 'whom to contact' not in pwb(*line).said
