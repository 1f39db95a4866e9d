"""The farm that `MW_TOKENS_FARM` names, in the place of the sandbox in a test.

A proxy before it has the journal and the faults. What only a sandbox in this process
has, and what the farm has no hook for, skips the test that asks for it, and is named.
"""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from centralauth_sandbox import Fault, Proxy
from centralauth_sandbox.control import CommandError
from centralauth_sandbox.faults import FaultError
from centralauth_sandbox.journal import Journal

from .farms import Farm

#: Seconds of lag that pywikibot tolerates.
LAG = 5.0


def lacks(what: str) -> NoReturn:
    """Skip a test on this farm.

    :param what: a hook, or what the sandbox has that is missing
    """
    pytest.skip(f'MW_TOKENS_FARM is a farm without {what}')


class NamedFarm:
    """What tests may ask of the sandbox, and a farm behind a proxy offers."""

    def __init__(self, farm: Farm, proxy: Proxy) -> None:
        """Take a farm whose wikis are those of the proxy."""
        self._proxy = proxy
        self.faults = _Faults(proxy)
        self.wikis = {code: _Wiki(wiki) for code, wiki in proxy.wikis.items()}
        self.credentials = _Passwords(farm)

    @property
    def journal(self) -> Journal:
        """What reached the wikis."""
        return self._proxy.journal

    def summary(self, since: int = 0) -> dict[str, Any]:
        """Return what the proxy counts."""
        return _Counters(self._proxy.summary(since))

    def command(self, name: str, /, **values: Any) -> dict[str, Any]:
        """Change the state of the farm by one of its hooks."""
        try:
            return self._proxy.command(name, **values)
        except CommandError as error:
            if 'has no hook' in str(error):
                lacks(f'the hook {name!r}')
            raise

    def reset(self) -> None:
        """Bring the farm into its first state."""
        self._proxy.reset()

    def __getattr__(self, name: str) -> Any:
        """Skip what asks for the sandbox itself."""
        lacks(f'a sandbox in this process (sandbox.{name})')


class _Faults:
    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    def arm(self, *args: Fault, **values: Any) -> Any:
        if values.get('kind') == 'maxlag' and values.get('seconds', LAG) < LAG:
            lacks('lags that are shorter than those that it tolerates')
        try:
            return self._proxy.faults.arm(*args, **values)
        except FaultError as error:
            if 'has no hook' in str(error) or 'only the sandbox' in str(error):
                lacks(f'such a fault: {error}')
            raise

    def clear(self) -> None:
        self._proxy.faults.clear()

    def __len__(self) -> int:
        return len(self._proxy.faults)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy.faults, name)


class _Passwords:
    def __init__(self, farm: Farm) -> None:
        self.operator = farm.operator.password
        self.sysop = farm.sysop.password
        self.bot = farm.bot.password

    def __getattr__(self, name: str) -> Any:
        lacks(f'an account that is like the {name} of the sandbox')


class _Wiki:
    def __init__(self, wiki: Any) -> None:
        self._wiki = wiki

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._wiki, name)
        except AttributeError:
            lacks(f'a sandbox in this process (wiki.{name})')


class _Counters(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        lacks(f'counters of its own (summary {name!r})')
