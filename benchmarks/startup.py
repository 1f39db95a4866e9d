"""Compare how long ``import pywikibot`` takes with the plugin enabled, and without.

Both are started in turns, each in a process of its own with a ``user-config.py`` that
differs in that line alone. Printed are the medians of the time and of the CPU time, and
of their differences, of which that of the CPU time must be within the limit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

#: Milliseconds of CPU time that enabling the plugin may cost.
MAX_COST = 30.0

CONFIG = """family = 'meta'
mylang = 'meta'
usernames['meta']['meta'] = 'Example'
"""
ENABLE = "__import__('mw_tokens_plugin').enable()\n"
CODE = """import time
clock, cpu = time.perf_counter(), time.process_time()
import pywikibot
print(time.perf_counter() - clock, time.process_time() - cpu)
"""


def start(folder: Path) -> tuple[float, float]:
    """Return how many milliseconds, and of CPU time, one start takes."""
    done = subprocess.run(
        [sys.executable, '-c', CODE],
        cwd=folder,
        env={**os.environ, 'PYWIKIBOT_DIR': str(folder)},
        capture_output=True,
        check=True,
        text=True,
    )
    clock, cpu = done.stdout.split()
    return 1000 * float(clock), 1000 * float(cpu)


def main() -> int:
    """Measure, print, and return 1 if it takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folders = []
        for kind, config in (('plain', CONFIG), ('enabled', CONFIG + ENABLE)):
            folder = Path(name, kind)
            folder.mkdir()
            file = folder / 'user-config.py'
            file.write_text(config)
            file.chmod(0o600)
            folders.append(folder)
            start(folder)  # files are compiled and read by now
        pairs = [(start(folders[0]), start(folders[1])) for _ in range(rounds)]
    print('milliseconds   without   with   difference')
    costs = []
    for number, label in enumerate(('time', 'CPU time')):
        plain = statistics.median(each[0][number] for each in pairs)
        enabled = statistics.median(each[1][number] for each in pairs)
        costs.append(statistics.median(e[1][number] - e[0][number] for e in pairs))
        print(f'{label:12} {plain:9.0f} {enabled:6.0f} {costs[-1]:12.1f}')
    return int(costs[1] > MAX_COST)


if __name__ == '__main__':
    sys.exit(main())
