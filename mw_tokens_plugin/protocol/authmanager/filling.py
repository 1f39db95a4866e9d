"""What is sent for a form: from values, or from the address of a return.

It refuses what the wiki would ignore silently, before anything is sent. When something
is sent is left to :mod:`.flow`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.authmanager.checks import MAX_ITEMS, is_unicode
from mw_tokens_plugin.protocol.authmanager.forms import (
    Field,
    FieldType,
    Form,
    Required,
)
from mw_tokens_plugin.protocol.authmanager.steps import Redirect

#: The value of a field: a text, one option, several options, or whether it is ticked.
Value: TypeAlias = str | bool | Sequence[str]

#: Names and values as they are sent; a name can occur several times.
Pairs: TypeAlias = tuple[tuple[str, str], ...]


def filled_in(form: Form, values: Mapping[str, Value]) -> Pairs:
    """Return a form's fields as they are sent.

    .. version-added:: 0.1

    :param form: the form
    :param values: its fields by name
    :raises InvalidInput: a value has the wrong type, is missing, or has no field
    """
    _check_names(form, values)
    sent: dict[str, Pairs] = {}
    for each in _fields_to_send(form, values):
        if each.name not in sent:
            sent[each.name] = _pairs(each, values.get(each.name))
    pairs = tuple(pair for several in sent.values() for pair in several)
    for name, text in pairs:
        if not is_unicode(text):
            raise InvalidInput(f'The value of the field {name!r} is not valid Unicode.')
    return pairs


def fields_of_return(redirect: Redirect, url: str) -> Pairs:
    """Return what is sent after the user has come back.

    That is everything in the query string, and the other fields of the form with the
    values that the wiki has filled in.

    :param redirect: the step that sent the user away
    :param url: the whole address that the user was sent back to
    :raises InvalidInput: the address is malformed, belongs to another attempt, or
        lacks a field
    """
    try:
        query = parse_qsl(
            urlsplit(url).query,
            keep_blank_values=True,
            errors='strict',
            max_num_fields=MAX_ITEMS,
        )
    except ValueError as error:
        raise InvalidInput(
            f'This is not the address of the return: {error}. Follow the redirect '
            'again.'
        ) from None
    if not redirect.expects(url):
        raise InvalidInput(
            'The address does not have the state of the redirect: it belongs to '
            'another attempt. Follow the redirect again.'
        )
    # The last value of a name counts, except in lists, as in PHP.
    last = {name: number for number, (name, _) in enumerate(query)}
    sent = [
        (name, value)
        for number, (name, value) in enumerate(query)
        if name.endswith('[]') or last[name] == number
    ]
    for each in redirect.form.fields:
        if each.name not in last and f'{each.name}[]' not in last:
            sent += _default(each, dict(query).get('error'))
    return tuple(sent)


def _default(field: Field, error: str | None) -> Pairs:
    """Return a field that an address lacks.

    :param error: the value of ``error`` in the address
    :raises InvalidInput: the field has no value
    """
    try:
        return _pairs(field, None)
    except InvalidInput as problem:
        if error is None:
            raise InvalidInput(
                f'The address is incomplete. {problem} Follow the redirect again.'
            ) from None
        raise InvalidInput(
            f'The address is incomplete. {problem} It says: {error}. Follow the '
            'redirect again.'
        ) from None


def _check_names(form: Form, values: Mapping[str, Value]) -> None:
    names = [each.name for each in form.fields]
    for name in values:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            meant = f' Did you mean {near[0]!r}?' if near else ''
            raise InvalidInput(
                f'There is no field {name!r}; there are: '
                f'{", ".join(names) or "none"}.{meant}'
            )


def _fields_to_send(form: Form, values: Mapping[str, Value]) -> Iterator[Field]:
    """Yield the fields of those requests that are filled in.

    A wiki ignores a request of which a field is missing, without an error. This is how
    one of several providers is selected, and why no field may be missing.

    https://www.mediawiki.org/wiki/Manual:SessionManager_and_AuthManager
    """
    if form.merged is not None:
        yield from form.merged
        return
    answered = [r for r in form.requests if any(f.name in values for f in r.fields)]
    providers = form.providers
    if len(providers) == 1 and not answered:
        answered = [*providers]
    if len(providers) > 1 and not answered and any(r.fields for r in providers):
        raise InvalidInput(
            'Fill in the fields of one of these requests: '
            f'{", ".join(r.id for r in providers)}.'
        )
    for request in form.requests:
        if request in answered or request.required is Required.REQUIRED:
            yield from request.fields


def _pairs(field: Field, value: Value | None) -> Pairs:
    """Return a field as it is sent: not at all, once, or several times.

    :param value: None for the value that the wiki has filled in
    :raises InvalidInput: the value has the wrong type, or is missing
    """
    if field.type is FieldType.NULL:
        if value is not None:
            raise InvalidInput(
                f'The field {field.name!r} is only shown: give no value.'
            )
        return ()
    if field.type in (FieldType.CHECKBOX, FieldType.BUTTON):
        chosen = _ticked(field, value)
    elif field.type is FieldType.MULTISELECT:
        chosen = _options(field, value)
    else:
        chosen = _text(field, value)
    empty = chosen in ((), ((field.name, ''),))
    if empty and not field.optional:
        raise InvalidInput(f'The field {field.name!r} must be filled in.')
    return chosen


def _ticked(field: Field, value: Value | None) -> Pairs:
    if not isinstance(value, bool | None):
        raise InvalidInput(f'The field {field.name!r} takes True or False.')
    return ((field.name, '1'),) if value else ()


def _options(field: Field, value: Value | None) -> Pairs:
    if isinstance(value, str | bool):
        raise InvalidInput(f'The field {field.name!r} takes a list of its options.')
    chosen = tuple(value or ())
    _check_options(field, chosen)
    # Lists of the API are written "a|b", but this is a field of a form in PHP.
    # https://www.mediawiki.org/wiki/API:Data_formats
    return tuple((f'{field.name}[]', each) for each in chosen)


def _text(field: Field, value: Value | None) -> Pairs:
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f'The field {field.name!r} takes a text.')
    text = (field.value or '') if value is None else value
    if field.type is FieldType.SELECT and text:
        _check_options(field, (text,))
    return ((field.name, text),)


def _check_options(field: Field, chosen: Sequence[object]) -> None:
    for each in chosen:
        if each not in field.options:
            raise InvalidInput(
                f'The field {field.name!r} has no option {each!r}; it has '
                f'{", ".join(field.options) or "none"}.'
            )
