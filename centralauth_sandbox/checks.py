"""The checks before a module runs: each refuses a request, or lets it pass.

:mod:`.api` makes them in the order of MediaWiki.
"""

from __future__ import annotations

from . import errors
from .call import Call
from .declarations import Module
from .errors import ApiError
from .exchange import Request
from .modules import oldtokens
from .titles import canonical_user

#: What a private wiki answers to everybody.
_FOR_ALL = frozenset(
    'login clientlogin logout help paraminfo createaccount linkaccount rsd'.split()
)
_PAGE_SETS = ('list', 'prop', 'generator', 'titles', 'pageids', 'revids')
_SENSITIVE = frozenset(
    {'password', 'lgpassword', 'retype', 'pin', 'elevatedSecurityToken'}
)


def check_assertions(call: Call) -> None:
    """Refuse a request of somebody else than it says."""
    session, given = call.session, call.given
    wanted = given.get('assert') if call.takes('assert') else None
    if wanted == 'user' and session.local is None:
        raise ApiError(
            'assertuserfailed',
            'You are no longer logged in, so the action could not be completed.',
        )
    if wanted == 'anon' and session.local is not None:
        raise ApiError(
            'assertanonfailed',
            'You are no longer logged out, so the action could not be completed.',
        )
    if wanted == 'bot' and 'bot' not in session.rights:
        raise ApiError(
            'assertbotfailed',
            'You do not have the "bot" right, so the action could not be completed.',
        )
    name = given.get('assertuser') if call.takes('assertuser') else None
    if name is not None and canonical_user(name) != session.name:
        raise ApiError(
            'assertnameduserfailed',
            f'You are no longer logged in as "{name}", so the action could not be '
            'completed.',
            params=[name],
        )


def check_token(call: Call, module: Module) -> None:
    """Refuse a request without the token that its module wants."""
    name = f'{module.prefix}token'
    token = call.given.get(name)
    if not token:
        raise errors.missing(name, module.path)
    age = call.wiki.age
    if age is not None and not age.types:
        if not oldtokens.valid(call, module.name, token):
            raise errors.bad_token(module.path)
        return
    if name in call.in_query:
        raise _must_post([name], module)
    if not call.farm.sessions.valid(call.session, module.token, token):
        raise errors.bad_token(module.path)


def check_posted(call: Call, module: Module) -> None:
    """Refuse secrets in the address."""
    if not call.in_query or call.wiki.age is not None:
        return
    sensitive = [
        module.prefix + parameter.name
        for parameter in module.parameters
        if parameter.sensitive and module.prefix + parameter.name in call.in_query
    ]
    sensitive += [
        name for name in call.in_query if name in _SENSITIVE and name not in sensitive
    ]
    if sensitive:
        raise _must_post(sensitive, module)


def check_readable(call: Call, action: str) -> None:
    """Refuse what only those may read who have an account."""
    open_modules = _FOR_ALL | {'query'}
    asked = {name for name in _PAGE_SETS if name in call.given}
    meta = set(call.given.get('meta', '').split('|'))
    if action not in open_modules or (
        action == 'query' and (asked or not meta <= {'tokens', 'authmanagerinfo'})
    ):
        raise ApiError('readapidenied', 'You need read permission to use this module.')


def check_writable(call: Call, request: Request) -> None:
    """Refuse to write on a wiki that is read-only, or what is no write as promised."""
    if 'Promise-Non-Write-API-Action' in request.headers:
        raise ApiError(
            'promised-nonwrite-api',
            'The "Promise-Non-Write-API-Action" HTTP header cannot be sent to '
            'write-mode API modules.',
        )
    if call.wiki.readonly:
        raise errors.readonly(call.wiki.readonly)


def check_lag(call: Call) -> None:
    """Refuse a request that waits for databases that lag less."""
    maxlag = call.given.get('maxlag')
    if maxlag is None:
        return
    host, lag = call.wiki.lag
    try:
        tolerated = float(maxlag)
    except ValueError:
        raise ApiError(
            'badinteger',
            f'Invalid value "{maxlag}" for integer parameter "maxlag".',
        ) from None
    if lag > tolerated:
        shown = int(lag) if lag == int(lag) else lag
        unit = 'second' if abs(shown) == 1 else 'seconds'
        raise lagged(host, shown, unit)


def lagged(host: str, lag: float, unit: str = 'seconds') -> ApiError:
    """Return the error for a database that lags more than tolerated."""
    return ApiError(
        'maxlag',
        f'Waiting for a database server: {lag} {unit} lagged.',
        data={'host': host, 'lag': lag, 'type': 'db'},
        headers={'Retry-After': '5', 'X-Database-Lag': str(int(lag))},
        module='main',
    )


def _must_post(names: list[str], module: Module) -> ApiError:
    plural = 's were' if len(names) > 1 else ' was'
    return ApiError(
        'mustpostparams',
        f'The following parameter{plural} found in the query string, but must be in '
        f'the POST body: {", ".join(names)}.',
        params=[names, len(names)],
        module=module.path,
    )
