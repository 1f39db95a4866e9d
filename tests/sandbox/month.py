"""Thirty days of a bot in short: it saves pages each day, whatever happens at night.

What happens follows from a seed. Whether a save was lost or doubled is judged by the
journal of the sandbox.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pywikibot
from pywikibot import config
from pywikibot.comms import http

from centralauth_sandbox import Sandbox
from centralauth_sandbox.seeds import BOT_GRANTS

from .farms import Farm
from .foreign import OPERATOR
from .night import ScaledThrottle, scaled_waits

#: A month has so many hours, and the bot works so often meanwhile.
HOURS = 30 * 24.0
TIMES = 12

#: The kinds of login, and what foreign sites use with each.
LOGINS = ('main password', 'bot password', 'OAuth')

#: Pages that are saved a day at least, on the home wiki and on another one in turns.
PAGES = 2


def restart() -> None:
    """Let this process know no more than one that has just begun."""
    pywikibot._sites.clear()
    http.cookie_jar.clear()
    http.session.close()


@dataclass(frozen=True, slots=True)
class Month:
    """What happens in thirty days, as a seed has it.

    :ivar hours: how many pass each time before the bot works
    :ivar before: what happens before it
    :ivar meanwhile: what happens in the middle of it
    """

    seed: int
    login: str
    threads: int
    hours: tuple[float, ...]
    before: tuple[str, ...]
    meanwhile: tuple[str, ...]

    @classmethod
    def of(cls, seed: int, login: str, threads: int) -> Month:
        """Draw a month."""
        chance = random.Random(seed)

        def draw(names: Iterable[str]) -> tuple[str, ...]:
            # Half of the time, all goes well.
            return tuple(chance.choices([*names, *[_NOTHING] * 8], k=TIMES))

        before = draw(_EVENTS)
        meanwhile = draw(name for name in _EVENTS if name != 'restarted')
        # Some of the work is done within the life of a session.
        drawn = [chance.choice([0.5, *[chance.uniform(24, 108)] * 4]) for _ in before]
        hours = (*drawn[1:], max(12.0, HOURS - sum(drawn[1:])))
        return cls(seed, login, threads, hours, before, meanwhile)


class Bot:
    """A bot that goes on for a month in this process, or in one after the other."""

    def __init__(self, farm: Farm, sandbox: Sandbox, login: str, threads: int) -> None:
        """Configure the login; the bot has not begun."""
        self._farm = farm
        self._sandbox = sandbox
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)
        self._sites: tuple[Any, ...] = ()
        self.asked: list[tuple[str, str]] = []
        sandbox.command('set-lifetimes', penalty=0.0)
        if login == 'bot password':
            name, _, app = farm.bot.name.partition('@')
            line = f'({name!r}, BotPassword({app!r}, {farm.bot.password!r}))\n'
            Path(str(config.password_file)).write_text(line, 'utf-8')
        elif login == 'OAuth':
            keys = sandbox.call(lambda state: state.consumers.add(OPERATOR, BOT_GRANTS))
            host = farm.wikis[farm.central].split('/')[2]
            config.authenticate[host] = keys

    def work(self, name: str, way: Callable[[Any, str], None]) -> None:
        """Save some pages in all threads at once.

        :param name: how their titles begin
        :param way: how the first of them is saved
        """
        if not self._sites:
            self._begin()
        titles = [f'{name} {n}' for n in range(max(PAGES, self._threads))]
        sites = [self._sites[n % 2] for n in range(len(titles))]
        self.asked += [(s.code, title) for s, title in zip(sites, titles, strict=True)]
        ways = [way] + [send] * (len(titles) - 1)
        list(self._pool.map(lambda way, *what: way(*what), ways, sites, titles))

    def sleep(self, hours: float) -> None:
        """Let time pass on the wikis."""
        self._sandbox.command('advance-clock', seconds=3600.0 * hours)

    def restart(self) -> None:
        """End, and begin anew with what is on the disk."""
        self._sites = ()
        restart()

    def close(self) -> None:
        """End for good."""
        self._pool.shutdown()
        config.authenticate.clear()
        restart()

    def _begin(self) -> None:
        home = self._farm.site()
        home.login()
        self._sites = (home, home.foreign_site('aa'))
        for site in self._sites:
            site._throttle = ScaledThrottle(site)


def save(site: Any, title: str) -> None:
    page = pywikibot.Page(site, title)
    page.text = 'one'
    page.save(summary='test', quiet=True)


def send(site: Any, title: str) -> None:
    site.simple_request(
        action='edit', title=title, text='one', token=site.tokens['csrf']
    ).submit()


def _armed(**fault: Any) -> Callable[[Sandbox, Bot], Any]:
    return lambda sandbox, bot: sandbox.faults.arm(action='edit', **fault)


def _told(name: str, **values: Any) -> Callable[[Sandbox, Bot], Any]:
    return lambda sandbox, bot: sandbox.command(name, **values)


_NOTHING = 'nothing'
_READ_ONLY = 'read-only for an hour'
_EVENTS: dict[str, Callable[[Sandbox, Bot], Any]] = {
    'logged out elsewhere': _told('end-sessions', user=OPERATOR),
    'session store flushed': _told('wipe-sessions'),
    'logged out by a write': _armed(kind='lose-session', remembered=True),
    'session store flushed by a write': _armed(kind='lose-session'),
    'tokens expired': _told('expire-csrf', user=OPERATOR),
    'centralauthtokens expired': _told('expire-centralauthtokens'),
    _READ_ONLY: _armed(kind='readonly', times=3),
    'lagging': _armed(kind='maxlag', times=3),
    'restarted': lambda sandbox, bot: bot.restart(),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a month."""

    writes: int = 0
    renewals: int = 0
    requests: int = 0

    def __add__(self, other: Judgement) -> Judgement:
        """Return that of both."""
        return Judgement(
            self.writes + other.writes,
            self.renewals + other.renewals,
            self.requests + other.requests,
        )

    def __str__(self) -> str:
        """Return the figures."""
        each = self.requests / self.writes if self.writes else 0.0
        return (
            f'{self.writes} writes, {self.renewals} renewals, '
            f'{each:.2f} requests a write'
        )


