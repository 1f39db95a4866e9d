"""Build what would be released, and run the demo from it, in an otherwise empty place.

A program, not a test module: nothing is published by it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[2]
#: Files without which the source archive is of no use to those who pack it anew.
SOURCES = (
    'LICENSE',
    'README.md',
    'setup.cfg',
    'mw_tokens_plugin/i18n/global_lock/en.json',
)
#: Files besides Python's own that the package needs to run.
DATA = (
    'mw_tokens_plugin/i18n/global_lock/en.json',
    'mw_tokens_plugin/campaign/report/templates/report.css',
    'mw_tokens_plugin/campaign/report/templates/report.html.jinja',
    'mw_tokens_plugin/py.typed',
)


def main() -> int:
    """Build, install and run; return the demo's exit code."""
    with tempfile.TemporaryDirectory(prefix='mw_tokens_release.') as name:
        folder = Path(name)
        sdist, wheel = built(folder / 'dist')
        for file in (sdist, wheel):
            print(f'{file.name}: {file.stat().st_size // 1024} KiB', flush=True)
        with tarfile.open(sdist) as archive:
            names = {entry.partition('/')[2] for entry in archive.getnames()}
        assert names.issuperset(SOURCES), names
        assert names.issuperset(DATA), names
        assert not any(entry.startswith('tests/') for entry in packed(wheel))
        assert set(packed(wheel)).issuperset(DATA), packed(wheel)
        python = folder / 'empty' / 'bin' / 'python'
        venv.create(python.parents[1], with_pip=True)
        run(python, '-m', 'pip', 'install', '--quiet', f'{wheel}[sandbox]')
        # Away from the sources, so that nothing is imported from them.
        shutil.copy(ROOT / 'examples' / 'demo.py', folder)
        return run(python, 'demo.py', cwd=folder, check=False)


def built(folder: Path) -> tuple[Path, Path]:
    """Return the source archive, and the wheel that was built from it."""
    run(sys.executable, '-m', 'build', '--outdir', folder, ROOT)
    (sdist,), (wheel,) = folder.glob('*.tar.gz'), folder.glob('*.whl')
    return sdist, wheel


def packed(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        return archive.namelist()


def run(*command: str | Path, cwd: Path | None = None, check: bool = True) -> int:
    """Run a command without anything that Python or pywikibot is told from outside."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('PYTHON', 'PYWIKIBOT_', 'MW_TOKENS_'))
    }
    return subprocess.run(command, cwd=cwd, env=environment, check=check).returncode


if __name__ == '__main__':
    sys.exit(main())
