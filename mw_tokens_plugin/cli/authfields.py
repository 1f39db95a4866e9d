"""Filling in a form of AuthManager with given values, or at a terminal.

It shows forms as plain text and asks for their fields. What is sent for a form, and
which values are valid, is left to :mod:`mw_tokens_plugin.protocol.authmanager`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mw_tokens_plugin.cli.asking import Terminal
from mw_tokens_plugin.exceptions import InvalidInput, StoppedByGuard
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.authmanager import (
    AuthRequest,
    Field,
    FieldType,
    Form,
    Value,
)
from mw_tokens_plugin.protocol.authmanager.typed import (
    TICKED,
    clean,
    plain,
    value_of,
)


class FormFiller:
    """Fills in the forms of one conversation.

    .. version-added:: 0.1
    """

    def __init__(self, given: Mapping[str, str], terminal: Terminal) -> None:
        """Start without any form.

        :param given: values of fields that need not be asked for, by name
        :param terminal: where the other fields are asked for
        """
        self._given = given
        self._terminal = terminal
        #: Forms for which the given values were used, which helps only once.
        self._tried: list[Form] = []

    def fill_in(self, form: Form) -> dict[str, Value]:
        """Return values for a form's fields, by name.

        :raises InvalidInput: a value is invalid, or no provider was chosen
        :raises StoppedByGuard: the wiki asks again, and there is nobody to be asked
        """
        again = form in self._tried
        if again and not self._terminal.attended:
            raise StoppedByGuard(
                'The wiki asks the same again, so it refuses the values that are given '
                f'for {", ".join(each.name for each in form.fields)}.'
            )
        self._tried.append(form)
        given = {} if again else self._given
        values: dict[str, Value] = {}
        for each in self._fields(form):
            if each.name in given:
                values[each.name] = value_of(each, given[each.name])
            elif self._terminal.attended and each.type is not FieldType.HIDDEN:
                answer = self._ask(each)
                if answer is not None:
                    values[each.name] = answer
        return values

    def _fields(self, form: Form) -> tuple[Field, ...]:
        """Return the fields to fill in: of several providers, those of one."""
        providers = form.providers
        if form.merged is not None or len(providers) < 2:
            return form.fields
        given = [r for r in providers if any(f.name in self._given for f in r.fields)]
        chosen = given[0] if len(given) == 1 else self._choose(providers)
        others = [r.id for r in form.requests if r not in providers]
        return form.only([chosen.id, *others]).fields

    def _choose(self, providers: tuple[AuthRequest, ...]) -> AuthRequest:
        ids = ', '.join(request.id for request in providers)
        if not self._terminal.attended:
            raise InvalidInput(f'Name one with -request:ID; there are: {ids}.')
        for request in providers:
            print(described(request))
        wanted = self._terminal.ask(message('link_account-which')).strip()
        for request in providers:
            if request.id == wanted:
                return request
        raise InvalidInput(f'There is no {wanted!r}; there are: {ids}.')

    def _ask(self, field: Field) -> Value | None:
        """Ask the operator for a field; None leaves it as it is."""
        label = plain(field.label) or field.name
        if field.type is FieldType.NULL:
            print(label)
            return None
        help = plain(field.help)
        if help and help != label:
            print(f'  {help}')
        for key, option in field.options.items():
            print(f'  {clean(key)}: {plain(option)}')
        prompt = f'{label}{_hint(field)}'
        if field.sensitive:
            text = self._terminal.ask_hidden(f'{prompt}: ')
        else:
            text = self._terminal.ask(prompt).strip()
        if not text and field.type not in TICKED:
            return None
        return value_of(field, text)


def described(request: AuthRequest) -> str:
    """Return a line about a request: its id, the provider, the account there.

    .. version-added:: 0.1
    """
    about = [plain(request.provider), plain(request.account)]
    return f'{clean(request.id)}: {", ".join(filter(None, about))}'


def _hint(field: Field) -> str:
    """Return what is added to the label of a field where it is asked for."""
    optional = f' {message("link_account-optional")}' if field.optional else ''
    if field.type in TICKED:
        return ' [y/N]'
    if field.type is FieldType.MULTISELECT:
        return f' {message("link_account-several")}{optional}'
    return f' [{clean(field.value)}]' if field.value else optional
