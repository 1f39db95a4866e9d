"""A login after the password: second factor, mailed code, new password, redirect.

Each step is asked for until it is done, in the order of MediaWiki's extensions.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, Values
from ..loginsteps import LoginFlow, new_recovery_codes
from ..records import Account
from . import loginforms

Json = dict[str, Any]

#: Wrong codes after which no other is accepted, of those sent by e-mail.
_MAX_MAIL_FAILURES = 4


def begin(
    call: Call,
    account: Account,
    *,
    remember: bool,
    return_url: str,
    operation: str = '',
    app_alone: bool = False,
) -> bool:
    """Begin the steps after the password; tell whether there are any.

    It replaces a login that is under way in the same session.

    :param operation: for what the login of the session is confirmed
    :param app_alone: a code of an app is given instead of the password
    """
    factors = account.factors
    steps = (
        ['factor']
        if app_alone
        else [
            name
            for name, is_due in (
                ('redirect', factors.redirect),
                ('factor', _has_factor(account)),
                ('mail', factors.mailed and not operation),
                ('password', bool(factors.password)),
            )
            if is_due
        ]
    )
    call.farm.sessions.start(call.session)
    assert call.session.stored is not None
    if not steps:
        call.session.stored.flow = None
        return False
    flow = LoginFlow(account.name, remember, return_url, steps)
    flow.operation, flow.app_alone = operation, app_alone
    call.session.stored.flow = flow
    _prepare(call, flow, account)
    return True


def asked(call: Call, values: Values) -> Json:
    """Return the answer that asks for the step that is due."""
    flow, account = _under_way(call)
    step, factors = flow.waits_for[0], account.factors
    if step == 'redirect':
        return _redirection(call, values, flow)
    if step == 'mail':
        address = f'{account.name[0].lower()}***@***.***'
        return _question(call, values, 'emailauth-login-message', address)
    if step == 'password':
        return _question(call, values, _PASSWORD[factors.password], factors.shortest)
    return _question(call, values, _prompt(call, flow))


def form(call: Call) -> list[Json]:
    """Return the form of the step that is due; empty if none is."""
    stored = call.session.stored
    if stored is None or stored.flow is None:
        return []
    flow, account = _under_way(call)
    step, factors = flow.waits_for[0], account.factors
    if step == 'redirect':
        return loginforms.return_form()
    if step == 'mail':
        return loginforms.mail_form()
    if step == 'password':
        return loginforms.password_form(factors.password, account.name)
    current = call.farm.current
    if flow.app_alone:
        return loginforms.app_form(current=current)
    return loginforms.factor_form(flow.module, factors, account.name, current=current)


def proceed(call: Call, values: Values) -> Json | None:
    """Take a step; return the answer, or None if the login is complete.

    The flow is kept, so that the caller knows who has logged in.
    """
    flow, account = _under_way(call)
    call.known.update(name for request in form(call) for name in request['fields'])
    take = {
        'redirect': _take_return,
        'factor': _take_factor,
        'mail': _take_mail,
        'password': _take_password,
    }[flow.waits_for[0]]
    answer = take(call, values, flow, account)
    if answer is not None:
        return answer
    flow.waits_for.pop(0)
    if not flow.waits_for:
        return None
    _prepare(call, flow, account)
    return asked(call, values)


def has_steps(account: Account) -> bool:
    """Tell whether a login takes more than the password."""
    factors = account.factors
    more = factors.redirect or factors.mailed or factors.password
    return bool(more) or _has_factor(account)


_PASSWORD = {
    'temporary': 'resetpass-temp-emailed',
    'forced': 'resetpass-validity',
    'suggested': 'resetpass-validity-soft',
}


def _under_way(call: Call) -> tuple[LoginFlow, Account]:
    stored = call.session.stored
    assert stored is not None
    assert stored.flow is not None
    return stored.flow, call.farm.accounts[stored.flow.user]


def _has_factor(account: Account) -> bool:
    return bool(account.twofactor or loginforms.factors_of(account.factors))


def _prepare(call: Call, flow: LoginFlow, account: Account) -> None:
    """Do what is done when a step begins."""
    if flow.waits_for[0] == 'factor':
        offered = loginforms.factors_of(account.factors)
        first = [name for name in ('totp', 'webauthn') if name in offered]
        flow.module = (first or offered or ['totp'])[0]
    elif flow.waits_for[0] == 'mail':
        flow.code = call.farm.logins.mail(account.name)
    elif flow.waits_for[0] == 'redirect':
        flow.state = call.farm.provider.expect(flow.return_url)


def _prompt(call: Call, flow: LoginFlow) -> str:
    """Return the message that asks for a second factor."""
    if flow.module == 'webauthn':
        return 'webauthn-ui-login-prompt'
    if call.farm.current:
        return ''
    return {
        'totp': 'oathauth-auth-ui',
        'recoverycodes': 'oathauth-auth-recovery-code-help',
    }[flow.module]


def _question(call: Call, values: Values, code: str, *params: Any) -> Json:
    shown = loginforms.laid_out(values, form(call))
    return {'status': 'UI', **shown, **loginforms.message(values, code, *params)}


def _redirection(call: Call, values: Values, flow: LoginFlow) -> Json:
    page = call.farm.provider.page or f'{call.wiki.server}/idp'
    return {
        'status': 'REDIRECT',
        'redirecttarget': f'{page}?state={flow.state}',
        'redirectdata': None,
        **loginforms.laid_out(values, loginforms.return_form()),
    }


def _take_return(
    call: Call, values: Values, flow: LoginFlow, account: Account
) -> Json | None:
    if call.given.get('state') == flow.state:
        return None
    return _redirection(call, values, flow)


def _take_factor(
    call: Call, values: Values, flow: LoginFlow, account: Account
) -> Json | None:
    factors, logins, given = account.factors, call.farm.logins, call.given
    wanted = given.get('newModule', '')
    offered = ['totp'] if flow.app_alone else loginforms.factors_of(factors)
    if len(offered) > 1 and wanted in offered and wanted != flow.module:
        flow.module = wanted
        return _question(call, values, _prompt(call, flow))
    if flow.module == 'webauthn':
        return _take_credential(call, values)
    address = call.session.address
    name = 'RecoveryCode' if flow.module == 'recoverycodes' else 'OATHToken'
    # Blanks, but not those that only Unicode has.
    code = ''.join(given.get(name, '').split(' ')).strip('\n\r\t')
    if logins.throttled(account.name, address):
        return _question(call, values, 'oathauth-throttled')
    if _use_code(call, account, flow, code):
        return None
    logins.note_wrong_code(account.name, address)
    call.answer.code = '' if name not in given else 'login-twofactor'
    failed = 'oathauth-login-failed'
    if flow.module == 'recoverycodes':
        failed = 'oathauth-recovery-code-login-failed'
    return _question(call, values, failed)


def _use_code(call: Call, account: Account, flow: LoginFlow, code: str) -> bool:
    """Use a code up; tell whether it was right.

    The field for codes of an app takes recovery codes, too, but to confirm a login.
    """
    factors = account.factors
    if flow.module == 'totp':
        if code and code == account.twofactor:
            return True
        if call.farm.logins.use_code(call.wiki.db, account.name, factors, code):
            return True
    if flow.app_alone or code not in factors.recovery_codes:
        return False
    factors.recovery_codes.remove(code)
    if not factors.recovery_codes:
        factors.recovery_codes = new_recovery_codes()
    return True


def _take_credential(call: Call, values: Values) -> Json | None:
    """Refuse what is said to be signed by a security key: nothing is verified here."""
    if not call.given.get('credential'):
        return _question(call, values, 'webauthn-error-credentials-missing')
    return failure(call, values, 'webauthn-error-verification-failed')


def _take_mail(
    call: Call, values: Values, flow: LoginFlow, account: Account
) -> Json | None:
    if call.given.get('token', '').strip() == flow.code:
        return None
    flow.failures += 1
    if flow.failures == _MAX_MAIL_FAILURES:
        return failure(call, values, 'emailauth-login-retry-limit')
    return _question(call, values, 'emailauth-login-failure')


def _take_password(
    call: Call, values: Values, flow: LoginFlow, account: Account
) -> Json | None:
    factors, given = account.factors, call.given
    can_skip = factors.password == 'suggested'  # noqa: S105  # a state
    if can_skip and 'skipReset' in given:
        return None
    new, again = given.get('password', ''), given.get('retype', '')
    if not new or 'retype' not in given:
        return asked(call, values)
    if new != again:
        return _question(call, values, 'badretype')
    if len(new) < factors.shortest:
        return _question(call, values, 'passwordtooshort', factors.shortest)
    account.password, factors.password = new, ''
    return None


def failure(call: Call, values: Values, code: str, *params: Any) -> Json:
    """Return the answer that ends a login without success, which is counted."""
    if call.session.stored is not None:
        call.session.stored.flow = None
    if code != 'authmanager-authn-not-in-progress':
        call.farm.logins.attempts.note('wrong', call.session.address)
    call.answer.code = f'login-{code}'
    return {
        'status': 'FAIL',
        **loginforms.message(values, code, *params),
        'canpreservestate': False,
    }
