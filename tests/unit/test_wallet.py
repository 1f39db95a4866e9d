"""The wallet while another thread renews the session that its tokens belong to."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mw_tokens_plugin.protocol.tokens import TokenType
from mw_tokens_plugin.site.wallet import TypedTokenWallet


class RenewedSession:
    """A session that is renewed by somebody else right at its n-th look."""

    def __init__(self, renewed_at: int) -> None:
        """Count from 1."""
        self.lock = threading.RLock()
        self.looks = 0
        self.renewed_at = renewed_at

    @property
    def generation(self) -> int:
        """The number of the session."""
        self.looks += 1
        return int(self.looks >= self.renewed_at)


class Wiki:
    """A wiki that hands out a token of every type, each time another."""

    def __init__(self) -> None:
        """Start at 1."""
        self.asked = 0

    def user(self) -> str:
        return 'Operator'

    def simple_request(self, **parameters: Any) -> Wiki:
        assert parameters['meta'] == 'tokens|siteinfo'
        return self

    def submit(self) -> dict[str, Any]:
        self.asked += 1
        names = ('csrf', 'rollback')
        return {'query': {'tokens': {f'{n}token': f'{n}{self.asked}+' for n in names}}}


@pytest.mark.parametrize('renewed_at', range(1, 25))
def test_a_token_is_had_whenever_the_session_is_renewed(renewed_at: int) -> None:
    """A campaign must not end with a KeyError since another thread logged in."""
    wiki: Any = Wiki()
    session: Any = RenewedSession(renewed_at)
    wallet = TypedTokenWallet(wiki, session)
    for _ in range(3):
        for name in ('csrf', 'rollback'):
            assert wallet[name].type == TokenType(name)
            wallet.update_tokens([wallet[name]])
    assert session.looks > 24
