"""Names on a command line that pwb logs before it has started the script.

It does so where options of its own stand before the script's name. What else is logged
of a command line is left to :mod:`mw_tokens_plugin.cli.privatewords`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import takewhile
from pathlib import Path
from typing import Any

#: How the script is called that can hide names, in whatever spelling pwb understands.
_SCRIPT = re.compile('lock', re.IGNORECASE)
#: What may be meant for its option that does so.
_HIDES = re.compile(r'[\W_]*(?:h[id]|su)|.*(?:lists|suppressed)\W*$', re.I | re.DOTALL)


def hide_names() -> None:
    """Let pwb log nothing that follows the script's name, where names must be hidden.

    What the script gets is left as it is.
    """
    from pywikibot import bot

    for name in ('writelogheader', 'writeToCommandLogFile'):
        if hasattr(bot, name):
            setattr(bot, name, _without_names(getattr(bot, name)))


def _without_names(write: Callable[[], Any]) -> Callable[[], Any]:
    @wraps(write)
    def written() -> Any:
        import pywikibot

        before = sys.argv, pywikibot.argvu
        sys.argv, pywikibot.argvu = map(_logged, before)
        try:
            return write()
        finally:
            sys.argv, pywikibot.argvu = before

    return written


def _logged(line: Sequence[str]) -> list[str]:
    """Return what may be logged of a command line."""
    name, *words = line or ['']
    if Path(name).stem.lower() in ('pwb', 'wrapper', '__main__'):
        options = len(list(takewhile(lambda word: word.startswith('-'), words)))
        script, *rest = words[options:] or ['']
        if options and _SCRIPT.search(script) and any(map(_HIDES.match, rest)):
            return [name, *words[: options + 1], *('***' for _ in rest)]
    return list(line)
