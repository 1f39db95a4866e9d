"""The cookies of sessions, as CentralAuth sets and takes them away."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from .records import LocalAccount
    from .views import WikiView


def parse_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a request."""
    found = {}
    for part in header.split(';'):
        name, sign, value = part.strip().partition('=')
        if sign:
            found[name] = unquote(value) if '%' in value else value
    return found


def user_cookies(
    wiki: WikiView, local: LocalAccount, age: int, now: float
) -> list[str]:
    return [
        cookie(f'{wiki.db}UserID', str(local.id), age, now),
        cookie(f'{wiki.db}UserName', local.name, age, now),
    ]


def goodbye(wiki: WikiView) -> list[str]:
    return [
        gone(f'{wiki.db}_session'),
        gone(f'{wiki.db}UserID'),
        gone('centralauth_User'),
        gone('centralauth_Session'),
    ]


def cookie(name: str, value: str, age: int = 0, now: float = 0) -> str:
    life = ''
    if age:
        life = f'; expires={formatdate(now + age, usegmt=True)}; Max-Age={age}'
    return f'{name}={quote(value)}{life}; path=/; HttpOnly'


def gone(name: str) -> str:
    return (
        f'{name}=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/; '
        'HttpOnly'
    )
