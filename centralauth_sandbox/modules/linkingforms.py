"""What somebody who links an account is asked, as fields and requests."""

from __future__ import annotations

import re
from typing import Any

from ..call import Json

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
Message = tuple[str, tuple[str, ...]]


def _field(kind: str, label: Message, help: Message, **more: Any) -> Json:
    shown: Json = {'optional': False, 'sensitive': False, **more}
    before: Json = {
        name: shown.pop(name) for name in ('value', 'options') if name in shown
    }
    return {'type': kind, **before, 'label': label, 'help': help, **shown}


def _plain(kind: str, key: str, **more: Any) -> Json:
    return _field(kind, (key, ()), (key, ()), **more)


def first_fields() -> dict[str, Json]:
    help = ('farmlink-code-help', ())
    return {'farmcode': _field('string', ('farmlink-code', ()), help)}


def second_fields() -> dict[str, Json]:
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


def return_fields() -> dict[str, Json]:
    return {'state': _plain('string', 'farmlink-state')}


def first_request(user: str) -> Json:
    return request(
        'FarmLinkRequest',
        'primary-required',
        ('farmlink-provider', ()),
        ('farmlink-account', (user,)),
        first_fields(),
    )


def second_request(user: str) -> Json:
    return nameless('FarmLinkSecondRequest', second_fields())


def return_request(user: str) -> Json:
    return nameless('FarmLinkReturnRequest', return_fields())


def nameless(id: str, fields: dict[str, Json]) -> Json:
    itself = ('rawmessage', (id,))
    return request(id, 'required', itself, itself, fields)


def request(
    id: str,
    required: str,
    provider: Message,
    account: Message,
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


def put(item: Json, key: str, message: Message, format: str) -> None:
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
