"""Check the Python in the README and on the pages as mypy and pyright see it.

``tox run -e types`` runs it. pyright comes in the wheel of basedpyright, which brings
the Node.js that it needs, and is told to be as strict as pyright by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.docs.blocks import blocks_in  # noqa: E402

#: What a reader would have to say: pywikibot ships no types.
_MYPY = """[mypy]
strict = True
disallow_subclassing_any = False
[mypy-pywikibot.*]
ignore_missing_imports = True
follow_imports = skip
[mypy-mw_tokens_plugin.*]
follow_imports = silent
"""
_PYRIGHT = {
    'extraPaths': [str(ROOT)],
    'typeCheckingMode': 'standard',
    'pythonVersion': '3.10',
    # Of pywikibot, whose types are what pyright infers.
    'reportMissingTypeStubs': False,
    'reportMissingModuleSource': False,
}


def write(folder: Path) -> list[str]:
    """Write each example into a file, and return their names.

    The blocks of the README and the tutorial are one session; those of pages stand
    alone. What is not run is only a part of something else.
    """
    names: list[str] = []
    for path in (ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))):
        page = str(path.relative_to(ROOT))
        blocks = [
            block
            for block in blocks_in(page)
            if block.language == 'python' and block.reason is None
        ]
        texts = {f'{path.stem}_{block.line}': block.text for block in blocks}
        if path.stem in ('README', 'tutorial') and texts:
            texts = {path.stem: '\n'.join(texts.values())}
        for name, text in texts.items():
            (folder / f'{name}.py').write_text(text + '\n', 'utf-8')
            names.append(f'{name}.py')
    return names


def main() -> int:
    """Run both; the exit code is not 0 if one of them finds something."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        names, codes = write(folder), []
        (folder / 'mypy.ini').write_text(_MYPY, 'utf-8')
        (folder / 'pyrightconfig.json').write_text(json.dumps(_PYRIGHT), 'utf-8')
        for command in (
            ['mypy', '--config-file', 'mypy.ini', *names],
            ['basedpyright', '--pythonpath', sys.executable, *names],
        ):
            environment = {**os.environ, 'MYPYPATH': str(ROOT)}
            command = [sys.executable, '-m', *command]
            codes.append(
                subprocess.run(command, cwd=folder, env=environment).returncode
            )
    return max(codes)


if __name__ == '__main__':
    sys.exit(main())
