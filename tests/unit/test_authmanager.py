"""The conversation of AuthManager: its table, its forms, and hostile answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mw_tokens_plugin.exceptions import InvalidInput, UnexpectedAnswer
from mw_tokens_plugin.protocol.authmanager import (
    MAX_TEXT_LENGTH,
    TRANSITIONS,
    Ask,
    Done,
    Event,
    Failed,
    FieldType,
    Flow,
    Form,
    Message,
    Redirect,
    Restart,
    State,
    Value,
    filled_in,
    form_from_authmanagerinfo,
    load,
    save,
)

RECORDED = json.loads(
    (Path(__file__).parents[1] / 'contract/samples/1.43/j_linkaccount.json').read_text(
        'utf-8'
    )
)

FIELD = {'type': 'string', 'label': 'L', 'help': 'H', 'optional': True}


def form(required: str = 'required', **fields: Mapping[str, Any]) -> Form:
    """Return a form with one request."""
    return form_from_authmanagerinfo({'requests': [request('R', required, **fields)]})


def request(id: str, required: str, **fields: Any) -> dict[str, Any]:
    return {'id': id, 'required': required, 'metadata': {}, 'fields': fields}


def answer(status: str, **more: Any) -> dict[str, Any]:
    """Return an answer that the API gives."""
    given: dict[str, Any] = {'status': status, **more}
    if status in ('UI', 'REDIRECT', 'RESTART'):
        given.setdefault('requests', [request('R', 'required', name=FIELD)])
    if status == 'REDIRECT':
        given.setdefault('redirecttarget', 'https://idp.example/?state=abc')
    return given


def waiting() -> Flow:
    """Return a conversation that waits for its first answer."""
    flow = Flow(form(name=FIELD))
    flow.submit({'name': 'x'})
    return flow


# Answers


@pytest.mark.parametrize(
    'exchange',
    [e for e in RECORDED if 'linkaccount' in e['json']],
    ids=lambda e: e['note'][:40],
)
def test_every_recorded_answer_is_understood(exchange: Any) -> None:
    recorded = exchange['json']['linkaccount']
    kinds = {'PASS': Done, 'FAIL': Failed, 'UI': Ask, 'REDIRECT': Redirect}
    step = waiting().receive(recorded)
    assert type(step) is kinds[recorded['status']]
    if isinstance(step, Ask | Redirect):
        named = recorded.get('fields') or recorded['requests'][0]['fields']
        assert [field.name for field in step.form.fields] == list(named)


def test_both_formatversions_say_the_same() -> None:
    """The same exchanges were recorded in both; states of redirects differ."""
    by_note: dict[str, list[Any]] = {}
    for exchange in RECORDED:
        recorded = exchange['json'].get('linkaccount', {})
        if recorded.get('status') == 'UI':
            by_note.setdefault(exchange['note'], []).append(waiting().receive(recorded))
    pairs = [steps for steps in by_note.values() if len(steps) == 2]
    assert len(pairs) > 10
    for one, two in pairs:
        assert one == two


def test_a_lost_session_is_told_from_other_failures() -> None:
    lost = answer('FAIL', messagecode='authmanager-link-not-in-progress')
    step = waiting().receive(lost)
    assert isinstance(step, Failed)
    assert step.not_in_progress
    step = waiting().receive(answer('FAIL', messagecode='authmanager-link-no-primary'))
    assert isinstance(step, Failed)
    assert not step.not_in_progress


HUGE = 'x' * (MAX_TEXT_LENGTH + 1)


@pytest.mark.parametrize(
    'hostile',
    [
        None,
        [],
        'PASS',
        {},
        {'status': None},
        {'status': 'pass'},
        {'status': 'ABSTAIN'},
        {'status': ['PASS']},
        {'status': 'PASS', 'username': 7},
        answer('FAIL', message=HUGE),
        answer('FAIL', message={'key': 'k', 'params': [HUGE]}),
        answer('FAIL', message={'key': '', 'params': []}),
        answer('FAIL', message={'params': []}),
        answer('FAIL', message=7),
        answer('FAIL', message='\ud800'),
        answer('FAIL', messagecode=None),
        answer('UI', requests=None),
        answer('UI', requests=[7]),
        answer('UI', requests={}),
        answer('UI', requests=[request('R', 'perhaps')]),
        answer('UI', requests=[{'required': 'optional', 'fields': {}}]),
        answer('UI', requests=[request('R', 'optional'), request('R', 'optional')]),
        answer('UI', requests=[request('R', 'optional', f=7)]),
        answer('UI', requests=[request('R', 'optional', f={'type': 'file'})]),
        answer('UI', requests=[request('R', 'optional', f={})]),
        answer(
            'UI', requests=[request('R', 'optional', f={**FIELD, 'optional': 'no'})]
        ),
        answer(
            'UI', requests=[request('R', 'optional', f={**FIELD, 'options': 'red'})]
        ),
        answer('UI', requests=[request('R', 'optional', f={**FIELD, 'value': {}})]),
        answer('UI', requests=[request('R', 'optional', **{'a&b': FIELD})]),
        answer('UI', requests=[request('R', 'optional', **{'': FIELD})]),
        answer('UI', requests=[request('R', 'optional')] * 2000),
        answer('UI', fields={f'f{n}': FIELD for n in range(2000)}),
        answer('REDIRECT', redirecttarget=None),
        answer('REDIRECT', redirecttarget='/relative'),
        answer('REDIRECT', redirecttarget='//idp.example/'),
        answer('REDIRECT', redirecttarget='https://'),
        answer('REDIRECT', redirecttarget='javascript:alert(1)'),
        answer('REDIRECT', redirecttarget='file:///etc/passwd'),
        answer('REDIRECT', redirecttarget='https://idp.example/\nSet-Cookie: x'),
        answer('REDIRECT', redirecttarget='https://[::1/'),
        answer('REDIRECT', redirecttarget=f'https://idp.example/{HUGE}'),
    ],
    ids=lambda hostile: repr(hostile)[:60],
)
def test_a_hostile_answer_is_an_error_and_changes_nothing(hostile: object) -> None:
    flow = waiting()
    before = save(flow)
    with pytest.raises(UnexpectedAnswer) as raised:
        flow.receive(hostile)
    assert len(str(raised.value)) < 300
    assert save(flow) == before
    assert flow.receive(answer('PASS')) == Done()


# The table

_texts = st.text(st.characters(codec='utf-8'), max_size=8)
_messages = (
    st.none()
    | _texts
    | st.builds(
        lambda key, params: {'key': key, 'params': params},
        st.text('abc-', min_size=1, max_size=8),
        st.lists(_texts | st.integers() | st.dictionaries(_texts, _texts), max_size=2),
    )
)
_kinds = st.sampled_from([kind.value for kind in FieldType])
_fields = st.dictionaries(
    st.text('abcdef', min_size=1, max_size=3),
    st.fixed_dictionaries(
        {'type': _kinds, 'optional': st.booleans(), 'sensitive': st.booleans()},
        optional={
            'label': _messages,
            'help': _messages,
            'value': _texts,
            'options': st.dictionaries(_texts, _texts, max_size=2) | st.lists(_texts),
        },
    ),
    max_size=4,
)
_requests: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {
            'id': st.text('RST\\', min_size=1, max_size=5),
            'required': st.sampled_from(['optional', 'required', 'primary-required']),
            'metadata': st.just({}) | st.just([]),
            'fields': _fields,
        },
        optional={'provider': _messages, 'account': _messages},
    ),
    max_size=3,
    unique_by=lambda each: str(each['id']),
)
_good = st.fixed_dictionaries(
    {
        'requests': _requests,
        'redirecttarget': st.sampled_from(
            ['https://idp.example/a?state=s', 'http://127.0.0.1:80/']
        ),
        'messagecode': _texts,
    },
    optional={
        'message': _messages,
        'fields': _fields,
        'redirectdata': st.none() | st.dictionaries(_texts, st.integers() | _texts),
        'username': _texts,
    },
)
_bad = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ['status', 'requests', 'fields', 'message', 'redirecttarget', 'x']
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(Restart)), st.data())
def test_nothing_leads_out_of_the_table_and_saving_changes_nothing(
    restart: Restart, data: st.DataObject
) -> None:
    """Most moves are those that the table has; any other is refused."""
    flow = Flow(form(name=FIELD), restart)
    for _ in range(10):
        state = flow.state
        saved = json.dumps(save(flow))
        again = load(json.loads(saved))
        assert (again.state, again.step) == (flow.state, flow.step)
        assert json.dumps(save(again)) == saved
        flow = data.draw(st.sampled_from([flow, again]))
        proper = data.draw(st.sampled_from([True] * 5 + [False]))
        # What ends it comes last, so that long conversations are preferred.
        leads = sorted(
            TRANSITIONS[state].items(), key=lambda lead: not TRANSITIONS[lead[1]]
        )
        events = [event for event, _ in leads] if proper else []
        event = data.draw(st.sampled_from(events or list(Event)))
        try:
            answers = event not in (Event.SUBMIT, Event.RETURN, Event.ERROR)
            said = data.draw(_good if proper else _bad) if answers else None
            moved = _move(flow, event, said)
        except (InvalidInput, UnexpectedAnswer):
            assert flow.state is state
            assert json.dumps(save(flow)) == saved
        else:
            assert flow.state is TRANSITIONS[state][moved]


def _move(flow: Flow, event: Event, said: Any) -> Event:
    """Make a move, and return which one of the table it was."""
    step = flow.step
    if event is Event.SUBMIT:
        flow.submit(_fitting(step.form) if isinstance(step, Ask) else {})
    elif event is Event.RETURN:
        form = step.form if isinstance(step, Redirect) else Form()
        query = '&'.join(f'{each.name}=0' for each in form.fields)
        flow.returned(f'https://example.org/?state=s&{query}')
    elif event is Event.ERROR:
        flow.refused()
    else:
        status = event.value.partition(' ')[0]
        said = {**said, 'status': status} if isinstance(said, dict) else said
        flow.receive(said)
        if status == 'RESTART':
            as_ui = isinstance(flow.step, Ask)
            return Event.RESTART_AS_UI if as_ui else Event.RESTART_AS_FAIL
    return event


def _fitting(form: Form) -> dict[str, Value]:
    """Fill in a form so that it can be submitted, where that is possible."""
    values: dict[str, Value] = {}
    for each in form.fields:
        if each.type in (FieldType.CHECKBOX, FieldType.BUTTON):
            values[each.name] = True
        elif each.type is FieldType.MULTISELECT:
            values[each.name] = list(each.options)
        elif each.type is FieldType.SELECT:
            values[each.name] = next(iter(each.options), '')
        elif each.type is not FieldType.NULL:
            values[each.name] = 'x'
    return values


def test_every_state_but_the_last_two_leads_on() -> None:
    assert set(TRANSITIONS) == set(State)
    ends = {state for state, events in TRANSITIONS.items() if not events}
    assert ends == {State.DONE, State.FAILED}


@pytest.mark.parametrize(
    ('saved', 'because'),
    [
        (None, 'the saved state'),
        ({}, 'version'),
        ({'version': 2}, 'version'),
        ({'version': 1, 'state': 'nowhere'}, 'nowhere'),
        ({'version': 1, 'state': 'asked', 'restart': 'ui', 'step': {}}, 'status'),
        (
            {'version': 1, 'state': 'asked', 'restart': 'ui', 'step': answer('PASS')},
            "'asked' does not go with the step 'Done'",
        ),
    ],
)
def test_what_was_not_saved_is_not_loaded(saved: object, because: str) -> None:
    with pytest.raises(InvalidInput, match=because):
        load(saved)


def test_what_was_filled_in_is_neither_saved_nor_shown() -> None:
    flow = Flow(
        form(
            code={**FIELD, 'sensitive': True, 'value': 'preset-secret'},
            pin={**FIELD, 'type': 'password', 'value': 'preset-secret'},
            name=FIELD,
        )
    )
    sent = flow.submit({'code': 'my-secret', 'pin': 'my-pin', 'name': 'my-name'})
    assert sent.secrets == ('my-secret', 'my-pin')
    shown = f'{json.dumps(save(flow))} {flow.step!r} {sent!r}'
    for secret in 'preset-secret', 'my-secret', 'my-pin', 'my-name':
        assert secret not in shown


def test_after_an_error_the_same_can_be_submitted_again() -> None:
    flow = waiting()
    flow.receive(answer('UI'))
    assert not flow.submit({'name': 'x'}).is_first
    flow.refused()
    assert flow.state is State.ASKED
    assert not flow.submit({'name': 'y'}).is_first


def test_after_a_lost_answer_nothing_is_submitted() -> None:
    flow = load(json.loads(json.dumps(save(waiting()))))
    with pytest.raises(InvalidInput, match='look at what is linked'):
        flow.submit({'name': 'x'})


# Forms

COLOURS = {'options': {'red': 'Red', 'blue': 'Blue'}}
PROVIDERS = form_from_authmanagerinfo(
    {
        'requests': [
            request('One', 'primary-required', one={'type': 'string'}),
            request('Two', 'primary-required', two={'type': 'string'}, also=FIELD),
            request('More', 'optional', more={'type': 'string'}),
            request('Always', 'required', always=FIELD),
        ]
    }
)


@pytest.mark.parametrize(
    ('fields', 'values', 'sent'),
    [
        ({'a': FIELD}, {}, [('a', '')]),
        ({'a': {**FIELD, 'value': 'preset'}}, {}, [('a', 'preset')]),
        ({'a': {**FIELD, 'value': 'preset'}}, {'a': ''}, [('a', '')]),
        ({'a': {**FIELD, 'type': 'hidden', 'value': 7}}, {}, [('a', '7')]),
        ({'a': {**FIELD, 'type': 'null'}}, {}, []),
        ({'a': {**FIELD, 'type': 'checkbox'}}, {}, []),
        ({'a': {**FIELD, 'type': 'checkbox'}}, {'a': False}, []),
        ({'a': {'type': 'checkbox'}}, {'a': True}, [('a', '1')]),
        ({'a': {**FIELD, 'type': 'button'}}, {'a': True}, [('a', '1')]),
        ({'a': {**FIELD, 'type': 'select', **COLOURS}}, {}, [('a', '')]),
        ({'a': {'type': 'select', **COLOURS}}, {'a': 'red'}, [('a', 'red')]),
        ({'a': {'type': 'select', 'options': ['A', 'B']}}, {'a': '1'}, [('a', '1')]),
        ({'a': {**FIELD, 'type': 'multiselect', **COLOURS}}, {}, []),
        (
            {'a': {'type': 'multiselect', **COLOURS}},
            {'a': ['red', 'blue']},
            [('a[]', 'red'), ('a[]', 'blue')],
        ),
        ({'a': FIELD}, {'a': 'x|y&z=1'}, [('a', 'x|y&z=1')]),
    ],
)
def test_fields_are_sent_as_a_browser_would(
    fields: dict[str, Any], values: dict[str, Any], sent: list[tuple[str, str]]
) -> None:
    assert list(filled_in(form(**fields), values)) == sent


@pytest.mark.parametrize(
    ('fields', 'values', 'because'),
    [
        ({'a': {'type': 'string'}}, {}, "'a' must be filled in"),
        ({'a': {'type': 'checkbox'}}, {}, "'a' must be filled in"),
        ({'a': {'type': 'button'}}, {'a': False}, "'a' must be filled in"),
        ({'a': {'type': 'select', **COLOURS}}, {}, "'a' must be filled in"),
        ({'a': {'type': 'multiselect', **COLOURS}}, {'a': []}, 'must be filled in'),
        ({'a': {'type': 'select', **COLOURS}}, {'a': 'green'}, 'red, blue'),
        ({'a': {'type': 'multiselect', **COLOURS}}, {'a': ['green']}, 'red, blue'),
        ({'a': {'type': 'multiselect', **COLOURS}}, {'a': 'red'}, 'a list'),
        ({'a': {'type': 'checkbox'}}, {'a': 'yes'}, 'True or False'),
        ({'a': FIELD}, {'a': True}, 'a text'),
        ({'a': FIELD}, {'a': '\udcff'}, 'not valid Unicode'),
        ({'a': {**FIELD, 'type': 'null'}}, {'a': 'x'}, 'only shown'),
        ({'name': FIELD}, {'nam': 'x'}, "Did you mean 'name'"),
    ],
)
def test_what_the_wiki_would_ignore_is_refused(
    fields: dict[str, Any], values: dict[str, Any], because: str
) -> None:
    with pytest.raises(InvalidInput, match=because):
        filled_in(form(**fields), values)


@pytest.mark.parametrize(
    ('values', 'sent'),
    [
        ({'one': 'x'}, {'one', 'always'}),
        ({'two': 'x'}, {'two', 'also', 'always'}),
        ({'one': 'x', 'more': 'y'}, {'one', 'more', 'always'}),
        ({'more': 'y'}, {'more', 'always'}),
    ],
)
def test_requests_that_are_not_answered_are_left_out(
    values: dict[str, Value], sent: set[str]
) -> None:
    assert {name for name, _ in filled_in(PROVIDERS, values)} == sent


def test_one_of_several_providers_has_to_be_chosen() -> None:
    with pytest.raises(InvalidInput, match='One, Two'):
        filled_in(PROVIDERS, {})
    assert filled_in(PROVIDERS.only(['One', 'Always']), {'one': 'x'})
    with pytest.raises(InvalidInput, match='no Three'):
        PROVIDERS.only(['Three'])


# The way back


def redirected(*fields: str, target: str = 'https://idp.example/?state=abc') -> Flow:
    flow = waiting()
    asked = request('R', 'required', **{name: {'type': 'string'} for name in fields})
    flow.receive(answer('REDIRECT', redirecttarget=target, requests=[asked]))
    return flow


def test_all_that_the_return_carries_is_sent_and_secret() -> None:
    sent = redirected('state', 'code').returned(
        'https://example.org/r?x=old&code=a%26b&state=abc&x=new&l%5B%5D=1&l%5B%5D=2#f'
    )
    assert not sent.is_first
    assert sent.fields == (
        ('code', 'a&b'),
        ('state', 'abc'),
        ('x', 'new'),
        ('l[]', '1'),
        ('l[]', '2'),
    )
    assert 'a&b' in sent.secrets
    assert 'a&b' not in repr(sent)


@pytest.mark.parametrize(
    ('url', 'because'),
    [
        ('https://example.org/r?code=x', 'another attempt'),
        ('https://example.org/r?code=x&state=other', 'another attempt'),
        ('https://example.org/r?state=abc', "'code' must be filled in"),
        ('https://example.org/r?state=abc&error=access_denied', 'It says: access_den'),
        ('https://example.org/r?state=abc&code=%FF', 'not the address of the return'),
        ('https://[example.org/r?state=abc', 'not the address of the return'),
    ],
)
def test_what_is_not_the_way_back_is_not_sent(url: str, because: str) -> None:
    flow = redirected('code')
    with pytest.raises(InvalidInput, match=because):
        flow.returned(url)
    assert flow.state is State.REDIRECTED
    assert flow.returned('https://example.org/r?state=abc&code=x').fields


def test_a_redirect_without_state_is_followed_all_the_same() -> None:
    flow = redirected('code', target='https://idp.example/')
    assert flow.returned('https://example.org/r?code=x').fields == (('code', 'x'),)


def test_messages_are_readable_in_every_format() -> None:
    assert str(Message('a <b>text</b>')) == 'a <b>text</b>'
    assert str(Message(key='farmlink-fail', params=('x', 7))) == '⧼farmlink-fail⧽ x 7'
