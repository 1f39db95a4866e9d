"""Logging in with codes of an authenticator app, on a real MediaWiki with OATHAuth.

OATHAuth of Debian's MediaWiki 1.39 accepts no recovery codes, since it looks for them
where it never puts them; those are tried on the sandbox, as recorded of later releases.

https://www.mediawiki.org/wiki/Extension:OATHAuth
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from person import Person, sit_down
from pywikibot.exceptions import NoUsernameError

from centralauth_sandbox.loginsteps import PERIOD, new_secret, totp
from mw_tokens_plugin.campaign.ledger import Ledger
from mw_tokens_plugin.campaign.records import State
from mw_tokens_plugin.exceptions import LoginNeedsInput
from mw_tokens_plugin.site import logindialog

from .client import Client, page
from .installation import MediaWiki
from .test_deletions import Desk

pytestmark = pytest.mark.only('mediawiki')


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return sit_down(monkeypatch)


@pytest.fixture
def secret(wiki: MediaWiki) -> Iterator[str]:
    """The secret of the app without which the operator cannot log in."""
    secret = new_secret()
    wiki.require_codes(wiki.operator, secret)
    yield secret
    wiki.require_no_codes()


def code(secret: str, periods: int = 0) -> str:
    return totp(secret, int(time.time()) // PERIOD + periods)


def test_an_operator_with_a_second_factor_deletes_twenty_pages(
    client: Client, wiki: MediaWiki, secret: str, person: Person, ledger: Ledger
) -> None:
    person.answers = [('token', '12345'), ('token', lambda: code(secret))]
    site = client.site(wiki)
    assert site.user() == wiki.operator.name
    assert 'failed' in person.heard
    titles = [page(site, 'spam').title() for _ in range(20)]
    desk = Desk(ledger, site)
    campaign = desk.delete(*titles)
    ended = desk.targets(campaign)
    assert [ended[title].state for title in titles] == [State.DONE] * 20


def test_a_code_that_was_used_is_refused_and_the_next_one_is_not(
    client: Client, wiki: MediaWiki, secret: str, person: Person
) -> None:
    """By the wiki as well, where another program has sent it."""
    used = code(secret, -1)
    person.answers = [('token', used)]
    client.site(wiki)
    client.forget_logins()
    logindialog._SENT.clear()
    person.answers = [('token', used), ('token', used), ('token', lambda: code(secret))]
    site = client.site(wiki)
    assert site.user() == wiki.operator.name
    assert not person.answers
    assert person.heard.count('has been sent already') == 1


def test_after_ten_wrong_codes_no_other_is_accepted(
    client: Client, wiki: MediaWiki, secret: str, person: Person
) -> None:
    wrong = [('token', f'{number:04}') for number in range(10)]
    person.answers = [*wrong, ('token', lambda: code(secret))]
    person.spare = ('token', '')
    with pytest.raises(NoUsernameError, match='No code was given'):
        client.site(wiki)
    assert 'No code is accepted for a minute' in person.heard


def test_a_bot_password_takes_no_code(
    client: Client, wiki: MediaWiki, secret: str, tmp_path: Path
) -> None:
    with pytest.raises(LoginNeedsInput, match='bot password or OAuth'):
        client.site(wiki)
    site = client.site(wiki, wiki.bot)
    assert site.user() == wiki.operator.name
