"""JSON Web Tokens of today's CentralAuth: centralauthtokens, a cookie of sessions."""

from __future__ import annotations

from typing import Any

from .jwt import Signer, unique
from .records import Account
from .sessioncookies import cookie
from .views import FarmView


class WebTokens:
    """What the farm signs."""

    def __init__(self, farm: FarmView) -> None:
        """Initializer."""
        self._farm = farm
        #: The class in which a gateway counts requests, which cookies name (`rlc`).
        self.rate_class = ''
        self.signer = Signer()

    def wrap(self, token: str, account: Account, lifetime: float) -> str:
        """Return a centralauthtoken as it is handed out."""
        now = self._farm.clock()
        return self.signer.sign(
            {
                'iss': self._farm.central.server,
                # In whole seconds, which lifetimes for tests may be shorter than.
                'exp': int(now) + max(int(lifetime), 2),
                'CAToken': token,
                'sub': _subject(account),
                'iat': int(now),
                'jti': unique(),
            }
        )

    def unwrap(self, token: str) -> str:
        """Return the token within, which does by itself; empty for a forged one."""
        if not self._farm.current or '.' not in token:
            return token
        payload = self.signer.verify(token) or {}
        alive = self._farm.clock() < payload.get('exp', 0)
        return str(payload.get('CAToken', '')) if alive else ''

    def cookie(self, account: Account, lifetime: float) -> str:
        """Return the cookie sessionJwt."""
        now = self._farm.clock()
        payload: dict[str, Any] = {
            'iss': self._farm.central.server,
            'sxp': int(now + lifetime),
            'jti': unique(),
            'sub': _subject(account),
            'iat': int(now),
        }
        if self.rate_class:
            payload['rlc'] = self.rate_class
        jwt = self.signer.sign(payload)
        return cookie('sessionJwt', jwt, int(lifetime), now)

    def judge(self, jwt: str, account: Account) -> tuple[bool, bool]:
        """Tell whether a session with a sessionJwt continues, and gets a new one.

        Without a cookie, or with an expired one, it continues, and its cookies are set
        again.
        """
        if not self._farm.current:
            return True, False
        if not jwt:
            return True, True
        now, payload = self._farm.clock(), self.signer.verify(jwt)
        if payload is None or payload['sub'] != _subject(account):
            return False, False
        return now < payload.get('exp', now + 1), payload['sxp'] <= now


def _subject(account: Account) -> str:
    return f'mw:CentralAuth::{account.id}'
