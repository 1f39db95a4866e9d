"""A secret that is known by its value is in no text, however it is spelled there."""

from __future__ import annotations

import html
import json
import pprint
import random
import string
from base64 import b64encode
from collections.abc import Callable
from textwrap import fill
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mw_tokens_plugin.protocol.secretvalues import MASK, SecretValues
from mw_tokens_plugin.site.redaction import Redactor

ALPHABETS = [
    string.ascii_letters + string.digits,
    '0123456789abcdef',
    string.printable[:94] + ' ',
    '%41\\nx&lt;;,]}\'" |u0026',
    'пароль ключ',
    '密码是什么',
    'éüñ ßİ',
    '😀🔑a1',
    '٣٤٥ابج',
    '<>&"\'/=+_-a',
]
LENGTHS = [3, 4, 5, 6, 7, 8, 9, 12, 20, 40, 64, 300]
#: How texts are written by what this package talks to, uses or prints.
SPELLINGS: list[Callable[[str], str]] = [
    str,
    repr,
    ascii,
    json.dumps,
    lambda s: json.dumps(s, ensure_ascii=False),
    lambda s: json.dumps(s).replace('<', '\\u003C').replace('/', '\\/'),
    lambda s: json.dumps(json.dumps(s)),
    quote,
    quote_plus,
    lambda s: quote(s, safe=''),
    lambda s: quote(quote(s)),
    lambda s: quote(s, safe='').replace('%2', '%2').lower() if s.islower() else s,
    html.escape,
    lambda s: html.escape(html.escape(s)),
    lambda s: repr(s.encode()),
    lambda s: urlencode({'password': s}),
    lambda s: repr(urlencode({'password': s}).encode()),
    # What pywikibot logs of a request that failed.
    lambda s: pprint.pformat(str({'a': 'q w ' * 20, 'password': s.split('|')})),
    lambda s: pprint.pformat(s.encode(), width=20),
    lambda s: f'{s[: len(s) // 2]}\n          {s[len(s) // 2 :]}',
]


def drawn(rng: random.Random) -> str:
    """Return a secret of some alphabet and length, of which something counts."""
    while True:
        length = rng.choice(LENGTHS)
        secret = ''.join(rng.choices(rng.choice(ALPHABETS), k=length))
        if sum(c.isalnum() or c in '<>&/=;,]}%|-' for c in secret) >= min(length, 4):
            return secret


@pytest.mark.parametrize('alphabet', ALPHABETS)
def test_no_spelling_of_a_secret_is_left(alphabet: str) -> None:
    rng = random.Random(alphabet)
    for _ in range(30):
        secret = drawn(rng)
        values = SecretValues()
        for other in (drawn(rng), secret, drawn(rng)):
            values.add(other, 'password')
        spelled = rng.choice(SPELLINGS)(secret)
        text = f'{{password={spelled}, tail'
        shown = values.replace(text)
        assert MASK in shown, (secret, text)
        assert spelled not in shown, (secret, text)
        if len(secret) > 3:
            assert secret not in shown, (secret, text)


@pytest.mark.parametrize('width', [20, 33, 80])
def test_no_line_break_ends_the_mask_at_any_offset(width: int) -> None:
    for secret in ('xT7fn3Mabcqweoiu', 'päss wörd, ]; }', 'Я' * 12):
        values = SecretValues()
        values.add(secret)
        for before in range(width + 1):
            for wrapped in (
                fill('x' * before + secret + '. The end.', width),
                fill('x' * before + quote(secret) + '. The end.', width),
                pprint.pformat('x' * before + f' {secret} ' + 'end ' * 9, width=width),
            ):
                shown = values.replace(wrapped)
                assert MASK in shown, wrapped
                assert 'wörd' not in shown
                assert 'D0%AF' not in shown


