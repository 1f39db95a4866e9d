"""The pytest plugin: a farm of wikis for the tests of any bot.

pytest loads it with each run on a machine that has it, so nothing is imported before a
test asks for a farm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing import CentralAuthFarm

_MARK = 'centralauth_farm'
_START = Callable[..., 'CentralAuthFarm']


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        'markers',
        f'{_MARK}(wikis=3, accounts=20, ...): what the farm of the fixture '
        'centralauth_farm is like; the arguments of centralauth_sandbox.Sandbox',
    )


@pytest.fixture(scope='session')
def _centralauth_farms() -> Iterator[_START]:
    """Start a farm of each kind that tests ask for once."""
    try:
        from .server import Sandbox
    except ModuleNotFoundError as error:
        if error.name != 'aiohttp':
            raise
        pytest.fail("it needs the extra: pip install 'mw_tokens_plugin[sandbox]'")
    from .testing import CentralAuthFarm

    running: dict[str, CentralAuthFarm] = {}
    with ExitStack() as stack:

        def start(*values: Any, **options: Any) -> CentralAuthFarm:
            key = repr((values, sorted(options.items())))
            if key not in running:
                # Cookies do not tell ports apart.
                network = f'127.0.{100 + len(running)}'
                usual: dict[str, Any] = {'network': network}
                if len(values) < 4:
                    usual['accounts'] = 20
                made = Sandbox(*values, **{**usual, **options})
                running[key] = CentralAuthFarm(stack.enter_context(made))
            return running[key]

        yield start


@pytest.fixture
def centralauth_farm(
    _centralauth_farms: _START, request: pytest.FixtureRequest
) -> CentralAuthFarm:
    """A farm of wikis with one login, as it is at the start of each test.

    The mark `centralauth_farm` says what it is like, if not as usual.
    """
    mark = request.node.get_closest_marker(_MARK)
    values, options = (mark.args, mark.kwargs) if mark else ((), {})
    farm = _centralauth_farms(*values, **options)
    farm.sandbox.reset()
    return farm
