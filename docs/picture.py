"""Draw the README's picture: a campaign at a terminal, in `_static/demo.svg`.

It starts a farm, types what an operator types, and records the output. The middle of
the long list in the plan is omitted, and the folder gets a short name.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from centralauth_sandbox import Fault, Sandbox

PICTURE = Path(__file__).parent / '_static' / 'demo.svg'

WIDTH = 84
ACCOUNTS = 400
#: Names on the list that should not be locked.
SLIPS = ('Prolific Editor', 'Local Admin', 'Already Locked')
#: Faults in the middle of the run, which it recovers from.
FAULTS = (
    Fault('expire-csrf', action='setglobalaccountstatus', nth=90),
    Fault('lose-session', action='setglobalaccountstatus', nth=200, remembered=True),
)
COMMAND = 'pwb global_lock -file:wave.txt -reason:"Spam-only account" -campaign:wave-7'
#: The question, and the answer to it.
QUESTION, ANSWER = 'anything else to stop', str(ACCOUNTS)
#: The exit code if some accounts are skipped, as they should be.
SOME_SKIPPED = 1

#: Lines of the plan's list that are shown before and after the omitted ones.
SHOWN = 2

#: Fonts are not loaded: the browser uses its own.
_FONTS = re.compile(r'@font-face \{\{.*?\}\}\s*', re.DOTALL)
#: The ends of lines; the last one refers to a clip path that rich does not write.
_EMPTY = re.compile(r'<text [^>]*>\s*</text>')


def main() -> int:
    """Run the campaign and draw it; return 0 if it ended as it should."""
    with (
        tempfile.TemporaryDirectory(prefix='mw_tokens_picture.') as folder,
        Sandbox(accounts=ACCOUNTS) as sandbox,
    ):
        sandbox.write_configuration(folder)
        names = [f'Spambot {number:05}' for number in range(1, ACCOUNTS + 1)]
        wave = '\n'.join([*names, *SLIPS])
        Path(folder, 'wave.txt').write_text(wave, encoding='utf-8')
        for fault in FAULTS:
            sandbox.faults.arm(fault)
        code, said = recorded(folder)
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(styled(f'$ {COMMAND}'))
    for line in shortened(said.replace(folder, '~/stewardry').splitlines()):
        console.print(styled(line))
    # rich makes no room for the last line.
    console.print()
    PICTURE.parent.mkdir(exist_ok=True)
    picture = console.export_svg(
        title='Locking a wave of spambots',
        code_format=_FONTS.sub('', CONSOLE_SVG_FORMAT),
        unique_id='demo',
    )
    # Editors and git would do that otherwise.
    tidy = '\n'.join(line.rstrip() for line in picture.splitlines())
    PICTURE.write_text(f'{_EMPTY.sub("", tidy)}\n', 'utf-8')
    return 0 if code == SOME_SKIPPED else 1


def recorded(folder: str) -> tuple[int, str]:
    """Run the campaign at a terminal without colours, and return what it says there."""
    ours, theirs = pty.openpty()
    program, *arguments = shlex.split(COMMAND)
    process = subprocess.Popen(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={
            **os.environ,
            'PYWIKIBOT_DIR': folder,
            'PYWIKIBOT_USERINTERFACE_LANG': 'en',
            'TERM': 'dumb',
            'COLUMNS': str(WIDTH),
        },
    )
    os.close(theirs)
    said, answered = b'', False
    try:
        while piece := os.read(ours, 65536):
            said += piece
            if not answered and QUESTION.encode() in said:
                os.write(ours, f'{ANSWER}\n'.encode())
                answered = True
    except OSError:
        # What a terminal reads when the last process has left it.
        pass
    finally:
        os.close(ours)
    return process.wait(), said.decode()


def shortened(lines: list[str]) -> list[str]:
    """Return the lines without the middle of the list in the plan."""
    listed = [n for n, line in enumerate(lines) if line.startswith('│ Spambot ')]
    left_out = listed[SHOWN:-SHOWN]
    note = f'  ... {len(left_out)} lines that are left out here ...'
    kept = [
        note if number == left_out[0] else line
        for number, line in enumerate(lines)
        if number not in left_out[1:]
    ]
    return kept


def styled(line: str) -> Text:
    """Return a line, with the command, the answer and the results marked."""
    text = Text(line.rstrip(), no_wrap=True, overflow='ellipsis')
    text.highlight_regex(r'^\$ .*', 'bold')
    text.highlight_regex(r'(?<=anything else to stop: ).*', 'bold')
    text.highlight_regex(r'^(Done|To undo):.*', 'green')
    text.highlight_regex(r'^(Skipped: .*|WARNING: .*)', 'yellow')
    text.highlight_regex(r'^  \.\.\. .*', 'dim')
    return text


if __name__ == '__main__':
    sys.exit(main())
