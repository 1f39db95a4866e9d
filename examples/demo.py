"""Lock 200 spam accounts on a sandbox farm, despite expired tokens and a lost session.

It starts the farm, runs ``pwb global_lock`` on it as an operator would, and prints
what the farm itself counted. It contacts nothing outside this machine.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from centralauth_sandbox import Fault, Sandbox

ACCOUNTS = 200
#: Each affects the lock with this number: tokens expire twice, the session ends once.
FAULTS = (
    Fault('expire-csrf', action='setglobalaccountstatus', nth=40),
    Fault('lose-session', action='setglobalaccountstatus', nth=90, remembered=True),
    Fault('expire-csrf', action='setglobalaccountstatus', nth=150),
)


def main() -> int:
    """Run the demo, and return 0 if every account was locked exactly once."""
    with (
        tempfile.TemporaryDirectory(prefix='mw_tokens_demo.') as folder,
        Sandbox(accounts=ACCOUNTS) as sandbox,
    ):
        sandbox.write_configuration(folder)
        names = [f'Spambot {number:05}' for number in range(1, ACCOUNTS + 1)]
        Path(folder, 'spambots.txt').write_text('\n'.join(names), encoding='utf-8')
        before = sandbox.summary()
        for fault in FAULTS:
            sandbox.faults.arm(fault)
        command = ['pwb', 'global_lock', '-file:spambots.txt']
        command += ['-reason:Spam-only account', f'-max:{ACCOUNTS}', '-always']
        print(f'$ {shlex.join(command)}', flush=True)
        code = subprocess.run(
            [Path(sys.executable).with_name('pwb'), *command[1:]],
            cwd=folder,
            env={**os.environ, 'PYWIKIBOT_DIR': folder},
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        after = sandbox.summary()
    locked = after['locked'] - before['locked']
    entries = after['globalauth_log_entries'] - before['globalauth_log_entries']
    print()
    print(f'pwb ended with exit code {code}. What the farm has counted:')
    print(f'  accounts locked:    {locked}')
    print(f'  log entries:        {entries}')
    print(f'  requests:           {after["requests"]}, of which')
    print(
        f'    locks sent:       {after["by_action"].get("setglobalaccountstatus", 0)}'
    )
    print(f'    refused:          {listed(after["errors"])}')
    print(f'    token fetches:    {listed(after["token_fetches"])}')
    print(f'    logins:           {after["logins"]}')
    print(f'  faults on the way:  {listed(after["faults"])}')
    return 0 if (code, locked, entries) == (0, ACCOUNTS, ACCOUNTS) else 1


def listed(counts: dict[str, int]) -> str:
    """Return counts in words; "*" is a request for all types of tokens."""
    words = {'*': 'of all types'}
    counted = [f'{count} {words.get(name, name)}' for name, count in counts.items()]
    return ', '.join(counted) or 'none'


if __name__ == '__main__':
    sys.exit(main())
