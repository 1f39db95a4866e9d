"""Long nights of whole scripts: nothing is lost, done twice, or done to the wrong one.

Schedules of faults, and of what colleagues do meanwhile, are drawn from seeds; pages
are deleted on several wikis with single-use tokens and restored, and global accounts
are deleted, which nobody can undo.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mw_tokens_plugin.sandbox import Sandbox
from mw_tokens_plugin.sandbox.faults import KINDS

from . import night_accounts, night_blocks, night_pages
from .farms import Farm
from .night_accounts import AccountNight
from .night_blocks import BlockNight
from .night_pages import PageNight
from .night_scripts import ScriptNight, hurried_scripts
from .night_seeds import parametrize, told

pytestmark = [
    pytest.mark.faults,
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
]

PAGES = 140
ACCOUNTS = 100
BLOCKS = 200

_SHARES = {
    'page_night': [(range(n, n + PAGES // 4),) for n in range(0, PAGES, PAGES // 4)],
    'account_night': [(range(ACCOUNTS),)],
    'block_night': [(range(BLOCKS),)],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in _SHARES.keys() & set(metafunc.fixturenames):
        parametrize(metafunc, _SHARES[name])


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., ScriptNight]]:
    """Begin a night on a farm of its own."""
    home = Path(os.environ['PYWIKIBOT_DIR'])
    with ExitStack() as stack:

        def begin(kind: type[ScriptNight], name: str, **farm: Any) -> ScriptNight:
            # A dead centralauthtoken costs as much less as all other waits.
            sandbox = stack.enter_context(Sandbox(penalty=0.001, **farm))
            stack.enter_context(hurried_scripts())
            made = Farm.of_sandbox(sandbox, name)
            made.introduce(home)
            made.choose(home)
            night = kind(made, sandbox, home, tmp_path)
            stack.callback(night.close)
            return night

        yield begin


@pytest.fixture
def page_night(seeds: range, begin: Callable[..., PageNight]) -> PageNight:
    """A night on which pages are deleted and restored."""
    wikis = len(night_pages.WIKIS)
    return begin(PageNight, f'pages{seeds.start}', wikis=wikis, accounts=1)


@pytest.fixture
def account_night(seeds: range, begin: Callable[..., AccountNight]) -> AccountNight:
    """A night on which global accounts are deleted."""
    accounts = night_accounts.MOST_TARGETS * len(seeds)
    return begin(AccountNight, f'accounts{seeds.start}', wikis=1, accounts=accounts)


@pytest.fixture
def block_night(seeds: range, begin: Callable[..., BlockNight]) -> BlockNight:
    """A night on which accounts and addresses are blocked."""
    accounts = night_blocks.MOST_TARGETS * len(seeds)
    return begin(BlockNight, f'blocks{seeds.start}', wikis=1, accounts=accounts)


def test_no_page_is_lost_and_what_was_deleted_is_restored(
    page_night: PageNight, seeds: range, capfd: pytest.CaptureFixture[str]
) -> None:
    for seed in seeds:
        schedule = night_pages.Schedule.of(seed)
        with told(schedule, page_night.said):
            page_night.play(schedule)
        capfd.readouterr()
    print(page_night.tally)
    assert page_night.tally.lost >= len(seeds) // 10


def test_no_account_is_deleted_but_those_of_the_plan(
    account_night: AccountNight, seeds: range, capfd: pytest.CaptureFixture[str]
) -> None:
    for seed in seeds:
        schedule = night_accounts.Schedule.of(seed)
        with told(schedule, account_night.said):
            account_night.play(schedule)
        capfd.readouterr()
    print(account_night.tally)
    assert account_night.tally.lost >= len(seeds) // 10


def test_each_target_is_blocked_once_and_has_one_entry_in_the_log(
    block_night: BlockNight, seeds: range, capfd: pytest.CaptureFixture[str]
) -> None:
    for seed in seeds:
        schedule = night_blocks.Schedule.of(seed)
        with told(schedule, block_night.said):
            block_night.play(schedule)
        capfd.readouterr()
    print(block_night.tally)
    assert block_night.tally.lost >= len(seeds) // 10


def test_all_that_can_go_wrong_does() -> None:
    """The schedules have every fault of the sandbox, and every deed of a colleague."""
    pages = [night_pages.Schedule.of(seed) for seed in range(PAGES)]
    accounts = [night_accounts.Schedule.of(seed) for seed in range(ACCOUNTS)]
    deleting = Counter(fault['kind'] for each in pages for fault in each.faults)
    restoring = Counter(fault['kind'] for each in pages for fault in each.undo_faults)
    for_good = Counter(fault['kind'] for each in accounts for fault in each.faults)
    # Locks alone are refused so, and accounts alone are read from a cache.
    elsewhere = {'state-mismatch', 'stale-read'}
    assert set(deleting + restoring) == set(KINDS) - elsewhere
    assert set(for_good) == set(KINDS) - elsewhere - night_accounts.ELSEWHERE
    assert sum(bool(each.disk) for each in pages) > PAGES / 10
    assert {deed.what for each in pages for deed in each.deeds} == {*night_pages.DEEDS}
    assert {deed.what for each in pages for deed in each.undo_deeds} == {
        *night_pages.UNDO_DEEDS
    }
    assert {deed.what for each in accounts for deed in each.deeds} == {
        *night_accounts.DEEDS
    }
