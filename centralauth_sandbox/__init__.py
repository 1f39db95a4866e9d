"""A farm of wikis on loopback, to rehearse on and to test with.

It imitates the action API of MediaWiki with CentralAuth, in memory and in one process;
it shares no code with the rest of the package, so that a mistake cannot agree with
itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .farm import Farm
from .faults import Fault

if TYPE_CHECKING:
    from .proxy import Proxy
    from .server import Sandbox

__all__ = ['Farm', 'Fault', 'Proxy', 'Sandbox']


def __getattr__(name: str) -> object:
    """Import the web server, which is an extra, only when it is used."""
    if name == 'Sandbox':
        from .server import Sandbox

        return Sandbox
    if name == 'Proxy':
        from .proxy import Proxy

        return Proxy
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
