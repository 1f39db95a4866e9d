"""Where secrets arise: what must be kept out of all texts is registered here.

It decides what is a secret, by where it comes from and what it is called; taking it out
is left to :mod:`.redaction`.
"""

from __future__ import annotations

import os
import re
import warnings
from ast import literal_eval
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from pywikibot import config

from mw_tokens_plugin.site.bearer import configured_bearers
from mw_tokens_plugin.site.redaction import redactor

#: Modules of the API whose parameters are secrets, unless they are known to be none:
#: wikis make up the names of fields.
_AUTHENTICATION = frozenset(
    'changeauthenticationdata clientlogin createaccount linkaccount login '
    'removeauthenticationdata validatepassword'.split()
)
#: The ends of those that are none.
_HARMLESS = (
    *('action', 'assert', 'assertuser', 'continue', 'domain', 'email', 'errorformat'),
    *('errorlang', 'errorsuselocal', 'format', 'formatversion', 'maxlag'),
    *('mergerequestfields', 'messageformat', 'name', 'origin', 'preservestate'),
    *(
        'captchaid',
        'language',
        'reason',
        'reauthenticate',
        'rememberme',
        'request',
        'requests',
        'returnurl',
        'uselang',
        'user',
    ),
    *('username', 'utf8', 'curtimestamp', 'requestid', 'servedby'),
)
#: The ends of parameters that are secrets, whatever the module is.
_PASSWORDS = ('password', 'retype')
_TOKENS = ('token',)
#: Letters of a token at least: some modules take the name of a type there.
_MIN_TOKEN = 16

#: Values of checkboxes and buttons.
_TICKED = frozenset(('', '0', '1', 'false', 'no', 'on', 'true', 'yes'))

#: What a provider adds to the address that it sends a user back to.
_RETURNED = frozenset(
    'access_token code id_token oauth_token oauth_verifier session_state state '
    'ticket'.split()
)

#: Cookies without a secret.
_HARMLESS_COOKIES = ('User', 'UserID', 'UserName', 'forceHTTPS', 'GeoIP')
_MIN_COOKIE = 16

#: What a header quotes of OAuth.
_QUOTED = re.compile(r'oauth_\w{1,32}="([^"]+)"')
#: Texts in a line of a password file that cannot be read otherwise.
_TEXT = re.compile(r"""'([^']+)'|"([^"]+)\"""")


def note_parameter(action: str, name: str, value: Any) -> None:
    """Register a parameter of a request, if it is a secret.

    :param action: the API module
    :param name: what the parameter is called
    :param value: a text, or others that have no secret
    """
    kind = _kind(name)
    is_form = action in _AUTHENTICATION
    if kind == 'harmless' or (kind == 'field' and not is_form):
        return
    if isinstance(value, list | tuple):
        value = '|'.join(map(str, value))
    if not isinstance(value, str) or value in _TICKED:
        return
    if kind != 'token' or is_form or len(value) >= _MIN_TOKEN:
        redactor.secrets.add(value, name, lasting=kind == 'password')


@lru_cache(maxsize=1024)
def _kind(name: str) -> Literal['password', 'token', 'field', 'harmless']:
    """Return what a parameter is, going by its name; fields are secrets of forms."""
    plain = name.lower()
    if plain.endswith(_PASSWORDS):
        return 'password'
    if plain.endswith(_TOKENS):
        return 'token'
    return 'harmless' if plain.endswith(_HARMLESS) else 'field'


def note_password(value: object) -> None:
    """Register a password.

    :param value: of pywikibot's login; None if it has none yet
    """
    if isinstance(value, str):
        redactor.secrets.add(value, 'password', lasting=True)


def note_password_file() -> None:
    """Register all passwords of pywikibot's password file, in whatever form."""
    for folder in (config.base_dir, '') if config.password_file else ():
        path = os.path.join(folder, config.password_file)
        lines: list[str] = []
        # A pipe could be read once, by pywikibot; and tests replace Path.open.
        with suppress(OSError):
            if os.path.isfile(path):
                with open(path, encoding='utf-8', errors='replace') as file:
                    lines = file.read().splitlines()
        for line in lines:
            if line.strip() and not line.lstrip().startswith('#'):
                note_password(_password_in(line.strip()))


