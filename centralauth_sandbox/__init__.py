"""A farm of wikis on loopback, to rehearse on and to test with.

It imitates the action API of MediaWiki with CentralAuth, in memory and in one process;
it shares no code with the plugin, so that a mistake cannot agree with itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .farm import Farm
    from .faults import Fault
    from .proxy import Proxy
    from .server import Sandbox

__all__ = ['Farm', 'Fault', 'Proxy', 'Sandbox']

#: Where they are. The web server is an extra, and pytest loads this with each run.
_PLACES = {'Farm': 'farm', 'Fault': 'faults', 'Proxy': 'proxy', 'Sandbox': 'server'}


def __getattr__(name: str) -> object:
    """Import what is used."""
    if name in _PLACES:
        return getattr(import_module(f'.{_PLACES[name]}', __name__), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
