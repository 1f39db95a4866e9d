"""A farm of wikis on loopback, to rehearse on and to test with.

It imitates the action API of MediaWiki with CentralAuth, in memory and in one process;
it shares no code with the rest of the package, so that a mistake cannot agree with
itself.
"""

from __future__ import annotations

from .farm import Farm
from .faults import Fault
from .server import Sandbox

__all__ = ['Farm', 'Fault', 'Sandbox']
