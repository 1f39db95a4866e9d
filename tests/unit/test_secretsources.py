"""What a request carries is kept out of all texts for as long as it is in use."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import requests

from mw_tokens_plugin.protocol.secretvalues import SecretValues
from mw_tokens_plugin.site.redaction import redactor
from mw_tokens_plugin.site.secretsources import note_exchange, note_parameter

SESSION = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
QUOTED = 'one%2Btwo%2Bthree%2Bfour'


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    """Begin with no secret."""
    before, redactor.secrets = redactor.secrets, SecretValues()
    yield
    redactor.secrets = before


def exchange(cookies: str) -> requests.Response:
    response = requests.Response()
    response.request = requests.Request('GET', 'https://wiki.example').prepare()
    response.request.headers['Cookie'] = cookies
    return response


def test_a_cookie_in_use_is_never_forgotten() -> None:
    """Though a process that runs for weeks fetches thousands of tokens meanwhile."""
    sent = exchange(f'wiki_session={SESSION}; UserName=Wiki; other={QUOTED}')
    rng = random.Random(1)
    for number in range(5_000):
        if number % 3_000 == 0:
            note_exchange(sent)
        note_parameter('edit', 'token', f'{rng.getrandbits(160):040x}+\\')
    shown = redactor.secrets.replace(f'{SESSION} {QUOTED} one+two+three+four')
    assert shown == '*** *** ***'


def test_parameters_are_secrets_by_their_names_and_modules() -> None:
    for action, name, value, is_secret in (
        ('edit', 'token', 'abcdefghijklmnop', True),
        ('edit', 'token', 'csrf', False),
        ('edit', 'title', 'abcdefghijklmnop', False),
        ('clientlogin', 'OATHToken', '123456789', True),
        ('edit', 'OATHToken', '123456789', False),
        ('clientlogin', 'what the wiki made up', 'a1b2c3d4', True),
        ('edit', 'what the wiki made up', 'a1b2c3d4', False),
        ('clientlogin', 'username', 'a1b2c3d4', False),
        ('validatepassword', 'password', 'a1b2c3d4', True),
        ('options', 'NewPassword', ['a1b2', 'c3d4'], True),
    ):
        redactor.secrets = SecretValues()
        note_parameter(action, name, value)
        given = '|'.join(value) if isinstance(value, list) else value
        shown = redactor.secrets.replace(f'({given})')
        assert (given not in shown) is is_secret, (action, name)
