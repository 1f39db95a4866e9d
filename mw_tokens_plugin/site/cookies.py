"""The cookies of each account, kept apart, though pywikibot has one jar for all.

Accounts that share cookies log each other out in turn, and with threads one edits as
the other. The module keeps the cookies of each account, and decides which are newer:
those in memory or those in the file. Tokens and logging in are left to others.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any

from pywikibot.comms import http
from pywikibot.tools import as_filename

from mw_tokens_plugin.site import cookierules, forks
from mw_tokens_plugin.site.meanwhile import Meanwhile

#: Seconds that one login waits for another of the same account. Going ahead costs a
#: renewed token at worst, so a wiki that does not answer keeps no other one waiting.
_TURN = 10.0

#: How the names of cookies end that make a session, and those that a login consists of.
_SESSION = 'session'
#: That of the cookie by which a wiki remembers a login when its session is over.
_REMEMBERED = 'token'
_LOGIN = (_SESSION, _REMEMBERED, 'user', 'userid', 'username', 'sessionjwt')


@dataclass(slots=True)
class _Account:
    """What is kept of one account.

    :ivar stamp: what the file looked like when it was last read or written; None if it
        must be read
    :ivar kept: the cookies of the login that are in the file
    :ivar turn: held while logging in, as long as the cookies are not proven
    :ivar is_proven: whether a wiki has taken us for the account with these cookies
    """

    cookies: dict[str, dict[str, dict[str, Cookie]]] = field(default_factory=dict)
    filename: str | None = None
    stamp: tuple[int, ...] | None = None
    kept: frozenset[tuple[str, ...]] = frozenset()
    turn: Any = field(default_factory=threading.RLock)
    is_proven: bool = False


class _Present(threading.local):
    """The account that acts in this thread; None outside of all requests."""

    account: str | None = None


_present = _Present()


class AccountCookies(http.PywikibotCookieJar):  # type: ignore[misc]
    """pywikibot's jar with the cookies of the account that acts in this thread.

    Outside of requests it has those of the account that was loaded last.
    """

    _accounts: dict[str, _Account]
    _latest: str

    @classmethod
    def divide(cls, jar: Any) -> None:
        """Make pywikibot's jar one of these, whatever is in it already.

        :param jar: the jar, which others may hold too
        """
        name = Path(jar.filename or 'pywikibot').stem
        latest = name.removeprefix('pywikibot').removeprefix('-')
        account = _Account(jar._cookies, jar.filename)
        for attribute in ('_cookies', 'filename'):
            del vars(jar)[attribute]
        jar._accounts, jar._latest = {latest: account}, latest
        jar.__class__ = cls
        forks.note(jar)

    def after_fork(self) -> None:
        """Free the locks that other threads held."""
        turns = [account.turn for account in self._accounts.values()]
        forks.free(self._cookies_lock, self._lock, *turns)

    @property
    def _account(self) -> _Account:
        """What is kept of the account that acts."""
        name = self._latest if _present.account is None else _present.account
        found = self._accounts.get(name)
        return self._accounts.setdefault(name, _Account()) if found is None else found

    @property
    def _cookies(self) -> dict[str, dict[str, dict[str, Cookie]]]:
        """What the jar of the standard library works on."""
        return self._account.cookies

    @_cookies.setter
    def _cookies(self, cookies: dict[str, dict[str, dict[str, Cookie]]]) -> None:
        self._account.cookies = cookies

    @property
    def filename(self) -> str | None:
        """The file of the account that acts."""
        return self._account.filename

    @filename.setter
    def filename(self, name: str | None) -> None:
        self._account.filename = name

    def __iter__(self) -> Iterator[Cookie]:
        """Return the cookies as they are now: other threads may change them."""
        with self._cookies_lock:
            return iter(
                [
                    cookie
                    for paths in self._cookies.values()
                    for names in paths.values()
                    for cookie in names.values()
                ]
            )

    def clear(self, *where: str | None) -> None:
        """Forget some cookies, or all of all accounts."""
        if where:
            super().clear(*where)
        else:
            self._accounts.clear()

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep the cookies of an answer that its host may set."""
        with self._cookies_lock:
            cookierules.take(self, response, request)

    def load(self, user: str = '', *args: Any, **kwargs: Any) -> None:
        """Load the file of an account, unless what is in memory is newer.

        A session that was lost on the way to here and revived by the wiki is in memory
        alone for a moment.

        :param user: the account; none for a site object that was made without one,
            which has those that are there, as in plain pywikibot
        """
        if not user and self._latest:
            return
        self._latest = _key(user)
        if _present.account is not None:
            _present.account = self._latest
        account = self._account
        before = account.filename and _stamp(account.filename)
        if account.stamp is not None and account.stamp == before:
            return
        super().load(user, *args, **kwargs)
        assert account.filename is not None
        # Where it is replaced meanwhile, it is read once more.
        account.stamp = before or _stamp(account.filename)
        account.kept = self._of_login()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the cookies of the account that acts."""
        super().save(*args, **kwargs)
        account = self._account
        if account.filename:
            account.stamp = _stamp(account.filename)
            account.kept = self._of_login()

    def proven(self, *, may_differ: bool) -> None:
        """Note that the account is logged in, and save what the wiki has renewed.

        The next process would begin with the cookies of a dead session otherwise.

        :param may_differ: whether cookies have come since they were saved
        """
        account = self._account
        account.is_proven = True
        if may_differ and account.filename and self._of_login() != account.kept:
            with suppress(OSError):
                self.save(ignore_discard=True)

    def distrust(self) -> None:
        """Let the file be read the next time, since what is in memory was refused."""
        self._account.stamp, self._account.is_proven = None, False

    def forget(self, name: str, host: str) -> bool:
        """Forget the cookies of a name that a host gets.

        :param name: in lower case
        :param host: the wiki's
        :return: whether there were any
        """
        found = self._named(name, host)
        for cookie in found:
            self.clear(cookie.domain, cookie.path, cookie.name)
        return bool(found)

    def named(self, name: str, host: str) -> list[str]:
        """Return the values of the cookies of a name that a host gets.

        :param name: in lower case
        :param host: the wiki's
        """
        return [str(cookie.value) for cookie in self._named(name, host)]

    def _named(self, name: str, host: str) -> list[Cookie]:
        return [
            cookie
            for cookie in self
            if cookie.name.lower() == name and _is_sent_to(cookie.domain, host)
        ]

    def remembered_until(self, host: str) -> float | None:
        """Return until when a wiki remembers the login; None if it does not.

        The wiki has set the end again with each login, so it tells of the latest.

        :param host: the wiki's
        :return: seconds since the epoch
        """
        ends = [
            float(cookie.expires)
            for cookie in self
            if cookie.name.lower().endswith(_REMEMBERED)
            and cookie.expires is not None
            and _is_sent_to(cookie.domain, host)
        ]
        return max(ends, default=None)

    def session_on(self, host: str) -> frozenset[tuple[str, ...]]:
        """Return what tells the present session on a host from another one."""
        return frozenset(
            (cookie.domain, cookie.path, cookie.name, str(cookie.value))
            for cookie in self
            if cookie.name.lower().endswith(_SESSION)
            and _is_sent_to(cookie.domain, host)
        )

    def _of_login(self) -> frozenset[tuple[str, ...]]:
        return frozenset(
            (cookie.domain, cookie.path, cookie.name, str(cookie.value))
            for cookie in self
            if cookie.name.lower().endswith(_LOGIN)
        )


def acting_as(user: str | None) -> Meanwhile:
    """Use the cookies of an account in this thread.

    :param user: the account; None for the one that was loaded last, of which a site
        object without an account has the cookies
    """
    # It is looked up once: another one may be loaded while an answer is waited for.
    return Meanwhile(_present, 'account', _key(user) or http.cookie_jar._latest)


@contextmanager
def logging_in(user: str | None) -> Iterator[None]:
    """Use the cookies of an account, while no other thread logs it in.

    Each request with the cookies of a dead session would begin another one.

    :param user: the account
    """
    with acting_as(user):
        account = http.cookie_jar._account
        turn = account.turn
        # Once it is logged in somewhere, other wikis are logged in to side by side.
        has_turn = not account.is_proven and turn.acquire(timeout=_TURN)
        try:
            yield
        finally:
            if has_turn:
                turn.release()


@lru_cache(maxsize=256)
def _key(user: str | None) -> str:
    return as_filename(user) if user else ''


def _stamp(filename: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(filename)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_sent_to(domain: str, host: str) -> bool:
    """Tell whether a host gets a cookie, going by its domain alone."""
    domain = domain.lstrip('.')
    # The standard library gives names without a dot this one.
    return f'.{host}'.endswith(f'.{domain}') or domain == f'{host}.local'
