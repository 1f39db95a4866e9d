"""Linking accounts of an identity provider, in a configurable number of steps.

The field `farmcode` says what is answered: pass, fail, ui, uierror, redirect, abstain,
throw, as recorded, or restart, which no recording of this module has; further words say
what is answered then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .. import errors
from ..call import Call, Values, action
from ..errors import ApiError
from ..provider import Conversation
from .confirmation import check_recent
from .linkingforms import (
    Message,
    first_fields,
    first_request,
    put,
    request,
    return_fields,
    return_request,
    second_fields,
    second_request,
)

Json = dict[str, Any]


@action('linkaccount')
def linkaccount(call: Call, values: Values) -> None:
    """Link an account, or take the next step of it."""
    _check_session(call, 'You must be logged in to link accounts.')
    if values['returnurl'] is None and not values['continue']:
        raise errors.at_least_one_of(['linkcontinue', 'linkreturnurl'])
    url = values['returnurl']
    if url is not None and not re.match(r'[a-z]+://[^/]', url):
        raise ApiError(
            'badurl_linkreturnurl',
            f'Invalid value "{url}" for URL parameter "linkreturnurl".',
            key='apierror-badurl',
            params=['linkreturnurl', url],
        )
    check_recent(call, 'LinkAccounts')
    stored, provider = call.session.stored, call.farm.provider
    assert stored is not None
    if not provider.enabled:
        answer = _failure(values, 'userlogin-cannot-link')
    elif not values['continue']:
        stored.linking = None
        given = _filled_in(call, values, first_fields())
        answer = (
            _answer(call, values, Conversation('', url or ''), given['farmcode'])
            if given
            else _failure(values, 'authmanager-link-no-primary')
        )
    elif stored.linking is None:
        answer = _failure(values, 'authmanager-link-not-in-progress')
    else:
        answer = _next(call, values, stored.linking)
    call.result['linkaccount'] = answer
    if answer['status'] == 'FAIL':
        call.answer.code = f'link-{answer["messagecode"]}'


@action('unlinkaccount')
def unlinkaccount(call: Call, values: Values) -> None:
    """Unlink an account."""
    _check_session(call, 'You must be logged in to remove authentication data.')
    check_recent(call, 'UnlinkAccount')
    prefix, _, id = values['request'].partition(':')
    links = call.farm.provider.links.get(call.user, [])
    if prefix != 'FarmLinkRemoveRequest' or id not in links:
        raise ApiError(
            'badrequest',
            'Failed to create change request.',
            key='apierror-changeauth-norequest',
        )
    links.remove(id)
    # MediaWiki takes it for a change of the password, which ends all others.
    account = call.session.account
    if account is not None:
        account.bots.clear()
        call.farm.sessions.end_bots(account.name)
    call.answer.target, call.answer.effect = id, 'unlink'
    call.result['unlinkaccount'] = {'status': 'success'}


def describe_linking(call: Call, values: Values, info: Json) -> None:
    """Write what can be linked or unlinked into `meta=authmanagerinfo`."""
    provider, stored = call.farm.provider, call.session.stored
    wanted = values['requestsfor']
    found: list[Json] = []
    if not provider.enabled:
        pass
    elif wanted == 'link':
        user = call.user if call.session.local else '-'
        found = [first_request(user)]
    elif wanted == 'link-continue' and stored and stored.linking:
        found = [_REQUESTS[stored.linking.step](call.user)]
    elif wanted == 'unlink':
        found = [
            request(
                f'FarmLinkRemoveRequest:{id}',
                'optional',
                ('farmlink-provider', ()),
                ('farmlink-account', (id,)),
                {},
            )
            for id in provider.links.get(call.user, ())
        ]
    info |= _shown(values, found)


def _check_session(call: Call, sentence: str) -> None:
    if call.session.local is None:
        raise ApiError('notloggedin', sentence)
    call.need('editmyprivateinfo', 'edit your private information')


def _next(call: Call, values: Values, talk: Conversation) -> Json:
    """Answer a step that continues."""
    if talk.step == 'redirect':
        given = _filled_in(call, values, return_fields())
        if not given:
            return _redirection(call, values, talk)
        if given['state'] != talk.state:
            return _fail(call, values, 'state mismatch')
        return _answer(call, values, talk, ' '.join(talk.then) or 'pass')
    if talk.step == 'restart':
        given = _filled_in(call, values, first_fields())
        words = given['farmcode'] if given else 'abstain'
        return _answer(call, values, talk, ' '.join(talk.then) or words)
    given = _filled_in(call, values, second_fields())
    if not given:
        return _question(values, 'again')
    return _answer(call, values, talk, ' '.join(talk.then) or given['second'])


def _answer(call: Call, values: Values, talk: Conversation, words: str) -> Json:
    """Answer as the words say: the first now, the others later."""
    stored = call.session.stored
    assert stored is not None
    step, *talk.then = words.split() or ['']
    stored.linking = None
    call.answer.target = step
    if step == 'pass':
        call.answer.target, call.answer.effect = (
            call.farm.provider.link(call.user),
            'link',
        )
        return {'status': 'PASS'}
    if step == 'throw':
        raise call.internal_error('RuntimeException', 'farm provider exploded')
    if step == 'abstain':
        return _failure(values, 'authmanager-link-no-primary')
    if step not in ('ui', 'uierror', 'redirect', 'restart'):
        return _fail(call, values, step)
    talk.step = 'ui' if step == 'uierror' else step
    stored.linking = talk
    if step == 'redirect':
        talk.state = call.farm.provider.expect(talk.return_url)
        return _redirection(call, values, talk)
    if step == 'restart':
        message = _message_of(values, ('farmlink-restart', ()))
        return {
            'status': 'RESTART',
            **_shown(values, [first_request(call.user)]),
            **message,
            'canpreservestate': False,
        }
    return _question(values, call.user)


def _question(values: Values, whom: str) -> Json:
    shown = _shown(values, [second_request(whom)])
    return {'status': 'UI', **shown, **_message_of(values, ('farmlink-ui', (whom,)))}


def _redirection(call: Call, values: Values, talk: Conversation) -> Json:
    page = call.farm.provider.page or f'{call.wiki.server}/idp'
    return {
        'status': 'REDIRECT',
        'redirecttarget': f'{page}?state={talk.state}',
        'redirectdata': {
            'state': talk.state,
            'n': 5,
            # In the form of formatversion=1, which 1.43 had only there.
            'nested': {'a': '' if call.farm.current else True, 'b': None},
        },
        **_shown(values, [return_request('')]),
    }


def _fail(call: Call, values: Values, code: str) -> Json:
    stored = call.session.stored
    assert stored is not None
    stored.linking = None
    return _failure(values, 'farmlink-fail', code)


def _failure(values: Values, key: str, *params: str) -> Json:
    message = _message_of(values, (key, params))
    return {'status': 'FAIL', **message, 'canpreservestate': False}


def _message_of(values: Values, message: Message) -> Json:
    shown: Json = {}
    put(shown, 'message', message, values['messageformat'])
    return {**shown, 'messagecode': message[0]}


# Which fields were filled in


def _filled_in(
    call: Call, values: Values, fields: Mapping[str, Json]
) -> dict[str, str] | None:
    """Return the fields of a request; None if one is missing that must be there.

    :raises ApiError: a sensitive one is in the URL.
    """
    ids = values['requests']
    if ids is not None and 'FarmLinkRequest' not in ids and 'farmcode' in fields:
        return None
    call.known.update(fields)
    call.known.update(f'{name}[]' for name in fields)
    given: dict[str, str] = {}
    for name, field in fields.items():
        kind, optional = field['type'], field.get('optional', False)
        if kind in ('null', 'button', 'checkbox'):
            continue
        if kind == 'multiselect':
            chosen = call.given.get(f'{name}[]', call.given.get(name, ''))
            value = chosen.split('\x1f') if chosen else []
        elif name not in call.given:
            return None
        else:
            given[name] = call.given[name]
            value = [given[name]] if given[name] else []
        if not value and not optional:
            return None
        if 'options' in field and not set(value) <= field['options'].keys():
            return None
    return given


# What the requests look like


_REQUESTS = {
    'restart': first_request,
    'ui': second_request,
    'redirect': return_request,
}


def _shown(values: Values, requests: Iterable[Json]) -> Json:
    """Lay requests out, with their messages in the format that is wanted."""
    format: str = values['messageformat']
    shown: list[Json] = []
    merged: Json = {}
    for each in requests:
        item = {key: each[key] for key in ('id', 'metadata', 'required')}
        for key in ('provider', 'account'):
            put(item, key, each[key], format)
        fields = {}
        for name, field in each['fields'].items():
            laid_out = fields[name] = dict(field)
            for key in ('label', 'help'):
                del laid_out[key]
                put(laid_out, key, field[key], format)
        if values['mergerequestfields']:
            merged |= fields
        else:
            item['fields'] = fields
        shown.append(item)
    return {'requests': shown} | (
        {'fields': merged} if values['mergerequestfields'] else {}
    )
