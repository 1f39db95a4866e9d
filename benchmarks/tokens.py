"""Compare writes through the plugin with plain pywikibot, mwclient, m3api and mwn.

Each client logs in with the same bot password to one sandbox in a process of its own,
writes once to warm up, then appends to N pages, one request after the other, in the
leanest way that it documents. In a round all have fresh processes and write in turns,
a few pages at a time, so that a busy machine slows all of them alike. What is printed
are medians of these blocks, and of the ratios of blocks that followed each other, with
the requests that the sandbox counted. With ``--session-loss`` the sandbox ends the
session of each in the middle of its writes.

mwclient is the extra ``benchmark`` of this package; m3api and mwn need Node.js 20 and
``npm install --prefix benchmarks/node``. What is missing is skipped.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from farm import Farm, started

OPERATOR = 'Sandbox Operator'
BOT = 'bot'
SUMMARY = 'benchmark'
TEXT = 'One line more.'
NODE = Path(__file__).with_name('node')
PYTHON = f'Python {platform.python_version()}'
MOST_CPU = 1.05
BLOCK = 5
PATIENCE = 300.0


@dataclass(frozen=True)
class Client:
    """One of those that are compared."""

    name: str
    command: list[str]
    releases: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Writes:
    """What a block of writes of one client took.

    :ivar count: how many the client was asked for
    :ivar requests: how many of which kind
    :ivar refused: how many were answered with which error
    :ivar anonymous: edits that were saved under no name
    :ivar wall: seconds
    :ivar cpu: seconds, user and system, of the client's process
    :ivar failures: what the client raised, one text for each failed write
    """

    count: int
    requests: Counter[str]
    refused: Counter[str]
    saved: int
    anonymous: int
    wall: float
    cpu: float
    failures: list[str]


class Running:
    """A client that has logged in and has written once.

    :ivar start: the requests until then
    """

    def __init__(self, farm: Farm, process: subprocess.Popen[str], log: Path) -> None:
        """Let it log in."""
        self._farm = farm
        self._process = process
        self._log = log
        farm.taken()
        self._tell(
            {
                'api': farm.api,
                'user': f'{OPERATOR}@{BOT}',
                'password': _bot_password(farm),
                'summary': SUMMARY,
                'text': TEXT,
            }
        )
        self._hear('READY')
        self.start = Counter(map(_label, farm.taken()))

    def write(self, titles: list[str]) -> Writes:
        """Let it append to pages."""
        self._tell(titles)
        figures = json.loads(self._hear('DONE'))
        entries = self._farm.taken()
        authors = [str(entry['user']) for entry in entries if entry['effect'] == 'edit']
        return Writes(
            count=len(titles),
            requests=Counter(map(_label, entries)),
            refused=Counter(str(e['result']) for e in entries if e['result'] != 'ok'),
            saved=authors.count(OPERATOR),
            anonymous=len(authors) - authors.count(OPERATOR),
            **figures,
        )

    def _tell(self, data: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f'{json.dumps(data)}\n')
        self._process.stdin.flush()

    def _hear(self, word: str) -> str:
        """Wait for a line with a word in front; clients print others."""
        assert self._process.stdout is not None
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        try:
            for line in self._process.stdout:
                if line.startswith(word):
                    return line.removeprefix(word)
        finally:
            watch.cancel()
        sys.exit(f'A client ended early:\n{self._log.read_text("utf-8")[-2000:]}')


def main() -> None:
    """Run what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--writes', type=int, default=200, help='writes in a round')
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--delay', type=int, default=0, metavar='MS')
    parser.add_argument('--session-loss', action='store_true')
    parser.add_argument('--clients', nargs='+', choices=[*CLIENTS], default=[*CLIENTS])
    parser.add_argument('--as', dest='served', choices=SERVERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.served:
        SERVERS[arguments.served]()
        return
    clients = []
    for name in arguments.clients:
        found = CLIENTS[name](name)
        if isinstance(found, str):
            print(f'{name} is skipped: {found}')
        else:
            clients.append(found)
    releases = dict.fromkeys(text for client in clients for text in client.releases)
    print(', '.join(releases))
    with _sandbox(arguments.delay) as farm:
        if arguments.session_loss:
            _lose_sessions(farm, clients, arguments.writes)
        else:
            _compare(farm, clients, arguments.writes, arguments.rounds)


def _compare(farm: Farm, clients: list[Client], writes: int, rounds: int) -> None:
    with _running_all(farm, clients):
        pass  # fills caches
    blocks: dict[str, list[Writes]] = {client.name: [] for client in clients}
    for _ in range(rounds):
        with _running_all(farm, clients) as running:
            _take_turns(running, writes, blocks)
    print(f'{rounds} rounds of {writes} writes after the first, in blocks of {BLOCK}')
    print(
        f'{"":12}{"requests":>10}{"":13}{"wall clock":>10}{"":14}{"CPU":>10}\n'
        f'{"":12}{"each":>10}{"/best":>6}{"/plain":>7}'
        f'{"ms each":>10}{"/best":>7}{"/plain":>7}'
        f'{"ms each":>10}{"/best":>7}{"/plain":>7}'
    )
    for name, own in blocks.items():
        line = f'{name:12}'
        for measure, unit, width in (_sent, 1, 6), (_wall, 1e3, 7), (_cpu, 1e3, 7):
            best = min(blocks.values(), key=partial(_median, measure))
            line += f'{_median(measure, own) * unit:10.3f}'
            line += f'{statistics.median(_ratios(measure, own, best)):{width}.2f}'
            plain = _ratios(measure, own, blocks.get('plain', []))
            line += f'{statistics.median(plain):7.2f}' if plain else f'{"":7}'
        print(line)
    for name, own in blocks.items():
        sent = sum((block.requests for block in own), Counter[str]())
        print(f'{name:12}first write: {_counted(running[name].start)}')
        print(f'{"":12}all rounds after that: {_counted(sent)}')
    _judge(blocks)


def _take_turns(
    running: dict[str, Running], writes: int, blocks: dict[str, list[Writes]]
) -> None:
    """Let all write to as many pages; who was first in a block is last in the next."""
    order = list(running)
    for first in range(0, writes, BLOCK):
        end = min(first + BLOCK, writes)
        titles = [f'Benchmark {number}' for number in range(first, end)]
        for name in order:
            written = running[name].write(titles)
            assert written.saved == written.count, (name, written)
            blocks[name].append(written)
        order.reverse()


def _judge(blocks: dict[str, list[Writes]]) -> None:
    if 'plugin' not in blocks:
        return
    sent = {name: statistics.mean(map(_sent, own)) for name, own in blocks.items()}
    best = min(sent.values())
    verdict = 'met' if sent['plugin'] <= best else 'missed'
    print(f'requests: {sent["plugin"]:.3f} a write, the best {best:.3f}: {verdict}')
    if 'plain' in blocks:
        ratios = sorted(_ratios(_cpu, blocks['plugin'], blocks['plain']))
        median = statistics.median(ratios)
        # The ranks between which the true median lies in 19 of 20 such runs.
        margin = min(math.ceil(0.98 * math.sqrt(len(ratios))), len(ratios) // 2)
        low = ratios[len(ratios) // 2 - margin]
        high = ratios[min(len(ratios) // 2 + margin, len(ratios) - 1)]
        print(
            f'CPU: {median:.3f} of plain pywikibot (95 %: {low:.3f} to {high:.3f}), '
            f'at most {MOST_CPU} wanted: {"met" if median <= MOST_CPU else "missed"}'
        )


def _lose_sessions(farm: Farm, clients: list[Client], writes: int) -> None:
    middle = writes // 2 + 1
    print(
        f'the session ends before write {middle} of {writes}\n'
        f'{"":12}{"saved":>6}{"failed":>7}{"without a name":>15}{"requests":>9}'
    )
    for client in clients:
        with _running(farm, client) as running:
            farm.arm(kind='lose-session', remembered=True, action='edit', nth=middle)
            written = running.write([f'Benchmark {n}' for n in range(writes)])
        print(
            f'{client.name:12}{written.saved:6}{len(written.failures):7}'
            f'{written.anonymous:15}{written.requests.total():9}\n'
            f'{"":12}requests: {_counted(written.requests)}\n'
            f'{"":12}refused: {_counted(written.refused) or "none"}'
        )
        for text, count in Counter(written.failures).items():
            print(f'{"":12}raised {count} times: {textwrap.shorten(text, 90)}')


@contextmanager
def _running_all(farm: Farm, clients: list[Client]) -> Iterator[dict[str, Running]]:
    with ExitStack() as stack:
        yield {c.name: stack.enter_context(_running(farm, c)) for c in clients}


@contextmanager
def _running(farm: Farm, client: Client) -> Iterator[Running]:
    """Start a client in a process and a folder of its own."""
    folder = farm.folder / client.name
    folder.mkdir(exist_ok=True)
    for name in 'user-config.py', 'user-password.py':
        shutil.copy(farm.folder / name, folder)
    # The throttle counts processes that have just ended, and waits for them; with the
    # cookies of the round before there would be no login.
    for left in folder.glob('throttle.ctrl'), folder.glob('*.lwp'):
        for path in left:
            path.unlink()
    log = folder / 'stderr.txt'
    with (
        log.open('w', encoding='utf-8') as stderr,
        subprocess.Popen(
            client.command,
            cwd=folder,
            env={**os.environ, 'PYWIKIBOT_DIR': str(folder), **client.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield Running(farm, process, log)
        finally:
            process.kill()


def _label(entry: dict[str, object]) -> str:
    params = entry['params']
    assert isinstance(params, dict)
    names = [params[key] for key in ('meta', 'list', 'prop') if params.get(key)]
    return ' '.join([str(entry['action']), *names])


def _counted(counter: Counter[str]) -> str:
    return ', '.join(f'{count} {name}' for name, count in counter.items())


def _sent(block: Writes) -> float:
    return block.requests.total() / block.count


def _wall(block: Writes) -> float:
    return block.wall / block.count


def _cpu(block: Writes) -> float:
    return block.cpu / block.count


def _median(measure: Callable[[Writes], float], blocks: list[Writes]) -> float:
    return statistics.median(map(measure, blocks))


def _ratios(
    measure: Callable[[Writes], float], own: list[Writes], others: list[Writes]
) -> list[float]:
    """Compare each block with the same block of another client, if there is one."""
    return [measure(a) / measure(b) for a, b in zip(own, others, strict=False)]


def _pywikibot(name: str) -> Client:
    packages = ['pywikibot'] if name == 'plain' else ['pywikibot', 'mw_tokens_plugin']
    return Client(
        name,
        [sys.executable, __file__, '--as=pywikibot'],
        [PYTHON, *(f'{package} {version(package)}' for package in packages)],
        {'MW_TOKENS_DISABLE': '1' if name == 'plain' else ''},
    )


def _mwclient(name: str) -> Client | str:
    try:
        release = version('mwclient')
    except PackageNotFoundError:
        return "it is not installed; run: pip install '.[benchmark]'"
    return Client(
        name,
        [sys.executable, __file__, '--as=mwclient'],
        [PYTHON, f'mwclient {release}'],
    )


def _node(name: str) -> Client | str:
    node = shutil.which('node')
    if node is None:
        return 'there is no node; install Node.js 20 or later'
    package = NODE / 'node_modules' / name / 'package.json'
    if not package.exists():
        folder = os.path.relpath(NODE)
        return f'it is not installed; run: npm install --prefix {folder}'
    release = json.loads(package.read_text('utf-8'))['version']
    engine = subprocess.run([node, '--version'], stdout=subprocess.PIPE, text=True)
    return Client(
        name,
        [node, str(NODE / f'{name}.mjs')],
        [f'Node {engine.stdout.strip()}', f'{name} {release}'],
    )


def _write_with_pywikibot() -> None:
    import pywikibot

    def start(job: dict[str, str]) -> Callable[[str], None]:
        site = pywikibot.Site()
        site.login()
        plugged = type(site.tokens).__module__.startswith('mw_tokens_plugin.')
        assert plugged == (os.environ['MW_TOKENS_DISABLE'] != '1')

        def write(title: str) -> None:
            # Unlike Page.save(), it reads nothing of the page before and after.
            site.editpage(
                pywikibot.Page(site, title),
                summary=job['summary'],
                appendtext=job['text'],
                bot=False,
            )

        return write

    _serve(start)


def _write_with_mwclient() -> None:
    import mwclient

    def start(job: dict[str, str]) -> Callable[[str], None]:
        address = urlsplit(job['api'])
        site = mwclient.Site(
            address.netloc,
            scheme=address.scheme,
            path=address.path.removesuffix('api.php'),
            clients_useragent='mw_tokens_benchmark/1.0',
        )
        site.login(job['user'], job['password'])

        def write(title: str) -> None:
            # Unlike Page.append(), it reads nothing of the page before.
            site.post(
                'edit',
                title=title,
                summary=job['summary'],
                appendtext=job['text'],
                token=site.get_token('csrf'),
                **{'assert': 'user'},
            )

        return write

    _serve(start)


def _serve(start: Callable[[dict[str, str]], Callable[[str], None]]) -> None:
    """Do what ``node/serve.mjs`` does, too: log in, warm up, write what is asked for.

    :param start: logs in, and returns what writes to one page
    """
    write = start(json.loads(sys.stdin.readline()))
    write('Benchmark')
    print('READY', flush=True)
    for line in sys.stdin:
        titles = json.loads(line)
        failures = []
        wall, cpu = time.perf_counter(), time.process_time()
        for title in titles:
            try:
                write(title)
            except Exception as error:  # noqa: BLE001  # of any client
                failures.append(f'{type(error).__name__}: {error}'.partition('\n')[0])
        figures = {
            'wall': time.perf_counter() - wall,
            'cpu': time.process_time() - cpu,
            'failures': failures,
        }
        print(f'DONE {json.dumps(figures)}', flush=True)


CLIENTS: dict[str, Callable[[str], Client | str]] = {
    'plugin': _pywikibot,
    'plain': _pywikibot,
    'mwclient': _mwclient,
    'm3api': _node,
    'mwn': _node,
}
SERVERS = {'pywikibot': _write_with_pywikibot, 'mwclient': _write_with_mwclient}


@contextmanager
def _sandbox(delay: int) -> Iterator[Farm]:
    """Start a sandbox, whose configuration has the bot password."""
    with started('--wikis=1', '--accounts=0', f'--delay={delay}') as farm:
        (farm.folder / 'user-password.py').write_text(
            f'({OPERATOR!r}, BotPassword({BOT!r}, {_bot_password(farm)!r}))\n',
            encoding='utf-8',
        )
        yield farm


def _bot_password(farm: Farm) -> str:
    return farm.passwords[f'{OPERATOR}@{BOT}']


if __name__ == '__main__':
    main()
