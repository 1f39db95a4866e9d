"""Changing the password of one's own account."""

from __future__ import annotations

from ..call import Call, Values, action
from ..errors import ApiError
from .confirmation import check_recent

_PASSWORD = 'MediaWiki\\Auth\\PasswordAuthenticationRequest'  # noqa: S105  # an id


@action('changeauthenticationdata')
def changeauthenticationdata(call: Call, values: Values) -> None:
    """Change the password; all sessions of the account are over by that."""
    if call.session.local is None:
        raise ApiError('notloggedin', 'You must be logged in to change credentials.')
    call.need('editmyprivateinfo', 'edit your private information')
    check_recent(call, 'ChangeCredentials')
    call.known.update(('password', 'retype'))
    new, again = call.given.get('password'), call.given.get('retype')
    account = call.session.account
    if values['request'] != _PASSWORD or not new or again is None or account is None:
        raise ApiError(
            'badrequest',
            'Failed to create change request.',
            key='apierror-changeauth-norequest',
        )
    if new != again:
        raise ApiError(
            'badretype', 'The passwords you entered do not match.', key='badretype'
        )
    account.password = new
    account.bots.clear()
    call.farm.sessions.end_bots(account.name)
    call.farm.sessions.end_account(account.id)
    call.answer.target, call.answer.effect = account.name, 'password'
    call.result['changeauthenticationdata'] = {'status': 'success'}
