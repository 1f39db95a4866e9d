"""What the forms of a login look like, as MediaWiki's extensions make them.

The order of the steps is in :mod:`.loginconversation`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from ..loginsteps import Factors

Json = dict[str, Any]

_OATH = 'Two-factor authentication (OATH).'
_CAPTCHA = 'MediaWiki\\Extension\\ConfirmEdit\\Auth\\CaptchaAuthenticationRequest'
_MAIL = 'MediaWiki\\Extension\\EmailAuth\\EmailAuthAuthenticationRequest'
_BUTTON = 'MediaWiki\\Auth\\ButtonAuthenticationRequest'
_CHOICE = (
    'MediaWiki\\Extension\\OATHAuth\\Auth\\TwoFactorModuleSelectAuthenticationRequest'
)
_REMEMBER = 'MediaWiki\\Auth\\RememberMeAuthenticationRequest'
_FACTORS = {
    'totp': 'Authenticator app',
    'recoverycodes': 'Recovery codes',
    'webauthn': 'Security key',
}

#: Message -> wikitext.
MESSAGES = {
    'oathauth-auth-ui': 'Please enter a code from your two-factor authentication app '
    '(such as [https://www.authy.com/ Authy], [https://freeotp.github.io/ FreeOTP], '
    '[https://support.google.com/accounts/answer/1066447 Google Authenticator], '
    '[https://www.microsoft.com/en-us/security/mobile-authenticator-app Microsoft '
    'Authenticator] or [https://1password.com/ 1Password]).',
    'oathauth-login-failed': 'Two-factor authentication failed.',
    'oathauth-auth-recovery-code-help': 'Enter the code that was created when you set '
    'up two-factor authentication.',
    'oathauth-recovery-code-login-failed': 'Recovery code verification failed.',
    'oathauth-throttled': 'Too many attempts! Please wait a few minutes.',
    'webauthn-ui-login-prompt': 'Please touch your verification device or follow the '
    'instructions from the browser.',
    'webauthn-error-credentials-missing': 'WebAuthn credentials were not sent.',
    'webauthn-error-verification-failed': 'WebAuthn verification failed.',
    'emailauth-login-message': 'You need to verify your login. A verification code '
    'has been sent to your email address ($1), please enter that code here.',
    'emailauth-login-failure': 'Invalid verification code!',
    'emailauth-login-retry-limit': 'Too many failures!',
    'resetpass-temp-emailed': 'You logged in with a temporary emailed code.\n'
    'To finish logging in, you must set a new password here:',
    'resetpass-validity': 'Your password is not valid: Passwords must be at least $1 '
    'characters.\n\nPlease set a new password to log in.',
    'resetpass-validity-soft': 'Your password is not valid: Passwords must be at least '
    '$1 characters.\n\nPlease choose a new password now, or click "Skip" to change it '
    'later.',
    'passwordtooshort': 'Passwords must be at least $1 characters.',
    'badretype': 'The passwords you entered do not match.',
    'captcha-login-required': 'An additional verification step is required. Please '
    'submit the form again.',
    'login-throttled': 'You have made too many recent login attempts.\nPlease wait $1 '
    'before trying again.',
    'wrongpassword': 'Incorrect username or password entered.\nPlease try again.',
    'authmanager-authn-no-primary': 'The supplied credentials could not be '
    'authenticated.',
    'authmanager-authn-not-in-progress': 'Authentication is not in progress or '
    'session data has been lost. Please start again from the beginning.',
    'centralauth-login-error-locked': 'You cannot log in because your account is '
    'globally locked.',
    'botpasswords-locked': 'You cannot login with a bot password as your account is '
    'locked.',
    'centralauth-rename-abortlogin': 'Your account is currently being renamed or '
    'merged. [[Special:GlobalRenameProgress/$1|View the status]].',
    'authmanager-authn-autocreate-failed': 'Auto-creation of a local account failed: '
    'You are not allowed to execute the action you have requested.',
    'authmanager-authn-reauth-switch': '⧼authmanager-authn-reauth-switch⧽',
    'authmanager-elevatedsecurity-missing-token': (
        '⧼authmanager-elevatedsecurity-missing-token⧽'
    ),
    'authmanager-elevatedsecurity-invalid-token': (
        '⧼authmanager-elevatedsecurity-invalid-token⧽'
    ),
    'userlogin-cannot-login': '⧼userlogin-cannot-login⧽',
    'farmlink-login': 'Log in at the identity provider.',
}

_LINK = re.compile(r'\[(https?://\S+) ([^\]]+)\]')


def message(values: Mapping[str, Any], code: str, *params: Any) -> Json:
    """Return a message in the format that was asked for.

    :param code: the message; '' for an empty one
    """
    format = values['messageformat']
    if format == 'none':
        return {'messagecode': code}
    if format == 'raw':
        key = {'key': code, 'params': list(params)}
        if not code:
            key = {'key': 'rawmessage', 'params': ['']}
        return {'message': key, 'messagecode': code}
    text = MESSAGES[code] if code else ''
    for number, param in enumerate(params, 1):
        text = text.replace(f'${number}', _duration(param))
    if format == 'html':
        text = _LINK.sub(
            r'<a rel="nofollow" class="external text" href="\1">\2</a>', text
        )
    return {'message': text, 'messagecode': code}


def laid_out(values: Mapping[str, Any], requests: Iterable[Json]) -> Json:
    """Return the requests of a form as they were asked for."""
    shown = [_in_format(request, values['messageformat']) for request in requests]
    if not values['mergerequestfields']:
        return {'requests': shown}
    fields: Json = {}
    for request in shown:
        fields |= request.pop('fields')
    return {'requests': shown, 'fields': fields}


def factor_form(
    module: str, factors: Factors, user: str, *, current: bool
) -> list[Json]:
    """Return the form that asks for a second factor, and lets another be chosen."""
    request = _factor_request(module, user, current=current)
    offered = factors_of(factors)
    if len(offered) < 2:
        return [request]
    options = {'': '(do not switch)'}
    options |= {name: _FACTORS[name] for name in offered if name != module}
    field = {
        'type': 'select',
        'value': '',
        'options': options,
        'label': 'Use authenticator app',
        'help': 'Set <code>newModule</code> to the name of the new module to get a new '
        'challenge from a different 2FA module. Leave empty if you are answering the '
        'current challenge.',
        'optional': True,
        'sensitive': False,
    }
    about = {
        'currentModule': module,
        'allowedModules': offered,
        'moduleDescriptions': {name: _FACTORS[name] for name in offered},
    }
    choice = request_of(_CHOICE, 'required', _CHOICE, _CHOICE, {'newModule': field})
    return [request, choice | {'metadata': about}]


def factors_of(factors: Factors) -> list[str]:
    """Return the kinds of second factors that an account has, the first one first."""
    return [
        name
        for name, has_it in (
            ('totp', bool(factors.totp)),
            ('recoverycodes', bool(factors.recovery_codes)),
            ('webauthn', factors.security_key),
        )
        if has_it
    ]


def app_form(*, current: bool) -> list[Json]:
    """Return the form that asks for a code of an app, and offers nothing else."""
    return [_factor_request('totp', '', current=current)]


def confirmation_request(token: str) -> Json:
    """Return the request that says which login is confirmed, and for what."""
    id = 'MediaWiki\\Auth\\ElevatedSecurityAuthenticationRequest'
    name = 'authmanager-elevatedsecurity-token'
    field = _field(
        'hidden', f'⧼{name}-label⧽', f'⧼{name}-help⧽', value=token, sensitive=True
    )
    return request_of(id, 'required', id, id, {'elevatedSecurityToken': field})


def mail_form() -> list[Json]:
    """Return the form that asks for a code that was sent by e-mail."""
    token = _field('string', 'Verification code', 'One-time 2FA token sent by email.')
    return [request_of(_MAIL, 'required', _MAIL, _MAIL, {'token': token})]


def password_form(state: str, user: str) -> list[Json]:
    """Return the form that asks for a new password."""
    fields = {
        'password': _field(
            'password',
            'New password:',
            'Password for authentication.',
            sensitive=True,
        ),
        'retype': _field(
            'password',
            'Retype new password:',
            'Password again to confirm.',
            sensitive=True,
        ),
    }
    required = 'optional' if state == 'suggested' else 'required'
    id = 'MediaWiki\\Auth\\PasswordAuthenticationRequest'
    form = [request_of(id, required, 'Password-based authentication', user, fields)]
    if state == 'suggested':
        id = f'{_BUTTON}:skipReset'
        skip = _field('button', 'Skip', 'Skip resetting the password.')
        form.append(request_of(id, 'optional', _BUTTON, id, {'skipReset': skip}))
    return form


def captcha_request(id: str, question: str) -> Json:
    """Return the request that asks for the answer to a captcha."""
    fields = {
        'captchaId': _field(
            'hidden',
            'CAPTCHA ID',
            'This value should be sent back unchanged.',
            value=id,
        ),
        'captchaInfo': _field(
            'null',
            'To protect the wiki against automated password cracking, we kindly ask '
            'you to solve the following task below and enter the answer in the box '
            '([[Special:Captcha/help|more info]]):',
            'Description of the CAPTCHA.',
            value=question,
        ),
        'captchaWord': _field('string', 'CAPTCHA', 'Solution of the CAPTCHA.'),
    }
    request = request_of(
        'CaptchaAuthenticationRequest',
        'required',
        _CAPTCHA,
        'CaptchaAuthenticationRequest',
        fields,
    )
    return request | {'metadata': {'type': 'simple', 'mime': 'text/plain'}}


def return_form() -> list[Json]:
    """Return the form that the return from a redirect fills in."""
    id = 'FarmLoginReturnRequest'
    state = _field('string', 'State', 'State from the return URL')
    return [request_of(id, 'required', id, id, {'state': state})]


def request_of(
    id: str, required: str, provider: str, account: str, fields: dict[str, Json]
) -> Json:
    """Return a request of a form."""
    return {
        'id': id,
        'metadata': {},
        'required': required,
        'provider': provider,
        'account': account,
        'fields': fields,
    }


PASSWORD_REQUEST = request_of(
    'MediaWiki\\Auth\\PasswordAuthenticationRequest',
    'primary-required',
    'Password-based authentication',
    '',
    {
        'username': {
            'type': 'string',
            'label': 'Username',
            'help': 'Username for authentication.',
            'optional': False,
            'sensitive': False,
        },
        'password': {
            'type': 'password',
            'label': 'Password',
            'help': 'Password for authentication.',
            'optional': False,
            'sensitive': True,
        },
    },
)
REMEMBER_REQUEST = request_of(
    _REMEMBER,
    'optional',
    _REMEMBER,
    _REMEMBER,
    {
        'rememberMe': {
            'type': 'checkbox',
            'label': 'Keep me logged in',
            'help': 'Whether the password should be remembered for longer than the '
            'length of the session.',
            'optional': True,
            'sensitive': False,
        },
    },
)


def _factor_request(module: str, user: str, *, current: bool) -> Json:
    """Return the request that asks for a second factor of one kind."""
    if module == 'webauthn':
        challenge = {
            'challenge': secrets.token_urlsafe(32),
            'rpId': '127.0.0.1',
            'userVerification': 'preferred',
            'allowCredentials': [
                {
                    'type': 'public-key',
                    'id': secrets.token_urlsafe(32),
                    'transports': ['usb'],
                }
            ],
            'timeout': 60000,
        }
        id = 'MediaWiki\\Extension\\WebAuthn\\Auth\\WebAuthnAuthenticationRequest'
        fields = {
            'auth_info': _field(
                'hidden',
                'Authentication data',
                'Authentication data passed to the client for credential retrieval',
                value=json.dumps(challenge, separators=(',', ':')),
            ),
            'credential': _field(
                'hidden',
                'User credential',
                'User credential based on authentication data',
                value='',
            ),
        }
    elif module == 'recoverycodes':
        kind = 'RecoveryCodesAuthenticationRequest'
        id = f'MediaWiki\\Extension\\OATHAuth\\Auth\\{kind}'
        help = MESSAGES['oathauth-auth-recovery-code-help']
        field = _field('string', 'Recovery codes', help, optional=True)
        if current:
            field = _field(
                'string', 'Recovery code', 'Enter one of your recovery codes.'
            )
        fields = {'RecoveryCode': field}
    else:
        id = 'MediaWiki\\Extension\\OATHAuth\\Auth\\TOTPAuthenticationRequest'
        label = 'Authenticator code' if current else 'Two-factor token'
        help = 'The one-time password used as the second factor of two-factor '
        fields = {'OATHToken': _field('string', label, f'{help}authentication.')}
    return request_of(id, 'required', _OATH, user, fields)


def _field(kind: str, label: str, help: str, **more: Any) -> Json:
    value = {'value': more.pop('value')} if 'value' in more else {}
    about = {'label': label, 'help': help, 'optional': False, 'sensitive': False}
    return {'type': kind, **value, **about, **more}


def _in_format(request: Json, format: str) -> Json:
    """Return a request with its labels in the format that was asked for."""
    shown = {**request, 'fields': {}}
    for name, field in request['fields'].items():
        shown['fields'][name] = _labelled(field, format, ('label', 'help'))
    return _labelled(shown, format, ('provider', 'account'))


def _labelled(item: Json, format: str, keys: tuple[str, ...]) -> Json:
    if format == 'none':
        return {key: value for key, value in item.items() if key not in keys}
    if format == 'raw':
        raw = {key: {'key': 'rawmessage', 'params': [item[key]]} for key in keys}
        return item | raw
    return item


def _duration(param: Any) -> str:
    """Return a parameter of a message, such as a length of time, in words."""
    if not isinstance(param, dict):
        return str(param)
    seconds = param['duration']
    number, unit = (seconds, 'second') if seconds % 60 else (seconds // 60, 'minute')
    return f'{number} {unit}{"" if number == 1 else "s"}'
