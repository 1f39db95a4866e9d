"""The file in which pywikibot looks for passwords: where it is, what is wrong in it.

It is read here first, because pywikibot prints the lines that it cannot use. No part of
a line gets into any message; logging in is left to pywikibot.

https://www.mediawiki.org/wiki/Manual:Pywikibot/BotPasswords
"""

from __future__ import annotations

import ast
import shlex
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pywikibot
from pywikibot import config
from pywikibot.family import Family
from pywikibot.tools import normalize_username

from mw_tokens_plugin.exceptions import InvalidInput
from mw_tokens_plugin.privatefiles import others_can_read
from mw_tokens_plugin.site.family import farm_of

#: Lines that are longer, or have more commas, are refused by pywikibot.
_MAX_LENGTH = 250
_MAX_COMMAS = 4

_FORM = (
    "Each of its lines is ('family', 'Name', 'password') or "
    "('family', 'Name', BotPassword('its name', 'its password'))."
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """For which account a line holds a password; None stands for any wiki."""

    code: str | None
    family: str | None
    name: str
    line: int = 0


def password_file() -> Path | None:
    """Return the file in which pywikibot looks for passwords; None if none is named.

    It may be missing.

    .. version-added:: 0.1
    """
    if not config.password_file:
        return None
    # Beside user-config.py, else in the present folder, as pywikibot looks for it.
    paths = [Path(folder, config.password_file) for folder in (config.base_dir, '')]
    return next((path for path in paths if _is_used(path)), paths[0])


def password_problem() -> str | None:
    """Say why pywikibot cannot use its password file; None if it can, or needs none.

    .. version-added:: 0.1
    """
    path = password_file()
    if path is None:
        return None
    if not _is_used(path):
        what = 'not a file' if path.exists() else 'not there'
        if path.is_symlink():
            what = 'a symbolic link, which pywikibot does not follow'
        return (
            f'{path}, which password_file in user-config.py names, is {what}. Write '
            'it, or leave that line out to be asked for the password.'
        )
    try:
        entries = list(_entries(path))
    except OSError as error:
        return f'The password file {path} cannot be read: {error.strerror or error}.'
    except ValueError as error:
        return f'The password file {path} cannot be used: {error}. {_FORM}'
    for entry in entries:
        families = [] if entry.family else _farms_with(entry.name)
        if len(families) > 1:
            return (
                f'The password file {path} cannot be used: line {entry.line} is for an '
                'account that user-config.py names on several farms (the families '
                f'{", ".join(families)}), so each of them would be sent the password '
                f"of another one. Write ({families[0]!r}, 'Name', 'password'), with "
                'the family that it belongs to.'
            )
    return None


def lacks_password(family: str, code: str, name: str) -> bool:
    """Tell whether a password file is used, and has no line for an account.

    .. version-added:: 0.1

    :param family: the wiki's family
    :param code: the wiki's code in that family
    :param name: the account's name
    """
    path = password_file()
    if path is None or password_problem():
        return False
    return not any(
        entry.name == normalize_username(name)
        and entry.family in (None, family)
        and entry.code in (None, code)
        for entry in _entries(path)
    )


def check_password_file() -> None:
    """Refuse a password that others may know, and a file that pywikibot cannot use.

    pywikibot would restrict the mode, but only when it next reads the file, and without
    a message that others could read it.

    :raises InvalidInput: the file must be corrected first
    """
    path = password_file()
    if path is not None and others_can_read(path):
        raise InvalidInput(
            f'{path} can be read by others on this machine, and it holds a password: '
            f'run "chmod 600 {shlex.quote(str(path))}", and change the password if '
            'somebody may have read it. Nothing was sent.'
        )
    if problem := password_problem():
        raise InvalidInput(f'{problem} Nothing was sent.')


def _farms_with(name: str) -> list[str]:
    """Return a family of each farm for which ``user-config.py`` names an account."""
    found: dict[str, str] = {}
    named = [f for f, names in config.usernames.items() if _is_among(name, names)]
    if '*' in named:
        # It is used on every wiki, as far as somebody has named any.
        here = str(Path(pywikibot.__file__).parent)
        own = [f for f, at in config.family_files.items() if not at.startswith(here)]
        named += [config.family, *own]
    for family in named:
        with suppress(Exception):
            # A family file that is wrong or missing is reported where it is used.
            found.setdefault(farm_of(Family.load(family)), family)
    return list(found.values())


def _is_among(name: str, names: Mapping[str, object]) -> bool:
    return any(normalize_username(str(each)) == name for each in names.values())


def _is_used(path: Path) -> bool:
    """Tell whether pywikibot would use a file as its password file."""
    return path.is_file() and not path.is_symlink()


def _entries(path: Path) -> Iterator[_Entry]:
    """Read all lines as pywikibot does.

    :raises OSError: the file cannot be read
    :raises ValueError: pywikibot could not use a line; the message shows none of it
    """
    content = path.read_bytes()
    if content.startswith(b'\xef\xbb\xbf'):
        raise ValueError('it begins with a byte order mark, so save it without one')
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        number = content.count(b'\n', 0, error.start) + 1
        raise ValueError(f'line {number} is not in UTF-8') from None
    for number, line in enumerate(text.splitlines(), start=1):
        if (line := line.strip()) and not line.startswith('#'):
            try:
                yield replace(_entry(line), line=number)
            except ValueError as error:
                raise ValueError(f'line {number} {error}') from None


def _entry(line: str) -> _Entry:
    """Read one line.

    :raises ValueError: pywikibot could not use it
    """
    if line.count(', ') > _MAX_COMMAS or len(line) > _MAX_LENGTH:
        raise ValueError('is too long for pywikibot')
    is_bot_password = 'BotPassword' in line
    try:
        with warnings.catch_warnings():
            # pywikibot would show what Python warns about, such as a single backslash.
            warnings.simplefilter('error')
            entry = ast.literal_eval(line.replace('BotPassword', ''))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(
            'is not understood: check its quotation marks and brackets, and write '
            'each backslash twice'
        ) from None
    if isinstance(entry, tuple) and len(entry) == 1 and isinstance(entry[0], tuple):
        raise ValueError('has a comma at its end')
    if not isinstance(entry, tuple) or not 2 <= len(entry) <= 4:
        raise ValueError('does not have two to four parts in round brackets')
    *about, secret = entry
    if not all(isinstance(part, str) and part for part in about):
        raise ValueError('has a name that is not a text in quotation marks, or empty')
    if is_bot_password:
        _check_bot_password(secret)
    elif not isinstance(secret, str) or not secret:
        raise ValueError('has no password in quotation marks at its end')
    try:
        ''.join((*about, *secret)).encode()
    except UnicodeEncodeError:
        # pywikibot would say so with the password.
        raise ValueError('has half a surrogate pair, which cannot be sent') from None
    *wiki, name = about
    return _Entry(
        code=wiki[0] if len(wiki) == 2 else None,
        family=wiki[-1] if wiki else None,
        name=normalize_username(name) or '',
    )


def _check_bot_password(secret: object) -> None:
    """Check what is in the brackets of a BotPassword.

    :raises ValueError: pywikibot could not use it
    """
    if not (
        isinstance(secret, tuple)
        and len(secret) == 2
        and all(isinstance(part, str) and part for part in secret)
    ):
        raise ValueError("has no BotPassword('its name', 'its password') at its end")
    if '@' in secret[0]:
        raise ValueError(
            'has a BotPassword whose name contains "@": leave out the account\'s name '
            'and the "@"'
        )
