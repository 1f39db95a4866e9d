"""Files of pywikibot that it cannot read any more, or that are not regular files.

Its own errors do not name the file; the function that failed shows which one it is.
"""

from __future__ import annotations

import traceback
from pathlib import Path, PurePath

from pywikibot import config
from pywikibot.comms import http

from mw_tokens_plugin.exceptions import InvalidInput

#: What pywikibot reads and writes without a check whether it is a file.
_KEPT = ('throttle.ctrl', 'pywikibot*.lwp', 'logs/*.log')


def check_files() -> None:
    """Refuse what is not a file where pywikibot keeps one, such as a pipe.

    pywikibot would wait for ever for the other end of a pipe.

    .. version-added:: 0.1

    :raises InvalidInput: there is such a thing
    """
    base = Path(config.base_dir)
    for path in (found for pattern in _KEPT for found in base.glob(pattern)):
        if path.exists() and not path.is_file():
            why = 'Is a directory' if path.is_dir() else 'it is not a file'
            raise InvalidInput(
                f'{path} cannot be used: {why}. pywikibot keeps a file of its own '
                'there: remove it, and start again.'
            )


def explained(error: Exception) -> Exception:
    """Return an error that names the damaged file which has led to another one.

    :param error: what ended a script; it is returned itself if no file is damaged
    """
    if isinstance(error, OSError):
        return error
    path = _file_being_read(error)
    if path is None:
        return error
    return InvalidInput(
        f'pywikibot cannot read its own file {path}, which is damaged: delete it, and '
        'start again. pywikibot makes a new one.'
    )


def _file_being_read(error: Exception) -> str | None:
    """Return the file that pywikibot was reading when it failed."""
    for frame in traceback.extract_tb(error.__traceback__):
        match PurePath(frame.filename).parts[-2:], frame.name:
            case ('pywikibot', 'throttle.py'), '_read_file':
                return str(config.datafilepath('throttle.ctrl'))
            case ('http', 'cookiejar.py'), 'load' | '_really_load':
                return str(http.cookie_jar.filename)
    return None
