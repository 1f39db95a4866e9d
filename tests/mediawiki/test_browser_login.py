"""A login that leads to another page, in a real browser.

No extension of Debian's MediaWiki redirects a login, so the wiki is the sandbox, whose
answers to a redirect are those that were recorded of a provider.

https://www.mediawiki.org/wiki/API:Login
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from person import Person, sit_down

from centralauth_sandbox import Sandbox
from centralauth_sandbox.loginsteps import Factors

from .browser import Browser
from .client import Client, add_family
from .imitation import SandboxWiki

#: The browser is where the tests of a real MediaWiki run.
pytestmark = [pytest.mark.only('mediawiki'), pytest.mark.usefixtures('kind')]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return sit_down(monkeypatch)


@pytest.fixture
def wiki(pywikibot_directory: Path) -> Iterator[SandboxWiki]:
    """A wiki on which the operator's login leads to the identity provider."""
    with Sandbox(wikis=1, accounts=0) as sandbox:
        (code,) = sandbox.wikis
        wiki = SandboxWiki(sandbox, code)
        sandbox.call(
            lambda farm: setattr(
                farm.accounts[wiki.operator.name], 'factors', Factors(redirect=True)
            )
        )
        add_family(pywikibot_directory, [wiki])
        yield wiki


@pytest.mark.parametrize('pasted', [False, True])
def test_a_browser_makes_the_trip_of_a_login(
    client: Client, wiki: SandboxWiki, browser: Browser, person: Person, pasted: bool
) -> None:
    """It comes back to this machine, or its last address is pasted."""

    def go() -> str:
        (url,) = [line for line in person.heard.splitlines() if '/idp?state=' in line]
        browser.open(url)
        browser.wait()
        return browser.address if pasted else ''

    person.answers = [('Press Enter', go)]
    site = client.site(wiki)
    assert site.user() == wiki.operator.name
    assert site.tokens['csrf']
    assert 'You can close this page' in browser.last_page
