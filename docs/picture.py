"""Draw the README's picture: what the demo shows at a terminal, in `_static/demo.svg`.

It runs the demo and records what that says; of the long lists, the middle is left out.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
DEMO = HERE.parent / 'examples' / 'demo.py'
PICTURE = HERE / '_static' / 'demo.svg'

WIDTH = 92
#: Lines of the picture before and after those that are left out.
FIRST, LAST = 12, 21

#: Fonts are not loaded from anywhere: those of the reader will do.
_FONTS = re.compile(r'@font-face \{\{.*?\}\}\s*', re.DOTALL)


def main() -> int:
    """Run the demo and draw it; return the demo's exit code."""
    code, said = recorded([sys.executable, str(DEMO)])
    lines = said.splitlines()
    left_out = len(lines) - FIRST - LAST
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    for line in islice(lines, FIRST):
        console.print(styled(line))
    console.print(Text(f'... {left_out} lines ...', style='dim'))
    for line in lines[-LAST:]:
        console.print(styled(line))
    PICTURE.parent.mkdir(exist_ok=True)
    picture = console.export_svg(
        title='tox run -e demo',
        code_format=_FONTS.sub('', CONSOLE_SVG_FORMAT),
        unique_id='demo',
    )
    # Editors and git would do that otherwise.
    tidy = '\n'.join(line.rstrip() for line in picture.splitlines())
    PICTURE.write_text(f'{tidy}\n', 'utf-8')
    return code


def recorded(command: list[str]) -> tuple[int, str]:
    """Run a command at a terminal without colours, and return what it says there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, 'TERM': 'dumb', 'COLUMNS': str(WIDTH)},
    )
    os.close(theirs)
    said = b''
    try:
        while piece := os.read(ours, 65536):
            said += piece
    except OSError:
        # What a terminal reads when the last process has left it.
        pass
    finally:
        os.close(ours)
    return process.wait(), said.decode()


def styled(line: str) -> Text:
    """Return a line, with the commands and the results marked."""
    text = Text(line.rstrip(), no_wrap=True, overflow='ellipsis')
    text.highlight_regex(r'^\$ .*', 'bold')
    text.highlight_regex(
        r'^Done: +\d+|accounts locked: +\d+|log entries: +\d+', 'green'
    )
    text.highlight_regex(r'faults on the way: .*', 'yellow')
    return text


if __name__ == '__main__':
    sys.exit(main())
