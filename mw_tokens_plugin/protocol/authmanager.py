"""The conversation of AuthManager's modules, as a table of states and transitions.

Fed with answers, a :class:`Flow` says what to do next and what to send; it sends
nothing itself, and knows neither the module nor the prefix of its parameters.

https://www.mediawiki.org/wiki/API:Linkaccount
https://www.mediawiki.org/wiki/Manual:SessionManager_and_AuthManager
"""

from __future__ import annotations

import enum
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from mw_tokens_plugin.exceptions import InvalidInput, UnexpectedAnswer

#: Longer texts than any message of a wiki are taken for a fault.
LONGEST_TEXT = 65_536

#: So are more requests, or fields, or options of a field.
MOST_ITEMS = 1_000

#: What a field is given: text, a choice, several choices, or whether it is ticked.
Value: TypeAlias = str | bool | Sequence[str]

_FIELD_NAME = re.compile(r'[A-Za-z_][\w.-]*', re.ASCII)
_NOT_IN_PROGRESS = '-not-in-progress'
_VERSION = 1


class State(enum.Enum):
    """Where the conversation stands.

    .. version-added:: 0.1
    """

    START = 'start'
    BEGINNING = 'beginning'
    ASKED = 'asked'
    CONTINUING = 'continuing'
    REDIRECTED = 'redirected'
    RETURNING = 'returning'
    DONE = 'done'
    FAILED = 'failed'


class Event(enum.Enum):
    """What moves the conversation on; names in capitals are statuses of answers.

    .. version-added:: 0.1
    """

    SUBMIT = 'submit'
    RETURN = 'return'
    PASS = 'PASS'
    FAIL = 'FAIL'
    UI = 'UI'
    REDIRECT = 'REDIRECT'
    RESTART_AS_UI = 'RESTART as UI'
    RESTART_AS_FAIL = 'RESTART as FAIL'
    #: The wiki answered with an error, so that the same can be submitted again.
    ERROR = 'error'


_ANSWERS = {
    Event.PASS: State.DONE,
    Event.FAIL: State.FAILED,
    Event.UI: State.ASKED,
    Event.REDIRECT: State.REDIRECTED,
    Event.RESTART_AS_UI: State.ASKED,
    Event.RESTART_AS_FAIL: State.FAILED,
}

#: State -> event -> state. What is not here cannot happen.
TRANSITIONS: Mapping[State, Mapping[Event, State]] = MappingProxyType(
    {
        State.START: {Event.SUBMIT: State.BEGINNING},
        State.BEGINNING: {**_ANSWERS, Event.ERROR: State.START},
        State.ASKED: {Event.SUBMIT: State.CONTINUING},
        State.CONTINUING: {**_ANSWERS, Event.ERROR: State.ASKED},
        State.REDIRECTED: {Event.RETURN: State.RETURNING},
        State.RETURNING: {**_ANSWERS, Event.ERROR: State.REDIRECTED},
        State.DONE: {},
        State.FAILED: {},
    }
)


class Restart(enum.Enum):
    """How to take RESTART: it worked, but no account of the wiki is linked.

    .. version-added:: 0.1
    """

    AS_UI = 'ui'
    AS_FAIL = 'fail'


class FieldType(enum.Enum):
    """The types of fields that AuthManager has.

    .. version-added:: 0.1
    """

    STRING = 'string'
    PASSWORD = 'password'
    SELECT = 'select'
    CHECKBOX = 'checkbox'
    MULTISELECT = 'multiselect'
    BUTTON = 'button'
    HIDDEN = 'hidden'
    #: Something to be shown, without an answer.
    NULL = 'null'


