"""Commands, which change a farm at once: what happens behind an operator's back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .control import CommandError
from .deletions import INTERFERENCES
from .farm import Farm, Wiki
from .faults import Faults
from .journal import Journal
from .loginsteps import PASSWORD_STATES, totp
from .records import HIDDEN_LEVELS, Account
from .strikes import demote

Json = dict[str, Any]


class Sandbox(Protocol):
    """What commands need of a running farm."""

    farm: Farm
    journal: Journal
    faults: Faults
    delay: float

    def begin_anew(self) -> None:
        """Restore what is not the farm's, and lose the requests that wait."""


def run_command(sandbox: Sandbox, name: str, values: Json) -> Json:
    """Carry out a command, in the thread of the sandbox.

    :raises CommandError: if it makes no sense.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise CommandError(
            f'unknown command {name!r}; there are: {", ".join(sorted(COMMANDS))}'
        )
    function, wanted = command
    for key, value in values.items():
        if key not in wanted:
            raise CommandError(f'{name} knows no {key!r}; it knows: {list(wanted)}')
        kind = wanted[key]
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or (kind is not bool and isinstance(value, bool)):
            raise CommandError(f'{key!r} of {name} is of the wrong type')
    try:
        found = function(sandbox, **values)
    except TypeError as error:
        raise CommandError(f'{name}: {error}') from None
    return {'command': name, 'done': True, **(found or {})}


def _reset(sandbox: Sandbox) -> None:
    sandbox.begin_anew()
    sandbox.farm.reset()
    sandbox.journal.clear()
    sandbox.faults.clear()


def _account(sandbox: Sandbox, user: str) -> Account:
    account = sandbox.farm.accounts.get(user)
    if account is None:
        raise CommandError(f'there is no account {user!r}')
    return account


def _end_sessions(sandbox: Sandbox, user: str, remembered: bool = True) -> None:
    account = _account(sandbox, user)
    sandbox.farm.sessions.end_account(account.id, remembered=remembered)
    sandbox.farm.sessions.end_bots(user)


def _demote(sandbox: Sandbox, user: str) -> None:
    demote(sandbox.farm, _account(sandbox, user).name)


def _promote(sandbox: Sandbox, user: str, group: str = 'steward') -> None:
    account = _account(sandbox, user)
    account.groups |= {group}


def _lock(
    sandbox: Sandbox, user: str, locked: bool = True, by: str = 'Sandbox Colleague'
) -> None:
    farm, account = sandbox.farm, _account(sandbox, user)
    farm.set_status(
        account,
        locked=locked,
        hidden=account.hidden,
        wiki=farm.central,
        operator=by,
        reason='by command',
    )


def _hide(
    sandbox: Sandbox, user: str, level: str, by: str = 'Sandbox Colleague'
) -> None:
    farm, account = sandbox.farm, _account(sandbox, user)
    if level not in HIDDEN_LEVELS:
        raise CommandError(f"'level' is one of {HIDDEN_LEVELS}")
    farm.set_status(
        account,
        locked=account.locked,
        hidden=level,
        wiki=farm.central,
        operator=by,
        reason='by command',
    )


def _detach(sandbox: Sandbox, user: str, wiki: str) -> None:
    local = _account(sandbox, user).attached.pop(_wiki(sandbox, wiki).db, None)
    if local is None:
        raise CommandError(f'{user!r} is not attached on {wiki}')
    local.central = None


def _rename(sandbox: Sandbox, user: str, to: str) -> None:
    _account(sandbox, user)
    sandbox.farm.rename_account(user, to)


def _revoke(sandbox: Sandbox, user: str, app: str) -> None:
    _account(sandbox, user).bots.pop(app, None)


def _set_lifetimes(
    sandbox: Sandbox,
    session: float | None = None,
    token: float | None = None,
    penalty: float | None = None,
    stale: float | None = None,
    overlap: float | None = None,
) -> None:
    farm, sessions = sandbox.farm, sandbox.farm.sessions
    if session is not None:
        sessions.lifetime = session
    if token is not None:
        sessions.token_lifetime = token
    if penalty is not None:
        farm.penalty = penalty
    if stale is not None:
        farm.stale = stale
    if overlap is not None:
        farm.overlap = overlap


def _set_delay(sandbox: Sandbox, seconds: float) -> None:
    sandbox.delay = seconds


def _advance(sandbox: Sandbox, seconds: float) -> None:
    sandbox.farm.advance(seconds)


def _set_readonly(sandbox: Sandbox, wiki: str | None = None, reason: str = '') -> None:
    farm = sandbox.farm
    for code, each in farm.wikis.items():
        if wiki in (None, code):
            each.readonly = reason


def _set_central_readonly(sandbox: Sandbox, reason: str = '') -> None:
    sandbox.farm.readonly = reason


def _set_lag(sandbox: Sandbox, seconds: float, host: str = 'db-fake2') -> None:
    for wiki in sandbox.farm.wikis.values():
        wiki.lag = (host, seconds) if seconds >= 0 else ('', -1)


def _wipe_sessions(sandbox: Sandbox) -> None:
    sandbox.farm.sessions.wipe()


def _session_store(sandbox: Sandbox, down: bool) -> None:
    if down:
        sandbox.farm.sessions.wipe()
    sandbox.farm.sessions.down = down


def _expire_csrf(sandbox: Sandbox, user: str) -> None:
    sandbox.farm.sessions.expire_csrf(user)


def _expire_tokens(sandbox: Sandbox) -> None:
    sandbox.farm.sessions.expire_centralauthtokens()


def _limit_rate(
    sandbox: Sandbox, user: str, right: str, hits: int, seconds: float = 60
) -> None:
    for wiki in sandbox.farm.wikis.values():
        wiki.rate_limits[right, user] = (hits, seconds)


def _set_factors(sandbox: Sandbox, user: str, **given: Any) -> None:
    factors = _account(sandbox, user).factors
    if 'totp' in given:
        secret = given.pop('totp')
        try:
            totp(secret, 0)
        except ValueError:
            raise CommandError("'totp' is a secret in base32") from None
        given['totp'] = [secret] if secret else []
    codes = given.get('recovery_codes', [])
    if not all(isinstance(code, str) for code in codes):
        raise CommandError("'recovery_codes' is a list of texts")
    if given.get('password', '') not in PASSWORD_STATES:
        raise CommandError(f"'password' is one of {PASSWORD_STATES}")
    for name, value in given.items():
        setattr(factors, name, value)


def _mailed_code(sandbox: Sandbox, user: str) -> Json:
    _account(sandbox, user)
    codes = [code for to, code in sandbox.farm.logins.mails if to == user]
    if not codes:
        raise CommandError(f'no code was sent to {user!r}')
    return {'code': codes[-1]}


def _limit_logins(
    sandbox: Sandbox,
    hits: int | None = None,
    seconds: float = 300,
    captcha_after: int | None = None,
) -> None:
    logins = sandbox.farm.logins
    logins.password_limit = None if hits is None else (hits, int(seconds))
    logins.captcha_after = captcha_after


def _deletions(
    sandbox: Sandbox,
    wiki: str,
    batch: int = 1000,
    before: str = '',
    during: str = '',
    reason: str | None = None,
) -> None:
    for what in (before, during):
        if what and what not in INTERFERENCES:
            raise CommandError(f'a colleague can do one of {INTERFERENCES}')
    deletions = _wiki(sandbox, wiki).deletions
    deletions.batch, deletions.reason = batch, reason
    deletions.before, deletions.during = before, during


def _run_jobs(sandbox: Sandbox, wiki: str) -> None:
    _wiki(sandbox, wiki).deletions.run_jobs()


def _wiki(sandbox: Sandbox, code: str) -> Wiki:
    if code not in sandbox.farm.wikis:
        raise CommandError(f'there is no wiki {code!r}')
    return sandbox.farm.wikis[code]


COMMANDS: dict[str, tuple[Callable[..., Json | None], dict[str, type]]] = {
    'reset': (_reset, {}),
    'clear-journal': (lambda sandbox: sandbox.journal.clear(), {}),
    'end-sessions': (_end_sessions, {'user': str, 'remembered': bool}),
    'wipe-sessions': (_wipe_sessions, {}),
    'session-store': (_session_store, {'down': bool}),
    'expire-csrf': (_expire_csrf, {'user': str}),
    'expire-centralauthtokens': (_expire_tokens, {}),
    'demote': (_demote, {'user': str}),
    'promote': (_promote, {'user': str, 'group': str}),
    'lock': (_lock, {'user': str, 'locked': bool, 'by': str}),
    'hide': (_hide, {'user': str, 'level': str, 'by': str}),
    'detach': (_detach, {'user': str, 'wiki': str}),
    'rename': (_rename, {'user': str, 'to': str}),
    'revoke-bot-password': (_revoke, {'user': str, 'app': str}),
    'set-factors': (
        _set_factors,
        {'user': str, 'totp': str, 'recovery_codes': list, 'security_key': bool}
        | {'mailed': bool, 'password': str, 'shortest': int, 'redirect': bool},
    ),
    'mailed-code': (_mailed_code, {'user': str}),
    'limit-logins': (
        _limit_logins,
        {'hits': int, 'seconds': float, 'captcha_after': int},
    ),
    'set-lifetimes': (
        _set_lifetimes,
        dict.fromkeys(('session', 'token', 'penalty', 'stale', 'overlap'), float),
    ),
    'set-delay': (_set_delay, {'seconds': float}),
    'advance-clock': (_advance, {'seconds': float}),
    'set-readonly': (_set_readonly, {'wiki': str, 'reason': str}),
    'set-central-readonly': (_set_central_readonly, {'reason': str}),
    'set-lag': (_set_lag, {'seconds': float, 'host': str}),
    'set-deletions': (
        _deletions,
        {'wiki': str, 'batch': int, 'before': str, 'during': str, 'reason': str},
    ),
    'run-jobs': (_run_jobs, {'wiki': str}),
    'limit-rate': (
        _limit_rate,
        {'user': str, 'right': str, 'hits': int, 'seconds': float},
    ),
}
