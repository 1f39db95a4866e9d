"""All that every site object gains, as the one class that is mixed into it.

Each part has a module of its own; nothing is done here.
"""

from __future__ import annotations

from mw_tokens_plugin.site.globalaccounts import GlobalAccountsMixin
from mw_tokens_plugin.site.globalgroups import GlobalGroupsMixin
from mw_tokens_plugin.site.queries import QueriesMixin


class PluginMixin(GlobalAccountsMixin, GlobalGroupsMixin, QueriesMixin):
    """The plugin's part of a site object.

    .. version-added:: 0.1
    """
