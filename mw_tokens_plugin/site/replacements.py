"""Whether something in pywikibot is not what the plugin knows.

Other code has replaced it, as dry modes and recorders do, or a later release of
pywikibot does by itself what the plugin does. What follows is left to the callers.
"""

from __future__ import annotations

from types import CodeType, FunctionType

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


def mentions(owner: type, word: str) -> bool:
    """Tell whether a method of a class has a text in its code, such as a field's name.

    A release of pywikibot that knows a field does what is done with it.

    :param owner: the class of pywikibot, without the classes it is derived from
    :param word: the text
    """
    methods = [each for each in vars(owner).values() if isinstance(each, FunctionType)]
    return any(_has(each.__code__, word) for each in methods)


def _has(value: object, word: str) -> bool:
    if isinstance(value, CodeType):
        value = value.co_consts
    if isinstance(value, tuple | frozenset):
        return any(_has(each, word) for each in value)
    return value == word
