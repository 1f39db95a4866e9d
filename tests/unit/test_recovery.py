"""What is renewed when a token or a session dies, for each kind of failure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mw_tokens_plugin.site.recovery import (
    MAX_CENTRALAUTHTOKENS,
    MAX_LOGIN_TOKENS,
    MAX_REFUSALS,
    Remedy,
    Tried,
    blamed_token,
    http_remedy,
    may_be_logged_out,
    remedy,
)

CSRF = 'Invalid CSRF token.'
CENTRAL = 'The centralauthtoken is not valid.'
UNTOLD = '⧼badtoken⧽'
FOREIGN = {'has_token': True, 'has_centralauthtoken': True}


@pytest.mark.parametrize(
    ('code', 'info', 'tried', 'chosen'),
    [
        ('assertuserfailed', '', {}, Remedy.RENEW_SESSION),
        ('assertnameduserfailed', '', {}, Remedy.RENEW_SESSION),
        (
            'assertuserfailed',
            '',
            {'session_can_be_renewed': False},
            Remedy.NONE,
        ),
        ('permissiondenied', CSRF, {'has_token': True}, Remedy.NONE),
        ('badtoken', CSRF, {'has_token': True}, Remedy.RENEW_TOKEN),
        # A request without a token of its own has none to be renewed.
        ('badtoken', CSRF, {}, Remedy.NONE),
        # Once is enough, unless another request began the present session.
        ('badtoken', CSRF, {'has_token': True, 'renewed_token': True}, Remedy.NONE),
        (
            'badtoken',
            CSRF,
            {'has_token': True, 'renewed_token': True, 'overlapped': True},
            Remedy.RENEW_TOKEN,
        ),
        (
            'badtoken',
            CSRF,
            {'has_token': True, 'overlapped': True, 'refusals': MAX_REFUSALS},
            Remedy.NONE,
        ),
        # A login renews its own token, but not for ever.
        ('badtoken', CSRF, {'is_login': True, 'has_token': True}, Remedy.NONE),
        (
            'badtoken',
            CSRF,
            {'is_login': True, 'login_tokens': MAX_LOGIN_TOKENS - 1},
            Remedy.GIVE_UP_LOGIN,
        ),
        # Two tokens, of which the text blames one.
        ('badtoken', CENTRAL, FOREIGN, Remedy.RENEW_CENTRALAUTHTOKEN),
        ('badtoken', CSRF, FOREIGN, Remedy.RENEW_TOKEN),
        # Where it blames none, the one that is new each time anyway comes first.
        ('badtoken', UNTOLD, FOREIGN, Remedy.RENEW_CENTRALAUTHTOKEN),
        (
            'badtoken',
            UNTOLD,
            {**FOREIGN, 'centralauthtokens': 1},
            Remedy.RENEW_TOKEN,
        ),
        (
            'badtoken',
            UNTOLD,
            {'has_centralauthtoken': True, 'centralauthtokens': 1},
            Remedy.RENEW_CENTRALAUTHTOKEN,
        ),
        (
            'badtoken',
            CENTRAL,
            {**FOREIGN, 'centralauthtokens': MAX_CENTRALAUTHTOKENS - 1},
            Remedy.GIVE_UP_CENTRALAUTHTOKENS,
        ),
        ('renameinprogress', '', FOREIGN, Remedy.REFUSE_OPERATOR),
        ('badusername', '', FOREIGN, Remedy.REFUSE_OPERATOR),
        ('badusername', '', {'has_token': True}, Remedy.NONE),
    ],
)
def test_each_failure_has_its_remedy(
    code: str, info: str, tried: dict[str, Any], chosen: Remedy
) -> None:
    assert remedy(code, info, Tried(**tried)) is chosen


def test_a_proxy_that_refuses_a_token_is_shown_one_more() -> None:
    first = Tried(has_centralauthtoken=True)
    assert http_remedy(first) is Remedy.RENEW_CENTRALAUTHTOKEN
    again = Tried(has_centralauthtoken=True, http_refusals=1)
    assert http_remedy(again) is Remedy.NONE
    assert http_remedy(Tried(has_token=True)) is Remedy.NONE


@given(
    st.lists(
        st.tuples(st.sampled_from([CSRF, CENTRAL, UNTOLD]), st.booleans()),
        min_size=30,
        max_size=30,
    ),
    st.booleans(),
    st.booleans(),
)
def test_a_wiki_that_refuses_everything_is_not_asked_for_ever(
    answers: list[tuple[str, bool]], has_token: bool, is_foreign: bool
) -> None:
    """Whatever it says, and whatever else is on its way, in one session."""
    sent = refused = refusals = 0
    renewed = False
    for info, overlapped in answers:
        sent += 1
        chosen = remedy(
            'badtoken',
            info,
            Tried(
                has_token=has_token,
                has_centralauthtoken=is_foreign,
                overlapped=overlapped,
                renewed_token=renewed,
                refusals=refusals,
                centralauthtokens=refused,
            ),
        )
        if chosen is Remedy.RENEW_CENTRALAUTHTOKEN:
            refused += 1
        elif chosen is not Remedy.RENEW_TOKEN:
            break
        elif overlapped:
            refusals += 1
        else:
            renewed = True
    assert sent <= MAX_CENTRALAUTHTOKENS + MAX_REFUSALS + 2


@pytest.mark.parametrize(
    ('tried', 'before', 'last', 'count'),
    [
        ('login_tokens', Remedy.NONE, Remedy.GIVE_UP_LOGIN, MAX_LOGIN_TOKENS),
        (
            'centralauthtokens',
            Remedy.RENEW_CENTRALAUTHTOKEN,
            Remedy.GIVE_UP_CENTRALAUTHTOKENS,
            MAX_CENTRALAUTHTOKENS,
        ),
    ],
)
def test_tokens_are_tried_as_often_as_is_said_and_not_once_less(
    tried: str, before: Remedy, last: Remedy, count: int
) -> None:
    found = []
    for refused in range(count):
        given: dict[str, Any] = {tried: refused}
        given['is_login'] = tried == 'login_tokens'
        given['has_centralauthtoken'] = tried == 'centralauthtokens'
        found.append(remedy('badtoken', CENTRAL, Tried(**given)))
    assert found == [before] * (count - 1) + [last]


def test_a_lost_session_is_recognised_by_what_nobody_may_read() -> None:
    may = ('readapidenied', 'globalblocks-permissiondenied', 'notloggedin')
    assert all(map(may_be_logged_out, (*may, 'centralauth-login-required')))
    assert not any(map(may_be_logged_out, ('readonly', 'READAPIDENIED', 'badtoken')))


def test_the_text_tells_which_token_was_refused() -> None:
    found = [blamed_token(text) for text in (CENTRAL, CSRF, UNTOLD)]
    assert found == ['centralauthtoken', 'csrf', None]
