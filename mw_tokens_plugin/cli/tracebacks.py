"""Keeping the traceback of an internal error in a file, for the bug report.

An operator gets one sentence that names the file. Which errors are internal ones is
left to :mod:`mw_tokens_plugin.campaign.errorcodes`.
"""

from __future__ import annotations

import platform
import secrets
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import pywikibot
from pywikibot import config

from mw_tokens_plugin.privatefiles import open_private
from mw_tokens_plugin.protocol.display import displayable
from mw_tokens_plugin.site.redaction import redactor


def internal_error(error: BaseException) -> str:
    """Keep the traceback of an internal error, and return the sentence about it.

    The file can be read by its owner only, and holds no secret.

    .. version-added:: 0.1
    """
    what = redactor.clean(f'{type(error).__name__}: {error}').rstrip('.')
    path = _kept(_text(error))
    where = (
        f'The details are in {path}'
        if path is not None
        else 'No folder takes a file with the details'
    )
    return (
        f'Something unforeseen happened: {what}. {where}; report it, and do not start '
        'this again before the cause is known.'
    )


def _text(error: BaseException) -> str:
    """Return what a developer needs to know."""
    about = (
        f'{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} UTC, '
        f'Python {platform.python_version()}, pywikibot {pywikibot.__version__}, '
        f'{sys.platform}\n\n'
    )
    whole = redactor.clean(about + ''.join(traceback.format_exception(error)))
    # Somebody will look at it in a terminal.
    return displayable(whole, lines=True)


def _kept(text: str) -> Path | None:
    """Write a text to a new file, and return its path; None if no folder takes it."""
    name = f'internal-error-{datetime.now(timezone.utc):%Y%m%d-%H%M%S}'
    for folder in _folders():
        path = folder / f'{name}-{secrets.token_hex(4)}.txt'
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open_private(path, 'new') as file:
                file.write(text)
            return path
    return None


def _folders() -> Iterator[Path]:
    """Yield pywikibot's folder for logs, and others where that takes no file."""
    yield Path(config.base_dir, 'logs').absolute()
    with suppress(OSError):
        yield Path(tempfile.gettempdir())
