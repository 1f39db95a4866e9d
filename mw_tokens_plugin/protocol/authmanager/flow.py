"""One conversation with AuthManager: its states, and which of them follow each other.

**Theory of operation.** A wiki links an account (or logs one in, or creates one) in
several requests, because a provider may ask for more fields, or want to see the user in
a browser. The wiki keeps its half of the conversation in the session; a :class:`Flow`
is the other half.

There are three states in which it is our turn, and one after each of them in which it
is the wiki's turn:

===========================  ==================  =======================
our turn                     event               the wiki's turn
===========================  ==================  =======================
``start`` (the first form)   ``submit``          ``beginning``
``asked`` (another form)     ``submit``          ``continuing``
``redirected``               ``return``          ``returning``
===========================  ==================  =======================

``done`` and ``failed`` are the end. The caller changes the state in pairs of calls:
:meth:`Flow.submit` or :meth:`Flow.returned` returns what to send, and afterwards
:meth:`Flow.receive` takes the answer, or :meth:`Flow.refused` records that the wiki
refused the request before it reached AuthManager. Where the answer was lost, neither is
called.

What always holds:

- No state changes except along :data:`TRANSITIONS`; a call that raises changes nothing.
- The type of the step follows from the state (:data:`STEP_TYPES`).
- While it is the wiki's turn, nothing can be submitted. So nothing is sent twice, not
  even after the answer was lost and the conversation was saved and loaded.
- A value that was filled in is in the returned :class:`Submission` alone. The flow
  does not keep it, so it is not saved either.

A flow sends nothing, and knows neither the module nor the prefix of its parameters:
that is left to the caller. Reading answers is left to
:mod:`mw_tokens_plugin.protocol.authmanager.steps` and :mod:`.forms`, and keeping a
conversation for another process to :mod:`.saved`.

https://www.mediawiki.org/wiki/API:Linkaccount
https://www.mediawiki.org/wiki/Manual:SessionManager_and_AuthManager
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.protocol.authmanager.filling import (
    Pairs,
    Value,
    fields_of_return,
    filled_in,
)
from mw_tokens_plugin.protocol.authmanager.forms import Form
from mw_tokens_plugin.protocol.authmanager.steps import (
    Answer,
    Ask,
    Done,
    Failed,
    Redirect,
    Restart,
    Status,
    Step,
    read_answer,
)


class State(enum.Enum):
    """The states of a conversation.

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
    """What changes the state; names in capitals are statuses of answers.

    .. version-added:: 0.1
    """

    SUBMIT = 'submit'
    RETURN = 'return'
    PASS = 'PASS'  # noqa: S105  # that it has passed
    FAIL = 'FAIL'
    UI = 'UI'
    REDIRECT = 'REDIRECT'
    RESTART_AS_UI = 'RESTART as UI'
    RESTART_AS_FAIL = 'RESTART as FAIL'
    #: The wiki answered with an error; the same can be submitted again.
    ERROR = 'error'


_ANSWERS = {
    Event.PASS: State.DONE,
    Event.FAIL: State.FAILED,
    Event.UI: State.ASKED,
    Event.REDIRECT: State.REDIRECTED,
    Event.RESTART_AS_UI: State.ASKED,
    Event.RESTART_AS_FAIL: State.FAILED,
}

#: State -> event -> state. Nothing else can happen.
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

#: State -> the type of the step; while it is the wiki's turn, that of the last step.
STEP_TYPES: Mapping[State, type[Step]] = MappingProxyType(
    {
        State.START: Ask,
        State.BEGINNING: Ask,
        State.ASKED: Ask,
        State.CONTINUING: Ask,
        State.REDIRECTED: Redirect,
        State.RETURNING: Redirect,
        State.DONE: Done,
        State.FAILED: Failed,
    }
)


@dataclass(frozen=True, slots=True)
class Submission:
    """A request to send.

    :ivar is_first: whether it starts the conversation; all others continue it
    :ivar fields: names and values as they are sent; a name can occur several times
    :ivar secrets: those of the values that must not be shown
    """

    is_first: bool
    fields: Pairs = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


