"""Files that pywikibot keeps and cannot read any more.

It names none of them where it stumbles over one.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from pathlib import Path

from pywikibot import config

from mw_tokens_plugin.exceptions import InvalidInput


def explained(error: Exception) -> Exception:
    """Return an error that names the broken file which has led to another one.

    :param error: what ended a script; it is returned itself if no file is broken
    """
    if not isinstance(error, UnicodeDecodeError):
        return error
    folder = Path(config.base_dir)
    for path in chain([folder / 'throttle.ctrl'], folder.glob('pywikibot*.lwp')):
        if _is_broken(path):
            return InvalidInput(
                f'pywikibot cannot read its own file {path}, which is damaged: delete '
                'it, and start again. It is written anew.'
            )
    return error


def _is_broken(path: Path) -> bool:
    with suppress(OSError):
        try:
            path.read_text('utf-8')
        except UnicodeDecodeError:
            return True
    return False
