"""Minting centralauthtokens on the home wiki, one for each transmission elsewhere.

Theory of operation
-------------------
A token is good once, for ten seconds or until it says that it expires, by the server's
clock, and in the session that it was minted in. Each
thread has at most one in stock: while a request is in flight, the next token is minted
in a thread of its own. A token is

- *minting* from the start of the query on, which is when its age begins;
- *in stock* for the thread that will need it, until that takes it;
- *taken*, and then it is the request's, which puts it into one transmission;
- *thrown away*, if it is too old, or its session is over, or the one before it was
  refused: a dead token costs a penalty of three seconds, a mint one round trip.

What must always hold:

- no token is handed out twice, and none to two threads;
- nothing waits for a mint but the thread whose token it is, and no program's end does;
- a mint ahead of its time neither logs in nor asks again: it leaves errors to the mint
  that is made when the token is needed;
- before a token is minted for a request that was refused, the one in stock is waited
  for, since two mints at a time may each revive a session that the wiki remembers.

Which request carries a token is decided in
:mod:`~mw_tokens_plugin.site.foreign.requests`.

https://www.mediawiki.org/wiki/Extension:CentralAuth/API
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from pywikibot.exceptions import APIError

from mw_tokens_plugin.exceptions import (
    NoCentralAuthToken,
    NotAttached,
    SessionLost,
    TokensPluginError,
)
from mw_tokens_plugin.protocol.answers import expected_form, part_of
from mw_tokens_plugin.protocol.fields import text
from mw_tokens_plugin.protocol.webtokens import claims_in, moment_in
from mw_tokens_plugin.site import forks
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.recovery import LOGGED_OUT
from mw_tokens_plugin.site.refusals import refusals
from mw_tokens_plugin.site.secretsources import note_values

#: Seconds for which a centralauthtoken is certainly good, by the API's own help. Many
#: wikis keep them longer, which is no reason to rely on it.
LIFETIME = 10.0
#: Seconds after which a token is thrown away rather than tried: a dead one costs a
#: penalty of three seconds.
SAFE_AGE = LIFETIME / 2
#: Seconds before its end at which one is thrown away that says when that is.
_MARGIN = LIFETIME - SAFE_AGE

#: Errors that have a sentence of our own.
_EXPECTED = frozenset({'badsession', 'notattached'})

#: Tokens minted ahead at a time, for all threads together.
_MAX_MINTS = 8

#: What the threads are called in which tokens are minted ahead.
MINTER = 'centralauthtoken'


@dataclass(frozen=True, slots=True)
class _Minted:
    value: str = field(repr=False)
    #: By the clock of this process.
    good_until: float
    generation: int


class CentralAuthTokens:
    """The centralauthtokens of one login on its home wiki.

    .. version-added:: 0.1

    :ivar lifetime: seconds for which the latest token said that it is good; None if it
        was opaque, or there was none
    """

    def __init__(
        self, home: PluginSite, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Mint nothing yet.

        :param home: the site on which the login was made
        :param clock: seconds
        """
        self.home = home
        self._user = home.username()
        self._clock = clock
        self._ahead = threading.local()
        self._mints = threading.Semaphore(_MAX_MINTS)
        self.lifetime: float | None = None
        #: Seconds for which the latest one could be kept.
        self._safe_age = SAFE_AGE
        forks.note(self)

    def after_fork(self) -> None:
        """Leave what was minted ahead to the parent, whose threads mint it."""
        self._ahead = threading.local()
        self._mints = threading.Semaphore(_MAX_MINTS)

    def take(self) -> str:
        """Return a token that nobody else has, for one transmission right now.

        :raises NoCentralAuthToken: this kind of login gets none
        :raises NotAttached: the account is no global one
        :raises SessionLost: the home session is gone for good
        """
        of_thread = self._ahead.__dict__
        now = self._clock()
        of_thread['pace'] = now - of_thread.get('taken_at', now)
        of_thread['taken_at'] = now
        ahead: Future[_Minted] | None = of_thread.pop('future', None)
        if ahead is not None:
            # Whatever it may have failed of, the next mint will tell.
            with contextlib.suppress(Exception):
                minted = ahead.result()
                if self._is_good(minted):
                    return minted.value
        return self._mint().value

    def probe(self) -> None:
        """Find out whether this login gets tokens, and keep the one for later.

        :raises NoCentralAuthToken: this kind of login gets none
        :raises NotAttached: the account is no global one
        :raises SessionLost: the home session is gone for good
        """
        minted: Future[_Minted] = Future()
        minted.set_result(self._mint())
        self._ahead.future = minted

    def fetch_ahead(self, pause: float) -> None:
        """Mint the next token of this thread while the present one is in flight.

        If that fails it is not tried again, until the token is needed; nor is a login
        made in the background, which may ask for something.

        :param pause: seconds until it will be needed at the earliest; if that is too
            long for a token to stay good, nothing is minted; nor is it if this thread
            took as long between its latest two requests
        """
        of_thread = self._ahead.__dict__
        if {'future', 'is_off'} & of_thread.keys():
            return
        # A thread that needed its latest token long after the one before will probably
        # be as slow with the next one, which would be too old by then.
        if max(pause, of_thread.get('pace', 0.0)) >= self._safe_age:
            return
        if not threading.main_thread().is_alive():
            # The interpreter shuts down, and may refuse to start threads.
            return
        future: Future[_Minted] = Future()
        # Of a thread pool, the end of the program would wait for the last token,
        # which nobody needs.
        thread = threading.Thread(
            target=self._mint_into, args=(future,), name=MINTER, daemon=True
        )
        with contextlib.suppress(RuntimeError):  # there are too many threads
            thread.start()
            self._ahead.future = future

    @contextlib.contextmanager
    def minting_none_ahead(self) -> Iterator[None]:
        """Let this thread have one request in flight at a time."""
        self._ahead.is_off = True
        try:
            yield
        finally:
            del self._ahead.is_off

    def forget_ahead(self) -> None:
        """Throw away what was minted ahead for this thread.

        Where one token was refused, another of the same age is probably dead too. It is
        waited for all the same: two mints at a time would each revive a session that
        the wiki remembers, and csrf tokens of the one are refused in the other.
        """
        ahead: Future[_Minted] | None = self._ahead.__dict__.pop('future', None)
        if ahead is not None:
            wait([ahead])

    def _is_good(self, minted: _Minted) -> bool:
        return (
            self._clock() < minted.good_until
            and minted.generation == self.home.tokens.session.generation
        )

    def _mint_into(self, future: Future[_Minted]) -> None:
        """Mint a token ahead, in a thread of its own."""
        with self._mints:
            try:
                future.set_result(self._mint(ahead=True))
            except BaseException as error:  # noqa: BLE001  # who waits gets it
                future.set_exception(error)

    def _mint(self, *, ahead: bool = False) -> _Minted:
        if self.home.username() != self._user:
            raise SessionLost(
                f'{self.home} is used as {self.home.username()} now, and no longer as '
                f'{self._user}: get another site with foreign_site().'
            )
        parameters = {
            'action': 'centralauthtoken',
            'assert': 'user',
            'assertuser': self._user,
            'formatversion': 2,
        }
        started = self._clock()
        try:
            options = {'max_retries': 0} if ahead else {}
            request = self.home._request(
                throttle=False, parameters=parameters, **options
            )
            request.may_log_in = not ahead
            request.expected_errors = _EXPECTED | LOGGED_OUT if ahead else _EXPECTED
            answer = request.submit()
        except APIError as error:
            raise mint_refusal(self.home, str(self._user), error) from None
        with expected_form(f'The centralauthtoken of {self.home}'):
            value = text(part_of(answer, 'centralauthtoken'), 'centralauthtoken')
        note_values((value,), 'centralauthtoken')
        good_until = self._good_until(value, started)
        return _Minted(value, good_until, self.home.tokens.session.generation)

    def _good_until(self, token: str, started: float) -> float:
        """Return until when a token is kept that has just come.

        :param started: when it was asked for
        """
        session = self.home.tokens.session
        expires = moment_in(claims_in(token), 'exp')
        if expires is None:
            self.lifetime, self._safe_age = None, SAFE_AGE
        else:
            # This machine's clock may be hours off.
            self.lifetime = max(expires - session.clock.seconds(), 0.0)
            self._safe_age = max(self.lifetime - _MARGIN, 0.0)
            started = self._clock()
        return started + self._safe_age


def mint_refusal(home: WikiSite, user: str, error: APIError) -> Exception:
    """Return what to raise when the home wiki mints no token.

    :param home: the home wiki
    :param user: whose login it is
    :param error: what it answered
    """
    if error.code == 'badsession':
        return NoCentralAuthToken(
            f'{home} gives this login no centralauthtoken: only a session made with '
            "the main password gets one. Use auth='password' with a bot password, or "
            "auth='oauth'."
        )
    if error.code == 'notattached':
        return NotAttached(
            f'{user} on {home} is not attached to a global account. Log in '
            'with one that is.'
        )
    if error.code == 'notloggedin':
        return SessionLost(
            f'{user} is not logged in on {home}. Log in there, then start again.'
        )
    try:
        with refusals(home):
            raise error
    except TokensPluginError as refused:
        return refused
