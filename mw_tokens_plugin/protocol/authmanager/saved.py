"""Saving an interrupted conversation as JSON, and loading it in another process.

A step is saved in the form of the wiki's own answers, so that it is read by the same
code and checked in the same way. Nothing that was filled in is saved. Where the JSON is
kept, and who can read it, is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mw_tokens_plugin.exceptions import InvalidInput, UnexpectedAnswer
from mw_tokens_plugin.protocol.authmanager.checks import mapping
from mw_tokens_plugin.protocol.authmanager.flow import Flow, State
from mw_tokens_plugin.protocol.authmanager.forms import Field, Form, Message
from mw_tokens_plugin.protocol.authmanager.steps import (
    Done,
    Failed,
    Redirect,
    Restart,
    Status,
    Step,
    read_answer,
)

_VERSION = 1


def save(flow: Flow) -> dict[str, Any]:
    """Return a conversation as JSON; it can be saved after any call.

    .. version-added:: 0.1
    """
    return {
        'version': _VERSION,
        'state': flow.state.value,
        'restart': flow.restart.value,
        'step': _step(flow.step),
    }


def load(saved: object) -> Flow:
    """Return a conversation that was saved.

    .. version-added:: 0.1

    :param saved: what :func:`save` returned
    :raises InvalidInput: it is something else
    """
    try:
        data = mapping(saved, 'the saved state')
        if data.get('version') != _VERSION:
            raise UnexpectedAnswer('Its version is unknown.')
        return Flow.resumed(
            State(data.get('state')),
            read_answer(data.get('step'), Restart.AS_UI).step,
            Restart(data.get('restart')),
        )
    except (InvalidInput, UnexpectedAnswer, ValueError) as error:
        raise InvalidInput(f'This is not a saved conversation: {error}') from None


def _step(step: Step) -> dict[str, Any]:
    if isinstance(step, Done):
        return {'status': Status.PASS.value, **_present(username=step.username)}
    if isinstance(step, Redirect):
        return {
            'status': Status.REDIRECT.value,
            'redirecttarget': step.url,
            **_present(redirectdata=step.data),
            **_form(step.form),
        }
    explained = {'messagecode': step.code, **_present(message=_message(step.message))}
    if isinstance(step, Failed):
        return {'status': Status.FAIL.value, **explained}
    status = Status.RESTART if step.restarted else Status.UI
    return {'status': status.value, **explained, **_form(step.form)}


def _form(form: Form) -> dict[str, Any]:
    requests = [
        {
            'id': request.id,
            'required': request.required.value,
            'metadata': request.metadata,
            'fields': _fields(request.fields),
            **_present(
                provider=_message(request.provider),
                account=_message(request.account),
            ),
        }
        for request in form.requests
    ]
    if form.merged is None:
        return {'requests': requests}
    return {'requests': requests, 'fields': _fields(form.merged)}


def _fields(fields: Iterable[Field]) -> dict[str, Any]:
    return {
        each.name: {
            'type': each.type.value,
            'optional': each.optional,
            'sensitive': each.sensitive,
            'options': {key: _message(label) for key, label in each.options.items()},
            **_present(
                label=_message(each.label),
                help=_message(each.help),
                value=each.value,
            ),
        }
        for each in fields
    }


def _message(message: Message | None) -> Any:
    if message is None or not message.key:
        return message and message.text
    return {'key': message.key, 'params': list(message.params)}


def _present(**values: Any) -> dict[str, Any]:
    """Return those values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
