"""Logging in again when the wiki has lost the session: once for all threads, boundedly.

Theory of operation
-------------------
A session is a number, the generation. A request notes which one it is sent in, and the
wallet which one its tokens are of; both compare it with the present one later. It grows

- when a thread renews the session, since a request of the present one was refused;
- when the wiki begins another session by itself, for a login that it remembers, which
  the cookies of an answer tell;
- when the operator logs out, gives the password again, or logs in after the session
  was given up.

A session that was renewed is *unproven* until a request in it succeeds as the account.
One that is lost while it is unproven, or after too many others within ten minutes, is
*given up*: it is not renewed before somebody logs in.

What must always hold:

- the generation never decreases, and one number never stands for two sessions;
- of all threads whose requests were refused in one session, the first renews it and the
  others find that the generation has grown: ``renew()`` holds ``lock`` all the while;
- while the login is made no other request of the site is on its way, since an answer
  in the dead session may take the cookies of the new one away (:mod:`.traffic`);
- only sessions that were lost count: a wiki that takes no login at the moment has not
  lost one, nor has another process that has logged in since.

The wallet decides which tokens a session has, and
:mod:`~mw_tokens_plugin.site.requests` what a refusal means.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pywikibot
from pywikibot.comms import http
from pywikibot.exceptions import ApiTimeoutError, ServerError
from pywikibot.exceptions import Error as PywikibotError
from pywikibot.login import LoginStatus

from mw_tokens_plugin.exceptions import (
    LoginNeedsInput,
    SessionLost,
    TokensPluginError,
    WikiUnreachable,
)
from mw_tokens_plugin.site import forks
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.clock import ServerClock
from mw_tokens_plugin.site.questions import asking
from mw_tokens_plugin.site.settings import settings
from mw_tokens_plugin.site.traffic import Traffic

#: Where a site is used as nobody.
NOBODY = (LoginStatus.NOT_ATTEMPTED, LoginStatus.NOT_LOGGED_IN)

#: What helps where a login asks for something and nobody is there.
WITHOUT_TERMINAL = (
    'Log in once at a terminal with "pwb login", or use a bot password or OAuth, which '
    'need no code; docs/credentials.md shows how.'
)

#: Seconds within which so many lost sessions are renewed as :func:`.hook.enable` says.
LOSSES_WITHIN = 600.0


class Session:
    """The session of one site, as a number that grows with every new login.

    :ivar generation: 0 for the session with which the run began
    :ivar renewals: how often it was over, and another one begun
    :ivar is_given_up: whether it was lost, and is not renewed before somebody logs in
    :ivar logins: how many requests with a password or the like were sent
    :ivar lock: held while logging in, and by the wallet while it fetches
    :ivar traffic: the requests that are made in it
    :ivar clock: what time it is on the server
    """

    def __init__(
        self,
        site: WikiSite,
        relogin: Callable[[Any], None],
        traffic: Traffic | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember the site and how pywikibot logs it in again.

        :param timer: seconds
        """
        self.generation = 0
        self.renewals = 0
        self.is_given_up = False
        self.logins = 0
        self.lock = threading.RLock()
        self.traffic = traffic or Traffic()
        self.clock = ServerClock()
        self._site = site
        self._relogin = relogin
        self._timer = timer
        #: When the latest sessions were lost, by this machine's clock and the server's.
        self._losses: list[tuple[float, float]] = []
        #: Whether the present session has been of use since it was renewed.
        self._is_proven = True
        self._is_renewing = False
        #: What the cookies tell of the present session.
        self._cookies: frozenset[tuple[str, ...]] = frozenset()
        self._hearing = threading.Lock()
        forks.note(self)

    def after_fork(self) -> None:
        """Leave the login that another thread was at."""
        forks.free(self.lock, self._hearing)
        forks.free_site(self._site)
        self._is_renewing = False
        if self._site._loginstatus == LoginStatus.IN_PROGRESS:
            self._site._loginstatus = LoginStatus.NOT_ATTEMPTED

    def heard(self, host: str, seen: int) -> None:
        """Look whether the wiki has begun another session by itself.

        Where it remembers the login, it does so when the session is over; the tokens of
        the old one are dead then.

        :param host: the wiki's
        :param seen: the generation in which the request was sent
        """
        with self._hearing:
            cookies = http.cookie_jar.session_on(host)
            before, self._cookies = self._cookies, cookies
            # Where one of them is missing now, the session was lost.
            if _names(before) != _names(cookies) or before == cookies:
                return
            if self._is_renewing or self._site._loginstatus == LoginStatus.IN_PROGRESS:
                return
            is_first = seen == self.generation
            self.generation += 1
        if is_first:
            self.renewals += 1
            pywikibot.info(f'Renewing the tokens of {self._site}.')

    @property
    def has_heard(self) -> bool:
        """Whether it is known what the cookies of the session are."""
        return bool(self._cookies)

    def proven(self, seen: int) -> None:
        """Note that a request was made as the account that is logged in.

        :param seen: the generation in which it was sent
        """
        if seen == self.generation and not self._is_renewing:
            self._is_proven = True

    def reset(self) -> None:
        """Start to count again, since somebody logs in on purpose.

        A site that was given up is one that still takes itself for logged in.
        """
        if self._is_renewing:
            return
        with self.lock:
            self._losses.clear()
            self._is_proven = True
            if self.is_given_up:
                self.is_given_up = False
                self.generation += 1
                del self._site.userinfo
                self._site._loginstatus = LoginStatus.NOT_LOGGED_IN

    def can_renew(self, seen: int) -> bool:
        """Tell whether a session that was lost can be renewed.

        :param seen: the generation in which the loss was noticed
        """
        return seen < self.generation or not self._why_not()

    def _why_not(self) -> str:
        """Say why the present session is not renewed; nothing if it may be."""
        recent = self._recent_losses()
        most = settings.renewals
        if len(recent) >= most:
            minutes = LOSSES_WITHIN / 60
            return (
                f'has ended the session {most + 1} times within {minutes:.0f} minutes'
                if most
                else 'has ended the session, and enable(renewals=0) renews none'
            )
        if recent and not self._is_proven:
            return 'has ended the session again right after logging in'
        return ''

    def _recent_losses(self) -> list[tuple[float, float]]:
        return [loss for loss in self._losses if self._ago(loss) < LOSSES_WITHIN]

    def _ago(self, then: tuple[float, float]) -> float:
        """Return how many seconds ago it was, by whichever clock has gone further.

        A machine that slept has no monotonic clock that tells.
        """
        return max(now - at for now, at in zip(self._now(), then, strict=True))

    def _now(self) -> tuple[float, float]:
        return self._timer(), self.clock.seconds()

    def renew(self, seen: int) -> None:
        """Log in again, unless another thread has done it meanwhile.

        :param seen: the generation in which the loss was noticed
        :raises SessionLost: it did not help, or was tried too often
        :raises LoginNeedsInput: the login asks for something and nobody is there
        :raises ApiTimeoutError: the wiki took no login, and refused none: it is
            read-only, does not answer or asks for a slower pace
        :raises ServerError: likewise
        """
        with self.lock:
            if self.generation != seen:
                return
            if reason := self._why_not():
                self.is_given_up = True
                raise SessionLost(
                    f'{self._site} {reason}. Find out what logs the account out, then '
                    'log in again or start again.'
                )
            was_logged_in = self._site._loginstatus not in NOBODY
            if was_logged_in:
                pywikibot.info(f'Renewing the session on {self._site}.')
            with self._hearing:
                self.generation += 1
                self._is_renewing = True
            self.renewals += was_logged_in
            self._losses = [*self._recent_losses(), self._now()]
            self._is_proven = False
            logins = self.logins
            http.cookie_jar.distrust()
            try:
                with self.traffic.halted():
                    self._relogin(self._site)
            except (WikiUnreachable, ApiTimeoutError, ServerError):
                # None was refused, and none begun that could be lost again.
                self._losses.pop()
                self._is_proven = True
                raise
            except TokensPluginError:
                raise  # it says what is the matter
            except PywikibotError as error:
                raise SessionLost(
                    f'The session on {self._site} was lost, and logging in again was '
                    f'refused: {error} Check the account, then start again.'
                ) from error
            finally:
                self._is_renewing = False
            if not self._site.logged_in():
                raise SessionLost(
                    f'The session on {self._site} was lost and logging in again '
                    'failed. Check the account and its password, then start again.'
                )
            if self.logins == logins or not was_logged_in:
                # It was not lost: another process has logged in since, and its cookies
                # have brought it back, or there was none.
                self._losses.pop()


