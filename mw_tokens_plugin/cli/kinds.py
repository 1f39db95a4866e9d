"""Which script carries out campaigns of a kind, by what is installed here.

A ledger names kinds and nothing else; what it says never chooses a module or a path.
A distribution declares its kinds in ``setup.cfg``::

    [options.entry_points]
    mw_tokens_plugin.campaigns =
        rollback_vandal = my_scripts.rollback:main
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mw_tokens_plugin.campaign.exitcodes import ExitCode
from mw_tokens_plugin.exceptions import InvalidInput

#: The group of entry points by which a distribution declares its kinds.
GROUP = 'mw_tokens_plugin.campaigns'

Start = Callable[..., ExitCode]


def script_for(kind: str, own: Mapping[str, Start]) -> Start | None:
    """Return what starts the script for campaigns of a kind; None if none is known.

    :param kind: what the ledger calls them
    :param own: the scripts of this package, by kind
    :raises InvalidInput: several claim it, or the one that does cannot be started
    """
    declared = {
        (entry.value, _distribution(entry)): entry
        for entry in entry_points(group=GROUP)
        if entry.name == kind
    }
    claims = sorted({name for _value, name in declared})
    if kind in own:
        claims.insert(0, 'mw_tokens_plugin')
    if len(declared) + (kind in own) > 1:
        raise InvalidInput(
            f'Several installed packages say that they carry out campaigns of the kind '
            f'{kind!r}: {", ".join(claims)}. Uninstall all but one of them.'
        )
    if kind in own:
        return own[kind]
    for entry in declared.values():
        try:
            start: Any = entry.load()
        except Exception as error:
            raise InvalidInput(
                f'{claims[0]} says that {entry.value} carries out campaigns of the '
                f'kind {kind!r}, and that cannot be started: {error}'
            ) from None
        return _checked(start, entry)
    return None


def _checked(start: Any, entry: EntryPoint) -> Start:
    if not callable(start):
        raise InvalidInput(f'{entry.value} is nothing that can be started.')
    found: Start = start
    return found


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else 'an unknown package'
