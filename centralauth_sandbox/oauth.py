"""Owner-only OAuth 1.0a consumers: who a signed request is made by.

Signatures are not verified: a request is known by its consumer and its access token,
and each has a nonce of its own.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from .sessionrecords import Session, Stored

if TYPE_CHECKING:
    from .views import FarmView, WikiView

_FIELD = re.compile(r'(oauth_\w+)="([^"]*)"')


class Unauthorized(Exception):
    """A header that lets nobody in; the message says why."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who a consumer is owned by, and what it grants."""

    user: str
    grants: frozenset[str]


class Consumers:
    """All consumers of a farm. Without any, its wikis have no OAuth at all."""

    def __init__(self, farm: FarmView) -> None:
        """Begin with none."""
        self._farm = farm
        self._consumers: dict[tuple[str, str], Consumer] = {}
        self._stored: dict[tuple[str, str], Stored] = {}
        self._nonces: set[str] = set()

    def add(self, user: str, grants: list[str]) -> tuple[str, str, str, str]:
        """Approve a consumer of an account; return what its owner is shown once."""
        keys = [secrets.token_hex(16) for _ in range(4)]
        self._consumers[keys[0], keys[2]] = Consumer(user, frozenset(grants))
        return keys[0], keys[1], keys[2], keys[3]

    def wipe(self) -> None:
        """Lose what the session store keeps, the secrets of tokens."""
        self._stored.clear()

    def resolve(self, wiki: WikiView, authorization: str) -> Session | None:
        """Return the session of a signed request; None where there is no OAuth.

        :param authorization: the header
        :raises Unauthorized: it lets nobody in
        """
        if not self._consumers:
            return None
        fields = {name: unquote(value) for name, value in _FIELD.findall(authorization)}
        access = fields.get('oauth_token', '')
        consumer = self._consumers.get((fields.get('oauth_consumer_key', ''), access))
        if consumer is None:
            raise Unauthorized('Invalid access token')
        nonce = fields.get('oauth_nonce', '')
        if not nonce or nonce in self._nonces:
            raise Unauthorized(f'Nonce already used: {nonce}')
        self._nonces.add(nonce)
        account = self._farm.accounts[consumer.user]
        local = wiki.accounts.get(consumer.user)
        if account.locked or local is None or local.central is not account:
            raise Unauthorized('The user cannot log in')
        now = self._farm.clock()
        stored = self._stored.get((wiki.db, access))
        if stored is None or now >= stored.used + self._farm.sessions.lifetime:
            stored = Stored(secrets.token_hex(16), secrets.token_hex(16), now)
            self._stored[wiki.db, access] = stored
        stored.used = now
        return Session(wiki, 'oauth', local, stored, consumer.grants)
