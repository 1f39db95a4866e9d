"""Whether somebody has put requests of their own in the place of pywikibot's.

Dry modes and recorders do that. What then holds is decided by whoever asks.
"""

from __future__ import annotations

from pywikibot.data import api
from pywikibot.data.api._requests import Request


def is_replaced() -> bool:
    """Tell whether somebody has replaced ``pywikibot.data.api.Request``."""
    return api.Request is not Request
