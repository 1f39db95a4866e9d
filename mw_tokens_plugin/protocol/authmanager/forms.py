"""The forms of a conversation: their requests, fields and messages.

It holds the records, and reads them from answers. Filling them in is left to
:mod:`.filling`.

https://www.mediawiki.org/wiki/API:Authmanagerinfo
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mw_tokens_plugin.exceptions import InvalidInput, UnexpectedAnswer
from mw_tokens_plugin.protocol.authmanager.checks import (
    MAX_TEXT_LENGTH,
    check_number,
    flag,
    items,
    mapping,
    shown,
    text,
)

_FIELD_NAME = re.compile(r'[A-Za-z_][\w.-]*', re.ASCII)


class FieldType(enum.Enum):
    """The types of fields that AuthManager has.

    https://www.mediawiki.org/wiki/API:Authmanagerinfo

    .. version-added:: 0.1
    """

    STRING = 'string'
    PASSWORD = 'password'  # noqa: S105  # the type of a field
    SELECT = 'select'
    CHECKBOX = 'checkbox'
    MULTISELECT = 'multiselect'
    BUTTON = 'button'
    HIDDEN = 'hidden'
    #: Something to be shown; it takes no value.
    NULL = 'null'


class Required(enum.Enum):
    """Whether a request must be filled in.

    .. version-added:: 0.1
    """

    OPTIONAL = 'optional'
    REQUIRED = 'required'
    #: Exactly one of the requests with this mark; each belongs to one provider.
    PRIMARY = 'primary-required'


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the wiki, in the format that was requested.

    .. version-added:: 0.1

    :ivar text: HTML or wikitext; empty in the format ``raw``
    :ivar key: the name of the message, in the format ``raw`` only
    :ivar params: its parameters, in the format ``raw`` only
    """

    text: str = ''
    key: str = ''
    params: tuple[Any, ...] = ()

    def __str__(self) -> str:
        """Return the text, or the name and its parameters."""
        if not self.key:
            return self.text
        return ' '.join((f'⧼{self.key}⧽', *map(str, self.params)))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    .. version-added:: 0.1

    :ivar label: None in the message format ``none``; the same for ``help``
    :ivar value: the value the wiki has filled in; None if there is none, or if the
        field is sensitive
    :ivar options: values and their labels, of a select or multiselect
    :ivar optional: it may stay empty; it is sent nevertheless
    :ivar sensitive: it must not be shown, stored, or sent in a query string
    """

    name: str
    type: FieldType
    label: Message | None = None
    help: Message | None = None
    value: str | None = None
    options: Mapping[str, Message] = field(default_factory=dict)
    optional: bool = False
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """One authentication request: the fields that one provider asks for.

    .. version-added:: 0.1

    :ivar id: its id, as in ``linkrequests`` and ``unlinkaccount``
    :ivar provider: the name of the provider; None in the message format ``none``
    :ivar account: the account there; None in the message format ``none``
    :ivar metadata: what a provider adds for programs, any JSON
    :ivar fields: empty if the form's fields are merged
    """

    id: str
    required: Required
    provider: Message | None = None
    account: Message | None = None
    metadata: Any = field(default_factory=dict)
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The requests of one step.

    .. version-added:: 0.1

    :ivar merged: the fields of all requests, if the wiki was asked to merge them
    """

    requests: tuple[AuthRequest, ...] = ()
    merged: tuple[Field, ...] | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, each once."""
        if self.merged is not None:
            return self.merged
        found: dict[str, Field] = {}
        for request in self.requests:
            for each in request.fields:
                found.setdefault(each.name, each)
        return tuple(found.values())

    @property
    def providers(self) -> tuple[AuthRequest, ...]:
        """The requests of which one must be filled in: one for each provider."""
        return tuple(r for r in self.requests if r.required is Required.PRIMARY)

    def only(self, ids: Iterable[str]) -> Form:
        """Return the form with some of its requests.

        :param ids: the ids of the requests to keep
        :raises InvalidInput: there is no such request
        """
        wanted = list(ids)
        known = [request.id for request in self.requests]
        if unknown := [each for each in wanted if each not in known]:
            raise InvalidInput(
                f'The wiki offers no {", ".join(unknown)}; it offers '
                f'{", ".join(known) or "nothing"}.'
            )
        kept = tuple(request for request in self.requests if request.id in wanted)
        return Form(kept, self.merged)


def form_from_authmanagerinfo(info: object) -> Form:
    """Read the answer of ``meta=authmanagerinfo``.

    https://www.mediawiki.org/wiki/API:Authmanagerinfo

    :param info: the value of ``authmanagerinfo``
    :return: the form; without requests if the wiki offers none
    :raises UnexpectedAnswer: the API does not give such a value
    """
    return read_form(mapping(info, 'authmanagerinfo'))


def read_form(data: Mapping[str, Any]) -> Form:
    """Read the form in an answer.

    :param data: the mapping with ``requests``, and with ``fields`` where merged
    :raises UnexpectedAnswer: the API does not give such a form
    """
    requests = tuple(map(_request, items(data.get('requests', []), 'requests')))
    ids = [request.id for request in requests]
    if len(set(ids)) != len(ids):
        raise UnexpectedAnswer('The answer has two requests with the same id.')
    return Form(requests, _fields(data['fields']) if 'fields' in data else None)


def read_message(value: object, name: str) -> Message | None:
    """Read a message in any format; None for a missing one.

    :param value: a text, a mapping in the format ``raw``, or None
    :param name: what it is called in errors
    :raises UnexpectedAnswer: the API does not give such a message
    """
    if value is None:
        return None
    if isinstance(value, str):
        return Message(text(value, name))
    data = mapping(value, name)
    params = items(data.get('params', []), name)
    if len(json.dumps(params, default=str)) > MAX_TEXT_LENGTH:
        raise UnexpectedAnswer(f'The answer has a {name} that is too long.')
    key = text(data.get('key'), name)
    if not key:
        raise UnexpectedAnswer(f'The answer has a {name} without a key.')
    return Message(key=key, params=tuple(params))


def _request(value: object) -> AuthRequest:
    data = mapping(value, 'a request')
    try:
        required = Required(data.get('required'))
    except ValueError:
        raise UnexpectedAnswer(
            f'A request has the unknown value {shown(data.get("required"))} for '
            '"required".'
        ) from None
    return AuthRequest(
        id=text(data.get('id'), 'id'),
        required=required,
        provider=read_message(data.get('provider'), 'provider'),
        account=read_message(data.get('account'), 'account'),
        metadata=data.get('metadata', {}),
        fields=_fields(data.get('fields', {})),
    )


def _fields(value: object) -> tuple[Field, ...]:
    # PHP encodes an empty mapping as a list.
    data = {} if value == [] else mapping(value, 'fields')
    check_number(data, 'fields')
    return tuple(_field(name, each) for name, each in data.items())


def _field(name: str, value: object) -> Field:
    if not _FIELD_NAME.fullmatch(name):
        raise UnexpectedAnswer(f'A field has the invalid name {shown(name)}.')
    data = mapping(value, f'the field {name}')
    try:
        type_ = FieldType(data.get('type'))
    except ValueError:
        raise UnexpectedAnswer(
            f'The field {name} has the unknown type {shown(data.get("type"))}.'
        ) from None
    sensitive = flag(data, 'sensitive') or type_ is FieldType.PASSWORD
    preset = data.get('value')
    return Field(
        name=name,
        type=type_,
        label=read_message(data.get('label'), 'label'),
        help=read_message(data.get('help'), 'help'),
        value=None if preset is None or sensitive else _preset(preset),
        options=MappingProxyType(_options(data.get('options', {}))),
        optional=flag(data, 'optional'),
        sensitive=sensitive,
    )


def _preset(value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else text(value, 'value')


def _options(value: object) -> dict[str, Message]:
    # PHP encodes a mapping whose keys are 0, 1, 2... as a list.
    pairs = dict(enumerate(value)) if isinstance(value, list) else value
    data = mapping(pairs, 'options')
    check_number(data, 'options')
    return {
        text(str(key), 'an option'): read_message(data[key], 'option') or Message()
        for key in data
    }
