"""A token is the string to be sent, and never shows itself."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from mw_tokens_plugin import Token, TokenType
from mw_tokens_plugin.exceptions import (
    NoTokenNeeded,
    TokenUnavailable,
    UnexpectedAnswer,
    UnknownModule,
    UnknownTokenType,
)
from mw_tokens_plugin.protocol.tokens import (
    ANONYMOUS,
    TokenParameter,
    token_parameter_of,
    token_type_of,
    tokens_from_answer,
)

SECRET = '0123456789abcdef0123456789abcdef6b026e83+\\'


def make(value: str = SECRET) -> Token:
    return Token(
        value,
        type=TokenType.CSRF,
        wiki='sandbox:meta',
        user='Example',
        fetched_at=1.0,
        generation=2,
    )


def test_it_is_the_string_that_the_wiki_expects() -> None:
    token = make()
    assert token == SECRET
    assert f'{token}' == str(token) == SECRET
    assert (token.type, token.wiki, token.user) == ('csrf', 'sandbox:meta', 'Example')


def test_repr_names_it_without_the_secret() -> None:
    assert repr(make()) == '<Token csrf of Example on sandbox:meta>'
    assert SECRET[:8] not in repr([make()]) + repr({'token': make()})


def test_a_traceback_with_it_does_not_show_the_secret() -> None:
    token = make()
    try:
        raise ValueError(token.type, [token])
    except ValueError as error:
        text = ''.join(traceback.format_exception(error))
    assert '<Token csrf' in text
    assert SECRET[:8] not in text


def test_it_is_never_pickled_and_copies_are_itself() -> None:
    token = make()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match='never stored'):
            pickle.dumps(token, protocol)
    assert copy.copy(token) is token
    assert copy.deepcopy([token])[0] is token


@pytest.mark.parametrize('value', [ANONYMOUS, ''])
def test_the_anonymous_token_is_none(value: str) -> None:
    with pytest.raises(TokenUnavailable, match='no csrf token to Example'):
        make(value)


def test_a_type_of_an_extension_is_a_type_like_any_other() -> None:
    assert TokenType('thattype') == 'thattype'
    assert TokenType('csrf') == TokenType.CSRF
    with pytest.raises(UnknownTokenType):
        TokenType('no|type')


def test_all_tokens_of_an_answer_are_found() -> None:
    answer = {'query': {'tokens': {'csrftoken': 'a+\\', 'logintoken': ANONYMOUS}}}
    assert tokens_from_answer(answer) == {'csrf': 'a+\\', 'login': ANONYMOUS}
    with pytest.raises(UnexpectedAnswer):
        tokens_from_answer({'batchcomplete': True})


@pytest.mark.parametrize('parameter', ['token', 'linktoken', 'logintoken'])
def test_the_type_is_read_from_whatever_parameter_has_one(parameter: str) -> None:
    info = {
        'parameters': [{'name': 'title'}, {'name': parameter, 'tokentype': 'rollback'}]
    }
    assert token_type_of('x', info) is not None
    assert token_type_of('x', info) == TokenType.ROLLBACK


def test_modules_without_token_and_unknown_ones_are_told_apart() -> None:
    with pytest.raises(NoTokenNeeded, match="'query' takes no token"):
        token_type_of('query', {'parameters': []})
    with pytest.raises(UnknownModule, match="no API module 'nosuch'"):
        token_type_of('nosuch', None)


@pytest.mark.parametrize(
    ('module', 'info', 'name', 'type_'),
    [
        (
            'edit',
            {'parameters': [{'name': 'title'}, {'name': 'token', 'tokentype': 'csrf'}]},
            *('token', 'csrf'),
        ),
        (
            'clientlogin',
            {
                'prefix': '',
                'parameters': [{'name': 'logintoken', 'tokentype': 'login'}],
            },
            *('logintoken', 'login'),
        ),
        (
            'x',
            {'prefix': 'xy', 'parameters': [{'tokentype': 'patrol'}]},
            *('xytoken', 'patrol'),
        ),
        ('login', {'prefix': 'lg', 'parameters': []}, 'lgtoken', 'login'),
        ('login', {}, 'token', 'login'),
    ],
)
def test_a_module_takes_its_token_under_the_name_that_it_says(
    module: str, info: dict[str, object], name: str, type_: str
) -> None:
    assert token_parameter_of(module, info) == TokenParameter(name, TokenType(type_))


def test_no_tokens_are_an_empty_list_to_php() -> None:
    assert tokens_from_answer({'query': {'tokens': []}}) == {}


def test_a_module_that_is_missing_is_named_with_its_wiki() -> None:
    for find in token_parameter_of, token_type_of:
        with pytest.raises(UnknownModule, match=r"^The wiki has no API module 'x'\."):
            find('x', None)
        with pytest.raises(UnknownModule, match=r"^meta has no API module 'x'\."):
            find('x', None, 'meta')
