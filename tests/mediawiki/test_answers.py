"""What a wiki answers to questions about tokens: the same, whichever wiki it is.

The questions are asked past pywikibot, by nobody and by the operator.

https://www.mediawiki.org/wiki/API:Tokens
"""

from __future__ import annotations

from typing import Any

import pytest
import requests
from pywikibot.comms import http

from mw_tokens_plugin.protocol.tokens import ANONYMOUS

from .client import Client, post
from .differences import DIFFERENT_ANSWERS
from .wiki import Wiki

#: What is asked, and the outcome for nobody and for the operator.
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    'one type by default': (
        {'action': 'query', 'meta': 'tokens'},
        '',
        'csrf',
    ),
    'several types': (
        {'action': 'query', 'meta': 'tokens', 'type': 'csrf|login|rollback'},
        'login',
        'csrf login rollback',
    ),
    'types for the logged in': (
        {'action': 'query', 'meta': 'tokens', 'type': 'patrol|userrights|watch'},
        '',
        'patrol userrights watch',
    ),
    'types for everybody': (
        {'action': 'query', 'meta': 'tokens', 'type': 'createaccount|login'},
        'createaccount login',
        'createaccount login',
    ),
    'type of old': (
        {'action': 'query', 'meta': 'tokens', 'type': 'csrf|delete'},
        'warning: Unrecognized value for parameter "type": delete',
        'csrf warning: Unrecognized value for parameter "type": delete',
    ),
    'no type': (
        {'action': 'query', 'meta': 'tokens', 'type': ''},
        '',
        '',
    ),
    'module of old': (
        {'action': 'tokens', 'type': 'edit'},
        'badvalue',
        'badvalue',
    ),
    'parameter of old': (
        {'action': 'query', 'prop': 'info', 'titles': 'X', 'intoken': 'edit'},
        'warning: Unrecognized parameter: intoken.',
        'warning: Unrecognized parameter: intoken.',
    ),
    'token is absent': (
        {'action': 'delete', 'title': 'X'},
        'missingparam',
        'missingparam',
    ),
    'token is empty': (
        {'action': 'delete', 'title': 'X', 'token': ''},
        'missingparam',
        'missingparam',
    ),
    'token is garbled': (
        {'action': 'delete', 'title': 'X', 'token': 'x'},
        'badtoken',
        'badtoken',
    ),
    'token of nobody': (
        {'action': 'delete', 'title': 'Main Page', 'token': ANONYMOUS},
        'permissiondenied',
        'badtoken',
    ),
    'token before other parameters': (
        {'action': 'delete', 'token': 'x'},
        'badtoken',
        'badtoken',
    ),
    'assertion before the token': (
        {'action': 'delete', 'title': 'X', 'token': 'x', 'assertuser': 'Nobody'},
        'assertnameduserfailed',
        'assertnameduserfailed',
    ),
    'somebody is asserted': (
        {'action': 'query', 'meta': 'tokens', 'assert': 'user'},
        'assertuserfailed',
        'csrf',
    ),
    'nobody is asserted': (
        {'action': 'query', 'meta': 'tokens', 'assert': 'anon'},
        '',
        'assertanonfailed',
    ),
    'a bot is asserted': (
        {'action': 'query', 'meta': 'tokens', 'assert': 'bot'},
        'assertbotfailed',
        'assertbotfailed',
    ),
    'errors as a list': (
        {'action': 'delete', 'title': 'X', 'token': 'x', 'errorformat': 'raw'},
        'badtoken',
        'badtoken',
    ),
    'token is checked': (
        {'action': 'checktoken', 'type': 'csrf', 'token': 'x'},
        'invalid',
        'invalid',
    ),
    'token of nobody is checked': (
        {'action': 'checktoken', 'type': 'csrf', 'token': ANONYMOUS},
        'valid',
        'invalid',
    ),
    'logout without a token': (
        {'action': 'logout'},
        'missingparam',
        'missingparam',
    ),
    'logout with a garbled token': (
        {'action': 'logout', 'token': 'x'},
        'badtoken',
        'badtoken',
    ),
    'login without a token': (
        {'action': 'login', 'lgname': 'X', 'lgpassword': 'y'},
        'NeedToken',
        'NeedToken',
    ),
    'login with a garbled token': (
        {'action': 'login', 'lgname': 'X', 'lgpassword': 'y', 'lgtoken': 'x'},
        'Failed',
        'WrongToken',
    ),
}


def outcome(answer: dict[str, Any]) -> str:
    """Return the error, the result, or types of the tokens and the warnings."""
    for error in [answer.get('error'), *answer.get('errors', ())]:
        if error:
            return str(error['code'])
    for module in 'login', 'checktoken':
        if module in answer:
            return str(answer[module]['result'])
    found = [
        name.removesuffix('token')
        for name, value in answer['query'].get('tokens', {}).items()
        if value != ANONYMOUS
    ]
    found.extend(
        f'warning: {warning["warnings"]}'
        for warning in answer.get('warnings', {}).values()
    )
    return ' '.join(found)


@pytest.mark.parametrize('case', CASES)
def test_answer(client: Client, wiki: Wiki, case: str) -> None:
    site = client.site(wiki)
    parameters, *expected = CASES[case]
    # A session that has a login token tells a wrong one from a lost session.
    assert site.tokens.login
    with requests.Session() as nobody:
        answers = [post(site, nobody, **parameters), post(site, **parameters)]
    found = [outcome(answer) for answer in answers]
    assert found == DIFFERENT_ANSWERS.get((wiki.kind, case), expected)


def test_token_in_the_query_string(client: Client, wiki: Wiki) -> None:
    good = client.site(wiki).tokens.csrf
    form = {'action': 'delete', 'title': 'X', 'format': 'json'}
    url = f'http://{wiki.host}/w/api.php'
    for token in 'x', good:
        answer = http.session.post(url, params={'token': token}, data=form, timeout=240)
        assert answer.json()['error']['code'] == 'mustpostparams'


def test_older_token_stays_valid(client: Client, wiki: Wiki) -> None:
    site = client.site(wiki)
    ask = {'action': 'query', 'meta': 'tokens'}
    tokens = [post(site, **ask)['query']['tokens']['csrftoken'] for _ in range(2)]
    for token in [*tokens, site.tokens.csrf]:
        answer = post(site, action='checktoken', type='csrf', token=token)
        assert answer['checktoken']['result'] == 'valid'
