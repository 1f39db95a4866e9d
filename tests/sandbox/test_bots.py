"""The example bots run a week without anybody looking on, whatever happens at night."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pywikibot
from pywikibot import config

from centralauth_sandbox import Sandbox

from .farms import Farm, existing
from .foreign import OPERATOR
from .month import restart
from .night import scaled_waits

pytestmark = pytest.mark.filterwarnings('ignore:Site objects have been created')

EXAMPLES = Path(__file__).parents[2] / 'examples'
DAYS = 7

#: What happens in each night, and during the first write of a kind after it.
NIGHTS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({}, {}),
    ({'command': 'end-sessions', 'user': OPERATOR}, {'kind': 'expire-csrf'}),
    ({'command': 'wipe-sessions'}, {'kind': 'expire-csrf'}),
    ({'command': 'expire-csrf', 'user': OPERATOR}, {'kind': 'lose-session'}),
    (
        {'command': 'end-sessions', 'user': OPERATOR, 'remembered': False},
        {'kind': 'expire-centralauthtokens'},
    ),
    (
        {'command': 'expire-centralauthtokens'},
        {'kind': 'lose-session', 'remembered': True},
    ),
    ({'command': 'wipe-sessions'}, {'kind': 'lose-session'}),
)


#: Where the wikis have their entities from, as a family file says.
_ENTITIES = """
    def interface(self, code):
        return 'DataSite' if code == 'data' else 'APISite'

    def entity_sources(self, code):
        return {kind: ('data', self.name) for kind in ('item', 'property')}
"""


class Week:
    """A farm on which a week passes, a night at a time.

    :ivar done: what took effect, each write with its wiki
    """

    def __init__(self, farm: Farm, sandbox: Sandbox, said: Callable[[], str]) -> None:
        """Begin.

        :param said: what was written to standard error since it was asked last
        """
        self.farm = farm
        self.sandbox = sandbox
        self._said = said
        sandbox.command('set-lifetimes', penalty=0.0)
        said()

    def pass_night(self, day: int, *actions: str) -> None:
        """Let a day pass on the wikis, and something happen.

        :param actions: the first write of each is hit by a fault
        """
        command, fault = NIGHTS[day]
        self.sandbox.faults.clear()
        self.sandbox.command('advance-clock', seconds=86400.0)
        if command:
            values = dict(command)
            self.sandbox.command(values.pop('command'), **values)
        for action in actions if fault else ():
            self.sandbox.faults.arm(action=action, **fault)

    def edit(self, wiki: str, title: str, text: str, user: str = OPERATOR) -> None:
        """Let somebody edit a page."""
        self.sandbox.call(lambda f: f.wikis[wiki].edit(title, text, user=user) and None)

    def text(self, wiki: str, title: str) -> str:
        """Return what a page has become."""
        return self.sandbox.call(
            lambda f: existing(f.wikis[wiki].page(title)).latest.text
        )

    @property
    def done(self) -> Counter[tuple[str, str, str]]:
        """What took effect, each with its wiki and target."""
        entries = self.sandbox.journal.entries()
        effects = [e for e in entries if e.effect and e.action != 'clientlogin']
        assert {e.user for e in effects} <= {OPERATOR}
        return Counter((e.wiki, e.action, e.target) for e in effects)

    def check_nothing_was_warned_of(self) -> None:
        """Fail if somebody would have had to look into the log."""
        said = self._said()
        assert not [
            line
            for line in said.splitlines()
            if line.startswith(('WARNING', 'ERROR', 'CRITICAL'))
        ], said


@pytest.fixture(scope='module')
def bot_sandbox() -> Iterator[Sandbox]:
    with Sandbox(wikis=3, accounts=20, data=True) as sandbox:
        yield sandbox


@pytest.fixture(scope='module')
def bot_farm(bot_sandbox: Sandbox) -> Farm:
    """A farm with a Wikibase repository."""
    # pywikibot keeps for days where a repository is, by the name of the family.
    name = f'botfarm{bot_sandbox.wikis["data"].server.rpartition(":")[2]}'
    farm = Farm.of_sandbox(bot_sandbox, name)
    directory = Path(str(config.base_dir))
    farm.introduce(directory)
    with (directory / f'{name}_family.py').open('a', encoding='utf-8') as file:
        file.write(_ENTITIES)
    return farm


@pytest.fixture
def week(
    bot_farm: Farm, bot_sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> Iterator[Week]:
    """A week that begins."""
    bot_farm.restore()
    bot_farm.choose(Path(str(config.base_dir)))
    with scaled_waits():
        yield Week(bot_farm, bot_sandbox, lambda: capfd.readouterr().err)
    restart()


@contextmanager
def example(name: str) -> Iterator[ModuleType]:
    """Import an example, as Python does when it is started."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f'{name}.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[name]


