"""Imitated wikis from before MediaWiki 1.24 lack what those wikis lacked.

What is expected here was read in the sources of MediaWiki 1.19, 1.22 and 1.24, and in
the branches of CentralAuth from that time; no server of that time could be asked.
"""

from __future__ import annotations

import pytest
from unit.sandbox_ages import AGES, WITH_ACTION, Client

from centralauth_sandbox.seeds import OPERATOR


@pytest.fixture(params=AGES)
def release(request: pytest.FixtureRequest) -> str:
    """Each age."""
    return str(request.param)


def test_what_an_age_lacks_is_told_in_its_own_words(release: str) -> None:
    client = Client(release)
    answer = client.ask(action='query', meta='tokens', type='csrf', formatversion='2')
    assert 'query' not in answer
    told = answer['warnings']
    assert told['query'] == {'*': "Unrecognized value for parameter 'meta': tokens"}
    unknown = {'*': "Unrecognized parameters: 'type', 'formatversion'"}
    assert told.get('main') == (None if release == '1.19' else unknown)
    for action, code in (('clientlogin', 'unknown_action'), ('edit', 'notoken')):
        error = client.ask(action=action, title='X')['error']
        assert error['code'] == code
        assert error.keys() == {'code', 'info'}
    assert client.ask(action='edit', title='X', token='dead')['error'] == {
        'code': 'badtoken',
        'info': 'Invalid token',
    }


def test_assertions_came_with_1_23(release: str) -> None:
    answer = Client(release).ask(action='query', meta='userinfo', **{'assert': 'user'})
    assert ('error' in answer) is (release == '1.23')


def test_action_tokens_came_with_1_20_and_setglobalaccountstatus_with_it(
    release: str,
) -> None:
    client = Client(release)
    client.log_in()
    answer = client.ask(
        action='tokens', type='edit|rollback|patrol|setglobalaccountstatus'
    )
    modules = client.ask(action='paraminfo', modules='setglobalaccountstatus')
    described = modules['paraminfo']['modules']
    if release == '1.19':
        assert answer['error']['code'] == 'unknown_action'
        assert not described
        return
    assert answer['tokens'].keys() == {
        'edittoken',
        'patroltoken',
        'setglobalaccountstatustoken',
    }
    words = "Unrecognized value for parameter 'type': rollback"
    assert answer['warnings']['tokens'] == {'*': words}
    tokens = [p for p in described[0]['parameters'] if p['name'] == 'token']
    assert tokens and 'tokentype' not in tokens[0]


def test_tokens_of_queries_are_good_for_what_was_queried(release: str) -> None:
    client = Client(release)
    client.log_in()
    wiki = client.farm.wikis['meta']
    for user in 'One', 'Two':
        wiki.edit('Page', user, user=user)
    page = client.ask(action='query', prop='info', intoken='edit', titles='Page')
    (found,) = page['query']['pages'].values()
    edit = {'action': 'edit', 'title': 'Page', 'text': 'More'}
    other = {'action': 'rollback', 'title': 'Page', 'user': 'Two'}
    assert client.ask(**other, token=found['edittoken'])['error']['code'] == 'badtoken'
    query = {'action': 'query', 'prop': 'revisions', 'rvtoken': 'rollback'}
    (found_page,) = client.ask(**query, titles='Page')['query']['pages'].values()
    token = found_page['revisions'][0]['rollbacktoken']
    assert client.ask(**other, token=token)['rollback']['title'] == 'Page'
    assert client.ask(**edit, token=found['edittoken'])['edit']['result'] == 'Success'
    users = {'action': 'query', 'list': 'users', 'ustoken': 'userrights'}
    (one,) = client.ask(**users, ususers=OPERATOR)['query']['users']
    rights = {'action': 'userrights', 'user': 'Plain Sysop', 'add': 'bot'}
    assert client.ask(**rights, token=one['userrightstoken'])['error']['code'] == (
        'badtoken'
    )


@pytest.mark.parametrize('release', WITH_ACTION)
def test_a_token_is_only_for_those_who_have_the_right(release: str) -> None:
    client = Client(release)
    answer = client.ask(action='tokens', type='delete|edit')
    assert answer['tokens'] == {'edittoken': '+\\'}
    words = "Action 'delete' is not allowed for the current user"
    assert answer['warnings']['tokens'] == {'*': words}
