"""Compare the example bots with the same bots in plain pywikibot.

Each bot runs in a process of its own against a sandbox in this one, and has to save the
same as the other one. What is printed of each: requests as the sandbox counted them, of
which mints of centralauthtokens; logins; wall and CPU time of the bot's process; lines
of code, without blank lines, comments and docstrings. Ratios below 1 are in favour of
the plugin. The bot with raw actions runs with m3api and mwn as well, if Node.js and
``npm install --prefix benchmarks/node`` are there.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from centralauth_sandbox import Sandbox

ROOT = Path(__file__).parents[1]
NODE = ROOT / 'benchmarks' / 'node'
FOLDERS = {'plain': ROOT / 'benchmarks' / 'plain', 'plugin': ROOT / 'examples'}
ENABLED = "__import__('mw_tokens_plugin').enable()\n"
ENTITIES = """
    def entity_sources(self, code):
        return {kind: ('data', self.name) for kind in ('item', 'property')}
"""
DRIVER = """import sys
sys.path.insert(0, sys.argv[1])
from {bot} import {main} as main
sys.exit(main(*sys.argv[2:]{more}))
"""


@dataclass(frozen=True)
class Bot:
    """One bot.

    :ivar arguments: for so many pages
    :ivar prepare: makes those pages
    """

    arguments: Callable[[int], list[str]]
    prepare: Callable[[Any, int], None]
    main: str = 'main'
    more: str = ''


@dataclass(frozen=True)
class Figures:
    """What a run of a bot took."""

    requests: int
    mints: int
    logins: int
    writes: int
    wall: float
    cpu: float


def titles(pages: int) -> list[str]:
    return [f'Bot page {number}' for number in range(pages)]


def make(*texts: tuple[str, str, str]) -> Callable[[Any, int], None]:
    """Return what edits each page on a wiki, as somebody."""

    def prepare(farm: Any, pages: int) -> None:
        for title in titles(pages):
            for wiki, user, text in texts:
                farm.wikis[wiki].edit(title, text, user=user)

    return prepare


USER, VANDAL = 'Plain Sysop', 'Spambot 00001'
BOTS = {
    'maintenance_bot': Bot(
        lambda _: ['Old box', 'New box'], make(('meta', USER, '{{Old box}} text'))
    ),
    'raw_actions': Bot(
        lambda _: [VANDAL], make(('meta', USER, 'good'), ('meta', VANDAL, 'bad'))
    ),
    'mover': Bot(lambda pages: ['aa', 'bb', *titles(pages)], make(('aa', USER, 'x'))),
    'daemon': Bot(
        lambda _: ['since.txt'],
        make(('meta', USER, 'x')),
        more=', pause=lambda seconds: True',
    ),
    'protect_pages': Bot(
        lambda pages: [*titles(pages), '-reason:War', '-always', f'-max:{2 * pages}'],
        make(('meta', USER, 'x')),
    ),
}
#: A campaign of one's own is a value, of which that is the function.
MAIN = {('plugin', 'protect_pages'): 'SCRIPT'}


def main() -> None:
    """Run what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--pages', type=int, default=20, metavar='N')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--delay', type=int, default=20, metavar='MS')
    arguments = parser.parse_args()
    print(
        f'{arguments.pages} pages, {arguments.delay} ms of delay, medians of '
        f'{arguments.rounds} rounds'
    )
    print(f'{"":26}requests   mints  logins    wall s     CPU s   lines')
    for name, bot in BOTS.items():
        found: dict[str, list[Figures]] = {mode: [] for mode in modes(name)}
        for _ in range(arguments.rounds):
            for mode, runs in found.items():
                runs.append(run(name, bot, mode, arguments.pages, arguments.delay))
        writes = {mode: runs[-1].writes for mode, runs in found.items()}
        if len(set(writes.values())) != 1:
            sys.exit(f'{name} did not do the same in both: {writes}')
        rows = {
            mode: [*medians(runs), lines(name, mode)] for mode, runs in found.items()
        }
        for mode, (requests, mints, logins, wall, cpu, code) in rows.items():
            print(
                f'{name:18}{mode:8}{requests:8.0f}{mints:8.0f}{logins:8.0f}'
                f'{wall:10.2f}{cpu:10.2f}{code:8}'
            )
        ratios = [
            f'{ours / theirs:.2f}' if theirs else '-'
            for theirs, ours in zip(rows['plain'], rows['plugin'], strict=True)
        ]
        print(
            f'{"":18}{"ratio":8}{ratios[0]:>8}{ratios[1]:>8}{ratios[2]:>8}'
            f'{ratios[3]:>10}{ratios[4]:>10}{ratios[5]:>8}'
        )


