"""Scripts start fast: their help needs pywikibot and hardly anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(set((ROOT / 'scripts').glob('*.py')) - {ROOT / 'scripts/__init__.py'})

#: What is slow to import, and needed only once there is something to do.
SLOW = ('jinja2', 'mwparserfromhell', 'rich', 'sqlalchemy', 'tenacity')

#: Runs a file with an option, and tells which slow modules were imported.
START = f"""if True:
    import json, runpy, sys

    path, sys.argv = sys.argv[1], sys.argv[1:]
    try:
        runpy.run_path(path, run_name='__main__')
    except SystemExit:
        pass
    found = [name for name in {SLOW} if name in sys.modules]
    print(json.dumps(found), file=sys.stderr)
"""

#: A script that does nothing but read the command line.
EMPTY = '''"""Help."""
import sys
import pywikibot
pywikibot.handle_args(sys.argv[1:])
'''


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / 'user-config.py'
    config.write_text("family = 'wikipedia'\nmylang = 'test'\n")
    config.chmod(0o600)
    return {**os.environ, 'PYWIKIBOT_DIR': str(tmp_path), 'PYTHONPATH': str(ROOT)}


def test_the_help_of_a_script_imports_nothing_slow(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Unless pywikibot does that itself, for a script that does nothing."""
    empty = tmp_path / 'empty.py'
    empty.write_text(EMPTY)
    processes = {
        path.stem: subprocess.Popen(
            [sys.executable, '-c', START, path, '-help'],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for path in [empty, *SCRIPTS]
    }
    imported = {}
    for name, process in processes.items():
        out, err = process.communicate(timeout=120)
        assert '-help:global' in out, err
        # The script's folder is not on the path, as with "python -m".
        assert name == 'empty' or 'Sorry, no help' not in out
        imported[name] = json.loads(err.splitlines()[-1])
    usual = imported.pop('empty')
    assert imported == dict.fromkeys(imported, usual)


def test_a_pager_may_stop_reading_the_help(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """As `pwb global_lock -help | head` does."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, ROOT / 'scripts/global_lock.py', '-help'],
        cwd=tmp_path,
        env=environment,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, '')
