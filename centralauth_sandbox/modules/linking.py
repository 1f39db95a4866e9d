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

Json = dict[str, Any]

#: Message -> wikitext; the HTML is made of it.
_MESSAGES = {
    'authmanager-link-no-primary': 'The supplied credentials could not be used for '
    'account linking.',
    'authmanager-link-not-in-progress': 'Account linking is not in progress or '
    'session data has been lost. Please start again from the beginning.',
    'farmlink-account': 'Farm account $1',
    'farmlink-agree': 'I agree',
    'farmlink-code': 'Farm code',
    'farmlink-code-help': 'One of <b>pass</b>, <b>fail</b>, <b>ui</b>, '
    '<b>redirect</b>.',
    'farmlink-color': 'Colour',
    'farmlink-fail': "Linking [[Main Page|failed]]: the code ''$1'' was refused.",
    'farmlink-go': 'Go',
    'farmlink-hidden': 'Hidden thing',
    'farmlink-info': "Some '''bold''' information for $1",
    'farmlink-multi': 'Several',
    'farmlink-pin': 'PIN',
    'farmlink-provider': 'Farm identity provider',
    'farmlink-restart': 'This farm account is linked to nobody.',
    'farmlink-second': "Second ''code''",
    'farmlink-state': 'State from the return URL',
    'farmlink-ui': "Please enter the '''second''' code, $1.",
    'rawmessage': '$1',
    'userlogin-cannot-link': '⧼userlogin-cannot-link⧽',
}

_COLOURS = {'red': 'Red', 'blue': 'Blue'}
_Message = tuple[str, tuple[str, ...]]


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
    _check_login_age(call)
    stored, provider = call.session.stored, call.farm.provider
    assert stored is not None
    if not provider.enabled:
        answer = _failure(values, 'userlogin-cannot-link')
    elif not values['continue']:
        stored.linking = None
        given = _filled_in(call, values, _first_fields())
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
    _check_login_age(call)
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
        found = [_first_request(user)]
    elif wanted == 'link-continue' and stored and stored.linking:
        found = [_REQUESTS[stored.linking.step](call.user)]
    elif wanted == 'unlink':
        found = [
            _request(
                f'FarmLinkRemoveRequest:{id}',
                'optional',
                ('farmlink-provider', ()),
                ('farmlink-account', (id,)),
                {},
            )
            for id in provider.links.get(call.user, ())
        ]
    info |= _shown(values, found)


def login_age_status(call: Call) -> str:
    """Tell whether a login is fit for what is security-sensitive: ok, reauth, fail."""
    provider, stored = call.farm.provider, call.session.stored
    if call.farm.current and call.session.kind == 'centralauthtoken':
        return 'fail'
    if call.session.kind not in ('main', 'local'):
        return 'fail' if provider.needs_login else 'ok'
    age = call.farm.clock() - (stored.since if stored else 0.0)
    return 'ok' if age <= provider.reauthenticate_after else 'reauth'


def _check_session(call: Call, sentence: str) -> None:
    if call.session.local is None:
        raise ApiError('notloggedin', sentence)
    call.need('editmyprivateinfo', 'edit your private information')


def _check_login_age(call: Call) -> None:
    status = login_age_status(call)
    if status == 'reauth':
        raise ApiError(
            'reauthenticate',
            'You have not authenticated recently in this session, please '
            'reauthenticate.',
        )
    if status == 'fail':
        raise ApiError(
            'cannotreauthenticate',
            'This action is not available as your identity cannot be verified.',
        )


def _next(call: Call, values: Values, talk: Conversation) -> Json:
    """Answer a step that continues."""
    if talk.step == 'redirect':
        given = _filled_in(call, values, _return_fields())
        if not given:
            return _redirection(call, values, talk)
        if given['state'] != talk.state:
            return _fail(call, values, 'state mismatch')
        return _answer(call, values, talk, ' '.join(talk.then) or 'pass')
    if talk.step == 'restart':
        given = _filled_in(call, values, _first_fields())
        words = given['farmcode'] if given else 'abstain'
        return _answer(call, values, talk, ' '.join(talk.then) or words)
    given = _filled_in(call, values, _second_fields())
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
            **_shown(values, [_first_request(call.user)]),
            **message,
            'canpreservestate': False,
        }
    return _question(values, call.user)


def _question(values: Values, whom: str) -> Json:
    shown = _shown(values, [_second_request(whom)])
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
        **_shown(values, [_return_request('')]),
    }