def modes(name: str) -> list[str]:
    """Return what a bot can be run with."""
    clients = [
        client
        for client in ('m3api', 'mwn')
        if (NODE / 'node_modules' / client).exists() and shutil.which('node')
    ]
    return [*FOLDERS, *(each for each in clients if program(name, each).exists())]


def program(name: str, mode: str) -> Path:
    """Return the file with a bot."""
    if mode in FOLDERS:
        return FOLDERS[mode] / f'{name}.py'
    return NODE / f'{name}_{mode}.mjs'


def run(name: str, bot: Bot, mode: str, pages: int, delay: int) -> Figures:
    """Let one bot do its work on a farm of its own."""
    with (
        tempfile.TemporaryDirectory(prefix='mw_tokens_benchmark.') as folder,
        Sandbox(wikis=3, accounts=2, data=True) as sandbox,
    ):
        configure(Path(folder), sandbox, plugin=mode == 'plugin')
        sandbox.call(lambda farm: bot.prepare(farm, pages))
        sandbox.command('set-delay', seconds=delay / 1000)
        command = (
            of_python(name, bot, mode, pages)
            if mode in FOLDERS
            else of_node(name, mode, sandbox)
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, 'PYWIKIBOT_DIR': folder},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(f'{name} with {mode} ended with {done.returncode}: {done.stderr}')
        entries = sandbox.journal.entries()
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Figures(
            len(entries),
            sum(entry.action == 'centralauthtoken' for entry in entries),
            sandbox.summary()['logins'],
            sum(bool(e.effect) and 'login' not in e.action for e in entries),
            wall,
            cpu,
        )


def of_python(name: str, bot: Bot, mode: str, pages: int) -> list[str]:
    main = MAIN.get((mode, name), bot.main)
    code = DRIVER.format(bot=name, main=main, more=bot.more)
    if main == 'SCRIPT':
        code = code.replace('main(*', 'main.main(*')
    return [sys.executable, '-c', code, str(FOLDERS[mode]), *bot.arguments(pages)]


def of_node(name: str, mode: str, sandbox: Sandbox) -> list[str]:
    job = {
        'api': f'{sandbox.wikis["meta"].server}/w/api.php',
        'user': 'Sandbox Operator@bot',
        'password': sandbox.credentials.bot,
        'users': [VANDAL],
    }
    return ['node', str(program(name, mode)), json.dumps(job)]


def configure(folder: Path, sandbox: Sandbox, *, plugin: bool) -> None:
    """Write what pywikibot needs."""
    sandbox.write_configuration(folder)
    with (folder / 'sandbox_family.py').open('a', encoding='utf-8') as file:
        file.write(ENTITIES)
    config = folder / 'user-config.py'
    text = config.read_text('utf-8')
    config.write_text(text if plugin else text.replace(ENABLED, ''), 'utf-8')
    (folder / 'since.txt').write_text('2001-01-01T00:00:00Z', 'utf-8')


def medians(runs: list[Figures]) -> list[float]:
    return [
        statistics.median(getattr(each, name) for each in runs)
        for name in ('requests', 'mints', 'logins', 'wall', 'cpu')
    ]


def lines(name: str, mode: str) -> int:
    """Count lines of code."""
    text = program(name, mode).read_text('utf-8')
    if mode not in FOLDERS:
        rows = [line.strip() for line in text.splitlines()]
        return sum(bool(row) and not row.startswith('//') for row in rows)
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, 'body', None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            skipped.update(range(first.lineno, (first.end_lineno or 0) + 1))
    return sum(
        bool(line.strip()) and not line.strip().startswith('#') and n not in skipped
        for n, line in enumerate(text.splitlines(), 1)
    )


if __name__ == '__main__':
    main()
