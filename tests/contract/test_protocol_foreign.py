"""What the client makes of each recorded answer to minting and using a token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pywikibot.exceptions import APIError

from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    NoCentralAuthToken,
    NotAttached,
    SessionLost,
)
from mw_tokens_plugin.protocol.responses import error_mapping
from mw_tokens_plugin.site.foreign.tokens import mint_refusal
from mw_tokens_plugin.site.recovery import blamed_token

from .samples import RELEASES, Exchange, load, recordings

#: All that is read of it is what it is called.
THE_WIKI: Any = 'the wiki'

RECORDINGS = [
    (release, name)
    for release in RELEASES
    for name in recordings(release)
    if name[:2] in ('d_', 'e_') or name.startswith('n_centralauthtoken')
]

MINT_REFUSALS = {
    'badsession': NoCentralAuthToken,
    'notattached': NotAttached,
    'notloggedin': SessionLost,
    'assertnameduserfailed': SessionLost,
    'hascallback': ApiRefusal,
}


def answers(release: str, name: str) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Yield the exchanges of a recording that ended with an API error."""
    for exchange in load(name, release):
        if isinstance(exchange.json, dict):
            error = exchange.json.get('error') or exchange.json.get('errors')
            if error:
                yield exchange, error_mapping(error)


def sent_token(exchange: Exchange) -> bool:
    """Tell whether a centralauthtoken was sent, in the header too."""
    header = exchange.headers_sent.get('Authorization', '')
    return 'centralauthtoken' in exchange.params or 'CentralAuthToken ' in header


def test_there_are_recordings() -> None:
    assert len(RECORDINGS) >= 5


@pytest.mark.parametrize(('release', 'name'), RECORDINGS)
def test_every_badtoken_is_blamed_on_the_token_that_was_dead(
    release: str, name: str
) -> None:
    for exchange, error in answers(release, name):
        if error['code'] != 'badtoken':
            continue
        blamed = blamed_token(error['info'])
        if exchange.params.get('action') == 'query':
            assert sent_token(exchange)
            assert blamed in ('centralauthtoken', None), exchange
        elif blamed == 'csrf':
            assert 'token' in exchange.params, exchange
        else:
            assert blamed == 'centralauthtoken' and sent_token(exchange), exchange


def test_both_kinds_of_badtoken_are_among_the_recordings() -> None:
    blamed = {
        blamed_token(error['info'])
        for release, name in RECORDINGS
        for _, error in answers(release, name)
        if error['code'] == 'badtoken'
    }
    assert {'centralauthtoken', 'csrf'} <= blamed


@pytest.mark.parametrize(('release', 'name'), RECORDINGS)
def test_every_refusal_to_mint_is_the_error_that_says_what_to_do(
    release: str, name: str
) -> None:
    for exchange, error in answers(release, name):
        if exchange.params.get('action') != 'centralauthtoken':
            continue
        refused = mint_refusal(THE_WIKI, 'Op', APIError(error['code'], error['info']))
        assert type(refused) is MINT_REFUSALS[error['code']], exchange
        assert 'the wiki' in str(refused)
