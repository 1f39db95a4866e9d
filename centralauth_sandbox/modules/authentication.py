"""Logging in and out.

What a login asks for after the password is in :mod:`.loginconversation`.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from .. import errors
from ..call import Call, Values, action, query
from ..errors import ApiError
from ..records import Account, LocalAccount
from ..titles import canonical_user
from . import confirmation, loginconversation, loginforms
from .linking import describe_linking

Json = dict[str, Any]


@action('clientlogin')
def clientlogin(call: Call, values: Values) -> None:
    """Log in with the main password, in as many steps as it takes."""
    if values['returnurl'] is None and not values['continue']:
        raise errors.at_least_one_of(['logincontinue', 'loginreturnurl'])
    url = values['returnurl']
    if url is not None and not re.match(r'https?://[^/]', url):
        raise ApiError(
            'badurl_loginreturnurl',
            f'Invalid value "{url}" for URL parameter "loginreturnurl".',
            key='apierror-badurl',
            params=['loginreturnurl', url],
        )
    if operation := values.get('reauthenticate'):
        answer = confirmation.confirm(call, values, operation)
        _confirmed_or(call, operation, answer)
        return
    if values['continue']:
        _continue_login(call, values)
        return
    given = call.given
    fields = (
        loginforms.PASSWORD_REQUEST['fields'] | loginforms.REMEMBER_REQUEST['fields']
    )
    call.known.update(fields)
    name = canonical_user(given.get('username', ''))
    if not name or not given.get('password'):
        _answer(
            call,
            loginconversation.failure(call, values, 'authmanager-authn-no-primary'),
        )
        return
    call.answer.target = name
    account, local = call.farm.accounts.get(name), call.wiki.accounts.get(name)
    if (
        local
        and local.password
        and not account
        and not call.farm.strict
        and given['password'] == local.password
    ):
        call.farm.sessions.log_in_locally(call.session, local)
        call.answer.effect = 'login'
        call.result['clientlogin'] = {'status': 'PASS', 'username': local.name}
        return
    found = _fault_of(call, name, given['password'])
    if found is not None:
        code, *params = found
        _answer(call, loginconversation.failure(call, values, code, *params))
        return
    assert account is not None
    remember = 'rememberMe' in given
    if loginconversation.begin(call, account, remember=remember, return_url=url or ''):
        _answer(call, loginconversation.asked(call, values))
    else:
        _pass(call, account, remember)


#: Kinds of sessions in which nobody can log in.
_PROVIDERS = {
    'botpassword': 'MediaWiki\\Session\\BotPasswordSessionProvider',
    'oauth': 'MediaWiki\\Extension\\OAuth\\SessionProvider',
}


@action('login')
def login(call: Call, values: Values) -> None:
    """Log in with a bot password, or as long ago with the main one."""
    result: Json = {}
    call.result['login'] = result
    if provider := _PROVIDERS.get(call.session.kind):
        result |= {
            'result': 'Aborted',
            'reason': f'Cannot log in when using {provider} sessions.',
        }
        return
    token, name = values['token'], values['name'] or ''
    if not token:
        call.deprecate(
            'Fetching a token via "action=login" is deprecated. Use '
            '"action=query&meta=tokens&type=login" instead.'
        )
        if call.wiki.age is not None and not name:
            result['result'] = 'NoName'
            return
        token = call.farm.sessions.csrf(call.session, 'login')
        result |= {'result': 'NeedToken', 'token': token} | _of_session(call)
        return
    if not call.farm.sessions.valid(call.session, 'login', token):
        call.farm.sessions.start(call.session)
        result |= _wrong_login_token(call)
        return
    _log_in_somehow(call, name, values['password'] or '', result)


@action('logout')
def logout(call: Call, values: Values) -> None:
    """End the session."""
    if call.session.kind == 'centralauthtoken':
        raise ApiError(
            'cannotlogout',
            'Logging out is not possible when using CentralAuthApiSessionProvider '
            'sessions.',
        )
    if call.session.local is not None:
        call.answer.effect = 'logout'
    call.farm.sessions.log_out(call.session)


@query('authmanagerinfo')
def authmanagerinfo(call: Call, values: Values) -> None:
    """Tell which fields a login wants."""
    info: Json = {
        'canauthenticatenow': call.session.kind in ('anonymous', 'main', 'local'),
        'cancreateaccounts': True,
        'canlinkaccounts': call.farm.provider.enabled,
    }
    values['output']['authmanagerinfo'] = info
    if values['securitysensitiveoperation'] is not None:
        status = confirmation.login_age_status(
            call, values['securitysensitiveoperation']
        )
        info['securitysensitiveoperationstatus'] = status
    if values['requestsfor'] is not None:
        info |= {
            'haspreservedstate': False,
            'hasprimarypreservedstate': False,
            'preservedusername': '',
        }
    operation = values.get('reauthenticate')
    if operation and values['requestsfor'] not in (None, 'login'):
        raise ApiError(
            'invalidparammix-mustusewith',
            'The "reauthenticate" parameter may only be used with "requestsfor=login".',
        )
    if values['requestsfor'] == 'login' and operation:
        info |= loginforms.laid_out(values, confirmation.form(call, operation))
    elif values['requestsfor'] == 'login':
        form = [loginforms.PASSWORD_REQUEST, loginforms.REMEMBER_REQUEST]
        if call.farm.logins.wants_captcha(call.session.address):
            captcha = call.farm.logins.new_captcha()
            form.insert(0, loginforms.captcha_request(*captcha))
        info |= loginforms.laid_out(values, form)
    elif values['requestsfor'] == 'login-continue':
        info |= loginforms.laid_out(values, loginconversation.form(call))
    elif values['requestsfor'] == 'change' and call.session.local is not None:
        (password,) = loginforms.password_form('', call.user)
        form = [password | {'required': 'primary-required'}]
        info |= loginforms.laid_out(values, form)
    elif values['requestsfor'] is not None:
        describe_linking(call, values, info)


def _password_is_right(
    account: Account, local: LocalAccount | None, password: str
) -> bool:
    if not account.password or account.password != password:
        return False
    return local is None or local.central is account


def _pass(call: Call, account: Account, remember: bool) -> None:
    _log_in(call, account, remember)
    call.result['clientlogin'] = {'status': 'PASS', 'username': account.name}


def _log_in(call: Call, account: Account, remember: bool) -> None:
    who = f'{account.name} {call.session.address}'
    call.farm.logins.attempts.forget('login', who)
    before = call.session.stored
    call.farm.sessions.log_in(call.session, account, remember)
    if before is not None and before.user == account.name:
        assert call.session.stored is not None
        call.session.stored.confirmed = before.confirmed
    call.answer.effect = 'login'


def _answer(call: Call, answer: Json) -> None:
    call.result['clientlogin'] = answer


def _fault_of(call: Call, name: str, password: str) -> tuple[Any, ...] | None:
    """Return the message with which the first step of a login fails; None if it passes.

    In the order of AuthManager: what comes before a password is looked at, the global
    account, the account on this wiki. As CentralAuth does, it tells everybody that an
    account is locked.
    """
    account, local = call.farm.accounts.get(name), call.wiki.accounts.get(name)
    if seconds := _throttle(call, 'login', name):
        return 'login-throttled', {'duration': seconds}
    if fault := _captcha_fault(call):
        return (fault,)
    if account is not None and (
        account.locked or (account.hidden == 'suppressed' and local is None)
    ):
        return ('centralauth-login-error-locked',)
    if account is None or not _password_is_right(account, local, password):
        return ('wrongpassword',)
    if local is None and not call.wiki.creates_accounts:
        return ('authmanager-authn-autocreate-failed',)
    if account.renaming:
        return 'centralauth-rename-abortlogin', account.name
    return None


def _captcha_fault(call: Call) -> str:
    logins, given = call.farm.logins, call.given
    if not logins.wants_captcha(call.session.address):
        return ''
    id, word = given.get('captchaId', ''), given.get('captchaWord', '')
    if call.path == 'clientlogin':
        call.known.update(('captchaId', 'captchaWord'))
    if not word and call.farm.current:
        return 'captcha-login-required'
    return '' if logins.solves(id, word) else 'wrongpassword'


def _throttle(call: Call, what: str, name: str) -> int:
    """Count a login; return for how many seconds there have been too many."""
    logins = call.farm.logins
    if logins.password_limit is None:
        return 0
    most, seconds = logins.password_limit
    who = f'{name} {call.session.address}'
    if logins.attempts.count(what, who, seconds) >= most:
        return seconds
    logins.attempts.note(what, who)
    return 0


def message_of(values: Values, code: str, message: str) -> Json:
    """Return a message of a login in the format that was asked for."""
    format = values['messageformat']
    shown: Json = {'messagecode': code}
    if format == 'none':
        return shown
    if format == 'raw':
        return {'message': {'key': code, 'params': []}} | shown
    return {'message': message} | shown


def _continue_login(call: Call, values: Values) -> None:
    stored = call.session.stored
    if stored is None or stored.flow is None:
        _answer(
            call,
            loginconversation.failure(
                call, values, 'authmanager-authn-not-in-progress'
            ),
        )
        return
    flow, account = stored.flow, call.farm.accounts[stored.flow.user]
    call.answer.target = account.name
    answer = loginconversation.proceed(call, values)
    if flow.operation:
        _confirmed_or(call, flow.operation, answer)
    elif answer is None:
        _pass(call, account, flow.remember)
    else:
        _answer(call, answer)


def _confirmed_or(call: Call, operation: str, answer: Json | None) -> None:
    """Confirm the login for an operation, unless there is another answer."""
    account = call.session.account
    if answer is not None:
        _answer(call, answer)
        return
    assert account is not None
    confirmation.keep(call, account, operation)
    call.answer.effect = 'login'
    call.result['clientlogin'] = {'status': 'PASS', 'username': account.name}


def _wrong_login_token(call: Call) -> Json:
    """Tell a wrong token from one of a session that is gone."""
    stored = call.session.stored
    if stored is not None and stored.expects_login:
        return {'result': 'WrongToken'}
    call.farm.sessions.csrf(call.session, 'login')
    return {
        'result': 'Failed',
        'reason': 'Unable to continue login. Your session most likely timed out.',
    }


def _log_in_somehow(call: Call, name: str, password: str, result: Json) -> None:
    user, at, app = name.rpartition('@')
    if call.wiki.age is not None:
        user, at, app = name, '', ''
    elif not at:
        app, at, secret = password.partition('@')
        if at and len(secret) == 32:
            user, password = name, secret
        else:
            at = ''
    if at:
        _log_in_bot(call, user, app, password, result)
        return
    canonical = canonical_user(name)
    call.answer.target = canonical or ''
    account = call.farm.accounts.get(canonical or '')
    found: tuple[Any, ...] | None = ('authmanager-authn-no-primary',)
    if canonical and password:
        found = _fault_of(call, canonical, password)
    if found is not None:
        code, *params = found
        call.farm.logins.attempts.note('wrong', call.session.address)
        _refuse(call, result, code, *params)
        return
    assert account is not None
    if loginconversation.has_steps(account):
        loginconversation.begin(call, account, remember=False, return_url='')
        result |= {
            'result': 'Aborted',
            'reason': 'Authentication requires user interaction, which is not '
            'supported by action=login. To be able to login with action=login, see '
            '[[Special:BotPasswords]].',
        }
    else:
        _log_in(call, account, remember=True)
        call.deprecate(
            'Main-account login via "action=login" is deprecated and may stop working '
            'without warning. To continue login with "action=login", see '
            '[[Special:BotPasswords]]. To safely continue using main-account login, '
            'see "action=clientlogin".'
        )
        _succeed(call, result)


def _log_in_bot(call: Call, user: str, app: str, secret: str, result: Json) -> None:
    """Log in with a bot password, whose attempts are counted apart.

    As in MediaWiki, it is told first of all that the account is locked, and that is
    no attempt.
    """
    name = canonical_user(user) or ''
    call.answer.target = name
    account = call.farm.accounts.get(name)
    bot = account.bots.get(app) if account else None
    if account is not None and account.locked:
        _refuse(call, result, 'botpasswords-locked')
    elif seconds := _throttle(call, 'bot login', name):
        _refuse(call, result, 'login-throttled', {'duration': seconds})
    elif account is None or bot is None or bot.secret != secret:
        _refuse(call, result, 'wrongpassword')
    else:
        who = f'{name} {call.session.address}'
        call.farm.logins.attempts.forget('bot login', who)
        call.farm.sessions.log_in_bot(call.session, account, app)
        call.answer.effect = 'login'
        _succeed(call, result)


def _refuse(call: Call, result: Json, code: str, *params: Any) -> None:
    call.answer.code = f'login-{code}'
    age = call.wiki.age
    if age is not None and code == 'wrongpassword':
        result['result'] = 'WrongPass'
    elif age is not None and code == 'centralauth-login-error-locked':
        result['result'] = age.locked
    elif age is not None and code == 'login-throttled':
        result |= {'result': 'Throttled', 'wait': params[0]['duration']}
    else:
        shown = loginforms.message({'messageformat': 'wikitext'}, code, *params)
        reason = shown['message'].replace('\n', ' ')
        result |= {'result': 'Failed' if age is None else 'Aborted', 'reason': reason}


def _succeed(call: Call, result: Json) -> None:
    result |= {
        'result': 'Success',
        'lguserid': call.session.user_id,
        'lgusername': call.session.name,
    }
    if call.wiki.age is not None:
        result['lgtoken'] = secrets.token_hex(16)
        result |= _of_session(call)


def _of_session(call: Call) -> Json:
    """Return what a login returned about the session before AuthManager."""
    stored = call.session.stored
    if call.wiki.age is None or stored is None:
        return {}
    return {'cookieprefix': call.wiki.db, 'sessionid': stored.id}
