"""How the plugin gets into a process, and what it keeps from being shown there.

pywikibot reads its configuration while it is imported, so each test starts a process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from centralauth_sandbox import Sandbox

from .desk import Desk
from .farms import ENABLE, Farm

_HAS_PLUGIN = """
import pywikibot
site = pywikibot.Site()
print(type(site.tokens).__name__, hasattr(site, 'global_account'))
"""


def _configure(desk: Desk, farm: Farm, more: str) -> None:
    farm.configure(desk.directory)
    with (desk.directory / 'user-config.py').open('a', encoding='utf-8') as file:
        file.write(more)


def test_sites_that_exist_already_gain_it(desk: Desk) -> None:
    run = desk.python("""
import pywikibot
site = pywikibot.Site()
known = {site: 'kept'}
plain = type(site.tokens).__name__
import mw_tokens_plugin
mw_tokens_plugin.enable()
mw_tokens_plugin.enable()
site.login()
print(plain, type(site.tokens.csrf).__name__, known[site], site is pywikibot.Site())
print(pywikibot.site.APISite.__bases__.count(type(site).__mro__[-2]) <= 1)
""")
    assert run.code == 0, run.err
    assert run.out.splitlines() == ['TokenWallet Token kept True', 'True']


def test_user_config_enables_it_for_scripts_that_do_not_know_it(
    desk: Desk, farm: Farm
) -> None:
    _configure(desk, farm, ENABLE)
    run = desk.python(_HAS_PLUGIN)
    assert (run.code, run.out) == (0, 'TypedTokenWallet True\n')
    assert 'WARNING' not in run.err


def test_a_variable_of_the_environment_leaves_pywikibot_untouched(
    desk: Desk, farm: Farm
) -> None:
    _configure(desk, farm, ENABLE)
    run = desk.python(_HAS_PLUGIN, MW_TOKENS_DISABLE='1')
    assert (run.code, run.out) == (0, 'TokenWallet False\n')


def test_a_missing_seam_leaves_pywikibot_untouched_and_is_named_once(
    desk: Desk,
) -> None:
    run = desk.python(
        """
import warnings
import pywikibot
from pywikibot.data import api
del api.Request._ratelimited
import mw_tokens_plugin
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    mw_tokens_plugin.enable()
print(len(caught), caught[0].message)
"""
        + _HAS_PLUGIN
    )
    said, untouched = run.out.splitlines()
    assert said.startswith('1 ')
    assert 'pywikibot.data.api.Request._ratelimited' in said
    assert untouched == 'TokenWallet False'


def test_a_login_that_needs_a_code_ends_without_a_prompt(
    desk: Desk, farm: Farm, sandbox: Sandbox
) -> None:
    name, password = 'Sandbox Twofactor', sandbox.credentials.twofactor
    config = desk.directory / 'user-config.py'
    config.write_text(config.read_text().replace(farm.operator.name, name))
    with (desk.directory / 'user-password.py').open('a') as file:
        file.write(f'({name!r}, {password!r})\n')
    run = desk.run('Spambot 00001', '-reason:test', '-always', stdin=b'')
    assert run.code == 3, run.said
    assert 'there is no terminal' in run.err
    assert 'Traceback' not in run.said
    assert not sandbox.journal.entries(action='setglobalaccountstatus')
    # A prompt would have read the empty input, and said so.
    assert 'EOF' not in run.said


def test_no_secret_is_shown_in_a_noisy_run(
    desk: Desk, farm: Farm, sandbox: Sandbox, spambots: Callable[[int], list[str]]
) -> None:
    """Debug log, verbose output, a renewed token, a new login, and an error."""
    _configure(desk, farm, "debug_log = ['']\nverbose_output = 3\n" + ENABLE)
    seen: set[str] = set()
    secret = _secrets(sandbox, seen)
    names = spambots(6)
    lock = 'setglobalaccountstatus'
    sandbox.faults.arm(kind='expire-csrf', action=lock, nth=2)
    sandbox.faults.arm(kind='lose-session', action=lock, nth=4, remembered=True)
    sandbox.faults.arm(kind='readonly', action=lock, nth=6)
    arguments = (*names, 'Nobody Of That Name', '-reason:test', '-always')
    try:
        run = desk.run('-debug', '-verbose', '-log:noisy.log', *arguments)
    finally:
        secret()
    assert run.code == 1, run.said
    assert farm.locked(names) == names
    passwords = {farm.operator.password, farm.sysop.password}
    assert len(seen) >= 3, 'no tokens were handed out: nothing was tested'
    written = {
        path: path.read_bytes()
        for path in desk.directory.rglob('*')
        # Passwords and cookies have to be kept somewhere.
        if path.is_file()
        and path.name != 'user-password.py'
        and path.suffix != '.lwp'
        and 'scripts' not in path.relative_to(desk.directory).parts
    }
    log = written[desk.directory / 'logs' / 'noisy.log']
    assert log.count(lock.encode()) > len(names), 'the log is not noisy'
    for text in seen | passwords:
        # The anonymous ending differs by how a text was quoted.
        needle = text.removesuffix('+\\')
        assert needle not in run.said
        for path, content in written.items():
            assert needle.encode() not in content, path


def _secrets(sandbox: Sandbox, seen: set[str]) -> Callable[[], None]:
    """Note all tokens that the sandbox hands out, until the result is called."""
    original = sandbox._api.handle

    def handle(*args: Any, **kwargs: Any) -> Any:
        answer = original(*args, **kwargs)
        seen.update(_tokens_in(answer.body))
        return answer

    sandbox._api.handle = handle  # type: ignore[method-assign]

    def stop() -> None:
        del sandbox._api.handle  # type: ignore[method-assign]

    return stop


def _tokens_in(body: bytes) -> set[str]:
    return {
        found.decode() + '+\\'
        for found in re.findall(rb'"([0-9a-f]{32,})\+\\\\"', body)
    }


def test_the_ledger_is_for_its_owner_only(
    desk: Desk, spambots: Callable[[int], list[str]]
) -> None:
    run = desk.run(*spambots(1), '-reason:test', '-always')
    assert run.code == 0, run.said
    files = list(Path(desk.ledger.parent).iterdir())
    assert desk.ledger in files
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {'0o600'}
