"""All that every site object gains, as the one class that is mixed into it.

Each part has a module of its own; here they are joined, and given a type.
"""

from __future__ import annotations

from typing import Any

from mw_tokens_plugin.site.globalaccounts import GlobalAccountsMixin
from mw_tokens_plugin.site.globalgroups import GlobalGroupsMixin
from mw_tokens_plugin.site.queries import QueriesMixin


class PluginMixin(GlobalAccountsMixin, GlobalGroupsMixin, QueriesMixin):
    """The plugin's part of a site object.

    .. version-added:: 0.1
    """


def typed(site: Any) -> PluginMixin:
    """Return the same site object, with types that an editor and mypy know.

    pywikibot ships no types, so what ``pywikibot.Site()`` returns is ``Any`` to them::

        site = mw_tokens_plugin.typed(pywikibot.Site('meta:meta'))
        site.tokens.csrf  # a Token

    .. version-added:: 0.1

    :param site: a site object of pywikibot
    :raises TypeError: it has not got the plugin
    """
    if not isinstance(site, PluginMixin):
        raise TypeError(
            f'{site!r} has not got the plugin: call mw_tokens_plugin.enable() first.'
        )
    return site
