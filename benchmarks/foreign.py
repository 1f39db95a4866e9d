"""Compare writes through foreign_site() with writes on a wiki that is logged in to.

One sandbox, in a process of its own and with an artificial delay, serves all of them;
each way of writing has a process of its own, which logs in, makes one write to fill its
caches, and then deletes N pages with ``page.delete()``:

- direct: plain pywikibot, logged in on that wiki
- foreign_site: with the next centralauthtoken minted while a write is in flight
- without prefetch: the same, each token minted when it is needed
- two tokens: a bare loop that mints, fetches a csrf token, mints and deletes

Beside it: first contact with a wiki, ``page.save()`` of N/10 pages, and N deletions on
each of eight wikis from a thread pool against N on one. The requests are those that the
sandbox counted. ``put_throttle`` and ``minthrottle`` are 0, ``throttle.ctrl`` is fresh.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests
from farm import Farm, started

OPERATOR = 'Sandbox Operator'
REASON = 'benchmark'
WARM = 'Warm page'
WIKIS = 8
WAYS = ('direct', 'foreign_site', 'without prefetch', 'two tokens')


@dataclass(frozen=True)
class Figures:
    """What a number of writes took."""

    writes: int
    seconds: float
    requests: Counter[str]


def _taken(farm: Farm) -> Counter[str]:
    """Return the requests since this was last asked, by action."""
    entries = farm.taken()
    for entry in entries:
        if entry['result'] != 'ok':
            sys.exit(f'{entry["action"]} ended with {entry["result"]}')
    return Counter(str(entry['action']) for entry in entries)


def main() -> None:
    """Run what the command line asks for, and print tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--writes', type=int, default=200, metavar='N')
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--delay', type=int, default=100, metavar='MS')
    parser.add_argument('--as', dest='served', choices=SERVERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.served:
        SERVERS[arguments.served](arguments.served)
        return
    with started(f'--wikis={WIKIS + 1}', '--accounts=1') as farm:
        _compare(farm, arguments.writes, arguments.rounds, arguments.delay)
        _save(farm, max(arguments.writes // 10, 1), arguments.delay)
        _spread(farm, arguments.writes, arguments.delay)


def _compare(farm: Farm, writes: int, rounds: int, delay: int) -> None:
    titles = [f'Spam page {number}' for number in range(rounds * len(WAYS) * writes)]
    _create(farm, ['aa'], titles)
    figures: dict[str, list[Figures]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            mine, titles = titles[:writes], titles[writes:]
            figures[way].append(_run(farm, way, delay, {'aa': mine}))
    print(f'{writes} deletions, {delay} ms of delay, medians of {rounds} rounds')
    direct = statistics.median(f.seconds for f in figures['direct'])
    for way, found in figures.items():
        seconds = statistics.median(f.seconds for f in found)
        total = found[-1].requests.total()
        print(
            f'  {way:20}{seconds:8.2f} s {seconds / writes * 1e3:8.1f} ms each'
            f'{seconds / direct:7.2f} x direct{total:7} requests '
            f'{dict(found[-1].requests)}'
        )


def _save(farm: Farm, writes: int, delay: int) -> None:
    print(f'First contact, and {writes} x page.save() on new pages')
    for way in ('save directly', 'save on foreign site'):
        titles = [f'{way} {number}' for number in range(writes)]
        contact, saves = _run_all(farm, way, delay, {'bb': titles})
        print(
            f'  {way:20}{contact.seconds:8.2f} s for the first contact, '
            f'{contact.requests.total()} requests;{saves.seconds / writes * 1e3:8.1f}'
            f' ms each, {saves.requests.total()} requests {dict(saves.requests)}'
        )


def _spread(farm: Farm, writes: int, delay: int) -> None:
    codes = [code for code in farm.wikis if code != 'meta'][:WIKIS]
    titles = [f'Spread page {number}' for number in range(writes)]
    alone = [f'Lone page {number}' for number in range(writes)]
    _create(farm, codes, titles)
    _create(farm, codes[:1], alone)
    one = _run(farm, 'wikis', delay, {codes[0]: alone})
    all_of_them = _run(farm, 'wikis', delay, dict.fromkeys(codes, titles))
    print(f'{writes} deletions on each wiki, from a thread pool')
    for label, found in (('1 wiki', one), (f'{WIKIS} wikis', all_of_them)):
        print(
            f'  {label:20}{found.seconds:8.2f} s {found.seconds / one.seconds:7.2f} x '
            f'one{found.requests.total():7} requests {dict(found.requests)}'
        )


def _run(farm: Farm, way: str, delay: int, titles: dict[str, list[str]]) -> Figures:
    _create(farm, list(titles), [WARM])
    return _run_all(farm, way, delay, titles)[-1]


def _run_all(
    farm: Farm, way: str, delay: int, titles: dict[str, list[str]]
) -> list[Figures]:
    """Let a process of its own write, and return what each of its steps took."""
    # The throttle counts processes that have just ended, and waits for them.
    (farm.folder / 'throttle.ctrl').unlink(missing_ok=True)
    for path in farm.folder.glob('*.lwp'):
        path.unlink()
    farm.command('set-delay', seconds=delay / 1000)
    _taken(farm)
    log = farm.folder / 'log'
    process = subprocess.Popen(
        [sys.executable, __file__, f'--as={way}'],
        cwd=farm.folder,
        env={**os.environ, 'PYWIKIBOT_DIR': str(farm.folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log.open('w'),
        text=True,
    )
    with process:
        assert process.stdin is not None and process.stdout is not None
        job = {'titles': titles, 'wikis': farm.wikis, 'password': farm.password}
        print(json.dumps(job), file=process.stdin, flush=True)
        steps = []
        for line in process.stdout:
            if not line.startswith('STEP'):
                continue
            _, writes, seconds = line.split()
            figures = Figures(int(writes), float(seconds), _taken(farm))
            if int(writes) >= 0:
                steps.append(figures)
            print('GO', file=process.stdin, flush=True)
    farm.command('set-delay', seconds=0.0)
    if process.returncode or not steps:
        sys.exit(f'{way!r} ended early: {log.read_text()[-2000:]}')
    return steps


# What the processes do


def _step(writes: int, seconds: float) -> None:
    """Tell what was done, and wait until it was counted; -1 is not to be shown."""
    print('STEP', writes, seconds, flush=True)
    sys.stdin.readline()


def _timed(writes: int, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    _step(writes, time.perf_counter() - started)


def _delete_pages(way: str) -> None:
    job = json.loads(sys.stdin.readline())
    ((code, titles),) = job['titles'].items()
    site = _site(code, way == 'direct')
    if way == 'without prefetch':
        site.home_login.tokens.fetch_ahead = lambda wait: None
    _delete(site, [WARM])
    _step(-1, 0)
    _timed(len(titles), lambda: _delete(site, titles))


def _delete_on_many(way: str) -> None:
    job = json.loads(sys.stdin.readline())
    sites = {code: _site(code, False) for code in job['titles']}

    def work(code: str, titles: list[str]) -> None:
        _delete(sites[code], titles)

    with ThreadPoolExecutor(len(sites)) as pool:
        list(pool.map(lambda site: _delete(site, [WARM]), sites.values()))
        _step(-1, 0)
        count = sum(map(len, job['titles'].values()))
        _timed(count, lambda: list(pool.map(work, sites, job['titles'].values())))


def _save_pages(way: str) -> None:
    import pywikibot

    job = json.loads(sys.stdin.readline())
    ((code, titles),) = job['titles'].items()

    def save(names: list[str]) -> None:
        for title in names:
            page = pywikibot.Page(site, title)
            page.text = 'Buy cheap stuff!'
            page.save(summary=REASON, quiet=True)

    directly = way == 'save directly'
    if not directly:
        pywikibot.Site('meta', 'sandbox').login()
    _step(-1, 0)
    started = time.perf_counter()
    site = _site(code, directly)
    save(['First contact'])
    _step(1, time.perf_counter() - started)
    _timed(len(titles), lambda: save(titles))


def _delete_bare(way: str) -> None:
    job = json.loads(sys.stdin.readline())
    ((code, titles),) = job['titles'].items()
    session = requests.Session()

    def call(wiki: str, minted: str = '', **parameters: str) -> dict[str, Any]:
        answer = session.post(
            f'{job["wikis"][wiki]}w/api.php',
            {**parameters, 'format': 'json', 'formatversion': '2'},
            params={'centralauthtoken': minted} if minted else {},
            timeout=60,
        )
        return dict(answer.json())

    def mint() -> str:
        answer = call('meta', action='centralauthtoken')
        return str(answer['centralauthtoken']['centralauthtoken'])

    def delete(title: str) -> None:
        tokens = call(code, mint(), action='query', meta='tokens')
        answer = call(
            code,
            mint(),
            action='delete',
            title=title,
            reason=REASON,
            token=tokens['query']['tokens']['csrftoken'],
        )
        assert 'delete' in answer, answer

    tokens = call('meta', action='query', meta='tokens', type='login')
    call(
        'meta',
        action='clientlogin',
        username=OPERATOR,
        password=job['password'],
        loginreturnurl='http://localhost/',
        logintoken=tokens['query']['tokens']['logintoken'],
    )
    delete(WARM)
    _step(-1, 0)
    _timed(len(titles), lambda: [delete(title) for title in titles])


def _site(code: str, directly: bool) -> Any:
    import pywikibot

    if directly:
        site = pywikibot.Site(code, 'sandbox')
        site.login()
        return site
    return pywikibot.Site('meta', 'sandbox').foreign_site(code)


def _delete(site: Any, titles: list[str]) -> None:
    import pywikibot

    for title in titles:
        page = pywikibot.Page(site, title)
        assert page.delete(REASON, prompt=False)


SERVERS: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(WAYS[:-1], _delete_pages),
    'two tokens': _delete_bare,
    'wikis': _delete_on_many,
    'save directly': _save_pages,
    'save on foreign site': _save_pages,
}


# The sandbox


def _create(farm: Farm, codes: list[str], titles: list[str]) -> None:
    """Create pages, as nobody, without delay."""

    def create(code: str) -> None:
        session = requests.Session()
        for title in titles:
            session.post(
                f'{farm.wikis[code]}w/api.php',
                {
                    'action': 'edit',
                    'title': title,
                    'text': 'Buy cheap stuff!',
                    'token': '+\\',
                    'format': 'json',
                },
                timeout=60,
            ).raise_for_status()

    for code in codes:
        create(code)
    _taken(farm)


if __name__ == '__main__':
    main()
