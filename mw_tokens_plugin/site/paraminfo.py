"""What a wiki says of its own API modules, asked once per module and kept.

https://www.mediawiki.org/wiki/API:Parameter_information
"""

from __future__ import annotations

from typing import Any

from pywikibot import config


class ModuleInfo:
    """The answers of ``action=paraminfo`` on one site.

    pywikibot keeps them on disk too (``API_config_expiry``, in days).
    """

    def __init__(self, site: Any) -> None:
        """Start with nothing known."""
        self._site = site
        self._known: dict[str, dict[str, Any] | None] = {}

    def __call__(self, module: str) -> dict[str, Any] | None:
        """Return what the wiki says of a module; None if it has none of that name.

        :param module: its path, such as ``delete`` or ``query+tokens``
        """
        if module not in self._known:
            answer = self._site._request(
                expiry=config.API_config_expiry,
                parameters={
                    'action': 'paraminfo',
                    'modules': module,
                    'formatversion': 2,
                },
            ).submit()
            modules = answer.get('paraminfo', {}).get('modules') or [None]
            self._known[module] = modules[0]
        return self._known[module]

    def values(self, module: str, parameter: str) -> frozenset[str]:
        """Return the values that a parameter of a module allows.

        :param module: the module's path
        :param parameter: the parameter's name, without the module's prefix
        """
        for item in (self(module) or {}).get('parameters', ()):
            if item.get('name') == parameter and isinstance(item.get('type'), list):
                return frozenset(item['type'])
        return frozenset()
