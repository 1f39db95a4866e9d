"""Compare how long ``-help`` of each script takes with a script that does nothing else.

All are started in turns, each in a process of its own. Printed are the medians of the
CPU time, and of its ratio to that of a script with nothing but ``handle_args()``.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(set((ROOT / 'scripts').glob('*.py')) - {ROOT / 'scripts/__init__.py'})

#: The most that a start may take, as a multiple of the empty script's.
MAX_RATIO = 1.5

EMPTY = '"""Help."""\nimport pywikibot, sys\npywikibot.handle_args(sys.argv[1:])\n'


def start(path: Path, folder: Path) -> float:
    """Return how many milliseconds of CPU time the help of a script takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, path, '-help'],
        cwd=folder,
        env={**os.environ, 'PYWIKIBOT_DIR': str(folder), 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return 1000 * (user + system)


def main() -> int:
    """Measure, print, and return 1 if a script takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'user-config.py').write_text("family = 'meta'\nmylang = 'meta'\n")
        (folder / 'user-config.py').chmod(0o600)
        empty = folder / 'empty.py'
        empty.write_text(EMPTY)
        paths = [empty, *SCRIPTS]
        for path in paths:
            start(path, folder)  # files are compiled and read by now
        times = [{path: start(path, folder) for path in paths} for _ in range(rounds)]
    ratios = []
    print('script             ms   ratio')
    for path in paths:
        middle = statistics.median(each[path] for each in times)
        ratios.append(statistics.median(each[path] / each[empty] for each in times))
        print(f'{path.stem:16} {middle:4.0f} {ratios[-1]:7.2f}')
    return int(max(ratios) > MAX_RATIO)


if __name__ == '__main__':
    sys.exit(main())