class Flow:
    """One conversation.

    .. version-added:: 0.1

    :ivar state: the present state
    :ivar step: what to do next
    :ivar restart: how RESTART is treated
    """

    def __init__(self, form: Form, restart: Restart = Restart.AS_UI) -> None:
        """Start with the form of the first step.

        :param form: what ``meta=authmanagerinfo`` offers
        :param restart: how to treat RESTART
        """
        self.state = State.START
        self.step: Step = Ask(form)
        self.restart = restart

    @classmethod
    def resumed(cls, state: State, step: Step, restart: Restart) -> Flow:
        """Return a conversation that another process has left.

        :raises InvalidInput: the step does not belong to the state
        """
        if not isinstance(step, STEP_TYPES[state]):
            raise InvalidInput(
                f'The state {state.value!r} does not go with the step '
                f'{type(step).__name__!r}.'
            )
        flow = cls(Form(), restart)
        flow.state, flow.step = state, step
        return flow

    def submit(
        self, values: Mapping[str, Value], requests: Iterable[str] | None = None
    ) -> Submission:
        """Return what to send for a form that was filled in.

        Fields without a value are sent with the value that the wiki has filled in, or
        empty. A request is not sent if none of its fields has a value, unless it is
        required.

        :param values: the fields by name: text; one option of a select; a sequence
            of options of a multiselect; True or False for a checkbox or button
        :param requests: the ids of the only requests that are filled in
        :raises InvalidInput: there is no form to be submitted, or a value is invalid
        """
        self._check(Event.SUBMIT)
        assert isinstance(self.step, Ask)
        form = self.step.form if requests is None else self.step.form.only(requests)
        fields = filled_in(form, values)
        is_first = self.state is State.START
        self._move(Event.SUBMIT)
        sensitive = {each.name for each in self.step.form.fields if each.sensitive}
        secrets = [value for name, value in fields if name in sensitive and value]
        return Submission(is_first, fields, tuple(secrets))

    def returned(self, url: str) -> Submission:
        """Return what to send after the user has come back.

        :param url: the whole address that the user was sent back to
        :raises InvalidInput: no return is awaited, or the address is another one
        """
        self._check(Event.RETURN)
        assert isinstance(self.step, Redirect)
        fields = fields_of_return(self.step, url)
        self._move(Event.RETURN)
        # A provider's code is worth a password, whether its field is sensitive or not.
        return Submission(False, fields, tuple(value for _, value in fields if value))

    def receive(self, answer: object) -> Step:
        """Take an answer, and return what to do next.

        :param answer: the value under the module's name, in either formatversion
        :raises InvalidInput: no answer is awaited
        :raises UnexpectedAnswer: the API does not give such an answer; the state stays
        """
        self._check(Event.FAIL)
        received = read_answer(answer, self.restart)
        self._move(_event(received))
        self.step = received.step
        return received.step

    def refused(self) -> None:
        """Go back to the state before the submission: the wiki answered with an error.

        :raises InvalidInput: no answer is awaited
        """
        self._move(Event.ERROR)

    def _check(self, event: Event) -> None:
        """Check that an event can happen now.

        :raises InvalidInput: it cannot
        """
        if event in TRANSITIONS[self.state]:
            return
        if Event.ERROR in TRANSITIONS[self.state]:
            raise InvalidInput(
                'Something was sent, and its answer was not received. The wiki may '
                'have processed it: look at what is linked, and start again if it is '
                'not.'
            )
        state = self.state.value
        if event is Event.SUBMIT:
            raise InvalidInput(f'There is no form to submit: the state is {state!r}.')
        if event is Event.RETURN:
            raise InvalidInput(f'No return is awaited: the state is {state!r}.')
        raise InvalidInput(f'No answer is awaited: the state is {state!r}.')

    def _move(self, event: Event) -> None:
        self._check(event)
        self.state = TRANSITIONS[self.state][event]


def _event(answer: Answer) -> Event:
    if answer.status is not Status.RESTART:
        return Event(answer.status.value)
    failed = isinstance(answer.step, Failed)
    return Event.RESTART_AS_FAIL if failed else Event.RESTART_AS_UI