def _fail(call: Call, values: Values, code: str) -> Json:
    stored = call.session.stored
    assert stored is not None
    stored.linking = None
    return _failure(values, 'farmlink-fail', code)


def _failure(values: Values, key: str, *params: str) -> Json:
    message = _message_of(values, (key, params))
    return {'status': 'FAIL', **message, 'canpreservestate': False}


def _message_of(values: Values, message: _Message) -> Json:
    shown: Json = {}
    _put(shown, 'message', message, values['messageformat'])
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


def _field(kind: str, label: _Message, help: _Message, **more: Any) -> Json:
    shown: Json = {'optional': False, 'sensitive': False, **more}
    before: Json = {
        name: shown.pop(name) for name in ('value', 'options') if name in shown
    }
    return {'type': kind, **before, 'label': label, 'help': help, **shown}


def _plain(kind: str, key: str, **more: Any) -> Json:
    return _field(kind, (key, ()), (key, ()), **more)


def _first_fields() -> dict[str, Json]:
    help = ('farmlink-code-help', ())
    return {'farmcode': _field('string', ('farmlink-code', ()), help)}


def _second_fields() -> dict[str, Json]:
    help = ('farmlink-code-help', ())
    return {
        'info': _field('null', ('farmlink-info', ('you',)), help),
        'second': _field('string', ('farmlink-second', ()), help, value='dflt'),
        'pin': _plain('password', 'farmlink-pin', optional=True, sensitive=True),
        'color': _plain('select', 'farmlink-color', options=_COLOURS, optional=True),
        'multi': _plain(
            'multiselect', 'farmlink-multi', options=_COLOURS, optional=True
        ),
        'agree': _plain('checkbox', 'farmlink-agree', optional=True),
        'hid': _plain('hidden', 'farmlink-hidden', value='h-value', optional=True),
        'go': _plain('button', 'farmlink-go', optional=True),
    }


def _return_fields() -> dict[str, Json]:
    return {'state': _plain('string', 'farmlink-state')}


def _first_request(user: str) -> Json:
    return _request(
        'FarmLinkRequest',
        'primary-required',
        ('farmlink-provider', ()),
        ('farmlink-account', (user,)),
        _first_fields(),
    )


def _second_request(user: str) -> Json:
    return _nameless('FarmLinkSecondRequest', _second_fields())


def _return_request(user: str) -> Json:
    return _nameless('FarmLinkReturnRequest', _return_fields())


_REQUESTS = {
    'restart': _first_request,
    'ui': _second_request,
    'redirect': _return_request,
}


def _nameless(id: str, fields: dict[str, Json]) -> Json:
    itself = ('rawmessage', (id,))
    return _request(id, 'required', itself, itself, fields)


def _request(
    id: str,
    required: str,
    provider: _Message,
    account: _Message,
    fields: dict[str, Json],
) -> Json:
    return {
        'id': id,
        'metadata': {},
        'required': required,
        'provider': provider,
        'account': account,
        'fields': fields,
    }


def _shown(values: Values, requests: Iterable[Json]) -> Json:
    """Lay requests out, with their messages in the format that is wanted."""
    format: str = values['messageformat']
    shown: list[Json] = []
    merged: Json = {}
    for request in requests:
        item = {key: request[key] for key in ('id', 'metadata', 'required')}
        for key in ('provider', 'account'):
            _put(item, key, request[key], format)
        fields = {}
        for name, field in request['fields'].items():
            laid_out = fields[name] = dict(field)
            for key in ('label', 'help'):
                del laid_out[key]
                _put(laid_out, key, field[key], format)
        if values['mergerequestfields']:
            merged |= fields
        else:
            item['fields'] = fields
        shown.append(item)
    return {'requests': shown} | (
        {'fields': merged} if values['mergerequestfields'] else {}
    )


def _put(item: Json, key: str, message: _Message, format: str) -> None:
    """Put a message into an answer, unless none is wanted."""
    name, params = message
    if format == 'raw':
        item[key] = {'key': name, 'params': list(params)}
    elif format != 'none':
        text = _MESSAGES[name]
        for number, param in enumerate(params, 1):
            text = text.replace(f'${number}', param)
        item[key] = _html(text) if format == 'html' else text


def _html(text: str) -> str:
    text = re.sub("'''(.+?)'''", r'<b>\1</b>', text)
    text = re.sub("''(.+?)''", r'<i>\1</i>', text)
    return re.sub(
        r'\[\[Main Page\|(.+?)\]\]',
        r'<a href="/wiki/Main_Page" title="Main Page">\1</a>',
        text,
    )