def note_configuration() -> None:
    """Register the keys of OAuth consumers, and what goes along with each request."""
    _note_lasting(*configured_bearers().values())
    for credentials in config.authenticate.values():
        if not isinstance(credentials, list | tuple):
            continue
        texts = [each for each in credentials if isinstance(each, str)]
        if len(texts) == 2:
            _note_lasting(b64encode(':'.join(texts).encode()).decode(), texts[1])
        else:
            _note_lasting(*texts)
    for name, value in config.extra_headers.items():
        if str(name).lower() in ('authorization', 'proxy-authorization', 'cookie'):
            _note_lasting(str(value), str(value).rpartition(' ')[2])


def note_exchange(response: requests.Response, **_: Any) -> None:
    """Register the secrets in the headers of a request, and of its answer.

    It is a hook of the session of the HTTP library.
    """
    headers = response.request.headers
    given = headers.get('Authorization')
    if given:
        text = given.decode('latin-1') if isinstance(given, bytes) else given
        quoted = _QUOTED.findall(text)
        for each in [text, text.partition(' ')[2], *quoted, *map(unquote, quoted)]:
            if len(each) >= _MIN_TOKEN:
                redactor.secrets.add(each, 'authorization')
    sent = headers.get('Cookie') or ''
    if isinstance(sent, bytes):
        sent = sent.decode('latin-1')
    for name, value in _cookies(sent):
        _note_cookie(name, value)
    for got in response.cookies:
        if got.value and _is_secret(got.name, got.value):
            _note_cookie(got.name, got.value)


def note_return(url: str) -> None:
    """Register the codes in the address that a provider sends a user back to.

    :param url: the whole address
    """
    with suppress(ValueError):
        parts = urlsplit(url.strip())
        for text in (parts.query, parts.fragment):
            for name, value in parse_qsl(text):
                if name in _RETURNED:
                    redactor.secrets.add(value, name)


def note_values(values: Iterable[str], name: str = '') -> None:
    """Register values that are secrets, such as tokens that a wiki hands out.

    :param values: the secrets
    :param name: of the parameter that they are the values of
    """
    for value in values:
        redactor.secrets.add(value, name)


def noted_password() -> property:
    """Return a property for the password of a login manager, which registers it."""

    def get(self: Any) -> str | None:
        password: str | None = self.__dict__.get('password')
        return password

    def put(self: Any, value: str | None) -> None:
        note_password(value)
        self.__dict__['password'] = value

    return property(get, put, None, 'The password, or None before it is known.')


def _password_in(line: str) -> object:
    """Return the password in a line of a password file; None if there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            last = literal_eval(line.replace('BotPassword', ''))[-1]
    except Exception:  # noqa: BLE001  # somebody's line may be anything
        texts = [one or other for one, other in _TEXT.findall(line)]
        return texts[-1] if len(texts) > 1 else None
    return last[-1] if isinstance(last, tuple) and last else last


def _note_lasting(*values: str) -> None:
    for value in values:
        redactor.secrets.add(value, 'secret', lasting=True)


@lru_cache(maxsize=64)
def _cookies(header: str) -> tuple[tuple[str, str], ...]:
    """Return the cookies in a header of a request that are secrets."""
    pairs = [cookie.partition('=')[::2] for cookie in header.split('; ')]
    return tuple((name, value) for name, value in pairs if _is_secret(name, value))


def _is_secret(name: str, value: str) -> bool:
    return len(value) >= _MIN_COOKIE and not name.endswith(_HARMLESS_COOKIES)


def _note_cookie(name: str, value: str) -> None:
    redactor.secrets.add(value, name)
    if '%' in value:
        redactor.secrets.add(unquote(value), name)
