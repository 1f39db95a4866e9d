"""Owner-only consumers of OAuth 1.0a and 2.0: who a request is made by.

Signatures of OAuth 1.0a are not verified: a request is known by its consumer and its
access token, and each has a nonce of its own. An access token of OAuth 2.0, the bearer,
is a JWT, of which all is verified that MediaWiki looks at.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from . import errors
from .sessionrecords import Session, Stored
from .sessionstore import new_stored

if TYPE_CHECKING:
    from .views import FarmView, WikiView

#: Seconds for which an owner's access token is good: a thousand years.
LIFETIME = 31_556_952_000.0

_FIELD = re.compile(r'(oauth_\w+)="([^"]*)"')


@dataclass(slots=True)
class Consumer:
    """Who a consumer is owned by, what it grants, and whether it can be used.

    :ivar owner: the number of the account, which keeps it when it is renamed
    :ivar title: what the consumer is called
    :ivar approved: whether the wiki lets the consumer be used; it may be disabled
    :ivar accepted: whether the owner has not revoked it
    """

    owner: int
    title: str
    grants: frozenset[str]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    key: str = field(default_factory=lambda: secrets.token_hex(40))
    approved: bool = True
    accepted: bool = True


class Consumers:
    """All consumers of a farm. Without any, its wikis have no OAuth at all.

    `jwt_cookies` is whether answers set the cookie sessionJwt (`$wgOAuthUseJwtCookie`).
    """

    def __init__(self, farm: FarmView) -> None:
        """Begin with none."""
        self.jwt_cookies = False
        self._farm = farm
        self._signing: dict[tuple[str, str], Consumer] = {}
        self._bearing: dict[str, Consumer] = {}
        self._stored: dict[tuple[str, str], Stored] = {}
        self._nonces: set[str] = set()

    def add(self, user: str, grants: list[str]) -> tuple[str, str, str, str]:
        """Approve a consumer of an account; return what its owner is shown once."""
        keys = [secrets.token_hex(16) for _ in range(4)]
        consumer = self._owned(user, grants)
        consumer.id, consumer.key = keys[0], keys[2]
        self._signing[keys[0], keys[2]] = consumer
        return keys[0], keys[1], keys[2], keys[3]

    def add_bearer(
        self, user: str, grants: list[str], lifetime: float = LIFETIME
    ) -> str:
        """Approve a consumer of OAuth 2.0; return its owner's access token."""
        consumer = self._owned(user, grants)
        self._bearing[consumer.key] = consumer
        return self.bearer(consumer, lifetime)

    def bearer(
        self, consumer: Consumer, lifetime: float = LIFETIME, begins: float = 0.0
    ) -> str:
        """Return an access token of a consumer that is good for some seconds.

        :param begins: seconds from now on until it is good
        """
        now = self._farm.clock()
        return self._farm.sessions.web_tokens.signer.sign(
            {
                'aud': consumer.id,
                'jti': consumer.key,
                'iat': now,
                'nbf': now + begins,
                'exp': now + lifetime,
                'sub': str(consumer.owner),
                'iss': self._farm.central.server,
                'scopes': sorted(consumer.grants),
            }
        )

    def of(self, token: str) -> Consumer:
        """Return the consumer of an access token, or of the third of four keys."""
        for (_, access), consumer in self._signing.items():
            if access == token:
                return consumer
        said = self._farm.sessions.web_tokens.signer.verify(token) or {}
        return self._bearing[said['jti']]

    def _owned(self, user: str, grants: list[str]) -> Consumer:
        owner = self._farm.accounts[user].id
        return Consumer(owner, f'{user} v2', frozenset(grants))

    def wipe(self) -> None:
        """Lose what the session store keeps, the secrets of tokens."""
        self._stored.clear()

    def resolve(
        self, wiki: WikiView, authorization: str, cookies: Mapping[str, str]
    ) -> Session | None:
        """Return the session of a request with a header; None if it is not OAuth's.

        :param authorization: the header
        :param cookies: those that go along
        """
        scheme, _, rest = authorization.partition(' ')
        if scheme == 'OAuth' and self._can_be_used:
            consumer = self._signed_by(rest)
        # Any other case of letters is no scheme that the extension knows.
        elif scheme.startswith('Bearer') and (self._can_be_used or self._farm.current):
            consumer = self._borne_by(rest.strip())
        else:
            return None
        return self._session(wiki, consumer, cookies)

    @property
    def _can_be_used(self) -> bool:
        return bool(self._signing or self._bearing)

    def _signed_by(self, header: str) -> Consumer:
        fields = {name: unquote(value) for name, value in _FIELD.findall(header)}
        keys = fields.get('oauth_consumer_key', ''), fields.get('oauth_token', '')
        consumer = self._signing.get(keys)
        if consumer is None or not consumer.accepted:
            raise errors.invalid_authorization('Invalid access token')
        nonce = fields.get('oauth_nonce', '')
        if not nonce or nonce in self._nonces:
            raise errors.invalid_authorization(f'Nonce already used: {nonce}')
        self._nonces.add(nonce)
        return consumer

    def _borne_by(self, token: str) -> Consumer:
        said = self._farm.sessions.web_tokens.signer.verify(token) or {}
        now = self._farm.clock()
        consumer = self._bearing.get(said.get('jti', ''))
        if consumer is None or not said['nbf'] <= now < said['exp']:
            raise errors.invalid_authorization('Invalid access token')
        if said['aud'] != consumer.id:
            raise errors.invalid_authorization(
                'Client represented by given access token is invalid'
            )
        if not consumer.accepted:
            raise errors.invalid_authorization(
                'Cannot create access token, user did not approve issuing this access '
                'token'
            )
        return consumer

    def _session(
        self, wiki: WikiView, consumer: Consumer, cookies: Mapping[str, str]
    ) -> Session:
        sessions = self._farm.sessions
        account = self._farm.account_ids[consumer.owner]
        local = wiki.accounts.get(account.name)
        is_missing = local is None and not self._farm.current
        if is_missing or (local is not None and local.central is not account):
            raise errors.refused_consumer(
                'invalid-user',
                'The authorization headers in your request are for a user that does '
                'not exist here',
            )
        if account.locked:
            raise errors.refused_consumer(
                'blocked-user',
                'The authorization headers in your request are for a user who is '
                'blocked',
            )
        if not consumer.approved:
            raise errors.refused_consumer(
                'not-approved',
                'The app that you are trying to connect seems to be set up '
                f'incorrectly. Contact the author of "{consumer.title}" for help.',
            )
        accepted, is_due = True, False
        if self.jwt_cookies:
            jwt = cookies.get('sessionJwt', '')
            accepted, is_due = sessions.web_tokens.judge(jwt, account)
        if not accepted:
            raise errors.refused_consumer(
                'jwt', "Invalid 'sessionJwt' cookie: JWT error: wrong subject"
            )
        local = sessions.local_account(wiki, account)
        if local is None:
            # No account can be made, and nobody is told.
            return Session(wiki)
        now, key = self._farm.clock(), (wiki.db, consumer.key)
        stored = self._stored.get(key)
        if stored is None or now >= stored.used + sessions.lifetime:
            stored = self._stored[key] = new_stored(now)
        stored.used = now
        session = Session(wiki, 'oauth', local, stored, consumer.grants)
        if is_due:
            cookie = sessions.web_tokens.cookie(account, sessions.jwt_lifetime)
            session.cookies.append(cookie)
        return session
