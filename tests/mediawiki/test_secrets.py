"""What a run with a refused token leaves in pywikibot's log, at any level."""

from __future__ import annotations

import logging

import pytest
import pywikibot
from pywikibot.comms import http

from .client import Client, page
from .wiki import Wiki


@pytest.fixture
def log(
    client: Client, wiki: Wiki, caplog: pytest.LogCaptureFixture
) -> tuple[str, set[str]]:
    """A noisy log, and the tokens and passwords that were in use."""
    # With its first output pywikibot sets its logger up, and drops other handlers.
    pywikibot.log('Setting up.')
    caplog.set_level(logging.NOTSET + 1, logger='pywiki')
    # From then on it keeps its records to itself.
    logging.getLogger('pywiki').addHandler(caplog.handler)
    site = client.site(wiki)
    one = page(site, 'before')
    secrets = {wiki.operator.password, str(site.tokens.csrf)}
    wiki.end_sessions(remembered=False)
    site.simple_request(
        action='edit', title=one.title(), text='after', token=site.tokens.csrf
    ).submit()
    assert ('edit', 'badtoken') in [(s.action, s.result) for s in wiki.sent()]
    secrets.add(str(site.tokens.csrf))
    logging.getLogger('pywiki').removeHandler(caplog.handler)
    lines = [record.getMessage() for record in caplog.records]
    return '\n'.join([*lines, str(site.tokens), repr(site.tokens)]), secrets


def test_no_token_and_no_password(log: tuple[str, set[str]]) -> None:
    text, secrets = log
    assert 'Renewing the tokens' in text
    assert [secret for secret in secrets if secret in text] == []


def test_no_session(log: tuple[str, set[str]]) -> None:
    text, _ = log
    cookies = {c.name: c.value for c in http.cookie_jar if c.name.endswith('ession')}
    assert cookies
    assert [name for name, value in cookies.items() if value in text] == []
