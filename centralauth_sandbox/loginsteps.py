"""What a login asks of an account besides the password, and which limits logins have.

It keeps state; the conversation in which it is asked for is in
:mod:`.modules.loginconversation`, and what its forms look like in
:mod:`.modules.loginforms`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

#: Seconds for which an authenticator app shows a code, and how many codes before and
#: after the present one are accepted.
PERIOD = 30
WINDOW = 4

MINUS = '\N{MINUS SIGN}'

#: Letters and digits of recovery codes.
_BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

#: What may be wrong with a password that is right: set by mail, to be changed, better
#: changed.
PASSWORD_STATES = ('', 'temporary', 'forced', 'suggested')


@dataclass(slots=True)
class Factors:
    """What logging in takes besides the password.

    :ivar totp: the secrets of authenticator apps, in base32
    :ivar recovery_codes: those that have not been used
    :ivar security_key: whether there is one; nobody can use it here
    :ivar mailed: whether a code is sent by e-mail
    :ivar password: one of :data:`PASSWORD_STATES`
    :ivar shortest: letters that a new password has at least
    :ivar redirect: whether the login redirects to the identity provider
    """

    totp: list[str] = field(default_factory=list)
    recovery_codes: list[str] = field(default_factory=list)
    security_key: bool = False
    mailed: bool = False
    password: str = ''
    shortest: int = 8
    redirect: bool = False

    @property
    def has_second(self) -> bool:
        """Whether the account has a second factor of its own."""
        return bool(self.totp or self.security_key)


@dataclass(slots=True)
class LoginFlow:
    """A login that is under way in a session.

    :ivar waits_for: what is still to be done: redirect, factor, mail, password
    :ivar module: which second factor is asked for
    :ivar code: what was sent by e-mail
    :ivar failures: wrong codes of that kind
    :ivar state: what the return from a redirect has to carry
    :ivar operation: for what a login is confirmed; '' for a login
    :ivar app_alone: whether nothing but a code of an app is taken
    """

    user: str
    remember: bool
    return_url: str = ''
    waits_for: list[str] = field(default_factory=list)
    module: str = ''
    code: str = ''
    failures: int = 0
    state: str = ''
    operation: str = ''
    app_alone: bool = False


class Attempts:
    """How often something was tried lately, by whom."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with nothing."""
        self._clock = clock
        self._times: dict[tuple[str, str], list[float]] = {}

    def note(self, what: str, who: str) -> None:
        """Note an attempt."""
        self._times.setdefault((what, who), []).append(self._clock())

    def count(self, what: str, who: str, seconds: float) -> int:
        """Return how many there were within so many seconds."""
        since = self._clock() - seconds
        return sum(time > since for time in self._times.get((what, who), ()))

    def forget(self, what: str, who: str) -> None:
        """Forget those of somebody."""
        self._times.pop((what, who), None)


class Logins:
    """The rules of logins on all wikis of the farm, and what they remember.

    :ivar captcha_after: wrong passwords from an address, after which each login takes
        a captcha; None for never
    :ivar password_limit: how many logins of an account an address may try within how
        many seconds; None for any number
    :ivar mails: who was sent which code
    """

    def __init__(self, clock: Callable[[], float], *, current: bool) -> None:
        """Take the rules of a release."""
        self._clock = clock
        self._current = current
        self.captcha_after: int | None = None
        self.password_limit: tuple[int, int] | None = None
        self.attempts = Attempts(clock)
        self.mails: list[tuple[str, str]] = []
        self._captchas: dict[str, str] = {}
        #: The newest code of an app that was used, by wiki and account.
        self._used: dict[tuple[str, str], int] = {}

    def forget_codes(self) -> None:
        """Forget which codes of authenticator apps were used."""
        self._used.clear()

    # -- captchas --

    def wants_captcha(self, address: str) -> bool:
        """Tell whether a login from an address takes a captcha."""
        most = self.captcha_after
        return most is not None and self.attempts.count('wrong', address, 300) >= most

    def new_captcha(self) -> tuple[str, str]:
        """Return the id and the question of a new captcha."""
        id = str(secrets.randbelow(9 * 10**18) + 10**18)
        one, two = secrets.randbelow(90), secrets.randbelow(9)
        plus = bool(secrets.randbelow(2))
        self._captchas[id] = str(one + two if plus else one - two)
        return id, f'{one}{"+" if plus else MINUS}{two} ='

    def solution(self, id: str) -> str:
        """Return the answer to a captcha, which stays open."""
        return self._captchas[id]

    def solves(self, id: str, word: str) -> bool:
        """Tell whether a captcha is answered; it is closed by that."""
        answer = self._captchas.pop(id, None)
        return answer is not None and word.strip() == answer

    # -- second factors --

    def throttled(self, user: str, address: str) -> bool:
        """Tell whether there were too many codes; else note that there is another one.

        Today's wikis count all of them, earlier ones the wrong ones.
        """
        count = self.attempts.count
        if count('code', user, 60) >= 10:
            return True
        if self._current:
            if (
                count('code', user, 600) >= 20
                or count('code from', address, 60) >= 20
                or count('code from', address, 600) >= 40
            ):
                return True
            self.note_code(user, address)
        return False

    def note_wrong_code(self, user: str, address: str) -> None:
        """Count a wrong code where not all are counted."""
        if not self._current:
            self.note_code(user, address)

    def note_code(self, user: str, address: str) -> None:
        """Count a code."""
        self.attempts.note('code', user)
        self.attempts.note('code from', address)

    def use_code(self, wiki: str, user: str, factors: Factors, code: str) -> bool:
        """Use a code of an authenticator app; tell whether it was accepted."""
        now = int(self._clock()) // PERIOD
        newest = self._used.get((wiki, user), 0)
        for step in range(now - WINDOW, now + WINDOW + 1):
            for secret in factors.totp:
                if step > newest and hmac.compare_digest(
                    totp(secret, step).encode(), code.encode()
                ):
                    self._used[wiki, user] = step
                    return True
        return False

    def mail(self, user: str) -> str:
        """Send a code by e-mail, and return it."""
        code = f'{secrets.randbelow(10**6):06}'
        self.mails.append((user, code))
        return code

    def code_now(self, secret: str, periods: int = 0) -> str:
        """Return what an authenticator app shows, or will show."""
        return totp(secret, int(self._clock()) // PERIOD + periods)


def totp(secret: str, step: int) -> str:
    """Return the code of RFC 6238 for a time step."""
    key = base64.b32decode(secret)
    mac = hmac.new(key, struct.pack('>Q', step), hashlib.sha1).digest()
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF
    return f'{number % 10**6:06}'


def new_secret() -> str:
    """Return the secret of a new authenticator app."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def new_recovery_codes() -> list[str]:
    """Return ten new recovery codes."""
    return [''.join(secrets.choice(_BASE32) for _ in range(16)) for _ in range(10)]