def play(
    month: Month, farm: Farm, sandbox: Sandbox, said: Callable[[], str]
) -> Judgement:
    """Let a bot go through a month, and judge what it did and said.

    :param said: what was written to standard error since it was asked last
    """
    farm.restore()
    farm.choose(Path(str(config.base_dir)))
    said()
    bot = Bot(farm, sandbox, month.login, month.threads)
    renewals = 0
    try:
        with scaled_waits():
            for turn in range(TIMES):
                way = send if turn % 3 else save
                parts = [(month.hours[turn], month.before[turn], way)]
                if month.meanwhile[turn] != _NOTHING:
                    parts.append((0.25, month.meanwhile[turn], send))
                for hours, event, way in parts:
                    bot.sleep(hours)
                    if event != _NOTHING:
                        _EVENTS[event](sandbox, bot)
                    bot.work(f'Turn {turn} after {hours} hours, {event}', way)
                    sandbox.faults.clear()
                    renewals += _renewals(said(), event)
    finally:
        bot.close()
    entries = sandbox.journal.entries()
    done = Counter((e.wiki, e.target) for e in entries if e.effect == 'edit')
    assert done == Counter(bot.asked), 'saves were lost or doubled'
    users = {e.user for e in entries if e.effect == 'edit'}
    assert users == {OPERATOR}
    return Judgement(len(bot.asked), renewals, len(entries))


def _renewals(said: str, event: str) -> int:
    """Count what was renewed; nothing is warned of but what is out of the ordinary."""
    lines = said.splitlines()
    loud = [line for line in lines if line.startswith(('WARNING', 'ERROR', 'CRITICAL'))]
    if event == _READ_ONLY:
        loud = [line for line in loud if 'readonly' not in line and 'Wait' not in line]
    assert not loud, f'{event}: {loud}'
    return sum(line.startswith('Renewing ') for line in lines)


@contextmanager
def own_farm(directory: Path, name: str) -> Iterator[tuple[Farm, Sandbox]]:
    """Run a farm for months alone."""
    with Sandbox(wikis=2, accounts=10) as sandbox:
        farm = Farm.of_sandbox(sandbox, name)
        farm.introduce(directory)
        yield farm, sandbox
