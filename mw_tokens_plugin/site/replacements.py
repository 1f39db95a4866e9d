"""Whether other code has replaced a function or class of pywikibot.

Dry modes and recorders do that. What follows is left to the callers.
"""

from __future__ import annotations

from pywikibot.data import api
from pywikibot.data.api._requests import Request
from pywikibot.site._tokenwallet import TokenWallet

#: What pywikibot's own wallet does.
_OWN_ITEM = TokenWallet.__getitem__


def is_replaced() -> bool:
    """Tell whether somebody has replaced ``pywikibot.data.api.Request``."""
    return api.Request is not Request


def is_wallet_replaced() -> bool:
    """Tell whether somebody has replaced ``TokenWallet.__getitem__``."""
    return TokenWallet.__getitem__ is not _OWN_ITEM