class Required(enum.Enum):
    """Whether a request must be filled in.

    .. version-added:: 0.1
    """

    OPTIONAL = 'optional'
    REQUIRED = 'required'
    #: One of those that are so marked, each standing for a provider.
    PRIMARY = 'primary-required'


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the wiki, in the format that was asked for.

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

    :ivar label: None in the message format ``none``; so is help
    :ivar value: what it is filled in with; None if nothing, or if it is sensitive
    :ivar options: values and their labels, of a select or multiselect
    :ivar optional: it may stay empty, and is sent all the same
    :ivar sensitive: it must be neither shown, nor kept, nor sent in a query string
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
    """One authentication request: what a provider wants to know.

    .. version-added:: 0.1

    :ivar id: what ``linkrequests`` and ``unlinkaccount`` call it
    :ivar provider: who is behind it; None in the message format ``none``
    :ivar account: which account there; None in the message format ``none``
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

    def only(self, ids: Iterable[str]) -> Form:
        """Return the form without the requests that are not named.

        :param ids: the ids of requests
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


@dataclass(frozen=True, slots=True)
class Ask:
    """Present the fields, and submit what the user fills in.

    .. version-added:: 0.1

    :ivar message: what the wiki says to it; None in the first step
    :ivar code: a short name of that message
    :ivar restarted: the answer was RESTART
    """

    form: Form
    message: Message | None = None
    code: str = ''
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the user to an address, and go on with what the return carries.

    .. version-added:: 0.1

    :ivar url: always http or https
    :ivar data: what a program may make of it instead, any JSON
    :ivar form: the fields that the return supplies
    """

    url: str
    data: Any = None
    form: Form = Form()

    def expects(self, url: str) -> bool:
        """Tell whether an address carries the state with which the user was sent.

        :param url: an address that somebody came back to
        """
        sent, back = (dict(parse_qsl(urlsplit(u).query)) for u in (self.url, url))
        state = sent.get('state')
        return state is None or hmac.compare_digest(
            state.encode(), back.get('state', '').encode()
        )


@dataclass(frozen=True, slots=True)
class Done:
    """It has worked.

    .. version-added:: 0.1

    :ivar username: who is logged in now, where that was what it was about
    """

    username: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It has not worked, and this conversation is over.

    .. version-added:: 0.1

    :ivar code: a short name of the message
    """

    message: Message | None = None
    code: str = ''

    @property
    def not_in_progress(self) -> bool:
        """Whether the wiki knew of no conversation, as after a lost session."""
        return self.code.endswith(_NOT_IN_PROGRESS)