@given(st.text(min_size=8, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_secrets_of_any_letters_are_found_in_any_text(
    secret: str, before: str, after: str
) -> None:
    values = SecretValues()
    values.add(secret)
    if sum(map(str.isalnum, secret)) > 4:
        assert secret not in values.replace(f'{before}={secret}&{after}')


def test_short_secrets_leave_the_rest_of_a_text_readable() -> None:
    """Those of three letters are masked as values alone, up to seven as words."""
    values = SecretValues()
    for secret, name in (('is', 'password'), ('123456', 'OATHToken'), ('cat', 'pin')):
        values.add(secret, name)
    text = 'This is page 91234567, edited 123456 times; cat concat pin=cat password: is'
    assert values.replace(text) == (
        'This is page 91234567, edited *** times; cat concat pin=*** password: ***'
    )


def test_tokens_of_weeks_need_no_more_memory_than_those_of_a_day() -> None:
    """And what lasts is not forgotten for them."""
    values = SecretValues()
    values.add('the main password', lasting=True)
    rng = random.Random(1)
    tokens = [f'{rng.getrandbits(160):040x}+\\' for _ in range(9_000)]
    for token in tokens:
        values.add(token)
        values.add(tokens[0])
    assert len(values) == 4097
    assert len(values._parts) <= 8 * 4097
    shown = values.replace(f'{tokens[0]} {tokens[-1]} the%20main%20password')
    assert shown == f'{MASK} {MASK} {MASK}'


def test_what_is_not_known_by_value_is_masked_by_its_form() -> None:
    clean = Redactor().without_secrets
    basic = b64encode(b'Name:password').decode()
    jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N'
    for text, gone in (
        ('lgpassword=one%20two&x=1', 'one'),
        ("{'lgpassword': ['one, two]; }']}", 'two'),
        ('{"password": "it\'s one"}', 'one'),
        (f"{{'Authorization': 'Basic {basic}'}}", basic),
        (f'Authorization: Basic {basic}', basic),
        (f'proxy-authorization: bearer {basic}', basic),
        (f'curl -H "Bearer {jwt}"', 'dozjg'),
        (f'sessionJwt={jwt}; path=/', 'dozjg'),
        ('b\'OAuth oauth_nonce="12", oauth_signature="aB%2Bc%3D"\'', 'aB%2Bc'),
        ('Signature: aBc+d/e1234567890=', 'aBc'),
        ("'OATHToken': ['123456']", '123456'),
        ('?centralauthtoken=abc123&x=1', 'abc123'),
        ("list takes no 'mysql://user:abc123@host/name'", 'abc123'),
        ('http://:abc123@[::1]:3128', 'abc123'),
        ('x=' + 'a1' * 20 + '%2B%5C', 'a1a1'),
        ('x=' + 'a1' * 20 + '+%5C', 'a1a1'),
    ):
        shown = clean(text)
        assert gone not in shown, shown
        assert MASK in shown
    kept = (
        'API error mwoauth-invalid-authorization: The authorization headers are bad; '
        'meta=tokens&type=csrf, Basic information about tokens. It refuses every login '
        'token: it does not keep its session: log in. Signature: mine; password: none. '
        'http://127.0.0.1:8080/@x https://x.org/w:User@y postgresql://user@host/name'
    )
    assert clean(kept) == kept


@pytest.mark.parametrize(
    ('secret', 'name', 'text', 'shown'),
    [
        # From eight letters on anywhere, from four on as a word.
        ('12345678', '', 'x12345678y', 'x***y'),
        ('1234567', '', 'x1234567y 1234567', 'x1234567y ***'),
        ('abcd', '', 'abcd abcd (abcd)abcde', '*** *** (***)abcde'),
        ('abc', 'pin', 'abc', 'abc'),
        ('abc', 'pin', 'pin=abc', 'pin=***'),
        ('abc', '', 'code: abc', 'code: ***'),
        ('a', 'pin', 'pin=a', 'pin=***'),
        # Of which little is left when case, blanks and signs make no difference.
        ('++++', '', 'a ++++ b', 'a *** b'),
        ('+_+_+', '', 'a +_+_+ b', 'a *** b'),
        ('ab_cd', '', 'xab_cdy ab_cd', 'xab_cdy ***'),
    ],
)
def test_where_a_short_secret_is_masked(
    secret: str, name: str, text: str, shown: str
) -> None:
    secrets = SecretValues()
    secrets.add(secret, name)
    assert secrets.replace(text) == shown


@pytest.mark.parametrize('length', range(4, 40))
def test_secrets_of_every_length_are_found(length: int) -> None:
    """Also where others have the same beginning, end or part."""
    secrets = SecretValues()
    letters = (string.ascii_lowercase + string.digits)[:length].ljust(length, 'z')
    known = [letters, letters[::-1], f'{letters[: length // 2]}-{letters}']
    for value in known:
        secrets.add(value)
    for value in known:
        for before in range(9):
            assert secrets.replace(f'{"." * before}{value} end').endswith(f'{MASK} end')


def test_a_token_in_use_and_a_password_outlive_those_of_others() -> None:
    secrets = SecretValues()
    used, password, short, unused = 'used token', 'a pass word', 'abcde', 'the unused 1'
    for value in (used, password, short, unused):
        secrets.add(value)
    secrets.add(password, lasting=True)
    for number in range(4200):
        secrets.add(f'other token {number:05}')
        if not number % 1000:
            secrets.add(used)
    assert secrets.replace(f'{used}, {password}') == f'{MASK}, {MASK}'
    # The oldest are forgotten, wholly.
    assert secrets.replace(f'{unused} {short}') == f'{unused} {short}'
    assert len(secrets) == 4097
