"""Who sends the requests that pass through a proxy, by what it has seen.

Cookies and tokens are remembered as digests alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from .exchange import Request

#: Cookies that name their user, and those that stand for one: main and bot passwords.
_NAMES = re.compile(r'(?:centralauth_User|.*UserName)$')
_SESSIONS = re.compile(r'.*[sS]ession$')
_BOT = re.compile(r'.*_BPsession$')
_HEADER = 'CentralAuthToken '


class Identities:
    """Which user stands behind which session and which centralauthtoken."""

    def __init__(self) -> None:
        """Nobody is known."""
        self._users: dict[str, str] = {}

    def of(self, asked: Request) -> tuple[str, str, str]:
        """Return user, kind of login and centralauthtoken of a request, '' if unknown.

        The token is a digest, by which two requests with the same one are recognised.
        """
        token = token_in(asked)
        if token:
            digest = _digest(token)
            return self._users.get(digest, ''), 'centralauthtoken', digest[:10]
        cookies = _cookies(asked.headers.get('Cookie', ''))
        bots = [value for name, value in cookies if _BOT.match(name)]
        for value in bots:
            if user := self._users.get(_digest(value)):
                return user, 'botpassword', ''
        for name, value in cookies:
            if _NAMES.match(name) and value:
                return unquote(value.replace('+', ' ')), 'main', ''
        for name, value in cookies:
            if _SESSIONS.match(name) and (user := self._users.get(_digest(value))):
                return user, 'main', ''
        return '', 'anonymous', ''

    def learn(
        self, asked: Request, cookies: Iterable[str], answer: Any
    ) -> tuple[str, str]:
        """Return user and kind of a request, after its answer has told more of them.

        :param cookies: the headers by which the answer sets cookies.
        """
        told = _told(answer)
        if told and not token_in(asked):
            sent = _cookies(asked.headers.get('Cookie', ''))
            fresh = [
                pair for header in cookies for pair in _cookies(header.split(';')[0])
            ]
            for name, value in sent + fresh:
                if _SESSIONS.match(name):
                    self._users[_digest(value)] = told
        user, kind, _ = self.of(asked)
        if told and not user:
            name = asked.given.get('lgname', '')
            user, kind = told, 'botpassword' if '@' in name else 'main'
        minted = _field(answer, 'centralauthtoken', 'centralauthtoken')
        if minted:
            self._users[_digest(minted)] = user
        return user, kind


def token_in(asked: Request) -> str:
    """Return the centralauthtoken of a request."""
    found = asked.headers.get('Authorization', '')
    if found.startswith(_HEADER):
        return found.removeprefix(_HEADER)
    return asked.given.get('centralauthtoken', '')


def _told(answer: Any) -> str:
    """Return the user whom an answer names as the one who has asked."""
    if _field(answer, 'query', 'userinfo', 'anon') is not None:
        return ''
    name = _field(answer, 'query', 'userinfo', 'name')
    client = _field(answer, 'clientlogin', 'username')
    return name or client or _field(answer, 'login', 'lgusername') or ''


def _field(answer: Any, *path: str) -> Any:
    for key in path:
        answer = answer.get(key) if isinstance(answer, Mapping) else None
    return answer


def _cookies(header: str) -> list[tuple[str, str]]:
    pairs = [part.strip().partition('=') for part in header.split(';')]
    return [(name, value.strip('"')) for name, _, value in pairs if value]


def _digest(text: str) -> str:
    return sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()
