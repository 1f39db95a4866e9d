"""The example configuration works as it is, in the pywikibot that is installed.

pywikibot executes it while it is being imported, so each test starts a process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / 'user-config.example.py'


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code with the example as its configuration."""
    target = folder / 'user-config.py'
    shutil.copyfile(EXAMPLE, target)
    target.chmod(0o600)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('PYWIKIBOT_', 'MW_TOKENS_'))
    }
    return subprocess.run(
        [sys.executable, '-c', code],
        cwd=folder,
        env={**environment, 'PYWIKIBOT_DIR': str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_loads_without_a_warning(tmp_path: Path) -> None:
    code = 'from pywikibot import config; print(config.family, config.usernames)'
    result = run(tmp_path, code)
    assert (result.returncode, result.stderr) == (0, '')
    assert result.stdout.startswith('meta ')
    assert 'Example Steward' in result.stdout


def test_it_enables_the_plugin_for_scripts_that_do_not_know_it(tmp_path: Path) -> None:
    code = 'import pywikibot; print(pywikibot.site.APISite.global_account.__name__)'
    result = run(tmp_path, code)
    assert (result.stdout, result.stderr) == ('global_account\n', '')