Step: TypeAlias = Ask | Redirect | Done | Failed


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be sent.

    :ivar begins: the first one; all others continue
    :ivar fields: names and values as they are sent; a name may come several times
    :ivar secrets: those of the values that must not be shown
    """

    begins: bool
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


class Flow:
    """One conversation.

    It can be saved after any call, and loaded elsewhere.

    .. version-added:: 0.1

    :ivar state: where it stands
    :ivar step: what is to be done next
    """

    def __init__(self, form: Form, restart: Restart = Restart.AS_UI) -> None:
        """Start with the form of the first step.

        :param form: what ``meta=authmanagerinfo`` offers
        :param restart: how to take RESTART
        """
        self.state = State.START
        self.step: Step = Ask(form)
        self._restart = restart

    def submit(self, values: Mapping[str, Value]) -> Submission:
        """Return what is to be sent for a form that was filled in.

        Fields that are left out are sent with the value they have, or empty. A
        request of which nothing is filled in is not sent where another will do.

        :param values: the fields by name: text; one option of a select; a sequence
            of options of a multiselect; True or False for a checkbox or button
        :raises InvalidInput: it is not this form's turn, or a value does not fit
        """
        self._check(Event.SUBMIT)
        assert isinstance(self.step, Ask)
        fields = filled_in(self.step.form, values)
        begins = self.state is State.START
        self._move(Event.SUBMIT)
        sensitive = {each.name for each in self.step.form.fields if each.sensitive}
        secrets = [value for name, value in fields if name in sensitive and value]
        return Submission(begins, fields, tuple(secrets))

    def returned(self, url: str) -> Submission:
        """Return what is to be sent when the user has come back.

        :param url: the whole address that the user was sent back to
        :raises InvalidInput: nobody was sent away, or it is not the way back
        """
        self._check(Event.RETURN)
        assert isinstance(self.step, Redirect)
        fields = tuple(_carried(self.step, url))
        self._move(Event.RETURN)
        # A code of the provider is as good as a password, whatever the field says.
        return Submission(False, fields, tuple(value for _, value in fields if value))

    def receive(self, answer: object) -> Step:
        """Take an answer, and return what is to be done next.

        :param answer: the value under the module's name, in either formatversion
        :raises InvalidInput: no answer is awaited
        :raises UnexpectedAnswer: it is none that the API gives; the state stays
        """
        self._check(Event.FAIL)
        step, event = _step(answer, self._restart)
        self._move(event)
        self.step = step
        return step

    def refused(self) -> None:
        """Take back what was submitted, since the wiki answered with an error."""
        self._move(Event.ERROR)

    def save(self) -> dict[str, Any]:
        """Return the conversation as JSON, without anything that was filled in."""
        return {
            'version': _VERSION,
            'state': self.state.value,
            'restart': self._restart.value,
            'step': _step_json(self.step),
        }

    @classmethod
    def load(cls, saved: object) -> Flow:
        """Return a conversation that was saved.

        :param saved: what :meth:`save` returned
        :raises InvalidInput: it is something else
        """
        try:
            data = _mapping(saved, 'the saved state')
            if data.get('version') != _VERSION:
                raise UnexpectedAnswer('its version is not known')
            state = State(data.get('state'))
            flow = cls(Form(), Restart(data.get('restart')))
            step, _ = _step(data.get('step'), Restart.AS_UI)
        except (UnexpectedAnswer, ValueError) as error:
            raise InvalidInput(f'This is no saved conversation: {error}') from None
        if not isinstance(step, _STEP_OF[state]):
            raise InvalidInput(
                f'This is no saved conversation: {state.value} with a '
                f'{type(step).__name__}.'
            )
        flow.state, flow.step = state, step
        return flow

    def _check(self, event: Event) -> None:
        if event not in TRANSITIONS[self.state]:
            waiting = Event.ERROR in TRANSITIONS[self.state]
            raise InvalidInput(
                'Something was sent, and its answer was not seen. It may have been '
                'carried out: look at what is linked, and begin anew if need be.'
                if waiting
                else f'The conversation is {self.state.value}: nothing to '
                f'{"receive" if event is Event.FAIL else event.value}.'
            )

    def _move(self, event: Event) -> None:
        self._check(event)
        self.state = TRANSITIONS[self.state][event]


_STEP_OF: Mapping[State, type[Step]] = {
    State.START: Ask,
    State.BEGINNING: Ask,
    State.ASKED: Ask,
    State.CONTINUING: Ask,
    State.REDIRECTED: Redirect,
    State.RETURNING: Redirect,
    State.DONE: Done,
    State.FAILED: Failed,
}


def form_from_authmanagerinfo(info: object) -> Form:
    """Read the answer of ``meta=authmanagerinfo``.

    https://www.mediawiki.org/wiki/API:Authmanagerinfo

    :param info: the value of ``authmanagerinfo``
    :raises UnexpectedAnswer: it is none that the API gives
    """
    return _form(_mapping(info, 'authmanagerinfo'))


def filled_in(form: Form, values: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    """Return a form's fields as they are sent.

    :param form: the form
    :param values: its fields by name
    :raises InvalidInput: a value does not fit, is missing, or has no field
    """
    names = [each.name for each in form.fields]
    for name in values:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            meant = f' Did you mean {near[0]!r}?' if near else ''
            raise InvalidInput(
                f'There is no field {name!r}; there are: '
                f'{", ".join(names) or "none"}.{meant}'
            )
    sent: dict[str, list[tuple[str, str]]] = {}
    for each in _fields_to_send(form, values):
        sent.setdefault(each.name, list(_sent(each, values.get(each.name))))
    fields = tuple(pair for pairs in sent.values() for pair in pairs)
    for name, text in fields:
        if not _is_sendable(text):
            raise InvalidInput(f'What the field {name!r} is given is no text.')
    return fields


def _fields_to_send(form: Form, values: Mapping[str, Value]) -> Iterator[Field]:
    """Yield the fields of those requests that are answered.

    A request of which a field is missing is passed over by the wiki without a word;
    so one provider is chosen among several, and so fields must not be missing.
    """
    if form.merged is not None:
        yield from form.merged
        return
    answered = [r for r in form.requests if any(f.name in values for f in r.fields)]
    primary = [r for r in form.requests if r.required is Required.PRIMARY]
    if len(primary) == 1 and not answered:
        answered = primary
    if len(primary) > 1 and not answered and any(r.fields for r in primary):
        raise InvalidInput(
            'Fill in the fields of one of these requests: '
            f'{", ".join(r.id for r in primary)}.'
        )
    for request in form.requests:
        if request in answered or request.required is Required.REQUIRED:
            yield from request.fields


def _sent(asked: Field, value: Value | None) -> Iterator[tuple[str, str]]:
    """Yield a field as it is sent: not at all, once, or several times."""
    name, kind = asked.name, asked.type
    empty: bool
    if kind is FieldType.NULL:
        if value is not None:
            raise InvalidInput(f'The field {name!r} is there to be read.')
        return
    if kind in (FieldType.CHECKBOX, FieldType.BUTTON):
        if not isinstance(value, bool | None):
            raise InvalidInput(f'The field {name!r} takes True or False.')
        empty = not value
        if value:
            yield name, '1'
    elif kind is FieldType.MULTISELECT:
        if isinstance(value, str | bool):
            raise InvalidInput(f'The field {name!r} takes a list of its options.')
        chosen = tuple(value or ())
        _check_options(asked, chosen)
        empty = not chosen
        # https://www.mediawiki.org/wiki/API:Data_formats has "a|b" for lists; these
        # fields are no parameters of the API, but of a form in PHP.
        for each in chosen:
            yield f'{name}[]', each
    else:
        if value is not None and not isinstance(value, str):
            raise InvalidInput(f'The field {name!r} takes a text.')
        text = (asked.value or '') if value is None else value
        if kind is FieldType.SELECT and text:
            _check_options(asked, (text,))
        empty = not text
        yield name, text
    if empty and not asked.optional:
        raise InvalidInput(f'The field {name!r} must be filled in.')


def _check_options(asked: Field, chosen: Sequence[object]) -> None:
    for each in chosen:
        if each not in asked.options:
            raise InvalidInput(
                f'The field {asked.name!r} has no option {each!r}; it has '
                f'{", ".join(asked.options) or "none"}.'
            )


def _carried(redirect: Redirect, url: str) -> Iterator[tuple[str, str]]:
    """Yield what an address carries that a user was sent back to."""
    try:
        query = parse_qsl(
            urlsplit(url).query,
            keep_blank_values=True,
            errors='strict',
            max_num_fields=MOST_ITEMS,
        )
    except ValueError as error:
        raise InvalidInput(f'This is not the way back: {error}') from None
    carried = dict(query)
    if not redirect.expects(url):
        raise InvalidInput(
            'The address does not carry the state that the redirect had: it belongs '
            'to another attempt. Follow the redirect again.'
        )
    asked = {each.name: each for each in redirect.form.fields}
    for name, value in query:
        # What is given twice counts as it was given last, but for lists.
        if name.endswith('[]') or carried[name] is value:
            yield name, value
    for each in asked.values():
        if each.name in carried or f'{each.name}[]' in carried:
            continue
        try:
            yield from _sent(each, None)
        except InvalidInput as error:
            said = f' It says: {carried["error"]}.' if 'error' in carried else ''
            raise InvalidInput(
                f'The address carries too little. {error}{said} Follow the redirect '
                'again.'
            ) from None


# What the wiki says


def _step(answer: object, restart: Restart) -> tuple[Step, Event]:
    data = _mapping(answer, 'the answer')
    status = data.get('status')
    if status == 'PASS':
        username = data.get('username')
        return Done(None if username is None else _text(username, 'username')), (
            Event.PASS
        )
    message = _message(data.get('message'), 'message')
    code = _text(data.get('messagecode', ''), 'messagecode')
    if status == 'FAIL':
        return Failed(message, code), Event.FAIL
    if status == 'RESTART' and restart is Restart.AS_FAIL:
        return Failed(message, code), Event.RESTART_AS_FAIL
    if status == 'UI':
        return Ask(_form(data), message, code), Event.UI
    if status == 'RESTART':
        return Ask(_form(data), message, code, restarted=True), Event.RESTART_AS_UI
    if status == 'REDIRECT':
        url = _target(data.get('redirecttarget'))
        return Redirect(url, data.get('redirectdata'), _form(data)), Event.REDIRECT
    raise UnexpectedAnswer(f'The answer has the status {_brief(status)}.')


def _target(value: object) -> str:
    url = _text(value, 'redirecttarget')
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ('http', 'https') and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or re.search(r'[\x00-\x20\x7f]', url):
        raise UnexpectedAnswer(
            f'The answer redirects to {_brief(url)}, which is no http(s) address: do '
            'not follow it.'
        )
    return url


def _form(data: Mapping[str, Any]) -> Form:
    requests = tuple(map(_request, _items(data.get('requests', []), 'requests')))
    ids = [request.id for request in requests]
    if len(set(ids)) != len(ids):
        raise UnexpectedAnswer('The answer has two requests of one id.')
    return Form(requests, _fields(data['fields']) if 'fields' in data else None)


def _request(value: object) -> AuthRequest:
    data = _mapping(value, 'a request')
    try:
        required = Required(data.get('required'))
    except ValueError:
        raise UnexpectedAnswer(
            f'A request is {_brief(data.get("required"))}, which is not known.'
        ) from None
    return AuthRequest(
        id=_text(data.get('id'), 'id'),
        required=required,
        provider=_message(data.get('provider'), 'provider'),
        account=_message(data.get('account'), 'account'),
        metadata=data.get('metadata', {}),
        fields=_fields(data.get('fields', {})),
    )


def _fields(value: object) -> tuple[Field, ...]:
    # An empty mapping of PHP may arrive as a list.
    data = {} if value == [] else _mapping(value, 'fields')
    _check_number(data, 'fields')
    return tuple(_field(name, each) for name, each in data.items())


def _field(name: str, value: object) -> Field:
    if not _FIELD_NAME.fullmatch(name):
        raise UnexpectedAnswer(f'A field has the name {_brief(name)}.')
    data = _mapping(value, f'the field {name}')
    try:
        kind = FieldType(data.get('type'))
    except ValueError:
        raise UnexpectedAnswer(
            f'The field {name} has the type {_brief(data.get("type"))}, which is not '
            'known.'
        ) from None
    sensitive = _flag(data, 'sensitive') or kind is FieldType.PASSWORD
    preset = data.get('value')
    return Field(
        name=name,
        type=kind,
        label=_message(data.get('label'), 'label'),
        help=_message(data.get('help'), 'help'),
        value=None if preset is None or sensitive else _preset(preset),
        options=MappingProxyType(_options(data.get('options', {}))),
        optional=_flag(data, 'optional'),
        sensitive=sensitive,
    )


def _preset(value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else _text(value, 'value')


def _options(value: object) -> dict[str, Message]:
    # So may a mapping whose keys count from nought.
    pairs = dict(enumerate(value)) if isinstance(value, list) else value
    data = _mapping(pairs, 'options')
    _check_number(data, 'options')
    return {
        _text(str(key), 'an option'): _message(data[key], 'option') or Message()
        for key in data
    }


def _message(value: object, what: str) -> Message | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Message(_text(value, what))
    data = _mapping(value, what)
    params = _items(data.get('params', []), what)
    if len(_dumped(params)) > LONGEST_TEXT:
        raise UnexpectedAnswer(f'The answer has a {what} that is too long.')
    key = _text(data.get('key'), what)
    if not key:
        raise UnexpectedAnswer(f'The answer has a {what} without a key.')
    return Message(key=key, params=tuple(params))


def _mapping(value: object, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise UnexpectedAnswer(f'{what} is {_brief(value)} instead of a mapping.')
    return value


def _items(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise UnexpectedAnswer(f'{what} is {_brief(value)} instead of a list.')
    _check_number(value, what)
    return value


def _check_number(items: Sequence[Any] | Mapping[Any, Any], what: str) -> None:
    if len(items) > MOST_ITEMS:
        raise UnexpectedAnswer(f'The answer has {len(items)} {what}, too many.')


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise UnexpectedAnswer(f'{what} is {_brief(value)} instead of a text.')
    if len(value) > LONGEST_TEXT:
        raise UnexpectedAnswer(f'{what} is a text of {len(value)} characters.')
    if not _is_sendable(value):
        raise UnexpectedAnswer(f'{what} is {_brief(value)}, which is no text.')
    return value


def _is_sendable(text: str) -> bool:
    """Tell whether a text has no halves of characters, which JSON may have."""
    return not re.search('[\ud800-\udfff]', text)


def _flag(data: Mapping[str, Any], name: str) -> bool:
    """Read a boolean: an empty string is true in formatversion 1."""
    value = data.get(name, False)
    if not isinstance(value, bool) and value != '':
        raise UnexpectedAnswer(f'{name} is {_brief(value)} instead of true or false.')
    return value is not False


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:80]}…'


def _dumped(value: object) -> str:
    return json.dumps(value, default=str)


# What is saved, in the shape of the wiki's own answers


def _step_json(step: Step) -> dict[str, Any]:
    if isinstance(step, Done):
        return {'status': 'PASS', **_given(username=step.username)}
    if isinstance(step, Redirect):
        return {
            'status': 'REDIRECT',
            'redirecttarget': step.url,
            **_given(redirectdata=step.data),
            **_form_json(step.form),
        }
    shown = {'messagecode': step.code, **_given(message=_message_json(step.message))}
    if isinstance(step, Failed):
        return {'status': 'FAIL', **shown}
    status = 'RESTART' if step.restarted else 'UI'
    return {'status': status, **shown, **_form_json(step.form)}


def _form_json(form: Form) -> dict[str, Any]:
    return {
        'requests': [
            {
                'id': request.id,
                'required': request.required.value,
                'metadata': request.metadata,
                'fields': _fields_json(request.fields),
                **_given(
                    provider=_message_json(request.provider),
                    account=_message_json(request.account),
                ),
            }
            for request in form.requests
        ],
        **({} if form.merged is None else {'fields': _fields_json(form.merged)}),
    }


def _fields_json(fields: Iterable[Field]) -> dict[str, Any]:
    return {
        each.name: {
            'type': each.type.value,
            'optional': each.optional,
            'sensitive': each.sensitive,
            'options': {k: _message_json(v) for k, v in each.options.items()},
            **_given(
                label=_message_json(each.label),
                help=_message_json(each.help),
                value=each.value,
            ),
        }
        for each in fields
    }


def _message_json(message: Message | None) -> Any:
    if message is None or not message.key:
        return message and message.text
    return {'key': message.key, 'params': list(message.params)}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
