"""mw_tokens_plugin: typed tokens and bulk actions on global accounts for pywikibot.

:func:`enable` hooks the plugin into pywikibot's site objects; importing this package
does nothing by itself, and does not import pywikibot.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mw_tokens_plugin.site.hook import enable

if TYPE_CHECKING:
    from mw_tokens_plugin.protocol.globalaccounts import (
        AccountState,
        GlobalAccount,
        HiddenLevel,
        StatusChange,
    )
    from mw_tokens_plugin.protocol.tokens import Token, TokenType
    from mw_tokens_plugin.site.mixins import foreign_site, typed

__all__ = [
    'AccountState',
    'GlobalAccount',
    'HiddenLevel',
    'StatusChange',
    'Token',
    'TokenType',
    '__version__',
    'enable',
    'foreign_site',
    'typed',
]

__version__ = '0.1.0'


#: Where the public names are that are imported when they are used.
_PLACES = {
    'protocol.globalaccounts': (
        'AccountState',
        'GlobalAccount',
        'HiddenLevel',
        'StatusChange',
    ),
    'protocol.tokens': ('Token', 'TokenType'),
    'site.mixins': ('foreign_site', 'typed'),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is used: pywikibot's start is not to wait for it."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f'{__name__}.{place}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    """Return all names, also those that are not imported yet."""
    return sorted({*globals(), *__all__})
