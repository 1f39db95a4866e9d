"""The JSON Web Tokens that today's wikis hand out, in form and length as recorded.

They say RS256, but are signed with a key that only the sandbox has: a client cannot
check the signature, and need not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

#: What RS256 gives with a key of 2,048 bits.
_SIGNATURE = 256
_HEADER = {'typ': 'JWT', 'alg': 'RS256'}


class Signer:
    """Signs tokens, and knows its own again."""

    def __init__(self) -> None:
        """Initializer."""
        self._key = secrets.token_bytes(32)

    def sign(self, payload: dict[str, Any]) -> str:
        """Return a token that says the payload, in its order."""
        body = f'{_encode(_HEADER)}.{_encode(payload)}'
        return f'{body}.{self._signature(body)}'

    def verify(self, token: str) -> dict[str, Any] | None:
        """Return what a token of this signer says; None for any other text."""
        body, _, signature = token.rpartition('.')
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        payload = body.partition('.')[2]
        decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + '=='))
        return decoded

    def _signature(self, body: str) -> str:
        digest = hashlib.shake_256(self._key + body.encode())
        return _base64(digest.digest(_SIGNATURE))


def unique() -> str:
    """Return the `jti` of a new token."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _encode(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(',', ':')).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()
