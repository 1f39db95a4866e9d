"""Who is logged in, and the tokens of the session."""

from __future__ import annotations

import re

from ..call import Call, Json, Values, action, query
from ..declarations import TOKEN_TYPES
from ..rights import implicit_groups
from .blocked import block_info, block_of

_SAME_ORIGIN = 'Tokens may not be obtained when the same-origin policy is not applied.'


@action('checktoken')
def checktoken(call: Call, values: Values) -> None:
    """Say whether a token is valid."""
    token = values['token']
    result: Json = {}
    stamp = re.fullmatch(r'[0-9a-f]{32}([0-9a-f]{8})\+\\', token)
    generated = int(stamp[1], 16) if stamp else 0
    valid = call.farm.sessions.valid(call.session, values['type'], token)
    age = values['maxtokenage']
    if valid and age is not None and generated < call.farm.clock() - age:
        result['result'] = 'expired'
    else:
        result['result'] = 'valid' if valid else 'invalid'
    if stamp:
        result['generated'] = call.farm.timestamp(generated)
    call.result['checktoken'] = result


@query('tokens')
def tokens(call: Call, values: Values) -> None:
    """Hand out tokens."""
    if call.session.suppressed:
        call.warn('hascallback', _SAME_ORIGIN)
        return
    found = {
        f'{type}token': call.farm.sessions.csrf(call.session, type)
        for type in TOKEN_TYPES
        if type in values['type']
    }
    # PHP made a list of an empty mapping.
    values['output']['tokens'] = found if found or call.wiki.age is None else []


@query('userinfo')
def userinfo(call: Call, values: Values) -> None:
    """Tell who is asking."""
    session, prop = call.session, values['prop'] or ()
    local = session.local
    info: Json = {'id': session.user_id, 'name': session.name}
    values['output']['userinfo'] = info
    if local is None:
        info['anon'] = True
    elif session.account and session.account.temporary:
        info['temp'] = True
    if 'blockinfo' in prop:
        applied = block_of(call)
        if applied:
            info |= block_info(call, applied)
    if 'hasmsg' in prop:
        info['messages'] = False
    if 'groups' in prop:
        info['groups'] = implicit_groups(local.groups) if local else ['*']
    if 'groupmemberships' in prop:
        info['groupmemberships'] = (
            [{'group': group, 'expiry': 'infinity'} for group in sorted(local.groups)]
            if local
            else []
        )
    if 'implicitgroups' in prop:
        info['implicitgroups'] = ['*', 'user', 'autoconfirmed'] if local else ['*']
    if 'rights' in prop:
        info['rights'] = list(session.rights)
    if 'cancreateaccount' in prop:
        info['cancreateaccount'] = 'createaccount' in session.rights
        if not info['cancreateaccount']:
            groups = ['*', '[[Project:Administrators|Administrators]]']
            info['cancreateaccounterror'] = [
                {
                    'message': 'badaccess-groups',
                    'params': [{'list': groups, 'type': 'comma'}, 2],
                    'code': 'permissiondenied',
                    'type': 'error',
                }
            ]
    if 'options' in prop:
        info['options'] = {}
    if 'editcount' in prop:
        info['editcount'] = local.editcount if local else 0
    if 'ratelimits' in prop:
        info['ratelimits'] = {
            right: {'user': {'hits': hits, 'seconds': int(seconds)}}
            for (right, user), (hits, seconds) in call.wiki.rate_limits.items()
            if user == session.name
        }
    if 'registrationdate' in prop and local:
        info['registrationdate'] = local.registration
    if 'email' in prop:
        info['email'] = ''
    if 'realname' in prop:
        info['realname'] = ''
    if 'centralids' in prop:
        account = session.account
        info['centralids'] = {
            'CentralAuth': account.id if account else 0,
            'local': session.user_id,
        }
        info['attachedlocal'] = {
            'CentralAuth': account is not None,
            'local': local is not None,
        }
        if (wanted := values['attachedwiki']) is not None:
            info['attachedwiki'] = {
                'CentralAuth': account is not None and wanted in account.attached,
                'local': local is not None and wanted == call.wiki.db,
            }
