"""What a wiki says of its own API modules, asked once per module and release, and kept.

What is done with the answer is left to the callers.

https://www.mediawiki.org/wiki/API:Parameter_information
"""

from __future__ import annotations

import re
from typing import Any

from pywikibot import config

from mw_tokens_plugin.exceptions import UnexpectedAnswer
from mw_tokens_plugin.protocol.answers import expected_form, items_of, part_of
from mw_tokens_plugin.site.base import WikiSite
from mw_tokens_plugin.site.replacements import is_replaced


class ModuleInfo:
    """The answers of ``action=paraminfo`` on one site.

    pywikibot keeps them on disk too (``API_config_expiry``, in days), but those of
    another release of MediaWiki are not taken: pywikibot looks once a day which one the
    wiki runs. That a module is missing is never taken from the disk, since an extension
    may have been installed meanwhile.
    """

    def __init__(self, site: WikiSite) -> None:
        """Start with nothing known."""
        self._site = site
        self._release = ''
        self._known: dict[str, dict[str, Any] | None] = {}

    def __call__(self, module: str) -> dict[str, Any] | None:
        """Return what the wiki says of a module; None if it has none of that name.

        :param module: its path, such as ``delete`` or ``query+tokens``
        """
        if re.fullmatch(r'[A-Za-z0-9_+-]+', module) is None:
            # With a "|" or a "*" the wiki would tell of others.
            return None
        # pywikibot keeps what a wiki runs, so it is asked by another class of requests.
        release = '' if is_replaced() else self._release_said()
        if release != self._release:
            self._release, self._known = release, {}
        known = self._known
        if module not in known:
            try:
                found = self._ask(module, release, config.API_config_expiry)
            except UnexpectedAnswer:
                # pywikibot keeps what a wiki has answered once, even if it is nonsense.
                found = None
            known[module] = found or self._ask(module, release, 0)
        return known[module]

    def _release_said(self) -> str:
        """Return which release the wiki runs; empty if pywikibot refuses it."""
        try:
            return str(self._site.version())
        except RuntimeError:
            # It does not support MediaWiki before 1.31, which answers all the same.
            return ''

    def values(self, module: str, parameter: str) -> frozenset[str]:
        """Return the values that a parameter of a module allows.

        :param module: the module's path
        :param parameter: the parameter's name, without the module's prefix
        """
        with expected_form(f'What {self._site} says of its module {module}'):
            for item in (self(module) or {}).get('parameters', ()):
                if item.get('name') == parameter and isinstance(item.get('type'), list):
                    return frozenset(item['type'])
        return frozenset()

    def has_parameter(self, module: str, parameter: str) -> bool:
        """Tell whether a module has a parameter; none has those of a missing module.

        That a parameter is missing is not taken from the disk either, since an
        extension may have been updated meanwhile.

        :param module: the module's path
        :param parameter: the parameter's name, without the module's prefix
        """
        if parameter in self._names(module):
            return True
        self._known[module] = self._ask(module, self._release, 0)
        return parameter in self._names(module)

    def _names(self, module: str) -> frozenset[str]:
        with expected_form(f'What {self._site} says of its module {module}'):
            known = (self(module) or {}).get('parameters', ())
            return frozenset(item['name'] for item in known)

    def _ask(self, module: str, release: str, expiry: float) -> dict[str, Any] | None:
        request = self._site._request(
            # Who replaces pywikibot's requests seldom thinks of those that it keeps.
            expiry=None if is_replaced() else expiry,
            parameters={
                'action': 'paraminfo',
                'modules': module,
                'formatversion': 2,
                # The wiki only repeats it; pywikibot finds answers by their request.
                'requestid': release,
            },
        )
        found = part_of(request.submit(), 'paraminfo')
        if 'modules' not in found:
            return None
        modules = [each for each in items_of(found, 'modules') if 'missing' not in each]
        if not modules:
            return None
        if 'parameters' in modules[0]:
            with expected_form(f'What {self._site} says of its module {module}'):
                for item in items_of(modules[0], 'parameters'):
                    item['name']
        return dict(modules[0])
