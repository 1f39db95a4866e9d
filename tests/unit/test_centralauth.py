"""centralauthtokens: each is handed out once, and only while it is certainly good."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywikibot.exceptions import APIError, ApiTimeoutError

from mw_tokens_plugin.exceptions import (
    NoCentralAuthToken,
    NotAttached,
    SessionLost,
    UnexpectedAnswer,
)
from mw_tokens_plugin.site.clock import ServerClock
from mw_tokens_plugin.site.foreign.tokens import SAFE_AGE, CentralAuthTokens


@dataclass
class Session:
    """As much of a session as is looked at."""

    generation: int = 0
    clock: ServerClock = field(default_factory=ServerClock)


@dataclass
class Wallet:
    """As much of a wallet as is looked at."""

    session: Session = field(default_factory=Session)


class Home:
    """A home wiki that mints numbers, or raises what it is told."""

    def __init__(self) -> None:
        """Start at 1."""
        self.tokens = Wallet()
        self.minted = 0
        self.born: dict[str, float] = {}
        self.now = 0.0
        self.failures: list[Exception] = []
        self.answer: dict[str, Any] | None = None
        self._lock = threading.Lock()

    def username(self) -> str:
        return 'Operator'

    def _request(self, *, parameters: dict[str, Any], **options: Any) -> Home:
        assert options.pop('throttle') is False
        assert parameters['action'] == 'centralauthtoken'
        assert parameters['assertuser'] == 'Operator'
        return self

    def submit(self) -> dict[str, Any]:
        with self._lock:
            if self.failures:
                raise self.failures.pop()
            if self.answer is not None:
                return self.answer
            self.minted += 1
            self.born[str(self.minted)] = self.now
            return {'centralauthtoken': {'centralauthtoken': str(self.minted)}}


@pytest.fixture
def home() -> Home:
    """A home wiki."""
    return Home()


@pytest.fixture
def tokens(home: Home) -> CentralAuthTokens:
    """Its tokens, by its clock."""
    return CentralAuthTokens(cast(Any, home), lambda: home.now)


def test_nothing_is_minted_before_it_is_needed(
    tokens: CentralAuthTokens, home: Home
) -> None:
    assert home.minted == 0
    assert [tokens.take(), tokens.take()] == ['1', '2']


def test_what_was_minted_ahead_is_used_once(
    tokens: CentralAuthTokens, home: Home
) -> None:
    tokens.fetch_ahead(0)
    assert tokens.take() == '1'
    assert tokens.take() == '2'
    assert home.minted == 2


def test_one_token_is_minted_ahead_for_a_thread_and_no_more(
    tokens: CentralAuthTokens, home: Home
) -> None:
    for _ in range(5):
        tokens.fetch_ahead(0)
    tokens.take()
    assert home.minted == 1


def test_a_thread_does_not_get_what_another_had_minted(
    tokens: CentralAuthTokens,
) -> None:
    tokens.fetch_ahead(0)
    other: list[str] = []
    thread = threading.Thread(target=lambda: other.append(tokens.take()))
    thread.start()
    thread.join()
    assert tokens.take() not in other


def test_a_token_that_is_too_old_is_thrown_away_untried(
    tokens: CentralAuthTokens, home: Home
) -> None:
    tokens.probe()
    home.now += SAFE_AGE - 0.01
    assert tokens.take() == '1'
    tokens.probe()
    home.now += SAFE_AGE
    assert tokens.take() == '3'


@pytest.mark.parametrize('offset', [0.0, -5000.0, 7200.0])
@pytest.mark.parametrize(
    ('lifetime', 'age', 'is_kept'),
    [
        (60, 54.9, True),
        (60, 55.1, False),
        (10, 4.9, True),
        (10, 5.1, False),
        (3, 0, False),
    ],
)
def test_a_token_that_says_when_it_expires_is_kept_until_shortly_before(
    tokens: CentralAuthTokens,
    home: Home,
    offset: float,
    lifetime: int,
    age: float,
    is_kept: bool,
) -> None:
    """By the server's clock, however far off this machine's is."""
    home.tokens.session.clock = ServerClock(lambda: home.now + offset)
    token = _web_token(home.now + offset + lifetime)
    home.answer = {'centralauthtoken': {'centralauthtoken': token}}
    tokens.probe()
    assert tokens.lifetime == pytest.approx(lifetime)
    home.now += age
    home.answer = None
    assert (tokens.take() == token) is is_kept


def test_a_slow_bot_has_a_token_ready_that_is_good_for_long(
    tokens: CentralAuthTokens, home: Home
) -> None:
    token = _web_token(home.now + 60)
    home.answer = {'centralauthtoken': {'centralauthtoken': token}}
    assert tokens.take() == token
    home.now += 4 * SAFE_AGE
    assert tokens.take() == token  # the wiki gives the same one here
    home.answer = None
    tokens.fetch_ahead(0)
    assert tokens.take() == '1'
    assert home.minted == 1


def _web_token(expires: float) -> str:
    said = json.dumps({'exp': expires}).encode()
    return f'e30.{base64.urlsafe_b64encode(said).decode().rstrip("=")}.c2ln'


def test_nothing_is_minted_that_would_be_too_old_when_it_is_needed(
    tokens: CentralAuthTokens, home: Home
) -> None:
    tokens.fetch_ahead(SAFE_AGE)
    assert home.minted == 0


def test_a_slow_bot_throws_no_tokens_away(
    tokens: CentralAuthTokens, home: Home
) -> None:
    """It reads for longer between two writes than a token is good."""
    for _ in range(10):
        tokens.take()
        tokens.fetch_ahead(0)
        home.now += SAFE_AGE
    assert home.minted == 10 + 1
    # Once it is fast again, so are its writes.
    tokens.take()
    home.now += 1
    tokens.take()
    minted = home.minted
    tokens.fetch_ahead(0)
    assert tokens.take() == str(minted + 1)


def test_tokens_of_an_ended_session_are_thrown_away(
    tokens: CentralAuthTokens, home: Home
) -> None:
    tokens.probe()
    home.tokens.session.generation += 1
    assert tokens.take() == '2'


def test_what_was_minted_ahead_can_be_given_up(
    tokens: CentralAuthTokens, home: Home
) -> None:
    tokens.probe()
    tokens.forget_ahead()
    assert tokens.take() == '2'


@pytest.mark.parametrize(
    'failure', [ApiTimeoutError('too long'), APIError('badsession', 'x'), OSError('x')]
)
def test_a_mint_ahead_that_fails_is_made_up_for(
    tokens: CentralAuthTokens, home: Home, failure: Exception
) -> None:
    home.failures.append(failure)
    tokens.fetch_ahead(0)
    assert tokens.take() == '1'


@pytest.mark.parametrize(
    ('code', 'error', 'hint'),
    [
        ('badsession', NoCentralAuthToken, 'main password'),
        ('notattached', NotAttached, 'not attached'),
        ('notloggedin', SessionLost, 'Log in there'),
        ('assertuserfailed', SessionLost, 'Check the account'),
    ],
)
def test_each_refusal_is_an_error_of_its_own(
    tokens: CentralAuthTokens, home: Home, code: str, error: type[Exception], hint: str
) -> None:
    home.failures.append(APIError(code, 'said the wiki'))
    with pytest.raises(error, match=hint):
        tokens.take()
    assert tokens.take() == '1'


@pytest.mark.parametrize('answer', [{}, {'centralauthtoken': {'centralauthtoken': 1}}])
def test_an_answer_without_a_token_is_an_error(
    tokens: CentralAuthTokens, home: Home, answer: dict[str, Any]
) -> None:
    home.answer = answer
    with pytest.raises(UnexpectedAnswer):
        tokens.take()


_MOMENTS = st.lists(
    st.one_of(
        st.sampled_from(['take', 'probe', 'forget', 'renew', 'fail']),
        st.floats(0, 2 * SAFE_AGE),
        st.tuples(st.just('ahead'), st.floats(0, 2 * SAFE_AGE)),
    ),
    max_size=40,
)


@given(_MOMENTS)
def test_no_token_is_handed_out_twice_or_too_old(moments: list[Any]) -> None:
    home = Home()
    tokens = CentralAuthTokens(cast(Any, home), lambda: home.now)
    taken: Counter[str] = Counter()
    for moment in moments:
        match moment:
            case float():
                home.now += moment
            case 'take':
                home.failures.clear()
                token = tokens.take()
                taken[token] += 1
                assert home.now - home.born[token] < SAFE_AGE
            case 'probe':
                home.failures.clear()
                tokens.probe()
            case 'forget':
                tokens.forget_ahead()
            case 'renew':
                home.tokens.session.generation += 1
            case 'fail':
                home.failures.append(OSError())
            case ('ahead', wait):
                tokens.fetch_ahead(wait)
                # Only what was minted by now has an age that is known.
                future = vars(tokens._ahead).get('future')
                if future is not None:
                    future.exception()
    assert set(taken.values()) <= {1}
