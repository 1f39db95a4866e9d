"""JSON Web Tokens, as far as they say something of themselves.

The wiki alone can check their signatures, so nothing is believed here that matters to
anybody but the client: when a token expires, and how many requests it stands for.

https://www.rfc-editor.org/rfc/rfc7519
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


def claims_in(token: str) -> dict[str, Any]:
    """Return what a token says of itself; nothing if it is no such token.

    :param token: any text
    """
    parts = token.split('.')
    if len(parts) == 3:
        with suppress(ValueError, RecursionError):
            said = json.loads(base64.urlsafe_b64decode(f'{parts[1]}=='))
            return said if isinstance(said, dict) else {}
    return {}


def moment_in(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a moment that a token names, in seconds since the epoch.

    :param claims: what it says of itself
    :param name: ``exp``, when it expires, or ``nbf``, from when on it is good
    """
    said = claims.get(name)
    if isinstance(said, int | float) and not isinstance(said, bool):
        with suppress(OverflowError):
            return float(said)
    return None
