"""Long nights of whole scripts: nothing is lost, done twice, or done to the wrong one.

Schedules of faults, and of what colleagues do meanwhile, are drawn from seeds; pages
are deleted on several wikis with single-use tokens and restored, and global accounts
are deleted, which nobody can undo.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from centralauth_sandbox import Sandbox

from . import (
    night_accounts,
    night_blocks,
    night_pages,
    night_reverts,
    night_wikiblocks,
)
from .farms import Farm
from .night_accounts import AccountNight
from .night_blocks import BlockNight
from .night_pages import PageNight
from .night_reverts import RevertNight
from .night_scripts import ScriptNight, hurried_scripts
from .night_seeds import Seeds, enough, parametrize, told
from .night_wikiblocks import WikiBlockNight

pytestmark = [
    pytest.mark.faults,
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
]

PAGES = 140
ACCOUNTS = 100
BLOCKS = 200
REVERTS = 200
WIKI_BLOCKS = 200

_SHARES = {
    'page_night': [(range(n, n + PAGES // 4),) for n in range(0, PAGES, PAGES // 4)],
    'account_night': [(range(ACCOUNTS),)],
    'block_night': [(range(BLOCKS),)],
    'revert_night': [(range(REVERTS),)],
    'wiki_block_night': [(range(WIKI_BLOCKS),)],
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
def page_night(seeds: Seeds, begin: Callable[..., PageNight]) -> PageNight:
    """A night on which pages are deleted and restored."""
    wikis = len(night_pages.WIKIS)
    return begin(PageNight, f'pages{seeds[0]}', wikis=wikis, accounts=1)


@pytest.fixture
def account_night(seeds: Seeds, begin: Callable[..., AccountNight]) -> AccountNight:
    """A night on which global accounts are deleted."""
    accounts = night_accounts.MOST_TARGETS * len(seeds)
    return begin(AccountNight, f'accounts{seeds[0]}', wikis=1, accounts=accounts)


@pytest.fixture
def block_night(seeds: Seeds, begin: Callable[..., BlockNight]) -> BlockNight:
    """A night on which accounts and addresses are blocked."""
    accounts = night_blocks.MOST_TARGETS * len(seeds)
    return begin(BlockNight, f'blocks{seeds[0]}', wikis=1, accounts=accounts)


@pytest.fixture
def revert_night(seeds: Seeds, begin: Callable[..., RevertNight]) -> RevertNight:
    """A night on which edits are reverted and restored."""
    wikis = len(night_reverts.WIKIS)
    return begin(RevertNight, f'reverts{seeds[0]}', wikis=wikis, accounts=2)


@pytest.fixture
def wiki_block_night(seeds: Seeds, begin: Callable[..., WikiBlockNight]) -> Any:
    """A night on which abusers are blocked on many wikis."""
    wikis = len(night_wikiblocks.WIKIS)
    return begin(WikiBlockNight, f'wikiblocks{seeds[0]}', wikis=wikis, accounts=2)


def play(
    night: Any,
    schedule_of: Callable[[int], Any],
    seeds: Seeds,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Play the schedules of some seeds, of which enough must lose an answer."""
    for seed in seeds:
        schedule = schedule_of(seed)
        with told(schedule, night.said):
            night.play(schedule)
        capfd.readouterr()
    print(night.tally)
    assert night.tally.lost >= enough(seeds)


def test_no_page_is_lost_and_what_was_deleted_is_restored(
    page_night: PageNight, seeds: Seeds, capfd: pytest.CaptureFixture[str]
) -> None:
    play(page_night, night_pages.Schedule.of, seeds, capfd)


def test_no_account_is_deleted_but_those_of_the_plan(
    account_night: AccountNight, seeds: Seeds, capfd: pytest.CaptureFixture[str]
) -> None:
    play(account_night, night_accounts.Schedule.of, seeds, capfd)


def test_each_target_is_blocked_once_and_has_one_entry_in_the_log(
    block_night: BlockNight, seeds: Seeds, capfd: pytest.CaptureFixture[str]
) -> None:
    play(block_night, night_blocks.Schedule.of, seeds, capfd)


def test_no_edit_is_reverted_twice_and_nobody_else_is_overwritten(
    revert_night: RevertNight, seeds: Seeds, capfd: pytest.CaptureFixture[str]
) -> None:
    play(revert_night, night_reverts.Schedule.of, seeds, capfd)


def test_each_abuser_is_blocked_once_on_each_wiki_and_blocks_of_others_stay(
    wiki_block_night: WikiBlockNight, seeds: Seeds, capfd: pytest.CaptureFixture[str]
) -> None:
    play(wiki_block_night, night_wikiblocks.Schedule.of, seeds, capfd)
