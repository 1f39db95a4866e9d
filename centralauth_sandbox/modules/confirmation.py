"""Whether a login is recent enough for what is security-sensitive, and confirming it.

Up to MediaWiki 1.46 one logs in again; from 1.47 a login is confirmed for each
operation apart (`provider.each_operation`), by the password or a code of an app alone.
"""

from __future__ import annotations

import hmac
from typing import Any

from ..call import Call, Values
from ..errors import ApiError
from ..records import Account
from ..sessions import sign
from ..titles import Title, canonical_user
from . import loginconversation, loginforms

Json = dict[str, Any]

_USER, _MEDIAWIKI = 2, 8

#: How the titles of scripts and style sheets end.
_SCRIPTS = ('.js', '.css')

#: Seconds for which the token of a confirmation is good.
_TOKEN_LIFETIME = 300


def login_age_status(call: Call, operation: str) -> str:
    """Tell whether a login is fit for an operation: ok, reauth, fail."""
    provider, stored = call.farm.provider, call.session.stored
    if call.session.kind == 'anonymous':
        return 'reauth'
    if call.farm.current and call.session.kind == 'centralauthtoken':
        return 'fail'
    if call.session.kind not in ('main', 'local'):
        return 'fail' if provider.needs_login else 'ok'
    if provider.reauthenticate_after < 0:
        return 'ok'
    since = stored.since if stored else 0.0
    if provider.each_operation:
        since = stored.confirmed.get(operation, 0.0) if stored else 0.0
    age = call.farm.clock() - since
    return 'ok' if age <= provider.reauthenticate_after else 'reauth'


def check_recent(call: Call, operation: str) -> None:
    """Refuse an operation for which the login is not recent enough.

    :raises ApiError: reauthenticate or cannotreauthenticate
    """
    status = login_age_status(call, operation)
    if status == 'reauth':
        each = call.farm.provider.each_operation
        raise ApiError(
            'reauthenticate',
            'You have not authenticated recently in this session, please '
            'reauthenticate.',
            data={'operation': operation} if each else None,
            params=[operation] if each else None,
        )
    if status == 'fail':
        raise ApiError(
            'cannotreauthenticate',
            'This action is not available as your identity cannot be verified.',
        )


def check_script(call: Call, title: Title) -> None:
    """Refuse to save a script or style sheet, as today's Wikimedia does.

    :raises ApiError: the login has not been confirmed
    """
    if not call.farm.provider.each_operation or not title.name.endswith(_SCRIPTS):
        return
    if title.namespace == _MEDIAWIKI:
        check_recent(call, 'editsitejscss')
    elif title.namespace == _USER and title.name.partition('/')[0] != call.user:
        check_recent(call, 'edituserjscss')


def form(call: Call, operation: str) -> list[Json]:
    """Return what confirming a login asks for.

    :raises ApiError: nobody is logged in
    """
    _check_somebody(call)
    account = call.session.account
    shown = [loginforms.PASSWORD_REQUEST]
    if account is not None and account.factors.totp and _can_log_in(call):
        app = loginforms.app_form(current=call.farm.current)
        shown += [{**each, 'required': 'primary-required'} for each in app]
    return [*shown, loginforms.confirmation_request(_token(call, operation))]


def confirm(call: Call, values: Values, operation: str) -> Json | None:
    """Take the first step; return the answer, or None if the login is confirmed.

    :raises ApiError: it is none
    """
    if values['continue']:
        raise ApiError(
            'invalidparammix',
            'The parameters "logincontinue" and "loginreauthenticate" can not be '
            'used together.',
        )
    _check_somebody(call)
    if not _can_log_in(call):
        return loginconversation.failure(call, values, 'userlogin-cannot-login')
    given, account = call.given, call.session.account
    assert account is not None
    call.answer.target = account.name
    call.known.add('elevatedSecurityToken')
    code = given.get('OATHToken') if account.factors.totp else None
    call.known.update(['username', 'password'] + ['OATHToken'] * (code is not None))
    by_password = bool(given.get('username') and given.get('password'))
    if fault := _fault(call, account, operation, by_password, code):
        return loginconversation.failure(call, values, fault)
    begun = loginconversation.begin(
        call,
        account,
        remember=False,
        return_url=values['returnurl'] or '',
        operation=operation,
        app_alone=not by_password,
    )
    if not begun:
        return None
    if by_password:
        return loginconversation.asked(call, values)
    return loginconversation.proceed(call, values)


def keep(call: Call, account: Account, operation: str) -> None:
    """Begin the session in which the login is confirmed; all its tokens are new."""
    sessions, stored = call.farm.sessions, call.session.stored
    assert stored is not None
    confirmed = {**stored.confirmed, operation: call.farm.clock()}
    sessions.log_in(call.session, account, sessions.remembers(stored))
    call.session.stored.confirmed = confirmed  # type: ignore[union-attr]


def _check_somebody(call: Call) -> None:
    if call.session.local is None:
        code = 'mustbeloggedin-reauthenticate'
        raise ApiError(code, f'⧼apierror-{code}⧽')


def _can_log_in(call: Call) -> bool:
    return call.session.kind == 'main'


def _fault(
    call: Call, account: Account, operation: str, by_password: bool, code: str | None
) -> str:
    """Return the message with which the first step fails; '' if it passes."""
    given = call.given
    token = given.get('elevatedSecurityToken')
    if not token:
        return 'authmanager-elevatedsecurity-missing-token'
    if not _is_token(call, operation, token):
        return 'authmanager-elevatedsecurity-invalid-token'
    if not by_password:
        return '' if code is not None else 'authmanager-authn-no-primary'
    named = call.farm.accounts.get(canonical_user(given['username']) or '')
    if named is None or not named.password or named.password != given['password']:
        return 'wrongpassword'
    return '' if named is account else 'authmanager-authn-reauth-switch'


def _token(call: Call, operation: str) -> str:
    call.farm.sessions.start(call.session)
    stored = call.session.stored
    assert stored is not None
    return sign(stored.secret, f'confirm {operation}', f'{int(call.farm.clock()):x}')


def _is_token(call: Call, operation: str, token: str) -> bool:
    stored, made = call.session.stored, token[32:-2]
    try:
        age = call.farm.clock() - int(made, 16)
    except ValueError:
        return False
    return (
        stored is not None
        and age <= _TOKEN_LIFETIME
        and hmac.compare_digest(
            token, sign(stored.secret, f'confirm {operation}', made)
        )
    )
