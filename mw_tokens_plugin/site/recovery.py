"""Which token or session died, and what has to be renewed: one table, without any I/O.

Theory of operation
-------------------
A request can carry two tokens: the one that its module wants, bound to a session, and
on another wiki a centralauthtoken, good for one transmission. Either can be refused,
and the session can be gone. The wiki's code and words tell which, not always clearly.
What must always hold:

- nothing is renewed twice in the same session without a reason to, else a wiki that
  refuses everything would be asked for ever;
- a csrf token that is refused while other requests were on their way may have been
  replaced by one of them, which is a reason, a limited number of times;
- a new session makes all tokens new, so after it the count begins again;
- where the words do not tell which token is meant, the centralauthtoken is renewed
  first, since each transmission has another one anyway.

:mod:`~mw_tokens_plugin.site.requests` and :mod:`.foreign` tell what a request has
tried, ask, and obey.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

#: What the wiki says when the session is not the one that was asserted.
LOGGED_OUT = frozenset({'assertuserfailed', 'assertnameduserfailed'})

#: How codes end with which a wiki refuses a read that not everybody may make. Those of
#: old modules have the prefix of their parameters.
_NOT_FOR_EVERYBODY = ('login-required', 'notloggedin', 'permissiondenied')

#: What another wiki says of the operator, whatever the request was.
OPERATOR_REFUSED = frozenset({'badusername', 'renameinprogress'})

#: Login tokens that are tried before the wiki counts as broken.
MAX_LOGIN_TOKENS = 3

#: Tokens that one request may use up while other requests change the session.
MAX_REFUSALS = 5

#: Fresh centralauthtokens that one request may use up. After the creation of a local
#: account, the first ones are refused now and then.
MAX_CENTRALAUTHTOKENS = 4


class Remedy(enum.Enum):
    """What is done before a request is sent again, or why it is not."""

    #: The error is the caller's.
    NONE = enum.auto()
    #: Log in again; all tokens are new then.
    RENEW_SESSION = enum.auto()
    #: Drop the token of the module, so that the next transmission fetches another.
    RENEW_TOKEN = enum.auto()
    #: Forget what was minted ahead; the next transmission mints another.
    RENEW_CENTRALAUTHTOKEN = enum.auto()
    #: The wiki refuses every login token.
    GIVE_UP_LOGIN = enum.auto()
    #: The other wiki refuses every centralauthtoken.
    GIVE_UP_CENTRALAUTHTOKENS = enum.auto()
    #: The other wiki refuses the operator.
    REFUSE_OPERATOR = enum.auto()


@dataclass(frozen=True, slots=True)
class Tried:
    """What a request carries, and what it has tried before the present failure.

    :ivar is_login: it is part of a login
    :ivar has_token: it carries a token for its module
    :ivar has_centralauthtoken: it carries a centralauthtoken as well
    :ivar session_can_be_renewed: not too many sessions were lost
    :ivar overlapped: other requests were on their way at the same time
    :ivar renewed_token: its token was renewed in the present session
    :ivar refusals: tokens that were refused while others were on their way
    :ivar login_tokens: login tokens that were refused
    :ivar centralauthtokens: centralauthtokens that were refused
    :ivar http_refusals: answers with HTTP 4xx that were none of the API
    """

    is_login: bool = False
    has_token: bool = False
    has_centralauthtoken: bool = False
    session_can_be_renewed: bool = True
    overlapped: bool = False
    renewed_token: bool = False
    refusals: int = 0
    login_tokens: int = 0
    centralauthtokens: int = 0
    http_refusals: int = 0


def remedy(code: str, info: str, tried: Tried) -> Remedy:
    """Return what to do about a refused request.

    :param code: the API's error code
    :param info: the API's explanation
    :param tried: what the request has tried
    """
    if code in LOGGED_OUT:
        return Remedy.RENEW_SESSION if tried.session_can_be_renewed else Remedy.NONE
    if code in OPERATOR_REFUSED and tried.has_centralauthtoken:
        return Remedy.REFUSE_OPERATOR
    if code != 'badtoken':
        return Remedy.NONE
    if tried.is_login:
        # pywikibot's login renews its token by itself, without end.
        last = tried.login_tokens + 1 >= MAX_LOGIN_TOKENS
        return Remedy.GIVE_UP_LOGIN if last else Remedy.NONE
    if tried.has_centralauthtoken and _blames_centralauthtoken(info, tried):
        last = tried.centralauthtokens + 1 >= MAX_CENTRALAUTHTOKENS
        return (
            Remedy.GIVE_UP_CENTRALAUTHTOKENS if last else Remedy.RENEW_CENTRALAUTHTOKEN
        )
    if not tried.has_token or tried.refusals >= MAX_REFUSALS:
        return Remedy.NONE
    if tried.overlapped or not tried.renewed_token:
        return Remedy.RENEW_TOKEN
    return Remedy.NONE


def may_be_logged_out(code: str) -> bool:
    """Tell whether a read may have been refused because the session was lost.

    :param code: the API's error code
    """
    return code == 'readapidenied' or code.endswith(_NOT_FOR_EVERYBODY)


def http_remedy(tried: Tried) -> Remedy:
    """Return what to do about HTTP 4xx from something before the API.

    A proxy may refuse a centralauthtoken that has died on the way, once.

    :param tried: what the request has tried
    """
    if tried.has_centralauthtoken and not tried.http_refusals:
        return Remedy.RENEW_CENTRALAUTHTOKEN
    return Remedy.NONE


def blamed_token(info: str) -> str | None:
    """Return which token a ``badtoken`` is about, by its text.

    :param info: the API's explanation
    :return: ``centralauthtoken``, ``csrf`` (which is any other), or None where the text
        does not tell
    """
    if 'centralauthtoken' in info:
        return 'centralauthtoken'
    return 'csrf' if 'CSRF' in info else None


def _blames_centralauthtoken(info: str, tried: Tried) -> bool:
    blamed = blamed_token(info)
    if blamed is None:
        # One may have died on the way; a second one is not likely to.
        return not (tried.centralauthtokens and tried.has_token)
    return blamed == 'centralauthtoken'
