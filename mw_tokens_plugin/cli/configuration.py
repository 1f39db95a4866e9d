"""Whether pywikibot can use what ``user-config.py`` says.

pywikibot accepts a value of the wrong type after a warning, and fails on it later. No
value gets into any message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pywikibot import config
from pywikibot.comms import http

from mw_tokens_plugin.exceptions import InvalidInput

_NUMBER = (int, float)
_TABLE = (Mapping,)

#: The types of the settings that the scripts use.
#: https://doc.wikimedia.org/pywikibot/stable/api_ref/pywikibot.config.html
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(('family', 'mylang', 'user_agent_format'), (str,)),
    **dict.fromkeys(('family_files', 'usernames', 'authenticate'), _TABLE),
    **dict.fromkeys(('put_throttle', 'minthrottle', 'maxthrottle'), _NUMBER),
    **dict.fromkeys(('retry_wait', 'retry_max'), _NUMBER),
    **dict.fromkeys(('max_retries', 'logfilesize', 'logfilecount'), (int,)),
    'user_agent_description': (str, type(None)),
    'password_file': (str, os.PathLike, type(None)),
    'socket_timeout': (*_NUMBER, tuple),
    'log': (list, tuple, set),
}


def check_configuration() -> None:
    """Refuse settings that pywikibot would fail on.

    .. version-added:: 0.1

    :raises InvalidInput: one must be corrected first
    """
    for problem in _problems():
        raise InvalidInput(
            f'{problem}. Correct that in user-config.py. Nothing was sent.'
        )


def _problems() -> Iterator[str]:
    """Yield what is wrong, each check relying on those before it."""
    for name, types in _TYPES.items():
        value = getattr(config, name)
        if not isinstance(value, types) or isinstance(value, bool):
            yield f'{name} cannot be a value of the type {type(value).__name__}'
    timeout = config.socket_timeout
    if isinstance(timeout, tuple) and not (
        len(timeout) == 2 and all(isinstance(part, _NUMBER) for part in timeout)
    ):
        yield 'socket_timeout has to be one number, or two in brackets'
    if '\0' in str(config.password_file or ''):
        yield 'password_file is not the name of a file'
    for names in config.usernames.values():
        if not isinstance(names, Mapping) or not all(map(_is_name, names.values())):
            yield 'usernames has an account that is not a name in quotation marks'
    try:
        # Looking for the revision is logged, which opens logs before -log is read.
        form = re.sub(r'\{(revision|version)\b[^}]*\}', '0', config.user_agent_format)
        sent = http.user_agent(format_string=form)
        # Headers are sent in this encoding.
        fits = _is_line(sent.encode('latin-1').decode('latin-1'))
    except (LookupError, ValueError, TypeError, AttributeError):
        fits = False
    if not fits:
        yield (
            'What is sent as the user agent cannot be made of user_agent_format and '
            'user_agent_description, which have to be one line of Latin letters'
        )


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and _is_line(name)


def _is_line(text: str) -> bool:
    return not any(ord(character) < 32 for character in text)
