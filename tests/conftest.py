"""pywikibot in a directory of its own, and a farm for it to work on.

The farm is a sandbox in this process, or the one that `MW_TOKENS_FARM` names; tests
that need to see or break the sandbox itself are skipped there.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import compiledsql
import pytest
from hypothesis import HealthCheck, settings
from leftovers import cleared

# A disk takes longer for all that ledgers write than they do themselves.
_MEMORY = Path('/dev/shm')
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2 * 10**9:
    os.environ.setdefault('PYTEST_DEBUG_TEMPROOT', str(_MEMORY))

# pywikibot reads these while it is imported, which the first test file may do.
_DIRECTORY = tempfile.mkdtemp(
    prefix='mw_tokens_tests.', dir=os.environ.get('PYTEST_DEBUG_TEMPROOT')
)
# Without one, pywikibot would keep cookies and answers in the present directory.
Path(_DIRECTORY, 'user-config.py').touch(mode=0o600)
os.environ['PYWIKIBOT_DIR'] = _DIRECTORY
os.environ['PYWIKIBOT_NO_USER_CONFIG'] = '2'
# What programs say is compared in English, whatever language this terminal has: here,
# and in what tests start, which is given a configuration of its own.
os.environ['PYWIKIBOT_USERINTERFACE_LANG'] = 'en'
os.environ['LC_ALL'] = 'C.UTF-8'
# Hundreds of scripts would compile the whole package each, a third of their time.
os.environ.pop('PYTHONDONTWRITEBYTECODE', None)
atexit.register(shutil.rmtree, _DIRECTORY, ignore_errors=True)

# A shell's background job ignores it, and so would all that tests start and interrupt.
if threading.current_thread() is threading.main_thread():
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)

if TYPE_CHECKING:
    from sandbox.farms import Farm

    from centralauth_sandbox import Sandbox
    from mw_tokens_plugin.campaign.ledger import Ledger

#: Fixtures that are the sandbox itself, which no other farm has.
_SANDBOX = {
    *('old_sandbox', 'old_farm', 'old_site'),
    *('own_farm', 'second_farm'),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        '--seeds',
        metavar='N[-M]|COUNT@WORD|all',
        help='the schedules of the long nights to be played, or how many and the word '
        'by which they are drawn, instead of a few',
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let examples be the same in each run, however slow the machine is.

    What is drawn anew finds faults of the day before in the change of today: long runs
    do that.
    """
    settings.register_profile(
        'tests',
        database=None,
        deadline=None,
        derandomize=not config.getoption('seeds'),
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile('tests')
    compiledsql.share()


def pytest_report_header(config: pytest.Config) -> str:
    return f'seeds of the long nights: {config.getoption("seeds") or "a few"}'


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start more workers than there are cores: some of them wait for a process."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end, a tenth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not _SANDBOX.isdisjoint(getattr(item, 'fixturenames', ())):
            item.add_marker('faults')


def pytest_runtest_setup(item: pytest.Item) -> None:
    if 'MW_TOKENS_FARM' in os.environ and item.get_closest_marker('faults'):
        pytest.skip('needs a sandbox of its own; MW_TOKENS_FARM is another farm')


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Let no test see what another has set, whichever ran before it."""
    # Commands of the sandbox set it for their process.
    mask = os.umask(0o022)
    os.umask(mask)
    with cleared():
        yield
    os.umask(mask)


@pytest.fixture(scope='session')
def running_sandbox() -> Iterator[Sandbox]:
    """The sandbox, started once."""
    from centralauth_sandbox import Sandbox

    with Sandbox(accounts=600) as sandbox:
        yield sandbox


@pytest.fixture(scope='session')
def running_old_sandbox() -> Iterator[Sandbox]:
    """A sandbox with the modules of MediaWiki 1.43, started once."""
    from centralauth_sandbox import Sandbox

    with Sandbox(accounts=60, mediawiki='1.43') as sandbox:
        yield sandbox


@pytest.fixture(scope='session')
def running_farm(request: pytest.FixtureRequest) -> Iterator[Farm]:
    """The farm on which the tests run, known to this process's pywikibot."""
    from sandbox.farms import Farm

    from centralauth_sandbox import Proxy

    named = os.environ.get('MW_TOKENS_FARM')
    if named:
        with Proxy.from_file(Path(named)) as proxy:
            farm = Farm.from_file(Path(named), proxy)
            farm.introduce(Path(_DIRECTORY))
            yield farm
        return
    farm = Farm.of_sandbox(request.getfixturevalue('running_sandbox'), 'sandbox')
    farm.introduce(Path(_DIRECTORY))
    yield farm


@pytest.fixture
def farm(running_farm: Farm) -> Farm:
    """The farm in its first state, and a pywikibot that has never talked to it."""
    running_farm.restore()
    running_farm.choose(Path(_DIRECTORY))
    return running_farm


@pytest.fixture
def sandbox(farm: Farm) -> Any:
    """The sandbox itself, with journal and faults; or a proxy before another farm."""
    from sandbox.namedfarm import NamedFarm

    return NamedFarm(farm, farm.proxy) if farm.proxy is not None else farm.sandbox


@pytest.fixture(scope='session')
def _old(running_old_sandbox: Sandbox) -> Farm:
    from sandbox.farms import Farm

    farm = Farm.of_sandbox(running_old_sandbox, 'oldsandbox')
    farm.introduce(Path(_DIRECTORY))
    return farm


@pytest.fixture
def old_farm(_old: Farm) -> Farm:
    """A farm that runs MediaWiki 1.43."""
    _old.restore()
    _old.choose(Path(_DIRECTORY))
    return _old


@pytest.fixture
def old_sandbox(old_farm: Farm, running_old_sandbox: Sandbox) -> Sandbox:
    """The sandbox that plays MediaWiki 1.43."""
    return running_old_sandbox


@pytest.fixture(scope='session')
def _own() -> Iterator[Farm]:
    from sandbox import ownfarm

    with ownfarm.own_sandbox() as sandbox:
        farm = ownfarm.farm_of(sandbox, 'ownfarm')
        farm.introduce(Path(_DIRECTORY))
        yield farm


@pytest.fixture
def own_farm(_own: Farm) -> Farm:
    """A farm of one's own: paths, names and states that are odd; see ownfarm.py."""
    _own.restore()
    _own.choose(Path(_DIRECTORY))
    return _own


@pytest.fixture
def own_sandbox(own_farm: Farm) -> Sandbox:
    """The sandbox that plays the farm of one's own."""
    assert own_farm.sandbox is not None
    return own_farm.sandbox


@pytest.fixture(scope='session')
def _second() -> Iterator[Farm]:
    from sandbox import ownfarm

    with ownfarm.second_sandbox() as sandbox:
        farm = ownfarm.farm_of(sandbox, 'secondfarm')
        farm.introduce(Path(_DIRECTORY))
        yield farm


@pytest.fixture
def second_farm(_second: Farm) -> Farm:
    """Another farm of one's own, where the operator has the same name."""
    from pywikibot import config

    _second.restore()
    config.usernames[_second.family]['*'] = _second.operator.name
    return _second


@pytest.fixture
def second_sandbox(second_farm: Farm) -> Sandbox:
    """The sandbox that plays the second farm."""
    assert second_farm.sandbox is not None
    return second_farm.sandbox


@pytest.fixture
def site(farm: Farm) -> Any:
    """The central wiki, as pywikibot and the plugin give it; not logged in yet."""
    return farm.site()


@pytest.fixture
def old_site(old_farm: Farm) -> Any:
    """The central wiki of the farm that runs MediaWiki 1.43."""
    return old_farm.site()


@pytest.fixture(params=['current', '1.43'])
def stage(request: pytest.FixtureRequest) -> tuple[Any, Sandbox]:
    """The central wiki and the sandbox that plays it, in both flavours."""
    old = 'old_' if request.param == '1.43' else ''
    if old and 'MW_TOKENS_FARM' in os.environ:
        pytest.skip('needs a farm of MediaWiki 1.43; MW_TOKENS_FARM is another')
    sandbox = request.getfixturevalue(f'{old}sandbox')
    return request.getfixturevalue(f'{old}site'), sandbox


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Where a ledger is to be, that of scripts within this process as well."""
    return tmp_path / 'ledger.sqlite3'


@pytest.fixture
def url(ledger_file: Path) -> str:
    """The ledger's database; tests/mariadb puts a server's in its place."""
    return str(ledger_file)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A ledger, opened."""
    from mw_tokens_plugin.campaign.ledger import Ledger

    opened = Ledger(url)
    yield opened
    opened.close()


@pytest.fixture
def spambots(farm: Farm) -> Iterator[Callable[[int], list[str]]]:
    """Hand out names of unlocked accounts that may be touched."""
    handed: list[str] = []

    def some(count: int) -> list[str]:
        names = farm.unlocked(count, handed)
        handed.extend(names)
        return names

    yield some
    farm.unlock(handed)
