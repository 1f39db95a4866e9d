"""What counts as an answer of the API, and what comes from something before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mw_tokens_plugin.exceptions import UnexpectedAnswer
from mw_tokens_plugin.protocol.answers import (
    error_items,
    is_answer,
    is_error,
    items_of,
    may_be_answer,
    part_of,
)
from mw_tokens_plugin.protocol.responses import error_mapping

LOCK = 'setglobalaccountstatus'
#: Any value that a JSON parser may return, with the keys that are looked for in it.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                'error errors code info message text params query warnings'.split()
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ('action', 'body'),
    [
        (LOCK, {LOCK: {'user': 'X'}}),
        (LOCK, {'error': {'code': 'nosuchuser', 'info': 'No user.'}}),
        (LOCK, {'error': [[{'message': 'm', 'params': [], 'code': 'm'}]]}),
        (LOCK, {'errors': [{'code': 'badtoken', 'text': 'T.', 'module': LOCK}]}),
        ('globalblock', {'error': {'globalblock': [{'code': 'c', 'message': 'm'}]}}),
        ('query', {'batchcomplete': True}),
        ('query', {'batchcomplete': '', 'query': []}),
        ('query', {'query': {'userinfo': {'id': 0, 'name': '192.0.2.7'}}}),
        ('logout', {}),
        ('logout', []),
        ('thank', {'result': {'success': 1}}),
        ('wbsetlabel', {'entity': {}, 'success': 1}),
        ('watch', {'watch': [{'title': 'X'}]}),
    ],
)
def test_what_the_api_answers(action: str, body: object) -> None:
    assert is_answer(action, body)
    assert may_be_answer(action, body, 200)


@pytest.mark.parametrize('action', [LOCK, 'query', 'edit', 'centralauthtoken'])
@pytest.mark.parametrize(
    'body',
    [
        None,
        {},
        [],
        'text',
        504,
        {'httpCode': 504, 'httpReason': 'upstream request timeout'},
        {'error': 'upstream request timeout'},
        {'error': None},
        {'error': []},
        {'error': [[]]},
        {'error': {}},
        {'error': {'code': 503, 'info': 'a number is no code'}},
        {'error': {'code': '503', 'info': 'nor are digits'}},
        {'error': {'code': 'unavailable', 'message': 'no info'}},
        {'error': {'message': 'x', 'details': []}},
        {'errors': [{'message': 'x'}]},
        {'message': 'Endpoint request timed out'},
        # An error that is none outweighs a result.
        {'error': 7, LOCK: {}, 'query': {}, 'edit': {}, 'centralauthtoken': {}},
    ],
)
def test_what_gateways_answer(action: str, body: object) -> None:
    assert not is_answer(action, body)
    assert not may_be_answer(action, body, 200)


@pytest.mark.parametrize('value', [None, 7, 'text', [], [7], ['x'], {'a': None}, [{}]])
def test_what_pywikibot_would_break_down_over_is_no_answer(value: object) -> None:
    """One wiki of many is unreachable then, and stops no other."""
    names = ('namespaces', 'namespacealiases', 'languages', 'skins', 'interwikimap')
    found = [name for name in names if is_answer('query', {'query': {name: value}})]
    assert found == [name for name in names[1:] if value == []]
    for action in ('login', 'clientlogin'):
        assert not is_answer(action, {action: value})
    assert is_answer('login', {'login': {'result': 'NeedToken', 'token': 'x'}})
    assert is_answer('clientlogin', {'clientlogin': {'status': 'PASS'}})


@pytest.mark.parametrize('key', ['name', '*'])
def test_what_wikis_say_of_themselves_is_an_answer(key: str) -> None:
    space = {'id': 4, 'case': 'first-letter', key: 'Project'}
    alias = {'id': 4, 'alias' if key == 'name' else '*': 'WP'}
    told = {
        'namespaces': {'4': space},
        'namespacealiases': [alias],
        'languages': [{'code': 'aa', key: 'Afar'}],
        'interwikimap': [{'prefix': 'm', 'url': '//x/$1', 'local': True}],
    }
    assert is_answer('query', {'query': told})


def test_modules_that_are_not_known_may_answer_under_any_key() -> None:
    assert may_be_answer('somenewthing', {'whatever': 1}, 200)
    assert may_be_answer('opensearch', ['a', []], 200)
    assert not may_be_answer('somenewthing', {'whatever': 1}, 504)
    assert not may_be_answer('somenewthing', {'error': 'timeout'}, 200)


@given(JSON)
def test_any_json_is_survived(value: object) -> None:
    for action in (LOCK, 'query', 'logout', 'wbsetlabel', 'somenewthing'):
        if is_answer(action, value):
            assert may_be_answer(action, value, 200)
    found = error_mapping(value)
    assert isinstance(found['code'], str)
    assert isinstance(found['info'], str)
    if is_error(value):
        assert found['code'] != 'Unknown' or 'Unknown' in repr(value)


@pytest.mark.parametrize(
    'query',
    [
        *(
            'text',
            7,
            ['x'],
            {'userinfo': []},
            {'userinfo': {}},
            {'userinfo': {'name': 7}},
        ),
        *({name: 'x'} for name in ('general', 'globaluserinfo', 'tokens')),
        *({name: ['x']} for name in ('general', 'globaluserinfo', 'tokens')),
        *({'general': {'generator': text}} for text in ('', 'MediaWiki', 7)),
    ],
)
def test_a_query_s_answer_of_another_form_comes_from_elsewhere(query: object) -> None:
    assert not is_answer('query', {'batchcomplete': True, 'query': query})


def test_empty_mappings_are_lists_to_php() -> None:
    for name in 'general', 'globaluserinfo', 'tokens':
        assert is_answer('query', {'query': {name: []}})
    general = {'generator': 'MediaWiki 1.45.0-wmf.1'}
    assert is_answer('query', {'query': {'general': general}})


def test_what_unknown_modules_answer_is_none_with_an_error_or_a_status_of_one() -> None:
    assert not may_be_answer('new', {'new': 1, 'errors': 'none'}, 400)
    assert not may_be_answer('new', {'x': 1, 'errors': 'timeout'}, 200)
    assert not may_be_answer('new', {'x': 1}, 400)
    assert may_be_answer('new', {'x': 1}, 399)
    # "success" is Wikibase's word, not anybody's.
    assert not is_answer('edit', {'success': 1})


def test_what_is_missing_in_an_answer_is_named_by_its_way() -> None:
    answer = {'query': {'pages': [{'title': 'X'}], 'odd': ['x'], 'text': 'x'}}
    assert items_of(answer, 'query', 'pages') == [{'title': 'X'}]
    for last in 'odd', 'text', 'missing':
        with pytest.raises(UnexpectedAnswer, match=rf'no list query\.{last}\.$'):
            items_of(answer, 'query', last)
    with pytest.raises(UnexpectedAnswer, match=r'hold query\.text,.*TypeError: a str'):
        part_of(answer, 'query', 'text')
    nested = {'m': [[{'message': 'a', 'x': [1]}], [{'code': 'b', 'y': [2]}]]}
    assert [item.get('message', item.get('code')) for item in error_items(nested)] == [
        'a',
        'b',
    ]
