"""Every shape of an API error becomes one class of exception."""

from __future__ import annotations

import pytest

from mw_tokens_plugin import exceptions
from mw_tokens_plugin.protocol.responses import error_mapping, refusal


@pytest.mark.parametrize(
    ('error', 'code', 'info'),
    [
        pytest.param(
            {'code': 'nosuchuser', 'info': 'No user.'},
            'nosuchuser',
            'No user.',
            id='bc',
        ),
        pytest.param(
            [[{'message': 'm', 'params': ['X', {'num': 1000}], 'code': 'm'}]],
            'm',
            'm X 1,000',
            id='a Status in a list in a list',
        ),
        pytest.param([{'code': 'c', 'text': 'T.'}], 'c', 'T.', id='plaintext'),
        pytest.param([{'code': 'c', '*': 'T.'}], 'c', 'T.', id='formatversion 1'),
        pytest.param([{'code': 'c', 'html': 'T.'}], 'c', 'T.', id='html'),
        pytest.param(
            [{'code': 'c', 'key': 'k', 'params': ['P']}], 'c', 'k P', id='raw'
        ),
        pytest.param([{'code': 'c'}], 'c', 'c', id='none'),
        pytest.param(
            {'globalblock': [{'code': 'c', 'message': 'm'}]},
            'c',
            'm',
            id='a Status under the name of its module',
        ),
    ],
)
def test_code_and_words_are_found(error: object, code: str, info: str) -> None:
    found = error_mapping(error)
    assert (found['code'], found['info']) == (code, info)


@pytest.mark.parametrize('error', [[], None, 'text', [[]], 7])
def test_an_unknown_shape_is_an_unknown_error(error: object) -> None:
    assert error_mapping(error)['code'] == 'Unknown'


@pytest.mark.parametrize(
    ('code', 'kind'),
    [
        ('nosuchuser', exceptions.NoSuchAccount),
        ('permissiondenied', exceptions.PermissionDenied),
        ('centralauth-admin-not-authorized', exceptions.PermissionDenied),
        ('blocked', exceptions.Blocked),
        ('autoblocked', exceptions.Blocked),
        ('ipbblocked', exceptions.Blocked),
        ('blockedtext-partial', exceptions.Blocked),
        ('systemblockedtext', exceptions.Blocked),
        *(
            (f'globalblocking-{key}', exceptions.GloballyBlocked)
            for key in (
                'blockedtext-user',
                'blockedtext-temp',
                'blockedtext-ip',
                'blockedtext-range',
                'blockedtext-xff',
                'blockedtext-autoblock',
                'blockedtext-autoblock-xff',
                'ipblocked-range',
            )
        ),
        # What a block of somebody else fails of says nothing of the operator.
        ('globalblocking-block-alreadyblocked', exceptions.AlreadyBlocked),
        ('globalblocking-notblocked', exceptions.NotBlocked),
        ('globalblocking-bigrange', exceptions.RangeTooWide),
        ('badexpiry-past', exceptions.BadExpiry),
        ('alreadyblocked', exceptions.ApiRefusal),
        ('editconflict', exceptions.LostRace),
        *(
            (code, exceptions.ContentRefused)
            for code in (
                'abusefilter-warning',
                'abusefilter-disallowed',
                'spamblacklist',
                'titleblacklist-forbidden',
                'captcha',
                'protectedpage',
                'protectedtitle',
                'cascadeprotected',
                'hookaborted',
            )
        ),
        ('centralauth-state-mismatch', exceptions.LostRace),
        ('globalblocking-block-failure', exceptions.LostRace),
        ('centralauth-admin-too-many-edits', exceptions.CannotHide),
        ('centralauth-admin-cannot-lock-self', exceptions.CannotLock),
        ('readonly', exceptions.ReadOnly),
        (
            'internal_api_error_MediaWiki\\Extension\\CentralAuth\\'
            'CentralAuthReadOnlyError',
            exceptions.ReadOnly,
        ),
        ('internal_api_error_TypeError', exceptions.InternalApiError),
        ('ratelimited', exceptions.RateLimited),
        ('somethingnew', exceptions.ApiRefusal),
    ],
)
def test_each_code_has_its_class(code: str, kind: type) -> None:
    error = refusal(code, 'Words.', 'sandbox:meta')
    assert type(error) is kind
    assert str(error) == f'{code} on sandbox:meta: Words.'


def test_a_name_that_none_can_have_is_no_such_account() -> None:
    error = refusal(
        'internal_api_error_Wikimedia\\NormalizedException\\NormalizedException',
        '[3f01] Exception caught: Invalid username: Bad[name]',
        'sandbox:meta',
    )
    assert type(error) is exceptions.NoSuchAccount


def test_a_lost_race_is_told_by_the_words_of_the_breakdown() -> None:
    error = refusal(
        'internal_api_error_RuntimeException',
        '[26c3] Exception caught: CAS update failed on user_touched.',
        'sandbox:meta',
    )
    assert type(error) is exceptions.LostRace
    assert isinstance(error, exceptions.AmbiguousWrite)


@pytest.mark.parametrize(
    ('error', 'found'),
    [
        (
            [{'message': 'a-key', 'params': [{'num': 7}, 'P'], 'data': {'lag': 5}}],
            {
                'code': 'a-key',
                'message': {'key': 'a-key', 'params': ['7', 'P']},
                'lag': 5,
            },
        ),
        ([{'code': 'c', 'key': 'k'}], {'message': {'key': 'k', 'params': []}}),
        # What has words needs no message, and a sentence is no key of one.
        ([{'code': 'c', 'key': 'k', 'text': 'T.'}], {'message': None, 'info': 'T.'}),
        ([{'code': 'c', 'message': 'Not a key.'}], {'message': None}),
        ([{'type': 'error'}], {'code': 'Unknown'}),
        ({'globalblock': [{'code': 'c'}]}, {'nested_in': 'globalblock'}),
        ({'code': 7, 'info': ['x']}, {'code': '7', 'info': "['x']"}),
        ({'code': 'c'}, {'info': ''}),
    ],
)
def test_nothing_that_an_error_says_is_lost(
    error: object, found: dict[str, object]
) -> None:
    mapping = error_mapping(error)
    assert {key: mapping.get(key) for key in found} == found
