"""Logging in again when the wiki has lost the session: once for all threads, boundedly.

It knows nothing of tokens; the wallet asks it which session is the present one.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pywikibot
from pywikibot.exceptions import Error as PywikibotError

from mw_tokens_plugin.exceptions import LoginNeedsInput, SessionLost
from mw_tokens_plugin.site.clock import ServerClock
from mw_tokens_plugin.site.traffic import Traffic

#: How often a lost session is renewed in one run. A wiki that forgets its sessions
#: more often than that has a fault which logging in does not mend.
MAX_RENEWALS = 2


class Session:
    """The session of one site, as a number that grows with every new login.

    :ivar generation: 0 for the session with which the run began
    :ivar lock: held while logging in, and by the wallet while it fetches
    :ivar traffic: the requests that are made in it
    :ivar clock: what time it is on the server
    """

    def __init__(
        self, site: Any, relogin: Callable[[Any], None], traffic: Traffic | None = None
    ) -> None:
        """Remember the site and how pywikibot logs it in anew."""
        self.generation = 0
        self.lock = threading.RLock()
        self.traffic = traffic or Traffic()
        self.clock = ServerClock()
        self._site = site
        self._relogin = relogin

    def can_renew(self, seen: int) -> bool:
        """Tell whether a session that was lost can be had back in this run.

        :param seen: the generation in which the loss was noticed
        """
        return seen < self.generation or self.generation < MAX_RENEWALS

    def renew(self, seen: int) -> None:
        """Log in again, unless another thread has done it meanwhile.

        :param seen: the generation in which the loss was noticed
        :raises SessionLost: it did not help, or was tried too often
        :raises LoginNeedsInput: the login asks for something and nobody is there
        """
        with self.lock:
            if self.generation != seen:
                return
            if not self.can_renew(seen):
                raise SessionLost(
                    f'{self._site} has ended the session {MAX_RENEWALS + 1} times in '
                    'this run. Find out what logs the account out, then start again.'
                )
            self.generation += 1
            try:
                with self.traffic.halted():
                    self._relogin(self._site)
            except PywikibotError as error:
                raise SessionLost(
                    f'The session on {self._site} was lost, and logging in again was '
                    f'refused: {error} Check the account, then start again.'
                ) from error
            if not self._site.logged_in():
                raise SessionLost(
                    f'The session on {self._site} was lost and logging in again '
                    'failed. Check the account and its password, then start again.'
                )


@contextmanager
def unattended() -> Iterator[None]:
    """Let questions of pywikibot's login raise where nobody can answer them."""
    ui = pywikibot.bot.ui
    if sys.stdin is not None and sys.stdin.isatty():
        yield
        return

    def refuse(question: str, *args: object, **kwargs: object) -> NoReturn:
        raise LoginNeedsInput(
            f'The login asks: "{question.strip()}", and there is no terminal. Log in '
            'once with "pwb login" on a terminal, or name a password file in '
            'user-config.py, then start again.'
        )

    # The question is asked deep inside pywikibot.login, with no hook of its own.
    ui.input = refuse
    try:
        yield
    finally:
        if ui.__dict__.get('input') is refuse:
            del ui.input
