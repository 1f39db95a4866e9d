"""The sandbox in the tests of other bots: pytest's plugin, and what the docs show."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from configparser import ConfigParser
from pathlib import Path

import pytest
import requests

from centralauth_sandbox import Proxy, Sandbox
from centralauth_sandbox.faults import FaultError
from centralauth_sandbox.testing import CentralAuthFarm

ROOT = Path(__file__).parents[2]
PLUGIN = 'centralauth_sandbox.pytest_plugin'


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as in somebody else's project."""
    # Also where the package was installed before it had the plugin.
    command = [sys.executable, '-m', 'pytest', '-p', PLUGIN, '-p', 'no:cacheprovider']
    paths = os.pathsep.join([str(directory), str(ROOT)])
    own = {k: v for k, v in os.environ.items() if not k.startswith('PYWIKIBOT_')}
    return subprocess.run(
        [*command, '-n', '0', '--strict-markers', *arguments],
        cwd=directory,
        env=own | {'PYTHONPATH': paths, 'PYTEST_ADDOPTS': ''},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_bot_of_the_docs_passes_its_tests(tmp_path: Path) -> None:
    page = (ROOT / 'docs' / 'sandbox.md').read_text('utf-8')
    for name in 'logbot.py', 'test_logbot.py', 'test_saybot.py':
        text = page.partition(f'```python\n# {name}\n')[2].partition('```')[0]
        assert text
        (tmp_path / name).write_text(text, 'utf-8')
    done = run(tmp_path, '-q')
    assert done.returncode == 0, done.stdout + done.stderr
    assert '10 passed' in done.stdout


def test_a_run_without_a_farm_imports_nothing_of_it(tmp_path: Path) -> None:
    """Everybody who has the package installed has the plugin in all their tests."""
    (tmp_path / 'test_other.py').write_text(
        'import sys\n'
        'def test_other():\n'
        '    names = [n for n in sys.modules if n.startswith("centralauth_sandbox")]\n'
        f'    assert sorted(names) == ["centralauth_sandbox", "{PLUGIN}"]\n'
        '    assert "aiohttp" not in sys.modules\n',
        'utf-8',
    )
    done = run(tmp_path, '-q')
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_plugin_is_found_by_pytest() -> None:
    """It has one name, so that asking for it twice does no harm."""
    setup = ConfigParser(interpolation=None)
    setup.read(ROOT / 'setup.cfg')
    declared = setup['options.entry_points']['pytest11'].strip()
    assert declared == f'{PLUGIN} = {PLUGIN}'


def test_marks_are_the_arguments_of_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / 'test_marks.py').write_text(
        'import pytest\n'
        'mark = pytest.mark.centralauth_farm\n'
        '@mark(2, "1.43", accounts=5)\n'
        'def test_both(centralauth_farm):\n'
        '    assert list(centralauth_farm.addresses) == ["meta", "aa"]\n'
        '    assert not centralauth_farm.sandbox.farm.current\n'
        '@mark(mediawiki="1.44")\n'
        'def test_unknown(centralauth_farm): pass\n',
        'utf-8',
    )
    done = run(tmp_path, '-q')
    assert '1 passed, 1 error' in done.stdout
    assert "'1.44' is not imitated; there are: 1.19" in done.stdout


def test_no_test_is_reached_by_requests_of_an_earlier_one() -> None:
    """A client that gave up left a request behind; a reset loses it."""
    with Sandbox(wikis=1, accounts=0) as sandbox:
        usual = sandbox.delay, sandbox.farm.penalty, sandbox.farm.stale
        proxy = Proxy({'meta': sandbox.wikis['meta'].address})
        with proxy, ThreadPoolExecutor() as pool:
            for place in sandbox, proxy:
                address = place.wikis['meta'].address
                place.faults.arm(kind='slow', seconds=0.3)
                login = {'action': 'login', 'lgname': 'x', 'format': 'json'}
                lost = pool.submit(requests.post, address, login, timeout=240)
                while place.faults.armed():
                    wait([lost], 0.01)
                sandbox.command('set-lifetimes', penalty=5.0, stale=5.0)
                place.command('set-delay', seconds=0.01)
                place.reset()
                with pytest.raises(requests.ConnectionError):
                    lost.result()
                assert not place.journal.entries()
            sandbox.reset()
        assert (sandbox.delay, sandbox.farm.penalty, sandbox.farm.stale) == usual
        assert proxy.delay == 0.0
        with pytest.raises(FaultError, match="such as kind='drop'"):
            sandbox.faults.arm('drop')  # type: ignore[arg-type]


def test_helpers_see_and_change_accounts_and_pages() -> None:
    with Sandbox(wikis=2, accounts=5) as sandbox:
        farm = CentralAuthFarm(sandbox)
        assert (farm.central, set(farm.addresses)) == ('meta', {'meta', 'aa'})
        login = farm.accounts.add('New', wikis=['aa'], edits={'aa': 51})
        assert (login.name, len(login.password) > 16) == ('New', True)
        state = farm.accounts.state('New')
        assert state is not None
        assert (state.locked, dict(state.edits)) == (False, {'aa': 51})
        assert 'New' in farm.accounts.unlocked(1, edits_above=50)
        assert len(farm.accounts.unlocked(5)) == 5
        with pytest.raises(LookupError, match='only'):
            farm.accounts.unlocked(1000)
        with pytest.raises(ValueError, match='already'):
            farm.accounts.add('New')
        farm.accounts.lock('New')
        assert (found := farm.accounts.state('New')) and found.locked
        assert farm.accounts.state('Nobody') is None
        farm.accounts.demote(farm.accounts.operator.name)
        farm.accounts.end_sessions(farm.accounts.operator.name)
        farm.pages.put('aa', 'Page', 'one', user='New')
        farm.pages.put('aa', 'Page', 'two', comment='c')
        assert farm.pages.text('aa', 'Page') == 'two'
        assert farm.pages.history('aa', 'Page')[0].user == 'New'
        assert farm.pages.text('aa', 'None') is None
        with pytest.raises(LookupError, match='no wiki'):
            farm.pages.text('zz', 'Page')
        farm.command('set-readonly', reason='r')
        assert sandbox.wikis['aa'].readonly == 'r'