def is_attended() -> bool:
    """Tell whether there is a person at a terminal who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


@contextmanager
def unattended() -> Iterator[None]:
    """Let questions of pywikibot's login raise where nobody can answer them.

    Where somebody can, they are seen. The question is asked deep inside
    pywikibot.login, with no hook of its own.
    """
    global _logins
    ui = pywikibot.bot.ui
    with _counting:
        if not _logins:
            _replace_input(ui)
        _logins += 1
    try:
        yield
    finally:
        with _counting:
            _logins -= 1
            if not _logins:
                _restore_input(ui)


#: How many threads are logging in.
_logins = 0
_counting = threading.Lock()


def _replace_input(ui: Any) -> None:
    theirs = ui.input

    def ask(question: str, *args: object, **kwargs: object) -> object:
        if is_attended():
            with asking():
                return theirs(question, *args, **kwargs)
        raise LoginNeedsInput(
            f'The login asks: "{question.strip()}", and there is no terminal. Name a '
            f'password file in user-config.py, and start again. {WITHOUT_TERMINAL}'
        )

    ask.before = ui.__dict__.get('input')  # type: ignore[attr-defined]
    ui.input = ask


def _restore_input(ui: Any) -> None:
    ours = ui.__dict__.get('input')
    if not hasattr(ours, 'before'):
        return  # somebody has put another one in its place
    if ours.before is None:
        del ui.input
    else:
        ui.input = ours.before


def _names(cookies: Iterable[tuple[str, ...]]) -> set[tuple[str, ...]]:
    return {cookie[:-1] for cookie in cookies}
