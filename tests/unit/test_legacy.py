"""Tokens are found on any MediaWiki, in the way that it has, by asking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from unit.sandbox_ages import Client

from mw_tokens_plugin.exceptions import (
    ApiRefusal,
    TokenUnavailable,
    UnexpectedAnswer,
    UnknownTokenType,
)
from mw_tokens_plugin.protocol.legacy import (
    Source,
    Subject,
    TokenSources,
    lacks_tokens,
)
from mw_tokens_plugin.protocol.oldanswers import in_second_version
from mw_tokens_plugin.protocol.oldmodules import described

RELEASES = ('1.19', '1.22', '1.23', '1.24', '1.43')
WAYS = {
    '1.19': Source.PROPERTY,
    '1.22': Source.ACTION,
    '1.23': Source.ACTION,
    '1.24': Source.META,
    '1.43': Source.META,
}


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Each age."""
    return str(request.param)


@pytest.fixture
def client(release: str) -> Client:
    """A client that is logged in, and counts from there."""
    client = Client(release)
    client.log_in()
    client.farm.wikis['meta'].edit('Page', 'Text', user='Spambot 00001')
    client.asked.clear()
    return client


def sources_of(client: Client, source: Source | None = None) -> TokenSources:
    def send(parameters: Mapping[str, str]) -> dict[str, Any]:
        return client.ask(**parameters)

    return TokenSources(send, source)


def test_the_way_is_found_out_by_asking_and_remembered(
    client: Client, release: str
) -> None:
    sources = sources_of(client)
    assert sources.token('csrf').endswith('+\\')
    assert sources.source is WAYS[release]
    client.asked.clear()
    sources.token('csrf')
    assert len(client.asked) == 1


@pytest.mark.parametrize('remembered', list(Source))
def test_a_way_that_has_gone_is_replaced_by_one_that_works(
    client: Client, release: str, remembered: Source
) -> None:
    sources = sources_of(client, remembered)
    token = sources.token('csrf')
    answer = client.ask(action='edit', title='Page', text='More', token=token)
    assert answer['edit']['result'] == 'Success'


def test_one_spelling_is_good_for_every_action(client: Client, release: str) -> None:
    sources = sources_of(client)
    page = Subject('Page')
    writes: list[dict[str, str]] = [
        {'action': 'userrights', 'user': 'Plain Sysop', 'add': 'bot'},
        {'action': 'watch', 'title': 'Page', 'titles': 'Page'},
        {'action': 'delete', 'title': 'Page'},
        {'action': 'undelete', 'title': 'Page'},
    ]
    for values in writes:
        subject = Subject(user=values['user']) if 'user' in values else page
        token = sources.for_action(values['action'], subject)
        answer = client.ask(**values, token=token)
        assert 'error' not in answer, values
    assert sources.token('patrol')


def test_types_of_extensions_are_had_where_the_wiki_has_them(
    client: Client, release: str
) -> None:
    sources = sources_of(client)
    for name in 'setglobalaccountstatus', 'deleteglobalaccount':
        if release == '1.19':
            with pytest.raises(UnknownTokenType):
                sources.token(name)
        else:
            assert sources.token(name).endswith('+\\')
    with pytest.raises(UnknownTokenType):
        sources.token('nosuch')
    found = sources.tokens(['csrf', 'watch', 'nosuch'])
    assert found.keys() == {'csrf', 'watch'}


def test_nobody_is_told_apart_from_an_unknown_type(release: str) -> None:
    sources = sources_of(Client(release))
    for name in 'csrf', 'watch':
        with pytest.raises(TokenUnavailable):
            sources.token(name)
    with pytest.raises(TokenUnavailable):
        sources.for_action('delete')


def test_other_errors_are_no_sign_of_age() -> None:
    error = {'code': 'readapidenied', 'info': 'You need read permission.'}
    sources = TokenSources(lambda parameters: {'error': error}, Source.ACTION)
    with pytest.raises(ApiRefusal, match='read permission'):
        sources.token('csrf')


@pytest.mark.parametrize(
    ('answer', 'lacks'),
    [
        ({'query': {'tokens': {}}}, False),
        ({'query': {}}, False),
        ({'warnings': {'tokens': {'*': 'Unrecognized value: tokens'}}}, False),
        (
            {
                'warnings': {
                    'query': {'*': "Unrecognized value for parameter 'meta': tokens"}
                }
            },
            True,
        ),
        (
            {
                'warnings': {
                    'query': {
                        '*': "Unrecognized values for parameter 'meta': tokens, x"
                    }
                }
            },
            True,
        ),
        (
            {
                'warnings': {
                    'query': {'*': "Unrecognized value for parameter 'meta': x"}
                }
            },
            False,
        ),
        ({'warnings': [{'code': 'x', 'module': 'query'}]}, False),
        ({'warnings': {'query': []}}, False),
        ({'query': []}, False),
    ],
)
def test_only_the_wikis_own_word_makes_it_an_old_one(
    answer: dict[str, Any], lacks: bool
) -> None:
    """An answer that is cut off or odd must not change how tokens are asked for."""
    assert lacks_tokens(answer) is lacks


@pytest.mark.parametrize('source', Source)
@pytest.mark.parametrize(
    'answer',
    [
        {'warnings': 5},
        {'query': {'tokens': 'x'}},
        {'tokens': 'x'},
        *({'query': {key: odd}} for odd in ([None], 7) for key in ('pages', 'users')),
    ],
)
def test_an_answer_of_another_form_is_an_error_of_the_plugin(
    source: Source, answer: dict[str, Any]
) -> None:
    """Or one without tokens; who asks for them knows no other errors."""
    sources = TokenSources(lambda question: answer, source)
    with pytest.raises((UnexpectedAnswer, UnknownTokenType)):
        sources.for_action('delete')
    odds: list[Any] = [[{}], 'x', [None], [{'name': 'x', 'parameters': 5}]]
    for odd in odds:
        with pytest.raises(UnexpectedAnswer):
            described({'paraminfo': {'modules': odd}})


def test_what_a_wiki_says_of_itself_is_turned_into_the_form_that_was_asked_for(
    release: str,
) -> None:
    asked = {
        'action': 'query',
        'meta': 'siteinfo',
        'siprop': 'general|namespaces|namespacealiases|languages',
        'formatversion': '2',
    }
    told = in_second_version(Client(release).ask(**asked), wanted=True)
    today = Client('1.43').ask(**asked)['query']
    query = told['query']
    assert 'warnings' not in told
    assert {n: s['name'] for n, s in query['namespaces'].items()} == {
        n: s['name'] for n, s in today['namespaces'].items()
    }
    assert query['namespacealiases'] == today['namespacealiases']
    assert query['languages'] == today['languages']
    for key in 'thumblimits', 'magiclinks', 'titleconversion', 'linkprefix', 'script':
        assert isinstance(query['general'][key], type(today['general'][key])), key
