"""Campaigns of global blocks, undone one after the other, leave nothing behind."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from centralauth_sandbox import Sandbox

from .desk import Run
from .night_seeds import Seeds, parametrize, told
from .test_global_block import BLOCK, block, blocks, spam

pytestmark = [
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
    pytest.mark.usefixtures('hurried'),
]

#: Chains of campaigns that are drawn.
CHAINS = 40

#: When a request is lost: before it takes effect, or its answer.
WHEN = ('before', 'after')

#: What they act on.
TARGETS = (
    *spam(1, 2, 3),
    *('192.0.2.1', '192.0.2.2', '198.51.100.0/25', '2001:DB8:0:5:0:0:0:0/64'),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc, [(range(CHAINS),)], few='2@tests')


class Chain:
    """Several campaigns, as a seed has them."""

    def __init__(self, seed: int, pwb: Callable[..., Run], sandbox: Sandbox) -> None:
        self.seed = seed
        self._chance = random.Random(f'chain {seed}')
        self._pwb = pwb
        self._sandbox = sandbox
        self._said: list[str] = []

    def play(self) -> None:
        """Run them, and undo them in the opposite order."""
        self._sandbox.reset()
        # The ledger has those of other seeds, and a wiki never gives a number twice.
        self._sandbox.call(lambda farm: farm.global_blocks.skip_ids(1000 * self.seed))
        self._sandbox.call(lambda farm: farm.wikis['meta'].blocks.clear())
        for target in TARGETS:
            if self._chance.random() < 0.3:
                self._block(target)
        states = []
        with told(self, self._said):
            for number in range(self._chance.randint(2, 5)):
                states.append(self._state())
                self._run(*self._campaign(), f'-campaign:{self.seed}-{number}')
            for number in reversed(range(len(states))):
                undo = f'-undo:{self.seed}-{number}'
                reason = self._chance.choice(['Back', 'x', undo[1:]])
                run = self._run(undo, f'-reason:{reason}')
                assert run.code == 0 or 'has changed nothing' in run.err
                assert self._state() == states[number]

    def _block(self, target: str) -> None:
        is_account, days = target in TARGETS[:3], self._chance.choice([3, 40])
        is_soft = not is_account and self._chance.random() < 0.5
        block(self._sandbox, target, days=days, anononly=is_soft, autoblock=is_account)

    def _campaign(self) -> list[str]:
        """Draw what one campaign does."""
        chance = self._chance
        words = chance.sample(TARGETS, chance.randint(1, 4))
        if chance.random() < 0.2:
            ids = {
                made.target: f'#{made.id}' for made in blocks(self._sandbox).values()
            }
            by_number = chance.random() < 0.5
            words = [ids.get(word, word) if by_number else word for word in words]
            return [*words, '-unblock', '-reason:x']
        words += [f'-expiry:{chance.choice(["1 week", "2 months", "2099-01-01"])}']
        words += [f'-reason:{chance.choice("xy")}']
        words += [chance.choice(['-anononly', '-hardblock'])]
        if chance.random() < 0.7:
            words += ['-modify', '-allow-weaker']
        for option, often in (('-alsolocal', 0.3), ('-no-autoblock', 0.3)):
            if chance.random() < often:
                words.append(option)
        return words

    def _run(self, *words: str) -> Run:
        """Run the script, of which an answer or a request may be lost."""
        if self._chance.random() < 0.4:
            nth, when = self._chance.randint(1, 3), self._chance.choice(WHEN)
            self._sandbox.faults.arm(kind='drop', when=when, action=BLOCK, nth=nth)
        run = self._pwb('global_block', *words, '-always')
        self._said += [f'{words}: {run.code}', run.said]
        return run

    def _state(self) -> object:
        """Return all that a block does to anybody."""
        made = {
            (name, b.expiry, b.anononly, b.nocreate, b.autoblock, b.reason)
            for name, b in blocks(self._sandbox).items()
        }
        local = self._sandbox.call(lambda farm: {*farm.wikis['meta'].blocks})
        return made, local


def test_whatever_campaigns_have_done_their_undos_restore_what_there_was(
    pwb: Callable[..., Run], sandbox: Sandbox, ledger_file: Path, seeds: Seeds
) -> None:
    """Though requests and answers are lost, and campaigns differ by little."""
    for seed in seeds:
        # Each chain has a wiki of its own, whose log tells of no campaign before.
        for file in ledger_file.parent.glob(f'{ledger_file.name}*'):
            file.unlink()
        Chain(seed, pwb, sandbox).play()
