"""mw_tokens_plugin: typed tokens and bulk actions on global accounts for pywikibot.

:func:`enable` hooks the plugin into pywikibot's site objects; importing this package
does nothing by itself, and does not import pywikibot.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mw_tokens_plugin.site.hook import enable

if TYPE_CHECKING:
    from mw_tokens_plugin.exceptions import TokensPluginError
    from mw_tokens_plugin.protocol.globalaccounts import (
        AccountState,
        GlobalAccount,
        HiddenLevel,
        ListedAccount,
        LockLogEntry,
        StatusChange,
    )
    from mw_tokens_plugin.protocol.globalblocks import (
        INFINITY,
        GlobalBlock,
        GlobalBlockChange,
        GlobalBlockLogEntry,
        LocalBlock,
    )
    from mw_tokens_plugin.protocol.globalgroups import (
        GlobalGroup,
        GlobalRename,
        GroupsChange,
        WikiSet,
    )
    from mw_tokens_plugin.protocol.tokens import Token, TokenType
    from mw_tokens_plugin.site.mixins import TypedSite, foreign_site, typed
    from mw_tokens_plugin.site.queries import EditContext
    from mw_tokens_plugin.site.wallet import TypedTokenWallet

__all__ = [
    'INFINITY',
    'AccountState',
    'EditContext',
    'GlobalAccount',
    'GlobalBlock',
    'GlobalBlockChange',
    'GlobalBlockLogEntry',
    'GlobalGroup',
    'GlobalRename',
    'GroupsChange',
    'HiddenLevel',
    'ListedAccount',
    'LocalBlock',
    'LockLogEntry',
    'StatusChange',
    'Token',
    'TokenType',
    'TokensPluginError',
    'TypedSite',
    'TypedTokenWallet',
    'WikiSet',
    '__version__',
    'enable',
    'foreign_site',
    'typed',
]

__version__ = '0.1.0'


#: Where the public names are that are imported when they are used.
_PLACES = {
    'exceptions': ('TokensPluginError',),
    'protocol.globalaccounts': (
        'AccountState',
        'GlobalAccount',
        'HiddenLevel',
        'ListedAccount',
        'LockLogEntry',
        'StatusChange',
    ),
    'protocol.globalblocks': (
        'INFINITY',
        'GlobalBlock',
        'GlobalBlockChange',
        'GlobalBlockLogEntry',
        'LocalBlock',
    ),
    'protocol.globalgroups': ('GlobalGroup', 'GlobalRename', 'GroupsChange', 'WikiSet'),
    'protocol.tokens': ('Token', 'TokenType'),
    'site.mixins': ('TypedSite', 'foreign_site', 'typed'),
    'site.queries': ('EditContext',),
    'site.wallet': ('TypedTokenWallet',),
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
