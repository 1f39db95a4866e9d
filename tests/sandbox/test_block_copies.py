"""What a plan had done before its ledger was restored is known, and can be undone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from centralauth_sandbox import Sandbox

from .desk import Run
from .test_global_block import blocks
from .test_restored import copy

pytestmark = [
    pytest.mark.filterwarnings('ignore:Site objects have been created'),
    pytest.mark.usefixtures('hurried'),
]

Script = Callable[..., Run]
X = '192.0.2.1'
MADE = ('-expiry:2098-01-01', '-anononly', '-reason:R', '-always')
CHANGE = ('-modify', '-expiry:2099-01-01', '-always')


@pytest.fixture
def global_block(pwb: Script) -> Script:
    return partial(pwb, 'global_block')


@pytest.mark.parametrize('words', [MADE, CHANGE, ('-unblock', '-reason:l', '-always')])
def test_what_was_done_before_the_copy_is_undone_whenever_it_was(
    global_block: Script,
    sandbox: Sandbox,
    ledger_file: Path,
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    """Though the campaign just before it was the same operator's."""
    if words is not MADE:
        assert global_block(X, *MADE, '-campaign:first').code == 0
    before = blocks(sandbox).get(X)
    run = global_block(X, *words, '-simulate', '-campaign:kept')
    assert run.code == 0, run.said
    copy(ledger_file, tmp_path / 'backup')
    sandbox.command('advance-clock', seconds=20)
    assert global_block('-resume', '-campaign:kept', '-always').code == 0
    for path in tmp_path.glob(f'{ledger_file.name}*'):
        path.unlink()
    (tmp_path / 'backup').chmod(0o600)
    (tmp_path / 'backup').rename(ledger_file)
    sandbox.command('advance-clock', seconds=300)
    run = global_block('-resume', '-campaign:kept', '-always')
    assert 'already done by you since the plan' in run.out, run.said
    run = global_block('-undo:kept', '-reason:u', '-always')
    assert run.code == 0 and f'done: {X}' in run.out, run.said
    after = blocks(sandbox).get(X)
    assert (after and after.expiry) == (before and before.expiry)


def test_what_another_campaign_has_done_is_credited_to_that_one(
    global_block: Script, sandbox: Sandbox
) -> None:
    """Not to the one that has made the block in the first place."""
    assert global_block(X, *MADE, '-campaign:first').code == 0
    assert global_block(X, *CHANGE, '-simulate', '-campaign:kept').code == 0
    assert global_block(X, *CHANGE, '-campaign:faster').code == 0
    run = global_block('-resume', '-campaign:kept', '-always')
    assert 'done by the campaign faster' in run.out, run.said
    for name in ('faster', 'first'):
        assert global_block(f'-undo:{name}', '-reason:u', '-always').code == 0
    assert not blocks(sandbox)
