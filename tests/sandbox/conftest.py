"""Ways to run the script: within this process, and as an operator does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mw_tokens_plugin.campaign.retry import RetryPolicy
from mw_tokens_plugin.cli import writing

from .desk import Desk, Run, script

if TYPE_CHECKING:
    from .farms import Farm

#: Scripts that keep no ledger.
_WITHOUT_LEDGER = ('global_status', 'link_account', 'token_doctor')


@pytest.fixture
def desk(farm: Farm, tmp_path: Path) -> Iterator[Desk]:
    """A directory of its own, configured for the farm."""
    directory = tmp_path / 'desk'
    directory.mkdir()
    farm.configure(directory)
    desk = Desk(directory)
    yield desk
    desk.close()


@pytest.fixture
def pwb(
    request: pytest.FixtureRequest,
    ledger_file: Path,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Run]:
    """Run any script within this process, on the stage or else on the farm."""
    request.getfixturevalue('stage' if 'stage' in request.fixturenames else 'farm')

    return partial(_run_script, ledger_file, capfd)


@pytest.fixture
def global_lock(pwb: Callable[..., Run]) -> Callable[..., Run]:
    """Run that script within this process, on the stage or else on the farm."""
    return partial(pwb, 'global_lock')


@pytest.fixture
def own_pwb(
    own_farm: Farm, ledger_file: Path, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Run]:
    """Run any script within this process, on the farm of one's own."""
    return partial(_run_script, ledger_file, capfd)


@contextmanager
def hurried_retries() -> Iterator[None]:
    """Let the pauses between two attempts be short; there are as many of them."""
    policy = partial(RetryPolicy, pause=0.02, longest_pause=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, 'RetryPolicy', policy)
        yield


@pytest.fixture
def hurried() -> Iterator[None]:
    """Shorten all that whole scripts wait for."""
    from .night_scripts import hurried_scripts

    with hurried_scripts():
        yield


def _run_script(
    ledger_file: Path, capfd: pytest.CaptureFixture[str], name: str, *args: str
) -> Run:
    capfd.readouterr()
    if name not in _WITHOUT_LEDGER:
        args += (f'-ledger:{ledger_file}',)
    with hurried_retries():
        code = script(name).main(*args)
    said: Any = capfd.readouterr()
    return Run(int(code), said.out, said.err)