def test_the_maintenance_bot(week: Week) -> None:
    with example('maintenance_bot') as bot:
        for day in range(DAYS):
            for number in range(2):
                title = f'Day {day} page {number}'
                week.edit('meta', title, '{{old box|{{Old_box}}}} {{Old boxes}}')
            week.pass_night(day, 'edit')
            restart()
            assert bot.main('Old box', 'New box') == 0
            for number in range(2):
                changed = week.text('meta', f'Day {day} page {number}')
                assert changed == '{{New box|{{New box}}}} {{Old boxes}}'
    assert len(week.done) == week.done.total() == 2 * DAYS
    week.check_nothing_was_warned_of()


def test_the_bot_with_raw_actions(week: Week) -> None:
    accounts = week.sandbox.call(lambda farm: [*farm.wikis['meta'].accounts])
    vandals = [name for name in accounts if name.startswith('Spambot ')]
    with example('raw_actions') as bot:
        for day, vandal in enumerate(vandals[:DAYS]):
            for title in 'Read often', f'Day {day} target':
                week.edit('meta', title, f'good {day}')
                week.edit('meta', title, f'bad {day}', user=vandal)
            week.pass_night(day, 'block', 'rollback')
            if day == 3:
                week.sandbox.faults.arm(kind='drop', when='after', action='rollback')
                week.sandbox.faults.arm(kind='drop', when='after', action='block')
            restart()
            assert bot.main(vandal) == 0
            assert week.text('meta', f'Day {day} target') == f'good {day}'
    kinds = Counter(action for _, action, _ in week.done.elements())
    assert kinds['block'] == DAYS
    assert kinds['rollback'] == 2 * DAYS
    assert kinds['watch'] == 2 * DAYS
    week.check_nothing_was_warned_of()


def test_the_mover(week: Week) -> None:
    with example('mover') as bot:
        for day in range(DAYS):
            titles = [f'Day {day} page {number}' for number in range(2)]
            for title in titles:
                week.edit('aa', title, f'Text of {title}')
            week.pass_night(day, 'edit', 'wbeditentity')
            restart()
            assert bot.main('aa', 'bb', *titles) == 0
            for title in titles:
                assert week.text('bb', title) == f'Text of {title}'
        # What was moved is left alone.
        assert bot.main('aa', 'bb', *titles) == 0
    wikis = Counter(wiki for wiki, *_ in week.done.elements())
    assert wikis == {'bb': 2 * DAYS, 'data': 2 * DAYS}
    week.check_nothing_was_warned_of()


def test_the_daemon(week: Week, tmp_path: Path) -> None:
    days = iter(range(DAYS))

    def pause(seconds: float) -> bool:
        """Sleep for a night; the last one ends it."""
        day = next(days, None)
        if day is None:
            return True
        for number in range(2):
            week.edit('meta', f'Day {day} page {number}', 'Nothing')
        week.edit('meta', f'Day {day} kept', '[[Category:Kept]]')
        week.pass_night(day, 'edit')
        return False

    with example('daemon') as bot:
        assert bot.main(str(tmp_path / 'since.txt'), pause=pause) == 0
    done = {write: n for write, n in week.done.items() if write[2].startswith('Day ')}
    assert done == {
        ('meta', 'edit', f'Day {day} page {number}'): 1
        for day in range(DAYS)
        for number in range(2)
    }
    week.check_nothing_was_warned_of()


def test_the_campaign(week: Week, tmp_path: Path) -> None:
    usual = ('-always', f'-ledger:{tmp_path / "ledger.sqlite3"}')
    with example('protect_pages') as bot:
        for day in range(DAYS):
            week.edit('meta', f'Day {day}', 'Text')
            week.pass_night(day, 'edit', 'protect')
            restart()
            assert bot.SCRIPT.main(f'Day {day}', '-reason:War', *usual) == 0
    assert len(week.done) == week.done.total() == 2 * DAYS
    assert {pywikibot.Site().user()} == {OPERATOR}
    week.check_nothing_was_warned_of()
