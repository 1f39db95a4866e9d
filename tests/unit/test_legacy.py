"""Tokens are found on any MediaWiki, in the way that it has.

There is no server from before 1.24 to hold this against: the wikis here answer as the
manuals of their time say, and the newest one as it was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mw_tokens_plugin.exceptions import TokenUnavailable, UnknownTokenType
from mw_tokens_plugin.protocol.legacy import Source, Subject, TokenSources, source_for

#: Of 1.20 to 1.23, with CentralAuth.
ACTION_TYPES = (
    'block centralauth delete deleteglobalaccount edit email import move options '
    'patrol protect setglobalaccountstatus unblock watch'
).split()


class Wiki:
    """Answers as a MediaWiki of some version does, and remembers what was asked."""

    def __init__(self, version: int, forbidden: tuple[str, ...] = ()) -> None:
        self.version = version
        self.forbidden = forbidden
        self.asked: list[str] = []

    def __call__(self, parameters: dict[str, str]) -> Mapping[str, Any]:
        assert parameters.pop('format') == 'json'
        self.asked.append(
            '&'.join(
                f'{key}={value}'
                for key, value in parameters.items()
                if (key, value) != ('action', 'query')
            )
        )
        if parameters['action'] == 'tokens':
            return self._action(parameters['type'])
        if parameters.get('meta') == 'tokens':
            return self._meta(parameters['type'])
        return self._property(parameters)

    def _meta(self, wanted: str) -> dict[str, Any]:
        if self.version < 24:
            return {
                'warnings': {
                    'main': {'*': "Unrecognized parameter: 'type'"},
                    'query': {'*': "Unrecognized value for parameter 'meta': tokens"},
                }
            }
        known = {'csrf', 'rollback', 'userrights', 'patrol', 'watch'}
        if wanted not in known:
            warning = f'Unrecognized value for parameter "type": {wanted}'
            return {'warnings': {'tokens': {'*': warning}}, 'query': {'tokens': []}}
        value = '+\\' if wanted in self.forbidden else f'{wanted}-value+\\'
        return {'query': {'tokens': {f'{wanted}token': value}}}

    def _action(self, wanted: str) -> dict[str, Any]:
        if not 20 <= self.version < 32:
            info = "Unrecognized value for parameter 'action': tokens"
            return {'error': {'code': 'unknown_action', 'info': info}}
        if wanted not in ACTION_TYPES:
            warning = f"Unrecognized value for parameter 'type': {wanted}"
            return {'warnings': {'tokens': {'*': warning}}, 'tokens': []}
        if wanted in self.forbidden:
            warning = f"Action '{wanted}' is not allowed for the current user"
            return {'warnings': {'tokens': {'*': warning}}, 'tokens': []}
        return {'tokens': {f'{wanted}token': f'{wanted}-value+\\'}}

    def _property(self, parameters: dict[str, str]) -> dict[str, Any]:
        if self.version >= 37:
            warning = 'Unrecognized parameter: intoken.'
            return {'warnings': {'main': {'*': warning}}, 'query': {'pages': {}}}
        if wanted := parameters.get('intoken'):
            page: dict[str, Any] = {'pageid': 1, 'title': parameters['titles']}
            if wanted in self.forbidden:
                warning = f"Action '{wanted}' is not allowed for the current user"
                return {
                    'warnings': {'info': {'*': warning}},
                    'query': {'pages': {'1': page}},
                }
            page[f'{wanted}token'] = f'{wanted}-value+\\'
            return {'query': {'pages': {'1': page}}}
        if parameters.get('rvtoken'):
            revision = {'revid': 7, 'rollbacktoken': f'for {parameters["titles"]}+\\'}
            return {'query': {'pages': {'1': {'revisions': [revision]}}}}
        if parameters.get('ustoken'):
            user = {'userrightstoken': f'for {parameters["ususers"]}+\\'}
            return {'query': {'users': [user]}}
        if parameters.get('rctoken'):
            return {'query': {'recentchanges': [{'patroltoken': 'patrol-value+\\'}]}}
        assert parameters['drprop'] == 'token'
        deleted = {'title': parameters['titles'], 'token': 'undelete-value+\\'}
        return {'query': {'deletedrevs': [deleted]}}


@pytest.mark.parametrize(
    ('generator', 'source'),
    [
        ('MediaWiki 1.47.0-wmf.5', Source.META),
        ('MediaWiki 1.24.0', Source.META),
        ('MediaWiki 1.23.17', Source.ACTION),
        ('MediaWiki 1.20wmf1', Source.ACTION),
        ('MediaWiki 1.19.24', Source.PROPERTY),
        ('MediaWiki 1.9.3', Source.PROPERTY),
        (None, Source.META),
    ],
)
def test_the_version_says_which_way_comes_first(
    generator: str | None, source: Source
) -> None:
    assert source_for(generator) is source


@pytest.mark.parametrize(
    ('version', 'asked'),
    [
        (43, ['meta=tokens&type=csrf']),
        (22, ['action=tokens&type=delete']),
        (19, ['prop=info&intoken=delete&titles=X']),
    ],
)
def test_one_spelling_deletes_on_every_wiki(version: int, asked: list[str]) -> None:
    wiki = Wiki(version)
    sources = TokenSources(wiki, f'MediaWiki 1.{version}.0')
    assert sources.for_action('delete', Subject('X')).endswith('-value+\\')
    assert wiki.asked == asked


@pytest.mark.parametrize('version', [19, 22, 43])
def test_a_wiki_of_unknown_version_is_found_out_once(version: int) -> None:
    wiki = Wiki(version)
    sources = TokenSources(wiki)
    assert sources.token('csrf')
    first = len(wiki.asked)
    assert sources.token('csrf')
    assert len(wiki.asked) == first + 1


def test_a_wrong_version_is_found_out_too() -> None:
    wiki = Wiki(43)
    sources = TokenSources(wiki, 'MediaWiki 1.19.0')
    assert sources.token('csrf') == 'csrf-value+\\'
    assert sources.source is Source.META


@pytest.mark.parametrize(
    ('action', 'subject', 'asked', 'token'),
    [
        (
            'rollback',
            Subject('X'),
            'prop=revisions&rvtoken=rollback&titles=X',
            'for X+\\',
        ),
        (
            'userrights',
            Subject(user='U'),
            'list=users&ustoken=userrights&ususers=U',
            'for U+\\',
        ),
        (
            'undelete',
            Subject('X'),
            'list=deletedrevs&drprop=token&titles=X',
            'undelete-value+\\',
        ),
    ],
)
@pytest.mark.parametrize('version', [19, 22])
def test_some_types_had_a_place_of_their_own(
    version: int, action: str, subject: Subject, asked: str, token: str
) -> None:
    wiki = Wiki(version)
    sources = TokenSources(wiki, f'MediaWiki 1.{version}.0')
    assert sources.for_action(action, subject) == token
    assert wiki.asked == [asked]
    assert sources.source is source_for(f'1.{version}')


def test_patrol_moved_from_the_changes_to_action_tokens() -> None:
    old, newer = Wiki(19), Wiki(22)
    assert TokenSources(old, '1.19').token('patrol') == 'patrol-value+\\'
    assert TokenSources(newer, '1.22').token('patrol') == 'patrol-value+\\'
    assert old.asked == ['list=recentchanges&rctoken=patrol&rclimit=1']
    assert newer.asked == ['action=tokens&type=patrol']


def test_centralauth_has_types_of_its_own() -> None:
    sources = TokenSources(Wiki(22), 'MediaWiki 1.22.0')
    for name in ('centralauth', 'setglobalaccountstatus', 'deleteglobalaccount'):
        assert sources.token(name) == f'{name}-value+\\'


@pytest.mark.parametrize('version', [19, 22, 43])
def test_a_type_that_the_user_may_not_have_is_told_from_an_unknown_one(
    version: int,
) -> None:
    generator = f'MediaWiki 1.{version}.0'
    sources = TokenSources(Wiki(version, ('delete', 'csrf')), generator)
    with pytest.raises(TokenUnavailable):
        sources.for_action('delete')
    with pytest.raises(UnknownTokenType):
        sources.token('nosuch')
