"""Check an installed distribution from an empty folder, as an operator would meet it.

A program, not a test module: tox runs it in an environment without any test tool.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = {
    'centralauth_sandbox': 'centralauth_sandbox',
    'mw_tokens_plugin': 'mw_tokens_plugin',
    'mw_tokens_scripts': 'scripts',
}


def main() -> int:
    """Run all checks and return how many failed."""
    failures = [*missing_files(), *stale_files()]
    for script in sorted((ROOT / 'scripts').glob('*.py')):
        if script.stem != '__init__':
            failures += help_of(script.stem, summary_of(script))
    if has_distribution('pywikibot-scripts'):
        failures += help_of('touch', '-purge')
    for failure in failures:
        print('FAILED:', failure)
    beside = 'with' if has_distribution('pywikibot-scripts') else 'without'
    print(f'{len(failures)} failures {beside} pywikibot-scripts beside the package')
    return len(failures)


def missing_files() -> list[str]:
    """Return the source files that did not get into the distribution."""
    return [f'not installed: {name}' for name in sorted(expected() - installed())]


def stale_files() -> list[str]:
    """Return the files of the distribution that have no source any more."""
    return [
        f'has no source (remove build/): {name}'
        for name in sorted(installed() - expected())
    ]


def expected() -> set[str]:
    return {
        str(Path(package, path.relative_to(ROOT / folder)))
        for package, folder in NAMES.items()
        for path in (ROOT / folder).rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }


def installed() -> set[str]:
    files = metadata.files('mw_tokens_plugin') or []
    return {
        str(file)
        for file in files
        if not {'__pycache__', '..'} & set(file.parts)
        and not file.parts[0].endswith('.dist-info')
    }


def summary_of(script: Path) -> str:
    """Return the first line of a script's docstring, which is that of its help."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding='utf-8')))
    return (docstring or '').partition('\n')[0]


def help_of(script: str, extract: str) -> list[str]:
    """Return what is wrong with `pwb SCRIPT -help` in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, 'user-config.py')
        config.write_text(
            "family = mylang = 'meta'\n"
            "usernames['meta']['meta'] = 'Example Steward'\n"
            "__import__('mw_tokens_plugin').enable()\n"
        )
        config.chmod(0o600)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('PYWIKIBOT_', 'PYTHON', 'MW_TOKENS_'))
        }
        result = subprocess.run(
            [Path(sys.executable).with_name('pwb'), script, '-help'],
            cwd=folder,
            env={**environment, 'HOME': folder},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
    print(f'pwb {script} -help: {len(result.stdout.splitlines())} lines')
    if result.returncode or result.stderr:
        return [f'pwb {script} -help: {result.returncode}, {result.stderr}']
    if extract not in result.stdout:
        return [f'pwb {script} -help does not mention {extract}']
    return []


def has_distribution(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


if __name__ == '__main__':
    sys.exit(1 if main() else 0)
