"""Read the JSON Web Tokens in recorded and in live answers.

The signature in a recording is what is left of it; whether one is valid is the wiki's
business.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

JWT = re.compile(r'eyJ0eX[\w-]+\.(?P<payload>[\w-]+)\.(?P<signature>[\w-]*)')


def payload_of(token: str) -> dict[str, Any]:
    """Return what a token says."""
    return _decode(token.split('.')[1])


def centralauthtoken_in(token: str) -> str:
    """Return the centralauthtoken that a token carries, or an empty string."""
    return str(payload_of(token).get('CAToken', ''))


def encoded(part: dict[str, Any]) -> str:
    """Return a part of a token."""
    text = json.dumps(part, separators=(',', ':'))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b'=').decode()


def readable(text: str) -> str:
    """Write out the tokens in a text, with their ages in place of times.

    Their order, which is part of their form, is kept.
    """
    return JWT.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    header, payload = map(_decode, match[0].split('.')[:2])
    issued = payload.get('iat', 0)
    for key in ('exp', 'sxp', 'iat'):
        if key in payload:
            payload[key] -= issued
    payload['jti'] = len(payload.get('jti', ''))
    return f'<jwt {json.dumps(header)} {json.dumps(payload)}>'


def _decode(part: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + '=='))
    return decoded
