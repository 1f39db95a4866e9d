"""Refusing to run a script that was started by another name than its own.

Where pywikibot's ``pwb`` finds no script of a name, it starts the one whose name is
most similar: ``global_unlock`` would lock.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path, PurePath

from mw_tokens_plugin.exceptions import InvalidInput


def check_name(script: str, name: str, opposite: str = '') -> None:
    """Refuse to run if this process was started to run a script of another name.

    Nothing is checked where another program calls the script.

    .. version-added:: 0.1

    :param script: the file of the script
    :param name: its name
    :param opposite: the command for the opposite of what it does; empty if none is
    :raises InvalidInput: the process was started by another name
    """
    started = getattr(sys.modules.get('__main__'), '__file__', None)
    if started is None or Path(started).resolve() != Path(script).resolve():
        return
    typed = _typed_name(sys.orig_argv, sys.argv[1:])
    if typed in (None, name):
        return
    hint = f' For the opposite: "{opposite}".' if opposite else ''
    raise InvalidInput(
        f'There is no script {typed!r}, and {name!r}, which was started in its place, '
        f'runs by its own name only. Nothing was sent.{hint} If you mean {name!r}: '
        f'"pwb {name} -help".'
    )


def _typed_name(command: Sequence[str], arguments: Sequence[str]) -> str | None:
    """Return the name before a script's arguments; None if it is not known.

    :param command: the command line of the process
    :param arguments: the part of it that the script gets
    """
    # pwb adds its own -nolog to the arguments of the script.
    added = arguments[-1:] == ['-nolog']
    for given in (arguments, arguments[:-1]) if added else (arguments,):
        start = len(command) - len(given)
        if start > 0 and list(command[start:]) == list(given):
            word = command[start - 1]
            if word.startswith('-m') or command[start - 2 : start - 1] == ['-m']:
                return word.removeprefix('-m').rpartition('.')[2]
            return PurePath(word.removesuffix('.py')).name
    return None
